#include "grant/appeared.h"

#include "confine.h"
#include "core/aclstate.h"
#include "grant/quarantine.h"
#include "grant/roster.h"
#include "grant/walking.h"
#include "win/dirscan.h"
#include "win/file.h"
#include "win/out.h"
#include "win/security.h"
#include "win/treewalk.h"

#define TOLD_MAX 16u
#define KEPT_MAX 1024u /* of one root: more are only counted */

#define SHARE_ALL ((DWORD)(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE))

struct find {
    struct find *next;
    bool directory, link;
    bool stays; /* it was there before the run: not to be moved */
    size_t len;
    char16_t path[]; /* relative to the root */
};

static struct {
    const struct context *context;
    const struct context_root *root;
    struct sid sid;
    struct treewalk_result result;
    DWORD start, limit_ms;
    volatile LONG cancel;
    CRITICAL_SECTION lock; /* what is below */
    struct security list;
    bool has_roster;
    char16_t path[2 * WIN_PATH_CAP], root_path[WIN_PATH_CAP], aside[WIN_PATH_CAP];
    struct find *first, **last;
    size_t kept, more; /* in this root */
    size_t told, untold, unmoved;
} look;

/* The root's path, so that however long a path behind it may be. */
static void add_root(struct u16buf *path)
{
    if (look.root_path[1] == u':')
        u16buf_addz(path, u"\\\\?\\");
    u16buf_addz(path, look.root_path);
}

/* Whether a walk has protected what is open: its list says so, and it is the very thing
 * that the walk has met.  Whoever made it could have given it any list. */
static bool is_guarded(HANDLE file)
{
    struct err unused;

    return security_read_handle(file, &look.list, &unused) &&
           aclstate_was_protected(&look.list.sd.dacl, &look.sid) &&
           (!look.has_roster || roster_has(file));
}

/* Likewise of an entry; *gone when there is nothing any more. */
static bool is_entry_guarded(const struct treewalk_entry *entry, bool *gone)
{
    struct u16buf path = U16BUF(look.path);
    HANDLE file = NULL;
    bool guarded = false;
    DWORD code = 0;

    if (entry->handle)
        return is_guarded(entry->handle);
    add_root(&path);
    u16buf_addc(&path, u'\\');
    treewalk_path(entry, &path);
    if (path.cut)
        return false;
    file = CreateFileW(look.path, READ_CONTROL, SHARE_ALL, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        code = GetLastError();
        *gone = code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
        return false;
    }
    guarded = is_guarded(file);
    CloseHandle(file);
    return guarded;
}

/* Whether confine_look_after has told it, or it was there before the run (*stays). */
static bool is_told(const struct treewalk_entry *entry, bool *stays)
{
    const struct context *c = look.context;

    if (entry->depth > 1)
        return false;
    for (size_t i = 0; confine_watched(c, i).len; i++)
        if (u16s_ieq(confine_watched(c, i), entry->name)) {
            *stays = look.root->had >> i & 1u;
            /* Where nothing is proven nothing is granted: that is said already. */
            return !*stays || c->verdict.unproven;
        }
    return false;
}

static void keep(const struct treewalk_entry *entry, bool stays)
{
    struct u16buf path = U16BUF(look.path);
    struct find *f = NULL;

    treewalk_path(entry, &path);
    if (!path.cut && look.kept < KEPT_MAX)
        f = HeapAlloc(GetProcessHeap(), 0, sizeof *f + path.len * sizeof(char16_t));
    if (!f) {
        look.more++;
        return;
    }
    *f = (struct find){ .directory = entry->attributes & FILE_ATTRIBUTE_DIRECTORY,
                        .link = entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT,
                        .stays = stays,
                        .len = path.len };
    for (size_t i = 0; i < path.len; i++)
        f->path[i] = path.at[i];
    *look.last = f;
    look.last = &f->next;
    look.kept++;
}

