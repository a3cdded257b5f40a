/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence verify` says of this machine what it has seen, never more.  Wine
 * keeps no restricting SIDs and few lists, so here nothing may be called enforced that
 * was not denied, everything inside works, and whatever verify made is gone afterwards.
 */
#include "harness.h"

static BOOL WINAPI swallow(DWORD type)
{
    return type == CTRL_C_EVENT;
}

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

static size_t count_keys(void)
{
    wchar_t name[256];
    size_t count = 0;
    HKEY key = NULL;

    assert_int_equal(
        RegOpenKeyExW(HKEY_CURRENT_USER, L"Software", 0, KEY_ENUMERATE_SUB_KEYS, &key),
        ERROR_SUCCESS);
    for (DWORD i = 0;; i++) {
        DWORD len = COUNT(name);

        if (RegEnumKeyExW(key, i, name, &len, NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
            break;
        count += !wcsncmp(name, L"ringfence-verify", 16);
    }
    RegCloseKey(key);
    return count;
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
        good = without && done && strstr(row, "\"expected\":\"allowed\"");
    else if (strstr(row, "\"verdict\":\"skipped\"")) /* Wine makes no junctions */
        good = strstr(row, "\"id\":\"docs-junction\"") ||
               (strstr(row, "\"id\":\"docs-short\"") && strstr(row, "no such name"));
    if (!good) {
        proc_show(p);
        print_error("not so: %s\n", row);
    }
    assert_true(good);
}

static void json__under_wine__claims_nothing_unseen(void **state)
{
    struct proc p;
    const char *at = NULL, *end = NULL;
    size_t rows = 0, files_enforced = 0;
    char *row = NULL;

    (void)state;
    verify(&p, u"--json");
    proc_assert_code(&p, 1);
    end = skip_value(p.out->at);
    proc_assert(&p, end && !strcmp(end + strspn(end, "\r\n"), ""));
    proc_assert(&p, !strncmp(p.out->at, "{\"schema\":1,\"level\":\"standard\"", 30));
    proc_assert(&p, strstr(p.out->at, "\"proven\":false,\"token\":\"not_kept\""));
    at = p.out->at;
    while ((row = row_text(&at)) != NULL) {
        check_row(&p, row);
        files_enforced += strstr(row, "\"verdict\":\"enforced\"") &&
                          !strstr(row, "\"id\":\"hkcu-") &&
                          !strstr(row, "\"id\":\"parent-");
        rows++;
        free(row);
    }
    proc_assert(&p, rows > 80);
    proc_assert(&p, files_enforced == 0);
    proc_assert(&p, p.err->bytes == 0);
    proc_assert(&p, is_empty(place(u"temp")));
    proc_assert(&p, count_keys() == 0);
    proc_clear(&p);
}

static void text__strict_under_wine__says_first_that_it_is_no_fence(void **state)
{
    struct proc p;

    (void)state;
    verify(&p, u"--level strict");
    proc_assert_code(&p, 1);
    proc_assert(&p, !strncmp(p.out->at, "strict fence: NOT A FENCE: ", 27));
    proc_assert(&p, strstr(p.out->at, " NOT enforced\n"));
    proc_assert(&p, !strstr(p.out->at, "BROKEN"));
    proc_assert(&p, strstr(p.out->at, " acts: 0 enforced, "));
    proc_assert(&p, is_empty(place(u"temp")));
    proc_assert(&p, count_keys() == 0);
    proc_clear(&p);
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
    proc_assert(&p, is_empty(place(u"temp")));
    proc_assert(&p, count_keys() == 0);
    proc_clear(&p);
}

static void bad_words__any__one_line_and_125(void **state)
{
    static const char16_t *const bad[] = { u"x", u"--level", u"--level enforced",
                                           u"--jason" };
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

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json__under_wine__claims_nothing_unseen),
        cmocka_unit_test(text__strict_under_wine__says_first_that_it_is_no_fence),
        cmocka_unit_test(ctrl_c__in_the_middle__all_is_put_away),
        cmocka_unit_test(bad_words__any__one_line_and_125),
        cmocka_unit_test(no_temp__any__one_line_and_125),
        cmocka_unit_test(act__by_itself__ends_with_its_error),
    };

    SetConsoleCtrlHandler(swallow, TRUE);
    return harness_main(argc, argv, "verify", tests, COUNT(tests), true);
}
