/* SPDX-License-Identifier: MIT
 *
 * Services that level `enforced` cannot do without.
 * Needs an administrator's full token.
 */
#pragma once

#include "plan.h"
#include "win/win.h"

/* A precondition: the service Secondary Logon is there and may start.
 * CreateProcessWithLogonW, which starts the runner, asks it to; LogonUserW, by which
 * setup tries the accounts, does not need it. */
enum plan_state service_check_logon(struct err *err);
