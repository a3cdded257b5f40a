#include "elevate.h"
#include "setup_machine.h"

#include "core/sandbox.h"
#include "core/secdesc.h"
#include "grant/sandbox.h"
#include "win/account.h"
#include "win/file.h"
#include "win/runas.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The unelevated end of setup, over another ringfence-setup.exe: this program, started
 * again with what it is to do, in place of the elevation. */

#define RANDOM 0x5A /* every byte of what is random */
#define NAME   u"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

static char16_t dir[MAX_PATH], self[MAX_PATH];
static struct elevate_answer answer;
static struct err err;

/* --- the other program ---------------------------------------------------------------
 */

static int shout(HANDLE pipe, const struct handover_answer *head, const char *text)
{
    uint8_t bytes[HANDOVER_HEAD_BYTES];
    DWORD done = 0;

    handover_format_answer(head, bytes);
    return WriteFile(pipe, bytes, sizeof bytes, &done, NULL) &&
                   WriteFile(pipe, text, (DWORD)strlen(text), &done, NULL)
               ? (int)head->exit_code
               : 99;
}

/* "MODE WORDS... --caller PID:NAME"; the last of it leads to the pipe. */
static int be_setup(const char16_t *mode, const char16_t *name)
{
    struct handover_order order;
    char16_t path[128] = HANDOVER_PIPE;
    uint8_t bytes[HANDOVER_ORDER_BYTES];
    struct handover_answer head = { .exit_code = 12, .text_bytes = 8, .err_bytes = 3 };
    DWORD got = 0;
    HANDLE pipe = NULL;

    if (!wcscmp(mode, u"dies"))
        return 16;
    if (!wcscmp(mode, u"waits")) {
        Sleep(INFINITE);
        return 98;
    }
    wcscat(path, name);
    pipe =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (pipe == INVALID_HANDLE_VALUE)
        return 97;
    if (!wcscmp(mode, u"hangs"))
        Sleep(INFINITE);
    if (!ReadFile(pipe, bytes, sizeof bytes, &got, NULL) ||
        !handover_parse_order(&order, bytes, got))
        return 96;
    if (!wcscmp(mode, u"ends"))
        return 15;
    if (!wcscmp(mode, u"raves"))
        head.text_bytes = HANDOVER_TEXT_MAX + 1;
    if (!wcscmp(mode, u"lies"))
        return shout(pipe, &head, "outs\ner\n") + 1;
    if (!wcscmp(mode, u"works"))
        head.exit_code = 0;
    if (!wcscmp(mode, u"tells")) /* which passwords it was given */
        head.exit_code = order.empty ? 40 : order.rotate ? 41 : 42;
    return shout(pipe, &head, "outs\ner\n");
}

/* --- in place of the elevation -------------------------------------------------------
 */

static struct {
    const char16_t *mode;
    DWORD code; /* 0, or what the elevation fails with */
    size_t calls;
    char16_t program[MAX_PATH], arguments[512];
    void (*meanwhile)(const char16_t *name);
    HANDLE process; /* ours, to be ended */
} fake;

bool runas_start(const char16_t *program, const char16_t *arguments, HANDLE *process,
                 struct err *e)
{
    STARTUPINFOW start = { .cb = sizeof start };
    char16_t line[1024];
    PROCESS_INFORMATION pi;

    fake.calls++;
    wcscpy(fake.program, program);
    wcscpy(fake.arguments, arguments);
    if (fake.code)
        return err_set(e, ERR_WIN32, fake.code, "ShellExecuteExW", program);
    if (fake.meanwhile)
        fake.meanwhile(wcsrchr(arguments, u':') + 1);
    swprintf(line, 1024, L"\"%ls\" %ls %ls", self, fake.mode, arguments);
    assert_true(
        CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &pi));
    CloseHandle(pi.hThread);
    assert_true(DuplicateHandle(GetCurrentProcess(), pi.hProcess, GetCurrentProcess(),
                                &fake.process, 0, FALSE, DUPLICATE_SAME_ACCESS));
    *process = pi.hProcess;
    return true;
}

