#include "core/toolname.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void toolname_is_good__names_of_tools__are(void **state)
{
    static const char16_t *const good[] = {
        u"git",     u"g++", u"clang-14", u"python3.11", u"npm", u"7z",
        u"console", u"com", u"com10",    u"nullify",    u"a",   u"\u00E9diteur",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(toolname_is_good(u16s_of(good[i])));
}

static void toolname_is_good__paths_devices_and_the_like__are_not(void **state)
{
    static const char16_t *const bad[] = {
        u"",      u".",     u"..",       u"..\\x",     u"a\\b",   u"a/b",   u"c:x",
        u"a*",    u"a?",    u"a b",      u" a",        u"a ",     u"a.",    u".a",
        u"a\"b",  u"a|b",   u"a<b",      u"a\tb",      u"a\x7F",  u"con",   u"NUL",
        u"nul.x", u"COM1",  u"lpt9.txt", u"COM\u00B9", u"CONIN$", u"x.exe", u"x.EXE",
        u"x.cmd", u"x.bat", u"x.com",
    };
    static char16_t longest[TOOLNAME_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(toolname_is_good(u16s_of(bad[i])));
    for (size_t i = 0; i <= TOOLNAME_MAX; i++)
        longest[i] = u'x';
    assert_false(toolname_is_good(u16s_of(longest)));
    longest[TOOLNAME_MAX] = 0;
    assert_true(toolname_is_good(u16s_of(longest)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toolname_is_good__names_of_tools__are),
        cmocka_unit_test(toolname_is_good__paths_devices_and_the_like__are_not),
    };
    return cmocka_run_group_tests_name("toolname", tests, NULL, NULL);
}
