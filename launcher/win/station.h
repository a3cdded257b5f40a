/* SPDX-License-Identifier: MIT
 *
 * The window station of our session, its directory of named objects, and desktops: what a
 * child needs to come up, and what by default only the logon SID opens.  Here an account
 * is let in by its own name, for children that have nothing of the logon.
 */
#pragma once

#include "win/win.h"

#define STATION_NAME_CAP 32u /* char16_t of a desktop's name, terminator included */

/* Who is let in: a write-restricted child passes the ordinary check by its account, and
 * the one on writes by this restricting SID (fence_station_sid). */
struct station_guest {
    struct sid account;
    struct sid runs;
};

/* Lets the guest onto our window station, to attach and no more (no clipboard, no new
 * desktops), and lets it make named objects in our session, which cygwin's and msys's
 * programs cannot start without; for as long as the user is logged on.  Needs no more
 * than the user's own rights; once there, the entries stay as they are.  Fails, with what
 * it could not open or change, where the session is not the user's own. */
MUST_CHECK bool station_admit(const struct station_guest *guest, struct err *err);

/* Makes a desktop of that name for the guest and *user, on our window station.  It lives
 * until station_close_desktop, and as long as somebody is on it.  *desktop is none of
 * CloseHandle's. MS: CreateDesktopW. */
MUST_CHECK bool station_make_desktop(const char16_t *name, const struct sid *user,
                                     const struct station_guest *guest, HANDLE *desktop,
                                     struct err *err);
MUST_CHECK bool station_open_desktop(const char16_t *name, HANDLE *desktop,
                                     struct err *err);
void station_close_desktop(HANDLE desktop);

/* "ringfence-" and what nobody can guess. */
MUST_CHECK bool station_name_desktop(char16_t name[STATION_NAME_CAP], struct err *err);
