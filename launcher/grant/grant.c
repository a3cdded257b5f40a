#include "grant/grant.h"

#include "grant/grantgit.h"
#include "grant/grantparent.h"
#include "grant/grantwalk.h"
#include "win/dirscan.h"
#include "win/file.h"

static void begin(struct grant *g)
{
    InitializeCriticalSection(&g->lock);
    InitializeCriticalSection(&g->linked);
    InitializeCriticalSection(&g->mark);
    if (g->request->background)
        g->background =
            SetPriorityClass(GetCurrentProcess(), PROCESS_MODE_BACKGROUND_BEGIN);
}

static void end(struct grant *g)
{
    if (g->background)
        SetPriorityClass(GetCurrentProcess(), PROCESS_MODE_BACKGROUND_END);
    while (g->pool) {
        struct tools *t = g->pool;

        g->pool = t->next;
        HeapFree(GetProcessHeap(), 0, t);
    }
    while (g->later) {
        struct later *l = g->later;

        g->later = l->next;
        HeapFree(GetProcessHeap(), 0, l);
    }
    DeleteCriticalSection(&g->lock);
    DeleteCriticalSection(&g->linked);
    DeleteCriticalSection(&g->mark);
}

static bool is_finished(const struct grant_request *r, HANDLE root, struct tools *t,
                        bool *finished, struct err *err)
{
    if (!security_read_handle(root, &t->old, err))
        return false;
    *finished = grantwork_plan_root(r, true, t).result == ACLPLAN_SAME ||
                (grantwork_plan_root(r, false, t).result == ACLPLAN_SAME &&
                 !grantwork_lists_protected(r, root, ACLPLAN_ROOT, t->bytes));
    return true;
}

/* One line for the root, whose object the caller of grant_apply knows by itself. */
static enum grant_outcome fail(struct grant *g, struct err *err)
{
    struct u16buf object = U16BUF(err->object);

    if (!err->object[0])
        u16buf_add(&object, u16s_head(u16s_of(g->request->path), ERR_OBJECT_CAP - 1));
    return g->not_kept ? GRANT_NOT_KEPT : GRANT_FAILED;
}

/* Whoever may write above the root can have put another directory in its place since it
 * was looked at, or moved it to where it may not be. */
static bool is_meant(const struct grant *g, struct tools *t, struct err *err)
{
    const struct grant_request *r = g->request;
    struct u16buf at = u16buf_init((char16_t *)t->bytes, WIN_PATH_CAP);
    struct fileid id;

    if (!r->id)
        return true;
    if (!file_final_path_of(g->root, r->path, false, &at, err))
        return false;
    return (u16s_ieq(u16buf_text(&at), u16s_of(r->path)) && fileid_read(g->root, &id) &&
            fileid_same(&id, r->id)) ||
           err_rule(err, "it is no longer what was looked at", r->path);
}

static enum grant_outcome apply(struct grant *g, struct tools *t, struct err *err)
{
    const struct grant_request *r = g->request;
    bool finished = false;

    if (r->parent_only) {
        g->marked = true; /* there is no root to be marked */
        grantparent_guard(g, t);
        return GRANT_DONE;
    }
    if (!grantparent_open(u16s_of(r->path), &g->root, err) || !is_meant(g, t, err))
        return fail(g, err);
    if (!security_is_kept(g->root))
        return GRANT_NO_ACLS;
    if (!is_finished(r, g->root, t, &finished, err))
        return fail(g, err);
    /* A finished one is marked before the first change, if there is one. */
    if (!finished && !grantwork_mark_root(g, err))
        return fail(g, err);
    g->kind = ACLPLAN_ROOT;
    g->reached = true;
    if (!grantwalk_from(g, g->root, err))
        return fail(g, err);
    grantgit_walk_later(g, t);
    if (g->broken) {
        *err = g->why;
        return fail(g, err);
    }
    if (g->result->stopped)
        return GRANT_STOPPED;
    if (!r->read) {
        grantparent_guard(g, t);
        grantparent_keep(g, t);
    }
    return grantwork_write_root(g, true, t, err) ? GRANT_DONE : fail(g, err);
}

/* An object that is no directory, or cannot be listed. */
static bool undo_file(struct grant *g, struct tools *t, struct err *err)
{
    auto_handle HANDLE file = NULL;
    struct treewalk_entry entry = { .depth = 0 };

    if (!security_open(g->request->path, &file, err))
        return false;
    entry.handle = file;
    entry.attributes = dirscan_attributes(file);
    g->result->entries++;
    return grantwalk_undo(g, &entry, t, err) == TREEWALK_GO;
}

static enum grant_outcome undo(struct grant *g, struct tools *t, struct err *err)
{
    if (g->request->parent_only) {
        grantparent_unguard(g, t);
        return GRANT_DONE;
    }
    if (!grantparent_open(u16s_of(g->request->path), &g->root, err)) {
        if (err->domain == ERR_WIN32 && err->code == ERROR_DIRECTORY &&
            undo_file(g, t, err))
            return GRANT_DONE;
        return fail(g, err);
    }
    if (!is_meant(g, t, err))
        return fail(g, err);
    if (!security_is_kept(g->root))
        return GRANT_NO_ACLS;
    if (!grantwalk_from(g, g->root, err))
        return fail(g, err);
    if (g->result->stopped)
        return GRANT_STOPPED;
    grantparent_unguard(g, t);
    return GRANT_DONE;
}

static enum grant_outcome run(struct grant *g, struct grant_result *result,
                              struct err *err)
{
    enum grant_outcome outcome = GRANT_FAILED;
    struct tools *t = NULL;

    *result = (struct grant_result){ 0 };
    *err = (struct err){ 0 };
    g->result = result;
    begin(g);
    t = grantwork_take(g, err);
    if (t) {
        outcome = g->undo ? undo(g, t, err) : apply(g, t, err);
        grantwork_give(g, t);
    }
    handle_close_p(&g->root);
    end(g);
    return outcome;
}

enum grant_outcome grant_apply(const struct grant_request *request,
                               struct grant_result *result, struct err *err)
{
    struct grant g = { .request = request };

    return run(&g, result, err);
}

enum grant_outcome grant_undo(const char16_t *path, const struct sid *sid,
                              const struct grant_request *how,
                              struct grant_result *result, struct err *err)
{
    struct grant_request request = *how;
    struct grant g = { .request = &request, .undo_sid = sid, .undo = true };

    request.path = path;
    return run(&g, result, err);
}

enum grant_look grant_is_done(const struct grant_request *request, struct err *err)
{
    struct tools *t = HeapAlloc(GetProcessHeap(), 0, sizeof *t);
    auto_handle HANDLE root = NULL;
    enum grant_look look = GRANT_LOOK_FAILED;
    bool finished = false;

    if (!t)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL),
               GRANT_LOOK_FAILED;
    if (grantparent_open(u16s_of(request->path), &root, err) &&
        is_finished(request, root, t, &finished, err))
        look = finished ? GRANT_LOOK_DONE : GRANT_LOOK_UNDONE;
    HeapFree(GetProcessHeap(), 0, t);
    return look;
}
