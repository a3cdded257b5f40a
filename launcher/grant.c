#include "grant.h"

#include "core/aclstate.h"
#include "core/bytes.h"
#include "gitlink.h"
#include "win/dirscan.h"
#include "win/security.h"

#define LOOK      ((ACCESS_MASK)(READ_CONTROL | FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES))
#define LATER_MAX 4096u

/* What a visitor leaves for what lies in a directory: its kind, and whether it is
 * reached.
 */
#define LEAVE_KIND    0xFFu
#define LEAVE_REACHED 0x100u

/* What one thread works with. */
struct tools {
    struct tools *next;
    struct security old;
    struct aclplan_room room;
    uint8_t bytes[SECURITY_BYTES_MAX] __attribute__((aligned(8)));
};

/* A directory that the walk leaves for afterwards, by its path relative to the root. */
struct later {
    struct later *next;
    bool target;   /* a git directory that a file names; else one that was protected as
                      such, and perhaps is no more */
    bool followed; /* its commondir too */
    bool done;
    size_t len;
    char16_t path[];
};

struct grant {
    const struct grant_request *request;
    struct grant_result *result;
    const struct sid *undo_sid; /* of an undo; NULL: all of ours */
    bool undo;
    HANDLE root;
    struct u16s base;       /* where the walk on its way began, relative to the root */
    enum aclplan_kind kind; /* ... and what that is */
    bool reached;
    bool root_holds; /* a git directory that only a file names is directly in it */
    bool marked;     /* the root says "unfinished" */
    bool broken;     /* it cannot be made to; *why */
    bool not_kept;   /* what was written to it does not show */
    bool background; /* this process is, by our doing */
    struct err why;
    uint64_t entries;        /* of the walks before this one */
    CRITICAL_SECTION lock;   /* the pool, the list and the result */
    CRITICAL_SECTION linked; /* one file with several names at a time: it may be met under
                                two of them at once */
    CRITICAL_SECTION mark;
    struct tools *pool;
    struct later *later;
    size_t later_count;
};

/* --- what the threads share -------------------------------------------------------- */

static struct tools *take_tools(struct grant *g, struct err *err)
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

static void give_tools(struct grant *g, struct tools *t)
{
    EnterCriticalSection(&g->lock);
    t->next = g->pool;
    g->pool = t;
    LeaveCriticalSection(&g->lock);
}

static void count(struct grant *g, uint64_t *what)
{
    EnterCriticalSection(&g->lock);
    (*what)++;
    LeaveCriticalSection(&g->lock);
}

/* A failure outside the walk; those in it are the walk's to count. */
static void count_failure(struct grant *g, struct err *err, struct u16s path)
{
    struct grant_result *r = g->result;
    struct u16buf object = U16BUF(err->object);

    u16buf_add(&object, u16s_head(path, ERR_OBJECT_CAP - 1));
    r->failed++;
    if (r->kept_count < TREEWALK_KEPT)
        r->kept[r->kept_count++] = *err;
}

static bool is_protected(enum aclplan_kind kind)
{
    return kind == ACLPLAN_PROTECTED || kind == ACLPLAN_BELOW;
}

/* --- looking -------------------------------------------------------------------------
 */

/* What a name is in a directory of a kind. */
static enum protected_name name_of(const struct grant_request *r, enum aclplan_kind in,
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

static enum aclplan_kind kind_in(const struct grant_request *r, enum aclplan_kind in,
                                 struct u16s name, bool directory)
{
    return aclplan_kind_in(in, name_of(r, in, name), directory, r->names.git_commit);
}

/* Whether a protected name is directly in the directory.  All names are gone through, so
 * that none is missed for its spelling. */
static bool lists_protected(const struct grant_request *r, HANDLE directory,
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
            if (name_of(r, kind, name.name) != PROTECTED_NOT)
                return true;
    }
    return false;
}

