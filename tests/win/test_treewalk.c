#include "win/treewalk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAMES_MAX  6000u
#define NAME_UNITS 1600u /* of a relative path */
#define WIDE       2500u
#define DEEP       320u
#define LONE       u"\xD83Dlon\xDE00"

static char16_t base[MAX_PATH]; /* \\?\C:\...\ringfence-treewalk */
static struct err err;
static struct treewalk_result result;

/* The native calls, as the walk gets them: linked before the system's own, so that a test
 * can have them refuse or lie. */
static struct {
    const char16_t *name; /* the directory it is about */
    ACCESS_MASK deny;     /* no handle of it with any of these */
    bool becomes_link;    /* it is one by the time it is opened */
    HANDLE handle;        /* under which it was opened last */
    ULONG short_of;       /* reads of at most so many bytes find no room */
    bool later;           /* ... from the second on, as a later call says it */
    bool lie;             /* of listed names: "climb", "empty", "alone" */
    ULONG tag;            /* reparse tag of what is named "cloud..." */
    bool no_ea_size;      /* ... which the listing does not tell */
    bool tag_all;         /* ... of every handle */
    HANDLE tagged[8];     /* handles of such things */
} fake;

static FARPROC real(const char *name)
{
    return GetProcAddress(GetModuleHandleW(u"ntdll.dll"), name);
}

static bool is_cloud(const char16_t *name, size_t bytes)
{
    return bytes >= 10 && !memcmp(name, L"cloud", 10);
}

/* What is open as one of them, by one worker. */
static void note_handle(HANDLE file, const UNICODE_STRING *name)
{
    for (size_t i = 0; i < 8; i++)
        if (fake.tagged[i] == file)
            fake.tagged[i] = NULL;
    for (size_t i = 0; is_cloud(name->Buffer, name->Length) && i < 8; i++)
        if (!fake.tagged[i]) {
            fake.tagged[i] = file;
            return;
        }
}

NTSTATUS NTAPI NtOpenFile(HANDLE *file, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes,
                          IO_STATUS_BLOCK *io, ULONG share, ULONG options)
{
    typedef NTSTATUS(NTAPI * open)(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *,
                                   IO_STATUS_BLOCK *, ULONG, ULONG);
    const UNICODE_STRING *name = attributes->ObjectName;
    bool hit = fake.name && u16s_eq((struct u16s){ name->Buffer, name->Length / 2 },
                                    u16s_of(fake.name));
    static UNICODE_STRING alone = { 10, 10, L"alone" };
    NTSTATUS status = 0;

    if (hit && access & fake.deny)
        return (NTSTATUS)0xC0000022;
    if (fake.lie && name->Length == 10 && !memcmp(name->Buffer, LONE, 10))
        attributes->ObjectName = &alone;
    status = ((open)(void (*)(void))real("NtOpenFile"))(file, access, attributes, io,
                                                        share, options);
    if (hit && status == 0)
        fake.handle = *file;
    if (fake.tag && status == 0)
        note_handle(*file, name);
    return status;
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data,
                                      ULONG bytes, FILE_INFORMATION_CLASS what)
{
    typedef NTSTATUS(NTAPI * query)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG,
                                    FILE_INFORMATION_CLASS);
    NTSTATUS status = ((query)(void (*)(void))real("NtQueryInformationFile"))(
        file, io, data, bytes, what);

    if (what == FileAttributeTagInformation && fake.becomes_link && file == fake.handle)
        ((FILE_ATTRIBUTE_TAG_INFORMATION *)data)->FileAttributes |=
            FILE_ATTRIBUTE_REPARSE_POINT;
    for (size_t i = 0; what == FileAttributeTagInformation && fake.tag && i < 8; i++)
        if (fake.tag_all || fake.tagged[i] == file) {
            FILE_ATTRIBUTE_TAG_INFORMATION *info = data;

            info->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
            info->ReparseTag = fake.tag;
        }
    return status;
}

