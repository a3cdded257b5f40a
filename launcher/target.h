/* SPDX-License-Identifier: MIT
 *
 * What a launch really starts: the tool past everything of ours, npm without cmd.exe, a
 * batch file through cmd.exe with its arguments made safe, or a denybin stub.
 */
#pragma once

#include "context.h"
#include "core/pathsearch.h"

struct target {
    struct u16buf program; /* full path of the exe to start */
    struct u16buf line;    /* its command line */
    bool is_stub;          /* a denybin stub stands in for the tool */
    struct pathsearch_seen seen;
};

enum target_result {
    TARGET_FOUND,
    TARGET_NOT_FOUND, /* *seen tells what was passed over */
    TARGET_REFUSED    /* found, but cannot be started safely: *err says why */
};

struct target_request {
    struct u16s tool;   /* as the user or the shim's file name has it */
    struct u16s tail;   /* the command line behind it, verbatim */
    bool current_first; /* look in the current directory first, as cmd.exe does */
    bool may_deny;      /* the network is off: a denybin stub of this name goes first */
};

/* Finds it.  *target's buffers are this module's own, good until the process ends. */
enum target_result target_find(const struct context *context,
                               const struct target_request *request,
                               struct target *target, struct err *err);
