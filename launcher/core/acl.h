/* SPDX-License-Identifier: MIT
 *
 * Access control lists as bytes: read, built, and edited so that exactly the entries of
 * ours come and go while every other one keeps its bytes and its place in the order.
 * Layouts: [MS-DTYP] 2.4.4 (ACE) and 2.4.5 (ACL).  Pure, and free of the C library.
 */
#pragma once

#include "core/rights.h"
#include "core/sid.h"

#define ACL_BYTES_MAX  65532u /* AclSize has 16 bits, and ends on a multiple of 4 */
#define ACL_HEAD_BYTES 8u
#define ACL_OURS_MAX   64u /* entries of ours in one list */

#define ACL_REVISION_PLAIN  2u
#define ACL_REVISION_OBJECT 4u /* from the first object ACE on */

/* [MS-DTYP] 2.4.4.1, AceType.  Files carry them all; the rest is kept as it is. */
enum ace_type {
    ACE_ALLOW = 0x00,
    ACE_DENY = 0x01,
    ACE_AUDIT = 0x02,
    ACE_ALARM = 0x03,
    ACE_ALLOW_COMPOUND = 0x04,
    ACE_ALLOW_OBJECT = 0x05,
    ACE_DENY_OBJECT = 0x06,
    ACE_AUDIT_OBJECT = 0x07,
    ACE_ALARM_OBJECT = 0x08,
    ACE_ALLOW_CALLBACK = 0x09,
    ACE_DENY_CALLBACK = 0x0A,
    ACE_ALLOW_CALLBACK_OBJECT = 0x0B,
    ACE_DENY_CALLBACK_OBJECT = 0x0C,
    ACE_AUDIT_CALLBACK = 0x0D,
    ACE_ALARM_CALLBACK = 0x0E,
    ACE_AUDIT_CALLBACK_OBJECT = 0x0F,
    ACE_ALARM_CALLBACK_OBJECT = 0x10,
    ACE_LABEL = 0x11,
    ACE_RESOURCE_ATTRIBUTE = 0x12,
    ACE_SCOPED_POLICY = 0x13,
    ACE_PROCESS_TRUST = 0x14,
    ACE_ACCESS_FILTER = 0x15
};

/* [MS-DTYP] 2.4.4.1, AceFlags. */
#define ACE_OBJECT_INHERIT    0x01u
#define ACE_CONTAINER_INHERIT 0x02u
#define ACE_NO_PROPAGATE      0x04u
#define ACE_INHERIT_ONLY      0x08u
#define ACE_INHERITED         0x10u
#define ACE_CRITICAL          0x20u
#define ACE_AUDIT_SUCCESS     0x40u
#define ACE_AUDIT_FAILURE     0x80u

/* The policy bits in the mask of ACE_LABEL, [MS-DTYP] 2.4.4.13. */
#define ACE_LABEL_NO_WRITE_UP   1u
#define ACE_LABEL_NO_READ_UP    2u
#define ACE_LABEL_NO_EXECUTE_UP 4u

#define ACE_GUID_BYTES 16u

/* One entry, borrowed from its list.  Everything below `bytes` is there only if plain:
 * the type is one we know and its parts fit into the entry. */
struct ace {
    size_t index;
    uint8_t type; /* enum ace_type or a number we do not know */
    uint8_t flags;
    const uint8_t *at; /* the whole entry; NULL before acl_next */
    size_t bytes;
    bool plain;
    uint32_t mask;
    struct sid sid;
    const uint8_t *object_type;    /* ACE_GUID_BYTES, or NULL */
    const uint8_t *inherited_type; /* ACE_GUID_BYTES, or NULL */
    const uint8_t *data; /* behind the SID: a condition, an attribute, padding */
    size_t data_bytes;
};

/* A list, borrowed; at NULL where a descriptor has none (everyone has every right). */
struct acl {
    const uint8_t *at;
    size_t bytes; /* AclSize, which may be more than the entries need */
    size_t used;  /* up to the end of the last entry */
    size_t count;
};

/* A list being written into somebody's array.  What does not fit is dropped whole and cut
 * is set: look at it at the end.  The header is right after every step. */
