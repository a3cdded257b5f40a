/* SPDX-License-Identifier: MIT
 *
 * Setup as data: an ordered list of steps, each with check, apply and undo, run forwards
 * by install and backwards by uninstall, with a mark for each step in a journal so that a
 * run that was killed is finished or taken back by the next one.
 * Pure: what the steps do to a machine is theirs.
 *
 * What a run leaves behind never depends on where it stopped.  A mark is written before
 * a step begins, and goes when the step is undone; as long as the plan is not marked
 * complete, every marked step is this installation's own and goes if one fails.
 */
#pragma once

#include "codes.h"

#define PLAN_STEPS_MAX 32u
#define PLAN_COMPLETE  "complete" /* the journal's name for the plan as a whole */

enum plan_state {
    PLAN_ABSENT,  /* no part of it is there */
    PLAN_PRESENT, /* it is there, is ours, and every field is as it should be */
    PLAN_CHANGED, /* it is ours, but parts are missing or differ */
    PLAN_FOREIGN, /* something of that name is there that is not ours */
    PLAN_UNKNOWN  /* the check failed: *err says why */
};

struct plan_step {
    const char *id;   /* snake_case, stable: the journal's name for it */
    const char *what; /* what there is when it is done, one line */
    enum plan_state (*check)(void *ctx, unsigned arg, struct err *err);
    /* Both may find any part done already, and end as PLAN_PRESENT or PLAN_ABSENT. */
    bool (*apply)(void *ctx, unsigned arg, struct err *err); /* NULL: a precondition */
    bool (*undo)(void *ctx, unsigned arg, struct err *err);
    enum codes_phase phase;
    unsigned arg;      /* handed to the functions: which account, which rule */
    bool is_account;   /* uninstall --keep-accounts leaves it */
    const char *until; /* the id of a later step: while that is left, so is this one; or
                          NULL */
};

enum plan_outcome {
    PLAN_NOT_REACHED,
    PLAN_WAS_THERE, /* nothing to do */
    PLAN_ADDED,
    PLAN_REPAIRED,
    PLAN_FAILED,
    PLAN_TAKEN_BACK,
    PLAN_LEFT /* still there: could not be removed, is not ours, or was to be kept */
};

/* One run.  The caller fills the first part; is_marked and is_complete are what the
 * journal says and follow it from there on. */
struct plan {
    const struct plan_step *steps;
    size_t count; /* at most PLAN_STEPS_MAX */
    void *ctx;
    /* Sets or removes a mark so that it survives a crash. */
    bool (*journal)(void *ctx, const char *id, bool set, struct err *err);
    bool is_marked[PLAN_STEPS_MAX]; /* begun, or done */
    bool is_complete;

    enum plan_outcome outcome[PLAN_STEPS_MAX];
    enum plan_state state[PLAN_STEPS_MAX]; /* as checked first */
    enum codes_phase failed;               /* of the run; CODES_OK if none */
    struct err err;                        /* of the failure that ended it */
    size_t left;                           /* how many are PLAN_LEFT */
    struct err left_err;                   /* why the first of them is */
};

/* Only looks: fills state and outcome (PLAN_WAS_THERE or PLAN_NOT_REACHED), and failed
 * with the phase of the first step that is not as it should be. */
void plan_look(struct plan *plan);

/* Applies what is not there.  A step that fails, or that says it succeeded but is not
 * there afterwards, ends the run and takes back everything this installation added: all
 * of it when it never was complete, else what this run added. */
MUST_CHECK bool plan_install(struct plan *plan);

/* Undoes every step that is ours, last first, going on when one fails.  False when
 * anything is left that was not to be kept. */
MUST_CHECK bool plan_uninstall(struct plan *plan, bool keep_accounts);

const char *plan_state_name(enum plan_state state);
const char *plan_outcome_name(enum plan_outcome outcome);
