#include "harness.h"

#include "win/own_console.h"

#include <winreg.h>

#define PLACE_CAP 2048
#define FOPEN     0x01 /* flags of a file in lpReserved2; MS: the C runtime's _osfile */
#define FPIPE     0x08
#define REG_KEY   u"Volatile Environment"
#define REG_VALUE u"LOCALAPPDATA"
#define REG_SAVED u"RingfenceTestSaved" /* the user's own value, while ours is there */

static char16_t root_dir[PLACE_CAP], dist_dir[PLACE_CAP], probe_path[PLACE_CAP];
static char16_t local_dir[PLACE_CAP];
static char16_t run_tag[40]; /* in the names of everything others could meet */

const char16_t *const ways[2] = { u"tools\\git.exe", u"rf\\shims\\git.exe" };

/* Storage that lives as long as the test program: a few hundred bytes a call. */
static void *lasting(size_t bytes)
{
    void *at = calloc(1, bytes);

    assert_non_null(at);
    return at;
}

static void must(bool ok, const char *what, const char16_t *object)
{
    DWORD code = GetLastError();

    if (ok)
        return;
    print_error("harness: %s: %ls (Win32 %lu)\n", what, object, code);
    fail();
}

/* Places and files. */

const char16_t *place(const char16_t *relative)
{
    return text(*relative ? L"%ls\\%ls" : L"%ls%ls", root_dir, relative);
}

const char16_t *place_dist(void)
{
    return dist_dir;
}

const char16_t *place_probe(void)
{
    return probe_path;
}

const char16_t *text(const wchar_t *format, ...)
{
    static char16_t buf[70000];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnwprintf(buf, COUNT(buf), format, args);
    va_end(args);
    must(n >= 0 && (size_t)n < COUNT(buf), "text too long", format);
    return wcscpy(lasting(((size_t)n + 1) * sizeof *buf), buf);
}

bool is_there(const char16_t *full_path)
{
    return GetFileAttributesW(full_path) != INVALID_FILE_ATTRIBUTES;
}

