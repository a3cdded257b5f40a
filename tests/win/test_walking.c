#include "grant/boxroot.h"
#include "grant/granting.h"

#include "core/exitcode.h"
#include "core/fence.h"
#include "core/sandbox.h"
#include "grant/ledger.h"
#include "grant/roster.h"
#include "grant/sandbox.h"
#include "grant/setup_user.h"
#include "grant/walking.h"
#include "grant/ways.h"
#include "win/account.h"
#include "win/file.h"
#include "win/security.h"
#include "win/statefile.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The commands that walk, over an engine that does what a test says: real Wine keeps no
 * lists, so nothing else here shows what they do where all goes well. */

#define CALLS_MAX 8u

static char16_t dir[MAX_PATH], data_dir[MAX_PATH], root[MAX_PATH];
static struct context context;
static char16_t temp_text[MAX_PATH], cache_text[MAX_PATH], install_text[MAX_PATH];
static struct err err;

static struct {
    enum grant_outcome outcome;
    struct grant_result result;
    void (*meanwhile)(const struct grant_request *request, size_t call);
    size_t calls;
    size_t guards; /* on Ringfence's own directories */
    char16_t path[CALLS_MAX][MAX_PATH];
    struct grant_request request[CALLS_MAX];
    bool undo[CALLS_MAX], has_id[CALLS_MAX];
    struct fileid id[CALLS_MAX];
    char state[CALLS_MAX][16]; /* of the last record in the journal at that time */
} engine;

static const char *journal_state(void)
{
    static const char *const names[] = { "begun", "done", "clearing", "cleared" };
    struct ledger ledger = { .data = NULL };
    const char *state = "none";

    assert_true(ledger_read(data_dir, &ledger, &err));
    if (ledger.journal.count)
        state = names[ledger.journal.roots[ledger.journal.count - 1].state];
    ledger_clear(&ledger);
    return state;
}

static enum grant_outcome walk(const struct grant_request *request, bool undo,
                               struct grant_result *result)
{
    size_t call = engine.calls++;

    assert_true(call < CALLS_MAX);
    wcscpy(engine.path[call], request->path);
    engine.request[call] = *request;
    engine.undo[call] = undo;
    engine.has_id[call] = request->id;
    if (request->id)
        engine.id[call] = *request->id;
    strcpy(engine.state[call], journal_state());
    if (engine.meanwhile)
        engine.meanwhile(request, call);
    *result = engine.result;
    if (request->cancel && *request->cancel) {
        result->stopped = true;
        return GRANT_STOPPED;
    }
    return engine.outcome;
}

enum grant_outcome grant_apply(const struct grant_request *request,
                               struct grant_result *result, struct err *e)
{
    (void)e;
    if (request->parent_only) {
        assert_string_equal(journal_state(), "begun");
        assert_false(request->dry_run);
        *result = (struct grant_result){ 0 };
        engine.guards++;
        return GRANT_DONE;
    }
    return walk(request, false, result);
}

enum grant_outcome grant_undo(const char16_t *path, const struct sid *sid,
                              const struct grant_request *how,
                              struct grant_result *result, struct err *e)
{
    struct grant_request request = *how;

    (void)e;
    request.path = path;
    if (sid)
        request.sid = *sid;
    return walk(&request, true, result);
}

static struct {
    const char16_t *name;                /* of the one there is, or NULL */
    BOOL(WINAPI *remove)(const WCHAR *); /* the system's own */
} links;

/* The ways to roots: which were opened, and for whom. */
static struct {
    size_t calls;
    char16_t path[CALLS_MAX][MAX_PATH];
    struct sid sid[WAYS_SIDS];
    size_t count;
} opened;

bool ways_edit(const struct ways *ways, const char16_t *path, struct err *e)
{
    (void)e;
    assert_true(ways->open && opened.calls < CALLS_MAX);
    wcscpy(opened.path[opened.calls++], path);
    opened.count = ways->count;
    for (size_t i = 0; i < ways->count; i++)
        opened.sid[i] = *ways->sid[i];
    return true;
}

static bool shows_reading; /* everything has an entry of the read SID's */

enum security_read __real_security_read(const char16_t *path, struct security *security,
                                        struct err *e);
enum security_read __wrap_security_read(const char16_t *path, struct security *security,
                                        struct err *e);
enum security_read __wrap_security_read(const char16_t *path, struct security *security,
                                        struct err *e)
{
    struct acl_entry entry = { ACE_DENY, ACE_INHERITED, RIGHT_FILE_ALL, { 0 } };
    struct aclbuf b = aclbuf_init(security->bytes, sizeof security->bytes);
    struct sid user;

    if (!shows_reading)
        return __real_security_read(path, security, e);
    assert_true(token_user_sid(&user, e));
    entry.sid = fence_read_sid(&user);
    aclbuf_add(&b, &entry);
    security->sd = (struct secdesc){ .control = SECDESC_DACL_PRESENT };
    security->sd.dacl = aclbuf_acl(&b);
    return SECURITY_READ;
}

/* This machine's accounts, of which real Wine keeps none. */

static uint32_t machine; /* 0: setup has not been run */

bool account_find(const char16_t *name, enum account_kind kind, struct sid *sid,
                  struct err *e)
{
    bool is_group = wcscmp(name, SANDBOX_GROUP) == 0;

    assert_int_equal(is_group, kind == ACCOUNT_IS_GROUP);
    if (!machine)
        return err_set(e, ERR_WIN32, ERROR_NONE_MAPPED, "LookupAccountNameW", name);
    *sid = sid_short(5, 5, 21, machine);
    sid->sub[4] = is_group ? 1010 : 1011;
    return true;
}

/* What is said on stdout and stderr meanwhile goes into files. */

