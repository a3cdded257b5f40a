/* SPDX-License-Identifier: MIT
 *
 * Whether a directory may be made a writable root.  By handle and file identity, so that
 * case, 8.3 names, subst drives and \\?\ spellings make no difference; the places that
 * are never given away are asked of the system and the registry, not of the environment.
 * With the user's rights; changes nothing.
 */
#pragma once

#include "context.h"
#include "core/rootrule.h"
#include "win/fileid.h"

/* What was found out.  Large: give it static storage. */
struct rootcheck {
    enum rootcheck_verdict verdict;
    char16_t path[WIN_PATH_CAP]; /* where it really is; "" when that is not known */
    char16_t whose[512]; /* the place that it is, is in or is above; for NOT_OURS_TO_EDIT
                            the owner, as DOMAIN\NAME or SID; else "" */
    char16_t file_system[32]; /* "NTFS", "exFAT"; "" when not known */
    struct fileid id;         /* ROOTCHECK_FINE: which directory that is */
};

/* Looks at path, relative ones from the current directory.  *c needs `install` and
 * `data`, as context_complete leaves them.  ROOTCHECK_FAILED: *err says why; for all
 * others *err means nothing.  A root may change after it was looked at: who then opens it
 * compares the identity. */
enum rootcheck_verdict rootcheck(const struct context *c, const char16_t *path,
                                 struct rootcheck *out, struct err *err);

/* What to do instead ("cd to C:\real\path"), in storage that the next call overwrites, or
 * NULL. */
const char16_t *rootcheck_remedy(const struct rootcheck *check);
