/* SPDX-License-Identifier: MIT
 *
 * Why a sandbox account cannot be logged on, by what LogonUserW or
 * CreateProcessWithLogonW ends with, and what helps.  Pure.
 */
#pragma once

#include "core/err.h"

/* CreateProcessWithLogonW takes a command line of at most this many characters, its
 * terminator counted.  MS: CreateProcessWithLogonW, lpCommandLine. */
#define LOGON_LINE_CAP 1024u

/* The remedy for a Win32 error, static text; NULL where only the code can tell. */
const char *logon_remedy(uint32_t code);
