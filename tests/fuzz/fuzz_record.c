#include "core/record.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes, and the same once sealed, as damage by a newer version would be. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record r;
    size_t bytes = size < sizeof r ? size : sizeof r;
    uint8_t key[7] = { 1 };

    memset(&r, 0, sizeof r);
    memcpy(&r, data, bytes);
    if (record_is_sound(&r, size) && size != sizeof r)
        __builtin_trap();
    record_seal(&r);
    if (!record_is_sound(&r, sizeof r))
        return 0;
    record_add_tool(&r, key, true);
    if (record_tool_reads(&r, key) != RECORD_READS_ALL || r.tool_count > RECORD_TOOLS)
        __builtin_trap();
    return 0;
}
