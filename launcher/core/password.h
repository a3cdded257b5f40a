/* SPDX-License-Identifier: MIT
 *
 * The sandbox accounts' passwords, out of random bytes.
 * Pure.
 */
#pragma once

#include "core/err.h"

#define PASSWORD_LEN 32u /* char16_t, without terminator; about 190 bits */
#define PASSWORD_CAP (PASSWORD_LEN + 1u)

/* Those of both accounts: offline, online.  To be wiped as soon as it has served. */
#define PASSWORD_ACCOUNTS 2u
struct passwords {
    char16_t text[PASSWORD_ACCOUNTS][PASSWORD_CAP];
};

/* Makes a password of the bytes: PASSWORD_LEN characters out of 66, each equally likely,
 * a letter first, with an upper and a lower case letter, a digit and one of "-_.+" in it,
 * and none that a shell, a batch file or an INI file takes for its own.  False, with *out
 * all zero, when the bytes do not give one: ask again with new ones, 3 in 4 of 128 bytes
 * do.  The bytes are not kept. */
MUST_CHECK bool password_make(char16_t out[PASSWORD_CAP], const uint8_t *random,
                              size_t bytes);

/* Whether text, of PASSWORD_LEN units, keeps these rules. */
bool password_is_sound(const char16_t text[PASSWORD_LEN]);

/* Overwrites with zeros in a way that no compiler leaves out. */
void password_wipe(void *data, size_t bytes);
