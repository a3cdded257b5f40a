#include "verify/trial.h"

#include "context.h"
#include "core/exitcode.h"
#include "core/netcheck.h"
#include "core/pathsearch.h"
#include "core/sandbox.h"
#include "verify/act.h"
#include "verify/decoy.h"
#include "win/account.h"
#include "win/file.h"
#include "win/paths.h"
#include "win/registry.h"

#define REFUSED 10013u /* WSAEACCES, winsock2.h */

/* One trial a process. */
static struct {
    char16_t self[WIN_PATH_CAP], tool[WIN_PATH_CAP];
    char16_t path[WIN_PATH_CAP], other[WIN_PATH_CAP], seen[WIN_PATH_CAP];
    char16_t line[4 * WIN_PATH_CAP];
    char16_t variable[WIN_PATH_CAP];
    struct sid group;
} store;

static volatile LONG stopped;

static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    stopped = 1; /* the row in hand ends, and all is put away */
    return TRUE;
}

enum level_token trial_look(enum fence fence, bool lowered)
{
    static struct actor actor;
    struct sid root = context_run_sid();
    enum level_token kept = LEVEL_TOKEN_FAILED;
    struct err err;

    if (!actor_make(&actor, fence, lowered, &root, &kept, &err))
        kept = LEVEL_TOKEN_FAILED;
    actor_clear(&actor);
    return kept;
}

bool trial_open(struct trial *t, enum fence fence, bool lowered, struct err *err)
{
    struct u16buf self = U16BUF(store.self);

    *t = (struct trial){ .fence = fence, .lowered = lowered };
    stopped = 0;
    SetConsoleCtrlHandler(on_control, TRUE);
    actor_begin();
    return paths_self(&self, err) && scratch_init(&t->scratch, lowered, err) &&
           scratch_fill(&t->scratch, err) &&
           actor_make(&t->fenced, fence, lowered, &t->scratch.root, &t->kept, err);
}

/* As ringfence-setup wrote it down; what is not written down is held against the fence.
 */
static bool is_loopback_open(void)
{
    auto_handle HANDLE key =
        registry_open(REGISTRY_MACHINE, u"SOFTWARE\\Ringfence\\Setup");
    char16_t text[16];
    struct u16buf policy = U16BUF(text);

    return key && registry_text(key, u"loopback", &policy) &&
           u16s_is(u16buf_text(&policy), "all");
}

void trial_enforce(struct trial *t, const struct remote_request *runner,
                   uint32_t net_held)
{
    struct err unused;

    if (account_find(SANDBOX_GROUP, ACCOUNT_IS_GROUP, &store.group, &unused))
        t->scratch.group = &store.group;
    t->used = true; /* the group's entries are still to be made */
    t->enforced = true;
    t->loopback_open = is_loopback_open();
    t->net_held = net_held;
    t->fenced.by = runner->account.name ? ACTOR_RUNNER : ACTOR_OWN_RUNNER;
    decoy_use_runner(runner);
}

enum battery_expect trial_expect(const struct trial *t, const struct battery_row *row)
{
    return t->enforced ? battery_expect_enforced(row, t->loopback_open)
                       : battery_expect(row, t->fence, t->lowered);
}

bool trial_close(struct trial *t, struct err *err)
{
    bool good = false;

    decoy_close();
    actor_end();
    good = scratch_remove(&t->scratch, err);
    actor_clear(&t->fenced);
    SetConsoleCtrlHandler(on_control, FALSE);
    return good;
}

static void add_quoted(struct u16buf *b, const char16_t *text)
{
    u16buf_addc(b, u'"');
    u16buf_addz(b, text);
    u16buf_addz(b, u"\" ");
}

/* The path as 8.3 names; false when nothing of what verify made has one of its own. */
static bool shorten(struct u16buf *path, size_t scratch_len)
{
    static char16_t text[WIN_PATH_CAP];
    DWORD len = GetShortPathNameW(path->at, text, WIN_PATH_CAP);
    struct u16s below = u16s_from(u16buf_text(path), scratch_len);
    struct u16s made = { text, len };

    if (len == 0 || len >= WIN_PATH_CAP || u16s_iends(made, below))
        return false;
    *path = U16BUF(store.path);
    u16buf_add(path, made);
    return true;
}

