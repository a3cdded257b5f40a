#include "win/dll.h"
#include "win/token.h"

/* Not in token.c, whose texts and tables every shim carries. */

#define GROUPS_BYTES 16384u
#define LOGON_MAX    4u /* one, and what a service may have added to it */

union groups {
    TOKEN_GROUPS groups;
    BYTE bytes[GROUPS_BYTES];
};

static bool read_groups(HANDLE token, union groups *out)
{
    ULONG needed = 0;

    return NT_SUCCESS(
        NtQueryInformationToken(token, TokenGroups, out, sizeof *out, &needed));
}

static bool is_logon(const SID_AND_ATTRIBUTES *group)
{
    return (group->Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID;
}

/* Whether no logon SID of the token's can grant anything. */
static bool is_apart(HANDLE token)
{
    static union groups g;

    if (!read_groups(token, &g))
        return false;
    for (size_t i = 0; i < g.groups.GroupCount; i++) {
        const SID_AND_ATTRIBUTES *group = &g.groups.Groups[i];

        if (is_logon(group) && (!(group->Attributes & SE_GROUP_USE_FOR_DENY_ONLY) ||
                                group->Attributes & SE_GROUP_ENABLED))
            return false;
    }
    return true;
}

/* Our own token with its logon SIDs deny-only. */
static bool disable_logon(HANDLE *token, struct err *err)
{
    static union groups g; /* lends its SIDs to the call */
    dll_create_restricted_token create = (dll_create_restricted_token)(void (*)(
        void))dll_security("CreateRestrictedToken");
    SID_AND_ATTRIBUTES disable[LOGON_MAX] = { 0 };
    auto_handle HANDLE own = NULL;
    DWORD count = 0;

    if (!create)
        return err_rule(err, "CreateRestrictedToken is missing", NULL);
    if (!NT_SUCCESS(NtOpenProcessToken(GetCurrentProcess(), TOKEN_FOR_BASE, &own)) ||
        !read_groups(own, &g))
        return err_rule(err, "the process token's groups cannot be read", NULL);
    for (size_t i = 0; i < g.groups.GroupCount; i++) {
        if (!is_logon(&g.groups.Groups[i]))
            continue;
        if (count == LOGON_MAX)
            return err_rule(err, "the process token has too many logon SIDs", NULL);
        disable[count++].Sid = g.groups.Groups[i].Sid;
    }
    return create(own, 0, count, disable, 0, NULL, 0, NULL, token) ||
           err_win32(err, "CreateRestrictedToken", u"the logon SID");
}

enum level_token token_restrict_apart(const struct fence_list *list, HANDLE *out,
                                      bool *apart, struct err *err)
{
    auto_handle HANDLE base = NULL;
    enum level_token made = LEVEL_TOKEN_FAILED;

    *out = NULL;
    *apart = false;
    if (!disable_logon(&base, err))
        return made;
    made = token_restrict_base(base, list, out, err);
    *apart = *out && is_apart(*out);
    return made;
}
