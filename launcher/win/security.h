/* SPDX-License-Identifier: MIT
 *
 * Reading what the access check reads: descriptors of files, and our own token as the
 * model has it; and writing the edits of a descriptor that aclplan makes.
 */
#pragma once

#include "core/accesscheck.h"
#include "core/aclplan.h"
#include "win/win.h"

#define SECURITY_BYTES_MAX  SECDESC_BYTES_MAX
#define SECURITY_GROUPS_MAX 1024u /* a token holds 1,015 groups at most */

/* A descriptor and the bytes it lies in; large: not for the stack. */
struct security {
    uint8_t bytes[SECURITY_BYTES_MAX];
    struct secdesc sd;
    bool is_directory; /* these two by security_read only */
    bool no_acls;      /* the volume keeps none (FAT): sd is what the system makes up */
};

enum security_read {
    SECURITY_READ,
    SECURITY_ABSENT, /* no such file or directory */
    SECURITY_FAILED  /* *err says why; READ_CONTROL is what is needed */
};

/* Owner, group, DACL and, from Windows Vista on, the label of a file or directory; a
 * link's own, not its target's.  MS: NtQuerySecurityObject. */
enum security_read security_read(const char16_t *path, struct security *security,
                                 struct err *err);

/* Likewise of an open one, with READ_CONTROL.  *err has no object. */
MUST_CHECK bool security_read_handle(HANDLE file, struct security *security,
                                     struct err *err);

/* Whether the volume of an open file keeps lists at all.  MS:
 * NtQueryVolumeInformationFile; [MS-FSCC] 2.5.1, FILE_PERSISTENT_ACLS. */
bool security_is_kept(HANDLE file);

enum security_write {
    SECURITY_WRITTEN,
    SECURITY_NOT_KEPT, /* the call succeeded, but the object shows another list (Wine) */
    SECURITY_NOT_WRITTEN /* *err says why, without an object */
};

/* Opens a file or directory for reading and writing its list, a link itself rather than
 * its target: READ_CONTROL|WRITE_DAC.  *out is the caller's to close. */
MUST_CHECK bool security_open(const char16_t *path, HANDLE *out, struct err *err);

/* Writes what an edit changes, its DACL (the file needs WRITE_DAC) and its label
 * (WRITE_OWNER), and reads both back (READ_CONTROL).  Protection and inheritance flags
 * stay.  Nothing below the file is touched: passing entries on to what is there already
 * is the business of SetSecurityInfo, not of the system call.  room: SECURITY_BYTES_MAX
 * bytes of the caller's.  MS: SECURITY_INFORMATION (the rights needed); Automatic
 * Propagation of Inheritable ACEs; SECURITY_DESCRIPTOR_CONTROL. */
enum security_write security_write(HANDLE file, const struct aclplan_edit *edit,
                                   uint8_t *room, struct err *err);

/* This process's token. */
struct security_token {
    struct accesscheck_token model; /* borrows sid and restricting below */
    struct accesscheck_sid sid[SECURITY_GROUPS_MAX + 1]; /* the user is the first */
    struct sid restricting[SECURITY_GROUPS_MAX];
    struct sid user;
    bool has_logon;
    struct sid logon;
};

/* Whether it is write-restricted cannot be asked of an older Windows; a restricted one
 * counts as it unless it names RESTRICTED, as the strict fence does. */
MUST_CHECK bool security_token(struct security_token *token, struct err *err);
