#include "wfp.h"

#include "core/secdesc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A filter engine in memory, with transactions, that can refuse any call and lie about
 * any field of what it keeps. */
#define CONDITIONS 40u
#define NEVER      100000u
#define NO_FILTER  0x80320003u
#define NO_OWNER   0x80320005u
#define NO_LAYER   0x80320007u

enum lie {
    HONEST,
    KEEPS_NOTHING, /* every call succeeds */
    LOSES_ONE,
    OTHER_ACTION,
    OTHER_LAYER,
    OTHER_SUBLAYER,
    OTHER_PROVIDER,
    NO_PROVIDER_KEY,
    OTHER_WEIGHT,
    IS_DISABLED,
    NOT_PERSISTENT,
    ONE_CONDITION_LESS,
    OTHER_USER,
    OTHER_RIGHT,
    TELLS_NOTHING,
    PROVIDER_DISABLED,
    SUBLAYER_OF_OTHER,
    LIES
};

struct kept {
    bool there;
    FWPM_FILTER0 filter;
    GUID provider;
    FWPM_FILTER_CONDITION0 condition[CONDITIONS];
    FWP_BYTE_BLOB sd;
    uint8_t sd_bytes[256];
};

struct engine {
    struct kept filter[64];
    bool has_provider, has_sublayer;
    FWPM_PROVIDER0 provider;
    FWPM_SUBLAYER0 sublayer;
    GUID sublayer_provider;
};

static struct engine now, before;
static bool in_transaction, is_open;
static unsigned calls, fail_at = NEVER, given, freed;
static enum lie lie;
static struct err err;

static DWORD step(void)
{
    return calls++ == fail_at ? ERROR_ACCESS_DENIED : ERROR_SUCCESS;
}

static DWORD WINAPI engine_open(const wchar_t *server, UINT32 service,
                                SEC_WINNT_AUTH_IDENTITY_W *identity,
                                const FWPM_SESSION0 *session, HANDLE *engine)
{
    DWORD code = step();

    assert_null(server);
    assert_int_equal(service, RPC_C_AUTHN_WINNT);
    assert_null(identity);
    assert_int_equal(session->flags, 0); /* a dynamic session's filters go with it */
    if (code)
        return code;
    assert_false(is_open);
    is_open = true;
    *engine = &now;
    return 0;
}

static DWORD WINAPI engine_close(HANDLE engine)
{
    assert_ptr_equal(engine, &now);
    assert_true(is_open);
    assert_false(in_transaction);
    is_open = false;
    return 0;
}

static DWORD WINAPI begin(HANDLE engine, UINT32 flags)
{
    DWORD code = step();

    (void)engine;
    assert_int_equal(flags, 0);
    assert_false(in_transaction);
    if (code)
        return code;
    before = now;
    in_transaction = true;
    return 0;
}

static DWORD WINAPI commit(HANDLE engine)
{
    DWORD code = step();

    (void)engine;
    assert_true(in_transaction);
    in_transaction = false;
    if (code || lie == KEEPS_NOTHING)
        now = before;
    return code;
}

static DWORD WINAPI rollback(HANDLE engine)
{
    (void)engine;
    assert_true(in_transaction);
    in_transaction = false;
    now = before;
    return 0;
}

static DWORD WINAPI provider_add(HANDLE engine, const FWPM_PROVIDER0 *provider,
                                 PSECURITY_DESCRIPTOR sd)
{
    DWORD code = step();

    (void)engine;
    assert_true(in_transaction);
    assert_null(sd);
    assert_false(now.has_provider);
    if (code)
        return code;
    now.provider = *provider;
    now.has_provider = true;
    return 0;
}

static DWORD WINAPI provider_get(HANDLE engine, const GUID *key, FWPM_PROVIDER0 **out)
{
    static FWPM_PROVIDER0 copy;
    DWORD code = step();

    (void)engine;
    if (code)
        return code;
    if (!now.has_provider || memcmp(key, &now.provider.providerKey, sizeof *key) != 0)
        return NO_OWNER;
    copy = now.provider;
    if (lie == PROVIDER_DISABLED)
        copy.flags |= 0x10;
    *out = &copy;
    given++;
    return 0;
}

static DWORD WINAPI provider_delete(HANDLE engine, const GUID *key)
{
    DWORD code = step();

    (void)engine;
    (void)key;
    assert_true(in_transaction);
    if (code || !now.has_provider)
        return code ? code : NO_OWNER;
    now.has_provider = false;
    return 0;
}

static DWORD WINAPI sublayer_add(HANDLE engine, const FWPM_SUBLAYER0 *sublayer,
                                 PSECURITY_DESCRIPTOR sd)
{
    DWORD code = step();

    (void)engine;
    assert_true(in_transaction && now.has_provider);
    assert_null(sd);
    assert_false(now.has_sublayer);
    if (code)
        return code;
    now.sublayer = *sublayer;
    now.sublayer_provider = *sublayer->providerKey;
    now.has_sublayer = true;
    return 0;
}