/* C:\x as C$\x. */
static const char *share(const struct trial *t, const struct battery_row *row,
                         struct u16buf *b)
{
    size_t drive = b->len;

    scratch_path(&t->scratch, row->path, b);
    if (b->cut || b->len < drive + 2 || b->at[drive + 1] != u':')
        return "TEMP has no drive letter";
    b->at[drive + 1] = u'$';
    return NULL;
}

/* store.path as the row has it: NULL, or why there is nothing of the kind. */
static const char *name_path(const struct trial *t, const struct battery_row *row)
{
    struct u16buf b = U16BUF(store.path);

    switch ((int)row->place) {
    case BATTERY_VERBATIM:
    case BATTERY_DEVICE:
        u16buf_addz(&b, row->place == BATTERY_DEVICE ? u"\\\\.\\" : u"\\\\?\\");
        scratch_path(&t->scratch, row->path, &b);
        break;
    case BATTERY_UNC_NAME:
    case BATTERY_UNC_ADDRESS:
        u16buf_addz(&b, row->place == BATTERY_UNC_NAME ? u"\\\\localhost\\"
                                                       : u"\\\\127.0.0.1\\");
        return share(t, row, &b);
    case BATTERY_SCRATCH:
        scratch_path(&t->scratch, row->path, &b);
        break;
    case BATTERY_SHORT:
        scratch_path(&t->scratch, row->path, &b);
        return shorten(&b, t->scratch.path.len) ? NULL : "no such name here";
    case BATTERY_TEMP:
        u16buf_add(&b, u16buf_text(&t->scratch.beside));
        break;
    case BATTERY_PARENT:
        u16buf_add_dec(&b, GetCurrentProcessId());
        break;
    case BATTERY_SYSTEM:
        b.len = GetSystemDirectoryW(b.at, MAX_PATH);
        u16buf_addc(&b, u'\\');
        u16buf_add_ascii(&b, row->path);
        break;
    case BATTERY_LITERAL:
        u16buf_add_ascii(&b, row->path);
        break;
    case BATTERY_NOWHERE:
        break;
    default:
        return decoy_set_up(row->place, row->path, &t->scratch, &b);
    }
    return b.cut ? "the path is too long" : NULL;
}

static struct u16s variable(const char16_t *name)
{
    DWORD len = GetEnvironmentVariableW(name, store.variable, WIN_PATH_CAP);

    return (struct u16s){ store.variable, len < WIN_PATH_CAP ? len : 0 };
}

/* The real tool, past every shim, where it is a program. */
static bool find_tool(const char *name)
{
    char16_t text[32];
    struct u16buf found = U16BUF(store.tool);
    struct pathsearch_seen seen;
    const struct pathsearch search = { .name = u16s_ascii(text, 32, name),
                                       .path = variable(u"PATH"),
                                       .pathext = U16S(".COM;.EXE") };

    return pathsearch_find(&search, (struct pathsearch_disk){ .look = file_look }, &found,
                           &seen) &&
           !pathsearch_is_batch(u16buf_text(&found));
}

static void add_script(struct u16buf *line, const char *script)
{
    for (; *script; script++) {
        if (*script == '%')
            u16buf_addz(line, store.path);
        else
            u16buf_addc(line, (char16_t)*script);
    }
}

static bool name_line(const struct battery_row *row)
{
    struct u16buf line = U16BUF(store.line);
    char16_t act[32];

    add_quoted(&line, row->tool ? store.tool : store.self);
    if (row->tool) {
        add_script(&line, row->script);
        return !line.cut;
    }
    u16buf_addz(&line, u"verify-act ");
    u16buf_add(&line, u16s_ascii(act, 32, battery_act_name(row->act)));
    u16buf_addc(&line, u' ');
    add_quoted(&line, store.path);
    add_quoted(&line, store.other);
    add_quoted(&line, store.seen);
    return !line.cut;
}

