/* SPDX-License-Identifier: MIT
 *
 * ringfence explain: may this be done to that path, under which fence, and which entry
 * decides.  Computed by the access-check model on the real descriptors; changes nothing.
 */
#include "cli.h"
#include "core/aclstate.h"
#include "core/exitcode.h"
#include "core/fence.h"
#include "core/json.h"
#include "core/pathsearch.h"
#include "core/sandbox.h"
#include "core/why.h"
#include "grant/volumes.h"
#include "report.h"
#include "win/account.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/security.h"
#include "win/treewalk.h"

enum act { ACT_READ, ACT_WRITE, ACT_DELETE, ACT_RENAME };

/* Who acts: the user as he is, or one of the fences, or the sandbox account in its own.
 */
enum actor { ACTOR_USER, ACTOR_STANDARD, ACTOR_STRICT, ACTOR_ACCOUNT, ACTOR_COUNT };

static const struct {
    const char16_t *label;
    const char *json;
} actors[ACTOR_COUNT] = {
    { u"without a fence", "none" },
    { u"standard fence", "standard" },
    { u"strict fence", "strict" },
    { u"level enforced", "enforced" },
};

#define ACCOUNT_SIDS 11u /* find_account's */

/* Whom --level asks about. */
enum asked {
    ASKED_NOTHING,
    ASKED_ADVISORY,
    ASKED_STANDARD,
    ASKED_STRICT,
    ASKED_CONFINED,
    ASKED_ENFORCED
};

static struct {
    struct context context;
    struct security_token token;
    struct security object, parent, other;
    struct accesscheck_sid sids[SECURITY_GROUPS_MAX + 1];
    struct fence_list list;
    struct accesscheck_sid account[ACCOUNT_SIDS]; /* the sandbox account's token */
    struct accesscheck_file_verdict verdict[ACTOR_COUNT];
    bool bare[ACTOR_COUNT]; /* renamed by a bare name only */
    char16_t path[WIN_PATH_CAP], parent_path[WIN_PATH_CAP], text[4096];
    char16_t real[WIN_PATH_CAP];    /* links on the way to it resolved */
    char16_t root[WIN_PATH_CAP];    /* the innermost that it is in, or "" */
    char16_t guarded[WIN_PATH_CAP]; /* it, or the protected name that it is in, or "" */
    char16_t other_path[WIN_PATH_CAP];
    struct volume volume;
    bool denied;    /* what is guarded carries a deny of ours */
    uint32_t names; /* of the file; 1 for anything else */
    enum act act;
    enum asked asked;
    bool has_object, has_parent, has_account, json;
} explain;

static const char *const act_names[] = { "read", "write", "delete", "rename" };

static bool read_act(struct u16s word, enum act *act)
{
    for (size_t i = 0; i < sizeof act_names / sizeof act_names[0]; i++) {
        if (u16s_is(word, act_names[i])) {
            *act = (enum act)i;
            return true;
        }
    }
    return false;
}

/* The parts of a fence's token: every root that is there, ready or not, for the next
 * launch makes them ready. */
static struct fence_parts token_parts(void)
{
    const struct context *c = &explain.context;
    struct fence_parts parts = { .root = { sid_ours(c->root_hash) },
                                 .root_count = 1,
                                 .user = explain.token.user,
                                 .has_logon = explain.token.has_logon,
                                 .logon = explain.token.logon };
    static const uint8_t nobody[32];

    parts.run = sid_ours(nobody); /* a run's SID is on no file */
    for (size_t i = 1; i < c->root_count; i++) {
        struct u16buf path = U16BUF(explain.other_path);
        uint8_t digest[SHA256_BYTES];
        struct err ignored;

        u16buf_add(&path, c->root_list[i].path);
        if (!path.cut && context_hash_path(explain.other_path, digest, &ignored))
            parts.root[parts.root_count++] = sid_ours(digest);
    }
    return parts;
}

/* What setup makes, as far as it is there; a line that names the rest in *missing.  For
 * the other SIDs: MS: Well-known SIDs.  Its logon SID is on no file. */
