#!/bin/sh
# Runs one Windows program under Wine, without a screen, in a prefix of our own.
#
#   tests/wine.sh EXE [ARG...]           its output, and the low byte of its exit code
#   tests/wine.sh --cmocka EXE [ARG...]  a test program: success only if cmocka says so.
#                                        (Linux sees 8 of the 32 bits of an exit code, so
#                                        a program that dies with 0x80000100 looks fine.)
#
# The prefix is $WINEPREFIX, else build/wine beside this folder.  Exit code 77: no Wine.
set -u
: "${WINEPREFIX:=$(cd "$(dirname "$0")/.." && pwd)/build/wine}"
export WINEPREFIX
export WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml,winedbg.exe="
unset DISPLAY WAYLAND_DISPLAY

cmocka=
if [ "${1-}" = --cmocka ]; then
    cmocka=1
    shift
fi

wine=
for w in /usr/lib/wine/wine64 "$(command -v wine64)" "$(command -v wine)"; do
    if [ -n "$w" ] && [ -x "$w" ]; then
        wine=$w
        break
    fi
done
if [ -z "$wine" ]; then
    echo "wine.sh: no Wine found (Debian: apt-get install wine64)" >&2
    exit 77
fi

mkdir -p "$WINEPREFIX"
(
    flock 9
    [ -e "$WINEPREFIX/ready" ] && exit 0
    # The server it starts may live long: it must not hold the lock.
    "$wine" wineboot -i >"$WINEPREFIX/boot.log" 2>&1 </dev/null 9>&- &&
        touch "$WINEPREFIX/ready"
) 9>"$WINEPREFIX/lock" || {
    echo "wine.sh: cannot make $WINEPREFIX, see its boot.log" >&2
    exit 77
}

if [ -z "$cmocka" ]; then
    exec "$wine" "$@" </dev/null
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$wine" "$@" </dev/null >"$log" 2>&1
code=$?
tr -d '\r' <"$log"
[ $code -eq 0 ] && grep -q '^\[  PASSED  \]' "$log" && ! grep -q '^\[  FAILED  \]' "$log"
