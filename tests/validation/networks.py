"""Several networks on one chain: what is each one's own, what they share, and who splits it.

usage: networks.py TAOSIM

Runs of data/networks.yaml, of a few seconds together.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

from same_result import differences

TAOSIM = os.path.abspath(sys.argv[1])
SCENARIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "networks.yaml")
RAO = 10**9
# What is the whole chain's or the whole run's, and numbers of rows in tables of all networks.
SHARED = {"total_stake_rao", "total_issuance_rao", "event_count", "emission_share", "hotkey_id",
          "owner_id", "group_id", "epoch", "uid", "target"}
ROOT = """
chain: {emission_split: root}
root:
  tempo: 49 blocks
  voters:
    some: {group: prose/validators, first: 3, weights: [prose 1, code 3], interval: 20 blocks}
    others: {group: code/validators, first: 1, weights: [code 1], interval: 20 blocks}
"""


def call(*arguments):
    return subprocess.run([TAOSIM, *arguments], check=False, capture_output=True, text=True)


class Run:
    """A finished run of the scenario with a text laid over it."""

    def __init__(self, folder, name, over="", options=()):
        self.path = os.path.join(folder, name)
        self.scenario = self.path + ".yaml"
        with open(self.scenario, "w", encoding="utf-8") as file:
            file.write(f"base: {SCENARIO}\n{over}\n")
        done = call("run", self.scenario, "-o", self.path, "--quiet", *options)
        assert done.returncode == 0, (done.args, done.stdout, done.stderr)
        self.digests = done.stdout.split("digest_order")[1].split("\n", 1)
        self.digest = done.stdout.split("trace_digest")[1].split()[0]
        self.file = h5py.File(os.path.join(self.path, "result.h5"))

    def of(self, name, netuid, column="netuid"):
        folder = os.path.dirname(name)
        whose = self.file[os.path.join(folder, column)][()]
        return self.file[name][()][whose == netuid]

    def epochs(self):
        return [name for name, item in self.file.items()
                if isinstance(item, h5py.Dataset) and item.shape and name not in ("epoch", "uid")
                and item.shape[0] == self.file["netuid"].shape[0] and name != "scenario"]


def unlike(one, other, netuid):
    """Variables over epochs in which a network's rows differ, slots that only one has left out."""
    found = set()
    for name in one.epochs():
        a, b = one.of(name, netuid), other.of(name, netuid)
        assert len(a) > 2, (name, len(a))
        if a.ndim == 2:
            width = min(a.shape[1], b.shape[1])
            a, b = a[:, :width], b[:, :width]
        if a.shape != b.shape or a.tobytes() != b.tobytes():
            found.add(name)
    return found


def calls(run, netuid):
    """Every row of weights of a network, with its block and slot."""
    file = run.file["set_weights"]
    rows = numpy.flatnonzero(file["netuid"][()] == netuid)
    start, count = file["entry_start"][()], file["entry_count"][()]
    target, value = file["target"][()], file["value"][()]
    return [(file["block"][r], file["uid"][r], target[start[r]:start[r] + count[r]].tolist(),
             value[start[r]:start[r] + count[r]].tolist()) for r in rows]


def a_network_beside_another_is_what_it_is_alone(folder, both):
    """Of the same emission: under finney without halvings it depends on nothing else."""
    parts = (("prose", 1, "0.75", "code"), ("code", 3, "0.25", "prose"))
    for name, netuid, emission, other in parts:
        alone = Run(folder, name + "-alone",
                    f"chain: {{block_emission: {emission} TAO}}\n"
                    f"networks: {{{name}: {{chain: {{emission_share: 1}}}}, {other}: ~}}")
        assert unlike(both, alone, netuid) <= SHARED, unlike(both, alone, netuid) - SHARED
        assert {"total_issuance_rao", "event_count"} <= unlike(both, alone, netuid)
        assert calls(both, netuid) == calls(alone, netuid), name
        assert len(calls(alone, netuid)) > 20, len(calls(alone, netuid))
        assert (both.of("events/amount_rao", netuid).tobytes() ==
                alone.of("events/amount_rao", netuid).tobytes())


def one_network_more_moves_no_draw_of_the_others(folder, both):
    more = Run(folder, "three", """
chain: {block_emission: 2 TAO}
networks:
  prose: {chain: {emission_share: 0.375}}
  code: {chain: {emission_share: 0.125}}
  between:
    netuid: 2
    chain: {tempo: 40 blocks, emission_share: 0.5}
    groups: {miners: {count: 20}}
""")
    for netuid in (1, 3):
        assert unlike(both, more, netuid) <= SHARED, unlike(both, more, netuid) - SHARED
    assert set(more.file["netuid"][()]) == {1, 2, 3}