static bool is_random;

bool __real_secret_random(void *data, size_t bytes, struct err *e);
bool __wrap_secret_random(void *data, size_t bytes, struct err *e);
bool __wrap_secret_random(void *data, size_t bytes, struct err *e)
{
    if (is_random)
        return __real_secret_random(data, bytes, e);
    memset(data, RANDOM, bytes);
    return true;
}

static bool has_accounts;
static enum sandbox_logon logon;

bool account_find(const char16_t *name, enum account_kind kind, struct sid *sid,
                  struct err *e)
{
    (void)kind;
    *sid = sid_short(5, 2, 21, 7);
    return has_accounts ||
           err_set(e, ERR_WIN32, ERROR_NONE_MAPPED, "LookupAccountNameW", name);
}

enum sandbox_logon __wrap_sandbox_try_logon(const struct passwords *passwords);
enum sandbox_logon __wrap_sandbox_try_logon(const struct passwords *passwords)
{
    (void)passwords;
    return logon;
}

/* --- the pipe ------------------------------------------------------------------------
 */

static bool elevate(const char16_t *mode, HANDLE stop)
{
    static const struct handover_order order = { .empty = true };
    const struct elevate how = { .program = u"C:\\rf\\ringfence-setup.exe",
                                 .words = U16S("status --json"),
                                 .order = &order,
                                 .stop = stop };

    fake.mode = mode;
    return elevate_run(&how, &answer, &err);
}

static void elevate_run__an_answer__is_taken_whole(void **state)
{
    char16_t want[128];

    (void)state;
    if (!elevate(u"answers", NULL))
        fail_msg("%s %u", err.call, (unsigned)err.code);
    assert_int_equal(answer.exit_code, 12);
    assert_true(answer.has_text && answer.out_bytes == 5 && answer.err_bytes == 3);
    assert_memory_equal(answer.text, "outs\ner\n", 8);
    swprintf(want, 128, L"status --json --caller %lu:%ls", GetCurrentProcessId(), NAME);
    assert_int_equal(wcscmp(fake.arguments, want), 0);
    assert_int_equal(wcscmp(fake.program, u"C:\\rf\\ringfence-setup.exe"), 0);
}

/* An administrator of another name must see who we are; no more. */
static bool lets_administrators(HANDLE object, uint32_t mask)
{
    static uint8_t bytes[4096];
    const struct sid administrators = sid_well_known(SID_ADMINISTRATORS);
    struct ace ace = { 0 };
    struct secdesc sd;
    ULONG needed = 0;

    assert_true(NT_SUCCESS(NtQuerySecurityObject(object, DACL_SECURITY_INFORMATION, bytes,
                                                 sizeof bytes, &needed)));
    assert_true(secdesc_read(&sd, bytes, sizeof bytes));
    while (acl_next(&sd.dacl, &ace))
        if (sid_eq(&ace.sid, &administrators) && ace.type == ACE_ALLOW)
            return (ace.mask & mask) == mask;
    return false;
}

static void close_to_administrators(HANDLE object, const struct sid *user)
{
    uint8_t list[256], bytes[512];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    const struct acl_entry entry = { ACE_ALLOW, 0, 0x1FFFFF, *user };
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    size_t size = 0;

    aclbuf_add(&b, &entry);
    sd.dacl = aclbuf_acl(&b);
    assert_true(secdesc_write(&sd, bytes, sizeof bytes, &size));
    assert_true(
        NT_SUCCESS(NtSetSecurityObject(object, DACL_SECURITY_INFORMATION, bytes)));
}

