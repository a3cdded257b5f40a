#include "processes.h"

#include <wtsapi32.h>

#include "lookup.h"
#include "privilege.h"

#define ROUNDS   16u   /* what ends may have started another just before */
#define END_MS   5000u /* for one that was terminated to be gone */
#define NAME_CAP 128u

static struct {
    LOOKUP_MEMBER(WTSEnumerateProcessesW);
    LOOKUP_MEMBER(WTSFreeMemory);
    LOOKUP_MEMBER(OpenProcess);
    LOOKUP_MEMBER(TerminateProcess);
} api;

static bool load(struct err *err)
{
    return (LOOKUP(api, u"wtsapi32.dll", WTSEnumerateProcessesW) &&
            LOOKUP(api, u"wtsapi32.dll", WTSFreeMemory) &&
            LOOKUP(api, u"kernel32.dll", OpenProcess) &&
            LOOKUP(api, u"kernel32.dll", TerminateProcess)) ||
           err_rule(err, "wtsapi32.dll lacks WTSEnumerateProcessesW", NULL);
}

struct list {
    WTS_PROCESS_INFOW *at;
    DWORD count;
};

static bool list_get(struct list *list, struct err *err)
{
    *list = (struct list){ .at = NULL };
    return api.WTSEnumerateProcessesW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &list->at,
                                      &list->count) ||
           err_win32(err, "WTSEnumerateProcessesW", NULL);
}

static void list_free(struct list *list)
{
    if (list->at)
        api.WTSFreeMemory(list->at);
}

static bool is_of(const WTS_PROCESS_INFOW *process, const struct sid *sid)
{
    struct sid user;

    return process->pUserSid && sid_read(&user, process->pUserSid, sizeof user) &&
           sid_eq(&user, sid);
}

/* Whether the number still is a process of the account: while a handle of it is open
 * nobody else can get it. */
static enum processes is_listed(DWORD pid, const struct sid *sid, struct err *err)
{
    enum processes result = PROCESSES_NONE;
    struct list list;

    if (!list_get(&list, err))
        return PROCESSES_UNKNOWN;
    for (DWORD i = 0; i < list.count; i++)
        if (list.at[i].ProcessId == pid && is_of(&list.at[i], sid))
            result = PROCESSES_RUN;
    list_free(&list);
    return result;
}

/* "name (PID)". */
static const char16_t *name_of(const WTS_PROCESS_INFOW *process, char16_t name[NAME_CAP])
{
    struct u16buf b = u16buf_init(name, NAME_CAP);

    u16buf_add(&b, u16s_head(u16s_of(process->pProcessName), NAME_CAP - 16));
    u16buf_addz(&b, u" (");
    u16buf_add_dec(&b, process->ProcessId);
    u16buf_addc(&b, u')');
    return name;
}

/* Whether one of the account's is gone, after `end` has ended it. */
static bool is_over(const WTS_PROCESS_INFOW *listed, const struct sid *sid, bool end,
                    struct err *err)
{
    auto_handle HANDLE process = api.OpenProcess(
        (end ? PROCESS_TERMINATE : 0u) | SYNCHRONIZE, FALSE, listed->ProcessId);
    enum processes still = PROCESSES_RUN;
    char16_t name[NAME_CAP];

    if (!process) {
        if (GetLastError() == ERROR_INVALID_PARAMETER)
            return true; /* there is no such number any more */
        return err_win32(err, "OpenProcess", name_of(listed, name));
    }
    /* One that has ended stays listed as long as somebody has it open. */
    if (WaitForSingleObject(process, 0) == WAIT_OBJECT_0)
        return true;
    if (!end)
        return err_rule(err, "a process of the disabled account still runs",
                        name_of(listed, name));
    still = is_listed(listed->ProcessId, sid, err);
    if (still != PROCESSES_RUN)
        return still == PROCESSES_NONE;
    if (!api.TerminateProcess(process, ERROR_ACCOUNT_DISABLED) &&
        WaitForSingleObject(process, 0) != WAIT_OBJECT_0)
        return err_win32(err, "TerminateProcess", name_of(listed, name));
    return WaitForSingleObject(process, END_MS) == WAIT_OBJECT_0 ||
           err_rule(err, "a process was terminated and does not end",
                    name_of(listed, name));
}

/* One round over what is listed.  *any: there was something to end. */
static enum processes look(const struct sid *sid, bool end, bool *any, struct err *err)
{
    enum processes result = PROCESSES_NONE;
    struct list list;

    *any = false;
    if (!list_get(&list, err))
        return PROCESSES_UNKNOWN;
    for (DWORD i = 0; i < list.count; i++) {
        struct err why = { 0 };

        if (!is_of(&list.at[i], sid))
            continue;
        *any = true;
        if (is_over(&list.at[i], sid, end, &why) || result == PROCESSES_RUN)
            continue;
        *err = why;
        result = PROCESSES_RUN;
    }
    list_free(&list);
    return result;
}

enum processes processes_look(const struct sid *sid, struct err *err)
{
    struct err ignored;
    bool any = false;

    if (!load(err))
        return PROCESSES_UNKNOWN;
    (void)!privilege_enable_debug(&ignored); /* what it keeps closed counts as running */
    return look(sid, false, &any, err);
}

bool processes_end(const struct sid *sid, struct err *err)
{
    struct err privilege = { 0 };
    bool may = false, any = true;
    enum processes result = PROCESSES_UNKNOWN;

    if (!load(err))
        return false;
    may = privilege_enable_debug(&privilege);
    /* An empty list counts only when nothing was ended before it. */
    for (unsigned i = 0; i < ROUNDS && any; i++) {
        result = look(sid, true, &any, err);
        if (result == PROCESSES_UNKNOWN)
            return false;
        if (result == PROCESSES_RUN && i > 0)
            break; /* it will not go */
    }
    if (result == PROCESSES_NONE && any) /* each time there were others */
        result = processes_look(sid, err);
    if (result == PROCESSES_NONE)
        return true;
    return err_hint(err,
                    may ? "end it, or restart the machine, then run `ringfence setup "
                          "uninstall` again; rules and filters stay until then"
                        : "Group Policy gives administrators no `Debug programs`: "
                          "restart the machine, then run `ringfence setup "
                          "uninstall` again; rules and filters stay until then");
}
