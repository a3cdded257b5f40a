#include "win/statefile.h"

#define MARK          u".tmp-" /* then PID-THREAD-N */
#define NAMES_TRIED   16u      /* leftovers of killed processes with our ids */
#define REPLACE_MS    3000u    /* how long readers may keep the old file */
#define LOCK_MS       5000u
#define FIRST_PAUSE   1u
#define LONGEST_PAUSE 32u

/* A bounded wait: pauses that double, up to a budget. */
struct patience {
    DWORD pause_ms;
    DWORD left_ms;
};

static bool wait_a_little(struct patience *p)
{
    if (p->left_ms == 0)
        return false;
    if (p->pause_ms > p->left_ms)
        p->pause_ms = p->left_ms;
    Sleep(p->pause_ms);
    p->left_ms -= p->pause_ms;
    if (p->pause_ms < LONGEST_PAUSE)
        p->pause_ms *= 2;
    return true;
}

static bool add_name(struct u16buf *name, const char16_t *path, const char16_t *suffix,
                     struct err *err)
{
    u16buf_addz(name, path);
    u16buf_addz(name, suffix);
    if (name->cut)
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW", path);
    return true;
}

/* A new file beside path, its name in *name.  The ids keep two writers apart; a name that
 * exists is a killed one's, one that is refused may be deleted and still open (a
 * scanner), and another is tried. */
static HANDLE create_beside(const char16_t *path, SECURITY_ATTRIBUTES *security,
                            struct u16buf *name, struct err *err)
{
    for (unsigned i = 0; i < NAMES_TRIED; i++) {
        HANDLE file = NULL;

        *name = u16buf_init(name->at, name->cap);
        if (!add_name(name, path, MARK, err))
            return NULL;
        u16buf_add_dec(name, GetCurrentProcessId());
        u16buf_addc(name, u'-');
        u16buf_add_dec(name, GetCurrentThreadId());
        u16buf_addc(name, u'-');
        u16buf_add_dec(name, i);
        if (name->cut)
            return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW",
                           path),
                   NULL;
        file = CreateFileW(name->at, GENERIC_WRITE, 0, security, CREATE_NEW,
                           FILE_ATTRIBUTE_NORMAL, NULL);
        if (file != INVALID_HANDLE_VALUE)
            return file;
        if (GetLastError() != ERROR_FILE_EXISTS && GetLastError() != ERROR_ACCESS_DENIED)
            break;
    }
    return err_win32(err, "CreateFileW", name->at), NULL;
}

/* Everything, on the disk. */
static bool write_all(HANDLE file, const void *data, size_t bytes, const char16_t *path,
                      struct err *err)
{
    const uint8_t *at = data;

    while (bytes) {
        DWORD part = bytes > 0x40000000 ? 0x40000000 : (DWORD)bytes;
        DWORD done = 0;

        if (!WriteFile(file, at, part, &done, NULL))
            return err_win32(err, "WriteFile", path);
        if (done == 0)
            return err_set(err, ERR_WIN32, ERROR_DISK_FULL, "WriteFile", path);
        at += done;
        bytes -= done;
    }
    if (FlushFileBuffers(file) || GetLastError() == ERROR_INVALID_FUNCTION ||
        GetLastError() == ERROR_NOT_SUPPORTED)
        return true; /* a file system that cannot has nothing to flush */
    return err_win32(err, "FlushFileBuffers", path);
}

/* A target that somebody has open without FILE_SHARE_DELETE, or has just deleted, is
 * refused with one of these and lets go soon.  (Older Windows refuses to rename over any
 * open file.)  A read-only one stays refused. */
static bool may_pass(DWORD code, const char16_t *path)
{
    DWORD attributes = 0;

    if (code == ERROR_SHARING_VIOLATION)
        return true;
    if (code != ERROR_ACCESS_DENIED)
        return false;
    attributes = GetFileAttributesW(path);
    return attributes == INVALID_FILE_ATTRIBUTES ||
           !(attributes & (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_DIRECTORY));
}

static bool move_over(const char16_t *from, const char16_t *path, struct err *err)
{
    struct patience patience = { FIRST_PAUSE, REPLACE_MS };

    while (!MoveFileExW(from, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        DWORD code = GetLastError();

        if (!may_pass(code, path) || !wait_a_little(&patience))
            return err_set(err, ERR_WIN32, code, "MoveFileExW", path);
    }
    return true;
}

bool statefile_replace_as(const char16_t *path, SECURITY_ATTRIBUTES *security,
                          const void *data, size_t bytes, struct err *err)
{
    char16_t text[STATEFILE_PATH_CAP];
    struct u16buf name = U16BUF(text);
    HANDLE file = NULL;
    DWORD attributes = GetFileAttributesW(path);
    bool ok = false;

    /* A rename asks for DELETE only, and a file system that grants it on a read-only file
     * (Wine's does) would replace what somebody meant to keep. */
    if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_READONLY)
        return err_set(err, ERR_WIN32, ERROR_ACCESS_DENIED, "MoveFileExW", path);
    file = create_beside(path, security, &name, err);
    if (!file)
        return false;
    ok = write_all(file, data, bytes, name.at, err);
    CloseHandle(file);
    ok = ok && move_over(name.at, path, err);
    if (!ok)
        DeleteFileW(name.at);
    return ok;
}

