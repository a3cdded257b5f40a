/* SPDX-License-Identifier: MIT
 *
 * ringfence-setup.exe: the accounts, rules and filters of level `enforced`, put up and
 * taken down.  Runs elevated, and is the only program that does.  It takes no path from
 * anybody; what it changes is in the table of steps.c, and `install --plan` prints that.
 */
#include "caller.h"
#include "core/cmdline.h"
#include "core/json.h"
#include "steps.h"
#include "win/dll.h"
#include "win/errtext.h"
#include "win/out.h"
#include "win/secret.h"

#define ANSWER_CAP 16384u /* all of it has room in a pipe, see caller_listen */
#define TEXT_CAP   512u

void entry(void);

enum command { INSTALL, REPAIR, STATUS, UNINSTALL, TRY };

static const char16_t *const names[] = { u"install", u"repair", u"status", u"uninstall",
                                         u"try" };

static const char16_t *const usage[] = {
    u"ringfence-setup: what level `enforced` needs of this machine (run elevated)",
    u"  ringfence-setup install [--plan] [--json] [--loopback none|all|PORT,...]",
    u"  ringfence-setup repair  [--plan] [--json] [--loopback none|all|PORT,...]",
    u"  ringfence-setup status  [--json]",
    u"  ringfence-setup uninstall [--plan] [--json] [--keep-accounts]",
    u"  ringfence-setup try STEP [--json]   one step, looked at and taken back",
    u"  `ringfence setup ...` starts it, and hands over the accounts' passwords.",
};

struct setup {
    enum command command;
    bool plan_only, json, keep_accounts, has_policy;
    struct filters_policy policy;
    char16_t step[64]; /* try */
    uint32_t caller_pid;
    char16_t caller_name[HANDOVER_NAME_LEN + 1];
    HANDLE pipe;

    struct steps steps;
    struct plan plan;
};

/* The rule that a word breaks, or NULL.  value is empty for flags. */
static const char *take_caller(struct setup *s, struct u16s value)
{
    size_t colon = u16s_find(value, u':', 0);
    struct u16s name = u16s_from(value, colon + 1);
    struct u16buf b = U16BUF(s->caller_name);
    uint64_t pid = 0;

    if (!u16s_number(u16s_head(value, colon), UINT32_MAX, &pid) ||
        !handover_is_name(name.at, name.len))
        return "--caller is PID:NAME";
    s->caller_pid = (uint32_t)pid;
    u16buf_add(&b, name);
    return NULL;
}

static const char *take_loopback(struct setup *s, struct u16s value)
{
    s->has_policy = true;
    return filters_parse(&s->policy, value)
               ? NULL
               : "--loopback is none, all or ports as 80,443";
}

static const char *take_option(struct setup *s, struct u16s word, struct u16s *rest,
                               struct u16buf *value)
{
    const struct {
        struct u16s name;
        bool *flag;
        const char *(*take)(struct setup *s, struct u16s value);
    } options[] = {
        { U16S("--plan"), &s->plan_only, NULL },
        { U16S("--json"), &s->json, NULL },
        { U16S("--keep-accounts"), &s->keep_accounts, NULL },
        { U16S("--loopback"), NULL, take_loopback },
        { U16S("--caller"), NULL, take_caller },
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (!u16s_eq(word, options[i].name))
            continue;
        if (options[i].flag) {
            *options[i].flag = true;
            return NULL;
        }
        return cmdline_next(rest, value) ? options[i].take(s, u16buf_text(value))
                                         : "an option without its value";
    }
    return "an unknown option";
}

/* What makes no sense together. */
static const char *check_words(const struct setup *s)
{
    bool changes = s->command == INSTALL || s->command == REPAIR;

    if (s->has_policy && !changes)
        return "--loopback is for install and repair";
    if (s->keep_accounts && s->command != UNINSTALL)
        return "--keep-accounts is for uninstall";
    if (s->plan_only && !changes && s->command != UNINSTALL)
        return "--plan is for install, repair and uninstall";
    if (s->command == TRY && !s->step[0])
        return "try needs the name of a step";
    return NULL;
}

