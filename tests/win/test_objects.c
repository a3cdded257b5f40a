/* Claim: with the library's hooks in place a pipe without a descriptor has the token's
 * default list, a directory for its owner alone has what it inherits of the fence as
 * well, a child is told again what this process was told, and everything else is as it
 * was.  Wine keeps pipes' lists, but not directories': the list of the directory above is
 * the test's, and what is to be handed to Windows is looked at instead of what came of
 * it. */
#include "core/sddl.h"
#include "core/secdesc.h"
#include "objects/children.h"
#include "objects/hooks.h"
#include "objects/ownobject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIPE  u"\\\\.\\pipe\\ringfence-test-objects"
#define ROOT  u"S-1-5-21-1380535879-1-2-3"
#define WRITE u"(A;OICI;0x1201bf;;;" ROOT u")"
#define OWN   u"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"
#define ALSO  u"D:(A;;FA;;;SY)(A;;FR;;;WD)" /* a list that somebody wants for a pipe */

static uint8_t default_list[4096];

NTSTATUS NTAPI fake_query(HANDLE object, SECURITY_INFORMATION what, void *data,
                          ULONG bytes, ULONG *needed);
extern NTSTATUS(NTAPI *__real___imp_NtQuerySecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                           void *, ULONG, ULONG *);
NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)
(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *) = fake_query;

/* The list of the directory above; NULL: as the system has it. */
static const char16_t *above;

static ULONG describe(const char16_t *text, uint8_t *out, size_t cap)
{
    uint8_t list[2048];
    struct secdesc sd;
    struct err err;
    size_t bytes = 0;

    assert_true(sddl_parse(&sd, u16s_of(text), NULL, list, sizeof list, &err));
    assert_true(secdesc_write(&sd, out, cap, &bytes));
    return (ULONG)bytes;
}

NTSTATUS NTAPI fake_query(HANDLE object, SECURITY_INFORMATION what, void *data,
                          ULONG bytes, ULONG *needed)
{
    if (!above)
        return __real___imp_NtQuerySecurityObject(object, what, data, bytes, needed);
    *needed = describe(above, data, bytes);
    return 0;
}

/* The DACL of what the handle is to, against a list; its size and bytes. */
static bool has_list(HANDLE object, const void *list, size_t list_bytes)
{
    uint8_t bytes[4096];
    struct secdesc sd;
    ULONG needed = 0;

    above = NULL;
    assert_true(NT_SUCCESS(
        fake_query(object, DACL_SECURITY_INFORMATION, bytes, sizeof bytes, &needed)));
    assert_true(secdesc_read(&sd, bytes, needed));
    return sd.dacl.at && sd.dacl.bytes == list_bytes &&
           memcmp(sd.dacl.at, list, list_bytes) == 0;
}

static bool has_default(HANDLE object)
{
    const TOKEN_DEFAULT_DACL *d = (const void *)default_list;

    return has_list(object, d->DefaultDacl, d->DefaultDacl->AclSize);
}

static HANDLE make_pipe(SECURITY_ATTRIBUTES *attributes)
{
    HANDLE pipe = CreateNamedPipeW(PIPE, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 512, 512,
                                   0, attributes);

    assert_true(pipe != INVALID_HANDLE_VALUE);
    return pipe;
}

/* The control: before the hooks are in place it has another list. */
static void pipe__without_hooks__has_not_the_default_list(void **state)
{
    HANDLE pipe = make_pipe(NULL);

    (void)state;
    assert_false(has_default(pipe));
    CloseHandle(pipe);
}

static void hooks_place__first__changes_slots_and_then_none(void **state)
{
    (void)state;
    assert_true(hooks_place() >= 3);
    assert_int_equal(hooks_place(), 0);
    assert_int_equal(hooks_place_in((uint8_t *)GetModuleHandleW(NULL), 0x10000),
                     0); /* done already */
}

