"""Results of earlier schema versions stay readable: the numbers of then, by the names of then.

usage: old_schemas.py SHOW_RESULT FOLDER [--write VERSION]

For each FOLDER/schema-N.h5 the tables that `show --csv` prints must hold every column of the stored
FOLDER/schema-N-TABLE.csv, with the same values; columns may have been added since.  --write stores
the tables of a new version's file, once; never change those that are there.
"""
import csv
import io
import pathlib
import subprocess
import sys

TABLES = ["attributes", "epochs", "neurons", "groups", "corpus", "hotkeys", "events", "set_weights",
          "set_weights/entry", "weights", "weights/entry", "bonds", "bonds/entry",
          "weights/row_start"]


def stored_path(folder, version, table):
    return folder / f"schema-{version}-{table.replace('/', '-')}.csv"


def show(program, path, table):
    return subprocess.run([program, str(path), table, "--csv"], check=True, capture_output=True,
                          text=True).stdout


def columns(text):
    rows = list(csv.DictReader(io.StringIO(text)))
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if "--write" in sys.argv:
        version = sys.argv[sys.argv.index("--write") + 1]
        for table in TABLES:
            text = show(program, folder / f"schema-{version}.h5", table)
            stored_path(folder, version, table).write_text(text, encoding="utf-8")
        return 0
    checked = 0
    for path in sorted(folder.glob("schema-*.h5")):
        version = path.stem.split("-")[1]
        for table in TABLES:
            then = columns(stored_path(folder, version, table).read_text(encoding="utf-8"))
            now = columns(show(program, path, table))
            for name, values in then.items():
                assert now.get(name) == values, f"{path.name} {table}: column {name} changed"
                checked += 1
    assert checked > 0, f"no schema-*.h5 in {folder}"
    print(f"{checked} columns read as when they were written")
    return 0


sys.exit(main())
