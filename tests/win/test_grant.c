/* The engine over real trees and real handles, with the descriptors in a table of the
 * test's: Wine keeps only part of a list.  The access check judges what comes out. */
#include "grant/grant.h"

#include "core/accesscheck.h"
#include "core/aclstate.h"
#include "core/sddl.h"
#include "grant/grantstate.h"
#include "verify/scratch.h"
#include "win/file.h"
#include "win/security.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <winioctl.h>

#include <cmocka.h>

#define STORE_CAP 8192u
#define SD_CAP    2048u
#define PATHS_MAX 1024u
#define DEEP      300u
#define CHANGES   ACLPLAN_DENY

static char16_t base[MAX_PATH];
static struct err err;
static struct grant_result result;
static volatile LONG cancel;

/* --- descriptors ----------------------------------------------------------------------
 */

struct kept {
    uint64_t id; /* 0: free */
    uint8_t old[SD_CAP], now[SD_CAP];
    size_t old_bytes, now_bytes;
    bool refuses; /* every write */
    bool forgets; /* says that it wrote, and kept half: like Wine */
    bool link;    /* a handle of it shows a reparse point */
};

static struct {
    struct kept *at; /* STORE_CAP, by id */
    CRITICAL_SECTION lock;
    bool off; /* the system's own */
    bool no_acls;
    LONG reads, writes;
    const char16_t *jump; /* where the directory "jump" leads to: it is a link */
    HANDLE jumps[8];      /* handles of it */
    LONG strayed;         /* paths outside the test's own directory that were opened */
    LONG stop_at;         /* cancel once there were so many reads; 0: never */
    LONG raze_at;         /* likewise: all of the tree is deleted */
    LONG dead_at;         /* after so many writes none gets through; -1: all do */
    bool slow;            /* time passes between reading and writing */
    bool lone;            /* what is "alone" on disk is listed with a lone surrogate */
    bool astray; /* a file reopened by an empty name is base\\other, as if the volume */
    const char16_t *swapped;  /* and by a path with this end is that too */
    const char16_t *links[4]; /* names that are listed as reparse points */
} store;

static struct sid user_sid(void)
{
    struct sid sid = { .revision = 1,
                       .sub_count = 5,
                       .authority = { 0, 0, 0, 0, 0, 5 },
                       .sub = { 21, 1, 2, 3, 1001 } };
    return sid;
}

static struct sid our_sid(char c)
{
    uint8_t digest[12];

    memset(digest, c, sizeof digest);
    return sid_ours(digest);
}

static void set_sd(struct kept *k, const struct secdesc *sd)
{
    assert_true(secdesc_write(sd, k->old, sizeof k->old, &k->old_bytes));
    memcpy(k->now, k->old, k->old_bytes);
    k->now_bytes = k->old_bytes;
}

/* What a profile hands down. */
static void set_usual(struct kept *k, bool directory, unsigned control)
{
    const struct sid who[] = { user_sid(), sid_well_known(SID_SYSTEM),
                               sid_well_known(SID_ADMINISTRATORS) };
    uint8_t list[512];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = (uint16_t)(control | SECDESC_SELF_RELATIVE),
                          .has_owner = true,
                          .has_group = true,
                          .owner = user_sid(),
                          .group = user_sid() };
    unsigned flags = directory ? ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT : 0;

    if (!(control & SECDESC_DACL_PROTECTED))
        flags |= ACE_INHERITED;
    for (size_t i = 0; i < 3; i++) {
        struct acl_entry e = { ACE_ALLOW, (uint8_t)flags, RIGHT_FILE_ALL, who[i] };

        aclbuf_add(&b, &e);
    }
    sd.dacl = aclbuf_acl(&b);
    set_sd(k, &sd);
}

/* Under store.lock.  Needs no access on Windows either. */
static struct kept *kept_of(HANDLE file)
{
    FILE_INTERNAL_INFORMATION info = { 0 };
    FILE_STANDARD_INFORMATION standard = { 0 };
    IO_STATUS_BLOCK io;
    uint64_t id = 0;

    assert_int_equal(
        NtQueryInformationFile(file, &io, &info, sizeof info, FileInternalInformation),
        0);
    id = (uint64_t)info.IndexNumber.QuadPart;
    for (uint64_t i = id;; i++) {
        struct kept *k = &store.at[i % STORE_CAP];

        if (k->id == id)
            return k;
        if (k->id)
            continue;
        k->id = id;
        NtQueryInformationFile(file, &io, &standard, sizeof standard,
                               FileStandardInformation);
        set_usual(k, standard.Directory, SECDESC_DACL_INHERITED);
        return k;
    }
}

static void raze(void);

bool __real_security_read_handle(HANDLE file, struct security *security, struct err *e);
bool __wrap_security_read_handle(HANDLE file, struct security *security, struct err *e);
bool __wrap_security_read_handle(HANDLE file, struct security *security, struct err *e)
{
    struct kept *k = NULL;
    LONG reads = 0;

    if (store.off)
        return __real_security_read_handle(file, security, e);
    reads = InterlockedIncrement(&store.reads);
    if (reads == store.stop_at)
        cancel = 1;
    EnterCriticalSection(&store.lock);
    if (reads == store.raze_at)
        raze();
    k = kept_of(file);
    memcpy(security->bytes, k->now, k->now_bytes);
    LeaveCriticalSection(&store.lock);
    if (store.slow)
        Sleep(3);
    return secdesc_read(&security->sd, security->bytes, sizeof security->bytes);
}

/* One that forgets keeps what it has had, and of anything else the first entry. */
static bool write_kept(struct kept *k, const struct aclplan_edit *edit)
{
    struct secdesc sd, old;
    uint8_t half[SD_CAP];
    struct aclbuf b = aclbuf_init(half, sizeof half);
    struct ace ace = { 0 };
    uint8_t out[SD_CAP];
    size_t bytes = 0;

    if (!secdesc_read(&sd, k->now, k->now_bytes))
        return false;
    if (edit->dacl)
        sd.dacl = edit->sd.dacl;
    if (k->forgets && secdesc_read(&old, k->old, k->old_bytes) &&
        old.dacl.bytes != sd.dacl.bytes && acl_next(&edit->sd.dacl, &ace)) {
        aclbuf_add_ace(&b, &ace);
        sd.dacl = aclbuf_acl(&b);
    }
    if (edit->label) {
        sd.sacl = edit->sd.sacl;
        sd.control &= (uint16_t)~SECDESC_SACL_PRESENT;
    }
    if (!secdesc_write(&sd, out, sizeof out, &bytes))
        return false;
    memcpy(k->now, out, bytes);
    k->now_bytes = bytes;
    return true;
}

enum security_write __real_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *e);
enum security_write __wrap_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *e);
enum security_write __wrap_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *e)
{
    enum security_write done = SECURITY_WRITTEN;
    struct kept *k = NULL;

    if (store.off)
        return __real_security_write(file, edit, room, e);
    memset(room, 0xEE, SECURITY_BYTES_MAX); /* it is the writer's */
    EnterCriticalSection(&store.lock);
    k = kept_of(file);
    if (k->refuses || (store.dead_at >= 0 && store.writes >= store.dead_at))
        done = SECURITY_NOT_WRITTEN;
    else if (!write_kept(k, edit))
        done = SECURITY_NOT_WRITTEN;
    else if (k->forgets)
        done = SECURITY_NOT_KEPT;
    if (done == SECURITY_WRITTEN)
        store.writes++;
    LeaveCriticalSection(&store.lock);
    if (done == SECURITY_NOT_WRITTEN)
        err_set(e, ERR_NTSTATUS, 0xC0000022, "NtSetSecurityObject", NULL);
    return done;
}

bool __real_security_is_kept(HANDLE file);
bool __wrap_security_is_kept(HANDLE file);
bool __wrap_security_is_kept(HANDLE file)
{
    return store.off ? __real_security_is_kept(file) : !store.no_acls;
}

/* The user, without a fence. */
static struct accesscheck_token token_of(const char *roots, bool strict);
bool __wrap_security_token(struct security_token *token, struct err *e);
bool __wrap_security_token(struct security_token *token, struct err *e)
{
    (void)e;
    *token = (struct security_token){ .model = token_of("", false), .user = user_sid() };
    token->model.restricting_count = 0;
    return true;
}

DWORD __real_dirscan_attributes(HANDLE file);
DWORD __wrap_dirscan_attributes(HANDLE file);
DWORD __wrap_dirscan_attributes(HANDLE file)
{
    DWORD attributes = __real_dirscan_attributes(file);
    PUBLIC_OBJECT_BASIC_INFORMATION info = { 0 };

    /* Windows does not answer without, Wine does. */
    if (NtQueryObject(file, ObjectBasicInformation, &info, sizeof info, NULL) != 0 ||
        !(info.GrantedAccess & FILE_READ_ATTRIBUTES))
        return 0;
    EnterCriticalSection(&store.lock);
    if (!store.off && kept_of(file)->link)
        attributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    LeaveCriticalSection(&store.lock);
    return attributes;
}

/* The native calls, linked before the system's own: Wine's files cannot have such names.
 */
#define LONE u"\xD83Dlon\xDE00"

static FARPROC native(const char *name)
{
    return GetProcAddress(GetModuleHandleW(u"ntdll.dll"), name);
}

/* Opens base\\other instead. */
static void lead_astray(OBJECT_ATTRIBUTES *a)
{
    static char16_t text[MAX_PATH];
    static UNICODE_STRING other;

    wcscpy(text, u"\\??\\");
    wcscat(text, base);
    wcscat(text, u"\\other");
    RtlInitUnicodeString(&other, text);
    a->ObjectName = &other;
    a->RootDirectory = NULL;
}

static bool is_swapped(const UNICODE_STRING *name)
{
    size_t bytes = store.swapped ? wcslen(store.swapped) * sizeof(char16_t) : 0;

    return bytes && name->Length >= bytes &&
           !memcmp((uint8_t *)name->Buffer + name->Length - bytes, store.swapped, bytes);
}

static bool is_jump(HANDLE file)
{
    for (size_t i = 0; store.jump && i < 8; i++)
        if (store.jumps[i] == file)
            return true;
    return false;
}

static void note_jump(HANDLE file, const UNICODE_STRING *name)
{
    EnterCriticalSection(&store.lock);
    for (size_t i = 0; i < 8; i++)
        if (store.jumps[i] == file)
            store.jumps[i] = NULL;
    for (size_t i = 0; name->Length == 8 && !memcmp(name->Buffer, L"jump", 8) && i < 8;
         i++)
        if (!store.jumps[i]) {
            store.jumps[i] = file;
            break;
        }
    LeaveCriticalSection(&store.lock);
}

NTSTATUS NTAPI NtOpenFile(HANDLE *file, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes,
                          IO_STATUS_BLOCK *io, ULONG share, ULONG options)
{
    typedef NTSTATUS(NTAPI * open)(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *,
                                   IO_STATUS_BLOCK *, ULONG, ULONG);
    static UNICODE_STRING alone = { 10, 10, L"alone" };
    OBJECT_ATTRIBUTES a = *attributes;
    NTSTATUS status = 0;

    if (store.lone && a.ObjectName->Length == 10 &&
        !memcmp(a.ObjectName->Buffer, LONE, 10))
        a.ObjectName = &alone;
    if (store.astray && a.RootDirectory && !a.ObjectName->Length)
        lead_astray(&a);
    if (store.astray && !a.RootDirectory && is_swapped(a.ObjectName))
        lead_astray(&a);
    status = ((open)(void (*)(void))native("NtOpenFile"))(file, access, &a, io, share,
                                                          options);
    if (store.jump && status == 0)
        note_jump(*file, a.ObjectName);
    return status;
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data,
                                      ULONG bytes, FILE_INFORMATION_CLASS what)
{
    typedef NTSTATUS(NTAPI * query)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG,
                                    FILE_INFORMATION_CLASS);
    NTSTATUS status = ((query)(void (*)(void))native("NtQueryInformationFile"))(
        file, io, data, bytes, what);

    if (what == FileAttributeTagInformation && is_jump(file)) {
        FILE_ATTRIBUTE_TAG_INFORMATION *info = data;

        info->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
        info->ReparseTag = IO_REPARSE_TAG_MOUNT_POINT;
    }
    return status;
}

