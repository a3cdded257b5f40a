#include "core/policy.h"

/* A path taken apart, so that \\?\C:\x, C:/x and c:\x\ are one and the same. */
enum path_kind {
    PATH_NONE,   /* not absolute */
    PATH_DRIVE,  /* rest is X:\... */
    PATH_SHARE,  /* rest is server\share\... */
    PATH_DEVICE, /* rest is what follows \\?\, a volume's name mostly */
};

struct path {
    enum path_kind kind;
    struct u16s rest;
};

static bool is_separator(char16_t c)
{
    return c == u'\\' || c == u'/';
}

static bool has_drive(struct u16s s)
{
    return s.len >= 3 && u16_upper(s.at[0]) >= u'A' && u16_upper(s.at[0]) <= u'Z' &&
           s.at[1] == u':' && is_separator(s.at[2]);
}

static struct path path_of(struct u16s s)
{
    if (has_drive(s))
        return (struct path){ PATH_DRIVE, s };
    if (s.len < 2 || !is_separator(s.at[0]) || !is_separator(s.at[1]))
        return (struct path){ PATH_NONE, s };
    if (s.len < 4 || s.at[2] != u'?' || !is_separator(s.at[3]))
        return (struct path){ PATH_SHARE, u16s_from(s, 2) };
    s = u16s_from(s, 4);
    if (has_drive(s))
        return (struct path){ PATH_DRIVE, s };
    if (u16s_istarts(s, U16S("UNC")) && s.len > 3 && is_separator(s.at[3]))
        return (struct path){ PATH_SHARE, u16s_from(s, 4) };
    return (struct path){ PATH_DEVICE, s };
}

/* Takes the next component off *rest, the separators before it too; empty at the end. */
static struct u16s take_part(struct u16s *rest)
{
    struct u16s part;
    size_t n = 0;

    while (rest->len && is_separator(rest->at[0]))
        *rest = u16s_from(*rest, 1);
    while (n < rest->len && !is_separator(rest->at[n]))
        n++;
    part = u16s_head(*rest, n);
    *rest = u16s_from(*rest, n);
    return part;
}

static bool has_any(struct u16s s, struct u16s units)
{
    for (size_t i = 0; i < units.len; i++)
        if (u16s_find(s, units.at[i], 0) < s.len)
            return true;
    return false;
}

/* Win32 strips a last dot or blank, and resolves dots, before it compares: a section with
 * such a path would silently never apply, and so would one with wildcards. */
static const char *part_fault(struct u16s part, bool drive)
{
    if (part.at[part.len - 1] == u'.' || part.at[part.len - 1] == u' ')
        return "a part of a path is . or .. or ends in a dot or a blank";
    if (!drive && has_any(part, U16S("<>:\"|?*")))
        return "a path has one of < > : \" | ? *";
    return NULL;
}

/* The rule that a path in the file breaks, or NULL. */
static const char *path_fault(struct path path)
{
    struct u16s part;
    size_t parts = 0;

    while ((part = take_part(&path.rest)).len) {
        const char *rule = part_fault(part, path.kind == PATH_DRIVE && parts == 0);

        if (rule && path.kind != PATH_NONE)
            return rule;
        parts++;
    }
    if (path.kind == PATH_SHARE && parts < 2)
        return "a network path needs a server and a share";
    if (path.kind == PATH_NONE || parts == 0)
        return "a path is not absolute (C:\\dir or \\\\server\\share\\dir)";
    return NULL;
}

/* Whether dir is a path that sections can be compared with: anything else (a relative
 * one, one with dots) would just match none of them. */
static bool is_comparable(struct path dir)
{
    struct u16s part;

    while ((part = take_part(&dir.rest)).len)
        if (u16s_is(part, ".") || u16s_is(part, ".."))
            return false;
    return dir.kind != PATH_NONE;
}

/* How many components of dir the path covers: all of its own, or 0 if it is neither dir
 * nor a parent of it. */
static size_t path_covers(struct path path, struct path dir)
{
    struct u16s part;
    size_t parts = 0;

    if (path.kind != dir.kind)
        return 0;
    while ((part = take_part(&path.rest)).len) {
        if (!u16s_ieq(part, take_part(&dir.rest)))
            return 0;
        parts++;
    }
    return parts;
}

/* FNV-1a over kind and upper-cased components.  Two sections with one hash are a fault,
 * so a collision refuses a file and never lets one pass. */
static uint64_t path_hash(struct path path)
{
    uint64_t hash = 0xCBF29CE484222325u ^ (uint64_t)path.kind;
    struct u16s part;

    while ((part = take_part(&path.rest)).len) {
        for (size_t i = 0; i < part.len; i++)
            hash = (hash ^ u16_upper(part.at[i])) * 0x100000001B3u;
        hash = (hash ^ u'\\') * 0x100000001B3u;
    }
    return hash;
}

