/* SPDX-License-Identifier: MIT
 *
 * ringfence shim add|list|remove: which tools have a shim.  A shim is a copy of any other
 * one under the tool's name; nothing else is ever overwritten or deleted.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/pathsearch.h"
#include "core/toolname.h"
#include "report.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"

static struct {
    struct context context;
    char16_t path[WIN_PATH_CAP], other[WIN_PATH_CAP];
} shim;

/* shims\NAME.exe of this install. */
static struct u16buf shim_path(char16_t *storage, struct u16s name)
{
    struct u16buf b = u16buf_init(storage, WIN_PATH_CAP);

    u16buf_add(&b, u16buf_text(&shim.context.shims));
    u16buf_addc(&b, u'\\');
    u16buf_add(&b, name);
    u16buf_addz(&b, u".exe");
    return b;
}

static bool is_ours(struct u16buf *path)
{
    return file_look(NULL, path) == PATHSEARCH_OURS;
}

/* Calls each for every shim of this install, in the directory's order, until it is false.
 */
static void for_each(bool (*each)(void *ctx, struct u16s name), void *ctx)
{
    struct u16buf pattern = shim_path(shim.path, U16S("*"));
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(pattern.at, &found);

    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        struct u16s name = u16s_of(found.cFileName);
        struct u16buf path = { 0 };

        if (!u16s_iends(name, U16S(".exe")))
            continue;
        name.len -= 4;
        path = shim_path(shim.path, name);
        if (!path.cut && is_ours(&path) && !each(ctx, name))
            break;
    } while (FindNextFileW(search, &found));
    FindClose(search);
}

static bool copy_first(void *ctx, struct u16s name)
{
    struct u16buf *from = ctx;

    *from = shim_path(shim.other, name);
    return false;
}

static uint32_t add(struct u16s name)
{
    struct u16buf from = u16buf_init(shim.other, WIN_PATH_CAP);
    struct u16buf to;
    struct err err;

    for_each(copy_first, &from);
    to = shim_path(shim.path, name);
    if (from.len == 0 || from.cut || to.cut) {
        err_rule(&err, "no shim to copy in this install", shim.context.shims.at);
    } else if (file_kind(to.at) != FILE_ABSENT) {
        if (is_ours(&to))
            return out_line(OUT_STDOUT, u"there already: ", to.at), EXIT_OK;
        err_rule(&err, "a file that is no shim has this name", to.at);
    } else if (CopyFileW(from.at, to.at, TRUE)) {
        return out_line(OUT_STDOUT, u"added ", to.at), EXIT_OK;
    } else {
        err_win32(&err, "CopyFileW", to.at);
    }
    err_report(&err, u"add the shim");
    return EXIT_RINGFENCE;
}

static uint32_t take_away(struct u16s name)
{
    struct u16buf path = shim_path(shim.path, name);
    struct err err;

    if (path.cut || file_kind(path.at) != FILE_IS_FILE)
        err_rule(&err, "there is no such shim", path.at);
    else if (!is_ours(&path))
        err_rule(&err, "a file that is no shim has this name", path.at);
    else if (!DeleteFileW(path.at))
        err_win32(&err, "DeleteFileW", path.at);
    else
        return out_line(OUT_STDOUT, u"removed ", path.at), EXIT_OK;
    err_report(&err, u"remove the shim");
    return EXIT_RINGFENCE;
}

static bool print_one(void *ctx, struct u16s name)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf tool = U16BUF(text);
    char16_t label[TOOLNAME_MAX + 2];
    struct u16buf l = U16BUF(label);
    struct pathsearch_seen seen = { 0 };
    const struct pathsearch search = {
        .name = name,
        .path = envblock_get(&shim.context.env, U16S("PATH")),
        .pathext = envblock_get(&shim.context.env, U16S("PATHEXT")),
    };

    (void)ctx;
    u16buf_add(&l, u16s_head(name, TOOLNAME_MAX));
    while (l.len < 10)
        u16buf_addc(&l, u' ');
    if (pathsearch_find(&search, (struct pathsearch_disk){ .look = file_look }, &tool,
                        &seen))
        out_line(OUT_STDOUT, label, u" ", text);
    else
        out_line(OUT_STDOUT, label, u" (no such tool on PATH)");
    return true;
}

enum verb { VERB_LIST, VERB_ADD, VERB_REMOVE };

static const char16_t *const verbs[] = {
    [VERB_LIST] = u"list", [VERB_ADD] = u"add", [VERB_REMOVE] = u"remove"
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

/* Whether all the words make sense; if not, a line has been printed. */
static bool read_words(struct cli *cli, enum verb *verb, struct u16buf *name)
{
    size_t v = 0;

    if (!cli_next(cli))
        return cli_complain("shim what? add NAME, list, remove NAME", (struct u16s){ 0 }),
               false;
    while (v < VERB_COUNT && !u16s_eq(u16buf_text(&cli->word), u16s_of(verbs[v])))
        v++;
    if (v == VERB_COUNT)
        return cli_complain("shim add, list or remove, not", u16buf_text(&cli->word)),
               false;
    *verb = (enum verb)v;
    if (*verb != VERB_LIST) {
        if (!cli_next(cli))
            return cli_complain(*verb == VERB_ADD ? "shim add which tool?"
                                                  : "shim remove which tool?",
                                (struct u16s){ 0 }),
                   false;
        u16buf_add(name, u16s_without(u16buf_text(&cli->word), U16S(".exe")));
        if (name->cut || !toolname_is_good(u16buf_text(name)))
            return cli_complain("not a tool's name", u16buf_text(&cli->word)), false;
    }
    if (cli_next(cli))
        return cli_complain(*verb == VERB_LIST ? "shim list takes no words"
                                               : "shim takes one tool, not also",
                            u16buf_text(&cli->word)),
               false;
    return true;
}

uint32_t cmd_shim(struct cli *cli)
{
    char16_t text[TOOLNAME_MAX + 1];
    struct u16buf name = U16BUF(text);
    enum verb verb = VERB_LIST;
    struct err err = { 0 };

    if (!read_words(cli, &verb, &name))
        return EXIT_RINGFENCE;
    if (!context_begin(&shim.context, &err)) {
        report_context_failure(&shim.context, &err);
        return EXIT_RINGFENCE;
    }
    if (!shim.context.install.len)
        return cli_complain(
            "this program is in no install: no shims and denybin beside it",
            (struct u16s){ 0 });
    if (verb == VERB_ADD)
        return add(u16buf_text(&name));
    if (verb == VERB_REMOVE)
        return take_away(u16buf_text(&name));
    return for_each(print_one, NULL), EXIT_OK;
}
