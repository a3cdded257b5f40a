#include "win/security.h"

#define OWNER_GROUP_DACL                                                                 \
    ((SECURITY_INFORMATION)(OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |    \
                            DACL_SECURITY_INFORMATION))
#define LABEL             ((SECURITY_INFORMATION)LABEL_SECURITY_INFORMATION)
#define VOLUME_ATTRIBUTES 5 /* FileFsAttributeInformation, [MS-FSCC] 2.5.1 */

/* What a system or a file system without labels says when it is asked for them: before
 * Windows Vista they are unknown. */
#define INVALID_PARAMETER 0xC000000Du
#define NOT_IMPLEMENTED   0xC0000002u
#define NOT_SUPPORTED     0xC00000BBu

static HANDLE open_for_reading(const char16_t *path, DWORD access)
{
    HANDLE h = CreateFileW(
        path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
        OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);

    return h == INVALID_HANDLE_VALUE ? NULL : h;
}

/* FILE_FS_ATTRIBUTE_INFORMATION with room for a name. */
bool security_is_kept(HANDLE file)
{
    struct {
        ULONG attributes, longest, name_bytes;
        char16_t name[64];
    } volume;
    IO_STATUS_BLOCK io;

    if (!NT_SUCCESS(NtQueryVolumeInformationFile(file, &io, &volume, sizeof volume,
                                                 VOLUME_ATTRIBUTES)))
        return true; /* unknown: the descriptor speaks for itself */
    return volume.attributes & FILE_PERSISTENT_ACLS;
}

bool security_read_handle(HANDLE file, struct security *security, struct err *err)
{
    ULONG needed = 0;
    NTSTATUS status = NtQuerySecurityObject(file, OWNER_GROUP_DACL | LABEL,
                                            security->bytes, SECURITY_BYTES_MAX, &needed);

    if ((ULONG)status == INVALID_PARAMETER || (ULONG)status == NOT_IMPLEMENTED ||
        (ULONG)status == NOT_SUPPORTED)
        status = NtQuerySecurityObject(file, OWNER_GROUP_DACL, security->bytes,
                                       SECURITY_BYTES_MAX, &needed);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQuerySecurityObject",
                       NULL);
    return secdesc_read(&security->sd, security->bytes, SECURITY_BYTES_MAX) ||
           err_rule(err, "the system's descriptor is not a sound one", NULL);
}

enum security_read security_read(const char16_t *path, struct security *security,
                                 struct err *err)
{
    auto_handle HANDLE file = open_for_reading(path, READ_CONTROL);
    DWORD attributes = 0;
    struct err why = { 0 };

    if (!file) {
        DWORD code = GetLastError();

        if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
            return SECURITY_ABSENT;
        return err_set(err, ERR_WIN32, code, "CreateFileW(READ_CONTROL)", path),
               SECURITY_FAILED;
    }
    if (!security_read_handle(file, security, &why))
        return err_set(err, why.domain, why.code, why.call, path), SECURITY_FAILED;
    attributes = GetFileAttributesW(path);
    security->is_directory =
        attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
    security->no_acls = !security_is_kept(file);
    return SECURITY_READ;
}

bool security_open(const char16_t *path, HANDLE *out, struct err *err)
{
    *out = open_for_reading(path, READ_CONTROL | WRITE_DAC);
    return *out || err_win32(err, "CreateFileW(WRITE_DAC)", path);
}

/* The entries, byte for byte; none and an empty list of labels are the same. */
static bool same_entries(const struct acl *a, const struct acl *b)
{
    size_t bytes = a->at ? a->used : ACL_HEAD_BYTES;

    if ((b->at ? b->used : ACL_HEAD_BYTES) != bytes)
        return false;
    for (size_t i = ACL_HEAD_BYTES; i < bytes; i++)
        if (a->at[i] != b->at[i])
            return false;
    return true;
}

/* Writes what *only has, and looks whether the object then shows it. */
static enum security_write write_part(HANDLE file, SECURITY_INFORMATION what,
                                      const struct secdesc *only, uint8_t *room,
                                      struct err *err)
{
    bool labels = what == LABEL;
    ULONG needed = 0;
    size_t size = 0;
    struct secdesc now;
    NTSTATUS status = 0;

    if (!secdesc_write(only, room, SECURITY_BYTES_MAX, &size))
        return err_rule(err, "the descriptor is too large", NULL), SECURITY_NOT_WRITTEN;
    status = NtSetSecurityObject(file, what, room);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status,
                       labels ? "NtSetSecurityObject(label)" : "NtSetSecurityObject",
                       NULL),
               SECURITY_NOT_WRITTEN;
    if (!NT_SUCCESS(
            NtQuerySecurityObject(file, what, room, SECURITY_BYTES_MAX, &needed)) ||
        !secdesc_read(&now, room, SECURITY_BYTES_MAX))
        return SECURITY_NOT_KEPT;
    if (labels)
        return same_entries(&now.sacl, &only->sacl) ? SECURITY_WRITTEN
                                                    : SECURITY_NOT_KEPT;
    return now.dacl.at && same_entries(&now.dacl, &only->dacl) &&
                   !((now.control ^ only->control) & SECDESC_DACL_PROTECTED)
               ? SECURITY_WRITTEN
               : SECURITY_NOT_KEPT;
}

