#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make test`: every check there is, and one summary line.  What has no clock (lints, native
# tests, fuzzers, builds) goes on beside the programs under Wine, at a low priority, and is shown after
# them.  A step that fails does not stop the others.  What a step counts ("N passed, N failed,
# N skipped") is added up; a step that fails without a count counts as one failure.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build
log=build/test.log
: >"$log"
passed=0 failed=0 skipped=0 low=

count() { # count WORD FILE: the sum of "N WORD" over the file's counting lines
    grep -E '(^|[^0-9])[0-9]+ passed, [0-9]+ failed' "$2" |
        sed -n "s/.*[^0-9]*\b\([0-9][0-9]*\) $1.*/\1/p" | awk '{ n += $1 } END { print n + 0 }'
}

run() { # run TARGET: its output and how long it took; "STEP FAILED" at the end if it did
    start=$(date +%s)
    echo "== $1"
    # shellcheck disable=SC2086
    $low make --no-print-directory -k "$1" 2>&1 || echo "STEP FAILED"
    echo "== $1: $(($(date +%s) - start)) s"
}

tally() { # tally TARGET: adds up what its log says
    status=0
    grep -q '^STEP FAILED$' "build/step-$1.log" && status=1
    cat "build/step-$1.log" >>"$log"
    step_failed=$(count failed "build/step-$1.log")
    passed=$((passed + $(count passed "build/step-$1.log")))
    skipped=$((skipped + $(count skipped "build/step-$1.log")))
    [ "$status" -eq 0 ] || [ "$step_failed" -gt 0 ] || step_failed=1
    failed=$((failed + step_failed))
}

beside= here=
for target in "$@"; do
    case $target in
    lint | fuzz | repro | test-unit-gcc | test-unit-clang) beside="$beside $target" ;;
    *) here="$here $target" ;;
    esac
done

# What both sides need is there before they part: no two makes build one file.
make --no-print-directory -k -j"$(nproc)" dist-files >build/step-dist.log 2>&1 || cat build/step-dist.log
(
    low="nice -n 15"
    for target in $beside; do
        run "$target" >"build/step-$target.log" 2>&1
    done
) &
for target in $here; do
    run "$target" | tee "build/step-$target.log"
    tally "$target"
done
wait
for target in $beside; do
    cat "build/step-$target.log"
    tally "$target"
done
grep -E '^(SKIP|.*: SKIP)' "$log" | sort -u || :
# What failed stands again at the end, where whoever sees only the end finds it.
awk '/^== / { step = $2; left = 0 }
     /FAILED/ { left = 12 }
     left > 0 { print "failed: " step ": " substr($0, 1, 300); left-- }' "$log"
echo "test: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
