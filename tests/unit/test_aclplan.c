#include "core/aclplan.h"
#include "core/aclstate.h"
#include "core/sddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A        "S-1-5-21-1380535879-1-2-3"
#define B        "S-1-5-21-1380535879-4-5-6"
#define W        "0x1201bf"
#define MARKER   "(D;;0x40;;;WD)"
#define DENY     "0xd0156"
#define USUAL    "(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;S-1-5-21-1-2-3-1001)"
#define USUAL_F  "(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;S-1-5-21-1-2-3-1001)"
#define INSIDE   "(A;OICIID;" W ";;;" A ")(A;OICIID;SD;;;" A ")"
#define INSIDE_F "(A;ID;" W ";;;" A ")(A;ID;SD;;;" A ")"
#define LOWERED  "S-1-16-6144"
#define G        "S-1-5-21-1-2-3-1010" /* the sandbox accounts' group */

static struct aclplan_room room[4];
static uint8_t arena[32][2048]; /* a test asks for fewer */
static size_t arena_next;

static struct sid sid_text(const char16_t *text)
{
    struct sid sid;

    assert_true(sid_parse(&sid, u16s_of(text)));
    return sid;
}

static struct secdesc sd_text(const char16_t *text)
{
    uint8_t *at = arena[arena_next++ % 32];
    struct secdesc sd;
    struct err err;

    assert_true(sddl_parse(&sd, u16s_of(text), NULL, at, sizeof arena[0], &err));
    return sd;
}

static struct aclplan_policy policy_of(const char16_t *sid)
{
    return (struct aclplan_policy){ .sid = sid_text(sid) };
}

/* The same descriptor, to the byte. */
static void check_same(const struct secdesc *got, const struct secdesc *want)
{
    static uint8_t one[8192], two[8192];
    size_t one_bytes = 0, two_bytes = 0;

    assert_true(secdesc_write(got, one, sizeof one, &one_bytes));
    assert_true(secdesc_write(want, two, sizeof two, &two_bytes));
    assert_int_equal(one_bytes, two_bytes);
    assert_memory_equal(one, two, one_bytes);
}

/* Before becomes after, stays so when applied again, and the SID's undo leads back. */
static void check_one(struct aclplan_object object, const struct aclplan_policy *policy,
                      const char16_t *before, const char16_t *after,
                      enum aclplan_rule rule)
{
    struct secdesc old = sd_text(before), want = sd_text(after);
    struct aclplan_edit edit = aclplan_apply(&object, policy, &old, &room[0]), again;

    assert_int_equal(edit.result, u16s_eq(u16s_of(before), u16s_of(after))
                                      ? ACLPLAN_SAME
                                      : ACLPLAN_CHANGED);
    assert_int_equal(edit.rule, rule);
    check_same(&edit.sd, &want);
    again = aclplan_apply(&object, policy, &edit.sd, &room[1]);
    assert_int_equal(again.result, ACLPLAN_SAME);
    check_same(&again.sd, &want);
    again = aclplan_undo(&policy->sid, NULL, &edit.sd, &room[1]);
    check_same(&again.sd, &old);
}

/* Likewise where nothing else of ours is: the undo of everything leads back too. */
static void check(struct aclplan_object object, const struct aclplan_policy *policy,
                  const char16_t *before, const char16_t *after, enum aclplan_rule rule)
{
    struct secdesc old = sd_text(before), want = sd_text(after);
    struct aclplan_edit edit = aclplan_undo(NULL, NULL, &want, &room[2]);

    check_same(&edit.sd, &old);
    check_one(object, policy, before, after, rule);
}

/* What stands there of ours already becomes what is to stand there, and stays so. */
static void mends(struct aclplan_object object, const struct aclplan_policy *policy,
                  const char16_t *before, const char16_t *after)
{
    struct secdesc old = sd_text(before), want = sd_text(after);
    struct aclplan_edit edit = aclplan_apply(&object, policy, &old, &room[0]);

    assert_int_equal(edit.result, ACLPLAN_CHANGED);
    check_same(&edit.sd, &want);
    edit = aclplan_apply(&object, policy, &want, &room[1]);
    assert_int_equal(edit.result, ACLPLAN_SAME);
}

static const struct aclplan_object a_root = { ACLPLAN_ROOT, true, false, true, 1 };
static const struct aclplan_object a_dir = { ACLPLAN_INSIDE, true, false, true, 1 };
static const struct aclplan_object a_file = { ACLPLAN_INSIDE, false, false, true, 1 };

static void aclplan_apply__root__gives_all_but_its_own_delete(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object holding = a_root;

    (void)state;
    holding.holds = true;
    check(a_root, &p, u"D:AI" USUAL,
          u"D:AI(D;;SDWDWO;;;" A ")(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")" USUAL,
          ACLPLAN_FULL);
    check(holding, &p, u"D:PAI(A;OICI;FA;;;BA)",
          u"D:PAI(D;;SDWDWO;;;" A ")" MARKER "(A;OICI;FA;;;BA)"
          "(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")",
          ACLPLAN_FULL);
}

