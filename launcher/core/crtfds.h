/* SPDX-License-Identifier: MIT
 *
 * The C runtime's inherited file descriptors, as STARTUPINFO.lpReserved2 carries them:
 * a count, a byte of flags each, a handle each.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

/* The handle of descriptor fd, or 0 when the block of `bytes` bytes does not hold one
 * (too short, fd not open).  handle_bytes is 4 or 8: that of the process that reads it.
 */
uint64_t crtfds_handle(const uint8_t *block, size_t bytes, size_t handle_bytes,
                       size_t fd);

/* How many descriptors a well-formed block speaks of; 0 for any other. */
size_t crtfds_count(const uint8_t *block, size_t bytes, size_t handle_bytes);
