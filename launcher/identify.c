#include "identify.h"

#include "core/secdesc.h"

#define LIST_MAX 4096u /* of a process or a token: a few entries */

/* Whether the list of an object lets Administrators do that, or everybody everything. */
static bool allows(const struct secdesc *sd, uint32_t mask, const struct sid *who)
{
    struct ace ace = { 0 };

    while (sd->dacl.at && acl_next(&sd->dacl, &ace))
        if (ace.plain && ace.type == ACE_ALLOW && (ace.mask & mask) == mask &&
            sid_eq(&ace.sid, who))
            return true;
    return !sd->dacl.at;
}

static bool read_list(HANDLE object, uint8_t bytes[LIST_MAX], struct secdesc *sd,
                      struct err *err)
{
    ULONG needed = 0;
    NTSTATUS status = NtQuerySecurityObject(object, DACL_SECURITY_INFORMATION, bytes,
                                            LIST_MAX, &needed);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQuerySecurityObject",
                       NULL);
    return secdesc_read(sd, bytes, LIST_MAX) ||
           err_rule(err, "the system's descriptor is not a sound one", NULL);
}

/* The object is open for READ_CONTROL|WRITE_DAC. */
static bool let_look(HANDLE object, uint32_t mask, struct err *err)
{
    const struct acl_entry look = { ACE_ALLOW, 0, mask,
                                    sid_well_known(SID_ADMINISTRATORS) };
    const struct acl_ours none = { .sid = &look.sid };
    uint8_t is[LIST_MAX], list[LIST_MAX], will[LIST_MAX];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = 0 };
    size_t size = 0;
    NTSTATUS status = 0;

    if (!read_list(object, is, &sd, err))
        return false;
    if (allows(&sd, mask, &look.sid))
        return true;
    if (acl_edit(&sd.dacl, &none, &look, 1, &b) == ACL_TOO_BIG)
        return err_rule(err, "the list does not fit", NULL);
    sd = (struct secdesc){ .control = sd.control, .dacl = aclbuf_acl(&b) };
    if (!secdesc_write(&sd, will, sizeof will, &size))
        return err_rule(err, "the list does not fit", NULL);
    status = NtSetSecurityObject(object, DACL_SECURITY_INFORMATION, will);
    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtSetSecurityObject", NULL);
    return read_list(object, is, &sd, err) &&
           (allows(&sd, mask, &look.sid) ||
            err_rule(err, "the object does not keep the list it was given", NULL));
}

bool identify_to_administrators(struct err *err)
{
    auto_handle HANDLE token = NULL;
    NTSTATUS status =
        NtOpenProcessToken(GetCurrentProcess(), READ_CONTROL | WRITE_DAC, &token);

    if (!NT_SUCCESS(status))
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenProcessToken", NULL);
    return let_look(token, TOKEN_QUERY, err) &&
           let_look(GetCurrentProcess(), PROCESS_QUERY_LIMITED_INFORMATION, err);
}
