#include "core/reparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PACKAGE u"PythonSoftwareFoundation.Python.3.12_qbz5n2kfra8p0"
#define PATH    u"C:\\Program Files\\WindowsApps\\Python_x64\\python3.12.exe"

static uint8_t data[2048];
static size_t bytes;

static void put(uint32_t value, size_t count)
{
    for (; count; count--, value >>= 8)
        data[bytes++] = (uint8_t)value;
}

static void put_text(const char16_t *text)
{
    do
        put(*text, 2);
    while (*text++);
}

/* The length field, from what is there by now. */
static void set_length(void)
{
    data[4] = (uint8_t)(bytes - 8);
    data[5] = (uint8_t)((bytes - 8) >> 8);
}

static void make_alias(const char16_t *path)
{
    bytes = 0;
    put(REPARSE_APPEXECLINK, 4);
    put(0, 4);
    put(3, 4);
    put_text(PACKAGE);
    put_text(PACKAGE u"!Python");
    put_text(path);
    put_text(u"0");
    set_length();
}

static char16_t text[256];
static struct u16buf target;

/* The data from an array of exactly its size, so that the sanitizer sees every byte read
 * too far, and at an odd address. */
static enum reparse_alias read_back(size_t count)
{
    uint8_t *copy = malloc(count + 1);
    enum reparse_alias alias;

    assert_non_null(copy);
    memcpy(copy + 1, data, count);
    target = U16BUF(text);
    alias = reparse_read(copy + 1, count, &target);
    free(copy);
    return alias;
}

static void reparse_read__alias__gives_the_target(void **state)
{
    (void)state;
    make_alias(PATH);
    assert_int_equal(read_back(bytes), REPARSE_ALIAS);
    assert_true(u16s_eq(u16buf_text(&target), u16s_of(PATH)));
    assert_false(target.cut);
}

static void reparse_read__text_in_target__is_appended_to(void **state)
{
    (void)state;
    make_alias(u"C:\\x");
    target = U16BUF(text);
    u16buf_addz(&target, u"\\\\?\\");
    assert_int_equal(reparse_read(data, bytes, &target), REPARSE_ALIAS);
    assert_true(u16s_eq(u16buf_text(&target), U16S("\\\\?\\C:\\x")));
}

static void reparse_read__store_installer__is_a_stub(void **state)
{
    (void)state;
    make_alias(u"C:\\Program Files\\WindowsApps\\Microsoft.DesktopAppInstaller_1\\"
               u"AppInstallerPythonRedirector.exe");
    assert_int_equal(read_back(bytes), REPARSE_STORE_STUB);
    assert_int_equal(target.len, 0);
    make_alias(u"c:\\x\\APPINSTALLERPYTHONREDIRECTOR.EXE");
    assert_int_equal(read_back(bytes), REPARSE_STORE_STUB);
    make_alias(u"C:\\x\\NotAppInstallerPythonRedirector.exe");
    assert_int_equal(read_back(bytes), REPARSE_ALIAS);
}

static void reparse_read__sandboxed_app__is_left_to_the_system(void **state)
{
    (void)state;
    make_alias(u"C:\\WINDOWS\\system32\\SystemUWPLauncher.exe");
    assert_int_equal(read_back(bytes), REPARSE_NOT_ALIAS);
}

static void reparse_read__target_without_full_path__is_no_alias(void **state)
{
    static const char16_t *const bad[] = { u"",           u"C:\\",   u"python.exe",
                                           u"C:x\\p.exe", u"\\x\\y", u"1:\\x\\y" };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        make_alias(bad[i]);
        assert_int_equal(read_back(bytes), REPARSE_NOT_ALIAS);
        assert_int_equal(target.len, 0);
    }
}

static void reparse_read__other_tag_or_version__is_no_alias(void **state)
{
    (void)state;
    make_alias(PATH);
    data[0] ^= 1;
    assert_int_equal(read_back(bytes), REPARSE_NOT_ALIAS);
    make_alias(PATH);
    data[8] = 4;
    assert_int_equal(read_back(bytes), REPARSE_NOT_ALIAS);
}

static void reparse_read__cut_anywhere__is_no_alias(void **state)
{
    (void)state;
    make_alias(PATH);
    for (size_t n = 0; n < bytes; n++)
        assert_int_equal(read_back(n), REPARSE_NOT_ALIAS);
}

/* The length counts, not the buffer: behind it is another program's memory. */
static void reparse_read__length_shorter_than_the_target__is_no_alias(void **state)
{
    size_t whole = 0, kind = 2 * 2; /* "0" and its terminator follow the target */

    (void)state;
    make_alias(PATH);
    whole = bytes - 8;
    for (size_t n = 0; n < whole; n++) {
        data[4] = (uint8_t)n;
        data[5] = (uint8_t)(n >> 8);
        assert_int_equal(read_back(bytes),
                         n < whole - kind ? REPARSE_NOT_ALIAS : REPARSE_ALIAS);
    }
    data[4] = (uint8_t)(whole + 1);
    assert_int_equal(read_back(bytes), REPARSE_NOT_ALIAS);
}

