/* SPDX-License-Identifier: MIT
 *
 * UTF-8 and UTF-16 that come in pieces cut anywhere, as a terminal's do: each turned into
 * the other, piece by piece.  What is ill-formed becomes U+FFFD; nothing is ever lost
 * because of where a piece ended.
 * Pure, and free of the C library.
 */
#pragma once

#include "core/u16.h"

/* A character that has begun.  Zero: none has. */
struct utf8_stream {
    uint32_t value;
    uint8_t left; /* bytes still to come */
    uint8_t low;  /* what the next byte must at least be, and at most */
    uint8_t high;
};

/* Decodes a piece of UTF-8.  out has room for bytes + 1 units; returns those written. */
size_t utf8_stream_decode(struct utf8_stream *s, const uint8_t *at, size_t bytes,
                          char16_t *out);

/* The high surrogate that has come and waits for its low one; 0: none. */
struct utf16_stream {
    char16_t high;
};

/* The most bytes that one unit brings. */
#define UTF16_STREAM_MAX 6u

/* Encodes one unit.  Returns the bytes written, 0 while its second half is to come. */
size_t utf16_stream_encode(struct utf16_stream *s, char16_t unit,
                           uint8_t out[UTF16_STREAM_MAX]);
