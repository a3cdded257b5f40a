/* SPDX-License-Identifier: MIT
 *
 * Claim: one runner serves command after command, many at a time, and loses nothing; what
 * is killed, whichever it is, takes what it must and nothing else with it; whoever else
 * speaks at the pipe, or has taken it, is refused.  The runner is started directly here,
 * under our own account, and so proves nothing of level enforced.
 *   RINGFENCE_LAUNCHES=10000   how many launches may not leak a handle (400)
 */
#include "harness.h"

#include "win/own_console.h"

#define SOON      10000u /* ms */
#define AT_ONCE   100
#define NOTE      u"local\\ringfence\\runner-own.txt"
#define NOTE_SIZE 64u
#define HEAD_SIZE 8u
#define HELLO     (HEAD_SIZE + 92u)

/* launcher/core/wire.h, on purpose a second time: what is on the wire stays. */
enum { KIND_HELLO = 2, KIND_OFFER = 3, KIND_START = 4, KIND_ERROR = 6 };

static void remote_init(struct proc *p, const char16_t *tail)
{
    const char16_t *tool = place(u"tools\\git.exe");

    proc_init(
        p, place(u"rf\\ringfence.exe"),
        text(L" run-remote --allow-unproven --idle-ms 30000 -- \"%ls\"%ls", tool, tail));
}

struct note {
    DWORD pid;
    char16_t pipe[64];
};

static struct note note_read(void)
{
    struct note note = { 0 };
    char *at = file_text(NOTE);

    assert_int_equal(strlen(at), NOTE_SIZE);
    note.pid = strtoul(at + 5, NULL, 16);
    swprintf(note.pipe, COUNT(note.pipe), L"\\\\.\\pipe\\ringfence-%.32hs", at + 31);
    free(at);
    return note;
}

/* The runner that is warm now; started if there is none. */
static HANDLE runner_open(struct note *note)
{
    struct proc p;
    HANDLE h;

    remote_init(&p, u" exit 0");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_clear(&p);
    *note = note_read();
    h = OpenProcess(PROCESS_ALL_ACCESS, FALSE, note->pid);
    assert_non_null(h);
    return h;
}

static bool ends_soon(HANDLE process)
{
    return WaitForSingleObject(process, SOON) == WAIT_OBJECT_0;
}

static bool lives(HANDLE process)
{
    return WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
}

/* Ends it, so that no test sees another's. */
static void runner_end(HANDLE runner)
{
    TerminateProcess(runner, 9);
    assert_true(ends_soon(runner));
    CloseHandle(runner);
}

static void commands__one_after_the_other__one_runner(void **state)
{
    struct note first, second;
    HANDLE a = runner_open(&first), b = runner_open(&second);

    (void)state;
    assert_int_equal(first.pid, second.pid);
    assert_true(lives(a));
    CloseHandle(b);
    runner_end(a);
}

static void level__not_proven__is_said_or_refused(void **state)
{
    struct proc p;

    (void)state;
    remote_init(&p, u" exit 5");
    proc_run(&p);
    proc_assert_code(&p, 5);
    proc_assert(&p, strstr(p.err->at, "NOT PROVEN") != NULL);
    proc_clear(&p);
    proc_init(&p, place(u"rf\\ringfence.exe"),
              text(L" run-remote -- \"%ls\" exit 5", place(u"tools\\git.exe")));
    log_enable(&p.env);
    log_reset();
    proc_run(&p);
    proc_assert_refused(&p, 125);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

/* Wine filters nothing: whatever the tries have shown, it was not that. */
static void
network__not_filtered__is_not_enforced_and_what_gets_out_is_named(void **state)
{
    struct proc p;
    bool named;

    (void)state;
    proc_init(
        &p, place(u"rf\\ringfence.exe"),
        text(L" run-remote --network off -- \"%ls\" exit 5", place(u"tools\\git.exe")));
    proc_run(&p);
    proc_assert_refused(&p, 125);
    named = strstr(p.err->at, "the network is reached by: own token") != NULL;
    proc_clear(&p);
    if (!named)
        skip_because("no route to 192.0.2.1 here: the network shows nothing");
}

static void command__line_environment_and_directory__arrive(void **state)
{
    struct proc p;

    (void)state;
    make_dir(u"ws\\deep er");
    remote_init(&p, u" cwd env args  \"a b\"  c\\\" \xD800 \"\" ^%x%");
    p.cwd = place(u"ws\\deep er");
    env_set(&p.env, u"GREETING", u"hello \xE4\x20AC");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, !wcscmp(proc_text(&p, "cwd", 0), place(u"ws\\deep er")));
    proc_assert(&p, !wcscmp(proc_getenv(&p, u"GREETING"), u"hello \xE4\x20AC"));
    proc_assert(&p, !wcscmp(line_tail(proc_text(&p, "line", 0)),
                            u" cwd env args  \"a b\"  c\\\" \xD800 \"\" ^%x%"));
    proc_clear(&p);
}

