#include "core/accesscheck.h"
#include "core/sddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define USER  "S-1-5-21-1-2-3-1001"
#define GROUP "S-1-5-21-1-2-3-2002"
#define ROOT  "S-1-5-21-1380535879-1-1-1"
#define OTHER "S-1-5-21-1380535879-9-9-9"
#define RUN   "S-1-5-21-1380535879-2-2-2"
#define READ  "S-1-5-21-1380535879-3-3-3"
#define LOGON "S-1-5-5-0-77"

#define ARENAS 32u

static uint8_t arena[ARENAS][2048];
static size_t arena_next;

static struct sid sid_text(const char16_t *text)
{
    struct sid sid;

    assert_true(sid_parse(&sid, u16s_of(text)));
    return sid;
}

/* Good until ARENAS more were asked for. */
static struct secdesc sd_text(const char16_t *text)
{
    uint8_t *at = arena[arena_next++ % ARENAS];
    struct secdesc sd;
    struct err err;

    assert_true(sddl_parse(&sd, u16s_of(text), NULL, at, sizeof arena[0], &err));
    return sd;
}

/* --- tokens ---------------------------------------------------------------------------
 */

static struct accesscheck_sid sids[6];
static struct sid restricting[8];

/* A user as he is logged on: member of Users and GROUP, his Administrators deny-only
 * (UAC), one group switched off. */
static struct accesscheck_token user_token(void)
{
    static const struct {
        const char16_t *sid;
        bool enabled, deny_only;
    } list[6] = {
        { u"" USER, true, false },        { u"S-1-1-0", true, false },
        { u"S-1-5-32-545", true, false }, { u"" LOGON, true, false },
        { u"S-1-5-32-544", false, true }, { u"" GROUP, false, false },
    };

    for (size_t i = 0; i < 6; i++)
        sids[i] = (struct accesscheck_sid){ sid_text(list[i].sid), list[i].enabled,
                                            list[i].deny_only };
    return (struct accesscheck_token){
        .sid = sids, .sid_count = 6, .level = SID_LEVEL_MEDIUM, .no_write_up = true
    };
}

/* The fences of the design, section 5: restricting SIDs in that order. */
static struct accesscheck_token fence(bool strict)
{
    static const char16_t *const list[8] = {
        u"" ROOT, u"" RUN,         u"" LOGON,   u"S-1-1-0", /* standard has these */
        u"" READ, u"S-1-5-32-545", u"S-1-5-12", u"S-1-15-2-1",
    };
    struct accesscheck_token t = user_token();

    for (size_t i = 0; i < 8; i++)
        restricting[i] = sid_text(list[i]);
    t.restricting = restricting;
    t.restricting_count = strict ? 8 : 4;
    t.write_restricted = !strict;
    return t;
}

static struct accesscheck_verdict check(const struct accesscheck_token *t,
                                        const char16_t *sddl, uint32_t desired)
{
    struct secdesc sd = sd_text(sddl);
    struct accesscheck_verdict v;

    accesscheck_object(t, &sd, desired, &rights_file, &v);
    return v;
}

/* --- the ordinary pass, [MS-DTYP] 2.5.3.2 ---------------------------------------------
 */

static void accesscheck_object__null_dacl__gives_everything(void **state)
{
    struct accesscheck_token t = user_token();
    struct accesscheck_verdict v = check(&t, u"O:SYD:NO_ACCESS_CONTROL", RIGHT_FILE_ALL);

    (void)state;
    assert_true(v.allowed);
    assert_int_equal(v.ordinary.why, ACCESSCHECK_NULL_DACL);
    v = check(&t, u"O:SY", RIGHT_MAXIMUM_ALLOWED); /* not present is the same */
    assert_true(v.allowed);
    assert_int_equal(v.granted, RIGHT_FILE_ALL);
    t = fence(true); /* and a restricted token is given everything too */
    assert_true(check(&t, u"O:SY", RIGHT_FILE_ALL).allowed);
}

static void accesscheck_object__empty_dacl__gives_nothing_but_to_the_owner(void **state)
{
    struct accesscheck_token t = user_token();
    struct accesscheck_verdict v = check(&t, u"O:SYD:", RIGHT_FILE_READ_DATA);

    (void)state;
    assert_false(v.allowed);
    assert_int_equal(v.stage, ACCESSCHECK_BY_ORDINARY);
    assert_int_equal(v.ordinary.why, ACCESSCHECK_NOT_GIVEN);
    assert_int_equal(v.missing, RIGHT_FILE_READ_DATA);
    assert_false(check(&t, u"O:SYD:", RIGHT_MAXIMUM_ALLOWED).allowed);
    v = check(&t, u"O:" USER "D:", RIGHT_READ_CONTROL | RIGHT_WRITE_DAC);
    assert_true(v.allowed);
    assert_int_equal(v.ordinary.why, ACCESSCHECK_OWNER);
    v = check(&t, u"O:" USER "D:", RIGHT_MAXIMUM_ALLOWED);
    assert_int_equal(v.granted, RIGHT_READ_CONTROL | RIGHT_WRITE_DAC);
    assert_false(check(&t, u"O:" USER "D:", RIGHT_WRITE_OWNER).allowed);
}

/* MS: How DACLs Control Access to an Object: Andrew is denied, Group A writes, Everyone
 * reads and executes.  Andrew is in Group A and gets nothing, Jane gets all three. */
