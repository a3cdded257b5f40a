/* SPDX-License-Identifier: MIT
 *
 * Which failures of a tool are worth the line "the network is off here": by tool, its
 * first words and its exit code.  Said after the fact, so a wrong guess costs a line.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

/* Whether the tool can earn a hint at all: its shim then keeps stderr until the end. */
bool hint_may_follow(struct u16s tool);

/* Whether this run of it has: tail is the command line behind the tool's name. */
bool hint_follows(struct u16s tool, struct u16s tail, uint32_t exit_code);