static bool fault(struct err *err, const char *rule, struct u16s object)
{
    char16_t text[ERR_OBJECT_CAP + 1]; /* one more, so that err_set sees what it cuts */
    size_t n = 0;

    for (; n < object.len && n < ERR_OBJECT_CAP; n++)
        text[n] = object.at[n];
    text[n] = 0;
    return err_rule(err, rule, text);
}

/* The file, a line at a time. */
struct reader {
    const char *text;
    size_t bytes;
    size_t at;
    size_t line; /* 1-based; the line in unit */
    char16_t unit[POLICY_LINE_CAP];
};

static bool read_line(struct reader *r, struct u16s *line, struct err *err)
{
    struct u16buf b = u16buf_init(r->unit, POLICY_LINE_CAP);
    size_t start = r->at, end = start;

    while (end < r->bytes && r->text[end] != '\n')
        end++;
    r->at = end < r->bytes ? end + 1 : end;
    r->line++;
    if (end > start && r->text[end - 1] == '\r')
        end--;
    if (!u16buf_add_utf8(&b, r->text + start, end - start, NULL)) {
        err_rule(err, "the policy file is not UTF-8", NULL);
        return err_hint(err, "save the file as UTF-8");
    }
    if (b.cut)
        return fault(err, "a line is too long", u16buf_text(&b));
    *line = u16buf_text(&b);
    for (size_t i = 0; i < line->len; i++)
        if (line->at[i] < u' ' && line->at[i] != u'\t')
            return err_rule(err, "a line has a NUL or another control character", NULL);
    return true;
}

enum statement_kind {
    STATEMENT_END,
    STATEMENT_SECTION, /* name: what is between the brackets */
    STATEMENT_SETTING  /* name and value */
};

struct statement {
    enum statement_kind kind;
    struct u16s name;
    struct u16s value;
};

/* A comment behind a path would silently become part of it: a `;` beside a blank, or a
 * `#` between two, is taken for one.  Names of directories seldom have either. */
static bool has_comment(struct u16s s)
{
    for (size_t i = 1; i < s.len; i++) {
        bool before = s.at[i - 1] == u' ' || s.at[i - 1] == u'\t';
        bool after = i + 1 == s.len || s.at[i + 1] == u' ' || s.at[i + 1] == u'\t';

        if ((s.at[i] == u';' && (before || after)) ||
            (s.at[i] == u'#' && before && after))
            return true;
    }
    return false;
}

static bool parse_line(struct u16s line, struct statement *st, struct err *err)
{
    size_t equals = u16s_find(line, u'=', 0);

    if (has_comment(line))
        return fault(err, "a comment needs a line of its own", line);
    if (line.at[0] == u'[') {
        if (line.at[line.len - 1] != u']')
            return fault(err, "a [section] has no ] at its end", line);
        st->kind = STATEMENT_SECTION;
        st->name = u16s_trim(u16s_head(u16s_from(line, 1), line.len - 2));
        return true;
    }
    if (equals == line.len)
        return fault(err, "a line is neither [section] nor KEY = VALUE nor comment",
                     line);
    st->kind = STATEMENT_SETTING;
    st->name = u16s_trim(u16s_head(line, equals));
    st->value = u16s_trim(u16s_from(line, equals + 1));
    if (st->value.len == 0)
        return fault(err, "a key has no value", line);
    return true;
}

/* The next statement; blank lines and comments are read over, but checked too. */
static bool read_statement(struct reader *r, struct statement *st, struct err *err)
{
    struct u16s line = { NULL, 0 };

    while (r->at < r->bytes) {
        if (!read_line(r, &line, err))
            return false;
        line = u16s_trim(line);
        if (line.len && line.at[0] != u';' && line.at[0] != u'#')
            return parse_line(line, st, err);
    }
    st->kind = STATEMENT_END;
    return true;
}

static bool is_default(struct u16s section)
{
    return u16s_is(section, "default");
}

/* A policy being filled.  keep grows from the start of its text, paths from the end:
 * so keep stays one piece whatever the order of the lines. */
struct build {
    struct policy *policy;
    size_t back;   /* first unit in use at the end */
    unsigned seen; /* keys met in this section, by their row */
};

static struct build build_start(struct policy *policy)
{
    policy_init(policy);
    return (struct build){ policy, POLICY_TEXT_CAP, 0 };
}

#define RULE_TOO_LONG "the policy's lists and paths are too long together"

