/* SPDX-License-Identifier: MIT
 *
 * Security descriptors as text, [MS-DTYP] 2.5.1: for tests, and for `explain`.
 *
 * Known are all SID aliases and all entries that files carry.  Two forms are our own, and
 * Windows does not read them: what stands behind an entry's SID (a condition, a resource
 * attribute) is written as (#HEX), and an entry that has no form at all as
 * (0xTYPE;FLAGS;#HEX). Beware of DC: in SDDL it is 0x2, which for a file is writing;
 * FILE_DELETE_CHILD has no letters and is 0x40.  So rights come out as the file's own
 * words or as a number, never as a directory service's. Pure, and free of the C library.
 */
#pragma once

#include "core/secdesc.h"

/* Reads a descriptor: *sd borrows its lists from the array at of cap bytes, whose content
 * is lost also on failure.  domain is what DA, LA and the like are relative to; NULL:
 * they are refused.  Blanks and line ends may stand between parts and entries.  On any
 * fault returns false with the rule and the text from there on, *sd untouched. */
MUST_CHECK bool sddl_parse(struct secdesc *sd, struct u16s text, const struct sid *domain,
                           uint8_t *at, size_t cap, struct err *err);

/* Write at the end of *out: a descriptor, one entry, its rights, a SID (its alias where
 * it has one that is not relative to a domain). */
void sddl_format(const struct secdesc *sd, struct u16buf *out);
void sddl_format_ace(const struct ace *ace, struct u16buf *out);
void sddl_format_rights(uint32_t mask, struct u16buf *out);
void sddl_format_sid(const struct sid *sid, struct u16buf *out);