static struct aclplan_policy policy_of(const struct grant_request *r)
{
    return (struct aclplan_policy){
        .sid = r->sid, .read = r->read, .lowered = r->lowered, .hard_links = r->hard_links
    };
}

/* --- writing -------------------------------------------------------------------------
 */

/* Writes an edit of t->old through a handle of its own; the one at hand has no more
 * rights than the whole tree gives.  What the volume does not keep is taken back: half a
 * list may shut the user out. */
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

static struct aclplan_edit plan_root(const struct grant_request *r, bool holds,
                                     struct tools *t)
{
    const struct aclplan_object object = {
        .kind = ACLPLAN_ROOT, .directory = true, .holds = holds, .reached = true
    };
    const struct aclplan_policy policy = policy_of(r);

    return aclplan_apply(&object, &policy, &t->old.sd, &t->room);
}

/* The root's own directory, finished or not. */
static bool write_root(struct grant *g, bool finished, struct tools *t, struct err *err)
{
    const struct grant_request *r = g->request;
    struct aclplan_edit edit;
    bool holds = !r->read && lists_protected(r, g->root, ACLPLAN_ROOT, t->bytes);

    if (!security_read_handle(g->root, &t->old, err))
        return false;
    holds = holds || g->root_holds || aclstate_held(&t->old.sd.dacl);
    edit = plan_root(r, holds, t);
    if (edit.result == ACLPLAN_REFUSED)
        return err_rule(err,
                        edit.rule == ACLPLAN_NULL_DACL
                            ? "the directory has no access control list"
                            : "the access control list is full",
                        NULL);
    if (edit.result == ACLPLAN_SAME && finished) {
        count(g, &g->result->same);
        return true;
    }
    if (!finished) {
        if (!edit.dacl) { /* a copy, to be changed */
            bytes_copy(t->room.dacl, edit.sd.dacl.at, edit.sd.dacl.bytes);
            edit.sd.dacl.at = t->room.dacl;
            edit.dacl = true;
        }
        aclstate_unfinish(t->room.dacl, &edit.sd.dacl, &r->sid);
    }
    switch (write_edit(g->root, &edit, r->dry_run, t, err)) {
    case SECURITY_WRITTEN:
        if (finished)
            count(g, &g->result->changed);
        return true;
    case SECURITY_NOT_KEPT:
        g->not_kept = true;
        return err_rule(err, "the volume does not keep what is written", NULL);
    case SECURITY_NOT_WRITTEN:
        break;
    }
    return false;
}

/* Before the first change of all: nobody takes the root for finished from now on. */
static bool mark_root(struct grant *g, struct err *err)
{
    struct tools *t = NULL;

    if (g->undo || g->request->dry_run)
        return true;
    EnterCriticalSection(&g->mark);
    if (!g->marked && !g->broken) {
        t = take_tools(g, &g->why);
        g->marked = t && write_root(g, false, t, &g->why);
        g->broken = !g->marked;
        if (t)
            give_tools(g, t);
    }
    if (g->broken)
        *err = g->why;
    LeaveCriticalSection(&g->mark);
    return !g->broken;
}

/* Counts an edit, and carries it out. */
static enum treewalk_next carry_out(struct grant *g, HANDLE file,
                                    const struct aclplan_edit *edit, struct tools *t,
                                    struct err *err)
{
    struct grant_result *r = g->result;

