/* SPDX-License-Identifier: MIT
 *
 * Access tokens: restricting, and looking at what came of it.  No decision, no logon.
 */
#pragma once

#include "core/fence.h"
#include "core/level.h"
#include "win/win.h"

/* Makes a primary token from our own with the list's restricting SIDs, every privilege
 * but SeChangeNotify gone, write-restricted as the list says, and reads it back: the
 * result is LEVEL_TOKEN_RESTRICTED only when the token shows exactly these SIDs in this
 * order. *out (TOKEN_ALL_ACCESS) is the caller's to close; it is NULL for
 * LEVEL_TOKEN_NO_CALL and LEVEL_TOKEN_FAILED, whose cause is in *err. MS:
 * CreateRestrictedToken, Remarks; the read-back is TokenRestrictedSids, which Wine 8
 * answers with an error although the call above succeeded. */
enum level_token token_restrict(const struct fence_list *list, HANDLE *out,
                                struct err *err);

/* The same from another primary token, opened with TOKEN_FOR_BASE; NULL is a failure. */
#define TOKEN_FOR_BASE                                                                   \
    (TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT)
enum level_token token_restrict_base(HANDLE base, const struct fence_list *list,
                                     HANDLE *out, struct err *err);

/* The same for a child that is to have nothing of the logon it was started in: in its
 * token every logon SID of ours can only deny.  A sandbox account's runner needs it, as
 * the service that starts it puts the user's own logon SID into its token, and by that
 * SID every process of the user lets itself be read and ended.  *apart is whether the
 * token shows it so.  For one thread at a time.  MS: CreateRestrictedToken,
 * SidsToDisable; SID Attributes in an Access Token. */
enum level_token token_restrict_apart(const struct fence_list *list, HANDLE *out,
                                      bool *apart, struct err *err);

/* Who may do what with what a fenced child makes and is: all to the user, SYSTEM and the
 * run SID, and OWNER RIGHTS no more than READ_CONTROL, so that neither another run nor an
 * owner's implicit WRITE_DAC gets at it. */
struct token_security {
    SECURITY_ATTRIBUTES attributes; /* for CreateProcessAsUserW; not inheritable */
    uint8_t bytes[512];             /* the descriptor, self-relative; its list last */
};
void token_child_security(const struct sid *user, const struct sid *run,
                          struct token_security *security);

/* The same for the token object that a child runs under, which Windows makes with our own
 * default DACL and not the token's: it names no restricting SID, so the child could not
 * copy or adjust its own token (CheckTokenMembership does).  In full and not generic,
 * for an object that is there already. */
void token_own_security(const struct sid *user, const struct sid *run,
                        struct token_security *security);

/* Makes token_child_security's list the token's default DACL
 * (TOKEN_ADJUST_DEFAULT|TOKEN_QUERY), and reads it back.  The same descriptor is for the
 * process and thread of the child themselves: without it a restricted child cannot open
 * itself. */
MUST_CHECK bool token_set_default_dacl(HANDLE token, struct token_security *security,
                                       struct err *err);

/* Lowers the token's integrity to SID_LEVEL_LOWERED (TOKEN_ADJUST_DEFAULT|TOKEN_QUERY)
 * and reads it back; fails before Windows Vista, which has no such thing.  MS:
 * SetTokenInformation, TokenIntegrityLevel. */
MUST_CHECK bool token_lower(HANDLE token, struct err *err);

/* Whether this process runs under a token with a restricting SID of ours: inside a fence.
 * Reads the token, never the environment. */
bool token_is_inside(void);

/* Copies the user SID of this process's token. */
MUST_CHECK bool token_user_sid(struct sid *sid, struct err *err);

/* Copies the logon SID of this process's token; false when it has none (services). */
MUST_CHECK bool token_logon_sid(struct sid *sid);
