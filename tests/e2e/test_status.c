/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence status` says the level first and claims nothing that is not proven;
 * asking changes nothing.  No Wine has a fence: what is said under one is tested with
 * stand-ins (tests/win/test_status.c).
 */
#include "walks.h"

static void status(struct proc *p, const char16_t *tail)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" status%ls", tail));
    proc_run(p);
}

static void status__no_fence_here__is_advisory_and_confines_nothing(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove a fence");
    clear_data();
    make_dir(u"ws\\.git");
    make_dir(u"ws\\Secret");
    put_file(DATA u"\\policy.ini", "[default]\nprotect = secret\n");
    status(&p, u"");
    proc_assert_code(&p, 0);
    proc_assert(&p, !strncmp(p.out->at, "level      advisory: ", 21));
    proc_assert(&p, strstr(p.out->at, "\nwrites     not confined\n"));
    proc_assert(&p, strstr(p.out->at, "\nprotected  nothing (advisory): .git  secret  (2 "
                                      "found, 3 missing)\n"));
    proc_assert(&p, strstr(p.out->at, "\nreads      not confined;"));
    proc_assert(&p, !strstr(p.out->at, "canary"));
    proc_assert(&p, p.err->bytes == 0);
    proc_assert(&p, !is_there(place(JOURNAL)) && !is_there(place(DATA u"\\box")));
    proc_clear(&p);
    clear_data();
}

static void status__journal_damaged__is_told(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(JOURNAL, "\nRFJ1 done nonsense\n");
    status(&p, u"");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "\njournal    damaged in 1 places"));
    proc_clear(&p);
    put_file(JOURNAL,
             journal_line(2, "done", "000000000000000000000000", u"C:\\elsewhere"));
    status(&p, u" --json");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "\"journal_read\":false,"));
    proc_assert(&p, strstr(p.out->at, "\"grant\":\"unknown\","));
    proc_assert(&p, count_messages(p.err->at) == 1);
    proc_clear(&p);
    clear_data();
}

static void json__any__one_object_with_stable_names(void **state)
{
    static const char *const keys[] = {
        "\"schema\":1,",        "\"version\":\"",   "\"level\":\"",
        "\"reason\":\"",        "\"inside\":false", "\"wine\":\"",
        "\"workspace\":\"",     "\"network\":\"",   "\"network_enforced\":false",
        "\"dead_port\":",       "\"temp\":\"",      "\"cache\":\"",
        "\"policy\":\"",        "\"install\":\"",   "\"policy_section\":\"",
        "\"fence\":\"",         "\"canary\":[",     "\"writes_confined\":",
        "\"roots\":[",          "\"usable\":",      "\"grant\":\"",
        "\"protected\":[",      "\"reads\":\"",     "\"journal_read\":true",
        "\"reads_confined\":",  "\"grant_time\":",  "\"entries\":",
        "\"journal_damaged\":", "\"failed\":",      "\"not_fenced\":\"",
        "\"handles_chosen\":",  "\"box_there\":",   "\"policy_there\":true",
        "\"temp_size\":{",      "\"cache_size\":{",
    };
    static char policy[40000];
    struct proc p;

    (void)state;
    clear_data();
    strcpy(policy, "[default]\n");
    for (size_t i = 0; i < 16; i++) /* longer than any line for people */
        sprintf(policy + strlen(policy), "root = C:\\%0150u\n", (unsigned)i);
    put_file(DATA u"\\policy.ini", policy);
    status(&p, u" --json");
    proc_assert_code(&p, 0);
    proc_assert(&p, is_json(p.out->at));
    for (size_t i = 0; i < COUNT(keys); i++)
        proc_assert(&p, strstr(p.out->at, keys[i]));
    proc_assert(&p, p.out->bytes > 5000);
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
    clear_data();
}

/* TEMP and caches grow where nobody looks. */
static void box__with_files__how_much_lies_in_it(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    status(&p, u"");
    proc_assert(&p, strstr(p.out->at, "\\temp (made at the first run)\n"));
    proc_clear(&p);
    proc_init(&p, place(u"rf\\ringfence.exe"),
              u" run -- cmd /c \"mkdir %TEMP%\\sub& echo 12345>%TEMP%\\sub\\a& echo "
              u"12345>%TEMP%\\b\"");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_clear(&p);
    status(&p, u"");
    proc_assert(&p, strstr(p.out->at, "\\temp  14 bytes in 2 files\n"));
    proc_assert(&p, strstr(p.out->at, "\\cache  0 bytes in 0 files\n"));
    proc_clear(&p);
    status(&p, u" --json");
    proc_assert(&p, is_json(p.out->at));
    proc_assert(&p, strstr(p.out->at, "\"box_there\":true"));
    proc_assert(
        &p, strstr(p.out->at, "\"temp_size\":{\"bytes\":14,\"files\":2,\"whole\":true}"));
    proc_clear(&p);
    clear_data();
}

/* What activate shows is short, and goes to stderr. */
static void line__any__two_lines_on_stderr(void **state)
{
    struct proc p;

    (void)state;
    status(&p, u" --line");
    proc_assert_code(&p, 0);
    proc_assert(&p, p.out->bytes == 0);
    proc_assert(&p, count_messages(p.err->at) == 2);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__no_fence_here__is_advisory_and_confines_nothing),
        cmocka_unit_test(status__journal_damaged__is_told),
        cmocka_unit_test(json__any__one_object_with_stable_names),
        cmocka_unit_test(box__with_files__how_much_lies_in_it),
        cmocka_unit_test(line__any__two_lines_on_stderr),
    };
    return harness_main(argc, argv, "status", tests, COUNT(tests), false);
}
