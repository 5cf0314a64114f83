"""Studies, from a YAML file to collected numbers, through the command.

usage: sweep.py TAOSIM QUICKSTART ISHIGAMI [--all] [--seed N] [--case WORD]

With --all: 200 points survive kills of workers and of the sweep itself, and Ishigami's indices are
estimated from 5120 runs.
"""
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy
import xarray

from sweep_runs import (call, cases_of, expect, read, results, run_cases, study, tasks, tiny,
                        write)

TAOSIM, QUICKSTART, ISHIGAMI = (os.path.abspath(path) for path in sys.argv[1:4])
ALL = "--all" in sys.argv
SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 1
CASE = sys.argv[sys.argv.index("--case") + 1] if "--case" in sys.argv else ""
DICE = random.Random(SEED)


def sweep(verb, path, folder, *extra):
    return call(TAOSIM, "sweep", verb, path, "-o", folder, *extra)


def place(folder, name):
    """A folder of one case, with the scenario in it."""
    path = os.path.join(folder, name)
    os.makedirs(path, exist_ok=True)
    tiny(path, QUICKSTART)
    return path


def reference(folder):
    """The study that most cases run, done by one worker; its folder and its collected file."""
    path = os.path.join(folder, "reference")
    if not os.path.exists(path + "/done/collected.h5"):
        yaml = study(place(folder, "reference"))
        expect(sweep("run", yaml, path + "/done", "-j", "1", "--quiet"), 0)
        expect(sweep("collect", yaml, path + "/done"), 0, "8 of 8 runs")
    return path + "/done", read(path + "/done/collected.h5")


def collected(path, folder, count=8):
    expect(sweep("collect", path, folder), 0, f"{count} of {count} runs")
    return read(folder + "/collected.h5")


# ---- study files and plans

def a_slip_in_a_study_is_named_with_file_line_and_column(folder):
    at = place(folder, "slips")
    for line, place_text, texts in (
            ("desing: grid", "bad.yaml:3:1:", ["no key 'desing'", "did you mean 'design'?"]),
            ("design: gird", "bad.yaml:3:9:", ["did you mean 'grid'?"]),
            ("params: {chain.tempoo: {range: [1, 9], n: 3}}", "bad.yaml:3:10:",
             ["unknown key 'tempoo'", "did you mean 'tempo'?"]),
            ("params: {groups.swarm.count: [1, two]}", "bad.yaml:3:34:",
             ["'two' is no decimal number"]),
            ("params: {chain.tempo: {range: [9 blocks, 2 blocks], n: 3}}", "bad.yaml:3:31:",
             ["low end"]),
            ("params: {chain.tempo: {range: [1 s, 9 s], n: 3}}", "bad.yaml:3:23:",
             ["unknown unit"]),
            ("params: {seed: [1, 2]}", "bad.yaml:3:10:", ["'replicates' varies it"]),
            ("metrics: [stake_rao.ginny]", "bad.yaml:3:11:", ["did you mean 'gini'?"]),
            ("metrics: [stake_rao.sum@smal]", "bad.yaml:3:11:", ["no group 'smal'"]),
            ("arrays: [steak_rao]", "bad.yaml:3:10:", ["no variable"]),
            ("where: groups.swarm.cuont > 3", "bad.yaml:3:8:", ["the scenario has no"])):
        yaml = write(at, "bad.yaml", f"name: bad\nbase: tiny.yaml\n{line}\n")
        done = expect(sweep("run", yaml, at + "/bad"), 2, place_text, *texts)
        assert not os.path.exists(at + "/bad/runs"), done.stderr


def a_slip_in_the_command_names_what_was_meant(folder):
    at = place(folder, "words")
    yaml = study(at)
    for words, code, text in ((["rnu", yaml], 2, "did you mean 'run'?"), ([], 2, "plan, run"),
                              (["emit", "slrum", yaml], 2, "did you mean 'slurm'?"),
                              (["run"], 2, "one study, please"),
                              (["run", yaml, "-j", "0"], 2, "'0' is no number that fits"),
                              (["run", yaml, "--onyl", "3"], 2, "no option '--onyl'"),
                              (["run", yaml, "--only", "99"], 2, "tasks 0 to 7, not 99"),
                              (["run", at + "/none.yaml"], 74, "cannot read")):
        expect(call(TAOSIM, "sweep", *words, cwd=at), code, text)
    expect(call(TAOSIM, "run", yaml), 2, "is a study; 'taosim sweep run ")
    expect(sweep("plan", at + "/tiny.yaml", at + "/none"), 2, "this is a scenario: a study names")


