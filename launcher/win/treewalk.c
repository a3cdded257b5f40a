#include "win/treewalk.h"

#include "win/dirscan.h"

#define SHARE_ALL   ((DWORD)(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE))
#define LIST_ACCESS ((ACCESS_MASK)(FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES))

#define SMALL_BYTES     4096u /* what is read at a time below DEEP */
#define DEEP            64u
#define ENOUGH_UNITS    8192u /* names waiting in a directory: no further reading */
#define GROWTH_UNITS    1024u
#define QUEUE_CAP       (2u * TREEWALK_WORKERS_MAX)
#define HAND_IN         16u /* entries after which the others may know */
#define FIRST_REPORT_MS 1000u
#define REPORT_MS       250u

/* A directory on the way of some worker.  Names of its subdirectories wait in `pending`,
 * each as attributes (two units), length, units. */
struct dir {
    struct dir *parent; /* NULL: the root.  A reference. */
    volatile LONG refs; /* its worker's, and its children's for the sake of their paths */
    HANDLE handle;      /* NULL: no longer needed.  The root's is the caller's. */
    char16_t *pending;
    uint32_t pending_at, pending_len, pending_cap; /* units */
    uint32_t depth;
    uint32_t leave;      /* the visitor's word for what lies in here */
    bool started, ended; /* of the listing */
    uint32_t name_len;
    char16_t name[]; /* not terminated */
};

/* What all workers share.  lock guards queue, busy and result. */
struct crew {
    const struct treewalk *walk;
    struct treewalk_result *result;
    CRITICAL_SECTION lock;
    HANDLE
    work; /* semaphore: one for each in the queue; at the end one for each worker */
    struct dir *queue[QUEUE_CAP]; /* handed over to whoever is idle */
    uint32_t queued, queue_cap;
    uint32_t busy; /* queued, or with a worker; 0 is the end */
    uint32_t workers;
    volatile LONG stop;
};

struct worker {
    struct crew *crew;
    uint64_t entries, files, links, vanished; /* not yet in the result */
    struct err err;
    uint8_t buffer[DIRSCAN_BYTES] __attribute__((aligned(8)));
};

static bool is_stopping(const struct crew *crew)
{
    return crew->stop || (crew->walk->cancel && *crew->walk->cancel);
}

/* Writes s before *at; what does not fit is left out at its beginning. */
static void put_before(char16_t *text, size_t *at, struct u16s s)
{
    while (s.len && *at)
        text[--*at] = s.at[--s.len];
}

static size_t path_len(const struct dir *dir, struct u16s name)
{
    size_t len = name.len;

    for (; dir && dir->parent; dir = dir->parent)
        len += dir->name_len + 1;
    return len;
}

static void put_path(char16_t *text, size_t *at, const struct dir *dir, struct u16s name)
{
    put_before(text, at, name);
    for (; dir && dir->parent && *at; dir = dir->parent) {
        put_before(text, at, U16S("\\"));
        put_before(text, at, (struct u16s){ dir->name, dir->name_len });
    }
}

void treewalk_path(const struct treewalk_entry *entry, struct u16buf *out)
{
    size_t len = path_len(entry->directory, entry->name), at = len;

    if (out->cut || len >= out->cap - out->len) {
        out->cut = true;
        return;
    }
    put_path(out->at + out->len, &at, entry->directory, entry->name);
    out->len += len;
    out->at[out->len] = 0;
}

/* The path as err's object: the end of a long one says more than its beginning. */
static void set_object(struct err *err, const struct dir *dir, struct u16s name)
{
    size_t len = path_len(dir, name), at = 0;

    if (len > ERR_OBJECT_CAP - 1)
        len = ERR_OBJECT_CAP - 1;
    at = len;
    put_path(err->object, &at, dir, name);
    err->object[len] = 0;
    if (len < path_len(dir, name))
        err->object[0] = u'\u2026';
}

static void count_failure(struct worker *w, const struct dir *dir, struct u16s name)
{
    struct treewalk_result *result = w->crew->result;

    EnterCriticalSection(&w->crew->lock);
    result->failed++;
    if (result->kept_count < TREEWALK_KEPT) {
        set_object(&w->err, dir, name);
        result->kept[result->kept_count++] = w->err;
    }
    LeaveCriticalSection(&w->crew->lock);
}

