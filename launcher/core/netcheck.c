#include "core/netcheck.h"

/* winsock2.h */
#define REFUSED          10013u /* WSAEACCES */
#define NET_DOWN         10050u
#define NET_UNREACHABLE  10051u
#define HOST_UNREACHABLE 10065u
#define ADDRESS_NOT_HERE 10049u /* WSAEADDRNOTAVAIL */
#define NO_SUCH_FAMILY   10047u /* WSAEAFNOSUPPORT */

static bool shows_nothing(const struct netcheck_try *try)
{
    if (try->end == NETCHECK_UNTRIED)
        return true;
    if (try->end == NETCHECK_NO_SOCKET)
        return try->code == NO_SUCH_FAMILY; /* whoever asks for it */
    if (try->end != NETCHECK_ENDED)
        return false;
    switch (try->code) {
    case NET_DOWN:
    case NET_UNREACHABLE:
    case HOST_UNREACHABLE:
    case ADDRESS_NOT_HERE:
    case NO_SUCH_FAMILY:
        return true;
    default:
        return false;
    }
}

static bool is_refused(const struct netcheck_try *try)
{
    return try->end == NETCHECK_ENDED && try->code == REFUSED;
}

bool netcheck_got_out(const struct netcheck_try *try)
{
    return try->end == NETCHECK_PENDING ||
           (try->end == NETCHECK_ENDED && try->code != REFUSED && !shows_nothing(try));
}

bool netcheck_needs_burst(const struct netcheck *n, enum netcheck_kind *kind,
                          enum netcheck_way *way)
{
    bool found = false;

    for (unsigned k = 0; k < NETCHECK_KINDS; k++)
        for (unsigned w = 0; w < NETCHECK_WAYS; w++) {
            if (!netcheck_got_out(&n->try[k][w]))
                continue;
            if (w == NETCHECK_OWN)
                return false;
            if (!found) {
                *kind = (enum netcheck_kind)k;
                *way = (enum netcheck_way)w;
            }
            found = true;
        }
    return found;
}

bool netcheck_cap_holds(const struct netcheck *n)
{
    const struct netcheck_burst *with = &n->capped, *without = &n->uncapped;
    bool both = with->counted && without->counted;

    if (!n->cap_shown || with->offered == 0 || without->offered != with->offered ||
        without->taken != without->offered)
        return false;
    if (with->taken <= with->offered / 8)
        return true;
    return both && without->left >= without->offered && with->left <= with->offered / 4;
}

bool netcheck_cap_hurts(const struct netcheck *n)
{
    return n->cap_shown && n->to_self.offered &&
           n->to_self.taken < n->to_self.offered / 2;
}

/* Puts the try among tried, and out or held. */
static void sort(const struct netcheck *n, unsigned kind, unsigned way, bool holds,
                 struct netcheck_verdict *v)
{
    const struct netcheck_try *try = &n->try[kind][way];
    uint32_t bit = NETCHECK_BIT(kind, way);

    if (!shows_nothing(try))
        v->tried |= bit;
    if (!netcheck_got_out(try))
        return;
    if (holds && way != NETCHECK_OWN)
        v->held |= bit;
    else
        v->out |= bit;
}

static enum netcheck_state state_of(const struct netcheck *n, unsigned family,
                                    const struct netcheck_verdict *v)
{
    unsigned first = 2 * family;
    uint32_t all = ((1u << (2 * NETCHECK_WAYS)) - 1) << (first * NETCHECK_WAYS);
    const struct netcheck_try *tcp = &n->try[first][NETCHECK_OWN];
    const struct netcheck_try *udp = &n->try[first + 1][NETCHECK_OWN];

    if (v->out & all)
        return NETCHECK_OPEN;
    for (unsigned way = 0; way < NETCHECK_WAYS; way++)
        if (n->try[first][way].end == NETCHECK_UNTRIED ||
            n->try[first + 1][way].end == NETCHECK_UNTRIED)
            return NETCHECK_UNCLEAR;
    if ((v->tried & all) == all)
        return is_refused(tcp) && is_refused(udp) ? NETCHECK_SHUT : NETCHECK_UNCLEAR;
    /* Where something has a route, all should. */
    if (v->held & all)
        return NETCHECK_UNCLEAR;
    if (is_refused(tcp) || is_refused(&n->loopback[family]))
        return NETCHECK_SHUT_LOCAL;
    return shows_nothing(tcp) ? NETCHECK_NO_ROUTE : NETCHECK_UNCLEAR;
}

void netcheck_judge(const struct netcheck *n, struct netcheck_verdict *verdict)
{
    struct netcheck_verdict v = { .tried = 0 };
    bool holds = netcheck_cap_holds(n) && !netcheck_cap_hurts(n);
    bool shut = false, doubt = false;

    for (unsigned kind = 0; kind < NETCHECK_KINDS; kind++)
        for (unsigned way = 0; way < NETCHECK_WAYS; way++)
            sort(n, kind, way, holds, &v);
    for (unsigned family = 0; family < NETCHECK_FAMILIES; family++) {
        enum netcheck_state s = state_of(n, family, &v);

        v.state[family] = s;
        shut = shut || s == NETCHECK_SHUT || s == NETCHECK_SHUT_LOCAL;
        doubt = doubt || s == NETCHECK_UNCLEAR || s == NETCHECK_OPEN;
    }
    v.blocked = shut && !doubt;
    *verdict = v;
}

const char *netcheck_name(enum netcheck_way way)
{
    static const char *const names[NETCHECK_WAYS] = {
        [NETCHECK_OWN] = "own token",
        [NETCHECK_LOWERED] = "lowered copy",
        [NETCHECK_ANONYMOUS] = "anonymous",
        [NETCHECK_DENY_ONLY] = "deny-only copy",
        [NETCHECK_BEFORE] = "socket made before",
        [NETCHECK_AFTER] = "socket made after",
    };

    return way < NETCHECK_WAYS ? names[way] : "";
}

void netcheck_list(uint32_t bits, struct u16buf *out)
{
    static const char *const kinds[NETCHECK_KINDS] = {
        [NETCHECK_TCP4] = "IPv4 TCP",
        [NETCHECK_UDP4] = "IPv4 UDP",
        [NETCHECK_TCP6] = "IPv6 TCP",
        [NETCHECK_UDP6] = "IPv6 UDP",
    };
    bool first = true;

    for (unsigned way = 0; way < NETCHECK_WAYS; way++) {
        const char *between = " (";

        for (unsigned kind = 0; kind < NETCHECK_KINDS; kind++) {
            if (!(bits & NETCHECK_BIT(kind, way)))
                continue;
            if (between[0] == ' ') {
                u16buf_add_ascii(out, first ? "" : ", ");
                u16buf_add_ascii(out, netcheck_name((enum netcheck_way)way));
            }
            u16buf_add_ascii(out, between);
            u16buf_add_ascii(out, kinds[kind]);
            between = ", ";
            first = false;
        }
        if (between[0] == ',')
            u16buf_addc(out, u')');
    }
}
