/* SPDX-License-Identifier: MIT
 *
 * The fake tool: does what its words say, one after the other, and reports in lines of
 * key=value on stdout, text as UTF-16 hex so that nothing is lost on the way.
 * The words are its arguments, or those in PROBE_DO where a test needs the arguments for
 * something else.  PROBE_LOG names a file that gets one line for every start.
 */
#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <uchar.h>
#include <wchar.h>
#include <windows.h>

#define WAIT_MS   60000u /* no probe outlives a test that went wrong */
#define WORDS_MAX 64

/* The words still to do. */
struct words {
    wchar_t **at;
    int left;
};

struct action {
    const wchar_t *word;
    int operands;
    void (*act)(wchar_t **operand);
};

static volatile LONG got_ctrl_c;
static HANDLE ctrl_c_came;
static FILE *report; /* stdout, until report-to */

static void say_hex(const char *key, const wchar_t *text, size_t len)
{
    fprintf(report, "%s=", key);
    for (size_t i = 0; i < len; i++)
        fprintf(report, "%04x", (unsigned)text[i]);
    fprintf(report, "\n");
}

static void say_text(const char *key, const wchar_t *text)
{
    if (!text)
        fprintf(report, "%s=null\n", key);
    else
        say_hex(key, text, wcslen(text));
}

static void say_number(const char *key, unsigned long value)
{
    fprintf(report, "%s=%lu\n", key, value);
}

static void do_args(wchar_t **operand)
{
    extern int __argc;
    extern wchar_t **__wargv;

    (void)operand;
    say_text("line", GetCommandLineW());
    say_number("argc", (unsigned long)__argc);
    for (int i = 0; i < __argc; i++)
        say_text("argv", __wargv[i]);
}

static void do_env(wchar_t **operand)
{
    wchar_t *block = GetEnvironmentStringsW();

    (void)operand;
    for (wchar_t *var = block; *var; var += wcslen(var) + 1)
        say_text("env", var);
    FreeEnvironmentStringsW(block);
}

static void do_cat(wchar_t **operand)
{
    static char buf[65536];
    int n;

    (void)operand;
    while ((n = _read(0, buf, sizeof buf)) > 0)
        for (int done = 0; done < n;) {
            int m = _write(1, buf + done, (unsigned)(n - done));

            if (m <= 0)
                ExitProcess(3);
            done += m;
        }
}

static void do_fd3(wchar_t **operand)
{
    char text[256];
    int n =
        WideCharToMultiByte(CP_UTF8, 0, operand[0], -1, text, sizeof text, NULL, NULL);

    say_number("fd3", (unsigned long)_write(3, text, (unsigned)(n - 1)));
}

static void do_close_fd3(wchar_t **operand)
{
    (void)operand;
    _close(3);
}

static void do_handle_write(wchar_t **operand)
{
    HANDLE h = (HANDLE)(uintptr_t)wcstoull(operand[0], NULL, 0);
    DWORD done = 0;

    if (!WriteFile(h, "through", 7, &done, NULL))
        ExitProcess(93);
}

static void do_startup(wchar_t **operand)
{
    STARTUPINFOW si;

    (void)operand;
    GetStartupInfoW(&si);
    say_text("title", si.lpTitle);
    say_text("desktop", si.lpDesktop);
    say_number("flags", si.dwFlags);
    say_number("show", si.wShowWindow);
    say_number("x", si.dwX);
    say_number("y", si.dwY);
    say_number("xsize", si.dwXSize);
    say_number("ysize", si.dwYSize);
    say_number("xchars", si.dwXCountChars);
    say_number("ychars", si.dwYCountChars);
    say_number("fill", si.dwFillAttribute);
    say_number("reserved2", si.cbReserved2);
}

