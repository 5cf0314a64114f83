#!/usr/bin/python3
"""Where each profile's rule settles: see README.md, and scenarios/chain_runs.py for the options."""
import math
import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import chain_runs  # noqa: E402

BURN_IN = 50


def fixed_point(profile, rounds=200000):
    """The rule alone on Poisson counts: mean registrations of an interval."""
    dice, mean, total = numpy.random.Generator(numpy.random.PCG64(1)), 3.0, 0
    for _ in range(rounds):
        count = dice.poisson(mean)
        if profile == "nakamoto":
            mean *= 0.5 if count > 2 else 2
        else:
            count = min(count, 6)
            # r > t: all by work, the difficulty rises; r <= t: only with none at all does it fall.
            mean = mean * 4 / (count + 2) if count > 2 else mean * 2 if count == 0 else mean
        total += count
    return total / rounds


def main():
    experiment = chain_runs.Experiment(__file__)
    figure, plot = chain_runs.axes("Registrations an interval at constant power, running mean",
                                   "intervals of 100 blocks", "registrations")
    for profile, scenario, colour in (("finney", "scenario.yaml", chain_runs.BLUE),
                                      ("nakamoto", "nakamoto.yaml", chain_runs.GOLD)):
        file = experiment.run(scenario, until="20 d" if experiment.short else None)
        counts = chain_runs.intervals(file)[BURN_IN:]
        own, measured = fixed_point(profile), float(numpy.mean(counts))
        print(f"{profile}: {measured:.3f} an interval over {len(counts)}; the rule alone {own:.3f}")
        experiment.claim(f"{profile} settles within 5 % of its rule",
                         abs(measured / own - 1) < 0.05)
        plot.plot(numpy.cumsum(counts) / numpy.arange(1, len(counts) + 1), color=colour,
                  label=f"{profile}: {measured:.2f}")
        plot.axhline(own, color=colour, linewidth=0.8, linestyle="--")
    file = experiment.run("current.yaml", until="15 d" if experiment.short else None)
    counts = chain_runs.intervals(file, 360)[10:]
    own, measured = math.log(2) / math.log(1.26), float(numpy.mean(counts))
    print(f"current: {measured:.3f} a half-life over {len(counts)}; ln 2 / ln 1.26 = {own:.3f}")
    experiment.claim("current settles within 5 % of its rule", abs(measured / own - 1) < 0.05)
    places = 3.6 * numpy.arange(1, len(counts) + 1)
    plot.plot(places, numpy.cumsum(counts) / numpy.arange(1, len(counts) + 1),
              color=chain_runs.RED, label=f"current, a half-life of 360 blocks: {measured:.2f}")
    plot.set_ylim(1.5, 4)
    plot.legend(frameon=False)
    experiment.end(figure)


if __name__ == "__main__":
    main()
