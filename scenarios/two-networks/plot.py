#!/usr/bin/python3
"""A split by root's weights: see README.md, and scenarios/chain_runs.py for the options."""
import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import chain_runs  # noqa: E402

PROSE, CODE = 1, 3
STUDENT_95_OF_5 = 2.776
FIRST_COUNT = 199  # the first that all eight seats have set weights for


def own(file, name, netuid):
    return file[name][()][file["netuid"][()] == netuid]


def share_of(part):
    """Root's word where both networks' seats weigh their own alone, of the stake's part."""
    support = part / (1 + numpy.exp(-10 * (part - 0.5)))
    other = (1 - part) / (1 + numpy.exp(-10 * (0.5 - part)))
    return support / (support + other)


def part_at(file, block):
    """prose's part of root's stake at each network's last epoch up to a block."""
    stake = []
    for netuid in (PROSE, CODE):
        row = numpy.flatnonzero(own(file, "block", netuid) <= block)[-1]
        validates = own(file, "role", netuid)[row] == 2
        stake.append(float(own(file, "stake_rao", netuid)[row][validates].sum()))
    return stake[0] / sum(stake)


def first_share(file):
    blocks, share = own(file, "block", PROSE), own(file, "emission_share", PROSE)
    return share[blocks >= FIRST_COUNT][0]


def stakes(part):
    return (f"networks.prose.groups.validators.stake={2500 * part:g} TAO",
            f"networks.code.groups.validators.stake={2500 * (1 - part):g} TAO")


def first_counts(experiment, plot):
    worst, found = 0, []
    for part in (0.5, 0.55, 0.6, 0.7, 0.8):
        file = experiment.run("scenario.yaml", *stakes(part), until="1 h")
        share, held = first_share(file), part_at(file, FIRST_COUNT)
        found.append((held, share))
        worst = max(worst, abs(share - share_of(held)))
        print(f"stake {held:.4f}: share {share:.4f}, formula {share_of(held):.4f}")
    experiment.claim("a first count more than 0.005 off the formula is not there", worst <= 0.005)
    line = numpy.linspace(0.5, 0.85, 100)
    plot.plot(line, share_of(line), color=chain_runs.INK, label="formula")
    plot.plot(line, line, color=chain_runs.INK, linestyle=":", label="in proportion")
    plot.plot(*zip(*found), "o", color=chain_runs.GOLD, label="root's first count")
    plot.legend(frameon=False)


def runaway(experiment, plot):
    ends = []
    for seed in (2, 3, 4, 5, 6)[:2 if experiment.short else 5]:
        file = experiment.run("scenario.yaml", seed=seed)
        share = own(file, "emission_share", PROSE)
        first, end = first_share(file), share[-1]
        ends.append((first, end))
        print(f"seed {seed}: share {first:.4f} at the first count, {end:.4f} after two days; "
              f"stake {part_at(file, FIRST_COUNT):.4f} and {part_at(file, 10**9):.4f}")
        plot.plot(own(file, "time", PROSE) / 3600, share, color=chain_runs.BLUE, alpha=0.6)
    fixed = experiment.run("scenario.yaml", "chain.emission_split=fixed", seed=2, until="6 h")
    experiment.claim("a fixed split is what the scenario says at every epoch",
                     set(fixed["emission_share"][()]) == {0.5})
    experiment.claim("the larger network's share rises in every seed",
                     all(end > first for first, end in ends))
    experiment.claim("it is over 90 % after two days in every seed",
                     all(end > 0.9 for _, end in ends))
    if not experiment.short:
        last = numpy.array([end for _, end in ends])
        half = STUDENT_95_OF_5 * last.std(ddof=1) / numpy.sqrt(len(last))
        print(f"after two days: {last.mean():.4f} +- {half:.4f} (95 % of Student's t, 5 seeds)")


def main():
    experiment = chain_runs.Experiment(__file__)
    figure, (left, right) = chain_runs.matplotlib.pyplot.subplots(
        1, 2, figsize=(9, 4), constrained_layout=True)
    for plot, title, across in ((left, "What root makes of stake", "part of root's stake"),
                                (right, "From 60 % of the stake, five seeds", "hours")):
        plot.set_title(title, fontsize=11)
        plot.set_xlabel(across)
        plot.set_ylabel("prose's share of the emission")
        plot.spines[["top", "right"]].set_visible(False)
    first_counts(experiment, left)
    runaway(experiment, right)
    experiment.end(figure)


if __name__ == "__main__":
    main()
