/* SPDX-License-Identifier: MIT
 *
 * How far `ringfence setup --user` is, as the small file says that it keeps:
 *
 *     RFU1 STATE PID BORN STARTED UPDATED ENTRIES CLOSED FAILED
 *
 * one line of text, numbers decimal.  The file is replaced as a whole, so that a reader
 * never sees half of it.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/u16.h"

#define USERSETUP_BYTES_MAX 192u /* of any line that usersetup_format writes */

enum usersetup_state {
    USERSETUP_ADDING,   /* on its way, if the process is still there */
    USERSETUP_REMOVING, /* --undo, likewise */
    USERSETUP_DONE,
    USERSETUP_UNDONE,
    USERSETUP_STOPPED,  /* by Ctrl-C; the next run continues */
    USERSETUP_NO_ACLS,  /* the profile's volume keeps none */
    USERSETUP_NOT_KEPT, /* the profile does not show what was written to it (Wine) */
    USERSETUP_FAILED,
    USERSETUP_STATE_COUNT
};

struct usersetup {
    enum usersetup_state state;
    uint32_t pid;
    uint64_t born; /* when that process started: tells it from a later one with its id */
    uint64_t started; /* of the walk; this and the others are FILETIMEs */
    uint64_t updated;
    uint64_t entries; /* files and directories seen */
    uint64_t closed;  /* stores found, which stay closed */
    uint64_t failed;
};

const char *usersetup_state_name(enum usersetup_state state); /* "adding", ... */

/* Writes the line, USERSETUP_BYTES_MAX bytes being enough; returns its size. */
size_t usersetup_format(const struct usersetup *setup, char *out);

/* Reads it.  False, with *setup untouched, for anything that usersetup_format does not
 * write: another version's, or damage. */
MUST_CHECK bool usersetup_parse(struct usersetup *setup, const char *text, size_t bytes);
