/* SPDX-License-Identifier: MIT
 *
 * Our console, for a command that is in another one: a handle to a console is of no use
 * there, so pipes stand in for it, and their bytes are carried here.  Whatever is not a
 * console goes to the command as it is.
 */
#pragma once

#include "win/pipe.h"

struct remote_console {
    HANDLE given[3];         /* the command's ends: input, output, error; NULL: none */
    HANDLE to_input;         /* our end of its input */
    struct pipe_end from[3]; /* our ends of the other two */
    HANDLE carrier[3];       /* threads */
    HANDLE over;             /* the command has ended */
};

/* Looks at the standard handles and makes the pipes.  *console is zero before and lives
 * as long as the process. */
MUST_CHECK bool remote_console_open(struct remote_console *console, struct err *err);

/* What the command gets for a standard handle (0 to 2); NULL: nothing. */
HANDLE remote_console_handle(const struct remote_console *console, size_t which);

/* The command has its handles: lets go of them and begins to carry. */
MUST_CHECK bool remote_console_begin(struct remote_console *console, struct err *err);

/* The command has ended: carries what it has still written, and not what those say that
 * it left running. */
void remote_console_end(struct remote_console *console);
