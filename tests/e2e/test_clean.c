/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence clean` takes everything of ours away from a path or from
 * all that the journal names, says what it found, and leaves a journal that
 * says the same.
 */
#include "walks.h"

#define ROOT_A   "000102030405060708090a0b"
#define ROOT_BOX u"000102030405060708090a0b" /* ROOT_A, in a path */
#define ROOT_B   "0f0102030405060708090a0b"

static void prepare(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" clean %ls", words));
}

static void clean(struct proc *p, const char16_t *words)
{
    prepare(p, words);
    proc_run(p);
}

static void path__nothing_of_ours__says_so(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"plain\\sub\\a.txt", "a");
    clean(&p, text(L"\"%ls\"", place(u"plain")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, ": 3 files and directories: 0 changed, "));
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void path__a_file__is_looked_at_too(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"plain\\sub\\a.txt", "a");
    clean(&p, text(L"\"%ls\"", place(u"plain\\sub\\a.txt")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "a.txt: 1 files and directories: 0 changed, "));
    proc_clear(&p);
}

static void no_words__in_a_workspace__cleans_it(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    make_dir(u"repo\\.git");
    make_dir(u"repo\\sub");
    prepare(&p, u"--dry-run");
    p.cwd = place(u"repo\\sub");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, contains_text(p.out->at, place(u"repo")));
    proc_assert(&p, strstr(p.out->at, "repo: 3 files and directories: 0 would change, "));
    proc_clear(&p);
}

static void path__part_of_a_root__says_how_to_put_it_back(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"one\\in\\b.txt", "b");
    journal_add("done", ROOT_A, place(u"one"));
    clean(&p, text(L"\"%ls\"", place(u"one\\in")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "it lies in a granted root: "));
    assert_int_equal(count_in_file(JOURNAL, "RFJ1 "), 1);
    proc_clear(&p);
}

static void all__no_journal__nothing_to_do(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    clean(&p, u"--all");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "nothing to clean: "));
    proc_clear(&p);
    clean(&p, u"--all --json");
    proc_assert_code(&p, 0);
    proc_assert(&p, is_json(p.out->at));
    proc_assert(&p, strstr(p.out->at, "\"trees\":[],\"complete\":true}"));
    proc_clear(&p);
}

static void all__roots_in_the_journal__each_once_and_cleared(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"one\\a.txt", "a");
    put_file(u"one\\in\\b.txt", "b");
    journal_add("done", ROOT_A, place(u"one"));
    journal_add("begun", ROOT_B, place(u"one\\in"));
    put_file(DATA u"\\box\\" ROOT_BOX u"\\fence", "ready");
    clean(&p, u"--all");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "one: 4 files and directories: 0 changed, "));
    proc_assert(&p, !contains_text(p.out->at, u"\\in"));
    proc_assert(&p, p.err->bytes == 0);
    proc_assert(&p, !is_there(place(DATA u"\\box\\" ROOT_BOX u"\\fence")));
    proc_clear(&p);
    assert_int_equal(count_in_file(JOURNAL, "RFJ1"), 0);
    clean(&p, u"--all");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "nothing to clean: "));
    proc_clear(&p);
}

static void all__dry_run__the_same_words_and_no_change(void **state)
{
    char *before, *after;
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"one\\a.txt", "a");
    journal_add("done", ROOT_A, place(u"one"));
    put_file(DATA u"\\box\\" ROOT_BOX u"\\fence", "ready");
    before = file_text(JOURNAL);
    clean(&p, u"--all --dry-run");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, " would change, "));
    after = file_text(JOURNAL);
    assert_string_equal(before, after);
    proc_assert(&p, is_there(place(DATA u"\\box\\" ROOT_BOX u"\\fence")));
    proc_clear(&p);
    free(before);
    free(after);
}

#define LOST_BOX DATA u"\\box\\" ROOT_BOX

/* A journal that is lost: a box says that there was a root, if not where.  That is said
 * until somebody has cleaned it, whatever is forgotten meanwhile. */
static void all__boxes_that_no_journal_names__told_until_they_are_gone(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(LOST_BOX u"\\fence", "ready");
    put_file(LOST_BOX u"\\temp\\mine", "the user's");
    for (unsigned i = 0; i < 3; i++) {
        clean(&p, i ? u"--all" : u"--all --dry-run");
        proc_assert_code(&p, 125);
        proc_assert(&p, strstr(p.err->at, "no record in the journal, and were not looked "
                                          "for: 1"));
        proc_assert(&p, strstr(p.err->at, "  fix: ringfence clean PATH, "));
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_assert(&p, !strstr(p.out->at, "nothing to clean"));
        proc_clear(&p);
        assert_true(is_there(place(LOST_BOX u"\\fence")) == (i == 0));
        assert_true(is_there(place(LOST_BOX u"\\temp\\mine")));
    }
    remove_tree(place(LOST_BOX));
    clean(&p, u"--all");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "nothing to clean"));
    proc_clear(&p);
}

/* Runs something in the root, and names the box that it got. */
static const char16_t *box_of(const char16_t *root)
{
    WIN32_FIND_DATAW found;
    struct proc p;
    HANDLE find;

    put_tool(u"tools\\probe.exe");
    proc_init(&p, place(u"rf\\ringfence.exe"),
              text(L" run -- \"%ls\" exit 0", place(u"tools\\probe.exe")));
    p.cwd = root;
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_clear(&p);
    find = FindFirstFileW(place(DATA u"\\box\\????????????????????????"), &found);
    assert_true(find != INVALID_HANDLE_VALUE);
    FindClose(find);
    return text(L"%ls\\box\\%ls", DATA, found.cFileName);
}

static void put_wide(const char16_t *relative, const char16_t *contents)
{
    HANDLE file =
        CreateFileW(place(relative), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD done = 0;

    assert_true(file != INVALID_HANDLE_VALUE);
    WriteFile(file, contents, (DWORD)(wcslen(contents) * sizeof *contents), &done, NULL);
    CloseHandle(file);
}

static void all__a_box_that_says_where_its_root_is__cleaned_there(void **state)
{
    const char16_t *root_file;
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"lost\\.git\\HEAD", "x");
    put_file(u"lost not\\a", "a");
    root_file = text(L"%ls\\root", box_of(place(u"lost")));
    /* Another place is not believed. */
    put_wide(root_file, place(u"lost not"));
    clean(&p, u"--all");
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.err->at, "not looked for: 1"));
    proc_assert(&p, !strstr(p.out->at, "lost"));
    proc_clear(&p);
    put_wide(root_file, place(u"lost"));
    clean(&p, u"--all --dry-run");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "lost: 3 files and directories: 0 would change, "));
    proc_clear(&p);
    assert_true(is_there(place(root_file)));
    clean(&p, u"--all");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "lost: 3 files and directories: 0 changed, "));
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
    assert_false(is_there(place(root_file)));
    /* One that is gone, and one cleaned by its path. */
    put_wide(root_file, place(u"lost and gone"));
    clean(&p, u"--all");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "lost and gone: is gone"));
    proc_clear(&p);
    assert_false(is_there(place(root_file)));
    put_wide(root_file, u"");
    clean(&p, text(L"\"%ls\"", place(u"lost")));
    proc_assert_code(&p, 0);
    proc_clear(&p);
    assert_false(is_there(place(root_file)));
}

/* A root that was deleted has nothing left; one on a drive that is not there
 * may have. */
static void all__roots_that_are_not_there__cleared_or_kept(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    journal_add("done", ROOT_A, place(u"deleted"));
    journal_add("begun", ROOT_B, u"Q:\\unplugged");
    clean(&p, u"--all");
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.out->at, "deleted: is gone"));
    proc_assert(&p, contains_text(p.err->at, u"Q:\\unplugged"));
    proc_clear(&p);
    clean(&p, u"--all");
    proc_assert_code(&p, 125);
    proc_assert(&p, !strstr(p.out->at, "deleted"));
    proc_assert(&p, contains_text(p.err->at, u"Q:\\unplugged"));
    proc_clear(&p);
}

static void path__deleted_root_that_the_journal_knows__cleared(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    journal_add("done", ROOT_A, place(u"deleted"));
    clean(&p, text(L"\"%ls\"", place(u"deleted")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "deleted: is gone"));
    proc_clear(&p);
    clean(&p, u"--all");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "nothing to clean: "));
    proc_clear(&p);
}

static void all__damaged_journal__says_what_looks_without(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"two\\a.txt", "a");
    put_file(JOURNAL, "\nRFJ1 done 00 nonsense\n");
    journal_add("done", ROOT_A, place(u"two"));
    clean(&p, u"--all");
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.out->at, "two: 2 files and directories: 0 changed, "));
    proc_assert(&p, strstr(p.err->at, "journal is damaged"));
    proc_assert(&p, strstr(p.err->at, "`ringfence clean PATH`"));
    proc_clear(&p);
    clean(&p, u"--all"); /* what it named was clean, so it begins anew */
    proc_assert_code(&p, 0);
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void journal__of_another_version__all_refuses_and_a_path_does_without(void **state)
{
    const char *line;
    struct proc p;
    char *still;

    (void)state;
    clear_data();
    put_file(u"two\\a.txt", "a");
    line = journal_line(2, "done", ROOT_A, u"C:\\x");
    put_file(JOURNAL, line);
    clean(&p, u"--all");
    proc_assert_refused(&p, 125);
    proc_assert(&p, strstr(p.err->at, "  fix: ringfence clean PATH"));
    proc_clear(&p);
    clean(&p, text(L"\"%ls\"", place(u"two")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "two: 2 files and directories: "));
    proc_assert(&p, count_messages(p.err->at) == 1);
    proc_clear(&p);
    still = file_text(JOURNAL);
    assert_string_equal(still, line);
    free(still);
    remove_file(JOURNAL);
}

static void journal__cut_anywhere__never_in_the_way(void **state)
{
    char whole[4096];
    size_t len;

    (void)state;
    clear_data();
    put_file(u"one\\a.txt", "a");
    strcpy(whole, journal_line(1, "done", ROOT_A, place(u"one")));
    len = strlen(whole);
    for (size_t cut = 0; cut <= len; cut += 1 + len / 12) {
        char part[4096];
        struct proc p;

        snprintf(part, sizeof part, "%.*s", (int)cut, whole);
        put_file(JOURNAL, part);
        clean(&p, u"--all");
        proc_assert_code(&p, 0);
        proc_assert(&p, p.err->bytes == 0);
        proc_clear(&p);
    }
}

static void clean__leftovers_of_killed_writers__swept(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    make_dir(u"one");
    put_file(DATA u"\\journal.tmp-4294967280-8-0", "half a jour");
    put_file(DATA u"\\mine.txt", "mine");
    clean(&p, text(L"\"%ls\"", place(u"one")));
    proc_assert_code(&p, 0);
    proc_assert(&p, !is_there(place(DATA u"\\journal.tmp-4294967280-8-0")));
    proc_assert(&p, is_there(place(DATA u"\\mine.txt")));
    proc_clear(&p);
}

static void bad_words__any__one_line_and_125(void **state)
{
    static const char16_t *const bad[] = {
        u"a b",          u"--jason", u"\"\"",        u"--all ws", u"ws --all",
        u"no-such-path", u"--all=1", u"Q:\\x",       u"con:x",    u"C:\\x\xD800y",
        u"\"ws?*<>|\"",  u"--dry",   u"\\\\.\\pipe", u"--undo",   u"NUL\\x",
    };

    (void)state;
    clear_data();
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct proc p;

        clean(&p, bad[i]);
        proc_assert_refused(&p, 125);
        proc_assert(&p, !is_there(place(JOURNAL)));
        proc_clear(&p);
    }
}

static void ctrl_c__while_waiting_for_another__ends_and_nothing_was_changed(void **state)
{
    HANDLE other = NULL;
    char *before, *after;
    struct proc p;

    (void)state;
    clear_data();
    journal_add("done", ROOT_A, place(u"one"));
    before = file_text(JOURNAL);
    other = hold_walk();
    prepare(&p, u"--all");
    proc_start(&p);
    sink_await(p.err, "waiting for another");
    assert_true(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0));
    proc_wait(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.err->at, "stopped by Ctrl-C"));
    after = file_text(JOURNAL);
    assert_string_equal(before, after);
    proc_clear(&p);
    CloseHandle(other);
    free(before);
    free(after);
}

static void two_at_once__both_go_through(void **state)
{
    struct proc p[2];

    (void)state;
    clear_data();
    put_file(u"one\\a.txt", "a");
    journal_add("done", ROOT_A, place(u"one"));
    for (size_t i = 0; i < 2; i++) {
        prepare(&p[i], u"--all");
        proc_start(&p[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        proc_wait(&p[i]);
        proc_assert_code(&p[i], 0);
        proc_assert(&p[i], p[i].err->bytes == 0);
    }
    proc_assert(&p[0], !strstr(p[0].out->at, "one: ") != !strstr(p[1].out->at, "one: "));
    for (size_t i = 0; i < 2; i++)
        proc_clear(&p[i]);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path__nothing_of_ours__says_so),
        cmocka_unit_test(path__a_file__is_looked_at_too),
        cmocka_unit_test(no_words__in_a_workspace__cleans_it),
        cmocka_unit_test(path__part_of_a_root__says_how_to_put_it_back),
        cmocka_unit_test(all__no_journal__nothing_to_do),
        cmocka_unit_test(all__roots_in_the_journal__each_once_and_cleared),
        cmocka_unit_test(all__dry_run__the_same_words_and_no_change),
        cmocka_unit_test(all__boxes_that_no_journal_names__told_until_they_are_gone),
        cmocka_unit_test(all__a_box_that_says_where_its_root_is__cleaned_there),
        cmocka_unit_test(all__roots_that_are_not_there__cleared_or_kept),
        cmocka_unit_test(path__deleted_root_that_the_journal_knows__cleared),
        cmocka_unit_test(all__damaged_journal__says_what_looks_without),
        cmocka_unit_test(
            journal__of_another_version__all_refuses_and_a_path_does_without),
        cmocka_unit_test(journal__cut_anywhere__never_in_the_way),
        cmocka_unit_test(clean__leftovers_of_killed_writers__swept),
        cmocka_unit_test(bad_words__any__one_line_and_125),
        cmocka_unit_test(ctrl_c__while_waiting_for_another__ends_and_nothing_was_changed),
        cmocka_unit_test(two_at_once__both_go_through),
    };

    SetConsoleCtrlHandler(swallow_ctrl_c, TRUE);
    return harness_main(argc, argv, "clean", tests, COUNT(tests), true);
}
