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
    proc_assert(&p, says(&p, "FILE_WRITE_DATA"));
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
                             "FILE_DELETE_CHILD on its directory"));
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
    proc_assert(&p, !strncmp(p.out->at, "{\"schema\":1,\"path\":\"", 20));
    proc_assert(&p, says(&p, "{\"fence\":\"none\",\"in_force\":true,\"allowed\":true"));
    proc_assert(&p, says(&p, "{\"fence\":\"standard\",\"in_force\":false,"));
    proc_assert(&p, says(&p, "{\"fence\":\"strict\",\"in_force\":false,"));
    proc_clear(&p);
}

static void bad_words__any__one_line_and_125(void **state)
{
    static const char16_t *const bad[] = {
        u"",
        u"write",
        u"eat x",
        u"read ws extra",
        u"read --jason x",
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
        cmocka_unit_test(bad_words__any__one_line_and_125),
    };
    return harness_main(argc, argv, "explain", tests, COUNT(tests), false);
}
