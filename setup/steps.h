/* SPDX-License-Identifier: MIT
 *
 * The steps of setup in their order, as plan.h wants them, and their journal in the
 * registry.
 */
#pragma once

#include "account.h"
#include "filters.h"
#include "plan.h"

struct steps {
    struct account_ctx accounts;
    struct filters_policy policy;
    bool is_trial; /* one step by itself: without the account rules and filters name a SID
                      that nobody has */
};

/* The whole plan; is_marked and is_complete come from the journal.  Without passwords the
 * steps that log on are left out.  *steps must outlive the plan. */
MUST_CHECK bool steps_plan(struct steps *steps, struct plan *plan, struct err *err);

/* The step of that name alone, with nothing said of it in the journal; false when there
 * is none. */
MUST_CHECK bool steps_trial(struct steps *steps, struct u16s id, struct plan *plan);

/* The loopback policy that is installed; `all` when none is, `none` when it is no policy.
 */
MUST_CHECK bool steps_installed_policy(struct filters_policy *policy, struct err *err);