static void elevate_run__any__administrators_may_see_who_asks(void **state)
{
    HANDLE token = NULL;
    struct sid user;

    (void)state;
    assert_true(token_user_sid(&user, &err));
    assert_true(NT_SUCCESS(
        NtOpenProcessToken(GetCurrentProcess(), READ_CONTROL | WRITE_DAC, &token)));
    close_to_administrators(token, &user);
    close_to_administrators(GetCurrentProcess(), &user);
    if (lets_administrators(token, TOKEN_QUERY)) {
        printf("SKIP who may see us: this system keeps no list of a token\n");
        skip();
    }
    assert_true(elevate(u"answers", NULL));
    assert_true(lets_administrators(token, TOKEN_QUERY));
    assert_true(
        lets_administrators(GetCurrentProcess(), PROCESS_QUERY_LIMITED_INFORMATION));
    CloseHandle(token);
}

static void elevate_run__ends_without_an_answer__its_exit_code(void **state)
{
    static const struct {
        const char16_t *mode;
        uint32_t code;
    } rows[] = { { u"dies", 16 }, { u"ends", 15 } };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        if (!elevate(rows[i].mode, NULL))
            fail_msg("%s %u", err.call, (unsigned)err.code);
        assert_false(answer.has_text);
        assert_int_equal(answer.exit_code, rows[i].code);
    }
}

static void elevate_run__no_answer_at_all__is_refused(void **state)
{
    static const char16_t *const modes[] = { u"raves", u"lies" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_false(elevate(modes[i], NULL));
        assert_int_equal(err.domain, ERR_RULE);
    }
}

static void elevate_run__elevation_refused__says_so(void **state)
{
    (void)state;
    fake.code = ERROR_CANCELLED;
    assert_false(elevate(u"answers", NULL));
    assert_true(err.domain == ERR_WIN32 && err.code == ERROR_CANCELLED);
}

static void elevate_run__name_taken__nothing_is_started(void **state)
{
    HANDLE squat =
        CreateNamedPipeW(HANDOVER_PIPE NAME, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE,
                         PIPE_UNLIMITED_INSTANCES, 64, 64, 0, NULL);

    (void)state;
    assert_true(squat != INVALID_HANDLE_VALUE);
    assert_false(elevate(u"answers", NULL));
    CloseHandle(squat);
    if (fake.calls) {
        printf("SKIP the name of the pipe is taken: Wine knows no first instance\n");
        skip();
    }
    assert_string_equal(err.call, "CreateNamedPipeW");
}

static HANDLE stranger;

static void connect_stranger(const char16_t *name)
{
    char16_t path[128] = HANDOVER_PIPE;

    wcscat(path, name);
    stranger =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(stranger != INVALID_HANDLE_VALUE);
}

static void elevate_run__client_is_another_process__gets_nothing(void **state)
{
    char byte = 0;
    DWORD got = 0;

    (void)state;
    fake.meanwhile = connect_stranger;
    assert_false(elevate(u"waits", NULL));
    assert_string_equal(err.call, "another process has taken the pipe");
    assert_false(ReadFile(stranger, &byte, 1, &got, NULL));
    CloseHandle(stranger);
}

/* A second instance would be somebody else's end. */
static void try_second_instance(const char16_t *name)
{
    char16_t path[128] = HANDOVER_PIPE;

    wcscat(path, name);
    assert_true(CreateNamedPipeW(path, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 64, 64, 0,
                                 NULL) == INVALID_HANDLE_VALUE);
}

static void elevate_run__second_instance__cannot_be_made(void **state)
{
    (void)state;
    fake.meanwhile = try_second_instance;
    assert_true(elevate(u"answers", NULL));
}

static void elevate_run__stopped__gives_up_before_and_after_the_order(void **state)
{
    static const char16_t *const modes[] = { u"waits", u"hangs" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        HANDLE stop = CreateEventW(NULL, TRUE, TRUE, NULL);

        assert_false(elevate(modes[i], stop));
        assert_int_equal(strncmp(err.call, "stopped by Ctrl-C", 17), 0);
        TerminateProcess(fake.process, 1);
        CloseHandle(stop);
    }
}

/* --- the passwords -------------------------------------------------------------------
 */

static const char16_t *secret(void)
{
    static char16_t path[MAX_PATH];

    swprintf(path, MAX_PATH, L"%ls\\secret", dir);
    return path;
}

