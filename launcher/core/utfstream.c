#include "core/utfstream.h"

#define REPLACEMENT 0xFFFDu

static size_t put_units(uint32_t value, char16_t *out)
{
    if (value < 0x10000) {
        out[0] = (char16_t)value;
        return 1;
    }
    out[0] = (char16_t)(0xD7C0u + (value >> 10));
    out[1] = (char16_t)(0xDC00u | (value & 0x3FFu));
    return 2;
}

/* What a first byte promises.  The Unicode Standard, table 3-7: the range of the second
 * byte keeps out overlong forms, surrogates and what is beyond U+10FFFF. */
static bool begin(struct utf8_stream *s, uint8_t b)
{
    *s = (struct utf8_stream){ .low = 0x80, .high = 0xBF };
    if (b >= 0xC2 && b <= 0xDF) {
        s->left = 1;
        s->value = b & 0x1Fu;
    } else if (b >= 0xE0 && b <= 0xEF) {
        s->left = 2;
        s->value = b & 0x0Fu;
        s->low = b == 0xE0 ? 0xA0 : 0x80;
        s->high = b == 0xED ? 0x9F : 0xBF;
    } else if (b >= 0xF0 && b <= 0xF4) {
        s->left = 3;
        s->value = b & 0x07u;
        s->low = b == 0xF0 ? 0x90 : 0x80;
        s->high = b == 0xF4 ? 0x8F : 0xBF;
    }
    return s->left != 0;
}

size_t utf8_stream_decode(struct utf8_stream *s, const uint8_t *at, size_t bytes,
                          char16_t *out)
{
    size_t len = 0;

    for (size_t i = 0; i < bytes; i++) {
        uint8_t b = at[i];

        if (s->left && b >= s->low && b <= s->high) {
            s->value = s->value << 6 | (b & 0x3Fu);
            s->low = 0x80;
            s->high = 0xBF;
            if (--s->left == 0)
                len += put_units(s->value, out + len);
            continue;
        }
        if (s->left) { /* cut short: this byte begins something else */
            out[len++] = REPLACEMENT;
            s->left = 0;
        }
        if (b < 0x80)
            out[len++] = b;
        else if (!begin(s, b))
            out[len++] = REPLACEMENT;
    }
    return len;
}

static size_t put_bytes(uint32_t value, uint8_t *out)
{
    if (value < 0x80) {
        out[0] = (uint8_t)value;
        return 1;
    }
    if (value < 0x800) {
        out[0] = (uint8_t)(0xC0u | value >> 6);
        out[1] = (uint8_t)(0x80u | (value & 0x3Fu));
        return 2;
    }
    if (value < 0x10000) {
        out[0] = (uint8_t)(0xE0u | value >> 12);
        out[1] = (uint8_t)(0x80u | (value >> 6 & 0x3Fu));
        out[2] = (uint8_t)(0x80u | (value & 0x3Fu));
        return 3;
    }
    out[0] = (uint8_t)(0xF0u | value >> 18);
    out[1] = (uint8_t)(0x80u | (value >> 12 & 0x3Fu));
    out[2] = (uint8_t)(0x80u | (value >> 6 & 0x3Fu));
    out[3] = (uint8_t)(0x80u | (value & 0x3Fu));
    return 4;
}

size_t utf16_stream_encode(struct utf16_stream *s, char16_t unit,
                           uint8_t out[UTF16_STREAM_MAX])
{
    char16_t high = s->high;
    size_t bytes = 0;

    s->high = 0;
    if (high && unit >= 0xDC00 && unit <= 0xDFFF)
        return put_bytes(((uint32_t)(high - 0xD7C0u) << 10) + (unit & 0x3FFu), out);
    if (high)
        bytes = put_bytes(REPLACEMENT, out);
    if (unit >= 0xD800 && unit <= 0xDBFF)
        s->high = unit;
    else
        bytes +=
            put_bytes(unit >= 0xDC00 && unit <= 0xDFFF ? REPLACEMENT : unit, out + bytes);
    return bytes;
}
