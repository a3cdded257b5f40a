/* SPDX-License-Identifier: MIT
 *
 * ringfence doctor: what is wrong with this machine, this install and this terminal, and
 * what to type.  Here the facts are found out; core/doctor judges them.  Changes nothing.
 */
#include "cli.h"
#include "core/doctor.h"
#include "core/exitcode.h"
#include "core/pathsearch.h"
#include "core/sandbox.h"
#include "core/stores.h"
#include "grant/ledger.h"
#include "grant/sandbox.h"
#include "grant/setup_user.h"
#include "grant/volumes.h"
#include "remote/remote.h"
#include "report.h"
#include "win/account.h"
#include "win/dll.h"
#include "win/file.h"
#include "win/out.h"
#include "win/security.h"

#define GIT_CONFIG_MAX 65536u
#define NAMED_MAX      5u /* directories that a line names */
#define SYSTEM_32      u"advapi32.dll"

typedef SC_HANDLE(WINAPI *open_manager)(LPCWSTR, LPCWSTR, DWORD);
typedef SC_HANDLE(WINAPI *open_service)(SC_HANDLE, LPCWSTR, DWORD);
typedef BOOL(WINAPI *query_config)(SC_HANDLE, LPQUERY_SERVICE_CONFIGW, DWORD, LPDWORD);
typedef BOOL(WINAPI *close_service)(SC_HANDLE);

static struct {
    struct context context;
    struct doctor_facts facts;
    struct doctor doctor;
    struct security security;
    struct remote_request runner;
    char16_t path[WIN_PATH_CAP], profile[WIN_PATH_CAP], found[WIN_PATH_CAP];
    char16_t shadowed[WIN_PATH_CAP], store_open[WIN_PATH_CAP];
    char16_t unreadable[2048], aliases[512], volumes[512], backend[64];
    char16_t said[4 * DOCTOR_TEXT_CAP];
    char bytes[GIT_CONFIG_MAX];
    bool json;
} doc;

static const char *set_json(void *ctx, struct u16s value)
{
    (void)ctx, (void)value;
    doc.json = true;
    return NULL;
}

static const struct cli_option options[] = {
    { u"--json", CLI_FLAG, set_json },
};

/* path = directory\leaf; false when it does not fit. */
static bool name_path(struct u16s directory, const char16_t *leaf)
{
    struct u16buf b = U16BUF(doc.path);

    u16buf_add(&b, directory);
    u16buf_addc(&b, u'\\');
    u16buf_addz(&b, leaf);
    return !b.cut;
}

static bool find_on(struct u16s path, struct u16s name, struct pathsearch_seen *seen)
{
    const struct pathsearch search = { .name = name,
                                       .path = path,
                                       .pathext = context_var(&doc.context, "PATHEXT") };
    struct u16buf found = U16BUF(doc.found);

    *seen = (struct pathsearch_seen){ 0 };
    return pathsearch_find(&search, (struct pathsearch_disk){ .look = file_look }, &found,
                           seen);
}

/* One tool that has a shim: what else of that name PATH leads to. */
static void look_for_tool(struct u16s name, struct u16s before, struct u16buf *aliases)
{
    struct pathsearch_seen seen;

    if (!doc.facts.shadowed.len && before.len && find_on(before, name, &seen)) {
        struct u16buf b = U16BUF(doc.shadowed);

        u16buf_addz(&b, doc.found);
        doc.facts.shadowed = u16buf_text(&b);
    }
    (void)find_on(doc.facts.path, name, &seen);
    if (!seen.store_stubs)
        return;
    u16buf_addz(aliases, aliases->len ? u", " : u"");
    u16buf_add(aliases, name);
}

static void look_at_path(void)
{
    struct u16buf aliases = U16BUF(doc.aliases);
    struct u16s before = { 0 };
    WIN32_FIND_DATAW found;
    HANDLE find = NULL;

    doc.facts.path = context_var(&doc.context, "PATH");
    doc.facts.shims = u16buf_text(&doc.context.shims);
    doc.facts.denybin = u16buf_text(&doc.context.denybin);
    if (!doc.facts.shims.len || !name_path(doc.facts.shims, u"*.exe"))
        return;
    (void)doctor_before(doc.facts.path, doc.facts.shims, &before);
    find = FindFirstFileW(doc.path, &found);
    if (find == INVALID_HANDLE_VALUE)
        return;
    do
        look_for_tool(u16s_without(u16s_of(found.cFileName), U16S(".exe")), before,
                      &aliases);
    while (FindNextFileW(find, &found));
    FindClose(find);
    doc.facts.aliases = u16buf_text(&aliases);
}

static void read_git_config(struct u16s directory, const char16_t *leaf)
{
    struct u16buf out = U16BUF(doc.backend);
    size_t bytes = 0;
    struct err unused;

    if (directory.len && name_path(directory, leaf) &&
        file_read(doc.path, doc.bytes, sizeof doc.bytes, &bytes, &unused) ==
            FILE_READ_DONE &&
        doctor_git_backend(doc.bytes, bytes, &out))
        doc.facts.git_backend = u16buf_text(&out);
}

