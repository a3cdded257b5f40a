/* SPDX-License-Identifier: MIT
 *
 * Claim: a launch at level enforced goes through the runner and is as transparent as any
 * other: code, pipes, arguments, environment.  Here without sandbox accounts, so under
 * our own and NOT PROVEN; without --allow-unproven nothing of the kind is started.
 */
#include "harness.h"

#include <ctype.h>

#define NETWORK_LOG u"local\\ringfence\\network.log"
#define POLICY      u"local\\ringfence\\policy.ini"
#define SOON        10000u /* ms */

static const char16_t *ringfence(void)
{
    return place(u"rf\\ringfence.exe");
}

static void start_with(struct proc *p, const char16_t *tail)
{
    char16_t system[MAX_PATH];

    if (!under_wine())
        skip_because("this Windows may prove the level");
    GetSystemDirectoryW(system, MAX_PATH);
    proc_init(p, ringfence(), text(L" run --level enforced --allow-unproven %ls", tail));
    env_set(&p->env, u"PATH",
            text(L"%ls;%ls;%ls", place(u"rf\\shims"), place(u"tools"), system));
    env_set(&p->env, u"MY_TOKEN", u"hunter2");
    log_enable(&p->env);
    log_reset();
}

static void run__code__all_32_bits(void **state)
{
    struct proc p;

    (void)state;
    start_with(&p, u"-- git exit 0xC0000042");
    proc_run(&p);
    proc_assert_code(&p, 0xc0000042);
    proc_assert(&p, strstr(p.err->at, "NOT PROVEN") != NULL);
    assert_int_equal(log_count(), 1);
    proc_clear(&p);
}

static void run__pipes__every_byte(void **state)
{
    static char bytes[100000];
    struct proc p;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 13 + i / 257);
    start_with(&p, u"-- git cat");
    p.in = bytes;
    p.in_bytes = sizeof bytes;
    proc_run(&p);
    proc_assert_code(&p, 0);
    assert_int_equal(p.out->bytes, sizeof bytes);
    assert_memory_equal(p.out->at, bytes, sizeof bytes);
    proc_clear(&p);
}

static void run__tail__verbatim(void **state)
{
    static const char16_t tail[] =
        u"  \"a  b\" c\\\\ \"d\\\"e\" %PATH% ^&|<> -- --level x \t";
    struct proc p;

    (void)state;
    start_with(&p, text(L"-- git%ls", tail));
    env_set(&p.env, u"PROBE_DO", u"args");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, !wcscmp(line_tail(proc_text(&p, "line", 0)), tail));
    proc_clear(&p);
}

/* What the table does to the environment it does here too. */
static void run__environment__offline_and_without_secrets(void **state)
{
    struct proc p;

    (void)state;
    start_with(&p, u"-- git env");
    proc_run(&p);
    proc_assert_code(&p, 0);
    assert_int_equal(proc_getenv_count(&p, u"MY_TOKEN"), 0);
    proc_assert(&p, !wcscmp(proc_getenv(&p, u"npm_config_offline"), u"true"));
    proc_clear(&p);
}

static void run__fourth_descriptor__reaches_the_tool(void **state)
{
    struct proc p;
    char got[64] = "";
    DWORD n = 0;
    HANDLE read;

    (void)state;
    start_with(&p, u"-- git fd3 through-the-fourth");
    read = proc_start_with_fourth(&p);
    proc_wait(&p);
    assert_true(ReadFile(read, got, sizeof got - 1, &n, NULL));
    assert_string_equal(got, "through-the-fourth");
    assert_false(ReadFile(read, got, sizeof got - 1, &n, NULL)); /* nobody kept it */
    CloseHandle(read);
    proc_clear(&p);
}

/* Nobody but the tool holds its stdout. */
static void run__tool_closes_stdout_and_lives_on__reader_sees_it(void **state)
{
    const char16_t *later;
    HANDLE go = event_new(&later);
    struct proc p;
    bool ended;

    (void)state;
    start_with(&p, text(L"-- git err up close-stdout wait %ls", later));
    p.flags = DETACHED_PROCESS; /* under Wine a console's process would hold it */
    proc_start(&p);
    sink_await(p.err, "up");
    ended = sink_await_end(p.out, SOON);
    SetEvent(go);
    proc_wait(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, ended);
    proc_clear(&p);
    CloseHandle(go);
}

static void run__traced__runner_is_told_of(void **state)
{
    struct proc p;

    (void)state;
    start_with(&p, u"-- git exit 3");
    env_set(&p.env, u"RINGFENCE_TRACE", u"1");
    proc_run(&p);
    proc_assert_code(&p, 3);
    proc_assert(&p, strstr(p.err->at, "ringfence: runner   born in its job") != NULL);
    proc_clear(&p);
}

static void run__tool_cannot_be_started__is_126(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"tools\\broken.exe", "not a program");
    start_with(&p, u"-- broken");
    proc_run(&p);
    remove_file(u"tools\\broken.exe");
    proc_assert_code(&p, 126);
    proc_assert(&p, strstr(p.err->at, "cannot start the command in the runner") != NULL);
    proc_clear(&p);
}

