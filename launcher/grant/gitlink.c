#include "grant/gitlink.h"

#include "core/protected.h"
#include "core/reparse.h"
#include "win/dirscan.h"
#include "win/file.h"

#include <winioctl.h>

#define HEAD       "gitdir: " /* put before a commondir's path, so that one parser serves */
#define HEAD_BYTES (sizeof HEAD - 1)

#define LINKS_MAX 32u

enum step {
    FOUND,
    LINK, /* to room->path, from room->directory */
    NOWHERE,
    UNSEEN, /* there, as far as can be told, and not to be looked at */
    UNREADABLE
};

/* Too large for a worker's stack. */
struct room {
    char text[HEAD_BYTES + PROTECTED_GITFILE_BYTES_MAX + 1];
    char16_t path[WIN_PATH_CAP], rel[WIN_PATH_CAP], next[WIN_PATH_CAP];
    char16_t root[WIN_PATH_CAP];
    struct u16s directory; /* of the root, or what rel begins with */
    uint8_t data[REPARSE_BYTES_MAX];
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

/* Reads the link, which room->rel names up to `rest`, and puts into room->path where that
 * leads to then. */
static enum step read_link(HANDLE link, struct room *room, struct u16s name,
                           struct u16s rest)
{
    struct u16buf path = U16BUF(room->path);
    size_t directory = (size_t)(name.at - room->rel);
    DWORD bytes = 0;

    if (!DeviceIoControl(link, FSCTL_GET_REPARSE_POINT, NULL, 0, room->data,
                         sizeof room->data, &bytes, NULL))
        return UNREADABLE;
    if (!reparse_read_link(room->data, bytes, &path))
        return NOWHERE; /* or on another machine or volume */
    if (rest.at) {
        u16buf_addc(&path, u'\\');
        u16buf_add(&path, rest);
    }
    room->directory = (struct u16s){ room->rel, directory ? directory - 1 : 0 };
    return path.cut ? NOWHERE : LINK;
}

/* Goes from the root to what room->rel names, up to the first link. */
static enum step go(HANDLE root, struct room *room, HANDLE *found)
{
    struct u16s rest = u16s_of(room->rel);
    auto_handle HANDLE at = NULL;
    DWORD attributes = 0;

    while (rest.at) {
        struct u16s name = u16s_split(&rest, u'\\');
        HANDLE next = NULL;
        NTSTATUS status =
            dirscan_open_known(at ? at : root, name, FILE_READ_ATTRIBUTES, &next);

        if (status != 0)
            return STATUS_IS(status, DIRSCAN_ACCESS_DENIED) ? UNSEEN : NOWHERE;
        handle_close_p(&at);
        at = next;
        attributes = dirscan_attributes(at);
        if (attributes & FILE_ATTRIBUTE_REPARSE_POINT)
            return read_link(at, room, name, rest);
    }
    if (!(attributes & FILE_ATTRIBUTE_DIRECTORY))
        return NOWHERE;
    *found = handle_take(&at);
    return FOUND;
}

/* Follows room->path, as seen from room->directory. */
static enum step follow(const struct gitlink_place *place, struct room *room,
                        HANDLE *found)
{
    enum step step = LINK;

    for (unsigned links = 0; step == LINK; links++) {
        struct u16buf next = U16BUF(room->next), rel = U16BUF(room->rel);

        if (links > LINKS_MAX ||
            !protected_resolve_gitdir(u16s_of(place->path), room->directory,
                                      u16s_of(room->path), &next))
            return NOWHERE;
        u16buf_add(&rel, u16buf_text(&next));
        step = go(place->root, room, found);
    }
    return step;
}

/* The place of what was found, as it is on disk; where the system does not tell, as it
 * was followed. */
static enum gitlink tell(const struct gitlink_place *place, HANDLE found,
                         struct room *room, struct u16buf *rel)
{
    struct u16buf full = U16BUF(room->path), root = U16BUF(room->root);
    struct u16buf real = U16BUF(room->next);
    struct err unused;

    u16buf_addz(&full, place->path);
    u16buf_addc(&full, u'\\');
    u16buf_addz(&full, room->rel);
    if (!found || full.cut ||
        !file_final_path_of(place->root, place->path, false, &root, &unused) ||
        !file_final_path_of(found, full.at, false, &real, &unused)) {
        u16buf_addz(rel, room->rel);
        return GITLINK_INSIDE;
    }
    if (real.len <= root.len + 1 ||
        !u16s_istarts(u16buf_text(&real), u16buf_text(&root)) ||
        real.at[root.len] != u'\\')
        return GITLINK_NONE;
    u16buf_add(rel, u16s_from(u16buf_text(&real), root.len + 1));
    return GITLINK_INSIDE;
}

static enum gitlink look(const struct gitlink_place *place, struct room *room,
                         struct u16buf *rel, struct err *err)
{
    auto_handle HANDLE found = NULL;

    room->directory = place->directory;
    switch (follow(place, room, &found)) {
    case FOUND:
    case UNSEEN:
        return tell(place, found, room, rel);
    case UNREADABLE:
        return err_rule(err, "a link on the way cannot be read", NULL), GITLINK_FAILED;
    case LINK:
    case NOWHERE:
        break;
    }
    return GITLINK_NONE;
}

enum gitlink gitlink_follow(HANDLE file, enum gitlink_kind kind,
                            const struct gitlink_place *place, struct u16buf *rel,
                            struct err *err)
{
    struct room *room = HeapAlloc(GetProcessHeap(), 0, sizeof *room);
    enum gitlink result = GITLINK_FAILED;
    size_t bytes = 0;

    if (!room)
        return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL),
               GITLINK_FAILED;
    if (read_text(file, kind, room, &bytes, err)) {
        struct u16buf path = U16BUF(room->path);

        result =
            protected_read_gitfile(room->text, bytes, &path) == PROTECTED_GITFILE_PATH
                ? look(place, room, rel, err)
                : GITLINK_NONE;
    }
    HeapFree(GetProcessHeap(), 0, room);
    return result;
}
