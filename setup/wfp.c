#include "wfp.h"

#include "core/secdesc.h"

#define CONDITIONS_MAX (4u + FILTERS_PORTS_MAX)
#define SD_BYTES       128u
#define FWPUCLNT       u"fwpuclnt.dll"
#define WAIT_MS        10000u /* for somebody else's transaction */
#define NAME_CAP       96u

#define PERSISTENT      1u    /* FWPM_PROVIDER_, _SUBLAYER_ and _FILTER_FLAG_PERSISTENT */
#define FILTER_INDEXED  0x40u /* FWPM_FILTER_FLAG_INDEXED: the engine's own business */
#define SUBLAYER_WEIGHT 0xFFFFu

/* The not-found codes that deleting and getting give.  winerror.h. */
#define NO_FILTER   0x80320003u
#define NO_PROVIDER 0x80320005u
#define NO_SUBLAYER 0x80320007u

static const GUID provider_key = {
    0x76fab3a2, 0x4cf4, 0x4992, { 0x8f, 0x2d, 0xe0, 0x60, 0xa9, 0xb9, 0xef, 0x68 }
};
static const GUID sublayer_key = {
    0x545bf4fe, 0xe012, 0x48f9, { 0x92, 0xd1, 0x29, 0x5f, 0xf1, 0x19, 0x32, 0x1c }
};

/* fwpmu.h of the Windows SDK; mingw's lacks them. */
static const GUID layer_keys[FILTERS_LAYER_COUNT] = {
    [FILTERS_CONNECT_V4] = { 0xc38d57d1,
                             0x05a7,
                             0x4c33,
                             { 0x90, 0x4f, 0x7f, 0xbc, 0xee, 0xe6, 0x0e, 0x82 } },
    [FILTERS_CONNECT_V6] = { 0x4a72393b,
                             0x319f,
                             0x44bc,
                             { 0x84, 0xc3, 0xba, 0x54, 0xdc, 0xb3, 0xb6, 0xb4 } },
    [FILTERS_ACCEPT_V4] = { 0xe1cd9fe7,
                            0xf4b5,
                            0x4273,
                            { 0x96, 0xc0, 0x59, 0x2e, 0x48, 0x7b, 0x86, 0x50 } },
    [FILTERS_ACCEPT_V6] = { 0xa3b42c97,
                            0x9f04,
                            0x4672,
                            { 0xb8, 0x7e, 0xce, 0xe9, 0xc4, 0x83, 0x25, 0x7f } },
    [FILTERS_LISTEN_V4] = { 0x88bb5dad,
                            0x76d7,
                            0x4227,
                            { 0x9c, 0x71, 0xdf, 0x0a, 0x3e, 0xd7, 0xbe, 0x7e } },
    [FILTERS_LISTEN_V6] = { 0x7ac9de24,
                            0x17dd,
                            0x4814,
                            { 0xb4, 0xbd, 0xa9, 0xfb, 0xc9, 0x5a, 0x32, 0x1b } },
    [FILTERS_RESOURCE_V4] = { 0x1247d66d,
                              0x0b60,
                              0x4a15,
                              { 0x8d, 0x44, 0x71, 0x55, 0xd0, 0xf5, 0x3a, 0x0c } },
    [FILTERS_RESOURCE_V6] = { 0x55a650e1,
                              0x5f0a,
                              0x4eca,
                              { 0xa6, 0x53, 0x88, 0xf5, 0x3b, 0x26, 0xaa, 0x8c } },
};
static const GUID by_user = {
    0xaf043a0a, 0xb34d, 0x4f86, { 0x97, 0x9c, 0xc9, 0x03, 0x71, 0xaf, 0x6e, 0x66 }
};
static const GUID by_protocol = {
    0x3971ef2b, 0x623e, 0x4f9a, { 0x8c, 0xb1, 0x6e, 0x79, 0xb8, 0x06, 0xb9, 0xa7 }
};
static const GUID by_local_port = {
    0x0c1ba1af, 0x5765, 0x453f, { 0xaf, 0x22, 0xa8, 0xf7, 0x91, 0xac, 0x77, 0x5b }
};
static const GUID by_remote_port = {
    0xc35a604d, 0xd22b, 0x4e1a, { 0x91, 0xb4, 0x68, 0xf6, 0x74, 0xee, 0x67, 0x4b }
};
static const GUID by_flags = {
    0x632ce23b, 0x5167, 0x435c, { 0x86, 0xd7, 0xe9, 0x03, 0x68, 0x4a, 0xa8, 0x0c }
};

