/* SPDX-License-Identifier: MIT
 *
 * What a launch says about itself: on failure, with RINGFENCE_DRYRUN and RINGFENCE_TRACE.
 */
#pragma once

#include "context.h"
#include "target.h"

/* "cannot find git …", with what was searched, the current directory too if so, and what
 * was passed over. */
void report_not_found(struct u16s tool, const struct pathsearch_seen *seen,
                      struct u16s path, bool current_too);

/* A context that could not be completed; names the line of a bad policy. */
void report_context_failure(const struct context *context, const struct err *err);

/* The level is below what is required: nothing was started. */
void report_refused_level(const struct context *context);

/* Level, target, command line, network, box and every difference between our environment
 * and the child's block (NULL: ours), a line each.  Values of variables taken out are not
 * shown. */
void report_launch(DWORD where, const struct context *context,
                   const struct target *target, const char16_t *block);
