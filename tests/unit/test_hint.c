#include "core/hint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char16_t *tool, *tail;
    uint32_t code;
};

static void assert_rows(const struct row *rows, size_t count, bool want)
{
    for (size_t i = 0; i < count; i++) {
        char tail[128] = { 0 };

        u16s_to_utf8(u16s_of(rows[i].tail), tail, sizeof tail - 1);
        if (hint_follows(u16s_of(rows[i].tool), u16s_of(rows[i].tail), rows[i].code) !=
            want)
            fail_msg("%u:%s exit %u", (unsigned)i, tail, rows[i].code);
    }
}

#define ASSERT_ROWS(rows, want) assert_rows(rows, sizeof(rows) / sizeof(rows)[0], want)

static void hint_may_follow__tools__are_known_by_name(void **state)
{
    static const char16_t *const yes[] = { u"git", u"GIT",    u"git.exe",
                                           u"npm", u"python", u"curl" };
    static const char16_t *const no[] = { u"", u"ssh", u"gitk", u"gi", u"cmd", u".exe" };

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(hint_may_follow(u16s_of(yes[i])));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(hint_may_follow(u16s_of(no[i])));
}

static void hint_follows__network_words__get_one(void **state)
{
    static const struct row rows[] = {
        { u"git", u" push", 128 },
        { u"git", u" push origin main", 1 },
        { u"git", u"\tfetch --all", 128 },
        { u"git", u" pull", 1 },
        { u"git", u" clone https://x/y", 128 },
        { u"git", u" ls-remote", 128 },
        { u"git", u" remote update", 1 },
        { u"git", u" submodule update --init", 128 },
        { u"git", u" \"push\"", 128 },
        { u"GIT.EXE", u" push", 128 },
        { u"npm", u" install left-pad", 1 },
        { u"npm", u" i", 1 },
        { u"npm", u" ci", 1 },
        { u"npm", u" exec cowsay", 1 },
        { u"npm", u" view x", (uint32_t)-3008 },
        { u"npm", u" ci", (uint32_t)-4078 },
        { u"python", u" -m pip install x", 1 },
        { u"curl", u" https://x", 7 },
        { u"curl", u" -x http://127.0.0.1:9 https://x", 97 },
        { u"curl", u"", 5 },
    };
    (void)state;
    ASSERT_ROWS(rows, true);
}

static void hint_follows__other_words_codes_and_tools__get_none(void **state)
{
    static const struct row rows[] = {
        { u"curl", u" http://localhost:3000/", 7 },
        { u"curl", u" -s 127.0.0.1:3000", 7 },
        { u"curl", u" http://[::1]/", 7 },
        { u"git", u" push http://localhost:3000/x", 128 },
        { u"git", u" status", 128 },
        { u"git", u" commit -m push", 1 },
        { u"git", u" diff --exit-code", 1 },
        { u"git", u" -h", 128 },
        { u"git", u"", 1 },
        { u"git", u" \"\" push", 128 },
        { u"git", u" Push", 1 },
        { u"git", u" pus", 1 },
        { u"git", u" push pull", 0 },
        { u"git", u" push", 129 },
        { u"git", u" push", 0xFFFFFFFFu },
        { u"git", u" \"push fetch\"", 128 },
        { u"npm", u" run install", 1 },
        { u"npm", u" test", 1 },
        { u"npm", u" ci", 2 },
        { u"npm", u" ci", 0 },
        { u"python", u" script.py -m pip", 1 },
        { u"python", u" pip", 1 },
        { u"python", u" -c pip", 1 },
        { u"python", u" -m", 1 },
        { u"python", u" -m unittest", 1 },
        { u"python", u" -m pip install x", 2 },
        { u"curl", u" https://x", 22 },
        { u"curl", u" https://x", 0 },
        { u"ssh", u" host", 255 },
    };
    (void)state;
    ASSERT_ROWS(rows, false);
}

static void hint_follows__options_before_the_word__are_skipped(void **state)
{
    static const struct row yes[] = {
        { u"git", u" -C \"C:\\my dir\" push", 128 },
        { u"git", u" -C status push", 128 },
        { u"git", u" -c http.proxy=x -c a.b=c fetch", 128 },
        { u"git", u" --git-dir=C:\\x\\.git --work-tree=C:\\x pull", 1 },
        { u"git", u" --git-dir C:\\x\\.git pull", 1 },
        { u"git", u" --no-pager -p push", 128 },
        { u"git", u" -C -c push", 128 },
        { u"npm", u" --prefix web ci", 1 },
        { u"npm", u" --silent ci", 1 },
        { u"python", u" -u -X utf8 -m pip list", 1 },
        { u"python", u" -W -m -m pip", 1 },
        { u"py", u" -3.12 -m pip", 1 },
    };
    static const struct row no[] = {
        { u"git", u" -C push status", 128 },
        { u"git", u" -c push", 128 },
        { u"git", u" --git-dir push status", 128 },
        { u"git", u" --git-dir=push status", 128 },
        { u"npm", u" --prefix ci test", 1 },
        { u"python", u" -X -m pip", 1 },
    };
    (void)state;
    ASSERT_ROWS(yes, true);
    ASSERT_ROWS(no, false);
}

static void hint_follows__very_long_arguments__are_read_over(void **state)
{
    static char16_t tail[2000];
    size_t n = 0;

    (void)state;
    for (const char16_t *p = u" -c http.extraHeader="; *p; p++)
        tail[n++] = *p;
    while (n < 1500)
        tail[n++] = u'x';
    memcpy(tail + n, u" push", sizeof u" push");
    assert_true(hint_follows(U16S("git"), u16s_of(tail), 128));
    memcpy(tail, u" --git-dir=", sizeof u" --git-dir=" - sizeof tail[0]);
    for (n = 11; tail[n] != u' '; n++)
        tail[n] = u'x';
    assert_true(hint_follows(U16S("git"), u16s_of(tail), 128));
    /* A word that only begins like one of the list is none. */
    memcpy(tail, u" push", sizeof u" push" - sizeof tail[0]);
    for (n = 5; n < 1999; n++)
        tail[n] = u'x';
    assert_false(hint_follows(U16S("git"), u16s_of(tail), 128));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hint_may_follow__tools__are_known_by_name),
        cmocka_unit_test(hint_follows__network_words__get_one),
        cmocka_unit_test(hint_follows__other_words_codes_and_tools__get_none),
        cmocka_unit_test(hint_follows__options_before_the_word__are_skipped),
        cmocka_unit_test(hint_follows__very_long_arguments__are_read_over),
    };
    return cmocka_run_group_tests_name("hint", tests, NULL, NULL);
}
