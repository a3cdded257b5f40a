#include "core/envblock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_CAP 4000u

static struct envblock env;
static char16_t text[TEXT_CAP];
static char16_t block[ENVBLOCK_MAX + 10];

/* A literal's two terminators (its own and one written out) end the block. */
#define READ(lit) read_units(u"" lit, sizeof(u"" lit) / sizeof(char16_t))

static void read_units(const char16_t *from, size_t units)
{
    struct err err = { 0 };

    assert_true(envblock_read(&env, from, units, U16BUF(text), &err));
}

/* The table as NAME=value lines. */
static void assert_vars(const char16_t *want)
{
    char16_t lines[2000];
    struct u16buf got = U16BUF(lines);

    for (size_t i = 0; i < env.count; i++) {
        u16buf_add(&got, env.var[i].name);
        u16buf_addc(&got, u'=');
        u16buf_add(&got, env.var[i].value);
        u16buf_addc(&got, u'\n');
    }
    if (!u16s_eq(u16buf_text(&got), u16s_of(want))) {
        char utf8[6000] = { 0 };

        u16s_to_utf8(u16buf_text(&got), utf8, sizeof utf8 - 1);
        fail_msg("got: %s", utf8);
    }
}

static void envblock_read__unsorted_block__is_sorted(void **state)
{
    (void)state;
    READ("b=2\0A=1\0=C:=C:\\x\0C=\0");
    assert_vars(u"=C:=C:\\x\nA=1\nb=2\nC=\n");
}

static void envblock_read__two_spellings__keeps_the_first(void **state)
{
    (void)state;
    READ("Path=one\0PATH=two\0path=three\0");
    assert_vars(u"Path=one\n");
}

static void envblock_read__entry_without_equals__is_dropped(void **state)
{
    (void)state;
    READ("junk\0=\0=x\0a=1\0==b\0");
    assert_vars(u"==b\na=1\n");
}

static void envblock_read__empty_block__has_no_variables(void **state)
{
    (void)state;
    READ("");
    assert_int_equal(env.count, 0);
    READ("\0a=1\0");
    assert_int_equal(env.count, 0);
}

static void envblock_read__no_end__fails_and_leaves_the_table(void **state)
{
    static const char16_t open[] = { u'a', u'=', u'1', 0, u'b', u'=' };
    struct err err = { 0 };

    (void)state;
    READ("old=1\0");
    for (size_t units = 0; units <= sizeof open / sizeof open[0]; units++) {
        assert_false(envblock_read(&env, open, units, U16BUF(text), &err));
        assert_int_equal(err.domain, ERR_RULE);
        assert_vars(u"old=1\n");
    }
}

static void envblock_read__one_variable_too_many__fails(void **state)
{
    struct err err = { 0 };
    static char16_t many[(ENVBLOCK_VARS_MAX + 1) * 8 + 1];
    struct u16buf b = U16BUF(many);

    (void)state;
    for (unsigned i = 0; i <= ENVBLOCK_VARS_MAX; i++) {
        u16buf_addc(&b, u'v');
        u16buf_add_hex(&b, i, 4);
        u16buf_addz(&b, u"=");
        u16buf_addc(&b, 0);
    }
    assert_false(envblock_read(&env, many, b.len + 1, U16BUF(text), &err));
    many[b.len - 7] = 0; /* without the last one */
    assert_true(envblock_read(&env, many, b.len + 1, U16BUF(text), &err));
    assert_int_equal(env.count, ENVBLOCK_VARS_MAX);
    envblock_set(&env, U16S("v0000"), U16S("in its place"));
    assert_false(env.text.cut);
    envblock_set(&env, U16S("more"), U16S("x"));
    assert_true(env.text.cut);
    assert_int_equal(env.count, ENVBLOCK_VARS_MAX);
}

static void envblock_find__any_case__finds_it(void **state)
{
    (void)state;
    READ("aa=1\0ab=2\0b=3\0=D:=4\0\u00e4=5\0");
    assert_true(u16s_eq(envblock_get(&env, U16S("AB")), U16S("2")));
    assert_true(u16s_eq(envblock_get(&env, U16S("=d:")), U16S("4")));
    assert_true(u16s_eq(envblock_get(&env, U16S("\u00c4")), U16S("5")));
    assert_null(envblock_find(&env, U16S("a")));
    assert_null(envblock_find(&env, U16S("")));
    assert_null(envblock_get(&env, U16S("zz")).at);
}

