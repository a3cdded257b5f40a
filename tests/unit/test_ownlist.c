#include "core/ownlist.h"
#include "core/sddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOT   u"S-1-5-21-1380535879-1-2-3"
#define NESTED u"S-1-5-21-1380535879-4-5-6"
#define USER   u"S-1-5-21-1-2-3-1001"
#define OWN    u"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)"
#define WRITE  u"(A;OICI;0x1201bf;;;" ROOT u")"
#define DELETE u"(A;OICIIO;SD;;;" ROOT u")"

static uint8_t bytes[2][4096];

/* The list that the text describes; at most two of them live. */
static struct acl parse(size_t n, const char16_t *text)
{
    struct secdesc sd;
    struct err err;

    assert_true(sddl_parse(&sd, u16s_of(text), NULL, bytes[n], sizeof bytes[n], &err));
    return sd.dacl;
}

static bool is_private(const char16_t *text)
{
    struct acl dacl = parse(0, text);
    struct sid user;

    assert_true(sid_parse(&user, u16s_of(USER)));
    return ownlist_is_private(&dacl, &user);
}

static void ownlist_is_private__as_python_makes_it__is(void **state)
{
    (void)state;
    assert_true(is_private(OWN));
    assert_true(is_private(u"D:(A;OICI;GA;;;OW)(A;OICI;GA;;;SY)(A;OICI;GA;;;BA)"));
    assert_true(is_private(u"D:P(A;OICI;FA;;;" USER u")(A;OICI;FA;;;SY)"));
    assert_true(is_private(u"D:P(A;OICI;FA;;;OW)"));
}

static void ownlist_is_private__anything_else__is_not(void **state)
{
    static const char16_t *const other[] = {
        u"D:P",                                   /* nobody */
        u"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",   /* no owner */
        OWN u"(A;OICI;FR;;;WD)",                  /* everyone too */
        OWN u"(A;OICI;FA;;;S-1-5-21-1-2-3-1002)", /* somebody else too */
        OWN u"(D;OICI;FA;;;S-1-5-7)",             /* a deny */
        OWN u"(A;OICI;0x1201bf;;;" ROOT u")",     /* ours already */
        u"D:P(A;OICI;FA;;;SY)(A;;FA;;;OW)",       /* not handed down */
        u"D:P(A;OICIIO;FA;;;OW)",                 /* not its own */
        u"D:P(A;OICINP;FA;;;OW)",                 /* for one level only */
        u"D:P(A;OICI;FR;;;OW)",                   /* to be read only */
        u"D:(A;OICIID;FA;;;OW)",                  /* was inherited */
    };
    struct acl none = { 0 };
    struct sid user = sid_everyone();

    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        if (is_private(other[i]))
            fail_msg("no. %zu", i);
    assert_false(ownlist_is_private(&none, &user));
}

/* old's list with what it inherits is want's, byte for byte; want NULL: nothing. */
static void check(const char16_t *old, const char16_t *parent, const char16_t *want)
{
    static uint8_t made[4096];
    struct acl from = parse(0, old), above = parse(1, parent), expected;
    struct aclbuf out = aclbuf_init(made, sizeof made);

    if (!want) {
        assert_false(ownlist_add_inherited(&from, &above, &out));
        return;
    }
    assert_true(ownlist_add_inherited(&from, &above, &out));
    expected = parse(0, want);
    assert_int_equal(out.bytes, expected.used);
    assert_memory_equal(out.at + ACL_HEAD_BYTES, expected.at + ACL_HEAD_BYTES,
                        out.bytes - ACL_HEAD_BYTES);
    assert_int_equal(out.count, expected.count);
}