static void lie_about(uint8_t *data)
{
    FILE_FULL_DIR_INFORMATION *info = NULL;
    ULONG step = 0;

    do {
        data += step;
        info = (void *)data;
        step = info->NextEntryOffset;
        if (info->FileNameLength == 10 && !memcmp(info->FileName, L"climb", 10))
            memcpy(info->FileName, L"up\\in", 10);
        if (info->FileNameLength == 10 && !memcmp(info->FileName, L"empty", 10))
            info->FileNameLength = 0;
        if (info->FileNameLength == 10 && !memcmp(info->FileName, L"alone", 10))
            memcpy(info->FileName, LONE, 10);
        if (fake.tag && is_cloud(info->FileName, info->FileNameLength)) {
            info->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
            info->EaSize = fake.no_ea_size ? 0 : fake.tag;
        }
    } while (step);
}

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE directory, HANDLE event, PIO_APC_ROUTINE apc,
                                    void *apc_context, IO_STATUS_BLOCK *io, void *data,
                                    ULONG bytes, FILE_INFORMATION_CLASS what,
                                    BOOLEAN single, UNICODE_STRING *pattern,
                                    BOOLEAN restart);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE directory, HANDLE event, PIO_APC_ROUTINE apc,
                                    void *apc_context, IO_STATUS_BLOCK *io, void *data,
                                    ULONG bytes, FILE_INFORMATION_CLASS what,
                                    BOOLEAN single, UNICODE_STRING *pattern,
                                    BOOLEAN restart)
{
    typedef NTSTATUS(NTAPI * query)(
        HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *, ULONG,
        FILE_INFORMATION_CLASS, BOOLEAN, UNICODE_STRING *, BOOLEAN);
    NTSTATUS status = 0;

    if (bytes <= fake.short_of && restart != fake.later) {
        io->Information = 0;
        return fake.later ? 0 : (NTSTATUS)0x80000005;
    }
    status = ((query)(void (*)(void))real("NtQueryDirectoryFile"))(
        directory, event, apc, apc_context, io, data, bytes, what, single, pattern,
        restart);
    if ((fake.lie || fake.tag) && status == 0)
        lie_about(data);
    return status;
}

/* A set of relative paths. */
struct names {
    char16_t *at[NAMES_MAX];
    uint32_t count;
    CRITICAL_SECTION lock;
};
static struct names seen, wanted;

static void names_add(struct names *n, const char16_t *text)
{
    EnterCriticalSection(&n->lock);
    if (n->count < NAMES_MAX)
        n->at[n->count++] = _wcsdup(text);
    LeaveCriticalSection(&n->lock);
}

static void names_clear(struct names *n)
{
    while (n->count)
        free(n->at[--n->count]);
}

static int by_text(const void *a, const void *b)
{
    return wcscmp(*(char16_t *const *)a, *(char16_t *const *)b);
}

static void assert_same_names(void)
{
    qsort(seen.at, seen.count, sizeof seen.at[0], by_text);
    qsort(wanted.at, wanted.count, sizeof wanted.at[0], by_text);
    for (uint32_t i = 0; i < seen.count && i < wanted.count; i++)
        if (wcscmp(seen.at[i], wanted.at[i]) != 0)
            fail_msg("seen %ls, not %ls", seen.at[i], wanted.at[i]);
    assert_int_equal(seen.count, wanted.count);
}

/* base\name */
static const char16_t *at_base(const char16_t *name)
{
    static char16_t text[WIN_PATH_CAP];

    wcscpy(text, base);
    if (*name)
        wcscat(text, u"\\");
    return wcscat(text, name);
}

static void make_dir(const char16_t *name)
{
    assert_true(CreateDirectoryW(at_base(name), NULL));
}

static bool make_file(const char16_t *name)
{
    HANDLE file = CreateFileW(at_base(name), GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return false;
    CloseHandle(file);
    return true;
}

/* The other walk: Win32's own, by path, one level on the heap at a time. */
static void find_all(const char16_t *rel)
{
    WIN32_FIND_DATAW *found = malloc(sizeof *found);
    char16_t *text = malloc(WIN_PATH_CAP * sizeof *text);
    HANDLE h = NULL;

    assert_true(found && text);
    wcscpy(text, at_base(rel));
    wcscat(text, u"\\*");
    h = FindFirstFileW(text, found);
    if (h != INVALID_HANDLE_VALUE) {
        do {
            if (!wcscmp(found->cFileName, L".") || !wcscmp(found->cFileName, L".."))
                continue;
            wcscpy(text, rel);
            if (*rel)
                wcscat(text, u"\\");
            wcscat(text, found->cFileName);
            names_add(&wanted, text);
            if ((found->dwFileAttributes &
                 (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) ==
                FILE_ATTRIBUTE_DIRECTORY)
                find_all(text);
        } while (FindNextFileW(h, found));
        FindClose(h);
    }
    free(text);
    free(found);
}

/* Removes what is there by now: links as such, everything else depth first. */
static void remove_all(const char16_t *rel)
{
    names_clear(&wanted);
    find_all(rel);
    for (uint32_t i = wanted.count; i > 0; i--) {
        const char16_t *name = at_base(wanted.at[i - 1]);

        SetFileAttributesW(name, FILE_ATTRIBUTE_NORMAL);
        if (!DeleteFileW(name))
            RemoveDirectoryW(name);
    }
    names_clear(&wanted);
}

/* Runs a Unix program on base\link, under Wine; false elsewhere.  Wine has no handle to
 * wait for it with. */
static bool unix_link(const char16_t *program, const char *before)
{
    typedef char *(CDECL * unix_name)(const WCHAR *);
    unix_name name = (unix_name)(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"kernel32.dll"), "wine_get_unix_file_name");
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    char16_t line[1024];
    char *dir = name ? name(base) : NULL;

    if (!dir)
        return false;
    swprintf(line, 1024, L"%hs \"%hs/link\"", before, dir);
    CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi);
    return true;
}

