/* SPDX-License-Identifier: MIT
 *
 * ringfence dead-port: where proxy variables point while the network is off.
 */
#include "cli.h"
#include "core/exitcode.h"
#include "win/net.h"
#include "win/out.h"

/* 9 (discard) and others below the ports that programs get at random, so that a port
 * found closed stays so. */
uint16_t cmd_choose_dead_port(void)
{
    static const uint16_t ports[] = { 9, 1, 2, 3, 4, 5, 6, 8 };

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        if (!net_listens(ports[i]))
            return ports[i];
    return ports[0];
}

uint32_t cmd_dead_port(struct cli *cli)
{
    char16_t text[8];
    struct u16buf port = U16BUF(text);

    if (cli_next(cli))
        return cli_complain("dead-port takes no words", u16buf_text(&cli->word));
    u16buf_add_dec(&port, cmd_choose_dead_port());
    out_line(OUT_STDOUT, text);
    return EXIT_OK;
}
