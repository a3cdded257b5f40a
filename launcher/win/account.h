/* SPDX-License-Identifier: MIT
 *
 * Accounts of this machine, by name.  Changes nothing.
 */
#pragma once

#include "win/win.h"

enum account_kind { ACCOUNT_IS_USER, ACCOUNT_IS_GROUP };

/* The SID of this machine's own account or local group of that name, never a domain's.
 * Fails with ERROR_NONE_MAPPED where there is none, and with a rule where the name is
 * something else.  MS: LookupAccountNameW. */
MUST_CHECK bool account_find(const char16_t *name, enum account_kind kind,
                             struct sid *sid, struct err *err);
