#!/usr/bin/env bash
# selftest.sh SOURCE_ROOT BUILD_ROOT: every checker finds what it is there to find.
#
# For each kind of violation: puts one into a copy of a part of the tree and expects that the
# checker fails and names it, and that it did not say so before. Ends with `N passed, N failed`.
set -euo pipefail
source_root=$1
build_root=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1

folder=$(mktemp -d "${TMPDIR:-/tmp}/taosim-tidy.XXXXXX")
trap 'rm -rf "$folder"' EXIT
copy=$folder/tree
passed=0
failed=0

# A part of the tree is enough, and quick; nothing in it needs an exception.
mkdir "$copy"
(cd "$source_root" && tar -cf - meson.build .clang-format sim/base sim/run tests/tidy) |
    tar -C "$copy" -xf -
: >"$copy/tests/tidy/shape_exceptions.txt"

# check CHECKER BUILD: its findings on stdout, its exit code in $code.
check() {
    code=0
    findings=$(/usr/bin/python3 "$here/$1.py" "$copy" "$2" 2>&1) || code=$?
}

# judge NAME TEXT BEFORE: after `check`, counts whether TEXT was found, and only now.
judge() {
    if [ "$code" = 1 ] && [[ $findings == *"$2"* ]] && [[ $3 != *"$2"* ]]; then
        passed=$((passed + 1))
    else
        printf '%s does not say "%s" (exit code %s), but:\n' "$1" "$2" "$code"
        head -n 5 <<<"$findings"
        failed=$((failed + 1))
    fi
}

# expect CHECKER TEXT PATH < LINES: with these lines at the end of PATH it says TEXT.
expect() {
    local before saved=$folder/saved
    check "$1" "$build_root"
    before=$findings
    mkdir -p "$(dirname "$copy/$3")"
    rm -f "$saved"
    if [ -f "$copy/$3" ]; then cp "$copy/$3" "$saved"; fi
    cat >>"$copy/$3"
    check "$1" "$build_root"
    judge "$1" "$2" "$before"
    if [ -f "$saved" ]; then mv "$saved" "$copy/$3"; else rm "$copy/$3"; fi
}

# expect_symbol TEXT < C: a library of sim/base with this C makes check_symbols say TEXT.
expect_symbol() {
    local build=$folder/build
    rm -rf "$build"
    mkdir -p "$build/sim/base"
    printf 'int base_fine(void);\nint base_fine(void) { return 0; }\n' >"$folder/fine.c"
    cat >"$folder/odd.c"
    gcc -c "$folder/fine.c" -o "$folder/fine.o"
    gcc -c "$folder/odd.c" -o "$folder/odd.o"
    ar rc "$build/sim/base/libbase.a" "$folder/fine.o"
    check check_symbols "$build"
    local before=$findings
    ar rc "$build/sim/base/libbase.a" "$folder/odd.o"
    check check_symbols "$build"
    judge check_symbols "$1" "$before"
}

lines() { yes "$1" 2>/dev/null | head -n "$2" || true; }

base=sim/base/digest.c

mkdir -p "$copy/sim/agent" && echo 'int agent_odd(void);' >"$copy/sim/agent/odd.h"
expect check_layers 'sim/base may include nothing' $base <<<'#include "agent/odd.h"'
expect check_layers 'sim/event may include base' sim/event/odd.c <<<'#include "agent/odd.h"'
expect check_layers 'models/lm may include base' models/lm/odd.c <<<'#include "agent/odd.h"'
expect check_layers 'module sim/odd is not in' sim/odd/odd.c <<<'int odd_one;'
expect check_layers 'no such file' $base <<<'#include "base/nowhere.h"'
expect check_layers 'write "module/file.h"' $base <<<'#include "digest.h"'
expect check_layers 'only sim/config may know' $base <<<'#include <yaml.h>'
expect check_layers 'only sim/record may know' $base <<<'#include <hdf5.h>'
expect check_layers 'only models/lm may know' $base <<<'#include <cblas.h>'
rm "$copy/sim/agent/odd.h"

expect check_headers 'sim/base/lonely.h:1: does not compile' sim/base/lonely.h \
    <<<'size_t base_size(void);'
expect check_headers 'sim/base/twice.h:1: does not compile' sim/base/twice.h \
    <<<'struct twice { int a; };'

