/* SPDX-License-Identifier: MIT
 *
 * Claim: at level enforced the launching program asks the runner itself, by way of
 * ringfence-enforced.dll of its own install and of its own version, and starts no process
 * for it; where there is no such DLL nothing is started.  Here without sandbox accounts,
 * so under our own and NOT PROVEN.
 */
#include "harness.h"

#include "enforced_call.h"

#include <tlhelp32.h>

#define DLL    ENFORCED_CALL_DLL
#define LOG    u"local\\ringfence\\log"
#define RECORD u"data\\box\\000000000000000000000000\\fence"

static void start_with(struct proc *p, const char16_t *install, const char16_t *tail)
{
    if (!under_wine())
        skip_because("this Windows may prove the level");
    proc_init(p, place(text(L"%ls\\ringfence.exe", install)),
              text(L" run --level enforced --allow-unproven %ls", tail));
    env_set(&p->env, u"PATH", place(u"tools"));
    log_enable(&p->env);
    log_reset();
}

static size_t children_of(DWORD pid)
{
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry = { .dwSize = sizeof entry };
    size_t count = 0;

    assert_true(all != INVALID_HANDLE_VALUE);
    assert_true(Process32FirstW(all, &entry));
    do
        count += entry.th32ParentProcessID == pid;
    while (Process32NextW(all, &entry));
    CloseHandle(all);
    return count;
}

/* Through the runner that an earlier launch has left: the tool is its child. */
static void run__warm_runner__no_process_but_the_tool(void **state)
{
    const char16_t *later;
    HANDLE go = event_new(&later);
    struct proc p;

    (void)state;
    start_with(&p, u"rf", u"-- git exit 3");
    proc_run(&p);
    proc_assert_code(&p, 3);
    proc_clear(&p);
    start_with(&p, u"rf", text(L"-- git pid wait %ls", later));
    proc_start(&p);
    sink_await(p.out, "pid=");
    proc_assert(&p, children_of(p.pid) == 0);
    SetEvent(go);
    proc_wait(&p);
    proc_assert_code(&p, 0);
    proc_clear(&p);
    CloseHandle(go);
}

/* Control: a tool without the runner is a child. */
static void run__without_runner__the_tool_is_a_child(void **state)
{
    const char16_t *later;
    HANDLE go = event_new(&later);
    struct proc p;

    (void)state;
    proc_init(&p, place(u"rf\\ringfence.exe"),
              text(L" run --level advisory -- git pid wait %ls", later));
    proc_start(&p);
    sink_await(p.out, "pid=");
    proc_assert(&p, children_of(p.pid) == 1);
    SetEvent(go);
    proc_wait(&p);
    proc_clear(&p);
    CloseHandle(go);
}

/* Our standard error is there for what is seen when the tool has ended. */
static void run__name_that_came__is_told_afterwards(void **state)
{
    struct proc p;
    char16_t system[MAX_PATH];

    (void)state;
    put_file(u"ws\\make.bat", "@mkdir .codex\r\n@exit /b 7\r\n");
    start_with(&p, u"rf", u"-- make.bat");
    GetSystemDirectoryW(system, MAX_PATH);
    env_set(&p.env, u"PATH", system);
    proc_run(&p);
    RemoveDirectoryW(place(u"ws\\.codex"));
    proc_assert_code(&p, 7);
    proc_assert(&p, contains_text(p.err->at, place(u"ws\\.codex, which")));
    proc_clear(&p);
}

