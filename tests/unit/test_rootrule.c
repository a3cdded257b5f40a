#include "core/rootrule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GUID u"Volume{0123abcd-0000-0000-0000-100000000000}"

static char16_t text[256];
static struct u16buf out;

static void assert_path(const char16_t *given, const char16_t *want)
{
    out = U16BUF(text);
    assert_int_equal(rootrule_path(u16s_of(given), &out), ROOTRULE_LOCAL);
    assert_true(u16s_eq(u16buf_text(&out), u16s_of(want)));
}

static void rootrule_path__spellings_of_one__come_out_as_one(void **state)
{
    (void)state;
    assert_path(u"C:\\src\\app", u"\\\\?\\C:\\src\\app");
    assert_path(u"C:\\src\\app\\", u"\\\\?\\C:\\src\\app");
    assert_path(u"\\\\?\\C:\\src\\app", u"\\\\?\\C:\\src\\app");
    assert_path(u"\\??\\C:\\src\\app\\\\", u"\\\\?\\C:\\src\\app");
    assert_path(u"\\\\.\\C:\\src\\app", u"\\\\?\\C:\\src\\app");
    assert_path(u"c:\\", u"\\\\?\\c:\\");
    assert_path(u"\\\\?\\" GUID u"\\a", u"\\\\?\\" GUID u"\\a");
    assert_path(u"\\\\?\\" GUID u"\\", u"\\\\?\\" GUID u"\\");
}

/* \\?\ takes such names as they are; they are other directories than those without. */
static void rootrule_path__names_that_win32_would_change__are_kept(void **state)
{
    (void)state;
    assert_path(u"\\\\?\\C:\\a.\\b ", u"\\\\?\\C:\\a.\\b ");
    assert_path(u"\\\\?\\C:\\con", u"\\\\?\\C:\\con");
    assert_path(u"\\\\?\\C:\\...", u"\\\\?\\C:\\...");
    assert_path(u"C:\\\xD83D", u"\\\\?\\C:\\\xD83D");
}

static void rootrule_path__share__is_network(void **state)
{
    static const char16_t *const shares[] = {
        u"\\\\server\\share\\x",
        u"\\\\?\\UNC\\server\\share",
        u"\\\\.\\unc\\server\\share",
        u"\\??\\UNC\\server\\share",
    };

    (void)state;
    out = U16BUF(text);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        assert_int_equal(rootrule_path(u16s_of(shares[i]), &out), ROOTRULE_NETWORK);
    assert_int_equal(out.len, 0);
}

static void rootrule_path__anything_else__is_odd(void **state)
{
    static const char16_t *const odd[] = {
        u"",
        u"C:",
        u"C:x",
        u"x\\y",
        u"\\x",
        u"1:\\x",
        u"\\\\.\\con",
        u"\\\\.\\PhysicalDrive0",
        u"\\\\?\\C:",
        u"\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\x",
        u"\\\\?\\Volume{1}",
        u"\\\\?\\Volume1\\x",
        u"\\\\?\\\\x",
        u"Volume{1}\\x",
        u"\\\\?\\C:\\a\\..\\b",
        u"\\\\?\\C:\\a\\.",
        u"\\\\?\\C:\\a\\\\b",
        u"\\\\?\\C:\\\\b",
        u"\\\\?\\C:/a",
        u"\\\\?\\C:\\a/b",
        u"C:\\a::$INDEX_ALLOCATION",
        u"C:\\a:$I30:$INDEX_ALLOCATION",
    };

    (void)state;
    out = U16BUF(text);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        if (rootrule_path(u16s_of(odd[i]), &out) != ROOTRULE_ODD)
            fail_msg("not odd: number %zu", i);
    assert_int_equal(rootrule_path((struct u16s){ u"C:\\a\0b", 6 }, &out), ROOTRULE_ODD);
    assert_int_equal(out.len, 0);
}

static void rootrule_path__no_room__is_cut(void **state)
{
    char16_t small[8];

    (void)state;
    out = U16BUF(small);
    assert_int_equal(rootrule_path(u16s_of(u"C:\\long"), &out), ROOTRULE_LOCAL);
    assert_true(out.cut);
}

static void rootrule_next_len__from_the_root__ends_each_component(void **state)
{
    struct u16s path = U16S("\\\\?\\C:\\ab\\c");
    size_t len = rootrule_root_len(path);

    (void)state;
    assert_int_equal(len, 7);
    assert_int_equal(len = rootrule_next_len(path, len), 9);
    assert_int_equal(len = rootrule_next_len(path, len), 11);
    assert_int_equal(rootrule_next_len(path, len), path.len + 1);
    path = U16S("\\\\?\\C:\\");
    assert_int_equal(rootrule_next_len(path, rootrule_root_len(path)), path.len + 1);
}

