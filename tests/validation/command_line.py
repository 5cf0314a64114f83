"""What the command line says and which code it ends with.

usage: command_line.py TAOSIM SCENARIO
"""
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time

TAOSIM, SCENARIO = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SHORT = ["--until", "4 min", "--quiet"]


def call(*arguments, folder=None):
    return subprocess.run([TAOSIM, *arguments], check=False, capture_output=True, text=True,
                          cwd=folder)


def expect(done, code, text=""):
    assert done.returncode == code, (done.args, done.returncode, done.stdout, done.stderr)
    assert text in done.stderr + done.stdout, (done.args, done.stdout, done.stderr)


def a_slip_in_a_command_names_the_one_that_was_meant(folder):
    expect(call("rnu"), 2, "no command 'rnu'; did you mean 'run'?")


def a_missing_scenario_is_asked_for(folder):
    expect(call("run"), 2, "which scenario?")


def an_unknown_option_is_named(folder):
    expect(call("run", SCENARIO, "--treads", "2"), 2, "no option '--treads'")


def threads_out_of_range_are_refused(folder):
    expect(call("run", SCENARIO, "--threads", "0"), 2, "--threads takes a number from 1 to 256")


def a_file_that_is_not_there_is_an_io_error(folder):
    expect(call("run", "nowhere.yaml", folder=folder), 74, "nowhere.yaml")


def all_errors_of_a_file_come_at_once_with_their_places(folder):
    path = os.path.join(folder, "bad.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("name: bad\nuntil: 6\nchain: {profile: finny}\nqeury: {}\n"
                   "groups:\n  a: {count: 1, host: {up: 10 Mbit}}\n")
    done = call("run", "bad.yaml", folder=folder)
    expect(done, 2)
    for place, words in (("bad.yaml:2:8", "unit"), ("bad.yaml:3:18", "finney"),
                         ("bad.yaml:4:1", "query"), ("bad.yaml:6:28", "Mbit/s")):
        line = [line for line in done.stderr.splitlines() if line.startswith(place)]
        assert line and words in line[0], (place, words, done.stderr)


def what_cannot_be_printed_whole_is_an_io_error(folder):
    """Short and long: what is written at the end, and what is written before it."""
    for command in ("help", "schema"):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([TAOSIM, command], check=False, stdout=full,
                                  stderr=subprocess.PIPE, text=True, cwd=folder)
        assert done.returncode == 74 and "cannot write the output" in done.stderr, done


def a_folder_without_a_run_is_not_watched(folder):
    expect(call("watch", ".", folder=folder), 2, "is no run's folder")
    expect(call("watch", "nowhere", folder=folder), 2, "is no run's folder")


def an_empty_file_is_an_error_at_its_start(folder):
    path = os.path.join(folder, "empty.yaml")
    with open(path, "w", encoding="utf-8"):
        pass
    expect(call("check", "empty.yaml", folder=folder), 2, "empty.yaml:1:1")


def a_set_is_named_by_its_number(folder):
    done = call("run", SCENARIO, "--set", "seed=2", "--set", "chain.tempoo=3 blocks")
    expect(done, 2, "--set #2")
    assert "tempo" in done.stderr


def what_a_set_cannot_say_is_said_exactly(folder):
    wrong = {
        "base=x": "'base' can only be given in a file",
        "seed=": "'seed': the value is empty; an empty text is written ''",
        "=5": "a path is keys joined by single dots, such as chain.tempo",
        "chain.tempo": "KEY=VALUE is expected, such as chain.tempo='100 blocks'",
        "x-a=5": "'x-a' is not read: it is the place for a file's anchors",
        "colour=red": "unknown key 'colour'",
        "chain.tempoo=3 blocks": "unknown key 'tempoo' in 'chain'; did you mean 'tempo'?",
        "query.kept=4": "'query.kept' has no effect here: it counts only when response=topk and "
                        "groups.*.validator=true and groups.*.model!=none",
        "groups.nobody.count=3": "'groups' has no group 'nobody'",
        "mechanism=qwertyuiop": None,
    }
    for text, message in wrong.items():
        done = call("run", SCENARIO, "--dry-run", "--set", text)
        expect(done, 2)
        first = done.stderr.splitlines()[0]
        assert message is None or first == f"--set #1: {message}", first
        assert done.stderr.splitlines()[1] == f"     | {text}", done.stderr
    # Names that are most like it first; how many are left out, and who says them.
    known = first.split("known: ")[1]
    names, left = known.split(" and ")
    listed = names.split(", ")
    text = call("list", "mechanisms").stdout
    every = [line.split()[0] for line in text.splitlines()[1:] if line[2:3] not in ("", " ")]
    assert len(set(listed)) == len(listed) and set(listed) < set(every), listed
    assert left == f"{len(every) - len(listed)} more: taosim list", left
    done = call("run", SCENARIO, "--dry-run", "--set", "mechanism=yuma-3-simulated")
    assert done.stderr.split("known: ")[1].startswith("yuma3-liquid, "), done.stderr


def a_key_is_set_once(folder):
    twice = ("--set", "chain.tempo=5 blocks", "--set", "seed=3", "--set", "chain.tempo=6 blocks")
    done = call("run", SCENARIO, "--dry-run", *twice)
    expect(done, 2)
    assert done.stderr == ("--set #3: 'chain.tempo' is already set by --set #1\n"
                           "     | chain.tempo=6 blocks\n     | ^\n"), done.stderr
    done = call("run", SCENARIO, "--dry-run", "--set", "seed=3", "--seed", "4")
    expect(done, 2, "--seed: 'seed' is already set by --set #1")
    # A group, and then a key of it, are two things.
    expect(call("run", SCENARIO, "--dry-run", "--set", "chain={tempo: 5 blocks}", "--set",
                "chain.tempo=6 blocks"), 0, "tempo: 6 blocks")


