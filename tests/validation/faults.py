"""What goes wrong in a scenario is felt by those it strikes, and by nobody else.

usage: faults.py TAOSIM SCENARIO [CASE-WORD]

Whole runs of scenarios/outage, shortened, with other faults in place of its own; results are read
with h5py.
"""
import math
import os
import subprocess
import sys
import tempfile

import h5py
import numpy

TAOSIM, SCENARIO = sys.argv[1:3]
UNTIL = "90 min"
NOBODY = 2**32 - 1
FAULT, RECOVERED = 7, 8  # of /events/kind


class Run:
    """One finished run with the given faults (texts of YAML); the scenario's own strikes nobody."""

    def __init__(self, folder, name, faults, sets=(), until=UNTIL, threads=2):
        path = os.path.join(folder, name)
        command = [TAOSIM, "run", SCENARIO, "-o", path, "--quiet", "--threads", str(threads),
                   "--until", until, "--set", "faults.unsteady-power.share=0"]
        for key, value in list(sets) + [(f"faults.{key}", text) for key, text in faults.items()]:
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
        self.digest = done.stdout.split("trace_digest")[1].split()[0]
        self.file = h5py.File(os.path.join(path, "result.h5"))
        self.groups = [text.decode() for text in self["groups/name"]]

    def __getitem__(self, name):
        return self.file[name][()]

    def of(self, group, name):
        """The values of an (epoch, uid) variable of one group, as numbers that do not wrap."""
        mask = self["group_id"] == self.groups.index(group)
        return numpy.where(mask, self[name].astype(float), 0)

    def total(self, group, name):
        return self.of(group, name).sum()

    def silence(self, group):
        """Which part of the questions to a group was asked in vain."""
        lost = self.total(group, "queries_timed_out")
        return lost / (lost + self.total(group, "queries_answered"))

    def episodes(self, name):
        """(hotkey, begin, end) in seconds of each episode of a fault; end inf if it holds on."""
        number = self.file.attrs["fault_names"].split().index(name)
        open_since, found = {}, []
        for kind, hotkey, at_ns, value in zip(self["events/kind"], self["events/hotkey_id"],
                                              self["events/time_ns"], self["events/value"]):
            if value != number or kind not in (FAULT, RECOVERED):
                continue
            if kind == FAULT:
                assert hotkey not in open_since, "begun twice"
                open_since[hotkey] = at_ns / 1e9
            else:
                found.append((hotkey, open_since.pop(hotkey), at_ns / 1e9))
        return found + [(hotkey, begin, math.inf) for hotkey, begin in open_since.items()]


def servers_that_are_down_answer_nothing_and_earn_less(folder, base):
    run = Run(folder, "crash", {"cut": "{kind: crash, groups: [flaky], at: 20 min, for: 40 min}"})
    assert base.silence("flaky") < 0.01, base.silence("flaky")
    ends_s = base["time"]
    inside = (ends_s > 1800 + 60) & (ends_s < 3600)  # epochs that lie wholly within the outage
    assert inside.sum() >= 2, ends_s
    assert run.of("flaky", "queries_answered")[inside].sum() == 0
    assert run.of("flaky", "training_steps")[inside].sum() == 0
    assert run.of("flaky", "queries_timed_out")[inside].sum() > 100
    assert run.of("flaky", "queries_answered")[ends_s > 4300].sum() > 100, "they did not return"
    earned = [of.total("flaky", "emission_rao") for of in (base, run)]
    assert earned[1] < 0.8 * earned[0], earned
    steady = [of.total("steady", "emission_rao") for of in (base, run)]
    assert steady[1] > steady[0], steady
    assert run.silence("steady") < 0.01
    episodes = run.episodes("cut")
    assert len(episodes) == 16 and {(b, e) for _, b, e in episodes} == {(1200.0, 3600.0)}, episodes


def a_crashed_step_of_training_is_dropped_and_done_again(folder, base):
    """Down for a moment only: the steps are one fewer at most, and the losses stay finite."""
    run = Run(folder, "blink", {"blink": "{kind: crash, at: 40 min, for: 1 ms}"})
    for group in ("steady", "flaky", "validators"):
        count = (base["group_id"][-1] == base.groups.index(group)).sum()
        steps = [of.total(group, "training_steps") for of in (base, run)]
        assert steps[0] - count <= steps[1] <= steps[0], (group, steps)
    assert numpy.isfinite(run["loss_true_nats"][-1]).all()
    assert len(run.episodes("blink")) == 72


