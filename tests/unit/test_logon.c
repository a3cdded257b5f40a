#include "core/logon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void logon_remedy__what_a_logon_ends_with__each_has_its_own(void **state)
{
    static const uint32_t codes[] = { 1058, 1060, 1326, 1327, 1330,
                                      1331, 1385, 1793, 1907, 1909 };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_non_null(logon_remedy(codes[i]));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(logon_remedy(codes[i]), logon_remedy(codes[k]));
    }
}

static void logon_remedy__any_other_code__none(void **state)
{
    static const uint32_t codes[] = { 0, 2, 5, 1332, 0xFFFFFFFF };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_null(logon_remedy(codes[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logon_remedy__what_a_logon_ends_with__each_has_its_own),
        cmocka_unit_test(logon_remedy__any_other_code__none),
    };
    return cmocka_run_group_tests_name("logon", tests, NULL, NULL);
}
