/* SPDX-License-Identifier: MIT
 *
 * The import address tables of a PE image as it lies in memory: where in it the addresses
 * of imported functions stand.  Every number in the image is held against its size.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/u16.h"

/* As many slots as are looked at in one image, so that a table which names itself over
 * and over has an end. */
#define IMPORTS_MAX 65536u

/* A walk, borrowed from the image. */
struct imports {
    const uint8_t *image;
    size_t bytes;
    size_t width;      /* of a slot: 4 in PE32, 8 in PE32+ */
    size_t descriptor; /* offset of the next IMAGE_IMPORT_DESCRIPTOR */
    size_t end;        /* behind the last one that the directory has room for */
    size_t slot;       /* offset of the next slot; 0: the descriptor is to be read */
    size_t seen;
};

/* The size of an image in memory by its own first page, 0 when that is no PE image's.
 * Microsoft PE format specification, "Optional Header", SizeOfImage. */
size_t imports_image_bytes(const uint8_t *head, size_t bytes);

/* Begins a walk of an image of that many bytes.  False, with *walk untouched, when it is
 * no PE image or imports nothing. */
MUST_CHECK bool imports_begin(struct imports *walk, const uint8_t *image, size_t bytes);

/* The next slot: its offset in *at, aligned, all of its width within the image.  False at
 * the end, and at the first thing that is not as it should be.  PE format specification,
 * "Import Directory Table", "Import Address Table". */
bool imports_next(struct imports *walk, size_t *at);
