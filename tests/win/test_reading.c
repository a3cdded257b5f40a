/* SPDX-License-Identifier: MIT
 *
 * Claim: the strict fence is given a tool only where it can read the tool's own file as
 * well as the directories: one that cannot dies with 0xC0000022 before it has begun.  No
 * Wine keeps such lists: they are made up here, and so is the walk that lets it read.
 */
#include "grant/reading.h"

#include "grant/ledger.h"
#include "grant/walking.h"
#include "win/file.h"
#include "win/security.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    bool shut;         /* the directory is the user's alone, until it is walked */
    bool loaders_shut; /* so is objects, in it */
    bool walked;       /* and the walk changes that */
    size_t walks;
} fake;

static char16_t base[MAX_PATH], text[MAX_PATH];
static struct context context;
static struct err err;

bool walking_begin(struct walking *w, struct err *e)
{
    (void)w;
    (void)e;
    return true;
}

void walking_add(struct walking *w, const char16_t *path, const struct grant_request *how)
{
    (void)w;
    (void)path;
    assert_true(how->read);
    fake.walks++;
    fake.shut = fake.shut && !fake.walked;
    fake.loaders_shut = fake.loaders_shut && !fake.walked;
}

void walking_show(struct walking *w)
{
    (void)w;
}

bool walking_error(const struct walking *w, struct err *e)
{
    (void)w;
    (void)e;
    return true;
}

uint32_t walking_end(struct walking *w, bool good)
{
    (void)w;
    return good ? 0 : 1;
}

bool ledger_note(const char16_t *data_dir, const struct journal_record *record,
                 const char16_t *path, struct err *e)
{
    (void)data_dir;
    (void)record;
    (void)path;
    (void)e;
    return true;
}

/* All to the user; to Users what a directory of programs has, but not on own.exe. */
static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *data,
                                     ULONG bytes, ULONG *needed)
{
    static char16_t path[WIN_PATH_CAP];
    static uint8_t list[512];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct acl_entry all = { ACE_ALLOW, 0, RIGHT_FILE_ALL, { 0 } };
    struct acl_entry users = { ACE_ALLOW, 0, ACLPLAN_READ, sid_well_known(SID_USERS) };
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    struct u16buf at = U16BUF(path);
    size_t size = 0;

    (void)what;
    assert_true(token_user_sid(&all.sid, &err));
    assert_true(file_final_path_of(object, u"", false, &at, &err));
    aclbuf_add(&b, &all);
    if (!u16s_iends(u16buf_text(&at), U16S("\\own.exe")) &&
        !(fake.shut && u16s_iends(u16buf_text(&at), U16S("\\tools"))) &&
        !(fake.loaders_shut && u16s_iends(u16buf_text(&at), U16S("\\objects"))))
        aclbuf_add(&b, &users);
    sd.dacl = aclbuf_acl(&b);
    if (!secdesc_write(&sd, data, bytes, &size))
        return (NTSTATUS)0xC0000023;
    *needed = (ULONG)size;
    return 0;
}

/* Linked in place of the pointer that the import table has. */
extern NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                           void *, ULONG, ULONG *);
NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)
(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *) = query_security;

static struct u16s below(const char16_t *leaf)
{
    struct u16buf b = U16BUF(text);

    u16buf_addz(&b, base);
    u16buf_addz(&b, leaf);
    return u16buf_text(&b);
}

static void make_file(const char16_t *leaf)
{
    HANDLE file =
        CreateFileW(below(leaf).at, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    assert_true(file != INVALID_HANDLE_VALUE);
    CloseHandle(file);
}

static int set_up(void **state)
{
    struct u16buf b = U16BUF(base);

    (void)state;
    memset(&fake, 0, sizeof fake);
    b.len = GetTempPathW(MAX_PATH, base);
    u16buf_addz(&b, u"ringfence-reading");
    below(u"\\tools");
    assert_true(file_make_dirs(text, &err));
    make_file(u"\\tools\\plain.exe");
    make_file(u"\\tools\\own.exe");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    DeleteFileW(below(u"\\tools\\plain.exe").at);
    DeleteFileW(below(u"\\tools\\own.exe").at);
    RemoveDirectoryW(below(u"\\tools").at);
    RemoveDirectoryW(base);
    return 0;
}

static void admit__file_like_its_directory__is_admitted(void **state)
{
    (void)state;
    assert_true(reading_admit(&context, below(u"\\tools\\plain.exe")));
    assert_true(reading_admit(&context, (struct u16s){ NULL, 0 }));
    assert_int_equal(fake.walks, 0);
}

static void admit__file_with_its_own_list__is_not(void **state)
{
    (void)state;
    assert_false(reading_admit(&context, below(u"\\tools\\own.exe")));
    assert_int_equal(fake.walks, 0); /* that list stays as it is */
    assert_false(reading_admit(&context, below(u"\\tools\\gone.exe")));
}

static void admit__directory_shut__is_walked_and_looked_at_again(void **state)
{
    (void)state;
    fake.shut = fake.walked = true;
    assert_true(reading_admit(&context, below(u"\\tools\\plain.exe")));
    assert_int_equal(fake.walks, 1);
    fake.shut = true;
    fake.walked = false;
    assert_false(reading_admit(&context, below(u"\\tools\\plain.exe")));
    assert_int_equal(fake.walks, 2);
}

/* Node and Python are told to load what is there, and Node does not start if it cannot.
 */
static void admit__loaders_shut__are_walked_too(void **state)
{
    static char16_t install[MAX_PATH];

    (void)state;
    context.install = U16BUF(install);
    u16buf_add(&context.install, below(u"\\tools"));
    assert_true(file_make_dirs((below(u"\\tools\\objects"), text), &err));
    assert_true(reading_admit(&context, (struct u16s){ NULL, 0 }));
    assert_int_equal(fake.walks, 0);
    fake.loaders_shut = fake.walked = true;
    assert_true(reading_admit(&context, (struct u16s){ NULL, 0 }));
    assert_int_equal(fake.walks, 1);
    fake.loaders_shut = true;
    fake.walked = false;
    assert_false(reading_admit(&context, (struct u16s){ NULL, 0 }));
    RemoveDirectoryW(below(u"\\tools\\objects").at);
    assert_true(reading_admit(&context, (struct u16s){ NULL, 0 })); /* not installed */
    context.install = U16BUF(install);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(admit__file_like_its_directory__is_admitted),
        TEST(admit__file_with_its_own_list__is_not),
        TEST(admit__directory_shut__is_walked_and_looked_at_again),
        TEST(admit__loaders_shut__are_walked_too),
    };
    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
