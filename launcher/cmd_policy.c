/* SPDX-License-Identifier: MIT
 *
 * ringfence policy: what the user's policy file says for this directory.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "report.h"
#include "win/file.h"
#include "win/out.h"

static const char16_t *const wants[] = { u"auto", u"advisory", u"confined", u"enforced" };
static const char16_t *const levels[] = { u"advisory", u"confined", u"enforced" };

static void print_slice(const char16_t *label, struct u16s value)
{
    static char16_t text[POLICY_TEXT_CAP];
    struct u16buf b = U16BUF(text);

    u16buf_add(&b, value);
    out_line(OUT_STDOUT, label, text);
}

uint32_t cmd_policy(struct cli *cli)
{
    static struct context context;
    const struct context_wish wish = { 0 };
    struct err err = { 0 };

    if (cli_next(cli) && !u16s_eq(u16buf_text(&cli->word), U16S("show")))
        return cli_complain("policy show is all there is, not", u16buf_text(&cli->word));
    if (!context_begin(&context, &err) || !context_complete(&context, &wish, &err)) {
        report_context_failure(&context, &err);
        return EXIT_RINGFENCE;
    }
    out_line(OUT_STDOUT, u"file     ", context.policy_path.at,
             file_kind(context.policy_path.at) == FILE_IS_FILE
                 ? u""
                 : u" (not there: defaults)");
    if (context.policy.workspace.len)
        print_slice(u"section  ", context.policy.workspace);
    out_line(OUT_STDOUT, u"level    ", wants[context.policy.want]);
    out_line(OUT_STDOUT, u"require  ", levels[context.policy.require]);
    out_line(OUT_STDOUT, u"network  ", context.policy.network_on ? u"on" : u"off");
    if (context.policy.keep.len)
        print_slice(u"keep     ", context.policy.keep);
    for (size_t i = 0; i < context.policy.root_count; i++)
        print_slice(u"root     ", context.policy.root[i]);
    return EXIT_OK;
}