static bool guid_eq(const GUID *a, const GUID *b)
{
    const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;

    for (size_t i = 0; i < sizeof *a; i++)
        if (p[i] != q[i])
            return false;
    return true;
}

/* Filters are ours by these keys, whichever policy they are of. */
static GUID filter_key(unsigned slot)
{
    GUID key = sublayer_key;

    key.Data1 += 1;
    key.Data4[7] = (uint8_t)slot;
    return key;
}

bool wfp_load(struct wfp_api *api, struct err *err)
{
    if (LOOKUP(*api, FWPUCLNT, FwpmEngineOpen0) &&
        LOOKUP(*api, FWPUCLNT, FwpmEngineClose0) &&
        LOOKUP(*api, FWPUCLNT, FwpmTransactionBegin0) &&
        LOOKUP(*api, FWPUCLNT, FwpmTransactionCommit0) &&
        LOOKUP(*api, FWPUCLNT, FwpmTransactionAbort0) &&
        LOOKUP(*api, FWPUCLNT, FwpmProviderAdd0) &&
        LOOKUP(*api, FWPUCLNT, FwpmProviderGetByKey0) &&
        LOOKUP(*api, FWPUCLNT, FwpmProviderDeleteByKey0) &&
        LOOKUP(*api, FWPUCLNT, FwpmSubLayerAdd0) &&
        LOOKUP(*api, FWPUCLNT, FwpmSubLayerGetByKey0) &&
        LOOKUP(*api, FWPUCLNT, FwpmSubLayerDeleteByKey0) &&
        LOOKUP(*api, FWPUCLNT, FwpmFilterAdd0) &&
        LOOKUP(*api, FWPUCLNT, FwpmFilterGetByKey0) &&
        LOOKUP(*api, FWPUCLNT, FwpmFilterDeleteByKey0) &&
        LOOKUP(*api, FWPUCLNT, FwpmFreeMemory0))
        return true;
    err_rule(err, "this Windows has no filtering platform: `enforced` is not available",
             u"fwpuclnt.dll");
    err_hint(err, "level `confined` needs no setup");
    return false;
}

/* The Fwpm functions return their code. */
static bool failed(struct err *err, DWORD code, const char *call, const char16_t *object)
{
    return err_set(err, ERR_WIN32, code, call, object);
}

static bool open_engine(const struct wfp_api *api, HANDLE *engine, struct err *err)
{
    char16_t name[] = u"Ringfence setup";
    FWPM_SESSION0 session = { .displayData = { .name = name },
                              .txnWaitTimeoutInMSec = WAIT_MS };
    DWORD code = api->FwpmEngineOpen0(NULL, RPC_C_AUTHN_WINNT, NULL, &session, engine);

    return code == ERROR_SUCCESS || failed(err, code, "FwpmEngineOpen0", NULL);
}

enum plan_state wfp_check_platform(struct err *err)
{
    struct wfp_api api;
    HANDLE engine = NULL;

    if (!wfp_load(&api, err) || !open_engine(&api, &engine, err))
        return PLAN_ABSENT;
    api.FwpmEngineClose0(engine);
    return PLAN_PRESENT;
}

/* A filter with all that it points to. */
struct built {
    FWPM_FILTER0 filter;
    FWPM_FILTER_CONDITION0 condition[CONDITIONS_MAX];
    char16_t name[NAME_CAP];
    GUID provider;
    FWP_BYTE_BLOB sd;
    uint8_t sd_bytes[SD_BYTES];
};

