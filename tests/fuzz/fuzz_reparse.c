#include "core/reparse.h"
#include <string.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only an alias gives a target, and then a full path without NUL; only a link a path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t text[REPARSE_BYTES_MAX];
    struct u16buf target = U16BUF(text);
    enum reparse_alias alias = reparse_read(data, size, &target);

    if ((alias == REPARSE_ALIAS) != (target.len != 0))
        __builtin_trap();
    if (alias == REPARSE_ALIAS &&
        (target.len < 4 || text[1] != u':' || u16_len(text) != target.len))
        __builtin_trap();
    target = U16BUF(text);
    if (reparse_read_link(data, size, &target) != (target.len != 0) || target.cut ||
        u16_len(text) != target.len)
        __builtin_trap();
    return 0;
}
