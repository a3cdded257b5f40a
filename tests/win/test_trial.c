/* SPDX-License-Identifier: MIT
 *
 * Claim: a row of the battery is called enforced only when the same act was done without
 * the fence, was refused with it, and nothing is different afterwards.  What the children
 * do is made up here (actor.h, scratch.h, decoy.h); the judging is the real one.
 */
#include "verify/trial.h"

#include "core/netcheck.h"
#include "verify/act.h"
#include "verify/decoy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct side {
    DWORD no_start; /* why no child starts, 0: one does */
    DWORD code;
    bool changes;
};

static struct {
    struct side without, with;
    const struct side *now;
    enum level_token kept;
    const char *missing;
    bool changed, cannot_put_away, token_lowered, scratch_lowered, no_links;
    size_t links, started, filled, put_away;
} fake;

bool actor_make(struct actor *actor, enum fence fence, bool lowered,
                const struct sid *root, enum level_token *kept, struct err *err)
{
    (void)actor;
    fake.token_lowered = lowered;
    (void)fence;
    (void)root;
    (void)err;
    *kept = fake.kept;
    return true;
}

void actor_clear(struct actor *actor)
{
    (void)actor;
}

void actor_begin(void)
{
}

void actor_end(void)
{
}

DWORD actor_start(const struct actor *actor, const struct actor_start *start,
                  HANDLE *process)
{
    (void)start;
    *process = NULL;
    fake.started++;
    fake.now = actor ? &fake.with : &fake.without;
    return fake.now->no_start;
}

DWORD actor_wait(HANDLE process)
{
    (void)process;
    fake.changed = fake.changed || fake.now->changes;
    return fake.now->code;
}

bool scratch_init(struct scratch *s, bool lowered, struct err *err)
{
    (void)s;
    fake.scratch_lowered = lowered;
    (void)err;
    return true;
}

bool scratch_fill(struct scratch *s, struct err *err)
{
    (void)s;
    (void)err;
    fake.filled++;
    fake.changed = false;
    return true;
}

bool scratch_remove(struct scratch *s, struct err *err)
{
    (void)s;
    (void)err;
    return true;
}

void scratch_path(const struct scratch *s, const char *below, struct u16buf *out)
{
    (void)s;
    u16buf_addz(out, u"C:\\scratch\\");
    u16buf_add_ascii(out, below);
}

void scratch_look(const char16_t *path, struct scratch_look *look)
{
    (void)path;
    *look = (struct scratch_look){ .there = fake.changed };
}

bool scratch_same(const struct scratch_look *a, const struct scratch_look *b)
{
    return a->there == b->there;
}

const char *decoy_set_up(enum battery_place place, const char *below,
                         const struct scratch *s, struct u16buf *path)
{
    (void)place;
    (void)below;
    (void)s;
    (void)path;
    return fake.missing;
}

bool decoy_is_changed(enum battery_place place, const struct scratch *s)
{
    (void)s;
    return place > BATTERY_LAST_FILE && fake.now->changes;
}

bool decoy_put_away(enum battery_place place, const struct scratch *s, struct err *err)
{
    (void)place;
    (void)s;
    fake.put_away++;
    return !fake.cannot_put_away || err_rule(err, "it stays", NULL);
}

void decoy_close(void)
{
}

void decoy_use_runner(const struct remote_request *runner)
{
    (void)runner;
}

DWORD act_make_symlink(const char16_t *path, const char16_t *target, bool directory)
{
    (void)path;
    (void)target;
    (void)directory;
    fake.links++;
    return fake.no_links ? ERROR_PRIVILEGE_NOT_HELD : 0;
}

static const struct battery_row create = { .id = "create",
                                           .text = "",
                                           .act = BATTERY_CREATE,
                                           .expect = BATTERY_DENIED,
                                           .place = BATTERY_SCRATCH,
                                           .path = "docs\\new.txt" };
static struct trial trial;
static struct trial_result r;
static struct err err;
static bool lowered;

