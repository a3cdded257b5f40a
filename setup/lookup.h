/* SPDX-License-Identifier: MIT
 *
 * Tables of functions that are looked up at run time: nothing but kernel32 and ntdll is
 * imported, and what a Windows lacks is found out, not crashed on.
 */
#pragma once

#include "win/dll.h"

/* A table's member, declared as the header declares the function of that name.
 * NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration. */
#define LOOKUP_MEMBER(function) __typeof__(function) *function

/* Fills it; false when the DLL lacks it. */
#define LOOKUP(table, dll, function)                                                     \
    (((table).function = (__typeof__((table).function))(void (*)(void))GetProcAddress(   \
          dll, #function)) != NULL)
