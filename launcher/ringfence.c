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

static const struct {
    const char16_t *name;
    uint32_t (*run)(struct cli *cli);
    const char16_t *usage;
} commands[] = {
    { u"run", cmd_run,
      u"run [--level L] [--require L] [--network on|off] [--root DIR]... -- CMD...   as "
      u"the shims would" },
    { u"run-remote", cmd_run_remote, NULL }, /* for trying the runner out */
    { u"status", cmd_status,
      u"status [--json]  the level here and why, network, workspace, box, policy" },
    { u"doctor", cmd_doctor,
      u"doctor [--json]  what is wrong with this machine, install or terminal, and what "
      u"to type" },
    { u"log", cmd_log,
      u"log [--json] [--since 30m|12h|7d|2026-11-20]   what was run, how strongly fenced, "
      u"and what came of it" },
    { u"explain", cmd_explain,
      u"explain [--level L] [--json] read|write|delete|rename PATH   would it be allowed, "
      u"and by what; L also standard or strict" },
    { u"grant", cmd_grant,
      u"grant [--dry-run] [--json] [DIR]   lets the fence write in the workspace, or in "
      u"DIR" },
    { u"clean", cmd_clean,
      u"clean [--dry-run] [--json] [PATH | --all]   takes every entry of ours away again" },
    { u"setup", cmd_setup,
      u"setup --user [--undo] [--dry-run] [--json] [--background]   lets the strict fence "
      u"read your profile, but for the credential stores" },
    { u"verify", cmd_verify,
      u"verify [--json] [--level standard|strict|enforced] [--list] [--canary] [--row ID]... "
      u"  what the fence stops here, tried" },
    { u"verify-act", cmd_verify_act, NULL }, /* verify's own children */
    { u"prepare", cmd_prepare,
      u"prepare [--root DIR]...   make this workspace ready for a fence, as the first "
      u"launch does" },
    { u"run-enforced", cmd_run_enforced, NULL }, /* what launches hand tools to */
    { u"tell-new", cmd_new, NULL },              /* what they have said at their end */
    { u"move-new", cmd_new, NULL },
    { u"shim", cmd_shim,
      u"shim add NAME | list | remove NAME   the tools that have a shim" },
    { u"policy", cmd_policy,
      u"policy [show]   what the policy file says for this directory" },
    { u"dead-port", cmd_dead_port,
      u"dead-port       the closed loopback port that proxy variables point to" },
    { u"version", cmd_version, u"version" },
    { u"help", cmd_help, u"help" },
};

static uint32_t cmd_help(struct cli *cli)
{
    (void)cli;
    out_line(OUT_STDOUT, u"ringfence: keeps builds and agents inside the workspace");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].usage)
            out_line(OUT_STDOUT, u"  ringfence ", commands[i].usage);
    out_line(OUT_STDOUT,
             u"  L is auto, advisory, confined or enforced. Exit codes: the tool's "
             u"own, else 125 Ringfence, 126 refused, 127 not found.");
    return EXIT_OK;
}

static uint32_t cmd_version(struct cli *cli)
{
    (void)cli;
    out_line(OUT_STDOUT, u"ringfence " RINGFENCE_VERSION_16);
    return EXIT_OK;
}

static uint32_t run(void)
{
    static char16_t text[CMDLINE_MAX + 1];
    struct cli cli = { .rest = cmdline_tail(u16s_of(GetCommandLineW())),
                       .word = U16BUF(text) };

    if (!cli_next(&cli))
        return cmd_help(&cli), EXIT_RINGFENCE;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct u16s word = u16buf_text(&cli.word);

        if (u16s_istarts(word, U16S("--")))
            word = u16s_from(word, 2); /* --help, --version */
        if (u16s_eq(word, u16s_of(commands[i].name)))
            return commands[i].run(&cli);
    }
    return cli_complain("unknown command", u16buf_text(&cli.word));
}

/* The stack is as the loader leaves it: x86 code with vector instructions needs it
 * aligned. */
__attribute__((force_align_arg_pointer)) void entry(void)
{
    ExitProcess(run());
}
