"""docs/RESULTS.md shows the schema that writes the files.

usage: results_doc.py SHOW_RESULT RESULTS.md [--write]

Compares the part between the markers with what `SHOW_RESULT --schema` prints; --write replaces it.
"""
import subprocess
import sys

BEGIN, END = "<!-- schema: begin -->\n", "<!-- schema: end -->\n"


def main():
    show, path = sys.argv[1:3]
    schema = subprocess.run([show, "--schema"], check=True, capture_output=True, text=True).stdout
    with open(path, encoding="utf-8") as file:
        head, rest = file.read().split(BEGIN)
    stored, tail = rest.split(END)
    if "--write" in sys.argv:
        with open(path, "w", encoding="utf-8") as file:
            file.write(head + BEGIN + schema + END + tail)
        return 0
    if stored != schema:
        print(f"{path} is not current; run: {' '.join(sys.argv)} --write")
        return 1
    return 0


sys.exit(main())
