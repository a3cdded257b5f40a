/* SPDX-License-Identifier: MIT
 *
 * A filter engine in memory, as fwpuclnt.dll's functions show it: with transactions, and
 * able to refuse any call and to lie about any field of what it keeps.
 */
#pragma once

#include "wfp.h"

#define WFP_CONDITIONS 40u
#define WFP_NEVER      100000u

enum wfp_lie {
    WFP_HONEST,
    WFP_KEEPS_NOTHING, /* every call succeeds */
    WFP_LOSES_ONE,
    WFP_OTHER_ACTION,
    WFP_OTHER_LAYER,
    WFP_OTHER_SUBLAYER,
    WFP_OTHER_PROVIDER,
    WFP_NO_PROVIDER_KEY,
    WFP_OTHER_WEIGHT,
    WFP_IS_DISABLED,
    WFP_NOT_PERSISTENT,
    WFP_ONE_CONDITION_LESS,
    WFP_OTHER_USER,
    WFP_OTHER_RIGHT,
    WFP_TELLS_NOTHING,
    WFP_PROVIDER_DISABLED,
    WFP_SUBLAYER_OF_OTHER,
    WFP_LIES
};

struct wfp_kept {
    bool there;
    FWPM_FILTER0 filter;
    GUID provider;
    FWPM_FILTER_CONDITION0 condition[WFP_CONDITIONS];
    FWP_BYTE_BLOB sd;
    uint8_t sd_bytes[256];
};

extern const struct wfp_api wfp_engine;
extern enum wfp_lie wfp_lie; /* about the filter in slot 14, provider or sublayer */
extern unsigned wfp_calls;   /* so far */
extern unsigned wfp_fail_at; /* the number of the call that is refused */
extern unsigned wfp_given, wfp_freed; /* objects handed out and given back */

void wfp_engine_reset(void);
size_t wfp_engine_count(void);
bool wfp_engine_is_empty(void);
bool wfp_engine_is_idle(void); /* no session, no transaction, nothing unfreed */
struct wfp_kept *wfp_engine_filter(unsigned i); /* the i-th that was added */
const FWPM_PROVIDER0 *wfp_engine_provider(void);
