#include "filters.h"

#define WEIGHT_BLOCK  0u
#define WEIGHT_PERMIT 15u

#define RANGES_MAX    16u
#define ADDRESS_BYTES 16u
#define V4_BYTES      4u

/* 127.0.0.0/8 and ::1 left out. */
#define BEYOND_LOOPBACK                                                                  \
    u"0.0.0.0-126.255.255.255,128.0.0.0-255.255.255.255,::,"                             \
    u"::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static bool is_v6(enum filters_layer layer)
{
    return layer % 2 != 0;
}

/* What is let through at a layer when loopback is.  A connect binds first, to no address
 * that could be looked at yet, so binding is free for the two protocols that connect,
 * accept and listen decide about; everything else (raw sockets, ICMP) cannot even bind.
 * Listening on every address is let through too: who may then connect, accept decides. */
static void permit(struct filters_filter *f, const struct filters_policy *policy)
{
    bool ports = policy->loopback == FILTERS_LOOPBACK_PORTS;

    f->permits = true;
    f->weight = WEIGHT_PERMIT;
    switch (f->layer) {
    case FILTERS_CONNECT_V4:
    case FILTERS_CONNECT_V6:
        f->on_loopback = true;
        f->by = ports ? FILTERS_REMOTE_PORTS : FILTERS_ANY_PORT;
        break;
    case FILTERS_ACCEPT_V4:
    case FILTERS_ACCEPT_V6:
        f->on_loopback = true;
        f->by = ports ? FILTERS_LOCAL_PORTS : FILTERS_ANY_PORT;
        break;
    case FILTERS_LISTEN_V4:
    case FILTERS_LISTEN_V6:
        f->by = ports ? FILTERS_LOCAL_PORTS : FILTERS_ANY_PORT;
        break;
    case FILTERS_RESOURCE_V4:
    case FILTERS_RESOURCE_V6:
        f->is_tcp_or_udp = true;
        break;
    case FILTERS_LAYER_COUNT:
        break;
    }
}

size_t filters_make(const struct filters_policy *policy,
                    struct filters_filter out[FILTERS_MAX])
{
    size_t count = 0;

    for (unsigned slot = 0; slot < FILTERS_MAX; slot++) {
        struct filters_filter f = {
            .slot = slot,
            .who = (enum filters_who)(slot / (2u * FILTERS_LAYER_COUNT)),
            .layer = (enum filters_layer)(slot / 2 % FILTERS_LAYER_COUNT),
            .weight = WEIGHT_BLOCK,
        };

        if (slot % 2 && policy->loopback == FILTERS_LOOPBACK_NONE)
            continue;
        if (slot % 2)
            permit(&f, policy);
        out[count++] = f;
    }
    return count;
}

void filters_name(const struct filters_filter *filter, struct u16buf *out)
{
    static const char *const acts[] = { "connect", "accept", "listen", "bind" };

    u16buf_add_ascii(out, is_v6(filter->layer) ? "v6 " : "v4 ");
    u16buf_add_ascii(out, acts[filter->layer / 2]);
    u16buf_add_ascii(out, filter->permits ? ": permit loopback of " : ": block ");
    u16buf_add_ascii(out, filter->who == FILTERS_OFFLINE ? "RingfenceOffline"
                                                         : "ANONYMOUS LOGON");
}

/* Puts a port in its place; false when there is no room. */
static bool add_port(struct filters_policy *policy, uint16_t port)
{
    size_t at = 0;

    while (at < policy->port_count && policy->ports[at] < port)
        at++;
    if (at < policy->port_count && policy->ports[at] == port)
        return true;
    if (policy->port_count == FILTERS_PORTS_MAX)
        return false;
    for (size_t i = policy->port_count++; i > at; i--)
        policy->ports[i] = policy->ports[i - 1];
    policy->ports[at] = port;
    return true;
}

