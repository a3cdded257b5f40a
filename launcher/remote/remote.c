#include "remote/remote.h"

#include "core/crtfds.h"
#include "core/exitcode.h"
#include "core/netcheck.h"
#include "remote/remote_console.h"
#include "remote/remote_open.h"
#include "win/console.h"
#include "win/errtext.h"
#include "win/job.h"
#include "win/out.h"
#include "win/process.h"

#define FRAME_MS    10000u
#define START_MS    120000u /* for a process to start: a virus scanner may look first */
#define INTERRUPTED 0xC000013Au /* STATUS_CONTROL_C_EXIT */

/* What we were given in exchange for the frame. */
struct command {
    HANDLE child, job;
    uint32_t pid;
};

/* What stands behind a failure to start. */
enum failed {
    FAILED_BEFORE, /* the runner went away before it knew what to start: try another */
    FAILED_START,  /* it could not start it, and says why */
    FAILED_AFTER   /* nobody knows: it may have run */
};

static struct remote_console console;

static bool give_handle(const struct remote *r, HANDLE h, uint64_t *given,
                        struct err *err)
{
    HANDLE there = NULL;

    if (!DuplicateHandle(GetCurrentProcess(), h, r->process, &there, 0, TRUE,
                         DUPLICATE_SAME_ACCESS))
        return err_win32(err, "DuplicateHandle", NULL);
    *given = (uint64_t)(uintptr_t)there;
    return true;
}

/* What the C runtime of whoever started us left for ours: of the first three only how
 * they are meant (text, binary), and only where they are the standard handles. */
static bool give_descriptors(const struct remote *r, struct wire_start *start,
                             struct err *err)
{
    STARTUPINFOW si;
    size_t count = 0;

    GetStartupInfoW(&si);
    count = crtfds_count(si.lpReserved2, si.cbReserved2, sizeof(HANDLE));
    for (size_t fd = 0; fd < count; fd++) {
        uint8_t flags = crtfds_flags(si.lpReserved2, si.cbReserved2, sizeof(HANDLE), fd);
        HANDLE h = (HANDLE)(uintptr_t)crtfds_handle(si.lpReserved2, si.cbReserved2,
                                                    sizeof(HANDLE), fd);

        if (!flags || GetFileType(h) == FILE_TYPE_UNKNOWN)
            continue;
        if (fd >= WIRE_FDS)
            return err_rule(err, "a C runtime's descriptor is beyond number 34", NULL);
        if (fd < 3 && h != remote_console_handle(&console, fd))
            continue;
        if (fd >= 3 && !give_handle(r, h, &start->handle[fd], err))
            return false;
        start->fd_flags[fd] = flags;
    }
    return true;
}

/* Our standard handles become the runner's; a missing or closed one stays missing. */
static bool give_handles(const struct remote *r, struct wire_start *start,
                         struct err *err)
{
    for (size_t i = 0; i < 3; i++) {
        HANDLE h = remote_console_handle(&console, i);

        if (h && !give_handle(r, h, &start->handle[i], err))
            return false;
    }
    return give_descriptors(r, start, err);
}

/* A handle of the runner's, as our own. */
static bool pull(const struct remote *r, uint64_t theirs, HANDLE *ours, struct err *err)
{
    return DuplicateHandle(r->process, (HANDLE)(uintptr_t)theirs, GetCurrentProcess(),
                           ours, 0, FALSE, DUPLICATE_SAME_ACCESS) ||
           err_win32(err, "DuplicateHandle", NULL);
}

/* With RINGFENCE_TRACE: what the child's job and desktop are seen to be. */
static void trace(const struct wire_started *started)
{
    char16_t value[2] = u"";

    if (GetEnvironmentVariableW(u"RINGFENCE_TRACE", value, 2) == 0 || value[0] == u'0')
        return;
    out_line(OUT_STDERR, u"ringfence: runner   ",
             started->got & WIRE_GOT_BORN ? u"born in its job" : u"put into its job",
             started->got & WIRE_GOT_UI ? u", windows limited" : u", windows not limited",
             started->got & WIRE_GOT_NET_CAP ? u", traffic capped"
                                             : u", traffic not capped",
             started->got & WIRE_GOT_DESKTOP ? u", own desktop" : u", the user's",
             started->got & WIRE_GOT_TERMINAL ? u", pseudo console" : u"");
}