static const char *make_symlink(bool directory)
{
    switch (act_make_symlink(store.path, store.other, directory)) {
    case ERROR_SUCCESS:
        return NULL;
    case ERROR_PROC_NOT_FOUND:
        return "this Windows makes no symbolic links";
    default:
        return "no symbolic link can be made here (an administrator can, or developer "
               "mode)";
    }
}

/* Names, and sets up, what the row acts on and where to look for it. */
static const char *name_all(const struct trial *t, const struct battery_row *row)
{
    struct u16buf other = U16BUF(store.other), seen = U16BUF(store.seen);
    const char *missing = NULL;

    if (row->tool && !find_tool(row->tool))
        return "not found on PATH";
    missing = name_path(t, row);
    if (missing)
        return missing;
    if (row->other)
        scratch_path(&t->scratch, row->other, &other);
    if (row->look)
        scratch_path(&t->scratch, row->look, &seen);
    else
        u16buf_addz(&seen, store.path);
    if (!name_line(row) || other.cut || seen.cut)
        return "the path is too long";
    /* Not by the child: that is no right of most, and no way out by itself. */
    if (row->act == BATTERY_SYMLINK_WRITE)
        return make_symlink(seen.len > other.len);
    return NULL;
}

struct looks {
    struct scratch_look seen, other;
};

static void look(const struct battery_row *row, struct looks *looks)
{
    *looks = (struct looks){ 0 };
    if (row->place <= BATTERY_LAST_FILE)
        scratch_look(store.seen, &looks->seen);
    if (row->other)
        scratch_look(store.other, &looks->other);
}

/* Any other code may have other causes. */
bool trial_is_denied(const struct battery_row *row, const struct trial_side *side)
{
    if (!side->started)
        return false;
    if (row->refusal && side->code == row->refusal)
        return true;
    return !row->tool &&
           (side->code == ERROR_ACCESS_DENIED || side->code == ERROR_PRIVILEGE_NOT_HELD ||
            side->code == REFUSED);
}

/* Whether something may be different although it does not show where the row looks. */
static bool may_have_left(const struct battery_row *row, const struct trial_side *side)
{
    if (row->tool || (row->act >= BATTERY_LINK_WRITE && row->act <= BATTERY_SWAP_WRITE))
        return true; /* more than one step */
    if (!side->started || trial_is_denied(row, side))
        return false;
    return side->code != 0 || row->act == BATTERY_DACL || battery_act_changes(row->act);
}

static void run_child(const struct battery_row *row, const struct actor *actor,
                      struct trial_side *side)
{
    const struct actor_start start = { .program = row->tool ? store.tool : store.self,
                                       .line = store.line,
                                       .console = row->tool != NULL };
    auto_handle HANDLE process = NULL;

    side->code = actor_start(actor, &start, &process);
    side->started = side->code == 0;
    if (!side->started)
        return;
    side->code = actor_wait(process);
    if (actor && actor->by != ACTOR_US &&
        (side->code == EXIT_RINGFENCE || side->code == EXIT_REFUSED))
        side->started = false; /* the runner's, or who was to talk to it */
}

/* One act on things as they were made.  *missing says why there is nothing to act on. */
static bool try_act(struct trial *t, const struct battery_row *row,
                    const struct actor *actor, struct trial_side *side,
                    const char **missing, struct err *err)
{
    struct looks before, after;

    if (t->used && !scratch_fill(&t->scratch, err))
        return false;
    t->used = false;
    *missing = name_all(t, row);
    if (*missing)
        return true;
    look(row, &before);
    run_child(row, actor, side);
    look(row, &after);
    side->changed =
        !scratch_same(&before.seen, &after.seen) ||
        !scratch_same(&before.other, &after.other) ||
        (battery_act_changes(row->act) && decoy_is_changed(row->place, &t->scratch));
    t->used = side->changed || may_have_left(row, side);
    return decoy_put_away(row->place, &t->scratch, err);
}

