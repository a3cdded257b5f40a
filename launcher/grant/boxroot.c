#include "grant/boxroot.h"

#include "context.h"
#include "win/file.h"
#include "win/statefile.h"

/* One at a time; the process is there for nothing else. */
static struct {
    char16_t path[STATEFILE_PATH_CAP];
    char16_t text[WIN_PATH_CAP];
} room;

/* <data>\box\<digest>, and a file in it. */
static bool name_it(const char16_t *data_dir, const uint8_t *digest, const char16_t *file)
{
    struct u16buf b = U16BUF(room.path);

    u16buf_addz(&b, data_dir);
    u16buf_addz(&b, u"\\box\\");
    for (size_t i = 0; i < (size_t)4 * SID_HASH; i++)
        u16buf_add_hex(&b, digest[i], 2);
    if (file)
        u16buf_addc(&b, u'\\');
    if (file)
        u16buf_addz(&b, file);
    return !b.cut;
}

bool boxroot_note(const char16_t *data_dir, const uint8_t *digest, const char16_t *path,
                  struct err *err)
{
    if (!name_it(data_dir, digest, BOXROOT_NAME) || !name_it(data_dir, digest, NULL))
        return err_rule(err, "the data directory's path is too long", data_dir);
    if (!file_make_dirs(room.path, err))
        return false;
    (void)name_it(data_dir, digest, BOXROOT_NAME);
    return statefile_replace(room.path, path, u16_len(path) * sizeof(char16_t), err);
}

void boxroot_forget(const char16_t *data_dir, const uint8_t *digest)
{
    if (name_it(data_dir, digest, BOXROOT_NAME))
        DeleteFileW(room.path);
    if (name_it(data_dir, digest, NULL))
        RemoveDirectoryW(room.path);
}

/* Whether the record of a box without the file says that there is a fence. */
static bool has_fence(const char16_t *data_dir, const uint8_t *digest)
{
    struct record record;
    struct err ignored;
    size_t bytes = 0;

    return name_it(data_dir, digest, u"fence") &&
           file_read(room.path, &record, sizeof record, &bytes, &ignored) !=
               FILE_READ_ABSENT &&
           !(record_is_sound(&record, bytes) && record.state == RECORD_REFUSED);
}

static bool is_root_of(const char16_t *path, const uint8_t *digest)
{
    uint8_t found[SHA256_BYTES];
    struct err ignored;

    if (!context_hash_path(path, found, &ignored))
        return false;
    for (size_t i = 0; i < (size_t)4 * SID_HASH; i++)
        if (found[i] != digest[i])
            return false;
    return true;
}

enum boxroot boxroot_find(const char16_t *data_dir, const uint8_t *digest,
                          struct u16buf *path)
{
    size_t bytes = 0;
    struct err ignored;

    if (!name_it(data_dir, digest, BOXROOT_NAME))
        return BOXROOT_NONE;
    switch (file_read(room.path, room.text, sizeof room.text - sizeof(char16_t), &bytes,
                      &ignored)) {
    case FILE_READ_ABSENT:
        return has_fence(data_dir, digest) ? BOXROOT_UNKNOWN : BOXROOT_NONE;
    case FILE_READ_FAILED:
        return BOXROOT_UNKNOWN;
    case FILE_READ_DONE:
        break;
    }
    room.text[bytes / sizeof(char16_t)] = 0;
    if (bytes == 0 || bytes % sizeof(char16_t) ||
        u16_len(room.text) != bytes / sizeof(char16_t))
        return BOXROOT_UNKNOWN;
    u16buf_addz(path, room.text);
    if (GetFileAttributesW(room.text) == INVALID_FILE_ATTRIBUTES)
        return BOXROOT_ABSENT;
    return is_root_of(room.text, digest) ? BOXROOT_FOUND : BOXROOT_UNKNOWN;
}
