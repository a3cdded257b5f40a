/* SPDX-License-Identifier: MIT
 *
 * Claim: a fence counts as proven only after every act of the canary came out as it must,
 * on this build of Windows and this version of Ringfence; whatever else lies in the file
 * is not believed.  Wine keeps no restricting SIDs, so what the children would say is
 * made up here (trial.h); the file, its key and the counting are the real ones.
 */
#include "verify/canary.h"

#include "verify/trial.h"
#include "win/file.h"
#include "win/machine.h"
#include "win/statefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    enum level_token token;
    const char *bad_row;     /* the row with another end */
    struct trial_result bad; /* which is this */
    unsigned times;          /* the first so many times; 0: always */
    unsigned stuck;          /* so many acts cannot be done afterwards either */
    unsigned tries;          /* of that row */
    bool not_kept, cannot_open, cannot_go_on, cannot_close;
    size_t opened, closed, rows, enforced;
} fake;

static const struct remote_request request;

void trial_enforce(struct trial *trial, const struct remote_request *runner,
                   uint32_t net_held)
{
    assert_ptr_equal(runner, &request);
    trial->enforced = true;
    trial->net_held = net_held;
    fake.enforced++;
}

enum battery_expect trial_expect(const struct trial *trial, const struct battery_row *row)
{
    return trial->enforced ? battery_expect_enforced(row, false)
                           : battery_expect(row, trial->fence, trial->lowered);
}

enum level_token trial_look(enum fence fence, bool lowered)
{
    (void)fence;
    (void)lowered;
    return fake.token;
}

bool trial_open(struct trial *trial, enum fence fence, bool lowered, struct err *err)
{
    *trial = (struct trial){ .fence = fence, .lowered = lowered, .kept = fake.token };
    trial->scratch.not_kept = fake.not_kept;
    fake.opened++;
    return !fake.cannot_open || err_rule(err, "no TEMP", NULL);
}

bool trial_close(struct trial *trial, struct err *err)
{
    (void)trial;
    fake.closed++;
    return !fake.cannot_close || err_rule(err, "it stays", NULL);
}

bool trial_row(struct trial *trial, const struct battery_row *row,
               struct trial_result *result, struct err *err)
{
    bool inside = trial_expect(trial, row) == BATTERY_ALLOWED;

    fake.rows++;
    if (fake.cannot_go_on)
        return err_rule(err, "stopped by Ctrl-C", NULL);
    assert_true(row->canary);
    *result = (struct trial_result){ .without = { .started = true },
                                     .with = { .started = true },
                                     .verdict = inside ? TRIAL_ALLOWED : TRIAL_ENFORCED };
    if (fake.bad_row && !strcmp(fake.bad_row, row->id) &&
        (!fake.times || fake.tries < fake.times)) {
        *result = fake.bad;
        fake.tries++;
    }
    return true;
}

bool trial_still_can(struct trial *trial, const struct battery_row *row, bool *can,
                     struct err *err)
{
    (void)trial;
    (void)err;
    *can = fake.stuck == 0 || !fake.bad_row || strcmp(fake.bad_row, row->id) != 0;
    if (!*can)
        fake.stuck--;
    return true;
}

static char16_t data[WIN_PATH_CAP], file[WIN_PATH_CAP + 16];
static struct context context;
static struct canary_proof proof;
static struct err err;

/* A data directory that is not there yet, as before the first run. */
static int begin(void **state)
{
    struct u16buf path = U16BUF(data), named = U16BUF(file);
    DWORD len = GetTempPathW(WIN_PATH_CAP, data);

    (void)state;
    assert_true(len > 0 && len < MAX_PATH);
    path.len = len;
    u16buf_addz(&path, u"ringfence-test-canary-");
    u16buf_add_dec(&path, GetCurrentProcessId());
    u16buf_add(&named, u16buf_text(&path));
    u16buf_addz(&named, u"\\proof");
    context.data = path;
    DeleteFileW(file);
    RemoveDirectoryW(data);
    context.policy.lowered = false;
    memset(&fake, 0, sizeof fake);
    fake.token = LEVEL_TOKEN_RESTRICTED;
    return 0;
}

static int end(void **state)
{
    char16_t lock[WIN_PATH_CAP + 32];
    struct u16buf b = U16BUF(lock);

    (void)state;
    u16buf_addz(&b, file);
    u16buf_addz(&b, u".lock");
    SetFileAttributesW(file, FILE_ATTRIBUTE_NORMAL);
    DeleteFileW(file);
    DeleteFileW(lock);
    RemoveDirectoryW(data);
    return 0;
}