static void accesscheck_object__microsofts_andrew_and_jane__differ(void **state)
{
    static const char16_t dacl[] =
        u"D:(D;;FRFWFX;;;S-1-5-21-1-2-3-4)(A;;FW;;;" GROUP ")(A;;FRFX;;;WD)";
    struct accesscheck_sid andrew[] = { { sid_text(u"S-1-5-21-1-2-3-4"), true, false },
                                        { sid_text(u"" GROUP), true, false },
                                        { sid_everyone(), true, false } };
    struct accesscheck_token t = { .sid = andrew, .sid_count = 3 };
    struct accesscheck_verdict v = check(&t, dacl, RIGHT_FILE_GENERIC_WRITE);

    (void)state;
    assert_false(v.allowed);
    assert_int_equal(v.ordinary.why, ACCESSCHECK_DENY_ACE);
    assert_int_equal(v.ordinary.ace, 0);
    andrew[0].sid = sid_text(u"S-1-5-21-1-2-3-5");
    v = check(&t, dacl, RIGHT_GENERIC_WRITE | RIGHT_GENERIC_READ | RIGHT_GENERIC_EXECUTE);
    assert_true(v.allowed);
    assert_int_equal(v.ordinary.why, ACCESSCHECK_ALLOW_ACE);
    assert_int_equal(v.ordinary.ace, 2);
}

