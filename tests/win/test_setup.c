/* SPDX-License-Identifier: MIT
 *
 * The whole of setup on a Windows in memory: it comes up, stays the same, is mended, goes
 * without a trace, and believes nobody.
 */
#include "fake_windows.h"

#include "fake_wfp.h"
#include "steps.h"

#include <lm.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OURS    u"SOFTWARE\\Ringfence"
#define OFFLINE u"RingfenceOffline"
#define HIDDEN                                                                           \
    u"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"                         \
    u"\\SpecialAccounts\\UserList"

static struct steps steps;
static struct plan plan;
static struct err err;

static bool has_value(const char16_t *key, const char16_t *name)
{
    return RegGetValueW(HKEY_LOCAL_MACHINE, key, name, RRF_RT_ANY, NULL, NULL, NULL) == 0;
}

static bool is_clean(void)
{
    HKEY key = NULL;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, OURS, 0, KEY_READ, &key) == 0) {
        RegCloseKey(key);
        return false;
    }
    return fake_is_empty() && !has_value(HIDDEN, OFFLINE) && wfp_engine_is_idle();
}

static int new_machine(void **state)
{
    (void)state;
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, OURS);
    RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, HIDDEN, OFFLINE);
    RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, HIDDEN, u"RingfenceOnline");
    fake_reset();
    return 0;
}

/* A new run on the same machine.  The steps that log on need an account's own token,
 * which no model has: they are tested by themselves. */
