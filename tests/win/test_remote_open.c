/* SPDX-License-Identifier: MIT
 *
 * Starting the runner as an account, on a Windows whose CreateProcessWithLogonW fails as
 * the test wants.
 */
#include "remote/remote_open.h"

#include "core/logon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char16_t data[MAX_PATH], install[2048];
static struct err err;

static struct {
    DWORD code;
    unsigned calls;
    size_t line_len;
    int open;
} fake;

static BOOL WINAPI log_on(LPCWSTR user, LPCWSTR domain, LPCWSTR password, DWORD how,
                          LPCWSTR program, LPWSTR line, DWORD flags, LPVOID environment,
                          LPCWSTR cwd, LPSTARTUPINFOW si, LPPROCESS_INFORMATION pi)
{
    (void)flags, (void)cwd, (void)si, (void)pi;
    assert_true(user && domain && password && how == 1 && program && !environment);
    assert_int_equal(fake.open, 1);
    fake.calls++;
    fake.line_len = wcslen(line);
    SetLastError(fake.code);
    return FALSE;
}

typedef FARPROC(WINAPI *get_proc)(HMODULE, LPCSTR);

static FARPROC WINAPI get_address(HMODULE module, LPCSTR name);

/* Linked in place of the pointer that the import table has. */
extern get_proc __wrap___imp_GetProcAddress, __real___imp_GetProcAddress;
get_proc __wrap___imp_GetProcAddress = get_address;

static FARPROC WINAPI get_address(HMODULE module, LPCSTR name)
{
    return strcmp(name, "CreateProcessWithLogonW") != 0
               ? __real___imp_GetProcAddress(module, name)
               : (FARPROC)(void (*)(void))log_on;
}

/* The password is there while it is wanted, and no longer. */
static const char16_t *open_password(const struct remote_request *request, struct err *e)
{
    (void)request, (void)e;
    fake.open++;
    return u"x";
}

static void wipe_password(void)
{
    fake.open--;
}

static bool open_runner(size_t install_len)
{
    struct remote_request request = {
        .account = { .name = u"RingfenceOffline",
                     .open_password = open_password,
                     .wipe_password = wipe_password },
        .data = u16s_of(data),
    };
    struct remote r = { 0 };

    for (size_t i = 0; i < install_len; i++)
        install[i] = i < 3 ? u"C:\\"[i] : u'd';
    install[install_len] = 0;
    request.install = u16s_of(install);
    return remote_open(&r, &request, &err);
}

static void remote_open__logon_fails__says_why_and_what_helps(void **state)
{
    static const DWORD codes[] = { 1058, 1060, 1326, 1327, 1331, 1385, 1907, 1909 };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fake.code = codes[i];
        assert_false(open_runner(20));
        assert_int_equal(fake.open, 0);
        assert_string_equal(err.call, "CreateProcessWithLogonW");
        assert_int_equal(err.code, codes[i]);
        assert_non_null(err.hint);
        assert_string_equal(err.hint, logon_remedy(codes[i]));
    }
}

/* Wine's leaves none. */
static void remote_open__logon_fails_without_a_code__still_fails(void **state)
{
    (void)state;
    fake.code = 0;
    assert_false(open_runner(20));
    assert_int_equal(err.code, ERROR_GEN_FAILURE);
    assert_null(err.hint);
}

static void remote_open__line_at_its_limit__longer_ones_are_not_tried(void **state)
{
    size_t others = 0; /* characters of the line besides the directory */

    (void)state;
    fake.code = 1326;
    assert_false(open_runner(20));
    others = fake.line_len - 20;
    fake.calls = 0;
    assert_false(open_runner(LOGON_LINE_CAP - 1 - others));
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.line_len, LOGON_LINE_CAP - 1);
    assert_false(open_runner(LOGON_LINE_CAP - others));
    assert_int_equal(fake.calls, 1);
    assert_int_equal(err.domain, ERR_RULE);
    assert_non_null(strstr(err.call, "1,023 characters"));
    assert_non_null(err.hint);
}

static int fresh(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    GetTempPathW(MAX_PATH - 32, data);
    wcscat(data, u"ringfence-remote-open");
    return 0;
}

static int cleanup(void **state)
{
    char16_t path[MAX_PATH + 64];

    (void)state;
    swprintf(path, MAX_PATH + 64, L"%ls\\runner-RingfenceOffline.txt.lock", data);
    DeleteFileW(path);
    RemoveDirectoryW(data);
    return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, cleanup)
    const struct CMUnitTest tests[] = {
        TEST(remote_open__logon_fails__says_why_and_what_helps),
        TEST(remote_open__logon_fails_without_a_code__still_fails),
        TEST(remote_open__line_at_its_limit__longer_ones_are_not_tried),
    };

    return cmocka_run_group_tests_name("remote_open", tests, NULL, NULL);
}
