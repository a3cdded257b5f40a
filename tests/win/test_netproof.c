/* SPDX-License-Identifier: MIT
 *
 * Claim: what the tries and bursts report is what happened.  Nothing filters or caps
 * here: that all of it goes through is the control for a machine where it must not.
 */
#include "runner/netproof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void run__one_kind__others_stay_as_they_are(void **state)
{
    static struct netcheck n;

    (void)state;
    netproof_run(NETPROOF_KIND(NETCHECK_UDP4), 0, &n);
    for (unsigned way = 0; way < NETCHECK_WAYS; way++) {
        assert_int_not_equal(n.try[NETCHECK_UDP4][way].end, NETCHECK_UNTRIED);
        assert_int_equal(n.try[NETCHECK_TCP4][way].end, NETCHECK_UNTRIED);
        assert_int_equal(n.try[NETCHECK_UDP6][way].end, NETCHECK_UNTRIED);
    }
}

static void run__all_kinds__each_try_has_an_end(void **state)
{
    static struct netcheck n;
    struct netcheck_verdict v;

    (void)state;
    netproof_run(NETPROOF_ALL, 50, &n);
    for (unsigned bit = 0; bit < NETCHECK_BITS; bit++)
        assert_int_not_equal(n.try[bit / NETCHECK_WAYS][bit % NETCHECK_WAYS].end,
                             NETCHECK_UNTRIED);
    netcheck_judge(&n, &v);
    assert_false(v.blocked);
    for (unsigned family = 0; family < NETCHECK_FAMILIES; family++) {
        bool route = netproof_has_route(family);

        print_message("IPv%d: %s\n", family ? 6 : 4, route ? "a route" : "no route");
        if (route || family == 0) /* Wine finds none for IPv6 */
            assert_int_equal(v.state[family], route ? NETCHECK_OPEN : NETCHECK_NO_ROUTE);
    }
}

static void loopback__closed_port__is_not_refused_as_a_filter_does(void **state)
{
    struct netcheck_try loopback[NETCHECK_FAMILIES];

    (void)state;
    memset(loopback, 0, sizeof loopback);
    netproof_loopback(loopback);
    assert_int_not_equal(loopback[0].end, NETCHECK_UNTRIED);
    assert_false(loopback[0].end == NETCHECK_ENDED && loopback[0].code == 10013);
}

static void to_self__nothing_holds_it__all_comes_back(void **state)
{
    struct netcheck_burst burst;

    (void)state;
    netproof_to_self(&burst);
    assert_int_equal(burst.offered, 64000);
    assert_int_equal(burst.taken, burst.offered);
}

static void burst__nothing_holds_it__all_is_taken_and_leaves(void **state)
{
    struct netcheck_burst burst;

    (void)state;
    if (!netproof_has_route(0)) {
        print_message("SKIP the burst: no route to 192.0.2.1 here\n");
        skip();
    }
    netproof_burst(NETCHECK_UDP4, NETCHECK_OWN, &burst);
    assert_int_equal(burst.offered, 16000);
    assert_int_equal(burst.taken, burst.offered);
    if (burst.counted)
        assert_true(burst.left >= burst.offered);
    else
        print_message("SKIP what left: this system counts no bytes\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__one_kind__others_stay_as_they_are),
        cmocka_unit_test(run__all_kinds__each_try_has_an_end),
        cmocka_unit_test(loopback__closed_port__is_not_refused_as_a_filter_does),
        cmocka_unit_test(to_self__nothing_holds_it__all_comes_back),
        cmocka_unit_test(burst__nothing_holds_it__all_is_taken_and_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
