/* SPDX-License-Identifier: MIT
 *
 * Claim: stdin, stdout, stderr, further C runtime files and STARTUPINFO reach the tool as
 * they would without the shim, and end of file arrives on time.
 */
#include "harness.h"

#define MANY 300000
#define SOON 10000u /* ms; enough for a busy machine, far below the tool's own life */

static char *random_bytes(size_t count)
{
    char *at = malloc(count);
    uint32_t x = 0x12345678;

    assert_non_null(at);
    for (size_t i = 0; i < count; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        at[i] = (char)x;
    }
    return at;
}

static void pipes__300000_random_bytes__come_back_unchanged(void **state)
{
    char *bytes = random_bytes(MANY);

    (void)state;
    WAYS(way)
    {
        struct proc p;

        proc_init(&p, place(ways[way]), u" cat exit 7");
        p.in = bytes;
        p.in_bytes = MANY;
        proc_run(&p);
        assert_int_equal(p.code, 7);
        assert_int_equal(p.out->bytes, MANY);
        assert_memory_equal(p.out->at, bytes, MANY);
        assert_int_equal(p.err->bytes, 0);
        proc_clear(&p);
    }
    free(bytes);
}

/* The tool closes stdout and stays: the reader must see the end of the pipe now, not when
 * the shim ends.  The tool stays until it is told to go. */
static void eof__tool_closes_stdout_and_lives_on__reader_sees_it_at_once(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;
        const char16_t *name;
        HANDLE go = event_new(&name);
        bool ended, alive;

        proc_init(&p, place(ways[way]), text(L" err up close-stdout wait %ls", name));
        proc_start(&p);
        sink_await(p.err, "up");
        ended = sink_await_end(p.out, SOON);
        alive = WaitForSingleObject(p.process, 0) == WAIT_TIMEOUT;
        SetEvent(go);
        proc_wait(&p);
        proc_assert(&p, alive);
        proc_assert(&p, ended);
        CloseHandle(go);
        proc_clear(&p);
    }
}

static void eof__tool_closes_stdin_and_lives_on__writer_gets_a_broken_pipe(void **state)
{
    char *bytes = random_bytes(MANY); /* more than any pipe holds */

    (void)state;
    WAYS(way)
    {
        struct proc p;
        const char16_t *name;
        HANDLE go = event_new(&name);
        bool broken, alive;

        proc_init(&p, place(ways[way]), text(L" close-stdin wait %ls", name));
        p.in = bytes;
        p.in_bytes = MANY;
        proc_start(&p);
        broken = WaitForSingleObject(p.in_thread, SOON) == WAIT_OBJECT_0;
        alive = WaitForSingleObject(p.process, 0) == WAIT_TIMEOUT;
        SetEvent(go);
        proc_wait(&p);
        proc_assert(&p, alive);
        proc_assert(&p, broken);
        CloseHandle(go);
        proc_clear(&p);
    }
    free(bytes);
}

static void eof__writer_closes_stdin__tool_sees_it(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;

        proc_init(&p, place(ways[way]), u" cat exit 5");
        proc_run(&p); /* stdin is closed with nothing written */
        proc_assert_code(&p, 5);
        proc_assert(&p, p.out->bytes == 0);
        proc_clear(&p);
    }
}

static void crt_files__fourth_is_a_pipe__tool_writes_to_it(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;
        char got[64] = "";
        DWORD n = 0;
        HANDLE read;

        proc_init(&p, place(ways[way]), u" fd3 through-the-fourth");
        read = proc_start_with_fourth(&p);
        proc_wait(&p);
        assert_true(ReadFile(read, got, sizeof got - 1, &n, NULL));
        assert_string_equal(got, "through-the-fourth");
        /* and the pipe ends with the tool: nobody else kept it */
        assert_false(ReadFile(read, got, sizeof got - 1, &n, NULL));
        CloseHandle(read);
        proc_clear(&p);
    }
}

/* Node's channel to a child is such a file: its end says that the child hung up. */
static void crt_files__tool_closes_the_fourth_and_lives_on__reader_sees_it(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;
        const char16_t *name;
        HANDLE go = event_new(&name), read;
        char got[64] = "";
        DWORD n = 0;
        bool ended, alive;

        proc_init(&p, place(ways[way]), text(L" fd3 x close-fd3 wait %ls", name));
        read = proc_start_with_fourth(&p);
        assert_true(ReadFile(read, got, sizeof got - 1, &n, NULL));
        /* blocks until the last copy is closed, at the latest when the tool gives up */
        ended = !ReadFile(read, got, sizeof got - 1, &n, NULL);
        alive = WaitForSingleObject(p.process, 0) == WAIT_TIMEOUT;
        SetEvent(go);
        proc_wait(&p);
        proc_assert(&p, ended && alive);
        CloseHandle(read);
        CloseHandle(go);
        proc_clear(&p);
    }
}

