#include "core/pathsearch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A disk in a table, and what was asked of it. */
struct disk {
    struct {
        const char16_t *path;
        enum pathsearch_kind kind;
        const char16_t *target; /* what the look rewrites the path to, or NULL */
    } file[8];
    char16_t looked[4096]; /* every candidate, separated by `|` */
    struct u16buf log;
    unsigned looks;
};

static enum pathsearch_kind look(void *ctx, struct u16buf *path)
{
    struct disk *d = ctx;

    if (d->looks++ == 0)
        d->log = U16BUF(d->looked);
    else
        u16buf_addc(&d->log, u'|');
    u16buf_add(&d->log, u16buf_text(path));
    for (size_t i = 0; i < 8 && d->file[i].path; i++)
        if (u16s_ieq(u16buf_text(path), u16s_of(d->file[i].path))) {
            if (d->file[i].target) {
                *path = u16buf_init(path->at, path->cap);
                u16buf_addz(path, d->file[i].target);
            }
            return d->file[i].kind;
        }
    return PATHSEARCH_ABSENT;
}

static char16_t storage[PATHSEARCH_CAP];

static bool find(struct disk *d, const struct pathsearch *s, struct u16buf *found,
                 struct pathsearch_seen *seen)
{
    *found = U16BUF(storage);
    return pathsearch_find(s, (struct pathsearch_disk){ look, d }, found, seen);
}

static void assert_found(struct disk *d, const struct pathsearch *s, const char16_t *want)
{
    struct pathsearch_seen seen;
    struct u16buf found;

    assert_int_equal(find(d, s, &found, &seen), want != NULL);
    assert_true(u16s_eq(u16buf_text(&found), u16s_of(want)));
    assert_int_equal(found.at[found.len], 0);
}

static void assert_looked(struct disk *d, const char16_t *want)
{
    struct u16s got = d->looks ? u16buf_text(&d->log) : U16S("");

    if (!u16s_eq(got, u16s_of(want))) {
        char text[4096] = { 0 };

        u16s_to_utf8(got, text, sizeof text - 1);
        fail_msg("looked at: %s", text);
    }
}

static void pathsearch_find__tool_in_second_entry__is_found_by_order(void **state)
{
    struct disk d = { .file = { { u"C:\\b\\git.exe", PATHSEARCH_TOOL, NULL },
                                { u"C:\\c\\git.com", PATHSEARCH_TOOL, NULL } } };
    struct pathsearch s = { .name = U16S("git"), .path = U16S("C:\\a;C:\\b\\;C:\\c") };

    (void)state;
    assert_found(&d, &s, u"C:\\b\\git.exe");
    assert_looked(&d, u"C:\\a\\git.com|C:\\a\\git.exe|C:\\a\\git.bat|C:\\a\\git.cmd|"
                      u"C:\\b\\git.com|C:\\b\\git.exe");
}

