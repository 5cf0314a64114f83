"""Strategies, scorers, routers and models of one's own, as `taosim new` begins them.

usage: own_parts.py TAOSIM [CASE]
"""
import os
import shutil
import subprocess
import sys
import tempfile

import h5py

TAOSIM = os.path.abspath(sys.argv[1])
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
PLACES = {"strategy": "groups.servers.strategy", "scorer": "scorer", "router": "router",
          "model": "groups.servers.model"}


def call(*arguments, folder=None):
    return subprocess.run([TAOSIM, *arguments], check=False, capture_output=True, text=True,
                          cwd=folder)


def expect(done, code, text=""):
    assert done.returncode == code, (done.args, done.returncode, done.stdout, done.stderr)
    assert text in done.stderr + done.stdout, (done.args, text, done.stdout, done.stderr)
    return done


def begun(kind):
    """The folder that `taosim new` wrote, built; one for all cases."""
    path = os.path.join(SHARED, "my-" + kind)
    if not os.path.exists(path):
        expect(call("new", kind, "my-" + kind, folder=SHARED), 0, PLACES[kind].split(".")[-1])
        build = path + "/build"
        for command in (["meson", "setup", build, path], ["ninja", "-C", build]):
            subprocess.run(command, check=True, capture_output=True)
    return path


def changed(kind, folder, *replacements):
    """The shared object of the begun source with some texts replaced; a scenario beside it."""
    with open(f"{begun(kind)}/my-{kind}.c", encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    with open(begun(kind) + "/meson.build", encoding="utf-8") as file:
        headers = [line.split("'")[1] for line in file if line.startswith("headers")][0]
    source, made = os.path.join(folder, "changed.c"), os.path.join(folder, "changed.so")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["cc", "-shared", "-fPIC", "-I" + headers, source, "-lm", "-o", made],
                   check=True)
    shutil.copy(begun(kind) + "/scenario.yaml", folder)
    return made


def run(kind, folder, *options, place=None):
    return call("run", "scenario.yaml", "--quiet", "-o", "own", "--set",
                f"{place or PLACES[kind]}=./changed.so", *options, folder=folder)


def each_begins_short_and_passes_its_own_test(_):
    for kind in PLACES:
        path = begun(kind)
        with open(f"{path}/my-{kind}.c", encoding="utf-8") as file:
            lines = len(file.readlines())
        assert lines < (230 if kind == "model" else 120), (kind, lines)
        done = subprocess.run(["meson", "test", "-C", path + "/build"], check=False,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        expect(call("list", f"./my-{kind}/build/my-{kind}.so", folder=SHARED), 0, "my-" + kind)


def text_of_ones_own_needs_no_code(folder):
    expect(call("new", "corpus", "x", folder=folder), 2, "files: ['domain=path']")
    assert os.listdir(folder) == []


def the_resolved_scenario_says_which_file_it_was_and_another_one_is_refused(folder):
    changed("strategy", folder)
    expect(run("strategy", folder), 0)
    checksum = subprocess.run(["sha256sum", "changed.so"], check=True, cwd=folder,
                              capture_output=True, text=True).stdout.split()[0]
    with open(os.path.join(folder, "own", "scenario.yaml"), encoding="utf-8") as file:
        assert checksum in file.read()
    with h5py.File(os.path.join(folder, "own", "result.h5")) as file:
        assert b"my-strategy" in file["groups/strategy_name"][()].tolist()
    with open(os.path.join(folder, "changed.so"), "ab") as file:
        file.write(b"\0")
    message = "the strategy '" + folder + "/changed.so' is not the one that the run was made with"
    expect(call("resume", "own", "--until", "31 min", folder=folder), 2, message)
    expect(call("verify", "own/result.h5", "--quiet", folder=folder), 2, message)


def a_schedule_may_bring_ones_own_strategy(folder):
    changed("strategy", folder)
    with open(os.path.join(folder, "later.yaml"), "w", encoding="utf-8") as file:
        file.write("base: scenario.yaml\nschedule:\n  - at: 15 min\n    set:\n"
                   "      groups.servers.strategy: {name: ./changed.so, least_stake: 9000 TAO}\n")
    expect(call("run", "later.yaml", "--quiet", "-o", "own", folder=folder), 0)
    with h5py.File(os.path.join(folder, "own", "result.h5")) as file:
        answered = file["queries_answered"][:, :6].sum(axis=1)
    assert answered[1] > 0 and answered[-1] == 0, answered


def what_is_no_such_part_is_refused(folder):
    for kind, old, new, message in (
            ("router", "taosim_router", "another_router", "no symbol 'taosim_router'"),
            ("router", "ROUTER_INTERFACE_VERSION, ", "7, ", "built for version 7"),
            ("router", "    .pick = pick,\n", "", "leaves out 'pick'"),
            ("scorer", "    .weights = weights,\n", "", "leaves out 'weights'"),
            ("model", "    .forward = forward,\n", "", "leaves out 'forward'"),
            ("strategy", "    .params = &table,\n", "", "leaves out 'params'"),
            ("strategy", ", &ops}", ", NULL}", "leaves out 'ops'")):
        made = changed(kind, folder, (old, new))
        expect(run(kind, folder), 2, message)
        os.remove(made)
    changed("router", folder)
    expect(run("router", folder, place="scorer"), 2, "'taosim new scorer NAME'")


def what_a_part_does_wrong_ends_the_run_with_its_name(folder):
    for kind, old, new, message in (
            ("router", "ret_uids[count++] = uid;", "ret_uids[count++] = 3;", "picked uid 3 twice"),
            ("router", "ret_uids[count++] = uid;", "ret_uids[count++] = 99;",
             "picked uid 99, which cannot be asked"),
            ("strategy", "? pow(weights[uid], p->sharpness) : 0", "? -1 : 0",
             "groups.validators: the strategy 'my-strategy' gave uid 0 the weight -1"),
            ("scorer", "uids[ret_weights->count] = uid", "uids[ret_weights->count] = 500 + uid",
             "gave a weight to uid 500")):
        changed(kind, folder, (old, new))
        place = "groups.validators.strategy" if kind == "strategy" else None
        done = expect(run(kind, folder, "--force", place=place), 1, message)
        assert "my-" + kind in done.stderr, done.stderr


def main():
    global SHARED
    cases = [each_begins_short_and_passes_its_own_test, text_of_ones_own_needs_no_code,
             the_resolved_scenario_says_which_file_it_was_and_another_one_is_refused,
             a_schedule_may_bring_ones_own_strategy, what_is_no_such_part_is_refused,
             what_a_part_does_wrong_ends_the_run_with_its_name]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as SHARED:
        for case in (case for case in cases if ONLY in case.__name__):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    case(folder)
                    passed += 1
                    print("ok  ", case.__name__.replace("_", " "))
                except AssertionError as error:
                    failed += 1
                    print("FAIL", case.__name__.replace("_", " "), error)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed > 0 or passed == 0 else 0


sys.exit(main())
