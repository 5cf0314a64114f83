#!/usr/bin/python3
"""130 years of halvings: see README.md, and scenarios/chain_runs.py for the options."""
import os
import resource
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import chain_runs  # noqa: E402

CAP_RAO = 21 * 10**15
YEAR_S = 365.25 * 86400


def processor_seconds():
    """Of all runs so far: what else the machine does is not theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def content(dataset):
    value = numpy.asarray(dataset[()])
    return value.tolist() if value.dtype.kind == "O" else value.tobytes()


def same_year(experiment):
    """A year of merged blocks against one of single blocks."""
    runs = [experiment.run("scenario.yaml", f"merge_idle_blocks={merge}",
                           until="60 d" if experiment.short else "365.25 d")
            for merge in ("true", "false")]
    names = []
    runs[0].visit(names.append)
    differ = [name for name in names
              if hasattr(runs[0][name], "dtype") and name not in ("event_count", "scenario")
              and not name.startswith("provenance")
              and content(runs[0][name]) != content(runs[1][name])]
    digests = all(runs[0].attrs[name] == runs[1].attrs[name]
                  for name in ("digest_chain", "digest_model"))
    print("columns that differ:", ", ".join(differ) if differ else "none")
    return digests and not differ


def main():
    experiment = chain_runs.Experiment(__file__)
    figure, plot = chain_runs.axes("Issuance over 130 years", "years", "million TAO")
    experiment.claim("a year of merged blocks is a year of single ones", same_year(experiment))
    before = processor_seconds()
    file = experiment.run("scenario.yaml", until="7305 d" if experiment.short else None)
    seconds = processor_seconds() - before
    years, issued = file["time"][()] / YEAR_S, file["total_issuance_rao"][()]
    print(f"{years[-1]:.1f} years in {seconds:.1f} s of processor time: {int(issued[-1])} rao")
    experiment.claim("issuance never passes 21e15 rao", int(issued.max()) <= CAP_RAO)
    first = float(years[numpy.argmax(issued >= CAP_RAO // 2)])
    print(f"first halving after {first:.2f} years")
    experiment.claim("the first halving comes after 3.9 to 4.1 years", 3.9 < first < 4.1)
    experiment.claim("a run takes at most 60 s of processor time", seconds <= 60)
    plot.plot(years, issued / 1e15, color=chain_runs.BLUE)
    plot.axhline(21, color=chain_runs.INK, linewidth=0.8, linestyle="--")
    experiment.end(figure)


if __name__ == "__main__":
    main()
