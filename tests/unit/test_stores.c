#include "core/stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
        if (stores_kind(u16s_of(rows[i].path)) != rows[i].kind)
            fail_msg("row %u", (unsigned)i);
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
        cmocka_unit_test(stores_row__each__is_closed_and_not_too_deep_and_once),
    };
    return cmocka_run_group_tests_name("stores", tests, NULL, NULL);
}
