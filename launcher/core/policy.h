/* SPDX-License-Identifier: MIT
 *
 * The user's policy file: INI text with one section a workspace, and what it says for one
 * directory.
 *
 *     file    = *( blank | comment | section | setting ), LF or CRLF, UTF-8, BOM or none
 *     comment = a line that starts with ; or #  (none behind anything else)
 *     section = "[" ( "default" | PATH ) "]"
 *     setting = KEY "=" VALUE, in the section above it, and in none: a fault
 *     PATH    = X:\... | \\server\share\... | \\?\...   (no wildcards, no . or ..)
 *
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/level.h"
#include "core/u16.h"

#define POLICY_BYTES_MAX    65536u
#define POLICY_ROOTS_MAX    16u
#define POLICY_TEXT_CAP     4096u /* char16_t for every list and path together */
#define POLICY_LINE_CAP     4096u /* char16_t a line, terminator included */
#define POLICY_SECTIONS_MAX 256u
#define POLICY_PROTECT_MAX  16u

enum policy_fence { POLICY_FENCE_AUTO, POLICY_FENCE_STANDARD, POLICY_FENCE_STRICT };

struct policy {
    enum level_want want;    /* level = auto | advisory | confined | enforced */
    enum level require;      /* require = advisory | confined | enforced */
    enum policy_fence fence; /* fence = auto | standard | strict */
    bool network_on;         /* network = off | on */
    bool git_commit;         /* git = protect | commit: commits are to work */
    bool lowered;            /* integrity = medium | lowered */
    bool hard_links;         /* hard_links = read | write: files with several names */
    bool quarantine; /* appeared = report | quarantine: protected names a run made */
    struct u16s protect[POLICY_PROTECT_MAX]; /* protect = NAME, ...; repeatable */
    size_t protect_count;
    struct u16s keep;      /* keep = PATTERN, …: joined with commas; repeatable */
    struct u16s workspace; /* the [section] path that matched; empty: only [default] */
    struct u16s root[POLICY_ROOTS_MAX]; /* root = PATH; repeatable */
    size_t root_count;
    char16_t text[POLICY_TEXT_CAP]; /* what the slices point into */
};

/* What holds where no file says otherwise: auto, no requirement, network off. */
void policy_init(struct policy *policy);

/* Reads the text for directory dir: [default] first, then the section whose path is dir
 * or its longest parent, whose single values replace and whose lists add to the former.
 * Paths are compared by whole components and u16_upper, with or without \\?\; a name that
 * u16_upper does not fold is to be written as on disk.  dir is absolute and without `.`
 * and `..`, best as GetFinalPathNameByHandleW has it.  Paths come out with backslashes
 * and without a last separator, a drive's own excepted.
 *
 * All of the text is checked, also sections that do not apply.  On any fault (a key
 * before the first section, an unknown key, value or form of path, a single-valued key or
 * a section twice, a comment behind something, a list or line too long, bad UTF-8, a
 * control character, more than POLICY_BYTES_MAX) returns false with the rule, its *line
 * (1-based, 0 for the file or dir as a whole) and *policy untouched: a policy half read
 * is no policy.  Slices point into policy->text: a struct policy is not to be copied. */
MUST_CHECK bool policy_read(struct policy *policy, const char *text, size_t bytes,
                            struct u16s dir, size_t *line, struct err *err);
