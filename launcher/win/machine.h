/* SPDX-License-Identifier: MIT
 *
 * Which Windows and which Ringfence this is, as a key that changes with every update of
 * either.  Cheap: the shims compare it at every launch.
 */
#pragma once

#include "core/proof.h"
#include "win/win.h"

/* The proof_key of this machine and this program.  The version is the system's own
 * (RtlGetVersion, which no manifest bends), the update is UBR below
 * HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion, 0 where it cannot be read.  False
 * when there is no RtlGetVersion.  MS: RtlGetVersion. */
MUST_CHECK bool machine_key(uint8_t key[PROOF_KEY_BYTES]);

/* Whether this is Windows Server 2003, or older, or what stands for one: tokens, labels
 * and filters are others there.  False when there is no RtlGetVersion. */
bool machine_is_before_vista(void);

/* Whether this process runs in the session of services (0), as what comes in by OpenSSH
 * does, and not in somebody's own. */
bool machine_is_services(void);