expect check_calls 'rand(): use base/stream.h' $base <<<'int base_x(void) { return rand(); }'
expect check_calls 'time(): use simulated' $base <<<'long base_x(void) { return time(NULL); }'
expect check_calls 'strtok(): use strtok_r' $base <<<'void base_x(char *a) { strtok(a, ","); }'
expect check_calls 'sprintf(): use snprintf' $base <<<'void base_x(char *a) { sprintf(a, ""); }'
expect check_calls 'gets(): use getline' $base <<<'void base_x(char *a) { gets(a); }'
expect check_calls 'printf(): use SIM_FAIL' $base <<<'void base_x(void) { printf("b"); }'
expect check_calls 'exit(): use SIM_FAIL' $base <<<'void base_x(void) { exit(1); }'
expect check_calls 'abort(): use SIM_FAIL' $base <<<'void base_x(void) { abort(); }'
expect check_calls 'a standard stream' $base <<<'void base_x(void) { fputs("b", stderr); }'
expect check_calls 'use sim_assert_failed' $base <<<'void base_x(void) { SIM_ASSERT(!"b"); }'
expect check_calls 'fast maths' sim/base/meson.build <<<"x = ['-ffast""-math']"

expect check_listed 'sim/base/dead.c:1: no meson.build' sim/base/dead.c <<<'int base_dead;'
expect check_listed 'tests/unit/test_never.c:1: no meson.build' tests/unit/test_never.c <<<'int x;'

expect check_readmes 'sim/odd/README.md:1: missing' sim/odd/odd.h <<<'int odd_one(void);'
mkdir -p "$copy/sim/odd" && echo 'int odd_one(void);' >"$copy/sim/odd/odd.h"
expect check_readmes "sim/odd/README.md:1: has no 'Invariants'" sim/odd/README.md \
    <<<'Start reading at: odd.h. May include: base. Knows nothing of: the rest.'
rm -r "$copy/sim/odd"

expect_symbol "'misnamed' should be static" <<<'int misnamed(void) { return 0; }'
expect_symbol "'base_total' is state of the whole program" <<<'int base_total;'
expect_symbol 'is state of the whole program' \
    <<<'int base_next(void) { static int hidden = 1; return hidden++; }'

expect check_shape 'base_long() has 81 lines' $base < <(
    echo 'void base_long(void) {' && lines '    base_step();' 79 && echo '}')
long=$(($(wc -l <"$copy/$base") + 600))
expect check_shape "$base:$long: $long lines" $base < <(lines '/* more */' 600)
expect check_shape '121 columns' $base <<<"/* $(lines x 115 | tr -d '\n') */"
expect check_shape 'a tab' $base <<<$'\tint x;'
expect check_shape 'blanks at the end' docs/ODD.md <<<'words  '
expect check_shape 'a.c b: no longer needed' tests/tidy/shape_exceptions.txt \
    <<<'a.c function b: why'
if command -v clang-format-14 >/dev/null; then
    expect check_shape 'odd.c:1: not as clang-format' sim/base/odd.c <<<'int  base_odd( void );'
fi

expect check_words 'a note to oneself' $base <<<'/* TO''DO: later */'
expect check_words 'a path of one machine' docs/ODD.md <<<'cd /wo''rk/main'
expect check_words 'how the work is organised' docs/ODD.md <<<'see is''sue 12'
expect check_words 'how the work is organised' $base <<<'/* of this ses''sion */'
expect check_words "a registry's host" sim/run <<<'# deb.deb''ian.org'

expect check_links "'nowhere.md': no such file" docs/ODD.md <<<'[there](nowhere.md)'
expect check_links 'has no such heading' docs/ODD.md <<<'[there](#not-here)'

# A page with a command that fails, and one that prints something else.
expect run_docs 'docs/ODD.md:1: exit code 3' docs/ODD.md < <(printf '```sh run\nexit 3\n```\n')
expect run_docs 'docs/ODD.md:1: printed something else' docs/ODD.md < <(
    printf '```sh run\necho a\n```\n\n```text output\nb\n```\n')

# The numbers at the end of ./tests/run: failed cases, a crash half way, a golden program, a skipped
# one, a program without cases; and no log at all.
summary() { findings=$(/usr/bin/python3 "$source_root/tests/summary.py" "$1" 2>&1) || code=$?; }
mkdir -p "$folder/build/meson-logs"
log=$folder/build/meson-logs/testlog.json
sed -z 's/,\n /, /g' >"$log" <<'LOG'
{"name": "t:unit / cases", "result": "FAIL", "duration": 1,
 "stdout": "[       OK ] a\n[  FAILED  ] b\n[       OK ] c"}
{"name": "t:unit / crash", "result": "FAIL", "duration": 1, "stdout": "[       OK ] one\n"}
{"name": "t:golden / vectors", "result": "FAIL", "duration": 1, "stdout": "7 passed, 5 failed\n"}
{"name": "t:tidy / absent", "result": "SKIP", "duration": 1, "stdout": ""}
{"name": "t:tidy / plain", "result": "OK", "duration": 1, "stdout": ""}
LOG
code=0
summary "$log"
judge summary.py $'\n11 passed, 7 failed' ''
code=0
summary "$folder/nowhere/testlog.json"
judge summary.py '0 passed, 1 failed' ''

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
