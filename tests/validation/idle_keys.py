"""Which keys of a scenario change nothing, whatever they are set to?

usage: idle_keys.py TAOSIM SCENARIO UNTIL [--under PREFIX] [--set KEY=VALUE]...

Each key of the resolved scenario, one by one, is set to other legal values in short runs.  A key
counts as idle when every such run has the same digests and the same result (outside of what
describes the scenario itself) as the run without it.  Prints the idle keys with the values tried.
A key that is idle here may act elsewhere: a limit that is not reached, a price of what nobody buys.
What no run of any kind can show is a candidate for a condition in the key's table.
"""
import os
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from other_values import choices, leaves, tried  # noqa: E402
from same_result import contents  # noqa: E402

TAOSIM, SCENARIO, UNTIL = sys.argv[1:4]
SETS = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "--set"]
UNDER = sys.argv[sys.argv.index("--under") + 1] if "--under" in sys.argv else ""


def command(*more):
    words = [TAOSIM, "run", SCENARIO, "--set", f"until={UNTIL}"]
    over = [item.split("=")[0] for item in more]
    for item in [kept for kept in SETS if kept.split("=")[0] not in over] + list(more):
        words += ["--set", item]
    return words


def facts(where, *sets):
    done = subprocess.run(command(*sets) + ["-o", where, "--quiet", "--force"], check=False,
                          capture_output=True, text=True)
    if done.returncode == 2:
        return None  # not legal, or nothing that this scenario reads
    assert done.returncode == 0, done.stderr
    digests = [line for line in done.stdout.splitlines() if "digest" in line]
    found = contents(os.path.join(where, "result.h5"))
    found["/"] = {name: fact for name, fact in found["/"].items()
                  if "scenario" not in name and "uuid" not in name}
    found = {name: fact for name, fact in found.items() if not name.startswith("scenario")}
    return digests, found


def main():
    words = choices(TAOSIM)
    resolved = subprocess.run(command() + ["--dry-run"], check=True, capture_output=True,
                              text=True).stdout.split("\n# Predicted")[0]
    with tempfile.TemporaryDirectory() as folder:
        where = os.path.join(folder, "run")
        base = facts(where)
        assert base == facts(where), "two runs of one scenario differ"
        idle = 0
        for path, key, value in leaves(yaml.load(resolved, Loader=yaml.BaseLoader)):
            if not path.startswith(UNDER):
                continue
            legal, changed = [], False
            for other in tried(path, key, value, words):
                found = facts(where, f"{path}={other}")
                legal += [other] if found is not None else []
                changed = found is not None and found != base
                if changed or len(legal) == 3:
                    break
            if not changed:
                idle += 1
                print(f"{path}: {value}; tried {', '.join(legal)}", flush=True)
        print(f"{idle} keys change nothing")


if __name__ == "__main__":
    main()
