#include "grant/boxsize.h"

#include "grant/walking.h"
#include "win/treewalk.h"

#define KB 1024ull

struct look {
    struct boxsize *size;
    uint32_t start, limit_ms;
};

/* Of several threads at once. */
static enum treewalk_next visit(void *ctx, struct treewalk_entry *entry, struct err *err)
{
    struct look *look = ctx;
    BY_HANDLE_FILE_INFORMATION info;

    if (GetTickCount() - look->start > look->limit_ms)
        return TREEWALK_STOP;
    if (entry->attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT))
        return TREEWALK_GO;
    if (!entry->handle)
        return TREEWALK_GO; /* refused, and counted as such */
    if (!GetFileInformationByHandle(entry->handle, &info))
        return err_win32(err, "GetFileInformationByHandle", NULL), TREEWALK_FAILED;
    __atomic_add_fetch(&look->size->files, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&look->size->bytes,
                       (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow,
                       __ATOMIC_RELAXED);
    return TREEWALK_GO;
}

void boxsize_look(const char16_t *directory, uint32_t limit_ms, struct boxsize *size)
{
    struct look look = { .size = size, .start = GetTickCount(), .limit_ms = limit_ms };
    const struct treewalk walk = { .visit = visit,
                                   .ctx = &look,
                                   .file_access = FILE_READ_ATTRIBUTES };
    struct treewalk_result result = { 0 };
    auto_handle HANDLE root = NULL;
    struct err err;

    *size = (struct boxsize){ .whole = true };
    if (!treewalk_open(directory, 0, &root, &err)) {
        size->whole =
            err.code == ERROR_FILE_NOT_FOUND || err.code == ERROR_PATH_NOT_FOUND;
        return;
    }
    size->whole =
        treewalk_run(&walk, root, &result, &err) && !result.stopped && !result.failed;
}

void boxsize_add(struct u16buf *b, const struct boxsize *size)
{
    static const char *const units[] = { " bytes", " KB", " MB", " GB", " TB" };
    uint64_t n = size->bytes;
    size_t unit = 0;

    for (; n >= 10 * KB && unit + 1 < sizeof units / sizeof units[0]; unit++)
        n = (n + KB / 2) / KB;
    u16buf_add_ascii(b, size->whole ? "" : "at least ");
    walking_add_count(b, n);
    u16buf_add_ascii(b, units[unit]);
    u16buf_add_ascii(b, " in ");
    walking_add_count(b, size->files);
    u16buf_add_ascii(b, size->files == 1 ? " file" : " files");
}
