/* SPDX-License-Identifier: MIT
 *
 * The proof of a fence on this machine: a dozen acts of the battery, tried for real, and
 * what came of them kept until Windows or Ringfence changes.  For ringfence.exe; shims
 * only compare machine_key.
 */
#pragma once

#include "context.h"
#include "core/fence.h"
#include "remote/remote.h"

struct canary_proof {
    bool held;
    unsigned outside_denied, outside_total, inside_allowed, inside_total;
    uint64_t time;     /* FILETIME: when it was tried */
    uint32_t net_held; /* level enforced: NETCHECK_BIT, held by the traffic cap alone */
    bool cached;       /* it was read from <data>\proof */
    const char *why;   /* static text when not held, "" when held */
};

/* The proof of this fence, its token lowered if c->policy says so (c->data is where it is
 * kept): an earlier one of the same Windows build, Ringfence version and kind of window
 * station, else, or when fresh, the canary is run now, which takes some 30 children, and
 * written down.  One that did not hold counts for an hour: what kept it from holding may
 * be gone.  Where tokens keep no restricting SIDs nothing is started and nothing read.
 * Acts that the standard fence is known to leave open are not tried with it.
 *
 * Fails when the canary cannot be run at all (no TEMP), or on Ctrl-C.  That the proof
 * cannot be written down, or something of the canary's stays in TEMP, is no failure. */
MUST_CHECK bool canary_prove(struct context *c, enum fence fence, bool fresh,
                             struct canary_proof *proof, struct err *err);

/* The same for level enforced, by children of that runner, which has to be there already:
 * one that is started from here on ends with this process.  An earlier proof counts only
 * where the runner has found the traffic cap to hold just what it held then. */
MUST_CHECK bool canary_prove_enforced(struct context *c,
                                      const struct remote_request *runner,
                                      uint32_t net_held, struct canary_proof *proof,
                                      struct err *err);

/* The proof of this fence that is written down for this Windows and Ringfence, however
 * old it is; false when there is none.  Starts nothing. */
MUST_CHECK bool canary_read(const struct context *c, enum fence fence,
                            struct canary_proof *proof);
MUST_CHECK bool canary_read_enforced(const struct context *c, struct canary_proof *proof);
