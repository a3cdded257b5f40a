/* SPDX-License-Identifier: MIT
 *
 * The token layer against the system's own: what it builds by hand is what the readers
 * see, and a system that only pretends to restrict is found out.
 */
#include "win/token.h"

#include "win/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sid some_run(void)
{
    static const uint8_t digest[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

    return sid_ours(digest);
}

static void token_child_security__any_user__names_exactly_four(void **state)
{
    struct token_security security;
    struct sid run = some_run(), user, want[4];
    static const uint32_t mask[4] = { RIGHT_GENERIC_ALL, RIGHT_GENERIC_ALL,
                                      RIGHT_GENERIC_ALL, RIGHT_READ_CONTROL };
    struct secdesc sd;
    struct err err;

    (void)state;
    assert_true(token_user_sid(&user, &err));
    token_child_security(&user, &run, &security);
    assert_true(IsValidSecurityDescriptor(security.attributes.lpSecurityDescriptor));
    assert_true(secdesc_read(&sd, security.bytes, sizeof security.bytes));
    assert_true(sd.control & SECDESC_DACL_PROTECTED);
    assert_false(sd.has_owner);
    assert_int_equal(sd.dacl.count, 4);
    want[0] = user;
    want[1] = sid_well_known(SID_SYSTEM);
    want[2] = run;
    want[3] = sid_well_known(SID_OWNER_RIGHTS);
    for (size_t i = 0; i < 4; i++) {
        struct ace ace;

        assert_true(acl_get(&sd.dacl, i, &ace));
        assert_int_equal(ace.type, ACE_ALLOW);
        assert_int_equal(ace.flags, 0);
        assert_int_equal(ace.mask, mask[i]);
        assert_true(sid_eq(&ace.sid, &want[i]));
    }
}

static void token_restrict__this_system__is_seen_through(void **state)
{
    struct fence_parts parts = { .root_count = 1, .root = { some_run() } };
    struct token_security security;
    enum fence fences[] = { FENCE_STANDARD, FENCE_STRICT };
    struct err err;

    (void)state;
    parts.run = some_run();
    assert_true(token_user_sid(&parts.user, &err));
    for (size_t i = 0; i < 2; i++) {
        struct fence_list list;
        HANDLE token = NULL;

        fence_list(fences[i], &parts, &list);
        enum level_token got = token_restrict(&list, &token, &err);
        bool restricted = token && IsTokenRestricted(token);

        /* Never more than the system itself says of the token. */
        assert_true(got == LEVEL_TOKEN_RESTRICTED ? restricted : !restricted);
        if (got != LEVEL_TOKEN_RESTRICTED)
            print_message("SKIP: restriction itself: this system keeps no restricting "
                          "SIDs\n");
        assert_non_null(token);
        token_child_security(&parts.user, &parts.run, &security);
        assert_true(token_set_default_dacl(token, &security, &err));
        CloseHandle(token);
    }
}

/* Wine keeps what a token object is given; that a restricted child needs it is shown by
 * nothing here. */
static void process_start__under_a_token__its_own_token_names_the_run_sid(void **state)
{
    static struct token_security security, own;
    struct fence_parts parts = { .root_count = 1, .root = { some_run() } };
    char16_t line[] = u"cmd.exe /c exit 7";
    struct process_start start = { .command_line = line };
    char16_t program[MAX_PATH + 16];
    auto_handle HANDLE token = NULL, process = NULL, its_own = NULL;
    uint8_t bytes[1024];
    struct secdesc want, got;
    struct fence_list list;
    uint32_t code = 0;
    ULONG needed = 0;
    struct err err;

    (void)state;
    assert_true(GetSystemDirectoryW(program, MAX_PATH));
    wcscat(program, u"\\cmd.exe");
    parts.run = some_run();
    assert_true(token_user_sid(&parts.user, &err));
    fence_list(FENCE_STRICT, &parts, &list);
    assert_true(token_restrict(&list, &token, &err) >= LEVEL_TOKEN_NOT_KEPT);
    token_child_security(&parts.user, &parts.run, &security);
    assert_true(token_set_default_dacl(token, &security, &err));
    token_own_security(&parts.user, &parts.run, &own);
    start.program = program;
    start.token = token;
    start.security = &security.attributes;
    start.token_security = own.bytes;
    assert_true(process_start(&start, &process, &err));
    assert_true(NT_SUCCESS(NtOpenProcessToken(process, READ_CONTROL, &its_own)));
    assert_true(NT_SUCCESS(NtQuerySecurityObject(its_own, DACL_SECURITY_INFORMATION,
                                                 bytes, sizeof bytes, &needed)));
    assert_true(secdesc_read(&got, bytes, sizeof bytes) && got.dacl.at);
    assert_true(secdesc_read(&want, own.bytes, sizeof own.bytes));
    assert_int_equal(got.dacl.used, want.dacl.used);
    assert_memory_equal(got.dacl.at + ACL_HEAD_BYTES, want.dacl.at + ACL_HEAD_BYTES,
                        want.dacl.used - ACL_HEAD_BYTES);
    assert_true(process_wait(process, &code, &err)); /* and it ran on */
    assert_int_equal(code, 7);
}

/* The attributes of the first logon SID in a token. */
static DWORD logon_attributes(HANDLE token)
{
    static union {
        TOKEN_GROUPS groups;
        BYTE bytes[16384];
    } g;
    ULONG needed = 0;

    assert_true(
        NT_SUCCESS(NtQueryInformationToken(token, TokenGroups, &g, sizeof g, &needed)));
    for (DWORD i = 0; i < g.groups.GroupCount; i++)
        if ((g.groups.Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID)
            return g.groups.Groups[i].Attributes;
    fail();
    return 0;
}

static void token_restrict_apart__logon_sid__can_only_deny(void **state)
{
    struct fence_parts parts = { .root_count = 1,
                                 .root = { some_run() },
                                 .run = some_run() };
    struct fence_list list;
    HANDLE plain = NULL, token = NULL;
    bool apart = false;
    struct err err;

    (void)state;
    assert_true(token_user_sid(&parts.user, &err));
    fence_list(FENCE_STANDARD, &parts, &list);
    (void)token_restrict(&list, &plain, &err);
    assert_true(logon_attributes(plain) & SE_GROUP_ENABLED); /* the control */
    (void)token_restrict_apart(&list, &token, &apart, &err);
    assert_non_null(token);
    assert_true(apart);
    assert_true(logon_attributes(token) & SE_GROUP_USE_FOR_DENY_ONLY);
    assert_false(logon_attributes(token) & SE_GROUP_ENABLED);
    CloseHandle(plain);
    CloseHandle(token);
}

/* A system that says yes and disables nothing. */
static bool lies;
static DWORD asked;
static BOOL WINAPI create_as_it_was(HANDLE base, DWORD flags, DWORD disable_count,
                                    PSID_AND_ATTRIBUTES disable, DWORD delete_count,
                                    PLUID_AND_ATTRIBUTES deleted, DWORD count,
                                    PSID_AND_ATTRIBUTES restricting, PHANDLE out)
{
    (void)disable;
    asked += disable_count;
    return CreateRestrictedToken(base, flags, 0, NULL, delete_count, deleted, count,
                                 restricting, out);
}

static FARPROC old_create; /* another system's */

FARPROC __real_dll_security(const char *name);
FARPROC __wrap_dll_security(const char *name);
FARPROC __wrap_dll_security(const char *name)
{
    if (strcmp(name, "CreateRestrictedToken") != 0)
        return __real_dll_security(name);
    if (old_create)
        return old_create;
    return lies ? (FARPROC)(void (*)(void))create_as_it_was : __real_dll_security(name);
}

static void token_restrict_apart__nothing_was_disabled__is_found_out(void **state)
{
    struct fence_parts parts = { .run = some_run() };
    struct fence_list list;
    HANDLE token = NULL;
    bool apart = true;
    struct err err;

    (void)state;
    fence_list(FENCE_STANDARD, &parts, &list);
    lies = true;
    (void)token_restrict_apart(&list, &token, &apart, &err);
    lies = false;
    assert_int_equal(asked, 1);
    assert_non_null(token);
    assert_false(apart);
    CloseHandle(token);
}

/* A system before Windows Vista that takes some flags, and what it was asked for. */
static struct {
    DWORD takes, tried[4];
    size_t count;
    bool before_vista;
} old;

bool __real_machine_is_before_vista(void);
bool __wrap_machine_is_before_vista(void);
bool __wrap_machine_is_before_vista(void)
{
    return old.takes ? old.before_vista : __real_machine_is_before_vista();
}

static BOOL WINAPI create_on_old(HANDLE base, DWORD flags, DWORD disable_count,
                                 PSID_AND_ATTRIBUTES disable, DWORD delete_count,
                                 PLUID_AND_ATTRIBUTES delete, DWORD count,
                                 PSID_AND_ATTRIBUTES restricting, PHANDLE out)
{
    (void)base, (void)disable_count, (void)disable, (void)delete_count, (void)delete;
    (void)count, (void)restricting;
    assert_true(old.count < 4);
    old.tried[old.count++] = flags;
    if (flags & ~old.takes) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    *out = CreateEventW(NULL, TRUE, FALSE, NULL); /* any handle that can be closed */
    return TRUE;
}

/* MS: CreateRestrictedToken, Flags: LUA_TOKEN (4) is newer; WRITE_RESTRICTED is 8, or 4
 * from Windows XP SP2 on, or not there. */
static void token_restrict__older_system__finds_the_flags_it_takes(void **state)
{
    static const struct {
        DWORD takes, last;
        size_t count;
        enum fence fence;
        bool before_vista, made;
    } rows[] = {
        { 0xF, 0xD, 1, FENCE_STANDARD, true,
          true }, /* or ignores what it does not know */
        { 0xB, 0x9, 2, FENCE_STANDARD, true, true },
        { 0x7, 0x5, 3, FENCE_STANDARD, true, true },
        { 0x3, 0x5, 3, FENCE_STANDARD, true, false },
        { 0x7, 0x1, 1, FENCE_STRICT, true, true }, /* 5 would be write-restricted */
        { 0x3, 0x1, 1, FENCE_STRICT, true, true },
        { 0xF, 0xD, 1, FENCE_STANDARD, false, true },
        { 0xF, 0x5, 1, FENCE_STRICT, false, true },
        { 0x7, 0xD, 1, FENCE_STANDARD, false, false }, /* never a weaker one */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fence_parts parts = { .run = some_run() };
        struct fence_list list;
        HANDLE token = NULL;
        struct err err = { 0 };

        fence_list(rows[i].fence, &parts, &list);
        old.count = 0;
        old.takes = rows[i].takes;
        old.before_vista = rows[i].before_vista;
        old_create = (FARPROC)(void (*)(void))create_on_old;
        assert_int_equal(token_restrict(&list, &token, &err),
                         rows[i].made ? LEVEL_TOKEN_NOT_KEPT : LEVEL_TOKEN_FAILED);
        old_create = NULL;
        old.takes = 0;
        assert_int_equal(old.count, rows[i].count);
        assert_int_equal(old.tried[old.count - 1], rows[i].last);
        assert_int_equal(!!token, rows[i].made);
        assert_int_equal(!!err.call, !rows[i].made);
        if (token)
            CloseHandle(token);
    }
}

static void token_is_inside__plain_process__is_not(void **state)
{
    (void)state;
    assert_false(token_is_inside());
}

static void token_logon_sid__this_process__is_a_logon_sid(void **state)
{
    struct sid sid;

    (void)state;
    assert_true(token_logon_sid(&sid));
    assert_int_equal(sid.authority[5], 5);
    assert_int_equal(sid.sub[0], 5);
    assert_int_equal(sid.sub_count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_child_security__any_user__names_exactly_four),
        cmocka_unit_test(token_restrict__this_system__is_seen_through),
        cmocka_unit_test(process_start__under_a_token__its_own_token_names_the_run_sid),
        cmocka_unit_test(token_restrict_apart__logon_sid__can_only_deny),
        cmocka_unit_test(token_restrict_apart__nothing_was_disabled__is_found_out),
        cmocka_unit_test(token_restrict__older_system__finds_the_flags_it_takes),
        cmocka_unit_test(token_is_inside__plain_process__is_not),
        cmocka_unit_test(token_logon_sid__this_process__is_a_logon_sid),
    };
    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
