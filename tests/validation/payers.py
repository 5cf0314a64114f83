"""Baselines and reference payers in whole runs: each pays what its definition says.

usage: payers.py TAOSIM SCENARIO

The scenario is the quickstart with fewer neurons and epochs of 20 blocks; results are read with
h5py. What a mechanism was told of the neurons is worked out again from other columns of the result.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

TAOSIM, SCENARIO = sys.argv[1:3]
SETS = ["groups.small.count=20", "groups.medium.count=12", "groups.large.count=4",
        "groups.validators.count=4", "groups.swarm.count=4", "chain.max_uids=44",
        "chain.min_allowed_weights=4", "chain.tempo=20 blocks", "chain.immunity_period=20 blocks",
        "chain.difficulty=300000000", "query.weights_interval=15 blocks",
        "record.evaluation_sequences=8", "groups.validators.host.hash_rate=0 H/s"]
UNTIL = "42 min"
EMPTY = 4294967295


def command(folder, mechanism, sets=(), threads=2):
    line = [TAOSIM, "run", SCENARIO, "-o", folder, "--quiet", "--until", UNTIL, "--threads",
            str(threads), "--checkpoint-each-epoch"]
    # A key is set once: the case's own value is the one that stands.
    for key, value in dict(item.split("=", 1) for item in
                           [*SETS, f"mechanism={mechanism}", *sets]).items():
        line += ["--set", f"{key}={value}"]
    return line


class Run:
    """One finished run; columns by name, rows are epochs."""

    def __init__(self, where, mechanism, sets=(), threads=2):
        number = len(os.listdir(where))
        self.folder = os.path.join(where, f"{number}-{mechanism}")
        done = subprocess.run(command(self.folder, mechanism, sets, threads), check=False,
                              capture_output=True, text=True)
        assert done.returncode == 0, (mechanism, done.stderr)
        self.digest = done.stdout.split("trace_digest")[1].split()[0]
        self.read()

    def read(self):
        with h5py.File(os.path.join(self.folder, "result.h5")) as file:
            names = [name for name in file if isinstance(file[name], h5py.Dataset)]
            self.column = {name: file[name][()] for name in names}
            self.groups = [name.decode() for name in file["groups/name"][()]]
            self.calls = {name: file["set_weights/" + name][()]
                          for name in ("block", "uid", "entry_start", "entry_count", "target",
                                       "value")}
            self.attributes = dict(file.attrs)
        paid = self["emission_rao"].astype(float)
        self.paid = paid.sum(axis=1)
        self.share = paid / numpy.maximum(self.paid, 1)[:, None]

    def __getitem__(self, name):
        return self.column[name]

    def in_group(self, name):
        return (self["group_id"] == self.groups.index(name)) & self.present()

    def present(self):
        """Slots whose neuron has been there for all of the epoch."""
        return ((self["hotkey_id"] != EMPTY) &
                (self["block_at_registration"] < self["block"][:, None]))

    def miners(self):
        return (self["role"] & 1 == 1) & self.present()


# Emission of an epoch under finney: 21 blocks of 1 TAO; the first epoch may be shorter.
def pays_in_full(run, but=0):
    full = run["emission_rao"].sum(axis=1)[1:]
    assert len(full) > 6
    for paid in full:
        assert 21 * 10**9 - 200 <= paid <= 21 * 10**9 or but and paid == 0, full


def normal(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def close(share, expected, mask, tolerance):
    wrong = numpy.abs(share - expected)[mask].max()
    assert wrong < tolerance, wrong


def stake_pays_stake(where):
    run = Run(where, "stake")
    pays_in_full(run)
    close(run.share, normal(run["stake_rao"].astype(float)), run.present(), 1e-6)
    assert "outside_knowledge" not in run.attributes
    return run


def weights_before(run, epoch):
    """The rows that stood when the epoch's block began, as fractions without the own entry."""
    uids = run["stake_rao"].shape[1]
    rows = numpy.zeros((uids, uids))
    for k, block in enumerate(run.calls["block"]):
        if block >= run["block"][epoch]:
            continue
        uid, start = run.calls["uid"][k], run.calls["entry_start"][k]
        part = slice(start, start + run.calls["entry_count"][k])
        rows[uid] = 0
        rows[uid, run.calls["target"][part]] = run.calls["value"][part]
    numpy.fill_diagonal(rows, 0)
    return rows / numpy.maximum(rows.sum(axis=1, keepdims=True), 1e-300)


