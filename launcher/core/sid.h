/* SPDX-License-Identifier: MIT
 *
 * Security identifiers as values, and those that are ours.
 * Pure, and free of the C library: the shims link it.  The layout is Windows' SID, so
 * win/win.h hands `struct sid *` to the API without copying.
 */
#pragma once

#include "core/u16.h"

#define SID_SUB_MAX 15u /* SID_MAX_SUB_AUTHORITIES, winnt.h */

/* "RING": no account's SID ever begins with S-1-5-21 and this. */
#define SID_OURS 1380535879u

#define SID_HASH 3u /* subauthorities taken from a hash: 96 bits */

struct sid {
    uint8_t revision; /* always 1 */
    uint8_t sub_count;
    uint8_t authority[6]; /* big-endian, [MS-DTYP] 2.4.1 */
    uint32_t sub[SID_SUB_MAX];
};

/* S-1-5-21-SID_OURS-h0-h1-h2 from the first 96 bits of a digest of at least 12 bytes, as
 * big-endian numbers: a root SID or a run SID. */
struct sid sid_ours(const uint8_t *digest);

/* S-1-1-0, Everyone. */
struct sid sid_everyone(void);

/* Whether *sid has our first part, whatever follows. */
bool sid_is_ours(const struct sid *sid);

bool sid_eq(const struct sid *a, const struct sid *b);

/* The bytes of *sid that count: 8 + 4 * sub_count. */
size_t sid_bytes(const struct sid *sid);

/* Takes a SID out of `bytes` bytes at data, any alignment.  False, with *sid untouched,
 * when they are not a whole SID of revision 1. */
MUST_CHECK bool sid_read(struct sid *sid, const void *data, size_t bytes);
