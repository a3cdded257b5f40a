/* SPDX-License-Identifier: MIT
 *
 * Claim: what `ringfence run` and the runner start is in the log, once, with its level
 * and exit code and without its arguments; the log stays within its bounds.
 */
#include "harness.h"

#define LOG     u"local\\ringfence\\log"
#define LOG_MAX 262144u

static void ringfence(struct proc *p, const char16_t *tail, DWORD code)
{
    proc_init(p, place(u"rf\\ringfence.exe"), tail);
    proc_run(p);
    proc_assert_code(p, code);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void fresh(void)
{
    remove_file(LOG);
    remove_file(LOG u".1");
}

static void log__nothing_was_run__says_so(void **state)
{
    struct proc p;

    (void)state;
    fresh();
    ringfence(&p, u" log", 0);
    assert_string_equal(p.out->at, "no run is noted\n");
    proc_clear(&p);
    ringfence(&p, u" log --json", 0);
    assert_string_equal(p.out->at, "{\"schema\":1,\"runs\":[],\"complete\":true}\n");
    proc_clear(&p);
}

static void log__two_runs__each_a_line_without_its_arguments(void **state)
{
    struct proc p;

    (void)state;
    fresh();
    ringfence(&p, u" run -- git exit 0xC0000042", 0xC0000042);
    proc_clear(&p);
    ringfence(&p, u" run -- no-such-tool --password hunter2 \"a b\"", 127);
    proc_clear(&p);
    ringfence(&p, u" log", 0);
    proc_assert(&p, count(p.out->at, "\n") == 2);
    proc_assert(&p,
                strstr(p.out->at, "  network off  exit 3221225538  git (2 arguments)  "
                                  "in ") != NULL);
    proc_assert(&p, strstr(p.out->at, "  exit 127  no-such-tool (3 arguments)  in "));
    proc_assert(&p, strstr(p.out->at, "hunter2") == NULL);
    proc_clear(&p);
    ringfence(&p, u" log --since 2999-01-01", 0);
    assert_string_equal(p.out->at, "no run is noted\n");
    proc_clear(&p);
    ringfence(&p, u" log --since 1h --json", 0);
    proc_assert(&p, count(p.out->at, "\"tool\":\"git\"") == 1);
    proc_assert(&p, count(p.out->at, "\"code\":3221225538") == 1);
    proc_clear(&p);
    ringfence(&p, u" log --since yesterday", 125);
    proc_clear(&p);
}

/* By way of the runner it is noted there, and nowhere else. */
static void log__level_enforced_unproven__is_noted_once_and_so_called(void **state)
{
    struct proc p;

    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove the level");
    fresh();
    ringfence(&p, u" run --level enforced --allow-unproven -- git exit 7", 7);
    proc_clear(&p);
    ringfence(&p, u" log", 0);
    proc_assert(&p, count(p.out->at, "\n") == 1);
    proc_assert(&p, strstr(p.out->at, "advisory, NOT PROVEN  network off  exit 7  git (2 "
                                      "arguments)") != NULL);
    proc_clear(&p);
}

static void log__full__turns_over_and_both_are_read(void **state)
{
    static const char line[] = "RL1 134400000000000000 confined 1 0 0 0\told\tC:\\x\n";
    char *full = malloc(LOG_MAX + sizeof line);
    struct proc p;

    (void)state;
    fresh();
    memset(full, ' ', LOG_MAX);
    memcpy(full + LOG_MAX, line, sizeof line);
    full[LOG_MAX - 1] = '\n';
    put_file(LOG, full);
    free(full);
    ringfence(&p, u" run -- git exit 0", 0);
    proc_clear(&p);
    assert_true(is_there(place(LOG u".1")));
    ringfence(&p, u" log", 0);
    proc_assert(&p, count(p.out->at, "\n") == 2);
    proc_assert(&p, strstr(p.out->at, "confined  network off  exit 0  old") != NULL);
    proc_assert(&p, strstr(p.out->at, "  git (2 arguments)") != NULL);
    proc_clear(&p);
    fresh();
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__nothing_was_run__says_so),
        cmocka_unit_test(log__two_runs__each_a_line_without_its_arguments),
        cmocka_unit_test(log__level_enforced_unproven__is_noted_once_and_so_called),
        cmocka_unit_test(log__full__turns_over_and_both_are_read),
    };
    return harness_main(argc, argv, "log", tests, COUNT(tests), false);
}
