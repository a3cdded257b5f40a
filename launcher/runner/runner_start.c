#include "runner/runner.h"

#include "core/crtfds.h"
#include "win/dll.h"

#define JOB_LIST    0x2000Du /* PROC_THREAD_ATTRIBUTE_JOB_LIST, Windows 10 */
#define HANDLE_LIST 0x20002u /* PROC_THREAD_ATTRIBUTE_HANDLE_LIST, Windows Vista */
#define PSEUDO_CONSOLE                                                                   \
    0x20016u /* PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, Windows 10 1809                     \
              */

typedef BOOL(WINAPI *init_list)(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD, DWORD, PSIZE_T);
typedef BOOL(WINAPI *update_list)(LPPROC_THREAD_ATTRIBUTE_LIST, DWORD, DWORD_PTR, PVOID,
                                  SIZE_T, PVOID, PSIZE_T);
typedef VOID(WINAPI *delete_list)(LPPROC_THREAD_ATTRIBUTE_LIST);

/* What CreateProcessAsUserW is given beside the frame. */
struct launch {
    HANDLE token;
    struct token_security security;
    HANDLE given[WIRE_FDS]; /* all that came with the frame; closed in the end */
    size_t given_count;
    HANDLE std[3];            /* as STARTUPINFO has them; NULL: none, or the console's */
    HANDLE inherit[WIRE_FDS]; /* these, and what more descriptors of the C runtime have */
    size_t inherit_count;
    uint8_t fds[4 + WIRE_FDS * (1 + sizeof(HANDLE))]; /* those, for STARTUPINFO */
    size_t fds_bytes;
    HANDLE job;
    void *console;   /* a pseudo console */
    HANDLE keyboard; /* the end of its input that nobody writes to */
    STARTUPINFOEXW startup;
    _Alignas(16) uint8_t room[512]; /* for the attribute list */
    bool has_list;
    bool born;   /* the list puts the child into the job */
    bool leaves; /* it leaves the job that we are in, which ours then nests in no more */
};

bool runner_make_token(const struct wire_start *start, HANDLE *token,
                       struct token_security *security, bool *kept, struct err *err)
{
    struct fence_parts parts = { .root_count = start->root_count,
                                 .run = sid_ours(start->run),
                                 .user = runner.self,
                                 .has_logon = runner.apart || runner.has_logon,
                                 .logon = runner.apart ? runner.station : runner.logon };
    struct fence_list list;
    enum level_token made;
    bool apart = true;

    for (size_t i = 0; i < start->root_count; i++)
        parts.root[i] = sid_ours(start->root[i]);
    fence_list(FENCE_STANDARD, &parts, &list);
    EnterCriticalSection(&runner.token_lock);
    made = runner.apart ? token_restrict_apart(&list, token, &apart, err)
                        : token_restrict(&list, token, err);
    LeaveCriticalSection(&runner.token_lock);
    if (!*token)
        return false;
    if (!apart)
        return err_rule(err, "the token's logon SID can still grant", NULL);
    *kept = made == LEVEL_TOKEN_RESTRICTED;
    if (*kept && start->flags & WIRE_START_LOWERED && !token_lower(*token, err))
        return false;
    token_child_security(&runner.self, &parts.run, security);
    return token_set_default_dacl(*token, security, err);
}

/* A handle of a client's: a file, a pipe or a character device, and inheritable, as none
 * of this process's own are.  A number that is none of these was never given to us. */
static bool is_given(HANDLE h)
{
    DWORD flags = 0;

    return GetFileType(h) != FILE_TYPE_UNKNOWN && GetHandleInformation(h, &flags) &&
           flags & HANDLE_FLAG_INHERIT;
}

static bool take_handles(const struct wire_start *start, struct launch *l,
                         struct err *err)
{
    size_t count = 0; /* of descriptors the C runtime is told of */
    bool ok = true;

    for (size_t i = 0; i < WIRE_FDS; i++) {
        HANDLE h = (HANDLE)(uintptr_t)start->handle[i];

        if (!h)
            continue;
        if (!is_given(h)) {
            ok = false;
            continue;
        }
        l->given[l->given_count++] = h;
        if (i < 2 && start->flags & WIRE_START_TERMINAL)
            continue; /* its console's */
        if (i < 3)
            l->std[i] = h;
        l->inherit[l->inherit_count++] = h;
        if (start->fd_flags[i])
            count = i + 1;
    }
    l->fds_bytes = crtfds_write(start->fd_flags, start->handle, count, sizeof(HANDLE),
                                l->fds, sizeof l->fds);
    return ok ||
           err_rule(err, "a handle of the command is not in the runner's table", NULL);
}

