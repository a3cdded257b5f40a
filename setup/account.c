#include "account.h"

#include <lm.h>
#include <ntsecapi.h>
#include <userenv.h>

#include "lookup.h"
#include "processes.h"
#include "store.h"
#include "win/dll.h"

#define GROUP         u"RingfenceUsers"
#define GROUP_COMMENT u"Ringfence: the accounts that run fenced commands"
#define HIDDEN                                                                           \
    u"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"                         \
    u"\\SpecialAccounts\\UserList"
#define NETAPI     u"netapi32.dll"
#define ADVAPI     u"advapi32.dll"
#define NAME_CAP   257u /* UNLEN and a terminator, and more than any domain's */
#define IS_ADMIN   "the account has been made an administrator"
#define DENIED     4u
#define NOT_LISTED 0xC0000034u /* STATUS_OBJECT_NAME_NOT_FOUND */

#define PROFILE_TRIES 50u /* 5 seconds in all */
#define PROFILE_MS    100u

static const struct {
    const char16_t *name, *comment; /* the comment makes it ours */
} accounts[ACCOUNT_COUNT] = {
    { u"RingfenceOffline", u"Ringfence: runs fenced commands without the network" },
    { u"RingfenceOnline", u"Ringfence: runs fenced commands with the network" },
};

/* UF_SCRIPT must always be set.  MS: USER_INFO_1. */
#define ACCOUNT_FLAGS (UF_SCRIPT | UF_DONT_EXPIRE_PASSWD | UF_PASSWD_CANT_CHANGE)

static const char16_t *const denied[DENIED] = {
    u"SeDenyNetworkLogonRight",
    u"SeDenyRemoteInteractiveLogonRight",
    u"SeDenyBatchLogonRight",
    u"SeDenyServiceLogonRight",
};

static struct {
    LOOKUP_MEMBER(NetUserAdd);
    LOOKUP_MEMBER(NetUserDel);
    LOOKUP_MEMBER(NetUserGetInfo);
    LOOKUP_MEMBER(NetUserSetInfo);
    LOOKUP_MEMBER(NetLocalGroupAdd);
    LOOKUP_MEMBER(NetLocalGroupDel);
    LOOKUP_MEMBER(NetLocalGroupGetInfo);
    LOOKUP_MEMBER(NetLocalGroupAddMembers);
    LOOKUP_MEMBER(NetLocalGroupDelMembers);
    LOOKUP_MEMBER(NetLocalGroupGetMembers);
    LOOKUP_MEMBER(NetApiBufferFree);
} net;

static struct {
    LOOKUP_MEMBER(LookupAccountNameW);
    LOOKUP_MEMBER(LookupAccountSidW);
    LOOKUP_MEMBER(LogonUserW);
    LOOKUP_MEMBER(LsaOpenPolicy);
    LOOKUP_MEMBER(LsaEnumerateAccountRights);
    LOOKUP_MEMBER(LsaAddAccountRights);
    LOOKUP_MEMBER(LsaRemoveAccountRights);
    LOOKUP_MEMBER(LsaFreeMemory);
    LOOKUP_MEMBER(LsaClose);
} sec;

static bool load(struct err *err)
{
    static bool loaded;

    loaded =
        loaded ||
        (LOOKUP(net, NETAPI, NetUserAdd) && LOOKUP(net, NETAPI, NetUserDel) &&
         LOOKUP(net, NETAPI, NetUserGetInfo) && LOOKUP(net, NETAPI, NetUserSetInfo) &&
         LOOKUP(net, NETAPI, NetLocalGroupAdd) && LOOKUP(net, NETAPI, NetLocalGroupDel) &&
         LOOKUP(net, NETAPI, NetLocalGroupGetInfo) &&
         LOOKUP(net, NETAPI, NetLocalGroupAddMembers) &&
         LOOKUP(net, NETAPI, NetLocalGroupDelMembers) &&
         LOOKUP(net, NETAPI, NetLocalGroupGetMembers) &&
         LOOKUP(net, NETAPI, NetApiBufferFree) &&
         LOOKUP(sec, ADVAPI, LookupAccountNameW) &&
         LOOKUP(sec, ADVAPI, LookupAccountSidW) && LOOKUP(sec, ADVAPI, LogonUserW) &&
         LOOKUP(sec, ADVAPI, LsaOpenPolicy) &&
         LOOKUP(sec, ADVAPI, LsaEnumerateAccountRights) &&
         LOOKUP(sec, ADVAPI, LsaAddAccountRights) &&
         LOOKUP(sec, ADVAPI, LsaRemoveAccountRights) &&
         LOOKUP(sec, ADVAPI, LsaFreeMemory) && LOOKUP(sec, ADVAPI, LsaClose));
    return loaded || err_rule(err, "netapi32.dll or advapi32.dll lacks a function", NULL);
}

