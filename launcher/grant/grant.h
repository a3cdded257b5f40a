/* SPDX-License-Identifier: MIT
 *
 * Puts the fence's entries into a real tree, and takes them out again: the walk, each
 * object's place in it, and the writing; what is written core/aclplan decides.  Part of
 * ringfence.exe only.  With the user's rights.
 *
 * Two of them at once on one tree may lose each other's entries: the caller sees to it
 * that there is one at a time.
 */
#pragma once

#include "core/aclplan.h"
#include "win/fileid.h"
#include "win/treewalk.h"

struct grant_request {
    const char16_t *path;    /* the root's directory, as file_final_path gives it */
    const struct fileid *id; /* which directory that was when it was found to be one that
                                may be granted: no other is touched; NULL: not known */
    struct sid sid;          /* its root SID, or the read SID */
    const struct sid *group; /* the sandbox accounts', to be given the same; or NULL */
    bool read; /* the right to read only; markers, labels, parents stay out */
    struct protected_names names; /* read: the stores that stay closed are names.more, and
                                     nothing else is protected */
    enum aclplan_kind (*special)(struct u16s path); /* read: what is not ACLPLAN_INSIDE,
                                         by path relative to the root; asked of what is at
                                         most special_depth deep and in no store.  NULL:
                                         there is nothing */
    uint32_t special_depth;
    /* Called for each protected name and git directory that has what it is to have, by
     * threads at once; or NULL. */
    void (*guarded)(HANDLE file);
    bool lowered;     /* integrity = lowered */
    bool hard_links;  /* as the policy has it */
    bool parent_only; /* just the guard on the directory that path lies in; path
                         itself need not be there */
    bool dry_run;     /* counts, changes nothing */
    bool background;  /* this process at background priority meanwhile */
    const volatile LONG *cancel; /* not 0: stop soon; may be NULL */
    void (*progress)(void *ctx, const struct treewalk_progress *progress); /* or NULL */
    void *ctx;
};

struct grant_result {
    uint64_t entries;     /* visited; a git directory that a file names may count twice */
    uint64_t changed;     /* written; dry run: would have been, a file with several names
                             under each of them */
    uint64_t same;        /* needed nothing */
    uint64_t cut_off;     /* have less, because inheritance is off there or above */
    uint64_t hard_linked; /* reading only, because of their other names */
    uint64_t labelled;    /* have a higher label of their own, which stays */
    uint64_t protected_found; /* protected names and git directories; read: stores */
    uint64_t links;           /* reparse points, which are never followed */
    uint64_t vanished;        /* gone between being listed and being opened: no failure */
    uint64_t failed;          /* not as they should be; among them: */
    uint64_t null_dacl;       /*   everyone has every right, see aclplan.h */
    uint64_t too_big;         /*   the list is full */
    uint64_t not_kept;        /*   the volume does not keep what is written; taken back */
    bool parent_open; /* under the standard fence the root itself can be deleted and
                         renamed by way of the directory it lies in, whose list the user
                         may not change: no failure */
    bool stopped;     /* by cancel: the counts say how far it got */
    size_t kept_count;
    struct err kept[TREEWALK_KEPT]; /* the first failures: paths relative to the root, a
                                       directory beside or above it in full */
};

enum grant_outcome {
    GRANT_DONE,     /* went through; result->failed may still be more than 0 */
    GRANT_STOPPED,  /* cancelled: the next call goes on with it */
    GRANT_NO_ACLS,  /* the volume keeps none; nothing was touched */
    GRANT_NOT_KEPT, /* the root does not show what was written (Wine); it was taken back,
                       and nothing else was touched */
    GRANT_FAILED    /* *err says why; the root does not look done */
};

/* Gives the tree the entries of one SID, and of the group.  The root's directory comes
 * first, in a form that hands them down to what is made meanwhile but says "unfinished",
 * then all below, the directory that the root lies in, what other roots must not do to
 * this one if it lies in them, and last the root's final form:
 * what grant_is_done knows it by.  So a killed or cancelled walk is found out, and the
 * next one changes only what is not yet as it should be.  One bad path never stops the
 * rest.  A reparse point of any kind is an object like another, and never entered; where
 * its handle turns out to be of what it leads to (Wine) it is left alone.
 *
 * Needed: READ_CONTROL everywhere, WRITE_DAC where something is to be changed,
 * WRITE_OWNER too where that is a label. */
enum grant_outcome grant_apply(const struct grant_request *request,
                               struct grant_result *result, struct err *err);

/* Takes away everything of *sid, or with NULL of every SID of ours, from the tree at
 * path: the root's directory first, so that it no longer counts as granted, last the
 * guard on the directory it lies in, unless something else in that one still needs it.
 * And everything of how->group, but with how->read not in the roots that it was given.
 * Of *how besides only id, parent_only, dry_run, background, cancel, progress and ctx
 * count. */
enum grant_outcome grant_undo(const char16_t *path, const struct sid *sid,
                              const struct grant_request *how,
                              struct grant_result *result, struct err *err);

enum grant_look {
    GRANT_LOOK_DONE,   /* a walk went through, and nothing protected has come since */
    GRANT_LOOK_UNDONE, /* never granted, unfinished, or granted otherwise */
    GRANT_LOOK_FAILED  /* *err says why */
};

/* One look at the root's own directory, however large the tree: whether it shows what
 * grant_apply gives it last.  Of protected names only those directly in it are looked
 * for, and of another policy only integrity shows: names, git and hard links of the last
 * walk are the caller's to remember.  READ_CONTROL and FILE_LIST_DIRECTORY on it. */
enum grant_look grant_is_done(const struct grant_request *request, struct err *err);
