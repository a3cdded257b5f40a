#include "win/secret.h"

#include "win/file.h"
#include "win/statefile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char16_t path[MAX_PATH];
static struct err err;

static int fresh(void **state)
{
    (void)state;
    if (GetTempPathW(MAX_PATH - 32, path) == 0)
        return 1;
    wcscat(path, u"ringfence-secret");
    DeleteFileW(path);
    return 0;
}

static int gone(void **state)
{
    (void)state;
    DeleteFileW(path);
    return 0;
}

static bool is_zero(const struct passwords *p)
{
    static const struct passwords zero;

    return memcmp(p, &zero, sizeof zero) == 0;
}

static void secret_make__twice__sound_and_all_different(void **state)
{
    struct passwords a, b;

    (void)state;
    assert_true(secret_make(&a, &err));
    assert_true(secret_make(&b, &err));
    for (size_t i = 0; i < PASSWORD_ACCOUNTS; i++) {
        assert_true(password_is_sound(a.text[i]));
        assert_memory_not_equal(a.text[i], b.text[i], sizeof a.text[i]);
    }
    assert_memory_not_equal(a.text[0], a.text[1], sizeof a.text[0]);
}

static void secret_save__load__the_same_and_not_readable_in_the_file(void **state)
{
    static uint8_t bytes[8192];
    struct passwords made, back;
    size_t size = 0;

    (void)state;
    assert_true(secret_make(&made, &err));
    assert_true(secret_save(path, &made, &err));
    assert_int_equal(secret_load(path, &back, &err), SECRET_LOADED);
    assert_memory_equal(&back, &made, sizeof made);
    assert_int_equal(file_read(path, bytes, sizeof bytes, &size, &err), FILE_READ_DONE);
    for (size_t i = 0; i + 16 <= size; i++) {
        assert_memory_not_equal(bytes + i, made.text[0], 16);
        assert_memory_not_equal(bytes + i, made.text[1], 16);
    }
}

static void secret_load__no_file__absent(void **state)
{
    struct passwords back;

    (void)state;
    DeleteFileW(path);
    memset(&back, 0x55, sizeof back);
    assert_int_equal(secret_load(path, &back, &err), SECRET_ABSENT);
    assert_true(is_zero(&back));
}

/* Cut at every length: as a machine that lost its power may leave it. */
static void secret_load__torn_file__says_torn_and_gives_zeros(void **state)
{
    static uint8_t bytes[8192];
    struct passwords made, back;
    size_t size = 0;

    (void)state;
    assert_true(secret_make(&made, &err));
    assert_true(secret_save(path, &made, &err));
    assert_int_equal(file_read(path, bytes, sizeof bytes, &size, &err), FILE_READ_DONE);
    for (size_t cut = 0; cut < size; cut += size / 16 + 1) {
        assert_true(statefile_replace(path, bytes, cut, &err));
        memset(&back, 0x55, sizeof back);
        assert_int_equal(secret_load(path, &back, &err), SECRET_TORN);
        assert_true(is_zero(&back));
    }
    memset(bytes, 0, size); /* all zeros: what a crash leaves on NTFS */
    assert_true(statefile_replace(path, bytes, size, &err));
    assert_int_equal(secret_load(path, &back, &err), SECRET_TORN);
    assert_true(statefile_replace(path, bytes, 0, &err));
    assert_int_equal(secret_load(path, &back, &err), SECRET_TORN);
    /* And made anew over it. */
    assert_true(secret_save(path, &made, &err));
    assert_int_equal(secret_load(path, &back, &err), SECRET_LOADED);
}

static void secret_load__changed_tail__says_torn(void **state)
{
    static uint8_t bytes[8192];
    struct passwords made, back;
    size_t size = 0;

    (void)state;
    assert_true(secret_make(&made, &err));
    assert_true(secret_save(path, &made, &err));
    assert_int_equal(file_read(path, bytes, sizeof bytes, &size, &err), FILE_READ_DONE);
    bytes[size - 1] ^= 1;
    assert_true(statefile_replace(path, bytes, size, &err));
    assert_int_equal(secret_load(path, &back, &err), SECRET_TORN);
    assert_true(is_zero(&back));
}

static void secret_load__huge_file__says_torn(void **state)
{
    static uint8_t bytes[9000];
    struct passwords back;

    (void)state;
    assert_true(statefile_replace(path, bytes, sizeof bytes, &err));
    assert_int_equal(secret_load(path, &back, &err), SECRET_TORN);
}

static void secret_save__no_directory__fails_with_the_path(void **state)
{
    struct passwords made;
    char16_t bad[MAX_PATH + 16];

    (void)state;
    wcscpy(bad, path);
    wcscat(bad, u"-none\\x");
    assert_true(secret_make(&made, &err));
    assert_false(secret_save(bad, &made, &err));
    assert_int_equal(err.domain, ERR_WIN32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_make__twice__sound_and_all_different),
        cmocka_unit_test(secret_save__load__the_same_and_not_readable_in_the_file),
        cmocka_unit_test(secret_load__no_file__absent),
        cmocka_unit_test(secret_load__torn_file__says_torn_and_gives_zeros),
        cmocka_unit_test(secret_load__changed_tail__says_torn),
        cmocka_unit_test(secret_load__huge_file__says_torn),
        cmocka_unit_test(secret_save__no_directory__fails_with_the_path),
    };
    printf("SKIP secret of one user from another: Wine opens everybody's blobs\n");
    return cmocka_run_group_tests_name("secret", tests, fresh, gone);
}
