#include "fake_wfp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NO_FILTER 0x80320003u
#define NO_OWNER  0x80320005u
#define NO_LAYER  0x80320007u

struct engine {
    struct wfp_kept filter[64];
    bool has_provider, has_sublayer;
    FWPM_PROVIDER0 provider;
    FWPM_SUBLAYER0 sublayer;
    GUID sublayer_provider;
};

static struct engine now, before;
static bool in_transaction, is_open;
enum wfp_lie wfp_lie;
unsigned wfp_calls, wfp_fail_at = WFP_NEVER, wfp_given, wfp_freed;

static DWORD step(void)
{
    return wfp_calls++ == wfp_fail_at ? ERROR_ACCESS_DENIED : ERROR_SUCCESS;
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
    if (code || wfp_lie == WFP_KEEPS_NOTHING)
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
    if (wfp_lie == WFP_PROVIDER_DISABLED)
        copy.flags |= 0x10;
    *out = &copy;
    wfp_given++;
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
    owner.Data1 ^= wfp_lie == WFP_SUBLAYER_OF_OTHER;
    copy.providerKey = &owner;
    *out = &copy;
    wfp_given++;
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

static struct wfp_kept *find(const GUID *key)
{
    for (unsigned i = 0; i < 64; i++)
        if (now.filter[i].there &&
            memcmp(&now.filter[i].filter.filterKey, key, sizeof *key) == 0)
            return &now.filter[i];
    return NULL;
}

/* Makes what a kept filter points to its own. */
static void own(struct wfp_kept *k, const FWPM_FILTER0 *from)
{
    k->filter = *from;
    k->provider = *from->providerKey;
    k->filter.providerKey = &k->provider;
    assert_in_range(from->numFilterConditions, 1, WFP_CONDITIONS);
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
static void twist(struct wfp_kept *k)
{
    FWPM_FILTER0 *f = &k->filter;

    switch (wfp_lie) {
    case WFP_OTHER_ACTION:
        f->action.type ^= 3; /* block and permit */
        break;
    case WFP_OTHER_LAYER:
        f->layerKey.Data1 ^= 1;
        break;
    case WFP_OTHER_SUBLAYER:
        f->subLayerKey.Data1 ^= 1;
        break;
    case WFP_OTHER_PROVIDER:
        k->provider.Data1 ^= 1;
        break;
    case WFP_NO_PROVIDER_KEY:
        f->providerKey = NULL;
        break;
    case WFP_OTHER_WEIGHT:
        f->weight.uint8 ^= 1;
        break;
    case WFP_IS_DISABLED:
        f->flags |= 0x20;
        break;
    case WFP_NOT_PERSISTENT:
        f->flags = 0;
        break;
    case WFP_ONE_CONDITION_LESS:
        f->numFilterConditions--;
        break;
    case WFP_OTHER_USER:
        k->sd_bytes[k->sd.size - 24 - 4] ^= 1; /* the list, then two SIDs of 12 bytes */
        break;
    case WFP_OTHER_RIGHT:
        for (UINT32 i = 20; i + 4 <= k->sd.size; i++)
            if (!memcmp(k->sd_bytes + i, "\x01\x00\x00\x00\x01", 5)) /* mask, then SID */
                k->sd_bytes[i] = 2;
        break;
    case WFP_HONEST:
    case WFP_KEEPS_NOTHING:
    case WFP_LOSES_ONE:
    case WFP_TELLS_NOTHING:
    case WFP_PROVIDER_DISABLED:
    case WFP_SUBLAYER_OF_OTHER:
    case WFP_LIES:
        break;
    }
}

static DWORD WINAPI filter_get(HANDLE engine, const GUID *key, FWPM_FILTER0 **out)
{
    static struct wfp_kept copy;
    struct wfp_kept *k = find(key);
    DWORD code = step();

    (void)engine;
    if (code)
        return code;
    if (!k || (wfp_lie == WFP_LOSES_ONE && key->Data4[7] == 14))
        return NO_FILTER;
    if (wfp_lie == WFP_TELLS_NOTHING)
        return 0;
    own(&copy, &k->filter);
    copy.filter.flags |= 0x40; /* FWPM_FILTER_FLAG_INDEXED: the engine's own */
    copy.filter.filterId = 77;
    if (key->Data4[7] == 14)
        twist(&copy);
    *out = &copy.filter;
    wfp_given++;
    return 0;
}

static DWORD WINAPI filter_delete(HANDLE engine, const GUID *key)
{
    struct wfp_kept *k = find(key);
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
    wfp_freed++;
}

const struct wfp_api wfp_engine = {
    engine_open,     engine_close, begin,           commit,        rollback,
    provider_add,    provider_get, provider_delete, sublayer_add,  sublayer_get,
    sublayer_delete, filter_add,   filter_get,      filter_delete, free_memory,
};

void wfp_engine_reset(void)
{
    memset(&now, 0, sizeof now);
    in_transaction = is_open = false;
    wfp_calls = wfp_given = wfp_freed = 0;
    wfp_fail_at = WFP_NEVER;
    wfp_lie = WFP_HONEST;
}

size_t wfp_engine_count(void)
{
    size_t n = 0;

    for (unsigned i = 0; i < 64; i++)
        n += now.filter[i].there;
    return n;
}

bool wfp_engine_is_empty(void)
{
    return wfp_engine_count() == 0 && !now.has_provider && !now.has_sublayer;
}

bool wfp_engine_is_idle(void)
{
    return !is_open && !in_transaction && wfp_given == wfp_freed;
}

struct wfp_kept *wfp_engine_filter(unsigned i)
{
    assert_true(i < 64 && now.filter[i].there);
    return &now.filter[i];
}

const FWPM_PROVIDER0 *wfp_engine_provider(void)
{
    return now.has_provider ? &now.provider : NULL;
}