static void rootrule_parent_len__to_the_root__takes_one_component(void **state)
{
    struct u16s path = U16S("\\\\?\\C:\\ab\\c");

    (void)state;
    path.len = rootrule_parent_len(path);
    assert_true(u16s_eq(path, U16S("\\\\?\\C:\\ab")));
    path.len = rootrule_parent_len(path);
    assert_true(u16s_eq(path, U16S("\\\\?\\C:\\")));
    assert_int_equal(rootrule_parent_len(path), 0);
    path = U16S("\\\\?\\Volume{1}\\a");
    path.len = rootrule_parent_len(path);
    assert_true(u16s_eq(path, U16S("\\\\?\\Volume{1}\\")));
    assert_int_equal(rootrule_parent_len(path), 0);
    assert_int_equal(rootrule_root_len(u16s_of(u"C:\\a")), 0);
}

static void rootrule_expand__variables__are_the_systems_own(void **state)
{
    static const struct {
        const char16_t *value, *want;
    } rows[] = {
        { u"%SystemDrive%\\Users", u"D:\\Users" },
        { u"%systemdrive%\\ProgramData", u"D:\\ProgramData" },
        { u"%SystemRoot%\\x", u"D:\\Win\\x" },
        { u"%SystemRoot%", u"D:\\Win" },
        { u"C:\\Users\\100%", u"C:\\Users\\100%" },
        { u"%USERPROFILE%\\x", NULL },
        { u"%SystemDrive%Users", NULL },
        { u"Users", NULL },
        { u"\\\\server\\profiles\\me", NULL },
        { u"", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        out = U16BUF(text);
        assert_int_equal(rootrule_expand(u16s_of(rows[i].value), U16S("D:\\Win"), &out),
                         rows[i].want != NULL);
        assert_true(u16s_eq(u16buf_text(&out), u16s_of(rows[i].want)));
    }
    assert_false(rootrule_expand(U16S("%SystemRoot%\\x"), U16S("Win"), &out));
}

#define N ROOTRULE_APART

/* What two places say together; the second may be none. */
static const struct {
    struct rootrule_place places[2];
    enum rootcheck_verdict want;
} judged[] = {
    /* beside both */
    { { { ROOTCHECK_SYSTEM, ROOTRULE_TREE, N, N },
        { ROOTCHECK_PROFILE, ROOTRULE_CHILDREN, N, N } },
      ROOTCHECK_FINE },
    /* the place itself, above it, directly and deep in it */
    { { { ROOTCHECK_SYSTEM, ROOTRULE_TREE, 0, N } }, ROOTCHECK_SYSTEM },
    { { { ROOTCHECK_SYSTEM, ROOTRULE_TREE, 3, N } }, ROOTCHECK_SYSTEM },
    { { { ROOTCHECK_SYSTEM, ROOTRULE_TREE, N, 1 } }, ROOTCHECK_SYSTEM },
    { { { ROOTCHECK_SYSTEM, ROOTRULE_TREE, N, 9 } }, ROOTCHECK_SYSTEM },
    /* all profiles: a profile, but not what is in it */
    { { { ROOTCHECK_PROFILE, ROOTRULE_CHILDREN, 0, N } }, ROOTCHECK_PROFILE },
    { { { ROOTCHECK_PROFILE, ROOTRULE_CHILDREN, 1, N } }, ROOTCHECK_PROFILE },
    { { { ROOTCHECK_PROFILE, ROOTRULE_CHILDREN, N, 1 } }, ROOTCHECK_PROFILE },
    { { { ROOTCHECK_PROFILE, ROOTRULE_CHILDREN, N, 2 } }, ROOTCHECK_FINE },
    /* AppData\Local: what is in it is fine */
    { { { ROOTCHECK_PROFILE, ROOTRULE_ITSELF, 0, N } }, ROOTCHECK_PROFILE },
    { { { ROOTCHECK_PROFILE, ROOTRULE_ITSELF, 2, N } }, ROOTCHECK_PROFILE },
    { { { ROOTCHECK_PROFILE, ROOTRULE_ITSELF, N, 1 } }, ROOTCHECK_FINE },
    /* the box: what is in it, not it itself, nor what is beside it or above */
    { { { ROOTCHECK_FINE, ROOTRULE_EXEMPT, N, 1 },
        { ROOTCHECK_OWN, ROOTRULE_TREE, N, 2 } },
      ROOTCHECK_FINE },
    { { { ROOTCHECK_FINE, ROOTRULE_EXEMPT, 0, N },
        { ROOTCHECK_OWN, ROOTRULE_TREE, N, 1 } },
      ROOTCHECK_OWN },
    { { { ROOTCHECK_FINE, ROOTRULE_EXEMPT, N, N },
        { ROOTCHECK_OWN, ROOTRULE_TREE, N, 1 } },
      ROOTCHECK_OWN },
    { { { ROOTCHECK_FINE, ROOTRULE_EXEMPT, 1, N },
        { ROOTCHECK_OWN, ROOTRULE_TREE, 0, N } },
      ROOTCHECK_OWN },
    /* a tree inside the box, and one around it that is not ours (SYSTEM's profile) */
    { { { ROOTCHECK_FINE, ROOTRULE_EXEMPT, N, 5 },
        { ROOTCHECK_OWN, ROOTRULE_TREE, N, 2 } },
      ROOTCHECK_OWN },
    { { { ROOTCHECK_FINE, ROOTRULE_EXEMPT, N, 2 },
        { ROOTCHECK_SYSTEM, ROOTRULE_TREE, N, 8 } },
      ROOTCHECK_FINE },
    /* even there, nothing above a place */
    { { { ROOTCHECK_FINE, ROOTRULE_EXEMPT, N, 2 },
        { ROOTCHECK_OWN, ROOTRULE_TREE, 1, N } },
      ROOTCHECK_OWN },
    /* the nearest names it, the first of two as near */
    { { { ROOTCHECK_OWN, ROOTRULE_TREE, 4, N },
        { ROOTCHECK_PROFILE, ROOTRULE_ITSELF, 0, N } },
      ROOTCHECK_PROFILE },
    { { { ROOTCHECK_PROFILE, ROOTRULE_ITSELF, 0, N },
        { ROOTCHECK_OWN, ROOTRULE_TREE, 4, N } },
      ROOTCHECK_PROFILE },
    { { { ROOTCHECK_OWN, ROOTRULE_TREE, N, 1 },
        { ROOTCHECK_SYSTEM, ROOTRULE_TREE, N, 1 } },
      ROOTCHECK_OWN },
};

static void rootrule_judge__table__as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof judged / sizeof judged[0]; i++) {
        struct rootrule_judgement j;
        bool second = judged[i].places[1].verdict != ROOTCHECK_FINE;

        rootrule_judge_init(&j);
        rootrule_judge(&j, &judged[i].places[0]);
        if (second)
            rootrule_judge(&j, &judged[i].places[1]);
        if (j.verdict != judged[i].want)
            fail_msg("row %zu: %s, not %s", i, rootcheck_reason(j.verdict),
                     rootcheck_reason(judged[i].want));
    }
}

