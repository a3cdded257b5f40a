/* SPDX-License-Identifier: MIT
 *
 * What a fenced program's own pipes and private directories are made with, so that it can
 * use them itself.  Looks only; runs with whatever rights the program has, in its own
 * threads, and so holds no state.
 */
#pragma once

#include "win/win.h"

#define OWNOBJECT_LIST_BYTES 2048u /* a longer list stays as it is */

/* Where the replacement is put together: on the caller's stack. */
struct ownobject {
    SECURITY_ATTRIBUTES attributes;
    SECURITY_DESCRIPTOR sd; /* absolute */
    union {
        TOKEN_DEFAULT_DACL head;
        uint8_t bytes[OWNOBJECT_LIST_BYTES];
    } list;
};

/* What a named pipe is to be made with: given, when that has a descriptor, else the
 * token's default DACL, with given's wish for an inheritable handle; NULL is no
 * attributes at all.  CreateNamedPipe itself would take the default of the pipe file
 * system, which knows no restricting SID.  MS: CreateNamedPipe, lpSecurityAttributes;
 * TOKEN_DEFAULT_DACL. */
SECURITY_ATTRIBUTES *ownobject_pipe(SECURITY_ATTRIBUTES *given, struct ownobject *room);

/* What a directory is to be made with: given, unless that is for the owner alone
 * (core/ownlist.h) and the directory above has entries of the fence to hand down.  For
 * that one is opened for READ_CONTROL; leaves the thread's last error alone. */
SECURITY_ATTRIBUTES *ownobject_directory(const char16_t *path, SECURITY_ATTRIBUTES *given,
                                         struct ownobject *room);
