#include "remote/remote_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "win/own_console.h"

static struct remote_console *console; /* lives as long as the process */
static HANDLE was[3];
static struct err err;

static const DWORD std[3] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };

/* The standard handles: 'c' our console, 'n' NUL, '-' none. */
static void stand(const char kinds[3])
{
    static const char16_t *const names[3] = { u"CONIN$", u"CONOUT$", u"CONOUT$" };

    for (size_t i = 0; i < 3; i++)
        SetStdHandle(std[i], kinds[i] == 'c'   ? own_console_open(names[i])
                             : kinds[i] == 'n' ? own_console_open(u"NUL")
                                               : NULL);
}

static int fresh(void **state)
{
    HANDLE keyboard = own_console_open(u"CONIN$");

    (void)state;
    FlushConsoleInputBuffer(keyboard);
    CloseHandle(keyboard);
    console = calloc(1, sizeof *console);
    for (size_t i = 0; i < 3; i++)
        was[i] = GetStdHandle(std[i]);
    return 0;
}

static int put_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        SetStdHandle(std[i], was[i]);
    return 0;
}

static DWORD keyboard_mode(void)
{
    HANDLE keyboard = own_console_open(u"CONIN$");
    DWORD mode = 0;

    assert_true(GetConsoleMode(keyboard, &mode));
    CloseHandle(keyboard);
    return mode;
}

/* The other side's handles, as a runner has them: copies. */
static HANDLE copy(size_t which)
{
    HANDLE h = NULL;

    assert_true(
        DuplicateHandle(GetCurrentProcess(), remote_console_handle(console, which),
                        GetCurrentProcess(), &h, 0, FALSE, DUPLICATE_SAME_ACCESS));
    return h;
}

static void write_all(HANDLE h, const char *text)
{
    DWORD done = 0;

    assert_true(WriteFile(h, text, (DWORD)strlen(text), &done, NULL));
}

static void terminal__keyboard_and_screen__both_ways_and_put_back(void **state)
{
    DWORD before = keyboard_mode(), done = 0;
    HANDLE in = NULL, out = NULL;
    char got[8] = "";

    (void)state;
    stand("ccc");
    assert_true(remote_console_open(console, true, &err));
    assert_true(console->is_terminal);
    assert_true(console->size.columns > 0 && console->size.rows > 0);
    assert_null(remote_console_handle(console, 2)); /* the pseudo console's as well */
    assert_int_not_equal(keyboard_mode(), before);
    in = copy(0);
    out = copy(1);
    assert_true(remote_console_begin(console, &err));
    own_console_press(3);
    own_console_press(u'\xFC');
    for (DWORD all = 0; all < 3; all += done)
        assert_true(ReadFile(in, got + all, sizeof got - all, &done, NULL));
    assert_string_equal(got, "\x03\xC3\xBC");
    write_all(out, "painted-by-\xC3");
    write_all(out, "\xBC"
                   "s");
    CloseHandle(out); /* as the runner does when the command has ended */
    remote_console_end(console);
    assert_true(own_console_shows(u"painted-by-\xFCs"));
    assert_int_equal(keyboard_mode(), before);
    CloseHandle(in);
}

/* The command's own redirections stay what they are. */
static void terminal__error_is_a_file__goes_to_the_command(void **state)
{
    (void)state;
    stand("ccn");
    assert_true(remote_console_open(console, true, &err));
    assert_true(console->is_terminal);
    assert_ptr_equal(remote_console_handle(console, 2), GetStdHandle(STD_ERROR_HANDLE));
    remote_console_end(console);
}

/* A keyboard that is somebody else's, as before a pager, is not taken. */
static void terminal__one_is_redirected__pipes_for_the_rest(void **state)
{
    static const char kinds[][4] = { "ncc", "cnc", "cnn", "nnc", "-cc" };
    DWORD before = keyboard_mode();

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        console = calloc(1, sizeof *console);
        stand(kinds[i]);
        assert_true(remote_console_open(console, true, &err));
        assert_false(console->is_terminal);
        for (size_t k = 0; k < 3; k++)
            if (kinds[i][k] == 'c')
                assert_int_equal(GetFileType(remote_console_handle(console, k)),
                                 FILE_TYPE_PIPE);
            else
                assert_ptr_equal(remote_console_handle(console, k), GetStdHandle(std[k]));
        assert_int_equal(keyboard_mode(), before);
        remote_console_end(console);
    }
}

static void terminal__runner_cannot__pipes(void **state)
{
    (void)state;
    stand("ccc");
    assert_true(remote_console_open(console, false, &err));
    assert_false(console->is_terminal);
    assert_true(remote_console_open(console, false, &err)); /* for another runner */
    remote_console_end(console);
}

static void terminal__another_runner_that_cannot__is_an_error_and_put_back(void **state)
{
    DWORD before = keyboard_mode();

    (void)state;
    stand("ccc");
    assert_true(remote_console_open(console, true, &err));
    assert_true(remote_console_open(console, true, &err));
    assert_false(remote_console_open(console, false, &err));
    remote_console_end(console);
    assert_int_equal(keyboard_mode(), before);
}

static void resize__other_window__is_noticed_once(void **state)
{
    INPUT_RECORD record = { .EventType = WINDOW_BUFFER_SIZE_EVENT };
    HANDLE keyboard = NULL;
    DWORD done = 0;

    (void)state;
    stand("ccc");
    assert_true(remote_console_open(console, true, &err));
    assert_true(remote_console_begin(console, &err));
    keyboard = own_console_open(u"CONIN$");
    assert_true(WriteConsoleInputW(keyboard, &record, 1, &done));
    assert_int_equal(WaitForSingleObject(console->resized, 10000), WAIT_OBJECT_0);
    assert_false(remote_console_has_new_size(console)); /* it has not */
    console->size.columns++;
    assert_true(remote_console_has_new_size(console));
    assert_false(remote_console_has_new_size(console));
    CloseHandle(keyboard);
    remote_console_end(console);
}

/* Who goes on after the command does not keep the keyboard.  The last of the tests:
 * Wine's console goes on with a line that nobody waits for any more. */
static void pipes__command_has_ended__nobody_reads_on(void **state)
{
    HANDLE in = NULL;
    char got[8] = "";
    DWORD done = 0;

    (void)state;
    stand("cnn");
    assert_true(remote_console_open(console, false, &err));
    in = copy(0);
    assert_true(remote_console_begin(console, &err));
    own_console_press(u'a');
    own_console_press(u'\r');
    assert_true(ReadFile(in, got, sizeof got, &done, NULL));
    assert_int_equal(got[0], 'a');
    remote_console_end(console);
    assert_int_equal(WaitForSingleObject(console->carrier[0], 10000), WAIT_OBJECT_0);
    CloseHandle(in);
}

int main(int argc, char **argv)
{
#define T(test) cmocka_unit_test_setup_teardown(test, fresh, put_back)
    const struct CMUnitTest tests[] = {
        T(terminal__keyboard_and_screen__both_ways_and_put_back),
        T(terminal__error_is_a_file__goes_to_the_command),
        T(terminal__one_is_redirected__pipes_for_the_rest),
        T(terminal__runner_cannot__pipes),
        T(terminal__another_runner_that_cannot__is_an_error_and_put_back),
        T(resize__other_window__is_noticed_once),
        T(pipes__command_has_ended__nobody_reads_on),
    };
    int code = 0;

    if (!own_console(argc, argv, &code))
        return code;
    return cmocka_run_group_tests_name("remote_console", tests, NULL, NULL);
}
