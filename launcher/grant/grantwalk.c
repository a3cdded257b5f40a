#include "grant/grantwalk.h"

#include "core/aclstate.h"
#include "grant/grantgit.h"
#include "win/dirscan.h"

/* What is left for what lies in a directory: its kind, whether it is reached, and whether
 * the group's entries there are a root's. */
#define LEAVE_KIND    0xFFu
#define LEAVE_REACHED 0x100u
#define LEAVE_ROOTED  0x200u

/* Relative to the root. */
static void path_of(const struct grant *g, const struct treewalk_entry *entry,
                    struct u16buf *path)
{
    u16buf_add(path, g->base);
    if (g->base.len && entry->depth)
        u16buf_addc(path, u'\\');
    treewalk_path(entry, path);
}

/* What an entry is, by its name and where it lies. */
static enum aclplan_kind kind_of(const struct grant *g,
                                 const struct treewalk_entry *entry, struct tools *t)
{
    const struct grant_request *r = g->request;
    enum aclplan_kind in = entry->inherited & LEAVE_KIND, kind = ACLPLAN_INSIDE;
    enum aclplan_kind special = ACLPLAN_INSIDE;
    struct u16buf path = u16buf_init((char16_t *)t->bytes, WIN_PATH_CAP);

    if (entry->depth == 0)
        return g->kind;
    kind = grantwork_kind_in(r, in, entry->name,
                             entry->attributes & FILE_ATTRIBUTE_DIRECTORY);
    if ((kind != ACLPLAN_INSIDE && kind != ACLPLAN_IN_STATE) || !r->special ||
        entry->depth > r->special_depth)
        return kind;
    path_of(g, entry, &path);
    special = r->special(u16buf_text(&path));
    return special == ACLPLAN_INSIDE ? kind : special;
}

/* Whether t->old is in another root that the group was given: then its entries there are
 * that root's. */
static bool is_rooted(const struct grant *g, const struct treewalk_entry *entry,
                      const struct tools *t)
{
    const struct grant_request *r = g->request;

    if (!r->group || entry->depth == 0)
        return false;
    return (entry->inherited & LEAVE_ROOTED) ||
           ((entry->attributes & FILE_ATTRIBUTE_DIRECTORY) &&
            aclstate_is_root_of(&t->old.sd.dacl, r->group));
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
            if (!path.cut && grantgit_add_later(g, u16buf_text(&path), false))
                return false;
        }
    }
    object->holds = object->holds || aclstate_held(dacl);
    entry->leave = (uint32_t)object->kind | (reached ? LEAVE_REACHED : 0);
    return true;
}

static bool is_link(const struct treewalk_entry *entry)
{
    return entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT;
}

/* Whether the handle is of something else than the link: Wine opens what it leads to. */
static bool is_followed(const struct treewalk_entry *entry)
{
    return is_link(entry) && entry->handle &&
           !(dirscan_attributes(entry->handle) & FILE_ATTRIBUTE_REPARSE_POINT);
}

static bool follow_entry(struct grant *g, const struct treewalk_entry *entry,
                         struct tools *t, struct err *err)
{
    struct u16buf path = u16buf_init((char16_t *)t->bytes, WIN_PATH_CAP);

    path_of(g, entry, &path);
    path.len -= path.len > entry->name.len ? entry->name.len + 1 : path.len;
    return grantgit_follow(g, entry->handle, GITLINK_GITFILE, u16buf_text(&path), err);
}

enum treewalk_next grantwalk_fence(struct grant *g, struct treewalk_entry *entry,
                                   struct aclplan_object *object, struct tools *t,
                                   struct err *err)
{
    struct aclplan_policy policy = grantwork_policy(g->request);
    struct aclplan_edit edit;

    if (!security_read_handle(entry->handle, &t->old, err))
        return TREEWALK_FAILED;
    if (object->directory && !is_link(entry) && !look_at_directory(g, entry, object, t))
        return TREEWALK_SKIP;
    if (is_rooted(g, entry, t)) {
        policy.group = NULL;
        entry->leave |= LEAVE_ROOTED;
    }
    edit = aclplan_apply(object, &policy, &t->old.sd, &t->room);
    return grantwork_carry_out(g, entry->handle, &edit, t, err);
}

