/* SPDX-License-Identifier: MIT
 *
 * What holds for this launch: workspace, policy, network, box, and the level this machine
 * has shown.  Gathered once, from the token, the registry, the policy file and, for what
 * only the user's own terminal says, the environment.
 */
#pragma once

#include "core/envblock.h"
#include "core/fence.h"
#include "core/record.h"
#include "core/sha256.h"
#include "win/win.h"

/* What a command line asked for, over the policy. */
struct context_wish {
    bool has_want;
    enum level_want want;
    enum level require; /* the stronger of this and the policy's holds */
    bool allow_unproven;
    bool look_only; /* nothing is to be started or made ready for the answer's sake */
    bool has_network;
    bool network_on;
    struct u16s root[POLICY_ROOTS_MAX]; /* further writable roots, full paths */
    size_t root_count;
};

/* A directory that may be written to. */
struct context_root {
    struct u16s path;             /* [0], the workspace, first */
    uint8_t digest[SHA256_BYTES]; /* names its SID */
    bool usable;                  /* its SID goes into the token */
    unsigned had; /* the protected names it held before the tool started, as bits */
};

struct context {
    struct envblock env; /* this process's own */
    bool inside;         /* our token carries a restricting SID of ours */
    bool bypass;         /* RINGFENCE_BYPASS, and not inside */
    bool network_on;
    bool told; /* this terminal has been told about the level */
    uint16_t dead_port;
    unsigned depth; /* shims above this one */
    struct policy policy;
    size_t policy_line; /* where a bad policy is bad; 0 where it is not */
    struct level_evidence evidence;
    struct level_verdict verdict;
    struct context_root root_list[FENCE_ROOTS_MAX]; /* the first is the workspace */
    size_t root_count;
    enum fence fence;     /* of the token */
    HANDLE token;         /* restricted; NULL unless one was made and kept */
    struct sid run;       /* the run SID in it */
    struct record record; /* of the workspace, when evidence comes from one */
    char16_t wine[16];    /* Wine's version, or "" */
    struct u16buf install, shims, denybin; /* empty: not in an install */
    struct u16buf data, policy_path, cwd, root, temp, cache;
    uint8_t root_hash[32];
};

/* Takes in what a pass-through needs: environment, token, install.  *context is large and
 * zero before: give it static storage. */
MUST_CHECK bool context_begin(struct context *context, struct err *err);

/* Takes in the rest and decides the level.  A policy that cannot be read is a failure: it
 * fails closed. */
MUST_CHECK bool context_complete(struct context *context, const struct context_wish *wish,
                                 struct err *err);

/* A root's name for ever, 32 bytes: SHA-256 of its canonical path, upper-cased as the
 * kernel compares names. */
MUST_CHECK bool context_hash_path(const char16_t *root, uint8_t *digest, struct err *err);

/* The same of one that is open, with any access; root is what it was opened by. */
MUST_CHECK bool context_hash_root(HANDLE open, const char16_t *root, uint8_t *digest,
                                  struct err *err);

/* A SID no other run has.  It needs to be different, not secret: a restricting SID can
 * only take rights away. */
struct sid context_run_sid(void);

/* Looks whether the box's directories are there, none of them a link.  With err it makes
 * those that are not, also where a link is in their place; *err then says why it is
 * false.
 */
MUST_CHECK bool context_find_box(struct context *context, struct err *err);

/* Whether one of our switches (RINGFENCE_TRACE and the like) is set, and not to 0. */
bool context_flag(const struct context *context, const char *name);

/* The value of a variable of our own environment, empty when it is not there. */
struct u16s context_var(const struct context *context, const char *name);

/* Says on stderr, once per terminal, that and why the level is not what was wanted. */
void context_tell_once(struct context *context);

/* "advisory: REASON" and the like, for one line. */
void context_add_level(const struct context *context, struct u16buf *b);
