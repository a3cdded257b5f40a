#include "core/envrules.h"
#include "core/loaders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NODE   u"--require C:/rf/objects/objects.js"
#define QUOTED u"--require \"C:/r f/objects/objects.js\""
#define PYTHON u"C:\\rf\\objects\\python"

static const struct loaders both = { { u"" NODE, sizeof NODE / 2 - 1 },
                                     { u"" PYTHON, sizeof PYTHON / 2 - 1 } };

static bool is(struct u16s s, const char16_t *want)
{
    return u16s_eq(s, u16s_of(want));
}

static void loaders_find__as_the_launcher_sets_them__both(void **state)
{
    static const char16_t *const installs[] = { u"C:\\rf", u"C:\\r f" };
    static struct envblock env;
    static char16_t text[ENVBLOCK_MAX];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct envrules_input in = { .fenced = true, .install = u16s_of(installs[i]) };
        struct loaders found;

        memset(&env, 0, sizeof env);
        env.text = U16BUF(text);
        envblock_set(&env, U16S("NODE_OPTIONS"), U16S("--inspect --require a.js"));
        envblock_set(&env, U16S("PYTHONPATH"), U16S("C:\\lib"));
        envrules_apply(&env, &in);
        found = loaders_find(envblock_get(&env, U16S("NODE_OPTIONS")),
                             envblock_get(&env, U16S("PYTHONPATH")));
        assert_true(is(found.node, i ? QUOTED : NODE));
        assert_true(is(found.python, i ? u"C:\\r f\\objects\\python" : PYTHON));
    }
}

static void loaders_find__something_before_or_behind__is_not_ours(void **state)
{
    struct loaders found = loaders_find(U16S("--a " QUOTED " --require b.js --c"),
                                        U16S("C:\\x;" PYTHON ";C:\\y"));

    (void)state;
    assert_true(is(found.node, QUOTED));
    assert_true(is(found.python, PYTHON));
}

static void loaders_find__none_of_ours__nothing(void **state)
{
    static const struct {
        const char16_t *node, *python;
    } none[] = {
        { u"", u"" },
        { NULL, NULL },
        { u"--require C:/rf/objects/objects.j", u"C:\\rf\\objects\\python3" },
        { u"--require \"C:/rf/objects/objects.js", u";;" },
        { u"C:/rf/objects/objects.js", u"C:\\objects/python" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct loaders found =
            loaders_find(u16s_of(none[i].node), u16s_of(none[i].python));

        assert_int_equal(found.node.len + found.python.len, 0);
    }
}

/* A literal's two terminators end a block; these are two literals. */
#define UNITS(lit)         (sizeof(u"" lit) / sizeof(char16_t))
#define CHECK(block, want) check(u"" block, UNITS(block), u"" want, UNITS(want))
#define CHECK_SAME(block)  check(u"" block, UNITS(block), NULL, 0)

static void check(const char16_t *block, size_t units, const char16_t *want,
                  size_t want_units)
{
    char16_t text[512], again[512];
    struct u16buf out = U16BUF(text), twice = U16BUF(again);

    assert_int_equal(loaders_block_units(block, 512), units);
    assert_int_equal(loaders_keep(&both, block, units, &out), want != NULL);
    if (!want)
        return;
    assert_int_equal(out.len + 1, want_units);
    assert_memory_equal(text, want, want_units * sizeof(char16_t));
    assert_false(loaders_keep(&both, text, out.len + 1, &twice));
}

static void loaders_keep__replaced__both_are_there_again(void **state)
{
    (void)state;
    CHECK("A=1\0NODE_OPTIONS=--x\0pythonpath=C:\\site\0Z=\0",
          "A=1\0NODE_OPTIONS=--x " NODE "\0pythonpath=" PYTHON ";C:\\site\0Z=\0");
    CHECK("NODE_OPTIONS=\0PYTHONPATH=\0",
          "NODE_OPTIONS=" NODE "\0PYTHONPATH=" PYTHON "\0");
}

static void loaders_keep__missing__each_in_its_place(void **state)
{
    (void)state;
    CHECK("=C:=C:\\x\0A=1\0PATH=p\0Z=\0",
          "=C:=C:\\x\0A=1\0NODE_OPTIONS=" NODE "\0PATH=p\0PYTHONPATH=" PYTHON "\0Z=\0");
    CHECK("Z=\0", "NODE_OPTIONS=" NODE "\0PYTHONPATH=" PYTHON "\0Z=\0");
}

static void loaders_keep__nothing_missing__as_it_is(void **state)
{
    (void)state;
    CHECK_SAME("NODE_OPTIONS=--a " NODE " --b\0PYTHONPATH=C:\\mine;" PYTHON "\0");
}

static void loaders_keep__kept_out_by_the_user__stays_out(void **state)
{
    static const char16_t block[] = u"NODE_OPTIONS=--x\0";
    static const char16_t want[] = u"NODE_OPTIONS=--x\0PYTHONPATH=" PYTHON u"\0";
    const struct loaders none = { 0 }, one = { .python = both.python };
    char16_t text[512];
    struct u16buf out = U16BUF(text);

    (void)state;
    assert_false(loaders_keep(&none, block, sizeof block / 2, &out));
    out = U16BUF(text);
    assert_true(loaders_keep(&one, block, sizeof block / 2, &out));
    assert_int_equal(out.len + 1, sizeof want / 2);
    assert_memory_equal(text, want, sizeof want);
}

static void loaders_keep__no_room__as_it_is(void **state)
{
    static const char16_t block[] = u"A=1\0NODE_OPTIONS=--x\0";
    char16_t text[512];

    (void)state;
    for (size_t cap = 1; cap < sizeof block / 2 + both.node.len + both.python.len;
         cap++) {
        struct u16buf out = u16buf_init(text, cap);

        assert_false(loaders_keep(&both, block, sizeof block / 2, &out));
    }
}

static void loaders_block_units__no_end__is_none(void **state)
{
    static const char16_t block[] = u"A=1\0B=2\0";

    (void)state;
    assert_int_equal(loaders_block_units(block, sizeof block / 2), sizeof block / 2);
    for (size_t max = 0; max < sizeof block / 2; max++)
        assert_int_equal(loaders_block_units(block, max), 0);
    assert_int_equal(loaders_block_units(u"\0", 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaders_find__as_the_launcher_sets_them__both),
        cmocka_unit_test(loaders_find__something_before_or_behind__is_not_ours),
        cmocka_unit_test(loaders_find__none_of_ours__nothing),
        cmocka_unit_test(loaders_keep__replaced__both_are_there_again),
        cmocka_unit_test(loaders_keep__missing__each_in_its_place),
        cmocka_unit_test(loaders_keep__nothing_missing__as_it_is),
        cmocka_unit_test(loaders_keep__kept_out_by_the_user__stays_out),
        cmocka_unit_test(loaders_keep__no_room__as_it_is),
        cmocka_unit_test(loaders_block_units__no_end__is_none),
    };
    return cmocka_run_group_tests_name("loaders", tests, NULL, NULL);
}
