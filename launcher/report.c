#include "report.h"

#include "win/errtext.h"
#include "win/out.h"
#include "win/process.h"

#define COUNT_CAP   12u
#define VALUE_SHOWN 3000u

static const char16_t *decimal(char16_t *text, uint64_t value)
{
    struct u16buf b = u16buf_init(text, COUNT_CAP);

    u16buf_add_dec(&b, value);
    return text;
}

void report_not_found(struct u16s tool, const struct pathsearch_seen *seen,
                      struct u16s path, bool current_too)
{
    char16_t name[256], line[512];
    struct u16buf n = U16BUF(name), b = U16BUF(line);
    const struct {
        unsigned count;
        const char *what;
    } passed[] = {
        { seen->ours, " of Ringfence's own" },
        { seen->store_stubs, " that only opens the Store" },
        { seen->not_files, " that is a directory" },
        { seen->aliases, " from the Store, which a fence cannot start: install it "
                         "from elsewhere" },
    };

    u16buf_add(&n, u16s_head(tool, 250));
    if (seen->directories) { /* none: the name says where */
        u16buf_add_ascii(&b, current_too ? " here or in " : " in ");
        u16buf_add_dec(&b, seen->directories);
        u16buf_add_ascii(&b, seen->directories == 1 ? " directory of PATH"
                                                    : " directories of PATH");
    }
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        if (!passed[i].count)
            continue;
        u16buf_add_ascii(&b, ", skipped ");
        u16buf_add_dec(&b, passed[i].count);
        u16buf_add_ascii(&b, passed[i].what);
    }
    if (path.len == 0)
        u16buf_add_ascii(&b, ": PATH is empty");
    out_say(OUT_STDERR, "ringfence: cannot find % (.com .exe .bat .cmd)%", name, line);
}

void report_context_failure(const struct context *c, const struct err *err)
{
    struct err shown = *err;
    char16_t number[COUNT_CAP], rule[256];
    struct u16buf b = U16BUF(rule);

    if (!c->policy_line) {
        err_report(&shown, u"set the launch up");
        return;
    }
    u16buf_add_ascii(&b, err->call);
    out_say(OUT_STDERR, "ringfence: cannot read the policy: %:%: %%%", c->policy_path.at,
            decimal(number, c->policy_line), rule, shown.object[0] ? u": " : u"",
            shown.object);
}

void report_refused_level(const struct context *c)
{
    char16_t level[512], required[16];
    struct u16buf l = U16BUF(level), r = U16BUF(required);

    if (c->verdict.lost) {
        u16buf_add_ascii(&l, c->verdict.reason);
        out_say(OUT_STDERR, "ringfence: cannot start anything in %, which had a fence: %",
                c->root.at, level);
        out_say(OUT_STDERR, "  fix: see `ringfence prepare`; or without: `ringfence run "
                            "--level advisory -- CMD`");
        return;
    }
    context_add_level(c, &l);
    u16buf_add_ascii(&r, level_name(c->policy.require));
    out_say(OUT_STDERR, "ringfence: cannot start anything: % is required, this is %",
            required, level);
    out_say(OUT_STDERR, "  fix: see `ringfence doctor`");
}

/* One line "MARK NAME=VALUE", long values cut. */
static void difference(DWORD where, const char16_t *mark, const struct envblock_var *var,
                       bool with_value)
{
    static char16_t line[4096];
    struct u16buf b = U16BUF(line);

    u16buf_add(&b, u16s_head(var->name, 512));
    if (with_value) {
        u16buf_addc(&b, u'=');
        u16buf_add(&b, u16s_head(var->value, VALUE_SHOWN));
        if (var->value.len > VALUE_SHOWN)
            u16buf_addc(&b, u'\u2026');
    }
    out_say(where, "ringfence: env      %%", mark, line);
}

/* Both tables are sorted alike: one pass side by side. */
static void differences(DWORD where, const struct envblock *before,
                        const struct envblock *after)
{
    size_t i = 0, k = 0;

    while (i < before->count || k < after->count) {
        const struct envblock_var *old = i < before->count ? &before->var[i] : NULL;
        const struct envblock_var *now = k < after->count ? &after->var[k] : NULL;
        int order = !old ? 1 : !now ? -1 : u16s_icmp(old->name, now->name);

        if (order < 0)
            difference(where, u"- ", old, false);
        else if (order > 0)
            difference(where, u"+ ", now, true);
        else if (!u16s_eq(old->value, now->value))
            difference(where, u"~ ", now, true);
        i += order <= 0;
        k += order >= 0;
    }
}

static void root(DWORD where, const struct context_root *root)
{
    char16_t text[1024];
    struct u16buf b = U16BUF(text);

    u16buf_add(&b, u16s_head(root->path, 1000));
    out_say(where, "ringfence: root     %", text);
}

static size_t block_units(const char16_t *block)
{
    size_t n = 0;

    while (block[n] || block[n + 1])
        n++;
    return n + 2;
}

void report_launch(DWORD where, const struct context *c, const struct target *t,
                   const char16_t *block)
{
    static struct envblock before, after;
    static char16_t scratch[2][2];
    const char16_t *own = GetEnvironmentStringsW();
    char16_t level[512];
    struct u16buf b = U16BUF(level);
    struct err err;

    if (c->inside)
        u16buf_add_ascii(&b, "inside a fence: passed through");
    else if (c->bypass)
        u16buf_add_ascii(&b, "none: RINGFENCE_BYPASS is set");
    else
        context_add_level(c, &b);
    out_say(where, "ringfence: level    %", level);
    out_say(where, "ringfence: target   %", t->program.at);
    out_say(where, "ringfence: command  %", t->line.at);
    if (c->token && !process_can_choose())
        out_say(where, "ringfence: handles  all that are inheritable");
    if (!c->inside && !c->bypass) {
        out_say(where, "ringfence: network  %", c->network_on ? u"on" : u"off");
        for (size_t i = 0; i < c->root_count; i++)
            root(where, &c->root_list[i]);
    }
    if (own && block &&
        envblock_read(&before, own, block_units(own), U16BUF(scratch[0]), &err) &&
        envblock_read(&after, block, block_units(block), U16BUF(scratch[1]), &err))
        differences(where, &before, &after);
}
