/* SPDX-License-Identifier: MIT
 *
 * Claim: `ringfence policy` says every key of the policy by the name it has in the file,
 * and --json says the same.
 */
#include "walks.h"

static void policy(struct proc *p, const char16_t *words)
{
    proc_init(p, place(u"rf\\ringfence.exe"), text(L" policy%ls", words));
    proc_run(p);
}

static void assert_says(const struct proc *p, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!strstr(p->out->at, lines[i]))
            print_message("not said: %s\n", lines[i]);
        proc_assert(p, strstr(p->out->at, lines[i]));
    }
}

static void policy__none__the_defaults(void **state)
{
    static const char *const lines[] = {
        "file       ",          "policy.ini (not there: defaults)\n",
        "\nlevel      auto\n",  "\nrequire    advisory\n",
        "\nfence      auto\n",  "\nnetwork    off\n",
        "\ngit        protect", "\nintegrity  medium\n",
        "\nhard_links read",    "\nappeared   report\n",
    };
    struct proc p;

    (void)state;
    clear_data();
    policy(&p, u"");
    proc_assert_code(&p, 0);
    assert_says(&p, lines, COUNT(lines));
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void json__every_key__as_in_the_file(void **state)
{
    static const char *const keys[] = {
        "{\"schema\":1,\"file\":\"",
        "policy.ini\",\"there\":true,\"section\":\"\",",
        "\"level\":\"confined\",",
        "\"require\":\"confined\",",
        "\"fence\":\"strict\",",
        "\"network\":\"on\",",
        "\"root\":[\"C:\\\\more\",\"C:\\\\still more\"]",
        "\"protect\":[\".env\",\".vscode\"],",
        "\"git\":\"commit\",",
        "\"integrity\":\"lowered\",",
        "\"hard_links\":\"write\",",
        "\"appeared\":\"quarantine\",",
        "\"keep\":[\"MY_*\",\"API_KEY\"]",
    };
    struct proc p;

    (void)state;
    clear_data();
    put_file(DATA u"\\policy.ini",
             "[default]\nlevel = confined\nrequire = confined\nfence = strict\n"
             "network = on\nroot = C:\\more\nroot = C:\\still more\n"
             "protect = .env, .vscode\ngit = commit\nintegrity = lowered\n"
             "hard_links = write\nappeared = quarantine\nkeep = MY_*, API_KEY\n");
    policy(&p, u" --json");
    proc_assert_code(&p, 0);
    proc_assert(&p, is_json(p.out->at));
    assert_says(&p, keys, COUNT(keys));
    proc_clear(&p);
    clear_data();
}

static void fault__any__one_line_with_its_line(void **state)
{
    struct proc p;

    (void)state;
    clear_data();
    put_file(DATA u"\\policy.ini", "[default]\nlevle = auto\n");
    policy(&p, u" --json");
    proc_assert_refused(&p, 125);
    proc_assert(&p, contains_text(p.err->at, u"policy.ini:2: "));
    proc_clear(&p);
    clear_data();
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy__none__the_defaults),
        cmocka_unit_test(json__every_key__as_in_the_file),
        cmocka_unit_test(fault__any__one_line_with_its_line),
    };
    return harness_main(argc, argv, "policy", tests, COUNT(tests), false);
}
