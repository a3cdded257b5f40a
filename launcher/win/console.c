#include "win/console.h"

#include "win/dll.h"

/* Without a console GetConsoleCP has no code page to give.  A process that Wine starts
 * from a shell without a terminal has none either, but its children inherit their handles
 * as usual; Wine keeps the flag itself in the process parameters. */
bool console_is_detached(void)
{
    PROCESS_BASIC_INFORMATION basic;

    if (GetConsoleCP() != 0)
        return false;
    if (!dll_loaded(u"ntdll.dll", "wine_get_version") ||
        !NT_SUCCESS(NtQueryInformationProcess(
            GetCurrentProcess(), ProcessBasicInformation, &basic, sizeof basic, NULL)))
        return true;
    return !basic.PebBaseAddress->ProcessParameters->Reserved2[0]; /* ConsoleHandle */
}

static BOOL WINAPI on_signal(DWORD type)
{
    if (type != CTRL_C_EVENT && type != CTRL_BREAK_EVENT)
        Sleep(INFINITE); /* returning would end us before the child's own clean-up is
                            done; its exit, on the main thread, ends this wait as well */
    return TRUE;
}

void console_leave_signals_to_child(void)
{
    SetConsoleCtrlHandler(on_signal, TRUE);
}
