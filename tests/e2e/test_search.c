/* SPDX-License-Identifier: MIT
 *
 * Claim: a shim finds the next tool of its name on PATH, past everything of Ringfence's
 * own, whatever PATH looks like; where there is none it says so and ends.
 */
#include "harness.h"

#define LONG_DIR 300 /* more than MAX_PATH allows */

/* Around every run here: shims that call each other for ever end with this program. */
static HANDLE fence;

static const char16_t *system_path(void)
{
    char16_t windows[MAX_PATH];

    GetWindowsDirectoryW(windows, MAX_PATH);
    return text(L"%ls\\system32;%ls", windows, windows);
}

/* A run of a shim with this PATH; the tool, if one is found, says its module. */
static void run_shim(struct proc *p, const char16_t *shim, const char16_t *path)
{
    proc_init(p, shim, u"");
    env_set(&p->env, u"PATH", path);
    env_set(&p->env, u"PROBE_DO", u"module exit 300");
    log_enable(&p->env);
    log_reset();
    p->job = fence;
    proc_run(p);
}

static void assert_found(struct proc *p, const char16_t *tool)
{
    const char16_t *module = proc_text(p, "module", 0);

    proc_assert_code(p, 300);
    proc_assert(p, module != NULL);
    if (_wcsicmp(module, tool) != 0) {
        proc_show(p);
        print_error("started %ls, not %ls\n", module, tool);
        fail();
    }
    assert_int_equal(log_count(), 1);
    proc_clear(p);
}

