#include "core/accesscheck.h"

/* One pass: whose SIDs count, and what they are held against. */
struct walk {
    const struct accesscheck_token *token;
    const struct secdesc *sd;
    const struct rights_mapping *mapping;
    bool restricting; /* the second pass: only restricting SIDs count */
    bool owns;        /* the owner is among the SIDs that count */
};

/* Whether the SID counts in this pass; a deny-only group counts against an entry that
 * denies and for nothing else. */
static bool counts(const struct walk *w, const struct sid *sid, bool deny)
{
    const struct accesscheck_token *t = w->token;

    if (w->restricting) {
        for (size_t i = 0; i < t->restricting_count; i++)
            if (sid_eq(&t->restricting[i], sid))
                return true;
        return false;
    }
    for (size_t i = 0; i < t->sid_count; i++)
        if ((t->sid[i].enabled || (deny && t->sid[i].deny_only)) &&
            sid_eq(&t->sid[i].sid, sid))
            return true;
    return false;
}

/* An entry for OWNER RIGHTS is one for the owner, whoever that is. */
static bool applies(const struct walk *w, const struct ace *ace, bool deny)
{
    struct sid owner_rights = sid_well_known(SID_OWNER_RIGHTS);

    return (w->owns && sid_eq(&ace->sid, &owner_rights)) || counts(w, &ace->sid, deny);
}

/* Whether the list has an entry for OWNER RIGHTS, which ends the owner's implicit ones.
 * An inherit-only entry does not control the object it is on. */
static bool has_owner_rights(const struct acl *dacl)
{
    struct sid owner_rights = sid_well_known(SID_OWNER_RIGHTS);
    struct ace ace = { 0 };

    while (acl_next(dacl, &ace))
        if (ace.plain && !(ace.flags & ACE_INHERIT_ONLY) &&
            sid_eq(&ace.sid, &owner_rights))
            return true;
    return false;
}

/* Entries whose effect hangs on what is not modelled: a condition, or an object type,
 * which nobody asks for on a file. */
static bool is_uncertain(const struct ace *ace)
{
    return ace->type == ACE_ALLOW_CALLBACK || ace->type == ACE_DENY_CALLBACK ||
           ace->type == ACE_ALLOW_CALLBACK_OBJECT ||
           ace->type == ACE_DENY_CALLBACK_OBJECT || ace->object_type;
}

/* The list, entry by entry: whichever speaks first of a right decides over it, which is
 * [MS-DTYP]'s remaining access, bit by bit, and serves MAXIMUM_ALLOWED as well.
 * Generic rights in an entry are mapped: stored ones have been already. */
static void walk_dacl(const struct walk *w, uint32_t want, struct accesscheck_pass *pass)
{
    uint32_t denied = 0, perhaps = 0;
    size_t allow = ACCESSCHECK_NO_ACE, deny = ACCESSCHECK_NO_ACE;
    struct ace ace = { 0 };

    while (acl_next(&w->sd->dacl, &ace)) {
        bool denies = ace_is_deny(ace.type);
        uint32_t news = 0;

        if (!ace.plain || (ace.flags & ACE_INHERIT_ONLY) ||
            !(denies || ace_is_allow(ace.type)) || !applies(w, &ace, denies))
            continue;
        news = rights_map(ace.mask, w->mapping) & ~(pass->granted | denied);
        if (is_uncertain(&ace))
            perhaps |= news;
        if (denies) {
            denied |= news;
            if ((news & want) && deny == ACCESSCHECK_NO_ACE)
                deny = ace.index;
        } else if (!is_uncertain(&ace)) {
            pass->granted |= news;
            if (news & want)
                allow = ace.index;
        }
    }
    pass->missing = want & ~pass->granted;
    pass->unsure = (perhaps & ~pass->granted & (want ? want : UINT32_MAX)) != 0;
    if (pass->missing)
        pass->why =
            deny == ACCESSCHECK_NO_ACE ? ACCESSCHECK_NOT_GIVEN : ACCESSCHECK_DENY_ACE;
    else if (allow != ACCESSCHECK_NO_ACE || want == 0)
        pass->why = ACCESSCHECK_ALLOW_ACE;
    else
        pass->why = ACCESSCHECK_OWNER;
    pass->ace = pass->missing ? deny : allow;
}

/* Either pass.  Whether the owner's implicit rights count is decided for each by its own
 * SIDs, so that a restricted child has none of them on the user's files. */
