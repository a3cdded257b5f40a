/* SPDX-License-Identifier: MIT
 *
 * Claim: on a Windows with no function newer than Server 2003's (nt52.c stands for one)
 * each command does what there is to do, or says on one line why not.  No crash, no wait
 * without end, no level that is not there, and nothing refused that `advisory` can have.
 * And where such a system keeps lists and restricted tokens (fence.c), all of a fence is
 * had, from the first launch to `clean`.
 */
#include "e2e/walks.h"

static void prepare(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" %ls", words));
    make_dir(u"temp");
    env_set(&p->env, u"TEMP", place(u"temp"));
    env_set(&p->env, u"TMP", place(u"temp"));
    env_unset(&p->env, u"RINGFENCE_TOLD");
}

static void ringfence(struct proc *p, const char16_t *words)
{
    prepare(p, words);
    proc_run(p);
}

/* Where files keep lists, and fenced programs are held to them. */
static void in_fence(struct proc *p, const char16_t *words)
{
    prepare(p, words);
    env_set(&p->env, u"NT52_LISTS", place(u"lists"));
    proc_run(p);
}

static void assert_said(const struct proc *p, const char *what)
{
    proc_assert(p, strstr(p->err->at, what));
    proc_assert(p, count_messages(p->err->at) == 1);
}

static int begin(void **state)
{
    (void)state;
    clear_data();
    make_dir(u"ws\\.git");
    put_file(u"ws\\a.txt", "a");
    return 0;
}

static int begin_lists(void **state)
{
    remove_tree(place(u"lists"));
    make_dir(u"lists");
    return begin(state);
}

static void status__nothing_newer__says_the_level_and_why(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"status");
    proc_assert_code(&p, 0);
    proc_assert(&p, !strncmp(p.out->at, "level      advisory: ", 21));
    proc_assert(&p, strstr(p.out->at, "keeps no restricting SIDs in tokens"));
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
    ringfence(&p, u"status --json");
    proc_assert_code(&p, 0);
    proc_assert(&p, is_json(p.out->at) && strstr(p.out->at, "\"level\":\"advisory\""));
    proc_clear(&p);
}

static void doctor__nothing_newer__finds_what_it_can(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"doctor --json");
    proc_assert(&p, p.code == 0 || p.code == 125);
    proc_assert(&p, is_json(p.out->at));
    proc_clear(&p);
}

static void run__auto__is_advisory_and_starts(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"run -- cmd /d /c \"echo hello& exit 7\"");
    proc_assert_code(&p, 7);
    proc_assert(&p, !strncmp(p.out->at, "hello", 5));
    assert_said(&p, "ringfence: advisory: ");
    proc_clear(&p);
    ringfence(&p, u"run --require confined -- cmd /d /c exit 7");
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.err->at, "keeps no restricting SIDs in tokens"));
    proc_clear(&p);
}

/* What a fence's launch calls, as far as that can be had without one. */
static void run__confined_unproven__starts_under_the_token(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"run --level confined --allow-unproven -- cmd /d /c exit 7");
    proc_assert_code(&p, 7);
    proc_assert(&p, strstr(p.err->at, "NOT PROVEN"));
    proc_clear(&p);
}

static void shim__auto__passes_all_through(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, place(u"rf\\shims\\git.exe"), u" status -s");
    env_set(&p.env, u"PROBE_DO", u"env exit 3000000007");
    env_unset(&p.env, u"RINGFENCE_TOLD");
    proc_run(&p);
    proc_assert_code(&p, 3000000007u);
    proc_assert(&p, proc_getenv(&p, u"npm_config_offline"));
    assert_said(&p, "ringfence: advisory: ");
    proc_clear(&p);
}

static void denybin__any__refuses(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, place(u"rf\\denybin\\ssh.exe"), u" host");
    proc_run(&p);
    proc_assert_code(&p, 255);
    assert_said(&p, "ssh refused: the network is off");
    proc_clear(&p);
}

static void verify__the_canary__starts_and_claims_nothing(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"verify --level standard --canary --row docs-symlink --row own-dir "
                  u"--row other-memory --row pipe --row cmd --json");
    proc_assert_code(&p, 1);
    proc_assert(&p, is_json(p.out->at));
    proc_assert(&p, strstr(p.out->at, "\"proven\":false,\"token\":\"not_kept\""));
    proc_assert(&p, strstr(p.out->at, "\"id\":\"start\",\"act\":\"start a program\","
                                      "\"expected\":\"allowed\",\"optional\":false,"
                                      "\"without\":{\"started\":true,\"code\":0,"
                                      "\"changed\":false},\"with\":{\"started\":true,"
                                      "\"code\":0,\"changed\":false},\"verdict\":"
                                      "\"allowed\""));
    proc_assert(&p, strstr(p.out->at, "\"reason\":\"this Windows makes no symbolic "
                                      "links\""));
    proc_assert(&p,
                !strstr(p.out->at, "\"broken\"") || strstr(p.out->at, "\"broken\":0"));
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void verify__strict__starts(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"verify --level strict --row start");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "NOT A FENCE: tokens keep no restricting SIDs"));
    proc_clear(&p);
    ringfence(&p, u"verify --level standard --lowered --row start");
    proc_assert_code(&p, 125);
    assert_said(&p, "integrity levels came with Windows Vista");
    proc_clear(&p);
}

