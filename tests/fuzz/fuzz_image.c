#include "core/crtfds.h"
#include "core/image.h"
#include "core/sid.h"

/* The three small readers of foreign bytes: PE heads, C runtime descriptors, SIDs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sid sid;
    size_t count = crtfds_count(data, size, 8);

    (void)image_is_ours(data, size);
    for (size_t fd = 0; fd <= count; fd++)
        (void)crtfds_handle(data, size, fd & 1 ? 4 : 8, fd);
    if (sid_read(&sid, data, size) && sid_bytes(&sid) > size)
        __builtin_trap();
    return 0;
}
