/* SPDX-License-Identifier: MIT
 *
 * What a child of a trial does, one act each.  Every act returns its Win32 error, 0 when
 * it was done.
 */
#pragma once

#include "verify/battery.h"
#include "win/win.h"

/* The words of the child's command line; "" where there is none. */
struct act {
    char16_t path[WIN_PATH_CAP];
    char16_t other[WIN_PATH_CAP];
    char16_t look[WIN_PATH_CAP]; /* what a link leads to in the end */
};

/* A symbolic link at path to a file or directory, which may be the right of few.  0, or
 * the Win32 code. */
DWORD act_make_symlink(const char16_t *path, const char16_t *target, bool directory);

DWORD act_on_file(enum battery_act act, const struct act *words);
DWORD act_on_other(enum battery_act act, const struct act *words);

/* Making a named pipe, and a directory, for oneself alone, and using it. */
DWORD act_own_pipe(void);
DWORD act_own_dir(const char16_t *path);

/* Loads ringfence-objects.dll from our install, which mends both under a fence.  0, or
 * the Win32 code. */
DWORD act_mend(void);

/* The code of a call that has just returned `done`. */
DWORD act_result(BOOL done);
