#include "confine.h"

#include "core/aclplan.h"
#include "core/cmdline.h"
#include "core/pathsearch.h"
#include "core/secdesc.h"
#include "win/file.h"
#include "win/machine.h"
#include "win/out.h"
#include "win/process.h"
#include "win/token.h"

#define TRIES                                                                            \
    4u /* of names, where the tool makes them as fast as they are thought of             \
        */

static struct {
    char16_t path[WIN_PATH_CAP], other[WIN_PATH_CAP];
    char16_t line[CMDLINE_MAX + 1];
    uint8_t descriptor[SECDESC_BYTES_MAX];
    uint8_t machine[RECORD_KEY_BYTES], plan[RECORD_KEY_BYTES];
    uint8_t place;
} store;

void confine_record_path(const struct context *c, const uint8_t *digest,
                         struct u16buf *out)
{
    u16buf_add(out, u16buf_text(&c->data));
    u16buf_add_ascii(out, "\\box\\");
    for (size_t n = 0; n < (size_t)4 * SID_HASH; n++)
        u16buf_add_hex(out, digest[n], 2);
    u16buf_add_ascii(out, "\\fence");
}

static struct u16buf terminated(struct u16s path)
{
    struct u16buf b = U16BUF(store.path);

    u16buf_add(&b, path);
    return b;
}

/* The token for the fence and the usable roots, in place of the one there was. */
static enum level_token make_token(struct context *c)
{
    struct fence_parts parts = { .run = context_run_sid() };
    struct fence_list list;
    enum level_token kept;
    struct err why;

    for (size_t i = 0; i < c->root_count; i++)
        if (i == 0 || c->root_list[i].usable)
            parts.root[parts.root_count++] = sid_ours(c->root_list[i].digest);
    parts.has_logon = token_logon_sid(&parts.logon);
    if (c->token)
        CloseHandle(c->token);
    c->token = NULL;
    c->run = parts.run;
    if (!token_user_sid(&parts.user, &why))
        return LEVEL_TOKEN_FAILED;
    fence_list(c->fence, &parts, &list);
    kept = token_restrict(&list, &c->token, &why);
    if (kept == LEVEL_TOKEN_RESTRICTED && c->policy.lowered &&
        !token_lower(c->token, &why))
        return LEVEL_TOKEN_FAILED;
    return kept;
}

/* The list of an open file or directory; false when it has none. */
static bool read_list(HANDLE file, struct secdesc *sd)
{
    ULONG needed = 0;

    return NT_SUCCESS(NtQuerySecurityObject(file, DACL_SECURITY_INFORMATION,
                                            store.descriptor, sizeof store.descriptor,
                                            &needed)) &&
           secdesc_read(sd, store.descriptor, sizeof store.descriptor) && sd->dacl.at;
}

static enum level_record read_record(const struct context *c, const uint8_t *digest,
                                     struct record *record)
{
    static const enum level_record by_state[] = {
        [RECORD_REFUSED] = LEVEL_RECORD_REFUSED,
        [RECORD_READY] = LEVEL_RECORD_READY,
        [RECORD_LOST] = LEVEL_RECORD_LOST,
    };
    struct u16buf path = U16BUF(store.path);
    size_t bytes = 0;
    struct err err;

    confine_record_path(c, digest, &path);
    switch (path.cut ? FILE_READ_FAILED
                     : file_read(path.at, record, sizeof *record, &bytes, &err)) {
    case FILE_READ_ABSENT:
        return LEVEL_RECORD_NONE;
    case FILE_READ_FAILED:
        return LEVEL_RECORD_SHUT;
    case FILE_READ_DONE:
        break;
    }
    return record_is_sound(record, bytes) &&
                   record_is_for(record, store.machine, store.plan, digest, win_time()) &&
                   record->places & store.place
               ? by_state[record->state]
               : LEVEL_RECORD_STALE;
}