static void aclplan_apply__inside__has_what_ntfs_hands_down(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object holding = a_dir;

    (void)state;
    holding.holds = true;
    check(a_dir, &p, u"D:AI" USUAL, u"D:AI" INSIDE USUAL, ACLPLAN_FULL);
    check(a_file, &p, u"D:AI" USUAL_F, u"D:AI" INSIDE_F USUAL_F, ACLPLAN_FULL);
    check(a_file, &p, u"D:(A;;FA;;;WD)", u"D:(A;;FA;;;WD)" INSIDE_F, ACLPLAN_FULL);
    check(holding, &p, u"D:AI" USUAL, u"D:AI(D;;WDWO;;;" A ")" MARKER INSIDE USUAL,
          ACLPLAN_FULL);
}

static void aclplan_apply__protected__denies_writing(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object dir = { ACLPLAN_PROTECTED, true, false, true, 1 };
    struct aclplan_object file = { ACLPLAN_PROTECTED, false, false, true, 1 };

    (void)state;
    check(dir, &p, u"D:AI" USUAL,
          u"D:AI(D;OICI;" DENY ";;;" A ")(D;CI;0x40;;;WD)" INSIDE USUAL, ACLPLAN_FULL);
    check(file, &p, u"D:AI" USUAL_F, u"D:AI(D;;" DENY ";;;" A ")" INSIDE_F USUAL_F,
          ACLPLAN_FULL);
    check(dir, &p, u"D:P(A;OICI;FA;;;BA)",
          u"D:P(D;OICI;" DENY ";;;" A ")(D;CI;0x40;;;WD)(A;OICI;FA;;;BA)",
          ACLPLAN_CUT_OFF);
}

static void aclplan_apply__below__is_denied_by_inheritance_where_that_serves(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object dir = { ACLPLAN_BELOW, true, false, true, 1 };
    struct aclplan_object file = { ACLPLAN_BELOW, false, false, true, 1 };

    (void)state;
    check(dir, &p, u"D:AI" USUAL,
          u"D:AI(D;OICIID;" DENY ";;;" A ")(D;CIID;0x40;;;WD)" INSIDE USUAL,
          ACLPLAN_FULL);
    check(file, &p, u"D:AI" USUAL_F, u"D:AI(D;ID;" DENY ";;;" A ")" INSIDE_F USUAL_F,
          ACLPLAN_FULL);
    /* An explicit allow would come before the inherited deny. */
    check(file, &p, u"D:AI(A;;FA;;;WD)" USUAL_F,
          u"D:AI(D;;" DENY ";;;" A ")(A;;FA;;;WD)(D;ID;" DENY ";;;" A
          ")" INSIDE_F USUAL_F,
          ACLPLAN_FULL);
    /* So would an inherited one in a list out of order. */
    check(file, &p, u"D:AI(A;ID;FA;;;WD)(D;;FX;;;AN)",
          u"D:AI(D;;" DENY ";;;" A ")(A;ID;FA;;;WD)(D;;FX;;;AN)(D;ID;" DENY ";;;" A
          ")" INSIDE_F,
          ACLPLAN_FULL);
    check(dir, &p, u"D:P(A;;FA;;;BA)",
          u"D:P(D;OICI;" DENY ";;;" A ")(D;CI;0x40;;;WD)(A;;FA;;;BA)", ACLPLAN_CUT_OFF);
}

static void aclplan_apply__deny_behind_an_allow__is_put_in_front(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object file = { ACLPLAN_BELOW, false, false, true, 1 };
    struct secdesc old = sd_text(u"D:AI(A;ID;FA;;;WD)(D;ID;" DENY ";;;" A ")" INSIDE_F);
    struct secdesc want =
        sd_text(u"D:AI(D;ID;" DENY ";;;" A ")" INSIDE_F "(A;ID;FA;;;WD)");
    struct aclplan_edit edit = aclplan_apply(&file, &p, &old, &room[0]);

    (void)state;
    assert_int_equal(edit.result, ACLPLAN_CHANGED);
    check_same(&edit.sd, &want);
    edit = aclplan_apply(&file, &p, &want, &room[0]);
    assert_int_equal(edit.result, ACLPLAN_SAME);
    edit = aclplan_undo(&p.sid, NULL, &old, &room[0]);
    want = sd_text(u"D:AI(A;ID;FA;;;WD)");
    assert_int_equal(edit.result, ACLPLAN_CHANGED);
    check_same(&edit.sd, &want);
}

