#include "grant/granting.h"

#include "core/exitcode.h"
#include "core/sha256.h"
#include "grant/boxroot.h"
#include "grant/grantstate.h"
#include "grant/ledger.h"
#include "grant/rootcheck.h"
#include "grant/roster.h"
#include "grant/sandbox.h"
#include "grant/setup_user.h"
#include "grant/walking.h"
#include "grant/ways.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/security.h"
#include "win/token.h"

/* One root a time; the process is there for nothing else. */
static struct {
    struct walking walking;
    struct rootcheck check;
    uint8_t digest[SHA256_BYTES];
    char16_t path[WIN_PATH_CAP];   /* of the root */
    char16_t box[2][WIN_PATH_CAP]; /* of the box, those that are there */
    struct u16buf box_path[2];
    struct fileid box_id[2];
    struct grant_request request;
    struct journal_record record;
} granting;

const char16_t *granting_remedy(void)
{
    return granting.check.verdict == ROOTCHECK_FINE ? NULL
                                                    : rootcheck_remedy(&granting.check);
}

bool granting_is_hopeless(void)
{
    return granting.walking.outcome == GRANT_NO_ACLS ||
           granting.walking.outcome == GRANT_NOT_KEPT;
}

/* Whether it may be one, what it is called for ever, and what it is to get. */
static bool look_at_root(struct context *c, const char16_t *root, struct err *err)
{
    struct u16buf path = U16BUF(granting.path);
    enum rootcheck_verdict verdict = rootcheck(c, root, &granting.check, err);

    if (verdict == ROOTCHECK_FAILED)
        return false;
    if (verdict != ROOTCHECK_FINE)
        return err_rule(err, rootcheck_reason(verdict),
                        granting.check.path[0] ? granting.check.path : root);
    if (!file_final_path(root, false, &path, err) ||
        !context_hash_path(path.at, granting.digest, err))
        return false;
    if (file_resolves_links() &&
        !u16s_ieq(u16buf_text(&path), u16s_of(granting.check.path)))
        return err_rule(err, "it was moved while it was looked at", root);
    granting.request = (struct grant_request){
        .sid = sid_ours(granting.digest),
        .names = { c->policy.protect, c->policy.protect_count, c->policy.git_commit },
        .lowered = c->policy.lowered,
        .hard_links = c->policy.hard_links,
    };
    return true;
}

static bool note(enum journal_state state, struct err *err)
{
    granting.record.state = state;
    granting.record.plan = ACLPLAN_VERSION;
    for (size_t i = 0; i < JOURNAL_ROOT_BYTES; i++)
        granting.record.root[i] = granting.digest[i];
    if (granting.walking.dry_run)
        return true;
    if (!ledger_note(granting.walking.data_dir, &granting.record, granting.path, err))
        return false;
    if (state == JOURNAL_CLEARED)
        boxroot_forget(granting.walking.data_dir, granting.digest);
    return state != JOURNAL_BEGUN ||
           boxroot_note(granting.walking.data_dir, granting.digest, granting.path, err);
}

/* How large it was the last time; a journal of another version ends it here. */
static bool read_journal(struct err *err)
{
    const struct journal_record *record = NULL;
    struct ledger ledger = { .data = NULL };

    if (!ledger_read(granting.walking.data_dir, &ledger, err))
        return false;
    record = ledger_root(&ledger, granting.digest);
    granting.walking.expect = record ? record->entries : 0;
    ledger_clear(&ledger);
    return true;
}

/* One part of the box, which the tool may write to: opened as itself, and only where the
 * box is.  A link in its place, or further up in the box, would have something else
 * granted. */
static bool find_part(struct context *c, const char16_t *path, size_t i, struct err *err)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf want = U16BUF(text), *real = &granting.box_path[i];
    auto_handle HANDLE open = NULL;

    *real = U16BUF(granting.box[i]);
    if (!file_final_path(c->data.at, false, &want, err) ||
        !treewalk_open(path, 0, &open, err) ||
        !file_final_path_of(open, path, false, real, err))
        return false;
    u16buf_addz(&want, path + c->data.len);
    if (want.cut || !u16s_ieq(u16buf_text(&want), u16buf_text(real)))
        return err_rule(err, "it is not where it should be", path);
    return fileid_read(open, &granting.box_id[i]) ||
           err_rule(err, "the file system gives it no identity", path);
}

/* The box of the workspace is a root of the same SID, in two parts. */
static bool find_box(struct context *c, struct err *err)
{
    const struct u16buf *parts[] = { &c->temp, &c->cache };
    bool dry_run = granting.walking.dry_run;

    for (size_t i = 0; i < SHA256_BYTES; i++)
        if (granting.digest[i] != c->root_hash[i])
            return true;
    if (!context_find_box(c, dry_run ? NULL : err))
        return dry_run; /* then it will be made anew */
    for (size_t i = 0; i < 2; i++)
        if (!find_part(c, parts[i]->at, i, err))
            return false;
    return true;
}

/* One tree; its line only when it says something about the root itself. */
static bool add_tree(const char16_t *path, const struct fileid *id, struct err *err)
{
    struct walking *w = &granting.walking;
    bool is_box = id != &granting.check.id;

    granting.request.id = id;
    walking_add(w, path, &granting.request);
    granting.record.entries += w->result.entries;
    granting.record.failed += w->result.failed;
    if (w->json || (w->outcome == GRANT_DONE && (!is_box || w->result.failed)))
        walking_show(w);
    return walking_error(w, err);
}

