#include "runner/guard.h"

#include "core/secdesc.h"

/* In full and not generic, so that the object shows the same bytes again: what a process
 * and a thread can have at most, since Windows Vista. */
#define EVERYTHING 0x1FFFFFu

#define OF_OWN_TOKEN                                                                     \
    (TOKEN_ASSIGN_PRIMARY | TOKEN_DUPLICATE | TOKEN_IMPERSONATE | TOKEN_QUERY |          \
     TOKEN_QUERY_SOURCE | READ_CONTROL)

/* account: NULL to leave it out. */
static bool describe(struct guard *guard, const struct sid *user,
                     const struct sid *account, struct err *err)
{
    const struct acl_entry entries[] = {
        { ACE_ALLOW, 0, EVERYTHING, *user },
        { ACE_ALLOW, 0, EVERYTHING, sid_well_known(SID_SYSTEM) },
        { ACE_ALLOW, 0, READ_CONTROL, sid_well_known(SID_OWNER_RIGHTS) },
        { ACE_ALLOW, 0, OF_OWN_TOKEN, account ? *account : *user },
    };
    uint8_t bytes[sizeof guard->bytes - SECDESC_HEAD_BYTES];
    struct aclbuf list = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT | SECDESC_DACL_PROTECTED };
    size_t size = 0;

    for (size_t i = 0; i < sizeof entries / sizeof entries[0] - !account; i++)
        aclbuf_add(&list, &entries[i]);
    if (list.cut || !acl_read(&sd.dacl, bytes, list.bytes) ||
        !secdesc_write(&sd, guard->bytes, sizeof guard->bytes, &size))
        return err_rule(err, "the runner's list does not fit", NULL);
    guard->attributes = (SECURITY_ATTRIBUTES){ .nLength = sizeof guard->attributes,
                                               .lpSecurityDescriptor = guard->bytes };
    return true;
}

bool guard_init(struct guard *guard, const struct sid *user, struct err *err)
{
    return describe(guard, user, NULL, err);
}

static bool same_list(const struct guard *guard, const struct acl *shown)
{
    struct secdesc want;

    if (!secdesc_read(&want, guard->bytes, sizeof guard->bytes) || !shown->at ||
        shown->used != want.dacl.used)
        return false;
    for (size_t i = ACL_HEAD_BYTES; i < shown->used; i++)
        if (shown->at[i] != want.dacl.at[i])
            return false;
    return true;
}

bool guard_set(const struct guard *guard, HANDLE object, struct err *err)
{
    uint8_t bytes[512];
    struct secdesc shown;
    ULONG needed = 0;
    NTSTATUS status =
        NtSetSecurityObject(object, DACL_SECURITY_INFORMATION, (void *)guard->bytes);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtSetSecurityObject",
                       u"the runner");
    status = NtQuerySecurityObject(object, DACL_SECURITY_INFORMATION, bytes, sizeof bytes,
                                   &needed);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQuerySecurityObject",
                       u"the runner");
    if (!secdesc_read(&shown, bytes, sizeof bytes) || !same_list(guard, &shown.dacl))
        return err_rule(err, "the runner does not show the list it was given", NULL);
    return true;
}

bool guard_set_default(const struct sid *user, const struct sid *account, struct err *err)
{
    TOKEN_DEFAULT_DACL list = { 0 };
    auto_handle HANDLE token = NULL;
    struct guard guard;
    struct secdesc sd;
    NTSTATUS status =
        NtOpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_DEFAULT, &token);

    if (!describe(&guard, user, account, err))
        return false;
    if (!secdesc_read(&sd, guard.bytes, sizeof guard.bytes))
        return err_rule(err, "the runner's list is unsound", NULL);
    list.DefaultDacl = (PACL)(void *)sd.dacl.at;
    if (NT_SUCCESS(status))
        status = NtSetInformationToken(token, TokenDefaultDacl, &list, sizeof list);
    return NT_SUCCESS(status) || err_set(err, ERR_NTSTATUS, (uint32_t)status,
                                         "NtSetInformationToken(TokenDefaultDacl)", NULL);
}
