/* SPDX-License-Identifier: MIT
 *
 * ringfence verify-act ACT [PATH [OTHER [LOOK]]]: one act of the battery, done by a child
 * of `ringfence verify`.  Ends with the act's Win32 error, 0 when it was done.
 * ringfence verify-act --runner|--own-runner [--lowered] ROOT PROGRAM LINE: such a child
 * started by the runner of the sandbox account, or by one of our own account; ends with
 * its code.
 * Neither is for people.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "remote/enforced.h"
#include "verify/act_net.h"
#include "win/errtext.h"
#include "win/paths.h"

static struct act words;

static struct {
    struct context context;
    struct remote_request request;
    char16_t program[WIN_PATH_CAP], data[WIN_PATH_CAP], system[MAX_PATH + 1];
    char16_t block[ENVBLOCK_MAX + 2];
} through;

/* What the runner lacks is for verify to say, once: here it only starts the child. */
static bool fill(bool own, struct err *err)
{
    struct context *c = &through.context;
    struct remote_request *q = &through.request;
    UINT len = GetSystemDirectoryW(through.system, MAX_PATH);
    size_t units = 0;

    c->data = U16BUF(through.data);
    if (!context_begin(c, err) || !paths_data(&c->data, err) ||
        !envblock_write(&c->env, through.block,
                        sizeof through.block / sizeof through.block[0], &units, err))
        return false;
    q->run = context_run_sid();
    q->root_count = 1;
    q->allow_unproven = q->offline = true;
    q->environment = (struct u16s){ through.block, units };
    q->cwd = (struct u16s){ through.system, len };
    q->install = u16buf_text(&c->install);
    q->data = u16buf_text(&c->data);
    return own || enforced_request(c, false, q, err);
}

static uint32_t run_through(struct cli *cli, bool own)
{
    struct u16buf program = U16BUF(through.program);
    struct err err = { 0 };
    uint32_t code = EXIT_RINGFENCE;

    if (!cli_next(cli))
        return EXIT_RINGFENCE;
    through.request.lowered = u16s_is(u16buf_text(&cli->word), "--lowered");
    if ((through.request.lowered && !cli_next(cli)) ||
        !sid_parse(&through.request.root[0], u16buf_text(&cli->word)) || !cli_next(cli))
        return EXIT_RINGFENCE;
    u16buf_add(&program, u16buf_text(&cli->word));
    through.request.program = u16buf_text(&program);
    through.request.line =
        u16s_from(cli->rest, 1); /* the one blank that verify put there */
    if (fill(own, &err))
        code = remote_run(&through.request);
    else
        err_report(&err, u"start the act in the runner");
    return code;
}

static bool take_path(struct cli *cli, char16_t *to)
{
    struct u16buf b = u16buf_init(to, WIN_PATH_CAP);

    if (cli_next(cli))
        u16buf_add(&b, u16buf_text(&cli->word));
    return !b.cut;
}

uint32_t cmd_verify_act(struct cli *cli)
{
    enum battery_act act = BATTERY_START;

    if (!cli_next(cli))
        return ERROR_INVALID_PARAMETER;
    if (u16s_is(u16buf_text(&cli->word), "--runner") ||
        u16s_is(u16buf_text(&cli->word), "--own-runner"))
        return run_through(cli, u16s_is(u16buf_text(&cli->word), "--own-runner"));
    if (!battery_act_read(u16buf_text(&cli->word), &act) || !take_path(cli, words.path) ||
        !take_path(cli, words.other) || !take_path(cli, words.look))
        return ERROR_INVALID_PARAMETER;
    if (act >= BATTERY_FIRST_NET)
        return act_on_net(act, &words);
    return act >= BATTERY_FIRST_OTHER ? act_on_other(act, &words)
                                      : act_on_file(act, &words);
}
