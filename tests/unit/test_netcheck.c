#include "core/netcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL ((1u << NETCHECK_BITS) - 1)
#define V4  ((1u << (2 * NETCHECK_WAYS)) - 1)

static struct netcheck n;
static struct netcheck_verdict v;

static void fill(unsigned family, struct netcheck_try with)
{
    for (unsigned way = 0; way < NETCHECK_WAYS; way++)
        n.try[2 * family][way] = n.try[2 * family + 1][way] = with;
}

static const struct netcheck_try refused = { NETCHECK_ENDED, 10013 };
static const struct netcheck_try no_route = { NETCHECK_ENDED, 10051 };
static const struct netcheck_try pending = { NETCHECK_PENDING, 0 };
static const struct netcheck_try done = { NETCHECK_ENDED, 0 };

static int all_refused(void **state)
{
    (void)state;
    memset(&n, 0, sizeof n);
    fill(0, refused);
    fill(1, refused);
    return 0;
}

/* As on a Windows whose filters do their work: only the copy that cannot be matched gets
 * past them, and the cap takes one datagram and no more. */
static void past_the_filters(void)
{
    n.try[NETCHECK_TCP4][NETCHECK_DENY_ONLY] = pending;
    n.try[NETCHECK_UDP4][NETCHECK_DENY_ONLY] = done;
    n.cap_shown = true;
    n.uncapped = (struct netcheck_burst){ 16000, 16000, true, 17000 };
    n.capped = (struct netcheck_burst){ 16000, 1000, true, 1100 };
    n.to_self = (struct netcheck_burst){ 64000, 64000, false, 0 };
}

static const uint32_t past = NETCHECK_BIT(NETCHECK_TCP4, NETCHECK_DENY_ONLY) |
                             NETCHECK_BIT(NETCHECK_UDP4, NETCHECK_DENY_ONLY);

static void judge__every_way_refused__blocked(void **state)
{
    (void)state;
    netcheck_judge(&n, &v);
    assert_int_equal(v.tried, ALL);
    assert_int_equal(v.out | v.held, 0);
    assert_int_equal(v.state[0], NETCHECK_SHUT);
    assert_int_equal(v.state[1], NETCHECK_SHUT);
    assert_true(v.blocked);
}

static void judge__nothing_tried__not_blocked(void **state)
{
    (void)state;
    memset(&n, 0, sizeof n);
    netcheck_judge(&n, &v);
    assert_int_equal(v.tried | v.out | v.held, 0);
    assert_int_equal(v.state[0], NETCHECK_UNCLEAR);
    assert_false(v.blocked);
}

/* Each try by itself, with everything that can come back but a refusal, and no cap. */
static void judge__one_way_out__open_and_it_is_named(void **state)
{
    static const struct netcheck_try outs[] = {
        { NETCHECK_ENDED, 0 },       { NETCHECK_ENDED, 10061 }, { NETCHECK_ENDED, 10060 },
        { NETCHECK_ENDED, 10035 },   { NETCHECK_ENDED, 5 },     { NETCHECK_PENDING, 0 },
        { NETCHECK_PENDING, 10013 },
    };

    for (unsigned bit = 0; bit < NETCHECK_BITS; bit++)
        for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++) {
            all_refused(state);
            n.try[bit / NETCHECK_WAYS][bit % NETCHECK_WAYS] = outs[i];
            netcheck_judge(&n, &v);
            assert_int_equal(v.tried, ALL);
            assert_int_equal(v.out, 1u << bit);
            assert_int_equal(v.state[bit / NETCHECK_WAYS / 2], NETCHECK_OPEN);
            assert_false(v.blocked);
        }
}

static void judge__past_the_filters__held_by_the_cap_and_named(void **state)
{
    (void)state;
    past_the_filters();
    netcheck_judge(&n, &v);
    assert_int_equal(v.held, past);
    assert_int_equal(v.out, 0);
    assert_int_equal(v.state[0], NETCHECK_SHUT);
    assert_true(v.blocked);
}