static void start(void)
{
    memset(&steps, 0, sizeof steps);
    assert_true(steps_installed_policy(&steps.policy, &err));
    assert_true(steps_plan(&steps, &plan, &err));
    steps.accounts.has_passwords = true;
    memcpy(steps.accounts.passwords.text[0], u"aB3-aaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64);
    memcpy(steps.accounts.passwords.text[1], u"aB3-bbbbbbbbbbbbbbbbbbbbbbbbbbbb", 64);
    fake_changes = fake_calls = 0;
}

static void must_install(void)
{
    start();
    if (!plan_install(&plan))
        print_error("%s: %s (%u)\n", codes_row(plan.failed)->id, plan.err.call,
                    (unsigned)plan.err.code);
    assert_int_equal(plan.failed, CODES_OK);
}

static enum plan_outcome outcome(const char *id)
{
    for (size_t i = 0; i < plan.count; i++)
        if (!strcmp(plan.steps[i].id, id))
            return plan.outcome[i];
    fail();
    return PLAN_NOT_REACHED;
}

static void install__new_machine__everything_is_as_documented(void **state)
{
    const struct fake_user *user = NULL;
    const struct fake_rule *rule = NULL;

    (void)state;
    must_install();
    user = fake_find_user(OFFLINE);
    assert_non_null(user);
    assert_false(user->flags & UF_ACCOUNTDISABLE);
    assert_true(user->flags & 0x10000); /* UF_DONT_EXPIRE_PASSWD */
    assert_true(user->flags & 0x40);    /* UF_PASSWD_CANT_CHANGE */
    assert_int_equal(user->password[31], u'a');
    assert_int_equal(fake.group[0].count, 2); /* Benutzer, found by its SID */
    assert_int_equal(fake_find_group(u"RingfenceUsers")->count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(fake.rights[i].count, 4);
    rule = fake_find_rule(u"Ringfence offline: block out");
    assert_non_null(rule);
    assert_true(rule->enabled && rule->protocol == 256 && rule->profiles == 0x7fffffff);
    assert_int_equal(rule->action, 0);    /* NET_FW_ACTION_BLOCK */
    assert_int_equal(rule->direction, 2); /* NET_FW_RULE_DIR_OUT */
    assert_true(!wcsncmp(rule->user, u"O:LSD:(A;;CC;;;S-1-5-21-7-8-9-", 30));
    assert_int_equal(fake_find_rule(u"Ringfence offline: block in")->direction, 1);
    assert_int_equal(wfp_engine_count(), 32);
    assert_true(has_value(HIDDEN, OFFLINE));
    start();
    plan_look(&plan);
    assert_int_equal(plan.failed, CODES_OK);
    assert_true(plan.is_complete);
}

static void install__second_time__changes_nothing(void **state)
{
    (void)state;
    must_install();
    must_install();
    assert_int_equal(fake_changes, 0);
    for (size_t i = 0; i < plan.count; i++)
        assert_int_equal(plan.outcome[i], PLAN_WAS_THERE);
}

static void uninstall__after_install__leaves_nothing(void **state)
{
    (void)state;
    must_install();
    fake.profile_is_there = true;
    start();
    assert_true(plan_uninstall(&plan, false));
    assert_true(is_clean());
    assert_false(fake.profile_is_there);
}

static void uninstall__keep_accounts__disables_them(void **state)
{
    (void)state;
    must_install();
    start();
    assert_true(plan_uninstall(&plan, true));
    assert_non_null(fake_find_user(OFFLINE));
    assert_true(fake_find_user(OFFLINE)->flags & UF_ACCOUNTDISABLE);
    assert_int_equal(wfp_engine_count(), 0);
    assert_null(fake_find_rule(u"Ringfence offline: block out"));
    must_install();
}

static void
install__a_call_says_yes_and_does_nothing__is_named_and_all_undone(void **state)
{
    static const struct {
        const char *liar;
        enum codes_phase phase;
    } lies[] = {
        { "NetLocalGroupAdd", CODES_GROUP },
        { "NetUserAdd", CODES_ACCOUNT },
        { "NetLocalGroupAddMembers", CODES_MEMBERSHIP },
        { "LsaAddAccountRights", CODES_RIGHTS },
        { "INetFwRules::Add", CODES_FIREWALL },
        { "FwpmTransactionCommit0", CODES_FILTERS },
        { "NetUserSetInfo", CODES_ENABLE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        new_machine(NULL);
        start();
        fake_liar = lies[i].liar;
        assert_false(plan_install(&plan));
        assert_int_equal(plan.failed, lies[i].phase);
        if (lies[i].phase != CODES_ENABLE)
            assert_non_null(strstr(plan.err.call, lies[i].liar));
        assert_int_equal(plan.left, 0);
        assert_true(is_clean());
    }
}

static void uninstall__a_call_says_yes_and_does_nothing__is_listed(void **state)
{
    static const char *const liars[] = {
        "NetLocalGroupDel",       "NetUserDel",          "NetLocalGroupDelMembers",
        "LsaRemoveAccountRights", "INetFwRules::Remove", "FwpmTransactionCommit0",
        "NetUserSetInfo",
    };
    (void)state;
    for (size_t i = 0; i < sizeof liars / sizeof liars[0]; i++) {
        new_machine(NULL);
        must_install();
        start();
        fake_liar = liars[i];
        assert_false(plan_uninstall(&plan, false));
        assert_int_equal(plan.failed, CODES_LEFT);
        assert_in_range(plan.left, 1,
                        6); /* an account that stays enabled keeps its fence */
        fake_liar = NULL;
        start();
        assert_true(plan_uninstall(&plan, false));
        assert_true(is_clean());
    }
}

/* Every single call refused once, reading ones too. */
static void install__any_call_refused__all_or_nothing(void **state)
{
    unsigned needed = 0, failures = 0;

    (void)state;
    must_install();
    needed = fake_calls;
    assert_in_range(needed, 150, 1000);
    for (unsigned at = 0; at < needed; at++) {
        new_machine(NULL);
        start();
        fake_fail_at = at;
        if (plan_install(&plan)) /* a put of a rule's description, say, may be passed */
            continue;
        failures++;
        assert_int_not_equal(plan.failed, CODES_OK);
        assert_int_not_equal(plan.err.domain, ERR_NONE);
        assert_int_equal(plan.left, 0);
        if (plan.outcome[plan.count - 1] == PLAN_ADDED) { /* all but the last mark */
            assert_int_equal(plan.failed, CODES_JOURNAL);
            must_install();
            start();
            assert_true(plan_uninstall(&plan, false));
        }
        assert_true(is_clean());
    }
    assert_true(failures > needed * 9 / 10);
}

static void uninstall__any_call_refused__next_one_ends_it(void **state)
{
    unsigned needed = 0;

    (void)state;
    must_install();
    start();
    fake_calls = 0;
    assert_true(plan_uninstall(&plan, false));
    needed = fake_calls;
    for (unsigned at = 0; at < needed; at++) {
        new_machine(NULL);
        must_install();
        start();
        fake_calls = 0;
        fake_fail_at = at;
        if (!plan_uninstall(&plan, false))
            assert_true(plan.failed == CODES_LEFT || plan.failed == CODES_JOURNAL);
        fake_fail_at = FAKE_NEVER;
        start();
        assert_true(plan_uninstall(&plan, false));
        assert_true(is_clean());
    }
}

/* What runs as the offline account when uninstall comes: closed to administrators, and
 * starting others. */
static void uninstall__processes_of_the_account__are_ended_first(void **state)
{
    (void)state;
    must_install();
    fake_run(u"runner.exe", OFFLINE)->guarded = true;
    fake_run(u"node.exe", OFFLINE)->guarded = true;
    fake.process[1].spawns = true;
    fake_run(u"services.exe", NULL);
    start();
    assert_true(plan_uninstall(&plan, false));
    assert_int_equal(fake.terminated, 3);
    assert_true(fake.process[2].there);
    assert_true(is_clean());
}

/* Nothing that runs as the account is left without its fence. */
static void uninstall__process_that_will_not_end__keeps_the_fence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        new_machine(NULL);
        must_install();
        fake_run(u"node.exe", OFFLINE)->immortal = i == 0;
        fake.process[0].guarded = fake.no_debug = i == 1;
        fake.debugs = false;
        for (unsigned again = 0; again < 2; again++) {
            start();
            assert_false(plan_uninstall(&plan, false));
            assert_int_equal(plan.failed, CODES_LEFT);
            assert_int_equal(wcsncmp(plan.err.object, u"node.exe (", 10), 0);
            assert_non_null(plan.err.hint);
            assert_int_equal(outcome("offline_enabled"), PLAN_LEFT);
            assert_int_equal(outcome("wfp_filters"), PLAN_LEFT);
            assert_int_equal(outcome("firewall_in"), PLAN_LEFT);
            assert_int_equal(outcome("offline_account"), PLAN_LEFT);
            assert_int_equal(wfp_engine_count(), 32);
            assert_non_null(fake_find_rule(u"Ringfence offline: block out"));
            assert_true(fake_find_user(OFFLINE)->flags & UF_ACCOUNTDISABLE);
        }
        fake.process[0].there = false;
        start();
        if (!plan_uninstall(&plan, false))
            fail_msg("%s: %ls", plan.err.call, plan.err.object);
        assert_true(is_clean());
    }
}

static void uninstall__processes_cannot_be_listed__keeps_the_fence(void **state)
{
    (void)state;
    must_install();
    fake_run(u"node.exe", OFFLINE);
    start();
    fake_liar = "WTSEnumerateProcessesW";
    assert_false(plan_uninstall(&plan, false));
    assert_int_equal(wfp_engine_count(), 32);
    fake_liar = NULL;
    start();
    assert_true(plan_uninstall(&plan, false));
    assert_int_equal(fake.terminated, 1);
    assert_true(is_clean());
}

/* The system lets go of the account's registry some time after its last process. */
static void uninstall__profile_still_loaded__waits_for_it(void **state)
{
    (void)state;
    must_install();
    fake.profile_is_there = true;
    fake.loaded = 3;
    start();
    assert_true(plan_uninstall(&plan, false));
    assert_false(fake.profile_is_there);
    assert_true(is_clean());
}

/* From some call on nothing happens any more, which is what a killed run comes to; then
 * another run, with other passwords, as the killed one's were never kept. */
static void install__killed_at_any_call__next_run_finishes_or_takes_back(void **state)
{
    bool killed = true;

    (void)state;
    for (unsigned at = 0; killed; at++)
        for (unsigned finish = 0; finish < 2; finish++) {
            new_machine(NULL);
            start();
            fake_kill_at = at;
            killed = !plan_install(&plan);
            fake_kill_at = FAKE_NEVER;
            start();
            if (finish) {
                steps.accounts.rotate = true;
                steps.accounts.passwords.text[0][31] = u'Z';
                assert_true(plan_install(&plan));
                assert_true(plan.is_complete);
                assert_int_equal(fake_find_user(OFFLINE)->password[31], u'Z');
                assert_int_equal(wfp_engine_count(), 32);
                start();
                plan_look(&plan);
                assert_int_equal(plan.failed, CODES_OK);
                start();
            }
            assert_true(plan_uninstall(&plan, false));
            assert_int_equal(plan.left, 0);
            assert_true(is_clean());
        }
    assert_true(fake_calls > 100);
}

static void uninstall__killed_at_any_call__next_run_finishes_or_installs(void **state)
{
    bool killed = true;

    (void)state;
    for (unsigned at = 0; killed; at++)
        for (unsigned install = 0; install < 2; install++) {
            new_machine(NULL);
            must_install();
            fake_run(u"node.exe", OFFLINE)->guarded = true;
            fake.profile_is_there = true;
            start();
            fake_kill_at = at;
            killed = !plan_uninstall(&plan, false);
            fake_kill_at = FAKE_NEVER;
            /* Never a command without its fence. */
            assert_true(!fake.process[0].there || wfp_engine_count() == 32);
            if (install)
                must_install();
            start();
            assert_true(plan_uninstall(&plan, false));
            assert_int_equal(plan.left, 0);
            assert_true(is_clean());
            assert_false(fake.process[0].there);
        }
    assert_true(fake_calls > 100);
}

/* What an administrator, or Group Policy, did since. */
static void install__something_was_changed__is_found_and_mended(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        static const char *const ids[] = {
            "offline_account", "offline_enabled", "offline_member", "offline_rights",
            "firewall_out",    "firewall_out",    "firewall_in",    "wfp_filters",
            "offline_account", "firewall_in",
        };
        struct fake_user *user = NULL;
        struct fake_rule *out = NULL, *in = NULL;

        new_machine(NULL);
        must_install();
        user = fake_find_user(OFFLINE);
        out = fake_find_rule(u"Ringfence offline: block out");
        in = fake_find_rule(u"Ringfence offline: block in");
        if (i == 0) { /* with it go its memberships; the other's, too, for brevity */
            user->there = false;
            fake.group[0].count = fake_find_group(u"RingfenceUsers")->count = 0;
        }
        if (i == 1)
            user->flags |= UF_ACCOUNTDISABLE;
        if (i == 2)
            fake.group[0].count = 0;
        if (i == 3)
            fake.rights[0].count = 2;
        if (i == 4)
            out->enabled = false;
        if (i == 5)
            wcscpy(out->user, u"O:LSD:(A;;CC;;;S-1-5-21-7-8-9-1)");
        if (i == 6)
            in->action = 1;
        if (i == 7)
            wfp_engine_filter(3)->there = false;
        if (i == 8)
            user->flags &= ~0x10000u;
        if (i == 9)
            wcscpy(in->remote, u"10.0.0.0/8");
        start();
        plan_look(&plan);
        assert_int_not_equal(plan.failed, CODES_OK);
        must_install();
        assert_true(outcome(ids[i]) == PLAN_REPAIRED || outcome(ids[i]) == PLAN_ADDED);
        start();
        plan_look(&plan);
        assert_int_equal(plan.failed, CODES_OK);
        start();
        assert_true(plan_uninstall(&plan, false));
        if (i == 0) /* the rights of an account that somebody deleted stay with its SID */
            memset(fake.rights, 0, sizeof fake.rights);
        assert_true(is_clean());
    }
}

