#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The main job, shown: one Windows terminal with Ringfence's shims on PATH builds a real npm
# project, then tries to reach the network and cannot; the same commands without the shims can.
# Every line of the story is checked, so this is a test too: exit code 1 if one is not so.
#   tests/e2e/demo.sh [DIST]        (dist/x64; what tests/tools/fetch.sh brings lies in build/fetch)
set -eu
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
dist=$(cd "${1:-$top/dist/x64}" && pwd)
fetched=${RINGFENCE_FETCH:-$top/build/fetch}
export WINEPREFIX=${WINEPREFIX:-$top/build/wine}
drive=$WINEPREFIX/drive_c
out=$drive/demo/out
patience=240 # seconds for the whole terminal session
failures=0

# The acts, one a line: name; command as typed; what the refusal says; the same without the
# shims: "reaches" the network, or "absent": there is no such program for Windows to be had here.
acts() {
    cat <<'ACTS'
npm;npm install left-pad;cache mode is 'only-if-cached';reaches
git;git push origin HEAD:refs/heads/demo;transport 'git' not allowed;reaches
ssh;ssh build@example.com;ringfence: ssh refused: the network is off;absent
scp;scp types.json build@example.com:;ringfence: scp refused: the network is off;absent
curl-http;curl -sS http://example.com/;Failed to connect to 127.0.0.1;reaches
curl-https;curl -sS https://example.com/;Failed to connect to 127.0.0.1;reaches
ACTS
}

# Only what a fresh user's machine has reaches Windows, whatever environment we run in.
clean_env() { env -i HOME="$HOME" PATH="$PATH" LC_ALL=C.UTF-8 WINEPREFIX="$WINEPREFIX" "$@"; }
in_wine() { clean_env "$top/tests/wine.sh" "$@"; }

# A pseudo-terminal makes Wine give cmd.exe a console, as a terminal has.
open_terminal() {
    clean_env SHELL=/bin/sh timeout "$patience" script -qec "'$top/tests/wine.sh' cmd /d /c 'C:\demo\session.bat'" \
        /dev/null </dev/null >"$work/terminal.log" 2>&1
}

# Laying out -----------------------------------------------------------------------------------

link_tree() { # FROM TO: hard links where the file system has them
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    cp -al "$1" "$2" 2>/dev/null || { rm -rf "$2"; cp -a "$1" "$2"; }
}

lay_out() {
    # Wine calls itself Windows 7, which Node 20 does not start on.
    [ -e "$WINEPREFIX/demo-ready" ] || {
        echo "Making a Wine prefix in build/wine (once, about 10 seconds) ..."
        in_wine reg add 'HKCU\Software\Wine\AppDefaults\node.exe' /v Version /d win10 /f >/dev/null
        touch "$WINEPREFIX/demo-ready"
    }
    rm -rf "$drive/demo" "$drive/ringfence"
    mkdir -p "$out"
    cp -a "$dist" "$drive/ringfence"
    for tool in node git curl; do
        link_tree "$fetched/$tool" "$drive/tools/$tool"
    done
    cp -a "$fetched/project/." "$drive/demo/"
    cp "$here/demo/build.bat" "$drive/demo/mime/"
}

# A repository with one commit whose origin is the demo's git server.
lay_out_git() { # PORT
    local git=(git -C "$drive/demo/mime" -c init.defaultBranch=main)
    git init -q --bare "$work/git/mime.git"
    git init -q --bare "$drive/demo/backup.git"
    "${git[@]}" init -q
    "${git[@]}" config user.name Demo
    "${git[@]}" config user.email demo@example.com
    "${git[@]}" config core.autocrlf false
    "${git[@]}" add .
    "${git[@]}" commit -q -m 'mime 1.4.1'
    "${git[@]}" remote add origin "git://127.0.0.1:$1/mime.git"
}

start_network() {
    mkdir -p "$work/git" "$work/package"
    printf '{ "name": "left-pad", "version": "1.3.0" }\n' >"$work/package/package.json"
    tar -czf "$work/left-pad.tgz" -C "$work" package
    : >"$drive/demo/net.log"
    mkfifo "$work/alive"
    node "$here/demo/net.js" "$drive/demo/net.log" "$work/ports" "$work/git" "$work/left-pad.tgz" <"$work/alive" 8>&- &
    exec 7>"$work/alive" # the server ends when we do
    for _ in $(seq 100); do
        [ ! -s "$work/ports" ] || return 0
        sleep 0.1
    done
    echo "demo: the loopback servers did not start" >&2
    exit 1
}

