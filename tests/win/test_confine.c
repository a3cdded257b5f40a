#include "confine.h"
#include "fake_token.h"

#include "core/aclplan.h"
#include "win/file.h"
#include "win/machine.h"
#include "win/process.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What stands in for a Windows that restricts tokens, and for `ringfence prepare`. */
static struct {
    unsigned prepared;
    char16_t line[CHAR_MAX * 64];
    struct record writes[2]; /* what prepare writes, for these roots */
    unsigned write_count;
    bool fails;           /* prepare does not start */
    bool lists;           /* roots show their entries */
    bool prepares;        /* prepare makes them show */
    const char16_t *link; /* this path is one */
    bool bare_link;       /* which itself has no entries */
    HANDLE itself;        /* opened last as what may be a link */
} fake;

static char16_t base[MAX_PATH], text[12][MAX_PATH];
static struct context context;
static struct context_wish wish;
static struct err err;

static void write_record(const struct record *record)
{
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);
    DWORD done = 0;
    HANDLE file = NULL;

    confine_record_path(&context, record->root, &b);
    b.at[b.len - 6] = 0;
    assert_true(file_make_dirs(b.at, &err));
    b.at[b.len - 6] = u'\\';
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(WriteFile(file, record, sizeof *record, &done, NULL));
    CloseHandle(file);
}

bool process_start(const struct process_start *start, HANDLE *process, struct err *e)
{
    struct u16buf b = U16BUF(fake.line);

    if (fake.fails)
        return err_rule(e, "no process", NULL);
    fake.prepared++;
    u16buf_addz(&b, start->command_line);
    for (unsigned i = 0; i < fake.write_count; i++)
        write_record(&fake.writes[i]);
    fake.lists = fake.lists || fake.prepares;
    *process = CreateEventW(NULL, TRUE, FALSE, NULL);
    return true;
}

void process_drop_handles(bool keep_stderr)
{
    (void)keep_stderr;
}

bool process_wait(HANDLE process, uint32_t *exit_code, struct err *e)
{
    (void)process;
    (void)e;
    *exit_code = 0;
    return true;
}

/* Every object shows the entries of every root that the test knows, or none. */
static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *data,
                                     ULONG bytes, ULONG *needed)
{
    static uint8_t list[4096];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = 0 };
    size_t size = 0;

    (void)what;
    if (fake.bare_link && object == fake.itself) {
        fake.itself = NULL; /* the number will be another file's */
        return (NTSTATUS)0xC0000022;
    }
    for (size_t i = 0; fake.lists && i < context.root_count; i++) {
        const struct sid sid = sid_ours(context.root_list[i].digest);
        struct acl_entry deny = { ACE_DENY, 0, ACLPLAN_STAY, sid };
        struct acl_entry allow = { ACE_ALLOW, 3, ACLPLAN_WRITE, sid };
        struct acl_entry remove = { ACE_ALLOW, 3 | ACE_INHERIT_ONLY, RIGHT_DELETE, sid };

        aclbuf_add(&b, &deny);
        aclbuf_add(&b, &allow);
        aclbuf_add(&b, &remove);
    }
    sd.dacl = aclbuf_acl(&b);
    sd.control = SECDESC_DACL_PRESENT;
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

/* Wine opens what a link leads to. */
HANDLE __real_file_open_itself(const char16_t *path, DWORD access);
HANDLE __wrap_file_open_itself(const char16_t *path, DWORD access);
HANDLE __wrap_file_open_itself(const char16_t *path, DWORD access)
{
    return fake.itself = __real_file_open_itself(path, access);
}

bool __wrap_file_is_link(const char16_t *path);
bool __wrap_file_is_link(const char16_t *path)
{
    return fake.link && !wcscmp(fake.link, path);
}

static const char16_t *below(size_t slot, const char16_t *leaf)
{
    struct u16buf b = U16BUF(text[slot]);

    u16buf_addz(&b, base);
    u16buf_addz(&b, leaf);
    assert_false(b.cut);
    return text[slot];
}

