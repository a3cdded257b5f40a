/* SPDX-License-Identifier: MIT
 *
 * The log of runs as files: <data>\log, and what was before it in <data>\log.1.  Written
 * by ringfence.exe outside any fence; no fence may write there.  With the user's rights.
 */
#pragma once

#include "context.h"

#define LOGBOOK_BYTES_MAX 262144u /* of one file: then it becomes the older one */

/* Notes a run that is over, or that was refused: c is complete, tail its arguments, of
 * which only the number is kept, and code what it ends with.  A failure is said on stderr
 * and costs the run nothing. */
void logbook_note(const struct context *c, bool unproven, struct u16s tool,
                  struct u16s tail, uint32_t code);

/* Reads one of the two files whole, *bytes of it: room for LOGBOOK_BYTES_MAX and a line.
 * None is empty. */
MUST_CHECK bool logbook_read(const char16_t *data_dir, bool older, char *out,
                             size_t *bytes, struct err *err);
