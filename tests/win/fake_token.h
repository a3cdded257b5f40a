/* SPDX-License-Identifier: MIT
 *
 * Stands in for launcher/win/token: a Windows that makes and keeps restricted tokens, or
 * does not.  What comes out of token_restrict is a handle that can be closed, no token.
 */
#pragma once

#include "win/token.h"

struct fake_token {
    enum level_token kept;  /* what token_restrict says */
    struct fence_list list; /* of the last one made */
    unsigned made;
    unsigned fails_from; /* this one and all after it cannot be made; 0: none */
    bool lowers;         /* token_lower succeeds */
    unsigned lowered;
};
extern struct fake_token fake_token;
