/* SPDX-License-Identifier: MIT
 *
 * One job object around this process and all it starts, so that killing it kills the
 * tree.
 */
#pragma once

#include "win/win.h"

/* Puts this process into a new job with KILL_ON_JOB_CLOSE whose only handle is *job, not
 * inheritable: whatever ends this process ends the tree, and there is no moment in which
 * a child exists outside it.  Fails with ERROR_ACCESS_DENIED where this process is in a
 * job already and jobs do not nest (before Windows 8); the tree then dies with the outer
 * job only.  may_leave keeps CREATE_BREAKAWAY_FROM_JOB working for a tool that asks for
 * it, as it does without us.  MS: AssignProcessToJobObject, Remarks. */
MUST_CHECK bool job_enclose(bool may_leave, HANDLE *job, struct err *err);

/* Lets the job's processes outlive it: call before a normal end, so that what the tool
 * left running goes on. */
void job_release(HANDLE job);
