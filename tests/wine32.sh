#!/bin/sh
# SPDX-License-Identifier: MIT
#
# 32-bit Wine in a root of its own, because the 32-bit packages do not go beside every other
# package: makes it once from the distribution's own archive (debootstrap, 1 GB), and runs
# one program in it.  Its mounts live and die with the run.
#   wine32.sh --make              makes build/fetch/wine32; 77 and a reason when it cannot
#   wine32.sh [--cmocka] EXE ARG...   like wine.sh; paths below this folder as Z:\ringfence\...
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
root=$here/build/fetch/wine32

skip() { echo "SKIP x86: $*"; exit 77; }

# The first archive that this system itself installs from.
archive() {
    sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1
    sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' /etc/apt/sources.list 2>/dev/null | head -n 1
}

make_root() {
    [ -e "$root/ready" ] && exit 0
    [ "$(id -u)" -eq 0 ] || skip "making a 32-bit root needs root"
    command -v debootstrap >/dev/null || skip "no debootstrap (Debian: apt-get install debootstrap)"
    unshare -m true 2>/dev/null || skip "no private mounts here (unshare -m)"
    url=$(archive | head -n 1)
    [ -n "$url" ] || skip "this system names no package archive"
    . /etc/os-release
    echo "Making a root with 32-bit Wine (about a minute) ..."
    rm -rf "$root"
    mkdir -p "$(dirname "$root")"
    debootstrap --arch=i386 --variant=minbase --include=wine32,wine "$VERSION_CODENAME" \
        "$root" "$url" >"$root.log" 2>&1 || skip "debootstrap failed, see build/fetch/wine32.log"
    rm -f "$root"/var/cache/apt/archives/*.deb
    mkdir -p "$root/ringfence"
    touch "$root/ready"
}

if [ "${1-}" = --make ]; then
    make_root
    exit 0
fi
[ -e "$root/ready" ] || skip "no 32-bit root (tests/wine32.sh --make)"
exec unshare -m sh -eu -c '
    root=$1 here=$2
    shift 2
    mount --bind /proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount --bind "$here" "$root/ringfence"
    exec chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 \
        WINEPREFIX=/root/prefix sh -c "cd /ringfence && exec sh tests/wine.sh \"\$@\"" sh "$@"
' sh "$root" "$here" "$@"
