/* SPDX-License-Identifier: MIT
 *
 * Level enforced from the launcher's side: the sandbox account, its password, and whether
 * its runner has proven itself.  Part of ringfence.exe only; with the user's rights.
 */
#pragma once

#include "context.h"
#include "remote/remote.h"

/* Fills account, install and data of *request for the launch in *c: the account without a
 * network or the one with.  Fails when setup has not been run for this user.  No password
 * is opened here: starting a runner does that. */
MUST_CHECK bool enforced_request(const struct context *c, bool network_on,
                                 struct remote_request *request, struct err *err);

/* Looks that the sandbox accounts' group has its entries on every root of the launch,
 * which it has not where a root was granted without it: such a root is prepared again, by
 * one more process, and looked at once more.  One descriptor a root otherwise.  Fails
 * with the root named; every access of the tool would be denied there. */
MUST_CHECK bool enforced_give_roots(struct context *c, const struct context_wish *wish,
                                    struct err *err);

/* The runner of the account without a network, once it has proven itself. */
struct enforced_runner {
    const struct remote_request *request; /* this module's own; without the password */
    uint32_t net_held;                    /* NETCHECK_BIT: only the traffic cap holds */
};

/* Starts that runner, or meets the one that is warm, and says what is missing from its
 * proof: NULL when nothing is, and *runner is filled; else static text. */
const char *enforced_missing(const struct context *c, struct enforced_runner *runner,
                             struct err *err);

/* Asks on the terminal, unless the policy says `network = on`, and notes the answer in
 * <data>\network.log: "2026-11-27T18:40:12Z yes|no|policy ROOT: COMMAND", in UTC.  False
 * when it is no, or there is nobody to ask. */
bool enforced_allow_network(const struct context *c, struct u16s what);
