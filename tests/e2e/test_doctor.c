/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence doctor` names what is wrong, with what to type, and fails when
 * something must be put right.  What only a proven fence shows is judged in
 * tests/unit/test_doctor.c.
 */
#include "harness.h"

static void doctor(struct proc *p, const char16_t *tail)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" doctor%ls", tail));
}

static void doctor__under_wine__fails_for_the_level_alone(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    doctor(&p, u"");
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.out->at, "fail  level     advisory, nothing is proven"));
    proc_assert(&p, strstr(p.out->at, "\nok    path      the shims come first\n"));
    proc_assert(&p, strstr(p.out->at, "\nskip  schannel  no fence is proven here\n"));
    proc_assert(&p, strstr(p.out->at, " 1 fail, "));
    assert_int_equal(p.err->bytes, 0);
    proc_clear(&p);
}

static void doctor__tool_before_the_shim__is_named(void **state)
{
    struct proc p;

    (void)state;
    doctor(&p, u"");
    env_set(&p.env, u"PATH", text(L"%ls;%ls", place(u"tools"), place(u"rf\\shims")));
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.out->at, "fail  path      ") &&
                        strstr(p.out->at, ".exe comes before the shim"));
    proc_clear(&p);
    doctor(&p, u"");
    env_set(&p.env, u"PATH", place(u"tools"));
    proc_run(&p);
    proc_assert(&p, strstr(p.out->at, "warn  path      "));
    proc_clear(&p);
}

static void doctor__bad_policy__names_the_line(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"local\\ringfence\\policy.ini", "[default]\nlevle = auto\n");
    doctor(&p, u"");
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p,
                strstr(p.out->at, "fail  policy    ") && strstr(p.out->at, "line 2 of "));
    proc_assert(&p, strstr(p.out->at, " level ") == NULL);
    remove_file(u"local\\ringfence\\policy.ini");
    proc_clear(&p);
}

static void doctor__json__has_every_check_by_its_id(void **state)
{
    static const char *const ids[] = { "policy", "level",    "box",      "journal",
                                       "path",   "aliases",  "schannel", "volumes",
                                       "stores", "accounts", "tools" };
    struct proc p;

    (void)state;
    doctor(&p, u" --json");
    proc_run(&p);
    proc_assert(&p, strncmp(p.out->at, "{\"schema\":1,", 12) == 0);
    for (size_t i = 0; i < COUNT(ids); i++) {
        char key[64];

        snprintf(key, sizeof key, "{\"id\":\"%s\",\"state\":\"", ids[i]);
        proc_assert(&p, strstr(p.out->at, key) != NULL);
    }
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctor__under_wine__fails_for_the_level_alone),
        cmocka_unit_test(doctor__tool_before_the_shim__is_named),
        cmocka_unit_test(doctor__bad_policy__names_the_line),
        cmocka_unit_test(doctor__json__has_every_check_by_its_id),
    };
    return harness_main(argc, argv, "doctor", tests, COUNT(tests), false);
}
