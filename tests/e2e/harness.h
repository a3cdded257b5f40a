/* SPDX-License-Identifier: MIT
 *
 * What the end-to-end tests stand on: an install in a fresh directory, fake tools, an
 * environment said in full, and programs started with known handles and a time limit.
 * Everything that cannot be set up fails the test at once.
 *
 * The directory of a test program (`root`) has from the start:
 *     rf\shims\*.exe  rf\denybin\*.exe  rf\ringfence.exe    the install under test
 *     tools\{git,ssh,scp,curl,python}.exe     fake tools (tests/fakes/probe.c)
 *     ws                                      where programs are started
 *     local                                   %LOCALAPPDATA% of the registry
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>
#include <wchar.h>
#include <windows.h>

#include <cmocka.h>

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define PROC_LIMIT_MS 180000u /* a program still running then fails the test */

/* Runs the tests in a fresh root.  argv: dist directory, probe.exe.  Returns the number
 * of failures.  With own_console the program first starts itself again under
 * CREATE_NO_WINDOW, where Ctrl-C works without a screen. */
int harness_main(int argc, wchar_t **argv, const char *name,
                 const struct CMUnitTest *tests, size_t count, bool own_console);

int wmain(int argc, wchar_t **argv); /* every test program's */

/* The full path of something below root; u"" gives root itself.  This and every other
 * text that is handed out here lives as long as the test program. */
const char16_t *place(const char16_t *relative);

/* The dist directory and the probe the program was given. */
const char16_t *place_dist(void);
const char16_t *place_probe(void);

/* Text put together as by wprintf. */
const char16_t *text(const wchar_t *format, ...);

/* All with places relative to root; missing parent directories are made. */
void make_dir(const char16_t *relative);
void put_tool(const char16_t *relative);    /* a copy of probe.exe */
void put_shim(const char16_t *relative);    /* a copy of shims\git.exe */
void put_install(const char16_t *relative); /* all of dist */
void put_file(const char16_t *relative, const char *contents);
void remove_file(const char16_t *relative);
bool is_there(const char16_t *full_path);
bool is_directory(const char16_t *full_path);

/* The whole file as text; "" when there is none.  To be freed. */
char *file_text(const char16_t *relative);

/* An environment, spelled out.  Starts as the system's own variables only, with
 * PATH=rf\shims;tools;System32;Windows and PATHEXT=.COM;.EXE;.BAT;.CMD. */
struct env {
    char16_t *var[512];
    size_t count;
};
void env_init(struct env *env);
void env_clear(struct env *env);
void env_set(struct env *env, const char16_t *name, const char16_t *value);
void env_unset(struct env *env, const char16_t *name);
void env_add(struct env *env, const char16_t *name_and_value); /* even if it is there */

/* What comes out of one end of a pipe, read by a thread of its own. */
struct sink {
    HANDLE pipe, thread;
    CRITICAL_SECTION lock;
    CONDITION_VARIABLE more;
    char *at; /* terminated */
    size_t bytes, cap;
    bool ended;
};

/* A program: how to start it, then what came of it. */
struct proc {
    char16_t *app;       /* lpApplicationName, owned; NULL: CreateProcess searches */
    char16_t *line;      /* owned */
    const char16_t *cwd; /* NULL: root\ws */
    struct env env;
    DWORD flags;
    STARTUPINFOW si;
    const void *in; /* stdin; then it is closed */
    size_t in_bytes;
    bool keep_stdin;     /* in_write stays open for the test to use */
    bool own_handles;    /* si says it all: no pipes are made */
    HANDLE process, job; /* job: started suspended and put into it, if set before */
    DWORD pid, code;
    HANDLE in_write, in_thread;
    struct sink *out, *err; /* on the heap: their threads outlive a test that fails */
};

/* Gets ready `"exe"tail`; tail begins with its own blank.  exe is a full path, or a bare
 * name for CreateProcess to search by the line. */
void proc_init(struct proc *p, const char16_t *exe, const char16_t *tail);
/* The same with the line as it is, app NULL. */
void proc_init_line(struct proc *p, const char16_t *line);

void proc_start(struct proc *p);
/* Like proc_start, but gives back GetLastError instead of failing the test; 0 is success.
 */
