/* SPDX-License-Identifier: MIT
 *
 * Access tokens: restricting, and looking at what came of it.  No decision, no logon.
 */
#pragma once

#include "core/level.h"
#include "win/win.h"

#define TOKEN_RESTRICTING_MAX 24u

/* Makes a primary token from our own with the given restricting SIDs (1 to 24), every
 * privilege but SeChangeNotify gone, write-restricted, and reads it back: success is
 * LEVEL_TOKEN_RESTRICTED only when the token shows exactly these SIDs in this order.
 * *out (TOKEN_ALL_ACCESS) is the caller's to close; it is NULL for LEVEL_TOKEN_NO_CALL
 * and LEVEL_TOKEN_FAILED, whose cause is in *err. MS: CreateRestrictedToken, Remarks; the
 * read-back is TokenRestrictedSids, which Wine 8 answers with an error although the call
 * above succeeded. */
enum level_token token_restrict(const struct sid *sids, size_t count, HANDLE *out,
                                struct err *err);

/* Whether this process runs under a token with a restricting SID of ours: inside a fence.
 * Reads the token, never the environment. */
bool token_is_inside(void);

/* Copies the logon SID of this process's token; false when it has none (services). */
MUST_CHECK bool token_logon_sid(struct sid *sid);
