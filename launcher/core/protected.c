#include "core/protected.h"

static bool is_one_of(const struct u16s *list, size_t count, struct u16s name)
{
    for (size_t i = 0; i < count; i++)
        if (u16s_ieq(list[i], name))
            return true;
    return false;
}

static struct u16s without_tail(struct u16s name)
{
    while (name.len && (name.at[name.len - 1] == u'.' || name.at[name.len - 1] == u' '))
        name.len--;
    return name;
}

static enum protected_name look_up(const struct protected_names *names, bool in_git,
                                   struct u16s name)
{
    const struct u16s always[] = { U16S(".codex"), U16S(".agents"), U16S(".ringfence") };
    /* The design's four, and what leads git to another configuration: commondir names
     * another directory for config and hooks, config.worktree is one more config, and
     * worktrees has both for checkouts elsewhere. */
    const struct u16s parts[] = { U16S("hooks"),     U16S("config"),
                                  U16S("info"),      U16S("modules"),
                                  U16S("commondir"), U16S("config.worktree"),
                                  U16S("worktrees") };

    name = without_tail(name);
    if (name.len == 0)
        return PROTECTED_NOT;
    if (u16s_ieq(name, U16S(".git")))
        return PROTECTED_GIT;
    if (in_git && is_one_of(parts, sizeof parts / sizeof parts[0], name))
        return PROTECTED_NAME;
    if (is_one_of(always, sizeof always / sizeof always[0], name))
        return PROTECTED_NAME;
    return is_one_of(names->more, names->more_count, name) ? PROTECTED_NAME
                                                           : PROTECTED_NOT;
}

enum protected_name protected_name_of(const struct protected_names *names, bool in_git,
                                      struct u16s name, struct u16s alternate)
{
    enum protected_name by_name = look_up(names, in_git, name);
    enum protected_name by_alternate = look_up(names, in_git, alternate);

    /* The fuller protection wins: .git may be one of which only parts are. */
    return by_name > by_alternate ? by_name : by_alternate;
}

static bool starts_with(const char *text, size_t bytes, const char *head, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (i >= bytes || text[i] != head[i])
            return false;
    return true;
}

/* Where git stops: at a NUL, or before the line ends at the end. */
static size_t path_end(const char *text, size_t bytes)
{
    size_t end = 0;

    while (bytes && (text[bytes - 1] == '\n' || text[bytes - 1] == '\r'))
        bytes--;
    while (end < bytes && text[end])
        end++;
    return end;
}

static bool has_control(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return true;
    return false;
}

enum protected_gitfile protected_read_gitfile(const char *text, size_t bytes,
                                              struct u16buf *path)
{
    static const char head[] = "gitdir: ";
    static const char bom[] = "\xEF\xBB\xBF";
    const size_t head_bytes = sizeof head - 1;
    struct u16buf b = *path;

    if (!starts_with(text, bytes, head, head_bytes))
        return PROTECTED_GITFILE_NOT;
    if (bytes > PROTECTED_GITFILE_BYTES_MAX)
        return PROTECTED_GITFILE_BAD;
    text += head_bytes;
    bytes = path_end(text, bytes - head_bytes);
    /* A byte order mark would be skipped by our reader, and be a character to git. */
    if (bytes == 0 || has_control(text, bytes) || b.cut ||
        starts_with(text, bytes, bom, sizeof bom - 1))
        return PROTECTED_GITFILE_BAD;
    if (!u16buf_add_utf8(&b, text, bytes, NULL) || b.cut) {
        path->at[path->len] = 0;
        return PROTECTED_GITFILE_BAD;
    }
    for (size_t i = path->len; i < b.len; i++)
        if (b.at[i] == u'/')
            b.at[i] = u'\\';
    *path = b;
    return PROTECTED_GITFILE_PATH;
}

/* The length of X:, \\?\X: or \\?\Volume{...}, which a full local path begins with; else
 * 0. */
static size_t volume_len(struct u16s path)
{
    size_t at = u16s_istarts(path, U16S("\\\\?\\")) ? 4 : 0;
    struct u16s rest = u16s_from(path, at);

    if (at && u16s_istarts(rest, U16S("Volume{")))
        return at + u16s_find(rest, u'\\', 0);
    return rest.len > 2 && rest.at[1] == u':' && rest.at[2] == u'\\' ? at + 2 : 0;
}

/* Whether a name can only be one of a file in its directory. */
static bool is_plain(struct u16s name)
{
    const struct u16s not_in_names = U16S("<>:\"|?*/");

    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < 0x20 ||
            u16s_find(not_in_names, name.at[i], 0) < not_in_names.len)
            return false;
    return name.len != 0;
}

static void leave_one(struct u16buf *b)
{
    while (b->len && b->at[--b->len] != u'\\')
        ;
    b->at[b->len] = 0;
}

/* Appends names, each behind a separator. */
static bool add_names(struct u16buf *b, struct u16s names)
{
    while (names.at) {
        struct u16s name = u16s_split(&names, u'\\');

        if (name.len == 0 || u16s_eq(name, U16S(".")))
            continue;
        if (u16s_eq(name, U16S(".."))) {
            leave_one(b);
            continue;
        }
        name = without_tail(name);
        if (!is_plain(name))
            return false;
        u16buf_addc(b, u'\\');
        u16buf_add(b, name);
    }
    return !b->cut;
}

/* The full path, without what names the volume. */
static bool resolve(struct u16s root, size_t volume, struct u16s directory,
                    struct u16s path, struct u16buf *full)
{
    struct u16s drive = u16s_from(u16s_head(root, volume), volume - 2);

    if (path.len > 2 && path.at[1] == u':' && path.at[2] == u'\\') {
        if (!u16s_ieq(drive, u16s_head(path, 2)))
            return false;
        path = u16s_from(path, 2);
    }
    if (path.len && path.at[0] == u'\\')
        return !(path.len > 1 && path.at[1] == u'\\') && add_names(full, path);
    u16buf_add(full, u16s_from(root, volume)); /* real paths: nothing to be resolved */
    if (directory.len)
        u16buf_addc(full, u'\\');
    u16buf_add(full, directory);
    return add_names(full, path);
}

bool protected_resolve_gitdir(struct u16s root, struct u16s directory, struct u16s path,
                              struct u16buf *rel)
{
    size_t volume = volume_len(root), len = root.len - volume;

    if (volume && path.len && resolve(root, volume, directory, path, rel) && !rel->cut &&
        rel->len > len + 1 && u16s_istarts(u16buf_text(rel), u16s_from(root, volume)) &&
        rel->at[len] == u'\\') {
        for (size_t i = len + 1; i <= rel->len; i++)
            rel->at[i - len - 1] = rel->at[i];
        rel->len -= len + 1;
        return true;
    }
    *rel = u16buf_init(rel->at, rel->cap);
    return false;
}