static bool find_account(struct u16buf *missing)
{
    static const uint32_t nt[] = { 4, 11, 15, 113 }; /* interactive, authenticated, this
                                                        organization, local account */
    const char16_t *user = explain.context.network_on ? SANDBOX_ONLINE : SANDBOX_OFFLINE;
    struct accesscheck_sid *to = explain.account;
    struct err unused;

    if (!account_find(user, ACCOUNT_IS_USER, &to++->sid, &unused)) {
        u16buf_addz(missing, u"no account ");
        u16buf_addz(missing, user);
    }
    if (!account_find(SANDBOX_GROUP, ACCOUNT_IS_GROUP, &to++->sid, &unused)) {
        u16buf_addz(missing, missing->len ? u" and no group " : u"no group ");
        u16buf_addz(missing, SANDBOX_GROUP);
    }
    to++->sid = sid_everyone();
    to++->sid = sid_well_known(SID_USERS);
    to++->sid = sid_short(2, 1, 0, 0);   /* LOCAL */
    to++->sid = sid_short(2, 1, 1, 0);   /* CONSOLE LOGON */
    to++->sid = sid_short(5, 2, 64, 10); /* NTLM */
    for (size_t i = 0; i < sizeof nt / sizeof nt[0]; i++)
        to++->sid = sid_short(5, 1, nt[i], 0);
    for (size_t i = 0; i < ACCOUNT_SIDS; i++)
        explain.account[i].enabled = true;
    return missing->len == 0;
}

/* The runner's standard fence over that account's token. */
static struct accesscheck_token account_token(void)
{
    struct accesscheck_token own = { .sid = explain.account,
                                     .sid_count = ACCOUNT_SIDS,
                                     .level = SID_LEVEL_MEDIUM,
                                     .no_write_up = explain.token.model.no_write_up };
    struct accesscheck_token out;
    struct fence_parts parts = token_parts();

    parts.user = explain.account[0].sid;
    parts.has_logon = false;
    fence_list(FENCE_STANDARD, &parts, &explain.list);
    fence_model(&own, &explain.list, explain.sids, &out);
    return out;
}

/* The token of an actor, as the model has it. */
static struct accesscheck_token actor_token(enum actor actor)
{
    struct accesscheck_token out = explain.token.model;
    struct fence_parts parts;

    if (actor == ACTOR_USER)
        return out;
    if (actor == ACTOR_ACCOUNT)
        return account_token();
    parts = token_parts();
    fence_list(actor == ACTOR_STRICT ? FENCE_STRICT : FENCE_STANDARD, &parts,
               &explain.list);
    fence_model(&explain.token.model, &explain.list, explain.sids, &out);
    if (explain.context.policy.lowered && out.level > SID_LEVEL_LOWERED)
        out.level = SID_LEVEL_LOWERED;
    return out;
}

static bool has_no_acls(void)
{
    return explain.has_object ? explain.object.no_acls : explain.parent.no_acls;
}

/* What the act asks of the file, or of its directory when it is not there yet. */
static void decide(enum actor actor)
{
    struct accesscheck_file_verdict *v = &explain.verdict[actor];
    struct accesscheck_token token = actor_token(actor);
    const struct secdesc *parent = explain.has_parent ? &explain.parent.sd : NULL;
    const struct secdesc *object = &explain.object.sd;

    if (!explain.has_object) {
        accesscheck_file(&token, parent, NULL, RIGHT_FILE_ADD_FILE, v);
    } else if (explain.act == ACT_RENAME) {
        struct accesscheck_file_verdict by_path;

        accesscheck_rename(&token, object, parent, parent, explain.object.is_directory,
                           &by_path);
        accesscheck_rename(&token, object, parent, NULL, explain.object.is_directory, v);
        explain.bare[actor] = v->allowed && !by_path.allowed && !has_no_acls();
    } else {
        static const uint32_t asked[] = { [ACT_READ] = RIGHT_FILE_GENERIC_READ,
                                          [ACT_WRITE] = RIGHT_FILE_GENERIC_WRITE,
                                          [ACT_DELETE] = RIGHT_DELETE };
        accesscheck_file(&token, object, parent, asked[explain.act], v);
    }
    v->allowed = v->allowed || has_no_acls(); /* nobody asks the model there */
}

/* "E:\ keeps no ACLs (FAT32): no fence holds there" */
static void add_volume(struct u16buf *b)
{
    struct u16s path = u16s_of(explain.real);

    u16buf_add(b, path.len > 2 && path.at[1] == u':' ? u16s_head(path, 3)
                                                     : U16S("its volume"));
    u16buf_addz(b, u" keeps no ACLs");
    if (explain.volume.file_system[0]) {
        u16buf_addz(b, u" (");
        u16buf_addz(b, explain.volume.file_system);
        u16buf_addz(b, u")");
    }
    u16buf_addz(b, u": no fence holds there");
}

