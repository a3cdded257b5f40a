#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Looks at what was built: every exe and DLL imports kernel32 and ntdll only and nothing newer than
# Windows Server 2003, has a manifest that asks for no elevation (setup's does), a version, ASLR, NX and
# an old enough subsystem version, and the shims keep their size.  So for the DLLs, which have no
# manifest and export one name each.
#   check_exes.sh DIST OBJDUMP
set -eu
dist=$1 objdump=$2
max_shim=68608
bad=0

complain() { echo "exes: $*" >&2; bad=1; }

# Every function that may be imported; all of them are in Windows Server 2003.  What is newer,
# or in another DLL, is to be looked up at run time (launcher/win/dll.h).
allowed=$(dirname "$0")/imports.txt

check() {
    head=$("$objdump" -p "$exe")
    dlls=$(printf '%s\n' "$head" | sed -n 's/.*DLL Name: //p' | sort -f | tr '\n' ' ')
    case $dlls in
    'KERNEL32.dll ' | 'KERNEL32.dll ntdll.dll ') ;;
    *) complain "$exe imports $dlls" ;;
    esac
    strange=$(printf '%s\n' "$head" | awk '$1 ~ /^[0-9a-f]+$/ && $2 ~ /^[0-9]+$/ && NF == 3 { print $3 }' |
        grep -vxF -f "$allowed" || :)
    [ -z "$strange" ] || complain "$exe imports what tests/imports.txt does not allow: $strange"
    printf '%s\n' "$head" | grep -q DYNAMIC_BASE || complain "$exe has no ASLR"
    printf '%s\n' "$head" | grep -q NX_COMPAT || complain "$exe has no NX"
    # What the loader of Windows Server 2003 (5.2) refuses, and what it does not know of.
    for field in OSystem Subsystem; do
        version=$(printf '%s\n' "$head" | awk "/^(Major|Minor)${field}Version/ { v = v * 100 + \$2 } END { print v + 0 }")
        [ "$version" -le 502 ] || complain "$exe wants ${field}Version $version, not 502 or less"
    done
    printf '%s\n' "$head" | awk '/^Entry .*(Thread Storage|Load Configuration|Delay Import|CLR)/ && $3 ~ /[1-9a-f]/ { bad = 1 } END { exit bad }' ||
        complain "$exe has thread storage, a load configuration or delayed imports"
    "$objdump" -h "$exe" | grep -q '\.rsrc' || complain "$exe has no resources"
    "$objdump" -h "$exe" | grep -q '\.reloc' || complain "$exe cannot be moved: no .reloc"
}

check_manifest() {
    level=asInvoker
    [ "$(basename "$exe")" != ringfence-setup.exe ] || level=requireAdministrator
    grep -aq "level=\"$level\"" "$exe" || complain "$exe has no $level manifest"
    grep -aq 'longPathAware' "$exe" || complain "$exe is not longPathAware"
}

check_exports() { # check_exports NAME
    exports=$("$objdump" -p "$exe" | sed -n '/Ordinal\/Name Pointer/,$s/^[[:space:]]*\[ *[0-9]*\] *\(+base\[ *[0-9]*\] *[0-9a-f]* *\)\{0,1\}//p')
    [ "$exports" = "$1" ] || complain "$exe exports $exports"
}

count=0
for exe in "$dist"/*.exe "$dist"/shims/*.exe "$dist"/denybin/*.exe; do
    check
    check_manifest
    count=$((count + 1))
done
for exe in "$dist"/*.dll "$dist"/objects/*.dll; do
    check
    case $exe in
    */objects/*) check_exports napi_register_module_v1 ;;
    *) check_exports ringfence_enforced ;;
    esac
    count=$((count + 1))
done
for exe in "$dist"/shims/*.exe "$dist"/denybin/*.exe; do
    "$objdump" -h "$exe" | grep -q '\.ringf' || complain "$exe does not know itself: no .ringf"
    size=$(wc -c <"$exe")
    [ "$size" -le "$max_shim" ] || complain "$exe has $size bytes, more than $max_shim"
done
[ "$bad" -eq 0 ] && echo "exes: ok: $count in $dist, a shim has $(wc -c <"$dist/shims/git.exe") bytes"
exit "$bad"