static void accesscheck_object__order_of_entries__decides(void **state)
{
    struct accesscheck_token t = user_token();
    static const struct {
        const char16_t *sddl;
        uint32_t desired;
        bool allowed;
        uint32_t maximum;
    } rows[] = {
        { u"D:(D;;0x2;;;WD)(A;;FA;;;" USER ")", 2, false, 0x1F01FD },
        { u"D:(A;;FA;;;" USER ")(D;;0x2;;;WD)", 2, true, 0x1F01FF },
        { u"D:(D;;0x2;;;WD)(A;;FA;;;" USER ")", 1, true, 0x1F01FD },
        { u"D:(A;;0x1;;;WD)(A;;0x2;;;BU)", 3, true, 3 },
        { u"D:(A;;0x1;;;WD)(A;;0x2;;;SY)", 3, false, 1 },
        { u"D:(A;;0x1;;;WD)(D;;0x3;;;WD)(A;;0x2;;;WD)", 3, false, 1 },
        { u"D:(A;OICIIO;FA;;;WD)", 1, false, 0 }, /* inherit-only is not here */
        { u"D:(D;OICIIO;FA;;;WD)(A;;FR;;;WD)", 1, true, RIGHT_FILE_GENERIC_READ },
        { u"D:(A;;GR;;;WD)", RIGHT_GENERIC_READ, true, RIGHT_FILE_GENERIC_READ },
        { u"D:(A;;GA;;;WD)", RIGHT_FILE_ALL, true, RIGHT_FILE_ALL },
        { u"D:(AU;SAFA;FA;;;WD)", 1, false, 0 }, /* an audit in a DACL gives nothing */
        { u"D:(0x77;;#ff011f0001010000000000010000000000)(A;;0x1;;;WD)", 1, true, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct accesscheck_verdict v = check(&t, rows[i].sddl, rows[i].desired);

        assert_int_equal(v.allowed, rows[i].allowed);
        v = check(&t, rows[i].sddl, RIGHT_MAXIMUM_ALLOWED);
        assert_int_equal(v.granted, rows[i].maximum);
        assert_int_equal(v.allowed, rows[i].maximum != 0);
        assert_false(v.ordinary.unsure);
    }
}

static void accesscheck_object__maximum_and_a_right__needs_the_right(void **state)
{
    struct accesscheck_token t = user_token();
    struct accesscheck_verdict v =
        check(&t, u"D:(A;;0x3;;;WD)", RIGHT_MAXIMUM_ALLOWED | RIGHT_FILE_READ_DATA);

    (void)state;
    assert_true(v.allowed);
    assert_int_equal(v.granted, 3);
    v = check(&t, u"D:(A;;0x3;;;WD)", RIGHT_MAXIMUM_ALLOWED | RIGHT_DELETE);
    assert_false(v.allowed);
    assert_int_equal(v.granted, 0);
    assert_int_equal(v.missing, RIGHT_DELETE);
    assert_true(check(&t, u"O:SYD:", 0).allowed); /* nothing asked, nothing remains */
}

static void accesscheck_object__deny_only_and_disabled_groups__count_as_told(void **state)
{
    struct accesscheck_token t = user_token();

    (void)state;
    assert_false(check(&t, u"D:(A;;FA;;;BA)", 1).allowed);
    assert_false(check(&t, u"D:(D;;0x1;;;BA)(A;;FA;;;WD)", 1).allowed);
    assert_true(check(&t, u"D:(D;;0x1;;;" GROUP ")(A;;FA;;;WD)", 1).allowed);
    assert_false(check(&t, u"D:(A;;FA;;;" GROUP ")", 1).allowed);
    assert_false(check(&t, u"O:BAD:", RIGHT_WRITE_DAC).allowed); /* nor does it own */
    sids[4].enabled = true;
    assert_true(check(&t, u"O:BAD:", RIGHT_WRITE_DAC).allowed);
    assert_true(check(&t, u"D:(A;;FA;;;BA)", 1).allowed);
}

static void
accesscheck_object__owner_rights_entry__replaces_the_implicit_ones(void **state)
{
    struct accesscheck_token t = user_token();
    const uint32_t both = RIGHT_READ_CONTROL | RIGHT_WRITE_DAC;

    (void)state;
    assert_true(check(&t, u"O:" USER "D:(D;;WD;;;WD)", both).allowed); /* even denied */
    assert_false(check(&t, u"O:" USER "D:(A;;RC;;;OW)", both).allowed);
    assert_true(check(&t, u"O:" USER "D:(A;;RC;;;OW)", RIGHT_READ_CONTROL).allowed);
    assert_true(check(&t, u"O:" USER "D:(A;;FA;;;OW)", RIGHT_FILE_ALL).allowed);
    assert_false(check(&t, u"O:SYD:(A;;FA;;;OW)", 1).allowed); /* who does not own */
    assert_false(check(&t, u"O:" USER "D:(D;;0x1;;;OW)(A;;FA;;;WD)", 1).allowed);
    assert_false(check(&t, u"O:" USER "D:(D;;0x1;;;OW)", RIGHT_READ_CONTROL).allowed);
    assert_true(check(&t, u"O:" USER "D:(A;OIIO;RC;;;OW)", both).allowed);
    assert_false(check(&t, u"D:", both).allowed); /* no owner at all */
}

static void accesscheck_object__privileges__give_what_no_entry_can(void **state)
{
    struct accesscheck_token t = user_token();
    struct accesscheck_verdict v =
        check(&t, u"D:(A;;FA;;;WD)", RIGHT_SYSTEM_SECURITY | RIGHT_FILE_READ_DATA);

    (void)state;
    assert_false(v.allowed);
    assert_int_equal(v.stage, ACCESSCHECK_BY_PRIVILEGE);
    assert_int_equal(v.ordinary.why, ACCESSCHECK_NO_PRIVILEGE);
    assert_false(check(&t, u"", RIGHT_SYSTEM_SECURITY).allowed);
    assert_false(check(&t, u"D:(A;;0x1000000;;;WD)", RIGHT_SYSTEM_SECURITY).allowed);
    t.privileges = ACCESSCHECK_SE_SECURITY;
    assert_true(check(&t, u"D:", RIGHT_SYSTEM_SECURITY).allowed);
    assert_false(check(&t, u"D:", RIGHT_SYSTEM_SECURITY | RIGHT_WRITE_OWNER).allowed);
    t.privileges |= ACCESSCHECK_SE_TAKE_OWNERSHIP;
    v = check(&t, u"D:", RIGHT_SYSTEM_SECURITY | RIGHT_WRITE_OWNER);
    assert_true(v.allowed);
    assert_int_equal(v.stage, ACCESSCHECK_BY_PRIVILEGE);
    assert_int_equal(v.granted, RIGHT_SYSTEM_SECURITY | RIGHT_WRITE_OWNER);
    assert_false(check(&t, u"D:", RIGHT_WRITE_OWNER | RIGHT_FILE_READ_DATA).allowed);
}

static void
accesscheck_object__what_is_not_modelled__fails_closed_and_says_so(void **state)
{
    struct accesscheck_token t = user_token();
    struct accesscheck_verdict v = check(&t, u"D:(XA;;FR;;;WD;(#61727478))", 1);

    (void)state;
    assert_false(v.allowed);
    assert_true(v.ordinary.unsure);
    v = check(&t, u"D:(XD;;FR;;;WD;(#61727478))(A;;FA;;;WD)", 1);
    assert_false(v.allowed);
    assert_true(v.ordinary.unsure);
    v = check(&t, u"D:(XA;;FR;;;WD;(#61727478))(A;;FA;;;WD)", 1);
    assert_true(v.allowed);
    assert_false(v.ordinary.unsure);
    v = check(&t, u"D:(XA;;FR;;;SY;(#61727478))", 1);
    assert_false(v.ordinary.unsure);
    v = check(&t, u"D:(OA;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;WD)", 1);
    assert_false(v.allowed);
    assert_true(v.ordinary.unsure);
    v = check(&t, u"D:(OA;;FA;;bf967aba-0de6-11d0-a285-00aa003049e2;WD)", 1);
    assert_true(v.allowed && !v.ordinary.unsure); /* no object type: an ordinary one */
}

/* --- the restricting pass -------------------------------------------------------------
 */

static void accesscheck_object__strict__needs_both_passes(void **state)
{
    struct accesscheck_token t = fence(true);
    struct accesscheck_verdict v = check(&t, u"D:(A;;FA;;;" USER ")", 1);

    (void)state;
    assert_false(v.allowed);
    assert_int_equal(v.stage, ACCESSCHECK_BY_RESTRICTING);
    assert_int_equal(v.restricting.why, ACCESSCHECK_NOT_GIVEN);
    v = check(&t, u"D:(A;;FA;;;" ROOT ")", 1);
    assert_false(v.allowed);
    assert_int_equal(v.stage, ACCESSCHECK_BY_ORDINARY);
    v = check(&t, u"D:(A;;FA;;;" USER ")(A;;0x3;;;" ROOT ")", RIGHT_MAXIMUM_ALLOWED);
    assert_int_equal(v.granted, 3);
    v = check(&t, u"D:(D;;0x2;;;" ROOT ")(A;;FA;;;" USER ")(A;;FA;;;" ROOT ")", 3);
    assert_false(v.allowed);
    assert_int_equal(v.restricting.why, ACCESSCHECK_DENY_ACE);
    assert_int_equal(v.restricting.ace, 0);
    v = check(&t, u"D:(A;;0x1;;;" USER ")(A;;0x2;;;" ROOT ")", RIGHT_MAXIMUM_ALLOWED);
    assert_false(v.allowed);
    assert_int_equal(v.stage, ACCESSCHECK_BY_RESTRICTING);
    assert_true(check(&t, u"D:(A;;0x2;;;WD)", 2).allowed); /* Everyone is in both */
}

static void
accesscheck_object__owner_of_a_restricted_token__has_no_implicit_rights(void **state)
{
    struct accesscheck_token t = fence(false);
    const char16_t *mine = u"O:" USER "D:(A;;FA;;;" USER ")";

    (void)state;
    assert_false(check(&t, mine, RIGHT_WRITE_DAC).allowed);
    assert_true(check(&t, mine, RIGHT_READ_CONTROL).allowed);
    t = fence(true);
    assert_false(check(&t, mine, RIGHT_WRITE_DAC).allowed);
    assert_false(check(&t, mine, RIGHT_READ_CONTROL).allowed);
    assert_true(check(&t, u"O:WDD:", RIGHT_WRITE_DAC).allowed); /* owned by Everyone */
}

/* Right by right: what a write-restricted child has where only the user is named. */
static void accesscheck_object__write_restricted__covers_exactly_its_mask(void **state)
{
    const uint32_t mask = 0x116 | RIGHT_DELETE | RIGHT_WRITE_DAC | RIGHT_WRITE_OWNER |
                          RIGHT_SYSTEM_SECURITY;
    struct accesscheck_token t = fence(false);
    struct accesscheck_verdict v;

    (void)state;
    assert_int_equal(rights_write_restricted(&rights_file), mask);
    for (uint32_t bit = 1; bit <= RIGHT_SYNCHRONIZE; bit <<= 1) {
        if (!(bit & RIGHT_FILE_ALL))
            continue;
        v = check(&t, u"O:SYD:(A;;FA;;;" USER ")", bit);
        assert_int_equal(v.allowed, !(bit & mask));
        assert_int_equal(v.stage, bit & mask ? ACCESSCHECK_BY_RESTRICTING
                                             : ACCESSCHECK_BY_ORDINARY);
        assert_true(check(&t, u"D:(A;;FA;;;" USER ")(A;;FA;;;" RUN ")", bit).allowed);
    }
    v = check(&t, u"O:SYD:(A;;FA;;;" USER ")", RIGHT_MAXIMUM_ALLOWED);
    assert_int_equal(v.granted, RIGHT_FILE_ALL & ~mask);
    assert_true(v.granted & RIGHT_FILE_DELETE_CHILD); /* openai/codex#32915 */
}

/* --- the mandatory label, [MS-DTYP] 2.5.3.3 -------------------------------------------
 */

static void accesscheck_object__label__limits_a_lower_token(void **state)
{
    static const struct {
        const char16_t *sacl;
        uint32_t level, desired;
        bool allowed;
    } rows[] = {
        /* no label: Medium, no write up */
        { u"", SID_LEVEL_LOW, RIGHT_FILE_GENERIC_READ, true },
        { u"", SID_LEVEL_LOW, RIGHT_FILE_GENERIC_EXECUTE, true },
        { u"", SID_LEVEL_LOW, RIGHT_FILE_WRITE_DATA, false },
        { u"", SID_LEVEL_LOW, RIGHT_DELETE, false },
        { u"", SID_LEVEL_LOW, RIGHT_WRITE_DAC, false },
        { u"", SID_LEVEL_LOW, RIGHT_FILE_DELETE_CHILD, false },
        { u"", SID_LEVEL_LOWERED, RIGHT_FILE_WRITE_DATA, false },
        { u"", SID_LEVEL_MEDIUM, RIGHT_FILE_ALL, true },
        { u"", SID_LEVEL_HIGH, RIGHT_FILE_ALL, true },
        /* ours, between the two */
        { u"S:(ML;;NW;;;S-1-16-6144)", SID_LEVEL_LOW, RIGHT_FILE_WRITE_DATA, false },
        { u"S:(ML;;NW;;;S-1-16-6144)", SID_LEVEL_LOWERED, RIGHT_FILE_ALL, true },
        { u"S:(ML;;NW;;;S-1-16-6144)", SID_LEVEL_MEDIUM, RIGHT_FILE_ALL, true },
        /* policies */
        { u"S:(ML;;NR;;;HI)", SID_LEVEL_MEDIUM, RIGHT_FILE_READ_DATA, false },
        { u"S:(ML;;NR;;;HI)", SID_LEVEL_MEDIUM, RIGHT_FILE_WRITE_DATA, true },
        { u"S:(ML;;NX;;;HI)", SID_LEVEL_MEDIUM, RIGHT_FILE_EXECUTE, false },
        { u"S:(ML;;NX;;;HI)", SID_LEVEL_MEDIUM, RIGHT_FILE_READ_DATA, true },
        { u"S:(ML;;NWNRNX;;;HI)", SID_LEVEL_MEDIUM, RIGHT_FILE_READ_ATTRIBUTES, false },
        { u"S:(ML;;;;;HI)", SID_LEVEL_LOW, RIGHT_FILE_ALL, true },
        /* inherit-only: as if there were none */
        { u"S:(ML;OICIIO;NW;;;HI)", SID_LEVEL_MEDIUM, RIGHT_FILE_ALL, true },
        { u"S:(ML;OICIIO;NW;;;LW)", SID_LEVEL_LOW, RIGHT_FILE_WRITE_DATA, false },
        { u"S:(ML;;NW;;;WD)", SID_LEVEL_LOW, RIGHT_FILE_WRITE_DATA,
          false }, /* no label */
    };
    struct accesscheck_token t = user_token();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char16_t text[100];
        struct u16buf b = U16BUF(text);
        struct accesscheck_verdict v;

        u16buf_add_ascii(&b, "D:(A;;FA;;;WD)");
        u16buf_addz(&b, rows[i].sacl);
        t.level = rows[i].level;
        t.no_write_up = true;
        v = check(&t, text, rows[i].desired);
        assert_int_equal(v.allowed, rows[i].allowed);
        if (!v.allowed)
            assert_int_equal(v.stage, ACCESSCHECK_BY_LABEL);
        t.no_write_up = false; /* TOKEN_MANDATORY_POLICY_OFF */
        assert_true(check(&t, text, rows[i].desired).allowed);
    }
}

