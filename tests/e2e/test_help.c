/* SPDX-License-Identifier: MIT
 *
 * Claim: whatever is typed wrong, one line says what and where help is; help names every
 * command and option that the README does, and is asked for in any way a user may try.
 */
#include "harness.h"

static void ringfence(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L"%ls", words));
    proc_run(p);
}

static void help__any__names_every_command_and_option(void **state)
{
    static const char *const words[] = {
        "ringfence run [--level L] [--require L] [--network on|off] [--root DIR]... -- CMD",
        "ringfence status [--json]",
        "ringfence doctor [--json]",
        "ringfence log [--json] [--since 30m|12h|7d|2026-11-20]",
        "ringfence prepare [--level L] [--root DIR]...",
        "ringfence grant [--dry-run] [--json] [DIR]",
        "ringfence clean [--dry-run] [--json] [PATH | --all]",
        "ringfence explain [--level L] [--json] read|write|delete|rename PATH",
        "ringfence verify [--level standard|strict|enforced] [--lowered] [--canary] [--row "
        "ID]... [--json]",
        "ringfence verify --list [--json]",
        "ringfence setup --user [--background] [--undo] [--dry-run] [--json]",
        "ringfence setup [install | repair] [--plan] [--json] [--loopback "
        "none|all|PORT,...]",
        "ringfence setup status [--json]",
        "ringfence setup uninstall [--plan] [--json] [--keep-accounts]",
        "ringfence shim add NAME | list | remove NAME",
        "ringfence policy [--json]",
        "ringfence dead-port",
        "ringfence version",
        "ringfence help [COMMAND]",
    };
    struct proc p;

    (void)state;
    ringfence(&p, u" help");
    proc_assert_code(&p, 0);
    for (size_t i = 0; i < COUNT(words); i++) {
        const char *at = strstr(p.out->at, words[i]);

        if (!at)
            print_message("help does not say: %s\n", words[i]);
        proc_assert(&p, at);
        proc_assert(&p, !strstr(at + 1, words[i]));
    }
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void help__asked_for_in_any_way__is_the_same(void **state)
{
    static const char16_t *const asked[] = { u" --help", u" -h", u" -?", u" /?" };
    struct proc p, other;

    (void)state;
    ringfence(&p, u" help");
    for (size_t i = 0; i < COUNT(asked); i++) {
        ringfence(&other, asked[i]);
        proc_assert_code(&other, 0);
        proc_assert(&other, !strcmp(p.out->at, other.out->at));
        proc_clear(&other);
    }
    proc_clear(&p);
}

static void help__of_one_command__all_of_its_uses_and_no_other(void **state)
{
    static const char16_t *const asked[] = { u" help setup", u" setup --help",
                                             u" setup -h", u" setup /?" };
    struct proc p;

    (void)state;
    for (size_t i = 0; i < COUNT(asked); i++) {
        ringfence(&p, asked[i]);
        proc_assert_code(&p, 0);
        proc_assert(&p, strstr(p.out->at, "ringfence setup --user "));
        proc_assert(&p, strstr(p.out->at, "ringfence setup uninstall "));
        proc_assert(&p, !strstr(p.out->at, "ringfence status"));
        proc_assert(&p, p.err->bytes == 0);
        proc_clear(&p);
    }
}

/* What is no option of ours is the tool's. */
static void help__of_a_tool__is_the_tools(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u" run -- probe --help");
    proc_assert(&p, !strstr(p.out->at, "ringfence run"));
    proc_clear(&p);
}

static void nothing__any__help_on_stderr_and_125(void **state)
{
    struct proc p;

    (void)state;
    ringfence(&p, u"");
    proc_assert_code(&p, 125);
    proc_assert(&p, p.out->bytes == 0);
    proc_assert(&p, strstr(p.err->at, "ringfence run "));
    proc_clear(&p);
}

static void wrong__any__one_line_with_the_word_and_the_help(void **state)
{
    static const struct {
        const char16_t *words;
        const char *line;
    } all[] = {
        { u" bogus", "ringfence: unknown command: bogus (ringfence help)\n" },
        { u" help bogus", "ringfence: unknown command: bogus (ringfence help)\n" },
        { u" --status", "ringfence: unknown command: --status (ringfence help)\n" },
        { u" status --foo",
          "ringfence: unknown option: --foo (ringfence help status)\n" },
        { u" run -n on -- git", "ringfence: unknown option: -n (ringfence help run)\n" },
        { u" run --level", "ringfence: option without its value: --level (ringfence help "
                           "run)\n" },
        { u" shim bogus",
          "ringfence: shim add, list or remove, not: bogus (ringfence help "
          "shim)\n" },
        { u" shim add", "ringfence: shim add which tool? (ringfence help shim)\n" },
        { u" shim list x",
          "ringfence: shim list takes no words: x (ringfence help shim)\n" },
        { u" shim add a b", "ringfence: shim takes one tool, not also: b (ringfence help "
                            "shim)\n" },
        { u" policy show x", "ringfence: policy takes no words: x (ringfence help "
                             "policy)\n" },
        { u" version x", "ringfence: version takes no words: x (ringfence help "
                         "version)\n" },
    };
    struct proc p;

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        ringfence(&p, all[i].words);
        if (strcmp(p.err->at, all[i].line) != 0)
            print_message("not: %s", all[i].line);
        proc_assert(&p, !strcmp(p.err->at, all[i].line));
        proc_assert(&p, p.out->bytes == 0);
        proc_assert_code(&p, 125);
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help__any__names_every_command_and_option),
        cmocka_unit_test(help__asked_for_in_any_way__is_the_same),
        cmocka_unit_test(help__of_one_command__all_of_its_uses_and_no_other),
        cmocka_unit_test(help__of_a_tool__is_the_tools),
        cmocka_unit_test(nothing__any__help_on_stderr_and_125),
        cmocka_unit_test(wrong__any__one_line_with_the_word_and_the_help),
    };
    return harness_main(argc, argv, "help", tests, COUNT(tests), false);
}
