/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence explain` answers first for the fence that is in force, with every
 * root of the workspace in its token, and names what no list says: protected names, and
 * volumes that keep no lists.  No Wine has a fence: context, lists and volume are made
 * up here.
 */
#include "cli.h"
#include "core/aclplan.h"
#include "core/exitcode.h"
#include "core/sandbox.h"
#include "win/account.h"
#include "win/file.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    enum level level;
    enum fence fence;
    bool lowered, inside, json;
    bool fat;         /* the volume keeps no lists */
    bool no_denies;   /* nothing is protected yet */
    bool user, group; /* the sandbox account and its group are there */
    const char *level_wish;
    const char16_t *words[2];
    size_t word;
} fake;

/* base\ws is the workspace, base\more a further root, base\docs neither. */
static char16_t base[MAX_PATH], ws[MAX_PATH], more[MAX_PATH], target[MAX_PATH];
static char said[65536];
static struct err err;

bool __wrap_context_begin(struct context *c, struct err *e);
bool __wrap_context_complete(struct context *c, const struct context_wish *wish,
                             struct err *e);

bool __wrap_context_begin(struct context *c, struct err *e)
{
    (void)e;
    memset(c, 0, sizeof *c);
    return true;
}

bool __wrap_context_complete(struct context *c, const struct context_wish *wish,
                             struct err *e)
{
    assert_true(wish->look_only); /* it starts nothing */
    policy_init(&c->policy);
    c->policy.lowered = fake.lowered;
    c->verdict = (struct level_verdict){ .level = fake.level, .reason = "" };
    c->fence = fake.fence;
    c->inside = fake.inside;
    c->root_list[0].path = u16s_of(ws);
    c->root_list[1].path = u16s_of(more);
    c->root_count = 2;
    return context_hash_path(ws, c->root_hash, e);
}

bool __wrap_account_find(const char16_t *name, enum account_kind kind, struct sid *sid,
                         struct err *e);

static struct sid sandbox_sid(bool group)
{
    return (
        struct sid){ 1, 5, { 0, 0, 0, 0, 0, 5 }, { 21, 1, 2, 3, group ? 1001 : 1002 } };
}

bool __wrap_account_find(const char16_t *name, enum account_kind kind, struct sid *sid,
                         struct err *e)
{
    bool group = kind == ACCOUNT_IS_GROUP;

    assert_true(u16s_eq(u16s_of(name), u16s_of(group ? SANDBOX_GROUP : SANDBOX_OFFLINE)));
    *sid = sandbox_sid(group);
    return (group ? fake.group : fake.user) ||
           err_set(e, ERR_WIN32, ERROR_NONE_MAPPED, "LookupAccountNameW", name);
}

uint32_t cli_complain(const char *text, struct u16s word)
{
    (void)word;
    print_error("%s\n", text);
    return EXIT_RINGFENCE;
}

enum cli_end cli_options(struct cli *cli, const struct cli_option *options, size_t count,
                         void *ctx)
{
    char16_t wish[16];

    if (fake.word == 2)
        return CLI_END;
    for (size_t i = 0; i < count; i++) {
        if (fake.level_wish && u16s_is(u16s_of(options[i].name), "--level"))
            assert_null(options[i].set(ctx, u16s_ascii(wish, 16, fake.level_wish)));
        if (fake.json && u16s_is(u16s_of(options[i].name), "--json"))
            assert_null(options[i].set(ctx, (struct u16s){ 0 }));
    }
    cli->word = (struct u16buf){ (char16_t *)fake.words[fake.word],
                                 u16_len(fake.words[fake.word]), MAX_PATH, false };
    fake.word++;
    return CLI_WORD;
}

/* The user has everything; a root's SID, and the sandbox accounts' group, what a grant
 * gives them, but for a .git. */
static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *data,
                                     ULONG bytes, ULONG *needed)
{
    static char16_t path[WIN_PATH_CAP];
    static uint8_t list[4096];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct acl_entry all = { ACE_ALLOW, 0, RIGHT_FILE_ALL, { 0 } };
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    struct u16buf at = U16BUF(path);
    const char16_t *root = NULL;
    uint8_t digest[SHA256_BYTES];
    size_t size = 0;

    (void)what;
    assert_true(token_user_sid(&all.sid, &err));
    assert_true(file_final_path_of(object, u"", false, &at, &err));
    root = wcsstr(path, u"\\ws") ? ws : wcsstr(path, u"\\more") ? more : NULL;
    if (root && fake.group)
        aclbuf_add(&b, &(struct acl_entry){ ACE_ALLOW, 0, ACLPLAN_WRITE | RIGHT_DELETE,
                                            sandbox_sid(true) });
    if (root) {
        assert_true(context_hash_path(root, digest, &err));
        if (wcsstr(path, u"\\.git") && !fake.no_denies)
            aclbuf_add(
                &b, &(struct acl_entry){ ACE_DENY, 0, ACLPLAN_DENY, sid_ours(digest) });
        aclbuf_add(&b, &all);
        aclbuf_add(&b, &(struct acl_entry){ ACE_ALLOW, 0, ACLPLAN_WRITE | RIGHT_DELETE,
                                            sid_ours(digest) });
    } else {
        aclbuf_add(&b, &all);
    }
    sd.dacl = aclbuf_acl(&b);
    if (!secdesc_write(&sd, data, bytes, &size))
        return (NTSTATUS)0xC0000023;
    *needed = (ULONG)size;
    return 0;
}

/* Linked in place of the system's. */
NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data,
                                            ULONG bytes, FS_INFORMATION_CLASS what)
{
    struct {
        ULONG attributes, longest, name_bytes;
        char16_t name[5];
    } fat = { 0, 255, 10, { u'F', u'A', u'T', u'3', u'2' } };

    (void)file;
    (void)io;
    memset(data, 0, bytes);
    if (!fake.fat)
        fat.attributes = FILE_PERSISTENT_ACLS;
    if ((int)what == 5)
        memcpy(data, &fat, sizeof fat);
    return 0;
}

/* Linked in place of the pointer that the import table has. */
extern NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                           void *, ULONG, ULONG *);
NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)
(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *) = query_security;

/* What it says; the command keeps what its options were, so once a test. */
static const char *explain_to(DWORD stream, uint32_t code, const char16_t *act,
                              const char16_t *leaf)
{
    HANDLE before = GetStdHandle(stream), file = NULL;
    char16_t path[MAX_PATH];
    struct u16buf t = U16BUF(target), b = U16BUF(path);
    struct cli cli = { 0 };
    DWORD bytes = 0;

    u16buf_addz(&t, base);
    u16buf_addz(&t, leaf);
    u16buf_addz(&b, base);
    u16buf_addz(&b, u"\\said");
    fake.words[0] = act;
    fake.words[1] = target;
    fake.word = 0;
    file =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    SetStdHandle(stream, file);
    assert_int_equal(cmd_explain(&cli), code);
    SetStdHandle(stream, before);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    assert_true(ReadFile(file, said, sizeof said - 1, &bytes, NULL));
    said[bytes] = 0;
    CloseHandle(file);
    return said;
}

static const char *explain(const char16_t *act, const char16_t *leaf)
{
    return explain_to(STD_OUTPUT_HANDLE, EXIT_OK, act, leaf);
}

#define assert_says(what)                                                                \
    do {                                                                                 \
        if (!strstr(said, what)) {                                                       \
            print_error("not said: %s\nbut: %s\n", what, said);                          \
            _fail(__FILE__, __LINE__);                                                   \
        }                                                                                \
    } while (0)

static int set_up(void **state)
{
    static const char16_t *const leaves[] = { u"\\ws\\.git\\hooks", u"\\ws\\src",
                                              u"\\more\\deep", u"\\docs\\old" };
    struct u16buf b = U16BUF(base), w = U16BUF(ws), m = U16BUF(more);

    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.level = LEVEL_CONFINED;
    fake.fence = FENCE_STRICT;
    b.len = GetTempPathW(MAX_PATH, base);
    u16buf_addz(&b, u"ringfence-explain");
    u16buf_addz(&w, base);
    u16buf_addz(&w, u"\\ws");
    u16buf_addz(&m, base);
    u16buf_addz(&m, u"\\more");
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        struct u16buf t = U16BUF(target);

        u16buf_addz(&t, base);
        u16buf_addz(&t, leaves[i]);
        assert_true(file_make_dirs(target, &err));
    }
    return 0;
}

static void explain__fence_in_force__answers_first(void **state)
{
    (void)state;
    explain(u"delete", u"\\docs\\old");
    assert_int_equal(strncmp(said, "denied   strict fence: no restricting SID is", 44),
                     0);
    assert_says("\n  without a fence: would be allowed: ");
    assert_says("\n  standard fence: would be allowed: through FILE_DELETE_CHILD on ");
    assert_says("\n  it is in no writable root");
    assert_null(strstr(said, "not in force"));
}

static void explain__every_root__is_in_the_token(void **state)
{
    (void)state;
    explain(u"write", u"\\ws\\src");
    assert_int_equal(strncmp(said, "allowed  strict fence: granted to the restri", 44),
                     0);
    explain(u"delete", u"\\more\\deep\\");
    assert_int_equal(strncmp(said, "allowed  strict fence: granted to the restri", 44),
                     0);
    assert_null(strstr(said, "no writable root"));
}

static void explain__protected_name__is_named(void **state)
{
    (void)state;
    explain(u"write", u"\\ws\\.git\\hooks");
    assert_int_equal(strncmp(said, "denied   strict fence: it is denied to the r", 44),
                     0);
    assert_says("\\ws\\.git is a protected name: it, and what is in it, stays");
    fake.no_denies = true;
    explain(u"write", u"\\ws\\.git\\hooks");
    assert_int_equal(strncmp(said, "allowed  strict fence: ", 23), 0);
    assert_says("\\ws\\.git is a protected name, and no entry of ours denies it yet");
}

static void explain__lowered__is_held_by_the_label(void **state)
{
    (void)state;
    fake.lowered = true;
    explain(u"write", u"\\ws\\src");
    assert_int_equal(
        strncmp(said, "denied   strict fence: the integrity label of it is above ", 57),
        0);
    assert_says("\n  without a fence: would be allowed: ");
}

static void explain__no_acls__no_fence_holds(void **state)
{
    (void)state;
    fake.fat = true;
    explain(u"write", u"\\docs\\old");
    assert_int_equal(strncmp(said, "allowed  strict fence: ", 23), 0);
    assert_says(":\\ keeps no ACLs (FAT32): no fence holds there\n");
}

static void explain__inside_a_fence__the_own_token_answers(void **state)
{
    (void)state;
    fake.inside = true;
    explain(u"read", u"\\ws\\src");
    assert_int_equal(strncmp(said, "allowed  by this process's own token, inside", 44),
                     0);
}

/* The directory's FILE_DELETE_CHILD lends DELETE, and nobody asks it for FILE_ADD_FILE.
 */
static void rename__by_a_bare_name__is_what_the_standard_fence_leaves(void **state)
{
    (void)state;
    fake.fence = FENCE_STANDARD;
    explain(u"rename", u"\\docs\\old");
    assert_int_equal(
        strncmp(said, "allowed  standard fence: through FILE_DELETE_CHILD on ", 54), 0);
    assert_says("; by a bare name (NtSetInformationFile) only, since MoveFile");
    assert_says(
        "\n  strict fence: would be denied: no restricting SID is granted DELETE");
    explain(u"rename", u"\\ws\\src");
    assert_int_equal(strncmp(said, "allowed  standard fence: granted to the restri", 46),
                     0);
    assert_null(strstr(said, "bare name"));
}

/* Its options stay set: the last ones. */
static void level__confined__is_the_records_fence(void **state)
{
    (void)state;
    fake.level_wish = "confined";
    explain(u"delete", u"\\docs\\old");
    assert_int_equal(strncmp(said, "denied   strict fence: no restricting SID is", 44),
                     0);
    assert_says("\n(standard fence: allowed, through FILE_DELETE_CHILD on ");
    fake.level_wish = "advisory";
    explain(u"delete", u"\\docs\\old");
    assert_int_equal(strncmp(said, "allowed  advisory, no fence (not in force here)", 46),
                     0);
    fake.json = true;
    fake.level_wish = "strict";
    explain(u"write", u"\\ws\\.git\\hooks");
    assert_says("\"fence\":\"strict\",\"allowed\":false,\"fences\":[");
    assert_says("{\"fence\":\"strict\",\"in_force\":true,\"allowed\":false,");
    assert_says("\"protected_denied\":true,\"names\":1,\"no_acls\":false,");
    assert_null(strstr(said, "{\"fence\":\"enforced\""));
    fake.user = fake.group = true;
    explain(u"write", u"\\docs\\old");
    assert_says("{\"fence\":\"enforced\",\"in_force\":false,\"allowed\":false,");
}

/* JSON is still asked for. */
static void level__enforced__is_judged_by_the_account(void **state)
{
    (void)state;
    fake.level_wish = "enforced";
    explain_to(STD_ERROR_HANDLE, EXIT_RINGFENCE, u"write", u"\\docs\\old");
    assert_string_equal(said, "ringfence: level enforced is nobody here: no account "
                              "RingfenceOffline and no group RingfenceUsers; `ringfence "
                              "setup` makes them\n");
    fake.user = true;
    explain_to(STD_ERROR_HANDLE, EXIT_RINGFENCE, u"write", u"\\docs\\old");
    assert_says(": no group RingfenceUsers; `ringfence setup`");
    fake.group = true;
    explain(u"delete", u"\\docs\\old");
    assert_says("\"fence\":\"enforced\",\"allowed\":false,\"fences\":[");
    assert_says("\"reason\":\"the sandbox account is not granted DELETE on it, nor ");
    explain(u"write", u"\\ws\\src");
    assert_says("\"fence\":\"enforced\",\"allowed\":true,\"fences\":[");
    explain(u"write", u"\\ws\\.git\\hooks");
    assert_says("\"fence\":\"enforced\",\"allowed\":false,\"fences\":[");
    explain(u"read", u"\\docs\\old");
    assert_says("\"fence\":\"enforced\",\"allowed\":false,\"fences\":[");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(explain__fence_in_force__answers_first),
        TEST(explain__every_root__is_in_the_token),
        TEST(explain__protected_name__is_named),
        TEST(explain__lowered__is_held_by_the_label),
        TEST(explain__no_acls__no_fence_holds),
        TEST(explain__inside_a_fence__the_own_token_answers),
        TEST(rename__by_a_bare_name__is_what_the_standard_fence_leaves),
        TEST(level__confined__is_the_records_fence),
        TEST(level__enforced__is_judged_by_the_account),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
