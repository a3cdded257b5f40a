/* SPDX-License-Identifier: MIT
 *
 * Where a `.git` file, or the `commondir` file of a git directory, leads to: whether into
 * the same root, and to what there.  With the user's rights; changes nothing.
 */
#pragma once

#include "win/win.h"

enum gitlink_kind {
    GITLINK_GITFILE,  /* "gitdir: PATH" */
    GITLINK_COMMONDIR /* the path alone */
};

enum gitlink {
    GITLINK_NONE,   /* out of the root, to the root itself, nowhere, or git refuses it */
    GITLINK_INSIDE, /* into the root: *rel */
    GITLINK_FAILED  /* *err says why, without an object */
};

/* Reads the open file (any access; it is reopened for reading), which lies in the
 * directory `directory` relative to the root at root, follows it as git does, links on
 * the way too, and gives the real place of what it finds, relative to the root, in *rel
 * (empty before, of WIN_PATH_CAP). */
enum gitlink gitlink_follow(HANDLE file, enum gitlink_kind kind, const char16_t *root,
                            struct u16s directory, struct u16buf *rel, struct err *err);