def networks_of_the_same_groups_draw_apart(folder, both):
    run = Run(folder, "twins", """
networks:
  code: ~
  verse: {netuid: 2, chain: {tempo: 99 blocks, emission_share: 0.25}}
""")
    for name in ("loss_true_nats", "queries_answered", "bytes_up"):
        assert run.of(name, 1)[1].tobytes() != run.of(name, 2)[1].tobytes(), name


def rows_are_in_the_order_of_time_and_names_are_there(folder, both):
    file = both.file
    assert numpy.all(numpy.diff(file["block"][()]) >= 0)
    assert [name.decode() for name in file["networks/name"][()]] == ["prose", "code"]
    assert file["networks/netuid"][()].tolist() == [1, 3]
    assert [name.decode() for name in file["networks/mechanism_name"][()]] == ["finney", "yuma3"]
    assert file["networks/exact_entropy_nats"][()].round(6).tolist() == [1.6, 1.2]
    groups = [name.decode() for name in file["groups/name"][()]]
    assert groups == ["prose/validators", "prose/miners", "code/validators", "code/miners",
                      "code/late"], groups
    held = file["hotkey_id"][()] != 4294967295
    for netuid, own in ((1, {0, 1}), (3, {2, 3, 4})):
        rows = file["netuid"][()] == netuid
        assert set(numpy.unique(file["group_id"][()][rows][held[rows]])) == own
        hotkeys = file["hotkey_id"][()][rows][held[rows]]
        assert set(file["hotkeys/group_id"][()][hotkeys]) <= own
    owners = [set(file["hotkeys/owner_id"][()][numpy.isin(file["hotkeys/group_id"][()], list(own))])
              for own in ({0, 1}, {2, 3, 4})]
    assert not owners[0] & owners[1], "owners of two networks are two people"


def the_fixed_split_is_exact_to_the_last_rao(folder, both):
    """finney runs an epoch every tempo + 1 blocks and offers it what has queued up."""
    for netuid, share, tempo in ((1, 750000000, 99), (3, 250000000, 60)):
        offered = both.of("states/emission_offered_rao", netuid)
        first, *others = offered.tolist()
        assert others and set(others) == {share * (tempo + 1)}, offered
        assert first == share * int(both.of("block", netuid)[0])
    thirds = Run(folder, "thirds", """
networks:
  prose: {chain: {emission_share: 0.333333334, tempo: 60 blocks}}
  code: {chain: {emission_share: 0.333333333}}
  verse: {netuid: 7, chain: {tempo: 60 blocks, emission_share: 0.333333333}}
""")
    sums = {netuid: thirds.of("states/emission_offered_rao", netuid)[1] for netuid in (1, 3, 7)}
    assert sums == {1: 333333334 * 61, 3: 333333333 * 61, 7: 333333333 * 61}, sums


def what_exists_is_what_was_there_and_what_was_minted(folder, both):
    """Issuance at an epoch is the start's and what all networks have been paid by then; finney pays
    an epoch one block later."""
    blocks, paid = both.file["block"][()], both.file["emission_rao"][()].astype(object)
    first = int(both.file["total_issuance_rao"][()][0])
    start = 4 * 1000 * RAO * 2 + 24 * RAO + 6 * 50 * RAO
    assert first == start, (first, start)
    for row in range(1, len(blocks)):
        minted = int(both.file["total_issuance_rao"][()][row]) - start
        by_then = int(paid[blocks < blocks[row]].sum())
        assert minted == by_then, (row, minted, by_then)
    assert 0 < minted <= RAO * int(blocks[-1])


def rows_of_root(run):
    """(block, row of /hotkeys, {netuid: weight}) of each call on root."""
    return [(call[0], run.file["set_weights/hotkey_id"][()][i], dict(zip(call[2], call[3])))
            for call, i in zip(calls(run, 0), numpy.flatnonzero(run.file["set_weights/netuid"][()]
                                                                == 0))]


