#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS 6u /* the first is a precondition */
#define NEVER 1000u

/* A machine that is changed in two halves a step, that can refuse any call, lie, or lose
 * its power at any call; the journal is on its disk. */
static struct {
    unsigned halves[STEPS]; /* 0 to 2; 3: somebody else's */
    unsigned calls, fail_at, kill_at;
    unsigned changes; /* of the machine and the journal */
    unsigned lies_at; /* this step's apply succeeds and does nothing */
    unsigned sticks;  /* this step's undo succeeds and does nothing */
    unsigned
        turns_foreign; /* this step looks like somebody else's as soon as it is there */
    bool is_blind;     /* no check can tell anything */
    bool no_elevation;
    bool half_marks; /* setting one fails, and it is there */
    bool marks[STEPS];
    bool complete;
} m;

/* Every call comes by here; false: it is to fail.  Without power every further one does,
 * and changes nothing, which is what a killed run comes to. */
static bool power(struct err *err, const char *call)
{
    unsigned now = m.calls++;

    return (now != m.fail_at && now < m.kill_at) ||
           err_set(err, ERR_WIN32, 5, call, NULL);
}

static enum plan_state check(void *ctx, unsigned arg, struct err *err)
{
    static const enum plan_state states[] = { PLAN_ABSENT, PLAN_CHANGED, PLAN_PRESENT,
                                              PLAN_FOREIGN };

    assert_ptr_equal(ctx, &m);
    if (m.turns_foreign == arg && m.halves[arg])
        return PLAN_FOREIGN;
    if (m.is_blind)
        return err_rule(err, "blind", NULL), PLAN_UNKNOWN;
    return power(err, "check") ? states[m.halves[arg]] : PLAN_UNKNOWN;
}

static enum plan_state elevated(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    if (m.no_elevation)
        return err_rule(err, "not elevated", NULL), PLAN_ABSENT;
    return PLAN_PRESENT;
}

static bool apply(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    assert_in_range(m.halves[arg], 0, 1);
    if (m.lies_at == arg)
        return power(err, "apply");
    while (m.halves[arg] < 2) {
        if (!power(err, "apply"))
            return false;
        m.halves[arg]++;
        m.changes++;
    }
    return true;
}

static bool undo(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    assert_in_range(m.halves[arg], 0, 2); /* 0 where the check could not tell */
    while (m.halves[arg] > 0 && m.sticks != arg) {
        if (!power(err, "undo"))
            return false;
        m.halves[arg]--;
        m.changes++;
    }
    return true;
}

static const struct plan_step steps[STEPS] = {
    { "elevated", "elevated", elevated, NULL, NULL, CODES_ELEVATION, 0, false, NULL },
    { "group", "group", check, apply, undo, CODES_GROUP, 1, true, NULL },
    { "account", "account", check, apply, undo, CODES_ACCOUNT, 2, true, NULL },
    { "rules", "rules", check, apply, undo, CODES_FIREWALL, 3, false, NULL },
    { "filters", "filters", check, apply, undo, CODES_FILTERS, 4, false, "enable" },
    { "enable", "enable", check, apply, undo, CODES_ENABLE, 5, false, NULL },
};

static bool journal(void *ctx, const char *id, bool set, struct err *err)
{
    assert_ptr_equal(ctx, &m);
    if (!power(err, "journal"))
        return false;
    if (!strcmp(id, PLAN_COMPLETE)) {
        m.changes += m.complete != set;
        m.complete = set;
        return true;
    }
    for (unsigned i = 0; i < STEPS; i++)
        if (!strcmp(id, steps[i].id)) {
            m.changes += m.marks[i] != set;
            m.marks[i] = set;
            return !(set && m.half_marks) || err_rule(err, "half", NULL);
        }
    fail();
    return false;
}

static void new_machine(void)
{
    memset(&m, 0, sizeof m);
    m.fail_at = m.kill_at = NEVER;
    m.lies_at = m.sticks = m.turns_foreign = NEVER;
}