static void ownlist_add_inherited__in_a_root__as_a_directory_there_has_it(void **state)
{
    (void)state;
    check(OWN, u"D:(A;OICI;FA;;;" USER u")(A;OICI;0x1200a9;;;BU)" WRITE DELETE,
          OWN WRITE u"(A;OICI;SD;;;" ROOT u")");
    check(OWN, u"D:(A;OICIID;0x1201bf;;;" ROOT u")(A;OICIID;SD;;;" ROOT u")",
          OWN WRITE u"(A;OICI;SD;;;" ROOT u")");
}

static void ownlist_add_inherited__two_roots__both_that_are_above(void **state)
{
    (void)state;
    check(OWN, u"D:" WRITE u"(A;OICI;0x1200a9;;;" NESTED u")",
          OWN WRITE u"(A;OICI;0x1200a9;;;" NESTED u")");
}

/* The root's own, for this folder only, are not handed down; the denies of a protected
 * directory are, and stand first. */
static void ownlist_add_inherited__denies__come_first(void **state)
{
    (void)state;
    check(OWN, u"D:(D;;0xd0000;;;" ROOT u")(D;;0x40;;;WD)" WRITE, OWN WRITE);
    check(OWN, u"D:(D;OICI;0xd0156;;;" ROOT u")(D;CI;0x40;;;WD)(A;OICI;FA;;;BU)" WRITE,
          u"D:(D;OICI;0xd0156;;;" ROOT u")(D;CI;0x40;;;WD)(A;OICI;FA;;;SY)"
          u"(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)" WRITE);
}

static void ownlist_add_inherited__by_flags__as_windows_hands_them_down(void **state)
{
    (void)state;
    check(OWN, u"D:(A;CI;FR;;;" ROOT u")", OWN u"(A;CI;FR;;;" ROOT u")");
    check(OWN, u"D:(A;OI;FR;;;" ROOT u")", OWN u"(A;OIIO;FR;;;" ROOT u")");
    check(OWN, u"D:(A;CINP;FR;;;" ROOT u")", OWN u"(A;;FR;;;" ROOT u")");
    check(OWN, u"D:(A;OINP;FR;;;" ROOT u")", NULL);
    check(OWN, u"D:(A;;FR;;;" ROOT u")", NULL);
}

static void ownlist_add_inherited__outside_or_too_much__nothing(void **state)
{
    static uint8_t made[4096];
    static const size_t short_of[] = { 0, 8, 90, 120 };
    struct acl none = { 0 }, from, above;

    (void)state;
    check(OWN, u"D:(A;OICI;FA;;;" USER u")(A;OICI;FA;;;WD)", NULL);
    check(OWN, u"D:P", NULL);
    /* no list of ours has these, so it is somebody's forgery */
    check(OWN, u"D:(A;OICI;FA;;;" ROOT u")(A;OICI;WD;;;" ROOT u")", NULL);
    check(OWN, u"D:(A;OICI;GA;;;" ROOT u")(A;OICI;0x40;;;" ROOT u")", NULL);
    from = parse(0, OWN);
    above = parse(1, u"D:" WRITE DELETE);
    for (size_t i = 0; i < sizeof short_of / sizeof short_of[0]; i++) {
        struct aclbuf out = aclbuf_init(made, short_of[i]);

        assert_false(ownlist_add_inherited(&from, &above, &out));
    }
    {
        struct aclbuf out = aclbuf_init(made, sizeof made);

        assert_false(ownlist_add_inherited(&from, &none, &out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ownlist_is_private__as_python_makes_it__is),
        cmocka_unit_test(ownlist_is_private__anything_else__is_not),
        cmocka_unit_test(ownlist_add_inherited__in_a_root__as_a_directory_there_has_it),
        cmocka_unit_test(ownlist_add_inherited__two_roots__both_that_are_above),
        cmocka_unit_test(ownlist_add_inherited__denies__come_first),
        cmocka_unit_test(ownlist_add_inherited__by_flags__as_windows_hands_them_down),
        cmocka_unit_test(ownlist_add_inherited__outside_or_too_much__nothing),
    };
    return cmocka_run_group_tests_name("ownlist", tests, NULL, NULL);
}