def root_splits_by_the_stake_that_weighs(folder, both):
    run = Run(folder, "root", ROOT)
    votes = rows_of_root(run)
    assert len({hotkey for _, hotkey, _ in votes}) == 4, "three seats of prose and one of code"
    assert all(set(row) <= {1, 3} for _, _, row in votes)
    assert set(run.of("set_weights/age_blocks", 0)) == {1}, "sent in one block, taken in the next"
    share = {netuid: run.of("emission_share", netuid) for netuid in (1, 3)}
    assert share[1][0] != 0.75 or share[3][0] != 0.25 or len(votes) > 0
    last = {hotkey: row for _, hotkey, row in votes}
    # With equal stakes three vote 1:3 and one for code alone; trust of prose is 3/4, of code 1.
    stake = dict(zip(run.of("hotkey_id", 1)[-1], run.of("stake_rao", 1)[-1].astype(float)))
    stake.update(zip(run.of("hotkey_id", 3)[-1], run.of("stake_rao", 3)[-1].astype(float)))
    total = sum(stake[hotkey] for hotkey in last)
    support = {}
    for netuid in (1, 3):
        rank = sum(stake[h] / total * row.get(netuid, 0) / sum(row.values())
                   for h, row in last.items())
        trust = sum(stake[h] / total for h, row in last.items() if row.get(netuid, 0) > 0)
        support[netuid] = rank / (1 + numpy.exp(-10 * (trust - 0.5)))
    expected = support[3] / sum(support.values())
    # Stakes moved since root's last count, by less than a hundredth of the split.
    assert abs(share[3][-1] - expected) < 0.005, (share[3][-1], expected)
    assert abs(share[1][-1] + share[3][-1] - 1) < 1e-12
    assert 0.75 < share[3][-1] < 0.9


def commits_and_cuts_are_of_their_own_network(folder, both):
    run = Run(folder, "committed", """
chain: {profile: current, commit_reveal: true}
query: {heed_limits: true}
networks: {code: {groups: {validators: {money: {owns_network: true}}}}}
""")
    kinds = run.file["events/kind"]
    committed = kinds[()] == kinds.attrs["flag_meanings"].split().index("committed")
    assert set(run.file["events/netuid"][()][committed]) == {1, 3}
    hotkeys = run.file["events/hotkey_id"][()][committed]
    owners = run.file["hotkeys/owner_id"][()][hotkeys]
    assert owners.tolist() == run.file["events/owner_id"][()][committed].tolist()
    # One network's owner takes nothing from the other.
    cut_rao = 250000000 * 11796 // 65535
    assert set(run.of("states/emission_offered_rao", 1)) == {99 * 750000000}
    assert set(run.of("states/emission_offered_rao", 3)) == {60 * (250000000 - cut_rao)}


def votes_may_change_while_running(folder, both):
    plain = Run(folder, "votes-before", ROOT)
    run = Run(folder, "votes-after", ROOT + """
schedule:
  - {at: 40 min, set: {root.voters.some.weights: [prose 1], root.voters.others.weights: [prose 1]}}
""")
    changed = 200
    for netuid in (1, 3):
        before = plain.of("block", netuid) <= changed
        assert (plain.of("emission_share", netuid)[before].tolist() ==
                run.of("emission_share", netuid)[before].tolist())
    assert run.of("emission_share", 3)[-1] == 0 and run.of("emission_share", 1)[-1] == 1


def a_split_may_pass_to_root_and_back(folder, both):
    run = Run(folder, "handed-over", ROOT.replace("root}", "fixed}", 1) + """
schedule:
  - {at: 25 min, set: {chain.emission_split: root}}
  - {at: 55 min, set: {chain.emission_split: fixed}}
""")
    blocks, share = run.of("block", 3), run.of("emission_share", 3)
    assert set(share[blocks <= 125]) == {0.25} and set(share[blocks > 275]) == {0.25}, share
    assert 0.8 < max(share[(blocks > 175) & (blocks <= 275)]) < 0.9, share


def a_schedule_names_its_network(folder, both):
    run = Run(folder, "one-changes", """
schedule:
  - {at: 30 min, set: {networks.code.chain.tempo: 20 blocks, networks.code.mechanism: finney,
      networks.code.query.interval: 90 s, networks.code.groups.miners.host.flops: 2 TFLOP/s}}
""")
    assert unlike(both, run, 1) <= SHARED, "prose goes on as if nothing had happened"
    # Before the change the slots that the schedule makes room for are the same, too.
    early = both.of("block", 3) <= 150
    count = int(early.sum())
    assert count >= 2
    assert both.of("stake_rao", 3)[:count].tobytes() == run.of("stake_rao", 3)[:count].tobytes()
    assert len(run.of("block", 3)) > len(both.of("block", 3)) + 4
    kinds = run.file["events/kind"]
    names = kinds.attrs["flag_meanings"].split()
    changed = numpy.isin(kinds[()], [names.index(n) for n in
                                     ("parameter_changed", "mechanism_changed")])
    assert set(run.file["events/netuid"][()][changed]) == {3}


def any_number_of_threads_gives_the_same_digest(folder, both):
    for threads in (1, 2, 7):
        run = Run(folder, f"threads-{threads}", options=("--threads", str(threads)))
        assert run.digest == both.digest, threads