static void prove(enum fence fence, bool fresh)
{
    memset(&proof, 0xEE, sizeof proof);
    assert_true(canary_prove(&context, fence, fresh, &proof, &err));
}

static size_t read_bytes(uint8_t bytes[PROOF_BYTES + 1])
{
    size_t count = 0;

    assert_int_equal(file_read(file, bytes, PROOF_BYTES + 1, &count, &err),
                     FILE_READ_DONE);
    return count;
}

static void write_bytes(const uint8_t *bytes, size_t count)
{
    assert_true(statefile_replace(file, bytes, count, &err));
}

static void every_act_as_it_must__either_fence__has_held_and_is_kept(void **state)
{
    (void)state;
    for (int fence = FENCE_STANDARD; fence <= FENCE_STRICT; fence++) {
        size_t rows = fake.rows;

        prove((enum fence)fence, false);
        assert_true(proof.held);
        assert_false(proof.cached);
        assert_string_equal(proof.why, "");
        assert_int_equal(proof.outside_denied, proof.outside_total);
        assert_int_equal(proof.inside_allowed, proof.inside_total);
        assert_int_equal(proof.outside_total + proof.inside_total, fake.rows - rows);
        assert_true(proof.inside_total >= 4 && proof.outside_total >= 5);
    }
    assert_int_equal(fake.opened, 2);
    assert_int_equal(fake.closed, 2);
    for (int fence = FENCE_STANDARD; fence <= FENCE_STRICT; fence++) {
        unsigned was = fence == FENCE_STRICT ? proof.outside_total : 0;

        prove((enum fence)fence, false);
        assert_true(proof.held && proof.cached);
        assert_true(fence == FENCE_STANDARD || proof.outside_total > was);
    }
    assert_int_equal(fake.opened, 2);
    prove(FENCE_STRICT, true);
    assert_true(proof.held && !proof.cached);
    assert_int_equal(fake.opened, 3);
}

static void read__nothing_yet_or_something__starts_nothing(void **state)
{
    (void)state;
    memset(&proof, 0xEE, sizeof proof);
    assert_false(canary_read(&context, FENCE_STRICT, &proof));
    prove(FENCE_STANDARD, false);
    fake.opened = 0;
    assert_false(canary_read(&context, FENCE_STRICT, &proof));
    assert_true(canary_read(&context, FENCE_STANDARD, &proof));
    assert_true(proof.held && proof.cached && proof.time);
    assert_int_equal(proof.outside_denied, proof.outside_total);
    assert_int_equal(fake.opened, 0);
    write_bytes((const uint8_t *)"torn", 4);
    assert_false(canary_read(&context, FENCE_STANDARD, &proof));
}

