#include "core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct policy policy;
static struct err err;
static size_t line;

static bool read_bytes(const char *text, size_t bytes, const char16_t *dir)
{
    policy_init(&policy);
    memset(&err, 0, sizeof err);
    line = 999;
    return policy_read(&policy, text, bytes, u16s_of(dir), &line, &err);
}

static bool read_for(const char *text, const char16_t *dir)
{
    return read_bytes(text, strlen(text), dir);
}

static void assert_text(struct u16s s, const char16_t *want)
{
    char a[256] = { 0 }, b[256] = { 0 };

    u16s_to_utf8(s, a, sizeof a - 1);
    u16s_to_utf8(u16s_of(want), b, sizeof b - 1);
    assert_string_equal(a, b);
}

/* The fault is at_line's, has `word` in its rule, and nothing was taken from the file. */
static void assert_fault(const char *text, size_t at_line, const char *word)
{
    if (read_for(text, u"C:\\work"))
        fail_msg("accepted: %s", text);
    if (!strstr(err.call, word) || line != at_line)
        fail_msg("%u: \"%s\" for: %s", (unsigned)line, err.call, text);
    assert_int_equal(err.domain, ERR_RULE);
    assert_int_equal(policy.want, LEVEL_WANT_AUTO);
    assert_false(policy.network_on);
    assert_int_equal(policy.keep.len + policy.workspace.len + policy.root_count, 0);
}

static void policy_read__empty_or_comments__leaves_the_defaults(void **state)
{
    static const char *const texts[] = { "", "\n\n",
                                         "; level = confined\r\n  # x\r\n\t\n",
                                         "\xEF\xBB\xBF" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(read_for(texts[i], u"C:\\work"));
        assert_int_equal(policy.want, LEVEL_WANT_AUTO);
        assert_int_equal(policy.require, LEVEL_ADVISORY);
        assert_false(policy.network_on);
        assert_int_equal(policy.keep.len + policy.workspace.len + policy.root_count, 0);
    }
}

static void policy_read__every_key__is_taken(void **state)
{
    (void)state;
    assert_true(read_for("\xEF\xBB\xBF[C:\\work]\r\n"
                         "level=enforced\r\n"
                         "  require =\tconfined \r\n"
                         "network = on\r\n"
                         "keep = AWS_*, GH_TOKEN\r\n"
                         "root = D:\\out dir\\\r\n"
                         "keep = NPM_TOKEN\r\n"
                         "fence = strict\r\n"
                         "git = commit\r\n"
                         "integrity = lowered\r\n"
                         "hard_links = write\r\n"
                         "appeared = quarantine\r\n"
                         "protect = .vscode, keys\r\n"
                         "protect = package.json\r\n"
                         "root = \\\\server\\share\\x",
                         u"C:\\work"));
    assert_int_equal(policy.fence, POLICY_FENCE_STRICT);
    assert_true(policy.git_commit && policy.lowered && policy.hard_links);
    assert_true(policy.quarantine);
    assert_int_equal(policy.protect_count, 3);
    assert_text(policy.protect[0], u".vscode");
    assert_text(policy.protect[2], u"package.json");
    assert_int_equal(policy.want, LEVEL_WANT_ENFORCED);
    assert_int_equal(policy.require, LEVEL_CONFINED);
    assert_true(policy.network_on);
    assert_text(policy.keep, u"AWS_*,GH_TOKEN,NPM_TOKEN");
    assert_text(policy.workspace, u"C:\\work");
    assert_int_equal(policy.root_count, 2);
    assert_text(policy.root[0], u"D:\\out dir");
    assert_text(policy.root[1], u"\\\\server\\share\\x");
}

static void policy_read__success__points_into_its_own_text(void **state)
{
    struct u16s *const all[] = { &policy.keep, &policy.workspace, &policy.root[0],
                                 &policy.protect[0] };

    (void)state;
    assert_true(read_for("[C:\\work]\nkeep=A\nroot=C:\\b\nprotect=x\n", u"C:\\work"));
    for (size_t i = 0; i < 4; i++) {
        assert_true(all[i]->at >= policy.text);
        assert_true(all[i]->at + all[i]->len <= policy.text + POLICY_TEXT_CAP);
    }
}

static void
policy_read__section_over_default__replaces_values_and_adds_lists(void **state)
{
    (void)state;
    /* [default] counts first, wherever it stands. */
    assert_true(
        read_for("[C:\\work]\nnetwork = off\nkeep = B\nroot = C:\\b\n"
                 "[default]\nlevel = confined\nnetwork = on\nkeep = A\nroot = C:\\a\n",
                 u"C:\\work"));
    assert_int_equal(policy.want, LEVEL_WANT_CONFINED);
    assert_false(policy.network_on);
    assert_text(policy.keep, u"A,B");
    assert_text(policy.root[0], u"C:\\a");
    assert_text(policy.root[1], u"C:\\b");
}

