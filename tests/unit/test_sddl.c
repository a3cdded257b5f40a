#include "core/sddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAP 4096u

static uint8_t arena[CAP];

static struct sid domain_sid(void)
{
    struct sid sid;

    assert_true(sid_parse(&sid, U16S("S-1-5-21-397955417-626881126-188441444")));
    return sid;
}

static struct secdesc parse(const char16_t *text)
{
    struct sid domain = domain_sid();
    struct secdesc sd;
    struct err err;

    assert_true(sddl_parse(&sd, u16s_of(text), &domain, arena, sizeof arena, &err));
    return sd;
}

static void assert_format(const struct secdesc *sd, const char16_t *want)
{
    char16_t text[2048];
    struct u16buf out = U16BUF(text);

    sddl_format(sd, &out);
    assert_false(out.cut);
    assert_true(u16s_eq(u16buf_text(&out), u16s_of(want)));
}

static struct ace entry_of(const struct acl *acl, size_t index)
{
    struct ace ace;

    assert_true(acl_get(acl, index, &ace));
    assert_true(ace.plain);
    return ace;
}

/* MS: Security Descriptor String Format, String 1. */
static void sddl_parse__microsofts_first_example__gives_its_parts(void **state)
{
    struct secdesc sd = parse(u"O:AOG:DAD:(A;;RPWPCCDCLCSWRCWDWOGA;;;S-1-0-0)");
    struct sid owner, group, nobody;
    struct ace ace = entry_of(&sd.dacl, 0);

    (void)state;
    assert_true(sid_parse(&owner, U16S("S-1-5-32-548")));
    assert_true(sid_parse(&group, U16S("S-1-5-21-397955417-626881126-188441444-512")));
    assert_true(sid_parse(&nobody, U16S("S-1-0-0")));
    assert_true(sid_eq(&sd.owner, &owner) && sid_eq(&sd.group, &group));
    assert_int_equal(sd.control, SECDESC_SELF_RELATIVE | SECDESC_DACL_PRESENT);
    assert_int_equal(sd.dacl.bytes, 0x1c);
    assert_int_equal(sd.dacl.at[0], 2);
    assert_int_equal(ace.bytes, 0x14);
    assert_int_equal(ace.mask, 0x100e003f);
    assert_true(sid_eq(&ace.sid, &nobody));
}

/* The same page's String 2: object entries, a SACL, both revisions. */
static void sddl_parse__microsofts_second_example__gives_its_parts(void **state)
{
    struct secdesc sd = parse(
        u"O:DAG:DAD:(A;;RPWPCCDCLCRCWOWDSDSW;;;SY)\n(A;;RPWPCCDCLCRCWOWDSDSW;;;DA)\n"
        u"(OA;;CCDC;bf967aba-0de6-11d0-a285-00aa003049e2;;AO)\n"
        u"(OA;;CCDC;bf967a9c-0de6-11d0-a285-00aa003049e2;;AO)\n"
        u"(OA;;CCDC;6da8a4ff-0e52-11d0-a286-00aa003049e2;;AO)\n"
        u"(OA;;CCDC;bf967aa8-0de6-11d0-a285-00aa003049e2;;PO)\n"
        u"(A;;RPLCRC;;;AU)S:(AU;SAFA;WDWOSDWPCCDCSW;;;WD)");
    static const uint8_t user[] = { 0xba, 0x7a, 0x96, 0xbf, 0xe6, 0x0d, 0xd0, 0x11,
                                    0xa2, 0x85, 0x00, 0xaa, 0x00, 0x30, 0x49, 0xe2 };
    struct ace ace = entry_of(&sd.dacl, 2);

    (void)state;
    assert_int_equal(sd.control, SECDESC_SELF_RELATIVE | 0x14);
    assert_int_equal(sd.dacl.at[0], 4);
    assert_int_equal(sd.dacl.bytes, 0x104);
    assert_int_equal(sd.dacl.count, 7);
    assert_int_equal(ace.bytes, 0x2c);
    assert_memory_equal(ace.object_type, user, sizeof user);
    assert_null(ace.inherited_type);
    assert_int_equal(entry_of(&sd.dacl, 0).mask, 0xf003f);
    assert_int_equal(entry_of(&sd.dacl, 1).bytes, 0x24);
    assert_int_equal(entry_of(&sd.dacl, 6).mask, 0x20014);
    assert_int_equal(sd.sacl.at[0], 2);
    assert_int_equal(sd.sacl.bytes, 0x1c);
    assert_int_equal(entry_of(&sd.sacl, 0).flags, 0xc0);
    assert_int_equal(entry_of(&sd.sacl, 0).mask, 0xd002b);
}