static void aclplan_apply__system_made_child__is_the_same(void **state)
{
    /* As NTFS hands down a root's list with an explicit entry before ours. */
    struct aclplan_policy p = policy_of(u"" A);

    (void)state;
    check(a_file, &p, u"D:AI(A;ID;FR;;;WD)" USUAL_F,
          u"D:AI" INSIDE_F "(A;ID;FR;;;WD)" USUAL_F, ACLPLAN_FULL);
    {
        struct secdesc old = sd_text(u"D:AI(A;ID;FR;;;WD)" INSIDE_F USUAL_F);
        struct aclplan_edit edit = aclplan_apply(&a_file, &p, &old, &room[0]);

        assert_int_equal(edit.result, ACLPLAN_SAME);
    }
}

static void aclplan_apply__git_directory_where_commits_work__stays(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object git = { ACLPLAN_GIT, true, true, true, 1 };

    (void)state;
    check(git, &p, u"D:AI" USUAL, u"D:AI(D;;SDWDWO;;;" A ")" MARKER INSIDE USUAL,
          ACLPLAN_FULL);
    git.kind = ACLPLAN_NESTED;
    git.holds = false;
    check(git, &p, u"D:AI" USUAL, u"D:AI(D;;SDWDWO;;;" A ")" INSIDE USUAL, ACLPLAN_FULL);
}

static void aclplan_apply__outside__only_holds_roots(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object dir = { ACLPLAN_OUTSIDE, true, false, false, 1 };

    (void)state;
    check(dir, &p, u"D:AI" USUAL, u"D:AI" USUAL, ACLPLAN_FULL);
    dir.holds = true;
    check(dir, &p, u"D:AI" USUAL, u"D:AI(D;;WDWO;;;" A ")" MARKER USUAL, ACLPLAN_FULL);
}

static void aclplan_apply__cut_off__is_left_alone(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object below = a_file;

    (void)state;
    check(a_file, &p, u"D:P(A;;FA;;;BA)", u"D:P(A;;FA;;;BA)", ACLPLAN_CUT_OFF);
    below.reached = false;
    check(below, &p, u"D:AI" USUAL_F, u"D:AI" USUAL_F, ACLPLAN_CUT_OFF);
}

static void aclplan_apply__hard_linked__may_be_read(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object file = a_file;
    struct secdesc old = sd_text(u"D:AI" INSIDE_F USUAL_F), want;
    struct aclplan_edit edit;

    (void)state;
    file.links = 2;
    check(file, &p, u"D:AI" USUAL_F, u"D:AI(A;;FRFX;;;" A ")" USUAL_F, ACLPLAN_HARD_LINK);
    /* Made in the root and linked to elsewhere since: the right to write goes. */
    edit = aclplan_apply(&file, &p, &old, &room[0]);
    want = sd_text(u"D:AI(A;;FRFX;;;" A ")" USUAL_F);
    assert_int_equal(edit.result, ACLPLAN_CHANGED);
    assert_int_equal(edit.rule, ACLPLAN_HARD_LINK);
    check_same(&edit.sd, &want);
    p.hard_links = true;
    check(file, &p, u"D:AI" USUAL_F, u"D:AI" INSIDE_F USUAL_F, ACLPLAN_FULL);
}

/* A file linked under a protected and an unprotected name: the order does not matter. */
static void aclplan_apply__linked_into_a_protected_tree__stays_denied(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object plain = a_file, below = a_file;
    struct secdesc old = sd_text(u"D:AI" USUAL_F);

    (void)state;
    plain.links = below.links = 2;
    below.kind = ACLPLAN_BELOW;
    p.lowered = true;
    for (int granted = 0; granted < 2; granted++) {
        struct aclplan_edit one, two, edit;

        p.hard_links = granted;
        one = aclplan_apply(&plain, &p, &old, &room[0]);
        one = aclplan_apply(&below, &p, &one.sd, &room[1]);
        two = aclplan_apply(&below, &p, &old, &room[2]);
        two = aclplan_apply(&plain, &p, &two.sd, &room[3]);
        check_same(&one.sd, &two.sd);
        edit = aclplan_apply(&plain, &p, &one.sd, &room[2]);
        assert_int_equal(edit.result, ACLPLAN_SAME);
        edit = aclplan_apply(&below, &p, &one.sd, &room[2]);
        assert_int_equal(edit.result, ACLPLAN_SAME);
    }
}

/* What one root protects, another that knows the file by an ordinary name leaves whole.
 */
static void aclplan_apply__protected_in_another_root__may_be_read(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object file = a_file;

    (void)state;
    file.links = 2;
    p.hard_links = true;
    p.lowered = true;
    check_one(file, &p, u"D:AI(D;;" DENY ";;;" B ")" USUAL_F,
              u"D:AI(D;;" DENY ";;;" B ")(A;;FRFX;;;" A ")" USUAL_F, ACLPLAN_HARD_LINK);
}

