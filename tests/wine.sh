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

# Fills the prefix.  It is ready when what fills it has ended, and a first program has run:
# on a busy machine one that comes too early does not start.
make_prefix() {
    "$wine" wineboot -i || return
    for s in /usr/lib/wine/wineserver64 /usr/lib/wine/wineserver32 "$(command -v wineserver)"; do
        [ -x "$s" ] && timeout 120 "$s" -w && break
    done
    for n in 1 2 3; do
        "$wine" cmd /c exit 7
        [ $? -eq 7 ] && return
        echo "a first program did not run (try $n)"
    done
    return 1
}

mkdir -p "$WINEPREFIX"
(
    flock 9
    [ -e "$WINEPREFIX/ready" ] && exit 0
    # The server it starts may live long: it must not hold the lock.
    make_prefix >"$WINEPREFIX/boot.log" 2>&1 </dev/null 9>&- &&
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
# On a busy machine Wine now and then does not start a program at all: that is tried once
# more, and told.  One that dies (abort 3, access violation 5, stack 253) has started.
case $code in
0 | 3 | 5 | 253) ;;
*)
    if ! grep -q '^\[' "$log"; then
        echo "wine.sh: $1 did not start (exit code $code), tried again: $(head -c 300 "$log")"
        "$wine" "$@" </dev/null >"$log" 2>&1
        code=$?
    fi
    ;;
esac
tr -d '\r' <"$log"
[ $code -eq 0 ] && grep -q '^\[  PASSED  \]' "$log" && ! grep -q '^\[  FAILED  \]' "$log"
