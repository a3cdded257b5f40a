#include "core/runlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 134400000000000000u /* 2026-11-26 */

/* A run like any. */
static struct runlog_entry git;

static int set_up(void **state)
{
    (void)state;
    git = (struct runlog_entry){ .time = NOW,
                                 .level = LEVEL_CONFINED,
                                 .network_on = true,
                                 .code = 0xC0000042,
                                 .arguments = 2,
                                 .tool = U16S("git"),
                                 .root = U16S("C:\\src\\\u4e2d") };
    return 0;
}

static void parse__what_was_formatted__is_the_same(void **state)
{
    char line[RUNLOG_LINE_BYTES];
    char16_t text[RUNLOG_TEXT_CAP];
    struct runlog_entry e = { .time = 0 };
    size_t bytes = runlog_format(&git, line);

    (void)state;
    assert_int_equal(line[bytes - 1], '\n');
    assert_true(runlog_parse(&e, line, bytes - 1, text));
    assert_true(e.time == git.time && e.level == git.level && e.code == git.code);
    assert_true(e.network_on && !e.unproven && e.arguments == 2);
    assert_true(u16s_eq(e.tool, git.tool) && u16s_eq(e.root, git.root));
    for (size_t cut = 0; line[cut] != 'C'; cut++) /* no torn one is taken for whole */
        assert_false(runlog_parse(&e, line, cut, text));
}

/* Whatever is in a name, a line stays one line, and fits. */
static void format__controls_and_length__are_one_line(void **state)
{
    static char16_t name[2000];
    char line[RUNLOG_LINE_BYTES];
    char16_t text[RUNLOG_TEXT_CAP];
    struct runlog_entry e = git;
    size_t bytes = 0;

    (void)state;
    for (size_t i = 0; i < 2000; i++)
        name[i] = i % 3 ? (char16_t)(0xD800 + i) : (char16_t)(i % 2 ? u'\t' : u'\n');
    e.tool = e.root = (struct u16s){ name, 2000 };
    bytes = runlog_format(&e, line);
    assert_true(bytes < RUNLOG_LINE_BYTES);
    assert_ptr_equal(memchr(line, '\n', bytes), line + bytes - 1);
    assert_true(runlog_parse(&e, line, bytes - 1, text));
}

static void parse__not_ours__is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "RL2 1 confined 1 1 0 0\tgit\tC:\\",
        "RL1 1 confined 1 1 0\tgit\tC:\\",
        "RL1 1 confined 1 1 0 0 0\tgit\tC:\\",
        "RL1 1 strong 1 1 0 0\tgit\tC:\\",
        "RL1 1 confined 2 1 0 0\tgit\tC:\\",
        "RL1 1 confined 1 1 0 0\tgit",
        "RL1 1 confined 1 1 0 0\tgit\tC:\\\tmore",
        "RL1 1 confined 1 1 4294967296 0\tgit\tC:\\",
        "RL1 1 confined 1 1 0 0\tgit\tC:\\\xFF",
    };
    char16_t text[RUNLOG_TEXT_CAP];
    struct runlog_entry e = git;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (runlog_parse(&e, lines[i], strlen(lines[i]), text))
            fail_msg("line %zu", i);
    assert_true(e.code == git.code);
}

static void since__dates_and_ages__as_said(void **state)
{
    static const char16_t *const bad[] = { u"",           u"x",      u"7",
                                           u"d",          u"7w",     u"2026-13-01",
                                           u"2026-02-29", u"2026-1", u"2026-01-01-1" };
    uint64_t time = 0;

    (void)state;
    assert_true(runlog_since(U16S("2h"), NOW, &time));
    assert_true(time == NOW - 72000000000u);
    assert_true(runlog_since(U16S("30m"), NOW, &time));
    assert_true(time == NOW - 18000000000u);
    assert_true(runlog_since(U16S("999999d"), NOW, &time));
    assert_true(time == 0);
    assert_true(runlog_since(U16S("1970-01-01"), NOW, &time));
    assert_true(time == 116444736000000000u);
    assert_true(runlog_since(U16S("2024-02-29"), NOW, &time));
    assert_true(time == 133536384000000000u);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (runlog_since(u16s_of(bad[i]), NOW, &time))
            fail_msg("row %zu", i);
}

static void text_and_json__of_one_run__as_shown(void **state)
{
    char16_t room[1024];
    char utf8[2048] = { 0 };
    struct u16buf b = U16BUF(room);
    struct runlog_entry e = git;
    struct json json;

    (void)state;
    e.time = 133536384000000000u + 36610000000u; /* 1:01:01 */
    runlog_add_text(&e, &b);
    u16s_to_utf8(u16buf_text(&b), utf8, sizeof utf8 - 1);
    assert_string_equal(utf8,
                        "2024-02-29 01:01:01Z  confined  network on   exit 3221225538"
                        "  git (2 arguments)  in C:\\src\\\xE4\xB8\xAD");
    b = U16BUF(room);
    json_init(&json, &b);
    json_open(&json, NULL, u'[');
    e.unproven = true;
    runlog_add_json(&e, &json);
    json_close(&json, u']');
    memset(utf8, 0, sizeof utf8);
    u16s_to_utf8(u16buf_text(&b), utf8, sizeof utf8 - 1);
    assert_non_null(strstr(utf8, "[{\"time\":1709168461,\"level\":\"confined\","
                                 "\"unproven\":true,\"network\":\"on\","
                                 "\"code\":3221225538,\"tool\":\"git\",\"arguments\":2,"
                                 "\"root\":\"C:\\\\src\\\\"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__what_was_formatted__is_the_same),
        cmocka_unit_test(format__controls_and_length__are_one_line),
        cmocka_unit_test(parse__not_ours__is_refused),
        cmocka_unit_test(since__dates_and_ages__as_said),
        cmocka_unit_test(text_and_json__of_one_run__as_shown),
    };
    return cmocka_run_group_tests_name("runlog", tests, set_up, NULL);
}