/* Every field of a rule that could make it block less. */
static void install__any_field_of_a_rule_was_changed__is_named_and_mended(void **state)
{
    static const struct {
        size_t at;
        bool is_text;
        const char *difference;
    } fields[] = {
#define FIELD(name, text, difference)                                                    \
    { offsetof(struct fake_rule, name), text, "the rule " difference }
        FIELD(interfaces, false, "is for some interfaces"),
        FIELD(types, true, "is for some kinds of interfaces"),
        FIELD(package, true, "is for one app"),
        FIELD(owner, true, "is for an owner"),
        FIELD(remote_users, true, "is for some remote users"),
        FIELD(remote_machines, true, "is for some remote machines"),
        FIELD(secure, false, "is for secured connections"),
        FIELD(icmp, true, "is for some ICMP types"),
        FIELD(edge, false, "has edge traversal"),
        FIELD(edge_options, false, "has edge traversal"),
        FIELD(service, true, "is for one service"),
        FIELD(program, true, "is for one program"),
        FIELD(local_ports, true, "is for some local ports"),
        FIELD(remote_ports, true, "is for some remote ports"),
        FIELD(local, true, "has other local addresses"),
        FIELD(description, true, "has another description"),
#undef FIELD
    };

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char *at = NULL;

        new_machine(NULL);
        must_install();
        at = (char *)fake_find_rule(u"Ringfence offline: block out") + fields[i].at;
        if (fields[i].is_text)
            wcscpy((char16_t *)(void *)at, u"x");
        else
            *(LONG *)(void *)at = 2;
        start();
        plan_look(&plan);
        assert_int_equal(plan.failed, CODES_FIREWALL);
        assert_string_equal(plan.err.call, fields[i].difference);
        must_install();
        assert_int_equal(outcome("firewall_out"), PLAN_REPAIRED);
        start();
        plan_look(&plan);
        assert_int_equal(plan.failed, CODES_OK);
    }
}

