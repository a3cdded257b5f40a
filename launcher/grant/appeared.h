/* SPDX-License-Identifier: MIT
 *
 * What came into being under a protected name while nothing protected it, anywhere in the
 * roots: a launch itself looks only directly in them.  Part of ringfence.exe only.
 */
#pragma once

#include "context.h"

/* After a fenced launch: goes through the names in each usable root of *context, and says
 * on stderr, a line each up to 16, which protected names carry no deny of ours or are not
 * on the last grant's record (roster.h), for a deny can be forged: those made in this run
 * or since that grant.  They are moved aside, as NAME.quarantined, if the policy says so.
 * What confine_look_after has told is left out, and what already lay directly in a root
 * before the run is told but never moved.
 *
 * Ends after limit_ms, or on Ctrl-C, with a line that says how far it got.  With the
 * user's rights; what is moved is opened name by name from the root, and no link is
 * followed. Call it once a process. */
void appeared_look(const struct context *context, uint32_t limit_ms);
