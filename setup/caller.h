/* SPDX-License-Identifier: MIT
 *
 * The elevated end of the private pipe: connects to the program that asked for elevation,
 * makes sure that it is that one, takes its order and gives it the answer.
 */
#pragma once

#include "core/handover.h"
#include "win/win.h"

/* Connects to the pipe of that name (HANDOVER_NAME_LEN digits) if it is served by the
 * process `pid`, in our own session, whose user is no sandbox account and whose token
 * carries none of our restricting SIDs.  The server may see who we are and cannot act as
 * us.  *pipe is the caller's to close. */
MUST_CHECK bool caller_connect(struct u16s name, uint32_t pid, HANDLE *pipe,
                               struct err *err);

/* Waits 20 seconds for the order; *order is all zero when it fails. */
MUST_CHECK bool caller_take_order(HANDLE pipe, struct handover_order *order,
                                  struct err *err);

/* From here on what is said on stdout and stderr is kept for the answer, and goes nowhere
 * else: at most HANDOVER_TEXT_MAX bytes. */
void caller_listen(void);

/* Sends the answer.  A caller that is gone, or does not read, is no failure of setup. */
void caller_answer(HANDLE pipe, uint32_t exit_code);
