/* SPDX-License-Identifier: MIT
 *
 * The command line of ringfence.exe: words, options as data, and the table of
 * subcommands.
 */
#pragma once

#include "context.h"

/* What is left of the command line, with room for the word being read. */
struct cli {
    struct u16s rest; /* verbatim */
    struct u16buf word;
};

/* Takes the next word; false at the end. */
bool cli_next(struct cli *cli);

enum cli_kind { CLI_FLAG, CLI_VALUE };

/* One option.  set gets the value (empty for a flag) and returns NULL, or what is wrong
 * with it. */
struct cli_option {
    const char16_t *name; /* "--level" */
    enum cli_kind kind;
    const char *(*set)(void *ctx, struct u16s value);
};

enum cli_end {
    CLI_END,  /* no more words */
    CLI_WORD, /* stopped at a word that is no option; it is in cli->word */
    CLI_BAD   /* a line has been printed */
};

/* Reads options ("--name value" and "--name=value") up to "--", which it takes, or the
 * first other word, which begins with no "-". */
enum cli_end cli_options(struct cli *cli, const struct cli_option *options, size_t count,
                         void *ctx);

/* The command whose help complaints point to; static text.  None before: all of it. */
void cli_name(const char16_t *command);

/* "ringfence: TEXT: WORD" and where help is; returns EXIT_RINGFENCE. */
uint32_t cli_complain(const char *text, struct u16s word);

/* The subcommands.  Each returns an exit code. */
uint32_t cmd_run(struct cli *cli);
uint32_t cmd_status(struct cli *cli);
uint32_t cmd_doctor(struct cli *cli);
uint32_t cmd_log(struct cli *cli);
uint32_t cmd_prepare(struct cli *cli);
uint32_t cmd_shim(struct cli *cli);
uint32_t cmd_policy(struct cli *cli);
uint32_t cmd_explain(struct cli *cli);
uint32_t cmd_grant(struct cli *cli);
uint32_t cmd_clean(struct cli *cli);
uint32_t cmd_setup(struct cli *cli);
uint32_t cmd_verify(struct cli *cli);
uint32_t cmd_verify_act(struct cli *cli);
uint32_t cmd_dead_port(struct cli *cli);
uint32_t cmd_run_remote(struct cli *cli);
uint32_t cmd_new(struct cli *cli);

/* A closed loopback port for proxies to point to: 9, unless something listens there. */
uint16_t cmd_choose_dead_port(void);