static void exit_codes__all_32_bits__come_back(void **state)
{
    static const DWORD codes[] = { 0,     1,          255,        259,
                                   65536, 0x80000000, 0xC000013A, 0xFFFFFFFF };

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct proc p;

        remote_init(&p, text(L" exit %lu", codes[i]));
        proc_run(&p);
        proc_assert_code(&p, codes[i]);
        proc_clear(&p);
    }
}

static void pipes__300000_random_bytes__come_back_unchanged(void **state)
{
    static char in[300000];
    struct proc p;
    unsigned seed = 7;

    (void)state;
    for (size_t i = 0; i < sizeof in; i++) {
        seed = seed * 1664525u + 1013904223u;
        in[i] = (char)(seed >> 24);
    }
    remote_init(&p, u" cat err done");
    p.in = in;
    p.in_bytes = sizeof in;
    proc_run(&p);
    proc_assert_code(&p, 0);
    assert_int_equal(p.out->bytes, sizeof in);
    assert_memory_equal(p.out->at, in, sizeof in);
    proc_assert(&p, strstr(p.err->at, "done") != NULL);
    proc_clear(&p);
}

/* What Node and others hand down beside the three standard handles. */
static void descriptors__the_fourth_is_a_pipe__tool_writes_to_it(void **state)
{
    struct proc p;
    char got[64] = "";
    DWORD n = 0;
    HANDLE read;

    (void)state;
    remote_init(&p, u" fd3 through-the-fourth");
    read = proc_start_with_fourth(&p);
    proc_wait(&p);
    assert_true(ReadFile(read, got, sizeof got - 1, &n, NULL));
    assert_string_equal(got, "through-the-fourth");
    /* and the pipe ends with the tool: neither launcher nor runner kept it */
    assert_false(ReadFile(read, got, sizeof got - 1, &n, NULL));
    CloseHandle(read);
    proc_clear(&p);
}

/* Nobody but the tool holds its stdout: not the launcher, and not the runner.  Detached,
 * for under Wine the process behind a console of the tool's own holds it too. */
static void eof__tool_closes_stdout_and_lives_on__reader_sees_it(void **state)
{
    const char16_t *name;
    HANDLE go = event_new(&name);
    struct proc p;
    bool ended, alive;

    (void)state;
    remote_init(&p, text(L" err up close-stdout wait %ls", name));
    p.flags = DETACHED_PROCESS;
    proc_start(&p);
    sink_await(p.err, "up");
    ended = sink_await_end(p.out, SOON);
    alive = lives(p.process);
    SetEvent(go);
    proc_wait(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, alive && ended);
    CloseHandle(go);
    proc_clear(&p);
}

static void detached__launcher_without_a_console__neither_has_the_tool(void **state)
{
    struct proc p;

    (void)state;
    remote_init(&p, u" console");
    proc_run(&p);
    proc_assert(&p, proc_number(&p, "concp") != 0); /* the control */
    proc_clear(&p);
    remote_init(&p, u" console");
    p.flags = DETACHED_PROCESS;
    proc_run(&p);
    proc_assert(&p, proc_number(&p, "concp") == 0);
    proc_clear(&p);
}

