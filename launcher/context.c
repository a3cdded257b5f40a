#include "context.h"

#include "confine.h"
#include "core/pathsearch.h"
#include "core/sha256.h"
#include "win/dll.h"
#include "win/file.h"
#include "win/out.h"
#include "win/paths.h"
#include "win/token.h"

#define ENV_UNITS_MAX                                                                    \
    (1u << 20) /* Windows itself has no bound since Vista; we read this far */

/* The storage behind a context: one launch a process, so one of each is enough. */
static struct {
    char16_t env[ENVBLOCK_MAX + 2];
    char16_t install[WIN_PATH_CAP], shims[WIN_PATH_CAP], denybin[WIN_PATH_CAP];
    char16_t data[WIN_PATH_CAP], policy[WIN_PATH_CAP], cwd[WIN_PATH_CAP];
    char16_t root[WIN_PATH_CAP], temp[WIN_PATH_CAP], cache[WIN_PATH_CAP];
    char16_t scratch[WIN_PATH_CAP];
    char bytes[POLICY_BYTES_MAX];
} store;

static bool read_environment(struct context *c, struct err *err)
{
    const char16_t *block = GetEnvironmentStringsW(); /* ours until the process ends */
    size_t units = 0;

    if (!block)
        return err_win32(err, "GetEnvironmentStringsW", NULL);
    while (units < ENV_UNITS_MAX && (block[units] || block[units + 1]))
        units++;
    return envblock_read(&c->env, block, units + 2, U16BUF(store.env), err);
}

static void read_wine_version(struct context *c)
{
    dll_wine_get_version version = (dll_wine_get_version)(void (*)(void))dll_loaded(
        u"ntdll.dll", "wine_get_version");
    struct u16buf b = U16BUF(c->wine);

    if (version)
        u16buf_add_ascii(&b, version());
}

struct u16s context_var(const struct context *c, const char *name)
{
    char16_t text[32];

    return envblock_get(&c->env, u16s_ascii(text, 32, name));
}

bool context_flag(const struct context *c, const char *name)
{
    struct u16s value = context_var(c, name);

    return value.len > 0 && !u16s_is(value, "0");
}

bool context_begin(struct context *c, struct err *err)
{
    uint64_t depth = 0;

    if (!read_environment(c, err))
        return false;
    c->install = U16BUF(store.install);
    c->shims = U16BUF(store.shims);
    c->denybin = U16BUF(store.denybin);
    if (!paths_install(&c->install, err))
        return false;
    if (c->install.len) {
        u16buf_add(&c->shims, u16buf_text(&c->install));
        u16buf_add_ascii(&c->shims, "\\shims");
        u16buf_add(&c->denybin, u16buf_text(&c->install));
        u16buf_add_ascii(&c->denybin, "\\denybin");
    }
    c->inside = token_is_inside();
    c->bypass = !c->inside && context_flag(c, "RINGFENCE_BYPASS");
    if (u16s_number(context_var(c, "RINGFENCE_DEPTH"), UINT16_MAX, &depth))
        c->depth = (unsigned)depth;
    return true;
}

/* The directory that the policy is asked about: the terminal's workspace, else ours. */
static struct u16s asked_dir(const struct context *c)
{
    struct u16s root = context_var(c, "RINGFENCE_ROOT");
    struct u16buf z = U16BUF(store.scratch);

    u16buf_add(&z, root);
    if (root.len && !z.cut && file_kind(z.at) == FILE_IS_DIRECTORY)
        return root;
    return u16buf_text(&c->cwd);
}

static bool read_policy(struct context *c, struct err *err)
{
    size_t bytes = 0;

    policy_init(&c->policy);
    switch (file_read(c->policy_path.at, store.bytes, sizeof store.bytes, &bytes, err)) {
    case FILE_READ_ABSENT:
        return true;
    case FILE_READ_FAILED:
        if (c->inside) /* closed to a strict fence, and what holds there is in the token
                        */
            return true;
        return err_hint(err, "end what holds it open: a program of an earlier run may");
    case FILE_READ_DONE:
        break;
    }
    return policy_read(&c->policy, store.bytes, bytes, asked_dir(c), &c->policy_line,
                       err);
}

/* The nearest directory at or above the current one that holds a .git, if any. */
static struct u16s repository(const struct context *c)
{
    struct u16s dir = u16buf_text(&c->cwd);