static int begin(void **state)
{
    (void)state;
    lowered = false;
    memset(&fake, 0, sizeof fake);
    fake.kept = LEVEL_TOKEN_RESTRICTED;
    fake.without.changes = true;
    fake.with.code = ERROR_ACCESS_DENIED;
    return 0;
}

static enum trial_verdict judged(const struct battery_row *row, enum fence fence)
{
    assert_true(trial_open(&trial, fence, lowered, &err));
    assert_true(trial_row(&trial, row, &r, &err));
    assert_true(trial_close(&trial, &err));
    return r.verdict;
}

static void denied__done_without__is_enforced(void **state)
{
    (void)state;
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_ENFORCED);
    assert_null(r.reason);
    assert_int_equal(fake.started, 2);
    assert_int_equal(fake.filled, 2); /* once more between the two */
    fake.with.code = ERROR_PRIVILEGE_NOT_HELD;
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_ENFORCED);
}

static void done__with_the_fence__is_not_enforced(void **state)
{
    (void)state;
    fake.with = (struct side){ .changes = true };
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_NOT_ENFORCED);
    fake.with = (struct side){ .changes = false }; /* says so, and nothing is seen */
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_NOT_ENFORCED);
    fake.with = (struct side){ .code = ERROR_ACCESS_DENIED, .changes = true };
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_NOT_ENFORCED);
    assert_string_equal(r.reason, "refused, yet changed");
}

static void nothing_to_learn__any__is_skipped(void **state)
{
    (void)state;
    fake.with.code = ERROR_SHARING_VIOLATION;
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_SKIPPED);
    fake.with = (struct side){ .no_start = ERROR_ACCESS_DENIED };
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_SKIPPED);
    fake.with = (struct side){ .code = ERROR_ACCESS_DENIED };
    fake.without = (struct side){ .changes = false };
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "control changed nothing");
    fake.started = 0;
    fake.without = (struct side){ .code = ERROR_ACCESS_DENIED };
    assert_int_equal(judged(&create, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "control failed");
    assert_int_equal(fake.started, 1);
}

static void known_to_be_open__by_fence__is_said_apart(void **state)
{
    struct battery_row row = create;

    (void)state;
    fake.with = (struct side){ .changes = true };
    row.expect = BATTERY_OPEN_STANDARD;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_OPEN);
    assert_non_null(strstr(r.reason, "strict closes it"));
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_NOT_ENFORCED);
    row.expect = BATTERY_OPEN;
    row.why = "that is so";
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_OPEN);
    assert_string_equal(r.reason, "that is so");
    fake.with = (struct side){ .code = ERROR_ACCESS_DENIED };
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_ENFORCED);
    /* A token that is none is no fence with a known hole. */
    fake.kept = LEVEL_TOKEN_NOT_KEPT;
    fake.with = (struct side){ .changes = true };
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_NOT_ENFORCED);
}

/* The label takes what the lists leave, and not what somebody else does for the child. */
static void lowered__what_the_label_holds__is_expected_denied(void **state)
{
    struct battery_row row = create;

    (void)state;
    fake.with = (struct side){ .changes = true };
    row.why = "that is so";
    row.expect = BATTERY_OPEN_MEDIUM;
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_OPEN);
    assert_false(fake.token_lowered || fake.scratch_lowered);
    lowered = true;
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_NOT_ENFORCED);
    assert_true(fake.token_lowered && fake.scratch_lowered);
    row.expect = BATTERY_OPEN_STANDARD;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_NOT_ENFORCED);
    row.place = BATTERY_OTHER_RUN; /* which is lowered as well */
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_OPEN);
    row.place = BATTERY_SCRATCH;
    row.tool = "cmd";
    row.script = "/c %";
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_OPEN);
    assert_int_equal(battery_expect_enforced(&row, false), BATTERY_DENIED);
    row.expect = BATTERY_OPEN_MEDIUM;
    assert_int_equal(battery_expect_enforced(&row, false), BATTERY_OPEN);
    row.expect = BATTERY_OPEN_LOGON;
    row.tool = row.script = NULL;
    assert_int_equal(battery_expect_enforced(&row, false), BATTERY_DENIED);
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_NOT_ENFORCED); /* lowered */
    lowered = false;
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_OPEN);
}

