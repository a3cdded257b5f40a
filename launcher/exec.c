#include "exec.h"

#include "confine.h"
#include "core/envrules.h"
#include "core/exitcode.h"
#include "core/hint.h"
#include "enforced_call.h"
#include "report.h"
#include "target.h"
#include "win/console.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/job.h"
#include "win/out.h"
#include "win/process.h"
#include "win/token.h"

#define DEPTH_MAX 50u /* shims below shims; more is a loop through something else */

static struct {
    struct context context;
    struct target target;
    char16_t block[ENVBLOCK_MAX + 2];
    char16_t *environment; /* the block, or NULL for our own */
    size_t units;          /* of the block, all terminators */
    char16_t doing[256];
    bool fenced; /* the tool was started, under a fence */
} exec;

/* Inside a fence, or asked to stay out of the way: find the tool and start it. */
static bool is_through(const struct context *c)
{
    return c->inside || c->bypass;
}

/* "start git", for messages. */
static const char16_t *doing(const char16_t *verb, struct u16s tool)
{
    struct u16buf b = U16BUF(exec.doing);

    u16buf_addz(&b, verb);
    u16buf_addc(&b, u' ');
    u16buf_add(&b, u16s_head(tool, 200));
    return exec.doing;
}

/* Says that the tool was not started and why; returns the code to end with. */
static uint32_t failed(const struct err *err, struct u16s tool, uint32_t code)
{
    err_report(err, doing(u"start", tool));
    return code;
}

static const char16_t *next_depth(const struct context *c)
{
    static char16_t text[8];
    struct u16buf b = U16BUF(text);

    u16buf_add_dec(&b, c->depth + 1);
    return text;
}

/* What a child needs to know of us: enough to agree with this launch, and no more. */
static void add_own_variables(struct context *c)
{
    envblock_set(&c->env, U16S("RINGFENCE_DEPTH"), u16s_of(next_depth(c)));
    envblock_set(&c->env, U16S("RINGFENCE_ROOT"), u16buf_text(&c->root));
    envblock_set(&c->env, U16S("RINGFENCE_NETWORK"),
                 c->network_on ? U16S("on") : U16S("off"));
    envblock_set(&c->env, U16S("RINGFENCE_TOLD"), U16S("1"));
    /* activate's way back: of no use below, and it doubles a long PATH. */
    envblock_unset(&c->env, U16S("RINGFENCE_OLD_PATH"));
    envblock_unset(&c->env, U16S("RINGFENCE_OLD_PROMPT"));
}

/* The install, if what its loaders' rows name is there: Node does not start without. */
static struct u16s loaders_install(const struct context *c)
{
    struct u16buf b = U16BUF(exec.block);

    u16buf_add(&b, u16buf_text(&c->install));
    u16buf_add_ascii(&b, "\\objects\\objects.js");
    return file_kind(exec.block) == FILE_IS_FILE ? u16buf_text(&c->install)
                                                 : (struct u16s){ NULL, 0 };
}

/* Passing through leaves the environment alone, whatever its size, but for the count. */
static bool build_environment(struct context *c, struct err *err)
{
    struct envrules_input in = {
        .offline = !c->network_on,
        .fenced = c->verdict.level != LEVEL_ADVISORY,
        .dead_port = c->dead_port,
        .denybin = u16buf_text(&c->denybin),
        .shims = u16buf_text(&c->shims),
        .temp = u16buf_text(&c->temp),
        .cache = u16buf_text(&c->cache),
        .keep = c->policy.keep,
    };

    if (is_through(c)) {
        exec.environment = NULL;
        return SetEnvironmentVariableW(u"RINGFENCE_DEPTH", next_depth(c)) ||
               err_win32(err, "SetEnvironmentVariableW", u"RINGFENCE_DEPTH");
    }
    if (in.fenced)
        in.install = loaders_install(c);
    envrules_apply(&c->env, &in);
    add_own_variables(c);
    exec.environment = exec.block;
    return envblock_write(&c->env, exec.block, sizeof exec.block / sizeof exec.block[0],
                          &exec.units, err);
}

/* After a failure that the missing network may explain: one line with the remedy. */
static void hint(const struct exec_request *request, uint32_t code)
{
    const struct context *c = &exec.context;
    struct u16s tail = u16s_trim(request->tail);
    char16_t text[1024];
    struct u16buf b = U16BUF(text);

    if (!hint_follows(request->tool, request->tail, code))
        return;
    u16buf_add_ascii(&b, "ringfence: the network is off in ");
    u16buf_add(&b, u16s_head(u16buf_text(&c->root), 300));
    u16buf_add_ascii(&b, ". Allow once: ringfence run --network on -- ");
    u16buf_add(&b, u16s_head(request->tool, 64));
    u16buf_add_ascii(&b, tail.len ? " " : "");
    u16buf_add(&b, u16s_head(tail, 300));
    out_line(OUT_STDERR, text);
}

/* What level confined asks for: a child under a token gets the token's defaults and
 * descriptors of its own, or it could not open itself. */
static bool dress(const struct context *c, struct process_start *start, struct err *err)
{
    static struct token_security security, own;
    struct sid user;

    if (!token_user_sid(&user, err))
        return false;
    token_child_security(&user, &c->run, &security);
    if (!token_set_default_dacl(c->token, &security, err))
        return false;
    start->token = c->token;
    start->security = &security.attributes;
    token_own_security(&user, &c->run, &own);
    start->token_security = own.bytes;
    return true;
}

