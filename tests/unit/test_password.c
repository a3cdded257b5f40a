#include "core/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES  128u
#define ROUNDS 4000u

static uint64_t seed = 88172645463325252u;

static uint8_t next(void) /* xorshift: even enough to see a bias in */
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint8_t)(seed >> 32);
}

static void fill(uint8_t *bytes)
{
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = next();
}

static void password_make__random_bytes__keeps_the_rules(void **state)
{
    uint8_t bytes[BYTES];
    char16_t out[PASSWORD_CAP];
    unsigned made = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        fill(bytes);
        if (!password_make(out, bytes, BYTES))
            continue;
        made++;
        assert_int_equal(out[PASSWORD_LEN], 0);
        assert_true(password_is_sound(out));
        for (size_t k = 0; k < PASSWORD_LEN; k++)
            assert_null(strchr(" \t\"'`^%!&|<>()[]{}$;,=*?~#@:/\\", out[k]));
    }
    assert_in_range(made, ROUNDS * 6 / 10, ROUNDS * 9 / 10); /* 3 in 4 */
}

/* 256 is no multiple of 66: taken modulo, the first 58 would come up 4 times in 256, the
 * others 3 times. */
static void password_make__many__every_character_as_often(void **state)
{
    unsigned count[128] = { 0 }, total = 0;

    (void)state;
    for (unsigned i = 0; i < 5 * ROUNDS; i++) {
        uint8_t bytes[BYTES];
        char16_t out[PASSWORD_CAP];

        fill(bytes);
        if (!password_make(out, bytes, BYTES))
            continue;
        for (size_t k = 1; k < PASSWORD_LEN; k++, total++)
            count[out[k]]++;
    }
    for (char c = 'A'; c <= 'Z'; c++) { /* the class rules weigh on the rarer classes */
        assert_in_range(count[(unsigned char)c], total / 66 * 93 / 100,
                        total / 66 * 107 / 100);
        assert_in_range(count[(unsigned char)(c + 32)], total / 66 * 93 / 100,
                        total / 66 * 107 / 100);
    }
}

static void password_make__too_few_or_poor_bytes__fails_and_leaves_zeros(void **state)
{
    uint8_t bytes[BYTES] = { 0 };
    char16_t out[PASSWORD_CAP];
    static const char16_t zeros[PASSWORD_CAP];

    (void)state;
    memset(out, 0x55, sizeof out);
    assert_false(password_make(out, bytes, BYTES)); /* "AAAA…": one class */
    assert_memory_equal(out, zeros, sizeof out);
    memset(bytes, 0xFF, sizeof bytes); /* every byte beyond the last multiple */
    memset(out, 0x55, sizeof out);
    assert_false(password_make(out, bytes, BYTES));
    assert_memory_equal(out, zeros, sizeof out);
    fill(bytes);
    assert_false(password_make(out, bytes, PASSWORD_LEN - 1));
    assert_memory_equal(out, zeros, sizeof out);
    assert_false(password_make(out, NULL, 0));
}

static void password_is_sound__one_rule_broken__is_not(void **state)
{
    static const char16_t good[] = u"aB3-aaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        size_t at;
        char16_t c;
    } bad[] = { { 1, u'b' }, { 2, u'x' }, { 3, u'x' },      { 0, u'-' },
                { 0, u'7' }, { 9, u'%' }, { 9, u'\u00E9' }, { 31, 0 } };

    (void)state;
    assert_true(password_is_sound(good));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char16_t text[PASSWORD_LEN + 1];

        memcpy(text, good, sizeof text);
        text[bad[i].at] = bad[i].c;
        assert_false(password_is_sound(text));
    }
}

static void password_wipe__any__all_zero_and_nothing_else(void **state)
{
    uint8_t bytes[8];
    static const uint8_t want[8] = { 7, 0, 0, 0, 0, 0, 0, 7 };

    (void)state;
    memset(bytes, 7, sizeof bytes);
    password_wipe(bytes + 1, 6);
    assert_memory_equal(bytes, want, 8);
    password_wipe(bytes, 0);
    assert_int_equal(bytes[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(password_make__random_bytes__keeps_the_rules),
        cmocka_unit_test(password_make__many__every_character_as_often),
        cmocka_unit_test(password_make__too_few_or_poor_bytes__fails_and_leaves_zeros),
        cmocka_unit_test(password_is_sound__one_rule_broken__is_not),
        cmocka_unit_test(password_wipe__any__all_zero_and_nothing_else),
    };
    return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
