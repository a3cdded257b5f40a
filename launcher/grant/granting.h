/* SPDX-License-Identifier: MIT
 *
 * Makes a directory a writable root: refuses what must not be one, walks it,
 * and its box if it is the workspace, guards Ringfence's own directories, and keeps the
 * journal.  Where the sandbox accounts are set up their group is given the same.  Part of
 * ringfence.exe only.
 */
#pragma once

#include "context.h"

struct granting {
    bool dry_run;      /* counts what would change */
    bool json;         /* instead of lines */
    bool quiet;        /* failures only */
    DWORD patience_ms; /* how long somebody else may walk; 0: until Ctrl-C */
};

/* Grants root (any spelling; relative to the current directory) as the policy
 * in *c says, which is complete.  True when the walk went through: what it
 * could not change has been said on stderr and makes *exit_code EXIT_RINGFENCE.
 * False with *err otherwise, also when this system does not keep what it was
 * given; what had been written is then taken back. */
MUST_CHECK bool granting_root(struct context *c, const char16_t *root,
                              const struct granting *how, uint32_t *exit_code,
                              struct err *err);

/* Whether the last one failed because nothing there keeps the lists it is given: then it
 * will the next time. */
bool granting_is_hopeless(void);

/* What to do instead of what was refused, in words for a person, or NULL. */
const char16_t *granting_remedy(void);
