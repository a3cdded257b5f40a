/* SPDX-License-Identifier: MIT
 *
 * setup install, repair, status and uninstall, as far as they are the user's: his are the
 * passwords of the sandbox accounts, and the fences that must be readied again.  The rest
 * is done by ringfence-setup.exe.  Part of ringfence.exe only; with the user's rights.
 */
#pragma once

#include "win/win.h"

enum setup_command { SETUP_INSTALL, SETUP_REPAIR, SETUP_STATUS, SETUP_UNINSTALL };

struct setup_machine {
    enum setup_command command;
    bool plan; /* changes nothing */
    bool json;
    bool keep_accounts;        /* uninstall */
    struct u16s loopback;      /* install, repair; empty: as it is */
    const char16_t *data_dir;  /* is made if it is missing */
    const char16_t *setup_exe; /* full path */
};

/* Passwords are made when there are none, or none that open or fit; they are kept
 * (<data_dir>\secret) once they have been set, and go with the accounts.  Says what
 * ringfence-setup.exe says; *exit_code is its own (setup/codes.h).  False, with *err,
 * when it could not be run. */
MUST_CHECK bool setup_machine_run(const struct setup_machine *how, uint32_t *exit_code,
                                  struct err *err);
