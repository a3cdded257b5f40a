#include "core/exitcode.h"
#include "runner/netproof.h"
#include "runner/runner.h"

#define REFUSAL_MS     500u /* for a filter's answer; no answer is no refusal */
#define OWN_REFUSAL_MS 50u
#define CHILD_MS       15000u /* to come up, and for its bursts */

static struct {
    CRITICAL_SECTION lock; /* of this and of what it fills in runner.hello */
    struct netcheck_verdict verdict;
    bool route[NETCHECK_FAMILIES]; /* when it was looked at */
} seen;

/* Exactly so many bytes within ms. */
static bool read_all(struct pipe_end *from, void *at, DWORD bytes, DWORD ms)
{
    OVERLAPPED io = { .hEvent = from->event };
    DWORD count = 0;

    if (!ReadFile(from->pipe, at, bytes, NULL, &io) && GetLastError() != ERROR_IO_PENDING)
        return false;
    if (WaitForSingleObject(from->event, ms) != WAIT_OBJECT_0)
        CancelIo(from->pipe);
    return GetOverlappedResult(from->pipe, &io, &count, TRUE) && count == bytes;
}

static void write_line(DWORD ms, char16_t line[64])
{
    struct u16buf b = u16buf_init(line, 64);

    u16buf_addz(&b, u"ringfence-runner --prove-net ");
    u16buf_add_dec(&b, ms);
}

/* What a child finds that is started as any command is: what a filter or a cap does to
 * this process says nothing of one in a job. */
static bool ask_child(DWORD ms, struct netcheck *n)
{
    char16_t line[64], *block = GetEnvironmentStringsW();
    struct runner_child child = { 0 };
    struct wire_started started;
    struct wire_start start = { .flags = WIRE_START_UNPROVEN | WIRE_START_OFFLINE |
                                         WIRE_START_DETACHED,
                                .program = u16s_of(runner.path),
                                .cwd = u16s_of(runner.system),
                                .environment = { block, 0 } };
    struct pipe_end from = { 0 };
    HANDLE to = NULL;
    struct err unused;
    bool ok = false;

    if (!block || !pipe_pair(&from, &to, &unused))
        return false;
    write_line(ms, line);
    start.line = u16s_of(line);
    start.handle[1] = (uint64_t)(uintptr_t)to; /* its own to close */
    ok = runner_start(&start, &child, &started, &unused) &&
         read_all(&from, n, sizeof *n, ms + CHILD_MS);
    if (ok)
        n->cap_shown = started.got & WIRE_GOT_NET_CAP;
    runner_child_close(&child);
    pipe_close(&from);
    return ok;
}

uint32_t runner_prove_main(uint32_t ms)
{
    static struct netcheck n;
    enum netcheck_kind kind = NETCHECK_TCP4;
    enum netcheck_way way = NETCHECK_OWN;
    DWORD done = 0;

    netproof_run(NETPROOF_ALL, ms, &n);
    netproof_loopback(n.loopback);
    netproof_to_self(&n.to_self);
    if (netcheck_needs_burst(&n, &kind, &way))
        netproof_burst(kind, way, &n.capped);
    return WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &n, sizeof n, &done, NULL) &&
                   done == sizeof n
               ? EXIT_OK
               : EXIT_RINGFENCE;
}

/* Where the account is the user's own there is no filter to prove, but what gets out is
 * named all the same. */
static void look(void)
{
    static struct netcheck n;
    enum netcheck_kind kind = NETCHECK_TCP4;
    enum netcheck_way way = NETCHECK_OWN;
    struct netcheck_verdict *v = &seen.verdict;

    n = (struct netcheck){ .cap_shown = false };
    for (unsigned i = 0; i < NETCHECK_FAMILIES; i++)
        seen.route[i] = netproof_has_route(i);
    if (!ask_child(runner.hello.seen & WIRE_SEEN_ACCOUNT ? REFUSAL_MS : OWN_REFUSAL_MS,
                   &n))
        n = (struct netcheck){ .cap_shown = false };
    if (netcheck_needs_burst(&n, &kind, &way))
        netproof_burst(kind, way, &n.uncapped);
    netcheck_judge(&n, v);
    runner.cap_hurts = runner.cap_hurts || netcheck_cap_hurts(&n);
    runner.hello.net_tried = v->tried;
    runner.hello.net_out = v->out;
    runner.hello.net_held = v->held;
    runner.hello.seen &= ~WIRE_SEEN_BLOCKED;
    if (v->blocked)
        runner.hello.seen |= WIRE_SEEN_BLOCKED;
}

void runner_look_at_network(void)
{
    InitializeCriticalSection(&seen.lock);
    look();
}

/* What was said of a family without a route holds only as long as it has none. */
static bool is_outdated(void)
{
    for (unsigned i = 0; i < NETCHECK_FAMILIES; i++)
        if (seen.verdict.state[i] != NETCHECK_SHUT &&
            seen.verdict.state[i] != NETCHECK_OPEN &&
            netproof_has_route(i) != seen.route[i])
            return true;
    return false;
}

void runner_hello(struct wire_hello *hello)
{
    EnterCriticalSection(&seen.lock);
    if (is_outdated())
        look();
    *hello = runner.hello;
    LeaveCriticalSection(&seen.lock);
}
