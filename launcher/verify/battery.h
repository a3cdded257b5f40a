/* SPDX-License-Identifier: MIT
 *
 * The escape battery as data: what `ringfence verify` tries without and with the fence,
 * on which thing of its own, and what should come of it.  Runs nothing itself.
 */
#pragma once

#include "core/fence.h"

/* What a child can be told to do.  Each ends with its Win32 error, 0 when done. */
enum battery_act {
    /* to files */
    BATTERY_CREATE,
    BATTERY_CREATE_GONE, /* create a file that goes with the child */
    BATTERY_OVERWRITE,
    BATTERY_OPEN_WRITE, /* open for writing, and leave it */
    BATTERY_OPEN_READ,  /* open for reading, or listing, and leave it unread */
    BATTERY_APPEND,
    BATTERY_TRUNCATE,
    BATTERY_READ,
    BATTERY_DELETE,
    BATTERY_OPEN_DELETE, /* open for DELETE and leave it: a directory with content */
    BATTERY_RENAME,      /* path to other */
    BATTERY_RENAME_BARE, /* the same within its directory, which is then not named */
    BATTERY_REPLACE,     /* path over other */
    BATTERY_MKDIR,
    BATTERY_RMDIR,
    BATTERY_ATTRIBUTES,
    BATTERY_TIMES,
    BATTERY_DACL,
    BATTERY_OWNER,          /* open for WRITE_OWNER */
    BATTERY_LINK,           /* path becomes one more name of other */
    BATTERY_LINK_WRITE,     /* the same, then other is written to by path */
    BATTERY_JUNCTION_WRITE, /* path becomes a junction to other, and look, which is in
                               other, is written to through it */
    BATTERY_TURN_WRITE,     /* the same, path being a directory, which is emptied first */
    BATTERY_SYMLINK_WRITE,  /* path is a symbolic link to other, of verify's own: look,
                               which is other or in it, is written to through it */
    BATTERY_SWAP_WRITE,     /* path is by turns a directory and a junction to other, while
                               a.txt in it is written to */
    /* to anything else */
    BATTERY_START,     /* nothing: the program runs at all */
    BATTERY_WAIT,      /* be there, for others to act on */
    BATTERY_BE_WINDOW, /* have a window named path until a message comes */
    BATTERY_SET_VALUE,
    BATTERY_CREATE_KEY,
    BATTERY_VM_WRITE, /* open the process whose id is path */
    BATTERY_VM_READ,
    BATTERY_DUP_HANDLE,
    BATTERY_MAY_TERMINATE,
    BATTERY_MAY_THREAD,
    BATTERY_TERMINATE,    /* do it */
    BATTERY_MEMORY,       /* write into it */
    BATTERY_THREAD,       /* run one in it */
    BATTERY_CONNECT_PIPE, /* as the runner's clients do, and say nothing */
    BATTERY_PIPE,
    BATTERY_OWN_PIPE,     /* make a named pipe with no descriptor and open its other end,
                             as Node and Ninja do for their children */
    BATTERY_OWN_DIR,      /* make a directory for its owner alone, and a file in it, as
                             Python does for its temporary ones; both go with the child */
    BATTERY_MENDED_PIPE,  /* these two with ringfence-objects.dll loaded, as it is by Node
                           */
    BATTERY_MENDED_DIR,   /* and Python */
    BATTERY_CMD,          /* cmd /c exit 7 */
    BATTERY_CHILD_CREATE, /* have a child of its own create the file */
    BATTERY_POST,         /* a message to that window */
    BATTERY_CLIPBOARD,    /* open it */
    BATTERY_SERVICE,      /* open the service manager to create one */
    /* to the network: done means that something got out, whatever came back */
    BATTERY_CONNECT_AS,  /* as whom path says (netcheck_name) */
    BATTERY_CONNECT_OUT, /* to path, where nobody is */
    BATTERY_DATAGRAM,
    BATTERY_ECHO,       /* ICMP */
    BATTERY_RAW,        /* a raw socket */
    BATTERY_HTTP,       /* by WinHTTP */
    BATTERY_CONNECT_TO, /* to verify's listener at path */
    BATTERY_ASK_PROXY,  /* the same, and ask it for somebody else */
    BATTERY_SMB,        /* open path, where nobody is, by a child of its own */
    BATTERY_RESOLVE,    /* have the system resolve a name that nobody has asked for */
    BATTERY_ACTS
};
#define BATTERY_FIRST_OTHER BATTERY_START
#define BATTERY_FIRST_NET   BATTERY_CONNECT_AS