/* The right to match a filter, for one SID: the engine checks it against the token that
 * a socket belongs to.  MS: FWPM_CONDITION_ALE_USER_ID; FWP_ACTRL_MATCH_FILTER. */
static bool user_sd(struct built *b, const struct sid *sid)
{
    uint8_t list[SD_BYTES];
    struct aclbuf acl = aclbuf_init(list, sizeof list);
    struct secdesc sd = { .control = SECDESC_SELF_RELATIVE | SECDESC_DACL_PRESENT,
                          .has_owner = true,
                          .has_group = true,
                          .owner = sid_well_known(SID_SYSTEM),
                          .group = sid_well_known(SID_SYSTEM) };
    size_t bytes = 0;

    aclbuf_add(&acl, &(struct acl_entry){ .type = ACE_ALLOW,
                                          .mask = FWP_ACTRL_MATCH_FILTER,
                                          .sid = *sid });
    sd.dacl = aclbuf_acl(&acl);
    if (acl.cut || !secdesc_write(&sd, b->sd_bytes, sizeof b->sd_bytes, &bytes))
        return false;
    b->sd = (FWP_BYTE_BLOB){ (UINT32)bytes, b->sd_bytes };
    return true;
}

/* The next condition, equal to a value of this type. */
static FWP_CONDITION_VALUE0 *add(struct built *b, const GUID *field, FWP_DATA_TYPE type)
{
    FWPM_FILTER_CONDITION0 *c = &b->condition[b->filter.numFilterConditions++];

    *c = (FWPM_FILTER_CONDITION0){ .fieldKey = *field,
                                   .matchType = FWP_MATCH_EQUAL,
                                   .conditionValue = { .type = type } };
    return &c->conditionValue;
}

/* Conditions of one field that stand together are alternatives, all others must hold.
 * MS: FWPM_FILTER0, filterCondition. */
static void add_conditions(struct built *b, const struct filters_filter *f,
                           const struct filters_policy *policy)
{
    const GUID *port = f->by == FILTERS_LOCAL_PORTS ? &by_local_port : &by_remote_port;

    add(b, &by_user, FWP_SECURITY_DESCRIPTOR_TYPE)->sd = &b->sd;
    if (f->on_loopback) {
        add(b, &by_flags, FWP_UINT32)->uint32 = FWP_CONDITION_FLAG_IS_LOOPBACK;
        b->condition[b->filter.numFilterConditions - 1].matchType =
            FWP_MATCH_FLAGS_ALL_SET;
    }
    if (f->is_tcp_or_udp) {
        add(b, &by_protocol, FWP_UINT8)->uint8 = 6;
        add(b, &by_protocol, FWP_UINT8)->uint8 = 17;
    }
    for (size_t i = 0; f->by != FILTERS_ANY_PORT && i < policy->port_count; i++)
        add(b, port, FWP_UINT16)->uint16 = policy->ports[i];
}

static bool build(struct built *b, const struct filters_filter *f,
                  const struct filters_policy *policy, const struct sid *offline)
{
    const struct sid anonymous = sid_short(5, 1, 7, 0);
    struct u16buf name = U16BUF(b->name);

    filters_name(f, &name);
    b->provider = provider_key;
    b->filter = (FWPM_FILTER0){
        .filterKey = filter_key(f->slot),
        .displayData = { .name = b->name },
        .flags = PERSISTENT,
        .providerKey = &b->provider,
        .layerKey = layer_keys[f->layer],
        .subLayerKey = sublayer_key,
        .weight = { .type = FWP_UINT8, .uint8 = f->weight },
        .filterCondition = b->condition,
        .action = { .type = f->permits ? FWP_ACTION_PERMIT : FWP_ACTION_BLOCK },
    };
    if (!user_sd(b, f->who == FILTERS_OFFLINE ? offline : &anonymous))
        return false;
    add_conditions(b, f, policy);
    return true;
}