static void verify__enforced__is_refused_on_one_line(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"verify --level enforced --row start");
    proc_assert_code(&p, 125);
    proc_assert(&p, p.out->bytes == 0);
    proc_assert(&p, count_messages(p.err->at) == 1);
    proc_clear(&p);
}

static void explain__each_level__answers(void **state)
{
    static const char16_t *const levels[] = { u"advisory", u"standard", u"strict" };

    (void)state;
    for (size_t i = 0; i < COUNT(levels); i++) {
        struct proc p;

        ringfence(&p, text(L"explain --json --level %ls write \"%ls\"", levels[i],
                           place(u"ws\\a.txt")));
        proc_assert(&p, p.code == 0 || p.code == 1);
        proc_assert(&p, is_json(p.out->at));
        proc_assert(&p, p.err->bytes == 0);
        proc_clear(&p);
    }
}

static void grant_and_clean__any__go_through(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"grant --dry-run");
    proc_assert_code(&p, 0);
    proc_clear(&p);
    ringfence(&p, u"grant --json");
    proc_assert(&p, p.code == 0 || p.code == 125);
    proc_assert(&p, is_json(p.out->at));
    proc_assert(&p, !strstr(p.err->at, "(Win32 87)"));
    proc_clear(&p);
    ringfence(&p, u"clean --all");
    proc_assert_code(&p, 0);
    proc_clear(&p);
    ringfence(&p, u"log");
    proc_assert_code(&p, 0);
    proc_clear(&p);
}

static void prepare__any__says_that_there_is_nothing_to_do(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"prepare");
    proc_assert_code(&p, 125);
    assert_said(&p, "nothing to prepare");
    proc_clear(&p);
}

static void prepare__policy_wants_lowered__says_that_it_cannot_be(void **state)
{
    struct proc p;

    (void)state;
    put_file(DATA u"\\policy.ini", "[default]\nintegrity = lowered\n");
    in_fence(&p, u"prepare");
    proc_assert_code(&p, 125);
    assert_said(&p, "integrity = lowered, in the policy, needs Windows Vista");
    proc_clear(&p);
    in_fence(&p, u"run -- cmd /d /c exit 7");
    proc_assert_code(&p, 7);
    assert_said(&p, "ringfence: advisory: no restricted token could be made here");
    proc_clear(&p);
}

/* The front end, and the program itself. */
static void setup__any__fails_early_with_the_reason(void **state)
{
    static const char16_t *const words[] = { u"setup", u"setup --plan", u"setup status" };
    struct proc p;

    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        ringfence(&p, words[i]);
        proc_assert_code(&p, 125);
        assert_said(&p, "this Windows has no filtering platform: `enforced` is not "
                        "available");
        proc_clear(&p);
    }
    proc_init(&p, place(u"rf\\ringfence-setup.exe"), u" install --plan");
    proc_run(&p);
    proc_assert(&p, p.code != 0);
    proc_assert(&p, strstr(p.out->at, "filtering_platform"));
    assert_said(&p, "this Windows has no filtering platform: `enforced` is not "
                    "available");
    proc_clear(&p);
    proc_init(&p, place(u"rf\\ringfence-setup.exe"), u" install");
    proc_run(&p);
    proc_assert(&p, p.code != 0);
    proc_assert(&p, strstr(p.err->at, "this Windows has no filtering platform"));
    proc_clear(&p);
}

static void setup_user__dry_run__looks(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"setup --user --dry-run --json");
    proc_assert(&p, p.code == 0 || p.code == 125);
    proc_assert(&p, is_json(p.out->at));
    proc_clear(&p);
}

/* Restricted tokens without WRITE_RESTRICTED, as in a Server 2003 before its first
 * service pack. */
static void run__no_write_restricted__is_advisory(void **state)
{
    struct proc p;

    (void)state;
    prepare(&p, u"run -- cmd /d /c exit 7");
    env_set(&p.env, u"NT52_LISTS", place(u"lists"));
    env_set(&p.env, u"NT52_PLAIN", u"1");
    proc_run(&p);
    proc_assert_code(&p, 7);
    assert_said(&p, "ringfence: advisory: no restricted token could be made here");
    proc_clear(&p);
}

static void fence__verify__holds(void **state)
{
    struct proc p;

    (void)state;
    in_fence(&p, u"verify --level standard --canary");
    proc_assert_code(&p, 0);
    proc_assert(
        &p, strstr(p.out->at, "standard fence: the token shows its restricting SIDs"));
    proc_assert(&p, strstr(p.out->at, " 0 not enforced, 0 skipped; "));
    proc_assert(&p, strstr(p.out->at, " 5 allowed, 0 broken"));
    proc_clear(&p);
}

