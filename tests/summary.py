"""summary.py LOG...: sums up the testlog.json of `meson test` runs; ends with `N passed, N failed`.

What counts as a case, by what a program printed:
 - cmocka: each `[       OK ] name` and `[  FAILED  ] name`;
 - a last line `N passed, N failed` (golden tests and scripts): those numbers;
 - anything else: the program is one case.
A program that meson calls failed (crash, sanitizer, time-out, exit code) has at least one failed
case whatever it printed. Skipped programs count as neither; they are listed.
Exits with 1 when a case failed or none passed.
"""
import json
import os
import re
import sys

CMOCKA_PASSED = re.compile(r"^\[       OK \] (\S+)", re.MULTILINE)
# In the list at the end cmocka repeats each failed name; the set counts it once.
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (\D\S*)$", re.MULTILINE)
LAST_LINE = re.compile(r"^(\d+) passed, (\d+) failed\s*\Z", re.MULTILINE)


def count(result, output):
    """The (passed, failed) cases of one program."""
    passed = len(CMOCKA_PASSED.findall(output))
    failed = len(set(CMOCKA_FAILED.findall(output)))
    last = LAST_LINE.search(output)
    if last and passed + failed == 0:
        passed, failed = int(last[1]), int(last[2])
    if result in ("OK", "EXPECTEDFAIL"):
        return max(passed, 1), failed
    return passed, max(failed, 1)


def read(path):
    """Each test of one log: (folder, suite, name, result, seconds, output)."""
    folder = os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(path))))
    setup = os.path.basename(path)[len("testlog-"):-len(".json")]
    folder = setup or folder
    if not os.path.exists(path):
        # meson writes no log when nothing could be built or no test was selected.
        yield folder, "build", "no test ran", "ERROR", 0.0, ""
        return
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            suite, _, name = test["name"].rpartition(" / ")
            suite = suite.split(":")[-1].split("+")[0] or "other"
            output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
            yield folder, suite, name, test["result"], test["duration"], output.rstrip("\n")


def main(paths):
    totals = {}
    troubles = []
    for path in paths:
        for folder, suite, name, result, seconds, output in read(path):
            title = suite if folder == "build" else f"{suite} ({folder})"
            total = totals.setdefault(title, [0, 0, 0, 0.0])
            total[0] += 1
            total[3] += seconds
            if result == "SKIP":
                troubles.append(f"skipped: {title} / {name}: {output.strip()[-200:]}")
                continue
            passed, failed = count(result, output)
            total[1] += passed
            total[2] += failed
            if failed:
                troubles.append(f"FAILED:  {title} / {name} ({result.lower()})")

    print(f"{'suite':28}{'programs':>9}{'passed':>9}{'failed':>9}{'seconds':>9}")
    for title, (programs, passed, failed, seconds) in sorted(totals.items()):
        print(f"{title:28}{programs:9}{passed:9}{failed:9}{seconds:9.1f}")
    for trouble in sorted(troubles):
        print(trouble)
    passed = sum(total[1] for total in totals.values())
    failed = sum(total[2] for total in totals.values())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