DWORD proc_try(struct proc *p);
/* Starts it with a pipe as the C runtime's descriptor 3, NUL as the others; returns the
 * reading end. */
HANDLE proc_start_with_fourth(struct proc *p);
/* Starts it with nothing redirected: our console (own_console.h) for all three. */
void proc_start_on_console(struct proc *p);
/* Waits for the end of the process and of both its pipes; sets code. */
void proc_wait(struct proc *p);
void proc_wait_end(struct proc *p); /* the process only */
void proc_run(struct proc *p);      /* start and wait */
void proc_clear(struct proc *p);    /* kills it if it is still there */

/* Waits until stdout (stderr) holds the text; fails the test at its end. */
void sink_await(struct sink *sink, const char *needle);
/* Waits for the end of the pipe; false when it did not come in time. */
bool sink_await_end(struct sink *sink, DWORD ms);

/* The value of a `key=` line of the probe's report, n-th of that key from 0; NULL if
 * there is none. */
const char *proc_value(const struct proc *p, const char *key, size_t nth);
const char16_t *proc_text(const struct proc *p, const char *key,
                          size_t nth); /* un-hexed */
unsigned long proc_number(const struct proc *p, const char *key);
size_t proc_count(const struct proc *p, const char *key);

/* A handler for SetConsoleCtrlHandler: Ctrl-C in our console is the children's. */
BOOL WINAPI swallow_ctrl_c(DWORD type);
/* Starts one that ends with code after "handle-ctrl-c err up await-ctrl-c ctrl-c-count",
 * presses Ctrl-C in our console, and asserts that it came through, and came once. */
void proc_assert_ctrl_c_once(struct proc *p, unsigned long code);
/* The child's variable, NULL when unset; how many spellings of it there are. */
const char16_t *proc_getenv(const struct proc *p, const char16_t *name);
size_t proc_getenv_count(const struct proc *p, const char16_t *name);

/* What follows the program's name in a command line, by the C runtime's rule. */
const char16_t *line_tail(const char16_t *line);

/* Says everything known about p, for the message of a failing test. */
void proc_show(const struct proc *p);

#define proc_assert(p, condition)                                                        \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            proc_show(p);                                                                \
            print_error("not so: %s\n", #condition);                                     \
            _fail(__FILE__, __LINE__);                                                   \
        }                                                                                \
    } while (0)

/* Exactly this exit code, all 32 bits. */
#define proc_assert_code(p, expected)                                                    \
    do {                                                                                 \
        if ((p)->code != (DWORD)(expected)) {                                            \
            proc_show(p);                                                                \
            print_error("exit code 0x%lx, not 0x%lx\n", (p)->code, (DWORD)(expected));   \
            _fail(__FILE__, __LINE__);                                                   \
        }                                                                                \
    } while (0)

/* This exit code, nothing on stdout, and on stderr one line "ringfence: …" (a hint line,
 * indented, may follow). */
#define proc_assert_refused(p, expected)                                                 \
    do {                                                                                 \
        proc_assert_code(p, expected);                                                   \
        proc_assert(p, (p)->out->bytes == 0);                                            \
        proc_assert(p, has_one_message((p)->err->at));                                   \
    } while (0)

bool has_one_message(const char *err);
size_t count_messages(const char *err); /* lines "ringfence: …" */
bool contains_text(const char *haystack, const char16_t *needle);

/* How many tools have started since the last log_reset: p's tools write to root\log.txt
 * if log_enable was called for its environment. */
void log_enable(struct env *env);
void log_reset(void);
size_t log_count(void);

/* A fresh named event that the probe's words `set`, `wait` can use. */
HANDLE event_new(const char16_t **name);
/* Ends the test as skipped, with its reason: what could not be tried here. */
void skip_because(const char *reason);

/* Fails the test when it does not come in time. */
void await(HANDLE object);

/* The two ways every claim is tried: the tool itself, the control, and through the shim.
 */
extern const char16_t *const ways[2];
#define WAYS(way) for (size_t way = 0; way < 2; way++)

/* Whether this is Wine, which proves no level. */
bool under_wine(void);
