#include "runner/runner.h"

#include "win/dll.h"

#define INHERIT_CURSOR 1u /* PSEUDOCONSOLE_INHERIT_CURSOR: or it clears the screen */

/* MS: CreatePseudoConsole (Windows 10 1809 on). */
typedef HRESULT(WINAPI *create_console)(COORD, HANDLE, HANDLE, DWORD, void **);
typedef HRESULT(WINAPI *resize_console)(void *, COORD);
typedef void(WINAPI *close_console)(void *);

struct kept {
    struct kept *next;
    struct runner_kept of; /* with a handle of our own to the child */
};

static struct kept *all;    /* under runner.console_lock */
static LONG volatile count; /* of them, and of those being closed */
static HANDLE none;         /* an event: count is 0 */

static FARPROC look_up(const char *name)
{
    return dll_loaded(u"kernel32.dll", name);
}

static COORD coord_of(uint16_t columns, uint16_t rows)
{
    return (COORD){ (SHORT)columns, (SHORT)rows };
}

bool runner_console_begin(struct err *err)
{
    InitializeCriticalSection(&runner.console_lock);
    none = CreateEventW(NULL, TRUE, TRUE, NULL);
    return none || err_win32(err, "CreateEventW", NULL);
}

bool runner_console_open(const struct wire_start *start, void **console, struct err *err)
{
    create_console create =
        (create_console)(void (*)(void))look_up("CreatePseudoConsole");
    HRESULT result = 0;

    if (!create || !look_up("ResizePseudoConsole") || !look_up("ClosePseudoConsole"))
        return err_rule(err, "this Windows has no pseudo consoles", NULL);
    result =
        create(coord_of(start->columns, start->rows), (HANDLE)(uintptr_t)start->handle[0],
               (HANDLE)(uintptr_t)start->handle[1], INHERIT_CURSOR, console);
    if (result >= 0 && *console)
        return true;
    *console = NULL;
    return err_set(err, ERR_WIN32, (DWORD)result & 0xFFFFu, "CreatePseudoConsole", NULL);
}

/* What a terminal would answer when it is asked where its cursor is, and what it is:
 * nobody here will be. */
static const char answers[] = "\x1B[1;1R\x1B[?1;0c";

bool runner_console_keyboard(HANDLE *in, HANDLE *keyboard, struct err *err)
{
    HANDLE read = NULL, write = NULL;
    DWORD done = 0;

    if (!CreatePipe(&read, &write, NULL, 0))
        return err_win32(err, "CreatePipe", NULL);
    if (SetHandleInformation(read, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) &&
        WriteFile(write, answers, sizeof answers - 1, &done, NULL)) {
        *in = read;
        *keyboard = write;
        return true;
    }
    err_win32(err, "WriteFile", NULL);
    CloseHandle(read);
    CloseHandle(write);
    return false;
}

bool runner_console_open_hidden(void **console, HANDLE *keyboard, struct err *err)
{
    auto_handle HANDLE in = NULL, out = NULL, write = NULL;
    struct wire_start start = { .columns = 120, .rows = 30 };

    if (!runner_console_keyboard(&in, &write, err))
        return false;
    out = CreateFileW(u"NUL", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                      OPEN_EXISTING, 0, NULL);
    if (out == INVALID_HANDLE_VALUE) {
        out = NULL;
        return err_win32(err, "CreateFileW", u"NUL");
    }
    start.handle[0] = (uint64_t)(uintptr_t)in;
    start.handle[1] = (uint64_t)(uintptr_t)out;
    if (!runner_console_open(&start, console, err))
        return false;
    *keyboard = handle_take(&write);
    return true;
}

void runner_console_close(void *console)
{
    close_console drop = (close_console)(void (*)(void))look_up("ClosePseudoConsole");

    if (console && drop)
        drop(console);
}

static void count_one(LONG change)
{
    EnterCriticalSection(&runner.console_lock);
    count += change;
    if (count)
        ResetEvent(none);
    else
        SetEvent(none);
    LeaveCriticalSection(&runner.console_lock);
}

static void take_out(const struct kept *k)
{
    EnterCriticalSection(&runner.console_lock);
    for (struct kept **at = &all; *at; at = &(*at)->next)
        if (*at == k) {
            *at = k->next;
            break;
        }
    LeaveCriticalSection(&runner.console_lock);
}

/* Closing waits, on older Windows, until the last painted has been read: on this thread,
 * and when nobody can find the console any more. */
static DWORD WINAPI keep(void *ctx)
{
    struct kept *k = ctx;

    WaitForSingleObject(k->of.child, INFINITE);
    take_out(k);
    runner_console_close(k->of.console);
    handle_close_p(&k->of.keyboard);
    CloseHandle(k->of.child);
    HeapFree(GetProcessHeap(), 0, k);
    runner.last_ms = (LONG)GetTickCount();
    count_one(-1);
    return 0;
}

static struct kept *put_in(const struct runner_kept *kept, struct err *err)
{
    struct kept *k = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *k);

    if (!k) {
        err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
        return NULL;
    }
    k->of = *kept;
    if (!DuplicateHandle(GetCurrentProcess(), kept->child, GetCurrentProcess(),
                         &k->of.child, SYNCHRONIZE, FALSE, 0)) {
        err_win32(err, "DuplicateHandle", NULL);
        HeapFree(GetProcessHeap(), 0, k);
        return NULL;
    }
    EnterCriticalSection(&runner.console_lock);
    k->next = all;
    all = k;
    LeaveCriticalSection(&runner.console_lock);
    count_one(1);
    return k;
}

bool runner_console_keep(const struct runner_kept *kept, struct err *err)
{
    struct kept *k = put_in(kept, err);
    HANDLE thread =
        k ? CreateThread(&runner.guard.attributes, 0, keep, k, 0, NULL) : NULL;

    if (thread) {
        CloseHandle(thread);
        return true;
    }
    if (!k)
        return false;
    err_win32(err, "CreateThread", NULL);
    take_out(k);
    count_one(-1);
    CloseHandle(k->of.child);
    HeapFree(GetProcessHeap(), 0, k);
    return false;
}

bool runner_console_resize(const struct wire_resize *resize, struct err *err)
{
    resize_console set = (resize_console)(void (*)(void))look_up("ResizePseudoConsole");
    HRESULT result = -1;

    EnterCriticalSection(&runner.console_lock);
    for (struct kept *k = all; set && k; k = k->next)
        if (k->of.pid == resize->pid) {
            result = set(k->of.console, coord_of(resize->columns, resize->rows));
            break;
        }
    LeaveCriticalSection(&runner.console_lock);
    return result >= 0 || err_rule(err, "no such command has a pseudo console", NULL);
}

bool runner_console_await(DWORD ms)
{
    return WaitForSingleObject(none, ms) == WAIT_OBJECT_0;
}