static DWORD WINAPI sublayer_get(HANDLE engine, const GUID *key, FWPM_SUBLAYER0 **out)
{
    static FWPM_SUBLAYER0 copy;
    static GUID owner;
    DWORD code = step();

    (void)engine;
    if (code)
        return code;
    if (!now.has_sublayer || memcmp(key, &now.sublayer.subLayerKey, sizeof *key) != 0)
        return NO_LAYER;
    copy = now.sublayer;
    copy.weight -= 1; /* as the real one may */
    owner = now.sublayer_provider;
    owner.Data1 ^= lie == SUBLAYER_OF_OTHER;
    copy.providerKey = &owner;
    *out = &copy;
    given++;
    return 0;
}

static DWORD WINAPI sublayer_delete(HANDLE engine, const GUID *key)
{
    DWORD code = step();

    (void)engine;
    (void)key;
    assert_true(in_transaction);
    if (code || !now.has_sublayer)
        return code ? code : NO_LAYER;
    for (unsigned i = 0; i < 64; i++)
        assert_false(now.filter[i].there);
    now.has_sublayer = false;
    return 0;
}

static struct kept *find(const GUID *key)
{
    for (unsigned i = 0; i < 64; i++)
        if (now.filter[i].there &&
            memcmp(&now.filter[i].filter.filterKey, key, sizeof *key) == 0)
            return &now.filter[i];
    return NULL;
}

/* Makes what a kept filter points to its own. */
static void own(struct kept *k, const FWPM_FILTER0 *from)
{
    k->filter = *from;
    k->provider = *from->providerKey;
    k->filter.providerKey = &k->provider;
    assert_in_range(from->numFilterConditions, 1, CONDITIONS);
    k->filter.filterCondition = k->condition;
    for (UINT32 i = 0; i < from->numFilterConditions; i++) {
        k->condition[i] = from->filterCondition[i];
        if (k->condition[i].conditionValue.type != FWP_SECURITY_DESCRIPTOR_TYPE)
            continue;
        k->sd.size = from->filterCondition[i].conditionValue.sd->size;
        assert_in_range(k->sd.size, 20, sizeof k->sd_bytes);
        memcpy(k->sd_bytes, from->filterCondition[i].conditionValue.sd->data, k->sd.size);
        k->sd.data = k->sd_bytes;
        k->condition[i].conditionValue.sd = &k->sd;
    }
}

static DWORD WINAPI filter_add(HANDLE engine, const FWPM_FILTER0 *filter,
                               PSECURITY_DESCRIPTOR sd, UINT64 *id)
{
    DWORD code = step();

    (void)engine;
    assert_true(in_transaction && now.has_sublayer);
    assert_null(sd);
    assert_null(id);
    assert_null(find(&filter->filterKey));
    assert_non_null(filter->displayData.name);
    assert_memory_equal(&filter->subLayerKey, &now.sublayer.subLayerKey, sizeof(GUID));
    if (code)
        return code;
    for (unsigned i = 0; i < 64; i++)
        if (!now.filter[i].there) {
            own(&now.filter[i], filter);
            now.filter[i].there = true;
            return 0;
        }
    fail();
    return 1;
}

/* One lie about the copy that is given out. */
static void twist(struct kept *k)
{
    FWPM_FILTER0 *f = &k->filter;

    switch (lie) {
    case OTHER_ACTION:
        f->action.type ^= 3; /* block and permit */
        break;
    case OTHER_LAYER:
        f->layerKey.Data1 ^= 1;
        break;
    case OTHER_SUBLAYER:
        f->subLayerKey.Data1 ^= 1;
        break;
    case OTHER_PROVIDER:
        k->provider.Data1 ^= 1;
        break;
    case NO_PROVIDER_KEY:
        f->providerKey = NULL;
        break;
    case OTHER_WEIGHT:
        f->weight.uint8 ^= 1;
        break;
    case IS_DISABLED:
        f->flags |= 0x20;
        break;
    case NOT_PERSISTENT:
        f->flags = 0;
        break;
    case ONE_CONDITION_LESS:
        f->numFilterConditions--;
        break;
    case OTHER_USER:
        k->sd_bytes[k->sd.size - 24 - 4] ^= 1; /* the list, then two SIDs of 12 bytes */
        break;
    case OTHER_RIGHT:
        for (UINT32 i = 20; i + 4 <= k->sd.size; i++)
            if (!memcmp(k->sd_bytes + i, "\x01\x00\x00\x00\x01", 5)) /* mask, then SID */
                k->sd_bytes[i] = 2;
        break;
    case HONEST:
    case KEEPS_NOTHING:
    case LOSES_ONE:
    case TELLS_NOTHING:
    case PROVIDER_DISABLED:
    case SUBLAYER_OF_OTHER:
    case LIES:
        break;
    }
}

