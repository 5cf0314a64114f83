"""The scenarios of the repository are valid, and what is written from the tables is current.

usage: scenario_files.py TAOSIM SOURCE_ROOT [--update] [--checks]

Each scenarios/NAME/scenario.yaml: `taosim check` says nothing; it has a question, a cost and the
schema line for editors; what `run --dry-run` prints as the resolved scenario checks silently and
resolves to itself.  Each other scenarios/**/*.yaml but studies has the schema line, checks silently
and resolves to itself too.  Each scenarios/studies/NAME/study.yaml checks silently and has its own
schema line, question and cost.  `taosim scenarios` lists all of them with question and cost.  The
example of docs/SCENARIO.md checks silently.  docs/SCENARIO.md, docs/STUDY.md and the schemas in
scenarios/ are what `taosim schema` writes; --update writes them.  A copy of
`taosim scenarios copy` in an empty folder checks silently and resolves to the same.  With --checks
only the shortest is resolved, for a build that is slow at measuring how fast it would run.  Ends
with `N passed, N failed`.
"""
import functools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TAOSIM = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(sys.argv[2])
CHECKS_ONLY = "--checks" in sys.argv
SCHEMA_LINE = "# yaml-language-server: $schema=../scenario.schema.json"


def run(*arguments):
    return subprocess.run([TAOSIM, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)


def silent(path):
    said = run("check", str(path))
    assert said.returncode == 0 and not said.stdout + said.stderr, said.stderr + said.stdout


@functools.cache
def resolved(path):
    """The scenario as `run --dry-run` prints it: up to the first comment behind it."""
    said = run("run", "--dry-run", str(path))
    assert said.returncode == 0, said.stderr
    return said.stdout.split("\n#")[0].rstrip("\n") + "\n"


def is_resolved(path):
    return not CHECKS_ONLY or path.parent.name == "quickstart"


def check_variant(path):
    text = path.read_text(encoding="utf-8")
    up = "../" * (len(path.relative_to(ROOT / "scenarios").parts) - 1)
    line = SCHEMA_LINE.replace("../", up)
    assert text.startswith(line + "\n"), f"the first line is not: {line}"
    silent(path)
    if not is_resolved(path):
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "resolved.yaml")
        once = resolved(path)
        copy.write_text(once, encoding="utf-8")
        silent(copy)
        twice = resolved(copy)
        assert once == twice, f"resolves to\n{once}which resolves to\n{twice}"


def check_scenario(path):
    text = path.read_text(encoding="utf-8")
    for key in ("question:", "cost:"):
        assert f"\n{key} " in text, f"no {key}"
    check_variant(path)


def check_copy(name):
    """What `taosim scenarios copy` makes in an empty folder is a scenario by itself."""
    with tempfile.TemporaryDirectory() as folder:
        said = run("scenarios", "copy", name, folder)
        assert said.returncode == 0 and not said.stderr, said.stderr
        made = {str(path) for path in pathlib.Path(folder).rglob("*") if path.is_file()}
        assert set(said.stdout.split()) == made, f"said {said.stdout}, made {made}"
        copy = pathlib.Path(folder, name + ".yaml")
        silent(copy)
        original = ROOT / "scenarios" / name / "scenario.yaml"
        assert not is_resolved(original) or resolved(copy) == resolved(original)
        again = run("scenarios", "copy", name, folder)
        assert again.returncode == 74 and "cannot write" in again.stderr, again


def value_of(path, key):
    line = next(line for line in resolved(path).splitlines() if line.startswith(key + ":"))
    return line.split(":", 1)[1].strip().strip("\"'")


def check_listing(paths):
    said = run("scenarios")
    assert said.returncode == 0, said.stderr
    for path in filter(is_resolved, paths):
        wanted = f"{value_of(path, 'question')} ({value_of(path, 'cost')})"
        lines = [line for line in said.stdout.splitlines()
                 if line.split()[:1] == [path.parent.name] and line.endswith(wanted)]
        assert len(lines) == 1, f"{path.parent.name} is not listed with: {wanted}"


def check_study(path):
    text = path.read_text(encoding="utf-8")
    line = "# yaml-language-server: $schema=../../study.schema.json"
    assert text.startswith(line + "\n"), f"the first line is not: {line}"
    silent(path)
    said = run("scenarios")
    values = [re.search(rf"^{key}: (.*)$", text, re.MULTILINE) for key in ("question", "cost")]
    assert all(values), "no question or no cost"
    wanted = f"{values[0][1]} ({values[1][1]})"
    lines = [line for line in said.stdout.splitlines()
             if line.split()[:1] == [path.parent.name] and line.endswith(wanted)]
    assert len(lines) == 1, f"{path.parent.name} is not listed with: {wanted}"


def check_example(page):
    text = page.read_text(encoding="utf-8")
    example = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    assert "base: scenarios/" in example, "the first example is not the one with a base"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "example.yaml")
        path.write_text(example.replace("base: scenarios/", f"base: {ROOT.resolve()}/scenarios/"),
                        encoding="utf-8")
        silent(path)


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
    named = [path for _, _, (path,) in cases]
    cases += [("copy " + path.parent.name, check_copy, (path.parent.name,)) for path in named]
    cases += [(str(path.relative_to(ROOT)), check_variant, (path,))
              for path in sorted(ROOT.glob("scenarios/**/*.yaml"))
              if path not in named and path.name != "study.yaml"]
    cases += [("studies/" + path.parent.name, check_study, (path,))
              for path in sorted(ROOT.glob("scenarios/studies/*/study.yaml"))]
    cases.append(("taosim scenarios", check_listing, (named,)))
    cases.append(("example", check_example, (ROOT / "docs/SCENARIO.md",)))
    cases.append(("docs/SCENARIO.md", check_written, (ROOT / "docs/SCENARIO.md", "--markdown")))
    cases.append(("docs/STUDY.md", check_written,
                  (ROOT / "docs/STUDY.md", "--study", "--markdown")))
    cases.append(("schema", check_written, (ROOT / "scenarios/scenario.schema.json",)))
    cases.append(("schema of studies", check_written,
                  (ROOT / "scenarios/study.schema.json", "--study")))
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
