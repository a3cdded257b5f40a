/* SPDX-License-Identifier: MIT
 *
 * Which directories are never given to a fenced child to write in, decided from facts
 * that the caller read off handles: what a directory is called decides nothing.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/u16.h"

enum rootcheck_verdict {
    ROOTCHECK_FINE,
    ROOTCHECK_MISSING,
    ROOTCHECK_NOT_DIRECTORY,
    ROOTCHECK_NETWORK, /* a share, by UNC path or mapped drive */
    ROOTCHECK_NO_ACLS, /* its volume keeps none (FAT, exFAT) */
    ROOTCHECK_REPARSE, /* the path leads elsewhere, through a junction or symbolic link */
    ROOTCHECK_DRIVE_ROOT,
    ROOTCHECK_SYSTEM,  /* Windows, Program Files or ProgramData, in or above one */
    ROOTCHECK_PROFILE, /* a user's profile, the directory of all of them, AppData, its
                          Local, LocalLow and Roaming, or above one; Startup and in it */
    ROOTCHECK_OWN, /* Ringfence's install or data, or in one; not what is in the box */
    ROOTCHECK_NOT_OURS_TO_EDIT, /* WRITE_DAC is denied to the user */
    ROOTCHECK_NULL_DACL,        /* everyone has every right: nothing to restrict */
    ROOTCHECK_FULL_DACL,        /* no room for our entries in its list */
    ROOTCHECK_FAILED
};

/* Why, for people: goes before ": PATH" on one line.  Static text. */
const char *rootcheck_reason(enum rootcheck_verdict verdict);

/* What kind of a place a path names, by its form alone. */
enum rootrule_form {
    ROOTRULE_LOCAL,   /* a drive or \\?\Volume{GUID} and names below it */
    ROOTRULE_NETWORK, /* \\server\share, \\?\UNC\... */
    ROOTRULE_ODD      /* a device, \\?\GLOBALROOT, a \\?\ path with . or .. in it, ... */
};

/* Looks at a full path, as GetFullPathNameW gives it, and for ROOTRULE_LOCAL appends to
 * *out the spelling that Windows opens as it stands: \\?\X:\a\b or \\?\Volume{...}\a\b,
 * separators at the end only of \\?\X:\ and \\?\Volume{...}\ themselves.  Otherwise *out
 * is untouched.  out->cut tells that it did not fit. */
enum rootrule_form rootrule_path(struct u16s full, struct u16buf *out);

/* Of such a spelling: the length of \\?\X:\ or \\?\Volume{...}\, 0 for anything else. */
size_t rootrule_root_len(struct u16s path);

/* The length of the path that ends with the next component behind `len`, which begins as
 * the root's; path.len + 1 behind the last. */
size_t rootrule_next_len(struct u16s path, size_t len);

/* The length of the path without its last component; 0 when it has none. */
size_t rootrule_parent_len(struct u16s path);

/* Appends a path of the registry to *out, with %SystemRoot% or %SystemDrive% at its
 * beginning expanded by the Windows directory instead of the environment.  False, with
 * *out untouched, when what comes out is not X:\ and more. */
MUST_CHECK bool rootrule_expand(struct u16s value, struct u16s windows,
                                struct u16buf *out);

#define ROOTRULE_APART SIZE_MAX /* neither is in the other */

enum rootrule_reach {
    ROOTRULE_EXEMPT,   /* everything in it is fine, whatever tree that lies in */
    ROOTRULE_ITSELF,   /* refused are the place and what is above it */
    ROOTRULE_CHILDREN, /* and the directories directly in it */
    ROOTRULE_TREE      /* and everything in it */
};

/* A place and how the root lies to it; by file identity, in levels. */
struct rootrule_place {
    enum rootcheck_verdict verdict;
    enum rootrule_reach reach;
    size_t above; /* how far the root is above the place, 0: it is the place */
    size_t below; /* how far the root is below the place */
};

/* What all places together say so far. */
struct rootrule_judgement {
    enum rootcheck_verdict verdict;
    size_t distance; /* to the nearest place for which the root is refused */
    size_t exempt;   /* how far the root is below the nearest exempt place */
};

void rootrule_judge_init(struct rootrule_judgement *judgement);

/* Takes in one place more; exempt ones first.  Whether the root is refused for it, and it
 * is nearer than those before. */
bool rootrule_judge(struct rootrule_judgement *judgement,
                    const struct rootrule_place *place);
