/* SPDX-License-Identifier: MIT
 *
 * A denybin stub: named like a network tool, it says in one line why it does nothing and
 * how to allow it, and fails as that tool itself fails.  Runs with the user's rights or
 * inside a fence; starts nothing, opens nothing.
 */
#include "core/cmdline.h"
#include "core/exitcode.h"
#include "core/image.h"
#include "core/pathsearch.h"
#include "win/errtext.h"
#include "win/out.h"
#include "win/paths.h"

#define SHOWN ((size_t)200) /* units of a command line worth repeating */

void entry(void);

static const char mark[] __attribute__((section(IMAGE_SECTION), used)) =
    "Ringfence denybin " RINGFENCE_VERSION;

struct row {
    const char16_t *name;
    uint32_t exit_code;
    const char *message;
};

/* From names.txt; a copy under any other name refuses like the last row. */
static const struct row rows[] = {
#include "denybin_names.h"
    { NULL, 1, "the network is off" },
};

static const struct row *find_row(struct u16s name)
{
    const struct row *row = rows;

    while (row->name && !u16s_ieq(u16s_of(row->name), name))
        row++;
    return row;
}

/* The workspace: as the launcher says it, else where we are. */
static void add_place(struct u16buf *b)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf place = U16BUF(text);
    struct err err;
    DWORD len = GetEnvironmentVariableW(u"RINGFENCE_ROOT", text, WIN_PATH_CAP);

    if (len > 0 && len < WIN_PATH_CAP)
        place.len = len;
    else if (!paths_current(&place, &err))
        return;
    u16buf_add_ascii(b, " in ");
    u16buf_add(b, u16s_head(u16buf_text(&place), 4 * SHOWN));
}

static uint32_t refuse(void)
{
    static char16_t text[WIN_PATH_CAP], line[2048];
    struct u16buf self = U16BUF(text), b = U16BUF(line);
    struct u16s tail = u16s_trim(cmdline_tail(u16s_of(GetCommandLineW())));
    const struct row *row = NULL;
    struct u16s name;
    struct err err;

    if (!paths_self(&self, &err)) {
        err_report(&err, u"start");
        return EXIT_RINGFENCE;
    }
    name = u16s_without(pathsearch_base(u16buf_text(&self)), U16S(".exe"));
    row = find_row(name);
    u16buf_add(&b, u16s_head(name, SHOWN));
    u16buf_add_ascii(&b, " refused: ");
    u16buf_add_ascii(&b, row->message);
    add_place(&b);
    u16buf_add_ascii(&b, ". Allow once: ringfence run --network on -- ");
    u16buf_add(&b, u16s_head(name, SHOWN));
    u16buf_add_ascii(&b, tail.len ? " " : "");
    u16buf_add(&b, u16s_head(tail, SHOWN));
    u16buf_add_ascii(&b, tail.len > SHOWN ? "\u2026" : "");
    out_line(OUT_STDERR, u"ringfence: ", line);
    return row->exit_code;
}

__attribute__((force_align_arg_pointer)) void entry(void)
{
    __asm__ volatile("" ::"r"(mark)); /* keeps the section through --gc-sections */
    ExitProcess(refuse());
}
