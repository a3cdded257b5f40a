#include "win/account.h"

#include "win/dll.h"

typedef BOOL(WINAPI *lookup_account_name)(LPCWSTR, LPCWSTR, PSID, LPDWORD, LPWSTR,
                                          LPDWORD, PSID_NAME_USE);

bool account_find(const char16_t *name, enum account_kind kind, struct sid *sid,
                  struct err *err)
{
    lookup_account_name lookup =
        (lookup_account_name)(void (*)(void))dll_security("LookupAccountNameW");
    char16_t machine[MAX_COMPUTERNAME_LENGTH + 1], domain[256], full[512];
    DWORD machine_cap = MAX_COMPUTERNAME_LENGTH + 1, domain_cap = 256;
    uint8_t bytes[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof bytes;
    struct u16buf b = U16BUF(full);
    SID_NAME_USE use = SidTypeUnknown;
    struct sid found;

    if (!lookup)
        return err_rule(err, "LookupAccountNameW is missing", NULL);
    if (!GetComputerNameW(machine, &machine_cap))
        return err_win32(err, "GetComputerNameW", NULL);
    u16buf_addz(&b, machine); /* so that no domain is asked */
    u16buf_addc(&b, u'\\');
    u16buf_addz(&b, name);
    if (!lookup(NULL, full, bytes, &size, domain, &domain_cap, &use))
        return err_win32(err, "LookupAccountNameW", name);
    if (use != (kind == ACCOUNT_IS_USER ? SidTypeUser : SidTypeAlias))
        return err_rule(err, "the name is not what Ringfence's setup makes", name);
    if (!sid_read(&found, bytes, sizeof bytes) || found.sub_count != 5 ||
        found.authority[5] != 5 || found.sub[0] != 21)
        return err_rule(err, "the account is not of this machine", name);
    *sid = found;
    return true;
}
