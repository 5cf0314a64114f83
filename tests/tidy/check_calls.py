"""Calls that this project does not make; each finding names what to use instead.

Checked in code only: comments and strings may speak of them.
"""
import re
import sys

from source_tree import PRODUCT, code_only, files, read, report

CHANCE = 'base/stream.h: chance comes from a keyed stream'
CLOCK = ('simulated time (event); wall time may only be read for provenance, progress and '
         'performance counters, by the files listed in tests/tidy/check_calls.py')
BOUNDED = 'snprintf with the size of the buffer'
PARSED = 'strtoll or strtod, whose errors can be told'
FAILED = 'SIM_FAIL for what can happen, SIM_ASSERT for a bug; only sim/cli prints and exits'

# Files that may read the wall clock: what they read never reaches a decision or a digest.
WALL_CLOCK = re.compile(r"sim/cli/|sim/compute/|sim/base/(log|clock|wall)\.c"
                        r"|[a-z]+/[a-z_/]*(progress|provenance)[a-z_]*\.[ch]")
CLI = re.compile(r"sim/cli/")
ABORT = re.compile(r"sim/cli/|sim/base/error\.c")

# (calls, where they are allowed or None, what to use instead)
BANNED = [
    (r"rand|srand|rand_r|random|srandom|[dlm]rand48|arc4random\w*|getrandom", None, CHANCE),
    (r"time|clock|gettimeofday|clock_gettime|localtime\w*|gmtime\w*|ctime\w*", WALL_CLOCK, CLOCK),
    (r"strtok", None, "strtok_r or strcspn: strtok keeps hidden state"),
    (r"sprintf|vsprintf", None, BOUNDED),
    (r"strcpy|strcat|strncpy", None, BOUNDED),
    (r"gets", None, "getline or fgets with a size"),
    (r"atoi|atol|atoll|atof", None, PARSED),
    (r"alloca", None, "memory that its caller owns"),
    (r"printf|vprintf|puts|putchar|perror", CLI, FAILED),
    (r"exit|_exit|_Exit|quick_exit", CLI, FAILED),
    (r"abort", ABORT, FAILED),
    (r"assert", None, "SIM_ASSERT, which stays in release builds"),
    (r"setlocale", None, "the C locale: numbers are read and written with a point"),
    (r"openblas_set_num_threads", re.compile(r"models/lm/"), "the assertion in models/lm"),
]
RULES = [(re.compile(rf"(?<![\w.>])(?:{calls})\s*\("), where, instead)
         for calls, where, instead in BANNED]
# Standard streams are the command's; a library writes where it is told.
STREAMS = re.compile(r"\b(?:stdout|stderr|stdin)\b")
# clang warns of it, gcc does not.
TEXT_ALONE = re.compile(r"SIM_ASSERT\(\s*!\s*\"")
FAST_MATH = re.compile(r"-ffast-math|-Ofast|-funsafe-math|-fassociative-math|fast_math")


def main(root, _build):
    findings = []
    for path in files(root, PRODUCT, (".c", ".h")):
        for number, line in enumerate(code_only(read(root, path)).splitlines(), 1):
            for pattern, where, instead in RULES:
                match = pattern.search(line)
                if match and not (where and where.match(path)):
                    call = match[0].rstrip("( \t")
                    findings.append(f"{path}:{number}: {call}(): use {instead}")
            if TEXT_ALONE.search(line):
                findings.append(f"{path}:{number}: SIM_ASSERT of a text: use sim_assert_failed")
            if STREAMS.search(line) and not ABORT.match(path):
                findings.append(f"{path}:{number}: a standard stream: {FAILED}")
    for path in files(root, PRODUCT + ("tests",), ("meson.build", ".h", ".c")) + ["meson.build"]:
        for number, line in enumerate(read(root, path).splitlines(), 1):
            if FAST_MATH.search(line.split("#")[0]) and not line.lstrip().startswith("*"):
                findings.append(f"{path}:{number}: fast maths: the compiler would decide results")
    return report(findings)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