static const char *read_words(struct setup *s)
{
    static char16_t word_text[CMDLINE_MAX + 1], value_text[CMDLINE_MAX + 1];
    struct u16s rest = cmdline_tail(u16s_of(GetCommandLineW()));
    struct u16buf word = U16BUF(word_text), step = U16BUF(s->step);
    size_t i = 0;

    if (!cmdline_next(&rest, &word))
        return "no command";
    while (i <= TRY && !u16s_eq(u16buf_text(&word), u16s_of(names[i])))
        i++;
    if (i > TRY)
        return "an unknown command";
    s->command = (enum command)i;
    for (;;) {
        struct u16buf value = U16BUF(value_text);
        const char *wrong = NULL;

        word = U16BUF(word_text);
        if (!cmdline_next(&rest, &word))
            return check_words(s);
        if (s->command == TRY && !step.len && word_text[0] != u'-')
            u16buf_add(&step, u16buf_text(&word));
        else
            wrong = take_option(s, u16buf_text(&word), &rest, &value);
        if (wrong)
            return wrong;
    }
}

static const char16_t *ascii(char16_t text[TEXT_CAP], const char *from)
{
    struct u16buf b = u16buf_init(text, TEXT_CAP);

    u16buf_add_ascii(&b, from);
    return text;
}

/* Text to a width, for columns. */
static const char16_t *padded(char16_t text[TEXT_CAP], const char *from, size_t width)
{
    struct u16buf b = u16buf_init(text, TEXT_CAP);

    u16buf_add_ascii(&b, from);
    while (b.len < width)
        u16buf_addc(&b, u' ');
    return text;
}

static void print_table(const struct setup *s)
{
    for (size_t i = 0; i < s->plan.count; i++) {
        const struct plan_step *step = &s->plan.steps[i];
        char16_t state[TEXT_CAP], id[TEXT_CAP], what[TEXT_CAP];

        out_line(OUT_STDOUT, padded(state, plan_state_name(s->plan.state[i]), 10),
                 padded(id, step->id, 20), ascii(what, step->what));
    }
}

static void json_error(struct json *json, const char *key, enum codes_phase phase,
                       const struct err *err)
{
    json_open(json, key, u'{');
    json_ascii(json, "phase", codes_row(phase)->id);
    json_ascii(json, "call", err->call);
    json_number(json, "code", err->code);
    json_text(json, "object", u16s_of(err->object));
    json_ascii(json, "remedy", codes_remedy(phase, err));
    json_close(json, u'}');
}

/* All that the text says. */
static struct u16s result_json(const struct setup *s, unsigned exit_code)
{
    static char16_t text[ANSWER_CAP];
    char16_t loopback[TEXT_CAP];
    struct u16buf b = U16BUF(text), l = U16BUF(loopback);
    struct json json;

    filters_format(&s->steps.policy, &l);
    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_ascii(&json, "version", RINGFENCE_VERSION);
    json_text(&json, "command", u16s_of(names[s->command]));
    json_bool(&json, "plan", s->plan_only);
    json_number(&json, "exit_code", exit_code);
    json_ascii(&json, "phase", codes_row(s->plan.failed)->id);
    json_bool(&json, "complete", s->plan.is_complete);
    json_text(&json, "loopback", u16buf_text(&l));
    json_number(&json, "left", s->plan.left);
    if (s->plan.failed != CODES_OK)
        json_error(&json, "error", s->plan.failed, &s->plan.err);
    if (s->plan.left_err.domain != ERR_NONE)
        json_error(&json, "left_error", CODES_LEFT, &s->plan.left_err);
    json_open(&json, "steps", u'[');
    for (size_t i = 0; i < s->plan.count; i++) {
        json_open(&json, NULL, u'{');
        json_ascii(&json, "id", s->plan.steps[i].id);
        json_ascii(&json, "phase", codes_row(s->plan.steps[i].phase)->id);
        json_ascii(&json, "what", s->plan.steps[i].what);
        json_ascii(&json, "state", plan_state_name(s->plan.state[i]));
        json_ascii(&json, "outcome", plan_outcome_name(s->plan.outcome[i]));
        json_close(&json, u'}');
    }
    json_close(&json, u']');
    json_close(&json, u'}');
    return b.cut ? U16S("{}") : u16buf_text(&b);
}

/* "ringfence: cannot …" with its remedy. */
static void complain(enum codes_phase phase, const struct err *err)
{
    struct err shown = *err;

    err_hint(&shown, codes_remedy(phase, err));
    err_report(&shown, codes_row(phase)->what);
}

