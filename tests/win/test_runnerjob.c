/* SPDX-License-Identifier: MIT
 *
 * Claim: a runner in a job, as the logon service's are, gets limits on windows by having
 * the child leave that job; where it may not, the child has no such limits, and that is
 * said; nothing is started twice, and nothing runs outside its job.
 */
#include "runner/runner.h"

#include "win/dll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct runner runner;

static struct {
    bool limits;    /* jobs keep limits on windows */
    bool may_leave; /* the runner's own job */
    DWORD code;     /* of every creation, else 0 */
    DWORD flags[4];
    unsigned created, jobs, lowered;
    enum level_token kept;
    bool stays_up;  /* tokens keep their integrity */
    uint32_t asked; /* WIRE_START_… more */
} fake;

bool runner_make_job(bool offline, bool windows, HANDLE *job, uint32_t *got,
                     struct err *err)
{
    (void)offline;
    fake.jobs++;
    *job = CreateJobObjectW(NULL, NULL);
    *got = windows && fake.limits ? WIRE_GOT_UI : 0;
    return *job || err_win32(err, "CreateJobObjectW", NULL);
}

bool runner_console_open(const struct wire_start *start, void **console, struct err *e)
{
    (void)start;
    (void)console;
    return err_rule(e, "not here", NULL);
}

bool runner_console_open_hidden(void **console, HANDLE *keyboard, struct err *e)
{
    (void)console;
    (void)keyboard;
    return err_rule(e, "not here", NULL);
}

bool runner_console_keep(const struct runner_kept *kept, struct err *e)
{
    (void)kept;
    return err_rule(e, "not here", NULL);
}

void runner_console_close(void *console)
{
    assert_null(console);
}

static BOOL WINAPI create(HANDLE token, LPCWSTR program, LPWSTR line,
                          LPSECURITY_ATTRIBUTES process, LPSECURITY_ATTRIBUTES thread,
                          BOOL inherit, DWORD flags, LPVOID environment, LPCWSTR cwd,
                          LPSTARTUPINFOW si, LPPROCESS_INFORMATION pi)
{
    (void)token;
    assert_true(fake.created < 4);
    fake.flags[fake.created++] = flags;
    if (fake.code || (flags & CREATE_BREAKAWAY_FROM_JOB && !fake.may_leave)) {
        SetLastError(fake.code ? fake.code : ERROR_ACCESS_DENIED);
        return FALSE;
    }
    return CreateProcessW(program, line, process, thread, inherit,
                          flags & ~(DWORD)CREATE_BREAKAWAY_FROM_JOB, environment, cwd, si,
                          pi);
}

/* A token as this system makes them, that is said to be kept or not. */
__typeof__(token_restrict) __real_token_restrict, __wrap_token_restrict;
enum level_token __wrap_token_restrict(const struct fence_list *list, HANDLE *out,
                                       struct err *e)
{
    (void)__real_token_restrict(list, out, e);
    return fake.kept;
}

__typeof__(token_lower) __wrap_token_lower;
bool __wrap_token_lower(HANDLE token, struct err *e)
{
    assert_non_null(token);
    fake.lowered++;
    return !fake.stays_up || err_rule(e, "it stays up", NULL);
}

FARPROC __real_dll_security(const char *name);
FARPROC __wrap_dll_security(const char *name);
FARPROC __wrap_dll_security(const char *name)
{
    return !strcmp(name, "CreateProcessAsUserW") ? (FARPROC)(void (*)(void))create
                                                 : __real_dll_security(name);
}

static struct err err;
static struct wire_started started;

static int begin(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&runner, 0, sizeof runner);
    InitializeCriticalSection(&runner.token_lock);
    runner.in_job = true;
    fake.kept = LEVEL_TOKEN_NOT_KEPT;
    assert_true(token_user_sid(&runner.self, &err));
    return 0;
}

