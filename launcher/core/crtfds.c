#include "core/crtfds.h"

#define FOPEN 0x01u /* the runtime's own flag: this descriptor is open */

size_t crtfds_count(const uint8_t *block, size_t bytes, size_t handle_bytes)
{
    uint32_t count = 0;

    if (!block || bytes < 4)
        return 0;
    for (size_t i = 4; i-- > 0;)
        count = count << 8 | block[i];
    return count <= (bytes - 4) / (1 + handle_bytes) ? count : 0;
}

uint64_t crtfds_handle(const uint8_t *block, size_t bytes, size_t handle_bytes, size_t fd)
{
    size_t count = crtfds_count(block, bytes, handle_bytes);
    uint64_t handle = 0;

    if (fd >= count || !(block[4 + fd] & FOPEN))
        return 0;
    for (size_t i = handle_bytes; i-- > 0;)
        handle = handle << 8 | block[4 + count + fd * handle_bytes + i];
    return handle;
}
