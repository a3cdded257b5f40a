#include "core/rootrule.h"

const char *rootcheck_reason(enum rootcheck_verdict verdict)
{
    switch (verdict) {
    case ROOTCHECK_FINE:
        return "may be a writable root";
    case ROOTCHECK_MISSING:
        return "there is no such directory";
    case ROOTCHECK_NOT_DIRECTORY:
        return "it is not a directory";
    case ROOTCHECK_NETWORK:
        return "a network share cannot be fenced";
    case ROOTCHECK_NO_ACLS:
        return "its volume keeps no ACLs, so nothing there can be fenced";
    case ROOTCHECK_REPARSE:
        return "a junction or symbolic link on the way leads elsewhere";
    case ROOTCHECK_DRIVE_ROOT:
        return "a whole volume is never given away";
    case ROOTCHECK_SYSTEM:
        return "Windows, Program Files and ProgramData are never given away";
    case ROOTCHECK_PROFILE:
        return "a profile, its AppData and its Startup are never given away as a whole";
    case ROOTCHECK_OWN:
        return "Ringfence's own directories are never given away";
    case ROOTCHECK_NOT_OURS_TO_EDIT:
        return "you may not change its ACL (WRITE_DAC is denied)";
    case ROOTCHECK_NULL_DACL:
        return "it has no DACL: everyone may do everything there, fenced or not";
    case ROOTCHECK_FULL_DACL:
        return "its DACL is full (64 KB): there is no room for an entry more";
    case ROOTCHECK_FAILED:
        break;
    }
    return "it cannot be looked at";
}

static bool is_drive(struct u16s s)
{
    char16_t letter = s.len >= 3 ? u16_upper(s.at[0]) : 0;

    return letter >= u'A' && letter <= u'Z' && s.at[1] == u':' && s.at[2] == u'\\';
}

/* The length of X:\ or Volume{...}\ at the start of what follows \\?\, or 0. */
static size_t volume_len(struct u16s s)
{
    size_t end = 0;

    if (is_drive(s))
        return 3;
    end = u16s_find(s, u'\\', 0);
    if (end == s.len || !u16s_istarts(s, U16S("Volume{")) || s.at[end - 1] != u'}')
        return 0;
    return end + 1;
}

/* Whether a name is opened as what it says: not a stream (a directory has other names by
 * them), and nothing that only Win32's own path rules would resolve. */
static bool is_plain(struct u16s name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] == u'/' || name.at[i] == u':' || name.at[i] == 0)
            return false;
    return name.len && !u16s_eq(name, U16S(".")) && !u16s_eq(name, U16S(".."));
}

static bool are_plain(struct u16s names)
{
    while (names.len && names.at)
        if (!is_plain(u16s_split(&names, u'\\')))
            return false;
    return true;
}

enum rootrule_form rootrule_path(struct u16s full, struct u16buf *out)
{
    bool prefixed = u16s_istarts(full, U16S("\\\\?\\")) ||
                    u16s_istarts(full, U16S("\\\\.\\")) ||
                    u16s_istarts(full, U16S("\\??\\"));
    struct u16s rest = prefixed ? u16s_from(full, 4) : full;
    size_t volume = prefixed || is_drive(rest) ? volume_len(rest) : 0;

    if (prefixed ? u16s_istarts(rest, U16S("UNC\\")) : u16s_istarts(full, U16S("\\\\")))
        return ROOTRULE_NETWORK;
    while (rest.len > volume && rest.at[rest.len - 1] == u'\\')
        rest.len--;
    if (!volume || !are_plain(u16s_from(rest, volume)))
        return ROOTRULE_ODD;
    u16buf_addz(out, u"\\\\?\\");
    u16buf_add(out, rest);
    return ROOTRULE_LOCAL;
}

size_t rootrule_root_len(struct u16s path)
{
    size_t volume = 0;

    if (u16s_istarts(path, U16S("\\\\?\\")))
        volume = volume_len(u16s_from(path, 4));
    return volume ? 4 + volume : 0;
}

size_t rootrule_next_len(struct u16s path, size_t len)
{
    size_t from = len < path.len && path.at[len] == u'\\' ? len + 1 : len;

    return len >= path.len ? path.len + 1 : u16s_find(path, u'\\', from);
}

size_t rootrule_parent_len(struct u16s path)
{
    size_t root = rootrule_root_len(path), at = path.len;

    if (at <= root)
        return 0;
    while (at > root && path.at[at - 1] != u'\\')
        at--;
    return at > root ? at - 1 : root;
}

bool rootrule_expand(struct u16s value, struct u16s windows, struct u16buf *out)
{
    struct u16s root = U16S("%SystemRoot%"), drive = U16S("%SystemDrive%");
    struct u16s head = { NULL, 0 };

    if (u16s_istarts(value, root)) {
        head = windows;
        value = u16s_from(value, root.len);
    } else if (u16s_istarts(value, drive)) {
        head = u16s_head(windows, 2);
        value = u16s_from(value, drive.len);
    }
    if (head.len ? !is_drive(windows) || (value.len && value.at[0] != u'\\')
                 : !is_drive(value))
        return false;
    u16buf_add(out, head);
    u16buf_add(out, value);
    return true;
}

void rootrule_judge_init(struct rootrule_judgement *judgement)
{
    *judgement = (struct rootrule_judgement){ .verdict = ROOTCHECK_FINE,
                                              .distance = ROOTRULE_APART,
                                              .exempt = ROOTRULE_APART };
}

/* How far the place is for which the root is refused. */
static size_t distance_to(const struct rootrule_place *place, size_t exempt)
{
    if (place->above != ROOTRULE_APART)
        return place->above;
    if (place->below >= exempt) /* what is exempt lies in between */
        return ROOTRULE_APART;
    if (place->reach == ROOTRULE_TREE ||
        (place->reach == ROOTRULE_CHILDREN && place->below == 1))
        return place->below;
    return ROOTRULE_APART;
}

bool rootrule_judge(struct rootrule_judgement *judgement,
                    const struct rootrule_place *place)
{
    size_t distance = ROOTRULE_APART;

    if (place->reach == ROOTRULE_EXEMPT) {
        if (place->below && place->below < judgement->exempt)
            judgement->exempt = place->below;
        return false;
    }
    distance = distance_to(place, judgement->exempt);
    if (distance >= judgement->distance)
        return false;
    judgement->distance = distance;
    judgement->verdict = place->verdict;
    return true;
}