/* A new process on the same machine. */
static struct plan start(void)
{
    struct plan plan = { .steps = steps, .count = STEPS, .ctx = &m, .journal = journal };

    memcpy(plan.is_marked, m.marks, sizeof m.marks);
    plan.is_complete = m.complete;
    m.calls = m.changes = 0;
    return plan;
}

static bool is_clean(void)
{
    for (unsigned i = 0; i < STEPS; i++)
        if (m.halves[i] || m.marks[i])
            return false;
    return !m.complete;
}

static bool is_whole(void)
{
    for (unsigned i = 1; i < STEPS; i++)
        if (m.halves[i] != 2 || !m.marks[i])
            return false;
    return m.complete && !m.marks[0];
}

static void must_install(void)
{
    struct plan plan = start();

    assert_true(plan_install(&plan));
    assert_true(is_whole());
}

static void plan_install__new_machine__adds_all_in_order(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    plan = start();
    assert_true(plan_install(&plan));
    assert_true(is_whole());
    assert_int_equal(plan.failed, CODES_OK);
    assert_int_equal(plan.outcome[0], PLAN_WAS_THERE);
    for (unsigned i = 1; i < STEPS; i++) {
        assert_int_equal(plan.outcome[i], PLAN_ADDED);
        assert_int_equal(plan.state[i], PLAN_ABSENT);
    }
}

static void plan_install__second_time__changes_nothing(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    plan = start();
    assert_true(plan_install(&plan));
    assert_int_equal(m.changes, 0);
    for (unsigned i = 0; i < STEPS; i++)
        assert_int_equal(plan.outcome[i], PLAN_WAS_THERE);
}

/* Every call of the run refused once: check, journal, half a step. */
static void plan_install__any_call_fails__nothing_is_left(void **state)
{
    unsigned calls = 0;

    (void)state;
    new_machine();
    must_install();
    calls = m.calls;
    assert_true(calls > 4 * STEPS);
    for (unsigned at = 0; at + 1 < calls; at++) { /* the last one is "complete" */
        struct plan plan;

        new_machine();
        m.fail_at = at;
        plan = start();
        assert_false(plan_install(&plan));
        assert_true(is_clean());
        assert_int_equal(plan.left, 0);
        assert_int_equal(plan.err.code, 5);
        assert_int_not_equal(plan.failed, CODES_OK);
        m.fail_at = NEVER;
        must_install();
    }
}

static void plan_install__last_mark_fails__says_journal_and_next_run_ends_it(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    m.fail_at = m.calls - 1;
    {
        unsigned at = m.fail_at;

        new_machine();
        m.fail_at = at;
    }
    plan = start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_JOURNAL);
    assert_false(m.complete);
    m.fail_at = NEVER;
    must_install();
}

static void plan_install__step_fails__is_named_and_the_others_are_taken_back(void **state)
{
    (void)state;
    for (unsigned step = 1; step < STEPS; step++) {
        struct plan plan;

        new_machine();
        m.lies_at = step;
        plan = start();
        assert_false(plan_install(&plan));
        assert_true(is_clean());
        assert_int_equal(plan.failed, steps[step].phase);
        assert_int_equal(plan.outcome[step], PLAN_FAILED);
        assert_string_equal(plan.err.call, "it was done, but is not there afterwards");
        for (unsigned i = 1; i < STEPS; i++)
            if (i != step)
                assert_int_equal(plan.outcome[i],
                                 i < step ? PLAN_TAKEN_BACK : PLAN_NOT_REACHED);
    }
}

/* A fence stays as long as what it holds back. */
static void plan_uninstall__what_holds_a_step_is_left__so_is_the_step(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    m.sticks = 5; /* enable; the filters are until it */
    plan = start();
    assert_false(plan_uninstall(&plan, false));
    assert_int_equal(plan.outcome[5], PLAN_LEFT);
    assert_int_equal(plan.outcome[4], PLAN_LEFT);
    assert_int_equal(plan.outcome[3], PLAN_TAKEN_BACK);
    assert_int_equal(plan.left, 2);
    assert_true(m.halves[4] == 2 && m.marks[4]);
    m.sticks = NEVER;
    plan = start();
    assert_true(plan_uninstall(&plan, false));
    assert_true(is_clean());
}

