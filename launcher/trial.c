#include "trial.h"

#include "context.h"
#include "core/pathsearch.h"
#include "win/dll.h"
#include "win/paths.h"
#include "win/token.h"

#define CHILD_LIMIT_MS 30000u

/* One trial a process. */
static struct {
    struct token_security security;
    char16_t self[WIN_PATH_CAP], system[MAX_PATH + 1];
    char16_t path[WIN_PATH_CAP], other[WIN_PATH_CAP], seen[WIN_PATH_CAP];
    char16_t line[3 * WIN_PATH_CAP];
} store;

static volatile LONG stopped;

static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    stopped = 1; /* the row in hand ends, and all is put away */
    return TRUE;
}

/* The fence's token for that workspace, as a launch makes it; *out is NULL when there is
 * none.  Fails where a token is made that cannot be dressed for a child. */
static bool make_token(enum fence fence, const struct sid *root, HANDLE *out,
                       enum level_token *kept, struct err *err)
{
    struct fence_parts parts = { .root = { *root },
                                 .root_count = 1,
                                 .run = context_run_sid() };
    struct fence_list list;
    struct err why; /* *kept says enough */

    if (!token_user_sid(&parts.user, err))
        return false;
    parts.has_logon = token_logon_sid(&parts.logon);
    fence_list(fence, &parts, &list);
    *kept = token_restrict(&list, out, &why);
    token_child_security(&parts.user, &parts.run, &store.security);
    return !*out || token_set_default_dacl(*out, &store.security, err);
}

enum level_token trial_look(enum fence fence)
{
    struct sid root = context_run_sid();
    enum level_token kept = LEVEL_TOKEN_FAILED;
    auto_handle HANDLE token = NULL;
    struct err err;

    return make_token(fence, &root, &token, &kept, &err) ? kept : LEVEL_TOKEN_FAILED;
}

static bool name_programs(struct err *err)
{
    struct u16buf self = U16BUF(store.self);
    UINT len = GetSystemDirectoryW(store.system, MAX_PATH);

    if (len == 0 || len > MAX_PATH)
        return err_win32(err, "GetSystemDirectoryW", NULL);
    return paths_self(&self, err);
}

bool trial_open(struct trial *t, enum fence fence, struct err *err)
{
    *t = (struct trial){ .fence = fence };
    stopped = 0;
    SetConsoleCtrlHandler(on_control, TRUE);
    return name_programs(err) && scratch_init(&t->scratch, err) &&
           scratch_fill(&t->scratch, err) &&
           make_token(fence, &t->scratch.root, &t->token, &t->kept, err);
}

bool trial_close(struct trial *t, struct err *err)
{
    bool good = scratch_remove(&t->scratch, err);

    handle_close_p(&t->token);
    t->token = NULL;
    SetConsoleCtrlHandler(on_control, FALSE);
    return good;
}

/* Starts our own program on store.line, in System32, without a console and without any
 * handle; under the token, where there is one.  0, or the Win32 code. */
static DWORD create_child(HANDLE token, PROCESS_INFORMATION *pi)
{
    STARTUPINFOW si = { .cb = sizeof si };
    dll_create_process_as_user as_user = NULL;
    BOOL done = FALSE;
    DWORD code = 0;

    if (token) {
        as_user = (dll_create_process_as_user)(void (*)(void))dll_security(
            "CreateProcessAsUserW");
        if (!as_user)
            return ERROR_PROC_NOT_FOUND;
        done = as_user(token, store.self, store.line, &store.security.attributes,
                       &store.security.attributes, FALSE, DETACHED_PROCESS, NULL,
                       store.system, &si, pi);
    } else {
        done = CreateProcessW(store.self, store.line, NULL, NULL, FALSE, DETACHED_PROCESS,
                              NULL, store.system, &si, pi);
    }
    code = done ? 0 : GetLastError();
    return done || code ? code : ERROR_GEN_FAILURE;
}

/* A second time where Wine fails to start anything now and then (1359): nothing has been
 * done yet, and a row that says so is no use to anybody. */
