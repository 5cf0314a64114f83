"""Each broken scenario, and each broken study, gives exactly the messages that stand beside it.

usage: broken_scenarios.py TAOSIM [--update]

Every key that counts only with another one (`taosim schema --markdown` says which) is among the
files, given without effect.

broken/NAME.yaml, and broken_studies/NAME.yaml, is given to `taosim check`, which must say
NAME.txt on stderr, nothing on stdout, and exit with 2.  --update writes what it says instead; read
the difference before you commit it.  Ends with `N passed, N failed`.
"""
import difflib
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
FOLDER, STUDIES = HERE / "broken", HERE / "broken_studies"
ENOUGH = {FOLDER: 60, STUDIES: 40}


def check(taosim, scenario):
    return subprocess.run([taosim, "check", scenario.name], cwd=scenario.parent,
                          capture_output=True, timeout=60, check=False)


def problems(taosim, scenario):
    """What is wrong with what the program said; empty if nothing is."""
    said = check(taosim, scenario)
    expected = scenario.with_suffix(".txt")
    if said.returncode != 2:
        return f"exit code {said.returncode}, not 2"
    if said.stdout:
        return f"stdout: {said.stdout.decode(errors='replace')}"
    if not expected.exists():
        return f"no {expected.name}; see --update"
    if said.stderr != expected.read_bytes():
        return "\n".join(difflib.unified_diff(
            expected.read_text(errors="replace").splitlines(),
            said.stderr.decode(errors="replace").splitlines(), expected.name, "said", lineterm=""))
    return ""


def keys_that_may_be_idle(taosim):
    """Names of the keys whose row in the reference ends in `counts when ...`."""
    said = subprocess.run([taosim, "schema", "--markdown"], capture_output=True, text=True,
                          timeout=20, check=True)
    rows = (line for line in said.stdout.splitlines() if "; counts when " in line)
    return {re.match(r"\| `(\w+)` \|", row).group(1) for row in rows}


def keys_shown_idle():
    text = "".join(path.read_text(errors="replace") for path in FOLDER.glob("*.txt"))
    return set(re.findall(r"'(?:[\w.-]+\.)?(\w+)' has no effect here", text))


def main():
    taosim = str(pathlib.Path(sys.argv[1]).resolve())
    scenarios = sorted(path for folder in ENOUGH for path in folder.glob("*.yaml"))
    failed = 0
    for scenario in scenarios:
        if "--update" in sys.argv:
            scenario.with_suffix(".txt").write_bytes(check(taosim, scenario).stderr)
        problem = problems(taosim, scenario)
        if problem:
            print(f"{scenario.name}: {problem}")
            failed += 1
    for folder, enough in ENOUGH.items():
        count = len(list(folder.glob("*.yaml")))
        if count < enough:
            print(f"only {count} files in {folder.name}")
            failed += 1
    missing = keys_that_may_be_idle(taosim) - keys_shown_idle()
    if missing:
        print(f"no file gives without effect: {', '.join(sorted(missing))}")
        failed += 1
    print(f"{len(scenarios) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
