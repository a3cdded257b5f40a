/* SPDX-License-Identifier: MIT
 *
 * Tries to reach the network from this process, in every way that is known to pass by a
 * filter on an account, and measures how much gets through.  Sends first packets of
 * connections, single datagrams and short bursts of them, to addresses that belong to
 * nobody (192.0.2.1, RFC 5737; 2001:db8::1, RFC 3849) and to ourselves.
 *
 * What Winsock or the system does not have shows in the results.  Ends the process if it
 * could not stop impersonating.
 */
#pragma once

#include "core/netcheck.h"
#include "win/win.h"

#define NETPROOF_KIND(kind) (1u << (kind))
#define NETPROOF_ALL        ((1u << NETCHECK_KINDS) - 1)

/* Makes every try of those kinds at once and gives all of them wait_ms; those of others
 * stay as they are. */
void netproof_run(unsigned kinds, DWORD wait_ms, struct netcheck *n);

/* Connects to a port on loopback where nobody should be; only a refusal says anything. */
void netproof_loopback(struct netcheck_try loopback[NETCHECK_FAMILIES]);

/* A burst that way, and what the interface it goes by has sent until a little later. */
void netproof_burst(enum netcheck_kind kind, enum netcheck_way way,
                    struct netcheck_burst *burst);

/* One to ourselves, on loopback; offered is 0 where there is none. */
void netproof_to_self(struct netcheck_burst *burst);

/* Whether a family has a route to those addresses; sends nothing. */
bool netproof_has_route(unsigned family);
