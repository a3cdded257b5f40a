#include "core/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATH  u"\\\\?\\Volume{0b1e}\\Users\\Zoë K\\100%"
#define ROOTS 4u

static struct journal_record roots[ROOTS];
static struct journal journal;
static struct err err;

static struct journal_record record(char root, enum journal_state state, uint64_t entries)
{
    struct journal_record r = { .state = state, .plan = 3, .time = 133000000000000000u };

    memset(r.root, root, sizeof r.root);
    memcpy(r.version, "0.1.0", 6);
    r.entries = entries;
    r.failed = entries / 10;
    return r;
}

/* Appends one record for PATH to the journal in `out`. */
static size_t add(uint8_t *out, size_t cap, size_t at, struct journal_record r)
{
    size_t bytes = 0;

    assert_true(journal_format(&r, u16s_of(PATH), out + at, cap - at, &bytes));
    return at + bytes;
}

/* Reads from an array of exactly the size, so that the sanitizer sees a byte too far. */
static uint8_t *borrowed;
static bool read_all(const uint8_t *data, size_t bytes)
{
    free(borrowed);
    borrowed = malloc(bytes + 1);
    assert_non_null(borrowed);
    memcpy(borrowed + 1, data, bytes);
    journal = (struct journal){ .roots = roots, .cap = ROOTS };
    return journal_read(&journal, borrowed + 1, bytes, &err);
}

static void journal__one_record__goes_there_and_back(void **state)
{
    uint8_t data[1024];
    char16_t text[128];
    struct u16buf path = U16BUF(text);
    size_t bytes = add(data, sizeof data, 0, record('r', JOURNAL_DONE, 123456789012345));

    (void)state;
    assert_true(read_all(data, bytes));
    assert_int_equal(journal.count, 1);
    assert_int_equal(journal.damaged, 0);
    assert_false(journal.torn);
    assert_int_equal(roots[0].state, JOURNAL_DONE);
    assert_int_equal(roots[0].plan, 3);
    assert_int_equal(roots[0].time, 133000000000000000u);
    assert_int_equal(roots[0].entries, 123456789012345);
    assert_int_equal(roots[0].failed, 12345678901234);
    assert_memory_equal(roots[0].root, "rrrrrrrrrrrr", 12);
    assert_string_equal(roots[0].version, "0.1.0");
    assert_true(journal_path(&roots[0], &path));
    assert_true(u16s_eq(u16buf_text(&path), u16s_of(PATH)));
}

static void journal__its_text__is_as_documented(void **state)
{
    static const char head[] =
        "\nRFJ1 begun 727272727272727272727272 3 133000000000000000 20 2 0.1.0 "
        "\\\\?\\Volume{0b1e}\\Users\\Zo\xC3\xAB%0020K\\100%0025 ";
    uint8_t data[1024];
    size_t bytes = add(data, sizeof data, 0, record('r', JOURNAL_BEGUN, 20));

    (void)state;
    assert_int_equal(bytes, sizeof head - 1 + 16 + 1);
    assert_memory_equal(data, head, sizeof head - 1);
    assert_int_equal(data[bytes - 1], '\n');
}

static void journal_path__any_units__survive(void **state)
{
    static const char16_t odd[] = { 'C',    ':',    0xD800, '\\',   0xDC00, 0xD83D,
                                    0xDE00, ' ',    0xFEFF, '\n',   '%',    0x7F,
                                    1,      0xFFFF, 0xDFFF, 0xD800, 'x',    0x0416,
                                    '%',    '0',    '0',    '4',    '1' };
    struct journal_record r = record('r', JOURNAL_BEGUN, 0);
    uint8_t data[1024];
    char16_t text[64];
    struct u16buf path = U16BUF(text);
    struct u16buf small = u16buf_init(text, 8);
    size_t bytes = 0, len = sizeof odd / sizeof odd[0];

    (void)state;
    assert_true(journal_format(&r, (struct u16s){ odd, len }, data, sizeof data, &bytes));
    assert_true(read_all(data, bytes));
    assert_int_equal(journal.count, 1);
    assert_false(journal_path(&roots[0], &small));
    assert_int_equal(small.len, 0);
    assert_false(small.cut);
    assert_true(journal_path(&roots[0], &path));
    assert_int_equal(path.len, len);
    assert_memory_equal(text, odd, sizeof odd);
}