    if (edit->rule == ACLPLAN_NULL_DACL) {
        count(g, &r->null_dacl);
        return err_rule(err, "it has no access control list, so everyone has every right",
                        NULL),
               TREEWALK_FAILED;
    }
    if (edit->rule == ACLPLAN_TOO_BIG) {
        count(g, &r->too_big);
        return err_rule(err, "its access control list is full", NULL), TREEWALK_FAILED;
    }
    if (edit->rule != ACLPLAN_FULL)
        count(g, edit->rule == ACLPLAN_CUT_OFF     ? &r->cut_off
                 : edit->rule == ACLPLAN_HARD_LINK ? &r->hard_linked
                                                   : &r->labelled);
    if (edit->result == ACLPLAN_SAME) {
        count(g, &r->same);
        return TREEWALK_GO;
    }
    if (!mark_root(g, err))
        return TREEWALK_STOP;
    switch (write_edit(file, edit, g->request->dry_run, t, err)) {
    case SECURITY_WRITTEN:
        count(g, &r->changed);
        return TREEWALK_GO;
    case SECURITY_NOT_KEPT:
        count(g, &r->not_kept);
        err_rule(err, "the volume does not keep what is written", NULL);
        break;
    case SECURITY_NOT_WRITTEN:
        break;
    }
    return TREEWALK_FAILED;
}

/* --- what is left for afterwards ------------------------------------------------------
 */

static bool is_in_list(const struct grant *g, const struct later *new)
{
    for (const struct later *l = g->later; l; l = l->next)
        if (l->target == new->target && u16s_eq((struct u16s){ l->path, l->len },
                                                (struct u16s){ new->path, new->len }))
            return true;
    return false;
}

/* False when there is no room for one more. */
static bool add_later(struct grant *g, struct u16s path, bool target)
{
    struct later *l = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY,
                                sizeof *l + path.len * sizeof(char16_t));
    bool added = false, known = false;

    if (!l)
        return false;
    l->target = target;
    l->len = path.len;
    for (size_t i = 0; i < path.len; i++)
        l->path[i] = path.at[i];
    EnterCriticalSection(&g->lock);
    known = is_in_list(g, l);
    if (!known && g->later_count < LATER_MAX) {
        l->next = g->later;
        g->later = l;
        g->later_count++;
        added = true;
    }
    LeaveCriticalSection(&g->lock);
    if (!added)
        HeapFree(GetProcessHeap(), 0, l);
    return added || known;
}

/* Relative to the root. */
static void path_of(const struct grant *g, const struct treewalk_entry *entry,
                    struct u16buf *path)
{
    u16buf_add(path, g->base);
    if (g->base.len && entry->depth)
        u16buf_addc(path, u'\\');
    treewalk_path(entry, path);
}

/* The place in the tree of what a path relative to the root names, by its names alone. */
static enum aclplan_kind kind_below(const struct grant_request *r, enum aclplan_kind kind,
                                    struct u16s path)
{
    while (path.at)
        kind = kind_in(r, kind, u16s_split(&path, u'\\'), true);
    return kind;
}

static bool is_git_kind(enum aclplan_kind kind)
{
    return is_protected(kind) || kind == ACLPLAN_GIT;
}

/* What a git directory is, whatever its name. */
static enum aclplan_kind git_kind(const struct grant_request *r)
{
    return aclplan_kind_in(ACLPLAN_INSIDE, PROTECTED_GIT, true, r->names.git_commit);
}

/* Where a .git or commondir file leads to is to be like a .git directory. */
static bool follow(struct grant *g, HANDLE file, enum gitlink_kind kind,
                   struct u16s directory, struct err *err)
{
    char16_t *text = HeapAlloc(GetProcessHeap(), 0, WIN_PATH_CAP * sizeof(char16_t));
    struct u16buf rel = text ? u16buf_init(text, WIN_PATH_CAP) : (struct u16buf){ 0 };
    bool good = true;

    if (!text)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
    switch (gitlink_follow(file, kind, g->request->path, directory, &rel, err)) {
    case GITLINK_NONE:
        break;
    case GITLINK_INSIDE:
        if (!is_git_kind(kind_below(g->request, ACLPLAN_ROOT, u16buf_text(&rel))) &&
            !add_later(g, u16buf_text(&rel), true))
            good = err_rule(err, "there are too many git directories", NULL);
        break;
    case GITLINK_FAILED:
        good = false;
        break;
    }
    HeapFree(GetProcessHeap(), 0, text);
    return good;
}

