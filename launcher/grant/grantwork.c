#include "grant/grantwork.h"

#include "core/aclstate.h"
#include "core/bytes.h"
#include "win/dirscan.h"

#define STATUS_ACCESS_DENIED_ 0xC0000022u /* ntstatus.h */

struct tools *grantwork_take(struct grant *g, struct err *err)
{
    struct tools *t = NULL;

    EnterCriticalSection(&g->lock);
    t = g->pool;
    if (t)
        g->pool = t->next;
    LeaveCriticalSection(&g->lock);
    if (!t)
        t = HeapAlloc(GetProcessHeap(), 0, sizeof *t);
    if (!t)
        err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
    return t;
}

void grantwork_give(struct grant *g, struct tools *t)
{
    EnterCriticalSection(&g->lock);
    t->next = g->pool;
    g->pool = t;
    LeaveCriticalSection(&g->lock);
}

void grantwork_count(struct grant *g, uint64_t *what)
{
    EnterCriticalSection(&g->lock);
    (*what)++;
    LeaveCriticalSection(&g->lock);
}

bool grantwork_is_denied(const struct err *err)
{
    return (err->domain == ERR_WIN32 && err->code == ERROR_ACCESS_DENIED) ||
           (err->domain == ERR_NTSTATUS && err->code == STATUS_ACCESS_DENIED_);
}

void grantwork_fail(struct grant *g, struct err *err, struct u16s path)
{
    struct grant_result *r = g->result;
    struct u16buf object = U16BUF(err->object);

    u16buf_add(&object, u16s_head(path, ERR_OBJECT_CAP - 1));
    r->failed++;
    if (r->kept_count < TREEWALK_KEPT)
        r->kept[r->kept_count++] = *err;
}

enum protected_name grantwork_name_of(const struct grant_request *r, enum aclplan_kind in,
                                      struct u16s name)
{
    static const struct u16s none = { 0 };

    if (!r->read)
        return protected_name_of(&r->names, in == ACLPLAN_GIT, name, none);
    for (size_t i = 0; i < r->names.more_count; i++)
        if (u16s_ieq(r->names.more[i], name))
            return PROTECTED_NAME;
    return PROTECTED_NOT;
}

enum aclplan_kind grantwork_kind_in(const struct grant_request *r, enum aclplan_kind in,
                                    struct u16s name, bool directory)
{
    return aclplan_kind_in(in, grantwork_name_of(r, in, name), directory,
                           r->names.git_commit);
}

bool grantwork_lists_protected(const struct grant_request *r, HANDLE directory,
                               enum aclplan_kind kind, uint8_t *buffer)
{
    struct dirscan scan;
    struct dirscan_name name;
    struct err ignored; /* the walk lists it too, and says so */
    bool restart = true;

    while (dirscan_read(directory, restart, buffer, DIRSCAN_BYTES, &scan, &ignored) ==
           DIRSCAN_SOME) {
        restart = false;
        while (dirscan_next(&scan, &name))
            if (grantwork_name_of(r, kind, name.name) != PROTECTED_NOT)
                return true;
    }
    return false;
}

struct aclplan_policy grantwork_policy(const struct grant_request *r)
{
    return (struct aclplan_policy){ .sid = r->sid,
                                    .group = r->group,
                                    .read = r->read,
                                    .lowered = r->lowered,
                                    .hard_links = r->hard_links };
}

/* Writes an edit of t->old through a handle of its own, of the same file; the one at hand
 * has no more rights than the whole tree gives.  What the volume does not keep is taken
 * back: half a list may shut the user out. */
static enum security_write write_edit(HANDLE file, const struct aclplan_edit *edit,
                                      bool dry_run, struct tools *t, struct err *err)
{
    ACCESS_MASK access = READ_CONTROL | (edit->dacl ? (ACCESS_MASK)WRITE_DAC : 0) |
                         (edit->label ? (ACCESS_MASK)WRITE_OWNER : 0);
    struct aclplan_edit back = { .dacl = edit->dacl,
                                 .label = edit->label,
                                 .sd = t->old.sd };
    enum security_write result = SECURITY_WRITTEN;
    auto_handle HANDLE again = NULL;
    NTSTATUS status = dirscan_reopen(file, access, &again);
    struct err ignored;

    if (STATUS_IS(status, DIRSCAN_ANOTHER))
        return err_rule(err, "something else is opened in its place", NULL),
               SECURITY_NOT_WRITTEN;
    if (status != 0)
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenFile(WRITE_DAC)",
                       NULL),
               SECURITY_NOT_WRITTEN;
    if (dry_run)
        return SECURITY_WRITTEN;
    result = security_write(again, edit, t->bytes, err);
    if (result == SECURITY_NOT_KEPT)
        (void)security_write(again, &back, t->bytes, &ignored);
    return result;
}