bool confine_is_astray(struct u16s path)
{
    bool linked = false;

    for (; path.len > 2; path = pathsearch_dir(path)) {
        auto_handle HANDLE open = NULL;
        struct secdesc sd;

        linked = linked || file_is_link(terminated(path).at);
        if (!linked)
            continue;
        /* The list of what a program makes is its own affair, not so those above. */
        open = file_open_itself(store.path, READ_CONTROL);
        if (open && read_list(open, &sd) && aclplan_bears_root(&sd.dacl))
            return true;
    }
    return false;
}

/* One handle, one record, one list: whether that still is as the walk left it, for
 * someone may have reset it, or made the directory anew.  A root that is not there is
 * lost for now. */
static void look_at(const struct context *c, struct context_root *root,
                    struct record *record, struct level_workspace *w)
{
    auto_handle HANDLE open = NULL;
    struct secdesc sd;
    struct sid its;
    struct err err;

    *w = (struct level_workspace){ .record = LEVEL_RECORD_LOST };
    w->astray = confine_is_astray(root->path);
    if (w->astray ||
        !file_open(terminated(root->path).at, FILE_READ_ATTRIBUTES | READ_CONTROL, &open,
                   &err) ||
        !context_hash_root(open, store.path, root->digest, &err))
        return;
    w->record = read_record(c, root->digest, record);
    if (!read_list(open, &sd))
        return;
    its = sid_ours(root->digest);
    w->whole = w->record == LEVEL_RECORD_READY && aclplan_shows_root(&sd.dacl, &its);
    w->marked = aclplan_bears_root(&sd.dacl);
}

/* Whether nothing comes of preparing it; what leads astray is told there each time. */
static bool is_known(const struct level_workspace *w)
{
    return w->whole || (!w->astray && (w->record == LEVEL_RECORD_REFUSED ||
                                       w->record == LEVEL_RECORD_LOST));
}

/* All roots, of which *w is the first; false when preparing one may help. */
static bool look_at_roots(struct context *c, struct level_workspace *w)
{
    static struct record other;
    bool known = true;

    for (size_t i = 0; i < c->root_count; i++) {
        struct context_root *root = &c->root_list[i];
        struct level_workspace further = { .tried = false }, *is = i == 0 ? w : &further;

        look_at(c, root, i == 0 ? &c->record : &other, is);
        /* The box is granted with the workspace; one that was taken away is made anew. */
        if (i == 0 && is->whole)
            is->whole = context_find_box(c, NULL);
        known = known && is_known(is);
        root->usable = is->whole;
        if (i == 0 && !root->usable) /* so nothing is looked at any more */
            return known;
    }
    return known;
}

/* "ringfence.exe" WORD [--root DIR]..., in store.line; the program in store.other, empty
 * when it is not there. */
static struct u16buf ringfence_line(const struct context *c,
                                    const struct context_wish *wish, struct u16s word)
{
    struct u16buf program = U16BUF(store.other), line = U16BUF(store.line);

    u16buf_add(&program, u16buf_text(&c->install));
    u16buf_add_ascii(&program, "\\ringfence.exe");
    cmdline_add(&line, u16buf_text(&program));
    cmdline_add(&line, word);
    for (size_t i = 0; i < wish->root_count; i++) {
        cmdline_add(&line, U16S("--root"));
        cmdline_add(&line, wish->root[i]);
    }
    if (!c->install.len || file_kind(program.at) != FILE_IS_FILE)
        program.at[0] = 0;
    return line;
}

/* Starts what ringfence_line has put together, and waits. */
static bool run_ringfence(const struct u16buf *line)
{
    struct process_start start = { .program = store.other, .command_line = line->at };
    auto_handle HANDLE process = NULL;
    uint32_t code = 0;
    struct err err;

    return !line->cut && store.other[0] && process_start(&start, &process, &err) &&
           process_wait(process, &code, &err);
}

