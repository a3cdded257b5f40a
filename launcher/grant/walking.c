#include "grant/walking.h"

#include "core/exitcode.h"
#include "win/errtext.h"
#include "win/file.h"
#include "win/out.h"
#include "win/security.h"
#include "win/statefile.h"

#define POLL_MS     100u
#define NAME        u"\\" WALKING_LOCK
#define WANTED      u"walk.wanted-" /* and a process id, as long as that one waits */
#define COMMAND_CAP 32u

#define STATUS_ACCESS_DENIED_ 0xC0000022u /* ntstatus.h */

/* One command a process: its room, and what Ctrl-C and others who wait have to
 * say. */
static struct {
    volatile LONG stopped; /* by Ctrl-C */
    volatile LONG cancel;  /* by that, or to give way */
    char16_t path[WIN_PATH_CAP + 64];
    char16_t json[6 * (WIN_PATH_CAP + 64)]; /* any path with every unit escaped */
    struct u16buf out;
} room;

static BOOL WINAPI on_control(DWORD type)
{
    room.stopped = 1;
    room.cancel = 1;
    if (type != CTRL_C_EVENT && type != CTRL_BREAK_EVENT)
        Sleep(INFINITE); /* returning would end us in the middle of a write */
    return TRUE;
}

bool walking_is_stopped(void)
{
    return room.stopped != 0;
}

/* Whether some command waits until we end: one whose file cannot be deleted, because it
 * is open.  A crash leaves files that can. */
static bool is_wanted(const struct walking *w)
{
    static char16_t text[STATEFILE_PATH_CAP];
    struct u16buf path = U16BUF(text);
    WIN32_FIND_DATAW found;
    HANDLE find = NULL;
    size_t len = 0;
    bool wanted = false;

    u16buf_addz(&path, w->data_dir);
    u16buf_addc(&path, u'\\');
    len = path.len;
    u16buf_addz(&path, WANTED u"*");
    find = path.cut ? INVALID_HANDLE_VALUE : FindFirstFileW(text, &found);
    if (find == INVALID_HANDLE_VALUE)
        return false;
    do {
        path.len = len;
        u16buf_addz(&path, found.cFileName);
        wanted =
            !path.cut && !DeleteFileW(text) && GetLastError() != ERROR_FILE_NOT_FOUND;
    } while (!wanted && !path.cut && FindNextFileW(find, &found));
    FindClose(find);
    return wanted;
}