/* What path is. */
enum battery_place {
    BATTERY_SCRATCH,     /* below the scratch directory */
    BATTERY_VERBATIM,    /* the same by its \\?\ path */
    BATTERY_DEVICE,      /* the same by its \\.\ path */
    BATTERY_UNC_NAME,    /* the same as \\localhost\C$\... */
    BATTERY_UNC_ADDRESS, /* the same as \\127.0.0.1\C$\... */
    BATTERY_SHORT,       /* the same by 8.3 names */
    BATTERY_TEMP,        /* beside the scratch directory */
    BATTERY_DATA_FILE,   /* a file of verify's own in Ringfence's own directory */
    BATTERY_VOLUME,      /* at the root of a volume without ACLs */
    BATTERY_STARTUP,     /* in the Startup folder */
    BATTERY_DATA,        /* in Ringfence's own directory; path: where it is there */
    BATTERY_KEY,         /* verify's own key in HKCU\Software, or below it */
    BATTERY_MACHINE_KEY, /* a new one in HKLM\SOFTWARE */
    BATTERY_PARENT,      /* verify's own process */
    BATTERY_OTHER,       /* another process of the user, without a fence */
    BATTERY_OTHER_RUN,   /* one behind the fence of another run */
    BATTERY_WINDOW,      /* the name of a window of the user's */
    BATTERY_NAMED_PIPE,  /* a pipe of the user's */
    BATTERY_TASK,        /* the name of a scheduled task */
    BATTERY_SYSTEM,      /* in System32 */
    BATTERY_PROFILE,     /* in the user's profile, where it is there already */
    BATTERY_STORE,       /* a file of verify's own in such a directory */
    BATTERY_RUNNER,      /* the process of the sandbox account that starts children */
    BATTERY_RUNNER_PIPE,
    BATTERY_LISTENER, /* of verify's own, at the loopback address that path is */
    BATTERY_PROXY,    /* the same, and what it is sent counts */
    BATTERY_URL,      /* http:// at the same */
    BATTERY_LITERAL,  /* path as it is */
    BATTERY_NOWHERE
};
#define BATTERY_LAST_FILE BATTERY_VOLUME /* up to here there is a file to look at */

/* What should come of it under a fence. */
enum battery_expect {
    BATTERY_DENIED,
    BATTERY_OPEN_STANDARD, /* known to be open under the standard fence, closed by strict
                              (openai/codex#32915) */
    BATTERY_OPEN,          /* known to be open under all */
    BATTERY_OPEN_MEDIUM,   /* the same, closed by integrity = lowered */
    BATTERY_OPEN_LOGON, /* the same, and by enforced, whose children have nothing of it */
    BATTERY_OPEN_CONFINED, /* known to be open under both fences, closed by enforced */
    BATTERY_LOOPBACK,      /* as the loopback policy of setup has it */
    BATTERY_ALLOWED,
    BATTERY_COSTS, /* should work, and is known not to under any fence */
    BATTERY_READS  /* allowed by the standard fence, denied by the strict one and to an
                      account that was not granted it */
};

struct battery_row {
    const char *id; /* stable */
    const char *text;
    const char *path;   /* relative to place */
    const char *other;  /* below the scratch directory, or NULL */
    const char *look;   /* what shows that it happened, where that is not path */
    const char *tool;   /* the program on PATH that does it, or NULL: our own child */
    const char *script; /* the tool's arguments; path stands for each % */
    const char *why;    /* known to be open: what leaves it so, or would close it */
    const char *needs;  /* why it may be denied without a fence, too */
    uint32_t refusal;   /* what it ends with when it is denied; a tool only with that */
    enum battery_act act;
    enum battery_expect expect;
    enum battery_place place;
    bool canary;   /* one of those that prove a level */
    bool optional; /* whether it can be tried is the machine's: a tool, a volume, admin */
    bool enforced; /* about the runner or the network: tried at that level only */
};

#define BATTERY_MAX 192u

extern const struct battery_row battery_rows[];
extern const size_t battery_count;

/* The word for the command line of the child, and back; false for a word that is none. */
const char *battery_act_name(enum battery_act act);
bool battery_act_read(struct u16s word, enum battery_act *act);

/* Whether the act, when done, can be seen on what it was done to. */
bool battery_act_changes(enum battery_act act);

/* DENIED, OPEN or ALLOWED: what the row means under that fence, its token lowered or not,
 * and what it means at level enforced, where setup's policy leaves loopback open or not.
 */
enum battery_expect battery_expect(const struct battery_row *row, enum fence fence,
                                   bool lowered);
enum battery_expect battery_expect_enforced(const struct battery_row *row,
                                            bool loopback_open);

/* One file or directory of the scratch directory, parents first. */
struct battery_thing {
    const char *path;
    bool directory;
};

extern const struct battery_thing battery_things[];
extern const size_t battery_thing_count;

#define BATTERY_DOCS        "docs"              /* the user's, outside every root */
#define BATTERY_ROOT        "ws"                /* the workspace */
#define BATTERY_BOX         "box"               /* its box */
#define BATTERY_OPEN_TO_ALL "docs\\open"        /* Everyone: full */
#define BATTERY_GUARDED     "docs\\guarded.txt" /* deletable only through its directory */
#define BATTERY_CONTENTS    "as it was\r\n"