/* Waits until base\link is there, or no longer is; its attributes. */
static DWORD await_link(bool there)
{
    DWORD attributes = 0;

    for (unsigned i = 0; i < 100; i++) {
        attributes = GetFileAttributesW(at_base(u"link"));
        if ((attributes != INVALID_FILE_ATTRIBUTES) == there)
            break;
        Sleep(20);
    }
    return attributes;
}

/* Makes base\link lead to base\target. */
static bool make_link(void)
{
    DWORD attributes = 0;

    if (!unix_link(u"Z:\\bin\\ln", "ln -s target"))
        CreateSymbolicLinkW(at_base(u"link"), u"target", SYMBOLIC_LINK_FLAG_DIRECTORY);
    attributes = await_link(true);
    return attributes != INVALID_FILE_ATTRIBUTES &&
           attributes & FILE_ATTRIBUTE_REPARSE_POINT;
}

/* Wine's RemoveDirectoryW would not take it. */
static void remove_link(void)
{
    if (GetFileAttributesW(at_base(u"link")) != INVALID_FILE_ATTRIBUTES &&
        unix_link(u"Z:\\bin\\rm", "rm"))
        await_link(false);
}

static int fresh_base(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    names_clear(&seen);
    remove_link();
    remove_all(u"");
    RemoveDirectoryW(base);
    if (CreateDirectoryW(base, NULL))
        return 0;
    /* A killed run may have left a link that leads nowhere, which Wine does not show. */
    unix_link(u"Z:\\bin\\rm", "rm -f");
    Sleep(500);
    return RemoveDirectoryW(base) && CreateDirectoryW(base, NULL) ? 0 : 1;
}

static int remove_base(void **state)
{
    (void)state;
    remove_link();
    remove_all(u"");
    RemoveDirectoryW(base);
    return 0;
}

/* What the visitor of most tests does: writes paths down; a directory comes first. */
struct visits {
    volatile LONG early; /* entries whose directory had not been shown before */
    volatile LONG cancel;
    LONG cancel_after;
    volatile LONG count;
    const char16_t *skip; /* a name not to go into */
    LONG fail_every;
    LONG progress, bad_progress;
    volatile LONG refused;
    DWORD pause;
};

static enum treewalk_next visit(void *ctx, struct treewalk_entry *entry, struct err *e)
{
    struct visits *v = ctx;
    char16_t text[WIN_PATH_CAP / 2];
    struct u16buf path = U16BUF(text);
    LONG n = InterlockedIncrement(&v->count);

    treewalk_path(entry, &path);
    if (path.cut)
        return err_rule(e, "cut", NULL), TREEWALK_FAILED;
    if (entry->depth > 0 && entry->inherited != entry->depth)
        InterlockedIncrement(&v->early);
    entry->leave = entry->depth + 1; /* seen by those below only if it came first */
    if (entry->refused && !entry->handle)
        InterlockedIncrement(&v->refused);
    else if (entry->depth > 0)
        names_add(&seen, text);
    if (v->pause)
        Sleep(v->pause);
    if (v->cancel_after && n >= v->cancel_after)
        InterlockedExchange(&v->cancel, 1);
    if (v->skip && u16s_eq(entry->name, u16s_of(v->skip)))
        return TREEWALK_SKIP;
    if (v->fail_every && n % v->fail_every == 0)
        return err_set(e, ERR_WIN32, ERROR_GEN_FAILURE, "Visit", NULL), TREEWALK_FAILED;
    return TREEWALK_GO;
}

