/* SPDX-License-Identifier: MIT
 *
 * The two fences as data: which restricting SIDs a token gets, in which order, and what
 * such a token is to the access-check model.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/accesscheck.h"

#define FENCE_ROOTS_MAX 17u /* the workspace and 16 more */
#define FENCE_SIDS_MAX  (FENCE_ROOTS_MAX + 7u)

enum fence {
    FENCE_STANDARD, /* write-restricted: only writes are held against the list */
    FENCE_STRICT    /* every access is; reads need the read SID, Users or their like */
};

/* What the list is made of. */
struct fence_parts {
    struct sid root[FENCE_ROOTS_MAX]; /* one for each active writable root */
    size_t root_count;
    struct sid run;  /* of this run alone */
    struct sid user; /* the token's; names the read SID */
    bool has_logon;
    struct sid logon;
};

struct fence_list {
    struct sid sid[FENCE_SIDS_MAX];
    size_t count;
    bool write_restricted;
};

/* The SID that read grants of a user name: one for each user, the same for ever. */
struct sid fence_read_sid(const struct sid *user);

/* What stands for the logon SID among the restricting SIDs where a child is to have
 * nothing of the logon (token_restrict_apart): one for each sandbox account, the same for
 * ever.  Only a desktop, its window station and the directory of a session's named
 * objects name it. */
struct sid fence_station_sid(const struct sid *account);

/* The restricting list: roots, run, the fence's own, logon, Everyone. */
void fence_list(enum fence fence, const struct fence_parts *parts,
                struct fence_list *list);

/* What user's own token becomes under DISABLE_MAX_PRIVILEGE | LUA_TOKEN and the list:
 * administrative groups deny-only, no privilege that the check knows, not above Medium.
 * sids is storage for user->sid_count entries; *out borrows it and *list. */
void fence_model(const struct accesscheck_token *user, const struct fence_list *list,
                 struct accesscheck_sid *sids, struct accesscheck_token *out);

const char *fence_name(enum fence fence); /* "standard", "strict" */