/* A junction's, or, where it does not begin with a separator, a symbolic link's. */
static BOOL WINAPI control_device(HANDLE file, DWORD code, void *in, DWORD in_bytes,
                                  void *out, DWORD out_bytes, DWORD *done,
                                  OVERLAPPED *overlapped)
{
    bool symlink = store.jump && store.jump[0] != u'\\';
    size_t at = symlink ? 20 : 16, len = store.jump ? 2 * wcslen(store.jump) : 0;
    uint8_t *data = out;

    (void)in, (void)in_bytes, (void)overlapped;
    if (code != FSCTL_GET_REPARSE_POINT || !is_jump(file) || out_bytes < at + len)
        return FALSE;
    memset(data, 0, at);
    data[0] = symlink ? 0x0C : 0x03;
    data[3] = 0xA0;
    data[4] = (uint8_t)(at - 8 + len);
    data[5] = (uint8_t)((at - 8 + len) >> 8);
    data[10] = (uint8_t)len;
    data[11] = (uint8_t)(len >> 8);
    data[16] = symlink;
    memcpy(data + at, store.jump, len);
    *done = (DWORD)(at + len);
    return TRUE;
}

extern BOOL(WINAPI *__wrap___imp_DeviceIoControl)(HANDLE, DWORD, void *, DWORD, void *,
                                                  DWORD, DWORD *, OVERLAPPED *);
BOOL(WINAPI *__wrap___imp_DeviceIoControl)
(HANDLE, DWORD, void *, DWORD, void *, DWORD, DWORD *, OVERLAPPED *) = control_device;

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
    NTSTATUS status = ((query)(void (*)(void))native("NtQueryDirectoryFile"))(
        directory, event, apc, apc_context, io, data, bytes, what, single, pattern,
        restart);
    FILE_FULL_DIR_INFORMATION *info = data;

    while ((store.lone || store.links[0]) && status == 0) {
        if (store.lone && info->FileNameLength == 10 &&
            !memcmp(info->FileName, L"alone", 10))
            memcpy(info->FileName, LONE, 10);
        for (size_t i = 0; i < 4 && store.links[i]; i++)
            if (u16s_eq((struct u16s){ info->FileName, info->FileNameLength / 2 },
                        u16s_of(store.links[i])))
                info->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
        if (info->NextEntryOffset == 0)
            break;
        info = (void *)((uint8_t *)info + info->NextEntryOffset);
    }
    return status;
}

/* Every path that is opened, but for those in the test's own directory. */
static HANDLE WINAPI open_by_path(LPCWSTR path, DWORD access, DWORD share,
                                  SECURITY_ATTRIBUTES *security, DWORD how, DWORD flags,
                                  HANDLE template)
{
    typedef HANDLE(WINAPI * create)(LPCWSTR, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD,
                                    DWORD, HANDLE);
    struct u16s s = u16s_of(path);

    if (u16s_istarts(s, U16S("\\\\?\\")))
        s = u16s_from(s, 4);
    if (!u16s_istarts(s, u16s_of(base)))
        InterlockedIncrement(&store.strayed);
    return ((create)(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"kernel32.dll"), "CreateFileW"))(path, access, share, security,
                                                           how, flags, template);
}

/* Linked in place of the pointer that the import table has. */
extern HANDLE(WINAPI *__wrap___imp_CreateFileW)(LPCWSTR, DWORD, DWORD,
                                                SECURITY_ATTRIBUTES *, DWORD, DWORD,
                                                HANDLE);
HANDLE(WINAPI *__wrap___imp_CreateFileW)
(LPCWSTR, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD, HANDLE) = open_by_path;

/* --- trees ----------------------------------------------------------------------------
 */

/* base\name, which may be long. */
static const char16_t *full(const char16_t *name)
{
    static char16_t text[4][WIN_PATH_CAP];
    static unsigned turn;
    char16_t *at = text[turn++ % 4];

    wcscpy(at, u"\\\\?\\");
    wcscat(at, base);
    if (*name)
        wcscat(at, u"\\");
    return wcscat(at, name);
}

static HANDLE open_any(const char16_t *name)
{
    HANDLE h = CreateFileW(full(name), READ_CONTROL | FILE_READ_ATTRIBUTES,
                           FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    if (h == INVALID_HANDLE_VALUE)
        fail_msg("no %ls", name);
    return h;
}

static struct kept *kept_at(const char16_t *name)
{
    HANDLE h = open_any(name);
    struct kept *k = NULL;

    EnterCriticalSection(&store.lock);
    k = kept_of(h);
    LeaveCriticalSection(&store.lock);
    CloseHandle(h);
    return k;
}

static struct secdesc now_at(const char16_t *name)
{
    struct kept *k = kept_at(name);
    struct secdesc sd;

    assert_true(secdesc_read(&sd, k->now, k->now_bytes));
    return sd;
}

static void make_dir(const char16_t *name)
{
    if (!CreateDirectoryW(full(name), NULL))
        fail_msg("directory %ls: %u", name, (unsigned)GetLastError());
}

static void make_file(const char16_t *name, const char *text)
{
    HANDLE h = CreateFileW(full(name), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD done = 0;

    if (h == INVALID_HANDLE_VALUE)
        fail_msg("file %ls: %u", name, (unsigned)GetLastError());
    WriteFile(h, text, (DWORD)strlen(text), &done, NULL);
    CloseHandle(h);
}

/* A slash at the end: a directory. */
static void make_all(const char16_t *const *names)
{
    for (; *names; names++) {
        char16_t text[MAX_PATH];
        size_t len = wcslen(*names);

        wcscpy(text, *names);
        if (text[len - 1] == u'\\') {
            text[len - 1] = 0;
            make_dir(text);
        } else {
            make_file(text, "x");
        }
    }
}

/* All names below base, parents first; the last listing. */
static char16_t *paths[PATHS_MAX];
static bool is_dir[PATHS_MAX];
static size_t path_count;

static void list(const char16_t *rel)
{
    WIN32_FIND_DATAW *found = malloc(sizeof *found);
    char16_t *text = malloc(WIN_PATH_CAP * sizeof *text);
    HANDLE h = NULL;

    wcscpy(text, full(rel));
    wcscat(text, u"\\*");
    h = FindFirstFileW(text, found);
    if (h != INVALID_HANDLE_VALUE) {
        do {
            DWORD a = found->dwFileAttributes;

            if (!wcscmp(found->cFileName, L".") || !wcscmp(found->cFileName, L".."))
                continue;
            wcscpy(text, rel);
            if (*rel)
                wcscat(text, u"\\");
            wcscat(text, found->cFileName);
            assert_true(path_count < PATHS_MAX);
            is_dir[path_count] = a & FILE_ATTRIBUTE_DIRECTORY;
            paths[path_count++] = _wcsdup(text);
            if ((a & FILE_ATTRIBUTE_DIRECTORY) && !(a & FILE_ATTRIBUTE_REPARSE_POINT))
                list(text);
        } while (FindNextFileW(h, found));
        FindClose(h);
    }
    free(text);
    free(found);
}

static void list_all(void)
{
    while (path_count)
        free(paths[--path_count]);
    list(u"");
}

/* Runs a Unix program on base\ws\link, under Wine; false elsewhere. */
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
    swprintf(line, 1024, L"%hs \"%hs/ws/link\"", before, dir);
    CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi);
    return true;
}

static DWORD await_link(bool there)
{
    DWORD attributes = 0;

    for (unsigned i = 0; i < 100; i++) {
        attributes = GetFileAttributesW(full(u"ws\\link"));
        if ((attributes != INVALID_FILE_ATTRIBUTES) == there)
            break;
        Sleep(20);
    }
    return attributes;
}

static void remove_all(void)
{
    if (GetFileAttributesW(full(u"ws\\link")) != INVALID_FILE_ATTRIBUTES &&
        unix_link(u"Z:\\bin\\rm", "rm"))
        await_link(false);
    list_all();
    for (size_t i = path_count; i > 0; i--)
        if (!DeleteFileW(full(paths[i - 1])))
            RemoveDirectoryW(full(paths[i - 1]));
    RemoveDirectoryW(full(u""));
}

/* Somebody deletes the workspace under the walk. */
static void raze(void)
{
    for (size_t i = path_count; i > 0; i--)
        if (!DeleteFileW(full(paths[i - 1])))
            RemoveDirectoryW(full(paths[i - 1]));
}

static void forget_all(void)
{
    memset(store.at, 0, STORE_CAP * sizeof *store.at);
    store.off = store.no_acls = store.slow = store.lone = store.astray = false;
    store.swapped = NULL;
    memset(store.links, 0, sizeof store.links);
    store.reads = store.writes = store.stop_at = store.raze_at = 0;
    store.dead_at = -1;
    store.jump = NULL;
    cancel = 0;
}

static int fresh(void **state)
{
    (void)state;
    remove_all();
    forget_all();
    return CreateDirectoryW(full(u""), NULL) ? 0 : 1;
}

static int cleanup(void **state)
{
    (void)state;
    remove_all();
    return 0;
}

/* The usual workspace. */
static void make_tree(void)
{
    static const char16_t *const names[] = {
        u"beside.txt",
        u"other\\",
        u"other\\file",
        u"ws\\",
        u"ws\\README",
        u"ws\\src\\",
        u"ws\\src\\main.c",
        u"ws\\src\\sub\\",
        u"ws\\src\\sub\\x.h",
        u"ws\\.git\\",
        u"ws\\.git\\HEAD",
        u"ws\\.git\\config",
        u"ws\\.git\\hooks\\",
        u"ws\\.git\\hooks\\pre-commit",
        u"ws\\.git\\objects\\",
        u"ws\\.git\\objects\\pack",
        u"ws\\vendor\\",
        u"ws\\vendor\\lib\\",
        u"ws\\vendor\\lib\\.GIT\\",
        u"ws\\vendor\\lib\\.GIT\\HEAD",
        u"ws\\vendor\\lib\\a.c",
        u"ws\\.agents\\",
        u"ws\\.agents\\skill\\",
        u"ws\\.agents\\skill\\x",
        u"ws\\\x0416 dir\\",
        u"ws\\\x0416 dir\\in",
        u"ws\\empty\\",
        NULL,
    };

    make_all(names);
}

static const char16_t *at_ws(void)
{
    static char16_t text[MAX_PATH];

    wcscpy(text, base);
    return wcscat(text, u"\\ws");
}

static struct grant_request request_of(const char16_t *path, char c)
{
    return (struct grant_request){ .path = path, .sid = our_sid(c), .cancel = &cancel };
}