static DWORD WINAPI filter_get(HANDLE engine, const GUID *key, FWPM_FILTER0 **out)
{
    static struct kept copy;
    struct kept *k = find(key);
    DWORD code = step();

    (void)engine;
    if (code)
        return code;
    if (!k || (lie == LOSES_ONE && key->Data4[7] == 14))
        return NO_FILTER;
    if (lie == TELLS_NOTHING)
        return 0;
    own(&copy, &k->filter);
    copy.filter.flags |= 0x40; /* FWPM_FILTER_FLAG_INDEXED: the engine's own */
    copy.filter.filterId = 77;
    if (key->Data4[7] == 14)
        twist(&copy);
    *out = &copy.filter;
    given++;
    return 0;
}

static DWORD WINAPI filter_delete(HANDLE engine, const GUID *key)
{
    struct kept *k = find(key);
    DWORD code = step();

    (void)engine;
    assert_true(in_transaction);
    if (code || !k)
        return code ? code : NO_FILTER;
    k->there = false;
    return 0;
}

static void WINAPI free_memory(void **p)
{
    assert_non_null(*p);
    *p = NULL;
    freed++;
}

static const struct wfp_api api = {
    engine_open,     engine_close, begin,           commit,        rollback,
    provider_add,    provider_get, provider_delete, sublayer_add,  sublayer_get,
    sublayer_delete, filter_add,   filter_get,      filter_delete, free_memory,
};

static struct sid offline;

static struct filters_policy policy_of(const char16_t *text)
{
    struct filters_policy policy;

    assert_true(filters_parse(&policy, u16s_of(text)));
    return policy;
}

static void fresh(void)
{
    memset(&now, 0, sizeof now);
    memset(&err, 0, sizeof err);
    in_transaction = is_open = false;
    calls = given = freed = 0;
    fail_at = NEVER;
    lie = HONEST;
    assert_true(sid_parse(&offline, U16S("S-1-5-21-1-2-3-1001")));
}

static size_t count_filters(void)
{
    size_t n = 0;

    for (unsigned i = 0; i < 64; i++)
        n += now.filter[i].there;
    return n;
}

static bool is_empty(void)
{
    return count_filters() == 0 && !now.has_provider && !now.has_sublayer;
}

static void wfp_apply__every_policy__is_there_and_stays_the_same(void **state)
{
    static const char16_t *const policies[] = { u"none", u"all", u"80", u"1,2,3,65535" };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct filters_policy policy = policy_of(policies[i]);
        struct filters_filter wanted[FILTERS_MAX];

        fresh();
        assert_int_equal(wfp_check(&api, &policy, &offline, &err), PLAN_ABSENT);
        assert_true(wfp_apply(&api, &policy, &offline, &err));
        assert_int_equal(count_filters(), filters_make(&policy, wanted));
        assert_int_equal(wfp_check(&api, &policy, &offline, &err), PLAN_PRESENT);
        assert_int_equal(given, freed);
        assert_true(wfp_remove(&api, &err));
        assert_true(is_empty());
        assert_int_equal(wfp_check(&api, &policy, &offline, &err), PLAN_ABSENT);
        assert_false(is_open);
    }
}

/* What really arrives at the engine for one filter of each kind. */
static void wfp_apply__ports__conditions_are_as_documented(void **state)
{
    struct filters_policy policy = policy_of(u"80,443");
    const struct kept *k = NULL;
    struct secdesc sd;
    struct ace ace = { 0 };

    (void)state;
    fresh();
    assert_true(wfp_apply(&api, &policy, &offline, &err));
    k = &now.filter[0]; /* v4 connect: block */
    assert_int_equal(k->filter.action.type, FWP_ACTION_BLOCK);
    assert_int_equal(k->filter.flags, 1);
    assert_int_equal(k->filter.weight.uint8, 0);
    assert_int_equal(k->filter.numFilterConditions, 1);
    assert_true(secdesc_read(&sd, k->sd.data, k->sd.size));
    assert_int_equal(sd.dacl.count, 1);
    assert_true(acl_next(&sd.dacl, &ace));
    assert_true(ace.type == ACE_ALLOW && ace.mask == 1 && sid_eq(&ace.sid, &offline));
    k = &now.filter[1]; /* v4 connect: permit loopback */
    assert_int_equal(k->filter.action.type, FWP_ACTION_PERMIT);
    assert_int_equal(k->filter.weight.uint8, 15);
    assert_int_equal(k->filter.numFilterConditions, 4);
    assert_int_equal(k->condition[1].matchType, FWP_MATCH_FLAGS_ALL_SET);
    assert_int_equal(k->condition[1].conditionValue.uint32,
                     FWP_CONDITION_FLAG_IS_LOOPBACK);
    assert_int_equal(k->condition[2].conditionValue.type, FWP_UINT16);
    assert_int_equal(k->condition[2].conditionValue.uint16, 80);
    assert_int_equal(k->condition[3].conditionValue.uint16, 443);
    assert_memory_equal(&k->condition[2].fieldKey, &k->condition[3].fieldKey,
                        sizeof(GUID)); /* alternatives stand together */
    k = &now.filter[13];               /* v4 bind: permit TCP and UDP */
    assert_int_equal(k->condition[1].conditionValue.uint8, 6);
    assert_int_equal(k->condition[2].conditionValue.uint8, 17);
    assert_int_equal(now.provider.flags, 1);
    assert_null(now.provider.serviceName);
}

