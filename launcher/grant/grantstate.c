#include "grant/grantstate.h"

#include "core/sha256.h"
#include "grant/grant.h"
#include "grant/walking.h"
#include "win/file.h"
#include "win/statefile.h"

/* One at a time; the process is there for nothing else. */
static struct {
    char16_t data[WIN_PATH_CAP];
    char16_t path[WIN_PATH_CAP];
    struct grant_result result;
} room;

/* The hash of no root: no token has it, and no box. */
static const uint8_t no_root[SHA256_BYTES];

enum place { OF_A_ROOT, OF_BOXES, OF_DATA, ABOVE, PLACES };

/* Names something in one of the directories; false when that is not there. */
static bool name_place(enum place place, const uint8_t *digest)
{
    struct u16buf b = U16BUF(room.path);

    u16buf_addz(&b, room.data);
    if (place == ABOVE)
        return !b.cut;
    if (place <= OF_BOXES)
        u16buf_addz(&b, u"\\box");
    if (place == OF_A_ROOT) {
        u16buf_addc(&b, u'\\');
        for (size_t i = 0; i < (size_t)4 * SID_HASH; i++)
            u16buf_add_hex(&b, digest[i], 2);
    }
    if (b.cut || file_kind(room.path) != FILE_IS_DIRECTORY)
        return false;
    u16buf_addz(&b, u"\\any");
    return !b.cut;
}

/* What a directory's guard came to. */
static bool is_good(struct err *err)
{
    if (room.result.parent_open)
        return err_set(err, ERR_WIN32, ERROR_ACCESS_DENIED, "NtOpenFile(WRITE_DAC)",
                       room.path);
    if (room.result.failed == 0)
        return true;
    *err = room.result.kept[0];
    return false;
}

static bool walk(const char16_t *data_dir, const uint8_t *digest, bool undo, bool dry_run,
                 struct err *err)
{
    const struct grant_request request = { .path = room.path,
                                           .sid = sid_ours(no_root),
                                           .parent_only = true,
                                           .dry_run = dry_run };
    struct u16buf data = U16BUF(room.data);
    enum grant_outcome outcome = GRANT_DONE;

    if (!file_final_path(data_dir, false, &data, err))
        return false;
    for (unsigned i = 0; i < PLACES; i++) {
        if (!name_place(i, digest))
            continue;
        outcome = undo ? grant_undo(room.path, &request.sid, &request, &room.result, err)
                       : grant_apply(&request, &room.result, err);
        if (outcome != GRANT_DONE || !is_good(err))
            return false;
    }
    return true;
}

bool grantstate_guard(const char16_t *data_dir, const uint8_t *digest, struct err *err)
{
    return walk(data_dir, digest, false, false, err);
}

bool grantstate_guard_data(const char16_t *data_dir, struct err *err)
{
    struct u16buf path = U16BUF(room.path);
    auto_handle HANDLE lock = NULL;

    u16buf_addz(&path, data_dir);
    u16buf_addz(&path, u"\\" WALKING_LOCK);
    if (path.cut)
        return err_rule(err, "the data directory's path is too long", data_dir);
    return statefile_lock(room.path, &lock, err) &&
           walk(data_dir, no_root, false, false, err);
}

bool grantstate_unguard(const char16_t *data_dir, bool dry_run, struct err *err)
{
    return walk(data_dir, no_root, true, dry_run, err);
}