/* Makes the file that says so; it goes with its handle, so with its process. */
static HANDLE want(const struct walking *w)
{
    struct u16buf path = U16BUF(room.path);
    HANDLE file = NULL;

    u16buf_addz(&path, w->data_dir);
    u16buf_addz(&path, u"\\" WANTED);
    u16buf_add_dec(&path, GetCurrentProcessId());
    file = CreateFileW(room.path, DELETE, 0, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    return file == INVALID_HANDLE_VALUE ? NULL : file;
}

static bool take_lock(struct walking *w, struct err *err)
{
    auto_handle HANDLE wanted = w->background ? NULL : want(w);
    struct u16buf path = U16BUF(room.path);
    bool told = w->background;
    DWORD start = GetTickCount();

    u16buf_addz(&path, w->data_dir);
    u16buf_addz(&path, NAME);
    while (w->background && is_wanted(w) && !room.stopped)
        Sleep(POLL_MS);
    while (!room.stopped) {
        if (statefile_lock(room.path, &w->lock, err))
            return true;
        if (err->domain != ERR_WIN32 || err->code != ERROR_SHARING_VIOLATION)
            return false;
        if (w->patience_ms && GetTickCount() - start >= w->patience_ms)
            return err_hint(err, "a grant, clean or setup --user holds it, or a program "
                                 "of an earlier run: end that");
        if (!told)
            out_line(OUT_STDERR, u"ringfence: waiting for another grant, clean or setup "
                                 u"--user to end; Ctrl-C stops");
        told = true;
    }
    return err_rule(err, "stopped by Ctrl-C, before anything was changed", NULL);
}

bool walking_begin(struct walking *w, struct err *err)
{
    struct u16buf path = U16BUF(room.path);

    SetConsoleCtrlHandler(on_control, TRUE);
    if (w->dry_run)
        return true;
    u16buf_addz(&path, w->data_dir);
    return file_make_dirs(room.path, err) && take_lock(w, err);
}

/* Counts and times. */

void walking_add_count(struct u16buf *b, uint64_t count)
{
    char16_t text[24];
    struct u16buf digits = U16BUF(text);

    u16buf_add_dec(&digits, count);
    for (size_t i = 0; i < digits.len; i++) {
        if (i && (digits.len - i) % 3 == 0)
            u16buf_addc(b, u',');
        u16buf_addc(b, text[i]);
    }
}

static void add_seconds(struct u16buf *b, uint64_t ms)
{
    if (ms >= 120000) {
        u16buf_add_dec(b, ms / 60000);
        u16buf_addz(b, u" min");
        return;
    }
    u16buf_add_dec(b, ms / 1000);
    if (ms < 10000) {
        u16buf_addc(b, u'.');
        u16buf_add_dec(b, ms % 1000 / 100);
    }
    u16buf_addz(b, u" s");
}

/* The progress line, which is written over and over. */

static bool has_terminal(void)
{
    DWORD mode = 0;

    return GetConsoleMode(GetStdHandle(OUT_STDERR), &mode) != 0;
}

static void draw(struct walking *w, struct u16s line)
{
    char16_t text[160];
    struct u16buf b = U16BUF(text);

    u16buf_addc(&b, u'\r');
    u16buf_add(&b, line);
    while (b.len <= w->line_units)
        u16buf_addc(&b, u' ');
    u16buf_addc(&b, u'\r');
    out_text(OUT_STDERR, u16buf_text(&b));
    w->line_units = line.len;
}

static void draw_progress(struct walking *w)
{
    const struct treewalk_progress *p = &w->at;
    char16_t text[120];
    struct u16buf b = U16BUF(text);

    walking_add_count(&b, p->entries);
    if (w->expect > p->entries) {
        u16buf_addz(&b, u" of about ");
        walking_add_count(&b, w->expect);
    }
    u16buf_addz(&b, u" files and directories, ");
    walking_add_count(&b, p->per_second);
    u16buf_addz(&b, u"/s");
    if (w->expect > p->entries && p->per_second) {
        u16buf_addz(&b, u", ");
        add_seconds(&b, (w->expect - p->entries) * 1000 / p->per_second);
        u16buf_addz(&b, u" left");
    }
    draw(w, u16buf_text(&b));
}

static void on_progress(void *ctx, const struct treewalk_progress *progress)
{
    struct walking *w = ctx;

    w->at = *progress;
    if (w->background && is_wanted(w))
        room.cancel = 1;
    if (!w->background && has_terminal())
        draw_progress(w);
    if (w->tick)
        w->tick(w);
}

/* The walks. */

static struct grant_request request(struct walking *w, const char16_t *path,
                                    const struct grant_request *how)
{
    struct grant_request r = *how;

    r.path = path;
    r.group = w->group;
    r.dry_run = w->dry_run;
    r.background = w->background;
    r.cancel = &room.cancel;
    r.progress = w->background || w->tick || has_terminal() ? on_progress : NULL;
    r.ctx = w;
    return r;
}

/* One walk; removing what *sid says, unless how says what to add. */
static void walk_once(struct walking *w, const char16_t *path,
                      const struct grant_request *how, const struct sid *sid)
{
    const struct grant_request nothing = { .read = w->reads };
    struct grant_request r = request(w, path, how ? how : &nothing);
    DWORD start = GetTickCount();

    w->path = path;
    w->result = (struct grant_result){ .entries = 0 };
    w->outcome = how ? grant_apply(&r, &w->result, &w->err)
                     : grant_undo(path, sid, &r, &w->result, &w->err);
    w->ms = GetTickCount() - start;
    if (w->line_units)
        draw(w, U16S(""));
}

/* Lets the one who waits have his turn, and says whether to go on. */
static bool gave_way(struct walking *w)
{
    if (w->outcome != GRANT_STOPPED || room.stopped)
        return false;
    CloseHandle(handle_take(&w->lock));
    room.cancel = 0;
    return take_lock(w, &w->err);
}

static void walk(struct walking *w, const char16_t *path, const struct grant_request *how,
                 const struct sid *sid)
{
    do
        walk_once(w, path, how, sid);
    while (gave_way(w));
    w->expect = 0;
    if (!walking_is_good(w))
        w->bad = true;
}

void walking_add(struct walking *w, const char16_t *path, const struct grant_request *how)
{
    walk(w, path, how, NULL);
}

void walking_remove(struct walking *w, const char16_t *path, const struct sid *sid)
{
    walk(w, path, NULL, sid);
}

bool walking_is_good(const struct walking *w)
{
    return (w->outcome == GRANT_DONE && w->result.failed == 0) ||
           (w->outcome == GRANT_NO_ACLS && w->removes); /* nothing of ours can be there */
}

bool walking_has_ours(const char16_t *path)
{
    static struct security security;
    struct ace ace = { 0 };
    struct err ignored;

    switch (security_read(path, &security, &ignored)) {
    case SECURITY_ABSENT:
        return false;
    case SECURITY_FAILED:
        return true;
    case SECURITY_READ:
        break;
    }
    while (acl_next(&security.sd.dacl, &ace))
        if (ace.plain && sid_is_ours(&ace.sid))
            return true;
    return false;
}

/* What came of it, in words. */

/* A directory above or beside the root: all that is in that is none of our business. */
static bool is_elsewhere(const struct err *e)
{
    struct u16s object = u16s_of(e->object);

    return object.len > 1 && (object.at[1] == u':' || object.at[0] == u'\\');
}

/* The whole path of a failure. */
static const char16_t *failure_path(const struct walking *w, const struct err *e)
{
    struct u16buf b = U16BUF(room.path);
    struct u16s object = u16s_of(e->object);

    if (!is_elsewhere(e)) {
        u16buf_addz(&b, w->path);
        if (object.len && b.len && room.path[b.len - 1] != u'\\')
            u16buf_addc(&b, u'\\');
    }
    u16buf_add(&b, object);
    return room.path;
}

static void add_cause(struct u16buf *b, const struct err *e)
{
    u16buf_add_ascii(b, e->call);
    if (e->domain == ERR_RULE)
        return;
    u16buf_addz(b, u": ");
    errtext_add(b, e->domain, e->code);
}

static bool is_denied(const struct err *e)
{
    return (e->domain == ERR_WIN32 && e->code == ERROR_ACCESS_DENIED) ||
           (e->domain == ERR_NTSTATUS && e->code == STATUS_ACCESS_DENIED_);
}

static const char16_t *command(const struct walking *w)
{
    static char16_t text[COMMAND_CAP];
    struct u16buf b = U16BUF(text);

    u16buf_add_ascii(&b, w->verb);
    return text;
}

static void say_remedy(const struct walking *w, const struct err *e)
{
    char16_t text[200];
    struct u16buf b = U16BUF(text);

    if (is_elsewhere(e)) {
        if (w->removes)
            out_line(OUT_STDERR, u"  fix: as an administrator: ringfence ", command(w),
                     u" \"", w->path, u"\"");
        return;
    }
    if (!w->removes) {
        u16buf_addz(&b, u"   (or leave it: ");
        walking_add_count(&b, w->result.failed);
        u16buf_addz(&b, u" of ");
        walking_add_count(&b, w->result.entries);
        u16buf_addz(&b, u" paths are not as the fence wants them)");
    }
    out_line(OUT_STDERR, u"  fix: as an administrator: takeown /f \"", failure_path(w, e),
             u"\" /r", text);
}

static void say_failures(const struct walking *w)
{
    const struct err *denied = NULL;
    char16_t text[600];

    for (size_t i = 0; i < w->result.kept_count; i++) {
        const struct err *e = &w->result.kept[i];
        struct u16buf b = U16BUF(text);

        add_cause(&b, e);
        out_line(OUT_STDERR, u"ringfence: cannot ", command(w), u" ", failure_path(w, e),
                 u": ", text);
        if (is_denied(e) && (!denied || is_elsewhere(denied)))
            denied = e;
    }
    if (w->result.failed > w->result.kept_count) {
        struct u16buf b = U16BUF(text);

        walking_add_count(&b, w->result.failed - w->result.kept_count);
        out_line(OUT_STDERR, u"ringfence: and ", text, u" more");
    }
    if (denied)
        say_remedy(w, denied);
    if (w->result.parent_open)
        out_line(OUT_STDERR, u"ringfence: under the standard fence ", w->path,
                 u" itself can be deleted or renamed: you may do so to what is in the "
                 u"directory above it, and may not change that one's list");
}

/* "12 changed, 3 left (own ACL), 41 s" */
static void add_counts(const struct walking *w, struct u16buf *b)
{
    const struct grant_result *r = &w->result;
    const struct {
        uint64_t count;
        const char16_t *what;
    } parts[] = {
        { r->hard_linked, u" read-only (hard links)" },
        { r->cut_off, u" left (own ACL)" },
        { r->labelled, u" with a higher label of their own" },
        { r->protected_found, w->reads ? u" credential stores closed" : u" protected" },
        { r->failed, u" failed" },
    };

    walking_add_count(b, r->entries);
    u16buf_addz(b, u" files and directories: ");
    walking_add_count(b, r->changed);
    u16buf_addz(b, w->dry_run ? u" would change" : u" changed");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!parts[i].count)
            continue;
        u16buf_addz(b, u", ");
        walking_add_count(b, parts[i].count);
        u16buf_addz(b, parts[i].what);
    }
    u16buf_addz(b, u", ");
    add_seconds(b, w->ms);
}

