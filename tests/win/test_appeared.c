/* SPDX-License-Identifier: MIT
 *
 * Claim: a protected name counts as new exactly when no deny of ours for that root is on
 * it, and looking for them ends in time.  Wine keeps no denies, so what the lists say is
 * made up here.
 */
#include "grant/appeared.h"

#include "cli.h"
#include "core/aclplan.h"
#include "core/cmdline.h"
#include "grant/roster.h"
#include "grant/walking.h"
#include "win/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char16_t base[MAX_PATH];
static struct context context;
static struct sid denied; /* whose deny is on what lies in a directory "guarded" */
static uint8_t deny_flags;
static struct err err;

void walking_add_count(struct u16buf *b, uint64_t count)
{
    u16buf_add_dec(b, count);
}

static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *data,
                                     ULONG bytes, ULONG *needed)
{
    static char16_t path[WIN_PATH_CAP];
    static uint8_t list[4096];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct acl_entry deny = { ACE_DENY, deny_flags, ACLPLAN_DENY, denied };
    struct acl_entry allow = { ACE_ALLOW, ACE_INHERITED, ACLPLAN_WRITE, denied };
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    struct u16buf at = U16BUF(path);
    size_t size = 0;

    (void)what;
    if (!file_final_path_of(object, u"", false, &at, &err))
        return (NTSTATUS)0xC0000022;
    if (wcsstr(path, u"\\guarded\\"))
        aclbuf_add(&b, &deny);
    aclbuf_add(&b, &allow);
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

static const char16_t *below(const char16_t *leaf)
{
    static char16_t text[MAX_PATH];
    struct u16buf b = U16BUF(text);

    u16buf_addz(&b, base);
    u16buf_addz(&b, leaf);
    assert_false(b.cut);
    return text;
}

static void make_dir(const char16_t *leaf)
{
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);

    u16buf_addz(&b, below(leaf));
    assert_true(file_make_dirs(path, &err));
}

static void make_file(const char16_t *leaf)
{
    HANDLE file =
        CreateFileW(below(leaf), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    assert_true(file != INVALID_HANDLE_VALUE);
    CloseHandle(file);
}

/* What is said on stderr meanwhile. */
static const char *say(void (*what)(const void *ctx), const void *ctx)
{
    static char said[65536];
    HANDLE before = GetStdHandle(STD_ERROR_HANDLE);
    HANDLE file = CreateFileW(below(u"-said"), GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, 0, NULL);
    DWORD bytes = 0;

    assert_true(file != INVALID_HANDLE_VALUE);
    SetStdHandle(STD_ERROR_HANDLE, file);
    what(ctx);
    SetStdHandle(STD_ERROR_HANDLE, before);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    assert_true(ReadFile(file, said, sizeof said - 1, &bytes, NULL));
    said[bytes] = 0;
    CloseHandle(file);
    return said;
}

static void look_within(const void *ctx)
{
    appeared_look(&context, *(const uint32_t *)ctx);
}

static const char *look(uint32_t limit_ms)
{
    return say(look_within, &limit_ms);
}

static void run_line(const void *ctx)
{
    static char16_t text[1024];
    struct cli cli = { .rest = u16s_of(ctx), .word = U16BUF(text) };

    assert_true(cli_next(&cli));
    cmd_new(&cli);
}

/* ringfence WORD ROOT DIGEST NAMES */
static const char *run(const char16_t *word, const char16_t *names)
{
    char16_t line[1024];
    struct u16buf b = U16BUF(line);

    u16buf_addz(&b, word);
    u16buf_addc(&b, u' ');
    cmdline_add(&b, u16s_of(base));
    u16buf_addc(&b, u' ');
    for (size_t i = 0; i < SHA256_BYTES; i++)
        u16buf_add_hex(&b, context.root_list[0].digest[i], 2);
    u16buf_addz(&b, names);
    return say(run_line, line);
}

/* The tool empties the root, and makes it lead to another one. */
static void replace_root(void)
{
    typedef char *(CDECL * unix_name)(const WCHAR *);
    unix_name to_unix = (unix_name)(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"kernel32.dll"), "wine_get_unix_file_name");
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    char16_t line[1024], away[MAX_PATH];
    char *path = to_unix ? to_unix(base) : NULL;

    swprintf(away, MAX_PATH, L"%ls-real", base);
    assert_true(MoveFileExW(base, away, 0));
    swprintf(line, 1024, L"ln -s \"%hs-other\" \"%hs\"", path ? path : "", path);
    swprintf(away, MAX_PATH, L"%ls-other\\.git", base);
    assert_true(file_make_dirs(away, &err));
    if (path)
        CreateProcessW(u"Z:\\bin\\ln", line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi);
    for (unsigned i = 0; path && i < 100; i++) { /* there is no handle to wait for */
        if (file_kind(base) == FILE_IS_DIRECTORY)
            return;
        Sleep(20);
    }
    print_message("SKIP link: this user or system cannot make one\n");
    skip();
}

