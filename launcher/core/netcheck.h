/* SPDX-License-Identifier: MIT
 *
 * What tries to reach the network have shown: which ways are closed, which got out.
 * Pure, and free of the C library.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

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

enum netcheck_end {
    NETCHECK_UNTRIED,
    NETCHECK_NO_TOKEN,  /* the system does not let us be that */
    NETCHECK_NO_SOCKET, /* it gives none to that token */
    NETCHECK_PENDING,   /* nothing came back in time: something went out */
    NETCHECK_ENDED      /* with `code` */
};

struct netcheck_try {
    enum netcheck_end end;
    uint32_t code; /* of connect, Winsock's numbers; 0: it connected */
};

/* Sums up one try for each way, a bit each: *tried are those that show something, *out
 * those of them that got out.  Only a refusal (WSAEACCES), or no token or socket to try
 * it with, is closed; a network that is not there shows nothing. */
void netcheck_sum(const struct netcheck_try tries[NETCHECK_WAYS], uint32_t *tried,
                  uint32_t *out);

/* Whether that proves the network blocked: our own try was refused as such, every other
 * way shows something, and none got out. */
bool netcheck_blocked(const struct netcheck_try tries[NETCHECK_WAYS]);

const char *netcheck_name(enum netcheck_way way); /* "own token", … */
