/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence grant` says what it did and claims nothing that did not
 * hold.  Wine does not keep the lists that files are given, so here it ends
 * with that, on its first directory; what it counts and how it refuses is the
 * same everywhere.
 */
#include "walks.h"

static void prepare(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" grant %ls", words));
}

static void grant(struct proc *p, const char16_t *words)
{
    prepare(p, words);
    proc_run(p);
}

/* The list of a file, as text. */
static const char *list_of(const char16_t *path)
{
    static char hex[2048];
    BYTE bytes[1000];
    DWORD needed = 0;

    hex[0] = 0;
    assert_true(
        GetFileSecurityW(path, DACL_SECURITY_INFORMATION, bytes, sizeof bytes, &needed));
    for (DWORD i = 0; i < needed; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return hex;
}

static void grant__files_keep_no_lists__says_so_and_claims_nothing(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(u"ws\\a.txt", "a");
    grant(&p, u"");
    proc_assert_refused(&p, 125);
    proc_assert(&p, strstr(p.err->at, "do not keep the lists they are given"));
    assert_int_equal(count_in_file(JOURNAL, " begun "),
                     count_in_file(JOURNAL, " cleared "));
    assert_int_equal(count_in_file(JOURNAL, " done "), 0);
    proc_clear(&p);
}

/* A path is told whole, however it was typed. */
static void grant__no_such_directory__refused_with_its_whole_path(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    grant(&p, u"no-such-directory");
    proc_assert_refused(&p, 125);
    proc_assert(&p, contains_text(p.err->at, u":\\"));
    proc_assert(&p, contains_text(p.err->at, u"\\no-such-directory"));
    proc_clear(&p);
}

static void json__files_keep_no_lists__says_so_too(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    grant(&p, u"--json");
    proc_assert_code(&p, 125);
    proc_assert(&p, is_json(p.out->at));
    proc_assert(&p, !strncmp(p.out->at, "{\"schema\":1,\"command\":\"grant\",", 30));
    proc_assert(&p, strstr(p.out->at, "\"outcome\":\"not_kept\""));
    proc_assert(&p, strstr(p.out->at, "\"complete\":false}"));
    proc_assert(&p, count_messages(p.err->at) == 1);
    proc_clear(&p);
}

static void dry_run__any__counts_and_changes_nothing(void **state)
{
    struct proc p;
    const char *before;

    (void)state;
    clear_data();
    put_file(u"counted\\a.txt", "a");
    put_file(u"counted\\sub\\b.txt", "b");
    make_dir(u"counted\\.git");
    before = _strdup(list_of(place(u"counted")));
    grant(&p, text(L"--dry-run \"%ls\"", place(u"counted")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, ": 5 files and directories: "));
    proc_assert(&p, strstr(p.out->at, " would change"));
    proc_assert(&p, strstr(p.out->at, " 1 protected"));
    proc_assert(&p, p.err->bytes == 0);
    assert_string_equal(list_of(place(u"counted")), before);
    assert_false(is_there(place(JOURNAL)));
    assert_false(is_there(place(DATA u"\\box")));
    proc_clear(&p);
    free((void *)before);
}

static void dry_run_json__any__has_every_count(void **state)
{
    static const char *const keys[] = {
        "\"path\":\"",       "\"outcome\":\"done\"",
        "\"entries\":5,",    "\"changed\":",
        "\"same\":",         "\"cut_off\":",
        "\"hard_linked\":",  "\"labelled\":",
        "\"protected\":1,",  "\"links\":0,",
        "\"vanished\":0,",   "\"failed\":0,",
        "\"null_dacl\":",    "\"too_big\":",
        "\"not_kept\":0,",   "\"elapsed_ms\":",
        "\"failures\":[]",   "\"dry_run\":true",
        "\"complete\":true",
    };
    struct proc p;

    (void)state;
    put_file(u"counted\\a.txt", "a");
    put_file(u"counted\\sub\\b.txt", "b");
    make_dir(u"counted\\.git");
    grant(&p, text(L"\"%ls\" --json --dry-run", place(u"counted")));
    proc_assert_code(&p, 0);
    proc_assert(&p, is_json(p.out->at));
    for (size_t i = 0; i < COUNT(keys); i++)
        proc_assert(&p, strstr(p.out->at, keys[i]));
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void dry_run__300_directories_deep__counts_all(void **state)
{
    static char16_t path[2048];
    struct proc p;
    size_t len;

    (void)state;
    make_dir(u"deep");
    wcscpy(path, text(L"\\\\?\\%ls", place(u"deep")));
    len = wcslen(path);
    for (size_t i = 0; i < 300; i++, len += 2) {
        wcscpy(path + len, u"\\d");
        assert_true(CreateDirectoryW(path, NULL));
    }
    grant(&p, text(L"--dry-run \"%ls\"", place(u"deep")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, ": 301 files and directories: "));
    proc_clear(&p);
    for (size_t i = 0; i < 300; i++, len -= 2) {
        RemoveDirectoryW(path);
        path[len - 2] = 0;
    }
}

static void dry_run__policy_protects_a_name__counts_it(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    make_dir(u"named\\secret");
    put_file(DATA u"\\policy.ini", "[default]\nprotect = secret\n");
    grant(&p, text(L"--dry-run \"%ls\"", place(u"named")));
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, " 1 protected"));
    proc_clear(&p);
    remove_file(DATA u"\\policy.ini");
}

/* Each ends with one line, and nothing is made. */
static void bad_words__any__one_line_and_125(void **state)
{
    const char16_t *const bad[] = {
        u"a b",
        u"--jason",
        u"--dry-run=1",
        u"\"\"",
        u"--dry-run \"\"",
        u"no-such-directory",
        u"--dry-run no-such-directory",
        text(L"\"%ls\"", place(u"ws\\file.txt")),
        text(L"--dry-run \"%ls\"", place(u"ws\\file.txt")),
        u"C:\\",
        u"C:\\windows",
        u"C:\\windows\\system32",
        u"\"C:\\Program Files\"",
        u"C:\\users",
        text(L"\"%ls\"", place(u"rf")),
        text(L"\"%ls\"", place(DATA)),
        u"\\\\server\\share",
        u"\\\\.\\C:",
        u"\\\\?\\GLOBALROOT",
        u"con",
        u"C:\\x\xD800y",
        u"\"ws?*<>|\"",
    };

    (void)state;
    clear_data();
    put_file(u"ws\\file.txt", "a file");
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct proc p;

        grant(&p, bad[i]);
        proc_assert_code(&p, 125);
        proc_assert(&p, p.out->bytes == 0);
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_assert(&p, !is_there(place(JOURNAL)));
        proc_assert(&p, !is_there(place(DATA u"\\box")));
        proc_clear(&p);
    }
}

static void journal__of_another_version__refused_and_kept(void **state)
{
    const char *line;
    struct proc p;
    char *still;

    (void)state;
    clear_data();
    line = journal_line(2, "done", "000102030405060708090a0b", u"C:\\x");
    put_file(JOURNAL, line);
    grant(&p, u"");
    proc_assert_refused(&p, 125);
    proc_assert(&p, contains_text(p.err->at, u"journal"));
    still = file_text(JOURNAL);
    assert_string_equal(still, line);
    free(still);
    assert_false(is_there(place(DATA u"\\box")));
    proc_clear(&p);
    remove_file(JOURNAL);
}

/* Whatever is there, one of two things happens, and what is whole stays. */
static void journal__cut_anywhere__never_in_the_way(void **state)
{
    char whole[1024];
    size_t len;

    (void)state;
    clear_data();
    strcpy(whole, journal_line(1, "done", "000102030405060708090a0b", u"C:\\x"));
    len = strlen(whole);
    for (size_t cut = 0; cut < len; cut += 13) {
        char part[1024];
        struct proc p;

        snprintf(part, sizeof part, "%s%.*s", whole, (int)cut, whole);
        put_file(JOURNAL, part);
        grant(&p, u"--dry-run");
        proc_assert_code(&p, 0);
        proc_assert(&p, p.err->bytes == 0);
        proc_clear(&p);
    }
    remove_file(JOURNAL);
}

static void ctrl_c__while_waiting_for_another__ends_and_nothing_was_changed(void **state)
{
    HANDLE other = NULL;
    struct proc p;

    (void)state;
    clear_data();
    other = hold_walk();
    prepare(&p, u"");
    proc_start(&p);
    sink_await(p.err, "waiting for another");
    assert_true(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0));
    proc_wait(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, p.out->bytes == 0);
    proc_assert(&p, strstr(p.err->at, "stopped by Ctrl-C"));
    proc_assert(&p, count_messages(p.err->at) == 2);
    assert_false(is_there(place(JOURNAL)));
    proc_clear(&p);
    CloseHandle(other);
}

static void workspace__deleted_while_waiting__refused(void **state)
{
    HANDLE other = NULL;
    struct proc p;

    (void)state;
    clear_data();
    make_dir(u"doomed");
    other = hold_walk();
    prepare(&p, text(L"\"%ls\"", place(u"doomed")));
    proc_start(&p);
    sink_await(p.err, "waiting for another");
    assert_true(RemoveDirectoryW(place(u"doomed")));
    CloseHandle(other);
    proc_wait(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, count_messages(p.err->at) == 2);
    proc_assert(&p, contains_text(p.err->at, u"doomed"));
    assert_false(is_there(place(JOURNAL)));
    proc_clear(&p);
}

static void two_at_once__same_root__one_after_the_other(void **state)
{
    struct proc p[2];

    (void)state;
    clear_data();
    for (size_t i = 0; i < 2; i++) {
        prepare(&p[i], u"");
        proc_start(&p[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        proc_wait(&p[i]);
        proc_assert_refused(&p[i], 125);
        proc_assert(&p[i], strstr(p[i].err->at, "do not keep the lists"));
        proc_clear(&p[i]);
    }
    assert_int_equal(count_in_file(JOURNAL, " begun "),
                     count_in_file(JOURNAL, " cleared "));
    assert_int_equal(count_in_file(JOURNAL, "RFJ1 "),
                     2 * count_in_file(JOURNAL, " cleared "));
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grant__files_keep_no_lists__says_so_and_claims_nothing),
        cmocka_unit_test(grant__no_such_directory__refused_with_its_whole_path),
        cmocka_unit_test(json__files_keep_no_lists__says_so_too),
        cmocka_unit_test(dry_run__any__counts_and_changes_nothing),
        cmocka_unit_test(dry_run_json__any__has_every_count),
        cmocka_unit_test(dry_run__300_directories_deep__counts_all),
        cmocka_unit_test(dry_run__policy_protects_a_name__counts_it),
        cmocka_unit_test(bad_words__any__one_line_and_125),
        cmocka_unit_test(journal__of_another_version__refused_and_kept),
        cmocka_unit_test(journal__cut_anywhere__never_in_the_way),
        cmocka_unit_test(ctrl_c__while_waiting_for_another__ends_and_nothing_was_changed),
        cmocka_unit_test(workspace__deleted_while_waiting__refused),
        cmocka_unit_test(two_at_once__same_root__one_after_the_other),
    };

    SetConsoleCtrlHandler(swallow_ctrl_c, TRUE);
    return harness_main(argc, argv, "grant", tests, COUNT(tests), true);
}
