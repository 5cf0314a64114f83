"""Every scorer and every router in a small run: it ends, it pays, and it pays by other rules.

usage: scorers.py TAOSIM SCENARIO

The scenario is the quickstart, with few neurons that do not learn.  A scorer that goes by a gate
gets the router that has one.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy

TAOSIM, SCENARIO = sys.argv[1:3]
SMALL = ["--set", "groups.small.count=16", "--set", "groups.medium.count=8",
         "--set", "groups.large.count=4", "--set", "groups.validators.count=4",
         "--set", "groups.swarm.count=2", "--set", "chain.min_allowed_weights=4",
         "--set", "chain.max_uids=34"]
GROUPS = ("small", "medium", "large", "validators", "swarm")
NEEDS_GATE = ("masking", "gate", "fisher_rowsum", "fisher_diag", "fisher_full")


def names(kind):
    text = subprocess.run([TAOSIM, "list", kind], check=True, capture_output=True, text=True).stdout
    return [line.split()[0] for line in text.splitlines()[1:] if line[2:3] not in ("", " ")]


def run(folder, sets):
    command = [TAOSIM, "run", SCENARIO, "-o", folder, "--until", "45 min", "--quiet", *SMALL]
    for group in GROUPS:
        command += ["--set", f"groups.{group}.training.enabled=false"]
    for item in sets:
        command += ["--set", item]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def pay(folder):
    with h5py.File(os.path.join(folder, "result.h5")) as file:
        return file["incentive"][-1]


def every_one_runs_and_pays(kind, sets_of, where):
    paid = {}
    for name in names(kind):
        folder = os.path.join(where, f"{kind}-{name}")
        done = run(folder, sets_of(name))
        assert done.returncode == 0, f"{name}: {done.stderr}"
        incentive = pay(folder)
        assert numpy.nansum(incentive) > 0.9, (name, numpy.nansum(incentive))
        paid[name] = incentive
        print(f"{kind} {name}: runs and pays", flush=True)
    return paid


def main():
    with tempfile.TemporaryDirectory() as where:
        scorers = every_one_runs_and_pays(
            "scorers", lambda name: [f"scorer={name}",
                                     f"router={'gate' if name in NEEDS_GATE else 'permutation'}"],
            where)
        for name, incentive in scorers.items():
            same = [other for other in scorers
                    if other < name and numpy.array_equal(scorers[other], incentive, True)]
            assert not same, f"{name} pays exactly as {same}"
        every_one_runs_and_pays("routers", lambda name: [f"router={name}"], where)

        folder = os.path.join(where, "rewards")
        done = run(folder, ["scorer=gate", "router={name: gate, learns: rewards}"])
        assert done.returncode == 0, done.stderr
        assert numpy.nansum(pay(folder)) > 0.9
        assert not numpy.array_equal(pay(folder), scorers["gate"], True)

        folder = os.path.join(where, "topk")
        done = run(folder, ["query.response=topk", "query.kept=4"])
        assert done.returncode == 0, done.stderr
        assert not numpy.array_equal(pay(folder), scorers["shapley"], True)

        done = run(os.path.join(where, "refused"), ["scorer=gate", "router=random"])
        assert done.returncode == 2, done.returncode
        assert "router 'random' has none" in done.stderr, done.stderr
    print("all passed")


main()
