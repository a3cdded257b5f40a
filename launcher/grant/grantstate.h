/* SPDX-License-Identifier: MIT
 *
 * Keeps what Ringfence itself writes down, policy, journal, proof and boxes, from being
 * deleted or renamed by a fenced tool: nothing there is granted, so nothing can be
 * written, but the standard fence is not held against deletes by way of the directory.
 * With the user's rights.
 */
#pragma once

#include "core/err.h"
#include "win/win.h"

/* Guards the box of a root (its digest), the directory of all boxes, the data directory
 * and the one that lies in, as aclplan does it for a directory that holds a root; of
 * these only what is there.  False with the first that could not be. */
MUST_CHECK bool grantstate_guard(const char16_t *data_dir, const uint8_t *digest,
                                 struct err *err);

/* The same for all but a root's box, by a command that does not walk: it fails when
 * another one does so for longer than a few seconds. */
MUST_CHECK bool grantstate_guard_data(const char16_t *data_dir, struct err *err);

/* Takes the guards away, but for those of boxes that have theirs still.  Known by their
 * place and SID, so no journal is asked. */
MUST_CHECK bool grantstate_unguard(const char16_t *data_dir, bool dry_run,
                                   struct err *err);
