/* SPDX-License-Identifier: MIT
 *
 * Whether two handles are of one file: what every decision about a path that somebody
 * else may change is checked by.  No decision.
 */
#pragma once

#include "win/win.h"

struct fileid {
    uint64_t volume; /* serial number */
    uint8_t file[16];
};

/* Reads the identity of the open file or directory (any access).  128 bits where the
 * system and the file system have them, else 64, which some file systems leave 0.  False
 * where there is none.  MS: FILE_ID_INFORMATION, FILE_INTERNAL_INFORMATION. */
MUST_CHECK bool fileid_read(HANDLE file, struct fileid *id);

bool fileid_same(const struct fileid *a, const struct fileid *b);

/* Whether both are open on one and the same; false when that cannot be told. */
bool fileid_is_one(HANDLE a, HANDLE b);

/* The same for two on one volume, as a file opened relative to another is: does not ask
 * which volume that is, which under some systems costs more than all else. */
MUST_CHECK bool fileid_is_one_there(HANDLE a, HANDLE b);
