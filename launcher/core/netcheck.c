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

static bool got_out(const struct netcheck_try *try)
{
    return try->end == NETCHECK_PENDING ||
           (try->end == NETCHECK_ENDED && try->code != REFUSED && !shows_nothing(try));
}

void netcheck_sum(const struct netcheck_try tries[NETCHECK_WAYS], uint32_t *tried,
                  uint32_t *out)
{
    *tried = *out = 0;
    for (unsigned way = 0; way < NETCHECK_WAYS; way++) {
        if (!shows_nothing(&tries[way]))
            *tried |= 1u << way;
        if (got_out(&tries[way]))
            *out |= 1u << way;
    }
}

bool netcheck_blocked(const struct netcheck_try tries[NETCHECK_WAYS])
{
    const struct netcheck_try *own = &tries[NETCHECK_OWN];
    uint32_t tried = 0, out = 0;

    netcheck_sum(tries, &tried, &out);
    return own->end == NETCHECK_ENDED && own->code == REFUSED &&
           tried == (1u << NETCHECK_WAYS) - 1 && out == 0;
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
