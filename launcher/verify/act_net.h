/* SPDX-License-Identifier: MIT
 *
 * The acts that try the network, and what they are tried on: a listener of verify's own
 * on loopback.  Nothing is sent but first packets, to addresses that belong to nobody
 * (192.0.2.1, RFC 5737; 2001:db8::1, RFC 3849) or to that listener, and one question by
 * the system's own resolver for a name below example.com (RFC 2606), which nobody has.
 */
#pragma once

#include "verify/act.h"

/* words->path is the address, or the way (netcheck_name). */
DWORD act_on_net(enum battery_act act, const struct act *words);

/* Listens on a loopback address ("127.0.0.1", "[::1]") at some free port, whose number is
 * added to *port; false when there is none to be had. */
bool act_net_listen(const char16_t *address, struct u16buf *port);

/* Whether somebody connected, and, where asked matters, sent a proxy's request. */
bool act_net_was_reached(bool asked);

void act_net_close(void);
