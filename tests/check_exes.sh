#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Looks at what was built: every exe imports kernel32 and ntdll only and nothing newer than
# Windows Server 2003, has a manifest that asks for no elevation, a version, ASLR, NX and
# an old enough subsystem version, and the shims keep their size.
#   check_exes.sh DIST OBJDUMP
set -eu
dist=$1 objdump=$2
max_shim=65536
bad=0

complain() { echo "exes: $*" >&2; bad=1; }

# Functions of kernel32 and ntdll that Windows Server 2003 does not have, as far as a
# program like this could come to import them; these are to be looked up at run time.
newer='GetFinalPathNameByHandle|InitializeProcThreadAttributeList|UpdateProcThreadAttribute|
CreatePseudoConsole|GetFileInformationByHandleEx|SetFileInformationByHandle|OpenFileById|
CreateSymbolicLink|K32[A-Z]|QueryFullProcessImageName|GetTickCount64|CompareStringOrdinal|
InitOnce|AcquireSRWLock|SleepConditionVariable|GetUserDefaultLocaleName|CancelIoEx|
CancelSynchronousIo|GetNamedPipe(Client|Server)|SetDefaultDllDirectories|IsWow64Process2|
GetSystemTimePreciseAsFileTime|PathCch|NeedCurrentDirectoryForExePath|SetSearchPathMode|
LCMapStringEx|FindFirstStream|FindFirstFileName|RegGetValue|ProcessIdToSessionIdEx|
GetThreadId$|CreateRemoteThreadEx|CreateFile2|CopyFile2|GetProductInfo'
newer=$(printf '%s' "$newer" | tr -d '\n')

check() {
    exe=$1
    head=$("$objdump" -p "$exe")
    dlls=$(printf '%s\n' "$head" | sed -n 's/.*DLL Name: //p' | sort -f | tr '\n' ' ')
    case $dlls in
    'KERNEL32.dll ' | 'KERNEL32.dll ntdll.dll ') ;;
    *) complain "$exe imports $dlls" ;;
    esac
    printf '%s\n' "$head" | awk '$1 ~ /^[0-9a-f]+$/ && NF == 3 { print $3 }' |
        grep -E "^($newer)" >/dev/null && complain "$exe imports a function that is too new"
    printf '%s\n' "$head" | grep -q DYNAMIC_BASE || complain "$exe has no ASLR"
    printf '%s\n' "$head" | grep -q NX_COMPAT || complain "$exe has no NX"
    subsystem=$(printf '%s\n' "$head" | awk '/^MajorSubsystemVersion/ { print $2 }')
    [ "$subsystem" -le 5 ] || complain "$exe wants subsystem version $subsystem"
    grep -aq 'level="asInvoker"' "$exe" || complain "$exe has no asInvoker manifest"
    grep -aq 'longPathAware' "$exe" || complain "$exe is not longPathAware"
    "$objdump" -h "$exe" | grep -q '\.rsrc' || complain "$exe has no resources"
}

count=0
for exe in "$dist"/*.exe "$dist"/shims/*.exe "$dist"/denybin/*.exe; do
    check "$exe"
    count=$((count + 1))
done
for exe in "$dist"/shims/*.exe "$dist"/denybin/*.exe; do
    "$objdump" -h "$exe" | grep -q '\.ringf' || complain "$exe does not know itself: no .ringf"
    size=$(wc -c <"$exe")
    [ "$size" -le "$max_shim" ] || complain "$exe has $size bytes, more than $max_shim"
done
[ "$bad" -eq 0 ] && echo "exes: ok: $count in $dist, a shim has $(wc -c <"$dist/shims/git.exe") bytes"
exit "$bad"
