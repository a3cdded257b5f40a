/* cmd_prepare with stand-ins for what no Wine has: tokens that keep their SIDs, a canary
 * that holds, files that take entries. */
#include "cli.h"
#include "confine.h"
#include "core/aclplan.h"
#include "core/exitcode.h"
#include "fake_token.h"
#include "grant/granting.h"
#include "grant/ledger.h"
#include "grant/reading.h"
#include "grant/rootcheck.h"
#include "grant/setup_user.h"
#include "remote/enforced.h"
#include "verify/canary.h"
#include "win/file.h"
#include "win/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct {
    enum rootcheck_verdict verdict;
    bool held[2]; /* by enum fence */
    bool reads;   /* setup --user went through */
    bool grants;
    bool readable;
    bool enforced; /* the runner has proven itself */
    bool children_held, no_canary;
    unsigned by_runner;
    bool hopeless; /* what granting_root failed for */
    bool others;   /* the journal has another root */
    bool shut;     /* it cannot be read */
    bool is_link;  /* the workspace */
    bool bare;     /* roots show nothing, whatever was granted */
    unsigned canaries, walks, asked;
} fake;

static char16_t base[MAX_PATH], root[MAX_PATH];
static uint8_t digest[SHA256_BYTES];
static struct context context; /* for its data directory */
static struct err err;

enum rootcheck_verdict rootcheck(const struct context *c, const char16_t *path,
                                 struct rootcheck *out, struct err *e)
{
    (void)c;
    (void)path;
    (void)e;
    out->verdict = fake.verdict;
    return fake.verdict;
}

const char16_t *rootcheck_remedy(const struct rootcheck *check)
{
    (void)check;
    return NULL;
}

bool canary_prove(struct context *c, enum fence fence, bool fresh,
                  struct canary_proof *proof, struct err *e)
{
    (void)c;
    (void)fresh;
    (void)e;
    fake.canaries++;
    *proof = (struct canary_proof){ .held = fake.held[fence],
                                    .why = fake.held[fence] ? "" : "it got out" };
    return true;
}

static const struct remote_request request; /* of the runner that has proven itself */

bool canary_prove_enforced(struct context *c, const struct remote_request *runner,
                           uint32_t net_held, struct canary_proof *proof, struct err *e)
{
    (void)c;
    assert_ptr_equal(runner, &request);
    assert_int_equal(net_held, 3);
    fake.by_runner++;
    *proof = (struct canary_proof){ .held = fake.children_held,
                                    .why = fake.children_held ? "" : "it got out" };
    return !fake.no_canary || err_rule(e, "no TEMP", NULL);
}

bool setup_user_digest(uint8_t out[JOURNAL_ROOT_BYTES], struct err *e)
{
    (void)e;
    memset(out, 7, JOURNAL_ROOT_BYTES);
    return true;
}

bool ledger_read(const char16_t *data_dir, struct ledger *ledger, struct err *e)
{
    static struct journal_record roots[2];

    (void)data_dir;
    roots[0].state = JOURNAL_BEGUN; /* one that was killed, or never went through */
    roots[1].state = JOURNAL_DONE;
    *ledger =
        (struct ledger){ .journal = { .roots = roots, .count = fake.others ? 2 : 1 } };
    return !fake.shut || err_rule(e, "it is held", NULL);
}

void ledger_clear(struct ledger *ledger)
{
    (void)ledger;
}

const struct journal_record *ledger_root(const struct ledger *ledger, const uint8_t *of)
{
    static const struct journal_record done = { .state = JOURNAL_DONE };

    (void)ledger;
    assert_int_equal(of[0], 7);
    return fake.reads ? &done : NULL;
}

bool granting_root(struct context *c, const char16_t *path, const struct granting *how,
                   uint32_t *exit_code, struct err *e)
{
    (void)path;
    assert_true(how->quiet); /* stdout is the tool's */
    fake.walks++;
    *exit_code = EXIT_OK;
    return context_find_box(c, e) &&
           (fake.grants || err_rule(e, "this system does not keep lists", NULL));
}

bool granting_is_hopeless(void)
{
    return fake.hopeless;
}

bool __wrap_file_is_link(const char16_t *path);
bool __wrap_file_is_link(const char16_t *path)
{
    return fake.is_link && !wcscmp(path, root);
}

const char16_t *granting_remedy(void)
{
    return NULL;
}