static void apply(const struct grant_request *r)
{
    enum grant_outcome outcome = grant_apply(r, &result, &err);

    if (outcome != GRANT_DONE)
        fail_msg("outcome %d: %s %08x", (int)outcome, err.call, (unsigned)err.code);
    for (size_t i = 0; i < result.kept_count; i++)
        print_message("%ls: %s %08x\n", result.kept[i].object, result.kept[i].call,
                      (unsigned)result.kept[i].code);
    assert_int_equal(grant_is_done(r, &err), GRANT_LOOK_DONE);
}

static void undo(const char16_t *path, const struct sid *sid)
{
    const struct grant_request how = { .cancel = &cancel };

    assert_int_equal(grant_undo(path, sid, &how, &result, &err), GRANT_DONE);
    assert_int_equal(result.failed, 0);
}

/* --- the judge ------------------------------------------------------------------------
 */

static struct accesscheck_token token_of(const char *roots, bool strict)
{
    static struct accesscheck_sid sids[5];
    static struct sid restricting[16];
    struct accesscheck_token t = { .sid = sids,
                                   .sid_count = 5,
                                   .restricting = restricting,
                                   .write_restricted = !strict,
                                   .level = SID_LEVEL_MEDIUM,
                                   .no_write_up = true };
    struct sid *r = restricting;

    sids[0] = (struct accesscheck_sid){ user_sid(), true, false };
    sids[1] = (struct accesscheck_sid){ sid_everyone(), true, false };
    sids[2] = (struct accesscheck_sid){ sid_well_known(SID_USERS), true, false };
    sids[3] = (struct accesscheck_sid){ sid_well_known(SID_AUTHENTICATED), true, false };
    sids[4] = (struct accesscheck_sid){ sid_well_known(SID_ADMINISTRATORS), false, true };
    while (*roots)
        *r++ = our_sid(*roots++);
    if (strict) {
        *r++ = sid_well_known(SID_USERS);
        *r++ = sid_well_known(SID_RESTRICTED);
    }
    *r++ = sid_everyone();
    t.restricting_count = (size_t)(r - restricting);
    return t;
}

static uint32_t rights(const struct accesscheck_token *t, const char16_t *name)
{
    struct accesscheck_verdict v;
    struct secdesc sd = now_at(name);

    accesscheck_object(t, &sd, RIGHT_MAXIMUM_ALLOWED, &rights_file, &v);
    return v.granted & RIGHT_FILE_ALL;
}

static const char16_t *parent_name(const char16_t *name)
{
    static char16_t text[WIN_PATH_CAP];
    char16_t *last = NULL;

    wcscpy(text, name);
    last = wcsrchr(text, u'\\');
    if (!last)
        last = text;
    *last = 0;
    return text;
}

static bool may_delete(const struct accesscheck_token *t, const char16_t *name)
{
    struct accesscheck_file_verdict v;
    struct secdesc sd = now_at(name), up = now_at(parent_name(name));

    accesscheck_file(t, &sd, &up, RIGHT_DELETE, &v);
    return v.allowed;
}

enum part { OUTSIDE, ROOT, OPEN, SHUT, READABLE };

/* The names that the trees of these tests protect, told once more. */
static enum part part_of(const char16_t *name, const char16_t *root,
                         const char16_t *const *also)
{
    char16_t text[WIN_PATH_CAP], *part = text;
    size_t len = wcslen(root);
    enum part result_part = OPEN;

    if (_wcsnicmp(name, root, len) != 0 || (name[len] && name[len] != u'\\'))
        return OUTSIDE;
    if (!name[len])
        return ROOT;
    for (; also && *also; also++)
        if (_wcsnicmp(name, *also, wcslen(*also)) == 0 &&
            (!name[wcslen(*also)] || name[wcslen(*also)] == u'\\'))
            return SHUT;
    wcscpy(text, name + len + 1);
    while (part) {
        char16_t *next = wcschr(part, u'\\');

        if (next)
            *next++ = 0;
        if (!_wcsicmp(part, L".git") || !_wcsicmp(part, L".agents"))
            result_part = SHUT;
        part = next;
    }
    return result_part;
}

static void judge_one(const char16_t *name, enum part part, bool directory,
                      const char *roots, bool strict)
{
    struct accesscheck_token t = token_of(roots, strict);
    uint32_t got = rights(&t, name);
    bool deletes = may_delete(&t, name), good = true;

    switch (part) {
    case OUTSIDE:
        good = !(got & CHANGES & ~(strict ? 0 : RIGHT_FILE_DELETE_CHILD));
        break;
    case ROOT:
        good = !(got & ACLPLAN_STAY) && !deletes && (got & RIGHT_FILE_WRITE_DATA);
        break;
    case OPEN:
        good = (got & ACLPLAN_WRITE) == ACLPLAN_WRITE && (got & RIGHT_DELETE) && deletes;
        break;
    case SHUT:
        good = !(got & CHANGES & ~(directory || strict ? 0 : RIGHT_FILE_DELETE_CHILD)) &&
               !deletes;
        break;
    case READABLE:
        good = !(got & CHANGES & ~(strict ? 0 : RIGHT_FILE_DELETE_CHILD));
        break;
    }
    if (!good)
        fail_msg("%ls is part %d for %s %s: rights %x, deletes %d", name, (int)part,
                 strict ? "strict" : "standard", roots, got, deletes);
}

/* Everything below base, for both fences. */
static void judge(const char *roots, const char16_t *root, const char16_t *const *also)
{
    list_all();
    for (size_t i = 0; i < path_count; i++)
        for (int strict = 0; strict < 2; strict++)
            judge_one(paths[i], part_of(paths[i], root, also), is_dir[i], roots, strict);
}

static void print_sd(const uint8_t *at, size_t bytes)
{
    char16_t text[2048];
    struct u16buf b = U16BUF(text);
    struct secdesc sd;

    if (!secdesc_read(&sd, at, bytes))
        return;
    sddl_format(&sd, &b);
    print_message("  %ls\n", text);
}

static void assert_as_before(void)
{
    list_all();
    for (size_t i = 0; i <= path_count; i++) {
        const char16_t *name = i < path_count ? paths[i] : u"";
        struct kept *k = kept_at(name);

        if (k->old_bytes == k->now_bytes && memcmp(k->old, k->now, k->old_bytes) == 0)
            continue;
        print_sd(k->old, k->old_bytes);
        print_sd(k->now, k->now_bytes);
        fail_msg("the descriptor of %ls is not what it was", name);
    }
}

static void reset(void)
{
    for (size_t i = 0; i < STORE_CAP; i++) {
        struct kept *k = &store.at[i];

        memcpy(k->now, k->old, k->old_bytes);
        k->now_bytes = k->old_bytes;
    }
    store.reads = store.writes = store.stop_at = store.raze_at = 0;
    store.dead_at = -1;
    cancel = 0;
}

static struct kept *snapshot(void)
{
    struct kept *copy = malloc(STORE_CAP * sizeof *copy);

    memcpy(copy, store.at, STORE_CAP * sizeof *copy);
    return copy;
}

/* But for what has been looked at only since. */
static void assert_same_as(const struct kept *copy)
{
    for (size_t i = 0; i < STORE_CAP; i++) {
        const struct kept *now = &store.at[i];
        const uint8_t *want = copy[i].id ? copy[i].now : now->old;

        if (now->now_bytes != (copy[i].id ? copy[i].now_bytes : now->old_bytes) ||
            memcmp(now->now, want, now->now_bytes) != 0)
            fail_msg("descriptor %u differs", (unsigned)i);
    }
}

static struct fileid seen;

static void see(const char16_t *name)
{
    HANDLE h = open_any(name);

    assert_true(fileid_read(h, &seen));
    CloseHandle(h);
}

/* base\\ws\\link leads to base\\other, or the test is skipped. */
static void must_link(void)
{
    DWORD attributes = 0;

    if (!unix_link(u"Z:\\bin\\ln", "ln -s ../other"))
        CreateSymbolicLinkW(full(u"ws\\link"), u"..\\other",
                            SYMBOLIC_LINK_FLAG_DIRECTORY);
    attributes = await_link(true);
    if (attributes == INVALID_FILE_ATTRIBUTES ||
        !(attributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
        print_message("SKIP links: none can be made here\n");
        skip();
    }
}

/* --- the tests ------------------------------------------------------------------------
 */

static void grant_apply__a_tree__is_fenced_exactly(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
    apply(&r);
    judge("A", u"ws", NULL);
    assert_int_equal(result.entries, path_count - 3);     /* beside.txt, other, file */
    assert_int_equal(result.changed, result.entries + 1); /* and the parent */
    assert_int_equal(result.failed + result.vanished + result.cut_off, 0);
    assert_int_equal(result.protected_found, 3);
    judge("B", u"nowhere", NULL); /* another root's child has nothing of it */
}

static void grant_apply__twice__changes_nothing(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    uint64_t entries = 0;

    (void)state;
    make_tree();
    apply(&r);
    entries = result.changed;
    store.writes = 0;
    apply(&r);
    assert_int_equal(store.writes, 0);
    assert_int_equal(result.changed, 0);
    assert_int_equal(result.same, entries);
}

static void grant_apply__dead_after_any_write__is_found_out_and_finished(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct kept *whole = NULL;
    LONG writes = 0;

    (void)state;
    make_tree();
    apply(&r);
    whole = snapshot();
    writes = store.writes;
    for (LONG n = 0; n < writes; n++) {
        reset();
        store.dead_at = n;
        (void)grant_apply(&r, &result, &err);
        assert_int_equal(store.writes, n);
        if (grant_is_done(&r, &err) != GRANT_LOOK_UNDONE)
            fail_msg("looks done after %d of %d writes", (int)n, (int)writes);
        store.dead_at = -1;
        apply(&r);
        assert_same_as(whole);
        assert_true(store.writes <= writes + 1); /* the root's first form again */
    }
    free(whole);
}

static void grant_apply__cancelled_anywhere__is_found_out_and_finished(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct kept *whole = NULL;
    LONG reads = 0;

    (void)state;
    make_tree();
    apply(&r);
    whole = snapshot();
    reset();
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_DONE);
    reads = store.reads;
    for (LONG n = 1; n < reads; n++) {
        enum grant_outcome outcome = GRANT_DONE;

        reset();
        store.stop_at = n;
        outcome = grant_apply(&r, &result, &err);
        if (outcome == GRANT_DONE) {
            assert_true(n > reads - 12); /* too late to stop it */
            continue;
        }
        assert_int_equal(outcome, GRANT_STOPPED);
        assert_true(result.stopped);
        assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
        store.stop_at = cancel = 0;
        apply(&r);
        assert_same_as(whole);
    }
    free(whole);
}

/* What is gone is passed over, nothing hangs, and a walk that failed does not look done.
 */
static void grant_apply__deleted_while_walking__ends_and_is_not_done(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    LONG reads = 0;
    unsigned razed = 0;

    (void)state;
    make_tree();
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_DONE);
    reads = store.reads;
    for (LONG n = 2; n < reads; n += 3) {
        enum grant_outcome outcome = GRANT_FAILED;

        assert_int_equal(fresh(NULL), 0);
        make_tree();
        list_all();
        store.raze_at = n;
        outcome = grant_apply(&r, &result, &err);
        razed += GetFileAttributesW(full(u"ws\\src\\main.c")) == INVALID_FILE_ATTRIBUTES;
        if (grant_is_done(&r, &err) == GRANT_LOOK_DONE && outcome != GRANT_DONE)
            fail_msg("looks done when deleted after %d of %d reads", (int)n, (int)reads);
    }
    assert_true(razed > 0);
}

