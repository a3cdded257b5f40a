/* SPDX-License-Identifier: MIT
 *
 * The tool at the end of every way that the benchmark measures: as small as a program
 * gets, it exits 7.  With BENCH_HOLD in its environment it first says that it is there
 * and waits, so that the benchmark can look at what waits for it.
 */
#include <windows.h>

#define WAIT_MS 60000u /* nothing outlives a benchmark that went wrong */

void entry(void);

void entry(void)
{
    WCHAR name[32];
    DWORD len = GetEnvironmentVariableW(u"BENCH_HOLD", name, 30);

    if (len > 0 && len < 30) {
        name[len] = u'h'; /* here */
        name[len + 1] = 0;
        SetEvent(OpenEventW(EVENT_MODIFY_STATE, FALSE, name));
        name[len] = u'g'; /* go */
        WaitForSingleObject(OpenEventW(SYNCHRONIZE, FALSE, name), WAIT_MS);
    }
    ExitProcess(7);
}
