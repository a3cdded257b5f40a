#include "core/acl.h"
#include "core/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAP 4096u

static const struct acl_ours every_one_of_ours = { .marker = true, .label = true };

static struct sid sid_text(const char16_t *text)
{
    struct sid sid;

    assert_true(sid_parse(&sid, u16s_of(text)));
    return sid;
}

static struct sid root_sid(void)
{
    return sid_text(u"S-1-5-21-1380535879-1-2-3");
}

static struct acl_entry entry(uint8_t type, uint8_t flags, uint32_t mask,
                              const char16_t *sid)
{
    return (struct acl_entry){
        .type = type, .flags = flags, .mask = mask, .sid = sid_text(sid)
    };
}

/* A list as Windows might have it: explicit and inherited, with entries that carry data
 * and one of a type that nobody knows. */
static struct acl usual_list(uint8_t *at, size_t cap)
{
    static const uint8_t alien[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static const uint8_t callback[] = { 0xFF, 1, 0x1F, 0, 1, 1, 0,   0,   0,   0,
                                        0,    1, 0,    0, 0, 0, 'a', 'r', 't', 'x' };
    struct aclbuf b = aclbuf_init(at, cap);
    struct acl_entry deny = entry(ACE_DENY, 0, 2, u"S-1-5-7");
    struct acl_entry allow = entry(ACE_ALLOW, 3, RIGHT_FILE_ALL, u"S-1-5-21-1-2-3-1001");
    struct acl_entry inherited = entry(ACE_ALLOW, 0x13, RIGHT_FILE_ALL, u"S-1-5-18");
    struct acl_entry denied = entry(ACE_DENY, 0x13, RIGHT_DELETE, u"S-1-5-7");

    aclbuf_add(&b, &deny);
    aclbuf_add(&b, &allow);
    aclbuf_add_raw(&b, ACE_ALLOW_CALLBACK, 0, callback, sizeof callback);
    aclbuf_add(&b, &denied);
    aclbuf_add(&b, &inherited);
    aclbuf_add_raw(&b, 0x77, 0x13, alien, sizeof alien);
    assert_false(b.cut);
    return aclbuf_acl(&b);
}

static void aclbuf_add__one_entry__has_the_documented_bytes(void **state)
{
    /* D:(A;OICI;FR;;;WD) as [MS-DTYP] 2.4.4.2 and 2.4.5 lay it out. */
    static const uint8_t want[] = { 2,  0, 28, 0, 1, 0, 0, 0, 0, 3, 20, 0, 0x89, 0,
                                    18, 0, 1,  1, 0, 0, 0, 0, 0, 1, 0,  0, 0,    0 };
    uint8_t at[CAP];
    struct aclbuf b = aclbuf_init(at, sizeof at);
    struct acl_entry allow = entry(ACE_ALLOW, 3, RIGHT_FILE_GENERIC_READ, u"S-1-1-0");

    (void)state;
    aclbuf_add(&b, &allow);
    assert_int_equal(b.bytes, sizeof want);
    assert_memory_equal(at, want, sizeof want);
}

static void acl_next__every_known_shape__is_taken_apart(void **state)
{
    static const uint8_t both[4 + 4 + 32 + 12] = {
        0x40, 0, 0, 0, 3, 0, 0, 0, [8] = 0xAA, [24] = 0xBB, [40] = 1, 1, [47] = 1
    };
    uint8_t at[CAP];
    struct aclbuf b = aclbuf_init(at, sizeof at);
    struct acl acl;
    struct ace ace = { 0 };

    (void)state;
    aclbuf_add_raw(&b, ACE_DENY_OBJECT, 0, both, sizeof both);
    assert_int_equal(at[0], ACL_REVISION_OBJECT);
    assert_true(acl_read(&acl, at, b.bytes));
    assert_true(acl_next(&acl, &ace));
    assert_true(ace.plain);
    assert_int_equal(ace.mask, 0x40);
    assert_int_equal(ace.object_type[0], 0xAA);
    assert_int_equal(ace.inherited_type[0], 0xBB);
    assert_int_equal(ace.data_bytes, 0);
    assert_false(acl_next(&acl, &ace));
    for (size_t n = 0; n < sizeof both; n++) { /* cut anywhere: kept, not understood */
        b = aclbuf_init(at, sizeof at);
        aclbuf_add_raw(&b, ACE_DENY_OBJECT, 0, both, n);
        assert_true(acl_read(&acl, at, b.bytes));
        assert_true(acl_get(&acl, 0, &ace));
        assert_false(ace.plain);
        assert_null(ace.object_type);
    }
}

static void acl_next__usual_list__says_what_is_there(void **state)
{
    uint8_t at[CAP];
    struct acl acl = usual_list(at, sizeof at), again;
    struct ace ace = { 0 };

    (void)state;
    assert_true(acl_read(&again, at, acl.bytes));
    assert_int_equal(again.count, 6);
    assert_int_equal(again.used, acl.bytes);
    assert_true(acl_get(&again, 2, &ace));
    assert_true(ace.plain && ace.data_bytes == 4 && memcmp(ace.data, "artx", 4) == 0);
    assert_true(acl_get(&again, 5, &ace));
    assert_false(ace.plain);
    assert_int_equal(ace.type, 0x77);
    assert_false(acl_get(&again, 6, &ace));
    assert_true(acl_is_canonical(&again));
}

static void acl_read__broken__fails_and_leaves_it(void **state)
{
    uint8_t at[CAP], copy[CAP];
    struct acl acl = usual_list(at, sizeof at);
    struct acl out = { .count = 99 };

    (void)state;
    for (size_t n = 0; n < acl.bytes; n++)
        assert_false(acl_read(&out, at, n));
    memcpy(copy, at, acl.bytes);
    copy[4]++; /* one entry more than there are */
    assert_false(acl_read(&out, copy, acl.bytes));
    memcpy(copy, at, acl.bytes);
    copy[8 + 2] = 3; /* smaller than its header */
    assert_false(acl_read(&out, copy, acl.bytes));
    memcpy(copy, at, acl.bytes);
    copy[8 + 3] = 0xFF; /* beyond the list */
    assert_false(acl_read(&out, copy, acl.bytes));
    memcpy(copy, at, acl.bytes);
    copy[2] = 7; /* AclSize smaller than its own header */
    copy[3] = 0;
    copy[4] = 0;
    assert_false(acl_read(&out, copy, acl.bytes));
    assert_int_equal(out.count, 99);
}

static void acl_is_canonical__orders__are_told_apart(void **state)
{
    static const struct {
        uint8_t type, flags;
    } some[] = { { ACE_DENY, 0 },
                 { ACE_ALLOW, 0 },
                 { ACE_ALLOW, ACE_INHERITED },
                 { ACE_DENY, ACE_INHERITED } };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            uint8_t at[CAP];
            struct aclbuf b = aclbuf_init(at, sizeof at);
            struct acl_entry e = entry(some[i].type, some[i].flags, 1, u"S-1-1-0");
            struct acl acl;

            aclbuf_add(&b, &e);
            e = entry(some[j].type, some[j].flags, 1, u"S-1-1-0");
            aclbuf_add(&b, &e);
            acl = aclbuf_acl(&b);
            assert_int_equal(acl_is_canonical(&acl), i <= j || (i >= 2 && j >= 2));
        }
    }
}

