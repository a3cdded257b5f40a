#include "win/console.h"

bool console_is_there(void)
{
    return GetConsoleCP() != 0;
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