const char16_t *account_name(enum account which)
{
    return accounts[which].name;
}

/* The Net functions return their code. */
static bool net_failed(struct err *err, NET_API_STATUS code, const char *call,
                       const char16_t *name)
{
    return err_set(err, ERR_WIN32, code, call, name);
}

/* A local name's SID, of the type wanted.  Asked for with this machine's name in front:
 * a bare one is looked for in the domain, too, and that waits for its controller. */
static bool local_sid(const char16_t *name, SID_NAME_USE type, struct sid *sid,
                      struct err *err)
{
    char16_t full[NAME_CAP], domain[NAME_CAP], machine[MAX_COMPUTERNAME_LENGTH + 1];
    DWORD domain_cap = NAME_CAP, machine_cap = MAX_COMPUTERNAME_LENGTH + 1;
    struct u16buf b = U16BUF(full);
    struct sid got = { 0 };
    DWORD bytes = sizeof got;
    SID_NAME_USE use = SidTypeUnknown;

    if (!load(err))
        return false;
    if (!GetComputerNameW(machine, &machine_cap))
        return err_win32(err, "GetComputerNameW", NULL);
    u16buf_addz(&b, machine);
    u16buf_addc(&b, u'\\');
    u16buf_addz(&b, name);
    if (!sec.LookupAccountNameW(NULL, full, &got, &bytes, domain, &domain_cap, &use))
        return err_win32(err, "LookupAccountNameW", name);
    if (use != type || !u16s_ieq(u16s_of(domain), u16s_of(machine)))
        return err_set(err, ERR_WIN32, ERROR_NONE_MAPPED, "LookupAccountNameW", name);
    *sid = got;
    return true;
}

bool account_sid(enum account which, struct sid *sid, struct err *err)
{
    return local_sid(accounts[which].name, SidTypeUser, sid, err);
}

static bool is_unmapped(const struct err *err)
{
    return err->domain == ERR_WIN32 && err->code == ERROR_NONE_MAPPED;
}

/* The account's SID, or the state that its lack means. */
static bool need_sid(enum account which, struct sid *sid, enum plan_state *state,
                     struct err *err)
{
    if (account_sid(which, sid, err))
        return true;
    *state = is_unmapped(err) ? PLAN_ABSENT : PLAN_UNKNOWN;
    return false;
}

/* Before Windows Vista there is nothing to ask, and every token is a full one. */
static enum plan_state check_administrator(HANDLE token, struct err *err)
{
    static union {
        TOKEN_GROUPS groups;
        BYTE bytes[1u << 16];
    } got;
    const struct sid administrators = sid_well_known(SID_ADMINISTRATORS);
    ULONG needed = 0;
    NTSTATUS status =
        NtQueryInformationToken(token, TokenGroups, &got, sizeof got, &needed);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status,
                       "NtQueryInformationToken(TokenGroups)", NULL),
               PLAN_UNKNOWN;
    for (DWORD i = 0; i < got.groups.GroupCount; i++) {
        const SID_AND_ATTRIBUTES *group = &got.groups.Groups[i];
        struct sid sid;

        if (group->Attributes & SE_GROUP_ENABLED &&
            sid_read(&sid, group->Sid, SECURITY_MAX_SID_SIZE) &&
            sid_eq(&sid, &administrators))
            return PLAN_PRESENT;
    }
    return err_rule(err, "this process is not an administrator's", NULL), PLAN_ABSENT;
}

