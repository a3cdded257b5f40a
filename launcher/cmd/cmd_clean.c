/* SPDX-License-Identifier: MIT
 *
 * ringfence clean: takes every entry and label of ours away again, from a path
 * with all that is in it, or from everything that the journal names.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/sha256.h"
#include "grant/boxroot.h"
#include "grant/grantstate.h"
#include "grant/ledger.h"
#include "grant/sandbox.h"
#include "grant/setup_user.h"
#include "grant/walking.h"
#include "grant/ways.h"
#include "report.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/paths.h"
#include "win/statefile.h"
#include "win/token.h"

static struct {
    struct context context;
    struct walking walking;
    struct ledger ledger;
    bool all;
    bool has_journal;              /* one that can be read */
    bool gone;                     /* the target, or its like, is not there any more */
    bool bad;                      /* something is left, or may be */
    size_t said;                   /* lines on stdout, or what would be one */
    size_t lost;                   /* roots that have a box and are nowhere to be found */
    bool chosen[LEDGER_ROOTS_MAX]; /* roots of the journal that are to be cleared
                                    */
    bool left[LEDGER_ROOTS_MAX];   /* chosen, and not everything could be taken away
                                    */
    char16_t data[WIN_PATH_CAP];
    char16_t target[WIN_PATH_CAP];    /* what was asked for, then where it really is */
    char16_t root[WIN_PATH_CAP];      /* of a record */
    char16_t lost_root[WIN_PATH_CAP]; /* of a box */
    char16_t other[WIN_PATH_CAP];
    char16_t box[WIN_PATH_CAP];
    char16_t boxes[WIN_PATH_CAP]; /* the directory of all, where it really is */
} clean;

static const char *set_json(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    clean.walking.json = true;
    return NULL;
}

static const char *set_dry_run(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    clean.walking.dry_run = true;
    return NULL;
}

static const char *set_all(void *ctx, struct u16s value)
{
    (void)ctx;
    (void)value;
    clean.all = true;
    return NULL;
}

static const struct cli_option options[] = {
    { u"--all", CLI_FLAG, set_all },
    { u"--dry-run", CLI_FLAG, set_dry_run },
    { u"--json", CLI_FLAG, set_json },
};

/* The roots of the journal. */

static size_t root_count(void)
{
    return clean.ledger.journal.count;
}

static struct journal_record *record(size_t i)
{
    return &clean.ledger.journal.roots[i];
}

static bool root_path(size_t i, char16_t *text)
{
    struct u16buf path = u16buf_init(text, WIN_PATH_CAP);

    return journal_path(record(i), &path);
}

/* Whether path is dir or in it; both as the system spells them. */
static bool is_in(struct u16s path, struct u16s dir)
{
    if (!dir.len || !u16s_istarts(path, dir))
        return false;
    return path.len == dir.len || path.at[dir.len] == u'\\' ||
           dir.at[dir.len - 1] == u'\\';
}

static void note(size_t i, enum journal_state state)
{
    struct journal_record r = *record(i);
    struct err err;

    r.state = state;
    if (clean.walking.dry_run || !root_path(i, clean.root))
        return;
    if (!ledger_note(clean.data, &r, clean.root, &err)) {
        err_report(&err, u"keep the journal");
        clean.bad = true;
    }
}

/* Boxes. */

/* <data>\box, or a root's in it. */
static void name_box(const uint8_t *digest)
{
    struct u16buf b = U16BUF(clean.box);

    u16buf_addz(&b, clean.data);
    u16buf_addz(&b, u"\\box");
    if (digest)
        u16buf_addc(&b, u'\\');
    for (size_t i = 0; digest && i < JOURNAL_ROOT_BYTES; i++)
        u16buf_add_hex(&b, digest[i], 2);
}

/* Calls each for what is in a directory, with its path in text. */
static void for_each(const char16_t *directory, char16_t *text,
                     void (*each)(const char16_t *path, bool is_directory))
{
    struct u16buf b = u16buf_init(text, WIN_PATH_CAP);
    size_t len = 0;
    WIN32_FIND_DATAW found;
    HANDLE find = NULL;

    u16buf_addz(&b, directory);
    u16buf_addc(&b, u'\\');
    len = b.len;
    u16buf_addc(&b, u'*');
    find = b.cut ? INVALID_HANDLE_VALUE : FindFirstFileW(text, &found);
    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        b.len = len;
        u16buf_addz(&b, found.cFileName);
        if (!b.cut && found.cFileName[0] != u'.')
            each(text, found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
    } while (!b.cut && FindNextFileW(find, &found));
    FindClose(find);
}

