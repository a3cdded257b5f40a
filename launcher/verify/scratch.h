/* SPDX-License-Identifier: MIT
 *
 * The scratch directory that `ringfence verify` tries things on: made below the user's
 * TEMP with the rights of a directory in the profile, fenced like a workspace, looked at,
 * and removed.  Touches nothing that it did not make.
 */
#pragma once

#include "core/sha256.h"
#include "verify/battery.h"
#include "win/win.h"

struct scratch {
    struct u16buf path;      /* full, without a backslash at its end */
    struct u16buf beside;    /* a file next to it; there only while a row makes it */
    struct sid root;         /* of its workspace */
    const struct sid *group; /* the sandbox accounts', to be given it too; or NULL */
    bool lowered;            /* the workspace gets the label as well */
    bool not_kept; /* the system shows other lists than those it was given (Wine) */
    bool refused;  /* something in it cannot be given a list */
};

/* Names a new scratch directory and makes it.  What was made before a failure is
 * scratch_remove's to take away. */
MUST_CHECK bool scratch_init(struct scratch *scratch, bool lowered, struct err *err);

/* Makes everything in it anew, as battery_things says, and gives the workspace its fence.
 */
MUST_CHECK bool scratch_fill(struct scratch *scratch, struct err *err);

/* Takes everything away again; false, with *err naming it, when something stays. */
MUST_CHECK bool scratch_remove(struct scratch *scratch, struct err *err);

/* A path below the scratch directory. */
void scratch_path(const struct scratch *scratch, const char *below, struct u16buf *out);

/* All that an act could have changed about one thing. */
struct scratch_look {
    bool there;
    DWORD attributes, links, size_low, index_high, index_low;
    FILETIME written; /* files only: a directory's follows what is in it */
    uint8_t contents[SHA256_BYTES];
    uint8_t security[SHA256_BYTES]; /* owner and DACL */
};

void scratch_look(const char16_t *path, struct scratch_look *look);
bool scratch_same(const struct scratch_look *a, const struct scratch_look *b);

/* All to the user, SYSTEM and Administrators, for everything in it, and nothing from
 * above: what a profile has, wherever TEMP is.  Lies in static storage. */
MUST_CHECK bool scratch_security(SECURITY_ATTRIBUTES *attributes, struct err *err);
