/* SPDX-License-Identifier: MIT
 *
 * Makes of ringfence-objects.dll one that works without a fence, and says on stderr what
 * it did, for tests under Wine, where there is none.
 */
#include "objects/ownobject.h"

bool __wrap_token_is_inside(void);
SECURITY_ATTRIBUTES *__wrap_ownobject_pipe(SECURITY_ATTRIBUTES *given,
                                           struct ownobject *room);
SECURITY_ATTRIBUTES *__real_ownobject_pipe(SECURITY_ATTRIBUTES *given,
                                           struct ownobject *room);

bool __wrap_token_is_inside(void)
{
    return true;
}

SECURITY_ATTRIBUTES *__wrap_ownobject_pipe(SECURITY_ATTRIBUTES *given,
                                           struct ownobject *room)
{
    static const char mended[] = "pipe mended\n", left[] = "pipe left alone\n";
    SECURITY_ATTRIBUTES *made = __real_ownobject_pipe(given, room);
    DWORD error = GetLastError(), written = 0;

    if (made == given)
        WriteFile(GetStdHandle(STD_ERROR_HANDLE), left, sizeof left - 1, &written, NULL);
    else
        WriteFile(GetStdHandle(STD_ERROR_HANDLE), mended, sizeof mended - 1, &written,
                  NULL);
    SetLastError(error);
    return made;
}
