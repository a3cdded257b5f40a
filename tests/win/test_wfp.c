#include "fake_wfp.h"

#include "core/secdesc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEVER WFP_NEVER
#define api   wfp_engine

static struct sid offline;
static struct err err;

static struct filters_policy policy_of(const char16_t *text)
{
    struct filters_policy policy;

    assert_true(filters_parse(&policy, u16s_of(text)));
    return policy;
}

static void fresh(void)
{
    wfp_engine_reset();
    memset(&err, 0, sizeof err);
    assert_true(sid_parse(&offline, U16S("S-1-5-21-1-2-3-1001")));
}

static void wfp_apply__every_policy__is_there_and_stays_the_same(void **state)
{
    static const char16_t *const policies[] = { u"none", u"all", u"80", u"1,2,3,65535" };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct filters_policy policy = policy_of(policies[i]);
        struct filters_filter wanted[FILTERS_MAX];

        fresh();
        assert_int_equal(wfp_check(&api, &policy, &offline, &err), PLAN_ABSENT);
        assert_true(wfp_apply(&api, &policy, &offline, &err));
        assert_int_equal(wfp_engine_count(), filters_make(&policy, wanted));
        assert_int_equal(wfp_check(&api, &policy, &offline, &err), PLAN_PRESENT);
        assert_true(wfp_engine_is_idle());
        assert_true(wfp_remove(&api, &err));
        assert_true(wfp_engine_is_empty());
        assert_int_equal(wfp_check(&api, &policy, &offline, &err), PLAN_ABSENT);
    }
}

/* What really arrives at the engine for one filter of each kind. */
static void wfp_apply__ports__conditions_are_as_documented(void **state)
{
    struct filters_policy policy = policy_of(u"80,443");
    const struct wfp_kept *k = NULL;
    struct secdesc sd;
    struct ace ace = { 0 };

    (void)state;
    fresh();
    assert_true(wfp_apply(&api, &policy, &offline, &err));
    k = wfp_engine_filter(0); /* v4 connect: block */
    assert_int_equal(k->filter.action.type, FWP_ACTION_BLOCK);
    assert_int_equal(k->filter.flags, 1);
    assert_int_equal(k->filter.weight.uint8, 0);
    assert_int_equal(k->filter.numFilterConditions, 1);
    assert_true(secdesc_read(&sd, k->sd.data, k->sd.size));
    assert_int_equal(sd.dacl.count, 1);
    assert_true(acl_next(&sd.dacl, &ace));
    assert_true(ace.type == ACE_ALLOW && ace.mask == 1 && sid_eq(&ace.sid, &offline));
    k = wfp_engine_filter(1); /* v4 connect: permit loopback */
    assert_int_equal(k->filter.action.type, FWP_ACTION_PERMIT);
    assert_int_equal(k->filter.weight.uint8, 15);
    assert_int_equal(k->filter.numFilterConditions, 4);
    assert_int_equal(k->condition[1].matchType, FWP_MATCH_FLAGS_ALL_SET);
    assert_int_equal(k->condition[1].conditionValue.uint32,
                     FWP_CONDITION_FLAG_IS_LOOPBACK);
    assert_int_equal(k->condition[2].conditionValue.type, FWP_UINT16);
    assert_int_equal(k->condition[2].conditionValue.uint16, 80);
    assert_int_equal(k->condition[3].conditionValue.uint16, 443);
    assert_memory_equal(&k->condition[2].fieldKey, &k->condition[3].fieldKey,
                        sizeof(GUID)); /* alternatives stand together */
    k = wfp_engine_filter(13);         /* v4 bind: permit TCP and UDP */
    assert_int_equal(k->condition[1].conditionValue.uint8, 6);
    assert_int_equal(k->condition[2].conditionValue.uint8, 17);
    assert_int_equal(wfp_engine_provider()->flags, 1);
    assert_null(wfp_engine_provider()->serviceName);
}