static void count_status(struct worker *w, NTSTATUS status, const struct dir *dir,
                         struct u16s name)
{
    if (dirscan_is_gone(status)) {
        w->vanished++;
        return;
    }
    err_set(&w->err, ERR_NTSTATUS, (uint32_t)status, "NtOpenFile", NULL);
    count_failure(w, dir, name);
}

static void hand_in_counts(struct worker *w)
{
    struct treewalk_result *result = w->crew->result;

    EnterCriticalSection(&w->crew->lock);
    result->entries += w->entries;
    result->files += w->files;
    result->links += w->links;
    result->vanished += w->vanished;
    LeaveCriticalSection(&w->crew->lock);
    w->entries = w->files = w->links = w->vanished = 0;
}

static struct dir *dir_new(struct dir *parent, struct u16s name, HANDLE handle)
{
    struct dir *dir = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY,
                                sizeof *dir + name.len * sizeof(char16_t));

    if (!dir)
        return NULL;
    dir->refs = 1;
    dir->handle = handle;
    dir->name_len = (uint32_t)name.len;
    for (size_t i = 0; i < name.len; i++)
        dir->name[i] = name.at[i];
    dir->parent = parent;
    if (parent) {
        dir->depth = parent->depth + 1;
        InterlockedIncrement(&parent->refs);
    }
    return dir;
}

static void dir_close_handle(struct dir *dir)
{
    if (dir->handle && dir->parent)
        CloseHandle(dir->handle);
    dir->handle = NULL;
}

/* The worker is through with it; its name stays for those below it. */
static void dir_release(struct dir *dir)
{
    dir_close_handle(dir);
    if (dir->pending)
        HeapFree(GetProcessHeap(), 0, dir->pending);
    dir->pending = NULL;
    while (dir && InterlockedDecrement(&dir->refs) == 0) {
        struct dir *parent = dir->parent;

        HeapFree(GetProcessHeap(), 0, dir);
        dir = parent;
    }
}

static bool pending_add(struct dir *dir, const struct dirscan_name *name)
{
    uint32_t need = dir->pending_len + 3 + (uint32_t)name->name.len;
    char16_t *at = NULL;

    if (need > dir->pending_cap) {
        size_t bytes = (need + GROWTH_UNITS) * sizeof(char16_t);

        at = dir->pending ? HeapReAlloc(GetProcessHeap(), 0, dir->pending, bytes)
                          : HeapAlloc(GetProcessHeap(), 0, bytes);
        if (!at)
            return false;
        dir->pending = at;
        dir->pending_cap = need + GROWTH_UNITS;
    }
    at = dir->pending + dir->pending_len;
    at[0] = (char16_t)(name->attributes & 0xFFFF);
    at[1] = (char16_t)(name->attributes >> 16);
    at[2] = (char16_t)name->name.len;
    for (size_t i = 0; i < name->name.len; i++)
        at[3 + i] = name->name.at[i];
    dir->pending_len = need;
    return true;
}

static bool pending_take(struct dir *dir, struct dirscan_name *name)
{
    const char16_t *at = dir->pending + dir->pending_at;

    if (dir->pending_at == dir->pending_len) {
        dir->pending_at = dir->pending_len = 0;
        return false;
    }
    *name = (struct dirscan_name){ { at + 3, at[2] }, at[0] | (DWORD)at[1] << 16 };
    dir->pending_at += 3u + at[2];
    return true;
}

/* Shows one entry to the visitor; whether to go into it. */
static bool show(struct worker *w, struct dir *in, struct treewalk_entry *entry)
{
    enum treewalk_next next = TREEWALK_GO;

    entry->directory = in;
    entry->depth = in ? in->depth + 1 : 0;
    entry->leave = entry->inherited = in ? in->leave : 0;
    next = w->crew->walk->visit(w->crew->walk->ctx, entry, &w->err);
    if (!entry->refused) {
        w->entries++;
        w->files += !(entry->attributes & FILE_ATTRIBUTE_DIRECTORY);
        w->links += !!(entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT);
    }
    if (next == TREEWALK_FAILED)
        count_failure(w, in, entry->name);
    if (next == TREEWALK_STOP)
        InterlockedExchange(&w->crew->stop, 1);
    return next == TREEWALK_GO || next == TREEWALK_FAILED;
}

