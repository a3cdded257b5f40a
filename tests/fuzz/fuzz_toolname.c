#include "core/toolname.h"

#include <string.h>

/* A good name is never a path: no separator, drive or parent ever gets through. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char16_t text[128];
    struct u16s name = { text, size / sizeof(char16_t) };

    if (name.len > 128)
        return 0;
    memcpy(text, data, name.len * sizeof(char16_t));
    if (!toolname_is_good(name))
        return 0;
    for (size_t i = 0; i < name.len; i++)
        if (text[i] == u'\\' || text[i] == u'/' || text[i] == u':' || text[i] == 0)
            __builtin_trap();
    return 0;
}