/* As a walk does. */
static void record(const char16_t *leaf)
{
    HANDLE file = CreateFileW(below(leaf), FILE_READ_ATTRIBUTES, 0, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);

    assert_true(file != INVALID_HANDLE_VALUE);
    roster_add(file);
    CloseHandle(file);
}

static int set_up(void **state)
{
    static char16_t data[MAX_PATH];
    static unsigned serial;
    struct u16buf b = U16BUF(base);
    FILETIME now;

    (void)state;
    b.len = GetTempPathW(MAX_PATH, base);
    u16buf_addz(&b, u"ringfence-appeared-");
    GetSystemTimeAsFileTime(&now); /* Wine gives process ids a second time soon */
    u16buf_add_hex(&b, now.dwLowDateTime, 8);
    u16buf_add_dec(&b, serial++);
    memset(&context, 0, sizeof context);
    policy_init(&context.policy);
    make_dir(u"\\guarded\\.git");
    make_file(u"\\guarded\\.codex");
    make_dir(u"\\made\\.git");
    make_file(u"\\made\\.codex");
    context.root_count = 1;
    context.root_list[0].path = u16s_of(base);
    context.root_list[0].usable = true;
    assert_true(context_hash_path(base, context.root_list[0].digest, &err));
    denied = sid_ours(context.root_list[0].digest);
    deny_flags = 0;
    context.data = U16BUF(data);
    u16buf_addz(&context.data, base);
    u16buf_addz(&context.data, u"-data");
    roster_begin();
    record(u"\\guarded\\.git");
    record(u"\\guarded\\.codex");
    assert_true(roster_write(&context, context.root_list[0].digest, &err));
    return 0; /* what is made lies in TEMP and is small */
}

static void look__denied_to_this_root__is_not_new(void **state)
{
    const char *said = look(10000);

    (void)state;
    assert_null(strstr(said, "guarded"));
    assert_non_null(strstr(said, "\\made\\.git, which"));
    assert_non_null(strstr(said, "\\made\\.codex, which"));
}

/* The tool gives what it makes the list that a walk would have given it. */
static void look__a_deny_of_the_tools_own_making__is_new(void **state)
{
    const char *said = NULL;

    (void)state;
    make_dir(u"\\guarded\\sub\\.git");
    make_file(u"\\guarded\\sub\\.codex");
    assert_true(RemoveDirectoryW(below(u"\\guarded\\.git")));
    make_dir(u"\\guarded\\.git"); /* another one by the same name */
    said = look(10000);
    assert_non_null(strstr(said, "\\guarded\\sub\\.git, which"));
    assert_non_null(strstr(said, "\\guarded\\sub\\.codex, which"));
    assert_null(strstr(said, "\\guarded\\.codex, which"));
    assert_null(strstr(said, "not on record"));
}

static void look__no_record_of_the_grant__is_said(void **state)
{
    const char *said = NULL;

    (void)state;
    context.data.len -= 1;
    said = look(10000);
    assert_non_null(strstr(said, "not on record"));
    assert_null(strstr(said, "guarded\\.git, which"));
}

/* Of another root, or handed down, it does not say that the walk has been here. */
static void look__another_deny__does_not_count(void **state)
{
    (void)state;
    deny_flags = ACE_INHERITED;
    assert_non_null(strstr(look(10000), "\\guarded\\.git, which"));
    deny_flags = 0;
    denied.sub[4]++;
    assert_non_null(strstr(look(10000), "\\guarded\\.codex, which"));
}

/* What a launch found there is told, but it is the user's. */
static void look__at_the_top_before_the_run__is_told_and_never_moved(void **state)
{
    const char *said = NULL;

    (void)state;
    context.policy.quarantine = true;
    make_dir(u"\\.git");
    make_dir(u"\\.agents");
    context.root_list[0].had = 1; /* .git, the first that is watched */
    said = look(10000);
    assert_non_null(strstr(said, "-appeared-"));
    assert_int_equal(file_kind(below(u"\\.git")), FILE_IS_DIRECTORY);
    assert_int_equal(file_kind(below(u"\\.agents")), FILE_IS_DIRECTORY);
    assert_non_null(strstr(said, "\\.git, which later tools obey: it came"));
    assert_null(strstr(said, "\\.agents"));
    assert_int_equal(file_kind(below(u"\\made\\.git")), FILE_ABSENT);
    assert_int_equal(file_kind(below(u"\\made\\.git.quarantined")), FILE_IS_DIRECTORY);
    assert_int_equal(file_kind(below(u"\\guarded\\.git")), FILE_IS_DIRECTORY);
}

