"""What `run --dry-run` predicts is within a factor of two of what then happens.

usage: prediction.py TAOSIM SCENARIOS_FOLDER [--all] [--case WORD]

Every scenario of the folder in a short form (the largest with --all, or by its name), and some more
for what they do not contain.

Events, rows, memory, and the bytes of the result and of the run's folder; checkpoints are taken at
each epoch, so that their number does not depend on the machine.  With --all or --case the scenario
is run once more as a user would, for the processor's time and the time on the wall: both are
printed, with what was predicted; the processor's is checked with --all where models take it, and
the wall's where the machine is idle.
"""
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

import h5py

TAOSIM = os.path.abspath(sys.argv[1])
GALLERY = os.path.abspath(sys.argv[2])
QUICKSTART = os.path.join(GALLERY, "quickstart", "scenario.yaml")
ALL = "--all" in sys.argv
CASE = sys.argv[sys.argv.index("--case") + 1] if "--case" in sys.argv else ""
THREADS = "2"
FACTOR = 2.0
CALIBRATION_S = 1.0

# Simulated time of the scenarios' short forms, a few seconds each; a new one gets the last.
SHORT = {"quickstart": "50 min", "cabal": "25 min", "sybil-swarm": "41 min", "outage": "2 h",
         "real-start": "90 min", "registration-rule": "4 d", "registration-flood": "31 h",
         "registration-burst": "1000 min", "sybil-price": "8 d", "": "30 min"}
if ALL:
    SHORT |= {"quickstart": "2 h", "cabal": "45 min", "registration-rule": "10 d"}

# name: scenario, until, what is set
CASES = {
    **{name: (os.path.join(GALLERY, name, "scenario.yaml"), SHORT.get(name, SHORT[""]), ())
       for name in sorted(os.listdir(GALLERY))
       if os.path.exists(os.path.join(GALLERY, name, "scenario.yaml"))},
    "messages first in, first out": (QUICKSTART, "15 min", ("network.sharing=fifo",)),
    "messages by latency alone": (QUICKSTART, "15 min", ("network.sharing=latency",)),
    "messages as windows of TCP": (QUICKSTART, "10 min", ("network.sharing=tcp",)),
    "everything recorded": (QUICKSTART, "20 min", ("record.weights_interval=1",
                                                   "record.bonds_interval=1",
                                                   "chain.tempo=10 blocks")),
    "nothing learnt": (QUICKSTART, "20 min", tuple(
        f"groups.{group}.training={{enabled: false}}" for group in
        ("small", "medium", "large", "validators", "swarm"))),
    "larger models": (QUICKSTART, "10 min", (
        "groups.small.model={name: transformer, width: 64, hidden: 256, heads: 4}",)),
    "room for many": (QUICKSTART, "25 min", ("limits.max_uids=2048",)),
}
CPU = ("forward", "training", "evaluation", "loop", "record", "start")
TIMED = ("quickstart", "cabal", "sybil-swarm", "larger models")


def command(scenario, until, sets, *more):
    words = [TAOSIM, "run", scenario, "--until", until, "--threads", THREADS, *more]
    for text in sets:
        words += ["--set", text]
    return words


def predicted(scenario, until, sets):
    """The numbers behind the resolved scenario by name; bytes and seconds as such."""
    done = subprocess.run(command(scenario, until, sets, "--dry-run"), check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    head, block = done.stdout.split("\n# Predicted", 1)
    assert f"until: {until}" in head
    measuring = float(re.search(r"measured on this machine in ([0-9.]+) s", block).group(1))
    assert measuring <= CALIBRATION_S, f"measuring took {measuring} s"
    units = {"MB": 1e6, "s": 1.0, "": 1.0}
    return {name: float(number) * units[unit] for name, number, unit in
            re.findall(r"^#   (\w+) +([0-9.]+)(?: (MB|s))?", block, re.MULTILINE)}


def folder_bytes(folder):
    """Without segments: a file an epoch here, a handful in a run that is not a test."""
    return sum(os.path.getsize(os.path.join(path, name))
               for path, _, names in os.walk(folder) if os.path.basename(path) != "seg"
               for name in names)


def timed(*words):
    """Seconds of the processor and on the wall, and bytes at its largest, of the whole process."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        assert process.returncode == 0, said.read()
    return used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss * 1024.0


def happened(folder, scenario, until, sets):
    words = command(scenario, until, sets, "--quiet")
    cpu, seconds, memory = timed(*words, "-o", folder, "--checkpoint-each-epoch")
    if ALL or CASE:
        cpu, seconds, memory = timed(*words, "-o", folder + "-timed")
    with h5py.File(os.path.join(folder, "result.h5")) as file:
        return {
            "events": float(file.attrs["event_count"]),
            "blocks": float(file["block"][-1]) if len(file["block"]) else 0,
            "rows": float(len(file["block"])),
            "messages": float(file.attrs["messages_delivered"]),
            "memory": memory,
            "disk": float(folder_bytes(folder)),
            "result": float(os.path.getsize(os.path.join(folder, "result.h5"))),
            "time": seconds,
            "cpu": cpu,
        }


def compared(what, before, after):
    least = 0.05 if what in ("cpu", "time") else 1
    return (before[what] + least) / (after[what] + least)


def problems(name, before, after, idle):
    wanted = ["events", "messages", "memory", "disk", "result"]
    if ALL and name in TIMED:
        wanted.append("cpu")
        if idle:
            wanted.append("time")
    found = []
    for what in wanted:
        ratio = compared(what, before, after)
        if not 1 / FACTOR <= ratio <= FACTOR:
            found.append(f"{what}: {before[what]:.4g} predicted, {after[what]:.4g} happened")
    if abs(before["rows"] - after["rows"]) > 1:
        found.append(f"rows: {before['rows']} predicted, {after['rows']} happened")
    return found


def main():
    failed = 0
    cases = {name: case for name, case in CASES.items()
             if CASE in name and (ALL or CASE or name != "sybil-swarm")}
    for name, case in cases.items():
        idle = os.getloadavg()[0] < 0.5
        with tempfile.TemporaryDirectory() as folder:
            before = predicted(*case)
            before["disk"] -= before["result"]
            before["cpu"] = sum(before[part] for part in CPU)
            after = happened(os.path.join(folder, "run"), *case)
        found = problems(name, before, after, idle)
        shown = ["events", "messages", "memory", "disk", "result"]
        shown += ["cpu", "time"] if ALL or CASE else []
        ratios = ", ".join(f"{what} {compared(what, before, after):.2f}" for what in shown)
        if ALL or CASE:
            ratios += "".join(f"; {what} {before[what]:.1f} s for {after[what]:.1f} s"
                              for what in ("cpu", "time"))
        print(f"{'FAIL' if found else 'ok  '} {name}: {ratios}")
        for problem in found:
            print(f"     {problem}")
        failed += bool(found)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
