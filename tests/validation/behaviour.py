"""What a run does when one thing about it is changed, and what it must not do.

usage: behaviour.py TAOSIM SCENARIO

Each case is the quickstart, shortened, with overrides; results are read with h5py.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy

TAOSIM, SCENARIO = sys.argv[1:3]
GROUPS = ("small", "medium", "large", "validators", "swarm")
UNTIL = "40 min"


class Run:
    """One finished run: its result and the digest that it printed."""

    def __init__(self, folder, name, sets=(), threads=2, until=UNTIL, small=True):
        path = os.path.join(folder, name)
        command = [TAOSIM, "run", SCENARIO, "-o", path, "--quiet", "--threads", str(threads)]
        if until is not None:
            command += ["--until", until]
        # As small as the smallest, where the sizes are not the matter: a third of the time.
        sizes = [(f"groups.{group}.model", "{name: gru, embedding: 16, hidden: 16}")
                 for group in GROUPS] if small else []
        for key, value in sizes + list(sets):
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
        self.digest = done.stdout.split("trace_digest")[1].split()[0]
        self.file = h5py.File(os.path.join(path, "result.h5"))

    def __getitem__(self, name):
        return self.file[name][()]

    def total(self, name):
        return int(self[name].astype(object).sum())


def for_all(key, value):
    return [(f"groups.{group}.{key}", value) for group in GROUPS]


def median_loss(run):
    return float(numpy.nanmedian(run["loss_true_nats"][-1]))


def with_training_off_the_loss_stays_at_the_start(folder, base):
    run = Run(folder, "untrained", for_all("training.enabled", "false"))
    loss = run["loss_true_nats"]
    survivors = run["hotkey_id"][0] == run["hotkey_id"][-1]
    assert survivors.sum() > 50
    assert (loss[0][survivors] == loss[-1][survivors]).all()
    assert run.total("training_steps") == 0
    assert abs(median_loss(run) - numpy.log(64)) < 0.1, median_loss(run)
    assert median_loss(base) < median_loss(run) - 0.8, (median_loss(base), median_loss(run))


def bandwidth_divided_by_100_brings_time_outs(folder, base):
    sets = for_all("host.up", "1 Mbit/s") + for_all("host.down", "1 Mbit/s")
    run = Run(folder, "narrow", sets)
    assert base.total("queries_timed_out") < 0.02 * base.total("queries_asked")
    assert run.total("queries_timed_out") > 0.5 * run.total("queries_asked")


def host_speed_divided_by_100_brings_waits(folder, base):
    sets = for_all("host.flops", "200 GFLOP/s")
    run = Run(folder, "slow", sets)

    def wait_s(of):
        return of.total("wait_ns") / max(of.total("queries_answered"), 1) * 1e-9

    assert wait_s(base) < 0.5, wait_s(base)
    assert wait_s(run) > 2, wait_s(run)
    assert run.total("training_steps") < base.total("training_steps")


def stakes(factor):
    """Log-normal: a draw is the median times a factor that does not depend on it."""
    tao = {"validators": 8000, "small": 8, "medium": 8, "large": 8}
    return [(f"groups.{group}.stake", f"{{lognormal: {{median: {factor * median} TAO, sigma: 1}}}}")
            for group, median in tao.items()]


def all_stakes_times_10_leave_the_shares(folder, base):
    """Emission is scaled with the stakes, or the new stake would count for less."""
    poor = Run(folder, "poor", stakes(1))
    rich = Run(folder, "rich", stakes(10) + [("chain.block_emission", "10 TAO")])
    assert (poor["hotkey_id"] == rich["hotkey_id"]).all(), "other neurons hold the uids"
    assert poor["incentive"][-1].sum() > 0.9, "nobody was paid"
    for name in ("incentive", "dividends"):
        apart = numpy.abs(poor[name] - rich[name]).max()
        assert apart <= 3 / 65535, (name, apart)
    ratio = rich["stake_rao"][-1].astype(float).sum() / poor["stake_rao"][-1].astype(float).sum()
    assert abs(ratio - 10) < 1e-6, ratio


def digests_are_equal_for_1_2_and_7_threads(folder, base):
    """Models of all sizes: work of many shapes."""
    digests = {threads: Run(folder, f"threads{threads}", threads=threads, until="20 min",
                            small=False).digest for threads in (1, 2, 7)}
    assert len(set(digests.values())) == 1, digests


def another_seed_gives_another_run(folder, base):
    assert Run(folder, "seed", [("seed", "2")]).digest != base.digest


def the_memo_changes_nothing(folder, base):
    run = Run(folder, "forgetful", [("memo_memory", "0 B")])
    assert run.digest == base.digest


def more_evaluation_moves_no_draw(folder, base):
    run = Run(folder, "observed", [("record.evaluation_sequences", "64")])
    for name in ("stake_rao", "incentive", "queries_answered", "training_steps"):
        assert (run[name] == base[name]).all(), name


def another_neuron_moves_no_draw_of_the_others(folder, base):
    """A group that nobody asks and that never registers leaves all others alone."""
    run = Run(folder, "bystander", [("groups.swarm.count", "17")])
    assert (run["stake_rao"][0][:128] == base["stake_rao"][0][:128]).all()
    assert (run["loss_true_nats"][0] == base["loss_true_nats"][0]).all()


def what_is_recorded_adds_up(folder, base):
    asked, answered = base.total("queries_asked"), base.total("queries_answered")
    assert 0 < answered <= asked
    registrations = (base["events/kind"] == 0).sum()
    assert registrations >= base["registrations"].sum() > 0
    calls = base["set_weights/entry_count"]
    assert calls.sum() == len(base["set_weights/target"])
    emission = base["emission_rao"].astype(object).sum(axis=1)
    assert all(paid <= 100 * 10**9 for paid in emission)


def of_group(run, name, group):
    """The values of an (epoch, uid) variable at the last epoch, of one group's slots."""
    names = [text.decode() for text in run["groups/name"]]
    return run[name][-1][run["group_id"][-1] == names.index(group)]


