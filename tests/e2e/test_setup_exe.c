/* SPDX-License-Identifier: MIT
 *
 * Claim: ringfence-setup.exe believes no call that says it succeeded.  Wine is the system
 * that says so: accounts, groups, firewall and filters "succeed" there and are not there.
 * Each lie ends in the exit code of its phase and a line that names the call, what was
 * done is taken back, and the level stays advisory.
 */
#include "harness.h"

#define OURS     u"SOFTWARE\\Ringfence"
#define JOURNAL  u"SOFTWARE\\Ringfence\\Setup"
#define WINLOGON u"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
#define HIDDEN   WINLOGON u"\\SpecialAccounts\\UserList"
#define PRODUCT  u"SYSTEM\\CurrentControlSet\\Control\\ProductOptions"

#define ORDER_BYTES 144u
#define LINK_NAME   u"00112233445566778899aabbccddeeff"
#define LINK        u"\\\\.\\pipe\\ringfence-setup-" LINK_NAME

static void setup(struct proc *p, const char16_t *words)
{
    proc_init(p, text(L"%ls\\ringfence-setup.exe", place_dist()), text(L" %ls", words));
    proc_run(p);
}

static bool has(const char *in, const char *what)
{
    return strstr(in, what) != NULL;
}

static void put_text(const char16_t *path, const char16_t *name, const char16_t *value)
{
    HKEY key = NULL;

    assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_WRITE,
                                     NULL, &key, NULL),
                     0);
    assert_int_equal(RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)value,
                                    (DWORD)(2 * wcslen(value) + 2)),
                     0);
    RegCloseKey(key);
}

static void put_number(const char16_t *path, const char16_t *name, DWORD value)
{
    HKEY key = NULL;

    assert_int_equal(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_WRITE,
                                     NULL, &key, NULL),
                     0);
    assert_int_equal(
        RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&value, sizeof value), 0);
    RegCloseKey(key);
}

static bool has_key(const char16_t *path)
{
    HKEY key = NULL;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key) != 0)
        return false;
    RegCloseKey(key);
    return true;
}

static bool has_value(const char16_t *path, const char16_t *name)
{
    return RegGetValueW(HKEY_LOCAL_MACHINE, path, name, RRF_RT_ANY, NULL, NULL, NULL) ==
           0;
}

/* Nothing of ours is in the registry. */
static bool is_clean(void)
{
    return !has_key(OURS) && !has_value(HIDDEN, u"RingfenceOffline") &&
           !has_value(HIDDEN, u"RingfenceOnline");
}

static int clean_up(void **state)
{
    (void)state;
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, OURS);
    RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, HIDDEN, u"RingfenceOffline");
    RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, HIDDEN, u"RingfenceOnline");
    return 0;
}

/* Each step by itself on a system that lies. */
static void try__every_false_success__is_caught_and_named(void **state)
{
    static const struct {
        const char16_t *step;
        DWORD code;
        const char *says;
    } lies[] = {
        { u"group", 20, "NetLocalGroupAdd succeeded, but LookupAccountNameW knows no" },
        { u"offline_account", 21, "NetUserAdd succeeded, but NetUserGetInfo does not" },
        { u"online_account", 21, "NetUserAdd succeeded, but NetUserGetInfo does not" },
        { u"offline_member", 22, "LookupAccountNameW" },
        { u"online_rights", 24, "LookupAccountNameW" },
        { u"filtering_platform", 12, "FwpmEngineOpen0" },
        { u"firewall_policy", 13, "INetFwPolicy2::get_FirewallEnabled" },
        { u"firewall_out", 25, "INetFwRules::" },
        { u"firewall_in", 25, "INetFwRules::" },
        { u"wfp_filters", 26, "FwpmEngineOpen0" },
        { u"offline_enabled", 27, "NetUserGetInfo" },
        { u"offline_logon", 28, "LookupAccountNameW" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lies); i++) {
        struct proc p;

        setup(&p, text(L"try %ls", lies[i].step));
        proc_assert_code(&p, lies[i].code);
        proc_assert(&p, has(p.err->at, lies[i].says));
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_assert(&p, has(p.err->at, "\n  fix: "));
        proc_assert(&p, has(p.out->at, "nothing was changed") ||
                            has(p.out->at, " taken back"));
        proc_assert(&p, is_clean());
        proc_clear(&p);
    }
}