/* The tool as a child of ours.  False: it was not started, and *code says so. */
static bool run_child(const struct exec_request *request, struct process_start *start,
                      bool keep_stderr, uint32_t *code, struct err *err)
{
    const struct context *c = &exec.context;
    auto_handle HANDLE process = NULL;

    if ((c->verdict.run_as != LEVEL_ADVISORY && !dress(c, start, err)) ||
        !process_start(start, &process, err)) {
        *code = failed(err, request->tool, EXIT_REFUSED);
        return false;
    }
    process_drop_handles(keep_stderr);
    if (!process_wait(process, code, err))
        err_report(err, doing(u"wait for", request->tool));
    return true;
}

/* The tool through the runner, which is asked from within this process. */
static bool run_enforced(const struct exec_request *request,
                         const struct process_start *start, uint32_t *code,
                         struct err *err)
{
    if (enforced_call(&exec.context, &request->wish, start, exec.units, code, err))
        return true;
    *code = failed(err, request->tool, EXIT_RINGFENCE);
    return false;
}

static uint32_t start_and_wait(const struct exec_request *request, struct err *err)
{
    struct context *c = &exec.context;
    struct process_start start = {
        .program = exec.target.program.at,
        .command_line = exec.target.line.at,
        .environment = exec.environment,
    };
    bool may_hint = !is_through(c) && !c->network_on && !exec.target.is_stub &&
                    hint_may_follow(request->tool);
    bool fenced = c->verdict.run_as != LEVEL_ADVISORY;
    bool ran = false;
    HANDLE job = NULL;
    uint32_t code = EXIT_RINGFENCE;

    /* Before the child exists: it is born in the job, and its signals are its own.  Where
     * jobs do not nest, the outer job stands in.  Nothing leaves a fence's job: this one
     * if confined, at enforced the runner's, which the tool is in; from this one there
     * the runner must be free to go, for it serves others after us. */
    if (!job_enclose(c->verdict.run_as != LEVEL_CONFINED, &job, err) &&
        context_flag(c, "RINGFENCE_TRACE"))
        err_report(err, u"make a job");
    console_leave_signals_to_child();
    if (fenced)
        confine_look_before(c);
    ran = c->verdict.run_as == LEVEL_ENFORCED
              ? run_enforced(request, &start, &code, err)
              : run_child(request, &start, may_hint || fenced, &code, err);
    exec.fenced = fenced && ran;
    job_release(job);
    if (fenced)
        confine_look_after(c);
    if (may_hint && ran && code != 0)
        hint(request, code);
    return code;
}

static uint32_t not_found(const struct exec_request *request)
{
    report_not_found(request->tool, &exec.target.seen, context_var(&exec.context, "PATH"),
                     request->current_first);
    return EXIT_NOT_FOUND;
}

/* Everything between the context and the start.  0 to go on, else the exit code. */
static uint32_t prepare(const struct exec_request *request, struct err *err)
{
    struct context *c = &exec.context;
    bool through = is_through(c);
    struct target_request wanted = {
        .tool = request->tool,
        .tail = request->tail,
        .current_first = request->current_first,
        .may_deny = !through && !c->network_on,
    };

    switch (target_find(c, &wanted, &exec.target, err)) {
    case TARGET_NOT_FOUND:
        return not_found(request);
    case TARGET_REFUSED:
        return failed(err, request->tool, EXIT_REFUSED);
    case TARGET_FOUND:
        break;
    }
    if (!through &&
        !confine_admit(c, &request->wish, u16buf_text(&exec.target.program), err))
        return failed(err, request->tool, EXIT_REFUSED);
    if (!build_environment(c, err))
        return failed(err, request->tool, EXIT_RINGFENCE);
    return 0;
}

static bool complete(const struct exec_request *request, struct err *err)
{
    struct context *c = &exec.context;

    if (is_through(c))
        return true;
    if (!context_complete(c, &request->wish, err)) {
        report_context_failure(c, err);
        return false;
    }
    if (!c->verdict.refused)
        return true;
    report_refused_level(c);
    return false;
}

uint32_t exec_run(const struct exec_request *request)
{
    struct context *c = &exec.context;
    struct err err = { 0 };
    uint32_t code = 0;

    if (!context_begin(c, &err))
        return failed(&err, request->tool, EXIT_RINGFENCE);
    if (c->depth >= DEPTH_MAX) {
        err_rule(&err, "PATH leads back to this shim, 50 times over",
                 context_var(c, "PATH").at);
        return failed(&err, request->tool, EXIT_REFUSED);
    }
    if (!complete(request, &err))
        return EXIT_RINGFENCE;
    code = prepare(request, &err);
    if (code)
        return code;
    if (context_flag(c, "RINGFENCE_DRYRUN")) {
        report_launch(OUT_STDOUT, c, &exec.target, exec.environment);
        return EXIT_OK;
    }
    if (!is_through(c)) {
        if (!context_find_box(c, &err)) {
            err_report(&err, u"make the box");
            return EXIT_RINGFENCE;
        }
        context_tell_once(c);
    }
    if (context_flag(c, "RINGFENCE_TRACE"))
        report_launch(OUT_STDERR, c, &exec.target, exec.environment);
    return start_and_wait(request, &err);
}

const struct context *exec_context(void)
{
    return exec.context.root.len ? &exec.context : NULL;
}

const struct context *exec_fenced(void)
{
    return exec.fenced ? &exec.context : NULL;
}
