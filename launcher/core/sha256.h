/* SPDX-License-Identifier: MIT
 *
 * SHA-256 (FIPS 180-4): names boxes and root SIDs.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32u

/* The digest of bytes bytes at data. */
void sha256(const void *data, size_t bytes, uint8_t digest[SHA256_BYTES]);
