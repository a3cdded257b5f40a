#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a call through a shim costs, and what a fence does, under Wine, next to what else
# there is:
#   bench.sh DIST BENCH-PROGRAMS        BENCH_ROUNDS: calls to measure (100)
#                                       BENCH_FILES: in the tree that is walked (10000)
# Lays out the stages (see the rows of bench.c, fence.c and walk.c) and runs the drivers
# in a prefix of its own.  Not a timed test: fails only when something does not run or
# loses the exit code.
set -eu
dist=$1 programs=$2
top=$(cd "$(dirname "$0")/../.." && pwd)
rounds=${BENCH_ROUNDS:-100}
files=${BENCH_FILES:-10000}
stage=$programs/stage
trees=$programs/trees
peers=${RINGFENCE_FETCH:-$top/build/fetch}/peers
WINEPREFIX=$top/build/wine-bench
export WINEPREFIX

wine() { "$top/tests/wine.sh" "$@"; }
cpu() { sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1; }
load() { cut -d' ' -f1 /proc/loadavg; }
windows() { printf 'Z:%s' "$1" | tr / '\134'; }
# tree DIR DIRECTORIES FILES-IN-EACH
tree() {
    for i in $(seq "$2"); do
        mkdir -p "$1/$i"
        (cd "$1/$i" && seq -f 'file %g.c' "$3" | tr '\n' '\0' | xargs -0 touch)
    done
}

why=
"$top/tests/tools/fetch.sh" peers >"$programs/fetch.log" 2>&1 || {
    why=$(sed -n 's/^SKIP: //p' "$programs/fetch.log" | head -n 1)
    why=${why:-$(tail -n 1 "$programs/fetch.log")}
}

rm -rf "$stage"
mkdir -p "$stage/tool" "$stage/peers" "$stage/path" "$stage/ws/.git" "$stage/ws/src"
cp -r "$dist" "$stage/rf"
cp "$programs/enforced.exe" "$stage/rf/shims/"
cp "$programs/floor.exe" "$stage/"
cp "$programs/target.exe" "$stage/tool/git.exe"
# The directories of a long PATH hold files, or looking in them would cost less than it does.
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do
    mkdir "$stage/path/$i"
    for f in a b c d e f g h i j k l m n o p q r s t; do
        : >"$stage/path/$i/tool-$f.exe"
    done
done
tool=$(windows "$stage/tool/git.exe")
printf '@"%s" %%*\r\n' "$tool" >"$stage/shim.cmd"
# distlib reads "#!PROGRAM" before a zip at its own end, setuptools in a script beside it.
if [ -z "$why" ]; then
    { cat "$peers/t64.exe" && printf '#!%s\r\n' "$tool" &&
        printf 'PK\005\006\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; } >"$stage/peers/t64.exe"
    cp "$peers/cli-64.exe" "$stage/peers/"
    printf '#!%s\r\n' "$tool" >"$stage/peers/cli-64-script.py"
fi

# As many directories in the small tree as in the large one.  None stays: every later make
# looks through build.
trap 'rm -rf "$trees"' EXIT
rm -rf "$trees"
tree "$trees/small" 100 10
tree "$trees/large" 100 1000
tree "$trees/ours/tree" $(((files + 99) / 100)) 100
tree "$trees/theirs/tree" $(((files + 99) / 100)) 100
mkdir "$trees/probe"
touch "$trees/probe/child"

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
bad=0
wine "$programs/bench.exe" "Z:$stage" "$rounds" "$why" || bad=1
echo
wine "$programs/fence.exe" "$(windows "$trees")" || bad=1
echo
wine "$programs/walk.exe" "$(windows "$trees")" || bad=1
echo
echo "Wine's figures compare programs on one machine, in one run; they say nothing of Windows."
echo "One server answers the calls of all threads there: what workers bring cannot be judged."
echo "Load at the end: $(load).  Figures of different runs, or of a busy machine, do not compare."
exit $bad