static size_t count(const struct plan *plan, enum plan_outcome outcome)
{
    size_t n = 0;

    for (size_t i = 0; i < plan->count; i++)
        n += plan->outcome[i] == outcome;
    return n;
}

static void print_counts(const struct setup *s)
{
    static const struct {
        enum plan_outcome outcome;
        const char16_t *word;
    } parts[] = { { PLAN_ADDED, u" added" },
                  { PLAN_REPAIRED, u" repaired" },
                  { PLAN_WAS_THERE, u" as they were" },
                  { PLAN_TAKEN_BACK, u" taken back" },
                  { PLAN_LEFT, u" left" } };
    char16_t line[TEXT_CAP];
    struct u16buf b = U16BUF(line);

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t n = count(&s->plan, parts[i].outcome);

        if (!n)
            continue;
        u16buf_addz(&b, b.len ? u", " : u"");
        u16buf_add_dec(&b, n);
        u16buf_addz(&b, parts[i].word);
    }
    out_line(OUT_STDOUT, u"ringfence: setup ", names[s->command], u": ",
             b.len ? line : u"nothing was changed",
             s->plan.is_complete ? u"; complete" : u"");
    for (size_t i = 0; i < s->plan.count; i++)
        if (s->plan.outcome[i] == PLAN_LEFT)
            out_line(OUT_STDOUT, u"  left: ", ascii(line, s->plan.steps[i].what));
}

static void print_result(const struct setup *s)
{
    bool table = s->plan_only || s->command == STATUS;

    if (table)
        print_table(s);
    if (s->plan.failed != CODES_OK)
        complain(s->plan.failed, &s->plan.err);
    if (s->plan.left_err.domain != ERR_NONE && s->plan.failed != CODES_LEFT)
        complain(CODES_LEFT, &s->plan.left_err);
    if (!table && s->plan.count)
        print_counts(s);
}

/* The first precondition that does not hold, as a --plan has it. */
static void judge_plan(struct plan *plan)
{
    plan->failed = CODES_OK;
    for (size_t i = 0; i < plan->count && plan->failed == CODES_OK; i++)
        if (!plan->steps[i].apply && plan->state[i] != PLAN_PRESENT) {
            plan->failed = plan->steps[i].phase;
            plan->steps[i].check(plan->ctx, plan->steps[i].arg, &plan->err);
        }
}

static void run_trial(struct setup *s)
{
    struct plan *plan = &s->plan;

    plan_look(plan);
    /* What is there belongs to an installation, and stays. */
    if (plan->state[0] != PLAN_ABSENT || !plan->steps[0].apply)
        return;
    if (plan_install(plan) && !plan_uninstall(plan, false))
        plan->failed = plan->steps[0].phase;
}

/* What is missing of a whole setup. */
static void judge_status(struct plan *plan)
{
    if (plan->failed == CODES_OK && plan->is_complete)
        return;
    if (plan->failed == CODES_OK)
        err_rule(&plan->err, "the last setup did not end", NULL);
    plan->failed = CODES_INCOMPLETE;
}

/* What came of it is in the plan. */
static void run_plan(struct setup *s)
{
    bool ok = true;

    if (s->command == TRY) {
        run_trial(s);
    } else if (s->command == STATUS || s->plan_only) {
        plan_look(&s->plan);
        (s->plan_only ? judge_plan : judge_status)(&s->plan);
    } else if (s->command == UNINSTALL) {
        ok = plan_uninstall(&s->plan, s->keep_accounts);
    } else {
        ok = plan_install(&s->plan);
    }
    (void)ok; /* plan.failed says the same, and why */
}

/* Only one setup at a time.  Held until the process ends. */
static bool take_turn(struct err *err)
{
    HANDLE mutex = CreateMutexW(NULL, FALSE, u"Global\\RingfenceSetup");
    DWORD waited = 0;

    if (!mutex)
        return err_win32(err, "CreateMutexW", u"Global\\RingfenceSetup");
    waited = WaitForSingleObject(mutex, 0);
    return waited == WAIT_OBJECT_0 || waited == WAIT_ABANDONED ||
           err_rule(err, "another setup is running", NULL);
}

static bool take_order(struct setup *s, struct err *err)
{
    struct handover_order order;

    if (!caller_connect(u16s_of(s->caller_name), s->caller_pid, &s->pipe, err) ||
        !caller_take_order(s->pipe, &order, err))
        return false;
    caller_listen();
    s->steps.accounts.has_passwords = !order.empty;
    s->steps.accounts.rotate = order.rotate;
    s->steps.accounts.passwords = order.passwords;
    password_wipe(&order, sizeof order);
    return true;
}

