#!/usr/bin/python3
"""Ten times the hash power: see README.md, and scenarios/chain_runs.py for the options."""
import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import chain_runs  # noqa: E402

BEFORE, AFTER = 30, 20
FIXED_POINT = {"nakamoto": 3.09, "finney": 2.0}


def main():
    experiment = chain_runs.Experiment(__file__)
    seeds = range(1, 9 if experiment.short else 21)
    figure, plot = chain_runs.axes("Ten times the hash power (or the price paid) from 0 on",
                                   "intervals of 100 blocks after the burst", "registrations")
    for profile, scenario, colour in (("finney", "scenario.yaml", chain_runs.BLUE),
                                      ("nakamoto", "nakamoto.yaml", chain_runs.GOLD),
                                      ("current", "current.yaml", chain_runs.RED)):
        runs = []
        for seed in seeds:
            counts = chain_runs.intervals(experiment.run(scenario, seed=seed))
            runs.append((counts + [0] * 50)[:BEFORE + AFTER - 1])
        mean = numpy.mean(runs, axis=0)
        print(profile, "after the burst:", " ".join(f"{value:.2f}" for value in mean[BEFORE:][:10]))
        if profile == "current":
            excess = mean[BEFORE] - mean[BEFORE - 15:BEFORE].mean()
            print(f"current: {excess:.2f} more than before in the first interval")
            experiment.claim("a tenfold price lets in 8 to 12 more", 8 <= excess <= 12)
        else:
            limit = 1.5 * FIXED_POINT[profile]
            above = [i for i, value in enumerate(mean[BEFORE:]) if value > limit]
            print(f"{profile}: above 1.5 x the fixed point in intervals", [i + 1 for i in above])
            late = mean[BEFORE + 7:BEFORE + 10].mean()  # fewer seeds: single intervals are noise
            experiment.claim(f"{profile} has caught up before the 8th interval",
                             late < limit if experiment.short
                             else not above or above[-1] < 7)
        if profile == "finney":
            experiment.claim("finney lets in at most 6 an interval", numpy.max(runs) <= 6)
        plot.plot(range(-10, AFTER - 1), mean[BEFORE - 10:], color=colour, label=profile)
    plot.legend(frameon=False)
    experiment.end(figure)


if __name__ == "__main__":
    main()