/* Where the firewall says `*` for what a rule of any protocol has not got. */
static void status__rule_of_any_port_says_so__is_the_same(void **state)
{
    struct fake_rule *rule = NULL;

    (void)state;
    must_install();
    rule = fake_find_rule(u"Ringfence offline: block out");
    wcscpy(rule->local_ports, u"*");
    wcscpy(rule->remote_ports, u"*");
    wcscpy(rule->icmp, u"*");
    start();
    plan_look(&plan);
    assert_int_equal(plan.failed, CODES_OK);
}

#define GROUP_POLICY u"SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"

/* Of a profile that is not in use only its key tells. */
static void install__group_policy_for_any_profile__is_refused_and_named(void **state)
{
    static const struct {
        const char16_t *key, *name;
    } rows[] = { { u"DomainProfile", u"domain profile" },
                 { u"PrivateProfile", u"private profile" },
                 { u"StandardProfile", u"standard profile" },
                 { u"PublicProfile", u"public profile" } };
    static const char16_t *const values[] = { u"AllowLocalPolicyMerge",
                                              u"EnableFirewall" };

    (void)state;
    for (size_t i = 0; i < 8; i++)
        for (DWORD data = 0; data < 2; data++) {
            char16_t key[128] = GROUP_POLICY u"\\";

            wcscat(key, rows[i / 2].key);
            RegDeleteTreeW(HKEY_LOCAL_MACHINE, GROUP_POLICY);
            assert_int_equal(RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, values[i % 2],
                                             REG_DWORD, &data, sizeof data),
                             0);
            new_machine(NULL);
            start();
            assert_int_equal(plan_install(&plan), data == 1);
            if (data == 1)
                continue;
            assert_int_equal(plan.failed, CODES_POLICY);
            assert_int_equal(strncmp(plan.err.call, "Group Policy ", 13), 0);
            assert_int_equal(wcscmp(plan.err.object, rows[i / 2].name), 0);
            assert_non_null(plan.err.hint);
            assert_true(is_clean());
        }
}

