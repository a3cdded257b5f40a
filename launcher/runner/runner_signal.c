#include "runner/runner.h"

#include "core/exitcode.h"

#define SIGNAL_MS 5000u

bool runner_signal(const struct wire_signal *signal, struct err *err)
{
    static const char16_t word[] = u"ringfence-runner --signal ";
    char16_t line[sizeof word / sizeof word[0] + 24];
    struct u16buf b = U16BUF(line);
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    auto_handle HANDLE process = NULL;
    DWORD code = 0;

    u16buf_addz(&b, word);
    u16buf_add_dec(&b, signal->pid);
    u16buf_addc(&b, u' ');
    u16buf_add_dec(&b, signal->event);
    /* It has the account's full rights for as long as it lives: guarded from birth on. */
    if (!CreateProcessW(runner.path, line, &runner.guard.attributes,
                        &runner.guard.attributes, FALSE, DETACHED_PROCESS, NULL,
                        runner.system, &si, &pi))
        return err_win32(err, "CreateProcessW", runner.path);
    process = pi.hProcess;
    CloseHandle(pi.hThread);
    if (WaitForSingleObject(process, SIGNAL_MS) != WAIT_OBJECT_0) {
        TerminateProcess(process, ERROR_TIMEOUT);
        code = ERROR_TIMEOUT;
    } else if (!GetExitCodeProcess(process, &code)) {
        code = ERROR_GEN_FAILURE;
    }
    return code == 0 || err_set(err, ERR_WIN32, code, "GenerateConsoleCtrlEvent", NULL);
}

static BOOL WINAPI on_signal(DWORD event)
{
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT; /* it is not for us */
}

uint32_t runner_signal_main(uint32_t pid, uint32_t event)
{
    if (!AttachConsole(pid) || !SetConsoleCtrlHandler(on_signal, TRUE) ||
        !GenerateConsoleCtrlEvent(event ? CTRL_BREAK_EVENT : CTRL_C_EVENT, 0))
        return GetLastError() ? GetLastError() : ERROR_GEN_FAILURE;
    return EXIT_OK;
}
