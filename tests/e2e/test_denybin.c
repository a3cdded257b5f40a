/* SPDX-License-Identifier: MIT
 *
 * Claim: a network tool's stub fails, with that tool's own code and one line, however it
 * is started.
 */
#include "harness.h"

struct row {
    const char16_t *name;
    DWORD exit_code;
    const char *message;
};

/* denybin/names.txt */
static const struct row rows[] = {
#include "denybin_names.h"
};

static const char16_t *stub(const char16_t *name)
{
    return place(text(L"rf\\denybin\\%ls.exe", name));
}

static const char16_t *system_file(const char16_t *name)
{
    char16_t system[MAX_PATH];

    GetSystemDirectoryW(system, MAX_PATH);
    return text(L"%ls\\%ls", system, name);
}

static void assert_denied(struct proc *p, const struct row *row)
{
    proc_assert_refused(p, row->exit_code);
    proc_assert(p, row->exit_code != 0);
    proc_assert(p, contains_text(p->err->at, row->name));
    proc_assert(p, strstr(p->err->at, row->message) != NULL);
    proc_assert(p, strstr(p->err->at, "ringfence run --network on") != NULL);
}

static void stub__every_name__fails_with_its_code_and_one_line(void **state)
{
    (void)state;
    assert_true(COUNT(rows) >= 3);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct proc p;

        proc_init(&p, stub(rows[i].name), u" user@host \"a b\"");
        proc_run(&p);
        assert_denied(&p, &rows[i]);
        proc_clear(&p);
    }
}

/* CreateProcess without a path searches the PATH of whoever calls it. */
static void stub__bare_name_with_and_without_exe__fails(void **state)
{
    static const char16_t *const lines[] = { u"ssh user@host", u"ssh.exe user@host",
                                             u"\"ssh\" user@host", u"SSH -V" };
    char16_t before[32767];

    (void)state;
    GetEnvironmentVariableW(u"PATH", before, COUNT(before));
    for (int with = 0; with < 2; with++)
        for (size_t i = 0; i < COUNT(lines); i++) {
            struct proc p;

            /* the control: the tool is what PATH has without denybin */
            SetEnvironmentVariableW(
                u"PATH", with ? text(L"%ls;%ls", place(u"rf\\denybin"), place(u"tools"))
                              : place(u"tools"));
            proc_init_line(&p, lines[i]);
            env_set(&p.env, u"PROBE_DO", u"exit 33");
            proc_run(&p);
            SetEnvironmentVariableW(u"PATH", before);
            if (with)
                assert_denied(&p, &rows[0]);
            else
                proc_assert_code(&p, 33);
            proc_clear(&p);
        }
}

static void from_cmd(struct proc *p, const char16_t *command, bool with_denybin)
{
    proc_init(p, system_file(u"cmd.exe"), text(L" /d /c %ls", command));
    env_set(&p->env, u"PATH",
            text(L"%ls;%ls;%ls", with_denybin ? place(u"rf\\denybin") : place(u"ws"),
                 place(u"tools"), system_file(u"")));
    env_set(&p->env, u"PROBE_DO", u"exit 33");
    proc_run(p);
}

static void stub__from_cmd__fails(void **state)
{
    static const char16_t *const commands[] = { u"ssh user@host", u"ssh.exe user@host",
                                                u"call ssh user@host" };
    struct proc p;

    (void)state;
    from_cmd(&p, commands[0], false); /* the control */
    proc_assert_code(&p, 33);
    proc_clear(&p);
    for (size_t i = 0; i < 2; i++) { /* Wine's cmd.exe makes every code of `call` 1 */
        from_cmd(&p, commands[i], true);
        assert_denied(&p, &rows[0]);
        proc_clear(&p);
    }
    from_cmd(&p, commands[2], true);
    proc_assert(&p, p.code != 0 && has_one_message(p.err->at));
    proc_clear(&p);
}