static enum treewalk_next apply_to_file(struct grant *g, struct treewalk_entry *entry,
                                        struct aclplan_object *object, struct tools *t,
                                        struct err *err)
{
    const struct grant_request *r = g->request;
    enum treewalk_next next = TREEWALK_GO;
    struct err why;
    bool good = true;

    if (!treewalk_link_count(entry->handle, &object->links, err))
        return TREEWALK_FAILED;
    if (!r->read && !is_link(entry) &&
        grantwork_name_of(r, ACLPLAN_INSIDE, entry->name) == PROTECTED_GIT)
        good = follow_entry(g, entry, t, &why);
    if (object->links > 1)
        EnterCriticalSection(&g->linked);
    next = grantwalk_fence(g, entry, object, t, err);
    if (object->links > 1)
        LeaveCriticalSection(&g->linked);
    if (next == TREEWALK_GO && !good)
        return *err = why, TREEWALK_FAILED;
    return next;
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

    entry->leave = (uint32_t)object.kind | (object.reached ? LEAVE_REACHED : 0);
    if (is_followed(entry))
        return TREEWALK_SKIP;
    /* A link has no parts that could stay open. */
    if (is_link(entry) && object.kind == ACLPLAN_GIT)
        object.kind = ACLPLAN_PROTECTED;
    if (object.kind == ACLPLAN_PROTECTED || object.kind == ACLPLAN_GIT)
        grantwork_count(g, &g->result->protected_found);
    if (!entry->handle || object.kind == ACLPLAN_ROOT)
        return TREEWALK_GO;
    if (!object.directory)
        return apply_to_file(g, entry, &object, t, err);
    object.holds = !r->read && !is_link(entry) && !grantwork_is_protected(object.kind) &&
                   grantwork_lists_protected(r, entry->handle, object.kind, t->bytes);
    return grantwalk_fence(g, entry, &object, t, err);
}

enum treewalk_next grantwalk_undo(struct grant *g, struct treewalk_entry *entry,
                                  struct tools *t, struct err *err)
{
    const struct sid *group = g->request->group;
    struct aclplan_edit edit;

    if (is_followed(entry))
        return TREEWALK_SKIP;
    if (!entry->handle)
        return TREEWALK_GO;
    if (!security_read_handle(entry->handle, &t->old, err))
        return TREEWALK_FAILED;
    if (g->request->read && is_rooted(g, entry, t)) {
        group = NULL;
        entry->leave |= LEAVE_ROOTED;
    }
    edit = aclplan_undo(g->undo_sid, group, &t->old.sd, &t->room);
    return grantwork_carry_out(g, entry->handle, &edit, t, err);
}

static bool is_guarded(uint32_t kind)
{
    return kind == ACLPLAN_PROTECTED || kind == ACLPLAN_GIT;
}

static enum treewalk_next visit(void *ctx, struct treewalk_entry *entry, struct err *err)
{
    struct grant *g = ctx;
    enum treewalk_next next = TREEWALK_FAILED;
    struct tools *t = grantwork_take(g, err);

    if (!t)
        return TREEWALK_FAILED;
    next = g->undo ? grantwalk_undo(g, entry, t, err) : apply_to(g, entry, t, err);
    if (next == TREEWALK_GO && !g->undo && g->request->guarded && entry->handle &&
        is_guarded(entry->leave & LEAVE_KIND))
        g->request->guarded(entry->handle);
    grantwork_give(g, t);
    /* Nobody reads through a link's own list, and a profile has some that only the system
     * may change. */
    if (next == TREEWALK_FAILED && is_link(entry) && g->request->read && !g->undo &&
        grantwork_is_denied(err))
        return TREEWALK_GO;
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

bool grantwalk_from(struct grant *g, HANDLE top, struct err *err)
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
