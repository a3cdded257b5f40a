#include "win/token.h"

#include "win/dll.h"

#define GROUPS_BYTES                                                                     \
    16384u /* hundreds of groups: the largest tokens there are hold 1,015 SIDs */

/* TOKEN_GROUPS of the given class from a token opened for TOKEN_QUERY. */
union groups {
    TOKEN_GROUPS groups;
    BYTE bytes[GROUPS_BYTES];
};

static bool groups_read(HANDLE token, TOKEN_INFORMATION_CLASS what, union groups *out)
{
    ULONG needed = 0;

    return NT_SUCCESS(NtQueryInformationToken(token, what, out, sizeof *out, &needed));
}

/* The i-th SID of what groups_read gave, checked to lie within it. */
static bool groups_sid(const union groups *g, size_t i, struct sid *sid)
{
    const BYTE *at = g->groups.Groups[i].Sid;

    if (at < g->bytes || at >= g->bytes + sizeof g->bytes)
        return false;
    return sid_read(sid, at, (size_t)(g->bytes + sizeof g->bytes - at));
}

static HANDLE own_token(ACCESS_MASK access)
{
    HANDLE token = NULL;

    if (!NT_SUCCESS(NtOpenProcessToken(GetCurrentProcess(), access, &token)))
        return NULL;
    return token;
}

bool token_is_inside(void)
{
    static union groups g;
    auto_handle HANDLE token = own_token(TOKEN_QUERY);

    if (!token || !groups_read(token, TokenRestrictedSids, &g))
        return false;
    for (size_t i = 0; i < g.groups.GroupCount; i++) {
        struct sid sid;

        if (groups_sid(&g, i, &sid) && sid_is_ours(&sid))
            return true;
    }
    return false;
}

bool token_logon_sid(struct sid *sid)
{
    static union groups g;
    auto_handle HANDLE token = own_token(TOKEN_QUERY);

    if (!token || !groups_read(token, TokenGroups, &g))
        return false;
    for (size_t i = 0; i < g.groups.GroupCount; i++)
        if ((g.groups.Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID)
            return groups_sid(&g, i, sid);
    return false;
}

/* Whether the token shows exactly these restricting SIDs. */
static bool carries(HANDLE token, const struct sid *sids, size_t count)
{
    static union groups g;

    if (!groups_read(token, TokenRestrictedSids, &g) || g.groups.GroupCount != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct sid sid;

        if (!groups_sid(&g, i, &sid) || !sid_eq(&sid, &sids[i]))
            return false;
    }
    return true;
}

enum level_token token_restrict(const struct sid *sids, size_t count, HANDLE *out,
                                struct err *err)
{
    dll_create_restricted_token create = (dll_create_restricted_token)(void (*)(
        void))dll_security("CreateRestrictedToken");
    SID_AND_ATTRIBUTES restricting[TOKEN_RESTRICTING_MAX];
    auto_handle HANDLE base =
        own_token(TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY);
    HANDLE token = NULL;

    *out = NULL;
    if (!create)
        return err_rule(err, "CreateRestrictedToken is missing", NULL),
               LEVEL_TOKEN_NO_CALL;
    if (!base || count == 0 || count > TOKEN_RESTRICTING_MAX)
        return err_rule(err, "the process token cannot be opened", NULL),
               LEVEL_TOKEN_FAILED;
    for (size_t i = 0; i < count; i++) /* Attributes must be 0 here */
        restricting[i] = (SID_AND_ATTRIBUTES){ .Sid = sid_psid(&sids[i]) };
    if (!create(base, DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED, 0, NULL, 0,
                NULL, (DWORD)count, restricting, &token))
        return err_win32(err, "CreateRestrictedToken", NULL), LEVEL_TOKEN_FAILED;
    *out = token;
    return carries(token, sids, count) ? LEVEL_TOKEN_RESTRICTED : LEVEL_TOKEN_NOT_KEPT;
}
