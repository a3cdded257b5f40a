/* SPDX-License-Identifier: MIT
 *
 * UTF-16 text as Windows has it: borrowed slices, bounded buffers on the caller's
 * storage, and ordinal comparison.  Lone surrogates are kept as they are.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/err.h"

/* A borrowed run of UTF-16 units; not terminated.  Empty is { NULL or any, 0 }. */
struct u16s {
    const char16_t *at;
    size_t len;
};

/* Text being written into somebody's array of cap units, always terminated (cap >= 1).
 * What does not fit is dropped whole and cut is set, once and for all: look at it at the
 * end instead of after every piece. */
struct u16buf {
    char16_t *at;
    size_t len; /* without the terminator */
    size_t cap; /* with it */
    bool cut;
};

/* The slice of a literal: U16S("PATH"). */
#define U16S(lit) ((struct u16s){ u"" lit, sizeof(u"" lit) / sizeof(char16_t) - 1 })

/* An empty buffer on an array. */
#define U16BUF(array) u16buf_init(array, sizeof(array) / sizeof((array)[0]))

size_t u16_len(const char16_t *text);
struct u16s u16s_of(const char16_t *text); /* text may be NULL: empty */

/* First position of c at or after from, or s.len. */
size_t u16s_find(struct u16s s, char16_t c, size_t from);

/* s from position `from` on (at most its end), and its first len units (at most all). */
struct u16s u16s_from(struct u16s s, size_t from);
struct u16s u16s_head(struct u16s s, size_t len);

/* Without spaces and tabs at both ends. */
struct u16s u16s_trim(struct u16s s);

/* Splits *rest at the first sep: returns what is before it and moves *rest behind it.
 * Without a sep it returns all and leaves *rest with at == NULL, the sign to stop. */
struct u16s u16s_split(struct u16s *rest, char16_t sep);

/* Upper case of one unit: ASCII, Latin-1, Greek and Cyrillic letters, as Windows' own
 * table has them; every other unit is its own upper case.  Good for the names of
 * variables and tools; paths are compared by file identity instead. */
char16_t u16_upper(char16_t c);

bool u16s_eq(struct u16s a, struct u16s b);
bool u16s_ieq(struct u16s a, struct u16s b);
bool u16s_is(struct u16s s, const char *ascii); /* the same text */
int u16s_icmp(struct u16s a, struct u16s b); /* by u16_upper, unit by unit; <0, 0, >0 */
bool u16s_istarts(struct u16s s, struct u16s head);
bool u16s_iends(struct u16s s, struct u16s tail);

/* s without tail at its end, ignoring case, if it has it. */
struct u16s u16s_without(struct u16s s, struct u16s tail);

/* Matches text against a pattern in which `*` stands for any run, ignoring case. */
bool u16s_imatch(struct u16s pattern, struct u16s text);

struct u16buf u16buf_init(char16_t *at, size_t cap);
struct u16s u16buf_text(const struct u16buf *b);
void u16buf_add(struct u16buf *b, struct u16s s);
void u16buf_addz(struct u16buf *b, const char16_t *text);
void u16buf_addc(struct u16buf *b, char16_t c);
void u16buf_add_ascii(struct u16buf *b, const char *text);
/* ASCII text as a slice of an array of cap units that it is copied to, cut where it does
 * not fit.  Tables of ASCII take half the room. */
struct u16s u16s_ascii(char16_t *at, size_t cap, const char *text);
void u16buf_add_dec(struct u16buf *b, uint64_t value);
/* The low digits, lower case; 16 at most. */
void u16buf_add_hex(struct u16buf *b, uint64_t value, unsigned digits);

/* Reads a decimal number that is the whole of s and at most max; false otherwise. */
bool u16s_number(struct u16s s, uint64_t max, uint64_t *value);
/* Likewise in hexadecimal, 1 to 16 digits. */
bool u16s_hex(struct u16s s, uint64_t *value);

/* Writes s as UTF-8 into out (never more than cap bytes, no terminator, never half a
 * character) and returns the bytes written.  A lone surrogate becomes U+FFFD: this is
 * for people's eyes only.  3 bytes a unit are always enough. */
size_t u16s_to_utf8(struct u16s s, char *out, size_t cap);

/* Decodes UTF-8 (a BOM is skipped) onto the end of *b.  False on any ill-formed byte, at
 * *bad if bad is not NULL; *b then holds what came before. */
MUST_CHECK bool u16buf_add_utf8(struct u16buf *b, const char *text, size_t bytes,
                                size_t *bad);
