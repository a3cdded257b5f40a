/* SPDX-License-Identifier: MIT
 *
 * ringfence prepare: makes the workspace ready for a fence, and writes down what came of
 * it for the launches that follow.  The first of them starts it and waits; its lines go
 * to stderr, because stdout is the tool's.
 */
#include "cli.h"
#include "confine.h"
#include "core/exitcode.h"
#include "grant/granting.h"
#include "grant/ledger.h"
#include "grant/reading.h"
#include "grant/rootcheck.h"
#include "grant/setup_user.h"
#include "remote/enforced.h"
#include "report.h"
#include "verify/canary.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/machine.h"
#include "win/out.h"
#include "win/statefile.h"

#define TURN_MS     600000u        /* the first walk of a large tree */
#define AGAIN_AFTER (36000000000u) /* an hour, in FILETIME's 100 ns */
#define LOST_AFTER  (300000000u)   /* half a minute: until then nothing starts there */
#define WALK_MS     120000u        /* for somebody else's walk */

static struct {
    struct context context;
    struct context_wish wish;
    struct rootcheck check;
    char16_t tool[WIN_PATH_CAP], path[WIN_PATH_CAP], full[2 * WIN_PATH_CAP];
    size_t full_used;
    uint8_t machine[RECORD_KEY_BYTES], plan[RECORD_KEY_BYTES];
    struct record before; /* of the root in hand */
    size_t before_bytes;
    bool had_fence;  /* the root in hand, which is not to be lost */
    bool others;     /* some root was made ready */
    bool reads;      /* so was the profile */
    bool no_journal; /* there is one that cannot be read */
} prepare;

/* The full path, as launches pass it: the digest of a root is of that. */
static const char *set_root(void *ctx, struct u16s value)
{
    struct u16buf given = U16BUF(prepare.path);
    struct u16buf b =
        u16buf_init(prepare.full + prepare.full_used,
                    sizeof prepare.full / sizeof(char16_t) - prepare.full_used);
    struct err err;

    (void)ctx;
    u16buf_add(&given, value);
    if (given.cut || prepare.wish.root_count == POLICY_ROOTS_MAX ||
        !file_full_path(prepare.path, &b, &err))
        return "too many roots, or too long";
    prepare.full_used += b.len + 1;
    prepare.wish.root[prepare.wish.root_count++] = u16buf_text(&b);
    return NULL;
}

static const char *set_tool(void *ctx, struct u16s value)
{
    struct u16buf b = U16BUF(prepare.tool);

    (void)ctx;
    u16buf_add(&b, value);
    return b.cut ? "too long" : NULL;
}

static const char *set_level(void *ctx, struct u16s value)
{
    (void)ctx;
    prepare.wish.has_want = level_parse_want(value, &prepare.wish.want);
    return prepare.wish.has_want ? NULL
                                 : "--level is auto, advisory, confined or enforced, not";
}

static const struct cli_option options[] = {
    { u"--root", CLI_VALUE, set_root },
    { u"--level", CLI_VALUE, set_level }, /* what the launch asks for over the policy */
    { u"--tool", CLI_VALUE, set_tool },   /* the program of one, for the strict fence */
};

/* One at a time for a workspace: eight shims at once start eight of us.  Not for ever:
 * any program of the session can hold that name, a fenced one too. */
static HANDLE take_turn(const struct context *c)
{
    char16_t name[64];
    struct u16buf b = U16BUF(name);
    HANDLE mutex = NULL;

    u16buf_add_ascii(&b, "Local\\ringfence-prepare-");
    for (size_t n = 0; n < RECORD_KEY_BYTES; n++)
        u16buf_add_hex(&b, c->root_hash[n], 2);
    mutex = CreateMutexW(NULL, FALSE, name);
    if (mutex)
        WaitForSingleObject(mutex, TURN_MS);
    return mutex;
}

static bool write_record(const struct context *c, const uint8_t *digest,
                         struct record *record, struct err *err)
{
    struct u16buf path = U16BUF(prepare.path);
    size_t dir = 0;

    confine_record_path(c, digest, &path);
    if (path.cut)
        return err_rule(err, "the data directory's path is too long", c->data.at);
    dir = path.len - (sizeof u"\\fence" / sizeof(char16_t) - 1);
    path.at[dir] = 0;
    if (!file_make_dirs(path.at, err))
        return false;
    path.at[dir] = u'\\';
    record_seal(record);
    return statefile_replace(path.at, record, sizeof *record, err);
}

static void read_journal(const struct context *c)
{
    const struct journal_record *read = NULL;
    struct ledger ledger = { .data = NULL };
    uint8_t digest[JOURNAL_ROOT_BYTES];
    struct err err;

    prepare.reads = prepare.others = false;
    prepare.no_journal = !ledger_read(c->data.at, &ledger, &err);
    if (prepare.no_journal || !setup_user_digest(digest, &err))
        return;
    read = ledger_root(&ledger, digest);
    prepare.reads = read && read->state == JOURNAL_DONE;
    for (size_t i = 0; i < ledger.journal.count; i++)
        prepare.others =
            prepare.others || (&ledger.journal.roots[i] != read &&
                               ledger.journal.roots[i].state == JOURNAL_DONE);
    ledger_clear(&ledger);
}

