#include "win/statefile.h"

#include "core/journal.h"
#include "win/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHILD    u"--child"
#define CHILDREN 4u
#define RECORDS  50u
#define THREADS  4u
#define REPLACES 100u
#define CAP      65536u

static char16_t dir[MAX_PATH], path[MAX_PATH + 32], child_path[MAX_PATH];
static uint8_t data[CAP];
static struct err err;

static const char16_t *in_dir(const char16_t *name)
{
    struct u16buf b = U16BUF(path);

    u16buf_addz(&b, dir);
    u16buf_addc(&b, u'\\');
    u16buf_addz(&b, name);
    return path;
}

static size_t read_file(const char16_t *name)
{
    size_t bytes = 0;

    assert_int_equal(file_read(name, data, sizeof data, &bytes, &err), FILE_READ_DONE);
    return bytes;
}

/* How many names in the test's folder match. */
static unsigned count(const char16_t *pattern)
{
    WIN32_FIND_DATAW found;
    HANDLE h = FindFirstFileW(in_dir(pattern), &found);
    unsigned n = 0;

    if (h == INVALID_HANDLE_VALUE)
        return 0;
    do
        n++;
    while (FindNextFileW(h, &found));
    FindClose(h);
    return n;
}

static void empty_dir(void)
{
    WIN32_FIND_DATAW found;
    HANDLE h = FindFirstFileW(in_dir(u"*"), &found);

    if (h == INVALID_HANDLE_VALUE)
        return;
    do {
        in_dir(found.cFileName);
        SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
        DeleteFileW(path);
    } while (FindNextFileW(h, &found));
    FindClose(h);
}

static int fresh_dir(void **state)
{
    (void)state;
    if (GetTempPathW(MAX_PATH - 32, dir) == 0)
        return 1;
    wcscat(dir, u"ringfence-statefile");
    CreateDirectoryW(dir, NULL);
    empty_dir();
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    empty_dir();
    RemoveDirectoryW(dir);
    return 0;
}

static void statefile_replace__no_file_yet__makes_it(void **state)
{
    (void)state;
    assert_true(statefile_replace(in_dir(u"state"), "abc", 3, &err));
    assert_int_equal(read_file(path), 3);
    assert_memory_equal(data, "abc", 3);
    assert_int_equal(count(u"*.tmp-*"), 0);
}

static void statefile_replace__a_longer_file__leaves_nothing_of_it(void **state)
{
    (void)state;
    assert_true(statefile_replace(in_dir(u"state"), "a longer one", 12, &err));
    assert_true(statefile_replace(path, "", 0, &err));
    assert_int_equal(read_file(path), 0);
    assert_true(statefile_replace(path, "xy", 2, &err));
    assert_int_equal(read_file(path), 2);
}

static void statefile_replace__read_only_target__fails_and_leaves_it(void **state)
{
    (void)state;
    assert_true(statefile_replace(in_dir(u"state"), "old", 3, &err));
    assert_true(SetFileAttributesW(path, FILE_ATTRIBUTE_READONLY));
    assert_false(statefile_replace(path, "new", 3, &err));
    assert_int_equal(err.code, ERROR_ACCESS_DENIED);
    assert_true(u16s_eq(u16s_of(err.object), u16s_of(path)));
    assert_int_equal(read_file(path), 3);
    assert_memory_equal(data, "old", 3);
    assert_int_equal(count(u"*.tmp-*"), 0);
}

static void statefile_append__read_only_target__fails_at_once(void **state)
{
    DWORD start = GetTickCount();
    HANDLE file = NULL;

    (void)state;
    assert_true(statefile_replace(in_dir(u"state"), "old", 3, &err));
    assert_true(SetFileAttributesW(path, FILE_ATTRIBUTE_READONLY));
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
        print_message("SKIP read-only append: this system opens such a file for writing "
                      "(Wine as root)\n");
        skip();
    }
    assert_false(statefile_append(path, "new", 3, &err));
    assert_int_equal(err.code, ERROR_ACCESS_DENIED);
    assert_in_range(GetTickCount() - start, 0, 900);
    assert_int_equal(read_file(path), 3);
}

static void statefile__missing_directory__fails_and_names_it(void **state)
{
    (void)state;
    in_dir(u"none\\state");
    assert_false(statefile_replace(path, "x", 1, &err));
    assert_int_equal(err.code, ERROR_PATH_NOT_FOUND);
    assert_true(u16s_istarts(u16s_of(err.object), u16s_of(path)));
    assert_false(statefile_append(path, "x", 1, &err));
    assert_int_equal(err.code, ERROR_PATH_NOT_FOUND);
}

static void
statefile_replace__target_is_a_directory__fails_and_leaves_nothing(void **state)
{
    (void)state;
    assert_true(CreateDirectoryW(in_dir(u"state"), NULL));
    assert_false(statefile_replace(path, "x", 1, &err));
    assert_int_equal(err.domain, ERR_WIN32);
    assert_int_equal(count(u"*.tmp-*"), 0);
    assert_true(RemoveDirectoryW(in_dir(u"state")));
}