struct aclplan_edit grantwork_plan_root(const struct grant_request *r, bool holds,
                                        struct tools *t)
{
    const struct aclplan_object object = {
        .kind = ACLPLAN_ROOT, .directory = true, .holds = holds, .reached = true
    };
    const struct aclplan_policy policy = grantwork_policy(r);

    return aclplan_apply(&object, &policy, &t->old.sd, &t->room);
}

bool grantwork_write_root(struct grant *g, bool finished, struct tools *t,
                          struct err *err)
{
    const struct grant_request *r = g->request;
    struct aclplan_edit edit;
    bool holds =
        !r->read && grantwork_lists_protected(r, g->root, ACLPLAN_ROOT, t->bytes);

    if (!security_read_handle(g->root, &t->old, err))
        return false;
    holds = holds || g->root_holds || aclstate_held(&t->old.sd.dacl);
    edit = grantwork_plan_root(r, holds, t);
    if (edit.result == ACLPLAN_REFUSED)
        return err_rule(err,
                        edit.rule == ACLPLAN_NULL_DACL
                            ? "the directory has no access control list"
                            : "the access control list is full",
                        NULL);
    if (edit.result == ACLPLAN_SAME && finished) {
        grantwork_count(g, &g->result->same);
        return true;
    }
    if (!finished) {
        if (!edit.dacl) { /* a copy, to be changed */
            bytes_copy(t->room.dacl, edit.sd.dacl.at, edit.sd.dacl.bytes);
            edit.sd.dacl.at = t->room.dacl;
            edit.dacl = true;
        }
        aclstate_unfinish(t->room.dacl, &edit.sd.dacl, &r->sid);
        if (r->group)
            aclstate_unfinish(t->room.dacl, &edit.sd.dacl, r->group);
    }
    switch (write_edit(g->root, &edit, r->dry_run, t, err)) {
    case SECURITY_WRITTEN:
        if (finished)
            grantwork_count(g, &g->result->changed);
        return true;
    case SECURITY_NOT_KEPT:
        g->not_kept = true;
        return err_rule(err, "the volume does not keep what is written", NULL);
    case SECURITY_NOT_WRITTEN:
        break;
    }
    return false;
}

bool grantwork_mark_root(struct grant *g, struct err *err)
{
    struct tools *t = NULL;

    if (g->undo || g->request->dry_run)
        return true;
    EnterCriticalSection(&g->mark);
    if (!g->marked && !g->broken) {
        t = grantwork_take(g, &g->why);
        g->marked = t && grantwork_write_root(g, false, t, &g->why);
        g->broken = !g->marked;
        if (t)
            grantwork_give(g, t);
    }
    if (g->broken)
        *err = g->why;
    LeaveCriticalSection(&g->mark);
    return !g->broken;
}

enum treewalk_next grantwork_carry_out(struct grant *g, HANDLE file,
                                       const struct aclplan_edit *edit, struct tools *t,
                                       struct err *err)
{
    struct grant_result *r = g->result;

    if (edit->rule == ACLPLAN_NULL_DACL) {
        grantwork_count(g, &r->null_dacl);
        return err_rule(err, "it has no access control list, so everyone has every right",
                        NULL),
               TREEWALK_FAILED;
    }
    if (edit->rule == ACLPLAN_TOO_BIG) {
        grantwork_count(g, &r->too_big);
        return err_rule(err, "its access control list is full", NULL), TREEWALK_FAILED;
    }
    if (edit->rule != ACLPLAN_FULL)
        grantwork_count(g, edit->rule == ACLPLAN_CUT_OFF     ? &r->cut_off
                           : edit->rule == ACLPLAN_HARD_LINK ? &r->hard_linked
                                                             : &r->labelled);
    if (edit->result == ACLPLAN_SAME) {
        grantwork_count(g, &r->same);
        return TREEWALK_GO;
    }
    if (!grantwork_mark_root(g, err))
        return TREEWALK_STOP;
    switch (write_edit(file, edit, g->request->dry_run, t, err)) {
    case SECURITY_WRITTEN:
        grantwork_count(g, &r->changed);
        return TREEWALK_GO;
    case SECURITY_NOT_KEPT:
        grantwork_count(g, &r->not_kept);
        err_rule(err, "the volume does not keep what is written", NULL);
        break;
    case SECURITY_NOT_WRITTEN:
        break;
    }
    return TREEWALK_FAILED;
}