def a_killed_run_is_continued_to_the_same_result(folder, both):
    over = ROOT + """
faults:
  crash:
    kind: crash
    groups: [code/miners, prose/validators]
    mtbf: {exponential: {mean: 20 min}}
    mttr: 2 min
schedule: [{at: 30 min, set: {networks.code.chain.tempo: 20 blocks}}]
"""
    whole = Run(folder, "whole", over)
    cut = os.path.join(folder, "cut")
    with subprocess.Popen([TAOSIM, "run", whole.scenario, "-o", cut, "--quiet",
                           "--checkpoint-each-epoch"], stdout=subprocess.DEVNULL) as process:
        kept = os.path.join(cut, "checkpoint")
        while process.poll() is None and not (os.path.isdir(kept) and len(os.listdir(kept)) > 1):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    shutil.rmtree(os.path.join(cut, "result.h5"), ignore_errors=True)
    done = call("resume", cut)
    assert done.returncode == 0, done.stderr
    assert "continuing behind epoch" in done.stderr, done.stderr
    found = differences(os.path.join(whole.path, "result.h5"), os.path.join(cut, "result.h5"))
    assert not found, found


def faults_find_the_hosts_of_the_network_that_is_named(folder, both):
    run = Run(folder, "fault", """
faults: {dark: {kind: crash, groups: [code/miners], at: 20 min, for: 30 min}}
""")
    assert unlike(both, run, 1) <= SHARED
    assert "queries_timed_out" in unlike(both, run, 3)
    kinds = run.file["events/kind"]
    fault = kinds[()] == kinds.attrs["flag_meanings"].split().index("fault")
    assert fault.sum() == 10 and set(run.file["events/netuid"][()][fault]) == {3}
    everywhere = Run(folder, "fault-everywhere", """
faults: {dark: {kind: crash, groups: [miners], at: 20 min, for: 30 min}}
""")
    fault = everywhere.file["events/kind"][()] == 7
    assert fault.sum() == 24, fault.sum()


def messages_take_the_links_of_their_own_network(folder, both):
    """Where all of prose is too far away to answer in time, nobody of code is."""
    run = Run(folder, "far", "networks: {prose: {groups: {miners: {host: {latency: 9 s}}, "
                             "validators: {host: {latency: 9 s}}}}}")
    assert unlike(both, run, 3) <= SHARED, unlike(both, run, 3) - SHARED
    assert run.of("queries_answered", 3).sum() > 0
    assert run.of("queries_timed_out", 1).sum() > both.of("queries_timed_out", 1).sum()


def the_resolved_scenario_is_the_same_run(folder, both):
    run = os.path.join(folder, "again")
    done = call("run", os.path.join(both.path, "scenario.yaml"), "-o", run, "--quiet")
    assert done.returncode == 0 and both.digest in done.stdout, (done.stdout, done.stderr)
    done = call("verify", os.path.join(both.path, "result.h5"))
    assert done.returncode == 0, (done.stdout, done.stderr)


def a_set_names_a_network_and_a_base_is_a_pattern(folder, both):
    one = Run(folder, "set", options=("--set", "networks.code.chain.tempo=30 blocks",
                                      "--set", "networks.prose.groups.miners.count=9",
                                      "--set", "groups.validators.count=3"))
    two = Run(folder, "written", """
groups: {validators: {count: 3}}
networks: {code: {chain: {tempo: 30 blocks}}, prose: {groups: {miners: {count: 9}}}}
""")
    assert one.digest == two.digest != both.digest
    done = call("run", SCENARIO, "--dry-run", "--set", "networks.verse.chain.tempo=30 blocks")
    assert done.returncode == 2 and "'networks' has no group 'verse'" in done.stderr, done.stderr
    done = call("run", SCENARIO, "--dry-run", "--set", "networks.code.groups.mimers.count=3")
    assert done.returncode == 2 and "did you mean 'miners'?" in done.stderr, done.stderr


def a_prediction_is_of_all_networks(folder, both):
    """Questions and epochs of the whole are those of the parts."""
    def lines(*options):
        done = call("run", SCENARIO, "--dry-run", *options)
        assert done.returncode == 0, done.stderr
        words = [line.split() for line in done.stdout.splitlines() if line.startswith("#   ")]
        return {word[1]: float(word[2]) for word in words}
    whole = lines()
    parts = [lines("--set", f"networks.{name}=~",
                   "--set", f"networks.{other}.chain.emission_share=1")
             for name, other in (("code", "prose"), ("prose", "code"))]
    for name in ("questions", "epochs", "steps", "messages"):
        assert abs(whole[name] - sum(part[name] for part in parts)) <= 2, name
    assert whole["epochs"] == len(both.file["block"]), whole["epochs"]
    over = os.path.join(folder, "by-root.yaml")
    with open(over, "w", encoding="utf-8") as file:
        file.write(f"base: {SCENARIO}\n{ROOT}")
    done = call("run", over, "--dry-run")
    assert done.returncode == 0 and "# Predicted" in done.stdout, done.stderr


