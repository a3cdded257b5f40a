#include "core/fence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fence_parts parts(void)
{
    static const uint8_t root[32] = { 1 }, run[32] = { 2 };

    return (struct fence_parts){
        .root = { sid_ours(root) },
        .root_count = 1,
        .run = sid_ours(run),
        .user = sid_well_known(SID_ADMINISTRATORS), /* any SID will do */
        .has_logon = true,
        .logon = sid_short(5, 2, 5, 77),
    };
}

static bool has(const struct fence_list *list, struct sid sid)
{
    for (size_t i = 0; i < list->count; i++)
        if (sid_eq(&list->sid[i], &sid))
            return true;
    return false;
}

static void fence_list__standard__is_the_designs_order(void **state)
{
    struct fence_parts p = parts();
    struct sid everyone = sid_everyone();
    struct fence_list list;

    (void)state;
    fence_list(FENCE_STANDARD, &p, &list);
    assert_true(list.write_restricted);
    assert_int_equal(list.count, 4);
    assert_true(sid_eq(&list.sid[0], &p.root[0]));
    assert_true(sid_eq(&list.sid[1], &p.run));
    assert_true(sid_eq(&list.sid[2], &p.logon));
    assert_true(sid_eq(&list.sid[3], &everyone));
}

static void fence_list__strict__adds_what_reading_needs(void **state)
{
    struct fence_parts p = parts();
    struct fence_list list;

    (void)state;
    fence_list(FENCE_STRICT, &p, &list);
    assert_false(list.write_restricted);
    assert_int_equal(list.count, 8);
    assert_true(has(&list, fence_read_sid(&p.user)));
    assert_true(has(&list, sid_well_known(SID_USERS)));
    assert_true(has(&list, sid_well_known(SID_RESTRICTED)));
    assert_true(has(&list, sid_well_known(SID_ALL_APP_PACKAGES)));
}

static void fence_list__neither__ever_names_the_user(void **state)
{
    struct fence_parts p = parts();
    struct fence_list list;

    (void)state;
    for (enum fence fence = FENCE_STANDARD; fence <= FENCE_STRICT; fence++) {
        fence_list(fence, &p, &list);
        assert_false(has(&list, p.user));
    }
}

static void fence_list__most_roots__fit(void **state)
{
    struct fence_parts p = parts();
    struct fence_list list;

    (void)state;
    p.root_count = FENCE_ROOTS_MAX;
    fence_list(FENCE_STRICT, &p, &list);
    assert_int_equal(list.count, FENCE_SIDS_MAX);
}

static void fence_read_sid__users__have_their_own(void **state)
{
    struct sid one = sid_short(5, 1, 100, 0), other = sid_short(5, 1, 101, 0);
    struct sid a = fence_read_sid(&one), b = fence_read_sid(&one);
    struct sid c = fence_read_sid(&other);

    (void)state;
    assert_true(sid_is_ours(&a));
    assert_true(sid_eq(&a, &b));
    assert_false(sid_eq(&a, &c));
}

/* It is on objects that other versions find: it must stay what it is. */
static void fence_station_sid__accounts__have_their_own(void **state)
{
    struct sid one = sid_short(5, 2, 32, 1001), other = sid_short(5, 2, 32, 1002);
    struct sid a = fence_station_sid(&one), b = fence_station_sid(&one);
    struct sid c = fence_station_sid(&other), read = fence_read_sid(&one);

    (void)state;
    assert_true(sid_eq(&a, &b) && sid_is_ours(&a));
    assert_false(sid_eq(&a, &c));
    assert_false(sid_eq(&a, &read));
}

static void fence_model__administrator__counts_for_denying_only(void **state)
{
    struct fence_parts p = parts();
    const struct accesscheck_sid sids[] = {
        { .sid = sid_short(5, 1, 1000, 0), .enabled = true },
        { .sid = sid_well_known(SID_ADMINISTRATORS), .enabled = true },
        { .sid = sid_well_known(SID_USERS), .enabled = true },
    };
    const struct accesscheck_token user = {
        .sid = sids,
        .sid_count = 3,
        .privileges = ACCESSCHECK_SE_SECURITY | ACCESSCHECK_SE_TAKE_OWNERSHIP,
        .level = SID_LEVEL_HIGH,
        .no_write_up = true,
    };
    struct accesscheck_sid changed[3];
    struct accesscheck_token fenced;
    struct fence_list list;

    (void)state;
    fence_list(FENCE_STANDARD, &p, &list);
    fence_model(&user, &list, changed, &fenced);
    assert_true(fenced.sid[0].enabled);
    assert_false(fenced.sid[1].enabled);
    assert_true(fenced.sid[1].deny_only);
    assert_true(fenced.sid[2].enabled);
    assert_int_equal(fenced.privileges, 0);
    assert_int_equal(fenced.level, SID_LEVEL_MEDIUM);
    assert_int_equal(fenced.restricting_count, list.count);
    assert_true(fenced.write_restricted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fence_list__standard__is_the_designs_order),
        cmocka_unit_test(fence_list__strict__adds_what_reading_needs),
        cmocka_unit_test(fence_list__neither__ever_names_the_user),
        cmocka_unit_test(fence_list__most_roots__fit),
        cmocka_unit_test(fence_read_sid__users__have_their_own),
        cmocka_unit_test(fence_station_sid__accounts__have_their_own),
        cmocka_unit_test(fence_model__administrator__counts_for_denying_only),
    };
    return cmocka_run_group_tests_name("fence", tests, NULL, NULL);
}
