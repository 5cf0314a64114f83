"""A run that is ended at any instant and continued gives the result of an unbroken one.

usage: recovery.py TAOSIM SCENARIO [SCENARIO ...] [--all] [--seed N] [--case WORD]

Results are equal when they have the same groups, variables, types, shapes, bytes and attributes
everywhere but under /provenance.  With --all: 200 kills, 1000 damaged bytes in checkpoints,
segments and results, 20 full disks, which takes an hour; the full disks are small tmpfs mounts and
need root.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py

from same_result import differences

TAOSIM = os.path.abspath(sys.argv[1])
SCENARIOS = [os.path.abspath(path) for path in sys.argv[2:] if path.endswith(".yaml")]
SCENARIO = SCENARIOS[0]
ALL = "--all" in sys.argv
SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 1
CASE = sys.argv[sys.argv.index("--case") + 1] if "--case" in sys.argv else ""
DICE = random.Random(SEED)
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
UNTIL = "18 min"
# Nothing here is about how many there are or how large: two sizes of models are left.
SMALLER = [text for group, count in (("medium", 16), ("validators", 6), ("swarm", 16)) for text in
           ("--set", f"groups.{group}.model={{name: gru, embedding: 16, hidden: 16}}",
            "--set", f"groups.{group}.count={count}")]
SMALLER += ["--set", "groups.small.count=24", "--set", "groups.large.count=6"]
# Epochs of 20 blocks instead of 99: many borders in a short run.
OPTIONS = ["--quiet", "--threads", "2", "--set", "chain.tempo=20 blocks",
           "--checkpoint-each-epoch"]


def same(reference, folder):
    found = differences(os.path.join(reference, "result.h5"), os.path.join(folder, "result.h5"))
    assert not found, (folder, found)
    progress = [open(os.path.join(path, "progress.jsonl"), encoding="utf-8").read()
                for path in (reference, folder)]
    assert progress[0] == progress[1], (folder, "progress.jsonl differs")


# ---- runs

def command(folder, scenario=SCENARIO, until=UNTIL, extra=()):
    return [TAOSIM, "run", scenario, "-o", folder, "--until", until, *OPTIONS,
            *(SMALLER if scenario == SCENARIO else ()), *extra]


def call(*arguments, environment=None):
    return subprocess.run(arguments, check=False, capture_output=True, text=True,
                          env={**os.environ, **(environment or {})})


def expect(done, code, *texts):
    assert done.returncode == code, (done.args, done.returncode, done.stdout, done.stderr)
    for text in texts:
        assert text in done.stderr + done.stdout, (done.args, text, done.stdout, done.stderr)
    return done


def resume(folder, *extra, environment=None):
    return call(TAOSIM, "resume", folder, "--quiet", "--checkpoint-each-epoch", *extra,
                environment=environment)


def unbroken(folder, scenario=SCENARIO, until=UNTIL):
    """The reference, and the seconds that it took."""
    path = os.path.join(folder, "unbroken-" + os.path.basename(os.path.dirname(scenario)) +
                        until.replace(" ", ""))
    if not os.path.exists(os.path.join(path, "result.h5")):
        start = time.monotonic()
        expect(call(*command(path, scenario, until)), 0, "trace_digest")
        unbroken.seconds[path] = time.monotonic() - start
    return path, unbroken.seconds[path]


unbroken.seconds = {}


def wait_for(path, process):
    while not os.path.exists(path) and process.poll() is None:
        time.sleep(0.002)


def stop(arguments, number, delay_s, marker=None):
    """Ends a process after a while, or after a file has appeared; returns its exit code."""
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        if marker is not None:
            wait_for(marker, process)
        try:
            process.wait(delay_s)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        process.communicate()
        return process.returncode


def newest(folder):
    checkpoints = os.path.join(folder, "checkpoint")
    names = os.listdir(checkpoints) if os.path.isdir(checkpoints) else []
    return sorted(os.path.join(checkpoints, name) for name in names if name.endswith(".ckpt"))


def resumed_from(folder):
    """The epoch of the last resume; None for a run that started at its beginning."""
    with h5py.File(os.path.join(folder, "result.h5")) as file:
        epoch = file["provenance"].attrs.get("resumed_from_epoch")
        assert epoch is None or 0 <= epoch <= file["block"].shape[0]
        return None if epoch is None else int(epoch)


def interrupted(folder, name):
    """A run ended by SIGTERM when its third checkpoint was there, as a copy to play with."""
    first = os.path.join(folder, "interrupted")
    if not os.path.exists(first):
        marker = os.path.join(first, "checkpoint", "00000003.ckpt")
        assert stop(command(first), signal.SIGTERM, 0.05, marker) == 75
    path = os.path.join(folder, name)
    shutil.copytree(first, path)
    return path


def flip(path, dice):
    with open(path, "r+b") as file:
        at = dice.randrange(os.path.getsize(path))
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ (1 << dice.randrange(8))]))
    return at


# ---- cases

def killed_once(folder, scenario, number, dice, tally):
    reference, seconds = unbroken(folder, scenario)
    path = os.path.join(folder, "killed")
    signals = (signal.SIGKILL, signal.SIGTERM)
    code = stop(command(path, scenario), signals[number % 2], dice.uniform(0, seconds))
    assert code in (0, -signal.SIGKILL, -signal.SIGTERM, 75), code
    if dice.random() < 0.3:
        stop([TAOSIM, "resume", path, *OPTIONS[:3], OPTIONS[-1]], signal.SIGKILL,
             dice.uniform(0, seconds / 2))
    begun = os.path.exists(os.path.join(path, "scenario.yaml"))
    expect(resume(path) if begun and number % 3 else call(*command(path, scenario)), 0)
    same(reference, path)
    tally["killed"] += code != 0
    tally["resumed"] += resumed_from(path) is not None
    shutil.rmtree(path)


def kills_at_random_instants_leave_the_unbroken_result(folder):
    tally = {"killed": 0, "resumed": 0}
    count = 200 if ALL else 8
    for number in range(count):
        killed_once(folder, SCENARIOS[number % len(SCENARIOS)], number, DICE, tally)
    print(f"     {count} runs: {tally['killed']} were ended, {tally['resumed']} went on from a "
          "checkpoint")
    assert tally["killed"] >= count // 2 and tally["resumed"] >= count // 4, tally


def sigterm_ends_with_a_checkpoint_and_resume_goes_on_behind_it(folder):
    path = interrupted(folder, "terminated")
    epoch = int(os.path.basename(newest(path)[-1])[:8])
    assert epoch >= 3
    expect(resume(path), 0, "trace_digest")
    same(unbroken(folder)[0], path)
    assert resumed_from(path) == epoch
    expect(resume(path), 0, "finished")


def other_thread_counts_go_on_to_the_same_result(folder):
    path = interrupted(folder, "threads")
    expect(resume(path, "--threads", "7"), 0)
    same(unbroken(folder)[0], path)


# Parts with memories of their own, all at once; each value once in some line.
KINDS = [
    {"router": "gate", "scorer": "divergence", "mechanism": "yuma3-liquid",
     "network.sharing": "tcp", "network.jitter": "0.3", "network.loss": "0.02",
     "groups.swarm.strategy": "garbage", "record.bonds_interval": "1",
     "groups.large.host.region": "drawn",
     "faults.crash": "{kind: crash, mtbf: {exponential: {mean: 3 min}}, "
                     "mttr: {exponential: {mean: 40 s}}}",
     "faults.slow": "{kind: slow, groups: [medium], mtbf: 2 min, mttr: 2 min, speed: 0.1}",
     "faults.link": "{kind: link, groups: [small], loss: 0.1, latency: 3, up: 0.3}",
     "faults.cut": "{kind: partition, regions: [europe], at: 3 min, for: 4 min}",
     "faults.flood": "{kind: flood, groups: [small], victim: medium, mttr: 1 min, "
                     "mtbf: {exponential: {mean: 1 min}}}"},
    {"router": "grid", "scorer": "sampled_shapley", "mechanism": "nakamoto",
     "network.sharing": "fifo", "query.timeout": "2 s", "groups.medium.strategy": "mute",
     "groups.small.model": "mlp", "groups.large.model": "conv", "record.weights_interval": "2"},
    {"router": "gate", "scorer": "gate", "mechanism": "yuma2", "network.sharing": "latency",
     "network.regions": "2019", "query.flop_scale": "40000000",
     "groups.small.model": "bigram", "groups.large.model": "transformer"},
    {"router": "random", "scorer": "leave_one_out", "mechanism": "yuma-v2",
     "network.rtt_weights": "true", "memo_memory": "0 B"},
    {"scorer": "prompting", "query.response": "topk", "groups.swarm.count": "100",
     "groups.swarm.reenter": "true", "chain.immunity_period": "5 blocks"},
]


def goes_on_at_every_epoch(folder, scenario, until, epochs, table=None):
    """Killed as soon as each of these checkpoints is there, the run ends as the unbroken one."""
    extra = [text for item in (table or {}).items() for text in ("--set", "=".join(item))]
    whole, path = (os.path.join(folder, name) for name in ("whole-kind", "kind"))
    expect(call(*command(whole, scenario, until, extra)), 0)
    for epoch in epochs:
        marker = os.path.join(path, "checkpoint", f"{epoch:08}.ckpt")
        stop(command(path, scenario, until, extra), signal.SIGKILL, 0, marker)
        expect(resume(path), 0)
        same(whole, path)
        shutil.rmtree(path)
    shutil.rmtree(whole)


def routers_scorers_networks_and_models_of_every_kind_go_on(folder):
    for table in KINDS if ALL else KINDS[:2]:
        goes_on_at_every_epoch(folder, SCENARIO, "9 min", [1], table)


def faults_schedule_gradients_money_and_hidden_weights_at_once_go_on(folder):
    """Each epoch of data/everything.yaml lies behind another entry of its schedule."""
    goes_on_at_every_epoch(folder, os.path.join(DATA, "everything.yaml"), "12 min", [1, 3])
    goes_on_at_every_epoch(folder, os.path.join(DATA, "idle.yaml"), "100 min", [9, 17])


def a_second_signal_ends_the_process_at_once(folder):
    path = os.path.join(folder, "twice")
    marker = os.path.join(path, "checkpoint", "00000001.ckpt")
    codes = []
    # On a busy machine the first of the two may have ended the run before the second is sent.
    while len(codes) < 5 and (not codes or codes[-1] == 75):
        with subprocess.Popen(command(path, until="30 d"), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            wait_for(marker, process)
            time.sleep(0.2 * len(codes))
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            codes.append(process.wait())
    assert codes[-1] in (130, 143), codes
    shutil.rmtree(path)


def settings_of_a_run_cannot_be_changed_when_it_goes_on(folder):
    path = interrupted(folder, "other")
    expect(resume(path, "--set", "seed=2"), 2, "goes on as it was begun")
    expect(resume(path, "--seed", "2"), 2, "goes on as it was begun")


def a_damaged_checkpoint_is_named_and_the_older_used(folder):
    for number in range(300 if ALL else 3):
        path = interrupted(folder, "damaged")
        last = newest(path)[-1]
        at = flip(last, DICE)
        done = expect(resume(path), 0, os.path.basename(last), "is not used")
        assert resumed_from(path) is not None, (number, at, done.stderr)
        same(unbroken(folder)[0], path)
        shutil.rmtree(path)


def with_all_checkpoints_damaged_a_run_is_refused_until_forced(folder):
    path = interrupted(folder, "ruined")
    for checkpoint in newest(path):
        flip(checkpoint, DICE)
    names = [os.path.basename(checkpoint) for checkpoint in newest(path)]
    expect(resume(path), 74, *names, "--force")
    assert not os.path.exists(os.path.join(path, "result.h5"))
    expect(call(*command(path, extra=["--force"])), 0)
    same(unbroken(folder)[0], path)
    assert resumed_from(path) is None


def a_truncated_checkpoint_is_not_used(folder):
    path = interrupted(folder, "cut")
    last = newest(path)[-1]
    os.truncate(last, DICE.randrange(os.path.getsize(last)))
    expect(resume(path), 0, os.path.basename(last))
    same(unbroken(folder)[0], path)


def a_damaged_segment_is_never_a_wrong_number(folder):
    for _ in range(300 if ALL else 3):
        path = interrupted(folder, "segment")
        segments = os.path.join(path, "seg")
        name = DICE.choice(sorted(os.listdir(segments)))
        at = flip(os.path.join(segments, name), DICE)
        done = resume(path)
        if done.returncode == 0:  # it lay behind the checkpoint and was written again
            same(unbroken(folder)[0], path)
        else:
            assert done.returncode == 74 and name in done.stderr, (name, at, done.stderr)
            assert not os.path.exists(os.path.join(path, "result.h5"))
        shutil.rmtree(path)


def a_damaged_result_is_never_a_wrong_number(folder):
    whole = os.path.join(unbroken(folder)[0], "result.h5")
    expect(call(TAOSIM, "show", whole), 0)
    path = os.path.join(folder, "result.h5")
    found = 0
    for _ in range(400 if ALL else 20):
        shutil.copyfile(whole, path)
        at = flip(path, DICE)
        done = call(TAOSIM, "show", path)
        if done.returncode == 0:  # a bit of the mark that says that there is a checksum
            assert not differences(whole, path), at
        else:
            assert done.returncode == 74 and path in done.stderr, (at, done.stderr)
            found += 1
    print(f"     {found} of {400 if ALL else 20} flips were named")


def a_checkpoint_of_another_version_or_kernel_is_refused(folder):
    path = interrupted(folder, "kernel")
    with open(newest(path)[-1], "rb") as file:
        head = file.read(400)
    cores = {"Haswell", "Sandybridge", "Nehalem"}
    other = sorted(core for core in cores if core.encode() not in head)[0]
    expect(resume(path, environment={"OPENBLAS_CORETYPE": other}), 2, "kernel", "--force")
    expect(resume(path), 0)
    same(unbroken(folder)[0], path)


def a_checkpoint_of_other_text_is_refused(folder):
    """The scenario names a file; what is in it may change between a run and its continuation."""
    text, path = os.path.join(folder, "own.txt"), os.path.join(folder, "text")

    def write(step):
        lines = (f"line {(n * step) % 7919} of {n} others, long enough to count as one"
                 for n in range(1500))
        with open(text, "w", encoding="utf-8") as file:
            file.write("\n\n".join(lines))

    write(17)
    own = ["--set", f"corpus={{name: text, files: ['own={text}']}}"]
    expect(call(*command(path, until="9 min"), *own), 0)
    write(19)
    expect(resume(path, "--until", "13 min"), 2, "corpus", "--force")
    write(17)
    expect(resume(path, "--until", "13 min"), 0)


def a_later_until_goes_on_from_the_last_checkpoint(folder):
    path = os.path.join(folder, "longer")
    expect(call(*command(path, until="13 min")), 0)
    expect(resume(path, "--until", "9 min"), 0, "finished")
    expect(call(*command(path)), 0, "trace_digest")
    same(unbroken(folder)[0], path)
    assert resumed_from(path) >= 3


def an_earlier_until_than_the_checkpoint_is_refused(folder):
    path = interrupted(folder, "shorter")
    expect(resume(path, "--until", "2 min"), 2, "beyond `until`")
    expect(resume(path), 0)
    same(unbroken(folder)[0], path)


def two_processes_cannot_run_in_one_folder(folder):
    path = os.path.join(folder, "busy")
    marker = os.path.join(path, "checkpoint", "00000001.ckpt")
    with subprocess.Popen(command(path, until="30 d"), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        wait_for(marker, process)
        done = resume(path)
        process.kill()
    expect(done, 2, "another process")
    shutil.rmtree(path)


def a_resume_near_the_end_is_much_shorter_than_a_run(folder):
    """Processor time, which a busy machine does not stretch."""
    def cpu_s(arguments, code):
        before = os.times()
        expect(call(*arguments), code)
        after = os.times()
        return (after.children_user + after.children_system -
                before.children_user - before.children_system)

    path = os.path.join(folder, "late")
    whole_s = cpu_s(command(path), 0)
    os.remove(os.path.join(path, "result.h5"))
    rest_s = cpu_s([TAOSIM, "resume", path, "--quiet"], 0)
    same(unbroken(folder)[0], path)
    print(f"     resumed behind epoch {resumed_from(path)}: {rest_s:.2f} s of {whole_s:.2f} s")
    assert rest_s < 0.6 * whole_s, (rest_s, whole_s)


def fork(parent, epoch, path, *extra):
    return call(TAOSIM, "run", "--from", f"{parent}@{epoch}", "-o", path, *OPTIONS[:3],
                OPTIONS[-1], *extra)


def forked_from(path):
    with h5py.File(os.path.join(path, "result.h5")) as file:
        return "forked_from" in file["provenance"].attrs


def same_past(parent, path, epoch):
    """All rows of the first epochs, and all rows of other growing tables up to that time."""
    compared = 0
    with h5py.File(os.path.join(parent, "result.h5")) as a, \
            h5py.File(os.path.join(path, "result.h5")) as b:
        until_ns = int(a["time"][epoch - 1] * 1e9 + 0.5)
        for name in a:
            if isinstance(a[name], h5py.Dataset) and a[name].shape[:1] == a["time"].shape:
                assert a[name][:epoch].tobytes() == b[name][:epoch].tobytes(), name
                compared += 1
        for group in ("events", "set_weights"):
            rows = [int((file[group]["time_ns"][()] <= until_ns).sum()) for file in (a, b)]
            assert rows[0] == rows[1] > 0, (group, rows)
            for name in a[group]:
                column = a[group][name]
                if column.shape[:1] == a[group]["time_ns"].shape and name != "call":
                    assert column[:rows[0]].tobytes() == b[group][name][:rows[0]].tobytes(), name
                    compared += 1
        assert compared > 40, compared
        return (a["incentive"][epoch:].tobytes() != b["incentive"][epoch:].tobytes() and
                len(a["time"]) > epoch)


def a_fork_without_changes_is_its_parent(folder):
    parent = unbroken(folder)[0]
    for epoch, behind in ((3, 3), (2, None), (0, None)):
        path = os.path.join(folder, f"unchanged{epoch}")
        expect(fork(parent, epoch, path), 0, "trace_digest")
        same(parent, path)
        assert resumed_from(path) == behind, (epoch, resumed_from(path))
        assert forked_from(path) == (behind is not None)


def a_fork_shares_the_past_and_is_the_run_with_that_schedule(folder):
    parent = unbroken(folder)[0]
    for epoch, behind in ((3, 3), (2, None)):
        path, plain = (os.path.join(folder, f"{name}{epoch}") for name in ("other", "plain"))
        expect(fork(parent, epoch, path, "--set", "mechanism=yuma3",
                    "--set", "query.timeout=3 s"), 0, "trace_digest")
        assert resumed_from(path) == behind
        assert same_past(parent, path, epoch), "nothing changed behind the fork"
        expect(call(TAOSIM, "run", os.path.join(path, "scenario.yaml"), "-o", plain,
                    *OPTIONS[:3], OPTIONS[-1]), 0)
        same(plain, path)
    twice = os.path.join(folder, "twice-forked")
    expect(fork(os.path.join(folder, "other3"), 3, twice, "--set", "query.interval=24 s",
                "--until", "22 min"), 0)
    assert resumed_from(twice) == 3
    with open(os.path.join(twice, "scenario.yaml"), encoding="utf-8") as file:
        assert file.read().count("- at:") == 2
    if ALL:
        expect(call(TAOSIM, "verify", os.path.join(path, "result.h5")), 0, "the same digests")


def a_fork_that_is_killed_goes_on_to_the_same_result(folder):
    parent = unbroken(folder)[0]
    arguments = [TAOSIM, "run", "--from", f"{parent}@3", *OPTIONS[:3], "--set", "mechanism=yuma3",
                 "--until", "30 min"]
    whole = os.path.join(folder, "whole-fork")
    expect(call(*arguments, "-o", whole), 0)
    for number in range(20 if ALL else 2):
        path = os.path.join(folder, "killed-fork")
        stop([*arguments, "-o", path, OPTIONS[-1]], signal.SIGKILL, DICE.uniform(0, 2))
        begun = os.path.exists(os.path.join(path, "scenario.yaml"))
        expect(resume(path) if begun and number % 2 else call(*arguments, "-o", path), 0)
        same(whole, path)
        shutil.rmtree(path)


def a_fork_of_what_cannot_change_or_is_not_there_is_refused(folder):
    parent, path = unbroken(folder)[0], os.path.join(folder, "refused")
    expect(fork(parent, 3, path, "--set", "groups.small.count=3"), 2, "cannot change while")
    expect(fork(parent, 3, path, "--seed", "7"), 2, "'seed' cannot change while")
    expect(fork(parent, 99, path, "--set", "mechanism=yuma3"), 2, "has come to epoch 4, not 99")
    expect(call(TAOSIM, "run", "--from", parent, "-o", path), 2, "--from takes DIR@EPOCH")
    assert not os.path.exists(path)


def a_fork_that_needs_other_memory_runs_from_the_beginning(folder):
    """More uids than the parent's arrays hold: no checkpoint of it fits."""
    parent, path = unbroken(folder)[0], os.path.join(folder, "wider")
    expect(fork(parent, 3, path, "--set", "chain.max_uids=140"), 0)
    assert resumed_from(path) is None
    with h5py.File(os.path.join(parent, "result.h5")) as a, \
            h5py.File(os.path.join(path, "result.h5")) as b:
        assert b["stake_rao"].shape[1] == 140
        assert (a["stake_rao"][:3] == b["stake_rao"][:3, :128]).all()


