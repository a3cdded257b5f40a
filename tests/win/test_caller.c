/* SPDX-License-Identifier: MIT
 *
 * Whom the elevated end of setup takes an order from: this program serves the pipe, and
 * its process and token look as the test wants.
 */
#include "caller.h"

#include "account.h"
#include "lookup.h"
#include "win/dll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME u"0123456789abcdef0123456789abcdef"

static struct err err;

static struct {
    bool guarded;    /* our process opens with SeDebugPrivilege only */
    bool closed;     /* our token does not open */
    bool debugs;     /* the privilege is enabled */
    bool restricted; /* the token has restricting SIDs: */
    size_t count;
    struct sid sid[3];
    NTSTATUS status; /* or what asking for them ends with */
} fake;

typedef NTSTATUS(NTAPI *query)(HANDLE, TOKEN_INFORMATION_CLASS, void *, ULONG, ULONG *);
typedef NTSTATUS(NTAPI *open_token)(HANDLE, ACCESS_MASK, HANDLE *);
typedef HANDLE(WINAPI *open_process)(DWORD, BOOL, DWORD);

/* Linked in place of the pointers that the import table has, and those. */
extern query __wrap___imp_NtQueryInformationToken, __real___imp_NtQueryInformationToken;
extern open_token __wrap___imp_NtOpenProcessToken, __real___imp_NtOpenProcessToken;
extern open_process __wrap___imp_OpenProcess, __real___imp_OpenProcess;

static NTSTATUS NTAPI fake_query(HANDLE token, TOKEN_INFORMATION_CLASS what, void *data,
                                 ULONG bytes, ULONG *needed)
{
    TOKEN_GROUPS *out = data;
    BYTE *at = (BYTE *)data + sizeof *out + sizeof fake.sid;

    if (what != TokenRestrictedSids || (!fake.restricted && !fake.status))
        return __real___imp_NtQueryInformationToken(token, what, data, bytes, needed);
    if (fake.status)
        return fake.status;
    out->GroupCount = (DWORD)fake.count;
    for (size_t i = 0; i < fake.count; i++) {
        sid_write(&fake.sid[i], at);
        out->Groups[i] = (SID_AND_ATTRIBUTES){ .Sid = at };
        at += sizeof fake.sid[i];
    }
    return 0;
}

static NTSTATUS NTAPI fake_open_token(HANDLE process, ACCESS_MASK access, HANDLE *token)
{
    if (fake.closed && process != GetCurrentProcess())
        return (NTSTATUS)0xC0000022;
    return __real___imp_NtOpenProcessToken(process, access, token);
}

static HANDLE WINAPI fake_open_process(DWORD access, BOOL inherit, DWORD pid)
{
    if (pid != GetCurrentProcessId() || !fake.guarded || fake.debugs)
        return __real___imp_OpenProcess(access, inherit, pid);
    SetLastError(ERROR_ACCESS_DENIED);
    return NULL;
}

query __wrap___imp_NtQueryInformationToken = fake_query;
open_token __wrap___imp_NtOpenProcessToken = fake_open_token;
open_process __wrap___imp_OpenProcess = fake_open_process;

static BOOL WINAPI adjust(HANDLE token, BOOL disable_all, PTOKEN_PRIVILEGES wanted,
                          DWORD bytes, PTOKEN_PRIVILEGES before, PDWORD needed)
{
    (void)bytes, (void)before, (void)needed;
    assert_true(token && !disable_all && wanted->Privileges[0].Luid.LowPart == 20);
    fake.debugs = true;
    return TRUE;
}

FARPROC lookup_function(const char16_t *dll, const char *name)
{
    if (!strcmp(name, "AdjustTokenPrivileges"))
        return (FARPROC)(void (*)(void))adjust;
    return GetProcAddress(dll_system(dll), name);
}

/* With a pipe of its own each time. */
static bool connects(void)
{
    HANDLE pipe = NULL;
    HANDLE server = CreateNamedPipeW(HANDOVER_PIPE NAME, PIPE_ACCESS_DUPLEX,
                                     PIPE_TYPE_BYTE, 1, 64, 64, 0, NULL);
    bool ok = false;

    assert_true(server != INVALID_HANDLE_VALUE);
    ok = caller_connect(U16S("0123456789abcdef0123456789abcdef"), GetCurrentProcessId(),
                        &pipe, &err);
    if (pipe)
        CloseHandle(pipe);
    CloseHandle(server);
    return ok;
}

static void caller_connect__user_of_ours__is_taken(void **state)
{
    (void)state;
    if (!connects())
        fail_msg("%s %lx", err.call, (unsigned long)err.code);
}

/* Another administrator, whom our process does not name. */
static void caller_connect__process_is_closed__opens_by_privilege(void **state)
{
    (void)state;
    fake.guarded = true;
    if (!connects())
        fail_msg("%s %lx", err.call, (unsigned long)err.code);
    assert_true(fake.debugs);
}

static void caller_connect__token_is_closed__is_refused_and_named(void **state)
{
    (void)state;
    fake.closed = true;
    assert_false(connects());
    assert_string_equal(err.call, "NtOpenProcessToken");
    assert_int_equal(err.code, 0xC0000022);
}

static void caller_connect__fenced_program__is_refused(void **state)
{
    static const uint8_t digest[12] = "a root's...";

    (void)state;
    fake.restricted = true;
    fake.count = 3;
    fake.sid[0] = sid_everyone();
    fake.sid[1] = sid_well_known(SID_USERS);
    fake.sid[2] = sid_ours(digest);
    assert_false(connects());
    assert_string_equal(err.call, "the caller is a fenced program");
    fake.count = 2; /* restricted by somebody else: none of our business */
    assert_true(connects());
}

static void caller_connect__restricting_sids_not_told__is_refused(void **state)
{
    (void)state;
    fake.status = (NTSTATUS)0xC0000022;
    assert_false(connects());
    assert_string_equal(err.call, "NtQueryInformationToken");
    fake.status = (NTSTATUS)0xC0000002; /* a system that has none */
    assert_true(connects());
}

static int fresh(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
    const struct CMUnitTest tests[] = {
        TEST(caller_connect__user_of_ours__is_taken),
        TEST(caller_connect__process_is_closed__opens_by_privilege),
        TEST(caller_connect__token_is_closed__is_refused_and_named),
        TEST(caller_connect__fenced_program__is_refused),
        TEST(caller_connect__restricting_sids_not_told__is_refused),
    };

    return cmocka_run_group_tests_name("caller", tests, NULL, NULL);
}
