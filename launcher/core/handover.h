/* SPDX-License-Identifier: MIT
 *
 * What goes over the private pipe between `ringfence setup` (the user's rights, serves
 * the pipe) and ringfence-setup.exe (elevated, connects): one order, one answer.  No path
 * is among it, and nothing that a step could not also be told on a command line, but for
 * the passwords.
 * Pure.
 *
 *     order    "RFO1"  u32 flags  u32 0  u32 bytes (HANDOVER_ORDER_BYTES)  passwords
 *     answer   "RFA1"  u32 exit code  u32 of these, for stderr  u32 bytes that follow
 *              what there is to say as UTF-8, for stdout and then for stderr
 *
 * Numbers are little-endian; a password is PASSWORD_LEN UTF-16 units.
 */
#pragma once

#include "core/password.h"

#define HANDOVER_HEAD_BYTES  16u
#define HANDOVER_ORDER_BYTES (HANDOVER_HEAD_BYTES + PASSWORD_ACCOUNTS * PASSWORD_LEN * 2u)
#define HANDOVER_TEXT_MAX    65536u

/* The pipe's name is this and HANDOVER_NAME_LEN random hexadecimal digits, which the
 * command line carries. */
#define HANDOVER_PIPE     u"\\\\.\\pipe\\ringfence-setup-"
#define HANDOVER_NAME_LEN 32u

struct handover_order {
    bool empty;  /* there are no passwords: for what only looks, or takes away */
    bool rotate; /* the passwords are new: set them on accounts that exist */
    struct passwords passwords;
};

/* Writes the order; to be wiped by the caller, as the order itself. */
void handover_format_order(const struct handover_order *order,
                           uint8_t out[HANDOVER_ORDER_BYTES]);

/* Reads one.  False, with *order all zero, unless its size, its head and the rules of
 * both passwords are right; in an empty one they are zeros. */
MUST_CHECK bool handover_parse_order(struct handover_order *order, const void *data,
                                     size_t bytes);

struct handover_answer {
    uint32_t exit_code;
    uint32_t text_bytes; /* at most HANDOVER_TEXT_MAX */
    uint32_t err_bytes;  /* of these, at their end */
};

/* Writes an answer's head. */
void handover_format_answer(const struct handover_answer *answer,
                            uint8_t out[HANDOVER_HEAD_BYTES]);

/* Reads it, before there is room for the text. */
MUST_CHECK bool handover_parse_answer(struct handover_answer *answer,
                                      const uint8_t head[HANDOVER_HEAD_BYTES]);

/* Whether text is the variable part of the pipe's name and nothing else. */
bool handover_is_name(const char16_t *text, size_t len);
