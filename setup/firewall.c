#include "firewall.h"

#define COBJMACROS
#include <netfw.h>

#include "core/sddl.h"
#include "lookup.h"
#include "store.h"

#include <stddef.h>

#define SDDL_CAP    256u
#define SDDL_BYTES  1024u
#define REMOVES_MAX 16u /* rules of one name */
#define ANY         256 /* NET_FW_IP_PROTOCOL_ANY */

#define OVERRIDDEN "Group Policy makes local firewall rules ineffective"
#define OVERRIDDEN_HINT                                                                  \
    "an administrator of the domain must set `Apply local firewall rules` to Yes"

/* netfw.h; declared here because no library is linked. */
static const GUID class_policy = {
    0xe2b3c97f, 0x6ae1, 0x41ac, { 0x81, 0x7a, 0xf6, 0xf9, 0x21, 0x66, 0xd7, 0xdd }
};
static const GUID class_rule = {
    0x2c5bc43e, 0x3369, 0x4c33, { 0xab, 0x0c, 0xbe, 0x94, 0x69, 0x67, 0x7a, 0xf4 }
};
static const GUID interface_policy = {
    0x98325047, 0xc671, 0x4174, { 0x8d, 0x81, 0xde, 0xfc, 0xd3, 0xf0, 0x31, 0x86 }
};
static const GUID interface_rule3 = {
    0xb21563ff, 0xd696, 0x4222, { 0xab, 0x46, 0x4e, 0x89, 0xb7, 0x3a, 0xb3, 0x4a }
};

static struct {
    LOOKUP_MEMBER(CoInitializeEx);
    LOOKUP_MEMBER(CoCreateInstance);
    LOOKUP_MEMBER(SysAllocString);
    LOOKUP_MEMBER(SysFreeString);
    LOOKUP_MEMBER(VariantClear);
} com;

/* An HRESULT that carries a Win32 code is shown as that. */
static bool hr_failed(struct err *err, HRESULT hr, const char *call,
                      const char16_t *object)
{
    uint32_t code = (uint32_t)hr;

    return err_set(err, ERR_WIN32, code >> 16 == 0x8007 ? code & 0xFFFF : code, call,
                   object);
}

static bool load(struct err *err)
{
    static bool loaded;
    HRESULT hr = 0;

    if (loaded)
        return true;
    if (!LOOKUP(com, u"ole32.dll", CoInitializeEx) ||
        !LOOKUP(com, u"ole32.dll", CoCreateInstance) ||
        !LOOKUP(com, u"oleaut32.dll", SysAllocString) ||
        !LOOKUP(com, u"oleaut32.dll", SysFreeString) ||
        !LOOKUP(com, u"oleaut32.dll", VariantClear))
        return err_rule(err, "ole32.dll or oleaut32.dll lacks a function", NULL);
    hr = com.CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
    loaded = SUCCEEDED(hr) || hr == RPC_E_CHANGED_MODE;
    return loaded || hr_failed(err, hr, "CoInitializeEx", NULL);
}

static void release_policy(INetFwPolicy2 **p)
{
    if (*p)
        INetFwPolicy2_Release(*p);
}
static void release_rules(INetFwRules **p)
{
    if (*p)
        INetFwRules_Release(*p);
}
static void release_rule(INetFwRule **p)
{
    if (*p)
        INetFwRule_Release(*p);
}
static void release_rule3(INetFwRule3 **p)
{
    if (*p)
        INetFwRule3_Release(*p);
}
static void free_string(BSTR *p)
{
    if (*p)
        com.SysFreeString(*p);
}
#define auto_policy __attribute__((cleanup(release_policy)))
#define auto_rules  __attribute__((cleanup(release_rules)))
#define auto_rule   __attribute__((cleanup(release_rule)))
#define auto_rule3  __attribute__((cleanup(release_rule3)))
#define auto_bstr   __attribute__((cleanup(free_string)))

static bool get_policy(INetFwPolicy2 **policy, struct err *err)
{
    HRESULT hr = 0;

    if (!load(err))
        return false;
    hr = com.CoCreateInstance(&class_policy, NULL, CLSCTX_INPROC_SERVER,
                              &interface_policy, (void **)policy);
    return SUCCEEDED(hr) || hr_failed(err, hr, "CoCreateInstance(NetFwPolicy2)", NULL);
}

