/* SPDX-License-Identifier: MIT
 *
 * setup --user: lets the strict fence read the user's profile, but for the
 * stores of core/stores, by entries for the read SID; and the sandbox accounts, where
 * they are set up, by the same for their group.  Part of ringfence.exe only; with the
 * user's rights.
 */
#pragma once

#include "context.h"
#include "core/journal.h"
#include "core/stores.h"

struct setup_user {
    bool undo;
    bool dry_run;
    bool json;
    bool background; /* by the process that setup_user_start made: no terminal */
};

/* The user's profile directory, a final path, by the token and not by the
 * environment. MS: GetUserProfileDirectoryW (TOKEN_QUERY). */
MUST_CHECK bool setup_user_profile(struct u16buf *out, struct err *err);

/* Where that profile has its AppData\Roaming and AppData\Local, as Explorer's Shell
 * Folders in the registry say.  Borrowed from static storage. */
void setup_user_dirs(struct u16s profile, struct stores_dirs *dirs);

/* What the journal calls the profile: the read SID's own 96 bits. */
MUST_CHECK bool setup_user_digest(uint8_t digest[JOURNAL_ROOT_BYTES], struct err *err);

/* Walks the profile, a line at the end and <data_dir>\setup-user meanwhile. One
 * at a time; a second run goes on where one was stopped or killed.  True when
 * it went through, with *exit_code EXIT_RINGFENCE when some paths could not be
 * changed, which has been said; false with *err otherwise. */
MUST_CHECK bool setup_user_run(const char16_t *data_dir, const struct setup_user *how,
                               uint32_t *exit_code, struct err *err);

/* Starts `setup --user --worker [--undo]` as a process of its own, without a
 * console, and does not wait for it. */
MUST_CHECK bool setup_user_start(bool undo, DWORD *pid, struct err *err);

/* Appends what the file says, one line for people without its end: "profile granted
 * 2026-11-20, 7 credential stores closed".  Of *context the data directory. */
void setup_user_status(const struct context *context, struct u16buf *out);

/* Whether a walk of the profile is on its way in a process that is still there.
 */
bool setup_user_is_running(const char16_t *data_dir, DWORD *pid);

/* After everything of ours has been taken away from the profile by another
 * command. */
void setup_user_forget(const char16_t *data_dir);