/* Nothing but the install's own is loaded, however many others there are. */
static void dll__missing__refuses_by_path(void **state)
{
    struct proc p;
    static const char16_t *const others[] = { u"ws\\" DLL, u"tools\\" DLL,
                                              u"bare\\shims\\" DLL,
                                              u"bare\\denybin\\" DLL };

    (void)state;
    put_install(u"bare");
    remove_file(u"bare\\" DLL);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_true(CopyFileW(place(u"rf\\" DLL), place(others[i]), FALSE));
    remove_file(LOG);
    start_with(&p, u"bare", u"-- git exit 3");
    proc_run(&p);
    for (size_t i = 0; i < COUNT(others); i++)
        remove_file(others[i]);
    proc_assert_code(&p, 125);
    proc_assert(&p, contains_text(p.err->at, place(u"bare\\" DLL)));
    proc_assert(&p, strstr(p.err->at, "cannot start git: ") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

/* Writes the version that stands in the file, wherever it does, anew. */
static void set_version(const char16_t *relative, const char16_t *version)
{
    static const char16_t ours[] = u"" RINGFENCE_VERSION;
    static char bytes[1 << 20];
    HANDLE file = CreateFileW(place(relative), GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              OPEN_EXISTING, 0, NULL);
    DWORD size = 0, done = 0;
    size_t found = 0;

    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(ReadFile(file, bytes, sizeof bytes, &size, NULL) && size < sizeof bytes);
    for (size_t i = 0; i + sizeof ours <= size; i += 2)
        if (!memcmp(bytes + i, ours, sizeof ours)) {
            memcpy(bytes + i, version, sizeof ours);
            found++;
        }
    assert_true(found > 0);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    assert_true(WriteFile(file, bytes, size, &done, NULL) && done == size);
    CloseHandle(file);
}

static void dll__of_another_version__refuses(void **state)
{
    struct proc p;

    (void)state;
    put_install(u"mixed");
    start_with(&p, u"mixed", u"-- git exit 3"); /* control: as it is it serves */
    proc_run(&p);
    proc_assert_code(&p, 3);
    proc_clear(&p);
    set_version(u"mixed\\" DLL, u"0.0.9");
    start_with(&p, u"mixed", u"-- git exit 3");
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.err->at, RINGFENCE_VERSION) != NULL);
    proc_assert(&p, contains_text(p.err->at, place(u"mixed\\" DLL)));
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

static void dll__of_another_kind__refuses(void **state)
{
    static const char *const contents[] = { "not a program", "" };
    struct proc p;
    char16_t system[MAX_PATH];

    (void)state;
    put_install(u"mixed");
    for (size_t i = 0; i <= COUNT(contents); i++) {
        if (i < COUNT(contents)) {
            put_file(u"mixed\\" DLL, contents[i]);
        } else {
            GetSystemDirectoryW(system, MAX_PATH);
            assert_true(CopyFileW(text(L"%ls\\version.dll", system),
                                  place(u"mixed\\" DLL), FALSE));
        }
        start_with(&p, u"mixed", u"-- git exit 3");
        proc_run(&p);
        proc_assert_code(&p, 125);
        proc_assert(&p, contains_text(p.err->at, place(u"mixed\\" DLL)));
        assert_int_equal(log_count(), 0);
        proc_clear(&p);
    }
}

/* The other way round: the DLL as it is, and callers of it. */
static enforced_call_run load(void)
{
    HMODULE dll = LoadLibraryExW(place(u"rf\\" DLL), NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    enforced_call_run run = NULL;

    assert_non_null(dll);
    run = (enforced_call_run)(void (*)(void))GetProcAddress(dll, ENFORCED_CALL_NAME);
    assert_non_null(run);
    return run;
}

/* A launch of nothing, which the lack of accounts refuses. */
static struct enforced_call a_call(struct context_root *root)
{
    static char16_t install[1024], data[1024], ws[1024];

    wcscpy(install, place(u"rf"));
    wcscpy(data, place(u"data"));
    wcscpy(ws, place(u"ws"));
    *root = (struct context_root){ .path = { ws, wcslen(ws) }, .usable = true };
    return (struct enforced_call){
        .bytes = sizeof(struct enforced_call),
        .root_bytes = sizeof *root,
        .version = u"" RINGFENCE_VERSION,
        .code = 77,
        .install = { install, wcslen(install) },
        .data = { data, wcslen(data) },
        .cwd = { ws, wcslen(ws) },
        .program = U16S("C:\\no\\git.exe"),
        .line = U16S("git status"),
        .environment = { u"A=1\0", 5 },
        .root = root,
        .root_count = 1,
    };
}

static void dll__caller_of_another_version__takes_nothing_on(void **state)
{
    enforced_call_run run = load();
    struct context_root root;

    (void)state;
    assert_int_equal(wcscmp(run(NULL), u"" RINGFENCE_VERSION), 0);
    put_file(RECORD, "x");
    for (size_t i = 0; i < 5; i++) {
        struct enforced_call call = a_call(&root);

        if (i == 0)
            call.version = u"0.0.9";
        else if (i == 1)
            call.bytes += 8;
        else if (i == 2)
            call.root_bytes -= 8;
        else if (i == 3)
            call.root_count = 0;
        else
            call.root_count = FENCE_ROOTS_MAX + 1;
        assert_int_equal(wcscmp(run(&call), u"" RINGFENCE_VERSION), 0);
        assert_int_equal(call.ran, 0);
        assert_int_equal(call.code, 77);
    }
    assert_true(is_there(place(RECORD)));
    assert_false(is_there(place(u"data\\log")));
}

/* Control of the above, and: what is written down of a runner that is not to be had goes,
 * and the run is in the log. */
static void dll__without_accounts__refuses_notes_and_forgets(void **state)
{
    enforced_call_run run = load();
    HANDLE own = GetStdHandle(STD_ERROR_HANDLE), file;
    struct context_root root;
    struct enforced_call call = a_call(&root);
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, FALSE };
    char *said, *log;

    (void)state;
    put_file(RECORD, "x");
    file = CreateFileW(place(u"said.txt"), GENERIC_WRITE, FILE_SHARE_READ, &inherited,
                       CREATE_ALWAYS, 0, NULL);
    SetStdHandle(STD_ERROR_HANDLE, file);
    run(&call);
    SetStdHandle(STD_ERROR_HANDLE, own);
    CloseHandle(file);
    assert_int_not_equal(call.ran, 0);
    assert_int_equal(call.code, 125);
    said = file_text(u"said.txt");
    log = file_text(u"data\\log");
    assert_non_null(strstr(said, "cannot start the command in the runner: "));
    assert_non_null(strstr(said, "ringfence setup"));
    assert_non_null(strstr(log, " 125 "));
    assert_non_null(strstr(log, "\tgit\t"));
    assert_false(is_there(place(RECORD)));
    free(said);
    free(log);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__warm_runner__no_process_but_the_tool),
        cmocka_unit_test(run__without_runner__the_tool_is_a_child),
        cmocka_unit_test(run__name_that_came__is_told_afterwards),
        cmocka_unit_test(dll__missing__refuses_by_path),
        cmocka_unit_test(dll__of_another_version__refuses),
        cmocka_unit_test(dll__of_another_kind__refuses),
        cmocka_unit_test(dll__caller_of_another_version__takes_nothing_on),
        cmocka_unit_test(dll__without_accounts__refuses_notes_and_forgets),
    };
    return harness_main(argc, argv, "enforced_dll", tests, COUNT(tests), false);
}