static void one_act_otherwise__any__has_not_held_and_says_why(void **state)
{
    static const struct {
        const char *row;
        struct trial_result r;
        const char *why;
    } cases[] = {
        { "docs-create", { .verdict = TRIAL_NOT_ENFORCED }, "got out" },
        { "root-rename", { .verdict = TRIAL_NOT_ENFORCED }, "got out" },
        { "git-delete", { .verdict = TRIAL_NOT_ENFORCED }, "got out" },
        { "docs-delete-child", { .verdict = TRIAL_NOT_ENFORCED }, "got out" },
        { "ws-create", { .verdict = TRIAL_BROKEN }, "has to work" },
        { "docs-overwrite", { .verdict = TRIAL_SKIPPED }, "not every act" },
        { "ws-delete", { .verdict = TRIAL_SKIPPED }, "not every act" },
        { "start",
          { .verdict = TRIAL_BROKEN, .without = { .started = true } },
          "no program starts" },
        { "start", { .verdict = TRIAL_SKIPPED }, "not every act" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.bad_row = cases[i].row;
        fake.bad = cases[i].r;
        prove(FENCE_STRICT, true);
        assert_false(proof.held);
        assert_non_null(strstr(proof.why, cases[i].why));
        prove(FENCE_STRICT, false);
        assert_false(proof.held);
        assert_true(proof.cached);
    }
}

/* A scanner has the fresh file open: once or twice that is no verdict. */
static void one_act_otherwise__not_for_long__has_held(void **state)
{
    static const struct {
        const char *row;
        enum trial_verdict verdict;
    } cases[] = {
        { "docs-overwrite", TRIAL_SKIPPED }, /* its control failed */
        { "ws-create", TRIAL_BROKEN },
        { "start", TRIAL_SKIPPED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake.bad_row = cases[i].row;
        fake.bad = (struct trial_result){ .verdict = cases[i].verdict,
                                          .without = { .started = true } };
        for (fake.times = 1; fake.times <= 3; fake.times++) {
            fake.tries = 0;
            prove(FENCE_STRICT, true);
            assert_int_equal(proof.held, fake.times < 3);
        }
    }
    fake.bad = (struct trial_result){ .verdict = TRIAL_NOT_ENFORCED };
    fake.times = 1; /* who got out once has got out */
    fake.tries = 0;
    fake.bad_row = "docs-create";
    prove(FENCE_STRICT, true);
    assert_false(proof.held);
}

/* Denied with the fence, and just as much without it a moment later. */
static void denied__not_for_the_fence__does_not_count(void **state)
{
    (void)state;
    fake.bad_row = "docs-overwrite";
    fake.bad = (struct trial_result){ .verdict = TRIAL_ENFORCED };
    fake.stuck = 2;
    prove(FENCE_STRICT, true);
    assert_true(proof.held);
    fake.stuck = 3;
    prove(FENCE_STRICT, true);
    assert_false(proof.held);
    assert_non_null(strstr(proof.why, "not every act"));
}

static void known_to_be_open__standard__does_not_count(void **state)
{
    (void)state;
    fake.bad_row = "docs-delete-child";
    fake.bad.verdict = TRIAL_NOT_ENFORCED;
    prove(FENCE_STANDARD, true);
    assert_true(proof.held);
}

/* Another token: what the one has shown says nothing of the other. */
static void lowered__a_proof_of_the_other_lies_there__is_proven_by_itself(void **state)
{
    unsigned plain = 0;

    (void)state;
    prove(FENCE_STANDARD, false);
    assert_true(proof.held);
    plain = proof.outside_total;
    context.policy.lowered = true;
    assert_false(canary_read(&context, FENCE_STANDARD, &proof));
    fake.bad_row = "docs-everyone"; /* which the label alone closes */
    fake.bad.verdict = TRIAL_NOT_ENFORCED;
    prove(FENCE_STANDARD, false);
    assert_true(!proof.held && !proof.cached);
    assert_int_equal(fake.opened, 2);
    fake.bad_row = NULL;
    prove(FENCE_STANDARD, true);
    assert_true(proof.held && proof.outside_total > plain);
    prove(FENCE_STANDARD, false);
    assert_true(proof.held && proof.cached);
    context.policy.lowered = false;
    prove(FENCE_STANDARD, false);
    assert_true(proof.held && proof.cached);
    assert_int_equal(proof.outside_total, plain);
}

static void prove_enforced(uint32_t net_held)
{
    memset(&proof, 0xEE, sizeof proof);
    assert_true(canary_prove_enforced(&context, &request, net_held, &proof, &err));
}

/* The runner's word is not enough: its children have to be seen to hold. */
static void enforced__its_own_proof__by_the_runner_and_kept_apart(void **state)
{
    size_t rows;

    (void)state;
    prove(FENCE_STANDARD, false);
    assert_int_equal(fake.enforced, 0);
    rows = fake.rows;
    assert_false(canary_read_enforced(&context, &proof));
    prove_enforced(0x208);
    assert_true(proof.held && !proof.cached);
    assert_int_equal(proof.net_held, 0x208);
    assert_int_equal(fake.enforced, 1);
    /* what the standard fence is known to leave open is closed there, and tried */
    assert_true(fake.rows - rows > rows);
    prove_enforced(0x208);
    assert_true(proof.held && proof.cached);
    assert_true(canary_read_enforced(&context, &proof));
    assert_int_equal(proof.net_held, 0x208);
    assert_int_equal(fake.enforced, 1);
    prove_enforced(0x200); /* the runner has found something else */
    assert_true(proof.held && !proof.cached);
    assert_int_equal(fake.enforced, 2);
    prove(FENCE_STANDARD, false);
    assert_true(proof.cached);
    context.policy.lowered = true; /* other children again */
    assert_false(canary_read_enforced(&context, &proof));
    prove_enforced(0x200);
    context.policy.lowered = false;
    assert_true(proof.held && !proof.cached);
    assert_int_equal(fake.enforced, 3);
}

static void enforced__a_delete_outside_is_done__has_not_held(void **state)
{
    (void)state;
    fake.bad_row = "docs-delete-child";
    fake.bad.verdict = TRIAL_NOT_ENFORCED;
    prove_enforced(0);
    assert_false(proof.held);
    assert_non_null(strstr(proof.why, "got out"));
    prove(FENCE_STANDARD, true);
    assert_true(proof.held);
}

static void no_restricting_sids__a_proof_lies_there__nothing_is_started(void **state)
{
    static const enum level_token tokens[] = { LEVEL_TOKEN_NOT_KEPT, LEVEL_TOKEN_FAILED,
                                               LEVEL_TOKEN_NO_CALL };

    (void)state;
    prove(FENCE_STANDARD, true);
    assert_true(proof.held);
    for (size_t i = 0; i < 3; i++) {
        fake.token = tokens[i];
        prove(FENCE_STANDARD, false);
        assert_false(proof.held);
        assert_false(proof.cached);
        assert_true(proof.why[0]);
        assert_true(tokens[i] != LEVEL_TOKEN_NOT_KEPT ||
                    !strcmp(proof.why, "tokens keep no restricting SIDs here"));
    }
    assert_int_equal(fake.opened, 1);
}

static void files_without_lists__any__has_not_held(void **state)
{
    (void)state;
    fake.not_kept = true;
    prove(FENCE_STANDARD, false);
    assert_false(proof.held);
    assert_int_equal(fake.rows, 0);
    assert_int_equal(fake.closed, 1);
}

/* What lies there is changed by hand; then it must be made anew. */
static void expect_anew(const char *what, const uint8_t *bytes, size_t count)
{
    size_t opened = fake.opened;

    write_bytes(bytes, count);
    prove(FENCE_STANDARD, false);
    if (proof.cached || fake.opened != opened + 1)
        print_error("believed: %s\n", what);
    assert_true(proof.held && !proof.cached && fake.opened == opened + 1);
    prove(FENCE_STANDARD, false);
    assert_true(proof.held && proof.cached);
}

static void file_by_hand__not_ours__is_made_anew(void **state)
{
    uint8_t good[PROOF_BYTES + 1], bytes[PROOF_BYTES + 1];
    static const uint8_t large[65536];

    (void)state;
    prove(FENCE_STANDARD, true);
    assert_int_equal(read_bytes(good), PROOF_BYTES);
    expect_anew("empty", good, 0);
    expect_anew("torn", good, PROOF_BYTES / 2);
    memcpy(bytes, good, sizeof bytes);
    bytes[24]--;
    expect_anew("damaged", bytes, PROOF_BYTES);
    memcpy(bytes, good, sizeof bytes);
    bytes[8]++; /* the key */
    sha256(bytes, PROOF_BYTES - SHA256_BYTES, bytes + PROOF_BYTES - SHA256_BYTES);
    expect_anew("another machine's, its sum right", bytes, PROOF_BYTES);
    expect_anew("large", large, sizeof large);
}

static void key__other_build_or_version__is_not_believed(void **state)
{
    struct proof_machine machine = { .major = 10, .bits = 64, .version = "0.0.9" };
    struct proof_file made = { { { .end = PROOF_HELD,
                                   .outside_denied = 5,
                                   .outside_total = 5,
                                   .inside_allowed = 5,
                                   .inside_total = 5 } } };
    uint8_t key[PROOF_KEY_BYTES], here[PROOF_KEY_BYTES], bytes[PROOF_BYTES];

    (void)state;
    prove(FENCE_STANDARD, true);
    proof_key(&machine, key);
    proof_write(&made, key, bytes);
    expect_anew("another version's", bytes, sizeof bytes);
    assert_true(machine_key(here));
    proof_key_on(true, U16S("Service-0x0-3e7$"), here);
    proof_write(&made, here, bytes);
    expect_anew("a service's", bytes, sizeof bytes);
    /* The control: the same numbers under this machine's key are. */
    assert_true(machine_key(here));
    proof_write(&made, here, bytes);
    write_bytes(bytes, sizeof bytes);
    prove(FENCE_STANDARD, false);
    assert_true(proof.held && proof.cached);
    assert_int_equal(proof.outside_total, 5);
}

static void not_held__an_hour_later__is_tried_again(void **state)
{
    struct proof_file made = { { { .end = PROOF_NO_START } } };
    uint8_t key[PROOF_KEY_BYTES], bytes[PROOF_BYTES];
    FILETIME t;
    uint64_t now;

    (void)state;
    prove(FENCE_STANDARD, true);
    GetSystemTimeAsFileTime(&t);
    now = (uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime;
    assert_true(machine_key(key));
    made.of[0].time = now - 35000000000u;
    proof_write(&made, key, bytes);
    write_bytes(bytes, sizeof bytes);
    prove(FENCE_STANDARD, false);
    assert_true(!proof.held && proof.cached);
    made.of[0].time = now - 36000000000u;
    proof_write(&made, key, bytes);
    expect_anew("an hour old", bytes, sizeof bytes);
    made.of[0].time = now + 36000000000u; /* the clock was put back */
    proof_write(&made, key, bytes);
    expect_anew("of the future", bytes, sizeof bytes);
}

static void cannot_be_run__any__fails_and_writes_nothing(void **state)
{
    (void)state;
    fake.cannot_open = true;
    assert_false(canary_prove(&context, FENCE_STANDARD, false, &proof, &err));
    assert_string_equal(err.call, "no TEMP");
    fake.cannot_open = false;
    fake.cannot_go_on = true;
    assert_false(canary_prove(&context, FENCE_STANDARD, false, &proof, &err));
    assert_string_equal(err.call, "stopped by Ctrl-C");
    assert_int_equal(fake.opened, fake.closed);
    assert_int_equal(file_kind(file), FILE_ABSENT);
}

static void cannot_be_written_down__any__is_proven_for_now(void **state)
{
    (void)state;
    prove(FENCE_STANDARD, true);
    assert_true(SetFileAttributesW(file, FILE_ATTRIBUTE_READONLY));
    fake.cannot_close = true;
    prove(FENCE_STANDARD, true);
    assert_true(proof.held && !proof.cached);
}

static void machine__twice__is_the_same_key(void **state)
{
    uint8_t a[PROOF_KEY_BYTES] = { 0 }, b[PROOF_KEY_BYTES] = { 1 };

    (void)state;
    assert_true(machine_key(a));
    assert_true(machine_key(b));
    assert_memory_equal(a, b, sizeof a);
}

/* An update of Windows changes nothing else. */
static void machine__another_update__is_another_key(void **state)
{
    static const wchar_t where[] = L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion";
    uint8_t a[PROOF_KEY_BYTES], b[PROOF_KEY_BYTES];
    DWORD was = 0, bytes = sizeof was, other = 0;
    HKEY key = NULL;
    bool had = false;

    (void)state;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, where, 0,
                      KEY_QUERY_VALUE | KEY_SET_VALUE | KEY_WOW64_64KEY,
                      &key) != ERROR_SUCCESS) {
        print_message("SKIP another update: HKLM cannot be written to\n");
        skip();
    }
    had =
        RegQueryValueExW(key, L"UBR", NULL, NULL, (BYTE *)&was, &bytes) == ERROR_SUCCESS;
    assert_true(machine_key(a));
    other = was + 1;
    assert_int_equal(
        RegSetValueExW(key, L"UBR", 0, REG_DWORD, (const BYTE *)&other, sizeof other),
        ERROR_SUCCESS);
    assert_true(machine_key(b));
    if (had)
        RegSetValueExW(key, L"UBR", 0, REG_DWORD, (const BYTE *)&was, sizeof was);
    else
        RegDeleteValueW(key, L"UBR");
    RegCloseKey(key);
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(machine_key(b));
    assert_memory_equal(a, b, sizeof a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_act_as_it_must__either_fence__has_held_and_is_kept),
        TEST(read__nothing_yet_or_something__starts_nothing),
        TEST(one_act_otherwise__any__has_not_held_and_says_why),
        TEST(one_act_otherwise__not_for_long__has_held),
        TEST(denied__not_for_the_fence__does_not_count),
        TEST(known_to_be_open__standard__does_not_count),
        TEST(lowered__a_proof_of_the_other_lies_there__is_proven_by_itself),
        TEST(enforced__its_own_proof__by_the_runner_and_kept_apart),
        TEST(enforced__a_delete_outside_is_done__has_not_held),
        TEST(no_restricting_sids__a_proof_lies_there__nothing_is_started),
        TEST(files_without_lists__any__has_not_held),
        TEST(file_by_hand__not_ours__is_made_anew),
        TEST(key__other_build_or_version__is_not_believed),
        TEST(not_held__an_hour_later__is_tried_again),
        TEST(cannot_be_run__any__fails_and_writes_nothing),
        TEST(cannot_be_written_down__any__is_proven_for_now),
        TEST(machine__twice__is_the_same_key),
        TEST(machine__another_update__is_another_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