def votes(run, epoch):
    """Stakes of those who may vote, and what they give to each.  Stake moves only by payments."""
    share = run["stake_rao"][epoch].astype(float)
    share /= share.sum()
    return share, share @ weights_before(run, epoch)


def proportional_pays_the_votes(where):
    run = Run(where, "proportional", ["mechanism.validator_share=0.25"])
    pays_in_full(run, but=True)
    rated = 0
    for epoch in range(len(run.paid)):
        share, rank = votes(run, epoch)
        if rank.sum() == 0 or run.paid[epoch] == 0:
            continue
        rated += 1
        voter = share * (weights_before(run, epoch).sum(axis=1) > 0)
        pay = 0.75 * rank / rank.sum() + 0.25 * voter / voter.sum()
        close(run.share[epoch], pay, run.present()[epoch], 2e-5)
    assert rated > 5
    return run


def a_lottery_pays_one_of_those_who_are_rated(where, proportional):
    run = Run(where, "lottery", ["mechanism.validator_share=0.25"])
    drawn = set()
    for epoch in numpy.flatnonzero(run.paid):
        winners = numpy.flatnonzero(run["incentive"][epoch])
        assert len(winners) == 1, winners
        if run.present()[epoch, winners[0]]:
            assert votes(run, epoch)[1][winners[0]] > 0
        drawn.add(int(run["hotkey_id"][epoch, winners[0]]))
        assert abs(run.paid[epoch] - proportional.paid[epoch]) < 200
    assert len(drawn) > 3, drawn
    assert "outside_knowledge" not in run.attributes
    assert Run(where, "lottery", ["mechanism.validator_share=0.25", "seed=2"]).digest != run.digest


def pow_pays_work(where):
    run = Run(where, "pow", ["mechanism.pay=shares"])
    pays_in_full(run)
    assert run.attributes["outside_knowledge"] == "hashes, operations"
    others = run.in_group("small") | run.in_group("medium") | run.in_group("large")
    seen = 0
    for epoch in range(len(run.paid)):
        one = numpy.median(run.share[epoch][others[epoch]])
        close(run.share[epoch], one, others[epoch], 1e-6)
        assert run.share[epoch][run.in_group("validators")[epoch]].max() == 0
        # One owner of 10 MH/s behind all of the swarm's uids, against 2 MH/s each.
        swarm = run["group_id"][epoch] == run.groups.index("swarm")
        swarm &= run["hotkey_id"][epoch] != EMPTY
        if run.in_group("swarm")[epoch].sum() == swarm.sum() > 0:
            seen += 1
            assert abs(run.share[epoch][swarm].sum() / one - 5) < 1e-6
    assert seen > 2
    useful = Run(where, "pow", ["mechanism.pay=shares", "mechanism.work=operations"])
    for epoch in range(1, len(useful.paid)):
        flop = useful["flop_done"][epoch].astype(float)
        close(useful.share[epoch], flop / flop.sum(), useful.present()[epoch], 0.02)
    blocks = Run(where, "pow")
    quantum = blocks["emission_rao"][1:] / (blocks.paid[1:, None] / 20)
    assert numpy.abs(quantum - quantum.round()).max() < 1e-6 and quantum.max() <= 20


def a_race_has_one_winner_at_most(where):
    run = Run(where, "race")
    winners = (run["incentive"] > 0).sum(axis=1)
    assert set(winners) <= {0, 1} and winners.sum() > 3, winners
    assert run.share[run.in_group("validators")].max() == 0
    assert ((run.paid > 0) == (winners == 1)).all()


def volunteers_are_credited_and_not_paid(where):
    run = Run(where, "volunteer")
    assert run["emission_rao"].sum() == 0
    assert len(set(run["total_issuance_rao"].tolist())) == 1
    for epoch in range(len(run.paid)):
        flop = run["flop_done"][epoch].astype(float)
        close(run["rank"][epoch], flop / flop.sum(), run.present()[epoch], 0.02)


