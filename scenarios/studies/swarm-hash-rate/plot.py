#!/usr/bin/python3
"""The figure of this study: a metric's mean over replicates with its 95 % interval as a band.

usage: plot.py COLLECTED.h5 FIGURE.png         (Debian: python3-xarray python3-h5netcdf
                                                python3-matplotlib)
Prints the numbers of the figure as a table.
"""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plot
import xarray

METRIC = "emission_rao_share_swarm_mean"


def main(collected, figure):
    with xarray.open_dataset(collected, engine="h5netcdf") as data:
        rate = data.groups_swarm_host_hash_rate / 1e6
        mean, low, high = (100 * data[METRIC + end] for end in ("_mean", "_low", "_high"))
        print("| hash rate of the swarm | share of the emission | 95 % interval |")
        print("| --- | --- | --- |")
        for row in zip(rate.values, mean.values, low.values, high.values):
            print("| %g MH/s | %.1f %% | %.1f to %.1f %% |" % row)
        _, axes = plot.subplots(figsize=(6, 3.6))
        axes.fill_between(rate, low, high, alpha=0.25, label="95 % interval of the mean")
        axes.plot(rate, mean, marker="o", label="mean of %d runs" % data.sizes["replicate"])
        axes.plot(*zip(*((r, 100 * one) for r, runs in zip(rate.values, data[METRIC].values)
                         for one in runs)), ".", color="0.4", markersize=4, label="one run")
        axes.set_xscale("log", base=2)
        axes.set_xticks(rate.values, ["%g" % r for r in rate.values])
        axes.set_xlabel("hash rate of the swarm, MH/s")
        axes.set_ylabel("swarm's share of the emission, %")
        axes.set_ylim(bottom=min(0, float(low.min())))
        axes.legend(frameon=False)
        plot.tight_layout()
        plot.savefig(figure, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