static int no_group_policy(void **state)
{
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, GROUP_POLICY);
    RegDeleteKeyW(HKEY_LOCAL_MACHINE, GROUP_POLICY);
    return new_machine(state);
}

static void install__other_loopback_policy__rules_and_filters_follow(void **state)
{
    (void)state;
    must_install();
    start();
    assert_true(filters_parse(&steps.policy, U16S("none")));
    assert_true(plan_install(&plan));
    assert_int_equal(wfp_engine_count(), 16);
    assert_int_equal(fake_find_rule(u"Ringfence offline: block out")->remote[0], u'*');
    start();
    assert_int_equal(steps.policy.loopback, FILTERS_LOOPBACK_NONE);
    plan_look(&plan);
    assert_int_equal(plan.failed, CODES_OK);
}

/* It must neither stop an uninstall nor open what was closed. */
static void policy__damaged_in_the_registry__counts_as_none(void **state)
{
    HKEY key = NULL;

    (void)state;
    must_install();
    assert_int_equal(
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, OURS u"\\Setup", 0, KEY_WRITE, &key), 0);
    RegSetValueExW(key, u"loopback", 0, REG_SZ, (const BYTE *)u"al\0", 6);
    RegCloseKey(key);
    start();
    assert_int_equal(steps.policy.loopback, FILTERS_LOOPBACK_NONE);
    assert_true(plan_install(&plan));
    assert_int_equal(wfp_engine_count(), 16);
    start();
    assert_true(plan_uninstall(&plan, false));
    assert_true(is_clean());
}

