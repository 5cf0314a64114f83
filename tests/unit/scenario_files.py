"""The scenarios of the repository are valid, and what is written from the tables is current.

usage: scenario_files.py TAOSIM SOURCE_ROOT [--update]

Each scenarios/NAME/scenario.yaml: `taosim check` says nothing and takes under 50 ms of CPU time; it
has a question, a cost and the schema line for editors; what `run --dry-run` prints as the resolved
scenario checks silently and resolves to itself.  docs/SCENARIO.md and
scenarios/scenario.schema.json are what `taosim schema` writes; --update writes them.  Ends with
`N passed, N failed`.
"""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

TAOSIM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2])
SCHEMA_LINE = "# yaml-language-server: $schema=../scenario.schema.json"
CHECK_SECONDS = 0.050


def run(*arguments):
    return subprocess.run([TAOSIM, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def silent(path):
    """Checks without a word; the CPU time of the fastest of three."""
    times = []
    for _ in range(3):
        before = children_seconds()
        said = run("check", str(path))
        times.append(children_seconds() - before)
        assert said.returncode == 0 and not said.stdout + said.stderr, said.stderr + said.stdout
    return min(times)


def resolved(path):
    """The scenario as `run --dry-run` prints it: up to the first comment behind it."""
    said = run("run", "--dry-run", str(path))
    assert said.returncode == 0, said.stderr
    return said.stdout.split("\n#")[0].rstrip("\n") + "\n"


def check_scenario(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith(SCHEMA_LINE + "\n"), f"the first line is not: {SCHEMA_LINE}"
    for key in ("question:", "cost:"):
        assert f"\n{key} " in text, f"no {key}"
    seconds = silent(path)
    assert seconds < CHECK_SECONDS, f"check took {1000 * seconds:.0f} ms of CPU time"
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "resolved.yaml")
        once = resolved(path)
        copy.write_text(once, encoding="utf-8")
        silent(copy)
        twice = resolved(copy)
        assert once == twice, f"resolves to\n{once}which resolves to\n{twice}"


def check_written(path, *arguments):
    said = run("schema", *arguments)
    assert said.returncode == 0 and said.stdout, said.stderr
    if "--update" in sys.argv:
        path.parent.mkdir(exist_ok=True)
        path.write_text(said.stdout, encoding="utf-8")
    assert path.exists() and path.read_text(encoding="utf-8") == said.stdout, (
        f"{path} is not what the tables say: "
        f"taosim schema {' '.join(arguments)} > {path.relative_to(ROOT)}")
    if path.suffix == ".json":
        json.loads(said.stdout)


def main():
    cases = [(path.parent.name, check_scenario, (path,))
             for path in sorted(ROOT.glob("scenarios/*/scenario.yaml"))]
    cases.append(("docs/SCENARIO.md", check_written, (ROOT / "docs/SCENARIO.md", "--markdown")))
    cases.append(("schema", check_written, (ROOT / "scenarios/scenario.schema.json",)))
    failed = 0
    for name, case, arguments in cases:
        try:
            case(*arguments)
        except AssertionError as problem:
            failed += 1
            print(f"{name}: {problem}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or len(cases) < 5 else 0


if __name__ == "__main__":
    sys.exit(main())
