/* SPDX-License-Identifier: MIT
 *
 * Starting one child the way our own parent started us, and being out of its way.
 */
#pragma once

#include "win/win.h"

struct process_start {
    const char16_t *program;       /* full path */
    char16_t *command_line;        /* written to by CreateProcessW */
    char16_t *environment;         /* a Unicode block, or NULL for our own */
    HANDLE token;                  /* restricted primary token, or NULL for our own */
    SECURITY_ATTRIBUTES *security; /* of the process and thread under a token, or NULL */
    void *token_security; /* the descriptor of what is then the child's own token: it gets
                             this DACL before the child runs, where we may set it */
};

/* Starts the child with our own STARTUPINFO (C runtime descriptors, window, desktop,
 * title), in our console or, like us, in none.  It inherits what we would: every
 * inheritable handle.  Under a token only the standard handles and the runtime's
 * descriptors, where the system can choose (process_can_choose): what others have left
 * inheritable may be open for writing outside the fence.  *process (PROCESS_ALL_ACCESS)
 * is the caller's to close.  Fails with what CreateProcessW or CreateProcessAsUserW say,
 * the program as the object. */
MUST_CHECK bool process_start(const struct process_start *start, HANDLE *process,
                              struct err *err);

/* Whether a child can be given some of the inheritable handles only: not before Windows
 * Vista.  MS: InitializeProcThreadAttributeList. */
bool process_can_choose(void);

/* Closes our copies of what the child got, pipes and files among the standard handles and
 * the C runtime's further descriptors, so that the other ends see the child's own close.
 * keep_stderr leaves that one (and its twin) open for a last line. */
void process_drop_handles(bool keep_stderr);

/* Waits for the child and copies its full exit code. */
MUST_CHECK bool process_wait(HANDLE process, uint32_t *exit_code, struct err *err);