static void progress(void *ctx, const struct treewalk_progress *now)
{
    struct visits *v = ctx;

    v->progress++;
    v->bad_progress += now->elapsed_ms < 1000 || now->entries == 0 ||
                       now->per_second != now->entries * 1000 / now->elapsed_ms;
}

static void run(struct visits *v, uint32_t workers)
{
    struct treewalk walk = { .visit = visit,
                             .progress = progress,
                             .ctx = v,
                             .cancel = &v->cancel,
                             .file_access = READ_CONTROL,
                             .dir_access = READ_CONTROL,
                             .workers = workers };
    auto_handle HANDLE root = NULL;

    names_clear(&seen);
    assert_true(treewalk_open(base, READ_CONTROL, &root, &err));
    assert_true(treewalk_run(&walk, root, &result, &err));
    assert_int_equal(v->early, 0);
}

/* Wide, nested, empty, with odd names. */
static void make_tree(void)
{
    char16_t name[64];

    make_dir(u"wide");
    for (unsigned i = 0; i < WIDE; i++) {
        swprintf(name, 64, L"wide\\file %u.txt", i);
        assert_true(make_file(name));
    }
    make_dir(u"many");
    for (unsigned i = 0; i < 300; i++) {
        swprintf(name, 64, L"many\\d%u", i);
        make_dir(name);
        swprintf(name, 64, L"many\\d%u\\inner", i);
        make_dir(name);
        swprintf(name, 64, L"many\\d%u\\inner\\f", i);
        assert_true(make_file(name));
    }
    make_dir(u"empty");
    make_dir(u".git");
    assert_true(make_file(u".git\\HEAD"));
    assert_true(make_file(u"\u0416\u0443\u043a \U0001F600"));
}

static void treewalk__a_made_tree__is_visited_exactly(void **state)
{
    struct visits v = { 0 };

    (void)state;
    make_tree();
    find_all(u"");
    run(&v, 0);
    assert_same_names();
    assert_int_equal(result.entries, wanted.count + 1);
    assert_int_equal(result.files, WIDE + 300 + 2);
    assert_int_equal(result.failed + result.vanished + result.links, 0);
    assert_false(result.stopped);
}

static void treewalk__any_number_of_workers__sees_the_same(void **state)
{
    (void)state;
    make_tree();
    find_all(u"");
    for (uint32_t workers = 1; workers <= TREEWALK_WORKERS_MAX + 3; workers += 3) {
        struct visits v = { 0 };

        run(&v, workers);
        assert_same_names();
    }
}

static void treewalk__one_handle_walked_twice__starts_anew(void **state)
{
    struct visits v = { 0 };
    struct treewalk walk = { .visit = visit, .ctx = &v };
    auto_handle HANDLE root = NULL;

    (void)state;
    make_dir(u"a");
    assert_true(make_file(u"a\\b"));
    assert_true(treewalk_open(base, 0, &root, &err));
    assert_true(treewalk_run(&walk, root, &result, &err));
    assert_int_equal(result.entries, 3);
    assert_true(treewalk_run(&walk, root, &result, &err));
    assert_int_equal(result.entries, 3);
}

static void treewalk__300_levels__are_visited(void **state)
{
    struct visits v = { 0 };
    char16_t text[2 * DEEP + 1] = { 0 };

    (void)state;
    for (unsigned i = 0; i < DEEP; i++) {
        wcscat(text, i ? u"\\d" : u"d");
        make_dir(text);
    }
    wcscat(text, u"\\f");
    assert_true(make_file(text));
    find_all(u"");
    assert_int_equal(wanted.count, DEEP + 1);
    run(&v, 2);
    assert_same_names();
    assert_int_equal(result.failed, 0);
}

/* The end of a long path is what a failure tells. */
static void treewalk__a_failure_deep_down__is_named_by_its_end(void **state)
{
    struct visits v = { .fail_every = 201 };
    char16_t text[2 * DEEP + 1] = { 0 };
    struct u16s object;

    (void)state;
    for (unsigned i = 0; i < DEEP; i++) {
        wcscat(text, i ? u"\\d" : u"d");
        make_dir(text);
    }
    run(&v, 1);
    assert_int_equal(result.failed, 1);
    assert_int_equal(result.entries, DEEP + 1);
    object = u16s_of(result.kept[0].object);
    assert_int_equal(object.len, ERR_OBJECT_CAP - 1);
    assert_int_equal(object.at[0], u'\u2026');
    assert_int_equal(object.at[object.len - 1], u'd');
    assert_int_equal(object.at[object.len - 2], u'\\');
}

