/* SPDX-License-Identifier: MIT
 *
 * The environment that this process gives its children: with what makes Node and Python
 * load the library, where this process was given that itself (core/loaders.h).
 */
#pragma once

#include "win/win.h"

/* Looks at this process's own two variables, once. */
void children_begin(void);

/* The Unicode block to start a child with instead of the one given (NULL: our own) under
 * these creation flags; NULL: that one is good as it is, or no other can be made.  To be
 * given to children_free. */
char16_t *children_environment(const void *given, DWORD flags);

/* Leaves the thread's last error alone. */
void children_free(char16_t *block);
