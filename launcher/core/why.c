#include "core/why.h"

#include "core/sddl.h"

static void add_ace(struct u16buf *b, const struct acl *acl, size_t index)
{
    struct ace ace;

    if (index == ACCESSCHECK_NO_ACE || !acl_get(acl, index, &ace))
        return;
    u16buf_addz(b, u" by ");
    sddl_format_ace(&ace, b);
}

/* The rights of a mask by their names in winnt.h. */
static void add_rights(struct u16buf *b, uint32_t mask, bool directory)
{
    static const struct {
        uint32_t bit;
        const char16_t *name, *of_directory;
    } rights[] = {
        { RIGHT_FILE_READ_DATA, u"FILE_READ_DATA", u"FILE_LIST_DIRECTORY" },
        { RIGHT_FILE_WRITE_DATA, u"FILE_WRITE_DATA", u"FILE_ADD_FILE" },
        { RIGHT_FILE_APPEND_DATA, u"FILE_APPEND_DATA", u"FILE_ADD_SUBDIRECTORY" },
        { RIGHT_FILE_READ_EA, u"FILE_READ_EA", NULL },
        { RIGHT_FILE_WRITE_EA, u"FILE_WRITE_EA", NULL },
        { RIGHT_FILE_EXECUTE, u"FILE_EXECUTE", u"FILE_TRAVERSE" },
        { RIGHT_FILE_DELETE_CHILD, u"FILE_DELETE_CHILD", NULL },
        { RIGHT_FILE_READ_ATTRIBUTES, u"FILE_READ_ATTRIBUTES", NULL },
        { RIGHT_FILE_WRITE_ATTRIBUTES, u"FILE_WRITE_ATTRIBUTES", NULL },
        { RIGHT_DELETE, u"DELETE", NULL },
        { RIGHT_READ_CONTROL, u"READ_CONTROL", NULL },
        { RIGHT_WRITE_DAC, u"WRITE_DAC", NULL },
        { RIGHT_WRITE_OWNER, u"WRITE_OWNER", NULL },
        { RIGHT_SYNCHRONIZE, u"SYNCHRONIZE", NULL },
    };
    bool any = false;

    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        if (!(mask & rights[i].bit))
            continue;
        u16buf_addz(b, any ? u"|" : u"");
        u16buf_addz(b, directory && rights[i].of_directory ? rights[i].of_directory
                                                           : rights[i].name);
        any = true;
    }
}

/* Why one pass said what it did. */
static void add_pass(struct u16buf *b, const struct accesscheck_pass *pass,
                     const struct why_about *about, bool restricting)
{
    const char16_t *whom = restricting      ? u"the restricting SIDs"
                           : about->account ? u"the sandbox account"
                                            : u"you";

    switch (pass->why) {
    case ACCESSCHECK_DENY_ACE:
        u16buf_addz(b, about->name);
        u16buf_addz(b, u" is denied to ");
        u16buf_addz(b, whom);
        add_ace(b, &about->sd->dacl, pass->ace);
        break;
    case ACCESSCHECK_NOT_GIVEN:
        u16buf_addz(b, restricting ? u"no restricting SID" : whom);
        u16buf_addz(b, !restricting && !about->account ? u" are not granted "
                       : restricting                   ? u" is granted "
                                                       : u" is not granted ");
        add_rights(b, pass->missing, about->directory);
        u16buf_addz(b, u" on ");
        u16buf_addz(b, about->name);
        break;
    case ACCESSCHECK_LABEL:
        u16buf_addz(b, u"the integrity label of ");
        u16buf_addz(b, about->name);
        u16buf_addz(b, u" is above the token's level");
        add_ace(b, &about->sd->sacl, pass->ace);
        break;
    case ACCESSCHECK_NO_PRIVILEGE:
        u16buf_addz(b, u"a privilege is missing");
        break;
    case ACCESSCHECK_NULL_DACL:
        u16buf_addz(b, about->name);
        u16buf_addz(b, u" has no DACL, which grants everyone everything");
        break;
    case ACCESSCHECK_OWNER:
        u16buf_addz(b, u"the owner may");
        break;
    case ACCESSCHECK_PRIVILEGE:
        u16buf_addz(b, u"a privilege allows it");
        break;
    case ACCESSCHECK_ALLOW_ACE:
        u16buf_addz(b, u"granted to ");
        u16buf_addz(b, whom);
        add_ace(b, &about->sd->dacl, pass->ace);
        break;
    case ACCESSCHECK_UNASKED:
    case ACCESSCHECK_DOMINATES:
        u16buf_addz(b, u"nothing had to be asked");
        break;
    }
}

static const struct accesscheck_pass *deciding_pass(const struct accesscheck_verdict *v)
{
    switch (v->stage) {
    case ACCESSCHECK_BY_LABEL:
        return &v->label;
    case ACCESSCHECK_BY_RESTRICTING:
        return &v->restricting;
    case ACCESSCHECK_BY_PRIVILEGE:
    case ACCESSCHECK_BY_ORDINARY:
        break;
    }
    return &v->ordinary;
}

bool why_is_missing(const struct accesscheck_verdict *v)
{
    return deciding_pass(v)->why == ACCESSCHECK_NOT_GIVEN;
}

void why_add_verdict(struct u16buf *b, const struct accesscheck_verdict *v,
                     const struct why_about *about)
{
    add_pass(b, deciding_pass(v), about, v->stage == ACCESSCHECK_BY_RESTRICTING);
}