def each_design_has_its_number_of_points(folder):
    at = place(folder, "designs")
    params = "params: {groups.swarm.count: {range: [1, 4], n: 4}, chain.difficulty: " \
             "{log: [1000000000, 8000000000], n: 4}}"
    free = "params: {groups.swarm.count: {range: [1, 4]}, chain.difficulty: " \
           "{lognormal: {median: 3000000000, sigma: 0.5}}}"
    for design, text, points in (("grid", params, 16), ("zip", params, 4), ("random", free, 10),
                                 ("lhs", free, 10), ("sobol", free, 10), ("saltelli", free, 40),
                                 ("morris", free, 30)):
        yaml = write(at, design + ".yaml", f"name: {design}\nbase: tiny.yaml\ndesign: {design}\n"
                     f"points: 10\nreplicates: 2\n{text}\n")
        expect(sweep("plan", yaml, at + "/" + design), 0,
               f"{points} points x 2 replicates = {2 * points} runs")
        found = tasks(at + "/" + design)
        assert len(found) == 2 * points and len({task["seed"] for task in found}) == 2 * points
        if design == "lhs":
            counts = sorted(int(task["groups.swarm.count"]) for task in found[::2])
            assert all(counts.count(c) in (2, 3) for c in range(1, 5)), counts


def a_condition_leaves_points_out_and_their_numbers_with_them(folder):
    at = place(folder, "where")
    text = "name: where\nbase: tiny.yaml\nparams: {groups.swarm.count: [1, 2, 3, 9], " \
           "chain.tempo: [10 blocks, 20 blocks]}\n"
    expect(sweep("plan", write(at, "all.yaml", text), at + "/all"), 0, "8 points")
    yaml = write(at, "some.yaml", text + "where: groups.swarm.count < groups.small.count and "
                 "not chain.tempo == 20 blocks or groups.swarm.count / 3 == 3\n")
    expect(sweep("plan", yaml, at + "/some"), 0, "5 points")
    everything = {task["point"]: task for task in tasks(at + "/all")}
    for number, task in enumerate(tasks(at + "/some")):
        assert int(task["task"]) == number
        assert {**everything[task["point"]], "task": task["task"]} == task


def ten_thousand_points_are_planned_in_seconds(folder):
    at = place(folder, "large")
    yaml = write(at, "large.yaml", f"name: large\nbase: {QUICKSTART}\ndesign: sobol\n"
                 "points: 10000\nparams: {groups.swarm.count: {range: [1, 64]}, chain.difficulty: "
                 "{log: [1000000000, 9000000000]}}\n")
    before = os.times()
    expect(sweep("plan", yaml, at + "/large"), 0, "10000 runs")
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - \
        before.children_system
    print(f"     {after.elapsed - before.elapsed:.2f} s, {used:.2f} s of processor time")
    # How long it takes is printed, not asserted: it depends on who else computes here.
    with open(at + "/large/points.tsv", encoding="utf-8") as file:
        assert sum(not line.startswith("#") for line in file) == 10001


# ---- seeds

def replicates_differ_and_points_do_unless_they_share_their_numbers(folder):
    done, _ = reference(folder)
    found = tasks(done)
    digests = set()
    for path in results(done):
        with h5py.File(path) as file:
            digests.add(file.attrs["trace_digest"])
    assert len(digests) == len(found) == 8 and len({task["seed"] for task in found}) == 8
    at = place(folder, "common")
    yaml = study(at)
    write(at, "grid.yaml", open(yaml, encoding="utf-8").read() + "common_random_numbers: true\n")
    expect(sweep("plan", yaml, at + "/common"), 0)
    shared = tasks(at + "/common")
    for replicate in "01":
        assert len({task["seed"] for task in shared if task["replicate"] == replicate}) == 1
    assert len({task["seed"] for task in shared}) == 2


