/* SPDX-License-Identifier: MIT
 *
 * A sorted set of file identities and the file that keeps it, for one root.  Pure, and
 * free of the C library.
 */
#pragma once

#include "core/sha256.h"
#include "core/u16.h"

#define IDSET_ID_BYTES 16u
#define IDSET_IDS_MAX  65536u

struct idset_id {
    uint8_t byte[IDSET_ID_BYTES];
};

/* What begins the file; the identities follow. */
struct idset_head {
    uint8_t magic[8];
    uint8_t root[SHA256_BYTES]; /* the root's digest */
    uint64_t count;
};

#define IDSET_BYTES_MAX                                                                  \
    (sizeof(struct idset_head) + IDSET_IDS_MAX * sizeof(struct idset_id))

/* Sorts the identities in place and drops those that are there twice; returns how many
 * are left. */
size_t idset_sort(struct idset_id *id, size_t count);

/* The head for count identities of the root with this digest. */
struct idset_head idset_head(const uint8_t *root, size_t count);

/* Whether a file of `bytes` bytes with this head is whole, and this root's. */
bool idset_is_for(const struct idset_head *head, size_t bytes, const uint8_t *root);

/* Whether the sorted identities have this one. */
bool idset_has(const struct idset_id *id, size_t count, const struct idset_id *one);