static void journal_format__no_form__writes_nothing(void **state)
{
    static char16_t endless[JOURNAL_PATH_MAX + 1];
    struct journal_record good = record('r', JOURNAL_DONE, 1), bad = good;
    uint8_t data[1024] = { 0 };
    size_t bytes = 77;

    (void)state;
    for (size_t i = 0; i <= JOURNAL_PATH_MAX; i++)
        endless[i] = u'x';
    assert_false(journal_format(&good, (struct u16s){ 0 }, data, sizeof data, &bytes));
    assert_false(journal_format(&good, (struct u16s){ endless, JOURNAL_PATH_MAX + 1 },
                                data, SIZE_MAX, &bytes));
    assert_false(journal_format(&good, u16s_of(PATH), data, 50, &bytes));
    bad.version[0] = 0;
    assert_false(journal_format(&bad, u16s_of(PATH), data, sizeof data, &bytes));
    bad.version[0] = ' ';
    assert_false(journal_format(&bad, u16s_of(PATH), data, sizeof data, &bytes));
    memset(bad.version, 'v', sizeof bad.version);
    assert_false(journal_format(&bad, u16s_of(PATH), data, sizeof data, &bytes));
    assert_int_equal(bytes, 77);
    assert_int_equal(data[0], 0);
}

/* The longest path of the dearest units, and the greatest numbers. */
static void journal_format__the_worst__fits_its_bound(void **state)
{
    static char16_t path[JOURNAL_PATH_MAX];
    size_t cap = JOURNAL_RECORD_BYTES(JOURNAL_PATH_MAX), bytes = 0;
    uint8_t *data = malloc(cap);
    struct journal_record r = { .state = JOURNAL_CLEARING, .plan = UINT32_MAX };

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < JOURNAL_PATH_MAX; i++)
        path[i] = 0xD800;
    r.time = r.entries = r.failed = UINT64_MAX;
    memset(r.version, 'v', JOURNAL_VERSION_CAP - 1);
    assert_false(journal_format(&r, (struct u16s){ path, JOURNAL_PATH_MAX }, data,
                                cap - 1, &bytes));
    assert_true(
        journal_format(&r, (struct u16s){ path, JOURNAL_PATH_MAX }, data, cap, &bytes));
    assert_true(read_all(data, bytes));
    assert_int_equal(journal.count, 1);
    assert_int_equal(roots[0].entries, UINT64_MAX);
    free(data);
}

static void journal_read__several_roots__gives_the_latest_of_each(void **state)
{
    uint8_t data[4096];
    size_t bytes = add(data, sizeof data, 0, record('a', JOURNAL_BEGUN, 1));

    (void)state;
    bytes = add(data, sizeof data, bytes, record('b', JOURNAL_BEGUN, 2));
    bytes = add(data, sizeof data, bytes, record('a', JOURNAL_DONE, 30));
    bytes = add(data, sizeof data, bytes, record('c', JOURNAL_CLEARED, 4));
    assert_true(read_all(data, bytes));
    assert_int_equal(journal.count, 3);
    assert_int_equal(roots[0].state, JOURNAL_DONE);
    assert_int_equal(roots[0].entries, 30);
    assert_int_equal(roots[1].state, JOURNAL_BEGUN);
    assert_int_equal(roots[2].state, JOURNAL_CLEARED);
}

static void journal_read__nothing__is_an_empty_journal(void **state)
{
    (void)state;
    assert_true(read_all((const uint8_t *)"", 0));
    assert_int_equal(journal.count, 0);
    assert_false(journal.torn);
    assert_true(read_all((const uint8_t *)"\n\n", 2));
    assert_int_equal(journal.count + journal.damaged + journal.torn, 0);
}

