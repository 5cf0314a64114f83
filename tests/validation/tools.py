"""Epochs and runs outside a run, and mechanisms of one's own, from the command line.

usage: tools.py TAOSIM SCENARIO VECTORS [CASE]
"""
import glob
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import h5py

TAOSIM, SCENARIO, VECTORS = [os.path.abspath(path) for path in sys.argv[1:4]]
ONLY = sys.argv[4] if len(sys.argv) > 4 else ""
# Epochs of 20 blocks instead of 99, so that a short run has many, with evictions between them.
SHORT = ["--quiet", "--until", "45 min"]


def call(*arguments, folder=None):
    return subprocess.run([TAOSIM, *arguments], check=False, capture_output=True, text=True,
                          cwd=folder)


def expect(done, code, text=""):
    assert done.returncode == code, (done.args, done.returncode, done.stdout, done.stderr)
    assert text in done.stderr + done.stdout, (done.args, text, done.stdout, done.stderr)
    return done


RUNS = {}


def run_once(name, *options):
    """A run's folder; the same for every case that asks for it."""
    if name not in RUNS:
        RUNS[name] = os.path.join(SHARED, name)
        expect(call("run", SCENARIO, *SHORT, *DATES.get(name, DATES["finney"]), *options, "-o",
                    RUNS[name]), 0)
    return RUNS[name]


# ---- epoch

def members(pairs):
    """An object whose keys may come twice: the second one becomes KEY#2."""
    table = {}
    for key, value in pairs:
        count = 1
        while (key if count == 1 else f"{key}#{count}") in table:
            count += 1
        table[key if count == 1 else f"{key}#{count}"] = value
    return table


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file, object_pairs_hook=members)


