/* SPDX-License-Identifier: MIT
 *
 * ringfence log: what was run, how strongly fenced, and what came of it.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "core/runlog.h"
#include "logbook.h"
#include "win/errtext.h"
#include "win/out.h"
#include "win/paths.h"

static struct {
    bool json;
    uint64_t since, shown;
    struct json out;
    struct u16buf said;
    char16_t room[8192], text[RUNLOG_TEXT_CAP], data[WIN_PATH_CAP];
    char bytes[LOGBOOK_BYTES_MAX + RUNLOG_LINE_BYTES];
} logs;

static const char *set_json(void *ctx, struct u16s value)
{
    (void)ctx, (void)value;
    logs.json = true;
    return NULL;
}

static const char *set_since(void *ctx, struct u16s value)
{
    (void)ctx;
    return runlog_since(value, win_time(), &logs.since)
               ? NULL
               : "--since is 30m, 12h, 7d or 2026-11-20, not";
}

static const struct cli_option options[] = {
    { u"--json", CLI_FLAG, set_json },
    { u"--since", CLI_VALUE, set_since },
};

static void flush(void)
{
    out_text(OUT_STDOUT, u16buf_text(&logs.said));
    logs.said = U16BUF(logs.room);
}

static void show(const struct runlog_entry *entry)
{
    logs.shown++;
    if (logs.json) {
        runlog_add_json(entry, &logs.out);
    } else {
        runlog_add_text(entry, &logs.said);
        u16buf_addc(&logs.said, u'\n');
    }
    flush();
}

/* What is no line of ours, a torn one too, is passed over. */
static void show_all(const char *at, size_t bytes)
{
    for (size_t from = 0, i = 0; i < bytes; i++) {
        struct runlog_entry entry;

        if (at[i] != '\n')
            continue;
        if (runlog_parse(&entry, at + from, i - from, logs.text) &&
            entry.time >= logs.since)
            show(&entry);
        from = i + 1;
    }
}

static bool read_both(struct err *err)
{
    struct u16buf data = U16BUF(logs.data);
    size_t bytes = 0;

    if (!paths_data(&data, err))
        return false;
    for (int older = 1; older >= 0; older--) {
        if (!logbook_read(logs.data, older, logs.bytes, &bytes, err))
            return false;
        show_all(logs.bytes, bytes);
    }
    return true;
}

uint32_t cmd_log(struct cli *cli)
{
    struct err err = { 0 };
    bool good = false;

    switch (cli_options(cli, options, sizeof options / sizeof options[0], NULL)) {
    case CLI_BAD:
        return EXIT_RINGFENCE;
    case CLI_WORD:
        return cli_complain("log takes no words", u16buf_text(&cli->word));
    case CLI_END:
        break;
    }
    logs.said = U16BUF(logs.room);
    if (logs.json) {
        json_init(&logs.out, &logs.said);
        json_open(&logs.out, NULL, u'{');
        json_number(&logs.out, "schema", 1);
        json_open(&logs.out, "runs", u'[');
    }
    good = read_both(&err);
    if (logs.json) {
        json_close(&logs.out, u']');
        json_bool(&logs.out, "complete", good);
        json_close(&logs.out, u'}');
        u16buf_addc(&logs.said, u'\n');
        flush();
    }
    if (!good)
        err_report(&err, u"read the log");
    else if (!logs.json && !logs.shown)
        out_line(OUT_STDOUT, u"no run is noted");
    return good ? EXIT_OK : EXIT_RINGFENCE;
}
