#include "core/u16.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void assert_slice(struct u16s got, const char16_t *want)
{
    assert_true(u16s_eq(got, u16s_of(want)));
}

static void u16s_of__null_and_text__measure_it(void **state)
{
    (void)state;
    assert_int_equal(u16s_of(NULL).len, 0);
    assert_int_equal(u16s_of(u"").len, 0);
    assert_int_equal(u16s_of(u"abc").len, 3);
    assert_int_equal(U16S("a\0b").len, 3);
    assert_int_equal(u16_len(u"\xd800x"), 2);
}

static void u16s_from_and_head__past_the_end__stop_there(void **state)
{
    struct u16s s = U16S("abc"), none = { NULL, 0 };

    (void)state;
    assert_slice(u16s_from(s, 1), u"bc");
    assert_slice(u16s_from(s, 3), u"");
    assert_slice(u16s_from(s, 99), u"");
    assert_slice(u16s_head(s, 2), u"ab");
    assert_slice(u16s_head(s, 99), u"abc");
    assert_null(u16s_from(none, 5).at);
    assert_int_equal(u16s_find(s, u'c', 0), 2);
    assert_int_equal(u16s_find(s, u'a', 1), 3);
    assert_int_equal(u16s_find(s, u'a', 99), 3);
    assert_int_equal(u16s_find(none, u'a', 0), 0);
}

static void u16s_trim__blanks_at_both_ends__go(void **state)
{
    (void)state;
    assert_slice(u16s_trim(U16S(" \ta b\t ")), u"a b");
    assert_slice(u16s_trim(U16S(" \t ")), u"");
    assert_slice(u16s_trim(U16S("\na\r")), u"\na\r");
    assert_slice(u16s_trim((struct u16s){ NULL, 0 }), u"");
}

static void u16s_split__lists__give_every_part_and_stop(void **state)
{
    static const char16_t *const want[] = { u"a", u"", u"b", u"" };
    struct u16s rest = U16S("a;;b;");
    size_t n = 0;

    (void)state;
    while (rest.at) {
        assert_true(n < 4);
        assert_slice(u16s_split(&rest, u';'), want[n++]);
    }
    assert_int_equal(n, 4);
    assert_int_equal(u16s_split(&rest, u';').len, 0);
    assert_null(rest.at);
}

static void u16_upper__every_unit__is_stable_and_has_the_known_pairs(void **state)
{
    (void)state;
    for (unsigned c = 0; c <= 0xFFFF; c++) {
        char16_t up = u16_upper((char16_t)c);

        assert_int_equal(u16_upper(up), up);
        if (c < 0x80)
            assert_int_equal(up, c >= 'a' && c <= 'z' ? c - 32 : c);
        if (c >= 0xD800 && c < 0xE000)
            assert_int_equal(up, c);
    }
    assert_int_equal(u16_upper(0xE4), 0xC4);
    assert_int_equal(u16_upper(0xF7), 0xF7);
    assert_int_equal(u16_upper(0xDF), 0xDF);
    assert_int_equal(u16_upper(0xFF), 0x178);
    assert_int_equal(u16_upper(0x3B1), 0x391);
    assert_int_equal(u16_upper(0x44F), 0x42F);
    assert_int_equal(u16_upper(0x451), 0x401);
}

static void u16s_icmp__any_pair__is_an_order(void **state)
{
    static const char16_t units[] = u"aAbB_=\xd800\u00e4\u00c4";
    unsigned seed = 1;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char16_t text[3][4];
        struct u16s s[3];

        for (unsigned i = 0; i < 3; i++) {
            s[i] = (struct u16s){ text[i], next_random(&seed, 5) };
            for (size_t k = 0; k < s[i].len; k++)
                text[i][k] = units[next_random(&seed, 9)];
        }
        assert_int_equal(u16s_icmp(s[0], s[1]) == 0, u16s_ieq(s[0], s[1]));
        assert_int_equal(u16s_icmp(s[0], s[1]) < 0, u16s_icmp(s[1], s[0]) > 0);
        if (u16s_icmp(s[0], s[1]) <= 0 && u16s_icmp(s[1], s[2]) <= 0)
            assert_true(u16s_icmp(s[0], s[2]) <= 0);
        if (u16s_eq(s[0], s[1]))
            assert_true(u16s_ieq(s[0], s[1]));
    }
}