def eigentrust_pays_the_fixed_point(where):
    run = Run(where, "eigentrust", ["mechanism.restart=0.2"])
    pays_in_full(run)
    for epoch in range(len(run.paid)):
        trusted = run["stake_rao"][epoch] / run["stake_rao"][epoch].sum()
        rows = weights_before(run, epoch)
        rows[rows.sum(axis=1) == 0] = trusted
        solution = numpy.linalg.solve(numpy.eye(len(trusted)) - 0.8 * rows.T, 0.2 * trusted)
        close(run.share[epoch], solution, run.present()[epoch], 2e-5)


def slash_takes_and_conserves(where):
    sets = ["mechanism.threshold=1", "mechanism.rate=0.1", "mechanism.grace=0 blocks"]
    burned = Run(where, "slash", sets)
    given = Run(where, "slash", sets + ["mechanism.taken=given"])
    pays_in_full(burned, but=True)
    for run, loses in ((burned, True), (given, False)):
        grown = numpy.diff(run["total_issuance_rao"].astype(object))
        minted = run["emission_rao"].astype(object).sum(axis=1)[:-1]
        missing = numpy.array([int(m) - int(g) for m, g in zip(minted, grown)])
        assert (missing >= 0).all(), missing
        assert (missing[2:].sum() > 10**9) == loses, missing
        if not loses:
            assert (missing < 200).all(), missing
    # Whoever is rated at the mean or above, and whoever rates, loses nothing to the next epoch.
    lost = rated = 0
    for epoch in range(2, len(burned.paid) - 1):
        share, rank = votes(burned, epoch)
        same = (burned["hotkey_id"][epoch] == burned["hotkey_id"][epoch + 1]) & \
            burned.present()[epoch]
        serves = weights_before(burned, epoch).sum(axis=1) == 0
        mean = rank[serves].mean()
        after = burned["stake_rao"][epoch + 1].astype(float)
        before = (burned["stake_rao"][epoch] + burned["emission_rao"][epoch]).astype(float)
        change = after - before
        safe = same & (~serves | (rank > mean * 1.01))
        low = same & serves & (rank < mean * 0.99) & (burned["stake_rao"][epoch] > 1000)
        assert numpy.abs(change[safe]).max() < 200, change[safe]
        taken = 0.1 * burned["stake_rao"][epoch] * (mean - rank) / mean
        assert (numpy.abs(change + taken)[low] <= 0.001 * taken[low] + 2e6).all()
        lost, rated = lost + low.sum(), rated + safe.sum()
    assert lost > 20 and rated > 20, (lost, rated)


def value_of(run):
    """Nats below knowing nothing; 0 for who does not answer."""
    value = numpy.log(float(run.attributes["vocabulary_symbols"])) - run["loss_true_nats"]
    return numpy.where(run["role"] & 1 == 1, numpy.maximum(value, 0), 0)


def ranked_alike(pay, value):
    """No pair in another order; losses are recorded in single precision."""
    order = numpy.argsort(-value, kind="stable")
    assert (numpy.diff(pay[order]) <= 1e-6 * pay.max()).all(), pay[order]


def the_oracle_ranks_by_true_loss_exactly(where):
    run = Run(where, "oracle")
    pays_in_full(run)
    assert run.attributes["outside_knowledge"] == "true_value, clones"
    for epoch in range(len(run.paid)):
        here = run.miners()[epoch]
        ranked_alike(run["emission_rao"][epoch][here].astype(float), value_of(run)[epoch][here])
        pay, value = run.share[epoch][here], value_of(run)[epoch][here]
        assert numpy.abs(pay / pay.sum() - value / value.sum()).max() < 1e-6
    assert len(set(run["loss_true_nats"][-1][run.miners()[-1]].tolist())) > 20
    page = os.path.join(where, "page.html")
    subprocess.run([TAOSIM, "report", run.folder, "-o", page], check=True, capture_output=True)
    with open(page, encoding="utf-8") as file:
        assert "pays by what no chain knows: true_value, clones" in file.read()

    split = Run(where, "oracle", ["mechanism.split_clones=true"])
    several = 0
    for epoch in range(len(split.paid)):
        swarm, here = split.in_group("swarm")[epoch], split.miners()[epoch]
        model = split.share[epoch][here] / value_of(split)[epoch][here]
        unit = numpy.median(model)
        present = ((split["group_id"][epoch] == split.groups.index("swarm")) &
                   (split["hotkey_id"][epoch] != EMPTY))
        if 1 < swarm.sum() == present.sum():
            several += 1
            one = value_of(split)[epoch][swarm][0] * unit
            assert abs(split.share[epoch][swarm].sum() / one - 1) < 1e-5
    assert several > 0
    return run