/* A finished root, to which something came: nobody takes it for finished meanwhile. */
static void grant_apply__done_and_killed_again__no_longer_looks_done(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    apply(&r);
    make_dir(u"ws\\src\\.git");
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_DONE); /* not looked that deep */
    store.writes = 0;
    store.dead_at = 2;
    (void)grant_apply(&r, &result, &err);
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
    store.dead_at = -1;
    apply(&r);
    judge("A", u"ws", NULL);
    make_dir(u"ws\\.codex");
    assert_int_equal(grant_is_done(&r, &err),
                     GRANT_LOOK_DONE); /* it holds .git already */
}

static void grant_is_done__a_first_protected_name__wants_a_walk(void **state)
{
    static const char16_t *const names[] = { u"ws\\", u"ws\\a", NULL };
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_all(names);
    apply(&r);
    make_dir(u"ws\\.git");
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
    apply(&r);
    judge("A", u"ws", NULL);
    RemoveDirectoryW(full(u"ws\\.git"));
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_DONE);
}

static void grant_undo__after_apply__every_byte_is_back(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    for (int all = 0; all < 2; all++) {
        apply(&r);
        undo(at_ws(), all ? NULL : &r.sid);
        assert_int_equal(result.changed, result.entries + 1);
        assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
        assert_as_before();
    }
}

static void grant_undo__dead_after_any_write__goes_on(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    const struct grant_request how = { .cancel = &cancel };
    LONG writes = 0;

    (void)state;
    make_tree();
    apply(&r);
    store.writes = 0;
    undo(at_ws(), NULL);
    writes = store.writes;
    for (LONG n = 1; n < writes; n++) {
        reset();
        apply(&r);
        store.dead_at = store.writes + n;
        (void)grant_undo(at_ws(), NULL, &how, &result, &err);
        assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
        store.dead_at = -1;
        undo(at_ws(), NULL);
        assert_as_before();
    }
}

static void grant__dry_run__counts_the_same_and_changes_nothing(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct grant_result dry;
    struct kept *copy = NULL;

    (void)state;
    make_tree();
    r.dry_run = true;
    assert_int_equal(grant_apply(&r, &dry, &err), GRANT_DONE);
    assert_int_equal(store.writes, 0);
    assert_as_before();
    r.dry_run = false;
    apply(&r);
    assert_memory_equal(&dry, &result, sizeof dry);
    copy = snapshot();
    r.dry_run = true;
    assert_int_equal(grant_undo(at_ws(), NULL, &r, &dry, &err), GRANT_DONE);
    assert_same_as(copy);
    undo(at_ws(), NULL);
    assert_memory_equal(&dry, &result, sizeof dry);
    free(copy);
}

static void grant_apply__one_refuses__the_rest_is_done_and_it_is_named(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    kept_at(u"ws\\src\\sub\\x.h")->refuses = true;
    kept_at(u"ws\\vendor")->forgets = true;
    apply(&r);
    assert_int_equal(result.failed, 2);
    assert_int_equal(result.not_kept, 1);
    assert_int_equal(result.kept_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(!wcscmp(result.kept[i].object, L"src\\sub\\x.h") ||
                    !wcscmp(result.kept[i].object, L"vendor"));
    kept_at(u"ws\\src\\sub\\x.h")->refuses = kept_at(u"ws\\vendor")->forgets = false;
    apply(&r);
    assert_int_equal(result.changed, 3); /* the root, which was unfinished meanwhile */
    judge("A", u"ws", NULL);
}

/* As when a child of an outer root has put it in the place of what was looked at. */
static void grant__another_directory_than_looked_at__is_not_touched(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    const struct grant_request how = { .id = r.id = &seen, .cancel = &cancel };

    (void)state;
    make_tree();
    see(u"other");
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_FAILED);
    assert_non_null(strstr(err.call, "no longer what was looked at"));
    assert_int_equal(wcscmp(err.object, at_ws()), 0);
    assert_as_before();
    see(u"ws");
    apply(&r);
    see(u"other");
    store.writes = 0;
    assert_int_equal(grant_undo(at_ws(), NULL, &how, &result, &err), GRANT_FAILED);
    assert_int_equal(store.writes, 0);
}

/* The same directory, but not where it was: here by a link to it in its old place. */
static void grant_apply__moved_since__is_not_touched(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    static char16_t path[MAX_PATH];

    (void)state;
    make_tree();
    must_link();
    wcscpy(path, at_ws());
    wcscat(path, u"\\link");
    r.path = path;
    r.id = &seen;
    see(u"other");
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_FAILED);
    assert_as_before();
}

/* Where a file system takes the empty name for its volume, as some rewritten ones do. */
static void grant_apply__empty_name_is_the_volume__writes_only_the_tree(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct kept *volume = NULL;

    (void)state;
    make_tree();
    store.astray = true;
    volume = kept_at(u"other");
    apply(&r);
    assert_int_equal(result.failed, 0);
    assert_memory_equal(volume->now, volume->old, volume->old_bytes);
    judge("A", u"ws", NULL);
    undo(at_ws(), &r.sid);
    assert_as_before();
}

static void grant_apply__path_leads_elsewhere_too__is_not_written_and_named(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    store.astray = true;
    store.swapped = u"\\src";
    apply(&r);
    assert_int_equal(result.failed, 1);
    assert_int_equal(wcscmp(result.kept[0].object, L"src"), 0);
    assert_non_null(strstr(result.kept[0].call, "something else"));
    assert_memory_equal(kept_at(u"other")->now, kept_at(u"other")->old,
                        kept_at(u"other")->old_bytes);
    assert_memory_equal(kept_at(u"ws\\src")->now, kept_at(u"ws\\src")->old,
                        kept_at(u"ws\\src")->old_bytes);
}

/* What everyone but the administrators has in a drive's root. */
static void set_drive_root(struct kept *k)
{
    const struct acl_entry entries[] = {
        { ACE_ALLOW, 3, RIGHT_FILE_ALL, sid_well_known(SID_ADMINISTRATORS) },
        { ACE_ALLOW, 3, ACLPLAN_READ, sid_well_known(SID_USERS) },
        { ACE_ALLOW, 2, RIGHT_FILE_APPEND_DATA, sid_well_known(SID_AUTHENTICATED) },
    };
    uint8_t bytes[512];
    struct aclbuf b = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_SELF_RELATIVE,
                          .has_owner = true,
                          .has_group = true,
                          .owner = sid_well_known(SID_SYSTEM),
                          .group = sid_well_known(SID_SYSTEM) };

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        aclbuf_add(&b, &entries[i]);
    sd.dacl = aclbuf_acl(&b);
    set_sd(k, &sd);
}

static void grant_apply__parent_refuses_and_gives_no_deletes__is_nothing(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    set_drive_root(kept_at(u""));
    kept_at(u"")->refuses = true;
    for (int dry = 1; dry >= 0; dry--) {
        r.dry_run = dry;
        assert_int_equal(grant_apply(&r, &result, &err), GRANT_DONE);
        assert_int_equal(result.failed, 0);
        assert_false(result.parent_open);
    }
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_DONE);
    judge("A", u"ws", NULL);
    undo(at_ws(), NULL);
    assert_as_before();
}

static void grant_apply__parent_refuses_and_gives_deletes__is_told_and_done(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct accesscheck_token t;

    (void)state;
    make_tree();
    kept_at(u"")->refuses = true;
    apply(&r);
    assert_int_equal(result.failed, 0);
    assert_true(result.parent_open);
    t = token_of("A", false);
    assert_true(may_delete(&t, u"ws")); /* what is told is so */
    t = token_of("A", true);
    assert_false(may_delete(&t, u"ws"));
    kept_at(u"")->refuses = false;
    apply(&r);
    assert_false(result.parent_open);
    undo(at_ws(), NULL);
    assert_as_before();
}

static void grant_apply__root_does_not_keep_it__ends_at_once(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    kept_at(u"ws")->forgets = true;
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_NOT_KEPT);
    assert_int_equal(store.writes, 0);
    assert_int_equal(result.entries, 0);
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
    assert_as_before();
    kept_at(u"ws")->forgets = false;
    kept_at(u"ws")->refuses = true;
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_FAILED);
    assert_int_equal(err.code, 0xC0000022);
    assert_non_null(wcsstr(err.object, L"\\ws"));
    store.no_acls = true;
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_NO_ACLS);
    assert_int_equal(store.writes, 0);
}

static void grant_apply__this_system__claims_only_what_it_keeps(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    enum grant_outcome outcome = GRANT_FAILED;

    (void)state;
    make_tree();
    store.off = true;
    outcome = grant_apply(&r, &result, &err);
    if (GetProcAddress(GetModuleHandleW(u"ntdll.dll"), "wine_get_version")) {
        assert_int_equal(outcome, GRANT_NOT_KEPT);
        assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
        assert_int_equal(result.changed, 0);
    } else {
        assert_int_equal(outcome, GRANT_DONE);
        assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_DONE);
        assert_int_equal(grant_undo(at_ws(), NULL, &r, &result, &err), GRANT_DONE);
    }
}

static void grant_apply__nested_roots__both_stay(void **state)
{
    static char16_t inner_path[MAX_PATH];
    struct grant_request outer = request_of(at_ws(), 'A'), inner;
    struct kept *copy = NULL;
    bool deletes = false;

    (void)state;
    make_tree();
    wcscpy(inner_path, at_ws());
    wcscat(inner_path, u"\\vendor\\lib");
    inner = request_of(inner_path, 'B');
    apply(&inner);
    apply(&outer);
    copy = snapshot();
    apply(&inner);
    apply(&outer);
    assert_same_as(copy);
    free(copy);
    for (int strict = 0; strict < 2; strict++) {
        struct accesscheck_token t = token_of("AB", strict);

        deletes = deletes || may_delete(&t, u"ws\\vendor\\lib") ||
                  may_delete(&t, u"ws\\vendor\\lib\\.GIT") || may_delete(&t, u"ws");
        assert_true(rights(&t, u"ws\\vendor\\lib\\a.c") & RIGHT_FILE_WRITE_DATA);
        t = token_of("A", strict);
        deletes = deletes || may_delete(&t, u"ws\\vendor\\lib");
        t = token_of("B", strict);
        deletes = deletes || may_delete(&t, u"ws\\vendor\\lib");
        assert_false(rights(&t, u"ws\\src\\main.c") & RIGHT_FILE_WRITE_DATA);
    }
    assert_false(deletes);
    undo(inner_path, &inner.sid);
    assert_int_equal(grant_is_done(&outer, &err), GRANT_LOOK_DONE);
    apply(&outer); /* what was a root is a directory like any other */
    judge("A", u"ws", (const char16_t *const[]){ u"ws\\vendor\\lib\\.GIT", NULL });
    undo(at_ws(), &outer.sid);
    assert_as_before();
}

/* Whether the fence of these roots lets the directory go, to a path or a bare name. */
static bool may_go(const char *roots, const char16_t *name)
{
    bool may = false;

    for (int strict = 0; strict < 2; strict++) {
        struct accesscheck_token t = token_of(roots, strict);
        struct accesscheck_file_verdict v;
        struct secdesc sd = now_at(name), up = now_at(parent_name(name));

        accesscheck_rename(&t, &sd, &up, NULL, true, &v);
        may = may || v.allowed || may_delete(&t, name) ||
              (rights(&t, name) & ACLPLAN_STAY) ||
              (rights(&t, parent_name(name)) & ACLPLAN_GUARD);
    }
    return may;
}

