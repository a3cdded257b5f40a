/* SPDX-License-Identifier: MIT
 *
 * Starting a program with an administrator's full token, which may ask the user for it.
 */
#pragma once

#include "win/win.h"

/* Starts program (a full path) with the arguments, without a window and without anything
 * of ours: directly if our own token is a full one, else by the verb "runas".  *process
 * (SYNCHRONIZE and queries) is the caller's to close.  Fails with ERROR_CANCELLED when
 * the user says no.  MS: ShellExecuteEx, whose verb is known from Windows Vista on;
 * TOKEN_ELEVATION. */
MUST_CHECK bool runas_start(const char16_t *program, const char16_t *arguments,
                            HANDLE *process, struct err *err);
