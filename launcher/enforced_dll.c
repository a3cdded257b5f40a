/* SPDX-License-Identifier: MIT
 *
 * ringfence-enforced.dll: what a launch at level enforced hands its tool to.  The tool is
 * found already and its environment is ours; here it only goes through the runner.  Runs
 * in the launching program, with the user's rights, and keeps nothing of it.
 */
#include "confine.h"
#include "core/cmdline.h"
#include "core/exitcode.h"
#include "enforced_call.h"
#include "logbook.h"
#include "remote/enforced.h"
#include "win/errtext.h"
#include "win/out.h"

BOOL WINAPI entry(HINSTANCE self, DWORD reason, void *reserved);
__declspec(dllexport) const char16_t *WINAPI ringfence_enforced(struct enforced_call *);

static struct {
    struct context context;
    struct context_wish wish;
    struct remote_request request;
    char16_t record[WIN_PATH_CAP];
} run;

/* The caller's text, for reading. */
static struct u16buf lent(struct u16s text)
{
    return (struct u16buf){ (char16_t *)text.at, text.len, text.len + 1, false };
}

static bool is_ours(const struct enforced_call *call)
{
    return call->bytes == sizeof *call && call->root_bytes == sizeof *call->root &&
           u16s_is(u16s_of(call->version), RINGFENCE_VERSION) && call->root_count &&
           call->root_count <= FENCE_ROOTS_MAX &&
           call->wish_root_count <= POLICY_ROOTS_MAX;
}

/* As much of the launch's context as is looked at here. */
static void take_context(const struct enforced_call *call)
{
    struct context *c = &run.context;

    c->install = lent(call->install);
    c->data = lent(call->data);
    c->cwd = lent(call->cwd);
    c->root = lent(call->root[0].path);
    c->network_on = call->flags & ENFORCED_NETWORK_ON;
    c->policy.network_on = call->flags & ENFORCED_NETWORK_BY_POLICY;
    c->policy.lowered = call->flags & ENFORCED_LOWERED;
    c->verdict.level = (enum level)call->level;
    c->verdict.unproven = call->flags & ENFORCED_UNPROVEN;
    c->root_count = call->root_count;
    for (size_t i = 0; i < call->root_count; i++)
        c->root_list[i] = call->root[i];
    for (size_t i = 0; i < call->wish_root_count; i++)
        run.wish.root[i] = call->wish_root[i];
    run.wish.root_count = call->wish_root_count;
    run.wish.look_only = true;
}

/* Under whom.  An unproven launch without accounts runs under our own, which proves
 * nothing and is said to. */
static bool choose_account(struct err *err)
{
    struct context *c = &run.context;
    struct remote_request *q = &run.request;

    if (enforced_request(c, c->network_on, q, err))
        return q->allow_unproven || enforced_give_roots(c, &run.wish, err);
    if (!q->allow_unproven)
        return false;
    q->account = (struct remote_account){ .name = NULL };
    q->install = u16buf_text(&c->install);
    q->data = u16buf_text(&c->data);
    q->offline = !c->network_on;
    return true;
}

static bool fill(const struct enforced_call *call, struct err *err)
{
    const struct context *c = &run.context;
    struct remote_request *q = &run.request;

    q->allow_unproven = c->verdict.unproven;
    q->lowered = c->policy.lowered;
    q->keep_stderr = true; /* whoever called looks at the workspace yet */
    q->run = context_run_sid();
    for (size_t i = 0; i < c->root_count; i++)
        if (i == 0 || c->root_list[i].usable)
            q->root[q->root_count++] = sid_ours(c->root_list[i].digest);
    q->program = call->program;
    q->line = call->line;
    q->environment = call->environment;
    q->cwd = call->cwd;
    return choose_account(err);
}

/* What was written down of the runner is not so: the next launch has it looked at anew.
 */
static void forget(void)
{
    struct u16buf path = U16BUF(run.record);

    confine_record_path(&run.context, run.context.root_list[0].digest, &path);
    if (!path.cut)
        DeleteFileW(path.at);
}

/* Returns the exit code. */
static uint32_t launch(const struct enforced_call *call)
{
    struct err err = { 0 };
    uint32_t code = EXIT_RINGFENCE;

    if (run.context.network_on && !enforced_allow_network(&run.context, call->line)) {
        out_say(OUT_STDERR, "ringfence: the network was not allowed");
        return EXIT_RINGFENCE;
    }
    if (fill(call, &err))
        code = remote_run(&run.request);
    else
        err_report(&err, u"start the command in the runner");
    if (code == EXIT_RINGFENCE)
        forget();
    return code;
}

/* The stack is as the caller's convention leaves it: see ringfence.c. */
__attribute__((force_align_arg_pointer)) const char16_t *WINAPI
ringfence_enforced(struct enforced_call *call)
{
    if (call && is_ours(call)) {
        call->ran = true;
        take_context(call);
        call->code = launch(call);
        logbook_note(&run.context, run.context.verdict.unproven, call->program,
                     cmdline_tail(call->line), call->code);
    }
    return u"" RINGFENCE_VERSION;
}

/* Nothing is done under the loader's lock. */
BOOL WINAPI entry(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self, (void)reason, (void)reserved;
    return TRUE;
}