static HANDLE said[2], real[2];

static const char16_t *in_dir(const char16_t *name)
{
    static char16_t text[2][MAX_PATH + 64];
    static unsigned next;

    next ^= 1;
    swprintf(text[next], MAX_PATH + 64, L"%ls\\%ls", dir, name);
    return text[next];
}

static void listen(void)
{
    static const DWORD which[] = { STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };
    static const char16_t *const names[] = { u"out", u"err" };

    for (size_t i = 0; i < 2; i++) {
        real[i] = GetStdHandle(which[i]);
        said[i] = CreateFileW(in_dir(names[i]), GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, CREATE_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);
        assert_true(said[i] != INVALID_HANDLE_VALUE);
        SetStdHandle(which[i], said[i]);
    }
}

static const char *heard(size_t which)
{
    static char text[2][65536];
    DWORD bytes = 0;

    if (said[which]) {
        SetFilePointer(said[which], 0, NULL, FILE_BEGIN);
        assert_true(ReadFile(said[which], text[which], sizeof text[0] - 1, &bytes, NULL));
        CloseHandle(said[which]);
        said[which] = NULL;
        SetStdHandle(which ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE, real[which]);
        text[which][bytes] = 0;
    }
    return text[which];
}

static const char *out(void)
{
    return heard(0);
}

static const char *complaints(void)
{
    heard(0);
    return heard(1);
}

static size_t count_lines(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void remove_tree(const char16_t *path)
{
    char16_t text[MAX_PATH * 2];
    WIN32_FIND_DATAW found;
    HANDLE find = NULL;

    swprintf(text, MAX_PATH * 2, L"%ls\\*", path);
    find = FindFirstFileW(text, &found);
    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
            continue;
        swprintf(text, MAX_PATH * 2, L"%ls\\%ls", path, found.cFileName);
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            remove_tree(text);
        else
            DeleteFileW(text);
    } while (FindNextFileW(find, &found));
    FindClose(find);
    RemoveDirectoryW(path);
}

static int fresh(void **state)
{
    struct u16buf final = U16BUF(dir);
    char16_t temp[MAX_PATH];

    (void)state;
    GetTempPathW(MAX_PATH - 32, temp);
    wcscat(temp, u"ringfence-walking");
    CreateDirectoryW(temp, NULL);
    if (!file_final_path(temp, false, &final, &err))
        return 1;
    wcscpy(data_dir, in_dir(u"data"));
    wcscpy(root, in_dir(u"root"));
    CreateDirectoryW(data_dir, NULL);
    CreateDirectoryW(root, NULL);
    machine = 0;
    links.name = NULL;
    links.remove = (BOOL(WINAPI *)(const WCHAR *))(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"kernel32.dll"), "RemoveDirectoryW");
    memset(&opened, 0, sizeof opened);
    memset(&engine, 0, sizeof engine);
    engine.result = (struct grant_result){ .entries = 1234, .changed = 12, .same = 1222 };
    return 0;
}

static int cleanup(void **state)
{
    (void)state;
    heard(0);
    heard(1);
    if (links.name)
        RemoveDirectoryW(in_dir(links.name));
    remove_tree(dir);
    return 0;
}

/* --- one walk ------------------------------------------------------------------------
 */

static struct walking walking;

static void begin(bool removes)
{
    walking = (struct walking){ .data_dir = data_dir, .verb = "try", .removes = removes };
    assert_true(walking_begin(&walking, &err));
    listen();
}

static void walking_show__counts__one_line_with_what_there_is(void **state)
{
    static const struct grant_request how = { .path = NULL };

    (void)state;
    begin(false);
    engine.result.cut_off = 3;
    engine.result.hard_linked = 1000000;
    walking_add(&walking, u"C:\\x", &how);
    walking_show(&walking);
    assert_int_equal(walking_end(&walking, true), EXIT_OK);
    assert_string_equal(out(), "C:\\x: 1,234 files and directories: 12 changed, "
                               "1,000,000 read-only (hard links), 3 left (own ACL), "
                               "0.0 s\n");
    assert_string_equal(complaints(), "");
}

static struct err denied(const char16_t *path)
{
    struct err e;

    err_set(&e, ERR_NTSTATUS, 0xC0000022u, "NtSetSecurityObject", path);
    return e;
}

static void walking_show__many_failures__sixteen_and_one_remedy(void **state)
{
    static const struct grant_request how = { .path = NULL };

    (void)state;
    begin(false);
    engine.result.failed = 1020;
    engine.result.kept_count = TREEWALK_KEPT;
    err_rule(&engine.result.kept[0], "its access control list is full", u"a\\b");
    for (size_t i = 1; i < TREEWALK_KEPT; i++)
        engine.result.kept[i] = denied(i == 1 ? u"obj\\one two" : u"D:\\above");
    walking_add(&walking, u"C:\\x", &how);
    walking_show(&walking);
    assert_int_equal(walking_end(&walking, true), EXIT_RINGFENCE);
    assert_non_null(strstr(out(), ", 1,020 failed, "));
    assert_int_equal(count_lines(complaints()), TREEWALK_KEPT + 2);
    assert_non_null(
        strstr(complaints(), "ringfence: cannot try C:\\x\\a\\b: its access"));
    assert_non_null(strstr(complaints(), "cannot try D:\\above: NtSetSecurityObject: "));
    assert_non_null(strstr(complaints(), "(NTSTATUS 0xc0000022)\n"));
    assert_non_null(strstr(complaints(), "ringfence: and 1,004 more\n"));
    assert_non_null(strstr(
        complaints(),
        "  fix: as an administrator: takeown /f \"C:\\x\\obj\\one two\" /r   (or leave "
        "it: 1,020 of 1,234 paths are not as the fence wants them)\n"));
}

