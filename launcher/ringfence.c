/* SPDX-License-Identifier: MIT
 *
 * ringfence.exe: runs, shows and arranges what the shims do.  Runs with the user's
 * rights.
 */
#include "cli.h"
#include "core/cmdline.h"
#include "core/exitcode.h"
#include "win/out.h"

void entry(void);

static uint32_t cmd_help(struct cli *cli);
static uint32_t cmd_version(struct cli *cli);

/* A command may have several rows; the first has what runs it.  Those without a usage are
 * for programs of ours. */
static const struct command {
    const char16_t *name;
    uint32_t (*run)(struct cli *cli);
    const char16_t *usage, *about;
} commands[] = {
    { u"run", cmd_run,
      u" [--level L] [--require L] [--network on|off] [--root DIR]... -- CMD...",
      u"runs CMD, a tool or a whole script, as the shims would; nothing below the level "
      u"that is required; each --root is one more directory to write in; L is auto, "
      u"advisory, confined or enforced" },
    { u"status", cmd_status, u" [--json]",
      u"the level here and why, what may be written, reads, network, box, policy" },
    { u"doctor", cmd_doctor, u" [--json]",
      u"what is wrong with this machine, install or terminal, and what to type" },
    { u"log", cmd_log, u" [--json] [--since 30m|12h|7d|2026-11-20]",
      u"what was run, how strongly fenced, and what came of it" },
    { u"explain", cmd_explain, u" [--level L] [--json] read|write|delete|rename PATH",
      u"would it be allowed, and by what; L is advisory, standard, strict, confined or "
      u"enforced" },
    { u"verify", cmd_verify,
      u" [--level standard|strict|enforced] [--lowered] [--canary] [--row ID]... [--json]",
      u"tries to get out of the fence here, each act also without it; exit code 0 when all "
      u"is held but what is known to be open" },
    { u"verify", NULL, u" --list [--json]", u"the acts and their IDs" },
    { u"prepare", cmd_prepare, u" [--level L] [--root DIR]...",
      u"makes this workspace ready for a fence, as its first launch does; L as for run" },
    { u"grant", cmd_grant, u" [--dry-run] [--json] [DIR]",
      u"lets the fence write in the workspace, or in DIR" },
    { u"clean", cmd_clean, u" [--dry-run] [--json] [PATH | --all]",
      u"takes every entry of Ringfence's away again" },
    { u"setup", cmd_setup, u" --user [--background] [--undo] [--dry-run] [--json]",
      u"lets the strict fence read your profile, credential stores excepted" },
    { u"setup", NULL,
      u" [install | repair] [--plan] [--json] [--loopback none|all|PORT,...]",
      u"level enforced: accounts, firewall rules, network filters; needs an "
      u"administrator; --plan only shows" },
    { u"setup", NULL, u" status [--json]", u"looks at every step of that" },
    { u"setup", NULL, u" uninstall [--plan] [--json] [--keep-accounts]",
      u"takes all of it back and lists what is left" },
    { u"shim", cmd_shim, u" add NAME | list | remove NAME",
      u"the tools that have a shim" },
    { u"policy", cmd_policy, u" [--json]",
      u"what the policy file says for this directory" },
    { u"dead-port", cmd_dead_port, u"",
      u"the closed loopback port that proxy variables point to" },
    { u"version", cmd_version, u"", u"of this program" },
    { u"help", cmd_help, u" [COMMAND]", u"this, or what COMMAND takes" },
    { u"run-remote", cmd_run_remote, NULL, NULL }, /* for trying the runner out */
    { u"verify-act", cmd_verify_act, NULL, NULL }, /* verify's own children */
    { u"tell-new", cmd_new, NULL, NULL },          /* what runs say at their end */
    { u"move-new", cmd_new, NULL, NULL },
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static const struct command *find_command(struct u16s name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (u16s_eq(name, u16s_of(commands[i].name)))
            return &commands[i];
    return NULL;
}

/* Of one command, or of all that have a usage. */
static void print_help(DWORD where, const struct command *of)
{
    if (!of)
        out_line(where, u"ringfence: keeps builds and agents inside the workspace");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *c = &commands[i];

        if (!c->usage || (of && !u16s_eq(u16s_of(of->name), u16s_of(c->name))))
            continue;
        out_line(where, u"  ringfence ", c->name, c->usage);
        out_line(where, u"      ", c->about);
    }
    if (!of || of->run == cmd_run)
        out_line(where, u"Exit codes: the tool's own, else 125 Ringfence failed, 126 "
                        u"refused, 127 not found.");
}

/* As the world's programs have it, and Windows' own. */
static bool is_help(struct u16s word)
{
    return u16s_eq(word, U16S("--help")) || u16s_eq(word, U16S("-h")) ||
           u16s_eq(word, U16S("-?")) || u16s_eq(word, U16S("/?"));
}

static uint32_t cmd_help(struct cli *cli)
{
    const struct command *of = NULL;

    if (cli_next(cli)) {
        of = find_command(u16buf_text(&cli->word));
        cli_name(u"");
        if (!of || !of->usage)
            return cli_complain("unknown command", u16buf_text(&cli->word));
    }
    print_help(OUT_STDOUT, of);
    return EXIT_OK;
}

static uint32_t cmd_version(struct cli *cli)
{
    if (cli_next(cli))
        return cli_complain("version takes no words", u16buf_text(&cli->word));
    out_line(OUT_STDOUT, u"ringfence " RINGFENCE_VERSION_16);
    return EXIT_OK;
}

static uint32_t run(void)
{
    static char16_t text[CMDLINE_MAX + 1];
    struct cli cli = { .rest = cmdline_tail(u16s_of(GetCommandLineW())),
                       .word = U16BUF(text) };
    const struct command *command = NULL;
    struct u16s first, rest;

    if (!cli_next(&cli))
        return print_help(OUT_STDERR, NULL), EXIT_RINGFENCE;
    first = u16buf_text(&cli.word);
    if (is_help(first))
        return print_help(OUT_STDOUT, NULL), EXIT_OK;
    if (u16s_eq(first, U16S("--version")))
        return cmd_version(&cli);
    command = find_command(first);
    if (!command)
        return cli_complain("unknown command", first);
    cli_name(command->name);
    rest = cli.rest;
    if (command->usage && cli_next(&cli) && is_help(u16buf_text(&cli.word)))
        return print_help(OUT_STDOUT, command), EXIT_OK;
    cli.rest = rest;
    return command->run(&cli);
}

/* The stack is as the loader leaves it: x86 code with vector instructions needs it
 * aligned. */
__attribute__((force_align_arg_pointer)) void entry(void)
{
    ExitProcess(run());
}
