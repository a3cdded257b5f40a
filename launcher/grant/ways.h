/* SPDX-License-Identifier: MIT
 *
 * The directories above a root, in the user's profile: tools look at each part of the
 * path they work in (Node's realpath), so the sandbox accounts' group and the strict
 * fence's read SID get FILE_READ_ATTRIBUTES on each of them, for this folder only.
 * Elsewhere Users have that already.  Part of ringfence.exe only; with the user's rights,
 * while no other command walks.
 */
#pragma once

#include "core/aclplan.h"

#define WAYS_SIDS 2u

struct ways {
    const struct sid *sid[WAYS_SIDS]; /* in the order in which they are written */
    size_t count;
    bool open; /* else they are taken away again */
    /* Closing: whether the directory still leads to another root; NULL: none does. */
    bool (*needed)(struct u16s directory);
};

/* Edits each directory of the profile above root, a final path, which itself is left
 * alone, and the profile's own wherever the root is.  What is not there has no way to be
 * closed.  Goes on where one cannot be edited: false then, *err being the first. */
MUST_CHECK bool ways_edit(const struct ways *ways, const char16_t *root, struct err *err);
