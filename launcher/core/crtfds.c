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

    if (fd >= count || !crtfds_flags(block, bytes, handle_bytes, fd))
        return 0;
    for (size_t i = handle_bytes; i-- > 0;)
        handle = handle << 8 | block[4 + count + fd * handle_bytes + i];
    return handle;
}

uint8_t crtfds_flags(const uint8_t *block, size_t bytes, size_t handle_bytes, size_t fd)
{
    return fd < crtfds_count(block, bytes, handle_bytes) && block[4 + fd] & FOPEN
               ? block[4 + fd]
               : 0;
}

size_t crtfds_write(const uint8_t *flags, const uint64_t *handle, size_t count,
                    size_t handle_bytes, uint8_t *out, size_t cap)
{
    if (cap < 4 || count > UINT16_MAX || count > (cap - 4) / (1 + handle_bytes))
        return 0;
    for (size_t i = 0; i < 4; i++)
        out[i] = (uint8_t)(count >> 8 * i);
    for (size_t fd = 0; fd < count; fd++) {
        uint64_t value = flags[fd] & FOPEN ? handle[fd] : UINT64_MAX;

        out[4 + fd] = flags[fd] & FOPEN ? flags[fd] : 0;
        for (size_t i = 0; i < handle_bytes; i++)
            out[4 + count + fd * handle_bytes + i] = (uint8_t)(value >> 8 * i);
    }
    return 4 + count * (1 + handle_bytes);
}

size_t crtfds_list(uintptr_t *list, size_t count, size_t cap, uintptr_t handle)
{
    if (!handle || handle % 4 || count == cap)
        return count;
    for (size_t i = 0; i < count; i++)
        if (list[i] == handle)
            return count;
    list[count] = handle;
    return count + 1;
}