/* --- the walk -------------------------------------------------------------------------
 */

/* What an entry is, by its name and where it lies. */
static enum aclplan_kind kind_of(const struct grant *g,
                                 const struct treewalk_entry *entry, struct tools *t)
{
    const struct grant_request *r = g->request;
    enum aclplan_kind in = entry->inherited & LEAVE_KIND, kind = ACLPLAN_INSIDE;
    struct u16buf path = u16buf_init((char16_t *)t->bytes, WIN_PATH_CAP);

    if (entry->depth == 0)
        return g->kind;
    kind = kind_in(r, in, entry->name, entry->attributes & FILE_ATTRIBUTE_DIRECTORY);
    if (kind != ACLPLAN_INSIDE || !r->closed || entry->depth > r->closed_depth)
        return kind;
    path_of(g, entry, &path);
    return r->closed(u16buf_text(&path)) ? ACLPLAN_PROTECTED : kind;
}

/* Looks at a directory: its kind where that is not in its name, what it holds, and what
 * what lies in it is to know.  False when it is left for afterwards. */
static bool look_at_directory(struct grant *g, struct treewalk_entry *entry,
                              struct aclplan_object *object, struct tools *t)
{
    const struct grant_request *r = g->request;
    const struct acl *dacl = &t->old.sd.dacl;
    bool reached = object->reached && !(t->old.sd.control & SECDESC_DACL_PROTECTED);

    if (!r->read && object->kind == ACLPLAN_INSIDE) {
        if (aclstate_is_other_root(dacl, &r->sid)) {
            object->kind = ACLPLAN_NESTED;
        } else if (entry->depth && aclstate_was_protected(dacl, &r->sid)) {
            struct u16buf path = u16buf_init((char16_t *)t->bytes, WIN_PATH_CAP);

            path_of(g, entry, &path);
            if (!path.cut && add_later(g, u16buf_text(&path), false))
                return false;
        }
    }
    object->holds = object->holds || aclstate_held(dacl);
    entry->leave = (uint32_t)object->kind | (reached ? LEAVE_REACHED : 0);
    return true;
}

static bool follow_entry(struct grant *g, const struct treewalk_entry *entry,
                         struct tools *t, struct err *err)
{
    struct u16buf path = u16buf_init((char16_t *)t->bytes, WIN_PATH_CAP);

    path_of(g, entry, &path);
    path.len -= path.len > entry->name.len ? entry->name.len + 1 : path.len;
    return follow(g, entry->handle, GITLINK_GITFILE, u16buf_text(&path), err);
}

/* Plans one object, and makes it so.  t->old is read in here. */
static enum treewalk_next fence(struct grant *g, struct treewalk_entry *entry,
                                struct aclplan_object *object, struct tools *t,
                                struct err *err)
{
    const struct aclplan_policy policy = policy_of(g->request);
    struct aclplan_edit edit;

    if (!security_read_handle(entry->handle, &t->old, err))
        return TREEWALK_FAILED;
    if (object->directory && !look_at_directory(g, entry, object, t))
        return TREEWALK_SKIP;
    edit = aclplan_apply(object, &policy, &t->old.sd, &t->room);
    return carry_out(g, entry->handle, &edit, t, err);
}

static enum treewalk_next apply_to(struct grant *g, struct treewalk_entry *entry,
                                   struct tools *t, struct err *err)
{
    const struct grant_request *r = g->request;
    struct aclplan_object object = {
        .kind = kind_of(g, entry, t),
        .directory = entry->attributes & FILE_ATTRIBUTE_DIRECTORY,
        .reached = entry->depth ? !!(entry->inherited & LEAVE_REACHED) : g->reached,
        .links = 1
    };
    enum treewalk_next next = TREEWALK_GO;
    struct err why;
    bool good = true;

