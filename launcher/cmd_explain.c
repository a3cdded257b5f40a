/* SPDX-License-Identifier: MIT
 *
 * ringfence explain: may this be done to that path, under which fence, and which entry
 * decides.  Computed by the access-check model on the real descriptors; changes nothing.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/fence.h"
#include "core/json.h"
#include "core/pathsearch.h"
#include "core/sddl.h"
#include "report.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/security.h"

enum act { ACT_READ, ACT_WRITE, ACT_DELETE, ACT_RENAME };

/* Who acts: the user as he is, or one of the fences. */
enum actor { ACTOR_USER, ACTOR_STANDARD, ACTOR_STRICT, ACTOR_COUNT };

static const struct {
    const char16_t *label;
    const char *json;
} actors[ACTOR_COUNT] = {
    { u"without a fence", "none" },
    { u"standard fence", "standard" },
    { u"strict fence", "strict" },
};

static struct {
    struct context context;
    struct security_token token;
    struct security object, parent;
    struct accesscheck_sid sids[SECURITY_GROUPS_MAX + 1];
    struct fence_list list;
    char16_t path[WIN_PATH_CAP], parent_path[WIN_PATH_CAP], text[4096];
    enum act act;
    bool has_object, has_parent, json;
} explain;

static bool read_act(struct u16s word, enum act *act)
{
    static const char16_t *const names[] = { u"read", u"write", u"delete", u"rename" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (u16s_eq(word, u16s_of(names[i]))) {
            *act = (enum act)i;
            return true;
        }
    }
    return false;
}

/* The token of an actor, as the model has it. */
static struct accesscheck_token actor_token(enum actor actor)
{
    const struct context *c = &explain.context;
    struct fence_parts parts = { .root = { sid_ours(c->root_hash) },
                                 .root_count = 1,
                                 .user = explain.token.user,
                                 .has_logon = explain.token.has_logon,
                                 .logon = explain.token.logon };
    struct accesscheck_token out = explain.token.model;
    static const uint8_t nobody[32];

    if (actor == ACTOR_USER)
        return out;
    parts.run = sid_ours(nobody); /* a run's SID is on no file */
    fence_list(actor == ACTOR_STRICT ? FENCE_STRICT : FENCE_STANDARD, &parts,
               &explain.list);
    fence_model(&explain.token.model, &explain.list, explain.sids, &out);
    return out;
}

/* What the act asks of the file, or of its directory when it is not there yet. */
static void decide(enum actor actor, struct accesscheck_file_verdict *v)
{
    struct accesscheck_token token = actor_token(actor);
    const struct secdesc *parent = explain.has_parent ? &explain.parent.sd : NULL;
    const struct secdesc *object = &explain.object.sd;

    if (!explain.has_object) {
        accesscheck_file(&token, parent, NULL, RIGHT_FILE_ADD_FILE, v);
    } else if (explain.act == ACT_RENAME) {
        accesscheck_rename(&token, object, parent, parent, explain.object.is_directory,
                           v);
    } else {
        static const uint32_t asked[] = { [ACT_READ] = RIGHT_FILE_GENERIC_READ,
                                          [ACT_WRITE] = RIGHT_FILE_GENERIC_WRITE,
                                          [ACT_DELETE] = RIGHT_DELETE };
        accesscheck_file(&token, object, parent, asked[explain.act], v);
    }
}

static void add_ace(struct u16buf *b, const struct acl *acl, size_t index)
{
    struct ace ace;

    if (index == ACCESSCHECK_NO_ACE || !acl_get(acl, index, &ace))
        return;
    u16buf_addz(b, u" by ");
    sddl_format_ace(&ace, b);
}

/* The rights of a mask by their names in winnt.h. */
static void add_rights(struct u16buf *b, uint32_t mask)
{
    static const struct {
        uint32_t bit;
        const char16_t *name;
    } rights[] = {
        { RIGHT_FILE_READ_DATA, u"FILE_READ_DATA" },
        { RIGHT_FILE_WRITE_DATA, u"FILE_WRITE_DATA" },
        { RIGHT_FILE_APPEND_DATA, u"FILE_APPEND_DATA" },
        { RIGHT_FILE_READ_EA, u"FILE_READ_EA" },
        { RIGHT_FILE_WRITE_EA, u"FILE_WRITE_EA" },
        { RIGHT_FILE_READ_ATTRIBUTES, u"FILE_READ_ATTRIBUTES" },
        { RIGHT_FILE_WRITE_ATTRIBUTES, u"FILE_WRITE_ATTRIBUTES" },
        { RIGHT_DELETE, u"DELETE" },
        { RIGHT_READ_CONTROL, u"READ_CONTROL" },
        { RIGHT_SYNCHRONIZE, u"SYNCHRONIZE" },
    };
    bool any = false;

    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        if (!(mask & rights[i].bit))
            continue;
        u16buf_addz(b, any ? u"|" : u"");
        u16buf_addz(b, rights[i].name);
        any = true;
    }
}

