/* SPDX-License-Identifier: MIT
 *
 * What the launcher and its runner say to each other: frames with a fixed head, whose
 * length is checked against the frame's kind before anything behind it is read.
 * Pure, and free of the C library.  Numbers are little-endian, text is UTF-16LE.
 *
 *     runner: READY or ERROR            once, into the handle its starter gave it
 *     runner: HELLO                     to every client
 *     client: OFFER                     "handles are on their way into your table"
 *     client: START                     runner: STARTED or ERROR
 *     client: BYE                       "I have my own handles; close yours"
 *   or, instead of an offer,
 *     client: SIGNAL or RESIZE          runner: DONE or ERROR
 */
#pragma once

#include "core/envblock.h"
#include "core/fence.h"

#define WIRE_VERSION    2u
#define WIRE_HEAD_BYTES 8u
#define WIRE_HASH_BYTES 12u    /* what sid_ours takes */
#define WIRE_NAME_BYTES 16u    /* a pipe's name, as random bytes */
#define WIRE_TEXT_MAX   32766u /* units, without terminator: a command line, a path */
#define WIRE_CALL_CAP   96u    /* chars of an error's call, terminator included */

#define WIRE_FDS 35u /* the C runtime's descriptors a command can be given */

#define WIRE_START_FIXED                                                                 \
    (24u + 9u * WIRE_FDS + 5u + (FENCE_ROOTS_MAX + 1u) * WIRE_HASH_BYTES)
#define WIRE_PAYLOAD_MAX                                                                 \
    (WIRE_START_FIXED + 2u * (3u * (WIRE_TEXT_MAX + 1u) + ENVBLOCK_MAX))
#define WIRE_FRAME_MAX (WIRE_HEAD_BYTES + WIRE_PAYLOAD_MAX)
#define WIRE_SMALL_MAX (WIRE_HEAD_BYTES + 640u) /* any frame but START */

enum wire_kind {
    WIRE_READY = 1,
    WIRE_HELLO,
    WIRE_OFFER,
    WIRE_START,
    WIRE_STARTED,
    WIRE_ERROR,
    WIRE_SIGNAL,
    WIRE_RESIZE,
    WIRE_DONE,
    WIRE_BYE,
    WIRE_KINDS
};

/* Where the runner listens. */
struct wire_ready {
    uint8_t name[WIRE_NAME_BYTES];
};

/* What the runner has seen of itself. */
#define WIRE_SEEN_ACCOUNT    0x01u /* it is not the user's own account */
#define WIRE_SEEN_GUARDED    0x02u /* its process shows the list that keeps children out */
#define WIRE_SEEN_RESTRICTED 0x04u /* a trial token showed all its restricting SIDs */
#define WIRE_SEEN_BLOCKED    0x08u /* no try to reach the network got out */
#define WIRE_SEEN_APART      0x10u /* what it starts has nothing of the user's logon */
#define WIRE_SEEN_ALL        0x1Fu

#define WIRE_CAN_TERMINAL                                                                \
    0x01u /* a pseudo console has shown what a child wrote to it                         \
           */
#define WIRE_CAN_ALL 0x01u

struct wire_hello {
    uint32_t pid;
    uint32_t seen;      /* WIRE_SEEN_… */
    uint32_t can;       /* WIRE_CAN_… */
    uint32_t net_tried; /* NETCHECK_BIT: tries that show something */
    uint32_t net_out;   /* those that got out */
    uint32_t net_held;  /* those that only the traffic cap holds */
    struct sid account; /* the runner's own */
};

#define WIRE_START_OFFLINE  0x01u /* cap the job's outgoing traffic */
#define WIRE_START_DETACHED 0x02u /* no console at all */
#define WIRE_START_UNPROVEN 0x04u /* go on where the token shows no restriction */
#define WIRE_START_TERMINAL                                                              \
    0x08u                        /* the first two handles are a pseudo console's ends    \
                                  */
#define WIRE_START_LOWERED 0x10u /* integrity = lowered */
#define WIRE_START_FLAGS   0x1Fu

struct wire_start {
    uint32_t flags;
    /* Inheritable handles in the runner's table, now its own: the standard ones, and what
     * the C runtime's descriptors from 3 on have; 0: none. */
    uint64_t handle[WIRE_FDS];
    uint8_t fd_flags[WIRE_FDS]; /* the runtime's own; 0: it makes them up, if it can */
    uint16_t columns, rows;     /* of the pseudo console; 0 without one */
    uint8_t run[WIRE_HASH_BYTES];
    uint32_t root_count;
    uint8_t root[FENCE_ROOTS_MAX][WIRE_HASH_BYTES];
    struct u16s program; /* full path */
    struct u16s line, cwd;
    struct u16s environment; /* a block; len counts all its terminators */
};