static void aclplan_apply__null_dacl__is_refused(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct secdesc old = { .control = SECDESC_DACL_PRESENT | SECDESC_SELF_RELATIVE };
    struct aclplan_edit edit = aclplan_apply(&a_dir, &p, &old, &room[0]);

    (void)state;
    assert_int_equal(edit.result, ACLPLAN_REFUSED);
    assert_int_equal(edit.rule, ACLPLAN_NULL_DACL);
    assert_null(edit.sd.dacl.at);
    edit = aclplan_undo(&p.sid, NULL, &old, &room[0]);
    assert_int_equal(edit.result, ACLPLAN_SAME);
}

static void aclplan_apply__too_big__is_refused(void **state)
{
    static uint8_t at[ACL_BYTES_MAX];
    struct aclplan_policy p = policy_of(u"" A);
    struct aclbuf b = aclbuf_init(at, sizeof at);
    struct acl_entry entry = { ACE_ALLOW, 0, 1, sid_everyone() };
    struct secdesc old = { .control = SECDESC_SELF_RELATIVE };
    struct aclplan_edit edit;

    (void)state;
    while (b.bytes + 20 + 36 <= sizeof at)
        aclbuf_add(&b, &entry);
    old.dacl = aclbuf_acl(&b);
    edit = aclplan_apply(&a_file, &p, &old, &room[0]);
    assert_int_equal(edit.result, ACLPLAN_REFUSED);
    assert_int_equal(edit.rule, ACLPLAN_TOO_BIG);
    assert_ptr_equal(edit.sd.dacl.at, at);
}

static void aclplan_apply__lowered__labels_what_may_be_written(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object git = { ACLPLAN_PROTECTED, true, false, true, 1 };
    struct secdesc old = sd_text(u"D:AI" USUAL "S:AI(ML;OICIID;NW;;;" LOWERED ")");
    struct aclplan_edit edit;
    struct ace label;

    (void)state;
    p.lowered = true;
    check(a_root, &p, u"D:AI" USUAL,
          u"D:AI(D;;SDWDWO;;;" A ")(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")" USUAL
          "S:(ML;OICI;NW;;;" LOWERED ")",
          ACLPLAN_FULL);
    check(a_file, &p, u"D:AI" USUAL_F "S:(AU;SA;FA;;;WD)",
          u"D:AI" INSIDE_F USUAL_F "S:(AU;SA;FA;;;WD)(ML;ID;NW;;;" LOWERED ")",
          ACLPLAN_FULL);
    check(a_dir, &p, u"D:AI" USUAL "S:(ML;;NW;;;HI)",
          u"D:AI" INSIDE USUAL "S:(ML;;NW;;;HI)", ACLPLAN_LABELLED);
    check(a_dir, &p, u"D:AI" USUAL "S:(ML;;NW;;;LW)",
          u"D:AI" INSIDE USUAL "S:(ML;;NW;;;LW)", ACLPLAN_FULL); /* low enough */
    edit = aclplan_apply(&git, &p, &old, &room[0]);
    assert_true(edit.label);
    assert_false(secdesc_label(&edit.sd, &label));
    p.lowered = false;
    edit = aclplan_apply(&a_dir, &p, &old, &room[0]);
    assert_false(secdesc_label(&edit.sd, &label));
}

static void aclplan_apply__read_sid__reads_and_leaves_stores_closed(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object store = { ACLPLAN_PROTECTED, true, false, true, 1 };
    struct aclplan_object linked = a_file;

    (void)state;
    p.read = true;
    linked.links = 3;
    check(a_root, &p, u"D:P(A;OICI;FA;;;BA)", u"D:P(A;OICI;FA;;;BA)(A;OICI;FRFX;;;" A ")",
          ACLPLAN_FULL);
    check(a_file, &p, u"D:AI" USUAL_F, u"D:AI(A;ID;FRFX;;;" A ")" USUAL_F, ACLPLAN_FULL);
    check(linked, &p, u"D:AI" USUAL_F, u"D:AI(A;ID;FRFX;;;" A ")" USUAL_F, ACLPLAN_FULL);
    check(store, &p, u"D:AI" USUAL, u"D:AI(D;OICI;FA;;;" A ")" USUAL, ACLPLAN_FULL);
}

