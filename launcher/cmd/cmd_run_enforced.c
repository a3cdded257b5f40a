/* SPDX-License-Identifier: MIT
 *
 * ringfence run-enforced: what a launch at level enforced hands its tool to.  The tool is
 * found already and its environment is ours; here it only goes through the runner.
 */
#include "cli.h"
#include "confine.h"
#include "core/cmdline.h"
#include "core/exitcode.h"
#include "remote/enforced.h"
#include "logbook.h"
#include "report.h"
#include "win/errtext.h"

static struct {
    struct context context;
    struct context_wish wish;
    struct remote_request request;
    char16_t program[WIN_PATH_CAP], roots[2 * WIN_PATH_CAP], record[WIN_PATH_CAP];
    size_t roots_used;
    char16_t block[ENVBLOCK_MAX + 2];
} run;

static const char *set_root(void *ctx, struct u16s value)
{
    struct u16buf b = u16buf_init(run.roots + run.roots_used,
                                  sizeof run.roots / sizeof(char16_t) - run.roots_used);

    (void)ctx;
    u16buf_add(&b, value);
    if (b.cut || run.wish.root_count == POLICY_ROOTS_MAX)
        return "too many roots, or too long";
    run.roots_used += b.len + 1;
    run.wish.root[run.wish.root_count++] = u16buf_text(&b);
    return NULL;
}

static const char *set_network(void *ctx, struct u16s value)
{
    (void)ctx;
    run.wish.has_network = true;
    run.wish.network_on = u16s_is(value, "on");
    return NULL;
}

static const char *set_allow_unproven(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    run.request.allow_unproven = true;
    return NULL;
}

static const struct cli_option options[] = {
    { u"--root", CLI_VALUE, set_root },
    { u"--network", CLI_VALUE, set_network },
    { u"--allow-unproven", CLI_FLAG, set_allow_unproven },
};

/* Under whom.  An unproven launch without accounts runs under our own, which proves
 * nothing and is said to. */
static bool choose_account(struct context *c, struct err *err)
{
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

static bool fill(struct context *c, struct err *err)
{
    struct remote_request *q = &run.request;
    size_t units = 0;

    q->run = context_run_sid();
    q->lowered = c->policy.lowered;
    for (size_t i = 0; i < c->root_count; i++)
        if (i == 0 || c->root_list[i].usable)
            q->root[q->root_count++] = sid_ours(c->root_list[i].digest);
    if (!envblock_write(&c->env, run.block, sizeof run.block / sizeof run.block[0],
                        &units, err))
        return false;
    q->environment = (struct u16s){ run.block, units };
    q->cwd = u16buf_text(&c->cwd);
    return choose_account(c, err);
}

/* What was written down of the runner is not so: the next launch has it looked at anew.
 */
static void forget(const struct context *c)
{
    struct u16buf path = U16BUF(run.record);

    confine_record_path(c, c->root_hash, &path);
    if (!path.cut)
        DeleteFileW(path.at);
}

/* The launch, once it is known what and where.  Returns the exit code. */
static uint32_t launch(struct context *c)
{
    struct err err = { 0 };
    uint32_t code = EXIT_RINGFENCE;

    if (c->network_on && !enforced_allow_network(c, run.request.line))
        return cli_complain("the network was not allowed", (struct u16s){ 0 });
    if (fill(c, &err))
        code = remote_run(&run.request);
    else
        err_report(&err, u"start the command in the runner");
    if (code == EXIT_RINGFENCE)
        forget(c);
    return code;
}

uint32_t cmd_run_enforced(struct cli *cli)
{
    struct context *c = &run.context;
    struct u16buf program = U16BUF(run.program);
    struct err err = { 0 };
    uint32_t code = EXIT_RINGFENCE;

    if (cli_options(cli, options, sizeof options / sizeof options[0], NULL) != CLI_WORD)
        return cli_complain("run-enforced is for launches", (struct u16s){ 0 });
    u16buf_add(&program, u16buf_text(&cli->word));
    run.request.program = u16buf_text(&program);
    run.request.line = u16s_from(cli->rest, 1); /* the one blank that we put there */
    run.wish.look_only = true;
    if (!context_begin(c, &err) || !context_complete(c, &run.wish, &err)) {
        report_context_failure(c, &err);
        return EXIT_RINGFENCE;
    }
    code = launch(c);
    logbook_note(c, run.request.allow_unproven, run.request.program,
                 cmdline_tail(run.request.line), code);
    return code;
}
