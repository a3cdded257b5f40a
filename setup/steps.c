#include "steps.h"

#include "firewall.h"
#include "service.h"
#include "store.h"
#include "wfp.h"

#define POLICY_NAME u"loopback"
#define POLICY_CAP  256u

static struct steps *steps_of(void *ctx)
{
    return ctx;
}

static enum plan_state check_elevated(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return account_check_elevated(err);
}

static enum plan_state check_machine(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return account_check_machine(err);
}

static enum plan_state check_platform(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return wfp_check_platform(err);
}

static enum plan_state check_firewall(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return firewall_check_policy(err);
}

static enum plan_state check_service(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return service_check_logon(err);
}

static enum plan_state check_group(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return account_check_group(err);
}

static bool add_group(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return account_add_group(err);
}

static bool remove_group(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return account_remove_group(err);
}

static enum plan_state check_account(void *ctx, unsigned arg, struct err *err)
{
    return account_check(&steps_of(ctx)->accounts, (enum account)arg, err);
}

static bool add_account(void *ctx, unsigned arg, struct err *err)
{
    return account_add(&steps_of(ctx)->accounts, (enum account)arg, err);
}

/* The functions that need nothing but the account. */
#define OF_ACCOUNT(type, name, function)                                                 \
    static type name(void *ctx, unsigned arg, struct err *err)                           \
    {                                                                                    \
        (void)ctx;                                                                       \
        return function((enum account)arg, err);                                         \
    }
OF_ACCOUNT(bool, remove_account, account_remove)
OF_ACCOUNT(enum plan_state, check_member, account_check_member)
OF_ACCOUNT(bool, add_member, account_add_member)
OF_ACCOUNT(bool, remove_member, account_remove_member)
OF_ACCOUNT(enum plan_state, check_hidden, account_check_hidden)
OF_ACCOUNT(bool, hide, account_hide)
OF_ACCOUNT(bool, show, account_show)
OF_ACCOUNT(enum plan_state, check_rights, account_check_rights)
OF_ACCOUNT(bool, add_rights, account_add_rights)
OF_ACCOUNT(bool, remove_rights, account_remove_rights)
OF_ACCOUNT(enum plan_state, check_enabled, account_check_enabled)
OF_ACCOUNT(bool, enable, account_enable)
OF_ACCOUNT(bool, disable, account_disable)

static enum plan_state check_logon(void *ctx, unsigned arg, struct err *err)
{
    return account_check_logon(&steps_of(ctx)->accounts, (enum account)arg, err);
}

static enum plan_state check_policy(void *ctx, unsigned arg, struct err *err)
{
    char16_t text[POLICY_CAP], wanted[POLICY_CAP];
    struct u16buf b = U16BUF(text), w = U16BUF(wanted);

    (void)arg;
    switch (store_text(STORE_OURS, POLICY_NAME, &b, err)) {
    case STORE_ABSENT:
        return PLAN_ABSENT;
    case STORE_FAILED:
        return PLAN_UNKNOWN;
    case STORE_READ:
        break;
    }
    filters_format(&steps_of(ctx)->policy, &w);
    return u16s_eq(u16buf_text(&b), u16buf_text(&w)) ? PLAN_PRESENT : PLAN_CHANGED;
}

static bool write_policy(void *ctx, unsigned arg, struct err *err)
{
    char16_t text[POLICY_CAP];
    struct u16buf b = U16BUF(text);

    (void)arg;
    filters_format(&steps_of(ctx)->policy, &b);
    return store_set_text(STORE_OURS, POLICY_NAME, u16buf_text(&b), err);
}

static bool remove_policy(void *ctx, unsigned arg, struct err *err)
{
    (void)ctx;
    (void)arg;
    return store_remove(STORE_OURS, POLICY_NAME, err);
}

/* Whom rules and filters are for: the account, or in a trial without one a SID that
 * nobody has.  *sid is that also on failure. */
static bool offline_sid(void *ctx, struct sid *sid, struct err *err)
{
    static const uint8_t nobody[] = u8"setup trial.";

    if (account_sid(ACCOUNT_OFFLINE, sid, err))
        return true;
    *sid = sid_ours(nobody);
    return steps_of(ctx)->is_trial;
}