enum plan_state account_check_elevated(struct err *err)
{
    auto_handle HANDLE token = NULL;
    TOKEN_ELEVATION elevation = { 0 };
    ULONG needed = 0;
    NTSTATUS status = NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenProcessToken", NULL),
               PLAN_UNKNOWN;
    status = NtQueryInformationToken(token, TokenElevation, &elevation, sizeof elevation,
                                     &needed);
    if (!NT_SUCCESS(status))
        return check_administrator(token, err);
    if (elevation.TokenIsElevated)
        return PLAN_PRESENT;
    return err_rule(err, "this process is not elevated", NULL), PLAN_ABSENT;
}

typedef NTSTATUS(NTAPI *rtl_get_version)(OSVERSIONINFOEXW *);

enum plan_state account_check_machine(struct err *err)
{
    rtl_get_version get =
        (rtl_get_version)(void (*)(void))dll_loaded(u"ntdll.dll", "RtlGetVersion");
    OSVERSIONINFOEXW version = { .dwOSVersionInfoSize = sizeof version };

    if (!get || !NT_SUCCESS(get(&version)))
        return err_rule(err, "RtlGetVersion is missing", NULL), PLAN_UNKNOWN;
    if (version.wProductType != VER_NT_DOMAIN_CONTROLLER)
        return PLAN_PRESENT;
    return err_rule(err, "its accounts are the domain's", NULL), PLAN_ABSENT;
}

enum plan_state account_check_group(struct err *err)
{
    struct sid sid;
    LOCALGROUP_INFO_1 *info = NULL;
    NET_API_STATUS code = 0;
    bool ours = false;

    if (!local_sid(GROUP, SidTypeAlias, &sid, err))
        return is_unmapped(err) ? PLAN_ABSENT : PLAN_UNKNOWN;
    code = net.NetLocalGroupGetInfo(NULL, GROUP, 1, (BYTE **)&info);
    if (code != NERR_Success)
        return net_failed(err, code, "NetLocalGroupGetInfo", GROUP), PLAN_UNKNOWN;
    if (!info)
        return err_rule(err, "NetLocalGroupGetInfo succeeded and told nothing", GROUP),
               PLAN_UNKNOWN;
    ours = u16s_eq(u16s_of(info->lgrpi1_comment), U16S(GROUP_COMMENT));
    net.NetApiBufferFree(info);
    return ours ? PLAN_PRESENT : PLAN_FOREIGN;
}

bool account_add_group(struct err *err)
{
    char16_t name[] = GROUP, comment[] = GROUP_COMMENT;
    LOCALGROUP_INFO_1 info = { .lgrpi1_name = name, .lgrpi1_comment = comment };
    NET_API_STATUS code = 0;
    struct sid sid;

    if (!load(err))
        return false;
    code = net.NetLocalGroupAdd(NULL, 1, (BYTE *)&info, NULL);
    if (code != NERR_Success)
        return net_failed(err, code, "NetLocalGroupAdd", GROUP);
    if (local_sid(GROUP, SidTypeAlias, &sid, err))
        return true;
    return is_unmapped(err)
               ? err_rule(err,
                          "NetLocalGroupAdd succeeded, but LookupAccountNameW knows "
                          "no such group",
                          GROUP)
               : false;
}

bool account_remove_group(struct err *err)
{
    NET_API_STATUS code = 0;

    if (!load(err))
        return false;
    code = net.NetLocalGroupDel(NULL, GROUP);
    if (code != NERR_Success && code != NERR_GroupNotFound && code != ERROR_NO_SUCH_ALIAS)
        return net_failed(err, code, "NetLocalGroupDel", GROUP);
    return true;
}

/* What the account database says of one of our accounts.  The privilege comes from the
 * groups: as long as the account is in none it is a guest's. */
struct user {
    DWORD flags; /* UF_… */
    bool is_admin;
};

/* PLAN_PRESENT when the account is ours, PLAN_ABSENT, PLAN_FOREIGN or PLAN_UNKNOWN. */
static enum plan_state read_user(enum account which, struct user *user, struct err *err)
{
    USER_INFO_1 *info = NULL;
    const char16_t *name = accounts[which].name;
    NET_API_STATUS code = 0;
    bool ours = false;