/* The system says yes to everything and keeps something else. */
static void wfp_apply__system_lies__is_caught_and_named(void **state)
{
    struct filters_policy policy = policy_of(u"all");

    (void)state;
    for (unsigned i = WFP_KEEPS_NOTHING; i < WFP_LIES; i++) {
        fresh();
        wfp_lie = (enum wfp_lie)i;
        assert_false(wfp_apply(&api, &policy, &offline, &err));
        assert_int_not_equal(err.domain, ERR_NONE);
        assert_non_null(err.call);
        wfp_lie = WFP_HONEST; /* the rest of what was done can be taken back */
        assert_true(wfp_remove(&api, &err));
        assert_true(wfp_engine_is_empty());
    }
}

static void wfp_apply__any_call_fails__leaves_all_as_it_was(void **state)
{
    struct filters_policy none = policy_of(u"none"), all = policy_of(u"all");
    unsigned needed = 0;

    (void)state;
    fresh();
    assert_true(wfp_apply(&api, &all, &offline, &err));
    needed = wfp_calls;
    for (unsigned at = 0; at < needed; at++) {
        size_t filters = 0;

        fresh();
        assert_true(wfp_apply(&api, &none, &offline, &err));
        wfp_calls = 0;
        wfp_fail_at = at;
        assert_false(wfp_apply(&api, &all, &offline, &err));
        assert_int_equal(err.code, ERROR_ACCESS_DENIED);
        filters = wfp_engine_count();
        assert_true(filters == 16 || filters == 32); /* the old ones, or all new ones */
        assert_true(wfp_engine_is_idle());
    }
}

static void wfp_apply__other_policy__replaces_every_filter(void **state)
{
    struct filters_policy none = policy_of(u"none"), all = policy_of(u"all");
    struct filters_policy ports = policy_of(u"80");

    (void)state;
    fresh();
    assert_true(wfp_apply(&api, &all, &offline, &err));
    assert_int_equal(wfp_check(&api, &none, &offline, &err), PLAN_CHANGED);
    assert_int_equal(wfp_check(&api, &ports, &offline, &err), PLAN_CHANGED);
    assert_true(wfp_apply(&api, &none, &offline, &err));
    assert_int_equal(wfp_engine_count(), 16);
    assert_int_equal(wfp_check(&api, &all, &offline, &err), PLAN_CHANGED);
}

static void wfp_check__filters_of_another_account__are_changed(void **state)
{
    struct filters_policy all = policy_of(u"all");
    struct sid other;

    (void)state;
    fresh();
    assert_true(sid_parse(&other, U16S("S-1-5-21-1-2-3-1002")));
    assert_true(wfp_apply(&api, &all, &other, &err));
    assert_int_equal(wfp_check(&api, &all, &offline, &err), PLAN_CHANGED);
    assert_string_equal(err.call, "the filter has other conditions");
}

static void wfp_check_platform__this_system__says_what_it_has(void **state)
{
    enum plan_state got = PLAN_UNKNOWN;

    (void)state;
    fresh();
    got = wfp_check_platform(&err);
    if (got == PLAN_PRESENT)
        return;
    assert_int_equal(got, PLAN_ABSENT);
    assert_int_not_equal(err.domain, ERR_NONE);
    printf("SKIP a real filtering platform: this system's engine does not open (%lu)\n",
           (unsigned long)err.code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wfp_apply__every_policy__is_there_and_stays_the_same),
        cmocka_unit_test(wfp_apply__ports__conditions_are_as_documented),
        cmocka_unit_test(wfp_apply__system_lies__is_caught_and_named),
        cmocka_unit_test(wfp_apply__any_call_fails__leaves_all_as_it_was),
        cmocka_unit_test(wfp_apply__other_policy__replaces_every_filter),
        cmocka_unit_test(wfp_check__filters_of_another_account__are_changed),
        cmocka_unit_test(wfp_check_platform__this_system__says_what_it_has),
    };
    return cmocka_run_group_tests_name("wfp", tests, NULL, NULL);
}
