/* SPDX-License-Identifier: MIT
 *
 * Claim: npm is started as node.exe with npm's own script, without cmd.exe in between,
 * and its arguments are verbatim.
 */
#include "harness.h"

#define SCRIPT u"node\\node_modules\\npm\\bin\\npm-cli.js"

static const char16_t *const tails[] = {
    u"",
    u" install  --prefix \"a b\" ",
    u" run build -- \"c&d\" i^j e%OS%f \"a>b\" a<b ^caret",
    u" exec \"x\\\"y\" \\\\ \"tail\\\\\" \t*",
    u" view line\r\nbreak \U0001f600 \"",
};

/* A Node as its installer leaves it; npm.cmd leaves a mark when it is run. */
static void put_node(void)
{
    put_tool(u"node\\node.exe");
    put_file(u"node\\npm.cmd", "@echo batch\r\n");
    put_file(SCRIPT, "// npm\n");
}

static void run_npm(struct proc *p, const char16_t *path, const char16_t *tail)
{
    proc_init(p, place(u"rf\\shims\\npm.exe"), tail);
    env_set(&p->env, u"PATH", text(L"%ls;%ls", place(u"rf\\shims"), path));
    env_set(&p->env, u"PROBE_DO", u"module args");
    proc_run(p);
}

static void npm__beside_node__is_node_with_its_script(void **state)
{
    (void)state;
    put_node();
    for (size_t i = 0; i < COUNT(tails); i++) {
        struct proc p;
        const char16_t *want = text(L" \"%ls\"%ls", place(SCRIPT), tails[i]);

        run_npm(&p, place(u"node"), tails[i]);
        proc_assert_code(&p, 0);
        proc_assert(&p, strstr(p.out->at, "batch") == NULL);
        proc_assert(&p, proc_text(&p, "module", 0) != NULL);
        proc_assert(&p, !_wcsicmp(proc_text(&p, "module", 0), place(u"node\\node.exe")));
        if (_wcsicmp(line_tail(proc_text(&p, "line", 0)), want) != 0) {
            print_error("want <%ls>\nseen <%ls>\n", want, proc_text(&p, "line", 0));
            fail();
        }
        proc_clear(&p);
    }
}

/* The control: npm.cmd itself would have left its mark. */
static void npm__batch_itself__leaves_a_mark(void **state)
{
    struct proc p;

    (void)state;
    put_node();
    proc_init(&p, place(u"node\\npm.cmd"), u"");
    proc_run(&p);
    proc_assert(&p, strstr(p.out->at, "batch") != NULL);
    proc_clear(&p);
}

/* As `npm install -g npm` leaves it in the user's profile: the script beside npm.cmd, and
 * node further down PATH. */
static void npm__updated_by_the_user__is_node_from_path(void **state)
{
    struct proc p;

    (void)state;
    put_node();
    put_file(u"user\\npm.cmd", "@echo batch\r\n");
    put_file(u"user\\node_modules\\npm\\bin\\npm-cli.js", "// newer npm\n");
    run_npm(&p, text(L"%ls;%ls", place(u"user"), place(u"node")), u" \"a&b\"");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "batch") == NULL);
    proc_assert(&p, !_wcsicmp(proc_text(&p, "module", 0), place(u"node\\node.exe")));
    proc_assert(&p, wcsstr(proc_text(&p, "line", 0),
                           text(L"%ls\" \"a&b\"",
                                place(u"user\\node_modules\\npm\\bin\\npm-cli.js"))));
    proc_clear(&p);
}

/* Not laid out as npm's: it is somebody's own npm.cmd, and run as such. */
static void npm__no_script_or_no_node__runs_the_batch(void **state)
{
    struct proc p;

    (void)state;
    put_file(u"bare\\npm.cmd", "@echo batch\r\n");
    run_npm(&p, place(u"bare"), u" x");
    proc_assert_code(&p, 0);
    proc_assert(&p, strstr(p.out->at, "batch") != NULL);
    proc_clear(&p);
    put_tool(u"bare\\node.exe");
    run_npm(&p, place(u"bare"), u" x");
    proc_assert(&p, strstr(p.out->at, "batch") != NULL);
    proc_clear(&p);
}

static void npm__exit_code__is_nodes(void **state)
{
    struct proc p;

    (void)state;
    put_node();
    proc_init(&p, place(u"rf\\shims\\npm.exe"), u" run x");
    env_set(&p.env, u"PATH", text(L"%ls;%ls", place(u"rf\\shims"), place(u"node")));
    env_set(&p.env, u"PROBE_DO", u"exit 70000");
    proc_run(&p);
    proc_assert_code(&p, 70000);
    proc_clear(&p);
}

static void npm__nothing_on_path__127(void **state)
{
    struct proc p;

    (void)state;
    run_npm(&p, place(u"tools"), u" x");
    proc_assert_refused(&p, 127);
    proc_assert(&p, strstr(p.err->at, "npm") != NULL);
    proc_clear(&p);
}

/* npx has no shim at first; one made for it starts npx's script. */
static void npx__shim_made_for_it__is_node_with_npx_script(void **state)
{
    struct proc p;

    (void)state;
    put_node();
    put_shim(u"rf\\shims\\npx.exe");
    put_file(u"node\\npx.cmd", "@echo batch\r\n");
    put_file(u"node\\node_modules\\npm\\bin\\npx-cli.js", "// npx\n");
    proc_init(&p, place(u"rf\\shims\\npx.exe"), u" \"a&b\"");
    env_set(&p.env, u"PATH", text(L"%ls;%ls", place(u"rf\\shims"), place(u"node")));
    env_set(&p.env, u"PROBE_DO", u"args");
    proc_run(&p);
    proc_assert_code(&p, 0);
    proc_assert(&p, proc_text(&p, "line", 0) != NULL);
    proc_assert(&p, wcsstr(proc_text(&p, "line", 0), u"npx-cli.js\" \"a&b\"") != NULL);
    proc_clear(&p);
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npm__beside_node__is_node_with_its_script),
        cmocka_unit_test(npm__batch_itself__leaves_a_mark),
        cmocka_unit_test(npm__updated_by_the_user__is_node_from_path),
        cmocka_unit_test(npm__no_script_or_no_node__runs_the_batch),
        cmocka_unit_test(npm__exit_code__is_nodes),
        cmocka_unit_test(npm__nothing_on_path__127),
        cmocka_unit_test(npx__shim_made_for_it__is_node_with_npx_script),
    };
    return harness_main(argc, argv, "npm", tests, COUNT(tests), false);
}
