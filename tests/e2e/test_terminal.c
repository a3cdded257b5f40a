/* SPDX-License-Identifier: MIT
 *
 * Claim: where a runner has pseudo consoles, our terminal becomes the tool's: it is told
 * our window's size and every new one, gets each key as it is typed, and what it paints
 * is seen; our console is put back as it was.  Wine's pseudo consoles show nothing, so
 * the runner here is this program, which says that it can and plays what a real one does.
 */
#include "harness.h"

#include "win/own_console.h"

#define SOON 10000u /* ms */
#define NAME "00112233445566778899aabbccddeeff"

/* launcher/core/wire.h, on purpose a second time. */
enum { OFFER = 3, START = 4, STARTED = 5, RESIZE = 8, DONE = 9, BYE = 10 };
enum { CAN_TERMINAL = 1, START_TERMINAL = 8, GOT_BORN_TERMINAL = 0x11 };
enum { AT_HANDLES = 8, AT_COLUMNS = 339, AT_ROWS = 341 };

static HANDLE pipe_end;
static unsigned char payload[400000];

static SID *user_sid(void)
{
    static unsigned char user[256];
    HANDLE token = NULL;
    DWORD bytes = 0;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token));
    assert_true(GetTokenInformation(token, TokenUser, user, sizeof user, &bytes));
    CloseHandle(token);
    return ((TOKEN_USER *)(void *)user)->User.Sid;
}

/* A pipe of the runner's name, and the note that leads to it. */
static int serve(void **state)
{
    SECURITY_DESCRIPTOR descriptor;
    SECURITY_ATTRIBUTES attributes = { sizeof attributes, &descriptor, FALSE };
    FILETIME created, unused;
    char note[128];

    (void)state;
    InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorOwner(&descriptor, user_sid(), FALSE);
    SetSecurityDescriptorDacl(&descriptor, TRUE, NULL, FALSE);
    pipe_end =
        CreateNamedPipeW(text(L"\\\\.\\pipe\\ringfence-%hs", NAME), PIPE_ACCESS_DUPLEX,
                         PIPE_TYPE_BYTE, 1, 65536, 65536, 0, &attributes);
    assert_true(pipe_end != INVALID_HANDLE_VALUE);
    GetProcessTimes(GetCurrentProcess(), &created, &unused, &unused, &unused);
    snprintf(note, sizeof note, "RFR1 %08lx %08lx%08lx %s\n", GetCurrentProcessId(),
             created.dwHighDateTime, created.dwLowDateTime, NAME);
    put_file(u"local\\ringfence\\runner-own.txt", note);
    return 0;
}

static int gone(void **state)
{
    (void)state;
    CloseHandle(pipe_end);
    remove_file(u"local\\ringfence\\runner-own.txt");
    return 0;
}

static void answer(unsigned char kind, const void *at, DWORD bytes)
{
    unsigned char frame[256] = { 'R', 'F', 2, kind, (unsigned char)bytes };
    DWORD done = 0;

    memcpy(frame + 8, at, bytes);
    assert_true(WriteFile(pipe_end, frame, bytes + 8, &done, NULL));
}

static void read_exactly(void *at, DWORD bytes)
{
    char *to = at;

    for (DWORD n = 0; bytes; to += n, bytes -= n)
        assert_true(ReadFile(pipe_end, to, bytes, &n, NULL));
}

/* Takes a frame of the kind; its payload is in `payload`. */
static void expect(unsigned char kind)
{
    unsigned char head[8];
    DWORD bytes = 0;

    read_exactly(head, sizeof head);
    assert_int_equal(head[3], kind);
    memcpy(&bytes, head + 4, sizeof bytes);
    assert_true(bytes <= sizeof payload);
    read_exactly(payload, bytes);
}

