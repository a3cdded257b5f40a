/* SPDX-License-Identifier: MIT
 *
 * One question to the network stack: does something listen on a loopback port?
 */
#pragma once

#include "win/win.h"

/* Whether a TCP listener on this machine would take a connection to 127.0.0.1:port. False
 * also when the table cannot be read: nothing was seen there.  MS: GetTcpTable. */
bool net_listens(uint16_t port);