bool walking_error(const struct walking *w, struct err *err)
{
    switch (w->outcome) {
    case GRANT_DONE:
        break;
    case GRANT_STOPPED:
        return err_rule(err, "stopped by Ctrl-C, and the next run continues", w->path);
    case GRANT_NO_ACLS:
        return w->removes ||
               err_rule(err,
                        "the volume keeps no ACLs, so no fence confines writes there",
                        w->path);
    case GRANT_NOT_KEPT:
        return err_rule(err,
                        "files here do not keep the lists they are given, so nothing is "
                        "confined by them",
                        w->path);
    case GRANT_FAILED:
        *err = w->err;
        return false;
    }
    return true;
}

static void show_text(const struct walking *w)
{
    char16_t text[400];
    struct u16buf b = U16BUF(text);
    struct err err;

    if (!walking_error(w, &err)) {
        err_report(&err, command(w));
    } else if (w->outcome == GRANT_NO_ACLS) {
        u16buf_addz(&b, u"its volume keeps no ACLs, so none of ours");
    } else {
        add_counts(w, &b);
    }
    if (b.len && !w->quiet)
        out_line(OUT_STDOUT, w->path, u": ", text);
    say_failures(w);
}

/* And as JSON. */

static void flush(struct walking *w)
{
    out_text(OUT_STDOUT, u16buf_text(w->text.out));
    *w->text.out = U16BUF(room.json);
}

