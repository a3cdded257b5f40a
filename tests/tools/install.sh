#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs what is missing to build, to show (demo) and to test on Debian 12, by package name.
#   tests/tools/install.sh [demo|test]...        (both when nothing is said)
# Silent when nothing is missing.  A thing is looked for by what it provides, never by its package,
# so a compiler or a Node that came from elsewhere is left alone.
set -eu

# What is looked for (a command, or a path pattern), and the package that provides it.
needs_demo='
make                                                make
x86_64-w64-mingw32-gcc                              gcc-mingw-w64-x86-64-win32
x86_64-w64-mingw32-windres                          binutils-mingw-w64-x86-64
i686-w64-mingw32-gcc                                gcc-mingw-w64-i686-win32
i686-w64-mingw32-windres                            binutils-mingw-w64-i686
/usr/lib/wine/wine64                                wine64
node                                                nodejs
npm                                                 npm
git                                                 git
xz                                                  xz-utils
flock                                               util-linux
/etc/ssl/certs/ca-certificates.crt                  ca-certificates
'
needs_test='
gcc                                                 gcc
/usr/include/stdio.h                                libc6-dev
/usr/include/cmocka.h                               libcmocka-dev
clang                                               clang
/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.asan-x86_64.a  libclang-rt-14-dev
clang-format                                        clang-format
clang-tidy                                          clang-tidy
cppcheck                                            cppcheck
curl                                                curl
python3                                             python3
/usr/lib/python3*/dist-packages/pip                 python3-pip
wget                                                wget
rsync                                               rsync
ccache                                              ccache
zsh                                                 zsh
mksh                                                mksh
debootstrap                                         debootstrap
unshare                                             util-linux
zip                                                 zip
unzip                                               unzip
'

say() { printf 'install: %s\n' "$*"; }

is_present() {
    case $1 in
    /*) # The shell expands the pattern; what stays as it is does not exist.
        # shellcheck disable=SC2086
        set -- $1
        [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Reads needs on stdin, prints the packages of those that are not there.
missing_of() {
    while read -r what package; do
        [ -n "$what" ] || continue
        is_present "$what" || printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_packages() {
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
        say "cannot install without root or sudo. As root: apt-get install --no-install-recommends $*"
        exit 1
    fi
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    say "missing: $*"
    say "apt-get update"
    as_root apt-get -q update >"$log" 2>&1 || { tail -n 5 "$log"; say "update failed, trying with the lists at hand"; }
    say "apt-get install, $# package(s) and what they need (a minute or two on a fresh machine)"
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 install "$@" >"$log" 2>&1; then
        tail -n 15 "$log"
        say "apt-get install failed"
        exit 1
    fi
}

main() {
    [ $# -gt 0 ] || set -- demo test
    wanted=
    for group in "$@"; do
        case $group in
        demo) wanted="$wanted$needs_demo" ;;
        test) wanted="$wanted$needs_demo$needs_test" ;;
        *) say "unknown word '$group' (demo, test)"; exit 2 ;;
        esac
    done
    packages=$(printf '%s' "$wanted" | sort -u | missing_of)
    [ -n "$packages" ] || return 0
    # A list of plain names.
    # shellcheck disable=SC2086
    install_packages $packages
    still=$(printf '%s' "$wanted" | sort -u | missing_of)
    [ -z "$still" ] || { say "installed, but still not found: $still"; exit 1; }
    say "done"
}

main "$@"
