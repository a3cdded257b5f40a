#include "fake_windows.h"

#include <lm.h>
#include <ntsecapi.h>
#include <wtsapi32.h>

#define COBJMACROS
#include <netfw.h>

#include "fake_wfp.h"
#include "win/dll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define USERS     u"Benutzer"
#define REFUSED   ERROR_NOT_ENOUGH_MEMORY
#define NOT_FOUND ((NTSTATUS)0xC0000034)

struct fake_windows fake;
unsigned fake_calls, fake_fail_at = FAKE_NEVER, fake_kill_at = FAKE_NEVER, fake_changes;
const char *fake_liar;

static bool refused(void)
{
    unsigned now = fake_calls++;

    return now == fake_fail_at || now >= fake_kill_at;
}

/* A call that changes something: counted, and left out when it is the liar. */
static bool lies(const char *name)
{
    if (fake_liar && !strcmp(fake_liar, name))
        return true;
    fake_changes++;
    return false;
}

static void copy(char16_t *to, size_t cap, const char16_t *from)
{
    size_t len = from ? wcslen(from) : 0;

    assert_true(len < cap);
    if (from)
        memcpy(to, from, 2 * len);
    to[len] = 0;
}
#define COPY(array, from) copy(array, sizeof(array) / sizeof(array)[0], from)

static struct sid local_sid(unsigned rid)
{
    struct sid sid = { 1, 5, { 0, 0, 0, 0, 0, 5 }, { 21, 7, 8, 9, rid } };

    return sid;
}

void fake_reset(void)
{
    for (size_t i = 0; i < FAKE_NAMES; i++)
        if (fake.process[i].opened)
            CloseHandle(fake.process[i].opened);
    memset(&fake, 0, sizeof fake);
    fake_calls = fake_changes = 0;
    fake_fail_at = fake_kill_at = FAKE_NEVER;
    fake_liar = NULL;
    fake.rid = 1000;
    fake.group[0].there = true;
    COPY(fake.group[0].name, USERS);
    fake.group[0].sid = sid_well_known(SID_USERS);
    wfp_engine_reset();
}

struct fake_user *fake_find_user(const char16_t *name)
{
    for (size_t i = 0; i < FAKE_NAMES; i++)
        if (fake.user[i].there && !_wcsicmp(fake.user[i].name, name))
            return &fake.user[i];
    return NULL;
}

struct fake_group *fake_find_group(const char16_t *name)
{
    for (size_t i = 0; i < FAKE_NAMES; i++)
        if (fake.group[i].there && !_wcsicmp(fake.group[i].name, name))
            return &fake.group[i];
    return NULL;
}

struct fake_rule *fake_find_rule(const char16_t *name)
{
    for (size_t i = 0; i < FAKE_NAMES; i++)
        if (fake.rule[i].there && !_wcsicmp(fake.rule[i].name, name))
            return &fake.rule[i];
    return NULL;
}

struct fake_process *fake_run(const char16_t *name, const char16_t *user)
{
    static DWORD pid = 1000;
    struct fake_process *p = fake.process;

    while (p->there || p->opened)
        assert_true(++p < fake.process + FAKE_NAMES);
    *p = (struct fake_process){ .there = true, .pid = pid += 4 };
    COPY(p->name, name);
    p->user = user ? fake_find_user(user)->sid : sid_well_known(SID_SYSTEM);
    return p;
}

bool fake_is_empty(void)
{
    size_t there = 0;

    for (size_t i = 0; i < FAKE_NAMES; i++)
        there += (size_t)fake.user[i].there + fake.group[i].there + fake.rule[i].there +
                 fake.rights[i].count;
    return there == 1 && fake.group[0].count == 0 && wfp_engine_is_empty();
}

static NET_API_STATUS WINAPI user_add(LPCWSTR server, DWORD level, LPBYTE data,
                                      LPDWORD parameter)
{
    const USER_INFO_1 *info = (const void *)data;
    struct fake_user *user = NULL;

    assert_null(server);
    assert_int_equal(level, 1);
    assert_null(parameter);
    assert_int_equal(info->usri1_priv, USER_PRIV_USER);
    assert_true(info->usri1_flags & UF_SCRIPT);
    assert_in_range(wcslen(info->usri1_name), 1, 20);
    if (refused())
        return REFUSED;
    if (fake_find_user(info->usri1_name))
        return NERR_UserExists;
    if (lies("NetUserAdd"))
        return 0;
    for (user = fake.user; user->there; user++)
        assert_true(user < fake.user + FAKE_NAMES - 1);
    *user = (struct fake_user){ .there = true,
                                .flags = info->usri1_flags | UF_NORMAL_ACCOUNT,
                                .sid = local_sid(fake.rid++) };
    COPY(user->name, info->usri1_name);
    COPY(user->password, info->usri1_password);
    COPY(user->comment, info->usri1_comment);
    return 0;
}

static bool is_member(const struct fake_group *group, const struct sid *sid)
{
    for (size_t i = 0; i < group->count; i++)
        if (sid_eq(&group->member[i], sid))
            return true;
    return false;
}

static void remove_member(struct fake_group *group, const struct sid *sid)
{
    for (size_t i = 0; i < group->count; i++)
        if (sid_eq(&group->member[i], sid))
            group->member[i] = group->member[--group->count];
}

