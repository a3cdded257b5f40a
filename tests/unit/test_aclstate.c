#include "core/aclstate.h"
#include "core/sddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A      "S-1-5-21-1380535879-1-2-3"
#define B      "S-1-5-21-1380535879-4-5-6"
#define C      "S-1-5-21-1380535879-7-8-9"
#define G      "S-1-5-21-1-2-3-1010"
#define W      "0x1201bf"
#define MARKER "(D;;0x40;;;WD)"
#define USUAL  "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;S-1-5-21-1-2-3-1001)"
#define INSIDE "(A;OICIID;" W ";;;" A ")(A;OICIID;SD;;;" A ")"

static struct aclplan_room room;

static struct sid sid_text(const char16_t *text)
{
    struct sid sid;

    assert_true(sid_parse(&sid, u16s_of(text)));
    return sid;
}

static struct secdesc sd_text(const char16_t *text)
{
    static uint8_t arena[2][2048];
    static size_t turn;
    struct secdesc sd;
    struct err err;

    assert_true(
        sddl_parse(&sd, u16s_of(text), NULL, arena[turn++ % 2], sizeof arena[0], &err));
    return sd;
}

static void aclstate__lists__say_what_was_planned(void **state)
{
    static const struct {
        const char16_t *text;
        bool held, other_root, was_protected;
    } rows[] = {
        { u"D:AI" USUAL, false, false, false },
        { u"D:AI" INSIDE USUAL, false, false, false },
        { u"D:AI(D;;WDWO;;;" A ")" MARKER INSIDE USUAL, true, false, false },
        { u"D:AI(D;;WDWO;;;" B ")" MARKER USUAL, true, false, false },
        { u"D:AI(D;;SDWDWO;;;" A ")(A;OICI;" W ";;;" A ")" USUAL, false, false, true },
        { u"D:AI(D;;SDWDWO;;;" A ")" MARKER "(A;OICI;" W ";;;" A ")" USUAL, true, false,
          true },
        { u"D:AI(D;;SDWDWO;;;" B ")" INSIDE USUAL, false, true, false },
        { u"D:AI(D;OICI;0xd0156;;;" A ")" INSIDE USUAL, false, false, true },
        { u"D:AI(D;OICIID;0xd0156;;;" A ")" INSIDE USUAL, false, false, false },
        /* somebody else's, however alike */
        { u"D:AI(D;;WDWO;;;S-1-5-21-1-2-3-4)" MARKER USUAL, false, false, false },
        { u"D:AI(D;;SDWDWO;;;WD)" MARKER USUAL, false, false, false },
        { u"D:AI(D;CI;WDWO;;;" A ")" USUAL, false, false, false },
        { u"D:", false, false, false },
    };
    const struct sid a = sid_text(u"" A);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secdesc sd = sd_text(rows[i].text);

        if (aclstate_held(&sd.dacl) != rows[i].held ||
            aclstate_is_other_root(&sd.dacl, &a) != rows[i].other_root ||
            aclstate_was_protected(&sd.dacl, &a) != rows[i].was_protected)
            fail_msg("row %u", (unsigned)i);
    }
}

static void aclstate_is_root_of__only_a_roots_own_directory(void **state)
{
    static const struct {
        const char16_t *text;
        bool root;
    } rows[] = {
        { u"D:AI(D;;SDWDWO;;;" G ")(A;OICI;" W ";;;" G ")(A;OICIIO;SD;;;" G ")", true },
        /* unfinished */
        { u"D:AI(D;;SDWDWO;;;" G ")(A;OICIIO;" W ";;;" G ")(A;OICIIO;SD;;;" G ")", true },
        /* one in another root that must stay */
        { u"D:AI(D;;SDWDWO;;;" G ")(A;OICIID;" W ";;;" G ")(A;OICIID;SD;;;" G ")",
          false },
        { u"D:AI(D;;SDWDWO;;;" A ")(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")", false },
        { u"D:AI(A;OICI;FRFX;;;" G ")", false },
        { u"D:", false },
    };
    const struct sid group = sid_text(u"" G);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secdesc sd = sd_text(rows[i].text);

        if (aclstate_is_root_of(&sd.dacl, &group) != rows[i].root)
            fail_msg("row %u", (unsigned)i);
    }
}

static void aclstate_givers__lists__are_who_may_delete_the_directory_itself(void **state)
{
    static const struct {
        const char16_t *text;
        uint32_t unless;
        unsigned givers; /* A: 1, B: 2 */
    } rows[] = {
        { u"D:AI" USUAL, ACLPLAN_STAY, 0 },
        { u"D:AI" INSIDE USUAL, ACLPLAN_STAY, 1 },
        { u"D:AI" INSIDE "(A;OICIID;SD;;;" B ")" USUAL, ACLPLAN_STAY, 3 },
        { u"D:AI(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")" INSIDE USUAL, 0x10000, 1 },
        /* a root's own, and what only reads */
        { u"D:AI(D;;SDWDWO;;;" A ")(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")" USUAL,
          ACLPLAN_STAY, 0 },
        { u"D:AI(A;OICI;FRFX;;;" A ")", ACLPLAN_STAY, 0 },
        /* nested already, protected, holding something */
        { u"D:AI(D;;SDWDWO;;;" A ")" INSIDE USUAL, ACLPLAN_STAY, 0 },
        { u"D:AI(D;OICIID;0xd0156;;;" A ")" INSIDE USUAL, ACLPLAN_STAY, 0 },
        { u"D:AI(D;;WDWO;;;" A ")" INSIDE USUAL, ACLPLAN_STAY, 1 },
        { u"D:AI(D;;WDWO;;;" A ")" INSIDE USUAL, ACLPLAN_GUARD, 0 },
        { u"D:AI(D;OICIIO;SDWDWO;;;" A ")" INSIDE USUAL, ACLPLAN_STAY, 1 },
        { u"D:AI(D;;SDWDWO;;;" B ")" INSIDE USUAL, ACLPLAN_STAY, 1 },
        /* of another, and somebody else's */
        { u"D:AI(A;OICIID;SD;;;" C ")(A;OICIID;FA;;;WD)" USUAL, ACLPLAN_STAY, 0 },
    };
    const struct sid a = sid_text(u"" A), b = sid_text(u"" B), c = sid_text(u"" C);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secdesc sd = sd_text(rows[i].text);
        struct sid list[ACL_OURS_MAX];
        size_t n = aclstate_givers(&sd.dacl, &c, rows[i].unless, list);
        unsigned got = 0;

        for (size_t k = 0; k < n; k++)
            got += sid_eq(&list[k], &a) ? 1u : sid_eq(&list[k], &b) ? 2u : 100u;
        if (got != rows[i].givers)
            fail_msg("row %u: %u", (unsigned)i, got);
    }
}

