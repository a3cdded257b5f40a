#include "win/file.h"

#include "core/image.h"
#include "core/reparse.h"
#include "win/dll.h"

#include <winioctl.h>

#define NAME_SURROGATE 0x20000000u /* IsReparseTagNameSurrogate, winnt.h */

#define SHARE_ALL ((DWORD)(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE))

static HANDLE open_path(const char16_t *path, DWORD access, DWORD flags)
{
    HANDLE h = CreateFileW(path, access, SHARE_ALL, NULL, OPEN_EXISTING,
                           FILE_FLAG_BACKUP_SEMANTICS | flags, NULL);

    return h == INVALID_HANDLE_VALUE ? NULL : h;
}

enum file_kind file_kind(const char16_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    if (attributes == INVALID_FILE_ATTRIBUTES)
        return FILE_ABSENT;
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? FILE_IS_DIRECTORY : FILE_IS_FILE;
}

bool file_is_own_directory(const char16_t *path)
{
    const DWORD link = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;

    /* What is not there has all of them. */
    return (GetFileAttributesW(path) & link) == FILE_ATTRIBUTE_DIRECTORY;
}

/* Whether the file is one of our shims or stubs.  One that may be started but not read
 * (packaged apps) is nobody of ours. */
static bool is_ours(const char16_t *path)
{
    uint8_t head[IMAGE_HEAD_BYTES];
    DWORD len = 0;
    auto_handle HANDLE file = open_path(path, GENERIC_READ, 0);

    return file && ReadFile(file, head, sizeof head, &len, NULL) &&
           image_is_ours(head, len);
}

/* An alias that leads to a program is left to Windows, which activates its package; only
 * the Store's placeholder is no tool.  What is no alias is absent here. */
static enum pathsearch_kind alias_kind(const char16_t *path)
{
    static uint8_t data[REPARSE_BYTES_MAX];
    static char16_t target[PATHSEARCH_CAP];
    struct u16buf to = U16BUF(target);
    DWORD len = 0;
    auto_handle HANDLE file =
        open_path(path, FILE_READ_ATTRIBUTES, FILE_FLAG_OPEN_REPARSE_POINT);

    if (!file || !DeviceIoControl(file, FSCTL_GET_REPARSE_POINT, NULL, 0, data,
                                  sizeof data, &len, NULL))
        return PATHSEARCH_ABSENT;
    if (reparse_read(data, len, &to) == REPARSE_STORE_STUB)
        return PATHSEARCH_STORE_STUB;
    return reparse_is_alias(data, len) ? PATHSEARCH_ALIAS : PATHSEARCH_ABSENT;
}

enum pathsearch_kind file_look(void *ctx, struct u16buf *path)
{
    DWORD attributes = GetFileAttributesW(path->at);

    (void)ctx;
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return PATHSEARCH_ABSENT;
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return PATHSEARCH_DIRECTORY;
    if (attributes & FILE_ATTRIBUTE_REPARSE_POINT) {
        enum pathsearch_kind alias = alias_kind(path->at);

        if (alias != PATHSEARCH_ABSENT)
            return alias;
    }
    if (!pathsearch_is_batch(u16buf_text(path)) && is_ours(path->at))
        return PATHSEARCH_OURS;
    return PATHSEARCH_TOOL;
}

enum file_read file_read(const char16_t *path, void *data, size_t cap, size_t *bytes,
                         struct err *err)
{
    auto_handle HANDLE file = open_path(path, GENERIC_READ, 0);
    DWORD len = 0, more = 0;
    uint8_t beyond = 0;

    if (!file) {
        DWORD code = GetLastError();

        if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND)
            return FILE_READ_ABSENT;
        return err_set(err, ERR_WIN32, code, "CreateFileW", path), FILE_READ_FAILED;
    }
    if (!ReadFile(file, data, (DWORD)cap, &len, NULL) ||
        (len == cap && !ReadFile(file, &beyond, 1, &more, NULL)))
        return err_win32(err, "ReadFile", path), FILE_READ_FAILED;
    if (more)
        return err_set(err, ERR_WIN32, ERROR_FILE_TOO_LARGE, "ReadFile", path),
               FILE_READ_FAILED;
    *bytes = len;
    return FILE_READ_DONE;
}

