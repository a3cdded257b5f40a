#include "win/job.h"

static bool set_limits(HANDLE job, DWORD flags)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { .BasicLimitInformation.LimitFlags =
                                                        flags };

    return SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                   sizeof limits);
}

bool job_enclose(bool may_leave, HANDLE *job, struct err *err)
{
    DWORD flags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                  (may_leave ? JOB_OBJECT_LIMIT_BREAKAWAY_OK : 0u);
    auto_handle HANDLE made = CreateJobObjectW(NULL, NULL);

    if (!made)
        return err_win32(err, "CreateJobObjectW", NULL);
    if (!AssignProcessToJobObject(made, GetCurrentProcess()))
        return err_win32(err, "AssignProcessToJobObject", NULL);
    /* Only now: from here on closing the handle, however that comes, ends this process.
     */
    if (!set_limits(made, flags))
        return err_win32(err, "SetInformationJobObject", NULL);
    *job = handle_take(&made);
    return true;
}

void job_release(HANDLE job)
{
    if (job)
        set_limits(job, 0);
}
