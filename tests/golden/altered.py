"""A golden runner must notice one wrong number: altered.py RUNNER FOLDER.

Copies the folder, changes one expected number of one case, and wants exactly that case to fail;
again and again, over all kinds of outputs. An empty folder must fail too.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

OUTPUTS = ("incentive|dividends|consensus|validator_trust|rank|trust|stake_weight|pruning_score|"
           "server_emission|validator_emission|emission|active|Consensus|Dividends|nCE|S|"
           "Active Stake|Normalised Stake|Filtered stake|total_bonds_per_validator")
VECTOR = re.compile(rf'"(?:{OUTPUTS})": ?\[([-0-9][^\]\[]*)\]')
ALTERATIONS = 40


def run(runner, folder):
    done = subprocess.run([runner, folder], capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1]
    passed, failed = re.fullmatch(r"(\d+) passed, (\d+) failed", last).groups()
    return int(passed), int(failed), done.returncode


def alter(text, chance):
    """The text with one number of one expected vector larger by 1."""
    vectors = list(VECTOR.finditer(text))
    if not vectors:
        return None
    vector = chance.choice(vectors)
    number = chance.choice(list(re.finditer(r"-?\d+", vector[1])))
    start = vector.start(1) + number.start()
    end = vector.start(1) + number.end()
    return text[:start] + str(int(number[0]) + 1) + text[end:]


# Of the research variants; their capacities are bonds of 1e18, which 1 more or less leaves alone.
RUN_OUTPUTS = ("dividends_per_1000tao", "dividends_normalized", "incentives", "consensus", "ranks",
               "validator_trust", "alpha", "total_dividends_per_1000tao")


def expected_lists(document):
    """The lists of expected numbers in a case of runs or of a published series."""
    for run in document.get("runs", []):
        for name in RUN_OUTPUTS:
            yield run.get(name) or []
    yield document.get("share_B", [])
    yield from document.get("variants", {}).values()


def alter_document(text, chance):
    """The same for cases of nested numbers that are not whole."""
    document = json.loads(text)
    at = chance.choice([numbers for numbers in expected_lists(document) if numbers])
    while True:
        index = chance.randrange(len(at))
        if not isinstance(at[index], list):
            break
        at = at[index]
    if at[index] is None:
        return None
    at[index] += 1
    return json.dumps(document)


def main(runner, folder):
    chance = random.Random(1)
    names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    total, failed, code = run(runner, folder)
    assert (total, failed, code) == (len(names), 0, 0), f"{folder}: {failed} failed as it is"
    with tempfile.TemporaryDirectory() as empty:
        assert run(runner, empty) == (0, 0, 1), "an empty folder passes"
    tried = 0
    while tried < ALTERATIONS:
        name = chance.choice(names)
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            path = os.path.join(copy, name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            nested = '"runs"' in text or '"share_B"' in text
            text = alter_document(text, chance) if nested else alter(text, chance)
            if text is None:
                continue
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            result = run(runner, copy)
            assert result == (total - 1, 1, 1), f"{name}, one number altered: {result}"
        tried += 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
