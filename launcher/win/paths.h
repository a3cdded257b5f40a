/* SPDX-License-Identifier: MIT
 *
 * Where things are: this program, its install, the user's data.  The user's directory
 * comes from the registry that the logon wrote, not from a variable that a build may set.
 */
#pragma once

#include "win/win.h"

/* This program's own file, as it was started. */
MUST_CHECK bool paths_self(struct u16buf *out, struct err *err);

/* The install that this program belongs to: the directory that holds shims\ and denybin\.
 * Found beside the program (above it for a shim or stub), else beside the file it is a
 * link to.  *out is empty when there is none: a shim copied elsewhere. */
MUST_CHECK bool paths_install(struct u16buf *out, struct err *err);

/* %LOCALAPPDATA%\ringfence without asking the environment: HKCU\Volatile Environment,
 * else the Shell Folders key (before Windows Vista). */
MUST_CHECK bool paths_data(struct u16buf *out, struct err *err);

/* The current directory. */
MUST_CHECK bool paths_current(struct u16buf *out, struct err *err);