bool confine_prepare(struct context *c, const struct context_wish *wish, struct u16s tool)
{
    struct u16buf line = ringfence_line(c, wish, U16S("prepare"));

    if (!store.other[0]) {
        c->evidence.confined_why = "ringfence.exe is missing";
        return false;
    }
    if (wish->has_want) {
        char16_t level[12];

        cmdline_add(&line, U16S("--level"));
        cmdline_add(&line, u16s_ascii(level, 12, level_want_name(wish->want)));
    }
    if (tool.len) {
        cmdline_add(&line, U16S("--tool"));
        cmdline_add(&line, tool);
    }
    if (!run_ringfence(&line)) {
        c->evidence.confined_why = "ringfence.exe cannot run";
        return false;
    }
    return true;
}

bool confine_had_fence(const struct context *c, const struct context_root *root)
{
    struct u16buf path = U16BUF(store.path);
    auto_handle HANDLE open = NULL;
    struct record record;
    struct secdesc sd;
    size_t bytes = 0;
    struct err err;

    if (file_open(terminated(root->path).at, READ_CONTROL, &open, &err) &&
        read_list(open, &sd) && aclplan_bears_root(&sd.dacl))
        return true;
    path = U16BUF(store.path);
    confine_record_path(c, root->digest, &path);
    switch (file_read(path.at, &record, sizeof record, &bytes, &err)) {
    case FILE_READ_ABSENT:
        return false;
    case FILE_READ_DONE:
        return record_is_sound(&record, bytes) && record.state != RECORD_REFUSED;
    case FILE_READ_FAILED:
        break;
    }
    return true;
}

/* Whether any fenced program can have run on this machine. */
static bool has_granted(const struct context *c)
{
    struct u16buf path = U16BUF(store.path);

    u16buf_add(&path, u16buf_text(&c->data));
    u16buf_add_ascii(&path, "\\journal");
    return file_kind(path.at) != FILE_ABSENT;
}

static const char *why_not(const struct context *c, const struct level_workspace *w)
{
    if (w->astray)
        return "a link that a fenced program may have made leads there";
    if (w->record == LEVEL_RECORD_SHUT)
        return "the record of its fence cannot be read";
    if ((w->record == LEVEL_RECORD_REFUSED || w->record == LEVEL_RECORD_LOST) &&
        c->record.reason[0])
        return c->record.reason;
    return c->evidence.confined_why ? c->evidence.confined_why
                                    : "this workspace is not ready for a fence";
}

void confine_gather(struct context *c, const struct context_wish *wish)
{
    struct level_workspace w = { .tried = false };
    bool tried = false;

    c->fence = c->policy.fence == POLICY_FENCE_STRICT ? FENCE_STRICT : FENCE_STANDARD;
    c->evidence.token = make_token(c);
    tried = c->evidence.token == LEVEL_TOKEN_FAILED;
    if ((c->evidence.token != LEVEL_TOKEN_RESTRICTED && !tried) ||
        !machine_key(store.machine))
        return;
    record_plan(&c->policy, store.plan);
    store.place = machine_is_services() ? RECORD_SERVICES : RECORD_TERMINAL;
    if (!look_at_roots(c, &w) && !wish->look_only && !tried) {
        tried = true;
        confine_prepare(c, wish, (struct u16s){ 0 });
        look_at_roots(c, &w);
    }
    w.tried = tried;
    w.granted = tried && has_granted(c);
    w.whole = w.whole && c->evidence.token != LEVEL_TOKEN_FAILED;
    c->evidence.confined = level_of_workspace(&w);
    if (c->evidence.confined != LEVEL_CANARY_HELD) {
        c->evidence.confined_why = why_not(c, &w);
        return;
    }
    if (c->record.enforced)
        c->evidence.enforced = LEVEL_CANARY_HELD;
    if (c->record.fence != (uint8_t)c->fence || c->root_count > 1) {
        c->fence = (enum fence)c->record.fence;
        c->evidence.token = make_token(c);
        if (c->evidence.token != LEVEL_TOKEN_RESTRICTED)
            c->evidence.confined = LEVEL_CANARY_LOST;
    }
}