/* The strongest fence that the policy allows and the canary has proven; NULL, or why
 * there is none. */
static const char *choose_fence(struct context *c, enum fence *fence, struct err *err)
{
    static const enum fence order[] = { FENCE_STRICT, FENCE_STANDARD };
    bool reads = prepare.reads;
    const char *why = "";

    if (prepare.no_journal)
        return "the journal cannot be read";
    if (c->policy.fence == POLICY_FENCE_STRICT && !reads)
        return "fence = strict needs `ringfence setup --user` first";
    for (size_t i = 0; i < 2; i++) {
        struct canary_proof proof;

        if (order[i] == FENCE_STRICT ? c->policy.fence == POLICY_FENCE_STANDARD || !reads
                                     : c->policy.fence == POLICY_FENCE_STRICT)
            continue;
        if (!canary_prove(c, order[i], false, &proof, err))
            return "the canary could not be run";
        *fence = order[i];
        if (proof.held)
            return NULL;
        why = proof.why;
    }
    return why;
}

/* Says on one line why there is no fence for this root, and notes it.  What is not the
 * root's own nature may be somebody's doing, and is no reason to go without a fence
 * where there are any. */
static bool refuse(struct record *record, const char *why, const char16_t *root,
                   const char16_t *fix, bool nature)
{
    char16_t text[256];
    struct u16buf b = U16BUF(text);

    for (size_t i = 0; why[i] && i + 1 < RECORD_REASON_CAP; i++) {
        record->reason[i] = why[i];
        record->reason[i + 1] = 0;
    }
    if (prepare.had_fence || (!nature && (prepare.others || prepare.no_journal))) {
        record->state = RECORD_LOST;
        record_expire(record, win_time() + LOST_AFTER);
    }
    u16buf_add_ascii(&b, why);
    out_say(OUT_STDERR, "ringfence: no fence for %: %", root, text);
    if (fix)
        out_say(OUT_STDERR, "  fix: %", fix);
    return false;
}

/* What level enforced lacks here: what the runner has not seen of itself, or what the
 * canary has seen of its children.  NULL, or static text. */
static const char *missing_from_enforced(struct context *c, struct err *err)
{
    struct enforced_runner runner;
    struct canary_proof proof;
    const char *missing = enforced_missing(c, &runner, err);

    if (missing)
        return missing;
    if (!canary_prove_enforced(c, runner.request, runner.net_held, &proof, err))
        return "the canary could not be run by the sandbox account";
    return proof.held ? NULL : proof.why;
}

/* Whether the sandbox account's runner and its children hold; without one there is
 * nothing to say. */
static bool is_enforced(struct context *c)
{
    struct err err = { 0 };
    const char *missing = NULL;

    if (c->policy.want != LEVEL_WANT_AUTO && c->policy.want != LEVEL_WANT_ENFORCED)
        return false;
    missing = missing_from_enforced(c, &err);
    if (missing && c->policy.want == LEVEL_WANT_ENFORCED) {
        char16_t text[256];
        struct u16buf b = U16BUF(text);

        u16buf_add_ascii(&b, missing);
        out_say(OUT_STDERR, "ringfence: not enforced: %", text);
        if (err.call)
            err_report(&err, u"use the sandbox account");
    }
    return !missing;
}

/* Looks, proves, walks.  True when the fence holds there; the record says which way. */
static bool ready(struct context *c, const char16_t *root, struct record *record)
{
    const struct granting how = { .quiet = true, .patience_ms = WALK_MS };
    enum rootcheck_verdict verdict = ROOTCHECK_FINE;
    enum fence fence = FENCE_STANDARD;
    struct err err = { 0 };
    const char *why = NULL;
    uint32_t code = 0;

    verdict = rootcheck(c, root, &prepare.check, &err);
    if (verdict != ROOTCHECK_FINE)
        return refuse(record, rootcheck_reason(verdict), root,
                      rootcheck_remedy(&prepare.check), verdict != ROOTCHECK_FAILED);
    why = choose_fence(c, &fence, &err);
    if (why) {
        if (err.call)
            err_report(&err, u"run the canary");
        return refuse(record, why, root, NULL, false);
    }
    if (!granting_root(c, root, &how, &code, &err)) {
        err_report(&err, u"ready the workspace");
        return refuse(record, "its files did not take the fence's entries", root,
                      granting_remedy(), granting_is_hopeless());
    }
    record->state = RECORD_READY;
    record->fence = (uint8_t)fence;
    record->enforced = is_enforced(c);
    return true;
}

/* Whether its record can be written over in the end. */
static bool has_free_record(const struct context *c, const struct context_root *root,
                            struct err *err)
{
    struct u16buf path = U16BUF(prepare.path);

