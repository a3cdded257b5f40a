/* SPDX-License-Identifier: MIT
 *
 * A shim of git that is told what no shim can be told: `--level enforced
 * --allow-unproven`, so that the way through the runner can be measured where nothing
 * proves it.  All else is the shims' own, exec_run.  Lies beside them.
 */
#include "core/cmdline.h"
#include "exec.h"

void entry(void);

__attribute__((force_align_arg_pointer)) void entry(void)
{
    static struct exec_request request; /* not const: it would lie in the file */

    request.tool = U16S("git");
    request.tail = cmdline_tail(u16s_of(GetCommandLineW()));
    request.wish.has_want = request.wish.allow_unproven = true;
    request.wish.want = LEVEL_WANT_ENFORCED;
    ExitProcess(exec_run(&request));
}