/* A mark that could not be set may be on the disk all the same. */
static void plan_install__setting_a_mark_fails__it_is_taken_away(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    m.half_marks = true;
    plan = start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_JOURNAL);
    assert_true(is_clean());
}

/* The power goes at every call; then the next run finishes. */
static void plan_install__killed_at_any_call__next_install_finishes(void **state)
{
    (void)state;
    for (unsigned at = 0; at < NEVER; at++) {
        struct plan plan;

        new_machine();
        m.kill_at = at;
        plan = start();
        if (plan_install(&plan)) {
            assert_true(at > 4 * STEPS);
            return;
        }
        m.kill_at = NEVER;
        must_install();
    }
    fail();
}

static void plan_install__killed_at_any_call__next_uninstall_removes_all(void **state)
{
    (void)state;
    for (unsigned at = 0; at < NEVER; at++) {
        struct plan plan;

        new_machine();
        m.kill_at = at;
        plan = start();
        if (plan_install(&plan))
            return;
        m.kill_at = NEVER;
        plan = start();
        assert_true(plan_uninstall(&plan, false));
        assert_true(is_clean());
    }
    fail();
}

/* Killed, and then a run that fails: what the killed one added goes too. */
static void plan_install__killed_then_fails__nothing_is_left(void **state)
{
    (void)state;
    for (unsigned at = 0; at < NEVER; at++) {
        struct plan plan;

        new_machine();
        m.kill_at = at;
        plan = start();
        if (plan_install(&plan))
            return;
        m.kill_at = NEVER;
        if (m.halves[5]) /* the step that will lie is there already */
            return;
        m.lies_at = 5;
        plan = start();
        assert_false(plan_install(&plan));
        assert_true(is_clean());
    }
    fail();
}

/* Killed in the middle of taking back: the next run takes the rest back, or finishes. */
static void plan_install__killed_while_taking_back__next_run_ends_it(void **state)
{
    (void)state;
    for (unsigned at = 0; at < NEVER; at++) {
        struct plan plan;

        new_machine();
        m.lies_at = 5;
        m.kill_at = at;
        plan = start();
        assert_false(plan_install(&plan));
        if (m.calls <= at) { /* it came to its end */
            assert_true(is_clean());
            return;
        }
        m.kill_at = NEVER;
        if (at % 2) {
            plan = start();
            assert_false(plan_install(&plan));
            assert_true(is_clean());
        } else {
            m.lies_at = NEVER;
            must_install();
        }
    }
    fail();
}

static void plan_install__part_was_damaged__only_that_is_repaired(void **state)
{
    for (unsigned halves = 0; halves < 2; halves++) {
        struct plan plan;

        (void)state;
        new_machine();
        must_install();
        m.halves[3] = halves;
        plan = start();
        assert_true(plan_install(&plan));
        assert_true(is_whole());
        assert_int_equal(plan.outcome[3], halves ? PLAN_REPAIRED : PLAN_ADDED);
        assert_int_equal(m.changes, 2 - halves);
    }
}

/* A repair that fails must not tear down what has worked so far. */
static void plan_install__repair_fails__what_was_there_stays(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    m.halves[3] = 0;
    m.halves[4] = 1;
    m.lies_at = 4;
    plan = start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_FILTERS);
    assert_int_equal(m.halves[1], 2);
    assert_int_equal(m.halves[2], 2);
    assert_int_equal(m.halves[3], 0); /* what this run added went again */
    assert_int_equal(m.halves[4], 1);
    assert_int_equal(m.halves[5], 2);
    m.lies_at = NEVER;
    must_install();
}

static void plan_install__journal_lost__adopts_what_is_ours(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    memset(m.marks, 0, sizeof m.marks);
    m.complete = false;
    m.halves[4] = 0;
    m.lies_at = 4;
    plan = start();
    assert_false(plan_install(&plan)); /* and what it did not add stays */
    assert_int_equal(m.halves[1], 2);
    m.lies_at = NEVER;
    must_install();
}