def validators_that_are_down_ask_nobody_and_set_no_weights(folder, base):
    run = Run(folder, "blind", {"blind": "{kind: crash, groups: [validators], first: 3, "
                                         "at: 20 min, for: 40 min}"})
    uids = numpy.flatnonzero(run["group_id"][-1] == run.groups.index("validators"))
    inside = (run["time"] > 1860) & (run["time"] < 3600)
    asked = run["queries_asked"][inside][:, uids]
    assert (asked[:, :3] == 0).all() and (asked[:, 3:] > 0).all(), asked
    at_s = run["set_weights/time_ns"] / 1e9
    who = run["set_weights/uid"][(at_s > 1212) & (at_s < 3600)]  # a call waits a block at most
    assert set(who) == set(uids[3:]), set(who)
    after = run["set_weights/uid"][at_s > 3600]
    assert set(uids[:3]) <= set(after), "they did not return"


def slow_hosts_answer_later_and_train_less(folder, base):
    run = Run(folder, "slow", {"heat": "{kind: slow, groups: [flaky], speed: 0.008}"})
    assert run.total("flaky", "training_steps") < 0.9 * base.total("flaky", "training_steps")
    waits = [of.total("flaky", "wait_ns") / of.total("flaky", "queries_answered")
             for of in (base, run)]
    assert waits[1] > 100 * waits[0], waits
    assert run.silence("flaky") > 0.1 and base.silence("flaky") == 0, run.silence("flaky")
    assert run.silence("steady") == 0
    assert run.total("steady", "wait_ns") < 1.2 * base.total("steady", "wait_ns")


def a_partition_silences_each_side_for_the_other(folder, base):
    """All validators in Europe, all steady servers in Japan, the flaky ones with the validators."""
    sets = [("groups.validators.host.region", "europe"), ("groups.steady.host.region", "japan"),
            ("groups.flaky.host.region", "europe")]
    run = Run(folder, "cut", {"cable": "{kind: partition, regions: [japan], at: 20 min, "
                                       "for: 40 min}"}, sets)
    inside = (run["time"] > 1860) & (run["time"] < 3600)
    assert run.of("steady", "queries_answered")[inside].sum() == 0
    assert run.of("flaky", "queries_answered")[inside].sum() > 100
    assert run.of("flaky", "queries_timed_out")[inside].sum() == 0
    assert run.of("steady", "queries_answered")[run["time"] > 4300].sum() > 100
    other = Run(folder, "uncut", {"cable": "{kind: partition, regions: [japan], "
                                           "from: [australia], at: 20 min, for: 40 min}"}, sets)
    assert other.silence("steady") < 0.01, "europe was not cut off"
    assert run.episodes("cable") == [(NOBODY, 1200.0, 3600.0)]


def a_link_that_loses_messages_loses_as_many_answers(folder, base):
    """Request and answer each get through with 1 - 0.3."""
    run = Run(folder, "lossy", {"radio": "{kind: link, groups: [flaky], loss: 0.3}"})
    count = (run.total("flaky", "queries_timed_out") +
             run.total("flaky", "queries_answered") * 1.0)
    # Answers are counted when they are sent; what the caller misses is counted as timed out, so
    # answered = 0.7 asked and timed out = 0.51 asked.
    lost, answered = run.total("flaky", "queries_timed_out"), run.total("flaky", "queries_answered")
    asked = answered / 0.7
    half = 4 * math.sqrt(0.51 * 0.49 / asked) + 4 * math.sqrt(0.7 * 0.3 / asked)
    assert count > 1000 and abs(lost / asked - 0.51) < half, (lost, answered, lost / asked, half)
    assert run.silence("steady") < 0.01