    entry->leave = (uint32_t)object.kind | (object.reached ? LEAVE_REACHED : 0);
    if (entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return TREEWALK_SKIP;
    if (object.kind == ACLPLAN_PROTECTED || object.kind == ACLPLAN_GIT)
        count(g, &g->result->protected_found);
    if (!entry->handle || object.kind == ACLPLAN_ROOT)
        return TREEWALK_GO;
    if (object.directory) {
        object.holds = !r->read && !is_protected(object.kind) &&
                       lists_protected(r, entry->handle, object.kind, t->bytes);
        return fence(g, entry, &object, t, err);
    }
    if (!treewalk_link_count(entry->handle, &object.links, err))
        return TREEWALK_FAILED;
    if (!r->read && name_of(r, ACLPLAN_INSIDE, entry->name) == PROTECTED_GIT)
        good = follow_entry(g, entry, t, &why);
    if (object.links > 1)
        EnterCriticalSection(&g->linked);
    next = fence(g, entry, &object, t, err);
    if (object.links > 1)
        LeaveCriticalSection(&g->linked);
    if (next == TREEWALK_GO && !good)
        return *err = why, TREEWALK_FAILED;
    return next;
}

static enum treewalk_next undo_in(struct grant *g, const struct treewalk_entry *entry,
                                  struct tools *t, struct err *err)
{
    struct aclplan_edit edit;

    if (entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return TREEWALK_SKIP;
    if (!entry->handle)
        return TREEWALK_GO;
    if (!security_read_handle(entry->handle, &t->old, err))
        return TREEWALK_FAILED;
    edit = aclplan_undo(g->undo_sid, &t->old.sd, &t->room);
    return carry_out(g, entry->handle, &edit, t, err);
}

static enum treewalk_next visit(void *ctx, struct treewalk_entry *entry, struct err *err)
{
    struct grant *g = ctx;
    enum treewalk_next next = TREEWALK_FAILED;
    struct tools *t = take_tools(g, err);

    if (!t)
        return TREEWALK_FAILED;
    next = g->undo ? undo_in(g, entry, t, err) : apply_to(g, entry, t, err);
    give_tools(g, t);
    return next;
}

static void tell_progress(void *ctx, const struct treewalk_progress *progress)
{
    const struct grant *g = ctx;
    struct treewalk_progress all = *progress;

    all.entries += g->entries;
    g->request->progress(g->request->ctx, &all);
}

/* Adds one walk's counts; its paths are relative to where it began. */
static void add_result(struct grant *g, const struct treewalk_result *walk)
{
    struct grant_result *r = g->result;

    r->entries += walk->entries;
    r->links += walk->links;
    r->vanished += walk->vanished;
    r->failed += walk->failed;
    r->stopped = r->stopped || walk->stopped;
    for (size_t i = 0; i < walk->kept_count && r->kept_count < TREEWALK_KEPT; i++) {
        struct err *err = &r->kept[r->kept_count++];
        struct u16buf object = U16BUF(err->object);

        *err = walk->kept[i];
        if (g->base.len == 0 || g->base.len + 2 > object.cap - u16_len(err->object))
            continue;
        u16buf_add(&object, g->base);
        if (walk->kept[i].object[0])
            u16buf_addc(&object, u'\\');
        u16buf_addz(&object, walk->kept[i].object);
    }
    g->entries = r->entries;
}

/* Walks from an open directory on; false when it could not start. */
static bool walk_from(struct grant *g, HANDLE top, struct err *err)
{
    const struct grant_request *r = g->request;
    struct treewalk_result *result =
        HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *result);
    struct treewalk walk = { .visit = visit,
                             .progress = r->progress ? tell_progress : NULL,
                             .ctx = g,
                             .cancel = r->cancel,
                             .file_access = READ_CONTROL,
                             .dir_access = READ_CONTROL };
    bool good = false;