static void u16s_istarts_and_iends__at_the_edges__are_right(void **state)
{
    (void)state;
    assert_true(u16s_istarts(U16S("Path"), U16S("PA")));
    assert_true(u16s_istarts(U16S("x"), U16S("")));
    assert_false(u16s_istarts(U16S("x"), U16S("xy")));
    assert_true(u16s_iends(U16S("x.EXE"), U16S(".exe")));
    assert_true(u16s_iends(U16S("x"), U16S("")));
    assert_false(u16s_iends(U16S("exe"), U16S(".exe")));
}

/* The definition, without the shortcut. */
static bool matches(struct u16s pattern, struct u16s text)
{
    if (pattern.len == 0)
        return text.len == 0;
    if (pattern.at[0] == u'*')
        return matches(u16s_from(pattern, 1), text) ||
               (text.len && matches(pattern, u16s_from(text, 1)));
    return text.len && u16_upper(pattern.at[0]) == u16_upper(text.at[0]) &&
           matches(u16s_from(pattern, 1), u16s_from(text, 1));
}

static void u16s_imatch__random_patterns__match_by_definition(void **state)
{
    unsigned seed = 2, hits = 0;

    (void)state;
    for (unsigned round = 0; round < 100000; round++) {
        char16_t p[8], t[10];
        struct u16s pattern = { p, next_random(&seed, 8) };
        struct u16s text = { t, next_random(&seed, 10) };

        for (size_t i = 0; i < pattern.len; i++)
            p[i] = u"**abA"[next_random(&seed, 5)];
        for (size_t i = 0; i < text.len; i++)
            t[i] = u"aabB*"[next_random(&seed, 5)];
        assert_int_equal(u16s_imatch(pattern, text), matches(pattern, text));
        hits += u16s_imatch(pattern, text);
    }
    assert_true(hits > 1000);
}

/* A pattern of stars must not take exponential time. */
static void u16s_imatch__many_stars__ends_soon(void **state)
{
    static char16_t text[20000], pattern[200];

    (void)state;
    for (size_t i = 0; i < 20000; i++)
        text[i] = u'a';
    for (size_t i = 0; i < 200; i++)
        pattern[i] = i % 2 ? u'*' : u'a';
    pattern[198] = u'b';
    assert_false(
        u16s_imatch((struct u16s){ pattern, 199 }, (struct u16s){ text, 20000 }));
}

static void u16buf_add__what_does_not_fit__is_dropped_whole_for_good(void **state)
{
    char16_t at[5];
    struct u16buf b = U16BUF(at);

    (void)state;
    u16buf_add(&b, U16S("abc"));
    assert_false(b.cut);
    u16buf_add(&b, U16S("de"));
    assert_true(b.cut);
    u16buf_add(&b, U16S("d"));
    assert_slice(u16buf_text(&b), u"abc");
    assert_int_equal(at[3], 0);
}

static void u16buf_add__every_piece_at_every_size__is_whole_or_absent(void **state)
{
    (void)state;
    for (size_t cap = 1; cap < 30; cap++) {
        char16_t at[30];
        struct u16buf b = u16buf_init(at, cap);

        u16buf_addz(&b, u"wide");
        u16buf_add_ascii(&b, "ascii");
        u16buf_add_dec(&b, 12345);
        u16buf_add_hex(&b, 0xABCDE, 5);
        assert_int_equal(b.cut, cap < 20);
        assert_slice(u16buf_text(&b), cap < 5    ? u""
                                      : cap < 10 ? u"wide"
                                      : cap < 15 ? u"wideascii"
                                      : cap < 20 ? u"wideascii12345"
                                                 : u"wideascii12345abcde");
        assert_int_equal(at[b.len], 0);
    }
}

static void u16buf_add_dec_and_hex__edges__are_exact(void **state)
{
    char16_t at[100];
    struct u16buf b = U16BUF(at);

    (void)state;
    u16buf_add_dec(&b, 0);
    u16buf_addc(&b, u' ');
    u16buf_add_dec(&b, UINT64_MAX);
    u16buf_addc(&b, u' ');
    u16buf_add_hex(&b, UINT64_MAX, 16);
    u16buf_addc(&b, u' ');
    u16buf_add_hex(&b, 0x1F, 4);
    u16buf_addc(&b, u' ');
    u16buf_add_hex(&b, 0x123, 2);
    u16buf_add_hex(&b, 7, 0);
    u16buf_addc(&b, u' ');
    u16buf_add_hex(&b, 7, 99);
    assert_slice(u16buf_text(&b), u"0 18446744073709551615 ffffffffffffffff 001f 23 "
                                  u"0000000000000007");
}