def a_flood_delays_and_silences_its_victim(folder, base):
    """60 hosts push through the victim's 20 Mbit/s; a request comes in behind all that."""
    sets = [("groups.flaky.host.down", "20 Mbit/s")]
    flood = ("{kind: flood, groups: [steady], victim: flaky, victim_index: 5, parallel: 40, "
             "message: 400 kB, at: 20 min, for: 40 min}")
    calm = Run(folder, "calm", {}, sets)
    run = Run(folder, "flood", {"ddos": flood}, sets)
    uid = int(numpy.flatnonzero(run["group_id"][-1] == run.groups.index("flaky"))[5])
    inside = (run["time"] > 1860) & (run["time"] < 3600)
    answered = [of["queries_answered"][inside][:, uid].sum() for of in (calm, run)]
    missed = [of["queries_timed_out"][inside][:, uid].sum() for of in (calm, run)]
    assert missed[0] == 0 and missed[1] > 0.9 * answered[0], (answered, missed)
    others = numpy.arange(run["group_id"].shape[1]) != uid
    assert run["queries_timed_out"][:, others].sum() < 0.01 * run["queries_answered"].sum()
    back = run["time"] > 4300
    assert run["queries_timed_out"][back, uid].sum() == 0, "the flood did not end"
    assert run["queries_answered"][back, uid].sum() > 0
    assert [(b, e) for _, b, e in run.episodes("ddos")] == [(1200.0, 3600.0)]


def random_failures_keep_hosts_up_for_mtbf_of_mtbf_and_mttr(folder, base):
    """64 hosts, 30 and 10 minutes, 40 hours: up for 3/4 of the time, within 4 deviations.

    The part of a time T that an alternating renewal process with exponential times of means f and
    r spends down has the variance 2 f^2 r^2 / ((f + r)^3 T) (its asymptotic; about 64 x 60 turns).
    """
    quiet = [("query.interval", "1 h"), ("groups.steady.training.enabled", "false"),
             ("groups.flaky.training.enabled", "false"), ("query.weights_interval", "1000 blocks"),
             ("groups.validators.training.enabled", "false"), ("record.evaluation_sequences", "1"),
             ("chain.tempo", "1000 blocks")]
    run = Run(folder, "renewal", {"flaky": "{kind: crash, groups: [steady, flaky], "
                                           "mtbf: {exponential: {mean: 30 min}}, "
                                           "mttr: {exponential: {mean: 10 min}}}"},
              quiet, until="40 h")
    end_s, hosts, up_s, down_s = 40 * 3600, 64, 1800, 600
    episodes = run.episodes("flaky")
    down = sum(min(e, end_s) - b for _, b, e in episodes) / (hosts * end_s)
    # All begin up, which shifts the mean by r f / ((f + r)^2) * (f r / (f + r)) / T.
    mean = down_s / (up_s + down_s)
    start = mean * (up_s * down_s / (up_s + down_s)) / end_s
    deviation = math.sqrt(2 * up_s**2 * down_s**2 / (up_s + down_s)**3 / (hosts * end_s))
    print(f"     up {1 - down:.4f} of the time, expected {1 - mean + start:.4f}, "
          f"deviation {deviation:.4f}; {len(episodes)} failures")
    assert abs(down - mean + start) < 4 * deviation, (down, mean, start, deviation)
    assert len({hotkey for hotkey, _, _ in episodes}) == hosts
    assert len({begin for _, begin, _ in episodes}) == len(episodes), "hosts fail together"
    table = os.path.join(folder, "tables")
    subprocess.run([TAOSIM, "report", run.file.filename, "-o", table + ".html", "--csv", table],
                   check=True, capture_output=True)
    with open(os.path.join(table, "faults.csv"), encoding="utf-8") as file:
        row = [line.strip().split(",") for line in file if line.startswith("flaky,")][0]
    last_s = run["time"][-1]
    held_h = sum(min(e, last_s) - b for _, b, e in episodes if b <= last_s) / 3600
    began = sum(b <= last_s for _, b, _ in episodes)
    assert [int(row[1]), int(row[2])] == [began, hosts] and abs(float(row[3]) - held_h) < 1e-6, row


