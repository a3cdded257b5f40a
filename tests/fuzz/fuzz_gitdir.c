#include "core/protected.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_alone(const char16_t *text, size_t at, size_t len, size_t dots)
{
    for (size_t i = 0; i < dots; i++)
        if (text[at + i] != u'.')
            return false;
    return at + dots == len || text[at + dots] == u'\\';
}

/* Whatever is in the file: nothing, or names below the root, none of which leads up, is
 * empty, names a stream or begins at a volume. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char16_t *const roots[] = { u"C:\\r", u"\\\\?\\C:\\r",
                                             u"\\\\?\\Volume{1}\\r", u"\\\\h\\r", u"" };
    char16_t path[128], text[160];
    struct u16buf rel = U16BUF(text);
    size_t units = size / 2 < 128 ? size / 2 : 128;
    bool inside = false;

    memcpy(path, data, units * 2);
    inside = protected_resolve_gitdir(u16s_of(roots[size % 5]), U16S("a\\b"),
                                      (struct u16s){ path, units }, &rel);
    if (inside != (rel.len != 0) || rel.cut || text[rel.len] != 0)
        __builtin_trap();
    for (size_t i = 0; i < rel.len; i++)
        if (text[i] == u':' || text[i] == u'/' || text[i] < 0x20)
            __builtin_trap();
    for (size_t at = 0; at < rel.len; at++)
        if ((at == 0 || text[at - 1] == u'\\') &&
            (text[at] == u'\\' || is_alone(text, at, rel.len, 1) ||
             is_alone(text, at, rel.len, 2)))
            __builtin_trap();
    if (rel.len && text[rel.len - 1] == u'\\')
        __builtin_trap();
    return 0;
}
