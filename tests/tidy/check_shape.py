"""The shape of the text: what fits on a screen can be read.

Functions of at most 70 lines and files of at most 600, but for shape_exceptions.txt; lines of at
most 100 columns; no tabs, no trailing blanks, one newline at the end; C as clang-format leaves it
(version 14, when it is installed).
"""
import os
import re
import shutil
import subprocess
import sys

from source_tree import EVERYTHING, PRODUCT, files, read, report, root_files

FUNCTION_LINES = 70
FILE_LINES = 600
COLUMNS = 100
CODE = (".c", ".h", ".py", ".sh", ".R")
PLAIN = (*CODE, ".build", ".md", ".yaml", ".yml", ".txt", ".js", ".css", ".html")
FORMATTER = "14."


def exceptions(root):
    """{(file, function or 'length')} of shape_exceptions.txt."""
    allowed = set()
    for line in read(root, "tests/tidy/shape_exceptions.txt").splitlines():
        match = re.match(r"(\S+) (?:function )?(\S+): \S", line)
        if match and not line.startswith("#"):
            allowed.add((match[1], match[2]))
    return allowed


def scripts(root):
    """Programs without an ending: they begin with #!."""
    for path in files(root, EVERYTHING):
        if "." not in os.path.basename(path) and read(root, path).startswith("#!"):
            yield path


def check_lines(root, path):
    text = read(root, path)
    lines = text.split("\n")
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        yield f"{path}:{len(lines)}: should end with one newline"
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield f"{path}:{number}: a tab: write four spaces (or \\t in a string)"
        if line != line.rstrip():
            yield f"{path}:{number}: blanks at the end of the line"
        if len(line) > COLUMNS and (path.endswith(CODE) or "." not in os.path.basename(path)):
            yield f"{path}:{number}: {len(line)} columns; at most {COLUMNS}"


def check_functions(root, paths, allowed, used):
    command = ["ctags", "-f", "-", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f",
               "--fields=+ne", *paths]
    text = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if line.startswith("!"):
            continue
        name, path = line.split("\t")[:2]
        first = int(re.search(r"\tline:(\d+)", line)[1])
        last = re.search(r"\tend:(\d+)", line)
        length = int(last[1]) - first + 1 if last else 0
        # A test program's main is the list of its cases.
        if length <= FUNCTION_LINES or (name == "main" and path.startswith("tests/")):
            continue
        if (path, name) in allowed:
            used.add((path, name))
        else:
            yield (f"{path}:{first}: {name}() has {length} lines; at most {FUNCTION_LINES}, or a "
                   "reason in tests/tidy/shape_exceptions.txt")


def check_lengths(root, paths, allowed, used):
    for path in paths:
        count = read(root, path).count("\n")
        if count <= FILE_LINES:
            continue
        if (path, "length") in allowed:
            used.add((path, "length"))
        else:
            yield (f"{path}:{count}: {count} lines; at most {FILE_LINES}, or a reason in "
                   "tests/tidy/shape_exceptions.txt")


def check_format(root, paths):
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    if program is None:
        return
    version = subprocess.run([program, "--version"], capture_output=True, text=True,
                             check=False).stdout
    if f"version {FORMATTER}" not in version:
        return
    done = subprocess.run([program, "--dry-run", "-Werror", "--ferror-limit=1", *paths],
                          cwd=root, capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        if "error:" in line:
            path, number = line.split(":")[:2]
            yield f"{path}:{number}: not as clang-format leaves it: clang-format -i {path}"


def main(root, _build):
    allowed, used = exceptions(root), set()
    sources = files(root, PRODUCT + ("tests",), (".c", ".h"))
    findings = []
    for path in (files(root, EVERYTHING, PLAIN) + list(scripts(root)) +
                 root_files(root, PLAIN)):
        findings += check_lines(root, path)
    findings += check_functions(root, sources, allowed, used)
    findings += check_lengths(root, sources + files(root, EVERYTHING, (".py", ".sh")), allowed,
                              used)
    findings += check_format(root, sources)
    findings += [f"tests/tidy/shape_exceptions.txt:1: {path} {what}: no longer needed"
                 for path, what in sorted(allowed - used)]
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