static void hooks_place_in__no_image__changes_nothing(void **state)
{
    static uint8_t bytes[4096], copy[4096];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i += sizeof(FARPROC)) {
        FARPROC f = GetProcAddress(GetModuleHandleW(u"kernel32"), "CreateNamedPipeW");

        memcpy(bytes + i, &f, sizeof f);
    }
    memcpy(copy, bytes, sizeof bytes);
    assert_int_equal(hooks_place_in(bytes, sizeof bytes), 0);
    assert_int_equal(hooks_place_in(bytes, 0), 0);
    assert_memory_equal(bytes, copy, sizeof bytes);
}

/* What the process finds for itself is the function as it was. */
static void hooks_place__windows_own_modules__are_left_alone(void **state)
{
    typedef HANDLE(WINAPI * make)(LPCWSTR, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD,
                                  LPSECURITY_ATTRIBUTES);
    make raw = (make)(void (*)(void))GetProcAddress(GetModuleHandleW(u"kernel32"),
                                                    "CreateNamedPipeW");
    HANDLE pipe = raw(PIPE, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 512, 512, 0, NULL);

    (void)state;
    assert_true(pipe != INVALID_HANDLE_VALUE);
    assert_false(has_default(pipe));
    CloseHandle(pipe);
}

static void pipe__no_attributes__has_the_default_list(void **state)
{
    HANDLE pipe = make_pipe(NULL);
    DWORD flags = 0;

    (void)state;
    assert_true(has_default(pipe));
    assert_true(GetHandleInformation(pipe, &flags));
    assert_false(flags & HANDLE_FLAG_INHERIT);
    CloseHandle(pipe);
}

/* As libuv asks for one that a child is to inherit. */
static void pipe__no_descriptor__has_it_and_is_inherited(void **state)
{
    SECURITY_ATTRIBUTES given = { .nLength = sizeof given, .bInheritHandle = TRUE };
    HANDLE pipe = make_pipe(&given);
    DWORD flags = 0;

    (void)state;
    assert_true(has_default(pipe));
    assert_true(GetHandleInformation(pipe, &flags));
    assert_true(flags & HANDLE_FLAG_INHERIT);
    CloseHandle(pipe);
}

static void pipe__by_its_ansi_name__has_it_too(void **state)
{
    HANDLE pipe =
        CreateNamedPipeA("\\\\.\\pipe\\ringfence-test-objects", PIPE_ACCESS_DUPLEX,
                         PIPE_TYPE_BYTE, 1, 512, 512, 0, NULL);

    (void)state;
    assert_true(pipe != INVALID_HANDLE_VALUE);
    assert_true(has_default(pipe));
    CloseHandle(pipe);
}

static void pipe__descriptor__is_the_callers(void **state)
{
    uint8_t sd[512];
    SECURITY_ATTRIBUTES given = { .nLength = sizeof given, .lpSecurityDescriptor = sd };
    HANDLE pipe = NULL;
    struct secdesc want;
    ULONG bytes = describe(ALSO, sd, sizeof sd);

    (void)state;
    assert_true(secdesc_read(&want, sd, bytes));
    pipe = make_pipe(&given);
    assert_false(has_default(pipe));
    CloseHandle(pipe);
    {
        struct ownobject room;

        assert_ptr_equal(ownobject_pipe(&given, &room), &given);
    }
}

static void pipe__failure__leaves_the_error(void **state)
{
    HANDLE first = make_pipe(NULL);

    (void)state;
    SetLastError(0);
    assert_true(CreateNamedPipeW(PIPE, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 512, 512, 0,
                                 NULL) == INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_PIPE_BUSY);
    CloseHandle(first);
}

/* What a directory with that list, in a directory with that one, is to be made with, as
 * text; NULL: as was asked. */
