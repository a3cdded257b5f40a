/* SPDX-License-Identifier: MIT
 *
 * The stand-in for Windows Server 2003, in two parts: nt52.c, what such a system has not
 * got, and fence.c, what it holds although Wine does not: where the variable NT52_LISTS
 * names a directory, files keep their lists there, and a child under a restricted token
 * is held to them as core/accesscheck has it.  Only our own programs are; what they do is
 * what is under test, and not the model.
 */
#pragma once

#include "win/win.h"

/* The slot that the loader fills, and the one that the program reads instead. */
#define DECLARE(name)                                                                    \
    extern __typeof__(&(name)) __real___imp_##name;                                      \
    extern __typeof__(&(name)) __wrap___imp_##name
#define STANDS_FOR(name) __typeof__(&(name)) __wrap___imp_##name = my_##name

DECLARE(CreateDirectoryW);
DECLARE(CreateFileW);
DECLARE(CreateHardLinkW);
DECLARE(DeleteFileW);
DECLARE(MoveFileExW);
DECLARE(NtQueryInformationFile);
DECLARE(NtQuerySecurityObject);
DECLARE(NtSetSecurityObject);
DECLARE(RemoveDirectoryW);
DECLARE(SetFileAttributesW);

/* Whether there are lists, and so restricted tokens. */
bool fence_is_on(void);

/* Remembers what a token was restricted to. */
void fence_made(HANDLE token, DWORD count, const SID_AND_ATTRIBUTES *restricting);

void fence_copied(HANDLE from, HANDLE to);

/* TokenRestrictedSids, of one that was made here or of the process itself. */
NTSTATUS fence_restricting(HANDLE token, void *data, ULONG bytes, ULONG *needed);

/* The environment of a child under that token. */
LPVOID fence_environment(HANDLE token, LPVOID block);

/* The list of a file; false when it is none, or there are no lists. */
bool fence_query(HANDLE file, SECURITY_INFORMATION what, void *data, ULONG bytes,
                 ULONG *needed, NTSTATUS *status);
bool fence_set(HANDLE file, SECURITY_INFORMATION what, void *descriptor,
               NTSTATUS *status);
