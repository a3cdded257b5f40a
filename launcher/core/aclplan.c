#include "core/aclplan.h"

#define DIRECTORY_DOWN (ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT)

/* One edit in the making. */
struct plan {
    const struct sid *sid;   /* NULL: every SID of ours */
    const struct sid *group; /* gets the same entries; or NULL */
    const struct secdesc *old;
    struct acl_entry want[ACL_OURS_MAX];
    size_t count;
    bool overflow;
    bool markers; /* they are this edit's business too */
    enum aclplan_rule rule;
    bool unlabel; /* no label of ours, whoever else would want it */
    bool label;   /* the lowered label is wanted, with label_flags */
    uint8_t label_flags;
};

static void want(struct plan *p, const struct acl_entry *entry)
{
    if (p->count == ACL_OURS_MAX)
        p->overflow = true;
    else
        p->want[p->count++] = *entry;
}

static void want_both(struct plan *p, uint8_t type, unsigned flags, uint32_t mask)
{
    struct acl_entry e = { type, (uint8_t)flags, mask, *p->sid };

    want(p, &e);
    if (!p->group)
        return;
    e.sid = *p->group;
    want(p, &e);
}

static void want_allow(struct plan *p, unsigned flags, uint32_t mask)
{
    want_both(p, ACE_ALLOW, flags, mask);
}

static void want_deny(struct plan *p, unsigned flags, uint32_t mask)
{
    want_both(p, ACE_DENY, flags, mask);
}

static void want_marker(struct plan *p, unsigned flags)
{
    struct acl_entry e = acl_marker((uint8_t)flags);

    for (size_t i = 0; i < p->count; i++)
        if (p->want[i].mask == e.mask && p->want[i].flags == e.flags &&
            sid_eq(&p->want[i].sid, &e.sid))
            return;
    want(p, &e);
}

static bool is_protected(enum aclplan_kind kind)
{
    return kind == ACLPLAN_PROTECTED || kind == ACLPLAN_BELOW;
}

static bool is_state(enum aclplan_kind kind)
{
    return kind == ACLPLAN_STATE || kind == ACLPLAN_IN_STATE;
}

static bool is_cut_off(const struct secdesc *sd)
{
    return sd->control & SECDESC_DACL_PROTECTED;
}

static bool is_of_ours(const struct ace *ace)
{
    static const struct acl_ours all = { .marker = true };

    return ace_is_ours(ace, &all);
}

/* Whether markers and labels are this edit's business at all. */
static bool is_for_ours(const struct plan *p)
{
    return !p->sid || sid_is_ours(p->sid);
}

/* Whether another root's entries need what has no SID of its own: the markers (its denies
 * do) or the label (its right to write does). */
static bool others_need(const struct plan *p, uint8_t type)
{
    struct ace ace = { 0 };

    while (p->sid && acl_next(&p->old->dacl, &ace))
        if (is_of_ours(&ace) && !ace_is_marker(&ace) && ace.type == type &&
            (ace.mask & ACLPLAN_DENY) && !sid_eq(&ace.sid, p->sid))
            return true;
    return false;
}

/* What this edit takes out and puts in; other roots' entries are like anybody's. */
static struct acl_ours mine(const struct plan *p)
{
    return (struct acl_ours){ .sid = p->sid, .also = p->group, .marker = p->markers };
}

/* Whether somebody's allow comes before the place of inherited entries: there an
 * inherited deny is too late. */
static bool denies_come_late(const struct plan *p)
{
    const struct acl_ours ours = mine(p);
    struct ace ace = { 0 };
    bool allowed = false;

    while (acl_next(&p->old->dacl, &ace)) {
        if (ace_is_ours(&ace, &ours))
            continue;
        if (ace_is_allow(ace.type))
            allowed = true;
        if (allowed && !(ace.flags & ACE_INHERITED))
            return true;
    }
    return false;
}

