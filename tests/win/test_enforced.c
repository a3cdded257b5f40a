/* The launcher's side of level enforced with stand-ins for what Wine has not: the sandbox
 * account, its sealed password, and a runner under it at the other end of the pipe. */
#include "core/sandbox.h"
#include "enforced.h"
#include "remote_open.h"
#include "win/account.h"
#include "win/file.h"
#include "win/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct sid account = { 1, 5, { 0, 0, 0, 0, 0, 5 }, { 21, 1, 2, 3, 1001 } };

static struct {
    unsigned opened, wiped;
    const void *passwords; /* where the launcher had them put */
    bool no_account;
} fake;

static char16_t data[MAX_PATH], secret[MAX_PATH], note[MAX_PATH];
static struct context context;
static struct remote_request request;
static struct err err;

/* Linked in place of the launcher's own. */
enum secret_load __wrap_secret_load(const char16_t *path, struct passwords *out,
                                    struct err *e);
enum secret_load __wrap_secret_load(const char16_t *path, struct passwords *out,
                                    struct err *e)
{
    (void)path;
    (void)e;
    fake.opened++;
    fake.passwords = out;
    for (size_t i = 0; i < PASSWORD_ACCOUNTS; i++)
        for (size_t n = 0; n < PASSWORD_LEN; n++)
            out->text[i][n] = u'x';
    return SECRET_LOADED;
}

bool __wrap_account_find(const char16_t *name, enum account_kind kind, struct sid *sid,
                         struct err *e);
bool __wrap_account_find(const char16_t *name, enum account_kind kind, struct sid *sid,
                         struct err *e)
{
    assert_int_equal(kind, ACCOUNT_IS_USER);
    assert_true(u16s_is(u16s_of(name), "RingfenceOffline") ||
                u16s_is(u16s_of(name), "RingfenceOnline"));
    if (fake.no_account)
        return err_set(e, ERR_WIN32, ERROR_NONE_MAPPED, "LookupAccountNameW", name);
    *sid = account;
    return true;
}

bool __wrap_pipe_connect(const char16_t *name, DWORD ms, struct pipe_end *end,
                         struct err *e);
bool __wrap_pipe_connect(const char16_t *name, DWORD ms, struct pipe_end *end,
                         struct err *e)
{
    (void)name;
    (void)ms;
    (void)end;
    (void)e;
    return true;
}

bool __wrap_pipe_check_server(const struct pipe_end *end, DWORD pid,
                              const struct sid *owner, struct err *e);
bool __wrap_pipe_check_server(const struct pipe_end *end, DWORD pid,
                              const struct sid *owner, struct err *e)
{
    (void)end;
    (void)e;
    assert_int_equal(pid, GetCurrentProcessId());
    assert_true(sid_eq(owner, &account));
    return true;
}

bool __wrap_pipe_receive(struct pipe_end *end, DWORD ms, struct pipe_frame *frame,
                         struct err *e);
bool __wrap_pipe_receive(struct pipe_end *end, DWORD ms, struct pipe_frame *frame,
                         struct err *e)
{
    const struct wire_hello hello = { .pid = GetCurrentProcessId(),
                                      .seen = WIRE_SEEN_ALL,
                                      .account = account };
    uint8_t bytes[WIRE_SMALL_MAX];
    size_t size = wire_hello_write(&hello, bytes, sizeof bytes);

    (void)end;
    (void)ms;
    (void)e;
    assert_true(size > WIRE_HEAD_BYTES && size - WIRE_HEAD_BYTES <= frame->cap);
    memcpy(frame->at, bytes + WIRE_HEAD_BYTES, size - WIRE_HEAD_BYTES);
    frame->kind = WIRE_HELLO;
    frame->bytes = size - WIRE_HEAD_BYTES;
    return true;
}

static void put(const char16_t *path, const void *bytes, size_t size)
{
    DWORD done = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(WriteFile(file, bytes, (DWORD)size, &done, NULL));
    CloseHandle(file);
}

