#include "runner/runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "win/dll.h"

/* Pseudo consoles that only write down what was asked of them: Wine's succeed and show
 * nothing. */
struct runner runner;
static struct {
    bool absent;
    HRESULT result;
    HANDLE in;
    COORD size;
    DWORD flags;
    LONG volatile made, closed;
    void *last_closed;
} fake;
static struct err err;

static HRESULT WINAPI fake_create(COORD size, HANDLE in, HANDLE out, DWORD flags,
                                  void **console)
{
    assert_non_null(out);
    fake.size = size;
    fake.flags = flags;
    assert_true(DuplicateHandle(GetCurrentProcess(), in, GetCurrentProcess(), &fake.in, 0,
                                FALSE, DUPLICATE_SAME_ACCESS));
    *console = fake.result < 0
                   ? NULL
                   : (void *)(uintptr_t)(100 + InterlockedIncrement(&fake.made));
    return fake.result;
}

static HRESULT WINAPI fake_resize(void *console, COORD size)
{
    assert_ptr_equal(console, (void *)101);
    fake.size = size;
    return 0;
}

static void WINAPI fake_close(void *console)
{
    fake.last_closed = console;
    InterlockedIncrement(&fake.closed);
}

FARPROC __wrap_dll_loaded(const char16_t *module, const char *name);
FARPROC __real_dll_loaded(const char16_t *module, const char *name);
FARPROC __wrap_dll_loaded(const char16_t *module, const char *name)
{
    static const struct {
        const char *name;
        FARPROC function;
    } fakes[] = {
        { "CreatePseudoConsole", (FARPROC)(void (*)(void))fake_create },
        { "ResizePseudoConsole", (FARPROC)(void (*)(void))fake_resize },
        { "ClosePseudoConsole", (FARPROC)(void (*)(void))fake_close },
    };

    for (size_t i = 0; i < 3; i++)
        if (strcmp(name, fakes[i].name) == 0)
            return fake.absent ? NULL : fakes[i].function;
    return __real_dll_loaded(module, name);
}

static int fresh(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    err = (struct err){ 0 };
    return !runner_console_begin(&err);
}

static struct wire_start a_start(void)
{
    struct wire_start start = { .flags = WIRE_START_TERMINAL, .columns = 90, .rows = 41 };
    HANDLE h =
        CreateFileW(u"NUL", GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

    start.handle[0] = start.handle[1] = (uint64_t)(uintptr_t)h;
    return start;
}

/* A child that lives until it is told: an event is as good to wait for. */
static void keep_one(HANDLE child, uint32_t pid)
{
    struct wire_start start = a_start();
    struct runner_kept kept = { .child = child, .pid = pid };

    assert_true(runner_console_open(&start, &kept.console, &err));
    assert_true(runner_console_keep(&kept, &err));
}

static void open__size_and_cursor__are_passed_on(void **state)
{
    struct wire_start start = a_start();
    void *console = NULL;

    (void)state;
    assert_true(runner_console_open(&start, &console, &err));
    assert_ptr_equal(console, (void *)101);
    assert_int_equal(fake.size.X, 90);
    assert_int_equal(fake.size.Y, 41);
    assert_int_equal(fake.flags, 1);
    runner_console_close(console);
    assert_int_equal(fake.closed, 1);
    runner_console_close(NULL);
    assert_int_equal(fake.closed, 1);
}

static void open__fails_or_is_absent__says_so(void **state)
{
    struct wire_start start = a_start();
    void *console = NULL;

    (void)state;
    fake.result = (HRESULT)0x80070057;
    assert_false(runner_console_open(&start, &console, &err));
    assert_int_equal(err.code, ERROR_INVALID_PARAMETER);
    assert_null(console);
    fake.absent = true;
    assert_false(runner_console_open(&start, &console, &err));
    assert_int_equal(err.domain, ERR_RULE);
}

static void keep__child_lives__console_does_and_ends_with_it(void **state)
{
    HANDLE child = CreateEventW(NULL, TRUE, FALSE, NULL);

    (void)state;
    assert_true(runner_console_await(0));
    keep_one(child, 8);
    assert_false(runner_console_await(50));
    assert_int_equal(fake.closed, 0);
    SetEvent(child);
    assert_true(runner_console_await(10000));
    assert_int_equal(fake.closed, 1);
    assert_ptr_equal(fake.last_closed, (void *)101);
    CloseHandle(child);
}

static void keep__a_hundred_at_once__each_is_closed_once(void **state)
{
    HANDLE child[100];

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        child[i] = CreateEventW(NULL, TRUE, FALSE, NULL);
        keep_one(child[i], 4 * i + 4);
    }
    for (size_t i = 0; i < 100; i++)
        SetEvent(child[i]);
    assert_true(runner_console_await(10000));
    assert_int_equal(fake.closed, 100);
    for (size_t i = 0; i < 100; i++)
        CloseHandle(child[i]);
}

