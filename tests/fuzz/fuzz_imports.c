#include "core/bytes.h"
#include "core/imports.h"

#include <string.h>

#define PE 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every slot lies within the image, and there is an end. */
static void walk_through(const uint8_t *image, size_t size)
{
    struct imports walk;
    size_t at = 0, count = 0;

    (void)imports_image_bytes(image, size);
    if (!imports_begin(&walk, image, size))
        return;
    while (imports_next(&walk, &at))
        if (at % walk.width != 0 || at > size || size - at < walk.width ||
            ++count > IMPORTS_MAX)
            __builtin_trap();
}

/* Any bytes, and the same behind a head that is in order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t image[16384];

    walk_through(data, size);
    if (size < PE + 24 + 128 || size > sizeof image)
        return 0;
    memcpy(image, data, size);
    memcpy(image, "MZ", 2);
    bytes_put32(image + 60, PE);
    bytes_put32(image + PE, 0x4550);
    bytes_put16(image + PE + 20, (uint16_t)(size - PE - 24));
    bytes_put16(image + PE + 24, size & 1 ? 0x10B : 0x20B);
    walk_through(image, size);
    return 0;
}