static void sddl_format__what_was_parsed__is_the_same_text(void **state)
{
    static const char16_t *const same[] = {
        u"",
        u"O:SYG:BA",
        u"D:",
        u"D:P",
        u"D:NO_ACCESS_CONTROL",
        u"D:PARAINO_ACCESS_CONTROL",
        u"O:S-1-5-18-1D:(A;;FA;;;WD)S:",
        u"O:BAG:SYD:PAI(D;;0x40;;;WD)(A;OICI;FA;;;SY)(A;OICIIOID;0x1301bf;;;OW)",
        u"D:(A;OINP;FR;;;BU)(A;CI;FW;;;AC)(A;;FX;;;RC)(D;;SD;;;AU)(A;;GA;;;CO)",
        u"D:(OA;;0x1;bf967aba-0de6-11d0-a285-00aa003049e2;;SY)"
        u"(OD;;0x1;;00112233-4455-6677-8899-aabbccddeeff;SY)",
        u"D:(XA;;FA;;;WD;(#61727478f8))(XD;ID;FR;;;BU)(ZA;;FR;;00112233-4455-6677-8899-"
        u"aabbccddeeff;BU;(#00))",
        u"S:AI(ML;OICI;NWNRNX;;;S-1-16-6144)(ML;;0x8;;;LW)(AU;SAFA;FA;;;WD)(AL;;FA;;;WD)",
        u"S:P(RA;CI;0x0;;;WD;(#0102))(SP;;0x0;;;S-1-17-1)(XU;CRSA;FA;;;WD)",
        u"D:(0x77;ID;#0102030405)(0x4;;#)(0xa;OI;#)",
        u"D:(A;;FA;;;S-1-5-21-1380535879-1-2-3)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct secdesc sd = parse(same[i]);

        assert_format(&sd, same[i]);
    }
}

static void sddl_parse__dc__is_writing_and_not_delete_child(void **state)
{
    struct secdesc sd = parse(u"D:(A;;DC;;;WD)(A;;DT;;;WD)(A;;0x40;;;WD)");

    (void)state;
    assert_int_equal(entry_of(&sd.dacl, 0).mask, RIGHT_FILE_WRITE_DATA);
    assert_int_equal(entry_of(&sd.dacl, 1).mask, RIGHT_FILE_DELETE_CHILD);
    assert_int_equal(entry_of(&sd.dacl, 2).mask, RIGHT_FILE_DELETE_CHILD);
    assert_format(&sd, u"D:(A;;0x2;;;WD)(A;;0x40;;;WD)(A;;0x40;;;WD)");
}

