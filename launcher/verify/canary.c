#include "verify/canary.h"

#include "verify/trial.h"
#include "win/dll.h"
#include "win/file.h"
#include "win/machine.h"
#include "win/statefile.h"

#define TRIES       3u
#define PAUSE_MS    300u
#define AGAIN_AFTER (36000000000u) /* an hour, in FILETIME's 100 ns */

static struct {
    struct trial trial;
    char16_t path[WIN_PATH_CAP];
} store;

static const char *why_not_token(enum level_token token, bool lowered)
{
    switch (token) {
    case LEVEL_TOKEN_RESTRICTED:
        return NULL;
    case LEVEL_TOKEN_NOT_KEPT:
        return "tokens keep no restricting SIDs here";
    case LEVEL_TOKEN_NO_CALL:
        return "this Windows cannot make restricted tokens";
    case LEVEL_TOKEN_FAILED:
    case LEVEL_TOKEN_UNTRIED:
    default:
        return lowered ? "no restricted and lowered token could be made here"
                       : "no restricted token could be made here";
    }
}

static const char *why_not(enum proof_end end)
{
    static const char *const whys[PROOF_ENDS] = {
        [PROOF_NONE] = "it has not been tried",
        [PROOF_HELD] = "",
        [PROOF_NO_START] = "no program starts with this fence",
        [PROOF_ESCAPED] = "the canary got out of the fence",
        [PROOF_BROKEN] = "the fence stops what has to work in a workspace",
        [PROOF_UNDECIDED] = "not every act of the canary could be tried",
    };
    return whys[end];
}

/* What is to be proven: a fence, or (runner) level enforced. */
struct wanted {
    enum fence fence;
    bool lowered;
    const struct remote_request *runner;
    uint32_t net_held;
    size_t slot; /* in the file */
};

static void take(struct canary_proof *to, const struct proof *p)
{
    to->held = p->end == PROOF_HELD;
    to->outside_denied = p->outside_denied;
    to->outside_total = p->outside_total;
    to->inside_allowed = p->inside_allowed;
    to->inside_total = p->inside_total;
    to->time = p->time;
    to->net_held = p->net_held;
    to->why = why_not(p->end);
}

/* Adds one row to the proof; the worst that was seen stands. */
static void count(struct proof *p, enum battery_expect expect,
                  const struct trial_result *r)
{
    if (expect == BATTERY_ALLOWED)
        p->inside_total++;
    else
        p->outside_total++;
    switch (r->verdict) {
    case TRIAL_ALLOWED:
        p->inside_allowed++;
        break;
    case TRIAL_ENFORCED:
        p->outside_denied++;
        break;
    case TRIAL_OPEN: /* no such row is tried */
    case TRIAL_NOT_ENFORCED:
        p->end = PROOF_ESCAPED;
        break;
    case TRIAL_BROKEN:
        if (p->end != PROOF_ESCAPED)
            p->end = PROOF_BROKEN;
        break;
    case TRIAL_COSTS: /* no such row is tried */
    case TRIAL_SKIPPED:
    case TRIAL_VERDICTS:
        if (p->end == PROOF_NONE)
            p->end = PROOF_UNDECIDED;
        break;
    }
}

/* Tries a row until it comes out as it must.  A scanner that has a fresh file open makes
 * an act fail now and then, with the fence or without; who got out once has got out. */
static bool try_row(const struct battery_row *row, struct trial_result *r,
                    struct err *err)
{
    for (unsigned i = 0; i < TRIES; i++) {
        bool can = true;

        if (i > 0)
            Sleep(PAUSE_MS);
        if (!trial_row(&store.trial, row, r, err) ||
            (r->verdict == TRIAL_ENFORCED &&
             !trial_still_can(&store.trial, row, &can, err)))
            return false;
        if (!can)
            r->verdict = TRIAL_SKIPPED; /* it was not for the fence */
        else if (r->verdict != TRIAL_SKIPPED && r->verdict != TRIAL_BROKEN)
            return true;
    }
    return true;
}

static bool try_rows(struct proof *p, struct err *err)
{
    for (size_t i = 0; i < battery_count; i++) {
        const struct battery_row *row = &battery_rows[i];
        enum battery_expect expect = trial_expect(&store.trial, row);
        struct trial_result r;

        if (!row->canary || expect == BATTERY_OPEN)
            continue;
        if (!try_row(row, &r, err))
            return false;
        if (row->act == BATTERY_START && r.without.started && !r.with.started) {
            p->end = PROOF_NO_START; /* and so it would be with all the others */
            return true;
        }
        count(p, expect, &r);
    }
    if (p->end == PROOF_NONE)
        p->end = proof_has_held(p) ? PROOF_HELD : PROOF_UNDECIDED;
    return true;
}

static bool run(const struct wanted *w, struct proof *p, struct err *err)
{
    struct err left;
    bool good = trial_open(&store.trial, w->fence, w->lowered, err), gone = false;

    *p = (struct proof){ .time = win_time(), .net_held = w->net_held };
    if (good && w->runner)
        trial_enforce(&store.trial, w->runner, w->net_held);
    if (good && (store.trial.scratch.not_kept || store.trial.scratch.refused))
        p->end = PROOF_UNDECIDED; /* files in TEMP keep no lists: nothing to try on */
    else if (good)
        good = try_rows(p, err);
    gone = trial_close(&store.trial, &left);
    (void)gone; /* what stays in TEMP says nothing about the fence */
    return good;
}