/* Whether a file is protected under some name: for this SID, or for any of ours. */
static bool is_denied(const struct plan *p, bool any)
{
    struct ace ace = { 0 };

    while (acl_next(&p->old->dacl, &ace))
        if (is_of_ours(&ace) && !ace_is_marker(&ace) && ace.type == ACE_DENY &&
            (any || sid_eq(&ace.sid, p->sid)))
            return true;
    return false;
}

static void want_allows(struct plan *p, const struct aclplan_object *o,
                        const struct aclplan_policy *policy)
{
    bool linked = !o->directory && o->links > 1;
    bool cut_off = is_cut_off(p->old) || (!o->reached && !linked);
    unsigned flags = ACE_INHERITED | (o->directory ? DIRECTORY_DOWN : 0);
    uint32_t mask = policy->read ? ACLPLAN_READ : ACLPLAN_WRITE;

    /* OpenSSH refuses a private key with any allow for a SID that it does not know,
     * whatever is denied before it. */
    if (o->kind == ACLPLAN_OUTSIDE ||
        (policy->read && (is_protected(o->kind) || (linked && is_denied(p, false)))))
        return;
    if (o->kind == ACLPLAN_ROOT) {
        want_allow(p, DIRECTORY_DOWN, mask);
        if (!policy->read)
            want_allow(p, DIRECTORY_DOWN | ACE_INHERIT_ONLY, RIGHT_DELETE);
        return;
    }
    if (cut_off) {
        p->rule = ACLPLAN_CUT_OFF;
        return;
    }
    if (linked && !policy->read &&
        (!policy->hard_links || is_protected(o->kind) || is_denied(p, true))) {
        /* Explicit: it is not what the directory hands down. */
        p->rule = ACLPLAN_HARD_LINK;
        want_allow(p, 0, ACLPLAN_READ);
        return;
    }
    want_allow(p, flags, mask);
    if (!policy->read)
        want_allow(p, flags, RIGHT_DELETE);
}

/* The denies of a protected thing, and within one those that NTFS hands down unless the
 * list is cut off. */
static void want_protection(struct plan *p, const struct aclplan_object *o,
                            const struct aclplan_policy *policy)
{
    bool linked = !o->directory && o->links > 1;
    bool inherited = (o->kind == ACLPLAN_BELOW || o->kind == ACLPLAN_IN_STATE) &&
                     !is_cut_off(p->old) && !linked;
    unsigned down = !o->directory       ? 0
                    : is_state(o->kind) ? ACE_OBJECT_INHERIT | ACE_INHERIT_ONLY
                                        : DIRECTORY_DOWN;
    uint32_t mask = policy->read ? RIGHT_FILE_ALL : ACLPLAN_DENY;
    bool markers = o->directory && !policy->read;

    if (!inherited || denies_come_late(p)) {
        want_deny(p, down, mask);
        if (markers)
            want_marker(p, ACE_CONTAINER_INHERIT);
    }
    if (inherited) {
        want_deny(p, down | ACE_INHERITED, mask);
        if (markers)
            want_marker(p, ACE_CONTAINER_INHERIT | ACE_INHERITED);
    }
}

static void want_denies(struct plan *p, const struct aclplan_object *o,
                        const struct aclplan_policy *policy)
{
    bool stays =
        o->kind == ACLPLAN_ROOT || o->kind == ACLPLAN_NESTED || o->kind == ACLPLAN_GIT;
    bool linked = !o->directory && o->links > 1;

    if (is_protected(o->kind) || is_state(o->kind)) {
        want_protection(p, o, policy);
        return;
    }
    /* Met under an unprotected name: another one may be protected. */
    if (linked && o->kind != ACLPLAN_OUTSIDE && is_denied(p, false))
        want_deny(p, 0, policy->read ? RIGHT_FILE_ALL : ACLPLAN_DENY);
    if (policy->read || !o->directory)
        return;
    if (stays)
        want_deny(p, 0, ACLPLAN_STAY);
    else if (o->holds)
        want_deny(p, 0, ACLPLAN_GUARD);
    if (o->holds)
        want_marker(p, 0);
}

