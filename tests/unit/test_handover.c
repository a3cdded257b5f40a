#include "core/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct handover_order order_of(bool rotate)
{
    struct handover_order order = { .rotate = rotate };

    for (size_t i = 0; i < PASSWORD_LEN; i++) {
        order.passwords.text[0][i] = u"aB3-cccccccccccccccccccccccccccc"[i];
        order.passwords.text[1][i] = u"Zz9_dddddddddddddddddddddddddddd"[i];
    }
    return order;
}

static bool is_zero(const void *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (((const uint8_t *)data)[i])
            return false;
    return true;
}

static void handover_order__there_and_back__is_the_same(void **state)
{
    (void)state;
    for (int rotate = 0; rotate < 2; rotate++) {
        struct handover_order order = order_of(rotate), back;
        uint8_t bytes[HANDOVER_ORDER_BYTES];

        memset(&back, 0x55, sizeof back);
        handover_format_order(&order, bytes);
        assert_true(handover_parse_order(&back, bytes, sizeof bytes));
        assert_int_equal(back.rotate, rotate);
        assert_memory_equal(&back.passwords, &order.passwords, sizeof order.passwords);
    }
}

static void handover_order__any_size_or_head_byte_wrong__is_refused_and_zero(void **state)
{
    struct handover_order order = order_of(false), back;
    uint8_t bytes[HANDOVER_ORDER_BYTES];

    (void)state;
    handover_format_order(&order, bytes);
    for (size_t size = 0; size < sizeof bytes; size++) {
        memset(&back, 0x55, sizeof back);
        assert_false(handover_parse_order(&back, bytes, size));
        assert_true(is_zero(&back, sizeof back));
    }
    for (size_t i = 0; i < HANDOVER_HEAD_BYTES; i++) {
        bytes[i] ^= 0x82;
        memset(&back, 0x55, sizeof back);
        assert_false(handover_parse_order(&back, bytes, sizeof bytes));
        assert_true(is_zero(&back, sizeof back));
        bytes[i] ^= 0x82;
    }
    assert_true(handover_parse_order(&back, bytes, sizeof bytes));
}

static void handover_order__unsound_password__is_refused_and_zero(void **state)
{
    struct handover_order order = order_of(false), back;
    uint8_t bytes[HANDOVER_ORDER_BYTES];

    (void)state;
    order.passwords.text[1][7] = u'"';
    handover_format_order(&order, bytes);
    assert_false(handover_parse_order(&back, bytes, sizeof bytes));
    assert_true(is_zero(&back, sizeof back));
}

static void handover_order__empty__has_no_passwords(void **state)
{
    struct handover_order order = { .empty = true }, back;
    uint8_t bytes[HANDOVER_ORDER_BYTES];

    (void)state;
    handover_format_order(&order, bytes);
    assert_true(handover_parse_order(&back, bytes, sizeof bytes));
    assert_true(back.empty && !back.rotate);
    assert_true(is_zero(&back.passwords, sizeof back.passwords));
    bytes[HANDOVER_HEAD_BYTES + 3] = 1;
    assert_false(handover_parse_order(&back, bytes, sizeof bytes));
    order = order_of(false);
    order.empty = true;
    handover_format_order(&order, bytes);
    assert_false(handover_parse_order(&back, bytes, sizeof bytes));
}

static void handover_answer__there_and_back__bounded(void **state)
{
    struct handover_answer answer = { 26, HANDOVER_TEXT_MAX, 77 }, back = { 0, 0, 0 };
    uint8_t head[HANDOVER_HEAD_BYTES];

    (void)state;
    handover_format_answer(&answer, head);
    assert_true(handover_parse_answer(&back, head));
    assert_memory_equal(&back, &answer, sizeof back);
    answer.text_bytes++;
    handover_format_answer(&answer, head);
    assert_false(handover_parse_answer(&back, head));
    answer = (struct handover_answer){ 26, 10, 11 };
    handover_format_answer(&answer, head);
    assert_false(handover_parse_answer(&back, head));
    answer.err_bytes = 10;
    handover_format_answer(&answer, head);
    assert_true(handover_parse_answer(&back, head));
    head[0] = 'x';
    back.exit_code = 1;
    assert_false(handover_parse_answer(&back, head));
    assert_int_equal(back.exit_code, 1);
}

static void handover_is_name__anything_but_hex__is_not(void **state)
{
    static const char16_t good[] = u"0123456789abcdef0123456789abcdef";
    char16_t text[HANDOVER_NAME_LEN];

    (void)state;
    assert_true(handover_is_name(good, HANDOVER_NAME_LEN));
    assert_false(handover_is_name(good, HANDOVER_NAME_LEN - 1));
    for (size_t i = 0; i < HANDOVER_NAME_LEN; i++) {
        memcpy(text, good, sizeof text);
        text[i] = u"\\./:AFGg"[i % 8];
        assert_false(handover_is_name(text, HANDOVER_NAME_LEN));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handover_order__there_and_back__is_the_same),
        cmocka_unit_test(
            handover_order__any_size_or_head_byte_wrong__is_refused_and_zero),
        cmocka_unit_test(handover_order__unsound_password__is_refused_and_zero),
        cmocka_unit_test(handover_order__empty__has_no_passwords),
        cmocka_unit_test(handover_answer__there_and_back__bounded),
        cmocka_unit_test(handover_is_name__anything_but_hex__is_not),
    };
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