static bool get_rules(INetFwRules **rules, struct err *err)
{
    auto_policy INetFwPolicy2 *policy = NULL;
    HRESULT hr = 0;

    if (!get_policy(&policy, err))
        return false;
    hr = INetFwPolicy2_get_Rules(policy, rules);
    return SUCCEEDED(hr) || hr_failed(err, hr, "INetFwPolicy2::get_Rules", NULL);
}

#define POLICY u"SOFTWARE\\Policies\\Microsoft\\WindowsFirewall\\"

/* What Group Policy says of every profile, whichever is in use now: the firewall itself
 * tells of the current ones only, and FirewallEnabled of what is set here.  MS:
 * [MS-GPFAS] 2.2.3; LocalPolicyModifyState, Remarks; FirewallEnabled. */
static enum plan_state check_group_policy(struct err *err)
{
    static const struct {
        const char16_t *key, *name;
    } profiles[] = { { POLICY u"DomainProfile", u"domain profile" },
                     { POLICY u"PrivateProfile", u"private profile" },
                     { POLICY u"StandardProfile", u"standard profile" },
                     { POLICY u"PublicProfile", u"public profile" } };

    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        uint32_t merge = 1, on = 1;

        if (store_number(profiles[i].key, u"AllowLocalPolicyMerge", &merge, err) ==
                STORE_FAILED ||
            store_number(profiles[i].key, u"EnableFirewall", &on, err) == STORE_FAILED)
            return PLAN_UNKNOWN;
        if (!on) {
            err_rule(err, "Group Policy turns the firewall off", profiles[i].name);
            err_hint(err, "an administrator of the domain must set `Firewall state` to "
                          "On");
            return PLAN_ABSENT;
        }
        if (!merge) {
            err_rule(err, OVERRIDDEN, profiles[i].name);
            err_hint(err, OVERRIDDEN_HINT);
            return PLAN_ABSENT;
        }
    }
    return PLAN_PRESENT;
}

static enum plan_state check_profiles(INetFwPolicy2 *policy, struct err *err)
{
    static const struct {
        NET_FW_PROFILE_TYPE2 type;
        const char16_t *name;
    } profiles[] = { { NET_FW_PROFILE2_DOMAIN, u"domain profile" },
                     { NET_FW_PROFILE2_PRIVATE, u"private profile" },
                     { NET_FW_PROFILE2_PUBLIC, u"public profile" } };

    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        VARIANT_BOOL on = VARIANT_FALSE;
        HRESULT hr = INetFwPolicy2_get_FirewallEnabled(policy, profiles[i].type, &on);

        if (FAILED(hr))
            return hr_failed(err, hr, "INetFwPolicy2::get_FirewallEnabled",
                             profiles[i].name),
                   PLAN_UNKNOWN;
        if (!on)
            return err_rule(err, "the firewall is off", profiles[i].name), PLAN_ABSENT;
    }
    return PLAN_PRESENT;
}

enum plan_state firewall_check_policy(struct err *err)
{
    auto_policy INetFwPolicy2 *policy = NULL;
    NET_FW_MODIFY_STATE state = NET_FW_MODIFY_STATE_GP_OVERRIDE;
    enum plan_state found = PLAN_UNKNOWN;
    HRESULT hr = 0;

    if (!get_policy(&policy, err))
        return PLAN_UNKNOWN;
    found = check_profiles(policy, err);
    if (found == PLAN_PRESENT)
        found = check_group_policy(err);
    if (found != PLAN_PRESENT)
        return found;
    /* Anything but S_OK says that it does not hold in some profile. */
    hr = INetFwPolicy2_get_LocalPolicyModifyState(policy, &state);
    if (FAILED(hr))
        return hr_failed(err, hr, "INetFwPolicy2::get_LocalPolicyModifyState", NULL),
               PLAN_UNKNOWN;
    if (state == NET_FW_MODIFY_STATE_GP_OVERRIDE || hr != S_OK) {
        err_rule(err, OVERRIDDEN, u"a profile in use");
        err_hint(err, OVERRIDDEN_HINT);
        return PLAN_ABSENT;
    }
    /* NET_FW_MODIFY_STATE_INBOUND_BLOCKED blocks more than we ask for. */
    return PLAN_PRESENT;
}

