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

static void crtfds_write__what_was_read__the_same_block(void **state)
{
    uint8_t flags[4], out[sizeof four];
    uint64_t handle[4];

    (void)state;
    for (size_t fd = 0; fd < 4; fd++) {
        flags[fd] = crtfds_flags(four, sizeof four, 8, fd);
        handle[fd] = crtfds_handle(four, sizeof four, 8, fd);
    }
    assert_int_equal(flags[1], 0x41);
    assert_int_equal(flags[2], 0);
    assert_int_equal(crtfds_flags(four, sizeof four, 8, 4), 0);
    assert_int_equal(crtfds_write(flags, handle, 4, 8, out, sizeof out), sizeof four);
    assert_memory_equal(out, four, sizeof four);
}

static void crtfds_write__no_room__writes_nothing(void **state)
{
    static const uint8_t flags[4] = { 1, 1, 1, 1 };
    static const uint64_t handle[4] = { 4, 8, 12, 16 };
    uint8_t out[sizeof four];

    (void)state;
    for (size_t cap = 0; cap < sizeof four; cap++) {
        uint8_t *room = malloc(cap ? cap : 1);

        assert_non_null(room);
        assert_int_equal(crtfds_write(flags, handle, 4, 8, room, cap), 0);
        free(room);
    }
    assert_int_equal(crtfds_write(flags, handle, 4, 4, out, sizeof out), 24);
    assert_int_equal(crtfds_count(out, 24, 4), 4);
    assert_true(crtfds_handle(out, 24, 4, 3) == 16);
}

static void crtfds_list__kernel_handles__are_in_it_once(void **state)
{
    uintptr_t list[3] = { 0 };
    size_t count = 0;

    (void)state;
    count = crtfds_list(list, count, 3, 8);
    count = crtfds_list(list, count, 3, 0);
    count = crtfds_list(list, count, 3, UINTPTR_MAX);     /* the process; none */
    count = crtfds_list(list, count, 3, UINTPTR_MAX - 1); /* the thread */
    count = crtfds_list(list, count, 3, 7);               /* a console's, Windows 7 */
    count = crtfds_list(list, count, 3, 8);
    assert_int_equal(count, 1);
    count = crtfds_list(list, count, 3, 12);
    count = crtfds_list(list, count, 3, 4);
    count = crtfds_list(list, count, 3, 16); /* no room */
    assert_int_equal(count, 3);
    assert_int_equal(list[0], 8);
    assert_int_equal(list[1], 12);
    assert_int_equal(list[2], 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crtfds_handle__open_descriptor__gives_its_handle),
        cmocka_unit_test(crtfds_handle__closed_or_absent__gives_none),
        cmocka_unit_test(crtfds_count__cut_anywhere__is_zero),
        cmocka_unit_test(crtfds_count__absurd_count__is_zero),
        cmocka_unit_test(crtfds_write__what_was_read__the_same_block),
        cmocka_unit_test(crtfds_write__no_room__writes_nothing),
        cmocka_unit_test(crtfds_list__kernel_handles__are_in_it_once),
    };
    return cmocka_run_group_tests_name("crtfds", tests, NULL, NULL);
}
