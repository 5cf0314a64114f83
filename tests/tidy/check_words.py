"""Words that do not belong in the product: notes to oneself, paths of one machine, mirrors.

The words are put together from pieces, so that this file passes its own check.
"""
import os
import re
import sys

from source_tree import EVERYTHING, files, read, report, root_files

LATER = "TO" + "DO|FIX" + "ME|X" + "XX|HA" + "CK"
MACHINE = "/wo" + "rk|/sha" + "red|/ho" + "me/[a-z]+|/ro" + "ot"
WORK = r"ses" + r"sions?|is" + r"sue\s*#?\s*\d+|is" + r"sues?\s#|work" + r"tree"
MIRRORS = (r"deb\.deb" + r"ian\.org|registry\.np" + r"mjs|py" + r"pi\.org|crates\." + r"io"
           r"|proxy\.gol" + r"ang|snapshot\.deb" + r"ian")

WORDS = [
    (re.compile(rf"\b(?:{LATER})\b"), "a note to oneself: do it, or write what is left in docs/"),
    (re.compile(rf"(?<![\w.\-*}}])(?:{MACHINE})(?![\w\-])"), "a path of one machine"),
    (re.compile(rf"\b(?:{WORK})\b", re.IGNORECASE), "how the work is organised, not the product"),
    (re.compile(rf"(?:{MIRRORS})", re.IGNORECASE), "a registry's host: apt and npm know theirs"),
]


def is_text(root, path):
    with open(os.path.join(root, path), "rb") as file:
        return b"\0" not in file.read(4096)


def main(root, _build):
    findings = []
    for path in files(root, EVERYTHING) + root_files(root):
        if path == "LICENSE" or not is_text(root, path):
            continue
        for number, line in enumerate(read(root, path).splitlines(), 1):
            for pattern, why in WORDS:
                match = pattern.search(line)
                if match:
                    findings.append(f"{path}:{number}: '{match[0]}': {why}")
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