static NET_API_STATUS WINAPI user_del(LPCWSTR server, LPCWSTR name)
{
    struct fake_user *user = fake_find_user(name);

    assert_null(server);
    if (refused())
        return REFUSED;
    if (!user)
        return NERR_UserNotFound;
    if (lies("NetUserDel"))
        return 0;
    user->there = false;
    for (struct fake_group *group = fake.group; group < fake.group + FAKE_NAMES; group++)
        remove_member(group, &user->sid);
    return 0;
}

static NET_API_STATUS WINAPI user_get(LPCWSTR server, LPCWSTR name, DWORD level,
                                      LPBYTE *out)
{
    struct fake_user *user = fake_find_user(name);
    USER_INFO_1 *info = NULL;

    assert_null(server);
    assert_int_equal(level, 1);
    if (refused())
        return REFUSED;
    if (!user)
        return NERR_UserNotFound;
    info = calloc(1, sizeof *info);
    info->usri1_name = user->name;
    info->usri1_comment = user->comment;
    info->usri1_flags = user->flags;
    info->usri1_priv = user->is_admin                          ? USER_PRIV_ADMIN
                       : is_member(&fake.group[0], &user->sid) ? USER_PRIV_USER
                                                               : USER_PRIV_GUEST;
    *out = (LPBYTE)info;
    return 0;
}

static NET_API_STATUS WINAPI user_set(LPCWSTR server, LPCWSTR name, DWORD level,
                                      LPBYTE data, LPDWORD parameter)
{
    struct fake_user *user = fake_find_user(name);

    assert_null(server);
    assert_null(parameter);
    assert_true(level == 1003 || level == 1008);
    if (refused())
        return REFUSED;
    if (!user)
        return NERR_UserNotFound;
    if (lies("NetUserSetInfo"))
        return 0;
    if (level == 1008) {
        user->flags = ((const USER_INFO_1008 *)(const void *)data)->usri1008_flags;
        assert_true(user->flags & UF_SCRIPT);
    } else {
        COPY(user->password,
             ((const USER_INFO_1003 *)(const void *)data)->usri1003_password);
        user->flags &= ~(DWORD)UF_PASSWORD_EXPIRED;
    }
    return 0;
}

static NET_API_STATUS WINAPI group_add(LPCWSTR server, DWORD level, LPBYTE data,
                                       LPDWORD parameter)
{
    const LOCALGROUP_INFO_1 *info = (const void *)data;
    struct fake_group *group = NULL;

    assert_null(server);
    assert_int_equal(level, 1);
    assert_null(parameter);
    if (refused())
        return REFUSED;
    if (fake_find_group(info->lgrpi1_name) || fake_find_user(info->lgrpi1_name))
        return ERROR_ALIAS_EXISTS;
    if (lies("NetLocalGroupAdd"))
        return 0;
    for (group = fake.group; group->there; group++)
        assert_true(group < fake.group + FAKE_NAMES - 1);
    *group = (struct fake_group){ .there = true, .sid = local_sid(fake.rid++) };
    COPY(group->name, info->lgrpi1_name);
    COPY(group->comment, info->lgrpi1_comment);
    return 0;
}

static NET_API_STATUS WINAPI group_del(LPCWSTR server, LPCWSTR name)
{
    struct fake_group *group = fake_find_group(name);

    assert_null(server);
    assert_ptr_not_equal(group, &fake.group[0]);
    if (refused())
        return REFUSED;
    if (!group)
        return NERR_GroupNotFound;
    if (!lies("NetLocalGroupDel"))
        group->there = false;
    return 0;
}

static NET_API_STATUS WINAPI group_get(LPCWSTR server, LPCWSTR name, DWORD level,
                                       LPBYTE *out)
{
    struct fake_group *group = fake_find_group(name);
    LOCALGROUP_INFO_1 *info = NULL;

    assert_null(server);
    assert_int_equal(level, 1);
    if (refused())
        return REFUSED;
    if (!group)
        return NERR_GroupNotFound;
    info = calloc(1, sizeof *info);
    info->lgrpi1_name = group->name;
    info->lgrpi1_comment = group->comment;
    *out = (LPBYTE)info;
    return 0;
}

static NET_API_STATUS WINAPI members_add(LPCWSTR server, LPCWSTR name, DWORD level,
                                         LPBYTE data, DWORD count)
{
    struct fake_group *group = fake_find_group(name);
    struct sid sid;

    assert_null(server);
    assert_int_equal(level, 0);
    assert_int_equal(count, 1);
    assert_true(
        sid_read(&sid, ((LOCALGROUP_MEMBERS_INFO_0 *)(void *)data)->lgrmi0_sid, 68));
    if (refused())
        return REFUSED;
    if (!group)
        return NERR_GroupNotFound;
    if (is_member(group, &sid))
        return ERROR_MEMBER_IN_ALIAS;
    assert_true(group->count < FAKE_NAMES);
    if (!lies("NetLocalGroupAddMembers"))
        group->member[group->count++] = sid;
    return 0;
}

static NET_API_STATUS WINAPI members_del(LPCWSTR server, LPCWSTR name, DWORD level,
                                         LPBYTE data, DWORD count)
{
    struct fake_group *group = fake_find_group(name);
    struct sid sid;

    assert_null(server);
    assert_int_equal(level, 0);
    assert_int_equal(count, 1);
    assert_true(
        sid_read(&sid, ((LOCALGROUP_MEMBERS_INFO_0 *)(void *)data)->lgrmi0_sid, 68));
    if (refused())
        return REFUSED;
    if (!group)
        return NERR_GroupNotFound;
    if (!is_member(group, &sid))
        return ERROR_MEMBER_NOT_IN_ALIAS;
    if (!lies("NetLocalGroupDelMembers"))
        remove_member(group, &sid);
    return 0;
}

