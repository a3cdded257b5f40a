#include "grant/ledger.h"

#include "win/file.h"
#include "win/statefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHILD    u"--child"
#define CHILDREN 3u
#define THREADS  3u
#define NOTES    30u
#define CAP      0x400000u

static char16_t dir[MAX_PATH], file[MAX_PATH + 16], program[MAX_PATH];
static struct err err;
static struct ledger ledger;
static uint8_t *data;

static struct journal_record record_of(enum journal_state state, unsigned root)
{
    struct journal_record r = { .state = state, .plan = 7, .entries = 1000, .failed = 3 };

    memset(r.root, 0xA0, sizeof r.root);
    memcpy(r.root, &root, sizeof root);
    return r;
}

static bool note(enum journal_state state, unsigned root, const char16_t *path)
{
    struct journal_record r = record_of(state, root);

    return ledger_note(dir, &r, path, &err);
}

static const struct journal_record *find(unsigned root)
{
    struct journal_record r = record_of(JOURNAL_BEGUN, root);

    return ledger_root(&ledger, r.root);
}

static void read_again(void)
{
    ledger_clear(&ledger);
    if (!ledger_read(dir, &ledger, &err))
        fail_msg("%s", err.call);
}

static size_t read_bytes(void)
{
    size_t bytes = 0;

    assert_int_equal(file_read(file, data, CAP, &bytes, &err), FILE_READ_DONE);
    return bytes;
}

static void empty(void)
{
    char16_t text[MAX_PATH + 16];
    WIN32_FIND_DATAW found;
    HANDLE h = NULL;

    swprintf(text, MAX_PATH + 16, L"%ls\\*", dir);
    h = FindFirstFileW(text, &found);
    if (h == INVALID_HANDLE_VALUE)
        return;
    do {
        swprintf(text, MAX_PATH + 16, L"%ls\\%ls", dir, found.cFileName);
        DeleteFileW(text);
    } while (FindNextFileW(h, &found));
    FindClose(h);
}

static int fresh(void **state)
{
    (void)state;
    CreateDirectoryW(dir, NULL);
    empty();
    return 0;
}

static int cleanup(void **state)
{
    (void)state;
    ledger_clear(&ledger);
    empty();
    RemoveDirectoryW(dir);
    return 0;
}

static void ledger_read__no_file__is_empty(void **state)
{
    (void)state;
    read_again();
    assert_int_equal(ledger.journal.count + ledger.journal.damaged, 0);
    assert_null(find(1));
}

static void ledger_note__states__the_latest_counts(void **state)
{
    char16_t text[128];
    struct u16buf path = U16BUF(text);

    (void)state;
    assert_true(note(JOURNAL_BEGUN, 1, u"C:\\src\\\xD83D one"));
    assert_true(note(JOURNAL_BEGUN, 2, u"C:\\two"));
    assert_true(note(JOURNAL_DONE, 1, u"C:\\src\\\xD83D one"));
    read_again();
    assert_int_equal(ledger.journal.count, 2);
    assert_int_equal(find(1)->state, JOURNAL_DONE);
    assert_int_equal(find(2)->state, JOURNAL_BEGUN);
    assert_int_equal(find(1)->plan, 7);
    assert_int_equal(find(1)->entries, 1000);
    assert_int_equal(find(1)->failed, 3);
    assert_string_equal(find(1)->version, RINGFENCE_VERSION);
    assert_true(find(1)->time > 130000000000000000u); /* 2012 */
    assert_true(journal_path(find(1), &path));
    assert_true(!wcscmp(text, u"C:\\src\\\xD83D one"));
    assert_null(find(3));
}