    if (!load(err))
        return PLAN_UNKNOWN;
    code = net.NetUserGetInfo(NULL, name, 1, (BYTE **)&info);
    if (code == NERR_UserNotFound)
        return PLAN_ABSENT;
    if (code != NERR_Success)
        return net_failed(err, code, "NetUserGetInfo", name), PLAN_UNKNOWN;
    if (!info)
        return err_rule(err, "NetUserGetInfo succeeded and told nothing", name),
               PLAN_UNKNOWN;
    ours = u16s_eq(u16s_of(info->usri1_comment), u16s_of(accounts[which].comment));
    *user = (struct user){ info->usri1_flags, info->usri1_priv == USER_PRIV_ADMIN };
    net.NetApiBufferFree(info);
    return ours ? PLAN_PRESENT : PLAN_FOREIGN;
}

enum plan_state account_check(const struct account_ctx *ctx, enum account which,
                              struct err *err)
{
    struct sid sid;
    struct user user;
    enum plan_state state = read_user(which, &user, err);

    if (state != PLAN_PRESENT)
        return state;
    if (!account_sid(which, &sid, err)) {
        if (!is_unmapped(err))
            return PLAN_UNKNOWN;
        err_rule(err,
                 "NetUserGetInfo shows the account, but LookupAccountNameW knows "
                 "no such name",
                 accounts[which].name);
        return PLAN_CHANGED;
    }
    if (user.is_admin)
        return err_rule(err, IS_ADMIN, accounts[which].name), PLAN_CHANGED;
    return (user.flags & ACCOUNT_FLAGS) == ACCOUNT_FLAGS &&
                   (!ctx->rotate || ctx->rotated[which])
               ? PLAN_PRESENT
               : PLAN_CHANGED;
}

static bool set_flags(enum account which, DWORD flags, struct err *err)
{
    USER_INFO_1008 info = { .usri1008_flags = flags };
    NET_API_STATUS code =
        net.NetUserSetInfo(NULL, accounts[which].name, 1008, (BYTE *)&info, NULL);

    return code == NERR_Success ||
           net_failed(err, code, "NetUserSetInfo(1008)", accounts[which].name);
}

/* Puts an account that is there right again. */
static bool mend(struct account_ctx *ctx, enum account which, struct err *err)
{
    USER_INFO_1003 info = { .usri1003_password = ctx->passwords.text[which] };
    const char16_t *name = accounts[which].name;
    struct user user;
    struct sid sid;
    NET_API_STATUS code = 0;

    /* One that only the account database knows is nothing to be mended. */
    if (read_user(which, &user, err) != PLAN_PRESENT || !account_sid(which, &sid, err))
        return false;
    if (user.is_admin)
        return err_rule(err, IS_ADMIN, name);
    if (ctx->rotate && !ctx->rotated[which]) {
        code = net.NetUserSetInfo(NULL, name, 1003, (BYTE *)&info, NULL);
        if (code != NERR_Success)
            return net_failed(err, code, "NetUserSetInfo(1003)", name);
        ctx->rotated[which] = true;
    }
    return set_flags(which, user.flags | ACCOUNT_FLAGS, err);
}

bool account_add(struct account_ctx *ctx, enum account which, struct err *err)
{
    char16_t name[NAME_CAP], comment[NAME_CAP];
    USER_INFO_1 info = { .usri1_name = name,
                         .usri1_password = ctx->passwords.text[which],
                         .usri1_priv = USER_PRIV_USER,
                         .usri1_comment = comment,
                         .usri1_flags = ACCOUNT_FLAGS | UF_ACCOUNTDISABLE };
    struct u16buf n = U16BUF(name), c = U16BUF(comment);
    NET_API_STATUS code = 0;
    struct user user;
    enum plan_state there = read_user(which, &user, err);

    if (there == PLAN_PRESENT)
        return mend(ctx, which, err);
    if (there == PLAN_UNKNOWN)
        return false;
    if (!ctx->has_passwords)
        return err_rule(err, "no password was handed over for the account",
                        accounts[which].name) ||
               err_hint(err, "start it through `ringfence setup install`, which makes "
                             "and keeps the passwords");
    u16buf_addz(&n, accounts[which].name);
    u16buf_addz(&c, accounts[which].comment);
    code = net.NetUserAdd(NULL, 1, (BYTE *)&info, NULL);
    if (code != NERR_Success)
        return net_failed(err, code, "NetUserAdd", name);
    ctx->rotated[which] = true;
    if (account_check(ctx, which, err) == PLAN_PRESENT)
        return true;
    return err->domain != ERR_NONE
               ? false
               : err_rule(err,
                          "NetUserAdd succeeded, but NetUserGetInfo does not show "
                          "what was asked for",
                          name);
}

