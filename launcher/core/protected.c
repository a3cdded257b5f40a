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
