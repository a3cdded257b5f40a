/* SPDX-License-Identifier: MIT
 *
 * The filters of filters.h in the Windows Filtering Platform: own provider and sublayer,
 * fixed keys, persistent, changed in one transaction, every field read back.
 * Needs an administrator's full token.  MS: FwpmFilterAdd0; FWPM_FILTER0.
 */
#pragma once

#include <fwpmu.h>

#include "filters.h"
#include "lookup.h"
#include "plan.h"

/* What fwpuclnt.dll gives; a table, so that tests can put another in its place. */
struct wfp_api {
    LOOKUP_MEMBER(FwpmEngineOpen0);
    LOOKUP_MEMBER(FwpmEngineClose0);
    LOOKUP_MEMBER(FwpmTransactionBegin0);
    LOOKUP_MEMBER(FwpmTransactionCommit0);
    LOOKUP_MEMBER(FwpmTransactionAbort0);
    LOOKUP_MEMBER(FwpmProviderAdd0);
    LOOKUP_MEMBER(FwpmProviderGetByKey0);
    LOOKUP_MEMBER(FwpmProviderDeleteByKey0);
    LOOKUP_MEMBER(FwpmSubLayerAdd0);
    LOOKUP_MEMBER(FwpmSubLayerGetByKey0);
    LOOKUP_MEMBER(FwpmSubLayerDeleteByKey0);
    LOOKUP_MEMBER(FwpmFilterAdd0);
    LOOKUP_MEMBER(FwpmFilterGetByKey0);
    LOOKUP_MEMBER(FwpmFilterDeleteByKey0);
    LOOKUP_MEMBER(FwpmFreeMemory0);
};

/* The system's own.  False before Windows Vista, which has no such platform. */
MUST_CHECK bool wfp_load(struct wfp_api *api, struct err *err);

/* A precondition: the platform is there and its engine answers. */
enum plan_state wfp_check_platform(struct err *err);

/* Compares what is there, field by field, with what the policy wants; *err names the
 * first filter that differs. */
enum plan_state wfp_check(const struct wfp_api *api, const struct filters_policy *policy,
                          const struct sid *offline, struct err *err);

/* Puts exactly the policy's filters in the place of all of ours, and reads them back. */
MUST_CHECK bool wfp_apply(const struct wfp_api *api, const struct filters_policy *policy,
                          const struct sid *offline, struct err *err);

/* Removes everything of ours, for whatever policy it was made. */
MUST_CHECK bool wfp_remove(const struct wfp_api *api, struct err *err);
