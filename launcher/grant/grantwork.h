/* SPDX-License-Identifier: MIT
 *
 * What the parts of grant.c share: one apply or undo on its way, the tools of its
 * threads, looking at a directory's names, and writing an edit.  With the user's rights.
 */
#pragma once

#include "grant/grant.h"
#include "win/security.h"

/* What one thread works with. */
struct tools {
    struct tools *next;
    struct security old;
    struct aclplan_room room;
    uint8_t bytes[SECURITY_BYTES_MAX] __attribute__((aligned(8)));
};

/* A directory that the walk leaves for afterwards, by its path relative to the root. */
struct later {
    struct later *next;
    bool target;   /* a git directory that a file names; else one that was protected as
                      such, and perhaps is no more */
    bool followed; /* its commondir too */
    bool done;
    size_t len;
    char16_t path[];
};

struct grant {
    const struct grant_request *request;
    struct grant_result *result;
    const struct sid *undo_sid; /* of an undo; NULL: all of ours */
    bool undo;
    HANDLE root;
    struct u16s base;       /* where the walk on its way began, relative to the root */
    enum aclplan_kind kind; /* ... and what that is */
    bool reached;
    bool root_holds; /* a git directory that only a file names is directly in it */
    bool marked;     /* the root says "unfinished" */
    bool broken;     /* it cannot be made to; *why */
    bool not_kept;   /* what was written to it does not show */
    bool background; /* this process is, by our doing */
    struct err why;
    uint64_t entries;        /* of the walks before this one */
    CRITICAL_SECTION lock;   /* the pool, the list and the result */
    CRITICAL_SECTION linked; /* one file with several names at a time: it may be met under
                                two of them at once */
    CRITICAL_SECTION mark;
    struct tools *pool;
    struct later *later;
    size_t later_count;
};

static inline bool grantwork_is_protected(enum aclplan_kind kind)
{
    return kind == ACLPLAN_PROTECTED || kind == ACLPLAN_BELOW;
}

/* A set of tools, to be given back; NULL, with *err, when there is no memory. */
struct tools *grantwork_take(struct grant *g, struct err *err);
void grantwork_give(struct grant *g, struct tools *t);

void grantwork_count(struct grant *g, uint64_t *what);

/* Whether it is access that was missing. */
bool grantwork_is_denied(const struct err *err);

/* Counts a failure outside the walk; those in it are the walk's to count. */
void grantwork_fail(struct grant *g, struct err *err, struct u16s path);

/* What a name is in a directory of a kind, and what kind that makes of it. */
enum protected_name grantwork_name_of(const struct grant_request *r, enum aclplan_kind in,
                                      struct u16s name);
enum aclplan_kind grantwork_kind_in(const struct grant_request *r, enum aclplan_kind in,
                                    struct u16s name, bool directory);

/* Whether a protected name is directly in the directory.  All names are gone through, so
 * that none is missed for its spelling.  buffer: DIRSCAN_BYTES, 8-byte aligned. */
bool grantwork_lists_protected(const struct grant_request *r, HANDLE directory,
                               enum aclplan_kind kind, uint8_t *buffer);

struct aclplan_policy grantwork_policy(const struct grant_request *r);

/* The root's final form, given t->old. */
struct aclplan_edit grantwork_plan_root(const struct grant_request *r, bool holds,
                                        struct tools *t);

/* Writes the root's own directory, finished or not. */
bool grantwork_write_root(struct grant *g, bool finished, struct tools *t,
                          struct err *err);

/* Before the first change of all: nobody takes the root for finished from now on. */
bool grantwork_mark_root(struct grant *g, struct err *err);

/* Counts an edit of t->old, and carries it out. */
enum treewalk_next grantwork_carry_out(struct grant *g, HANDLE file,
                                       const struct aclplan_edit *edit, struct tools *t,
                                       struct err *err);
