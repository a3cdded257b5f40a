/* SPDX-License-Identifier: MIT
 *
 * The local volumes that keep no ACLs, and so are confined by no fence.
 */
#pragma once

#include "win/win.h"

/* Appends "E:\ (FAT32), F:\ (exFAT)": drive letters of fixed and removable volumes and
 * RAM disks whose file system keeps no ACLs; nothing when there are none.  Drives without
 * a medium, network drives and CDs are passed over; no dialog ever shows. */
void volumes_without_acls(struct u16buf *out);
