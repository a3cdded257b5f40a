/* SPDX-License-Identifier: MIT
 *
 * Directories that the walk leaves for afterwards: git directories that only a `.git` or
 * `commondir` file names, which are to be like a `.git` directory, and what was protected
 * as one before.
 */
#pragma once

#include "grant/gitlink.h"
#include "grant/grantwork.h"

/* Notes a directory, by its path relative to the root; false when there is no room for
 * one more.  Threads may do so at once. */
bool grantgit_add_later(struct grant *g, struct u16s path, bool target);

/* Notes where the open file, which lies in `directory` relative to the root, leads to, if
 * that is in the root and not protected anyway. */
bool grantgit_follow(struct grant *g, HANDLE file, enum gitlink_kind kind,
                     struct u16s directory, struct err *err);

/* After the walk: walks what was noted. */
void grantgit_walk_later(struct grant *g, struct tools *t);