static void treewalk__a_link_to_a_directory__is_shown_and_not_followed(void **state)
{
    struct visits v = { 0 };
    HANDLE root = NULL;

    (void)state;
    make_dir(u"target");
    assert_true(make_file(u"target\\inside"));
    if (!make_link()) {
        print_message("SKIP link: this user or system cannot make one\n");
        skip();
    }
    run(&v, 2);
    names_add(&wanted, u"link");
    names_add(&wanted, u"target");
    names_add(&wanted, u"target\\inside");
    assert_same_names();
    assert_int_equal(result.links, 1);
    assert_int_equal(result.failed, 0);
    if (treewalk_open(at_base(u"link"), 0, &root, &err)) {
        CloseHandle(root);
        print_message("SKIP link as a root: this system opens a link's target when asked "
                      "for the link (Wine 8)\n");
        return;
    }
    assert_string_equal(err.call, "a reparse point is not followed");
}

static void treewalk__skipped_directory__is_not_entered(void **state)
{
    struct visits v = { .skip = u".git" };

    (void)state;
    make_dir(u".git");
    assert_true(make_file(u".git\\HEAD"));
    assert_true(make_file(u"z"));
    run(&v, 1);
    names_add(&wanted, u".git");
    names_add(&wanted, u"z");
    assert_same_names();
}

/* Removes the last file when the first is shown: both were listed in one batch. */
static enum treewalk_next visit_removing(void *ctx, struct treewalk_entry *entry,
                                         struct err *e)
{
    (void)ctx;
    (void)e;
    if (u16s_eq(entry->name, U16S("f00")))
        assert_true(DeleteFileW(at_base(u"f49")));
    return TREEWALK_GO;
}

static void treewalk__a_file_removed_while_walking__is_no_failure(void **state)
{
    struct treewalk walk = { .visit = visit_removing,
                             .file_access = READ_CONTROL,
                             .workers = 1 };
    char16_t name[32];
    auto_handle HANDLE root = NULL;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        swprintf(name, 32, L"f%02u", i);
        assert_true(make_file(name));
    }
    assert_true(treewalk_open(base, 0, &root, &err));
    assert_true(treewalk_run(&walk, root, &result, &err));
    assert_int_equal(result.failed, 0);
    assert_int_equal(result.entries, 50);
    assert_int_equal(result.vanished, 1);
}

/* The whole tree goes while it is walked. */
static DWORD WINAPI remove_tree(void *arg)
{
    (void)arg;
    remove_all(u"");
    return 0;
}

static void treewalk__the_tree_removed_while_walking__ends(void **state)
{
    struct visits v = { .pause = 1 };
    HANDLE thread = NULL;

    (void)state;
    make_tree();
    thread = CreateThread(NULL, 0, remove_tree, NULL, 0, NULL);
    run(&v, 4);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    assert_true(result.entries >= 1);
    for (size_t i = 0; i < result.kept_count; i++)
        assert_int_equal(result.kept[i].domain, ERR_NTSTATUS);
}

/* Opened by somebody without FILE_SHARE_READ, it cannot be listed. */
static void treewalk__a_directory_not_to_be_opened__is_counted_and_named(void **state)
{
    struct visits v = { 0 };
    HANDLE held = NULL;

    (void)state;
    make_dir(u"a");
    make_dir(u"a\\held");
    assert_true(make_file(u"a\\held\\f"));
    assert_true(make_file(u"a\\other"));
    held = CreateFileW(at_base(u"a\\held"), FILE_LIST_DIRECTORY, 0, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS, NULL);
    assert_true(held != INVALID_HANDLE_VALUE);
    run(&v, 2);
    CloseHandle(held);
    names_add(&wanted, u"a");
    names_add(&wanted, u"a\\other");
    assert_same_names();
    assert_int_equal(result.failed, 1);
    assert_int_equal(result.kept_count, 1);
    assert_int_equal(result.kept[0].domain, ERR_NTSTATUS);
    assert_int_equal(result.kept[0].code, 0xC0000043); /* STATUS_SHARING_VIOLATION */
    assert_string_equal(result.kept[0].call, "NtOpenFile");
    assert_true(u16s_eq(u16s_of(result.kept[0].object), U16S("a\\held")));
}

