/* SPDX-License-Identifier: MIT
 *
 * What tries to reach the network have shown: which ways are closed, which got out, which
 * are held by the traffic cap alone.  Pure, and free of the C library.
 *
 * A filter on an account matches a SID that is enabled in a token, so it does not see a
 * copy in which the account's SID can only deny.  What such a copy sends is held by the
 * job's cap on outgoing traffic or by nothing; that is judged, and named, for itself.
 */
#pragma once

#include "core/u16.h"

/* As whom a socket is made and connected.  A filter on an account sees the token of that
 * moment, so each is a way around one that looks at another. */
enum netcheck_way {
    NETCHECK_OWN,
    NETCHECK_LOWERED,   /* a copy of our token at low integrity */
    NETCHECK_ANONYMOUS, /* the anonymous token */
    NETCHECK_DENY_ONLY, /* a copy in which our own SID can only deny */
    NETCHECK_BEFORE,    /* made as ourselves, connected as anonymous */
    NETCHECK_AFTER,     /* made as anonymous, connected as ourselves */
    NETCHECK_WAYS
};

/* By what; the two of a family stand together. */
enum netcheck_kind {
    NETCHECK_TCP4,
    NETCHECK_UDP4,
    NETCHECK_TCP6,
    NETCHECK_UDP6,
    NETCHECK_KINDS
};
#define NETCHECK_FAMILIES 2u

/* Each try's bit. */
#define NETCHECK_BITS           (NETCHECK_KINDS * NETCHECK_WAYS)
#define NETCHECK_BIT(kind, way) (1u << ((unsigned)(kind)*NETCHECK_WAYS + (unsigned)(way)))

enum netcheck_end {
    NETCHECK_UNTRIED,
    NETCHECK_NO_TOKEN,  /* the system does not let us be that */
    NETCHECK_NO_SOCKET, /* it gives none to that token, with `code` */
    NETCHECK_PENDING,   /* nothing came back in time: something went out */
    NETCHECK_ENDED      /* with `code` */
};

struct netcheck_try {
    enum netcheck_end end;
    uint32_t code; /* of connect or send, Winsock's numbers; 0: done */
};

/* Datagrams sent as fast as the system takes them, for a fraction of a second. */
struct netcheck_burst {
    uint32_t offered; /* bytes; 0: there was no burst */
    uint32_t taken;   /* of them by the system; of those to ourselves, received again */
    bool counted;
    uint32_t left; /* bytes that the interface sent meanwhile, anybody's */
};

/* All that was tried in a process that is started and confined as a command is, and, for
 * comparison, one burst without the cap. */
struct netcheck {
    struct netcheck_try try[NETCHECK_KINDS][NETCHECK_WAYS];
    struct netcheck_try loopback[NETCHECK_FAMILIES]; /* as ourselves, to a closed port */
    bool cap_shown;               /* the job's limits read back as they were set */
    struct netcheck_burst capped; /* by the first way that got out, if any did */
    struct netcheck_burst uncapped;
    struct netcheck_burst to_self; /* on loopback, under the cap */
};

/* A family's tries, by what they come to. */
enum netcheck_state {
    NETCHECK_SHUT,       /* all of them show that nothing gets out */
    NETCHECK_SHUT_LOCAL, /* no route, but our own token is refused before that matters */
    NETCHECK_NO_ROUTE,   /* no route and nothing else to go by */
    NETCHECK_UNCLEAR,    /* some try shows nothing where others do */
    NETCHECK_OPEN        /* something got out */
};

struct netcheck_verdict {
    uint32_t tried; /* NETCHECK_BIT: tries that show something */
    uint32_t out;   /* those of them that got out */
    uint32_t held; /* and those that got past the filters and are held by the cap alone */
    enum netcheck_state state[NETCHECK_FAMILIES];
    bool blocked;
};

/* Judges.  Closed is only what was refused as such (WSAEACCES), or has no token or socket
 * to be tried with.  What got past the filters is held if the cap holds, but never our
 * own token: it has to be refused, at the target or, where no route leads there, on
 * loopback.  A family without a route proves nothing and disproves nothing.  Whatever is
 * said of one without a route holds as long as it has none: it is to be looked at again.
 *
 * The network is blocked when no family is open or unclear and at least one is shut.
 * Without any route and with loopback open by the policy of setup there is nothing to go
 * by: not blocked. */
void netcheck_judge(const struct netcheck *n, struct netcheck_verdict *verdict);

/* Whether the cap holds: the job shows it, and of the same burst that the system takes
 * whole, and sends, without it, it takes no more than an eighth, or sends no more than a
 * quarter.  What an interface sends is everybody's: that can hide a cap that holds, and
 * not one that does not. */
bool netcheck_cap_holds(const struct netcheck *n);

/* Whether the cap slows what never leaves the machine: then it is not to be used. */
bool netcheck_cap_hurts(const struct netcheck *n);

/* Whether that try got out, filters or not. */
bool netcheck_got_out(const struct netcheck_try *try);

/* Whether the cap matters, and by which way it is to be measured: the first that got past
 * the filters, unless our own token did, which no cap makes good. */
bool netcheck_needs_burst(const struct netcheck *n, enum netcheck_kind *kind,
                          enum netcheck_way *way);

const char *netcheck_name(enum netcheck_way way); /* "own token", … */

/* Adds "own token (IPv4 TCP, IPv4 UDP), anonymous (IPv6 TCP)": the tries of those bits.
 */
void netcheck_list(uint32_t bits, struct u16buf *out);
