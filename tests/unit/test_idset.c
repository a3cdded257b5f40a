#include "core/idset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 3000u

static uint32_t seed = 1;

static struct idset_id random_id(void)
{
    struct idset_id id = { { 0 } };

    for (size_t i = 0; i < IDSET_ID_BYTES; i++) {
        seed = seed * 1664525u + 1013904223u;
        id.byte[i] = i % 5 ? 0 : (uint8_t)(seed >> 28); /* few, so that some are alike */
    }
    return id;
}

static void idset_sort__any_ids__has_each_once_and_no_other(void **state)
{
    static struct idset_id all[MANY], set[MANY];

    (void)state;
    for (size_t count = 0; count < MANY; count = count * 2 + 1) {
        size_t left = 0;

        for (size_t i = 0; i < count; i++)
            set[i] = all[i] = random_id();
        left = idset_sort(set, count);
        assert_true(left <= count);
        for (size_t i = 1; i < left; i++)
            assert_true(memcmp(&set[i - 1], &set[i], sizeof set[i]) < 0);
        for (size_t i = 0; i < count; i++)
            assert_true(idset_has(set, left, &all[i]));
        for (size_t i = 0; i < count; i++) {
            struct idset_id other = all[i];

            other.byte[1] = 1;
            assert_false(idset_has(set, left, &other));
        }
    }
}

static void idset_is_for__whole_and_this_roots__only(void **state)
{
    uint8_t root[SHA256_BYTES] = { 1 }, other[SHA256_BYTES] = { 2 };
    struct idset_head head = idset_head(root, 3);
    size_t bytes = sizeof head + 3 * sizeof(struct idset_id);

    (void)state;
    assert_true(idset_is_for(&head, bytes, root));
    assert_false(idset_is_for(&head, bytes, other));
    assert_false(idset_is_for(&head, bytes - 1, root));
    assert_false(idset_is_for(&head, bytes + 1, root));
    assert_false(idset_is_for(&head, sizeof head - 1, root));
    assert_false(idset_is_for(&head, 0, root));
    head.count = UINT64_MAX / sizeof(struct idset_id) + 2;
    assert_false(idset_is_for(&head, bytes, root));
    head = idset_head(root, 3);
    head.magic[7]++;
    assert_false(idset_is_for(&head, bytes, root));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idset_sort__any_ids__has_each_once_and_no_other),
        cmocka_unit_test(idset_is_for__whole_and_this_roots__only),
    };
    return cmocka_run_group_tests_name("idset", tests, NULL, NULL);
}
