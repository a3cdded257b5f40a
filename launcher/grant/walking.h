/* SPDX-License-Identifier: MIT
 *
 * What grant, clean and setup --user have in common: one walk at a time,
 * Ctrl-C, how far it is, and what came of it, for people and as JSON.  Part of
 * ringfence.exe only.
 */
#pragma once

#include "core/json.h"
#include "grant/grant.h"

#define WALKING_LOCK u"walk" /* in the data directory; statefile_lock's */

/* One command and its walks.  The caller sets the first group, the rest is zero
 * before; large: static storage. */
struct walking {
    const char16_t *data_dir;
    const char *verb; /* "grant": as in "cannot grant PATH: ..." */
    bool removes;     /* it takes entries away */
    bool reads;       /* it is about the read SID: what is protected is a store */
    bool dry_run;
    bool json;
    bool quiet;      /* failures only */
    bool background; /* at low priority, and gives way when another command waits
                      */
    const struct sid
        *group;        /* the sandbox accounts', to be given or lose the same; NULL */
    DWORD patience_ms; /* how long to wait for another command; 0: until Ctrl-C */
    uint64_t expect;   /* entries that the next walk may find; 0: no idea */
    void (*tick)(struct walking *walking); /* up to four times a second; or NULL */

    /* The last walk. */
    const char16_t *path; /* borrowed */
    enum grant_outcome outcome;
    struct grant_result result;
    struct err err;              /* GRANT_FAILED */
    struct treewalk_progress at; /* while it runs */
    DWORD ms;

    bool bad; /* some walk did not leave everything as it should be */
    HANDLE lock;
    size_t line_units; /* of the progress line on the terminal */
    struct json text;  /* depth 0: nothing said yet */
};

/* Takes Ctrl-C in hand and, unless it is a dry run, waits until no other
 * command walks: two at once on one tree would lose each other's entries. Fails
 * when Ctrl-C ends the waiting or patience_ms have passed, which any program that can
 * open the lock's file may bring about, or the data directory cannot be made. */
MUST_CHECK bool walking_begin(struct walking *walking, struct err *err);

/* Walks path, a final path, and keeps what came of it; of *how only what says
 * which entries counts.  A background walk that gave way is begun again by
 * itself. */
void walking_add(struct walking *walking, const char16_t *path,
                 const struct grant_request *how);

/* Likewise; sid NULL: all of ours. */
void walking_remove(struct walking *walking, const char16_t *path, const struct sid *sid);

/* Says what came of the last walk: its counts on stdout unless quiet, failures
 * and why it ended early on stderr; or all of it as one element of the JSON
 * text. */
void walking_show(struct walking *walking);

/* Whether the last walk left nothing to be done. */
bool walking_is_good(const struct walking *walking);

/* Why the last walk did not go through; false then, and *err says it. */
MUST_CHECK bool walking_error(const struct walking *walking, struct err *err);

/* Whether path itself has an entry of ours; true as well when that cannot be told. */
bool walking_has_ours(const char16_t *path);

/* Whether Ctrl-C has come. */
bool walking_is_stopped(void);

/* Ends the JSON text, if good or any was begun, and lets others walk.  Returns
 * the exit code: EXIT_OK when good and no walk was bad. */
uint32_t walking_end(struct walking *walking, bool good);

/* "1,234,567". */
void walking_add_count(struct u16buf *b, uint64_t count);