/* Everyone has everything in it, by entries of its own. */
static void open_to_all(const char16_t *name)
{
    const struct acl_entry e = { ACE_ALLOW, 3, RIGHT_FILE_ALL, sid_everyone() };
    uint8_t bytes[512];
    struct aclbuf b = aclbuf_init(bytes, sizeof bytes);
    struct kept *k = kept_at(name);
    struct secdesc sd = now_at(name);
    struct ace ace = { 0 };

    aclbuf_add(&b, &e);
    while (acl_next(&sd.dacl, &ace))
        aclbuf_add_ace(&b, &ace);
    sd.dacl = aclbuf_acl(&b);
    set_sd(k, &sd);
}

/* The order in which the outer one does not meet the inner one before it is walked
 * again. */
static void grant_apply__inner_root_after_the_outer__stays_in_both(void **state)
{
    static const char16_t *const places[] = { u"ws\\vendor\\lib", u"ws\\src" };
    static char16_t inner_path[MAX_PATH];
    struct grant_request outer = request_of(at_ws(), 'A'), inner;
    struct sid group = { .revision = 1,
                         .sub_count = 5,
                         .authority = { 0, 0, 0, 0, 0, 5 },
                         .sub = { 21, 1, 2, 3, 1010 } };

    (void)state;
    make_tree();
    for (unsigned how = 0; how < 16; how++) {
        const char16_t *place = places[how & 1];

        if (how == 8) {
            open_to_all(u"ws\\vendor");
            open_to_all(u"ws\\vendor\\lib");
            open_to_all(u"ws\\src");
        }
        swprintf(inner_path, MAX_PATH, L"%ls\\%ls", base, place);
        inner = request_of(inner_path, 'B');
        outer.lowered = inner.lowered = how & 2;
        outer.group = inner.group = how & 4 ? &group : NULL;
        apply(&outer);
        assert_true(how >= 8 || may_go("A", place));
        apply(&inner);
        if (may_go("A", place) || may_go("B", place) || may_go("AB", place))
            fail_msg("%ls can go, %u", place, how);
        store.writes = 0;
        apply(&inner);
        apply(&outer);
        if (store.writes)
            fail_msg("%d writes more, %u", (int)store.writes, how);
        undo(how & 1 ? inner_path : at_ws(), how & 1 ? &inner.sid : &outer.sid);
        undo(how & 1 ? at_ws() : inner_path, NULL);
        if (how & 4) {
            struct grant_request also = { .group = &group, .cancel = &cancel };

            assert_int_equal(grant_undo(at_ws(), NULL, &also, &result, &err), GRANT_DONE);
        }
        assert_as_before();
    }
}

static void grant_apply__inner_root_and_dead_after_any_write__is_found_out(void **state)
{
    static char16_t inner_path[MAX_PATH];
    struct grant_request outer = request_of(at_ws(), 'A'), inner;

    (void)state;
    make_tree();
    swprintf(inner_path, MAX_PATH, L"%ls\\ws\\vendor\\lib", base);
    inner = request_of(inner_path, 'B');
    for (LONG n = 0; n < 12; n++) {
        apply(&outer);
        store.writes = 0;
        store.dead_at = n;
        (void)grant_apply(&inner, &result, &err);
        store.dead_at = -1;
        if (grant_is_done(&inner, &err) == GRANT_LOOK_DONE &&
            may_go("A", u"ws\\vendor\\lib") && result.failed == 0)
            fail_msg("looks done after %d", (int)n);
        apply(&inner);
        assert_false(may_go("A", u"ws\\vendor\\lib"));
        undo(at_ws(), NULL);
        assert_as_before();
    }
}

/* The inner root is one no more: what the outer one is denied there goes with its next
 * walk. */
static void grant_undo__inner_root_after_the_outer__outer_takes_it_back(void **state)
{
    static char16_t inner_path[MAX_PATH];
    struct grant_request outer = request_of(at_ws(), 'A'), inner;

    (void)state;
    make_tree();
    swprintf(inner_path, MAX_PATH, L"%ls\\ws\\vendor\\lib", base);
    inner = request_of(inner_path, 'B');
    apply(&outer);
    apply(&inner);
    undo(inner_path, &inner.sid);
    assert_int_equal(grant_is_done(&outer, &err), GRANT_LOOK_DONE);
    apply(&outer);
    judge("A", u"ws", (const char16_t *const[]){ u"ws\\vendor\\lib\\.GIT", NULL });
    undo(at_ws(), &outer.sid);
    assert_as_before();
}

static void grant_undo__inner_first_or_last__every_byte_is_back(void **state)
{
    static char16_t inner_path[MAX_PATH];
    struct grant_request outer = request_of(at_ws(), 'A'), inner;

    (void)state;
    make_tree();
    wcscpy(inner_path, at_ws());
    wcscat(inner_path, u"\\vendor\\lib");
    inner = request_of(inner_path, 'B');
    apply(&outer);
    apply(&inner);
    undo(at_ws(), &outer.sid);
    assert_int_equal(grant_is_done(&inner, &err), GRANT_LOOK_DONE);
    judge("B", u"ws\\vendor\\lib", NULL);
    undo(inner_path, &inner.sid);
    assert_as_before();
    apply(&outer);
    apply(&inner);
    undo(at_ws(), NULL);
    assert_as_before();
}

static void grant_undo__two_in_one_directory__guard_goes_with_the_last(void **state)
{
    static char16_t other_path[MAX_PATH];
    struct grant_request a = request_of(at_ws(), 'A'), b;

    (void)state;
    make_tree();
    wcscpy(other_path, base);
    wcscat(other_path, u"\\other");
    for (int one = 0; one < 3; one++) {
        /* Two SIDs, undone by SID and all; and two roots of one SID, as a box has. */
        b = request_of(other_path, one == 2 ? 'A' : 'B');
        apply(&a);
        apply(&b);
        undo(at_ws(), one == 0 ? &a.sid : NULL);
        assert_int_equal(grant_is_done(&b, &err), GRANT_LOOK_DONE);
        judge(one == 2 ? "A" : "B", u"other", NULL);
        undo(other_path, one == 0 ? &b.sid : NULL);
        assert_as_before();
    }
}

static void make_worktrees(void)
{
    static const char16_t *const names[] = {
        u"ws\\",
        u"ws\\bare\\",
        u"ws\\bare\\config",
        u"ws\\bare\\hooks\\",
        u"ws\\bare\\hooks\\x",
        u"ws\\bare\\worktrees\\",
        u"ws\\bare\\worktrees\\one\\",
        u"ws\\bare\\worktrees\\one\\HEAD",
        u"ws\\one\\",
        u"ws\\one\\file",
        u"ws\\deep\\",
        u"ws\\deep\\stores\\",
        u"ws\\deep\\stores\\s.git\\",
        u"ws\\deep\\stores\\s.git\\HEAD",
        u"ws\\deep\\plain",
        u"ws\\two\\",
        u"ws\\out\\",
        u"outside\\",
        NULL,
    };

    make_all(names);
    make_file(u"ws\\one\\.git", "gitdir: ../bare/worktrees/one\n");
    make_file(u"ws\\bare\\worktrees\\one\\commondir", "../..\n");
    make_file(u"ws\\two\\.git", "gitdir: ../deep/stores/s.git");
    make_file(u"ws\\out\\.git", "gitdir: ../../outside");
}

static void grant_apply__git_files__protect_where_they_lead(void **state)
{
    static const char16_t *const also[] = { u"ws\\bare", u"ws\\deep\\stores\\s.git",
                                            NULL };
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_worktrees();
    apply(&r);
    assert_int_equal(result.failed, 0);
    judge("A", u"ws", also);
    store.writes = 0;
    apply(&r);
    assert_int_equal(store.writes, 0);
    assert_true(DeleteFileW(full(u"ws\\two\\.git")));
    apply(&r); /* no longer one */
    judge("A", u"ws", (const char16_t *const[]){ u"ws\\bare", NULL });
    store.writes = 0;
    apply(&r);
    assert_int_equal(store.writes, 0);
    undo(at_ws(), &r.sid);
    assert_as_before();
}

/* Whoever writes a file must not choose what the user's own rights then open: a server
 * would be sent his logon. */
static void grant_apply__git_files_to_elsewhere__open_nothing(void **state)
{
    static const char *const leads[] = {
        "//localhost/share/x",
        "\\\\localhost\\share\\x",
        "//?/UNC/localhost/share/x",
        "//./UNC/localhost/share/x",
        "//./pipe/ringfence-no-such-pipe",
        "//?/GLOBALROOT/Device/Mup/localhost/share/x",
        "/\?\?/UNC/localhost/share/x",
        "Q:/mapped/x",
        "C:deep",
        "../../outside",
        "../../../../../../../../windows",
        "../deep:stream",
        "../deep::$INDEX_ALLOCATION",
        "../deep/:/x",
        "../deep/../../../ws2",
        "..",
        "../con/../../../nul",
    };
    struct grant_request r = request_of(at_ws(), 'A');
    char16_t name[64];
    char text[128];

    (void)state;
    make_worktrees();
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        swprintf(name, 64, L"ws\\lead %u", (unsigned)i);
        make_dir(name);
        wcscat(name, u"\\.git");
        snprintf(text, sizeof text, "gitdir: %s\n", leads[i]);
        make_file(name, text);
    }
    make_file(u"ws\\deep\\stores\\s.git\\commondir", "//localhost/share/x\n");
    store.strayed = 0;
    apply(&r);
    assert_int_equal(store.strayed, 0);
    assert_int_equal(result.failed, 0);
    judge("A", u"ws",
          (const char16_t *const[]){ u"ws\\bare", u"ws\\deep\\stores\\s.git", NULL });
}

static volatile LONG guarded_files, guarded_directories;

static void count_guarded(HANDLE file)
{
    FILE_STANDARD_INFORMATION info = { 0 };
    IO_STATUS_BLOCK io;

    NtQueryInformationFile(file, &io, &info, sizeof info, FileStandardInformation);
    InterlockedIncrement(info.Directory ? &guarded_directories : &guarded_files);
}

/* Each that has its deny in the end, and none of which the writing failed. */
static void grant_apply__what_is_protected__is_shown_to_the_caller(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_worktrees();
    make_dir(u"ws\\deep\\.codex");
    make_dir(u"ws\\deep\\.agents");
    kept_at(u"ws\\deep\\.agents")->refuses = true;
    r.guarded = count_guarded;
    guarded_files = guarded_directories = 0;
    apply(&r);
    assert_int_equal(result.failed, 1);
    assert_int_equal(guarded_files, 3);       /* .git */
    assert_int_equal(guarded_directories, 3); /* .codex, and where two of those lead */
}

/* As git and people spell them. */
static void grant_apply__git_files_in_any_spelling__are_followed(void **state)
{
    static const char16_t *const also[] = { u"ws\\deep\\stores\\s.git", NULL };
    static const char *const leads[] = { "../DEEP/Stores/S.Git",
                                         "../deep//stores/./s.git/",
                                         "../x/../deep/none/../stores/s.git. ",
                                         "../../ws/deep/stores/s.git" };
    struct grant_request r = request_of(at_ws(), 'A');
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof leads / sizeof leads[0] + 2; i++) {
        make_worktrees();
        assert_true(DeleteFileW(full(u"ws\\one\\.git")));
        assert_true(DeleteFileW(full(u"ws\\two\\.git")));
        if (i < sizeof leads / sizeof leads[0])
            snprintf(text, sizeof text, "gitdir: %s\n", leads[i]);
        else /* the whole path, and without its drive */
            snprintf(text, sizeof text, "gitdir: %ls/deep/stores/s.git\n",
                     at_ws() + (i == sizeof leads / sizeof leads[0] ? 0 : 2));
        make_file(u"ws\\two\\.git", text);
        apply(&r);
        assert_int_equal(result.failed, 0);
        judge("A", u"ws", also);
        undo(at_ws(), &r.sid);
        remove_all();
        forget_all();
        make_dir(u"");
    }
}

