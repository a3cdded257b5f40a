/* SPDX-License-Identifier: MIT
 *
 * What the elevated part makes and the launcher looks for, by name.
 */
#pragma once

#define SANDBOX_GROUP   u"RingfenceUsers"
#define SANDBOX_OFFLINE u"RingfenceOffline"
#define SANDBOX_ONLINE  u"RingfenceOnline"
#define SANDBOX_SECRET                                                                   \
    u"accounts" /* the sealed passwords, in the user's data directory */