/* A protected name: kept if nothing protects it.  Whether to go into it. */
static bool look_at(const struct treewalk_entry *entry)
{
    bool stays = false, gone = false, open = false;

    if (is_told(entry, &stays))
        return false;
    EnterCriticalSection(&look.lock);
    open = !is_entry_guarded(entry, &gone) && !gone;
    if (open)
        keep(entry, stays);
    LeaveCriticalSection(&look.lock);
    return !open;
}

static enum treewalk_next visit(void *ctx, struct treewalk_entry *entry, struct err *err)
{
    const struct policy *p = &look.context->policy;
    const struct protected_names names = { p->protect, p->protect_count, p->git_commit };
    const struct u16s none = { 0 };
    enum aclplan_kind in = (enum aclplan_kind)entry->inherited, kind = ACLPLAN_ROOT;
    bool link = entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT;

    (void)ctx;
    (void)err;
    if (entry->depth)
        kind = aclplan_kind_in(
            in, protected_name_of(&names, in == ACLPLAN_GIT, entry->name, none),
            !link && entry->attributes & FILE_ATTRIBUTE_DIRECTORY, names.git_commit);
    entry->leave = (uint32_t)kind;
    if ((kind == ACLPLAN_PROTECTED || kind == ACLPLAN_GIT) && !look_at(entry))
        return TREEWALK_SKIP;
    return kind == ACLPLAN_PROTECTED || link ? TREEWALK_SKIP : TREEWALK_GO;
}

/* Opens what the path names, one name at a time from the root, and the directory that it
 * lies in.  Something may have been put in the place of any of them meanwhile. */
static NTSTATUS descend(HANDLE root, const struct find *f, HANDLE *in, HANDLE *out)
{
    struct u16s rest = { f->path, f->len };
    NTSTATUS status = dirscan_reopen(root, FILE_READ_ATTRIBUTES, in);

    while (status == 0) {
        struct u16s name = u16s_split(&rest, u'\\');
        HANDLE next = NULL;

        if (!rest.at)
            return dirscan_open(*in, name, DELETE | FILE_READ_ATTRIBUTES, f->directory,
                                out);
        status = dirscan_open(*in, name, FILE_READ_ATTRIBUTES, true, &next);
        if (status == 0) {
            CloseHandle(*in);
            *in = next;
            if (dirscan_attributes(next) & FILE_ATTRIBUTE_REPARSE_POINT)
                status = (NTSTATUS)DIRSCAN_ACCESS_DENIED;
        }
    }
    return status;
}

/* Its new name is in look.aside. */
static NTSTATUS move_aside(HANDLE root, const struct find *f)
{
    struct u16buf aside = U16BUF(look.aside);
    auto_handle HANDLE in = NULL, file = NULL;
    NTSTATUS status = descend(root, f, &in, &file);
    size_t name = f->len;

    while (name && f->path[name - 1] != u'\\')
        name--;
    u16buf_add(&aside, (struct u16s){ f->path + name, f->len - name });
    return status ? status : quarantine_move(in, file, &aside);
}

static void tell(HANDLE root, const struct find *f)
{
    struct u16buf path = U16BUF(look.path);
    bool move = look.context->policy.quarantine && !f->stays;
    NTSTATUS status = move ? move_aside(root, f) : 0;

    if (move && dirscan_is_gone(status))
        return;
    if (move && status != 0)
        look.unmoved++;
    if (look.told == TOLD_MAX) {
        look.untold++;
        return;
    }
    look.told++;
    u16buf_addz(&path, look.root_path);
    u16buf_addc(&path, u'\\');
    u16buf_add(&path, (struct u16s){ f->path, f->len });
    if (move)
        out_say(OUT_STDERR,
                status ? "ringfence: cannot quarantine %, which later tools obey and "
                         "nothing protects: look at it yourself"
                       : "ringfence: %, which later tools obey and nothing protected, is "
                         "moved aside as %",
                look.path, look.aside);
    else
        out_say(OUT_STDERR,
                "ringfence: nothing protects %, which later tools obey: it came in this "
                "run or since the last grant. Look at it%",
                look.path, f->link ? u"." : u"; `ringfence grant` protects it.");
}

