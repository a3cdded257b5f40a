/* SPDX-License-Identifier: MIT
 *
 * RINGFENCE_CHAIN: which shims this process tree has gone through, by file identity, and
 * how many times.  It keeps two installs from calling each other for ever.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

#define CHAIN_DEPTH_MAX 50u /* shims below shims; more is a loop by another way */
#define CHAIN_IDS_MAX   8u
#define CHAIN_TEXT_CAP  512u

/* A file as the volume knows it: a copy has another one, a link the same. */
struct file_id {
    uint64_t volume;
    uint64_t low, high; /* 128-bit on ReFS; high is 0 elsewhere */
};

struct chain {
    unsigned depth;
    struct file_id id[CHAIN_IDS_MAX]; /* newest first */
    size_t count;
};

bool file_id_eq(const struct file_id *a, const struct file_id *b);

/* Reads "DEPTH" or "DEPTH,VOLUME-HIGH-LOW,…" (hex).  Anything else, an absent variable
 * too, gives the empty chain: a wrong guess here costs a hop, not a boundary.  A depth
 * above CHAIN_DEPTH_MAX is read as it is, for the caller to refuse. */
void chain_read(struct chain *chain, struct u16s text);

bool chain_has(const struct chain *chain, const struct file_id *id);

/* One more hop through the shim id; the oldest drops out when there are too many. */
void chain_push(struct chain *chain, const struct file_id *id);

/* The text for the child, into storage of CHAIN_TEXT_CAP. */
void chain_write(const struct chain *chain, struct u16buf *out);