/* Whether the account's part of the registry is there: the system takes it away some time
 * after the last process has ended. */
static bool is_loaded(const char16_t *sid)
{
    struct {
        LOOKUP_MEMBER(RegOpenKeyExW);
        LOOKUP_MEMBER(RegCloseKey);
    } reg;
    HKEY key = NULL;
    LONG code = 0;

    if (!LOOKUP(reg, ADVAPI, RegOpenKeyExW) || !LOOKUP(reg, ADVAPI, RegCloseKey))
        return false;
    code = reg.RegOpenKeyExW(HKEY_USERS, sid, 0, KEY_READ, &key);
    if (code == ERROR_SUCCESS)
        reg.RegCloseKey(key);
    return code != ERROR_FILE_NOT_FOUND;
}

/* Files and registry of an account that has been logged on.  MS: DeleteProfileW. */
static bool remove_profile(enum account which, const struct sid *sid, struct err *err)
{
    struct {
        LOOKUP_MEMBER(DeleteProfileW);
    } env;
    char16_t text[SID_TEXT_CAP];
    struct u16buf b = U16BUF(text);
    bool is_last = false;

    sid_format(sid, &b);
    if (!LOOKUP(env, u"userenv.dll", DeleteProfileW))
        return err_rule(err, "userenv.dll lacks DeleteProfileW", NULL);
    for (unsigned i = 0; !env.DeleteProfileW(text, NULL, NULL); i++) {
        if (GetLastError() == ERROR_FILE_NOT_FOUND)
            return true;
        err_win32(err, "DeleteProfileW", accounts[which].name);
        if (is_last || i == PROFILE_TRIES)
            return false;
        is_last = !is_loaded(text); /* it may have gone just now */
        if (!is_last)
            Sleep(PROFILE_MS);
    }
    return true;
}

bool account_remove(enum account which, struct err *err)
{
    struct sid sid;
    NET_API_STATUS code = 0;

    if (account_sid(which, &sid, err)) {
        /* Without the account nobody could say any more whose rights they are. */
        if (!account_remove_rights(which, err))
            return false;
        if (account_check_rights(which, err) != PLAN_ABSENT)
            return err_rule(err, "the account keeps logon rights", accounts[which].name);
        /* Nor whose processes. */
        if (!processes_end(&sid, err) || !remove_profile(which, &sid, err))
            return false;
    } else if (!is_unmapped(err)) {
        return false;
    }
    code = net.NetUserDel(NULL, accounts[which].name);
    return code == NERR_Success || code == NERR_UserNotFound ||
           net_failed(err, code, "NetUserDel", accounts[which].name);
}

/* The groups an account must be in: ours, and Users by the name it has here. */
static bool group_name(unsigned i, char16_t name[NAME_CAP], struct err *err)
{
    const struct sid users = sid_well_known(SID_USERS);
    char16_t domain[NAME_CAP];
    DWORD cap = NAME_CAP, domain_cap = NAME_CAP;
    SID_NAME_USE use = SidTypeUnknown;
    struct u16buf b = u16buf_init(name, NAME_CAP);

    if (!load(err))
        return false;
    if (i == 0) {
        u16buf_addz(&b, GROUP);
        return true;
    }
    return sec.LookupAccountSidW(NULL, sid_psid(&users), name, &cap, domain, &domain_cap,
                                 &use) ||
           err_win32(err, "LookupAccountSidW", u"S-1-5-32-545");
}