static void want_label(struct plan *p, const struct aclplan_object *o,
                       const struct aclplan_policy *policy)
{
    p->unlabel = is_protected(o->kind) && !policy->read;
    if (policy->read || !policy->lowered || p->unlabel || o->kind == ACLPLAN_OUTSIDE)
        return;
    if (o->kind == ACLPLAN_ROOT) {
        p->label = true;
        p->label_flags = DIRECTORY_DOWN;
    } else if (p->rule == ACLPLAN_FULL) {
        p->label = true;
        p->label_flags = (uint8_t)(ACE_INHERITED | (o->directory ? DIRECTORY_DOWN : 0));
    }
}

/* The markers there are, when others need them. */
static void keep_markers(struct plan *p)
{
    struct ace ace = { 0 };

    if (!others_need(p, ACE_DENY))
        return;
    while (acl_next(&p->old->dacl, &ace))
        if (ace_is_marker(&ace))
            want_marker(p, ace.flags);
}

/* Whether our inherited denies still come before every allow of others, where no explicit
 * one stands for them. */
static bool denies_are_late(const struct plan *p)
{
    const struct acl_ours ours = mine(p);
    struct ace ace = { 0 };
    bool allowed = false;

    if (denies_come_late(p))
        return false;
    while (acl_next(&p->old->dacl, &ace)) {
        bool is_mine = ace_is_ours(&ace, &ours);

        if (is_mine && allowed && ace.type == ACE_DENY && (ace.flags & ACE_INHERITED))
            return true;
        if (!is_mine && ace_is_allow(ace.type))
            allowed = true;
    }
    return false;
}

static enum acl_result edit_dacl(const struct plan *p, struct aclplan_room *room,
                                 struct acl *out)
{
    const struct acl_ours ours = mine(p);
    struct aclbuf b = aclbuf_init(room->dacl, sizeof room->dacl);
    struct aclbuf bare = aclbuf_init(room->sacl, sizeof room->sacl);
    struct acl stripped;

    if (p->overflow)
        return ACL_TOO_BIG;
    if (acl_edit(&p->old->dacl, &ours, p->want, p->count, &b) == ACL_SAME &&
        !denies_are_late(p))
        return ACL_SAME;
    /* Out and in again: where ours have stood must not decide where they come to stand.
     * Without any wanted, the second edit finds nothing to do. */
    if (acl_edit(&p->old->dacl, &ours, NULL, 0, &bare) == ACL_TOO_BIG ||
        !acl_read(&stripped, bare.at, bare.bytes) ||
        acl_edit(&stripped, &ours, p->want, p->count, &b) == ACL_TOO_BIG ||
        !acl_read(out, b.at, b.bytes))
        return ACL_TOO_BIG;
    return ACL_CHANGED;
}

static bool is_label_of_ours(const struct ace *ace)
{
    static const struct acl_ours ours = { .label = true };

    return ace_is_ours(ace, &ours);
}

/* Whether the label stays as it is for another root's sake: one is enough for both, and a
 * root's own goes before what is handed down. */
static bool keeps_label(const struct plan *p, const struct secdesc *sd)
{
    struct ace ace = { 0 };

    if (p->unlabel || !others_need(p, ACE_ALLOW))
        return false;
    if (!p->label)
        return true;
    return (p->label_flags & ACE_INHERITED) && secdesc_label(sd, &ace) &&
           is_label_of_ours(&ace);
}

/* A label of somebody else's stays, and serves as well when it is low enough. */
static void yield_to_label(struct plan *p, const struct secdesc *sd)
{
    struct ace ace = { 0 };

    if (!p->label || !secdesc_label(sd, &ace) || is_label_of_ours(&ace))
        return;
    p->label = false;
    if (!sid_is_label(&ace.sid) || ace.sid.sub[0] > SID_LEVEL_LOWERED)
        p->rule = ACLPLAN_LABELLED;
}