/* Whether a descriptor gives the right to match to one SID, the same as ours does; its
 * bytes may be laid out in another way. */
static bool same_sd(const FWP_BYTE_BLOB *a, const FWP_BYTE_BLOB *b)
{
    struct secdesc x, y;
    struct ace p = { 0 }, q = { 0 };

    if (!a || !b || !secdesc_read(&x, a->data, a->size) ||
        !secdesc_read(&y, b->data, b->size) || !x.dacl.at || !y.dacl.at ||
        x.dacl.count != y.dacl.count)
        return false;
    while (acl_next(&x.dacl, &p))
        if (!acl_next(&y.dacl, &q) || !p.plain || !q.plain || p.type != q.type ||
            p.flags != q.flags || p.mask != q.mask || !sid_eq(&p.sid, &q.sid))
            return false;
    return true;
}

static bool same_value(const FWP_CONDITION_VALUE0 *a, const FWP_CONDITION_VALUE0 *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == FWP_UINT8)
        return a->uint8 == b->uint8;
    if (a->type == FWP_UINT16)
        return a->uint16 == b->uint16;
    if (a->type == FWP_UINT32)
        return a->uint32 == b->uint32;
    return a->type == FWP_SECURITY_DESCRIPTOR_TYPE && same_sd(a->sd, b->sd);
}

/* The same conditions, each once, in any order. */
static bool same_conditions(const FWPM_FILTER0 *a, const FWPM_FILTER0 *b)
{
    if (a->numFilterConditions != b->numFilterConditions)
        return false;
    for (UINT32 i = 0; i < a->numFilterConditions; i++) {
        const FWPM_FILTER_CONDITION0 *want = &a->filterCondition[i];
        UINT32 k = 0;

        while (
            k < b->numFilterConditions &&
            !(guid_eq(&want->fieldKey, &b->filterCondition[k].fieldKey) &&
              want->matchType == b->filterCondition[k].matchType &&
              same_value(&want->conditionValue, &b->filterCondition[k].conditionValue)))
            k++;
        if (k == b->numFilterConditions)
            return false;
    }
    return true;
}

/* The name of the first field that differs, or NULL. */
static const char *filter_difference(const FWPM_FILTER0 *want, const FWPM_FILTER0 *got)
{
    if (!guid_eq(&want->layerKey, &got->layerKey))
        return "the filter is at another layer";
    if (!guid_eq(&want->subLayerKey, &got->subLayerKey))
        return "the filter is in another sublayer";
    if (!got->providerKey || !guid_eq(want->providerKey, got->providerKey))
        return "the filter has another provider";
    if (want->action.type != got->action.type)
        return "the filter has another action";
    if ((got->flags & ~FILTER_INDEXED) != want->flags)
        return "the filter is disabled or not persistent";
    if (got->weight.type != want->weight.type || got->weight.uint8 != want->weight.uint8)
        return "the filter has another weight";
    return same_conditions(want, got) ? NULL : "the filter has other conditions";
}

/* One place for a filter: right as it is (wanted NULL: empty), or not. */
static enum plan_state check_slot(const struct wfp_api *api, HANDLE engine, unsigned slot,
                                  struct built *wanted, struct err *err)
{
    GUID key = filter_key(slot);
    FWPM_FILTER0 *got = NULL;
    const char *difference = NULL;
    DWORD code = api->FwpmFilterGetByKey0(engine, &key, &got);

    if (code == NO_FILTER)
        return PLAN_ABSENT;
    if (code != ERROR_SUCCESS)
        return failed(err, code, "FwpmFilterGetByKey0", NULL), PLAN_UNKNOWN;
    if (!got)
        return err_rule(err, "FwpmFilterGetByKey0 succeeded and told nothing", NULL),
               PLAN_UNKNOWN;
    difference = wanted ? filter_difference(&wanted->filter, got)
                        : "a filter is there that the policy has not";
    api->FwpmFreeMemory0((void **)&got);
    if (!difference)
        return PLAN_PRESENT;
    return err_rule(err, difference, wanted ? wanted->name : NULL), PLAN_CHANGED;
}