/* This process is the runner that the note speaks of. */
static void put_note(void)
{
    struct wire_note warm = { .pid = GetCurrentProcessId() };
    char bytes[WIRE_NOTE_BYTES];
    FILETIME created, unused;

    assert_true(
        GetProcessTimes(GetCurrentProcess(), &created, &unused, &unused, &unused));
    warm.created = (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
    wire_note_write(&warm, bytes);
    put(note, bytes, sizeof bytes);
}

static int set_up(void **state)
{
    char16_t temp[MAX_PATH];
    struct u16buf d = U16BUF(data), s = U16BUF(secret), n = U16BUF(note);

    (void)state;
    assert_true(GetTempPathW(MAX_PATH, temp));
    u16buf_addz(&d, temp);
    u16buf_addz(&d, u"ringfence-enforced-");
    u16buf_add_dec(&d, GetCurrentProcessId());
    assert_true(file_make_dirs(data, &err));
    u16buf_addz(&s, data);
    u16buf_addz(&s, u"\\" SANDBOX_SECRET);
    u16buf_addz(&n, data);
    u16buf_addz(&n, u"\\runner-" SANDBOX_OFFLINE u".txt");
    memset(&fake, 0, sizeof fake);
    memset(&context, 0, sizeof context);
    memset(&request, 0, sizeof request);
    memset(&err, 0, sizeof err);
    context.data = d;
    context.install = d; /* where no runner lies */
    put(secret, "sealed", 6);
    DeleteFileW(note);
    return 0;
}

static int tear_down(void **state)
{
    static const char16_t *const leaves[] = { u"\\" SANDBOX_SECRET,
                                              u"\\runner-" SANDBOX_OFFLINE u".txt",
                                              u"\\runner-" SANDBOX_OFFLINE u".txt.lock" };
    char16_t path[MAX_PATH];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct u16buf b = U16BUF(path);

        u16buf_addz(&b, data);
        u16buf_addz(&b, leaves[i]);
        DeleteFileW(path);
    }
    RemoveDirectoryW(data);
    return 0;
}

/* A password that is not needed is not opened: a command in a warm runner costs no
 * CryptUnprotectData, and has none in its memory while the tool runs. */
static void remote_open__warm_runner__no_password_opened(void **state)
{
    static struct remote r;

    (void)state;
    put_note();
    assert_true(enforced_request(&context, false, &request, &err));
    r = (struct remote){ .request = NULL };
    assert_true(remote_open(&r, &request, &err));
    assert_int_equal(fake.opened, 0);
    remote_close(&r);
}

static void remote_open__no_runner__password_opened_once_and_wiped(void **state)
{
    static const struct passwords zero;
    static struct remote r;

    (void)state;
    assert_true(enforced_request(&context, false, &request, &err));
    r = (struct remote){ .request = NULL };
    assert_false(remote_open(&r, &request, &err)); /* there is none to be started */
    assert_string_equal(err.call, "CreateProcessWithLogonW");
    assert_int_equal(fake.opened, 1);
    assert_memory_equal(fake.passwords, &zero, sizeof zero);
}

static void enforced_request__nothing_set_up__says_what_to_do(void **state)
{
    (void)state;
    DeleteFileW(secret);
    assert_false(enforced_request(&context, false, &request, &err));
    assert_non_null(strstr(err.call, "no sandbox accounts"));
    assert_int_equal(fake.opened, 0);
}

static void enforced_request__account_gone__fails(void **state)
{
    (void)state;
    fake.no_account = true;
    assert_false(enforced_request(&context, true, &request, &err));
    assert_int_equal(err.code, ERROR_NONE_MAPPED);
    assert_int_equal(fake.opened, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(remote_open__warm_runner__no_password_opened),
        TEST(remote_open__no_runner__password_opened_once_and_wiped),
        TEST(enforced_request__nothing_set_up__says_what_to_do),
        TEST(enforced_request__account_gone__fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
