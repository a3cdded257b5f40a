/* SPDX-License-Identifier: MIT
 *
 * Claim: the tool's full 32-bit exit code is the shim's.
 */
#include "harness.h"

static void exit_code__any_32_bits__is_the_tools(void **state)
{
    static const DWORD codes[] = { 0,          1,          2,          125,
                                   126,        127,        128,        254,
                                   255,        256,        257,        259,
                                   65535,      65536,      0x7fffffff, 0x80000000,
                                   0xc0000005, 0xc000013a, 0xffffffff, 0x12345678 };

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++)
        WAYS(way)
        {
            struct proc p;

            proc_init(&p, place(ways[way]), text(L" exit %lu", codes[i]));
            proc_run(&p);
            proc_assert_code(&p, codes[i]);
            proc_assert(&p, p.out->bytes == 0);
            proc_clear(&p);
        }
}

static void exit_code__tool_crashes__is_the_exceptions(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct proc p;

        proc_init(&p, place(ways[way]), u" crash");
        proc_run(&p);
        proc_assert_code(&p, STATUS_ACCESS_VIOLATION);
        proc_clear(&p);
    }
}

/* git's shim says something only where a hint is due; 127 and the like are the tool's. */
static void exit_code__looks_like_ours__nothing_is_said(void **state)
{
    (void)state;
    for (DWORD code = 125; code <= 127; code++) {
        struct proc p;

        proc_init(&p, place(ways[1]), text(L" err own exit %lu", code));
        proc_run(&p);
        proc_assert_code(&p, code);
        proc_assert(&p, strstr(p.err->at, "own") != NULL);
        proc_clear(&p);
    }
}

/* Why `git push` failed is worth a line, once and after the tool's own. */
static void hint__command_that_needs_the_network_fails__one_line_more(void **state)
{
    static const struct {
        const char16_t *tail, *network;
        DWORD code;
        size_t lines;
    } cases[] = {
        { u" push origin", u"off", 128, 1 },     { u" status", u"off", 128, 0 },
        { u" push origin", u"off", 0, 0 },       { u" push origin", u"on", 128, 0 },
        { u" push x\n\x1b[1m", u"off", 128, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct proc p;

        proc_init(&p, place(ways[1]), cases[i].tail);
        env_set(&p.env, u"PROBE_DO", text(L"err the-tools-own exit %lu", cases[i].code));
        env_set(&p.env, u"RINGFENCE_NETWORK", cases[i].network);
        proc_run(&p);
        proc_assert_code(&p, cases[i].code);
        proc_assert(&p, strncmp(p.err->at, "the-tools-own", 13) == 0);
        proc_assert(&p, count_messages(p.err->at) == cases[i].lines);
        proc_assert(&p, strchr(p.err->at, 0x1b) == NULL);
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_code__any_32_bits__is_the_tools),
        cmocka_unit_test(exit_code__tool_crashes__is_the_exceptions),
        cmocka_unit_test(exit_code__looks_like_ours__nothing_is_said),
        cmocka_unit_test(hint__command_that_needs_the_network_fails__one_line_more),
    };
    return harness_main(argc, argv, "exit codes", tests, COUNT(tests), false);
}
