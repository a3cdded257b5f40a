/* SPDX-License-Identifier: MIT
 *
 * The console this process is in, and whose business its signals are.
 */
#pragma once

#include "win/win.h"

/* Whether this process has a console, visible or not.  Without one a console child would
 * open a window of its own, which it would not have done for our parent. */
bool console_is_there(void);

/* Leaves Ctrl-C and Ctrl-Break to the child from here on, and at close, logoff and
 * shutdown waits for it.  The inherited "ignore Ctrl-C" attribute is left as it is. MS:
 * SetConsoleCtrlHandler, HandlerRoutine. */
void console_leave_signals_to_child(void);