static NET_API_STATUS WINAPI members_get(LPCWSTR server, LPCWSTR name, DWORD level,
                                         LPBYTE *out, DWORD preferred, LPDWORD read,
                                         LPDWORD total, PDWORD_PTR resume)
{
    struct fake_group *group = fake_find_group(name);
    LOCALGROUP_MEMBERS_INFO_0 *list = NULL;

    assert_null(server);
    assert_int_equal(level, 0);
    assert_int_equal(preferred, MAX_PREFERRED_LENGTH);
    assert_null(resume);
    if (refused())
        return REFUSED;
    if (!group)
        return NERR_GroupNotFound;
    list = calloc(FAKE_NAMES, sizeof *list);
    for (size_t i = 0; i < group->count; i++)
        list[i].lgrmi0_sid = &group->member[i];
    *out = (LPBYTE)list;
    *read = *total = (DWORD)group->count;
    return 0;
}

static NET_API_STATUS WINAPI net_free(LPVOID data)
{
    free(data);
    return 0;
}

static BOOL WINAPI lookup_name(LPCWSTR server, LPCWSTR name, PSID sid, LPDWORD bytes,
                               LPWSTR domain, LPDWORD cap, PSID_NAME_USE use)
{
    const char16_t *bare = wcschr(name, u'\\') + 1; /* always with the machine's name */
    const struct fake_user *user = fake_find_user(bare);
    const struct fake_group *group = fake_find_group(bare);

    assert_null(server);
    if (refused()) {
        SetLastError(REFUSED);
        return FALSE;
    }
    if (!user && !group) {
        SetLastError(ERROR_NONE_MAPPED);
        return FALSE;
    }
    assert_true(*bytes >= 28);
    sid_write(user ? &user->sid : &group->sid, sid);
    *use = user ? SidTypeUser : SidTypeAlias;
    return GetComputerNameW(domain, cap);
}

static BOOL WINAPI lookup_sid(LPCWSTR server, PSID sid, LPWSTR name, LPDWORD name_cap,
                              LPWSTR domain, LPDWORD domain_cap, PSID_NAME_USE use)
{
    struct sid s;

    assert_null(server);
    assert_true(sid_read(&s, sid, 68) && sid_eq(&s, &fake.group[0].sid));
    if (refused()) {
        SetLastError(REFUSED);
        return FALSE;
    }
    copy(name, *name_cap, USERS);
    copy(domain, *domain_cap, u"VORDEFINIERT");
    *use = SidTypeAlias;
    return TRUE;
}

static BOOL WINAPI logon(LPCWSTR name, LPCWSTR domain, LPCWSTR password, DWORD type,
                         DWORD provider, PHANDLE token)
{
    const struct fake_user *user = fake_find_user(name);

    assert_true(domain[0] == u'.' && !domain[1]);
    assert_int_equal(type, LOGON32_LOGON_INTERACTIVE);
    assert_int_equal(provider, LOGON32_PROVIDER_DEFAULT);
    SetLastError(fake.logon_code);
    if (!fake.logon_code && (!user || wcscmp(user->password, password) != 0))
        SetLastError(ERROR_LOGON_FAILURE);
    else if (!fake.logon_code && user->flags & UF_ACCOUNTDISABLE)
        SetLastError(ERROR_ACCOUNT_DISABLED);
    if (GetLastError())
        return FALSE;
    return NT_SUCCESS(NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, token));
}

static struct fake_rights *rights_of(PSID psid, bool make)
{
    struct sid sid;

    assert_true(sid_read(&sid, psid, 68));
    for (size_t i = 0; i < FAKE_NAMES; i++)
        if (fake.rights[i].count && sid_eq(&fake.rights[i].sid, &sid))
            return &fake.rights[i];
    for (size_t i = 0; make && i < FAKE_NAMES; i++)
        if (!fake.rights[i].count) {
            fake.rights[i].sid = sid;
            return &fake.rights[i];
        }
    return NULL;
}

static NTSTATUS NTAPI lsa_open(PLSA_UNICODE_STRING system, PLSA_OBJECT_ATTRIBUTES attrs,
                               ACCESS_MASK access, PLSA_HANDLE policy)
{
    assert_null(system);
    assert_non_null(attrs);
    assert_true(access & POLICY_LOOKUP_NAMES && access & POLICY_CREATE_ACCOUNT);
    if (refused())
        return (NTSTATUS)0xC0000017;
    *policy = &fake;
    return 0;
}

static NTSTATUS NTAPI lsa_list(LSA_HANDLE policy, PSID sid, PLSA_UNICODE_STRING *out,
                               PULONG count)
{
    struct fake_rights *rights = rights_of(sid, false);

    assert_ptr_equal(policy, &fake);
    if (refused())
        return (NTSTATUS)0xC0000017;
    if (!rights)
        return NOT_FOUND;
    *out = calloc(FAKE_NAMES, sizeof **out);
    for (size_t i = 0; i < rights->count; i++)
        (*out)[i] = (LSA_UNICODE_STRING){ (USHORT)(2 * wcslen(rights->name[i])), 96,
                                          rights->name[i] };
    *count = (ULONG)rights->count;
    return 0;
}

