#include "core/rootrule.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char16_t text[4200], again[4200], given[4096];

/* Down and up a spelling visit the same directories, the root's first and last. */
static void check_walk(struct u16s path)
{
    size_t root = rootrule_root_len(path), up = path.len, down = root;

    if (root == 0)
        __builtin_trap();
    while (up > root) {
        size_t next = rootrule_parent_len(u16s_head(path, up));

        if (next >= up || next < root || rootrule_next_len(path, next) != up)
            __builtin_trap();
        up = next;
    }
    if (up != root || rootrule_parent_len(u16s_head(path, up)) != 0)
        __builtin_trap();
    while (down < path.len)
        down = rootrule_next_len(path, down);
    if (down != path.len || rootrule_next_len(path, down) != path.len + 1)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len = size / 2 < 4096 ? size / 2 : 4096;
    struct u16s s = { given, len };
    struct u16buf one = U16BUF(text), two = U16BUF(again);

    memcpy(given, data, len * 2);
    (void)rootrule_root_len(s);
    (void)rootrule_parent_len(s);
    if (rootrule_expand(s, u16s_of(u"C:\\Windows"), &one) &&
        (one.len < 2 || one.at[1] != u':'))
        __builtin_trap();
    one = U16BUF(text);
    if (rootrule_path(s, &one) != ROOTRULE_LOCAL) {
        if (one.len)
            __builtin_trap();
        return 0;
    }
    check_walk(u16buf_text(&one));
    /* What came out is its own spelling. */
    if (rootrule_path(u16buf_text(&one), &two) != ROOTRULE_LOCAL ||
        !u16s_eq(u16buf_text(&one), u16buf_text(&two)))
        __builtin_trap();
    return 0;
}
