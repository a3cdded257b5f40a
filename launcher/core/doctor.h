/* SPDX-License-Identifier: MIT
 *
 * What `ringfence doctor` makes of the facts that it was given: checks, each with what to
 * type where something is wrong, as text and as JSON.  Pure.
 */
#pragma once

#include "core/accesscheck.h"
#include "core/fence.h"
#include "core/json.h"
#include "core/level.h"

#define DOCTOR_CHECKS_MAX 16u
#define DOCTOR_TEXT_CAP   16384u /* units of all details and remedies together */

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_SKIP };

struct doctor_check {
    const char *id; /* stable, snake_case */
    enum doctor_state state;
    struct u16s detail;
    struct u16s remedy; /* empty: there is nothing to do */
};

/* Large: static storage. */
struct doctor {
    struct doctor_check check[DOCTOR_CHECKS_MAX];
    size_t count;
    struct u16buf room;
    char16_t text[DOCTOR_TEXT_CAP];
};

enum doctor_service {
    DOCTOR_SERVICE_UNKNOWN,
    DOCTOR_SERVICE_OK,
    DOCTOR_SERVICE_DISABLED
};

/* What was found out.  Texts are borrowed; an empty one is "none" unless said. */
struct doctor_facts {
    const char *policy_fault; /* NULL: it is sound, or there is none */
    bool has_policy;          /* there is such a file */
    size_t policy_line;       /* of the fault; 0: of no line */
    size_t journal_damaged;
    size_t stores_closed;
    struct u16s policy_path, box;
    struct u16s path, shims, denybin; /* PATH, and the install's directories */
    struct u16s shadowed;             /* "C:\x\git.exe": comes before our shim */
    struct u16s aliases;     /* "python": an alias that opens the Store is first */
    struct u16s git_backend; /* http.sslBackend, as configured */
    struct u16s volumes;     /* without ACLs */
    struct u16s store_open;  /* one that the read SID may read */
    struct u16s unreadable;  /* directories on PATH that the accounts cannot read */
    struct level_verdict verdict;
    enum fence fence;
    enum doctor_service seclogon;
    bool complete; /* the context: without it, what hangs on it is not judged */
    bool inside, network_on, has_box, journal_read;
    bool git_backend_kept; /* the policy's keep leaves our own setting out */
    bool granted;          /* setup --user went through */
    bool has_accounts, runner_warm;
};

/* Makes all checks of the facts. */
void doctor_judge(const struct doctor_facts *facts, struct doctor *doctor);

/* How many checks have come out that way. */
size_t doctor_count(const struct doctor *doctor, enum doctor_state state);

/* A line a check, one more where there is a remedy, and a line of all; and the value of
 * "checks" with its counts. */
void doctor_text(const struct doctor *doctor, struct u16buf *out);
void doctor_json(const struct doctor *doctor, struct json *json);

/* What stands before the directory on PATH, with its last `;`; false, with *before
 * untouched, when the directory is not on it. */
bool doctor_before(struct u16s path, struct u16s directory, struct u16s *before);

/* Whether a sandbox account, logged on by CreateProcessWithLogonW, may list, read and run
 * what has this descriptor. */
bool doctor_account_reads(const struct sid *account, const struct sid *group,
                          const struct secdesc *sd);

/* The last http.sslBackend in the text of a git configuration file, as UTF-8 has it, in
 * *out; false, with *out untouched, when there is none.  Included files are not read. */
bool doctor_git_backend(const char *text, size_t bytes, struct u16buf *out);
