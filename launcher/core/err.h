/* SPDX-License-Identifier: MIT
 *
 * One failure: which call, on which object, with which code.
 * Pure: no windows.h.  The system's text for a code is win/errtext.c's business.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

#define MUST_CHECK     __attribute__((warn_unused_result))
#define ERR_OBJECT_CAP 260u /* char16_t, terminator included */

enum err_domain {
    ERR_NONE,
    ERR_WIN32,    /* GetLastError's numbers */
    ERR_NTSTATUS, /* what an Nt or Rtl call returned */
    ERR_RULE      /* one of our own rules; code is 0 and call says the rule */
};

struct err {
    enum err_domain domain;
    uint32_t code;                   /* in the domain's own numbering */
    const char *call;                /* static text: the API, or the rule broken */
    const char *hint;                /* static text: the remedy, or NULL */
    char16_t object[ERR_OBJECT_CAP]; /* path, variable, SID; cut with U+2026 */
};

/* Fills *err, without a hint, and returns false, so that `return err_set(...)` is the
 * error path.  object may be NULL. */
bool err_set(struct err *err, enum err_domain domain, uint32_t code, const char *call,
             const char16_t *object) __attribute__((nonnull(1, 4), cold));

/* err_set for a broken rule of ours. */
bool err_rule(struct err *err, const char *rule, const char16_t *object)
    __attribute__((nonnull(1, 2), cold));

/* Adds the remedy to a failure already filled and returns false. */
bool err_hint(struct err *err, const char *hint) __attribute__((nonnull(1, 2), cold));