static bool is_right(const struct fake_rights *r, size_t i, const LSA_UNICODE_STRING *s)
{
    return wcslen(r->name[i]) == s->Length / 2u &&
           !wcsncmp(r->name[i], s->Buffer, s->Length / 2u);
}

static NTSTATUS NTAPI lsa_add(LSA_HANDLE policy, PSID sid, PLSA_UNICODE_STRING names,
                              ULONG count)
{
    struct fake_rights *rights = NULL;

    assert_ptr_equal(policy, &fake);
    if (refused())
        return (NTSTATUS)0xC0000017;
    if (lies("LsaAddAccountRights"))
        return 0;
    rights = rights_of(sid, true);
    assert_non_null(rights);
    for (ULONG k = 0; k < count; k++) {
        size_t i = 0;

        while (i < rights->count && !is_right(rights, i, &names[k]))
            i++;
        assert_true(i < FAKE_NAMES);
        if (i == rights->count) {
            memcpy(rights->name[i], names[k].Buffer, names[k].Length);
            rights->name[i][names[k].Length / 2] = 0;
            rights->count++;
        }
    }
    return 0;
}

static NTSTATUS NTAPI lsa_remove(LSA_HANDLE policy, PSID sid, BOOLEAN all,
                                 PLSA_UNICODE_STRING names, ULONG count)
{
    struct fake_rights *rights = rights_of(sid, false);

    assert_ptr_equal(policy, &fake);
    assert_false(all);
    if (refused())
        return (NTSTATUS)0xC0000017;
    if (!rights)
        return NOT_FOUND;
    if (lies("LsaRemoveAccountRights"))
        return 0;
    for (ULONG k = 0; k < count; k++)
        for (size_t i = 0; i < rights->count; i++)
            if (is_right(rights, i, &names[k])) {
                memmove(rights->name[i], rights->name[--rights->count],
                        sizeof rights->name[i]);
                break;
            }
    return 0;
}

static NTSTATUS NTAPI lsa_free(PVOID data)
{
    free(data);
    return 0;
}

static NTSTATUS NTAPI lsa_close(LSA_HANDLE policy)
{
    assert_ptr_equal(policy, &fake);
    return 0;
}

static BOOL WINAPI delete_profile(LPCWSTR sid, LPCWSTR path, LPCWSTR computer)
{
    assert_true(!wcsncmp(sid, u"S-1-5-21-7-8-9-", 15));
    assert_null(path);
    assert_null(computer);
    SetLastError(refused()               ? REFUSED
                 : fake.loaded           ? ERROR_SHARING_VIOLATION
                 : fake.profile_is_there ? ERROR_SUCCESS
                                         : ERROR_FILE_NOT_FOUND);
    fake.loaded -= fake.loaded > 0;
    fake.profile_is_there = fake.profile_is_there && GetLastError() != 0;
    return GetLastError() == 0;
}

static BOOL WINAPI list_processes(HANDLE server, DWORD reserved, DWORD version,
                                  PWTS_PROCESS_INFOW *list, DWORD *count)
{
    assert_ptr_equal(server, WTS_CURRENT_SERVER_HANDLE);
    assert_true(reserved == 0 && version == 1);
    if (refused() || (fake_liar && !strcmp(fake_liar, "WTSEnumerateProcessesW"))) {
        SetLastError(REFUSED);
        return FALSE;
    }
    *list = calloc(FAKE_NAMES, sizeof **list);
    *count = 0;
    for (struct fake_process *p = fake.process; p < fake.process + FAKE_NAMES; p++)
        if (p->there)
            (*list)[(*count)++] = (WTS_PROCESS_INFOW){ .ProcessId = p->pid,
                                                       .pProcessName = p->name,
                                                       .pUserSid = &p->user };
    return TRUE;
}

static void WINAPI free_processes(PVOID list)
{
    free(list);
}

/* What is handed out is an event that the end of the process sets. */
static HANDLE WINAPI open_process(DWORD access, BOOL inherit, DWORD pid)
{
    HANDLE handle = NULL;

    assert_true(access & SYNCHRONIZE && !inherit);
    for (struct fake_process *p = fake.process; p < fake.process + FAKE_NAMES; p++) {
        if (!p->there || p->pid != pid)
            continue;
        SetLastError(refused() ? REFUSED : ERROR_ACCESS_DENIED);
        if (GetLastError() == REFUSED || (p->guarded && !fake.debugs))
            return NULL;
        if (!p->opened)
            p->opened = CreateEventW(NULL, TRUE, FALSE, NULL);
        assert_true(DuplicateHandle(GetCurrentProcess(), p->opened, GetCurrentProcess(),
                                    &handle, 0, FALSE, DUPLICATE_SAME_ACCESS));
        return handle;
    }
    SetLastError(ERROR_INVALID_PARAMETER);
    return NULL;
}

