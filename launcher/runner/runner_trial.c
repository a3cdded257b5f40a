#include "core/exitcode.h"
#include "runner/runner.h"
#include "win/dll.h"

#define TRIAL_MS   8000u
#define NO_CONSOLE 2u /* the trial's exit code: all but that */
#define COLUMNS    77
#define ROWS       23
#define MARK       "ringfence-was-here"

static char16_t plain_line[] = u"ringfence-runner --trial";
static char16_t terminal_line[] = u"ringfence-runner --trial-terminal";

/* Starts this program again as any command is started; true when it came up and ended
 * well, or had no console and needs none. */
static bool comes_up(char16_t *line, const struct wire_start *like)
{
    char16_t *block = GetEnvironmentStringsW();
    struct runner_child child = { 0 };
    struct wire_started started;
    struct wire_start start = *like;
    struct err unused;
    DWORD code = EXIT_RINGFENCE;
    bool ok = false;

    start.flags |= WIRE_START_UNPROVEN;
    start.program = u16s_of(runner.path);
    start.line = u16s_of(line);
    start.cwd = u16s_of(runner.system);
    start.environment =
        (struct u16s){ block, 0 }; /* its length is the frame's business */
    ok = block && runner_start(&start, &child, &started, &unused) &&
         WaitForSingleObject(child.process, TRIAL_MS) == WAIT_OBJECT_0 &&
         GetExitCodeProcess(child.process, &code) &&
         (code == EXIT_OK || (code == NO_CONSOLE && runner.console == RUNNER_DETACHED));
    runner_child_close(&child);
    return ok;
}

/* On the desktop that there is now. */
static bool any_console(const enum runner_console *kinds, size_t count)
{
    static const struct wire_start plain = { .flags = 0 };

    for (size_t i = 0; i < count; i++) {
        runner.console = kinds[i];
        if (comes_up(plain_line, &plain))
            return true;
    }
    return false;
}

/* With a console on either desktop, before without one. */
static bool any_desktop(const char16_t *given)
{
    static const enum runner_console kinds[] = { RUNNER_NO_WINDOW, RUNNER_PSEUDO,
                                                 RUNNER_DETACHED };
    struct err unused;

    for (size_t first = 0; first < 3; first += 2) {
        size_t count = first ? 1 : 2;

        if (runner_make_desktop(given, &unused)) {
            if (any_console(kinds + first, count))
                return true;
            runner_drop_desktop();
        }
        if (any_console(kinds + first, count))
            return true;
    }
    return false;
}

void runner_find_console(const char16_t *given)
{
    if (runner.apart && any_desktop(given))
        return;
    runner.apart = false;
    if (!any_desktop(given))
        runner.console = RUNNER_DETACHED; /* what there is */
}

/* Whether the mark comes, in one piece, before the pseudo console is closed. */
static bool shows_mark(struct pipe_end *from)
{
    static const char mark[] = MARK;
    size_t seen = 0;

    while (seen < sizeof mark - 1) {
        char got = 0;
        OVERLAPPED io = { .hEvent = from->event };
        DWORD count = 0;

        if (!ReadFile(from->pipe, &got, 1, NULL, &io) &&
            GetLastError() != ERROR_IO_PENDING)
            return false;
        if (WaitForSingleObject(from->event, TRIAL_MS) != WAIT_OBJECT_0)
            CancelIo(from->pipe);
        if (!GetOverlappedResult(from->pipe, &io, &count, TRUE) || count == 0)
            return false;
        seen = got == mark[seen] ? seen + 1 : got == mark[0];
    }
    return true;
}

bool runner_shows_terminal(void)
{
    struct wire_start start = { .flags = WIRE_START_TERMINAL,
                                .columns = COLUMNS,
                                .rows = ROWS };
    struct pipe_end from = { 0 };
    auto_handle HANDLE keyboard = NULL;
    HANDLE in = NULL, out = NULL;
    struct err unused;
    bool ok = false;

    if (!dll_loaded(u"kernel32.dll", "CreatePseudoConsole") ||
        !runner_console_keyboard(&in, &keyboard, &unused))
        return false;
    if (!pipe_pair(&from, &out, &unused)) {
        CloseHandle(in);
        return false;
    }
    start.handle[0] = (uint64_t)(uintptr_t)in; /* both are its own to close now */
    start.handle[1] = (uint64_t)(uintptr_t)out;
    ok = comes_up(terminal_line, &start) && shows_mark(&from);
    pipe_close(&from);
    return ok;
}

uint32_t runner_trial_main(bool terminal)
{
    static const char16_t mark[] = u"" MARK;
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE out = NULL;
    DWORD done = 0;
    bool ok = false;

    if (!dll_system(u"user32.dll"))
        return EXIT_RINGFENCE;
    out = CreateFileW(u"CONOUT$", GENERIC_READ | GENERIC_WRITE,
                      FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (out == INVALID_HANDLE_VALUE)
        return NO_CONSOLE;
    ok = !terminal || (GetConsoleScreenBufferInfo(out, &info) &&
                       info.srWindow.Right - info.srWindow.Left + 1 == COLUMNS &&
                       info.srWindow.Bottom - info.srWindow.Top + 1 == ROWS &&
                       WriteConsoleW(GetStdHandle(STD_OUTPUT_HANDLE), mark,
                                     sizeof mark / sizeof mark[0] - 1, &done, NULL));
    CloseHandle(out);
    return ok ? EXIT_OK : EXIT_RINGFENCE;
}
