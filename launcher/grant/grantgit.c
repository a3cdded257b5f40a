#include "grant/grantgit.h"

#include "grant/grantwalk.h"
#include "win/dirscan.h"

#define LOOK      ((ACCESS_MASK)(READ_CONTROL | FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES))
#define LATER_MAX 4096u

static bool is_in_list(const struct grant *g, const struct later *new)
{
    for (const struct later *l = g->later; l; l = l->next)
        if (l->target == new->target && u16s_eq((struct u16s){ l->path, l->len },
                                                (struct u16s){ new->path, new->len }))
            return true;
    return false;
}

bool grantgit_add_later(struct grant *g, struct u16s path, bool target)
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

/* The place in the tree of what a path relative to the root names, by its names alone. */
static enum aclplan_kind kind_below(const struct grant_request *r, enum aclplan_kind kind,
                                    struct u16s path)
{
    while (path.at)
        kind = grantwork_kind_in(r, kind, u16s_split(&path, u'\\'), true);
    return kind;
}

static bool is_git_kind(enum aclplan_kind kind)
{
    return grantwork_is_protected(kind) || kind == ACLPLAN_GIT;
}

/* What a git directory is, whatever its name. */
static enum aclplan_kind git_kind(const struct grant_request *r)
{
    return aclplan_kind_in(ACLPLAN_INSIDE, PROTECTED_GIT, true, r->names.git_commit);
}

bool grantgit_follow(struct grant *g, HANDLE file, enum gitlink_kind kind,
                     struct u16s directory, struct err *err)
{
    const struct gitlink_place place = { g->root, g->request->path, directory };
    char16_t *text = HeapAlloc(GetProcessHeap(), 0, WIN_PATH_CAP * sizeof(char16_t));
    struct u16buf rel = text ? u16buf_init(text, WIN_PATH_CAP) : (struct u16buf){ 0 };
    bool good = true;

    if (!text)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
    switch (gitlink_follow(file, kind, &place, &rel, err)) {
    case GITLINK_NONE:
        break;
    case GITLINK_INSIDE:
        if (!is_git_kind(kind_below(g->request, ACLPLAN_ROOT, u16buf_text(&rel))) &&
            !grantgit_add_later(g, u16buf_text(&rel), true))
            good = err_rule(err, "there are too many git directories", NULL);
        break;
    case GITLINK_FAILED:
        good = false;
        break;
    }
    HeapFree(GetProcessHeap(), 0, text);
    return good;
}

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
        g->kind = grantwork_kind_in(g->request, g->kind, name, true);
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
    return grantwalk_fence(g, &entry, &object, t, err) == TREEWALK_GO;
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
        grantwork_fail(g, err, path); /* its own protection is the greater part */
    if (g->broken || !descend(g, path, t, &top, err))
        return g->broken;
    if (l->target)
        g->kind = git_kind(g->request);
    g->base = path;
    return grantwalk_from(g, top, err);
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
        !grantgit_follow(g, file, GITLINK_COMMONDIR, path, &err))
        grantwork_fail(g, &err, path);
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

void grantgit_walk_later(struct grant *g, struct tools *t)
{
    struct later *l = NULL;

    while (!g->result->stopped && !g->broken && (l = next_later(g, t)) != NULL) {
        struct err err = { 0 };

        l->done = true;
        if (!walk_one_later(g, l, t, &err) &&
            !(err.domain == ERR_NTSTATUS && dirscan_is_gone((NTSTATUS)err.code)))
            grantwork_fail(g, &err, (struct u16s){ l->path, l->len });
    }
    g->base = (struct u16s){ 0 };
}