static enum acl_result edit_label(struct plan *p, struct aclplan_room *room,
                                  struct secdesc *sd)
{
    /* No list names a mandatory level as a trustee, so only labels are ours here. */
    const struct sid nobody = sid_label(SID_LEVEL_LOWERED);
    const struct acl_ours ours = { .sid = &nobody, .label = true };
    const struct acl_entry entry = { ACE_LABEL, p->label_flags, ACE_LABEL_NO_WRITE_UP,
                                     nobody };
    struct aclbuf b = aclbuf_init(room->sacl, sizeof room->sacl);
    enum acl_result result = ACL_CHANGED;

    if (!is_for_ours(p) || keeps_label(p, sd))
        return ACL_SAME;
    yield_to_label(p, sd);
    if (sd->sacl.at)
        result = acl_edit(&sd->sacl, &ours, &entry, p->label, &b);
    else if (p->label)
        aclbuf_add(&b, &entry);
    else
        return ACL_SAME;
    if (result != ACL_CHANGED)
        return result;
    if (!acl_read(&sd->sacl, b.at, b.bytes))
        return ACL_TOO_BIG;
    if (sd->sacl.bytes == ACL_HEAD_BYTES) {
        sd->sacl = (struct acl){ 0 };
        sd->control &= (uint16_t)~SECDESC_SACL_PRESENT;
    }
    return ACL_CHANGED;
}

static struct aclplan_edit refuse(const struct plan *p, enum aclplan_rule rule)
{
    return (
        struct aclplan_edit){ .result = ACLPLAN_REFUSED, .rule = rule, .sd = *p->old };
}

static struct aclplan_edit carry_out(struct plan *p, struct aclplan_room *room)
{
    struct aclplan_edit edit = { .sd = *p->old };
    enum acl_result dacl = ACL_SAME, label = ACL_SAME;

    if (p->old->dacl.at)
        dacl = edit_dacl(p, room, &edit.sd.dacl);
    else if (p->count)
        return refuse(p, ACLPLAN_NULL_DACL);
    if (dacl != ACL_TOO_BIG)
        label = edit_label(p, room, &edit.sd);
    if (dacl == ACL_TOO_BIG || label == ACL_TOO_BIG)
        return refuse(p, ACLPLAN_TOO_BIG);
    edit.rule = p->rule;
    edit.dacl = dacl == ACL_CHANGED;
    edit.label = label == ACL_CHANGED;
    edit.result = edit.dacl || edit.label ? ACLPLAN_CHANGED : ACLPLAN_SAME;
    return edit;
}

static struct acl_entry way_of(const struct sid *sid)
{
    return (struct acl_entry){ ACE_ALLOW, 0, ACLPLAN_WAY, *sid };
}

/* The way there is: other roots need it. */
static void keep_way(struct plan *p, const struct sid *sid)
{
    const struct acl_entry way = way_of(sid);
    const struct acl_ours ours = { .only = &way };
    struct ace ace = { 0 };

    while (acl_next(&p->old->dacl, &ace))
        if (ace_is_ours(&ace, &ours)) {
            want(p, &way);
            return;
        }
}

static void keep_ways(struct plan *p)
{
    keep_way(p, p->sid);
    if (p->group)
        keep_way(p, p->group);
}

enum aclplan_kind aclplan_kind_in(enum aclplan_kind parent, enum protected_name name,
                                  bool directory, bool git_commit)
{
    if (parent == ACLPLAN_OUTSIDE)
        return ACLPLAN_OUTSIDE;
    if (is_state(parent))
        return directory ? ACLPLAN_IN_STATE : ACLPLAN_BELOW;
    if (is_protected(parent))
        return ACLPLAN_BELOW;
    if (name == PROTECTED_GIT && directory && git_commit)
        return ACLPLAN_GIT;
    return name == PROTECTED_NOT ? ACLPLAN_INSIDE : ACLPLAN_PROTECTED;
}