/* [MS-DTYP] 2.4.2.4, of each family some, and all of the integrity levels. */
static void sddl_parse__aliases__are_the_documented_sids(void **state)
{
    static const struct {
        const char16_t *alias, *sid;
    } pairs[] = {
        { u"O:WD", u"S-1-1-0" },
        { u"O:CO", u"S-1-3-0" },
        { u"O:CG", u"S-1-3-1" },
        { u"O:OW", u"S-1-3-4" },
        { u"O:PS", u"S-1-5-10" },
        { u"O:AU", u"S-1-5-11" },
        { u"O:RC", u"S-1-5-12" },
        { u"O:WR", u"S-1-5-33" },
        { u"O:SY", u"S-1-5-18" },
        { u"O:BA", u"S-1-5-32-544" },
        { u"O:BU", u"S-1-5-32-545" },
        { u"O:RU", u"S-1-5-32-554" },
        { u"O:CY", u"S-1-5-32-569" },
        { u"O:UD", u"S-1-5-84-0-0-0-0-0" },
        { u"O:AC", u"S-1-15-2-1" },
        { u"O:LW", u"S-1-16-4096" },
        { u"O:ME", u"S-1-16-8192" },
        { u"O:MP", u"S-1-16-8448" },
        { u"O:HI", u"S-1-16-12288" },
        { u"O:SI", u"S-1-16-16384" },
        { u"O:LA", u"S-1-5-21-397955417-626881126-188441444-500" },
        { u"O:DU", u"S-1-5-21-397955417-626881126-188441444-513" },
        { u"O:RS", u"S-1-5-21-397955417-626881126-188441444-553" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct secdesc sd = parse(pairs[i].alias);
        struct sid want;

        assert_true(sid_parse(&want, u16s_of(pairs[i].sid)));
        assert_true(sid_eq(&sd.owner, &want));
    }
}

/* MS: ACE Strings, the note: without GUIDs an object entry is an ordinary one. */
static void sddl_parse__object_entry_without_guids__is_an_ordinary_one(void **state)
{
    struct secdesc sd = parse(u"D:(OA;;FA;;;WD)(OD;;FA;;;WD)(ZA;;FA;;;WD)");

    (void)state;
    assert_int_equal(sd.dacl.at[0], ACL_REVISION_PLAIN);
    assert_format(&sd, u"D:(A;;FA;;;WD)(D;;FA;;;WD)(XA;;FA;;;WD)");
}

static void sddl_parse__bad_text__fails_and_leaves_the_descriptor(void **state)
{
    static const char16_t *const bad[] = {
        u"X:",
        u"O",
        u"O:",
        u"O:XX",
        u"O:S-1-5-",
        u"O:DA", /* no domain */
        u"O:SYO:SY",
        u"D:D:",
        u"D:()",
        u"D:(A;;FA;;;WD",
        u"D:(A;;FA;;;WD))",
        u"D:(A;;FA;;WD)",
        u"D:(A;;FA;;;;WD)",
        u"D:(A;XX;FA;;;WD)",
        u"D:(A;;QQ;;;WD)",
        u"D:(A;;0x;;;WD)",
        u"D:(A;;0x100000000;;;WD)",
        u"D:(A;0x100;FA;;;WD)",
        u"D:(Q;;FA;;;WD)",
        u"D:(A;;FA;;;)",
        u"D:(A;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;WD)",
        u"D:(OA;;FA;bf967aba-0de6-11d0-a285-00aa003049e;;WD)",
        u"D:(OA;;FA;bf967aba-0de6-11d0-a285-00aa003049e20;;WD)",
        u"D:(OA;;FA;bf967aba00de6-11d0-a285-00aa003049e2;;WD)",
        u"D:(XA;;FA;;;WD;(#6))",
        u"D:(XA;;FA;;;WD;(#zz))",
        u"D:(XA;;FA;;;WD;(@User.x == 1))",
        u"D:(0x100;;#)",
        u"D:(0x77;;01)",
        u"D:(0x77;;#0)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct secdesc sd = { .rm_control = 42 };
        struct err err = { 0 };

        assert_false(sddl_parse(&sd, u16s_of(bad[i]), NULL, arena, sizeof arena, &err));
        assert_int_equal(sd.rm_control, 42);
        assert_int_equal(err.domain, ERR_RULE);
    }
}

static void sddl_parse__any_size_of_array__is_enough_or_refused(void **state)
{
    struct u16s text = U16S("D:(A;;FA;;;WD)(OA;;FA;00112233-4455-6677-8899-aabbccddeeff;;"
                            "SY)(0x77;;#0102)S:(ML;;NW;;;LW)");
    static const size_t need = 8 + 20 + 44 - 8 + 8 + 6 + 8 + 20;

    (void)state;
    for (size_t cap = 0; cap < 200; cap++) {
        uint8_t *at = malloc(cap + 1);
        struct secdesc sd;
        struct err err;
        bool ok = false;

        assert_non_null(at);
        ok = sddl_parse(&sd, text, NULL, at, cap, &err);
        if (cap < need - 20)
            assert_false(ok);
        if (cap >= need)
            assert_true(ok);
        free(at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sddl_parse__microsofts_first_example__gives_its_parts),
        cmocka_unit_test(sddl_parse__microsofts_second_example__gives_its_parts),
        cmocka_unit_test(sddl_format__what_was_parsed__is_the_same_text),
        cmocka_unit_test(sddl_parse__dc__is_writing_and_not_delete_child),
        cmocka_unit_test(sddl_parse__aliases__are_the_documented_sids),
        cmocka_unit_test(sddl_parse__object_entry_without_guids__is_an_ordinary_one),
        cmocka_unit_test(sddl_parse__bad_text__fails_and_leaves_the_descriptor),
        cmocka_unit_test(sddl_parse__any_size_of_array__is_enough_or_refused),
    };
    return cmocka_run_group_tests_name("sddl", tests, NULL, NULL);
}
