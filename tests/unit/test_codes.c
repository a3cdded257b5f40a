#include "codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void codes_row__every_phase__has_its_own_id_code_and_remedy(void **state)
{
    (void)state;
    for (unsigned i = CODES_OK + 1; i < CODES_COUNT; i++) {
        const struct codes_row *row = codes_row((enum codes_phase)i);

        assert_non_null(row->id);
        assert_true(row->id[0] && row->what[0] && row->remedy[0]);
        assert_true(row->exit_code != 0 && row->exit_code < 125); /* Linux shows 8 bits */
        for (const char *c = row->id; *c; c++)
            assert_true((*c >= 'a' && *c <= 'z') || *c == '_');
        for (unsigned k = CODES_OK; k < i; k++) {
            assert_string_not_equal(row->id, codes_row((enum codes_phase)k)->id);
            assert_int_not_equal(row->exit_code,
                                 codes_row((enum codes_phase)k)->exit_code);
        }
    }
    assert_int_equal(codes_row(CODES_OK)->exit_code, 0);
}

/* Scripts rely on these: a change here is a change for them. */
static void codes_row__published_codes__are_as_published(void **state)
{
    static const struct {
        const char *id;
        unsigned code;
    } want[CODES_COUNT] = {
        { "ok", 0 },
        { "usage", 2 },
        { "not_elevated", 10 },
        { "domain_controller", 11 },
        { "filtering_platform", 12 },
        { "firewall_policy", 13 },
        { "handover", 14 },
        { "journal", 15 },
        { "busy", 16 },
        { "secondary_logon", 17 },
        { "group", 20 },
        { "account", 21 },
        { "membership", 22 },
        { "hiding", 23 },
        { "logon_rights", 24 },
        { "firewall_rules", 25 },
        { "wfp_filters", 26 },
        { "enable", 27 },
        { "logon", 28 },
        { "not_installed", 30 },
        { "left", 31 },
    };
    (void)state;
    for (unsigned i = 0; i < CODES_COUNT; i++) {
        assert_string_equal(codes_row((enum codes_phase)i)->id, want[i].id);
        assert_int_equal(codes_row((enum codes_phase)i)->exit_code, want[i].code);
    }
    assert_string_equal(codes_row(CODES_COUNT)->id, "usage");
}

static void codes_remedy__logon_failures__each_has_its_own(void **state)
{
    static const uint32_t codes[] = { 1385, 1326, 1327, 1331, 1907, 1909 };
    const char *seen[sizeof codes / sizeof codes[0]];
    struct err err = { .domain = ERR_WIN32 };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        err.code = codes[i];
        seen[i] = codes_remedy(CODES_LOGON, &err);
        assert_ptr_not_equal(seen[i], codes_row(CODES_LOGON)->remedy);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(seen[i], seen[k]);
    }
}

static void codes_remedy__unknown_code_or_other_domain__is_the_phases(void **state)
{
    struct err err = { .domain = ERR_WIN32, .code = 77777 };

    (void)state;
    assert_string_equal(codes_remedy(CODES_GROUP, &err), codes_row(CODES_GROUP)->remedy);
    err = (struct err){ .domain = ERR_NTSTATUS, .code = 1326 };
    assert_string_equal(codes_remedy(CODES_LOGON, &err), codes_row(CODES_LOGON)->remedy);
    err = (struct err){ .domain = ERR_RULE };
    assert_string_equal(codes_remedy(CODES_USAGE, &err), codes_row(CODES_USAGE)->remedy);
    err = (struct err){ .domain = ERR_WIN32, .code = 1326, .hint = "do this" };
    assert_string_equal(codes_remedy(CODES_LOGON, &err), "do this");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_row__every_phase__has_its_own_id_code_and_remedy),
        cmocka_unit_test(codes_row__published_codes__are_as_published),
        cmocka_unit_test(codes_remedy__logon_failures__each_has_its_own),
        cmocka_unit_test(codes_remedy__unknown_code_or_other_domain__is_the_phases),
    };
    return cmocka_run_group_tests_name("codes", tests, NULL, NULL);
}
