/* SPDX-License-Identifier: MIT
 *
 * One launch, from name to exit code: what every shim and `ringfence run` does.
 */
#pragma once

#include "context.h"

struct exec_request {
    struct u16s tool;   /* "git", or for `ringfence run` whatever was typed */
    struct u16s tail;   /* the command line behind it, verbatim */
    bool current_first; /* find it as cmd.exe would, the current directory first */
    struct context_wish wish;
};

/* Finds the tool, sets its environment up, starts it as strongly fenced as is proven here
 * and waits.  Returns the exit code to end with: the tool's own, or one of ours after a
 * line on stderr.  Call it once a process. */
uint32_t exec_run(const struct exec_request *request);

/* The context of that launch as far as it got, once the workspace is known; NULL inside a
 * fence, and with RINGFENCE_BYPASS. */
const struct context *exec_context(void);

/* The context of that launch, if the tool was started under a fence, proven or not; else
 * NULL. */
const struct context *exec_fenced(void);
