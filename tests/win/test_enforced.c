/* The launcher's side of level enforced with stand-ins for what Wine has not: the sandbox
 * account, its sealed password, and a runner under it at the other end of the pipe. */
#include "confine.h"
#include "core/aclplan.h"
#include "core/sandbox.h"
#include "remote/enforced.h"
#include "remote/remote_open.h"
#include "win/account.h"
#include "win/file.h"
#include "win/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct sid group = { 1, 5, { 0, 0, 0, 0, 0, 5 }, { 21, 1, 2, 3, 1003 } };
static const struct sid account = { 1, 5, { 0, 0, 0, 0, 0, 5 }, { 21, 1, 2, 3, 1001 } };

static struct {
    unsigned opened, wiped;
    const void *passwords; /* where the launcher had them put */
    bool no_account;
    unsigned prepared;
    bool given[2];      /* the group has its entries on the roots */
    bool prepare_gives; /* prepare sees to that */
    bool had_record[2]; /* when it was started */
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
    if (kind == ACCOUNT_IS_GROUP) {
        assert_true(u16s_is(u16s_of(name), "RingfenceUsers"));
        *sid = group;
        return true;
    }
    assert_true(u16s_is(u16s_of(name), "RingfenceOffline") ||
                u16s_is(u16s_of(name), "RingfenceOnline"));
    if (fake.no_account)
        return err_set(e, ERR_WIN32, ERROR_NONE_MAPPED, "LookupAccountNameW", name);
    *sid = account;
    return true;
}

static const char16_t *record_of(size_t i)
{
    static char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);

    confine_record_path(&context, context.root_list[i].digest, &b);
    return path;
}

bool __wrap_confine_prepare(struct context *c, const struct context_wish *wish,
                            struct u16s tool);
bool __wrap_confine_prepare(struct context *c, const struct context_wish *wish,
                            struct u16s tool)
{
    (void)wish;
    assert_ptr_equal(c, &context);
    assert_int_equal(tool.len, 0);
    fake.prepared++;
    for (size_t i = 0; i < 2; i++) {
        fake.had_record[i] = file_kind(record_of(i)) == FILE_IS_FILE;
        fake.given[i] = fake.given[i] || fake.prepare_gives;
    }
    return true;
}

/* The group's entries on a root, as the walk leaves them. */
static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *to,
                                     ULONG bytes, ULONG *needed)
{
    static uint8_t list[512];
    const struct acl_entry entries[] = {
        { ACE_DENY, 0, ACLPLAN_STAY, group },
        { ACE_ALLOW, 3, ACLPLAN_WRITE, group },
        { ACE_ALLOW, 3 | ACE_INHERIT_ONLY, RIGHT_DELETE, group },
    };
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    size_t size = 0, which = 0;
    uint8_t digest[SHA256_BYTES];

    (void)what;
    if (!context_hash_root(object, u"root", digest, &err))
        return (NTSTATUS)0xC0000022; /* no file: STATUS_ACCESS_DENIED */
    which = memcmp(digest, context.root_list[1].digest, sizeof digest) == 0;
    for (size_t i = 0; i < 3 && fake.given[which]; i++)
        aclbuf_add(&b, &entries[i]);
    sd.dacl = aclbuf_acl(&b);
    assert_true(secdesc_write(&sd, to, bytes, &size));
    *needed = (ULONG)size;
    return 0;
}

/* Linked in place of the pointer that the import table has. */
extern NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                           void *, ULONG, ULONG *);
NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)
(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *) = query_security;

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

/* Two roots that a launch found ready, with their records. */
static void add_roots(void)
{
    static char16_t path[2][MAX_PATH];

    for (size_t i = 0; i < 2; i++) {
        struct u16buf b = U16BUF(path[i]);
        char16_t dir[MAX_PATH];
        struct u16buf d = U16BUF(dir);

        u16buf_addz(&b, data);
        u16buf_addz(&b, i ? u"\\more" : u"\\ws");
        assert_true(file_make_dirs(path[i], &err));
        context.root_list[i].path = u16buf_text(&b);
        context.root_list[i].usable = true;
        assert_true(context_hash_path(path[i], context.root_list[i].digest, &err));
        u16buf_addz(&d, record_of(i));
        d.at[d.len - 6] = 0;
        assert_true(file_make_dirs(dir, &err));
        put(record_of(i), "x", 1);
    }
    context.root_count = 2;
}

static void give_roots__all_given__starts_nothing(void **state)
{
    const struct context_wish wish = { .look_only = true };

    (void)state;
    add_roots();
    fake.given[0] = fake.given[1] = true;
    assert_true(enforced_give_roots(&context, &wish, &err));
    assert_int_equal(fake.prepared, 0);
    assert_int_equal(file_kind(record_of(1)), FILE_IS_FILE);
}

/* Granted before the accounts were made, or without them: prepared once, and only what
 * lacks the group is walked again. */
static void give_roots__one_not_given__is_prepared_once(void **state)
{
    const struct context_wish wish = { .look_only = true };

    (void)state;
    add_roots();
    fake.given[0] = fake.prepare_gives = true;
    assert_true(enforced_give_roots(&context, &wish, &err));
    assert_int_equal(fake.prepared, 1);
    assert_true(fake.had_record[0]);
    assert_false(fake.had_record[1]);
    assert_true(enforced_give_roots(&context, &wish, &err));
    assert_int_equal(fake.prepared, 1);
}

static void give_roots__cannot_be_given__names_the_root(void **state)
{
    const struct context_wish wish = { .look_only = true };

    (void)state;
    add_roots();
    fake.given[1] = true;
    assert_false(enforced_give_roots(&context, &wish, &err));
    assert_int_equal(fake.prepared, 1);
    assert_true(u16s_iends(u16s_of(err.object), U16S("\\ws")));
    assert_non_null(err.hint);
}

/* What is not in the token needs no entry for the accounts either. */
static void give_roots__other_root_not_usable__is_left_alone(void **state)
{
    const struct context_wish wish = { .look_only = true };

    (void)state;
    add_roots();
    fake.given[0] = true;
    context.root_list[1].usable = false;
    assert_true(enforced_give_roots(&context, &wish, &err));
    assert_int_equal(fake.prepared, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(remote_open__warm_runner__no_password_opened),
        TEST(remote_open__no_runner__password_opened_once_and_wiped),
        TEST(enforced_request__nothing_set_up__says_what_to_do),
        TEST(enforced_request__account_gone__fails),
        TEST(give_roots__all_given__starts_nothing),
        TEST(give_roots__one_not_given__is_prepared_once),
        TEST(give_roots__cannot_be_given__names_the_root),
        TEST(give_roots__other_root_not_usable__is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