/* The files that git reads, from the weakest to the strongest, but for a repository's. */
static void look_at_git(void)
{
    const char *const keys = "http.sslBackend";
    struct u16s keep = doc.context.policy.keep;
    struct pathsearch_seen seen;
    char16_t key[24];

    if (find_on(doc.facts.path, U16S("git"), &seen)) {
        struct u16s root = pathsearch_dir(pathsearch_dir(u16s_of(doc.found)));

        read_git_config(root, u"etc\\gitconfig");
        read_git_config(root, u"mingw64\\etc\\gitconfig");
    }
    read_git_config(context_var(&doc.context, "ProgramData"), u"Git\\config");
    read_git_config(u16s_of(doc.profile), u".gitconfig");
    while (keep.at) {
        struct u16s pattern = u16s_trim(u16s_split(&keep, u','));

        if (pattern.len && (u16s_imatch(pattern, u16s_ascii(key, 24, keys)) ||
                            u16s_imatch(pattern, U16S("GIT_CONFIG_COUNT"))))
            doc.facts.git_backend_kept = true;
    }
}

/* Whether what the read SID is given, and nothing else, is enough to read it. */
static bool is_open(const struct sid *read)
{
    const struct accesscheck_sid sids[] = { { *read, true, false } };
    const struct accesscheck_token token = { .sid = sids,
                                             .sid_count = 1,
                                             .level = SID_LEVEL_MEDIUM };
    struct accesscheck_verdict v;

    accesscheck_object(&token, &doc.security.sd, RIGHT_FILE_READ_DATA, &rights_file, &v);
    return v.allowed;
}

/* Each store that the table names outright and that is there. */
static void look_at_stores(const struct sid *read)
{
    struct u16buf open = U16BUF(doc.store_open);
    struct stores_dirs dirs;
    const char16_t *row = NULL;

    setup_user_dirs(u16s_of(doc.profile), &dirs);
    for (size_t i = 0; (row = stores_row(i)) != NULL; i++) {
        char16_t text[1024];
        struct u16buf name = U16BUF(text);
        struct err unused;

        stores_add_row(u16s_of(row), &dirs, &name);
        if (name.cut || u16s_find(u16s_of(row), u'*', 0) < u16_len(row) ||
            !name_path(u16s_of(doc.profile), text) ||
            security_read(doc.path, &doc.security, &unused) != SECURITY_READ)
            continue;
        if (!is_open(read)) {
            doc.facts.stores_closed++;
        } else if (open.len == 0) {
            u16buf_addz(&open, doc.path);
            doc.facts.store_open = u16buf_text(&open);
        }
    }
}

/* The journal, and what it says of the profile. */
static void look_at_journal(void)
{
    const struct journal_record *record = NULL;
    struct ledger ledger = { .data = NULL };
    uint8_t digest[SHA256_BYTES] = { 0 };
    struct sid read;
    struct err unused;

    doc.facts.journal_read = ledger_read(doc.context.data.at, &ledger, &unused);
    if (!doc.facts.journal_read)
        return;
    doc.facts.journal_damaged = ledger.journal.damaged;
    if (setup_user_digest(digest, &unused))
        record = ledger_root(&ledger, digest);
    doc.facts.granted = record && record->state == JOURNAL_DONE;
    ledger_clear(&ledger);
    read = sid_ours(digest);
    if (doc.facts.granted)
        look_at_stores(&read);
}

/* MS: QueryServiceConfigW (SERVICE_QUERY_CONFIG, which Users have). */
static enum doctor_service look_at_seclogon(void)
{
    HMODULE advapi = dll_system(SYSTEM_32);
    open_manager manager =
        advapi ? (open_manager)(void (*)(void))GetProcAddress(advapi, "OpenSCManagerW")
               : NULL;
    open_service open =
        advapi ? (open_service)(void (*)(void))GetProcAddress(advapi, "OpenServiceW")
               : NULL;
    query_config query =
        advapi
            ? (query_config)(void (*)(void))GetProcAddress(advapi, "QueryServiceConfigW")
            : NULL;
    close_service close =
        advapi
            ? (close_service)(void (*)(void))GetProcAddress(advapi, "CloseServiceHandle")
            : NULL;
    _Alignas(8) uint8_t room[8192];
    QUERY_SERVICE_CONFIGW *config = (QUERY_SERVICE_CONFIGW *)(void *)room;
    enum doctor_service is = DOCTOR_SERVICE_UNKNOWN;
    SC_HANDLE all = NULL, one = NULL;
    DWORD needed = 0;

    if (!manager || !open || !query || !close)
        return is;
    all = manager(NULL, NULL, SC_MANAGER_CONNECT);
    one = all ? open(all, u"seclogon", SERVICE_QUERY_CONFIG) : NULL;
    if (one && query(one, config, sizeof room, &needed))
        is = config->dwStartType == SERVICE_DISABLED ? DOCTOR_SERVICE_DISABLED
                                                     : DOCTOR_SERVICE_OK;
    if (one)
        close(one);
    if (all)
        close(all);
    return is;
}