static void delete_file(const char16_t *path, bool is_directory)
{
    if (!is_directory && !u16s_iends(u16s_of(path), U16S("\\" BOXROOT_NAME)))
        DeleteFileW(path);
}

/* The files beside temp and cache say that the fence is ready there; but for the one that
 * says where that is, which is needed until all is clean. */
static void forget_fence(const char16_t *box, bool is_directory)
{
    if (is_directory && !clean.walking.dry_run)
        for_each(box, clean.root, delete_file);
}

/* The walks. */

static bool take_away(const char16_t *path, bool is_box)
{
    struct walking *w = &clean.walking;
    bool good = false;

    if (walking_is_stopped())
        return false;
    walking_remove(w, path, NULL);
    good = walking_is_good(w);
    if (w->json || !is_box || !good || w->result.changed) {
        walking_show(w);
        clean.said++;
    }
    return good;
}

/* A box, unless the walk of the target has been there. */
static bool take_box(const uint8_t *digest)
{
    struct u16buf path = U16BUF(clean.other);
    struct err err;

    name_box(digest);
    if (file_kind(clean.box) != FILE_IS_DIRECTORY)
        return true;
    if (!file_final_path(clean.box, false, &path, &err))
        return err_report(&err, u"clean"), false;
    if (!clean.all && is_in(u16buf_text(&path), u16s_of(clean.target)))
        return true;
    return take_away(clean.other, true);
}

/* Whether there is nothing any more where the root was; a drive that is not
 * plugged in keeps its entries. */
static bool is_gone(const char16_t *path)
{
    const char16_t drive[] = { path[0], path[1], u'\\', 0 };
    DWORD code = 0;

    if (GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES)
        return false;
    code = GetLastError();
    return (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) &&
           path[1] == u':' && file_kind(drive) == FILE_IS_DIRECTORY;
}

/* Notes what became of the chosen roots that lie in dir. */
static void settle(struct u16s dir, bool good)
{
    for (size_t i = 0; i < root_count(); i++)
        if (clean.chosen[i] && root_path(i, clean.root) &&
            is_in(u16s_of(clean.root), dir) && !good)
            clean.left[i] = true;
}

/* Whether a walk of another root goes through this one, too. */
static bool is_covered(size_t at)
{
    struct u16s path = u16s_of(clean.other);

    for (size_t i = 0; i < root_count(); i++)
        if (i != at && clean.chosen[i] && root_path(i, clean.root) &&
            is_in(path, u16s_of(clean.root)) && !u16s_ieq(path, u16s_of(clean.root)))
            return true;
    return false;
}

static void say_gone(const char16_t *path)
{
    clean.said++;
    if (!clean.walking.json)
        out_line(OUT_STDOUT, path,
                 u": is gone; if it was moved, `ringfence clean` it where it is now");
}

static void take_roots(void)
{
    for (size_t i = 0; i < root_count(); i++) {
        if (!clean.chosen[i] || !root_path(i, clean.other) || is_covered(i))
            continue;
        if (is_gone(clean.other))
            say_gone(clean.other);
        else
            settle(u16s_of(clean.other), take_away(clean.other, false));
    }
}

static bool is_read(const struct journal_record *r)
{
    uint8_t digest[JOURNAL_ROOT_BYTES];
    struct err ignored;

    if (!setup_user_digest(digest, &ignored))
        return false;
    for (size_t i = 0; i < JOURNAL_ROOT_BYTES; i++)
        if (r->root[i] != digest[i])
            return false;
    return true;
}

/* Whether a root that keeps its entries, or its box, lies below the directory. */
static bool leads_on(struct u16s directory)
{
    for (size_t i = 0; i < root_count(); i++)
        if (record(i)->state != JOURNAL_CLEARED && (!clean.chosen[i] || clean.left[i]) &&
            !is_read(record(i)) && root_path(i, clean.root) &&
            (is_in(u16s_of(clean.root), directory) ||
             is_in(u16s_of(clean.boxes), directory)))
            return true;
    return false;
}

static void close_way(const struct ways *ways, const char16_t *path)
{
    struct err err;

    if (ways_edit(ways, path, &err))
        return;
    err_report(&err, u"close the way to a root");
    clean.bad = true;
}

/* What leads to the roots that were cleared, and to nothing else.  The box's parents come
 * by one that is in it, there or not. */