/* OpenSSH refuses a private key that anybody else has an allow for, denied or not. */
static void aclplan_apply__read_sid_in_a_store__allows_nothing(void **state)
{
    const struct aclplan_object below = { ACLPLAN_BELOW, false, false, true, 1 };
    struct aclplan_object linked = a_file;
    struct aclplan_policy p = policy_of(u"" A);

    (void)state;
    p.read = true;
    linked.links = 2;
    check(below, &p, u"D:AI" USUAL_F, u"D:AI(D;ID;FA;;;" A ")" USUAL_F, ACLPLAN_FULL);
    check(below, &p, u"D:P(A;;FA;;;BA)", u"D:P(D;;FA;;;" A ")(A;;FA;;;BA)", ACLPLAN_FULL);
    /* as an earlier walk has left it */
    mends(below, &p, u"D:AI(D;ID;FA;;;" A ")(A;ID;FRFX;;;" A ")" USUAL_F,
          u"D:AI(D;ID;FA;;;" A ")" USUAL_F);
    /* met under its other name */
    mends(linked, &p, u"D:AI(D;;FA;;;" A ")(A;ID;FRFX;;;" A ")" USUAL_F,
          u"D:AI(D;;FA;;;" A ")" USUAL_F);
}

static void aclplan_apply__read_sid_in_our_own_state__shuts_files_only(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);
    const struct aclplan_object top = { ACLPLAN_STATE, true, false, true, 1 },
                                in = { ACLPLAN_IN_STATE, true, false, true, 1 },
                                file = { ACLPLAN_BELOW, false, false, true, 1 },
                                box = { ACLPLAN_OUTSIDE, true, false, true, 1 };

    (void)state;
    p.read = true;
    check(top, &p, u"D:AI" USUAL, u"D:AI(D;OIIO;FA;;;" A ")(A;OICIID;FRFX;;;" A ")" USUAL,
          ACLPLAN_FULL);
    check(in, &p, u"D:AI" USUAL,
          u"D:AI(D;OIIOID;FA;;;" A ")(A;OICIID;FRFX;;;" A ")" USUAL, ACLPLAN_FULL);
    check(in, &p,
          u"D:AI(A;OICI;FA;;;WD)" USUAL, /* somebody's allow: it is too late there */
          u"D:AI(D;OIIO;FA;;;" A ")(A;OICI;FA;;;WD)(D;OIIOID;FA;;;" A
          ")(A;OICIID;FRFX;;;" A ")" USUAL,
          ACLPLAN_FULL);
    check(file, &p, u"D:AI" USUAL_F, u"D:AI(D;ID;FA;;;" A ")" USUAL_F, ACLPLAN_FULL);
    check(box, &p, u"D:AI" USUAL, u"D:AI" USUAL, ACLPLAN_FULL);
    assert_int_equal(aclplan_kind_in(ACLPLAN_STATE, PROTECTED_NOT, true, false),
                     ACLPLAN_IN_STATE);
    assert_int_equal(aclplan_kind_in(ACLPLAN_IN_STATE, PROTECTED_NOT, true, false),
                     ACLPLAN_IN_STATE);
    assert_int_equal(aclplan_kind_in(ACLPLAN_STATE, PROTECTED_NOT, false, false),
                     ACLPLAN_BELOW);
    assert_int_equal(aclplan_kind_in(ACLPLAN_IN_STATE, PROTECTED_NOT, false, false),
                     ACLPLAN_BELOW);
}

static void aclplan_apply__group__has_the_same_beside_it(void **state)
{
    static const struct {
        struct aclplan_object object;
        const char16_t *before, *after;
    } rows[] = {
        { { ACLPLAN_ROOT, true, true, true, 1 },
          u"D:AI" USUAL,
          u"D:AI(D;;SDWDWO;;;" A ")(D;;SDWDWO;;;" G ")" MARKER "(A;OICI;" W ";;;" A
          ")(A;OICI;" W ";;;" G ")(A;OICIIO;SD;;;" A ")(A;OICIIO;SD;;;" G ")" USUAL },
        { { ACLPLAN_INSIDE, false, false, true, 1 },
          u"D:AI" USUAL_F,
          u"D:AI(A;ID;" W ";;;" A ")(A;ID;" W ";;;" G ")(A;ID;SD;;;" A ")(A;ID;SD;;;" G
          ")" USUAL_F },
        { { ACLPLAN_PROTECTED, true, false, true, 1 },
          u"D:P(A;OICI;FA;;;BA)",
          u"D:P(D;OICI;" DENY ";;;" A ")(D;OICI;" DENY ";;;" G
          ")(D;CI;0x40;;;WD)(A;OICI;FA;;;BA)" },
        /* read by it already; the directory above a root is none of a root's business */
        { { ACLPLAN_OUTSIDE, true, true, false, 1 },
          u"D:AI(A;OICIID;FRFX;;;" G ")" USUAL,
          u"D:AI(D;;WDWO;;;" A ")" MARKER "(A;OICIID;FRFX;;;" G ")" USUAL },
        { { ACLPLAN_INSIDE, false, false, true, 2 },
          u"D:AI(D;;FA;;;" G ")" USUAL_F,
          u"D:AI(D;;FA;;;" G ")(A;;FRFX;;;" A ")" USUAL_F },
    };
    const struct sid group = sid_text(u"" G);
    struct aclplan_policy p = policy_of(u"" A);

    (void)state;
    p.group = &group;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secdesc old = sd_text(rows[i].before), want = sd_text(rows[i].after);
        struct aclplan_edit edit = aclplan_apply(&rows[i].object, &p, &old, &room[0]);

        check_same(&edit.sd, &want);
        edit = aclplan_apply(&rows[i].object, &p, &want, &room[0]);
        assert_int_equal(edit.result, ACLPLAN_SAME);
        if (i > 2) /* the group's were there before */
            continue;
        edit = aclplan_undo(NULL, &group, &want, &room[0]);
        check_same(&edit.sd, &old);
        edit = aclplan_undo(&group, NULL, &want, &room[0]);
        edit = aclplan_undo(&p.sid, NULL, &edit.sd, &room[1]);
        check_same(&edit.sd, &old);
    }
}

