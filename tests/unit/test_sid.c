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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sid_ours__digest__gives_its_first_96_bits),
        cmocka_unit_test(sid_is_ours__neighbours__are_not),
        cmocka_unit_test(sid_read__any_alignment__gives_the_same_sid),
        cmocka_unit_test(sid_read__cut_or_foreign__fails_and_leaves_it),
    };
    return cmocka_run_group_tests_name("sid", tests, NULL, NULL);
}
