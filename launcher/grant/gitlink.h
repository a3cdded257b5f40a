/* SPDX-License-Identifier: MIT
 *
 * Where a `.git` file, or the `commondir` file of a git directory, leads to: whether into
 * the same root, and to what there.  With the user's rights; changes nothing, and opens
 * nothing but what lies in the root, name by name from its handle: what a file says does
 * not decide which servers and devices are reached.
 */
#pragma once

#include "win/win.h"

enum gitlink_kind {
    GITLINK_GITFILE,  /* "gitdir: PATH" */
    GITLINK_COMMONDIR /* the path alone */
};

enum gitlink {
    GITLINK_NONE,   /* out of the root or, by the path's letters, not to a place in it
                       (protected_resolve_gitdir), nowhere, or git refuses it */
    GITLINK_INSIDE, /* into the root: *rel */
    GITLINK_FAILED  /* *err says why, without an object */
};

/* Where a file lies. */
struct gitlink_place {
    HANDLE root;           /* any access */
    const char16_t *path;  /* the root's, as file_final_path gives it */
    struct u16s directory; /* relative to the root */
};

/* Reads the open file (any access; it is reopened for reading), follows it as git does,
 * links within the root on the way too, and gives the real place of the directory that it
 * finds, relative to the root, in *rel (empty before, of WIN_PATH_CAP). */
enum gitlink gitlink_follow(HANDLE file, enum gitlink_kind kind,
                            const struct gitlink_place *place, struct u16buf *rel,
                            struct err *err);