/* Nothing above the root is ever to be taken over with all that is in it. */
static void walking_show__above_the_root__no_takeown(void **state)
{
    static const struct grant_request how = { .path = NULL };

    (void)state;
    for (int removes = 0; removes < 2; removes++) {
        begin(removes);
        engine.result.failed = 1;
        engine.result.kept_count = 1;
        engine.result.kept[0] = denied(u"C:\\");
        if (removes)
            walking_remove(&walking, u"C:\\x", NULL);
        else
            walking_add(&walking, u"C:\\x", &how);
        walking_show(&walking);
        assert_int_equal(walking_end(&walking, true), EXIT_RINGFENCE);
        assert_non_null(strstr(complaints(), "cannot try C:\\: NtSetSecurityObject: "));
        assert_null(strstr(complaints(), "takeown"));
        assert_int_equal(strstr(complaints(), "  fix: as an administrator: ringfence try "
                                              "\"C:\\x\"\n") != NULL,
                         removes);
    }
}

static void walking_show__parent_open__one_line_and_good(void **state)
{
    static const struct grant_request how = { .path = NULL };

    (void)state;
    begin(false);
    engine.result.parent_open = true;
    walking_add(&walking, u"C:\\x\\y", &how);
    walking_show(&walking);
    assert_int_equal(walking_end(&walking, true), EXIT_OK);
    assert_string_equal(complaints(),
                        "ringfence: under the standard fence C:\\x\\y itself can be "
                        "deleted or renamed: you may do so to what is in the directory "
                        "above it, and may not change that one's list\n");
}

static void walking_show__json__whatever_a_path_holds(void **state)
{
    static const struct grant_request how = { .path = NULL };

    (void)state;
    begin(false);
    walking.json = true;
    engine.result.failed = 1;
    engine.result.kept_count = 1;
    engine.result.kept[0] = denied(u"a\"\xD800\n");
    walking_add(&walking, u"C:\\", &how);
    walking_show(&walking);
    walking_show(&walking);
    assert_int_equal(walking_end(&walking, true), EXIT_RINGFENCE);
    assert_int_equal(
        strncmp(out(),
                "{\"schema\":1,\"command\":\"try\",\"dry_run\":false,\"trees\":["
                "{\"path\":\"C:\\\\\",\"outcome\":\"done\",\"entries\":1234,"
                "\"changed\":12,\"same\":1222,",
                120),
        0);
    assert_non_null(strstr(out(), "\"failures\":[{\"path\":\"C:\\\\a\\\"\\ud800\\n\","
                                  "\"call\":\"NtSetSecurityObject\",\"domain\":"
                                  "\"ntstatus\",\"code\":3221225506,\"text\":\""));
    assert_non_null(strstr(out(), "]},{\"path\":\"C:\\\\\","));
    assert_non_null(strstr(out(), "\"}]}],\"complete\":false}\n"));
    assert_string_equal(complaints(), "");
}

static void walking_remove__volume_without_lists__is_good(void **state)
{
    (void)state;
    begin(true);
    engine.outcome = GRANT_NO_ACLS;
    walking_remove(&walking, u"E:\\x", NULL);
    assert_true(walking_is_good(&walking));
    assert_true(walking_error(&walking, &err));
    assert_int_equal(walking_end(&walking, true), EXIT_OK);
}

static void walking_error__each_bad_outcome__says_what(void **state)
{
    static const struct {
        enum grant_outcome outcome;
        const char *says;
    } bad[] = {
        { GRANT_NO_ACLS, "keeps no ACLs" },
        { GRANT_NOT_KEPT, "do not keep the lists" },
    };
    static const struct grant_request how = { .path = NULL };

    (void)state;
    begin(false);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        engine.outcome = bad[i].outcome;
        walking_add(&walking, u"E:\\x", &how);
        assert_false(walking_error(&walking, &err));
        assert_non_null(strstr(err.call, bad[i].says));
        assert_false(walking_is_good(&walking));
    }
    assert_int_equal(walking_end(&walking, true), EXIT_RINGFENCE);
}

/* --- giving way ----------------------------------------------------------------------
 */

static HANDLE wanted, waiter;

