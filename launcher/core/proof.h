/* SPDX-License-Identifier: MIT
 *
 * What the canary has shown on this machine, as it is written down: the file's format,
 * and the key by which a proof of another Windows build or another Ringfence is told from
 * one of these. Pure, and free of the C library: the shims link the key.
 *
 * The file, little-endian: "RFPROOF3", the key, for each slot { u32 end, u16 outside
 * denied, u16 outside tried, u16 inside allowed, u16 inside tried, u64 time, u32 held by
 * the traffic cap }, and the SHA-256 of all that.
 */
#pragma once

#include "core/err.h"
#include "core/fence.h"
#include "core/sha256.h"
#include "core/u16.h"

#define PROOF_KEY_BYTES  12u
#define PROOF_SLOTS      6u /* by proof_slot and proof_slot_enforced */
#define PROOF_SLOT_BYTES 24u
#define PROOF_BYTES      (8u + PROOF_KEY_BYTES + PROOF_SLOTS * PROOF_SLOT_BYTES + SHA256_BYTES)

/* What a proof holds for.  Text is filled up with zeros. */
struct proof_machine {
    uint32_t major, minor, build; /* of Windows */
    uint32_t revision;            /* the update in the build; 0 where there is none */
    uint32_t bits;                /* of this program */
    char version[16];             /* Ringfence's */
    char wine[16];                /* Wine's, or "" */
};

/* The same for the same machine, and different for any other. */
void proof_key(const struct proof_machine *machine, uint8_t key[PROOF_KEY_BYTES]);

/* Makes that key the one of a proof on this window station, in the session of services or
 * not: what starts on one may not on another.  The terminal's own, WinSta0, keeps the
 * machine's key; those that Windows makes for logons of services are one. */
void proof_key_on(bool services, struct u16s station, uint8_t key[PROOF_KEY_BYTES]);

enum proof_end {
    PROOF_NONE,      /* not tried */
    PROOF_HELD,      /* every act outside denied, every act inside done */
    PROOF_NO_START,  /* no child starts with the fence */
    PROOF_ESCAPED,   /* an act outside was done */
    PROOF_BROKEN,    /* an act inside was not done */
    PROOF_UNDECIDED, /* an act could not be tried */
    PROOF_ENDS
};

struct proof {
    enum proof_end end;
    uint16_t outside_denied, outside_total, inside_allowed, inside_total;
    uint64_t time;     /* FILETIME, 100 ns since 1601 */
    uint32_t net_held; /* level enforced: NETCHECK_BIT, what only the traffic cap held */
};

struct proof_file {
    struct proof of[PROOF_SLOTS];
};

/* A lowered token is another one: nothing is known of it from the other's proof. */
static inline size_t proof_slot(enum fence fence, bool lowered)
{
    return (size_t)fence + (lowered ? 2u : 0u);
}

static inline size_t proof_slot_enforced(bool lowered)
{
    return lowered ? 5u : 4u;
}

/* Reads a whole file.  False, with *file untouched, for anything but a sound file with
 * that key; one that claims PROOF_HELD of numbers that do not say so is not sound. */
MUST_CHECK bool proof_read(const void *data, size_t bytes,
                           const uint8_t key[PROOF_KEY_BYTES], struct proof_file *file);

void proof_write(const struct proof_file *file, const uint8_t key[PROOF_KEY_BYTES],
                 uint8_t out[PROOF_BYTES]);

/* Whether the numbers say that the fence held. */
bool proof_has_held(const struct proof *proof);
