/* SPDX-License-Identifier: MIT
 *
 * What the network block of the offline account is made of, as data: the filters of the
 * filtering platform, and the firewall rules.  Both layers block by themselves.
 * Pure: wfp.c and firewall.c turn it into calls.
 *
 * Filters: for the offline account and for ANONYMOUS LOGON (a thread may impersonate that
 * before it makes a socket) everything is blocked at connect, accept, listen and resource
 * assignment, IPv4 and IPv6, whatever the protocol.  Where the policy lets loopback
 * through, permits of a higher weight stand in front: in one sublayer the heaviest filter
 * that matches decides, and a block cannot be overridden by another sublayer.
 * MS: Filter Arbitration; Filtering Conditions Available at Each Filtering Layer.
 */
#pragma once

#include "core/u16.h"

#define FILTERS_PORTS_MAX 32u
#define FILTERS_MAX       32u /* every slot there is, in use or not */
#define FILTERS_RULES     2u

enum filters_loopback {
    FILTERS_LOOPBACK_NONE,
    FILTERS_LOOPBACK_ALL,
    FILTERS_LOOPBACK_PORTS
};

struct filters_policy {
    enum filters_loopback loopback;
    uint16_t ports[FILTERS_PORTS_MAX]; /* ascending, each once, none 0 */
    size_t port_count;                 /* FILTERS_LOOPBACK_PORTS only */
};

enum filters_layer { /* FWPM_LAYER_ALE_… */
                     FILTERS_CONNECT_V4,
                     FILTERS_CONNECT_V6,
                     FILTERS_ACCEPT_V4,
                     FILTERS_ACCEPT_V6,
                     FILTERS_LISTEN_V4,
                     FILTERS_LISTEN_V6,
                     FILTERS_RESOURCE_V4,
                     FILTERS_RESOURCE_V6,
                     FILTERS_LAYER_COUNT
};

enum filters_who { FILTERS_OFFLINE, FILTERS_ANONYMOUS, FILTERS_WHO_COUNT };

enum filters_ports { FILTERS_ANY_PORT, FILTERS_LOCAL_PORTS, FILTERS_REMOTE_PORTS };

/* All conditions must hold; of the listed protocols and ports any one. */
struct filters_filter {
    unsigned slot; /* below FILTERS_MAX, the same for the same place in every policy */
    enum filters_layer layer;
    enum filters_who who;
    enum filters_ports by; /* which port must be one of the policy's */
    bool permits;          /* else blocks */
    bool on_loopback;      /* only what stays on this machine */
    bool is_tcp_or_udp;    /* only these two */
    uint8_t weight;        /* 0 to 15 */
};

/* Writes the filters of a policy, by slot; returns how many. */
size_t filters_make(const struct filters_policy *policy,
                    struct filters_filter out[FILTERS_MAX]);

/* "v4 connect: block offline" and so on: unique, for display and for messages. */
void filters_name(const struct filters_filter *filter, struct u16buf *out);

/* Reads "none", "all" or ports as "3000,8080".  False, with *policy untouched, on
 * anything else: a port twice or out of order is put right, 0 and more than
 * FILTERS_PORTS_MAX are not. */
MUST_CHECK bool filters_parse(struct filters_policy *policy, struct u16s text);
void filters_format(const struct filters_policy *policy, struct u16buf *out);

/* A firewall rule: blocks, enabled, all profiles, all interfaces, every protocol and
 * program, only for the offline account.  Where loopback is let through at all, its
 * addresses are left to the filters, which know ports. */
struct filters_rule {
    const char16_t *name; /* ours by this name and its group */
    bool outbound;
    const char16_t *remote; /* addresses in the firewall's own form */
};
#define FILTERS_RULE_GROUP u"Ringfence"
#define FILTERS_RULE_TEXT  u"Keeps the sandbox account RingfenceOffline off the network."

void filters_rules(const struct filters_policy *policy,
                   struct filters_rule out[FILTERS_RULES]);

/* Whether two address lists of the firewall mean the same addresses: "*", an address, a
 * range a-b, a prefix a/24, a mask a/255.0.0.0, in any order and spelling.  (What the
 * firewall gives back is not spelled as what was put in.)  False when either holds
 * anything else, as "LocalSubnet". */
bool filters_same_addresses(struct u16s a, struct u16s b);
