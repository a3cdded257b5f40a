/* SPDX-License-Identifier: MIT
 *
 * Claim: the tool's environment has the network's off switches, the box and no secrets,
 * one spelling of each name, and is otherwise the caller's; RINGFENCE_DRYRUN, _TRACE and
 * _BYPASS show it or leave it alone.
 */
#include "harness.h"

static void start_env(struct proc *p, const char16_t *exe)
{
    proc_init(p, exe, u" env");
    env_set(&p->env, u"CALLERS_OWN", u"kept \u4e2d");
    log_enable(&p->env);
    log_reset();
}

static void assert_var(struct proc *p, const char16_t *name, const char16_t *want)
{
    const char16_t *value = proc_getenv(p, name);

    if (!value || wcscmp(value, want) != 0) {
        print_error("%ls is <%ls>, not <%ls>\n", name, value ? value : u"(unset)", want);
        proc_show(p);
        fail();
    }
    assert_int_equal(proc_getenv_count(p, name), 1);
}

/* Another program's live proxy, inherited in either spelling, must not stay. */
static void proxy__inherited_and_working__is_overridden(void **state)
{
    static const char16_t *const names[] = {
        u"HTTP_PROXY", u"HTTPS_PROXY", u"ALL_PROXY",
        u"http_proxy", u"https_proxy", u"all_proxy"
    };

    (void)state;
    for (size_t first = 0; first < COUNT(names); first += 3)
        WAYS(way)
        {
            struct proc p;

            start_env(&p, place(ways[way]));
            for (size_t i = first; i < first + 3; i++)
                env_set(&p.env, names[i], u"http://127.0.0.1:3128");
            proc_run(&p);
            proc_assert_code(&p, 0);
            for (size_t i = 0; i < COUNT(names); i++)
                assert_var(&p, names[i],
                           way ? u"http://127.0.0.1:9" : u"http://127.0.0.1:3128");
            proc_clear(&p);
        }
}

static void offline__switches_of_the_tools__are_set(void **state)
{
    static const struct {
        const char16_t *name, *value;
    } want[] = {
        { u"GIT_ALLOW_PROTOCOL", u"file" },
        { u"npm_config_offline", u"true" },
        { u"PIP_NO_INDEX", u"1" },
        { u"CARGO_NET_OFFLINE", u"true" },
        { u"UV_OFFLINE", u"1" },
        { u"GOPROXY", u"off" },
        { u"YARN_ENABLE_NETWORK", u"0" },
        { u"GIT_CONFIG_COUNT", u"1" },
        { u"GIT_CONFIG_KEY_0", u"http.proxy" },
    };
    struct proc p;

    (void)state;
    start_env(&p, place(ways[1]));
    proc_run(&p);
    proc_assert_code(&p, 0);
    for (size_t i = 0; i < COUNT(want); i++)
        assert_var(&p, want[i].name, want[i].value);
    proc_assert(&p, proc_getenv(&p, u"GIT_SSH") != NULL);
    proc_assert(&p, is_there(proc_getenv(&p, u"GIT_SSH")));
    assert_var(&p, u"CALLERS_OWN", u"kept \u4e2d");
    proc_clear(&p);
}

static void secrets__by_pattern__are_gone(void **state)
{
    static const char16_t *const secrets[] = {
        u"GITHUB_TOKEN", u"NPM_TOKEN",     u"OPENAI_API_KEY", u"AWS_SECRET_ACCESS_KEY",
        u"AWS_PROFILE",  u"SSH_AUTH_SOCK", u"github_token",   u"Db_Password",
    };
    static const char16_t *const harmless[] = { u"TOKENIZERS_PARALLELISM", u"KEYBOARD",
                                                u"MY_CACHE_KEY" };

    (void)state;
    WAYS(way)
    {
        struct proc p;

        start_env(&p, place(ways[way]));
        for (size_t i = 0; i < COUNT(secrets); i++)
            env_set(&p.env, secrets[i], u"hunter2");
        for (size_t i = 0; i < COUNT(harmless); i++)
            env_set(&p.env, harmless[i], u"plain");
        proc_run(&p);
        proc_assert_code(&p, 0);
        for (size_t i = 0; i < COUNT(secrets); i++)
            proc_assert(&p, (proc_getenv(&p, secrets[i]) != NULL) == (way == 0));
        for (size_t i = 0; i < COUNT(harmless); i++)
            assert_var(&p, harmless[i], u"plain");
        proc_clear(&p);
    }
}

