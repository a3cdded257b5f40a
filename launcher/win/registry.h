/* SPDX-License-Identifier: MIT
 *
 * Reading the registry, by native calls: advapi32 is not worth loading for a value.
 */
#pragma once

#include "win/win.h"

enum registry_hive { REGISTRY_MACHINE, REGISTRY_USER };

/* Opens a key below HKLM, as a 64-bit program sees it, or below HKCU, for reading.  NULL
 * when that fails; else the caller's to close. */
HANDLE registry_open(enum registry_hive hive, const char16_t *path);

/* Opens a subkey for reading, likewise. */
HANDLE registry_open_in(HANDLE key, const char16_t *path);

/* Appends a string value (REG_SZ, or REG_EXPAND_SZ unexpanded) of up to 1,024 characters;
 * false, with *out untouched, when there is none. */
MUST_CHECK bool registry_text(HANDLE key, const char16_t *name, struct u16buf *out);

/* Appends the name of the index-th subkey; false, with *out untouched, when there is
 * none.  MS: ZwEnumerateKey. */
MUST_CHECK bool registry_subkey(HANDLE key, uint32_t index, struct u16buf *out);
