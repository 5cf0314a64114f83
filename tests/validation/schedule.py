"""A scenario that changes while it runs: what changes, from when on, and what must not.

usage: schedule.py TAOSIM SCENARIO

Each case is the quickstart, shortened, with a schedule laid over it.  Epochs are of 20 blocks
(every 21), so that there are many borders; epochs run in blocks 16, 37, 58, 79, ...
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy

TAOSIM, SCENARIO = sys.argv[1:3]
DIGESTS = ("digest_order", "digest_chain", "digest_model", "trace_digest")
UNTIL = "30 min"
TEMPO = "20 blocks"


def write(path, schedule, extra=""):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"base: {os.path.abspath(SCENARIO)}\n{extra}\n")
        if schedule:
            file.write("schedule:\n" + "".join(f"  - {entry}\n" for entry in schedule))


def call(*arguments):
    return subprocess.run([TAOSIM, *arguments], check=False, capture_output=True, text=True)


class Run:
    """One finished run of the scenario with a schedule: its result and what it printed."""

    def __init__(self, folder, name, schedule=(), sets=(), until=UNTIL, extra=""):
        self.path = os.path.join(folder, name)
        self.scenario = self.path + ".yaml"
        write(self.scenario, schedule, extra)
        command = ["run", self.scenario, "-o", self.path, "--quiet", "--threads", "2",
                   "--checkpoint-each-epoch", "--set", f"chain.tempo={TEMPO}"]
        # As small as the smallest: what is learnt is another test's affair.
        for group in ("medium", "large", "validators", "swarm"):
            command += ["--set", f"groups.{group}.model={{name: gru, embedding: 16, hidden: 16}}"]
        if until is not None:
            command += ["--until", until]
        for text in sets:
            command += ["--set", text]
        done = call(*command)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
        self.digests = {word[0]: word[1] for word in
                        (line.split() for line in done.stdout.splitlines()) if word}
        self.digests = {name: self.digests[name] for name in DIGESTS}
        self.file = h5py.File(os.path.join(self.path, "result.h5"))

    def __getitem__(self, name):
        return self.file[name][()]

    def texts(self, name):
        return [text.decode() if isinstance(text, bytes) else text for text in self[name]]

    def events(self, *kinds):
        """The rows of /events of these kinds."""
        names = self.file["events/kind"].attrs["flag_meanings"]
        names = (names.decode() if isinstance(names, bytes) else names).split()
        wanted = [names.index(kind) for kind in kinds]
        return numpy.flatnonzero(numpy.isin(self["events/kind"], wanted))


def rows_equal(a, b, count):
    """Whether the first rows of two results are the same in every variable over epochs."""
    for name in ("stake_rao", "emission_rao", "incentive", "dividends", "consensus", "block",
                 "loss_true_nats", "hotkey_id", "queries_answered"):
        if a[name][:count].tobytes() != b[name][:count].tobytes():
            return False
    return True


def a_schedule_that_sets_what_is_there_changes_no_digest(folder, base):
    same = Run(folder, "same", [
        "{at: 5 min, set: {chain.tempo: 20 blocks, chain.min_allowed_weights: 16}}",
        "{at: 60 blocks, set: {mechanism: finney, query.interval: 12 s}}",
        "{at: 1000 s, set: {groups.small.host.flops: {lognormal: {median: 20 TFLOP/s, sigma: 0.5}},"
        " groups.swarm.host.hash_rate: 10 MH/s, groups.swarm.strategy: honest}}",
    ])
    assert same.digests == base.digests, (same.digests, base.digests)
    assert len(same["schedule/path"]) == 7 and len(base["schedule/path"]) == 0


def room_for_more_uids_changes_no_digest(folder, base):
    roomy = Run(folder, "roomy", sets=["limits.max_uids=200"])
    assert roomy.digests == base.digests
    assert roomy["stake_rao"].shape[1] == 200 and base["stake_rao"].shape[1] == 128


def a_mechanism_that_comes_before_the_first_epoch_is_there_from_the_start(folder, base):
    whole = Run(folder, "whole", sets=["mechanism=yuma3"])
    switched = Run(folder, "switched", ["{at: 16 blocks, set: {mechanism: yuma3}}"])
    assert switched.digests == whole.digests, (switched.digests, whole.digests)
    assert switched.digests["digest_chain"] != base.digests["digest_chain"]


def a_mechanism_switched_at_an_epoch_pays_from_then_on(folder, base):
    count = 3  # epochs 16, 37, 58; then block 79 runs under the other
    switched = Run(folder, "late", ["{at: 79 blocks, set: {mechanism: {name: yuma3}}}"])
    assert list(base["block"][:count + 1]) == [16, 37, 58, 79], base["block"]
    assert rows_equal(switched, base, count)
    at = count  # the first epoch under it: other payments from the same stakes
    stakes = [run["stake_rao"][at - 1] for run in (switched, base)]
    assert (stakes[0] == stakes[1]).all()
    assert (switched["emission_rao"][at] != base["emission_rao"][at]).any()
    until = f"{79 * 12 - 1} s"
    before = [Run(folder, name, schedule, until=until).digests for name, schedule in
              (("cut", []), ("cut-late", ["{at: 79 blocks, set: {mechanism: yuma3}}"]))]
    assert before[0] == before[1]
    rows = switched.events("mechanism_changed")
    assert len(rows) == 1 and switched["events/time_ns"][rows[0]] == 79 * 12 * 10**9
    assert switched["events/block"][rows[0]] == 78
    row = int(switched["events/value"][rows[0]])
    assert switched.texts("schedule/path")[row] == "mechanism"
    assert switched.texts("schedule/value")[row].startswith("yuma3")


def there_and_back_leaves_the_rule_of_the_start(folder, base):
    """Between two epochs another mechanism never acts; bonds survive both migrations."""
    del base
    sets = ["mechanism=yuma2"]
    plain = Run(folder, "yuma2", sets=sets)
    back = Run(folder, "back", ["{at: 81 blocks, set: {mechanism: yuma2}}",
                                "{at: 90 blocks, set: {mechanism.bonds_moving_average: 900000}}"],
               sets=sets)
    assert back.digests == plain.digests, (back.digests, plain.digests)


def the_cap_on_uids_rises_while_running(folder, base):
    sets = ["chain.max_registrations_per_block=4", "chain.max_registrations_per_interval_factor=0",
            "groups.swarm.host.hash_rate=200 MH/s"]
    low = Run(folder, "low", sets=sets)
    raised = Run(folder, "raised", ["{at: 70 blocks, set: {chain.max_uids: 136}}"], sets=sets)
    assert rows_equal(raised_head(raised), raised_head(low), 3)
    assert low["peers"].max() == 128
    peers = raised["peers"]
    assert (peers[:3] == 128).all() and 128 < peers[-1] <= 136, peers
    assert raised["stake_rao"].shape[1] == 136


def raised_head(run):
    """The slots that both results have."""
    class Head:
        def __getitem__(self, name):
            return run[name][:, :128] if run[name].ndim == 2 else run[name]
    return Head()


def ten_times_the_hash_rate_brings_more_registrations(folder, base):
    more = Run(folder, "hash", ["{at: 10 min, set: {groups.swarm.host.hash_rate: 1 GH/s}}"])
    assert rows_equal(more, base, 2)
    seen = [run["registrations"].sum() for run in (more, base)]
    assert seen[0] > seen[1], seen


def a_strategy_comes_later_and_the_result_says_so(folder, base):
    muted = Run(folder, "muted", ["{at: 50 blocks, set: {groups.large.strategy: mute}}"])
    labels = muted.file["strategy"].attrs["flag_meanings"]
    labels = (labels.decode() if isinstance(labels, bytes) else labels).split()
    member = muted["group_id"] == muted.texts("groups/name").index("large")
    assert muted.texts("groups/strategy_name")[2] == "honest"
    strategy = muted["strategy"]
    first = muted["block"] < 50
    assert {labels[k] for k in set(strategy[first][member[first]])} == {"honest"}
    assert {labels[k] for k in set(strategy[~first][member[~first]])} == {"mute"}
    answered = [run["queries_answered"][-1][run["group_id"][-1] == 2].sum()
                for run in (muted, base)]
    assert answered[0] == 0 < answered[1], answered


def questions_change_their_pace(folder, base):
    slow = Run(folder, "slow", ["{at: 59 blocks, set: {query.interval: 60 s}}"])
    asked = [run["queries_asked"].sum(axis=1) for run in (slow, base)]
    assert (asked[0][:2] == asked[1][:2]).all()
    assert asked[0][-1] < asked[1][-1] / 2, asked


def bonds_are_recorded_around_a_change_only(folder, base):
    run = Run(folder, "bonds", ["{at: 60 blocks, set: {record.bonds_interval: 1}}",
                                "{at: 110 blocks, set: {record.bonds_interval: 0}}"])
    assert run.digests == base.digests
    assert list(run["bonds/block"]) == [79, 100], run["bonds/block"]


def resumed_behind_the_changes_it_is_the_same_run(folder, base):
    """Ended behind each change in turn and continued: the same file, but for /provenance."""
    del base
    schedule = [
        "{at: 40 blocks, set: {mechanism: {name: yuma3}, chain.max_uids: 132,"
        " chain.max_registrations_per_block: 4, groups.swarm.host.hash_rate: 2 GH/s,"
        " groups.small.host.flops: 3 TFLOP/s}}",
        "{at: 61 blocks, set: {query.interval: 20 s, query.wire_scale: 100, groups.large.strategy:"
        " mute, record.bonds_interval: 1}}",
        "{at: 100 blocks, set: {mechanism.bonds_moving_average: 800000, chain.tempo: 10 blocks}}",
    ]
    whole = Run(folder, "unbroken", schedule)
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "same_result.py")
    for until in ("9 min", "13 min", "25 min"):
        part = Run(folder, "part-" + until.replace(" ", ""), schedule, until=until)
        part.file.close()
        done = call("resume", part.path, "--quiet", "--until", UNTIL)
        assert done.returncode == 0, done.stderr
        with h5py.File(os.path.join(part.path, "result.h5")) as file:
            assert "resumed_from_epoch" in file["provenance"].attrs
        same = subprocess.run([sys.executable, tool, os.path.join(whole.path, "result.h5"),
                               os.path.join(part.path, "result.h5")], check=False,
                              capture_output=True, text=True)
        assert same.returncode == 0, same.stdout + same.stderr


def show_and_report_list_what_the_schedule_sets(folder, base):
    path = os.path.join(folder, "late", "result.h5")
    said = call("show", path, "schedule").stdout
    assert "mechanism" in said and "yuma3" in said and "948000000000" in said, said
    page = os.path.join(folder, "late.html")
    assert call("report", path, "-o", page).returncode == 0
    with open(page, encoding="utf-8") as file:
        assert '"changes":{"rows":1' in file.read()
    del base


def the_resolved_scenario_keeps_its_schedule(folder, base):
    del base
    once = call("run", "--dry-run", os.path.join(folder, "late.yaml"))
    assert once.returncode == 0 and "schedule:\n  - at: 79 blocks" in once.stdout, once.stderr
    stored = os.path.join(folder, "late", "result.h5")
    done = call("verify", stored, "--quiet")
    assert done.returncode == 0, done.stdout + done.stderr


def main():
    cases = [case for case in globals().values()
             if callable(case) and getattr(case, "__code__", None) is not None
             and case.__code__.co_varnames[:2] == ("folder", "base")]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        base = Run(folder, "base")
        for case in cases:
            try:
                case(folder, base)
                print(f"ok   {case.__name__.replace('_', ' ')}")
            except (AssertionError, KeyError, OSError, ValueError) as error:
                failed += 1
                print(f"FAIL {case.__name__.replace('_', ' ')}: {error!r}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
