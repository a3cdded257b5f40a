/* SPDX-License-Identifier: MIT
 *
 * ringfence run: one command, script or tool, with everything below it, under the rules.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "exec.h"
#include "win/errtext.h"
#include "win/file.h"

#define ROOTS_MAX 16u

struct wanted {
    struct exec_request request;
    struct err err;
    size_t roots;
};

static const char *set_level(void *ctx, struct u16s value)
{
    struct context_wish *wish = &((struct wanted *)ctx)->request.wish;

    wish->has_want = level_parse_want(value, &wish->want);
    return wish->has_want ? NULL : "--level is auto, advisory, confined or enforced, not";
}

static const char *set_require(void *ctx, struct u16s value)
{
    struct context_wish *wish = &((struct wanted *)ctx)->request.wish;

    return level_parse(value, &wish->require)
               ? NULL
               : "--require is advisory, confined or enforced, not";
}

static const char *set_network(void *ctx, struct u16s value)
{
    struct context_wish *wish = &((struct wanted *)ctx)->request.wish;

    wish->has_network = true;
    wish->network_on = u16s_eq(value, U16S("on"));
    return wish->network_on || u16s_eq(value, U16S("off"))
               ? NULL
               : "--network is on or off, not";
}

static const char *set_root(void *ctx, struct u16s value)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf path = U16BUF(text);
    struct wanted *wanted = ctx;

    u16buf_add(&path, value);
    if (++wanted->roots > ROOTS_MAX)
        return "more than 16 roots";
    return !path.cut && file_kind(path.at) == FILE_IS_DIRECTORY
               ? NULL
               : "--root is not a directory";
}

static const char *set_allow_unproven(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wanted *)ctx)->request.wish.allow_unproven = true;
    return NULL;
}

static const struct cli_option options[] = {
    { u"--level", CLI_VALUE, set_level },
    { u"--require", CLI_VALUE, set_require },
    { u"--network", CLI_VALUE, set_network },
    { u"--root", CLI_VALUE, set_root },
    { u"--allow-unproven", CLI_FLAG, set_allow_unproven },
};

uint32_t cmd_run(struct cli *cli)
{
    static struct wanted wanted;
    char16_t text[8];
    struct u16buf port = U16BUF(text);

    switch (cli_options(cli, options, sizeof options / sizeof options[0], &wanted)) {
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_END:
        return cli_complain("run what? ringfence run [options] -- CMD",
                            (struct u16s){ 0 });
    case CLI_WORD:
        break;
    }
    u16buf_add_dec(&port, cmd_choose_dead_port());
    SetEnvironmentVariableW(u"RINGFENCE_DEAD_PORT", text);
    wanted.request.tool = u16buf_text(&cli->word);
    wanted.request.tail = cli->rest;
    wanted.request.current_first = true;
    return exec_run(&wanted.request);
}
