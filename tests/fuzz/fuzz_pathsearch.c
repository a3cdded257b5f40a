#include "core/pathsearch.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct disk {
    const uint8_t *answers;
    size_t size, next;
};

/* Answers as the input says, and sometimes rewrites the path, even to too much. */
static enum pathsearch_kind look(void *ctx, struct u16buf *path)
{
    struct disk *d = ctx;
    uint8_t answer = d->next < d->size ? d->answers[d->next++] : 0;
    struct u16s text = u16buf_text(path);

    if (path->cut || path->at[path->len] != 0 || text.len < 4)
        __builtin_trap();
    if (!u16s_iends(text, U16S(".com")) && !u16s_iends(text, U16S(".exe")) &&
        !u16s_iends(text, U16S(".bat")) && !u16s_iends(text, U16S(".cmd")))
        __builtin_trap();
    if (answer & 64) {
        *path = u16buf_init(path->at, path->cap);
        for (unsigned i = 0; i < (answer & 128 ? 3000u : 1u); i++)
            u16buf_addz(path, u"C:\\else.exe");
    }
    return answer % 8 < 5 ? (enum pathsearch_kind)(answer % 8) : PATHSEARCH_ABSENT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t units[2048], storage[PATHSEARCH_CAP];
    struct u16s rest = { units, size / 2 };
    struct u16buf found = U16BUF(storage);
    struct pathsearch_seen seen;
    struct disk d = { data, size, 0 };
    struct pathsearch s = { .current_first = size & 1 };

    if (size > sizeof units)
        return 0;
    memcpy(units, data, size);
    s.name = u16s_split(&rest, u'|');
    s.pathext = u16s_split(&rest, u'|');
    s.path = rest;
    if (pathsearch_find(&s, (struct pathsearch_disk){ look, &d }, &found, &seen)) {
        if (found.cut || found.len == 0)
            __builtin_trap();
        if (pathsearch_dir(u16buf_text(&found)).len +
                pathsearch_base(u16buf_text(&found)).len >
            found.len)
            __builtin_trap();
    } else if (found.len || found.cut) {
        __builtin_trap();
    }
    (void)pathsearch_is_batch(rest);
    return 0;
}