/* Copies a path with backslashes only, none doubled and none at the end but a drive's. */
static bool put_path(struct build *b, struct u16s path, struct u16s *out)
{
    char16_t *to = NULL;
    size_t n = 0;

    if (path.len > b->back - b->policy->keep.len)
        return false;
    b->back -= path.len;
    to = b->policy->text + b->back;
    for (size_t i = 0; i < path.len; i++) {
        if (!is_separator(path.at[i]))
            to[n++] = path.at[i];
        else if (n < 2 || to[n - 1] != u'\\')
            to[n++] = u'\\';
    }
    if (n > 1 && to[n - 1] == u'\\' && to[n - 2] != u':')
        n--;
    *out = (struct u16s){ to, n };
    return true;
}

/* The setters return the rule that the value breaks, or NULL. */
static const char *set_level(struct build *b, struct u16s value)
{
    if (level_parse_want(value, &b->policy->want))
        return NULL;
    return "level is none of auto, advisory, confined, enforced";
}

static const char *set_require(struct build *b, struct u16s value)
{
    if (level_parse(value, &b->policy->require))
        return NULL;
    return "require is none of advisory, confined, enforced";
}

/* Where a word of two or three comes from: its place in the list, or -1. */
static int choose(struct u16s value, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (u16s_is(value, words[i]))
            return i;
    return -1;
}

static const char *set_fence(struct build *b, struct u16s value)
{
    static const char *const words[] = { "auto", "standard", "strict", NULL };
    int at = choose(value, words);

    if (at < 0)
        return "fence is none of auto, standard, strict";
    b->policy->fence = (enum policy_fence)at;
    return NULL;
}

/* A key of two words, of which the second is the one that changes something. */
static bool set_switch(bool *to, struct u16s value, const char *off, const char *on)
{
    const char *const words[] = { off, on, NULL };
    int at = choose(value, words);

    *to = at == 1;
    return at >= 0;
}

static const char *set_network(struct build *b, struct u16s value)
{
    return set_switch(&b->policy->network_on, value, "off", "on")
               ? NULL
               : "network is neither off nor on";
}

static const char *set_git(struct build *b, struct u16s value)
{
    return set_switch(&b->policy->git_commit, value, "protect", "commit")
               ? NULL
               : "git is neither protect nor commit";
}

static const char *set_integrity(struct build *b, struct u16s value)
{
    return set_switch(&b->policy->lowered, value, "medium", "lowered")
               ? NULL
               : "integrity is neither medium nor lowered";
}

static const char *set_hard_links(struct build *b, struct u16s value)
{
    return set_switch(&b->policy->hard_links, value, "read", "write")
               ? NULL
               : "hard_links is neither read nor write";
}

static const char *set_appeared(struct build *b, struct u16s value)
{
    return set_switch(&b->policy->quarantine, value, "report", "quarantine")
               ? NULL
               : "appeared is neither report nor quarantine";
}

static const char *add_keep(struct build *b, struct u16s list)
{
    struct policy *p = b->policy;

    while (list.at) {
        struct u16s pattern = u16s_trim(u16s_split(&list, u','));

        if (pattern.len == 0 || has_any(pattern, U16S(" \t=;")))
            return "keep is not a list of names with commas";
        if (pattern.len + 1 > b->back - p->keep.len)
            return RULE_TOO_LONG;
        if (p->keep.len)
            p->text[p->keep.len++] = u',';
        for (size_t i = 0; i < pattern.len; i++)
            p->text[p->keep.len++] = pattern.at[i];
        p->keep.at = p->text;
    }
    return NULL;
}

static const char *add_root(struct build *b, struct u16s value)
{
    const char *rule = path_fault(path_of(value));

    if (rule)
        return rule;
    if (b->policy->root_count == POLICY_ROOTS_MAX)
        return "there are more than 16 roots";
    if (!put_path(b, value, &b->policy->root[b->policy->root_count]))
        return RULE_TOO_LONG;
    b->policy->root_count++;
    return NULL;
}

static const char *add_protect(struct build *b, struct u16s list)
{
    struct policy *p = b->policy;

    while (list.at) {
        struct u16s name = u16s_trim(u16s_split(&list, u','));

        if (name.len == 0 || has_any(name, U16S("\\/")) || part_fault(name, false))
            return "protect is not a list of names";
        if (p->protect_count == POLICY_PROTECT_MAX)
            return "there are more than 16 names to protect";
        if (!put_path(b, name, &p->protect[p->protect_count]))
            return RULE_TOO_LONG;
        p->protect_count++;
    }
    return NULL;
}

_Static_assert(POLICY_ROOTS_MAX == 16 && POLICY_PROTECT_MAX == 16,
               "the texts name the numbers");

static const struct key {
    const char *name;
    bool once;
    const char *(*set)(struct build *b, struct u16s value);
} keys[] = {
    { "level", true, set_level },       { "require", true, set_require },
    { "fence", true, set_fence },       { "network", true, set_network },
    { "git", true, set_git },           { "integrity", true, set_integrity },
    { "appeared", true, set_appeared }, { "hard_links", true, set_hard_links },
    { "keep", false, add_keep },        { "root", false, add_root },
    { "protect", false, add_protect },
};