static enum plan_state in_group(const char16_t *group, const struct sid *sid,
                                struct err *err)
{
    LOCALGROUP_MEMBERS_INFO_0 *members = NULL;
    DWORD count = 0, total = 0;
    enum plan_state state = PLAN_ABSENT;
    NET_API_STATUS code = net.NetLocalGroupGetMembers(
        NULL, group, 0, (BYTE **)&members, MAX_PREFERRED_LENGTH, &count, &total, NULL);

    if (code == NERR_GroupNotFound || code == ERROR_NO_SUCH_ALIAS)
        return PLAN_ABSENT;
    if (code != NERR_Success)
        return net_failed(err, code, "NetLocalGroupGetMembers", group), PLAN_UNKNOWN;
    for (DWORD i = 0; members && i < count; i++) {
        struct sid member;

        if (sid_read(&member, members[i].lgrmi0_sid, sizeof member) &&
            sid_eq(&member, sid))
            state = PLAN_PRESENT;
    }
    if (members)
        net.NetApiBufferFree(members);
    return state;
}

enum plan_state account_check_member(enum account which, struct err *err)
{
    struct sid sid;
    enum plan_state state = PLAN_UNKNOWN;
    unsigned in = 0;

    if (!need_sid(which, &sid, &state, err))
        return state;
    for (unsigned i = 0; i < 2; i++) {
        char16_t group[NAME_CAP];

        if (!group_name(i, group, err))
            return PLAN_UNKNOWN;
        state = in_group(group, &sid, err);
        if (state == PLAN_UNKNOWN)
            return state;
        in += state == PLAN_PRESENT;
    }
    return in == 2 ? PLAN_PRESENT : in ? PLAN_CHANGED : PLAN_ABSENT;
}

bool account_add_member(enum account which, struct err *err)
{
    struct sid sid;
    LOCALGROUP_MEMBERS_INFO_0 member = { .lgrmi0_sid = &sid };

    if (!account_sid(which, &sid, err))
        return false;
    for (unsigned i = 0; i < 2; i++) {
        char16_t group[NAME_CAP];
        NET_API_STATUS code = 0;

        if (!group_name(i, group, err))
            return false;
        code = net.NetLocalGroupAddMembers(NULL, group, 0, (BYTE *)&member, 1);
        if (code != NERR_Success && code != ERROR_MEMBER_IN_ALIAS)
            return net_failed(err, code, "NetLocalGroupAddMembers", group);
        if (in_group(group, &sid, err) != PLAN_PRESENT)
            return err->domain != ERR_NONE
                       ? false
                       : err_rule(err,
                                  "NetLocalGroupAddMembers succeeded, but "
                                  "NetLocalGroupGetMembers does not show it",
                                  group);
    }
    return true;
}

bool account_remove_member(enum account which, struct err *err)
{
    struct sid sid;
    LOCALGROUP_MEMBERS_INFO_0 member = { .lgrmi0_sid = &sid };

    if (!account_sid(which, &sid, err))
        return is_unmapped(err);
    for (unsigned i = 0; i < 2; i++) {
        char16_t group[NAME_CAP];
        NET_API_STATUS code = 0;

        if (!group_name(i, group, err))
            return false;
        code = net.NetLocalGroupDelMembers(NULL, group, 0, (BYTE *)&member, 1);
        if (code != NERR_Success && code != ERROR_MEMBER_NOT_IN_ALIAS &&
            code != NERR_GroupNotFound && code != ERROR_NO_SUCH_ALIAS)
            return net_failed(err, code, "NetLocalGroupDelMembers", group);
    }
    return true;
}

enum plan_state account_check_hidden(enum account which, struct err *err)
{
    uint32_t shown = 1;

    switch (store_number(HIDDEN, accounts[which].name, &shown, err)) {
    case STORE_READ:
        return shown == 0 ? PLAN_PRESENT : PLAN_CHANGED;
    case STORE_ABSENT:
        return PLAN_ABSENT;
    case STORE_FAILED:
        break;
    }
    return PLAN_UNKNOWN;
}

bool account_hide(enum account which, struct err *err)
{
    return store_set_number(HIDDEN, accounts[which].name, 0, err);
}

