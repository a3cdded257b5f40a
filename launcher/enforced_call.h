/* SPDX-License-Identifier: MIT
 *
 * Between whoever launches a tool and ringfence-enforced.dll, which takes it to the
 * runner of level enforced from within the launching process: that saves a process at
 * every launch.  The shims have this half only.  With the user's rights.
 */
#pragma once

#include "context.h"
#include "win/process.h"

#define ENFORCED_CALL_DLL  u"ringfence-enforced.dll" /* of the install */
#define ENFORCED_CALL_NAME "ringfence_enforced"

enum enforced_flag {
    ENFORCED_NETWORK_ON = 1,
    ENFORCED_NETWORK_BY_POLICY = 2, /* nobody is to be asked about it */
    ENFORCED_UNPROVEN = 4,
    ENFORCED_LOWERED = 8 /* integrity = lowered */
};

/* One launch.  Every text is terminated as well; all of it stays as it is and where it is
 * until the call returns. */
struct enforced_call {
    uint32_t bytes, root_bytes; /* of this struct, of a struct context_root */
    const char16_t *version;    /* the caller's: see below */
    uint32_t ran;               /* answer: not 0 once the launch was taken on */
    uint32_t code;              /* answer: the exit code to end with, of ours too */
    uint32_t flags;             /* enum enforced_flag */
    uint32_t level;             /* enum level: the proven one, for the log */
    struct u16s install, data, cwd;
    struct u16s program;             /* full path */
    struct u16s line;                /* verbatim, the program's name first */
    struct u16s environment;         /* a block, its len counting all terminators */
    const struct context_root *root; /* the first is the workspace */
    size_t root_count;
    const struct u16s *wish_root; /* those that the command line named */
    size_t wish_root_count;
};

/* The one function that the DLL exports.  Gives its version, as text; with a call of that
 * version and these sizes it runs the launch and sets `ran`, else it touches nothing.
 * With NULL it does nothing besides: that much is so in every version. */
typedef const char16_t *(WINAPI *enforced_call_run)(struct enforced_call *call);

/* Has the DLL of our own install, of our own version, run what *start names, and wait:
 * the exit code is in *code, whatever came of it.  Standard handles that are pipes or
 * files are closed meanwhile, but for stderr.  Fails, having started nothing, where the
 * DLL is missing, is no such DLL or is of another version; the object is its path.  MS:
 * LoadLibraryExW: a full path is not searched for.  Once a process. */
MUST_CHECK bool enforced_call(const struct context *context,
                              const struct context_wish *wish,
                              const struct process_start *start, size_t environment_units,
                              uint32_t *code, struct err *err);
