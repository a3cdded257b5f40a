/* SPDX-License-Identifier: MIT
 *
 * What verify sets up, besides the scratch directory, for acts to be tried on: keys,
 * processes, a window, a pipe, names of tasks and of files elsewhere.  All of it is its
 * own, bears the scratch directory's name, and is put away after every act.
 */
#pragma once

#include "remote/remote.h"
#include "verify/scratch.h"

/* Sets up what that place is and adds what the child is told of it to *path; below is the
 * row's own path.  NULL, or why there is nothing of the kind here: static text. */
const char *decoy_set_up(enum battery_place place, const char *below,
                         const struct scratch *scratch, struct u16buf *path);

/* Which runner is meant by the places that are one; it stays the caller's. */
void decoy_use_runner(const struct remote_request *runner);

/* Whether the act shows on what was set up. */
bool decoy_is_changed(enum battery_place place, const struct scratch *scratch);

/* Puts it away, with what the act left; false, with *err naming it, when something stays.
 * Processes that still are stay, for the next act. */
MUST_CHECK bool decoy_put_away(enum battery_place place, const struct scratch *scratch,
                               struct err *err);

/* Ends and closes what is left. */
void decoy_close(void);
