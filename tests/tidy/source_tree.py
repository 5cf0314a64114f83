"""source_tree.py: what the checkers share: which files there are, C text without comments, reports.

Every checker is called as `CHECKER SOURCE_ROOT BUILD_ROOT`, prints a line `file:line: what is
wrong and what to do instead` for each finding, and exits with 1 when there was any.
"""
import json
import os
import re
import sys

PRODUCT = ("sim", "models", "analysis")
EVERYTHING = PRODUCT + ("tests", "docs", "scenarios", ".ci")
# Other people's work, kept as it came: not ours to format.
FOREIGN = ("vendor",)


def files(root, folders=EVERYTHING, endings=None, foreign=False):
    """Paths relative to root, sorted, of the files below `folders` whose name ends so."""
    found = []
    for folder in folders:
        for here, below, names in os.walk(os.path.join(root, folder)):
            below[:] = sorted(name for name in below if name != "__pycache__"
                              and (foreign or name not in FOREIGN))
            found += [os.path.relpath(os.path.join(here, name), root) for name in names
                      if endings is None or name.endswith(endings)]
    return sorted(found)


def root_files(root, endings=None):
    """The files of the root folder itself."""
    return sorted(name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name))
                  and (endings is None or name.endswith(endings)) and name != ".git")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def code_only(text):
    """C text with comments and the insides of literals blanked; every line keeps its number."""
    def blank(match):
        token = match[0]
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


def module_of(path):
    """sim/net/flow.c -> sim/net; all of analysis/ is one module."""
    parts = path.split(os.sep)
    return parts[0] if parts[0] == "analysis" else "/".join(parts[:2])


def table(root, path):
    """Lines `KEY: words   # reason` of a text file as {KEY: [words]}, in the file's order."""
    rows = {}
    for line in read(root, path).splitlines():
        line = line.split("#")[0].strip()
        if line:
            key, _, words = line.partition(":")
            rows[key.strip()] = words.split()
    return rows


def compile_commands(build):
    """What the build compiles: {path relative to the source: list of arguments}."""
    with open(os.path.join(build, "meson-info", "meson-info.json"), encoding="utf-8") as file:
        source = json.load(file)["directories"]["source"]
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    return {os.path.relpath(os.path.join(entry["directory"], entry["file"]), source):
            entry["command"].split() for entry in commands}


def report(findings):
    """Prints the findings; the exit code of the checker."""
    for finding in findings:
        print(finding)
    return 1 if findings else 0


# A checker leaves nothing behind in the source tree.
sys.dont_write_bytecode = True
