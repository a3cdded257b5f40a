/* SPDX-License-Identifier: MIT
 *
 * Which files and directories a walk has protected in a root, by their identity.  Whoever
 * makes a file chooses its list, a fenced tool too, and could put a deny of ours on a
 * .git of its own making: a list alone does not say that a walk has been there.  The
 * roster lies beside the root's record in the data directory, out of a fence's reach.
 * Part of ringfence.exe only; one at a time in a process.
 */
#pragma once

#include "context.h"

/* Begins an empty one, for a walk. */
void roster_begin(void);

/* Adds what is open, with any access; threads may do so at once.  What has no identity,
 * or no room (IDSET_IDS_MAX), is left out: it then counts as not protected. */
void roster_add(HANDLE file);

/* Writes it as the root's, with the directory it lies in. */
MUST_CHECK bool roster_write(const struct context *context, const uint8_t *digest,
                             struct err *err);

/* Takes in the root's; false when there is none that is whole: of a walk by an earlier
 * version, or deleted since. */
bool roster_read(const struct context *context, const uint8_t *digest);

/* Whether what is open, with any access, is in it. */
bool roster_has(HANDLE file);