static void startupinfo__all_fields_set__reach_the_tool(void **state)
{
    static char16_t title[] = u"a title, \u4e2d";

    (void)state;
    WAYS(way)
    {
        struct proc p;

        proc_init(&p, place(ways[way]), u" startup");
        p.si.lpTitle = title;
        p.si.dwFlags = STARTF_USESHOWWINDOW | STARTF_USEPOSITION | STARTF_USESIZE |
                       STARTF_USECOUNTCHARS | STARTF_USEFILLATTRIBUTE |
                       STARTF_FORCEOFFFEEDBACK;
        p.si.wShowWindow = SW_SHOWMINNOACTIVE;
        p.si.dwX = 11;
        p.si.dwY = 22;
        p.si.dwXSize = 333;
        p.si.dwYSize = 444;
        p.si.dwXCountChars = 55;
        p.si.dwYCountChars = 66;
        p.si.dwFillAttribute = 0x1f;
        proc_run(&p);
        proc_assert(&p, proc_text(&p, "title", 0) &&
                            !wcscmp(proc_text(&p, "title", 0), title));
        proc_assert(&p, proc_number(&p, "flags") == p.si.dwFlags);
        proc_assert(&p, proc_number(&p, "show") == SW_SHOWMINNOACTIVE);
        proc_assert(&p, proc_number(&p, "x") == 11 && proc_number(&p, "y") == 22);
        proc_assert(&p,
                    proc_number(&p, "xsize") == 333 && proc_number(&p, "ysize") == 444);
        proc_assert(&p,
                    proc_number(&p, "xchars") == 55 && proc_number(&p, "ychars") == 66);
        proc_assert(&p, proc_number(&p, "fill") == 0x1f);
        proc_clear(&p);
    }
}

/* A service or a backup program: no console, output to a pipe. */
static void detached__output_redirected__arrives_without_a_console(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;

        proc_init(&p, place(ways[way]), u" console handles exit 300");
        p.flags = DETACHED_PROCESS;
        proc_run(&p);
        proc_assert_code(&p, 300);
        proc_assert(&p, proc_number(&p, "stdout") == FILE_TYPE_PIPE);
        if (proc_number(&p, "concp") != 0) /* the direct call is the first way */
            print_message("%ls: console code page %lu in a detached tool\n", ways[way],
                          proc_number(&p, "concp"));
        proc_assert(&p, !strcmp(proc_value(&p, "conout", 0), "none"));
        proc_clear(&p);
    }
}

/* The same with a batch file: whether what cmd.exe starts there keeps its output is
 * cmd.exe's affair, but a shim must not make it worse. */
static void detached__batch__no_less_than_direct(void **state)
{
    struct proc p[2];

    (void)state;
    put_file(u"viacmd\\git.cmd",
             "@echo first\r\n@..\\tools\\git.exe handles err said\r\n");
    WAYS(way)
    {
        proc_init(&p[way], place(way ? ways[1] : u"viacmd\\git.cmd"), u"");
        env_set(&p[way].env, u"PATH",
                text(L"%ls;%ls", place(u"rf\\shims"), place(u"viacmd")));
        p[way].flags = DETACHED_PROCESS;
        proc_run(&p[way]);
    }
    proc_assert(&p[1], strstr(p[1].out->at, "first") != NULL);
    proc_assert(&p[1], !strncmp(p[1].out->at, p[0].out->at, p[0].out->bytes));
    proc_assert(&p[1], !strncmp(p[1].err->at, p[0].err->at, p[0].err->bytes));
    assert_int_equal(p[0].code, p[1].code);
    proc_clear(&p[0]);
    proc_clear(&p[1]);
}

/* Runs `handles` with these std handles; the report goes to a file. */
static char *handle_report(const char16_t *exe, HANDLE in, HANDLE out, HANDLE err)
{
    struct proc p;
    char *report;

    remove_file(u"report.txt");
    proc_init(&p, exe, text(L" report-to %ls handles exit 9", place(u"report.txt")));
    p.own_handles = true;
    p.si.dwFlags = STARTF_USESTDHANDLES;
    p.si.hStdInput = in;
    p.si.hStdOutput = out;
    p.si.hStdError = err;
    p.flags = DETACHED_PROCESS; /* else a console would fill the gaps */
    proc_run(&p);
    proc_assert_code(&p, 9);
    proc_clear(&p);
    report = file_text(u"report.txt");
    assert_non_null(strstr(report, "stderr="));
    return report;
}

