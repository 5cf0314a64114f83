"""A study as a Slurm job array gives what a pool here gives: with kills, requeues, a lost task, and
with a time limit that is shorter than its runs.

usage: sweep_slurm.py TAOSIM QUICKSTART [--case WORD] [--keep]

Starts Slurm from Debian's packages on this machine's loopback and ends it again; needs root and the
packages slurmctld, slurmd, slurm-client and munge.  What differs from a cluster: one node, no
cgroups, and a requeued job is released at once instead of after Slurm's two minutes.
"""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import h5py

from sweep_runs import call, expect, read, results, study, tasks, tiny

TAOSIM, QUICKSTART = (os.path.abspath(path) for path in sys.argv[1:3])
DICE = random.Random(1)
CONFIG = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={port_d}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/completed.log
ReturnToService=2
KillWait=30
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """The daemons of one node, which are this process's children."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = []
        os.chmod(folder, 0o755)
        for name in ("state", "spool"):
            os.makedirs(os.path.join(folder, name))
        self.start_munge(os.path.join(folder, "munge"))
        host = socket.gethostname().split(".")[0]
        path = os.path.join(folder, "slurm.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(folder=folder, host=host, port=36817, port_d=36818))
        os.environ["SLURM_CONF"] = path
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D", "-N", host)
        self.wait(lambda: call("sinfo", "-h", "-o", "%T").stdout.strip() == "idle", 60, "a node")

    def start(self, *command):
        with open(os.path.join(self.folder, command[0] + ".out"), "wb") as log:
            self.daemons.append(subprocess.Popen(command, stdout=log, stderr=log))

    def start_munge(self, folder):
        """As root of its own folder: the system's key and socket are left alone."""
        os.makedirs(folder, mode=0o755)
        key = os.path.join(folder, "key")
        with open(key, "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(key, 0o400)
        self.start("munged", "--foreground", "--force", "--key-file=" + key,
                   "--socket=" + folder + "/socket", "--pid-file=" + folder + "/pid",
                   "--log-file=" + folder + "/log", "--seed-file=" + folder + "/seed")
        self.wait(lambda: os.path.exists(folder + "/socket"), 20, "munged")

    def wait(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            dead = [daemon.args for daemon in self.daemons if daemon.poll() is not None]
            assert not dead, (dead, self.logs())
            assert time.monotonic() < deadline, (what, self.logs())
            time.sleep(0.1)

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith((".out", ".log")):
                with open(os.path.join(self.folder, name), encoding="utf-8",
                          errors="replace") as file:
                    text += f"== {name}\n{file.read()[-1500:]}"
        return text

    def stop(self):
        call("scancel", "--user", "root")
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def sweep(verb, *arguments):
    return call(TAOSIM, "sweep", verb, *arguments)


def parent_of(process):
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def arguments_of(process):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return file.read().decode().split("\0")
    except OSError:
        return []


def processes(folder, *words):
    """The program's processes on this study that have these words in a row."""
    found = []
    for name in os.listdir("/proc"):
        arguments = arguments_of(name) if name.isdigit() else []
        if len(arguments) > 2 and arguments[0] == TAOSIM and \
                arguments[1:1 + len(words)] == list(words) and \
                any(folder in argument for argument in arguments):
            found.append(int(name))
    return found


def queue():
    """{array index: state} of what is queued or running."""
    lines = call("squeue", "-h", "-r", "-o", "%A %K %T").stdout.split("\n")
    return {parts[1]: (parts[0], parts[2]) for parts in map(str.split, lines) if len(parts) == 3}


def release(seen):
    """A requeued job waits two minutes; this test does not.  But a job that starts again within the
    second in which it was revoked is killed by slurmd ("job credential revoked")."""
    for job, state in queue().values():
        if state != "PENDING":
            seen.pop(job, None)
        elif time.monotonic() - seen.setdefault(job, time.monotonic()) > 3:
            call("scontrol", "update", f"JobId={job}", "StartTime=now")


def strike(folder, hits):
    """One mishap, at random: a worker or a whole part is killed, or a running part requeued."""
    choice = DICE.choice([name for name in ("worker", "part", "requeue") if hits[name] < 3])
    if choice == "requeue":
        running = [job for job, state in queue().values() if state == "RUNNING"]
        if running and call("scontrol", "requeue", DICE.choice(running)).returncode == 0:
            hits[choice] += 1
        return
    found = processes(folder, *(["run"] if choice == "worker" else ["sweep", "run"]))
    if not found:
        return
    try:
        os.kill(DICE.choice(found), signal.SIGKILL)
        hits[choice] += 1
    except ProcessLookupError:
        pass


def run_array(slurm, script, folder, hits, *options):
    start = time.monotonic()
    expect(call("sbatch", *options, script), 0, "Submitted")
    deadline, seen = time.monotonic() + 1800, {}
    while queue():
        assert time.monotonic() < deadline, (queue(), slurm.logs())
        time.sleep(DICE.uniform(0.2, 1.2))
        release(seen)
        if hits and min(hits.values()) < 3:
            strike(folder, hits)
    return time.monotonic() - start


def a_job_array_with_kills_requeues_and_a_lost_task_gives_the_same_bits(folder, slurm):
    tiny(folder, QUICKSTART, until="30 min")
    yaml = study(folder, replicates=2, counts="[1, 2, 3]", difficulties=2)
    here, there = folder + "/pool", folder + "/array"
    expect(sweep("run", yaml, "-o", here, "-j", "2", "--quiet"), 0)
    expect(sweep("collect", yaml, "-o", here), 0, "12 of 12 runs")
    done = expect(sweep("emit", "slurm", yaml, "-o", there, "--task-size", "2"), 0,
                  "12 tasks in parts of 2")
    script = done.stdout.split(":")[0]
    hits = {"worker": 0, "part": 0, "requeue": 0}
    seconds = run_array(slurm, script, there, hits)
    print(f"     12 tasks in 6 parts, {seconds:.0f} s; mishaps: {hits}")
    assert min(hits.values()) >= 1, hits
    # A lost task: its folder is gone, as with a scratch disk.
    shutil.rmtree(os.path.dirname(results(there)[7]))
    left = expect(sweep("status", yaml, "-o", there, "--todo"), 0).stdout.split()
    assert "7" in left, left
    seconds = run_array(slurm, script, there, {})
    print(f"     submitted again for {len(left)} tasks: {seconds:.0f} s")
    expect(sweep("status", yaml, "-o", there), 0, "12 tasks, 12 done")
    expect(sweep("collect", yaml, "-o", there), 0, "12 of 12 runs")
    assert read(here + "/collected.h5") == read(there + "/collected.h5")


def hours_of(folder, seconds):
    """How many simulated hours take this long here."""
    scenario = tiny(folder, QUICKSTART, until="4 h")
    start = time.monotonic()
    expect(call(TAOSIM, "run", scenario, "-o", folder + "/measure", "--quiet"), 0)
    return max(8, round(4 * seconds / (time.monotonic() - start)))


def a_time_limit_shorter_than_the_run_ends_in_the_same_bits(folder, slurm):
    """Slurm sends USR1 120 s before the limit, of 2 minutes here: so at its next look, which comes
    each 30 s."""
    os.makedirs(folder)
    hours = hours_of(folder, 130)
    tiny(folder, QUICKSTART, until=f"{hours} h")
    yaml = study(folder, name="limit", replicates=1, counts="[2]", difficulties=2)
    here, there = folder + "/pool", folder + "/array"
    start = time.monotonic()
    expect(sweep("run", yaml, "-o", here, "-j", "2", "--quiet"), 0)
    calm = time.monotonic() - start
    assert calm > 120, f"{hours} h took only {calm:.0f} s"
    expect(sweep("collect", yaml, "-o", here), 0, "2 of 2 runs")
    script = expect(sweep("emit", "slurm", yaml, "-o", there, "--task-size", "1"), 0) \
        .stdout.split(":")[0]
    seconds = run_array(slurm, script, there, {}, "--time=2")
    for path in results(there):
        with h5py.File(path) as file:
            assert file["provenance"].attrs["resumed_from_epoch"] > 0
    with open(slurm.folder + "/completed.log", encoding="utf-8") as log:
        ended = [re.search(r"JobState=(\w+)", line)[1] for line in log if "Name=limit" in line]
    requeues = sum(read(f"{there}/slurm-{part}.log").count(b"the same command continues")
                   for part in range(2))
    print(f"     2 runs of {calm:.0f} s with a limit of 120 s: {seconds:.0f} s, "
          f"{requeues} checkpoints; Slurm: {', '.join(sorted(set(ended)))}")
    assert requeues >= 4 and "TIMEOUT" not in ended and ended.count("COMPLETED") == 2, ended
    expect(sweep("collect", yaml, "-o", there), 0, "2 of 2 runs")
    assert read(here + "/collected.h5") == read(there + "/collected.h5")


def a_hundred_finished_tasks_show_what_slurm_itself_costs(folder, slurm):
    yaml = folder + "/grid.yaml"
    script = folder + "/array/study.sbatch"
    expect(sweep("emit", "slurm", yaml, "-o", folder + "/array", "--task-size", "1"), 0)
    seconds = run_array(slurm, script, folder, {})
    count = len(tasks(folder + "/array"))
    print(f"     {count} parts with nothing to do: {seconds:.1f} s, "
          f"{seconds / count:.2f} s each")


def main():
    missing = [name for name in ("slurmctld", "slurmd", "sbatch", "munged")
               if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        print("skipped: needs root and", " ".join(missing) or "nothing else")
        return 77
    chosen = sys.argv[sys.argv.index("--case") + 1] if "--case" in sys.argv else ""
    folder = tempfile.mkdtemp(prefix="taosim-slurm-")
    slurm = None
    try:
        os.makedirs(folder + "/slurm")
        os.makedirs(folder + "/study")
        slurm = Slurm(folder + "/slurm")
        cases = ((a_job_array_with_kills_requeues_and_a_lost_task_gives_the_same_bits, "/study"),
                 (a_hundred_finished_tasks_show_what_slurm_itself_costs, "/study"),
                 (a_time_limit_shorter_than_the_run_ends_in_the_same_bits, "/limit"))
        cases = [(case, place) for case, place in cases if chosen in case.__name__]
        for case, place in cases:
            case(folder + place, slurm)
            print("ok  ", case.__name__, flush=True)
        print(f"{len(cases)} passed, 0 failed")
        return 0
    finally:
        if slurm is not None:
            slurm.stop()
        if "--keep" not in sys.argv:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
