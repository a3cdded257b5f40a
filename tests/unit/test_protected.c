#include "core/protected.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum protected_name name_of(const char16_t *name)
{
    const struct u16s more[] = { U16S("secret"), U16S(".env.local") };
    const struct protected_names names = { more, 2, false };

    return protected_name_of(&names, false, u16s_of(name), (struct u16s){ 0 });
}

static enum protected_name in_git(const char16_t *name)
{
    static const struct protected_names names = { .git_commit = true };

    return protected_name_of(&names, true, u16s_of(name), (struct u16s){ 0 });
}

static void protected_name_of__spellings__are_the_name(void **state)
{
    (void)state;
    assert_int_equal(name_of(u".git"), PROTECTED_GIT);
    assert_int_equal(name_of(u".GIT"), PROTECTED_GIT);
    assert_int_equal(name_of(u".Git. ."), PROTECTED_GIT);
    assert_int_equal(name_of(u".codex"), PROTECTED_NAME);
    assert_int_equal(name_of(u".Agents "), PROTECTED_NAME);
    assert_int_equal(name_of(u".ringfence"), PROTECTED_NAME);
    assert_int_equal(name_of(u"SECRET"), PROTECTED_NAME);
    assert_int_equal(name_of(u".env.LOCAL"), PROTECTED_NAME);
}

static void protected_name_of__others__are_not(void **state)
{
    static const char16_t *const other[] = {
        u"",       u".",       u"..",    u"git",     u".gitignore", u".github",
        u" .git",  u".gi",     u"git~1", u".git1",   u"secrets",    u"hooks",
        u"config", u"modules", u"..git", u".git\\x", u".env",
    };

    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_int_equal(name_of(other[i]), PROTECTED_NOT);
}

static void protected_name_of__alternate_name__counts_too(void **state)
{
    const struct u16s more[] = { U16S("SECRET~1"), U16S("old") };
    const struct protected_names names = { more, 2, false };

    (void)state;
    assert_int_equal(protected_name_of(&names, false, U16S(".git"), U16S("GIT~1")),
                     PROTECTED_GIT);
    assert_int_equal(protected_name_of(&names, false, U16S("x"), U16S(".GIT")),
                     PROTECTED_GIT);
    assert_int_equal(
        protected_name_of(&names, false, U16S("secret plans"), U16S("SECRET~1")),
        PROTECTED_NAME);
    /* Two names, two verdicts: as a name it is closed whole, as .git perhaps in parts. */
    assert_int_equal(protected_name_of(&names, false, U16S("old"), U16S(".git")),
                     PROTECTED_NAME);
}

static void protected_name_of__in_git_where_commits_work__only_parts_are(void **state)
{
    static const char16_t *const part[] = { u"hooks",    u"CONFIG",    u"info",
                                            u"modules",  u"commondir", u"config.worktree",
                                            u"worktrees" };
    static const char16_t *const free_ones[] = { u"objects",        u"refs",
                                                 u"HEAD",           u"index",
                                                 u"index.lock",     u"config.lock",
                                                 u"COMMIT_EDITMSG", u"logs" };

    (void)state;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        assert_int_equal(in_git(part[i]), PROTECTED_NAME);
    for (size_t i = 0; i < sizeof free_ones / sizeof free_ones[0]; i++)
        assert_int_equal(in_git(free_ones[i]), PROTECTED_NOT);
}

static enum protected_gitfile read(const char *text, size_t bytes, struct u16buf *path)
{
    return protected_read_gitfile(text, bytes, path);
}

#define READ(literal) read(literal, sizeof(literal) - 1, &path)

