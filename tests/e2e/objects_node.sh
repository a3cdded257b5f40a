#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The published Windows Node with what it loads under a fence, by NODE_OPTIONS and nothing else:
# the library as it is shipped, which does nothing here, and one that works without a fence and
# says so.  A child with piped output is what a fenced Node cannot have without it.
#   objects_node.sh OBJECTS FORCED      (directories with objects.js and the library)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
node=${RINGFENCE_FETCH:-$top/build/fetch}/node/node.exe
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -e "$node" ] || {
    echo "SKIP objects_node: there is no Windows Node (tests/tools/fetch.sh node)"
    echo "objects: node: 0 passed, 0 failed, 1 skipped"
    exit 0
}

# run OPTIONS ARGUMENT...: out and err are what Node said.
run() {
    options=$1
    shift
    code=0
    NODE_SKIP_PLATFORM_CHECK=1 NODE_OPTIONS=$options "$top/tests/wine.sh" "$node" "$@" >"$work/out" 2>"$work/err" || code=$?
    out=$(tr -d '\r' <"$work/out")
    err=$(tr -d '\r' <"$work/err")
}

# check NAME CONDITION...: of the last run.
check() {
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "objects: node: not ok: $name: code $code, out <$out>, err <$err>"
    fi
}

said() { [ "$code" = 0 ] && [ "$out" = "$1" ] && [ "$err" = "$2" ]; }
worked() { # the output, and that at least one pipe of Node's was seen to be mended
    [ "$code" = 0 ] && [ "$out" = "$1" ] && printf '%s\n' "$err" | grep -qx 'pipe mended' &&
        ! printf '%s\n' "$err" | grep -qvx 'pipe mended'
}

# load DIR: the options that the launcher sets
load() { printf -- '--require "Z:%s/objects.js"' "$(cd "$1" && pwd)"; }

shipped=$(load "$1") forced=$(load "$2")
child='const r = require("child_process").execFileSync(process.execPath, ["-p", "6*7"],
    { env: { ...process.env, NODE_OPTIONS: "" }, stdio: ["ignore", "pipe", "ignore"] });
    process.stdout.write(r.toString());'
async='require("child_process").execFile(process.execPath, ["-p", "6*7"],
    { env: { ...process.env, NODE_OPTIONS: "" } }, (e, out) => process.stdout.write(e ? e.message : out));'
worker='const w = require("worker_threads");
    new w.Worker("require(\"worker_threads\").parentPort.postMessage(6*7)", { eval: true })
        .on("message", (m) => console.log(m)).on("error", (e) => console.log(e.message));'

grandchild='process.stdout.write(require("child_process").execFileSync(process.execPath,
    ["-p", "process.env.NODE_OPTIONS"], { env: ENV, stdio: ["ignore", "pipe", "ignore"] }));'
replaced=$(printf '%s' "$grandchild" | sed 's/ENV/{ ...process.env, NODE_OPTIONS: "--no-warnings" }/')
bare=$(printf '%s' "$grandchild" |
    sed 's/ENV/{ SystemRoot: process.env.SystemRoot, NODE_SKIP_PLATFORM_CHECK: "1" }/')

run '' -e "$child"
check 'the control: no library, no pipe mended' said 42 ''
run "$shipped" -e "$child"
check 'without a fence the library does nothing, and says nothing' said 42 ''
run "$forced" -e "$child"
check 'execFileSync with piped output' worked 42
run "$forced" -e "$async"
check 'execFile' worked 42
run "$shipped" -e "$worker"
check 'a worker thread loads it again' said 42 ''
run "$forced" -p 'Object.keys(require.cache).length + process.mainModule?.children.length || "none"'
check 'the program sees no module of ours' said none ''
run "--max-old-space-size=300 $shipped" -p 'require("v8").getHeapStatistics().heap_size_limit < 5e8'
check 'behind options that are there already' said true ''

run "$shipped" -e "$replaced"
check 'the control: options that a program replaces are replaced' said --no-warnings ''
run "$forced" -e "$replaced"
check 'options that a program replaces have ours behind them' worked "--no-warnings $forced"
run "$forced" -e "$bare"
check 'an environment without any has ours' worked "$forced"

mkdir "$work/with blank" "$work/alone"
cp "$2/objects.js" "$2/ringfence-objects.dll" "$work/with blank"
cp "$2/objects.js" "$work/alone"
run "$(load "$work/with blank")" -e "$child"
check 'from a path with a blank' worked 42
run "$(load "$work/alone")" -e "$child"
check 'no library there: as without it' said 42 ''
cp "$2/objects.js" "$work/alone/ringfence-objects.dll"
run "$(load "$work/alone")" -e "$child"
check 'something else in its place: as without it' said 42 ''

cat >"$work/some.test.js" <<'JS'
require('node:test')('runs', () => {});
JS
run "$forced" --test "Z:$work/some.test.js"
# shellcheck disable=SC2016  # eval expands it
check 'node --test starts its files through mended pipes' eval \
    '[ "$code" = 0 ] && printf "%s" "$out" | grep -q "pass 1"'

echo "objects: node: $passed passed, $failed failed"
[ "$failed" = 0 ]