/* Takes the child and its job over, and looks that they are what was said. */
static bool take_over(const struct remote *r, const struct wire_started *started,
                      struct command *out, struct err *err)
{
    BOOL in_job = FALSE;

    if (!pull(r, started->process, &out->child, err) ||
        !pull(r, started->job, &out->job, err))
        return false;
    if (GetProcessId(out->child) != started->pid ||
        !IsProcessInJob(out->child, out->job, &in_job) || !in_job)
        return err_rule(err, "the runner gave away something else", NULL);
    out->pid = started->pid;
    return true;
}

static bool fill_start(const struct remote_request *q, struct wire_start *start)
{
    *start = (struct wire_start){ .root_count = q->root_count,
                                  .program = q->program,
                                  .line = q->line,
                                  .cwd = q->cwd,
                                  .environment = q->environment };
    start->flags = (q->offline ? WIRE_START_OFFLINE : 0) |
                   (q->allow_unproven ? WIRE_START_UNPROVEN : 0) |
                   (q->lowered ? WIRE_START_LOWERED : 0) |
                   (console_is_detached() ? WIRE_START_DETACHED : 0);
    if (console.is_terminal) {
        start->flags |= WIRE_START_TERMINAL;
        start->columns = console.size.columns;
        start->rows = console.size.rows;
    }
    if (q->root_count > FENCE_ROOTS_MAX || !wire_hash_of(&q->run, start->run))
        return false;
    for (size_t i = 0; i < q->root_count; i++)
        if (!wire_hash_of(&q->root[i], start->root[i]))
            return false;
    return wire_start_write(start, remote_frame, sizeof remote_frame) > 0;
}

/* From OFFER to BYE.  The offer goes out before the first handle does, and nothing that
 * no frame can hold is offered. */
static bool hand_over(struct remote *r, struct command *out, enum failed *failed,
                      struct err *err)
{
    struct wire_start start;
    struct wire_started started;
    bool refused = false;
    size_t bytes = 0;

    *failed = FAILED_START;
    if (!remote_console_open(&console, r->hello.can & WIRE_CAN_TERMINAL, err))
        return false;
    if (!fill_start(r->request, &start))
        return err_rule(
            err, "the command, a path or the environment is too long, or is none", NULL);
    *failed = FAILED_BEFORE;
    if (!remote_send(r, wire_empty_write(WIRE_OFFER, remote_frame, sizeof remote_frame),
                     err) ||
        !give_handles(r, &start, err))
        return false;
    *failed = FAILED_AFTER;
    if (!remote_send(r, wire_start_write(&start, remote_frame, sizeof remote_frame),
                     err) ||
        !remote_receive(r, START_MS, WIRE_STARTED, &bytes, &refused, err)) {
        if (refused)
            *failed = FAILED_START;
        return false;
    }
    if (!wire_started_read(&started, remote_frame, bytes))
        return err_rule(err, "the runner's answer is not one", NULL);
    if (!take_over(r, &started, out, err))
        return false;
    trace(&started);
    (void)!remote_send(r, wire_empty_write(WIRE_BYE, remote_frame, sizeof remote_frame),
                       err);
    return true;
}

/* Ctrl-C and Ctrl-Break of our console are the command's, which is in another one and so
 * hears nothing of our console's end, of logoff and of shutdown either: these end it. */
static struct {
    HANDLE came;
    LONG volatile event;
} control;

