/* SPDX-License-Identifier: MIT
 *
 * One directory: its names, many at a time, and opening one of them relative to it.
 * Native calls, because Win32 has neither before Windows 8, and no way at all to open a
 * name that Win32's path rules would change ("con", "x.", a lone surrogate).
 */
#pragma once

#include "win/win.h"

#define DIRSCAN_BYTES                                                                    \
    65536u /* a whole buffer; network servers give no more at a time                     \
            */

#define STATUS_IS(status, code) ((uint32_t)(status) == (code))
#define DIRSCAN_ACCESS_DENIED   0xC0000022u /* STATUS_*, ntstatus.h */
#define DIRSCAN_NAME_TAKEN      0xC0000035u
#define DIRSCAN_ANOTHER         0xC00000D5u /* STATUS_FILE_RENAMED, of dirscan_reopen */

/* A batch of names in somebody's buffer. */
struct dirscan {
    const uint8_t *at;
    size_t bytes;
};

struct dirscan_name {
    struct u16s name; /* borrowed from the buffer */
    DWORD attributes; /* FILE_ATTRIBUTE_*, as listed; REPARSE_POINT for links only */
};

enum dirscan_read {
    DIRSCAN_SOME,
    DIRSCAN_END,
    DIRSCAN_TOO_SMALL, /* the next name needs a larger buffer; nothing was lost */
    DIRSCAN_FAILED
};

/* Reads the next batch of the directory (FILE_LIST_DIRECTORY | SYNCHRONIZE, opened for
 * synchronous I/O) into bytes bytes at buffer, 8-byte aligned; restart begins anew.  The
 * directory may change meanwhile: what is added or removed may or may not show.
 * On DIRSCAN_FAILED *err has the status, without an object. */
enum dirscan_read dirscan_read(HANDLE directory, bool restart, void *buffer, size_t bytes,
                               struct dirscan *scan, struct err *err);

/* Takes the next name of the batch, never "." or ".."; false at its end.  Of reparse
 * points only those show as such that lead elsewhere (reparse_is_link): a placeholder of
 * cloud files is a file or directory.  The listing tells the tag in the place of EaSize.
 * Source: [MS-FSCC] 2.4.14. */
bool dirscan_next(struct dirscan *scan, struct dirscan_name *name);

/* Opens a listed name relative to its directory, exactly as spelled, the thing itself if
 * it is a reparse point, sharing everything, not inheritable, for synchronous I/O.  The
 * handle has `access` and SYNCHRONIZE.  is_directory must be right: a name that has
 * become the other kind fails (STATUS_NOT_A_DIRECTORY, STATUS_FILE_IS_A_DIRECTORY).
 * Returns the NTSTATUS, 0 for success; *file is untouched otherwise. */
MUST_CHECK NTSTATUS dirscan_open(HANDLE directory, struct u16s name, ACCESS_MASK access,
                                 bool is_directory, HANDLE *file);

/* Opens what has this name, in any case, whatever kind it is; not one that was listed.
 * Otherwise like dirscan_open. */
MUST_CHECK NTSTATUS dirscan_open_known(HANDLE directory, struct u16s name,
                                       ACCESS_MASK access, HANDLE *file);

/* Opens once more what is open already, with another access and SYNCHRONIZE: what was
 * looked at is what is then changed, whatever has happened to its name.  By no name at
 * all, as NTFS, ReFS, FAT and SMB servers do; where that fails, or opens something else
 * (drivers that take it for their volume), by the path that the system has for the
 * handle.  Either is compared by identity: DIRSCAN_ANOTHER when no way leads to the same
 * file.  Otherwise like dirscan_open.  MS: NtOpenFile (RootDirectory); ReOpenFile is the
 * first; NtQueryObject (ObjectNameInformation). */
MUST_CHECK NTSTATUS dirscan_reopen(HANDLE file, ACCESS_MASK access, HANDLE *again);

/* Gives the open file or directory (DELETE) another name in the directory that it lies
 * in, never in place of something else (DIRSCAN_NAME_TAKEN).  Relative to a handle of
 * that directory, so that no path is followed.  Returns the NTSTATUS.  MS:
 * FILE_RENAME_INFORMATION. */
MUST_CHECK NTSTATUS dirscan_rename(HANDLE file, HANDLE directory, struct u16s name);

/* Whether the status of dirscan_open says that the name is no longer there. */
bool dirscan_is_gone(NTSTATUS status);

/* The attributes of the open thing itself (FILE_READ_ATTRIBUTES), REPARSE_POINT likewise;
 * 0 when they cannot be had. */
DWORD dirscan_attributes(HANDLE file);
