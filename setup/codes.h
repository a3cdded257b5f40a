/* SPDX-License-Identifier: MIT
 *
 * What setup says when something goes wrong: a phase with its stable name, exit code and
 * remedy, and the error numbers of the APIs it calls that deserve a remedy of their own.
 * Pure.
 */
#pragma once

#include "core/err.h"

/* One for each thing that can fail in its own way.  Names and exit codes are stable:
 * scripts and `ringfence doctor` read them. */
enum codes_phase {
    CODES_OK,
    CODES_USAGE,
    CODES_ELEVATION,
    CODES_DOMAIN_CONTROLLER,
    CODES_PLATFORM,
    CODES_POLICY,
    CODES_HANDOVER,
    CODES_JOURNAL,
    CODES_BUSY,
    CODES_SERVICE,
    CODES_GROUP,
    CODES_ACCOUNT,
    CODES_MEMBERSHIP,
    CODES_HIDING,
    CODES_RIGHTS,
    CODES_FIREWALL,
    CODES_FILTERS,
    CODES_ENABLE,
    CODES_LOGON,
    CODES_INCOMPLETE,
    CODES_LEFT,
    CODES_COUNT
};

struct codes_row {
    const char *id;       /* snake_case */
    unsigned exit_code;   /* 0 for CODES_OK only */
    const char16_t *what; /* "ringfence: cannot WHAT: …" */
    const char *remedy;   /* a line, or NULL where only the code can tell */
};

const struct codes_row *codes_row(enum codes_phase phase);

/* The remedy for an error: that of its number (Win32, NERR, HRESULT, FWP_E, by domain
 * ERR_WIN32, or an NTSTATUS), else the phase's.  Never NULL. */
const char *codes_remedy(enum codes_phase phase, const struct err *err);
