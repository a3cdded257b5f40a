/* SPDX-License-Identifier: MIT
 *
 * Our console, for a command that is in another one: a handle to a console is of no use
 * there.  Where the keyboard and the screen are both the command's, and its runner has
 * pseudo consoles, ours becomes the terminal of one: the command has a console of the
 * same size, line editing, colours and all.  Elsewhere pipes stand in for single handles.
 * Whatever is not a console goes to the command as it is.
 */
#pragma once

#include "win/pipe.h"
#include "win/terminal.h"

struct remote_console {
    HANDLE given[3];         /* the command's ends: input, output, error; NULL: none */
    HANDLE to_input;         /* our end of its input */
    struct pipe_end from[3]; /* our ends of the other two */
    HANDLE carrier[3];       /* threads */
    HANDLE over;             /* an event: the command has ended */
    HANDLE resized;          /* an event: our window may have another size */
    bool is_terminal;
    struct terminal terminal;
    struct terminal_size size; /* that the command was told last */
};

/* Looks at the standard handles and makes the pipes.  *console is zero before the first
 * call, of which there may be two where the first runner went away, and lives as long as
 * the process. */
MUST_CHECK bool remote_console_open(struct remote_console *console, bool may_terminal,
                                    struct err *err);

/* What the command gets for a standard handle (0 to 2), or as an end of its pseudo
 * console (0 and 1, where is_terminal); NULL: nothing. */
HANDLE remote_console_handle(const struct remote_console *console, size_t which);

/* The command has its handles: lets go of them and begins to carry. */
MUST_CHECK bool remote_console_begin(struct remote_console *console, struct err *err);

/* After `resized`: whether the size is another one, which is in console->size then. */
MUST_CHECK bool remote_console_has_new_size(struct remote_console *console);

/* The command has ended: carries what it has still written, and not what those say that
 * it left running.  Puts our console back as it was; also where nothing was begun. */
void remote_console_end(struct remote_console *console);