static void pathsearch_find__pathext__gives_the_order_and_nothing_else(void **state)
{
    static const struct {
        const char16_t *pathext, *looked;
    } rows[] = {
        { u".CMD;.BAT", u"d\\x.cmd|d\\x.bat|d\\x.com|d\\x.exe" },
        { u".VBS;.exe;.JS;.EXE;.com", u"d\\x.exe|d\\x.com|d\\x.bat|d\\x.cmd" },
        { u"EXE;.;;.ex;.exec;.bat", u"d\\x.bat|d\\x.com|d\\x.exe|d\\x.cmd" },
        { u"", u"d\\x.com|d\\x.exe|d\\x.bat|d\\x.cmd" },
        { u";", u"d\\x.com|d\\x.exe|d\\x.bat|d\\x.cmd" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct disk d = { .looks = 0 };
        struct pathsearch s = { .name = U16S("x"), .path = U16S("d") };

        s.pathext = u16s_of(rows[i].pathext);
        assert_found(&d, &s, NULL);
        assert_looked(&d, rows[i].looked);
    }
}

static void pathsearch_find__path_entries__are_unquoted_completed_or_skipped(void **state)
{
    static const struct {
        const char16_t *path, *looked;
        unsigned directories;
    } rows[] = {
        { u"", u"", 0 },
        { u";;\"\";", u"", 0 },
        { u"C:\\a b", u"C:\\a b\\x.exe", 1 },
        { u"\"C:\\a;b\";c", u"C:\\a;b\\x.exe|c\\x.exe", 2 },
        { u"C:\\\"a b\"\\c/", u"C:\\a b\\c/x.exe", 1 },
        { u"\"C:\\open;b", u"C:\\open;b\\x.exe", 1 },
        { u"C:\\;.;..\\t", u"C:\\x.exe|.\\x.exe|..\\t\\x.exe", 3 },
        { u"a\"", u"a\\x.exe", 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct disk d = { .looks = 0 };
        struct pathsearch s = { .name = U16S("x.exe") };
        struct pathsearch_seen seen;
        struct u16buf found;
        char16_t kept[500];
        struct u16buf exact = U16BUF(kept);
        struct u16s log;

        s.path = u16s_of(rows[i].path);
        assert_false(find(&d, &s, &found, &seen));
        assert_int_equal(seen.directories, rows[i].directories);
        /* of each directory the name as it is comes first, then the four completed */
        assert_int_equal(d.looks, rows[i].directories * 5);
        log = d.looks ? u16buf_text(&d.log) : U16S("");
        for (unsigned n = 0; n < d.looks; n++) {
            struct u16s one = u16s_split(&log, u'|');

            if (n % 5)
                continue;
            if (exact.len)
                u16buf_addc(&exact, u'|');
            u16buf_add(&exact, one);
        }
        assert_true(u16s_eq(u16buf_text(&exact), u16s_of(rows[i].looked)));
    }
}

static void pathsearch_find__everything_of_ours__is_passed_and_counted(void **state)
{
    struct disk d = { .file = { { u"s\\git.exe", PATHSEARCH_OURS, NULL },
                                { u"o\\git.exe", PATHSEARCH_OURS, u"C:\\else" },
                                { u"w\\git.exe", PATHSEARCH_STORE_STUB, NULL },
                                { u"f\\git.exe", PATHSEARCH_DIRECTORY, NULL },
                                { u"o\\git.cmd", PATHSEARCH_TOOL, NULL } } };
    struct pathsearch s = { .name = U16S("git"), .path = U16S("s;w;f;o") };
    struct pathsearch_seen seen = { 9, 9, 9, 9, 9 };
    struct u16buf found;

    (void)state;
    assert_true(find(&d, &s, &found, &seen));
    /* although the look before had rewritten the text */
    assert_true(u16s_eq(u16buf_text(&found), U16S("o\\git.cmd")));
    assert_int_equal(seen.directories, 4);
    assert_int_equal(seen.ours, 2);
    assert_int_equal(seen.store_stubs, 1);
    assert_int_equal(seen.not_files, 1);
}

static void pathsearch_find__alias__gives_its_target(void **state)
{
    struct disk d = { .file = { { u"w\\py.exe", PATHSEARCH_TOOL, u"C:\\P\\py.exe" } } };
    struct pathsearch s = { .name = U16S("py"), .path = U16S("w") };

    (void)state;
    assert_found(&d, &s, u"C:\\P\\py.exe");
}

static void pathsearch_find__name_with_a_place__is_only_completed(void **state)
{
    static const struct {
        const char16_t *name, *looked;
    } rows[] = {
        { u".\\z", u".\\z.com|.\\z.exe|.\\z.bat|.\\z.cmd" },
        { u"C:\\x\\y", u"C:\\x\\y.com|C:\\x\\y.exe|C:\\x\\y.bat|C:\\x\\y.cmd" },
        { u"C:y", u"C:y.com|C:y.exe|C:y.bat|C:y.cmd" },
        { u"a/b.bat", u"a/b.bat|a/b.bat.com|a/b.bat.exe|a/b.bat.bat|a/b.bat.cmd" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct disk d = { .looks = 0 };
        struct pathsearch s = { .path = U16S("C:\\never"), .current_first = true };

        s.name = u16s_of(rows[i].name);
        assert_found(&d, &s, NULL);
        assert_looked(&d, rows[i].looked);
    }
}

/* Python from the Store, and one from elsewhere behind it. */
static void pathsearch_find__store_app__is_a_tool_except_for_a_fence(void **state)
{
    struct disk d = { .file = { { u"w\\py.exe", PATHSEARCH_ALIAS, NULL },
                                { u"t\\py.exe", PATHSEARCH_TOOL, NULL } } };
    struct pathsearch s = { .name = U16S("py"), .path = U16S("w;t") };
    struct pathsearch_seen seen;
    struct u16buf found;

    (void)state;
    assert_found(&d, &s, u"w\\py.exe");
    s.no_aliases = true;
    assert_found(&d, &s, u"t\\py.exe");
    s.path = U16S("w");
    assert_false(find(&d, &s, &found, &seen));
    assert_int_equal(seen.aliases, 1);
    assert_int_equal(seen.store_stubs, 0);
    s = (struct pathsearch){ .name = U16S("w\\py"),
                             .no_aliases = true }; /* by its path */
    assert_found(&d, &s, NULL);
}

static void pathsearch_find__current_first__looks_there_before_path(void **state)
{
    struct disk d = { .looks = 0 };
    struct pathsearch s = { .name = U16S("x"), .path = U16S("d"), .current_first = true };

    (void)state;
    assert_found(&d, &s, NULL);
    assert_looked(&d, u".\\x.com|.\\x.exe|.\\x.bat|.\\x.cmd|"
                      u"d\\x.com|d\\x.exe|d\\x.bat|d\\x.cmd");
}

static void pathsearch_find__no_name__finds_nothing(void **state)
{
    struct disk d = { .looks = 0 };
    struct pathsearch s = { .path = U16S("d"), .current_first = true };

    (void)state;
    assert_found(&d, &s, NULL);
    assert_looked(&d, u"");
}

static void pathsearch_find__entry_too_long__is_skipped_and_the_next_found(void **state)
{
    static char16_t path[PATHSEARCH_CAP + 100];
    struct disk d = { .file = { { u"d\\x.com", PATHSEARCH_TOOL, NULL } } };
    struct pathsearch s = { .name = U16S("x") };

    (void)state;
    /* dir, separator, "x.com" and the terminator: one unit more than there is */
    for (size_t len = PATHSEARCH_CAP - 7; len <= PATHSEARCH_CAP - 6; len++) {
        for (size_t i = 0; i < len; i++)
            path[i] = u'a';
        path[len] = u';';
        path[len + 1] = u'd';
        s.path = (struct u16s){ path, len + 2 };
        d.looks = 0;
        assert_found(&d, &s, u"d\\x.com");
        /* of the one that just fits all four are looked at, but for nothing */
        assert_int_equal(d.looks, len == PATHSEARCH_CAP - 7 ? 5 : 1);
    }
}

static void pathsearch_next__any_path__joins_back_to_itself(void **state)
{
    static const char16_t units[] = u";;;\"\"ab\\";
    unsigned seed = 7;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char16_t at[24], joined[32];
        struct u16buf out = U16BUF(joined);
        struct u16s path = { at, 0 }, rest, entry;
        bool any = false;

        seed = seed * 1664525u + 1013904223u;
        path.len = (seed >> 8) % 24;
        for (size_t i = 0; i < path.len; i++) {
            seed = seed * 1664525u + 1013904223u;
            at[i] = units[(seed >> 8) % 8];
        }
        rest = path;
        while (pathsearch_next(&rest, &entry)) {
            if (any)
                u16buf_addc(&out, u';');
            u16buf_add(&out, entry);
            any = true;
        }
        assert_true(u16s_eq(u16buf_text(&out), path));
    }
}

static void pathsearch_is_batch__as_windows_opens_it(void **state)
{
    (void)state;
    assert_true(pathsearch_is_batch(U16S("C:\\x.BAT")));
    assert_true(pathsearch_is_batch(U16S("x.cmd")));
    assert_true(pathsearch_is_batch(U16S("x.bat. . ")));
    assert_false(pathsearch_is_batch(U16S("x.exe")));
    assert_false(pathsearch_is_batch(U16S("batcmd")));
    assert_false(pathsearch_is_batch(U16S("x.bat\\y")));
    assert_false(pathsearch_is_batch(U16S("")));
    assert_false(pathsearch_is_batch(U16S(" .. ")));
}

static void pathsearch_dir_and_base__every_shape__split_at_the_last(void **state)
{
    static const struct {
        const char16_t *path, *dir, *base;
    } rows[] = {
        { u"C:\\x\\y.exe", u"C:\\x", u"y.exe" },
        { u"C:\\y", u"C:", u"y" },
        { u"C:y", u"C:", u"y" },
        { u"a/b\\c", u"a/b", u"c" },
        { u"a\\b/c", u"a\\b", u"c" },
        { u"git", u"", u"git" },
        { u"d\\", u"d", u"" },
        { u"", u"", u"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct u16s path = u16s_of(rows[i].path);

        assert_true(u16s_eq(pathsearch_dir(path), u16s_of(rows[i].dir)));
        assert_true(u16s_eq(pathsearch_base(path), u16s_of(rows[i].base)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pathsearch_find__tool_in_second_entry__is_found_by_order),
        cmocka_unit_test(pathsearch_find__pathext__gives_the_order_and_nothing_else),
        cmocka_unit_test(
            pathsearch_find__path_entries__are_unquoted_completed_or_skipped),
        cmocka_unit_test(pathsearch_find__everything_of_ours__is_passed_and_counted),
        cmocka_unit_test(pathsearch_find__alias__gives_its_target),
        cmocka_unit_test(pathsearch_find__store_app__is_a_tool_except_for_a_fence),
        cmocka_unit_test(pathsearch_find__name_with_a_place__is_only_completed),
        cmocka_unit_test(pathsearch_find__current_first__looks_there_before_path),
        cmocka_unit_test(pathsearch_find__no_name__finds_nothing),
        cmocka_unit_test(pathsearch_find__entry_too_long__is_skipped_and_the_next_found),
        cmocka_unit_test(pathsearch_next__any_path__joins_back_to_itself),
        cmocka_unit_test(pathsearch_is_batch__as_windows_opens_it),
        cmocka_unit_test(pathsearch_dir_and_base__every_shape__split_at_the_last),
    };
    return cmocka_run_group_tests_name("pathsearch", tests, NULL, NULL);
}
