/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence status` says what holds under a fence: the canary's figures, how far
 * each root's grant is, and which protected names are there.  No Wine has a fence, so the
 * context, the proof, the journal and the lists are made up here.
 */
#include "cli.h"
#include "core/aclplan.h"
#include "core/exitcode.h"
#include "core/netcheck.h"
#include "grant/ledger.h"
#include "grant/setup_user.h"
#include "grant/volumes.h"
#include "grant/walking.h"
#include "verify/canary.h"
#include "win/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A_DAY 864000000000u /* in FILETIME's 100 ns */

static struct {
    enum level level;
    enum fence fence;
    struct canary_proof proof[2]; /* by enum fence */
    struct canary_proof enforced; /* time 0: none */
    bool proven[2];
    struct journal_record record[2]; /* of the two roots */
    bool journal_fails;
    size_t damaged;
    bool denies; /* protected names carry them */
    bool json, inside;
    bool network_on;
    const char16_t *volumes;
    bool line; /* what activate asks for */
} fake;

static char16_t base[MAX_PATH], other[MAX_PATH];
static struct err err;

bool __wrap_context_begin(struct context *c, struct err *e);
bool __wrap_context_complete(struct context *c, const struct context_wish *wish,
                             struct err *e);

bool __wrap_context_begin(struct context *c, struct err *e)
{
    (void)e;
    memset(c, 0, sizeof *c);
    return true;
}

bool __wrap_context_complete(struct context *c, const struct context_wish *wish,
                             struct err *e)
{
    static char16_t none[1];

    assert_true(wish->look_only != fake.line); /* but for activate, it starts nothing */
    policy_init(&c->policy);
    c->verdict = (struct level_verdict){ .level = fake.level, .reason = "" };
    c->fence = fake.fence;
    c->inside = fake.inside;
    c->network_on = fake.network_on;
    c->data = c->policy_path = c->cwd = c->temp = c->cache = U16BUF(none);
    c->root = (struct u16buf){ base, u16_len(base), MAX_PATH, false };
    c->root_list[0].path = u16s_of(base);
    c->root_list[1].path = u16s_of(other);
    c->root_list[0].usable = true;
    c->root_count = 2;
    return context_hash_path(base, c->root_list[0].digest, e);
}

bool canary_read(const struct context *c, enum fence fence, struct canary_proof *proof)
{
    (void)c;
    *proof = fake.proof[fence];
    return fake.proven[fence];
}

bool canary_read_enforced(const struct context *c, struct canary_proof *proof)
{
    (void)c;
    *proof = fake.enforced;
    return fake.enforced.time != 0;
}

bool ledger_read(const char16_t *data_dir, struct ledger *ledger, struct err *e)
{
    (void)data_dir;
    *ledger = (struct ledger){ .journal.damaged = fake.damaged };
    return !fake.journal_fails || err_rule(e, "another version's", NULL);
}

const struct journal_record *ledger_root(const struct ledger *ledger, const uint8_t *of)
{
    uint8_t digest[SHA256_BYTES];

    (void)ledger;
    for (size_t i = 0; i < 2; i++)
        if (context_hash_path(i ? other : base, digest, &err) &&
            !memcmp(digest, of, JOURNAL_ROOT_BYTES) && fake.record[i].time)
            return &fake.record[i];
    return NULL;
}

void setup_user_status(const struct context *context, struct u16buf *out)
{
    (void)context;
    u16buf_addz(out, u"profile granted 2026-11-20, 7 credential stores closed");
}

void volumes_without_acls(struct u16buf *out)
{
    u16buf_addz(out, fake.volumes);
}

void walking_add_count(struct u16buf *b, uint64_t count)
{
    u16buf_add_dec(b, count);
}

uint32_t cli_complain(const char *text, struct u16s word)
{
    (void)text;
    (void)word;
    return EXIT_RINGFENCE;
}

enum cli_end cli_options(struct cli *cli, const struct cli_option *options, size_t count,
                         void *ctx)
{
    (void)cli;
    for (size_t i = 0; i < count; i++)
        if ((fake.json && u16s_is(u16s_of(options[i].name), "--json")) ||
            (fake.line && u16s_is(u16s_of(options[i].name), "--line")))
            assert_null(options[i].set(ctx, (struct u16s){ 0 }));
    return CLI_END;
}

static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *data,
                                     ULONG bytes, ULONG *needed)
{
    static uint8_t list[4096], digest[SHA256_BYTES];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    size_t size = 0;

    (void)object;
    (void)what;
    assert_true(context_hash_path(base, digest, &err));
    if (fake.denies) {
        struct acl_entry deny = { ACE_DENY, 0, ACLPLAN_DENY, sid_ours(digest) };

        aclbuf_add(&b, &deny);
    }
    sd.dacl = aclbuf_acl(&b);
    if (!secdesc_write(&sd, data, bytes, &size))
        return (NTSTATUS)0xC0000023;
    *needed = (ULONG)size;
    return 0;
}

/* Linked in place of the pointer that the import table has. */
extern NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                           void *, ULONG, ULONG *);
NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)
(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *) = query_security;

static uint64_t now(void)
{
    FILETIME t;

    GetSystemTimeAsFileTime(&t);
    return (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
}

static const char *status(void)
{
    static char said[65536];
    struct cli cli = { 0 };
    const DWORD stream = fake.line ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE;
    HANDLE before = GetStdHandle(stream), file = NULL;
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);
    DWORD bytes = 0;

    u16buf_addz(&b, base);
    u16buf_addz(&b, u"\\said");
    file =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    SetStdHandle(stream, file);
    assert_int_equal(cmd_status(&cli), EXIT_OK);
    SetStdHandle(stream, before);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    assert_true(ReadFile(file, said, sizeof said - 1, &bytes, NULL));
    said[bytes] = 0;
    CloseHandle(file);
    return said;
}

#define assert_says(text, what)                                                          \
    do {                                                                                 \
        if (!strstr(text, what)) {                                                       \
            print_error("not said: %s\nbut: %s\n", what, text);                          \
            _fail(__FILE__, __LINE__);                                                   \
        }                                                                                \
    } while (0)

static void make_dir(char16_t *path, const char16_t *leaf)
{
    size_t len = u16_len(path);
    struct u16buf b = { path, len, MAX_PATH, false };

    u16buf_addz(&b, leaf);
    assert_true(file_make_dirs(path, &err));
    path[len] = 0;
}

static int set_up(void **state)
{
    static unsigned serial;
    struct u16buf b = U16BUF(base), o = U16BUF(other);
    FILETIME t;

    (void)state;
    b.len = GetTempPathW(MAX_PATH, base);
    u16buf_addz(&b, u"ringfence-status-");
    GetSystemTimeAsFileTime(&t); /* Wine gives process ids a second time soon */
    u16buf_add_hex(&b, t.dwLowDateTime, 8);
    u16buf_add_dec(&b, serial++);
    u16buf_add(&o, u16buf_text(&b));
    u16buf_addz(&o, u"\\cache");
    make_dir(base, u"\\.git");
    make_dir(other, u"");
    memset(&fake, 0, sizeof fake);
    fake.level = LEVEL_CONFINED;
    fake.fence = FENCE_STRICT;
    fake.denies = true;
    fake.volumes = u"";
    fake.proven[FENCE_STRICT] = true;
    fake.proof[FENCE_STRICT] = (struct canary_proof){ .held = true,
                                                      .outside_denied = 9,
                                                      .outside_total = 9,
                                                      .inside_allowed = 3,
                                                      .inside_total = 3,
                                                      .time = now() - 30000000,
                                                      .why = "" };
    fake.record[0] = (struct journal_record){ .state = JOURNAL_DONE,
                                              .entries = 219104,
                                              .time = 133770000000000000 };
    return 0; /* what is made lies in TEMP and is small */
}

/* Where the level needs no reason, one line says it all. */
static void line__proven__is_one(void **state)
{
    char narrow[2 * MAX_PATH] = { 0 }, line[1024];

    (void)state;
    fake.line = true;
    u16s_to_utf8(u16s_of(base), narrow, sizeof narrow - 1);
    snprintf(
        line, sizeof line,
        "ringfence: confined (strict), network off, writes to %s. `ringfence status` "
        "explains, `deactivate` leaves.\n",
        narrow);
    assert_string_equal(status(), line);
    fake.network_on = true;
    assert_says(status(), "ringfence: confined (strict), network on, writes to ");
    fake.inside = true;
    assert_says(status(), "\nringfence: network on in ");
}

static void status__strict_and_granted__says_all_of_it(void **state)
{
    const char *said = status();

    (void)state;
    assert_int_equal(strncmp(said, "level      confined (strict)\n", 29), 0);
    assert_says(said, "\ncanary     strict fence, ");
    assert_says(said, " s ago: 9 of 9 acts outside denied, 3 of 3 inside allowed\n");
    assert_says(said, "\nwrites     ");
    assert_says(said, "  219104 files and directories, granted 2024-11-2");
    assert_says(said, "\\cache  not granted yet; not writable");
    assert_says(said, "\nprotected  .git  (1 found, 3 missing: watched)\n");
    assert_says(said, "\nreads      profile granted 2026-11-20, 7 credential stores");
    assert_null(strstr(said, "not confined"));
    assert_null(strstr(said, "not fenced"));
    assert_null(strstr(said, "standard fence"));
}

static void status__standard_and_trouble__is_told(void **state)
{
    const char *said = NULL;

    (void)state;
    fake.fence = FENCE_STANDARD;
    fake.denies = false;
    fake.damaged = 2;
    fake.volumes = u"E:\\ (FAT32)";
    fake.record[0].failed = 3;
    fake.record[1] =
        (struct journal_record){ .state = JOURNAL_BEGUN, .time = 133770000000000000 };
    fake.proof[FENCE_STRICT].held = false;
    fake.proof[FENCE_STRICT].why = "the canary got out of the fence";
    fake.proof[FENCE_STRICT].outside_denied = 8;
    fake.proof[FENCE_STRICT].time = now() - 3 * A_DAY;
    said = status();
    assert_says(said, "level      confined (standard)\n");
    assert_says(said,
                "strict fence, 3 days ago: the canary got out of the fence; 8 of 9");
    assert_says(said, ", 3 failed\n");
    assert_says(said, "\\cache  grant begun 2024-11-2");
    assert_says(said, ".git (not yet: ringfence grant)  (1 found");
    assert_says(said, "reads      not confined; for the strict fence: profile granted");
    assert_says(said, "\njournal    damaged in 2 places");
    assert_says(said, "\nnot fenced E:\\ (FAT32): no ACLs\n");
}

/* What nothing but the cap holds is not passed over. */
static void status__enforced_was_proven__names_what_the_cap_alone_holds(void **state)
{
    const char *said = NULL;

    (void)state;
    assert_null(strstr(status(), "enforced, "));
    fake.enforced = (struct canary_proof){ .held = true,
                                           .why = "",
                                           .outside_denied = 9,
                                           .outside_total = 9,
                                           .inside_allowed = 5,
                                           .inside_total = 5,
                                           .time = now() - 3 * A_DAY,
                                           .net_held = NETCHECK_BIT(NETCHECK_TCP4,
                                                                    NETCHECK_DENY_ONLY) };
    said = status();
    assert_says(said,
                "\ncanary     enforced, 3 days ago: 9 of 9 acts outside denied, 5 of 5 "
                "inside allowed; network held by the traffic cap alone: deny-only "
                "copy (IPv4 TCP)\n");
    fake.json = true;
    assert_says(status(), "\"network_held_by_the_traffic_cap_alone\":\"deny-only copy "
                          "(IPv4 TCP)\"");
}

static void status__advisory__claims_nothing(void **state)
{
    const char *said = NULL;

    (void)state;
    fake.level = LEVEL_ADVISORY;
    said = status();
    assert_says(said, "\nwrites     not confined\n");
    assert_says(said, "  219104 files and directories, granted 2024");
    assert_says(said, "\nprotected  nothing (advisory): .git  (1 found, 3 missing)\n");
    assert_says(said, "\nreads      not confined;");
    assert_null(strstr(said, "not granted yet")); /* nobody has asked for it */
}

/* What the sandbox account brings is said as the kernel's, and nothing more than that. */
static void status__enforced__the_kernel_holds_network_and_reads(void **state)
{
    const char *said = NULL;

    (void)state;
    fake.level = LEVEL_ENFORCED;
    fake.fence = FENCE_STANDARD;
    said = status();
    assert_says(said, "level      enforced\n");
    assert_says(said, "\nnetwork    off: held by the kernel");
    assert_says(said, "\nreads      as the sandbox account may; profile granted");
    assert_null(strstr(said, "not confined"));
    fake.network_on = true;
    said = status();
    assert_says(said, "\nnetwork    on\n");
}

static void json__network__enforced_only_where_it_is_off_and_proven(void **state)
{
    const char *said = NULL;

    (void)state;
    fake.json = true;
    said = status();
    assert_says(said, "\"network\":\"off\",\"network_enforced\":false,");
    fake.level = LEVEL_ENFORCED;
    fake.fence = FENCE_STANDARD;
    said = status();
    assert_says(said, "\"network\":\"off\",\"network_enforced\":true,");
    assert_says(said, "\"reads_confined\":true,");
    fake.network_on = true;
    said = status();
    assert_says(said, "\"network\":\"on\",\"network_enforced\":false,");
}

static void status__inside_a_fence__is_not_advisory(void **state)
{
    const char *said = NULL;

    (void)state;
    fake.level = LEVEL_ADVISORY; /* as a token in a token would come out */
    fake.inside = true;
    said = status();
    assert_says(said, "level      inside a fence: the token says so\n");
    assert_says(said, "\nwrites     as the fence around this process has it\n");
    assert_says(said, "\nprotected  .git  (1 found");
    assert_says(said, "\nreads      as the fence around this process has it; ");
    assert_null(strstr(said, "advisory): "));
    assert_null(strstr(said, "not confined"));
}

static void status__journal_of_another_version__the_rest_is_said(void **state)
{
    (void)state;
    fake.journal_fails = true;
    assert_says(status(), "  the journal that knows cannot be read\n");
}

static void json__strict_and_granted__has_all_of_it(void **state)
{
    const char *said = NULL;

    (void)state;
    fake.json = true;
    said = status();
    assert_says(said, "\"level\":\"confined\",");
    assert_says(said,
                "\"fence\":\"strict\",\"canary\":[{\"fence\":\"strict\",\"held\":true,"
                "\"why\":\"\",\"outside_denied\":9,\"outside_total\":9,"
                "\"inside_allowed\":3,\"inside_total\":3,\"time\":");
    assert_says(said, "\"writes_confined\":true,\"roots\":[{\"path\":\"");
    assert_says(said, "\"usable\":true,\"grant\":\"done\",\"grant_time\":1732526400,"
                      "\"entries\":219104,\"failed\":0,\"protected\":["
                      "{\"name\":\".git\",\"state\":\"protected\"},"
                      "{\"name\":\".codex\",\"state\":\"missing\"}");
    assert_says(said, "\"usable\":false,\"grant\":\"none\",");
    assert_says(said, "\"reads_confined\":true,\"reads\":\"profile granted");
    assert_says(said, "\"not_fenced\":\"\"}\n");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(line__proven__is_one),
        TEST(status__strict_and_granted__says_all_of_it),
        TEST(status__standard_and_trouble__is_told),
        TEST(status__enforced_was_proven__names_what_the_cap_alone_holds),
        TEST(status__advisory__claims_nothing),
        TEST(status__enforced__the_kernel_holds_network_and_reads),
        TEST(json__network__enforced_only_where_it_is_off_and_proven),
        TEST(status__inside_a_fence__is_not_advisory),
        TEST(status__journal_of_another_version__the_rest_is_said),
        TEST(json__strict_and_granted__has_all_of_it),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
