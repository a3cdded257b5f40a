/* SPDX-License-Identifier: MIT
 *
 * Keeps the runner's process, threads and objects from what runs under the same account:
 * lists that name the user who started it and SYSTEM, and leave the account out.
 */
#pragma once

#include "win/win.h"

/* A descriptor whose list gives everything to *user and SYSTEM, and to the owner no more
 * than READ_CONTROL, so that its implicit WRITE_DAC is gone. */
struct guard {
    SECURITY_ATTRIBUTES attributes; /* not inheritable */
    uint8_t bytes[256];
};
MUST_CHECK bool guard_init(struct guard *guard, const struct sid *user, struct err *err);

/* Gives a process or thread (WRITE_DAC|READ_CONTROL) that list and reads it back. MS:
 * NtSetSecurityObject; Process Security and Access Rights; OWNER RIGHTS. */
MUST_CHECK bool guard_set(const struct guard *guard, HANDLE object, struct err *err);

/* Makes such a list this process's default for what it makes from here on: threads that
 * a DLL starts, jobs, events, and the token objects of children.  A child must be able to
 * look at its own token and to copy it; so *account has these rights, which on a thread
 * come to no more than reading its registers once a child's writes are held against its
 * restricting SIDs.  (THREAD_DIRECT_IMPERSONATION, which no such check covers, is not
 * among them.) */
MUST_CHECK bool guard_set_default(const struct sid *user, const struct sid *account,
                                  struct err *err);