bool statefile_replace(const char16_t *path, const void *data, size_t bytes,
                       struct err *err)
{
    return statefile_replace_as(path, NULL, data, bytes, err);
}

bool statefile_lock(const char16_t *path, HANDLE *lock, struct err *err)
{
    struct patience patience = { FIRST_PAUSE, LOCK_MS };
    char16_t text[STATEFILE_PATH_CAP];
    struct u16buf name = U16BUF(text);

    if (!add_name(&name, path, u".lock", err))
        return false;
    for (;;) {
        HANDLE file = CreateFileW(name.at, GENERIC_WRITE, 0, NULL, OPEN_ALWAYS,
                                  FILE_ATTRIBUTE_NORMAL, NULL);
        DWORD code = 0;

        if (file != INVALID_HANDLE_VALUE) {
            *lock = file;
            return true;
        }
        code = GetLastError();
        if (code != ERROR_SHARING_VIOLATION || !wait_a_little(&patience))
            return err_set(err, ERR_WIN32, code, "CreateFileW", name.at);
    }
}

/* At the end of an open file; what cannot be written whole is taken back. */
static bool append_to(HANDLE file, const void *data, size_t bytes, const char16_t *path,
                      struct err *err)
{
    LARGE_INTEGER end, none = { .QuadPart = 0 };

    if (!SetFilePointerEx(file, none, &end, FILE_END))
        return err_win32(err, "SetFilePointerEx", path);
    if (write_all(file, data, bytes, path, err))
        return true;
    if (SetFilePointerEx(file, end, NULL, FILE_BEGIN))
        SetEndOfFile(file);
    return false;
}

bool statefile_append(const char16_t *path, const void *data, size_t bytes,
                      struct err *err)
{
    struct patience patience = { FIRST_PAUSE, REPLACE_MS };
    auto_handle HANDLE lock = NULL;

    if (!statefile_lock(path, &lock, err))
        return false;
    for (;;) {
        HANDLE file =
            CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                        OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        DWORD code = 0;
        bool ok = false;

        if (file != INVALID_HANDLE_VALUE) {
            ok = append_to(file, data, bytes, path, err);
            CloseHandle(file);
            return ok;
        }
        code = GetLastError();
        if (!may_pass(code, path) || !wait_a_little(&patience))
            return err_set(err, ERR_WIN32, code, "CreateFileW", path);
    }
}

/* The process in "NAME.tmp-PID-THREAD-N". */
static bool find_writer(struct u16s name, uint64_t *pid)
{
    const struct u16s mark = u16s_of(MARK);

    for (size_t i = 0; i + mark.len < name.len; i++) {
        struct u16s rest = u16s_from(name, i);

        if (!u16s_istarts(rest, mark))
            continue;
        rest = u16s_from(rest, mark.len);
        return u16s_number(u16s_split(&rest, u'-'), UINT32_MAX, pid) && rest.at;
    }
    return false;
}

/* A process that may not be looked at is there. */
static bool is_gone(uint64_t pid)
{
    auto_handle HANDLE process =
        OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)pid);
    DWORD code = 0;

    if (!process)
        return GetLastError() == ERROR_INVALID_PARAMETER;
    return GetExitCodeProcess(process, &code) && code != STILL_ACTIVE;
}

void statefile_sweep(const char16_t *directory)
{
    char16_t text[STATEFILE_PATH_CAP];
    struct u16buf path = U16BUF(text);
    size_t len = 0;
    WIN32_FIND_DATAW found;
    HANDLE find = NULL;

    u16buf_addz(&path, directory);
    u16buf_addc(&path, u'\\');
    len = path.len;
    u16buf_addz(&path, u"*" MARK u"*");
    find = path.cut ? INVALID_HANDLE_VALUE : FindFirstFileW(text, &found);
    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        uint64_t pid = 0;

        if (!find_writer(u16s_of(found.cFileName), &pid) || !is_gone(pid))
            continue;
        path.len = len;
        u16buf_addz(&path, found.cFileName);
        if (!path.cut)
            DeleteFileW(text);
        path.cut = false;
    } while (FindNextFileW(find, &found));
    FindClose(find);
}