/* A file, or a link of either kind: shown, and that is all. */
static void meet_leaf(struct worker *w, struct dir *in, const struct dirscan_name *name)
{
    bool is_directory = name->attributes & FILE_ATTRIBUTE_DIRECTORY;
    ACCESS_MASK access =
        is_directory ? w->crew->walk->dir_access : w->crew->walk->file_access;
    auto_handle HANDLE file = NULL;
    struct treewalk_entry entry = { .attributes = name->attributes, .name = name->name };

    /* So that the visitor can ask the handle whether it is one. */
    if (access && name->attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        access |= FILE_READ_ATTRIBUTES;
    if (access) {
        NTSTATUS status =
            dirscan_open(in->handle, name->name, access, is_directory, &file);

        if (status != 0) {
            count_status(w, status, in, name->name);
            return;
        }
    }
    entry.handle = file;
    show(w, in, &entry);
}

/* Opens a directory for the visitor and for listing, or for the one that is granted; what
 * is not is counted. */
static void open_directory(struct worker *w, struct dir *in, struct u16s name,
                           HANDLE *file, bool *may_show, bool *may_list)
{
    ACCESS_MASK access = w->crew->walk->dir_access;
    NTSTATUS status = dirscan_open(in->handle, name, access | LIST_ACCESS, true, file);

    *may_show = *may_list = status == 0;
    if (status == 0)
        return;
    count_status(w, status, in, name);
    if (!STATUS_IS(status, DIRSCAN_ACCESS_DENIED) || access == 0)
        return;
    if (dirscan_open(in->handle, name, LIST_ACCESS, true, file) == 0)
        *may_list = true;
    else if (dirscan_open(in->handle, name, access, true, file) == 0)
        *may_show = true;
}

/* The node of a directory to be walked, which then owns *file; NULL, counted, when there
 * can be none. */
static struct dir *go_down(struct worker *w, struct dir *in,
                           const struct treewalk_entry *entry, HANDLE *file)
{
    struct dir *down = NULL;

    if (entry->depth >= TREEWALK_DEPTH_MAX) {
        err_rule(&w->err, "the directory lies too deep", NULL);
        count_failure(w, in, entry->name);
        return NULL;
    }
    down = dir_new(in, entry->name, *file);
    if (!down) {
        err_set(&w->err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
        count_failure(w, in, entry->name);
        return NULL;
    }
    down->leave = entry->leave;
    handle_take(file);
    return down;
}

/* A directory: shown, and the node to be walked, if it is. */
static struct dir *meet_directory(struct worker *w, struct dir *in,
                                  const struct dirscan_name *name)
{
    auto_handle HANDLE file = NULL;
    struct treewalk_entry entry = { .attributes = name->attributes, .name = name->name };
    bool may_show = false, may_list = false;

    open_directory(w, in, name->name, &file, &may_show, &may_list);
    if (!file)
        return NULL;
    /* What was opened counts, not what was listed a moment ago. */
    entry.attributes |= dirscan_attributes(file);
    if (entry.attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        may_list = false;
    entry.refused = !may_show;
    if (may_show && w->crew->walk->dir_access)
        entry.handle = file;
    if (!show(w, in, &entry) || !may_list || is_stopping(w->crew))
        return NULL;
    return go_down(w, in, &entry, &file);
}

/* One batch: leaves are met at once, names of directories wait. */
static void meet_batch(struct worker *w, struct dir *dir, struct dirscan scan)
{
    const DWORD kind = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
    struct dirscan_name name;

    while (!is_stopping(w->crew) && dirscan_next(&scan, &name)) {
        if ((name.attributes & kind) != FILE_ATTRIBUTE_DIRECTORY) {
            meet_leaf(w, dir, &name);
        } else if (!pending_add(dir, &name)) {
            err_set(&w->err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
            count_failure(w, dir, name.name);
        }
        if (w->entries >= HAND_IN)
            hand_in_counts(w);
    }
    hand_in_counts(w);
}

/* Reads on until names of directories wait, enough for a while, or the listing ends: then
 * the handle can be closed as soon as the last of them is open, and a deep tree keeps few
 * handles.  Deep down less is read at a time, to keep memory bounded. */
static void read_some(struct worker *w, struct dir *dir)
{
    uint32_t enough = dir->depth < DEEP ? ENOUGH_UNITS : 1;
    size_t bytes = dir->depth < DEEP ? DIRSCAN_BYTES : SMALL_BYTES;

    while (!dir->ended && dir->pending_len < enough && !is_stopping(w->crew)) {
        struct dirscan scan;
        enum dirscan_read got =
            dirscan_read(dir->handle, !dir->started, w->buffer, bytes, &scan, &w->err);

        if (got == DIRSCAN_TOO_SMALL && bytes < DIRSCAN_BYTES) {
            bytes = DIRSCAN_BYTES;
            continue;
        }
        dir->started = true;
        if (got == DIRSCAN_SOME) {
            meet_batch(w, dir, scan);
            continue;
        }
        dir->ended = true;
        if (got == DIRSCAN_TOO_SMALL)
            err_rule(&w->err, "a name in the directory is too long", NULL);
        if (got != DIRSCAN_END)
            count_failure(w, dir->parent, (struct u16s){ dir->name, dir->name_len });
    }
}

/* One step in a directory; false when there is nothing left in it. */
static bool step(struct worker *w, struct dir *dir, struct dir **down)
{
    struct dirscan_name name;

    if (is_stopping(w->crew))
        return false;
    if (!pending_take(dir, &name)) {
        if (dir->ended)
            return false;
        read_some(w, dir);
        return true;
    }
    *down = meet_directory(w, dir, &name);
    if (dir->ended && dir->pending_at == dir->pending_len)
        dir_close_handle(dir);
    return true;
}

static void enqueue(struct crew *crew, struct dir *dir)
{
    crew->queue[crew->queued++] = dir;
    crew->busy++;
    ReleaseSemaphore(crew->work, 1, NULL);
}

/* Hands a directory over, if the others are short of work. */
static bool give(struct crew *crew, struct dir *dir)
{
    bool given = false;

    EnterCriticalSection(&crew->lock);
    given = crew->queued < crew->queue_cap;
    if (given)
        enqueue(crew, dir);
    LeaveCriticalSection(&crew->lock);
    return given;
}

/* The next directory from the queue, or NULL at the end. */
static struct dir *take(struct crew *crew)
{
    struct dir *dir = NULL;

    WaitForSingleObject(crew->work, INFINITE);
    EnterCriticalSection(&crew->lock);
    if (crew->queued)
        dir = crew->queue[--crew->queued];
    LeaveCriticalSection(&crew->lock);
    return dir;
}

static void done_with_one(struct crew *crew)
{
    EnterCriticalSection(&crew->lock);
    if (--crew->busy == 0)
        ReleaseSemaphore(crew->work, (LONG)crew->workers, NULL);
    LeaveCriticalSection(&crew->lock);
}

static bool show_root(struct worker *w, struct dir *root)
{
    struct treewalk_entry entry = { .handle = root->handle,
                                    .attributes = dirscan_attributes(root->handle) };
    bool go = show(w, NULL, &entry);

    root->leave = entry.leave;
    return go;
}

/* The stack of the walk is the chain of parents, up to the directory it began with. */
static void walk_from(struct worker *w, struct dir *base)
{
    struct dir *dir = base;

    if (!base->parent && !show_root(w, base)) {
        dir_release(base);
        dir = NULL;
    }
    while (dir) {
        struct dir *down = NULL;
        struct dir *up = dir == base ? NULL : dir->parent;

        if (step(w, dir, &down)) {
            if (down && !give(w->crew, down))
                dir = down;
            continue;
        }
        dir_release(dir);
        dir = up;
    }
    hand_in_counts(w);
}

static DWORD WINAPI work(void *data)
{
    struct worker *w = data;
    struct dir *dir = NULL;

    while ((dir = take(w->crew)) != NULL) {
        walk_from(w, dir);
        done_with_one(w->crew);
    }
    HeapFree(GetProcessHeap(), 0, w);
    return 0;
}

static bool start_worker(struct crew *crew, HANDLE *thread, struct err *err)
{
    struct worker *w = HeapAlloc(GetProcessHeap(), 0, sizeof *w);

    if (!w)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
    w->crew = crew;
    w->entries = w->files = w->links = w->vanished = 0;
    *thread = CreateThread(NULL, 0, work, w, 0, NULL);
    if (*thread)
        return true;
    err_win32(err, "CreateThread", NULL);
    HeapFree(GetProcessHeap(), 0, w);
    return false;
}

/* As many workers as can be had, at least one. */
static uint32_t start_workers(struct crew *crew, HANDLE *threads, struct err *err)
{
    uint32_t want = crew->walk->workers, count = 0;

    if (want == 0) {
        SYSTEM_INFO info;

        GetSystemInfo(&info);
        want = info.dwNumberOfProcessors;
    }
    if (want > TREEWALK_WORKERS_MAX)
        want = TREEWALK_WORKERS_MAX;
    while (count < want && start_worker(crew, &threads[count], err))
        count++;
    return count;
}

/* Waits for all, and tells how far they are. */
static void watch(struct crew *crew, const HANDLE *threads, uint32_t count)
{
    const struct treewalk *walk = crew->walk;
    DWORD start = GetTickCount();
    DWORD pause = walk->progress ? REPORT_MS : INFINITE;

    while (WaitForMultipleObjects(count, threads, TRUE, pause) == WAIT_TIMEOUT) {
        struct treewalk_progress now = { .elapsed_ms = GetTickCount() - start };

        if (!walk->progress || now.elapsed_ms < FIRST_REPORT_MS)
            continue;
        EnterCriticalSection(&crew->lock);
        now.entries = crew->result->entries;
        LeaveCriticalSection(&crew->lock);
        now.per_second = (uint32_t)(now.entries * 1000 / now.elapsed_ms);
        walk->progress(walk->ctx, &now);
    }
}

bool treewalk_run(const struct treewalk *walk, HANDLE root,
                  struct treewalk_result *result, struct err *err)
{
    struct crew crew = { .walk = walk, .result = result };
    HANDLE threads[TREEWALK_WORKERS_MAX] = { NULL };
    struct dir *top = dir_new(NULL, (struct u16s){ 0 }, root);

    if (!top)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
    crew.work = CreateSemaphoreW(NULL, 0, INT32_MAX, NULL);
    if (!crew.work) {
        err_win32(err, "CreateSemaphoreW", NULL);
        dir_release(top);
        return false;
    }
    InitializeCriticalSection(&crew.lock);
    crew.workers = start_workers(&crew, threads, err);
    if (crew.workers) {
        *result = (struct treewalk_result){ 0 };
        crew.queue_cap = crew.workers > 1 ? 2 * crew.workers : 0;
        enqueue(&crew, top);
        watch(&crew, threads, crew.workers);
        result->stopped = is_stopping(&crew);
    } else {
        dir_release(top);
    }
    for (uint32_t i = 0; i < crew.workers; i++)
        CloseHandle(threads[i]);
    DeleteCriticalSection(&crew.lock);
    CloseHandle(crew.work);
    return crew.workers != 0;
}

bool treewalk_open(const char16_t *path, ACCESS_MASK access, HANDLE *root,
                   struct err *err)
{
    auto_handle HANDLE file = CreateFileW(
        path, access | LIST_ACCESS | SYNCHRONIZE, SHARE_ALL, NULL, OPEN_EXISTING,
        FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD attributes = 0;

    if (file == INVALID_HANDLE_VALUE) {
        file = NULL;
        return err_win32(err, "CreateFileW", path);
    }
    attributes = dirscan_attributes(file);
    if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
        return err_rule(err, "a reparse point is not followed", path);
    if (!(attributes & FILE_ATTRIBUTE_DIRECTORY))
        return err_set(err, ERR_WIN32, ERROR_DIRECTORY, "CreateFileW", path);
    *root = handle_take(&file);
    return true;
}

bool treewalk_link_count(HANDLE file, uint32_t *count, struct err *err)
{
    FILE_STANDARD_INFORMATION info = { 0 };
    IO_STATUS_BLOCK io = { 0 };
    NTSTATUS status =
        NtQueryInformationFile(file, &io, &info, sizeof info, FileStandardInformation);

    if (status != 0)
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtQueryInformationFile",
                       NULL);
    *count = info.NumberOfLinks;
    return true;
}
