#include "fake_token.h"

struct fake_token fake_token;

enum level_token token_restrict(const struct fence_list *list, HANDLE *out, struct err *e)
{
    (void)e;
    fake_token.list = *list;
    fake_token.made++;
    if (fake_token.fails_from && fake_token.made >= fake_token.fails_from)
        return *out = NULL, LEVEL_TOKEN_FAILED;
    *out = CreateEventW(NULL, TRUE, FALSE, NULL); /* any handle that can be closed */
    return fake_token.kept;
}

bool token_user_sid(struct sid *sid, struct err *e)
{
    (void)e;
    *sid = sid_short(5, 2, 32, 1001);
    return true;
}

bool token_logon_sid(struct sid *sid)
{
    *sid = sid_short(5, 2, 5, 77);
    return true;
}

bool token_lower(HANDLE token, struct err *e)
{
    (void)token;
    fake_token.lowered++;
    return fake_token.lowers || err_rule(e, "not here", NULL);
}

bool token_is_inside(void)
{
    return false;
}

void token_child_security(const struct sid *user, const struct sid *run,
                          struct token_security *security)
{
    (void)user;
    (void)run;
    (void)security;
}

void token_own_security(const struct sid *user, const struct sid *run,
                        struct token_security *security)
{
    (void)user;
    (void)run;
    (void)security;
}

bool token_set_default_dacl(HANDLE token, struct token_security *security, struct err *e)
{
    (void)token;
    (void)security;
    (void)e;
    return true;
}
