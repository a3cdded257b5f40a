/* SPDX-License-Identifier: MIT
 *
 * ringfence status: what holds in this directory, the level first.
 */
#include "cli.h"
#include "confine.h"
#include "core/aclstate.h"
#include "core/exitcode.h"
#include "core/json.h"
#include "core/netcheck.h"
#include "grant/boxsize.h"
#include "grant/ledger.h"
#include "grant/roster.h"
#include "grant/setup_user.h"
#include "grant/volumes.h"
#include "grant/walking.h"
#include "report.h"
#include "verify/canary.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/process.h"
#include "win/security.h"

#define NETWORK_OFF u"off: by environment and denybin only (advisory), no kernel holds it"
#define NETWORK_HELD                                                                     \
    u"off: held by the kernel, firewall rules and filters on the sandbox account"
#define AS_OUTSIDE u"as the fence around this process has it"
#define TOLD_ALL   u". `ringfence status` explains, `deactivate` leaves."
#define NO_LABEL   u"           "
#define BOX_MS     1000u        /* for each of its directories */
#define SECOND     10000000u    /* in FILETIME's 100 ns */
#define UNIX_EPOCH 11644473600u /* seconds from 1601 to 1970 */

/* What is looked up besides the context, before anything is printed. */
static struct {
    struct context context;
    struct ledger ledger;
    bool has_ledger;
    uint64_t now; /* FILETIME */
    struct security list;
    char16_t path[WIN_PATH_CAP];
    char16_t reads[256], volumes[512];
    struct boxsize temp, cache;
} status;

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

/* The i-th root's path, terminated. */
static struct u16s root_path(size_t i)
{
    struct u16buf path = U16BUF(status.path);

    u16buf_add(&path, status.context.root_list[i].path);
    return u16buf_text(&path);
}

/* What the journal says of the i-th root, or NULL. */
static const struct journal_record *root_record(size_t i)
{
    return status.has_ledger
               ? ledger_root(&status.ledger, status.context.root_list[i].digest)
               : NULL;
}

/* Whether the token has the root, as a launch would make it. */
static bool is_active(size_t i)
{
    return i == 0 || status.context.root_list[i].usable;
}

static void gather(void)
{
    struct context *c = &status.context;
    struct u16buf reads = U16BUF(status.reads), volumes = U16BUF(status.volumes);
    struct err err;

    status.now = win_time();
    status.has_ledger = ledger_read(c->data.at, &status.ledger, &err);
    if (!status.has_ledger)
        err_report(&err, u"read the journal");
    for (size_t i = 1; i < c->root_count; i++) {
        root_path(i);
        if (!context_hash_path(status.path, c->root_list[i].digest, &err))
            continue; /* not there: nor is it in the journal by this digest */
    }
    setup_user_status(c, &reads);
    volumes_without_acls(&volumes);
    boxsize_look(c->temp.at, BOX_MS, &status.temp);
    boxsize_look(c->cache.at, BOX_MS, &status.cache);
}

/* Pieces of lines. */

static void add_date(struct u16buf *b, uint64_t time)
{
    FILETIME utc = { (DWORD)time, (DWORD)(time >> 32) }, local;
    SYSTEMTIME date;

    if (!FileTimeToLocalFileTime(&utc, &local) || !FileTimeToSystemTime(&local, &date))
        return;
    u16buf_add_dec(b, date.wYear);
    u16buf_addz(b, date.wMonth > 9 ? u"-" : u"-0");
    u16buf_add_dec(b, date.wMonth);
    u16buf_addz(b, date.wDay > 9 ? u"-" : u"-0");
    u16buf_add_dec(b, date.wDay);
}

static void add_age(struct u16buf *b, uint64_t time)
{
    uint64_t s = status.now > time ? (status.now - time) / SECOND : 0;
    bool minutes = s >= 120, hours = s >= 7200, days = s >= 172800;

    u16buf_add_dec(b, days ? s / 86400 : hours ? s / 3600 : minutes ? s / 60 : s);
    u16buf_addz(b, days      ? u" days ago"
                   : hours   ? u" h ago"
                   : minutes ? u" min ago"
                             : u" s ago");
}

