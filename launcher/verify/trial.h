/* SPDX-License-Identifier: MIT
 *
 * Trying rows of the battery on this machine, on things of its own: each act is done by a
 * fresh child, first without the fence, then with it; what the child says and what is
 * seen afterwards must agree.  `ringfence verify` and the canary stand on it; it prints
 * nothing.
 */
#pragma once

#include "core/level.h"
#include "remote/remote.h"
#include "verify/actor.h"
#include "verify/battery.h"
#include "verify/scratch.h"

enum trial_verdict {
    TRIAL_ENFORCED,     /* denied with the fence, done without it */
    TRIAL_OPEN,         /* done with the fence, and known to be: the reason says why */
    TRIAL_NOT_ENFORCED, /* done with the fence, and should not have been */
    TRIAL_ALLOWED,      /* done with the fence, as it must be */
    TRIAL_BROKEN,       /* not done with the fence, and should have been */
    TRIAL_COSTS,        /* the same, and known not to be: the reason says why */
    TRIAL_SKIPPED,      /* nothing is known: the reason says why */
    TRIAL_VERDICTS
};

/* One act, done or not. */
struct trial_side {
    bool started;
    DWORD code;   /* of the act, or why it was not started */
    bool changed; /* seen afterwards */
};

struct trial_result {
    struct trial_side without, with;
    enum trial_verdict verdict;
    const char *reason; /* static text, or NULL */
};

struct trial {
    enum fence fence;
    bool lowered;          /* integrity = lowered: token and workspace */
    bool enforced;         /* level enforced: children come from a runner */
    bool loopback_open;    /* by setup's policy */
    uint32_t net_held;     /* NETCHECK_BIT */
    enum level_token kept; /* what the fence's token has shown */
    struct scratch scratch;
    struct actor fenced; /* without a token the fenced side is tried without a fence */
    bool used;           /* what is in the scratch directory may have been changed */
};

/* What a token of that fence, lowered or not, shows here; starts nothing and leaves
 * nothing. */
enum level_token trial_look(enum fence fence, bool lowered);

/* Makes scratch directory and token.  From here to trial_close Ctrl-C ends the row in
 * hand instead of this process.  One at a time in a process; trial_close is due whatever
 * comes of it. */
MUST_CHECK bool trial_open(struct trial *trial, enum fence fence, bool lowered,
                           struct err *err);

/* From here on the fenced side goes through that runner, which stays the caller's.
 * net_held is what it has found the traffic cap alone to hold: a connection that is begun
 * so gets nowhere, which the child that begins it cannot see. */
void trial_enforce(struct trial *trial, const struct remote_request *runner,
                   uint32_t net_held);

/* DENIED, OPEN, ALLOWED or COSTS: what should come of the row here. */
enum battery_expect trial_expect(const struct trial *trial,
                                 const struct battery_row *row);

/* Tries one row.  False when no further row can be tried either: the scratch directory
 * cannot be made anew, or Ctrl-C. */
MUST_CHECK bool trial_row(struct trial *trial, const struct battery_row *row,
                          struct trial_result *result, struct err *err);

/* Whether the row's act is done without the fence, on what a fenced act just before has
 * left as it was: then it was not for a file that somebody else had in hand that it was
 * denied.  Fails as trial_row does. */
MUST_CHECK bool trial_still_can(struct trial *trial, const struct battery_row *row,
                                bool *can, struct err *err);

/* Takes everything away again; false, with *err naming it, when something stays. */
MUST_CHECK bool trial_close(struct trial *trial, struct err *err);

/* Whether the side was refused by an access check, as its code has it. */
bool trial_is_denied(const struct battery_row *row, const struct trial_side *side);