static const char16_t *directory(const char16_t *path, const char16_t *list,
                                 bool absolute)
{
    static char16_t text[1024];
    struct u16buf out = U16BUF(text);
    uint8_t sd[512];
    SECURITY_DESCRIPTOR whole;
    SECURITY_ATTRIBUTES given = { .nLength = sizeof given, .lpSecurityDescriptor = sd };
    SECURITY_ATTRIBUTES *made = NULL;
    struct ownobject room;
    struct secdesc as = { 0 };

    (void)describe(list, sd, sizeof sd);
    if (absolute) { /* as CPython makes it */
        const SECURITY_DESCRIPTOR_RELATIVE *r = (const void *)sd;

        assert_true(InitializeSecurityDescriptor(&whole, SECURITY_DESCRIPTOR_REVISION));
        assert_true(SetSecurityDescriptorDacl(&whole, TRUE, (PACL)(sd + r->Dacl), FALSE));
        given.lpSecurityDescriptor = &whole;
    }
    SetLastError(1234);
    made = ownobject_directory(path, &given, &room);
    assert_int_equal(GetLastError(), 1234);
    if (made == &given)
        return NULL;
    assert_true(IsValidSecurityDescriptor(made->lpSecurityDescriptor));
    as.control = SECDESC_DACL_PRESENT;
    as.control |= room.sd.Control & SECDESC_DACL_PROTECTED;
    assert_true(acl_read(&as.dacl, room.sd.Dacl, room.sd.Dacl->AclSize));
    sddl_format(&as, &out);
    return text;
}

static void directory__for_its_owner__has_the_fences_entries_too(void **state)
{
    (void)state;
    above = u"D:(A;OICI;FA;;;S-1-5-21-1-2-3-1001)" WRITE;
    for (int absolute = 0; absolute < 2; absolute++) {
        const char16_t *made = directory(u"new", OWN, absolute);
        const char16_t *want = absolute ? u"D:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
                                          u"(A;OICI;FA;;;OW)" WRITE
                                        : OWN WRITE;

        assert_non_null(made);
        if (!u16s_eq(u16s_of(made), u16s_of(want)))
            fail_msg("%ls", (const wchar_t *)made);
    }
    assert_non_null(directory(u"C:\\new\\", OWN, false));
}

static void directory__any_other__is_as_asked(void **state)
{
    struct ownobject room;
    SECURITY_ATTRIBUTES none = { .nLength = sizeof none };

    (void)state;
    above = u"D:(A;OICI;FA;;;S-1-5-21-1-2-3-1001)" WRITE;
    assert_null(directory(u"new", ALSO, false));
    assert_null(directory(u"Q:\\nowhere\\new", OWN, false));
    assert_null(directory(u"\\\\?\\C:\\new", OWN, false));
    above = u"D:(A;OICI;FA;;;S-1-5-21-1-2-3-1001)"; /* outside every root */
    assert_null(directory(u"new", OWN, true));
    assert_null(ownobject_directory(u"new", NULL, &room));
    assert_ptr_equal(ownobject_directory(u"new", &none, &room), &none);
    assert_ptr_equal(ownobject_directory(NULL, &none, &room), &none);
}

static void directory__through_the_hook__is_made_or_fails_as_ever(void **state)
{
    uint8_t sd[512];
    SECURITY_ATTRIBUTES given = { .nLength = sizeof given, .lpSecurityDescriptor = sd };
    char16_t temp[MAX_PATH + 1], path[MAX_PATH + 64];

    (void)state;
    (void)describe(OWN, sd, sizeof sd);
    assert_true(GetTempPathW(MAX_PATH, temp));
    swprintf((wchar_t *)path, sizeof path / sizeof path[0], L"%lsrf-objects-%lu", temp,
             GetCurrentProcessId());
    above = u"D:(A;OICI;FA;;;S-1-5-21-1-2-3-1001)" WRITE;
    for (int i = 0; i < 2; i++) {
        SECURITY_ATTRIBUTES *how = i ? &given : NULL;

        assert_true(CreateDirectoryW(path, how));
        assert_false(CreateDirectoryW(path, how));
        assert_int_equal(GetLastError(), ERROR_ALREADY_EXISTS);
        assert_true(RemoveDirectoryW(path));
    }
    assert_false(CreateDirectoryW(u"Q:\\nowhere\\new", &given));
    assert_int_equal(GetLastError(), ERROR_PATH_NOT_FOUND);
}

#define OPTION u"--require C:/rf/objects/objects.js"

static bool is_block(char16_t *block, const char16_t *want, size_t bytes)
{
    bool same = block && memcmp(block, want, bytes) == 0;

    SetLastError(1234);
    children_free(block);
    return same && GetLastError() == 1234;
}