static void keep(struct passwords *passwords)
{
    assert_true(secret_make(passwords, &err));
    assert_true(secret_save(secret(), passwords, &err));
}

static uint32_t run(enum setup_command command, bool plan, const char16_t *mode)
{
    const struct setup_machine how = { .command = command,
                                       .plan = plan,
                                       .json = true,
                                       .data_dir = dir,
                                       .setup_exe = u"C:\\rf\\ringfence-setup.exe" };
    uint32_t code = 99;

    fake.mode = mode;
    if (!setup_machine_run(&how, &code, &err))
        fail_msg("%s %u", err.call, (unsigned)err.code);
    return code;
}

static void install__fresh_and_well__the_passwords_are_kept(void **state)
{
    struct passwords passwords;

    (void)state;
    assert_int_equal(run(SETUP_INSTALL, false, u"works"), 0);
    assert_int_equal(secret_load(secret(), &passwords, &err), SECRET_LOADED);
    assert_int_equal(run(SETUP_INSTALL, false, u"tells"), 42); /* the same again */
}

static void install__fresh_and_failing__nothing_is_kept(void **state)
{
    (void)state;
    assert_int_equal(run(SETUP_INSTALL, false, u"answers"), 12);
    assert_int_equal(run(SETUP_INSTALL, false, u"tells"), 41);
    assert_int_equal(run(SETUP_INSTALL, false, u"dies"), 16);
    assert_int_equal(file_kind(secret()), FILE_ABSENT);
}

static void repair__passwords_that_fit__are_not_rotated(void **state)
{
    struct passwords before, after;

    (void)state;
    keep(&before);
    assert_int_equal(run(SETUP_REPAIR, false, u"tells"), 42);
    logon = SANDBOX_UNTRIED;
    assert_int_equal(run(SETUP_REPAIR, false, u"tells"), 42);
    assert_int_equal(secret_load(secret(), &after, &err), SECRET_LOADED);
    assert_memory_equal(&before, &after, sizeof before);
}

static void repair__logon_fails_or_torn__new_ones_once_they_are_set(void **state)
{
    struct passwords before, after;

    (void)state;
    keep(&before);
    logon = SANDBOX_NEEDS_PASSWORD;
    assert_int_equal(run(SETUP_REPAIR, false, u"tells"), 41);
    assert_int_equal(secret_load(secret(), &after, &err), SECRET_LOADED);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(run(SETUP_REPAIR, false, u"works"), 0);
    assert_int_equal(secret_load(secret(), &after, &err), SECRET_LOADED);
    assert_memory_not_equal(&before, &after, sizeof before);
    logon = SANDBOX_LOGS_ON;
    assert_true(CopyFileW(self, secret(), FALSE));
    assert_int_equal(run(SETUP_REPAIR, false, u"tells"), 41);
}

/* What changes nothing makes nothing: status looks whether the kept ones fit. */
static void look__any__no_password_is_made(void **state)
{
    struct passwords passwords;

    (void)state;
    assert_int_equal(run(SETUP_STATUS, false, u"tells"), 40);
    assert_int_equal(run(SETUP_INSTALL, true, u"tells"), 40);
    assert_int_equal(run(SETUP_REPAIR, true, u"works"), 0);
    assert_int_equal(file_kind(secret()), FILE_ABSENT);
    keep(&passwords);
    logon = SANDBOX_NEEDS_PASSWORD;
    assert_int_equal(run(SETUP_STATUS, false, u"tells"), 42);
    assert_int_equal(run(SETUP_INSTALL, true, u"tells"), 42);
}

static void uninstall__done__the_passwords_go_with_the_accounts(void **state)
{
    struct passwords passwords;

    (void)state;
    keep(&passwords);
    assert_int_equal(run(SETUP_UNINSTALL, false, u"tells"), 40);
    assert_int_equal(run(SETUP_UNINSTALL, true, u"works"), 0);
    assert_int_equal(file_kind(secret()), FILE_IS_FILE);
    assert_int_equal(run(SETUP_UNINSTALL, false, u"works"), 0);
    assert_int_equal(file_kind(secret()), FILE_ABSENT);
}