/* And those that this system really does, there and back. */
static void try__what_the_system_keeps__is_done_and_taken_back(void **state)
{
    static const char16_t *const steps[] = { u"offline_hidden", u"online_hidden",
                                             u"loopback_policy", u"elevated" };
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct proc p;

        setup(&p, text(L"try %ls", steps[i]));
        proc_assert_code(&p, 0);
        proc_assert(&p, p.err->bytes == 0);
        proc_assert(&p, is_clean());
        proc_clear(&p);
    }
}

/* A step of an installation is looked at, and stays. */
static void try__step_that_is_there__is_left_alone(void **state)
{
    struct proc p;

    (void)state;
    put_number(HIDDEN, u"RingfenceOffline", 0);
    setup(&p, u"try offline_hidden");
    proc_assert_code(&p, 0);
    proc_assert(&p, has_value(HIDDEN, u"RingfenceOffline"));
    proc_clear(&p);
    put_number(HIDDEN, u"RingfenceOffline", 1);
    setup(&p, u"try offline_hidden");
    proc_assert_code(&p, 23);
    proc_assert(&p, has_value(HIDDEN, u"RingfenceOffline"));
    proc_clear(&p);
}

static void install__no_filtering_platform__fails_closed_and_changes_nothing(void **state)
{
    static const char16_t *const commands[] = { u"install", u"repair", u"install --plan",
                                                u"install --loopback none" };
    (void)state;
    for (size_t i = 0; i < COUNT(commands); i++) {
        struct proc p;

        setup(&p, commands[i]);
        proc_assert_code(&p, 12);
        proc_assert(&p, has(p.err->at, "FwpmEngineOpen0"));
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_assert(&p, is_clean());
        proc_clear(&p);
    }
}

static void status__not_installed__says_so_and_the_level_stays_advisory(void **state)
{
    struct proc p;

    (void)state;
    setup(&p, u"status");
    proc_assert_code(&p, 30);
    proc_assert(&p, has(p.out->at, "absent    group"));
    proc_assert(&p, has(p.out->at, "absent    filtering_platform"));
    proc_clear(&p);
    proc_init(&p, place(u"rf\\ringfence.exe"), u" status --json");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, has(p.out->at, "\"level\":\"advisory\""));
    proc_clear(&p);
}

static void uninstall__nothing_installed__leaves_and_claims_nothing(void **state)
{
    struct proc p;

    (void)state;
    setup(&p, u"uninstall");
    proc_assert_code(&p, 0);
    proc_assert(&p, p.err->bytes == 0);
    proc_assert(&p, !has(p.out->at, "left"));
    proc_assert(&p, is_clean());
    proc_clear(&p);
}

/* As a setup leaves it that was killed behind its tenth step. */
static void leave_half(void)
{
    put_number(JOURNAL, u"offline_hidden", 1);
    put_number(HIDDEN, u"RingfenceOffline", 0);
    put_number(JOURNAL, u"online_hidden", 1);
    put_number(JOURNAL, u"loopback_policy", 1);
    put_text(JOURNAL, u"loopback", u"none");
}

static void uninstall__after_a_killed_install__removes_what_it_did(void **state)
{
    struct proc p;

    (void)state;
    leave_half();
    setup(&p, u"uninstall");
    proc_assert_code(&p, 0);
    proc_assert(&p, has(p.out->at, "2 taken back"));
    proc_assert(&p, is_clean());
    proc_clear(&p);
}

static void install__after_a_killed_one_and_failing__takes_both_back(void **state)
{
    struct proc p;

    (void)state;
    leave_half();
    setup(&p, u"install");
    proc_assert_code(&p, 12);
    proc_assert(&p, has(p.out->at, "2 taken back"));
    proc_assert(&p, is_clean());
    proc_clear(&p);
}

static void uninstall__keep_accounts__keeps_what_is_the_accounts(void **state)
{
    struct proc p;

    (void)state;
    leave_half();
    setup(&p, u"uninstall --keep-accounts");
    proc_assert_code(&p, 0);
    proc_assert(&p, has_value(HIDDEN, u"RingfenceOffline"));
    proc_assert(&p, !has_value(JOURNAL, u"loopback"));
    proc_assert(&p, has(p.out->at, "  left: RingfenceOffline not on the logon screen"));
    proc_clear(&p);
}