static void program__cannot_be_started__is_126_and_says_why(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"tools\\broken.exe", "this is no program");
    proc_init(
        &p, place(u"rf\\ringfence.exe"),
        text(L" run-remote --allow-unproven -- \"%ls\"", place(u"tools\\broken.exe")));
    proc_run(&p);
    proc_assert_code(&p, 126);
    proc_assert(&p, strstr(p.err->at, "CreateProcessAsUserW") != NULL);
    proc_assert(&p, strstr(p.err->at, "(Win32 193)") != NULL);
    proc_clear(&p);
}

/* Wine keeps neither limit of the job; what is said must be what the job shows. */
static void job__child__is_born_in_it_on_a_desktop_of_its_own(void **state)
{
    struct proc p;

    (void)state;
    remote_init(&p, u" job startup");
    env_set(&p.env, u"RINGFENCE_TRACE", u"1");
    proc_run(&p);
    proc_assert(&p, proc_number(&p, "injob") == 1);
    proc_assert(&p, !wcsncmp(proc_text(&p, "desktop", 0), L"ringfence-", 10));
    proc_assert(&p, strstr(p.err->at, "runner   born in its job, ") != NULL);
    proc_assert(&p, strstr(p.err->at, ", own desktop") != NULL);
    proc_clear(&p);
}

/* The logon service gives the runner the user's own logon SID, by which every process of
 * the user's can be read: in a command's token it can only deny. */
static void logon__command__has_nothing_of_it(void **state)
{
    struct proc p;
    unsigned long without, with;

    (void)state;
    proc_init(&p, place(u"tools\\git.exe"), u" logon");
    proc_run(&p);
    without = proc_number(&p, "logon");
    proc_clear(&p);
    remote_init(&p, u" logon");
    proc_run(&p);
    proc_assert_code(&p, 0);
    with = proc_number(&p, "logon");
    proc_assert(&p,
                (without & SE_GROUP_ENABLED) && !(without & SE_GROUP_USE_FOR_DENY_ONLY));
    proc_assert(&p, !(with & SE_GROUP_ENABLED) && (with & SE_GROUP_USE_FOR_DENY_ONLY));
    proc_clear(&p);
}

/* All of them at once, none having ended before the last has begun, and no runner there
 * when they come. */
static void commands__100_at_once__nothing_is_lost(void **state)
{
    static struct proc p[AT_ONCE];
    static char in[AT_ONCE][4000];
    struct note note;

    (void)state;
    runner_end(runner_open(&note));
    for (int i = 0; i < AT_ONCE; i++) {
        for (size_t k = 0; k < sizeof in[i]; k++)
            in[i][k] = (char)(i + (int)k * 7);
        remote_init(&p[i], text(L" err up cat exit %d", 100000 + i));
        p[i].keep_stdin = true;
        proc_start(&p[i]);
    }
    for (int i = 0; i < AT_ONCE; i++)
        sink_await(p[i].err, "up\r");
    note = note_read();
    for (int i = 0; i < AT_ONCE; i++) {
        DWORD done = 0;

        assert_true(WriteFile(p[i].in_write, in[i], sizeof in[i], &done, NULL));
        CloseHandle(p[i].in_write);
    }
    for (int i = 0; i < AT_ONCE; i++) {
        proc_wait(&p[i]);
        proc_assert_code(&p[i], 100000 + i);
        assert_int_equal(p[i].out->bytes, sizeof in[i]);
        assert_memory_equal(p[i].out->at, in[i], sizeof in[i]);
        proc_clear(&p[i]);
    }
    assert_int_equal(note_read().pid, note.pid);
}

/* SystemExtendedHandleInformation. */
struct handles {
    ULONG_PTR count, reserved;
    struct {
        void *object;
        ULONG_PTR pid, handle;
        ULONG access, type, attributes, more;
    } at[1];
};
typedef LONG(NTAPI *query_system)(int, void *, ULONG, ULONG *);

/* GetProcessHandleCount gives 0 under Wine; the list of all handles is there. */
static DWORD handle_count(DWORD pid)
{
    static union {
        struct handles list;
        char bytes[1 << 22];
    } all;
    query_system query = (query_system)(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"ntdll.dll"), "NtQuerySystemInformation");
    DWORD count = 0;

    assert_int_equal(query(64, &all, sizeof all, NULL), 0);
    for (ULONG_PTR i = 0; i < all.list.count; i++)
        count += all.list.at[i].pid == pid;
    assert_true(count > 0);
    return count;
}

