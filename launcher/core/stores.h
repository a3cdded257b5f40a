/* SPDX-License-Identifier: MIT
 *
 * The places in a user's profile that stay closed when the strict fence is let read the
 * rest: keys, passwords, tokens, sessions, and what Ringfence itself goes by.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/aclplan.h"

/* No row has more components: deeper paths need not be asked about, for what lies in a
 * closed place is closed with it. */
#define STORES_DEPTH_MAX 6u

/* Whether the file or directory at path, relative to the profile ("a\b", as on disk), is
 * such a place itself. */
bool stores_is_closed(struct u16s path);

/* What the file or directory there is to the walk for the read SID: ACLPLAN_PROTECTED for
 * such a place, ACLPLAN_STATE for Ringfence's data directory, ACLPLAN_OUTSIDE for what a
 * box in it gives its own workspace's fence to read and write, ACLPLAN_INSIDE for
 * anything else. */
enum aclplan_kind stores_kind(struct u16s path);

/* The rows, as they are matched: a `*` stands for any run within one component.  NULL
 * behind the last. */
const char16_t *stores_row(size_t index);