/* Every reason not to believe in the cap. */
static void judge__cap_not_seen_to_hold__out(void **state)
{
    for (int i = 0; i < 8; i++) {
        all_refused(state);
        past_the_filters();
        switch (i) {
        case 0:
            n.cap_shown = false; /* the system forgot it */
            break;
        case 1:
            n.capped = (struct netcheck_burst){ 0 }; /* there was no measuring */
            break;
        case 2:
            n.uncapped = (struct netcheck_burst){ 0 };
            break;
        case 3:
            n.uncapped.taken = 1000; /* the control was not done either */
            break;
        case 4: /* all was taken, and nobody counted */
            n.capped = (struct netcheck_burst){ 16000, 16000, false, 0 };
            break;
        case 5: /* all was taken and left */
            n.capped = (struct netcheck_burst){ 16000, 16000, true, 16900 };
            break;
        case 6: /* the counter does not follow: it proves nothing */
            n.capped = (struct netcheck_burst){ 16000, 16000, true, 0 };
            n.uncapped.left = 0;
            break;
        case 7: /* it holds loopback too, and so is not to be used */
            n.to_self.taken = 1000;
            break;
        }
        netcheck_judge(&n, &v);
        assert_int_equal(v.out, past);
        assert_int_equal(v.held, 0);
        assert_false(v.blocked);
    }
}

static void cap__taken_but_never_sent__holds(void **state)
{
    (void)state;
    past_the_filters();
    n.capped = (struct netcheck_burst){ 16000, 16000, true, 900 };
    assert_true(netcheck_cap_holds(&n));
    n.capped.left = 4001;
    assert_false(netcheck_cap_holds(&n));
}

static void cap__loopback__hurts_only_where_it_was_slowed(void **state)
{
    (void)state;
    past_the_filters();
    assert_false(netcheck_cap_hurts(&n));
    n.to_self.taken = 31000;
    assert_true(netcheck_cap_hurts(&n));
    n.to_self = (struct netcheck_burst){ 0 }; /* loopback is refused */
    assert_false(netcheck_cap_hurts(&n));
}

/* Our own token has to be stopped by the filters. */
static void judge__own_token_under_a_cap_that_holds__open(void **state)
{
    (void)state;
    past_the_filters();
    n.try[NETCHECK_TCP4][NETCHECK_OWN] = pending;
    netcheck_judge(&n, &v);
    assert_int_equal(v.out, NETCHECK_BIT(NETCHECK_TCP4, NETCHECK_OWN));
    assert_int_equal(v.held, past);
    assert_false(v.blocked);
}

static void judge__no_route_anywhere__blocked_only_by_loopback(void **state)
{
    static const uint32_t codes[] = { 10047, 10049, 10050, 10051, 10065 };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        memset(&n, 0, sizeof n);
        fill(0, (struct netcheck_try){ NETCHECK_ENDED, codes[i] });
        fill(1, (struct netcheck_try){ NETCHECK_NO_SOCKET, 10047 });
        netcheck_judge(&n, &v);
        assert_int_equal(v.tried | v.out | v.held, 0);
        assert_int_equal(v.state[0], NETCHECK_NO_ROUTE);
        assert_int_equal(v.state[1], NETCHECK_NO_ROUTE);
        assert_false(v.blocked);
        n.loopback[0] = (struct netcheck_try){ NETCHECK_ENDED, 10061 }; /* it is open */
        netcheck_judge(&n, &v);
        assert_false(v.blocked);
        n.loopback[0] = refused;
        netcheck_judge(&n, &v);
        assert_int_equal(v.state[0], NETCHECK_SHUT_LOCAL);
        assert_int_equal(v.state[1], NETCHECK_NO_ROUTE);
        assert_true(v.blocked);
    }
}

static void judge__one_family_has_a_route__the_other_does_not_matter(void **state)
{
    (void)state;
    past_the_filters();
    fill(1, no_route);
    netcheck_judge(&n, &v);
    assert_int_equal(v.tried, V4);
    assert_int_equal(v.state[1], NETCHECK_NO_ROUTE);
    assert_true(v.blocked);
    n.try[NETCHECK_TCP6][NETCHECK_ANONYMOUS] = pending;
    n.cap_shown = false;
    netcheck_judge(&n, &v);
    assert_int_equal(v.state[1], NETCHECK_OPEN);
    assert_false(v.blocked);
}