static void policy_read__dir_outside__takes_only_the_default(void **state)
{
    static const char text[] = "[default]\nlevel = advisory\n[C:\\work]\nnetwork = on\n";
    static const char16_t *const outside[] = {
        u"C:\\",     u"C:\\workshop", u"C:\\wor",
        u"D:\\work", u"\\\\work\\C:", u"C:\\x\\work",
    };
    (void)state;
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_true(read_for(text, outside[i]));
        assert_int_equal(policy.want, LEVEL_WANT_ADVISORY);
        assert_false(policy.network_on);
        assert_int_equal(policy.workspace.len, 0);
    }
}

static void policy_read__dir_inside__takes_the_section(void **state)
{
    static const struct {
        const char *section;
        const char16_t *dir, *workspace;
    } rows[] = {
        { "[C:\\work]", u"c:\\WORK", u"C:\\work" },
        { "[C:\\work\\]", u"C:\\work", u"C:\\work" },
        { "[ C:/work// ]", u"C:\\work\\sub\\", u"C:\\work" },
        { "[C:\\work]", u"C:/work/a/b", u"C:\\work" },
        { "[c:\\]", u"C:\\work", u"c:\\" },
        { "[C:\\a]b]", u"C:\\a]b", u"C:\\a]b" },
        { "[C:\\work]", u"\\\\?\\C:\\work\\x", u"C:\\work" },
        { "[\\\\?\\C:\\]", u"C:\\work", u"\\\\?\\C:\\" },
        { "[\\\\server\\share]", u"\\\\SERVER\\share\\a", u"\\\\server\\share" },
        { "[//server/share/]", u"\\\\?\\UNC\\server\\share\\a", u"\\\\server\\share" },
        { "[\\\\?\\unc\\s\\d]", u"\\\\s\\d", u"\\\\?\\unc\\s\\d" },
        { "[\\\\?\\Volume{1-2}\\w]", u"\\\\?\\volume{1-2}\\W\\x",
          u"\\\\?\\Volume{1-2}\\w" },
        { "[C:\\\xC3\xA9t\xC3\xA9]", u"C:\\\u00C9T\u00C9\\x", u"C:\\\u00E9t\u00E9" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];

        snprintf(text, sizeof text, "%s\nnetwork = on\n", rows[i].section);
        if (!read_for(text, rows[i].dir) || !policy.network_on)
            fail_msg("%s: %s", text, err.call ? err.call : "not matched");
        assert_text(policy.workspace, rows[i].workspace);
    }
}

static void policy_read__nested_sections__takes_the_longest(void **state)
{
    static const char text[] = "[C:\\w\\deep]\nlevel = enforced\n"
                               "[C:\\]\nlevel = advisory\nnetwork = on\n"
                               "[C:\\w]\nlevel = confined\n";
    (void)state;
    assert_true(read_for(text, u"C:\\w\\deep\\er"));
    assert_int_equal(policy.want, LEVEL_WANT_ENFORCED);
    assert_false(policy.network_on);
    assert_true(read_for(text, u"C:\\w\\x"));
    assert_int_equal(policy.want, LEVEL_WANT_CONFINED);
    assert_true(read_for(text, u"C:\\x"));
    assert_int_equal(policy.want, LEVEL_WANT_ADVISORY);
    assert_true(policy.network_on);
}