def last(path):
    """As most readers take a repeated key: the last one counts."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def entries(rows, dense):
    """Rows of bonds without those that hold nothing (dense epochs store zeros)."""
    kept = {}
    for uid, row in rows.items():
        pairs = [pair for pair in zip(row[::2], row[1::2]) if pair[1] or not dense]
        if pairs:
            kept[uid] = pairs
    return kept


def compare_step(place, wanted, got):
    for path in ("sparse", "dense", "out"):
        if not isinstance(wanted.get(path), dict):
            continue
        for name, value in wanted[path].items():
            found = got[path][name]
            if name == "bonds":
                value, found = (entries(rows, path == "dense") for rows in (value, found))
            if name == "fx":
                found = {label: found.get(label) for label in value}
            assert value == found, (place, path, name)


def an_epoch_of_a_state_gives_the_chains_numbers_and_what_lies_between(folder):
    count = 0
    for path in sorted(glob.glob(os.path.join(VECTORS, "*.json"))):
        wanted = load(path)
        if "steps" not in wanted:
            continue
        bare = {key: value for key, value in wanted.items() if key != "steps"}
        bare["steps"] = [{key: value for key, value in step.items()
                          if key not in ("sparse", "dense", "out")} for step in wanted["steps"]]
        state, out = os.path.join(folder, "state.json"), os.path.join(folder, "out.json")
        with open(state, "w", encoding="utf-8") as file:
            json.dump(bare, file)
        expect(call("epoch", state, "-o", out), 0)
        got = load(out)
        for index, step in enumerate(wanted["steps"]):
            compare_step((path, index), step, got["steps"][index])
        for index, step in enumerate(last(path)["steps"]):
            compare_step((path, index), step, last(out)["steps"][index])
        count += 1
    assert count > 50, count


def an_epoch_without_output_file_goes_to_stdout(folder):
    path = os.path.join(VECTORS, "head_rand_n16.json")
    done = expect(call("epoch", path), 0)
    assert json.loads(done.stdout)["steps"][0]["sparse"]["incentive"]
    assert os.listdir(folder) == []


def an_epoch_runs_through_another_mechanism_too(folder):
    path = os.path.join(VECTORS, "head_rand_n16.json")
    done = expect(call("epoch", path, "--mechanism", "yuma3", "--set", "kappa=0.25"), 0)
    own = expect(call("epoch", path), 0)
    assert json.loads(done.stdout)["steps"][0]["sparse"] != \
        json.loads(own.stdout)["steps"][0]["sparse"]
    expect(call("epoch", path, "--set", "kapa=0.25"), 2, "did you mean 'kappa'")


def a_state_that_is_wrong_is_refused_with_its_place(folder):
    path = os.path.join(folder, "state.json")
    for text, message in (
            ('{"n": 1,\n "steps": []}', "state.json: 1:1: 'version' is missing"),
            ('{"version": "head", "n": 1, "init": {}}', "'steps' is missing"),
            ('{"version": "head", "n": 2, "params": {}, "init": {"stake": [1]},\n "steps": []}',
             "1:61: 'stake' needs 2 numbers"),
            ('{"version": "head", "n": 2, "params": {"kapa": 1}, "init": {},\n "steps": []}',
             "1:48: 'kapa' is no parameter of yuma2"),
            ('{"version": "head", "n": 2, "params": {"kappa": 65536}, "init": {}, "steps": []}',
             "1:49: 'kappa'"),
            ('{"version": "head", "n": 2, "init": {"weights": {"2": [0, 1]}}, "steps": []}',
             "1:55: row '2', but there are 2 uids"),
            ('{"version": "hed", "n": 2, "init": {}, "steps": []}', "unknown mechanism 'hed'"),
            ('{"version": "head", "n": 2, "params": [], "init": {}, "steps": []}',
             "1:39: 'params' must be an object"),
            ('{"version": "head", "n": 2, "params": {"owner_uid": 2}, "init": {}, "steps": []}',
             "1:53: owner_uid: 2 is more than 1"),
            ('{"version": "head", "n": 2, "init": {"bonds": [0, 1]}, "steps": []}',
             "1:47: 'bonds' must be an object"),
            ('{"version": "head", "n": 2, "init": {"stakes": [1, 1]}, "steps": []}',
             "1:48: 'init' has no 'stakes'"),
            ('{"version": "head", "n": 2, "init": {"weights": {"0": [1, 65536]}}, "steps": []}',
             "1:59: value: 65536 is more than 65535"),
            ('{"version": "head", "n": 2, "init": {"weights": {"0": [1, 1, 1, 2]}}, "steps": []}',
             "1:55: column 1 stands twice in row '0'"),
            ('{"version": "head", "n": 2, "init": {"weights": {"+1": [1, 1]}}, "steps": []}',
             "1:56: row '+1', but there are 2 uids"),
            ('{"version": "head", "n": 2, "init": {}, "steps": [5]}',
             "1:51: a step must be an object"),
            ('{"version": "head", "n": 2, "init": {}, "steps": [{"block": 1}]}',
             "1:51: 'emission' is missing"),
            ('{"version": "head", "n": 2, "init": {}, "steps": [{"touch": 1}]}',
             "1:61: 'touch' must be an array"),
            ('{"version": "head", "n": 2, "init": {},\n "steps": [{"block": 1, "emission": 1, '
             '"set_stake": [1]}]}', "2:53: 'set_stake' is [uid, stake"),
            ('{"version": 1, "steps": []}', "1:13: 'version' must be a text"),
            ('{"version": "hed", "n": 2, "init": {}, "steps": []}', "state.json:1:13"),
            ('[]', "1:1: an object is expected"),
            ('{"version": "head" "n": 2}', "state.json:1:20")):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        expect(call("epoch", "state.json", folder=folder), 2, message)
    expect(call("epoch", "nowhere.json", folder=folder), 74, "nowhere.json")
    assert os.listdir(folder) == ["state.json"]


# ---- what a run recorded

def chain(profile, *more):
    keys = ["max_uids: 128", "tempo: 20 blocks", "immunity_period: 20 blocks",
            "capacity: unlimited", *more]
    return ["--set", f"chain={{profile: {profile}, {', '.join(keys)}}}"]


# A chain of each date, with the mechanism of that date, and one that is told dice.
EASY = "difficulty: 300000000"
DATES = {
    "finney": [*chain("finney", EASY, "burn_registration: false"), "--set", "mechanism=finney"],
    "nakamoto": [*chain("nakamoto", EASY), "--set", "mechanism=nakamoto"],
    "liquid": [*chain("current", "min_allowed_weights: 16"), "--set", "mechanism=yuma3-liquid"],
    "lottery": [*chain("finney", EASY, "burn_registration: false"), "--set", "mechanism=lottery"],
}


def float32(numerator, denominator):
    return struct.unpack("f", struct.pack("f", numerator / denominator))[0]


def an_epoch_of_a_result_pays_what_was_recorded(folder):
    for name in ("finney", "liquid"):
        result = os.path.join(run_once(name), "result.h5")
        with h5py.File(result) as file:
            rows = [0, file["block"].shape[0] // 2, file["block"].shape[0] - 1]
            assert name != "finney" or file["states/replaced"][()].sum() > 0
            for row in rows:
                out = os.path.join(folder, "out.json")
                expect(call("epoch", f"{result}@{row}", "-o", out), 0)
                step = load(out)["steps"][0]
                got, n = step["sparse"], len(step["sparse"]["incentive"])
                assert step["block"] == file["block"][row]
                assert got["emission"] == file["emission_rao"][row][:n].tolist(), (name, row)
                for field in ("incentive", "dividends", "consensus"):
                    wanted = file[field][row][:n].tolist()
                    assert [float32(value, 65535) for value in got[field]] == wanted, (name, row)


def a_recorded_state_is_a_file_of_states_like_any_other(folder):
    result = os.path.join(run_once("finney"), "result.h5")
    once, again = os.path.join(folder, "once.json"), os.path.join(folder, "again.json")
    expect(call("epoch", f"{result}@4", "-o", once), 0)
    expect(call("epoch", once, "-o", again), 0)
    assert load(once) == load(again)


def an_epoch_that_a_result_does_not_hold_is_refused(folder):
    result = os.path.join(run_once("finney"), "result.h5")
    expect(call("epoch", f"{result}@1000"), 2, "epochs, counted from 0")
    expect(call("epoch", f"{result}@last"), 2, "after the @")


def the_same_mechanism_pays_what_was_recorded_to_the_last_bit(folder):
    for name in DATES:
        run = run_once(name)
        out = os.path.join(folder, name + ".h5")
        done = expect(call("replay", run, "-o", out), 0, "ehaviour is held fixed")
        with h5py.File(os.path.join(run, "result.h5")) as old, h5py.File(out) as new:
            epochs = old["block"].shape[0]
            assert f"{epochs} of {epochs} epochs pay what was recorded" in done.stdout, done.stdout
            assert name == "liquid" or old["states/replaced"][()].sum() > 0
            for field in ("emission_rao", "incentive", "dividends", "consensus", "trust", "rank",
                          "stake_rao", "group_id", "block", "events/kind", "states/stake_rao"):
                assert old[field][()].tobytes() == new[field][()].tobytes(), (name, field)
            assert new.attrs["replay_of_trace_digest"] == old.attrs["trace_digest"]
            assert "trace_digest" not in new.attrs


def another_mechanism_pays_otherwise_and_the_result_opens_like_any_other(folder):
    run, out = run_once("finney"), os.path.join(folder, "other.h5")
    done = expect(call("replay", run, "--mechanism", "yuma3", "--set", "kappa=0.6", "-o", out), 0)
    for word in ("swarm", "honest", "(attackers)", "(validators)", "replayed through yuma3"):
        assert word in done.stdout, done.stdout
    with h5py.File(os.path.join(run, "result.h5")) as old, h5py.File(out) as new:
        assert new.attrs["mechanism"] == "yuma3"
        assert old["stake_rao"][()].tobytes() == new["stake_rao"][()].tobytes()
        assert old["emission_rao"][()].tobytes() != new["emission_rao"][()].tobytes()
        assert (new["emission_rao"][()].sum(axis=1) <= new["states/emission_offered_rao"][()]).all()
    expect(call("show", out), 0, "replayed through yuma3")
    expect(call("report", out, "-o", os.path.join(folder, "report.html")), 0)
    # A replay can be replayed: its states are the recorded ones.
    expect(call("replay", out), 0)


def a_replay_of_another_weight_scale_moves_the_weights_to_it(folder):
    done = expect(call("replay", run_once("finney"), "--mechanism", "nakamoto"), 0)
    honest = [line for line in done.stdout.splitlines() if line.startswith("(all)")][0]
    assert float(honest.split()[3]) > 0, done.stdout


# A mechanism of every kind of bonds and scale of weights, two in one gap between epochs, and a
# parameter; epochs run in blocks 16, 37, 58, ...
SCHEDULE = (("60", "mechanism: yuma3"), ("79", "mechanism.bonds_moving_average: 800000"),
            ("90", "mechanism: nakamoto"), ("120", "mechanism: stake"), ("130", "mechanism: yuma2"),
            ("150", "mechanism: yumasim-c-yuma3-liquid"), ("190", "mechanism: yuma3-liquid"),
            ("1000", "mechanism: finney"))


def a_replay_follows_what_the_runs_schedule_changed(folder):
    with open(os.path.join(folder, "many.yaml"), "w", encoding="utf-8") as file:
        file.write(f"base: {SCENARIO}\nchain: {{tempo: 20 blocks, immunity_period: 20 blocks, "
                   f"max_uids: 48, {EASY}}}\n"
                   "groups: {small: {count: 20}, medium: {count: 12}, "
                   "large: {count: 4}, swarm: {count: 8}}\nschedule:\n" +
                   "".join(f"  - {{at: {at} blocks, set: {{{text}}}}}\n" for at, text in SCHEDULE))
    expect(call("run", "many.yaml", *SHORT, "-o", "many", folder=folder), 0)
    words = ("finney, from block 60 yuma3, from block 79 bonds_moving_average 800000, from block "
             "90 nakamoto, ")
    done = expect(call("replay", "many", "-o", "same.h5", folder=folder), 0,
                  "10 of 10 epochs pay what was recorded")
    assert words in done.stdout and "from block 1000" not in done.stdout, done.stdout
    with h5py.File(os.path.join(folder, "many/result.h5")) as old, \
            h5py.File(os.path.join(folder, "same.h5")) as new:
        assert old["states/replaced"][()].sum() > 0
        for field in ("emission_rao", "incentive", "dividends", "consensus", "rank"):
            assert old[field][()].tobytes() == new[field][()].tobytes(), field
    for row, name in ((2, "finney"), (4, "nakamoto"), (9, "yuma3-liquid")):
        done = expect(call("epoch", f"many/result.h5@{row}", folder=folder), 0)
        assert json.loads(done.stdout)["mechanism"] == name
    # One for all of it pays otherwise, and its own parameters need it to be named.
    done = expect(call("replay", "many", "--mechanism", "finney", "-o", "one.h5", folder=folder),
                  0)
    assert "10 of 10" not in done.stdout
    expect(call("replay", "many", "--set", "kappa=0.3", folder=folder), 2, "by schedule")
    done = expect(call("compare", "same.h5", "one.h5", folder=folder), 0, "but the replay's")
    assert "A  same.h5: " + words in done.stdout and "B  one.h5: finney, seed" in done.stdout
    for result, shown in (("many", words), ("same.h5", words), ("one.h5", "finney</span>")):
        expect(call("report", result, "-o", "page.html", folder=folder), 0)
        with open(os.path.join(folder, "page.html"), encoding="utf-8") as file:
            assert "<span>mechanism " + shown in file.read(), result


def what_no_chain_knows_is_asked_for_in_vain(folder):
    expect(call("replay", run_once("finney"), "--mechanism", "oracle"), 2,
           "needs what no chain knows (true_value")


def a_run_without_states_cannot_be_replayed(folder):
    run = run_once("stateless", "--set", "record.states=false")
    expect(call("replay", run), 2, "record.states is false")


def a_slip_in_a_replays_mechanism_names_the_one_that_was_meant(folder):
    run = run_once("finney")
    expect(call("replay", run, "--mechanism", "yuma4"), 2, "did you mean")
    expect(call("replay", run, "--set", "kapa=0.3"), 2, "did you mean 'kappa'")
    expect(call("replay", run, "--set", "kappa=7"), 2, "is not between 0 and 1")


def several_mechanisms_stand_in_one_table(folder):
    done = expect(call("bench-mechanism", "finney", "nakamoto", "--on", run_once("finney")), 0)
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines() if "%" in line}
    with h5py.File(os.path.join(run_once("finney"), "result.h5")) as file:
        paid, group = file["emission_rao"][()], file["group_id"][()]
        attacker = file["groups/attacker"][()][group]
        offered = file["states/emission_offered_rao"][()].sum()
    assert abs(float(lines["finney"][1]) - 100 * paid.sum() / offered) < 0.006, lines
    assert abs(float(lines["finney"][3]) - 100 * paid[attacker == 1].sum() / paid.sum()) < 0.006
    assert lines["nakamoto"][1:8] != lines["finney"][1:8], lines
    expect(call("bench-mechanism", "finney"), 2, "a recorded run are needed")
    expect(call("bench-mechanism", "fnney", "--on", run_once("finney")), 2, "did you mean 'finney'")


# ---- compare

def compare_shows_who_gained_and_which_keys_differ(folder):
    done = expect(call("compare", run_once("finney"), run_once("lottery")), 0)
    assert "  mechanism.name: finney -> lottery" in done.stdout, done.stdout
    assert "seed:" not in done.stdout.replace("seed 1", ""), done.stdout
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines() if "%" in line}
    shares = []
    for name in ("finney", "lottery"):
        with h5py.File(os.path.join(run_once(name), "result.h5")) as file:
            paid, group = file["emission_rao"][()], file["group_id"][()]
            swarm = [value.decode() if isinstance(value, bytes) else value
                     for value in file["groups/name"][()]].index("swarm")
            shares.append(100 * paid[group == swarm].sum() / paid.sum())
    got = lines["group.swarm"]
    assert abs(float(got[1]) - shares[0]) < 0.006 and abs(float(got[3]) - shares[1]) < 0.006, got
    assert abs(float(got[5]) - (shares[1] - shares[0])) < 0.011, (got, shares)
    assert lines["attackers"][1:6] == got[1:6]


def compare_by_epochs_adds_a_table_for_each(folder):
    done = expect(call("compare", run_once("finney"), run_once("finney"), "--epochs"), 0, "nothing")
    with h5py.File(os.path.join(run_once("finney"), "result.h5")) as file:
        assert done.stdout.count("\nepoch ") == file["block"].shape[0], done.stdout


def runs_over_seeds_are_compared_in_pairs_with_an_interval(folder):
    for seed in ("1", "2", "3"):
        for name, share in (("a", "0.2"), ("b", "0.8")):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
            expect(call("run", SCENARIO, "--quiet", "--until", "25 min", "--seed", seed, "--set",
                        "mechanism={name: lottery, validator_share: " + share + "}", "-o",
                        f"{name}/{seed}", folder=folder), 0)
    done = expect(call("compare", "a", "b", folder=folder), 0, "pairs of runs with the same seed")
    line = [line for line in done.stdout.splitlines() if line.startswith("role.validators")][0]
    low, high = line[line.index("[") + 1:line.index("]")].split(",")
    assert float(low) <= 60 <= float(high) or abs(float(low) - 60) < 1, line
    shutil.rmtree(os.path.join(folder, "b", "3"))
    expect(call("compare", "a", "b", folder=folder), 0, "Welch")
    expect(call("compare", "a", "b", "--fail-if", "role.validators.paid > 0.3", folder=folder), 3,
           "B - A is 0.")


def entries_of_a_schedule_are_compared_one_by_one(folder):
    for name, at in (("a", "16 min"), ("b", "17 min")):
        with open(os.path.join(folder, name + ".yaml"), "w", encoding="utf-8") as file:
            file.write(f"base: {SCENARIO}\nschedule:\n  - {{at: 9 min, set: {{mechanism: yuma2}}}}"
                       f"\n  - {{at: {at}, set: {{mechanism: yuma3}}}}\n")
        expect(call("run", name + ".yaml", "--quiet", "--until", "20 min", "-o", name,
                    folder=folder), 0)
    done = expect(call("compare", "a", "b", folder=folder), 0)
    keys = done.stdout.split("scenarios differ in:\n")[1].split("\n\n")[0].splitlines()
    assert keys == ["  schedule[2].at: 16 min -> 17 min"], keys


def where_nothing_was_paid_nobody_has_a_part(folder):
    run = os.path.join(folder, "unpaid")
    expect(call("run", SCENARIO, "--quiet", "--set", "mechanism=volunteer", "--until", "25 min",
                "-o", run), 0)
    done = expect(call("compare", run, run_once("finney")), 0, "in a run of A nothing was paid")
    table = done.stdout.split("whole run")[1]
    assert "nan" not in table and table.splitlines()[1].split()[1:2] == ["none"], table
    expect(call("compare", run, run, "--fail-if", "attackers.paid > 1"), 3, "is none")


def a_gate_ends_with_three(folder):
    a, b = run_once("finney"), run_once("lottery")
    expect(call("compare", a, b, "--fail-if", "attackers.paid > 1"), 0)
    expect(call("compare", a, b, "--fail-if", "attackers.paid <= 1"), 3, "--fail-if")
    for text in ("attackers", "attackers.paid >", "attackers.paid > x", "> 2", "attackers.gain > 0",
                 "attackers.paid = 3"):
        expect(call("compare", a, b, "--fail-if", text), 2, "is no condition")
    expect(call("compare", a, b, "--fail-if", "group.nobody.paid > 0"), 2, "neither run has")
    expect(call("compare", a, folder), 74, "holds no result")
    again = ["run", SCENARIO, *SHORT, *DATES["finney"], "-o", a, "--fail-if"]
    expect(call(*again, "honest.stake < 0.5"), 0)
    expect(call(*again, "honest.stake >= 0.5"), 3, "it is 0.")
    expect(call(*again, "group.nobody.paid > 0"), 2, "the run has no")


# ---- a mechanism of one's own

def make(folder, name="fair"):
    expect(call("new", "mechanism", name, folder=folder), 0, "meson setup")
    subprocess.run(["meson", "setup", f"{name}/build", name], check=True, cwd=folder,
                   capture_output=True)
    subprocess.run(["ninja", "-C", f"{name}/build"], check=True, cwd=folder, capture_output=True)
    return os.path.join(folder, name, "build", name + ".so")


PLUGIN = {}


def made():
    """One build for the cases that only use it."""
    if "path" not in PLUGIN:
        place = os.path.join(SHARED, "plugin")
        os.mkdir(place)
        PLUGIN["path"] = make(place)
    return PLUGIN["path"]


def scenario_with(folder, mechanism, name="own.yaml"):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(f"base: {SCENARIO}\nmechanism: {mechanism}\nuntil: 25 min\n")
    return name


def a_new_mechanism_is_short_and_passes_its_own_test(folder):
    make(folder, "my-own")
    with open(os.path.join(folder, "my-own", "my-own.c"), encoding="utf-8") as file:
        assert len(file.readlines()) < 100
    done = subprocess.run(["meson", "test", "-C", "my-own/build"], check=False, cwd=folder,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    expect(call("new", "mechanism", "my-own", folder=folder), 2, "cannot make the folder")


def a_new_mechanism_needs_a_kind_and_a_name(folder):
    expect(call("new"), 2, "a kind and a name are needed")
    expect(call("new", "scores", "x", folder=folder), 2, "no kind 'scores'")
    for name in ("Fair", "../x", "9x", ""):
        expect(call("new", "mechanism", name, folder=folder), 2, "a name is at most")
    for name in ("test", "all", "clean", "meson-x"):
        expect(call("new", "mechanism", name, folder=folder), 2, "choose another")
    assert os.listdir(folder) == []


def a_run_with_ones_own_mechanism_is_verified_and_says_which_file_it_was(folder):
    shutil.copy(made(), os.path.join(folder, "fair.so"))
    scenario = scenario_with(folder, "{name: ./fair.so, server_share: 0.4}")
    expect(call("check", scenario, folder=folder), 0)
    expect(call("run", scenario, "--quiet", "-o", "own", folder=folder), 0, "trace_digest")
    expect(call("verify", "own/result.h5", "--quiet", folder=folder), 0, "the same digests")
    expect(call("replay", "own", folder=folder), 0)
    with h5py.File(os.path.join(folder, "own", "result.h5")) as file:
        assert file.attrs["mechanism"] == "fair"
        checksum = subprocess.run(["sha256sum", "fair.so"], check=True, cwd=folder,
                                  capture_output=True, text=True).stdout.split()[0]
        assert file.attrs["mechanism_sha256"] == checksum


def the_path_starts_from_the_scenarios_folder(folder):
    inner = os.path.join(folder, "inner")
    os.mkdir(inner)
    shutil.copy(made(), os.path.join(inner, "fair.so"))
    scenario_with(inner, "./fair.so")
    expect(call("check", "inner/own.yaml", folder=folder), 0)
    scenario_with(inner, "finney", "plain.yaml")
    expect(call("run", "inner/plain.yaml", "--dry-run", "--set", "mechanism=./fair.so",
                folder=folder), 0)


def another_file_under_the_same_name_is_refused(folder):
    shutil.copy(made(), os.path.join(folder, "fair.so"))
    scenario = scenario_with(folder, "./fair.so")
    expect(call("run", scenario, "--quiet", "-o", "own", folder=folder), 0)
    with open(os.path.join(folder, "fair.so"), "ab") as file:
        file.write(b"\0")
    for arguments in (("resume", "own", "--until", "26 min"), ("replay", "own"),
                      ("verify", "own/result.h5", "--quiet")):
        expect(call(*arguments, folder=folder), 2, "is not the one that the run was made with")
    expect(call("run", scenario, "--quiet", "-o", "own", folder=folder), 2, "holds another run")
    expect(call("replay", "own", "--mechanism", "finney", folder=folder), 0)


def compile_c(folder, name, text):
    source = os.path.join(folder, name + ".c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(os.path.dirname(made()), "..", "meson.build"), encoding="utf-8") as file:
        headers = [line.split("'")[1] for line in file if line.startswith("headers")][0]
    subprocess.run(["cc", "-shared", "-fPIC", "-I" + headers, source, "-o",
                    os.path.join(folder, name + ".so")], check=True)


def what_is_no_mechanism_is_refused_with_its_place(folder):
    with open(os.path.join(os.path.dirname(made()), "..", "fair.c"), encoding="utf-8") as file:
        fair = file.read()
    compile_c(folder, "empty", "int nothing;\n")
    compile_c(folder, "later", fair.replace("MECHANISM_INTERFACE_VERSION,",
                                            "MECHANISM_INTERFACE_VERSION + 1,"))
    compile_c(folder, "hollow", fair.replace("    .epoch = epoch,\n", "    .migrate = NULL,\n")
              .replace("static enum sim_status epoch", "enum sim_status epoch"))
    compile_c(folder, "twice", fair.replace('{"server_share"', '{"sha256"'))
    with open(os.path.join(folder, "text.so"), "w", encoding="utf-8") as file:
        file.write("name: x\n")
    for mechanism, message in (
            ("./none.so", "own.yaml:2:12: 'mechanism': './none.so': No such file"),
            ("./text.so", "own.yaml:2:12: 'mechanism': '" + folder + "/text.so' is no shared"),
            ("./empty.so", "has no symbol 'taosim_mechanism'"),
            ("./later.so", "own.yaml:2:12: 'mechanism': '" + folder + "/later.so' was built for"),
            ("./hollow.so", "leaves out 'epoch'"),
            ("./twice.so", "sha256"),
            ("{name: " + made() + ", server_shar: 1}", "did you mean 'server_share'"),
            ("{name: " + made() + ", server_share: 3}", "out of range; allowed: 0 to 1")):
        scenario = scenario_with(folder, mechanism)
        expect(call("check", scenario, folder=folder), 2, message)
    with open(os.path.join(folder, "own.yaml"), "a", encoding="utf-8") as file:
        file.write("scorer: ./text.so\n")
    expect(call("check", "own.yaml", folder=folder), 2, "text.so' is no shared object")


def a_schedule_may_name_ones_own_mechanism_and_a_replay_follows_it(folder):
    shutil.copy(made(), os.path.join(folder, "fair.so"))
    with open(os.path.join(folder, "own.yaml"), "w", encoding="utf-8") as file:
        file.write(f"base: {SCENARIO}\nuntil: 25 min\nschedule:\n"
                   "  - {at: 21 min, set: {mechanism: ./fair.so}}\n")
    expect(call("run", "own.yaml", "--quiet", "-o", "own", folder=folder), 0)
    done = expect(call("replay", "own", folder=folder), 0, "from block 105 ")
    count = done.stdout.splitlines()[-1].split()
    assert count[0] == count[2], done.stdout
    expect(call("replay", "own", "--mechanism", "yuma3", folder=folder), 0)


def list_shows_a_file_like_what_is_built_in(folder):
    done = expect(call("list", made()), 0, "server_share")
    assert "sha256" in done.stdout


CASES = [value for value in list(globals().values())
         if callable(value) and getattr(value, "__code__", None) is not None
         and value.__code__.co_varnames[:1] == ("folder",) and value.__code__.co_argcount == 1
         and ONLY in value.__name__]


def main():
    failed = 0
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(os.path.realpath(folder))
                print("ok  ", case.__name__, flush=True)
            except AssertionError as why:
                failed += 1
                print("FAIL", case.__name__, why, flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as SHARED:
        CODE = main()
    sys.exit(CODE)
