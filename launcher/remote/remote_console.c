#include "remote/remote_console.h"

#include "win/dll.h"

#define CHUNK         4096u
#define LAST_PAINT_MS 5000u
#define STOP_TRIES    20
#define STOP_MS       5u

typedef BOOL(WINAPI *cancel_io_ex)(HANDLE, LPOVERLAPPED);

static const DWORD std[] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };

static bool is_console(HANDLE h)
{
    DWORD mode = 0;

    return GetFileType(h) == FILE_TYPE_CHAR && GetConsoleMode(h, &mode);
}

static HANDLE standard(size_t which)
{
    HANDLE h = GetStdHandle(std[which]);

    return h && h != INVALID_HANDLE_VALUE && GetFileType(h) != FILE_TYPE_UNKNOWN ? h
                                                                                 : NULL;
}

/* The keyboard and the screen are the command's: then a terminal, if it can be had. */
static bool open_terminal(struct remote_console *console, struct err *err)
{
    HANDLE in = standard(0), out = standard(1);

    if (!in || !out || !is_console(in) || !is_console(out) ||
        !terminal_open(&console->terminal, out))
        return true;
    console->is_terminal = true;
    if (!terminal_get_size(&console->terminal, &console->size))
        return err_win32(err, "GetConsoleScreenBufferInfo", NULL);
    if (!CreatePipe(&console->given[0], &console->to_input, NULL, 0))
        return err_win32(err, "CreatePipe", NULL);
    return pipe_pair(&console->from[1], &console->given[1], err);
}

static bool open_pipes(struct remote_console *console, struct err *err)
{
    for (size_t i = 0; i < 3; i++) {
        HANDLE h = standard(i);

        if (!h || !is_console(h))
            continue;
        if (i == 0 && !CreatePipe(&console->given[0], &console->to_input, NULL, 0))
            return err_win32(err, "CreatePipe", NULL);
        if (i != 0 && !pipe_pair(&console->from[i], &console->given[i], err))
            return false;
    }
    return true;
}

bool remote_console_open(struct remote_console *console, bool may_terminal,
                         struct err *err)
{
    if (console->over) /* made for the runner that went away */
        return !console->is_terminal || may_terminal ||
               err_rule(err, "the runner has lost its pseudo consoles", NULL);
    console->over = CreateEventW(NULL, TRUE, FALSE, NULL);
    console->resized = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!console->over || !console->resized)
        return err_win32(err, "CreateEventW", NULL);
    if (may_terminal && !open_terminal(console, err))
        return false;
    return console->is_terminal || open_pipes(console, err);
}

HANDLE remote_console_handle(const struct remote_console *console, size_t which)
{
    HANDLE h = standard(which);

    if (console->given[which])
        return console->given[which];
    return console->is_terminal && h && is_console(h) ? NULL : h;
}

/* From our keyboard, until the command stops reading or has ended.  Ctrl-C ends a read,
 * not this. */
static DWORD WINAPI carry_in(void *ctx)
{
    struct remote_console *console = ctx;
    uint8_t bytes[CHUNK];
    DWORD got = 0, put = 0;

    while (WaitForSingleObject(console->over, 0) == WAIT_TIMEOUT) {
        if (!ReadFile(standard(0), bytes, sizeof bytes, &got, NULL)) {
            if (GetLastError() == ERROR_OPERATION_ABORTED)
                continue;
            break;
        }
        if (got == 0 || !WriteFile(console->to_input, bytes, got, &put, NULL))
            break;
    }
    CloseHandle(console->to_input);
    return 0;
}

static bool put_in(void *ctx, const uint8_t *bytes, size_t count)
{
    const struct remote_console *console = ctx;
    DWORD put = 0;

    return WriteFile(console->to_input, bytes, (DWORD)count, &put, NULL);
}

/* Keys as they are typed, until the command has ended: what is typed then is not its. */
static DWORD WINAPI carry_keys(void *ctx)
{
    struct remote_console *console = ctx;
    enum terminal_event event = TERMINAL_KEYS;

    while ((event = terminal_read(&console->terminal, console->over, put_in, console)) !=
           TERMINAL_OVER)
        if (event == TERMINAL_RESIZED)
            SetEvent(console->resized);
    CloseHandle(console->to_input);
    return 0;
}