static void box__temp_and_tmp__are_in_it_and_exist(void **state)
{
    static const char16_t *const names[] = { u"TEMP", u"TMP", u"TMPDIR" };

    (void)state;
    WAYS(way)
    {
        struct proc p;

        start_env(&p, place(ways[way]));
        proc_run(&p);
        proc_assert_code(&p, 0);
        for (size_t i = 0; i < 2 + way; i++) {
            const char16_t *dir = proc_getenv(&p, names[i]);

            proc_assert(&p, dir && is_directory(dir));
            proc_assert(&p, (wcsstr(dir, place(u"local\\ringfence\\box\\")) == dir) ==
                                (way == 1));
        }
        proc_clear(&p);
    }
}

/* Two spellings of one name (`Path` and `PATH`) break .NET; of one tool's cache and the
 * next one's nothing may be lost either. */
static void names__two_spellings_inherited__one_is_left(void **state)
{
    static const char16_t *const twice[] = { u"HTTP_PROXY=http://a:1",
                                             u"http_proxy=http://b:2",
                                             u"Alpha=1",
                                             u"ALPHA=2",
                                             u"Temp=C:\\x",
                                             u"tmp=C:\\y" };
    struct proc p;
    const char16_t *var;

    (void)state;
    start_env(&p, place(ways[1]));
    for (size_t i = 0; i < COUNT(twice); i++)
        env_add(&p.env, twice[i]);
    proc_run(&p);
    proc_assert_code(&p, 0);
    for (size_t i = 0; (var = proc_text(&p, "env", i)) != NULL; i++) {
        size_t len = wcscspn(var + 1, u"=") + 1;
        char16_t name[512];

        swprintf(name, COUNT(name), L"%.*ls", (int)len, var);
        if (proc_getenv_count(&p, name) != 1) {
            print_error("more than one %ls\n", name);
            fail();
        }
    }
    proc_clear(&p);
}

static void path__inside__denybin_then_shims_then_the_rest(void **state)
{
    struct proc p;
    const char16_t *head;

    (void)state;
    start_env(&p, place(ways[1]));
    proc_run(&p);
    head = text(L"%ls;%ls;%ls;", place(u"rf\\denybin"), place(u"rf\\shims"),
                place(u"tools"));
    proc_assert(&p, wcsncmp(proc_getenv(&p, u"PATH"), head, wcslen(head)) == 0);
    proc_assert(&p, wcsncmp(proc_getenv(&p, u"PATHEXT"), u".COM;.EXE", 9) == 0);
    proc_clear(&p);
}

/* What a script's own tools see goes through a second shim: it must change nothing more.
 */
static void shim_below_shim__environment__as_after_the_first(void **state)
{
    struct proc once, twice;
    const char16_t *var;
    size_t count = 0;

    (void)state;
    start_env(&once, place(ways[1]));
    proc_run(&once);
    proc_assert_code(&once, 0);
    start_env(&twice, place(ways[1]));
    env_clear(&twice.env);
    for (size_t i = 0; (var = proc_text(&once, "env", i)) != NULL; i++)
        env_add(&twice.env, var);
    proc_run(&twice);
    proc_assert_code(&twice, 0);
    for (; (var = proc_text(&once, "env", count)) != NULL; count++) {
        char16_t name[512];

        swprintf(name, COUNT(name), L"%.*ls", (int)(wcscspn(var + 1, u"=") + 1), var);
        if (wcsncmp(var, u"RINGFENCE_DEPTH=", 16) != 0)
            assert_var(&twice, name, wcschr(var + 1, u'=') + 1);
    }
    assert_int_equal(proc_count(&twice, "env"), count);
    proc_clear(&once);
    proc_clear(&twice);
}

/* The same words about a launch, wherever they are printed. */
static void assert_describes(struct proc *p, const char *said)
{
    proc_assert(p, contains_text(said, place(u"tools\\git.exe")));
    proc_assert(p, strstr(said, "env some") != NULL); /* the command line */
    proc_assert(p, strstr(said, "advisory") != NULL); /* the level */
    proc_assert(p, strstr(said, "http_proxy=http://127.0.0.1:9") != NULL);
    proc_assert(p, strstr(said, "PATHEXT") == NULL || strstr(said, "PATH=") != NULL);
    proc_assert(p, strstr(said, "NPM_TOKEN") != NULL); /* taken out: its name only */
    proc_assert(p, strstr(said, "hunter2") == NULL);
    proc_assert(p, strstr(said, "CALLERS_OWN") == NULL); /* no difference */
}

