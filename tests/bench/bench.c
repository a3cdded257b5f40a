/* SPDX-License-Identifier: MIT
 *
 * How long a call takes through a shim, next to the direct call, to the least that any
 * shim can cost, and to what else there is:
 *   bench.exe STAGE ROUNDS [WHY-NO-PEERS]
 * STAGE is the directory that bench.sh lays out.  All ways are taken in turn, in one run,
 * in an order that changes: only such figures can be compared.  No time is a failure; a
 * way that does not run or loses the exit code is.
 */
#define PSAPI_VERSION 2
#include "measure.h"

#include <string.h>
#include <wchar.h>
#include <psapi.h>

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define LINE_CAP   4096
#define PATH_CAP   32767
#define ROUNDS_MAX 2000u
#define WARM_UP    5u
#define TOOL_CODE  7u
#define PATH_DIRS  18 /* between the shims and the tool: with these two, 20 entries */
#define WAIT_MS    60000u
#define SETTLE_MS  100u /* a shim that has started its tool still lets go of handles */
#define TRIES      3    /* Wine's CreateProcess fails once in some thousand calls */

enum way_id {
    WAY_DIRECT,
    WAY_FLOOR,
    WAY_THROUGH,
    WAY_OUTSIDE,
    WAY_THROUGH_20,
    WAY_OUTSIDE_20,
    WAY_DISTLIB,
    WAY_SETUPTOOLS,
    WAY_BATCH,
    WAY_CONSOLE,
    WAY_WARM,
    WAY_COLD,
    WAY_COUNT
};

/* One way to the tool. */
struct way {
    const char *label;
    const char16_t *file; /* below STAGE */
    bool floor;           /* takes the tool's path as its argument */
    bool bypass;          /* RINGFENCE_BYPASS=1: what a shim does inside a fence */
    bool long_path;       /* 20 entries, the tool's last */
    bool peer;            /* may be missing */
    bool own_console;     /* CREATE_NO_WINDOW, as what a runner starts */
    bool cold;            /* the runner, our own account's, is not there yet */
};

static const struct way ways[WAY_COUNT] = {
    [WAY_DIRECT] = { "direct call", u"tool\\git.exe", .long_path = false },
    [WAY_FLOOR] = { "floor: CreateProcess and wait", u"floor.exe", .floor = true },
    [WAY_THROUGH] = { "shim, passing through", u"rf\\shims\\git.exe", .bypass = true },
    [WAY_OUTSIDE] = { "shim, launching from outside", u"rf\\shims\\git.exe",
                      .bypass = false },
    [WAY_THROUGH_20] = { "  passing through, PATH of 20", u"rf\\shims\\git.exe",
                         .bypass = true, .long_path = true },
    [WAY_OUTSIDE_20] = { "  from outside, PATH of 20", u"rf\\shims\\git.exe",
                         .long_path = true },
    [WAY_DISTLIB] = { "distlib t64.exe", u"peers\\t64.exe", .peer = true },
    [WAY_SETUPTOOLS] = { "setuptools cli-64.exe", u"peers\\cli-64.exe", .peer = true },
    [WAY_BATCH] = { ".cmd shim: @\"tool\" %*", u"shim.cmd", .long_path = false },
    [WAY_CONSOLE] = { "direct call, own console", u"tool\\git.exe", .own_console = true },
    [WAY_WARM] = { "level enforced, runner warm", u"rf\\shims\\enforced.exe",
                   .long_path = false },
    [WAY_COLD] = { "level enforced, runner cold", u"rf\\shims\\enforced.exe",
                   .cold = true },
};

/* What was seen on a way. */
struct seen {
    bool absent; /* the file is not there */
    double ms[ROUNDS_MAX];
    double least, median, p75;
    unsigned modules;
    double peak_mb;
    LONGLONG bytes;
};

int wmain(int argc, wchar_t **argv);

static struct seen seen[WAY_COUNT];
static char16_t stage[LINE_CAP], path_short[PATH_CAP], path_long[PATH_CAP];
static HANDLE nul;
static unsigned retries;

