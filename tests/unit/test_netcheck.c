#include "core/netcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ALL ((1u << NETCHECK_WAYS) - 1)

static struct netcheck_try tries[NETCHECK_WAYS];

static void all_refused(void)
{
    for (unsigned i = 0; i < NETCHECK_WAYS; i++)
        tries[i] = (struct netcheck_try){ NETCHECK_ENDED, 10013 };
}

static void blocked__every_way_refused__yes(void **state)
{
    uint32_t tried = 0, out = 1;

    (void)state;
    all_refused();
    netcheck_sum(tries, &tried, &out);
    assert_int_equal(tried, ALL);
    assert_int_equal(out, 0);
    assert_true(netcheck_blocked(tries));
}

static void blocked__nothing_tried__no(void **state)
{
    static const struct netcheck_try none[NETCHECK_WAYS];
    uint32_t tried = 1, out = 1;

    (void)state;
    netcheck_sum(none, &tried, &out);
    assert_int_equal(tried | out, 0);
    assert_false(netcheck_blocked(none));
}

/* Each way by itself, with everything that can come back but a refusal. */
static void blocked__one_way_out__no_and_it_is_named(void **state)
{
    static const struct netcheck_try outs[] = {
        { NETCHECK_ENDED, 0 },       { NETCHECK_ENDED, 10061 }, { NETCHECK_ENDED, 10060 },
        { NETCHECK_ENDED, 10035 },   { NETCHECK_ENDED, 5 },     { NETCHECK_PENDING, 0 },
        { NETCHECK_PENDING, 10013 },
    };

    (void)state;
    for (unsigned way = 0; way < NETCHECK_WAYS; way++)
        for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++) {
            uint32_t tried = 0, out = 0;

            all_refused();
            tries[way] = outs[i];
            netcheck_sum(tries, &tried, &out);
            assert_int_equal(tried, ALL);
            assert_int_equal(out, 1u << way);
            assert_false(netcheck_blocked(tries));
        }
}

static void blocked__no_route__shows_nothing(void **state)
{
    static const uint32_t codes[] = { 10047, 10049, 10050, 10051, 10065 };

    (void)state;
    for (unsigned way = 0; way < NETCHECK_WAYS; way++)
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
            uint32_t tried = 0, out = 0;

            all_refused();
            tries[way].code = codes[i];
            netcheck_sum(tries, &tried, &out);
            assert_int_equal(tried, ALL & ~(1u << way));
            assert_int_equal(out, 0);
            assert_false(netcheck_blocked(tries));
        }
}

/* A token that cannot be had is no way out; but our own try must have been made. */
static void blocked__no_token_or_socket__is_closed_but_for_our_own(void **state)
{
    (void)state;
    for (unsigned way = 0; way < NETCHECK_WAYS; way++) {
        all_refused();
        tries[way].end = NETCHECK_NO_TOKEN;
        assert_int_equal(netcheck_blocked(tries), way != NETCHECK_OWN);
        tries[way].end = NETCHECK_NO_SOCKET;
        assert_int_equal(netcheck_blocked(tries), way != NETCHECK_OWN);
    }
}

static void name__every_way__has_one(void **state)
{
    (void)state;
    for (unsigned way = 0; way < NETCHECK_WAYS; way++)
        assert_true(netcheck_name((enum netcheck_way)way)[0] != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocked__every_way_refused__yes),
        cmocka_unit_test(blocked__nothing_tried__no),
        cmocka_unit_test(blocked__one_way_out__no_and_it_is_named),
        cmocka_unit_test(blocked__no_route__shows_nothing),
        cmocka_unit_test(blocked__no_token_or_socket__is_closed_but_for_our_own),
        cmocka_unit_test(name__every_way__has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