static void add_of(struct u16buf *b, unsigned part, unsigned all, const char16_t *what)
{
    u16buf_add_dec(b, part);
    u16buf_addz(b, u" of ");
    u16buf_add_dec(b, all);
    u16buf_addz(b, what);
}

static void print_proof(const char *of, const struct canary_proof *proof)
{
    char16_t text[640];
    struct u16buf b = U16BUF(text);

    u16buf_add_ascii(&b, of);
    add_age(&b, proof->time);
    u16buf_addz(&b, u": ");
    if (!proof->held) {
        u16buf_add_ascii(&b, proof->why);
        u16buf_addz(&b, u"; ");
    }
    add_of(&b, proof->outside_denied, proof->outside_total, u" acts outside denied, ");
    add_of(&b, proof->inside_allowed, proof->inside_total, u" inside allowed");
    if (proof->net_held) {
        u16buf_addz(&b, u"; network held by the traffic cap alone: ");
        netcheck_list(proof->net_held, &b);
    }
    out_line(OUT_STDOUT, u"canary     ", text);
}

static void print_canary(enum fence fence)
{
    struct canary_proof proof;

    if (canary_read(&status.context, fence, &proof))
        print_proof(fence == FENCE_STRICT ? "strict fence, " : "standard fence, ",
                    &proof);
}

/* How far the i-th root's grant is, in the journal's words. */
static void add_grant(struct u16buf *b, size_t i)
{
    const struct journal_record *r = root_record(i);

    if (!r || r->state == JOURNAL_CLEARED) {
        u16buf_addz(b, status.has_ledger ? u"not granted yet"
                                         : u"the journal that knows cannot be read");
        return;
    }
    if (r->state == JOURNAL_DONE) {
        walking_add_count(b, r->entries);
        u16buf_addz(b, u" files and directories, granted ");
        add_date(b, r->time);
    } else {
        u16buf_addz(b, r->state == JOURNAL_BEGUN ? u"grant begun " : u"clean begun ");
        add_date(b, r->time);
        u16buf_addz(b, r->state == JOURNAL_BEGUN
                           ? u" and not finished: `ringfence grant` continues"
                           : u" and not finished: `ringfence clean` continues");
    }
    if (r->failed) {
        u16buf_addz(b, u", ");
        walking_add_count(b, r->failed);
        u16buf_addz(b, u" failed");
    }
}

static void print_writes(void)
{
    const struct context *c = &status.context;
    bool fenced = c->verdict.level != LEVEL_ADVISORY;
    const char16_t *label = u"writes     ";

    if (!fenced) {
        out_line(OUT_STDOUT, label,
                 c->inside ? u"as the fence around this process has it"
                           : u"not confined");
        label = NO_LABEL;
    }
    for (size_t i = 0; i < c->root_count; i++) {
        const struct journal_record *r = root_record(i);
        char16_t text[256];
        struct u16buf b = U16BUF(text);

        if (!fenced && (!r || r->state == JOURNAL_CLEARED))
            continue;
        add_grant(&b, i);
        if (fenced && !is_active(i))
            u16buf_addz(&b, u"; not writable: it is not ready for the fence");
        root_path(i);
        out_line(OUT_STDOUT, label, status.path, u"  ", text);
        label = NO_LABEL;
    }
}

enum name_state { NAME_MISSING, NAME_OPEN, NAME_PROTECTED };

/* Whether the last grant of the i-th root has met what is at status.path, which could
 * have been made since with any list; true as well where that is not on record. */
static bool is_on_roster(size_t i)
{
    auto_handle HANDLE file = NULL;
    struct err ignored;

    return !roster_read(&status.context, status.context.root_list[i].digest) ||
           (file_open(status.path, FILE_READ_ATTRIBUTES, &file, &ignored) &&
            roster_has(file));
}

/* Whether the name is there directly in the i-th root, and carries a deny for
 * it. */
