#include "core/utfstream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Decodes all of it in pieces of the size; memory of exactly the promised room. */
static size_t decode(const char *text, size_t bytes, size_t piece, char16_t *out)
{
    struct utf8_stream s = { 0 };
    size_t len = 0;

    for (size_t i = 0; i < bytes; i += piece) {
        size_t n = bytes - i < piece ? bytes - i : piece;
        char16_t *room = malloc((n + 1) * sizeof *room);
        size_t got;

        assert_non_null(room);
        got = utf8_stream_decode(&s, (const uint8_t *)text + i, n, room);
        assert_true(got <= n + 1);
        memcpy(out + len, room, got * sizeof *room);
        len += got;
        free(room);
    }
    return len;
}

static void decode__cut_anywhere__the_same_text(void **state)
{
    static const char text[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z\x1B[6n";
    static const char16_t wanted[] = u"a\xE4\x20AC\xD83D\xDE00z\x1B[6n";

    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        char16_t out[2 * sizeof text];
        size_t len = decode(text, sizeof text - 1, piece, out);

        assert_int_equal(len, sizeof wanted / sizeof wanted[0] - 1);
        assert_memory_equal(out, wanted, len * sizeof out[0]);
    }
}

static void decode__ill_formed__is_replaced_and_what_follows_stays(void **state)
{
    static const struct {
        const char *text;
        const char16_t *wanted;
    } cases[] = {
        { "\x80x", u"\xFFFDx" },
        { "\xC3x", u"\xFFFDx" },                               /* cut short */
        { "\xC0\xAFx", u"\xFFFD\xFFFDx" },                     /* overlong */
        { "\xE0\x80\xAFx", u"\xFFFD\xFFFD\xFFFDx" },           /* overlong */
        { "\xED\xA0\x80x", u"\xFFFD\xFFFD\xFFFDx" },           /* a surrogate */
        { "\xF4\x90\x80\x80x", u"\xFFFD\xFFFD\xFFFD\xFFFDx" }, /* beyond the last */
        { "\xF0\x9F\x98x", u"\xFFFDx" },
        { "\xE2\x82\xE2\x82\xACx", u"\xFFFD\x20ACx" },
        { "\xFFx", u"\xFFFDx" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t piece = 1; piece < 6; piece++) {
            char16_t out[32];
            size_t len = decode(cases[i].text, strlen(cases[i].text), piece, out);

            assert_int_equal(len, u16_len(cases[i].wanted));
            assert_memory_equal(out, cases[i].wanted, len * sizeof out[0]);
        }
    }
}

static size_t encode(const char16_t *text, size_t len, char *out)
{
    struct utf16_stream s = { 0 };
    size_t bytes = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t room[UTF16_STREAM_MAX];
        size_t n = utf16_stream_encode(&s, text[i], room);

        memcpy(out + bytes, room, n);
        bytes += n;
    }
    return bytes;
}

static void encode__any_plane__is_utf8(void **state)
{
    char out[64];
    size_t bytes = encode(u"a\xE4\x20AC\xD83D\xDE00\x3", 6, out);

    (void)state;
    assert_int_equal(bytes, 11);
    assert_memory_equal(out, "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\x3", 11);
}

static void encode__lone_surrogate__is_replaced(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(encode(u"\xD83Dx", 2, out), 4);
    assert_memory_equal(out, "\xEF\xBF\xBDx", 4);
    assert_int_equal(encode(u"\xDE00", 1, out), 3);
    assert_memory_equal(out, "\xEF\xBF\xBD", 3);
    assert_int_equal(encode(u"\xD83D\xD83D\xDE00", 3, out), 7);
    assert_memory_equal(out, "\xEF\xBF\xBD\xF0\x9F\x98\x80", 7);
}

/* Every character there is, through both and back. */
static void both__every_character__comes_back(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        char16_t in[2] = { (char16_t)c }, out[8];
        size_t len = 1, back;
        char bytes[8];

        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        if (c >= 0x10000) {
            in[0] = (char16_t)(0xD800 + ((c - 0x10000) >> 10));
            in[1] = (char16_t)(0xDC00 + (c & 0x3FF));
            len = 2;
        }
        back = encode(in, len, bytes);
        assert_int_equal(decode(bytes, back, back, out), len);
        assert_memory_equal(in, out, len * sizeof in[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode__cut_anywhere__the_same_text),
        cmocka_unit_test(decode__ill_formed__is_replaced_and_what_follows_stays),
        cmocka_unit_test(encode__any_plane__is_utf8),
        cmocka_unit_test(encode__lone_surrogate__is_replaced),
        cmocka_unit_test(both__every_character__comes_back),
    };
    return cmocka_run_group_tests_name("utfstream", tests, NULL, NULL);
}
