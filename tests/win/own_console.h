/* SPDX-License-Identifier: MIT
 *
 * For tests that need a console, which there is none of without a screen: the program
 * starts itself again under CREATE_NO_WINDOW, with its standard handles.
 */
#pragma once

#include "win/win.h"

/* Starts it so, with "--inner" behind its other words; returns what it ended with. */
int own_console_run(void);

/* Whether this is that second start, of a program without other words; else it is made,
 * and *code is what it ended with. */
bool own_console(int argc, char **argv, int *code);

/* Our console's input or output, u"CONIN$" or u"CONOUT$"; inheritable. */
HANDLE own_console_open(const char16_t *name);

/* Types one unit: down and up. */
void own_console_press(char16_t unit);

/* Whether our console shows the text. */
bool own_console_shows(const char16_t *wanted);