/* Everything that the plan needs to know; on failure the phase that it is of. */
static enum codes_phase prepare(struct setup *s, struct err *err)
{
    if (s->caller_pid && !take_order(s, err))
        return CODES_HANDOVER;
    if (s->command != STATUS && !take_turn(err))
        return CODES_BUSY;
    if (s->has_policy)
        s->steps.policy = s->policy;
    else if (!steps_installed_policy(&s->steps.policy, err))
        return CODES_JOURNAL;
    if (s->command != TRY)
        return steps_plan(&s->steps, &s->plan, err) ? CODES_OK : CODES_JOURNAL;
    /* An account that is gone again in a moment needs a password all the same. */
    s->steps.accounts.has_passwords = true;
    if (!secret_make(&s->steps.accounts.passwords, err))
        return CODES_HANDOVER;
    if (!steps_trial(&s->steps, u16s_of(s->step), &s->plan)) {
        err_rule(err, "there is no step of that name", s->step);
        return CODES_USAGE;
    }
    return CODES_OK;
}

static uint32_t run(struct setup *s)
{
    struct err err = { 0 };
    enum codes_phase phase = prepare(s, &err);
    unsigned exit_code = 0;

    if (phase == CODES_OK) {
        run_plan(s);
        phase = s->plan.failed;
    } else {
        s->plan.failed = phase;
        s->plan.err = err;
    }
    password_wipe(&s->steps.accounts.passwords, sizeof s->steps.accounts.passwords);
    exit_code = codes_row(phase)->exit_code;
    if (s->json) {
        out_text(OUT_STDOUT, result_json(s, exit_code));
        out_text(OUT_STDOUT, U16S("\n"));
    } else {
        print_result(s);
    }
    if (s->pipe) {
        caller_answer(s->pipe, exit_code);
        CloseHandle(s->pipe);
    }
    return exit_code;
}

typedef BOOL(WINAPI *set_dll_directories)(DWORD);

/* The environment is the unelevated user's: COM expands %SystemRoot% in the paths it
 * loads from, and libraries look for their own along PATH. */
static void trust_the_system_only(void)
{
    static const char16_t *const names_of[] = { u"SystemRoot", u"windir" };
    set_dll_directories set = (set_dll_directories)(void (*)(void))dll_loaded(
        u"kernel32.dll", "SetDefaultDllDirectories");
    char16_t path[MAX_PATH];
    UINT len = GetSystemDirectoryW(path, MAX_PATH);

    if (set)
        set(LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (len == 0 || len >= MAX_PATH)
        return;
    SetEnvironmentVariableW(u"PATH", path);
    while (len > 0 && path[len] != u'\\')
        path[len--] = 0;
    path[len] = 0;
    for (size_t i = 0; i < sizeof names_of / sizeof names_of[0]; i++)
        SetEnvironmentVariableW(names_of[i], path);
}

static void print_usage(DWORD where)
{
    for (size_t i = 0; i < sizeof usage / sizeof usage[0]; i++)
        out_line(where, usage[i]);
}

static bool asks_for_help(void)
{
    static const char16_t *const words[] = { u"help", u"--help", u"-h", u"-?", u"/?" };
    char16_t text[8];
    struct u16s rest = cmdline_tail(u16s_of(GetCommandLineW()));
    struct u16buf word = U16BUF(text);

    if (!cmdline_next(&rest, &word) || word.cut)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (u16s_eq(u16buf_text(&word), u16s_of(words[i])))
            return true;
    return false;
}

/* The stack is as the loader leaves it: x86 code with vector instructions needs it
 * aligned. */
__attribute__((force_align_arg_pointer)) void entry(void)
{
    static struct setup setup;
    const char *wrong = read_words(&setup);
    struct err err = { 0 };

    trust_the_system_only();
    if (asks_for_help()) {
        print_usage(OUT_STDOUT);
        ExitProcess(0);
    }
    if (!wrong)
        ExitProcess(run(&setup));
    err_rule(&err, wrong, NULL);
    complain(CODES_USAGE, &err);
    print_usage(OUT_STDERR);
    ExitProcess(codes_row(CODES_USAGE)->exit_code);
}