/* Waits for a client and greets it, as a runner of our own account that can. */
static void greet(void)
{
    unsigned char hello[92] = { 0 };
    DWORD pid = GetCurrentProcessId(), can = CAN_TERMINAL;
    SID *sid = user_sid();

    DisconnectNamedPipe(pipe_end);
    if (!ConnectNamedPipe(pipe_end, NULL))
        assert_int_equal(GetLastError(), ERROR_PIPE_CONNECTED);
    memcpy(hello, &pid, sizeof pid);
    memcpy(hello + 8, &can, sizeof can);
    memcpy(hello + 24, sid, GetLengthSid(sid));
    answer(2, hello, sizeof hello);
}

static unsigned word_at(size_t at)
{
    return payload[at] | (unsigned)payload[at + 1] << 8;
}

/* The tool, and what a pseudo console would have of it. */
struct command {
    struct proc launcher;
    HANDLE tool, job, go;
    HANDLE keys, paint;
    unsigned flags, columns, rows;
};

static void start_tool(struct command *c, const char16_t *go)
{
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi;
    struct {
        DWORD pid, got;
        DWORD64 process, job;
    } started;

    c->job = CreateJobObjectW(NULL, NULL);
    assert_true(CreateProcessW(
        NULL, wcsdup(text(L"\"%ls\" wait %ls exit 4711", place(u"tools\\git.exe"), go)),
        NULL, NULL, FALSE, CREATE_SUSPENDED | DETACHED_PROCESS, NULL, NULL, &si, &pi));
    assert_true(AssignProcessToJobObject(c->job, pi.hProcess));
    ResumeThread(pi.hThread);
    CloseHandle(pi.hThread);
    c->tool = pi.hProcess;
    started.pid = pi.dwProcessId;
    started.got = GOT_BORN_TERMINAL;
    started.process = (uintptr_t)c->tool;
    started.job = (uintptr_t)c->job;
    answer(STARTED, &started, 24);
    expect(BYE);
}

static void command_start(struct command *c)
{
    const char16_t *name;
    DWORD64 handle[2];

    c->go = event_new(&name);
    proc_init(&c->launcher, place(u"rf\\ringfence.exe"),
              text(L" run --level enforced --allow-unproven -- \"%ls\"",
                   place(u"tools\\git.exe")));
    env_set(&c->launcher.env, u"RINGFENCE_TRACE", u"1");
    proc_start_on_console(&c->launcher);
    greet();
    expect(OFFER);
    expect(START);
    memcpy(&c->flags, payload, sizeof c->flags);
    memcpy(handle, payload + AT_HANDLES, sizeof handle);
    c->columns = word_at(AT_COLUMNS);
    c->rows = word_at(AT_ROWS);
    c->keys = (HANDLE)(uintptr_t)handle[0];
    c->paint = (HANDLE)(uintptr_t)handle[1];
    start_tool(c, name);
}

static void command_end(struct command *c)
{
    SetEvent(c->go);
    await(c->tool);
    CloseHandle(c->paint); /* as the pseudo console does when it has painted the last */
    CloseHandle(c->keys);
    proc_wait_end(&c->launcher);
    proc_assert_code(&c->launcher, 4711);
    CloseHandle(c->tool);
    CloseHandle(c->job);
    CloseHandle(c->go);
    proc_clear(&c->launcher);
}

static DWORD mode_of(const char16_t *name)
{
    HANDLE h = own_console_open(name);
    DWORD mode = 0;

    assert_true(GetConsoleMode(h, &mode));
    CloseHandle(h);
    return mode;
}

static void paint(const struct command *c, const char *what)
{
    DWORD done = 0;

    assert_true(WriteFile(c->paint, what, (DWORD)strlen(what), &done, NULL));
}

