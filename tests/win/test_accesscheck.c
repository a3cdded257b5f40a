/* The model against the AccessCheck of the system that this runs on, over random
 * descriptors.  Only the ordinary pass: Wine has no restricting one, and no labels.  Left
 * out is what Wine 8 does otherwise than [MS-DTYP] 2.5.3.2:
 *   a deny entry for a deny-only group: ignored
 *   several rights or MAXIMUM_ALLOWED, where an allow stands before a deny: the deny
 * counts also for what was given already (so those lists are asked for one right at a
 * time) an owner: has all standard rights, DELETE too, and a deny takes them away again
 *   nothing desired: denied */
#include "core/accesscheck.h"
#include "core/sddl.h"

#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROUNDS     8000u
#define ASKS       6u
#define GROUPS_MAX 64u
#define POOL       9u

static struct accesscheck_sid groups[GROUPS_MAX];
static struct accesscheck_token model;
static HANDLE token;
static unsigned seed;
static unsigned answers[2]; /* denied, allowed */

static unsigned below(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void *token_info(TOKEN_INFORMATION_CLASS class)
{
    DWORD bytes = 0;
    void *info = NULL;

    GetTokenInformation(token, class, NULL, 0, &bytes);
    info = malloc(bytes);
    assert_non_null(info);
    assert_true(GetTokenInformation(token, class, info, bytes, &bytes));
    return info;
}

static void add_sid(PSID sid, DWORD attributes)
{
    struct accesscheck_sid *s = &groups[model.sid_count++];

    assert_true(model.sid_count <= GROUPS_MAX);
    assert_true(sid_read(&s->sid, sid, GetLengthSid(sid)));
    s->enabled = (attributes & SE_GROUP_ENABLED) != 0;
    s->deny_only = (attributes & SE_GROUP_USE_FOR_DENY_ONLY) != 0;
}

static unsigned privilege(const TOKEN_PRIVILEGES *p, const WCHAR *name, unsigned bit)
{
    LUID luid;

    assert_true(LookupPrivilegeValueW(NULL, name, &luid));
    for (DWORD i = 0; i < p->PrivilegeCount; i++)
        if (p->Privileges[i].Luid.LowPart == luid.LowPart &&
            (p->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED))
            return bit;
    return 0;
}

/* The model's token is what the system says of its own. */
static void describe_token(void)
{
    TOKEN_USER *user = token_info(TokenUser);
    TOKEN_GROUPS *list = token_info(TokenGroups);
    TOKEN_PRIVILEGES *held = token_info(TokenPrivileges);

    model = (struct accesscheck_token){ .sid = groups };
    /* The user has no SE_GROUP_ENABLED, he just counts. */
    add_sid(user->User.Sid, user->User.Attributes | SE_GROUP_ENABLED);
    for (DWORD i = 0; i < list->GroupCount; i++)
        add_sid(list->Groups[i].Sid, list->Groups[i].Attributes);
    model.privileges =
        privilege(held, SE_SECURITY_NAME, ACCESSCHECK_SE_SECURITY) |
        privilege(held, SE_TAKE_OWNERSHIP_NAME, ACCESSCHECK_SE_TAKE_OWNERSHIP);
    free(user);
    free(list);
    free(held);
}

/* For impersonation, as AccessCheck wants it; with Administrators deny-only if asked. */
static void open_token(bool deny_only)
{
    struct sid admins = sid_well_known(SID_ADMINISTRATORS);
    SID_AND_ATTRIBUTES disable = { .Sid = &admins };
    HANDLE own = NULL, base = NULL;

    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own));
    base = own;
    if (deny_only)
        assert_true(CreateRestrictedToken(own, 0, 1, &disable, 0, NULL, 0, NULL, &base));
    assert_true(DuplicateTokenEx(base, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation,
                                 TokenImpersonation, &token));
    if (deny_only)
        CloseHandle(base);
    CloseHandle(own);
    describe_token();
}

/* SIDs that the token has and has not. */
static struct sid pick_sid(void)
{
    unsigned n = below(POOL);

    switch (n) {
    case 0:
        return groups[0].sid;
    case 1:
        return sid_everyone();
    case 2:
        return sid_well_known(SID_ADMINISTRATORS);
    case 3:
        return sid_well_known(SID_USERS);
    case 4:
        return sid_well_known(SID_SYSTEM);
    case 5:
        return sid_well_known(SID_CREATOR_OWNER);
    case 6:
        return sid_short(5, 2, 21, SID_OURS);
    default:
        return groups[below((unsigned)model.sid_count)].sid;
    }
}

