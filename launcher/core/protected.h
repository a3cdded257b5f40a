/* SPDX-License-Identifier: MIT
 *
 * Names that stay read-only inside a writable root, because what they hold is run or
 * obeyed later, outside the fence; and the `.git` file, which names such a place.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/u16.h"

/* gitdir: and a path of 32,767 characters, 3 bytes each, and some line ends.  Git itself
 * reads up to 1 MiB. */
#define PROTECTED_GITFILE_BYTES_MAX 98400u

enum protected_name {
    PROTECTED_NOT,
    PROTECTED_GIT, /* .git; as a directory under `git = commit` only parts of it are */
    PROTECTED_NAME
};

/* What is protected in a workspace. */
struct protected_names {
    const struct u16s *more; /* names from the policy, each one component */
    size_t more_count;
    bool git_commit; /* `git = commit`: commits are to work */
};

/* What a directory entry is, by its name and its 8.3 alternate name (empty: none); either
 * is enough.  in_git: the directory that it lies in is a `.git` of which only parts are
 * protected.  Case does not count (u16_upper), nor do blanks and dots at the end: Win32
 * cuts them off, so a name that has them on disk is one that nobody can mean. */
enum protected_name protected_name_of(const struct protected_names *names, bool in_git,
                                      struct u16s name, struct u16s alternate);

enum protected_gitfile {
    PROTECTED_GITFILE_NOT, /* no `gitdir: `; git refuses it */
    PROTECTED_GITFILE_BAD, /* it has one, with a path that cannot be one of Windows */
    PROTECTED_GITFILE_PATH
};

/* Reads the content of a `.git` file the way git does: `gitdir: `, then all up to the
 * last line ends, or to a NUL.  A path is appended to *path, with backslashes; relative
 * ones are relative to the file's directory.  Bad are control characters, ill-formed
 * UTF-8, more than PROTECTED_GITFILE_BYTES_MAX and more than *path has room for.  Unless
 * it is a path, *path is as it was. */
enum protected_gitfile protected_read_gitfile(const char *text, size_t bytes,
                                              struct u16buf *path);

/* Where such a path leads to inside a root, by its letters alone, and so without opening
 * anything: what a file says must not decide which servers and devices the user's rights
 * then reach.  root is a full local path (X:\..., \\?\X:\..., \\?\Volume{...}\...), and
 * `directory`, relative to it, is where the path is found.  Taken are relative paths,
 * \a\b on the root's own drive, and X:\a\b with its letter; `.`, `..`, doubled separators
 * and dots and blanks at the ends of names are resolved.
 *
 * True, with the path relative to the root, not empty, in *rel (empty before, of
 * WIN_PATH_CAP units: it holds the full path on the way), when that lies in the root.
 * False, with *rel empty, for all else: another drive or way of naming one, a server, a
 * device, a stream, the root itself, and what does not fit. */
bool protected_resolve_gitdir(struct u16s root, struct u16s directory, struct u16s path,
                              struct u16buf *rel);