static void decide_pass(const struct accesscheck_token *token, const struct secdesc *sd,
                        uint32_t want, const struct rights_mapping *mapping,
                        bool restricting, struct accesscheck_pass *pass)
{
    struct walk w = {
        .token = token, .sd = sd, .mapping = mapping, .restricting = restricting
    };

    *pass = (struct accesscheck_pass){ .ace = ACCESSCHECK_NO_ACE };
    if (!sd->dacl.at) {
        pass->why = ACCESSCHECK_NULL_DACL;
        pass->granted = mapping->all | want;
        return;
    }
    w.owns = sd->has_owner && counts(&w, &sd->owner, false);
    if (w.owns && !has_owner_rights(&sd->dacl))
        pass->granted = RIGHT_READ_CONTROL | RIGHT_WRITE_DAC;
    walk_dacl(&w, want, pass);
}

/* What the label leaves: reading is what GENERIC_READ maps to, executing likewise, and
 * writing is GENERIC_WRITE and all that is in neither of the two (DELETE, WRITE_DAC,
 * FILE_DELETE_CHILD).  No label: Medium, no write up.  [MS-DTYP] 2.5.3.3 gives writing
 * only to a token that dominates, whatever the label's policy; here the policy counts, as
 * its own documentation has it, so that the model does not call denied what may not be.
 */
static void decide_label(const struct accesscheck_token *token, const struct secdesc *sd,
                         uint32_t want, const struct rights_mapping *m,
                         struct accesscheck_pass *pass)
{
    uint32_t level = SID_LEVEL_MEDIUM, policy = ACE_LABEL_NO_WRITE_UP;
    struct ace label = { 0 };

    *pass = (struct accesscheck_pass){ .ace = ACCESSCHECK_NO_ACE, .granted = UINT32_MAX };
    if (!token->no_write_up)
        return;
    if (secdesc_label(sd, &label) && sid_is_label(&label.sid)) {
        level = label.sid.sub[0];
        policy = label.mask;
        pass->ace = label.index;
    }
    pass->why = ACCESSCHECK_DOMINATES;
    if (token->level >= level)
        return;
    pass->granted = 0;
    if (!(policy & ACE_LABEL_NO_READ_UP))
        pass->granted |= m->read;
    if (!(policy & ACE_LABEL_NO_EXECUTE_UP))
        pass->granted |= m->execute;
    if (!(policy & ACE_LABEL_NO_WRITE_UP))
        pass->granted |= m->write | ~(m->read | m->execute);
    if (token->privileges & ACCESSCHECK_SE_RELABEL)
        pass->granted |= RIGHT_WRITE_OWNER;
    pass->missing = want & ~pass->granted;
    pass->why = ACCESSCHECK_LABEL;
}

/* The rights that privileges give, past the label and both passes. */
static uint32_t by_privilege(const struct accesscheck_token *token, uint32_t want)
{
    uint32_t given = 0;

    if (token->privileges & ACCESSCHECK_SE_SECURITY)
        given |= want & RIGHT_SYSTEM_SECURITY;
    if (token->privileges & ACCESSCHECK_SE_TAKE_OWNERSHIP)
        given |= want & RIGHT_WRITE_OWNER;
    return given;
}

/* The first that said no, else the last that was asked.  That MAXIMUM_ALLOWED came to
 * nothing is also said by the first that left nothing. */
static void find_stage(struct accesscheck_verdict *v, bool restricted)
{
    if (!v->allowed && !v->missing) {
        bool first = v->ordinary.granted == 0;

        v->stage = first                                    ? ACCESSCHECK_BY_ORDINARY
                   : v->ordinary.granted & v->label.granted ? ACCESSCHECK_BY_RESTRICTING
                                                            : ACCESSCHECK_BY_LABEL;
        if (first)
            v->ordinary.why = ACCESSCHECK_NOT_GIVEN;
        else if (v->stage == ACCESSCHECK_BY_RESTRICTING)
            v->restricting.why = ACCESSCHECK_NOT_GIVEN;
        return;
    }
    if (v->label.missing)
        v->stage = ACCESSCHECK_BY_LABEL;
    else if (v->ordinary.missing || !restricted)
        v->stage = ACCESSCHECK_BY_ORDINARY;
    else
        v->stage = ACCESSCHECK_BY_RESTRICTING;
}

void accesscheck_object(const struct accesscheck_token *token, const struct secdesc *sd,
                        uint32_t desired, const struct rights_mapping *mapping,
                        struct accesscheck_verdict *verdict)
{
    struct accesscheck_verdict v = { 0 };
    bool maximum = (desired & RIGHT_MAXIMUM_ALLOWED) != 0;
    bool restricted = token->restricting_count != 0;
    uint32_t want = rights_map(desired, mapping) & ~RIGHT_MAXIMUM_ALLOWED;
    uint32_t given = by_privilege(token, want);
    uint32_t covers =
        token->write_restricted ? rights_write_restricted(mapping) : UINT32_MAX;