static void say_console_mode(const char *key, const wchar_t *name)
{
    HANDLE h =
        CreateFileW(name, GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    DWORD mode = 0;

    if (h != INVALID_HANDLE_VALUE && GetConsoleMode(h, &mode))
        say_number(key, mode);
    else
        fprintf(report, "%s=none\n", key);
    if (h != INVALID_HANDLE_VALUE)
        CloseHandle(h);
}

static void do_console(wchar_t **operand)
{
    wchar_t title[512];
    DWORD len;

    (void)operand;
    SetLastError(0);
    len = GetConsoleTitleW(title, 512);
    say_hex("contitle", title, len < 512 ? len : 0);
    say_number("concp", GetConsoleCP());
    say_number("conoutcp", GetConsoleOutputCP());
    say_console_mode("conin", L"CONIN$");
    say_console_mode("conout", L"CONOUT$");
}

static void do_sleep(wchar_t **operand)
{
    Sleep((DWORD)wcstoul(operand[0], NULL, 0));
}

static void do_close_stdout(wchar_t **operand)
{
    (void)operand;
    fclose(stdout);
}

static void do_close_stdin(wchar_t **operand)
{
    (void)operand;
    fclose(stdin);
}

static void do_set(wchar_t **operand)
{
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, operand[0]);

    if (!event || !SetEvent(event))
        ExitProcess(98);
    CloseHandle(event);
}

static void do_wait(wchar_t **operand)
{
    HANDLE event = OpenEventW(SYNCHRONIZE, FALSE, operand[0]);

    if (!event || WaitForSingleObject(event, WAIT_MS) != WAIT_OBJECT_0)
        ExitProcess(97);
    CloseHandle(event);
}

/* A grandchild that waits for an event, has no handle of ours and outlives us. */
static void do_child(wchar_t **operand)
{
    wchar_t self[1024], line[1400];
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi;

    GetModuleFileNameW(NULL, self, 1024);
    _snwprintf(line, 1400, L"\"%ls\" wait %ls", self, operand[0]);
    SetEnvironmentVariableW(L"PROBE_DO", NULL);
    if (!CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi))
        ExitProcess(96);
    say_number("child", pi.dwProcessId);
    CloseHandle(pi.hProcess);
    CloseHandle(pi.hThread);
}

static BOOL WINAPI on_ctrl(DWORD type)
{
    if (type != CTRL_C_EVENT)
        return FALSE;
    InterlockedIncrement(&got_ctrl_c);
    SetEvent(ctrl_c_came);
    return TRUE;
}

static void do_handle_ctrl_c(wchar_t **operand)
{
    (void)operand;
    ctrl_c_came = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(on_ctrl, TRUE);
}

static void do_await_ctrl_c(wchar_t **operand)
{
    (void)operand;
    if (WaitForSingleObject(ctrl_c_came, WAIT_MS) != WAIT_OBJECT_0)
        ExitProcess(95);
}

static void do_ctrl_c_count(wchar_t **operand)
{
    (void)operand;
    say_number("ctrlc", (unsigned long)got_ctrl_c);
}

static void do_crash(wchar_t **operand)
{
    volatile int *volatile nowhere = NULL;

    (void)operand;
    *nowhere = 1;
}

static void do_cwd(wchar_t **operand)
{
    static wchar_t dir[32768];

    (void)operand;
    GetCurrentDirectoryW(32768, dir);
    say_text("cwd", dir);
}

/* The attributes of the first logon SID in our token. */
static void do_logon(wchar_t **operand)
{
    static union {
        TOKEN_GROUPS groups;
        char bytes[16384];
    } g;
    HANDLE token = NULL;
    DWORD needed;

    (void)operand;
    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
        GetTokenInformation(token, TokenGroups, &g, sizeof g, &needed))
        for (DWORD i = 0; i < g.groups.GroupCount; i++)
            if ((g.groups.Groups[i].Attributes & SE_GROUP_LOGON_ID) ==
                SE_GROUP_LOGON_ID) {
                say_number("logon", g.groups.Groups[i].Attributes);
                return;
            }
    say_number("logon", 0);
}

static void do_job(wchar_t **operand)
{
    BOOL in_job = FALSE;

    (void)operand;
    IsProcessInJob(GetCurrentProcess(), NULL, &in_job);
    say_number("injob", (unsigned long)in_job);
}

static void do_handles(wchar_t **operand)
{
    static const struct {
        const char *key;
        DWORD id;
    } std[] = { { "stdin", STD_INPUT_HANDLE },
                { "stdout", STD_OUTPUT_HANDLE },
                { "stderr", STD_ERROR_HANDLE } };

    (void)operand;
    for (size_t i = 0; i < 3; i++) {
        HANDLE h = GetStdHandle(std[i].id);

        SetLastError(0);
        say_number(std[i].key, GetFileType(h));
    }
}

