#!/usr/bin/python3
"""The price of a uid in hashes: see README.md, and scenarios/chain_runs.py for the options."""
import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import chain_runs  # noqa: E402

BURN_IN, INTERVAL_S = 60, 1200
RATE = {"finney": 2.0, "nakamoto": 3.09}


def sybil_share(file):
    sybil = [name.decode() for name in file["groups/name"]].index("sybil")
    bought = file["events/hotkey_id"][()][file["events/kind"][()] == 0]
    return (file["hotkeys/group_id"][()][bought] == sybil).mean()


def main():
    experiment = chain_runs.Experiment(__file__)
    powers = (1e5, 1e7, 1e9) if experiment.short else (1e5, 1e6, 1e7, 1e8, 1e9)
    figure, plot = chain_runs.axes("What a uid costs", "hashes a second of the whole network",
                                   "hashes a uid")
    for profile, scenario, colour in (("finney", "scenario.yaml", chain_runs.BLUE),
                                      ("nakamoto", "nakamoto.yaml", chain_runs.GOLD)):
        prices, shares = [], []
        for power in powers:
            file = experiment.run(scenario, f"groups.solvers.host.hash_rate={0.9 * power:.0f} H/s",
                                  f"groups.sybil.host.hash_rate={0.1 * power:.0f} H/s")
            counts = chain_runs.intervals(file)[BURN_IN:]
            prices.append(power * INTERVAL_S * len(counts) / sum(counts))
            shares.append(sybil_share(file))
            print(f"{profile}: {power:.0e} H/s: {prices[-1]:.3g} hashes a uid, "
                  f"{prices[-1] / power:.0f} s of all power; "
                  f"the sybil gets {100 * shares[-1]:.1f} %")
        line = numpy.array(powers) * INTERVAL_S / RATE[profile]
        worst = numpy.abs(numpy.array(prices) / line - 1).max()
        print(f"{profile}: at most {100 * worst:.1f} % off the line; the sybil's part "
              f"{100 * numpy.mean(shares):.1f} %")
        experiment.claim(f"{profile}: the price is power x 1200 s / rate within 10 %", worst < 0.1)
        experiment.claim(f"{profile}: a tenth of the power gets 8 to 12 % of the uids",
                         0.08 < numpy.mean(shares) < 0.12)
        plot.loglog(powers, prices, "o", color=colour, label=profile)
        plot.loglog(powers, line, color=colour, linewidth=0.8)
    plot.legend(frameon=False)
    experiment.end(figure)


if __name__ == "__main__":
    main()
