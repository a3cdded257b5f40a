/* SPDX-License-Identifier: MIT
 *
 * The level of a launch: decided from what the machine has shown, never from what was
 * asked for or from calls that merely returned.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

enum level { LEVEL_ADVISORY, LEVEL_CONFINED, LEVEL_ENFORCED };

enum level_want {
    LEVEL_WANT_AUTO,
    LEVEL_WANT_ADVISORY,
    LEVEL_WANT_CONFINED,
    LEVEL_WANT_ENFORCED
};

/* What looking at a restricted token just made has shown. */
enum level_token {
    LEVEL_TOKEN_UNTRIED,   /* advisory was asked for: no token was made */
    LEVEL_TOKEN_NO_CALL,   /* this Windows has no CreateRestrictedToken */
    LEVEL_TOKEN_FAILED,    /* the call failed */
    LEVEL_TOKEN_NOT_KEPT,  /* it succeeded, but the token carries no restricting SIDs */
    LEVEL_TOKEN_RESTRICTED /* read back: all restricting SIDs are there */
};

/* What the canary child has shown about a level on this machine. */
enum level_canary {
    LEVEL_CANARY_NOT_RUN,
    LEVEL_CANARY_ESCAPED,
    LEVEL_CANARY_HELD,
    LEVEL_CANARY_LOST /* nothing now, where there was a fence: not to be fallen below */
};

/* What there is of the workspace's record. */
enum level_record {
    LEVEL_RECORD_NONE,
    LEVEL_RECORD_SHUT,    /* a file that cannot be read */
    LEVEL_RECORD_STALE,   /* torn, too old, or of another machine or policy */
    LEVEL_RECORD_REFUSED, /* no fence can be here */
    LEVEL_RECORD_LOST,    /* there was one, and it could not be made again */
    LEVEL_RECORD_READY
};

/* What a launch has found of its workspace's fence.  What a fenced program of an earlier
 * run can bring about (it may hold any file open that it can read, and turn an empty
 * directory of its own into a junction) must not lead to a launch without a fence. */
struct level_workspace {
    enum level_record record;
    bool whole;   /* record READY: lists and box are as it says */
    bool tried;   /* it was to be made ready just now */
    bool marked;  /* an entry of a root is on the directory, whatever its record says */
    bool astray;  /* a link on the way to it was in reach of a fenced program */
    bool granted; /* something was made ready on this machine, here or elsewhere */
};

/* HELD, LOST, or NOT_RUN where nothing was ever there to be lost. */
enum level_canary level_of_workspace(const struct level_workspace *workspace);

struct level_evidence {
    enum level_token token;
    enum level_canary confined;
    enum level_canary enforced;
    const char *confined_why; /* why that one was not run or is lost, for people, or
                                 NULL */
};

struct level_verdict {
    enum level level;   /* the level to report: proven */
    enum level run_as;  /* the level whose code runs; above `level` only when unproven */
    bool unproven;      /* run_as was asked for with --allow-unproven: say NOT PROVEN */
    bool refused;       /* level is below what is required: start nothing, exit 125 */
    bool lost;          /* refused because there was a fence, and anything but advisory
                           was asked for */
    const char *reason; /* why not more, for people; static; "" when at what was wanted
                           and required (auto wants enforced) */
};

/* Decides.  auto takes the strongest level proven; a level asked for by name falls to the
 * strongest proven below it unless allow_unproven; where a fence was lost neither falls.
   Nothing is proven of code that runs
 * unproven, so its level is advisory, and it needs a token to run with: without one even
 * allow_unproven falls. */
struct level_verdict level_decide(enum level_want want, enum level require,
                                  bool allow_unproven,
                                  const struct level_evidence *evidence);

const char *level_name(enum level level); /* "advisory", … */
const char *level_want_name(enum level_want want);

/* Reads a level's name in lower case; false when it is none. */
bool level_parse(struct u16s text, enum level *level);
bool level_parse_want(struct u16s text, enum level_want *want); /* also "auto" */
