/* SPDX-License-Identifier: MIT
 *
 * ringfence verify: tries on this machine, on things of its own, what a fence is to stop
 * and what it must let through.  Each act is done by a fresh child, first without the
 * fence, then with it; what the child says and what is seen afterwards must agree.
 */
#include "battery.h"
#include "cli.h"
#include "core/exitcode.h"
#include "core/json.h"
#include "core/pathsearch.h"
#include "scratch.h"
#include "win/dll.h"
#include "win/errtext.h"
#include "win/out.h"
#include "win/paths.h"
#include "win/token.h"

#define CHILD_LIMIT_MS 30000u
#define TEXT_WIDTH     42u
#define CODE_WIDTH     14u

enum verdict { ENFORCED, NOT_ENFORCED, ALLOWED, BROKEN, SKIPPED, VERDICTS };

static const struct {
    const char *text, *json;
} verdicts[VERDICTS] = {
    [ENFORCED] = { "enforced", "enforced" },
    [NOT_ENFORCED] = { "NOT enforced", "not_enforced" },
    [ALLOWED] = { "allowed", "allowed" },
    [BROKEN] = { "BROKEN", "broken" },
    [SKIPPED] = { "skipped", "skipped" },
};

/* One act, done or not. */
struct trial {
    bool started;
    DWORD code;   /* of the act, or why it was not started */
    bool changed; /* seen afterwards */
};

struct row_result {
    struct trial without, with;
    enum verdict verdict;
    const char *reason;
};

static struct {
    enum fence fence;
    bool json;
    bool used; /* what is in the scratch directory may have been changed */
    struct scratch scratch;
    enum level_token kept;
    HANDLE token;
    struct token_security security;
    struct err token_err;
    struct row_result results[BATTERY_MAX];
    size_t count[VERDICTS];
    char16_t self[WIN_PATH_CAP], system[MAX_PATH + 1];
    char16_t path[WIN_PATH_CAP], other[WIN_PATH_CAP], seen[WIN_PATH_CAP];
    char16_t line[3 * WIN_PATH_CAP];
    char16_t text[1u << 16];
} verify;

static volatile LONG stopped;

static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    stopped = 1; /* the row in hand ends, and all is put away */
    return TRUE;
}

/* The fence's token, as a launch makes it; NULL when there is none. */
static bool make_token(struct err *err)
{
    struct fence_parts parts = { .root = { verify.scratch.root },
                                 .root_count = 1,
                                 .run = context_run_sid() };
    struct fence_list list;

    if (!token_user_sid(&parts.user, err))
        return false;
    parts.has_logon = token_logon_sid(&parts.logon);
    fence_list(verify.fence, &parts, &list);
    verify.kept = token_restrict(&list, &verify.token, &verify.token_err);
    token_child_security(&parts.user, &parts.run, &verify.security);
    return !verify.token || token_set_default_dacl(verify.token, &verify.security, err);
}

/* Starts our own program on verify.line, in System32, without a console and without any
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
        done = as_user(token, verify.self, verify.line, &verify.security.attributes,
                       &verify.security.attributes, FALSE, DETACHED_PROCESS, NULL,
                       verify.system, &si, pi);
    } else {
        done = CreateProcessW(verify.self, verify.line, NULL, NULL, FALSE,
                              DETACHED_PROCESS, NULL, verify.system, &si, pi);
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

static void run_child(HANDLE token, struct trial *trial)
{
    auto_handle HANDLE process = NULL;

    trial->started = start_child(token, &process, &trial->code);
    if (!trial->started)
        return;
    if (WaitForSingleObject(process, CHILD_LIMIT_MS) != WAIT_OBJECT_0) {
        TerminateProcess(process, ERROR_TIMEOUT);
        WaitForSingleObject(process, CHILD_LIMIT_MS); /* it holds files */
        trial->code = ERROR_TIMEOUT;
    } else if (!GetExitCodeProcess(process, &trial->code)) {
        trial->code = ERROR_GEN_FAILURE;
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
    *path = U16BUF(verify.path);
    u16buf_add(path, made);
    return true;
}

