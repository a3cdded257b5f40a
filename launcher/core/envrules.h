/* SPDX-License-Identifier: MIT
 *
 * The one table of what a child's environment gets: the network's off switches, the box,
 * PATH, and the secrets taken out.
 * Pure, and free of the C library: the shims link it.
 */
#pragma once

#include "core/envblock.h"

enum envrule_mode {
    ENVRULE_FORCE,   /* set it, whatever was inherited */
    ENVRULE_DEFAULT, /* set it only when the parent has none */
    ENVRULE_FIRST,   /* put it before what is there, with a `;`, unless it is there */
    ENVRULE_LAST,    /* put it behind what is there, with a blank, unless it is there */
    ENVRULE_GIT      /* it is a setting of git's, for GIT_CONFIG_COUNT/KEY_n/VALUE_n */
};

enum envrule_when {
    ENVRULE_ALWAYS,
    ENVRULE_OFFLINE,  /* only while the network is off */
    ENVRULE_DENYBIN,  /* offline, and only where a denybin is installed */
    ENVRULE_BOX,      /* only when there is a box */
    ENVRULE_SCHANNEL, /* only in a fence that lets onto the network */
    ENVRULE_OBJECTS   /* only in a fence, from an install that a list of paths can name */
};

/* One row of core/envrules.def, whose other columns are in core/envdocs.h.  In value,
 * {proxy} stands for the dead endpoint's URL, {port} for its port, {denybin} for that
 * directory, {denybin/} for it with forward slashes and as sh wants it inside double
 * quotes, {temp} and {cache} for the box's directories, {install} for the install's, also
 * {install/} with forward slashes, and {q} for a double quote where that has a blank. */
#define ENVRULES_NAME_CAP 64u /* units of the longest name and pattern */

struct envrule {
    const char *name;
    const char *value;
    enum envrule_mode mode;
    enum envrule_when when;
};

extern const struct envrule envrules_table[];
extern const size_t envrules_count;

/* Names whose variables hold secrets, `*` as in u16s_imatch. */
extern const char *const envrules_secrets[];
extern const size_t envrules_secrets_count;

struct envrules_input {
    bool offline;
    bool fenced;         /* proven: the token is a restricted one */
    uint16_t dead_port;  /* a closed loopback port; 9 unless something listens there */
    struct u16s denybin; /* directory; empty: none installed */
    struct u16s shims;   /* directory; empty: none (a shim copied elsewhere) */
    struct u16s install; /* directory; empty: none, or no objects\ in it */
    struct u16s temp;    /* the box's directories; empty: no box */
    struct u16s cache;
    struct u16s keep; /* comma-separated patterns of secrets to keep, and of rows of
                         the table not to apply */
};

/* Applies everything to *env; doing it twice changes nothing more.  PATH becomes
 * denybin;shims;rest (shims;rest with the network on), entries that name these two
 * directories elsewhere in it removed; PATHEXT gets .COM;.EXE first and keeps the rest;
 * git's settings are appended to those there are, if they are not the last already. */
void envrules_apply(struct envblock *env, const struct envrules_input *in);

/* Whether a variable of this name is taken out, given the patterns to keep. */
bool envrules_is_secret(struct u16s name, struct u16s keep);