static void close_ways(void)
{
    struct ways ways = { .needed = leads_on };
    struct u16buf box;
    uint8_t digest[SHA256_BYTES] = { 0 };
    struct sid read;
    struct err ignored;

    if (clean.walking.dry_run)
        return;
    box = U16BUF(clean.boxes);
    if (!file_final_path(clean.data, false, &box, &ignored))
        u16buf_addz(&box, clean.data);
    u16buf_addz(&box, u"\\box");
    if (setup_user_digest(digest, &ignored)) {
        read = sid_ours(digest);
        ways.sid[ways.count++] = &read;
    }
    if (clean.walking.group)
        ways.sid[ways.count++] = clean.walking.group;
    for (size_t i = 0; i < root_count(); i++)
        if (clean.chosen[i] && !clean.left[i] && root_path(i, clean.other))
            close_way(&ways, clean.other);
    if (!clean.all)
        close_way(&ways, clean.target);
    box = U16BUF(clean.other);
    u16buf_addz(&box, clean.boxes);
    u16buf_addz(&box, u"\\any");
    close_way(&ways, clean.other);
}

/* A profile may have entries of ours although no journal says so. */
static bool take_profile(void)
{
    struct u16buf path = U16BUF(clean.target);
    struct err err;

    if (!setup_user_profile(&path, &err))
        return err_report(&err, u"find the profile"), false;
    for (size_t i = 0; i < root_count(); i++)
        if (clean.chosen[i] && root_path(i, clean.root) &&
            is_in(u16buf_text(&path), u16s_of(clean.root)))
            return !clean.left[i];
    return !walking_has_ours(clean.target) || take_away(clean.target, false);
}

/* The digest that a box is named by. */
static bool read_digest(const char16_t *box, uint8_t digest[JOURNAL_ROOT_BYTES])
{
    struct u16s name = u16s_from(u16s_of(box), u16_len(clean.box)); /* "\\" too */

    if (name.len != 1 + 2 * (size_t)JOURNAL_ROOT_BYTES)
        return false;
    for (size_t i = 0; i < JOURNAL_ROOT_BYTES; i++) {
        uint64_t value = 0;

        if (!u16s_hex(u16s_head(u16s_from(name, 1 + 2 * i), 2), &value))
            return false;
        digest[i] = (uint8_t)value;
    }
    return true;
}

/* Whose box it is, when no record of the journal says so. */
static enum boxroot find_lost(const char16_t *box, bool is_directory, uint8_t *digest)
{
    const struct journal_record *known = NULL;
    struct u16buf path = U16BUF(clean.lost_root);

    if (!is_directory || !read_digest(box, digest))
        return BOXROOT_NONE;
    known = ledger_root(&clean.ledger, digest);
    return known && known->state != JOURNAL_CLEARED
               ? BOXROOT_NONE
               : boxroot_find(clean.data, digest, &path);
}

/* Before its record is forgotten, by which alone an older version's box is known: what is
 * not found now is to be asked for as long as nobody has cleaned it. */
static void note_lost(const char16_t *box, bool is_directory)
{
    uint8_t digest[JOURNAL_ROOT_BYTES];
    struct err err;

    if (find_lost(box, is_directory, digest) == BOXROOT_UNKNOWN &&
        !clean.walking.dry_run && !boxroot_note(clean.data, digest, u"", &err))
        err_report(&err, u"note a root that is not found");
}

/* True when nothing of ours is left there. */
static bool take_found(enum boxroot found)
{
    if (found == BOXROOT_ABSENT && is_gone(clean.lost_root)) {
        say_gone(clean.lost_root);
        return true;
    }
    if (take_away(clean.lost_root, false))
        return true;
    clean.bad = true;
    return false;
}

static void take_lost(const char16_t *box, bool is_directory)
{
    uint8_t digest[JOURNAL_ROOT_BYTES];
    enum boxroot found = find_lost(box, is_directory, digest);

    if (found == BOXROOT_UNKNOWN)
        clean.lost++;
    else if (found != BOXROOT_NONE && take_found(found) && !clean.walking.dry_run)
        boxroot_forget(clean.data, digest);
}

static void say_lost(void)
{
    char16_t text[24];
    struct u16buf b = U16BUF(text);

    if (!clean.lost)
        return;
    clean.bad = true;
    walking_add_count(&b, clean.lost);
    out_line(OUT_STDERR,
             u"ringfence: roots that have a box but no record in the journal, and were "
             u"not looked for: ",
             text);
    out_line(OUT_STDERR,
             u"  fix: ringfence clean PATH, for each; where one is gone, delete its box "
             u"in ",
             clean.data, u"\\box");
}

/* The guards on our own directories. */
static void take_guards(void)
{
    struct err err = { 0 };

    if (file_kind(clean.data) != FILE_IS_DIRECTORY ||
        grantstate_unguard(clean.data, clean.walking.dry_run, &err))
        return;
    err_report(&err, u"clean");
    clean.bad = true;
}

