/* SPDX-License-Identifier: MIT
 *
 * Claim: a trial's token is lowered where a launch's would be, and where it cannot be it
 * is no fence, as to a launch.  No Wine lowers a token: it is made up here.
 */
#include "verify/actor.h"

#include "fake_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum level_token made(bool lowered, enum level_token kept)
{
    static struct actor actor;
    const struct sid root = sid_short(5, 2, 1, 2);
    enum level_token got = LEVEL_TOKEN_UNTRIED;
    struct err err;

    fake_token.kept = kept;
    fake_token.lowered = 0;
    assert_true(actor_make(&actor, FENCE_STRICT, lowered, &root, &got, &err));
    actor_clear(&actor);
    return got;
}

static void make__lowered__is_the_lowered_token(void **state)
{
    (void)state;
    fake_token.lowers = true;
    assert_int_equal(made(true, LEVEL_TOKEN_RESTRICTED), LEVEL_TOKEN_RESTRICTED);
    assert_int_equal(fake_token.lowered, 1);
    assert_int_equal(made(false, LEVEL_TOKEN_RESTRICTED), LEVEL_TOKEN_RESTRICTED);
    assert_int_equal(fake_token.lowered, 0);
}

static void make__cannot_be_lowered__is_no_fence(void **state)
{
    (void)state;
    fake_token.lowers = false;
    assert_int_equal(made(true, LEVEL_TOKEN_RESTRICTED), LEVEL_TOKEN_FAILED);
    assert_int_equal(made(true, LEVEL_TOKEN_NOT_KEPT), LEVEL_TOKEN_NOT_KEPT);
    assert_int_equal(made(false, LEVEL_TOKEN_RESTRICTED), LEVEL_TOKEN_RESTRICTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make__lowered__is_the_lowered_token),
        cmocka_unit_test(make__cannot_be_lowered__is_no_fence),
    };
    return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
