#include "grant/roster.h"

#include "confine.h"
#include "core/idset.h"
#include "win/file.h"
#include "win/fileid.h"
#include "win/statefile.h"

#define NAME u"\\protected"

/* The file as it is read and written. */
static struct {
    struct idset_head head;
    struct idset_id id[IDSET_IDS_MAX];
} kept;
static volatile LONG added;
static size_t count;

/* One volume is enough: a walk stays in it.  Some file systems have no identity but 0. */
static bool read_id(HANDLE file, struct idset_id *id)
{
    struct fileid whole = { 0 };
    uint8_t any = 0;

    if (!fileid_read(file, &whole))
        return false;
    for (size_t i = 0; i < sizeof id->byte; i++)
        any |= id->byte[i] = whole.file[i];
    return any;
}

void roster_begin(void)
{
    added = 0;
    count = 0;
}

void roster_add(HANDLE file)
{
    struct idset_id id = { { 0 } };
    LONG at = 0;

    if (!read_id(file, &id))
        return;
    at = InterlockedIncrement(&added) - 1;
    if (at >= 0 && (size_t)at < IDSET_IDS_MAX)
        kept.id[at] = id;
}

/* The root's directory among the data, with the terminator in the place of what follows;
 * false when it does not fit. */
static bool find(const struct context *c, const uint8_t *digest, struct u16buf *path)
{
    confine_record_path(c, digest, path);
    while (path->len && path->at[path->len] != u'\\')
        path->len--;
    path->at[path->len] = 0;
    return !path->cut;
}

bool roster_write(const struct context *c, const uint8_t *digest, struct err *err)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf path = U16BUF(text);

    if (!find(c, digest, &path))
        return err_rule(err, "the data directory's path is too long", c->data.at);
    if (!file_make_dirs(path.at, err))
        return false;
    u16buf_addz(&path, NAME);
    count = (size_t)added < IDSET_IDS_MAX ? (size_t)added : IDSET_IDS_MAX;
    count = idset_sort(kept.id, count);
    kept.head = idset_head(digest, count);
    return statefile_replace(path.at, &kept, sizeof kept.head + count * sizeof kept.id[0],
                             err);
}

bool roster_read(const struct context *c, const uint8_t *digest)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf path = U16BUF(text);
    size_t bytes = 0;
    struct err unused;

    count = 0;
    if (!find(c, digest, &path))
        return false;
    u16buf_addz(&path, NAME);
    if (path.cut ||
        file_read(path.at, &kept, sizeof kept, &bytes, &unused) != FILE_READ_DONE ||
        !idset_is_for(&kept.head, bytes, digest))
        return false;
    count = (size_t)kept.head.count;
    return true;
}

bool roster_has(HANDLE file)
{
    struct idset_id id = { { 0 } };

    return read_id(file, &id) && idset_has(kept.id, count, &id);
}