    for (size_t before = SIZE_MAX; dir.len < before; dir = pathsearch_dir(dir)) {
        struct u16buf probe = U16BUF(store.scratch);

        before = dir.len;
        u16buf_add(&probe, dir);
        u16buf_add_ascii(&probe, "\\.git");
        if (!probe.cut && file_kind(probe.at) != FILE_ABSENT)
            return dir;
    }
    return (struct u16s){ NULL, 0 };
}

static void find_root(struct context *c)
{
    struct u16s asked = asked_dir(c);
    struct u16s root = c->policy.workspace;

    if (!root.len && asked.at != c->cwd.at)
        root = asked;
    if (!root.len)
        root = repository(c);
    if (!root.len)
        root = u16buf_text(&c->cwd);
    u16buf_add(&c->root, root);
}

bool context_hash_root(HANDLE open, const char16_t *root, uint8_t *digest,
                       struct err *err)
{
    struct u16buf path = U16BUF(store.scratch);

    if (!file_final_path_of(open, root, true, &path, err))
        return false;
    for (size_t i = 0; i < path.len; i++)
        path.at[i] = RtlUpcaseUnicodeChar(path.at[i]);
    sha256(path.at, path.len * sizeof path.at[0], digest);
    return true;
}

bool context_hash_path(const char16_t *root, uint8_t *digest, struct err *err)
{
    auto_handle HANDLE open = NULL;

    return file_open(root, FILE_READ_ATTRIBUTES, &open, err) &&
           context_hash_root(open, root, digest, err);
}

static void name_box(struct context *c)
{
    struct u16buf *dirs[] = { &c->temp, &c->cache };
    static const char16_t *const leaf[] = { u"\\temp", u"\\cache" };

    for (size_t i = 0; i < 2; i++) {
        u16buf_add(dirs[i], u16buf_text(&c->data));
        u16buf_add_ascii(dirs[i], "\\box\\");
        for (size_t n = 0; n < (size_t)4 * SID_HASH; n++)
            u16buf_add_hex(dirs[i], c->root_hash[n], 2);
        u16buf_addz(dirs[i], leaf[i]);
    }
}

struct sid context_run_sid(void)
{
    struct {
        LARGE_INTEGER ticks;
        FILETIME time;
        DWORD process, thread;
    } seed = { .process = GetCurrentProcessId(), .thread = GetCurrentThreadId() };
    uint8_t digest[SHA256_BYTES];

    QueryPerformanceCounter(&seed.ticks);
    GetSystemTimeAsFileTime(&seed.time);
    sha256(&seed, sizeof seed, digest);
    return sid_ours(digest);
}

/* The workspace, the policy's roots and the command line's. */
static bool name_roots(struct context *c, const struct context_wish *wish,
                       struct err *err)
{
    struct context_root *to = c->root_list;

    to->path = u16buf_text(&c->root);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        to->digest[i] = c->root_hash[i];
    c->root_count = 1;
    for (size_t i = 0; i < c->policy.root_count; i++)
        c->root_list[c->root_count++].path = c->policy.root[i];
    if (c->root_count + wish->root_count > FENCE_ROOTS_MAX)
        return err_rule(err, "there are more than 16 roots", NULL);
    for (size_t i = 0; i < wish->root_count; i++)
        c->root_list[c->root_count++].path = wish->root[i];
    return true;
}

bool context_complete(struct context *c, const struct context_wish *wish, struct err *err)
{
    uint64_t port = 9;

    c->data = U16BUF(store.data);
    c->policy_path = U16BUF(store.policy);
    c->cwd = U16BUF(store.cwd);
    c->root = U16BUF(store.root);
    c->temp = U16BUF(store.temp);
    c->cache = U16BUF(store.cache);
    if (!paths_data(&c->data, err) || !paths_current(&c->cwd, err))
        return false;
    u16buf_add(&c->policy_path, u16buf_text(&c->data));
    u16buf_add_ascii(&c->policy_path, "\\policy.ini");
    if (!read_policy(c, err))
        return false;
    find_root(c);
    if (!context_hash_path(c->root.at, c->root_hash, err))
        return false;
    name_box(c);
    read_wine_version(c);
    if (!u16s_number(context_var(c, "RINGFENCE_DEAD_PORT"), UINT16_MAX, &port) ||
        port == 0)
        port = 9;
    c->dead_port = (uint16_t)port;
    c->told = context_flag(c, "RINGFENCE_TOLD");
    c->network_on = wish->has_network ? wish->network_on
                    : context_var(c, "RINGFENCE_NETWORK").at
                        ? u16s_is(context_var(c, "RINGFENCE_NETWORK"), "on")
                        : c->policy.network_on;
    if (wish->has_want)
        c->policy.want = wish->want;
    if (wish->require > c->policy.require)
        c->policy.require = wish->require;
    if (!name_roots(c, wish, err))
        return false;
    if (c->policy.want != LEVEL_WANT_ADVISORY)
        confine_gather(c, wish);
    c->verdict = level_decide(c->policy.want, c->policy.require, wish->allow_unproven,
                              &c->evidence);
    return true;
}