/* No right to change its descriptor: counted, and what lies in it is visited. */
static void treewalk__a_directory_refused_to_the_visitor__is_still_entered(void **state)
{
    struct visits v = { 0 };

    (void)state;
    make_dir(u"d");
    assert_true(make_file(u"d\\f"));
    fake.name = u"d";
    fake.deny = READ_CONTROL;
    run(&v, 1);
    names_add(&wanted, u"d\\f");
    assert_same_names();
    assert_int_equal(v.refused, 1);
    assert_int_equal(result.entries, 2);
    assert_int_equal(result.failed, 1);
    assert_int_equal(result.kept[0].code, 0xC0000022);
    assert_true(u16s_eq(u16s_of(result.kept[0].object), U16S("d")));
}

static void treewalk__a_directory_that_may_not_be_listed__is_still_shown(void **state)
{
    struct visits v = { 0 };

    (void)state;
    make_dir(u"d");
    assert_true(make_file(u"d\\f"));
    fake.name = u"d";
    fake.deny = FILE_LIST_DIRECTORY;
    run(&v, 1);
    names_add(&wanted, u"d");
    assert_same_names();
    assert_int_equal(v.refused, 0);
    assert_int_equal(result.failed, 1);
    fake.deny = FILE_LIST_DIRECTORY | READ_CONTROL;
    run(&v, 1);
    assert_int_equal(seen.count, 0);
    assert_int_equal(result.entries, 1);
    assert_int_equal(result.failed, 1);
}

/* Swapped for a junction between listing and opening. */
static void treewalk__a_directory_become_a_link__is_not_entered(void **state)
{
    struct visits v = { 0 };

    (void)state;
    make_dir(u"d");
    assert_true(make_file(u"d\\f"));
    fake.name = u"d";
    fake.becomes_link = true;
    run(&v, 1);
    names_add(&wanted, u"d");
    assert_same_names();
    assert_int_equal(result.links, 1);
}

static void make_cloud(void)
{
    make_dir(u"cloud");
    assert_true(make_file(u"cloud\\f"));
    make_dir(u"cloud\\cloud below");
    assert_true(make_file(u"cloud\\cloud below\\cloud file"));
}

/* OneDrive's: reparse points that stand for nothing but themselves. */
static void treewalk__placeholders__are_walked_like_directories(void **state)
{
    static const ULONG tags[] = { 0x9000001A, 0x9000601A, 0x80000021, 0x80000013 };

    (void)state;
    make_cloud();
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        struct visits v = { 0 };

        fake.tag = 0;
        names_clear(&wanted);
        find_all(u"");
        fake.tag = tags[i];
        run(&v, 1);
        assert_same_names();
        assert_int_equal(result.links, 0);
        assert_int_equal(result.files, 2);
        assert_int_equal(result.failed, 0);
    }
}

/* What says that it is a link, or not what it is, is not gone into. */
static void treewalk__name_surrogates_and_unknown_tags__are_not_entered(void **state)
{
    static const ULONG tags[] = { 0xA0000003, 0xA000000C, 0xA0000027, 0x9000001A };

    (void)state;
    make_cloud();
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        struct visits v = { 0 };

        fake.tag = tags[i];
        fake.no_ea_size = tags[i] == 0x9000001A;
        run(&v, 1);
        names_clear(&wanted);
        names_add(&wanted, u"cloud");
        assert_same_names();
        assert_int_equal(result.links, 1);
    }
}

static void treewalk_open__placeholder__is_a_root(void **state)
{
    HANDLE root = NULL;

    (void)state;
    fake.tag_all = true;
    fake.tag = 0x9000001A;
    assert_true(treewalk_open(base, 0, &root, &err));
    CloseHandle(root);
    root = NULL;
    fake.tag = 0xA0000003;
    assert_false(treewalk_open(base, 0, &root, &err));
    assert_string_equal(err.call, "a reparse point is not followed");
}

/* A server may list what it likes. */
static void treewalk__listed_names_that_lead_elsewhere__are_not_opened(void **state)
{
    struct visits v = { 0 };

    (void)state;
    assert_true(make_file(u"climb"));
    make_dir(u"empty");
    make_dir(u"up");
    assert_true(make_file(u"up\\in"));
    fake.lie = true;
    run(&v, 1);
    names_add(&wanted, u"up");
    names_add(&wanted, u"up\\in");
    assert_same_names();
    assert_int_equal(result.failed, 2);
    assert_int_equal(result.kept[0].code, 0xC0000033); /* STATUS_OBJECT_NAME_INVALID */
}