static void run_described(struct proc *p, const char16_t *variable)
{
    start_env(p, place(ways[1]));
    free(p->line);
    p->line = _wcsdup(u"git env some");
    env_set(&p->env, u"PROBE_DO", u"cwd exit 300");
    env_set(&p->env, u"NPM_TOKEN", u"hunter2");
    if (variable)
        env_set(&p->env, variable, u"1");
    proc_run(p);
}

static void dryrun__set__says_everything_and_starts_nothing(void **state)
{
    struct proc p;

    (void)state;
    run_described(&p, NULL); /* the control */
    proc_assert_code(&p, 300);
    assert_int_equal(log_count(), 1);
    proc_clear(&p);
    run_described(&p, u"RINGFENCE_DRYRUN");
    proc_assert_code(&p, 0);
    assert_int_equal(log_count(), 0);
    assert_describes(&p, p.out->at);
    proc_assert(&p, p.err->bytes == 0);
    proc_clear(&p);
}

static void trace__set__says_everything_on_stderr_and_runs(void **state)
{
    struct proc p;

    (void)state;
    run_described(&p, u"RINGFENCE_TRACE");
    proc_assert_code(&p, 300);
    assert_int_equal(log_count(), 1);
    assert_describes(&p, p.err->at);
    proc_assert(&p, strncmp(p.out->at, "cwd=", 4) == 0);
    proc_assert(&p, strstr(p.out->at, "ringfence") == NULL);
    proc_clear(&p);
}

