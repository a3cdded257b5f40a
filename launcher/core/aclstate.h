/* SPDX-License-Identifier: MIT
 *
 * What a list says about how far the fence has got: the reading counterpart of aclplan,
 * which writes it.  No other record is kept on the objects.  Pure, and free of the C
 * library.
 */
#pragma once

#include "core/aclplan.h"

/* Whether the directory held something (aclplan's `holds`) when it was last planned, for
 * any root: what that is need not have a protected name, for it may be another root or a
 * git directory that only a file names. */
bool aclstate_held(const struct acl *dacl);

/* Whether it is the directory of a root of another SID than this. */
bool aclstate_is_other_root(const struct acl *dacl, const struct sid *sid);

/* Whether it was planned as the directory of a root that this SID was given, the sandbox
 * accounts' group, which is given many. */
bool aclstate_is_root_of(const struct acl *dacl, const struct sid *sid);

/* Whether it says that it was planned as protected, or as a git directory, for this root.
 * No proof: whoever makes a file gives it any list (roster.h knows better). */
bool aclstate_was_protected(const struct acl *dacl, const struct sid *sid);

/* Whether the list lets this SID delete the directory itself, some entry taking effect
 * there, and denies it not all of `unless`. */
bool aclstate_gives(const struct acl *dacl, const struct sid *sid, uint32_t unless);

/* The SIDs of ours besides *but of which that holds: the roots that the directory lies in
 * and whose walks have not been there since it has been anything to be kept.  Returns how
 * many, at most ACL_OURS_MAX. */
size_t aclstate_givers(const struct acl *dacl, const struct sid *but, uint32_t unless,
                       struct sid *list);

/* Whether the label is ours. */
bool aclstate_is_lowered(const struct secdesc *sd);

/* Turns the list that a root's directory has in the end, acl->bytes bytes of it at list,
 * into one that hands down the same but gives the root itself nothing: what says that the
 * walk has not gone through.  The next aclplan_apply changes it back. */
void aclstate_unfinish(uint8_t *list, const struct acl *acl, const struct sid *sid);

/* The SIDs of ours, or just *only, that have a guard on the directory and are given
 * nothing there: it lies in no root of theirs, but holds one.  Returns how many, at most
 * ACL_OURS_MAX. */
size_t aclstate_guards(const struct acl *dacl, const struct sid *only, struct sid *list);

/* Takes those out of the list to which an object of this dacl, one in that directory,
 * still denies something by itself; returns how many are left. */
size_t aclstate_drop_needed(const struct acl *dacl, struct sid *list, size_t count);