    if (!result)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
    good = treewalk_run(&walk, top, result, err);
    if (good)
        add_result(g, result);
    HeapFree(GetProcessHeap(), 0, result);
    return good;
}

/* --- git directories that a file names ------------------------------------------------
 */

/* Opens what a path relative to the root names, one name at a time and never through a
 * link, and finds its kind by name and whether it is reached. */
static bool descend(struct grant *g, struct u16s path, struct tools *t, HANDLE *out,
                    struct err *err)
{
    auto_handle HANDLE at = NULL;

    g->kind = ACLPLAN_ROOT;
    g->reached = true;
    while (path.at) {
        struct u16s name = u16s_split(&path, u'\\');
        HANDLE next = NULL;
        NTSTATUS status = dirscan_open(at ? at : g->root, name, LOOK, true, &next);

        if (status != 0)
            return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenFile", NULL);
        if (at && security_read_handle(at, &t->old, err) &&
            t->old.sd.control & SECDESC_DACL_PROTECTED)
            g->reached = false;
        handle_close_p(&at);
        at = next;
        if (dirscan_attributes(at) & FILE_ATTRIBUTE_REPARSE_POINT)
            return err_rule(err, "a reparse point is not followed", NULL);
        g->kind = kind_in(g->request, g->kind, name, true);
    }
    *out = handle_take(&at);
    return true;
}

/* The directory that a git directory lies in holds it. */
static bool hold(struct grant *g, struct u16s path, struct tools *t, struct err *err)
{
    struct aclplan_object object = { .directory = true, .holds = true, .links = 1 };
    struct treewalk_entry entry = { .depth = 0 };
    auto_handle HANDLE parent = NULL;
    size_t len = path.len;

    while (len && path.at[len - 1] != u'\\')
        len--;
    if (len == 0) {
        g->root_holds = true;
        return true;
    }
    if (!descend(g, u16s_head(path, len - 1), t, &parent, err))
        return false;
    object.kind = g->kind;
    object.reached = g->reached;
    entry.handle = parent;
    return fence(g, &entry, &object, t, err) == TREEWALK_GO;
}

/* Whether some other git directory's protection covers the path. */
static bool is_covered(const struct grant *g, struct u16s path, bool itself)
{
    for (const struct later *l = g->later; l; l = l->next) {
        struct u16s top = { l->path, l->len };

        if (!l->target || !u16s_istarts(path, top))
            continue;
        if (path.len == top.len && !itself)
            return true;
        if (path.len > top.len && path.at[top.len] == u'\\' &&
            is_git_kind(kind_below(g->request, git_kind(g->request),
                                   u16s_from(path, top.len + 1))))
            return true;
    }
    return false;
}

static bool walk_one_later(struct grant *g, const struct later *l, struct tools *t,
                           struct err *err)
{
    struct u16s path = { l->path, l->len };
    auto_handle HANDLE top = NULL;

    if (is_covered(g, path, l->target))
        return true;
    if (l->target && !hold(g, path, t, err))
        count_failure(g, err, path); /* its own protection is the greater part */
    if (g->broken || !descend(g, path, t, &top, err))
        return g->broken;
    if (l->target)
        g->kind = git_kind(g->request);
    g->base = path;
    return walk_from(g, top, err);
}

/* The other directory that a git directory takes its configuration and hooks from. */
static void follow_commondir(struct grant *g, struct later *l, struct tools *t)
{
    struct u16s path = { l->path, l->len };
    auto_handle HANDLE directory = NULL, file = NULL;
    struct err err = { 0 };

    l->followed = true;
    if (descend(g, path, t, &directory, &err) &&
        dirscan_open(directory, U16S("commondir"), READ_CONTROL, false, &file) == 0 &&
        !follow(g, file, GITLINK_COMMONDIR, path, &err))
        count_failure(g, &err, path);
}

/* Git directories first, and none of them before all are known: until then one that was
 * protected stays so, and one may lie in another. */
static struct later *next_later(struct grant *g, struct tools *t)
{
    struct later *found = NULL, *l = g->later;

