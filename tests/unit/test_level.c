#include "core/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct level_evidence held_all = { LEVEL_TOKEN_RESTRICTED, LEVEL_CANARY_HELD,
                                                LEVEL_CANARY_HELD, NULL };
static const struct level_evidence held_confined = { LEVEL_TOKEN_RESTRICTED,
                                                     LEVEL_CANARY_HELD,
                                                     LEVEL_CANARY_NOT_RUN, NULL };
static const struct level_evidence no_canary = { LEVEL_TOKEN_RESTRICTED,
                                                 LEVEL_CANARY_NOT_RUN,
                                                 LEVEL_CANARY_NOT_RUN, NULL };
/* Wine: whatever the canaries' cache says, it was not this token that held them. */
static const struct level_evidence wine = { LEVEL_TOKEN_NOT_KEPT, LEVEL_CANARY_HELD,
                                            LEVEL_CANARY_HELD, NULL };

/* One launch of every kind: 4 x 3 x 2 x 5 x 4 x 3. */
struct combination {
    enum level_want want;
    enum level require;
    bool allow;
    struct level_evidence e;
};

#define COMBINATIONS (4u * 3u * 2u * 5u * 4u * 3u)

static struct combination combination(unsigned n)
{
    struct combination c = { .want = LEVEL_WANT_AUTO };

    c.want = (enum level_want)(n % 4);
    n /= 4;
    c.require = (enum level)(n % 3);
    n /= 3;
    c.allow = n % 2;
    n /= 2;
    c.e.token = (enum level_token)(n % 5);
    n /= 5;
    c.e.confined = (enum level_canary)(n % 4);
    n /= 4;
    c.e.enforced = (enum level_canary)(n % 3);
    return c;
}

/* What the evidence proves, said once more in other words than the code's. */
static enum level proven_by(const struct level_evidence *e)
{
    bool fence = e->token == LEVEL_TOKEN_RESTRICTED && e->confined == LEVEL_CANARY_HELD;
    bool account = fence && e->enforced == LEVEL_CANARY_HELD;

    return account ? LEVEL_ENFORCED : fence ? LEVEL_CONFINED : LEVEL_ADVISORY;
}

static enum level goal_of(enum level_want want)
{
    static const enum level goal[] = { LEVEL_ENFORCED, LEVEL_ADVISORY, LEVEL_CONFINED,
                                       LEVEL_ENFORCED };
    return goal[want];
}

static void level_decide__every_combination__keeps_the_invariants(void **state)
{
    (void)state;
    for (unsigned n = 0; n < COMBINATIONS; n++) {
        struct combination c = combination(n);
        struct level_verdict v = level_decide(c.want, c.require, c.allow, &c.e);

        assert_true(v.level <= proven_by(&c.e));
        assert_true(v.level <= goal_of(c.want));
        assert_true(v.run_as <= goal_of(c.want));
        assert_int_equal(v.refused, v.level < c.require || v.lost);
        assert_int_equal(v.lost, c.e.confined == LEVEL_CANARY_LOST &&
                                     c.want != LEVEL_WANT_ADVISORY && !v.unproven);
        assert_int_equal(v.unproven, v.run_as != v.level);
        assert_true(v.run_as >= v.level);
        if (v.unproven)
            assert_true(c.allow && c.want != LEVEL_WANT_AUTO);
        assert_non_null(v.reason);
        assert_int_equal(v.reason[0] == 0, v.level == goal_of(c.want) && !v.refused);
    }
}

static void level_decide__every_combination__gives_what_the_table_says(void **state)
{
    (void)state;
    for (unsigned n = 0; n < COMBINATIONS; n++) {
        struct combination c = combination(n);
        struct level_verdict v = level_decide(c.want, c.require, c.allow, &c.e);
        enum level goal = goal_of(c.want), proven = proven_by(&c.e);
        bool token =
            c.e.token == LEVEL_TOKEN_NOT_KEPT || c.e.token == LEVEL_TOKEN_RESTRICTED;
        bool forced = c.allow && token && c.want != LEVEL_WANT_AUTO && goal > proven;

        assert_int_equal(v.run_as, forced || goal < proven ? goal : proven);
        assert_int_equal(v.level, forced          ? LEVEL_ADVISORY
                                  : goal < proven ? goal
                                                  : proven);
    }
}

static void level_decide__auto_on_a_proven_machine__takes_the_top(void **state)
{
    struct level_verdict v =
        level_decide(LEVEL_WANT_AUTO, LEVEL_ENFORCED, false, &held_all);

    (void)state;
    assert_int_equal(v.level, LEVEL_ENFORCED);
    assert_int_equal(v.run_as, LEVEL_ENFORCED);
    assert_false(v.refused);
    assert_string_equal(v.reason, "");
}

static void level_decide__auto_without_setup__is_confined_and_says_why(void **state)
{
    struct level_verdict v =
        level_decide(LEVEL_WANT_AUTO, LEVEL_ADVISORY, false, &held_confined);

    (void)state;
    assert_int_equal(v.level, LEVEL_CONFINED);
    assert_string_equal(v.reason,
                        "no canary has proven the sandbox account on this machine");
}