static void take_all(void)
{
    name_box(NULL);
    for_each(clean.box, clean.other, note_lost);
    for_each(clean.box, clean.other, forget_fence);
    take_roots();
    name_box(NULL);
    for_each(clean.box, clean.other, take_lost);
    close_ways();
    if (!take_profile())
        clean.bad = true;
    else if (!clean.walking.dry_run)
        setup_user_forget(clean.data);
    if (!take_box(NULL))
        for (size_t i = 0; i < root_count(); i++)
            clean.left[i] = clean.chosen[i];
    take_guards();
    say_lost();
}

/* A part of a root is clean now, and its own directory does not show it. */
static void say_above(void)
{
    for (size_t i = 0; i < root_count(); i++) {
        if (record(i)->state > JOURNAL_DONE || clean.chosen[i] || clean.walking.json ||
            !root_path(i, clean.root) ||
            !is_in(u16s_of(clean.target), u16s_of(clean.root)))
            continue;
        if (is_read(record(i)))
            out_line(OUT_STDOUT, u"the strict fence cannot read it now, and can again "
                                 u"after `ringfence setup --user`");
        else
            out_line(OUT_STDOUT, u"it lies in a granted root: `ringfence grant \"",
                     clean.root, u"\"` puts its entries back");
    }
}

static bool take_boxes(const uint8_t *digest)
{
    bool good = true, own = true;

    for (size_t i = 0; i < root_count(); i++) {
        if (!clean.chosen[i])
            continue;
        own = own && ledger_root(&clean.ledger, digest) != record(i);
        if (!take_box(record(i)->root))
            clean.left[i] = true;
    }
    if (own) { /* a box that no journal names */
        name_box(digest);
        forget_fence(clean.box, true);
        good = take_box(digest);
        if (good && !clean.walking.bad && !clean.walking.dry_run)
            boxroot_forget(clean.data, digest);
    }
    return good;
}

/* One path, and what the journal has in it. */
static bool take_target(struct err *err)
{
    struct u16buf path = U16BUF(clean.other);
    struct err ignored;
    uint8_t digest[SHA256_BYTES] = { 0 };

    if (file_kind(clean.target) == FILE_IS_DIRECTORY &&
        !context_hash_path(clean.target, digest, err))
        return false;
    if (clean.gone)
        say_gone(clean.target);
    else
        settle(u16s_of(clean.target), take_away(clean.target, false));
    close_ways();
    say_above();
    if (!take_boxes(digest))
        clean.bad = true;
    if (!clean.walking.dry_run && !clean.walking.bad &&
        setup_user_profile(&path, &ignored) &&
        is_in(u16buf_text(&path), u16s_of(clean.target)))
        setup_user_forget(clean.data);
    return true;
}

/* The command. */

/* A journal that cannot be read ends --all, which goes by it; a path is cleaned
 * without.
 */
static bool read_journal(struct err *err)
{
    char16_t text[24];
    struct u16buf b = U16BUF(text);

    if (!ledger_read(clean.data, &clean.ledger, err)) {
        if (clean.all)
            return err_hint(err, "ringfence clean PATH looks without the journal");
        err_report(err, u"use the journal (looking without it)");
        *err = (struct err){ 0 };
        return true;
    }
    clean.has_journal = true;
    if (!clean.ledger.journal.damaged)
        return true;
    walking_add_count(&b, clean.ledger.journal.damaged);
    out_line(OUT_STDERR, u"ringfence: the journal is damaged in ", text,
             u" places, and roots may be missing from it: `ringfence clean PATH` "
             u"looks "
             u"without it");
    clean.bad = clean.all;
    return true;
}

/* Whether the journal knows of a root at or in the path. */
static bool is_known(struct u16s path)
{
    for (size_t i = 0; i < root_count(); i++)
        if (root_path(i, clean.root) && is_in(u16s_of(clean.root), path))
            return true;
    return false;
}

/* Where it really is; or, if it is no more, where it was. */
static bool find_target(struct err *err)
{
    struct u16buf full = U16BUF(clean.other), real = U16BUF(clean.root);
    struct u16buf target = { clean.target, 0, WIN_PATH_CAP, false };

    if (clean.all)
        return true;
    if (!file_full_path(clean.target, &full, err))
        return false;
    clean.gone = is_gone(clean.other);
    if (clean.gone && !is_known(u16buf_text(&full)))
        return err_set(err, ERR_WIN32, ERROR_FILE_NOT_FOUND, "GetFileAttributesW",
                       clean.other);
    if (!clean.gone && !file_final_path(clean.target, false, &real, err))
        return false;
    u16buf_add(&target, clean.gone ? u16buf_text(&full) : u16buf_text(&real));
    return true;
}

