/* SPDX-License-Identifier: MIT
 *
 * What the elevated part makes and the launcher looks for, by name.
 */
#pragma once

#define SANDBOX_GROUP   u"RingfenceUsers"
#define SANDBOX_OFFLINE u"RingfenceOffline"
#define SANDBOX_ONLINE  u"RingfenceOnline"

/* The sealed passwords, in the data directory; core/stores closes what is so called. */
#define SANDBOX_SECRET u"secret"