static void ledger_note__a_torn_end__keeps_the_rest(void **state)
{
    size_t bytes = 0;

    (void)state;
    assert_true(note(JOURNAL_DONE, 1, u"C:\\one"));
    assert_true(note(JOURNAL_BEGUN, 2, u"C:\\two"));
    bytes = read_bytes();
    for (size_t cut = 2; cut < 60; cut += 7) {
        assert_true(statefile_replace(file, data, bytes - cut, &err));
        read_again();
        assert_true(ledger.journal.torn);
        assert_int_equal(ledger.journal.count, 1);
        assert_true(note(JOURNAL_DONE, 3, u"C:\\three"));
        read_again();
        assert_int_equal(find(1)->state, JOURNAL_DONE);
        assert_int_equal(find(3)->state, JOURNAL_DONE);
        assert_null(find(2));
        assert_int_equal(ledger.journal.damaged, 1);
    }
}

static void ledger_note__another_version__is_refused_and_kept(void **state)
{
    /* The CHECK is that of the line. */
    static const char other[] = "\nRFJ2 whatever bb2e0fc7a7510973\n";
    size_t bytes = 0;

    (void)state;
    assert_true(note(JOURNAL_DONE, 1, u"C:\\one"));
    bytes = read_bytes();
    memcpy(data + bytes, other, sizeof other - 1);
    assert_true(statefile_replace(file, data, bytes + sizeof other - 1, &err));
    assert_false(ledger_read(dir, &ledger, &err));
    assert_string_equal(err.call, "the journal is another version's");
    assert_true(!wcscmp(err.object, file));
    assert_non_null(err.hint);
    assert_false(note(JOURNAL_DONE, 2, u"C:\\two"));
    assert_string_equal(err.call, "the journal is another version's");
    assert_int_equal(read_bytes(), bytes + sizeof other - 1);
    assert_memory_equal(data + bytes, other, sizeof other - 1);
}

static void ledger_note__no_directory__names_it(void **state)
{
    struct journal_record r = record_of(JOURNAL_BEGUN, 1);

    (void)state;
    assert_false(ledger_note(u"C:\\no\\such", &r, u"C:\\x", &err));
    assert_int_equal(err.code, ERROR_PATH_NOT_FOUND);
    assert_false(ledger_note(dir, &r, u"", &err));
    assert_int_equal(err.domain, ERR_RULE);
    read_again();
    assert_int_equal(ledger.journal.count, 0);
}

static void ledger_note__many_times__the_file_stays_small(void **state)
{
    size_t largest = 0;

    (void)state;
    for (unsigned i = 0; i < 900; i++) {
        size_t bytes = 0;

        assert_true(
            note(i % 4 < 2 ? JOURNAL_BEGUN : JOURNAL_DONE, i % 8, u"C:\\some\\root"));
        assert_true(note(JOURNAL_CLEARED, 100 + i, u"C:\\gone\\by\\now"));
        bytes = read_bytes();
        if (bytes > largest)
            largest = bytes;
    }
    assert_in_range(largest, 0x10000, 0x10000 + 1024);
    read_again();
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(find(i)->state, i % 4 < 2 ? JOURNAL_BEGUN : JOURNAL_DONE);
    assert_int_equal(ledger.journal.damaged, 0);
}

/* The sign that a root may be missing is not swept away. */
static void ledger_note__damaged__is_never_rewritten(void **state)
{
    (void)state;
    assert_true(statefile_append(file, "\nnonsense\n\n", 11, &err));
    for (unsigned i = 0; i < 800; i++)
        assert_true(note(JOURNAL_DONE, i % 8, u"C:\\some\\root"));
    assert_true(read_bytes() > 0x10000);
    read_again();
    assert_int_equal(ledger.journal.damaged, 1);
    assert_int_equal(ledger.journal.count, 8);
}

static void ledger_compact__cleared_roots_and_damage__are_gone(void **state)
{
    (void)state;
    assert_true(ledger_compact(dir, &err));
    assert_int_equal(file_kind(file), FILE_ABSENT); /* none is made */
    assert_true(statefile_append(file, "\nnonsense\n\n", 11, &err));
    assert_true(note(JOURNAL_BEGUN, 1, u"C:\\one"));
    assert_true(note(JOURNAL_CLEARED, 1, u"C:\\one"));
    assert_true(note(JOURNAL_BEGUN, 2, u"C:\\two"));
    assert_true(ledger_compact(dir, &err));
    read_again();
    assert_int_equal(ledger.journal.damaged, 0);
    assert_int_equal(ledger.journal.count, 1);
    assert_int_equal(find(2)->state, JOURNAL_BEGUN);
    assert_true(note(JOURNAL_CLEARED, 2, u"C:\\two"));
    assert_true(ledger_compact(dir, &err));
    assert_int_equal(read_bytes(), 0);
}

