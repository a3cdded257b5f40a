/* SPDX-License-Identifier: MIT
 *
 * Whether the strict fence can read a tool and the directories that tools are started
 * from, and letting it where the user's rights allow.  Part of ringfence.exe only.
 */
#pragma once

#include "context.h"

/* Looks at the directory of a tool (its full path, or empty), at every one on PATH and at
 * what an install has for Node and Python to load, by the access-check model and their
 * real lists, and gives the read SID what it lacks; then
 * at the tool's own file, behind every link, which may have a list of its own: that one
 * stays as it is.  True when all of them can be read in the end; each other one has been
 * named on stderr.  Entries of PATH that are no directories are passed over, and so are
 * network paths, where another machine decides. */
bool reading_admit(const struct context *context, struct u16s tool);
