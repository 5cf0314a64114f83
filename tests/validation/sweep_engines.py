"""Snakemake and GNU parallel run a study to the same bits as the pool, and redo what is lost.

usage: sweep_engines.py TAOSIM QUICKSTART
"""
import os
import shutil
import sys
import tempfile
import time

from sweep_runs import call, cases_of, expect, read, results, run_cases, study, tiny

TAOSIM, QUICKSTART = (os.path.abspath(path) for path in sys.argv[1:3])


def sweep(verb, *arguments):
    return call(TAOSIM, "sweep", verb, *arguments)


def prepare(folder):
    """The study, and what the pool collects of it."""
    yaml, here = os.path.join(folder, "grid.yaml"), os.path.join(folder, "pool")
    if not os.path.exists(yaml):
        tiny(folder, QUICKSTART)
        study(folder)
        start = time.monotonic()
        expect(sweep("run", yaml, "-o", here, "-j", "2", "--quiet"), 0)
        print(f"     pool: {time.monotonic() - start:.1f} s for 8 tasks")
        expect(sweep("collect", yaml, "-o", here), 0, "8 of 8 runs")
    return yaml, read(here + "/collected.h5")


def run_twice(folder, engine, command, environment=None):
    """Runs the engine's script, loses two results, runs it again; the collected file's bytes."""
    yaml, wanted = prepare(folder)
    there = os.path.join(folder, engine)
    script = expect(sweep("emit", engine, yaml, "-o", there, "-j", "2"), 0).stdout.split(":")[0]
    for lost in (None, 3):
        if lost is not None:
            os.remove(results(there)[lost])
            shutil.rmtree(os.path.dirname(results(there)[lost + 2]))
            if os.path.exists(there + "/collected.h5"):
                os.remove(there + "/collected.h5")
        start = time.monotonic()
        done = call(*command, script, cwd=folder, env={**os.environ, **(environment or {})})
        assert done.returncode == 0, (done.stdout, done.stderr)
        print(f"     {engine}: {time.monotonic() - start:.1f} s"
              f"{' to redo two of them' if lost else ' for 8 tasks'}")
        expect(sweep("status", yaml, "-o", there), 0, "8 tasks, 8 done")
        if engine == "parallel":
            expect(sweep("collect", yaml, "-o", there), 0, "8 of 8 runs")
        assert read(there + "/collected.h5") == wanted, (engine, lost)


def snakemake_makes_what_is_not_there_to_the_same_bits(folder):
    run_twice(folder, "snakemake", ["snakemake", "--cores", "2", "--keep-going", "--quiet", "-s"])


def parallel_makes_what_is_not_there_to_the_same_bits(folder):
    run_twice(folder, "parallel", ["sh"])


def main():
    missing = [name for name in ("snakemake", "parallel") if shutil.which(name) is None]
    if missing:
        print("skipped: needs", " ".join(missing))
        return 77
    with tempfile.TemporaryDirectory() as folder:
        return run_cases(cases_of(globals()), "", folder)


if __name__ == "__main__":
    sys.exit(main())
