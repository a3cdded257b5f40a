/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence setup` hands over to ringfence-setup.exe and back: it says what that
 * says, ends with its exit code, and keeps no password of accounts that did not come to
 * be.  Wine has every program run elevated and no filtering platform, so an installation
 * always ends with that here.
 */
#include "walks.h"

#define SECRET DATA u"\\secret"

static void setup(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" setup %ls", words));
    proc_run(p);
}

static bool has(const char *in, const char *what)
{
    return strstr(in, what) != NULL;
}

static void install__no_filtering_platform__says_why_and_keeps_no_secret(void **state)
{
    static const char16_t *const words[] = { u"", u"install", u"repair",
                                             u"install --loopback 80,443" };

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct proc p;

        clear_data();
        setup(&p, words[i]);
        proc_assert_code(&p, 12);
        proc_assert(&p, has(p.err->at, "FwpmEngineOpen0"));
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_assert(&p, has(p.err->at, "\n  fix: "));
        proc_assert(&p, !is_there(place(SECRET)));
        proc_assert(&p, !has(p.out->at, "next: "));
        proc_clear(&p);
    }
}

/* The control: what the other program says by itself. */
static void plan_and_status__any__as_ringfence_setup_says_it(void **state)
{
    static const char16_t *const words[] = {
        u"install --plan", u"install --plan --json", u"status",
        u"status --json",  u"uninstall --plan",      u"uninstall",
    };

    (void)state;
    clear_data();
    for (size_t i = 0; i < COUNT(words); i++) {
        struct proc p, other;

        setup(&p, words[i]);
        proc_init(&other, text(L"%ls\\ringfence-setup.exe", place_dist()),
                  text(L" %ls", words[i]));
        proc_run(&other);
        proc_assert_code(&p, other.code);
        proc_assert(&p, !strcmp(p.out->at, other.out->at));
        proc_assert(&p, !strcmp(p.err->at, other.err->at));
        proc_assert(&p, !is_there(place(SECRET)));
        proc_clear(&other);
        proc_clear(&p);
    }
}

static void torn_secret__failing_repair__stays_as_it_is(void **state)
{
    struct proc p;
    char *still;

    (void)state;
    clear_data();
    put_file(SECRET, "torn");
    setup(&p, u"repair");
    proc_assert_code(&p, 12);
    still = file_text(SECRET);
    assert_string_equal(still, "torn");
    free(still);
    proc_clear(&p);
}

static void bad_words__any__one_line_and_nothing_started(void **state)
{
    static const char16_t *const bad[] = {
        u"remove",
        u"install now",
        u"install install",
        u"install repair",
        u"status --plan",
        u"status --loopback all",
        u"uninstall --loopback all",
        u"install --keep-accounts",
        u"install --loopback",
        u"install --loopback=",
        u"install --loopback \"80 --caller\"",
        u"install --loopback \"80\\\" --caller\"",
        u"install --caller 5:00112233445566778899aabbccddeeff",
        u"install --undo",
        u"--plan --user",
    };

    (void)state;
    clear_data();
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct proc p;

        setup(&p, bad[i]);
        proc_assert_refused(&p, 125);
        proc_clear(&p);
    }
}

static void setup_program_missing__any__is_said(void **state)
{
    struct proc p;

    (void)state;
    put_install(u"less");
    remove_file(u"less\\ringfence-setup.exe");
    proc_init(&p, place(u"less\\ringfence.exe"), u" setup");
    proc_run(&p);
    proc_assert_refused(&p, 125);
    proc_assert(&p, has(p.err->at, "ringfence-setup.exe"));
    proc_assert(&p, !is_there(place(SECRET)));
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(install__no_filtering_platform__says_why_and_keeps_no_secret),
        cmocka_unit_test(plan_and_status__any__as_ringfence_setup_says_it),
        cmocka_unit_test(torn_secret__failing_repair__stays_as_it_is),
        cmocka_unit_test(bad_words__any__one_line_and_nothing_started),
        cmocka_unit_test(setup_program_missing__any__is_said),
    };

    return harness_main(argc, argv, "front", tests, COUNT(tests), false);
}
