#include "core/sid.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is a SID as bytes is one as text, and the other way round. */
static void check(const struct sid *sid)
{
    char16_t text[SID_TEXT_CAP];
    struct u16buf out = U16BUF(text);
    struct sid again;

    sid_format(sid, &out);
    if (out.cut || !sid_parse(&again, u16buf_text(&out)) || !sid_eq(sid, &again))
        __builtin_trap();
    if (!sid_read(&again, sid, sid_bytes(sid)) || !sid_eq(sid, &again))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char16_t text[300];
    struct sid sid;

    if (size > sizeof text)
        return 0;
    memcpy(text, data, size);
    if (sid_read(&sid, data, size))
        check(&sid);
    if (sid_parse(&sid, (struct u16s){ text, size / 2 }))
        check(&sid);
    return 0;
}
