#include "core/secdesc.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct acl_ours ours = { .marker = true, .label = true };

/* Every entry of `part` that is not ours stands in `whole`, in the same order. */
static void check_others(const struct acl *part, const struct acl *whole)
{
    struct ace a = { 0 }, b = { 0 };

    while (acl_next(part, &a)) {
        if (ace_is_ours(&a, &ours))
            continue;
        do {
            if (!acl_next(whole, &b))
                __builtin_trap();
        } while (ace_is_ours(&b, &ours));
        if (!ace_eq(&a, &b))
            __builtin_trap();
    }
    while (acl_next(whole, &b))
        if (!ace_is_ours(&b, &ours))
            __builtin_trap();
}

/* Wanted entries in, wanted entries again, and out. */
static void check_edit(const struct acl *acl)
{
    static uint8_t one[ACL_BYTES_MAX], two[ACL_BYTES_MAX];
    struct acl_entry want[] = {
        { ACE_ALLOW, 3, 0x1301BF, sid_ours((const uint8_t *)"abcdefghijkl") },
        { ACE_DENY, 0x13, 0xD0156, sid_ours((const uint8_t *)"abcdefghijkl") },
        acl_marker(0),
    };
    struct aclbuf a = aclbuf_init(one, sizeof one), b = aclbuf_init(two, sizeof two);
    struct acl edited;

    if (acl_edit(acl, &ours, want, 3, &a) == ACL_TOO_BIG)
        return;
    if (!acl_read(&edited, one, a.bytes) || edited.bytes != a.bytes)
        __builtin_trap();
    check_others(acl, &edited);
    if (acl_edit(&edited, &ours, want, 3, &b) != ACL_SAME || b.bytes != a.bytes ||
        memcmp(one, two, a.bytes) != 0)
        __builtin_trap();
    b = aclbuf_init(two, sizeof two);
    if (acl_edit(&edited, &ours, NULL, 0, &b) == ACL_TOO_BIG)
        __builtin_trap();
    if (!acl_read(&edited, two, b.bytes))
        __builtin_trap();
    check_others(acl, &edited);
    a = aclbuf_init(one, sizeof one);
    if (acl_edit(acl, &ours, NULL, 0, &a) == ACL_SAME &&
        (b.bytes != acl->bytes || memcmp(two, acl->at, b.bytes) != 0))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[SECDESC_BYTES_MAX];
    struct secdesc sd, again;
    struct acl acl;
    struct ace ace = { 0 };
    size_t bytes = 0;

    if (acl_read(&acl, data, size)) {
        while (acl_next(&acl, &ace))
            if (ace.at + ace.bytes > data + size ||
                (ace.plain && ace.data + ace.data_bytes != ace.at + ace.bytes))
                __builtin_trap();
        check_edit(&acl);
    }
    if (!secdesc_read(&sd, data, size))
        return 0;
    if (!secdesc_write(&sd, out, sizeof out, &bytes) || !secdesc_read(&again, out, bytes))
        __builtin_trap();
    if (sd.dacl.at && sd.dacl.bytes != again.dacl.bytes)
        __builtin_trap();
    (void)secdesc_label(&sd, &ace);
    return 0;
}
