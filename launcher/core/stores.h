/* SPDX-License-Identifier: MIT
 *
 * The places in a user's profile that stay closed when the strict fence is let read the
 * rest: keys, passwords, tokens, sessions, and what Ringfence itself goes by.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/aclplan.h"

/* No row has more components, as the rows are named: deeper paths need not be asked
 * about, for what lies in a closed place is closed with it. */
#define STORES_DEPTH_MAX 6u

/* Whether the file or directory at path, relative to the profile ("a\b", as on disk), is
 * such a place itself. */
bool stores_is_closed(struct u16s path);

/* Where a profile has what the rows call AppData\Roaming and AppData\Local, relative to
 * it ("Application Data"): before Windows Vista they have other names, in the system's
 * language, and a user may have moved them.  Empty: not known to be elsewhere. */
struct stores_dirs {
    struct u16s roaming, local;
};

/* What the file or directory there is to the walk for the read SID: ACLPLAN_PROTECTED for
 * such a place, ACLPLAN_STATE for Ringfence's data directory, ACLPLAN_OUTSIDE for what a
 * box in it gives its own workspace's fence to read and write, ACLPLAN_INSIDE for
 * anything else.  The rows' own names count as well as those of dirs. */
enum aclplan_kind stores_kind(struct u16s path, const struct stores_dirs *dirs);

/* The rows, as they are matched: a `*` stands for any run within one component.  NULL
 * behind the last. */
const char16_t *stores_row(size_t index);

/* Adds the row as it is named in a profile with these. */
void stores_add_row(struct u16s row, const struct stores_dirs *dirs, struct u16buf *out);