static void keep__no_such_child__stays_the_callers(void **state)
{
    struct runner_kept kept = { .console = (void *)101, .child = NULL, .pid = 8 };

    (void)state;
    assert_false(runner_console_keep(&kept, &err));
    assert_int_equal(err.code, ERROR_INVALID_HANDLE);
    assert_true(runner_console_await(0));
    assert_int_equal(fake.closed, 0);
}

static void resize__by_the_childs_id__and_not_once_it_has_ended(void **state)
{
    HANDLE child = CreateEventW(NULL, TRUE, FALSE, NULL);
    struct wire_resize resize = { 8, 50, 10 };

    (void)state;
    keep_one(child, 8);
    assert_true(runner_console_resize(&resize, &err));
    assert_int_equal(fake.size.X, 50);
    assert_int_equal(fake.size.Y, 10);
    resize.pid = 12;
    assert_false(runner_console_resize(&resize, &err));
    SetEvent(child);
    assert_true(runner_console_await(10000));
    resize.pid = 8;
    assert_false(runner_console_resize(&resize, &err));
    CloseHandle(child);
}

/* A new pseudo console asks where the cursor is, and some what its terminal is. */
static void hidden__its_questions__are_answered_and_its_input_stays_open(void **state)
{
    HANDLE keyboard = NULL;
    void *console = NULL;
    char got[64] = "";
    DWORD count = 0;

    (void)state;
    assert_true(runner_console_open_hidden(&console, &keyboard, &err));
    assert_true(ReadFile(fake.in, got, sizeof got - 1, &count, NULL));
    assert_string_equal(got, "\x1B[1;1R\x1B[?1;0c");
    assert_true(PeekNamedPipe(fake.in, NULL, 0, NULL, &count, NULL));
    assert_int_equal(count, 0);
    CloseHandle(keyboard);
    assert_false(PeekNamedPipe(fake.in, NULL, 0, NULL, &count, NULL)); /* the control */
    CloseHandle(fake.in);
}

static void hidden__cannot_be_made__leaves_no_handle(void **state)
{
    HANDLE keyboard = NULL;
    void *console = NULL;
    char got[64];
    DWORD count = 0;

    (void)state;
    fake.result = (HRESULT)0x8007000E;
    assert_false(runner_console_open_hidden(&console, &keyboard, &err));
    assert_null(keyboard);
    assert_true(ReadFile(fake.in, got, sizeof got, &count, NULL));
    assert_false(ReadFile(fake.in, got, sizeof got, &count, NULL)); /* nobody writes */
    assert_int_equal(GetLastError(), ERROR_BROKEN_PIPE);
    CloseHandle(fake.in);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup(test, fresh)
    const struct CMUnitTest tests[] = {
        T(open__size_and_cursor__are_passed_on),
        T(open__fails_or_is_absent__says_so),
        T(keep__child_lives__console_does_and_ends_with_it),
        T(keep__a_hundred_at_once__each_is_closed_once),
        T(keep__no_such_child__stays_the_callers),
        T(resize__by_the_childs_id__and_not_once_it_has_ended),
        T(hidden__its_questions__are_answered_and_its_input_stays_open),
        T(hidden__cannot_be_made__leaves_no_handle),
    };
    return cmocka_run_group_tests_name("runner_console", tests, NULL, NULL);
}
