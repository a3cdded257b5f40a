/* SPDX-License-Identifier: MIT
 *
 * A Windows in memory behind lookup_function(): accounts, groups, rights, logons and the
 * firewall as their documentation has them, the filter engine of fake_wfp.h.  Any call
 * can be refused, all from one on, as for a run that was killed there, and any that
 * changes something can say yes and do nothing.  What is not modelled is the real
 * system's (strings, and the registry, whose calls are refused along with the others).
 */
#pragma once

#include "core/sid.h"
#include "win/win.h"

#define FAKE_NEVER 100000u
#define FAKE_NAMES 8u

struct fake_user {
    bool there, is_admin;
    char16_t name[32], password[64], comment[64];
    DWORD flags;
    struct sid sid;
};

struct fake_group {
    bool there;
    char16_t name[32], comment[64];
    struct sid sid;
    struct sid member[FAKE_NAMES];
    size_t count;
};

struct fake_rights {
    struct sid sid;
    char16_t name[FAKE_NAMES][48];
    size_t count;
};

struct fake_rule {
    bool there, enabled;
    char16_t name[64], group[32], description[96], remote[256], user[128], program[32];
    LONG direction, action, protocol, profiles;
    char16_t local[32], service[32], types[32], package[32], owner[32], remote_users[32],
        remote_machines[32], local_ports[32], remote_ports[32], icmp[32];
    LONG edge, edge_options, secure;
    LONG interfaces; /* by name; 0: every one */
};

/* A running process.  One that is guarded opens with SeDebugPrivilege only. */
struct fake_process {
    bool there, guarded, immortal;
    bool spawns; /* starts another just before it ends */
    DWORD pid;
    char16_t name[32];
    struct sid user;
    HANDLE opened; /* an event: set when it has ended */
};

struct fake_windows {
    struct fake_user user[FAKE_NAMES];
    struct fake_group group[FAKE_NAMES]; /* the first is Users, by its German name */
    struct fake_rights rights[FAKE_NAMES];
    struct fake_rule rule[FAKE_NAMES];
    bool firewall_off, policy_overrides, profile_is_there;
    DWORD logon_code; /* what LogonUserW fails with; 0: it gives our own token */
    unsigned rid;
    struct fake_process process[FAKE_NAMES];
    unsigned terminated;
    bool no_seclogon;     /* there is no such service */
    DWORD seclogon_start; /* SERVICE_…_START; 0: on demand */
    bool no_debug;        /* the administrator's token has no SeDebugPrivilege */
    bool debugs;          /* it is enabled */
    unsigned loaded;      /* so many DeleteProfileW fail because the hive still is */
};

extern struct fake_windows fake;
extern unsigned fake_calls, fake_fail_at; /* every call of the model, filters included */
extern unsigned fake_kill_at;             /* this one and all after it are refused */
extern unsigned fake_changes;             /* calls that changed something */
extern const char *fake_liar;             /* this one says yes and does nothing */

void fake_reset(void);
struct fake_user *fake_find_user(const char16_t *name);
struct fake_group *fake_find_group(const char16_t *name);
struct fake_rule *fake_find_rule(const char16_t *name);
struct fake_process *fake_run(const char16_t *name, const char16_t *user);
bool fake_is_empty(void); /* as after fake_reset */