/* Of two who wait for it, launch and runner's end of it, one passes it on. */
static void ctrl_c__in_our_console__reaches_the_tool_once(void **state)
{
    struct proc p;

    (void)state;
    start_with(&p, u"-- git handle-ctrl-c err up await-ctrl-c ctrl-c-count exit 4711");
    proc_assert_ctrl_c_once(&p, 4711);
    proc_clear(&p);
}

static void not_proven__not_allowed__falls_to_advisory(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    proc_init(&p, ringfence(), u" run --level enforced -- git exit 3");
    log_enable(&p.env);
    proc_run(&p);
    proc_assert_code(&p, 3);
    proc_assert(&p, strstr(p.err->at, "NOT PROVEN") == NULL);
    proc_clear(&p);

    proc_init(&p, ringfence(), u" run --require enforced -- git exit 3");
    log_enable(&p.env);
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_clear(&p);
}

/* The log has this line and no other: "2026-11-27T18:40:12Z ANSWER ROOT: COMMAND", the
 * time in UTC and not long ago. */
static void assert_logged(const char *answer, const char *command)
{
    static const char form[] = "0000-00-00T00:00:00Z ";
    char *log = file_text(NETWORK_LOG), want[64];
    SYSTEMTIME t = { 0 };
    FILETIME then, now;
    ULONGLONG age = 0;

    assert_true(strlen(log) > sizeof form);
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? !isdigit((unsigned char)log[i]) : log[i] != form[i])
            fail_msg("no time: %s", log);
    t.wYear = (WORD)atoi(log), t.wMonth = (WORD)atoi(log + 5);
    t.wDay = (WORD)atoi(log + 8), t.wHour = (WORD)atoi(log + 11);
    t.wMinute = (WORD)atoi(log + 14), t.wSecond = (WORD)atoi(log + 17);
    assert_true(SystemTimeToFileTime(&t, &then));
    GetSystemTimeAsFileTime(&now);
    age = ((ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime) -
          ((ULONGLONG)then.dwHighDateTime << 32 | then.dwLowDateTime);
    assert_true(age < 10000000ull * 120);
    assert_int_equal(strncmp(log + sizeof form - 1, answer, strlen(answer)), 0);
    assert_int_equal(log[sizeof form - 1 + strlen(answer)], ' ');
    assert_true(contains_text(log, place(u"ws")));
    snprintf(want, sizeof want, "\\%s\n", command);
    if (!strstr(log, want))
        fail_msg("no %s in %s", want, log);
    assert_null(strchr(strchr(log, '\n') + 1, '\n'));
    free(log);
}

/* What is typed, as by a user: into the console itself. */
static void press_keys(const char16_t *keys)
{
    HANDLE input =
        CreateFileW(u"CONIN$", GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

    assert_true(input != INVALID_HANDLE_VALUE);
    for (; *keys; keys++)
        for (int down = 1; down >= 0; down--) {
            INPUT_RECORD key = { .EventType = KEY_EVENT };
            DWORD done = 0;

            key.Event.KeyEvent.bKeyDown = down;
            key.Event.KeyEvent.wRepeatCount = 1;
            key.Event.KeyEvent.uChar.UnicodeChar = *keys;
            key.Event.KeyEvent.wVirtualKeyCode = *keys == u'\r' ? VK_RETURN : 0;
            assert_true(WriteConsoleInputW(input, &key, 1, &done));
        }
    CloseHandle(input);
}

static void network_on__answered_on_the_terminal__is_obeyed_and_logged(void **state)
{
    static const struct {
        const char16_t *keys;
        const char *answer;
        DWORD code;
    } rows[] = { { u"y\r", "yes", 3 },
                 { u"Y\r", "yes", 3 },
                 { u"n\r", "no", 125 },
                 { u"\r", "no", 125 },
                 { u"ok\r", "no", 125 } };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proc p;

        remove_file(NETWORK_LOG);
        start_with(&p, u"--network on -- git exit 3");
        p.in = "y\n"; /* is nobody's answer */
        p.in_bytes = 2;
        proc_start(&p);
        sink_await(p.err, "let this onto the network: ");
        sink_await(p.err, "git.exe\" exit 3 [y/N]? ");
        press_keys(rows[i].keys);
        proc_wait(&p);
        proc_assert_code(&p, rows[i].code);
        proc_assert(&p,
                    (strstr(p.err->at, "not allowed") != NULL) == (rows[i].code != 3));
        assert_int_equal(log_count(), rows[i].code == 3);
        assert_logged(rows[i].answer, "git.exe\" exit 3");
        proc_clear(&p);
    }
}

