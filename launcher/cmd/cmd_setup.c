/* SPDX-License-Identifier: MIT
 *
 * ringfence setup --user: what the strict fence needs of the user, once; and ringfence
 * setup install, repair, status, uninstall, which need an administrator.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "grant/setup_user.h"
#include "setup_machine.h"
#include "win/errtext.h"
#include "win/out.h"
#include "win/paths.h"
#include "win/token.h"

#define LOOPBACK_CAP 128u

static const char16_t *const commands[] = { [SETUP_INSTALL] = u"install",
                                            [SETUP_REPAIR] = u"repair",
                                            [SETUP_STATUS] = u"status",
                                            [SETUP_UNINSTALL] = u"uninstall" };

struct wish {
    struct setup_user how;
    struct setup_machine machine;
    bool user;
    bool start; /* --background: by a process of its own */
    bool named; /* a command word was given */
    char16_t loopback[LOOPBACK_CAP];
};

static const char *set_user(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wish *)ctx)->user = true;
    return NULL;
}

static const char *set_undo(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wish *)ctx)->how.undo = true;
    return NULL;
}

static const char *set_dry_run(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wish *)ctx)->how.dry_run = true;
    return NULL;
}

static const char *set_json(void *ctx, struct u16s value)
{
    struct wish *wish = ctx;

    (void)value;
    wish->how.json = wish->machine.json = true;
    return NULL;
}

static const char *set_background(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wish *)ctx)->start = true;
    return NULL;
}

static const char *set_worker(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wish *)ctx)->how.background = true;
    return NULL;
}

static const char *set_plan(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wish *)ctx)->machine.plan = true;
    return NULL;
}

static const char *set_keep_accounts(void *ctx, struct u16s value)
{
    (void)value;
    ((struct wish *)ctx)->machine.keep_accounts = true;
    return NULL;
}

/* What it means ringfence-setup.exe knows; here it must not be more than one word. */
static const char *set_loopback(void *ctx, struct u16s value)
{
    struct wish *wish = ctx;
    struct u16buf b = U16BUF(wish->loopback);

    for (size_t i = 0; i < value.len; i++)
        if (!((value.at[i] >= u'0' && value.at[i] <= u'9') || value.at[i] == u',' ||
              (value.at[i] >= u'a' && value.at[i] <= u'z')))
            return "--loopback is none, all or ports as 80,443, not";
    u16buf_add(&b, value);
    wish->machine.loopback = u16buf_text(&b);
    return value.len && !b.cut ? NULL : "--loopback is none, all or ports as 80,443, not";
}

static const struct cli_option options[] = {
    { u"--user", CLI_FLAG, set_user },
    { u"--undo", CLI_FLAG, set_undo },
    { u"--dry-run", CLI_FLAG, set_dry_run },
    { u"--json", CLI_FLAG, set_json },
    { u"--background", CLI_FLAG, set_background },
    { u"--worker", CLI_FLAG, set_worker }, /* what --background starts */
    { u"--plan", CLI_FLAG, set_plan },
    { u"--keep-accounts", CLI_FLAG, set_keep_accounts },
    { u"--loopback", CLI_VALUE, set_loopback },
};

static bool start(const char16_t *data_dir, bool undo, struct err *err)
{
    char16_t text[16];
    struct u16buf b = U16BUF(text);
    DWORD pid = 0;

    if (setup_user_is_running(data_dir, &pid))
        return err_rule(err, "it is being done already; `ringfence status` says how far",
                        NULL);
    if (!setup_user_start(undo, &pid, err))
        return false;
    u16buf_add_dec(&b, pid);
    out_line(OUT_STDOUT, u"begun in the background (process ", text,
             u"); `ringfence status` says how far it is");
    return true;
}

static bool take_command(struct wish *wish, struct u16s word)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (!wish->named && u16s_eq(word, u16s_of(commands[i]))) {
            wish->machine.command = (enum setup_command)i;
            wish->named = true;
            return true;
        }
    return false;
}

/* One command among the options, which is install if there is none. */
static bool read_words(struct cli *cli, struct wish *wish)
{
    for (;;) {
        switch (cli_options(cli, options, sizeof options / sizeof options[0], wish)) {
        case CLI_BAD:
            return false;
        case CLI_END:
            return true;
        case CLI_WORD:
            if (!take_command(wish, u16buf_text(&cli->word)))
                return cli_complain(
                           "setup is one of install, repair, status, uninstall, not",
                           u16buf_text(&cli->word)),
                       false;
        }
    }
}

/* What makes no sense together; else NULL. */
static const char *find_fault(const struct wish *wish)
{
    const struct setup_machine *m = &wish->machine;
    bool changes = m->command == SETUP_INSTALL || m->command == SETUP_REPAIR;
    bool of_machine = wish->named || m->plan || m->keep_accounts || m->loopback.len;
    bool of_user = wish->how.undo || wish->how.dry_run || wish->how.background;

    if (wish->user && of_machine)
        return "setup --user is for the profile alone";
    if (!wish->user && (of_user || wish->start))
        return "--undo, --dry-run and --background are for setup --user";
    if (wish->start && (wish->how.dry_run || wish->how.json))
        return "--background shows nothing: neither --dry-run nor --json";
    if (m->loopback.len && !changes)
        return "--loopback is for setup install and repair";
    if (m->keep_accounts && m->command != SETUP_UNINSTALL)
        return "--keep-accounts is for setup uninstall";
    if (m->plan && m->command == SETUP_STATUS)
        return "setup status has no --plan";
    return NULL;
}

static bool run_machine(struct setup_machine *how, uint32_t *code, struct err *err)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf program = U16BUF(text);

    if (!paths_install(&program, err))
        return false;
    u16buf_addz(&program, u"\\ringfence-setup.exe");
    if (program.cut)
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateProcessW",
                       NULL);
    how->setup_exe = text;
    return setup_machine_run(how, code, err);
}

static bool run_user(const struct wish *wish, const char16_t *data_dir, uint32_t *code,
                     struct err *err)
{
    return wish->start ? start(data_dir, wish->how.undo, err)
                       : setup_user_run(data_dir, &wish->how, code, err);
}

uint32_t cmd_setup(struct cli *cli)
{
    static char16_t text[WIN_PATH_CAP];
    static struct wish wish;
    struct u16buf data = U16BUF(text);
    struct err err = { 0 };
    const char *fault = NULL;
    uint32_t code = EXIT_OK;

    if (!read_words(cli, &wish))
        return EXIT_RINGFENCE;
    fault = find_fault(&wish);
    if (!fault && token_is_inside())
        fault = "setup is not for the inside of a fence";
    if (fault)
        return cli_complain(fault, (struct u16s){ 0 });
    wish.machine.data_dir = text;
    if (paths_data(&data, &err) && (wish.user ? run_user(&wish, text, &code, &err)
                                              : run_machine(&wish.machine, &code, &err)))
        return code;
    err_report(&err, wish.user ? u"set the user up" : u"set this machine up");
    return EXIT_RINGFENCE;
}
