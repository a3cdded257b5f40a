#include "runner/runner.h"

#define NET_RATE_CLASS ((JOBOBJECTINFOCLASS)32) /* JobObjectNetRateControlInformation */
#define NET_RATE_FLAGS 3u /* ENABLE | MAX_BANDWIDTH, winnt.h of Windows 10 */

#define UI_LIMITS                                                                        \
    (JOB_OBJECT_UILIMIT_HANDLES | JOB_OBJECT_UILIMIT_READCLIPBOARD |                     \
     JOB_OBJECT_UILIMIT_WRITECLIPBOARD | JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS |           \
     JOB_OBJECT_UILIMIT_DISPLAYSETTINGS | JOB_OBJECT_UILIMIT_GLOBALATOMS |               \
     JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_EXITWINDOWS)

/* JOBOBJECT_NET_RATE_CONTROL_INFORMATION */
struct net_rate {
    DWORD64 most; /* bytes a second, outgoing */
    DWORD flags;
    BYTE dscp;
};

/* Breaking away is not allowed: the cap would stay behind. */
static bool limit_life(HANDLE job, struct err *err)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
    };

    return SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                   sizeof limits) ||
           err_win32(err, "SetInformationJobObject", NULL);
}

static bool limit_windows(HANDLE job)
{
    JOBOBJECT_BASIC_UI_RESTRICTIONS set = { .UIRestrictionsClass = UI_LIMITS };
    JOBOBJECT_BASIC_UI_RESTRICTIONS shown = { 0 };

    return SetInformationJobObject(job, JobObjectBasicUIRestrictions, &set, sizeof set) &&
           QueryInformationJobObject(job, JobObjectBasicUIRestrictions, &shown,
                                     sizeof shown, NULL) &&
           shown.UIRestrictionsClass == UI_LIMITS;
}

static bool cap_traffic(HANDLE job)
{
    struct net_rate set = { .most = 1, .flags = NET_RATE_FLAGS }, shown = { 0 };

    return SetInformationJobObject(job, NET_RATE_CLASS, &set, sizeof set) &&
           QueryInformationJobObject(job, NET_RATE_CLASS, &shown, sizeof shown, NULL) &&
           shown.most == 1 && (shown.flags & NET_RATE_FLAGS) == NET_RATE_FLAGS;
}

bool runner_make_job(bool offline, bool windows, HANDLE *job, uint32_t *got,
                     struct err *err)
{
    auto_handle HANDLE made = CreateJobObjectW(&runner.guard.attributes, NULL);

    if (!made)
        return err_win32(err, "CreateJobObjectW", NULL);
    if (!limit_life(made, err))
        return false;
    *got = 0;
    if (windows && limit_windows(made))
        *got |= WIRE_GOT_UI;
    if (offline && !runner.cap_hurts && cap_traffic(made))
        *got |= WIRE_GOT_NET_CAP;
    *job = handle_take(&made);
    return true;
}