# The terminal ---------------------------------------------------------------------------------

# step NAME COMMAND...: its output, then its exit code as Windows says it, then the state of the
# network's log.  Wine 8 knows `call` only without a redirection of the batch file's own code.
step() {
    local name=$1
    shift
    printf '%s >C:\\demo\\out\\%s.txt 2>&1\n' "$*" "$name"
    printf '>C:\\demo\\out\\%s.code echo %%ERRORLEVEL%%\n' "$name"
    printf 'copy /y C:\\demo\\net.log C:\\demo\\out\\%s.net >NUL\n' "$name"
    printf 'ren C:\\demo\\out\\%s.code %s.done\n' "$name" "$name"
}

each_act() { # PREFIX
    local name command
    while IFS=';' read -r name command _; do
        case $command in npm*) command="call $command" ;; esac
        step "$1-$name" "$command"
    done < <(acts)
}

# What is typed.  The user has a proxy that works, and a registry behind it.
session() { # PROXY-PORT
    cat <<EOF
@echo off
cd /d C:\\demo\\mime
set "PATH=C:\\tools\\node;C:\\tools\\git\\bin;C:\\tools\\curl;%PATH%"
set "HTTP_PROXY=http://127.0.0.1:$1"
set "HTTPS_PROXY=http://127.0.0.1:$1"
set "npm_config_registry=http://registry.example/"
set npm_config_update_notifier=false
set npm_config_audit=false
set npm_config_fund=false
EOF
    step path-before 'echo %PATH%'
    step activate 'call C:\ringfence\activate.cmd'
    step status 'ringfence status'
    step build 'cmd /d /c build.bat'
    step add 'git add dist'
    step commit 'git commit -q -m Bundle'
    step push 'git push ..\backup.git HEAD:refs/heads/main'
    each_act with
    step deactivate 'call C:\ringfence\deactivate.cmd'
    step path-after 'echo %PATH%'
    each_act without
}

# The story ------------------------------------------------------------------------------------

check() { # WHAT CONDITION...: counts and says what is not as claimed
    local what=$1
    shift
    "$@" && return 0
    failures=$((failures + 1))
    echo "    NOT AS CLAIMED: $what"
}

indent() { tr -d '\r' | sed -e '/^[[:space:]]*$/d' -e '/A complete log of this run/d' \
    -e 's/[[:space:]]*$//' -e 's/^/    /'; }

# follow NAME: shows the step's output as it comes, until it is done.
follow() {
    local file=$out/$1.txt shown=0 lines
    until [ -e "$out/$1.done" ]; do
        if ! kill -0 "$terminal" 2>/dev/null && [ ! -e "$out/$1.done" ]; then
            echo "demo: the terminal ended before '$1' was done" >&2
            exit 1
        fi
        lines=0
        [ ! -e "$file" ] || lines=$(wc -l <"$file")
        [ "$lines" -le "$shown" ] || sed -n "$((shown + 1)),${lines}p" "$file" | indent
        shown=$lines
        sleep 0.1
    done
    tail -n "+$((shown + 1))" "$file" | indent
}

code_of() { tr -d '\r ' <"$out/$1.done"; }
says() { grep -qF -- "$2" "$out/$1.txt"; }
same() { cmp -s "$out/$1.txt" "$out/$2.txt"; }
failed() { [ "$(code_of "$1")" != 0 ]; }
succeeded() { [ "$(code_of "$1")" = 0 ]; }
# The box's cache as status names it, as a path of ours.
box_cache() { tr -d '\r' <"$out/status.txt" | sed -n 's/^  *C:\(.*\\cache\)$/\1/p' | tr '\134' / | sed "s|^|$drive|"; }
connections() { grep -c '^connection' "$out/$1.net" || true; }

prompt() { printf '\n%s> %s\n' 'C:\demo\mime' "$*"; }

show_level() {
    prompt 'C:\ringfence\activate'
    follow activate
    prompt ringfence status
    follow status
    check "status begins with the level" grep -qE '^level +(advisory|confined|enforced)' "$out/status.txt"
}

