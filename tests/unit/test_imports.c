#include "core/bytes.h"
#include "core/imports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES 4096u
#define PE    128u
#define HEAD  (PE + 24) /* the optional header */
#define TABLE 1024u     /* the import directory */
#define SLOTS 2048u     /* the first descriptor's; the second's stand 256 further on */

/* An image that imports three functions from one module and two from another. */
static void make(uint8_t *image, size_t width)
{
    size_t dirs = HEAD + (width == 8 ? 108 : 92);

    memset(image, 0, BYTES);
    memcpy(image, "MZ", 2);
    bytes_put32(image + 60, PE);
    bytes_put32(image + PE, 0x4550);
    bytes_put16(image + PE + 20, 240);
    bytes_put16(image + HEAD, width == 8 ? 0x20B : 0x10B);
    bytes_put32(image + HEAD + 56, BYTES);
    bytes_put32(image + dirs, 16);
    bytes_put32(image + dirs + 4 + 8, TABLE);
    bytes_put32(image + dirs + 4 + 12, 3 * 20);
    bytes_put32(image + TABLE + 16, SLOTS);
    bytes_put32(image + TABLE + 20 + 16, SLOTS + 256);
    for (size_t i = 0; i < 3; i++)
        image[SLOTS + i * width] = 1;
    for (size_t i = 0; i < 2; i++)
        image[SLOTS + 256 + i * width + width - 1] = 1; /* the high byte alone */
}

/* How many slots come, all of them where they may be. */
static size_t count(const uint8_t *image, size_t bytes)
{
    struct imports walk;
    size_t at = 0, n = 0;

    if (!imports_begin(&walk, image, bytes))
        return 0;
    while (imports_next(&walk, &at)) {
        assert_true(at % walk.width == 0 && at + walk.width <= bytes);
        n++;
    }
    assert_false(imports_next(&walk, &at));
    return n;
}

static void imports_next__both_widths__all_slots_in_order(void **state)
{
    uint8_t image[BYTES];

    (void)state;
    for (size_t width = 4; width <= 8; width += 4) {
        const size_t want[] = { SLOTS, SLOTS + width, SLOTS + 2 * width, SLOTS + 256,
                                SLOTS + 256 + width };
        struct imports walk;
        size_t at = 0;

        make(image, width);
        assert_int_equal(imports_image_bytes(image, BYTES), BYTES);
        assert_true(imports_begin(&walk, image, BYTES));
        assert_int_equal(walk.width, width);
        for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
            assert_true(imports_next(&walk, &at));
            assert_int_equal(at, want[i]);
        }
        assert_false(imports_next(&walk, &at));
    }
}

static void imports_begin__no_pe_image__is_none(void **state)
{
    static const size_t spoiled[] = { 0, 1, 60 + 3, PE, PE + 21, HEAD, HEAD + 1 };
    uint8_t image[BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof spoiled / sizeof spoiled[0]; i++) {
        make(image, 8);
        image[spoiled[i]] ^= 0x40;
        assert_int_equal(count(image, BYTES), 0);
    }
    memset(image, 0, BYTES);
    assert_int_equal(count(image, BYTES), 0);
    assert_int_equal(imports_image_bytes(image, BYTES), 0);
}

static void imports_begin__no_imports__is_none(void **state)
{
    uint8_t image[BYTES];

    (void)state;
    make(image, 8);
    bytes_put32(image + HEAD + 108, 1); /* one directory: exports */
    assert_int_equal(count(image, BYTES), 0);
    make(image, 8);
    bytes_put32(image + HEAD + 108 + 4 + 8, 0);
    assert_int_equal(count(image, BYTES), 0);
}

/* On the heap, so that the sanitizer sees a byte too far. */
static void imports_next__cut_anywhere__stays_within(void **state)
{
    uint8_t image[BYTES];

    (void)state;
    make(image, 8);
    for (size_t bytes = 0; bytes <= BYTES; bytes++) {
        uint8_t *copy = malloc(bytes ? bytes : 1);

        assert_non_null(copy);
        memcpy(copy, image, bytes);
        (void)imports_image_bytes(copy, bytes);
        assert_true(count(copy, bytes) <= 5);
        free(copy);
    }
}

static void imports_next__slots_elsewhere__end_the_walk(void **state)
{
    static const uint32_t bad[] = { SLOTS + 4, BYTES, BYTES - 4, 0xFFFFFFF8u };
    uint8_t image[BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        make(image, 8);
        bytes_put32(image + TABLE + 20 + 16, bad[i]);
        assert_int_equal(count(image, BYTES), 3);
    }
}

/* A directory that is one long table of descriptors, each of which names it. */
static void imports_next__table_of_itself__has_an_end(void **state)
{
    size_t bytes = 1u << 20;
    uint8_t *image = malloc(bytes);

    (void)state;
    assert_non_null(image);
    make(image, 4);
    memset(image + BYTES, 1, bytes - BYTES);
    bytes_put32(image + HEAD + 92 + 8 + 4, BYTES);
    bytes_put32(image + HEAD + 92 + 12 + 4, (uint32_t)(bytes - BYTES));
    for (size_t at = BYTES; at + 20 <= bytes; at += 20)
        bytes_put32(image + at + 16, BYTES);
    assert_true(count(image, bytes) <= IMPORTS_MAX);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_next__both_widths__all_slots_in_order),
        cmocka_unit_test(imports_begin__no_pe_image__is_none),
        cmocka_unit_test(imports_begin__no_imports__is_none),
        cmocka_unit_test(imports_next__cut_anywhere__stays_within),
        cmocka_unit_test(imports_next__slots_elsewhere__end_the_walk),
        cmocka_unit_test(imports_next__table_of_itself__has_an_end),
    };
    return cmocka_run_group_tests_name("imports", tests, NULL, NULL);
}