static void tell_all(HANDLE root)
{
    while (look.first) {
        struct find *f = look.first;

        look.first = f->next;
        tell(root, f);
        HeapFree(GetProcessHeap(), 0, f);
    }
    look.untold += look.more;
    if (look.context->policy.quarantine)
        look.unmoved += look.more;
}

static bool is_late(void)
{
    return GetTickCount() - look.start >= look.limit_ms;
}

static void on_progress(void *ctx, const struct treewalk_progress *progress)
{
    (void)ctx;
    (void)progress;
    if (is_late())
        look.cancel = 1;
}

/* The tool has ended: Ctrl-C is for us now. */
static BOOL WINAPI on_control(DWORD type)
{
    look.cancel = 1;
    return type == CTRL_C_EVENT || type == CTRL_BREAK_EVENT;
}

static void tell_count(const char *pattern, uint64_t count)
{
    char16_t text[24];
    struct u16buf b = U16BUF(text);

    walking_add_count(&b, count);
    out_say(OUT_STDERR, pattern, text);
}

static void tell_stopped(void)
{
    char16_t text[24];
    struct u16buf b = U16BUF(text);

    walking_add_count(&b, look.result.entries);
    out_say(
        OUT_STDERR,
        "ringfence: looked for new protected names in %, and gave up after % files and "
        "directories",
        look.root_path, text);
}

static void look_in(const struct context_root *root)
{
    struct treewalk walk = { .visit = visit,
                             .progress = on_progress,
                             .cancel = &look.cancel,
                             .dir_access = READ_CONTROL };
    struct u16buf path = U16BUF(look.path), real = U16BUF(look.root_path);
    auto_handle HANDLE open = NULL;
    struct err err;

    look.root = root;
    look.sid = sid_ours(root->digest);
    look.last = &look.first;
    look.kept = look.more = 0;
    if (is_late())
        look.cancel = 1;
    u16buf_add(&path, root->path);
    if (path.cut || !file_final_path(look.path, false, &real, &err))
        return; /* it was usable a moment ago, and is not any more */
    look.has_roster = roster_read(look.context, root->digest);
    if (!look.has_roster && !look.context->verdict.unproven)
        out_say(OUT_STDERR,
                "ringfence: what the last grant protected in % is not on record, so "
                "whatever says that it is protected counts: `ringfence grant` records it",
                look.root_path);
    path = U16BUF(look.path);
    add_root(&path);
    if (!treewalk_open(look.path, READ_CONTROL, &open, &err))
        return;
    path = U16BUF(look.path); /* its name is that of the path as it was given */
    u16buf_add(&path, root->path);
    if (!quarantine_is_root(open, look.path, root->digest)) {
        out_say(OUT_STDERR, QUARANTINE_REPLACED, look.root_path);
        return;
    }
    if (!treewalk_run(&walk, open, &look.result, &err))
        return;
    tell_all(open);
    if (look.result.failed)
        tell_count("ringfence: % directories could not be looked into for new protected "
                   "names",
                   look.result.failed);
    if (look.result.stopped)
        tell_stopped();
}

void appeared_look(const struct context *c, uint32_t limit_ms)
{
    look.context = c;
    look.start = GetTickCount();
    look.limit_ms = limit_ms;
    look.told = look.untold = look.unmoved = 0;
    InitializeCriticalSection(&look.lock);
    SetConsoleCtrlHandler(on_control, TRUE);
    for (size_t i = 0; i < c->root_count && !look.cancel; i++)
        if (i == 0 || c->root_list[i].usable)
            look_in(&c->root_list[i]);
    if (look.untold)
        tell_count("ringfence: and % more of them", look.untold);
    if (look.unmoved)
        tell_count("ringfence: % of them are where they were", look.unmoved);
    SetConsoleCtrlHandler(on_control, FALSE);
    DeleteCriticalSection(&look.lock);
}