bool filters_parse(struct filters_policy *policy, struct u16s text)
{
    struct filters_policy p = { .loopback = FILTERS_LOOPBACK_PORTS };

    if (u16s_eq(text, U16S("none")) || u16s_eq(text, U16S("all"))) {
        *policy =
            (struct filters_policy){ .loopback = text.len == 3 ? FILTERS_LOOPBACK_ALL
                                                               : FILTERS_LOOPBACK_NONE };
        return true;
    }
    while (text.at) {
        uint64_t port = 0;

        if (!u16s_number(u16s_trim(u16s_split(&text, u',')), UINT16_MAX, &port) ||
            port == 0 || !add_port(&p, (uint16_t)port))
            return false;
    }
    if (p.port_count)
        *policy = p;
    return p.port_count != 0;
}

void filters_format(const struct filters_policy *policy, struct u16buf *out)
{
    if (policy->loopback != FILTERS_LOOPBACK_PORTS) {
        u16buf_add_ascii(out, policy->loopback == FILTERS_LOOPBACK_ALL ? "all" : "none");
        return;
    }
    for (size_t i = 0; i < policy->port_count; i++) {
        if (i)
            u16buf_addc(out, u',');
        u16buf_add_dec(out, policy->ports[i]);
    }
}

void filters_rules(const struct filters_policy *policy,
                   struct filters_rule out[FILTERS_RULES])
{
    const char16_t *remote =
        policy->loopback == FILTERS_LOOPBACK_NONE ? u"*" : BEYOND_LOOPBACK;

    out[0] = (struct filters_rule){ u"Ringfence offline: block out", true, remote };
    out[1] = (struct filters_rule){ u"Ringfence offline: block in", false, remote };
}

/* Addresses of one family, first to last, most significant byte first; an IPv4 address is
 * in the first four bytes. */
struct range {
    bool v6;
    uint8_t first[ADDRESS_BYTES];
    uint8_t last[ADDRESS_BYTES];
};

struct ranges {
    struct range at[RANGES_MAX];
    size_t count;
};

static size_t bytes_of(bool v6)
{
    return v6 ? ADDRESS_BYTES : V4_BYTES;
}

static bool read_v4(struct u16s text, uint8_t out[V4_BYTES])
{
    for (size_t i = 0; i < V4_BYTES; i++) {
        uint64_t value = 0;

        if (!text.at || !u16s_number(u16s_split(&text, u'.'), 255, &value))
            return false;
        out[i] = (uint8_t)value;
    }
    return !text.at;
}

/* Up to eight groups of a piece without "::"; returns how many, 9 for a fault. */
static size_t read_groups(struct u16s text, uint8_t *out)
{
    size_t count = 0;

    if (text.len == 0)
        return 0;
    while (text.at) {
        struct u16s group = u16s_split(&text, u':');
        uint64_t value = 0;

        if (count == 8 || group.len > 4 || !u16s_hex(group, &value))
            return 9;
        out[2 * count] = (uint8_t)(value >> 8);
        out[2 * count + 1] = (uint8_t)value;
        count++;
    }
    return count;
}

/* RFC 4291, 2.2, forms 1 and 2; the firewall does not use the mixed form. */
static bool read_v6(struct u16s text, uint8_t out[ADDRESS_BYTES])
{
    uint8_t head[ADDRESS_BYTES], tail[ADDRESS_BYTES];
    size_t gap = 0, heads = 0, tails = 0;

    while (gap + 1 < text.len && !(text.at[gap] == u':' && text.at[gap + 1] == u':'))
        gap++;
    if (gap + 1 >= text.len)
        return read_groups(text, out) == 8;
    heads = read_groups(u16s_head(text, gap), head);
    tails = read_groups(u16s_from(text, gap + 2), tail);
    if (heads + tails > 7)
        return false;
    for (size_t i = 0; i < ADDRESS_BYTES; i++)
        out[i] = 0;
    for (size_t i = 0; i < 2 * heads; i++)
        out[i] = head[i];
    for (size_t i = 0; i < 2 * tails; i++)
        out[ADDRESS_BYTES - 2 * tails + i] = tail[i];
    return true;
}

static bool read_address(struct u16s text, bool *v6, uint8_t *out)
{
    *v6 = u16s_find(text, u':', 0) < text.len;
    return *v6 ? read_v6(text, out) : read_v4(text, out);
}

