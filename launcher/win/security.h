/* SPDX-License-Identifier: MIT
 *
 * Reading what the access check reads: descriptors of files, and our own token as the
 * model has it.  Changes nothing.
 */
#pragma once

#include "core/accesscheck.h"
#include "win/win.h"

#define SECURITY_BYTES_MAX  SECDESC_BYTES_MAX
#define SECURITY_GROUPS_MAX 1024u /* a token holds 1,015 groups at most */

/* A descriptor and the bytes it lies in; large: give it static storage. */
struct security {
    uint8_t bytes[SECURITY_BYTES_MAX];
    struct secdesc sd;
    bool is_directory;
    bool no_acls; /* the volume keeps none (FAT): sd is what the system makes up */
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

enum security_write {
    SECURITY_WRITTEN,
    SECURITY_NOT_KEPT, /* the call succeeded, but the object shows another list (Wine) */
    SECURITY_NOT_WRITTEN /* *err says why */
};

/* Opens a file or directory for reading and writing its list, a link itself rather than
 * its target: READ_CONTROL|WRITE_DAC.  *out is the caller's to close. */
MUST_CHECK bool security_open(const char16_t *path, HANDLE *out, struct err *err);

/* Writes the DACL of an edit that is ACLPLAN_CHANGED to the file
 * (WRITE_DAC|READ_CONTROL), keeps its protection and inheritance flags, touches nothing
 * below it, and reads it back. Labels are not written yet.  MS: NtSetSecurityObject;
 * SetSecurityDescriptorControl. */
enum security_write security_write_dacl(HANDLE file, const struct secdesc *sd,
                                        struct err *err);

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
