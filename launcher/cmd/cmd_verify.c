/* SPDX-License-Identifier: MIT
 *
 * ringfence verify: the whole battery, as a table or as JSON.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/json.h"
#include "core/netcheck.h"
#include "grant/grantstate.h"
#include "grant/volumes.h"
#include "remote/enforced.h"
#include "verify/trial.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/machine.h"
#include "win/out.h"
#include "win/paths.h"
#include "win/token.h"

#define ID_WIDTH   22u
#define TEXT_WIDTH 47u
#define CODE_WIDTH 14u
#define IDLE_MS    60000u /* of a runner that proves nothing */

static const struct {
    const char *text, *json;
} verdicts[TRIAL_VERDICTS] = {
    [TRIAL_ENFORCED] = { "enforced", "enforced" },
    [TRIAL_OPEN] = { "open", "open" },
    [TRIAL_NOT_ENFORCED] = { "NOT enforced", "not_enforced" },
    [TRIAL_ALLOWED] = { "allowed", "allowed" },
    [TRIAL_BROKEN] = { "BROKEN", "broken" },
    [TRIAL_COSTS] = { "denied", "known_broken" },
    [TRIAL_SKIPPED] = { "skipped", "skipped" },
};

static struct {
    enum fence fence;
    bool enforced, allow_unproven, lowered;
    const char *missing; /* from the runner's proof, or NULL */
    uint32_t net_held;   /* NETCHECK_BIT: only the traffic cap holds these */
    struct context context;
    struct remote_request runner;
    char16_t data[WIN_PATH_CAP];
    bool json, list;
    bool some;                /* not all rows: those that are chosen */
    bool chosen[BATTERY_MAX]; /* by row */
    size_t acts;
    struct trial trial;
    struct trial_result results[BATTERY_MAX];
    size_t count[TRIAL_VERDICTS];
    char16_t volumes[512]; /* without ACLs */
    char16_t text[1u << 17];
} verify;

static void pad(struct u16buf *b, size_t to)
{
    do
        u16buf_addc(b, u' ');
    while (b->len < to);
}

static void add_trial(struct u16buf *b, const struct battery_row *row,
                      const struct trial_side *t)
{
    if (t->started && t->code == 0) {
        u16buf_addz(b, u"done");
        return;
    }
    u16buf_addz(b, !t->started               ? u"no start "
                   : trial_is_denied(row, t) ? u"denied "
                                             : u"failed ");
    if (t->code > UINT16_MAX) {
        u16buf_addz(b, u"0x");
        u16buf_add_hex(b, t->code, 8);
    } else {
        u16buf_add_dec(b, t->code);
    }
}

/* What went wrong is named, to be tried again alone. */
static void add_id(struct u16buf *b, const struct battery_row *row,
                   const struct trial_result *r)
{
    if (r->verdict != TRIAL_NOT_ENFORCED && r->verdict != TRIAL_BROKEN)
        return;
    u16buf_addz(b, u" (--row ");
    u16buf_add_ascii(b, row->id);
    u16buf_addc(b, u')');
}

static void print_row(const struct battery_row *row, const struct trial_result *r)
{
    char16_t text[256];
    struct u16buf b = U16BUF(text);
    bool tried = r->without.started || r->without.code;

    u16buf_add_ascii(&b, row->text);
    pad(&b, TEXT_WIDTH);
    if (tried)
        add_trial(&b, row, &r->without);
    pad(&b, TEXT_WIDTH + CODE_WIDTH);
    if (r->with.started || r->with.code)
        add_trial(&b, row, &r->with);
    pad(&b, TEXT_WIDTH + 2 * CODE_WIDTH);
    u16buf_add_ascii(&b, verdicts[r->verdict].text);
    add_id(&b, row, r);
    if (r->reason) {
        u16buf_addz(&b, r->verdict == TRIAL_SKIPPED ? u": " : u" (");
        u16buf_add_ascii(&b, r->reason);
        if (r->verdict == TRIAL_SKIPPED && tried && r->without.code) {
            u16buf_addz(&b, row->tool ? u" (exit code " : u" (Win32 ");
            u16buf_add_dec(&b, r->without.code);
            u16buf_addc(&b, u')');
        }
        u16buf_addz(&b, r->verdict == TRIAL_SKIPPED ? u"" : u")");
    }
    out_line(OUT_STDOUT, text);
}

