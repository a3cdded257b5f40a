#include "core/journal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOTS 8u

static uint8_t out[65536], again[65536];
static char16_t text[JOURNAL_PATH_MAX + 1];

/* What was read is written the same, and its path has the form it was read from. */
static void check_record(const struct journal_record *record)
{
    struct u16buf path = U16BUF(text);
    struct journal_record back;
    struct journal one = { .roots = &back, .cap = 1 };
    struct err err;
    size_t bytes = 0;

    if (!journal_path(record, &path) ||
        !journal_format(record, u16buf_text(&path), out, sizeof out, &bytes))
        return;
    if (!journal_read(&one, out, bytes, &err) || one.count != 1 || one.damaged ||
        one.torn || back.state != record->state || back.entries != record->entries ||
        memcmp(back.root, record->root, sizeof back.root) != 0)
        __builtin_trap();
}

/* One record made of the input, so that every path goes there and back. */
static void check_path(const uint8_t *data, size_t size)
{
    static char16_t given[4096];
    struct journal_record record = { .version = "1" }, back;
    struct journal one = { .roots = &back, .cap = 1 };
    struct u16buf path = U16BUF(text);
    struct err err;
    size_t bytes = 0, len = size / 2 < 4096 ? size / 2 : 4096;

    memcpy(given, data, len * 2);
    if (!journal_format(&record, (struct u16s){ given, len }, out, sizeof out, &bytes))
        return;
    if (!journal_read(&one, out, bytes, &err) || one.count != 1 ||
        !journal_path(&back, &path) || path.len != len ||
        memcmp(text, given, len * 2) != 0)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_record roots[ROOTS], kept[ROOTS];
    struct journal journal = { .roots = roots, .cap = ROOTS };
    struct journal compact = { .roots = kept, .cap = ROOTS };
    struct err err;
    size_t bytes = 0;

    check_path(data, size);
    if (!journal_read(&journal, data, size, &err))
        return 0;
    for (size_t i = 0; i < journal.count; i++)
        check_record(&roots[i]);
    if (!journal_compact(&journal, again, sizeof again, &bytes) || bytes > size + 2)
        __builtin_trap();
    if (!journal_read(&compact, again, bytes, &err) || compact.damaged || compact.torn ||
        compact.count > journal.count)
        __builtin_trap();
    return 0;
}