struct aclbuf {
    uint8_t *at;
    size_t bytes;
    size_t cap; /* ACL_BYTES_MAX at most counts; below ACL_HEAD_BYTES is cut at once */
    size_t count;
    bool cut;
};

/* An entry to be written, without extra data. */
struct acl_entry {
    uint8_t type; /* ACE_ALLOW, ACE_DENY or ACE_LABEL */
    uint8_t flags;
    uint32_t mask;
    struct sid sid;
};

/* Which entries acl_edit takes for ours. */
struct acl_ours {
    const struct sid *sid; /* those of this SID; NULL: of every SID with our first part */
    const struct sid *also; /* and those of this one, whatever its first part; or NULL */
    bool marker;            /* and the FILE_DELETE_CHILD markers */
    bool label;             /* and mandatory labels of SID_LEVEL_LOWERED */
    const struct acl_entry *only; /* if not NULL: just what is the same as this */
};

enum acl_result {
    ACL_SAME,    /* the list is already as wanted: *out is a copy of it */
    ACL_CHANGED, /* *out is the new list */
    ACL_TOO_BIG  /* the new list is beyond out's capacity or ACL_BYTES_MAX */
};

/* Looks at a list of at most `bytes` bytes.  False, with *acl untouched, unless its
 * header is sound and all its entries lie within AclSize; their insides may still be
 * anything. */
MUST_CHECK bool acl_read(struct acl *acl, const void *data, size_t bytes);

/* The next entry: start with *ace all zero.  False at the end. */
bool acl_next(const struct acl *acl, struct ace *ace);

/* The entry at an index, as verdicts name it; false beyond the last. */
bool acl_get(const struct acl *acl, size_t index, struct ace *ace);

bool ace_is_allow(uint8_t type); /* of any shape: object, callback, compound */
bool ace_is_deny(uint8_t type);
bool ace_has_object(uint8_t type);                     /* the shape with GUIDs */
bool ace_eq(const struct ace *a, const struct ace *b); /* byte for byte */

/* The marker: a deny for Everyone on FILE_DELETE_CHILD and nothing else, without data,
 * for this folder only or for directories (which is how it is inherited within a
 * protected tree).  It is Everyone's because no SID of ours is looked at for that right.
 */
struct acl_entry acl_marker(uint8_t flags);
bool ace_is_marker(const struct ace *ace);

/* Whether ours covers the entry.  Only plain allow, deny and label entries ever are. */
bool ace_is_ours(const struct ace *ace, const struct acl_ours *ours);

/* Whether explicit denies stand before the other explicit entries and those before
 * inherited ones.  MS: Order of ACEs in a DACL. */
bool acl_is_canonical(const struct acl *acl);

/* An empty list of ACL_REVISION_PLAIN on an array. */
struct aclbuf aclbuf_init(uint8_t *at, size_t cap);
void aclbuf_add(struct aclbuf *b, const struct acl_entry *entry);
/* An object ACE gives the list ACL_REVISION_OBJECT. */
void aclbuf_add_ace(struct aclbuf *b, const struct ace *ace);
/* An entry of any type from its parts: mask, then body as it is. */
void aclbuf_add_raw(struct aclbuf *b, uint8_t type, uint8_t flags, const uint8_t *body,
                    size_t body_bytes);
struct acl aclbuf_acl(const struct aclbuf *b);

/* Writes acl to *out with the entries that `ours` covers replaced by want: explicit
 * denies before everything, explicit allows behind the last explicit entry, inherited
 * denies behind those and inherited allows behind the first run of inherited denies. When
 * the old list has exactly the wanted ones and no deny of them behind an allow, it is the
 * same.  Every other entry, the revision and the slack behind the last entry keep their
 * bytes.  want_count is at most ACL_OURS_MAX.  acl->at must not be NULL (a list in the
 * place of none would take everybody's rights away) nor out's own array, whose content is
 * lost also when the result is ACL_TOO_BIG. */
MUST_CHECK enum acl_result acl_edit(const struct acl *acl, const struct acl_ours *ours,
                                    const struct acl_entry *want, size_t want_count,
                                    struct aclbuf *out);