static BOOL WINAPI terminate(HANDLE handle, UINT code)
{
    struct fake_process *p = fake.process;

    assert_true(code != 0);
    SetLastError(ERROR_ACCESS_DENIED);
    /* Which one it is shows in the event: none but its own follows. */
    for (; p < fake.process + FAKE_NAMES; p++) {
        if (!p->there || !p->opened)
            continue;
        ResetEvent(handle);
        SetEvent(p->opened);
        if (WaitForSingleObject(handle, 0) == WAIT_OBJECT_0)
            break;
        ResetEvent(p->opened);
    }
    assert_true(p < fake.process + FAKE_NAMES);
    ResetEvent(handle);
    if (refused() || p->immortal)
        return FALSE;
    SetEvent(handle);
    if (p->spawns) {
        struct fake_process *child = fake_run(u"late.exe", NULL);

        child->user = p->user;
        child->guarded = true;
    }
    p->there = false;
    fake.terminated++;
    fake_changes++;
    return TRUE;
}

static BOOL WINAPI adjust(HANDLE token, BOOL disable_all, PTOKEN_PRIVILEGES wanted,
                          DWORD bytes, PTOKEN_PRIVILEGES before, PDWORD needed)
{
    assert_true(token && !disable_all && wanted->PrivilegeCount == 1);
    assert_int_equal(wanted->Privileges[0].Luid.LowPart, 20);
    assert_true(bytes == 0 && !before && !needed);
    SetLastError(refused()       ? REFUSED
                 : fake.no_debug ? ERROR_NOT_ALL_ASSIGNED
                                 : ERROR_SUCCESS);
    fake.debugs = fake.debugs || GetLastError() == 0;
    return GetLastError() != REFUSED;
}

static BOOL WINAPI token_information(HANDLE token, TOKEN_INFORMATION_CLASS what,
                                     LPVOID data, DWORD cap, PDWORD bytes)
{
    TOKEN_PRIVILEGES *out = data;

    assert_true(token && what == TokenPrivileges && cap >= sizeof *out);
    SetLastError(REFUSED);
    if (refused())
        return FALSE;
    *bytes = sizeof *out;
    out->PrivilegeCount = !fake.no_debug;
    out->Privileges[0] =
        (LUID_AND_ATTRIBUTES){ { 20, 0 }, fake.debugs ? SE_PRIVILEGE_ENABLED : 0 };
    return TRUE;
}

static SC_HANDLE WINAPI open_manager(LPCWSTR machine, LPCWSTR database, DWORD access)
{
    assert_true(!machine && !database && access == SC_MANAGER_CONNECT);
    SetLastError(REFUSED);
    return refused() ? NULL : (SC_HANDLE)(void *)&fake;
}

static SC_HANDLE WINAPI open_service(SC_HANDLE manager, LPCWSTR name, DWORD access)
{
    assert_ptr_equal(manager, &fake);
    assert_true(!wcscmp(name, u"seclogon") && access == SERVICE_QUERY_CONFIG);
    SetLastError(refused() ? REFUSED : ERROR_SERVICE_DOES_NOT_EXIST);
    return GetLastError() == REFUSED || fake.no_seclogon ? NULL
                                                         : (SC_HANDLE)(void *)&fake.rid;
}

static BOOL WINAPI query_service(SC_HANDLE service, LPQUERY_SERVICE_CONFIGW config,
                                 DWORD cap, LPDWORD needed)
{
    (void)needed;
    assert_ptr_equal(service, &fake.rid);
    assert_true(cap >= sizeof *config);
    config->dwStartType =
        fake.seclogon_start ? fake.seclogon_start : SERVICE_DEMAND_START;
    SetLastError(REFUSED);
    return !refused();
}

static BOOL WINAPI close_service(SC_HANDLE handle)
{
    assert_non_null(handle);
    return TRUE;
}

/* The registry is the system's own, except that it can be refused, and for the hives of
 * the accounts. */
static LSTATUS WINAPI open_key(HKEY root, LPCWSTR path, DWORD options, REGSAM access,
                               PHKEY key)
{
    if (refused())
        return REFUSED;
    if (root == HKEY_USERS)
        return fake.loaded ? ERROR_ACCESS_DENIED : ERROR_FILE_NOT_FOUND;
    return RegOpenKeyExW(root, path, options, access, key);
}

static LSTATUS WINAPI create_key(HKEY root, LPCWSTR path, DWORD reserved, LPWSTR class,
                                 DWORD options, REGSAM access, LPSECURITY_ATTRIBUTES sa,
                                 PHKEY key, LPDWORD disposition)
{
    return refused() ? REFUSED
                     : RegCreateKeyExW(root, path, reserved, class, options, access, sa,
                                       key, disposition);
}

static LSTATUS WINAPI set_value(HKEY key, LPCWSTR name, DWORD reserved, DWORD type,
                                const BYTE *data, DWORD bytes)
{
    return refused() ? REFUSED : RegSetValueExW(key, name, reserved, type, data, bytes);
}

static LSTATUS WINAPI query_value(HKEY key, LPCWSTR name, LPDWORD reserved, LPDWORD type,
                                  LPBYTE data, LPDWORD bytes)
{
    return refused() ? REFUSED : RegQueryValueExW(key, name, reserved, type, data, bytes);
}

static LSTATUS WINAPI delete_value(HKEY key, LPCWSTR name)
{
    return refused() ? REFUSED : RegDeleteValueW(key, name);
}

static LSTATUS WINAPI delete_key(HKEY root, LPCWSTR path, REGSAM view, DWORD reserved)
{
    return refused() ? REFUSED : RegDeleteKeyExW(root, path, view, reserved);
}

static LSTATUS WINAPI flush_key(HKEY key)
{
    (void)key;
    return refused() ? REFUSED : 0; /* the disk of a test that is over soon */
}