static void envblock_set__new_and_old_names__one_spelling_each(void **state)
{
    (void)state;
    READ("b=2\0Path=x\0");
    envblock_set(&env, U16S("PATH"), U16S("y"));
    envblock_set(&env, U16S("a"), U16S("1"));
    envblock_set(&env, U16S("z"), U16S(""));
    assert_vars(u"a=1\nb=2\nPATH=y\nz=\n");
}

static void envblock_set__same_again__costs_nothing(void **state)
{
    size_t used = 0;

    (void)state;
    READ("a=1\0");
    envblock_set(&env, U16S("a"), U16S("1"));
    assert_int_equal(env.text.len, 0);
    envblock_set(&env, U16S("A"), U16S("1"));
    used = env.text.len;
    assert_true(used > 0);
    envblock_set(&env, U16S("A"), U16S("1"));
    assert_int_equal(env.text.len, used);
}

static void envblock_set__own_text__may_be_the_source(void **state)
{
    (void)state;
    READ("");
    envblock_set(&env, U16S("a"), U16S("value"));
    envblock_set(&env, envblock_get(&env, U16S("a")), envblock_get(&env, U16S("a")));
    assert_vars(u"a=value\nvalue=value\n");
}

static void envblock_set__storage_full__keeps_the_old_and_write_fails(void **state)
{
    char16_t small[8];
    size_t units = 0;
    struct err err = { 0 };

    (void)state;
    assert_true(envblock_read(&env, u"a=1\0", 5, U16BUF(small), &err));
    envblock_set(&env, U16S("a"), U16S("too long to fit"));
    assert_vars(u"a=1\n");
    assert_false(envblock_write(&env, block, ENVBLOCK_MAX, &units, &err));
    assert_int_equal(err.domain, ERR_RULE);
}

