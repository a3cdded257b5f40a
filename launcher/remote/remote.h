/* SPDX-License-Identifier: MIT
 *
 * The launcher's side of the runner: finds the one that is warm or starts one, gives it a
 * command with our standard handles, and waits.  With the user's rights.
 *
 * What is running belongs to the launcher, not to the runner: it holds the only lasting
 * handle of the command's job, so its end, however that comes, ends the command; a runner
 * that ends or is killed takes nothing with it but commands nobody has taken over yet.
 */
#pragma once

#include "win/pipe.h"

struct remote_request;

/* The account to run under.  Its password is opened only when a runner is started, and
 * wiped as soon as it has been: one that is warm needs none. */
struct remote_account {
    const char16_t *name; /* of a local account; NULL: our own, which proves nothing */
    const char16_t *(*open_password)(const struct remote_request *request,
                                     struct err *err); /* NULL: *err says why not */
    void (*wipe_password)(void); /* after it was opened, whatever came of it */
    struct sid sid;
};

struct remote_request {
    struct remote_account account;
    struct u16s install; /* holds ringfence-runner.exe */
    struct u16s data;    /* holds the note about the runner that is warm */
    bool allow_unproven;
    bool offline;
    bool lowered;     /* integrity = lowered */
    bool keep_stderr; /* there is something to be said when the command has ended */
    uint32_t idle_ms; /* of a runner started for this; 0: its own measure */
    struct sid run;   /* this and the roots' are SIDs of ours */
    struct sid root[FENCE_ROOTS_MAX];
    uint32_t root_count;
    struct u16s program; /* full path */
    struct u16s line, cwd;
    struct u16s environment; /* a block, its len counting all terminators: the command's,
                                and of a runner of our own account */
};

/* Runs it and waits.  Returns its exit code, or EXIT_RINGFENCE or EXIT_REFUSED after a
 * line on stderr.  The standard handles that are pipes or files are closed here once the
 * command has them, but for stderr with keep_stderr.  Ctrl-C and the like are the
 * command's from the first call on.  Call it once a process. */
uint32_t remote_run(const struct remote_request *request);

/* Starts the runner, or meets the one that is warm: what it has seen of itself. */
MUST_CHECK bool remote_look(const struct remote_request *request,
                            struct wire_hello *hello, struct err *err);

/* What is noted of the runner that is warm; false when none is.  Meets nobody. */
MUST_CHECK bool remote_note(const struct remote_request *request, struct wire_note *note);