static void policy_read__bad_line__is_a_fault_with_rule_and_line(void **state)
{
    static const struct {
        const char *text;
        size_t at_line;
        const char *word;
    } rows[] = {
        { "level = auto\n", 1, "before the first" },
        { "[default]\nlevle = auto\n", 2, "unknown key" },
        { "[default]\nLevel = auto\n", 2, "unknown key" },
        { "[default]\n = auto\n", 2, "unknown key" },
        { "[default]\nlevel = strict\n", 2, "level is none of" },
        { "[default]\nlevel = Confined\n", 2, "level is none of" },
        { "[default]\nfence = lax\n", 2, "fence is none of" },
        { "[default]\ngit = on\n", 2, "git is neither" },
        { "[default]\nintegrity = low\n", 2, "integrity is neither" },
        { "[default]\nhard_links = yes\n", 2, "hard_links is neither" },
        { "[default]\nappeared = delete\n", 2, "appeared is neither" },
        { "[default]\ngit = commit\ngit = commit\n", 3, "twice in one" },
        { "[default]\nprotect = a,,b\n", 2, "protect is not" },
        { "[default]\nprotect = a\\b\n", 2, "protect is not" },
        { "[default]\nprotect = a/b\n", 2, "protect is not" },
        { "[default]\nprotect = ..\n", 2, "protect is not" },
        { "[default]\nprotect = *.key\n", 2, "protect is not" },
        { "[default]\nprotect = a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n", 2, "16 names" },
        { "[default]\nlevel = \"auto\"\n", 2, "level is none of" },
        { "[default]\nrequire = auto\n", 2, "require is none of" },
        { "[default]\nnetwork = yes\n", 2, "network is neither" },
        { "[default]\nnetwork = On\n", 2, "network is neither" },
        { "[default]\nnetwork =\n", 2, "no value" },
        { "[default]\nnetwork on\n", 2, "neither [section]" },
        { "[default]\nnetwork = on ; why\n", 2, "line of its own" },
        { "[default]\nroot = C:\\x; why\n", 2, "line of its own" },
        { "[default]\nroot = C:\\x # why\n", 2, "line of its own" },
        { "[C:\\x] ; [old]\n", 1, "line of its own" },
        { "[default]\n\n; x\nlevel = auto\nlevel = auto\n", 5, "twice in one" },
        { "[default]\nrequire = advisory\nrequire = enforced\n", 3, "twice in one" },
        { "[default]\nnetwork = off\nnetwork = on\n", 3, "twice in one" },
        { "[default]\n[C:\\a]\n[default]\n", 3, "there twice" },
        { "[C:\\a]\n[c:/A/]\n", 2, "there twice" },
        { "[C:\\a]\n[\\\\?\\C:\\a]\n", 2, "there twice" },
        { "[default]\nkeep = A,,B\n", 2, "keep is not" },
        { "[default]\nkeep = A,\n", 2, "keep is not" },
        { "[default]\nkeep = A B\n", 2, "keep is not" },
        { "[default]\nkeep = A=B\n", 2, "keep is not" },
        { "[default]\nroot = out\n", 2, "not absolute" },
        { "[default]\nroot = \\out\n", 2, "not absolute" },
        { "[default]\nroot = C:out\n", 2, "not absolute" },
        { "[default]\nroot = %TEMP%\\x\n", 2, "not absolute" },
        { "[default]\nroot = C:\\a\\..\\b\n", 2, "dot" },
        { "[default]\nroot = C:\\a.\n", 2, "dot" },
        { "[default]\nroot = C:\\a \\b\n", 2, "blank" },
        { "[default]\nroot = \"C:\\a\"\n", 2, "not absolute" },
        { "[default]\nroot = C:\\a\\*\n", 2, "has one of" },
        { "[default]\nroot = C:\\a:stream\n", 2, "has one of" },
        { "[Default]\n", 1, "not absolute" },
        { "[]\n", 1, "not absolute" },
        { "[\n", 1, "no ]" },
        { "[C:]\n", 1, "not absolute" },
        { "[C:\\a\n", 1, "no ]" },
        { "[C:\\*]\n", 1, "has one of" },
        { "[\\\\server]\n", 1, "server and a share" },
        { "[\\\\?\\UNC\\server]\n", 1, "server and a share" },
        { "[\\\\.\\C:\\x]\n", 1, "dot" },
        { "[\\\\?\\]\n", 1, "not absolute" },
        { "[\\\\?\\C:]\n", 1, "has one of" },
        { "[default]\nlevel = auto\rlevel = auto\n", 2, "control" },
        { "; caf\xE9\n", 1, "UTF-8" },
        { "[default]\n\xFF\xFEl\n", 2, "UTF-8" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_fault(rows[i].text, rows[i].at_line, rows[i].word);
}

static void policy_read__fault_in_a_section_that_does_not_apply__is_a_fault(void **state)
{
    (void)state;
    assert_fault("[C:\\work]\nnetwork = on\n[D:\\other]\nlevel = no\n", 4, "level");
}

static void policy_read__nul__is_a_fault_also_in_comments(void **state)
{
    static const char value[] = "[default]\nlevel = auto\0\n";
    static const char comment[] = "[default]\n; a\0b\n";

    (void)state;
    assert_false(read_bytes(value, sizeof value - 1, u"C:\\work"));
    assert_int_equal(line, 2);
    assert_false(read_bytes(comment, sizeof comment - 1, u"C:\\work"));
    assert_int_equal(line, 2);
    assert_non_null(strstr(err.call, "NUL"));
}

static void policy_read__fault__names_the_object(void **state)
{
    (void)state;
    assert_false(read_for("[default]\nlevle = auto\n", u"C:\\work"));
    assert_text(u16s_of(err.object), u"levle");
    assert_false(read_for("\xE4\n", u"C:\\work"));
    assert_string_equal(err.hint, "save the file as UTF-8");
}

static void policy_read__too_much__is_a_fault(void **state)
{
    static char text[POLICY_BYTES_MAX + 2];
    size_t n = 0;

    (void)state;
    memset(text, '\n', sizeof text);
    assert_true(read_bytes(text, POLICY_BYTES_MAX, u"C:\\work"));
    assert_false(read_bytes(text, POLICY_BYTES_MAX + 1, u"C:\\work"));
    assert_int_equal(line, 0);

    memset(text, ';', POLICY_LINE_CAP);
    assert_true(read_bytes(text, POLICY_LINE_CAP - 1, u"C:\\work"));
    assert_false(read_bytes(text, POLICY_LINE_CAP, u"C:\\work"));
    assert_int_equal(line, 1);

    n = (size_t)sprintf(text, "[default]\n");
    for (unsigned i = 0; i < POLICY_ROOTS_MAX; i++)
        n += (size_t)sprintf(text + n, "root = C:\\%u\n", i);
    assert_true(read_bytes(text, n, u"C:\\work"));
    assert_int_equal(policy.root_count, POLICY_ROOTS_MAX);
    sprintf(text + n, "[C:\\work]\nroot = C:\\x\n");
    assert_true(read_for(text, u"D:\\"));
    assert_fault(text, POLICY_ROOTS_MAX + 3, "more than 16 roots");

    n = 0;
    for (unsigned i = 0; i < POLICY_SECTIONS_MAX; i++)
        n += (size_t)sprintf(text + n, "[C:\\%u]\n", i);
    assert_true(read_bytes(text, n, u"C:\\work"));
    sprintf(text + n, "[C:\\x]\n");
    assert_fault(text, POLICY_SECTIONS_MAX + 1, "too many sections");
}

static void policy_read__lists_too_long_together__is_a_fault(void **state)
{
    static char text[3 * POLICY_TEXT_CAP];
    static const char tail[] = "\n[C:\\work]\nroot = C:\\";
    size_t n = 0, room = POLICY_TEXT_CAP - 3000 - (sizeof "C:\\work" - 1);
    char *root = NULL;

    (void)state;
    n = (size_t)sprintf(text, "[default]\nkeep = ");
    memset(text + n, 'K', 3000);
    root = text + n + 3000 + sizeof tail - 1;
    memcpy(text + n + 3000, tail, sizeof tail);
    memset(root, 'r', room - 3);
    assert_true(read_for(text, u"C:\\work"));
    assert_int_equal(policy.keep.len, 3000);
    assert_int_equal(policy.root[0].len, room);
    root[room - 3] = 'r';
    assert_fault(text, 4, "too long together");
}

static void policy_read__keep_too_long__is_a_fault(void **state)
{
    static char text[3 * POLICY_TEXT_CAP];
    char *end = text;
    size_t room = POLICY_TEXT_CAP - 3000 - 1; /* the comma */

    (void)state;
    end += sprintf(end, "[default]\nkeep = ");
    memset(end, 'K', 3000);
    end += 3000;
    end += sprintf(end, "\nkeep = ");
    memset(end, 'L', room);
    assert_true(read_for(text, u"C:\\work"));
    assert_int_equal(policy.keep.len, POLICY_TEXT_CAP);
    end[room] = 'L';
    assert_fault(text, 3, "too long together");
}

static void policy_read__dir_that_cannot_be_compared__is_a_fault(void **state)
{
    static const char16_t *const bad[] = {
        u"", u"work", u"\\work", u"C:", u"C:work", u"C:\\work\\..\\x", u"C:\\.\\work",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(read_for("[default]\nnetwork = on\n", bad[i]));
        assert_int_equal(line, 0);
        assert_false(policy.network_on);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_read__empty_or_comments__leaves_the_defaults),
        cmocka_unit_test(policy_read__every_key__is_taken),
        cmocka_unit_test(policy_read__success__points_into_its_own_text),
        cmocka_unit_test(
            policy_read__section_over_default__replaces_values_and_adds_lists),
        cmocka_unit_test(policy_read__dir_outside__takes_only_the_default),
        cmocka_unit_test(policy_read__dir_inside__takes_the_section),
        cmocka_unit_test(policy_read__nested_sections__takes_the_longest),
        cmocka_unit_test(policy_read__bad_line__is_a_fault_with_rule_and_line),
        cmocka_unit_test(policy_read__fault_in_a_section_that_does_not_apply__is_a_fault),
        cmocka_unit_test(policy_read__nul__is_a_fault_also_in_comments),
        cmocka_unit_test(policy_read__fault__names_the_object),
        cmocka_unit_test(policy_read__too_much__is_a_fault),
        cmocka_unit_test(policy_read__lists_too_long_together__is_a_fault),
        cmocka_unit_test(policy_read__keep_too_long__is_a_fault),
        cmocka_unit_test(policy_read__dir_that_cannot_be_compared__is_a_fault),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