static struct u16buf dir(size_t slot, const char16_t *leaf)
{
    struct u16buf b = u16buf_init(text[slot], MAX_PATH);

    below(slot, leaf);
    b.len = u16_len(text[slot]);
    assert_true(file_make_dirs(text[slot], &err));
    return b;
}

/* A record as prepare writes it for the i-th root. */
static struct record good_record(size_t i, enum fence fence)
{
    uint8_t machine[12], plan[12], digest[SHA256_BYTES];
    struct record record;

    assert_true(machine_key(machine));
    record_plan(&context.policy, plan);
    assert_true(context_hash_path(context.root_list[i].path.at, digest, &err));
    record_init(&record, machine, plan, digest, 0);
    record.state = RECORD_READY;
    record.places = RECORD_TERMINAL; /* Wine's programs have a session of their own */
    record.fence = (uint8_t)fence;
    record_seal(&record);
    return record;
}

static int set_up(void **state)
{
    static unsigned serial;
    char16_t temp[MAX_PATH];
    struct u16buf b = U16BUF(base);
    FILETIME now;

    (void)state;
    assert_true(GetTempPathW(MAX_PATH, temp));
    u16buf_addz(&b, temp);
    u16buf_addz(&b, u"ringfence-confine-");
    GetSystemTimeAsFileTime(&now); /* Wine gives process ids a second time soon */
    u16buf_add_hex(&b, now.dwLowDateTime, 8);
    u16buf_addc(&b, u'-');
    u16buf_add_dec(&b, serial++);
    memset(&fake, 0, sizeof fake);
    memset(&fake_token, 0, sizeof fake_token);
    memset(&context, 0, sizeof context);
    memset(&wish, 0, sizeof wish);
    fake_token.kept = LEVEL_TOKEN_RESTRICTED;
    fake.lists = true;
    policy_init(&context.policy);
    context.root = dir(0, u"\\ws");
    context.data = dir(1, u"\\data");
    context.temp = dir(2, u"\\box\\temp");
    context.cache = dir(3, u"\\box\\cache");
    context.install = dir(4, u"\\install");
    CloseHandle(CreateFileW(below(5, u"\\install\\ringfence.exe"), GENERIC_WRITE, 0, NULL,
                            CREATE_ALWAYS, 0, NULL));
    context.root_list[0].path = u16buf_text(&context.root);
    context.root_count = 1;
    assert_true(context_hash_path(context.root.at, context.root_hash, &err));
    memcpy(context.root_list[0].digest, context.root_hash, SHA256_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    static const char16_t *const leaves[] = {
        u"\\install\\ringfence.exe",
        u"\\install",
        u"\\ws\\.codex",
    };
    (void)state;
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++)
        if (!DeleteFileW(below(11, leaves[i])))
            RemoveDirectoryW(text[11]);
    return 0; /* what else there is lies in TEMP and is small */
}

static bool has_sid(const uint8_t *digest)
{
    const struct sid sid = sid_ours(digest);

    for (size_t i = 0; i < fake_token.list.count; i++)
        if (sid_eq(&fake_token.list.sid[i], &sid))
            return true;
    return false;
}

static void gather__tokens_keep_nothing__prepares_nothing(void **state)
{
    (void)state;
    fake_token.kept = LEVEL_TOKEN_NOT_KEPT;
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.token, LEVEL_TOKEN_NOT_KEPT);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_NOT_RUN);
    assert_int_equal(fake.prepared, 0);
}

static void gather__ready__holds_and_starts_nothing(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    write_record(&record);
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
    assert_int_equal(fake.prepared, 0);
    assert_int_equal(fake_token.made, 1); /* the first one serves */
    assert_true(fake_token.list.write_restricted);
    assert_true(has_sid(context.root_hash));
}

static void gather__ready_for_strict__makes_the_strict_token(void **state)
{
    struct record record = good_record(0, FENCE_STRICT);

    (void)state;
    write_record(&record);
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
    assert_int_equal(context.fence, FENCE_STRICT);
    assert_false(fake_token.list.write_restricted);
}

