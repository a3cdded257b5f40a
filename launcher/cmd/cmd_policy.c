/* SPDX-License-Identifier: MIT
 *
 * ringfence policy: what the user's policy file says for this directory.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/json.h"
#include "report.h"
#include "win/file.h"
#include "win/out.h"

#define ROOM (2 * POLICY_TEXT_CAP + WIN_PATH_CAP)

static const char *const fences[] = { "auto", "standard", "strict" };

/* What `integrity = lowered` costs the user, who sees it nowhere else. */
#define LOWERED                                                                          \
    "a program file made in the workspace starts lowered for you too, and MSYS or "      \
    "Cygwin programs may fail beside their unfenced twins"

/* A key that has one word as its value, in the file's own words, and what that word means
 * or NULL. */
struct row {
    const char *key, *word, *meaning;
};

/* The i-th; false at the end. */
static bool row_of(const struct policy *p, size_t i, struct row *row)
{
    const struct row rows[] = {
        { "level", level_want_name(p->want), NULL },
        { "require", level_name(p->require), NULL },
        { "fence", fences[p->fence], NULL },
        { "network", p->network_on ? "on" : "off", NULL },
        p->git_commit
            ? (struct row){ "git", "commit", "only what git runs or obeys is protected" }
            : (struct row){ "git", "protect", "all of .git" },
        p->lowered ? (struct row){ "integrity", "lowered", LOWERED }
                   : (struct row){ "integrity", "medium", NULL },
        p->hard_links
            ? (struct row){ "hard_links", "write", "files with several names too" }
            : (struct row){ "hard_links", "read",
                            "files with several names stay read-only" },
        { "appeared", p->quarantine ? "quarantine" : "report", NULL },
    };

    if (i >= sizeof rows / sizeof rows[0])
        return false;
    *row = rows[i];
    return true;
}

static void add_label(struct u16buf *b, const char *key)
{
    size_t end = b->len + 11;

    u16buf_add_ascii(b, key);
    while (b->len < end)
        u16buf_addc(b, u' ');
}

static void add_slice(struct u16buf *b, const char *key, struct u16s value)
{
    add_label(b, key);
    u16buf_add(b, value);
    u16buf_addc(b, u'\n');
}

static void add_text(struct u16buf *b, const struct context *c, bool there)
{
    const struct policy *p = &c->policy;
    struct row row;

    add_label(b, "file");
    u16buf_add(b, u16buf_text(&c->policy_path));
    u16buf_add_ascii(b, there ? "\n" : " (not there: defaults)\n");
    if (p->workspace.len)
        add_slice(b, "section", p->workspace);
    for (size_t i = 0; row_of(p, i, &row); i++) {
        add_label(b, row.key);
        u16buf_add_ascii(b, row.word);
        u16buf_add_ascii(b, row.meaning ? ": " : "");
        u16buf_add_ascii(b, row.meaning ? row.meaning : "");
        u16buf_addc(b, u'\n');
    }
    for (size_t i = 0; i < p->root_count; i++)
        add_slice(b, "root", p->root[i]);
    for (size_t i = 0; i < p->protect_count; i++)
        add_slice(b, "protect", p->protect[i]);
    if (p->keep.len)
        add_slice(b, "keep", p->keep);
}

static void add_json(struct u16buf *b, const struct context *c, bool there)
{
    const struct policy *p = &c->policy;
    struct row row;
    struct u16s keep = p->keep;
    struct json json;

    json_init(&json, b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_text(&json, "file", u16buf_text(&c->policy_path));
    json_bool(&json, "there", there);
    json_text(&json, "section", p->workspace);
    for (size_t i = 0; row_of(p, i, &row); i++)
        json_ascii(&json, row.key, row.word);
    json_open(&json, "root", u'[');
    for (size_t i = 0; i < p->root_count; i++)
        json_text(&json, NULL, p->root[i]);
    json_close(&json, u']');
    json_open(&json, "protect", u'[');
    for (size_t i = 0; i < p->protect_count; i++)
        json_text(&json, NULL, p->protect[i]);
    json_close(&json, u']');
    json_open(&json, "keep", u'[');
    while (keep.at) {
        struct u16s pattern = u16s_trim(u16s_split(&keep, u','));

        if (pattern.len)
            json_text(&json, NULL, pattern);
    }
    json_close(&json, u']');
    json_close(&json, u'}');
    u16buf_addc(b, u'\n');
}

static const char *set_json(void *ctx, struct u16s value)
{
    (void)value;
    *(bool *)ctx = true;
    return NULL;
}

static const struct cli_option options[] = { { u"--json", CLI_FLAG, set_json } };

/* policy [show] [--json], in any order. */
static bool read_words(struct cli *cli, bool *as_json)
{
    bool shown = false;

    for (;;) {
        switch (cli_options(cli, options, sizeof options / sizeof options[0], as_json)) {
        case CLI_BAD:
            return false;
        case CLI_END:
            return true;
        case CLI_WORD:
            if (shown || !u16s_eq(u16buf_text(&cli->word), U16S("show")))
                return cli_complain("policy takes no words", u16buf_text(&cli->word)),
                       false;
            shown = true;
        }
    }
}

uint32_t cmd_policy(struct cli *cli)
{
    static struct context context;
    static char16_t said[ROOM];
    const struct context_wish wish = { .look_only = true };
    struct u16buf b = U16BUF(said);
    struct err err = { 0 };
    bool as_json = false, there = false;

    if (!read_words(cli, &as_json))
        return EXIT_RINGFENCE;
    if (!context_begin(&context, &err) || !context_complete(&context, &wish, &err)) {
        report_context_failure(&context, &err);
        return EXIT_RINGFENCE;
    }
    there = file_kind(context.policy_path.at) == FILE_IS_FILE;
    if (as_json)
        add_json(&b, &context, there);
    else
        add_text(&b, &context, there);
    out_text(OUT_STDOUT, as_json && b.cut ? U16S("{}\n") : u16buf_text(&b));
    return EXIT_OK;
}
