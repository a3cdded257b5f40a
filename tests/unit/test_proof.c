#include "core/proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[PROOF_KEY_BYTES] = "key of this";
static const struct proof held = { .end = PROOF_HELD,
                                   .outside_denied = 8,
                                   .outside_total = 8,
                                   .inside_allowed = 5,
                                   .inside_total = 5,
                                   .time = 0x01DC1234567890ABu,
                                   .net_held = 0x208 };
static uint8_t bytes[PROOF_BYTES];

static void write_held(void)
{
    struct proof_file file = { { held,
                                 { .end = PROOF_ESCAPED, .outside_total = 300 },
                                 { .end = PROOF_BROKEN, .inside_total = 3 } } };

    memset(bytes, 0xEE, sizeof bytes);
    proof_write(&file, key, bytes);
}

/* The sum made right again, as one who forges or a later version would have it. */
static void sum_up(void)
{
    sha256(bytes, PROOF_BYTES - SHA256_BYTES, bytes + PROOF_BYTES - SHA256_BYTES);
}

static void proof__written__is_read_back(void **state)
{
    struct proof_file file;

    (void)state;
    write_held();
    assert_true(proof_read(bytes, sizeof bytes, key, &file));
    assert_int_equal(file.of[0].end, PROOF_HELD);
    assert_int_equal(file.of[0].outside_denied, 8);
    assert_int_equal(file.of[0].outside_total, 8);
    assert_int_equal(file.of[0].inside_allowed, 5);
    assert_int_equal(file.of[0].inside_total, 5);
    assert_true(file.of[0].time == held.time);
    assert_int_equal(file.of[1].end, PROOF_ESCAPED);
    assert_int_equal(file.of[1].outside_total, 300);
    assert_int_equal(file.of[2].end, PROOF_BROKEN);
    assert_int_equal(file.of[0].net_held, 0x208);
}

static void proof__its_bytes__are_as_documented(void **state)
{
    static const uint8_t slot[] = { 1,    0,    0,    0,    8,    0,    8,    0,
                                    5,    0,    5,    0,    0xAB, 0x90, 0x78, 0x56,
                                    0x34, 0x12, 0xDC, 0x01, 0x08, 0x02, 0,    0 };

    (void)state;
    write_held();
    assert_int_equal(PROOF_BYTES, 196);
    assert_memory_equal(bytes, "RFPROOF3", 8);
    assert_memory_equal(bytes + 8, key, PROOF_KEY_BYTES);
    assert_memory_equal(bytes + 20, slot, sizeof slot);
}

static void read__torn_at_any_length__is_refused(void **state)
{
    struct proof_file file = { { { .time = 77 } } };
    uint8_t longer[PROOF_BYTES + 1] = { 0 };

    (void)state;
    write_held();
    for (size_t n = 0; n < PROOF_BYTES; n++)
        assert_false(proof_read(bytes, n, key, &file));
    memcpy(longer, bytes, PROOF_BYTES);
    assert_false(proof_read(longer, sizeof longer, key, &file));
    assert_true(file.of[0].time == 77);
}

static void read__any_bit_flipped__is_refused(void **state)
{
    struct proof_file file;

    (void)state;
    write_held();
    for (size_t bit = 0; bit < (size_t)8 * PROOF_BYTES; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(proof_read(bytes, sizeof bytes, key, &file));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(proof_read(bytes, sizeof bytes, key, &file));
}

static void read__another_key__is_refused(void **state)
{
    uint8_t other[PROOF_KEY_BYTES];
    struct proof_file file;

    (void)state;
    write_held();
    for (size_t i = 0; i < PROOF_KEY_BYTES; i++) {
        memcpy(other, key, sizeof other);
        other[i]++;
        assert_false(proof_read(bytes, sizeof bytes, other, &file));
    }
}

static void read__sound_sum_over_nonsense__is_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {
        { 7, '1' },          /* another version of the file */
        { 20, PROOF_ENDS },  /* no such end */
        { 23, 1 },           /* nor this */
        { 24, 7 },           /* held, with 7 of 8 denied */
        { 26, 9 },           /* with 8 of 9 */
        { 28, 4 },           /* with 4 of 5 inside */
        { 44, PROOF_HELD },  /* the second: nothing of it did */
        { 140, PROOF_HELD }, /* and the last */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct proof_file file;

        write_held();
        bytes[bad[i].at] = bad[i].value;
        sum_up();
        assert_false(proof_read(bytes, sizeof bytes, key, &file));
    }
}

static void held__nothing_tried__is_not(void **state)
{
    struct proof p = { 0 };

    (void)state;
    assert_false(proof_has_held(&p));
    assert_true(proof_has_held(&held));
    p = held;
    p.inside_total = p.inside_allowed = 0;
    assert_false(proof_has_held(&p));
}

static void key__any_field_different__is_another(void **state)
{
    static const struct proof_machine here = { 10, 0, 26100, 2033, 64, "0.1.0", "" };
    struct proof_machine other[7] = { here, here, here, here, here, here, here };
    uint8_t is[PROOF_KEY_BYTES], again[PROOF_KEY_BYTES];
    struct proof_machine same = here;

    (void)state;
    other[0].major++;
    other[1].minor++;
    other[2].build++;
    other[3].revision++;
    other[4].bits = 32;
    memcpy(other[5].version, "0.1.1", 5);
    memcpy(other[6].wine, "8.0", 3);
    proof_key(&here, is);
    proof_key(&same, again);
    assert_memory_equal(is, again, sizeof is);
    for (size_t i = 0; i < 7; i++) {
        proof_key(&other[i], again);
        assert_memory_not_equal(is, again, sizeof is);
    }
}

static void proof_key_on__each_kind_of_place__has_its_own(void **state)
{
    static const struct {
        bool services;
        const char16_t *station;
        unsigned as; /* the row with the same key */
    } rows[] = {
        { false, u"WinSta0", 0 },
        { false, u"winsta0", 0 },
        { true, u"WinSta0", 2 },
        { true, u"Service-0x0-3e7$", 3 },
        { true, u"Service-0x0-8f1c2$", 3 }, /* of the next logon */
        { false, u"Service-0x0-8f1c2$", 5 },
        { false, u"msswindowstation", 6 },
        { true, u"msswindowstation", 7 },
        { true, u"", 8 },
    };
    uint8_t made[sizeof rows / sizeof rows[0]][PROOF_KEY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(made[i], key, PROOF_KEY_BYTES);
        proof_key_on(rows[i].services, u16s_of(rows[i].station), made[i]);
        for (size_t k = 0; k < i; k++)
            if (!memcmp(made[i], made[k], PROOF_KEY_BYTES) != (rows[i].as == rows[k].as))
                fail_msg("rows %u and %u", (unsigned)k, (unsigned)i);
    }
    assert_memory_equal(made[0], key, PROOF_KEY_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_key_on__each_kind_of_place__has_its_own),
        cmocka_unit_test(proof__written__is_read_back),
        cmocka_unit_test(proof__its_bytes__are_as_documented),
        cmocka_unit_test(read__torn_at_any_length__is_refused),
        cmocka_unit_test(read__any_bit_flipped__is_refused),
        cmocka_unit_test(read__another_key__is_refused),
        cmocka_unit_test(read__sound_sum_over_nonsense__is_refused),
        cmocka_unit_test(held__nothing_tried__is_not),
        cmocka_unit_test(key__any_field_different__is_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
