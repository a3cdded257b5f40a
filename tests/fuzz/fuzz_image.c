#include "core/crtfds.h"
#include "core/image.h"
#include "core/sid.h"

#define MANY 64u

/* What is read of a block, written, is read again the same. */
static void check_descriptors(const uint8_t *data, size_t size, size_t width)
{
    uint8_t flags[MANY], block[4 + MANY * 9];
    uint64_t handle[MANY];
    size_t count = crtfds_count(data, size, width), bytes;

    for (size_t fd = 0; fd <= count; fd++)
        (void)crtfds_handle(data, size, width, fd);
    count = count < MANY ? count : MANY;
    for (size_t fd = 0; fd < count; fd++) {
        flags[fd] = crtfds_flags(data, size, width, fd);
        handle[fd] = crtfds_handle(data, size, width, fd);
    }
    bytes = crtfds_write(flags, handle, count, width, block, sizeof block);
    if (crtfds_count(block, bytes, width) != count)
        __builtin_trap();
    for (size_t fd = 0; fd < count; fd++)
        if (crtfds_flags(block, bytes, width, fd) != flags[fd] ||
            crtfds_handle(block, bytes, width, fd) != handle[fd])
            __builtin_trap();
}

/* The three small readers of foreign bytes: PE heads, C runtime descriptors, SIDs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sid sid;

    (void)image_is_ours(data, size);
    check_descriptors(data, size, 4);
    check_descriptors(data, size, 8);
    if (sid_read(&sid, data, size) && sid_bytes(&sid) > size)
        __builtin_trap();
    return 0;
}
