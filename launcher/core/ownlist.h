/* SPDX-License-Identifier: MIT
 *
 * Lists that let in an object's owner alone, and what a fence has to add to one so that
 * whoever made the object can use it: exactly the entries of the fence that a directory
 * inherits where it is made with no list of its own.  Those let in nobody but fenced
 * programs of the same workspace, who still need the user's own right.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/secdesc.h"

/* Whether the list is a directory's for its owner alone: nothing but plain allows of full
 * access, handed down to files and directories, for SYSTEM, administrators and the owner,
 * whether as OWNER RIGHTS or by the SID user; and the owner among them.
 * What CPython's os.mkdir makes of the mode 0o700. */
bool ownlist_is_private(const struct acl *dacl, const struct sid *user);

/* Writes old to *out with what a directory made in one with the list parent inherits of
 * ours: allows behind its own entries, denies and markers before them.  False when that
 * is nothing, or does not fit: then the list stays as it is.  [MS-DTYP] 2.5.3.4.4. */
MUST_CHECK bool ownlist_add_inherited(const struct acl *old, const struct acl *parent,
                                      struct aclbuf *out);