static enum name_state look_at_name(size_t i, struct u16s name)
{
    const struct sid sid = sid_ours(status.context.root_list[i].digest);
    struct u16buf path = U16BUF(status.path);
    struct err ignored;

    u16buf_add(&path, status.context.root_list[i].path);
    u16buf_addc(&path, u'\\');
    u16buf_add(&path, name);
    if (path.cut || file_kind(status.path) == FILE_ABSENT)
        return NAME_MISSING;
    return security_read(status.path, &status.list, &ignored) == SECURITY_READ &&
                   aclstate_was_protected(&status.list.sd.dacl, &sid) && is_on_roster(i)
               ? NAME_PROTECTED
               : NAME_OPEN;
}

static void print_names(size_t i, const char16_t *label, bool fenced)
{
    static char16_t text[POLICY_TEXT_CAP];
    struct u16buf b = U16BUF(text);
    size_t found = 0, missing = 0;

    for (size_t n = 0; confine_watched(&status.context, n).len; n++) {
        struct u16s name = confine_watched(&status.context, n);
        enum name_state state = look_at_name(i, name);

        missing += state == NAME_MISSING;
        found += state != NAME_MISSING;
        if (state == NAME_MISSING)
            continue;
        u16buf_add(&b, name);
        if (fenced && state == NAME_OPEN)
            u16buf_addz(&b, u" (not yet: ringfence grant)");
        u16buf_addz(&b, u"  ");
    }
    u16buf_addz(&b, u"(");
    u16buf_add_dec(&b, found);
    u16buf_addz(&b, u" found, ");
    u16buf_add_dec(&b, missing);
    u16buf_addz(&b, fenced ? u" missing: watched)" : u" missing)");
    root_path(i);
    out_line(OUT_STDOUT, label, fenced ? u"" : u"nothing (advisory): ", text,
             i ? u" in " : u"", i ? status.path : u"");
}

static const char16_t *policy_state(const struct context *c)
{
    if (file_kind(c->policy_path.at) != FILE_IS_FILE)
        return u" (not there: defaults)";
    return c->policy.workspace.len ? u" ([section] for this workspace)" : u" ([default])";
}

/* At enforced the sandbox account has the rights that it was given, and no network. */
static bool is_held(const struct context *c)
{
    return c->verdict.level == LEVEL_ENFORCED;
}

static const char16_t *network_text(const struct context *c)
{
    return c->network_on ? u"on" : is_held(c) ? NETWORK_HELD : NETWORK_OFF;
}

static const char16_t *reads_text(const struct context *c)
{
    if (c->inside)
        return AS_OUTSIDE u"; ";
    if (is_held(c))
        return u"as the sandbox account may; ";
    return c->verdict.level != LEVEL_ADVISORY && c->fence == FENCE_STRICT
               ? u""
               : u"not confined; for the strict fence: ";
}

static void print_box(const struct context *c)
{
    char16_t temp[64], cache[64];
    struct u16buf t = U16BUF(temp), k = U16BUF(cache);

    boxsize_add(&t, &status.temp);
    boxsize_add(&k, &status.cache);
    if (file_kind(c->temp.at) != FILE_IS_DIRECTORY) {
        out_line(OUT_STDOUT, u"box        ", c->temp.at, u" (made at the first run)");
        out_line(OUT_STDOUT, NO_LABEL, c->cache.at);
        return;
    }
    out_line(OUT_STDOUT, u"box        ", c->temp.at, u"  ", temp);
    out_line(OUT_STDOUT, NO_LABEL, c->cache.at, u"  ", cache);
}

static void print_journal(void)
{
    char16_t text[24];
    struct u16buf b = U16BUF(text);

    if (!status.has_ledger || !status.ledger.journal.damaged)
        return;
    walking_add_count(&b, status.ledger.journal.damaged);
    out_line(OUT_STDOUT, u"journal    damaged in ", text,
             u" places: `ringfence clean PATH` looks without it");
}

