#include "plan.h"

#include "core/u16.h"

static enum plan_state check(struct plan *plan, size_t i, struct err *err)
{
    const struct plan_step *step = &plan->steps[i];

    return step->check(plan->ctx, step->arg, err);
}

/* One mark, of a step or of the whole. */
static bool mark(struct plan *plan, const char *id, bool *is, bool set, struct err *err)
{
    if (*is != set && !plan->journal(plan->ctx, id, set, err)) {
        struct err ignored;

        /* It may be there all the same, and nobody would take it away. */
        if (set)
            (void)!plan->journal(plan->ctx, id, false, &ignored);
        return false;
    }
    *is = set;
    return true;
}

static bool mark_step(struct plan *plan, size_t i, bool set, struct err *err)
{
    return mark(plan, plan->steps[i].id, &plan->is_marked[i], set, err);
}

static bool mark_complete(struct plan *plan, bool set, struct err *err)
{
    return mark(plan, PLAN_COMPLETE, &plan->is_complete, set, err);
}

static void set_left(struct plan *plan, size_t i, const struct err *err)
{
    plan->outcome[i] = PLAN_LEFT;
    if (plan->left++ == 0)
        plan->left_err = *err;
}

/* A step's id as the object of a rule. */
static bool rule_about(struct err *err, const char *rule, const char *id)
{
    char16_t text[64];
    struct u16s object = u16s_ascii(text, sizeof text / sizeof text[0] - 1, id);

    text[object.len] = 0;
    return err_rule(err, rule, text);
}

static bool same_id(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* The rule, unless a check has already said more; false. */
static bool because(struct err *err, const char *rule, const char *id)
{
    return err->domain == ERR_NONE ? rule_about(err, rule, id) : false;
}

/* Whether the step that holds this one is left. */
static bool is_held(const struct plan *plan, size_t i)
{
    const char *until = plan->steps[i].until;

    for (size_t k = i + 1; until && k < plan->count; k++)
        if (same_id(plan->steps[k].id, until))
            return plan->outcome[k] == PLAN_LEFT;
    return false;
}

/* Undoes one step until its check sees nothing of it; whatever comes of it is in outcome.
 * made: this run made it where nothing was, so that it is ours whatever it looks like.
 */
static void take_back(struct plan *plan, size_t i, bool made)
{
    const struct plan_step *step = &plan->steps[i];
    struct err err = { 0 };
    enum plan_state state = check(plan, i, &err);

    if (state == PLAN_UNKNOWN && !plan->is_marked[i])
        return; /* nothing speaks for its being there */
    if (state == PLAN_FOREIGN && !made) {
        rule_about(&err, "it is not Ringfence's, so it stays", step->id);
        set_left(plan, i, &err);
        return;
    }
    if (state != PLAN_ABSENT && is_held(plan, i)) {
        rule_about(&err, "it stays as long as what it holds back does", step->id);
        set_left(plan, i, &err);
        return;
    }
    if (state != PLAN_ABSENT) {
        if (!step->undo(plan->ctx, step->arg, &err)) {
            set_left(plan, i, &err);
            return;
        }
        err = (struct err){ 0 };
        if (check(plan, i, &err) != PLAN_ABSENT) {
            because(&err, "it was removed, but is still there", step->id);
            set_left(plan, i, &err);
            return;
        }
        plan->outcome[i] = PLAN_TAKEN_BACK;
    }
    if (!mark_step(plan, i, false, &err))
        set_left(plan, i, &err);
}

/* What a state means for a step that is to be applied; false ends the run. */
static bool may_apply(const struct plan_step *step, enum plan_state state,
                      struct err *err)
{
    if (state == PLAN_UNKNOWN)
        return false;
    if (state == PLAN_FOREIGN)
        return rule_about(err, "something of that name is there, not made by Ringfence",
                          step->id);
    return step->apply || because(err, "it does not hold", step->id);
}

/* One step forwards.  *fresh: this run added it where nothing was. */
static bool apply(struct plan *plan, size_t i, bool *fresh, struct err *err)
{
    const struct plan_step *step = &plan->steps[i];
    enum plan_state state = PLAN_UNKNOWN;

    *err = (struct err){ 0 };
    state = plan->state[i] = check(plan, i, err);
    if (state == PLAN_PRESENT) {
        plan->outcome[i] = PLAN_WAS_THERE;
        return true;
    }
    if (!may_apply(step, state, err))
        return false;
    *fresh = state == PLAN_ABSENT;
    if (!mark_step(plan, i, true, err)) {
        plan->failed = CODES_JOURNAL;
        return false;
    }
    *err = (struct err){ 0 };
    if (!step->apply(plan->ctx, step->arg, err))
        return false;
    *err = (struct err){ 0 };
    if (check(plan, i, err) != PLAN_PRESENT)
        return because(err, "it was done, but is not there afterwards", step->id);
    plan->outcome[i] = *fresh ? PLAN_ADDED : PLAN_REPAIRED;
    return true;
}

static void begin(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        plan->outcome[i] = PLAN_NOT_REACHED;
        plan->state[i] = PLAN_UNKNOWN;
    }
    plan->failed = CODES_OK;
    plan->err = (struct err){ 0 };
    plan->left = 0;
    plan->left_err = (struct err){ 0 };
}

