/* SPDX-License-Identifier: MIT
 *
 * Says a struct err to a person: one line on stderr, and a second one with the remedy
 * where there is one.
 */
#pragma once

#include "win/win.h"

/* Appends the system's own text for a code, on one line, without its full stop's CR LF.
 */
void errtext_add(struct u16buf *b, enum err_domain domain, uint32_t code);

/* Prints "ringfence: cannot DOING: CALL: TEXT (Win32 5): OBJECT", or for a rule of ours
 * "ringfence: cannot DOING: RULE: OBJECT".  Called by mains and exec, and nobody else. */
void err_report(const struct err *err, const char16_t *doing);
