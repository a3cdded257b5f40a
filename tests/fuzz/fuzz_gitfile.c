#include "core/protected.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path comes out without control characters and slashes, behind what was there; else
 * nothing has changed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char16_t text[256];
    struct u16buf path = U16BUF(text);
    enum protected_gitfile result = PROTECTED_GITFILE_NOT;

    u16buf_addc(&path, u'!');
    result = protected_read_gitfile((const char *)data, size, &path);
    if (path.cut || text[0] != u'!' || text[path.len] != 0)
        __builtin_trap();
    if ((result == PROTECTED_GITFILE_PATH) != (path.len > 1))
        __builtin_trap();
    for (size_t i = 0; i < path.len; i++)
        if (text[i] < 0x20 || text[i] == u'/')
            __builtin_trap();
    return 0;
}