/* What the machine gave, before anything else. */
static void print_head(void)
{
    static const char16_t *const tokens[] = {
        [LEVEL_TOKEN_UNTRIED] = u"no token was made",
        [LEVEL_TOKEN_NO_CALL] =
            u"NOT A FENCE: this system makes no restricted tokens; tried without one",
        [LEVEL_TOKEN_FAILED] =
            u"NOT A FENCE: no restricted token can be made; tried without one",
        [LEVEL_TOKEN_NOT_KEPT] =
            u"NOT A FENCE: tokens keep no restricting SIDs here; tried with what comes",
        [LEVEL_TOKEN_RESTRICTED] = u"the token shows its restricting SIDs",
    };
    char16_t text[512];
    struct u16buf b = U16BUF(text);

    u16buf_add_ascii(&b, verify.missing ? "enforced, NOT PROVEN: "
                                        : "enforced: the runner has proven itself");
    u16buf_add_ascii(&b, verify.missing ? verify.missing : "");
    u16buf_add_ascii(&b, verify.net_held ? "; held by the traffic cap alone: " : "");
    netcheck_list(verify.net_held, &b);
    if (verify.enforced)
        out_line(OUT_STDOUT, text);
    else
        out_line(OUT_STDOUT, verify.fence == FENCE_STRICT ? u"strict" : u"standard",
                 verify.lowered ? u" fence, lowered: " : u" fence: ",
                 tokens[verify.trial.kept]);
    if (verify.volumes[0])
        out_line(OUT_STDOUT, u"not fenced: ", verify.volumes, u": no ACLs");
    if (verify.trial.scratch.not_kept)
        out_line(OUT_STDOUT, u"files here do not keep the lists they are given: ",
                 verify.trial.scratch.path.at);
    if (verify.trial.scratch.refused)
        out_line(OUT_STDOUT, u"some files here have no list to put a fence into: ",
                 verify.trial.scratch.path.at);
    out_line(OUT_STDOUT, u"act                                            without       "
                         u"with          verdict");
}

static bool is_chosen(size_t row)
{
    return (!verify.some || verify.chosen[row]) &&
           (verify.enforced || !battery_rows[row].enforced);
}

/* What is known to be open is said, and is no surprise; what the machine has not got
 * cannot be tried.  Anything else that was not seen to hold did not. */
static bool has_held(void)
{
    if (verify.missing && !verify.some)
        return false; /* whatever the rows say: there may be no network to try them on */
    for (size_t i = 0; i < battery_count; i++) {
        enum trial_verdict v = verify.results[i].verdict;

        if (is_chosen(i) && (v == TRIAL_NOT_ENFORCED || v == TRIAL_BROKEN ||
                             (v == TRIAL_SKIPPED && !battery_rows[i].optional)))
            return false;
    }
    return true;
}

static void add_count(struct u16buf *b, const char16_t *before, size_t count,
                      const char16_t *after)
{
    u16buf_addz(b, before);
    u16buf_add_dec(b, count);
    u16buf_addz(b, after);
}

static void print_counts(void)
{
    char16_t text[256];
    struct u16buf b = U16BUF(text);

    add_count(&b, u"", verify.acts, u" acts: ");
    add_count(&b, u"", verify.count[TRIAL_ENFORCED], u" enforced, ");
    add_count(&b, u"", verify.count[TRIAL_OPEN], u" known to be open, ");
    add_count(&b, u"", verify.count[TRIAL_NOT_ENFORCED], u" not enforced, ");
    add_count(&b, u"", verify.count[TRIAL_SKIPPED], u" skipped; to be allowed: ");
    add_count(&b, u"", verify.count[TRIAL_ALLOWED], u" allowed, ");
    add_count(&b, u"", verify.count[TRIAL_BROKEN], u" broken");
    if (verify.count[TRIAL_COSTS])
        add_count(&b, u", ", verify.count[TRIAL_COSTS], u" known not to work");
    out_line(OUT_STDOUT, text);
}

static void json_trial(struct json *json, const char *key, const struct trial_side *t)
{
    json_open(json, key, u'{');
    json_bool(json, "started", t->started);
    json_number(json, "code", t->code);
    json_bool(json, "changed", t->changed);
    json_close(json, u'}');
}