show_build() {
    prompt build.bat
    follow build
    echo "    exit code $(code_of build)"
    check "the build succeeds" succeeded build
    check "its tests pass" says build 'All tests passed'
    check "the bundle is there" [ -s "$drive/demo/mime/dist/mime.min.js" ]
    check "the package is there" [ -s "$drive/demo/mime/mime-1.4.1.tgz" ]
    check "npm was fenced: its cache lies in the box" [ -d "$(box_cache)/npm" ]
    build=ok
    [ "$failures" = 0 ] || build=FAILED
    prompt git add dist
    follow add
    prompt git commit -q -m Bundle
    follow commit
    echo "    exit code $(code_of commit)"
    check "git commits" succeeded commit
    prompt 'git push ..\backup.git HEAD:refs/heads/main'
    follow push
    echo "    exit code $(code_of push)"
    check "git pushes to a folder" git -C "$drive/demo/backup.git" rev-parse -q --verify refs/heads/main >/dev/null
}

show_refusals() {
    local name command refusal before=0 after
    while IFS=';' read -r name command refusal _; do
        prompt "$command"
        follow "with-$name"
        after=$(connections "with-$name")
        total=$((total + 1))
        if failed "with-$name" && says "with-$name" "$refusal" && [ "$after" = "$before" ]; then
            refused=$((refused + 1))
            echo "    exit code $(code_of "with-$name"): refused, no connection made"
        else
            check "refused with \"$refusal\" and no connection (exit code $(code_of "with-$name"), $((after - before)) connections)" false
        fi
        before=$after
    done < <(acts)
}

show_controls() {
    local name command control before after
    before=$(connections deactivate)
    while IFS=';' read -r name command _ control; do
        prompt "$command"
        follow "without-$name"
        after=$(connections "without-$name")
        if [ "$control" = absent ]; then
            echo "    exit code $(code_of "without-$name"): nothing to compare with, no such program for Windows here"
        elif [ "$after" -gt "$before" ]; then
            reached=$((reached + 1))
            echo "    exit code $(code_of "without-$name"): reached the network, $((after - before)) connection(s)"
        else
            check "reaches the network without the shims" false
        fi
        [ "$control" = absent ] || controls=$((controls + 1))
        before=$after
    done < <(acts)
    check "npm installs without the shims" succeeded without-npm
    check "git pushes without the shims" git -C "$work/git/mime.git" rev-parse -q --verify refs/heads/demo >/dev/null
    check "curl succeeds without the shims" succeeded without-curl-http
}

story() {
    local refused=0 total=0 controls=0 reached=0 build=FAILED
    echo "A terminal (cmd.exe) under $(in_wine --version), on Windows programs that know nothing of Ringfence:"
    echo "node 20.20.2, npm 10.9.2, git, curl, esbuild.  The user's HTTP proxy, registry and git server are"
    echo "live on loopback and count their connections."
    echo
    echo "1. The level, before anything else"
    show_level
    echo
    echo "2. An ordinary build, unchanged: mime 1.4.1 as published on npm, and local git"
    show_build
    echo
    echo "3. What would need the network is refused"
    show_refusals
    prompt 'C:\ringfence\deactivate'
    follow deactivate
    follow path-after >/dev/null
    check "PATH is as it was" same path-before path-after
    echo
    echo "4. The same commands in the same terminal, without Ringfence: the network was there all along"
    show_controls
    echo
    echo "$refused of $total acts refused, $reached of $controls controls reached the network, build $build ($SECONDS s)"
    if grep -q '^level *advisory' "$out/status.txt"; then
        echo "The level is advisory: a program that looks at none of these settings is not stopped."
    fi
    [ "$failures" = 0 ] || echo "demo: $failures thing(s) NOT as claimed"
}

main() {
    local ports
    mkdir -p "$WINEPREFIX"
    exec 8>"$WINEPREFIX/demo.lock"
    flock 8 # one demo at a time in a prefix
    work=$(mktemp -d)
    trap 'exec 7>&-; rm -rf "$work"' EXIT
    SECONDS=0
    lay_out
    start_network
    read -r -a ports <"$work/ports"
    lay_out_git "${ports[1]}"
    session "${ports[0]}" | sed 's/$/\r/' >"$drive/demo/session.bat"
    open_terminal 8>&- &
    terminal=$!
    story
    wait "$terminal" || true
    [ "$failures" = 0 ]
}

main
