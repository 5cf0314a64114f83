"""choose.py BUILD --list | NAME...: the tests of a build folder by the name of a test or a suite.

Prints the names for `meson test`, one a line. Exits with 2 when a name fits nothing.
"""
import json
import subprocess
import sys


def tests_of(build):
    """The (name, suites) of each test that the build folder knows."""
    text = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                          capture_output=True, text=True).stdout
    return [(test["name"], [suite.split(":")[-1] for suite in test["suite"]])
            for test in json.loads(text)]


def main(build, *names):
    tests = tests_of(build)
    if names == ("--list",):
        for name, suites in sorted(tests, key=lambda test: (test[1], test[0])):
            print(f"{' '.join(suites):24} {name}")
        return 0
    selected = []
    for wanted in names:
        found = [name for name, suites in tests if wanted == name or wanted in suites]
        if not found:
            suites = sorted({suite for _, suites in tests for suite in suites})
            print(f"tests/run: no test or suite '{wanted}'; suites: {' '.join(suites)}; "
                  "tests: see ./tests/run --list", file=sys.stderr)
            return 2
        selected += [name for name in found if name not in selected]
    print("\n".join(selected))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