static void json__any_command__one_object_with_every_step(void **state)
{
    static const char16_t *const commands[] = { u"status --json", u"install --json",
                                                u"install --plan --json",
                                                u"uninstall --json" };
    static const char *const keys[] = {
        "\"exit_code\":",           "\"phase\":\"",        "\"loopback\":\"all\"",
        "\"complete\":false",       "\"id\":\"elevated\"", "\"id\":\"wfp_filters\"",
        "\"id\":\"online_enabled\""
    };
    (void)state;
    for (size_t i = 0; i < COUNT(commands); i++) {
        struct proc p;

        setup(&p, commands[i]);
        proc_assert(&p, !strncmp(p.out->at, "{\"schema\":1,", 12));
        proc_assert(&p, has(p.out->at, "]}\n") && p.err->bytes == 0);
        for (size_t k = 0; k < COUNT(keys); k++)
            proc_assert(&p, has(p.out->at, keys[k]));
        proc_clear(&p);
    }
}

static void bad_words__any__2_and_nothing_done(void **state)
{
    static const char16_t *const bad[] = {
        u"",
        u"remove",
        u"install now",
        u"install --loopback",
        u"install --loopback 0",
        u"install --loopback 80;90",
        u"status --loopback all",
        u"status --plan",
        u"install --keep-accounts",
        u"try",
        u"try nothing",
        u"install --caller 5",
        u"install --caller x:" LINK_NAME,
        u"install --caller 5:..\\..\\pipe\\other-0123456789abcdef",
        u"install --journal C:\\x",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct proc p;

        setup(&p, bad[i]);
        proc_assert_code(&p, 2);
        proc_assert(&p, p.out->bytes == 0);
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_assert(&p, is_clean());
        proc_clear(&p);
    }
}

static void install__while_another_runs__says_busy(void **state)
{
    HANDLE other = CreateMutexW(NULL, TRUE, u"Global\\RingfenceSetup");
    struct proc p;

    (void)state;
    assert_non_null(other);
    setup(&p, u"install");
    proc_assert_code(&p, 16);
    proc_assert(&p, has(p.err->at, "another setup is running"));
    proc_clear(&p);
    ReleaseMutex(other);
    CloseHandle(other);
}

static void install__on_a_domain_controller__is_refused(void **state)
{
    struct proc p;
    DWORD code = 0;

    (void)state;
    put_text(PRODUCT, u"ProductType", u"LanmanNT");
    setup(&p, u"install");
    put_text(PRODUCT, u"ProductType", u"WinNT");
    code = p.code;
    if (code == 12) { /* a version chosen in winecfg is a workstation's */
        proc_clear(&p);
        skip_because("this Wine's version does not come from the registry");
    }
    proc_assert_code(&p, 11);
    proc_assert(&p, has(p.err->at, "domain controller"));
    proc_assert(&p, is_clean());
    proc_clear(&p);
}

/* The unelevated end of the private pipe. */
struct server {
    HANDLE pipe;
    OVERLAPPED io;
};

static void serve(struct server *s)
{
    memset(s, 0, sizeof *s);
    s->io.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    s->pipe = CreateNamedPipeW(
        LINK, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED,
        PIPE_REJECT_REMOTE_CLIENTS, 1, 4096, 4096, 0, NULL);
    assert_ptr_not_equal(s->pipe, INVALID_HANDLE_VALUE);
}

static void serve_end(struct server *s)
{
    CloseHandle(s->pipe);
    CloseHandle(s->io.hEvent);
}

/* Waits for the end of an operation that has begun; false when the other end is gone. */
static bool finish(struct server *s, BOOL begun, DWORD *bytes)
{
    DWORD code = GetLastError();

    if (!begun && code == ERROR_PIPE_CONNECTED)
        return true;
    if (!begun && code != ERROR_IO_PENDING)
        return false;
    await(s->io.hEvent);
    return GetOverlappedResult(s->pipe, &s->io, bytes, FALSE) ||
           GetLastError() == ERROR_MORE_DATA;
}

static bool put(struct server *s, const void *data, DWORD bytes)
{
    DWORD done = 0;

    ResetEvent(s->io.hEvent);
    return finish(s, WriteFile(s->pipe, data, bytes, NULL, &s->io), &done);
}

static bool receive(struct server *s, void *data, DWORD bytes)
{
    DWORD have = 0, done = 0;

    while (have < bytes) {
        ResetEvent(s->io.hEvent);
        if (!finish(s, ReadFile(s->pipe, (char *)data + have, bytes - have, NULL, &s->io),
                    &done) ||
            done == 0)
            return false;
        have += done;
    }
    return true;
}

static void start_with_caller(struct proc *p, struct server *s, const char16_t *words,
                              DWORD pid)
{
    DWORD done = 0;

    serve(s);
    proc_init(p, text(L"%ls\\ringfence-setup.exe", place_dist()),
              text(L" %ls --caller %lu:%ls", words, pid, LINK_NAME));
    proc_start(p);
    assert_true(finish(s, ConnectNamedPipe(s->pipe, &s->io), &done));
}

