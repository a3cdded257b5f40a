/* SPDX-License-Identifier: MIT
 *
 * Text for people and scripts on stdout and stderr: UTF-8 into files and pipes, UTF-16
 * into a console, whatever its code page.
 */
#pragma once

#include "win/win.h"

/* Where to: a standard handle's number, as GetStdHandle takes it. */
#define OUT_STDOUT ((DWORD)-11)
#define OUT_STDERR ((DWORD)-12)

/* Writes text as it is.  A handle that is missing or fails is passed over in silence:
 * there is no other place to complain. */
void out_text(DWORD where, struct u16s text);

/* Writes one line: its pieces up to NULL, then a line feed, in one write, so that lines
 * of two processes do not mix. */
void out_pieces(DWORD where, const char16_t *const *pieces);
#define out_line(where, ...)                                                             \
    out_pieces(where, (const char16_t *const[]){ __VA_ARGS__, NULL })

/* One line by a pattern of ASCII, in which each `%` stands for the next argument, a
 * const char16_t *.  Half the room of the above. */
void out_say(DWORD where, const char *pattern, ...);