static bool is_signal(LONG event)
{
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

static BOOL WINAPI on_control(DWORD event)
{
    if (is_signal(control.event)) /* the end is the last of them */
        control.event = (LONG)event;
    SetEvent(control.came);
    if (!is_signal((LONG)event))
        Sleep(INFINITE); /* returning would end us before what is left to do is done; our
                            exit, on the main thread, ends this wait as well */
    return TRUE;
}

enum news { NEWS_SIGNAL, NEWS_SIZE };

static size_t write_news(enum news news, uint32_t pid)
{
    struct wire_signal signal = { .pid = pid,
                                  .event = control.event == CTRL_BREAK_EVENT };
    struct wire_resize resize = { pid, console.size.columns, console.size.rows };

    return news == NEWS_SIGNAL
               ? wire_signal_write(&signal, remote_frame, sizeof remote_frame)
               : wire_resize_write(&resize, remote_frame, sizeof remote_frame);
}

/* Tells the command's runner what has happened here. */
static bool pass_on(const struct remote_request *q, enum news news, uint32_t pid)
{
    struct remote r = { 0 };
    struct err unused;
    size_t bytes = 0;
    bool ok = remote_open(&r, q, &unused) &&
              remote_send(&r, write_news(news, pid), &unused) &&
              remote_receive(&r, FRAME_MS, WIRE_DONE, &bytes, NULL, &unused);

    remote_close(&r);
    return ok;
}

/* Waits for the command.  A signal that cannot be passed on ends it. */
static bool wait(const struct remote_request *q, const struct command *c,
                 uint32_t *exit_code, struct err *err)
{
    HANDLE any[] = { c->child, console.resized, control.came };
    DWORD woken = 0;

    while ((woken = WaitForMultipleObjects(control.came ? 3 : 2, any, FALSE, INFINITE)) !=
           WAIT_OBJECT_0) {
        if (woken == WAIT_OBJECT_0 + 1) {
            if (remote_console_has_new_size(&console))
                (void)!pass_on(q, NEWS_SIZE, c->pid);
        } else if (woken != WAIT_OBJECT_0 + 2) {
            break;
        } else if (!is_signal(control.event) || !pass_on(q, NEWS_SIGNAL, c->pid)) {
            TerminateJobObject(c->job, INTERRUPTED);
        }
    }
    return process_wait(c->child, exit_code, err);
}

static uint32_t finish(const struct remote_request *q, struct command *c)
{
    uint32_t code = EXIT_RINGFENCE;
    struct err err;

    if (!remote_console_begin(&console, &err))
        err_report(&err, u"carry the command's input and output");
    process_drop_handles(q->keep_stderr);
    if (!wait(q, c, &code, &err))
        err_report(&err, u"wait for the command");
    remote_console_end(&console);
    job_release(c->job); /* what the tool left running goes on, as fenced as it was */
    return code;
}

/* "; the network is reached by: own token (IPv4 TCP), anonymous (IPv4 TCP)" */
static void add_ways_out(uint32_t ways, struct u16buf *b)
{
    if (!ways)
        return;
    u16buf_addz(b, u"; the network is reached by: ");
    netcheck_list(ways, b);
}

/* Whether the runner may be used; says what is not proven, to go on with it only once. */
static bool accept_level(const struct remote *r)
{
    static bool said;
    const char *missing = wire_missing(&r->hello, r->request->offline);
    char16_t text[512];
    struct u16buf b = U16BUF(text);

    if (!missing)
        return true;
    u16buf_add_ascii(&b, missing);
    if (r->request->offline)
        add_ways_out(r->hello.net_out, &b);
    if (r->request->allow_unproven && !said)
        out_line(OUT_STDERR, u"ringfence: enforced, NOT PROVEN: ", text);
    said = true;
    if (!r->request->allow_unproven)
        out_line(OUT_STDERR,
                 u"ringfence: cannot start anything: enforced is required, but ", text);
    return r->request->allow_unproven;
}

bool remote_look(const struct remote_request *request, struct wire_hello *hello,
                 struct err *err)
{
    struct remote r = { 0 };

    if (!remote_open(&r, request, err))
        return false;
    *hello = r.hello;
    remote_close(&r);
    return true;
}

/* Once more where the runner ended just then, by idleness or by force. */
static bool start(const struct remote_request *q, struct command *out,
                  enum failed *failed, bool *refused_level, struct err *err)
{
    for (int i = 0; i < 2; i++) {
        struct remote r = { 0 };
        bool ok = false;

        *failed = FAILED_AFTER;
        ok = remote_open(&r, q, err);
        if (ok) {
            *refused_level = !accept_level(&r); /* this one's, whatever another had */
            ok = !*refused_level && hand_over(&r, out, failed, err);
        }
        remote_close(&r);
        if (ok || *refused_level || *failed != FAILED_BEFORE)
            return ok;
    }
    return false;
}

uint32_t remote_run(const struct remote_request *request)
{
    struct command command = { 0 };
    enum failed failed = FAILED_BEFORE;
    bool refused_level = false;
    struct err err = { 0 };

    control.came = CreateEventW(NULL, FALSE, FALSE, NULL);
    SetConsoleCtrlHandler(on_control, TRUE);
    if (start(request, &command, &failed, &refused_level, &err))
        return finish(request, &command);
    remote_console_end(&console);
    if (!refused_level)
        err_report(&err, u"start the command in the runner");
    return failed == FAILED_START ? EXIT_REFUSED : EXIT_RINGFENCE;
}