static HANDLE open_lock(void)
{
    return CreateFileW(in_dir(u"data\\walk.lock"), GENERIC_WRITE, 0, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
}

/* Another command: gets the lock, and is satisfied. */
static DWORD WINAPI wait_for_lock(void *ctx)
{
    DWORD end = GetTickCount() + 10000;
    HANDLE lock = INVALID_HANDLE_VALUE;

    (void)ctx;
    while ((lock = open_lock()) == INVALID_HANDLE_VALUE && GetTickCount() < end)
        Sleep(1);
    CloseHandle(wanted);
    if (lock == INVALID_HANDLE_VALUE)
        return 1;
    CloseHandle(lock);
    return 0;
}

static void wait_in_first(const struct grant_request *request, size_t call)
{
    const struct treewalk_progress progress = { 7, 1000, 7 };

    if (call > 0)
        return;
    wanted = CreateFileW(in_dir(u"data\\walk.wanted-1"), DELETE, 0, NULL, CREATE_NEW,
                         FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    assert_true(wanted != INVALID_HANDLE_VALUE);
    assert_true(open_lock() == INVALID_HANDLE_VALUE); /* ours */
    waiter = CreateThread(NULL, 0, wait_for_lock, NULL, 0, NULL);
    if (request->progress)
        request->progress(request->ctx, &progress);
}

static void
walking_remove__background_and_another_waits__lets_it_and_goes_on(void **state)
{
    DWORD code = 9;

    (void)state;
    begin(true);
    walking.background = true;
    engine.meanwhile = wait_in_first;
    walking_remove(&walking, u"C:\\x", NULL);
    assert_int_equal(engine.calls, 2);
    assert_int_equal(walking.outcome, GRANT_DONE);
    assert_true(open_lock() == INVALID_HANDLE_VALUE); /* ours again */
    assert_int_equal(WaitForSingleObject(waiter, 10000), WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(waiter, &code));
    assert_int_equal(code, 0); /* it had the lock */
    CloseHandle(waiter);
    assert_int_equal(walking_end(&walking, true), EXIT_OK);
}

static void show_progress(const struct grant_request *request, size_t call)
{
    const struct treewalk_progress progress = { 7, 1000, 7 };

    (void)call;
    request->progress(request->ctx, &progress);
}

/* What a crash left says nothing, and goes. */
static void walking_remove__background_and_a_leftover__goes_on(void **state)
{
    HANDLE file = CreateFileW(in_dir(u"data\\walk.wanted-2"), GENERIC_WRITE, 0, NULL,
                              CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);

    (void)state;
    assert_true(file != INVALID_HANDLE_VALUE);
    CloseHandle(file);
    begin(true);
    walking.background = true;
    engine.meanwhile = show_progress;
    walking_remove(&walking, u"C:\\x", NULL);
    assert_int_equal(engine.calls, 1);
    assert_int_equal(walking.outcome, GRANT_DONE);
    assert_int_equal(file_kind(in_dir(u"data\\walk.wanted-2")), FILE_ABSENT);
    assert_int_equal(walking_end(&walking, true), EXIT_OK);
}

static void no_tick(struct walking *w)
{
    (void)w;
}

/* A user who waits for it is not made to wait twice. */
static void walking_remove__in_front_and_another_waits__goes_on(void **state)
{
    (void)state;
    begin(true);
    walking.tick = no_tick;
    engine.meanwhile = wait_in_first;
    walking_remove(&walking, u"C:\\x", NULL);
    assert_non_null(engine.request[0].progress);
    assert_int_equal(engine.calls, 1);
    assert_int_equal(walking.outcome, GRANT_DONE);
    assert_int_equal(walking_end(&walking, true), EXIT_OK);
    assert_int_equal(WaitForSingleObject(waiter, 20000), WAIT_OBJECT_0);
    CloseHandle(waiter);
}

/* Any program that can open the file may hold it. */
static void
walking_begin__lock_is_held_and_patience_ends__fails_and_names_it(void **state)
{
    HANDLE held = NULL;

    (void)state;
    begin(true);
    assert_int_equal(walking_end(&walking, true), EXIT_OK);
    held = open_lock();
    assert_true(held != INVALID_HANDLE_VALUE);
    walking.patience_ms = 1;
    assert_false(walking_begin(&walking, &err));
    CloseHandle(held);
    assert_true(u16s_iends(u16s_of(err.object), U16S("\\walk.lock")));
    assert_non_null(err.hint);
}

/* --- grant ---------------------------------------------------------------------------
 */

static void name(struct u16buf *b, char16_t *text, const char16_t *path)
{
    *b = u16buf_init(text, MAX_PATH);
    u16buf_addz(b, path);
}

/* A context of which the test's root is the workspace. */
static void prepare_context(void)
{
    const struct u16s secret = U16S("secret");

    memset(&context, 0, sizeof context);
    context.data = (struct u16buf){ data_dir, wcslen(data_dir), MAX_PATH, false };
    name(&context.temp, temp_text, in_dir(u"data\\box\\1\\temp"));
    name(&context.cache, cache_text, in_dir(u"data\\box\\1\\cache"));
    context.install = u16buf_init(install_text, MAX_PATH);
    policy_init(&context.policy);
    context.policy.protect[0] = secret;
    context.policy.protect_count = 1;
    context.policy.git_commit = true;
    context.policy.lowered = true;
    context.policy.hard_links = true;
    assert_true(context_hash_path(root, context.root_hash, &err));
}

/* What the box of a digest says about the test's root. */
static enum boxroot found_root(const uint8_t *digest)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf path = U16BUF(text);
    enum boxroot found = boxroot_find(data_dir, digest, &path);

    if (found == BOXROOT_FOUND)
        assert_int_equal(_wcsicmp(text, root), 0);
    return found;
}

static void granting_root__the_workspace__box_first_and_the_journal_around(void **state)
{
    static const struct granting how = { .quiet = false };
    struct ledger ledger = { .data = NULL };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    listen();
    if (!granting_root(&context, root, &how, &code, &err))
        fail_msg("%s", err.call);
    assert_int_equal(code, EXIT_OK);
    assert_int_equal(engine.calls, 3);
    assert_int_equal(_wcsicmp(engine.path[0], temp_text), 0);
    assert_int_equal(_wcsicmp(engine.path[1], cache_text), 0);
    assert_int_equal(_wcsicmp(engine.path[2], root), 0);
    for (size_t i = 0; i < 3; i++) {
        const struct grant_request *r = &engine.request[i];
        struct sid sid = sid_ours(context.root_hash);

        assert_string_equal(engine.state[i], "begun");
        assert_true(sid_eq(&r->sid, &sid) && !r->read && r->lowered && r->hard_links);
        assert_true(r->names.git_commit && r->names.more_count == 1);
    }
    /* The box by its hash, boxes, data, and where that lies. */
    assert_int_equal(engine.guards, 4);
    assert_int_equal(found_root(context.root_hash), BOXROOT_FOUND);
    assert_int_equal(count_lines(out()), 1); /* the box is not worth one */
    assert_true(ledger_read(data_dir, &ledger, &err));
    assert_non_null(ledger_root(&ledger, context.root_hash));
    assert_int_equal(ledger.journal.roots[0].state, JOURNAL_DONE);
    assert_int_equal(ledger.journal.roots[0].entries, 3 * 1234);
    ledger_clear(&ledger);
}

/* --- a box that the fenced tool has turned into a link -------------------------------
 */

/* Runs a Unix program on a file of this test's, under Wine; false elsewhere. */
static bool unix_run(const char16_t *program, const char *before, const char16_t *name)
{
    typedef char *(CDECL * unix_name)(const WCHAR *);
    unix_name to_unix = (unix_name)(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"kernel32.dll"), "wine_get_unix_file_name");
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    char16_t line[1024];
    char *path = to_unix ? to_unix(dir) : NULL;

    if (!path)
        return false;
    swprintf(line, 1024, L"%hs \"%hs/%ls\"", before, path, name);
    for (char16_t *at = line; *at; at++)
        if (*at == u'\\')
            *at = u'/';
    CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi);
    return true;
}

