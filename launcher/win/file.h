/* SPDX-License-Identifier: MIT
 *
 * Files by path: what is there, small ones whole, directories made.  No decision.
 */
#pragma once

#include "core/pathsearch.h"
#include "win/win.h"

enum file_kind { FILE_ABSENT, FILE_IS_FILE, FILE_IS_DIRECTORY };

/* What is at path; a link counts as what it leads to.  Anything unreadable is absent. */
enum file_kind file_kind(const char16_t *path);

/* Whether a directory is at path, and no link to one. */
bool file_is_own_directory(const char16_t *path);

/* pathsearch's look: one candidate of a tool search.  Knows our own programs by their
 * content and follows App Execution Aliases. ctx is not used. */
enum pathsearch_kind file_look(void *ctx, struct u16buf *path);

enum file_read { FILE_READ_DONE, FILE_READ_ABSENT, FILE_READ_FAILED };

/* Reads a whole file of at most cap bytes; *bytes is its size.  A missing file or
 * directory is FILE_READ_ABSENT; a larger one fails with ERROR_FILE_TOO_LARGE. */
enum file_read file_read(const char16_t *path, void *data, size_t cap, size_t *bytes,
                         struct err *err);

/* Makes the directory and those above it that are missing.  *path is written to and
 * restored while it runs. */
MUST_CHECK bool file_make_dirs(char16_t *path, struct err *err);

/* The full path of a path relative to the current directory, into *out (cap of at least
 * WIN_PATH_CAP). */
MUST_CHECK bool file_full_path(const char16_t *path, struct u16buf *out, struct err *err);

/* The path a file or directory is really at (links resolved, the case on disk), as
 * \\?\Volume{...}\... where by_volume and the volume has such a name, else by drive
 * letter without the \\?\ prefix.  Before Windows Vista it is the full path. */
MUST_CHECK bool file_final_path(const char16_t *path, bool by_volume, struct u16buf *out,
                                struct err *err);

/* Whether it is that, and not the full path. */
bool file_resolves_links(void);

/* The same of one that is open, with any access; path is what it was opened by. */
MUST_CHECK bool file_final_path_of(HANDLE file, const char16_t *path, bool by_volume,
                                   struct u16buf *out, struct err *err);

/* Opens a file or directory (what a link leads to) sharing everything, not inheritable.
 * *out is the caller's to close. */
MUST_CHECK bool file_open(const char16_t *path, DWORD access, HANDLE *out,
                          struct err *err);

/* The same, but of a link itself and not of what it leads to; NULL when that fails. */
HANDLE file_open_itself(const char16_t *path, DWORD access);

/* Whether what is at path leads elsewhere, as junctions and symbolic links do, but not
 * the placeholders of cloud files or deduplicated ones.  A reparse point that may not be
 * looked at counts as well. */
bool file_is_link(const char16_t *path);