def kendall(x, y):
    """Tau-a by all pairs; ties count for neither side."""
    signs = numpy.sign(x[:, None] - x) * numpy.sign(y[:, None] - y)
    return signs.sum() / (len(x) * (len(x) - 1))


def models_learn_more_than_pairs_of_letters_and_pay_follows_quality(folder, base):
    run = Run(folder, "whole", until="2 h", small=False)
    loss, incentive = (numpy.concatenate([of_group(run, name, group)
                                          for group in ("small", "medium", "large")])
                       for name in ("loss_true_nats", "incentive"))
    assert numpy.median(loss) < run.file.attrs["bigram_entropy_nats"], numpy.median(loss)
    assert kendall(incentive, -loss) > 0.5, kendall(incentive, -loss)


def mute_servers_are_waited_for_in_vain(folder, base):
    run = Run(folder, "mute", [("groups.small.strategy", "mute")])
    assert of_group(base, "queries_answered", "small").sum() > 0
    assert of_group(run, "queries_answered", "small").sum() == 0
    assert of_group(run, "queries_timed_out", "small").sum() > 0


def garbage_is_answered_without_a_forward_pass_and_paid_less(folder, base):
    run = Run(folder, "garbage", [("groups.small.strategy", "garbage"),
                                  ("groups.small.training.enabled", "false")])
    assert of_group(run, "queries_answered", "small").sum() > 0
    assert of_group(run, "flop_done", "small").sum() == 0
    mean = of_group(run, "incentive", "small").mean()
    assert mean < 0.5 * of_group(base, "incentive", "small").mean(), mean


def a_cabal_weights_the_servers_of_its_own_alliance_alone(folder, base):
    run = Run(folder, "cabal", [("groups.validators.strategy", "cabal"),
                                ("groups.validators.alliance", "ring"),
                                ("groups.large.alliance", "ring"),
                                ("groups.swarm.count", "0"),
                                ("chain.min_allowed_weights", "4")])
    names = [text.decode() for text in run["groups/name"]]
    allies = numpy.flatnonzero(run["group_id"][-1] == names.index("large"))
    targets = run["set_weights/target"]
    assert len(targets) > 0 and numpy.isin(targets, allies).all()
    assert abs(of_group(run, "incentive", "large").sum() - run["incentive"][-1].sum()) < 1e-6
    assert of_group(run, "incentive", "large").sum() > 0.9


CASES = [
    models_learn_more_than_pairs_of_letters_and_pay_follows_quality,
    mute_servers_are_waited_for_in_vain,
    garbage_is_answered_without_a_forward_pass_and_paid_less,
    a_cabal_weights_the_servers_of_its_own_alliance_alone,
    with_training_off_the_loss_stays_at_the_start,
    bandwidth_divided_by_100_brings_time_outs,
    host_speed_divided_by_100_brings_waits,
    all_stakes_times_10_leave_the_shares,
    digests_are_equal_for_1_2_and_7_threads,
    another_seed_gives_another_run,
    the_memo_changes_nothing,
    more_evaluation_moves_no_draw,
    another_neuron_moves_no_draw_of_the_others,
    what_is_recorded_adds_up,
]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        base = Run(folder, "base")
        for case in CASES:
            try:
                case(folder, base)
                print("ok  ", case.__name__)
            except AssertionError as why:
                failed += 1
                print("FAIL", case.__name__, why)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
