#include "core/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t machine[12] = "a machine  ", root[12] = "a root     ";

static struct record made(void)
{
    static struct policy policy;
    uint8_t plan[RECORD_KEY_BYTES];
    struct record r;

    policy_init(&policy);
    record_plan(&policy, plan);
    record_init(&r, machine, plan, root, 0);
    r.state = RECORD_READY;
    r.places = RECORD_TERMINAL;
    r.fence = FENCE_STRICT;
    record_seal(&r);
    return r;
}

static void record_is_sound__sealed__only_as_it_was(void **state)
{
    struct record r = made();

    (void)state;
    assert_true(record_is_sound(&r, sizeof r));
    assert_false(record_is_sound(&r, sizeof r - 1));
    assert_false(record_is_sound(&r, 0));
    for (size_t i = 0; i < sizeof r; i++) {
        ((uint8_t *)&r)[i] ^= 1;
        if (record_is_sound(&r, sizeof r))
            fail_msg("byte %u", (unsigned)i);
        ((uint8_t *)&r)[i] ^= 1;
    }
    assert_true(record_is_sound(&r, sizeof r));
}

static void record_is_sound__sealed_nonsense__is_refused(void **state)
{
    struct record r = made();

    (void)state;
    r.fence = 9;
    record_seal(&r);
    assert_false(record_is_sound(&r, sizeof r));
    r = made();
    r.tool_count = RECORD_TOOLS + 1;
    record_seal(&r);
    assert_false(record_is_sound(&r, sizeof r));
    r = made();
    r.state = 3;
    record_seal(&r);
    assert_false(record_is_sound(&r, sizeof r));
    r = made();
    memset(r.reason, 'x', sizeof r.reason); /* no terminator */
    record_seal(&r);
    assert_false(record_is_sound(&r, sizeof r));
}

static void record_is_for__other_machine_plan_or_root__is_not(void **state)
{
    struct record r = made();
    uint8_t plan[12];

    (void)state;
    memcpy(plan, r.plan, sizeof plan);
    assert_true(record_is_for(&r, machine, plan, root, UINT64_MAX));
    assert_false(record_is_for(&r, root, plan, root, 1));
    assert_false(record_is_for(&r, machine, machine, root, 1));
    assert_false(record_is_for(&r, machine, plan, machine, 1));
    record_init(&r, machine, plan, root, 0x0123456789ABCDEFu);
    assert_true(record_is_for(&r, machine, plan, root, 0x0123456789ABCDEEu));
    assert_false(record_is_for(&r, machine, plan, root, 0x0123456789ABCDEFu));
}

/* Whatever changes the walk or the proof changes the key; the rest of a policy does not.
 */
static void record_plan__each_key_of_the_policy__changes_it_or_not(void **state)
{
    static const struct {
        const char *text;
        bool changes;
    } rows[] = {
        { "git = commit", true },
        { "integrity = lowered", true },
        { "hard_links = write", true },
        { "fence = strict", true },
        { "protect = a", true },
        { "protect = b", true },
        { "protect = a, b", true },
        { "protect = b, a", true },
        { "protect = a, a", true },
        { "network = on", false },
        { "level = confined", false },
        { "root = C:\\x", false },
        { "appeared = quarantine", false },
    };
    static struct policy policy;
    uint8_t keys[1 + sizeof rows / sizeof rows[0]][12];
    struct err err;
    size_t line = 0;

    (void)state;
    policy_init(&policy);
    record_plan(&policy, keys[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64] = "[default]\n";

        strcat(text, rows[i].text);
        assert_true(
            policy_read(&policy, text, strlen(text), u16s_of(u"C:\\"), &line, &err));
        record_plan(&policy, keys[i + 1]);
        for (size_t k = 0; k <= i; k++)
            if ((memcmp(keys[k], keys[i + 1], 12) == 0) != (!rows[i].changes && k == 0) &&
                (rows[i].changes || k == 0))
                fail_msg("%s and row %u", rows[i].text, (unsigned)k);
    }
}

static void record_add_tool__more_than_fit__the_oldest_goes(void **state)
{
    struct record r = made();
    uint8_t key[RECORD_TOOLS + 1][7];

    (void)state;
    for (unsigned i = 0; i <= RECORD_TOOLS; i++) {
        char16_t dir = (char16_t)(u'a' + i);

        record_tool_key(U16S("C:\\bin"), (struct u16s){ &dir, 1 }, key[i]);
        assert_int_equal(record_tool_reads(&r, key[i]), RECORD_READS_UNKNOWN);
        record_add_tool(&r, key[i], i % 2);
        assert_int_equal(record_tool_reads(&r, key[i]),
                         i % 2 ? RECORD_READS_ALL : RECORD_READS_NOT);
    }
    assert_int_equal(r.tool_count, RECORD_TOOLS);
    assert_int_equal(record_tool_reads(&r, key[0]), RECORD_READS_UNKNOWN);
    assert_int_equal(record_tool_reads(&r, key[1]), RECORD_READS_ALL);
    record_add_tool(&r, key[1], false); /* known: changed in place */
    assert_int_equal(record_tool_reads(&r, key[1]), RECORD_READS_NOT);
    assert_int_equal(record_tool_reads(&r, key[2]), RECORD_READS_NOT);
    record_seal(&r);
    assert_true(record_is_sound(&r, sizeof r));
}

static void record_tool_key__path_and_directory__do_not_run_together(void **state)
{
    uint8_t a[7], b[7];

    (void)state;
    record_tool_key(U16S("ab"), U16S("c"), a);
    record_tool_key(U16S("a"), U16S("bc"), b);
    assert_memory_not_equal(a, b, 7);
}

static void record_add_places__of_the_same__only_then(void **state)
{
    struct record before = made(), r = made(), other;

    (void)state;
    before.places = RECORD_SERVICES;
    record_seal(&before);
    record_add_places(&r, &before, sizeof before);
    assert_int_equal(r.places, RECORD_TERMINAL | RECORD_SERVICES);
    for (unsigned i = 0; i < 7; i++) {
        r = made();
        other = before;
        other.machine[0] ^= i == 0;
        other.plan[0] ^= i == 1;
        other.root[0] ^= i == 2;
        other.fence ^= i == 3;
        other.enforced ^= i == 4;
        if (i == 5)
            other.state = RECORD_LOST;
        record_seal(&other);
        record_add_places(&r, &other, i == 6 ? 0 : sizeof other);
        if (r.places != RECORD_TERMINAL)
            fail_msg("row %u", i);
    }
    r.state =
        RECORD_LOST; /* what failed here says nothing of elsewhere, nor that of it */
    record_add_places(&r, &before, sizeof before);
    assert_int_equal(r.places, RECORD_TERMINAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_is_sound__sealed__only_as_it_was),
        cmocka_unit_test(record_is_sound__sealed_nonsense__is_refused),
        cmocka_unit_test(record_is_for__other_machine_plan_or_root__is_not),
        cmocka_unit_test(record_plan__each_key_of_the_policy__changes_it_or_not),
        cmocka_unit_test(record_add_tool__more_than_fit__the_oldest_goes),
        cmocka_unit_test(record_add_places__of_the_same__only_then),
        cmocka_unit_test(record_tool_key__path_and_directory__do_not_run_together),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