/* A child that may make no link has shown nothing: verify makes it for both. */
static void symlink__verify_makes_it__the_child_only_writes(void **state)
{
    struct battery_row row = create;

    (void)state;
    row.act = BATTERY_SYMLINK_WRITE;
    row.path = "ws\\jump.txt";
    row.other = row.look = "docs\\a.txt";
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_ENFORCED);
    assert_int_equal(fake.links, 2);
    assert_int_equal(fake.filled, 2);
    fake.no_links = true;
    fake.started = 0;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_non_null(strstr(r.reason, "no symbolic link can be made here"));
    assert_int_equal(fake.started, 0);
}

static void control__needs_more_than_a_user_has__is_said(void **state)
{
    struct battery_row row = create;

    (void)state;
    row.needs = "it takes an administrator";
    fake.without.code = ERROR_ACCESS_DENIED;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "it takes an administrator");
    fake.without.code = ERROR_PATH_NOT_FOUND;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "control failed");
}

static void inside__not_done__is_broken(void **state)
{
    struct battery_row row = create;

    (void)state;
    row.expect = BATTERY_ALLOWED;
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_BROKEN);
    fake.with = (struct side){ .no_start = ERROR_ACCESS_DENIED };
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_BROKEN);
    fake.with = (struct side){ .changes = false };
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_BROKEN);
    fake.with = (struct side){ .changes = true };
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_ALLOWED);
    row.expect = BATTERY_READS;
    row.act = BATTERY_READ;
    fake.with = (struct side){ .code = ERROR_ACCESS_DENIED };
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_BROKEN);
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_ENFORCED);
}

/* What a fence is known to take from tools: neither a surprise nor a success. */
static void inside__known_not_to_work__is_said_and_nothing_else_is(void **state)
{
    struct battery_row row = create;

    (void)state;
    row.act = BATTERY_OWN_PIPE;
    row.expect = BATTERY_COSTS;
    row.why = "no SID";
    fake.with = (struct side){ .code = ERROR_ACCESS_DENIED };
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_COSTS);
    assert_string_equal(r.reason, "no SID");
    fake.with = (struct side){ .code = 0 };
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_ALLOWED);
    fake.with = (struct side){ .code = ERROR_FILE_NOT_FOUND };
    assert_int_equal(judged(&row, FENCE_STRICT), TRIAL_BROKEN);
    assert_int_equal(battery_expect_enforced(&row, false), BATTERY_COSTS);
}

static void tool__refused__by_its_own_code(void **state)
{
    struct battery_row row = create;

    (void)state;
    row.tool = "cmd"; /* Windows has it, and so has Wine */
    row.script = "/c %";
    row.refusal = 128;
    fake.with.code = 128;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_ENFORCED);
    fake.with.code = ERROR_ACCESS_DENIED;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    row.tool = "no-such-tool";
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "not found on PATH");
}

static void network__refused__is_denied_and_unreachable_is_not(void **state)
{
    struct battery_row row = create;

    (void)state;
    row.place = BATTERY_NOWHERE;
    row.act = BATTERY_CONNECT_OUT;
    fake.without.changes = false;
    fake.with.code = 10013; /* WSAEACCES */
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_ENFORCED);
    fake.with.code = 10051; /* WSAENETUNREACH */
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    row.refusal = 11050; /* what one of our own acts knows besides */
    fake.with.code = 11050;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_ENFORCED);
    fake.without.code = 10051;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "control failed");
}

static enum trial_verdict judged_enforced(const struct battery_row *row)
{
    const struct remote_request runner = { .offline = true };

    assert_true(trial_open(&trial, FENCE_STANDARD, false, &err));
    trial_enforce(&trial, &runner, 0);
    trial.loopback_open = false;
    assert_true(trial_row(&trial, row, &r, &err));
    assert_true(trial_close(&trial, &err));
    return r.verdict;
}

