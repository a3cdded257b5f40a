/* SPDX-License-Identifier: MIT
 *
 * Claim: a launch at level enforced goes through the runner and is as transparent as any
 * other: code, pipes, arguments, environment.  Here without sandbox accounts, so under
 * our own and NOT PROVEN; without --allow-unproven nothing of the kind is started.
 */
#include "harness.h"

static const char16_t *ringfence(void)
{
    return place(u"rf\\ringfence.exe");
}

static void start_with(struct proc *p, const char16_t *tail)
{
    char16_t system[MAX_PATH];

    if (!under_wine())
        skip_because("this Windows may prove the level");
    GetSystemDirectoryW(system, MAX_PATH);
    proc_init(p, ringfence(), text(L" run --level enforced --allow-unproven %ls", tail));
    env_set(&p->env, u"PATH",
            text(L"%ls;%ls;%ls", place(u"rf\\shims"), place(u"tools"), system));
    env_set(&p->env, u"MY_TOKEN", u"hunter2");
    log_enable(&p->env);
    log_reset();
}

static void run__code__all_32_bits(void **state)
{
    struct proc p;

    (void)state;
    start_with(&p, u"-- git exit 0xC0000042");
    proc_run(&p);
    proc_assert_code(&p, 0xc0000042);
    proc_assert(&p, strstr(p.err->at, "NOT PROVEN") != NULL);
    assert_int_equal(log_count(), 1);
    proc_clear(&p);
}

static void run__pipes__every_byte(void **state)
{
    static char bytes[100000];
    struct proc p;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 13 + i / 257);
    start_with(&p, u"-- git cat");
    p.in = bytes;
    p.in_bytes = sizeof bytes;
    proc_run(&p);
    proc_assert_code(&p, 0);
    assert_int_equal(p.out->bytes, sizeof bytes);
    assert_memory_equal(p.out->at, bytes, sizeof bytes);
    proc_clear(&p);
}

static void run__tail__verbatim(void **state)
{
    static const char16_t tail[] =
        u"  \"a  b\" c\\\\ \"d\\\"e\" %PATH% ^&|<> -- --level x \t";
    struct proc p;

    (void)state;
    start_with(&p, text(L"-- git%ls", tail));
    env_set(&p.env, u"PROBE_DO", u"args");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, !wcscmp(line_tail(proc_text(&p, "line", 0)), tail));
    proc_clear(&p);
}

/* What the table does to the environment it does here too. */
static void run__environment__offline_and_without_secrets(void **state)
{
    struct proc p;

    (void)state;
    start_with(&p, u"-- git env");
    proc_run(&p);
    proc_assert_code(&p, 0);
    assert_int_equal(proc_getenv_count(&p, u"MY_TOKEN"), 0);
    proc_assert(&p, !wcscmp(proc_getenv(&p, u"npm_config_offline"), u"true"));
    proc_clear(&p);
}

static void not_proven__not_allowed__falls_to_advisory(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    proc_init(&p, ringfence(), u" run --level enforced -- git exit 3");
    log_enable(&p.env);
    proc_run(&p);
    proc_assert_code(&p, 3);
    proc_assert(&p, strstr(p.err->at, "NOT PROVEN") == NULL);
    proc_clear(&p);

    proc_init(&p, ringfence(), u" run --require enforced -- git exit 3");
    log_enable(&p.env);
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_clear(&p);
}

/* Nobody is there to say yes: the other end of a pipe is nobody. */
static void network_on__no_terminal_and_no_policy__is_not_allowed(void **state)
{
    struct proc p;

    (void)state;
    start_with(&p, u"--network on -- git exit 3");
    p.in = "y\n";
    p.in_bytes = 2;
    p.flags |= DETACHED_PROCESS;
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.err->at, "not allowed") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

/* By hand it says what it is for, and starts nothing. */
static void run_enforced__without_accounts__refuses(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, ringfence(), u" run-enforced");
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_clear(&p);

    proc_init(&p, ringfence(),
              text(L" run-enforced --network off -- \"%ls\" git exit 3",
                   place(u"tools\\git.exe")));
    log_enable(&p.env);
    log_reset();
    proc_run(&p);
    proc_assert_code(&p, 125);
    proc_assert(&p, strstr(p.err->at, "ringfence setup") != NULL);
    assert_int_equal(log_count(), 0);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run__code__all_32_bits),
        cmocka_unit_test(run__pipes__every_byte),
        cmocka_unit_test(run__tail__verbatim),
        cmocka_unit_test(run__environment__offline_and_without_secrets),
        cmocka_unit_test(not_proven__not_allowed__falls_to_advisory),
        cmocka_unit_test(network_on__no_terminal_and_no_policy__is_not_allowed),
        cmocka_unit_test(run_enforced__without_accounts__refuses),
    };
    return harness_main(argc, argv, "enforced", tests, COUNT(tests), false);
}