/* Who the rule is for: "O:LSD:(A;;CC;;;SID)"; CC is 1, the right to match. */
static void add_sddl(struct u16buf *out, const struct sid *sid)
{
    u16buf_addz(out, u"O:LSD:(A;;CC;;;");
    sid_format(sid, out);
    u16buf_addc(out, u')');
}

/* Whether a list allows exactly this SID, however it is spelled. */
static bool allows_only(const char16_t *sddl, const struct sid *sid)
{
    uint8_t bytes[SDDL_BYTES];
    struct secdesc sd;
    struct ace ace = { 0 };
    struct err err;

    return sddl_parse(&sd, u16s_of(sddl), NULL, bytes, sizeof bytes, &err) &&
           sd.dacl.at && sd.dacl.count == 1 && acl_next(&sd.dacl, &ace) && ace.plain &&
           ace.type == ACE_ALLOW && ace.flags == 0 && ace.mask == 1 &&
           sid_eq(&ace.sid, sid);
}

/* Whether a getter succeeded and put this text into *got: a pointer, because the call
 * that fills it is the argument beside it. */
static bool is_text(HRESULT hr, const BSTR *got, const char16_t *want)
{
    return SUCCEEDED(hr) && u16s_eq(u16s_of(*got), u16s_of(want));
}

typedef HRESULT(STDMETHODCALLTYPE *get_text)(INetFwRule3 *, BSTR *);

/* The texts that are the same in every rule of ours; each of them could narrow it to
 * nothing. */
static const struct {
    size_t get; /* where in the table of methods */
    const char16_t *want;
    bool is_moot; /* for a rule of any protocol: `*` is as good, and so is no answer */
    const char *difference;
} texts[] = {
#define ALWAYS(name, want, moot, difference)                                             \
    {                                                                                    \
        offsetof(INetFwRule3Vtbl, get_##name), want, moot, difference                    \
    }
    ALWAYS(Description, FILTERS_RULE_TEXT, false, "the rule has another description"),
    ALWAYS(LocalAddresses, u"*", false, "the rule has other local addresses"),
    ALWAYS(ApplicationName, u"", false, "the rule is for one program"),
    ALWAYS(ServiceName, u"", false, "the rule is for one service"),
    ALWAYS(InterfaceTypes, u"All", false, "the rule is for some kinds of interfaces"),
    ALWAYS(LocalAppPackageId, u"", false, "the rule is for one app"),
    ALWAYS(LocalUserOwner, u"", false, "the rule is for an owner"),
    ALWAYS(RemoteUserAuthorizedList, u"", false, "the rule is for some remote users"),
    ALWAYS(RemoteMachineAuthorizedList, u"", false,
           "the rule is for some remote machines"),
    ALWAYS(LocalPorts, u"", true, "the rule is for some local ports"),
    ALWAYS(RemotePorts, u"", true, "the rule is for some remote ports"),
    ALWAYS(IcmpTypesAndCodes, u"", true, "the rule is for some ICMP types"),
#undef ALWAYS
};

static bool has_text(INetFwRule3 *r, size_t i)
{
    auto_bstr BSTR got = NULL;
    get_text get =
        *(const get_text *)(const void *)((const uint8_t *)r->lpVtbl + texts[i].get);
    HRESULT hr = get(r, &got);

    if (is_text(hr, &got, texts[i].want))
        return true;
    return texts[i].is_moot && (FAILED(hr) || is_text(hr, &got, u"*"));
}

/* The texts of a rule. */
static const char *text_difference(INetFwRule3 *r, const struct filters_rule *want,
                                   const struct sid *offline)
{
    auto_bstr BSTR remote = NULL, user = NULL;

    if (FAILED(INetFwRule3_get_RemoteAddresses(r, &remote)) ||
        !filters_same_addresses(u16s_of(remote), u16s_of(want->remote)))
        return "the rule has other remote addresses";
    if (FAILED(INetFwRule3_get_LocalUserAuthorizedList(r, &user)) ||
        !allows_only(user, offline))
        return "the rule is for other users";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!has_text(r, i))
            return texts[i].difference;
    return NULL;
}

/* Whether it is for interfaces by name; no list at all is how "every" looks. */
static bool has_interfaces(INetFwRule3 *r)
{
    VARIANT list = { 0 };
    bool has = FAILED(INetFwRule3_get_Interfaces(r, &list)) || list.vt != VT_EMPTY;

    com.VariantClear(&list);
    return has;
}