static void acl_edit__add_then_remove__restores_every_byte(void **state)
{
    struct acl_entry want[] = {
        { ACE_ALLOW, 0, 0x1201BF, root_sid() },
        { ACE_ALLOW, 0x0B, 0x1301BF, root_sid() },
        { ACE_DENY, 3, 0xD0156, root_sid() },
        acl_marker(0),
        { ACE_ALLOW, 0x13, 0x1301BF, root_sid() },
        { ACE_DENY, 0x13, 0xD0156, root_sid() },
    };
    static const uint8_t order[] = { ACE_DENY,           ACE_DENY,  ACE_DENY,  ACE_ALLOW,
                                     ACE_ALLOW_CALLBACK, ACE_ALLOW, ACE_ALLOW, ACE_DENY,
                                     ACE_DENY,           ACE_ALLOW, ACE_ALLOW, 0x77 };
    uint8_t old_at[CAP], new_at[CAP], back_at[CAP];
    struct acl old = usual_list(old_at, sizeof old_at), changed, back;
    struct aclbuf b = aclbuf_init(new_at, sizeof new_at);
    struct ace ace = { 0 };

    (void)state;
    memcpy(old_at + old.bytes, "slack!!!", 8); /* AclSize may be more than is used */
    bytes_put16(old_at + 2, (uint16_t)(old.bytes + 8));
    old_at[0] = 4;
    assert_true(acl_read(&old, old_at, sizeof old_at));
    assert_int_equal(acl_edit(&old, &every_one_of_ours, want, 6, &b), ACL_CHANGED);
    assert_true(acl_read(&changed, new_at, b.bytes));
    assert_int_equal(changed.count, 12);
    while (acl_next(&changed, &ace))
        assert_int_equal(ace.type, order[ace.index]);
    assert_true(acl_is_canonical(&changed));

    b = aclbuf_init(back_at, sizeof back_at);
    assert_int_equal(acl_edit(&changed, &every_one_of_ours, want, 6, &b), ACL_SAME);
    assert_int_equal(b.bytes, changed.bytes);
    assert_memory_equal(back_at, new_at, b.bytes);

    b = aclbuf_init(back_at, sizeof back_at);
    assert_int_equal(acl_edit(&changed, &every_one_of_ours, NULL, 0, &b), ACL_CHANGED);
    assert_true(acl_read(&back, back_at, b.bytes));
    assert_int_equal(back.bytes, old.bytes);
    assert_memory_equal(back_at, old_at, old.bytes);
}