static void protected_read_gitfile__good__gives_the_path(void **state)
{
    char16_t text[64];
    struct u16buf path = U16BUF(text);

    (void)state;
    assert_int_equal(READ("gitdir: ../.git/modules/sub\n"), PROTECTED_GITFILE_PATH);
    assert_true(u16s_eq(u16buf_text(&path), U16S("..\\.git\\modules\\sub")));
    path = U16BUF(text);
    assert_int_equal(READ("gitdir: C:/r\xC3\xA9po/.git/worktrees/x\r\n\n"),
                     PROTECTED_GITFILE_PATH);
    assert_true(u16s_eq(u16buf_text(&path), U16S("C:\\r\u00E9po\\.git\\worktrees\\x")));
    path = U16BUF(text);
    assert_int_equal(READ("gitdir:   x "), PROTECTED_GITFILE_PATH); /* as git has it */
    assert_true(u16s_eq(u16buf_text(&path), U16S("  x ")));
    path = U16BUF(text);
    assert_int_equal(READ("gitdir: x\0\ny"), PROTECTED_GITFILE_PATH);
    assert_true(u16s_eq(u16buf_text(&path), U16S("x")));
}

static void protected_read_gitfile__no_gitdir__is_not_one(void **state)
{
    char16_t text[64];
    struct u16buf path = U16BUF(text);

    (void)state;
    assert_int_equal(READ(""), PROTECTED_GITFILE_NOT);
    assert_int_equal(READ("gitdir:"), PROTECTED_GITFILE_NOT);
    assert_int_equal(READ("gitdir:x"), PROTECTED_GITFILE_NOT);
    assert_int_equal(READ("GITDIR: x"), PROTECTED_GITFILE_NOT);
    assert_int_equal(READ("\xEF\xBB\xBFgitdir: x"), PROTECTED_GITFILE_NOT);
    assert_int_equal(path.len, 0);
}

static void protected_read_gitfile__bad_path__leaves_the_buffer(void **state)
{
    static char big[PROTECTED_GITFILE_BYTES_MAX + 1] = "gitdir: x";
    char16_t text[8];
    struct u16buf path = U16BUF(text);

    (void)state;
    u16buf_addc(&path, u'!');
    assert_int_equal(READ("gitdir: "), PROTECTED_GITFILE_BAD);
    assert_int_equal(READ("gitdir: \r\n"), PROTECTED_GITFILE_BAD);
    assert_int_equal(READ("gitdir: a\nb"), PROTECTED_GITFILE_BAD);
    assert_int_equal(READ("gitdir: ab\xC3"), PROTECTED_GITFILE_BAD);
    assert_int_equal(READ("gitdir: \xEF\xBB\xBFx"), PROTECTED_GITFILE_BAD);
    assert_int_equal(READ("gitdir: 1234567"), PROTECTED_GITFILE_BAD);
    assert_int_equal(read(big, sizeof big, &path), PROTECTED_GITFILE_BAD);
    assert_false(path.cut);
    assert_true(u16s_eq(u16buf_text(&path), U16S("!")));
    assert_int_equal(text[1], 0);
}

static const char16_t *resolved(const char16_t *root, const char16_t *directory,
                                const char16_t *path)
{
    static char16_t text[512];
    struct u16buf rel = U16BUF(text);
    bool inside =
        protected_resolve_gitdir(u16s_of(root), u16s_of(directory), u16s_of(path), &rel);

    assert_int_equal(inside, rel.len != 0);
    assert_int_equal(text[rel.len], 0);
    return text;
}

static void assert_leads(const char16_t *path, const char16_t *to)
{
    static const char16_t *const roots[] = { u"C:\\src\\app", u"\\\\?\\C:\\src\\app" };

    for (size_t i = 0; i < 2; i++)
        if (!u16s_eq(u16s_of(resolved(roots[i], u"sub\\x", path)), u16s_of(to)))
            fail_msg("root %zu, path of %zu units", i, u16_len(path));
}