/* Through a link in the workspace: by what that says, again without leaving the root. */
static void grant_apply__git_files_through_a_link__are_followed_in_the_root(void **state)
{
    static const char16_t *const none[] = { NULL };
    static const char16_t *const also[] = { u"ws\\deep\\stores\\s.git", NULL };
    static const struct {
        const char16_t *leads;
        bool followed;
    } rows[] = {
        { u"\\??\\WS\\deep\\stores", true },
        { u"deep\\stores", true },
        { u"..\\ws\\deep\\.\\stores\\", true },
        { u"\\??\\UNC\\localhost\\share", false },
        { u"\\??\\Volume{00000000-0000-0000-0000-000000000000}\\x", false },
        { u"\\??\\Q:\\deep\\stores", false },
        { u"..\\..\\outside", false },
        { u"jump", false },
    };
    struct grant_request r = request_of(at_ws(), 'A');
    static char16_t to[WIN_PATH_CAP];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_worktrees();
        assert_true(DeleteFileW(full(u"ws\\one\\.git")));
        assert_true(DeleteFileW(full(u"ws\\two\\.git")));
        make_file(u"ws\\two\\.git", "gitdir: ../jump/s.git\n");
        make_dir(u"ws\\jump");
        wcscpy(to, rows[i].leads);
        if (i == 0) {
            wcscpy(to + 4, at_ws());
            wcscat(to, rows[i].leads + 6);
        }
        store.jump = to;
        store.strayed = 0;
        apply(&r);
        assert_int_equal(store.strayed, 0);
        assert_int_equal(result.failed, 0);
        assert_true(RemoveDirectoryW(full(u"ws\\jump"))); /* a link: not judged */
        judge("A", u"ws", rows[i].followed ? also : none);
        remove_all();
        forget_all();
        make_dir(u"");
    }
}

static void grant_apply__git_files_and_dead_after_any_write__is_found_out(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct kept *whole = NULL;
    LONG writes = 0;

    (void)state;
    make_worktrees();
    apply(&r);
    whole = snapshot();
    writes = store.writes;
    for (LONG n = 0; n < writes; n++) {
        reset();
        store.dead_at = n;
        (void)grant_apply(&r, &result, &err);
        assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
        store.dead_at = -1;
        apply(&r);
        assert_same_as(whole);
    }
    free(whole);
}

static void grant_apply__git_commit__leaves_the_parts_that_commits_need(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct accesscheck_token t;

    (void)state;
    make_tree();
    r.names.git_commit = true;
    apply(&r);
    for (int strict = 0; strict < 2; strict++) {
        t = token_of("A", strict);
        assert_true(rights(&t, u"ws\\.git\\HEAD") & RIGHT_FILE_WRITE_DATA);
        assert_true(rights(&t, u"ws\\.git\\objects") & RIGHT_FILE_ADD_FILE);
        assert_false(rights(&t, u"ws\\.git\\config") & RIGHT_FILE_WRITE_DATA);
        assert_false(rights(&t, u"ws\\.git\\hooks\\pre-commit") & RIGHT_FILE_WRITE_DATA);
        assert_false(may_delete(&t, u"ws\\.git"));
        assert_false(may_delete(&t, u"ws\\.git\\config"));
        assert_false(may_delete(&t, u"ws\\.git\\hooks"));
    }
    r.names.git_commit = false; /* and back */
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_DONE);
    judge("A", u"ws", NULL);
    undo(at_ws(), NULL);
    assert_as_before();
}

static void grant_apply__hard_links__are_read_only_and_protected_ones_shut(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct accesscheck_token t;

    (void)state;
    make_tree();
    if (!CreateHardLinkW(full(u"ws\\src\\linked"), full(u"ws\\README"), NULL) ||
        !CreateHardLinkW(full(u"ws\\aa"), full(u"ws\\.git\\config"), NULL) ||
        !CreateHardLinkW(full(u"ws\\zz"), full(u"ws\\.git\\HEAD"), NULL)) {
        print_message("SKIP hard links: this file system has none\n");
        skip();
    }
    for (int links = 0; links < 2; links++) {
        r.hard_links = links;
        assert_int_equal(grant_apply(&r, &result, &err), GRANT_DONE);
        assert_int_equal(grant_apply(&r, &result, &err), GRANT_DONE);
        assert_int_equal(result.changed, 0);
        assert_int_equal(result.hard_linked, links ? 4 : 6);
        t = token_of("A", true);
        assert_int_equal(!(rights(&t, u"ws\\README") & RIGHT_FILE_WRITE_DATA), !links);
        assert_false(rights(&t, u"ws\\aa") & CHANGES);
        assert_false(rights(&t, u"ws\\zz") & CHANGES);
        assert_true(rights(&t, u"ws\\zz") & RIGHT_FILE_READ_DATA);
    }
    undo(at_ws(), NULL);
    assert_as_before();
}

/* Met under two names by two threads at once: the deny does not get lost. */
static void grant_apply__one_file_under_two_names__stays_shut(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_dir(u"ws");
    make_dir(u"ws\\a");
    make_dir(u"ws\\b");
    make_file(u"ws\\a\\plain", "x");
    if (!CreateHardLinkW(full(u"ws\\b\\.agents"), full(u"ws\\a\\plain"), NULL)) {
        print_message("SKIP hard links: this file system has none\n");
        skip();
    }
    for (unsigned i = 0; i < 20; i++) {
        struct secdesc sd;

        reset();
        store.slow = true;
        apply(&r);
        sd = now_at(u"ws\\a\\plain");
        if (!aclstate_was_protected(&sd.dacl, &r.sid))
            fail_msg("lost in round %u", i);
    }
    undo(at_ws(), NULL);
    assert_as_before();
}

static void grant_apply__lone_surrogates__are_names_like_any(void **state)
{
    static const char16_t *const names[] = {
        u"ws\\",
        u"ws\\alone\\",
        u"ws\\alone\\.git\\",
        u"ws\\alone\\alone\\",
        u"ws\\alone\\alone\\file",
        NULL,
    };
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_all(names);
    kept_at(u"ws\\alone\\alone\\file")->refuses = true;
    store.lone = true;
    apply(&r);
    assert_int_equal(result.vanished, 0);
    assert_int_equal(result.failed, 1);
    assert_true(u16s_eq(u16s_of(result.kept[0].object), U16S(LONE "\\" LONE "\\file")));
    kept_at(u"ws\\alone\\alone\\file")->refuses = false;
    apply(&r);
    store.lone = false;
    judge("A", u"ws", NULL);
    store.lone = true;
    undo(at_ws(), NULL);
    store.lone = false;
    assert_as_before();
}

static void grant_undo__of_an_unfinished_one__every_byte_is_back(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    for (LONG n = 0; n < 26; n++) {
        store.writes = 0;
        store.dead_at = n;
        (void)grant_apply(&r, &result, &err);
        store.dead_at = -1;
        undo(at_ws(), n % 2 ? NULL : &r.sid);
        assert_as_before();
    }
}

static void grant_apply__git_files_below_a_cut_off_directory__twice_is_once(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_worktrees();
    set_usual(kept_at(u"ws\\deep"), true, SECDESC_DACL_PROTECTED);
    apply(&r);
    store.writes = 0;
    apply(&r);
    assert_int_equal(store.writes, 0);
    undo(at_ws(), &r.sid);
    assert_as_before();
}

static void grant_apply__a_link__leads_nowhere(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_tree();
    must_link();
    apply(&r);
    assert_int_equal(result.links, 1);
    assert_memory_equal(kept_at(u"other")->now, kept_at(u"other")->old,
                        kept_at(u"other")->old_bytes);
    assert_memory_equal(kept_at(u"other\\file")->now, kept_at(u"other\\file")->old,
                        kept_at(u"other\\file")->old_bytes);
}

/* As a package manager makes them: here plain files and directories that are listed, and
 * seen by their handles, as reparse points. */
static void make_links(bool by_handle)
{
    static const char16_t *const names[] = {
        u"ws\\",
        u"ws\\packages\\",
        u"ws\\packages\\dir-link\\",
        u"ws\\packages\\dir-link\\in",
        u"ws\\packages\\file-link",
        u"ws\\packages\\plain\\",
        u"ws\\sub\\",
        u"ws\\sub\\.git\\",
        u"ws\\sub\\.git\\HEAD",
        NULL,
    };

    make_all(names);
    store.links[0] = u"dir-link";
    store.links[1] = u"file-link";
    store.links[2] = u".git";
    kept_at(u"ws\\packages\\dir-link")->link = by_handle;
    kept_at(u"ws\\packages\\file-link")->link = by_handle;
    kept_at(u"ws\\sub\\.git")->link = by_handle;
}

static void assert_untouched(const char16_t *name)
{
    struct kept *k = kept_at(name);

    if (k->now_bytes != k->old_bytes || memcmp(k->now, k->old, k->old_bytes) != 0)
        fail_msg("%ls was changed", name);
}

static void grant_apply__links__are_fenced_and_not_followed(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_links(true);
    for (int commit = 0; commit < 2; commit++) {
        r.names.git_commit = commit;
        apply(&r);
        assert_int_equal(result.failed, 0);
        assert_int_equal(result.links, 3);
        for (int strict = 0; strict < 2; strict++) {
            judge_one(u"ws\\packages\\dir-link", OPEN, true, "A", strict);
            judge_one(u"ws\\packages\\file-link", OPEN, false, "A", strict);
            judge_one(u"ws\\sub\\.git", SHUT, true, "A", strict);
        }
        assert_untouched(u"ws\\packages\\dir-link\\in");
        assert_untouched(u"ws\\sub\\.git\\HEAD");
        store.writes = 0;
        apply(&r);
        assert_int_equal(store.writes, 0);
    }
    undo(at_ws(), &r.sid);
    assert_as_before();
}

/* One that was made in the root has inherited its entries. */
static void grant_undo__links_made_since__every_byte_is_back(void **state)
{
    static const char16_t *const links[] = { u"ws\\packages\\dir-link",
                                             u"ws\\sub\\.git" };
    struct grant_request r = request_of(at_ws(), 'A');

    (void)state;
    make_links(true);
    store.links[0] = NULL;
    apply(&r);
    for (size_t i = 0; i < 2; i++) {
        const struct kept *from = kept_at(u"ws\\packages\\plain");
        struct kept *k = kept_at(links[i]);

        memcpy(k->now, from->now, from->now_bytes);
        k->now_bytes = from->now_bytes;
    }
    store.links[0] = u"dir-link";
    undo(at_ws(), NULL);
    assert_as_before();
}

/* As under Wine, where the handle is of what the link leads to. */
static void grant__links_whose_handle_is_of_something_else__are_left_alone(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct kept *k = NULL;

    (void)state;
    make_links(false);
    apply(&r);
    assert_untouched(u"ws\\packages\\dir-link");
    assert_untouched(u"ws\\packages\\file-link");
    assert_untouched(u"ws\\sub\\.git");
    k = kept_at(u"ws\\packages\\dir-link");
    memcpy(k->now, kept_at(u"ws\\packages")->now, SD_CAP);
    k->now_bytes = kept_at(u"ws\\packages")->now_bytes;
    undo(at_ws(), NULL);
    assert_true(k->now_bytes > k->old_bytes);
}

