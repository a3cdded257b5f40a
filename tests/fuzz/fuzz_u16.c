#include "core/u16.h"
#include "core/utfstream.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What UTF-8 gives must go back to the same bytes; no lone surrogate can come of it. */
static void check_utf8(const char *text, size_t bytes)
{
    static char16_t units[4096];
    static char back[4096 * 3];
    struct u16buf b = U16BUF(units);
    size_t bad = 0, start = 0, n = 0;
    bool ok = u16buf_add_utf8(&b, text, bytes, &bad);

    if (b.cut)
        return;
    if (bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        start = 3;
    n = u16s_to_utf8(u16buf_text(&b), back, sizeof back);
    if (n != (ok ? bytes : bad) - start || memcmp(back, text + start, n) != 0)
        __builtin_trap();
}

static void check_units(struct u16s s)
{
    static char utf8[4096 * 3];
    static char16_t units[4096];
    struct u16buf b = U16BUF(units);
    size_t n = u16s_to_utf8(s, utf8, sizeof utf8), half = 0;
    uint64_t value = 0;

    if (!u16buf_add_utf8(&b, utf8, n, NULL))
        __builtin_trap();
    if (s.len && s.at[0] != 0xFEFF && b.len != s.len)
        __builtin_trap();
    half = u16s_to_utf8(s, utf8, n / 2);
    if (half > n / 2)
        __builtin_trap();
    if (u16s_number(s, 1000, &value) && value > 1000)
        __builtin_trap();
    (void)u16s_hex(s, &value);
}

/* The first `;` parts a pattern from a text. */
static void check_glob(struct u16s s)
{
    struct u16s text = s, pattern = u16s_split(&text, u';');

    (void)u16s_imatch(pattern, text);
    if (!u16s_imatch(U16S("*"), s))
        __builtin_trap();
    if (u16s_find(s, u'*', 0) == s.len && !u16s_imatch(s, s))
        __builtin_trap();
    (void)u16s_trim(s);
}

/* A stream cut in two gives what the whole one gives; what is well-formed comes back. */
static void check_stream(const uint8_t *data, size_t size)
{
    static char16_t whole[4096], parts[4096];
    static uint8_t back[3 * 4096];
    struct utf8_stream one = { 0 }, two = { 0 };
    struct utf16_stream encoder = { 0 };
    size_t cut = size ? data[0] % size : 0, bytes = 0;
    size_t len = utf8_stream_decode(&one, data, size, whole);
    size_t n = utf8_stream_decode(&two, data, cut, parts);

    n += utf8_stream_decode(&two, data + cut, size - cut, parts + n);
    if (n != len || memcmp(whole, parts, len * sizeof whole[0]) != 0 || len > size + 1)
        __builtin_trap();
    for (size_t i = 0; i < len; i++)
        bytes += utf16_stream_encode(&encoder, whole[i], back + bytes);
    if (encoder.high)
        __builtin_trap();
    for (size_t i = 0; i < len; i++)
        if (whole[i] == 0xFFFD)
            return; /* something may have been replaced */
    if (!one.left && (bytes != size || memcmp(back, data, size) != 0))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char16_t units[1024];
    struct u16s s = { units, size / 2 };

    if (size > sizeof units)
        return 0;
    memcpy(units, data, size);
    check_utf8((const char *)data, size);
    check_units(s);
    check_stream(data, size);
    check_glob(s);
    return 0;
}