bool account_show(enum account which, struct err *err)
{
    return store_remove(HIDDEN, accounts[which].name, err);
}

static bool lsa_failed(struct err *err, NTSTATUS status, const char *call,
                       enum account which)
{
    return err_set(err, ERR_NTSTATUS, (uint32_t)status, call, accounts[which].name);
}

static bool lsa_open(enum account which, LSA_HANDLE *policy, struct err *err)
{
    LSA_OBJECT_ATTRIBUTES none = { .Length = sizeof none };
    NTSTATUS status = 0;

    if (!load(err))
        return false;
    status = sec.LsaOpenPolicy(NULL, &none,
                               POLICY_LOOKUP_NAMES | POLICY_CREATE_ACCOUNT |
                                   POLICY_VIEW_LOCAL_INFORMATION,
                               policy);
    return NT_SUCCESS(status) || lsa_failed(err, status, "LsaOpenPolicy", which);
}

static LSA_UNICODE_STRING lsa_string(const char16_t *text)
{
    USHORT bytes = (USHORT)(u16_len(text) * sizeof(char16_t));

    return (LSA_UNICODE_STRING){ .Length = bytes,
                                 .MaximumLength = (USHORT)(bytes + sizeof(char16_t)),
                                 .Buffer = (WCHAR *)text };
}

/* How many of ours are among the rights that the account has itself. */
static unsigned count_denied(const LSA_UNICODE_STRING *rights, ULONG count)
{
    unsigned found = 0;

    for (unsigned k = 0; k < DENIED; k++)
        for (ULONG i = 0; i < count; i++) {
            struct u16s right = { rights[i].Buffer, rights[i].Length / sizeof(char16_t) };

            found += u16s_ieq(right, u16s_of(denied[k]));
        }
    return found;
}

enum plan_state account_check_rights(enum account which, struct err *err)
{
    struct sid sid;
    enum plan_state state = PLAN_UNKNOWN;
    LSA_HANDLE policy = NULL;
    LSA_UNICODE_STRING *rights = NULL;
    ULONG count = 0;
    unsigned found = 0;
    NTSTATUS status = 0;

    if (!need_sid(which, &sid, &state, err))
        return state;
    if (!lsa_open(which, &policy, err))
        return PLAN_UNKNOWN;
    status = sec.LsaEnumerateAccountRights(policy, &sid, &rights, &count);
    sec.LsaClose(policy);
    if ((uint32_t)status == NOT_LISTED)
        return PLAN_ABSENT;
    if (!NT_SUCCESS(status))
        return lsa_failed(err, status, "LsaEnumerateAccountRights", which), PLAN_UNKNOWN;
    found = count_denied(rights, count);
    sec.LsaFreeMemory(rights);
    return found == DENIED ? PLAN_PRESENT : found ? PLAN_CHANGED : PLAN_ABSENT;
}

bool account_add_rights(enum account which, struct err *err)
{
    LSA_UNICODE_STRING rights[DENIED];
    LSA_HANDLE policy = NULL;
    struct sid sid;
    NTSTATUS status = 0;

    if (!account_sid(which, &sid, err) || !lsa_open(which, &policy, err))
        return false;
    for (unsigned i = 0; i < DENIED; i++)
        rights[i] = lsa_string(denied[i]);
    status = sec.LsaAddAccountRights(policy, &sid, rights, DENIED);
    sec.LsaClose(policy);
    if (!NT_SUCCESS(status))
        return lsa_failed(err, status, "LsaAddAccountRights", which);
    if (account_check_rights(which, err) == PLAN_PRESENT)
        return true;
    return err->domain != ERR_NONE
               ? false
               : err_rule(err,
                          "LsaAddAccountRights succeeded, but "
                          "LsaEnumerateAccountRights does not list the rights",
                          accounts[which].name);
}

