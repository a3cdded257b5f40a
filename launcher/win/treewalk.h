/* SPDX-License-Identifier: MIT
 *
 * Visits a directory tree by handles: every name is opened relative to the directory it
 * was listed in, so that nothing renamed or linked on the way leads the walk elsewhere.
 * No link is ever followed; a reparse point that is none, like a placeholder of
 * OneDrive's, is a file or directory as any, and nothing of its content is asked for.
 * With the user's rights; decides nothing.
 */
#pragma once

#include "win/win.h"

#define TREEWALK_WORKERS_MAX 8u
#define TREEWALK_DEPTH_MAX   4096u /* deeper directories are counted as failures */
#define TREEWALK_KEPT        16u   /* failures told in full */

/* One file, directory or link, for the length of the call that shows it. */
struct treewalk_entry {
    HANDLE handle;    /* with the access asked for, a link's own and with
                         FILE_READ_ATTRIBUTES; NULL if none was, or if refused */
    DWORD attributes; /* FILE_ATTRIBUTE_*, REPARSE_POINT for links only; a directory's are
                         read from the handle too */
    uint32_t depth;   /* 0: the root, 1: what lies in it, ... */
    bool refused;     /* a directory without the access asked for: counted as a failure
                         already, shown only to say whether to go into it */
    uint32_t inherited; /* what the visitor left in the directory this lies in; root: 0 */
    uint32_t leave;     /* for what lies in this one; `inherited` unless changed */
    struct u16s name;   /* the last part; not terminated, of any units; root: empty */
    const void *directory; /* where it was listed: treewalk_path's business */
};

enum treewalk_next {
    TREEWALK_GO,     /* on, into this directory if it is one */
    TREEWALK_SKIP,   /* on, but not into this directory */
    TREEWALK_FAILED, /* like GO; *err says why and is counted, object is filled in here */
    TREEWALK_STOP    /* end the whole walk, as if cancelled */
};

struct treewalk_progress {
    uint64_t entries;    /* visited so far */
    uint32_t elapsed_ms; /* since the start */
    uint32_t per_second; /* over that time */
};

struct treewalk {
    /* Called for every entry, by several threads of our own at once, a directory always
     * before anything in it.  It leaves the handle open, and may list a directory by it
     * (dirscan_read): the walk lists it anew afterwards.  *err is the thread's. */
    enum treewalk_next (*visit)(void *ctx, struct treewalk_entry *entry, struct err *err);
    /* Called on the caller's own thread, first after one second, then up to four times a
     * second; NULL where nobody looks (no terminal). */
    void (*progress)(void *ctx, const struct treewalk_progress *progress);
    void *ctx;
    const volatile LONG *cancel; /* not 0: stop soon (set by Ctrl-C); may be NULL */
    ACCESS_MASK file_access; /* what the handle of a file needs; 0: files stay closed */
    ACCESS_MASK dir_access;  /* of a directory, besides what listing it needs */
    uint32_t workers;        /* threads; 0: as many as processors, at most the MAX */
};

struct treewalk_result {
    uint64_t entries;  /* visited, the root among them */
    uint64_t files;    /* of these: not directories */
    uint64_t links;    /* of these: not descended into */
    uint64_t vanished; /* listed, but gone when opened: no failure */
    uint64_t failed;   /* not opened, not listed, or the visit failed */
    bool stopped;      /* cancelled: the counts say how far it got */
    size_t kept_count;
    struct err kept[TREEWALK_KEPT]; /* the first failures; object is the path relative to
                                       the root, a long one without its beginning */
};

/* Opens a root for treewalk_run: never through a link at its end, and only a directory.
 * The handle has `access`, FILE_LIST_DIRECTORY, FILE_READ_ATTRIBUTES and SYNCHRONIZE;
 * *root is the caller's to close. */
MUST_CHECK bool treewalk_open(const char16_t *path, ACCESS_MASK access, HANDLE *root,
                              struct err *err);

/* Walks the tree below root (a handle as treewalk_open gives; it stays the caller's and
 * nothing else may list it meanwhile), the root itself first.  One bad path never stops
 * the rest.  False only when the walk could not start: no memory, no thread; *result is
 * then untouched.
 *
 * Memory is bounded however the tree is shaped: a directory keeps at most 90 KiB of names
 * that are still to be visited (8 KiB below depth 64), and there are never more than
 * workers * TREEWALK_DEPTH_MAX of them; an ordinary tree takes less than a megabyte, and
 * a handle for each directory whose subdirectories are not all open yet.
 *
 * Access needed: FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES | SYNCHRONIZE on each
 * directory, and what walk->*_access say; where only one of the two is granted, that part
 * is done and the other counted as a failure.  Sources: MS NtOpenFile, NtCreateFile
 * (RootDirectory, FILE_OPEN_REPARSE_POINT, FILE_SYNCHRONOUS_IO_NONALERT needs
 * SYNCHRONIZE), NtQueryDirectoryFile (remarks: what a full buffer and the end look like).
 */
MUST_CHECK bool treewalk_run(const struct treewalk *walk, HANDLE root,
                             struct treewalk_result *result, struct err *err);

/* Appends the path of entry relative to the root ("a\b"; nothing for the root itself) to
 * *out; out->cut when it does not fit.  Costs time in proportion to the depth. */
void treewalk_path(const struct treewalk_entry *entry, struct u16buf *out);

/* How many names the open file has (hard links); any access will do.  MS:
 * NtQueryInformationFile, FileStandardInformation. */
MUST_CHECK bool treewalk_link_count(HANDLE file, uint32_t *count, struct err *err);