bool file_make_dirs(char16_t *path, struct err *err)
{
    size_t at = u16_len(path);

    if (CreateDirectoryW(path, NULL) || GetLastError() == ERROR_ALREADY_EXISTS)
        return file_kind(path) == FILE_IS_DIRECTORY ||
               err_set(err, ERR_WIN32, ERROR_ALREADY_EXISTS, "CreateDirectoryW", path);
    if (GetLastError() != ERROR_PATH_NOT_FOUND)
        return err_win32(err, "CreateDirectoryW", path);
    while (at > 0 && path[at] != u'\\')
        at--;
    if (at < 3)
        return err_set(err, ERR_WIN32, ERROR_PATH_NOT_FOUND, "CreateDirectoryW", path);
    path[at] = 0;
    if (!file_make_dirs(path, err)) {
        path[at] = u'\\';
        return false;
    }
    path[at] = u'\\';
    if (!CreateDirectoryW(path, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
        return err_win32(err, "CreateDirectoryW", path);
    return true;
}

bool file_full_path(const char16_t *path, struct u16buf *out, struct err *err)
{
    DWORD len = GetFullPathNameW(path, (DWORD)out->cap, out->at, NULL);

    if (len == 0)
        return err_win32(err, "GetFullPathNameW", path);
    if (len >= out->cap)
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "GetFullPathNameW",
                       path);
    out->len = len;
    return true;
}

/* \\?\C:\x is C:\x and \\?\UNC\server\share is \\server\share; others stay. */
static void drop_prefix(struct u16buf *b)
{
    struct u16s s = u16buf_text(b);
    size_t cut = 0;

    if (!u16s_istarts(s, U16S("\\\\?\\")))
        return;
    if (s.len > 6 && s.at[5] == u':')
        cut = 4;
    if (u16s_istarts(s, U16S("\\\\?\\UNC\\"))) {
        cut = 6;
        b->at[6] = u'\\';
    }
    for (size_t i = cut; i <= b->len; i++)
        b->at[i - cut] = b->at[i];
    b->len -= cut;
}

bool file_open(const char16_t *path, DWORD access, HANDLE *out, struct err *err)
{
    *out = open_path(path, access, 0);
    return *out || err_win32(err, "CreateFileW", path);
}

HANDLE file_open_itself(const char16_t *path, DWORD access)
{
    return open_path(path, access, FILE_FLAG_OPEN_REPARSE_POINT);
}

bool file_is_link(const char16_t *path)
{
    FILE_ATTRIBUTE_TAG_INFORMATION info = { 0 };
    DWORD attributes = GetFileAttributesW(path);
    auto_handle HANDLE file = NULL;
    IO_STATUS_BLOCK io;

    if (attributes == INVALID_FILE_ATTRIBUTES ||
        !(attributes & FILE_ATTRIBUTE_REPARSE_POINT))
        return false;
    file = file_open_itself(path, FILE_READ_ATTRIBUTES);
    if (!file || !NT_SUCCESS(NtQueryInformationFile(file, &io, &info, sizeof info,
                                                    FileAttributeTagInformation)))
        return true;
    /* Wine opens a link's target even when asked for the link. */
    return !(info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) ||
           info.ReparseTag & NAME_SURROGATE;
}

static dll_get_final_path find_final_path(void)
{
    return (dll_get_final_path)(void (*)(void))dll_loaded(u"kernel32.dll",
                                                          "GetFinalPathNameByHandleW");
}

bool file_resolves_links(void)
{
    return find_final_path() != NULL;
}

bool file_final_path_of(HANDLE file, const char16_t *path, bool by_volume,
                        struct u16buf *out, struct err *err)
{
    dll_get_final_path final = find_final_path();
    DWORD len = 0;

    if (!final)
        return file_full_path(path, out, err);
    if (by_volume)
        len = final(file, out->at, (DWORD)out->cap, VOLUME_NAME_GUID);
    if (len == 0) /* network shares and RAM disks have no volume name */
        len = final(file, out->at, (DWORD)out->cap, VOLUME_NAME_DOS);
    if (len == 0)
        return err_win32(err, "GetFinalPathNameByHandleW", path);
    if (len >= out->cap)
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE,
                       "GetFinalPathNameByHandleW", path);
    out->len = len;
    drop_prefix(out);
    return true;
}

bool file_final_path(const char16_t *path, bool by_volume, struct u16buf *out,
                     struct err *err)
{
    auto_handle HANDLE file = NULL;

    return file_open(path, FILE_READ_ATTRIBUTES, &file, err) &&
           file_final_path_of(file, path, by_volume, out, err);
}