/* What the fences leave open for want of another account, another account closes. */
static void enforced__what_fences_leave_open__is_expected_closed(void **state)
{
    static const enum battery_expect open[] = { BATTERY_OPEN_STANDARD,
                                                BATTERY_OPEN_CONFINED, BATTERY_READS,
                                                BATTERY_LOOPBACK };
    struct battery_row row = create;

    (void)state;
    fake.with = (struct side){ .changes = true };
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        row.expect = open[i];
        assert_int_equal(judged_enforced(&row), TRIAL_NOT_ENFORCED);
    }
    assert_int_equal(battery_expect(&row, FENCE_STRICT, false), BATTERY_OPEN);
    assert_int_equal(battery_expect_enforced(&row, true), BATTERY_OPEN);
    row.expect = BATTERY_ALLOWED;
    assert_int_equal(judged_enforced(&row), TRIAL_ALLOWED);
    row.expect = BATTERY_OPEN;
    row.why = "that is so";
    assert_int_equal(judged_enforced(&row), TRIAL_OPEN);
}

/* 125 is the launcher's, who has started nothing. */
static void enforced__runner_starts_nothing__is_no_denial(void **state)
{
    struct battery_row row = create;

    (void)state;
    fake.with.code = 125;
    row.refusal = 125;
    assert_int_equal(judged_enforced(&row), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "no child starts with the fence");
    row.expect = BATTERY_ALLOWED;
    assert_int_equal(judged_enforced(&row), TRIAL_BROKEN);
}

/* A connection that is begun and gets nowhere is done as far as its child can see. */
static void enforced__begun_and_held_by_the_cap__is_enforced_and_said(void **state)
{
    struct battery_row row = { .id = "net",
                               .text = "",
                               .act = BATTERY_CONNECT_AS,
                               .expect = BATTERY_DENIED,
                               .place = BATTERY_LITERAL,
                               .path = "deny-only copy",
                               .enforced = true };

    (void)state;
    fake.without = fake.with = (struct side){ .code = 0 };
    assert_true(trial_open(&trial, FENCE_STANDARD, false, &err));
    trial.enforced = true;
    trial.net_held = NETCHECK_BIT(NETCHECK_TCP4, NETCHECK_DENY_ONLY);
    assert_true(trial_row(&trial, &row, &r, &err));
    assert_int_equal(r.verdict, TRIAL_ENFORCED);
    assert_string_equal(r.reason, "held by the traffic cap alone");
    row.path = "anonymous"; /* nothing holds that */
    assert_true(trial_row(&trial, &row, &r, &err));
    assert_int_equal(r.verdict, TRIAL_NOT_ENFORCED);
    row.path = "deny-only copy";
    trial.net_held = NETCHECK_BIT(NETCHECK_UDP4, NETCHECK_DENY_ONLY);
    assert_true(trial_row(&trial, &row, &r, &err));
    assert_int_equal(r.verdict, TRIAL_NOT_ENFORCED);
    assert_true(trial_close(&trial, &err));
}

static void decoy__missing_or_stuck__is_said(void **state)
{
    struct battery_row row = create;

    (void)state;
    row.place = BATTERY_WINDOW;
    row.act = BATTERY_POST;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_ENFORCED);
    assert_int_equal(fake.put_away, 2);
    fake.missing = "no window here";
    fake.started = 0;
    assert_int_equal(judged(&row, FENCE_STANDARD), TRIAL_SKIPPED);
    assert_string_equal(r.reason, "no window here");
    assert_int_equal(fake.started, 0);
    fake.missing = NULL;
    fake.cannot_put_away = true;
    assert_true(trial_open(&trial, FENCE_STANDARD, false, &err));
    assert_false(trial_row(&trial, &row, &r, &err));
    assert_string_equal(err.call, "it stays");
    assert_true(trial_close(&trial, &err));
}

