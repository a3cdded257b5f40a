/* SPDX-License-Identifier: MIT
 *
 * ringfence run-remote: one program through a runner of our own account.  Proves nothing;
 * for trying the runner out, with --allow-unproven.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/pathsearch.h"
#include "remote/remote.h"
#include "target.h"
#include "win/errtext.h"
#include "win/paths.h"

static struct {
    struct remote_request request;
    struct context context;
    struct target target;
    char16_t block[ENVBLOCK_MAX + 2];
    char16_t data[WIN_PATH_CAP], cwd[WIN_PATH_CAP];
} remote;

static const char *set_allow_unproven(void *ctx, struct u16s value)
{
    (void)ctx, (void)value;
    remote.request.allow_unproven = true;
    return NULL;
}

static const char *set_offline(void *ctx, struct u16s value)
{
    (void)ctx;
    remote.request.offline = u16s_eq(value, U16S("off"));
    return remote.request.offline || u16s_eq(value, U16S("on"))
               ? NULL
               : "--network is on or off, not";
}

static const char *set_idle(void *ctx, struct u16s value)
{
    uint64_t ms = 0;

    (void)ctx;
    if (!u16s_number(value, UINT32_MAX, &ms))
        return "--idle-ms is a number, not";
    remote.request.idle_ms = (uint32_t)ms;
    return NULL;
}

static const struct cli_option options[] = {
    { u"--allow-unproven", CLI_FLAG, set_allow_unproven },
    { u"--network", CLI_VALUE, set_offline },
    { u"--idle-ms", CLI_VALUE, set_idle },
};

static bool fill(struct err *err)
{
    struct u16buf data = U16BUF(remote.data), cwd = U16BUF(remote.cwd);
    struct remote_request *q = &remote.request;
    uint8_t digest[32];
    size_t units = 0;

    if (!paths_data(&data, err) || !paths_current(&cwd, err) ||
        !context_hash_path(cwd.at, digest, err) ||
        !envblock_write(&remote.context.env, remote.block,
                        sizeof remote.block / sizeof remote.block[0], &units, err))
        return false;
    q->install = u16buf_text(&remote.context.install);
    q->data = u16buf_text(&data);
    q->run = context_run_sid();
    q->root[0] = sid_ours(digest);
    q->root_count = 1;
    q->program = u16buf_text(&remote.target.program);
    q->line = u16buf_text(&remote.target.line);
    q->cwd = u16buf_text(&cwd);
    q->environment = (struct u16s){ remote.block, units };
    return true;
}

uint32_t cmd_run_remote(struct cli *cli)
{
    struct target_request wanted = { .current_first = true };
    struct err err = { 0 };

    switch (cli_options(cli, options, sizeof options / sizeof options[0], NULL)) {
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_END:
        return cli_complain("run what? ringfence run-remote [options] -- CMD",
                            (struct u16s){ 0 });
    case CLI_WORD:
        break;
    }
    wanted.tool = u16buf_text(&cli->word);
    wanted.tail = cli->rest;
    if (!context_begin(&remote.context, &err)) {
        err_report(&err, u"set the launch up");
        return EXIT_RINGFENCE;
    }
    switch (target_find(&remote.context, &wanted, &remote.target, &err)) {
    case TARGET_NOT_FOUND:
        return cli_complain("not found", wanted.tool), EXIT_NOT_FOUND;
    case TARGET_REFUSED:
        err_report(&err, u"start the command");
        return EXIT_REFUSED;
    case TARGET_FOUND:
        break;
    }
    if (!fill(&err)) {
        err_report(&err, u"set the launch up");
        return EXIT_RINGFENCE;
    }
    return remote_run(&remote.request);
}