/* COM: objects that live for the whole test; a rule being made is one, too. */
static struct fake_rule made;
static struct fake_rule *found;

static HRESULT hr_step(void)
{
    return refused() ? E_OUTOFMEMORY : S_OK;
}

static ULONG STDMETHODCALLTYPE rule_ref(INetFwRule3 *r)
{
    (void)r;
    return 1;
}

static HRESULT STDMETHODCALLTYPE rule_query(INetFwRule3 *r, REFIID id, void **out)
{
    static const GUID rule3 = {
        0xb21563ff, 0xd696, 0x4222, { 0xab, 0x46, 0x4e, 0x89, 0xb7, 0x3a, 0xb3, 0x4a }
    };
    assert_memory_equal(id, &rule3, sizeof rule3);
    *out = r;
    return S_OK;
}

static INetFwRule3 rule_object, made_object;

static struct fake_rule *rule_of(INetFwRule3 *r)
{
    return r == &made_object ? &made : found;
}

static HRESULT give(BSTR *out, const char16_t *text)
{
    HRESULT hr = hr_step();

    *out = hr == S_OK && text[0] ? SysAllocString(text) : NULL;
    return hr;
}

#define TEXT_PROPERTY(field)                                                             \
    static HRESULT STDMETHODCALLTYPE get_##field(INetFwRule3 *r, BSTR *out)              \
    {                                                                                    \
        return give(out, rule_of(r)->field);                                             \
    }                                                                                    \
    static HRESULT STDMETHODCALLTYPE put_##field(INetFwRule3 *r, BSTR text)              \
    {                                                                                    \
        COPY(rule_of(r)->field, text);                                                   \
        return hr_step();                                                                \
    }
TEXT_PROPERTY(name)
TEXT_PROPERTY(group)
TEXT_PROPERTY(description)
TEXT_PROPERTY(remote)
TEXT_PROPERTY(user)
TEXT_PROPERTY(program)

#define NUMBER_PROPERTY(field, type)                                                     \
    static HRESULT STDMETHODCALLTYPE get_##field(INetFwRule3 *r, type *out)              \
    {                                                                                    \
        *out = (type)rule_of(r)->field;                                                  \
        return hr_step();                                                                \
    }                                                                                    \
    static HRESULT STDMETHODCALLTYPE put_##field(INetFwRule3 *r, type value)             \
    {                                                                                    \
        rule_of(r)->field = (LONG)value;                                                 \
        return hr_step();                                                                \
    }
NUMBER_PROPERTY(direction, NET_FW_RULE_DIRECTION)
NUMBER_PROPERTY(action, NET_FW_ACTION)
NUMBER_PROPERTY(protocol, LONG)
NUMBER_PROPERTY(profiles, LONG)

static HRESULT STDMETHODCALLTYPE get_enabled(INetFwRule3 *r, VARIANT_BOOL *out)
{
    *out = rule_of(r)->enabled ? VARIANT_TRUE : VARIANT_FALSE;
    return hr_step();
}

static HRESULT STDMETHODCALLTYPE put_enabled(INetFwRule3 *r, VARIANT_BOOL value)
{
    rule_of(r)->enabled = value != VARIANT_FALSE;
    return hr_step();
}

TEXT_PROPERTY(local)
TEXT_PROPERTY(service)
TEXT_PROPERTY(types)
TEXT_PROPERTY(package)
TEXT_PROPERTY(owner)
TEXT_PROPERTY(remote_users)
TEXT_PROPERTY(remote_machines)
TEXT_PROPERTY(local_ports)
TEXT_PROPERTY(remote_ports)
TEXT_PROPERTY(icmp)
NUMBER_PROPERTY(edge, VARIANT_BOOL)
NUMBER_PROPERTY(edge_options, LONG)
NUMBER_PROPERTY(secure, LONG)

static HRESULT STDMETHODCALLTYPE get_interfaces(INetFwRule3 *r, VARIANT *out)
{
    if (rule_of(r)->interfaces)
        *out = (VARIANT){ .vt = VT_BSTR, .bstrVal = SysAllocString(u"Ethernet") };
    return hr_step();
}

