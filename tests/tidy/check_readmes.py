"""Every folder with code says what it is, where to start, and what it keeps away from."""
import os
import sys

from source_tree import PRODUCT, files, read, report

PARTS = ("Start reading at", "May include", "Knows nothing of", "Invariants")


def main(root, _build):
    findings = []
    folders = sorted({os.path.dirname(path) for path in files(root, PRODUCT, (".c", ".h"))})
    for folder in folders:
        readme = os.path.join(folder, "README.md")
        if not os.path.isfile(os.path.join(root, readme)):
            findings.append(f"{readme}:1: missing; see sim/base/README.md for its form")
            continue
        text = read(root, readme)
        findings += [f"{readme}:1: has no '{part}'" for part in PARTS if part not in text]
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