static void assert_none(struct proc *p)
{
    proc_assert_refused(p, 127);
    proc_assert(p, strstr(p->err->at, "git") != NULL);
    proc_assert(p, strstr(p->err->at, "PATH") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(p);
}

static const char16_t *own_shim(void)
{
    return place(u"rf\\shims\\git.exe");
}

/* One PATH that leads to tools\git.exe, behind the shims. */
static void check_path(const char16_t *path)
{
    struct proc p;

    run_shim(&p, own_shim(), path);
    assert_found(&p, place(u"tools\\git.exe"));
}

static void search__plain_path__finds_the_tool(void **state)
{
    (void)state;
    check_path(text(L"%ls;%ls", place(u"rf\\shims"), place(u"tools")));
}

static void search__only_shims_on_path__says_what_was_searched(void **state)
{
    struct proc p;

    (void)state;
    run_shim(&p, own_shim(), place(u"rf\\shims"));
    assert_none(&p);
    run_shim(
        &p, own_shim(),
        text(L"%ls;%ls;%ls", place(u"rf\\denybin"), place(u"rf\\shims"), system_path()));
    assert_none(&p);
}

static void search__path_empty_or_unset__says_so(void **state)
{
    struct proc p;

    (void)state;
    run_shim(&p, own_shim(), u"");
    assert_none(&p);
    proc_init(&p, own_shim(), u"");
    env_unset(&p.env, u"PATH");
    proc_run(&p);
    proc_assert_refused(&p, 127);
    proc_clear(&p);
}

static void search__two_installs__either_order_starts_the_tool_once(void **state)
{
    static const char16_t *const orders[][2] = {
        { u"rf\\shims", u"rf2\\shims" },
        { u"rf2\\shims", u"rf\\shims" },
    };
    struct proc p;

    (void)state;
    put_install(u"rf2");
    for (size_t i = 0; i < COUNT(orders); i++)
        for (size_t from = 0; from < 2; from++) {
            run_shim(&p, place(text(L"%ls\\git.exe", orders[from][0])),
                     text(L"%ls;%ls;%ls", place(orders[i][0]), place(orders[i][1]),
                          place(u"tools")));
            assert_found(&p, place(u"tools\\git.exe"));
        }
    run_shim(&p, own_shim(), text(L"%ls;%ls", place(u"rf2\\shims"), place(u"rf\\shims")));
    assert_none(&p);
}

/* Somebody copies a shim, alone or with others, to a directory of their own on PATH. */
static void search__shim_copied_elsewhere__never_finds_itself(void **state)
{
    struct proc p;

    (void)state;
    put_shim(u"copies\\git.exe");
    put_shim(u"copies2\\git.exe");
    run_shim(&p, place(u"copies\\git.exe"), place(u"copies"));
    assert_none(&p);
    run_shim(&p, place(u"copies\\git.exe"),
             text(L"%ls;%ls;%ls", place(u"copies"), place(u"copies2"), place(u"tools")));
    assert_found(&p, place(u"tools\\git.exe"));
    run_shim(
        &p, own_shim(),
        text(L"%ls;%ls;%ls", place(u"rf\\shims"), place(u"copies"), place(u"tools")));
    assert_found(&p, place(u"tools\\git.exe"));
}

static void search__shim_under_another_name__finds_that_tool(void **state)
{
    struct proc p;

    (void)state;
    put_shim(u"named\\my-tool.1.exe");
    put_tool(u"named-tools\\my-tool.1.exe");
    run_shim(&p, place(u"named\\my-tool.1.exe"),
             text(L"%ls;%ls", place(u"named"), place(u"named-tools")));
    assert_found(&p, place(u"named-tools\\my-tool.1.exe"));
}

static void search__shim_hard_linked__passes_the_link_over(void **state)
{
    struct proc p;

    (void)state;
    make_dir(u"links");
    assert_true(CreateHardLinkW(place(u"links\\git.exe"), own_shim(), NULL));
    run_shim(&p, place(u"links\\git.exe"),
             text(L"%ls;%ls;%ls", place(u"links"), place(u"rf\\shims"), place(u"tools")));
    assert_found(&p, place(u"tools\\git.exe"));
}

static void search__odd_path_entries__are_read_as_cmd_reads_them(void **state)
{
    static const wchar_t *const formats[] = {
        L"%ls;\"%ls\"",
        L"\"%ls\";\"%ls\\\"",
        L"%ls\\;%ls\\",
        L";;%ls;;;%ls;;",
        L"%ls;C:\\no\\such;%ls",
        L"%ls;Q:\\;\\\\?\\;:;*;<;|;%ls",
        L"%ls;..\\tools",
        L"%ls;..\\tools\\",
        L"..\\rf\\shims;.;%ls\\..\\..\\tools",
        L"%ls;%ls\\..\\tools\\.",
        L"  ;%ls; ;%ls",
    };
    char16_t shims[1024], tools[1024];

    (void)state;
    wcscpy(shims, place(u"rf\\shims"));
    wcscpy(tools, place(u"tools"));
    for (size_t i = 0; i < COUNT(formats); i++)
        check_path(text(formats[i], shims, tools));
    check_path(_wcsupr(tools));
}

static void search__entry_with_a_semicolon_in_quotes__is_one_entry(void **state)
{
    struct proc p;

    (void)state;
    put_tool(u"semi;colon\\git.exe");
    run_shim(&p, own_shim(),
             text(L"%ls;\"%ls\"", place(u"rf\\shims"), place(u"semi;colon")));
    assert_found(&p, place(u"semi;colon\\git.exe"));
}

static void search__forward_slashes__finds_the_tool(void **state)
{
    char16_t slashed[1024];

    (void)state;
    wcscpy(slashed, place(u"tools"));
    for (char16_t *c = slashed; *c; c++)
        if (*c == u'\\')
            *c = u'/';
    check_path(text(L"%ls;%ls", place(u"rf\\shims"), slashed));
}

/* Not on PATH, not started: a checkout may hold a git.exe of its own. */
static void search__tool_in_current_directory__only_if_path_says_so(void **state)
{
    struct proc p;

    (void)state;
    put_tool(u"ws\\git.exe");
    run_shim(&p, own_shim(), text(L"%ls;%ls", place(u"rf\\shims"), place(u"tools")));
    assert_found(&p, place(u"tools\\git.exe"));
    run_shim(&p, own_shim(), place(u"rf\\shims"));
    assert_none(&p);
    run_shim(&p, own_shim(), text(L"%ls;.;%ls", place(u"rf\\shims"), place(u"tools")));
    assert_found(&p, place(u"ws\\git.exe"));
    remove_file(u"ws\\git.exe");
}

/* Makes a directory of more than 260 characters with a tool in it. */
static const char16_t *make_long_dir(void)
{
    static char16_t dir[1024];
    char16_t part[1024];

    swprintf(part, COUNT(part), L"\\\\?\\%ls\\long", place(u""));
    CreateDirectoryW(part, NULL);
    while (wcslen(part) < LONG_DIR) {
        wcscat(part, u"\\a-component-of-thirty-characters");
        CreateDirectoryW(part, NULL);
    }
    assert_true(CopyFileW(place_probe(), text(L"%ls\\git.exe", part), FALSE));
    return wcscpy(dir, part + 4);
}

static void search__entry_longer_than_max_path__finds_the_tool(void **state)
{
    const char16_t *dir = make_long_dir();
    struct proc p;
    DWORD code;

    (void)state;
    proc_init(&p, text(L"\\\\?\\%ls\\git.exe", dir), u" exit 300"); /* the control */
    code = proc_try(&p);
    proc_clear(&p);
    run_shim(&p, own_shim(), text(L"%ls;%ls", place(u"rf\\shims"), dir));
    if (code == 0) {
        proc_assert_code(&p, 300);
        assert_int_equal(log_count(), 1);
    } else { /* found all the same: the message names it */
        proc_assert_refused(&p, 126);
        proc_assert(&p, strstr(p.err->at, "a-component-of-thirty-characters") != NULL);
    }
    proc_clear(&p);
    DeleteFileW(text(L"\\\\?\\%ls\\git.exe", dir));
    if (code != 0)
        skip_because("CreateProcess of a path over 260 characters fails here without the "
                     "shim too (Wine): the tool is found, starting it is untested");
}

/* `C:\a b\git.exe` unquoted would also be C:\a.exe with the argument `b\git.exe`. */
static void search__blank_in_the_tools_path__no_other_program(void **state)
{
    struct proc p;

    (void)state;
    put_tool(u"a b\\git.exe");
    put_tool(u"a.exe");
    run_shim(&p, own_shim(), text(L"%ls;%ls", place(u"rf\\shims"), place(u"a b")));
    assert_found(&p, place(u"a b\\git.exe"));
}

static void search__tool_is_a_directory__goes_on_to_the_next(void **state)
{
    struct proc p;

    (void)state;
    make_dir(u"dirs\\git.exe");
    check_path(
        text(L"%ls;%ls;%ls", place(u"rf\\shims"), place(u"dirs"), place(u"tools")));
    run_shim(&p, own_shim(), text(L"%ls;%ls", place(u"rf\\shims"), place(u"dirs")));
    proc_assert(&p, strstr(p.err->at, "directory") != NULL);
    assert_none(&p);
}

static void search__tool_is_no_program__refused(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"text\\git.exe", "not a program\r\n");
    run_shim(&p, own_shim(), text(L"%ls;%ls", place(u"rf\\shims"), place(u"text")));
    proc_assert_refused(&p, 126);
    proc_assert(&p,
                strstr(p.err->at, "git.exe") != NULL && strstr(p.err->at, "193") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

/* The order inside one directory is PATHEXT's, as in cmd.exe. */
static void search__pathext__decides_between_cmd_and_exe(void **state)
{
    static const struct {
        const char16_t *pathext;
        bool batch;
    } cases[] = {
        { u".COM;.EXE;.BAT;.CMD", false },
        { u".CMD;.EXE", true },
        { u".cmd;.exe", true },
        { u".BAT;.CMD;.EXE", true },
        { u".EXE;.CMD", false },
        { u"", false },
        { u".PY;.VBS", false }, /* none of them is a program: the usual order */
        { u";;.CMD;;", true },
    };

    (void)state;
    put_tool(u"both\\git.exe");
    put_file(u"both\\git.cmd", "@echo batch\r\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct proc p;

        proc_init(&p, own_shim(), u" module");
        env_set(&p.env, u"PATH", text(L"%ls;%ls", place(u"rf\\shims"), place(u"both")));
        env_set(&p.env, u"PATHEXT", cases[i].pathext);
        proc_run(&p);
        proc_assert_code(&p, 0);
        if (!strncmp(p.out->at, "batch", 5) != cases[i].batch) {
            proc_show(&p);
            print_error("PATHEXT=%ls\n", cases[i].pathext);
            fail();
        }
        proc_clear(&p);
    }
}

/* A directory earlier in PATH wins, whatever the extension. */
static void search__batch_in_earlier_directory__wins(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"early\\git.cmd", "@echo batch\r\n");
    run_shim(&p, own_shim(),
             text(L"%ls;%ls;%ls", place(u"rf\\shims"), place(u"early"), place(u"tools")));
    proc_assert_code(&p, 0);
    proc_assert(&p, !strncmp(p.out->at, "batch", 5));
    proc_clear(&p);
}

/* PATH with so many characters in missing directories, then tools. */
static const char16_t *long_path(size_t len)
{
    static char16_t path[33000];
    const char16_t *head = text(L"%ls;", place(u"rf\\shims"));
    const char16_t *tail = place(u"tools");
    size_t n = wcslen(head);

    wcscpy(path, head);
    while (n + wcslen(tail) + 40 < len)
        n += (size_t)swprintf(path + n, COUNT(path) - n, L"C:\\no\\such\\directory\\%zu;",
                              n);
    wcscpy(path + n, tail);
    return path;
}

static void search__path_of_20000_characters__finds_the_tool(void **state)
{
    (void)state;
    check_path(long_path(20000));
}

/* With PATH this long nothing else fits a block of 32,766: said, not cut. */
static void search__path_of_32000_characters__found_or_refused_in_one_line(void **state)
{
    struct proc p;

    (void)state;
    run_shim(&p, own_shim(), long_path(32000));
    if (p.code == 300) {
        assert_found(&p, place(u"tools\\git.exe"));
        return;
    }
    proc_assert_refused(&p, 125);
    proc_assert(&p, strstr(p.err->at, "PATH") != NULL ||
                        strstr(p.err->at, "environment") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

/* git.cmd calls git, which is the shim again, which finds git.cmd: no file of ours is met
 * twice by identity, so only the depth ends it. */
static void search__tool_calls_its_own_name__ends_by_itself(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"loop\\git.cmd", "@git %*\r\n");
    proc_init(&p, own_shim(), u" x");
    env_set(&p.env, u"PATH",
            text(L"%ls;%ls;%ls", place(u"rf\\shims"), place(u"loop"), system_path()));
    p.job = fence;
    proc_run(&p);
    proc_assert(&p, p.code != 0);
    proc_assert(&p, count_messages(p.err->at) == 1);
    proc_assert(&p, strstr(p.err->at, "50") != NULL);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search__plain_path__finds_the_tool),
        cmocka_unit_test(search__only_shims_on_path__says_what_was_searched),
        cmocka_unit_test(search__path_empty_or_unset__says_so),
        cmocka_unit_test(search__two_installs__either_order_starts_the_tool_once),
        cmocka_unit_test(search__shim_copied_elsewhere__never_finds_itself),
        cmocka_unit_test(search__shim_under_another_name__finds_that_tool),
        cmocka_unit_test(search__shim_hard_linked__passes_the_link_over),
        cmocka_unit_test(search__odd_path_entries__are_read_as_cmd_reads_them),
        cmocka_unit_test(search__entry_with_a_semicolon_in_quotes__is_one_entry),
        cmocka_unit_test(search__forward_slashes__finds_the_tool),
        cmocka_unit_test(search__tool_in_current_directory__only_if_path_says_so),
        cmocka_unit_test(search__entry_longer_than_max_path__finds_the_tool),
        cmocka_unit_test(search__blank_in_the_tools_path__no_other_program),
        cmocka_unit_test(search__tool_is_a_directory__goes_on_to_the_next),
        cmocka_unit_test(search__tool_is_no_program__refused),
        cmocka_unit_test(search__pathext__decides_between_cmd_and_exe),
        cmocka_unit_test(search__batch_in_earlier_directory__wins),
        cmocka_unit_test(search__path_of_20000_characters__finds_the_tool),
        cmocka_unit_test(search__path_of_32000_characters__found_or_refused_in_one_line),
        cmocka_unit_test(search__tool_calls_its_own_name__ends_by_itself),
    };
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
    };

    fence = CreateJobObjectW(NULL, NULL);
    SetInformationJobObject(fence, JobObjectExtendedLimitInformation, &limits,
                            sizeof limits);
    return harness_main(argc, argv, "search", tests, COUNT(tests), false);
}