/* What the fenced tool gets for an act: 0, or 5 for a denial. */
static DWORD act_in_fence(const char16_t *act, const char16_t *relative)
{
    struct proc p;
    DWORD code = 0;

    in_fence(&p, text(L"run -- \"%ls\" verify-act %ls \"%ls\"",
                      place(u"rf\\ringfence.exe"), act, place(relative)));
    code = p.code;
    proc_clear(&p);
    return code;
}

static void fence__first_launch__is_made_ready_and_holds(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"docs\\a.txt", "a");
    put_file(u"ws\\.git\\config", "[core]");
    in_fence(&p, u"run -- cmd /d /c exit 7");
    proc_assert_code(&p, 7);
    assert_said(&p, "ringfence: confined (standard): ");
    proc_clear(&p);
    in_fence(&p, u"status");
    proc_assert_code(&p, 0);
    proc_assert(&p, !strncmp(p.out->at, "level      confined (standard): ", 32));
    proc_assert(&p, strstr(p.out->at, "this Windows cannot choose"));
    proc_assert(&p, strstr(p.out->at, ": 6 of 6 acts outside denied, 5 of 5 inside "));
    proc_clear(&p);
    assert_int_equal(act_in_fence(u"create", u"ws\\new.txt"), 0);
    assert_int_equal(act_in_fence(u"delete", u"ws\\new.txt"), 0);
    assert_int_equal(act_in_fence(u"create", u"docs\\new.txt"), 5);
    assert_int_equal(act_in_fence(u"overwrite", u"docs\\a.txt"), 5);
    assert_int_equal(act_in_fence(u"read", u"docs\\a.txt"), 0);
    assert_int_equal(act_in_fence(u"overwrite", u"ws\\.git\\config"), 5);
    assert_int_equal(act_in_fence(u"delete", u"ws\\.git\\config"), 5);
    assert_int_equal(act_in_fence(u"create", u"local\\ringfence\\new"), 5);
    in_fence(&p, u"run --require enforced -- cmd /d /c exit 7");
    proc_assert_code(&p, 125);
    proc_clear(&p);
    prepare(&p, u"run -- cmd /d /c exit 7"); /* nor is it gone without in silence */
    env_set(&p.env, u"NT52_LISTS", place(u"lists"));
    env_set(&p.env, u"NT52_PLAIN", u"1");
    proc_run(&p);
    proc_assert_code(&p, 125);
    assert_said(&p, "no restricted token could be made here");
    proc_clear(&p);
    in_fence(&p, u"clean --all");
    proc_assert_code(&p, 0);
    proc_clear(&p);
}

static void fence__profile_granted__is_strict(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"docs\\a.txt", "a");
    in_fence(&p, u"setup --user");
    proc_assert_code(&p, 0);
    proc_clear(&p);
    in_fence(&p, u"run -- cmd /d /c exit 7");
    proc_assert_code(&p, 7);
    assert_said(&p, "ringfence: confined (strict): ");
    proc_clear(&p);
    in_fence(&p, u"status");
    proc_assert(&p, strstr(p.out->at, ": 8 of 8 acts outside denied, 5 of 5 inside "));
    proc_clear(&p);
    assert_int_equal(act_in_fence(u"create", u"ws\\new.txt"), 0);
    assert_int_equal(act_in_fence(u"delete", u"docs\\a.txt"), 5);
    in_fence(&p, u"setup --user --undo");
    proc_assert_code(&p, 0);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(status__nothing_newer__says_the_level_and_why, begin),
        cmocka_unit_test_setup(doctor__nothing_newer__finds_what_it_can, begin),
        cmocka_unit_test_setup(run__auto__is_advisory_and_starts, begin),
        cmocka_unit_test_setup(run__confined_unproven__starts_under_the_token, begin),
        cmocka_unit_test_setup(shim__auto__passes_all_through, begin),
        cmocka_unit_test_setup(denybin__any__refuses, begin),
        cmocka_unit_test_setup(verify__the_canary__starts_and_claims_nothing, begin),
        cmocka_unit_test_setup(verify__strict__starts, begin),
        cmocka_unit_test_setup(verify__enforced__is_refused_on_one_line, begin),
        cmocka_unit_test_setup(explain__each_level__answers, begin),
        cmocka_unit_test_setup(grant_and_clean__any__go_through, begin),
        cmocka_unit_test_setup(prepare__any__says_that_there_is_nothing_to_do, begin),
        cmocka_unit_test_setup(prepare__policy_wants_lowered__says_that_it_cannot_be,
                               begin_lists),
        cmocka_unit_test_setup(setup__any__fails_early_with_the_reason, begin),
        cmocka_unit_test_setup(setup_user__dry_run__looks, begin),
        cmocka_unit_test_setup(run__no_write_restricted__is_advisory, begin_lists),
        cmocka_unit_test_setup(fence__verify__holds, begin_lists),
        cmocka_unit_test_setup(fence__first_launch__is_made_ready_and_holds, begin_lists),
        cmocka_unit_test_setup(fence__profile_granted__is_strict, begin_lists),
    };
    return harness_main(argc, argv, "nt52", tests, COUNT(tests), false);
}