/* A link that leads nowhere cannot be seen here, but nothing can be made in its place. */
static bool is_free(const char16_t *path)
{
    return GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES &&
           CreateDirectoryW(path, NULL) && links.remove(path);
}

/* Windows takes a link away where Wine takes away what it leads to. */
static BOOL WINAPI remove_directory(const WCHAR *path)
{
    const char16_t *name = links.name;

    if (!name || _wcsicmp(path, in_dir(name)) != 0 || is_free(path))
        return links.remove(path);
    links.name = NULL;
    unix_run(u"Z:\\bin\\rm", "rm", name);
    for (unsigned i = 0; i < 100 && !is_free(path); i++)
        Sleep(20);
    return TRUE;
}

/* Linked in place of the pointer that the import table has. */
extern BOOL(WINAPI *__wrap___imp_RemoveDirectoryW)(const WCHAR *);
BOOL(WINAPI *__wrap___imp_RemoveDirectoryW)(const WCHAR *) = remove_directory;

/* Makes dir/name, whose parent is there, lead to target, which is there too, or skips the
 * test. */
static void must_link(const char *target, const char16_t *name)
{
    char before[128];

    snprintf(before, sizeof before, "ln -s %s", target);
    if (unix_run(u"Z:\\bin\\ln", before, name))
        for (unsigned i = 0; i < 100; i++) { /* there is no handle to wait for it with */
            DWORD attributes = GetFileAttributesW(in_dir(name));

            links.name = name;
            if (attributes != INVALID_FILE_ATTRIBUTES &&
                attributes & FILE_ATTRIBUTE_REPARSE_POINT)
                return;
            Sleep(20);
        }
    print_message("SKIP link: this user or system cannot make one\n");
    skip();
}

static void make_dirs(const char16_t *name)
{
    char16_t text[MAX_PATH];

    wcscpy(text, in_dir(name));
    assert_true(file_make_dirs(text, &err));
}

