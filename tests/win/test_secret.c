#include "win/secret.h"

#include "core/sddl.h"
#include "win/file.h"
#include "win/statefile.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char16_t path[MAX_PATH];
static struct err err;

/* --- a file system that keeps lists ---------------------------------------------------
 */

typedef NTSTATUS(NTAPI *query)(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *);
typedef NTSTATUS(NTAPI *put)(HANDLE, SECURITY_INFORMATION, void *);
typedef HANDLE(WINAPI *create)(LPCWSTR, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD,
                               HANDLE);

/* Linked in place of the pointers that the import table has, and those. */
extern query __wrap___imp_NtQuerySecurityObject, __real___imp_NtQuerySecurityObject;
extern put __wrap___imp_NtSetSecurityObject, __real___imp_NtSetSecurityObject;
extern create __wrap___imp_CreateFileW, __real___imp_CreateFileW;

static struct {
    bool on, forgets; /* forgets: a write succeeds and changes nothing */
    bool made_closed; /* the file was made with a list, and that is its list now */
    unsigned written;
    uint8_t bytes[1024];
    size_t size;
} fs;

static void give(const void *descriptor)
{
    const uint8_t *d = descriptor;

    memcpy(fs.bytes, d, 256); /* ours are that long */
    fs.size = 256;
}

static NTSTATUS NTAPI fake_query(HANDLE file, SECURITY_INFORMATION what, void *data,
                                 ULONG bytes, ULONG *needed)
{
    if (!fs.on)
        return __real___imp_NtQuerySecurityObject(file, what, data, bytes, needed);
    assert_true(bytes >= fs.size);
    memcpy(data, fs.bytes, fs.size);
    return 0;
}

static NTSTATUS NTAPI fake_set(HANDLE file, SECURITY_INFORMATION what, void *descriptor)
{
    if (!fs.on)
        return __real___imp_NtSetSecurityObject(file, what, descriptor);
    assert_int_equal(what, DACL_SECURITY_INFORMATION);
    fs.written++;
    if (!fs.forgets)
        give(descriptor);
    return 0;
}

static HANDLE WINAPI fake_create(LPCWSTR name, DWORD access, DWORD share,
                                 LPSECURITY_ATTRIBUTES security, DWORD how, DWORD flags,
                                 HANDLE from)
{
    if (how == CREATE_NEW) {
        fs.made_closed = security && security->lpSecurityDescriptor;
        if (fs.made_closed)
            give(security->lpSecurityDescriptor);
    }
    return __real___imp_CreateFileW(name, access, share, security, how, flags, from);
}

query __wrap___imp_NtQuerySecurityObject = fake_query;
put __wrap___imp_NtSetSecurityObject = fake_set;
create __wrap___imp_CreateFileW = fake_create;

/* The list as text, the user's SID as "ME". */
static void assert_list(const char16_t *want)
{
    char16_t text[512], user_text[SID_TEXT_CAP];
    struct u16buf b = U16BUF(text), u = U16BUF(user_text);
    struct secdesc sd;
    struct sid user;
    char16_t *me = NULL;

    assert_true(token_user_sid(&user, &err));
    sid_format(&user, &u);
    assert_true(secdesc_read(&sd, fs.bytes, fs.size));
    sddl_format(&sd, &b);
    me = wcsstr(text, user_text);
    if (me) {
        me[0] = u'M', me[1] = u'E';
        memmove(me + 2, me + u.len, 2 * (wcslen(me + u.len) + 1));
    }
    if (wcscmp(text, want) != 0)
        fail_msg("%ls, not %ls", text, want);
}

