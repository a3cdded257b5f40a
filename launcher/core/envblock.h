/* SPDX-License-Identifier: MIT
 *
 * Environment blocks as a sorted table: read, get, set, remove, write.
 * One spelling of a name only: two (`Path`, `PATH`) break .NET process starts.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/u16.h"

#define ENVBLOCK_VARS_MAX 4096u
#define ENVBLOCK_MAX      32766u /* units, all terminators included; MS: CreateProcessW */

struct envblock_var {
    struct u16s name; /* as first spelled; "=C:" for cmd.exe's per-drive directories */
    struct u16s value;
};

/* The table.  Slices point into the block it was read from and into *text, the caller's
 * storage for what is set later; both must outlive it. */
struct envblock {
    struct envblock_var var[ENVBLOCK_VARS_MAX]; /* sorted by u16s_icmp of the name */
    size_t count;
    struct u16buf text;
};

/* Reads a block (NAME=value units, each terminated, an empty one at the end) of at most
 * `units` units.  An entry without `=` after its first unit is dropped, as the C runtime
 * does; of two spellings of a name the first stays, as GetEnvironmentVariable has it.
 * Fails (ERR_RULE) on a block that does not end or has too many variables. */
MUST_CHECK bool envblock_read(struct envblock *env, const char16_t *block, size_t units,
                              struct u16buf text, struct err *err);

/* The variable, or NULL.  Case is ignored. */
const struct envblock_var *envblock_find(const struct envblock *env, struct u16s name);

/* Its value, or an empty slice with at == NULL. */
struct u16s envblock_get(const struct envblock *env, struct u16s name);

/* Sets or replaces; the new spelling of the name wins.  Copies both into env->text, whose
 * cut flag tells that it ran full (envblock_write then fails); a name or value that no
 * block can hold (NUL, `=` in the name) counts as that.  A value that is already the
 * same, name spelling included, costs nothing.  Slices into env->text are fine. */
void envblock_set(struct envblock *env, struct u16s name, struct u16s value);

/* Removes the variable, if there. */
void envblock_unset(struct envblock *env, struct u16s name);

/* Writes the block for CREATE_UNICODE_ENVIRONMENT, sorted, ended by an empty string, its
 * size in *units.  out is not the block that was read: the table points into that.  Fails
 * (ERR_RULE) rather than cut: above ENVBLOCK_MAX or cap units, or when env->text ran
 * full; names the longest variable as the object. */
MUST_CHECK bool envblock_write(const struct envblock *env, char16_t *out, size_t cap,
                               size_t *units, struct err *err);
