/* SPDX-License-Identifier: MIT
 *
 * The parts of ringfence-runner.exe.  It runs under the sandbox account and is all that
 * stands between that account's full rights and what it starts.
 */
#pragma once

#include "runner/guard.h"
#include "win/pipe.h"
#include "win/station.h"
#include "win/token.h"

#define RUNNER_FRAME_MS 10000u /* how long a client may take over one frame */

/* A console of its own, where nothing of it is seen.  One that the child itself would
 * have to make may be denied to a restricted token, and the child dies with 0xC0000142:
 * then a pseudo console, which this process makes; and if not even that comes up, none.
 */
enum runner_console { RUNNER_NO_WINDOW, RUNNER_PSEUDO, RUNNER_DETACHED };

/* What holds from the start on and is only read then. */
struct runner {
    struct sid user; /* who may connect */
    struct sid self; /* the account */
    bool has_logon;
    struct sid logon;   /* the user's own, where a logon service started us */
    struct sid station; /* what stands for it in children that are apart */
    bool apart;         /* children have nothing of the logon */
    bool cap_hurts;     /* the traffic cap slows loopback: no job gets it */
    struct guard guard;
    struct wire_hello hello;
    bool has_lists; /* attribute lists: the child inherits what is named, and no more */
    bool in_job;    /* this process is in one, as the logon service's are */
    char16_t path[WIN_PATH_CAP];        /* of this program */
    char16_t desktop[STATION_NAME_CAP]; /* of the children; empty: the one we are on */
    char16_t system[MAX_PATH + 1];
    CRITICAL_SECTION token_lock; /* token_restrict is for one thread at a time */
    CRITICAL_SECTION console_lock;
    enum runner_console console; /* what a command without a terminal gets */
    HANDLE stop;                 /* set: take no more clients, and end */
    LONG volatile last_ms;       /* GetTickCount of the last client */
};
extern struct runner runner;

/* What was started, and its job; closing both kills it unless the client has its own. */
struct runner_child {
    HANDLE process;
    HANDLE job;
};

/* A job that ends with its last handle, with as much of the limits on windows and
 * clipboard (where wanted) and outgoing traffic (offline) as this system keeps: *got says
 * which it shows. */
MUST_CHECK bool runner_make_job(bool offline, bool windows, HANDLE *job, uint32_t *got,
                                struct err *err);

/* Makes a token by the standard fence, with the child's own security, and apart from the
 * logon where runner.apart says so.  False when there is none, or one that is not apart
 * or does not show the lowered integrity that START asks for; *kept tells whether it
 * shows its restriction: without that it is not lowered either. */
MUST_CHECK bool runner_make_token(const struct wire_start *start, HANDLE *token,
                                  struct token_security *security, bool *kept,
                                  struct err *err);

/* Starts what the frame says, in the job from the beginning.  The standard handles named
 * in it are closed in any case. */
MUST_CHECK bool runner_start(const struct wire_start *start, struct runner_child *child,
                             struct wire_started *out, struct err *err);
void runner_child_close(struct runner_child *child);

/* Pseudo consoles.  begin: once, before any other. */
MUST_CHECK bool runner_console_begin(struct err *err);
/* Makes the one that START asks for, on its first two handles, which stay the caller's.
 */
MUST_CHECK bool runner_console_open(const struct wire_start *start, void **console,
                                    struct err *err);
/* Closes it, with whatever is attached to it; NULL is none. */
void runner_console_close(void *console);
/* A pipe that will answer what a new pseudo console asks its terminal; *in is
 * inheritable.
 */
MUST_CHECK bool runner_console_keyboard(HANDLE *in, HANDLE *keyboard, struct err *err);
/* Makes one that shows nothing and where nothing is typed, by way of *keyboard, which is
 * to be closed after it. */
MUST_CHECK bool runner_console_open_hidden(void **console, HANDLE *keyboard,
                                           struct err *err);
/* A command and its console. */
struct runner_kept {
    void *console;
    HANDLE keyboard; /* NULL: somebody else's */
    HANDLE child;    /* SYNCHRONIZE; borrowed */
    uint32_t pid;
};
/* Takes console and keyboard over: they last as long as the child, and are found by its
 * id.  On failure they stay the caller's. */
MUST_CHECK bool runner_console_keep(const struct runner_kept *kept, struct err *err);
MUST_CHECK bool runner_console_resize(const struct wire_resize *resize, struct err *err);
/* Waits until none is kept; false when one still is after ms. */
bool runner_console_await(DWORD ms);

/* Sends Ctrl-C or Ctrl-Break to the console of a process, from a process of its own:
 * whoever attaches to a console loses its handlers.  MS: Console Control Handlers. */
MUST_CHECK bool runner_signal(const struct wire_signal *signal, struct err *err);
uint32_t runner_signal_main(uint32_t pid, uint32_t event); /* that process */

/* Makes a desktop for all that this account starts, apart from the user's windows, and
 * names it in runner.desktop: the one that was made for us ("" is none), or one of our
 * own where that cannot be opened.  It lives as long as this process. */
MUST_CHECK bool runner_make_desktop(const char16_t *given, struct err *err);
void runner_drop_desktop(void);

/* Chooses how commands are started: the strictest way in which a child comes up, with its
 * windows' library and a console.  With nothing of the logon before with its SID; on a
 * desktop of its own before on ours.  One that does not come up dies with 0xC0000142, and
 * so would every command.  Leaves it in runner.apart, desktop and console.  MS: KB
 * 165194.
 */
void runner_find_console(const char16_t *given);
/* Whether a pseudo console shows what a child writes to it: a call that succeeds is not
 * enough (Wine). */
MUST_CHECK bool runner_shows_terminal(void);
uint32_t runner_trial_main(bool terminal); /* that child */

/* What a child like any other can do on the network, before anything is said of it; and
 * what is said, looked at anew where there was no route and now is one. */
void runner_look_at_network(void);
void runner_hello(struct wire_hello *hello);
uint32_t runner_prove_main(uint32_t ms); /* that child: a struct netcheck to stdout */

/* Serves clients on one instance until runner.stop is set.  ctx: struct pipe_end *. */
DWORD WINAPI runner_serve(void *ctx);