static uint32_t pick_right(void)
{
    unsigned n = below(14); /* nine of files, five of every object */

    return 1u << (n < 9 ? n : n + 7);
}

static uint32_t pick_rights(void)
{
    uint32_t mask = pick_right();

    for (unsigned n = below(4); n > 0; n--)
        mask |= pick_right();
    return below(8) ? mask : RIGHT_FILE_ALL;
}

static bool is_deny_only(const struct sid *sid)
{
    for (size_t i = 0; i < model.sid_count; i++)
        if (groups[i].deny_only && sid_eq(&groups[i].sid, sid))
            return true;
    return false;
}

/* A list of allow and deny entries, denies first or in any order. */
static void add_entries(struct aclbuf *list, bool ordered)
{
    unsigned count = below(8), denies = below(count + 1);

    for (unsigned n = 0; n < count; n++) {
        bool deny = ordered ? n < denies : below(3) == 0;
        struct acl_entry e = { .type = deny ? ACE_DENY : ACE_ALLOW,
                               .flags = (uint8_t)below(32),
                               .mask = pick_rights(),
                               .sid = pick_sid() };

        if (below(3) == 0)
            e.flags = 0;
        if (below(12) == 0)
            e.mask |= RIGHT_GENERIC_ALL << below(4);
        if (e.type == ACE_DENY && is_deny_only(&e.sid))
            e.type = ACE_ALLOW;
        aclbuf_add(list, &e);
    }
}

/* Both answers, and what they were about when they differ. */
static void compare(uint8_t *bytes, size_t size, uint32_t desired)
{
    GENERIC_MAPPING mapping = { rights_file.read, rights_file.write, rights_file.execute,
                                rights_file.all };
    PRIVILEGE_SET used;
    DWORD used_bytes = sizeof used, granted = 0;
    BOOL allowed = FALSE;
    struct accesscheck_verdict v;
    struct secdesc sd;
    char16_t text[2000];
    struct u16buf out = U16BUF(text);

    assert_true(secdesc_read(&sd, bytes, size));
    accesscheck_object(&model, &sd, desired, &rights_file, &v);
    assert_true(AccessCheck(bytes, token, desired, &mapping, &used, &used_bytes, &granted,
                            &allowed));
    answers[allowed != FALSE]++;
    if (v.allowed == (bool)allowed && (!allowed || v.granted == granted))
        return;
    sddl_format(&sd, &out);
    printf("%ls desired %x: the model says %d %x, the system %d %x\n",
           (const wchar_t *)text, (unsigned)desired, v.allowed, (unsigned)v.granted,
           (int)allowed, (unsigned)granted);
    fail();
}

static void compare_many(unsigned first_seed)
{
    seed = first_seed;
    answers[0] = answers[1] = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool ordered = below(2) != 0;
        uint8_t list_at[1024], bytes[1400];
        struct aclbuf list = aclbuf_init(list_at, sizeof list_at);
        struct secdesc sd = { .control = SECDESC_DACL_PRESENT,
                              .has_owner = true,
                              .has_group = true,
                              .owner = sid_well_known(SID_WRITE_RESTRICTED),
                              .group = sid_well_known(SID_USERS) };
        size_t size = 0;

        if (below(50)) {
            add_entries(&list, ordered);
            sd.dacl = aclbuf_acl(&list);
        }
        assert_false(list.cut);
        assert_true(secdesc_write(&sd, bytes, sizeof bytes, &size));
        for (unsigned i = 0; i < ASKS; i++)
            compare(bytes, size, ordered ? pick_rights() : pick_right());
        if (ordered)
            compare(bytes, size, RIGHT_MAXIMUM_ALLOWED);
    }
    /* Not one answer all the time. */
    assert_true(answers[0] > ROUNDS && answers[1] > ROUNDS);
}

static void accesscheck_object__random_descriptors__agrees_with_the_system(void **state)
{
    (void)state;
    open_token(false);
    compare_many(1);
    CloseHandle(token);
}

static void
accesscheck_object__deny_only_administrators__agrees_with_the_system(void **state)
{
    struct sid admins = sid_well_known(SID_ADMINISTRATORS);

    (void)state;
    open_token(true);
    assert_true(is_deny_only(&admins)); /* else this test would be the first again */
    compare_many(2);
    CloseHandle(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accesscheck_object__random_descriptors__agrees_with_the_system),
        cmocka_unit_test(
            accesscheck_object__deny_only_administrators__agrees_with_the_system),
    };
    return cmocka_run_group_tests_name("accesscheck against the system", tests, NULL,
                                       NULL);
}
