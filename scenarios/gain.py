#!/usr/bin/python3
"""What attackers gained against their honest twins, over replicates.

usage: gain.py [--relative] RUN_FOLDER...        each with twin/ inside (taosim run --twin)

For each folder: the attackers' share of the emission of all epochs, in the run and in its twin, and
the difference, with --relative as a part of the share in the twin; then mean and 95 % interval of
the difference over the folders (Student's t).
"""
import math
import sys

import h5py
import numpy

# Two-sided 95 % quantiles of Student's t by degrees of freedom.
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}


def attacker_share(path, attackers):
    with h5py.File(path) as file:
        emission = file["emission_rao"][()].astype(float)
        of_attacker = numpy.isin(file["group_id"][()], attackers)
    return emission[of_attacker].sum() / emission.sum()


def main(folders, relative):
    gains = []
    unit = "% of the twin's" if relative else "points"
    print("run                            attackers   in twin      gain")
    for folder in folders:
        with h5py.File(f"{folder}/result.h5") as file:
            attackers = numpy.flatnonzero(file["groups/attacker"][()])
        run = attacker_share(f"{folder}/result.h5", attackers)
        twin = attacker_share(f"{folder}/twin/result.h5", attackers)
        gains.append((run - twin) / twin if relative else run - twin)
        print(f"{folder:30s} {100 * run:7.3f} % {100 * twin:7.3f} % {100 * gains[-1]:7.3f} {unit}")
    if len(gains) > 1:
        half = T95[len(gains) - 1] * numpy.std(gains, ddof=1) / math.sqrt(len(gains))
        what = unit if relative else "points of the emission"
        print(f"gain: {100 * numpy.mean(gains):.3f} {what}, "
              f"95 % interval {100 * (numpy.mean(gains) - half):.3f} to "
              f"{100 * (numpy.mean(gains) + half):.3f}, {len(gains)} seeds")


if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if name != "--relative"]
    if not 1 <= len(names) <= 10:
        sys.exit(__doc__)
    main(names, "--relative" in sys.argv)