/* Somebody reads the old file without sharing and lets go: the replacing waits for it. */
static DWORD WINAPI let_go(void *file)
{
    Sleep(200);
    CloseHandle(file);
    return 0;
}

static void statefile_replace__target_in_use_for_a_while__waits(void **state)
{
    HANDLE file = NULL, thread = NULL;

    (void)state;
    assert_true(statefile_replace(in_dir(u"state"), "old", 3, &err));
    file = CreateFileW(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    thread = CreateThread(NULL, 0, let_go, file, 0, NULL);
    assert_non_null(thread);
    assert_true(statefile_replace(path, "new!", 4, &err));
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_int_equal(read_file(path), 4);
}

static void statefile_replace__target_in_use_for_good__fails_in_time(void **state)
{
    DWORD start = GetTickCount(), spent = 0;
    HANDLE file = NULL;

    (void)state;
    assert_true(statefile_replace(in_dir(u"state"), "old", 3, &err));
    file = CreateFileW(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    assert_false(statefile_replace(path, "new!", 4, &err));
    spent = GetTickCount() - start;
    CloseHandle(file);
    assert_string_equal(err.call, "MoveFileExW");
    assert_in_range(spent, 2900, 15000);
    assert_int_equal(read_file(path), 3);
    assert_int_equal(count(u"*.tmp-*"), 0);
}

/* Each writer's content is one letter over and over, its length its own. */
static DWORD WINAPI replace_often(void *arg)
{
    size_t letter = (size_t)arg;
    char text[4096];
    struct err mine;

    memset(text, 'a' + (char)letter, sizeof text);
    for (unsigned i = 0; i < REPLACES; i++)
        if (!statefile_replace(path, text, 1000 * letter + 96, &mine)) {
            print_error("%s: Win32 %lu\n", mine.call, (unsigned long)mine.code);
            return mine.code;
        }
    return 0;
}

static void statefile_replace__many_at_once__a_reader_sees_one_of_them(void **state)
{
    HANDLE threads[THREADS];
    unsigned reads = 0;

    (void)state;
    assert_true(statefile_replace(in_dir(u"state"), "a", 1, &err));
    for (size_t i = 0; i < THREADS; i++)
        threads[i] = CreateThread(NULL, 0, replace_often, (void *)i, 0, NULL);
    while (WaitForMultipleObjects(THREADS, threads, TRUE, 0) == WAIT_TIMEOUT) {
        size_t bytes = 0;
        enum file_read got = file_read(path, data, sizeof data, &bytes, &err);

        assert_int_not_equal(got, FILE_READ_ABSENT);
        if (got != FILE_READ_DONE || bytes == 1)
            continue;
        assert_int_equal(bytes, 1000u * (data[0] - 'a') + 96u);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(data[i], data[0]);
        reads++;
    }
    for (size_t i = 0; i < THREADS; i++) {
        DWORD code = 1;

        GetExitCodeThread(threads[i], &code);
        assert_int_equal(code, 0);
        CloseHandle(threads[i]);
    }
    assert_true(reads > 0);
    assert_int_equal(count(u"*.tmp-*"), 0);
}

static void statefile_append__one_after_the_other__keeps_both(void **state)
{
    (void)state;
    assert_true(statefile_append(in_dir(u"journal"), "abc", 3, &err));
    assert_true(statefile_append(in_dir(u"journal"), "def", 3, &err));
    assert_int_equal(read_file(in_dir(u"journal")), 6);
    assert_memory_equal(data, "abcdef", 6);
}

static void statefile_lock__held_elsewhere__waits_and_gives_up(void **state)
{
    HANDLE lock = NULL, second = NULL;
    DWORD start = 0;

    (void)state;
    assert_true(statefile_lock(in_dir(u"journal"), &lock, &err));
    start = GetTickCount();
    assert_false(statefile_lock(path, &second, &err));
    assert_int_equal(err.code, ERROR_SHARING_VIOLATION);
    assert_in_range(GetTickCount() - start, 4500, 15000);
    assert_null(second);
    CloseHandle(lock);
    assert_true(statefile_lock(path, &second, &err));
    CloseHandle(second);
}

/* The other processes: each appends whole records for a root of its own. */
static int child(unsigned id)
{
    struct journal_record record = { .state = JOURNAL_BEGUN, .version = "0.1.0" };

    memset(record.root, (int)id, sizeof record.root);
    for (unsigned i = 0; i < RECORDS; i++) {
        size_t bytes = 0;

        record.entries = i;
        record.state = i + 1 == RECORDS ? JOURNAL_DONE : JOURNAL_BEGUN;
        if (!journal_format(&record, u16s_of(u"C:\\ws"), data, sizeof data, &bytes) ||
            !statefile_append(child_path, data, bytes, &err))
            return 1;
    }
    return 0;
}

static HANDLE start_child(unsigned id)
{
    char16_t self[MAX_PATH], line[2 * MAX_PATH];
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    struct u16buf b = U16BUF(line);

    GetModuleFileNameW(NULL, self, MAX_PATH);
    u16buf_addz(&b, u"x " CHILD u" ");
    u16buf_add_dec(&b, id);
    u16buf_addc(&b, u' ');
    u16buf_addz(&b, in_dir(u"journal"));
    assert_true(CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi));
    CloseHandle(pi.hThread);
    return pi.hProcess;
}

static void statefile_append__several_processes__loses_and_tears_nothing(void **state)
{
    HANDLE children[CHILDREN];
    struct journal_record roots[CHILDREN + 1];
    struct journal journal = { .roots = roots, .cap = CHILDREN + 1 };
    size_t bytes = 0, lines = 0;

    (void)state;
    for (unsigned i = 0; i < CHILDREN; i++)
        children[i] = start_child(i + 1);
    for (unsigned i = 0; i < CHILDREN; i++) {
        DWORD code = 1;

        WaitForSingleObject(children[i], INFINITE);
        GetExitCodeProcess(children[i], &code);
        assert_int_equal(code, 0);
        CloseHandle(children[i]);
    }
    bytes = read_file(in_dir(u"journal"));
    for (size_t i = 0; i < bytes; i++)
        lines += data[i] == '\n';
    assert_int_equal(lines, 2u * CHILDREN * RECORDS);
    assert_true(journal_read(&journal, data, bytes, &err));
    assert_int_equal(journal.count, CHILDREN);
    assert_int_equal(journal.damaged + journal.torn, 0);
    for (size_t i = 0; i < CHILDREN; i++) {
        assert_int_equal(roots[i].state, JOURNAL_DONE);
        assert_int_equal(roots[i].entries, RECORDS - 1);
    }
}

static void leave(const char16_t *name, DWORD pid)
{
    char16_t text[MAX_PATH];
    struct u16buf b = U16BUF(text);

    u16buf_addz(&b, name);
    u16buf_add_dec(&b, pid);
    u16buf_addz(&b, u"-5-0");
    assert_true(statefile_replace(in_dir(text), "x", 1, &err));
}

static void statefile_sweep__writers_that_are_gone__takes_theirs_only(void **state)
{
    (void)state;
    leave(u"journal.tmp-", 0xFFFFFFF0u); /* no id that Windows gives */
    leave(u"a.tmp-b.tmp-", 0xFFFFFFF0u); /* not a writer's: no number behind the first */
    leave(u"journal.tmp-", GetCurrentProcessId());
    assert_true(statefile_replace(in_dir(u"journal.tmp-x"), "x", 1, &err));
    assert_true(statefile_replace(in_dir(u"journal.tmp-4294967280"), "x", 1, &err));
    assert_true(statefile_replace(in_dir(u"journal"), "x", 1, &err));
    statefile_sweep(dir);
    assert_int_equal(count(u"journal.tmp-4294967280-*"), 0);
    assert_int_equal(count(u"a.tmp-*"), 1);
    assert_int_equal(count(u"journal.tmp-*"), 3);
    assert_int_equal(count(u"journal"), 1);
    statefile_sweep(in_dir(u"no such directory"));
}

/* "x --child 2 C:\...\journal" */
static bool is_child(unsigned *id)
{
    struct u16s rest = u16s_of(GetCommandLineW());
    struct u16s word = u16s_split(&rest, u' ');
    struct u16buf to = U16BUF(child_path);
    uint64_t value = 0;

    (void)word;
    if (!rest.at || !u16s_eq(u16s_split(&rest, u' '), u16s_of(CHILD)))
        return false;
    if (!u16s_number(u16s_split(&rest, u' '), 255, &value))
        return false;
    u16buf_add(&to, rest);
    *id = (unsigned)value;
    return true;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(statefile_replace__no_file_yet__makes_it),
        TEST(statefile_replace__a_longer_file__leaves_nothing_of_it),
        TEST(statefile_replace__read_only_target__fails_and_leaves_it),
        TEST(statefile_append__read_only_target__fails_at_once),
        TEST(statefile__missing_directory__fails_and_names_it),
        TEST(statefile_replace__target_is_a_directory__fails_and_leaves_nothing),
        TEST(statefile_replace__target_in_use_for_a_while__waits),
        TEST(statefile_replace__target_in_use_for_good__fails_in_time),
        TEST(statefile_replace__many_at_once__a_reader_sees_one_of_them),
        TEST(statefile_append__one_after_the_other__keeps_both),
        TEST(statefile_lock__held_elsewhere__waits_and_gives_up),
        TEST(statefile_append__several_processes__loses_and_tears_nothing),
        TEST(statefile_sweep__writers_that_are_gone__takes_theirs_only),
    };
    unsigned id = 0;

    if (is_child(&id))
        return child(id);
    return cmocka_run_group_tests_name("statefile", tests, NULL, NULL);
}
