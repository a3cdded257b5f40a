/* SPDX-License-Identifier: MIT
 *
 * ringfence-runner.exe: started once under the sandbox account, then asked over a pipe to
 * start one command after another, each under a restricted token of that account.
 *   ringfence-runner --user SID [--idle-ms N] [--desktop NAME]
 *                                                 SID: who started it and may ask
 *   ringfence-runner --signal PID EVENT           see runner_signal
 *   ringfence-runner --trial, --trial-terminal    see runner_trial.c
 *   ringfence-runner --prove-net MS               see runner_network.c
 */
#include "runner/runner.h"

#include "core/cmdline.h"
#include "core/exitcode.h"
#include "win/dll.h"
#include "win/out.h"
#include "win/paths.h"

#define WORKERS     8u      /* commands being started at one time; any number runs */
#define IDLE_MS     600000u /* without a client for so long, it ends */
#define LAST_ONE_MS 60000u  /* what a client at the end may still take */

void entry(void);

struct runner runner;

static struct {
    struct pipe_end end[WORKERS];
    HANDLE thread[WORKERS];
    size_t count;
    uint32_t idle_ms;
    uint32_t signal_pid, signal_event, prove_ms;
    char16_t desktop[STATION_NAME_CAP]; /* made for us */
    char16_t word[512];
} work = { .idle_ms = IDLE_MS };

typedef BOOL(WINAPI *set_dll_directories)(DWORD);
typedef BOOL(WINAPI *set_dll_directory)(LPCWSTR);

/* DLLs from System32 only, and nothing of ours in anybody's way: a current directory
 * keeps it from being removed, and is searched. */
static bool settle(struct err *err)
{
    set_dll_directories set = (set_dll_directories)(void (*)(void))dll_loaded(
        u"kernel32.dll", "SetDefaultDllDirectories");
    set_dll_directory drop = (set_dll_directory)(void (*)(void))dll_loaded(
        u"kernel32.dll", "SetDllDirectoryW");
    UINT len = GetSystemDirectoryW(runner.system, MAX_PATH);

    if (set)
        set(LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (drop)
        drop(u"");
    if (len == 0 || len >= MAX_PATH || !SetCurrentDirectoryW(runner.system))
        return err_win32(err, "SetCurrentDirectoryW", runner.system);
    return true;
}

/* Keeps what runs under the same account off this process: before there is any. */
static bool guard_self(struct err *err)
{
    if (!guard_init(&runner.guard, &runner.user, err) ||
        !guard_set_default(&runner.user, &runner.self, err))
        return false;
    if (guard_set(&runner.guard, GetCurrentProcess(), err) &&
        guard_set(&runner.guard, GetCurrentThread(), err))
        runner.hello.seen |= WIRE_SEEN_GUARDED;
    return true;
}

/* What can be said of this runner's fence before it fences anybody. */
static bool look_at_self(struct err *err)
{
    static const struct wire_start trial = { .root_count = 0 };
    auto_handle HANDLE token = NULL;
    struct token_security security = { .bytes = { 0 } };
    BOOL in_job = FALSE;
    bool kept = false;

    runner.hello.pid = GetCurrentProcessId();
    runner.hello.account = runner.self;
    if (!sid_eq(&runner.self, &runner.user))
        runner.hello.seen |= WIRE_SEEN_ACCOUNT;
    runner.has_logon = token_logon_sid(&runner.logon);
    runner.station = fence_station_sid(&runner.self);
    runner.apart = true;
    runner.has_lists =
        dll_loaded(u"kernel32.dll", "InitializeProcThreadAttributeList") != NULL;
    runner.in_job = IsProcessInJob(GetCurrentProcess(), NULL, &in_job) && in_job;
    if (!runner_make_token(&trial, &token, &security, &kept, err)) {
        runner.apart = false; /* what cannot be had is not claimed */
        handle_close_p(&token);
        token = NULL;
        if (!runner_make_token(&trial, &token, &security, &kept, err))
            return false;
    }
    if (kept)
        runner.hello.seen |= WIRE_SEEN_RESTRICTED;
    return true;
}

/* What stdout gets: where the runner listens, or why it does not.  Then it is closed, as
 * the starter reads to its end. */
static bool say(const uint8_t *frame, size_t bytes)
{
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD done = 0;
    bool ok = WriteFile(out, frame, (DWORD)bytes, &done, NULL) && done == bytes;

    CloseHandle(out);
    SetStdHandle(STD_OUTPUT_HANDLE, NULL);
    return ok;
}

static bool listen(struct wire_ready *ready, struct err *err)
{
    char16_t name[PIPE_NAME_CAP];

    /* Without attribute lists a child would inherit another's handles: one at a time. */
    work.count = runner.has_lists ? WORKERS : 1;
    runner.stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!runner.stop)
        return err_win32(err, "CreateEventW", NULL);
    if (!pipe_random(ready->name, sizeof ready->name, err))
        return false;
    pipe_name(ready->name, name);
    return pipe_serve(name, &runner.user, work.end, work.count, err);
}