/* Provider and sublayer.  A disabled provider has filters that do nothing. */
static enum plan_state check_frame(const struct wfp_api *api, HANDLE engine,
                                   struct err *err)
{
    FWPM_PROVIDER0 *provider = NULL;
    FWPM_SUBLAYER0 *sublayer = NULL;
    bool has_provider = false, has_sublayer = false, right = true;
    DWORD code = api->FwpmProviderGetByKey0(engine, &provider_key, &provider);

    if (code != ERROR_SUCCESS && code != NO_PROVIDER)
        return failed(err, code, "FwpmProviderGetByKey0", NULL), PLAN_UNKNOWN;
    has_provider = code == ERROR_SUCCESS && provider;
    if (has_provider) {
        right = provider->flags == PERSISTENT;
        api->FwpmFreeMemory0((void **)&provider);
    }
    code = api->FwpmSubLayerGetByKey0(engine, &sublayer_key, &sublayer);
    if (code != ERROR_SUCCESS && code != NO_SUBLAYER)
        return failed(err, code, "FwpmSubLayerGetByKey0", NULL), PLAN_UNKNOWN;
    has_sublayer = code == ERROR_SUCCESS && sublayer;
    if (has_sublayer) {
        /* The engine may move its weight to keep weights apart. */
        right = right && sublayer->flags == PERSISTENT && sublayer->providerKey &&
                guid_eq(sublayer->providerKey, &provider_key);
        api->FwpmFreeMemory0((void **)&sublayer);
    }
    if (!has_provider && !has_sublayer)
        return PLAN_ABSENT;
    if (has_provider && has_sublayer && right)
        return PLAN_PRESENT;
    return err_rule(err, "the provider or sublayer is missing, disabled or changed",
                    NULL),
           PLAN_CHANGED;
}

/* All that is ours against all that is wanted. */
static enum plan_state check_all(const struct wfp_api *api, HANDLE engine,
                                 const struct filters_policy *policy,
                                 const struct sid *offline, struct err *err)
{
    static struct built built;
    struct filters_filter filters[FILTERS_MAX];
    size_t count = filters_make(policy, filters), next = 0, present = 0, wrong = 0;
    enum plan_state frame = check_frame(api, engine, err);

    if (frame == PLAN_UNKNOWN)
        return frame;
    for (unsigned slot = 0; slot < FILTERS_MAX; slot++) {
        bool wanted = next < count && filters[next].slot == slot;
        enum plan_state state = PLAN_UNKNOWN;

        if (wanted && !build(&built, &filters[next++], policy, offline))
            return err_rule(err, "a filter cannot be built", NULL), PLAN_UNKNOWN;
        state = check_slot(api, engine, slot, wanted ? &built : NULL, err);
        if (state == PLAN_UNKNOWN)
            return state;
        present += state == PLAN_PRESENT;
        wrong += state == PLAN_CHANGED;
        if (wanted && state == PLAN_ABSENT && err->domain == ERR_NONE &&
            frame != PLAN_ABSENT)
            err_rule(err, "a filter is missing", built.name);
    }
    if (frame == PLAN_PRESENT && present == count && wrong == 0)
        return PLAN_PRESENT;
    return frame == PLAN_ABSENT && present == 0 && wrong == 0 ? PLAN_ABSENT
                                                              : PLAN_CHANGED;
}

enum plan_state wfp_check(const struct wfp_api *api, const struct filters_policy *policy,
                          const struct sid *offline, struct err *err)
{
    HANDLE engine = NULL;
    enum plan_state state = PLAN_UNKNOWN;

    if (!open_engine(api, &engine, err))
        return PLAN_UNKNOWN;
    state = check_all(api, engine, policy, offline, err);
    api->FwpmEngineClose0(engine);
    return state;
}

