#include "target.h"

#include "core/cmdline.h"
#include "win/file.h"

static struct {
    char16_t program[WIN_PATH_CAP], line[CMDLINE_MAX + 1], found[WIN_PATH_CAP];
    char16_t script[WIN_PATH_CAP], probe[WIN_PATH_CAP];
} store;

/* dir\name into *out; whether it is a file. */
static bool file_in(struct u16buf *out, struct u16s dir, const char *name)
{
    *out = u16buf_init(out->at, out->cap);
    u16buf_add(out, dir);
    u16buf_addc(out, u'\\');
    u16buf_add_ascii(out, name);
    return !out->cut && file_kind(out->at) == FILE_IS_FILE;
}

/* The denybin stub that stands in for the tool, if there is one. */
static bool find_stub(const struct context *c, struct u16s tool, struct u16buf *found)
{
    struct u16s base = u16s_without(pathsearch_base(tool), U16S(".exe"));

    if (!c->denybin.len)
        return false;
    *found = u16buf_init(found->at, found->cap);
    u16buf_add(found, u16buf_text(&c->denybin));
    u16buf_addc(found, u'\\');
    u16buf_add(found, base);
    u16buf_add_ascii(found, ".exe");
    return !found->cut && file_kind(found->at) == FILE_IS_FILE;
}

static bool find_tool(const struct context *c, const struct target_request *request,
                      struct u16buf *found, struct pathsearch_seen *seen)
{
    struct pathsearch search = {
        .name = request->tool,
        .path = context_var(c, "PATH"),
        .pathext = context_var(c, "PATHEXT"),
        .current_first = request->current_first,
        .no_aliases = c->inside || c->verdict.run_as != LEVEL_ADVISORY,
    };

    return pathsearch_find(&search, (struct pathsearch_disk){ .look = file_look }, found,
                           seen);
}

static bool add_line(struct target *t, struct u16s script, struct u16s tail,
                     struct err *err)
{
    u16buf_addc(&t->line, u'"');
    u16buf_add(&t->line, u16buf_text(&t->program));
    u16buf_addc(&t->line, u'"');
    if (script.len) {
        u16buf_add_ascii(&t->line, " \"");
        u16buf_add(&t->line, script);
        u16buf_addc(&t->line, u'"');
    }
    u16buf_add(&t->line, tail);
    return !t->line.cut ||
           err_rule(err, "the command line is longer than 32,766 characters",
                    t->program.at);
}

/* The npm that npm.cmd would start: one the user updated to with `npm install -g npm`,
 * where the installer's own npmrc says that such go to %APPDATA%\npm, else the one beside
 * it. */
static bool npm_script(const struct context *c, struct u16s dir, const char *script,
                       struct u16buf *out)
{
    struct u16s appdata = context_var(c, "APPDATA");
    struct u16buf probe = U16BUF(store.probe);

    if (appdata.len && file_in(&probe, dir, "node_modules\\npm\\npmrc")) {
        probe = U16BUF(store.probe);
        u16buf_add(&probe, appdata);
        u16buf_add_ascii(&probe, "\\npm");
        if (!probe.cut && file_in(out, u16buf_text(&probe), script))
            return true;
    }
    return file_in(out, dir, script);
}

/* The node that npm.cmd would start: the one beside it, else the first on PATH. */
static bool find_node(const struct context *c, struct u16s dir, struct u16buf *program)
{
    const struct target_request node = { .tool = U16S("node.exe") };
    struct u16buf found = U16BUF(store.probe);
    struct pathsearch_seen seen;
    struct err err;

    return file_in(program, dir, "node.exe") ||
           (find_tool(c, &node, &found, &seen) &&
            !pathsearch_is_batch(u16buf_text(&found)) &&
            file_full_path(found.at, program, &err));
}

/* npm.cmd and npx.cmd only start node with a script, through a cmd.exe that damages
 * arguments and asks "Terminate batch job (Y/N)?" at Ctrl-C.  So start node.
 * False when *found is anything else, or not laid out as npm's. */
static bool find_npm(const struct context *c, struct u16s found, struct target *t,
                     struct u16buf *script)
{
    static const struct {
        const char *batch, *script;
    } known[] = {
        { "npm.cmd", "node_modules\\npm\\bin\\npm-cli.js" },
        { "npx.cmd", "node_modules\\npm\\bin\\npx-cli.js" },
    };
    struct u16s dir = pathsearch_dir(found);

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char16_t batch[8];

        if (!u16s_ieq(pathsearch_base(found), u16s_ascii(batch, 8, known[i].batch)))
            continue;
        return npm_script(c, dir, known[i].script, script) &&
               find_node(c, dir, &t->program);
    }
    return false;
}

/* cmd.exe from System32, not from ComSpec: a build may have set that. */
static bool batch_line(struct target *t, struct u16s script, struct u16s tail,
                       struct err *err)
{
    UINT len = GetSystemDirectoryW(t->program.at, MAX_PATH);

    if (len == 0 || len >= MAX_PATH)
        return err_win32(err, "GetSystemDirectoryW", NULL);
    t->program.len = len;
    u16buf_add_ascii(&t->program, "\\cmd.exe");
    return cmdline_batch(&t->line, u16buf_text(&t->program), script, tail, err);
}

enum target_result target_find(const struct context *c,
                               const struct target_request *request, struct target *t,
                               struct err *err)
{
    struct u16buf found = U16BUF(store.found);
    struct u16buf script = U16BUF(store.script);
    bool ok = false;

    t->program = U16BUF(store.program);
    t->line = U16BUF(store.line);
    t->is_stub = request->may_deny && find_stub(c, request->tool, &found);
    if (!t->is_stub && !find_tool(c, request, &found, &t->seen))
        return TARGET_NOT_FOUND;
    if (!file_full_path(found.at, &t->program, err))
        return TARGET_REFUSED;
    found = U16BUF(store.found);
    u16buf_add(&found, u16buf_text(&t->program));
    if (!pathsearch_is_batch(u16buf_text(&found)))
        ok = add_line(t, (struct u16s){ NULL, 0 }, request->tail, err);
    else if (find_npm(c, u16buf_text(&found), t, &script))
        ok = add_line(t, u16buf_text(&script), request->tail, err);
    else
        ok = batch_line(t, u16buf_text(&found), request->tail, err);
    return ok ? TARGET_FOUND : TARGET_REFUSED;
}