/* verify.path as the row has it; false when there is no such path here. */
static bool name_path(const struct battery_row *row)
{
    struct u16buf b = U16BUF(verify.path);

    switch (row->place) {
    case BATTERY_VERBATIM:
        u16buf_addz(&b, u"\\\\?\\");
        scratch_path(&verify.scratch, row->path, &b);
        break;
    case BATTERY_DEVICE:
        u16buf_addz(&b, u"\\\\.\\");
        scratch_path(&verify.scratch, row->path, &b);
        break;
    case BATTERY_SCRATCH:
        scratch_path(&verify.scratch, row->path, &b);
        break;
    case BATTERY_SHORT:
        scratch_path(&verify.scratch, row->path, &b);
        return shorten(&b);
    case BATTERY_TEMP:
        u16buf_add(&b, u16buf_text(&verify.scratch.beside));
        break;
    case BATTERY_KEY:
        u16buf_add(&b, u16buf_text(&verify.scratch.key));
        break;
    case BATTERY_PARENT:
        u16buf_add_dec(&b, GetCurrentProcessId());
        break;
    case BATTERY_SYSTEM:
        u16buf_addz(&b, verify.system);
        u16buf_addc(&b, u'\\');
        u16buf_add_ascii(&b, row->path);
        break;
    case BATTERY_NOWHERE:
        break;
    }
    return !b.cut;
}

/* Names what the row acts on and where to look for it. */
static bool name_all(const struct battery_row *row)
{
    struct u16buf other = U16BUF(verify.other), seen = U16BUF(verify.seen);
    struct u16buf line = U16BUF(verify.line);
    char16_t act[32];

    if (!name_path(row))
        return false;
    if (row->other)
        scratch_path(&verify.scratch, row->other, &other);
    if (row->look)
        scratch_path(&verify.scratch, row->look, &seen);
    else
        u16buf_addz(&seen, verify.path);
    add_quoted(&line, verify.self);
    u16buf_addz(&line, u"verify-act ");
    u16buf_add(&line, u16s_ascii(act, 32, battery_act_name(row->act)));
    u16buf_addc(&line, u' ');
    add_quoted(&line, verify.path);
    add_quoted(&line, verify.other);
    return !line.cut && !other.cut && !seen.cut;
}

struct looks {
    struct scratch_look seen, other;
    bool value;
};

static void look(const struct battery_row *row, struct looks *looks)
{
    *looks = (struct looks){ 0 };
    if (row->place <= BATTERY_TEMP)
        scratch_look(verify.seen, &looks->seen);
    if (row->other)
        scratch_look(verify.other, &looks->other);
    if (row->place == BATTERY_KEY)
        looks->value = scratch_has_value(&verify.scratch);
}

/* Only these say that it was the access check: anything else may have other causes. */
static bool is_denial(DWORD code)
{
    return code == ERROR_ACCESS_DENIED || code == ERROR_PRIVILEGE_NOT_HELD;
}

/* Whether something may be different although it does not show where the row looks. */
static bool may_have_left(const struct battery_row *row, const struct trial *trial)
{
    if (row->act == BATTERY_LINK_WRITE || row->act == BATTERY_JUNCTION_WRITE)
        return true; /* two steps */
    if (!trial->started || is_denial(trial->code))
        return false;
    return trial->code != 0 || row->act == BATTERY_DACL || battery_act_changes(row->act);
}

/* One act on things as they were made. */
static bool try_act(const struct battery_row *row, HANDLE token, struct trial *trial,
                    struct err *err)
{
    struct looks before, after;

    if (verify.used && !scratch_fill(&verify.scratch, err))
        return false;
    look(row, &before);
    run_child(token, trial);
    look(row, &after);
    trial->changed = !scratch_same(&before.seen, &after.seen) ||
                     !scratch_same(&before.other, &after.other) ||
                     before.value != after.value;
    verify.used = trial->changed || may_have_left(row, trial);
    return true;
}

static enum verdict judge(const struct battery_row *row, struct row_result *r)
{
    enum battery_expect expect = battery_expect(row, verify.fence);
    bool must_change = battery_act_changes(row->act);

    if (!r->without.started || r->without.code != 0)
        return r->reason = "control failed", SKIPPED;
    if (must_change && !r->without.changed)
        return r->reason = "control changed nothing", SKIPPED;
    if (expect == BATTERY_ALLOWED) {
        if (r->with.started && r->with.code == 0 && r->with.changed >= must_change)
            return ALLOWED;
        return BROKEN;
    }
    if (r->with.changed || (r->with.started && r->with.code == 0)) {
        if (expect == BATTERY_OPEN_STANDARD && verify.kept == LEVEL_TOKEN_RESTRICTED)
            r->reason = "standard fence; strict closes it";
        else if (r->with.code != 0)
            r->reason = "refused, yet changed";
        return NOT_ENFORCED;
    }
    if (!r->with.started)
        return r->reason = "no child starts with the fence", SKIPPED;
    if (!is_denial(r->with.code))
        return r->reason = "failed, but not by a denial", SKIPPED;
    return ENFORCED;
}