    while (l) {
        if (l->target && !l->followed) {
            follow_commondir(g, l, t);
            l = g->later;
        } else {
            l = l->next;
        }
    }
    for (l = g->later; l; l = l->next)
        if (!l->done && (!found || (l->target && !found->target)))
            found = l;
    return found;
}

static void walk_later(struct grant *g, struct tools *t)
{
    struct later *l = NULL;

    while (!g->result->stopped && !g->broken && (l = next_later(g, t)) != NULL) {
        struct err err = { 0 };

        l->done = true;
        if (!walk_one_later(g, l, t, &err) &&
            !(err.domain == ERR_NTSTATUS && dirscan_is_gone((NTSTATUS)err.code)))
            count_failure(g, &err, (struct u16s){ l->path, l->len });
    }
    g->base = (struct u16s){ 0 };
}

/* --- the directory that the root lies in -----------------------------------------------
 */

/* Opens a directory by its full path, which may be long. */
static bool open_full(struct u16s path, HANDLE *out, struct err *err)
{
    char16_t *text = HeapAlloc(GetProcessHeap(), 0, WIN_PATH_CAP * sizeof(char16_t));
    struct u16buf b = text ? u16buf_init(text, WIN_PATH_CAP) : (struct u16buf){ 0 };
    bool good = false;

    if (!text)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
    if (path.len > 1 && path.at[1] == u':')
        u16buf_addz(&b, u"\\\\?\\");
    u16buf_add(&b, path);
    good = b.cut
               ? err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW", NULL)
               : treewalk_open(b.at, READ_CONTROL, out, err);
    HeapFree(GetProcessHeap(), 0, text);
    return good;
}

/* With its backslash, as the root of a volume must be named; empty when there is none. */
static struct u16s parent_of(const char16_t *path)
{
    struct u16s s = u16s_of(path);
    size_t least = u16s_istarts(s, U16S("\\\\?\\")) ? 4 : 0;

    while (s.len > least && s.at[s.len - 1] == u'\\')
        s.len--;
    while (s.len > least && s.at[s.len - 1] != u'\\')
        s.len--;
    return s.len > least ? s : (struct u16s){ 0 };
}

/* A root can be deleted and renamed through the directory that it lies in, too. */
static void guard_parent(struct grant *g, struct tools *t)
{
    const struct aclplan_object object = { .directory = true, .holds = true };
    const struct aclplan_policy policy = policy_of(g->request);
    struct u16s path = parent_of(g->request->path);
    auto_handle HANDLE parent = NULL;
    struct aclplan_edit edit;
    struct err err = { 0 };

    if (path.len == 0)
        return;
    if (!open_full(path, &parent, &err) || !security_read_handle(parent, &t->old, &err)) {
        count_failure(g, &err, path);
        return;
    }
    edit = aclplan_apply(&object, &policy, &t->old.sd, &t->room);
    if (carry_out(g, parent, &edit, t, &err) != TREEWALK_GO)
        count_failure(g, &err, path);
}

/* Takes those out of the list that something in the directory still needs.  What cannot
 * be read was never ours. */
static size_t drop_needed(struct grant *g, HANDLE parent, struct sid *list, size_t count,
                          struct tools *t)
{
    struct dirscan scan;
    struct dirscan_name name;
    struct err ignored;
    struct u16s path = u16s_of(g->request->path);
    bool restart = true;

