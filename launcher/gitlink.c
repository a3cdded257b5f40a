#include "gitlink.h"

#include "core/protected.h"
#include "win/dirscan.h"
#include "win/file.h"

#define HEAD       "gitdir: " /* put before a commondir's path, so that one parser serves */
#define HEAD_BYTES (sizeof HEAD - 1)

/* Too large for a worker's stack. */
struct room {
    char text[HEAD_BYTES + PROTECTED_GITFILE_BYTES_MAX + 1];
    char16_t path[WIN_PATH_CAP], full[WIN_PATH_CAP], root[WIN_PATH_CAP];
};

static bool read_text(HANDLE file, enum gitlink_kind kind, struct room *room,
                      size_t *bytes, struct err *err)
{
    size_t head = kind == GITLINK_COMMONDIR ? HEAD_BYTES : 0;
    auto_handle HANDLE again = NULL;
    NTSTATUS status = dirscan_reopen(file, FILE_READ_DATA, &again);
    DWORD done = 0;

    if (status != 0)
        return err_set(err, ERR_NTSTATUS, (uint32_t)status, "NtOpenFile(read)", NULL);
    for (size_t i = 0; i < head; i++)
        room->text[i] = HEAD[i];
    if (!ReadFile(again, room->text + head, (DWORD)(sizeof room->text - head), &done,
                  NULL))
        return err_win32(err, "ReadFile", NULL);
    *bytes = head + done;
    return true;
}

static bool is_absolute(struct u16s path)
{
    return (path.len >= 2 && path.at[1] == u':') || (path.len && path.at[0] == u'\\');
}

/* The real path of an existing one, as far as the system tells it; else as it is. */
static bool real_path(const char16_t *path, struct u16buf *out)
{
    struct err err = { 0 };

    if (file_final_path(path, false, out, &err))
        return true;
    return err.code != ERROR_FILE_NOT_FOUND && err.code != ERROR_PATH_NOT_FOUND &&
           file_full_path(path, out, &err);
}

/* Into room->full what `path` leads to, as seen from the directory in the root whose real
 * path is base; false when there is nothing. */
static bool find(struct room *room, struct u16s base, struct u16s directory,
                 struct u16s path)
{
    struct u16buf joined = U16BUF(room->full);
    struct u16buf full, found;
    struct err ignored;

    if (!is_absolute(path)) {
        u16buf_add(&joined, base);
        u16buf_addc(&joined, u'\\');
        u16buf_add(&joined, directory);
        u16buf_addc(&joined, u'\\');
    }
    u16buf_add(&joined, path);
    full = u16buf_init(room->path + 4, WIN_PATH_CAP - 4); /* where `path` has been */
    /* By way of a full path: "a\..\b" is meant as text, as git takes it. */
    if (joined.cut || !file_full_path(room->full, &full, &ignored))
        return false;
    /* With \\?\ before a drive letter it may be long. */
    room->path[0] = room->path[1] = room->path[3] = u'\\';
    room->path[2] = u'?';
    found = U16BUF(room->full);
    return real_path(room->path[5] == u':' ? room->path : full.at, &found);
}

/* What is found, relative to the root, if it lies in it. */
static enum gitlink look_inside(struct u16s root, struct u16s found, struct u16buf *rel)
{
    if (u16s_istarts(found, U16S("\\\\?\\")) && !u16s_istarts(root, U16S("\\\\?\\")))
        found = u16s_from(found, 4);
    if (found.len <= root.len + 1 || !u16s_istarts(found, root) ||
        found.at[root.len] != u'\\')
        return GITLINK_NONE;
    u16buf_add(rel, u16s_from(found, root.len + 1));
    return GITLINK_INSIDE;
}

enum gitlink gitlink_follow(HANDLE file, enum gitlink_kind kind, const char16_t *root,
                            struct u16s directory, struct u16buf *rel, struct err *err)
{
    struct room *room = HeapAlloc(GetProcessHeap(), 0, sizeof *room);
    enum gitlink result = GITLINK_FAILED;
    size_t bytes = 0;

    if (!room)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL),
               GITLINK_FAILED;
    if (read_text(file, kind, room, &bytes, err)) {
        struct u16buf base = U16BUF(room->root), path = U16BUF(room->path);

        result = GITLINK_NONE;
        if (protected_read_gitfile(room->text, bytes, &path) == PROTECTED_GITFILE_PATH &&
            real_path(root, &base) &&
            find(room, u16buf_text(&base), directory, u16buf_text(&path)))
            result = look_inside(u16buf_text(&base), u16s_of(room->full), rel);
    }
    HeapFree(GetProcessHeap(), 0, room);
    return result;
}
