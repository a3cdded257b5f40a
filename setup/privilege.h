/* SPDX-License-Identifier: MIT
 *
 * SeDebugPrivilege, which opens processes whose list leaves Administrators out: those of
 * the sandbox accounts, and the launcher of another user.
 * Needs an administrator's full token.
 */
#pragma once

#include "win/win.h"

/* Enables it for this process and looks whether it is: AdjustTokenPrivileges succeeds
 * also where the token has no such privilege (Group Policy can take `Debug programs` from
 * administrators), which fails here with ERROR_PRIVILEGE_NOT_HELD. */
MUST_CHECK bool privilege_enable_debug(struct err *err);