/* The system says yes to everything and keeps something else. */
static void wfp_apply__system_lies__is_caught_and_named(void **state)
{
    struct filters_policy policy = policy_of(u"all");

    (void)state;
    for (unsigned i = KEEPS_NOTHING; i < LIES; i++) {
        fresh();
        lie = (enum lie)i;
        assert_false(wfp_apply(&api, &policy, &offline, &err));
        assert_int_not_equal(err.domain, ERR_NONE);
        assert_non_null(err.call);
        lie = HONEST; /* the rest of what was done can be taken back */
        assert_true(wfp_remove(&api, &err));
        assert_true(is_empty());
    }
}

static void wfp_apply__any_call_fails__leaves_all_as_it_was(void **state)
{
    struct filters_policy none = policy_of(u"none"), all = policy_of(u"all");
    unsigned needed = 0;

    (void)state;
    fresh();
    assert_true(wfp_apply(&api, &all, &offline, &err));
    needed = calls;
    for (unsigned at = 0; at < needed; at++) {
        size_t filters = 0;

        fresh();
        assert_true(wfp_apply(&api, &none, &offline, &err));
        calls = 0;
        fail_at = at;
        assert_false(wfp_apply(&api, &all, &offline, &err));
        assert_int_equal(err.code, ERROR_ACCESS_DENIED);
        assert_false(in_transaction);
        assert_false(is_open);
        filters = count_filters();
        assert_true(filters == 16 || filters == 32); /* the old ones, or all new ones */
        assert_int_equal(given, freed);
    }
}

static void wfp_apply__other_policy__replaces_every_filter(void **state)
{
    struct filters_policy none = policy_of(u"none"), all = policy_of(u"all");
    struct filters_policy ports = policy_of(u"80");

    (void)state;
    fresh();
    assert_true(wfp_apply(&api, &all, &offline, &err));
    assert_int_equal(wfp_check(&api, &none, &offline, &err), PLAN_CHANGED);
    assert_int_equal(wfp_check(&api, &ports, &offline, &err), PLAN_CHANGED);
    assert_true(wfp_apply(&api, &none, &offline, &err));
    assert_int_equal(count_filters(), 16);
    assert_int_equal(wfp_check(&api, &all, &offline, &err), PLAN_CHANGED);
}

static void wfp_check__filters_of_another_account__are_changed(void **state)
{
    struct filters_policy all = policy_of(u"all");
    struct sid other;

    (void)state;
    fresh();
    assert_true(sid_parse(&other, U16S("S-1-5-21-1-2-3-1002")));
    assert_true(wfp_apply(&api, &all, &other, &err));
    assert_int_equal(wfp_check(&api, &all, &offline, &err), PLAN_CHANGED);
    assert_string_equal(err.call, "the filter has other conditions");
}

static void wfp_check_platform__this_system__says_what_it_has(void **state)
{
    enum plan_state got = PLAN_UNKNOWN;

    (void)state;
    fresh();
    got = wfp_check_platform(&err);
    if (got == PLAN_PRESENT)
        return;
    assert_int_equal(got, PLAN_ABSENT);
    assert_int_not_equal(err.domain, ERR_NONE);
    printf("SKIP a real filtering platform: this system's engine does not open (%lu)\n",
           (unsigned long)err.code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wfp_apply__every_policy__is_there_and_stays_the_same),
        cmocka_unit_test(wfp_apply__ports__conditions_are_as_documented),
        cmocka_unit_test(wfp_apply__system_lies__is_caught_and_named),
        cmocka_unit_test(wfp_apply__any_call_fails__leaves_all_as_it_was),
        cmocka_unit_test(wfp_apply__other_policy__replaces_every_filter),
        cmocka_unit_test(wfp_check__filters_of_another_account__are_changed),
        cmocka_unit_test(wfp_check_platform__this_system__says_what_it_has),
    };
    return cmocka_run_group_tests_name("wfp", tests, NULL, NULL);
}