/* Whether the group keeps what it has, being one for all walks.  A file with several
 * names has one list: what denies under one name denies under all, and what a root gives
 * is not taken back for the sake of reading. */
static bool keeps_group(const struct aclplan_object *o,
                        const struct aclplan_policy *policy, const struct acl *dacl)
{
    struct ace ace = { 0 };

    if (o->kind == ACLPLAN_OUTSIDE)
        return true;
    if (o->directory || o->links < 2 || (policy->read && is_protected(o->kind)))
        return false;
    while (acl_next(dacl, &ace))
        if (ace.plain && sid_eq(&ace.sid, policy->group) &&
            (ace.type == ACE_DENY || (policy->read && (ace.mask & ACLPLAN_DENY))))
            return true;
    return false;
}

struct aclplan_edit aclplan_apply(const struct aclplan_object *object,
                                  const struct aclplan_policy *policy,
                                  const struct secdesc *old, struct aclplan_room *room)
{
    struct plan p = { .sid = &policy->sid, .old = old, .markers = !policy->read };

    if (policy->group && !keeps_group(object, policy, &old->dacl))
        p.group = policy->group;
    want_allows(&p, object, policy);
    want_denies(&p, object, policy);
    keep_ways(&p);
    if (p.markers)
        keep_markers(&p);
    want_label(&p, object, policy);
    return carry_out(&p, room);
}

struct aclplan_edit aclplan_undo(const struct sid *sid, const struct sid *group,
                                 const struct secdesc *old, struct aclplan_room *room)
{
    struct plan p = { .sid = sid, .group = group, .old = old };

    p.markers = is_for_ours(&p) && !others_need(&p, ACE_DENY);
    if (sid)
        keep_ways(&p);
    return carry_out(&p, room);
}

struct aclplan_edit aclplan_way(const struct sid *sid, bool open,
                                const struct secdesc *old, struct aclplan_room *room)
{
    const struct acl_entry way = way_of(sid);
    const struct acl_ours ours = { .only = &way };
    struct aclbuf b = aclbuf_init(room->dacl, sizeof room->dacl);
    struct aclplan_edit edit = { .result = ACLPLAN_SAME, .sd = *old };
    enum acl_result result = ACL_SAME;

    if (old->dacl.at)
        result = acl_edit(&old->dacl, &ours, &way, open, &b);
    if (result == ACL_SAME)
        return edit;
    edit.dacl = result == ACL_CHANGED && acl_read(&edit.sd.dacl, b.at, b.bytes);
    edit.result = edit.dacl ? ACLPLAN_CHANGED : ACLPLAN_REFUSED;
    edit.rule = edit.dacl ? ACLPLAN_FULL : ACLPLAN_TOO_BIG;
    return edit;
}

bool aclplan_shows_root(const struct acl *dacl, const struct sid *root)
{
    const struct acl_entry want[] = {
        { ACE_DENY, 0, ACLPLAN_STAY, *root },
        { ACE_ALLOW, DIRECTORY_DOWN, ACLPLAN_WRITE, *root },
        { ACE_ALLOW, DIRECTORY_DOWN | ACE_INHERIT_ONLY, RIGHT_DELETE, *root },
    };
    unsigned seen = 0;
    struct ace ace = { 0 };

    while (acl_next(dacl, &ace))
        for (unsigned i = 0; i < 3; i++)
            if (ace.plain && ace.type == want[i].type && ace.flags == want[i].flags &&
                ace.mask == want[i].mask && sid_eq(&ace.sid, root))
                seen |= 1u << i;
    return seen == 7;
}

bool aclplan_bears_root(const struct acl *dacl)
{
    struct ace ace = { 0 };

    while (acl_next(dacl, &ace))
        if (ace.plain && ace.type == ACE_ALLOW && sid_is_ours(&ace.sid) &&
            (ace.mask & RIGHT_FILE_WRITE_DATA))
            return true;
    return false;
}