/* For looking only: rules and filters can outlive the account, and are then changed. */
static struct sid sid_or_nobody(void *ctx)
{
    struct err err;
    struct sid sid;

    return offline_sid(ctx, &sid, &err) ? sid : sid_everyone();
}

static struct filters_rule rule_of(void *ctx, unsigned arg)
{
    struct filters_rule rules[FILTERS_RULES];

    filters_rules(&steps_of(ctx)->policy, rules);
    return rules[arg];
}

static enum plan_state check_rule(void *ctx, unsigned arg, struct err *err)
{
    struct filters_rule rule = rule_of(ctx, arg);
    struct sid sid = sid_or_nobody(ctx);

    return firewall_check(&rule, &sid, err);
}

static bool add_rule(void *ctx, unsigned arg, struct err *err)
{
    struct filters_rule rule = rule_of(ctx, arg);
    struct sid sid;

    return offline_sid(ctx, &sid, err) && firewall_apply(&rule, &sid, err);
}

static bool remove_rule(void *ctx, unsigned arg, struct err *err)
{
    struct filters_rule rule = rule_of(ctx, arg);

    return firewall_remove(&rule, err);
}

static enum plan_state check_filters(void *ctx, unsigned arg, struct err *err)
{
    struct wfp_api api;
    struct sid sid = sid_or_nobody(ctx);

    (void)arg;
    return wfp_load(&api, err) ? wfp_check(&api, &steps_of(ctx)->policy, &sid, err)
                               : PLAN_UNKNOWN;
}

static bool add_filters(void *ctx, unsigned arg, struct err *err)
{
    struct wfp_api api;
    struct sid sid;

    (void)arg;
    return wfp_load(&api, err) && offline_sid(ctx, &sid, err) &&
           wfp_apply(&api, &steps_of(ctx)->policy, &sid, err);
}

static bool remove_filters(void *ctx, unsigned arg, struct err *err)
{
    struct wfp_api api;

    (void)ctx;
    (void)arg;
    return wfp_load(&api, err) && wfp_remove(&api, err);
}

#define OFF ACCOUNT_OFFLINE
#define ON  ACCOUNT_ONLINE

/* What runs as the offline account keeps its fence until it has ended. */
#define HELD "offline_enabled"

/* The accounts are made disabled and enabled last, when the block stands: whatever stops
 * a run, nobody can log on as one that is not fenced in.  Undone in the other direction,
 * they are disabled first. */
static const struct plan_step all[] = {
    { "elevated", "an administrator's full token", check_elevated, NULL, NULL,
      CODES_ELEVATION, 0, false, NULL },
    { "machine", "no domain controller", check_machine, NULL, NULL,
      CODES_DOMAIN_CONTROLLER, 0, false, NULL },
    { "filtering_platform", "a filtering platform that answers", check_platform, NULL,
      NULL, CODES_PLATFORM, 0, false, NULL },
    { "firewall_policy", "a firewall that is on, and whose local rules count",
      check_firewall, NULL, NULL, CODES_POLICY, 0, false, NULL },
    { "secondary_logon", "a service Secondary Logon that may start", check_service, NULL,
      NULL, CODES_SERVICE, 0, false, NULL },
    { "group", "the local group RingfenceUsers", check_group, add_group, remove_group,
      CODES_GROUP, 0, true, NULL },
    { "offline_account", "the account RingfenceOffline, disabled at first", check_account,
      add_account, remove_account, CODES_ACCOUNT, OFF, true, NULL },
    { "online_account", "the account RingfenceOnline, disabled at first", check_account,
      add_account, remove_account, CODES_ACCOUNT, ON, true, NULL },
    { "offline_member", "RingfenceOffline in RingfenceUsers and Users", check_member,
      add_member, remove_member, CODES_MEMBERSHIP, OFF, true, NULL },
    { "online_member", "RingfenceOnline in RingfenceUsers and Users", check_member,
      add_member, remove_member, CODES_MEMBERSHIP, ON, true, NULL },
    { "offline_hidden", "RingfenceOffline not on the logon screen", check_hidden, hide,
      show, CODES_HIDING, OFF, true, NULL },
    { "online_hidden", "RingfenceOnline not on the logon screen", check_hidden, hide,
      show, CODES_HIDING, ON, true, NULL },
    { "offline_rights",
      "RingfenceOffline denied network, remote desktop, batch and service logon",
      check_rights, add_rights, remove_rights, CODES_RIGHTS, OFF, true, NULL },
    { "online_rights",
      "RingfenceOnline denied network, remote desktop, batch and service logon",
      check_rights, add_rights, remove_rights, CODES_RIGHTS, ON, true, NULL },
    { "loopback_policy", "which loopback ports stay open, written down", check_policy,
      write_policy, remove_policy, CODES_JOURNAL, 0, false, HELD },
    { "firewall_out", "a firewall rule: RingfenceOffline blocked, out", check_rule,
      add_rule, remove_rule, CODES_FIREWALL, 0, false, HELD },
    { "firewall_in", "a firewall rule: RingfenceOffline blocked, in", check_rule,
      add_rule, remove_rule, CODES_FIREWALL, 1, false, HELD },
    { "wfp_filters", "network filters: RingfenceOffline and ANONYMOUS LOGON blocked",
      check_filters, add_filters, remove_filters, CODES_FILTERS, 0, false, HELD },
    { "offline_enabled", "RingfenceOffline enabled", check_enabled, enable, disable,
      CODES_ENABLE, OFF, false, NULL },
    { "online_enabled", "RingfenceOnline enabled", check_enabled, enable, disable,
      CODES_ENABLE, ON, false, NULL },
    { "offline_logon", "RingfenceOffline can log on", check_logon, NULL, NULL,
      CODES_LOGON, OFF, false, NULL },
    { "online_logon", "RingfenceOnline can log on", check_logon, NULL, NULL, CODES_LOGON,
      ON, false, NULL },
};
#define STEPS  (sizeof all / sizeof all[0])
#define LOGONS 2u /* the last ones */
_Static_assert(STEPS <= PLAN_STEPS_MAX, "the plan has room for them");

