"""Other values for the keys of a scenario, for tests that change keys without knowing them."""
import re
import subprocess

WORDS = ("true", "false")
SKIPPED = ("name", "question", "cost", "until", "twin", "schedule", "genesis.neurons",
           "genesis.weights")
DISTRIBUTIONS = {"uniform", "normal", "lognormal", "exponential", "pareto", "choice", "weights"}


def choices(taosim):
    """Words of each enumerated key, and the options of each section that is a choice."""
    text = subprocess.run([taosim, "schema", "--markdown"], check=True, capture_output=True,
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
        nested = isinstance(value, dict) and not (set(value) <= DISTRIBUTIONS and path)
        if here in SKIPPED or isinstance(value, list):
            continue
        if nested:
            yield from leaves(value, here + ".")
        else:
            yield here, key, value


def tried(path, key, value, words):
    """Of the key at the path: of a choice the options of its section."""
    option = path.split(".")[-2] if key in ("name", "profile") and "." in path else key
    return others(option, value, words)
