/* SPDX-License-Identifier: MIT
 *
 * The directory that a root lies in: through it, too, the root can be deleted and
 * renamed.
 */
#pragma once

#include "grant/grantwork.h"

/* Opens a directory by its full path, which may be long, as treewalk_open does. */
bool grantparent_open(struct u16s path, HANDLE *out, struct err *err);

/* Writes its guard and marker; a failure is counted, with its path.  Where the user may
 * not write them it is none: result->parent_open says whether that leaves anything
 * open. */
void grantparent_guard(struct grant *g, struct tools *t);

/* The same for the roots that this one lies in, as far as their walks have not met it:
 * none of them may delete or rename it, nor take the guard away.  What they are denied
 * there stays until they are walked or undone. */
void grantparent_keep(struct grant *g, struct tools *t);

/* Takes them away with the last that needs them: which that is the directory itself
 * tells, and what lies in it. */
void grantparent_unguard(struct grant *g, struct tools *t);