static bool try_row(const struct battery_row *row, struct row_result *r, struct err *err)
{
    *r = (struct row_result){ .verdict = SKIPPED, .reason = "no such name here" };
    /* The 8.3 name is the file's own: it is there only once the file is. */
    if (verify.used && !scratch_fill(&verify.scratch, err))
        return false;
    verify.used = false;
    if (!name_all(row))
        return true;
    r->reason = NULL;
    if (!try_act(row, NULL, &r->without, err))
        return false;
    if (r->without.started && r->without.code == 0 &&
        !try_act(row, verify.token, &r->with, err))
        return false;
    r->verdict = judge(row, r);
    return true;
}

static void pad(struct u16buf *b, size_t to)
{
    do
        u16buf_addc(b, u' ');
    while (b->len < to);
}

static void add_trial(struct u16buf *b, const struct trial *t)
{
    if (t->started && t->code == 0) {
        u16buf_addz(b, u"done");
        return;
    }
    u16buf_addz(b, !t->started          ? u"no start "
                   : is_denial(t->code) ? u"denied "
                                        : u"failed ");
    if (t->code > UINT16_MAX) {
        u16buf_addz(b, u"0x");
        u16buf_add_hex(b, t->code, 8);
    } else {
        u16buf_add_dec(b, t->code);
    }
}

static void print_row(const struct battery_row *row, const struct row_result *r)
{
    char16_t text[256];
    struct u16buf b = U16BUF(text);
    bool tried = r->without.started || r->without.code;

    u16buf_add_ascii(&b, row->text);
    pad(&b, TEXT_WIDTH);
    if (tried)
        add_trial(&b, &r->without);
    pad(&b, TEXT_WIDTH + CODE_WIDTH);
    if (r->with.started || r->with.code)
        add_trial(&b, &r->with);
    pad(&b, TEXT_WIDTH + 2 * CODE_WIDTH);
    u16buf_add_ascii(&b, verdicts[r->verdict].text);
    if (r->reason) {
        u16buf_addz(&b, r->verdict == SKIPPED ? u": " : u" (");
        u16buf_add_ascii(&b, r->reason);
        if (r->verdict == SKIPPED && tried && r->without.code) {
            u16buf_addz(&b, u" (Win32 ");
            u16buf_add_dec(&b, r->without.code);
            u16buf_addc(&b, u')');
        }
        u16buf_addz(&b, r->verdict == SKIPPED ? u"" : u")");
    }
    out_line(OUT_STDOUT, text);
}

/* What the machine gave, before anything else. */
static void print_head(void)
{
    static const char16_t *const tokens[] = {
        [LEVEL_TOKEN_UNTRIED] = u"no token was made",
        [LEVEL_TOKEN_NO_CALL] =
            u"NOT A FENCE: this system makes no restricted tokens; tried without one",
        [LEVEL_TOKEN_FAILED] =
            u"NOT A FENCE: no restricted token can be made; tried without one",
        [LEVEL_TOKEN_NOT_KEPT] =
            u"NOT A FENCE: tokens keep no restricting SIDs here; tried with what comes",
        [LEVEL_TOKEN_RESTRICTED] = u"the token shows its restricting SIDs",
    };
    out_line(OUT_STDOUT, verify.fence == FENCE_STRICT ? u"strict" : u"standard",
             u" fence: ", tokens[verify.kept]);
    if (verify.scratch.not_kept)
        out_line(OUT_STDOUT, u"files here do not keep the lists they are given: ",
                 verify.scratch.path.at);
    if (verify.scratch.refused)
        out_line(OUT_STDOUT, u"some files here have no list to put a fence into: ",
                 verify.scratch.path.at);
    out_line(OUT_STDOUT, u"act                                       without       with"
                         u"          verdict");
}

static bool has_held(void)
{
    return verify.count[ENFORCED] + verify.count[ALLOWED] == battery_count;
}

static void add_count(struct u16buf *b, const char16_t *before, size_t count,
                      const char16_t *after)
{
    u16buf_addz(b, before);
    u16buf_add_dec(b, count);
    u16buf_addz(b, after);
}

static void print_counts(void)
{
    char16_t text[256];
    struct u16buf b = U16BUF(text);

    add_count(&b, u"", battery_count, u" acts: ");
    add_count(&b, u"", verify.count[ENFORCED], u" enforced, ");
    add_count(&b, u"", verify.count[NOT_ENFORCED], u" not enforced, ");
    add_count(&b, u"", verify.count[SKIPPED], u" skipped; to be allowed: ");
    add_count(&b, u"", verify.count[ALLOWED], u" allowed, ");
    add_count(&b, u"", verify.count[BROKEN], u" broken");
    out_line(OUT_STDOUT, text);
}

static void json_trial(struct json *json, const char *key, const struct trial *t)
{
    json_open(json, key, u'{');
    json_bool(json, "started", t->started);
    json_number(json, "code", t->code);
    json_bool(json, "changed", t->changed);
    json_close(json, u'}');
}