static void stub__from_a_batch_file__fails(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"ws\\build.bat",
             "@echo off\r\nssh user@host\r\nif errorlevel 1 echo failed as it should\r\n"
             "if not errorlevel 255 exit /b 1\r\nexit /b 66\r\n");
    from_cmd(&p, u"build.bat", false); /* the control: 33 is below 255 */
    proc_assert_code(&p, 1);
    proc_clear(&p);
    from_cmd(&p, u"build.bat", true);
    proc_assert_code(&p, 66);
    proc_assert(&p, strstr(p.out->at, "failed as it should") != NULL);
    proc_assert(&p, has_one_message(p.err->at));
    proc_clear(&p);
}

/* PATHEXT that prefers .bat, and a .bat beside: the stub is an exe in an earlier
 * directory. */
static void stub__pathext_prefers_batch__fails_all_the_same(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"batches\\ssh.bat", "@echo got through\r\n");
    proc_init(&p, system_file(u"cmd.exe"), u" /d /c ssh user@host");
    env_set(&p.env, u"PATH", text(L"%ls;%ls", place(u"rf\\denybin"), place(u"batches")));
    env_set(&p.env, u"PATHEXT", u".BAT;.CMD;.COM;.EXE");
    proc_run(&p);
    assert_denied(&p, &rows[0]);
    proc_clear(&p);
}

static void shim__network_off__the_stub_stands_in(void **state)
{
    struct proc p;

    (void)state;
    for (int on = 0; on < 2; on++) {
        proc_init(&p, place(u"rf\\shims\\ssh.exe"), u" exit 33");
        if (on)
            env_set(&p.env, u"RINGFENCE_NETWORK", u"on");
        proc_run(&p);
        if (on)
            proc_assert_code(&p, 33);
        else
            assert_denied(&p, &rows[0]);
        proc_clear(&p);
    }
}

static void stub__line_ends_and_length_in_arguments__one_line(void **state)
{
    static const char16_t *const tails[] = { u" a\r\nb", u" \x1b[31mred", u" a\tb" };
    static char16_t tail[30001];
    struct proc p;

    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++) {
        proc_init(&p, stub(u"ssh"), tails[i]);
        proc_run(&p);
        assert_denied(&p, &rows[0]);
        proc_assert(&p, strchr(p.err->at, 0x1b) == NULL);
        proc_clear(&p);
    }
    for (size_t i = 0; i < COUNT(tail) - 1; i++)
        tail[i] = i ? u'x' : u' ';
    proc_init(&p, stub(u"ssh"), tail);
    proc_run(&p);
    assert_denied(&p, &rows[0]);
    proc_assert(&p, p.err->bytes < 2000);
    proc_clear(&p);
}

static void stub__no_std_handles__fails_with_its_code(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, stub(u"ssh"), u" host");
    p.own_handles = true;
    p.flags = DETACHED_PROCESS;
    proc_run(&p);
    proc_assert_code(&p, rows[0].exit_code);
    proc_clear(&p);
}

static void stub__under_another_name__fails(void **state)
{
    struct proc p;

    (void)state;
    assert_true(CopyFileW(stub(u"ssh"), place(u"rf\\denybin\\mosh.exe"), FALSE));
    proc_init(&p, stub(u"mosh"), u" host");
    proc_run(&p);
    proc_assert_refused(&p, 1);
    proc_assert(&p, strstr(p.err->at, "mosh") != NULL);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stub__every_name__fails_with_its_code_and_one_line),
        cmocka_unit_test(stub__bare_name_with_and_without_exe__fails),
        cmocka_unit_test(stub__from_cmd__fails),
        cmocka_unit_test(stub__from_a_batch_file__fails),
        cmocka_unit_test(stub__pathext_prefers_batch__fails_all_the_same),
        cmocka_unit_test(shim__network_off__the_stub_stands_in),
        cmocka_unit_test(stub__line_ends_and_length_in_arguments__one_line),
        cmocka_unit_test(stub__no_std_handles__fails_with_its_code),
        cmocka_unit_test(stub__under_another_name__fails),
    };
    return harness_main(argc, argv, "denybin", tests, COUNT(tests), false);
}
