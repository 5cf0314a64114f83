"""What the plots of the chain's scenarios share: runs, checks, figures.

A plot.py is called from anywhere as `plot.py [--short] [--taosim PROGRAM]`: it runs the scenarios
beside it into a temporary folder, prints what it measured, says of each claim of its page whether
it holds, and writes figure.png beside itself.  --short takes fewer or shorter runs and writes no
figure.  Exit 1 when a claim is refuted.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot  # noqa: E402  (the backend comes first)

INK, GOLD, BLUE, RED = "#333333", "#b8860b", "#1f6fb4", "#b03a2e"


class Experiment:
    """The runs of one page."""

    def __init__(self, script):
        options = argparse.ArgumentParser()
        options.add_argument("--short", action="store_true")
        options.add_argument("--taosim", default=os.path.join(
            os.path.dirname(os.path.abspath(__file__)), "../build/taosim"))
        arguments = options.parse_args()
        self.short = arguments.short
        self.taosim = os.path.abspath(arguments.taosim)
        self.folder = os.path.dirname(os.path.abspath(script))
        self.temporary = tempfile.TemporaryDirectory()
        self.count = 0
        self.refuted = 0

    def run(self, scenario, *sets, seed=None, until=None):
        """The result of a run."""
        self.count += 1
        path = os.path.join(self.temporary.name, str(self.count))
        command = [self.taosim, "run", os.path.join(self.folder, scenario), "-o", path, "--quiet"]
        command += [] if seed is None else ["--seed", str(seed)]
        command += [] if until is None else ["--until", until]
        for item in sets:
            command += ["--set", item]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return h5py.File(os.path.join(path, "result.h5"))

    def claim(self, words, holds):
        print(f"{'holds  ' if holds else 'REFUTED'}  {words}")
        self.refuted += not holds

    def end(self, figure):
        """Keeps the figure; the exit code."""
        if not self.short:
            figure.savefig(os.path.join(self.folder, "figure.png"), dpi=80)
        self.temporary.cleanup()
        sys.exit(1 if self.refuted else 0)


def axes(title, across, up, width=7.5, height=4):
    figure, plot = matplotlib.pyplot.subplots(figsize=(width, height), constrained_layout=True)
    plot.set_title(title, fontsize=11)
    plot.set_xlabel(across)
    plot.set_ylabel(up)
    plot.spines[["top", "right"]].set_visible(False)
    return figure, plot


def intervals(file, blocks=100):
    """Registrations in each interval of so many blocks; a rule adjusts before a block's calls, so
    block 100 is the first of the second interval."""
    block = file["events/block"][()][file["events/kind"][()] == 0]
    counts = [0] * (int(file["block"][-1]) // blocks)
    for number in block:
        if int(number) // blocks < len(counts):
            counts[int(number) // blocks] += 1
    return counts
