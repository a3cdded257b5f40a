/* SPDX-License-Identifier: MIT
 *
 * Tries to reach the network from this process, in every way that is known to pass by a
 * filter on an account.  Sends nothing but the first packets of connections to an address
 * that belongs to nobody (192.0.2.1, RFC 5737), and waits for no answer longer than told.
 */
#pragma once

#include "core/netcheck.h"
#include "win/win.h"

/* Makes every try at once and gives all of them wait_ms.  What Winsock or the system does
 * not have shows in the tries; ends the process if it could not stop impersonating. */
void netproof_run(DWORD wait_ms, struct netcheck_try tries[NETCHECK_WAYS]);
