#include "core/sid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void sid_ours__digest__gives_its_first_96_bits(void **state)
{
    static const uint8_t digest[32] = { 0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF,
                                        0xFE, 0x12, 0x34, 0x56, 0x78, 0x9A };
    struct sid sid = sid_ours(digest);

    (void)state;
    assert_int_equal(sid.sub_count, 5);
    assert_int_equal(sid.authority[5], 5);
    assert_int_equal(sid.sub[0], 21);
    assert_int_equal(sid.sub[1], 0x52494E47); /* "RING" */
    assert_int_equal(sid.sub[2], 1);
    assert_int_equal(sid.sub[3], 0xFFFFFFFEu);
    assert_int_equal(sid.sub[4], 0x12345678);
    assert_true(sid_is_ours(&sid));
    assert_int_equal(sid_bytes(&sid), 28);
}

static void sid_is_ours__neighbours__are_not(void **state)
{
    struct sid everyone = sid_everyone();
    struct sid domain = { .revision = 1, .sub_count = 2, .authority = { [5] = 5 } };

    (void)state;
    assert_false(sid_is_ours(&everyone));
    domain.sub[0] = 21;
    domain.sub[1] = SID_OURS + 1;
    assert_false(sid_is_ours(&domain));
    domain.sub[1] = SID_OURS;
    assert_true(sid_is_ours(&domain));
    domain.authority[0] = 1;
    assert_false(sid_is_ours(&domain));
    domain.authority[0] = 0;
    domain.sub_count = 1;
    assert_false(sid_is_ours(&domain));
}

static void sid_read__any_alignment__gives_the_same_sid(void **state)
{
    static const uint8_t digest[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    struct sid sid = sid_ours(digest), copy;
    uint8_t shifted[72];

    (void)state;
    memcpy(shifted + 1, &sid, sizeof sid);
    assert_true(sid_read(&copy, shifted + 1, sid_bytes(&sid)));
    assert_true(sid_eq(&sid, &copy));
    copy.sub[4]++;
    assert_false(sid_eq(&sid, &copy));
}

static void sid_read__cut_or_foreign__fails_and_leaves_it(void **state)
{
    static const uint8_t digest[32] = { 7 };
    struct sid sid = sid_ours(digest);
    struct sid out = { .sub_count = 9 };
    uint8_t bytes[68];

    (void)state;
    memcpy(bytes, &sid, sizeof sid);
    for (size_t n = 0; n < sid_bytes(&sid); n++)
        assert_false(sid_read(&out, bytes, n));
    bytes[0] = 2;
    assert_false(sid_read(&out, bytes, sizeof bytes));
    bytes[0] = 1;
    bytes[1] = 16; /* more than a SID may have */
    assert_false(sid_read(&out, bytes, sizeof bytes));
    assert_int_equal(out.sub_count, 9);
}

static void assert_sid_text(const struct sid *sid, const char16_t *want)
{
    char16_t text[SID_TEXT_CAP];
    struct u16buf out = U16BUF(text);

    sid_format(sid, &out);
    assert_false(out.cut);
    assert_true(u16s_eq(u16buf_text(&out), u16s_of(want)));
}

static void sid_parse__texts__come_back_the_same(void **state)
{
    static const char16_t *const same[] = {
        u"S-1-0-0",
        u"S-1-5-32-544",
        u"S-1-4294967295-1",
        u"S-1-0x000100000000-4294967295",
        u"S-1-0xffffffffffff-4294967295-4294967295-4294967295-4294967295-4294967295-"
        u"4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-"
        u"4294967295-4294967295-4294967295",
        u"S-1-5",
    };

    (void)state;
    assert_int_equal(u16_len(same[4]), SID_TEXT_CAP - 1); /* the longest there is */
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct sid sid;

        assert_true(sid_parse(&sid, u16s_of(same[i])));
        assert_sid_text(&sid, same[i]);
    }
}

static void sid_parse__well_known__gives_its_parts(void **state)
{
    struct sid sid, users = sid_well_known(SID_USERS);

    (void)state;
    assert_true(sid_parse(&sid, U16S("s-1-5-32-545")));
    assert_true(sid_eq(&sid, &users));
    assert_int_equal(sid.authority[5], 5);
    assert_int_equal(sid.sub_count, 2);
    assert_true(sid_parse(&sid, U16S("S-1-0x000000000005-18")));
    assert_sid_text(&sid, u"S-1-5-18");
}

static void sid_parse__bad_text__fails_and_leaves_the_sid(void **state)
{
    static const char16_t *const bad[] = {
        u"",
        u"S",
        u"S-1",
        u"S-1-",
        u"S-2-5-18",
        u"S-1-5-",
        u"S-1--5",
        u"S-1-5-4294967296",
        u"S-1-4294967296-1",
        u"S-1-5-032",
        u"S-1-5-18 ",
        u" S-1-5-18",
        u"S-1-5-1x",
        u"S-1-0x5-18",
        u"S-1-0x00000000000g-18",
        u"S-1-0x0000000000005-18",
        u"S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
        u"SY",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sid sid = { .sub_count = 9 };

        assert_false(sid_parse(&sid, u16s_of(bad[i])));
        assert_int_equal(sid.sub_count, 9);
    }
}

static void sid_well_known__each__has_its_number(void **state)
{
    static const char16_t *const want[SID_KNOWN_COUNT] = {
        [SID_CREATOR_OWNER] = u"S-1-3-0",     [SID_OWNER_RIGHTS] = u"S-1-3-4",
        [SID_AUTHENTICATED] = u"S-1-5-11",    [SID_RESTRICTED] = u"S-1-5-12",
        [SID_SYSTEM] = u"S-1-5-18",           [SID_ADMINISTRATORS] = u"S-1-5-32-544",
        [SID_USERS] = u"S-1-5-32-545",        [SID_ALL_APP_PACKAGES] = u"S-1-15-2-1",
        [SID_WRITE_RESTRICTED] = u"S-1-5-33",
    };
    struct sid sid = sid_everyone();

    (void)state;
    assert_sid_text(&sid, u"S-1-1-0");
    for (unsigned i = 0; i < SID_KNOWN_COUNT; i++) {
        sid = sid_well_known((enum sid_known)i);
        assert_sid_text(&sid, want[i]);
        assert_false(sid_is_label(&sid));
    }
    sid = sid_label(SID_LEVEL_LOWERED);
    assert_sid_text(&sid, u"S-1-16-6144");
    assert_true(sid_is_label(&sid));
    sid.sub_count = 0;
    assert_false(sid_is_label(&sid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sid_ours__digest__gives_its_first_96_bits),
        cmocka_unit_test(sid_is_ours__neighbours__are_not),
        cmocka_unit_test(sid_read__any_alignment__gives_the_same_sid),
        cmocka_unit_test(sid_read__cut_or_foreign__fails_and_leaves_it),
        cmocka_unit_test(sid_parse__texts__come_back_the_same),
        cmocka_unit_test(sid_parse__well_known__gives_its_parts),
        cmocka_unit_test(sid_parse__bad_text__fails_and_leaves_the_sid),
        cmocka_unit_test(sid_well_known__each__has_its_number),
    };
    return cmocka_run_group_tests_name("sid", tests, NULL, NULL);
}
