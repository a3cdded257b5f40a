#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Holds the rooms apart: a file includes only from the right,
#   shims, denybin -> launcher/*.h -> win -> core;  setup -> win -> core;  tests -> all;
#   cmd -> verify -> grant, remote -> runner; each of them -> launcher/*.h.
# windows.h stands in win/win.h only, core has no C library, nothing includes tests.
set -eu
cd "$(dirname "$0")/.."
bad=0

# refuse PATTERN WHAT FILES...: no include line of FILES may match PATTERN
refuse() {
    pattern=$1 what=$2
    shift 2
    found=$(grep -nE "^#[[:space:]]*include[[:space:]]+$pattern" "$@" /dev/null || true)
    [ -z "$found" ] || { printf 'layers: %s:\n%s\n' "$what" "$found" >&2; bad=1; }
}

c_files() { find "$@" -name '*.[ch]'; }

# shellcheck disable=SC2046
{
    refuse '<(windows|winternl|winioctl|winsock2|stdio|stdlib|string|wchar)\.h>' \
        'core is pure' $(c_files launcher/core)
    refuse '"((win|grant|verify|remote|runner)/|exec\.h|context\.h|target\.h|cli\.h|report\.h)' \
        'core knows no Windows' $(c_files launcher/core)
    refuse '"((grant|verify|remote|runner)/|(exec|context|target|cli|report)\.h)' \
        'win knows no launcher' $(c_files launcher/win)
    refuse '"(verify|remote|runner)/' 'grant knows no other room' $(c_files launcher/grant)
    refuse '"(grant|verify|remote)/' 'the runner knows no other room' $(c_files launcher/runner)
    refuse '"(grant|verify)/' 'remote knows the runner only' $(c_files launcher/remote)
    refuse '"(grant|verify|remote|runner)/' 'what the shims link knows no room of ringfence.exe' \
        launcher/exec.[ch] launcher/enforced_call.[ch] launcher/confine.[ch] launcher/context.[ch] \
        launcher/target.[ch] launcher/report.[ch] $(c_files shims denybin)
    refuse '"((grant|verify|remote|runner)/|(exec|confine|context|target|cli|report)\.h)' \
        'what Node and Python load knows win and core only' $(c_files launcher/objects)
    refuse '"objects/' 'nothing else knows what Node and Python load' \
        $(c_files launcher shims denybin setup | grep -v '^launcher/objects/')
    refuse '<windows\.h>' 'windows.h is win/win.h'"'"'s' \
        $(c_files launcher shims denybin setup | grep -v '^launcher/win/win\.h$')
    refuse '"(cli|report|target)\.h"' 'shims know exec only' $(c_files shims denybin)
    refuse '("win/|<(windows|winternl|stdio|stdlib|string|wchar)\.h>)' \
        'the deciding half of setup is pure' setup/codes.[ch] setup/filters.[ch] setup/plan.[ch]
    refuse '"(\.\./|setup/|(plan|codes|filters|account|firewall|wfp)\.h)' 'launcher knows no setup' $(c_files launcher shims denybin)
    refuse '"(exec|context|target|cli|report)\.h"' 'setup knows no launcher' $(c_files setup)
    refuse '".*(tests|fakes)/' 'nothing includes tests' $(c_files launcher shims denybin setup)
    refuse '<std(io|lib)\.h>' 'the C library is not linked' $(c_files launcher shims denybin setup)
}
[ "$bad" -eq 0 ] && echo 'layers: ok'
exit "$bad"
