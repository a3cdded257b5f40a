/* SPDX-License-Identifier: MIT
 *
 * Tables of functions that are looked up at run time: nothing but kernel32 and ntdll is
 * imported, and what a Windows lacks is found out, not crashed on.
 */
#pragma once

#include "win/win.h"

/* The function of a DLL in System32, or NULL.  The one door to everything that setup
 * changes: tests put another system behind it. */
FARPROC lookup_function(const char16_t *dll, const char *name);

/* A table's member, declared as the header declares the function of that name.
 * NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration. */
#define LOOKUP_MEMBER(function) __typeof__(function) *function

/* Fills it; false when the DLL lacks it. */
#define LOOKUP(table, dll, function)                                                     \
    (((table).function = (__typeof__((table).function))(void (*)(void))lookup_function(  \
          dll, #function)) != NULL)
