/* SPDX-License-Identifier: MIT
 *
 * The passwords of the sandbox accounts, as the user keeps them: made from the system's
 * random numbers, sealed by DPAPI for this user with entropy of ours, in a file that is
 * replaced as a whole.  With the user's own rights, never elevated: a blob that another
 * account sealed cannot be opened (NTE_BAD_KEY_STATE and the like).
 */
#pragma once

#include "core/password.h"
#include "win/win.h"

/* Fills bytes with random ones.  MS: BCryptGenRandom; before Windows Vista RtlGenRandom.
 */
MUST_CHECK bool secret_random(void *data, size_t bytes, struct err *err);

/* Makes new passwords for both accounts. */
MUST_CHECK bool secret_make(struct passwords *out, struct err *err);

/* Seals them, puts them in the place of the file, and reads them back.  The file is made
 * with a list of its own, for the user and SYSTEM, as is the one it is written in: what
 * it would inherit may name the SIDs by which fenced programs read the profile, and they
 * run as the user, for whom DPAPI opens it.  MS: CryptProtectData. */
MUST_CHECK bool secret_save(const char16_t *path, const struct passwords *passwords,
                            struct err *err);

/* Whether the file's list lets in the user and SYSTEM only; one that is otherwise is
 * replaced, and read back.  False, with *err, when that does not hold afterwards. */
MUST_CHECK bool secret_close(const char16_t *path, struct err *err);

enum secret_load {
    SECRET_LOADED,
    SECRET_ABSENT, /* no file: setup has not been run for this user */
    SECRET_TORN,   /* cut, changed, or another user's: make new ones and `repair` */
    SECRET_FAILED  /* *err says why it cannot be read */
};

/* Opens them; *out is all zero unless it returns SECRET_LOADED.  Closes the file where it
 * is found open to others. */
enum secret_load secret_load(const char16_t *path, struct passwords *out,
                             struct err *err);
