/* SPDX-License-Identifier: MIT
 *
 * The part of a launch that fences: which roots are ready, the token, and what to look at
 * when the tool has ended.  Whatever takes long (proving, walking) is done once by
 * `ringfence prepare`, which this starts and waits for.
 */
#pragma once

#include "context.h"

/* Fills fence, token and evidence of a context whose roots, policy and box are named, and
 * says which roots are usable.  With wish->look_only nothing is started: what is not
 * ready stays so.  Where there was a fence and `ringfence prepare` cannot make it again,
 * the evidence says LEVEL_CANARY_LOST. */
void confine_gather(struct context *context, const struct context_wish *wish);

/* Under the strict fence, after the tool was found: makes sure that it can read the tool,
 * its directory and those on PATH, else falls to the standard one; fails where the policy
 * says `fence = strict`, and where it cannot be told.  `ringfence prepare` has then named
 * what it cannot, or said why. */
MUST_CHECK bool confine_admit(struct context *context, const struct context_wish *wish,
                              struct u16s program, struct err *err);

/* Starts `ringfence prepare` for this workspace, and with a tool's directory for that
 * too, and waits; it says what goes wrong.  False when it cannot be started. */
bool confine_prepare(struct context *context, const struct context_wish *wish,
                     struct u16s tool);

/* Where the record of the root with this digest lies: <data>\box\<root>\fence. */
void confine_record_path(const struct context *context, const uint8_t *digest,
                         struct u16buf *out);

/* Whether a fenced program may have made a link that is on the way to the root, out of an
 * empty directory that it may write to, or beside one; where that leads nobody granted.
 * A link of the user's own may lead where it likes. */
bool confine_is_astray(struct u16s path);

/* Whether the root, of known digest, has a fence that is not to be lost: by its own list
 * or any record of it. */
bool confine_had_fence(const struct context *context, const struct context_root *root);

/* The i-th name that is looked for directly in a root, empty behind the last. */
struct u16s confine_watched(const struct context *context, size_t i);

/* Notes which protected names are directly in each root, before the tool starts. */
void confine_look_before(struct context *context);

/* Has `ringfence tell-new` say which have come into being since, or where the policy says
 * so `ringfence move-new` move them aside; one line where that cannot be started. */
void confine_look_after(const struct context *context);
