/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence verify` says of this machine what it has seen, never more.  Wine
 * keeps no restricting SIDs and few lists, so here nothing may be called enforced that
 * was not denied, everything inside works, and whatever verify made is gone afterwards.
 */
#include "harness.h"

#include <tlhelp32.h>

static void prepare(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" verify %ls", words));
    make_dir(u"temp");
    env_set(&p->env, u"TEMP", place(u"temp"));
    env_set(&p->env, u"TMP", place(u"temp"));
}

static void verify(struct proc *p, const char16_t *words)
{
    prepare(p, words);
    proc_run(p);
}

static bool is_empty(const char16_t *directory)
{
    WIN32_FIND_DATAW found;
    HANDLE find = FindFirstFileW(text(L"%ls\\*", directory), &found);
    size_t count = 0;

    assert_true(find != INVALID_HANDLE_VALUE);
    do
        count += wcscmp(found.cFileName, L".") && wcscmp(found.cFileName, L"..");
    while (FindNextFileW(find, &found));
    FindClose(find);
    return count == 0;
}

/* Of the verify with that process id: others may run beside it. */
static size_t count_keys(HKEY root, const wchar_t *below, DWORD pid)
{
    const char16_t *begin = text(L"ringfence-verify-%08lx", pid);
    wchar_t name[256];
    size_t count = 0;
    HKEY key = NULL;

    assert_int_equal(RegOpenKeyExW(root, below, 0, KEY_ENUMERATE_SUB_KEYS, &key),
                     ERROR_SUCCESS);
    for (DWORD i = 0;; i++) {
        DWORD len = COUNT(name);

        if (RegEnumKeyExW(key, i, name, &len, NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
            break;
        count += !wcsncmp(name, begin, wcslen(begin));
    }
    RegCloseKey(key);
    return count;
}

static const char16_t *startup_folder(void)
{
    static char16_t path[1024];
    DWORD bytes = sizeof path - 2;

    path[0] = 0;
    RegGetValueW(HKEY_CURRENT_USER,
                 L"Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders",
                 L"Startup", RRF_RT_REG_SZ, NULL, path, &bytes);
    return path;
}

static size_t count_files(const char16_t *directory, DWORD pid)
{
    WIN32_FIND_DATAW found;
    HANDLE find =
        FindFirstFileW(text(L"%ls\\ringfence-verify-%08lx*", directory, pid), &found);
    size_t count = 0;

    if (find == INVALID_HANDLE_VALUE)
        return 0;
    do
        count++;
    while (FindNextFileW(find, &found));
    FindClose(find);
    return count;
}

/* The runner that verify has met stays warm: so that no later test meets it. */
static void end_runner(void)
{
    char *note = file_text(u"local\\ringfence\\runner-own.txt");
    DWORD pid = strlen(note) > 5 ? strtoul(note + 5, NULL, 16) : 0;
    HANDLE runner = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, pid);

    if (!runner) { /* it may have been idle for its minute, on a busy machine */
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
        free(note);
        return;
    }
    free(note);
    assert_true(TerminateProcess(runner, 9));
    await(runner);
    CloseHandle(runner);
}

/* Nothing that this verify made is there any more, wherever it may make something. */
static void assert_put_away(const struct proc *p)
{
    proc_assert(p, is_empty(place(u"temp")));
    proc_assert(p, count_keys(HKEY_CURRENT_USER, L"Software", p->pid) == 0);
    proc_assert(p, count_keys(HKEY_LOCAL_MACHINE, L"SOFTWARE", p->pid) == 0);
    proc_assert(p, count_files(startup_folder(), p->pid) == 0);
    proc_assert(p, count_files(place(u"local\\ringfence"), p->pid) == 0);
    proc_assert(p, count_files(u"C:", p->pid) == 0);
    proc_assert(p, count_files(u"C:\\windows\\system32\\Tasks", p->pid) == 0);
    proc_assert(p, count_files(u"C:\\windows\\Tasks", p->pid) == 0);
}

/* Skips one JSON value; NULL when there is none.  Only what verify writes. */
static const char *skip_value(const char *at);

static const char *skip_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (*at && *at != '"')
        at += *at == '\\' && at[1] ? 2 : 1;
    return *at ? at + 1 : NULL;
}

static const char *skip_items(const char *at, bool keys, char end)
{
    if (*at == end)
        return at + 1;
    for (;;) {
        if (keys) {
            at = skip_string(at);
            if (!at || *at++ != ':')
                return NULL;
        }
        at = skip_value(at);
        if (!at || (*at != ',' && *at != end))
            return NULL;
        if (*at++ == end)
            return at;
    }
}

static const char *skip_value(const char *at)
{
    static const char *const words[] = { "true", "false", "null" };

    if (*at == '{')
        return skip_items(at + 1, true, '}');
    if (*at == '[')
        return skip_items(at + 1, false, ']');
    if (*at == '"')
        return skip_string(at);
    for (size_t i = 0; i < COUNT(words); i++)
        if (!strncmp(at, words[i], strlen(words[i])))
            return at + strlen(words[i]);
    return strspn(at, "0123456789") ? at + strspn(at, "0123456789") : NULL;
}

/* The text of one row, up to the next. */
static char *row_text(const char **at)
{
    const char *row = strstr(*at, "{\"id\":\"");
    const char *end = row ? skip_value(row) : NULL;
    char *copy;

    if (!end)
        return NULL;
    copy = calloc(1, (size_t)(end - row) + 1);
    assert_non_null(copy);
    memcpy(copy, row, (size_t)(end - row));
    *at = end;
    return copy;
}

/* A row may be called what was seen, and nothing else. */
static void check_row(const struct proc *p, const char *row)
{
    bool without = strstr(row, "\"without\":{\"started\":true,\"code\":0,") != NULL;
    bool done = strstr(row, "\"with\":{\"started\":true,\"code\":0,") != NULL;
    bool denied =
        strstr(row, "\"with\":{\"started\":true,\"code\":5,\"changed\":false}") != NULL;
    bool good = false;

    if (strstr(row, "\"verdict\":\"enforced\""))
        good = without && denied && !strstr(row, "\"expected\":\"allowed\"");
    else if (strstr(row, "\"verdict\":\"not_enforced\""))
        good = without && done && !strstr(row, "\"expected\":\"allowed\"");
    else if (strstr(row, "\"verdict\":\"allowed\""))
        good = without && done &&
               (strstr(row, "\"expected\":\"allowed\"") ||
                strstr(row, "\"expected\":\"known_broken\""));
    else if (strstr(row, "\"verdict\":\"skipped\"")) /* Wine makes no junctions, and knows
                                                       no bare names */
        good = strstr(row, "\"optional\":true") || strstr(row, "-junction") ||
               strstr(row, "-rename-bare\"") || strstr(row, "\"id\":\"docs-swap\"");
    if (!good) {
        proc_show(p);
        print_error("not so: %s\n", row);
    }
    assert_true(good);
}

/* Optional rows that Wine has all that is needed for. */
static bool is_tried_here(const char *row)
{
    static const char *const ids[] = { "docs-short", "git-short", "data-create",
                                       "data-delete", "data-rename" };

    for (size_t i = 0; i < COUNT(ids); i++)
        if (strstr(row, ids[i]))
            return true;
    return false;
}

static void json__under_wine__claims_nothing_unseen(void **state)
{
    struct proc p;
    const char *at = NULL, *end = NULL;
    size_t rows = 0, files_enforced = 0;
    char *row = NULL;

    (void)state;
    make_dir(u"local\\ringfence");
    verify(&p, u"--json");
    proc_assert_code(&p, 1);
    end = skip_value(p.out->at);
    proc_assert(&p, end && !strcmp(end + strspn(end, "\r\n"), ""));
    proc_assert(&p, !strncmp(p.out->at, "{\"schema\":1,\"level\":\"standard\"", 30));
    proc_assert(&p, strstr(p.out->at, "\"proven\":false,\"token\":\"not_kept\""));
    proc_assert(&p, strstr(p.out->at, "\"lowered\":false,\"not_fenced\":\""));
    at = p.out->at;
    while ((row = row_text(&at)) != NULL) {
        check_row(&p, row);
        proc_assert(&p,
                    !is_tried_here(row) || strstr(row, "\"verdict\":\"not_enforced\""));
        files_enforced += strstr(row, "\"verdict\":\"enforced\"") &&
                          !strstr(row, "\"id\":\"hkcu-") &&
                          !strstr(row, "\"id\":\"parent-");
        rows++;
        free(row);
    }
    proc_assert(&p, rows > 135);
    proc_assert(&p, files_enforced == 0);
    proc_assert(&p, p.err->bytes == 0);
    assert_put_away(&p);
    proc_clear(&p);
}

static void text__strict_under_wine__says_first_that_it_is_no_fence(void **state)
{
    struct proc p;

    (void)state;
    verify(&p, u"--level strict");
    proc_assert_code(&p, 1);
    proc_assert(&p, !strncmp(p.out->at, "strict fence: NOT A FENCE: ", 27));
    proc_assert(&p, strstr(p.out->at, " NOT enforced (--row docs-create)\n"));
    proc_assert(&p, !strstr(p.out->at, "BROKEN"));
    proc_assert(&p, strstr(p.out->at, " acts: 0 enforced, "));
    assert_put_away(&p);
    proc_clear(&p);
}

static void lowered__under_wine__is_said_and_claims_nothing(void **state)
{
    struct proc p;

    (void)state;
    verify(&p, u"--lowered --row docs-everyone --row ws-create");
    proc_assert_code(&p, 1);
    proc_assert(&p, !strncmp(p.out->at, "standard fence, lowered: NOT A FENCE: ", 38));
    proc_assert(&p,
                strstr(p.out->at, "\n2 acts: 0 enforced, 0 known to be open, 1 not "));
    assert_put_away(&p);
    proc_clear(&p);
    verify(&p, u"--json --level strict --lowered --row docs-everyone --row docs-delete");
    proc_assert_code(&p, 1);
    proc_assert(&p, strstr(p.out->at, "\"lowered\":true,"));
    proc_assert(&p, strstr(p.out->at, "\"expected\":\"denied\""));
    proc_assert(&p, !strstr(p.out->at, "\"expected\":\"open\""));
    proc_clear(&p);
}

static void enforced__without_accounts__is_refused(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("there may be sandbox accounts here");
    verify(&p, u"--level enforced");
    proc_assert_refused(&p, 125);
    proc_assert(&p, strstr(p.err->at, "no sandbox accounts were set up"));
    proc_assert(&p, strstr(p.err->at, "ringfence setup\n"));
    assert_put_away(&p);
    proc_clear(&p);
}

/* Of our own account and without filters: nothing of it may be called enforced. */
static void enforced__unproven__holds_nothing(void **state)
{
    static const char16_t *const stores[] = {
        u"profile\\.ssh", u"profile\\.aws",
        u"profile\\AppData\\Roaming\\Microsoft\\Credentials",
        u"profile\\AppData\\Roaming\\Microsoft\\Protect"
    };
    struct proc p;
    const char *at = NULL;
    size_t rows = 0;
    char *row = NULL;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may hold some of it");
    prepare(&p,
            u"--json --level enforced --allow-unproven --canary --row net-ipv4 "
            u"--row net-ipv6 --row net-lowered --row net-anonymous --row net-deny-only "
            u"--row net-before --row net-after --row net-dns-udp --row net-dns-tcp "
            u"--row net-icmp --row net-raw --row net-winhttp --row net-smb "
            u"--row net-logon --row net-dns-service --row store-ssh-read --row store-aws "
            u"--row store-credentials --row store-protect --row store-secret "
            u"--row loopback --row loopback-other --row loopback-ipv6 "
            u"--row loopback-proxy --row bits --row store-ssh --row runner-vm-write "
            u"--row runner-vm-read --row runner-dup-handle --row runner-thread "
            u"--row runner-terminate --row runner-pipe");
    for (size_t i = 0; i < COUNT(stores); i++)
        make_dir(stores[i]);
    env_set(&p.env, u"USERPROFILE", place(u"profile"));
    proc_run(&p);
    proc_assert_code(&p, 1);
    proc_assert(&p, strstr(p.out->at, "\"level\":\"enforced\",\"proven\":false,"));
    proc_assert(&p, strstr(p.out->at, "\"acts\":46,\"enforced\":0,\"open\":0,"));
    at = p.out->at;
    for (; (row = row_text(&at)) != NULL; rows++) {
        bool must_do = strstr(row, "\"id\":\"runner-") ||
                       strstr(row, "\"id\":\"loopback\"") ||
                       strstr(row, "\"act\":\"read a file in .") ||
                       strstr(row, "\"act\":\"read one in ");

        check_row(&p, row);
        proc_assert(&p, !must_do || strstr(row, "\"verdict\":\"not_enforced\""));
        free(row);
    }
    proc_assert(&p, rows == 46);
    assert_put_away(&p);
    for (size_t i = 0; i < COUNT(stores); i++)
        proc_assert(&p, is_empty(place(stores[i])));
    proc_clear(&p);
    end_runner();
}

static void ctrl_c__in_the_middle__all_is_put_away(void **state)
{
    struct proc p;

    (void)state;
    prepare(&p, u"");
    proc_start(&p);
    sink_await(p.out, "create a file beside the workspace");
    assert_true(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0));
    proc_wait(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, !strstr(p.out->at, " acts: "));
    proc_assert(&p, count_messages(p.err->at) == 1);
    assert_put_away(&p);
    proc_clear(&p);
}

/* The first process that this one has started, and that still is; 0 when there is none.
 */
static DWORD first_child(DWORD parent)
{
    PROCESSENTRY32W entry = { .dwSize = sizeof entry };
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    DWORD child = 0;

    assert_true(all != INVALID_HANDLE_VALUE);
    for (BOOL more = Process32FirstW(all, &entry); more && !child;
         more = Process32NextW(all, &entry))
        if (entry.th32ParentProcessID == parent)
            child = entry.th32ProcessID;
    CloseHandle(all);
    return child;
}

static bool kill_process(DWORD id)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, id);
    bool killed = process && TerminateProcess(process, 1);

    if (process)
        CloseHandle(process);
    return killed;
}

static void verify_killed__a_target_is_asleep__it_goes_with_it(void **state)
{
    struct proc p;
    HANDLE target = NULL;
    DWORD child = 0;

    (void)state;
    prepare(&p, u"--row other-memory --row other-thread --row run-memory");
    make_dir(u"killed"); /* what lies in it stays: nobody is left to put it away */
    env_set(&p.env, u"TEMP", place(u"killed"));
    env_set(&p.env, u"TMP", place(u"killed"));
    proc_start(&p);
    sink_await(p.out, "write into another process");
    child = first_child(p.pid);
    assert_true(child != 0);
    target = OpenProcess(SYNCHRONIZE, FALSE, child);
    assert_non_null(target);
    assert_true(kill_process(p.pid));
    await(target);
    CloseHandle(target);
    proc_clear(&p);
}

/* How many lines, and that no two begin with the same word. */
static size_t count_ids(const struct proc *p)
{
    size_t count = 0;

    for (const char *line = p->out->at; *line; line = strchr(line, '\n') + 1) {
        size_t len = strcspn(line, " \r\n");

        proc_assert(p, len > 0 && strchr(line, '\n'));
        for (const char *at = strchr(line, '\n') + 1; *at; at = strchr(at, '\n') + 1)
            proc_assert(p, strncmp(at, line, len) != 0 || at[len] != ' ');
        count++;
    }
    return count;
}

static void list__any__names_every_act_once_and_tries_none(void **state)
{
    struct proc p;

    (void)state;
    verify(&p, u"--list");
    proc_assert_code(&p, 0);
    proc_assert(&p, count_ids(&p) > 135);
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
    verify(&p, u"--list --canary");
    proc_assert(&p, count_ids(&p) == 14);
    proc_clear(&p);
    verify(&p, u"--list --json --row ws-create --row docs-create");
    proc_assert_code(&p, 0);
    proc_assert(&p, !strcmp(p.out->at,
                            "{\"schema\":1,\"rows\":[{\"id\":\"docs-create\",\"act\":"
                            "\"create a file beside the workspace\"},{\"id\":"
                            "\"ws-create\",\"act\":\"create a file in the "
                            "workspace\"}]}\n"));
    proc_clear(&p);
}

static void row__some__these_alone_are_tried_and_decide(void **state)
{
    struct proc p;

    (void)state;
    verify(&p, u"--row ws-create --row=src-delete");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "\n2 acts: 0 enforced, 0 known to be open, 0 not "
                                      "enforced, 0 skipped; to be allowed: 2 allowed, 0 "
                                      "broken\n"));
    assert_put_away(&p);
    proc_clear(&p);
    verify(&p, u"--json --row ws-create --row docs-create");
    proc_assert_code(&p, 1);
    proc_assert(&p, strstr(p.out->at, "\"acts\":2,\"enforced\":0,\"open\":0,"
                                      "\"not_enforced\":1,\"allowed\":1,"));
    proc_assert(&p, strstr(p.out->at, "\"id\":\"docs-create\""));
    proc_assert(&p, !strstr(p.out->at, "\"id\":\"docs-mkdir\""));
    proc_clear(&p);
}

/* What only a machine can lack is no fault of the fence; what must be there is. */
static void skipped__by_the_machine_alone__decides_nothing(void **state)
{
    struct proc p;

    (void)state;
    verify(&p, u"--row node-outside --row ws-create");
    proc_assert(&p, strstr(p.out->at, "skipped: not found on PATH"));
    proc_assert_code(&p, 0);
    proc_clear(&p);
    verify(&p, u"--row docs-junction --row ws-create");
    proc_assert(&p, strstr(p.out->at, "skipped: control failed (Win32 50)"));
    proc_assert_code(&p, 1);
    proc_clear(&p);
}

/* The library is loaded from the install; without it there is nothing to show. */
static void mended__by_the_library__is_allowed(void **state)
{
    struct proc p;

    (void)state;
    verify(&p, u"--row mended-pipe --row mended-dir");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "to be allowed: 2 allowed, 0 broken\n"));
    proc_clear(&p);
    remove_file(u"rf\\objects\\ringfence-objects.dll");
    verify(&p, u"--row mended-pipe --row mended-dir");
    proc_assert_code(&p, 1);
    proc_assert(&p, strstr(p.out->at, "skipped: control failed (Win32 126)"));
    proc_clear(&p);
    put_install(u"rf");
}

static void tool__on_path__is_the_one_tried_and_no_shim(void **state)
{
    struct proc p;

    (void)state;
    prepare(&p, u"--row git-outside");
    proc_run(&p); /* a fake that knows no such word */
    proc_assert(&p, strstr(p.out->at, "skipped: control failed (exit code 99)"));
    proc_clear(&p);
    prepare(&p, u"--row git-outside");
    env_set(&p.env, u"PATH", place(u"rf\\shims"));
    proc_run(&p);
    proc_assert(&p, strstr(p.out->at, "skipped: not found on PATH"));
    proc_clear(&p);
}

static void bad_words__any__one_line_and_125(void **state)
{
    static const char16_t *const bad[] = { u"x",
                                           u"--level",
                                           u"--level enforce",
                                           u"--jason",
                                           u"--row",
                                           u"--row nonsense",
                                           u"--row net-ipv6",
                                           u"--list --row runner-pipe",
                                           u"--lowered --level enforced" };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct proc p;

        verify(&p, bad[i]);
        proc_assert_refused(&p, 125);
        proc_assert(&p, is_empty(place(u"temp")));
        proc_clear(&p);
    }
}

static void no_temp__any__one_line_and_125(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, place(u"rf\\ringfence.exe"), u" verify");
    env_set(&p.env, u"TEMP", place(u"missing"));
    env_set(&p.env, u"TMP", place(u"missing"));
    proc_run(&p);
    proc_assert_refused(&p, 125);
    proc_clear(&p);
}

static void act__by_itself__ends_with_its_error(void **state)
{
    static const struct {
        const char16_t *words;
        DWORD code;
    } acts[] = {
        { u"start", 0 },
        { u"create \"%ls\"", 0 },
        { u"create \"%ls\"", ERROR_FILE_EXISTS },
        { u"mkdir \"%ls\"", ERROR_ALREADY_EXISTS },
        { u"delete \"%ls\"", 0 },
        { u"delete \"%ls\"", ERROR_FILE_NOT_FOUND },
        { u"dance", ERROR_INVALID_PARAMETER },
        { u"", ERROR_INVALID_PARAMETER },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(acts); i++) {
        const char16_t *words = text(L"%ls", acts[i].words);
        struct proc p;

        if (wcschr(words, L'%'))
            words = text(L"%.*ls\"%ls\"", (int)wcscspn(words, L"\""), words,
                         place(u"ws\\act.txt"));
        proc_init(&p, place(u"rf\\ringfence.exe"), text(L" verify-act %ls", words));
        proc_run(&p);
        proc_assert_code(&p, acts[i].code);
        proc_assert(&p, p.out->bytes == 0 && p.err->bytes == 0);
        proc_clear(&p);
    }
}

/* As verify starts it on the fenced side of a row. */
static void act__by_the_runner__ends_with_its_error(void **state)
{
    static const struct {
        const char16_t *sid, *act;
        DWORD code;
    } acts[] = {
        { u"S-1-5-21-1380535879-1-2-3", u"create", 0 },
        { u"S-1-5-21-1380535879-1-2-3", u"create", ERROR_FILE_EXISTS },
        { u"S-1-5-21-1380535879-1-2-3", u"mkdir", ERROR_ALREADY_EXISTS },
        { u"S-1-1-0", u"delete", 126 }, /* no root's */
        { u"everybody", u"delete", 125 },
        { u"S-1-5-21-1380535879-1-2-3", u"delete", 0 },
    };
    const char16_t *self = place(u"rf\\ringfence.exe");

    (void)state;
    for (size_t i = 0; i < COUNT(acts); i++) {
        struct proc p;

        proc_init(&p, self,
                  text(L" verify-act --own-runner %ls \"%ls\" x verify-act %ls \"%ls\"",
                       acts[i].sid, self, acts[i].act, place(u"ws\\through.txt")));
        proc_run(&p);
        proc_assert_code(&p, acts[i].code);
        proc_assert(&p, p.out->bytes == 0);
        proc_clear(&p);
    }
    end_runner();
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__under_wine__claims_nothing_unseen),
        cmocka_unit_test(text__strict_under_wine__says_first_that_it_is_no_fence),
        cmocka_unit_test(lowered__under_wine__is_said_and_claims_nothing),
        cmocka_unit_test(enforced__without_accounts__is_refused),
        cmocka_unit_test(enforced__unproven__holds_nothing),
        cmocka_unit_test(ctrl_c__in_the_middle__all_is_put_away),
        cmocka_unit_test(verify_killed__a_target_is_asleep__it_goes_with_it),
        cmocka_unit_test(list__any__names_every_act_once_and_tries_none),
        cmocka_unit_test(row__some__these_alone_are_tried_and_decide),
        cmocka_unit_test(skipped__by_the_machine_alone__decides_nothing),
        cmocka_unit_test(mended__by_the_library__is_allowed),
        cmocka_unit_test(tool__on_path__is_the_one_tried_and_no_shim),
        cmocka_unit_test(bad_words__any__one_line_and_125),
        cmocka_unit_test(no_temp__any__one_line_and_125),
        cmocka_unit_test(act__by_itself__ends_with_its_error),
        cmocka_unit_test(act__by_the_runner__ends_with_its_error),
    };

    SetConsoleCtrlHandler(swallow_ctrl_c, TRUE);
    return harness_main(argc, argv, "verify", tests, COUNT(tests), true);
}