static void plan_install__foreign_thing__is_refused_and_stays(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    m.halves[2] = 3;
    plan = start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_ACCOUNT);
    assert_int_equal(m.halves[2], 3);
    m.halves[2] = 0;
    assert_true(is_clean());
}

/* An account database that forgets the comment that makes an account ours. */
static void plan_install__made_but_looks_foreign__is_taken_back(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    m.turns_foreign = 2;
    plan = start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_ACCOUNT);
    assert_int_equal(plan.left, 0);
    assert_true(is_clean());
}

static void plan_install__precondition_fails__nothing_begins(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    m.no_elevation = true;
    plan = start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_ELEVATION);
    assert_string_equal(plan.err.call, "not elevated");
    assert_int_equal(m.changes, 0);
}

static void
plan_install__taking_back_fails__is_listed_and_kept_in_the_journal(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    m.lies_at = 4;
    m.sticks = 2;
    plan = start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.left, 1);
    assert_int_equal(plan.outcome[2], PLAN_LEFT);
    assert_true(m.marks[2]);
    assert_int_equal(m.halves[1], 0); /* the others went nevertheless */
    assert_int_equal(m.halves[3], 0);
    m.sticks = NEVER;
    plan = start();
    assert_true(plan_uninstall(&plan, false));
    assert_true(is_clean());
}

static void plan_uninstall__whole__leaves_nothing(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    plan = start();
    assert_true(plan_uninstall(&plan, false));
    assert_true(is_clean());
    for (unsigned i = 1; i < STEPS; i++)
        assert_int_equal(plan.outcome[i], PLAN_TAKEN_BACK);
    plan = start();
    assert_true(plan_uninstall(&plan, false));
    assert_int_equal(m.changes, 0);
}

static void plan_uninstall__killed_at_any_call__next_one_ends_it(void **state)
{
    (void)state;
    for (unsigned at = 0; at < NEVER; at++) {
        struct plan plan;

        new_machine();
        must_install();
        plan = start();
        m.kill_at = at;
        if (plan_uninstall(&plan, false)) {
            assert_true(at > 3 * STEPS);
            return;
        }
        m.kill_at = NEVER;
        plan = start();
        assert_true(plan_uninstall(&plan, false));
        assert_true(is_clean());
    }
    fail();
}

static void plan_uninstall__any_call_fails__is_listed_and_the_rest_goes(void **state)
{
    unsigned calls = 0;

    (void)state;
    new_machine();
    must_install();
    {
        struct plan plan = start();

        assert_true(plan_uninstall(&plan, false));
        calls = m.calls;
    }
    for (unsigned at = 1; at < calls; at++) {
        struct plan plan;
        unsigned there = 0;

        new_machine();
        must_install();
        plan = start();
        m.fail_at = at;
        /* A check that fails is no reason to leave the thing. */
        if (!plan_uninstall(&plan, false)) {
            assert_int_equal(plan.failed, CODES_LEFT);
            assert_in_range(plan.left, 1, plan.outcome[5] == PLAN_LEFT ? 2 : 1);
            assert_int_equal(plan.err.code, 5);
        }
        for (unsigned i = 1; i < STEPS; i++)
            there += m.halves[i] != 0;
        assert_in_range(there, 0, 2); /* the filters stay with `enable` */
        m.fail_at = NEVER;
        plan = start();
        assert_true(plan_uninstall(&plan, false));
        assert_true(is_clean());
    }
}

/* On a system where nothing can be asked: what was never begun is not there, what was
 * begun is taken back blindly and then said to be left. */
static void plan_uninstall__nothing_can_be_checked__only_marked_steps_count(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    m.is_blind = true;
    plan = start();
    assert_true(plan_uninstall(&plan, false));
    assert_int_equal(plan.left, 0);
    m.is_blind = false;
    must_install();
    m.is_blind = true;
    plan = start();
    assert_false(plan_uninstall(&plan, false));
    assert_int_equal(plan.left, STEPS - 1);
    for (unsigned i = 1; i < STEPS; i++)
        assert_int_equal(m.halves[i], i == 4 ? 2 : 0); /* the filters stay */
}

