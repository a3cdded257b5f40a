#include "core/loaders.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two variables as they were, then a block: what is kept in it is there for good, and
 * what comes out is a block no longer than the two make it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t units[4096], once[32768], twice[32768];
    struct u16s rest = { units, size / 2 };
    struct u16buf out = U16BUF(once), again = U16BUF(twice);
    struct u16s node, python;
    struct loaders found;
    size_t count = 0;

    if (size > sizeof units)
        return 0;
    memcpy(units, data, size);
    node = u16s_split(&rest, u'\n');
    python = u16s_split(&rest, u'\n');
    found = loaders_find(node, python);
    if (!rest.at)
        return 0;
    count = loaders_block_units(rest.at, rest.len);
    if (count == 0 || !loaders_keep(&found, rest.at, count, &out))
        return 0;
    if (loaders_block_units(once, out.len + 1) != out.len + 1)
        __builtin_trap();
    if (loaders_keep(&found, once, out.len + 1, &again))
        __builtin_trap();
    return 0;
}
