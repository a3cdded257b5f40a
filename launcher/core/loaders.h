/* SPDX-License-Identifier: MIT
 *
 * The two variables by which Node and Python load ringfence-objects.dll, in the
 * environments that their own children are given: pip replaces PYTHONPATH for a build,
 * and npm's scripts NODE_OPTIONS, and would take the library away from what they start.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/u16.h"

/* What was in each variable; empty: nothing of ours. */
struct loaders {
    struct u16s node;   /* the option, in NODE_OPTIONS */
    struct u16s python; /* the directory, on PYTHONPATH */
};

/* What envrules_apply, in the launch that is above this process, has put into its own two
 * variables; borrows them.  What the user keeps out of them is not there, and so is not
 * passed on. */
struct loaders loaders_find(struct u16s node_options, struct u16s python_path);

/* The units of an environment block, its last terminator included; 0 when it does not end
 * within max. */
size_t loaders_block_units(const char16_t *block, size_t max);

/* Writes the block of that many units (2 or more) to out with both in place: behind the
 * options that are there, before the directories, and a variable that is not there where
 * the order of names has it.  Everything else stays as it is.  *out ends with the block's
 * last terminator but one.  False when nothing is missing or it does not fit: then the
 * block is good as it is. */
MUST_CHECK bool loaders_keep(const struct loaders *loaders, const char16_t *block,
                             size_t units, struct u16buf *out);