static void print_text(const struct context *c)
{
    bool fenced = c->verdict.level != LEVEL_ADVISORY;
    struct canary_proof proof;

    out_line(OUT_STDOUT, u"level      ",
             c->inside ? u"inside a fence: the token says so" : level_text(c));
    print_canary(c->fence);
    print_canary(c->fence == FENCE_STRICT ? FENCE_STANDARD : FENCE_STRICT);
    if (canary_read_enforced(c, &proof))
        print_proof("enforced, ", &proof);
    out_line(OUT_STDOUT, u"workspace  ", c->root.at);
    print_writes();
    for (size_t i = 0; i < c->root_count; i++)
        if (is_active(i))
            print_names(i, i ? NO_LABEL : u"protected  ", fenced || c->inside);
    out_line(OUT_STDOUT, u"reads      ", reads_text(c), status.reads);
    if (fenced && !process_can_choose())
        out_line(OUT_STDOUT, u"handles    ",
                 u"a tool inherits all that are inheritable: this Windows cannot choose");
    out_line(OUT_STDOUT, u"network    ", network_text(c));
    print_box(c);
    out_line(OUT_STDOUT, u"policy     ", c->policy_path.at, policy_state(c));
    out_line(OUT_STDOUT, u"install    ", c->install.len ? c->install.at : u"none found");
    print_journal();
    if (status.volumes[0])
        out_line(OUT_STDOUT, u"not fenced ", status.volumes, u": no ACLs");
}

static void json_proof(struct json *json, const char *of,
                       const struct canary_proof *proof)
{
    char16_t text[320];
    struct u16buf held = U16BUF(text);

    netcheck_list(proof->net_held, &held);
    json_open(json, NULL, u'{');
    json_ascii(json, "fence", of);
    json_bool(json, "held", proof->held);
    json_ascii(json, "why", proof->why);
    json_number(json, "outside_denied", proof->outside_denied);
    json_number(json, "outside_total", proof->outside_total);
    json_number(json, "inside_allowed", proof->inside_allowed);
    json_number(json, "inside_total", proof->inside_total);
    json_number(json, "time", proof->time / SECOND - UNIX_EPOCH);
    json_text(json, "network_held_by_the_traffic_cap_alone", u16buf_text(&held));
    json_close(json, u'}');
}

static void json_canary(struct json *json, enum fence fence)
{
    struct canary_proof proof;

    if (canary_read(&status.context, fence, &proof))
        json_proof(json, fence_name(fence), &proof);
}

static void json_root(struct json *json, size_t i)
{
    static const char *const states[JOURNAL_STATE_COUNT] = {
        [JOURNAL_BEGUN] = "begun",
        [JOURNAL_DONE] = "done",
        [JOURNAL_CLEARING] = "clearing",
        [JOURNAL_CLEARED] = "cleared",
    };
    static const char *const found[] = { "missing", "open", "protected" };
    const struct journal_record *r = root_record(i);

    json_open(json, NULL, u'{');
    json_text(json, "path", root_path(i));
    json_bool(json, "usable", status.context.root_list[i].usable);
    json_ascii(json, "grant",
               r                   ? states[r->state]
               : status.has_ledger ? "none"
                                   : "unknown");
    json_number(json, "grant_time", r ? r->time / SECOND - UNIX_EPOCH : 0);
    json_number(json, "entries", r ? r->entries : 0);
    json_number(json, "failed", r ? r->failed : 0);
    json_open(json, "protected", u'[');
    for (size_t n = 0; confine_watched(&status.context, n).len; n++) {
        struct u16s name = confine_watched(&status.context, n);

        json_open(json, NULL, u'{');
        json_text(json, "name", name);
        json_ascii(json, "state", found[look_at_name(i, name)]);
        json_close(json, u'}');
    }
    json_close(json, u']');
    json_close(json, u'}');
}

static void json_box(struct json *json, const char *name, const struct boxsize *size)
{
    json_open(json, name, u'{');
    json_number(json, "bytes", size->bytes);
    json_number(json, "files", size->files);
    json_bool(json, "whole", size->whole);
    json_close(json, u'}');
}

