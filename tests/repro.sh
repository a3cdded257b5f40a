#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds the sources as they are here in two other folders and compares every file with
# what was built in this one.
#   repro.sh DIST
set -eu
here=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sums() { (cd "$1" && find x64 x86 -type f -exec sha256sum {} + | sort -k2); }

sums "$here" >"$work/here"
for folder in one second-with-a-longer-name; do
    there="$work/$folder"
    mkdir -p "$there"
    (cd "$source" && tar -cf - Makefile LICENSE README.md launcher shims denybin setup tests) |
        tar -xf - -C "$there"
    MAKEFLAGS='' make -s -C "$there" B="$work/b-$folder" D="$work/d-$folder" >"$work/log" 2>&1 || {
        cat "$work/log"
        exit 1
    }
    sums "$work/d-$folder" >"$work/there"
    diff "$work/here" "$work/there" || {
        echo "repro: 0 passed, 1 failed: $folder differs" >&2
        exit 1
    }
done
echo "repro: 2 passed, 0 failed: $(wc -l <"$work/here") files, the same bytes from three folders"
