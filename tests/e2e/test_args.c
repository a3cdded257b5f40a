/* SPDX-License-Identifier: MIT
 *
 * Claim: what follows the program's name in the command line reaches the tool verbatim,
 * unit by unit, whatever it is and however the name was spelled.
 */
#include "harness.h"

#define LONG_TAIL 30000

/* Starts app with this very line and gives back the line the tool saw. */
static const char16_t *line_seen(struct proc *p, const char16_t *app,
                                 const char16_t *line)
{
    proc_init(p, app, u"");
    free(p->line);
    p->line = _wcsdup(line);
    env_set(&p->env, u"PROBE_DO", u"args");
    proc_run(p);
    proc_assert_code(p, 0);
    return proc_text(p, "line", 0);
}

static void assert_tail(struct proc *p, const char16_t *seen, const char16_t *tail)
{
    proc_assert(p, seen != NULL);
    if (wcscmp(line_tail(seen), tail) != 0) {
        print_error("sent: <%ls>\nseen: <%ls>\n", tail, seen);
        proc_show(p);
        fail();
    }
}

static void check_tail(const char16_t *tail)
{
    WAYS(way)
    {
        struct proc p;
        const char16_t *app = place(ways[way]);
        const char16_t *seen = line_seen(&p, app, text(L"\"%ls\"%ls", app, tail));

        assert_tail(&p, seen, tail);
        proc_clear(&p);
    }
}

static void tail__nasty_shapes__verbatim(void **state)
{
    static const char16_t *const tails[] = {
        u" a b",
        u"  two  blanks  inside and at the end  ",
        u"\ttab\tbetween",
        u" \"\"",
        u" \"\" \"\" x",
        u" \"a b\" \"c\"",
        u" a\"b c\"d",
        u" \"a\"\"b\"",
        u" \"a\\\"b\"",
        u" \\",
        u" \\\\",
        u" \"C:\\dir with blank\\\\\"",
        u" C:\\dir\\",
        u" \\\\server\\share\\",
        u" a\\\\\\\"b",
        u" \"unclosed quote",
        u" %PATH% %OS% %%x",
        u" ^ ^^ ^& a^b",
        u" a&b |c >d <e (f) @g !h!",
        u" * ? *.c",
        u" line\r\nbreak \n \r",
        u" --flag=\"a b\" -c key='v w'",
        u" \u00e9\u4e2d\u6587 \U0001f600 \u00a0x",
        u" \x01\x1f\x7f",
        u" 'single quoted' `back`",
        u" ;,= = ; ,",
        u" /c /? -- -",
        u" C:/forward/slash",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++)
        check_tail(tails[i]);
}

static void tail__lone_surrogates__verbatim(void **state)
{
    static const char16_t tails[][6] = {
        { u' ', 0xd800, 0 },
        { u' ', 0xdc00, u'x', 0 },
        { u' ', 0xde00, 0xd83d, 0 },
        { u' ', 0xfffe, 0xffff, 0xfeff, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(tails); i++)
        check_tail(tails[i]);
}

static void tail__empty__stays_empty(void **state)
{
    (void)state;
    check_tail(u"");
    check_tail(u" ");
}

static void tail__30000_characters__verbatim(void **state)
{
    static char16_t tail[LONG_TAIL + 1];

    (void)state;
    tail[0] = u' ';
    for (size_t i = 1; i < LONG_TAIL; i++)
        tail[i] = (char16_t)(i % 97 == 0 ? u' ' : u'a' + i % 26);
    check_tail(tail);
}

/* The name is what the C runtime takes for it, not what CommandLineToArgvW does. */
static void tail__name_spelled_oddly__starts_where_the_crt_says(void **state)
{
    static const char16_t *const lines[] = {
        u"git one two",
        u"git",
        u"\"git\" one",
        u"\"C:\\Program Files\\x y\\git.exe\" one \"t w o\"",
        u"C:\\Prog\"ram Files\"\\git one",
        u"\"git\"x one",
        u"git\tone",
        u"\"\" one",
        u"\"git one",
        u" one two",
        u"a\\\"b c\" one",
        u"any name at all",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++)
        WAYS(way)
        {
            struct proc p;
            const char16_t *seen = line_seen(&p, place(ways[way]), lines[i]);

            assert_tail(&p, seen, line_tail(lines[i]));
            proc_clear(&p);
        }
}

/* The C runtime of the tool splits as it does without the shim. */
static void argv__through_shim__same_as_direct(void **state)
{
    static const char16_t tail[] =
        u" \"a b\" c\\\\\"d e\" \"\" \\\" *.nothing \U0001f600 \"x\\\\\" y";
    struct proc p[2];

    (void)state;
    WAYS(way)
    {
        const char16_t *app = place(ways[way]);

        line_seen(&p[way], app, text(L"\"%ls\"%ls", app, tail));
    }
    proc_assert(&p[1], proc_number(&p[0], "argc") > 5);
    proc_assert(&p[1], proc_number(&p[0], "argc") == proc_number(&p[1], "argc"));
    for (size_t i = 1; i < proc_number(&p[0], "argc"); i++)
        assert_string_equal(proc_value(&p[0], "argv", i), proc_value(&p[1], "argv", i));
    WAYS(way)
    {
        proc_clear(&p[way]);
    }
}

/* With the name in front (a full path may be longer than what the caller wrote) it no
 * longer fits: that is said, and nothing is cut. */
static void tail__fits_no_command_line__refused(void **state)
{
    static char16_t line[32767];
    struct proc p;

    (void)state;
    for (size_t i = 0; i < COUNT(line) - 1; i++)
        line[i] = u'x';
    memcpy(line, u"git ", 4 * sizeof *line);
    proc_init(&p, place(ways[1]), u"");
    free(p.line);
    p.line = _wcsdup(line);
    log_enable(&p.env);
    log_reset();
    env_set(&p.env, u"PROBE_DO", u"args");
    proc_run(&p);
    proc_assert_refused(&p, 126);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tail__nasty_shapes__verbatim),
        cmocka_unit_test(tail__lone_surrogates__verbatim),
        cmocka_unit_test(tail__empty__stays_empty),
        cmocka_unit_test(tail__30000_characters__verbatim),
        cmocka_unit_test(tail__name_spelled_oddly__starts_where_the_crt_says),
        cmocka_unit_test(argv__through_shim__same_as_direct),
        cmocka_unit_test(tail__fits_no_command_line__refused),
    };
    return harness_main(argc, argv, "arguments", tests, COUNT(tests), false);
}