static void json_begin(struct walking *w)
{
    if (w->text.depth)
        return;
    room.out = U16BUF(room.json);
    json_init(&w->text, &room.out);
    json_open(&w->text, NULL, u'{');
    json_number(&w->text, "schema", 1);
    json_ascii(&w->text, "command", w->verb);
    json_bool(&w->text, "dry_run", w->dry_run);
    json_open(&w->text, "trees", u'[');
}

static void json_failure(struct walking *w, const struct err *e, const char16_t *path)
{
    static const char *const domains[] = { [ERR_NONE] = "none",
                                           [ERR_WIN32] = "win32",
                                           [ERR_NTSTATUS] = "ntstatus",
                                           [ERR_RULE] = "rule" };
    char16_t text[600];
    struct u16buf b = U16BUF(text);

    add_cause(&b, e);
    json_open(&w->text, NULL, u'{');
    json_text(&w->text, "path", u16s_of(path));
    json_ascii(&w->text, "call", e->call);
    json_ascii(&w->text, "domain", domains[e->domain]);
    json_number(&w->text, "code", e->code);
    json_text(&w->text, "text", u16buf_text(&b));
    json_close(&w->text, u'}');
    flush(w);
}

static void json_counts(struct walking *w)
{
    const struct grant_result *r = &w->result;

    json_number(&w->text, "entries", r->entries);
    json_number(&w->text, "changed", r->changed);
    json_number(&w->text, "same", r->same);
    json_number(&w->text, "cut_off", r->cut_off);
    json_number(&w->text, "hard_linked", r->hard_linked);
    json_number(&w->text, "labelled", r->labelled);
    json_number(&w->text, "protected", r->protected_found);
    json_number(&w->text, "links", r->links);
    json_number(&w->text, "vanished", r->vanished);
    json_number(&w->text, "failed", r->failed);
    json_number(&w->text, "null_dacl", r->null_dacl);
    json_number(&w->text, "too_big", r->too_big);
    json_number(&w->text, "not_kept", r->not_kept);
    json_bool(&w->text, "parent_open", r->parent_open);
    json_number(&w->text, "elapsed_ms", w->ms);
}

static void show_json(struct walking *w)
{
    static const char *const outcomes[] = { [GRANT_DONE] = "done",
                                            [GRANT_STOPPED] = "stopped",
                                            [GRANT_NO_ACLS] = "no_acls",
                                            [GRANT_NOT_KEPT] = "not_kept",
                                            [GRANT_FAILED] = "failed" };

    json_begin(w);
    json_open(&w->text, NULL, u'{');
    json_text(&w->text, "path", u16s_of(w->path));
    flush(w);
    json_ascii(&w->text, "outcome", outcomes[w->outcome]);
    json_counts(w);
    json_open(&w->text, "failures", u'[');
    if (w->outcome == GRANT_FAILED)
        json_failure(w, &w->err, w->path);
    for (size_t i = 0; i < w->result.kept_count; i++)
        json_failure(w, &w->result.kept[i], failure_path(w, &w->result.kept[i]));
    json_close(&w->text, u']');
    json_close(&w->text, u'}');
    flush(w);
}

void walking_show(struct walking *w)
{
    if (w->json)
        show_json(w);
    else
        show_text(w);
}

uint32_t walking_end(struct walking *w, bool good)
{
    good = good && !w->bad;
    if (w->json && (good || w->text.depth)) {
        json_begin(w);
        json_close(&w->text, u']');
        json_bool(&w->text, "complete", good);
        json_close(&w->text, u'}');
        u16buf_addc(w->text.out, u'\n');
        flush(w);
    }
    if (w->lock)
        CloseHandle(handle_take(&w->lock));
    return good ? EXIT_OK : EXIT_RINGFENCE;
}