/* The box and the root, in their own places, and nothing else. */
static void must_grant_its_own(void)
{
    static const struct granting how = { .quiet = true };
    uint32_t code = 9;

    if (!granting_root(&context, root, &how, &code, &err))
        fail_msg("%s: %ls", err.call, err.object);
    assert_int_equal(engine.calls, 3);
    assert_int_equal(_wcsicmp(engine.path[0], temp_text), 0);
    assert_int_equal(_wcsicmp(engine.path[1], cache_text), 0);
    assert_int_equal(_wcsicmp(engine.path[2], root), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(GetFileAttributesW(engine.path[i]) &
                             (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT),
                         FILE_ATTRIBUTE_DIRECTORY);
    assert_null(links.name); /* removed, not used */
    assert_int_equal(file_kind(in_dir(u"outside\\file")), FILE_IS_DIRECTORY);
}

static void granting_root__temp_is_a_link__is_made_anew(void **state)
{
    (void)state;
    prepare_context();
    make_dirs(u"data\\box\\1\\cache");
    make_dirs(u"outside\\file");
    must_link("../../../outside", u"data\\box\\1\\temp");
    must_grant_its_own();
}

static void granting_root__cache_leads_nowhere__is_made_anew(void **state)
{
    (void)state;
    prepare_context();
    make_dirs(u"data\\box\\1\\temp");
    make_dirs(u"outside\\file");
    make_dirs(u"data\\box\\1\\away");
    must_link("away", u"data\\box\\1\\cache");
    links.remove(in_dir(u"data\\box\\1\\away"));
    must_grant_its_own();
}

static void granting_root__the_box_is_a_link__is_made_anew(void **state)
{
    (void)state;
    prepare_context();
    make_dirs(u"data\\box");
    make_dirs(u"outside\\temp");
    make_dirs(u"outside\\cache");
    make_dirs(u"outside\\file");
    must_link("../../outside", u"data\\box\\1");
    must_grant_its_own();
}

static void granting_root__dry_run_and_a_link__does_not_look_behind_it(void **state)
{
    static const struct granting how = { .dry_run = true, .quiet = true };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    make_dirs(u"data\\box\\1\\cache");
    make_dirs(u"outside\\file");
    must_link("../../../outside", u"data\\box\\1\\temp");
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(engine.calls, 1); /* the box will be made anew */
    assert_int_equal(_wcsicmp(engine.path[0], root), 0);
}

/* Between the look and the walk any of them may be replaced: the walk is told which
 * directory it was. */
static void
granting_root__each_walk__is_told_the_directory_that_was_looked_at(void **state)
{
    static const struct granting how = { .quiet = true };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(engine.calls, 3);
    for (size_t i = 0; i < 3; i++) {
        HANDLE open = NULL;
        struct fileid id;

        assert_true(file_open(engine.path[i], FILE_READ_ATTRIBUTES, &open, &err));
        assert_true(fileid_read(open, &id));
        assert_true(engine.has_id[i] && fileid_same(&id, &engine.id[i]));
        CloseHandle(open);
    }
}

/* Its fence has the root SID there, and a deny for the read SID would come first. */
static void granting_root__box_has_the_read_sid__loses_it_before(void **state)
{
    static const struct granting how = { .quiet = true };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    listen();
    shows_reading = true;
    assert_true(granting_root(&context, root, &how, &code, &err));
    shows_reading = false;
    out();
    assert_int_equal(engine.calls, 5);
    for (size_t i = 0; i < 5; i++) {
        bool takes = i == 0 || i == 2;

        assert_int_equal(engine.undo[i], takes);
        assert_int_equal(_wcsicmp(engine.path[i], i < 2   ? temp_text
                                                  : i < 4 ? cache_text
                                                          : root),
                         0);
    }
}

static void granting_root__another_directory__has_no_box(void **state)
{
    static const struct granting how = { .quiet = true };
    uint8_t digest[32];
    uint32_t code = 9;

    (void)state;
    prepare_context();
    context.root_hash[0] ^= 1;
    listen();
    assert_true(context_hash_path(root, digest, &err));
    assert_false(roster_read(&context, digest));
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(engine.calls, 1);
    assert_int_equal(file_kind(temp_text), FILE_ABSENT);
    context.root_hash[0] ^= 1;
    assert_int_equal(found_root(context.root_hash), BOXROOT_FOUND);
    assert_true(roster_read(&context, digest)); /* what it has protected */
    assert_string_equal(out(), "");
    assert_string_equal(journal_state(), "done");
}

/* A journal can be lost: the box says whose it is, and is believed when the hash says the
 * same. */
static void boxroot_find__any_box__says_what_is_known(void **state)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf path = U16BUF(text);
    uint8_t other[SHA256_BYTES] = { 9 };
    struct record record;

    (void)state;
    prepare_context();
    assert_int_equal(found_root(other), BOXROOT_NONE);
    assert_true(boxroot_note(data_dir, context.root_hash, root, &err));
    assert_int_equal(found_root(context.root_hash), BOXROOT_FOUND);
    assert_true(boxroot_note(data_dir, other, root, &err));
    assert_int_equal(found_root(other), BOXROOT_UNKNOWN);
    assert_true(boxroot_note(data_dir, other, u"", &err));
    assert_int_equal(found_root(other), BOXROOT_UNKNOWN);
    assert_true(boxroot_note(data_dir, other, in_dir(u"nowhere"), &err));
    assert_int_equal(boxroot_find(data_dir, other, &path), BOXROOT_ABSENT);
    assert_int_equal(wcscmp(text, in_dir(u"nowhere")), 0);
    boxroot_forget(data_dir, other);
    boxroot_forget(data_dir, other);
    assert_int_equal(found_root(other), BOXROOT_NONE);
    assert_int_equal(file_kind(in_dir(u"data\\box\\090000000000000000000000")),
                     FILE_ABSENT);
    /* An older version's: the record alone. */
    boxroot_forget(data_dir, context.root_hash);
    CreateDirectoryW(in_dir(u"data\\box\\090000000000000000000000"), NULL);
    for (int ready = 0; ready < 2; ready++) {
        record_init(&record, other, other, other, 0);
        record.state = ready ? RECORD_READY : RECORD_REFUSED;
        record_seal(&record);
        assert_true(
            statefile_replace(in_dir(u"data\\box\\090000000000000000000000\\fence"),
                              &record, sizeof record, &err));
        assert_int_equal(found_root(other), ready ? BOXROOT_UNKNOWN : BOXROOT_NONE);
    }
}

static void granting_root__some_paths_fail__goes_through_and_says_them(void **state)
{
    static const struct granting how = { .quiet = true };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    context.root_hash[0] ^= 1;
    engine.result.failed = 1;
    engine.result.kept_count = 1;
    engine.result.kept[0] = denied(u"obj");
    listen();
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(code, EXIT_RINGFENCE);
    assert_string_equal(out(), "");
    assert_int_equal(count_lines(complaints()), 2);
    assert_string_equal(journal_state(), "done");
}

