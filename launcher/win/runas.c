#include "win/runas.h"

#include <shellapi.h>

#include "win/dll.h"

#define APARTMENT 6u /* COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE */

typedef HRESULT(WINAPI *co_initialize)(void *, DWORD);
typedef HWND(WINAPI *get_console_window)(void);

/* Before Windows Vista there is nothing to ask, and every token is a full one. */
static bool is_elevated(void)
{
    auto_handle HANDLE token = NULL;
    TOKEN_ELEVATION elevation = { .TokenIsElevated = 1 };
    ULONG needed = 0;

    if (!NT_SUCCESS(NtOpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)))
        return false;
    if (!NT_SUCCESS(NtQueryInformationToken(token, TokenElevation, &elevation,
                                            sizeof elevation, &needed)))
        return true;
    return elevation.TokenIsElevated;
}

static bool start_directly(const char16_t *program, const char16_t *arguments,
                           const char16_t *directory, HANDLE *process, struct err *err)
{
    static char16_t text[WIN_PATH_CAP];
    STARTUPINFOW start = { .cb = sizeof start };
    struct u16buf line = U16BUF(text);
    PROCESS_INFORMATION pi;

    u16buf_addc(&line, u'"');
    u16buf_addz(&line, program);
    u16buf_addz(&line, u"\" ");
    u16buf_addz(&line, arguments);
    if (line.cut)
        return err_set(err, ERR_WIN32, ERROR_FILENAME_EXCED_RANGE, "CreateProcessW",
                       program);
    if (!CreateProcessW(program, text, NULL, NULL, FALSE, DETACHED_PROCESS, NULL,
                        directory, &start, &pi))
        return err_win32(err, "CreateProcessW", program);
    CloseHandle(pi.hThread);
    *process = pi.hProcess;
    return true;
}

static bool ask_and_start(const char16_t *program, const char16_t *arguments,
                          const char16_t *directory, HANDLE *process, struct err *err)
{
    HMODULE shell = dll_system(u"shell32.dll"), ole = dll_system(u"ole32.dll");
    __typeof__(ShellExecuteExW) *execute =
        shell ? (__typeof__(execute))(void (*)(void))GetProcAddress(shell,
                                                                    "ShellExecuteExW")
              : NULL;
    co_initialize initialize =
        ole ? (co_initialize)(void (*)(void))GetProcAddress(ole, "CoInitializeEx") : NULL;
    get_console_window window = (get_console_window)(void (*)(void))dll_loaded(
        u"kernel32.dll", "GetConsoleWindow");
    SHELLEXECUTEINFOW info = { .cbSize = sizeof info,
                               .fMask = SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC |
                                        SEE_MASK_FLAG_NO_UI,
                               .hwnd = window ? window() : NULL,
                               .lpVerb = u"runas",
                               .lpFile = program,
                               .lpParameters = arguments,
                               .lpDirectory = directory,
                               .nShow = SW_HIDE };

    if (!execute)
        return err_rule(err, "ShellExecuteExW is missing", NULL);
    if (initialize)
        initialize(NULL, APARTMENT); /* for shell extensions, which may be in its way */
    if (!execute(&info))
        return err_win32(err, "ShellExecuteExW", program);
    if (!info.hProcess)
        return err_rule(err, "the elevated program was started out of sight", program);
    *process = info.hProcess;
    return true;
}

bool runas_start(const char16_t *program, const char16_t *arguments, HANDLE *process,
                 struct err *err)
{
    char16_t system[MAX_PATH + 1]; /* the current directory is not to be held */

    if (!GetSystemDirectoryW(system, MAX_PATH))
        return err_win32(err, "GetSystemDirectoryW", NULL);
    return is_elevated() ? start_directly(program, arguments, system, process, err)
                         : ask_and_start(program, arguments, system, process, err);
}