static void plan_uninstall__keep_accounts__takes_the_rest(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    plan = start();
    assert_true(plan_uninstall(&plan, true));
    assert_int_equal(plan.left, 2);
    assert_int_equal(m.halves[1], 2);
    assert_int_equal(m.halves[2], 2);
    assert_int_equal(m.halves[3] + m.halves[4] + m.halves[5], 0);
    assert_false(m.complete);
    must_install();
}

static void plan_uninstall__foreign_thing__stays_and_is_listed(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    must_install();
    m.halves[3] = 3;
    plan = start();
    assert_false(plan_uninstall(&plan, false));
    assert_int_equal(m.halves[3], 3);
    assert_int_equal(plan.outcome[3], PLAN_LEFT);
    assert_int_equal(plan.left, 1);
}

static void plan_look__any_machine__changes_nothing_and_names_the_first(void **state)
{
    struct plan plan;

    (void)state;
    new_machine();
    plan = start();
    plan_look(&plan);
    assert_int_equal(plan.failed, CODES_GROUP);
    assert_int_equal(m.changes, 0);
    assert_int_equal(plan.state[0], PLAN_PRESENT);
    assert_int_equal(plan.state[5], PLAN_ABSENT);
    must_install();
    m.halves[4] = 1;
    plan = start();
    plan_look(&plan);
    assert_int_equal(plan.failed, CODES_FILTERS);
    m.halves[4] = 2;
    plan = start();
    plan_look(&plan);
    assert_int_equal(plan.failed, CODES_OK);
    assert_int_equal(m.changes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_install__new_machine__adds_all_in_order),
        cmocka_unit_test(plan_install__second_time__changes_nothing),
        cmocka_unit_test(plan_install__any_call_fails__nothing_is_left),
        cmocka_unit_test(
            plan_install__last_mark_fails__says_journal_and_next_run_ends_it),
        cmocka_unit_test(
            plan_install__step_fails__is_named_and_the_others_are_taken_back),
        cmocka_unit_test(plan_uninstall__what_holds_a_step_is_left__so_is_the_step),
        cmocka_unit_test(plan_install__setting_a_mark_fails__it_is_taken_away),
        cmocka_unit_test(plan_install__killed_at_any_call__next_install_finishes),
        cmocka_unit_test(plan_install__killed_at_any_call__next_uninstall_removes_all),
        cmocka_unit_test(plan_install__killed_then_fails__nothing_is_left),
        cmocka_unit_test(plan_install__killed_while_taking_back__next_run_ends_it),
        cmocka_unit_test(plan_install__part_was_damaged__only_that_is_repaired),
        cmocka_unit_test(plan_install__repair_fails__what_was_there_stays),
        cmocka_unit_test(plan_install__journal_lost__adopts_what_is_ours),
        cmocka_unit_test(plan_install__foreign_thing__is_refused_and_stays),
        cmocka_unit_test(plan_install__made_but_looks_foreign__is_taken_back),
        cmocka_unit_test(plan_install__precondition_fails__nothing_begins),
        cmocka_unit_test(
            plan_install__taking_back_fails__is_listed_and_kept_in_the_journal),
        cmocka_unit_test(plan_uninstall__whole__leaves_nothing),
        cmocka_unit_test(plan_uninstall__killed_at_any_call__next_one_ends_it),
        cmocka_unit_test(plan_uninstall__any_call_fails__is_listed_and_the_rest_goes),
        cmocka_unit_test(plan_uninstall__nothing_can_be_checked__only_marked_steps_count),
        cmocka_unit_test(plan_uninstall__keep_accounts__takes_the_rest),
        cmocka_unit_test(plan_uninstall__foreign_thing__stays_and_is_listed),
        cmocka_unit_test(plan_look__any_machine__changes_nothing_and_names_the_first),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