/* Wine makes no such file, so the listing and the opening are faked, between which the
 * units must not change. */
static void treewalk__lone_surrogates__come_through(void **state)
{
    struct visits v = { 0 };

    (void)state;
    assert_true(make_file(u"alone"));
    fake.lie = true;
    run(&v, 1);
    names_add(&wanted, LONE);
    assert_same_names();
    assert_int_equal(result.failed + result.vanished, 0);
}

/* Below level 64 little is read at a time; a name that needs more gets it. */
static void treewalk__no_room_for_a_name__reads_with_more(void **state)
{
    char16_t text[256] = { 0 };
    struct visits last = { 0 };

    (void)state;
    for (unsigned i = 0; i < 70; i++) {
        wcscat(text, i ? u"\\d" : u"d");
        make_dir(text);
    }
    wcscat(text, u"\\f");
    assert_true(make_file(text));
    find_all(u"");
    for (int later = 0; later < 2; later++) {
        struct visits v = { 0 };

        fake.short_of = 4096;
        fake.later = later;
        run(&v, 1);
        assert_same_names();
        assert_int_equal(result.failed, 0);
    }
    fake.short_of = 65536;
    fake.later = false;
    run(&last, 1);
    assert_int_equal(result.failed, 1);
    assert_string_equal(result.kept[0].call, "a name in the directory is too long");
}

static void treewalk__many_failing_visits__are_all_counted(void **state)
{
    struct visits v = { .fail_every = 10 };

    (void)state;
    make_tree();
    find_all(u"");
    run(&v, 4);
    assert_same_names();
    assert_int_equal(result.failed, (wanted.count + 1) / 10);
    assert_int_equal(result.kept_count, TREEWALK_KEPT);
    for (size_t i = 0; i < TREEWALK_KEPT; i++) {
        assert_int_equal(result.kept[i].code, ERROR_GEN_FAILURE);
        assert_string_equal(result.kept[i].call, "Visit");
        assert_int_not_equal(GetFileAttributesW(at_base(result.kept[i].object)),
                             INVALID_FILE_ATTRIBUTES);
    }
}

static void treewalk__cancelled_in_the_middle__stops_soon(void **state)
{
    (void)state;
    make_tree();
    for (uint32_t workers = 1; workers <= 8; workers *= 2) {
        struct visits v = { .cancel_after = 100 };

        run(&v, workers);
        assert_true(result.stopped);
        assert_in_range(result.entries, 100, 100 + workers);
        assert_int_equal(result.entries, (uint64_t)v.count);
    }
}

static enum treewalk_next visit_stopping(void *ctx, struct treewalk_entry *entry,
                                         struct err *e)
{
    (void)ctx;
    (void)entry;
    (void)e;
    return TREEWALK_STOP;
}

static void treewalk__the_visitor_stops__nothing_more_is_shown(void **state)
{
    struct treewalk walk = { .visit = visit_stopping };
    auto_handle HANDLE root = NULL;

    (void)state;
    assert_true(make_file(u"f"));
    assert_true(treewalk_open(base, 0, &root, &err));
    assert_true(treewalk_run(&walk, root, &result, &err));
    assert_true(result.stopped);
    assert_int_equal(result.entries, 1);
}

static void treewalk__over_a_second__reports_now_and_then(void **state)
{
    struct visits v = { .pause = 20 };
    char16_t name[32];

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        swprintf(name, 32, L"f%02u", i);
        assert_true(make_file(name));
    }
    run(&v, 1);
    assert_in_range(v.progress, 1, 20);
    assert_int_equal(v.bad_progress, 0);
    v = (struct visits){ 0 };
    run(&v, 1);
    assert_int_equal(v.progress, 0);
}

static enum treewalk_next visit_links(void *ctx, struct treewalk_entry *entry,
                                      struct err *e)
{
    uint32_t *counts = ctx;
    uint32_t links = 0;

    if (entry->depth == 0)
        return TREEWALK_GO;
    if (!treewalk_link_count(entry->handle, &links, e))
        return TREEWALK_FAILED;
    counts[u16s_eq(entry->name, U16S("alone"))] += links;
    return TREEWALK_GO;
}

