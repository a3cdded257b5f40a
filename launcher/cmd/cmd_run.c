/* SPDX-License-Identifier: MIT
 *
 * ringfence run: one command, script or tool, with everything below it, under the rules.
 */
#include "cli.h"
#include "core/cmdline.h"
#include "core/exitcode.h"
#include "exec.h"
#include "grant/appeared.h"
#include "logbook.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"

#define ROOTS_TEXT_CAP WIN_PATH_CAP
#define LOOK_MS        10000u /* a tree larger than can be looked through in it is told */

struct wanted {
    struct exec_request request;
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

/* The full path now: the current directory is the caller's only until the tool runs. */
static const char *set_root(void *ctx, struct u16s value)
{
    static char16_t given[WIN_PATH_CAP], full[ROOTS_TEXT_CAP];
    static size_t used;
    struct context_wish *wish = &((struct wanted *)ctx)->request.wish;
    struct u16buf path = U16BUF(given);
    struct u16buf to = u16buf_init(full + used, ROOTS_TEXT_CAP - used);
    struct err err;

    u16buf_add(&path, value);
    if (wish->root_count == POLICY_ROOTS_MAX)
        return "more than 16 roots";
    if (path.cut || file_kind(given) != FILE_IS_DIRECTORY)
        return "--root is not a directory";
    if (!file_full_path(given, &to, &err))
        return "the roots are too long together";
    used += to.len + 1;
    wish->root[wish->root_count++] = u16buf_text(&to);
    return NULL;
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

/* What was handed to the runner is noted there. */
static void note(const struct exec_request *request, uint32_t code)
{
    const struct context *c = exec_context();

    if (c && !(exec_fenced() && c->verdict.run_as == LEVEL_ENFORCED) &&
        !context_flag(c, "RINGFENCE_DRYRUN"))
        logbook_note(c, c->verdict.unproven, request->tool, request->tail, code);
}

/* The program that runs a script of this kind, or a command that is cmd.exe's own; NULL
 * if it is neither. */
static const char *runner_of(struct u16s tool)
{
    static const struct {
        const char16_t *end;
        const char *by;
    } scripts[] = { { u".ps1", "powershell -File" },
                    { u".py", "python" },
                    { u".js", "node" },
                    { u".sh", "sh" } };
    static const char16_t *const builtins[] = { u"cd",   u"copy",  u"del",    u"dir",
                                                u"echo", u"md",    u"mkdir",  u"mklink",
                                                u"move", u"rd",    u"rename", u"rmdir",
                                                u"set",  u"start", u"type",   u"ver" };

    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (u16s_iends(tool, u16s_of(scripts[i].end)))
            return scripts[i].by;
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (u16s_ieq(tool, u16s_of(builtins[i])))
            return "cmd /c";
    return NULL;
}

/* Behind "cannot find": nothing else was started. */
static void hint(const struct exec_request *request)
{
    const char *by = runner_of(request->tool);
    char16_t line[1024];
    struct u16buf b = U16BUF(line);

    if (!by)
        return;
    u16buf_add_ascii(&b, by);
    cmdline_add(&b, request->tool);
    if (request->tail.len)
        u16buf_addc(&b, u' ');
    u16buf_add(&b, u16s_trim(request->tail));
    if (!b.cut)
        out_line(OUT_STDERR, u"  fix: ringfence run -- ", line);
}

/* Of a tool in a fence that the loader gave up on, which prints nothing.  MS: NTSTATUS
 * Values. */
static void explain_code(const struct exec_request *request, uint32_t code)
{
    static const struct {
        uint32_t code;
        const char *text;
    } rows[] = {
        { 0xC0000022, "0xC0000022: it, or a DLL of it, may not be read" },
        { 0xC0000135, "0xC0000135: a DLL of it was not found, or may not be read" },
        { 0xC0000142, "0xC0000142: a DLL of it could not start" },
    };
    char16_t tool[256], text[80];
    struct u16buf t = U16BUF(tool), b = U16BUF(text);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            u16buf_add_ascii(&b, rows[i].text);
    if (!b.len)
        return;
    u16buf_add(&t, u16s_head(request->tool, 250));
    out_line(OUT_STDERR, u"ringfence: ", tool, u" ended with ", text);
    out_line(OUT_STDERR,
             u"  fix: ringfence doctor; without the fence: ringfence run "
             u"--level advisory -- ",
             tool);
}

uint32_t cmd_run(struct cli *cli)
{
    static struct wanted wanted;
    char16_t text[8];
    struct u16buf port = U16BUF(text);
    uint32_t code = EXIT_RINGFENCE;

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
    code = exec_run(&wanted.request);
    if (code == EXIT_NOT_FOUND)
        hint(&wanted.request);
    note(&wanted.request, code);
    if (exec_fenced()) {
        explain_code(&wanted.request, code);
        appeared_look(exec_fenced(), LOOK_MS);
    }
    return code;
}