bool account_remove_rights(enum account which, struct err *err)
{
    LSA_UNICODE_STRING rights[DENIED];
    LSA_HANDLE policy = NULL;
    struct sid sid;
    NTSTATUS status = 0;

    if (!account_sid(which, &sid, err))
        return is_unmapped(err);
    if (!lsa_open(which, &policy, err))
        return false;
    for (unsigned i = 0; i < DENIED; i++)
        rights[i] = lsa_string(denied[i]);
    status = sec.LsaRemoveAccountRights(policy, &sid, FALSE, rights, DENIED);
    sec.LsaClose(policy);
    return NT_SUCCESS(status) || (uint32_t)status == NOT_LISTED ||
           lsa_failed(err, status, "LsaRemoveAccountRights", which);
}

/* A disabled account whose processes run on is not gone yet. */
static enum plan_state check_idle(enum account which, struct err *err)
{
    struct sid sid;

    if (!account_sid(which, &sid, err))
        return is_unmapped(err) ? PLAN_ABSENT : PLAN_UNKNOWN;
    switch (processes_look(&sid, err)) {
    case PROCESSES_NONE:
        return PLAN_ABSENT;
    case PROCESSES_RUN:
        return PLAN_CHANGED;
    case PROCESSES_UNKNOWN:
        break;
    }
    return PLAN_UNKNOWN;
}

enum plan_state account_check_enabled(enum account which, struct err *err)
{
    struct user user;
    enum plan_state state = read_user(which, &user, err);

    if (state == PLAN_FOREIGN) /* the account's own step says that */
        return PLAN_ABSENT;
    if (state != PLAN_PRESENT)
        return state;
    if (user.flags & UF_ACCOUNTDISABLE)
        return check_idle(which, err);
    return user.flags & (UF_LOCKOUT | UF_PASSWORD_EXPIRED) ? PLAN_CHANGED : PLAN_PRESENT;
}

static bool change_flags(enum account which, DWORD off, DWORD on, struct err *err)
{
    struct user user;
    enum plan_state state = read_user(which, &user, err);

    if (state == PLAN_UNKNOWN)
        return false;
    if (state != PLAN_PRESENT)
        return net_failed(err, NERR_UserNotFound, "NetUserGetInfo", accounts[which].name);
    return set_flags(which, (user.flags & ~off) | on, err);
}

bool account_enable(enum account which, struct err *err)
{
    if (!change_flags(which, UF_ACCOUNTDISABLE | UF_LOCKOUT, 0, err))
        return false;
    if (account_check_enabled(which, err) == PLAN_CHANGED)
        return err_set(err, ERR_WIN32, ERROR_PASSWORD_MUST_CHANGE, "NetUserGetInfo",
                       accounts[which].name);
    return err->domain == ERR_NONE;
}

bool account_disable(enum account which, struct err *err)
{
    struct sid sid;

    if (!change_flags(which, 0, UF_ACCOUNTDISABLE, err))
        return false;
    if (account_sid(which, &sid, err))
        return processes_end(&sid, err);
    return is_unmapped(err); /* one that only the account database knows runs nothing */
}

/* Whether the token is the account's. */
static bool token_is(HANDLE token, const struct sid *sid)
{
    struct {
        TOKEN_USER head;
        uint8_t sid[SECURITY_MAX_SID_SIZE];
    } got;
    struct sid user;
    ULONG needed = 0;

    return NT_SUCCESS(
               NtQueryInformationToken(token, TokenUser, &got, sizeof got, &needed)) &&
           sid_read(&user, got.head.User.Sid, SECURITY_MAX_SID_SIZE) &&
           sid_eq(&user, sid);
}

enum plan_state account_check_logon(const struct account_ctx *ctx, enum account which,
                                    struct err *err)
{
    const char16_t *name = accounts[which].name;
    HANDLE token = NULL;
    struct sid sid;
    bool is_it = false;

    if (!account_sid(which, &sid, err))
        return PLAN_ABSENT;
    if (!sec.LogonUserW(name, u".", ctx->passwords.text[which], LOGON32_LOGON_INTERACTIVE,
                        LOGON32_PROVIDER_DEFAULT, &token))
        return err_win32(err, "LogonUserW", name), PLAN_ABSENT;
    is_it = token_is(token, &sid);
    CloseHandle(token);
    if (is_it)
        return PLAN_PRESENT;
    return err_rule(err, "LogonUserW succeeded, but its token is not the account's",
                    name),
           PLAN_ABSENT;
}
