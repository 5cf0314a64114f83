"""Whole runs of data/small.yaml with overrides, for the scripts beside this one."""
import os
import subprocess

import h5py
import numpy

SCENARIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "small.yaml")


def call(taosim, path, sets=(), options=(), scenario=SCENARIO):
    """The finished process of `taosim run`; sets are texts KEY=VALUE."""
    command = [taosim, "run", scenario, "-o", path, "--quiet", *options]
    for item in sets:
        command += ["--set", item]
    return subprocess.run(command, check=False, capture_output=True, text=True)


class Run:
    """One finished run: its result and the digest that it printed."""

    def __init__(self, taosim, path, sets=(), options=(), scenario=SCENARIO):
        done = call(taosim, path, sets, options, scenario)
        assert done.returncode == 0, f"{' '.join(done.args)}\n{done.stderr}"
        self.path = path
        self.digest = done.stdout.split("trace_digest")[1].split()[0]
        self.file = h5py.File(os.path.join(path, "result.h5"))
        self.names = [text.decode() for text in self.file["groups/name"]]

    def of(self, name, group):
        """(epoch, uid) values of one group's slots."""
        members = self.file["group_id"][-1] == self.names.index(group)
        held = self.file["hotkey_id"][-1] != 4294967295
        return self.file[name][()][:, members & held]

    def last(self, name, group):
        return self.of(name, group)[-1]

    def total(self, name, group):
        return int(self.of(name, group).astype(object).sum())

    def loss(self, group):
        """Mean held-out loss of a group at the last epoch."""
        return float(numpy.mean(self.last("loss_true_nats", group)))


def kendall(x, y):
    """Tau-a by all pairs; ties count for neither side."""
    x, y = numpy.asarray(x, float), numpy.asarray(y, float)
    signs = numpy.sign(x[:, None] - x) * numpy.sign(y[:, None] - y)
    return signs.sum() / (len(x) * (len(x) - 1))


def run_cases(cases, *arguments):
    """Prints a line a case and how many passed; the exit code."""
    failed = 0
    for case in cases:
        try:
            case(*arguments)
            print("ok  ", case.__name__, flush=True)
        except AssertionError as why:
            failed += 1
            print("FAIL", case.__name__, why, flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed > 0
