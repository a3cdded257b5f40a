/* SPDX-License-Identifier: MIT
 *
 * The unelevated end of setup: starts ringfence-setup.exe elevated, hands it the order
 * over a private pipe that nobody else has the other end of, and takes its answer.  Part
 * of ringfence.exe only; with the user's rights.
 */
#pragma once

#include "core/handover.h"
#include "win/win.h"

struct elevate {
    const char16_t *program; /* ringfence-setup.exe, full path */
    struct u16s words;       /* its command line, without --caller */
    const struct handover_order *order;
    HANDLE stop; /* an event: give up; or NULL */
};

struct elevate_answer {
    uint32_t exit_code; /* of the process */
    bool has_text;    /* it answered, which it does unless it was killed or refused us */
    size_t out_bytes; /* of text, for stdout; UTF-8 */
    size_t err_bytes; /* behind these, for stderr */
    char text[HANDOVER_TEXT_MAX];
};

/* Waits a minute for the process to connect, and 15 for what it does.  False, with *err,
 * when it did not come to that: ERROR_CANCELLED when the user refused the elevation.  Who
 * else connects is refused, and gets nothing.  The order is the caller's to wipe.
 *
 * The pipe: the first and only instance of a random name, not through the network, for
 * the user, SYSTEM and Administrators, for another administrator may have typed his name.
 * MS: GetNamedPipeClientProcessId, without which (before Windows Vista) nothing is done.
 */
MUST_CHECK bool elevate_run(const struct elevate *how, struct elevate_answer *answer,
                            struct err *err);
