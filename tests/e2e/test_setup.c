/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence setup --user` works on the profile that the token names, in
 * front or in the background, one at a time, and says truthfully how far it is.
 * Wine does not keep the lists that files are given, so here it always ends
 * with that.
 *
 * Wine looks for profiles where the registry's ProfilesDirectory says: there it
 * is led to a small profile of the test's own.
 */
#include "walks.h"

#include <winreg.h>

#define LIST_KEY   u"Software\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList"
#define LIST_VALUE u"ProfilesDirectory"
#define LIST_SAVED u"RingfenceTestSaved"
#define STATE      u"local\\ringfence\\setup-user"

static bool redirected;
static char16_t user[256];

static bool read_value(HKEY key, const char16_t *name, char16_t *value, DWORD units)
{
    DWORD bytes = units * (DWORD)sizeof *value;

    return RegGetValueW(key, NULL, name, RRF_RT_ANY | RRF_NOEXPAND, NULL, value,
                        &bytes) == ERROR_SUCCESS;
}

static void write_value(HKEY key, const char16_t *name, const char16_t *value)
{
    RegSetValueExW(key, name, 0, REG_EXPAND_SZ, (const BYTE *)value,
                   (DWORD)((wcslen(value) + 1) * sizeof *value));
}

/* A profile for this user below root; what was there before is kept beside it,
 * so that a run that was killed spoils nothing. */
static int redirect_profile(void **state)
{
    char16_t value[1024];
    DWORD units = COUNT(user);
    HKEY key = NULL;

    (void)state;
    if (!GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") ||
        !GetUserNameW(user, &units) ||
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, LIST_KEY, 0, KEY_READ | KEY_WRITE, &key))
        return 0;
    if (!read_value(key, LIST_SAVED, value, COUNT(value)) &&
        read_value(key, LIST_VALUE, value, COUNT(value)))
        write_value(key, LIST_SAVED, value);
    write_value(key, LIST_VALUE, place(u"users"));
    RegCloseKey(key);
    put_file(text(L"users\\%ls\\Documents\\thesis.txt", user), "years");
    put_file(text(L"users\\%ls\\.ssh\\id_ed25519", user), "key");
    put_file(text(L"users\\%ls\\.ssh\\config", user), "Host *");
    put_file(text(L"users\\%ls\\AppData\\Roaming\\gcloud\\credentials.db", user), "x");
    put_file(text(L"users\\%ls\\src\\.ssh\\readme", user), "no store");
    redirected = true;
    return 0;
}

static int restore_profile(void **state)
{
    char16_t value[1024];
    HKEY key = NULL;

    (void)state;
    if (!redirected ||
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, LIST_KEY, 0, KEY_READ | KEY_WRITE, &key))
        return 0;
    if (read_value(key, LIST_SAVED, value, COUNT(value)))
        write_value(key, LIST_VALUE, value);
    RegDeleteValueW(key, LIST_SAVED);
    RegCloseKey(key);
    return 0;
}

static void prepare(struct proc *p, const char16_t *words)
{
    if (!redirected)
        skip_because("the profile of a test can be named under Wine only");
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" setup %ls", words));
}

static void setup(struct proc *p, const char16_t *words)
{
    prepare(p, words);
    proc_run(p);
}

static void user__files_keep_no_lists__says_so_and_claims_nothing(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    setup(&p, u"--user");
    proc_assert_refused(&p, 125);
    proc_assert(&p, strstr(p.err->at, "do not keep the lists they are given"));
    proc_assert(&p, contains_text(p.err->at, place(text(L"users\\%ls", user))));
    assert_int_equal(count_in_file(STATE, "RFU1 not_kept "), 1);
    assert_int_equal(count_in_file(JOURNAL, " begun "), 1);
    assert_int_equal(count_in_file(JOURNAL, " cleared "), 1);
    proc_clear(&p);
}

static void user_dry_run__a_profile__counts_it_and_its_stores(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    setup(&p, u"--user --dry-run");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, ": 13 files and directories: "));
    proc_assert(&p, strstr(p.out->at, " 2 credential stores closed, "));
    proc_assert(&p, p.err->bytes == 0);
    assert_false(is_there(place(STATE)));
    assert_false(is_there(place(JOURNAL)));
    proc_clear(&p);
    setup(&p, u"--user --dry-run --json --undo");
    proc_assert_code(&p, 0);
    proc_assert(&p, is_json(p.out->at));
    proc_assert(&p, strstr(p.out->at, "\"entries\":13,\"changed\":0,"));
    proc_clear(&p);
}

/* As before Windows Vista, in German. */
static void user_dry_run__appdata_of_another_name__its_stores_are_closed(void **state)
{
    static const char16_t folders[] =
        L"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders";
    const char16_t *data = place(text(L"users\\%ls\\Anwendungsdaten", user));
    char16_t before[1024];
    HKEY key = NULL;
    struct proc p;

    (void)state;
    clear_data();
    prepare(&p, u"--user --dry-run");
    put_file(text(L"users\\%ls\\Anwendungsdaten\\gnupg\\key", user), "x");
    assert_int_equal(
        RegOpenKeyExW(HKEY_CURRENT_USER, folders, 0, KEY_READ | KEY_WRITE, &key), 0);
    assert_true(read_value(key, u"AppData", before, COUNT(before)));
    RegSetValueExW(key, u"AppData", 0, REG_SZ, (const BYTE *)data,
                   (DWORD)((wcslen(data) + 1) * sizeof *data));
    proc_run(&p);
    RegSetValueExW(key, u"AppData", 0, REG_SZ, (const BYTE *)before,
                   (DWORD)((wcslen(before) + 1) * sizeof *before));
    RegCloseKey(key);
    remove_tree(data);
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, " 3 credential stores closed, "));
    proc_clear(&p);
}

static void user_undo__nothing_there__goes_through(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    setup(&p, u"--user --undo");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, ": 13 files and directories: 0 changed, "));
    assert_int_equal(count_in_file(STATE, "RFU1 undone "), 1);
    assert_int_equal(count_in_file(JOURNAL, " begun "), 0);
    proc_clear(&p);
}

static void await_end_of_worker(void)
{
    ULONGLONG end = GetTickCount64() + PROC_LIMIT_MS;

    while ((!is_there(place(STATE)) || count_in_file(STATE, "ing ")) &&
           GetTickCount64() < end)
        Sleep(50);
}

/* It comes back at once, with its pipes, and the worker goes on alone. */
static void user_background__any__returns_and_the_state_tells_the_end(void **state)
{
    HANDLE other = NULL;
    struct proc p;

    (void)state;
    clear_data();
    other = hold_walk(); /* the worker cannot be through before we look */
    setup(&p, u"--user --background");
    proc_assert_code(&p, 0);
    proc_assert(&p, !strncmp(p.out->at, "begun in the background (process ", 33));
    proc_assert(&p, p.err->bytes == 0);
    assert_false(is_there(place(STATE)));
    CloseHandle(other);
    await_end_of_worker();
    assert_int_equal(count_in_file(STATE, "RFU1 not_kept "), 1);
    proc_clear(&p);
}

static void user_background_undo__any__undone(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    setup(&p, u"--user --undo --background");
    proc_assert_code(&p, 0);
    await_end_of_worker();
    assert_int_equal(count_in_file(STATE, "RFU1 undone "), 1);
    proc_clear(&p);
}

/* The state says that a process which is there is at it: this one. */
static void user__while_another_is_at_it__refused_at_once(void **state)
{
    static const char16_t *const words[] = { u"--user", u"--user --background",
                                             u"--user --undo" };
    FILETIME born, unused[3];
    char line[256];

    (void)state;
    clear_data();
    assert_true(
        GetProcessTimes(GetCurrentProcess(), &born, &unused[0], &unused[1], &unused[2]));
    snprintf(line, sizeof line, "RFU1 adding %lu %llu 1 1 100 0 0\n",
             GetCurrentProcessId(),
             (unsigned long long)born.dwHighDateTime << 32 | born.dwLowDateTime);
    put_file(STATE, line);
    for (size_t i = 0; i < COUNT(words); i++) {
        struct proc p;

        setup(&p, words[i]);
        proc_assert_refused(&p, 125);
        proc_assert(&p, strstr(p.err->at, "being done already"));
        assert_int_equal(count_in_file(STATE, line), 1);
        proc_clear(&p);
    }
}

/* Killed, or written by another version, or damaged: it begins again. */
static void user__state_of_one_that_is_gone__goes_on(void **state)
{
    static const char *const states[] = {
        "RFU1 adding 4294967280 1 1 1 100 0 0\n",
        "RFU1 adding 4294967280 1 1 1 10",
        "RFU2 painting\n",
        "",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(states); i++) {
        struct proc p;

        clear_data();
        put_file(STATE, states[i]);
        setup(&p, u"--user --undo");
        proc_assert_code(&p, 0);
        assert_int_equal(count_in_file(STATE, "RFU1 undone "), 1);
        proc_clear(&p);
    }
}

static void journal__of_another_version__refused_and_kept(void **state)
{
    const char *line;
    struct proc p;
    char *still;

    (void)state;
    clear_data();
    line = journal_line(2, "done", "000102030405060708090a0b", u"C:\\x");
    put_file(JOURNAL, line);
    setup(&p, u"--user");
    proc_assert_refused(&p, 125);
    still = file_text(JOURNAL);
    assert_string_equal(still, line);
    free(still);
    assert_false(is_there(place(STATE)));
    proc_clear(&p);
    remove_file(JOURNAL);
}

static void bad_words__any__one_line_and_125(void **state)
{
    static const char16_t *const bad[] = {
        u"--user x",        u"--usr",
        u"--user --undo=1", u"--user --background --dry-run",
        u"--undo",          u"--user --background --json",
        u"install --user",  u"--dry-run",
        u"--user --plan",   u"--background",
    };

    (void)state;
    clear_data();
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct proc p;

        setup(&p, bad[i]);
        proc_assert_refused(&p, 125);
        proc_assert(&p, !is_there(place(STATE)));
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(user__files_keep_no_lists__says_so_and_claims_nothing,
                               redirect_profile),
        cmocka_unit_test(user_dry_run__a_profile__counts_it_and_its_stores),
        cmocka_unit_test(user_dry_run__appdata_of_another_name__its_stores_are_closed),
        cmocka_unit_test(user_undo__nothing_there__goes_through),
        cmocka_unit_test(user_background__any__returns_and_the_state_tells_the_end),
        cmocka_unit_test(user_background_undo__any__undone),
        cmocka_unit_test(user__while_another_is_at_it__refused_at_once),
        cmocka_unit_test(user__state_of_one_that_is_gone__goes_on),
        cmocka_unit_test(journal__of_another_version__refused_and_kept),
        cmocka_unit_test_teardown(bad_words__any__one_line_and_125, restore_profile),
    };

    return harness_main(argc, argv, "setup", tests, COUNT(tests), false);
}
