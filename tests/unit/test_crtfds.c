#include "core/crtfds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Four descriptors as a 64-bit parent hands them down; number 2 is closed. */
static const uint8_t four[] = {
    4,    0,    0,    0,                            /* count */
    0x01, 0x41, 0x00, 0x09,                         /* flags: open, open, not, open */
    0x10, 0,    0,    0,    0,    0,    0,    0,    /* handles */
    0x14, 0,    0,    0,    0,    0,    0,    0,    /* */
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* */
    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
};

static void crtfds_handle__open_descriptor__gives_its_handle(void **state)
{
    (void)state;
    assert_int_equal(crtfds_count(four, sizeof four, 8), 4);
    assert_true(crtfds_handle(four, sizeof four, 8, 0) == 0x10);
    assert_true(crtfds_handle(four, sizeof four, 8, 3) == 0x1122334455667788u);
}

static void crtfds_handle__closed_or_absent__gives_none(void **state)
{
    (void)state;
    assert_true(crtfds_handle(four, sizeof four, 8, 2) == 0);
    assert_true(crtfds_handle(four, sizeof four, 8, 4) == 0);
    assert_true(crtfds_handle(four, sizeof four, 8, SIZE_MAX) == 0);
    assert_true(crtfds_handle(NULL, 0, 8, 0) == 0);
}

static void crtfds_count__cut_anywhere__is_zero(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof four; n++)
        assert_int_equal(crtfds_count(four, n, 8), 0);
}

static void crtfds_count__absurd_count__is_zero(void **state)
{
    uint8_t block[sizeof four];

    (void)state;
    memcpy(block, four, sizeof four);
    memset(block, 0xFF, 4);
    assert_int_equal(crtfds_count(block, sizeof block, 8), 0);
    assert_int_equal(crtfds_count(block, sizeof block, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crtfds_handle__open_descriptor__gives_its_handle),
        cmocka_unit_test(crtfds_handle__closed_or_absent__gives_none),
        cmocka_unit_test(crtfds_count__cut_anywhere__is_zero),
        cmocka_unit_test(crtfds_count__absurd_count__is_zero),
    };
    return cmocka_run_group_tests_name("crtfds", tests, NULL, NULL);
}
