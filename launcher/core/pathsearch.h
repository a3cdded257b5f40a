/* SPDX-License-Identifier: MIT
 *
 * Finding the real tool: PATH in order, PATHEXT in order, past everything of ours.
 * Pure: what a path is on disk comes from the caller, by file identity, never by name.
 * Free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

#define PATHSEARCH_CAP                                                                   \
    32768u /* char16_t, terminator included: the longest path there is */

/* What the caller found at a path. */
enum pathsearch_kind {
    PATHSEARCH_ABSENT,     /* nothing, a directory, or unreadable */
    PATHSEARCH_TOOL,       /* a file that may be started */
    PATHSEARCH_OURS,       /* a shim or denybin stub, of any Ringfence install */
    PATHSEARCH_DIRECTORY,  /* a directory bears the name */
    PATHSEARCH_STORE_STUB, /* an App Execution Alias that only opens the Store */
    PATHSEARCH_ALIAS /* one of a packaged app: a tool, except to a restricted token, under
                        which no packaged app can be started (error 5 or 1920) */
};

/* Looks at one candidate.  May rewrite *path, the candidate's own text, to what it stands
 * for (an App Execution Alias to its target). */
struct pathsearch_disk {
    enum pathsearch_kind (*look)(void *ctx, struct u16buf *path);
    void *ctx;
};

/* What was passed over on the way, for the message of exit 127. */
struct pathsearch_seen {
    unsigned directories; /* PATH entries looked into */
    unsigned ours;        /* candidates skipped as Ringfence's own */
    unsigned store_stubs; /* App Execution Aliases without an app */
    unsigned not_files;   /* directories that bear the name */
    unsigned aliases;     /* of packaged apps, with no_aliases */
};

struct pathsearch {
    struct u16s name;    /* "git", "build.bat", "C:\x\y", ".\z" */
    struct u16s path;    /* the PATH variable */
    struct u16s pathext; /* the PATHEXT variable; empty: .COM;.EXE;.BAT;.CMD */
    bool current_first;  /* look in the current directory before PATH, as cmd.exe does */
    bool no_aliases;     /* the tool is for a fence: PATHSEARCH_ALIAS is none */
};

/* Finds the first PATHSEARCH_TOOL (or ALIAS) for s->name and leaves its path in *found
 * (storage of PATHSEARCH_CAP).  Only .com .exe .bat .cmd are candidates, in PATHEXT's
 * order, those that PATHEXT lacks last; a name that already ends in one of them is tried
 * as it is first.  A name with a separator or drive is not searched for, only completed.
 * PATH entries: quotes removed, empty ones skipped, a missing separator added. False when
 * there is none; *found is then empty. */
MUST_CHECK bool pathsearch_find(const struct pathsearch *s, struct pathsearch_disk disk,
                                struct u16buf *found, struct pathsearch_seen *seen);

/* Takes the next entry off *path (at == NULL: none are left), quotes and all; a `;`
 * within quotes does not end it.  False when there is none. */
bool pathsearch_next(struct u16s *path, struct u16s *entry);

/* Whether a path ends in .bat or .cmd, as Windows opens it (dots and blanks at the end
 * dropped): cmd.exe must run it. */

/* Appends an entry without its quotes, and a separator where one is missing; nothing when
 * there is nothing else in it. */
void pathsearch_add_entry(struct u16buf *b, struct u16s entry);

bool pathsearch_is_batch(struct u16s path);

/* The directory of a path without its last separator ("C:\x" gives "C:"; none gives an
 * empty slice), and its last component. */
struct u16s pathsearch_dir(struct u16s path);
struct u16s pathsearch_base(struct u16s path);