static void look__root_not_usable__is_left_alone(void **state)
{
    (void)state;
    context.root_list[1] = context.root_list[0];
    context.root_list[1].usable = false;
    context.root_list[0].path = (struct u16s){ base, u16_len(base) - 1 }; /* not there */
    context.root_count = 2;
    assert_string_equal(look(10000), "");
}

static void look__no_time__says_how_far_it_got(void **state)
{
    const char *said = look(0);

    (void)state;
    assert_non_null(strstr(said, "gave up after "));
    assert_null(strchr(strchr(said, '\n') + 1, '\n'));
}

static void look__root_replaced__touches_nothing_and_says_so(void **state)
{
    const char *said = NULL;

    (void)state;
    context.policy.quarantine = true;
    replace_root();
    said = look(10000);
    assert_non_null(strstr(said, "is another directory than before the run"));
    assert_null(strstr(said, ".git"));
    assert_int_equal(file_kind(below(u"-other\\.git")), FILE_IS_DIRECTORY);
}

static void new__root_replaced__touches_nothing_and_says_so(void **state)
{
    const char *said = NULL;

    (void)state;
    replace_root();
    said = run(u"move-new", u" .git");
    assert_non_null(strstr(said, "is another directory than before the run"));
    assert_null(strstr(said, ".git"));
    assert_int_equal(file_kind(below(u"-other\\.git")), FILE_IS_DIRECTORY);
}

static void new__names__are_told_or_moved(void **state)
{
    const char *said = NULL;

    (void)state;
    make_dir(u"\\.git");
    make_file(u"\\.Codex");
    said = run(u"tell-new", u" .git .codex");
    assert_non_null(strstr(said, "\\.git, which later tools obey. Look at it"));
    assert_non_null(strstr(said, "\\.codex, which later tools obey. Look at it"));
    assert_int_equal(file_kind(below(u"\\.git")), FILE_IS_DIRECTORY);
    said = run(u"move-new", u" .git .codex .agents");
    assert_non_null(strstr(said, "moved aside as .git.quarantined\n"));
    assert_non_null(strstr(said, "moved aside as .codex.quarantined\n"));
    assert_null(strstr(said, ".agents")); /* gone since */
    assert_int_equal(file_kind(below(u"\\.git")), FILE_ABSENT);
    assert_int_equal(file_kind(below(u"\\.git.quarantined")), FILE_IS_DIRECTORY);
    assert_int_equal(file_kind(below(u"\\.codex.quarantined")), FILE_IS_FILE);
}

/* The tool has made the name that things are moved aside to. */
static void new__aside_is_taken__is_moved_aside_all_the_same(void **state)
{
    const char *said = NULL;

    (void)state;
    make_dir(u"\\.git");
    make_dir(u"\\.git.quarantined");
    said = run(u"move-new", u" .git");
    assert_non_null(strstr(said, "moved aside as .git.quarantined-"));
    assert_int_equal(file_kind(below(u"\\.git")), FILE_ABSENT);
}

static void new__no_root__is_complained_about(void **state)
{
    (void)state;
    assert_non_null(strstr(say(run_line, u"move-new C:\\ 0123"), "no root's digest"));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(look__denied_to_this_root__is_not_new),
        TEST(look__a_deny_of_the_tools_own_making__is_new),
        TEST(look__no_record_of_the_grant__is_said),
        TEST(look__another_deny__does_not_count),
        TEST(look__at_the_top_before_the_run__is_told_and_never_moved),
        TEST(look__root_not_usable__is_left_alone),
        TEST(look__root_replaced__touches_nothing_and_says_so),
        TEST(look__no_time__says_how_far_it_got), /* of the looks the last: it is late */
        TEST(new__root_replaced__touches_nothing_and_says_so),
        TEST(new__names__are_told_or_moved),
        TEST(new__aside_is_taken__is_moved_aside_all_the_same),
        TEST(new__no_root__is_complained_about),
    };
    return cmocka_run_group_tests_name("appeared", tests, NULL, NULL);
}