static void json_rows(struct json *json)
{
    static const char *const expects[] = { [BATTERY_DENIED] = "denied",
                                           [BATTERY_OPEN] = "open",
                                           [BATTERY_ALLOWED] = "allowed",
                                           [BATTERY_COSTS] = "known_broken" };

    json_open(json, "rows", u'[');
    for (size_t i = 0; i < battery_count; i++) {
        const struct trial_result *r = &verify.results[i];

        if (!is_chosen(i))
            continue;
        json_open(json, NULL, u'{');
        json_ascii(json, "id", battery_rows[i].id);
        json_ascii(json, "act", battery_rows[i].text);
        json_ascii(json, "expected",
                   expects[trial_expect(&verify.trial, &battery_rows[i])]);
        json_bool(json, "optional", battery_rows[i].optional);
        json_trial(json, "without", &r->without);
        json_trial(json, "with", &r->with);
        json_ascii(json, "verdict", verdicts[r->verdict].json);
        json_ascii(json, "reason", r->reason ? r->reason : "");
        json_close(json, u'}');
    }
    json_close(json, u']');
}

static void print_json(void)
{
    static const char *const tokens[] = { [LEVEL_TOKEN_UNTRIED] = "untried",
                                          [LEVEL_TOKEN_NO_CALL] = "no_call",
                                          [LEVEL_TOKEN_FAILED] = "failed",
                                          [LEVEL_TOKEN_NOT_KEPT] = "not_kept",
                                          [LEVEL_TOKEN_RESTRICTED] = "restricted" };
    struct u16buf b = U16BUF(verify.text);
    struct json json;

    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_ascii(&json, "level", verify.enforced ? "enforced" : fence_name(verify.fence));
    json_bool(&json, "proven",
              !verify.some && has_held() && verify.trial.kept == LEVEL_TOKEN_RESTRICTED);
    json_ascii(&json, "token", tokens[verify.trial.kept]);
    json_bool(&json, "acls_kept",
              !verify.trial.scratch.not_kept && !verify.trial.scratch.refused);
    json_bool(&json, "lowered", verify.lowered);
    json_text(&json, "not_fenced", u16s_of(verify.volumes));
    json_ascii(&json, "missing", verify.missing ? verify.missing : "");
    json_number(&json, "acts", verify.acts);
    for (size_t i = 0; i < TRIAL_VERDICTS; i++)
        json_number(&json, verdicts[i].json, verify.count[i]);
    json_rows(&json);
    json_close(&json, u'}');
    u16buf_addc(&b, u'\n');
    out_text(OUT_STDOUT, b.cut ? U16S("{}\n") : u16buf_text(&b));
}

static bool run_battery(struct err *err)
{
    struct u16buf volumes = U16BUF(verify.volumes);

    if (!trial_open(&verify.trial, verify.fence, verify.lowered, err))
        return false;
    volumes_without_acls(&volumes);
    if (verify.enforced)
        trial_enforce(&verify.trial, &verify.runner, verify.net_held);
    if (!verify.json)
        print_head();
    for (size_t i = 0; i < battery_count; i++) {
        struct trial_result *r = &verify.results[i];

        if (!is_chosen(i))
            continue;
        if (!trial_row(&verify.trial, &battery_rows[i], r, err))
            return false;
        verify.acts++;
        verify.count[r->verdict]++;
        if (!verify.json)
            print_row(&battery_rows[i], r);
    }
    if (verify.json)
        print_json();
    else
        print_counts();
    return true;
}

static const char *set_json(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    verify.json = true;
    return NULL;
}

static const char *set_level(void *ctx, struct u16s value)
{
    (void)ctx;
    verify.fence = u16s_is(value, "strict") ? FENCE_STRICT : FENCE_STANDARD;
    verify.enforced = u16s_is(value, "enforced");
    if (verify.fence == FENCE_STRICT || verify.enforced || u16s_is(value, "standard"))
        return NULL;
    return "verify the standard or the strict fence, or level enforced, not";
}

static const char *set_allow_unproven(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    verify.allow_unproven = true;
    return NULL;
}

static const char *set_lowered(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    verify.lowered = true;
    return NULL;
}

static const char *set_list(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    verify.list = true;
    return NULL;
}

static const char *set_row(void *ctx, struct u16s value)
{
    (void)ctx;
    for (size_t i = 0; i < battery_count; i++) {
        char16_t id[64];

        if (u16s_eq(value, u16s_ascii(id, 64, battery_rows[i].id))) {
            verify.some = verify.chosen[i] = true;
            return NULL;
        }
    }
    return "no act of the battery (verify --list names them) is";
}

static const char *set_canary(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    verify.some = true;
    for (size_t i = 0; i < battery_count; i++)
        verify.chosen[i] = verify.chosen[i] || battery_rows[i].canary;
    return NULL;
}

