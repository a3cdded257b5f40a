/* SPDX-License-Identifier: MIT
 *
 * The journal file: which roots hold entries of ours, and how far each walk got.  Several
 * processes may note and read at once.  Part of ringfence.exe only.
 *
 * A command notes JOURNAL_BEGUN before it changes the first thing, JOURNAL_DONE after,
 * JOURNAL_CLEARING and JOURNAL_CLEARED likewise.
 */
#pragma once

#include "core/journal.h"
#include "win/win.h"

#define LEDGER_NAME      u"journal" /* in the data directory */
#define LEDGER_ROOTS_MAX 4096u
#define LEDGER_BYTES_MAX 0x400000u /* a larger one is refused */

/* What the journal says; free it with ledger_clear. */
struct ledger {
    struct journal journal; /* journal.roots, journal.count, journal.damaged, ... */
    uint8_t *data;          /* what the records borrow */
};

/* Reads <data_dir>\journal; none is an empty one.  Fails for one of another version,
 * which is kept as it is.  *ledger is untouched then. */
MUST_CHECK bool ledger_read(const char16_t *data_dir, struct ledger *ledger,
                            struct err *err);
void ledger_clear(struct ledger *ledger);

/* The latest record of the root with this digest (JOURNAL_ROOT_BYTES), or NULL.
 * journal_path gives its path. */
const struct journal_record *ledger_root(const struct ledger *ledger,
                                         const uint8_t *digest);

/* Appends a record for the root at path: state, root, plan, entries and failed are the
 * caller's, time and version are filled in.  The file is flushed before this returns, and
 * now and then rewritten without what is no longer needed.  Fails, and changes nothing,
 * when the journal is another version's. */
MUST_CHECK bool ledger_note(const char16_t *data_dir, const struct journal_record *record,
                            const char16_t *path, struct err *err);

/* Rewrites the journal now: no root that is cleared is in it any more, and nothing that
 * is damaged, which is thereby forgotten.  None there is fine. */
MUST_CHECK bool ledger_compact(const char16_t *data_dir, struct err *err);