/* Neither done nor cleared: the next run, and clean --all, find it begun. */
static void granting_root__walk_fails__stays_begun(void **state)
{
    static const struct granting how = { .quiet = false };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    engine.outcome = GRANT_FAILED;
    assert_false(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(engine.calls, 1);
    assert_string_equal(journal_state(), "begun");
    assert_null(granting_remedy());
}

static void granting_root__lists_not_kept__cleared(void **state)
{
    static const struct granting how = { .quiet = false };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    engine.outcome = GRANT_NOT_KEPT;
    assert_false(granting_root(&context, root, &how, &code, &err));
    assert_non_null(strstr(err.call, "do not keep the lists"));
    assert_string_equal(journal_state(), "cleared");
    assert_int_equal(found_root(context.root_hash), BOXROOT_NONE);
}

static void granting_root__dry_run__makes_and_notes_nothing(void **state)
{
    static const struct granting how = { .dry_run = true };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    listen();
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(engine.calls, 1);
    assert_int_equal(engine.guards, 0);
    assert_true(engine.request[0].dry_run);
    assert_non_null(strstr(out(), ": 12 would change, "));
    assert_int_equal(file_kind(in_dir(u"data\\box")), FILE_ABSENT);
    assert_int_equal(file_kind(in_dir(u"data\\journal")), FILE_ABSENT);
}

/* --- the sandbox accounts ------------------------------------------------------------
 */

static void install_sandbox(void)
{
    struct passwords passwords;

    machine = 77;
    assert_true(secret_make(&passwords, &err));
    assert_true(secret_save(in_dir(u"data\\secret"), &passwords, &err));
}

/* Tools look at each part of the path they work in. */
static void granting_root__went_through__opens_the_ways(void **state)
{
    static const struct granting how = { .quiet = true };
    uint8_t digest[SHA256_BYTES] = { 0 };
    uint32_t code = 9;
    struct sid read;

    (void)state;
    prepare_context();
    assert_true(setup_user_digest(digest, &err));
    read = sid_ours(digest);
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(opened.calls, 3);
    assert_int_equal(_wcsicmp(opened.path[0], root), 0);
    assert_int_equal(_wcsicmp(opened.path[1], temp_text), 0);
    assert_int_equal(_wcsicmp(opened.path[2], cache_text), 0);
    assert_int_equal(opened.count, 1);
    assert_true(sid_eq(&opened.sid[0], &read));

    install_sandbox();
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(opened.count, 2);
    assert_int_equal(opened.sid[1].sub[4], 1010);

    opened.calls = engine.calls = 0;
    context.policy.fence = POLICY_FENCE_STANDARD; /* no strict fence will ask */
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(opened.count, 1);
    assert_int_equal(opened.sid[0].sub[4], 1010);
}

static void granting_root__failed_or_dry__opens_no_way(void **state)
{
    static const struct granting real_one = { .quiet = true }, dry = { .dry_run = true };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    listen();
    assert_true(granting_root(&context, root, &dry, &code, &err));
    engine.outcome = GRANT_FAILED;
    assert_false(granting_root(&context, root, &real_one, &code, &err));
    assert_int_equal(opened.calls, 0);
}

static int truncate_file(const char16_t *path)
{
    HANDLE h = CreateFileW(path, GENERIC_WRITE, 0, NULL, TRUNCATE_EXISTING, 0, NULL);

    return h == INVALID_HANDLE_VALUE || !CloseHandle(h);
}

static bool is_group(const struct sid *sid)
{
    return sid && sid->sub[1] == 77 && sid->sub[4] == 1010;
}

static void sandbox_is_installed__anything_missing__is_not(void **state)
{
    (void)state;
    assert_false(sandbox_is_installed(data_dir));
    install_sandbox();
    assert_true(sandbox_is_installed(data_dir));
    machine = 0;
    assert_false(sandbox_is_installed(data_dir));
    machine = 77;
    assert_int_equal(truncate_file(in_dir(u"data\\secret")), 0);
    assert_false(sandbox_is_installed(data_dir));
    DeleteFileW(in_dir(u"data\\secret"));
    assert_false(sandbox_is_installed(data_dir));
}

static void sandbox_group__accounts_gone__is_still_known_to_be_taken(void **state)
{
    const struct sid *group = NULL;

    (void)state;
    assert_true(sandbox_group_to_give(data_dir, false, &group, &err));
    assert_null(group);
    assert_null(sandbox_group_to_take(data_dir));
    install_sandbox();
    assert_true(sandbox_group_to_give(data_dir, true, &group, &err));
    assert_true(is_group(group));
    assert_int_equal(file_kind(in_dir(u"data\\sandbox-group")), FILE_ABSENT);
    assert_true(is_group(sandbox_group_to_take(data_dir)));
    assert_true(sandbox_group_to_give(data_dir, false, &group, &err));
    machine = 0;
    assert_true(is_group(sandbox_group_to_take(data_dir)));
    sandbox_forget_group(data_dir);
    assert_null(sandbox_group_to_take(data_dir));
}

static void granting_root__with_a_sandbox__the_group_gets_the_same(void **state)
{
    static const struct granting how = { .quiet = false };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    install_sandbox();
    listen();
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_int_equal(engine.calls, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(is_group(engine.request[i].group));
    machine = 0;
    engine.calls = 0;
    assert_true(granting_root(&context, root, &how, &code, &err));
    assert_null(engine.request[2].group);
}

static void setup_user_run__with_a_sandbox__the_group_too_and_back(void **state)
{
    static const struct setup_user how = { .undo = false };
    static const struct setup_user undo = { .undo = true };
    uint32_t code = 9;

    (void)state;
    prepare_context();
    install_sandbox();
    listen();
    assert_true(setup_user_run(data_dir, &how, &code, &err));
    assert_true(engine.request[0].read && is_group(engine.request[0].group));
    machine = 0; /* uninstalled meanwhile */
    engine.calls = 0;
    assert_true(setup_user_run(data_dir, &undo, &code, &err));
    assert_true(engine.undo[0] && engine.request[0].read);
    assert_true(is_group(engine.request[0].group));
}

/* --- setup --user --------------------------------------------------------------------
 */

static const char *state_line(void)
{
    static char text[256];
    size_t bytes = 0;

    memset(text, 0, sizeof text);
    if (file_read(in_dir(u"data\\setup-user"), text, sizeof text - 1, &bytes, &err) !=
        FILE_READ_DONE)
        return "";
    return text;
}

static void look_at_state(const struct grant_request *request, size_t call)
{
    const struct treewalk_progress progress = { 77, 1000, 77 };

    (void)call;
    assert_int_equal(strncmp(state_line(), "RFU1 adding ", 12), 0);
    Sleep(1100); /* what is written at most once a second */
    request->progress(request->ctx, &progress);
    assert_non_null(strstr(state_line(), " 77 0 0\n"));
}

static const char *status_text(void)
{
    static char narrow[512];
    char16_t text[256];
    struct u16buf b = U16BUF(text);
    size_t len = 0;

    setup_user_status(&context, &b);
    len = u16s_to_utf8(u16buf_text(&b), narrow, sizeof narrow - 1);
    narrow[len] = 0;
    return narrow;
}

static void setup_user_run__goes_through__the_state_tells(void **state)
{
    static const struct setup_user how = { .undo = false };
    static const struct setup_user undo = { .undo = true };
    struct sid user, read;
    uint32_t code = 9;

    (void)state;
    prepare_context();
    assert_string_equal(status_text(), "profile not granted: ringfence setup --user");
    assert_true(token_user_sid(&user, &err));
    read = fence_read_sid(&user);
    engine.result.protected_found = 7;
    engine.meanwhile = look_at_state;
    listen();
    assert_true(setup_user_run(data_dir, &how, &code, &err));
    assert_int_equal(code, EXIT_OK);
    assert_int_equal(engine.calls, 1);
    assert_string_equal(engine.state[0], "begun");
    assert_string_equal(journal_state(), "done");
    assert_true(engine.request[0].read && sid_eq(&engine.request[0].sid, &read));
    assert_true(engine.request[0].special &&
                engine.request[0].special(U16S(".ssh")) == ACLPLAN_PROTECTED);
    assert_non_null(strstr(out(), ", 7 credential stores closed, "));
    assert_int_equal(strncmp(status_text(), "profile granted 20", 18), 0);
    assert_non_null(strstr(status_text(), ", 7 credential stores closed"));

    engine.meanwhile = NULL;
    listen();
    assert_true(setup_user_run(data_dir, &undo, &code, &err));
    assert_true(engine.undo[1] && sid_eq(&engine.request[1].sid, &read));
    assert_string_equal(engine.state[1], "clearing");
    assert_string_equal(journal_state(), "cleared");
    assert_string_equal(status_text(), "profile not granted: ringfence setup --user");
}

static void setup_user_status__of_each_state__one_line(void **state)
{
    static const struct {
        const char *line, *says;
    } states[] = {
        { "RFU1 adding 4294967280 1 1 1 12400 0 0\n",
          "profile granted in part, stopped after 12,400 files and directories: ringfence "
          "setup --user" },
        { "RFU1 stopped 1 1 1 1 5 0 0\n",
          "profile granted in part, stopped after 5 files and directories: ringfence "
          "setup --user" },
        { "RFU1 no_acls 1 1 1 1 0 0 0\n",
          "profile not granted: its volume keeps no ACLs" },
        { "RFU1 not_kept 1 1 1 1 0 0 0\n",
          "profile not granted: its files do not keep the lists they are given" },
        { "RFU1 failed 1 1 1 1 0 0 0\n",
          "profile not granted, setup failed: ringfence setup --user" },
        { "RFU9 later\n", "profile not granted: ringfence setup --user" },
    };
    FILETIME born, unused[3];
    char line[128];
    FILE *file = NULL;

    (void)state;
    prepare_context();
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        file = _wfopen(in_dir(u"data\\setup-user"), L"wb");
        assert_non_null(file);
        fputs(states[i].line, file);
        fclose(file);
        assert_string_equal(status_text(), states[i].says);
    }
    GetProcessTimes(GetCurrentProcess(), &born, &unused[0], &unused[1], &unused[2]);
    snprintf(line, sizeof line, "RFU1 adding %lu %llu 1 1 12400 0 0\n",
             GetCurrentProcessId(),
             (unsigned long long)born.dwHighDateTime << 32 | born.dwLowDateTime);
    file = _wfopen(in_dir(u"data\\setup-user"), L"wb");
    assert_non_null(file);
    fputs(line, file);
    fclose(file);
    assert_string_equal(status_text(),
                        "profile being granted, 12,400 files and directories so far");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, cleanup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(walking_show__counts__one_line_with_what_there_is),
        TEST(walking_show__many_failures__sixteen_and_one_remedy),
        TEST(walking_show__above_the_root__no_takeown),
        TEST(walking_show__parent_open__one_line_and_good),
        TEST(walking_show__json__whatever_a_path_holds),
        TEST(walking_remove__volume_without_lists__is_good),
        TEST(walking_error__each_bad_outcome__says_what),
        TEST(walking_remove__background_and_another_waits__lets_it_and_goes_on),
        TEST(walking_remove__background_and_a_leftover__goes_on),
        TEST(walking_remove__in_front_and_another_waits__goes_on),
        TEST(walking_begin__lock_is_held_and_patience_ends__fails_and_names_it),
        TEST(granting_root__the_workspace__box_first_and_the_journal_around),
        TEST(granting_root__temp_is_a_link__is_made_anew),
        TEST(granting_root__cache_leads_nowhere__is_made_anew),
        TEST(granting_root__the_box_is_a_link__is_made_anew),
        TEST(granting_root__dry_run_and_a_link__does_not_look_behind_it),
        TEST(granting_root__each_walk__is_told_the_directory_that_was_looked_at),
        TEST(granting_root__box_has_the_read_sid__loses_it_before),
        TEST(granting_root__another_directory__has_no_box),
        TEST(boxroot_find__any_box__says_what_is_known),
        TEST(granting_root__some_paths_fail__goes_through_and_says_them),
        TEST(granting_root__walk_fails__stays_begun),
        TEST(granting_root__lists_not_kept__cleared),
        TEST(granting_root__dry_run__makes_and_notes_nothing),
        TEST(granting_root__went_through__opens_the_ways),
        TEST(granting_root__failed_or_dry__opens_no_way),
        TEST(sandbox_is_installed__anything_missing__is_not),
        TEST(sandbox_group__accounts_gone__is_still_known_to_be_taken),
        TEST(granting_root__with_a_sandbox__the_group_gets_the_same),
        TEST(setup_user_run__with_a_sandbox__the_group_too_and_back),
        TEST(setup_user_run__goes_through__the_state_tells),
        TEST(setup_user_status__of_each_state__one_line),
    };

    return cmocka_run_group_tests_name("walking", tests, NULL, NULL);
}