/* The reason for an actor's verdict. */
static void add_reason(struct u16buf *b, enum actor actor)
{
    const struct accesscheck_file_verdict *v = &explain.verdict[actor];
    bool account = actor == ACTOR_ACCOUNT;
    const struct why_about it = { &explain.object.sd, u"it", explain.object.is_directory,
                                  account };
    const struct why_about parent = { &explain.parent.sd, explain.parent_path, true,
                                      account };
    bool moves = explain.act >= ACT_DELETE && explain.has_parent;

    if (has_no_acls()) {
        add_volume(b);
    } else if (!explain.has_object) {
        u16buf_addz(b, u"it is not there yet; ");
        why_add_verdict(b, &v->object, &parent);
    } else if (v->by_parent) {
        u16buf_addz(b, u"through FILE_DELETE_CHILD on ");
        u16buf_addz(b, explain.parent_path);
        u16buf_addz(b, u", ");
        why_add_verdict(b, &v->parent, &parent);
    } else {
        why_add_verdict(b, &v->object, &it);
        if (!v->allowed && moves) {
            u16buf_addz(b, why_is_missing(&v->object)
                               ? u", nor FILE_DELETE_CHILD on "
                               : u", and without FILE_DELETE_CHILD on ");
            u16buf_addz(b, explain.parent_path);
        }
    }
    if (explain.bare[actor])
        u16buf_addz(b, u"; by a bare name (NtSetInformationFile) only, since MoveFile "
                       u"asks to add to the directory");
}

static const char16_t *reason(enum actor actor)
{
    struct u16buf b = U16BUF(explain.text);

    add_reason(&b, actor);
    return explain.text;
}

/* Whether an entry that the model cannot read may change a verdict. */
static bool is_unsure(void)
{
    for (enum actor a = ACTOR_USER; a < ACTOR_COUNT; a++) {
        const struct accesscheck_file_verdict *v = &explain.verdict[a];
        const struct accesscheck_verdict *const parts[] = { &v->object, &v->parent,
                                                            &v->target };

        for (size_t i = 0; i < 3; i++)
            if (parts[i]->ordinary.unsure || parts[i]->restricting.unsure)
                return true;
    }
    return false;
}

static enum actor fence_actor(enum fence fence)
{
    return fence == FENCE_STRICT ? ACTOR_STRICT : ACTOR_STANDARD;
}

/* Who a tool would be here; inside a fence our own token is the fenced one. */
static enum actor in_force(void)
{
    const struct context *c = &explain.context;

    if (c->inside || c->verdict.level == LEVEL_ADVISORY)
        return ACTOR_USER;
    return c->verdict.level == LEVEL_ENFORCED ? ACTOR_ACCOUNT : fence_actor(c->fence);
}

/* The last of whom there is a verdict, and one more. */
static enum actor actor_end(void)
{
    return explain.has_account ? ACTOR_COUNT : ACTOR_ACCOUNT;
}

/* Whose verdict comes first. */
static enum actor answer(void)
{
    switch (explain.asked) {
    case ASKED_ADVISORY:
        return ACTOR_USER;
    case ASKED_STANDARD:
        return ACTOR_STANDARD;
    case ASKED_STRICT:
        return ACTOR_STRICT;
    case ASKED_CONFINED:
        return fence_actor(explain.context.fence);
    case ASKED_ENFORCED:
        return ACTOR_ACCOUNT;
    case ASKED_NOTHING:
        break;
    }
    return in_force();
}

static void print_first(enum actor who)
{
    const char16_t *whose = actors[who].label;

    if (who == ACTOR_USER)
        whose = explain.context.inside ? u"by this process's own token, inside a fence"
                                       : u"advisory, no fence";
    out_line(OUT_STDOUT, explain.verdict[who].allowed ? u"allowed  " : u"denied   ",
             whose, who == in_force() ? u": " : u" (not in force here): ", reason(who));
}

/* What the names of things, not the model, have to say. */
static void print_notes(void)
{
    char16_t text[24];
    struct u16buf count = U16BUF(text);
    bool changes = explain.act != ACT_READ && !has_no_acls();

    if (changes && !explain.root[0] && !explain.verdict[ACTOR_STRICT].allowed)
        out_line(OUT_STDOUT,
                 u"  it is in no writable root: `ringfence run --root DIR`, or "
                 u"root = DIR in the policy, adds one");
    if (changes && explain.guarded[0])
        out_line(OUT_STDOUT, u"  ", explain.guarded,
                 explain.denied
                     ? u" is a protected name: it, and what is in it, stays as it is"
                     : u" is a protected name, and no entry of ours denies it yet: "
                       u"`ringfence grant`");
    u16buf_add_dec(&count, explain.names);
    if (changes && explain.root[0] && explain.names > 1 &&
        !explain.context.policy.hard_links)
        out_line(OUT_STDOUT, u"  it has ", text,
                 u" names (hard links): a fence may only read it, unless the policy says "
                 u"hard_links = write");
    if (answer() == ACTOR_ACCOUNT)
        out_line(OUT_STDOUT, u"  the account's token is worked out, not looked at: ",
                 SANDBOX_GROUP, u", and what every account here is in");
    if (is_unsure())
        out_line(OUT_STDOUT, u"  a conditional entry in its list may change that");
}