def on_a_small_disk(folder, size_bytes):
    """One run on a disk of that size, then on a larger one; whether the first was too small."""
    mount = os.path.join(folder, "disk")
    os.makedirs(mount, exist_ok=True)
    expect(call("mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", mount), 0)
    try:
        path = os.path.join(mount, "run")
        done = call(*command(path))
        if done.returncode != 0:
            expect(done, 74, "No space left", mount)
            expect(call("mount", "-o", "remount,size=2g", mount), 0)
            begun = os.path.exists(os.path.join(path, "scenario.yaml"))
            expect(resume(path) if begun else call(*command(path)), 0)
        same(unbroken(folder)[0], path)
        return done.returncode != 0
    finally:
        call("umount", "-l", mount)


def a_full_disk_is_a_clear_message_and_the_run_goes_on_when_there_is_room(folder):
    if os.geteuid() != 0 or not ALL:
        print("     (with --all, as root)")
        return
    reference = unbroken(folder)[0]
    need = sum(os.path.getsize(os.path.join(at, name))
               for at, _, names in os.walk(reference) for name in names)
    full = sum(on_a_small_disk(folder, int(need * (number + 0.5) / 19)) for number in range(20))
    print(f"     20 sizes, of which {full} were too small")
    assert full >= 10, full


CASES = [value for value in list(globals().values())
         if callable(value) and getattr(value, "__code__", None) is not None
         and value.__code__.co_varnames[:1] == ("folder",) and value.__code__.co_argcount == 1
         and value.__name__.count("_") > 2]


def main():
    failed = 0
    chosen = [case for case in CASES if CASE in case.__name__]
    print(f"seed {SEED}")
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen:
            start = time.monotonic()
            try:
                case(folder)
                print(f"ok   {case.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
            except AssertionError as why:
                failed += 1
                print("FAIL", case.__name__, why, flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
