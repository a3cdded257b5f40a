#include "runner/runner.h"

/* One connection. */
struct talk {
    struct pipe_end *end;
    struct pipe_frame got; /* its array has WIRE_PAYLOAD_MAX bytes */
    uint8_t reply[WIRE_SMALL_MAX];
    struct err err;
};

static bool receive(struct talk *t)
{
    return pipe_receive(t->end, RUNNER_FRAME_MS, &t->got, &t->err);
}

static bool reply(struct talk *t, size_t bytes)
{
    return pipe_send(t->end, RUNNER_FRAME_MS, t->reply, bytes, &t->err);
}

/* Hanging up takes back what the client has not read yet: it hangs up first, or says BYE.
 * MS: DisconnectNamedPipe, Remarks. */
static void await_end(struct talk *t)
{
    (void)receive(t);
}

static void refuse(struct talk *t)
{
    struct wire_error error;

    wire_error_of(&error, &t->err);
    if (reply(t, wire_error_write(&error, t->reply, sizeof t->reply)))
        await_end(t);
}

static void done(struct talk *t)
{
    if (reply(t, wire_empty_write(WIRE_DONE, t->reply, sizeof t->reply)))
        await_end(t);
}

/* From here on handles of the client's may be in our table that nobody will ever name:
 * a client that does not come to its START takes the runner with it.  What was started
 * before has its own handles elsewhere and does not notice. */
static void serve_offer(struct talk *t)
{
    struct runner_child child = { 0 };
    struct wire_start start;
    struct wire_started started;

    if (!receive(t) || t->got.kind != WIRE_START ||
        !wire_start_read(&start, t->got.at, t->got.bytes)) {
        SetEvent(runner.stop);
        return;
    }
    if (!runner_start(&start, &child, &started, &t->err)) {
        refuse(t);
        return;
    }
    if (reply(t, wire_started_write(&started, t->reply, sizeof t->reply)))
        await_end(t);
    runner_child_close(&child);
}

static void serve_signal(struct talk *t)
{
    struct wire_signal signal;

    if (!wire_signal_read(&signal, t->got.at, t->got.bytes))
        err_rule(&t->err, "the signal is none", NULL);
    else if (runner_signal(&signal, &t->err)) {
        done(t);
        return;
    }
    refuse(t);
}

static void serve_resize(struct talk *t)
{
    struct wire_resize resize;

    if (!wire_resize_read(&resize, t->got.at, t->got.bytes))
        err_rule(&t->err, "the size is none", NULL);
    else if (runner_console_resize(&resize, &t->err)) {
        done(t);
        return;
    }
    refuse(t);
}

static void serve_one(struct talk *t)
{
    struct wire_hello hello;

    runner_hello(&hello);
    if (!reply(t, wire_hello_write(&hello, t->reply, sizeof t->reply)))
        return;
    if (!receive(t) || !pipe_check_client(t->end, &runner.user, &t->err)) {
        refuse(t);
    } else if (t->got.kind == WIRE_OFFER) {
        serve_offer(t);
    } else if (t->got.kind == WIRE_SIGNAL) {
        serve_signal(t);
    } else if (t->got.kind == WIRE_RESIZE) {
        serve_resize(t);
    } else if (t->got.kind != WIRE_BYE) {
        err_rule(&t->err, "the frame is not one to be expected here", NULL);
        refuse(t);
    }
}

DWORD WINAPI runner_serve(void *ctx)
{
    struct talk t = { .end = ctx };
    enum pipe_accepted accepted = PIPE_STOPPED;

    t.got.cap = WIRE_PAYLOAD_MAX;
    t.got.at = HeapAlloc(GetProcessHeap(), 0, WIRE_PAYLOAD_MAX);
    if (!t.got.at)
        return ERROR_NOT_ENOUGH_MEMORY;
    while (WaitForSingleObject(runner.stop, 0) != WAIT_OBJECT_0 &&
           (accepted = pipe_accept(t.end, runner.stop, &t.err)) != PIPE_STOPPED) {
        runner.last_ms = (LONG)GetTickCount();
        if (accepted == PIPE_CLIENT)
            serve_one(&t);
        pipe_hang_up(t.end);
        runner.last_ms = (LONG)GetTickCount();
    }
    HeapFree(GetProcessHeap(), 0, t.got.at);
    return 0;
}
