#include "core/pathsearch.h"

#define EXT_COUNT 4u

/* In Windows' default order.  Whatever PATHEXT says beyond these is not started by
 * CreateProcessW and no business of a shim. */
static const char16_t known_ext[EXT_COUNT][5] = { u".com", u".exe", u".bat", u".cmd" };

/* One search: what does not change from directory to directory. */
struct search {
    struct u16s name;
    bool complete; /* the name already ends in one of the four */
    bool no_aliases;
    struct u16s ext[EXT_COUNT];
    struct pathsearch_disk disk;
    struct u16buf *found;
    struct pathsearch_seen *seen;
};

static bool is_separator(char16_t c)
{
    return c == u'\\' || c == u'/';
}

static struct u16s ext_at(size_t i)
{
    return (struct u16s){ known_ext[i], 4 };
}

static void order_add(struct u16s order[EXT_COUNT], size_t *count, struct u16s entry)
{
    for (size_t i = 0; i < *count; i++)
        if (u16s_ieq(order[i], entry))
            return;
    for (size_t i = 0; i < EXT_COUNT; i++)
        if (u16s_ieq(ext_at(i), entry))
            order[(*count)++] = ext_at(i);
}

static void order_read(struct u16s order[EXT_COUNT], struct u16s pathext)
{
    size_t count = 0;

    while (pathext.at)
        order_add(order, &count, u16s_split(&pathext, u';'));
    for (size_t i = 0; i < EXT_COUNT; i++)
        order_add(order, &count, ext_at(i));
}

static bool has_known_ext(struct u16s name)
{
    for (size_t i = 0; i < EXT_COUNT; i++)
        if (name.len > 4 && u16s_iends(name, ext_at(i)))
            return true;
    return false;
}

bool pathsearch_next(struct u16s *path, struct u16s *entry)
{
    bool quoted = false;
    size_t n = 0;

    if (!path->at)
        return false;
    for (; n < path->len && (quoted || path->at[n] != u';'); n++)
        if (path->at[n] == u'"')
            quoted = !quoted;
    *entry = u16s_head(*path, n);
    *path = n < path->len ? u16s_from(*path, n + 1) : (struct u16s){ NULL, 0 };
    return true;
}

void pathsearch_add_entry(struct u16buf *b, struct u16s entry)
{
    while (entry.at)
        u16buf_add(b, u16s_split(&entry, u'"'));
    if (b->len && !is_separator(b->at[b->len - 1]))
        u16buf_addc(b, u'\\');
}

/* Looks at dir, name and ext joined.  They are joined anew each time because the look
 * before may have rewritten the text. */
static bool try_file(const struct search *s, struct u16s dir, struct u16s ext)
{
    *s->found = u16buf_init(s->found->at, s->found->cap);
    pathsearch_add_entry(s->found, dir);
    u16buf_add(s->found, s->name);
    u16buf_add(s->found, ext);
    if (s->found->cut)
        return false;
    switch (s->disk.look(s->disk.ctx, s->found)) {
    case PATHSEARCH_TOOL:
        return !s->found->cut;
    case PATHSEARCH_ALIAS:
        if (!s->no_aliases)
            return !s->found->cut;
        s->seen->aliases++;
        break;
    case PATHSEARCH_OURS:
        s->seen->ours++;
        break;
    case PATHSEARCH_STORE_STUB:
        s->seen->store_stubs++;
        break;
    case PATHSEARCH_DIRECTORY:
        s->seen->not_files++;
        break;
    case PATHSEARCH_ABSENT:
        break;
    }
    return false;
}

static bool try_dir(const struct search *s, struct u16s dir)
{
    if (s->complete && try_file(s, dir, (struct u16s){ NULL, 0 }))
        return true;
    for (size_t i = 0; i < EXT_COUNT; i++)
        if (try_file(s, dir, s->ext[i]))
            return true;
    return false;
}

static bool is_only_quotes(struct u16s entry)
{
    for (size_t i = 0; i < entry.len; i++)
        if (entry.at[i] != u'"')
            return false;
    return true;
}

static bool try_path(const struct search *s, struct u16s path)
{
    struct u16s dir = { NULL, 0 };

    while (pathsearch_next(&path, &dir)) {
        if (is_only_quotes(dir))
            continue;
        s->seen->directories++;
        if (try_dir(s, dir))
            return true;
    }
    return false;
}

static bool names_a_place(struct u16s name)
{
    for (size_t i = 0; i < name.len; i++)
        if (is_separator(name.at[i]) || name.at[i] == u':')
            return true;
    return false;
}

bool pathsearch_find(const struct pathsearch *s, struct pathsearch_disk disk,
                     struct u16buf *found, struct pathsearch_seen *seen)
{
    struct search search = { .name = s->name,
                             .complete = has_known_ext(s->name),
                             .no_aliases = s->no_aliases,
                             .disk = disk,
                             .found = found,
                             .seen = seen };
    bool ok = false;

    *seen = (struct pathsearch_seen){ 0 };
    order_read(search.ext, s->pathext);
    if (names_a_place(s->name))
        ok = try_dir(&search, (struct u16s){ NULL, 0 });
    else if (s->name.len)
        ok = (s->current_first && try_dir(&search, U16S("."))) ||
             try_path(&search, s->path);
    if (!ok)
        *found = u16buf_init(found->at, found->cap);
    return ok;
}

bool pathsearch_is_batch(struct u16s path)
{
    /* Windows drops these when it opens the file: "x.bat. ." is x.bat (CVE-2024-43402).
     */
    while (path.len && (path.at[path.len - 1] == u'.' || path.at[path.len - 1] == u' '))
        path.len--;
    return u16s_iends(path, U16S(".bat")) || u16s_iends(path, U16S(".cmd"));
}

/* Where the last component starts; "C:x" is a drive and a component too. */
static size_t base_at(struct u16s path)
{
    size_t n = path.len;

    while (n && !is_separator(path.at[n - 1]) && path.at[n - 1] != u':')
        n--;
    return n;
}

struct u16s pathsearch_dir(struct u16s path)
{
    size_t n = base_at(path);

    return u16s_head(path, n && is_separator(path.at[n - 1]) ? n - 1 : n);
}

struct u16s pathsearch_base(struct u16s path)
{
    return u16s_from(path, base_at(path));
}