/* Why one pass said what it did, about the descriptor sd. */
static void add_pass(struct u16buf *b, const struct accesscheck_pass *pass,
                     const struct secdesc *sd, const char16_t *whom)
{
    switch (pass->why) {
    case ACCESSCHECK_DENY_ACE:
        u16buf_addz(b, u"denied to ");
        u16buf_addz(b, whom);
        add_ace(b, &sd->dacl, pass->ace);
        break;
    case ACCESSCHECK_NOT_GIVEN:
        u16buf_addz(b, u"nothing grants ");
        u16buf_addz(b, whom);
        u16buf_addc(b, u' ');
        add_rights(b, pass->missing);
        break;
    case ACCESSCHECK_LABEL:
        u16buf_addz(b, u"its label is above the token's level");
        add_ace(b, &sd->sacl, pass->ace);
        break;
    case ACCESSCHECK_NO_PRIVILEGE:
        u16buf_addz(b, u"a privilege is missing");
        break;
    case ACCESSCHECK_NULL_DACL:
        u16buf_addz(b, u"it has no DACL, which grants everyone everything");
        break;
    case ACCESSCHECK_OWNER:
        u16buf_addz(b, u"the owner may");
        break;
    case ACCESSCHECK_PRIVILEGE:
        u16buf_addz(b, u"a privilege allows it");
        break;
    case ACCESSCHECK_ALLOW_ACE:
        u16buf_addz(b, u"granted to ");
        u16buf_addz(b, whom);
        add_ace(b, &sd->dacl, pass->ace);
        break;
    case ACCESSCHECK_UNASKED:
    case ACCESSCHECK_DOMINATES:
        u16buf_addz(b, u"nothing had to be asked");
        break;
    }
}

static void add_verdict(struct u16buf *b, const struct accesscheck_verdict *v,
                        const struct secdesc *sd)
{
    switch (v->stage) {
    case ACCESSCHECK_BY_LABEL:
        add_pass(b, &v->label, sd, u"");
        break;
    case ACCESSCHECK_BY_RESTRICTING:
        add_pass(b, &v->restricting, sd, u"the restricting SIDs");
        break;
    case ACCESSCHECK_BY_PRIVILEGE:
    case ACCESSCHECK_BY_ORDINARY:
        add_pass(b, &v->ordinary, sd, u"your own token");
        break;
    }
}

/* The reason for an actor's verdict. */
static void add_reason(struct u16buf *b, const struct accesscheck_file_verdict *v)
{
    const struct secdesc *object =
        explain.has_object ? &explain.object.sd : &explain.parent.sd;

    if (!explain.has_object)
        u16buf_addz(b, u"it is not there yet; in its directory, ");
    if (explain.act == ACT_RENAME && (v->object.allowed || v->by_parent) &&
        !v->target.allowed) {
        u16buf_addz(b, u"in its directory, ");
        add_verdict(b, &v->target, &explain.parent.sd);
    } else if (v->by_parent) {
        u16buf_addz(b, u"through FILE_DELETE_CHILD on its directory: ");
        add_verdict(b, &v->parent, &explain.parent.sd);
    } else {
        add_verdict(b, &v->object, object);
        if (!v->allowed && explain.act >= ACT_DELETE && explain.has_parent)
            u16buf_addz(b, u", nor FILE_DELETE_CHILD on its directory");
    }
}

static const char16_t *reason(const struct accesscheck_file_verdict *v)
{
    struct u16buf b = U16BUF(explain.text);

    add_reason(&b, v);
    return explain.text;
}

static void print_text(const struct accesscheck_file_verdict *v)
{
    bool no_acls = explain.has_object ? explain.object.no_acls : explain.parent.no_acls;

    out_line(OUT_STDOUT, v[ACTOR_USER].allowed ? u"allowed  " : u"denied   ",
             u"advisory: no fence is in force. ", reason(&v[ACTOR_USER]));
    for (enum actor a = ACTOR_STANDARD; a < ACTOR_COUNT; a++)
        out_line(OUT_STDOUT, u"  ", actors[a].label,
                 v[a].allowed ? u": would be allowed: " : u": would be denied: ",
                 reason(&v[a]));
    if (no_acls)
        out_line(OUT_STDOUT, u"  its volume keeps no ACLs: no fence ever confines it");
}