/* pip replaces PYTHONPATH for a build, npm's scripts NODE_OPTIONS. */
static void child__environment_replaced__has_the_loaders_again(void **state)
{
    static const char16_t given[] = u"A=1\0NODE_OPTIONS=--x\0";
    static const char16_t want[] = u"A=1\0NODE_OPTIONS=--x " OPTION u"\0";
    char16_t *own = NULL;

    (void)state;
    assert_true(SetEnvironmentVariableW(u"NODE_OPTIONS", u"--y " OPTION));
    assert_true(SetEnvironmentVariableW(u"PYTHONPATH", u"C:\\lib"));
    children_begin();
    assert_true(is_block(children_environment(given, CREATE_UNICODE_ENVIRONMENT), want,
                         sizeof want));
    assert_null(children_environment(want, CREATE_UNICODE_ENVIRONMENT));
    assert_null(children_environment("A=1\0", 0)); /* in the ANSI code page */
    assert_null(children_environment(NULL, 0));    /* ours has it */
    assert_true(SetEnvironmentVariableW(u"NODE_OPTIONS", u"--z"));
    own = children_environment(NULL, 0);
    assert_non_null(own);
    children_free(own);
}

static void child__not_told_ourselves__environment_as_given(void **state)
{
    (void)state;
    assert_true(SetEnvironmentVariableW(u"NODE_OPTIONS", u"--y"));
    children_begin();
    assert_null(children_environment(u"A=1\0", CREATE_UNICODE_ENVIRONMENT));
    assert_null(children_environment(NULL, 0));
}

/* Through the hook, to the end: cmd.exe sees it. */
static void child__started__has_what_was_kept(void **state)
{
    char16_t line[] =
        u"cmd.exe /d /c if \"%NODE_OPTIONS%\"==\"--x " OPTION u"\" (exit 7) else (exit 8)";
    char16_t given[512] = u"NODE_OPTIONS=--x";
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi;
    DWORD code = 0;

    (void)state;
    for (DWORD kept = 0; kept < 2; kept++) {
        assert_true(SetEnvironmentVariableW(u"NODE_OPTIONS", kept ? OPTION : NULL));
        children_begin();
        assert_true(CreateProcessW(NULL, line, NULL, NULL, FALSE,
                                   CREATE_UNICODE_ENVIRONMENT, given, NULL, &si, &pi));
        assert_int_equal(WaitForSingleObject(pi.hProcess, 60000), WAIT_OBJECT_0);
        assert_true(GetExitCodeProcess(pi.hProcess, &code));
        assert_int_equal(code, kept ? 7 : 8);
        CloseHandle(pi.hThread);
        CloseHandle(pi.hProcess);
    }
    assert_false(CreateProcessW(u"C:\\nowhere\\x.exe", line, NULL, NULL, FALSE, 0, NULL,
                                NULL, &si, &pi));
    assert_true(GetLastError() == ERROR_PATH_NOT_FOUND ||
                GetLastError() == ERROR_FILE_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe__without_hooks__has_not_the_default_list),
        cmocka_unit_test(hooks_place__first__changes_slots_and_then_none),
        cmocka_unit_test(hooks_place_in__no_image__changes_nothing),
        cmocka_unit_test(hooks_place__windows_own_modules__are_left_alone),
        cmocka_unit_test(pipe__no_attributes__has_the_default_list),
        cmocka_unit_test(pipe__no_descriptor__has_it_and_is_inherited),
        cmocka_unit_test(pipe__by_its_ansi_name__has_it_too),
        cmocka_unit_test(pipe__descriptor__is_the_callers),
        cmocka_unit_test(pipe__failure__leaves_the_error),
        cmocka_unit_test(directory__for_its_owner__has_the_fences_entries_too),
        cmocka_unit_test(directory__any_other__is_as_asked),
        cmocka_unit_test(directory__through_the_hook__is_made_or_fails_as_ever),
        cmocka_unit_test(child__environment_replaced__has_the_loaders_again),
        cmocka_unit_test(child__not_told_ourselves__environment_as_given),
        cmocka_unit_test(child__started__has_what_was_kept),
    };
    HANDLE token = NULL;
    DWORD needed = 0;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) ||
        !GetTokenInformation(token, TokenDefaultDacl, default_list, sizeof default_list,
                             &needed))
        return 1;
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