static void assert_same_handles(HANDLE in, HANDLE out, HANDLE err)
{
    char *direct = handle_report(place(ways[0]), in, out, err);
    char *shim = handle_report(place(ways[1]), in, out, err);

    assert_string_equal(direct, shim);
    free(direct);
    free(shim);
}

static HANDLE closed_handle(void)
{
    HANDLE h = CreateEventW(NULL, TRUE, FALSE, NULL);

    CloseHandle(h);
    return h;
}

static void std_handles__none_or_closed__same_as_direct(void **state)
{
    (void)state;
    assert_same_handles(NULL, NULL, NULL);
    assert_same_handles(INVALID_HANDLE_VALUE, INVALID_HANDLE_VALUE, INVALID_HANDLE_VALUE);
    assert_same_handles(closed_handle(), closed_handle(), closed_handle());
}

static void std_handles__only_stdout_redirected__same_as_direct(void **state)
{
    SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
    HANDLE file = CreateFileW(place(u"out.txt"), GENERIC_WRITE, 3, &inherit,
                              CREATE_ALWAYS, 0, NULL);

    (void)state;
    assert_true(file != INVALID_HANDLE_VALUE);
    assert_same_handles(NULL, file, NULL);
    assert_same_handles(file, NULL, file);
    CloseHandle(file);
}

/* All handles the caller left inheritable are the tool's to use, as without the shim;
 * some programs name one in an argument. */
static void handles__inheritable_but_not_standard__reach_the_tool(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;
        HANDLE read = NULL, write = NULL;
        DWORD n = 0;
        char got[16] = "";

        assert_true(CreatePipe(&read, &write, NULL, 0));
        SetHandleInformation(write, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
        proc_init(&p, place(ways[way]),
                  text(L" handle-write %lu", (unsigned long)(uintptr_t)write));
        proc_start(&p);
        CloseHandle(write);
        proc_wait(&p);
        proc_assert_code(&p, 0);
        assert_true(ReadFile(read, got, sizeof got - 1, &n, NULL));
        assert_string_equal(got, "through");
        /* the tool is gone: so is every copy of the writing end */
        assert_false(ReadFile(read, got, sizeof got - 1, &n, NULL));
        assert_int_equal(GetLastError(), ERROR_BROKEN_PIPE);
        CloseHandle(read);
        proc_clear(&p);
    }
}

/* What cmd.exe starts has its handles from cmd.exe, which has them from the shim. */
static void batch__its_children_write__output_arrives(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"viacmd\\git.cmd", "@..\\tools\\git.exe handles err said\r\n");
    WAYS(way)
    {
        proc_init(&p, place(way ? ways[1] : u"viacmd\\git.cmd"), u"");
        env_set(&p.env, u"PATH", text(L"%ls;%ls", place(u"rf\\shims"), place(u"viacmd")));
        proc_run(&p);
        proc_assert_code(&p, 0);
        proc_assert(&p, proc_value(&p, "stdout", 0) != NULL);
        proc_assert(&p, proc_number(&p, "stdout") == FILE_TYPE_PIPE);
        proc_assert(&p, strstr(p.err->at, "said") != NULL);
        proc_clear(&p);
    }
}

static void success__tool_says_nothing__neither_does_the_shim(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;

        proc_init(&p, place(ways[way]), u" exit 0");
        proc_run(&p);
        proc_assert_code(&p, 0);
        proc_assert(&p, p.out->bytes == 0 && p.err->bytes == 0);
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipes__300000_random_bytes__come_back_unchanged),
        cmocka_unit_test(eof__tool_closes_stdout_and_lives_on__reader_sees_it_at_once),
        cmocka_unit_test(eof__tool_closes_stdin_and_lives_on__writer_gets_a_broken_pipe),
        cmocka_unit_test(eof__writer_closes_stdin__tool_sees_it),
        cmocka_unit_test(crt_files__fourth_is_a_pipe__tool_writes_to_it),
        cmocka_unit_test(crt_files__tool_closes_the_fourth_and_lives_on__reader_sees_it),
        cmocka_unit_test(startupinfo__all_fields_set__reach_the_tool),
        cmocka_unit_test(detached__output_redirected__arrives_without_a_console),
        cmocka_unit_test(detached__batch__no_less_than_direct),
        cmocka_unit_test(std_handles__none_or_closed__same_as_direct),
        cmocka_unit_test(std_handles__only_stdout_redirected__same_as_direct),
        cmocka_unit_test(handles__inheritable_but_not_standard__reach_the_tool),
        cmocka_unit_test(batch__its_children_write__output_arrives),
        cmocka_unit_test(success__tool_says_nothing__neither_does_the_shim),
    };
    return harness_main(argc, argv, "stdio", tests, COUNT(tests), false);
}
