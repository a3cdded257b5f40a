/* SPDX-License-Identifier: MIT
 *
 * Claim: after a fenced `ringfence run` every protected name in the workspace that
 * nothing protects is told, or moved aside where the policy says so.  Under Wine no fence
 * is proven and no list is kept, so the launches here are unproven ones, and whatever has
 * such a name counts as new.  Where the launch itself looks, directly in the workspace,
 * is its own claim.
 */
#include "walks.h"

#define FENCED u" run --level confined --allow-unproven -- "

static void run(struct proc *p, const char16_t *tail)
{
    char16_t system[MAX_PATH];

    GetSystemDirectoryW(system, MAX_PATH);
    proc_init(p, place(u"rf\\ringfence.exe"), tail);
    env_set(&p->env, u"PATH", text(L"%ls;%ls", place(u"tools"), system));
    proc_run(p);
}

/* A new, empty workspace, and a script of these lines in it. */
static void begin(const char *script)
{
    clear_data();
    remove_tree(place(u"ws"));
    make_dir(u"ws");
    put_file(u"ws\\make.bat", script);
}

static size_t count(const struct proc *p, const char *needle)
{
    size_t n = 0;

    for (const char *at = p->err->at; (at = strstr(at, needle)) != NULL; at++)
        n++;
    return n;
}

static void run__name_made_deep_inside__is_told_and_stays(void **state)
{
    struct proc p;

    (void)state;
    begin("@mkdir a\\b\\.codex\r\n@echo x>a\\.git\r\n@mkdir a\\.gitx\r\n@exit /b 7\r\n");
    run(&p, FENCED u"make.bat");
    proc_assert_code(&p, 7);
    proc_assert(&p, count(&p, "later tools obey") == 2);
    proc_assert(&p, contains_text(p.err->at, place(u"ws\\a\\b\\.codex, which")));
    proc_assert(&p, contains_text(p.err->at, place(u"ws\\a\\.git, which")));
    proc_assert(&p, is_directory(place(u"ws\\a\\b\\.codex")));
    proc_clear(&p);
}

static void run__advisory__looks_at_nothing(void **state)
{
    struct proc p;

    (void)state;
    begin("@mkdir a\\b\\.codex\r\n@mkdir .agents\r\n");
    run(&p, u" run --level advisory -- make.bat");
    proc_assert_code(&p, 0);
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
    begin("@mkdir a\\b\\.codex\r\n");
    proc_init(&p, place(u"rf\\ringfence.exe"), FENCED u"make.bat");
    env_set(&p.env, u"RINGFENCE_DRYRUN", u"1");
    proc_run(&p);
    proc_assert(&p, count(&p, "later tools obey") == 0);
    proc_clear(&p);
}

/* The launch has told what is new at the top; what was there is the user's. */
static void run__names_at_the_top__are_told_once(void **state)
{
    struct proc p;

    (void)state;
    begin("@mkdir .codex\r\n@mkdir .codex\\.git\r\n");
    make_dir(u"ws\\.agents");
    run(&p, FENCED u"make.bat");
    proc_assert_code(&p, 0);
    proc_assert(&p, count(&p, "later tools obey") == 1);
    proc_assert(&p, contains_text(p.err->at, place(u"ws\\.codex, which")));
    proc_clear(&p);
}

static void quarantine__names_made__are_moved_aside(void **state)
{
    struct proc p;

    (void)state;
    begin("@mkdir a\\.codex\r\n@echo x>a\\.git\r\n@mkdir a\\.git.quarantined\r\n"
          "@mkdir .ringfence\r\n@mkdir .ringfence.quarantined\r\n");
    put_file(DATA u"\\policy.ini", "[default]\nappeared = quarantine\n");
    make_dir(u"ws\\.agents");
    run(&p, FENCED u"make.bat");
    proc_assert_code(&p, 0);
    proc_assert(&p, count(&p, "is moved aside as") == 3);
    proc_assert(&p, is_directory(place(u"ws\\a\\.codex.quarantined")));
    proc_assert(&p, !is_there(place(u"ws\\a\\.codex")));
    proc_assert(&p, !is_there(place(u"ws\\a\\.git")));
    proc_assert(&p, strstr(p.err->at, ".git.quarantined-") != NULL);
    proc_assert(&p, !is_there(place(u"ws\\.ringfence"))); /* by way of move-new */
    proc_assert(&p, strstr(p.err->at, ".ringfence.quarantined-") != NULL);
    proc_assert(&p, is_directory(place(u"ws\\.agents"))); /* it was there before */
    proc_clear(&p);
    run(&p, FENCED u"cmd.exe /c exit 0"); /* nothing is left to be moved */
    proc_assert_code(&p, 0);
    proc_assert(&p, count(&p, "later tools obey") == 0);
    proc_clear(&p);
}

static void policy__protects_names__they_count(void **state)
{
    struct proc p;

    (void)state;
    begin("@mkdir a\\.git\\hooks\r\n@mkdir a\\Secret\r\n");
    put_file(DATA u"\\policy.ini", "[default]\nprotect = secret\ngit = commit\n");
    run(&p, FENCED u"make.bat");
    proc_assert_code(&p, 0);
    proc_assert(&p, count(&p, "later tools obey") == 2);
    proc_assert(&p, contains_text(p.err->at, place(u"ws\\a\\Secret, which")));
    proc_assert(&p, contains_text(p.err->at, place(u"ws\\a\\.git, which")));
    proc_clear(&p);
}

static void run__more_than_16__are_counted(void **state)
{
    struct proc p;

    (void)state;
    begin("@for /l %%i in (1,1,40) do @mkdir d%%i\\.codex\r\n");
    run(&p, FENCED u"make.bat");
    proc_assert_code(&p, 0);
    proc_assert(&p, count(&p, "later tools obey") == 16);
    proc_assert(&p, strstr(p.err->at, "ringfence: and 24 more of them") != NULL);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__name_made_deep_inside__is_told_and_stays),
        cmocka_unit_test(run__advisory__looks_at_nothing),
        cmocka_unit_test(run__names_at_the_top__are_told_once),
        cmocka_unit_test(quarantine__names_made__are_moved_aside),
        cmocka_unit_test(policy__protects_names__they_count),
        cmocka_unit_test(run__more_than_16__are_counted),
    };
    return harness_main(argc, argv, "appeared", tests, COUNT(tests), false);
}
