/* SPDX-License-Identifier: MIT
 *
 * Windows command lines: where the program name ends, how the C runtime splits the rest,
 * and how to quote for the C runtime and for cmd.exe.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

#define CMDLINE_MAX       32766u /* units without terminator; MS: CreateProcessW */
#define CMDLINE_BATCH_MAX 8191u  /* units; MS: "Command prompt line string limitation" */

/* What follows the program name in a command line, its leading blanks included: the tail
 * to pass on verbatim.  The name ends by the C runtime's rule for argv[0]: quotes switch
 * blanks off and on, backslashes mean nothing.  MS: "Parsing C command-line arguments".
 */
struct u16s cmdline_tail(struct u16s line);

/* Takes the next argument off *rest by the C runtime's rules (2n backslashes and a quote,
 * "" inside quotes).  Appends its value to *arg; false when nothing but blanks is left.
 * *rest is left right behind the argument, so it is itself a verbatim tail. */
bool cmdline_next(struct u16s *rest, struct u16buf *arg);

/* Appends a blank, if *line is not empty, and arg quoted so that cmdline_next gives it
 * back.  Plain arguments are left bare. */
void cmdline_add(struct u16buf *line, struct u16s arg);

/* Writes the command line that makes `cmd` (full path of cmd.exe) run the batch file
 * `script` (full path) with the arguments of tail: each is quoted so that cmd.exe takes
 * none of its characters as its own, the whole wrapped for `/d /s /c`.  An argument that
 * came without quotes and is made of harmless characters stays without, as batch files
 * compare `"%1"`.  Fails, with a rule naming the argument, where no quoting is safe: CR,
 * LF, Ctrl-Z or NUL in an argument, a quote or one of these in either path, a slash in
 * cmd's, or more than CMDLINE_BATCH_MAX units; *line is then as it was.
 * The class of CVE-2024-24576. */
MUST_CHECK bool cmdline_batch(struct u16buf *line, struct u16s cmd, struct u16s script,
                              struct u16s tail, struct err *err);
