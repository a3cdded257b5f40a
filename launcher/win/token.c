#include "win/token.h"

#include "win/dll.h"
#include "win/machine.h"

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

bool token_user_sid(struct sid *sid, struct err *err)
{
    struct {
        TOKEN_USER head;
        uint8_t sid[SECURITY_MAX_SID_SIZE];
    } got;
    auto_handle HANDLE token = own_token(TOKEN_QUERY);
    ULONG needed = 0;
    NTSTATUS status =
        NtQueryInformationToken(token, TokenUser, &got, sizeof got, &needed);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status,
                       "NtQueryInformationToken(TokenUser)", NULL);
    return sid_read(sid, got.head.User.Sid, SECURITY_MAX_SID_SIZE) ||
           err_rule(err, "the token's user is no SID", NULL);
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

/* Whether the token shows exactly the list. */
static bool carries(HANDLE token, const struct fence_list *list)
{
    static union groups g;

    if (!groups_read(token, TokenRestrictedSids, &g) ||
        g.groups.GroupCount != list->count)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        struct sid sid;

        if (!groups_sid(&g, i, &sid) || !sid_eq(&sid, &list->sid[i]))
            return false;
    }
    return true;
}

/* The flags in the order in which they are tried.  Before Windows Vista there is no
 * LUA_TOKEN, and where there is a WRITE_RESTRICTED, its value may be 4: then a strict
 * token with what is LUA_TOKEN now would not be one.  MS: CreateRestrictedToken, Flags.
 */
static void choose_kinds(bool write_restricted, uint8_t kinds[3])
{
    bool old = machine_is_before_vista();

    if (write_restricted)
        kinds[0] |= WRITE_RESTRICTED;
    else if (old)
        kinds[0] = 0;
    if (write_restricted && old) {
        kinds[1] = WRITE_RESTRICTED;
        kinds[2] = 4;
    }
}

enum level_token token_restrict_base(HANDLE base, const struct fence_list *list,
                                     HANDLE *out, struct err *err)
{
    dll_create_restricted_token create = (dll_create_restricted_token)(void (*)(
        void))dll_security("CreateRestrictedToken");
    SID_AND_ATTRIBUTES restricting[FENCE_SIDS_MAX];
    uint8_t kinds[] = { LUA_TOKEN, 0, 0 }; /* to be tried, up to a 0 after the first */
    HANDLE token = NULL;

    *out = NULL;
    if (!create)
        return err_rule(err, "CreateRestrictedToken is missing", NULL),
               LEVEL_TOKEN_NO_CALL;
    if (!base)
        return err_rule(err, "the process token cannot be opened", NULL),
               LEVEL_TOKEN_FAILED;
    for (size_t i = 0; i < list->count; i++) /* Attributes must be 0 here */
        restricting[i] = (SID_AND_ATTRIBUTES){ .Sid = sid_psid(&list->sid[i]) };
    choose_kinds(list->write_restricted, kinds);
    for (size_t i = 0; !token; i++) {
        if (create(base, DISABLE_MAX_PRIVILEGE | kinds[i], 0, NULL, 0, NULL,
                   (DWORD)list->count, restricting, &token))
            break;
        if (GetLastError() != ERROR_INVALID_PARAMETER || i + 1 == sizeof kinds ||
            !kinds[i + 1])
            return err_win32(err, "CreateRestrictedToken", NULL), LEVEL_TOKEN_FAILED;
    }
    *out = token;
    return carries(token, list) ? LEVEL_TOKEN_RESTRICTED : LEVEL_TOKEN_NOT_KEPT;
}

enum level_token token_restrict(const struct fence_list *list, HANDLE *out,
                                struct err *err)
{
    auto_handle HANDLE base = own_token(TOKEN_FOR_BASE);

    return token_restrict_base(base, list, out, err);
}