bool confine_admit(struct context *c, const struct context_wish *wish,
                   struct u16s program, struct err *err)
{
    enum record_reads reads = RECORD_READS_UNKNOWN;
    uint8_t key[7];

    if (c->verdict.run_as != LEVEL_CONFINED || c->verdict.unproven ||
        c->fence != FENCE_STRICT)
        return true;
    record_tool_key(context_var(c, "PATH"), program, key);
    reads = record_tool_reads(&c->record, key);
    if (reads == RECORD_READS_UNKNOWN && confine_prepare(c, wish, program) &&
        read_record(c, c->root_hash, &c->record) == LEVEL_RECORD_READY)
        reads = record_tool_reads(&c->record, key);
    if (reads == RECORD_READS_ALL)
        return true;
    if (reads == RECORD_READS_UNKNOWN)
        return err_rule(err, "it is not known what the strict fence can read", NULL) ||
               err_hint(err, "ringfence prepare says why");
    if (c->policy.fence == POLICY_FENCE_STRICT)
        return err_rule(err, "the strict fence cannot read all that is on PATH", NULL) ||
               err_hint(err, "ringfence prepare names the directory");
    c->fence = FENCE_STANDARD;
    return make_token(c) == LEVEL_TOKEN_RESTRICTED ||
           err_rule(err, "the standard fence's token cannot be made", NULL);
}

struct u16s confine_watched(const struct context *c, size_t i)
{
    const struct u16s always[] = { U16S(".git"), U16S(".codex"), U16S(".agents"),
                                   U16S(".ringfence") };

    if (i < 4)
        return always[i];
    return i - 4 < c->policy.protect_count ? c->policy.protect[i - 4]
                                           : (struct u16s){ 0 };
}

/* Which of them there are, as bits. */
static unsigned present(const struct context *c, const struct context_root *root)
{
    unsigned there = 0;

    for (size_t i = 0; confine_watched(c, i).len; i++) {
        struct u16buf path = terminated(root->path);

        u16buf_addc(&path, u'\\');
        u16buf_add(&path, confine_watched(c, i));
        if (!path.cut && file_kind(path.at) != FILE_ABSENT)
            there |= 1u << i;
    }
    return there;
}

void confine_look_before(struct context *c)
{
    for (size_t i = 0; i < c->root_count; i++)
        if (i == 0 || c->root_list[i].usable)
            c->root_list[i].had = present(c, &c->root_list[i]);
}

/* Has `ringfence look-after` tell what came, or move it aside: what takes care that it is
 * still this root, and no link that the tool has put in its place, is too much for a
 * shim.
 */
static void hand_over_names(const struct context *c, const struct context_root *root,
                            unsigned came)
{
    static struct context_wish nothing; /* not const: it would lie in the file */
    struct u16buf line = ringfence_line(
        c, &nothing, c->policy.quarantine ? U16S("move-new") : U16S("tell-new"));
    char16_t hex[2 * SHA256_BYTES + 1];
    struct u16buf digest = U16BUF(hex);

    for (size_t i = 0; i < SHA256_BYTES; i++)
        u16buf_add_hex(&digest, root->digest[i], 2);
    cmdline_add(&line, root->path);
    cmdline_add(&line, u16buf_text(&digest));
    for (size_t n = 0; came >> n; n++)
        if (came >> n & 1u)
            cmdline_add(&line, confine_watched(c, n));
    if (!run_ringfence(&line))
        out_say(OUT_STDERR, "ringfence: this run made protected names in %: look at them",
                terminated(root->path).at);
}

void confine_look_after(const struct context *c)
{
    for (size_t i = 0; i < c->root_count; i++) {
        const struct context_root *root = &c->root_list[i];
        unsigned came = i == 0 || root->usable ? present(c, root) & ~root->had : 0;

        if (came)
            hand_over_names(c, root, came);
    }
}