/* A store's file that a root gives under another name. */
static void aclplan_apply__group_reading__closes_a_linked_store(void **state)
{
    const struct aclplan_object store = { ACLPLAN_PROTECTED, false, false, true, 2 };
    const struct sid group = sid_text(u"" G);
    struct aclplan_policy p = policy_of(u"" A);
    struct secdesc old = sd_text(u"D:AI(A;ID;" W ";;;" G ")" USUAL_F);
    struct secdesc want = sd_text(u"D:AI(D;;FA;;;" A ")(D;;FA;;;" G ")" USUAL_F);
    struct aclplan_edit edit;

    (void)state;
    p.read = true;
    p.group = &group;
    edit = aclplan_apply(&store, &p, &old, &room[0]);
    check_same(&edit.sd, &want);
}

/* The group's own going leaves what the root needs: its markers and its label. */
static void aclplan_undo__group_alone__leaves_the_marker_and_the_label(void **state)
{
    const struct sid group = sid_text(u"" G);
    struct aclplan_policy p = policy_of(u"" A);
    struct aclplan_object holding = a_root;
    struct secdesc old = sd_text(u"D:AI" USUAL);
    struct aclplan_edit want, edit;

    (void)state;
    holding.holds = true;
    p.lowered = true;
    want = aclplan_apply(&holding, &p, &old, &room[0]);
    p.group = &group;
    edit = aclplan_apply(&holding, &p, &old, &room[1]);
    edit = aclplan_undo(&group, NULL, &edit.sd, &room[2]);
    assert_false(edit.label);
    check_same(&edit.sd, &want.sd);
}

/* Two roots side by side: the directory above is marked as long as either needs it. */
static void aclplan_undo__marker_of_two_roots__goes_with_the_last(void **state)
{
    struct aclplan_policy a = policy_of(u"" A), b = policy_of(u"" B);
    struct aclplan_object dir = { ACLPLAN_OUTSIDE, true, true, false, 1 };
    struct secdesc old = sd_text(u"D:AI" USUAL);
    struct secdesc want = sd_text(u"D:AI(D;;WDWO;;;" B ")" MARKER USUAL);
    struct aclplan_edit edit = aclplan_apply(&dir, &a, &old, &room[0]);

    (void)state;
    edit = aclplan_apply(&dir, &b, &edit.sd, &room[1]);
    edit = aclplan_undo(&a.sid, NULL, &edit.sd, &room[0]);
    assert_int_equal(edit.result, ACLPLAN_CHANGED);
    check_same(&edit.sd, &want);
    edit = aclplan_undo(&b.sid, NULL, &edit.sd, &room[1]);
    check_same(&edit.sd, &old);
}

/* A nested root whose policy protects less than the outer one's takes nothing from it. */
static void aclplan_apply__marker_of_another_root__stays(void **state)
{
    struct aclplan_policy p = policy_of(u"" A);

    (void)state;
    check_one(a_dir, &p, u"D:AI" MARKER "(D;;WDWO;;;" B ")" USUAL,
              u"D:AI" MARKER "(D;;WDWO;;;" B ")" INSIDE USUAL, ACLPLAN_FULL);
}

/* Opened it says so, again changes nothing, closed all bytes are back. */
static void check_way(const char16_t *before, const char16_t *after)
{
    const struct sid group = sid_text(u"" G);
    struct secdesc old = sd_text(before), want = sd_text(after);
    struct aclplan_edit edit = aclplan_way(&group, true, &old, &room[0]), again;

    assert_int_equal(edit.result, ACLPLAN_CHANGED);
    assert_true(edit.dacl && !edit.label);
    check_same(&edit.sd, &want);
    again = aclplan_way(&group, true, &edit.sd, &room[1]);
    assert_int_equal(again.result, ACLPLAN_SAME);
    again = aclplan_way(&group, false, &edit.sd, &room[1]);
    assert_int_equal(again.result, ACLPLAN_CHANGED);
    check_same(&again.sd, &old);
    again = aclplan_way(&group, false, &old, &room[1]);
    assert_int_equal(again.result, ACLPLAN_SAME);
}

