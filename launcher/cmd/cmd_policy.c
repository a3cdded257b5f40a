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
static const char16_t *const fences[] = { u"auto", u"standard", u"strict" };

/* What `integrity = lowered` costs the user, who sees it nowhere else. */
#define LOWERED                                                                          \
    u"lowered: a program file made in the workspace starts lowered for you too, and "    \
    u"MSYS or Cygwin programs may fail beside their unfenced twins"

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
    const struct context_wish wish = { .look_only = true };
    struct err err = { 0 };

    if (cli_next(cli) &&
        !(u16s_eq(u16buf_text(&cli->word), U16S("show")) && !cli_next(cli)))
        return cli_complain("policy takes no words", u16buf_text(&cli->word));
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
    out_line(OUT_STDOUT, u"fence    ", fences[context.policy.fence]);
    out_line(OUT_STDOUT, u"git      ",
             context.policy.git_commit
                 ? u"commit: only what git runs or obeys is protected"
                 : u"protect: all of .git");
    out_line(OUT_STDOUT, u"integr.  ", context.policy.lowered ? LOWERED : u"medium");
    out_line(OUT_STDOUT, u"links    ",
             context.policy.hard_links
                 ? u"write: files with several names too"
                 : u"read: files with several names stay read-only");
    out_line(OUT_STDOUT, u"appeared ",
             context.policy.quarantine ? u"quarantine" : u"report");
    for (size_t i = 0; i < context.policy.protect_count; i++)
        print_slice(u"protect  ", context.policy.protect[i]);
    if (context.policy.keep.len)
        print_slice(u"keep     ", context.policy.keep);
    for (size_t i = 0; i < context.policy.root_count; i++)
        print_slice(u"root     ", context.policy.root[i]);
    return EXIT_OK;
}
