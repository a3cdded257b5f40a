/* SPDX-License-Identifier: MIT
 *
 * Values below HKEY_LOCAL_MACHINE, as a 64-bit program sees it: the journal of setup, and
 * the list of accounts that the logon screen hides.  Administrators write there, everyone
 * reads, and nobody can have prepared it.
 */
#pragma once

#include "win/win.h"

#define STORE_OURS u"SOFTWARE\\Ringfence\\Setup"

enum store_read { STORE_READ, STORE_ABSENT, STORE_FAILED };

/* A value of that type; one of another type, or too long, counts as absent. */
enum store_read store_number(const char16_t *path, const char16_t *name, uint32_t *value,
                             struct err *err);
enum store_read store_text(const char16_t *path, const char16_t *name, struct u16buf *out,
                           struct err *err);

/* Write it, on the disk, and read it back; the key is made if it is missing. */
MUST_CHECK bool store_set_number(const char16_t *path, const char16_t *name,
                                 uint32_t value, struct err *err);
MUST_CHECK bool store_set_text(const char16_t *path, const char16_t *name,
                               struct u16s value, struct err *err);

/* Removes it, and the key and the one above when nothing else is in them. */
MUST_CHECK bool store_remove(const char16_t *path, const char16_t *name, struct err *err);
