/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence run` starts a tool or a whole script as the shims would, says no to
 * what it cannot promise, and reads its options strictly. In a console of its own:
 * cmd.exe's children need one for their output under Wine.
 */
#include "harness.h"

static const char16_t *ringfence(void)
{
    return place(u"rf\\ringfence.exe");
}

static void run_with(struct proc *p, const char16_t *tail)
{
    char16_t system[MAX_PATH];

    GetSystemDirectoryW(system, MAX_PATH);
    proc_init(p, ringfence(), tail);
    env_set(&p->env, u"PATH",
            text(L"%ls;%ls;%ls", place(u"rf\\shims"), place(u"tools"), system));
    env_set(&p->env, u"HTTP_PROXY", u"http://127.0.0.1:3128");
    log_enable(&p->env);
    log_reset();
    proc_run(p);
}

static void run__tool_by_name__code_and_tail_are_its_own(void **state)
{
    static const char16_t *const tails[] = { u" run -- git", u" run git",
                                             u" run --level auto -- git",
                                             u" run --level=advisory git",
                                             u" run --network off -- git.exe" };

    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++) {
        struct proc p;

        run_with(&p, text(L"%ls err x exit 0xC0000042", tails[i]));
        proc_assert_code(&p, 0xc0000042);
        assert_int_equal(log_count(), 1);
        proc_clear(&p);
    }
}

static void run__tail__verbatim_behind_the_command(void **state)
{
    static const char16_t tail[] =
        u"  \"a  b\" c\\\\ \"d\\\"e\" %PATH% ^&|<> -- --level x \t";
    struct proc p;

    (void)state;
    proc_init(&p, ringfence(), text(L" run --network off -- git%ls", tail));
    env_set(&p.env, u"PROBE_DO", u"args");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, !wcscmp(line_tail(proc_text(&p, "line", 0)), tail));
    proc_clear(&p);
}

static void run__full_and_relative_paths__start_that_file(void **state)
{
    struct proc p;
    const char16_t *const commands[] = {
        text(L"\"%ls\"", place(u"named dir\\my tool.exe")),
        u"..\\tools\\git.exe",
        u"..\\tools\\git",
        u"\"..\\named dir\\my tool\"",
    };

    (void)state;
    put_tool(u"named dir\\my tool.exe");
    for (size_t i = 0; i < COUNT(commands); i++) {
        run_with(&p, text(L" run -- %ls exit 44", commands[i]));
        proc_assert_code(&p, 44);
        proc_clear(&p);
    }
}

/* A script that knows nothing of us: its tools get the environment and go through shims.
 */
static void run__batch_script__its_tools_are_offline(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"ws\\build.bat", "@echo off\r\necho building\r\ngit env\r\nexit /b 7\r\n");
    run_with(&p, u" run -- build.bat");
    proc_assert_code(&p, 7);
    proc_assert(&p, strstr(p.out->at, "building") != NULL);
    proc_assert(&p, proc_getenv(&p, u"http_proxy") != NULL);
    proc_assert(&p, !wcscmp(proc_getenv(&p, u"http_proxy"), u"http://127.0.0.1:9"));
    assert_int_equal(log_count(), 1);
    proc_clear(&p);
    run_with(&p, u" run -- build"); /* as cmd.exe finds it */
    proc_assert_code(&p, 7);
    proc_clear(&p);
}

static void run__batch_script_calls_ssh__gets_the_stub(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"ws\\push.bat", "@ssh exit 0\r\n");
    run_with(&p, u" run -- push.bat");
    proc_assert_code(&p, 255);
    proc_assert(&p, strstr(p.err->at, "ringfence: ssh refused") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
    run_with(&p, u" run --network on -- push.bat"); /* the control */
    proc_assert_code(&p, 0);
    assert_int_equal(log_count(), 1);
    proc_clear(&p);
}

static void run__network_on__proxies_stay_the_users(void **state)
{
    struct proc p;

    (void)state;
    run_with(&p, u" run --network on -- git env");
    proc_assert_code(&p, 0);
    proc_assert(&p, !wcscmp(proc_getenv(&p, u"HTTP_PROXY"), u"http://127.0.0.1:3128"));
    proc_assert(&p, proc_getenv(&p, u"PIP_NO_INDEX") == NULL);
    proc_assert(&p, proc_getenv(&p, u"https_proxy") == NULL);
    proc_clear(&p);
    run_with(&p, u" run --network off -- git env"); /* the control */
    proc_assert(&p, !wcscmp(proc_getenv(&p, u"HTTP_PROXY"), u"http://127.0.0.1:9"));
    proc_clear(&p);
}

static void require__level_not_proven_here__125_and_a_reason(void **state)
{
    static const char16_t *const levels[] = { u"confined", u"enforced" };

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    for (size_t i = 0; i < COUNT(levels); i++) {
        struct proc p;

        run_with(&p, text(L" run --require %ls -- git exit 0", levels[i]));
        proc_assert_refused(&p, 125);
        proc_assert(&p, contains_text(p.err->at, levels[i]));
        proc_assert(&p, strstr(p.err->at, "advisory") != NULL);
        proc_assert(&p, strstr(p.err->at, "restricting SIDs") != NULL);
        proc_assert(&p, strstr(p.err->at, "\n  fix: see `ringfence doctor`\n"));
        assert_int_equal(log_count(), 0);
        proc_clear(&p);
    }
}

/* The line says where was looked, and that is all. */
static void run__no_such_tool__says_where_was_looked(void **state)
{
    struct proc p;

    (void)state;
    run_with(&p, u" run -- no-such-tool");
    proc_assert_refused(&p, 127);
    proc_assert(&p, strstr(p.err->at, " here or in "));
    proc_assert(&p, strstr(p.err->at, " of PATH"));
    proc_clear(&p);
    run_with(&p, u" run -- .\\no-such-tool.exe");
    proc_assert_refused(&p, 127);
    proc_assert(&p, !strstr(p.err->at, "PATH"));
    proc_clear(&p);
    proc_init(&p, place(u"rf\\ringfence.exe"), u" run -- no-such-tool");
    env_set(&p.env, u"PATH", u"");
    proc_run(&p);
    proc_assert_refused(&p, 127);
    proc_assert(&p, strstr(p.err->at, "PATH is empty"));
    proc_clear(&p);
}

/* What Windows starts by another program's help has that program's name in the hint. */
static void run__script_or_builtin__says_what_runs_it(void **state)
{
    static const struct {
        const char16_t *words;
        const char *fix;
    } rows[] = {
        { u".\\build.ps1 -x y",
          "\n  fix: ringfence run -- powershell -File .\\build.ps1 -x y\n" },
        { u"\"my script.PY\"", "\n  fix: ringfence run -- python \"my script.PY\"\n" },
        { u"build.js", "\n  fix: ringfence run -- node build.js\n" },
        { u"build.sh 1", "\n  fix: ringfence run -- sh build.sh 1\n" },
        { u"DIR /b", "\n  fix: ringfence run -- cmd /c DIR /b\n" },
        { u"no-such-tool", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proc p;

        run_with(&p, text(L" run -- %ls", rows[i].words));
        proc_assert_refused(&p, 127);
        proc_assert(&p, rows[i].fix ? strstr(p.err->at, rows[i].fix) != NULL
                                    : !strstr(p.err->at, "fix:"));
        proc_clear(&p);
    }
}

/* A program that the loader gives up on says nothing itself. */
static void run__fenced_and_not_loaded__says_what_the_code_means(void **state)
{
    struct proc p;

    (void)state;
    run_with(&p, u" run --level confined --allow-unproven -- git exit 3221225794");
    proc_assert_code(&p, 0xC0000142);
    proc_assert(&p, strstr(p.err->at, "ringfence: git ended with 0xC0000142: a DLL of it "
                                      "could not start\n  fix: "));
    proc_clear(&p);
    run_with(&p, u" run --level advisory -- git exit 3221225794"); /* no fence to blame */
    proc_assert_code(&p, 0xC0000142);
    proc_assert(&p, !strstr(p.err->at, "0xC0000142"));
    proc_clear(&p);
}

static void require__advisory__runs(void **state)
{
    struct proc p;

    (void)state;
    run_with(&p, u" run --require advisory -- git exit 3");
    proc_assert_code(&p, 3);
    proc_clear(&p);
}

static void unproven__asked_for__runs_and_says_so(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    run_with(&p, u" run --level confined --allow-unproven -- git exit 3");
    proc_assert_code(&p, 3);
    proc_assert(&p, strstr(p.err->at, "NOT PROVEN") != NULL);
    proc_clear(&p);
}

/* The way a fenced tool is started is another call: its plumbing must be as good. */
static void unproven__pipes_and_code__as_without(void **state)
{
    static char bytes[100000];
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    proc_init(&p, ringfence(),
              u" run --level confined --allow-unproven -- git cat exit 0xC0000042");
    p.in = bytes;
    p.in_bytes = sizeof bytes;
    proc_run(&p);
    proc_assert(&p, p.code == 0xc0000042);
    assert_int_equal(p.out->bytes, sizeof bytes);
    assert_memory_equal(p.out->at, bytes, sizeof bytes);
    proc_clear(&p);
}

/* What some program further up has left inheritable, open for writing, perhaps outside
 * the fence. */
static void unproven__a_leaked_handle__stays_with_us(void **state)
{
    static const char16_t *const levels[] = { u"advisory", u"confined --allow-unproven" };

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    for (unsigned fenced = 0; fenced < 2; fenced++) {
        HANDLE read = NULL, write = NULL;
        char got[16] = "";
        struct proc p;
        DWORD n = 0;

        assert_true(CreatePipe(&read, &write, NULL, 0));
        SetHandleInformation(write, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
        proc_init(&p, ringfence(),
                  text(L" run --level %ls -- git handle-write %lu", levels[fenced],
                       (unsigned long)(uintptr_t)write));
        proc_start(&p);
        CloseHandle(write);
        proc_wait(&p);
        proc_assert_code(&p, fenced ? 93 : 0);
        assert_int_equal(ReadFile(read, got, sizeof got - 1, &n, NULL), !fenced);
        CloseHandle(read);
        proc_clear(&p);
    }
}

/* One file is all three, and the runtime's first three too: no list may name it twice. */
static void unproven__fourth_descriptor__reaches_the_tool(void **state)
{
    char got[64] = "";
    struct proc p;
    DWORD n = 0;
    HANDLE read;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    proc_init(&p, ringfence(),
              u" run --level confined --allow-unproven -- git fd3 through-the-fourth");
    read = proc_start_with_fourth(&p);
    proc_wait(&p);
    assert_true(ReadFile(read, got, sizeof got - 1, &n, NULL));
    assert_string_equal(got, "through-the-fourth");
    assert_false(ReadFile(read, got, sizeof got - 1, &n, NULL));
    CloseHandle(read);
    proc_clear(&p);
}

static void unproven__nothing_to_inherit__starts(void **state)
{
    HANDLE read = NULL, write = NULL;
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    assert_true(CreatePipe(&read, &write, NULL, 0));
    SetHandleInformation(write, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    proc_init(&p, ringfence(),
              text(L" run --level confined --allow-unproven -- git handle-write %lu",
                   (unsigned long)(uintptr_t)write));
    p.own_handles = true;
    p.si.dwFlags = STARTF_USESTDHANDLES;
    proc_start(&p);
    proc_wait(&p);
    proc_assert_code(&p, 93);
    CloseHandle(read);
    CloseHandle(write);
    proc_clear(&p);
}

static void options__wrong__one_line_and_125(void **state)
{
    static const char16_t *const tails[] = {
        u" run",
        u" run --",
        u" run --levl auto -- git",
        u" run --level -- git",
        u" run --level strong -- git",
        u" run --level=CONFINED -- git",
        u" run --level",
        u" run --require auto -- git",
        u" run --network maybe -- git",
        u" run --network= -- git",
        u" run --root no\\such\\dir -- git",
        u" run --root",
        u" run --allow-unproven=1 -- git",
        u" frobnicate",
        u" --frobnicate",
        u" status extra",
        u" status --yaml",
        u" run --bad\n-option -- git",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++) {
        struct proc p;

        run_with(&p, tails[i]);
        proc_assert_refused(&p, 125);
        assert_int_equal(log_count(), 0);
        proc_clear(&p);
    }
}

static void root__given__becomes_the_workspace(void **state)
{
    struct proc p;

    (void)state;
    make_dir(u"ws\\sub");
    run_with(&p, text(L" run --root \"%ls\" --root=. -- git env", place(u"ws\\sub")));
    proc_assert_code(&p, 0);
    proc_clear(&p);
}

static void run__no_such_command__127(void **state)
{
    struct proc p;

    (void)state;
    run_with(&p, u" run -- no-such-command x");
    proc_assert_refused(&p, 127);
    proc_assert(&p, strstr(p.err->at, "no-such-command") != NULL);
    proc_clear(&p);
    run_with(&p, u" run -- ..\\no\\such.exe");
    proc_assert_refused(&p, 127);
    proc_clear(&p);
    run_with(&p, u" run -- \"\"");
    proc_assert(&p, p.code == 125 || p.code == 127);
    proc_assert(&p, has_one_message(p.err->at));
    proc_clear(&p);
}

static void words__help_and_version__print_and_succeed(void **state)
{
    static const char16_t *const tails[] = { u" help",      u" --help", u" version",
                                             u" --version", u" status", u" status --json",
                                             u" policy" };

    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++) {
        struct proc p;

        run_with(&p, tails[i]);
        proc_assert_code(&p, 0);
        proc_assert(&p, p.out->bytes > 10 && p.err->bytes == 0);
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__tool_by_name__code_and_tail_are_its_own),
        cmocka_unit_test(run__tail__verbatim_behind_the_command),
        cmocka_unit_test(run__full_and_relative_paths__start_that_file),
        cmocka_unit_test(run__batch_script__its_tools_are_offline),
        cmocka_unit_test(run__batch_script_calls_ssh__gets_the_stub),
        cmocka_unit_test(run__network_on__proxies_stay_the_users),
        cmocka_unit_test(require__level_not_proven_here__125_and_a_reason),
        cmocka_unit_test(run__no_such_tool__says_where_was_looked),
        cmocka_unit_test(run__script_or_builtin__says_what_runs_it),
        cmocka_unit_test(run__fenced_and_not_loaded__says_what_the_code_means),
        cmocka_unit_test(require__advisory__runs),
        cmocka_unit_test(unproven__asked_for__runs_and_says_so),
        cmocka_unit_test(unproven__pipes_and_code__as_without),
        cmocka_unit_test(unproven__a_leaked_handle__stays_with_us),
        cmocka_unit_test(unproven__fourth_descriptor__reaches_the_tool),
        cmocka_unit_test(unproven__nothing_to_inherit__starts),
        cmocka_unit_test(options__wrong__one_line_and_125),
        cmocka_unit_test(root__given__becomes_the_workspace),
        cmocka_unit_test(run__no_such_command__127),
        cmocka_unit_test(words__help_and_version__print_and_succeed),
    };
    return harness_main(argc, argv, "run", tests, COUNT(tests), false);
}