static void accesscheck_object__label__says_which_and_maximum_obeys(void **state)
{
    struct accesscheck_token t = user_token();
    struct accesscheck_verdict v;

    (void)state;
    t.level = SID_LEVEL_LOWERED;
    v = check(&t, u"D:(A;;FA;;;WD)S:(AU;SA;FA;;;WD)(ML;;NW;;;ME)", RIGHT_DELETE);
    assert_int_equal(v.label.why, ACCESSCHECK_LABEL);
    assert_int_equal(v.label.ace, 1);
    v = check(&t, u"D:(A;;FA;;;WD)", RIGHT_DELETE);
    assert_int_equal(v.label.ace, ACCESSCHECK_NO_ACE);
    v = check(&t, u"D:(A;;FA;;;WD)", RIGHT_MAXIMUM_ALLOWED);
    assert_int_equal(v.granted, RIGHT_FILE_GENERIC_READ | RIGHT_FILE_GENERIC_EXECUTE);
    v = check(&t, u"D:(A;;0x2;;;WD)", RIGHT_MAXIMUM_ALLOWED);
    assert_false(v.allowed);
    assert_int_equal(v.stage, ACCESSCHECK_BY_LABEL);
    t.privileges = ACCESSCHECK_SE_RELABEL;
    assert_true(check(&t, u"D:(A;;FA;;;WD)", RIGHT_WRITE_OWNER).allowed);
    assert_false(check(&t, u"D:(A;;FA;;;WD)", RIGHT_WRITE_DAC).allowed);
}