static void launches__hundreds__runner_has_no_handle_more(void **state)
{
    char16_t value[16];
    bool said = GetEnvironmentVariableW(u"RINGFENCE_LAUNCHES", value, COUNT(value)) > 0;
    unsigned long launches = said ? wcstoul(value, NULL, 10) : 400;
    struct note note, after;
    HANDLE runner = runner_open(&note), same;
    DWORD before = 0, now;

    (void)state;
    for (unsigned long i = 0; i < launches; i += 4) {
        struct proc p[4];

        if (i == 40) /* what is made once has been made */
            before = handle_count(note.pid);
        for (unsigned k = 0; k < COUNT(p); k++) {
            remote_init(&p[k], text(L" exit %lu", i + k));
            proc_start(&p[k]);
        }
        for (unsigned k = 0; k < COUNT(p); k++) {
            proc_wait(&p[k]);
            proc_assert_code(&p[k], i + k);
            proc_clear(&p[k]);
        }
    }
    same = runner_open(&after);
    assert_int_equal(note.pid, after.pid);
    now = handle_count(note.pid);
    print_message("%lu launches: %lu handles, then %lu\n", launches, before, now);
    assert_true(now <= before + 2); /* of the last connection */
    CloseHandle(same);
    runner_end(runner);
}

/* A tool with a grandchild; both wait. */
struct family {
    struct proc p;
    HANDLE tool, grandchild, go;
};

static HANDLE open_process(const struct proc *p, const char *key)
{
    HANDLE h = OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE, FALSE, proc_number(p, key));

    proc_assert(p, h != NULL);
    return h;
}

static void family_start(struct family *f, const char16_t *then)
{
    const char16_t *name;

    f->go = event_new(&name);
    remote_init(&f->p, text(L" pid child %ls %ls", name, then));
    f->p.keep_stdin = true;
    proc_start(&f->p);
    sink_await(f->p.out, "child=");
    f->tool = open_process(&f->p, "pid");
    f->grandchild = open_process(&f->p, "child");
}

static void family_clear(struct family *f)
{
    SetEvent(f->go);
    assert_true(ends_soon(f->grandchild));
    CloseHandle(f->go);
    CloseHandle(f->tool);
    CloseHandle(f->grandchild);
    if (f->p.in_write)
        CloseHandle(f->p.in_write);
    proc_clear(&f->p);
}

static void kill__launcher__tool_and_grandchild_die(void **state)
{
    struct note note, after;
    HANDLE runner = runner_open(&note);
    struct family f;

    (void)state;
    family_start(&f, u"cat");
    TerminateProcess(f.p.process, 77);
    proc_assert(&f.p, ends_soon(f.tool));
    proc_assert(&f.p, ends_soon(f.grandchild));
    assert_true(lives(runner));
    family_clear(&f);
    CloseHandle(runner);
    runner = runner_open(&after);
    assert_int_equal(note.pid, after.pid); /* it has lost nothing by it */
    CloseHandle(runner);
}

static void kill__child__its_code_is_reported(void **state)
{
    struct family f;

    (void)state;
    family_start(&f, u"cat");
    TerminateProcess(f.tool, 0xABCD1234);
    proc_wait_end(&f.p);
    proc_assert_code(&f.p, 0xABCD1234);
    family_clear(&f);
}

/* What runs has no need of it; the next command gets another. */
static void kill__runner__command_goes_on_and_the_next_has_a_new_one(void **state)
{
    struct note note, after;
    HANDLE runner = runner_open(&note);
    struct family f;

    (void)state;
    family_start(&f, u"cat exit 4242");
    runner_end(runner);
    proc_assert(&f.p, lives(f.tool));
    CloseHandle(f.p.in_write);
    f.p.in_write = NULL;
    proc_wait_end(&f.p);
    proc_assert_code(&f.p, 4242);
    family_clear(&f);
    runner = runner_open(&after);
    assert_int_not_equal(note.pid, after.pid);
    CloseHandle(runner);
}

