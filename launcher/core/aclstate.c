#include "core/aclstate.h"

/* An explicit deny of just this mask, for the directory alone; then one for a SID of
 * ours. */
static bool is_deny(const struct ace *ace, uint32_t mask)
{
    return ace->plain && ace->type == ACE_DENY && ace->flags == 0 && ace->mask == mask;
}

static bool is_own_deny(const struct ace *ace, uint32_t mask)
{
    return is_deny(ace, mask) && sid_is_ours(&ace->sid);
}

bool aclstate_held(const struct acl *dacl)
{
    struct ace ace = { 0 };
    bool stays = false, marker = false;

    while (acl_next(dacl, &ace)) {
        if (is_own_deny(&ace, ACLPLAN_GUARD))
            return true;
        stays = stays || is_own_deny(&ace, ACLPLAN_STAY);
        marker = marker || (ace_is_marker(&ace) && ace.flags == 0);
    }
    return stays && marker;
}

bool aclstate_is_other_root(const struct acl *dacl, const struct sid *sid)
{
    struct ace ace = { 0 };

    while (acl_next(dacl, &ace))
        if (is_own_deny(&ace, ACLPLAN_STAY) && !sid_eq(&ace.sid, sid))
            return true;
    return false;
}

bool aclstate_is_root_of(const struct acl *dacl, const struct sid *sid)
{
    const uint8_t below = ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT | ACE_INHERIT_ONLY;
    struct ace ace = { 0 };
    bool stays = false, gives = false;

    while (acl_next(dacl, &ace)) {
        if (!ace.plain || !sid_eq(&ace.sid, sid))
            continue;
        stays = stays || is_deny(&ace, ACLPLAN_STAY);
        gives = gives ||
                (ace.type == ACE_ALLOW && ace.flags == below && ace.mask == RIGHT_DELETE);
    }
    return stays && gives;
}

bool aclstate_was_protected(const struct acl *dacl, const struct sid *sid)
{
    struct ace ace = { 0 };

    while (acl_next(dacl, &ace))
        if (ace.plain && ace.type == ACE_DENY && !(ace.flags & ACE_INHERITED) &&
            (ace.mask & RIGHT_DELETE) && sid_eq(&ace.sid, sid))
            return true;
    return false;
}

/* Takes a SID out of the list. */
static size_t drop(const struct sid *sid, struct sid *list, size_t count)
{
    size_t left = 0;

    for (size_t i = 0; i < count; i++)
        if (!sid_eq(&list[i], sid))
            list[left++] = list[i];
    return left;
}

bool aclstate_gives(const struct acl *dacl, const struct sid *sid, uint32_t unless)
{
    struct ace ace = { 0 };
    bool gives = false;

    while (acl_next(dacl, &ace)) {
        if (!ace.plain || (ace.flags & ACE_INHERIT_ONLY) || !sid_eq(&ace.sid, sid))
            continue;
        if (ace.type == ACE_DENY && (ace.mask & unless) == unless)
            return false;
        gives = gives || (ace.type == ACE_ALLOW && (ace.mask & RIGHT_DELETE));
    }
    return gives;
}

size_t aclstate_givers(const struct acl *dacl, const struct sid *but, uint32_t unless,
                       struct sid *list)
{
    struct ace ace = { 0 };
    size_t count = 0;

    while (count < ACL_OURS_MAX && acl_next(dacl, &ace)) {
        if (!ace.plain || ace.type != ACE_ALLOW || !sid_is_ours(&ace.sid) ||
            sid_eq(&ace.sid, but) || !aclstate_gives(dacl, &ace.sid, unless))
            continue;
        count = drop(&ace.sid, list, count);
        list[count++] = ace.sid;
    }
    return count;
}

bool aclstate_is_lowered(const struct secdesc *sd)
{
    static const struct acl_ours ours = { .label = true };
    struct ace ace = { 0 };

    return secdesc_label(sd, &ace) && ace_is_ours(&ace, &ours);
}

void aclstate_unfinish(uint8_t *list, const struct acl *acl, const struct sid *sid)
{
    struct ace ace = { 0 };

    while (acl_next(acl, &ace))
        if (ace.plain && ace.type == ACE_ALLOW && !(ace.flags & ACE_INHERITED) &&
            sid_eq(&ace.sid, sid))
            list[(size_t)(ace.at - acl->at) + 1] = ace.flags | ACE_INHERIT_ONLY;
}

size_t aclstate_guards(const struct acl *dacl, const struct sid *only, struct sid *list)
{
    struct ace ace = { 0 };
    size_t count = 0;

    while (count < ACL_OURS_MAX && acl_next(dacl, &ace))
        if (is_own_deny(&ace, ACLPLAN_GUARD) && (!only || sid_eq(only, &ace.sid))) {
            count = drop(&ace.sid, list, count);
            list[count++] = ace.sid;
        }
    ace = (struct ace){ 0 };
    while (acl_next(dacl, &ace))
        if (ace.plain && ace.type == ACE_ALLOW)
            count = drop(&ace.sid, list, count);
    return count;
}

size_t aclstate_drop_needed(const struct acl *dacl, struct sid *list, size_t count)
{
    struct ace ace = { 0 };

    while (acl_next(dacl, &ace))
        if (ace.plain && ace.type == ACE_DENY && !(ace.flags & ACE_INHERITED))
            count = drop(&ace.sid, list, count);
    return count;
}