/* What else limits a rule. */
static const char *other_difference(INetFwRule3 *r)
{
    VARIANT_BOOL edge = VARIANT_TRUE;
    LONG options = 1, secure = 1;

    if (has_interfaces(r))
        return "the rule is for some interfaces";
    if (FAILED(INetFwRule3_get_EdgeTraversal(r, &edge)) || edge ||
        FAILED(INetFwRule3_get_EdgeTraversalOptions(r, &options)) ||
        options != 0 /* …_TYPE_DENY */)
        return "the rule has edge traversal";
    return SUCCEEDED(INetFwRule3_get_SecureFlags(r, &secure)) &&
                   secure == 0 /* NET_FW_AUTHENTICATE_NONE */
               ? NULL
               : "the rule is for secured connections";
}

/* The name of the first field that differs, or NULL. */
static const char *rule_difference(INetFwRule3 *r, const struct filters_rule *want,
                                   const struct sid *offline)
{
    NET_FW_RULE_DIRECTION direction = NET_FW_RULE_DIR_MAX;
    NET_FW_ACTION action = NET_FW_ACTION_MAX;
    VARIANT_BOOL enabled = VARIANT_FALSE;
    LONG protocol = 0, profiles = 0;
    const char *difference = NULL;

    if (FAILED(INetFwRule3_get_Direction(r, &direction)) ||
        direction != (want->outbound ? NET_FW_RULE_DIR_OUT : NET_FW_RULE_DIR_IN))
        return "the rule has the other direction";
    if (FAILED(INetFwRule3_get_Action(r, &action)) || action != NET_FW_ACTION_BLOCK)
        return "the rule does not block";
    if (FAILED(INetFwRule3_get_Enabled(r, &enabled)) || !enabled)
        return "the rule is not enabled";
    if (FAILED(INetFwRule3_get_Protocol(r, &protocol)) || protocol != ANY)
        return "the rule is for one protocol";
    if (FAILED(INetFwRule3_get_Profiles(r, &profiles)) ||
        (profiles != NET_FW_PROFILE2_ALL &&
         (profiles & 7) !=
             (NET_FW_PROFILE2_DOMAIN | NET_FW_PROFILE2_PRIVATE | NET_FW_PROFILE2_PUBLIC)))
        return "the rule is for some profiles";
    difference = text_difference(r, want, offline);
    return difference ? difference : other_difference(r);
}

static bool rule3_of(INetFwRule *rule, INetFwRule3 **rule3, struct err *err)
{
    HRESULT hr = INetFwRule_QueryInterface(rule, &interface_rule3, (void **)rule3);

    return SUCCEEDED(hr) || hr_failed(err, hr, "QueryInterface(INetFwRule3)", NULL);
}

/* The rule of that name; PLAN_PRESENT for one of our group, whatever is in it. */
static enum plan_state find(INetFwRules *rules, const char16_t *name, INetFwRule3 **rule3,
                            struct err *err)
{
    auto_rule INetFwRule *rule = NULL;
    auto_bstr BSTR text = com.SysAllocString(name), group = NULL;
    HRESULT hr = INetFwRules_Item(rules, text, &rule);

    if (hr == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND))
        return PLAN_ABSENT;
    if (FAILED(hr) || !rule)
        return hr_failed(err, FAILED(hr) ? hr : E_POINTER, "INetFwRules::Item", name),
               PLAN_UNKNOWN;
    if (!rule3_of(rule, rule3, err))
        return PLAN_UNKNOWN;
    return is_text(INetFwRule3_get_Grouping(*rule3, &group), &group, FILTERS_RULE_GROUP)
               ? PLAN_PRESENT
               : PLAN_FOREIGN;
}

enum plan_state firewall_check(const struct filters_rule *rule, const struct sid *offline,
                               struct err *err)
{
    auto_rules INetFwRules *rules = NULL;
    auto_rule3 INetFwRule3 *got = NULL;
    enum plan_state state = PLAN_UNKNOWN;
    const char *difference = NULL;

    if (!get_rules(&rules, err))
        return PLAN_UNKNOWN;
    state = find(rules, rule->name, &got, err);
    if (state != PLAN_PRESENT)
        return state;
    difference = rule_difference(got, rule, offline);
    if (!difference)
        return PLAN_PRESENT;
    return err_rule(err, difference, rule->name), PLAN_CHANGED;
}