static void exit__tool_ends__grandchild_lives(void **state)
{
    struct family f;

    (void)state;
    family_start(&f, u"exit 300");
    proc_wait_end(&f.p);
    proc_assert_code(&f.p, 300);
    { /* a job that closed on the launcher's end has killed by the end of this */
        struct proc later;

        remote_init(&later, u" exit 0");
        proc_run(&later);
        proc_clear(&later);
    }
    proc_assert(&f.p, lives(f.grandchild));
    family_clear(&f);
}

/* Raw connections. */

static HANDLE connect_raw(const struct note *note)
{
    for (int i = 0; i < 100; i++) {
        HANDLE h = CreateFileW(note->pipe, GENERIC_READ | FILE_WRITE_DATA, 0, NULL,
                               OPEN_EXISTING, 0, NULL);

        if (h != INVALID_HANDLE_VALUE)
            return h;
        assert_int_equal(GetLastError(), ERROR_PIPE_BUSY);
        WaitNamedPipeW(note->pipe, 1000);
    }
    fail();
    return NULL;
}

static void read_exactly(HANDLE h, unsigned char *at, DWORD bytes)
{
    for (DWORD n = 0; bytes; at += n, bytes -= n)
        assert_true(ReadFile(h, at, bytes, &n, NULL));
}

static void expect_hello(HANDLE h, const struct note *note)
{
    unsigned char hello[HELLO];
    DWORD pid;

    read_exactly(h, hello, sizeof hello);
    assert_memory_equal(hello, "RF\2\2", 4);
    memcpy(&pid, hello + HEAD_SIZE, sizeof pid);
    assert_int_equal(pid, note->pid);
}

/* An ERROR, or the end. */
static void expect_refusal(HANDLE h)
{
    unsigned char head[HEAD_SIZE];
    DWORD n = 0;

    if (ReadFile(h, head, sizeof head, &n, NULL) && n == sizeof head)
        assert_memory_equal(head, "RF\2\6", 4);
}

static void pipe__garbage__is_refused_and_the_runner_lives_on(void **state)
{
    static const struct {
        const char *bytes;
        DWORD count;
    } garbage[] = {
        { "", 0 },
        { "G", 1 },
        { "GET / HTTP/1.1\r\n\r\n", 18 },
        { "RF\1\3\0\0\0\0", 8 },         /* another version */
        { "RF\2\4\xFF\xFF\xFF\xFF", 8 }, /* a START of 4 GB */
        { "RF\2\x63\0\0\0\0", 8 },       /* no kind */
        { "RF\2\2\x5c\0\0\0", 8 },       /* a HELLO, cut */
        { "RF\2\x0C\0\0\0\0", 8 },
        { "RF\2\7\x08\0\0\0\0\0\0\0\0\0\0\0", 16 }, /* a signal for nobody */
    };
    struct note note, after;
    HANDLE runner = runner_open(&note), same;

    (void)state;
    for (size_t i = 0; i < COUNT(garbage); i++) {
        HANDLE h = connect_raw(&note);
        DWORD done = 0;

        expect_hello(h, &note);
        if (garbage[i].count)
            assert_true(WriteFile(h, garbage[i].bytes, garbage[i].count, &done, NULL));
        if (garbage[i].count >= HEAD_SIZE && i != 6)
            expect_refusal(h);
        CloseHandle(h);
    }
    same = runner_open(&after);
    assert_int_equal(note.pid, after.pid);
    assert_true(lives(runner));
    CloseHandle(same);
    runner_end(runner);
}

/* More idle clients than the runner has ends for: the others wait, but not for ever. */
static void pipe__clients_that_say_nothing__are_sent_away(void **state)
{
    struct note note, after;
    HANDLE runner = runner_open(&note), same, idle[12];
    size_t count = 0;

    (void)state;
    for (; count < COUNT(idle); count++) {
        idle[count] = CreateFileW(note.pipe, GENERIC_READ | FILE_WRITE_DATA, 0, NULL,
                                  OPEN_EXISTING, 0, NULL);
        if (idle[count] == INVALID_HANDLE_VALUE)
            break;
    }
    assert_true(count > 0 && count < COUNT(idle));
    same = runner_open(&after);
    assert_int_equal(note.pid, after.pid);
    while (count > 0)
        CloseHandle(idle[--count]);
    CloseHandle(same);
    runner_end(runner);
}