static void terminal__tool_on_our_console__size_keys_and_picture(void **state)
{
    DWORD input = mode_of(u"CONIN$"), output = mode_of(u"CONOUT$"), bytes = 0;
    HANDLE screen = own_console_open(u"CONOUT$");
    CONSOLE_SCREEN_BUFFER_INFO info;
    struct command c = { .flags = 0 };
    char got[8] = "";

    (void)state;
    assert_true(GetConsoleScreenBufferInfo(screen, &info));
    command_start(&c);
    assert_true(c.flags & START_TERMINAL);
    assert_int_equal(c.columns, info.srWindow.Right - info.srWindow.Left + 1);
    assert_int_equal(c.rows, info.srWindow.Bottom - info.srWindow.Top + 1);
    assert_int_not_equal(mode_of(u"CONIN$"), input);
    own_console_press(3); /* a key, not a signal to the launcher */
    own_console_press(u'\x20AC');
    for (DWORD all = 0; all < 4; all += bytes)
        assert_true(ReadFile(c.keys, got + all, 4 - all, &bytes, NULL));
    assert_string_equal(got, "\x03\xE2\x82\xAC");
    paint(&c, "painted-\xE2\x82");
    paint(&c, "\xAC-afar");
    command_end(&c);
    assert_true(own_console_shows(u"painted-\x20AC-afar"));
    assert_true(own_console_shows(u", pseudo console"));
    assert_int_equal(mode_of(u"CONIN$"), input);
    assert_int_equal(mode_of(u"CONOUT$"), output);
    CloseHandle(screen);
}

static void terminal__window_changes__tool_is_told_the_new_size(void **state)
{
    INPUT_RECORD record = { .EventType = WINDOW_BUFFER_SIZE_EVENT };
    HANDLE screen = own_console_open(u"CONOUT$"), input = own_console_open(u"CONIN$");
    CONSOLE_SCREEN_BUFFER_INFO info;
    struct command c = { .flags = 0 };
    SMALL_RECT smaller;
    DWORD done = 0;

    (void)state;
    command_start(&c);
    assert_true(GetConsoleScreenBufferInfo(screen, &info));
    smaller = info.srWindow;
    smaller.Right -= 3;
    smaller.Bottom -= 2;
    assert_true(SetConsoleWindowInfo(screen, TRUE, &smaller));
    assert_true(WriteConsoleInputW(input, &record, 1, &done));
    greet();
    expect(RESIZE);
    assert_int_equal(word_at(4), c.columns - 3);
    assert_int_equal(word_at(6), c.rows - 2);
    answer(DONE, "", 0);
    assert_true(SetConsoleWindowInfo(screen, TRUE, &info.srWindow));
    command_end(&c);
    CloseHandle(screen);
    CloseHandle(input);
}

/* Two that paint one screen would spoil it. */
static void terminal__a_second_tool_meanwhile__is_given_pipes(void **state)
{
    struct command first = { .flags = 0 }, second = { .flags = 0 };

    (void)state;
    command_start(&first);
    command_start(&second);
    assert_true(first.flags & START_TERMINAL);
    assert_false(second.flags & START_TERMINAL);
    assert_int_equal(second.columns, 0);
    paint(&second, "beside-it");
    command_end(&second);
    assert_true(own_console_shows(u"beside-it"));
    command_end(&first);
}

static void terminal__tool_is_killed__console_is_put_back(void **state)
{
    DWORD input = mode_of(u"CONIN$");
    struct command c = { .flags = 0 };

    (void)state;
    command_start(&c);
    TerminateProcess(c.tool, 4711);
    command_end(&c);
    assert_int_equal(mode_of(u"CONIN$"), input);
}

int wmain(int argc, wchar_t **argv)
{
#define T(test) cmocka_unit_test_setup_teardown(test, serve, gone)
    const struct CMUnitTest tests[] = {
        T(terminal__tool_on_our_console__size_keys_and_picture),
        T(terminal__window_changes__tool_is_told_the_new_size),
        T(terminal__a_second_tool_meanwhile__is_given_pipes),
        T(terminal__tool_is_killed__console_is_put_back),
    };
    return harness_main(argc, argv, "terminal", tests, COUNT(tests), true);
}
