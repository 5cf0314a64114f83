"""What the tests of sweeps share: a scenario of a tenth of a second, studies of it, comparisons."""
import os
import subprocess

TINY = """\
base: {base}
name: tiny
until: {until}
corpus: {{text: [fortunes]}}
chain: {{tempo: 10 blocks, max_uids: 16}}
groups: {{small: {{count: 4}}, medium: {{count: 3}}, large: {{count: 2}}, validators: {{count: 2}},
         swarm: {{count: 2}}}}
"""
STUDY = """\
name: {name}
base: tiny.yaml
replicates: {replicates}
params:
  groups.swarm.count: {counts}
  chain.difficulty: {{log: [1000000000, 9000000000], n: {difficulties}}}
metrics: [emission_rao.share@attackers.mean, stake_rao.gini, loss_true_nats.median@small, peers]
arrays: [stake_rao]
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def tiny(folder, quickstart, until="4 min"):
    return write(folder, "tiny.yaml", TINY.format(base=quickstart, until=until))


def study(folder, name="grid", replicates=2, counts="[1, 2]", difficulties=2):
    return write(folder, name + ".yaml", STUDY.format(
        name=name, replicates=replicates, counts=counts, difficulties=difficulties))


def call(*arguments, **options):
    return subprocess.run(arguments, check=False, capture_output=True, text=True, **options)


def expect(done, code, *texts):
    assert done.returncode == code, (done.args, done.returncode, done.stdout, done.stderr)
    for text in texts:
        assert text in done.stderr + done.stdout, (done.args, text, done.stdout, done.stderr)
    return done


def tasks(folder):
    """The lines of points.tsv as dictionaries."""
    with open(os.path.join(folder, "points.tsv"), encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def results(folder):
    return [os.path.join(folder, "runs", task["hash"][:12], "result.h5")
            for task in tasks(folder)]


def run_cases(cases, chosen, folder):
    """Calls each case with the folder; prints one line each and the sum; the exit code."""
    failed = 0
    cases = [case for case in cases if chosen in case.__name__]
    for case in cases:
        try:
            case(folder)
            print("ok  ", case.__name__, flush=True)
        except AssertionError as why:
            failed += 1
            print("FAIL", case.__name__, why, flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed > 0


def cases_of(names):
    """The functions whose names are sentences about a folder."""
    return [value for value in list(names.values())
            if callable(value) and getattr(value, "__code__", None) is not None
            and value.__code__.co_varnames[:1] == ("folder",) and value.__code__.co_argcount == 1
            and value.__name__.count("_") > 2]
