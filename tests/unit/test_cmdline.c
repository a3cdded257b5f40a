#include "core/cmdline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE_CAP 40000u
#define ARGS_MAX 8u
#define ARG_CAP  64u
#define CMD      U16S("C:\\Windows\\System32\\cmd.exe")
#define SCRIPT   U16S("C:\\a b\\x.cmd")
#define BATCH_HEAD                                                                       \
    u"\"C:\\Windows\\System32\\cmd.exe\" /d /e:on /v:off /s /c \"\"C:\\a b\\x.cmd\""

static void assert_text(const struct u16buf *b, const char16_t *want)
{
    assert_false(b->cut);
    assert_int_equal(b->at[b->len], 0);
    if (!u16s_eq(u16buf_text(b), u16s_of(want))) {
        char got[3000] = { 0 };

        u16s_to_utf8(u16buf_text(b), got, sizeof got - 1);
        fail_msg("got: %s", got);
    }
}

/* Always the same numbers, so that a failure comes again. */
static unsigned next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* Text made mostly of what quoting trips over. */
static struct u16s random_arg(unsigned *seed, char16_t *at, bool line_ends)
{
    static const char16_t units[] = u"\"\"\"\\\\\\\\  \t%%%^&|<>()!,;=:~cdab1*?@\x07-/"
                                    u"\u00e9\u4e2d\xd800\xdc00\n\r";
    unsigned count = sizeof units / sizeof units[0] - (line_ends ? 1 : 3);
    struct u16s arg = { at, next_random(seed, ARG_CAP) };

    if (next_random(seed, 3) == 0)
        arg.len = next_random(seed, 4);
    for (size_t i = 0; i < arg.len; i++)
        at[i] = units[next_random(seed, count)];
    return arg;
}