/* Within a transaction. */
static bool delete_all(const struct wfp_api *api, HANDLE engine, struct err *err)
{
    DWORD code = 0;

    for (unsigned slot = 0; slot < FILTERS_MAX; slot++) {
        GUID key = filter_key(slot);

        code = api->FwpmFilterDeleteByKey0(engine, &key);
        if (code != ERROR_SUCCESS && code != NO_FILTER)
            return failed(err, code, "FwpmFilterDeleteByKey0", NULL);
    }
    code = api->FwpmSubLayerDeleteByKey0(engine, &sublayer_key);
    if (code != ERROR_SUCCESS && code != NO_SUBLAYER)
        return failed(err, code, "FwpmSubLayerDeleteByKey0", NULL);
    code = api->FwpmProviderDeleteByKey0(engine, &provider_key);
    return code == ERROR_SUCCESS || code == NO_PROVIDER ||
           failed(err, code, "FwpmProviderDeleteByKey0", NULL);
}

static bool add_all(const struct wfp_api *api, HANDLE engine,
                    const struct filters_policy *policy, const struct sid *offline,
                    struct err *err)
{
    static struct built built;
    char16_t name[] = u"Ringfence";
    GUID owner = provider_key;
    FWPM_PROVIDER0 provider = { .providerKey = provider_key,
                                .displayData = { .name = name },
                                .flags = PERSISTENT };
    FWPM_SUBLAYER0 sublayer = { .subLayerKey = sublayer_key,
                                .displayData = { .name = name },
                                .flags = PERSISTENT,
                                .providerKey = &owner,
                                .weight = SUBLAYER_WEIGHT };
    struct filters_filter filters[FILTERS_MAX];
    size_t count = filters_make(policy, filters);
    DWORD code = api->FwpmProviderAdd0(engine, &provider, NULL);

    if (code != ERROR_SUCCESS)
        return failed(err, code, "FwpmProviderAdd0", NULL);
    code = api->FwpmSubLayerAdd0(engine, &sublayer, NULL);
    if (code != ERROR_SUCCESS)
        return failed(err, code, "FwpmSubLayerAdd0", NULL);
    for (size_t i = 0; i < count; i++) {
        if (!build(&built, &filters[i], policy, offline))
            return err_rule(err, "a filter cannot be built", NULL);
        code = api->FwpmFilterAdd0(engine, &built.filter, NULL, NULL);
        if (code != ERROR_SUCCESS)
            return failed(err, code, "FwpmFilterAdd0", built.name);
    }
    return true;
}

/* Replaces all that is ours by what the policy wants (policy NULL: by nothing). */
static bool replace(const struct wfp_api *api, const struct filters_policy *policy,
                    const struct sid *offline, struct err *err)
{
    HANDLE engine = NULL;
    bool ok = false;
    DWORD code = 0;

    if (!open_engine(api, &engine, err))
        return false;
    code = api->FwpmTransactionBegin0(engine, 0);
    if (code != ERROR_SUCCESS) {
        failed(err, code, "FwpmTransactionBegin0", NULL);
    } else if (!delete_all(api, engine, err) ||
               (policy && !add_all(api, engine, policy, offline, err))) {
        api->FwpmTransactionAbort0(engine);
    } else {
        code = api->FwpmTransactionCommit0(engine);
        ok = code == ERROR_SUCCESS || failed(err, code, "FwpmTransactionCommit0", NULL);
    }
    api->FwpmEngineClose0(engine);
    return ok;
}

bool wfp_apply(const struct wfp_api *api, const struct filters_policy *policy,
               const struct sid *offline, struct err *err)
{
    if (!replace(api, policy, offline, err))
        return false;
    if (wfp_check(api, policy, offline, err) == PLAN_PRESENT)
        return true;
    return err->domain != ERR_NONE
               ? false
               : err_rule(err,
                          "FwpmTransactionCommit0 succeeded, but FwpmFilterGetByKey0 "
                          "finds no filter",
                          NULL);
}

bool wfp_remove(const struct wfp_api *api, struct err *err)
{
    return replace(api, NULL, NULL, err);
}
