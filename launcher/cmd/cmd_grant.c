/* SPDX-License-Identifier: MIT
 *
 * ringfence grant: makes the workspace, or another directory, a writable root
 * of the fence.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "grant/granting.h"
#include "report.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/token.h"

static const char *set_json(void *ctx, struct u16s value)
{
    (void)value;
    ((struct granting *)ctx)->json = true;
    return NULL;
}

static const char *set_dry_run(void *ctx, struct u16s value)
{
    (void)value;
    ((struct granting *)ctx)->dry_run = true;
    return NULL;
}

static const struct cli_option options[] = {
    { u"--json", CLI_FLAG, set_json },
    { u"--dry-run", CLI_FLAG, set_dry_run },
};

/* grant [--dry-run] [--json] [ROOT], in any order. */
static bool read_words(struct cli *cli, struct granting *how, struct u16buf *root)
{
    for (;;) {
        switch (cli_options(cli, options, sizeof options / sizeof options[0], how)) {
        case CLI_BAD:
            return false;
        case CLI_END:
            return true;
        case CLI_WORD:
            if (root->len || !cli->word.len)
                return cli_complain(root->len ? "grant takes one directory, not also"
                                              : "grant which directory?",
                                    u16buf_text(&cli->word)),
                       false;
            u16buf_add(root, u16buf_text(&cli->word));
            break;
        }
    }
}

/* As whole as a message shows it; a literal one (\\?\) stays as it is. */
static bool complete(const struct u16buf *word, struct u16buf *root, struct err *err)
{
    if (word->len && !u16s_istarts(u16buf_text(word), U16S("\\\\?\\")))
        return file_full_path(word->at, root, err);
    u16buf_add(root, u16buf_text(word));
    return true;
}

uint32_t cmd_grant(struct cli *cli)
{
    static struct context context;
    static char16_t given[WIN_PATH_CAP], text[WIN_PATH_CAP];
    const struct context_wish wish = { .look_only = true };
    struct u16buf word = U16BUF(given), root = U16BUF(text);
    struct granting how = { 0 };
    struct err err = { 0 };
    uint32_t code = EXIT_RINGFENCE;

    if (!read_words(cli, &how, &word))
        return EXIT_RINGFENCE;
    if (token_is_inside())
        return cli_complain("grant is not for the inside of a fence", (struct u16s){ 0 });
    if (!context_begin(&context, &err) || !context_complete(&context, &wish, &err)) {
        report_context_failure(&context, &err);
        return EXIT_RINGFENCE;
    }
    if (complete(&word, &root, &err) &&
        granting_root(&context, root.len ? text : context.root.at, &how, &code, &err))
        return code;
    err_report(&err, u"grant");
    if (granting_remedy())
        out_line(OUT_STDERR, u"  fix: ", granting_remedy());
    return EXIT_RINGFENCE;
}
