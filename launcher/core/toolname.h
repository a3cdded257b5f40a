/* SPDX-License-Identifier: MIT
 *
 * Whether a word can be the name of a shim: a file name on every Windows, and no path.
 * Pure.
 */
#pragma once

#include "core/u16.h"

#define TOOLNAME_MAX 64u

/* True for 1 to TOOLNAME_MAX units without separators, wildcards, quotes, control
 * characters or a blank, that neither begin nor end with a dot, carry none of the
 * extensions a search adds, and are no device's name (CON, NUL, COM1 …).
 * MS: "Naming Files, Paths, and Namespaces". */
bool toolname_is_good(struct u16s name);