/* Cut anywhere: the records before the cut are there, the cut one is not. */
static void journal_read__cut_at_every_byte__keeps_what_is_whole(void **state)
{
    uint8_t data[4096];
    size_t one = add(data, sizeof data, 0, record('a', JOURNAL_BEGUN, 1));
    size_t two = add(data, sizeof data, one, record('a', JOURNAL_DONE, 2));
    size_t all = add(data, sizeof data, two, record('b', JOURNAL_BEGUN, 3));

    (void)state;
    for (size_t cut = 0; cut <= all; cut++) {
        /* The line feed at its end may be missing: the checksum says it is whole. */
        unsigned whole = (cut + 1 >= one) + 0u + (cut + 1 >= two) + (cut + 1 >= all);
        bool feed = cut == 0 || data[cut - 1] == '\n';
        bool between = cut + 1 == one || cut + 1 == two || cut + 1 == all;

        assert_true(read_all(data, cut));
        assert_int_equal(journal.count, whole == 0 ? 0 : whole == 3 ? 2 : 1);
        if (whole)
            assert_int_equal(roots[0].state, whole == 1 ? JOURNAL_BEGUN : JOURNAL_DONE);
        assert_int_equal(journal.damaged, 0);
        assert_int_equal(journal.torn, !feed && !between);
    }
}

static void journal_read__a_record_after_a_cut_one__is_kept(void **state)
{
    uint8_t data[4096];
    size_t one = add(data, sizeof data, 0, record('a', JOURNAL_BEGUN, 1));
    uint8_t next[1024];
    size_t more = add(next, sizeof next, 0, record('b', JOURNAL_DONE, 2));

    (void)state;
    for (size_t cut = 2; cut < one - 1; cut++) {
        memcpy(data + cut, next, more);
        assert_true(read_all(data, cut + more));
        assert_int_equal(journal.count, 1);
        assert_int_equal(roots[0].root[0], 'b');
        assert_int_equal(journal.damaged, 1);
        assert_false(journal.torn);
        add(data, sizeof data, 0, record('a', JOURNAL_BEGUN, 1));
    }
}

/* Every bit of every byte: the hit record is gone, never changed, the others stay. */
static void journal_read__any_bit_flipped__loses_one_record_at_most(void **state)
{
    uint8_t data[4096];
    size_t one = add(data, sizeof data, 0, record('a', JOURNAL_DONE, 1));
    size_t two = add(data, sizeof data, one, record('b', JOURNAL_DONE, 2));
    size_t all = add(data, sizeof data, two, record('c', JOURNAL_DONE, 3));

    (void)state;
    for (size_t bit = 0; bit < all * 8; bit++) {
        size_t at = bit / 8;
        char hit = at < one ? 'a' : at < two ? 'b' : 'c';

        data[at] ^= (uint8_t)(1u << bit % 8);
        assert_true(read_all(data, all));
        assert_int_equal(journal.count, 2);
        for (size_t i = 0; i < journal.count; i++) {
            assert_int_equal(roots[i].state, JOURNAL_DONE);
            assert_int_not_equal(roots[i].root[0], hit);
            assert_int_equal(roots[i].entries, roots[i].root[0] - 'a' + 1);
        }
        /* Two when the flip made a line feed of it. */
        assert_in_range(journal.damaged + journal.torn, 1, 2);
        data[at] ^= (uint8_t)(1u << bit % 8);
    }
}

static void journal_read__two_writers_interleaved__keeps_both(void **state)
{
    for (unsigned order = 0; order < 64; order++) {
        uint8_t data[8192];
        size_t bytes = 0, done[2] = { 0, 0 };

        for (unsigned i = 0; i < 12; i++) {
            size_t who = i < 6 ? order >> i & 1u : done[0] < 6 ? 0 : 1;

            done[who]++;
            bytes = add(data, sizeof data, bytes,
                        record(who ? 'b' : 'a',
                               done[who] == 6 ? JOURNAL_DONE : JOURNAL_BEGUN, done[who]));
        }
        assert_true(read_all(data, bytes));
        assert_int_equal(journal.count, 2);
        assert_int_equal(journal.damaged + journal.torn, 0);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(roots[i].state, JOURNAL_DONE);
            assert_int_equal(roots[i].entries, 6);
        }
    }
    (void)state;
}

