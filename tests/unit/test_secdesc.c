#include "core/secdesc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAP 1024u

/* A descriptor with all four parts, each list with one entry. */
static size_t full_descriptor(uint8_t *out, size_t cap)
{
    uint8_t dacl_at[64], sacl_at[64];
    struct aclbuf dacl = aclbuf_init(dacl_at, sizeof dacl_at);
    struct aclbuf sacl = aclbuf_init(sacl_at, sizeof sacl_at);
    struct acl_entry allow = { ACE_ALLOW, 3, RIGHT_FILE_ALL,
                               sid_well_known(SID_ADMINISTRATORS) };
    struct acl_entry label = { ACE_LABEL, 0, ACE_LABEL_NO_WRITE_UP,
                               sid_label(SID_LEVEL_LOW) };
    struct secdesc sd = { .control = SECDESC_DACL_PROTECTED | SECDESC_DACL_INHERITED,
                          .rm_control = 9,
                          .has_owner = true,
                          .has_group = true,
                          .owner = sid_well_known(SID_SYSTEM),
                          .group = sid_well_known(SID_USERS) };
    size_t bytes = 0;

    aclbuf_add(&dacl, &allow);
    aclbuf_add(&sacl, &label);
    sd.dacl = aclbuf_acl(&dacl);
    sd.sacl = aclbuf_acl(&sacl);
    assert_true(secdesc_write(&sd, out, cap, &bytes));
    return bytes;
}

static void secdesc_write__all_parts__are_read_back(void **state)
{
    uint8_t at[CAP];
    size_t bytes = full_descriptor(at, sizeof at);
    struct sid system = sid_well_known(SID_SYSTEM), users = sid_well_known(SID_USERS);
    struct secdesc sd;
    struct ace label;

    (void)state;
    assert_true(secdesc_read(&sd, at, bytes));
    assert_int_equal(sd.control, 0x9414);
    assert_int_equal(sd.rm_control, 9);
    assert_true(sd.has_owner && sid_eq(&sd.owner, &system));
    assert_true(sd.has_group && sid_eq(&sd.group, &users));
    assert_int_equal(sd.dacl.count, 1);
    assert_true(secdesc_label(&sd, &label));
    assert_int_equal(label.sid.sub[0], SID_LEVEL_LOW);
}

static void secdesc_write__read_again__is_the_same_bytes(void **state)
{
    uint8_t at[CAP], again[CAP];
    size_t bytes = full_descriptor(at, sizeof at), n = 0;
    struct secdesc sd;

    (void)state;
    assert_true(secdesc_read(&sd, at, bytes));
    assert_false(secdesc_write(&sd, again, bytes - 1, &n));
    assert_int_equal(n, 0);
    assert_true(secdesc_write(&sd, again, bytes, &n));
    assert_int_equal(n, bytes);
    assert_memory_equal(at, again, bytes);
}

static void secdesc_read__cut_anywhere__fails_and_leaves_it(void **state)
{
    uint8_t at[CAP];
    size_t bytes = full_descriptor(at, sizeof at);
    struct secdesc sd = { .rm_control = 77 };

    (void)state;
    for (size_t n = 0; n < bytes; n++)
        assert_false(secdesc_read(&sd, at, n));
    at[0] = 2;
    assert_false(secdesc_read(&sd, at, bytes));
    at[0] = 1;
    at[3] &= 0x7F; /* absolute: its offsets would be pointers */
    assert_false(secdesc_read(&sd, at, bytes));
    at[3] |= 0x80;
    for (size_t field = 4; field < SECDESC_HEAD_BYTES; field += 4) {
        uint8_t was = at[field];

        at[field] = 4; /* inside the header */
        assert_false(secdesc_read(&sd, at, bytes));
        at[field] = was;
        at[field + 3] = 0xFF; /* far outside */
        assert_false(secdesc_read(&sd, at, bytes));
        at[field + 3] = 0;
    }
    assert_int_equal(sd.rm_control, 77);
    assert_true(secdesc_read(&sd, at, bytes));
}

static void secdesc_read__null_and_empty_dacl__are_different(void **state)
{
    uint8_t at[CAP], list[8];
    struct aclbuf empty = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT }, out;
    size_t bytes = 0;

    (void)state;
    assert_true(secdesc_write(&sd, at, sizeof at, &bytes));
    assert_int_equal(bytes, SECDESC_HEAD_BYTES);
    assert_true(secdesc_read(&out, at, bytes));
    assert_null(out.dacl.at);
    assert_true(out.control & SECDESC_DACL_PRESENT);
    sd.dacl = aclbuf_acl(&empty);
    assert_true(secdesc_write(&sd, at, sizeof at, &bytes));
    assert_true(secdesc_read(&out, at, bytes));
    assert_non_null(out.dacl.at);
    assert_int_equal(out.dacl.count, 0);
}

static void secdesc_label__inherit_only__is_not_the_objects_own(void **state)
{
    uint8_t list[128];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct acl_entry passed_on = { ACE_LABEL, ACE_INHERIT_ONLY | ACE_CONTAINER_INHERIT, 1,
                                   sid_label(SID_LEVEL_HIGH) };
    struct acl_entry own = { ACE_LABEL, 0, 1, sid_label(SID_LEVEL_LOW) };
    struct secdesc sd = { 0 };
    struct ace label;

    (void)state;
    assert_false(secdesc_label(&sd, &label));
    aclbuf_add(&b, &passed_on);
    sd.sacl = aclbuf_acl(&b);
    assert_false(secdesc_label(&sd, &label));
    aclbuf_add(&b, &own);
    sd.sacl = aclbuf_acl(&b);
    assert_true(secdesc_label(&sd, &label));
    assert_int_equal(label.index, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secdesc_write__all_parts__are_read_back),
        cmocka_unit_test(secdesc_write__read_again__is_the_same_bytes),
        cmocka_unit_test(secdesc_read__cut_anywhere__fails_and_leaves_it),
        cmocka_unit_test(secdesc_read__null_and_empty_dacl__are_different),
        cmocka_unit_test(secdesc_label__inherit_only__is_not_the_objects_own),
    };
    return cmocka_run_group_tests_name("secdesc", tests, NULL, NULL);
}