#define WAY "(A;;0x100080;;;" G ")"

static void aclplan_way__opened_and_closed__is_one_entry_for_this_folder(void **state)
{
    const struct sid group = sid_text(u"" G);
    struct secdesc none = sd_text(u"D:NO_ACCESS_CONTROL");

    (void)state;
    check_way(u"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
              u"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" WAY);
    check_way(u"D:AI" USUAL, u"D:AI" WAY USUAL);
    check_way(u"D:AI(D;;WDWO;;;" A ")" MARKER "(A;OICIID;FRFX;;;" G ")" USUAL,
              u"D:AI(D;;WDWO;;;" A ")" MARKER WAY "(A;OICIID;FRFX;;;" G ")" USUAL);
    check_way(u"S:(ML;;NW;;;" LOWERED ")D:AI" USUAL,
              u"S:(ML;;NW;;;" LOWERED ")D:AI" WAY USUAL);
    assert_int_equal(aclplan_way(&group, true, &none, &room[0]).result, ACLPLAN_SAME);
}

/* The roots below are what it is for: reading comes and goes without it. */
static void aclplan_way__reading_given_and_taken__stays_until_all_goes(void **state)
{
    const struct sid group = sid_text(u"" G);
    struct aclplan_policy p = policy_of(u"" A);
    struct secdesc old = sd_text(u"D:P(A;OICI;FA;;;BA)(A;;0x100080;;;" A ")" WAY);
    struct secdesc bare = sd_text(u"D:P(A;OICI;FA;;;BA)");
    struct aclplan_edit read, edit;

    (void)state;
    p.read = true;
    p.group = &group;
    read = aclplan_apply(&a_root, &p, &old, &room[0]);
    assert_int_equal(read.result, ACLPLAN_CHANGED);
    edit = aclplan_apply(&a_root, &p, &read.sd, &room[1]);
    assert_int_equal(edit.result, ACLPLAN_SAME);
    edit = aclplan_undo(&p.sid, &group, &read.sd, &room[1]);
    check_same(&edit.sd, &old);
    edit = aclplan_undo(NULL, &group, &read.sd, &room[1]);
    check_same(&edit.sd, &bare);
}

static void aclplan_kind_in__tree__follows_the_names(void **state)
{
    static const struct {
        enum aclplan_kind parent;
        enum protected_name name;
        bool directory, commit;
        enum aclplan_kind want;
    } row[] = {
        { ACLPLAN_OUTSIDE, PROTECTED_GIT, true, false, ACLPLAN_OUTSIDE },
        { ACLPLAN_ROOT, PROTECTED_NOT, true, false, ACLPLAN_INSIDE },
        { ACLPLAN_ROOT, PROTECTED_GIT, true, false, ACLPLAN_PROTECTED },
        { ACLPLAN_ROOT, PROTECTED_GIT, true, true, ACLPLAN_GIT },
        { ACLPLAN_INSIDE, PROTECTED_GIT, false, true, ACLPLAN_PROTECTED },
        { ACLPLAN_INSIDE, PROTECTED_NAME, true, true, ACLPLAN_PROTECTED },
        { ACLPLAN_GIT, PROTECTED_NAME, true, true, ACLPLAN_PROTECTED },
        { ACLPLAN_GIT, PROTECTED_NOT, true, true, ACLPLAN_INSIDE },
        { ACLPLAN_NESTED, PROTECTED_NOT, false, false, ACLPLAN_INSIDE },
        { ACLPLAN_PROTECTED, PROTECTED_NOT, true, false, ACLPLAN_BELOW },
        { ACLPLAN_BELOW, PROTECTED_GIT, true, true, ACLPLAN_BELOW },
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        assert_int_equal(
            aclplan_kind_in(row[i].parent, row[i].name, row[i].directory, row[i].commit),
            row[i].want);
}

static void aclplan_shows_root__as_written__only_with_all_three(void **state)
{
    static const struct {
        const char16_t *text;
        bool shows;
    } rows[] = {
        { u"D:(D;;SDWDWO;;;" A ")(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")", true },
        { u"D:(A;OICIIO;SD;;;" A ")(A;;FA;;;WD)(A;OICI;" W ";;;" A ")(D;;SDWDWO;;;" A ")",
          true },
        { u"D:(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")", false }, /* walk not ended */
        { u"D:(D;;SDWDWO;;;" A ")(A;OICIIO;SD;;;" A ")", false },
        { u"D:(D;;SDWDWO;;;" A ")(A;OICI;" W ";;;" A ")", false },
        { u"D:(D;;SDWDWO;;;" A ")(A;OICIID;" W ";;;" A ")(A;OICIIO;SD;;;" A ")", false },
        { u"D:(D;;SDWDWO;;;" B ")(A;OICI;" W ";;;" B ")(A;OICIIO;SD;;;" B ")", false },
        { u"D:(D;;SD;;;" A ")(A;OICI;" W ";;;" A ")(A;OICIIO;SD;;;" A ")", false },
        { u"D:", false },
    };
    const struct sid a = sid_text(u"" A);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secdesc sd = sd_text(rows[i].text);

        if (aclplan_shows_root(&sd.dacl, &a) != rows[i].shows)
            fail_msg("row %u", (unsigned)i);
    }
}