/* One text of a new rule. */
static HRESULT put(INetFwRule3 *r,
                   HRESULT(STDMETHODCALLTYPE *method)(INetFwRule3 *, BSTR),
                   const char16_t *text)
{
    auto_bstr BSTR value = com.SysAllocString(text);

    return value ? method(r, value) : E_OUTOFMEMORY;
}

static HRESULT fill(INetFwRule3 *r, const struct filters_rule *want,
                    const struct sid *offline)
{
    char16_t sddl[SDDL_CAP];
    struct u16buf user = U16BUF(sddl);
    NET_FW_RULE_DIRECTION direction =
        want->outbound ? NET_FW_RULE_DIR_OUT : NET_FW_RULE_DIR_IN;
    const INetFwRule3Vtbl *f = r->lpVtbl;
    HRESULT hr = S_OK;

    add_sddl(&user, offline);
    hr = FAILED(hr) ? hr : put(r, f->put_Name, want->name);
    hr = FAILED(hr) ? hr : put(r, f->put_Grouping, FILTERS_RULE_GROUP);
    hr = FAILED(hr) ? hr : put(r, f->put_Description, FILTERS_RULE_TEXT);
    hr = FAILED(hr) ? hr : f->put_Direction(r, direction);
    hr = FAILED(hr) ? hr : f->put_Action(r, NET_FW_ACTION_BLOCK);
    hr = FAILED(hr) ? hr : f->put_Protocol(r, ANY);
    hr = FAILED(hr) ? hr : f->put_Profiles(r, NET_FW_PROFILE2_ALL);
    hr = FAILED(hr) ? hr : put(r, f->put_RemoteAddresses, want->remote);
    hr = FAILED(hr) ? hr : put(r, f->put_LocalUserAuthorizedList, sddl);
    return FAILED(hr) ? hr : f->put_Enabled(r, VARIANT_TRUE);
}

/* All rules of the name: a firewall may hold more than one. */
static bool remove_all(INetFwRules *rules, const char16_t *name, struct err *err)
{
    auto_bstr BSTR text = com.SysAllocString(name);

    for (unsigned i = 0; i < REMOVES_MAX; i++) {
        auto_rule3 INetFwRule3 *there = NULL;
        enum plan_state state = find(rules, name, &there, err);
        HRESULT hr = S_OK;

        if (state == PLAN_ABSENT)
            return true;
        if (state == PLAN_FOREIGN)
            return err_rule(err, "a rule of that name is there that is not Ringfence's",
                            name);
        if (state == PLAN_PRESENT)
            hr = INetFwRules_Remove(rules, text);
        if (state != PLAN_PRESENT || FAILED(hr))
            return FAILED(hr) ? hr_failed(err, hr, "INetFwRules::Remove", name) : false;
    }
    return err_rule(err, "INetFwRules::Remove succeeded, but the rule is still there",
                    name);
}

bool firewall_apply(const struct filters_rule *rule, const struct sid *offline,
                    struct err *err)
{
    auto_rules INetFwRules *rules = NULL;
    auto_rule3 INetFwRule3 *made = NULL;
    HRESULT hr = 0;

    if (!get_rules(&rules, err))
        return false;
    hr = com.CoCreateInstance(&class_rule, NULL, CLSCTX_INPROC_SERVER, &interface_rule3,
                              (void **)&made);
    if (FAILED(hr))
        return hr_failed(err, hr, "CoCreateInstance(NetFwRule)", rule->name);
    hr = fill(made, rule, offline);
    if (FAILED(hr))
        return hr_failed(err, hr, "INetFwRule3::put", rule->name);
    if (!remove_all(rules, rule->name, err))
        return false;
    hr = INetFwRules_Add(rules, (INetFwRule *)made);
    if (FAILED(hr))
        return hr_failed(err, hr, "INetFwRules::Add", rule->name);
    if (firewall_check(rule, offline, err) == PLAN_PRESENT)
        return true;
    return err->domain != ERR_NONE
               ? false
               : err_rule(err,
                          "INetFwRules::Add succeeded, but INetFwRules::Item does "
                          "not find the rule",
                          rule->name);
}

bool firewall_remove(const struct filters_rule *rule, struct err *err)
{
    auto_rules INetFwRules *rules = NULL;

    return get_rules(&rules, err) && remove_all(rules, rule->name, err);
}