static void gather__no_record__prepares_once_and_looks_again(void **state)
{
    (void)state;
    fake.lists = false;
    fake.prepares = true;
    fake.writes[0] = good_record(0, FENCE_STANDARD);
    fake.write_count = 1;
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 1);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
    assert_true(u16s_iends(u16s_of(fake.line), U16S("\\ringfence.exe prepare")) ||
                u16s_iends(u16s_of(fake.line), U16S("\\ringfence.exe\" prepare")));
}

static void gather__look_only__prepares_nothing(void **state)
{
    (void)state;
    wish.look_only = true;
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 0);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_NOT_RUN);
    assert_non_null(context.evidence.confined_why);
}

static void gather__lists_lost__is_not_ready(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    fake.lists = false; /* icacls /reset, say */
    write_record(&record);
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 1);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_NOT_RUN);
    assert_non_null(context.evidence.confined_why);
}

static void gather__record_of_something_else__is_none(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct record record = good_record(0, FENCE_STANDARD);

        if (i == 0)
            record.machine[3] ^= 1;
        else if (i == 1)
            record.plan[3] ^= 1;
        else if (i == 2)
            record.until[0] = 1; /* 1601 */
        else if (i == 5)
            record.places = RECORD_SERVICES;
        record_seal(&record);
        if (i == 3)
            record.check[0] ^= 1;
        if (i == 4) {
            struct record other = record;

            other.root[11] ^= 1; /* another root's, in this one's place */
            record_seal(&other);
            memcpy(other.root, record.root, sizeof other.root);
            record = other;
        }
        fake.prepared = 0;
        write_record(&record);
        confine_gather(&context, &wish);
        if (fake.prepared != 1 || context.evidence.confined == LEVEL_CANARY_HELD)
            fail_msg("row %u", i);
    }
}

static void gather__refused__says_why_and_asks_no_more(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    record.state = RECORD_REFUSED;
    strcpy(record.reason, "it is a drive");
    record_seal(&record);
    write_record(&record);
    fake.lists = false;
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 0);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_NOT_RUN);
    assert_string_equal(context.evidence.confined_why, "it is a drive");
    fake.lists = true; /* but a fence was there */
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_LOST);
    assert_string_equal(context.evidence.confined_why, "it is a drive");
    fake.lists = false;
    record.state = RECORD_LOST;
    record_seal(&record);
    write_record(&record);
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 0);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_LOST);
}

/* As any program may that can read it, a fenced one of the last run too. */
static HANDLE hold(const uint8_t *digest)
{
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);
    HANDLE file = NULL;

    confine_record_path(&context, digest, &b);
    file = CreateFileW(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    return file;
}

static bool starts(enum level_want want)
{
    return !level_decide(want, LEVEL_ADVISORY, false, &context.evidence).refused;
}

static void gather__record_held_open__nothing_starts_but_advisory(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);
    HANDLE held = NULL;

    (void)state;
    write_record(&record);
    fake.lists = false; /* whatever the directory says */
    held = hold(context.root_hash);
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 1); /* it may have been a moment's */
    assert_false(starts(LEVEL_WANT_AUTO));
    assert_false(starts(LEVEL_WANT_CONFINED));
    assert_true(starts(LEVEL_WANT_ADVISORY));
    assert_non_null(strstr(context.evidence.confined_why, "cannot be read"));
    CloseHandle(held);
    fake.lists = true;
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
}

static void gather__record_of_a_further_root_held_open__only_that_one_is_out(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);
    HANDLE held = NULL;

    (void)state;
    write_record(&record);
    context.root_list[1].path = u16s_of(dir(6, u"\\more").at);
    context.root_count = 2;
    record = good_record(1, FENCE_STANDARD);
    write_record(&record);
    held = hold(record.root);
    confine_gather(&context, &wish);
    CloseHandle(held);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
    assert_false(context.root_list[1].usable);
    assert_false(has_sid(context.root_list[1].digest));
}