static void level_decide__wine__is_advisory_and_says_why(void **state)
{
    struct level_verdict v = level_decide(LEVEL_WANT_AUTO, LEVEL_ADVISORY, false, &wine);

    (void)state;
    assert_int_equal(v.level, LEVEL_ADVISORY);
    assert_int_equal(v.run_as, LEVEL_ADVISORY);
    assert_false(v.refused);
    assert_string_equal(
        v.reason,
        "this Windows keeps no restricting SIDs in tokens, so nothing is enforced");
}

static void level_decide__confined_without_canary__falls_and_says_why(void **state)
{
    struct level_verdict v =
        level_decide(LEVEL_WANT_CONFINED, LEVEL_ADVISORY, false, &no_canary);

    (void)state;
    assert_int_equal(v.level, LEVEL_ADVISORY);
    assert_int_equal(v.run_as, LEVEL_ADVISORY);
    assert_false(v.unproven);
    assert_string_equal(v.reason, "no canary has proven the fence on this machine");
}

static void level_decide__unproven_allowed__runs_it_and_claims_nothing(void **state)
{
    struct level_verdict v =
        level_decide(LEVEL_WANT_ENFORCED, LEVEL_ADVISORY, true, &held_confined);

    (void)state;
    assert_true(v.unproven);
    assert_int_equal(v.run_as, LEVEL_ENFORCED);
    assert_int_equal(v.level, LEVEL_ADVISORY);
    assert_string_not_equal(v.reason, "");
}

static void level_decide__unproven_allowed_but_required__is_refused(void **state)
{
    struct level_verdict v =
        level_decide(LEVEL_WANT_CONFINED, LEVEL_CONFINED, true, &wine);

    (void)state;
    assert_true(v.refused);
}

static void level_decide__unproven_allowed_without_token__falls(void **state)
{
    struct level_evidence e = { LEVEL_TOKEN_FAILED, LEVEL_CANARY_NOT_RUN,
                                LEVEL_CANARY_NOT_RUN, NULL };
    struct level_verdict v = level_decide(LEVEL_WANT_CONFINED, LEVEL_ADVISORY, true, &e);

    (void)state;
    assert_int_equal(v.run_as, LEVEL_ADVISORY);
    assert_false(v.unproven);
}

static void level_decide__less_asked_than_required__is_refused_with_a_reason(void **state)
{
    struct level_verdict v =
        level_decide(LEVEL_WANT_ADVISORY, LEVEL_CONFINED, false, &held_all);

    (void)state;
    assert_int_equal(v.level, LEVEL_ADVISORY);
    assert_true(v.refused);
    assert_string_equal(v.reason, "a weaker level was asked for than is required");
}

