/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence shim` makes, lists and takes away shims of this install, and never
 * touches a file that is none.
 */
#include "harness.h"

static void shim_command(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" shim %ls", words));
    proc_run(p);
}

static void add__new_name__the_shim_works(void **state)
{
    struct proc p;

    (void)state;
    put_tool(u"tools\\cargo.exe");
    shim_command(&p, u"add cargo");
    proc_assert_code(&p, 0);
    proc_assert(&p, contains_text(p.out->at, place(u"rf\\shims\\cargo.exe")));
    proc_clear(&p);
    proc_init(&p, place(u"rf\\shims\\cargo.exe"), u" module exit 70001");
    proc_run(&p);
    proc_assert_code(&p, 70001);
    proc_assert(&p, !_wcsicmp(proc_text(&p, "module", 0), place(u"tools\\cargo.exe")));
    proc_clear(&p);
    shim_command(&p, u"add cargo.exe"); /* twice is once */
    proc_assert_code(&p, 0);
    proc_clear(&p);
}

static void list__after_add__names_shims_and_their_tools(void **state)
{
    struct proc p;

    (void)state;
    shim_command(&p, u"list");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "git") != NULL);
    proc_assert(&p, contains_text(p.out->at, place(u"tools\\git.exe")));
    proc_assert(&p, contains_text(p.out->at, place(u"tools\\cargo.exe")));
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void add__name_without_a_tool__listed_so_and_127(void **state)
{
    struct proc p;

    (void)state;
    shim_command(&p, u"add no-such-tool");
    proc_assert_code(&p, 0);
    proc_clear(&p);
    shim_command(&p, u"list");
    proc_assert(&p, strstr(p.out->at, "no-such-tool") != NULL);
    proc_assert(&p, strstr(p.out->at, "no such tool on PATH") != NULL);
    proc_clear(&p);
    proc_init(&p, place(u"rf\\shims\\no-such-tool.exe"), u" x");
    proc_run(&p);
    proc_assert_refused(&p, 127);
    proc_assert(&p, strstr(p.err->at, "no-such-tool") != NULL);
    proc_clear(&p);
}

static void remove__shim__is_gone(void **state)
{
    struct proc p;

    (void)state;
    shim_command(&p, u"remove cargo");
    proc_assert_code(&p, 0);
    proc_assert(&p, !is_there(place(u"rf\\shims\\cargo.exe")));
    proc_clear(&p);
    shim_command(&p, u"remove cargo");
    proc_assert_refused(&p, 125);
    proc_clear(&p);
    shim_command(&p, u"list");
    proc_assert(&p, !contains_text(p.out->at, place(u"tools\\cargo.exe")));
    proc_clear(&p);
}

static void add_remove__a_file_that_is_no_shim__left_alone(void **state)
{
    struct proc p;
    char *still;

    (void)state;
    put_file(u"rf\\shims\\mine.exe", "the user's own");
    shim_command(&p, u"add mine");
    proc_assert_refused(&p, 125);
    proc_assert(&p, contains_text(p.err->at, place(u"rf\\shims\\mine.exe")));
    proc_clear(&p);
    shim_command(&p, u"remove mine");
    proc_assert_refused(&p, 125);
    proc_clear(&p);
    still = file_text(u"rf\\shims\\mine.exe");
    assert_string_equal(still, "the user's own");
    free(still);
    shim_command(&p, u"list");
    proc_assert(&p, strstr(p.out->at, "mine") == NULL);
    proc_clear(&p);
}

static void words__bad__one_line_and_125(void **state)
{
    static const char16_t *const words[] = {
        u"",
        u"add",
        u"remove",
        u"ad git",
        u"add ..\\x",
        u"add a/b",
        u"add C:x",
        u"add con",
        u"add \"a b\"",
        u"add x.cmd",
        u"add *",
        u"add \"\"",
        u"add ..",
        u"remove ..\\ringfence",
        u"add x\ny",
        u"add a|b",
        u"add \"a\"\"b\"",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct proc p;

        shim_command(&p, words[i]);
        proc_assert_refused(&p, 125);
        proc_clear(&p);
    }
    assert_true(is_there(place(u"rf\\ringfence.exe")));
}

/* Alone in a directory, ringfence.exe is in no install: it says so and makes nothing. */
static void add__outside_an_install__refused(void **state)
{
    struct proc p;

    (void)state;
    make_dir(u"alone");
    assert_true(
        CopyFileW(place(u"rf\\ringfence.exe"), place(u"alone\\ringfence.exe"), FALSE));
    proc_init(&p, place(u"alone\\ringfence.exe"), u" shim add git");
    proc_run(&p);
    proc_assert_refused(&p, 125);
    proc_assert(&p, !is_there(place(u"alone\\shims")));
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(add__new_name__the_shim_works),
        cmocka_unit_test(list__after_add__names_shims_and_their_tools),
        cmocka_unit_test(add__name_without_a_tool__listed_so_and_127),
        cmocka_unit_test(remove__shim__is_gone),
        cmocka_unit_test(add_remove__a_file_that_is_no_shim__left_alone),
        cmocka_unit_test(words__bad__one_line_and_125),
        cmocka_unit_test(add__outside_an_install__refused),
    };
    return harness_main(argc, argv, "shim command", tests, COUNT(tests), false);
}
