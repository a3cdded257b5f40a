/* SPDX-License-Identifier: MIT
 *
 * Telling our own shims and stubs from real tools by what is in the file: a section of
 * its PE header that only they have.  A copy, a link, another install or another version
 * is known by it at once, whatever its name and directory.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

#define IMAGE_SECTION    ".ringf" /* at most 8 bytes; shims and stubs put data in it */
#define IMAGE_HEAD_BYTES 1024u    /* read this much of a file: our headers are shorter */

/* Whether the first bytes of a file are the PE header of a shim or stub of ours.
 * Microsoft PE format specification, "Section Table". */
bool image_is_ours(const uint8_t *head, size_t bytes);

#define IMAGE_PE_HEAD_BYTES 24u /* signature and IMAGE_FILE_HEADER */

/* The offset of these in a PE image, in a file or in memory, all of them within bytes; 0
 * when it is no such image.  PE format specification, "Signature", "COFF File Header". */
size_t image_pe_head(const uint8_t *image, size_t bytes);
