/* SPDX-License-Identifier: MIT
 *
 * Whether the sandbox accounts of level `enforced` are there for this user, and the group
 * that walks give entries to for their sake.  Part of ringfence.exe only; with the user's
 * rights.
 */
#pragma once

#include "core/password.h"
#include "win/secret.h"

/* <data_dir>\secret. */
void sandbox_secret_path(const char16_t *data_dir, struct u16buf *out);

/* Whether setup has been run for this user: the group and both accounts are there, and
 * the passwords open. */
bool sandbox_is_installed(const char16_t *data_dir);

enum sandbox_logon {
    SANDBOX_LOGS_ON,
    SANDBOX_NEEDS_PASSWORD, /* the account is there, and this is not its password, or it
                               has expired */
    SANDBOX_UNTRIED         /* no such account, or another obstacle */
};

/* Tries the passwords, once each.  MS: LogonUserW. */
enum sandbox_logon sandbox_try_logon(const struct passwords *passwords);

/* The group that a walk is to give entries to, in static storage, or NULL in *group when
 * no sandbox is installed.  Unless it is a dry run the group is noted in
 * <data_dir>\sandbox-group, so that its entries are found when it is gone. */
MUST_CHECK bool sandbox_group_to_give(const char16_t *data_dir, bool dry_run,
                                      const struct sid **group, struct err *err);

/* The group that may have entries: the one noted, else the one there is, else NULL. */
const struct sid *sandbox_group_to_take(const char16_t *data_dir);

/* After the last of its entries was taken away. */
void sandbox_forget_group(const char16_t *data_dir);