static void put(uint8_t *at, uint32_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* An access-allowed entry at `at`; returns its size.  [MS-DTYP] 2.4.4.2. */
static size_t put_allow(uint8_t *at, uint32_t mask, const struct sid *sid)
{
    size_t bytes = 8 + sid_bytes(sid);

    put(at, 0, 2);
    put(at + 2, (uint32_t)bytes, 2);
    put(at + 4, mask, 4);
    sid_write(sid, at + 8);
    return bytes;
}

/* By hand: four entries are not worth the code that edits any list, as shims go. */
static void describe(const struct sid *user, const struct sid *run, uint32_t all,
                     struct token_security *security)
{
    const struct sid system = sid_well_known(SID_SYSTEM);
    const struct sid owner = sid_well_known(SID_OWNER_RIGHTS);
    uint8_t *sd = security->bytes, *acl = sd + SECDESC_HEAD_BYTES;
    size_t bytes = ACL_HEAD_BYTES;

    bytes += put_allow(acl + bytes, all, user);
    bytes += put_allow(acl + bytes, all, &system);
    bytes += put_allow(acl + bytes, all, run);
    bytes += put_allow(acl + bytes, RIGHT_READ_CONTROL, &owner);
    put(acl, ACL_REVISION_PLAIN, 2);
    put(acl + 2, (uint32_t)bytes, 2);
    put(acl + 4, 4, 4);
    put(sd, 1, 2);
    put(sd + 2, SECDESC_SELF_RELATIVE | SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED, 2);
    for (size_t at = 4; at < 16; at += 4) /* no owner, group, SACL */
        put(sd + at, 0, 4);
    put(sd + 16, SECDESC_HEAD_BYTES, 4);
    security->attributes = (SECURITY_ATTRIBUTES){ .nLength = sizeof security->attributes,
                                                  .lpSecurityDescriptor = sd };
}

void token_child_security(const struct sid *user, const struct sid *run,
                          struct token_security *security)
{
    describe(user, run, RIGHT_GENERIC_ALL, security);
}

void token_own_security(const struct sid *user, const struct sid *run,
                        struct token_security *security)
{
    describe(user, run, TOKEN_ALL_ACCESS, security);
}

bool token_set_default_dacl(HANDLE token, struct token_security *security,
                            struct err *err)
{
    const uint8_t *want = security->bytes + SECDESC_HEAD_BYTES;
    struct {
        TOKEN_DEFAULT_DACL head;
        uint8_t acl[512];
    } got;
    TOKEN_DEFAULT_DACL set = { .DefaultDacl =
                                   (PACL)(security->bytes + SECDESC_HEAD_BYTES) };
    ULONG needed = 0;
    NTSTATUS status = NtSetInformationToken(token, TokenDefaultDacl, &set, sizeof set);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status,
                       "NtSetInformationToken(TokenDefaultDacl)", NULL);
    status = NtQueryInformationToken(token, TokenDefaultDacl, &got, sizeof got, &needed);
    if (!NT_SUCCESS(status) || !got.head.DefaultDacl)
        return err_set(err, ERR_NTSTATUS, (uint32_t)status,
                       "NtQueryInformationToken(TokenDefaultDacl)", NULL);
    for (size_t i = 0; i < (size_t)(want[2] | want[3] << 8); i++)
        if (((const uint8_t *)got.head.DefaultDacl)[i] != want[i])
            return err_rule(err, "the token did not keep its default DACL", NULL);
    return true;
}

bool token_lower(HANDLE token, struct err *err)
{
    const struct sid lowered = sid_label(SID_LEVEL_LOWERED);
    TOKEN_MANDATORY_LABEL set = { .Label = { .Sid = sid_psid(&lowered),
                                             .Attributes = SE_GROUP_INTEGRITY } };
    struct {
        TOKEN_MANDATORY_LABEL head;
        uint8_t sid[SECURITY_MAX_SID_SIZE];
    } got;
    struct sid is;
    ULONG needed = 0;
    NTSTATUS status = NtSetInformationToken(token, TokenIntegrityLevel, &set, sizeof set);

    if (NT_SUCCESS(status))
        status = NtQueryInformationToken(token, TokenIntegrityLevel, &got, sizeof got,
                                         &needed);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status,
                       "NtSetInformationToken(TokenIntegrityLevel)", NULL);
    return (sid_read(&is, got.head.Label.Sid, SECURITY_MAX_SID_SIZE) &&
            sid_eq(&is, &lowered)) ||
           err_rule(err, "the token did not keep its lowered integrity", NULL);
}