static void gather__prepare_fails__falls_only_where_nothing_was_granted(void **state)
{
    HANDLE journal = NULL;

    (void)state;
    fake.fails = true;
    fake.lists = false;
    confine_gather(&context, &wish);
    assert_true(starts(LEVEL_WANT_AUTO));
    fake.lists = true; /* here */
    confine_gather(&context, &wish);
    assert_false(starts(LEVEL_WANT_AUTO));
    fake.lists = false;
    journal = CreateFileW(below(6, u"\\data\\journal"), GENERIC_WRITE, 0, NULL,
                          CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    assert_true(journal != INVALID_HANDLE_VALUE); /* elsewhere */
    confine_gather(&context, &wish);
    assert_false(starts(LEVEL_WANT_AUTO));
    wish.look_only = true; /* and who only looks has not tried */
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_NOT_RUN);
    CloseHandle(journal);
}

static void gather__token_failed_where_a_fence_is__nothing_starts(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    write_record(&record);
    fake_token.kept = LEVEL_TOKEN_FAILED;
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 0);
    assert_false(starts(LEVEL_WANT_AUTO));
    fake.lists = false;
    confine_gather(&context, &wish);
    assert_true(starts(LEVEL_WANT_AUTO));
}

static void gather__second_token_failed__nothing_starts(void **state)
{
    struct record record = good_record(0, FENCE_STRICT);

    (void)state;
    write_record(&record);
    fake_token.fails_from = 2; /* the strict one */
    confine_gather(&context, &wish);
    assert_int_equal(fake_token.made, 2);
    assert_false(starts(LEVEL_WANT_AUTO));
}

/* A fenced program may empty a root and make it a junction to another one. */
static void gather__workspace_has_become_a_link__nothing_starts(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    write_record(&record);
    fake.link = context.root.at;
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 1); /* which says it */
    assert_false(starts(LEVEL_WANT_AUTO));
    assert_non_null(strstr(context.evidence.confined_why, "link"));
    fake.bare_link = true; /* one that the user has made, to a workspace */
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
}

static void gather__further_root_has_become_a_link__is_out(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    write_record(&record);
    dir(6, u"\\cache");
    context.root_list[1].path = u16s_of(dir(7, u"\\cache\\sub").at);
    context.root_count = 2;
    record = good_record(1, FENCE_STANDARD);
    write_record(&record);
    for (size_t i = 6; i < 8; i++) { /* above it, and itself */
        fake.link = text[i];
        confine_gather(&context, &wish);
        assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
        assert_false(context.root_list[1].usable);
        assert_false(has_sid(context.root_list[1].digest));
    }
    fake.link = NULL;
    confine_gather(&context, &wish);
    assert_true(context.root_list[1].usable);
    assert_int_equal(fake.prepared, 2); /* which said it, each time */
}

static void had_fence__list_or_record__says_so(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);
    HANDLE held = NULL;

    (void)state;
    assert_true(confine_had_fence(&context, &context.root_list[0]));
    fake.lists = false;
    assert_false(confine_had_fence(&context, &context.root_list[0]));
    record.plan[0] ^= 1; /* for whatever policy */
    record_seal(&record);
    write_record(&record);
    assert_true(confine_had_fence(&context, &context.root_list[0]));
    record.state = RECORD_REFUSED;
    record_seal(&record);
    write_record(&record);
    assert_false(confine_had_fence(&context, &context.root_list[0]));
    held = hold(context.root_hash);
    assert_true(confine_had_fence(&context, &context.root_list[0]));
    CloseHandle(held);
}

static void gather__box_gone__is_not_ready(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    write_record(&record);
    assert_true(RemoveDirectoryW(context.cache.at));
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 1);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_LOST);
}