bool is_directory(const char16_t *full_path)
{
    DWORD attributes = GetFileAttributesW(full_path);

    return attributes != INVALID_FILE_ATTRIBUTES &&
           (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* Makes every directory above the last component of a full path. */
static void make_parents(const char16_t *full_path)
{
    char16_t dir[PLACE_CAP];

    for (size_t i = 3; full_path[i]; i++) {
        if (full_path[i] != u'\\')
            continue;
        memcpy(dir, full_path, i * sizeof *dir);
        dir[i] = 0;
        if (!CreateDirectoryW(dir, NULL))
            must(GetLastError() == ERROR_ALREADY_EXISTS, "CreateDirectory", dir);
    }
}

void make_dir(const char16_t *relative)
{
    make_parents(text(L"%ls\\", place(relative)));
}

static void copy_file(const char16_t *from, const char16_t *to)
{
    make_parents(to);
    must(CopyFileW(from, to, FALSE), "CopyFile", from);
}

/* Calls visit for every entry of a directory. */
static void each_entry(const char16_t *dir,
                       void (*visit)(const char16_t *path, const WIN32_FIND_DATAW *entry,
                                     void *ctx),
                       void *ctx)
{
    WIN32_FIND_DATAW entry;
    char16_t path[PLACE_CAP];
    HANDLE find = FindFirstFileW(text(L"%ls\\*", dir), &entry);

    if (find == INVALID_HANDLE_VALUE)
        return;
    do {
        if (!wcscmp(entry.cFileName, u".") || !wcscmp(entry.cFileName, u".."))
            continue;
        swprintf(path, PLACE_CAP, L"%ls\\%ls", dir, entry.cFileName);
        visit(path, &entry, ctx);
    } while (FindNextFileW(find, &entry));
    FindClose(find);
}

static void copy_entry(const char16_t *path, const WIN32_FIND_DATAW *entry, void *ctx)
{
    char16_t to[PLACE_CAP];

    swprintf(to, PLACE_CAP, L"%ls\\%ls", (const char16_t *)ctx, entry->cFileName);
    if (entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        each_entry(path, copy_entry, to);
    else
        copy_file(path, to);
}

static void remove_entry(const char16_t *path, const WIN32_FIND_DATAW *entry, void *ctx)
{
    (void)ctx;
    if (entry->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) {
        each_entry(path, remove_entry, NULL);
        RemoveDirectoryW(path);
    } else {
        DeleteFileW(path);
    }
}

void put_tool(const char16_t *relative)
{
    copy_file(probe_path, place(relative));
}

void put_shim(const char16_t *relative)
{
    copy_file(text(L"%ls\\shims\\git.exe", dist_dir), place(relative));
}

void put_install(const char16_t *relative)
{
    char16_t to[PLACE_CAP];

    wcscpy(to, place(relative));
    each_entry(dist_dir, copy_entry, to);
}

void put_file(const char16_t *relative, const char *contents)
{
    DWORD done = 0, bytes = (DWORD)strlen(contents);
    HANDLE file;

    make_parents(place(relative));
    file = CreateFileW(place(relative), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    must(file != INVALID_HANDLE_VALUE, "CreateFile", relative);
    must(WriteFile(file, contents, bytes, &done, NULL) && done == bytes, "WriteFile",
         relative);
    CloseHandle(file);
}

void remove_file(const char16_t *relative)
{
    DeleteFileW(place(relative));
}

char *file_text(const char16_t *relative)
{
    HANDLE file =
        CreateFileW(place(relative), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    NULL, OPEN_EXISTING, 0, NULL);
    DWORD bytes = file == INVALID_HANDLE_VALUE ? 0 : GetFileSize(file, NULL);
    char *out = calloc(1, bytes + 1);
    DWORD done = 0;

    assert_non_null(out);
    if (file != INVALID_HANDLE_VALUE) {
        must(ReadFile(file, out, bytes, &done, NULL), "ReadFile", relative);
        CloseHandle(file);
    }
    return out;
}

/* Environments. */

void env_init(struct env *env)
{
    static const char16_t *const system_names[] = {
        u"SystemRoot", u"SystemDrive", u"windir",   u"ComSpec", u"USERPROFILE",
        u"HOMEDRIVE",  u"HOMEPATH",    u"USERNAME", u"OS",      u"PROCESSOR_ARCHITECTURE",
    };
    char16_t value[1024];

    *env = (struct env){ .count = 0 };
    for (size_t i = 0; i < COUNT(system_names); i++) {
        DWORD len = GetEnvironmentVariableW(system_names[i], value, COUNT(value));

        if (len > 0 && len < COUNT(value))
            env_set(env, system_names[i], value);
    }
    env_set(env, u"TEMP", place(u"usertemp"));
    env_set(env, u"TMP", place(u"usertemp"));
    env_set(env, u"PATHEXT", u".COM;.EXE;.BAT;.CMD");
    env_set(env, u"RINGFENCE_TOLD", u"1"); /* as in an activated terminal */
    GetWindowsDirectoryW(value, COUNT(value));
    env_set(env, u"PATH",
            text(L"%ls;%ls;%ls\\system32;%ls", place(u"rf\\shims"), place(u"tools"),
                 value, value));
}

void env_clear(struct env *env)
{
    while (env->count)
        free(env->var[--env->count]);
}

void env_unset(struct env *env, const char16_t *name)
{
    size_t len = wcslen(name);

    for (size_t i = 0; i < env->count;) {
        if (!_wcsnicmp(env->var[i], name, len) && env->var[i][len] == u'=') {
            free(env->var[i]);
            env->var[i] = env->var[--env->count];
        } else {
            i++;
        }
    }
}

void env_add(struct env *env, const char16_t *name_and_value)
{
    assert_true(env->count < COUNT(env->var));
    env->var[env->count++] = _wcsdup(name_and_value);
}

void env_set(struct env *env, const char16_t *name, const char16_t *value)
{
    env_unset(env, name);
    env_add(env, text(L"%ls=%ls", name, value));
}

static int compare_vars(const void *a, const void *b)
{
    return _wcsicmp(*(char16_t *const *)a, *(char16_t *const *)b);
}

/* A block for CreateProcess, to be freed. */
static char16_t *env_block(struct env *env)
{
    size_t units = 1;
    char16_t *block, *to;

    qsort(env->var, env->count, sizeof env->var[0], compare_vars);
    for (size_t i = 0; i < env->count; i++)
        units += wcslen(env->var[i]) + 1;
    to = block = calloc(units + 1, sizeof *block);
    assert_non_null(block);
    for (size_t i = 0; i < env->count; i++) {
        wcscpy(to, env->var[i]);
        to += wcslen(to) + 1;
    }
    return block;
}

/* Sinks. */

static DWORD WINAPI sink_read(void *ctx)
{
    static const size_t step = 65536;
    struct sink *s = ctx;
    char *buf = malloc(step);
    DWORD n = 0;

    while (buf && ReadFile(s->pipe, buf, (DWORD)step, &n, NULL) && n > 0) {
        EnterCriticalSection(&s->lock);
        if (s->bytes + n + 1 > s->cap) {
            s->cap = (s->bytes + n + 1) * 2;
            s->at = realloc(s->at, s->cap);
        }
        memcpy(s->at + s->bytes, buf, n);
        s->bytes += n;
        s->at[s->bytes] = 0;
        LeaveCriticalSection(&s->lock);
        WakeAllConditionVariable(&s->more);
    }
    free(buf);
    EnterCriticalSection(&s->lock);
    s->ended = true;
    LeaveCriticalSection(&s->lock);
    WakeAllConditionVariable(&s->more);
    return 0;
}

static struct sink *sink_new(void)
{
    struct sink *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->at = calloc(1, 1);
    assert_non_null(s->at);
    s->cap = 1;
    return s;
}

/* Starts reading; returns the inheritable end to write to. */
static HANDLE sink_open(struct sink *s)
{
    HANDLE write = NULL;

    InitializeCriticalSection(&s->lock);
    InitializeConditionVariable(&s->more);
    must(CreatePipe(&s->pipe, &write, NULL, 0), "CreatePipe", u"");
    SetHandleInformation(write, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    s->thread = CreateThread(NULL, 0, sink_read, s, 0, NULL);
    must(s->thread != NULL, "CreateThread", u"");
    return write;
}

bool sink_await_end(struct sink *s, DWORD ms)
{
    return WaitForSingleObject(s->thread, ms) == WAIT_OBJECT_0;
}

void sink_await(struct sink *s, const char *needle)
{
    ULONGLONG end = GetTickCount64() + PROC_LIMIT_MS;
    bool found;

    EnterCriticalSection(&s->lock);
    while (!(found = strstr(s->at, needle) != NULL) && !s->ended &&
           GetTickCount64() < end)
        SleepConditionVariableCS(&s->more, &s->lock, 1000);
    LeaveCriticalSection(&s->lock);
    if (!found) {
        print_error("never came: %s\nin: %s\n", needle, s->at);
        fail();
    }
}

static void sink_free(struct sink *s)
{
    if (!s->thread)
        return;
    if (!sink_await_end(s,
                        0)) { /* somebody still holds the pipe: leave thread and text */
        CancelSynchronousIo(s->thread);
        if (!sink_await_end(s, 1000))
            return;
    }
    CloseHandle(s->thread);
    CloseHandle(s->pipe);
    DeleteCriticalSection(&s->lock);
    free(s->at);
}

/* Programs. */

void proc_init_line(struct proc *p, const char16_t *line)
{
    *p = (struct proc){ .si = { .cb = sizeof p->si } };
    p->line = calloc(wcslen(line) + 1, sizeof *p->line);
    assert_non_null(p->line);
    wcscpy(p->line, line);
    p->out = sink_new();
    p->err = sink_new();
    env_init(&p->env);
}

void proc_init(struct proc *p, const char16_t *exe, const char16_t *tail)
{
    exe = wcscpy(lasting((wcslen(exe) + 1) * sizeof *exe), exe);
    proc_init_line(p, text(L"\"%ls\"%ls", exe, tail));
    if (wcschr(exe, u'\\'))
        p->app = _wcsdup(exe);
}

struct feed {
    HANDLE pipe;
    const char *at;
    size_t left;
};

static DWORD WINAPI feed_stdin(void *ctx)
{
    struct feed *f = ctx;
    DWORD n;

    for (; f->left > 0; f->left -= n, f->at += n)
        if (!WriteFile(f->pipe, f->at, (DWORD)(f->left < 65536 ? f->left : 65536), &n,
                       NULL))
            break;
    CloseHandle(f->pipe);
    free(f);
    return 0;
}

static HANDLE feed_start(struct proc *p)
{
    struct feed *f = malloc(sizeof *f);

    assert_non_null(f);
    *f = (struct feed){ p->in_write, p->in, p->in_bytes };
    return CreateThread(NULL, 0, feed_stdin, f, 0, NULL);
}

/* CreateProcess as p says, suspended while it is put into a job. */
static DWORD create(struct proc *p, PROCESS_INFORMATION *pi)
{
    char16_t *block = env_block(&p->env);
    DWORD flags = p->flags | CREATE_UNICODE_ENVIRONMENT | (p->job ? CREATE_SUSPENDED : 0);
    DWORD code = 0;

    if (!CreateProcessW(p->app, p->line, NULL, NULL, TRUE, flags, block,
                        p->cwd ? p->cwd : place(u"ws"), &p->si, pi))
        code = GetLastError();
    free(block);
    if (code || !p->job)
        return code;
    must(AssignProcessToJobObject(p->job, pi->hProcess), "AssignProcessToJobObject",
         p->line);
    ResumeThread(pi->hThread);
    return 0;
}

DWORD proc_try(struct proc *p)
{
    PROCESS_INFORMATION pi = { .hProcess = NULL };
    HANDLE in_read = NULL;
    DWORD code;

    if (!p->own_handles) {
        must(CreatePipe(&in_read, &p->in_write, NULL, 0), "CreatePipe", u"");
        SetHandleInformation(in_read, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
        p->si.dwFlags |= STARTF_USESTDHANDLES;
        p->si.hStdInput = in_read;
        p->si.hStdOutput = sink_open(p->out);
        p->si.hStdError = sink_open(p->err);
    }
    code = create(p, &pi);
    if (!p->own_handles) {
        CloseHandle(in_read);
        CloseHandle(p->si.hStdOutput);
        CloseHandle(p->si.hStdError);
    }
    if (code)
        return code;
    CloseHandle(pi.hThread);
    p->process = pi.hProcess;
    p->pid = pi.dwProcessId;
    if (p->in_write && !p->keep_stdin)
        p->in_thread = feed_start(p);
    return 0;
}

void proc_start(struct proc *p)
{
    DWORD code = proc_try(p);

    if (code == ERROR_INTERNAL_ERROR) { /* see was_wines_fault */
        print_message("NOTE: CreateProcess failed with 1359 (Wine): once more\n");
        sink_free(p->out);
        sink_free(p->err);
        p->out = sink_new();
        p->err = sink_new();
        code = proc_try(p);
    }

    SetLastError(code);
    must(code == 0, "CreateProcess", p->line);
}

/* lpReserved2 as the C runtime has it: count, flags, handles. */
static WORD crt_files(BYTE *at, size_t cap, const HANDLE *handle, int count)
{
    static const BYTE flags = FOPEN | FPIPE;
    size_t bytes = sizeof(int) + (size_t)count * (1 + sizeof(HANDLE));

    assert_true(bytes <= cap);
    memcpy(at, &count, sizeof count);
    for (int i = 0; i < count; i++) {
        at[sizeof count + (size_t)i] = flags;
        memcpy(at + sizeof count + (size_t)count + (size_t)i * sizeof(HANDLE), &handle[i],
               sizeof(HANDLE));
    }
    return (WORD)bytes;
}

HANDLE proc_start_with_fourth(struct proc *p)
{
    BYTE files[64];
    HANDLE read = NULL, write = NULL, nul;

    assert_true(CreatePipe(&read, &write, NULL, 0));
    SetHandleInformation(write, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    nul = CreateFileW(u"NUL", GENERIC_READ | GENERIC_WRITE, 3, NULL, OPEN_EXISTING, 0,
                      NULL);
    SetHandleInformation(nul, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    p->own_handles = true;
    p->si.dwFlags = STARTF_USESTDHANDLES;
    p->si.hStdInput = p->si.hStdOutput = p->si.hStdError = nul;
    p->si.lpReserved2 = files;
    p->si.cbReserved2 =
        crt_files(files, sizeof files, (HANDLE[]){ nul, nul, nul, write }, 4);
    proc_start(p);
    CloseHandle(write);
    CloseHandle(nul);
    return read;
}

void proc_start_on_console(struct proc *p)
{
    p->own_handles = true;
    p->si.dwFlags = STARTF_USESTDHANDLES;
    p->si.hStdInput = own_console_open(u"CONIN$");
    p->si.hStdOutput = own_console_open(u"CONOUT$");
    p->si.hStdError = own_console_open(u"CONOUT$");
    proc_start(p);
    CloseHandle(p->si.hStdInput);
    CloseHandle(p->si.hStdOutput);
    CloseHandle(p->si.hStdError);
}

void proc_wait_end(struct proc *p)
{
    if (WaitForSingleObject(p->process, PROC_LIMIT_MS) != WAIT_OBJECT_0) {
        proc_show(p);
        TerminateProcess(p->process, 9);
        print_error("still running after %u ms\n", PROC_LIMIT_MS);
        fail();
    }
    GetExitCodeProcess(p->process, &p->code);
}

void proc_wait(struct proc *p)
{
    proc_wait_end(p);
    if (p->own_handles)
        return;
    if (!sink_await_end(p->out, PROC_LIMIT_MS) ||
        !sink_await_end(p->err, PROC_LIMIT_MS)) {
        proc_show(p);
        print_error("ended, but its pipes did not\n");
        fail();
    }
}

/* About one of 5,000 CreateProcess calls fails under Wine 8 with 1359 when the machine is
 * busy, with a shim or without. */
static bool was_wines_fault(const struct proc *p)
{
    return p->code != 0 && strstr(p->err->at, "(Win32 1359)") != NULL;
}

void proc_run(struct proc *p)
{
    proc_start(p);
    proc_wait(p);
    if (p->own_handles || !was_wines_fault(p))
        return;
    print_message("NOTE: CreateProcess failed with 1359 (Wine): once more\n");
    CloseHandle(p->process);
    sink_free(p->out);
    sink_free(p->err);
    p->out = sink_new();
    p->err = sink_new();
    proc_start(p);
    proc_wait(p);
}

void proc_clear(struct proc *p)
{
    if (p->process) {
        TerminateProcess(p->process, 9);
        WaitForSingleObject(p->process, PROC_LIMIT_MS);
        CloseHandle(p->process);
    }
    if (p->in_thread) {
        WaitForSingleObject(p->in_thread, PROC_LIMIT_MS);
        CloseHandle(p->in_thread);
    }
    sink_free(p->out);
    sink_free(p->err);
    env_clear(&p->env);
    free(p->line);
    free(p->app);
    p->line = p->app = NULL;
}

void proc_show(const struct proc *p)
{
    print_error("%.400ls\n  code 0x%lx\n  stdout: %.3000s\n  stderr: %.3000s\n", p->line,
                p->code, p->out->at ? p->out->at : "", p->err->at ? p->err->at : "");
}

/* Reports. */

/* The value of the n-th `key=` line, not terminated; NULL if there is none. */
static const char *find_value(const struct proc *p, const char *key, size_t nth,
                              size_t *len)
{
    size_t key_len = strlen(key);

    for (const char *line = p->out->at; line && *line;) {
        size_t line_len = strcspn(line, "\n");

        if (line_len > key_len && !memcmp(line, key, key_len) && line[key_len] == '=' &&
            nth-- == 0) {
            *len = line_len - key_len - 1;
            return line + key_len + 1;
        }
        line += line_len + (line[line_len] == '\n');
    }
    return NULL;
}

const char *proc_value(const struct proc *p, const char *key, size_t nth)
{
    size_t len = 0;
    const char *value = find_value(p, key, nth, &len);

    return value ? memcpy(lasting(len + 1), value, len) : NULL;
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* May be freed. */
static char16_t *unhex(const char *hex, size_t hex_len)
{
    char16_t *out = calloc(hex_len / 4 + 1, sizeof *out);

    assert_non_null(out);
    for (size_t i = 0; i < hex_len / 4; i++)
        for (size_t d = 0; d < 4; d++)
            out[i] = (char16_t)(out[i] << 4 | hex_digit(hex[4 * i + d]));
    return out;
}

const char16_t *proc_text(const struct proc *p, const char *key, size_t nth)
{
    size_t len = 0;
    const char *hex = find_value(p, key, nth, &len);

    return hex && strncmp(hex, "null", 4) != 0 ? unhex(hex, len) : NULL;
}

unsigned long proc_number(const struct proc *p, const char *key)
{
    size_t len = 0;
    const char *value = find_value(p, key, 0, &len);

    if (!value) {
        proc_show(p);
        print_error("no %s in the report\n", key);
        fail();
        return 0;
    }
    return strtoul(value, NULL, 10);
}

size_t proc_count(const struct proc *p, const char *key)
{
    size_t n = 0, len;

    while (find_value(p, key, n, &len))
        n++;
    return n;
}

BOOL WINAPI swallow_ctrl_c(DWORD type)
{
    return type == CTRL_C_EVENT;
}

void proc_assert_ctrl_c_once(struct proc *p, unsigned long code)
{
    SetConsoleCtrlHandler(swallow_ctrl_c, TRUE);
    proc_start(p);
    sink_await(p->err, "up\r");
    assert_true(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0));
    proc_wait(p);
    proc_assert_code(p, code);
    proc_assert(p, proc_number(p, "ctrlc") == 1);
    SetConsoleCtrlHandler(swallow_ctrl_c, FALSE);
}

/* The n-th spelling of a variable of the child. */
static const char16_t *find_env(const struct proc *p, const char16_t *name, size_t nth)
{
    size_t name_len = wcslen(name), hex_len = 0;
    const char *hex;

    for (size_t i = 0; (hex = find_value(p, "env", i, &hex_len)) != NULL; i++) {
        char16_t *var = unhex(hex, hex_len);

        if (!_wcsnicmp(var, name, name_len) && var[name_len] == u'=' && nth-- == 0)
            return var + name_len + 1;
        free(var);
    }
    return NULL;
}

const char16_t *proc_getenv(const struct proc *p, const char16_t *name)
{
    return find_env(p, name, 0);
}

size_t proc_getenv_count(const struct proc *p, const char16_t *name)
{
    size_t n = 0;

    while (find_env(p, name, n))
        n++;
    return n;
}

const char16_t *line_tail(const char16_t *line)
{
    bool quoted = false;

    for (; *line && (quoted || (*line != u' ' && *line != u'\t')); line++)
        if (*line == u'"')
            quoted = !quoted;
    return line;
}

bool has_one_message(const char *err)
{
    static const char head[] = "ringfence: ";
    const char *end = strchr(err, '\n');

    if (strncmp(err, head, sizeof head - 1) != 0 || !end)
        return false;
    for (err = end + 1; *err; err = end + 1) { /* only an indented hint may follow */
        end = strchr(err, '\n');
        if (strncmp(err, "  ", 2) != 0 || !end)
            return false;
    }
    return true;
}

size_t count_messages(const char *err)
{
    size_t n = 0;

    for (const char *at = err; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        n += !strncmp(at, "ringfence: ", 11);
    return n;
}

bool contains_text(const char *haystack, const char16_t *needle)
{
    char narrow[PLACE_CAP * 3];

    WideCharToMultiByte(CP_UTF8, 0, needle, -1, narrow, sizeof narrow, NULL, NULL);
    return strstr(haystack, narrow) != NULL;
}

/* The log of starts, and events. */

void log_enable(struct env *env)
{
    env_set(env, u"PROBE_LOG", place(u"log.txt"));
}

void log_reset(void)
{
    remove_file(u"log.txt");
}

size_t log_count(void)
{
    char *log = file_text(u"log.txt");
    size_t lines = 0;

    for (const char *at = log; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    free(log);
    return lines;
}

HANDLE event_new(const char16_t **name)
{
    static unsigned n;
    HANDLE event;

    *name = text(L"%ls-%u", run_tag, n++);
    event = CreateEventW(NULL, TRUE, FALSE, *name);
    must(event != NULL, "CreateEvent", *name);
    return event;
}

void skip_because(const char *reason)
{
    print_message("SKIP: %s\n", reason);
    skip();
}

void await(HANDLE object)
{
    must(WaitForSingleObject(object, PROC_LIMIT_MS) == WAIT_OBJECT_0, "never came",
         u"event");
}

/* The registry's LOCALAPPDATA, and the run as a whole. */

static bool reg_read(HKEY key, const char16_t *name, char16_t *value, DWORD cap)
{
    DWORD bytes = cap * (DWORD)sizeof *value;

    return RegGetValueW(key, NULL, name, RRF_RT_REG_SZ, NULL, value, &bytes) == 0;
}

static void reg_write(HKEY key, const char16_t *name, const char16_t *value)
{
    RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)value,
                   (DWORD)((wcslen(value) + 1) * sizeof *value));
}

/* Points LOCALAPPDATA at root\local.  A value saved by a run that was killed stays the
 * user's. */
static void local_redirect(void)
{
    char16_t value[PLACE_CAP];
    HKEY key = NULL;

    RegCreateKeyExW(HKEY_CURRENT_USER, REG_KEY, 0, NULL, REG_OPTION_VOLATILE,
                    KEY_READ | KEY_WRITE, NULL, &key, NULL);
    if (!reg_read(key, REG_SAVED, value, COUNT(value))) {
        if (!reg_read(key, REG_VALUE, value, COUNT(value)))
            value[0] = 0;
        reg_write(key, REG_SAVED, value);
    }
    reg_write(key, REG_VALUE, local_dir);
    RegCloseKey(key);
}

static void local_restore(void)
{
    char16_t value[PLACE_CAP];
    HKEY key = NULL;

    if (RegOpenKeyExW(HKEY_CURRENT_USER, REG_KEY, 0, KEY_READ | KEY_WRITE, &key) != 0)
        return;
    if (reg_read(key, REG_SAVED, value, COUNT(value)) && value[0])
        reg_write(key, REG_VALUE, value);
    else
        RegDeleteValueW(key, REG_VALUE);
    RegDeleteValueW(key, REG_SAVED);
    RegCloseKey(key);
}

static int set_up(void **state)
{
    static const char16_t *const names[] = { u"git", u"ssh", u"scp", u"curl", u"python" };
    char16_t temp[PLACE_CAP], raw[PLACE_CAP];
    LARGE_INTEGER ticks;

    (void)state;
    GetTempPathW(COUNT(raw), raw);
    if (!GetLongPathNameW(raw, temp, COUNT(temp)))
        wcscpy(temp, raw);
    QueryPerformanceCounter(&ticks);
    swprintf(run_tag, COUNT(run_tag), L"rf-e2e-%lu-%lx", GetCurrentProcessId(),
             ticks.LowPart);
    swprintf(root_dir, PLACE_CAP, L"%ls%ls", temp, run_tag);
    swprintf(local_dir, PLACE_CAP, L"%ls\\local", root_dir);
    put_install(u"rf");
    for (size_t i = 0; i < COUNT(names); i++)
        put_tool(text(L"tools\\%ls.exe", names[i]));
    make_dir(u"ws");
    make_dir(u"local");
    make_dir(u"usertemp");
    local_redirect();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    local_restore();
    if (!GetEnvironmentVariableW(u"RINGFENCE_TEST_KEEP", NULL, 0)) {
        each_entry(text(L"\\\\?\\%ls", root_dir), remove_entry, NULL);
        RemoveDirectoryW(root_dir);
    }
    return 0;
}

int harness_main(int argc, wchar_t **argv, const char *name,
                 const struct CMUnitTest *tests, size_t count, bool own_console)
{
    bool inner = argc > 3 && !wcscmp(argv[3], L"--inner");

    if (argc < 3) {
        fprintf(stderr, "usage: test DIST PROBE\n");
        return 125;
    }
    if (own_console && !inner)
        return own_console_run();
    GetFullPathNameW(argv[1], PLACE_CAP, dist_dir, NULL);
    GetFullPathNameW(argv[2], PLACE_CAP, probe_path, NULL);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    return _cmocka_run_group_tests(name, tests, count, set_up, tear_down);
}

bool under_wine(void)
{
    return GetProcAddress(GetModuleHandleW(u"ntdll.dll"), "wine_get_version") != NULL;
}