/* Starts a way, its standard handles NUL. */
static HANDLE start(const struct way *w)
{
    char16_t program[LINE_CAP], line[LINE_CAP];
    STARTUPINFOW si = { .cb = sizeof si,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .hStdInput = nul,
                        .hStdOutput = nul,
                        .hStdError = nul };
    PROCESS_INFORMATION pi;

    swprintf(program, LINE_CAP, L"%ls\\%ls", stage, w->file);
    if (w->floor)
        swprintf(line, LINE_CAP, L"\"%ls\" %ls\\tool\\git.exe", program, stage);
    else
        swprintf(line, LINE_CAP, L"\"%ls\"", program);
    for (int i = 1;
         !CreateProcessW(NULL, line, NULL, NULL, TRUE,
                         w->own_console ? CREATE_NO_WINDOW : 0, NULL, NULL, &si, &pi);
         i++) {
        if (i == TRIES)
            measure_die("cannot start", program);
        retries++;
    }
    CloseHandle(pi.hThread);
    return pi.hProcess;
}

static void finish(HANDLE process, const struct way *w)
{
    DWORD code = 0;

    if (WaitForSingleObject(process, WAIT_MS) != WAIT_OBJECT_0)
        measure_die("does not end", w->file);
    GetExitCodeProcess(process, &code);
    if (code != TOOL_CODE) {
        fprintf(stderr, "bench: %ls gave exit code %lu, not %u\n", w->file, code,
                TOOL_CODE);
        exit(1);
    }
}

static void set_environment(const struct way *w)
{
    SetEnvironmentVariableW(u"PATH", w->long_path ? path_long : path_short);
    SetEnvironmentVariableW(u"RINGFENCE_BYPASS", w->bypass ? u"1" : NULL);
}

/* Ends the runner that the note in the data directory names, if there is one. */
static void end_runner(void)
{
    char16_t path[LINE_CAP];
    char note[64];
    DWORD bytes = 0;
    HANDLE file, process;

    if (GetEnvironmentVariableW(u"LOCALAPPDATA", path, LINE_CAP - 64) == 0)
        measure_die("cannot find", u"LOCALAPPDATA");
    wcscat(path, L"\\ringfence\\runner-own.txt");
    file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return;
    if (ReadFile(file, note, sizeof note, &bytes, NULL) && bytes == sizeof note) {
        process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE,
                              strtoul(note + 5, NULL, 16));
        if (process) {
            TerminateProcess(process, 0);
            WaitForSingleObject(process, WAIT_MS);
            CloseHandle(process);
        }
    }
    CloseHandle(file);
    DeleteFileW(path);
}

static double run_once(const struct way *w)
{
    HANDLE process;
    double ms;

    set_environment(w);
    if (w->cold)
        end_runner();
    ms = measure_now();
    process = start(w);
    finish(process, w);
    ms = measure_now() - ms;
    CloseHandle(process);
    return ms;
}

/* Every way once a round; each round begins with another, and every second one goes
 * backwards, so that nobody always follows the same one. */
static void run_rounds(unsigned rounds)
{
    for (unsigned r = 0; r < WARM_UP + rounds; r++) {
        for (unsigned i = 0; i < WAY_COUNT; i++) {
            unsigned at = (r + (r % 2 ? WAY_COUNT - i : i)) % WAY_COUNT;

            if (seen[at].absent)
                continue;
            double ms = run_once(&ways[at]);
            if (r >= WARM_UP)
                seen[at].ms[r - WARM_UP] = ms;
        }
    }
}

static void sum_up(struct seen *s, unsigned rounds)
{
    s->median = measure_median(s->ms, rounds);
    s->least = s->ms[0];
    s->p75 = s->ms[rounds * 3 / 4];
}

/* What the started program holds while its tool runs: the tool says that it is there, and
 * goes on when told. */
