/* SPDX-License-Identifier: MIT
 *
 * ringfence setup --user: what the strict fence needs of the user, once.  What
 * needs an administrator is another program's.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "setup_user.h"
#include "win/errtext.h"
#include "win/out.h"
#include "win/paths.h"
#include "win/token.h"

struct wish {
    struct setup_user how;
    bool user;
    bool start; /* --background: by a process of its own */
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
    (void)value;
    ((struct wish *)ctx)->how.json = true;
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

static const struct cli_option options[] = {
    { u"--user", CLI_FLAG, set_user },
    { u"--undo", CLI_FLAG, set_undo },
    { u"--dry-run", CLI_FLAG, set_dry_run },
    { u"--json", CLI_FLAG, set_json },
    { u"--background", CLI_FLAG, set_background },
    { u"--worker", CLI_FLAG, set_worker }, /* what --background starts */
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

uint32_t cmd_setup(struct cli *cli)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf data = U16BUF(text);
    struct wish wish = { .user = false };
    struct err err = { 0 };
    uint32_t code = EXIT_OK;

    switch (cli_options(cli, options, sizeof options / sizeof options[0], &wish)) {
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_WORD:
        return cli_complain("setup takes no words", u16buf_text(&cli->word));
    case CLI_END:
        break;
    }
    if (!wish.user)
        return cli_complain("setup --user is done here; what needs an administrator is "
                            "done by ringfence-setup.exe, beside this program",
                            (struct u16s){ 0 });
    if (wish.start && (wish.how.dry_run || wish.how.json))
        return cli_complain("--background shows nothing: neither --dry-run nor --json",
                            (struct u16s){ 0 });
    if (token_is_inside())
        return cli_complain("setup is not for the inside of a fence", (struct u16s){ 0 });
    if (paths_data(&data, &err) &&
        (wish.start ? start(text, wish.how.undo, &err)
                    : setup_user_run(text, &wish.how, &code, &err)))
        return code;
    err_report(&err, u"set the user up");
    return EXIT_RINGFENCE;
}