/* --- files ----------------------------------------------------------------------------
 */

static void accesscheck_file__delete__through_the_child_or_the_parent(void **state)
{
    static const struct {
        const char16_t *child, *parent;
        bool allowed, by_parent;
    } rows[] = {
        { u"D:(A;;SD;;;WD)", u"D:", true, false },
        { u"D:(A;;FR;;;WD)", u"D:(A;;0x40;;;WD)", true, true },
        { u"D:(D;;SD;;;WD)", u"D:(A;;0x40;;;WD)", true, true }, /* KB238018 */
        { u"D:(A;;FR;;;WD)", u"D:(D;;0x40;;;WD)(A;;FA;;;WD)", false, false },
        { u"D:(A;;FA;;;WD)", u"D:(D;;0x40;;;WD)(A;;FA;;;WD)", true, false },
        { u"D:(A;;FR;;;WD)", u"D:(A;;DC;;;WD)", false, false }, /* SDDL's trap */
    };
    struct accesscheck_token t = user_token();
    struct accesscheck_file_verdict v;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secdesc child = sd_text(rows[i].child), parent = sd_text(rows[i].parent);

        accesscheck_file(&t, &child, &parent, RIGHT_DELETE, &v);
        assert_int_equal(v.allowed, rows[i].allowed);
        assert_int_equal(v.by_parent, rows[i].by_parent);
        accesscheck_file(&t, &child, NULL, RIGHT_DELETE, &v);
        assert_int_equal(v.allowed, rows[i].allowed && !rows[i].by_parent);
    }
}

static void accesscheck_file__parent__lends_two_rights_and_no_other(void **state)
{
    struct accesscheck_token t = user_token();
    struct secdesc child = sd_text(u"D:(A;;0x1;;;WD)");
    struct secdesc parent = sd_text(u"D:(A;;FA;;;WD)");
    struct accesscheck_file_verdict v;

    (void)state;
    accesscheck_file(&t, &child, &parent, RIGHT_MAXIMUM_ALLOWED, &v);
    assert_int_equal(v.granted, 1 | RIGHT_DELETE | RIGHT_FILE_READ_ATTRIBUTES);
    accesscheck_file(&t, &child, &parent, RIGHT_DELETE | RIGHT_FILE_READ_DATA, &v);
    assert_true(v.allowed && v.by_parent);
    assert_int_equal(v.granted, RIGHT_DELETE | RIGHT_FILE_READ_DATA);
    accesscheck_file(&t, &child, &parent, RIGHT_DELETE | RIGHT_FILE_WRITE_DATA, &v);
    assert_false(v.allowed || v.by_parent);
    assert_int_equal(v.granted, 0);
    accesscheck_file(&t, &child, &parent, RIGHT_MAXIMUM_ALLOWED | RIGHT_WRITE_DAC, &v);
    assert_false(v.allowed);
    parent = sd_text(u"D:(A;;0x1;;;WD)");
    accesscheck_file(&t, &child, &parent, RIGHT_FILE_READ_ATTRIBUTES, &v);
    assert_true(v.allowed && v.by_parent);
    accesscheck_file(&t, &child, &parent, RIGHT_DELETE, &v);
    assert_false(v.allowed);
    assert_int_equal(v.parent.ordinary.why, ACCESSCHECK_NOT_GIVEN);
}

static void accesscheck_rename__target__must_take_the_new_name(void **state)
{
    struct accesscheck_token t = user_token();
    struct secdesc full = sd_text(u"D:(A;;FA;;;WD)"), files = sd_text(u"D:(A;;0x2;;;WD)");
    struct secdesc folders = sd_text(u"D:(A;;0x4;;;WD)"), none = sd_text(u"D:");
    struct accesscheck_file_verdict v;

    (void)state;
    accesscheck_rename(&t, &full, &none, &files, false, &v);
    assert_true(v.allowed);
    accesscheck_rename(&t, &full, &none, &files, true, &v);
    assert_false(v.allowed);
    assert_int_equal(v.target.missing, RIGHT_FILE_ADD_SUBDIRECTORY);
    accesscheck_rename(&t, &full, &none, &folders, true, &v);
    assert_true(v.allowed);
    accesscheck_rename(&t, &none, &files, &full, false, &v);
    assert_false(v.allowed);
    accesscheck_rename(&t, &none, &full, NULL, false, &v);
    assert_true(v.allowed && v.by_parent);
}

/* --- the golden table of the design, section 5 ----------------------------------------
 */

/* What the user's profile hands down, to directories and to files. */
#define DOWN      "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;" USER ")"
#define DOWN_FILE "(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;" USER ")"
/* The root entry, section 6: on the root itself without DELETE, below it with. */
#define ROOT_HERE  "(A;;0x1201bf;;;" ROOT ")(A;OICIIO;0x1301bf;;;" ROOT ")"
#define ROOT_BELOW "(A;OICIID;0x1301bf;;;" ROOT ")"
#define ROOT_FILE  "(A;ID;0x1301bf;;;" ROOT ")"
/* A protected name: write bits, DELETE, FILE_DELETE_CHILD, WRITE_DAC, WRITE_OWNER. */
#define KEEP_HERE  "(D;OICI;0xd0156;;;" ROOT ")"
#define KEEP_BELOW "(D;OICIID;0xd0156;;;" ROOT ")"
#define KEEP_FILE  "(D;ID;0xd0156;;;" ROOT ")"
#define OWNED      "O:" USER "G:" USER "D:"

