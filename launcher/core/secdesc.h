/* SPDX-License-Identifier: MIT
 *
 * Self-relative security descriptors, as the system hands them out and takes them back.
 * Layout: [MS-DTYP] 2.4.6.  Pure, and free of the C library.
 */
#pragma once

#include "core/acl.h"

#define SECDESC_HEAD_BYTES 20u
#define SECDESC_BYTES_MAX  (SECDESC_HEAD_BYTES + 2u * ACL_BYTES_MAX + 2u * 68u)

/* Control, [MS-DTYP] 2.4.6. */
#define SECDESC_DACL_PRESENT     0x0004u
#define SECDESC_SACL_PRESENT     0x0010u
#define SECDESC_DACL_INHERIT_REQ 0x0100u
#define SECDESC_SACL_INHERIT_REQ 0x0200u
#define SECDESC_DACL_INHERITED   0x0400u
#define SECDESC_SACL_INHERITED   0x0800u
#define SECDESC_DACL_PROTECTED   0x1000u
#define SECDESC_SACL_PROTECTED   0x2000u
#define SECDESC_RM_CONTROL_VALID 0x4000u
#define SECDESC_SELF_RELATIVE    0x8000u

/* A descriptor taken apart; its lists are borrowed.  A list that is not PRESENT and one
 * that is but has at NULL mean the same: for the DACL, that everyone has every right. */
struct secdesc {
    uint16_t control;
    uint8_t rm_control; /* of the resource manager; kept */
    bool has_owner;
    bool has_group;
    struct sid owner;
    struct sid group;
    struct acl dacl;
    struct acl sacl;
};

/* Looks at a descriptor of at most `bytes` bytes.  False, with *sd untouched, unless it
 * is self-relative, of revision 1, and its parts are whole and within the bytes. */
MUST_CHECK bool secdesc_read(struct secdesc *sd, const void *data, size_t bytes);

/* Writes *sd with its lists as they are; the flags that say what is there follow what is
 * there.  False, with *bytes untouched, when that needs more than cap. */
MUST_CHECK bool secdesc_write(const struct secdesc *sd, uint8_t *out, size_t cap,
                              size_t *bytes);

/* The entry in the SACL that says the object's level, inherit-only ones passed over;
 * false when there is none. */
bool secdesc_label(const struct secdesc *sd, struct ace *label);
