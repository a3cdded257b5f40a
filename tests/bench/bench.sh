#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a call through a shim costs, under Wine, next to what else there is:
#   bench.sh DIST BENCH-PROGRAMS        BENCH_ROUNDS: rounds to measure (100)
# Lays out the stage (see the rows of bench.c) and runs the driver in a prefix of its own.
# Not a timed test: fails only when something does not run or loses the exit code.
set -eu
dist=$1 programs=$2
top=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${BENCH_ROUNDS:-100}
stage=$programs/stage
peers=${RINGFENCE_FETCH:-$top/build/fetch}/peers
WINEPREFIX=$top/build/wine-bench
export WINEPREFIX

wine() { "$top/tests/wine.sh" "$@"; }
cpu() { sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1; }
load() { cut -d' ' -f1 /proc/loadavg; }

why=
"$top/tests/tools/fetch.sh" peers >"$programs/fetch.log" 2>&1 || {
    why=$(sed -n 's/^SKIP: //p' "$programs/fetch.log" | head -n 1)
    why=${why:-$(tail -n 1 "$programs/fetch.log")}
}

rm -rf "$stage"
mkdir -p "$stage/tool" "$stage/peers" "$stage/path" "$stage/ws/.git" "$stage/ws/src"
cp -r "$dist" "$stage/rf"
cp "$programs/floor.exe" "$stage/"
cp "$programs/target.exe" "$stage/tool/git.exe"
# The directories of a long PATH hold files, or looking in them would cost less than it does.
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do
    mkdir "$stage/path/$i"
    for f in a b c d e f g h i j k l m n o p q r s t; do
        : >"$stage/path/$i/tool-$f.exe"
    done
done
tool="Z:$(printf '%s' "$stage/tool/git.exe" | tr / '\134')"
printf '@"%s" %%*\r\n' "$tool" >"$stage/shim.cmd"
# distlib reads "#!PROGRAM" before a zip at its own end, setuptools in a script beside it.
if [ -z "$why" ]; then
    { cat "$peers/t64.exe" && printf '#!%s\r\n' "$tool" &&
        printf 'PK\005\006\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; } >"$stage/peers/t64.exe"
    cp "$peers/cli-64.exe" "$stage/peers/"
    printf '#!%s\r\n' "$tool" >"$stage/peers/cli-64-script.py"
fi

# wine.sh makes the prefix at its first run.  The policy has something to read and check.
version=$(wine cmd /c ver | tr -d '\r' | grep . || true)
for local in "$WINEPREFIX"/drive_c/users/*/AppData/Local; do
    mkdir -p "$local/ringfence"
    printf '[default]\nlevel = auto\nnetwork = off\nkeep = NPM_CONFIG_CACHE\n\n[C:\\work]\nroot = C:\\work\\out\n' \
        >"$local/ringfence/policy.ini"
done

echo "$version under Wine, $(nproc) x $(cpu), load $(load)"
echo "$rounds rounds of every way, in turn; the tool exits at once"
echo
code=0
wine "$programs/bench.exe" "Z:$stage" "$rounds" "$why" || code=$?
echo "Load at the end: $(load).  Figures of different runs, or of a busy machine, do not compare."
[ "$code" = 0 ] || exit 1
