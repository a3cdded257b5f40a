/* SPDX-License-Identifier: MIT
 *
 * What any shim costs at least: a program without the C runtime that starts the rest of
 * its command line, waits, and passes the exit code on.
 */
#include <windows.h>

void entry(void);

/* The command line behind the program's own name, which is quoted here. */
static WCHAR *tail(WCHAR *line)
{
    if (*line == u'"')
        line++;
    while (*line && *line != u'"')
        line++;
    while (*line == u'"' || *line == u' ')
        line++;
    return line;
}

void entry(void)
{
    static STARTUPINFOW si;
    PROCESS_INFORMATION pi;
    WCHAR *line = tail(GetCommandLineW());
    DWORD code = 125;

    GetStartupInfoW(&si);
    if (CreateProcessW(line, NULL, NULL, NULL, TRUE, 0, NULL, NULL, &si, &pi)) {
        WaitForSingleObject(pi.hProcess, INFINITE);
        GetExitCodeProcess(pi.hProcess, &code);
    }
    ExitProcess(code);
}
