"""The worked example of a study: from YAML to a figure with a confidence band.

usage: sweep_example.py TAOSIM STUDY_FOLDER

Without matplotlib the numbers are still computed and compared; the figure is not drawn.
"""
import importlib.util
import os
import re
import struct
import sys
import tempfile

import h5py

from sweep_runs import call, expect, read, run_cases, cases_of

TAOSIM, STUDY = (os.path.abspath(path) for path in sys.argv[1:3])
TABLE_ROW = re.compile(r"^\| ([\d.]+) MH/s \| (-?[\d.]+) % \| (-?[\d.]+) to (-?[\d.]+) % \|$",
                       re.MULTILINE)


def documented():
    with open(os.path.join(STUDY, "README.md"), encoding="utf-8") as file:
        return [tuple(float(part) for part in row) for row in TABLE_ROW.findall(file.read())]


def the_study_gives_the_numbers_of_its_page(folder):
    path, done = os.path.join(STUDY, "study.yaml"), os.path.join(folder, "done")
    expect(call(TAOSIM, "sweep", "run", path, "-o", done, "--quiet"), 0)
    expect(call(TAOSIM, "sweep", "collect", path, "-o", done), 0, "20 of 20 runs")
    with h5py.File(done + "/collected.h5") as file:
        name = "emission_rao_share_swarm_mean"
        found = list(zip(file["groups_swarm_host_hash_rate"][()] / 1e6,
                         *(100 * file[name + end][()] for end in ("_mean", "_low", "_high"))))
    rounded = [tuple([row[0], *(float("%.1f" % part) for part in row[1:])]) for row in found]
    assert rounded == documented() and len(rounded) == 4, (rounded, documented())


def png_size(path):
    content = read(path)
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) < 100000, len(content)
    return struct.unpack(">II", content[16:24])


def its_figure_is_drawn_from_the_collected_file(folder):
    if importlib.util.find_spec("matplotlib") is None:
        print("     (needs python3-matplotlib)")
        return
    figure = os.path.join(folder, "figure.png")
    done = expect(call(sys.executable, os.path.join(STUDY, "plot.py"),
                       folder + "/done/collected.h5", figure), 0)
    rows = [tuple(float(part) for part in row) for row in TABLE_ROW.findall(done.stdout)]
    assert rows == documented(), done.stdout
    assert png_size(figure) == png_size(os.path.join(STUDY, "swarm-hash-rate.png"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        return run_cases(cases_of(globals()), "", folder)


if __name__ == "__main__":
    sys.exit(main())