static const struct cli_option options[] = { { u"--json", CLI_FLAG, set_json },
                                             { u"--level", CLI_VALUE, set_level },
                                             { u"--lowered", CLI_FLAG, set_lowered },
                                             { u"--list", CLI_FLAG, set_list },
                                             { u"--row", CLI_VALUE, set_row },
                                             { u"--canary", CLI_FLAG, set_canary },
                                             { u"--allow-unproven", CLI_FLAG,
                                               set_allow_unproven } };

static void print_list(void)
{
    for (size_t i = 0; i < battery_count; i++) {
        char16_t text[256];
        struct u16buf b = U16BUF(text);

        if (!is_chosen(i))
            continue;
        u16buf_add_ascii(&b, battery_rows[i].id);
        pad(&b, ID_WIDTH);
        u16buf_add_ascii(&b, battery_rows[i].text);
        out_line(OUT_STDOUT, text);
    }
}

static void print_list_json(void)
{
    struct u16buf b = U16BUF(verify.text);
    struct json json;

    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_open(&json, "rows", u'[');
    for (size_t i = 0; i < battery_count; i++) {
        if (!is_chosen(i))
            continue;
        json_open(&json, NULL, u'{');
        json_ascii(&json, "id", battery_rows[i].id);
        json_ascii(&json, "act", battery_rows[i].text);
        json_close(&json, u'}');
    }
    json_close(&json, u']');
    json_close(&json, u'}');
    u16buf_addc(&b, u'\n');
    out_text(OUT_STDOUT, b.cut ? U16S("{}\n") : u16buf_text(&b));
}

/* Starts the runner before there is a job around us, which it would end with, or meets
 * it.  What its proof lacks the rows may show. */
static bool meet_runner(struct err *err)
{
    struct context *c = &verify.context;
    struct remote_request *q = &verify.runner;
    struct wire_hello hello;

    c->data = U16BUF(verify.data);
    if (!context_begin(c, err) || !paths_data(&c->data, err))
        return false;
    *q = (struct remote_request){ .run = context_run_sid() };
    if (!enforced_request(c, false, q, err)) {
        if (!verify.allow_unproven)
            return false;
        *q = (struct remote_request){ .run = q->run,
                                      .install = u16buf_text(&c->install),
                                      .data = u16buf_text(&c->data),
                                      .offline = true,
                                      .idle_ms = IDLE_MS };
    }
    if (!remote_look(q, &hello, err))
        return false;
    verify.missing = wire_missing(&hello, q->offline);
    verify.net_held = hello.net_held;
    return true;
}

/* Some rows try what a first launch would have guarded. */
static void guard_data(void)
{
    struct u16buf data = U16BUF(verify.data);
    struct err unused;

    if (paths_data(&data, &unused) && file_kind(data.at) == FILE_IS_DIRECTORY)
        (void)!grantstate_guard_data(data.at, &unused); /* the rows say what holds */
}

/* A row that this level has not got would have nothing tried, and nothing found wrong. */
static bool has_rows(void)
{
    for (size_t i = 0; i < battery_count; i++)
        if (verify.chosen[i] && !is_chosen(i))
            return cli_complain("only --level enforced tries",
                                u16s_ascii(verify.text, 64, battery_rows[i].id)),
                   false;
    return true;
}

uint32_t cmd_verify(struct cli *cli)
{
    struct err err = { 0 }, left = { 0 };
    bool good = false;

    switch (cli_options(cli, options, sizeof options / sizeof options[0], NULL)) {
    case CLI_WORD:
        return cli_complain("verify takes options only, not", u16buf_text(&cli->word));
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_END:
        break;
    }
    if (!has_rows())
        return EXIT_RINGFENCE;
    if (verify.lowered && verify.enforced)
        return cli_complain("level enforced lowers no token: verify either without",
                            U16S("--lowered"));
    if (verify.lowered && machine_is_before_vista())
        return cli_complain("integrity levels came with Windows Vista: verify without",
                            U16S("--lowered"));
    if (verify.list)
        return verify.json ? print_list_json() : print_list(), EXIT_OK;
    if (token_is_inside())
        return cli_complain("verify cannot be tried from inside a fence",
                            (struct u16s){ 0 });
    if (verify.enforced && !meet_runner(&err)) {
        err_report(&err, u"verify level enforced");
        return EXIT_RINGFENCE;
    }
    guard_data();
    good = run_battery(&err);
    if (!good)
        err_report(&err, u"verify");
    if (!trial_close(&verify.trial, &left)) {
        err_report(&left, u"remove what verify made");
        good = false;
    }
    if (!good)
        return EXIT_RINGFENCE;
    return has_held() ? EXIT_OK : 1;
}
