/* SPDX-License-Identifier: MIT
 *
 * Writing JSON (RFC 8259) into a bounded text: objects, arrays, strings, numbers, with
 * the commas in the right places.  Keys are ASCII and need no escape.
 * Pure.
 */
#pragma once

#include "core/u16.h"

#define JSON_DEPTH_MAX 16u

struct json {
    struct u16buf *out; /* out->cut tells that it did not fit */
    unsigned depth;
    bool has_item[JSON_DEPTH_MAX + 1];
};

void json_init(struct json *json, struct u16buf *out);

/* key is NULL inside an array and for the outermost value. */
void json_open(struct json *json, const char *key, char16_t bracket); /* u'{' or u'[' */
void json_close(struct json *json, char16_t bracket);                 /* u'}' or u']' */
void json_text(struct json *json, const char *key, struct u16s value);
void json_ascii(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