static bool is_warm(void)
{
    struct wire_note note;
    auto_handle HANDLE process = NULL;

    doc.runner.account.name = SANDBOX_OFFLINE;
    doc.runner.install = u16buf_text(&doc.context.install);
    doc.runner.data = u16buf_text(&doc.context.data);
    if (!remote_note(&doc.runner, &note))
        return false;
    process = OpenProcess(SYNCHRONIZE, FALSE, note.pid);
    return process && WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
}

/* The directories on PATH that the accounts cannot read, some of them by name. */
static void look_at_tools(const struct sid *account, const struct sid *group)
{
    struct u16buf list = U16BUF(doc.unreadable);
    struct u16s rest = doc.facts.path, entry;
    size_t count = 0;

    while (pathsearch_next(&rest, &entry)) {
        struct u16buf path = U16BUF(doc.path);
        struct err unused;

        pathsearch_add_entry(&path, entry);
        if (!path.len || path.cut || u16s_istarts(u16buf_text(&path), U16S("\\\\")) ||
            file_kind(doc.path) != FILE_IS_DIRECTORY ||
            security_read(doc.path, &doc.security, &unused) != SECURITY_READ ||
            doc.security.no_acls ||
            doctor_account_reads(account, group, &doc.security.sd))
            continue;
        if (count++ == NAMED_MAX)
            u16buf_addz(&list, u"; ...");
        if (count > NAMED_MAX)
            continue;
        u16buf_addz(&list, count > 1 ? u"; " : u"");
        u16buf_add(&list, u16s_head(u16buf_text(&path), 300));
    }
    doc.facts.unreadable = u16buf_text(&list);
}

static void look_at_accounts(void)
{
    struct sid account, group;
    struct err unused;

    doc.facts.has_accounts = sandbox_is_installed(doc.context.data.at);
    if (!doc.facts.has_accounts)
        return;
    doc.facts.seclogon = look_at_seclogon();
    doc.facts.runner_warm = is_warm();
    if (account_find(SANDBOX_OFFLINE, ACCOUNT_IS_USER, &account, &unused) &&
        account_find(SANDBOX_GROUP, ACCOUNT_IS_GROUP, &group, &unused))
        look_at_tools(&account, &group);
}

static void gather(void)
{
    struct context *c = &doc.context;
    struct doctor_facts *f = &doc.facts;
    struct u16buf profile = U16BUF(doc.profile), volumes = U16BUF(doc.volumes);
    struct err unused;

    f->policy_path = u16buf_text(&c->policy_path);
    f->has_policy = file_kind(c->policy_path.at) == FILE_IS_FILE;
    f->inside = c->inside;
    f->verdict = c->verdict;
    f->fence = c->fence;
    f->network_on = c->network_on;
    f->box = u16buf_text(&c->temp);
    f->has_box = f->complete && file_kind(c->temp.at) == FILE_IS_DIRECTORY &&
                 file_kind(c->cache.at) == FILE_IS_DIRECTORY;
    if (!setup_user_profile(&profile, &unused))
        doc.profile[0] = 0;
    look_at_path();
    look_at_git();
    volumes_without_acls(&volumes);
    f->volumes = u16buf_text(&volumes);
    look_at_journal();
    look_at_accounts();
}

static void show(void)
{
    struct u16buf b = U16BUF(doc.said);
    struct json json;

    if (!doc.json) {
        doctor_text(&doc.doctor, &b);
        out_text(OUT_STDOUT, u16buf_text(&b));
        return;
    }
    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    json_number(&json, "schema", 1);
    json_ascii(&json, "version", RINGFENCE_VERSION);
    doctor_json(&doc.doctor, &json);
    json_close(&json, u'}');
    u16buf_addc(&b, u'\n');
    out_text(OUT_STDOUT, b.cut ? U16S("{}\n") : u16buf_text(&b));
}

uint32_t cmd_doctor(struct cli *cli)
{
    const struct context_wish wish = { .look_only = true };
    struct context *c = &doc.context;
    struct err err = { 0 };

    switch (cli_options(cli, options, sizeof options / sizeof options[0], NULL)) {
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_WORD:
        return cli_complain("doctor takes no words", u16buf_text(&cli->word));
    case CLI_END:
        break;
    }
    doc.facts.complete = context_begin(c, &err) && context_complete(c, &wish, &err);
    if (!doc.facts.complete && !c->policy_line) {
        report_context_failure(c, &err);
        return EXIT_RINGFENCE;
    }
    if (!doc.facts.complete) {
        doc.facts.policy_fault = err.call;
        doc.facts.policy_line = c->policy_line;
    }
    gather();
    doctor_judge(&doc.facts, &doc.doctor);
    show();
    return doctor_count(&doc.doctor, DOCTOR_FAIL) ? EXIT_RINGFENCE : EXIT_OK;
}