static bool start_child(HANDLE token, HANDLE *process, DWORD *code)
{
    PROCESS_INFORMATION pi = { 0 };

    *code = create_child(token, &pi);
    if (*code == ERROR_INTERNAL_ERROR)
        *code = create_child(token, &pi);
    if (*code)
        return false;
    CloseHandle(pi.hThread);
    *process = pi.hProcess;
    return true;
}

static void run_child(HANDLE token, struct trial_side *side)
{
    auto_handle HANDLE process = NULL;

    side->started = start_child(token, &process, &side->code);
    if (!side->started)
        return;
    if (WaitForSingleObject(process, CHILD_LIMIT_MS) != WAIT_OBJECT_0) {
        TerminateProcess(process, ERROR_TIMEOUT);
        WaitForSingleObject(process, CHILD_LIMIT_MS); /* it holds files */
        side->code = ERROR_TIMEOUT;
    } else if (!GetExitCodeProcess(process, &side->code)) {
        side->code = ERROR_GEN_FAILURE;
    }
}

static void add_quoted(struct u16buf *b, const char16_t *text)
{
    u16buf_addc(b, u'"');
    u16buf_addz(b, text);
    u16buf_addz(b, u"\" ");
}

/* The path as 8.3 names; false when its last part has none. */
static bool shorten(struct u16buf *path)
{
    static char16_t text[WIN_PATH_CAP];
    DWORD len = GetShortPathNameW(path->at, text, WIN_PATH_CAP);
    struct u16s name =
        u16s_from(u16buf_text(path), pathsearch_dir(u16buf_text(path)).len);
    struct u16s made = { text, len };

    if (len == 0 || len >= WIN_PATH_CAP || u16s_iends(made, name))
        return false;
    *path = U16BUF(store.path);
    u16buf_add(path, made);
    return true;
}

/* store.path as the row has it; false when there is no such path here. */
static bool name_path(const struct trial *t, const struct battery_row *row)
{
    struct u16buf b = U16BUF(store.path);

    switch (row->place) {
    case BATTERY_VERBATIM:
        u16buf_addz(&b, u"\\\\?\\");
        scratch_path(&t->scratch, row->path, &b);
        break;
    case BATTERY_DEVICE:
        u16buf_addz(&b, u"\\\\.\\");
        scratch_path(&t->scratch, row->path, &b);
        break;
    case BATTERY_SCRATCH:
        scratch_path(&t->scratch, row->path, &b);
        break;
    case BATTERY_SHORT:
        scratch_path(&t->scratch, row->path, &b);
        return shorten(&b);
    case BATTERY_TEMP:
        u16buf_add(&b, u16buf_text(&t->scratch.beside));
        break;
    case BATTERY_KEY:
        u16buf_add(&b, u16buf_text(&t->scratch.key));
        break;
    case BATTERY_PARENT:
        u16buf_add_dec(&b, GetCurrentProcessId());
        break;
    case BATTERY_SYSTEM:
        u16buf_addz(&b, store.system);
        u16buf_addc(&b, u'\\');
        u16buf_add_ascii(&b, row->path);
        break;
    case BATTERY_NOWHERE:
        break;
    }
    return !b.cut;
}

/* Names what the row acts on and where to look for it. */
static bool name_all(const struct trial *t, const struct battery_row *row)
{
    struct u16buf other = U16BUF(store.other), seen = U16BUF(store.seen);
    struct u16buf line = U16BUF(store.line);
    char16_t act[32];

    if (!name_path(t, row))
        return false;
    if (row->other)
        scratch_path(&t->scratch, row->other, &other);
    if (row->look)
        scratch_path(&t->scratch, row->look, &seen);
    else
        u16buf_addz(&seen, store.path);
    add_quoted(&line, store.self);
    u16buf_addz(&line, u"verify-act ");
    u16buf_add(&line, u16s_ascii(act, 32, battery_act_name(row->act)));
    u16buf_addc(&line, u' ');
    add_quoted(&line, store.path);
    add_quoted(&line, store.other);
    return !line.cut && !other.cut && !seen.cut;
}

