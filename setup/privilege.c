#include "privilege.h"

#include "lookup.h"

#define DEBUG          20u /* SE_DEBUG_PRIVILEGE, the same number on every system */
#define PRIVILEGES_MAX 64u
#define NAME           u"SeDebugPrivilege"

static struct {
    LOOKUP_MEMBER(AdjustTokenPrivileges);
    LOOKUP_MEMBER(GetTokenInformation);
} api;

static bool load(struct err *err)
{
    return (LOOKUP(api, u"advapi32.dll", AdjustTokenPrivileges) &&
            LOOKUP(api, u"advapi32.dll", GetTokenInformation)) ||
           err_rule(err, "advapi32.dll lacks AdjustTokenPrivileges", NULL);
}

static bool is_enabled(HANDLE token, struct err *err)
{
    struct {
        TOKEN_PRIVILEGES head;
        LUID_AND_ATTRIBUTES more[PRIVILEGES_MAX];
    } got;
    DWORD bytes = 0;

    if (!api.GetTokenInformation(token, TokenPrivileges, &got, sizeof got, &bytes))
        return err_win32(err, "GetTokenInformation(TokenPrivileges)", NAME);
    for (DWORD i = 0; i < got.head.PrivilegeCount && i <= PRIVILEGES_MAX; i++) {
        const LUID_AND_ATTRIBUTES *one = &got.head.Privileges[i];

        if (one->Luid.LowPart == DEBUG && one->Luid.HighPart == 0 &&
            one->Attributes & SE_PRIVILEGE_ENABLED)
            return true;
    }
    return err_set(err, ERR_WIN32, ERROR_PRIVILEGE_NOT_HELD, "AdjustTokenPrivileges",
                   NAME);
}

bool privilege_enable_debug(struct err *err)
{
    TOKEN_PRIVILEGES wanted = {
        .PrivilegeCount = 1,
        .Privileges = { { { DEBUG, 0 }, SE_PRIVILEGE_ENABLED } },
    };
    auto_handle HANDLE token = NULL;
    NTSTATUS status = 0;

    if (!load(err))
        return false;
    status = NtOpenProcessToken(GetCurrentProcess(),
                                TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenProcessToken", NULL);
    if (!api.AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL))
        return err_win32(err, "AdjustTokenPrivileges", NAME);
    return is_enabled(token, err);
}