static void install__rotate__sets_new_passwords_and_nothing_else(void **state)
{
    (void)state;
    must_install();
    start();
    steps.accounts.rotate = true;
    steps.accounts.passwords.text[0][31] = u'Z';
    assert_true(plan_install(&plan));
    assert_int_equal(fake_find_user(OFFLINE)->password[31], u'Z');
    assert_int_equal(outcome("offline_account"), PLAN_REPAIRED);
    assert_int_equal(outcome("offline_member"), PLAN_WAS_THERE);
    must_install(); /* and without it they stay */
    assert_int_equal(fake_find_user(OFFLINE)->password[31], u'Z');
}

static void install__account_of_that_name_is_somebody_elses__is_refused(void **state)
{
    (void)state;
    fake.user[0] = (struct fake_user){ .there = true, .sid = { 1, 1, { 0 }, { 1 } } };
    wcscpy(fake.user[0].name, OFFLINE);
    wcscpy(fake.user[0].comment, u"Bob's");
    start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_ACCOUNT);
    assert_non_null(fake_find_user(OFFLINE));
    assert_null(fake_find_group(u"RingfenceUsers"));
    fake.user[0].there = false;
    assert_true(is_clean());
}

static void install__account_was_made_an_administrator__is_refused_and_named(void **state)
{
    (void)state;
    must_install();
    fake_find_user(OFFLINE)->is_admin = true;
    start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_ACCOUNT);
    assert_string_equal(plan.err.call, "the account has been made an administrator");
    start();
    assert_true(plan_uninstall(&plan, false));
    assert_true(is_clean());
}