static void u16s_number__against_its_limit__is_exact(void **state)
{
    static const uint64_t limits[] = {
        0, 1, 5, 9, 10, 99, 100, UINT32_MAX, 255, 4096, 123456789, UINT64_MAX
    };
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (unsigned step = 0; step < 30; step++) {
            char16_t at[40];
            struct u16buf b = U16BUF(at);
            uint64_t n = limits[i] - 15 + step, got = 77; /* wraps: that is far above */

            u16buf_add_dec(&b, n);
            assert_int_equal(u16s_number(u16buf_text(&b), limits[i], &got),
                             n <= limits[i]);
            assert_true(got == (n <= limits[i] ? n : 77));
        }
}

static void u16s_number__what_is_none__is_refused(void **state)
{
    static const char16_t *const bad[] = {
        u"",   u"-1",  u"+1",     u" 1",
        u"1 ", u"0x1", u"\u0661", u"18446744073709551616",
        u"1.", u"/",   u":",      u"99999999999999999999"
    };
    uint64_t got = 77;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(u16s_number(u16s_of(bad[i]), UINT64_MAX, &got));
    assert_true(got == 77);
    assert_true(u16s_number(U16S("007"), 7, &got));
    assert_true(got == 7);
}

static void u16s_hex__one_to_sixteen_digits__are_read(void **state)
{
    static const char16_t *const bad[] = {
        u"", u"g", u"0x1", u" 1", u"11111111111111111", u"@", u"\uff41"
    };
    uint64_t got = 77;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(u16s_hex(u16s_of(bad[i]), &got));
    assert_true(got == 77);
    assert_true(u16s_hex(U16S("fFfFfFfFfFfFfFfF"), &got));
    assert_true(got == UINT64_MAX);
    assert_true(u16s_hex(U16S("0a"), &got));
    assert_true(got == 10);
}

static void u16s_to_utf8__every_code_point__round_trips(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char16_t in[2] = { (char16_t)c, 0 }, back[4];
        struct u16s s = { in, c < 0x10000 ? 1 : 2 };
        struct u16buf b = U16BUF(back);
        char utf8[8];
        size_t n = 0;

        if (c >= 0xD800 && c < 0xE000)
            continue;
        if (c >= 0x10000) {
            in[0] = (char16_t)(0xD7C0 + (c >> 10));
            in[1] = (char16_t)(0xDC00 | (c & 0x3FF));
        }
        n = u16s_to_utf8(s, utf8, sizeof utf8);
        assert_int_equal(n, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        if (c == 0xFEFF) /* alone it is a BOM */
            continue;
        assert_true(u16buf_add_utf8(&b, utf8, n, NULL));
        assert_true(u16s_eq(u16buf_text(&b), s));
    }
}

static void u16s_to_utf8__lone_surrogates__become_fffd(void **state)
{
    static const char16_t in[] = { 0xD800, u'a', 0xDC00, 0xD801, 0xD802, 0xDC01, 0xDBFF };
    char out[30];
    size_t n = u16s_to_utf8((struct u16s){ in, 7 }, out, sizeof out);

    (void)state;
    assert_int_equal(n, 3 + 1 + 3 + 3 + 4 + 3);
    assert_memory_equal(out,
                        "\xEF\xBF\xBD"
                        "a"
                        "\xEF\xBF\xBD\xEF\xBF\xBD"
                        "\xF0\x90\xA0\x81\xEF\xBF\xBD",
                        n);
}

static void u16s_to_utf8__small_room__never_half_a_character(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 12; cap++) {
        char out[12] = { 0 };
        size_t n = u16s_to_utf8(U16S("a\u00e9\u4e2d\U0001F600b"), out, cap);

        assert_int_equal(n, cap < 1    ? 0
                            : cap < 3  ? 1
                            : cap < 6  ? 3
                            : cap < 10 ? 6
                            : cap < 11 ? 10
                                       : 11);
    }
}

