/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence explain` says from the real descriptors whether something would be
 * allowed, with a fence and without, and names the entry that decides.  Under Wine files
 * carry what their Unix mode amounts to: all to the user, some to Everyone.
 */
#include "harness.h"

static void explain(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" explain %ls", words));
    proc_run(p);
}

static bool says(const struct proc *p, const char *what)
{
    return strstr(p->out->at, what) != NULL;
}

static void write__new_file_in_own_directory__only_without_a_fence(void **state)
{
    struct proc p;

    (void)state;
    explain(&p, text(L"write \"%ls\"", place(u"ws\\new.txt")));
    proc_assert_code(&p, 0);
    proc_assert(&p, !strncmp(p.out->at, "allowed  advisory", 17));
    proc_assert(&p, says(&p, "standard fence: would be denied"));
    proc_assert(&p, says(&p, "strict fence: would be denied"));
    proc_assert(&p, says(&p, "no restricting SID is granted FILE_ADD_FILE"));
    proc_assert(&p, !says(&p, "no writable root"));
    proc_assert(&p, !is_there(place(u"ws\\new.txt"))); /* asked, not done */
    proc_clear(&p);
}

/* The hole of openai/codex#32915, told beforehand. */
static void delete__in_a_directory_of_the_user__open_under_standard_only(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"ws\\thesis.txt", "years\r\n");
    explain(&p, text(L"delete \"%ls\"", place(u"ws\\thesis.txt")));
    proc_assert_code(&p, 0);
    proc_assert(&p, says(&p, "standard fence: would be allowed: through "
                             "FILE_DELETE_CHILD on "));
    proc_assert(&p, says(&p, "strict fence: would be denied"));
    proc_assert(&p, is_there(place(u"ws\\thesis.txt")));
    proc_clear(&p);
}

static void json__any_path__one_object_with_each_fence(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"ws\\thesis.txt", "years\r\n");
    explain(&p, text(L"--json read \"%ls\"", place(u"ws\\thesis.txt")));
    proc_assert_code(&p, 0);
    proc_assert(&p,
                !strncmp(p.out->at, "{\"schema\":1,\"act\":\"read\",\"path\":\"", 32));
    proc_assert(&p, says(&p, "{\"fence\":\"none\",\"in_force\":true,\"allowed\":true"));
    proc_assert(&p, says(&p, "{\"fence\":\"standard\",\"in_force\":false,"));
    proc_assert(&p, says(&p, "{\"fence\":\"strict\",\"in_force\":false,"));
    proc_clear(&p);
}

/* Two lines: the verdict asked for, and what the other fence makes of it. */
static void level__strict__verdict_then_the_other_fence(void **state)
{
    static const char16_t *const words[] = { u"--level strict delete",
                                             u"delete --as strict",
                                             u"--level=strict --as=strict delete" };

    (void)state;
    put_file(u"docs\\thesis.txt", "years\r\n");
    for (size_t i = 0; i < COUNT(words); i++) {
        struct proc p;

        explain(&p, text(L"%ls \"%ls\"", words[i], place(u"docs\\thesis.txt")));
        proc_assert_code(&p, 0);
        proc_assert(
            &p, !strncmp(p.out->at, "denied   strict fence (not in force here): ", 43));
        proc_assert(&p, says(&p, "no restricting SID is granted"));
        proc_assert(&p, says(&p, ", nor FILE_DELETE_CHILD on "));
        proc_assert(&p,
                    contains_text(p.out->at, place(u"docs\n(standard fence: allowed, "
                                                   u"through FILE_DELETE_CHILD on ")));
        proc_assert(&p, says(&p, "\n  it is in no writable root"));
        proc_assert(&p, p.err->bytes == 0);
        proc_clear(&p);
    }
}

static void level__others__each_its_own(void **state)
{
    static const struct {
        const char16_t *level;
        const char *first;
    } rows[] = {
        { u"advisory", "allowed  advisory, no fence: granted to you by (A;" },
        { u"standard", "allowed  standard fence (not in force here): through " },
        { u"confined", "allowed  standard fence (not in force here): through " },
    };

    (void)state;
    put_file(u"docs\\thesis.txt", "years\r\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proc p;

        explain(&p, text(L"delete --level %ls \"%ls\"", rows[i].level,
                         place(u"docs\\thesis.txt")));
        proc_assert_code(&p, 0);
        proc_assert(&p, !strncmp(p.out->at, rows[i].first, strlen(rows[i].first)));
        proc_clear(&p);
        explain(&p, text(L"delete --json --level %ls \"%ls\"", rows[i].level,
                         place(u"docs\\thesis.txt")));
        proc_assert_code(&p, 0);
        proc_assert(&p, says(&p, i ? "\"fence\":\"standard\",\"allowed\":true,"
                                   : "\"fence\":\"none\",\"allowed\":true,"));
        proc_clear(&p);
    }
}

static void level__enforced__without_accounts__names_them(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("there may be sandbox accounts here");
    explain(&p, u"--level enforced read .");
    proc_assert_refused(&p, 125);
    proc_assert(&p, strstr(p.err->at, "nobody here: no account RingfenceOffline and no "
                                      "group RingfenceUsers; `ringfence setup` makes"));
    proc_clear(&p);
}

static void write__protected_or_hard_linked__is_named(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"ws\\sub\\.git\\config", "[core]\r\n");
    explain(&p, text(L"write \"%ls\"", place(u"ws\\sub\\.git\\config")));
    proc_assert_code(&p, 0);
    proc_assert(&p,
                contains_text(p.out->at, place(u"ws\\sub\\.git is a protected name, "
                                               u"and no entry of ours denies it yet")));
    proc_clear(&p);
    explain(&p, text(L"read \"%ls\"", place(u"ws\\sub\\.git\\config")));
    proc_assert(&p, !says(&p, "protected"));
    proc_clear(&p);
    put_file(u"ws\\one.txt", "x");
    assert_true(CreateHardLinkW(place(u"ws\\two.txt"), place(u"ws\\one.txt"), NULL));
    explain(&p, text(L"write \"%ls\"", place(u"ws\\one.txt")));
    proc_assert(&p, says(&p, "\n  it has 2 names (hard links): "));
    proc_clear(&p);
    explain(&p, text(L"--json write \"%ls\"", place(u"ws\\one.txt")));
    proc_assert(&p, says(&p, "\"names\":2,"));
    proc_clear(&p);
    remove_file(u"ws\\two.txt");
}

static void bad_words__any__one_line_and_125(void **state)
{
    static const char16_t *const bad[] = {
        u"",
        u"write",
        u"eat x",
        u"read ws extra",
        u"read --jason x",
        u"read --level strong x",
        u"read x --as",
        u"delete no-such-file",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct proc p;

        explain(&p, bad[i]);
        proc_assert_code(&p, 125);
        proc_assert(&p, p.out->bytes == 0);
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__new_file_in_own_directory__only_without_a_fence),
        cmocka_unit_test(delete__in_a_directory_of_the_user__open_under_standard_only),
        cmocka_unit_test(json__any_path__one_object_with_each_fence),
        cmocka_unit_test(level__strict__verdict_then_the_other_fence),
        cmocka_unit_test(level__others__each_its_own),
        cmocka_unit_test(level__enforced__without_accounts__names_them),
        cmocka_unit_test(write__protected_or_hard_linked__is_named),
        cmocka_unit_test(bad_words__any__one_line_and_125),
    };
    return harness_main(argc, argv, "explain", tests, COUNT(tests), false);
}