static INetFwRule3Vtbl rule_methods = {
    .QueryInterface = rule_query,
    .AddRef = rule_ref,
    .Release = rule_ref,
    .get_Name = get_name,
    .put_Name = put_name,
    .get_Grouping = get_group,
    .put_Grouping = put_group,
    .get_Description = get_description,
    .put_Description = put_description,
    .get_RemoteAddresses = get_remote,
    .put_RemoteAddresses = put_remote,
    .get_LocalAddresses = get_local,
    .put_LocalAddresses = put_local,
    .get_LocalPorts = get_local_ports,
    .put_LocalPorts = put_local_ports,
    .get_RemotePorts = get_remote_ports,
    .put_RemotePorts = put_remote_ports,
    .get_IcmpTypesAndCodes = get_icmp,
    .put_IcmpTypesAndCodes = put_icmp,
    .get_Interfaces = get_interfaces,
    .get_EdgeTraversal = get_edge,
    .put_EdgeTraversal = put_edge,
    .get_EdgeTraversalOptions = get_edge_options,
    .put_EdgeTraversalOptions = put_edge_options,
    .get_SecureFlags = get_secure,
    .put_SecureFlags = put_secure,
    .get_LocalAppPackageId = get_package,
    .put_LocalAppPackageId = put_package,
    .get_LocalUserOwner = get_owner,
    .put_LocalUserOwner = put_owner,
    .get_RemoteUserAuthorizedList = get_remote_users,
    .put_RemoteUserAuthorizedList = put_remote_users,
    .get_RemoteMachineAuthorizedList = get_remote_machines,
    .put_RemoteMachineAuthorizedList = put_remote_machines,
    .get_LocalUserAuthorizedList = get_user,
    .put_LocalUserAuthorizedList = put_user,
    .get_ApplicationName = get_program,
    .put_ApplicationName = put_program,
    .get_ServiceName = get_service,
    .put_ServiceName = put_service,
    .get_InterfaceTypes = get_types,
    .put_InterfaceTypes = put_types,
    .get_Direction = get_direction,
    .put_Direction = put_direction,
    .get_Action = get_action,
    .put_Action = put_action,
    .get_Protocol = get_protocol,
    .put_Protocol = put_protocol,
    .get_Profiles = get_profiles,
    .put_Profiles = put_profiles,
    .get_Enabled = get_enabled,
    .put_Enabled = put_enabled,
};
static INetFwRule3 rule_object = { &rule_methods }, made_object = { &rule_methods };

static ULONG STDMETHODCALLTYPE rules_ref(INetFwRules *r)
{
    (void)r;
    return 1;
}

static HRESULT STDMETHODCALLTYPE rules_item(INetFwRules *r, BSTR name, INetFwRule **out)
{
    HRESULT hr = hr_step();

    (void)r;
    if (hr != S_OK)
        return hr;
    found = fake_find_rule(name);
    *out = found ? (INetFwRule *)&rule_object : NULL;
    return found ? S_OK : HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
}