    while (count && dirscan_read(parent, restart, t->bytes, DIRSCAN_BYTES, &scan,
                                 &ignored) == DIRSCAN_SOME) {
        restart = false;
        while (count && dirscan_next(&scan, &name)) {
            auto_handle HANDLE file = NULL;
            bool directory = name.attributes & FILE_ATTRIBUTE_DIRECTORY;

            /* A dry run has left the root as it was. */
            if (g->request->dry_run &&
                u16s_ieq(u16s_from(path, parent_of(g->request->path).len), name.name))
                continue;
            if (dirscan_open(parent, name.name, READ_CONTROL, directory, &file) == 0 &&
                security_read_handle(file, &t->old, &ignored))
                count = aclstate_drop_needed(&t->old.sd.dacl, list, count);
        }
    }
    return count;
}

/* The guard goes with the last that needs it: which that is the directory itself tells,
 * and what lies in it. */
static void unguard_parent(struct grant *g, struct tools *t)
{
    struct u16s path = parent_of(g->request->path);
    struct sid list[ACL_OURS_MAX];
    auto_handle HANDLE parent = NULL;
    struct err err = { 0 };
    size_t n = 0;

    if (path.len == 0)
        return;
    if (!open_full(path, &parent, &err) || !security_read_handle(parent, &t->old, &err)) {
        count_failure(g, &err, path);
        return;
    }
    n = aclstate_guards(&t->old.sd.dacl, g->undo_sid, list);
    n = drop_needed(g, parent, list, n, t);
    for (size_t i = 0; i < n; i++) {
        struct aclplan_edit edit;

        if (!security_read_handle(parent, &t->old, &err)) {
            count_failure(g, &err, path);
            return;
        }
        edit = aclplan_undo(&list[i], &t->old.sd, &t->room);
        if (carry_out(g, parent, &edit, t, &err) != TREEWALK_GO)
            count_failure(g, &err, path);
    }
}

/* --- all of it -------------------------------------------------------------------------
 */

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
    *finished = plan_root(r, true, t).result == ACLPLAN_SAME ||
                (plan_root(r, false, t).result == ACLPLAN_SAME &&
                 !lists_protected(r, root, ACLPLAN_ROOT, t->bytes));
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

static enum grant_outcome apply(struct grant *g, struct tools *t, struct err *err)
{
    const struct grant_request *r = g->request;
    bool finished = false;

    if (!open_full(u16s_of(r->path), &g->root, err))
        return fail(g, err);
    if (!security_is_kept(g->root))
        return GRANT_NO_ACLS;
    if (!is_finished(r, g->root, t, &finished, err))
        return fail(g, err);
    /* A finished one is marked before the first change, if there is one. */
    if (!finished && !mark_root(g, err))
        return fail(g, err);
    g->kind = ACLPLAN_ROOT;
    g->reached = true;
    if (!walk_from(g, g->root, err))
        return fail(g, err);
    walk_later(g, t);
    if (g->broken) {
        *err = g->why;
        return fail(g, err);
    }
    if (g->result->stopped)
        return GRANT_STOPPED;
    if (!r->read)
        guard_parent(g, t);
    return write_root(g, true, t, err) ? GRANT_DONE : fail(g, err);
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
    return undo_in(g, &entry, t, err) == TREEWALK_GO;
}

static enum grant_outcome undo(struct grant *g, struct tools *t, struct err *err)
{
    if (!open_full(u16s_of(g->request->path), &g->root, err)) {
        if (err->domain == ERR_WIN32 && err->code == ERROR_DIRECTORY &&
            undo_file(g, t, err))
            return GRANT_DONE;
        return fail(g, err);
    }
    if (!security_is_kept(g->root))
        return GRANT_NO_ACLS;
    if (!walk_from(g, g->root, err))
        return fail(g, err);
    if (g->result->stopped)
        return GRANT_STOPPED;
    unguard_parent(g, t);
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
    t = take_tools(g, err);
    if (t) {
        outcome = g->undo ? undo(g, t, err) : apply(g, t, err);
        give_tools(g, t);
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
    if (open_full(u16s_of(request->path), &root, err) &&
        is_finished(request, root, t, &finished, err))
        look = finished ? GRANT_LOOK_DONE : GRANT_LOOK_UNDONE;
    HeapFree(GetProcessHeap(), 0, t);
    return look;
}
