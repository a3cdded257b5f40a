/* SPDX-License-Identifier: MIT
 *
 * Claim: what the runner says of the network is what a child found that was started and
 * capped as commands are, and no older than the routes there are.
 */
#include "runner/netproof.h"
#include "runner/runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct runner runner;

static struct {
    struct netcheck found; /* by the child */
    bool starts, answers, capped;
    bool route[NETCHECK_FAMILIES];
    unsigned started, bursts;
} fake;

/* A child that says what it found, whole or in part. */
bool runner_start(const struct wire_start *start, struct runner_child *child,
                  struct wire_started *out, struct err *err)
{
    HANDLE to = (HANDLE)(uintptr_t)start->handle[1];
    DWORD done = 0;

    *child = (struct runner_child){ 0 };
    fake.started++;
    assert_true(start->flags & WIRE_START_OFFLINE);
    *out = (struct wire_started){ .got = fake.capped ? WIRE_GOT_NET_CAP : 0 };
    if (fake.starts)
        WriteFile(to, &fake.found, fake.answers ? sizeof fake.found : 5, &done, NULL);
    CloseHandle(to);
    return fake.starts || err_rule(err, "nothing starts", NULL);
}

void runner_child_close(struct runner_child *child)
{
    (void)child;
}

bool netproof_has_route(unsigned family)
{
    return fake.route[family];
}

/* Without the cap all of it goes out. */
void netproof_burst(enum netcheck_kind kind, enum netcheck_way way,
                    struct netcheck_burst *burst)
{
    assert_int_equal(kind, NETCHECK_TCP4);
    assert_int_equal(way, NETCHECK_DENY_ONLY);
    fake.bursts++;
    *burst = (struct netcheck_burst){ 16000, 16000, true, 17000 };
}

void netproof_run(unsigned kinds, DWORD wait_ms, struct netcheck *n)
{
    (void)kinds;
    (void)wait_ms;
    (void)n;
    fail(); /* not in this process */
}

void netproof_loopback(struct netcheck_try loopback[NETCHECK_FAMILIES])
{
    (void)loopback;
    fail();
}

void netproof_to_self(struct netcheck_burst *burst)
{
    (void)burst;
    fail();
}

/* Everything refused, but for the copy that no filter matches: the cap holds that. */
static void as_it_must(void)
{
    for (unsigned bit = 0; bit < NETCHECK_BITS; bit++)
        fake.found.try[bit / NETCHECK_WAYS][bit % NETCHECK_WAYS] =
            (struct netcheck_try){ NETCHECK_ENDED, 10013 };
    fake.found.try[NETCHECK_TCP4][NETCHECK_DENY_ONLY].end = NETCHECK_PENDING;
    fake.found.capped = (struct netcheck_burst){ 16000, 1000, true, 1100 };
    fake.found.to_self = (struct netcheck_burst){ 64000, 64000, false, 0 };
}

static void no_route(void)
{
    for (unsigned bit = 0; bit < NETCHECK_BITS; bit++)
        fake.found.try[bit / NETCHECK_WAYS][bit % NETCHECK_WAYS] =
            (struct netcheck_try){ NETCHECK_ENDED, 10051 };
}

static int begin(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&runner, 0, sizeof runner);
    runner.hello.seen = WIRE_SEEN_ACCOUNT;
    fake.starts = fake.answers = fake.capped = true;
    fake.route[0] = fake.route[1] = true;
    as_it_must();
    return 0;
}

#define PAST NETCHECK_BIT(NETCHECK_TCP4, NETCHECK_DENY_ONLY)

static void look__as_it_must_be__blocked_and_what_the_cap_holds_is_named(void **state)
{
    struct wire_hello hello;

    (void)state;
    runner_look_at_network();
    runner_hello(&hello);
    assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT | WIRE_SEEN_BLOCKED);
    assert_int_equal(hello.net_held, PAST);
    assert_int_equal(hello.net_out, 0);
    assert_int_equal(fake.started, 1);
    assert_int_equal(fake.bursts, 1);
    assert_false(runner.cap_hurts);
}

/* The child does not know what its job shows. */
static void look__job_forgot_the_cap__is_out_whatever_the_child_says(void **state)
{
    struct wire_hello hello;

    (void)state;
    fake.capped = false;
    fake.found.cap_shown = true;
    runner_look_at_network();
    runner_hello(&hello);
    assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT);
    assert_int_equal(hello.net_out, PAST);
}

static void look__cap_slows_loopback__no_job_gets_it_and_nothing_is_held(void **state)
{
    struct wire_hello hello;

    (void)state;
    fake.found.to_self.taken = 1000;
    runner_look_at_network();
    runner_hello(&hello);
    assert_true(runner.cap_hurts);
    assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT);
    assert_int_equal(hello.net_out, PAST);
}

static void look__child_fails_or_says_half__nothing_is_shown(void **state)
{
    struct wire_hello hello;

    for (int i = 0; i < 2; i++) {
        begin(state);
        fake.starts = i;
        fake.answers = false;
        runner_look_at_network();
        runner_hello(&hello);
        assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT);
        assert_int_equal(hello.net_tried | hello.net_out | hello.net_held, 0);
    }
}

static void hello__network_comes__is_looked_at_anew_and_once(void **state)
{
    struct wire_hello hello;

    (void)state;
    no_route();
    fake.route[0] = fake.route[1] = false;
    runner_look_at_network();
    runner_hello(&hello);
    assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT);
    assert_int_equal(fake.started, 1); /* there still is none */
    as_it_must();
    fake.route[0] = true;
    runner_hello(&hello);
    assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT | WIRE_SEEN_BLOCKED);
    assert_int_equal(fake.started, 2);
    runner_hello(&hello);
    assert_int_equal(fake.started, 2);
}

/* What loopback has shown of the filters says nothing of the copy that passes them. */
static void hello__network_comes_and_the_cap_does_not_hold__blocked_no_more(void **state)
{
    struct wire_hello hello;

    (void)state;
    no_route();
    fake.found.loopback[0] = (struct netcheck_try){ NETCHECK_ENDED, 10013 };
    fake.route[0] = fake.route[1] = false;
    runner_look_at_network();
    runner_hello(&hello);
    assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT | WIRE_SEEN_BLOCKED);
    as_it_must();
    fake.capped = false;
    fake.route[0] = true;
    runner_hello(&hello);
    assert_int_equal(hello.seen, WIRE_SEEN_ACCOUNT);
    assert_int_equal(hello.net_out, PAST);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(look__as_it_must_be__blocked_and_what_the_cap_holds_is_named),
        TEST(look__job_forgot_the_cap__is_out_whatever_the_child_says),
        TEST(look__cap_slows_loopback__no_job_gets_it_and_nothing_is_held),
        TEST(look__child_fails_or_says_half__nothing_is_shown),
        TEST(hello__network_comes__is_looked_at_anew_and_once),
        TEST(hello__network_comes_and_the_cap_does_not_hold__blocked_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