/* The firewall spells addresses in its own way. */
static HRESULT STDMETHODCALLTYPE rules_add(INetFwRules *r, INetFwRule *rule)
{
    struct fake_rule *to = fake.rule;
    HRESULT hr = hr_step();

    (void)r;
    assert_ptr_equal(rule, &made_object);
    if (hr != S_OK || lies("INetFwRules::Add"))
        return hr;
    while (to->there)
        assert_true(++to < fake.rule + FAKE_NAMES);
    *to = made;
    to->there = true;
    if (to->remote[0] != u'*')
        COPY(to->remote, u"::/128,::2-FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF,"
                         u"0.0.0.0-126.255.255.255,128.0.0.0/128.0.0.0");
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE rules_remove(INetFwRules *r, BSTR name)
{
    struct fake_rule *rule = fake_find_rule(name);
    HRESULT hr = hr_step();

    (void)r;
    if (hr == S_OK && rule && !lies("INetFwRules::Remove"))
        rule->there = false;
    return hr; /* S_OK too when there is none */
}

static INetFwRulesVtbl rules_methods = { .AddRef = rules_ref,
                                         .Release = rules_ref,
                                         .Item = rules_item,
                                         .Add = rules_add,
                                         .Remove = rules_remove };
static INetFwRules rules_object = { &rules_methods };

static ULONG STDMETHODCALLTYPE policy_ref(INetFwPolicy2 *p)
{
    (void)p;
    return 1;
}

static HRESULT STDMETHODCALLTYPE policy_enabled(INetFwPolicy2 *p,
                                                NET_FW_PROFILE_TYPE2 profile,
                                                VARIANT_BOOL *on)
{
    (void)p;
    *on = fake.firewall_off && profile == NET_FW_PROFILE2_PUBLIC ? VARIANT_FALSE
                                                                 : VARIANT_TRUE;
    return hr_step();
}

static HRESULT STDMETHODCALLTYPE policy_state(INetFwPolicy2 *p, NET_FW_MODIFY_STATE *out)
{
    (void)p;
    *out =
        fake.policy_overrides ? NET_FW_MODIFY_STATE_GP_OVERRIDE : NET_FW_MODIFY_STATE_OK;
    return hr_step();
}

static HRESULT STDMETHODCALLTYPE policy_rules(INetFwPolicy2 *p, INetFwRules **out)
{
    (void)p;
    *out = &rules_object;
    return hr_step();
}

static INetFwPolicy2Vtbl policy_methods = { .AddRef = policy_ref,
                                            .Release = policy_ref,
                                            .get_FirewallEnabled = policy_enabled,
                                            .get_LocalPolicyModifyState = policy_state,
                                            .get_Rules = policy_rules };
static INetFwPolicy2 policy_object = { &policy_methods };

static HRESULT WINAPI com_init(LPVOID reserved, DWORD flags)
{
    (void)reserved;
    (void)flags;
    return RPC_E_CHANGED_MODE; /* as in a process that has chosen already */
}

static HRESULT WINAPI com_create(REFCLSID class, IUnknown *outer, DWORD context,
                                 REFIID id, void **out)
{
    static const GUID policy = {
        0xe2b3c97f, 0x6ae1, 0x41ac, { 0x81, 0x7a, 0xf6, 0xf9, 0x21, 0x66, 0xd7, 0xdd }
    };
    bool is_policy = !memcmp(class, &policy, sizeof policy);
    HRESULT hr = hr_step();

    (void)id;
    assert_null(outer);
    assert_int_equal(context, CLSCTX_INPROC_SERVER);
    if (hr != S_OK)
        return hr;
    if (is_policy) {
        *out = &policy_object;
        return S_OK;
    }
    memset(&made, 0, sizeof made);
    made.protocol = 256;
    COPY(made.remote, u"*");
    COPY(made.local, u"*");
    COPY(made.types, u"All");
    *out = &made_object;
    return S_OK;
}

/* The filter engine's calls are refused along with the others. */
static DWORD WINAPI begin(HANDLE engine, UINT32 flags)
{
    return refused() ? REFUSED : wfp_engine.FwpmTransactionBegin0(engine, flags);
}

static DWORD WINAPI commit(HANDLE engine)
{
    bool no = refused();
    DWORD code = 0;

    if (no) {
        wfp_engine.FwpmTransactionAbort0(engine);
        return REFUSED;
    }
    wfp_lie = fake_liar && !strcmp(fake_liar, "FwpmTransactionCommit0")
                  ? WFP_KEEPS_NOTHING
                  : WFP_HONEST;
    code = wfp_engine.FwpmTransactionCommit0(engine);
    fake_changes += wfp_lie == WFP_HONEST;
    wfp_lie = WFP_HONEST;
    return code;
}

#define ANY(f) (FARPROC)(void (*)(void))(f)

FARPROC lookup_function(const char16_t *dll, const char *name)
{
    const struct {
        const char *name;
        FARPROC function;
    } table[] = {
        { "NetUserAdd", ANY(user_add) },
        { "NetUserDel", ANY(user_del) },
        { "NetUserGetInfo", ANY(user_get) },
        { "NetUserSetInfo", ANY(user_set) },
        { "NetLocalGroupAdd", ANY(group_add) },
        { "NetLocalGroupDel", ANY(group_del) },
        { "NetLocalGroupGetInfo", ANY(group_get) },
        { "NetLocalGroupAddMembers", ANY(members_add) },
        { "NetLocalGroupDelMembers", ANY(members_del) },
        { "NetLocalGroupGetMembers", ANY(members_get) },
        { "NetApiBufferFree", ANY(net_free) },
        { "LookupAccountNameW", ANY(lookup_name) },
        { "LookupAccountSidW", ANY(lookup_sid) },
        { "LogonUserW", ANY(logon) },
        { "LsaOpenPolicy", ANY(lsa_open) },
        { "LsaEnumerateAccountRights", ANY(lsa_list) },
        { "LsaAddAccountRights", ANY(lsa_add) },
        { "LsaRemoveAccountRights", ANY(lsa_remove) },
        { "LsaFreeMemory", ANY(lsa_free) },
        { "LsaClose", ANY(lsa_close) },
        { "DeleteProfileW", ANY(delete_profile) },
        { "WTSEnumerateProcessesW", ANY(list_processes) },
        { "WTSFreeMemory", ANY(free_processes) },
        { "OpenProcess", ANY(open_process) },
        { "TerminateProcess", ANY(terminate) },
        { "AdjustTokenPrivileges", ANY(adjust) },
        { "GetTokenInformation", ANY(token_information) },
        { "RegOpenKeyExW", ANY(open_key) },
        { "RegCreateKeyExW", ANY(create_key) },
        { "RegSetValueExW", ANY(set_value) },
        { "RegQueryValueExW", ANY(query_value) },
        { "RegDeleteValueW", ANY(delete_value) },
        { "RegDeleteKeyExW", ANY(delete_key) },
        { "RegFlushKey", ANY(flush_key) },
        { "OpenSCManagerW", ANY(open_manager) },
        { "OpenServiceW", ANY(open_service) },
        { "QueryServiceConfigW", ANY(query_service) },
        { "CloseServiceHandle", ANY(close_service) },
        { "CoInitializeEx", ANY(com_init) },
        { "CoCreateInstance", ANY(com_create) },
        { "FwpmEngineOpen0", ANY(wfp_engine.FwpmEngineOpen0) },
        { "FwpmEngineClose0", ANY(wfp_engine.FwpmEngineClose0) },
        { "FwpmTransactionBegin0", ANY(begin) },
        { "FwpmTransactionCommit0", ANY(commit) },
        { "FwpmTransactionAbort0", ANY(wfp_engine.FwpmTransactionAbort0) },
        { "FwpmProviderAdd0", ANY(wfp_engine.FwpmProviderAdd0) },
        { "FwpmProviderGetByKey0", ANY(wfp_engine.FwpmProviderGetByKey0) },
        { "FwpmProviderDeleteByKey0", ANY(wfp_engine.FwpmProviderDeleteByKey0) },
        { "FwpmSubLayerAdd0", ANY(wfp_engine.FwpmSubLayerAdd0) },
        { "FwpmSubLayerGetByKey0", ANY(wfp_engine.FwpmSubLayerGetByKey0) },
        { "FwpmSubLayerDeleteByKey0", ANY(wfp_engine.FwpmSubLayerDeleteByKey0) },
        { "FwpmFilterAdd0", ANY(wfp_engine.FwpmFilterAdd0) },
        { "FwpmFilterGetByKey0", ANY(wfp_engine.FwpmFilterGetByKey0) },
        { "FwpmFilterDeleteByKey0", ANY(wfp_engine.FwpmFilterDeleteByKey0) },
        { "FwpmFreeMemory0", ANY(wfp_engine.FwpmFreeMemory0) },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (!strcmp(table[i].name, name))
            return table[i].function;
    return GetProcAddress(dll_system(dll), name);
}
