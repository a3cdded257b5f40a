#include "core/usersetup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool reads(const char *text)
{
    struct usersetup setup;

    return usersetup_parse(&setup, text, strlen(text));
}

static void
usersetup_format__every_state_and_the_largest_numbers__reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < USERSETUP_STATE_COUNT; i++) {
        const struct usersetup setup = { (enum usersetup_state)i,
                                         UINT32_MAX,
                                         UINT64_MAX,
                                         2,
                                         UINT64_MAX,
                                         UINT64_MAX,
                                         UINT64_MAX,
                                         UINT64_MAX };
        struct usersetup back = { .pid = 0 };
        char line[USERSETUP_BYTES_MAX];
        size_t bytes = usersetup_format(&setup, line);

        assert_true(bytes <= sizeof line);
        assert_true(usersetup_parse(&back, line, bytes));
        assert_int_equal(back.state, setup.state);
        assert_int_equal(back.pid, setup.pid);
        assert_true(back.born == setup.born && back.started == 2 &&
                    back.updated == setup.updated && back.entries == setup.entries &&
                    back.closed == setup.closed && back.failed == setup.failed);
    }
}

static void usersetup_parse__cut_anywhere__refused(void **state)
{
    static const char line[] = "RFU1 adding 12 3 4 5 6 7 8\n";
    struct usersetup setup = { .pid = 77 };

    (void)state;
    assert_true(reads(line));
    for (size_t bytes = 0; bytes < sizeof line - 1; bytes++)
        assert_false(usersetup_parse(&setup, line, bytes));
    assert_int_equal(setup.pid, 77);
}

static void usersetup_parse__anything_else__refused(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "RFU2 adding 12 3 4 5 6 7 8\n",
        "RFU1 dancing 12 3 4 5 6 7 8\n",
        "RFU1 adding 12 3 4 5 6 7\n",
        "RFU1 adding 12 3 4 5 6 7 8 9\n",
        "RFU1 adding 12 3 4 5 6 7 8\n\n",
        "RFU1 adding 12 3 4 5 6 7 8 \n",
        "RFU1  adding 12 3 4 5 6 7 8\n",
        "RFU1 adding 4294967296 3 4 5 6 7 8\n",
        "RFU1 adding 12 18446744073709551616 4 5 6 7 8\n",
        "RFU1 adding 12 -3 4 5 6 7 8\n",
        "RFU1 adding 12 3 4 5 6 7 8\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(reads(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            usersetup_format__every_state_and_the_largest_numbers__reads_back),
        cmocka_unit_test(usersetup_parse__cut_anywhere__refused),
        cmocka_unit_test(usersetup_parse__anything_else__refused),
    };
    return cmocka_run_group_tests_name("usersetup", tests, NULL, NULL);
}
