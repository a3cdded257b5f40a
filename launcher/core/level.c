#include "core/level.h"

static const char *const names[] = { "advisory", "confined", "enforced" };

#define LEVELS (sizeof names / sizeof names[0])

/* Why the confined level is not proven, or NULL when it is. */
static const char *confined_missing(const struct level_evidence *e)
{
    switch (e->token) {
    case LEVEL_TOKEN_RESTRICTED:
        break;
    case LEVEL_TOKEN_NOT_KEPT:
        return "this Windows keeps no restricting SIDs in tokens, so nothing is enforced";
    case LEVEL_TOKEN_FAILED:
        return "no restricted token could be made here, so nothing is enforced";
    case LEVEL_TOKEN_NO_CALL:
        return "this Windows cannot make restricted tokens, so nothing is enforced";
    case LEVEL_TOKEN_UNTRIED:
    default:
        return "no restricted token was tried, so nothing is enforced";
    }
    if (e->confined == LEVEL_CANARY_HELD)
        return NULL;
    if (e->confined == LEVEL_CANARY_ESCAPED)
        return "the canary got out of the fence";
    if (e->confined_why)
        return e->confined_why;
    return "no canary has proven the fence on this machine";
}

/* Likewise for the enforced level, given that confined is proven. */
static const char *enforced_missing(const struct level_evidence *e)
{
    if (e->enforced == LEVEL_CANARY_HELD)
        return NULL;
    if (e->enforced == LEVEL_CANARY_ESCAPED)
        return "the canary got out of the sandbox account";
    return "no canary has proven the sandbox account on this machine";
}

/* The strongest level proven, and what the next one lacks ("" above the top). */
static enum level strongest_proven(const struct level_evidence *e, const char **missing)
{
    *missing = confined_missing(e);
    if (*missing)
        return LEVEL_ADVISORY;
    *missing = enforced_missing(e);
    if (*missing)
        return LEVEL_CONFINED;
    *missing = "";
    return LEVEL_ENFORCED;
}

enum level_canary level_of_workspace(const struct level_workspace *w)
{
    if (w->astray || w->record == LEVEL_RECORD_SHUT || w->record == LEVEL_RECORD_LOST)
        return LEVEL_CANARY_LOST;
    if (w->record == LEVEL_RECORD_READY && w->whole)
        return LEVEL_CANARY_HELD;
    if (w->record == LEVEL_RECORD_REFUSED)
        return w->marked ? LEVEL_CANARY_LOST : LEVEL_CANARY_NOT_RUN;
    return w->tried && (w->marked || w->granted) ? LEVEL_CANARY_LOST
                                                 : LEVEL_CANARY_NOT_RUN;
}

static bool has_token(const struct level_evidence *e)
{
    return e->token == LEVEL_TOKEN_NOT_KEPT || e->token == LEVEL_TOKEN_RESTRICTED;
}

/* The level a wish goes for; auto goes for the top and is content with less. */
static enum level wanted_level(enum level_want want)
{
    switch (want) {
    case LEVEL_WANT_ADVISORY:
        return LEVEL_ADVISORY;
    case LEVEL_WANT_CONFINED:
        return LEVEL_CONFINED;
    case LEVEL_WANT_AUTO:
    case LEVEL_WANT_ENFORCED:
    default:
        return LEVEL_ENFORCED;
    }
}

struct level_verdict level_decide(enum level_want want, enum level require,
                                  bool allow_unproven,
                                  const struct level_evidence *evidence)
{
    struct level_verdict v = { .reason = "" };
    enum level goal = wanted_level(want);
    const char *missing = "";
    enum level proven = strongest_proven(evidence, &missing);

    if (goal <= proven) {
        v.level = v.run_as = goal;
    } else if (want != LEVEL_WANT_AUTO && allow_unproven && has_token(evidence)) {
        /* The proof of a weaker level was for other code: none of it holds for this. */
        v.level = LEVEL_ADVISORY;
        v.run_as = goal;
        v.unproven = true;
        v.reason = missing;
    } else {
        v.level = v.run_as = proven;
        v.reason = missing;
    }
    v.lost = evidence->confined == LEVEL_CANARY_LOST && goal > proven && !v.unproven;
    v.refused = v.level < require || v.lost;
    if (v.refused && !v.reason[0])
        v.reason = "a weaker level was asked for than is required";
    return v;
}

const char *level_name(enum level level)
{
    return (size_t)level < LEVELS ? names[level] : "unknown";
}

const char *level_want_name(enum level_want want)
{
    return want == LEVEL_WANT_AUTO ? "auto" : level_name((enum level)(want - 1));
}

bool level_parse(struct u16s text, enum level *level)
{
    for (size_t i = 0; i < LEVELS; i++) {
        if (u16s_is(text, names[i])) {
            *level = (enum level)i;
            return true;
        }
    }
    return false;
}

bool level_parse_want(struct u16s text, enum level_want *want)
{
    static const enum level_want by_level[LEVELS] = {
        [LEVEL_ADVISORY] = LEVEL_WANT_ADVISORY,
        [LEVEL_CONFINED] = LEVEL_WANT_CONFINED,
        [LEVEL_ENFORCED] = LEVEL_WANT_ENFORCED,
    };
    enum level level;

    if (u16s_is(text, "auto")) {
        *want = LEVEL_WANT_AUTO;
        return true;
    }
    if (!level_parse(text, &level))
        return false;
    *want = by_level[level];
    return true;
}
