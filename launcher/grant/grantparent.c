#include "grant/grantparent.h"

#include "core/aclstate.h"
#include "win/dirscan.h"
#include "win/file.h"

/* The path as CreateFileW takes it, however long, to be freed; NULL, with *err, when
 * there can be none. */
static char16_t *spell(struct u16s path, struct err *err)
{
    char16_t *text = HeapAlloc(GetProcessHeap(), 0, WIN_PATH_CAP * sizeof(char16_t));
    struct u16buf b = text ? u16buf_init(text, WIN_PATH_CAP) : (struct u16buf){ 0 };

    if (!text)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL), NULL;
    if (path.len > 1 && path.at[1] == u':')
        u16buf_addz(&b, u"\\\\?\\");
    u16buf_add(&b, path);
    if (!b.cut)
        return text;
    HeapFree(GetProcessHeap(), 0, text);
    return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW", NULL), NULL;
}

bool grantparent_open(struct u16s path, HANDLE *out, struct err *err)
{
    char16_t *text = spell(path, err);
    bool good = text && treewalk_open(text, READ_CONTROL, out, err);

    if (text)
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

/* Whether the user may delete what is in the directory whose descriptor this is; so,
 * then, may whoever has his rights for all that is no write.  When in doubt he may. */
static bool gives_deletes(const struct secdesc *sd)
{
    static struct security_token token;
    struct accesscheck_verdict verdict;
    struct err ignored;

    if (!security_token(&token, &ignored))
        return true;
    accesscheck_object(&token.model, sd, RIGHT_FILE_DELETE_CHILD, &rights_file, &verdict);
    return verdict.allowed;
}

/* The same of one whose descriptor cannot be read: the system is asked. */
static bool opens_for_deletes(struct u16s path)
{
    auto_handle HANDLE file = NULL;
    struct err ignored;
    char16_t *text = spell(path, &ignored);
    bool opens = !text || file_open(text, RIGHT_FILE_DELETE_CHILD, &file, &ignored) ||
                 !grantwork_is_denied(&ignored);

    if (text)
        HeapFree(GetProcessHeap(), 0, text);
    return opens;
}

/* A directory that the user may not change, as a drive's root, needs no marker where it
 * lets nobody of his rights delete in it: then there is nothing to say.  Else it is
 * said. */
static void guard(struct grant *g, struct u16s path, struct tools *t)
{
    const struct aclplan_object object = { .directory = true, .holds = true };
    const struct aclplan_policy policy = grantwork_policy(g->request);
    auto_handle HANDLE parent = NULL;
    struct aclplan_edit edit;
    struct err err = { 0 };

    if (!grantparent_open(path, &parent, &err) ||
        !security_read_handle(parent, &t->old, &err)) {
        if (!grantwork_is_denied(&err))
            grantwork_fail(g, &err, path);
        else
            g->result->parent_open = opens_for_deletes(path);
        return;
    }
    edit = aclplan_apply(&object, &policy, &t->old.sd, &t->room);
    if (grantwork_carry_out(g, parent, &edit, t, &err) == TREEWALK_GO)
        return;
    if (!grantwork_is_denied(&err))
        grantwork_fail(g, &err, path);
    else
        g->result->parent_open = gives_deletes(&t->old.sd);
}

void grantparent_guard(struct grant *g, struct tools *t)
{
    struct u16s path = parent_of(g->request->path);

    if (path.len)
        guard(g, path, t);
}

/* Plans one directory for the roots that it lies in.  The label serves all of them.
 * Where the user may not change the list, neither may what has less than his rights. */
static void keep(struct grant *g, HANDLE directory, struct u16s path,
                 const struct aclplan_object *object, uint32_t unless, struct tools *t)
{
    const struct grant_request *r = g->request;
    struct sid list[ACL_OURS_MAX];
    struct err err = { 0 };
    size_t n = 0;

    if (!security_read_handle(directory, &t->old, &err)) {
        grantwork_fail(g, &err, path);
        return;
    }
    n = aclstate_givers(&t->old.sd.dacl, &r->sid, unless, list);
    for (size_t i = 0; i < n; i++) {
        struct aclplan_policy policy = { .sid = list[i] };
        struct aclplan_edit edit;

        if (!security_read_handle(directory, &t->old, &err)) {
            grantwork_fail(g, &err, path);
            return;
        }
        policy.lowered = aclstate_is_lowered(&t->old.sd);
        if (r->group && aclstate_gives(&t->old.sd.dacl, r->group, unless))
            policy.group = r->group;
        edit = aclplan_apply(object, &policy, &t->old.sd, &t->room);
        if (grantwork_carry_out(g, directory, &edit, t, &err) != TREEWALK_GO &&
            !grantwork_is_denied(&err))
            grantwork_fail(g, &err, path);
    }
}

void grantparent_keep(struct grant *g, struct tools *t)
{
    static const struct aclplan_object nested = { .kind = ACLPLAN_NESTED,
                                                  .directory = true,
                                                  .reached = true };
    static const struct aclplan_object inside = {
        .kind = ACLPLAN_INSIDE, .directory = true, .holds = true, .reached = true
    };
    struct u16s path = parent_of(g->request->path);
    auto_handle HANDLE parent = NULL;
    struct err ignored;

    keep(g, g->root, u16s_of(g->request->path), &nested, ACLPLAN_STAY, t);
    /* One that cannot be opened has been told of. */
    if (path.len && grantparent_open(path, &parent, &ignored))
        keep(g, parent, path, &inside, ACLPLAN_GUARD, t);
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

void grantparent_unguard(struct grant *g, struct tools *t)
{
    struct u16s path = parent_of(g->request->path);
    struct sid list[ACL_OURS_MAX];
    auto_handle HANDLE parent = NULL;
    struct err err = { 0 };
    size_t n = 0;

    if (path.len == 0)
        return;
    if (!grantparent_open(path, &parent, &err) ||
        !security_read_handle(parent, &t->old, &err)) {
        grantwork_fail(g, &err, path);
        return;
    }
    n = aclstate_guards(&t->old.sd.dacl, g->undo_sid, list);
    n = drop_needed(g, parent, list, n, t);
    for (size_t i = 0; i < n; i++) {
        struct aclplan_edit edit;

        if (!security_read_handle(parent, &t->old, &err)) {
            grantwork_fail(g, &err, path);
            return;
        }
        edit = aclplan_undo(&list[i], NULL, &t->old.sd, &t->room);
        if (grantwork_carry_out(g, parent, &edit, t, &err) != TREEWALK_GO)
            grantwork_fail(g, &err, path);
    }
}
