/* SPDX-License-Identifier: MIT
 *
 * The firewall rules of filters.h, through INetFwPolicy2, every field read back.  The
 * second layer beside the filters, by other code of the system.
 * Needs an administrator's full token.  MS: INetFwPolicy2, INetFwRule3 (Windows 8+).
 */
#pragma once

#include "filters.h"
#include "plan.h"
#include "win/win.h"

/* A precondition: the firewall is on in every profile, in use now or not, and rules made
 * here count there: Group Policy can say that only its own do.  *err names the profile.
 */
enum plan_state firewall_check_policy(struct err *err);

/* One rule for the offline account.  PLAN_CHANGED names the field that differs; a rule of
 * that name in another group is not ours. */
enum plan_state firewall_check(const struct filters_rule *rule, const struct sid *offline,
                               struct err *err);

/* Replaces the rule, and reads it back. */
MUST_CHECK bool firewall_apply(const struct filters_rule *rule, const struct sid *offline,
                               struct err *err);
MUST_CHECK bool firewall_remove(const struct filters_rule *rule, struct err *err);
