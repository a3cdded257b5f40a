/* SPDX-License-Identifier: MIT
 *
 * What Ringfence's fence has to say in the security descriptor of one file or directory,
 * and the edit that makes it so or takes it away again.  Pure, and free of the C library.
 *
 * For one SID at a time: a root SID (what may be written), or the read SID (what may be
 * read).  Entries of other SIDs of ours stay as they are, so that nested roots are
 * planned one after the other.  Nothing is stored: all that is ours is known by its SID,
 * the marker by its form, and the marker is in use as long as a deny of ours stands in
 * the list.
 *
 * The group of the sandbox accounts (level `enforced`) gets the same entries beside it,
 * for their tokens have no other right to the user's files: what the group gives counts
 * in the ordinary pass, what the root SID gives in the restricting one.  It is one group
 * for all roots and for reading, so in a root only that root's walk speaks for it, and
 * none in the directory above; and it owns neither markers nor labels.
 *
 * In a root, with W = read|write|execute and GUARD = WRITE_DAC|WRITE_OWNER:
 *
 *   root           D DELETE|GUARD, this folder; A W OI CI; A DELETE OI CI inherit-only
 *   inside         A W, A DELETE, as NTFS hands them down
 *   stays          as inside, and D DELETE|GUARD, this folder
 *   protected      as inside, and D write bits|DELETE|DELETE_CHILD|GUARD OI CI; marker CI
 *   below those    as inside, and that deny and marker as NTFS hands them down; explicit
 *                  too where an allow would stand before them
 *   holds any of these (root, stays, protected): D GUARD, this folder; marker, this
 *                  folder.  Also for a directory outside that holds a root, or what
 *                  Ringfence itself writes down (grantstate).
 *
 * Directories above a root, in the profile, get a way: A FILE_READ_ATTRIBUTES for the
 * group and the read SID, this folder only, so that a tool can look at each part of its
 * own path (Node's realpath).  It belongs to the roots below, so no walk touches it, and
 * an undo of one SID does not.
 *
 * For reading, R = read|execute: A R OI CI on the root, A R inside, in a store D all
 * rights and no allow at all (OpenSSH does not use a private key that has one), and:
 *
 *   state          as inside, and D everything OI inherit-only; below as in a store
 *
 * so that what a fence's record is replaced by is shut as well.  In a box the root's own
 * allow comes before that deny.
 *
 * GUARD is never allowed; it is denied where a world-writable list would else let the
 * child take the fence itself down.  The marker is acl_marker's: for FILE_DELETE_CHILD a
 * write-restricted token is not held against its restricting SIDs (openai/codex#32915).
 */
#pragma once

#include "core/protected.h"
#include "core/secdesc.h"

#define ACLPLAN_VERSION 2u /* of all that is planned here: a new one walks again */

#define ACLPLAN_WRITE                                                                    \
    (RIGHT_FILE_GENERIC_READ | RIGHT_FILE_GENERIC_WRITE | RIGHT_FILE_GENERIC_EXECUTE)
#define ACLPLAN_READ (RIGHT_FILE_GENERIC_READ | RIGHT_FILE_GENERIC_EXECUTE)
#define ACLPLAN_WAY                                                                      \
    (RIGHT_FILE_READ_ATTRIBUTES | RIGHT_SYNCHRONIZE) /* what any CreateFileW asks for */
#define ACLPLAN_GUARD (RIGHT_WRITE_DAC | RIGHT_WRITE_OWNER)
#define ACLPLAN_STAY  (RIGHT_DELETE | ACLPLAN_GUARD)
#define ACLPLAN_DENY                                                                     \
    (RIGHT_FILE_WRITE_DATA | RIGHT_FILE_APPEND_DATA | RIGHT_FILE_WRITE_EA |              \
     RIGHT_FILE_WRITE_ATTRIBUTES | RIGHT_FILE_DELETE_CHILD | ACLPLAN_STAY)

enum aclplan_kind {
    ACLPLAN_OUTSIDE,   /* in no root of this SID */
    ACLPLAN_ROOT,      /* a root's own directory; the box's too */
    ACLPLAN_INSIDE,    /* anything in it */
    ACLPLAN_NESTED,    /* inside, and the directory of another active root */
    ACLPLAN_GIT,       /* inside: a .git directory of which only parts are protected */
    ACLPLAN_PROTECTED, /* a protected name; for the read SID a store that stays closed */
    ACLPLAN_BELOW,     /* anything in a protected directory */
    ACLPLAN_STATE, /* for the read SID: a directory of Ringfence's own.  It may be listed,
                      and no file in it be opened, however deep */
    ACLPLAN_IN_STATE /* a directory in one; the files are ACLPLAN_BELOW */
};