static void still_can__after_a_denial__asks_of_the_same_things(void **state)
{
    bool can = false;
    size_t filled = 0;

    (void)state;
    assert_true(trial_open(&trial, FENCE_STANDARD, false, &err));
    assert_true(trial_row(&trial, &create, &r, &err));
    assert_int_equal(r.verdict, TRIAL_ENFORCED);
    filled = fake.filled;
    assert_true(trial_still_can(&trial, &create, &can, &err));
    assert_true(can);
    assert_int_equal(fake.filled, filled);   /* as the denied act has left them */
    fake.without.code = ERROR_ACCESS_DENIED; /* a file that is going, say */
    fake.without.changes = false;
    assert_true(trial_still_can(&trial, &create, &can, &err));
    assert_false(can);
    fake.without.code = 0; /* done, and nothing to be seen */
    assert_true(trial_still_can(&trial, &create, &can, &err));
    assert_false(can);
    assert_true(trial_close(&trial, &err));
}

/* What the rows themselves have to be. */
static void battery__every_row__is_sound(void **state)
{
    size_t canaries = 0;

    (void)state;
    for (size_t i = 0; i < battery_count; i++) {
        const struct battery_row *row = &battery_rows[i];

        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(row->id, battery_rows[k].id);
        assert_true(!row->tool == !row->script);
        assert_true(!row->tool || row->optional);
        assert_true(!row->tool || row->expect == BATTERY_ALLOWED || row->refusal);
        assert_true((row->expect != BATTERY_OPEN && row->expect != BATTERY_OPEN_MEDIUM &&
                     row->expect != BATTERY_OPEN_LOGON &&
                     row->expect != BATTERY_OPEN_CONFINED &&
                     row->expect != BATTERY_COSTS && row->expect != BATTERY_LOOPBACK) ||
                    row->why);
        assert_true(!row->canary || !row->enforced);
        assert_true(!row->canary || (!row->optional && row->place != BATTERY_SHORT));
        assert_true(row->path ||
                    (row->place != BATTERY_SCRATCH && row->place != BATTERY_LITERAL));
        canaries += row->canary;
    }
    assert_int_equal(canaries, 14);
}

static const struct battery_row *row_of(const char *id)
{
    for (size_t i = 0; i < battery_count; i++)
        if (!strcmp(battery_rows[i].id, id))
            return &battery_rows[i];
    fail_msg("no row %s", id);
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && !strcmp(text + strlen(text) - strlen(end), end);
}

/* Who has another start a program knows that it started: behind the fence it starts, and
 * fails.  And one that comes late finds no other row's file. */
static void battery__done_by_somebody_else__only_what_is_written_counts(void **state)
{
    static const char *const ids[] = { "wmi", "shell" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct battery_row *row = row_of(ids[i]);

        assert_int_equal(row->refusal, 5);
        assert_true(ends_with(row->script, ";if(-not(Test-Path -LiteralPath '%'))"
                                           "{exit 5}\""));
        for (size_t k = 0; k < battery_count; k++) {
            const struct battery_row *other = &battery_rows[k];

            assert_true(other == row ||
                        ((!other->path || strcmp(other->path, row->path)) &&
                         (!other->other || strcmp(other->other, row->path)) &&
                         (!other->look || strcmp(other->look, row->path))));
        }
    }
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(denied__done_without__is_enforced),
        TEST(done__with_the_fence__is_not_enforced),
        TEST(nothing_to_learn__any__is_skipped),
        TEST(known_to_be_open__by_fence__is_said_apart),
        TEST(lowered__what_the_label_holds__is_expected_denied),
        TEST(symlink__verify_makes_it__the_child_only_writes),
        TEST(control__needs_more_than_a_user_has__is_said),
        TEST(inside__not_done__is_broken),
        TEST(inside__known_not_to_work__is_said_and_nothing_else_is),
        TEST(tool__refused__by_its_own_code),
        TEST(network__refused__is_denied_and_unreachable_is_not),
        TEST(enforced__what_fences_leave_open__is_expected_closed),
        TEST(enforced__runner_starts_nothing__is_no_denial),
        TEST(enforced__begun_and_held_by_the_cap__is_enforced_and_said),
        TEST(decoy__missing_or_stuck__is_said),
        TEST(still_can__after_a_denial__asks_of_the_same_things),
        TEST(battery__every_row__is_sound),
        TEST(battery__done_by_somebody_else__only_what_is_written_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
