#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make test`: every check there is, one after the other, and one summary line.  A step that
# fails does not stop the others.  What a step counts ("N passed, N failed, N skipped") is
# added up; a step that fails without a count counts as one failure.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
log=build/test.log
: >"$log"
passed=0 failed=0 skipped=0

count() { # count WORD FILE: the sum of "N WORD" over the file's counting lines
    grep -E '(^|[^0-9])[0-9]+ passed, [0-9]+ failed' "$2" |
        sed -n "s/.*[^0-9]*\b\([0-9][0-9]*\) $1.*/\1/p" | awk '{ n += $1 } END { print n + 0 }'
}

step() { # step TARGET
    start=$(date +%s)
    echo "== $1"
    status=0 jobs=
    case $1 in # what has no clock of its own runs side by side
    lint | fuzz | test-unit-*) jobs="-k -Oline -j$(nproc)" ;;
    esac
    # shellcheck disable=SC2086
    { make --no-print-directory $jobs "$1" 2>&1 || echo "STEP FAILED"; } | tee "build/step-$1.log"
    grep -q '^STEP FAILED$' "build/step-$1.log" && status=1
    cat "build/step-$1.log" >>"$log"
    step_failed=$(count failed "build/step-$1.log")
    passed=$((passed + $(count passed "build/step-$1.log")))
    skipped=$((skipped + $(count skipped "build/step-$1.log")))
    [ "$status" -eq 0 ] || [ "$step_failed" -gt 0 ] || step_failed=1
    failed=$((failed + step_failed))
    echo "== $1: $(($(date +%s) - start)) s"
}

for target in "$@"; do
    step "$target"
done
grep -E '^(SKIP|.*: SKIP)' "$log" | sort -u || :
echo "test: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
