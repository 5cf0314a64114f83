#!/usr/bin/python3
"""A flood against immunity: see README.md, and scenarios/chain_runs.py for the options."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import chain_runs  # noqa: E402

UIDS = 64


def main():
    experiment = chain_runs.Experiment(__file__)
    figure, plot = chain_runs.axes("Established uids left in a flood at the caps", "hours",
                                   "established uids of 64")
    left = []
    for number, immunity in enumerate((0, 100, 400, 1600, 4096)):
        file = experiment.run("scenario.yaml", f"chain.immunity_period={immunity} blocks")
        names = [name.decode() for name in file["groups/name"]]
        established = (file["group_id"][()] != names.index("flood")).sum(axis=1)
        left.append(int(established[-1]))
        print(f"immunity {immunity} blocks: {left[-1]} established uids of {UIDS} left, "
              f"{int((file['events/kind'][()] == 0).sum())} registrations")
        plot.plot(file["time"][()] / 3600, established, color=str(0.8 - 0.2 * number),
                  label=f"{immunity} blocks: {left[-1]}")
    experiment.claim("a long immunity keeps no more than none", left[-1] <= left[0])
    experiment.claim("longer immunity never keeps more (by over 4)",
                     all(b <= a + 4 for a, b in zip(left, left[1:])))
    plot.set_xlim(12, None)
    plot.legend(frameon=False, title="immunity")
    experiment.end(figure)


if __name__ == "__main__":
    main()
