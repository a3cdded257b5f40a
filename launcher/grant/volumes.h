/* SPDX-License-Identifier: MIT
 *
 * Volumes: which file system, and whether it keeps ACLs.  Where it keeps none, no fence
 * confines anything.
 */
#pragma once

#include "win/win.h"

struct volume {
    char16_t file_system[32]; /* "NTFS", "FAT32"; "" when it cannot be had */
    bool no_acls;             /* it says that it keeps none */
    bool remote;              /* on a server */
};

/* The volume that the open file or directory (any access) is on.  What cannot be asked
 * stays false: what is on it speaks for itself.  [MS-FSCC] 2.5.1, 2.5.10. */
void volume_of(HANDLE file, struct volume *volume);

/* Appends "E:\ (FAT32), F:\ (exFAT)": the drives with a fixed or removable medium or in
 * memory whose file system keeps no ACLs; nothing when there are none.  Drives without a
 * medium, floppy, network, CD and subst drives are passed over; no dialog ever shows. */
void volumes_without_acls(struct u16buf *out);
