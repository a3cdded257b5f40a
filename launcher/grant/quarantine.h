/* SPDX-License-Identifier: MIT
 *
 * Moving a protected name aside that came into being in a root: only in that root, and
 * whatever the fenced tool has put in its way.  Part of ringfence.exe only.
 */
#pragma once

#include "context.h"

/* Whether the directory, opened by path, is the root that the digest names, and not one
 * that a link in its place leads to.  Before Windows Vista a link is known only at the
 * path's end. */
bool quarantine_is_root(HANDLE open, const char16_t *path, const uint8_t *digest);

#define QUARANTINE_REPLACED                                                              \
    "ringfence: % is another directory than before the run: look at it, nothing in it "  \
    "was touched"

/* Gives the open file (DELETE), whose name in the directory `in` is *to, the name
 * NAME.quarantined, with a number behind it when that is taken; it is in *to then, also
 * after a failure.  Returns the NTSTATUS. */
MUST_CHECK NTSTATUS quarantine_move(HANDLE in, HANDLE file, struct u16buf *to);