/* Handles may be on their way that nobody will name: it ends, and they with it. */
static void
pipe__client_dies_after_its_offer__runner_ends_and_another_serves(void **state)
{
    struct note note, after;
    HANDLE runner = runner_open(&note), next, h = connect_raw(&note);
    DWORD done = 0;

    (void)state;
    expect_hello(h, &note);
    assert_true(WriteFile(h, "RF\2\3\0\0\0\0", 8, &done, NULL));
    CloseHandle(h);
    assert_true(ends_soon(runner));
    CloseHandle(runner);
    next = runner_open(&after);
    assert_int_not_equal(note.pid, after.pid);
    runner_end(next);
}

/* Somebody else serves under the name in the note, as nobody could without having read it
 * there: said, not spoken to, and the next command has a runner of its own. */
static void pipe__squatted__is_an_error_and_the_next_command_runs(void **state)
{
    static const char name[] = "00112233445566778899aabbccddeeff";
    struct note note, after;
    HANDLE runner = runner_open(&note), next, squat;
    char *forged = file_text(NOTE);
    struct proc p;

    (void)state;
    memcpy(forged + 31, name, 32);
    put_file(NOTE, forged);
    squat =
        CreateNamedPipeW(text(L"\\\\.\\pipe\\ringfence-%hs", name), PIPE_ACCESS_DUPLEX,
                         PIPE_TYPE_BYTE, 1, 65536, 65536, 0, NULL);
    assert_true(squat != INVALID_HANDLE_VALUE);
    remote_init(&p, u" exit 0");
    log_enable(&p.env);
    log_reset();
    proc_run(&p);
    proc_assert_refused(&p, 125);
    proc_assert(&p, strstr(p.err->at, "has taken the runner's pipe") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
    CloseHandle(squat);
    next = runner_open(&after);
    assert_int_not_equal(note.pid, after.pid);
    runner_end(next);
    runner_end(runner);
    free(forged);
}

/* The number of a process that has ended may be another's by now. */
static void note__of_another_process_or_torn__a_new_runner_is_started(void **state)
{
    static const char *const notes[] = { "", "RFR1 torn",
                                         "RFR1 00000008 0000000000000001 "
                                         "00112233445566778899aabbccddeeff\n" };

    (void)state;
    for (size_t i = 0; i < COUNT(notes); i++) {
        struct note note, after;
        HANDLE runner = runner_open(&note), next;

        put_file(NOTE, notes[i]);
        next = runner_open(&after);
        assert_int_not_equal(note.pid, after.pid);
        runner_end(next);
        runner_end(runner);
    }
}

static void idle__no_client__runner_ends(void **state)
{
    struct note note;
    struct proc p;
    HANDLE runner;

    (void)state;
    remove_file(NOTE);
    proc_init(&p, place(u"rf\\ringfence.exe"),
              text(L" run-remote --allow-unproven --idle-ms 200 -- \"%ls\" exit 3",
                   place(u"tools\\git.exe")));
    proc_run(&p);
    proc_assert_code(&p, 3);
    proc_clear(&p);
    note = note_read();
    runner = OpenProcess(SYNCHRONIZE, FALSE, note.pid); /* else it is gone already */
    if (runner) {
        assert_true(ends_soon(runner));
        CloseHandle(runner);
    }
}

static void pipe__of_another_user__cannot_be_opened(void **state)
{
    (void)state;
    skip_because("Wine has one user, and does not look at a pipe's list");
}

static void ctrl_c__in_our_console__reaches_the_tool_in_its_own(void **state)
{
    struct proc p;

    (void)state;
    remote_init(&p, u" handle-ctrl-c err up await-ctrl-c ctrl-c-count exit 4711");
    proc_assert_ctrl_c_once(&p, 4711);
    proc_clear(&p);
}

/* Nothing is redirected: what the tool writes, in a console of its own, is seen in ours.
 */
static void console__tool_writes_to_it__is_seen_in_ours(void **state)
{
    struct proc p;

    (void)state;
    remote_init(&p, u" err from-the-tool exit 43");
    proc_start_on_console(&p);
    proc_wait_end(&p);
    proc_assert_code(&p, 43);
    assert_true(own_console_shows(u"from-the-tool"));
    proc_clear(&p);
}

/* Before the other one: under Wine a program that ended while it read from a console
 * still takes the next line. */
static void console__keys__reach_the_tool(void **state)
{
    struct proc p;
    HANDLE read = NULL, write = NULL;
    char got[64] = "";
    DWORD bytes = 0, began = GetTickCount();

    (void)state;
    assert_true(CreatePipe(&read, &write, NULL, 0));
    SetHandleInformation(write, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    remote_init(&p, u" cat");
    p.own_handles = true;
    p.si.dwFlags = STARTF_USESTDHANDLES;
    p.si.hStdInput = own_console_open(u"CONIN$");
    p.si.hStdOutput = p.si.hStdError = write;
    proc_start(&p);
    CloseHandle(p.si.hStdInput);
    CloseHandle(write);
    for (const char16_t *key = u"typed\r"; *key; key++)
        own_console_press(*key);
    while (!strstr(got, "typed") && GetTickCount() - began < SOON) {
        if (PeekNamedPipe(read, NULL, 0, NULL, &bytes, NULL) && bytes)
            assert_true(ReadFile(read, got, sizeof got - 1, &bytes, NULL));
        else
            Sleep(10);
    }
    assert_non_null(strstr(got, "typed"));
    CloseHandle(read);
    proc_clear(&p);
}

/* The last: nothing of ours runs on. */
static void end__runner_is_stopped(void **state)
{
    struct note note;

    (void)state;
    runner_end(runner_open(&note));
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands__one_after_the_other__one_runner),
        cmocka_unit_test(level__not_proven__is_said_or_refused),
        cmocka_unit_test(
            network__not_filtered__is_not_enforced_and_what_gets_out_is_named),
        cmocka_unit_test(command__line_environment_and_directory__arrive),
        cmocka_unit_test(exit_codes__all_32_bits__come_back),
        cmocka_unit_test(pipes__300000_random_bytes__come_back_unchanged),
        cmocka_unit_test(descriptors__the_fourth_is_a_pipe__tool_writes_to_it),
        cmocka_unit_test(eof__tool_closes_stdout_and_lives_on__reader_sees_it),
        cmocka_unit_test(detached__launcher_without_a_console__neither_has_the_tool),
        cmocka_unit_test(program__cannot_be_started__is_126_and_says_why),
        cmocka_unit_test(job__child__is_born_in_it_on_a_desktop_of_its_own),
        cmocka_unit_test(logon__command__has_nothing_of_it),
        cmocka_unit_test(commands__100_at_once__nothing_is_lost),
        cmocka_unit_test(launches__hundreds__runner_has_no_handle_more),
        cmocka_unit_test(kill__launcher__tool_and_grandchild_die),
        cmocka_unit_test(kill__child__its_code_is_reported),
        cmocka_unit_test(kill__runner__command_goes_on_and_the_next_has_a_new_one),
        cmocka_unit_test(exit__tool_ends__grandchild_lives),
        cmocka_unit_test(pipe__garbage__is_refused_and_the_runner_lives_on),
        cmocka_unit_test(pipe__clients_that_say_nothing__are_sent_away),
        cmocka_unit_test(
            pipe__client_dies_after_its_offer__runner_ends_and_another_serves),
        cmocka_unit_test(pipe__squatted__is_an_error_and_the_next_command_runs),
        cmocka_unit_test(note__of_another_process_or_torn__a_new_runner_is_started),
        cmocka_unit_test(idle__no_client__runner_ends),
        cmocka_unit_test(pipe__of_another_user__cannot_be_opened),
        cmocka_unit_test(ctrl_c__in_our_console__reaches_the_tool_in_its_own),
        cmocka_unit_test(console__keys__reach_the_tool),
        cmocka_unit_test(console__tool_writes_to_it__is_seen_in_ours),
        cmocka_unit_test(end__runner_is_stopped),
    };
    return harness_main(argc, argv, "runner", tests, COUNT(tests), true);
}