#define WIRE_GOT_BORN     0x01u /* in the job from its first instruction on */
#define WIRE_GOT_UI       0x02u /* the job shows its limits on windows and clipboard */
#define WIRE_GOT_NET_CAP  0x04u /* the job shows its cap */
#define WIRE_GOT_DESKTOP  0x08u /* the runner's private desktop */
#define WIRE_GOT_TERMINAL 0x10u /* a pseudo console */

struct wire_started {
    uint32_t pid;
    uint32_t got;     /* WIRE_GOT_… */
    uint64_t process; /* handles in the runner's table, to be copied by the client */
    uint64_t job;     /* whose last handle kills the tree */
};

struct wire_error {
    uint32_t domain; /* enum err_domain */
    uint32_t code;
    char call[WIRE_CALL_CAP];
    char16_t object[ERR_OBJECT_CAP];
};

struct wire_signal {
    uint32_t pid;   /* of a process in the console that gets it */
    uint32_t event; /* 0 Ctrl-C, 1 Ctrl-Break */
};

struct wire_resize {
    uint32_t pid; /* of a command that was started with a pseudo console */
    uint16_t columns, rows;
};

/* Takes a head apart.  False unless it is of this version and of a kind there is, with a
 * length that kind can have; nothing is touched then but *err. */
MUST_CHECK bool wire_head_read(const uint8_t head[WIRE_HEAD_BYTES], enum wire_kind *kind,
                               size_t *payload_bytes, struct err *err);

/* Each read takes exactly one payload of its kind; false when it is not sound, with *out
 * undefined.  START's text is borrowed from the payload, which lies at an even address;
 * each text is terminated there, has no NUL within, and program and cwd are absolute. */
MUST_CHECK bool wire_ready_read(struct wire_ready *out, const uint8_t *at, size_t bytes);
MUST_CHECK bool wire_hello_read(struct wire_hello *out, const uint8_t *at, size_t bytes);
MUST_CHECK bool wire_start_read(struct wire_start *out, const uint8_t *at, size_t bytes);
MUST_CHECK bool wire_started_read(struct wire_started *out, const uint8_t *at,
                                  size_t bytes);
MUST_CHECK bool wire_error_read(struct wire_error *out, const uint8_t *at, size_t bytes);
MUST_CHECK bool wire_signal_read(struct wire_signal *out, const uint8_t *at,
                                 size_t bytes);
MUST_CHECK bool wire_resize_read(struct wire_resize *out, const uint8_t *at,
                                 size_t bytes);

/* Each write makes a whole frame, head included, of at most cap bytes, and returns its
 * size; 0 when it does not fit or the reader would not take it. */
size_t wire_ready_write(const struct wire_ready *in, uint8_t *out, size_t cap);
size_t wire_hello_write(const struct wire_hello *in, uint8_t *out, size_t cap);
size_t wire_start_write(const struct wire_start *in, uint8_t *out, size_t cap);
size_t wire_started_write(const struct wire_started *in, uint8_t *out, size_t cap);
size_t wire_error_write(const struct wire_error *in, uint8_t *out, size_t cap);
size_t wire_signal_write(const struct wire_signal *in, uint8_t *out, size_t cap);
size_t wire_resize_write(const struct wire_resize *in, uint8_t *out, size_t cap);
/* Of OFFER, DONE and BYE, which are heads only. */
size_t wire_empty_write(enum wire_kind kind, uint8_t *out, size_t cap);

/* An error as the frame has it, and back; the latter borrows *from. */
void wire_error_of(struct wire_error *to, const struct err *err);
void wire_error_give(const struct wire_error *from, struct err *err);

/* The hash in a SID of ours, as START carries it: sid_ours gives the SID back.  False
 * when it is none. */
MUST_CHECK bool wire_hash_of(const struct sid *sid, uint8_t out[WIRE_HASH_BYTES]);

/* Why a runner that has seen this of itself is not proven to enforce; NULL when it is.
 * Without offline the network is no matter.  Static text. */
const char *wire_missing(const struct wire_hello *hello, bool offline);

/* The line in which a launcher notes its runner for the next: "RFR1 PID CREATED NAME\n",
 * all numbers in hexadecimal. */
struct wire_note {
    uint32_t pid;
    uint64_t created; /* FILETIME: the process with this id that is meant */
    uint8_t name[WIRE_NAME_BYTES];
};
#define WIRE_NOTE_BYTES 64u
void wire_note_write(const struct wire_note *note, char out[WIRE_NOTE_BYTES]);
MUST_CHECK bool wire_note_read(struct wire_note *note, const char *at, size_t bytes);