def a_central_operator_is_the_oracle_or_pays_its_friends(where, oracle):
    honest = Run(where, "central", ["mechanism.corruption=0"])
    assert (honest["emission_rao"] == oracle["emission_rao"]).all()
    assert honest.attributes["digest_chain"] == oracle.attributes["digest_chain"]
    corrupt = Run(where, "central", ["mechanism.corruption=1"])
    friends = 0
    for epoch in range(len(corrupt.paid)):
        swarm = corrupt.in_group("swarm")[epoch]
        rest = corrupt.present()[epoch] & ~swarm
        if swarm.any():
            friends += 1
            assert corrupt.share[epoch][rest].max() == 0
            assert numpy.ptp(corrupt.share[epoch][swarm]) < 1e-6
    assert friends > 3
    half = Run(where, "central", ["mechanism.corruption=0.5"])
    served = [half.share[epoch][half.in_group("small")[epoch]].max() > 0
              for epoch in range(len(half.paid)) if half.in_group("swarm")[epoch].any()]
    assert 0 < sum(served) < len(served), served


def a_benchmark_pays_a_fixed_test_that_is_not_the_truth(where, oracle):
    run = Run(where, "benchmark", ["record.evaluation_sequences=64"])
    pays_in_full(run)
    assert run.attributes["outside_knowledge"] == "benchmark_score"
    here = run.miners()[-1]
    pay, value = run.share[-1][here], value_of(run)[-1][here]
    likeness = numpy.corrcoef(pay, value)[0, 1]
    assert 0.85 < likeness < 0.999, likeness
    assert (numpy.argsort(pay) != numpy.argsort(value)).any()
    assert run.digest != oracle.digest


def chance_and_facts_are_the_same_for_any_number_of_threads_and_after_a_kill(where):
    # Noise draws for each neuron, corruption for the network, values come from the models.
    sets = ["mechanism.corruption=0.5", "mechanism.noise=0.2"]
    one, three = (Run(where, "central", sets, threads) for threads in (1, 3))
    assert one.digest == three.digest
    for mechanism, more, kills in (("central", sets, (2, 5)), ("volunteer", [], (3,)),
                                   ("race", [], (4,))):
        whole = one if mechanism == "central" else Run(where, mechanism, more)
        for kill in kills:
            folder = os.path.join(where, f"killed-{mechanism}-{kill}")
            kill_after(command(folder, mechanism, more), folder, kill)
            done = subprocess.run([TAOSIM, "resume", folder, "--quiet"], check=False,
                                  capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert whole.digest in done.stdout, (mechanism, kill, done.stdout)


def kill_after(line, folder, epochs):
    """Ends the process for good as soon as it has written so many rows."""
    progress = os.path.join(folder, "progress.jsonl")
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if os.path.exists(progress):
                with open(progress, encoding="utf-8") as file:
                    if len(file.readlines()) >= epochs:
                        process.send_signal(signal.SIGKILL)
                        break
            time.sleep(0.002)


def main():
    with tempfile.TemporaryDirectory() as where:
        stake_pays_stake(where)
        proportional = proportional_pays_the_votes(where)
        a_lottery_pays_one_of_those_who_are_rated(where, proportional)
        pow_pays_work(where)
        a_race_has_one_winner_at_most(where)
        volunteers_are_credited_and_not_paid(where)
        eigentrust_pays_the_fixed_point(where)
        slash_takes_and_conserves(where)
        oracle = the_oracle_ranks_by_true_loss_exactly(where)
        a_central_operator_is_the_oracle_or_pays_its_friends(where, oracle)
        a_benchmark_pays_a_fixed_test_that_is_not_the_truth(where, oracle)
        chance_and_facts_are_the_same_for_any_number_of_threads_and_after_a_kill(where)


if __name__ == "__main__":
    main()
