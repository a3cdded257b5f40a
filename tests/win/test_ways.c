/* The directories above a root, with lists that a Wine would not keep. */
#include "core/sddl.h"
#include "grant/setup_user.h"
#include "grant/ways.h"
#include "win/security.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define USUAL u"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;S-1-5-21-1-2-3-1001)"
#define WAYS                                                                             \
    u"(A;;0x100080;;;S-1-5-21-1380535879-1-2-3)(A;;0x100080;;;S-1-5-21-1-2-3-1010)"

/* The directories there are. */
static struct {
    const char16_t *path;
    uint8_t sd[2048];
    size_t bytes;
    bool shut; /* not the user's to edit */
} kept[] = {
    { .path = u"C:\\" },
    { .path = u"C:\\Users" },
    { .path = u"C:\\Users\\me" },
    { .path = u"C:\\Users\\me\\src" },
    { .path = u"C:\\Users\\me\\src\\app" },
    { .path = u"C:\\Users\\mellow" },
};
#define KEPT (sizeof kept / sizeof kept[0])

static struct sid read_sid, group;
static size_t at; /* the one that is open */
static struct err err;

bool setup_user_profile(struct u16buf *out, struct err *e)
{
    (void)e;
    u16buf_addz(out, u"C:\\Users\\me");
    return true;
}

static size_t find(const char16_t *path)
{
    size_t i = 0;

    while (i < KEPT && !u16s_ieq(u16s_of(kept[i].path), u16s_of(path)))
        i++;
    return i;
}

enum security_read __wrap_security_read(const char16_t *path, struct security *security,
                                        struct err *e);
enum security_read __wrap_security_read(const char16_t *path, struct security *security,
                                        struct err *e)
{
    size_t i = find(path);

    (void)e;
    if (i == KEPT)
        return SECURITY_ABSENT;
    memcpy(security->bytes, kept[i].sd, kept[i].bytes);
    assert_true(secdesc_read(&security->sd, security->bytes, kept[i].bytes));
    return SECURITY_READ;
}

bool __wrap_security_open(const char16_t *path, HANDLE *out, struct err *e);
bool __wrap_security_open(const char16_t *path, HANDLE *out, struct err *e)
{
    at = find(path);
    assert_true(at < KEPT);
    if (kept[at].shut)
        return err_set(e, ERR_NTSTATUS, 0xC0000022, "NtOpenFile", path);
    *out = CreateEventW(NULL, TRUE, FALSE, NULL);
    return true;
}

enum security_write __wrap_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *e);
enum security_write __wrap_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *e)
{
    (void)file;
    (void)room;
    (void)e;
    assert_true(
        secdesc_write(&edit->sd, kept[at].sd, sizeof kept[at].sd, &kept[at].bytes));
    return SECURITY_WRITTEN;
}

static int set_up(void **state)
{
    (void)state;
    assert_true(sid_parse(&read_sid, U16S("S-1-5-21-1380535879-1-2-3")));
    assert_true(sid_parse(&group, U16S("S-1-5-21-1-2-3-1010")));
    for (size_t i = 0; i < KEPT; i++) {
        uint8_t parsed[2048];
        struct secdesc sd;

        assert_true(sddl_parse(&sd, u16s_of(USUAL), NULL, parsed, sizeof parsed, &err));
        assert_true(secdesc_write(&sd, kept[i].sd, sizeof kept[i].sd, &kept[i].bytes));
        kept[i].shut = false;
    }
    return 0;
}

/* A letter for each of kept: 'w' when it has both ways, '-' when it is as before. */
static void check_lists(const char *want)
{
    for (size_t i = 0; i < KEPT; i++) {
        uint8_t parsed[2048], bytes[2048];
        struct secdesc sd;
        size_t size = 0;

        assert_true(sddl_parse(&sd, u16s_of(want[i] == 'w' ? USUAL WAYS : USUAL), NULL,
                               parsed, sizeof parsed, &err));
        assert_true(secdesc_write(&sd, bytes, sizeof bytes, &size));
        if (size != kept[i].bytes || memcmp(bytes, kept[i].sd, size) != 0)
            fail_msg("%ls is not '%c'", (const wchar_t *)kept[i].path, want[i]);
    }
}

static bool edit(const char16_t *root, bool open, bool (*needed)(struct u16s))
{
    const struct ways ways = {
        .sid = { &read_sid, &group }, .count = 2, .open = open, .needed = needed
    };

    return ways_edit(&ways, root, &err);
}

static void ways_edit__root_in_the_profile__opens_what_is_above_it(void **state)
{
    (void)state;
    assert_true(edit(u"C:\\Users\\me\\src\\app", true, NULL));
    check_lists("--ww--");
    assert_true(edit(u"C:\\Users\\me\\src\\app", true, NULL));
    check_lists("--ww--");
    assert_true(edit(u"C:\\Users\\me\\src\\app", false, NULL));
    check_lists("------");
}

static void ways_edit__root_elsewhere__opens_the_profile_alone(void **state)
{
    (void)state;
    assert_true(edit(u"C:\\Users\\mellow", true, NULL));
    check_lists("--w---");
    assert_true(edit(u"D:\\work\\app", true, NULL));
    check_lists("--w---");
}

static bool is_needed(struct u16s directory)
{
    return u16s_is(directory, "C:\\Users\\me");
}

static void ways_edit__closed_with_another_root_below__stays_there(void **state)
{
    (void)state;
    assert_true(edit(u"C:\\Users\\me\\src\\app", true, NULL));
    assert_true(edit(u"C:\\Users\\me\\src\\app", false, is_needed));
    check_lists("--w---");
}

static void ways_edit__one_refuses__the_others_are_done_and_it_is_named(void **state)
{
    (void)state;
    kept[3].shut = true;
    assert_false(edit(u"C:\\Users\\me\\src\\app", true, NULL));
    assert_true(u16s_is(u16s_of(err.object), "C:\\Users\\me\\src"));
    check_lists("--w---");
}

/* A workspace that was deleted leaves the ways above it. */
static void ways_edit__closed_when_the_root_is_gone__the_rest_is_closed(void **state)
{
    (void)state;
    assert_true(edit(u"C:\\Users\\me\\src\\app", true, NULL));
    assert_true(edit(u"C:\\Users\\me\\src\\gone\\app", false, NULL));
    check_lists("------");
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ways_edit__root_in_the_profile__opens_what_is_above_it),
        TEST(ways_edit__root_elsewhere__opens_the_profile_alone),
        TEST(ways_edit__closed_with_another_root_below__stays_there),
        TEST(ways_edit__one_refuses__the_others_are_done_and_it_is_named),
        TEST(ways_edit__closed_when_the_root_is_gone__the_rest_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
