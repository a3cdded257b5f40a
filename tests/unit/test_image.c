#include "core/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PE       128u
#define OPTIONAL 240u /* bytes of a PE32+ optional header */
#define TABLE    (PE + 24 + OPTIONAL)

/* The head of a file with two sections, the second of the given name. */
static void make(uint8_t *head, const char *name)
{
    memset(head, 0, IMAGE_HEAD_BYTES);
    memcpy(head, "MZ", 2);
    head[60] = PE;
    memcpy(head + PE, "PE\0\0", 4);
    head[PE + 6] = 2; /* NumberOfSections */
    head[PE + 20] = OPTIONAL;
    memcpy(head + TABLE, ".text\0\0\0", 8);
    memcpy(head + TABLE + 40, name, strlen(name));
}

static void image_is_ours__marked_section__is_known(void **state)
{
    uint8_t head[IMAGE_HEAD_BYTES];

    (void)state;
    make(head, IMAGE_SECTION);
    assert_true(image_is_ours(head, sizeof head));
    assert_true(image_is_ours(head, TABLE + 80));
}

static void image_is_ours__other_programs__are_not(void **state)
{
    static const char *const names[] = { ".data", ".ringe", ".ringfe", "ringf", ".ring" };
    uint8_t head[IMAGE_HEAD_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        make(head, names[i]);
        assert_false(image_is_ours(head, sizeof head));
    }
}

static void image_is_ours__one_section_fewer__is_not_looked_at(void **state)
{
    uint8_t head[IMAGE_HEAD_BYTES];

    (void)state;
    make(head, IMAGE_SECTION);
    head[PE + 6] = 1;
    assert_false(image_is_ours(head, sizeof head));
}

static void image_is_ours__cut_anywhere__is_not(void **state)
{
    uint8_t head[IMAGE_HEAD_BYTES];

    (void)state;
    make(head, IMAGE_SECTION);
    for (size_t n = 0; n < TABLE + 80; n++) {
        uint8_t *exact = malloc(n + 1); /* the sanitizer sees a byte read too far */

        memcpy(exact, head, n);
        assert_false(image_is_ours(exact, n));
        free(exact);
    }
}

static void image_is_ours__wild_offsets__stay_inside(void **state)
{
    uint8_t head[IMAGE_HEAD_BYTES];

    (void)state;
    for (unsigned offset = 0; offset < 0x10000; offset += 251) {
        make(head, IMAGE_SECTION);
        head[60] = (uint8_t)offset;
        head[61] = (uint8_t)(offset >> 8);
        head[63] = 0xFF;
        assert_false(image_is_ours(head, sizeof head));
    }
    make(head, ".other");
    head[PE + 6] = head[PE + 7] = 0xFF; /* 65,535 sections */
    assert_false(image_is_ours(head, sizeof head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_is_ours__marked_section__is_known),
        cmocka_unit_test(image_is_ours__other_programs__are_not),
        cmocka_unit_test(image_is_ours__one_section_fewer__is_not_looked_at),
        cmocka_unit_test(image_is_ours__cut_anywhere__is_not),
        cmocka_unit_test(image_is_ours__wild_offsets__stay_inside),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