bool reading_admit(const struct context *c, struct u16s tool)
{
    (void)c;
    assert_true(u16s_is(tool, "C:\\tools\\git.exe"));
    fake.asked++;
    return fake.readable;
}

const char *enforced_missing(const struct context *c, struct enforced_runner *runner,
                             struct err *e)
{
    (void)c;
    (void)e;
    *runner = (struct enforced_runner){ &request, 3 };
    return fake.enforced ? NULL : "no accounts";
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
    if (!cli->rest.len)
        return CLI_END;
    for (size_t i = 0; i < count; i++)
        if (u16s_is(u16s_of(options[i].name), "--tool"))
            assert_null(options[i].set(ctx, cli->rest));
    return CLI_END;
}

/* Roots show their entries, as after a walk, when fake.grants. */
static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *data,
                                     ULONG bytes, ULONG *needed)
{
    static uint8_t list[512];
    const struct sid sid = sid_ours(digest);
    const struct acl_entry entries[] = {
        { ACE_DENY, 0, ACLPLAN_STAY, sid },
        { ACE_ALLOW, 3, ACLPLAN_WRITE, sid },
        { ACE_ALLOW, 3 | ACE_INHERIT_ONLY, RIGHT_DELETE, sid },
    };
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    size_t size = 0;

    (void)object;
    (void)what;
    for (size_t i = 0; i < 3 && fake.grants && !fake.bare; i++)
        aclbuf_add(&b, &entries[i]);
    sd.dacl = aclbuf_acl(&b);
    assert_true(secdesc_write(&sd, data, bytes, &size));
    *needed = (ULONG)size;
    return 0;
}

/* Linked in place of the pointer that the import table has. */
extern NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                           void *, ULONG, ULONG *);
NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)
(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *) = query_security;

static uint32_t prepare(const char16_t *tool)
{
    struct cli cli = { .rest = u16s_of(tool) };

    return cmd_prepare(&cli);
}

/* What is written down of the root; state -1 when nothing is. */
static int written(struct record *record)
{
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);
    uint8_t machine[12], plan[12];
    size_t bytes = 0;
    FILETIME now;

    confine_record_path(&context, digest, &b);
    if (file_read(path, record, sizeof *record, &bytes, &err) != FILE_READ_DONE)
        return -1;
    GetSystemTimeAsFileTime(&now);
    assert_true(machine_key(machine));
    record_plan(&context.policy, plan);
    assert_true(record_is_sound(record, bytes));
    assert_true(record_is_for(record, machine, plan, digest,
                              (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime));
    return record->state;
}

static int set_up(void **state)
{
    struct context_wish wish = { .look_only = true };
    char16_t temp[MAX_PATH];
    struct u16buf b = U16BUF(base), r = U16BUF(root);
    FILETIME now;

    (void)state;
    GetSystemTimeAsFileTime(&now);
    assert_true(GetTempPathW(MAX_PATH, temp));
    u16buf_addz(&b, temp);
    u16buf_addz(&b, u"ringfence-prepare-");
    u16buf_add_hex(&b, now.dwLowDateTime, 8);
    u16buf_addz(&r, base);
    u16buf_addz(&r, u"\\ws");
    assert_true(file_make_dirs(root, &err));
    assert_true(SetEnvironmentVariableW(u"RINGFENCE_ROOT", root));
    memset(&fake, 0, sizeof fake);
    memset(&fake_token, 0, sizeof fake_token);
    memset(&context, 0, sizeof context);
    fake_token.kept = LEVEL_TOKEN_RESTRICTED;
    fake.grants = fake.held[0] = fake.held[1] = true;
    assert_true(context_hash_path(root, digest, &err));
    assert_true(context_begin(&context, &err));
    assert_true(context_complete(&context, &wish, &err));
    return 0;
}

static int tear_down(void **state)
{
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);

    (void)state;
    confine_record_path(&context, digest, &b);
    DeleteFileW(path);
    RemoveDirectoryW(context.temp.at);
    RemoveDirectoryW(context.cache.at);
    path[b.len - 6] = 0;
    RemoveDirectoryW(path);
    RemoveDirectoryW(root);
    RemoveDirectoryW(base);
    return 0;
}