/* What this command has looked up itself. */
static void json_status(struct json *json)
{
    const struct context *c = &status.context;
    struct canary_proof proof;
    bool fenced = c->verdict.level != LEVEL_ADVISORY;

    json_ascii(json, "fence", fenced ? fence_name(c->fence) : "none");
    json_open(json, "canary", u'[');
    json_canary(json, FENCE_STANDARD);
    json_canary(json, FENCE_STRICT);
    if (canary_read_enforced(c, &proof))
        json_proof(json, "enforced", &proof);
    json_close(json, u']');
    json_bool(json, "writes_confined", fenced || c->inside);
    json_open(json, "roots", u'[');
    for (size_t i = 0; i < c->root_count; i++)
        json_root(json, i);
    json_close(json, u']');
    json_bool(json, "journal_read", status.has_ledger);
    json_number(json, "journal_damaged",
                status.has_ledger ? status.ledger.journal.damaged : 0);
    json_bool(json, "reads_confined", is_held(c) || (fenced && c->fence == FENCE_STRICT));
    json_text(json, "reads", u16s_of(status.reads));
    json_bool(json, "handles_chosen", process_can_choose());
    json_bool(json, "policy_there", file_kind(c->policy_path.at) == FILE_IS_FILE);
    json_bool(json, "box_there", file_kind(c->temp.at) == FILE_IS_DIRECTORY);
    json_box(json, "temp_size", &status.temp);
    json_box(json, "cache_size", &status.cache);
    json_text(json, "not_fenced", u16s_of(status.volumes));
}

static void print_json(const struct context *c)
{
    static char16_t text[8 * WIN_PATH_CAP];
    struct u16buf b = U16BUF(text);
    struct json json;

    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_ascii(&json, "version", RINGFENCE_VERSION);
    json_ascii(&json, "level", level_name(c->verdict.level));
    json_ascii(&json, "reason", c->verdict.reason);
    json_bool(&json, "lost", c->verdict.lost);
    json_bool(&json, "inside", c->inside);
    json_text(&json, "wine", u16s_of(c->wine));
    json_text(&json, "workspace", u16buf_text(&c->root));
    json_ascii(&json, "network", c->network_on ? "on" : "off");
    json_bool(&json, "network_enforced", is_held(c) && !c->network_on);
    json_number(&json, "dead_port", c->dead_port);
    json_text(&json, "temp", u16buf_text(&c->temp));
    json_text(&json, "cache", u16buf_text(&c->cache));
    json_text(&json, "policy", u16buf_text(&c->policy_path));
    json_text(&json, "policy_section", c->policy.workspace);
    json_text(&json, "install", u16buf_text(&c->install));
    json_status(&json);
    json_close(&json, u'}');
    u16buf_addc(&b, u'\n');
    /* Not as a line: those are cut where a person has had enough. */
    out_text(OUT_STDOUT, b.cut ? U16S("{}\n") : u16buf_text(&b));
}

/* One line where the level is what was asked for; else its reason has one to itself. */
static void print_line(const struct context *c)
{
    bool plain =
        c->verdict.level != LEVEL_ADVISORY && !c->verdict.reason[0] && !c->inside;
    const char16_t *network = c->network_on ? u"on" : u"off";

    out_line(OUT_STDERR, u"ringfence: ", level_text(c), plain ? u", network " : u"",
             plain ? network : u"", plain ? u", writes to " : u"",
             plain ? c->root.at : u"", plain ? TOLD_ALL : u"");
    if (!plain)
        out_line(OUT_STDERR, u"ringfence: network ", network, u" in ", c->root.at,
                 TOLD_ALL);
}

uint32_t cmd_status(struct cli *cli)
{
    struct context *c = &status.context;
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
    if (!context_begin(c, &err) || !context_complete(c, &wish, &err)) {
        report_context_failure(c, &err);
        return EXIT_RINGFENCE;
    }
    if (shown.one_line) {
        print_line(c);
        return EXIT_OK;
    }
    gather();
    if (shown.json)
        print_json(c);
    else
        print_text(c);
    return EXIT_OK;
}
