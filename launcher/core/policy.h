/* SPDX-License-Identifier: MIT
 *
 * The user's policy file: INI text with one section a workspace, and what it says for one
 * directory.  The grammar is in the README.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/level.h"
#include "core/u16.h"

#define POLICY_BYTES_MAX 65536u
#define POLICY_ROOTS_MAX 16u
#define POLICY_TEXT_CAP  4096u /* char16_t for every list and path together */

struct policy {
    enum level_want want;    /* level = auto | advisory | confined | enforced */
    enum level require;      /* require = advisory | confined | enforced */
    bool network_on;         /* network = off | on */
    struct u16s keep;        /* keep = PATTERN, …: joined with commas; repeatable */
    struct u16s workspace;   /* the [section] path that matched; empty: only [default] */
    struct u16s root[POLICY_ROOTS_MAX]; /* root = DIR, absolute; repeatable */
    size_t root_count;
    char16_t text[POLICY_TEXT_CAP];     /* what the slices point into */
};

/* What holds where no file says otherwise: auto, no requirement, network off. */
void policy_init(struct policy *policy);

/* Reads UTF-8 text (LF or CRLF; `;` and `#` start comment lines) for directory dir:
 * [default] first, then the section whose path is dir or its longest parent, compared
 * case-insensitively by whole components.  All of the text is checked, also sections that
 * do not apply.  On any fault (unknown section form, key or value, a list too long, bad
 * UTF-8, a NUL, over POLICY_BYTES_MAX) returns false with the rule, its *line set (1-based),
 * *policy untouched: a policy half read is no policy.  POLICY slices point into
 * policy->text, so a struct policy is not to be copied. */
MUST_CHECK bool policy_read(struct policy *policy, const char *text, size_t bytes,
                            struct u16s dir, size_t *line, struct err *err);