/* RFO1, no flags, the size, two passwords. */
static void good_order(unsigned char order[ORDER_BYTES])
{
    static const char16_t words[] =
        u"aB3-ccccccccccccccccccccccccccccZz9_dddddddddddddddddddddddddddd";

    memset(order, 0, ORDER_BYTES);
    memcpy(order, "RFO1", 4);
    order[12] = ORDER_BYTES;
    memcpy(order + 16, words, 128);
}

static void caller__good_order__is_taken_and_answered(void **state)
{
    unsigned char order[ORDER_BYTES], head[16];
    char answer[32768];
    struct server s;
    struct proc p;
    DWORD bytes = 0, code = 0;
    ULONG client = 0;

    (void)state;
    start_with_caller(&p, &s, u"install --json", GetCurrentProcessId());
    assert_true(GetNamedPipeClientProcessId(s.pipe, &client));
    assert_int_equal(client, p.pid);
    good_order(order);
    assert_true(put(&s, order, sizeof order));
    assert_true(receive(&s, head, sizeof head));
    assert_memory_equal(head, "RFA1", 4);
    memcpy(&code, head + 4, 4);
    memcpy(&bytes, head + 12, 4);
    assert_in_range(bytes, 100, sizeof answer - 1);
    assert_true(receive(&s, answer, bytes));
    answer[bytes] = 0;
    proc_wait(&p);
    proc_assert_code(&p, 12);
    assert_int_equal(code, 12);
    assert_true(has(answer, "\"phase\":\"filtering_platform\""));
    assert_true(has(answer, "\"id\":\"online_logon\"")); /* there is a password to try */
    proc_assert(&p, p.out->bytes == 0 && p.err->bytes == 0);
    proc_assert(&p, !has(answer, "cccc") && !has(p.out->at, "cccc") &&
                        !has(p.err->at, "cccc"));
    proc_assert(&p, is_clean());
    proc_clear(&p);
    serve_end(&s);
}

/* What there is to say, for either stream, goes to the caller alone; and busy says so. */
static void caller__empty_order_and_busy__answered_in_words(void **state)
{
    HANDLE other = CreateMutexW(NULL, TRUE, u"Global\\RingfenceSetup");
    unsigned char order[ORDER_BYTES] = "RFO1", head[16];
    char answer[4096] = "";
    struct server s;
    struct proc p;
    DWORD bytes[2] = { 0, 0 };

    (void)state;
    order[4] = 2;
    order[12] = ORDER_BYTES;
    for (int busy = 1; busy >= 0; busy--) {
        start_with_caller(&p, &s, busy ? u"uninstall" : u"status", GetCurrentProcessId());
        assert_true(put(&s, order, sizeof order));
        assert_true(receive(&s, head, sizeof head));
        memcpy(bytes, head + 8, sizeof bytes);
        assert_in_range(bytes[1], 1, sizeof answer - 1);
        assert_true(receive(&s, answer, bytes[1]));
        answer[bytes[1]] = 0;
        proc_wait(&p);
        proc_assert_code(&p, busy ? 16 : 30);
        proc_assert(&p, p.out->bytes == 0 && p.err->bytes == 0);
        assert_true(has(answer + bytes[1] - bytes[0], "ringfence: cannot "));
        assert_int_equal(has(answer, "the local group RingfenceUsers"), !busy);
        assert_false(has(answer, "online_logon"));
        proc_clear(&p);
        serve_end(&s);
    }
    ReleaseMutex(other);
    CloseHandle(other);
}

static void caller__wrong_process__is_refused_before_it_says_a_word(void **state)
{
    struct server s;
    struct proc p;

    (void)state;
    start_with_caller(&p, &s, u"install", GetCurrentProcessId() + 4);
    proc_wait(&p);
    proc_assert_code(&p, 14);
    proc_assert(&p, has(p.err->at, "the pipe is another process's"));
    proc_assert(&p, is_clean());
    proc_clear(&p);
    serve_end(&s);
}

static void caller__bad_order__is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        unsigned char order[ORDER_BYTES];
        struct server s;
        struct proc p;

        start_with_caller(&p, &s, u"install", GetCurrentProcessId());
        good_order(order);
        if (i == 0)
            order[0] = 'X';
        if (i == 1)
            order[16] = '"'; /* in a password */
        if (i == 2)
            order[5] = 1; /* a flag nobody knows */
        assert_true(put(&s, order, i == 3 ? ORDER_BYTES - 1 : ORDER_BYTES));
        if (i == 3)
            serve_end(&s); /* and gone */
        proc_wait(&p);
        proc_assert_code(&p, 14);
        proc_assert(&p, count_messages(p.err->at) == 1);
        proc_assert(&p, is_clean());
        proc_clear(&p);
        if (i != 3)
            serve_end(&s);
    }
}

