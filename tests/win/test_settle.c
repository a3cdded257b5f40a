/* SPDX-License-Identifier: MIT
 *
 * Claim: the runner gives up the strictest way to start children only where none comes up
 * that way, and claims no more than the way it is left with.
 */
#include "runner/runner.h"

#include "core/exitcode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct runner runner;

static struct {
    bool opens, makes;           /* desktops */
    bool up[2][2];               /* by apart, by own desktop */
    enum runner_console console; /* the first that any comes up with */
    unsigned made, tried;
    int opened_now;
} fake;

__typeof__(station_name_desktop) __wrap_station_name_desktop;
__typeof__(station_make_desktop) __wrap_station_make_desktop;
__typeof__(station_open_desktop) __wrap_station_open_desktop;
__typeof__(station_close_desktop) __wrap_station_close_desktop;

bool __wrap_station_name_desktop(char16_t *name, struct err *e)
{
    struct u16buf b = u16buf_init(name, STATION_NAME_CAP);

    (void)e;
    u16buf_addz(&b, u"ringfence-made");
    return true;
}

bool __wrap_station_make_desktop(const char16_t *name, const struct sid *user,
                                 const struct station_guest *guest, HANDLE *desktop,
                                 struct err *e)
{
    (void)name;
    (void)user;
    assert_true(sid_eq(&guest->runs, &runner.station));
    fake.made++;
    *desktop = (HANDLE)1;
    fake.opened_now += fake.makes;
    return fake.makes || err_rule(e, "may not make desktops", NULL);
}

bool __wrap_station_open_desktop(const char16_t *name, HANDLE *desktop, struct err *e)
{
    (void)name;
    *desktop = (HANDLE)1;
    fake.opened_now += fake.opens;
    return fake.opens || err_rule(e, "may not open it", NULL);
}

void __wrap_station_close_desktop(HANDLE desktop)
{
    fake.opened_now -= desktop != NULL;
}

/* A child that ends by itself with the code, this program being none of it. */
bool runner_start(const struct wire_start *start, struct runner_child *child,
                  struct wire_started *out, struct err *e)
{
    static char16_t line[64];
    struct u16buf b = U16BUF(line);
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi;
    bool up =
        fake.up[runner.apart][runner.desktop[0] != 0] && runner.console >= fake.console;

    (void)e;
    (void)out;
    assert_true(start->flags & WIRE_START_UNPROVEN);
    fake.tried++;
    u16buf_addz(&b, u"cmd /d /c exit ");
    u16buf_add_dec(&b, !up ? 125 : runner.console == RUNNER_DETACHED ? 2 : 0);
    assert_true(CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi));
    CloseHandle(pi.hThread);
    *child = (struct runner_child){ .process = pi.hProcess };
    return true;
}

void runner_child_close(struct runner_child *child)
{
    handle_close_p(&child->process);
}

bool runner_console_keyboard(HANDLE *in, HANDLE *keyboard, struct err *e)
{
    (void)in;
    (void)keyboard;
    return err_rule(e, "not here", NULL);
}

static int begin(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    memset(&runner, 0, sizeof runner);
    runner.apart = true;
    fake.opens = fake.makes = true;
    return 0;
}

static void assert_is(bool apart, const char *desktop, enum runner_console console)
{
    runner_find_console(u"ringfence-given");
    assert_int_equal(runner.apart, apart);
    assert_true(u16s_is(u16s_of(runner.desktop), desktop));
    assert_int_equal(runner.console, console);
    assert_int_equal(fake.opened_now, desktop[0] != 0);
}

static void all_come_up__desktop_was_given__apart_and_on_it(void **state)
{
    (void)state;
    memset(fake.up, true, sizeof fake.up);
    assert_is(true, "ringfence-given", RUNNER_NO_WINDOW);
    assert_int_equal(fake.tried, 1);
    assert_int_equal(fake.made, 0);
}

static void given_cannot_be_opened__may_make_one__its_own(void **state)
{
    (void)state;
    memset(fake.up, true, sizeof fake.up);
    fake.opens = false;
    assert_is(true, "ringfence-made", RUNNER_NO_WINDOW);
}

static void no_desktop__apart_comes_up_on_ours__there(void **state)
{
    (void)state;
    memset(fake.up, true, sizeof fake.up);
    fake.opens = fake.makes = false;
    assert_is(true, "", RUNNER_NO_WINDOW);
}

static void own_desktop__none_comes_up_there__apart_on_ours(void **state)
{
    (void)state;
    fake.up[true][false] = true;
    assert_is(true, "", RUNNER_NO_WINDOW);
}

/* The level hangs on the one, and not on the other. */
static void apart__comes_up_without_a_console__before_one_with_the_logon(void **state)
{
    (void)state;
    memset(fake.up, true, sizeof fake.up);
    fake.console = RUNNER_DETACHED;
    assert_is(true, "ringfence-given", RUNNER_DETACHED);
}

/* That the logon SID is needed is not hidden: it is what enforced then lacks. */
static void apart__none_comes_up__is_not_claimed(void **state)
{
    (void)state;
    fake.up[false][true] = true;
    assert_is(false, "ringfence-given", RUNNER_NO_WINDOW);
}

static void nothing_comes_up__any__nothing_is_claimed(void **state)
{
    (void)state;
    assert_is(false, "", RUNNER_DETACHED);
}

static void not_apart__token_could_not__is_not_tried(void **state)
{
    (void)state;
    memset(fake.up, true, sizeof fake.up);
    runner.apart = false;
    assert_is(false, "ringfence-given", RUNNER_NO_WINDOW);
    assert_int_equal(fake.tried, 1);
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_come_up__desktop_was_given__apart_and_on_it),
        TEST(given_cannot_be_opened__may_make_one__its_own),
        TEST(no_desktop__apart_comes_up_on_ours__there),
        TEST(own_desktop__none_comes_up_there__apart_on_ours),
        TEST(apart__comes_up_without_a_console__before_one_with_the_logon),
        TEST(apart__none_comes_up__is_not_claimed),
        TEST(nothing_comes_up__any__nothing_is_claimed),
        TEST(not_apart__token_could_not__is_not_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
