/* SPDX-License-Identifier: MIT
 *
 * Small files of ours that several processes write: replaced as a whole, or appended to
 * under a lock.  A failure leaves the file as it was, and names the path and the code.
 * With the user's rights; a path longer than MAX_PATH comes in its \\?\ form.
 */
#pragma once

#include "win/win.h"

#define STATEFILE_PATH_CAP 4096u /* char16_t, terminator and our suffix included */

/* Puts a new file with these bytes in the place of path: written beside it under a name
 * of its own ("PATH.tmp-PID-THREAD"), flushed, renamed over it.  A reader sees the old
 * file or the new one; of two writers the later wins.  Waits up to three seconds for
 * readers that keep the old file open, then fails with what MoveFileExW said; a read-only
 * target and a missing directory fail at once.  Needs FILE_ADD_FILE on the directory, and
 * DELETE on the old file or FILE_DELETE_CHILD on the directory.  MS: MoveFileExW,
 * Remarks. */
MUST_CHECK bool statefile_replace(const char16_t *path, const void *data, size_t bytes,
                                  struct err *err);

/* The same, and the new file has this descriptor from its first byte on. */
MUST_CHECK bool statefile_replace_as(const char16_t *path, SECURITY_ATTRIBUTES *security,
                                     const void *data, size_t bytes, struct err *err);

/* Takes the lock of path: "PATH.lock", held open without sharing until *lock is closed,
 * or its process is gone.  Waits up to 5 seconds, then fails with
 * ERROR_SHARING_VIOLATION. statefile_append takes it by itself.  Who replaces a file that
 * others append to holds it from the reading to the end of the replacing. */
MUST_CHECK bool statefile_lock(const char16_t *path, HANDLE *lock, struct err *err);

/* Appends the bytes to path, made if it is missing, and flushes them.  When not all of
 * them could be written the file is cut to its old length. */
MUST_CHECK bool statefile_append(const char16_t *path, const void *data, size_t bytes,
                                 struct err *err);

/* Deletes what killed writers left in the directory: files named as above of processes
 * that are gone.  One that cannot be deleted stays. */
void statefile_sweep(const char16_t *directory);
