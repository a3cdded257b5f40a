/* SPDX-License-Identifier: MIT
 *
 * A shim: named like a tool and first on PATH, it starts the real one through the
 * launcher.  Runs with the user's rights; takes no options of its own.
 */
#include "core/cmdline.h"
#include "core/exitcode.h"
#include "core/image.h"
#include "core/pathsearch.h"
#include "exec.h"
#include "win/errtext.h"
#include "win/paths.h"

void entry(void);

/* What the launcher's tool search knows its own by: see core/image.h. */
static const char mark[] __attribute__((section(IMAGE_SECTION), used)) =
    "Ringfence shim " RINGFENCE_VERSION;

static uint32_t run(void)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf self = U16BUF(text);
    struct exec_request request = { 0 };
    struct err err;

    if (!paths_self(&self, &err)) {
        err_report(&err, u"start");
        return EXIT_RINGFENCE;
    }
    request.tool = u16s_without(pathsearch_base(u16buf_text(&self)), U16S(".exe"));
    request.tail = cmdline_tail(u16s_of(GetCommandLineW()));
    return exec_run(&request);
}

/* The stack is as the loader leaves it: x86 code with vector instructions needs it
 * aligned. */
__attribute__((force_align_arg_pointer)) void entry(void)
{
    __asm__ volatile("" ::"r"(mark)); /* keeps the section through --gc-sections */
    ExitProcess(run());
}
