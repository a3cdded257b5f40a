#include "core/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char16_t text[512];
static struct u16buf out;
static struct json json;

static void start(void)
{
    out = U16BUF(text);
    json_init(&json, &out);
}

static void assert_out(const char *want)
{
    char got[1024] = { 0 };

    u16s_to_utf8(u16buf_text(&out), got, sizeof got - 1);
    assert_string_equal(got, want);
    assert_false(out.cut);
}

static void assert_string(struct u16s s, const char *want)
{
    start();
    json_text(&json, NULL, s);
    assert_out(want);
}

static void json_text__must_be_escaped__is(void **state)
{
    (void)state;
    assert_string(U16S(""), "\"\"");
    assert_string(U16S("C:\\a \"b\""), "\"C:\\\\a \\\"b\\\"\"");
    assert_string(U16S("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    assert_string(U16S("\x01\x1F\x7F/"), "\"\\u0001\\u001f\x7F/\"");
    assert_string(((struct u16s){ u"a\0b", 3 }), "\"a\\u0000b\"");
    assert_string(((struct u16s){ NULL, 0 }), "\"\"");
}

static void json_text__every_control__is_escaped(void **state)
{
    (void)state;
    for (char16_t c = 0; c < u' '; c++) {
        start();
        json_text(&json, NULL, (struct u16s){ &c, 1 });
        assert_int_equal(text[1], u'\\');
        for (size_t i = 0; i < out.len; i++)
            assert_true(text[i] >= u' ');
    }
}

static void json_text__surrogates__are_kept_in_pairs_and_escaped_alone(void **state)
{
    static const char16_t lone[] = { u'a',   0xD800, u'b',   0xDFFF,
                                     0xDC00, 0xD83D, 0xDE00, 0xDBFF };
    static const char16_t two_highs[] = { 0xD83D, 0xD83D, 0xDE00 };

    (void)state;
    assert_string(U16S("\u00E9\u20AC\U0001F600"),
                  "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"");
    assert_string((struct u16s){ lone, 8 },
                  "\"a\\ud800b\\udfff\\udc00\xF0\x9F\x98\x80\\udbff\"");
    assert_string((struct u16s){ two_highs, 3 }, "\"\\ud83d\xF0\x9F\x98\x80\"");
}

/* A pair across the end of the slice is half outside: the slice has one unit of it. */
static void json_text__slice_ends_in_a_pair__does_not_read_on(void **state)
{
    static const char16_t pair[] = { 0xD83D, 0xDE00 };

    (void)state;
    assert_string((struct u16s){ pair, 1 }, "\"\\ud83d\"");
}

static void json_open__nested__has_commas_where_they_belong(void **state)
{
    (void)state;
    start();
    json_open(&json, NULL, u'{');
    json_ascii(&json, "level", "con\"fined");
    json_number(&json, "files", UINT64_MAX);
    json_open(&json, "roots", u'[');
    json_text(&json, NULL, U16S("a"));
    json_open(&json, NULL, u'{');
    json_close(&json, u'}');
    json_open(&json, NULL, u'[');
    json_close(&json, u']');
    json_number(&json, NULL, 0);
    json_close(&json, u']');
    json_bool(&json, "on", true);
    json_bool(&json, "off", false);
    json_close(&json, u'}');
    assert_out("{\"level\":\"con\\\"fined\",\"files\":18446744073709551615,"
               "\"roots\":[\"a\",{},[],0],\"on\":true,\"off\":false}");
}

static void json_open__deepest__is_the_limit_and_one_more_is_cut(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i < JSON_DEPTH_MAX; i++)
        json_open(&json, NULL, u'[');
    json_number(&json, NULL, 1);
    assert_false(out.cut);
    json_open(&json, NULL, u'[');
    assert_true(out.cut);
    for (unsigned i = 0; i <= JSON_DEPTH_MAX + 1; i++)
        json_close(&json, u']');
    assert_int_equal(json.depth, 0);
    assert_true(out.cut);
}

static void json_close__nothing_open__is_cut(void **state)
{
    (void)state;
    start();
    json_close(&json, u'}');
    assert_true(out.cut);
}

static void json_text__no_room__is_cut(void **state)
{
    char16_t small[8];
    struct u16buf b = U16BUF(small);

    (void)state;
    json_init(&json, &b);
    json_text(&json, NULL, U16S("12345"));
    assert_false(b.cut);
    b = U16BUF(small);
    json_init(&json, &b);
    json_text(&json, NULL, U16S("123456"));
    assert_true(b.cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_text__must_be_escaped__is),
        cmocka_unit_test(json_text__every_control__is_escaped),
        cmocka_unit_test(json_text__surrogates__are_kept_in_pairs_and_escaped_alone),
        cmocka_unit_test(json_text__slice_ends_in_a_pair__does_not_read_on),
        cmocka_unit_test(json_open__nested__has_commas_where_they_belong),
        cmocka_unit_test(json_open__deepest__is_the_limit_and_one_more_is_cut),
        cmocka_unit_test(json_close__nothing_open__is_cut),
        cmocka_unit_test(json_text__no_room__is_cut),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
