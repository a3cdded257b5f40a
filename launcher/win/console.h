/* SPDX-License-Identifier: MIT
 *
 * The console this process is in, and whose business its signals are.
 */
#pragma once

#include "win/win.h"

/* Whether this process was started with DETACHED_PROCESS: it has no console, and a
 * console child would open one of its own, with a window, which the tool would not have
 * done. */
bool console_is_detached(void);

/* Leaves Ctrl-C and Ctrl-Break to the child from here on, and at close, logoff and
 * shutdown waits for it.  The inherited "ignore Ctrl-C" attribute is left as it is. MS:
 * SetConsoleCtrlHandler, HandlerRoutine. */
void console_leave_signals_to_child(void);
