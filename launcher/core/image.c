#include "core/image.h"

#include "core/bytes.h"

#define PE_SIGNATURE  0x4550u
#define SECTION_BYTES 40u /* IMAGE_SECTION_HEADER */

static bool has_name(const uint8_t *p)
{
    static const char name[8] = IMAGE_SECTION;

    for (size_t i = 0; i < sizeof name; i++)
        if (p[i] != (uint8_t)name[i])
            return false;
    return true;
}

size_t image_pe_head(const uint8_t *image, size_t bytes)
{
    size_t pe = 0;

    if (bytes < 64 || image[0] != 'M' || image[1] != 'Z')
        return 0;
    pe = bytes_get32(image + 60);
    return pe <= bytes && bytes - pe >= IMAGE_PE_HEAD_BYTES &&
                   bytes_get32(image + pe) == PE_SIGNATURE
               ? pe
               : 0;
}

bool image_is_ours(const uint8_t *head, size_t bytes)
{
    size_t pe = image_pe_head(head, bytes), table = 0, count = 0;

    if (!pe)
        return false;
    count = bytes_get16(head + pe + 6);
    table = pe + IMAGE_PE_HEAD_BYTES + bytes_get16(head + pe + 20);
    for (size_t i = 0; i < count; i++) {
        size_t at = table + i * SECTION_BYTES;

        if (at > bytes || bytes - at < SECTION_BYTES)
            return false;
        if (has_name(head + at))
            return true;
    }
    return false;
}
