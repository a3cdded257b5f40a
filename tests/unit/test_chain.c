#include "core/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct file_id git = { 0x1234, 0xABCDEF, 0 };
static const struct file_id refs = { UINT64_MAX, UINT64_MAX, UINT64_MAX };

static void assert_written(const struct chain *chain, const char16_t *want)
{
    char16_t text[CHAIN_TEXT_CAP];
    struct u16buf out = U16BUF(text);

    chain_write(chain, &out);
    assert_false(out.cut);
    assert_true(u16s_eq(u16buf_text(&out), u16s_of(want)));
}

static void file_id_eq__any_part_differs__is_another_file(void **state)
{
    struct file_id a = { 1, 2, 3 }, v = { 9, 2, 3 }, l = { 1, 9, 3 }, h = { 1, 2, 9 };

    (void)state;
    assert_true(file_id_eq(&a, &(struct file_id){ 1, 2, 3 }));
    assert_false(file_id_eq(&a, &v));
    assert_false(file_id_eq(&a, &l));
    assert_false(file_id_eq(&a, &h));
}

static void chain_read__good_text__gives_depth_and_ids(void **state)
{
    struct chain chain;

    (void)state;
    chain_read(&chain, U16S("7"));
    assert_int_equal(chain.depth, 7);
    assert_int_equal(chain.count, 0);
    chain_read(&chain, U16S("2,1234-0-abcdef,ffffffffffffffff-FFFFFFFFFFFFFFFF-"
                            "ffffffffffffffff"));
    assert_int_equal(chain.depth, 2);
    assert_int_equal(chain.count, 2);
    assert_true(file_id_eq(&chain.id[0], &git));
    assert_true(file_id_eq(&chain.id[1], &refs));
}

static void chain_read__high_before_low__is_the_order(void **state)
{
    struct chain chain;

    (void)state;
    chain_read(&chain, U16S("1,1-2-3"));
    assert_int_equal(chain.id[0].volume, 1);
    assert_int_equal(chain.id[0].high, 2);
    assert_int_equal(chain.id[0].low, 3);
}

static void chain_read__other_text__gives_the_empty_chain(void **state)
{
    static const char16_t *const bad[] = {
        u"",           u" 1",
        u"-1",         u"x",
        u"4294967296", u",1-2-3",
        u"1,",         u"1,1-2-3,",
        u"1,,1-2-3",   u"1,1-2",
        u"1,1-2-3-4",  u"1,1-2-3,1-2-g",
        u"1,1--3",     u"1,1-2-00000000000000003",
        u"1 ,1-2-3",   u"9,1-2-3,1-2-3,1-2-3,1-2-3,1-2-3,1-2-3,1-2-3,1-2-3,1-2-3",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct chain chain = { .depth = 3, .count = 2 };

        chain_read(&chain, u16s_of(bad[i]));
        assert_int_equal(chain.depth, 0);
        assert_int_equal(chain.count, 0);
    }
}

static void chain_read__absent_variable__gives_the_empty_chain(void **state)
{
    struct chain chain = { .depth = 3, .count = 2 };

    (void)state;
    chain_read(&chain, u16s_of(NULL));
    assert_int_equal(chain.depth, 0);
    assert_int_equal(chain.count, 0);
}

/* A depth beyond the limit is not read as none: the loop would start anew. */
static void chain_read__depth_above_the_limit__is_kept(void **state)
{
    struct chain chain;

    (void)state;
    chain_read(&chain, U16S("51"));
    assert_true(chain.depth > CHAIN_DEPTH_MAX);
    chain_read(&chain, U16S("4294967295"));
    chain_push(&chain, &git);
    assert_true(chain.depth > CHAIN_DEPTH_MAX);
}

static void chain_push__ids__are_newest_first(void **state)
{
    struct chain chain;

    (void)state;
    chain_read(&chain, U16S(""));
    assert_false(chain_has(&chain, &git));
    chain_push(&chain, &git);
    chain_push(&chain, &refs);
    assert_int_equal(chain.depth, 2);
    assert_true(chain_has(&chain, &git));
    assert_true(chain_has(&chain, &refs));
    assert_true(file_id_eq(&chain.id[0], &refs));
    assert_true(file_id_eq(&chain.id[1], &git));
}

static void chain_push__full__drops_the_oldest(void **state)
{
    struct chain chain;

    (void)state;
    chain_read(&chain, U16S(""));
    for (unsigned i = 1; i <= CHAIN_IDS_MAX + 1; i++)
        chain_push(&chain, &(struct file_id){ i, i, i });
    assert_int_equal(chain.count, CHAIN_IDS_MAX);
    assert_int_equal(chain.depth, CHAIN_IDS_MAX + 1);
    assert_int_equal(chain.id[0].low, CHAIN_IDS_MAX + 1);
    assert_false(chain_has(&chain, &(struct file_id){ 1, 1, 1 }));
    assert_true(chain_has(&chain, &(struct file_id){ 2, 2, 2 }));
}

static void chain_push__own_oldest_id__stays_itself(void **state)
{
    struct chain chain;

    (void)state;
    chain_read(&chain, U16S("2,1-1-1,2-2-2"));
    chain_push(&chain, &chain.id[1]);
    assert_int_equal(chain.id[0].low, 2);
    assert_int_equal(chain.id[1].low, 1);
    assert_int_equal(chain.id[2].low, 2);
}

static void chain_write__full_of_the_largest__fits_and_reads_back(void **state)
{
    char16_t text[CHAIN_TEXT_CAP];
    struct u16buf out = U16BUF(text);
    struct chain chain = { .depth = UINT32_MAX, .count = CHAIN_IDS_MAX }, back;

    (void)state;
    for (size_t i = 0; i < CHAIN_IDS_MAX; i++)
        chain.id[i] = refs;
    chain.id[3] = git;
    chain_write(&chain, &out);
    assert_false(out.cut);
    chain_read(&back, u16buf_text(&out));
    assert_int_equal(back.depth, UINT32_MAX);
    assert_int_equal(back.count, CHAIN_IDS_MAX);
    for (size_t i = 0; i < CHAIN_IDS_MAX; i++)
        assert_true(file_id_eq(&back.id[i], &chain.id[i]));
}

static void chain_write__text__is_as_documented(void **state)
{
    struct chain chain = { .depth = 0, .count = 0 };

    (void)state;
    assert_written(&chain, u"0");
    chain_push(&chain, &(struct file_id){ .volume = 0x1F, .low = 3, .high = 0xA });
    assert_written(&chain, u"1,000000000000001f-000000000000000a-0000000000000003");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_id_eq__any_part_differs__is_another_file),
        cmocka_unit_test(chain_read__good_text__gives_depth_and_ids),
        cmocka_unit_test(chain_read__high_before_low__is_the_order),
        cmocka_unit_test(chain_read__other_text__gives_the_empty_chain),
        cmocka_unit_test(chain_read__absent_variable__gives_the_empty_chain),
        cmocka_unit_test(chain_read__depth_above_the_limit__is_kept),
        cmocka_unit_test(chain_push__ids__are_newest_first),
        cmocka_unit_test(chain_push__full__drops_the_oldest),
        cmocka_unit_test(chain_push__own_oldest_id__stays_itself),
        cmocka_unit_test(chain_write__full_of_the_largest__fits_and_reads_back),
        cmocka_unit_test(chain_write__text__is_as_documented),
    };
    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
