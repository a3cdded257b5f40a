/* SPDX-License-Identifier: MIT
 *
 * What is known of one root between launches: whether the fence is ready for it, which
 * fence, and if not, why.  One small file for each root, beside its box and out of the
 * fence's reach; a launch reads it instead of trying and walking again.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/fence.h"
#include "core/policy.h"

#define RECORD_KEY_BYTES  12u
#define RECORD_REASON_CAP 128u
#define RECORD_TOOLS      16u

enum record_state {
    RECORD_REFUSED, /* no fence can be here: see the reason */
    RECORD_READY,   /* proven on this machine, and every list of the root is written */
    RECORD_LOST     /* there was one and it could not be made again: see the reason */
};

/* Where it was proven, as bits: what starts on the terminal's window station may not on
 * that of a service. */
enum record_place { RECORD_TERMINAL = 1, RECORD_SERVICES = 2 };

/* A PATH and a tool, and whether the strict fence can read all of it. */
struct record_tool {
    uint8_t key[7];
    uint8_t readable; /* 0 or 1 */
};

/* The file itself, byte for byte: no field needs more alignment than a byte. */
struct record {
    char magic[8];
    uint8_t machine[RECORD_KEY_BYTES]; /* OS build and our version: machine_key */
    uint8_t plan[RECORD_KEY_BYTES];    /* what was asked for: record_plan */
    uint8_t root[RECORD_KEY_BYTES];    /* the root's digest */
    uint8_t until[8]; /* FILETIME, little-endian: good until then; 0: for ever */
    uint8_t state;    /* enum record_state */
    uint8_t fence;    /* enum fence; RECORD_READY */
    uint8_t places;   /* enum record_place, one or more */
    uint8_t enforced; /* 1: the runner has proven itself; every launch asks it anew */
    uint8_t tool_count;
    uint8_t tool_next;              /* the entry that the next tool takes */
    char reason[RECORD_REASON_CAP]; /* ASCII, terminated; unless RECORD_READY */
    struct record_tool tool[RECORD_TOOLS];
    uint8_t check[8]; /* of all before: SHA-256's first 64 bits */
};
_Static_assert(sizeof(struct record) == 8 + 3 * 12 + 8 + 6 + 128 + 128 + 8, "no padding");

/* What a walk does and a canary proves depends on this much of the policy, and on the
 * version of the plan. */
void record_plan(const struct policy *policy, uint8_t key[RECORD_KEY_BYTES]);

/* The key of a PATH value and a tool, by its full path. */
void record_tool_key(struct u16s path, struct u16s tool, uint8_t key[7]);

/* Fills the record but for state, fence, places and reason.  A refusal holds until a
 * FILETIME: what it was for may be put right. */
void record_init(struct record *record, const uint8_t *machine, const uint8_t *plan,
                 const uint8_t *root, uint64_t until);

/* Good until that FILETIME, 0: for ever. */
void record_expire(struct record *record, uint64_t until);

/* Takes in the places of an earlier record, when that is sound and says the same of the
 * same: the proofs there hold on. */
void record_add_places(struct record *record, const struct record *before, size_t bytes);

/* Sets magic and check, the rest being filled. */
void record_seal(struct record *record);

/* Whether the bytes read into *record, `bytes` of them, are a whole record. */
bool record_is_sound(const struct record *record, size_t bytes);

/* Whether it speaks of this machine, plan, root and time. */
bool record_is_for(const struct record *record, const uint8_t *machine,
                   const uint8_t *plan, const uint8_t *root, uint64_t now);

enum record_reads { RECORD_READS_UNKNOWN, RECORD_READS_NOT, RECORD_READS_ALL };

/* What is known of a tool under the strict fence. */
enum record_reads record_tool_reads(const struct record *record, const uint8_t key[7]);

/* Notes it, in the place of the oldest when there are RECORD_TOOLS; seal afterwards. */
void record_add_tool(struct record *record, const uint8_t key[7], bool readable);
