/* SPDX-License-Identifier: MIT
 *
 * The two sandbox accounts and their group, one aspect a triple of functions: check, set
 * up, take back.  Every change is read back by another call than the one that made it.
 * Groups that Windows has are found by SID: their names are translated.
 * Needs an administrator's full token.
 */
#pragma once

#include "core/password.h"
#include "plan.h"
#include "win/win.h"

enum account { ACCOUNT_OFFLINE, ACCOUNT_ONLINE, ACCOUNT_COUNT };
_Static_assert(ACCOUNT_COUNT == PASSWORD_ACCOUNTS, "a password each");

/* What the accounts are to be made with; the passwords come from the handover. */
struct account_ctx {
    bool has_passwords;
    bool rotate; /* set them on accounts that exist */
    bool rotated[ACCOUNT_COUNT];
    struct passwords passwords; /* by enum account */
};

const char16_t *account_name(enum account which);

/* The account's SID.  ERROR_NONE_MAPPED (1332) when there is no such account, or one of
 * another machine. */
MUST_CHECK bool account_sid(enum account which, struct sid *sid, struct err *err);

/* Preconditions: PLAN_PRESENT, or PLAN_ABSENT with the reason. */
enum plan_state account_check_elevated(struct err *err);
enum plan_state account_check_machine(struct err *err); /* no domain controller */

/* The group RingfenceUsers, known by its comment. */
enum plan_state account_check_group(struct err *err);
MUST_CHECK bool account_add_group(struct err *err);
MUST_CHECK bool account_remove_group(struct err *err);

/* The account: made disabled, a plain user, password that neither expires nor can be
 * changed by it, known by its comment.  Removing ends its processes and takes its profile
 * along, waiting some seconds for the system to let go of it. */
enum plan_state account_check(const struct account_ctx *ctx, enum account which,
                              struct err *err);
MUST_CHECK bool account_add(struct account_ctx *ctx, enum account which, struct err *err);
MUST_CHECK bool account_remove(enum account which, struct err *err);

/* Member of RingfenceUsers, and of Users (S-1-5-32-545), which may log on locally. */
enum plan_state account_check_member(enum account which, struct err *err);
MUST_CHECK bool account_add_member(enum account which, struct err *err);
MUST_CHECK bool account_remove_member(enum account which, struct err *err);

/* Not on the logon screen: Winlogon\SpecialAccounts\UserList. */
enum plan_state account_check_hidden(enum account which, struct err *err);
MUST_CHECK bool account_hide(enum account which, struct err *err);
MUST_CHECK bool account_show(enum account which, struct err *err);

/* No logon by network, remote desktop, batch or service.  Never the interactive one:
 * CreateProcessWithLogonW needs it.  MS: Account Rights Constants. */
enum plan_state account_check_rights(enum account which, struct err *err);
MUST_CHECK bool account_add_rights(enum account which, struct err *err);
MUST_CHECK bool account_remove_rights(enum account which, struct err *err);

/* Enabled.  Disabling also ends the account's processes, and fails while one of them is
 * left: until then it is PLAN_CHANGED. */
enum plan_state account_check_enabled(enum account which, struct err *err);
MUST_CHECK bool account_enable(enum account which, struct err *err);
MUST_CHECK bool account_disable(enum account which, struct err *err);

/* Whether the account can log on with the password at hand: tried once, and the token
 * looked at.  PLAN_PRESENT, or PLAN_ABSENT with what LogonUserW said (1326, 1385, …). */
enum plan_state account_check_logon(const struct account_ctx *ctx, enum account which,
                                    struct err *err);
