/* SPDX-License-Identifier: MIT
 *
 * Claim: Ctrl-C belongs to the tool.  The shim neither dies of it nor keeps it away, and
 * a tool that its parent told to ignore Ctrl-C goes on ignoring it. Runs in a console of
 * its own: the whole group gets each Ctrl-C, this program included.
 */
#include "harness.h"

static void press_ctrl_c(void)
{
    assert_true(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0));
}

static void start_listener(struct proc *p, const char16_t *exe, const char16_t *then)
{
    proc_init(p, exe, text(L" handle-ctrl-c err up %ls", then));
    p->keep_stdin = true;
    proc_start(p);
    sink_await(p->err, "up");
}

static void ctrl_c__tool_handles_it__its_code_is_reported(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;

        start_listener(&p, place(ways[way]), u"await-ctrl-c ctrl-c-count exit 4711");
        press_ctrl_c();
        proc_wait(&p);
        proc_assert_code(&p, 4711);
        proc_assert(&p, proc_number(&p, "ctrlc") == 1); /* once, not twice */
        CloseHandle(p.in_write);
        proc_clear(&p);
    }
}

/* An interactive tool: Ctrl-C stops what it does, not the tool.  The shim must wait on.
 */
static void ctrl_c__tool_goes_on__shim_goes_on(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;

        start_listener(&p, place(ways[way]),
                       u"await-ctrl-c err again cat ctrl-c-count exit 12");
        press_ctrl_c();
        sink_await(p.err, "again");
        assert_int_equal(WaitForSingleObject(p.process, 0), WAIT_TIMEOUT);
        CloseHandle(p.in_write); /* ends cat */
        proc_wait(&p);
        proc_assert_code(&p, 12);
        proc_clear(&p);
    }
}

/* Wine gives a process that Ctrl-C kills code 0, Windows 0xC000013A; what counts is that
 * the shim reports the same as the tool. */
static void ctrl_c__tool_dies_of_it__shim_ends_with_its_code(void **state)
{
    DWORD code[2];

    (void)state;
    WAYS(way)
    {
        struct proc p;
        const char16_t *name;
        HANDLE never = event_new(&name);

        proc_init(&p, place(ways[way]), text(L" pid err up wait %ls", name));
        proc_start(&p);
        sink_await(p.err, "up");
        press_ctrl_c();
        proc_wait(&p);
        code[way] = p.code;
        CloseHandle(never);
        proc_clear(&p);
    }
    assert_int_equal(code[0], code[1]);
}

/* What `start /b` and nohup-like parents do: the flag is inherited through the shim. That
 * the event really went round is shown by a second tool which does not ignore it. */
static void ctrl_c__parent_ignores_it__tool_does_too(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc ignoring, control;

        SetConsoleCtrlHandler(NULL, TRUE);
        start_listener(&ignoring, place(ways[way]), u"cat ctrl-c-count exit 31");
        SetConsoleCtrlHandler(NULL, FALSE);
        start_listener(&control, place(ways[0]), u"await-ctrl-c exit 32");
        press_ctrl_c();
        proc_wait(&control);
        proc_assert_code(&control, 32);
        CloseHandle(control.in_write);
        proc_clear(&control);
        CloseHandle(ignoring.in_write); /* ends cat */
        proc_wait(&ignoring);
        proc_assert_code(&ignoring, 31);
        proc_assert(&ignoring, proc_number(&ignoring, "ctrlc") == 0);
        proc_clear(&ignoring);
    }
}

/* A new group has Ctrl-C switched off from the start (MS: CREATE_NEW_PROCESS_GROUP). */
static void ctrl_c__new_process_group__tool_ignores_it(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc grouped, control;

        proc_init(&grouped, place(ways[way]),
                  u" handle-ctrl-c err up cat ctrl-c-count exit 41");
        grouped.keep_stdin = true;
        grouped.flags = CREATE_NEW_PROCESS_GROUP;
        proc_start(&grouped);
        sink_await(grouped.err, "up");
        start_listener(&control, place(ways[0]), u"await-ctrl-c exit 42");
        press_ctrl_c();
        proc_wait(&control);
        CloseHandle(control.in_write);
        proc_clear(&control);
        CloseHandle(grouped.in_write);
        proc_wait(&grouped);
        proc_assert_code(&grouped, 41);
        proc_assert(&grouped, proc_number(&grouped, "ctrlc") == 0);
        proc_clear(&grouped);
    }
}

/* The console after a shim is as before it. */
static void console__after_the_shim__title_modes_code_pages_untouched(void **state)
{
    static const char16_t title[] = u"before, \u4e2d";
    char16_t after[64];
    UINT cp = GetConsoleCP(), out_cp = GetConsoleOutputCP();
    struct proc p[2];

    (void)state;
    SetConsoleTitleW(title);
    WAYS(way)
    {
        proc_init(&p[way], place(ways[way]), u" console exit 3");
        proc_run(&p[way]);
        proc_assert_code(&p[way], 3);
        GetConsoleTitleW(after, COUNT(after));
        assert_true(wcscmp(after, title) == 0);
        assert_int_equal(GetConsoleCP(), cp);
        assert_int_equal(GetConsoleOutputCP(), out_cp);
    }
    assert_string_equal(p[0].out->at,
                        p[1].out->at); /* and the tool saw the same console */
    proc_clear(&p[0]);
    proc_clear(&p[1]);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctrl_c__tool_handles_it__its_code_is_reported),
        cmocka_unit_test(ctrl_c__tool_goes_on__shim_goes_on),
        cmocka_unit_test(ctrl_c__tool_dies_of_it__shim_ends_with_its_code),
        cmocka_unit_test(ctrl_c__parent_ignores_it__tool_does_too),
        cmocka_unit_test(ctrl_c__new_process_group__tool_ignores_it),
        cmocka_unit_test(console__after_the_shim__title_modes_code_pages_untouched),
    };

    SetConsoleCtrlHandler(swallow_ctrl_c, TRUE);
    return harness_main(argc, argv, "Ctrl-C", tests, COUNT(tests), true);
}