static void protected_resolve_gitdir__inside__is_relative_to_the_root(void **state)
{
    (void)state;
    assert_leads(u"..\\..\\.git\\modules\\x", u".git\\modules\\x");
    assert_leads(u"y", u"sub\\x\\y");
    assert_leads(u".", u"sub\\x");
    assert_leads(u"..\\\\.\\y\\\\", u"sub\\y");
    assert_leads(u"..\\y. .\\z ", u"sub\\y\\z"); /* as Win32 opens it */
    assert_leads(u"C:\\src\\app\\g", u"g");
    assert_leads(u"c:\\SRC\\App\\g", u"g");
    assert_leads(u"\\src\\app\\g", u"g");
    assert_leads(u"..\\..\\..\\app\\g", u"g");
    assert_leads(u"..\\..\\..\\..\\..\\..\\src\\app\\g", u"g");
    assert_leads(u"C:\\x\\..\\src\\app\\g", u"g");
    assert_true(u16s_eq(u16s_of(resolved(u"C:\\a", u"", u"g\\h")), U16S("g\\h")));
    assert_true(
        u16s_eq(u16s_of(resolved(u"\\\\?\\Volume{1}\\a", u"b", u"..\\g")), U16S("g")));
    assert_true(
        u16s_eq(u16s_of(resolved(u"\\\\?\\Volume{1}\\a", u"b", u"\\a\\g")), U16S("g")));
}

static void protected_resolve_gitdir__elsewhere__is_nothing(void **state)
{
    static const char16_t *const paths[] = {
        u"",
        u"..\\..",
        u"..\\..\\..",
        u"..\\..\\..\\app2\\g",
        u"..\\..\\..\\ap",
        u"\\",
        u"\\src\\app",
        u"C:\\src\\app",
        u"C:\\src\\app\\",
        u"C:\\src\\app2\\g",
        u"C:\\src\\app\\..\\g",
        u"C:",
        u"C:g",
        u"C:..\\src\\app\\g",
        u"D:\\src\\app\\g",
        u"\\\\host\\share\\g",
        u"\\\\?\\UNC\\host\\share\\g",
        u"\\\\.\\UNC\\host\\share\\g",
        u"\\\\?\\C:\\src\\app\\g",
        u"\\\\.\\pipe\\g",
        u"\\\\?\\GLOBALROOT\\Device\\Mup\\host\\share\\g",
        u"\\?\x3F\\C:\\src\\app\\g",
        u"\\?\x3F\\UNC\\host\\share",
        u"g:stream",
        u"g::$INDEX_ALLOCATION",
        u"g:$I30:$INDEX_ALLOCATION\\x",
        u"g\\:\\x",
        u"x*",
        u"x?",
        u"a/b",
        u"...",
        u"a\\. .\\b",
        u"a\x01",
    };

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_leads(paths[i], u"");
    assert_int_equal(resolved(u"\\\\host\\share\\a", u"b", u"g")[0], 0);
    assert_int_equal(resolved(u"\\\\?\\UNC\\host\\a", u"b", u"g")[0], 0);
    assert_int_equal(resolved(u"\\\\?\\Volume{1}\\a", u"b", u"C:\\a\\g")[0], 0);
    assert_int_equal(resolved(u"", u"", u"g")[0], 0);
}

static void protected_resolve_gitdir__no_room__is_nothing(void **state)
{
    char16_t text[8];
    struct u16buf rel = U16BUF(text);

    (void)state;
    assert_false(
        protected_resolve_gitdir(U16S("C:\\root"), U16S(""), U16S("long"), &rel));
    assert_int_equal(rel.len, 0);
    assert_false(rel.cut);
    assert_true(protected_resolve_gitdir(U16S("C:\\r"), U16S(""), U16S("long"), &rel));
    assert_true(u16s_eq(u16buf_text(&rel), U16S("long")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protected_name_of__spellings__are_the_name),
        cmocka_unit_test(protected_name_of__others__are_not),
        cmocka_unit_test(protected_name_of__alternate_name__counts_too),
        cmocka_unit_test(protected_name_of__in_git_where_commits_work__only_parts_are),
        cmocka_unit_test(protected_read_gitfile__good__gives_the_path),
        cmocka_unit_test(protected_read_gitfile__no_gitdir__is_not_one),
        cmocka_unit_test(protected_read_gitfile__bad_path__leaves_the_buffer),
        cmocka_unit_test(protected_resolve_gitdir__inside__is_relative_to_the_root),
        cmocka_unit_test(protected_resolve_gitdir__elsewhere__is_nothing),
        cmocka_unit_test(protected_resolve_gitdir__no_room__is_nothing),
    };
    return cmocka_run_group_tests_name("protected", tests, NULL, NULL);
}