static bool journal(void *ctx, const char *id, bool set, struct err *err)
{
    char16_t text[64];
    struct u16buf name = U16BUF(text);

    (void)ctx;
    u16buf_add_ascii(&name, id);
    return set ? store_set_number(STORE_OURS, text, 1, err)
               : store_remove(STORE_OURS, text, err);
}

static bool no_journal(void *ctx, const char *id, bool set, struct err *err)
{
    (void)ctx;
    (void)id;
    (void)set;
    (void)err;
    return true;
}

static bool read_mark(const char *id, bool *is_marked, struct err *err)
{
    char16_t text[64];
    struct u16buf name = U16BUF(text);
    uint32_t value = 0;
    enum store_read read;

    u16buf_add_ascii(&name, id);
    read = store_number(STORE_OURS, text, &value, err);
    *is_marked = read == STORE_READ;
    return read != STORE_FAILED;
}

bool steps_plan(struct steps *steps, struct plan *plan, struct err *err)
{
    *plan =
        (struct plan){ .steps = all,
                       .count = steps->accounts.has_passwords ? STEPS : STEPS - LOGONS,
                       .ctx = steps,
                       .journal = journal };
    for (size_t i = 0; i < plan->count; i++)
        if (!read_mark(all[i].id, &plan->is_marked[i], err))
            return false;
    return read_mark(PLAN_COMPLETE, &plan->is_complete, err);
}

bool steps_trial(struct steps *steps, struct u16s id, struct plan *plan)
{
    for (size_t i = 0; i < STEPS; i++) {
        char16_t text[64];

        if (!u16s_eq(u16s_ascii(text, 64, all[i].id), id))
            continue;
        steps->is_trial = true;
        *plan = (struct plan){
            .steps = &all[i], .count = 1, .ctx = steps, .journal = no_journal
        };
        return true;
    }
    return false;
}

bool steps_installed_policy(struct filters_policy *policy, struct err *err)
{
    char16_t text[POLICY_CAP];
    struct u16buf b = U16BUF(text);

    *policy = (struct filters_policy){ .loopback = FILTERS_LOOPBACK_ALL };
    switch (store_text(STORE_OURS, POLICY_NAME, &b, err)) {
    case STORE_FAILED:
        return false;
    case STORE_ABSENT:
        return true;
    case STORE_READ:
        break;
    }
    if (!filters_parse(policy, u16buf_text(&b)))
        policy->loopback = FILTERS_LOOPBACK_NONE;
    return true;
}
