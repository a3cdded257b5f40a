/* Looked up at run time: nothing here may be imported by ringfence.exe, and a program
 * that imports the means to write into others is what virus scanners look for. */
#include "verify/act.h"

#include "win/dll.h"
#include "win/paths.h"
#include "win/pipe.h"

#define CHILD_LIMIT_MS 10000u
#define WAIT_MS        600000u
#define PIPE_MS        5000u
#define WINDOW_TRIES   100u
#define WINDOW_TRY_MS  50u
#define REGISTRY(name) ((__typeof__(&(name)))(void (*)(void))dll_security(#name))
#define USER32(name)   ((__typeof__(&(name)))(void (*)(void))in_user32(#name))
#define KERNEL(name)                                                                     \
    ((__typeof__(&(name)))(void (*)(void))dll_loaded(u"kernel32.dll", #name))

/* "HKLM\..." or "HKCU\...": the root, and *name behind it. */
static HKEY root_of(const char16_t *path, const char16_t **name)
{
    struct u16s s = u16s_of(path);

    if (!u16s_istarts(s, U16S("HKLM\\")) && !u16s_istarts(s, U16S("HKCU\\")))
        return NULL;
    *name = path + 5;
    return u16s_istarts(s, U16S("HKLM")) ? HKEY_LOCAL_MACHINE : HKEY_CURRENT_USER;
}

/* Keys close with the process. */
static DWORD set_value(const char16_t *path)
{
    __typeof__(&RegOpenKeyExW) open = REGISTRY(RegOpenKeyExW);
    __typeof__(&RegSetValueExW) set = REGISTRY(RegSetValueExW);
    const char16_t *name = NULL;
    HKEY root = root_of(path, &name), key = NULL;
    LSTATUS status;

    if (!open || !set || !root)
        return ERROR_PROC_NOT_FOUND;
    status = open(root, name, 0, KEY_SET_VALUE, &key);
    if (status == ERROR_SUCCESS)
        status = set(key, u"value", 0, REG_SZ, (const BYTE *)u"", 2);
    return (DWORD)status;
}

static DWORD create_key(const char16_t *path)
{
    __typeof__(&RegCreateKeyExW) create = REGISTRY(RegCreateKeyExW);
    const char16_t *name = NULL;
    HKEY root = root_of(path, &name), key = NULL;

    if (!create || !root)
        return ERROR_PROC_NOT_FOUND;
    return (DWORD)create(root, name, 0, NULL, REG_OPTION_VOLATILE, KEY_SET_VALUE, NULL,
                         &key, NULL);
}

static HANDLE open_process(const char16_t *id, DWORD access)
{
    uint64_t number = 0;

    if (!u16s_number(u16s_of(id), UINT32_MAX, &number)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return OpenProcess(access, FALSE, (DWORD)number);
}

static DWORD open_only(const char16_t *id, DWORD access)
{
    auto_handle HANDLE process = open_process(id, access);

    return act_result(process != NULL);
}

static DWORD terminate(const char16_t *id)
{
    auto_handle HANDLE process = open_process(id, PROCESS_TERMINATE | SYNCHRONIZE);

    if (!process || !TerminateProcess(process, 1))
        return act_result(FALSE);
    return WaitForSingleObject(process, CHILD_LIMIT_MS) == WAIT_OBJECT_0 ? ERROR_SUCCESS
                                                                         : ERROR_TIMEOUT;
}

/* Into memory made for it: nothing that is there is changed. */
static DWORD write_memory(const char16_t *id)
{
    __typeof__(&VirtualAllocEx) allocate = KERNEL(VirtualAllocEx);
    __typeof__(&WriteProcessMemory) write = KERNEL(WriteProcessMemory);
    auto_handle HANDLE process =
        open_process(id, PROCESS_VM_WRITE | PROCESS_VM_OPERATION);
    void *at = NULL;
    SIZE_T done = 0;

    if (!process)
        return act_result(FALSE);
    if (!allocate || !write)
        return ERROR_PROC_NOT_FOUND;
    at = allocate(process, NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    return act_result(at && write(process, at, "changed", 7, &done));
}

/* A thread that sleeps for no time: kernel32 lies where it lies in every process. */
static DWORD run_thread(const char16_t *id)
{
    __typeof__(&CreateRemoteThread) create = KERNEL(CreateRemoteThread);
    FARPROC sleep = dll_loaded(u"kernel32.dll", "Sleep");
    auto_handle HANDLE process =
        open_process(id, PROCESS_CREATE_THREAD | PROCESS_QUERY_INFORMATION |
                             PROCESS_VM_OPERATION | PROCESS_VM_WRITE | PROCESS_VM_READ);
    auto_handle HANDLE thread = NULL;

    if (!process)
        return act_result(FALSE);
    if (!create || !sleep)
        return ERROR_PROC_NOT_FOUND;
    thread = create(process, NULL, 0, (LPTHREAD_START_ROUTINE)(void (*)(void))sleep, NULL,
                    0, NULL);
    return act_result(thread != NULL);
}

/* With the rights that a client of it needs, and no more. */
static DWORD connect_pipe(const char16_t *name)
{
    struct pipe_end end = { 0 };
    struct err err = { 0 };

    if (!pipe_connect(name, PIPE_MS, &end, &err))
        return err.code ? err.code : ERROR_GEN_FAILURE;
    pipe_close(&end);
    return ERROR_SUCCESS;
}

static DWORD use_pipe(void)
{
    auto_handle HANDLE in = NULL;
    auto_handle HANDLE out = NULL;
    char byte = 0;
    DWORD done = 0;

    if (!CreatePipe(&in, &out, NULL, 0) || !WriteFile(out, "x", 1, &done, NULL) ||
        !ReadFile(in, &byte, 1, &done, NULL))
        return act_result(FALSE);
    return byte == 'x' ? ERROR_SUCCESS : ERROR_INVALID_DATA;
}

static DWORD run(const char16_t *program, char16_t *line, DWORD *code)
{
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    auto_handle HANDLE process = NULL;

    if (!CreateProcessW(program, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL,
                        &si, &pi))
        return act_result(FALSE);
    CloseHandle(pi.hThread);
    process = pi.hProcess;
    if (WaitForSingleObject(process, CHILD_LIMIT_MS) != WAIT_OBJECT_0)
        return ERROR_TIMEOUT;
    return act_result(GetExitCodeProcess(process, code));
}

static DWORD run_cmd(const char16_t *program)
{
    char16_t line[] = u"cmd /d /c exit 7";
    DWORD code = 0, failed = run(program, line, &code);

    if (failed)
        return failed;
    return code == 7 ? ERROR_SUCCESS : code ? code : ERROR_GEN_FAILURE;
}

/* What a child of the child can do. */
static DWORD create_by_child(const char16_t *path)
{
    static char16_t self[WIN_PATH_CAP], text[2 * WIN_PATH_CAP + 64];
    struct u16buf program = U16BUF(self), line = U16BUF(text);
    struct err err;
    DWORD code = 0, failed = 0;

    if (!paths_self(&program, &err))
        return ERROR_PATH_NOT_FOUND;
    u16buf_addz(&line, u"ringfence verify-act create \"");
    u16buf_addz(&line, path);
    u16buf_addz(&line, u"\"");
    failed = run(self, text, &code);
    return failed ? failed : code;
}

static FARPROC in_user32(const char *name)
{
    HMODULE user32 = dll_system(u"user32.dll");

    return user32 ? GetProcAddress(user32, name) : NULL;
}

/* Unseen, for messages only. */
static DWORD be_window(const char16_t *name)
{
    __typeof__(&CreateWindowExW) create = USER32(CreateWindowExW);
    __typeof__(&GetMessageW) get = USER32(GetMessageW);
    HWND window = NULL;
    MSG message;

    if (!create || !get)
        return ERROR_PROC_NOT_FOUND;
    window = create(0, u"STATIC", name, 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    if (!window)
        return act_result(FALSE);
    return act_result(get(&message, window, WM_APP, WM_APP) > 0);
}

/* The window may still be on its way. */
static DWORD post_message(const char16_t *name)
{
    __typeof__(&FindWindowExW) find = USER32(FindWindowExW);
    __typeof__(&PostMessageW) post = USER32(PostMessageW);

    if (!find || !post)
        return ERROR_PROC_NOT_FOUND;
    for (size_t i = 0; i < WINDOW_TRIES; i++) {
        HWND window = find(HWND_MESSAGE, NULL, u"STATIC", name);

        if (window)
            return act_result(post(window, WM_APP, 0, 0));
        Sleep(WINDOW_TRY_MS);
    }
    return ERROR_NOT_FOUND;
}

/* Who has it open may empty it; this one closes it as it is. */
static DWORD open_clipboard(void)
{
    __typeof__(&OpenClipboard) open = USER32(OpenClipboard);
    __typeof__(&CloseClipboard) close = USER32(CloseClipboard);

    if (!open || !close)
        return ERROR_PROC_NOT_FOUND;
    if (!open(NULL))
        return act_result(FALSE);
    return act_result(close());
}

/* The access check of CreateService is this one. */
static DWORD open_services(void)
{
    __typeof__(&OpenSCManagerW) open = REGISTRY(OpenSCManagerW);

    if (!open)
        return ERROR_PROC_NOT_FOUND;
    return act_result(open(NULL, NULL, SC_MANAGER_CREATE_SERVICE) != NULL);
}

static DWORD act_on_process(enum battery_act act, const char16_t *id)
{
    switch ((int)act) {
    case BATTERY_VM_WRITE:
        return open_only(id, PROCESS_VM_WRITE | PROCESS_VM_OPERATION);
    case BATTERY_VM_READ:
        return open_only(id, PROCESS_VM_READ);
    case BATTERY_DUP_HANDLE:
        return open_only(id, PROCESS_DUP_HANDLE);
    case BATTERY_MAY_TERMINATE:
        return open_only(id, PROCESS_TERMINATE);
    case BATTERY_MAY_THREAD:
        return open_only(id, PROCESS_CREATE_THREAD);
    case BATTERY_TERMINATE:
        return terminate(id);
    case BATTERY_MEMORY:
        return write_memory(id);
    default:
        return run_thread(id);
    }
}

DWORD act_on_other(enum battery_act act, const struct act *w)
{
    DWORD code = ERROR_SUCCESS;

    switch ((int)act) {
    case BATTERY_START:
        return ERROR_SUCCESS;
    case BATTERY_WAIT:
        Sleep(WAIT_MS); /* somebody's target; killed long before */
        return ERROR_TIMEOUT;
    case BATTERY_BE_WINDOW:
        return be_window(w->path);
    case BATTERY_SET_VALUE:
        return set_value(w->path);
    case BATTERY_CREATE_KEY:
        return create_key(w->path);
    case BATTERY_CONNECT_PIPE:
        return connect_pipe(w->path);
    case BATTERY_PIPE:
        return use_pipe();
    case BATTERY_OWN_PIPE:
        return act_own_pipe();
    case BATTERY_OWN_DIR:
        return act_own_dir(w->path);
    case BATTERY_MENDED_PIPE:
        code = act_mend();
        return code ? code : act_own_pipe();
    case BATTERY_MENDED_DIR:
        code = act_mend();
        return code ? code : act_own_dir(w->path);
    case BATTERY_CMD:
        return run_cmd(w->path);
    case BATTERY_CHILD_CREATE:
        return create_by_child(w->path);
    case BATTERY_POST:
        return post_message(w->path);
    case BATTERY_CLIPBOARD:
        return open_clipboard();
    case BATTERY_SERVICE:
        return open_services();
    default:
        return act_on_process(act, w->path);
    }
}
