#include "cli.h"
#include "core/exitcode.h"
#include "grant/quarantine.h"
#include "win/dirscan.h"
#include "win/file.h"
#include "win/out.h"

/* `ringfence tell-new ROOT DIGEST NAME...` and `move-new`: what a launch has its last
 * words said by, when protected names came into being directly in a root. */

static struct {
    char16_t root[WIN_PATH_CAP], path[WIN_PATH_CAP], aside[WIN_PATH_CAP];
    uint8_t digest[SHA256_BYTES];
} new_names;

static bool read_digest(struct u16s hex)
{
    const size_t digits = 16;

    for (size_t i = 0; i < SHA256_BYTES; i += digits / 2) {
        uint64_t value = 0;

        if (!u16s_hex(u16s_head(u16s_from(hex, 2 * i), digits), &value))
            return false;
        for (size_t n = digits / 2; n > 0; n--, value >>= 8)
            new_names.digest[i + n - 1] = (uint8_t)(value & 0xFF);
    }
    return hex.len == (size_t)2 * SHA256_BYTES;
}

/* By the root's handle: whatever its path leads to by now, nothing else is moved. */
static void move(HANDLE root, struct u16s name, const char16_t *path)
{
    struct u16buf aside = U16BUF(new_names.aside);
    auto_handle HANDLE file = NULL;
    NTSTATUS status = dirscan_open_known(root, name, DELETE, &file);

    u16buf_add(&aside, name);
    if (status == 0)
        status = quarantine_move(root, file, &aside);
    if (dirscan_is_gone(status))
        return;
    out_say(OUT_STDERR,
            status
                ? "ringfence: cannot move % aside, which this run made: look at it "
                  "yourself"
                : "ringfence: this run made %, which later tools obey: it is moved aside "
                  "as %",
            path, new_names.aside);
}

static void look_at(HANDLE root, struct u16s name, bool moves)
{
    struct u16buf path = U16BUF(new_names.path);

    u16buf_addz(&path, new_names.root);
    u16buf_addc(&path, u'\\');
    u16buf_add(&path, name);
    if (moves)
        move(root, name, path.at);
    else
        out_say(OUT_STDERR,
                "ringfence: this run made %, which later tools obey. Look at it; "
                "`ringfence grant` protects it.",
                path.at);
}

uint32_t cmd_new(struct cli *cli)
{
    bool moves = u16s_is(u16buf_text(&cli->word), "move-new");
    struct u16buf path = U16BUF(new_names.root);
    auto_handle HANDLE root = NULL;
    struct err err;

    if (!cli_next(cli))
        return cli_complain("the root is missing", (struct u16s){ 0 });
    u16buf_add(&path, u16buf_text(&cli->word));
    if (!cli_next(cli) || !read_digest(u16buf_text(&cli->word)))
        return cli_complain("this is no root's digest", u16buf_text(&cli->word));
    if (path.cut || !file_open(path.at, FILE_READ_ATTRIBUTES, &root, &err))
        return EXIT_OK; /* gone, and what was in it */
    if (!quarantine_is_root(root, path.at, new_names.digest)) {
        out_say(OUT_STDERR, QUARANTINE_REPLACED, path.at);
        return EXIT_RINGFENCE;
    }
    while (cli_next(cli))
        look_at(root, u16buf_text(&cli->word), moves);
    return EXIT_OK;
}