static void json_rows(struct json *json)
{
    static const char *const expects[] = { [BATTERY_DENIED] = "denied",
                                           [BATTERY_OPEN_STANDARD] = "open",
                                           [BATTERY_ALLOWED] = "allowed" };

    json_open(json, "rows", u'[');
    for (size_t i = 0; i < battery_count; i++) {
        const struct row_result *r = &verify.results[i];

        json_open(json, NULL, u'{');
        json_ascii(json, "id", battery_rows[i].id);
        json_ascii(json, "act", battery_rows[i].text);
        json_ascii(json, "expected",
                   expects[battery_expect(&battery_rows[i], verify.fence)]);
        json_trial(json, "without", &r->without);
        json_trial(json, "with", &r->with);
        json_ascii(json, "verdict", verdicts[r->verdict].json);
        json_ascii(json, "reason", r->reason ? r->reason : "");
        json_close(json, u'}');
    }
    json_close(json, u']');
}

static void print_json(void)
{
    static const char *const tokens[] = { [LEVEL_TOKEN_UNTRIED] = "untried",
                                          [LEVEL_TOKEN_NO_CALL] = "no_call",
                                          [LEVEL_TOKEN_FAILED] = "failed",
                                          [LEVEL_TOKEN_NOT_KEPT] = "not_kept",
                                          [LEVEL_TOKEN_RESTRICTED] = "restricted" };
    struct u16buf b = U16BUF(verify.text);
    struct json json;

    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_ascii(&json, "level", fence_name(verify.fence));
    json_bool(&json, "proven", has_held() && verify.kept == LEVEL_TOKEN_RESTRICTED);
    json_ascii(&json, "token", tokens[verify.kept]);
    json_bool(&json, "acls_kept", !verify.scratch.not_kept && !verify.scratch.refused);
    json_number(&json, "acts", battery_count);
    for (size_t i = 0; i < VERDICTS; i++)
        json_number(&json, verdicts[i].json, verify.count[i]);
    json_rows(&json);
    json_close(&json, u'}');
    u16buf_addc(&b, u'\n');
    out_text(OUT_STDOUT, b.cut ? U16S("{}\n") : u16buf_text(&b));
}

static bool run_battery(struct err *err)
{
    if (!scratch_fill(&verify.scratch, err) || !make_token(err))
        return false;
    if (!verify.json)
        print_head();
    for (size_t i = 0; i < battery_count; i++) {
        struct row_result *r = &verify.results[i];

        if (stopped)
            return err_rule(err, "stopped by Ctrl-C", NULL);
        if (!try_row(&battery_rows[i], r, err))
            return false;
        verify.count[r->verdict]++;
        if (!verify.json)
            print_row(&battery_rows[i], r);
    }
    if (verify.json)
        print_json();
    else
        print_counts();
    return true;
}

static const char *set_json(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    verify.json = true;
    return NULL;
}

static const char *set_level(void *ctx, struct u16s value)
{
    (void)ctx;
    if (u16s_eq(value, U16S("strict")))
        verify.fence = FENCE_STRICT;
    else if (!u16s_eq(value, U16S("standard")))
        return "verify the standard or the strict fence, not";
    return NULL;
}

static const struct cli_option options[] = { { u"--json", CLI_FLAG, set_json },
                                             { u"--level", CLI_VALUE, set_level } };

static bool name_programs(struct err *err)
{
    struct u16buf self = U16BUF(verify.self);
    UINT len = GetSystemDirectoryW(verify.system, MAX_PATH);

    if (len == 0 || len > MAX_PATH)
        return err_win32(err, "GetSystemDirectoryW", NULL);
    return paths_self(&self, err);
}

uint32_t cmd_verify(struct cli *cli)
{
    struct err err = { 0 }, left = { 0 };
    bool good = false;

    switch (cli_options(cli, options, 2, NULL)) {
    case CLI_WORD:
        return cli_complain("verify takes options only, not", u16buf_text(&cli->word));
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_END:
        break;
    }
    if (token_is_inside())
        return cli_complain("verify cannot be tried from inside a fence",
                            (struct u16s){ 0 });
    SetConsoleCtrlHandler(on_control, TRUE);
    good =
        name_programs(&err) && scratch_init(&verify.scratch, &err) && run_battery(&err);
    if (!good)
        err_report(&err, u"verify");
    if (!scratch_remove(&verify.scratch, &left)) {
        err_report(&left, u"remove what verify made");
        good = false;
    }
    if (!good)
        return EXIT_RINGFENCE;
    return has_held() ? EXIT_OK : 1;
}
