/* SPDX-License-Identifier: MIT
 *
 * ringfence verify-act ACT [PATH [OTHER [LOOK]]]: one act of the battery, done by a child
 * of `ringfence verify`.  Ends with the act's Win32 error, 0 when it was done.  Not for
 * people.
 */
#include "act.h"
#include "cli.h"

static struct act words;

static bool take_path(struct cli *cli, char16_t *to)
{
    struct u16buf b = u16buf_init(to, WIN_PATH_CAP);

    if (cli_next(cli))
        u16buf_add(&b, u16buf_text(&cli->word));
    return !b.cut;
}

uint32_t cmd_verify_act(struct cli *cli)
{
    enum battery_act act = BATTERY_START;

    if (!cli_next(cli) || !battery_act_read(u16buf_text(&cli->word), &act) ||
        !take_path(cli, words.path) || !take_path(cli, words.other) ||
        !take_path(cli, words.look))
        return ERROR_INVALID_PARAMETER;
    return act >= BATTERY_FIRST_OTHER ? act_on_other(act, &words)
                                      : act_on_file(act, &words);
}
