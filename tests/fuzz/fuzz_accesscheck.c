#include "core/accesscheck.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t maximum(const struct accesscheck_token *t, const struct secdesc *sd)
{
    struct accesscheck_verdict v;

    accesscheck_object(t, sd, RIGHT_MAXIMUM_ALLOWED, &rights_file, &v);
    if (v.allowed != (v.granted != 0))
        __builtin_trap();
    return v.granted;
}

/* MAXIMUM_ALLOWED gives exactly what is given one by one, and what is given says why. */
static uint32_t check(const struct accesscheck_token *t, const struct secdesc *sd)
{
    uint32_t all = maximum(t, sd);
    struct accesscheck_verdict v;

    for (uint32_t bit = 1; bit <= RIGHT_SYNCHRONIZE; bit <<= 1) {
        if (!sd->dacl.at && !(bit & RIGHT_FILE_ALL))
            continue;
        accesscheck_object(t, sd, bit, &rights_file, &v);
        if (v.allowed != ((all & bit) != 0) || v.allowed != (v.missing == 0))
            __builtin_trap();
        if (v.ordinary.why == ACCESSCHECK_UNASKED ||
            (v.ordinary.ace != ACCESSCHECK_NO_ACE && v.ordinary.ace >= sd->dacl.count))
            __builtin_trap();
    }
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct accesscheck_sid who[] = {
        { sid_everyone(), true, false },
        { sid_well_known(SID_SYSTEM), true, false },
        { sid_well_known(SID_ADMINISTRATORS), false, true },
    };
    struct sid restricting[] = { sid_everyone(), sid_well_known(SID_RESTRICTED) };
    struct accesscheck_token user = {
        .sid = who, .sid_count = 3, .level = SID_LEVEL_MEDIUM, .no_write_up = true
    };
    struct accesscheck_token standard = user, strict, lowered = user;
    struct accesscheck_file_verdict file;
    struct secdesc sd;
    uint32_t all = 0, less = 0, least = 0;

    if (!secdesc_read(&sd, data, size))
        return 0;
    standard.restricting = restricting;
    standard.restricting_count = 2;
    strict = standard;
    standard.write_restricted = true;
    lowered.level = SID_LEVEL_LOWERED;
    all = check(&user, &sd);
    less = check(&standard, &sd);
    least = check(&strict, &sd);
    if ((less & ~all) || (least & ~less) || (check(&lowered, &sd) & ~all))
        __builtin_trap();
    if ((all ^ less) & ~rights_write_restricted(&rights_file))
        __builtin_trap();
    accesscheck_file(&user, &sd, &sd, RIGHT_MAXIMUM_ALLOWED, &file);
    if (all & ~file.granted)
        __builtin_trap();
    return 0;
}