static void network_on__by_policy__nobody_is_asked_and_it_is_logged(void **state)
{
    struct proc p;

    (void)state;
    remove_file(NETWORK_LOG);
    put_file(POLICY, "[default]\nnetwork = on\n");
    start_with(&p, u"-- git exit 3");
    p.flags |= DETACHED_PROCESS;
    proc_run(&p);
    remove_file(POLICY);
    proc_assert_code(&p, 3);
    proc_assert(&p, strstr(p.err->at, "[y/N]") == NULL);
    assert_int_equal(log_count(), 1);
    assert_logged("policy", "git.exe\" exit 3");
    proc_clear(&p);
}

/* Off is not a thing to be asked or noted. */
static void network_off__any__is_not_logged(void **state)
{
    struct proc p;

    (void)state;
    remove_file(NETWORK_LOG);
    start_with(&p, u"-- git exit 3");
    proc_run(&p);
    proc_assert_code(&p, 3);
    assert_false(is_there(place(NETWORK_LOG)));
    proc_clear(&p);
}

/* Nobody is there to say yes: the other end of a pipe is nobody. */
static void network_on__no_terminal_and_no_policy__is_not_allowed(void **state)
{
    struct proc p;

    (void)state;
    remove_file(NETWORK_LOG);
    start_with(&p, u"--network on -- git exit 3");
    p.in = "y\n";
    p.in_bytes = 2;
    p.flags |= DETACHED_PROCESS;
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.err->at, "not allowed") != NULL);
    assert_int_equal(log_count(), 0);
    assert_logged("no", "git.exe\" exit 3");
    proc_clear(&p);
}

static HANDLE open_process(DWORD pid)
{
    HANDLE h = OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE, FALSE, pid);

    assert_non_null(h);
    return h;
}

static bool ends_soon(HANDLE process)
{
    return WaitForSingleObject(process, SOON) == WAIT_OBJECT_0;
}

/* The runner that is warm, or NULL. */
static HANDLE warm_runner(void)
{
    char *note = file_text(u"local\\ringfence\\runner-own.txt");
    HANDLE h = note[0] ? OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE, FALSE,
                                     strtoul(note + 5, NULL, 16))
                       : NULL;

    free(note);
    return h;
}

static void end_runner(void)
{
    HANDLE runner = warm_runner();

    if (!runner)
        return;
    TerminateProcess(runner, 9);
    assert_true(ends_soon(runner));
    CloseHandle(runner);
}

/* A command that waits for an event; returns its process. */
static HANDLE start_waiting(struct proc *p, const char16_t *event)
{
    start_with(p, text(L"-- git pid wait %ls", event));
    proc_start(p);
    sink_await(p->out, "pid=");
    return open_process(proc_number(p, "pid"));
}

/* The runner that the first command started serves the second as well: what is killed is
 * the first, with its tool, and neither the runner nor the other's tool. */
static void kill__who_started_the_runner__others_commands_live(void **state)
{
    const char16_t *never, *later;
    HANDLE a_event = event_new(&never), b_event = event_new(&later);
    HANDLE a_tool, b_tool, runner;
    struct proc a, b;

    (void)state;
    end_runner();
    a_tool = start_waiting(&a, never);
    runner = warm_runner();
    assert_non_null(runner);
    b_tool = start_waiting(&b, later);
    TerminateProcess(a.process, 77);
    proc_assert(&a, ends_soon(a_tool));
    proc_wait(&a);
    proc_assert_code(&a, 77);
    proc_assert(&b, WaitForSingleObject(runner, 0) == WAIT_TIMEOUT);
    proc_assert(&b, WaitForSingleObject(b_tool, 0) == WAIT_TIMEOUT);
    SetEvent(b_event);
    proc_wait(&b);
    proc_assert_code(&b, 0);
    CloseHandle(a_tool);
    CloseHandle(b_tool);
    CloseHandle(runner);
    CloseHandle(a_event);
    CloseHandle(b_event);
    proc_clear(&a);
    proc_clear(&b);
    end_runner();
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__code__all_32_bits),
        cmocka_unit_test(run__pipes__every_byte),
        cmocka_unit_test(run__tail__verbatim),
        cmocka_unit_test(run__environment__offline_and_without_secrets),
        cmocka_unit_test(run__fourth_descriptor__reaches_the_tool),
        cmocka_unit_test(run__tool_closes_stdout_and_lives_on__reader_sees_it),
        cmocka_unit_test(run__traced__runner_is_told_of),
        cmocka_unit_test(run__tool_cannot_be_started__is_126),
        cmocka_unit_test(ctrl_c__in_our_console__reaches_the_tool_once),
        cmocka_unit_test(not_proven__not_allowed__falls_to_advisory),
        cmocka_unit_test(network_on__answered_on_the_terminal__is_obeyed_and_logged),
        cmocka_unit_test(network_on__by_policy__nobody_is_asked_and_it_is_logged),
        cmocka_unit_test(network_off__any__is_not_logged),
        cmocka_unit_test(network_on__no_terminal_and_no_policy__is_not_allowed),
        cmocka_unit_test(kill__who_started_the_runner__others_commands_live),
    };
    return harness_main(argc, argv, "enforced", tests, COUNT(tests), true);
}