def tools_look_at_one_network(folder, both):
    result = os.path.join(both.path, "result.h5")
    for name, netuid, mechanism in (("prose", 1, "finney"), ("code", 3, "yuma3")):
        epochs = len(both.of("block", netuid))
        done = call("replay", result, "--network", name)
        assert f"network {name}, recorded with {mechanism}" in done.stdout, done.stdout
        assert f"{epochs} of {epochs} epochs pay what was recorded" in done.stdout, done.stdout
        shown = call("show", result, "epochs", "--csv", "--network", name).stdout.splitlines()
        assert len(shown) == epochs + 1
        groups = call("show", result, "groups", "--csv", "--network", name).stdout
        assert groups.count("/") == groups.count(f"{name}/") > 1, groups
        compared = call("compare", result, result, "--network", name)
        assert f"group.{name}/miners" in compared.stdout, compared.stdout
        done = call("report", result, "--network", name, "-o", os.path.join(folder, "r.html"))
        assert done.returncode == 0, done.stderr
        with open(os.path.join(folder, "r.html"), encoding="utf-8") as file:
            page = file.read()
        assert f"network {name}, netuid {netuid}" in page
        assert "<td>prose</td><td>1</td><td>finney</td>" in page and "25.00 %" in page
        done = call("epoch", result + "@1", "--network", name)
        assert f'"mechanism": "{"head" if mechanism == "yuma3" else mechanism}"' in done.stdout or \
            mechanism in done.stdout, done.stdout[:300]
    first = call("replay", result)
    assert "network prose" in first.stdout, "the first unless another is named"
    refused = call("replay", result, "--network", "verse")
    assert refused.returncode != 0 and "there are: prose, code" in refused.stderr, refused.stderr
    whole = call("show", result, "epochs", "--csv").stdout.splitlines()
    assert len(whole) == 1 + len(both.file["block"])


def a_replay_of_one_network_is_a_result_of_its_own(folder, both):
    copy = os.path.join(folder, "copy.h5")
    done = call("replay", os.path.join(both.path, "result.h5"), "--network", "code", "-o", copy)
    assert done.returncode == 0, done.stderr
    with h5py.File(copy) as file:
        assert set(file["netuid"][()]) == {3}
        assert file["emission_rao"][()].tobytes() == both.of("emission_rao", 3).tobytes()
        assert [name.decode() for name in file["groups/name"][()]][0] == "code/validators"
        held = file["hotkey_id"][()] != 4294967295
        assert set(file["group_id"][()][held]) == {0, 1, 2}
        assert file["states/epoch_row"][()].tolist() == list(range(len(file["block"])))


def a_gate_finds_the_group_of_any_network(folder, both):
    done = call("run", both.scenario, "-o", both.path, "--fail-if", "group.code/late.paid < 2")
    assert done.returncode == 3, (done.returncode, done.stderr)
    done = call("run", both.scenario, "-o", both.path, "--fail-if", "group.verse/late.paid < 2")
    assert done.returncode == 2 and "has no 'group.verse/late'" in done.stderr, done.stderr


def models_lie_in_a_folder_for_each_network(folder, both):
    run = Run(folder, "models", "record: {models: true}", options=("--until", "5 min"))
    assert sorted(os.listdir(os.path.join(run.path, "models"))) == ["code", "prose"]
    for network in ("prose", "code"):
        done = call("generate", run.path, "--network", network, "--uid", "5", "--tokens", "20")
        assert done.returncode == 0 and done.stdout, done.stderr
    done = call("generate", run.path, "--uid", "5", "--tokens", "20")
    assert done.returncode == 0, done.stderr


CASES = [value for name, value in list(globals().items())
         if callable(value) and getattr(value, "__code__", None) is not None
         and value.__code__.co_varnames[:2] == ("folder", "both")]


def main():
    failed = 0
    wanted = sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        both = Run(folder, "both")
        for case in CASES:
            if wanted and not any(word in case.__name__ for word in wanted):
                continue
            try:
                case(folder, both)
                print("ok  ", case.__name__, flush=True)
            except AssertionError as error:
                failed += 1
                print("FAIL", case.__name__, error, flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