static bool begin(struct wire_ready *ready, struct err *err)
{
    struct u16buf path = U16BUF(runner.path);

    InitializeCriticalSection(&runner.token_lock);
    if (!token_user_sid(&runner.self, err) || !guard_self(err) || !settle(err) ||
        !paths_self(&path, err) || !look_at_self(err) || !runner_console_begin(err))
        return false;
    runner_find_console(work.desktop); /* what is started is told which it has */
    if (runner.apart)
        runner.hello.seen |= WIRE_SEEN_APART;
    runner_look_at_network();
    if (runner_shows_terminal())
        runner.hello.can |= WIRE_CAN_TERMINAL;
    return listen(ready, err);
}

static void work_until_idle(void)
{
    size_t started = 0;

    runner.last_ms = (LONG)GetTickCount();
    for (; started < work.count; started++) {
        work.thread[started] = CreateThread(&runner.guard.attributes, 0, runner_serve,
                                            &work.end[started], 0, NULL);
        if (!work.thread[started])
            break;
    }
    for (;;) {
        DWORD idle = GetTickCount() - (DWORD)runner.last_ms;

        if (started == 0 || (idle >= work.idle_ms && runner_console_await(0)))
            break;
        if (WaitForSingleObject(runner.stop, idle < work.idle_ms
                                                 ? work.idle_ms - idle
                                                 : work.idle_ms) == WAIT_OBJECT_0)
            break;
    }
    SetEvent(runner.stop);
    if (started)
        WaitForMultipleObjects((DWORD)started, work.thread, TRUE, LAST_ONE_MS);
    runner_console_await(INFINITE); /* a pseudo console would end with us */
}

static bool next_number(struct u16s *rest, uint32_t *value)
{
    struct u16buf word = U16BUF(work.word);
    uint64_t number = 0;

    if (!cmdline_next(rest, &word) ||
        !u16s_number(u16buf_text(&word), UINT32_MAX, &number))
        return false;
    *value = (uint32_t)number;
    return true;
}

static bool next_name(struct u16s *rest, char16_t name[STATION_NAME_CAP])
{
    struct u16buf b = u16buf_init(name, STATION_NAME_CAP);

    return cmdline_next(rest, &b) && !b.cut;
}

static bool next_sid(struct u16s *rest, struct sid *sid)
{
    struct u16buf word = U16BUF(work.word);

    return cmdline_next(rest, &word) && sid_parse(sid, u16buf_text(&word));
}

enum what { NOTHING, SERVE, SIGNAL, PROVE, TRIAL, TRIAL_TERMINAL };

static enum what read_words(struct u16s rest)
{
    enum what what = NOTHING;

    for (;;) {
        struct u16buf buf = U16BUF(work.word);
        bool ok = false;

        if (!cmdline_next(&rest, &buf))
            return what;
        if (u16s_eq(u16buf_text(&buf), U16S("--user")))
            ok = next_sid(&rest, &runner.user), what = SERVE;
        else if (u16s_eq(u16buf_text(&buf), U16S("--idle-ms")))
            ok = next_number(&rest, &work.idle_ms);
        else if (u16s_eq(u16buf_text(&buf), U16S("--desktop")))
            ok = next_name(&rest, work.desktop);
        else if (u16s_eq(u16buf_text(&buf), U16S("--prove-net")))
            ok = next_number(&rest, &work.prove_ms), what = PROVE;
        else if (u16s_eq(u16buf_text(&buf), U16S("--signal")))
            ok = next_number(&rest, &work.signal_pid) &&
                 next_number(&rest, &work.signal_event),
            what = SIGNAL;
        else if (u16s_eq(u16buf_text(&buf), U16S("--trial")))
            ok = true, what = TRIAL;
        else if (u16s_eq(u16buf_text(&buf), U16S("--trial-terminal")))
            ok = true, what = TRIAL_TERMINAL;
        if (!ok)
            return NOTHING;
    }
}

static uint32_t run(void)
{
    uint8_t frame[WIRE_SMALL_MAX];
    struct wire_ready ready;
    struct wire_error error;
    struct err err = { 0 };
    bool ok = false;

    switch (read_words(cmdline_tail(u16s_of(GetCommandLineW())))) {
    case NOTHING:
        out_line(OUT_STDERR, u"ringfence-runner: launches at level enforced start this; "
                             u"there is nothing to type");
        return EXIT_RINGFENCE;
    case SIGNAL:
        return runner_signal_main(work.signal_pid, work.signal_event);
    case PROVE:
        return runner_prove_main(work.prove_ms);
    case TRIAL:
        return runner_trial_main(false);
    case TRIAL_TERMINAL:
        return runner_trial_main(true);
    case SERVE:
        break;
    }
    ok = begin(&ready, &err);
    wire_error_of(&error, &err);
    if (!say(frame, ok ? wire_ready_write(&ready, frame, sizeof frame)
                       : wire_error_write(&error, frame, sizeof frame)) ||
        !ok)
        return EXIT_RINGFENCE; /* nobody knows of this runner */
    work_until_idle();
    return EXIT_OK;
}

/* The stack is as the loader leaves it: x86 code with vector instructions needs it
 * aligned. */
__attribute__((force_align_arg_pointer)) void entry(void)
{
    ExitProcess(run());
}