/* Binding is refused before a route is looked for, and not to a copy that passes. */
static void judge__refused_but_the_copy_has_no_route__shut_for_now(void **state)
{
    (void)state;
    n.try[NETCHECK_TCP4][NETCHECK_DENY_ONLY] = no_route;
    n.try[NETCHECK_UDP4][NETCHECK_DENY_ONLY] = no_route;
    netcheck_judge(&n, &v);
    assert_int_equal(v.state[0], NETCHECK_SHUT_LOCAL);
    assert_true(v.blocked);
}

/* One of them went while the others were tried: nothing is known. */
static void judge__one_has_a_route_and_another_none__unclear(void **state)
{
    (void)state;
    past_the_filters();
    n.try[NETCHECK_UDP4][NETCHECK_LOWERED] = no_route;
    netcheck_judge(&n, &v);
    assert_int_equal(v.state[0], NETCHECK_UNCLEAR);
    assert_false(v.blocked);
}

/* A token that cannot be had is no way out; but our own tries must have been made. */
static void judge__no_token_or_socket__shut_but_for_our_own(void **state)
{
    for (unsigned bit = 0; bit < NETCHECK_BITS; bit++)
        for (int i = 0; i < 3; i++) {
            static const struct netcheck_try ends[] = { { NETCHECK_NO_TOKEN, 0 },
                                                        { NETCHECK_NO_SOCKET, 10013 },
                                                        { NETCHECK_UNTRIED, 0 } };
            bool own = bit % NETCHECK_WAYS == NETCHECK_OWN;

            all_refused(state);
            n.try[bit / NETCHECK_WAYS][bit % NETCHECK_WAYS] = ends[i];
            netcheck_judge(&n, &v);
            assert_int_equal(v.blocked, !own && ends[i].end != NETCHECK_UNTRIED);
        }
}

static void burst__first_way_past_the_filters__unless_our_own_is_out(void **state)
{
    enum netcheck_kind kind = NETCHECK_KINDS;
    enum netcheck_way way = NETCHECK_WAYS;

    (void)state;
    assert_false(netcheck_needs_burst(&n, &kind, &way));
    n.try[NETCHECK_TCP6][NETCHECK_AFTER] = pending;
    n.try[NETCHECK_UDP4][NETCHECK_DENY_ONLY] = done;
    assert_true(netcheck_needs_burst(&n, &kind, &way));
    assert_int_equal(kind, NETCHECK_UDP4);
    assert_int_equal(way, NETCHECK_DENY_ONLY);
    n.try[NETCHECK_UDP6][NETCHECK_OWN] = done;
    assert_false(netcheck_needs_burst(&n, &kind, &way));
}

static void list__some__by_way_and_then_by_kind(void **state)
{
    char16_t text[256];
    struct u16buf b = U16BUF(text);

    (void)state;
    netcheck_list(past | NETCHECK_BIT(NETCHECK_UDP6, NETCHECK_OWN), &b);
    assert_true(u16s_is(u16buf_text(&b),
                        "own token (IPv6 UDP), deny-only copy (IPv4 TCP, IPv4 UDP)"));
}

static void name__every_way__has_one(void **state)
{
    (void)state;
    for (unsigned way = 0; way < NETCHECK_WAYS; way++)
        assert_true(netcheck_name((enum netcheck_way)way)[0] != 0);
}

#define TEST(f) cmocka_unit_test_setup(f, all_refused)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(judge__every_way_refused__blocked),
        TEST(judge__nothing_tried__not_blocked),
        TEST(judge__one_way_out__open_and_it_is_named),
        TEST(judge__past_the_filters__held_by_the_cap_and_named),
        TEST(judge__cap_not_seen_to_hold__out),
        TEST(cap__taken_but_never_sent__holds),
        TEST(cap__loopback__hurts_only_where_it_was_slowed),
        TEST(judge__own_token_under_a_cap_that_holds__open),
        TEST(judge__no_route_anywhere__blocked_only_by_loopback),
        TEST(judge__one_family_has_a_route__the_other_does_not_matter),
        TEST(judge__refused_but_the_copy_has_no_route__shut_for_now),
        TEST(judge__one_has_a_route_and_another_none__unclear),
        TEST(judge__no_token_or_socket__shut_but_for_our_own),
        TEST(burst__first_way_past_the_filters__unless_our_own_is_out),
        TEST(list__some__by_way_and_then_by_kind),
        TEST(name__every_way__has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