enum place {
    PROFILE,
    DOCS,
    DOC,
    WS,
    WS_FILE,
    SRC,
    SRC_FILE,
    GIT,
    GIT_FILE,
    OBJECTS,
    OBJECT
};
#define PLACES 11

struct tree {
    struct secdesc sd[PLACES];
};

/* The tree with allow and deny entries only; with the FILE_DELETE_CHILD markers too. */
static struct tree make_tree(bool markers)
{
    struct tree t;

    t.sd[PROFILE] =
        sd_text(u"O:SYG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" USER ")");
    t.sd[DOCS] = sd_text(u"" OWNED "AI" DOWN);
    t.sd[DOC] = sd_text(u"" OWNED "AI" DOWN_FILE);
    t.sd[WS] = sd_text(markers ? u"" OWNED "AI(D;;0x40;;;WD)" ROOT_HERE DOWN
                               : u"" OWNED "AI" ROOT_HERE DOWN);
    t.sd[WS_FILE] = t.sd[SRC_FILE] = sd_text(u"" OWNED "AI" ROOT_FILE DOWN_FILE);
    t.sd[SRC] = sd_text(u"" OWNED "AI" ROOT_BELOW DOWN);
    t.sd[GIT] = sd_text(markers ? u"" OWNED "AI(D;CI;0x40;;;WD)" KEEP_HERE ROOT_BELOW DOWN
                                : u"" OWNED "AI" KEEP_HERE ROOT_BELOW DOWN);
    t.sd[OBJECTS] =
        sd_text(markers ? u"" OWNED "AI(D;CIID;0x40;;;WD)" KEEP_BELOW ROOT_BELOW DOWN
                        : u"" OWNED "AI" KEEP_BELOW ROOT_BELOW DOWN);
    t.sd[GIT_FILE] = t.sd[OBJECT] = sd_text(u"" OWNED "AI" KEEP_FILE ROOT_FILE DOWN_FILE);
    return t;
}

static const enum place place_parent[PLACES] = {
    [DOCS] = PROFILE, [DOC] = DOCS, [WS] = PROFILE,   [WS_FILE] = WS,  [SRC] = WS,
    [SRC_FILE] = SRC, [GIT] = WS,   [GIT_FILE] = GIT, [OBJECTS] = GIT, [OBJECT] = OBJECTS,
};

static const bool place_is_directory[PLACES] = {
    [PROFILE] = true, [DOCS] = true, [WS] = true,
    [SRC] = true,     [GIT] = true,  [OBJECTS] = true,
};

enum act { CREATE, OVERWRITE, DELETE_IT, RENAME, READ_IT, CHANGE_DACL, TAKE };

/* Acts as raw calls would do them: CREATE is in the place, RENAME within its directory.
 */
static bool may(const struct accesscheck_token *token, const struct tree *t, enum act act,
                enum place p)
{
    static const uint32_t wants[] = {
        [CREATE] = RIGHT_FILE_ADD_FILE,  [OVERWRITE] = RIGHT_FILE_GENERIC_WRITE,
        [DELETE_IT] = RIGHT_DELETE,      [READ_IT] = RIGHT_FILE_GENERIC_READ,
        [CHANGE_DACL] = RIGHT_WRITE_DAC, [TAKE] = RIGHT_WRITE_OWNER,
    };
    const struct secdesc *parent = &t->sd[place_parent[p]];
    struct accesscheck_file_verdict v;

    if (act == RENAME)
        accesscheck_rename(token, &t->sd[p], parent, parent, place_is_directory[p], &v);
    else
        accesscheck_file(token, &t->sd[p], parent, wants[act], &v);
    return v.allowed;
}

struct row {
    enum act act;
    enum place place;
    bool plain, marked, strict; /* what the table says */
};

static const struct row golden[] = {
    /* create or overwrite in docs */
    { CREATE, DOCS, false, false, false },
    { OVERWRITE, DOC, false, false, false },
    { CHANGE_DACL, DOC, false, false, false },
    { TAKE, DOC, false, false, false },
    /* delete a file in docs: open in standard, openai/codex#32915 */
    { DELETE_IT, DOC, true, true, false },
    /* read docs, .ssh without a read ACE */
    { READ_IT, DOC, true, true, false },
    { READ_IT, DOCS, true, true, false },
    /* create, write, delete, rename in ws, in ws\src */
    { CREATE, WS, true, true, true },
    { OVERWRITE, WS_FILE, true, true, true },
    { DELETE_IT, WS_FILE, true, true, true },
    { RENAME, WS_FILE, true, true, true },
    { READ_IT, WS_FILE, true, true, true },
    { CREATE, SRC, true, true, true },
    { OVERWRITE, SRC_FILE, true, true, true },
    { DELETE_IT, SRC_FILE, true, true, true },
    { RENAME, SRC_FILE, true, true, true },
    { DELETE_IT, SRC, true, true, true },
    { RENAME, SRC, true, true, true },
    /* rename ws itself */
    { RENAME, WS, false, false, false },
    { CHANGE_DACL, WS, false, false, false },
    /* write or create in ws\.git */
    { CREATE, GIT, false, false, false },
    { OVERWRITE, GIT_FILE, false, false, false },
    { CREATE, OBJECTS, false, false, false },
    { OVERWRITE, OBJECT, false, false, false },
    { CHANGE_DACL, GIT, false, false, false },
    { TAKE, GIT, false, false, false },
    { READ_IT, GIT_FILE, true, true, true },
    /* delete in ws\.git, in ws\.git\objects; rename ws\.git */
    { DELETE_IT, GIT_FILE, true, false, false },
    { DELETE_IT, OBJECT, true, false, false },
    { DELETE_IT, OBJECTS, true, false, false },
    { DELETE_IT, GIT, true, false, false },
    { RENAME, GIT, true, false, false },
};