static void caller__nobody_serves__is_refused(void **state)
{
    struct proc p;

    (void)state;
    setup(&p, text(L"install --caller %lu:%ls", GetCurrentProcessId(), LINK_NAME));
    proc_assert_code(&p, 14);
    proc_assert(&p, has(p.err->at, "CreateFileW"));
    proc_clear(&p);
}

/* Who serves the pipe may see who the elevated end is, and no more. */
static void caller__server_impersonates__may_only_identify(void **state)
{
    SECURITY_IMPERSONATION_LEVEL level = SecurityDelegation;
    unsigned char order[ORDER_BYTES];
    HANDLE token = NULL;
    struct server s;
    struct proc p;
    DWORD bytes = 0;
    BOOL got = FALSE;

    (void)state;
    start_with_caller(&p, &s, u"install", GetCurrentProcessId());
    if (ImpersonateNamedPipeClient(s.pipe)) {
        got = OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) &&
              GetTokenInformation(token, TokenImpersonationLevel, &level, sizeof level,
                                  &bytes);
        RevertToSelf();
    }
    good_order(order);
    order[0] = 'X';
    put(&s, order, sizeof order);
    proc_wait(&p);
    proc_clear(&p);
    serve_end(&s);
    if (got && level > SecurityIdentification)
        skip_because("Wine lets a server act as its client whatever the client allows");
    if (got)
        assert_int_equal(level, SecurityIdentification);
}

/* Wine's first window starts explorer.exe, which inherits every handle there is: then a
 * program that only asks COM for the firewall would seem to leave its pipes open.  So
 * there is one already. */
static void have_desktop(void)
{
    typedef HWND(WINAPI * get_window)(void);
    HMODULE user = LoadLibraryW(u"user32.dll");
    get_window get =
        user ? (get_window)(void (*)(void))GetProcAddress(user, "GetDesktopWindow")
             : NULL;

    if (get)
        get();
}

static void help__asked_for__is_on_stdout_and_no_error(void **state)
{
    static const char16_t *const asked[] = { u"help", u"--help", u"-h", u"/?" };

    (void)state;
    for (size_t i = 0; i < COUNT(asked); i++) {
        struct proc p;

        setup(&p, asked[i]);
        proc_assert_code(&p, 0);
        proc_assert(&p, has(p.out->at, "ringfence-setup uninstall "));
        proc_assert(&p, p.err->bytes == 0);
        proc_clear(&p);
    }
}

static void runner__started_by_hand__says_so(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, text(L"%ls\\ringfence-runner.exe", place_dist()), u"");
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, has(p.err->at, "ringfence-runner: "));
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, clean_up, clean_up)
    const struct CMUnitTest tests[] = {
        TEST(try__every_false_success__is_caught_and_named),
        TEST(try__what_the_system_keeps__is_done_and_taken_back),
        TEST(try__step_that_is_there__is_left_alone),
        TEST(install__no_filtering_platform__fails_closed_and_changes_nothing),
        TEST(status__not_installed__says_so_and_the_level_stays_advisory),
        TEST(uninstall__nothing_installed__leaves_and_claims_nothing),
        TEST(uninstall__after_a_killed_install__removes_what_it_did),
        TEST(install__after_a_killed_one_and_failing__takes_both_back),
        TEST(uninstall__keep_accounts__keeps_what_is_the_accounts),
        TEST(json__any_command__one_object_with_every_step),
        TEST(bad_words__any__2_and_nothing_done),
        TEST(install__while_another_runs__says_busy),
        TEST(install__on_a_domain_controller__is_refused),
        TEST(caller__good_order__is_taken_and_answered),
        TEST(caller__empty_order_and_busy__answered_in_words),
        TEST(caller__wrong_process__is_refused_before_it_says_a_word),
        TEST(caller__bad_order__is_refused),
        TEST(caller__nobody_serves__is_refused),
        TEST(caller__server_impersonates__may_only_identify),
        cmocka_unit_test(help__asked_for__is_on_stdout_and_no_error),
        cmocka_unit_test(runner__started_by_hand__says_so),
    };
    have_desktop();
    return harness_main(argc, argv, "setup_exe", tests, COUNT(tests), false);
}