static void install__firewall_off_or_overridden__is_refused_and_named(void **state)
{
    (void)state;
    fake.firewall_off = true;
    start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_POLICY);
    assert_string_equal(plan.err.call, "the firewall is off");
    assert_true(is_clean());
    fake.firewall_off = false;
    fake.policy_overrides = true;
    start();
    assert_false(plan_install(&plan));
    assert_int_equal(plan.failed, CODES_POLICY);
    assert_non_null(strstr(plan.err.call, "Group Policy"));
    assert_true(is_clean());
}

/* LogonUserW succeeds without it, and the runner could never start. */
static void install__no_secondary_logon__is_refused_and_named(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        new_machine(NULL);
        fake.no_seclogon = i == 0;
        fake.seclogon_start = i == 1 ? SERVICE_DISABLED : SERVICE_AUTO_START;
        start();
        assert_false(plan_install(&plan));
        assert_int_equal(plan.failed, CODES_SERVICE);
        assert_int_equal(wcscmp(plan.err.object, u"seclogon"), 0);
        assert_non_null(strstr(codes_remedy(plan.failed, &plan.err),
                               i == 0 ? "has no service" : "sc config seclogon"));
        assert_true(is_clean());
    }
}

static void check_logon__every_refusal__comes_with_its_code_and_remedy(void **state)
{
    static const DWORD codes[] = { 1385, 1326, 1327, 1331, 1907, 1909 };

    (void)state;
    must_install();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        fake.logon_code = codes[i];
        assert_int_equal(account_check_logon(&steps.accounts, ACCOUNT_OFFLINE, &err),
                         PLAN_ABSENT);
        assert_int_equal(err.code, codes[i]);
        assert_string_not_equal(codes_remedy(CODES_LOGON, &err),
                                codes_row(CODES_LOGON)->remedy);
    }
    fake.logon_code = 0;
    assert_int_equal(account_check_logon(&steps.accounts, ACCOUNT_OFFLINE, &err),
                     PLAN_ABSENT);
    assert_string_equal(err.call,
                        "LogonUserW succeeded, but its token is not the account's");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_machine, new_machine)
    const struct CMUnitTest tests[] = {
        TEST(install__new_machine__everything_is_as_documented),
        TEST(install__second_time__changes_nothing),
        TEST(uninstall__after_install__leaves_nothing),
        TEST(uninstall__keep_accounts__disables_them),
        TEST(install__a_call_says_yes_and_does_nothing__is_named_and_all_undone),
        TEST(uninstall__a_call_says_yes_and_does_nothing__is_listed),
        TEST(install__any_call_refused__all_or_nothing),
        TEST(uninstall__any_call_refused__next_one_ends_it),
        TEST(uninstall__processes_of_the_account__are_ended_first),
        TEST(uninstall__process_that_will_not_end__keeps_the_fence),
        TEST(uninstall__processes_cannot_be_listed__keeps_the_fence),
        TEST(uninstall__profile_still_loaded__waits_for_it),
        TEST(install__killed_at_any_call__next_run_finishes_or_takes_back),
        TEST(uninstall__killed_at_any_call__next_run_finishes_or_installs),
        TEST(install__something_was_changed__is_found_and_mended),
        TEST(install__any_field_of_a_rule_was_changed__is_named_and_mended),
        TEST(status__rule_of_any_port_says_so__is_the_same),
        cmocka_unit_test_setup_teardown(
            install__group_policy_for_any_profile__is_refused_and_named, new_machine,
            no_group_policy),
        TEST(install__other_loopback_policy__rules_and_filters_follow),
        TEST(policy__damaged_in_the_registry__counts_as_none),
        TEST(install__rotate__sets_new_passwords_and_nothing_else),
        TEST(install__account_of_that_name_is_somebody_elses__is_refused),
        TEST(install__account_was_made_an_administrator__is_refused_and_named),
        TEST(install__firewall_off_or_overridden__is_refused_and_named),
        TEST(install__no_secondary_logon__is_refused_and_named),
        TEST(check_logon__every_refusal__comes_with_its_code_and_remedy),
    };
    return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