/* The old names in a profile, which nobody but the system may change. */
static void grant_apply__reading_and_a_link_refuses__is_no_failure(void **state)
{
    struct grant_request r = request_of(at_ws(), 'R');

    (void)state;
    make_links(true);
    kept_at(u"ws\\packages\\dir-link")->refuses = true;
    r.read = true;
    apply(&r);
    assert_int_equal(result.failed, 0);
    r = request_of(at_ws(), 'A');
    apply(&r);
    assert_int_equal(result.failed, 1);
}

#define BOX_A u"ringfence\\box\\414141414141414141414141"
#define BOX_B u"ringfence\\box\\424242424242424242424242"

static const char16_t *at_data(const char16_t *name)
{
    static char16_t text[2][MAX_PATH];
    static unsigned turn;
    char16_t *at = text[turn++ % 2];

    swprintf(at, MAX_PATH, L"%ls\\%ls", base, name);
    return at;
}

/* Where Local is base: two roots, of which the first is a workspace. */
static void make_state(void)
{
    static const char16_t *const names[] = {
        u"beside\\",
        u"ringfence\\",
        u"ringfence\\journal",
        u"ringfence\\policy.ini",
        u"ringfence\\proof",
        u"ringfence\\box\\",
        BOX_A u"\\",
        BOX_A u"\\fence",
        BOX_A u"\\root",
        BOX_A u"\\temp\\",
        BOX_A u"\\temp\\x",
        BOX_A u"\\cache\\",
        BOX_B u"\\",
        BOX_B u"\\fence",
        NULL,
    };

    make_all(names);
}

static bool is_temp(const char16_t *name)
{
    return wcsstr(name, u"\\temp\\") != NULL;
}

/* How many of what is ours the fence of A may change, delete or rename. */
static unsigned count_open(void)
{
    unsigned open = 0;

    list_all();
    for (size_t i = 0; i < path_count; i++)
        for (int strict = 0; strict < 2; strict++) {
            struct accesscheck_token t = token_of("A", strict);
            struct accesscheck_file_verdict v;
            struct secdesc sd = now_at(paths[i]), up = now_at(parent_name(paths[i]));
            uint32_t bad = wcsstr(paths[i], u"\\temp") || wcsstr(paths[i], u"\\cache")
                               ? ACLPLAN_STAY
                               : CHANGES & ~RIGHT_FILE_DELETE_CHILD;

            if (is_temp(paths[i]) || wcsncmp(paths[i], u"ringfence", 9) != 0)
                continue;
            accesscheck_rename(&t, &sd, &up, NULL, is_dir[i], &v);
            open += v.allowed || may_delete(&t, paths[i]) || (rights(&t, paths[i]) & bad);
        }
    return open;
}

static void guard(char of)
{
    uint8_t digest[12];

    memset(digest, of, sizeof digest);
    if (!grantstate_guard(at_data(u"ringfence"), digest, &err))
        fail_msg("%ls: %s %x", err.object, err.call, (unsigned)err.code);
}

static void grantstate_guard__all_of_our_own__stays(void **state)
{
    struct grant_request r = request_of(at_data(BOX_A u"\\temp"), 'A');

    (void)state;
    make_state();
    apply(&r);
    r.path = at_data(BOX_A u"\\cache");
    apply(&r);
    assert_true(count_open() > 0);
    guard('A');
    guard('B');
    assert_int_equal(count_open(), 0);
    judge_one(BOX_A u"\\temp\\x", OPEN, false, "A", false);
    assert_untouched(u"beside");
    assert_untouched(u"ringfence\\policy.ini");
    store.writes = 0;
    guard('A');
    guard('B');
    assert_int_equal(store.writes, 0);
    /* One root is cleaned: what the other needs stays. */
    undo(at_data(BOX_B), NULL);
    assert_int_equal(count_open(), 1);
    undo(at_data(u"ringfence\\box"), NULL);
    assert_true(grantstate_unguard(at_data(u"ringfence"), true, &err));
    assert_true(grantstate_unguard(at_data(u"ringfence"), false, &err));
    assert_as_before();
}

/* Nothing is there yet but the directory, or not even that. */
static void grantstate_guard__no_boxes__guards_what_there_is(void **state)
{
    (void)state;
    assert_false(
        grantstate_guard(at_data(u"ringfence"), (const uint8_t *)"AAAAAAAAAAAA", &err));
    make_all((const char16_t *const[]){ u"ringfence\\", u"ringfence\\policy.ini", NULL });
    guard('A');
    assert_int_equal(count_open(), 0);
    assert_true(grantstate_unguard(at_data(u"ringfence"), false, &err));
    assert_as_before();
    kept_at(u"")->refuses = true;
    assert_false(
        grantstate_guard(at_data(u"ringfence"), (const uint8_t *)"AAAAAAAAAAAA", &err));
    assert_non_null(wcsstr(err.object, L"ringfence-grant"));
}

/* By a command that does not walk, and while one does. */
static void grantstate_guard_data__another_walks__fails(void **state)
{
    HANDLE other = NULL;

    (void)state;
    make_all((const char16_t *const[]){ u"ringfence\\", u"ringfence\\policy.ini", NULL });
    assert_int_equal(count_open(), 2);
    other = CreateFileW(at_data(u"ringfence\\walk.lock"), GENERIC_WRITE, 0, NULL,
                        OPEN_ALWAYS, 0, NULL);
    assert_true(other != INVALID_HANDLE_VALUE);
    assert_false(grantstate_guard_data(at_data(u"ringfence"), &err));
    assert_int_equal(err.code, ERROR_SHARING_VIOLATION);
    CloseHandle(other);
    assert_true(grantstate_guard_data(at_data(u"ringfence"), &err));
    assert_int_equal(count_open(), 0);
    assert_true(grantstate_unguard(at_data(u"ringfence"), false, &err));
    assert_as_before();
}

/* The profile's entries come and go beside the guards. */
static void grantstate_guard__reads_undone__stays(void **state)
{
    static char16_t profile[MAX_PATH];
    struct grant_request r = request_of(wcscpy(profile, base), 'R');

    (void)state;
    make_state();
    guard('A');
    guard('B');
    r.read = true;
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_DONE);
    assert_int_equal(grant_undo(profile, &r.sid, &r, &result, &err), GRANT_DONE);
    assert_int_equal(count_open(), 0);
    assert_int_equal(grant_undo(profile, NULL, &r, &result, &err), GRANT_DONE);
    assert_as_before();
}

static void grant_apply__deep__reaches_the_bottom(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    static char16_t name[4096];

    (void)state;
    make_dir(u"ws");
    wcscpy(name, u"ws");
    for (unsigned i = 0; i < DEEP; i++) {
        wcscat(name, u"\\level");
        make_dir(name);
    }
    wcscat(name, u"\\.git");
    make_file(name, "gitdir: ../repo");
    wcscpy(wcsrchr(name, u'\\'), u"\\..\\repo");
    *wcsstr(name, L"\\..") = 0;
    wcscpy(wcsrchr(name, u'\\'), u"\\repo");
    make_dir(name);
    apply(&r);
    assert_int_equal(result.failed, 0);
    assert_int_equal(result.entries, DEEP + 1 + 1 + 1 + 1); /* repo twice */
    judge("A", u"ws", (const char16_t *const[]){ name, NULL });
    undo(at_ws(), &r.sid);
    assert_as_before();
}

static void grant_apply__lists_of_others__are_respected_and_counted(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct secdesc none = { .control = SECDESC_SELF_RELATIVE | SECDESC_DACL_PRESENT,
                            .has_owner = true,
                            .owner = user_sid() };
    struct accesscheck_token t = token_of("A", true);

    (void)state;
    make_tree();
    set_usual(kept_at(u"ws\\src"), true, SECDESC_DACL_PROTECTED);
    set_sd(kept_at(u"ws\\vendor\\lib\\a.c"), &none);
    apply(&r);
    assert_int_equal(result.cut_off, 4); /* src, main.c, sub, x.h */
    assert_int_equal(result.null_dacl, 1);
    assert_int_equal(result.failed, 1);
    assert_true(!wcscmp(result.kept[0].object, L"vendor\\lib\\a.c"));
    assert_false(rights(&t, u"ws\\src\\sub\\x.h") & CHANGES);
    undo(at_ws(), NULL);
    assert_as_before();
}

static void grant_apply__lowered__labels_all_but_the_protected(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A');
    struct secdesc sd;
    struct ace label;

    (void)state;
    make_tree();
    r.lowered = true;
    apply(&r);
    sd = now_at(u"ws\\src\\main.c");
    assert_true(secdesc_label(&sd, &label));
    assert_int_equal(label.sid.sub[0], SID_LEVEL_LOWERED);
    sd = now_at(u"ws\\.git\\config");
    assert_false(secdesc_label(&sd, &label));
    undo(at_ws(), &r.sid);
    assert_as_before();
}

static enum aclplan_kind special_kind(struct u16s path)
{
    return u16s_ieq(path, U16S("src\\sub")) ? ACLPLAN_PROTECTED : ACLPLAN_INSIDE;
}

static void grant_apply__reading__leaves_the_stores_shut(void **state)
{
    const struct u16s stores[] = { U16S(".agents") };
    struct grant_request r = request_of(at_ws(), 'R');
    struct accesscheck_token t = token_of("R", true);

    (void)state;
    make_tree();
    r.read = true;
    r.names.more = stores;
    r.names.more_count = 1;
    r.special = special_kind;
    r.special_depth = 2;
    apply(&r);
    list_all();
    for (size_t i = 0; i < path_count; i++) {
        bool in = !wcsncmp(paths[i], L"ws", 2);
        bool shut = wcsstr(paths[i], L".agents") || wcsstr(paths[i], L"src\\sub");
        bool reads = rights(&t, paths[i]) & RIGHT_FILE_READ_DATA;

        if (reads != (in && !shut))
            fail_msg("%ls: reads %d", paths[i], reads);
        assert_false(rights(&t, paths[i]) & CHANGES);
    }
    assert_int_equal(result.protected_found, 2);
    store.writes = 0;
    apply(&r);
    assert_int_equal(store.writes, 0);
    reset(); /* unfinished is told apart here too */
    store.dead_at = 5;
    (void)grant_apply(&r, &result, &err);
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
    store.dead_at = -1;
    apply(&r);
    undo(at_ws(), &r.sid);
    assert_as_before();
}

/* The sandbox accounts' group, and one of them in the fence of a root. */
static const struct sid *group_sid(void)
{
    static struct sid sid;

    sid = user_sid();
    sid.sub[4] = 1010;
    return &sid;
}

static struct accesscheck_token account_of(const char *roots)
{
    static struct accesscheck_sid sids[3];
    struct accesscheck_token t = token_of(roots, false);

    sids[0] = (struct accesscheck_sid){ *group_sid(), true, false };
    sids[1] = (struct accesscheck_sid){ sid_everyone(), true, false };
    sids[2] = (struct accesscheck_sid){ sid_well_known(SID_USERS), true, false };
    t.sid = sids;
    t.sid_count = 3;
    return t;
}

