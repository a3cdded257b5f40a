#include "core/stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct stores_dirs as_ever;

static bool closed(const char16_t *path)
{
    return stores_is_closed(u16s_of(path));
}

static void stores_is_closed__a_store__yes(void **state)
{
    static const char16_t *const stores[] = {
        u".ssh",
        u".SSH",
        u".aws",
        u".git-credentials",
        u".cargo\\credentials.toml",
        u"appdata\\local\\microsoft\\CREDENTIALS",
        u"AppData\\Roaming\\Microsoft\\Protect",
        u"AppData\\Local\\Google\\Chrome\\User Data",
        u"AppData\\Local\\Google\\Chrome Beta\\User Data",
        u"NTUSER.DAT",
        u"ntuser.dat.LOG1",
        u"AppData\\Roaming\\JetBrains\\IdeaIC2025.1\\c.kdbx",
    };

    (void)state;
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
        assert_true(closed(stores[i]));
}

/* Neither what is above a store, nor what only looks like one; and not what is in it,
 * which the walk never asks about. */
static void stores_is_closed__anything_else__no(void **state)
{
    static const char16_t *const others[] = {
        u"",
        u"ssh",
        u".ssh2",
        u".ssh\\config",
        u"src\\.ssh",
        u".config",
        u".cargo",
        u".cargo\\bin",
        u".gitconfig",
        u"AppData",
        u"AppData\\Local\\Microsoft",
        u"AppData\\Local\\Microsoft\\WindowsApps",
        u"AppData\\Local\\Programs\\Python",
        u"AppData\\Local\\Google\\Chrome",
        u"AppData\\Local\\Google\\Chrome\\x\\User Data",
        u"AppData\\Roaming\\JetBrains\\a\\b\\c.kdbx",
        u"AppData\\Roaming\\npm",
        u"AppData\\Local\\ringfence",
        u"AppData\\Local\\ringfence\\box",
        u"Documents",
    };

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(closed(others[i]));
}

static void stores_kind__of_ringfences_own__files_shut_and_boxes_apart(void **state)
{
    static const struct {
        const char16_t *path;
        enum aclplan_kind kind;
    } rows[] = {
        { u"AppData\\Local\\ringfence", ACLPLAN_STATE },
        { u"appdata\\LOCAL\\Ringfence", ACLPLAN_STATE },
        { u"AppData\\Local\\ringfence\\secret-1", ACLPLAN_PROTECTED },
        { u"AppData\\Local\\ringfence\\policy.ini",
          ACLPLAN_INSIDE }, /* where it lies says */
        { u"AppData\\Local\\ringfence\\box", ACLPLAN_INSIDE },
        { u"AppData\\Local\\ringfence\\box\\0123\\temp", ACLPLAN_OUTSIDE },
        { u"AppData\\Local\\ringfence\\box\\0123\\cache", ACLPLAN_OUTSIDE },
        { u"AppData\\Local\\ringfence\\box\\0123\\fence", ACLPLAN_INSIDE },
        { u"AppData\\Local\\ringfence\\box\\temp", ACLPLAN_INSIDE },
        { u"AppData\\Local\\ringfence\\box\\0123\\temp\\x", ACLPLAN_INSIDE },
        { u".ssh", ACLPLAN_PROTECTED },
        { u"Documents", ACLPLAN_INSIDE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (stores_kind(u16s_of(rows[i].path), &as_ever) != rows[i].kind)
            fail_msg("row %u", (unsigned)i);
}

/* Before Windows Vista, in whatever language. */
static void stores_kind__other_names_of_appdata__are_those_places(void **state)
{
    static const struct {
        const char16_t *path;
        enum aclplan_kind kind;
    } rows[] = {
        { u"Application Data\\Microsoft\\Credentials", ACLPLAN_PROTECTED },
        { u"application data\\gcloud", ACLPLAN_PROTECTED },
        { u"Local Settings\\Application Data\\Google\\Chrome\\User Data",
          ACLPLAN_PROTECTED },
        { u"Local Settings\\Application Data\\ringfence", ACLPLAN_STATE },
        { u"Local Settings\\Application Data\\ringfence\\secret", ACLPLAN_PROTECTED },
        { u"Local Settings\\Application Data\\ringfence\\box\\01\\temp",
          ACLPLAN_OUTSIDE },
        { u"AppData\\Roaming\\gcloud", ACLPLAN_PROTECTED }, /* left behind by a move */
        { u".ssh", ACLPLAN_PROTECTED },
        { u"Application Data", ACLPLAN_INSIDE },
        { u"Application Database\\gcloud", ACLPLAN_INSIDE },
        { u"Application Data\\ringfence", ACLPLAN_INSIDE },
        { u"Local Settings\\Application Data", ACLPLAN_INSIDE },
        { u"Local Settings\\Application Data\\gcloud", ACLPLAN_INSIDE },
    };
    const struct stores_dirs dirs = { U16S("Application Data"),
                                      U16S("Local Settings\\Application Data") };
    char16_t text[128];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (stores_kind(u16s_of(rows[i].path), &dirs) != rows[i].kind)
            fail_msg("row %u", (unsigned)i);
    for (size_t i = 0; stores_row(i); i++) {
        struct u16buf b = U16BUF(text);

        stores_add_row(u16s_of(stores_row(i)), &dirs, &b);
        assert_false(b.cut || u16s_istarts(u16buf_text(&b), U16S("AppData\\")));
        assert_int_equal(stores_kind(u16buf_text(&b), &dirs), ACLPLAN_PROTECTED);
        b = U16BUF(text);
        stores_add_row(u16s_of(stores_row(i)), &as_ever, &b);
        assert_true(u16s_eq(u16buf_text(&b), u16s_of(stores_row(i))));
    }
}

static void stores_row__each__is_closed_and_not_too_deep_and_once(void **state)
{
    size_t count = 0;

    (void)state;
    for (; stores_row(count); count++) {
        struct u16s rest = u16s_of(stores_row(count));
        size_t parts = 0;

        assert_true(stores_is_closed(rest)); /* a `*` stands for a `*`, too */
        for (size_t i = 0; i < count; i++)
            assert_false(u16s_ieq(rest, u16s_of(stores_row(i))));
        for (; rest.at; parts++)
            assert_true(u16s_split(&rest, u'\\').len > 0);
        assert_true(parts <= STORES_DEPTH_MAX);
    }
    assert_true(count > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_is_closed__a_store__yes),
        cmocka_unit_test(stores_is_closed__anything_else__no),
        cmocka_unit_test(stores_kind__of_ringfences_own__files_shut_and_boxes_apart),
        cmocka_unit_test(stores_kind__other_names_of_appdata__are_those_places),
        cmocka_unit_test(stores_row__each__is_closed_and_not_too_deep_and_once),
    };
    return cmocka_run_group_tests_name("stores", tests, NULL, NULL);
}
