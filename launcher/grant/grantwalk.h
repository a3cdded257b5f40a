/* SPDX-License-Identifier: MIT
 *
 * The walk of an apply or undo: each object's place in the tree, its plan, and the
 * counts.
 */
#pragma once

#include "grant/grantwork.h"

/* Plans one object, and makes it so.  t->old is read in here; a directory's kind, what it
 * holds and entry->leave are completed. */
enum treewalk_next grantwalk_fence(struct grant *g, struct treewalk_entry *entry,
                                   struct aclplan_object *object, struct tools *t,
                                   struct err *err);

/* Takes ours away from one object. */
enum treewalk_next grantwalk_undo(struct grant *g, struct treewalk_entry *entry,
                                  struct tools *t, struct err *err);

/* Walks from an open directory on, which is g->base, of g->kind and g->reached; false
 * when it could not start. */
bool grantwalk_from(struct grant *g, HANDLE top, struct err *err);