/* The differences shown are the differences made. */
static void dryrun__every_addition__is_in_the_tools_environment(void **state)
{
    struct proc dry, real;
    char16_t wide[8192];
    size_t shown = 0;

    (void)state;
    start_env(&dry, place(ways[1]));
    env_set(&dry.env, u"RINGFENCE_DRYRUN", u"1");
    proc_run(&dry);
    start_env(&real, place(ways[1]));
    proc_run(&real);
    for (char *line = strtok(dry.out->at, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        const char *mark =
            strstr(line, " + ") ? strstr(line, " + ") : strstr(line, " ~ ");
        char16_t *equals;

        if (strncmp(line, "ringfence: env", 14) != 0 || !mark)
            continue;
        MultiByteToWideChar(CP_UTF8, 0, mark + 3, -1, wide, COUNT(wide));
        equals = wcschr(wide + 1, u'=');
        assert_non_null(equals);
        *equals = 0;
        assert_var(&real, wide, equals + 1);
        shown++;
    }
    assert_true(shown > 20);
    proc_clear(&dry);
    proc_clear(&real);
}

static void bypass__outside_a_sandbox__environment_unchanged(void **state)
{
    struct proc direct, bypassed;
    const char16_t *var;

    (void)state;
    start_env(&direct, place(ways[0]));
    env_set(&direct.env, u"RINGFENCE_BYPASS", u"1");
    env_set(&direct.env, u"NPM_TOKEN", u"hunter2");
    env_set(&direct.env, u"HTTP_PROXY", u"http://127.0.0.1:3128");
    proc_run(&direct);
    start_env(&bypassed, place(ways[1]));
    env_set(&bypassed.env, u"RINGFENCE_BYPASS", u"1");
    env_set(&bypassed.env, u"NPM_TOKEN", u"hunter2");
    env_set(&bypassed.env, u"HTTP_PROXY", u"http://127.0.0.1:3128");
    proc_run(&bypassed);
    proc_assert_code(&bypassed, 0);
    for (size_t i = 0; (var = proc_text(&direct, "env", i)) != NULL; i++) {
        char16_t name[512];

        swprintf(name, COUNT(name), L"%.*ls", (int)(wcscspn(var + 1, u"=") + 1), var);
        assert_var(&bypassed, name, wcschr(var + 1, u'=') + 1);
    }
    /* nothing added but the count that ends loops */
    proc_assert(&bypassed,
                proc_count(&bypassed, "env") <= proc_count(&direct, "env") + 1);
    proc_clear(&direct);
    proc_clear(&bypassed);
}

static void bypass__ssh_shim__is_the_tool(void **state)
{
    struct proc p;

    (void)state;
    proc_init(&p, place(u"rf\\shims\\ssh.exe"), u" exit 33");
    env_set(&p.env, u"RINGFENCE_BYPASS", u"1");
    proc_run(&p);
    proc_assert_code(&p, 33);
    proc_clear(&p);
}

/* A terminal that was not activated is told about the level once, by the first shim. */
static void level__terminal_not_told__one_line_and_only_once(void **state)
{
    struct proc p;

    (void)state;
    for (int time = 0; time < 2; time++) {
        proc_init(&p, place(ways[1]), u" exit 0");
        env_unset(&p.env, u"RINGFENCE_TOLD");
        proc_run(&p);
        proc_assert_code(&p, 0);
        proc_assert(&p, count_messages(p.err->at) == (time == 0));
        proc_assert(&p,
                    time == 1 || strstr(p.err->at, "ringfence: advisory: ") == p.err->at);
        proc_clear(&p);
    }
}

/* What is nobody's business passes unchanged, also what only CreateProcess can set. */
static void odd_variables__empty_hidden_or_ill_formed__pass(void **state)
{
    static const char16_t lone[] = { 0xd800, u'x', 0xdc00, 0 };
    static const struct {
        const char16_t *name, *value;
    } odd[] = {
        { u"EMPTY", u"" },
        { u"=Q:", u"Q:\\somewhere" },
        { u"LONE", lone },
        { u"EQUALS", u"a=b=c" },
        { u"LINES", u"a\r\nb" },
        { u"CommonProgramFiles(x86)", u"C:\\x" },
        { u"\u00c4\u4e2d", u"\U0001f600" },
    };

    (void)state;
    WAYS(way)
    {
        struct proc p;

        start_env(&p, place(ways[way]));
        for (size_t i = 0; i < COUNT(odd); i++)
            env_set(&p.env, odd[i].name, odd[i].value);
        proc_run(&p);
        proc_assert_code(&p, 0);
        for (size_t i = 0; i < COUNT(odd); i++)
            assert_var(&p, odd[i].name, odd[i].value);
        proc_clear(&p);
    }
}

static void path__our_directories_spelled_otherwise__are_there_once(void **state)
{
    struct proc p;
    const char16_t *path, *second;
    char16_t upper[1024];

    (void)state;
    wcscpy(upper, place(u"rf\\SHIMS\\"));
    start_env(&p, place(ways[1]));
    env_set(&p.env, u"PATH",
            text(L"%ls;\"%ls\";%ls;%ls;%ls", upper, place(u"rf\\shims"), place(u"tools"),
                 place(u"rf\\denybin"), place(u"tools\\..\\rf\\shims")));
    proc_run(&p);
    proc_assert_code(&p, 0);
    path = _wcsupr(_wcsdup(proc_getenv(&p, u"PATH")));
    second = wcsstr(path, u"RF\\SHIMS");
    proc_assert(&p, second != NULL);
    second = wcsstr(second + 1, u"RF\\SHIMS");
    if (second && !wcsstr(second, u"..\\RF\\SHIMS"))
        proc_assert(&p, wcsstr(second + 1, u"RF\\SHIMS") == NULL);
    proc_assert(&p, wcsstr(wcsstr(path, u"RF\\DENYBIN") + 1, u"RF\\DENYBIN") == NULL);
    proc_clear(&p);
}

static const char16_t *temp_seen_from(const char16_t *dir)
{
    struct proc p;
    const char16_t *temp;

    make_dir(dir);
    start_env(&p, place(ways[1]));
    p.cwd = place(dir);
    proc_run(&p);
    proc_assert_code(&p, 0);
    temp = proc_getenv(&p, u"TEMP");
    proc_assert(&p, temp != NULL);
    proc_clear(&p);
    return temp;
}

/* One workspace, one box: a repository is one workspace, from wherever in it. */
static void box__inside_one_repository__the_same(void **state)
{
    const char16_t *top, *below, *other;

    (void)state;
    make_dir(u"repo\\.git");
    top = temp_seen_from(u"repo");
    below = temp_seen_from(u"repo\\src\\deep");
    other = temp_seen_from(u"other repo");
    assert_true(!wcscmp(top, below));
    assert_true(wcscmp(top, other) != 0);
}

/* A parallel build's first shims all find the box missing. */
static void box__eight_shims_at_once_at_first__all_run(void **state)
{
    struct proc p[8];

    (void)state;
    make_dir(u"fresh");
    for (size_t i = 0; i < COUNT(p); i++) {
        proc_init(&p[i], place(ways[1]), u" exit 70");
        p[i].cwd = place(u"fresh");
        env_unset(&p[i].env, u"RINGFENCE_TOLD");
        proc_start(&p[i]);
    }
    for (size_t i = 0; i < COUNT(p); i++) {
        proc_wait(&p[i]);
        proc_assert_code(&p[i], 70);
    }
    for (size_t i = 0; i < COUNT(p); i++)
        proc_clear(&p[i]);
}

static void own_variables__nonsense_in_them__harmless(void **state)
{
    static const struct {
        const char16_t *name, *value;
    } odd[] = {
        { u"RINGFENCE_DEPTH", u"-1" },
        { u"RINGFENCE_DEPTH", u"99999999999999999999" },
        { u"RINGFENCE_DEPTH", u"x" },
        { u"RINGFENCE_NETWORK", u"perhaps" },
        { u"RINGFENCE_NETWORK", u"" },
        { u"RINGFENCE_DEAD_PORT", u"0" },
        { u"RINGFENCE_DEAD_PORT", u"70000" },
        { u"RINGFENCE_ROOT", u"" },
        { u"RINGFENCE_ROOT", u"..\\.." },
        { u"RINGFENCE_ROOT", u"C:\\no\\such" },
        { u"RINGFENCE_ROOT", u"\"<>|" },
        { u"RINGFENCE_TOLD", u"0" },
        { u"RINGFENCE_TRACE", u"0" },
        { u"RINGFENCE_DRYRUN", u"0" },
        { u"RINGFENCE_BYPASS", u"0" },
        { u"RINGFENCE_BYPASS", u"" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct proc p;

        start_env(&p, place(ways[1]));
        env_set(&p.env, odd[i].name, odd[i].value);
        proc_run(&p);
        if (p.code != 0)
            print_error("%ls=%ls\n", odd[i].name, odd[i].value);
        proc_assert_code(&p, 0);
        assert_var(&p, u"http_proxy", u"http://127.0.0.1:9");
        proc_clear(&p);
    }
}

static void cwd__through_shim__is_the_callers(void **state)
{
    (void)state;
    make_dir(u"ws\\a dir \u4e2d");
    WAYS(way)
    {
        struct proc p;

        proc_init(&p, place(ways[way]), u" cwd");
        p.cwd = place(u"ws\\a dir \u4e2d");
        proc_run(&p);
        proc_assert(&p, !_wcsicmp(proc_text(&p, "cwd", 0), place(u"ws\\a dir \u4e2d")));
        proc_clear(&p);
    }
}

/* They mend what a fence breaks, and here is none; what they would load is there. */
static void advisory__node_and_python__are_told_nothing(void **state)
{
    (void)state;
    if (!under_wine())
        skip_because("this Windows may prove a fence");
    assert_true(is_there(place(u"rf\\objects\\objects.js")));
    assert_true(is_there(place(u"rf\\objects\\ringfence-objects.dll")));
    assert_true(is_there(place(u"rf\\objects\\python\\sitecustomize.py")));
    WAYS(way)
    {
        struct proc p;

        start_env(&p, place(ways[way]));
        env_set(&p.env, u"PYTHONPATH", u"C:\\lib");
        proc_run(&p);
        proc_assert_code(&p, 0);
        assert_var(&p, u"PYTHONPATH", u"C:\\lib");
        proc_assert(&p, proc_getenv(&p, u"NODE_OPTIONS") == NULL);
        proc_clear(&p);
    }
}

int wmain(int argc, wchar_t **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxy__inherited_and_working__is_overridden),
        cmocka_unit_test(offline__switches_of_the_tools__are_set),
        cmocka_unit_test(secrets__by_pattern__are_gone),
        cmocka_unit_test(box__temp_and_tmp__are_in_it_and_exist),
        cmocka_unit_test(names__two_spellings_inherited__one_is_left),
        cmocka_unit_test(path__inside__denybin_then_shims_then_the_rest),
        cmocka_unit_test(shim_below_shim__environment__as_after_the_first),
        cmocka_unit_test(dryrun__set__says_everything_and_starts_nothing),
        cmocka_unit_test(trace__set__says_everything_on_stderr_and_runs),
        cmocka_unit_test(dryrun__every_addition__is_in_the_tools_environment),
        cmocka_unit_test(bypass__outside_a_sandbox__environment_unchanged),
        cmocka_unit_test(bypass__ssh_shim__is_the_tool),
        cmocka_unit_test(level__terminal_not_told__one_line_and_only_once),
        cmocka_unit_test(odd_variables__empty_hidden_or_ill_formed__pass),
        cmocka_unit_test(path__our_directories_spelled_otherwise__are_there_once),
        cmocka_unit_test(box__inside_one_repository__the_same),
        cmocka_unit_test(box__eight_shims_at_once_at_first__all_run),
        cmocka_unit_test(own_variables__nonsense_in_them__harmless),
        cmocka_unit_test(cwd__through_shim__is_the_callers),
        cmocka_unit_test(advisory__node_and_python__are_told_nothing),
    };
    return harness_main(argc, argv, "environment", tests, COUNT(tests), false);
}