/* The tool may write to the box: a link in the place of one of its directories is one
 * that an earlier run has made.  It goes; what it leads to stays.  One that cannot go is
 * refused when the box is granted. */
static bool make_own(char16_t *path, struct err *err)
{
    RemoveDirectoryW(path);
    return file_make_dirs(path, err);
}

bool context_find_box(struct context *c, struct err *err)
{
    char16_t *const paths[] = { c->temp.at, c->temp.at, c->cache.at };
    char16_t *end = c->temp.at + pathsearch_dir(u16buf_text(&c->temp)).len;
    bool good = true;

    for (size_t i = 0; good && i < 3; i++) {
        *end = i ? u'\\' : 0;
        good = file_is_own_directory(paths[i]) || (err && make_own(paths[i], err));
    }
    *end = u'\\';
    return good;
}

/* One terminal, one line.  Children of ours know by RINGFENCE_TOLD; shims that a shell
 * starts one after the other share only that shell, so its identity (process id and start
 * time) is kept in a small direct-mapped file.  A lost or torn slot costs a second line.
 */
static bool remember_parent(const struct context *c)
{
    struct {
        uint64_t pid;
        FILETIME start;
    } mine = { 0 }, there = { 0 };
    PROCESS_BASIC_INFORMATION basic;
    FILETIME unused[3];
    struct u16buf path = U16BUF(store.scratch);
    auto_handle HANDLE parent = NULL;
    auto_handle HANDLE file = NULL;
    DWORD done = 0;

    if (!NT_SUCCESS(NtQueryInformationProcess(
            GetCurrentProcess(), ProcessBasicInformation, &basic, sizeof basic, NULL)))
        return false;
    mine.pid = (uint64_t)(uintptr_t)basic.InheritedFromUniqueProcessId;
    parent = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, (DWORD)mine.pid);
    if (!parent ||
        !GetProcessTimes(parent, &mine.start, &unused[0], &unused[1], &unused[2]))
        return false;
    u16buf_add(&path, u16buf_text(&c->data));
    u16buf_add_ascii(&path, "\\told");
    file = CreateFileW(path.at, GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        file = NULL;
        return false;
    }
    SetFilePointer(file, (LONG)(mine.pid / 4 % 64 * sizeof mine), NULL, FILE_BEGIN);
    if (ReadFile(file, &there, sizeof there, &done, NULL) && done == sizeof there &&
        there.pid == mine.pid && there.start.dwLowDateTime == mine.start.dwLowDateTime &&
        there.start.dwHighDateTime == mine.start.dwHighDateTime)
        return true;
    SetFilePointer(file, (LONG)(mine.pid / 4 % 64 * sizeof mine), NULL, FILE_BEGIN);
    WriteFile(file, &mine, sizeof mine, &done, NULL);
    return false;
}

void context_add_level(const struct context *c, struct u16buf *b)
{
    u16buf_add_ascii(b, c->verdict.lost ? "lost, nothing starts"
                                        : level_name(c->verdict.level));
    if (c->verdict.level == LEVEL_CONFINED) {
        u16buf_add_ascii(b, " (");
        u16buf_add_ascii(b, fence_name(c->fence));
        u16buf_addc(b, u')');
    }
    if (c->verdict.unproven) {
        u16buf_add_ascii(b, ", run as ");
        u16buf_add_ascii(b, level_name(c->verdict.run_as));
        u16buf_add_ascii(b, " NOT PROVEN");
    }
    if (c->verdict.reason[0]) {
        u16buf_add_ascii(b, ": ");
        u16buf_add_ascii(b, c->verdict.reason);
    }
    if (c->wine[0]) {
        u16buf_add_ascii(b, " (Wine ");
        u16buf_addz(b, c->wine);
        u16buf_addc(b, u')');
    }
}

void context_tell_once(struct context *c)
{
    char16_t text[512];
    struct u16buf b = U16BUF(text);

    if (c->told && !c->verdict.unproven)
        return;
    c->told = true;
    if (!c->verdict.reason[0] || (remember_parent(c) && !c->verdict.unproven))
        return;
    context_add_level(c, &b);
    out_say(OUT_STDERR, "ringfence: %. Require more with --require.", text);
}
