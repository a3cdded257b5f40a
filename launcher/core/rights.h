/* SPDX-License-Identifier: MIT
 *
 * Access masks: the rights that files know, and how generic ones become real ones.
 * Pure, and free of the C library.
 */
#pragma once

#include <stdint.h>

/* [MS-DTYP] 2.4.3; winnt.h has the same numbers as macros without the prefix. */
#define RIGHT_DELETE          0x00010000u
#define RIGHT_READ_CONTROL    0x00020000u
#define RIGHT_WRITE_DAC       0x00040000u
#define RIGHT_WRITE_OWNER     0x00080000u
#define RIGHT_SYNCHRONIZE     0x00100000u
#define RIGHT_SYSTEM_SECURITY 0x01000000u
#define RIGHT_MAXIMUM_ALLOWED 0x02000000u
#define RIGHT_GENERIC_ALL     0x10000000u
#define RIGHT_GENERIC_EXECUTE 0x20000000u
#define RIGHT_GENERIC_WRITE   0x40000000u
#define RIGHT_GENERIC_READ    0x80000000u

/* Files and directories.  MS: File Access Rights Constants. */
#define RIGHT_FILE_READ_DATA        0x0001u /* list a directory */
#define RIGHT_FILE_WRITE_DATA       0x0002u /* add a file to a directory */
#define RIGHT_FILE_APPEND_DATA      0x0004u /* add a subdirectory to a directory */
#define RIGHT_FILE_READ_EA          0x0008u
#define RIGHT_FILE_WRITE_EA         0x0010u
#define RIGHT_FILE_EXECUTE          0x0020u /* traverse a directory */
#define RIGHT_FILE_DELETE_CHILD     0x0040u
#define RIGHT_FILE_READ_ATTRIBUTES  0x0080u
#define RIGHT_FILE_WRITE_ATTRIBUTES 0x0100u

#define RIGHT_FILE_LIST             RIGHT_FILE_READ_DATA
#define RIGHT_FILE_ADD_FILE         RIGHT_FILE_WRITE_DATA
#define RIGHT_FILE_ADD_SUBDIRECTORY RIGHT_FILE_APPEND_DATA

#define RIGHT_FILE_GENERIC_READ    0x00120089u
#define RIGHT_FILE_GENERIC_WRITE   0x00120116u
#define RIGHT_FILE_GENERIC_EXECUTE 0x001200A0u
#define RIGHT_FILE_ALL             0x001F01FFu

/* What the generic rights mean for one type of object (GENERIC_MAPPING). */
struct rights_mapping {
    uint32_t read;
    uint32_t write;
    uint32_t execute;
    uint32_t all;
};

extern const struct rights_mapping rights_file;

/* mask with its generic rights replaced.  MS: MapGenericMask. */
uint32_t rights_map(uint32_t mask, const struct rights_mapping *mapping);

/* The rights for which a write-restricted token is also held against its restricting
 * SIDs: what only GENERIC_WRITE gives, and the standard rights that change the object.
 * For files 0x116 and those; FILE_DELETE_CHILD is not among them, which is
 * openai/codex#32915. MS: CreateRestrictedToken, WRITE_RESTRICTED ("only for write
 * access"); the exact bits as the design has them, from observation. */
uint32_t rights_write_restricted(const struct rights_mapping *mapping);