static void treewalk_link_count__hard_links__are_counted(void **state)
{
    uint32_t counts[2] = { 0, 0 };
    struct treewalk walk = {
        .visit = visit_links, .ctx = counts, .file_access = READ_CONTROL, .workers = 1
    };
    char16_t first[MAX_PATH * 2];
    auto_handle HANDLE root = NULL;

    (void)state;
    assert_true(make_file(u"alone"));
    assert_true(make_file(u"one"));
    wcscpy(first, at_base(u"one"));
    assert_true(CreateHardLinkW(at_base(u"two"), first, NULL));
    assert_true(treewalk_open(base, 0, &root, &err));
    assert_true(treewalk_run(&walk, root, &result, &err));
    assert_int_equal(result.failed, 0);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[0], 4); /* two names, each of a file with two */
}

/* Names that Win32's own rules would change or refuse. */
static void treewalk__odd_names__are_opened_as_spelled(void **state)
{
    static const char16_t *const odd[] = { u"con",   u"dot.",        u"blank ",
                                           u" lead", u"lone \xD83D", u"\xDE00 lone" };
    struct visits v = { 0 };
    char16_t longest[256];
    unsigned made = 0;

    (void)state;
    for (size_t i = 0; i < 255; i++)
        longest[i] = u'x';
    longest[255] = 0;
    assert_true(make_file(longest));
    names_add(&wanted, longest);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        if (!make_file(odd[i])) {
            print_message("SKIP odd name %u: this system makes no such file\n",
                          (unsigned)i);
            continue;
        }
        names_add(&wanted, odd[i]);
        made++;
    }
    run(&v, 2);
    assert_int_equal(result.failed + result.vanished, 0);
    assert_same_names();
    assert_int_equal(result.entries, made + 2);
}

static void treewalk_open__no_directory__is_refused(void **state)
{
    HANDLE root = NULL;

    (void)state;
    assert_true(make_file(u"f"));
    assert_false(treewalk_open(at_base(u"f"), 0, &root, &err));
    assert_int_equal(err.code, ERROR_DIRECTORY);
    assert_false(treewalk_open(at_base(u"none"), 0, &root, &err));
    assert_int_equal(err.code, ERROR_FILE_NOT_FOUND);
    assert_null(root);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh_base, remove_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(treewalk__a_made_tree__is_visited_exactly),
        TEST(treewalk__any_number_of_workers__sees_the_same),
        TEST(treewalk__one_handle_walked_twice__starts_anew),
        TEST(treewalk__300_levels__are_visited),
        TEST(treewalk__a_failure_deep_down__is_named_by_its_end),
        TEST(treewalk__a_link_to_a_directory__is_shown_and_not_followed),
        TEST(treewalk__skipped_directory__is_not_entered),
        TEST(treewalk__a_file_removed_while_walking__is_no_failure),
        TEST(treewalk__the_tree_removed_while_walking__ends),
        TEST(treewalk__a_directory_not_to_be_opened__is_counted_and_named),
        TEST(treewalk__a_directory_refused_to_the_visitor__is_still_entered),
        TEST(treewalk__a_directory_that_may_not_be_listed__is_still_shown),
        TEST(treewalk__a_directory_become_a_link__is_not_entered),
        TEST(treewalk__placeholders__are_walked_like_directories),
        TEST(treewalk__name_surrogates_and_unknown_tags__are_not_entered),
        TEST(treewalk_open__placeholder__is_a_root),
        TEST(treewalk__listed_names_that_lead_elsewhere__are_not_opened),
        TEST(treewalk__lone_surrogates__come_through),
        TEST(treewalk__no_room_for_a_name__reads_with_more),
        TEST(treewalk__many_failing_visits__are_all_counted),
        TEST(treewalk__cancelled_in_the_middle__stops_soon),
        TEST(treewalk__the_visitor_stops__nothing_more_is_shown),
        TEST(treewalk__over_a_second__reports_now_and_then),
        TEST(treewalk_link_count__hard_links__are_counted),
        TEST(treewalk__odd_names__are_opened_as_spelled),
        TEST(treewalk_open__no_directory__is_refused),
    };

    InitializeCriticalSection(&seen.lock);
    InitializeCriticalSection(&wanted.lock);
    wcscpy(base, u"\\\\?\\");
    if (GetTempPathW(MAX_PATH - 64, base + 4) == 0)
        return 1;
    wcscat(base, u"ringfence-treewalk");
    return cmocka_run_group_tests_name("treewalk", tests, NULL, NULL);
}