    want &= ~given;
    if (want & RIGHT_SYSTEM_SECURITY) { /* no entry can give it */
        v.stage = ACCESSCHECK_BY_PRIVILEGE;
        v.missing = RIGHT_SYSTEM_SECURITY;
        v.ordinary.why = ACCESSCHECK_NO_PRIVILEGE;
        v.ordinary.missing = RIGHT_SYSTEM_SECURITY;
        v.ordinary.ace = v.label.ace = v.restricting.ace = ACCESSCHECK_NO_ACE;
        *verdict = v;
        return;
    }
    decide_label(token, sd, want, mapping, &v.label);
    decide_pass(token, sd, want, mapping, false, &v.ordinary);
    v.granted = v.ordinary.granted & v.label.granted;
    v.restricting.ace = ACCESSCHECK_NO_ACE;
    if (restricted && (maximum || (want & covers))) {
        decide_pass(token, sd, want & covers, mapping, true, &v.restricting);
        v.granted &= v.restricting.granted | ~covers;
    }
    v.missing = want & ~v.granted;
    v.granted = (maximum ? v.granted : want) | given;
    v.allowed = v.missing == 0 && (!maximum || v.granted);
    if (v.allowed && given && want == 0 && !maximum) {
        v.stage = ACCESSCHECK_BY_PRIVILEGE;
        v.ordinary.why = ACCESSCHECK_PRIVILEGE;
    } else {
        find_stage(&v, restricted && v.restricting.why != ACCESSCHECK_UNASKED);
    }
    if (!v.allowed)
        v.granted = 0;
    *verdict = v;
}

/* Which of the rights the directory gives on what is in it.  It is asked for one of them
 * again, so that the verdict names an entry. */
static uint32_t by_parent(const struct accesscheck_token *token,
                          const struct secdesc *parent, uint32_t want,
                          struct accesscheck_verdict *verdict)
{
    uint32_t given = 0;

    accesscheck_object(token, parent, RIGHT_FILE_LIST, &rights_file, verdict);
    if ((want & RIGHT_FILE_READ_ATTRIBUTES) && verdict->allowed)
        given |= RIGHT_FILE_READ_ATTRIBUTES;
    if (!(want & RIGHT_DELETE))
        return given;
    accesscheck_object(token, parent, RIGHT_FILE_DELETE_CHILD, &rights_file, verdict);
    return verdict->allowed ? given | RIGHT_DELETE : given;
}

void accesscheck_file(const struct accesscheck_token *token, const struct secdesc *sd,
                      const struct secdesc *parent, uint32_t desired,
                      struct accesscheck_file_verdict *verdict)
{
    struct accesscheck_file_verdict v = { 0 };
    bool maximum = (desired & RIGHT_MAXIMUM_ALLOWED) != 0;
    uint32_t lent = RIGHT_DELETE | RIGHT_FILE_READ_ATTRIBUTES;

    accesscheck_object(token, sd, desired, &rights_file, &v.object);
    v.allowed = v.object.allowed;
    v.granted = v.object.granted;
    lent &= ~v.granted & (maximum ? UINT32_MAX : rights_map(desired, &rights_file));
    if (parent && lent && (maximum || !v.allowed)) {
        struct accesscheck_verdict rest;

        lent = by_parent(token, parent, lent, &v.parent);
        desired = rights_map(desired, &rights_file) & ~lent;
        accesscheck_object(token, sd, desired, &rights_file, &rest);
        if (lent && rest.missing == 0) {
            v.allowed = v.by_parent = true;
            v.granted = rest.granted | lent;
        }
    }
    *verdict = v;
}

void accesscheck_rename(const struct accesscheck_token *token, const struct secdesc *sd,
                        const struct secdesc *parent, const struct secdesc *target,
                        bool is_directory, struct accesscheck_file_verdict *verdict)
{
    struct accesscheck_file_verdict v;

    accesscheck_file(token, sd, parent, RIGHT_DELETE, &v);
    if (target) {
        accesscheck_object(token, target,
                           is_directory ? RIGHT_FILE_ADD_SUBDIRECTORY
                                        : RIGHT_FILE_ADD_FILE,
                           &rights_file, &v.target);
        v.allowed = v.allowed && v.target.allowed;
    }
    *verdict = v;
}