def a_point_is_the_same_for_any_number_of_jobs_order_and_selection(folder):
    _, wanted = reference(folder)
    at = place(folder, "order")
    yaml = study(at)
    for only in ("7", "3-5", "6,0"):
        expect(sweep("run", yaml, at + "/done", "-j", "3", "--only", only, "--quiet"), 0)
    expect(sweep("status", yaml, at + "/done", "--todo", "--task-size", "2"), 0, "0-1\n2-3\n")
    expect(sweep("run", yaml, at + "/done", "-j", "2", "--threads", "2", "--quiet"), 0)
    assert collected(yaml, at + "/done") == wanted


def two_sweeps_of_one_study_share_its_tasks(folder):
    _, wanted = reference(folder)
    at = place(folder, "both")
    yaml = study(at)
    both = [subprocess.Popen([TAOSIM, "sweep", "run", yaml, "-o", at + "/done", "-j", "2"],
                             stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert all("8 of 8 done" in text for text in said), said
    assert collected(yaml, at + "/done") == wanted


# ---- interruptions

def kill_until_done(yaml, done, jobs, kills_max):
    """Runs a sweep, killing workers or the sweep itself at random moments; how many were hit."""
    workers = sweeps = 0
    while True:
        process = subprocess.Popen([TAOSIM, "sweep", "run", yaml, "-o", done, "-j", str(jobs),
                                    "--quiet"], stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            time.sleep(DICE.uniform(0.02, 0.6))
            if workers + sweeps >= kills_max:
                process.wait()
            elif DICE.random() < 0.3:
                process.kill()
                sweeps += 1
            else:
                children = call("pgrep", "-P", str(process.pid)).stdout.split()
                if children:
                    try:
                        os.kill(int(DICE.choice(children)), signal.SIGKILL)
                        workers += 1
                    except ProcessLookupError:
                        pass
        said = process.communicate()[1]
        if process.returncode == 0:
            return workers, sweeps
        assert process.returncode in (1, -signal.SIGKILL), (process.returncode, said)


def workers_and_the_sweep_itself_are_killed_at_random_and_nothing_is_lost(folder):
    _, wanted = reference(folder)
    at = place(folder, "kills")
    yaml = study(at)
    print("     killed: %d workers, %d sweeps" % kill_until_done(yaml, at + "/done", 2, 12))
    assert collected(yaml, at + "/done") == wanted


def two_hundred_points_survive_kills_at_random_moments(folder):
    if not ALL:
        print("     (with --all)")
        return
    at = place(folder, "many")
    yaml = study(at, name="many", replicates=1, counts="[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
                 difficulties=20)
    with subprocess.Popen([TAOSIM, "sweep", "run", yaml, "-o", at + "/calm", "-j", "1",
                           "--quiet"]) as calm:
        hit = kill_until_done(yaml, at + "/stormy", 1, 150)
        print("     killed: %d workers, %d sweeps" % hit)
        assert calm.wait() == 0 and min(hit) >= 10, (calm.returncode, hit)
    assert collected(yaml, at + "/calm", 200) == collected(yaml, at + "/stormy", 200)


def a_signal_leaves_checkpoints_and_the_same_command_goes_on(folder):
    at = place(folder, "signal")
    tiny(at, QUICKSTART, until="40 min")
    yaml = study(at, replicates=1, counts="[1]")
    process = subprocess.Popen([TAOSIM, "sweep", "run", yaml, "-o", at + "/done", "-j", "2"],
                               stderr=subprocess.PIPE, text=True)
    started = [path.replace("result.h5", "progress.jsonl") for path in results_later(yaml, at)]
    deadline = time.monotonic() + 60
    while not all(os.path.exists(path) and os.path.getsize(path) for path in started):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    said = process.communicate()[1]
    assert process.returncode == 75 and "the same command continues" in said, said
    expect(sweep("status", yaml, at + "/done"), 0, "2 tasks, 0 done, 0 failed, 2 interrupted")
    expect(sweep("run", yaml, at + "/done", "-j", "1", "--quiet"), 0)
    for path in results(at + "/done"):
        with h5py.File(path) as file:
            assert file["provenance"].attrs["resumed_from_epoch"] > 0
    expect(sweep("run", yaml, at + "/calm", "-j", "1", "--quiet"), 0)
    assert collected(yaml, at + "/done", 2) == collected(yaml, at + "/calm", 2)


def results_later(yaml, at):
    """The results of a study whose sweep has just begun."""
    deadline = time.monotonic() + 30
    while not os.path.exists(at + "/done/points.tsv"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return results(at + "/done")


# ---- failures and files

def a_failed_task_stops_no_other_and_is_listed_with_its_reason(folder):
    _, wanted = reference(folder)
    at = place(folder, "failure")
    yaml = study(at)
    program = write(at, "fails.sh", "#!/bin/sh\ncase \"$*\" in\n*count=2*) echo 'taosim: no luck "
                    f"today' >&2; exit 1;;\nesac\nexec '{TAOSIM}' \"$@\"\n")
    os.chmod(program, 0o755)
    done = expect(sweep("run", yaml, at + "/done", "--program", program), 1,
                  "exit code 1: no luck today", "4 of 8 tasks failed")
    assert done.stderr.count("no luck today") == 4
    expect(sweep("status", yaml, at + "/done"), 1, "8 tasks, 4 done, 4 failed",
           "failed: exit code 1: no luck today")
    expect(sweep("collect", yaml, at + "/done"), 0, "4 of 8 runs")
    with h5py.File(at + "/done/collected.h5") as file:
        assert file["done"][()].sum() == 4
        assert numpy.isnan(file["stake_rao_gini"][()]).sum() == 4
    expect(sweep("run", yaml, at + "/done", "--quiet"), 0)
    assert collected(yaml, at + "/done") == wanted


def a_worker_that_is_stopped_or_killed_is_started_again_and_not_for_ever(folder):
    at = place(folder, "told")
    yaml = study(at, replicates=1, counts="[1]")
    for name, end, reason in (("stopped", "exit 75", "exit code 75"),
                              ("killed", "kill -KILL $$", "ended by signal 9, 4 times: Killed")):
        program = write(at, name + ".sh", "#!/bin/sh\n"
                        "mark=$0.$(echo \"$*\" | cksum | cut -d' ' -f1)\n"
                        f"[ -e \"$mark\" ] || {{ : > \"$mark\"; {end}; }}\n"
                        f"exec '{TAOSIM}' \"$@\"\n")
        os.chmod(program, 0o755)
        expect(sweep("run", yaml, f"{at}/{name}", "--program", program), 0, "2 of 2 done",
               "0 failed")
        program = write(at, name + "-always.sh", f"#!/bin/sh\necho once >> \"$0.calls\"\n{end}\n")
        os.chmod(program, 0o755)
        expect(sweep("run", yaml, f"{at}/{name}-always", "--only", "0", "--program", program), 1,
               reason, "1 of 1 tasks failed")
        assert read(program + ".calls").count(b"once") == 4


def what_is_done_is_judged_by_the_files_alone(folder):
    done, wanted = reference(folder)
    at = place(folder, "files")
    yaml = study(at)
    shutil.copytree(done, at + "/done")
    paths = results(at + "/done")
    before = [os.stat(path).st_mtime_ns for path in paths]
    expect(sweep("run", yaml, at + "/done", "--quiet"), 0)
    assert [os.stat(path).st_mtime_ns for path in paths] == before
    shutil.rmtree(os.path.dirname(paths[3]))
    os.remove(at + "/done/points.tsv")
    expect(sweep("status", yaml, at + "/done"), 0, "7 done", "1 waiting")
    expect(sweep("run", yaml, at + "/done", "--quiet"), 0)
    assert collected(yaml, at + "/done") == wanted
    content = bytearray(read(paths[5]))
    content[len(content) // 2] ^= 1
    with open(paths[5], "wb") as file:
        file.write(content)
    shutil.copy(paths[6], paths[2])
    expect(sweep("collect", yaml, at + "/done"), 1, "6 of 8 runs", "2 results were not taken")


def a_study_that_grows_keeps_the_runs_that_it_has(folder):
    done, _ = reference(folder)
    at = place(folder, "growth")
    shutil.copytree(done, at + "/done")
    yaml = study(at, replicates=3, counts="[1, 2]")
    expect(sweep("status", yaml, at + "/done"), 0, "12 tasks, 8 done", "4 waiting")
    tiny(at, QUICKSTART, until="6 min")
    expect(sweep("status", yaml, at + "/done"), 0, "12 tasks, 0 done", "8 interrupted")


# ---- collected files

def a_collected_file_opens_in_the_readers_of_the_field(folder):
    done, wanted = reference(folder)
    with xarray.open_dataset(done + "/collected.h5", engine="h5netcdf") as data:
        assert dict(data.sizes) == {"point": 4, "replicate": 2, "epoch": data.sizes["epoch"],
                                    "uid": 16}
        assert data.done.values.all() and data.stake_rao.dtype == "uint64"
        mean = data.stake_rao_gini.mean("replicate")
        assert numpy.allclose(mean, data.stake_rao_gini_mean)
        assert (data.stake_rao_gini_low <= mean).all() and (mean <= data.stake_rao_gini_high).all()
        assert numpy.allclose(data.stake_rao_gini_by_epoch[..., -1], data.stake_rao_gini)
        merged = data.load()
    for number, path in enumerate(results(done)):
        with h5py.File(path) as file:
            stake = numpy.sort(file["stake_rao"][-1][file["hotkey_id"][-1] != 0xffffffff])
        ranks = numpy.arange(1, len(stake) + 1)
        gini = ((2 * ranks - len(stake) - 1) * stake).sum() / (len(stake) * stake.sum())
        assert abs(gini - merged.stake_rao_gini.values.flat[number]) < 1e-12
    table = xarray.open_dataset(done + "/collected.h5", engine="h5netcdf",
                                group="table").to_dataframe()
    assert list(table["hash"]) == [task["hash"] for task in tasks(done)]
    header = call("ncdump", "-h", done + "/collected.h5")
    assert header.returncode == 0 and "stake_rao_gini(point, replicate)" in header.stdout
    expect(sweep("collect", os.path.dirname(done) + "/grid.yaml", done, "--virtual"), 0)
    with xarray.open_dataset(done + "/collected.h5", engine="h5netcdf") as virtual:
        assert virtual.load().identical(merged)
    assert call("ncdump", "-v", "stake_rao", done + "/collected.h5").returncode == 0
    write(done, "collected.h5", "")
    with open(done + "/collected.h5", "wb") as file:
        file.write(wanted)


def csv_rows(path):
    """{column without its units: texts}"""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return {name.split(" [")[0]: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}


def what_a_study_has_collected_can_be_shown_and_has_a_page(folder):
    done, content = reference(folder)
    path, at = done + "/collected.h5", place(folder, "shown")
    expect(call(TAOSIM, "show", path), 0, "4 points x 2 replicates, 8 of 8 runs", "stake_rao_gini ",
           "(point, replicate, epoch)")
    rows = list(csv.DictReader(call(TAOSIM, "show", path, "table", "--csv").stdout.splitlines()))
    assert [(row["seed"], row["hash"]) for row in rows] == \
        [(task["seed"], task["hash"]) for task in tasks(done)]
    expect(call(TAOSIM, "show", path, "tabel"), 2, "no table 'tabel'; there are points, table")
    expect(call(TAOSIM, "report", path, "-o", at + "/page.html", "--csv", at + "/csv"), 0)
    points = csv_rows(at + "/csv/points.csv")
    with h5py.File(path) as file:
        names = file.attrs["metric_names"].split()
        assert names[1] == "stake_rao_gini" and file.attrs["design"] == "grid"
        for part in ("mean", "low", "high"):
            assert numpy.allclose([float(text) for text in points["metric1_" + part]],
                                  file["stake_rao_gini_" + part][()], rtol=1e-5), part
        assert [float(text) for text in points["parameter0"]] == list(file["groups_swarm_count"])
    page = read(at + "/page.html")
    assert len(page) < 200000 and b"8 of 8 runs" in page and b"default-src 'none'" in page
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    with open(at + "/changed.h5", "wb") as file:
        file.write(changed)
    expect(call(TAOSIM, "show", at + "/changed.h5"), 74, "checksum")
    expect(call(TAOSIM, "report", at + "/changed.h5", "-o", at + "/changed.html"), 74, "checksum")


# ---- sensitivity

def ishigamis_function_gives_its_known_indices(folder):
    at = place(folder, "ishigami")
    rows, tolerance = (1024, 0.03) if ALL else (64, 0.16)
    params = ", ".join(f"groups.{name}.diet.concentration: {{range: [1, 2]}}"
                       for name in ("small", "medium", "large"))
    yaml = write(at, "ishigami.yaml", f"name: ishigami\nbase: tiny.yaml\ndesign: saltelli\n"
                 f"points: {rows}\nparams: {{{params}}}\nmetrics: [loss_true_nats.mean]\n")
    expect(sweep("run", yaml, at + "/done", "--quiet", "--program", ISHIGAMI), 0)
    expect(sweep("collect", yaml, at + "/done"), 0, f"{5 * rows} of {5 * rows} runs")
    with h5py.File(at + "/done/collected.h5") as file:
        group = file["sensitivity"]
        for kind, exact in (("first", (0.3139, 0.4424, 0)), ("total", (0.5576, 0.4424, 0.2437))):
            name = "loss_true_nats_mean_" + kind
            found, low, high = (group[name + end][()] for end in ("", "_low", "_high"))
            print(f"     {kind}", *(f"{a:.3f} [{b:.3f}, {c:.3f}]"
                                    for a, b, c in zip(found, low, high)))
            assert numpy.allclose(found, exact, atol=tolerance), (kind, found)
            assert (low <= found).all() and (found <= high).all()
            assert ((low - 0.02 <= exact) & (exact <= high + 0.02)).all(), (kind, low, high)
        every = [group[f"loss_true_nats_mean_{kind}{end}"][()]
                 for kind in ("first", "total") for end in ("", "_low", "_high")]
    expect(call(TAOSIM, "report", at + "/done/collected.h5", "--csv", at + "/csv"), 0)
    indices = csv_rows(at + "/csv/indices.csv")
    for i, column in enumerate(("estimate", "low", "high")):
        assert numpy.allclose([float(text) for text in indices[column]],
                              numpy.concatenate((every[i], every[3 + i])), rtol=1e-5), column
    expect(call(TAOSIM, "show", at + "/done/collected.h5", "sensitivity"), 0,
           "groups.small.diet.concentration", "loss_true_nats_mean_total_high")


def elementary_effects_are_those_of_the_collected_runs(folder):
    at = place(folder, "morris")
    names = [f"groups.{name}.diet.concentration" for name in ("small", "medium", "large")]
    params = ", ".join(f"{name}: {{range: [1, 2]}}" for name in names)
    yaml = write(at, "morris.yaml", "name: morris\nbase: tiny.yaml\ndesign: morris\n"
                 f"points: 12\nparams: {{{params}}}\nmetrics: [loss_true_nats.mean]\n")
    expect(sweep("run", yaml, at + "/done", "--quiet", "--program", ISHIGAMI), 0)
    expect(sweep("collect", yaml, at + "/done"), 0, "48 of 48 runs", "mu_star", "sigma")
    with h5py.File(at + "/done/collected.h5") as file:
        points = numpy.stack([file[name.replace(".", "_")][()] for name in names], axis=1) - 1
        x = numpy.pi * (2 * points - 1)
        y = numpy.sin(x[:, 0]) + 7 * numpy.sin(x[:, 1]) ** 2 + \
            0.1 * x[:, 2] ** 4 * numpy.sin(x[:, 0])
        assert numpy.allclose(file["loss_true_nats_mean"][:, 0], y, atol=2e-6)
        effects = numpy.full((12, 3), numpy.nan)
        for t, (u, f) in enumerate(zip(points.reshape(12, 4, 3), y.reshape(12, 4))):
            for i in range(3):
                axis = numpy.flatnonzero(u[i] != u[i + 1])
                assert len(axis) == 1
                effects[t, axis[0]] = (f[i + 1] - f[i]) / (u[i + 1] - u[i])[axis[0]]
        group = file["sensitivity"]
        for kind, value in (("mu", effects.mean(0)), ("mu_star", abs(effects).mean(0)),
                            ("sigma", effects.std(0, ddof=1))):
            found = group["loss_true_nats_mean_" + kind][()]
            assert numpy.allclose(found, value, atol=1e-4), (kind, found, value)


def main():
    print(f"seed {SEED}")
    with tempfile.TemporaryDirectory() as folder:
        return run_cases(cases_of(globals()), CASE, folder)


if __name__ == "__main__":
    sys.exit(main())
