/* SPDX-License-Identifier: MIT
 *
 * The escape battery as data: what `ringfence verify` tries without and with the fence,
 * on which thing of its own, and what should come of it.  Runs nothing itself.
 */
#pragma once

#include "core/fence.h"

/* What a child can be told to do.  Each ends with its Win32 error, 0 when done. */
enum battery_act {
    BATTERY_START, /* nothing: the program runs at all */
    BATTERY_CREATE,
    BATTERY_OVERWRITE,
    BATTERY_APPEND,
    BATTERY_TRUNCATE,
    BATTERY_READ,
    BATTERY_DELETE,
    BATTERY_OPEN_DELETE, /* open for DELETE and leave it: a directory with content */
    BATTERY_RENAME,      /* path to other */
    BATTERY_REPLACE,     /* path over other */
    BATTERY_MKDIR,
    BATTERY_RMDIR,
    BATTERY_ATTRIBUTES,
    BATTERY_TIMES,
    BATTERY_DACL,
    BATTERY_OWNER,          /* open for WRITE_OWNER */
    BATTERY_LINK,           /* path becomes one more name of other */
    BATTERY_LINK_WRITE,     /* the same, then other is written to by path */
    BATTERY_JUNCTION_WRITE, /* path becomes a junction to other, and a.txt is written to
                             */
    BATTERY_SET_VALUE,      /* in the registry */
    BATTERY_VM_WRITE,       /* open the process whose id is path */
    BATTERY_VM_READ,
    BATTERY_DUP_HANDLE,
    BATTERY_TERMINATE,
    BATTERY_THREAD,
    BATTERY_PIPE,
    BATTERY_CMD, /* cmd /c exit 7 */
    BATTERY_ACTS
};

/* What path is. */
enum battery_place {
    BATTERY_SCRATCH,  /* below the scratch directory */
    BATTERY_VERBATIM, /* the same by its \\?\ path */
    BATTERY_DEVICE,   /* the same by its \\.\ path */
    BATTERY_SHORT,    /* the same by its 8.3 name */
    BATTERY_TEMP,     /* beside the scratch directory */
    BATTERY_KEY,      /* verify's own key in HKCU\Software */
    BATTERY_PARENT,   /* verify's own process */
    BATTERY_SYSTEM,   /* in System32 */
    BATTERY_NOWHERE
};

/* What should come of it under a fence. */
enum battery_expect {
    BATTERY_DENIED,
    BATTERY_OPEN_STANDARD, /* known to be open under the standard fence, closed by strict
                              (openai/codex#32915) */
    BATTERY_ALLOWED,
    BATTERY_READS /* allowed by the standard fence, denied by the strict one */
};

struct battery_row {
    const char *id; /* stable */
    const char *text;
    const char *path;  /* relative to place */
    const char *other; /* below the scratch directory, or NULL */
    const char *look;  /* what shows that it happened, where that is not path */
    enum battery_act act;
    enum battery_expect expect;
    enum battery_place place;
    bool canary; /* one of those that prove a level */
};

#define BATTERY_MAX 128u

extern const struct battery_row battery_rows[];
extern const size_t battery_count;

/* The word for the command line of the child, and back; false for a word that is none. */
const char *battery_act_name(enum battery_act act);
bool battery_act_read(struct u16s word, enum battery_act *act);

/* Whether the act, when done, can be seen on what it was done to. */
bool battery_act_changes(enum battery_act act);

/* DENIED, OPEN_STANDARD or ALLOWED: what the row means under that fence. */
enum battery_expect battery_expect(const struct battery_row *row, enum fence fence);

/* One file or directory of the scratch directory, parents first. */
struct battery_thing {
    const char *path;
    bool directory;
};

extern const struct battery_thing battery_things[];
extern const size_t battery_thing_count;

#define BATTERY_DOCS     "docs"              /* the user's, outside every root */
#define BATTERY_ROOT     "ws"                /* the workspace */
#define BATTERY_GUARDED  "docs\\guarded.txt" /* deletable only through its directory */
#define BATTERY_CONTENTS "as it was\r\n"