static void reparse_read__no_room__is_said(void **state)
{
    char16_t small[8];

    (void)state;
    make_alias(PATH);
    target = U16BUF(small);
    assert_int_equal(reparse_read(data, bytes, &target), REPARSE_ALIAS);
    assert_true(target.cut);
}

static void reparse_is_alias__tag__decides(void **state)
{
    (void)state;
    make_alias(u"C:\\x\\SystemUWPLauncher.exe");
    assert_int_equal(read_back(bytes), REPARSE_NOT_ALIAS);
    assert_true(reparse_is_alias(data, bytes));
    assert_true(reparse_is_alias(data, 8));
    assert_false(reparse_is_alias(data, 7));
    data[0]++;
    assert_false(reparse_is_alias(data, bytes));
}

static void reparse_is_link__tags__are_told_apart(void **state)
{
    static const uint32_t links[] = { 0xA0000003, 0xA000000C, 0xA000001D, 0xA0000019, 0 };
    static const uint32_t others[] = { 0x9000001A, 0x9000F01A, 0x80000021,
                                       0x9000001C, 0x80000013, REPARSE_APPEXECLINK };

    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        assert_true(reparse_is_link(links[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(reparse_is_link(others[i]));
}

static void make_link(uint32_t tag, uint32_t flags, const char16_t *path)
{
    size_t len = 2 * u16_len(path);

    bytes = 0;
    put(tag, 4);
    put(0, 4);
    put(4, 2); /* the print name comes first */
    put((uint32_t)len, 2);
    put(0, 2);
    put(4, 2);
    if (tag == 0xA000000C)
        put(flags, 4);
    put(u'p' | u'p' << 16, 4);
    while (*path)
        put(*path++, 2);
    set_length();
}

/* Likewise from an array of exactly its size. */
static bool read_link(size_t count)
{
    uint8_t *copy = malloc(count + 1);
    bool good = false;

    assert_non_null(copy);
    memcpy(copy + 1, data, count);
    target = U16BUF(text);
    good = reparse_read_link(copy + 1, count, &target);
    free(copy);
    assert_true(good || (target.len == 0 && !target.cut));
    return good;
}

static void reparse_read_link__links__give_their_path(void **state)
{
    (void)state;
    make_link(0xA0000003, 0, u"\\?\x3F\\C:\\src\\app");
    assert_true(read_link(bytes));
    assert_true(u16s_eq(u16buf_text(&target), U16S("C:\\src\\app")));
    make_link(0xA000000C, 0, u"\\?\x3F\\d:\\x");
    assert_true(read_link(bytes));
    assert_true(u16s_eq(u16buf_text(&target), U16S("d:\\x")));
    make_link(0xA000000C, 1, u"..\\x");
    assert_true(read_link(bytes));
    assert_true(u16s_eq(u16buf_text(&target), U16S("..\\x")));
    assert_true(read_link(bytes)); /* what follows is not its own */
    bytes += 2;
    assert_true(read_link(bytes));
    assert_true(u16s_eq(u16buf_text(&target), U16S("..\\x")));
}

static void reparse_read_link__others_and_damage__give_none(void **state)
{
    static const char16_t *const places[] = { u"\\?\x3F\\UNC\\host\\share",
                                              u"\\?\x3F\\Volume{1}\\",
                                              u"\\?\x3F\\GLOBALROOT\\x",
                                              u"\\Device\\x",
                                              u"\\\\host\\share",
                                              u"C:\\src",
                                              u"\\?\x3F\\",
                                              u"" };

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        make_link(0xA0000003, 0, places[i]);
        assert_false(read_link(bytes));
        make_link(0xA000000C, 0, places[i]);
        assert_false(read_link(bytes));
    }
    make_link(0x9000001A, 0, u"\\?\x3F\\C:\\src");
    assert_false(read_link(bytes));
    make_link(0xA0000003, 0, u"\\?\x3F\\C:\\src");
    for (size_t i = 0; i < bytes; i++)
        assert_false(read_link(i));
    data[8]++; /* the name begins later, and would end behind the data */
    assert_false(read_link(bytes));
    make_link(0xA000000C, 1, u"odd");
    data[10]--;
    assert_false(read_link(bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reparse_is_alias__tag__decides),
        cmocka_unit_test(reparse_is_link__tags__are_told_apart),
        cmocka_unit_test(reparse_read__alias__gives_the_target),
        cmocka_unit_test(reparse_read__text_in_target__is_appended_to),
        cmocka_unit_test(reparse_read__store_installer__is_a_stub),
        cmocka_unit_test(reparse_read__sandboxed_app__is_left_to_the_system),
        cmocka_unit_test(reparse_read__target_without_full_path__is_no_alias),
        cmocka_unit_test(reparse_read__other_tag_or_version__is_no_alias),
        cmocka_unit_test(reparse_read__cut_anywhere__is_no_alias),
        cmocka_unit_test(reparse_read__length_shorter_than_the_target__is_no_alias),
        cmocka_unit_test(reparse_read__no_room__is_said),
        cmocka_unit_test(reparse_read_link__links__give_their_path),
        cmocka_unit_test(reparse_read_link__others_and_damage__give_none),
    };
    return cmocka_run_group_tests_name("reparse", tests, NULL, NULL);
}
