/* SPDX-License-Identifier: MIT
 *
 * The one place that includes windows.h, the few native calls the hot path makes instead
 * of loading advapi32, and the owners of what both hand out.
 */
#pragma once

#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#include <winternl.h>

#include "core/err.h"
#include "core/sid.h"

_Static_assert(sizeof(struct sid) == SECURITY_MAX_SID_SIZE, "struct sid is a SID");

#define WIN_PATH_CAP 32768u /* char16_t with terminator: the longest path there is */

/* Not in mingw's winternl.h.  All of them are exported since NT 4 ([MS] wdm.h, ntifs.h).
 * NOLINTBEGIN(readability-identifier-naming): the names are the system's. */
NTSYSAPI NTSTATUS NTAPI NtOpenProcessToken(HANDLE process, ACCESS_MASK access,
                                           HANDLE *token);
NTSYSAPI NTSTATUS NTAPI NtQueryInformationToken(HANDLE token,
                                                TOKEN_INFORMATION_CLASS what, void *data,
                                                ULONG bytes, ULONG *needed);
NTSYSAPI NTSTATUS NTAPI NtSetInformationToken(HANDLE token, TOKEN_INFORMATION_CLASS what,
                                              void *data, ULONG bytes);
NTSYSAPI NTSTATUS NTAPI NtSetSecurityObject(HANDLE object, SECURITY_INFORMATION what,
                                            void *descriptor);
NTSYSAPI NTSTATUS NTAPI RtlOpenCurrentUser(ACCESS_MASK access, HANDLE *key);
NTSYSAPI NTSTATUS NTAPI NtOpenKey(HANDLE *key, ACCESS_MASK access,
                                  OBJECT_ATTRIBUTES *name);
NTSYSAPI NTSTATUS NTAPI NtQueryValueKey(HANDLE key, UNICODE_STRING *name, int what,
                                        void *data, ULONG bytes, ULONG *needed);
NTSYSAPI NTSTATUS NTAPI NtEnumerateKey(HANDLE key, ULONG index, int what, void *data,
                                       ULONG bytes, ULONG *needed);
NTSYSAPI WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR c);
NTSYSAPI NTSTATUS NTAPI NtQuerySecurityObject(HANDLE object, SECURITY_INFORMATION what,
                                              void *data, ULONG bytes, ULONG *needed);
/* NOLINTEND(readability-identifier-naming) */

/* Owners.  Empty is NULL for every kind: wrappers turn INVALID_HANDLE_VALUE into NULL. */
static inline void handle_close_p(HANDLE *h)
{
    if (*h)
        CloseHandle(*h);
}
#define auto_handle __attribute__((cleanup(handle_close_p)))

static inline HANDLE handle_take(HANDLE *h)
{
    HANDLE taken = *h;

    *h = NULL;
    return taken;
}

/* Call it on the line after the API that failed: it reads GetLastError() first.  A
 * failure that leaves no code (Wine's CreateProcessWithLogonW does) still is one. */
bool err_win32(struct err *err, const char *call, const char16_t *object)
    __attribute__((nonnull(1, 2), cold));

/* The time as one number: a FILETIME's 100 ns since 1601. */
static inline uint64_t win_time(void)
{
    FILETIME t;

    GetSystemTimeAsFileTime(&t);
    return (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
}

/* PSID is not const in the API; lend this only to calls that read it. */
static inline PSID sid_psid(const struct sid *sid)
{
    return (PSID)sid;
}