static void golden_table__every_row__is_as_the_design_says(void **state)
{
    struct tree plain = make_tree(false), marked = make_tree(true);

    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        const struct row *r = &golden[i];
        struct accesscheck_token t = fence(false);

        print_message("row %d: act %d place %d\n", (int)i, (int)r->act, (int)r->place);
        assert_int_equal(may(&t, &plain, r->act, r->place), r->plain);
        assert_int_equal(may(&t, &marked, r->act, r->place), r->marked);
        t = fence(true);
        assert_int_equal(may(&t, &marked, r->act, r->place), r->strict);
        t = user_token(); /* unfenced, with and without: the user loses nothing */
        assert_true(may(&t, &plain, r->act, r->place));
        assert_true(may(&t, &marked, r->act, r->place));
    }
}

static void golden_table__system32_and_pipes__stay_open(void **state)
{
    static const char16_t system32[] =
        u"O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:PAI"
        u"(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)"
        u"(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)"
        u"(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)(A;;0x1200a9;;;AC)";
    /* The token's default DACL, which an anonymous pipe between two children has. */
    static const char16_t pipe[] =
        u"O:" USER "D:(A;;GA;;;" USER ")(A;;GA;;;SY)(A;;GA;;;" RUN ")(A;;RC;;;OW)";

    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct accesscheck_token t = fence(strict);

        assert_true(check(&t, system32, RIGHT_FILE_GENERIC_READ).allowed);
        assert_true(check(&t, system32, RIGHT_FILE_GENERIC_EXECUTE).allowed);
        assert_false(check(&t, system32, RIGHT_FILE_WRITE_DATA).allowed);
        assert_true(check(&t, pipe, RIGHT_FILE_GENERIC_READ).allowed);
        assert_true(check(&t, pipe, RIGHT_FILE_GENERIC_WRITE).allowed);
        assert_false(check(&t, pipe, RIGHT_WRITE_OWNER | RIGHT_SYSTEM_SECURITY).allowed);
    }
}

#define VM_OPERATION 0x0008u
#define VM_READ      0x0010u
#define VM_WRITE     0x0020u

/* winnt.h: PROCESS_ALL_ACCESS; the generic rights as Process Security and Access Rights
 * has them. */
static const struct rights_mapping process_mapping = {
    .read = 0x20410, .write = 0x20BEA, .execute = 0x121001, .all = 0x1FFFFF
};

static bool may_process(const struct accesscheck_token *t, const char16_t *sddl,
                        uint32_t desired)
{
    struct secdesc sd = sd_text(sddl);
    struct accesscheck_verdict v;

    accesscheck_object(t, &sd, desired, &process_mapping, &v);
    return v.allowed;
}

/* The user's own process has his logon's default DACL; a child of another run has ours.
 */
static void golden_table__other_processes__cannot_be_written(void **state)
{
    static const char16_t parent[] =
        u"O:" USER "D:(A;;GA;;;" USER ")(A;;GA;;;SY)(A;;GXGR;;;" LOGON ")";
    static const char16_t sibling[] =
        u"O:" USER "D:(A;;GA;;;" USER ")(A;;GA;;;SY)(A;;GA;;;" OTHER ")(A;;RC;;;OW)";

    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct accesscheck_token t = fence(strict);

        assert_false(may_process(&t, parent, VM_OPERATION | VM_WRITE | VM_READ));
        assert_false(may_process(&t, parent, VM_WRITE));
        assert_false(may_process(&t, sibling, VM_WRITE));
        assert_false(may_process(&t, sibling, RIGHT_WRITE_DAC));
        /* Reading alone is no write: the fences do not close it where the ordinary pass
         * gives it (and strict's second pass, through the logon SID). */
        assert_true(may_process(&t, parent, VM_READ));
        assert_int_equal(may_process(&t, sibling, VM_READ), !strict);
        /* A lowered token is stopped by the label that processes have by default. */
        t.level = SID_LEVEL_LOWERED;
        assert_false(may_process(&t, u"D:(A;;GA;;;WD)S:(ML;;NWNR;;;ME)", VM_READ));
    }
}

/* What the strict fence reads: the read SID's entries, and no more than that. */
static void golden_table__read_entry__opens_reading_in_strict_only(void **state)
{
    struct tree t = make_tree(true);
    struct accesscheck_token strict = fence(true);

    (void)state;
    t.sd[DOCS] = sd_text(u"" OWNED "AI(A;OICIID;0x1200a9;;;" READ ")" DOWN);
    t.sd[DOC] = sd_text(u"" OWNED "AI(A;ID;0x1200a9;;;" READ ")" DOWN_FILE);
    assert_true(may(&strict, &t, READ_IT, DOC));
    assert_false(may(&strict, &t, OVERWRITE, DOC));
    assert_false(may(&strict, &t, DELETE_IT, DOC));
    assert_false(may(&strict, &t, CREATE, DOCS));
    assert_false(may(&strict, &t, RENAME, DOC));
}

static void golden_table__two_runs__cannot_write_each_others_roots(void **state)
{
    struct tree t = make_tree(true);

    (void)state;
    for (int is_strict = 0; is_strict < 2; is_strict++) {
        struct accesscheck_token other = fence(is_strict);

        restricting[0] = sid_text(u"" OTHER);
        assert_false(may(&other, &t, CREATE, WS));
        assert_false(may(&other, &t, OVERWRITE, SRC_FILE));
        assert_false(may(&other, &t, RENAME, SRC_FILE));
        assert_int_equal(may(&other, &t, DELETE_IT, SRC_FILE), !is_strict);
    }
}