struct looks {
    struct scratch_look seen, other;
    bool value;
};

static void look(const struct trial *t, const struct battery_row *row,
                 struct looks *looks)
{
    *looks = (struct looks){ 0 };
    if (row->place <= BATTERY_TEMP)
        scratch_look(store.seen, &looks->seen);
    if (row->other)
        scratch_look(store.other, &looks->other);
    if (row->place == BATTERY_KEY)
        looks->value = scratch_has_value(&t->scratch);
}

/* Anything else may have other causes. */
bool trial_is_denial(DWORD code)
{
    return code == ERROR_ACCESS_DENIED || code == ERROR_PRIVILEGE_NOT_HELD;
}

/* Whether something may be different although it does not show where the row looks. */
static bool may_have_left(const struct battery_row *row, const struct trial_side *side)
{
    if (row->act == BATTERY_LINK_WRITE || row->act == BATTERY_JUNCTION_WRITE)
        return true; /* two steps */
    if (!side->started || trial_is_denial(side->code))
        return false;
    return side->code != 0 || row->act == BATTERY_DACL || battery_act_changes(row->act);
}

/* One act on things as they were made. */
static bool try_act(struct trial *t, const struct battery_row *row, HANDLE token,
                    struct trial_side *side, struct err *err)
{
    struct looks before, after;

    if (t->used && !scratch_fill(&t->scratch, err))
        return false;
    look(t, row, &before);
    run_child(token, side);
    look(t, row, &after);
    side->changed = !scratch_same(&before.seen, &after.seen) ||
                    !scratch_same(&before.other, &after.other) ||
                    before.value != after.value;
    t->used = side->changed || may_have_left(row, side);
    return true;
}

static enum trial_verdict judge(const struct trial *t, const struct battery_row *row,
                                struct trial_result *r)
{
    enum battery_expect expect = battery_expect(row, t->fence);
    bool must_change = battery_act_changes(row->act);

    if (!r->without.started || r->without.code != 0)
        return r->reason = "control failed", TRIAL_SKIPPED;
    if (must_change && !r->without.changed)
        return r->reason = "control changed nothing", TRIAL_SKIPPED;
    if (expect == BATTERY_ALLOWED) {
        if (r->with.started && r->with.code == 0 && r->with.changed >= must_change)
            return TRIAL_ALLOWED;
        return TRIAL_BROKEN;
    }
    if (r->with.changed || (r->with.started && r->with.code == 0)) {
        if (expect == BATTERY_OPEN_STANDARD && t->kept == LEVEL_TOKEN_RESTRICTED)
            r->reason = "standard fence; strict closes it";
        else if (r->with.code != 0)
            r->reason = "refused, yet changed";
        return TRIAL_NOT_ENFORCED;
    }
    if (!r->with.started)
        return r->reason = "no child starts with the fence", TRIAL_SKIPPED;
    if (!trial_is_denial(r->with.code))
        return r->reason = "failed, but not by a denial", TRIAL_SKIPPED;
    return TRIAL_ENFORCED;
}

bool trial_row(struct trial *t, const struct battery_row *row, struct trial_result *r,
               struct err *err)
{
    *r = (struct trial_result){ .verdict = TRIAL_SKIPPED, .reason = "no such name here" };
    if (stopped)
        return err_rule(err, "stopped by Ctrl-C", NULL);
    /* The 8.3 name is the file's own: it is there only once the file is. */
    if (t->used && !scratch_fill(&t->scratch, err))
        return false;
    t->used = false;
    if (!name_all(t, row))
        return true;
    r->reason = NULL;
    if (!try_act(t, row, NULL, &r->without, err))
        return false;
    if (r->without.started && r->without.code == 0 &&
        !try_act(t, row, t->token, &r->with, err))
        return false;
    r->verdict = judge(t, row, r);
    return true;
}