void plan_look(struct plan *plan)
{
    begin(plan);
    for (size_t i = 0; i < plan->count; i++) {
        struct err err = { 0 };

        plan->state[i] = check(plan, i, &err);
        if (plan->state[i] == PLAN_PRESENT) {
            plan->outcome[i] = PLAN_WAS_THERE;
        } else if (plan->failed == CODES_OK) {
            plan->failed = plan->steps[i].phase;
            because(&err, plan_state_name(plan->state[i]), plan->steps[i].id);
            plan->err = err;
        }
    }
}

bool plan_install(struct plan *plan)
{
    bool was_complete = plan->is_complete;
    bool fresh[PLAN_STEPS_MAX] = { false };
    size_t i = 0;

    begin(plan);
    while (i < plan->count && apply(plan, i, &fresh[i], &plan->err))
        i++;
    if (i == plan->count) {
        /* What was there without a mark is ours too, by its own signs. */
        bool ok = true;

        for (size_t k = 0; ok && k < plan->count; k++)
            ok = !plan->steps[k].apply || mark_step(plan, k, true, &plan->err);
        if (ok && mark_complete(plan, true, &plan->err))
            return true;
        plan->failed = CODES_JOURNAL;
        return false;
    }
    plan->outcome[i] = PLAN_FAILED;
    if (plan->failed == CODES_OK)
        plan->failed = plan->steps[i].phase;
    for (size_t k = plan->count; k-- > 0;)
        if (plan->is_marked[k] && (!was_complete || fresh[k])) {
            take_back(plan, k, fresh[k]);
            if (k == i && plan->outcome[k] != PLAN_LEFT)
                plan->outcome[k] = PLAN_FAILED;
        }
    return false;
}

bool plan_uninstall(struct plan *plan, bool keep_accounts)
{
    size_t kept = 0;

    begin(plan);
    /* First, so that a run that is killed is seen for what it is; also where it is not
     * set, for a killed run may have left a journal with nothing in it. */
    plan->is_complete = true;
    if (!mark_complete(plan, false, &plan->err)) {
        plan->failed = CODES_JOURNAL;
        return false;
    }
    for (size_t i = plan->count; i-- > 0;) {
        if (!plan->steps[i].undo)
            continue;
        if (keep_accounts && plan->steps[i].is_account) {
            plan->outcome[i] = PLAN_LEFT;
            kept++;
        } else {
            take_back(plan, i, false);
        }
    }
    if (plan->left) {
        plan->failed = CODES_LEFT;
        plan->err = plan->left_err;
    }
    plan->left += kept;
    return plan->failed == CODES_OK;
}

const char *plan_state_name(enum plan_state state)
{
    static const char *const names[] = { "absent", "present", "changed", "foreign",
                                         "unknown" };

    return names[state];
}

const char *plan_outcome_name(enum plan_outcome outcome)
{
    static const char *const names[] = { "not_reached", "was_there",  "added", "repaired",
                                         "failed",      "taken_back", "left" };

    return names[outcome];
}
