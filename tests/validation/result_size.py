"""A simulated week of 4096 neurons fits into 500 MB as recorded by default.

usage: result_size.py TAOSIM SWARM.yaml

A real run of the main scenario over one and over three epochs, everything recorded at its defaults:
what the last two added to result.h5 is what an epoch costs; a week has 504 epochs of 100 blocks of
12 s.  Prints the figures.
"""
import os
import subprocess
import sys
import tempfile

import h5py

TAOSIM, SCENARIO = sys.argv[1:3]
EPOCH_S, EPOCHS_A_WEEK, LIMIT_BYTES = 1200, 504, 500e6


def run(folder, until_s):
    """Bytes of the result, and its epochs."""
    path = os.path.join(folder, str(until_s))
    subprocess.run([TAOSIM, "run", SCENARIO, "-o", path, "--until", f"{until_s} s", "--quiet"],
                   check=True, capture_output=True)
    name = os.path.join(path, "result.h5")
    with h5py.File(name) as file:
        assert file["stake_rao"].shape[1] == 4096
        rows = len(file["block"])
        parts = {}
        file.visititems(lambda at, item: parts.__setitem__(
            at, item.id.get_storage_size()) if isinstance(item, h5py.Dataset) else None)
    return os.path.getsize(name), rows, parts


def main():
    with tempfile.TemporaryDirectory() as folder:
        (short, short_rows, before), (long, long_rows, after) = (
            run(folder, epochs * EPOCH_S + 60) for epochs in (1, 3))
    grown = {at: (size - before.get(at, 0)) / (long_rows - short_rows) for at, size in after.items()}
    for at, size in sorted(grown.items(), key=lambda part: -part[1])[:12]:
        print(f"     {at}: {size / 1e3:.1f} kB an epoch")
    rate = (long - short) / (long_rows - short_rows)
    week = short + rate * (EPOCHS_A_WEEK - short_rows)
    print(f"{short_rows} epochs: {short} bytes; {long_rows} epochs: {long} bytes; "
          f"{rate / 1e3:.0f} kB an epoch; a week: {week / 1e6:.0f} MB")
    failed = not week < LIMIT_BYTES
    print(f"{1 - failed} passed, {int(failed)} failed")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