static void close_handles(struct launch *l)
{
    for (size_t i = 0; i < l->given_count; i++)
        CloseHandle(l->given[i]);
}

/* The console that START asks for, or one that nobody sees. */
static bool make_console(const struct wire_start *start, struct launch *l,
                         struct err *err)
{
    bool hidden = !(start->flags & (WIRE_START_TERMINAL | WIRE_START_DETACHED)) &&
                  runner.console == RUNNER_PSEUDO;

    if (hidden)
        return runner_console_open_hidden(&l->console, &l->keyboard, err);
    return !(start->flags & WIRE_START_TERMINAL) ||
           runner_console_open(start, &l->console, err);
}

/* The list of what is inherited and, where the system takes it, the job to be born in. */
static bool make_list(struct launch *l, struct err *err)
{
    init_list init = (init_list)(void (*)(void))dll_loaded(
        u"kernel32.dll", "InitializeProcThreadAttributeList");
    update_list update = (update_list)(void (*)(void))dll_loaded(
        u"kernel32.dll", "UpdateProcThreadAttribute");
    LPPROC_THREAD_ATTRIBUTE_LIST list = (LPPROC_THREAD_ATTRIBUTE_LIST)(void *)l->room;
    SIZE_T bytes = sizeof l->room;

    if (!init || !update)
        return true;
    if (!init(list, 3, 0, &bytes))
        return err_win32(err, "InitializeProcThreadAttributeList", NULL);
    l->has_list = true;
    l->startup.lpAttributeList = list;
    if (l->inherit_count && !update(list, 0, HANDLE_LIST, l->inherit,
                                    l->inherit_count * sizeof(HANDLE), NULL, NULL))
        return err_win32(err, "UpdateProcThreadAttribute(HANDLE_LIST)", NULL);
    if (l->console &&
        !update(list, 0, PSEUDO_CONSOLE, l->console, sizeof l->console, NULL, NULL))
        return err_win32(err, "UpdateProcThreadAttribute(PSEUDOCONSOLE)", NULL);
    l->born = update(list, 0, JOB_LIST, &l->job, sizeof l->job, NULL, NULL);
    return true;
}

static void drop_list(struct launch *l)
{
    delete_list drop = (delete_list)(void (*)(void))dll_loaded(
        u"kernel32.dll", "DeleteProcThreadAttributeList");

    if (l->has_list && drop)
        drop(l->startup.lpAttributeList);
    l->has_list = false;
}

static void fill_startup(struct launch *l)
{
    STARTUPINFOW *si = &l->startup.StartupInfo;

    si->cb = l->has_list ? sizeof l->startup : sizeof *si;
    si->dwFlags = STARTF_USESTDHANDLES;
    si->hStdInput = l->std[0];
    si->hStdOutput = l->std[1];
    si->hStdError = l->std[2];
    if (l->fds_bytes > 4) {
        si->lpReserved2 = l->fds;
        si->cbReserved2 = (WORD)l->fds_bytes;
    }
    si->lpDesktop = runner.desktop[0] ? runner.desktop : NULL;
}

static DWORD console_flag(const struct wire_start *start, const struct launch *l)
{
    if (l->console)
        return 0;
    return start->flags & WIRE_START_DETACHED || runner.console == RUNNER_DETACHED
               ? DETACHED_PROCESS
               : CREATE_NO_WINDOW;
}

/* 0, or the Win32 code.  A second time where Wine starts nothing now and then (1359). */
static DWORD create(const struct wire_start *start, struct launch *l,
                    PROCESS_INFORMATION *pi)
{
    dll_create_process_as_user as_user =
        (dll_create_process_as_user)(void (*)(void))dll_security("CreateProcessAsUserW");
    DWORD flags = CREATE_UNICODE_ENVIRONMENT |
                  (l->has_list ? EXTENDED_STARTUPINFO_PRESENT : 0) |
                  (l->born ? 0 : CREATE_SUSPENDED) |
                  (l->leaves ? CREATE_BREAKAWAY_FROM_JOB : 0) | console_flag(start, l);
    DWORD code = ERROR_PROC_NOT_FOUND;

    for (int i = 0; as_user && i < 2; i++) {
        /* The frame is this connection's own, and CreateProcess may write to the line. */
        if (as_user(l->token, start->program.at, (char16_t *)start->line.at,
                    &l->security.attributes, &l->security.attributes,
                    l->inherit_count > 0, flags, (void *)start->environment.at,
                    start->cwd.at, &l->startup.StartupInfo, pi))
            return 0;
        code = GetLastError();
        if (code != ERROR_INTERNAL_ERROR)
            break;
    }
    return code ? code : ERROR_GEN_FAILURE;
}

/* Looks whether the child is in the job, which it enters here if it was not born there;
 * what is not does not run. */