static void envblock_set__what_no_block_can_hold__makes_write_fail(void **state)
{
    static const struct {
        struct u16s name, value;
    } rows[] = {
        { { u"", 0 }, { u"x", 1 } },
        { { u"a=b", 3 }, { u"x", 1 } },
        { { u"a\0b", 3 }, { u"x", 1 } },
        { { u"a", 1 }, { u"x\0y", 3 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = { 0 };
        size_t units = 0;

        READ("a=1\0");
        envblock_set(&env, rows[i].name, rows[i].value);
        assert_vars(u"a=1\n");
        assert_false(envblock_write(&env, block, ENVBLOCK_MAX, &units, &err));
    }
}

static void envblock_unset__there_or_not__leaves_the_others(void **state)
{
    (void)state;
    READ("a=1\0b=2\0c=3\0");
    envblock_unset(&env, U16S("B"));
    envblock_unset(&env, U16S("x"));
    assert_vars(u"a=1\nc=3\n");
    envblock_unset(&env, U16S("c"));
    envblock_unset(&env, U16S("a"));
    assert_int_equal(env.count, 0);
    envblock_unset(&env, U16S("a"));
}

static void envblock_write__sorted_table__is_the_block(void **state)
{
    static const char16_t want[] = u"=C:=x\0a=1\0b=\0";
    struct err err = { 0 };
    size_t units = 0;

    (void)state;
    READ("b=\0a=1\0=C:=x\0");
    assert_true(envblock_write(&env, block, ENVBLOCK_MAX, &units, &err));
    assert_int_equal(units, sizeof want / sizeof want[0]);
    assert_memory_equal(block, want, sizeof want);
}

static void envblock_write__empty_table__is_two_terminators(void **state)
{
    struct err err = { 0 };
    size_t units = 0;

    (void)state;
    READ("");
    block[0] = block[1] = 7;
    assert_true(envblock_write(&env, block, 2, &units, &err));
    assert_int_equal(units, 2);
    assert_int_equal(block[0] | block[1], 0);
    assert_false(envblock_write(&env, block, 1, &units, &err));
    assert_int_equal(err.object[0], 0);
}

static void envblock_write__one_unit_short__fails_and_writes_nothing(void **state)
{
    struct err err = { 0 };
    size_t units = 77;

    (void)state;
    READ("a=1\0longest=12345\0");
    block[0] = 7;
    assert_false(envblock_write(&env, block, 18, &units, &err));
    assert_int_equal(units, 77);
    assert_int_equal(block[0], 7);
    assert_true(u16s_eq(u16s_of(err.object), U16S("longest")));
    assert_true(envblock_write(&env, block, 19, &units, &err));
    assert_int_equal(units, 19);
}

static void envblock_write__above_windows_limit__fails(void **state)
{
    static char16_t value[ENVBLOCK_MAX], room[2 * ENVBLOCK_MAX];
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < ENVBLOCK_MAX; i++)
        value[i] = u'x';
    for (size_t len = ENVBLOCK_MAX - 4; len <= ENVBLOCK_MAX - 3; len++) {
        size_t units = 0;

        assert_true(envblock_read(&env, u"", 1, U16BUF(room), &err));
        envblock_set(&env, U16S("a"), (struct u16s){ value, len });
        assert_int_equal(
            envblock_write(&env, block, sizeof block / sizeof block[0], &units, &err),
            len == ENVBLOCK_MAX - 4);
    }
}

static void envblock_write__very_long_name__is_cut_in_the_message(void **state)
{
    char16_t name[ERR_OBJECT_CAP + 50];
    struct err err = { 0 };
    size_t units = 0;

    (void)state;
    READ("");
    for (size_t i = 0; i < ERR_OBJECT_CAP + 50; i++)
        name[i] = u'n';
    envblock_set(&env, (struct u16s){ name, ERR_OBJECT_CAP + 50 }, U16S("x"));
    assert_false(envblock_write(&env, block, 10, &units, &err));
    assert_int_equal(err.object[ERR_OBJECT_CAP - 2], u'\u2026');
}

/* Against a list without order: whatever is done, one spelling each, sorted, and the
 * block reads back the same. */
static void envblock_set_and_unset__random_work__matches_a_plain_list(void **state)
{
    static const char16_t *const names[] = { u"a",   u"A",  u"b",  u"B",  u"=C:",
                                             u"=c:", u"ab", u"Ab", u"a_", u"zz" };
    static char16_t big[60000], blocks[2][1000];
    char16_t value[16][2] = { { 0 } }; /* by place of the first spelling; 0: absent */
    struct err err = { 0 };
    unsigned seed = 11;

    (void)state;
    assert_true(envblock_read(&env, u"", 1, U16BUF(big), &err));
    for (unsigned round = 0; round < 5000; round++) {
        char16_t *out = blocks[round % 2]; /* the table points into the other */
        size_t units = 0, present = 0, which = 0, first = 0;

        seed = seed * 1664525u + 1013904223u;
        which = first = (seed >> 8) % 10;
        for (size_t i = 0; i < which; i++)
            if (u16s_ieq(u16s_of(names[i]), u16s_of(names[which])) && i < first)
                first = i;
        value[first][0] = (seed >> 20) % 3 ? (char16_t)(u'0' + (seed >> 24) % 10) : 0;
        if (value[first][0])
            envblock_set(&env, u16s_of(names[which]), u16s_of(value[first]));
        else
            envblock_unset(&env, u16s_of(names[which]));
        assert_true(envblock_write(&env, out, 1000, &units, &err));
        assert_true(envblock_read(&env, out, units, U16BUF(big), &err));
        for (size_t i = 0; i < 10; i++) {
            present += value[i][0] != 0;
            if (value[i][0])
                assert_true(
                    u16s_eq(envblock_get(&env, u16s_of(names[i])), u16s_of(value[i])));
        }
        assert_int_equal(env.count, present);
        for (size_t i = 1; i < env.count; i++)
            assert_true(u16s_icmp(env.var[i - 1].name, env.var[i].name) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envblock_read__unsorted_block__is_sorted),
        cmocka_unit_test(envblock_read__two_spellings__keeps_the_first),
        cmocka_unit_test(envblock_read__entry_without_equals__is_dropped),
        cmocka_unit_test(envblock_read__empty_block__has_no_variables),
        cmocka_unit_test(envblock_read__no_end__fails_and_leaves_the_table),
        cmocka_unit_test(envblock_read__one_variable_too_many__fails),
        cmocka_unit_test(envblock_find__any_case__finds_it),
        cmocka_unit_test(envblock_set__new_and_old_names__one_spelling_each),
        cmocka_unit_test(envblock_set__same_again__costs_nothing),
        cmocka_unit_test(envblock_set__own_text__may_be_the_source),
        cmocka_unit_test(envblock_set__storage_full__keeps_the_old_and_write_fails),
        cmocka_unit_test(envblock_set__what_no_block_can_hold__makes_write_fail),
        cmocka_unit_test(envblock_unset__there_or_not__leaves_the_others),
        cmocka_unit_test(envblock_write__sorted_table__is_the_block),
        cmocka_unit_test(envblock_write__empty_table__is_two_terminators),
        cmocka_unit_test(envblock_write__one_unit_short__fails_and_writes_nothing),
        cmocka_unit_test(envblock_write__above_windows_limit__fails),
        cmocka_unit_test(envblock_write__very_long_name__is_cut_in_the_message),
        cmocka_unit_test(envblock_set_and_unset__random_work__matches_a_plain_list),
    };
    return cmocka_run_group_tests_name("envblock", tests, NULL, NULL);
}