static void do_module(wchar_t **operand)
{
    static wchar_t path[32768];

    (void)operand;
    GetModuleFileNameW(NULL, path, 32768);
    say_text("module", path);
}

static void do_pid(wchar_t **operand)
{
    (void)operand;
    say_number("pid", GetCurrentProcessId());
}

static void do_err(wchar_t **operand)
{
    fprintf(stderr, "%ls\n", operand[0]);
}

/* For when no std handle is there to write to. */
static void do_report_to(wchar_t **operand)
{
    report = _wfopen(operand[0], L"wb");
    if (!report)
        ExitProcess(94);
}

static void do_exit(wchar_t **operand)
{
    fflush(report);
    ExitProcess((UINT)wcstoul(operand[0], NULL, 0));
}

static const struct action actions[] = {
    { L"env", 0, do_env },
    { L"cat", 0, do_cat },
    { L"fd3", 1, do_fd3 },
    { L"close-fd3", 0, do_close_fd3 },
    { L"handle-write", 1, do_handle_write },
    { L"startup", 0, do_startup },
    { L"console", 0, do_console },
    { L"sleep", 1, do_sleep },
    { L"close-stdout", 0, do_close_stdout },
    { L"close-stdin", 0, do_close_stdin },
    { L"set", 1, do_set },
    { L"wait", 1, do_wait },
    { L"child", 1, do_child },
    { L"handle-ctrl-c", 0, do_handle_ctrl_c },
    { L"await-ctrl-c", 0, do_await_ctrl_c },
    { L"ctrl-c-count", 0, do_ctrl_c_count },
    { L"crash", 0, do_crash },
    { L"cwd", 0, do_cwd },
    { L"job", 0, do_job },
    { L"logon", 0, do_logon },
    { L"handles", 0, do_handles },
    { L"module", 0, do_module },
    { L"pid", 0, do_pid },
    { L"err", 1, do_err },
    { L"report-to", 1, do_report_to },
    { L"exit", 1, do_exit },
};

/* One write for one line, at the end of the file wherever that is by then. */
static void log_start(void)
{
    wchar_t path[1024];
    char line[64];
    HANDLE file;
    DWORD done;
    DWORD len = GetEnvironmentVariableW(L"PROBE_LOG", path, 1024);

    if (len == 0 || len >= 1024)
        return;
    file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return;
    len = (DWORD)snprintf(line, sizeof line, "start %lu\n", GetCurrentProcessId());
    WriteFile(file, line, len, &done, NULL);
    CloseHandle(file);
}

static bool do_one(struct words *w)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (!wcscmp(w->at[0], actions[i].word) && w->left > actions[i].operands) {
            actions[i].act(w->at + 1);
            fflush(report);
            w->at += actions[i].operands + 1;
            w->left -= actions[i].operands + 1;
            return true;
        }
    return false;
}

/* PROBE_DO's words, split at blanks, in static storage. */
static struct words words_from_environment(void)
{
    static wchar_t text[4096];
    static wchar_t *word[WORDS_MAX];
    struct words w = { word, 0 };
    DWORD len = GetEnvironmentVariableW(L"PROBE_DO", text, 4096);

    if (len == 0 || len >= 4096)
        return (struct words){ NULL, 0 };
    for (wchar_t *at = text + wcsspn(text, L" "); *at && w.left < WORDS_MAX;) {
        word[w.left++] = at;
        at += wcscspn(at, L" ");
        if (*at)
            *at++ = 0;
        at += wcsspn(at, L" ");
    }
    return w;
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    struct words w = words_from_environment();

    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
    report = stdout;
    log_start();
    if (!w.at)
        w = (struct words){ argv + 1, argc - 1 };
    while (w.left > 0) {
        if (!wcscmp(w.at[0], L"args")) { /* whatever follows is not for us */
            do_args(NULL);
            fflush(report);
            break;
        }
        if (!do_one(&w)) {
            fprintf(stderr, "probe: no such word: %ls\n", w.at[0]);
            return 99;
        }
    }
    return 0;
}