/* Makes base\leaf, whose parent is there, lead to target, or skips the test. */
static void must_link(const char *target, const char16_t *leaf)
{
    typedef char *(CDECL * unix_name)(const WCHAR *);
    unix_name to_unix = (unix_name)(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"kernel32.dll"), "wine_get_unix_file_name");
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    char16_t line[1024];
    const char16_t *name = below(11, leaf);
    char *path = to_unix ? to_unix(name) : NULL;

    swprintf(line, 1024, L"ln -sfn %hs \"%hs\"", target, path ? path : "");
    if (path)
        CreateProcessW(u"Z:\\bin\\ln", line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi);
    for (unsigned i = 0; path && i < 100; i++) { /* there is no handle to wait for */
        DWORD attributes = GetFileAttributesW(name);

        if (attributes != INVALID_FILE_ATTRIBUTES &&
            attributes & FILE_ATTRIBUTE_REPARSE_POINT)
            return;
        Sleep(20);
    }
    print_message("SKIP link: this user or system cannot make one\n");
    skip();
}

/* The tool may write to its box, and make it lead out of it. */
static void gather__box_is_a_link__is_not_ready(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    write_record(&record);
    assert_true(RemoveDirectoryW(context.temp.at));
    must_link("../ws", u"\\box\\temp");
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 1);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_LOST);
}

static void gather__prepare_cannot_start__says_so(void **state)
{
    (void)state;
    fake.fails = true;
    confine_gather(&context, &wish);
    assert_non_null(strstr(context.evidence.confined_why, "cannot run"));
    assert_true(DeleteFileW(below(5, u"\\install\\ringfence.exe")));
    confine_gather(&context, &wish);
    assert_non_null(strstr(context.evidence.confined_why, "is missing"));
}

static void gather__more_roots__only_ready_ones_are_in_the_token(void **state)
{
    static const char16_t *const leaves[] = { u"\\ready", u"\\refused", u"\\missing" };
    struct record record;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        context.root_list[i + 1].path =
            u16s_of(i < 2 ? dir(6 + i, leaves[i]).at : below(8, leaves[i]));
        context.root_count++;
    }
    for (size_t i = 0; i < 3; i++) {
        record = good_record(i, FENCE_STANDARD);
        if (i == 2)
            record.state = RECORD_REFUSED;
        record_seal(&record);
        write_record(&record);
    }
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 0);
    assert_int_equal(context.evidence.confined, LEVEL_CANARY_HELD);
    assert_true(has_sid(context.root_list[0].digest));
    assert_true(has_sid(context.root_list[1].digest));
    assert_false(has_sid(context.root_list[2].digest));
    assert_false(context.root_list[3].usable);
}

static void gather__root_of_the_command_line__is_handed_to_prepare(void **state)
{
    (void)state;
    wish.root[0] = u16s_of(dir(6, u"\\more of it").at);
    wish.root_count = 1;
    context.root_list[1].path = wish.root[0];
    context.root_count = 2;
    confine_gather(&context, &wish);
    assert_int_equal(fake.prepared, 1);
    assert_true(
        u16s_imatch(U16S("* prepare --root \"*\\more of it\""), u16s_of(fake.line)));
}

static void gather__level_of_the_command_line__is_handed_to_prepare(void **state)
{
    (void)state;
    wish.has_want = true; /* over a policy that says advisory, say */
    wish.want = LEVEL_WANT_CONFINED;
    confine_gather(&context, &wish);
    assert_true(u16s_imatch(U16S("* prepare --level confined"), u16s_of(fake.line)));
}

static void gather__lowered_but_token_cannot__is_no_fence(void **state)
{
    struct record record;

    (void)state;
    context.policy.lowered = true;
    record = good_record(0, FENCE_STANDARD);
    write_record(&record);
    confine_gather(&context, &wish);
    assert_int_equal(context.evidence.token, LEVEL_TOKEN_FAILED);
}

