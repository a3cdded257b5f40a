#include "win/process.h"

#include "core/crtfds.h"
#include "win/console.h"
#include "win/dll.h"

#define FDS_MAX   2048u /* of Microsoft's runtimes */
#define LONG_PATH 248u  /* from here on CreateProcessW wants the \\?\ form */

/* What a fenced child inherits. */
static struct {
    uint64_t attributes[32]; /* a list of one has 48 bytes, of all there are below 256 */
    uintptr_t handle[FDS_MAX + 3];
    size_t count;
} list;

/* The program as CreateProcessW takes it: long paths by their \\?\ form. */
static const char16_t *application(const char16_t *program)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf b = U16BUF(text);
    struct u16s s = u16s_of(program);

    if (s.len < LONG_PATH || u16s_istarts(s, U16S("\\\\?\\")))
        return program;
    u16buf_addz(&b, u16s_istarts(s, U16S("\\\\")) ? u"\\\\?\\UNC" : u"\\\\?\\");
    u16buf_add(&b, u16s_istarts(s, U16S("\\\\")) ? u16s_from(s, 1) : s);
    return b.cut ? program : text;
}

bool process_can_choose(void)
{
    dll_init_attributes init = (dll_init_attributes)(void (*)(void))dll_loaded(
        u"kernel32.dll", "InitializeProcThreadAttributeList");
    SIZE_T bytes = sizeof list.attributes;

    return init && init((void *)list.attributes, 1, 0, &bytes);
}

static void name_std_handles(STARTUPINFOW *si)
{
    if (si->dwFlags & STARTF_USESTDHANDLES)
        return;
    si->dwFlags |= STARTF_USESTDHANDLES;
    si->hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    si->hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    si->hStdError = GetStdHandle(STD_ERROR_HANDLE);
}

static void inherit(HANDLE h)
{
    DWORD flags = 0;

    if (GetHandleInformation(h, &flags) && flags & HANDLE_FLAG_INHERIT)
        list.count =
            crtfds_list(list.handle, list.count,
                        sizeof list.handle / sizeof list.handle[0], (uintptr_t)h);
}

/* Says in *ex that the child inherits what it is to use and nothing else; not where the
 * system cannot. */
static DWORD choose(STARTUPINFOEXW *ex)
{
    STARTUPINFOW si = ex->StartupInfo;
    dll_update_attribute update = (dll_update_attribute)(void (*)(void))dll_loaded(
        u"kernel32.dll", "UpdateProcThreadAttribute");
    size_t fds = crtfds_count(si.lpReserved2, si.cbReserved2, sizeof(HANDLE));

    name_std_handles(&si);
    inherit(si.hStdInput);
    inherit(si.hStdOutput);
    inherit(si.hStdError);
    for (size_t fd = 0; fd < fds; fd++)
        inherit((HANDLE)(uintptr_t)crtfds_handle(si.lpReserved2, si.cbReserved2,
                                                 sizeof(HANDLE), fd));
    if (!process_can_choose() || !update ||
        (list.count &&
         !update((void *)list.attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                 list.handle, list.count * sizeof list.handle[0], NULL, NULL)))
        return 0;
    ex->StartupInfo.cb = sizeof *ex;
    ex->lpAttributeList = (void *)list.attributes;
    return EXTENDED_STARTUPINFO_PRESENT;
}

static bool create(const struct process_start *start, DWORD flags, STARTUPINFOEXW *ex,
                   PROCESS_INFORMATION *pi, struct err *err)
{
    STARTUPINFOW *si = &ex->StartupInfo;
    const char16_t *program = application(start->program);
    dll_create_process_as_user as_user = NULL;

    if (!start->token) {
        if (CreateProcessW(program, start->command_line, NULL, NULL, TRUE, flags,
                           start->environment, NULL, si, pi))
            return true;
        return err_win32(err, "CreateProcessW", start->program);
    }
    as_user =
        (dll_create_process_as_user)(void (*)(void))dll_security("CreateProcessAsUserW");
    if (!as_user)
        return err_rule(err, "CreateProcessAsUserW is missing", start->program);
    /* Of an empty list no child can be made: it inherits nothing at all. */
    if (!as_user(start->token, program, start->command_line, start->security,
                 start->security, !ex->lpAttributeList || list.count, flags,
                 start->environment, NULL, si, pi))
        return err_win32(err, "CreateProcessAsUserW", start->program);
    return true;
}

/* A child to which this is not done can do less with its token, and no more. */
static void secure_token(HANDLE process, void *descriptor)
{
    auto_handle HANDLE token = NULL;

    if (NT_SUCCESS(NtOpenProcessToken(process, WRITE_DAC, &token)))
        NtSetSecurityObject(token, DACL_SECURITY_INFORMATION, descriptor);
}

bool process_start(const struct process_start *start, HANDLE *process, struct err *err)
{
    STARTUPINFOEXW ex = { 0 };
    STARTUPINFOW *si = &ex.StartupInfo;
    PROCESS_INFORMATION pi = { 0 };
    DWORD flags = CREATE_UNICODE_ENVIRONMENT;
    bool runs = true;

    GetStartupInfoW(si);
    si->lpReserved = NULL; /* must be, although ours may not have been */
    if (console_is_detached()) {
        flags |= DETACHED_PROCESS;
        name_std_handles(si); /* else a detached child gets none */
    }
    if (start->token_security)
        flags |= CREATE_SUSPENDED;
    if (start->token)
        flags |= choose(&ex);
    if (!create(start, flags, &ex, &pi, err))
        return false;
    if (start->token_security) {
        secure_token(pi.hProcess, start->token_security);
        runs = ResumeThread(pi.hThread) != (DWORD)-1 ||
               err_win32(err, "ResumeThread", start->program);
    }
    CloseHandle(pi.hThread);
    if (!runs) { /* or we would wait for what never ends */
        TerminateProcess(pi.hProcess, ERROR_GEN_FAILURE);
        CloseHandle(pi.hProcess);
        return false;
    }
    *process = pi.hProcess;
    return true;
}

static bool is_pipe_or_file(HANDLE h)
{
    DWORD type = GetFileType(h);

    return type == FILE_TYPE_PIPE || type == FILE_TYPE_DISK;
}

static void drop(HANDLE h, HANDLE keep)
{
    if (h && h != INVALID_HANDLE_VALUE && h != keep && is_pipe_or_file(h))
        CloseHandle(h);
}

void process_drop_handles(bool keep_stderr)
{
    STARTUPINFOW si;
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    HANDLE error = GetStdHandle(STD_ERROR_HANDLE);
    HANDLE keep = keep_stderr ? error : NULL;
    size_t count = 0;

    GetStartupInfoW(&si);
    count = crtfds_count(si.lpReserved2, si.cbReserved2, sizeof(HANDLE));
    for (size_t fd = 3; fd < count; fd++) {
        HANDLE h = (HANDLE)(uintptr_t)crtfds_handle(si.lpReserved2, si.cbReserved2,
                                                    sizeof(HANDLE), fd);
        if (h != in && h != out && h != error)
            drop(h, keep);
    }
    drop(in, keep);
    if (out != in)
        drop(out, keep);
    if (error != in && error != out)
        drop(error, keep);
}

bool process_wait(HANDLE process, uint32_t *exit_code, struct err *err)
{
    DWORD code = 0;

    if (WaitForSingleObject(process, INFINITE) != WAIT_OBJECT_0)
        return err_win32(err, "WaitForSingleObject", NULL);
    if (!GetExitCodeProcess(process, &code))
        return err_win32(err, "GetExitCodeProcess", NULL);
    *exit_code = code;
    return true;
}