    prepare.before_bytes = 0;
    confine_record_path(c, root->digest, &path);
    return file_read(path.at, &prepare.before, sizeof prepare.before,
                     &prepare.before_bytes, err) != FILE_READ_FAILED ||
           err_hint(err, "end what holds it open: a program of an earlier run may");
}

/* One root, unless it is ready already. */
static bool prepare_root(struct context *c, size_t i, struct err *err)
{
    struct context_root *root = &c->root_list[i];
    struct u16buf path = U16BUF(prepare.path);
    static char16_t full[WIN_PATH_CAP];
    struct u16buf b = U16BUF(full);
    struct record record;
    bool good = false;

    u16buf_add(&path, root->path);
    /* The box is granted with the workspace: without it all of that is done again. */
    if (root->usable && (i > 0 || context_find_box(c, NULL)))
        return true;
    if (confine_is_astray(root->path))
        return err_rule(err, "a link that a fenced program may have made leads there",
                        path.at) ||
               err_hint(err, "look at the directories on the way, and remove the link");
    if (path.cut || file_kind(path.at) != FILE_IS_DIRECTORY) {
        out_say(OUT_STDERR, "ringfence: this root is no directory: %", path.at);
        return i > 0;
    }
    if (!context_hash_path(path.at, root->digest, err))
        return false;
    u16buf_add(&b, u16buf_text(&path));
    if (!has_free_record(c, root, err))
        return false;
    read_journal(c);
    prepare.had_fence = confine_had_fence(c, root);
    record_init(&record, prepare.machine, prepare.plan, root->digest,
                win_time() + AGAIN_AFTER);
    record.places = machine_is_services() ? RECORD_SERVICES : RECORD_TERMINAL;
    good = ready(c, full, &record);
    if (good)
        record_expire(&record, 0);
    record_add_places(&record, &prepare.before, prepare.before_bytes);
    return write_record(c, root->digest, &record, err) && good;
}

/* A tool of the strict fence: what it takes to start it can be read, or not. */
static bool prepare_tool(struct context *c, struct err *err)
{
    struct u16s tool = u16s_of(prepare.tool);
    uint8_t key[7];

    if (!tool.len || c->evidence.confined != LEVEL_CANARY_HELD ||
        c->fence != FENCE_STRICT)
        return true;
    record_tool_key(context_var(c, "PATH"), tool, key);
    record_add_tool(&c->record, key, reading_admit(c, tool));
    return write_record(c, c->root_hash, &c->record, err);
}

static bool prepare_all(struct context *c, struct err *err)
{
    bool good = true;

    for (size_t i = 0; i < c->root_count; i++) {
        struct err why = { 0 };

        if (prepare_root(c, i, &why))
            continue;
        if (why.call)
            err_report(&why, u"ready a root");
        good = good && i > 0; /* what else was named is a convenience */
    }
    return prepare_tool(c, err) && good;
}

static const char *why_nothing(const struct context *c)
{
    if (c->evidence.token == LEVEL_TOKEN_UNTRIED)
        return "ringfence: nothing to prepare: the level here is advisory; ask for "
               "another with --level";
    if (c->evidence.token != LEVEL_TOKEN_FAILED)
        return "ringfence: nothing to prepare: this Windows keeps no restricting SIDs in "
               "tokens";
    return c->policy.lowered && machine_is_before_vista()
               ? "ringfence: nothing to prepare: integrity = lowered, in the policy, needs "
                 "Windows Vista or later"
               : "ringfence: nothing to prepare: no restricted token could be made here";
}

uint32_t cmd_prepare(struct cli *cli)
{
    struct context *c = &prepare.context;
    struct err err = { 0 };
    HANDLE mutex = NULL;
    bool good = false;

    switch (cli_options(cli, options, sizeof options / sizeof options[0], NULL)) {
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_WORD:
        return cli_complain("prepare takes no words", u16buf_text(&cli->word));
    case CLI_END:
        break;
    }
    prepare.wish.look_only = true;
    if (!context_begin(c, &err) || !context_complete(c, &prepare.wish, &err)) {
        report_context_failure(c, &err);
        return EXIT_RINGFENCE;
    }
    if (c->inside)
        return cli_complain("prepare is not for the inside of a fence",
                            (struct u16s){ 0 });
    if (c->evidence.token != LEVEL_TOKEN_RESTRICTED || !machine_key(prepare.machine)) {
        out_say(OUT_STDERR, why_nothing(c));
        return EXIT_RINGFENCE;
    }
    record_plan(&c->policy, prepare.plan);
    mutex = take_turn(c);
    confine_gather(c, &prepare.wish); /* another may have done it meanwhile */
    good = prepare_all(c, &err);
    if (err.call)
        err_report(&err, u"write down that the workspace is ready");
    if (mutex) {
        ReleaseMutex(mutex);
        CloseHandle(mutex);
    }
    return good ? EXIT_OK : EXIT_RINGFENCE;
}