static bool apply_setting(struct build *b, const struct statement *st, struct err *err)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *rule = NULL;

        if (!u16s_is(st->name, keys[i].name))
            continue;
        if (keys[i].once && (b->seen & 1u << i))
            return fault(err, "a key is twice in one section", st->name);
        b->seen |= 1u << i;
        rule = keys[i].set(b, st->value);
        return rule ? fault(err, rule, st->value) : true;
    }
    return fault(err, "unknown key", st->name);
}

/* What the first reading finds: the sections that apply, by their number from 1. */
struct survey {
    struct path dir;
    size_t count;
    size_t common; /* [default], or 0 */
    size_t best;   /* the longest path that covers dir, or 0 */
    size_t best_parts;
    uint64_t hash[POLICY_SECTIONS_MAX];
};

static bool survey_section(struct survey *s, struct u16s name, struct err *err)
{
    struct path path = path_of(name);
    const char *rule = is_default(name) ? NULL : path_fault(path);
    uint64_t hash = path_hash(path);
    size_t parts = path_covers(path, s->dir);

    if (rule)
        return fault(err, rule, name);
    if (s->count == POLICY_SECTIONS_MAX)
        return fault(err, "there are too many sections", name);
    for (size_t i = 0; i < s->count; i++)
        if (s->hash[i] == hash)
            return fault(err, "a section is there twice", name);
    s->hash[s->count++] = hash;
    if (is_default(name))
        s->common = s->count;
    if (parts > s->best_parts) {
        s->best = s->count;
        s->best_parts = parts;
    }
    return true;
}

/* Checks all of the text, each section as if it were alone; *scratch is filled at will.
 */
static bool survey_text(struct reader *r, struct survey *s, struct policy *scratch,
                        struct err *err)
{
    struct build b = build_start(scratch);
    struct statement st = { .kind = STATEMENT_END };

    do {
        if (!read_statement(r, &st, err))
            return false;
        if (st.kind == STATEMENT_SECTION) {
            if (!survey_section(s, st.name, err))
                return false;
            b = build_start(scratch);
        }
        if (st.kind == STATEMENT_SETTING) {
            if (s->count == 0)
                return fault(err, "a key comes before the first [section]", st.name);
            if (!apply_setting(&b, &st, err))
                return false;
        }
    } while (st.kind != STATEMENT_END);
    return true;
}

/* Reads the text again and takes in section number `wanted`; 0 is none. */
static bool apply_section(struct reader *r, size_t wanted, struct build *b,
                          struct err *err)
{
    struct statement st = { .kind = STATEMENT_END };
    size_t section = 0;

    r->at = r->line = 0;
    b->seen = 0;
    do {
        if (!read_statement(r, &st, err))
            return false;
        section += st.kind == STATEMENT_SECTION;
        if (section != wanted || section == 0)
            continue;
        if (st.kind == STATEMENT_SECTION && !is_default(st.name) &&
            !put_path(b, st.name, &b->policy->workspace))
            return fault(err, RULE_TOO_LONG, st.name);
        if (st.kind == STATEMENT_SETTING && !apply_setting(b, &st, err))
            return false;
    } while (st.kind != STATEMENT_END);
    return true;
}

static void rebase(struct u16s *slice, const struct policy *from, struct policy *to)
{
    if (slice->len)
        slice->at = to->text + (slice->at - from->text);
}

/* Moves what was built into the caller's policy, the slices onto its own text. */
static void policy_take(struct policy *to, const struct policy *from)
{
    *to = *from;
    rebase(&to->keep, from, to);
    rebase(&to->workspace, from, to);
    for (size_t i = 0; i < to->root_count; i++)
        rebase(&to->root[i], from, to);
    for (size_t i = 0; i < to->protect_count; i++)
        rebase(&to->protect[i], from, to);
}

void policy_init(struct policy *policy)
{
    *policy = (struct policy){ .want = LEVEL_WANT_AUTO };
}

bool policy_read(struct policy *policy, const char *text, size_t bytes, struct u16s dir,
                 size_t *line, struct err *err)
{
    struct reader r = { .text = text, .bytes = bytes };
    struct survey s = { .dir = path_of(dir) };
    struct policy built;
    struct build b;

    *line = 0;
    if (bytes > POLICY_BYTES_MAX)
        return err_rule(err, "the policy file is longer than 64 KiB", NULL);
    if (!is_comparable(s.dir))
        return fault(err, "the directory is no plain absolute path", dir);
    if (!survey_text(&r, &s, &built, err)) {
        *line = r.line;
        return false;
    }
    b = build_start(&built);
    if (!apply_section(&r, s.common, &b, err) || !apply_section(&r, s.best, &b, err)) {
        *line = r.line;
        return false;
    }
    policy_take(policy, &built);
    return true;
}
