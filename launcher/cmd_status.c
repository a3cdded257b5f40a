/* SPDX-License-Identifier: MIT
 *
 * ringfence status: what holds in this directory, the level first.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/json.h"
#include "report.h"
#include "win/file.h"
#include "win/out.h"

#define NETWORK_OFF u"off: by environment and denybin only (advisory), no kernel holds it"

struct shown {
    bool json;
    bool one_line;
};

static const char *set_json(void *ctx, struct u16s value)
{
    (void)value;
    ((struct shown *)ctx)->json = true;
    return NULL;
}

static const char *set_line(void *ctx, struct u16s value)
{
    (void)value;
    ((struct shown *)ctx)->one_line = true;
    return NULL;
}

static const struct cli_option options[] = {
    { u"--json", CLI_FLAG, set_json },
    { u"--line", CLI_FLAG, set_line }, /* for activate */
};

static const char16_t *level_text(const struct context *c)
{
    static char16_t text[512];
    struct u16buf b = U16BUF(text);

    context_add_level(c, &b);
    return text;
}

static const char16_t *policy_state(const struct context *c)
{
    if (file_kind(c->policy_path.at) != FILE_IS_FILE)
        return u" (not there: defaults)";
    return c->policy.workspace.len ? u" ([section] for this workspace)" : u" ([default])";
}

static void print_text(const struct context *c)
{
    bool fenced = c->verdict.level != LEVEL_ADVISORY;

    out_line(OUT_STDOUT, u"level      ",
             c->inside ? u"inside a fence: the token says so" : level_text(c));
    out_line(OUT_STDOUT, u"workspace  ", c->root.at);
    out_line(OUT_STDOUT, u"writes     ", fenced ? u"confined" : u"not confined");
    out_line(OUT_STDOUT, u"network    ", c->network_on ? u"on" : NETWORK_OFF);
    out_line(OUT_STDOUT, u"box        ", c->temp.at,
             file_kind(c->temp.at) == FILE_IS_DIRECTORY ? u""
                                                        : u" (made at the first run)");
    out_line(OUT_STDOUT, u"           ", c->cache.at);
    out_line(OUT_STDOUT, u"policy     ", c->policy_path.at, policy_state(c));
    out_line(OUT_STDOUT, u"install    ", c->install.len ? c->install.at : u"none found");
}

static void print_json(const struct context *c)
{
    static char16_t text[4 * WIN_PATH_CAP];
    struct u16buf b = U16BUF(text);
    struct json json;

    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_ascii(&json, "version", RINGFENCE_VERSION);
    json_ascii(&json, "level", level_name(c->verdict.level));
    json_ascii(&json, "reason", c->verdict.reason);
    json_bool(&json, "inside", c->inside);
    json_text(&json, "wine", u16s_of(c->wine));
    json_text(&json, "workspace", u16buf_text(&c->root));
    json_ascii(&json, "network", c->network_on ? "on" : "off");
    json_bool(&json, "network_enforced", false);
    json_number(&json, "dead_port", c->dead_port);
    json_text(&json, "temp", u16buf_text(&c->temp));
    json_text(&json, "cache", u16buf_text(&c->cache));
    json_text(&json, "policy", u16buf_text(&c->policy_path));
    json_text(&json, "policy_section", c->policy.workspace);
    json_text(&json, "install", u16buf_text(&c->install));
    json_close(&json, u'}');
    out_line(OUT_STDOUT, b.cut ? u"{}" : text);
}

static void print_line(const struct context *c)
{
    out_line(OUT_STDERR, u"ringfence: ", level_text(c));
    out_line(OUT_STDERR, u"ringfence: network ", c->network_on ? u"on" : u"off", u" in ",
             c->root.at, u". `ringfence status` explains, `deactivate` leaves.");
}

uint32_t cmd_status(struct cli *cli)
{
    static struct context context;
    struct context_wish wish = { 0 };
    struct shown shown = { 0 };
    struct err err = { 0 };

    switch (cli_options(cli, options, sizeof options / sizeof options[0], &shown)) {
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_WORD:
        return cli_complain("status takes no words", u16buf_text(&cli->word));
    case CLI_END:
        break;
    }
    wish.look_only = !shown.one_line; /* activating may well be when all is made ready */
    if (!context_begin(&context, &err) || !context_complete(&context, &wish, &err)) {
        report_context_failure(&context, &err);
        return EXIT_RINGFENCE;
    }
    if (shown.one_line)
        print_line(&context);
    else if (shown.json)
        print_json(&context);
    else
        print_text(&context);
    return EXIT_OK;
}