static void prepare__all_well__is_ready_under_standard(void **state)
{
    struct record record;

    (void)state;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(written(&record), RECORD_READY);
    assert_int_equal(record.fence, FENCE_STANDARD); /* the profile was not granted */
    assert_int_equal(record.enforced, 0);
    assert_int_equal(fake.walks, 1);
    assert_int_equal(prepare(u""), EXIT_OK); /* a second time there is nothing to do */
    assert_int_equal(fake.walks, 1);
    assert_int_equal(fake.canaries, 1);
}

static void prepare__runner_holds__is_noted(void **state)
{
    struct record record;

    (void)state;
    fake.enforced = fake.children_held = true;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(written(&record), RECORD_READY);
    assert_int_equal(record.enforced, 1);
    assert_int_equal(fake.by_runner, 1);
}

/* What the runner has seen of itself says nothing of files. */
static void prepare__runner_holds_and_its_children_do_not__is_not_enforced(void **state)
{
    struct record record;

    (void)state;
    fake.enforced = true;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(written(&record), RECORD_READY);
    assert_int_equal(record.enforced, 0);
    assert_int_equal(fake.by_runner, 1);
}

static void prepare__canary_cannot_run_by_the_runner__is_not_enforced(void **state)
{
    struct record record;

    (void)state;
    fake.enforced = fake.children_held = fake.no_canary = true;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(written(&record), RECORD_READY);
    assert_int_equal(record.enforced, 0);
}

static void prepare__profile_granted__is_ready_under_strict(void **state)
{
    struct record record;

    (void)state;
    fake.reads = true;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(written(&record), RECORD_READY);
    assert_int_equal(record.fence, FENCE_STRICT);
}

static void prepare__strict_got_out__standard_serves(void **state)
{
    struct record record;

    (void)state;
    fake.reads = true;
    fake.held[FENCE_STRICT] = false;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(written(&record), RECORD_READY);
    assert_int_equal(record.fence, FENCE_STANDARD);
}

static void prepare__canary_got_out__is_refused_and_nothing_walked(void **state)
{
    struct record record;

    (void)state;
    fake.bare = true; /* where nothing was granted */
    fake.held[0] = fake.held[1] = false;
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    assert_int_equal(written(&record), RECORD_REFUSED);
    assert_string_equal(record.reason, "it got out");
    assert_int_equal(fake.walks, 0);
}

static void prepare__no_root__is_refused_before_any_canary(void **state)
{
    struct record record;

    (void)state;
    fake.bare = true;
    fake.verdict = ROOTCHECK_PROFILE;
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    assert_int_equal(written(&record), RECORD_REFUSED);
    assert_string_equal(record.reason, rootcheck_reason(ROOTCHECK_PROFILE));
    assert_int_equal(fake.canaries, 0);
    assert_int_equal(fake.walks, 0);
}

static void prepare__files_take_no_entries__is_refused(void **state)
{
    struct record record;

    (void)state;
    fake.grants = false;
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    assert_int_equal(written(&record), RECORD_REFUSED);
}

static void prepare__tokens_keep_nothing__changes_nothing(void **state)
{
    struct record record;

    (void)state;
    fake_token.kept = LEVEL_TOKEN_NOT_KEPT;
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    assert_int_equal(written(&record), -1);
    assert_int_equal(fake.walks + fake.canaries, 0);
}

static void prepare__box_gone__is_granted_again(void **state)
{
    (void)state;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_true(RemoveDirectoryW(context.temp.at));
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(fake.walks, 2);
    assert_int_equal(file_kind(context.temp.at), FILE_IS_DIRECTORY);
}

static void prepare__tool_of_strict__is_noted_as_it_is(void **state)
{
    struct record record;
    uint8_t key[7];

    (void)state;
    fake.reads = true;
    assert_int_equal(prepare(u""), EXIT_OK);
    for (unsigned i = 0; i < 2; i++) {
        fake.readable = i;
        assert_int_equal(prepare(u"C:\\tools\\git.exe"), EXIT_OK);
        assert_int_equal(written(&record), RECORD_READY);
        record_tool_key(context_var(&context, "PATH"), U16S("C:\\tools\\git.exe"), key);
        assert_int_equal(record_tool_reads(&record, key),
                         i ? RECORD_READS_ALL : RECORD_READS_NOT);
    }
    assert_int_equal(fake.asked, 2);
}

static void prepare__tool_of_standard__is_not_looked_at(void **state)
{
    (void)state;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(prepare(u"C:\\tools\\git.exe"), EXIT_OK);
    assert_int_equal(fake.asked, 0);
}