/* A box made after setup --user has what the read SID is handed down, the deny too, and
 * what was put into it before its own entries would stay shut to its own fence.  A file
 * that cannot be changed is one of a cache. */
static void take_reading(const char16_t *box, const struct fileid *id)
{
    const struct grant_request how = { .id = id };
    static struct security security;
    struct grant_result result;
    struct ace ace = { 0 };
    struct sid user, read;
    struct err ignored;

    if (granting.walking.dry_run || !token_user_sid(&user, &ignored) ||
        security_read(box, &security, &ignored) != SECURITY_READ)
        return;
    read = fence_read_sid(&user);
    while (acl_next(&security.sd.dacl, &ace))
        if (ace.plain && sid_eq(&ace.sid, &read)) {
            (void)grant_undo(box, &read, &how, &result, &ignored);
            return;
        }
}

/* The root last: it looks done when all is. */
static bool add_trees(struct err *err)
{
    uint64_t expect = granting.walking.expect;

    for (size_t i = 0; i < 2; i++) {
        granting.walking.expect = 0;
        if (!granting.box_path[i].len)
            continue;
        take_reading(granting.box[i], &granting.box_id[i]);
        if (!add_tree(granting.box[i], &granting.box_id[i], err))
            return false;
    }
    granting.walking.expect = expect;
    roster_begin();
    granting.request.guarded = granting.walking.dry_run ? NULL : roster_add;
    return add_tree(granting.path, &granting.check.id, err);
}

/* Where lists are not kept, the journal is not to say that there are any of ours; unless
 * there are. */
static void take_back(void)
{
    const struct walking *w = &granting.walking;
    struct grant_request how = { .group = w->group };
    struct err ignored;

    if (w->dry_run || (w->outcome != GRANT_NOT_KEPT && w->outcome != GRANT_NO_ACLS) ||
        walking_has_ours(granting.path))
        return;
    for (size_t i = 0; i < 2; i++) {
        struct grant_result result;

        how.id = &granting.box_id[i];
        if (granting.box_path[i].len && walking_has_ours(granting.box[i]) &&
            (grant_undo(granting.box[i], &granting.request.sid, &how, &result,
                        &ignored) != GRANT_DONE ||
             result.failed))
            return;
    }
    if (!note(JOURNAL_CLEARED, &ignored))
        return; /* it goes on saying "begun", as after a walk that was killed */
}

/* The root is as it should be without that, too. */
static void guard_state(void)
{
    struct err err = { 0 };

    if (!granting.walking.dry_run &&
        !grantstate_guard(granting.walking.data_dir, granting.digest, &err))
        err_report(&err, u"keep what is fenced from deleting Ringfence's own files");
}

/* So that tools can look at each part of the path they work in.  What cannot be done here
 * costs that and nothing else. */
static void open_ways(const struct context *c)
{
    struct ways ways = { .open = true };
    uint8_t digest[SHA256_BYTES] = { 0 };
    struct sid read;
    struct err err = { 0 };
    bool good = true;

    if (granting.walking.dry_run)
        return;
    if (c->policy.fence != POLICY_FENCE_STANDARD) {
        good = setup_user_digest(digest, &err);
        read = sid_ours(digest);
        ways.sid[ways.count++] = &read;
    }
    if (granting.walking.group)
        ways.sid[ways.count++] = granting.walking.group;
    good = good && ways_edit(&ways, granting.path, &err);
    for (size_t i = 0; i < 2 && good; i++)
        good = !granting.box_path[i].len || ways_edit(&ways, granting.box[i], &err);
    if (!good)
        err_report(&err, u"let the fence see the way to the workspace");
}

static bool grant(struct context *c, const char16_t *root, struct err *err)
{
    /* Once more after the waiting, which may have been long. */
    if (!walking_begin(&granting.walking, err) || !look_at_root(c, root, err) ||
        !sandbox_group_to_give(granting.walking.data_dir, granting.walking.dry_run,
                               &granting.walking.group, err) ||
        !read_journal(err) || !find_box(c, err) || !note(JOURNAL_BEGUN, err))
        return false;
    if (!add_trees(err)) {
        take_back();
        return false;
    }
    if (!granting.walking.dry_run && !roster_write(c, granting.digest, err))
        return false;
    guard_state();
    open_ways(c);
    return note(JOURNAL_DONE, err);
}

bool granting_root(struct context *c, const char16_t *root, const struct granting *how,
                   uint32_t *exit_code, struct err *err)
{
    bool good = false;
    uint32_t code = EXIT_RINGFENCE;

    granting.walking = (struct walking){ .data_dir = c->data.at,
                                         .verb = "grant",
                                         .dry_run = how->dry_run,
                                         .json = how->json,
                                         .quiet = how->quiet,
                                         .patience_ms = how->patience_ms };
    granting.record = (struct journal_record){ .entries = 0 };
    granting.box_path[0] = U16BUF(granting.box[0]);
    granting.box_path[1] = U16BUF(granting.box[1]);
    if (!look_at_root(c, root, err))
        return false;
    good = grant(c, root, err);
    code = walking_end(&granting.walking, good);
    if (good)
        *exit_code = code;
    return good;
}