static void setup_machine_run__elevation_refused__one_line_and_nothing_kept(void **state)
{
    const struct setup_machine how = { .data_dir = dir, .setup_exe = u"C:\\x.exe" };
    uint32_t code = 99;

    (void)state;
    fake.code = ERROR_CANCELLED;
    assert_false(setup_machine_run(&how, &code, &err));
    assert_int_equal(err.code, ERROR_CANCELLED);
    assert_int_equal(strncmp(err.hint, "nothing was changed", 19), 0);
    assert_int_equal(file_kind(secret()), FILE_ABSENT);
}

static void install__done__every_fence_is_readied_again(void **state)
{
    char16_t path[MAX_PATH];

    (void)state;
    swprintf(path, MAX_PATH, L"%ls\\box", dir);
    CreateDirectoryW(path, NULL);
    wcscat(path, u"\\00112233");
    CreateDirectoryW(path, NULL);
    wcscat(path, u"\\fence");
    assert_true(CopyFileW(self, path, FALSE));
    assert_int_equal(run(SETUP_INSTALL, false, u"answers"), 12);
    assert_int_equal(file_kind(path), FILE_IS_FILE);
    assert_int_equal(run(SETUP_INSTALL, false, u"works"), 0);
    assert_int_equal(file_kind(path), FILE_ABSENT);
    *wcsrchr(path, u'\\') = 0;
    RemoveDirectoryW(path);
    *wcsrchr(path, u'\\') = 0;
    RemoveDirectoryW(path);
}

static int fresh(void **state)
{
    (void)state;
    GetTempPathW(MAX_PATH - 32, dir);
    wcscat(dir, u"ringfence-elevate");
    CreateDirectoryW(dir, NULL);
    DeleteFileW(secret());
    memset(&fake, 0, sizeof fake);
    has_accounts = false;
    logon = SANDBOX_LOGS_ON;
    is_random = false;
    return 0;
}

static int fresh_passwords(void **state)
{
    int failed = fresh(state);

    is_random = true;
    return failed;
}

static int cleanup(void **state)
{
    (void)state;
    if (fake.process) {
        TerminateProcess(fake.process, 1);
        CloseHandle(fake.process);
    }
    DeleteFileW(secret());
    RemoveDirectoryW(dir);
    return 0;
}

#define PIPE(f) cmocka_unit_test_setup_teardown(f, fresh, cleanup)
#define WORD(f) cmocka_unit_test_setup_teardown(f, fresh_passwords, cleanup)

int wmain(int argc, wchar_t **argv);
int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        PIPE(elevate_run__an_answer__is_taken_whole),
        PIPE(elevate_run__any__administrators_may_see_who_asks),
        PIPE(elevate_run__ends_without_an_answer__its_exit_code),
        PIPE(elevate_run__no_answer_at_all__is_refused),
        PIPE(elevate_run__elevation_refused__says_so),
        PIPE(elevate_run__name_taken__nothing_is_started),
        PIPE(elevate_run__client_is_another_process__gets_nothing),
        PIPE(elevate_run__second_instance__cannot_be_made),
        PIPE(elevate_run__stopped__gives_up_before_and_after_the_order),
        WORD(install__fresh_and_well__the_passwords_are_kept),
        WORD(install__fresh_and_failing__nothing_is_kept),
        WORD(repair__passwords_that_fit__are_not_rotated),
        WORD(repair__logon_fails_or_torn__new_ones_once_they_are_set),
        WORD(look__any__no_password_is_made),
        WORD(uninstall__done__the_passwords_go_with_the_accounts),
        WORD(setup_machine_run__elevation_refused__one_line_and_nothing_kept),
        WORD(install__done__every_fence_is_readied_again),
    };

    if (argc > 2)
        return be_setup(argv[1], wcschr(argv[argc - 1], u':') + 1);
    GetModuleFileNameW(NULL, self, MAX_PATH);
    return cmocka_run_group_tests_name("elevate", tests, NULL, NULL);
}