static void u16buf_add_utf8__ill_formed__fails_at_the_byte(void **state)
{
    static const char *const bad[] = {
        "ok\x80",
        "ok\xC0\x80",
        "ok\xC1\xBF",
        "ok\xC3",
        "ok\xC3(",
        "ok\xE0\x9F\xBF",
        "ok\xE2\x82",
        "ok\xED\xA0\x80",
        "ok\xF0\x8F\xBF\xBF",
        "ok\xF0\x9F\x98",
        "ok\xFF",
        "ok\xF4\x90\x80\x80",
        "ok\xF8\x88\x80\x80",
        "ok\xED\xBF\xBF",
        "ok\xFE",
        "ok\xE2(\xA1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char16_t at[20];
        struct u16buf b = U16BUF(at);
        size_t where = 99;

        assert_false(u16buf_add_utf8(&b, bad[i], strlen(bad[i]), &where));
        assert_int_equal(where, 2);
        assert_slice(u16buf_text(&b), u"ok");
        assert_false(u16buf_add_utf8(&b, bad[i], strlen(bad[i]), NULL));
    }
}

static void u16buf_add_utf8__bom__is_skipped_at_the_start_only(void **state)
{
    char16_t at[20];
    struct u16buf b = U16BUF(at);

    (void)state;
    assert_true(u16buf_add_utf8(&b,
                                "\xEF\xBB\xBF"
                                "a\xEF\xBB\xBF",
                                7, NULL));
    assert_slice(u16buf_text(&b), u"a\uFEFF");
    assert_true(u16buf_add_utf8(&b, NULL, 0, NULL));
    assert_true(u16buf_add_utf8(&b, "\xEF\xBB\xBF", 3, NULL));
    assert_int_equal(b.len, 2);
}

static void u16buf_add_utf8__no_room_for_a_pair__drops_both_halves(void **state)
{
    char16_t at[3];
    struct u16buf b = U16BUF(at);

    (void)state;
    assert_true(u16buf_add_utf8(&b, "a\xF0\x9F\x98\x80", 5, NULL));
    assert_true(b.cut);
    assert_slice(u16buf_text(&b), u"a");
}

static void u16s_without__tail_there_or_not__cuts_once(void **state)
{
    (void)state;
    assert_true(u16s_eq(u16s_without(U16S("git.EXE"), U16S(".exe")), U16S("git")));
    assert_true(
        u16s_eq(u16s_without(U16S("git.exe.exe"), U16S(".exe")), U16S("git.exe")));
    assert_true(u16s_eq(u16s_without(U16S("git"), U16S(".exe")), U16S("git")));
    assert_true(u16s_eq(u16s_without(U16S("exe"), U16S(".exe")), U16S("exe")));
    assert_int_equal(u16s_without(U16S(".exe"), U16S(".exe")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u16s_of__null_and_text__measure_it),
        cmocka_unit_test(u16s_from_and_head__past_the_end__stop_there),
        cmocka_unit_test(u16s_trim__blanks_at_both_ends__go),
        cmocka_unit_test(u16s_split__lists__give_every_part_and_stop),
        cmocka_unit_test(u16_upper__every_unit__is_stable_and_has_the_known_pairs),
        cmocka_unit_test(u16s_icmp__any_pair__is_an_order),
        cmocka_unit_test(u16s_istarts_and_iends__at_the_edges__are_right),
        cmocka_unit_test(u16s_imatch__random_patterns__match_by_definition),
        cmocka_unit_test(u16s_imatch__many_stars__ends_soon),
        cmocka_unit_test(u16buf_add__what_does_not_fit__is_dropped_whole_for_good),
        cmocka_unit_test(u16buf_add__every_piece_at_every_size__is_whole_or_absent),
        cmocka_unit_test(u16buf_add_dec_and_hex__edges__are_exact),
        cmocka_unit_test(u16s_number__against_its_limit__is_exact),
        cmocka_unit_test(u16s_number__what_is_none__is_refused),
        cmocka_unit_test(u16s_hex__one_to_sixteen_digits__are_read),
        cmocka_unit_test(u16s_to_utf8__every_code_point__round_trips),
        cmocka_unit_test(u16s_to_utf8__lone_surrogates__become_fffd),
        cmocka_unit_test(u16s_to_utf8__small_room__never_half_a_character),
        cmocka_unit_test(u16buf_add_utf8__ill_formed__fails_at_the_byte),
        cmocka_unit_test(u16buf_add_utf8__bom__is_skipped_at_the_start_only),
        cmocka_unit_test(u16buf_add_utf8__no_room_for_a_pair__drops_both_halves),
        cmocka_unit_test(u16s_without__tail_there_or_not__cuts_once),
    };
    return cmocka_run_group_tests_name("u16", tests, NULL, NULL);
}
