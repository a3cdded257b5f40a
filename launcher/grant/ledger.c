#include "grant/ledger.h"

#include "win/file.h"
#include "win/statefile.h"

#define COMPACT_BYTES 0x10000u /* a shorter one is never rewritten */

static bool path_in(const char16_t *data_dir, struct u16buf *path, struct err *err)
{
    u16buf_addz(path, data_dir);
    u16buf_addz(path, u"\\" LEDGER_NAME);
    return !path->cut ||
           err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateFileW", data_dir);
}

static bool no_memory(struct err *err)
{
    return err_set(err, ERR_WIN32, ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc", NULL);
}

/* journal_read does not know which file it is. */
static bool name_it(struct err *err, const char16_t *path)
{
    struct u16buf object = U16BUF(err->object);

    u16buf_add(&object, u16s_head(u16s_of(path), ERR_OBJECT_CAP - 1));
    return err_hint(err, "it is kept as it is; `ringfence clean PATH` looks without it");
}

static bool read_at(const char16_t *path, struct ledger *ledger, size_t *bytes,
                    struct err *err)
{
    struct ledger l = { .data = HeapAlloc(GetProcessHeap(), 0, LEDGER_BYTES_MAX) };
    bool good = false;

    *bytes = 0;
    if (!l.data)
        return no_memory(err);
    l.journal.cap = LEDGER_ROOTS_MAX;
    l.journal.roots =
        HeapAlloc(GetProcessHeap(), 0, LEDGER_ROOTS_MAX * sizeof(struct journal_record));
    if (!l.journal.roots)
        no_memory(err);
    else if (file_read(path, l.data, LEDGER_BYTES_MAX, bytes, err) != FILE_READ_FAILED)
        good = journal_read(&l.journal, l.data, *bytes, err) || name_it(err, path);
    if (good)
        *ledger = l;
    else
        ledger_clear(&l);
    return good;
}

bool ledger_read(const char16_t *data_dir, struct ledger *ledger, struct err *err)
{
    char16_t text[STATEFILE_PATH_CAP];
    struct u16buf path = U16BUF(text);
    size_t bytes = 0;

    return path_in(data_dir, &path, err) && read_at(text, ledger, &bytes, err);
}

void ledger_clear(struct ledger *ledger)
{
    if (ledger->data)
        HeapFree(GetProcessHeap(), 0, ledger->data);
    if (ledger->journal.roots)
        HeapFree(GetProcessHeap(), 0, ledger->journal.roots);
    *ledger = (struct ledger){ 0 };
}

const struct journal_record *ledger_root(const struct ledger *ledger,
                                         const uint8_t *digest)
{
    for (size_t i = 0; i < ledger->journal.count; i++) {
        const struct journal_record *record = &ledger->journal.roots[i];
        size_t at = 0;

        while (at < JOURNAL_ROOT_BYTES && record->root[at] == digest[at])
            at++;
        if (at == JOURNAL_ROOT_BYTES)
            return record;
    }
    return NULL;
}

/* Whether it is worth rewriting: long, and mostly history.  A damaged one keeps the sign
 * that a root may be missing from it. */
static bool is_due(const struct ledger *ledger, size_t bytes)
{
    size_t need = 0;

    for (size_t i = 0; i < ledger->journal.count; i++)
        if (ledger->journal.roots[i].state != JOURNAL_CLEARED)
            need += ledger->journal.roots[i].line_bytes + 2;
    return bytes > COMPACT_BYTES && need < bytes / 2 && !ledger->journal.damaged;
}

/* From the reading to the end of the replacing nobody else appends. */
static bool compact(const char16_t *path, bool anyway, struct err *err)
{
    auto_handle HANDLE lock = NULL;
    struct ledger ledger = { 0 };
    size_t bytes = 0, left = 0;
    uint8_t *out = NULL;
    bool good = false;

    if (!statefile_lock(path, &lock, err) || !read_at(path, &ledger, &bytes, err))
        return false;
    out = HeapAlloc(GetProcessHeap(), 0, bytes + 2);
    if (!out)
        no_memory(err);
    else if (anyway ? bytes == 0 : !is_due(&ledger, bytes))
        good = true;
    else if (!journal_compact(&ledger.journal, out, bytes + 2, &left))
        err_rule(err, "the journal has grown meanwhile", path);
    else
        good = statefile_replace(path, out, left, err);
    if (out)
        HeapFree(GetProcessHeap(), 0, out);
    ledger_clear(&ledger);
    return good;
}

static bool append(const char16_t *file, const struct journal_record *record,
                   const char16_t *path, struct err *err)
{
    struct journal_record now = *record;
    size_t cap = JOURNAL_RECORD_BYTES(u16_len(path)), bytes = 0;
    uint8_t *line = HeapAlloc(GetProcessHeap(), 0, cap);
    bool good = false;

    if (!line)
        return no_memory(err);
    now.time = win_time();
    for (size_t i = 0; i < sizeof RINGFENCE_VERSION; i++)
        now.version[i] = RINGFENCE_VERSION[i];
    good = journal_format(&now, u16s_of(path), line, cap, &bytes)
               ? statefile_append(file, line, bytes, err)
               : err_rule(err, "the journal takes no such path", path);
    HeapFree(GetProcessHeap(), 0, line);
    return good;
}

bool ledger_note(const char16_t *data_dir, const struct journal_record *record,
                 const char16_t *path, struct err *err)
{
    char16_t text[STATEFILE_PATH_CAP];
    struct u16buf file = U16BUF(text);
    struct ledger ledger = { 0 };
    struct err ignored = { 0 };
    size_t bytes = 0;
    bool due = false;

    _Static_assert(sizeof RINGFENCE_VERSION <= JOURNAL_VERSION_CAP, "it fits");
    if (!path_in(data_dir, &file, err) || !read_at(text, &ledger, &bytes, err))
        return false;
    due = is_due(&ledger, bytes);
    ledger_clear(&ledger);
    /* One that cannot be rewritten now serves as well. */
    if (due)
        (void)compact(text, false, &ignored);
    return append(text, record, path, err);
}

bool ledger_compact(const char16_t *data_dir, struct err *err)
{
    char16_t text[STATEFILE_PATH_CAP];
    struct u16buf file = U16BUF(text);

    return path_in(data_dir, &file, err) && compact(text, true, err);
}
