#include "win/own_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

int own_console_run(void)
{
    STARTUPINFOW si = { .cb = sizeof si, .dwFlags = STARTF_USESTDHANDLES };
    PROCESS_INFORMATION pi = { 0 };
    static char16_t line[32768];
    DWORD code = 1;

    swprintf(line, sizeof line / sizeof line[0], L"%ls --inner", GetCommandLineW());
    si.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    si.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    si.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &si,
                       &pi)) {
        WaitForSingleObject(pi.hProcess, INFINITE);
        GetExitCodeProcess(pi.hProcess, &code);
        CloseHandle(pi.hProcess);
        CloseHandle(pi.hThread);
    }
    return (int)code;
}

bool own_console(int argc, char **argv, int *code)
{
    if (argc > 1 && strcmp(argv[1], "--inner") == 0)
        return true;
    *code = own_console_run();
    return false;
}

HANDLE own_console_open(const char16_t *name)
{
    SECURITY_ATTRIBUTES inherited = { sizeof inherited, NULL, TRUE };
    HANDLE h = CreateFileW(name, GENERIC_READ | GENERIC_WRITE,
                           FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING,
                           0, NULL);

    assert_true(h != INVALID_HANDLE_VALUE);
    return h;
}

void own_console_press(char16_t unit)
{
    HANDLE input = own_console_open(u"CONIN$");

    for (int down = 1; down >= 0; down--) {
        INPUT_RECORD key = { .EventType = KEY_EVENT };
        DWORD done = 0;

        key.Event.KeyEvent.bKeyDown = down;
        key.Event.KeyEvent.wRepeatCount = 1;
        key.Event.KeyEvent.uChar.UnicodeChar = unit;
        key.Event.KeyEvent.wVirtualKeyCode = unit == u'\r' ? VK_RETURN : 0;
        assert_true(WriteConsoleInputW(input, &key, 1, &done));
    }
    CloseHandle(input);
}

bool own_console_shows(const char16_t *wanted)
{
    static char16_t cells[65536];
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE screen = own_console_open(u"CONOUT$");
    COORD origin = { 0, 0 };
    DWORD all = 0, got = 0;

    assert_true(GetConsoleScreenBufferInfo(screen, &info));
    all = (DWORD)info.dwSize.X * (DWORD)info.dwSize.Y;
    assert_true(all < sizeof cells / sizeof cells[0]);
    assert_true(ReadConsoleOutputCharacterW(screen, cells, all, origin, &got));
    cells[got] = 0;
    CloseHandle(screen);
    return wcsstr(cells, wanted) != NULL;
}
