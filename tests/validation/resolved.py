"""A run of the scenario that --dry-run prints is the run of the scenario itself.

usage: resolved.py TAOSIM SCENARIOS [FIRST_SEED COUNT]

A seed draws a scenario: one of the folder SCENARIOS or of data/, made small, over which layers are
laid by `base`.  Each layer gives a few keys other legal values, so that upper ones switch off what
lower ones gave: keys without effect, which the run must not see.  The scenario as printed is
silent under `check`, prints itself again, and runs, twin too, to the same digests.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from other_values import choices, leaves, tried  # noqa: E402

TAOSIM, SCENARIOS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FIRST, COUNT = (int(word) for word in sys.argv[3:5]) if len(sys.argv) > 3 else (1, 5)
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
LAYERS, KEYS = 4, 6
# Short, and yet with epochs, questions and lessons.
FAST = {"until": "4 min"}
SMALL = {
    "quickstart": {"chain.tempo": "8 blocks", "query.weights_interval": "4 blocks",
                   "groups.small.count": 6, "groups.medium.count": 4, "groups.large.count": 2,
                   "groups.validators.count": 3, "groups.swarm.count": 4},
    "outage": {"chain.tempo": "8 blocks", "query.weights_interval": "4 blocks",
               "groups.steady.count": 6, "groups.flaky.count": 3, "groups.validators.count": 3,
               "faults.unsteady-power.mtbf": "60 s"},
    "registration-flood": {"groups.flood.enter": "60 s", "groups.flood.count": 20},
    "two-networks": {"networks.prose.chain.tempo": "9 blocks",
                     "networks.code.chain.tempo": "7 blocks", "root.tempo": "10 blocks"},
    "halvings": {"chain.tempo": "6 blocks"},
}
# Whatever else a layer gives, these turn much off and on.
SWITCHES = {"model": "none", "validator": "false", "delegation": "false", "delegate": "true",
            "commit_reveal": "true", "pow_registration": "false", "gradients": "true",
            "remote": "norm", "enabled": "false", "profile": "current", "genesis": "false",
            "liquid_alpha": "true", "response": "topk", "interval": "0 blocks",
            "register": "cheaper"}
# These would make a run long, or are no part of what a run does.
KEPT = ("count", "seed", "threads", "event_limit", "tempo", "tokens", "netuid", "vocabulary",
        "embedding", "hidden", "batch", "sequence", "kept", "evaluation_sequences", "difficulty",
        "min_difficulty", "hash_rate", "pow", "flops")


def call(*words):
    return subprocess.run([TAOSIM, *words], check=False, capture_output=True, text=True)


def printed(path):
    done = call("run", path, "--dry-run")
    assert done.returncode == 0, (path, done.stderr)
    return done.stdout.split("\n# Predicted")[0]


def digests(path, folder, *options):
    done = call("run", path, "--quiet", "--force", "-o", folder, *options)
    found = [line for line in done.stdout.splitlines() if "digest" in line]
    # A limit that is reached, a model that lost its numbers: the same failure then.
    return (done.returncode, found) if found else (done.returncode, done.stderr.split("\n")[0])


def nested(sets):
    """{"a.b": 1} as {"a": {"b": 1}}."""
    tree = {}
    for path, value in sets.items():
        *above, last = path.split(".")
        inner = tree
        for key in above:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return tree


def write_layer(path, base, sets):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"base": os.path.relpath(base, os.path.dirname(path)), **nested(sets)}, file)


def other_value(chance, path, key, value, words):
    if key in SWITCHES and chance.random() < 0.5:
        return SWITCHES[key]
    known = tried(path, key, value, words)
    return chance.choice(known) if known else None


def scalar(text):
    """As YAML reads the text, so that JSON does not make a string of a number."""
    return yaml.safe_load(text) if isinstance(text, str) else text


def lay(chance, folder, below, number, words):
    """One layer over the scenario `below`; that one when what was drawn is not legal."""
    path = os.path.join(folder, f"layer{number}.yaml")
    known = [leaf for leaf in leaves(yaml.load(printed(below), Loader=yaml.BaseLoader))
             if leaf[1] not in KEPT]
    switches = [leaf for leaf in known if leaf[1] in SWITCHES or leaf[0].endswith(".model.name")]
    some = chance.sample(known, KEYS) + chance.sample(switches, min(5, len(switches)))
    given = {}
    for leaf, key, value in some:
        value = other_value(chance, leaf, key, value, words)
        if value is None:
            continue
        # Each alone: one that is refused does not take the others along.
        write_layer(path, below, {**given, leaf: scalar(value)})
        if call("check", path).returncode == 0:
            given[leaf] = scalar(value)
    if not given:
        return below
    write_layer(path, below, given)
    return path


def read_back(path, folder):
    """The scenario as printed, and the file in which it stands: a scenario that prints itself."""
    text, again = printed(path), os.path.join(folder, "resolved.yaml")
    with open(again, "w", encoding="utf-8") as file:
        file.write(text)
    done = call("check", again)
    assert done.returncode == 0 and not done.stderr, (path, done.stderr, text)
    assert printed(again) == text, (path, "prints another scenario")
    return text, again


def same_runs(seed, words):
    chance = random.Random(seed)
    name = sorted(SMALL)[seed % len(SMALL)]
    with tempfile.TemporaryDirectory() as folder:
        top = os.path.join(folder, "small.yaml")
        write_layer(top, os.path.join(SCENARIOS, name, "scenario.yaml"), {**FAST, **SMALL[name]})
        for number in range(LAYERS):
            top = lay(chance, folder, top, number, words)
        text, again = read_back(top, folder)
        options = ("--twin",) if "\ntwin:" in text else ()
        runs = [digests(path, os.path.join(folder, "run"), *options) for path in (top, again)]
        assert runs[0] == runs[1], (name, seed, runs, text)
        assert runs[0][0] in (0, 1, 2), (name, seed, runs[0])
    return runs[0][0] == 0


def main():
    words = choices(TAOSIM)
    with tempfile.TemporaryDirectory() as folder:
        read_back(os.path.join(DATA, "switched-off.yaml"), folder)
    finished = sum(same_runs(seed, words) for seed in range(FIRST, FIRST + COUNT))
    assert finished > COUNT / 2, finished
    print(f"{COUNT} scenarios, of which {finished} ran to their end")


if __name__ == "__main__":
    main()