static void prepare__record_held_open__fails_before_any_walk(void **state)
{
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);
    struct record record;
    HANDLE held = NULL;

    (void)state;
    assert_int_equal(prepare(u""), EXIT_OK);
    confine_record_path(&context, digest, &b);
    held = CreateFileW(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(held != INVALID_HANDLE_VALUE);
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    CloseHandle(held);
    assert_int_equal(fake.walks, 1);
    assert_int_equal(written(&record), RECORD_READY);
}

static void prepare__fails_where_a_fence_was__is_lost_for_a_while(void **state)
{
    struct record record;

    (void)state;
    assert_int_equal(prepare(u""), EXIT_OK);
    fake.grants = false; /* its list was reset, say, and takes nothing any more */
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    assert_int_equal(written(&record), RECORD_LOST);
    assert_true(record.reason[0]);
    fake.verdict = ROOTCHECK_NO_ACLS; /* nor does its nature make that good */
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    assert_int_equal(written(&record), RECORD_LOST);
    fake.verdict = ROOTCHECK_FINE;
    fake.grants = true;
    assert_int_equal(prepare(u""), EXIT_OK);
    assert_int_equal(written(&record), RECORD_READY);
}

static void prepare__fails_where_others_are_fenced__is_lost_unless_by_nature(void **state)
{
    static const struct {
        bool others, shut, held, grants, hopeless;
        enum rootcheck_verdict verdict;
        enum record_state state;
    } rows[] = {
        { false, false, false, true, false, ROOTCHECK_FINE, RECORD_REFUSED },
        { true, false, false, true, false, ROOTCHECK_FINE, RECORD_LOST },
        { false, false, true, false, false, ROOTCHECK_FINE, RECORD_REFUSED },
        { true, false, true, false, false, ROOTCHECK_FINE, RECORD_LOST },
        { true, false, true, false, true, ROOTCHECK_FINE, RECORD_REFUSED },
        { true, false, true, true, false, ROOTCHECK_PROFILE, RECORD_REFUSED },
        { true, false, true, true, false, ROOTCHECK_FAILED, RECORD_LOST },
        { false, true, true, true, false, ROOTCHECK_FINE, RECORD_LOST },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record record;

        tear_down(NULL);
        set_up(NULL);
        fake.others = rows[i].others;
        fake.shut = rows[i].shut;
        fake.held[0] = rows[i].held;
        fake.grants = rows[i].grants;
        fake.hopeless = rows[i].hopeless;
        fake.verdict = rows[i].verdict;
        /* A mark on the directory would be a reason of its own. */
        fake.bare = true;
        assert_int_equal(prepare(u""), EXIT_RINGFENCE);
        if (written(&record) != (int)rows[i].state)
            fail_msg("row %u", (unsigned)i);
    }
}

static void prepare__workspace_is_a_link_in_reach__writes_nothing(void **state)
{
    struct record record;

    (void)state;
    fake.is_link = true;
    assert_int_equal(prepare(u""), EXIT_RINGFENCE);
    assert_int_equal(written(&record), -1);
    assert_int_equal(fake.walks + fake.canaries, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(prepare__all_well__is_ready_under_standard),
        TEST(prepare__runner_holds__is_noted),
        TEST(prepare__runner_holds_and_its_children_do_not__is_not_enforced),
        TEST(prepare__canary_cannot_run_by_the_runner__is_not_enforced),
        TEST(prepare__profile_granted__is_ready_under_strict),
        TEST(prepare__strict_got_out__standard_serves),
        TEST(prepare__canary_got_out__is_refused_and_nothing_walked),
        TEST(prepare__no_root__is_refused_before_any_canary),
        TEST(prepare__files_take_no_entries__is_refused),
        TEST(prepare__tokens_keep_nothing__changes_nothing),
        TEST(prepare__box_gone__is_granted_again),
        TEST(prepare__tool_of_strict__is_noted_as_it_is),
        TEST(prepare__tool_of_standard__is_not_looked_at),
        TEST(prepare__workspace_is_a_link_in_reach__writes_nothing),
        TEST(prepare__fails_where_others_are_fenced__is_lost_unless_by_nature),
        TEST(prepare__fails_where_a_fence_was__is_lost_for_a_while),
        TEST(prepare__record_held_open__fails_before_any_walk),
    };
    return cmocka_run_group_tests_name("prepare", tests, NULL, NULL);
}
