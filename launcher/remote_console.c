#include "remote_console.h"

#define CHUNK 4096u

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

bool remote_console_open(struct remote_console *console, struct err *err)
{
    console->over = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!console->over)
        return err_win32(err, "CreateEventW", NULL);
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

HANDLE remote_console_handle(const struct remote_console *console, size_t which)
{
    return console->given[which] ? console->given[which] : standard(which);
}

/* From our keyboard, until the command stops reading.  Ctrl-C ends a read, not this. */
static DWORD WINAPI carry_in(void *ctx)
{
    struct remote_console *console = ctx;
    uint8_t bytes[CHUNK];
    DWORD got = 0, put = 0;

    for (;;) {
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
        if (!WriteFile(standard(o->which), bytes, got, &put, NULL))
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
            CreateThread(NULL, 0, i ? carry_out : carry_in,
                         i ? (void *)&outputs[i] : (void *)console, 0, NULL);
        if (!console->carrier[i])
            return err_win32(err, "CreateThread", NULL);
    }
    return true;
}

void remote_console_end(struct remote_console *console)
{
    SetEvent(console->over);
    for (size_t i = 1; i < 3; i++) /* nobody waits for a key */
        if (console->carrier[i])
            WaitForSingleObject(console->carrier[i], INFINITE);
}
