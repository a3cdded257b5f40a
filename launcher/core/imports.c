#include "core/imports.h"

#include "core/bytes.h"
#include "core/image.h"

#define MAGIC_32         0x10Bu
#define MAGIC_64         0x20Bu
#define AT_IMAGE_BYTES   56u /* in the optional header, of either kind */
#define AT_DIRS_32       92u /* NumberOfRvaAndSizes; the directories follow it */
#define AT_DIRS_64       108u
#define DIR_IMPORT       1u /* the second directory; 8 bytes each */
#define AT_DIR_IMPORT    8u
#define DESCRIPTOR_BYTES 20u
#define AT_FIRST_THUNK   16u

/* Whether `need` bytes from `at` lie within `bytes`. */
static bool holds(size_t bytes, size_t at, size_t need)
{
    return at <= bytes && bytes - at >= need;
}

/* The offset of the optional header, of which *size bytes are there by its own account;
 * 0 when this is no PE image. */
static size_t optional_header(const uint8_t *image, size_t bytes, size_t *size)
{
    size_t pe = image_pe_head(image, bytes), at = pe + IMAGE_PE_HEAD_BYTES;

    if (!pe)
        return 0;
    *size = bytes_get16(image + pe + 20);
    return holds(bytes, at, *size) ? at : 0;
}

size_t imports_image_bytes(const uint8_t *head, size_t bytes)
{
    size_t size = 0, at = optional_header(head, bytes, &size);

    return at && size >= AT_IMAGE_BYTES + 4 ? bytes_get32(head + at + AT_IMAGE_BYTES) : 0;
}

bool imports_begin(struct imports *walk, const uint8_t *image, size_t bytes)
{
    size_t size = 0, at = optional_header(image, bytes, &size), dirs = 0, width = 0;
    size_t first = 0, length = 0;
    const uint8_t *dir = NULL;

    if (!at || size < 2)
        return false;
    switch (bytes_get16(image + at)) {
    case MAGIC_32:
        dirs = AT_DIRS_32, width = 4;
        break;
    case MAGIC_64:
        dirs = AT_DIRS_64, width = 8;
        break;
    default:
        return false;
    }
    if (!holds(size, dirs, 4 + AT_DIR_IMPORT + 8) ||
        bytes_get32(image + at + dirs) <= DIR_IMPORT)
        return false;
    dir = image + at + dirs + 4 + AT_DIR_IMPORT;
    first = bytes_get32(dir);
    length = bytes_get32(dir + 4);
    if (first == 0 || !holds(bytes, first, length))
        return false;
    *walk = (struct imports){
        .image = image,
        .bytes = bytes,
        .width = width,
        .descriptor = first,
        .end = first + length,
    };
    return true;
}

/* The slots of the next descriptor; false behind the last, which is all zero where it
 * counts. */
static bool next_descriptor(struct imports *walk)
{
    if (!holds(walk->end, walk->descriptor, DESCRIPTOR_BYTES))
        return false;
    walk->slot = bytes_get32(walk->image + walk->descriptor + AT_FIRST_THUNK);
    walk->descriptor += DESCRIPTOR_BYTES;
    return walk->slot != 0 && walk->slot % walk->width == 0;
}

/* An address of nothing ends a descriptor's slots. */
static bool is_empty(const struct imports *walk, size_t at)
{
    for (size_t i = 0; i < walk->width; i++)
        if (walk->image[at + i])
            return false;
    return true;
}

bool imports_next(struct imports *walk, size_t *at)
{
    while (walk->seen++ < IMPORTS_MAX) {
        if (walk->slot == 0 && !next_descriptor(walk))
            break;
        if (!holds(walk->bytes, walk->slot, walk->width))
            break;
        if (!is_empty(walk, walk->slot)) {
            *at = walk->slot;
            walk->slot += walk->width;
            return true;
        }
        walk->slot = 0;
    }
    walk->seen = IMPORTS_MAX; /* ended for good */
    return false;
}