static void acl_edit__one_root__leaves_the_others_entries(void **state)
{
    struct sid other = sid_text(u"S-1-5-21-1380535879-7-7-7"), mine = root_sid();
    struct acl_entry old[] = { { ACE_ALLOW, 3, 0x1301BF, other },
                               { ACE_ALLOW, 3, 0x1301BF, mine },
                               { ACE_DENY, 0, RIGHT_FILE_DELETE_CHILD, sid_everyone() } };
    struct acl_ours ours = { .sid = &mine };
    uint8_t at[CAP], out[CAP];
    struct aclbuf b = aclbuf_init(at, sizeof at), edited = aclbuf_init(out, sizeof out);
    struct acl acl;
    struct ace ace = { 0 };

    (void)state;
    for (size_t i = 0; i < 3; i++)
        aclbuf_add(&b, &old[i]);
    acl = aclbuf_acl(&b);
    assert_int_equal(acl_edit(&acl, &ours, NULL, 0, &edited), ACL_CHANGED);
    acl = aclbuf_acl(&edited);
    assert_int_equal(acl.count, 2);
    assert_true(acl_get(&acl, 0, &ace));
    assert_true(sid_eq(&ace.sid, &other));
    assert_true(acl_get(&acl, 1, &ace));
    assert_true(ace_is_marker(&ace));
}

static void ace_is_marker__lookalikes__are_not_ours(void **state)
{
    struct acl_entry like[] = {
        entry(ACE_DENY, 0, 0x41, u"S-1-1-0"),    entry(ACE_DENY, 0, 0x40, u"S-1-5-11"),
        entry(ACE_ALLOW, 0, 0x40, u"S-1-1-0"),   entry(ACE_DENY, 1, 0x40, u"S-1-1-0"),
        entry(ACE_DENY, 0x0A, 0x40, u"S-1-1-0"), entry(ACE_AUDIT, 0, 0x40, u"S-1-1-0"),
        entry(ACE_DENY, 0, 0x2, u"S-1-1-0"), /* what SDDL's DC would be */
    };
    struct acl_entry good[] = { acl_marker(0), acl_marker(ACE_CONTAINER_INHERIT),
                                acl_marker(ACE_CONTAINER_INHERIT | ACE_INHERITED) };
    uint8_t at[CAP];
    struct aclbuf b = aclbuf_init(at, sizeof at);
    struct acl acl;
    struct ace ace = { 0 };

    (void)state;
    for (size_t i = 0; i < 7; i++)
        aclbuf_add(&b, &like[i]);
    for (size_t i = 0; i < 3; i++)
        aclbuf_add(&b, &good[i]);
    acl = aclbuf_acl(&b);
    while (acl_next(&acl, &ace)) {
        assert_int_equal(ace_is_marker(&ace), ace.index >= 7);
        assert_int_equal(ace_is_ours(&ace, &every_one_of_ours), ace.index >= 7);
        assert_false(ace_is_ours(&ace, &(struct acl_ours){ .label = true }));
    }
}

static void acl_edit__deny_behind_an_allow__is_moved_to_the_front(void **state)
{
    struct acl_entry allow = entry(ACE_ALLOW, 0, RIGHT_FILE_ALL, u"S-1-1-0");
    struct acl_entry deny = { ACE_DENY, 0, 0xD0156, root_sid() };
    uint8_t at[CAP], out[CAP];
    struct aclbuf b = aclbuf_init(at, sizeof at), edited = aclbuf_init(out, sizeof out);
    struct acl acl;
    struct ace ace = { 0 };

    (void)state;
    aclbuf_add(&b, &allow);
    aclbuf_add(&b, &deny);
    acl = aclbuf_acl(&b);
    assert_int_equal(acl_edit(&acl, &every_one_of_ours, &deny, 1, &edited), ACL_CHANGED);
    acl = aclbuf_acl(&edited);
    assert_int_equal(acl.count, 2);
    assert_true(acl_get(&acl, 0, &ace));
    assert_int_equal(ace.type, ACE_DENY);
}