static void admit__prepare_says_nothing__is_refused(void **state)
{
    struct record record = good_record(0, FENCE_STRICT);

    (void)state;
    write_record(&record);
    confine_gather(&context, &wish);
    context.verdict.run_as = LEVEL_CONFINED;
    assert_false(confine_admit(&context, &wish, U16S("C:\\t\\git.exe"), &err));
    assert_int_equal(fake.prepared, 1);
    assert_int_equal(context.fence, FENCE_STRICT); /* not the weaker one */
}

/* Under the strict fence with a record that knows nothing of the tool. */
static void start_strict(void)
{
    struct record record = good_record(0, FENCE_STRICT);

    write_record(&record);
    confine_gather(&context, &wish);
    context.verdict.run_as = context.verdict.level = LEVEL_CONFINED;
    fake.writes[0] = record;
    fake.write_count = 1;
}

static void admit__tool_unknown__is_asked_of_prepare(void **state)
{
    uint8_t key[7];

    (void)state;
    start_strict();
    record_tool_key((struct u16s){ NULL, 0 }, U16S("C:\\my tools\\git.exe"), key);
    record_add_tool(&fake.writes[0], key, true);
    record_seal(&fake.writes[0]);
    assert_true(confine_admit(&context, &wish, U16S("C:\\my tools\\git.exe"), &err));
    assert_int_equal(context.fence, FENCE_STRICT);
    assert_int_equal(fake.prepared, 1);
    assert_true(u16s_iends(u16s_of(fake.line), U16S("--tool \"C:\\my tools\\git.exe\"")));
    /* and from then on known */
    assert_true(confine_admit(&context, &wish, U16S("C:\\my tools\\git.exe"), &err));
    assert_int_equal(fake.prepared, 1);
    /* but of no other beside it: that one's file may have a list of its own */
    record_tool_key((struct u16s){ NULL, 0 }, U16S("C:\\my tools\\ssh.exe"), key);
    record_add_tool(&fake.writes[0], key, false);
    record_seal(&fake.writes[0]);
    assert_true(confine_admit(&context, &wish, U16S("C:\\my tools\\ssh.exe"), &err));
    assert_int_equal(fake.prepared, 2);
    assert_int_equal(context.fence, FENCE_STANDARD);
}

static void admit__not_readable__falls_to_standard_unless_strict_is_wanted(void **state)
{
    uint8_t key[7];

    (void)state;
    start_strict();
    record_tool_key((struct u16s){ NULL, 0 }, U16S("C:\\t\\git.exe"), key);
    record_add_tool(&fake.writes[0], key, false);
    record_seal(&fake.writes[0]);
    assert_true(confine_admit(&context, &wish, U16S("C:\\t\\git.exe"), &err));
    assert_int_equal(context.fence, FENCE_STANDARD);
    assert_true(fake_token.list.write_restricted);

    context.fence = FENCE_STRICT;
    context.policy.fence = POLICY_FENCE_STRICT;
    assert_false(confine_admit(&context, &wish, U16S("C:\\t\\git.exe"), &err));
    assert_non_null(strstr(err.call, "strict fence"));
    assert_non_null(err.hint);
}

static void admit__standard_or_advisory__asks_nothing(void **state)
{
    struct record record = good_record(0, FENCE_STANDARD);

    (void)state;
    write_record(&record);
    confine_gather(&context, &wish);
    context.verdict.run_as = LEVEL_CONFINED;
    assert_true(confine_admit(&context, &wish, U16S("C:\\t\\git.exe"), &err));
    context.fence = FENCE_STRICT;
    context.verdict.run_as = LEVEL_ADVISORY;
    assert_true(confine_admit(&context, &wish, U16S("C:\\t\\git.exe"), &err));
    assert_int_equal(fake.prepared, 0);
}

/* What it says on stderr after the run. */
static const char *look_after(void)
{
    static char said[4096];
    HANDLE before = GetStdHandle(STD_ERROR_HANDLE);
    HANDLE file = CreateFileW(below(8, u"\\said"), GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, 0, NULL);
    DWORD bytes = 0;

    assert_true(file != INVALID_HANDLE_VALUE);
    SetStdHandle(STD_ERROR_HANDLE, file);
    confine_look_after(&context);
    SetStdHandle(STD_ERROR_HANDLE, before);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    assert_true(ReadFile(file, said, sizeof said - 1, &bytes, NULL));
    said[bytes] = 0;
    CloseHandle(file);
    return said;
}

