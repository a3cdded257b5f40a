/* SPDX-License-Identifier: MIT
 *
 * The log of runs: what was started, how strongly fenced, and what came of it, a line
 * each.  Of the arguments only their number is kept: they hold passwords too often. Pure.
 *
 *     RL1 TIME LEVEL PROVEN NETWORK CODE ARGUMENTS<tab>TOOL<tab>ROOT
 *
 * TIME is a FILETIME, NETWORK 1 or 0, and TOOL and ROOT are UTF-8 for people's eyes, cut
 * where they are very long, with `?` for controls.
 */
#pragma once

#include "core/json.h"
#include "core/level.h"

#define RUNLOG_LINE_BYTES 2048u             /* room for any line, its end included */
#define RUNLOG_TEXT_CAP   RUNLOG_LINE_BYTES /* units of one that is read */

struct runlog_entry {
    uint64_t time;
    enum level level; /* reported, so proven; advisory where what ran was not */
    bool unproven;    /* it ran as more, NOT PROVEN */
    bool network_on;
    uint32_t code;
    uint32_t arguments;
    struct u16s tool, root;
};

/* Writes the line with its end; returns its bytes. */
size_t runlog_format(const struct runlog_entry *entry, char out[RUNLOG_LINE_BYTES]);

/* Reads a line without its end; tool and root lie in text.  False when it is none: torn,
 * or another version's. */
MUST_CHECK bool runlog_parse(struct runlog_entry *entry, const char *line, size_t bytes,
                             char16_t text[RUNLOG_TEXT_CAP]);

/* "2026-11-20" (UTC), or "30m", "12h", "7d" before now, as a FILETIME; false when it is
 * neither. */
MUST_CHECK bool runlog_since(struct u16s text, uint64_t now, uint64_t *time);

/* A FILETIME in UTC, "2026-11-27T18:40:12Z" with a T between. */
void runlog_add_time(uint64_t time, char16_t between, struct u16buf *out);

/* One line for people, its time in UTC; and one element of a JSON array. */
void runlog_add_text(const struct runlog_entry *entry, struct u16buf *out);
void runlog_add_json(const struct runlog_entry *entry, struct json *json);