struct output {
    struct remote_console *console;
    size_t which;
};

/* One read; false at the end, which after the command's own is an empty pipe. */
static bool read_some(const struct output *o, uint8_t *bytes, DWORD *got)
{
    struct pipe_end *from = &o->console->from[o->which];
    OVERLAPPED io = { .hEvent = from->event };
    HANDLE either[] = { from->event, o->console->over };

    if (!ReadFile(from->pipe, bytes, CHUNK, NULL, &io) &&
        GetLastError() != ERROR_IO_PENDING)
        return false;
    if (WaitForMultipleObjects(2, either, FALSE, INFINITE) != WAIT_OBJECT_0)
        CancelIo(from->pipe); /* what it had written is here by now, or never was */
    return GetOverlappedResult(from->pipe, &io, got, TRUE);
}

static DWORD WINAPI carry_out(void *ctx)
{
    const struct output *o = ctx;
    uint8_t bytes[CHUNK];
    DWORD got = 0, put = 0;

    while (read_some(o, bytes, &got))
        if (o->console->is_terminal
                ? !terminal_write(&o->console->terminal, bytes, got)
                : !WriteFile(standard(o->which), bytes, got, &put, NULL))
            break;
    return 0;
}

bool remote_console_begin(struct remote_console *console, struct err *err)
{
    static struct output outputs[3];

    for (size_t i = 0; i < 3; i++) {
        if (!console->given[i])
            continue;
        CloseHandle(handle_take(&console->given[i]));
        outputs[i] = (struct output){ console, i };
        console->carrier[i] =
            CreateThread(NULL, 0,
                         i                      ? carry_out
                         : console->is_terminal ? carry_keys
                                                : carry_in,
                         i ? (void *)&outputs[i] : (void *)console, 0, NULL);
        if (!console->carrier[i])
            return err_win32(err, "CreateThread", NULL);
    }
    return true;
}

bool remote_console_has_new_size(struct remote_console *console)
{
    struct terminal_size size;

    if (!terminal_get_size(&console->terminal, &size) ||
        (size.columns == console->size.columns && size.rows == console->size.rows))
        return false;
    console->size = size;
    return true;
}

/* What the pseudo console may have switched on in ours and, cut off, not off again: keys
 * as records (win32-input-mode), reports of the focus; a hidden cursor, colours. */
static const char reset[] = "\x1B[?9001l\x1B[?1004l\x1B[?25h\x1B[m";

/* Nobody waits for a key any more: what is typed now is the next program's, and this
 * process may have things to do yet.  A reader that does not read just now is tried
 * again. Where reads of a console cannot be ended (before Windows 8) a line may be lost.
 * MS: CancelIoEx. */
static void stop_reading(const struct remote_console *console)
{
    cancel_io_ex cancel =
        (cancel_io_ex)(void (*)(void))dll_loaded(u"kernel32.dll", "CancelIoEx");

    if (!console->carrier[0] || console->is_terminal || !cancel)
        return;
    for (int i = 0; i < STOP_TRIES; i++)
        if ((!cancel(standard(0), NULL) && GetLastError() != ERROR_NOT_FOUND) ||
            WaitForSingleObject(console->carrier[0], STOP_MS) == WAIT_OBJECT_0)
            break;
}

void remote_console_end(struct remote_console *console)
{
    /* The runner closes the pseudo console now, which paints what is still to be seen and
     * ends the pipe. */
    if (console->is_terminal && console->carrier[1])
        WaitForSingleObject(console->carrier[1], LAST_PAINT_MS);
    if (console->over)
        SetEvent(console->over);
    stop_reading(console);
    for (size_t i = 1; i < 3; i++) /* nobody waits for a key */
        if (console->carrier[i])
            WaitForSingleObject(console->carrier[i], INFINITE);
    if (!console->is_terminal)
        return;
    if (console->carrier[1])
        (void)!terminal_write(&console->terminal, (const uint8_t *)reset,
                              sizeof reset - 1);
    terminal_close(&console->terminal);
}