static void cmdline_tail__every_shape_of_argv0__starts_at_the_blank(void **state)
{
    static const struct {
        const char16_t *line, *tail;
    } rows[] = {
        { u"", u"" },
        { u"git", u"" },
        { u"git  status", u"  status" },
        { u"git\tx", u"\tx" },
        { u"\"C:\\a b\\git.exe\" -c x", u" -c x" },
        { u"\"C:\\a b\\git.exe\"-c x", u" x" },
        { u"C:\\a\" b\"\\git.exe x", u" x" },
        { u"\"C:\\a b\\\" x\" y", u" x\" y" }, /* a backslash means nothing here */
        { u"\"never closed x", u"" },
        { u" x", u" x" },
        { u"git \"a b\" \\\"", u" \"a b\" \\\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct u16s tail = cmdline_tail(u16s_of(rows[i].line));

        assert_true(u16s_eq(tail, u16s_of(rows[i].tail)));
    }
}

/* MS: "Parsing C command-line arguments", its table, and the edges. */
static void cmdline_next__documented_shapes__gives_the_crt_value(void **state)
{
    static const struct {
        const char16_t *tail, *first, *rest;
    } rows[] = {
        { u"\"a b c\" d e", u"a b c", u" d e" },
        { u"\"ab\\\"c\" \"\\\\\" d", u"ab\"c", u" \"\\\\\" d" },
        { u"\"\\\\\" d", u"\\", u" d" },
        { u"a\\\\\\b d\"e f\"g h", u"a\\\\\\b", u" d\"e f\"g h" },
        { u"d\"e f\"g h", u"de fg", u" h" },
        { u"a\\\\\\\"b c d", u"a\\\"b", u" c d" },
        { u"a\\\\\\\\\"b c\" d e", u"a\\\\b c", u" d e" },
        { u"a\"b\"\" c d", u"ab\" c d", u"" },
        { u" \t x", u"x", u"" },
        { u"\"\" y", u"", u" y" },
        { u"\"\"\"\" y", u"\"", u" y" },
        { u"\"\"\"a b\"\"\" y", u"\"a b\"", u" y" },
        { u"\"a\\\\\"\" y", u"a\\\" y", u"" },
        { u"a\\", u"a\\", u"" },
        { u"\"a\\", u"a\\", u"" },
        { u"\"open", u"open", u"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char16_t text[100];
        struct u16buf arg = U16BUF(text);
        struct u16s rest = u16s_of(rows[i].tail);

        assert_true(cmdline_next(&rest, &arg));
        assert_text(&arg, rows[i].first);
        assert_true(u16s_eq(rest, u16s_of(rows[i].rest)));
    }
}

static void cmdline_next__only_blanks__is_the_end(void **state)
{
    char16_t text[10];
    struct u16buf arg = U16BUF(text);
    struct u16s rest = { NULL, 0 };

    (void)state;
    assert_false(cmdline_next(&rest, &arg));
    rest = U16S(" \t ");
    assert_false(cmdline_next(&rest, &arg));
    assert_int_equal(arg.len, 0);
}

static void cmdline_next__value_too_long__is_cut_but_the_rest_is_right(void **state)
{
    char16_t text[4];
    struct u16buf arg = U16BUF(text);
    struct u16s rest = U16S("\"too long\" next");

    (void)state;
    assert_true(cmdline_next(&rest, &arg));
    assert_true(arg.cut);
    assert_true(u16s_eq(rest, U16S(" next")));
}

static void cmdline_add__plain_and_odd_arguments__quotes_only_the_odd(void **state)
{
    char16_t text[200];
    struct u16buf line = U16BUF(text);

    (void)state;
    cmdline_add(&line, U16S("C:\\dir\\"));
    cmdline_add(&line, U16S(""));
    cmdline_add(&line, U16S("a b\\"));
    cmdline_add(&line, U16S("say \\\"hi\""));
    cmdline_add(&line, U16S("100%"));
    assert_text(&line, u"C:\\dir\\ \"\" \"a b\\\\\" \"say \\\\\\\"hi\\\"\" 100%");
}

static void cmdline_add__random_arguments__come_back_from_cmdline_next(void **state)
{
    static char16_t args[ARGS_MAX][ARG_CAP], text[LINE_CAP], value[ARG_CAP + 1];
    unsigned seed = 1;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct u16buf line = U16BUF(text);
        struct u16s arg[ARGS_MAX], rest;
        unsigned count = 1 + next_random(&seed, ARGS_MAX);
        struct u16buf end = U16BUF(value);

        u16buf_addz(&line, u"prog");
        for (unsigned i = 0; i < count; i++) {
            arg[i] = random_arg(&seed, args[i], true);
            cmdline_add(&line, arg[i]);
        }
        assert_false(line.cut);
        rest = cmdline_tail(u16buf_text(&line));
        for (unsigned i = 0; i < count; i++) {
            struct u16buf got = U16BUF(value);

            assert_true(cmdline_next(&rest, &got));
            assert_true(u16s_eq(u16buf_text(&got), arg[i]));
        }
        assert_false(cmdline_next(&rest, &end));
    }
}

/* A model of cmd.exe /s /c, written from its documentation and independent of cmdline.c:
 * what it runs after its percent phase, in which every name there is has a value that
 * would do harm. */
static void cmd_expand(struct u16s line, struct u16buf *out)
{
    for (size_t i = 0; i < line.len; i++) {
        size_t close = i + 1, colon = 0;

        while (close < line.len && line.at[close] != u'%')
            close++;
        if (line.at[i] != u'%' || close == line.len || close == i + 1) {
            u16buf_addc(out, line.at[i]);
            continue;
        }
        colon = u16s_find(u16s_head(line, close), u':', i + 1);
        if (colon == i + 1) { /* no name: not a variable */
            u16buf_addc(out, u'%');
            continue;
        }
        if (!u16s_eq(u16s_from(u16s_head(line, close), colon), U16S(":~,")))
            u16buf_addz(out, u"\" & calc & \"");
        i = close;
    }
}

/* The command that a line of ours makes cmd.exe parse: behind /c, without the first and
 * the last quote, expanded. */
static void cmd_command(struct u16s line, struct u16buf *out)
{
    size_t at = 0;

    while (!u16s_istarts(u16s_from(line, at), U16S(" /c \"")))
        assert_true(++at < line.len);
    line = u16s_from(line, at + 5);
    assert_true(line.len > 0 && line.at[line.len - 1] == u'"');
    cmd_expand(u16s_head(line, line.len - 1), out);
}

/* Nothing that cmd.exe or a batch file's %1 splitting would act on is outside quotes. */
static void assert_inert(struct u16s command)
{
    struct u16s live = U16S("&|<>^()%!,;=\t");
    bool quoted = false;

    for (size_t i = 0; i < command.len; i++) {
        char16_t c = command.at[i];

        if (c == u'"')
            quoted = !quoted;
        else if (!quoted)
            assert_true(u16s_find(live, c, 0) == live.len && c >= u' ');
    }
    assert_false(quoted);
}

static void
cmdline_batch__random_arguments__reach_the_script_and_nothing_else(void **state)
{
    static char16_t args[ARGS_MAX][ARG_CAP], tail[LINE_CAP], text[LINE_CAP],
        command[LINE_CAP], value[ARG_CAP + 1];
    unsigned seed = 2;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct u16buf typed = U16BUF(tail), line = U16BUF(text), run = U16BUF(command);
        struct u16buf script = U16BUF(value);
        struct u16s arg[ARGS_MAX], rest;
        struct err err = { 0 };
        unsigned count = next_random(&seed, ARGS_MAX);

        for (unsigned i = 0; i < count; i++) {
            arg[i] = random_arg(&seed, args[i], false);
            cmdline_add(&typed, arg[i]);
        }
        assert_true(cmdline_batch(&line, CMD, U16S("C:\\50%a&b%\\x.cmd"),
                                  u16buf_text(&typed), &err));
        cmd_command(u16buf_text(&line), &run);
        assert_inert(u16buf_text(&run));
        rest = u16buf_text(&run);
        assert_true(cmdline_next(&rest, &script));
        assert_text(&script, u"C:\\50%a&b%\\x.cmd");
        for (unsigned i = 0; i < count; i++) {
            struct u16buf got = U16BUF(value);

            assert_true(cmdline_next(&rest, &got));
            assert_true(u16s_eq(u16buf_text(&got), arg[i]));
        }
        assert_int_equal(rest.len, 0);
    }
}

