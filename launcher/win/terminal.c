#include "win/terminal.h"

/* Not all of them are in mingw's headers.  MS: SetConsoleMode. */
#define RAW_OFF                                                                          \
    (ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT | ENABLE_MOUSE_INPUT)
#define VT_INPUT   0x0200u /* ENABLE_VIRTUAL_TERMINAL_INPUT */
#define VT_OUTPUT  0x0004u /* ENABLE_VIRTUAL_TERMINAL_PROCESSING */
#define NO_AUTO_CR 0x0008u /* DISABLE_NEWLINE_AUTO_RETURN */

#define RECORDS 16u
#define UNITS   4096u

/* One a console, which its window tells apart, a pseudo console's too. */
static bool claim(struct terminal *t)
{
    char16_t name[64];
    struct u16buf b = U16BUF(name);
    DWORD waited = 0;

    u16buf_addz(&b, u"Local\\ringfence-terminal-");
    u16buf_add_hex(&b, (uint64_t)(uintptr_t)GetConsoleWindow(), 16);
    t->claim = CreateMutexW(NULL, FALSE, name);
    if (!t->claim)
        return false;
    waited = WaitForSingleObject(t->claim, 0);
    if (waited == WAIT_OBJECT_0 || waited == WAIT_ABANDONED)
        return true;
    CloseHandle(handle_take(&t->claim));
    return false;
}

/* Reads back: older consoles take flags that they do not know. */
static bool set_mode(HANDLE h, DWORD mode)
{
    DWORD shown = 0;

    return SetConsoleMode(h, mode) && GetConsoleMode(h, &shown) && shown == mode;
}

static bool make_raw(struct terminal *t)
{
    return set_mode(t->input,
                    (t->input_mode & ~(DWORD)RAW_OFF) | VT_INPUT | ENABLE_WINDOW_INPUT) &&
           set_mode(t->output,
                    t->output_mode | ENABLE_PROCESSED_OUTPUT | VT_OUTPUT | NO_AUTO_CR);
}

bool terminal_open(struct terminal *t, HANDLE output)
{
    struct terminal_size size;

    *t = (struct terminal){ .output = output };
    if (!GetConsoleMode(output, &t->output_mode) || !terminal_get_size(t, &size))
        return false;
    t->input =
        CreateFileW(u"CONIN$", GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (t->input == INVALID_HANDLE_VALUE) {
        t->input = NULL;
        return false;
    }
    if (GetConsoleMode(t->input, &t->input_mode) && claim(t) && make_raw(t))
        return true;
    terminal_close(t);
    return false;
}

void terminal_close(struct terminal *t)
{
    if (t->claim) {
        SetConsoleMode(t->output, t->output_mode);
        SetConsoleMode(t->input, t->input_mode);
        ReleaseMutex(t->claim);
        CloseHandle(handle_take(&t->claim));
    }
    if (t->input)
        CloseHandle(handle_take(&t->input));
}

bool terminal_get_size(const struct terminal *t, struct terminal_size *size)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    int columns = 0, rows = 0;

    if (!GetConsoleScreenBufferInfo(t->output, &info))
        return false;
    columns = info.srWindow.Right - info.srWindow.Left + 1;
    rows = info.srWindow.Bottom - info.srWindow.Top + 1;
    if (columns <= 0 || rows <= 0)
        return false;
    *size = (struct terminal_size){ (uint16_t)columns, (uint16_t)rows };
    return true;
}

/* The unit a record types: also what a code on the number pad composed, which comes when
 * Alt is let go. */
static char16_t unit_of(const KEY_EVENT_RECORD *key)
{
    return key->bKeyDown || key->wVirtualKeyCode == VK_MENU ? key->uChar.UnicodeChar : 0;
}

static bool pass_on(struct terminal *t, const KEY_EVENT_RECORD *key, terminal_put put,
                    void *ctx)
{
    char16_t unit = unit_of(key);

    for (WORD i = 0; unit && i < (key->wRepeatCount ? key->wRepeatCount : 1); i++) {
        uint8_t bytes[UTF16_STREAM_MAX];
        size_t count = utf16_stream_encode(&t->typed, unit, bytes);

        if (count && !put(ctx, bytes, count))
            return false;
    }
    return true;
}

enum terminal_event terminal_read(struct terminal *t, HANDLE over, terminal_put put,
                                  void *ctx)
{
    INPUT_RECORD record[RECORDS];
    HANDLE either[] = { over, t->input };
    enum terminal_event event = TERMINAL_KEYS;
    DWORD count = 0;

    if (WaitForMultipleObjects(2, either, FALSE, INFINITE) != WAIT_OBJECT_0 + 1 ||
        !ReadConsoleInputW(t->input, record, RECORDS, &count))
        return TERMINAL_OVER;
    for (DWORD i = 0; i < count; i++) {
        if (record[i].EventType == WINDOW_BUFFER_SIZE_EVENT)
            event = TERMINAL_RESIZED;
        else if (record[i].EventType == KEY_EVENT &&
                 !pass_on(t, &record[i].Event.KeyEvent, put, ctx))
            return TERMINAL_OVER;
    }
    return event;
}

bool terminal_write(struct terminal *t, const uint8_t *bytes, size_t count)
{
    char16_t units[UNITS + 1];

    while (count) {
        size_t part = count < UNITS ? count : UNITS;
        size_t len = utf8_stream_decode(&t->shown, bytes, part, units);
        DWORD done = 0;

        if (len && !WriteConsoleW(t->output, units, (DWORD)len, &done, NULL))
            return false;
        bytes += part;
        count -= part;
    }
    return true;
}
