/* SPDX-License-Identifier: MIT
 *
 * The file in a box that says where its root is: what `clean --all` goes by when the
 * journal is lost.  Written by grant and prepare only.  With the user's rights.
 */
#pragma once

#include "core/u16.h"
#include "win/win.h"

#define BOXROOT_NAME u"root" /* beside the record, which clean deletes earlier */

/* Says so in the box of the digest, which is made if it is missing. */
MUST_CHECK bool boxroot_note(const char16_t *data_dir, const uint8_t *digest,
                             const char16_t *path, struct err *err);

/* The root has nothing of ours any more.  A box with nothing else in it goes, too. */
void boxroot_forget(const char16_t *data_dir, const uint8_t *digest);

enum boxroot {
    BOXROOT_NONE,   /* there has been no fence for this root */
    BOXROOT_FOUND,  /* *path is it: its hash says the same */
    BOXROOT_ABSENT, /* *path was it, and nothing is there now */
    BOXROOT_UNKNOWN /* there has been one, and where is not said, or not true */
};

/* Whose box it is.  One without the file, as older versions made them, is known by its
 * record. */
enum boxroot boxroot_find(const char16_t *data_dir, const uint8_t *digest,
                          struct u16buf *path);
