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

#define SID_TEXT_CAP 184u /* char16_t the longest text needs, terminator included */

/* Integrity levels: S-1-16-LEVEL.  [MS-DTYP] 2.4.2.4; lowered is ours, between two. */
#define SID_LEVEL_LOW     0x1000u
#define SID_LEVEL_LOWERED 0x1800u
#define SID_LEVEL_MEDIUM  0x2000u
#define SID_LEVEL_HIGH    0x3000u
#define SID_LEVEL_SYSTEM  0x4000u

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

/* [MS-DTYP] 2.4.2.4, "Well-Known SID Structures". */
enum sid_known {
    SID_CREATOR_OWNER,    /* S-1-3-0 */
    SID_OWNER_RIGHTS,     /* S-1-3-4 */
    SID_AUTHENTICATED,    /* S-1-5-11 */
    SID_RESTRICTED,       /* S-1-5-12 */
    SID_SYSTEM,           /* S-1-5-18 */
    SID_ADMINISTRATORS,   /* S-1-5-32-544 */
    SID_USERS,            /* S-1-5-32-545 */
    SID_ALL_APP_PACKAGES, /* S-1-15-2-1 */
    SID_WRITE_RESTRICTED, /* S-1-5-33 */
    SID_KNOWN_COUNT
};
struct sid sid_well_known(enum sid_known which);

/* S-1-16-LEVEL, a mandatory label's SID, and whether *sid is one. */
struct sid sid_label(uint32_t level);
bool sid_is_label(const struct sid *sid);

/* S-1-authority-first, or S-1-authority-first-second when there are two. */
struct sid sid_short(uint8_t authority, uint8_t count, uint32_t first, uint32_t second);

/* Whether *sid has our first part, whatever follows. */
bool sid_is_ours(const struct sid *sid);

bool sid_eq(const struct sid *a, const struct sid *b);

/* The bytes of *sid that count: 8 + 4 * sub_count. */
size_t sid_bytes(const struct sid *sid);

/* Takes a SID out of `bytes` bytes at data, any alignment.  False, with *sid untouched,
 * when they are not a whole SID of revision 1. */
MUST_CHECK bool sid_read(struct sid *sid, const void *data, size_t bytes);

/* Writes the sid_bytes(sid) bytes that sid_read takes. */
void sid_write(const struct sid *sid, uint8_t *out);

/* Reads S-1-I-S…, [MS-DTYP] 2.4.2.1: I decimal or 0x and 12 hex digits, numbers without
 * leading zeros, at most SID_SUB_MAX of them (none is a SID too).  The whole of text must
 * match; false, with *sid untouched, when it does not. */
MUST_CHECK bool sid_parse(struct sid *sid, struct u16s text);

/* Writes the same form at the end of *out. */
void sid_format(const struct sid *sid, struct u16buf *out);
