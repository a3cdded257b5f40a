/* What ends a command from outside while we wait for it: our console is closed.  The
 * runner at the other end of the pipe is this process, and so is Windows' word of it. */
#include "remote/remote_open.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SOON 10000u /* ms */

static struct {
    PHANDLER_ROUTINE handler;
    HANDLE closing; /* the thread that Windows would tell us by */
    HANDLE child, job;
    DWORD pid;
    unsigned received;
} fake;

/* Linked in place of the launcher's own, and of the pointer in the import table. */
extern BOOL(WINAPI *__wrap___imp_SetConsoleCtrlHandler)(PHANDLER_ROUTINE, BOOL);
static BOOL WINAPI set_handler(PHANDLER_ROUTINE handler, BOOL add)
{
    assert_true(add);
    fake.handler = handler;
    return TRUE;
}
BOOL(WINAPI *__wrap___imp_SetConsoleCtrlHandler)(PHANDLER_ROUTINE, BOOL) = set_handler;

bool __wrap_pipe_connect(const char16_t *name, DWORD ms, struct pipe_end *end,
                         struct err *e);
bool __wrap_pipe_connect(const char16_t *name, DWORD ms, struct pipe_end *end,
                         struct err *e)
{
    (void)name, (void)ms, (void)end, (void)e;
    return true;
}

bool __wrap_pipe_check_server(const struct pipe_end *end, DWORD pid,
                              const struct sid *owner, struct err *e);
bool __wrap_pipe_check_server(const struct pipe_end *end, DWORD pid,
                              const struct sid *owner, struct err *e)
{
    (void)end, (void)pid, (void)owner, (void)e;
    return true;
}

static DWORD WINAPI close_console(void *unused)
{
    (void)unused;
    fake.handler(CTRL_CLOSE_EVENT);
    return 0;
}

bool __wrap_pipe_send(struct pipe_end *end, DWORD ms, const uint8_t *frame, size_t bytes,
                      struct err *e);
bool __wrap_pipe_send(struct pipe_end *end, DWORD ms, const uint8_t *frame, size_t bytes,
                      struct err *e)
{
    (void)end, (void)ms, (void)bytes, (void)e;
    assert_int_not_equal(frame[3], WIRE_SIGNAL); /* it is none */
    if (frame[3] == WIRE_BYE)
        fake.closing = CreateThread(NULL, 0, close_console, NULL, 0, NULL);
    return true;
}

bool __wrap_pipe_receive(struct pipe_end *end, DWORD ms, struct pipe_frame *frame,
                         struct err *e);
bool __wrap_pipe_receive(struct pipe_end *end, DWORD ms, struct pipe_frame *frame,
                         struct err *e)
{
    uint8_t bytes[WIRE_SMALL_MAX];
    size_t size = 0;

    (void)end, (void)ms;
    if (fake.received++ == 0) {
        struct wire_hello hello = { .pid = GetCurrentProcessId(), .seen = WIRE_SEEN_ALL };

        assert_true(token_user_sid(&hello.account, e));
        size = wire_hello_write(&hello, bytes, sizeof bytes);
        frame->kind = WIRE_HELLO;
    } else {
        const struct wire_started started = { .pid = fake.pid,
                                              .process = (uintptr_t)fake.child,
                                              .job = (uintptr_t)fake.job };

        size = wire_started_write(&started, bytes, sizeof bytes);
        frame->kind = WIRE_STARTED;
    }
    assert_true(size > WIRE_HEAD_BYTES && size - WIRE_HEAD_BYTES <= frame->cap);
    frame->bytes = size - WIRE_HEAD_BYTES;
    memcpy(frame->at, bytes + WIRE_HEAD_BYTES, frame->bytes);
    return true;
}

static void put_note(const char16_t *path)
{
    struct wire_note warm = { .pid = GetCurrentProcessId() };
    char bytes[WIRE_NOTE_BYTES];
    FILETIME created, unused;
    DWORD done = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    assert_true(
        GetProcessTimes(GetCurrentProcess(), &created, &unused, &unused, &unused));
    warm.created = (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
    wire_note_write(&warm, bytes);
    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(WriteFile(file, bytes, sizeof bytes, &done, NULL));
    CloseHandle(file);
}

/* A command that waits for ever. */
static void start_child(void)
{
    char16_t line[MAX_PATH + 16], self[MAX_PATH];
    struct u16buf b = U16BUF(line);
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi;

    assert_true(GetModuleFileNameW(NULL, self, MAX_PATH));
    u16buf_addc(&b, u'"');
    u16buf_addz(&b, self);
    u16buf_addz(&b, u"\" wait");
    fake.job = CreateJobObjectW(NULL, NULL);
    assert_true(CreateProcessW(self, line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL,
                               NULL, &si, &pi));
    assert_true(AssignProcessToJobObject(fake.job, pi.hProcess));
    ResumeThread(pi.hThread);
    CloseHandle(pi.hThread);
    fake.child = pi.hProcess;
    fake.pid = pi.dwProcessId;
}

/* The command is in another console and hears nothing of it.  It ends, and whoever
 * launched it still does what is to be done, for Windows is not told that we are ready.
 */
static void remote_run__console_is_closed__command_ends_and_we_go_on(void **state)
{
    char16_t temp[MAX_PATH], path[MAX_PATH];
    struct u16buf data = U16BUF(temp), note = U16BUF(path);
    struct remote_request request = { .program = U16S("C:\\x.exe"),
                                      .line = U16S("x"),
                                      .cwd = U16S("C:\\"),
                                      .environment = { u"A=1\0", 5 } };

    (void)state;
    data.len = GetTempPathW(MAX_PATH, temp) - 1;
    temp[data.len] = 0;
    u16buf_add(&note, u16buf_text(&data));
    u16buf_addz(&note, u"\\runner-own.txt");
    put_note(path);
    start_child();
    for (DWORD i = 0; i < 3; i++) /* nothing to be carried */
        SetStdHandle(STD_INPUT_HANDLE - i, NULL);
    request.install = request.data = u16buf_text(&data);
    request.run = sid_ours((const uint8_t *)"01234567890123456789012345678901");
    request.allow_unproven = true;
    assert_int_equal(remote_run(&request), 0xC000013A);
    DeleteFileW(path);
    assert_int_equal(WaitForSingleObject(fake.child, SOON), WAIT_OBJECT_0);
    assert_non_null(fake.closing);
    assert_int_equal(WaitForSingleObject(fake.closing, 0), WAIT_TIMEOUT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remote_run__console_is_closed__command_ends_and_we_go_on),
    };

    if (argc > 1 && !strcmp(argv[1], "wait"))
        Sleep(INFINITE);
    return cmocka_run_group_tests_name("remote_end", tests, NULL, NULL);
}
