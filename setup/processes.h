/* SPDX-License-Identifier: MIT
 *
 * What runs as an account.  Its fenced processes name the account, SYSTEM and one run in
 * their lists, and nobody else: opening them takes SeDebugPrivilege.
 * Needs an administrator's full token.
 */
#pragma once

#include "win/win.h"

enum processes {
    PROCESSES_NONE,
    PROCESSES_RUN,    /* *err names one */
    PROCESSES_UNKNOWN /* *err says why they cannot be listed */
};

/* Whether anything does.  MS: WTSEnumerateProcessesW, whose answer names the user of
 * every process; the token of another account's need not show itself to us. */
enum processes processes_look(const struct sid *sid, struct err *err);

/* Ends it, and what it starts meanwhile; the account must be disabled, or it may begin
 * anew.  False while any is left, which *err names. */
MUST_CHECK bool processes_end(const struct sid *sid, struct err *err);
