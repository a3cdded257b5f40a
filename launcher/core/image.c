#include "core/image.h"

#define SECTION_BYTES 40u /* IMAGE_SECTION_HEADER */

static uint32_t u16_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32_at(const uint8_t *p)
{
    return u16_at(p) | u16_at(p + 2) << 16;
}

static bool has_name(const uint8_t *p)
{
    static const char name[8] = IMAGE_SECTION;

    for (size_t i = 0; i < sizeof name; i++)
        if (p[i] != (uint8_t)name[i])
            return false;
    return true;
}

bool image_is_ours(const uint8_t *head, size_t bytes)
{
    size_t pe = 0, table = 0, count = 0;

    if (bytes < 64 || head[0] != 'M' || head[1] != 'Z')
        return false;
    pe = u32_at(head + 60);
    if (pe > bytes || bytes - pe < 24 || u32_at(head + pe) != 0x4550)
        return false;
    count = u16_at(head + pe + 6);
    table = pe + 24 + u16_at(head + pe + 20);
    for (size_t i = 0; i < count; i++) {
        size_t at = table + i * SECTION_BYTES;

        if (at > bytes || bytes - at < SECTION_BYTES)
            return false;
        if (has_name(head + at))
            return true;
    }
    return false;
}
