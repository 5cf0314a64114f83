"""The research variants and the whitepaper's incentive in small runs: each ends, pays and bonds.

usage: variants.py TAOSIM SCENARIO

The scenario is the quickstart, with few neurons that do not learn and epochs of 20 blocks.  Then a
network passes from one kind of bonds to the next by schedule.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy

TAOSIM, SCENARIO = sys.argv[1:3]
GROUPS = {"small": 16, "medium": 8, "large": 4, "validators": 4, "swarm": 2}
SMALL = ["chain.min_allowed_weights=4", "chain.max_uids=34", "chain.tempo=20 blocks",
         "query.weights_interval=15 blocks", "record.bonds_interval=1"]
SMALL += [f"groups.{group}.count={count}" for group, count in GROUPS.items()]
SMALL += [f"groups.{group}.training.enabled=false" for group in GROUPS]
EPOCHS = 6


def run(folder, sets):
    command = [TAOSIM, "run", SCENARIO, "-o", folder, "--until", "26 min", "--quiet"]
    for item in SMALL + sets:
        command += ["--set", item]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{sets}: {done.stderr}"
    with h5py.File(os.path.join(folder, "result.h5")) as file:
        digest = [line for line in done.stdout.splitlines() if line.startswith("digest_chain")]
        return {"incentive": file["incentive"][:], "dividends": file["dividends"][:],
                "emission": file["emission_rao"][:].astype(float), "digest": digest[0]}


def variants():
    text = subprocess.run([TAOSIM, "list", "mechanisms"], check=True, capture_output=True,
                          text=True).stdout
    names = [line.split()[0] for line in text.splitlines()[1:] if line[2:3] not in ("", " ")]
    return [name for name in names if name.startswith("yumasim-") or name == "whitepaper"]


def must_pay(name, paid):
    assert len(paid["incentive"]) >= EPOCHS, (name, len(paid["incentive"]))
    assert abs(numpy.nansum(paid["incentive"][-1]) - 1) < 1e-3, (name, paid["incentive"][-1])
    assert abs(numpy.nansum(paid["dividends"][-1]) - 1) < 1e-3, (name, paid["dividends"][-1])
    assert numpy.nansum(paid["emission"][-1]) > 0, name


def main():
    with tempfile.TemporaryDirectory() as where:
        names = variants()
        assert len(names) == 23, names
        digests = {}
        for name in names:
            paid = run(os.path.join(where, name), [f"mechanism={name}"])
            must_pay(name, paid)
            digests[name] = paid["digest"]
            print(f"{name}: runs and pays", flush=True)
        # Some differ from others only by a reset that nobody asked for, or by liquid alpha.
        assert len(set(digests.values())) >= 12, digests
        assert digests["yumasim-a-yuma1"] != digests["yumasim-b-yuma2"]
        assert digests["yumasim-c-yuma3"] != digests["yumasim-c-yuma3-liquid"]
        way = ["yumasim-b-yuma2", "yumasim-c-yuma3", "yumasim-a-yuma3.2", "yumasim-c-yuma2b",
               "whitepaper"]
        changes = ", ".join(f"{{at: {4 * (k + 1)} min, set: {{mechanism: {name}}}}}"
                            for k, name in enumerate(way))
        must_pay("the way", run(os.path.join(where, "way"), [f"schedule=[{changes}]"]))
        print("from one to the next: runs and pays")


if __name__ == "__main__":
    main()