/* The same for tails nobody built by rule: whatever units come, cmd.exe acts on none. */
static void cmdline_batch__random_tails__are_inert(void **state)
{
    static char16_t raw[ARG_CAP], text[LINE_CAP], command[LINE_CAP];
    unsigned seed = 3;

    (void)state;
    for (unsigned round = 0; round < 50000; round++) {
        struct u16buf line = U16BUF(text), run = U16BUF(command);
        struct err err = { 0 };

        if (!cmdline_batch(&line, CMD, SCRIPT, random_arg(&seed, raw, true), &err))
            continue;
        cmd_command(u16buf_text(&line), &run);
        assert_inert(u16buf_text(&run));
    }
}

static void cmdline_batch__known_attacks__are_spelled_out(void **state)
{
    static const struct {
        const char16_t *tail, *args;
    } rows[] = {
        { u"", u"" },
        { u"  ", u"" },
        { u"build -v C:\\x\\", u" build -v C:\\x\\" },
        { u"\"build\"", u" \"build\"" },
        { u"a=b", u" \"a=b\"" },
        { u"\"\"", u" \"\"" },
        { u"c&calc", u" \"c&calc\"" },
        { u"^|<>", u" \"^|<>\"" },
        { u"\"\\\"&calc\"", u" \"\"\"&calc\"" },
        { u"\"a\\\\\\\"&calc\"", u" \"a\\\\\"\"&calc\"" },
        { u"\"a b\\\\\"", u" \"a b\\\\\"" },
        { u"%PATH%", u" \"%%cd:~,%PATH%%cd:~,%\"" },
        { u"!PATH!", u" \"!PATH!\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char16_t text[500], want[500];
        struct u16buf line = U16BUF(text), wanted = U16BUF(want);
        struct err err = { 0 };

        u16buf_addz(&wanted, BATCH_HEAD);
        u16buf_addz(&wanted, rows[i].args);
        u16buf_addz(&wanted, u"\"");
        assert_true(cmdline_batch(&line, CMD, SCRIPT, u16s_of(rows[i].tail), &err));
        assert_text(&line, want);
    }
}

static void refuse(struct u16s cmd, struct u16s script, struct u16s tail)
{
    static char16_t text[LINE_CAP];
    struct u16buf line = U16BUF(text);
    struct err err = { 0 };

    u16buf_addz(&line, u"as before");
    assert_false(cmdline_batch(&line, cmd, script, tail, &err));
    assert_text(&line, u"as before");
    assert_int_equal(err.domain, ERR_RULE);
    assert_non_null(err.call);
}

static void cmdline_batch__what_cannot_survive__is_refused(void **state)
{
    (void)state;
    refuse(CMD, SCRIPT, U16S("\"a\nb\""));
    refuse(CMD, SCRIPT, U16S("ok a\rb"));
    refuse(CMD, SCRIPT, U16S("a\x1A"));
    refuse(CMD, SCRIPT, U16S("a\0b"));
    refuse(CMD, U16S("C:\\a\"&calc\"\\x.cmd"), U16S("a"));
    refuse(CMD, U16S("C:\\a\nx.cmd"), U16S("a"));
    refuse(CMD, U16S(""), U16S("a"));
    refuse(U16S("C:\\a\".exe"), SCRIPT, U16S("a"));
    refuse(U16S("C:/Windows/System32/cmd.exe"), SCRIPT, U16S("a"));
    refuse(U16S(""), SCRIPT, U16S("a"));
}

static void cmdline_batch__line_end__names_the_argument(void **state)
{
    char16_t text[200];
    struct u16buf line = U16BUF(text);
    struct err err = { 0 };

    (void)state;
    assert_false(cmdline_batch(&line, CMD, SCRIPT, U16S("x \"a b\nc\""), &err));
    assert_true(u16s_eq(u16s_of(err.object), U16S("a b\nc")));
}

static void cmdline_batch__one_unit_over_the_limit__is_refused(void **state)
{
    static char16_t tail[LINE_CAP], text[LINE_CAP];
    size_t fixed = u16_len(BATCH_HEAD) + 2; /* the blank and the last quote */

    (void)state;
    for (size_t i = 0; i < LINE_CAP; i++)
        tail[i] = u'a';
    for (size_t len = CMDLINE_BATCH_MAX - fixed; len < LINE_CAP; len += 10000) {
        struct u16buf line = U16BUF(text);
        struct err err = { 0 };
        bool fits = len == CMDLINE_BATCH_MAX - fixed;

        assert_int_equal(
            cmdline_batch(&line, CMD, SCRIPT, (struct u16s){ tail, len }, &err), fits);
        if (fits)
            refuse(CMD, SCRIPT, (struct u16s){ tail, len + 1 });
    }
}

static void cmdline_batch__small_storage__is_refused(void **state)
{
    char16_t text[20];
    struct u16buf line = U16BUF(text);
    struct err err = { 0 };

    (void)state;
    assert_false(cmdline_batch(&line, CMD, SCRIPT, U16S("a"), &err));
    assert_int_equal(line.len, 0);
    assert_int_equal(text[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cmdline_tail__every_shape_of_argv0__starts_at_the_blank),
        cmocka_unit_test(cmdline_next__documented_shapes__gives_the_crt_value),
        cmocka_unit_test(cmdline_next__only_blanks__is_the_end),
        cmocka_unit_test(cmdline_next__value_too_long__is_cut_but_the_rest_is_right),
        cmocka_unit_test(cmdline_add__plain_and_odd_arguments__quotes_only_the_odd),
        cmocka_unit_test(cmdline_add__random_arguments__come_back_from_cmdline_next),
        cmocka_unit_test(
            cmdline_batch__random_arguments__reach_the_script_and_nothing_else),
        cmocka_unit_test(cmdline_batch__random_tails__are_inert),
        cmocka_unit_test(cmdline_batch__known_attacks__are_spelled_out),
        cmocka_unit_test(cmdline_batch__what_cannot_survive__is_refused),
        cmocka_unit_test(cmdline_batch__line_end__names_the_argument),
        cmocka_unit_test(cmdline_batch__one_unit_over_the_limit__is_refused),
        cmocka_unit_test(cmdline_batch__small_storage__is_refused),
    };
    return cmocka_run_group_tests_name("cmdline", tests, NULL, NULL);
}
