#include "core/ownlist.h"

#define BOTH (ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT)

bool ownlist_is_private(const struct acl *dacl, const struct sid *user)
{
    const struct sid rights = sid_well_known(SID_OWNER_RIGHTS);
    const struct sid system = sid_well_known(SID_SYSTEM);
    const struct sid administrators = sid_well_known(SID_ADMINISTRATORS);
    struct ace ace = { 0 };
    bool has_owner = false;

    while (dacl->at && acl_next(dacl, &ace)) {
        bool owns = false;

        if (!ace.plain)
            return false;
        owns = sid_eq(&ace.sid, user) || sid_eq(&ace.sid, &rights);
        if (ace.type != ACE_ALLOW || ace.flags != BOTH ||
            rights_map(ace.mask, &rights_file) != RIGHT_FILE_ALL ||
            (!owns && !sid_eq(&ace.sid, &system) && !sid_eq(&ace.sid, &administrators)))
            return false;
        has_owner |= owns;
    }
    return has_owner;
}

/* The flags that a directory's copy of an inheritable entry has; false when none is made.
 * It is written as the directory's own, not as inherited: its list is one that inherits
 * nothing. */
static bool handed_down(const struct ace *ace, uint8_t *flags)
{
    if (!(ace->flags & BOTH))
        return false;
    *flags = ace->flags & BOTH;
    if (ace->flags & ACE_NO_PROPAGATE)
        *flags = 0;
    if (ace->flags & ACE_CONTAINER_INHERIT)
        return true;
    *flags |= ACE_INHERIT_ONLY;
    return !(ace->flags & ACE_NO_PROPAGATE);
}

/* Whether the entry is the fence's: never what may change the list itself, whoever has
 * written it. */
static bool is_ours(const struct ace *ace)
{
    static const struct acl_ours ours = { .marker = true };

    return ace_is_ours(ace, &ours) &&
           (ace->type == ACE_DENY ||
            !(rights_map(ace->mask, &rights_file) &
              (RIGHT_WRITE_DAC | RIGHT_WRITE_OWNER | RIGHT_FILE_DELETE_CHILD)));
}

static size_t add_inherited(const struct acl *parent, uint8_t type, struct aclbuf *out)
{
    struct ace ace = { 0 };
    size_t count = 0;

    while (parent->at && acl_next(parent, &ace)) {
        struct acl_entry entry = { type, 0, ace.mask, ace.sid };

        if (!ace.plain || ace.type != type || !is_ours(&ace) ||
            !handed_down(&ace, &entry.flags))
            continue;
        aclbuf_add(out, &entry);
        count++;
    }
    return count;
}

bool ownlist_add_inherited(const struct acl *old, const struct acl *parent,
                           struct aclbuf *out)
{
    struct ace ace = { 0 };
    size_t allowed = 0;

    (void)add_inherited(parent, ACE_DENY, out);
    while (acl_next(old, &ace))
        aclbuf_add_ace(out, &ace);
    allowed = add_inherited(parent, ACE_ALLOW, out);
    return allowed && !out->cut;
}
