#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a cmocka program counted, in one phrase: tally.sh LOG -> "N passed, N failed, N skipped".
# A log without a count is of a program that died: one failure.
set -eu
number() { sed -n "s/^\[  $1 *\] \([0-9][0-9]*\) test(s).*/\1/p" "$2" | awk '{ n += $1 } END { print n + 0 }'; }

failed=$(number FAILED "$1")
grep -q '^\[==========\] [0-9]* test(s) run\.' "$1" || failed=$((failed + 1))
echo "$(number PASSED "$1") passed, $failed failed, $(number SKIPPED "$1") skipped"