/* Narrows nothing, widens first and last to the whole of the prefix or mask. */
static bool apply_mask(struct range *r, struct u16s text)
{
    size_t bytes = bytes_of(r->v6);
    uint8_t mask[ADDRESS_BYTES] = { 0 };
    uint64_t bits = 0;

    if (u16s_number(text, 8 * bytes, &bits)) {
        for (size_t i = 0; i < bits; i++)
            mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
    } else if (r->v6 || !read_v4(text, mask)) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        r->first[i] &= mask[i];
        r->last[i] = (uint8_t)(r->first[i] | ~mask[i]);
    }
    /* A mask with holes is no range. */
    for (size_t i = 1; i < 8 * bytes; i++)
        if (mask[i / 8] >> (7 - i % 8) & 1 &&
            !(mask[(i - 1) / 8] >> (7 - (i - 1) % 8) & 1))
            return false;
    return true;
}

static int compare(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static bool read_range(struct u16s text, struct range *r)
{
    size_t dash = u16s_find(text, u'-', 0), slash = u16s_find(text, u'/', 0);
    bool v6 = false;

    *r = (struct range){ 0 };
    if (slash < text.len)
        return read_address(u16s_head(text, slash), &r->v6, r->first) &&
               apply_mask(r, u16s_from(text, slash + 1));
    if (!read_address(u16s_head(text, dash), &r->v6, r->first))
        return false;
    if (dash == text.len) {
        for (size_t i = 0; i < ADDRESS_BYTES; i++)
            r->last[i] = r->first[i];
        return true;
    }
    return read_address(u16s_from(text, dash + 1), &v6, r->last) && v6 == r->v6 &&
           compare(r->first, r->last, bytes_of(v6)) <= 0;
}

/* Puts a range in its place by family and first address. */
static void insert(struct ranges *list, const struct range *r)
{
    size_t at = list->count++;

    while (at > 0 && (list->at[at - 1].v6 > r->v6 ||
                      (list->at[at - 1].v6 == r->v6 &&
                       compare(list->at[at - 1].first, r->first, ADDRESS_BYTES) > 0))) {
        list->at[at] = list->at[at - 1];
        at--;
    }
    list->at[at] = *r;
}

/* Whether next begins inside last or right behind it. */
static bool touches(const struct range *last, const struct range *next)
{
    uint8_t after[ADDRESS_BYTES];
    size_t i = bytes_of(last->v6);

    if (last->v6 != next->v6)
        return false;
    for (size_t k = 0; k < ADDRESS_BYTES; k++)
        after[k] = last->last[k];
    while (i > 0 && ++after[i - 1] == 0)
        i--;
    return i == 0 || compare(next->first, after, bytes_of(last->v6)) <= 0;
}

static void merge(struct ranges *list)
{
    size_t kept = 0;

    for (size_t i = 1; i < list->count; i++) {
        struct range *last = &list->at[kept];

        if (!touches(last, &list->at[i]))
            list->at[++kept] = list->at[i];
        else if (compare(list->at[i].last, last->last, ADDRESS_BYTES) > 0)
            for (size_t k = 0; k < ADDRESS_BYTES; k++)
                last->last[k] = list->at[i].last[k];
    }
    if (list->count)
        list->count = kept + 1;
}

static bool read_ranges(struct u16s text, struct ranges *list)
{
    static const struct u16s all[] = { { u"0.0.0.0/0", 9 }, { u"::/0", 4 } };
    bool everything = u16s_eq(u16s_trim(text), U16S("*"));
    struct range r;

    list->count = 0;
    for (size_t i = 0; everything && i < 2; i++)
        if (read_range(all[i], &r))
            insert(list, &r);
    while (!everything && text.at) {
        if (list->count == RANGES_MAX ||
            !read_range(u16s_trim(u16s_split(&text, u',')), &r))
            return false;
        insert(list, &r);
    }
    merge(list);
    return list->count != 0;
}

bool filters_same_addresses(struct u16s a, struct u16s b)
{
    struct ranges one, two;

    if (!read_ranges(a, &one) || !read_ranges(b, &two) || one.count != two.count)
        return false;
    for (size_t i = 0; i < one.count; i++)
        if (one.at[i].v6 != two.at[i].v6 ||
            compare(one.at[i].first, two.at[i].first, ADDRESS_BYTES) != 0 ||
            compare(one.at[i].last, two.at[i].last, ADDRESS_BYTES) != 0)
            return false;
    return true;
}