static bool confine(const struct launch *l, const PROCESS_INFORMATION *pi,
                    struct err *err)
{
    BOOL in_job = FALSE;

    if (!l->born && !AssignProcessToJobObject(l->job, pi->hProcess))
        err_win32(err, "AssignProcessToJobObject", NULL);
    else if (!IsProcessInJob(pi->hProcess, l->job, &in_job) || !in_job)
        err_rule(err, "the child is not in its job", NULL);
    else if (!l->born && ResumeThread(pi->hThread) == (DWORD)-1)
        err_win32(err, "ResumeThread", NULL);
    else
        return true;
    TerminateProcess(pi->hProcess, ERROR_ACCESS_DENIED);
    return false;
}

/* Else the console would end with this launch, and the child with it. */
static bool keep_console(struct launch *l, const PROCESS_INFORMATION *pi, struct err *err)
{
    struct runner_kept kept = { l->console, l->keyboard, pi->hProcess, pi->dwProcessId };

    if (!l->console)
        return true;
    if (!runner_console_keep(&kept, err)) {
        TerminateProcess(pi->hProcess, ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    l->console = NULL;
    l->keyboard = NULL;
    return true;
}

/* Once, with a job that limits windows or one that does not.  *ran is whether something
 * may have run. */
static bool start_once(const struct wire_start *start, struct launch *l, uint32_t *got,
                       PROCESS_INFORMATION *pi, bool *ran, struct err *err)
{
    DWORD code = 0;
    bool ok = false;

    *ran = false;
    if (!make_list(l, err))
        return false;
    fill_startup(l);
    l->leaves = runner.in_job && *got & WIRE_GOT_UI;
    code = create(start, l, pi);
    if (code)
        return err_set(err, ERR_WIN32, code, "CreateProcessAsUserW", start->program.at);
    ok = confine(l, pi, err);
    *ran = ok || l->born;
    ok = ok && keep_console(l, pi, err);
    CloseHandle(pi->hThread);
    if (!ok)
        CloseHandle(pi->hProcess);
    return ok;
}

/* A job with limits on windows nests in no other, so the child has to leave the one that
 * the logon service put us into; where that may not be, it does without the limits.  MS:
 * AssignProcessToJobObject, Remarks; Process Creation Flags. */
static bool start_limited(const struct wire_start *start, struct launch *l, uint32_t *got,
                          PROCESS_INFORMATION *pi, struct err *err)
{
    for (int windows = 1; windows >= 0; windows--) {
        bool ran = false;

        if (!runner_make_job(start->flags & WIRE_START_OFFLINE, windows, &l->job, got,
                             err))
            return false;
        if (start_once(start, l, got, pi, &ran, err))
            return true;
        if (ran || !l->leaves)
            return false;
        drop_list(l);
        CloseHandle(handle_take(&l->job));
    }
    return false;
}

static bool launch(const struct wire_start *start, struct launch *l,
                   struct runner_child *child, struct wire_started *out, struct err *err)
{
    PROCESS_INFORMATION pi = { 0 };
    bool kept = false;

    if (!runner_make_token(start, &l->token, &l->security, &kept, err))
        return false;
    if (!kept && !(start->flags & WIRE_START_UNPROVEN))
        return err_rule(err, "the runner's tokens keep no restricting SIDs", NULL);
    if (!make_console(start, l, err) || !start_limited(start, l, &out->got, &pi, err))
        return false;
    out->got |= (l->born ? WIRE_GOT_BORN : 0) |
                (runner.desktop[0] ? WIRE_GOT_DESKTOP : 0) |
                (start->flags & WIRE_START_TERMINAL ? WIRE_GOT_TERMINAL : 0);
    out->pid = pi.dwProcessId;
    *child = (struct runner_child){ pi.hProcess, handle_take(&l->job) };
    return true;
}

bool runner_start(const struct wire_start *start, struct runner_child *child,
                  struct wire_started *out, struct err *err)
{
    struct launch l = { 0 };
    bool ok = false;

    *out = (struct wire_started){ 0 };
    ok = take_handles(start, &l, err) && launch(start, &l, child, out, err);
    drop_list(&l);
    close_handles(&l);
    runner_console_close(l.console);
    handle_close_p(&l.keyboard);
    handle_close_p(&l.token);
    handle_close_p(&l.job);
    if (!ok)
        return false;
    out->process = (uint64_t)(uintptr_t)child->process;
    out->job = (uint64_t)(uintptr_t)child->job;
    return true;
}

void runner_child_close(struct runner_child *child)
{
    handle_close_p(&child->process);
    handle_close_p(&child->job);
    *child = (struct runner_child){ 0 };
}