static void acl_edit__same_entry_twice__keeps_one(void **state)
{
    struct acl_entry allow = { ACE_ALLOW, 3, 0x1301BF, root_sid() };
    uint8_t at[CAP], out[CAP];
    struct aclbuf b = aclbuf_init(at, sizeof at), edited = aclbuf_init(out, sizeof out);
    struct acl acl;

    (void)state;
    aclbuf_add(&b, &allow);
    aclbuf_add(&b, &allow);
    acl = aclbuf_acl(&b);
    assert_int_equal(acl_edit(&acl, &every_one_of_ours, &allow, 1, &edited), ACL_CHANGED);
    assert_int_equal(edited.count, 1);
}

static void acl_edit__list_near_the_limit__is_too_big_and_says_so(void **state)
{
    static uint8_t at[ACL_BYTES_MAX], out[ACL_BYTES_MAX];
    struct acl_entry fill = entry(ACE_ALLOW, 0, 1, u"S-1-1-0");
    struct acl_entry want = { ACE_ALLOW, 3, 0x1301BF, root_sid() };
    struct aclbuf b = aclbuf_init(at, sizeof at), edited = aclbuf_init(out, sizeof out);
    struct acl acl;

    (void)state;
    while (!b.cut)
        aclbuf_add(&b, &fill);
    assert_int_equal(b.count, (ACL_BYTES_MAX - ACL_HEAD_BYTES) / 20);
    assert_true(acl_read(&acl, at, b.bytes));
    assert_int_equal(acl_edit(&acl, &every_one_of_ours, &want, 1, &edited), ACL_TOO_BIG);
    assert_int_equal(edited.count, 0);
    assert_int_equal(acl_edit(&acl, &every_one_of_ours, NULL, 0, &edited), ACL_SAME);
    assert_true(aclbuf_init(out, 7).cut);
}

static void acl_edit__label_in_a_sacl__comes_and_goes(void **state)
{
    struct acl_entry audit = entry(ACE_AUDIT, 0x40, 2, u"S-1-1-0");
    struct acl_entry label = { ACE_LABEL, 3, ACE_LABEL_NO_WRITE_UP,
                               sid_label(SID_LEVEL_LOWERED) };
    uint8_t at[CAP], out[CAP], back[CAP];
    struct aclbuf b = aclbuf_init(at, sizeof at), edited = aclbuf_init(out, sizeof out);
    struct acl acl;

    (void)state;
    aclbuf_add(&b, &audit);
    acl = aclbuf_acl(&b);
    assert_int_equal(acl_edit(&acl, &every_one_of_ours, &label, 1, &edited), ACL_CHANGED);
    assert_int_equal(edited.count, 2);
    acl = aclbuf_acl(&edited);
    b = aclbuf_init(back, sizeof back);
    assert_int_equal(acl_edit(&acl, &every_one_of_ours, NULL, 0, &b), ACL_CHANGED);
    assert_memory_equal(at, back, b.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aclbuf_add__one_entry__has_the_documented_bytes),
        cmocka_unit_test(acl_next__every_known_shape__is_taken_apart),
        cmocka_unit_test(acl_next__usual_list__says_what_is_there),
        cmocka_unit_test(acl_read__broken__fails_and_leaves_it),
        cmocka_unit_test(acl_is_canonical__orders__are_told_apart),
        cmocka_unit_test(acl_edit__add_then_remove__restores_every_byte),
        cmocka_unit_test(acl_edit__one_root__leaves_the_others_entries),
        cmocka_unit_test(ace_is_marker__lookalikes__are_not_ours),
        cmocka_unit_test(acl_edit__deny_behind_an_allow__is_moved_to_the_front),
        cmocka_unit_test(acl_edit__same_entry_twice__keeps_one),
        cmocka_unit_test(acl_edit__list_near_the_limit__is_too_big_and_says_so),
        cmocka_unit_test(acl_edit__label_in_a_sacl__comes_and_goes),
    };
    return cmocka_run_group_tests_name("acl", tests, NULL, NULL);
}
