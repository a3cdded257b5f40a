#include "core/sddl.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct acl *a, const struct acl *b)
{
    struct ace one = { 0 }, two = { 0 };

    if (a->count != b->count || !a->at != !b->at)
        __builtin_trap();
    while (acl_next(a, &one))
        if (!acl_next(b, &two) || !ace_eq(&one, &two))
            __builtin_trap();
}

/* What is written is read back as the same entries. */
static void check(const struct secdesc *sd)
{
    static char16_t text[40000];
    static uint8_t at[40000];
    struct u16buf out = U16BUF(text);
    struct secdesc again;
    struct err err;

    sddl_format(sd, &out);
    if (out.cut)
        return;
    if (!sddl_parse(&again, u16buf_text(&out), NULL, at, sizeof at, &err))
        __builtin_trap();
    if (again.has_owner != sd->has_owner ||
        (sd->has_owner && !sid_eq(&sd->owner, &again.owner)))
        __builtin_trap();
    check_list(&sd->dacl, &again.dacl);
    check_list(&sd->sacl, &again.sacl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t text[8192];
    static uint8_t at[4096];
    struct secdesc sd;
    struct err err;

    if (size > sizeof text)
        return 0;
    if (secdesc_read(&sd, data, size))
        check(&sd);
    for (size_t i = 0; i < size; i++)
        text[i] = data[i];
    if (sddl_parse(&sd, (struct u16s){ text, size }, NULL, at, sizeof at, &err))
        check(&sd);
    return 0;
}