static void level_decide__reasons__differ_by_cause(void **state)
{
    const char *seen[7];
    size_t n = 0;

    (void)state;
    for (int t = LEVEL_TOKEN_UNTRIED; t < LEVEL_TOKEN_RESTRICTED; t++) {
        struct level_evidence e = { .token = (enum level_token)t };
        seen[n++] = level_decide(LEVEL_WANT_AUTO, LEVEL_ADVISORY, false, &e).reason;
    }
    for (int c = LEVEL_CANARY_NOT_RUN; c <= LEVEL_CANARY_HELD; c++) {
        struct level_evidence e = { LEVEL_TOKEN_RESTRICTED, (enum level_canary)c,
                                    LEVEL_CANARY_ESCAPED, NULL };
        seen[n++] = level_decide(LEVEL_WANT_AUTO, LEVEL_ADVISORY, false, &e).reason;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(seen[i], seen[j]);
}

static void level_decide__not_run_for_a_reason__says_it(void **state)
{
    struct level_evidence e = { .token = LEVEL_TOKEN_RESTRICTED,
                                .confined_why = "the root is a drive's" };
    struct level_verdict v = level_decide(LEVEL_WANT_AUTO, LEVEL_ADVISORY, false, &e);

    (void)state;
    assert_int_equal(v.level, LEVEL_ADVISORY);
    assert_string_equal(v.reason, "the root is a drive's");
    e.confined = LEVEL_CANARY_HELD; /* then it says nothing */
    v = level_decide(LEVEL_WANT_CONFINED, LEVEL_ADVISORY, false, &e);
    assert_int_equal(v.level, LEVEL_CONFINED);
    assert_string_equal(v.reason, "");
}

/* NONE, SHUT, STALE, REFUSED, LOST, READY; each for none of the others, and for every one
 * of them by itself. */
static void level_of_workspace__every_record__gives_what_the_table_says(void **state)
{
    static const struct {
        struct level_workspace w;
        const char *ends; /* by record: N not run, L lost, H held */
    } rows[] = {
        { { .tried = false }, "NLNNLN" },
        { { .whole = true }, "NLNNLH" },
        { { .tried = true }, "NLNNLN" },
        { { .marked = true }, "NLNLLN" }, /* nobody has tried: the next launch will */
        { { .marked = true, .whole = true }, "NLNLLH" },
        { { .granted = true }, "NLNNLN" },
        { { .tried = true, .marked = true }, "LLLLLL" },
        { { .tried = true, .granted = true }, "LLLNLL" },
        { { .tried = true, .marked = true, .granted = true, .whole = true }, "LLLLLH" },
        { { .astray = true, .whole = true }, "LLLLLL" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int record = LEVEL_RECORD_NONE; record <= LEVEL_RECORD_READY; record++) {
            struct level_workspace w = rows[i].w;
            enum level_canary want = rows[i].ends[record] == 'N'   ? LEVEL_CANARY_NOT_RUN
                                     : rows[i].ends[record] == 'L' ? LEVEL_CANARY_LOST
                                                                   : LEVEL_CANARY_HELD;

            w.record = (enum level_record)record;
            if (level_of_workspace(&w) != want)
                fail_msg("row %u, record %d", (unsigned)i, record);
        }
    }
}

static void level_decide__fence_lost__starts_only_what_asked_for_none(void **state)
{
    const struct level_evidence e = { .token = LEVEL_TOKEN_RESTRICTED,
                                      .confined = LEVEL_CANARY_LOST,
                                      .confined_why = "somebody holds its record" };
    struct level_verdict v = level_decide(LEVEL_WANT_AUTO, LEVEL_ADVISORY, false, &e);

    (void)state;
    assert_true(v.refused && v.lost);
    assert_string_equal(v.reason, "somebody holds its record");
    v = level_decide(LEVEL_WANT_CONFINED, LEVEL_ADVISORY, false, &e);
    assert_true(v.refused && v.lost);
    v = level_decide(LEVEL_WANT_ADVISORY, LEVEL_ADVISORY, false, &e);
    assert_false(v.refused || v.lost);
    v = level_decide(LEVEL_WANT_CONFINED, LEVEL_ADVISORY, true, &e); /* NOT PROVEN */
    assert_false(v.refused || v.lost);
    assert_true(v.unproven);
}

static void level_parse__names__round_trip(void **state)
{
    static const char16_t *const text[] = { u"advisory", u"confined", u"enforced" };

    (void)state;
    for (int i = LEVEL_ADVISORY; i <= LEVEL_ENFORCED; i++) {
        char ascii[16] = { 0 };
        enum level level = (enum level)((i + 1) % 3);
        enum level_want want = LEVEL_WANT_AUTO;

        assert_true(level_parse(u16s_of(text[i]), &level));
        assert_int_equal(level, i);
        assert_true(level_parse_want(u16s_of(text[i]), &want));
        assert_int_equal(want, LEVEL_WANT_ADVISORY + i);
        u16s_to_utf8(u16s_of(text[i]), ascii, sizeof ascii - 1);
        assert_string_equal(level_name(level), ascii);
        assert_string_equal(level_want_name(want), ascii);
    }
}

static void level_parse__other_text__is_none(void **state)
{
    static const char16_t *const bad[] = { u"",     u"Advisory",  u"ADVISORY", u"advisor",
                                           u"auto", u"confined ", u"enforcedx" };
    enum level level = LEVEL_ENFORCED;
    enum level_want want = LEVEL_WANT_ENFORCED;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(level_parse(u16s_of(bad[i]), &level));
    assert_int_equal(level, LEVEL_ENFORCED);
    assert_false(level_parse_want(U16S("Auto"), &want));
    assert_int_equal(want, LEVEL_WANT_ENFORCED);
    assert_true(level_parse_want(U16S("auto"), &want));
    assert_int_equal(want, LEVEL_WANT_AUTO);
    assert_string_equal(level_want_name(want), "auto");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_decide__every_combination__keeps_the_invariants),
        cmocka_unit_test(level_decide__every_combination__gives_what_the_table_says),
        cmocka_unit_test(level_decide__auto_on_a_proven_machine__takes_the_top),
        cmocka_unit_test(level_decide__auto_without_setup__is_confined_and_says_why),
        cmocka_unit_test(level_decide__wine__is_advisory_and_says_why),
        cmocka_unit_test(level_decide__confined_without_canary__falls_and_says_why),
        cmocka_unit_test(level_decide__unproven_allowed__runs_it_and_claims_nothing),
        cmocka_unit_test(level_decide__unproven_allowed_but_required__is_refused),
        cmocka_unit_test(level_decide__unproven_allowed_without_token__falls),
        cmocka_unit_test(
            level_decide__less_asked_than_required__is_refused_with_a_reason),
        cmocka_unit_test(level_decide__reasons__differ_by_cause),
        cmocka_unit_test(level_decide__not_run_for_a_reason__says_it),
        cmocka_unit_test(level_of_workspace__every_record__gives_what_the_table_says),
        cmocka_unit_test(level_decide__fence_lost__starts_only_what_asked_for_none),
        cmocka_unit_test(level_parse__names__round_trip),
        cmocka_unit_test(level_parse__other_text__is_none),
    };
    return cmocka_run_group_tests_name("level", tests, NULL, NULL);
}
