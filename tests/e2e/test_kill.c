/* SPDX-License-Identifier: MIT
 *
 * Claim: killing the shim kills everything below it; when the tool ends by itself, what
 * it left running lives on; a job around the shim changes neither.
 */
#include "harness.h"

#define SOON 10000u /* ms */

struct family {
    struct proc p; /* what was started: the tool itself or its shim */
    HANDLE tool, grandchild, go;
};

static HANDLE open_process(const struct proc *p, const char *key)
{
    HANDLE h = OpenProcess(SYNCHRONIZE | PROCESS_TERMINATE, FALSE, proc_number(p, key));

    proc_assert(p, h != NULL);
    return h;
}

/* Starts a tool with a grandchild; both wait, the tool only if it stays. */
static void family_start(struct family *f, const char16_t *exe, HANDLE job,
                         bool tool_stays)
{
    const char16_t *name;

    f->go = event_new(&name);
    proc_init(&f->p, exe,
              tool_stays ? text(L" pid child %ls wait %ls", name, name)
                         : text(L" pid child %ls cat exit 300", name));
    f->p.job = job;
    f->p.keep_stdin = true;
    proc_start(&f->p);
    sink_await(f->p.out, "child=");
    f->tool = open_process(&f->p, "pid");
    f->grandchild = open_process(&f->p, "child");
}

static bool ends_soon(HANDLE process)
{
    return WaitForSingleObject(process, SOON) == WAIT_OBJECT_0;
}

static bool lives(HANDLE process)
{
    return WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
}

static void family_clear(struct family *f)
{
    SetEvent(f->go);
    assert_true(ends_soon(f->grandchild));
    CloseHandle(f->go);
    CloseHandle(f->tool);
    CloseHandle(f->grandchild);
    CloseHandle(f->p.in_write);
    proc_clear(&f->p);
}

/* The control: without a shim a grandchild outlives a killed tool. */
static void kill__tool_itself__grandchild_lives(void **state)
{
    struct family f;

    (void)state;
    family_start(&f, place(ways[0]), NULL, true);
    TerminateProcess(f.p.process, 77);
    assert_true(ends_soon(f.tool));
    assert_true(lives(f.grandchild));
    family_clear(&f);
}

static void kill__shim__tool_and_grandchild_die(void **state)
{
    struct family f;

    (void)state;
    family_start(&f, place(ways[1]), NULL, true);
    proc_assert(&f.p, lives(f.tool) && lives(f.grandchild));
    TerminateProcess(f.p.process, 77);
    proc_assert(&f.p, ends_soon(f.tool));
    proc_assert(&f.p, ends_soon(f.grandchild));
    proc_wait_end(&f.p);
    proc_assert_code(&f.p, 77);
    family_clear(&f);
}

static void kill__shim_in_outer_job__tool_and_grandchild_die(void **state)
{
    struct family f;
    HANDLE job = CreateJobObjectW(NULL, NULL);

    (void)state;
    family_start(&f, place(ways[1]), job, true);
    TerminateProcess(f.p.process, 77);
    proc_assert(&f.p, ends_soon(f.tool));
    proc_assert(&f.p, ends_soon(f.grandchild));
    family_clear(&f);
    CloseHandle(job);
}

static void kill__outer_job__everything_dies(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct family f;
        HANDLE job = CreateJobObjectW(NULL, NULL);

        family_start(&f, place(ways[way]), job, true);
        TerminateJobObject(job, 78);
        proc_assert(&f.p, ends_soon(f.tool));
        proc_assert(&f.p, ends_soon(f.grandchild));
        proc_wait_end(&f.p);
        proc_assert_code(&f.p, 78);
        family_clear(&f);
        CloseHandle(job);
    }
}

/* A daemon started by a tool that then ends: it must not go down with the shim. */
static void exit__tool_ends__grandchild_lives(void **state)
{
    (void)state;
    WAYS(way)
    {
        struct family f;

        family_start(&f, place(ways[way]), NULL, false);
        CloseHandle(f.p.in_write);
        f.p.in_write = NULL;
        proc_wait_end(&f.p);
        proc_assert_code(&f.p, 300);
        proc_assert(&f.p, ends_soon(f.tool));
        /* a job that closes on the shim's end kills before the shim's handle is signalled
         * or soon after: a second process gives that time to happen */
        {
            struct proc later;

            proc_init(&later, place(ways[0]), u" exit 0");
            proc_run(&later);
            proc_clear(&later);
        }
        proc_assert(&f.p, lives(f.grandchild));
        family_clear(&f);
    }
}

static void exit__shim_in_outer_job__code_and_grandchild_stay(void **state)
{
    struct family f;
    HANDLE job = CreateJobObjectW(NULL, NULL);

    (void)state;
    family_start(&f, place(ways[1]), job, false);
    CloseHandle(f.p.in_write);
    f.p.in_write = NULL;
    proc_wait_end(&f.p);
    proc_assert_code(&f.p, 300);
    proc_assert(&f.p, lives(f.grandchild));
    family_clear(&f);
    CloseHandle(job);
}

/* The tool is in a job from its first instruction on, not a moment later. */
static void job__through_shim__tool_is_born_in_it(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, place(ways[0]), u" job"); /* the control */
    proc_run(&p);
    proc_assert(&p, proc_number(&p, "injob") == 0);
    proc_clear(&p);
    for (int i = 0; i < 5; i++) {
        proc_init(&p, place(ways[1]), u" job");
        proc_run(&p);
        proc_assert(&p, proc_number(&p, "injob") == 1);
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill__tool_itself__grandchild_lives),
        cmocka_unit_test(kill__shim__tool_and_grandchild_die),
        cmocka_unit_test(kill__shim_in_outer_job__tool_and_grandchild_die),
        cmocka_unit_test(kill__outer_job__everything_dies),
        cmocka_unit_test(exit__tool_ends__grandchild_lives),
        cmocka_unit_test(exit__shim_in_outer_job__code_and_grandchild_stay),
        cmocka_unit_test(job__through_shim__tool_is_born_in_it),
    };
    return harness_main(argc, argv, "kill", tests, COUNT(tests), false);
}
