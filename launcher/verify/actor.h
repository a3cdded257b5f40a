/* SPDX-License-Identifier: MIT
 *
 * The children by which a trial acts: our own program or a tool, without a fence or under
 * the token that a launch would make.
 */
#pragma once

#include "win/token.h"

/* Who starts the child. */
enum actor_by {
    ACTOR_US,
    ACTOR_RUNNER,    /* the runner of the sandbox account without a network */
    ACTOR_OWN_RUNNER /* a runner of our own account, which proves nothing */
};

/* A fence's token and what a child under it gets.  Not to be moved: it points to itself.
 */
struct actor {
    HANDLE token; /* NULL: none could be made, children start without */
    struct token_security security;
    struct sid root;
    bool lowered;
    enum actor_by by; /* a runner makes a token of its own for the root */
};

/* Makes the fence's token for the workspace of that root SID, with a run SID of its own,
 * and lowered where that is asked for.  *kept is what the token shows; one that cannot be
 * lowered is LEVEL_TOKEN_FAILED, as it is to a launch.  Fails where a token is made that
 * cannot be dressed for a child. */
MUST_CHECK bool actor_make(struct actor *actor, enum fence fence, bool lowered,
                           const struct sid *root, enum level_token *kept,
                           struct err *err);
void actor_clear(struct actor *actor);

struct actor_start {
    const char16_t *program; /* full path */
    char16_t *line;          /* written to by CreateProcessW */
    bool console;            /* a hidden one: for tools, which may need it */
};

/* Starts the child in System32 with no handle of ours; actor is NULL for one without a
 * fence.  0, or the Win32 code.  *process is the caller's to close.  By a runner it is
 * that of `ringfence verify-act`, which stands for the child and ends with its code, or
 * with EXIT_RINGFENCE or EXIT_REFUSED where there is none. */
DWORD actor_start(const struct actor *actor, const struct actor_start *start,
                  HANDLE *process);

/* Waits for its end, half a minute at most, then kills it: ERROR_TIMEOUT.  Else its exit
 * code. */
DWORD actor_wait(HANDLE process);

/* Between the two, whatever ends this process ends its children: one job holds them all.
 */
void actor_begin(void);
void actor_end(void);
