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

/* The runtime's flags of descriptor fd (text or binary, pipe, device), 0 when it is not
 * open. */
uint8_t crtfds_flags(const uint8_t *block, size_t bytes, size_t handle_bytes, size_t fd);

/* Writes a block of count descriptors for a child of the same width; one whose flags are
 * 0 is not open.  Returns its size, 0 when it does not fit into cap bytes. */
size_t crtfds_write(const uint8_t *flags, const uint64_t *handle, size_t count,
                    size_t handle_bytes, uint8_t *out, size_t cap);

/* Adds a handle to a list of those that a child inherits, where it is of a kind that can
 * be in one: a kernel's, so no pseudo handle and no console's of before Windows 8, and
 * once only.  Returns the new count, the same when it is left out or there is no room.
 * MS: UpdateProcThreadAttribute, PROC_THREAD_ATTRIBUTE_HANDLE_LIST; the kernel's handles
 * are multiples of four. */
size_t crtfds_list(uintptr_t *list, size_t count, size_t cap, uintptr_t handle);
