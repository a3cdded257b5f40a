/* SPDX-License-Identifier: MIT
 *
 * Our console as the terminal of a command that is in another one: keys go out as UTF-8
 * with virtual terminal sequences, and what comes back is shown as such.
 */
#pragma once

#include "core/utfstream.h"
#include "win/win.h"

struct terminal_size {
    uint16_t columns, rows; /* of the window, not of what can be scrolled back to */
};

struct terminal {
    HANDLE input;                  /* CONIN$, our own */
    HANDLE output;                 /* borrowed */
    HANDLE claim;                  /* held while we are the console's terminal */
    DWORD input_mode, output_mode; /* as they were */
    struct utf16_stream typed;
    struct utf8_stream shown;
};

/* Turns our console, whose output is a screen buffer's handle (GENERIC_READ and
 * GENERIC_WRITE), into a terminal: keys raw, sequences understood.  False, with nothing
 * changed, when this console cannot be one (before Windows 10), or is another command's
 * already: two that paint one screen would spoil it.  MS: SetConsoleMode, Console Virtual
 * Terminal Sequences. */
MUST_CHECK bool terminal_open(struct terminal *t, HANDLE output);

/* Puts the modes back, and lets the console go.  May be called twice. */
void terminal_close(struct terminal *t);

MUST_CHECK bool terminal_get_size(const struct terminal *t, struct terminal_size *size);

/* Who gets the keys; false: nobody wants them any more. */
typedef bool (*terminal_put)(void *ctx, const uint8_t *bytes, size_t count);

enum terminal_event { TERMINAL_KEYS, TERMINAL_RESIZED, TERMINAL_OVER };

/* Waits for input, or until *over is set, and passes what was typed on.  RESIZED: the
 * window may have another size now.  OVER also when the console is gone. */
enum terminal_event terminal_read(struct terminal *t, HANDLE over, terminal_put put,
                                  void *ctx);

/* Shows a piece of UTF-8, cut anywhere. */
MUST_CHECK bool terminal_write(struct terminal *t, const uint8_t *bytes, size_t count);
