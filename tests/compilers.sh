#!/usr/bin/env bash
# compilers.sh BUILD_ROOT: neither compiler nor optimisation changes a result.
#
# Builds with clang, and with gcc without optimisation, warnings being errors; the unit and golden
# tests pass; and the quickstart, run by each and by BUILD_ROOT/taosim, has the same digests.
# Needs clang (skipped without). Ends with `N passed, N failed`.
set -euo pipefail
build_root=$(cd "$1" && pwd)
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scenario=$source_root/scenarios/quickstart/scenario.yaml
if ! command -v clang >/dev/null; then
    echo "skipped: the package clang is not installed"
    exit 77
fi
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/taosim-compilers.XXXXXX")
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

# judge TEXT COMMAND...: counts whether the command succeeds.
judge() {
    local text=$1
    shift
    if "$@" >"$folder/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'failed: %s\n' "$text"
        tail -40 "$folder/log"
    fi
}

# digests BINARY NAME: runs the quickstart and leaves its digests in the file NAME.
digests() {
    "$1" run "$scenario" -o "$folder/run-$2" --quiet
    ncdump -h "$folder/run-$2/result.h5" | grep -E '^[[:space:]]*:[a-z_]*digest[a-z_]* =' |
        sort >"$folder/$2"
    test -s "$folder/$2"
}

build() {
    local name=$1 compiler=$2
    shift 2
    CC=$compiler meson setup "$folder/$name" "$source_root" --fatal-meson-warnings "$@" &&
        ninja -C "$folder/$name"
}

runnable=no
if [ -f "$scenario" ] && [ -x "$build_root/taosim" ]; then
    runnable=yes
    judge "the quickstart with the usual build" digests "$build_root/taosim" usual
fi
for variant in "clang clang -Doptimization=3" "plain gcc -Doptimization=0"; do
    read -r name compiler options <<<"$variant"
    judge "$name: builds without a warning" build "$name" "$compiler" $options
    judge "$name: unit tests" meson test -C "$folder/$name" --suite unit --no-suite long \
        --print-errorlogs --timeout-multiplier 10
    judge "$name: golden tests" meson test -C "$folder/$name" --suite golden --no-suite long \
        --print-errorlogs --timeout-multiplier 10
    if [ "$runnable" = yes ]; then
        judge "$name: the quickstart runs" digests "$folder/$name/taosim" "$name.digests"
        judge "$name: the quickstart's digests" diff "$folder/usual" "$folder/$name.digests"
    fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