/* What aclplan_apply gives a root is what a launch looks for. */
static void aclplan_shows_root__after_apply__shows(void **state)
{
    const struct aclplan_object object = {
        .kind = ACLPLAN_ROOT, .directory = true, .holds = true, .reached = true
    };
    const struct aclplan_policy policy = policy_of(u"" A);
    struct secdesc old = sd_text(u"D:AI" USUAL);
    struct aclplan_edit edit = aclplan_apply(&object, &policy, &old, &room[0]);

    (void)state;
    assert_false(aclplan_shows_root(&old.dacl, &policy.sid));
    assert_int_equal(edit.result, ACLPLAN_CHANGED);
    assert_true(aclplan_shows_root(&edit.sd.dacl, &policy.sid));
    aclstate_unfinish(room[0].dacl, &edit.sd.dacl, &policy.sid); /* a killed walk */
    assert_false(aclplan_shows_root(&edit.sd.dacl, &policy.sid));
}

static void aclplan_bears_root__any_root_that_may_write__does(void **state)
{
    static const struct {
        const char16_t *text;
        bool bears;
    } rows[] = {
        { u"D:(A;OICI;" W ";;;" A ")", true },
        { u"D:(A;;FA;;;WD)(A;OICIID;" W ";;;" B ")", true }, /* handed down */
        { u"D:(A;OICIID;FRFX;;;" A ")", false },             /* the read SID's */
        { u"D:(D;;" W ";;;" A ")", false },
        { u"D:(A;OICI;FA;;;WD)", false },
        { u"D:", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secdesc sd = sd_text(rows[i].text);

        if (aclplan_bears_root(&sd.dacl) != rows[i].bears)
            fail_msg("row %u", (unsigned)i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aclplan_apply__root__gives_all_but_its_own_delete),
        cmocka_unit_test(aclplan_apply__inside__has_what_ntfs_hands_down),
        cmocka_unit_test(aclplan_apply__protected__denies_writing),
        cmocka_unit_test(
            aclplan_apply__below__is_denied_by_inheritance_where_that_serves),
        cmocka_unit_test(aclplan_apply__deny_behind_an_allow__is_put_in_front),
        cmocka_unit_test(aclplan_apply__system_made_child__is_the_same),
        cmocka_unit_test(aclplan_apply__git_directory_where_commits_work__stays),
        cmocka_unit_test(aclplan_apply__outside__only_holds_roots),
        cmocka_unit_test(aclplan_apply__cut_off__is_left_alone),
        cmocka_unit_test(aclplan_apply__hard_linked__may_be_read),
        cmocka_unit_test(aclplan_apply__linked_into_a_protected_tree__stays_denied),
        cmocka_unit_test(aclplan_apply__protected_in_another_root__may_be_read),
        cmocka_unit_test(aclplan_apply__null_dacl__is_refused),
        cmocka_unit_test(aclplan_apply__too_big__is_refused),
        cmocka_unit_test(aclplan_apply__lowered__labels_what_may_be_written),
        cmocka_unit_test(aclplan_apply__read_sid__reads_and_leaves_stores_closed),
        cmocka_unit_test(aclplan_apply__read_sid_in_our_own_state__shuts_files_only),
        cmocka_unit_test(aclplan_apply__read_sid_in_a_store__allows_nothing),
        cmocka_unit_test(aclplan_apply__group__has_the_same_beside_it),
        cmocka_unit_test(aclplan_apply__group_reading__closes_a_linked_store),
        cmocka_unit_test(aclplan_undo__group_alone__leaves_the_marker_and_the_label),
        cmocka_unit_test(aclplan_undo__marker_of_two_roots__goes_with_the_last),
        cmocka_unit_test(aclplan_apply__marker_of_another_root__stays),
        cmocka_unit_test(aclplan_way__opened_and_closed__is_one_entry_for_this_folder),
        cmocka_unit_test(aclplan_way__reading_given_and_taken__stays_until_all_goes),
        cmocka_unit_test(aclplan_kind_in__tree__follows_the_names),
        cmocka_unit_test(aclplan_shows_root__as_written__only_with_all_three),
        cmocka_unit_test(aclplan_shows_root__after_apply__shows),
        cmocka_unit_test(aclplan_bears_root__any_root_that_may_write__does),
    };
    return cmocka_run_group_tests_name("aclplan", tests, NULL, NULL);
}
