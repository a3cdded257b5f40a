/* SPDX-License-Identifier: MIT
 *
 * A verdict of the access-check model in words: which pass and which entry decided.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/accesscheck.h"

/* What a verdict is about. */
struct why_about {
    const struct secdesc *sd;
    const char16_t *name; /* "it", or a path */
    bool directory;       /* its rights go by the names that directories have */
    bool account;         /* the sandbox account's token is judged, not "you" */
};

/* Appends "no restricting SID is granted DELETE on it", "granted to you by (A;;FA;;;BA)"
 * and the like.  Entries are written as SDDL. */
void why_add_verdict(struct u16buf *b, const struct accesscheck_verdict *verdict,
                     const struct why_about *about);

/* Whether it fell for want of an entry, and not by one. */
bool why_is_missing(const struct accesscheck_verdict *verdict);
