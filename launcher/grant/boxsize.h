/* SPDX-License-Identifier: MIT
 *
 * How much lies in a workspace's box: TEMP and caches that nobody else clears away.  With
 * the user's rights; changes nothing.
 */
#pragma once

#include "win/win.h"

struct boxsize {
    uint64_t bytes; /* of the files' contents; what a link leads to is not counted */
    uint64_t files;
    bool whole; /* all of it was seen: not late, and nothing refused */
};

/* Adds up what is below a directory, for limit_ms at most; nothing of one that is not
 * there. */
void boxsize_look(const char16_t *directory, uint32_t limit_ms, struct boxsize *size);

/* "14 MB in 1,204 files", "at least ..." if not whole.  1 KB is 1,024 bytes. */
void boxsize_add(struct u16buf *b, const struct boxsize *size);
