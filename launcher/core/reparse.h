/* SPDX-License-Identifier: MIT
 *
 * Reparse points: which are links and to where, and the data of App Execution Aliases
 * (WindowsApps\python.exe and its like).
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

#define REPARSE_APPEXECLINK 0x8000001Bu /* [MS-FSCC] 2.1.2.1 */
#define REPARSE_BYTES_MAX   16384u      /* MAXIMUM_REPARSE_DATA_BUFFER_SIZE */

/* Whether what has the tag stands for something else (a junction, a symbolic link), and
 * not only for itself, as a placeholder of OneDrive's does.  One that is not known (0)
 * counts as a link.  [MS-FSCC] 2.1.2.1: the name surrogate bit. */
bool reparse_is_link(uint32_t tag);

/* The path that a junction or symbolic link leads to: X:\... as it stands, or relative to
 * the directory that the link is in.  Appended to *path (path->cut tells that it did not
 * fit); false, with *path untouched, for all others, those to a server or device among
 * them.  [MS-FSCC] 2.1.2.4 and 2.1.2.5. */
bool reparse_read_link(const uint8_t *data, size_t bytes, struct u16buf *path);

enum reparse_alias {
    REPARSE_NOT_ALIAS,  /* another tag or version, or damaged: leave it to the system */
    REPARSE_STORE_STUB, /* leads only to the Store's installer
                           (AppInstallerPythonRedirector) */
    REPARSE_ALIAS       /* leads to a program */
};

/* Whether the data is an alias' by its tag, to whatever it leads and in whatever form. */
bool reparse_is_alias(const uint8_t *data, size_t bytes);

/* Looks at a REPARSE_DATA_BUFFER of `bytes` bytes, at any alignment: tag, length of what
 * follows the head, reserved, then a version (3) and NUL-terminated strings: package,
 * application id, target path, kind.  Microsoft documents the tag only; the layout is
 * what PowerShell 7 and libuv read.  For REPARSE_ALIAS the target path is appended to
 * *target (X:\..., not checked to exist; target->cut tells that it did not fit), else
 * *target is untouched.  An alias to SystemUWPLauncher.exe is none here: only the system
 * knows what to start for it. */
enum reparse_alias reparse_read(const uint8_t *data, size_t bytes, struct u16buf *target);