static void print_json(const struct accesscheck_file_verdict *v)
{
    static char16_t text[WIN_PATH_CAP * 3];
    struct u16buf b = U16BUF(text);
    struct json json;

    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_text(&json, "path", u16s_of(explain.path));
    json_bool(&json, "exists", explain.has_object);
    json_bool(&json, "allowed", v[ACTOR_USER].allowed);
    json_open(&json, "fences", u'[');
    for (enum actor a = ACTOR_USER; a < ACTOR_COUNT; a++) {
        json_open(&json, NULL, u'{');
        json_ascii(&json, "fence", actors[a].json);
        json_bool(&json, "in_force", a == ACTOR_USER);
        json_bool(&json, "allowed", v[a].allowed);
        json_text(&json, "reason", u16s_of(reason(&v[a])));
        json_close(&json, u'}');
    }
    json_close(&json, u']');
    json_close(&json, u'}');
    out_line(OUT_STDOUT, b.cut ? u"{}" : text);
}

/* The descriptors of the path and of the directory it is in. */
static bool read_objects(struct u16s given, struct err *err)
{
    static char16_t word[WIN_PATH_CAP];
    struct u16buf z = U16BUF(word), path = U16BUF(explain.path);
    struct u16buf parent = U16BUF(explain.parent_path);
    enum security_read got;

    u16buf_add(&z, given);
    if (z.cut || !file_full_path(word, &path, err))
        return z.cut ? err_rule(err, "the path is too long", NULL) : false;
    got = security_read(explain.path, &explain.object, err);
    if (got == SECURITY_FAILED)
        return false;
    explain.has_object = got == SECURITY_READ;
    u16buf_add(&parent, pathsearch_dir(u16buf_text(&path)));
    if (parent.len == 2)
        u16buf_addc(&parent, u'\\'); /* the root of the drive */
    if (parent.len && parent.len < path.len)
        explain.has_parent =
            security_read(explain.parent_path, &explain.parent, err) == SECURITY_READ;
    if (!explain.has_object && (explain.act != ACT_WRITE || !explain.has_parent))
        return err_set(err, ERR_WIN32, ERROR_FILE_NOT_FOUND, "CreateFileW", explain.path);
    return true;
}

static const char *set_json(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    explain.json = true;
    return NULL;
}

static const struct cli_option options[] = { { u"--json", CLI_FLAG, set_json } };

/* Two words, the act and the path, and options in front, between and behind. */
static uint32_t read_words(struct cli *cli, struct u16buf *path)
{
    size_t words = 0;
    enum cli_end end;

    while ((end = cli_options(cli, options, 1, NULL)) == CLI_WORD) {
        struct u16s word = u16buf_text(&cli->word);

        if (words == 0 && !read_act(word, &explain.act))
            return cli_complain("explain read, write, delete or rename, not", word);
        if (words == 1)
            u16buf_add(path, word);
        if (++words > 2)
            return cli_complain("explain takes one path; also", word);
    }
    if (end == CLI_BAD)
        return EXIT_RINGFENCE;
    if (words < 2)
        return cli_complain(
            "explain what? ringfence explain write|delete|rename|read PATH",
            (struct u16s){ 0 });
    return EXIT_OK;
}

uint32_t cmd_explain(struct cli *cli)
{
    static char16_t given[WIN_PATH_CAP];
    struct u16buf path = U16BUF(given);
    struct accesscheck_file_verdict verdict[ACTOR_COUNT];
    const struct context_wish wish = { .look_only = true };
    struct err err = { 0 };
    uint32_t code = read_words(cli, &path);

    if (code != EXIT_OK)
        return code;
    if (!context_begin(&explain.context, &err) ||
        !context_complete(&explain.context, &wish, &err)) {
        report_context_failure(&explain.context, &err);
        return EXIT_RINGFENCE;
    }
    if (!security_token(&explain.token, &err) ||
        !read_objects(u16buf_text(&path), &err)) {
        err_report(&err, u"explain");
        return EXIT_RINGFENCE;
    }
    for (enum actor a = ACTOR_USER; a < ACTOR_COUNT; a++)
        decide(a, &verdict[a]);
    if (explain.json)
        print_json(verdict);
    else
        print_text(verdict);
    return EXIT_OK;
}