static void aclstate_is_lowered__labels__only_ours(void **state)
{
    struct secdesc sd = sd_text(u"D:S:(ML;OICIID;NW;;;S-1-16-6144)");

    (void)state;
    assert_true(aclstate_is_lowered(&sd));
    sd = sd_text(u"D:S:(ML;OICI;NW;;;LW)");
    assert_false(aclstate_is_lowered(&sd));
    sd = sd_text(u"D:");
    assert_false(aclstate_is_lowered(&sd));
}

/* For a root of either kind: not finished, and finished again by the plan, to the byte.
 */
static void aclstate_unfinish__a_root__is_told_apart_and_taken_back(void **state)
{
    const struct aclplan_object root = { .kind = ACLPLAN_ROOT,
                                         .directory = true,
                                         .reached = true };

    (void)state;
    for (int read = 0; read < 2; read++) {
        const struct aclplan_policy policy = { .sid = sid_text(u"" A), .read = read };
        struct secdesc old = sd_text(u"D:AI(A;OICI;" W ";;;" B ")" USUAL), open = old;
        struct aclplan_edit edit = aclplan_apply(&root, &policy, &old, &room);
        uint8_t want[1024], list[1024];
        size_t bytes = edit.sd.dacl.bytes;

        assert_true(bytes <= sizeof want);
        memcpy(want, edit.sd.dacl.at, bytes);
        memcpy(list, want, bytes);
        edit.sd.dacl.at = list;
        aclstate_unfinish(list, &edit.sd.dacl, &policy.sid);
        assert_memory_not_equal(list, want, bytes);
        assert_false(aclplan_shows_root(&edit.sd.dacl, &policy.sid));
        open.dacl = edit.sd.dacl;
        edit = aclplan_apply(&root, &policy, &open, &room);
        assert_int_equal(edit.result, ACLPLAN_CHANGED);
        assert_int_equal(edit.sd.dacl.bytes, bytes);
        assert_memory_equal(edit.sd.dacl.at, want, bytes);
        edit = aclplan_undo(&policy.sid, NULL, &open, &room);
        assert_int_equal(edit.sd.dacl.bytes, old.dacl.bytes);
        assert_memory_equal(edit.sd.dacl.at, old.dacl.at, old.dacl.bytes);
    }
}

static void
aclstate_guards__a_directory_that_holds__names_who_is_given_nothing(void **state)
{
    struct secdesc sd =
        sd_text(u"D:AI(D;;WDWO;;;" A ")(D;;WDWO;;;" B ")(D;;WDWO;;;" C ")(D;;WDWO;;;" A
                ")" MARKER "(A;OICIID;" W ";;;" B ")" USUAL);
    const struct sid a = sid_text(u"" A), b = sid_text(u"" B), c = sid_text(u"" C);
    struct sid list[ACL_OURS_MAX];

    (void)state;
    assert_int_equal(aclstate_guards(&sd.dacl, NULL, list), 2);
    assert_true(sid_eq(&list[0], &c));
    assert_true(sid_eq(&list[1], &a));
    assert_int_equal(aclstate_guards(&sd.dacl, &c, list), 1);
    assert_int_equal(aclstate_guards(&sd.dacl, &b, list), 0);
}

static void aclstate_drop_needed__what_lies_in_it__keeps_its_own(void **state)
{
    const struct sid all[] = { sid_text(u"" A), sid_text(u"" B), sid_text(u"" C) };
    struct secdesc sd = sd_text(u"D:AI(D;;SDWDWO;;;" B ")(A;OICI;" W ";;;" B
                                ")(D;OICIID;0xd0156;;;" A ")(A;;SD;;;" C ")" USUAL);
    struct sid list[3];

    (void)state;
    memcpy(list, all, sizeof all);
    assert_int_equal(aclstate_drop_needed(&sd.dacl, list, 3), 2);
    assert_true(sid_eq(&list[0], &all[0]));
    assert_true(sid_eq(&list[1], &all[2]));
    assert_int_equal(aclstate_drop_needed(&sd.dacl, list, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aclstate_givers__lists__are_who_may_delete_the_directory_itself),
        cmocka_unit_test(aclstate_is_lowered__labels__only_ours),
        cmocka_unit_test(aclstate__lists__say_what_was_planned),
        cmocka_unit_test(aclstate_is_root_of__only_a_roots_own_directory),
        cmocka_unit_test(aclstate_unfinish__a_root__is_told_apart_and_taken_back),
        cmocka_unit_test(
            aclstate_guards__a_directory_that_holds__names_who_is_given_nothing),
        cmocka_unit_test(aclstate_drop_needed__what_lies_in_it__keeps_its_own),
    };
    return cmocka_run_group_tests_name("aclstate", tests, NULL, NULL);
}