/* One object of the tree, as the walk meets it. */
struct aclplan_object {
    enum aclplan_kind kind;
    bool directory;
    bool holds;     /* a root or a protected name, here and now, is directly in it */
    bool reached;   /* no list between the root and this one is protected (cut off) */
    uint32_t links; /* names of a file; 0 and 1 are the same */
};

struct aclplan_policy {
    struct sid sid;          /* a root SID, or the read SID */
    const struct sid *group; /* the sandbox accounts'; NULL: its entries are anybody's */
    bool read;               /* it is the read SID: neither writes, markers nor labels */
    bool lowered;            /* integrity = lowered */
    bool hard_links; /* write to files with several names too, of which none is known to
                        be protected */
};

enum aclplan_result {
    ACLPLAN_SAME,    /* as it should be */
    ACLPLAN_CHANGED, /* write it */
    ACLPLAN_REFUSED  /* not as it should be, and must not be written; see the rule */
};

/* Why an object has less than its kind says; to be counted and reported. */
enum aclplan_rule {
    ACLPLAN_FULL,
    ACLPLAN_NULL_DACL, /* refused: everyone has every right, a child too, and no entry
                          takes a right away there; a list instead would take the rights
                          of all others away */
    ACLPLAN_TOO_BIG,   /* refused: the list would not fit into 64 KB */
    ACLPLAN_CUT_OFF,   /* a protected list (inheritance is off), or one above it: whoever
                          made it wants no one else in, and gets his way */
    ACLPLAN_HARD_LINK, /* several names, of which some may be elsewhere: reading only */
    ACLPLAN_LABELLED   /* has a higher label of its own, which stays */
};

/* Where the lists are made; about 128 KiB, one for each thread. */
struct aclplan_room {
    uint8_t dacl[ACL_BYTES_MAX];
    uint8_t sacl[ACL_BYTES_MAX];
};

struct aclplan_edit {
    enum aclplan_result result;
    enum aclplan_rule rule;
    bool dacl;         /* this part is to be written */
    bool label;        /* and this, with LABEL_SECURITY_INFORMATION */
    struct secdesc sd; /* the whole; its lists lie in the room or where the old ones do */
};

/* What an entry of a directory of kind `parent` is, by its name (protected_name_of, with
 * in_git for ACLPLAN_GIT).  Another root in it, which no name tells, is ACLPLAN_NESTED,
 * and where a .git file leads to, if in the root, is like a .git directory. */
enum aclplan_kind aclplan_kind_in(enum aclplan_kind parent, enum protected_name name,
                                  bool directory, bool git_commit);

/* The edit that gives the object exactly what it must have; *old is not to lie in *room.
 * Applied to its own result it is ACLPLAN_SAME.  A file with several names comes out the
 * same in whichever order it is met under them, once it has been met under each. */
struct aclplan_edit aclplan_apply(const struct aclplan_object *object,
                                  const struct aclplan_policy *policy,
                                  const struct secdesc *old, struct aclplan_room *room);

/* The edit that takes everything of *sid away, or with NULL of every SID of ours, and of
 * *group, if that is not NULL: after both all bytes are as before the first
 * aclplan_apply.  Markers and labels go with the last SID of ours that needs them.  A
 * SACL that had held nothing else goes as a whole: for whoever asks for labels only, an
 * empty one and none are the same. */
struct aclplan_edit aclplan_undo(const struct sid *sid, const struct sid *group,
                                 const struct secdesc *old, struct aclplan_room *room);

/* The edit that gives the SID its way through a directory, or takes it away again, and
 * changes nothing else: after both all bytes are as before.  Where there is no list
 * everyone may pass. */
struct aclplan_edit aclplan_way(const struct sid *sid, bool open,
                                const struct secdesc *old, struct aclplan_room *room);

/* Whether the list of a root's own directory has all that a root gets, as written last by
 * a walk that went through.  Cheap: what each launch asks. */
bool aclplan_shows_root(const struct acl *dacl, const struct sid *root);

/* Whether a fenced program may have been let write there: some root, whichever, gives it
 * that.  Not an answer for what such a program made itself, with a list of its own. */
bool aclplan_bears_root(const struct acl *dacl);