/* True when a child came of it, which is waited for. */
static bool start(void)
{
    static char16_t line[] = u"cmd /d /c exit 7", program[MAX_PATH], cwd[MAX_PATH];
    struct runner_child child = { 0 };
    struct wire_start s = { .flags = WIRE_START_UNPROVEN | fake.asked,
                            .line = u16s_of(line) };
    UINT len = GetSystemDirectoryW(cwd, MAX_PATH);
    struct u16buf b = U16BUF(program);
    DWORD code = 0;

    assert_true(len > 0);
    u16buf_addz(&b, cwd);
    u16buf_addz(&b, u"\\cmd.exe");
    s.program = u16buf_text(&b);
    s.cwd = (struct u16s){ cwd, len };
    s.environment = (struct u16s){ GetEnvironmentStringsW(), 0 };
    if (!runner_start(&s, &child, &started, &err))
        return false;
    assert_int_equal(WaitForSingleObject(child.process, 30000), WAIT_OBJECT_0);
    assert_true(GetExitCodeProcess(child.process, &code));
    assert_int_equal(code, 7);
    runner_child_close(&child);
    return true;
}

static void in_a_job__may_leave_it__windows_are_limited(void **state)
{
    (void)state;
    fake.limits = fake.may_leave = true;
    assert_true(start());
    assert_true(started.got & WIRE_GOT_UI);
    assert_int_equal(fake.created, 1);
    assert_true(fake.flags[0] & CREATE_BREAKAWAY_FROM_JOB);
}

static void in_a_job__may_not_leave_it__runs_without_and_says_so(void **state)
{
    (void)state;
    fake.limits = true;
    assert_true(start());
    assert_false(started.got & WIRE_GOT_UI);
    assert_int_equal(fake.created, 2);
    assert_true(fake.flags[0] & CREATE_BREAKAWAY_FROM_JOB);
    assert_false(fake.flags[1] & CREATE_BREAKAWAY_FROM_JOB);
    assert_int_equal(fake.jobs, 2);
}

static void in_a_job__it_keeps_no_limits__nothing_leaves_it(void **state)
{
    (void)state;
    fake.may_leave = true;
    assert_true(start());
    assert_false(started.got & WIRE_GOT_UI);
    assert_int_equal(fake.created, 1);
    assert_false(fake.flags[0] & CREATE_BREAKAWAY_FROM_JOB);
}

static void in_no_job__any__windows_are_limited_in_place(void **state)
{
    (void)state;
    runner.in_job = false;
    fake.limits = true;
    assert_true(start());
    assert_true(started.got & WIRE_GOT_UI);
    assert_int_equal(fake.created, 1);
    assert_false(fake.flags[0] & CREATE_BREAKAWAY_FROM_JOB);
}

static void program__is_not_there__says_so_either_way(void **state)
{
    (void)state;
    fake.limits = fake.may_leave = true;
    fake.code = ERROR_FILE_NOT_FOUND;
    assert_false(start());
    assert_int_equal(err.code, ERROR_FILE_NOT_FOUND);
    runner.in_job = false;
    fake.created = 0;
    assert_false(start());
    assert_int_equal(err.code, ERROR_FILE_NOT_FOUND);
    assert_int_equal(fake.created, 1);
}

static void lowered__asked_for__token_is_and_shows_it(void **state)
{
    (void)state;
    fake.kept = LEVEL_TOKEN_RESTRICTED;
    assert_true(start());
    assert_int_equal(fake.lowered, 0);
    fake.asked = WIRE_START_LOWERED;
    assert_true(start());
    assert_int_equal(fake.lowered, 1);
    fake.kept = LEVEL_TOKEN_NOT_KEPT; /* unproven anyway: nothing is promised */
    assert_true(start());
    assert_int_equal(fake.lowered, 1);
}

static void lowered__not_kept__nothing_is_started(void **state)
{
    (void)state;
    fake.kept = LEVEL_TOKEN_RESTRICTED;
    fake.asked = WIRE_START_LOWERED;
    fake.stays_up = true;
    assert_false(start());
    assert_string_equal(err.call, "it stays up");
    assert_int_equal(fake.created, 0);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_a_job__may_leave_it__windows_are_limited),
        TEST(in_a_job__may_not_leave_it__runs_without_and_says_so),
        TEST(in_a_job__it_keeps_no_limits__nothing_leaves_it),
        TEST(in_no_job__any__windows_are_limited_in_place),
        TEST(program__is_not_there__says_so_either_way),
        TEST(lowered__asked_for__token_is_and_shows_it),
        TEST(lowered__not_kept__nothing_is_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
