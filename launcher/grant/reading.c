#include "grant/reading.h"

#include "core/bytes.h"
#include "core/pathsearch.h"
#include "core/rights.h"
#include "grant/ledger.h"
#include "grant/walking.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/security.h"

static struct {
    struct security_token own;
    struct security object;
    struct accesscheck_sid sids[SECURITY_GROUPS_MAX + 1];
    struct fence_list list;
    struct accesscheck_token token;
    struct walking walking;
    char16_t path[WIN_PATH_CAP], final[WIN_PATH_CAP], loaders[WIN_PATH_CAP];
} store;

/* The strict fence's token as the model has it, with all roots: a tool may be in one. */
static bool make_model(const struct context *c, struct err *err)
{
    struct fence_parts parts = { .root_count = 0 };

    for (; parts.root_count < c->root_count; parts.root_count++)
        parts.root[parts.root_count] = sid_ours(c->root_list[parts.root_count].digest);
    if (!security_token(&store.own, err))
        return false;
    parts.user = store.own.user;
    parts.has_logon = store.own.has_logon;
    parts.logon = store.own.logon;
    parts.run = context_run_sid();
    fence_list(FENCE_STRICT, &parts, &store.list);
    fence_model(&store.own.model, &store.list, store.sids, &store.token);
    return true;
}

static bool is_readable(const char16_t *path)
{
    struct accesscheck_file_verdict v;
    struct err err;

    if (security_read(path, &store.object, &err) != SECURITY_READ)
        return false;
    if (store.object.no_acls)
        return true;
    accesscheck_file(&store.token, &store.object.sd, NULL,
                     RIGHT_FILE_GENERIC_READ | RIGHT_FILE_GENERIC_EXECUTE, &v);
    return v.allowed;
}

static bool note(const struct context *c, enum journal_state state,
                 const struct grant_request *request, struct err *err)
{
    struct journal_record record = { .state = state,
                                     .plan = ACLPLAN_VERSION,
                                     .entries = store.walking.result.entries,
                                     .failed = store.walking.result.failed };
    uint8_t digest[SHA256_BYTES];

    if (!context_hash_path(request->path, digest, err))
        return false;
    bytes_copy(record.root, digest, sizeof record.root);
    return ledger_note(c->data.at, &record, request->path, err);
}

/* Gives the read SID its entries there, as setup --user does in the profile. */
static bool admit_one(const struct context *c, const char16_t *path, struct err *err)
{
    struct u16buf final = U16BUF(store.final);
    struct grant_request request = { .path = store.final,
                                     .sid = fence_read_sid(&store.own.user),
                                     .read = true };
    bool good = false;

    store.walking = (struct walking){ .data_dir = c->data.at,
                                      .verb = "let the strict fence read",
                                      .quiet = true };
    if (!file_final_path(path, false, &final, err) || !walking_begin(&store.walking, err))
        return false;
    if (note(c, JOURNAL_BEGUN, &request, err)) {
        walking_add(&store.walking, store.final, &request);
        good = walking_error(&store.walking, err) &&
               note(c, JOURNAL_DONE, &request, err) && is_readable(store.final);
        walking_show(&store.walking);
    }
    return walking_end(&store.walking, good) == 0;
}

static bool admit(const struct context *c, struct u16s dir)
{
    struct u16buf path = U16BUF(store.path);
    struct err err = { 0 };

    pathsearch_add_entry(&path, dir);
    if (!path.len || path.cut || u16s_istarts(u16buf_text(&path), U16S("\\\\")) ||
        file_kind(store.path) != FILE_IS_DIRECTORY || is_readable(store.path) ||
        admit_one(c, store.path, &err))
        return true;
    out_say(OUT_STDERR, "ringfence: the strict fence cannot read %", store.path);
    if (err.call)
        err_report(&err, u"let it");
    return false;
}

static bool is_remote(struct u16s path)
{
    return u16s_istarts(path, U16S("\\\\")) && !u16s_istarts(path, U16S("\\\\?\\"));
}

/* A process that cannot read its own file dies with 0xC0000022 before it has begun. */
static bool can_read_tool(struct u16s tool)
{
    struct u16buf path = U16BUF(store.path), final = U16BUF(store.final);
    struct err err = { 0 };
    bool found = false;

    u16buf_add(&path, tool);
    if (path.cut || is_remote(tool))
        return true;
    found = file_final_path(store.path, false, &final, &err);
    if (found && (is_remote(u16buf_text(&final)) || is_readable(store.final)))
        return true;
    out_say(OUT_STDERR, "ringfence: the strict fence cannot read %", store.path);
    if (found)
        out_say(OUT_STDERR,
                "  it has a list of its own: `ringfence explain read` shows it");
    else
        err_report(&err, u"look at it");
    return false;
}

/* What Node and Python are told to load: Node does not start where it cannot read it. */
static bool admit_loaders(const struct context *c)
{
    struct u16buf dir = U16BUF(store.loaders);

    if (!c->install.len)
        return true;
    u16buf_add(&dir, u16buf_text(&c->install));
    u16buf_add_ascii(&dir, "\\objects");
    return dir.cut || admit(c, u16buf_text(&dir));
}

bool reading_admit(const struct context *c, struct u16s tool)
{
    struct u16s rest = context_var(c, "PATH"), dir = { NULL, 0 };
    struct err err = { 0 };
    bool all = true;

    if (!make_model(c, &err)) {
        err_report(&err, u"look at the token");
        return false;
    }
    if (tool.len)
        all = admit(c, pathsearch_dir(tool)) && can_read_tool(tool);
    while (pathsearch_next(&rest, &dir))
        all = admit(c, dir) && all;
    return admit_loaders(c) && all;
}