/* Whether the row begins a connection in a way that the traffic cap holds. */
static bool is_held(const struct trial *t, const struct battery_row *row)
{
    for (unsigned way = 0; way < NETCHECK_WAYS; way++)
        if (t->net_held & NETCHECK_BIT(NETCHECK_TCP4, way) &&
            row->act == BATTERY_CONNECT_AS &&
            u16s_is(u16s_of(store.path), netcheck_name((enum netcheck_way)way)))
            return true;
    return false;
}

/* What a fence should leave a tool, done without it. */
static enum trial_verdict judge_allowed(const struct battery_row *row,
                                        bool is_known_not_to, struct trial_result *r)
{
    bool must_change = battery_act_changes(row->act);

    if (r->with.started && r->with.code == 0 && r->with.changed >= must_change)
        return TRIAL_ALLOWED;
    if (!is_known_not_to || !trial_is_denied(row, &r->with))
        return TRIAL_BROKEN;
    return r->reason = row->why, TRIAL_COSTS;
}

static const char *why_no_control(const struct battery_row *row,
                                  const struct trial_side *without)
{
    if (row->needs && trial_is_denied(row, without))
        return row->needs;
    return without->started && !row->tool && without->code == ERROR_PROC_NOT_FOUND
               ? "this Windows lacks a function for it"
               : "control failed";
}

static enum trial_verdict judge(const struct trial *t, const struct battery_row *row,
                                struct trial_result *r)
{
    enum battery_expect expect = trial_expect(t, row);
    bool must_change = battery_act_changes(row->act);

    if (!r->without.started || r->without.code != 0)
        return r->reason = why_no_control(row, &r->without), TRIAL_SKIPPED;
    if (must_change && !r->without.changed)
        return r->reason = "control changed nothing", TRIAL_SKIPPED;
    if (expect == BATTERY_ALLOWED || expect == BATTERY_COSTS)
        return judge_allowed(row, expect == BATTERY_COSTS, r);
    if (r->with.started && r->with.code == 0 && is_held(t, row))
        return r->reason = "held by the traffic cap alone", TRIAL_ENFORCED;
    if (r->with.changed || (r->with.started && r->with.code == 0)) {
        if (r->with.code != 0)
            r->reason = "refused, yet changed";
        if (expect != BATTERY_OPEN || t->kept != LEVEL_TOKEN_RESTRICTED)
            return TRIAL_NOT_ENFORCED;
        r->reason = row->why ? row->why : "standard fence; strict closes it";
        return TRIAL_OPEN;
    }
    if (!r->with.started)
        return r->reason = "no child starts with the fence", TRIAL_SKIPPED;
    if (!trial_is_denied(row, &r->with))
        return r->reason = "failed, but not by a denial", TRIAL_SKIPPED;
    return TRIAL_ENFORCED;
}

bool trial_still_can(struct trial *t, const struct battery_row *row, bool *can,
                     struct err *err)
{
    struct trial_side side = { 0 };
    const char *missing = NULL;

    if (stopped)
        return err_rule(err, "stopped by Ctrl-C", NULL);
    if (!try_act(t, row, NULL, &side, &missing, err))
        return false;
    *can = !missing && side.started && side.code == 0 &&
           side.changed >= battery_act_changes(row->act);
    return true;
}

bool trial_row(struct trial *t, const struct battery_row *row, struct trial_result *r,
               struct err *err)
{
    const char *missing = NULL;

    *r = (struct trial_result){ .verdict = TRIAL_SKIPPED };
    if (stopped)
        return err_rule(err, "stopped by Ctrl-C", NULL);
    if (!try_act(t, row, NULL, &r->without, &missing, err))
        return false;
    if (!missing && r->without.started && r->without.code == 0 &&
        !try_act(t, row, &t->fenced, &r->with, &missing, err))
        return false;
    if (missing)
        r->reason = missing;
    else
        r->verdict = judge(t, row, r);
    return true;
}