static DWORD WINAPI note_many(void *arg)
{
    unsigned who = (unsigned)(uintptr_t)arg;
    struct err e;

    for (unsigned i = 0; i < NOTES; i++) {
        struct journal_record r = record_of(JOURNAL_DONE, who * 1000 + i % 5);

        if (!ledger_note(dir, &r, u"C:\\a\\rather\\long\\path\\to\\reach\\the\\limit\\by",
                         &e))
            return e.code ? e.code : 1;
    }
    return 0;
}

static HANDLE start_child(unsigned who)
{
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    char16_t line[MAX_PATH + 64];

    swprintf(line, MAX_PATH + 64, L"\"%ls\" %ls %u", program, CHILD, who);
    if (!CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi))
        return NULL;
    CloseHandle(pi.hThread);
    return pi.hProcess;
}

/* Beginning just below the size at which it is rewritten: they meet in that too. */
static void ledger_note__several_processes_and_threads__loses_nothing(void **state)
{
    HANDLE h[CHILDREN + THREADS];

    (void)state;
    while (note(JOURNAL_CLEARED, 1, u"C:\\filler") && read_bytes() < 0x10000 - 2000)
        ;
    for (unsigned i = 0; i < CHILDREN; i++)
        h[i] = start_child(i + 1);
    for (unsigned i = CHILDREN; i < CHILDREN + THREADS; i++)
        h[i] = CreateThread(NULL, 0, note_many, (void *)(uintptr_t)(i + 1), 0, NULL);
    for (unsigned i = 0; i < CHILDREN + THREADS; i++) {
        DWORD code = 1;

        assert_non_null(h[i]);
        assert_int_equal(WaitForSingleObject(h[i], 120000), WAIT_OBJECT_0);
        if (i < CHILDREN)
            GetExitCodeProcess(h[i], &code);
        else
            GetExitCodeThread(h[i], &code);
        assert_int_equal(code, 0);
        CloseHandle(h[i]);
    }
    read_again();
    assert_int_equal(ledger.journal.damaged, 0);
    assert_false(ledger.journal.torn);
    for (unsigned i = 1; i <= CHILDREN + THREADS; i++)
        for (unsigned k = 0; k < 5; k++)
            assert_non_null(find(i * 1000 + k));
    assert_true(read_bytes() < 0x10000 + 1024);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, cleanup)
        TEST(ledger_read__no_file__is_empty),
        TEST(ledger_note__states__the_latest_counts),
        TEST(ledger_note__a_torn_end__keeps_the_rest),
        TEST(ledger_note__another_version__is_refused_and_kept),
        TEST(ledger_note__no_directory__names_it),
        TEST(ledger_note__many_times__the_file_stays_small),
        TEST(ledger_note__damaged__is_never_rewritten),
        TEST(ledger_compact__cleared_roots_and_damage__are_gone),
        TEST(ledger_note__several_processes_and_threads__loses_nothing),
    };

    if (GetTempPathW(MAX_PATH - 64, dir) == 0)
        return 1;
    wcscat(dir, u"ringfence-ledger");
    swprintf(file, MAX_PATH + 16, L"%ls\\%ls", dir, LEDGER_NAME);
    GetModuleFileNameW(NULL, program, MAX_PATH);
    if (argc == 3)
        return (int)note_many((void *)(uintptr_t)strtoul(argv[2], NULL, 10));
    data = malloc(CAP);
    return data ? cmocka_run_group_tests_name("ledger", tests, NULL, NULL) : 1;
}