static void check_group(const struct accesscheck_token *t)
{
    static const struct {
        const char16_t *name;
        bool reads, writes;
    } rows[] = {
        { u"other\\file", true, false },
        { u"ws", true, true },
        { u"ws\\src\\main.c", true, true },
        { u"ws\\.git\\config", true, false },
        { u"ws\\vendor\\lib\\a.c", true, true },
        { u"ws\\vendor\\lib\\.GIT\\HEAD", true, false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t got = rights(t, rows[i].name);

        if (!(got & RIGHT_FILE_READ_DATA) != !rows[i].reads ||
            !(got & RIGHT_FILE_WRITE_DATA) != !rows[i].writes)
            fail_msg("%ls: %08x", rows[i].name, (unsigned)got);
    }
    assert_false(may_delete(t, u"ws"));
    assert_false(may_delete(t, u"ws\\.git\\HEAD"));
    assert_false(may_delete(t, u"other\\file"));
    assert_true(may_delete(t, u"ws\\src\\main.c"));
}

/* A profile, a root in it, and a root in that: walked in any order, each leaves the
 * group what the others gave it. */
static void grant_apply__group__reads_the_profile_and_writes_in_its_roots(void **state)
{
    static char16_t inner_path[MAX_PATH];
    struct grant_request r[3] = { request_of(base, 'R'), request_of(at_ws(), 'A') };
    const struct grant_request how = { .group = group_sid(), .read = true };
    struct accesscheck_token t = account_of("AB");

    (void)state;
    wcscpy(inner_path, at_ws());
    wcscat(inner_path, u"\\vendor\\lib");
    r[0].read = true;
    r[2] = request_of(inner_path, 'B');
    for (size_t first = 0; first < 3; first++) {
        make_tree();
        for (size_t i = 0; i < 3; i++) { /* as they were before there was a group */
            r[i].group = NULL;
            apply(&r[i]);
            r[i].group = group_sid();
            assert_int_equal(grant_is_done(&r[i], &err), GRANT_LOOK_UNDONE);
        }
        for (size_t i = 0; i < 6; i++)
            apply(&r[(first + i) % 3]);
        check_group(&t);
        store.writes = 0;
        for (size_t i = 0; i < 3; i++)
            apply(&r[i]);
        assert_int_equal(store.writes, 0);

        assert_int_equal(grant_undo(base, &r[0].sid, &how, &result, &err), GRANT_DONE);
        assert_false(rights(&t, u"other\\file"));
        assert_int_equal(rights(&t, u"ws\\src\\main.c") & ACLPLAN_WRITE, ACLPLAN_WRITE);
        r[0].read = false; /* whatever it is */
        assert_int_equal(grant_undo(base, NULL, &r[0], &result, &err), GRANT_DONE);
        r[0].read = true;
        assert_as_before();
        remove_all();
        forget_all();
        assert_true(CreateDirectoryW(full(u""), NULL));
    }
}

static void grant_apply__group_and_dead_after_any_write__looks_unfinished(void **state)
{
    struct grant_request r = request_of(at_ws(), 'A'), plain = r;

    (void)state;
    make_tree();
    apply(&plain);
    r.group = group_sid();
    for (LONG at = 0;; at++) { /* each goes on where the last one died */
        store.writes = 0;
        store.dead_at = at;
        if (grant_apply(&r, &result, &err) == GRANT_DONE && result.failed == 0)
            break;
        assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_UNDONE);
    }
    store.dead_at = -1;
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_DONE);
}

static void grant_undo__a_single_file__is_undone(void **state)
{
    static char16_t path[MAX_PATH];
    struct grant_request r = request_of(at_ws(), 'A');
    struct kept *k = NULL;

    (void)state;
    make_tree();
    apply(&r);
    wcscpy(path, at_ws());
    wcscat(path, u"\\src\\main.c");
    undo(path, NULL);
    assert_int_equal(result.changed, 1);
    k = kept_at(u"ws\\src\\main.c");
    assert_memory_equal(k->now, k->old, k->old_bytes);
    wcscat(path, u".missing");
    assert_int_equal(grant_undo(path, NULL, &r, &result, &err), GRANT_FAILED);
    assert_int_equal(err.code, ERROR_FILE_NOT_FOUND);
}

static void grant_apply__no_root__fails_by_its_name(void **state)
{
    static char16_t path[MAX_PATH];
    struct grant_request r;

    (void)state;
    make_tree();
    wcscpy(path, at_ws());
    wcscat(path, u"\\README");
    r = request_of(path, 'A');
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_FAILED);
    assert_non_null(wcsstr(err.object, L"README"));
    wcscat(path, u"x");
    assert_int_equal(grant_apply(&r, &result, &err), GRANT_FAILED);
    assert_int_equal(grant_is_done(&r, &err), GRANT_LOOK_FAILED);
}

/* --- verify's workspace, by the same engine -------------------------------------------
 */

static void make_scratch(struct scratch *s)
{
    assert_true(scratch_init(s, false, &err));
    if (!scratch_fill(s, &err))
        fail_msg("%s: %ls", err.call, err.object);
}

static const struct kept *kept_below(const struct scratch *s, const char *name)
{
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);
    HANDLE h = NULL;
    const struct kept *k = NULL;

    scratch_path(s, name, &b);
    assert_true(file_open(path, READ_CONTROL | FILE_READ_ATTRIBUTES, &h, &err));
    k = kept_of(h);
    CloseHandle(h);
    return k;
}

static bool is_fenced(const struct scratch *s, const char *name)
{
    const struct kept *k = kept_below(s, name);
    struct secdesc sd;

    return secdesc_read(&sd, k->now, k->now_bytes) &&
           aclplan_shows_root(&sd.dacl, &s->root);
}

static void scratch_fill__workspace_and_box__are_granted_as_any_root(void **state)
{
    struct scratch s;

    (void)state;
    make_scratch(&s);
    assert_true(is_fenced(&s, "ws") && is_fenced(&s, "box"));
    assert_false(is_fenced(&s, "docs"));
    assert_memory_not_equal(kept_below(&s, "ws\\sub\\.git")->now,
                            kept_below(&s, "ws\\sub\\.git")->old,
                            kept_below(&s, "ws\\sub\\.git")->old_bytes);
    assert_false(s.not_kept || s.refused);
    assert_true(scratch_remove(&s, &err));
}

/* What keeps a workspace from being granted keeps this one from passing for fenced. */
static void scratch_fill__grants_go_wrong__is_found_out(void **state)
{
    struct scratch s;

    (void)state;
    assert_true(scratch_init(&s, false, &err));
    store.astray = true;
    store.swapped = u"\\ws";
    make_dir(u"other");
    assert_false(scratch_fill(&s, &err));
    assert_non_null(strstr(err.call, "something else"));
    store.astray = false;
    store.no_acls = true;
    assert_true(scratch_fill(&s, &err));
    assert_true(s.refused);
    assert_true(scratch_remove(&s, &err));
}

static void scratch_fill__one_refuses__is_named(void **state)
{
    struct scratch s;

    (void)state;
    assert_true(scratch_init(&s, false, &err));
    store.dead_at = 12;
    assert_false(scratch_fill(&s, &err));
    assert_string_equal(err.call, "NtSetSecurityObject");
    assert_true(scratch_remove(&s, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, cleanup)
        TEST(grant_apply__a_tree__is_fenced_exactly),
        TEST(grant_apply__twice__changes_nothing),
        TEST(grant_apply__dead_after_any_write__is_found_out_and_finished),
        TEST(grant_apply__cancelled_anywhere__is_found_out_and_finished),
        TEST(grant_apply__deleted_while_walking__ends_and_is_not_done),
        TEST(grant_apply__done_and_killed_again__no_longer_looks_done),
        TEST(grant_is_done__a_first_protected_name__wants_a_walk),
        TEST(grant_undo__after_apply__every_byte_is_back),
        TEST(grant_undo__dead_after_any_write__goes_on),
        TEST(grant__dry_run__counts_the_same_and_changes_nothing),
        TEST(grant_apply__one_refuses__the_rest_is_done_and_it_is_named),
        TEST(grant__another_directory_than_looked_at__is_not_touched),
        TEST(grant_apply__moved_since__is_not_touched),
        TEST(grant_apply__empty_name_is_the_volume__writes_only_the_tree),
        TEST(grant_apply__path_leads_elsewhere_too__is_not_written_and_named),
        TEST(grant_apply__parent_refuses_and_gives_no_deletes__is_nothing),
        TEST(grant_apply__parent_refuses_and_gives_deletes__is_told_and_done),
        TEST(grant_apply__root_does_not_keep_it__ends_at_once),
        TEST(grant_apply__this_system__claims_only_what_it_keeps),
        TEST(grant_apply__nested_roots__both_stay),
        TEST(grant_apply__inner_root_after_the_outer__stays_in_both),
        TEST(grant_apply__inner_root_and_dead_after_any_write__is_found_out),
        TEST(grant_undo__inner_root_after_the_outer__outer_takes_it_back),
        TEST(grant_undo__inner_first_or_last__every_byte_is_back),
        TEST(grant_undo__two_in_one_directory__guard_goes_with_the_last),
        TEST(grant_apply__git_files__protect_where_they_lead),
        TEST(grant_apply__what_is_protected__is_shown_to_the_caller),
        TEST(grant_apply__git_files_to_elsewhere__open_nothing),
        TEST(grant_apply__git_files_in_any_spelling__are_followed),
        TEST(grant_apply__git_files_through_a_link__are_followed_in_the_root),
        TEST(grant_apply__git_files_and_dead_after_any_write__is_found_out),
        TEST(grant_apply__git_commit__leaves_the_parts_that_commits_need),
        TEST(grant_apply__hard_links__are_read_only_and_protected_ones_shut),
        TEST(grant_apply__one_file_under_two_names__stays_shut),
        TEST(grant_apply__lone_surrogates__are_names_like_any),
        TEST(grant_undo__of_an_unfinished_one__every_byte_is_back),
        TEST(grant_apply__git_files_below_a_cut_off_directory__twice_is_once),
        TEST(grant_apply__a_link__leads_nowhere),
        TEST(grant_apply__links__are_fenced_and_not_followed),
        TEST(grant_undo__links_made_since__every_byte_is_back),
        TEST(grant__links_whose_handle_is_of_something_else__are_left_alone),
        TEST(grant_apply__reading_and_a_link_refuses__is_no_failure),
        TEST(grantstate_guard__all_of_our_own__stays),
        TEST(grantstate_guard__no_boxes__guards_what_there_is),
        TEST(grantstate_guard_data__another_walks__fails),
        TEST(grantstate_guard__reads_undone__stays),
        TEST(grant_apply__deep__reaches_the_bottom),
        TEST(grant_apply__lists_of_others__are_respected_and_counted),
        TEST(grant_apply__lowered__labels_all_but_the_protected),
        TEST(grant_apply__reading__leaves_the_stores_shut),
        TEST(grant_apply__group__reads_the_profile_and_writes_in_its_roots),
        TEST(grant_apply__group_and_dead_after_any_write__looks_unfinished),
        TEST(grant_undo__a_single_file__is_undone),
        TEST(grant_apply__no_root__fails_by_its_name),
        TEST(scratch_fill__workspace_and_box__are_granted_as_any_root),
        TEST(scratch_fill__grants_go_wrong__is_found_out),
        TEST(scratch_fill__one_refuses__is_named),
    };
    if (GetTempPathW(MAX_PATH - 64, base) == 0)
        return 1;
    wcscat(base, u"ringfence-grant");
    store.at = calloc(STORE_CAP, sizeof *store.at);
    InitializeCriticalSection(&store.lock);
    return store.at ? cmocka_run_group_tests_name("grant", tests, NULL, NULL) : 1;
}
