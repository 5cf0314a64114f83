"""run_docs.py SOURCE_ROOT BUILD_ROOT [DOCUMENT...]: what the documentation tells to type, works.

In README.md and docs/*.md a fenced block with the info string `sh run` is run by bash, in the order
of the page, all blocks of a page in one temporary folder with `taosim` on the PATH and the tree's
scenarios/ as a copy. Each command must succeed. A block `text output` right after it must be what
it printed on stdout; `...` in it stands for any text. Blocks without these words are not run.

Ends with `N passed, N failed` (blocks); 77, skipped, when no page has a block to run.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

from source_tree import files, read, root_files

FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
SECONDS = 300


def blocks(text):
    """(line, commands, expected output or None) of each block to run."""
    fences = list(FENCE.finditer(text))
    for position, fence in enumerate(fences):
        if fence[1].split() != ["sh", "run"]:
            continue
        expected = None
        if position + 1 < len(fences) and fences[position + 1][1].split() == ["text", "output"]:
            expected = fences[position + 1][2]
        yield text.count("\n", 0, fence.start()) + 1, fence[2], expected


def matches(expected, printed):
    """Whether `printed` is `expected`, in which `...` stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in expected.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def run_block(commands, expected, folder, environment):
    """What is wrong with one block, or None."""
    try:
        done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", commands], cwd=folder,
                              env=environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"took more than {SECONDS} s"
    if done.returncode != 0:
        return f"exit code {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}"
    if expected is not None and not matches(expected, done.stdout):
        return f"printed something else:\n{done.stdout[-2000:]}"
    return None


def run_page(root, build, page):
    """(passed, failed) blocks of one page."""
    passed = failed = 0
    found = list(blocks(read(root, page)))
    if not found:
        return 0, 0
    with tempfile.TemporaryDirectory(prefix="taosim-docs.") as folder:
        scenarios = os.path.join(root, "scenarios")
        if os.path.isdir(scenarios):
            shutil.copytree(scenarios, os.path.join(folder, "scenarios"))
        environment = dict(os.environ, PATH=f"{os.path.abspath(build)}:{os.environ['PATH']}",
                           HOME=folder, NO_COLOR="1")
        for line, commands, expected in found:
            wrong = run_block(commands, expected, folder, environment)
            if wrong:
                failed += 1
                print(f"{page}:{line}: {wrong}\n  in: {commands}")
            else:
                passed += 1
    return passed, failed


def main(root, build, *pages):
    passed = failed = 0
    for page in pages or root_files(root, (".md",)) + files(root, ("docs",), (".md",)):
        good, bad = run_page(root, build, page)
        passed += good
        failed += bad
    if passed + failed == 0:
        print("no page has a block to run")
        return 77
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
