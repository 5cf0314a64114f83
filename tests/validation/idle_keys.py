"""Which keys of a scenario change nothing, whatever they are set to?

usage: idle_keys.py TAOSIM SCENARIO UNTIL [--under PREFIX] [--set KEY=VALUE]...

Each key of the resolved scenario, one by one, is set to other legal values in short runs.  A key
counts as idle when every such run has the same digests and the same result (outside of what
describes the scenario itself) as the run without it.  Prints the idle keys with the values tried.
A key that is idle here may act elsewhere: a limit that is not reached, a price of what nobody buys.
What no run of any kind can show is a candidate for a condition in the key's table.
"""
import os
import re
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from same_result import contents  # noqa: E402

TAOSIM, SCENARIO, UNTIL = sys.argv[1:4]
SETS = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "--set"]
UNDER = sys.argv[sys.argv.index("--under") + 1] if "--under" in sys.argv else ""
WORDS = ("true", "false")
SKIPPED = ("name", "question", "cost", "until", "twin", "schedule", "genesis.neurons",
           "genesis.weights")


def command(*more):
    words = [TAOSIM, "run", SCENARIO, "--set", f"until={UNTIL}"]
    for item in SETS + list(more):
        words += ["--set", item]
    return words


def choices():
    """Words of each enumerated key, and the options of each section that is a choice."""
    text = subprocess.run([TAOSIM, "schema", "--markdown"], check=True, capture_output=True,
                          text=True).stdout
    found = {}
    for row in re.findall(r"^\| `(\w+)` \| one of ([^|]*?)(?:, \*[^|]*)? \|", text, re.MULTILINE):
        found.setdefault(row[0], set()).update(re.findall(r"`([\w-]+)`", row[1]))
    for title, block in re.findall(r"^##+ (.*?)\n(.*?)(?=^\*\*|^##)", text, re.M | re.S):
        options = re.findall(r"^- `([\w.-]+)`:", block, re.MULTILINE)
        if options:
            found[title.split(".")[-1]] = set(options)
    return found


def others(key, value, words):
    """Other values to try, the legal ones of which are used."""
    if isinstance(value, dict):
        return ["2", "1 s", "1 TAO", "1 Mbit/s", "1 MH/s", "1 GFLOP/s"]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text in WORDS:
        return [WORDS[text == "true"]]
    if key in words:
        return sorted(words[key] - {text})
    match = re.fullmatch(r"(-?[0-9.e+-]+)(/65535)?( .+)?", text)
    if match is None:
        return []
    number, part, unit = float(match[1]), match[2] or "", match[3] or ""
    tried = []
    for other in (2 * number, number / 2, 10 * number, number / 10, number + 1, number - 1, 0, 1,
                  0.5, 3, 100, 5000):
        for digits in (f"{other:.0f}", f"{other:.6g}"):
            if "e" not in digits and float(digits) != number and digits + part + unit not in tried:
                tried.append(digits + part + unit)
    return tried


def leaves(tree, path=""):
    for key, value in tree.items():
        here = f"{path}{key}"
        nested = isinstance(value, dict) and not (
            set(value) <= {"uniform", "normal", "lognormal", "exponential", "pareto", "choice",
                           "weights"} and path)
        if here in SKIPPED or isinstance(value, list):
            continue
        if nested:
            yield from leaves(value, here + ".")
        else:
            yield here, key, value


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
    words = choices()
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
            option = path.split(".")[-2] if key in ("name", "profile") and "." in path else key
            legal, changed = [], False
            for other in others(option, value, words):
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