enum security_write security_write(HANDLE file, const struct aclplan_edit *edit,
                                   uint8_t *room, struct err *err)
{
    struct secdesc dacl = { .control = edit->sd.control, .dacl = edit->sd.dacl };
    struct secdesc sacl = { .control = edit->sd.control, .sacl = edit->sd.sacl };
    uint8_t nothing[ACL_HEAD_BYTES];
    struct aclbuf none = aclbuf_init(nothing, sizeof nothing);
    enum security_write result = SECURITY_WRITTEN;

    /* The "inherited" flags are kept only for who asks for them again. */
    if (dacl.control & SECDESC_DACL_INHERITED)
        dacl.control |= SECDESC_DACL_INHERIT_REQ;
    if (sacl.control & SECDESC_SACL_INHERITED)
        sacl.control |= SECDESC_SACL_INHERIT_REQ;
    /* No label is said by an empty list, no list at all by nothing. */
    if (!sacl.sacl.at)
        sacl.sacl = aclbuf_acl(&none);
    if (edit->dacl)
        result = write_part(file, DACL_SECURITY_INFORMATION, &dacl, room, err);
    if (edit->label && result == SECURITY_WRITTEN)
        result = write_part(file, LABEL, &sacl, room, err);
    return result;
}

/* Room for what any token class gives. */
union answer {
    TOKEN_USER user;
    TOKEN_GROUPS groups;
    TOKEN_PRIVILEGES privileges;
    TOKEN_MANDATORY_LABEL label;
    DWORD number;
    BYTE bytes[1u << 17];
};

static bool ask(HANDLE token, TOKEN_INFORMATION_CLASS what, union answer *answer)
{
    ULONG needed = 0;

    return NT_SUCCESS(
        NtQueryInformationToken(token, what, answer, sizeof *answer, &needed));
}

/* A SID that points into the answer. */
static bool take_sid(const union answer *answer, PSID at, struct sid *sid)
{
    const BYTE *p = at;

    if (p < answer->bytes || p >= answer->bytes + sizeof answer->bytes)
        return false;
    return sid_read(sid, p, (size_t)(answer->bytes + sizeof answer->bytes - p));
}

static bool add_groups(HANDLE token, union answer *answer, struct security_token *out)
{
    if (!ask(token, TokenGroups, answer))
        return false;
    for (DWORD i = 0; i < answer->groups.GroupCount && i < SECURITY_GROUPS_MAX; i++) {
        DWORD attributes = answer->groups.Groups[i].Attributes;
        struct accesscheck_sid *to = &out->sid[out->model.sid_count];

        if (!take_sid(answer, answer->groups.Groups[i].Sid, &to->sid))
            return false;
        to->enabled = attributes & SE_GROUP_ENABLED;
        to->deny_only = attributes & SE_GROUP_USE_FOR_DENY_ONLY;
        if ((attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID) {
            out->has_logon = true;
            out->logon = to->sid;
        }
        out->model.sid_count++;
    }
    return true;
}

static void add_restricting(HANDLE token, union answer *answer,
                            struct security_token *out)
{
    struct sid restricted = sid_well_known(SID_RESTRICTED);

    out->model.write_restricted = true;
    if (!ask(token, TokenRestrictedSids, answer))
        return;
    for (DWORD i = 0; i < answer->groups.GroupCount && i < SECURITY_GROUPS_MAX; i++) {
        struct sid *to = &out->restricting[out->model.restricting_count];

        if (!take_sid(answer, answer->groups.Groups[i].Sid, to))
            continue;
        if (sid_eq(to, &restricted))
            out->model.write_restricted = false;
        out->model.restricting_count++;
    }
}

/* The three privileges that decide something.  Their values are the same everywhere:
 * wdm.h, SE_SECURITY_PRIVILEGE and so on. */
static void add_privileges(HANDLE token, union answer *answer, struct security_token *out)
{
    static const struct {
        DWORD low;
        unsigned bit;
    } known[] = {
        { 8, ACCESSCHECK_SE_SECURITY },
        { 9, ACCESSCHECK_SE_TAKE_OWNERSHIP },
        { 32, ACCESSCHECK_SE_RELABEL },
    };

    if (!ask(token, TokenPrivileges, answer))
        return;
    for (DWORD i = 0; i < answer->privileges.PrivilegeCount; i++) {
        const LUID_AND_ATTRIBUTES *held = &answer->privileges.Privileges[i];

        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            if (held->Luid.HighPart == 0 && held->Luid.LowPart == known[k].low &&
                held->Attributes & SE_PRIVILEGE_ENABLED)
                out->model.privileges |= known[k].bit;
    }
}

static void add_level(HANDLE token, union answer *answer, struct security_token *out)
{
    struct sid label;

    out->model.level = SID_LEVEL_MEDIUM;
    if (!ask(token, TokenIntegrityLevel, answer) ||
        !take_sid(answer, answer->label.Label.Sid, &label) || !sid_is_label(&label))
        return; /* before Windows Vista there are no labels */
    out->model.level = label.sub[0];
    out->model.no_write_up = !ask(token, TokenMandatoryPolicy, answer) ||
                             answer->number & TOKEN_MANDATORY_POLICY_NO_WRITE_UP;
}

bool security_token(struct security_token *token, struct err *err)
{
    static union answer answer;
    auto_handle HANDLE own = NULL;
    NTSTATUS status = NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenProcessToken", NULL);
    token->model = (struct accesscheck_token){ .sid = token->sid,
                                               .restricting = token->restricting };
    token->has_logon = false;
    if (!ask(own, TokenUser, &answer) ||
        !take_sid(&answer, answer.user.User.Sid, &token->user))
        return err_rule(err, "the token's user cannot be read", NULL);
    token->sid[0] = (struct accesscheck_sid){ .sid = token->user, .enabled = true };
    token->sid[0].deny_only = answer.user.User.Attributes & SE_GROUP_USE_FOR_DENY_ONLY;
    token->model.sid_count = 1;
    if (!add_groups(own, &answer, token))
        return err_rule(err, "the token's groups cannot be read", NULL);
    add_restricting(own, &answer, token);
    add_privileges(own, &answer, token);
    add_level(own, &answer, token);
    return true;
}