static void journal_read__another_version__is_refused(void **state)
{
    /* printf 'RFJ2 whatever else it may hold' | sha256sum */
    static const char later[] = "\nRFJ2 whatever else it may hold 1af9645efe0d7d41";
    uint8_t data[1024];
    size_t bytes = add(data, sizeof data, 0, record('a', JOURNAL_DONE, 1));

    (void)state;
    memcpy(data + bytes, later, sizeof later - 1);
    memset(&journal, 0, sizeof journal);
    journal = (struct journal){ .roots = roots, .cap = ROOTS, .count = 9, .damaged = 9 };
    assert_false(journal_read(&journal, data, bytes + sizeof later - 1, &err));
    assert_int_equal(err.domain, ERR_RULE);
    assert_string_equal(err.call, "the journal is another version's");
    assert_int_equal(journal.count, 9);
    assert_int_equal(journal.damaged, 9);
}

/* What a crash of the machine leaves on NTFS: the size grew, the bytes are zeros. */
static void journal_read__zeros_at_the_end__are_a_torn_record(void **state)
{
    uint8_t data[2048] = { 0 };
    size_t bytes = add(data, sizeof data, 0, record('a', JOURNAL_DONE, 1));

    (void)state;
    assert_true(read_all(data, bytes + 500));
    assert_int_equal(journal.count, 1);
    assert_true(journal.torn);
}

static void journal_read__more_roots_than_room__fails(void **state)
{
    uint8_t data[4096];
    size_t bytes = 0;

    (void)state;
    for (char root = 'a'; root < 'a' + (char)ROOTS; root++)
        bytes = add(data, sizeof data, bytes, record(root, JOURNAL_DONE, 1));
    assert_true(read_all(data, bytes));
    bytes = add(data, sizeof data, bytes, record('z', JOURNAL_DONE, 1));
    assert_false(read_all(data, bytes));
    assert_string_equal(err.call, "the journal names too many roots");
}

static void journal_compact__a_long_journal__says_the_same_in_less(void **state)
{
    uint8_t data[8192], out[4096];
    size_t bytes = 0, less = 0;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        bytes = add(data, sizeof data, bytes, record('a', JOURNAL_BEGUN, i));
    bytes = add(data, sizeof data, bytes, record('b', JOURNAL_CLEARED, 1));
    bytes = add(data, sizeof data, bytes, record('a', JOURNAL_DONE, 10));
    assert_true(read_all(data, bytes));
    assert_false(journal_compact(&journal, out, 10, &less));
    assert_true(journal_compact(&journal, out, sizeof out, &less));
    assert_true(less < bytes / 10);
    assert_true(read_all(out, less));
    assert_int_equal(journal.count, 1);
    assert_int_equal(roots[0].state, JOURNAL_DONE);
    assert_int_equal(roots[0].entries, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journal__one_record__goes_there_and_back),
        cmocka_unit_test(journal__its_text__is_as_documented),
        cmocka_unit_test(journal_path__any_units__survive),
        cmocka_unit_test(journal_format__no_form__writes_nothing),
        cmocka_unit_test(journal_format__the_worst__fits_its_bound),
        cmocka_unit_test(journal_read__several_roots__gives_the_latest_of_each),
        cmocka_unit_test(journal_read__nothing__is_an_empty_journal),
        cmocka_unit_test(journal_read__cut_at_every_byte__keeps_what_is_whole),
        cmocka_unit_test(journal_read__a_record_after_a_cut_one__is_kept),
        cmocka_unit_test(journal_read__any_bit_flipped__loses_one_record_at_most),
        cmocka_unit_test(journal_read__two_writers_interleaved__keeps_both),
        cmocka_unit_test(journal_read__another_version__is_refused),
        cmocka_unit_test(journal_read__zeros_at_the_end__are_a_torn_record),
        cmocka_unit_test(journal_read__more_roots_than_room__fails),
        cmocka_unit_test(journal_compact__a_long_journal__says_the_same_in_less),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