/* The file's list, "ME" for the user's SID. */
static void set_list(const char16_t *sddl)
{
    static uint8_t parts[1024];
    char16_t text[512] = u"";
    const char16_t *me = wcsstr(sddl, u"ME)");
    struct secdesc sd;
    struct sid user;

    if (me) {
        struct u16buf b = U16BUF(text);

        assert_true(token_user_sid(&user, &err));
        u16buf_add(&b, (struct u16s){ sddl, (size_t)(me - sddl) });
        sid_format(&user, &b);
        u16buf_addz(&b, me + 2);
    } else {
        wcscpy(text, sddl);
    }
    assert_true(sddl_parse(&sd, u16s_of(text), NULL, parts, sizeof parts, &err));
    assert_true(secdesc_write(&sd, fs.bytes, sizeof fs.bytes, &fs.size));
}

#define CLOSED u"D:P(A;;FA;;;ME)(A;;FA;;;SY)"

static int fresh(void **state)
{
    (void)state;
    memset(&fs, 0, sizeof fs);
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

/* What it inherits could name those by whom fenced programs read. */
static void secret_save__new_file__is_closed_from_its_first_byte(void **state)
{
    struct passwords made;

    (void)state;
    assert_true(secret_make(&made, &err));
    fs.on = true;
    for (int again = 0; again < 2; again++) { /* and over one that is there */
        fs.made_closed = false;
        assert_true(secret_save(path, &made, &err));
        assert_true(fs.made_closed);
        assert_list(CLOSED);
        assert_int_equal(fs.written, 0);
    }
}

static void secret_load__open_to_others__is_closed(void **state)
{
    static const char16_t *const open[] = {
        u"D:(A;;FA;;;ME)(A;;FA;;;SY)", /* it can be handed something */
        u"D:AI(A;ID;FA;;;ME)(A;ID;FR;;;S-1-5-21-1380535879-1-2-3)",
        u"D:P(A;;FA;;;ME)(A;;FR;;;BU)",
        u"D:P(A;;FA;;;ME)(A;;FR;;;BA)",
        u"D:P(XA;;FR;;;ME;(#00))(A;;FA;;;WD)",
        u"O:SYG:SY", /* no list: everyone */
    };
    struct passwords made;

    (void)state;
    assert_true(secret_make(&made, &err));
    assert_true(secret_save(path, &made, &err));
    fs.on = true;
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        set_list(open[i]);
        fs.written = 0;
        assert_int_equal(secret_load(path, &made, &err), SECRET_LOADED);
        assert_int_equal(fs.written, 1);
        assert_list(CLOSED);
    }
}

/* A walk adds what it denies. */
static void secret_load__closed_and_denied_to_more__stays(void **state)
{
    struct passwords made;

    (void)state;
    assert_true(secret_make(&made, &err));
    assert_true(secret_save(path, &made, &err));
    fs.on = true;
    set_list(u"D:P(D;;FA;;;S-1-5-21-1380535879-1-2-3)(A;;FA;;;ME)(A;;FR;;;SY)");
    assert_int_equal(secret_load(path, &made, &err), SECRET_LOADED);
    assert_int_equal(fs.written, 0);
}

static void
secret_close__list_is_not_kept__says_so_and_the_secret_still_opens(void **state)
{
    struct passwords made;

    (void)state;
    assert_true(secret_make(&made, &err));
    assert_true(secret_save(path, &made, &err));
    fs.on = fs.forgets = true;
    set_list(u"D:(A;;FA;;;ME)(A;;FA;;;WD)");
    assert_false(secret_close(path, &err));
    assert_string_equal(err.call, "the file does not keep the list it was given");
    assert_int_equal(secret_load(path, &made, &err), SECRET_LOADED);
}

int main(void)
{
#define CLEAN(name) cmocka_unit_test_setup_teardown(name, fresh, gone)
    const struct CMUnitTest tests[] = {
        CLEAN(secret_save__new_file__is_closed_from_its_first_byte),
        CLEAN(secret_load__open_to_others__is_closed),
        CLEAN(secret_load__closed_and_denied_to_more__stays),
        CLEAN(secret_close__list_is_not_kept__says_so_and_the_secret_still_opens),
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