static void look_while_waiting(const struct way *w, struct seen *s)
{
    char16_t name[32], event[32];
    HANDLE here, go, process;
    HMODULE modules[128];
    DWORD bytes = 0;
    PROCESS_MEMORY_COUNTERS memory = { .cb = sizeof memory };

    swprintf(name, COUNT(name), L"bench%lu", GetCurrentProcessId());
    swprintf(event, COUNT(event), L"%lsh", name);
    here = CreateEventW(NULL, FALSE, FALSE, event);
    swprintf(event, COUNT(event), L"%lsg", name);
    go = CreateEventW(NULL, FALSE, FALSE, event);
    set_environment(w);
    SetEnvironmentVariableW(u"BENCH_HOLD", name);
    process = start(w);
    if (WaitForSingleObject(here, WAIT_MS) != WAIT_OBJECT_0)
        measure_die("its tool does not start", w->file);
    Sleep(SETTLE_MS);
    if (!EnumProcessModules(process, modules, sizeof modules, &bytes))
        measure_die("EnumProcessModules", w->file);
    if (!GetProcessMemoryInfo(process, &memory, sizeof memory))
        measure_die("GetProcessMemoryInfo", w->file);
    SetEvent(go);
    finish(process, w);
    s->modules = (unsigned)(bytes / sizeof modules[0]);
    s->peak_mb = (double)memory.PeakWorkingSetSize / (1024.0 * 1024.0);
    SetEnvironmentVariableW(u"BENCH_HOLD", NULL);
    CloseHandle(process);
    CloseHandle(here);
    CloseHandle(go);
}

/* Size, or that the file is not there. */
static void look_at_file(const struct way *w, struct seen *s)
{
    char16_t path[LINE_CAP];
    WIN32_FILE_ATTRIBUTE_DATA data;

    swprintf(path, LINE_CAP, L"%ls\\%ls", stage, w->file);
    if (GetFileAttributesExW(path, GetFileExInfoStandard, &data)) {
        s->bytes = (LONGLONG)data.nFileSizeHigh << 32 | data.nFileSizeLow;
        return;
    }
    if (!w->peer)
        measure_die("is missing", path);
    s->absent = true;
}

/* The time over the direct call: by the minimum, or by the median. */
static double added(enum way_id id, bool by_least)
{
    return by_least ? seen[id].least - seen[WAY_DIRECT].least
                    : seen[id].median - seen[WAY_DIRECT].median;
}

static void print_times(const char16_t *why_no_peers)
{
    printf("%-31s %7s %7s %7s %8s | %8s %8s | %7s %7s\n", "", "", "", "", "x direct",
           "added ms", "added ms", "x floor", "x floor");
    printf("%-31s %7s %7s %7s %8s | %8s %8s | %7s %7s\n", "ms a call", "min", "median",
           "p75", "(median)", "by min", "median", "by min", "median");
    for (unsigned i = 0; i < WAY_COUNT; i++) {
        const struct seen *s = &seen[i];

        if (s->absent) {
            printf("%-31s SKIP: %ls\n", ways[i].label, why_no_peers);
            continue;
        }
        printf("%-31s %7.2f %7.2f %7.2f %8.2f |", ways[i].label, s->least, s->median,
               s->p75, s->median / seen[WAY_DIRECT].median);
        if (i == WAY_DIRECT)
            printf(" %8s %8s | %7s %7s\n", "-", "-", "-", "-");
        else
            printf(" %8.2f %8.2f | %7.2f %7.2f\n", added(i, true), added(i, false),
                   added(i, true) / added(WAY_FLOOR, true),
                   added(i, false) / added(WAY_FLOOR, false));
    }
}

static void print_sizes(void)
{
    printf("\n%-31s %8s %12s %12s\n", "while the tool runs", "modules", "peak WS MB",
           "file bytes");
    for (unsigned i = 0; i < WAY_COUNT; i++)
        if (!seen[i].absent)
            printf("%-31s %8u %12.2f %12lld\n", ways[i].label, seen[i].modules,
                   seen[i].peak_mb, seen[i].bytes);
    printf("(For the .cmd shim these are cmd.exe's, and the file is the script.)\n\n");
}