def a_region_that_is_drawn_follows_the_shares_of_nodes(folder, base):
    """Cutting off the largest region strikes about its share of the hosts."""
    run = Run(folder, "share", {"eu": "{kind: crash, regions: [europe]}"}, until="11 min")
    struck = len(run.episodes("eu"))
    assert abs(struck - 72 * 0.4998) < 4 * math.sqrt(72 * 0.25), struck
    half = Run(folder, "half", {"half": "{kind: crash, share: 0.5}"}, until="11 min")
    assert abs(len(half.episodes("half")) - 36) < 4 * math.sqrt(72 * 0.25)


def a_fault_moves_no_draw_of_others(folder, base):
    """Another random fault leaves the times of the first alone, and an empty one everything."""
    first = "{kind: slow, groups: [flaky], mtbf: {exponential: {mean: 10 min}}, " \
            "mttr: {exponential: {mean: 2 min}}}"
    second = first.replace("[flaky]", "[steady]")
    one = Run(folder, "one", {"a": first})
    two = Run(folder, "two", {"b": second, "a": first})
    assert one.episodes("a") == two.episodes("a") and one.episodes("a")
    none = Run(folder, "none", {"a": "{kind: crash, share: 0}"})
    for name in ("stake_rao", "incentive", "queries_answered", "loss_true_nats"):
        assert (none[name] == base[name]).all(), name


ALL_KINDS = {
    "a": "{kind: crash, groups: [flaky], mtbf: {exponential: {mean: 10 min}}, "
         "mttr: {lognormal: {median: 2 min, sigma: 1}}}",
    "b": "{kind: slow, groups: [steady], share: 0.5, speed: 0.2, mtbf: 5 min, mttr: 3 min}",
    "c": "{kind: link, groups: [steady], loss: 0.1, up: 0.5, latency: 4, at: 10 min, for: 20 min}",
    "d": "{kind: partition, regions: [asia_pacific, japan], from: [europe], at: 20 min, "
         "for: 10 min}",
    "e": "{kind: flood, groups: [flaky], victim: steady, mtbf: {exponential: {mean: 4 min}}, "
         "mttr: {exponential: {mean: 2 min}}, for: 40 min}",
    "f": "{kind: crash, groups: [validators], first: 2, at: 15 min, for: 90 s}",
}


def all_kinds_at_once_give_one_digest_for_1_2_and_7_threads(folder, base):
    sets = [("query.gradients", "true"), ("groups.steady.training.remote", "sum"),
            ("groups.flaky.training.remote", "norm"), ("groups.validators.training.distil", "0.5")]
    digests = {Run(folder, f"all{threads}", ALL_KINDS, sets, until="45 min", threads=threads).digest
               for threads in (1, 2, 7)}
    assert len(digests) == 1, digests


def a_host_that_is_down_does_not_work_for_a_uid(folder, base):
    """Registration: the solving times are drawn for the hash rate that is up."""
    sets = [("groups.flaky.genesis", "false"), ("groups.flaky.host.hash_rate", "1 MH/s"),
            ("chain.difficulty", "1000000000"), ("chain.target_registrations", "8")]
    up = Run(folder, "entering", {}, sets)
    down = Run(folder, "absent", {"off": "{kind: crash, groups: [flaky], for: 40 min}"}, sets)

    def first_s(run):
        rows = run["hotkeys/group_id"] == run.groups.index("flaky")
        return run["hotkeys/time_ns"][rows] / 1e9

    assert len(first_s(up)) == 16 and first_s(up).min() < 1200, first_s(up)
    assert first_s(down).min() >= 2400, first_s(down)
    assert down.total("flaky", "queries_answered") > 0, "nobody announced itself afterwards"


CASES = [value for value in list(globals().values())
         if callable(value) and getattr(value, "__code__", None) is not None
         and value.__code__.co_varnames[:2] == ("folder", "base")]


def main():
    failed, word = 0, "".join(sys.argv[3:4])
    count = sum(word in case.__name__ for case in CASES)
    with tempfile.TemporaryDirectory() as folder:
        base = Run(folder, "base", {})
        for case in [case for case in CASES if word in case.__name__]:
            try:
                case(folder, base)
                print("ok  ", case.__name__, flush=True)
            except AssertionError as why:
                failed += 1
                print("FAIL", case.__name__, why, flush=True)
    print(f"{count - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