static void print_text(void)
{
    enum actor who = answer();
    enum actor against = who == ACTOR_STANDARD ? ACTOR_STRICT : ACTOR_STANDARD;

    print_first(who);
    if (explain.asked)
        out_line(OUT_STDOUT, u"(", actors[against].label,
                 explain.verdict[against].allowed ? u": allowed, " : u": denied, ",
                 reason(against), u")");
    for (enum actor a = ACTOR_USER; a < actor_end() && !explain.asked; a++)
        if (a != who)
            out_line(OUT_STDOUT, u"  ", actors[a].label,
                     explain.verdict[a].allowed ? u": would be allowed: "
                                                : u": would be denied: ",
                     reason(a));
    print_notes();
}

static void print_json(void)
{
    static char16_t text[WIN_PATH_CAP * 8];
    struct u16buf b = U16BUF(text);
    struct json json;

    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_ascii(&json, "act", act_names[explain.act]);
    json_text(&json, "path", u16s_of(explain.path));
    json_bool(&json, "exists", explain.has_object);
    json_ascii(&json, "fence", actors[answer()].json);
    json_bool(&json, "allowed", explain.verdict[answer()].allowed);
    json_open(&json, "fences", u'[');
    for (enum actor a = ACTOR_USER; a < actor_end(); a++) {
        json_open(&json, NULL, u'{');
        json_ascii(&json, "fence", actors[a].json);
        json_bool(&json, "in_force", a == in_force());
        json_bool(&json, "allowed", explain.verdict[a].allowed);
        json_text(&json, "reason", u16s_of(reason(a)));
        json_close(&json, u'}');
    }
    json_close(&json, u']');
    json_bool(&json, "inside", explain.context.inside);
    json_text(&json, "root", u16s_of(explain.root));
    json_text(&json, "protected", u16s_of(explain.guarded));
    json_bool(&json, "protected_denied", explain.denied);
    json_number(&json, "names", explain.names);
    json_bool(&json, "no_acls", has_no_acls());
    json_bool(&json, "unsure", is_unsure());
    json_close(&json, u'}');
    u16buf_addc(&b, u'\n');
    /* Not as a line: those are cut where a person has had enough. */
    out_text(OUT_STDOUT, b.cut ? U16S("{}\n") : u16buf_text(&b));
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
    while (path.len > 3 && explain.path[path.len - 1] == u'\\')
        explain.path[--path.len] = 0; /* its directory is not itself */
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

/* Whether path is dir or in it; both as the system spells them. */
static bool is_in(struct u16s path, struct u16s dir)
{
    return dir.len && u16s_istarts(path, dir) &&
           (path.len == dir.len || path.at[dir.len] == u'\\' ||
            dir.at[dir.len - 1] == u'\\');
}

/* The innermost root that it is in, and that root's SID. */
static bool find_root(struct sid *sid)
{
    const struct context *c = &explain.context;
    struct u16buf best = U16BUF(explain.root);
    bool found = false;

    for (size_t i = 0; i < c->root_count; i++) {
        static char16_t text[WIN_PATH_CAP];
        struct u16buf path = U16BUF(explain.other_path), real = U16BUF(text);
        uint8_t digest[SHA256_BYTES];
        struct err ignored;

        u16buf_add(&path, c->root_list[i].path);
        if (path.cut || !file_final_path(explain.other_path, false, &real, &ignored) ||
            !is_in(u16s_of(explain.real), u16buf_text(&real)) || real.len < best.len ||
            !context_hash_path(explain.other_path, digest, &ignored))
            continue;
        best = U16BUF(explain.root);
        u16buf_add(&best, u16buf_text(&real));
        *sid = sid_ours(digest);
        found = true;
    }
    return found;
}

/* The outermost protected name on the way from the root, itself included. */
static void find_guarded(const struct sid *sid)
{
    const struct policy *p = &explain.context.policy;
    const struct protected_names names = { p->protect, p->protect_count, p->git_commit };
    struct u16s real = u16s_of(explain.real), none = { NULL, 0 };
    struct u16s root = u16s_of(explain.root);
    struct u16s rest = u16s_from(real, root.len + (root.at[root.len - 1] != u'\\'));
    enum aclplan_kind kind = ACLPLAN_ROOT;
    struct u16buf path = U16BUF(explain.guarded);
    struct err ignored;

    while (rest.len && kind != ACLPLAN_PROTECTED) {
        struct u16s name = u16s_split(&rest, u'\\');

        kind = aclplan_kind_in(kind,
                               protected_name_of(&names, kind == ACLPLAN_GIT, name, none),
                               rest.at || explain.object.is_directory, names.git_commit);
    }
    if (kind != ACLPLAN_PROTECTED)
        return;
    u16buf_add(&path, u16s_head(real, real.len - (rest.at ? rest.len + 1 : 0)));
    explain.denied =
        security_read(explain.guarded, &explain.other, &ignored) == SECURITY_READ &&
        aclstate_was_protected(&explain.other.sd.dacl, sid);
}

/* Where it really is, and what that means; nothing of it changes a verdict. */
static void look_around(void)
{
    struct u16buf real = U16BUF(explain.real);
    struct u16s path = u16s_of(explain.path);
    auto_handle HANDLE open = NULL;
    struct err ignored;
    struct sid sid;

    explain.names = 1;
    if (file_open(explain.has_object ? explain.path : explain.parent_path,
                  FILE_READ_ATTRIBUTES, &open, &ignored)) {
        volume_of(open, &explain.volume);
        if (explain.has_object && !explain.object.is_directory &&
            !treewalk_link_count(open, &explain.names, &ignored))
            explain.names = 1;
    }
    /* The thing itself may be a link: it is what is asked about. */
    if (explain.has_parent &&
        file_final_path(explain.parent_path, false, &real, &ignored)) {
        if (real.len && real.at[real.len - 1] != u'\\')
            u16buf_addc(&real, u'\\');
        u16buf_add(&real, u16s_from(path, pathsearch_dir(path).len + 1));
    } else {
        u16buf_add(&real, path);
    }
    if (find_root(&sid))
        find_guarded(&sid);
}

static const char *set_json(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    explain.json = true;
    return NULL;
}

static const char *set_level(void *ctx, struct u16s value)
{
    static const char *const names[] = {
        [ASKED_ADVISORY] = "advisory", [ASKED_STANDARD] = "standard",
        [ASKED_STRICT] = "strict",     [ASKED_CONFINED] = "confined",
        [ASKED_ENFORCED] = "enforced",
    };

    (void)ctx;
    for (size_t i = ASKED_ADVISORY; i <= ASKED_ENFORCED; i++)
        if (u16s_is(value, names[i])) {
            explain.asked = (enum asked)i;
            return NULL;
        }
    return "--level is advisory, standard, strict, confined or enforced, not";
}

static const struct cli_option options[] = {
    { u"--json", CLI_FLAG, set_json },
    { u"--level", CLI_VALUE, set_level },
    { u"--as", CLI_VALUE, set_level },
};

/* Two words, the act and the path, and options in front, between and behind. */
static uint32_t read_words(struct cli *cli, struct u16buf *path)
{
    size_t words = 0;
    enum cli_end end;

    while ((end = cli_options(cli, options, sizeof options / sizeof options[0], NULL)) ==
           CLI_WORD) {
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

/* Whether whoever is asked about is somebody here. */
static bool look_for_account(void)
{
    struct u16buf missing = U16BUF(explain.text);

    explain.has_account = find_account(&missing);
    if (explain.has_account || answer() != ACTOR_ACCOUNT)
        return true;
    out_line(OUT_STDERR, u"ringfence: level enforced is nobody here: ", explain.text,
             u"; `ringfence setup` makes them");
    return false;
}

uint32_t cmd_explain(struct cli *cli)
{
    static char16_t given[WIN_PATH_CAP];
    struct u16buf path = U16BUF(given);
    struct context *c = &explain.context;
    const struct context_wish wish = { .look_only = true };
    struct err err = { 0 };
    uint32_t code = read_words(cli, &path);

    if (code != EXIT_OK)
        return code;
    if (!context_begin(c, &err) || !context_complete(c, &wish, &err)) {
        report_context_failure(c, &err);
        return EXIT_RINGFENCE;
    }
    if (!look_for_account())
        return EXIT_RINGFENCE;
    if (!security_token(&explain.token, &err) ||
        !read_objects(u16buf_text(&path), &err)) {
        err_report(&err, u"explain");
        return EXIT_RINGFENCE;
    }
    for (enum actor a = ACTOR_USER; a < actor_end(); a++)
        decide(a);
    look_around();
    if (explain.json)
        print_json();
    else
        print_text();
    return EXIT_OK;
}