static void rootrule_judge__nearer_place__is_told_from_others(void **state)
{
    struct rootrule_judgement j;

    (void)state;
    rootrule_judge_init(&j);
    assert_true(rootrule_judge(
        &j, &(struct rootrule_place){ ROOTCHECK_SYSTEM, ROOTRULE_TREE, N, 3 }));
    assert_false(rootrule_judge(
        &j, &(struct rootrule_place){ ROOTCHECK_OWN, ROOTRULE_TREE, N, 3 }));
    assert_true(rootrule_judge(
        &j, &(struct rootrule_place){ ROOTCHECK_OWN, ROOTRULE_TREE, N, 2 }));
    assert_false(rootrule_judge(
        &j, &(struct rootrule_place){ ROOTCHECK_OWN, ROOTRULE_TREE, N, N }));
    assert_int_equal(j.verdict, ROOTCHECK_OWN);
}

static void rootcheck_reason__each_verdict__has_its_own(void **state)
{
    (void)state;
    for (int a = ROOTCHECK_FINE; a <= ROOTCHECK_FAILED; a++)
        for (int b = ROOTCHECK_FINE; b < a; b++)
            assert_string_not_equal(rootcheck_reason((enum rootcheck_verdict)a),
                                    rootcheck_reason((enum rootcheck_verdict)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rootrule_path__spellings_of_one__come_out_as_one),
        cmocka_unit_test(rootrule_path__names_that_win32_would_change__are_kept),
        cmocka_unit_test(rootrule_path__share__is_network),
        cmocka_unit_test(rootrule_path__anything_else__is_odd),
        cmocka_unit_test(rootrule_path__no_room__is_cut),
        cmocka_unit_test(rootrule_next_len__from_the_root__ends_each_component),
        cmocka_unit_test(rootrule_parent_len__to_the_root__takes_one_component),
        cmocka_unit_test(rootrule_expand__variables__are_the_systems_own),
        cmocka_unit_test(rootrule_judge__table__as_told),
        cmocka_unit_test(rootrule_judge__nearer_place__is_told_from_others),
        cmocka_unit_test(rootcheck_reason__each_verdict__has_its_own),
    };
    return cmocka_run_group_tests_name("rootrule", tests, NULL, NULL);
}
