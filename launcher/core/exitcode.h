/* SPDX-License-Identifier: MIT
 *
 * Our own exit codes, those of env, timeout and nohup; any other code is the tool's.
 */
#pragma once

enum exitcode {
    EXIT_OK = 0,
    EXIT_RINGFENCE = 125, /* Ringfence failed, or a required level is missing */
    EXIT_REFUSED = 126,   /* the tool was found, but refused or not startable */
    EXIT_NOT_FOUND = 127  /* no such tool */
};