static void begin_roots(void)
{
    for (size_t i = 0; i < root_count(); i++) {
        clean.chosen[i] =
            record(i)->state != JOURNAL_CLEARED && root_path(i, clean.root) &&
            (clean.all || is_in(u16s_of(clean.root), u16s_of(clean.target)));
        if (!clean.chosen[i])
            continue;
        note(i, JOURNAL_CLEARING);
        name_box(record(i)->root);
        forget_fence(clean.box, true);
    }
}

static void forget_root(size_t i)
{
    note(i, JOURNAL_CLEARED);
    if (!clean.walking.dry_run)
        boxroot_forget(clean.data, record(i)->root);
}

static void end_roots(void)
{
    for (size_t i = 0; i < root_count(); i++) {
        if (clean.chosen[i] && clean.left[i])
            clean.bad = true;
        else if (clean.chosen[i])
            forget_root(i);
    }
}

/* A journal that is damaged stays so until all that it names is clean: that is the only
 * sign that something may be missing from it. */
static void tidy(void)
{
    bool left = clean.walking.bad;
    struct err err;

    for (size_t i = 0; i < root_count(); i++)
        left = left || clean.left[i];
    statefile_sweep(clean.data);
    if (clean.has_journal && (clean.all ? !left : !clean.ledger.journal.damaged) &&
        !ledger_compact(clean.data, &err))
        err_report(&err, u"rewrite the journal, which serves as it is");
    if (clean.all && !left && !clean.bad)
        sandbox_forget_group(clean.data);
}

static bool run(struct err *err)
{
    bool good = true;

    if (!walking_begin(&clean.walking, err) || !read_journal(err) || !find_target(err))
        return false;
    clean.walking.group = sandbox_group_to_take(clean.data);
    begin_roots();
    if (clean.all)
        take_all();
    else
        good = take_target(err);
    end_roots();
    if (!clean.walking.dry_run)
        tidy();
    if (good && clean.all && clean.said + clean.lost == 0 && !clean.walking.json)
        out_line(OUT_STDOUT, u"nothing to clean: the journal names no root");
    return good && !clean.bad;
}

/* Without a path it is the workspace of this directory that is meant. */
static bool name_target(struct u16s word, struct err *err)
{
    struct u16buf target = U16BUF(clean.target), data = U16BUF(clean.data);
    const struct context_wish wish = { .look_only = true };

    if (clean.all || word.len) {
        u16buf_add(&target, word);
        return paths_data(&data, err);
    }
    if (!context_begin(&clean.context, err) ||
        !context_complete(&clean.context, &wish, err))
        return false;
    u16buf_add(&target, u16buf_text(&clean.context.root));
    u16buf_add(&data, u16buf_text(&clean.context.data));
    return true;
}

/* clean [PATH | --all] [--dry-run] [--json], in any order. */
static bool read_words(struct cli *cli, struct u16buf *path)
{
    for (;;) {
        switch (cli_options(cli, options, sizeof options / sizeof options[0], NULL)) {
        case CLI_BAD:
            return false;
        case CLI_END:
            if (clean.all && path->len)
                return cli_complain("clean --all takes no path, not", u16buf_text(path)),
                       false;
            return true;
        case CLI_WORD:
            if (path->len || !cli->word.len)
                return cli_complain(path->len ? "clean takes one path, not also"
                                              : "clean which path?",
                                    u16buf_text(&cli->word)),
                       false;
            u16buf_add(path, u16buf_text(&cli->word));
            break;
        }
    }
}

uint32_t cmd_clean(struct cli *cli)
{
    struct u16buf word = U16BUF(clean.root);
    struct err err = { 0 };
    uint32_t code = EXIT_RINGFENCE;
    bool good = false;

    if (!read_words(cli, &word))
        return EXIT_RINGFENCE;
    if (token_is_inside())
        return cli_complain("clean is not for the inside of a fence", (struct u16s){ 0 });
    clean.walking.data_dir = clean.data;
    clean.walking.verb = "clean";
    clean.walking.removes = true;
    if (!name_target(u16buf_text(&word), &err)) {
        report_context_failure(&clean.context, &err);
        return EXIT_RINGFENCE;
    }
    good = run(&err);
    code = walking_end(&clean.walking, good);
    if (!good && err.domain != ERR_NONE)
        err_report(&err, u"clean");
    return code;
}