def check_is_silent_when_all_is_well(folder):
    done = call("check", SCENARIO)
    expect(done, 0)
    assert done.stdout == done.stderr == ""


def a_finished_run_is_not_run_again_and_another_is_not_overwritten(folder):
    expect(call("run", SCENARIO, *SHORT, "-o", "again", folder=folder), 0, "trace_digest")
    expect(call("run", SCENARIO, *SHORT, "-o", "again", folder=folder), 0, "finished")
    other = ("run", SCENARIO, *SHORT, "-o", "again", "--seed", "9")
    expect(call(*other, folder=folder), 2, "--force")
    expect(call(*other, "--force", folder=folder), 0, "trace_digest")


def the_default_folder_has_name_and_hash(folder):
    done = call("run", SCENARIO, *SHORT, folder=folder)
    expect(done, 0, "runs/quickstart-")


def the_resolved_scenario_runs_to_the_same_digest(folder):
    first = call("run", SCENARIO, *SHORT, "-o", "first", folder=folder)
    resolved = os.path.join(folder, "first", "scenario.yaml")
    second = call("run", resolved, "--quiet", "-o", "second", folder=folder)
    expect(second, 0)
    assert first.stdout.split("trace_digest")[1] == second.stdout.split("trace_digest")[1]


def an_interrupted_run_is_resumed_to_the_same_digest(folder):
    whole = call("run", SCENARIO, "--quiet", "--until", "1 h", "-o", "whole", folder=folder)
    expect(whole, 0)
    command = [TAOSIM, "run", SCENARIO, "--quiet", "--until", "1 h", "-o", "cut"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as child:
        progress = os.path.join(folder, "cut", "progress.jsonl")
        while not (os.path.exists(progress) and os.path.getsize(progress) > 0):
            assert child.poll() is None, "ended before its first epoch"
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        said = child.communicate()[1]
    assert child.returncode == 75, (child.returncode, said)
    resumed = call("resume", "cut", "--quiet", folder=folder)
    expect(resumed, 0)
    assert resumed.stdout.split("trace_digest")[1] == whole.stdout.split("trace_digest")[1]


def verify_tells_whether_a_result_comes_again(folder):
    expect(call("run", SCENARIO, *SHORT, "-o", "verified", folder=folder), 0)
    expect(call("verify", "verified/result.h5", "--quiet", folder=folder), 0, "the same digests")


def a_result_is_shown_whole_or_by_table(folder):
    expect(call("run", SCENARIO, "--quiet", "--until", "21 min", "-o", "shown", folder=folder), 0)
    expect(call("show", "shown/result.h5", folder=folder), 0, "loss_true_nats")
    table = call("show", "shown/result.h5", "epochs", "--csv", folder=folder)
    expect(table, 0, "difficulty")
    assert len(table.stdout.splitlines()) == 2, table.stdout
    expect(call("show", "shown/result.h5", "epohcs", folder=folder), 2, "epochs")
    watched = call("watch", "shown", folder=folder)
    expect(watched, 0, '"epoch":1')


def the_network_runs_alone_on_tables(folder):
    with open(os.path.join(folder, "hosts.csv"), "w", encoding="utf-8") as file:
        file.write("host,up_bytes_per_s,down_bytes_per_s,half_latency_s\n"
                   "0,1000,1000,0.01\n1,1000,1000,0.02\n")
    with open(os.path.join(folder, "queries.csv"), "w", encoding="utf-8") as file:
        file.write("validator,peer,request_bytes,reply_bytes,request_start_s\n0,1,1000,2000,0\n")
    done = call("flows", "hosts.csv", "queries.csv", folder=folder)
    expect(done, 0)
    row = done.stdout.splitlines()[1].split(",")
    # 1000 bytes at 1000 bytes/s behind 30 ms; then 2000 bytes the same way.
    assert abs(float(row[-2]) - 1.03) < 1e-9 and abs(float(row[-1]) - 3.06) < 1e-9, row
    expect(call("flows", "hosts.csv", "nowhere.csv", folder=folder), 74, "nowhere.csv")


def a_result_that_is_none_is_refused(folder):
    path = os.path.join(folder, "fake.h5")
    with open(path, "w", encoding="utf-8") as file:
        file.write("this is no result")
    expect(call("report", "fake.h5", folder=folder), 74, "fake.h5")


def a_folder_that_cannot_be_written_is_named(folder):
    expect(call("run", SCENARIO, *SHORT, "-o", "/proc/nowhere", folder=folder), 74,
           "/proc/nowhere")


def a_twin_is_run_beside_its_run(folder):
    expect(call("run", SCENARIO, "--quiet", "--until", "21 min", "-o", "pair", "--twin",
                folder=folder), 0)
    assert os.path.exists(os.path.join(folder, "pair", "twin", "result.h5"))
    expect(call("report", "pair", "-o", "pair.html", folder=folder), 0, "pair.html")
    os.mkfifo(os.path.join(folder, "pipe"))
    expect(call("report", "pair", "-o", "pipe", folder=folder), 74, "is no ordinary file")
    assert stat.S_ISFIFO(os.stat(os.path.join(folder, "pipe")).st_mode)
    with open(os.path.join(folder, "pair.html"), encoding="utf-8") as file:
        page = file.read()
    assert "twin" in page and len(page) < 2_000_000


CASES = [value for value in list(globals().values())
         if callable(value) and getattr(value, "__code__", None) is not None
         and value.__code__.co_varnames[:1] == ("folder",) and value.__code__.co_argcount == 1]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            try:
                case(folder)
                print("ok  ", case.__name__)
            except AssertionError as why:
                failed += 1
                print("FAIL", case.__name__, why)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
