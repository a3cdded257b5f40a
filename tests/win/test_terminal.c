#include "win/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "win/own_console.h"

static struct terminal terminal;
static HANDLE screen, keyboard;
static DWORD screen_mode, keyboard_mode;

static struct {
    uint8_t bytes[4096];
    size_t count;
    bool full;
} typed;

static bool put(void *ctx, const uint8_t *bytes, size_t count)
{
    assert_ptr_equal(ctx, &typed);
    if (typed.full || typed.count + count > sizeof typed.bytes)
        return false;
    memcpy(typed.bytes + typed.count, bytes, count);
    typed.count += count;
    return true;
}

static DWORD mode_of(HANDLE h)
{
    DWORD mode = 0;

    assert_true(GetConsoleMode(h, &mode));
    return mode;
}

static int opened(void **state)
{
    (void)state;
    screen = own_console_open(u"CONOUT$");
    keyboard = own_console_open(u"CONIN$");
    FlushConsoleInputBuffer(keyboard);
    screen_mode = mode_of(screen);
    keyboard_mode = mode_of(keyboard);
    memset(&typed, 0, sizeof typed);
    return !terminal_open(&terminal, screen);
}

static int closed(void **state)
{
    (void)state;
    terminal_close(&terminal);
    CloseHandle(screen);
    CloseHandle(keyboard);
    return 0;
}

static void modes__while_open_and_after__raw_and_as_they_were(void **state)
{
    (void)state;
    assert_true(keyboard_mode & ENABLE_LINE_INPUT); /* the control */
    assert_false(mode_of(keyboard) &
                 (ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT));
    assert_true(mode_of(keyboard) & 0x200);
    assert_true(mode_of(screen) & 4);
    terminal_close(&terminal);
    assert_int_equal(mode_of(keyboard), keyboard_mode);
    assert_int_equal(mode_of(screen), screen_mode);
    terminal_close(&terminal); /* twice is as good */
    assert_int_equal(mode_of(keyboard), keyboard_mode);
}

static DWORD WINAPI open_another(void *ctx)
{
    struct terminal other;
    bool ok = terminal_open(&other, screen);

    (void)ctx;
    if (ok)
        terminal_close(&other);
    return ok;
}

static DWORD on_a_thread(void)
{
    HANDLE thread = CreateThread(NULL, 0, open_another, NULL, 0, NULL);
    DWORD code = 9;

    assert_non_null(thread);
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}

static void open__taken_already__is_refused_until_closed(void **state)
{
    DWORD raw = mode_of(keyboard);

    (void)state;
    assert_int_equal(on_a_thread(), false);
    assert_int_equal(mode_of(keyboard), raw); /* and the first has not suffered */
    terminal_close(&terminal);
    assert_int_equal(on_a_thread(), true);
}

static void open__not_a_screen__is_refused(void **state)
{
    struct terminal other;
    HANDLE nul = CreateFileW(u"NUL", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);

    (void)state;
    assert_false(terminal_open(&other, nul));
    assert_false(terminal_open(&other, NULL));
    assert_false(terminal_open(&other, keyboard));
    CloseHandle(nul);
}

static void size__of_the_window__not_of_the_buffer(void **state)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    struct terminal_size size;

    (void)state;
    assert_true(GetConsoleScreenBufferInfo(screen, &info));
    assert_true(terminal_get_size(&terminal, &size));
    assert_int_equal(size.columns, info.srWindow.Right - info.srWindow.Left + 1);
    assert_int_equal(size.rows, info.srWindow.Bottom - info.srWindow.Top + 1);
}

static void write__cut_in_the_middle_of_a_character__is_shown(void **state)
{
    static const char text[] = "gr\xC3\xBC\xC3\x9F"
                               "e-from-afar";

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++)
        assert_true(terminal_write(&terminal, (const uint8_t *)text + i, 1));
    assert_true(own_console_shows(u"gr\xFC\xDF"
                                  u"e-from-afar"));
}

