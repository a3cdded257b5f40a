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
    };
    return cmocka_run_group_tests_name("protected", tests, NULL, NULL);
}