/* With integrity = lowered the roots carry the label and everything else is above. */
static void golden_table__lowered_label__closes_what_standard_leaves_open(void **state)
{
    struct tree t = make_tree(true);
    struct accesscheck_token low = fence(false);
    struct secdesc open = sd_text(u"D:(A;OICI;FA;;;WD)"); /* a world-writable directory */
    struct accesscheck_file_verdict v;

    (void)state;
    accesscheck_file(&low, &open, NULL, RIGHT_FILE_ADD_FILE, &v);
    assert_true(v.allowed); /* Everyone is in both passes */
    low.level = SID_LEVEL_LOWERED;
    accesscheck_file(&low, &open, NULL, RIGHT_FILE_ADD_FILE, &v);
    assert_false(v.allowed);
    assert_int_equal(v.object.stage, ACCESSCHECK_BY_LABEL);
    assert_false(may(&low, &t, DELETE_IT, DOC)); /* FILE_DELETE_CHILD is writing */
    assert_true(may(&low, &t, READ_IT, DOC));
    assert_false(may(&low, &t, CREATE, WS)); /* not without the label there */

    t.sd[WS] = sd_text(u"" OWNED "AI(D;;0x40;;;WD)" ROOT_HERE DOWN
                       "S:(ML;OICI;NW;;;S-1-16-6144)");
    t.sd[WS_FILE] =
        sd_text(u"" OWNED "AI" ROOT_FILE DOWN_FILE "S:(ML;ID;NW;;;S-1-16-6144)");
    assert_true(may(&low, &t, CREATE, WS));
    assert_true(may(&low, &t, OVERWRITE, WS_FILE));
    assert_true(may(&low, &t, DELETE_IT, WS_FILE));
    assert_false(may(&low, &t, DELETE_IT, GIT));
    assert_false(may(&low, &t, RENAME, GIT));
    assert_false(may(&low, &t, RENAME, WS));
    low.level = SID_LEVEL_LOW; /* low-integrity programs gain nothing */
    assert_false(may(&low, &t, OVERWRITE, WS_FILE));
}

/* The root's own parent is outside: with the user's FILE_DELETE_CHILD there a standard
 * child may delete an empty root, and rename it by a call that opens no target directory.
 * A marker on the parent closes both. */
static void
golden_table__root_itself__is_safe_only_with_a_marker_on_its_parent(void **state)
{
    struct tree t = make_tree(true);
    struct accesscheck_token standard = fence(false), strict;
    struct accesscheck_file_verdict v;

    (void)state;
    assert_true(may(&standard, &t, DELETE_IT, WS));
    accesscheck_rename(&standard, &t.sd[WS], &t.sd[PROFILE], NULL, true, &v);
    assert_true(v.allowed && v.by_parent);
    t.sd[PROFILE] =
        sd_text(u"O:SYG:SYD:P(D;;0x40;;;WD)(A;OICI;FA;;;SY)(A;OICI;FA;;;" USER ")");
    assert_false(may(&standard, &t, DELETE_IT, WS));
    accesscheck_rename(&standard, &t.sd[WS], &t.sd[PROFILE], NULL, true, &v);
    assert_false(v.allowed);
    t = make_tree(true);
    strict = fence(true);
    assert_false(may(&strict, &t, DELETE_IT, WS));
    accesscheck_rename(&strict, &t.sd[WS], &t.sd[PROFILE], NULL, true, &v);
    assert_false(v.allowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accesscheck_object__null_dacl__gives_everything),
        cmocka_unit_test(accesscheck_object__empty_dacl__gives_nothing_but_to_the_owner),
        cmocka_unit_test(accesscheck_object__microsofts_andrew_and_jane__differ),
        cmocka_unit_test(accesscheck_object__order_of_entries__decides),
        cmocka_unit_test(accesscheck_object__maximum_and_a_right__needs_the_right),
        cmocka_unit_test(
            accesscheck_object__deny_only_and_disabled_groups__count_as_told),
        cmocka_unit_test(
            accesscheck_object__owner_rights_entry__replaces_the_implicit_ones),
        cmocka_unit_test(accesscheck_object__privileges__give_what_no_entry_can),
        cmocka_unit_test(
            accesscheck_object__what_is_not_modelled__fails_closed_and_says_so),
        cmocka_unit_test(accesscheck_object__strict__needs_both_passes),
        cmocka_unit_test(
            accesscheck_object__owner_of_a_restricted_token__has_no_implicit_rights),
        cmocka_unit_test(accesscheck_object__write_restricted__covers_exactly_its_mask),
        cmocka_unit_test(accesscheck_object__label__limits_a_lower_token),
        cmocka_unit_test(accesscheck_object__label__says_which_and_maximum_obeys),
        cmocka_unit_test(accesscheck_file__delete__through_the_child_or_the_parent),
        cmocka_unit_test(accesscheck_file__parent__lends_two_rights_and_no_other),
        cmocka_unit_test(accesscheck_rename__target__must_take_the_new_name),
        cmocka_unit_test(golden_table__every_row__is_as_the_design_says),
        cmocka_unit_test(golden_table__system32_and_pipes__stay_open),
        cmocka_unit_test(golden_table__other_processes__cannot_be_written),
        cmocka_unit_test(golden_table__read_entry__opens_reading_in_strict_only),
        cmocka_unit_test(golden_table__two_runs__cannot_write_each_others_roots),
        cmocka_unit_test(golden_table__lowered_label__closes_what_standard_leaves_open),
        cmocka_unit_test(
            golden_table__root_itself__is_safe_only_with_a_marker_on_its_parent),
    };
    return cmocka_run_group_tests_name("accesscheck", tests, NULL, NULL);
}