/* What came is ringfence.exe's to tell, or to move. */
static void look_after__name_appeared__is_handed_over(void **state)
{
    char16_t want[MAX_PATH * 2];
    struct u16buf b = U16BUF(want);

    (void)state;
    assert_true(CreateDirectoryW(below(9, u"\\ws\\.agents"), NULL));
    confine_look_before(&context);
    assert_string_equal(look_after(), "");
    assert_int_equal(fake.prepared, 0); /* it was there before */
    assert_true(CreateDirectoryW(below(10, u"\\ws\\.codex"), NULL));
    assert_string_equal(look_after(), "");
    assert_int_equal(fake.prepared, 1);
    u16buf_addz(&b, u"* tell-new ");
    u16buf_add(&b, u16buf_text(&context.root));
    u16buf_addc(&b, u' ');
    for (size_t i = 0; i < SHA256_BYTES; i++)
        u16buf_add_hex(&b, context.root_hash[i], 2);
    u16buf_addz(&b, u" .codex");
    if (!u16s_imatch(u16buf_text(&b), u16s_of(fake.line)))
        fail_msg("%ls", fake.line);
    context.policy.quarantine = true;
    look_after();
    assert_true(u16s_imatch(U16S("* move-new *"), u16s_of(fake.line)));
    assert_int_equal(file_kind(text[10]), FILE_IS_DIRECTORY); /* not by this program */
}

static void look_after__no_ringfence_exe__says_it_itself(void **state)
{
    (void)state;
    confine_look_before(&context);
    assert_true(CreateDirectoryW(below(10, u"\\ws\\.codex"), NULL));
    fake.fails = true;
    assert_non_null(strstr(look_after(), "\\ws: look at them"));
    context.install.len = 0;
    assert_non_null(strstr(look_after(), "\\ws: look at them"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gather__tokens_keep_nothing__prepares_nothing),
        TEST(gather__ready__holds_and_starts_nothing),
        TEST(gather__ready_for_strict__makes_the_strict_token),
        TEST(gather__no_record__prepares_once_and_looks_again),
        TEST(gather__look_only__prepares_nothing),
        TEST(gather__lists_lost__is_not_ready),
        TEST(gather__record_of_something_else__is_none),
        TEST(gather__refused__says_why_and_asks_no_more),
        TEST(gather__box_gone__is_not_ready),
        TEST(gather__box_is_a_link__is_not_ready),
        TEST(gather__prepare_cannot_start__says_so),
        TEST(gather__more_roots__only_ready_ones_are_in_the_token),
        TEST(gather__root_of_the_command_line__is_handed_to_prepare),
        TEST(gather__lowered_but_token_cannot__is_no_fence),
        TEST(gather__record_held_open__nothing_starts_but_advisory),
        TEST(gather__record_of_a_further_root_held_open__only_that_one_is_out),
        TEST(gather__prepare_fails__falls_only_where_nothing_was_granted),
        TEST(gather__token_failed_where_a_fence_is__nothing_starts),
        TEST(gather__second_token_failed__nothing_starts),
        TEST(gather__workspace_has_become_a_link__nothing_starts),
        TEST(gather__further_root_has_become_a_link__is_out),
        TEST(had_fence__list_or_record__says_so),
        TEST(gather__level_of_the_command_line__is_handed_to_prepare),
        TEST(admit__prepare_says_nothing__is_refused),
        TEST(admit__tool_unknown__is_asked_of_prepare),
        TEST(admit__not_readable__falls_to_standard_unless_strict_is_wanted),
        TEST(admit__standard_or_advisory__asks_nothing),
        TEST(look_after__name_appeared__is_handed_over),
        TEST(look_after__no_ringfence_exe__says_it_itself),
    };
    return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
