#include "logbook.h"

#include "core/cmdline.h"
#include "core/pathsearch.h"
#include "core/runlog.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/statefile.h"

static struct {
    char16_t path[STATEFILE_PATH_CAP], older[STATEFILE_PATH_CAP];
    char16_t word[CMDLINE_MAX + 1];
    char line[RUNLOG_LINE_BYTES];
} store;

static bool name_files(struct u16s data_dir, struct err *err)
{
    struct u16buf path = U16BUF(store.path), older = U16BUF(store.older);

    u16buf_add(&path, data_dir);
    u16buf_addz(&path, u"\\log");
    u16buf_add(&older, u16buf_text(&path));
    u16buf_addz(&older, u".1");
    return !older.cut ||
           err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW", NULL);
}

static bool is_full(void)
{
    WIN32_FIND_DATAW found;
    HANDLE find = FindFirstFileW(store.path, &found);

    if (find == INVALID_HANDLE_VALUE)
        return false;
    FindClose(find);
    return found.nFileSizeHigh || found.nFileSizeLow >= LOGBOOK_BYTES_MAX;
}

/* Looked at again under the lock: eight shims may find it full at once. */
static bool turn_over(struct err *err)
{
    auto_handle HANDLE lock = NULL;

    if (!is_full())
        return true;
    if (!statefile_lock(store.path, &lock, err))
        return false;
    return !is_full() ||
           MoveFileExW(store.path, store.older, MOVEFILE_REPLACE_EXISTING) ||
           err_win32(err, "MoveFileExW", store.path);
}

static uint32_t count_arguments(struct u16s tail)
{
    uint32_t count = 0;

    for (;; count++) {
        struct u16buf word = U16BUF(store.word);

        if (!cmdline_next(&tail, &word))
            return count;
    }
}

static bool note(const struct context *c, const struct runlog_entry *entry,
                 struct err *err)
{
    size_t bytes = runlog_format(entry, store.line);
    struct u16buf data = U16BUF(store.older);

    u16buf_add(&data, u16buf_text(&c->data));
    return file_make_dirs(store.older, err) && name_files(u16buf_text(&c->data), err) &&
           turn_over(err) && statefile_append(store.path, store.line, bytes, err);
}

void logbook_note(const struct context *c, bool unproven, struct u16s tool,
                  struct u16s tail, uint32_t code)
{
    const struct runlog_entry entry = {
        .time = win_time(),
        .level = c->verdict.level,
        .unproven = unproven,
        .network_on = c->network_on,
        .code = code,
        .arguments = count_arguments(tail),
        .tool = u16s_without(pathsearch_base(tool), U16S(".exe")),
        .root = u16buf_text(&c->root),
    };
    struct err err;

    if (!note(c, &entry, &err))
        err_report(&err, u"note the run in the log");
}

bool logbook_read(const char16_t *data_dir, bool older, char *out, size_t *bytes,
                  struct err *err)
{
    *bytes = 0;
    return name_files(u16s_of(data_dir), err) &&
           file_read(older ? store.older : store.path, out,
                     LOGBOOK_BYTES_MAX + RUNLOG_LINE_BYTES, bytes,
                     err) != FILE_READ_FAILED;
}