static void type(bool down, WORD key, char16_t unit, WORD times)
{
    INPUT_RECORD record = { .EventType = KEY_EVENT };
    DWORD done = 0;

    record.Event.KeyEvent.bKeyDown = down;
    record.Event.KeyEvent.wRepeatCount = times;
    record.Event.KeyEvent.wVirtualKeyCode = key;
    record.Event.KeyEvent.uChar.UnicodeChar = unit;
    assert_true(WriteConsoleInputW(keyboard, &record, 1, &done));
}

/* Reads until so many bytes have come. */
static void read_bytes(size_t count)
{
    HANDLE never = CreateEventW(NULL, TRUE, FALSE, NULL);

    while (typed.count < count)
        assert_int_equal(terminal_read(&terminal, never, put, &typed), TERMINAL_KEYS);
    CloseHandle(never);
}

static void read__keys__are_utf8_and_only_what_types(void **state)
{
    static const char wanted[] = "\x03"
                                 "aaa\xE2\x82\xAC\xF0\x9F\x98\x80\x1B[Az";

    (void)state;
    type(true, 'C', 3, 1); /* Ctrl-C is a key like any other */
    type(false, 'C', 3, 1);
    type(true, VK_SHIFT, 0, 1);
    type(true, 'A', u'a', 3);
    type(false, VK_MENU, u'\x20AC', 1); /* composed on the number pad */
    type(true, 0, 0xD83D, 1);
    type(false, 0, 0xD83D, 1);
    type(true, 0, 0xDE00, 1);
    for (const char *at = "\x1B[A"; *at; at++) /* an arrow, as a terminal sends it */
        type(true, 0, (char16_t)*at, 1);
    type(true, 'Z', u'z', 1);
    read_bytes(sizeof wanted - 1);
    assert_int_equal(typed.count, sizeof wanted - 1);
    assert_memory_equal(typed.bytes, wanted, sizeof wanted - 1);
}

static void read__window_has_another_size__is_said_and_no_key_is_lost(void **state)
{
    INPUT_RECORD record = { .EventType = WINDOW_BUFFER_SIZE_EVENT };
    HANDLE never = CreateEventW(NULL, TRUE, FALSE, NULL);
    bool resized = false;
    DWORD done = 0;

    (void)state;
    assert_true(WriteConsoleInputW(keyboard, &record, 1, &done));
    type(true, 'Q', u'q', 1);
    while (!resized || typed.count < 1)
        resized |= terminal_read(&terminal, never, put, &typed) == TERMINAL_RESIZED;
    assert_int_equal(typed.bytes[0], 'q');
    CloseHandle(never);
}

static void read__over_or_nobody_reads__ends(void **state)
{
    HANDLE over = CreateEventW(NULL, TRUE, TRUE, NULL);

    (void)state;
    type(true, 'Q', u'q', 1);
    assert_int_equal(terminal_read(&terminal, over, put, &typed), TERMINAL_OVER);
    assert_int_equal(typed.count, 0); /* it is somebody else's key */
    ResetEvent(over);
    typed.full = true;
    assert_int_equal(terminal_read(&terminal, over, put, &typed), TERMINAL_OVER);
    CloseHandle(over);
}

int main(int argc, char **argv)
{
#define T(test) cmocka_unit_test_setup_teardown(test, opened, closed)
    const struct CMUnitTest tests[] = {
        T(modes__while_open_and_after__raw_and_as_they_were),
        T(open__taken_already__is_refused_until_closed),
        T(open__not_a_screen__is_refused),
        T(size__of_the_window__not_of_the_buffer),
        T(write__cut_in_the_middle_of_a_character__is_shown),
        T(read__keys__are_utf8_and_only_what_types),
        T(read__window_has_another_size__is_said_and_no_key_is_lost),
        T(read__over_or_nobody_reads__ends),
    };
    int code = 0;

    if (!own_console(argc, argv, &code))
        return code;
    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
