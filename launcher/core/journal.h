/* SPDX-License-Identifier: MIT
 *
 * The journal of root walks: which roots hold entries of ours, and how far each walk got.
 * Pure, and free of the C library.
 *
 * A record is a line of text between two line feeds, appended in one write:
 *
 *     RFJ1 STATE ROOT PLAN TIME ENTRIES FAILED VERSION PATH CHECK
 *
 * ROOT is 24 hex digits, the numbers are decimal, PATH is UTF-8 with "%XXXX" for every
 * unit that is a blank, a control, "%", a lone surrogate or U+FEFF, and CHECK is 16 hex
 * digits: the first 64 bits of SHA-256 over all that stands before it on the line.  The
 * line feed in front keeps a record from sticking to the torn end of another one, the one
 * behind keeps zeros, which a crash may leave, from sticking to it.  Every later version
 * keeps "RFJn" at the start and CHECK at the end: that is how one is told from damage.
 */
#pragma once

#include "core/u16.h"

#define JOURNAL_ROOT_BYTES  12u /* the digest's first 96 bits, as sid_ours takes them */
#define JOURNAL_VERSION_CAP 16u /* chars, terminator included */
#define JOURNAL_PATH_MAX    32767u /* char16_t, without terminator */

/* Room for any record, in bytes, given its path's length in char16_t. */
#define JOURNAL_RECORD_BYTES(path_len) (192u + 5u * (size_t)(path_len))

enum journal_state {
    JOURNAL_BEGUN,    /* the walk that adds our entries is on its way, or was killed */
    JOURNAL_DONE,     /* it went through */
    JOURNAL_CLEARING, /* the walk that removes them is on its way, or was killed */
    JOURNAL_CLEARED,  /* nothing of ours is left there */
    JOURNAL_STATE_COUNT
};

struct journal_record {
    enum journal_state state;
    uint8_t root[JOURNAL_ROOT_BYTES];  /* sid_ours() makes the root SID of it */
    uint32_t plan;                     /* version of the ACL plan applied */
    uint64_t time;                     /* FILETIME, 100 ns since 1601 */
    uint64_t entries;                  /* files and directories seen so far */
    uint64_t failed;                   /* of these */
    char version[JOURNAL_VERSION_CAP]; /* Ringfence's, printable ASCII without blanks */
    const uint8_t *line;               /* read: the line itself, borrowed */
    size_t line_bytes;
};

/* What a journal says, on the caller's array: the latest record of each root, in the
 * order in which the roots first appear. */
struct journal {
    struct journal_record *roots;
    size_t cap;
    size_t count;
    size_t damaged; /* lines that are no record, the torn end not among them: a root may
                       be missing here, so `clean` also looks without the journal */
    bool torn;      /* the last record was cut off; it is not counted */
};

/* Reads the bytes of a journal file, which the records go on borrowing.  Fails, with
 * count, damaged and torn untouched, when any record is another version's, or when there
 * are more than cap roots; roots then holds no meaning. */
MUST_CHECK bool journal_read(struct journal *journal, const void *data, size_t bytes,
                             struct err *err);

/* Appends the path of a record that was read to *out; false when it does not fit or is no
 * path of ours, with *out as it was. */
MUST_CHECK bool journal_path(const struct journal_record *record, struct u16buf *out);

/* Writes one record (line and line_bytes are not looked at) for the root at path into at
 * most cap bytes at out; *bytes is its size.  False, with both untouched, when it does
 * not fit (JOURNAL_RECORD_BYTES always does) or a field has no form: an empty or too long
 * path, a version that is empty or not plain. */
MUST_CHECK bool journal_format(const struct journal_record *record, struct u16s path,
                               uint8_t *out, size_t cap, size_t *bytes);

/* Writes the journal that says the same and nothing else: the latest record of each root
 * that is not JOURNAL_CLEARED.  Never longer than what was read and two bytes.  False,
 * with both outputs untouched, when cap is too small. */
MUST_CHECK bool journal_compact(const struct journal *journal, uint8_t *out, size_t cap,
                                size_t *bytes);