/* One bar on time.  The minimum decides: it is what noise disturbs least. */
static void print_bar(const char *what, enum way_id id, enum way_id against, double most)
{
    double least = added(id, true) / added(against, true);
    double median = added(id, false) / added(against, false);

    if (seen[against].absent)
        printf("SKIP         %s\n", what);
    else
        printf("%-12s %s: %.2f (by median %.2f)\n", measure_bar(least <= most), what,
               least, median);
}

static void print_bars(void)
{
    const struct seen *through = &seen[WAY_THROUGH];

    print_bar("passing through adds <= 1.10 x the floor's", WAY_THROUGH, WAY_FLOOR, 1.10);
    print_bar("passing through adds <= 0.60 x distlib's", WAY_THROUGH, WAY_DISTLIB, 0.60);
    print_bar("launching from outside adds <= 1.50 x the floor's", WAY_OUTSIDE, WAY_FLOOR,
              1.50);
    print_bar("level enforced with a warm runner adds <= 2.00 x the floor's", WAY_WARM,
              WAY_FLOOR, 2.00);
    printf("%-12s passing through, <= 5 modules: %u\n",
           measure_bar(through->modules <= 5), through->modules);
    printf("%-12s passing through, peak working set <= 7 MB: %.2f\n",
           measure_bar(through->peak_mb <= 7.0), through->peak_mb);
    printf("%-12s shim file <= 68608 bytes: %lld\n", measure_bar(through->bytes <= 68608),
           through->bytes);
}

static void set_up(void)
{
    static const char16_t *const ours[] = { u"RINGFENCE_DEPTH",   u"RINGFENCE_DRYRUN",
                                            u"RINGFENCE_NETWORK", u"RINGFENCE_ROOT",
                                            u"RINGFENCE_TOLD",    u"RINGFENCE_TRACE" };
    SECURITY_ATTRIBUTES inherited = { .nLength = sizeof inherited,
                                      .bInheritHandle = TRUE };
    char16_t dir[LINE_CAP];
    size_t len;

    for (size_t i = 0; i < COUNT(ours); i++)
        SetEnvironmentVariableW(ours[i], NULL);
    nul = CreateFileW(u"NUL", GENERIC_READ | GENERIC_WRITE,
                      FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0,
                      NULL);
    if (nul == INVALID_HANDLE_VALUE)
        measure_die("CreateFile", u"NUL");
    swprintf(path_short, PATH_CAP, L"%ls\\rf\\shims;%ls\\tool", stage, stage);
    swprintf(path_long, PATH_CAP, L"%ls\\rf\\shims;", stage);
    for (int i = 1; i <= PATH_DIRS; i++) {
        len = wcslen(path_long);
        swprintf(path_long + len, PATH_CAP - len, L"%ls\\path\\%d;", stage, i);
    }
    len = wcslen(path_long);
    swprintf(path_long + len, PATH_CAP - len, L"%ls\\tool", stage);
    swprintf(dir, LINE_CAP, L"%ls\\ws\\src", stage);
    if (!SetCurrentDirectoryW(dir))
        measure_die("SetCurrentDirectory", dir);
}

int wmain(int argc, wchar_t **argv)
{
    unsigned rounds = argc > 2 ? (unsigned)wcstoul(argv[2], NULL, 10) : 0;

    if (rounds < 1 || rounds > ROUNDS_MAX ||
        !GetFullPathNameW(argv[1], LINE_CAP, stage, NULL)) {
        fprintf(stderr, "usage: bench.exe STAGE ROUNDS(1..%u) [WHY-NO-PEERS]\n",
                ROUNDS_MAX);
        return 1;
    }
    set_up();
    for (unsigned i = 0; i < WAY_COUNT; i++)
        look_at_file(&ways[i], &seen[i]);
    run_rounds(rounds);
    for (unsigned i = 0; i < WAY_COUNT; i++) {
        if (seen[i].absent)
            continue;
        sum_up(&seen[i], rounds);
        look_while_waiting(&ways[i], &seen[i]);
    }
    end_runner();
    print_times(argc > 3 ? argv[3] : u"not fetched");
    print_sizes();
    print_bars();
    if (retries)
        printf("CreateProcess failed %u times and was repeated; those calls count too.\n",
               retries);
    return 0;
}
