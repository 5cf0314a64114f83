"""The worked example of a study: from YAML to a figure with a confidence band, by the commands of
its page, word for word.

usage: sweep_example.py TAOSIM STUDY_FOLDER

Without matplotlib the numbers are still computed and compared; the figure is not drawn.
"""
import importlib.util
import os
import re
import shutil
import struct
import sys
import tempfile

import h5py

from sweep_runs import call, cases_of, expect, read, run_cases

TAOSIM, STUDY = (os.path.abspath(path) for path in sys.argv[1:3])
GALLERY = os.path.dirname(os.path.dirname(STUDY))
TABLE_ROW = re.compile(r"^\| ([\d.]+) MH/s \| (-?[\d.]+) % \| (-?[\d.]+) to (-?[\d.]+) % \|$",
                       re.MULTILINE)


def documented():
    with open(os.path.join(STUDY, "README.md"), encoding="utf-8") as file:
        return [tuple(float(part) for part in row) for row in TABLE_ROW.findall(file.read())]


def commands():
    with open(os.path.join(STUDY, "README.md"), encoding="utf-8") as file:
        return file.read().split("```sh\n", 1)[1].split("```", 1)[0].splitlines()


def follow(folder, line):
    """A line of the page as somebody types it, with taosim on the path."""
    path = os.path.dirname(TAOSIM) + ":" + os.environ["PATH"]
    return expect(call("bash", "-euc", line, cwd=folder, env={**os.environ, "PATH": path}), 0)


def the_commands_of_the_page_give_its_numbers(folder):
    os.makedirs(folder + "/scenarios")
    for name in ("quickstart", "studies"):
        shutil.copytree(os.path.join(GALLERY, name),
                        os.path.join(folder, "scenarios", name))
    lines = [line for line in commands() if line.startswith("taosim ")]
    assert len(lines) >= 4 and "collect" in lines[2], lines
    for line in lines:
        follow(folder, line)
    with h5py.File(folder + "/sweeps/swarm-hash-rate/collected.h5") as file:
        assert file["done"][()].sum() == 20
        name = "emission_rao_share_swarm_mean"
        found = list(zip(file["groups_swarm_host_hash_rate"][()] / 1e6,
                         *(100 * file[name + end][()] for end in ("_mean", "_low", "_high"))))
    rounded = [tuple([row[0], *(float("%.1f" % part) for part in row[1:])]) for row in found]
    assert rounded == documented() and len(rounded) == 4, (rounded, documented())


def its_page_draws_a_band_for_each_metric(folder):
    chromium = shutil.which("chromium")
    if chromium is None:
        print("     (needs chromium)")
        return
    done = call(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--enable-logging=stderr", "--virtual-time-budget=4000",
                f"--user-data-dir={folder}/profile", "--dump-dom", f"file://{folder}/report.html",
                timeout=240)
    assert done.returncode == 0 and "CONSOLE" not in done.stderr, done.stderr
    dom = done.stdout.split("<script", 1)[0]
    titles = re.findall(r'<section class="plot[^"]*"><h2>([^<]*)', dom)
    assert titles == ["emission_rao.share@swarm.mean", "registrations.sum"], titles
    assert dom.count('class="u-wrap"') == 2 and "20 of 20 runs" in dom, dom[-3000:]
    assert dom.count("<tr><td>") == 4 and "NaN" not in dom and "undefined" not in dom, dom[-3000:]


def png_size(path):
    content = read(path)
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) < 100000, len(content)
    return struct.unpack(">II", content[16:24])


def its_figure_is_drawn_from_the_collected_file(folder):
    if importlib.util.find_spec("matplotlib") is None:
        print("     (needs python3-matplotlib)")
        return
    line = [line for line in commands() if "plot.py" in line]
    figure = os.path.join(folder, line[0].split()[-1])
    done = follow(folder, line[0])
    rows = [tuple(float(part) for part in row) for row in TABLE_ROW.findall(done.stdout)]
    assert rows == documented(), done.stdout
    assert png_size(figure) == png_size(os.path.join(STUDY, "swarm-hash-rate.png"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        return run_cases(cases_of(globals()), "", folder)


if __name__ == "__main__":
    sys.exit(main())
