/* SPDX-License-Identifier: MIT
 *
 * What only people read of the environment table: which programs obey a row, and how that
 * was seen.  Apart from the rules, so that the shims need not carry it.  Pure.
 */
#pragma once

#include "core/envrules.h"

/* Row i documents envrules_table[i]: same order, same count. */
struct envdoc {
    const char *reader; /* the programs that obey it */
    const char *proof;  /* how that was seen: a test's name, or "documented: where" */
};

extern const struct envdoc envdocs_table[];
extern const size_t envdocs_count;