/* False, with *file as it was, when there is no proof with that key. */
static bool read_file(const uint8_t key[PROOF_KEY_BYTES], struct proof_file *file)
{
    uint8_t bytes[PROOF_BYTES + 1];
    size_t count = 0;
    struct err err;

    return file_read(store.path, bytes, sizeof bytes, &count, &err) == FILE_READ_DONE &&
           proof_read(bytes, count, key, file);
}

static bool is_fresh(const struct proof *p)
{
    return p->end == PROOF_HELD ||
           (p->end != PROOF_NONE && win_time() - p->time < AGAIN_AFTER);
}

/* The other tokens' proofs stay as they are. */
static void write_down(struct context *c, const uint8_t key[PROOF_KEY_BYTES], size_t slot,
                       const struct proof *p)
{
    struct proof_file file = { 0 };
    uint8_t bytes[PROOF_BYTES];
    auto_handle HANDLE lock = NULL;
    struct err err;
    bool written = false;

    if (!file_make_dirs(c->data.at, &err) || !statefile_lock(store.path, &lock, &err))
        return;
    read_file(key, &file);
    file.of[slot] = *p;
    proof_write(&file, key, bytes);
    written = statefile_replace(store.path, bytes, sizeof bytes, &err);
    (void)written; /* the next launch tries again */
}

/* The window station's name; what has no user32 has none. */
static void add_station(struct u16buf *name)
{
    typedef HWINSTA(WINAPI * get_station)(void);
    typedef BOOL(WINAPI * get_information)(HANDLE, int, void *, DWORD, DWORD *);
    HMODULE user32 = dll_system(u"user32.dll");
    get_station station = user32 ? (get_station)(void (*)(void))GetProcAddress(
                                       user32, "GetProcessWindowStation")
                                 : NULL;
    get_information information = user32
                                      ? (get_information)(void (*)(void))GetProcAddress(
                                            user32, "GetUserObjectInformationW")
                                      : NULL;
    DWORD bytes = 0;

    if (station && information &&
        information(station(), UOI_NAME, name->at, (DWORD)(name->cap * sizeof(char16_t)),
                    &bytes) &&
        bytes >= sizeof(char16_t))
        name->len = bytes / sizeof(char16_t) - 1;
}

static bool read_key(uint8_t key[PROOF_KEY_BYTES])
{
    char16_t text[64];
    struct u16buf station = U16BUF(text);

    if (!machine_key(key))
        return false;
    add_station(&station);
    proof_key_on(machine_is_services(), u16buf_text(&station), key);
    return true;
}

static void name_file(const struct context *c)
{
    struct u16buf path = U16BUF(store.path);

    u16buf_add(&path, u16buf_text(&c->data));
    u16buf_addz(&path, u"\\proof");
}

static bool read_slot(const struct context *c, size_t slot, struct canary_proof *proof)
{
    struct proof_file file = { 0 };
    uint8_t key[PROOF_KEY_BYTES];

    name_file(c);
    if (!read_key(key) || !read_file(key, &file) || file.of[slot].end == PROOF_NONE)
        return false;
    take(proof, &file.of[slot]);
    proof->cached = true;
    return true;
}

bool canary_read(const struct context *c, enum fence fence, struct canary_proof *proof)
{
    return read_slot(c, proof_slot(fence, c->policy.lowered), proof);
}

bool canary_read_enforced(const struct context *c, struct canary_proof *proof)
{
    return read_slot(c, proof_slot_enforced(c->policy.lowered), proof);
}

static bool prove(struct context *c, const struct wanted *w, bool fresh,
                  struct canary_proof *proof, struct err *err)
{
    struct proof_file file = { 0 };
    struct proof made;
    uint8_t key[PROOF_KEY_BYTES];
    bool has_key = read_key(key);

    *proof = (struct canary_proof){ .why = why_not_token(trial_look(w->fence, w->lowered),
                                                         w->lowered) };
    if (proof->why)
        return true;
    name_file(c);
    if (!fresh && has_key && read_file(key, &file) && is_fresh(&file.of[w->slot]) &&
        file.of[w->slot].net_held == w->net_held) {
        take(proof, &file.of[w->slot]);
        proof->cached = true;
        return true;
    }
    if (!run(w, &made, err))
        return false;
    take(proof, &made);
    if (has_key)
        write_down(c, key, w->slot, &made);
    return true;
}

bool canary_prove(struct context *c, enum fence fence, bool fresh,
                  struct canary_proof *proof, struct err *err)
{
    const struct wanted w = { .fence = fence,
                              .lowered = c->policy.lowered,
                              .slot = proof_slot(fence, c->policy.lowered) };

    return prove(c, &w, fresh, proof, err);
}

bool canary_prove_enforced(struct context *c, const struct remote_request *runner,
                           uint32_t net_held, struct canary_proof *proof, struct err *err)
{
    const struct wanted w = { .fence = FENCE_STANDARD,
                              .lowered = c->policy.lowered,
                              .runner = runner,
                              .net_held = net_held,
                              .slot = proof_slot_enforced(c->policy.lowered) };

    return prove(c, &w, false, proof, err);
}
