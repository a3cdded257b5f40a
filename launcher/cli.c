#include "cli.h"

#include "core/cmdline.h"
#include "core/exitcode.h"
#include "win/out.h"

/* "run" and the like, or empty. */
static const char16_t *name = u"";

void cli_name(const char16_t *command)
{
    name = command;
}

bool cli_next(struct cli *cli)
{
    cli->word = u16buf_init(cli->word.at, cli->word.cap);
    return cmdline_next(&cli->rest, &cli->word);
}

uint32_t cli_complain(const char *text, struct u16s word)
{
    char16_t line[512];
    struct u16buf b = U16BUF(line);

    u16buf_add_ascii(&b, text);
    if (word.len) {
        u16buf_addz(&b, u": ");
        u16buf_add(&b, u16s_head(word, 300));
    }
    out_line(OUT_STDERR, u"ringfence: ", line, u" (ringfence help", name[0] ? u" " : u"",
             name, u")");
    return EXIT_RINGFENCE;
}

static const struct cli_option *find(const struct cli_option *options, size_t count,
                                     struct u16s wanted)
{
    for (size_t i = 0; i < count; i++)
        if (u16s_eq(u16s_of(options[i].name), wanted))
            return &options[i];
    return NULL;
}

/* One option, its name still in cli->word. */
static bool take_option(struct cli *cli, const struct cli_option *options, size_t count,
                        void *ctx)
{
    struct u16s word = u16buf_text(&cli->word);
    size_t equals = u16s_find(word, u'=', 0);
    const struct cli_option *option = find(options, count, u16s_head(word, equals));
    struct u16s value = u16s_from(word, equals + 1);
    const char *wrong = NULL;

    if (!option || (option->kind == CLI_FLAG && equals < word.len))
        return cli_complain("unknown option", word), false;
    if (option->kind == CLI_VALUE && equals == word.len) {
        if (!cli_next(cli))
            return cli_complain("option without its value", u16s_of(option->name)), false;
        value = u16buf_text(&cli->word);
    }
    wrong = option->set(ctx, value);
    if (wrong)
        cli_complain(wrong, value);
    return !wrong;
}

enum cli_end cli_options(struct cli *cli, const struct cli_option *options, size_t count,
                         void *ctx)
{
    while (cli_next(cli)) {
        struct u16s word = u16buf_text(&cli->word);

        if (u16s_eq(word, U16S("--")))
            return cli_next(cli) ? CLI_WORD : CLI_END;
        if (word.len < 2 || word.at[0] != u'-')
            return CLI_WORD;
        if (!take_option(cli, options, count, ctx))
            return CLI_BAD;
    }
    return CLI_END;
}
