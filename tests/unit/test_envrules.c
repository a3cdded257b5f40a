#include "core/envdocs.h"
#include "core/envrules.h"
#include "core/pathsearch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DENYBIN u"C:\\Ring fence\\denybin"
#define SHIMS   u"C:\\Ring fence\\shims"

static struct envblock env;
static char16_t text[2 * ENVBLOCK_MAX];

/* A literal's two terminators (its own and one written out) end the block. */
#define READ(lit) read_units(u"" lit, sizeof(u"" lit) / sizeof(char16_t))

static void read_units(const char16_t *block, size_t units)
{
    struct err err = { 0 };

    assert_true(envblock_read(&env, block, units, U16BUF(text), &err));
}

static struct envrules_input offline(void)
{
    return (struct envrules_input){ .offline = true,
                                    .dead_port = 9,
                                    .denybin = U16S(DENYBIN),
                                    .shims = U16S(SHIMS),
                                    .temp = U16S("D:\\box\\temp"),
                                    .cache = U16S("D:\\box\\cache") };
}

static void assert_value(const char16_t *name, const char16_t *want)
{
    struct u16s got = envblock_get(&env, u16s_of(name));

    if ((got.at != NULL) != (want != NULL) || !u16s_eq(got, u16s_of(want))) {
        char shown[400] = { 0 }, var[100] = { 0 };

        u16s_to_utf8(got, shown, sizeof shown - 1);
        u16s_to_utf8(u16s_of(name), var, sizeof var - 1);
        fail_msg("%s is [%s]", var, got.at ? shown : "absent");
    }
}

/* The name as it will be seen, letter by letter. */
/* A text of the tables, until the next two calls. */
static struct u16s wide(const char *ascii)
{
    static char16_t widened[2][ENVRULES_NAME_CAP];
    static size_t turn;

    turn ^= 1;
    return u16s_ascii(widened[turn], ENVRULES_NAME_CAP, ascii);
}

static void assert_spelled(struct u16s name)
{
    const struct envblock_var *var = envblock_find(&env, name);

    assert_non_null(var);
    assert_true(u16s_eq(var->name, name));
}

static void assert_spelling(const char16_t *name)
{
    assert_spelled(u16s_of(name));
}

static bool is_ascii(const char *s)
{
    size_t n = 0;

    for (; s[n]; n++)
        if (s[n] < ' ' || s[n] > '~')
            return false;
    return n > 0 && n < ENVRULES_NAME_CAP;
}

/* Every brace that opens closes: the expansion relies on it. */
static bool is_balanced(const char *s)
{
    int open = 0;

    for (; *s; s++) {
        open += (*s == '{') - (*s == '}');
        if (open < 0 || open > 1)
            return false;
    }
    return open == 0;
}

static void envrules_table__every_row__is_well_formed(void **state)
{
    (void)state;
    assert_int_equal(envdocs_count, envrules_count);
    for (size_t i = 0; i < envrules_count; i++) {
        const struct envrule *rule = &envrules_table[i];

        assert_true(is_ascii(rule->name));
        assert_true(is_ascii(rule->value));
        assert_true(is_balanced(rule->value));
        assert_true(envdocs_table[i].reader[0]);
        assert_true(envdocs_table[i].proof[0]);
        assert_false(envrules_is_secret(wide(rule->name), U16S("")));
        for (size_t k = 0; k < i; k++)
            assert_false(u16s_ieq(wide(rule->name), wide(envrules_table[k].name)));
    }
    for (size_t i = 0; i < envrules_secrets_count; i++)
        assert_true(is_ascii(envrules_secrets[i]));
}

static void envrules_apply__everything_on__sets_every_row(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("");
    in.dead_port = 41234;
    in.fenced = true;
    in.install = U16S("C:\\Ring fence");
    envrules_apply(&env, &in);
    assert_false(env.text.cut);
    for (size_t i = 0; i < envrules_count; i++) {
        struct u16s value = envblock_get(&env, wide(envrules_table[i].name));

        if (envrules_table[i].mode == ENVRULE_GIT)
            continue;
        assert_spelled(wide(envrules_table[i].name));
        assert_true(u16s_find(value, u'{', 0) == value.len);
        assert_true(u16s_find(value, u'}', 0) == value.len);
    }
    assert_value(u"http_proxy", u"http://127.0.0.1:41234");
    assert_value(u"RSYNC_PROXY", u"127.0.0.1:41234");
    assert_value(u"no_proxy", u"localhost,127.0.0.1,::1");
    assert_value(u"GIT_SSH", DENYBIN u"\\ssh.exe");
    assert_value(u"GIT_SSH_COMMAND", u"\"C:/Ring fence/denybin/ssh.exe\"");
    assert_value(u"TEMP", u"D:\\box\\temp");
    assert_value(u"npm_config_cache", u"D:\\box\\cache\\npm");
    assert_value(u"PATH", DENYBIN u";" SHIMS);
    assert_value(u"PATHEXT", u".COM;.EXE;.BAT;.CMD");
}

static void envrules_apply__inherited_proxy__does_not_win(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("HTTPS_PROXY=http://corp:8080\0HTTP_PROXY=http://corp:8080\0NO_PROXY=*\0");
    envrules_apply(&env, &in);
    assert_value(u"https_proxy", u"http://127.0.0.1:9");
    assert_value(u"no_proxy", u"localhost,127.0.0.1,::1");
    assert_spelling(u"http_proxy");
    assert_spelling(u"https_proxy");
    assert_spelling(u"no_proxy");
}

static void envrules_apply__network_on__leaves_the_network_alone(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("HTTPS_PROXY=http://corp:8080\0Path=a;" DENYBIN ";b\0");
    in.offline = false;
    envrules_apply(&env, &in);
    assert_value(u"https_proxy", u"http://corp:8080");
    assert_value(u"GIT_SSH_COMMAND", NULL);
    assert_value(u"GIT_CONFIG_COUNT", NULL);
    assert_value(u"PATH", SHIMS u";a;b");
    assert_value(u"TEMP", u"D:\\box\\temp");
}

/* Schannel has no credentials for a restricted token: git is to use its other backend. */
static void envrules_apply__network_on_in_a_fence__git_leaves_schannel(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("GIT_CONFIG_COUNT=1\0GIT_CONFIG_KEY_0=http.sslbackend\0"
         "GIT_CONFIG_VALUE_0=schannel\0");
    in.offline = false;
    in.fenced = true;
    for (int twice = 0; twice < 2; twice++) {
        envrules_apply(&env, &in);
        assert_value(u"GIT_CONFIG_COUNT", u"2");
        assert_value(u"GIT_CONFIG_KEY_1", u"http.sslBackend");
        assert_value(u"GIT_CONFIG_VALUE_1", u"openssl");
    }
    in.offline = true; /* off there is only the proxy, which comes last */
    READ("");
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_COUNT", u"1");
    assert_value(u"GIT_CONFIG_KEY_0", u"http.proxy");
}

static struct envrules_input fenced(const char16_t *install)
{
    struct envrules_input in = offline();

    in.fenced = true;
    in.install = u16s_of(install);
    return in;
}

/* What loads the library that makes a fenced program's own pipes work. */
static void envrules_apply__in_a_fence__node_and_python_load_the_library(void **state)
{
    struct envrules_input in = fenced(u"C:\\ring$fence\\");

    (void)state;
    READ("");
    for (int twice = 0; twice < 2; twice++) {
        envrules_apply(&env, &in);
        assert_value(u"NODE_OPTIONS", u"--require C:/ring$fence/objects/objects.js");
        assert_value(u"PYTHONPATH", u"C:\\ring$fence\\objects\\python");
    }
    in = fenced(u"C:\\Ring fence");
    READ("");
    envrules_apply(&env, &in);
    assert_value(u"NODE_OPTIONS", u"--require \"C:/Ring fence/objects/objects.js\"");
    assert_value(u"PYTHONPATH", u"C:\\Ring fence\\objects\\python");
}

static void envrules_apply__options_that_are_there__stay(void **state)
{
    struct envrules_input in = fenced(u"C:\\Ring fence");

    (void)state;
    READ(
        "Node_Options=--inspect --require \"C:/x y/a.js\"\0PythonPath=C:\\lib;;D:\\lib\0");
    for (int twice = 0; twice < 2; twice++) {
        envrules_apply(&env, &in);
        assert_value(u"NODE_OPTIONS", u"--inspect --require \"C:/x y/a.js\" --require "
                                      u"\"C:/Ring fence/objects/objects.js\"");
        assert_value(u"PYTHONPATH", u"C:\\Ring fence\\objects\\python;C:\\lib;;D:\\lib");
        assert_spelling(u"Node_Options");
        assert_spelling(u"PythonPath");
    }
    READ("PYTHONPATH=C:\\Ring fence\\objects\\python3;x\0");
    envrules_apply(&env, &in);
    assert_value(u"PYTHONPATH", u"C:\\Ring fence\\objects\\python;"
                                u"C:\\Ring fence\\objects\\python3;x");
}

/* Without a fence nothing is broken; a path that PYTHONPATH cannot hold is left out, and
 * so is a row that the user keeps. */
static void envrules_apply__no_fence_or_no_way_to_say_it__loads_nothing(void **state)
{
    static const char16_t *const unsaid[] = { u"", u"C:\\a;b", u"\\\\?\\C:\\rf",
                                              u"\\\\server\\share\\rf" };
    struct envrules_input in = fenced(u"C:\\rf");

    (void)state;
    in.fenced = false;
    READ("PYTHONPATH=C:\\lib\0");
    envrules_apply(&env, &in);
    assert_value(u"NODE_OPTIONS", NULL);
    assert_value(u"PYTHONPATH", u"C:\\lib");
    for (size_t i = 0; i < sizeof unsaid / sizeof unsaid[0]; i++) {
        in = fenced(unsaid[i]);
        READ("PYTHONPATH=C:\\lib\0");
        envrules_apply(&env, &in);
        assert_value(u"NODE_OPTIONS", NULL);
        assert_value(u"PYTHONPATH", u"C:\\lib");
    }
    in = fenced(u"C:\\rf");
    in.keep = U16S("PYTHONPATH, node_options");
    READ("PYTHONPATH=C:\\lib\0");
    envrules_apply(&env, &in);
    assert_value(u"NODE_OPTIONS", NULL);
    assert_value(u"PYTHONPATH", u"C:\\lib");
}

static void envrules_apply__git_settings__are_kept_out_one_by_one(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("");
    in.keep = U16S("http.proxy");
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_COUNT", NULL);
    in.offline = false;
    in.fenced = true;
    in.keep = U16S("HTTP.sslbackend");
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_COUNT", NULL);
    in.keep = U16S("GIT_CONFIG_COUNT");
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_COUNT", NULL);
    in.keep = U16S("http.proxy");
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_KEY_0", u"http.sslBackend");
}

static void envrules_apply__no_box_no_denybin__skips_their_rows(void **state)
{
    struct envrules_input in = { .offline = true, .dead_port = 9 };

    (void)state;
    READ("TEMP=C:\\t\0PATH=\"a;b\";;c\0PATHEXT=.com;.EXE;.VBS\0");
    envrules_apply(&env, &in);
    assert_value(u"TEMP", u"C:\\t");
    assert_value(u"PIP_CACHE_DIR", NULL);
    assert_value(u"GIT_SSH", NULL);
    assert_value(u"GIT_ALLOW_PROTOCOL", u"file");
    assert_value(u"PATH", u"\"a;b\";;c");
    assert_value(u"PATHEXT", u".COM;.EXE;.VBS");
}

static void envrules_apply__keep__exempts_rows_and_secrets(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("GH_TOKEN=x\0NPM_TOKEN=y\0AWS_REGION=z\0");
    in.keep = U16S(" gh_* ,,aws_region, PIP_*,GIT_CONFIG_COUNT");
    envrules_apply(&env, &in);
    assert_value(u"GH_TOKEN", u"x");
    assert_value(u"NPM_TOKEN", NULL);
    assert_value(u"AWS_REGION", u"z");
    assert_value(u"PIP_NO_INDEX", NULL);
    assert_value(u"PIP_CACHE_DIR", NULL);
    assert_value(u"GIT_CONFIG_COUNT", NULL);
    assert_value(u"UV_OFFLINE", u"1");
}

static void envrules_apply__path__ours_in_front_and_the_rest_as_it_was(void **state)
{
    static const struct {
        const char16_t *path, *want;
    } rows[] = {
        { NULL, DENYBIN u";" SHIMS },
        { u"", DENYBIN u";" SHIMS },
        { u";", DENYBIN u";" SHIMS u";;" },
        { u"C:\\x", DENYBIN u";" SHIMS u";C:\\x" },
        { SHIMS, DENYBIN u";" SHIMS },
        { SHIMS u";", DENYBIN u";" SHIMS u";" },
        { u"a;" SHIMS u"\\;b;\"" DENYBIN u"\";c", DENYBIN u";" SHIMS u";a;b;c" },
        { u"c:\\RING FENCE\\shims//;a", DENYBIN u";" SHIMS u";a" },
        { u"C:\\\"Ring fence\"\\shims;a", DENYBIN u";" SHIMS u";a" },
        { u"a;;\"b;" SHIMS u"\";\"c", DENYBIN u";" SHIMS u";a;;\"b;" SHIMS u"\";\"c" },
        { SHIMS u"x;C:\\Ring fence", DENYBIN u";" SHIMS u";" SHIMS u"x;C:\\Ring fence" },
    };
    struct envrules_input in = offline();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        READ("");
        if (rows[i].path)
            envblock_set(&env, U16S("Path"), u16s_of(rows[i].path));
        envrules_apply(&env, &in);
        assert_value(u"PATH", rows[i].want);
        assert_spelling(rows[i].path ? u"Path" : u"PATH");
    }
}

static void envrules_apply__semicolon_in_our_directory__is_quoted(void **state)
{
    struct envrules_input in = { .shims = U16S("C:\\a;b\\shims\\") };

    (void)state;
    READ("PATH=x\0");
    envrules_apply(&env, &in);
    envrules_apply(&env, &in);
    assert_value(u"PATH", u"\"C:\\a;b\\shims\\\";x");
}

static void envrules_apply__quote_in_our_directory__makes_write_fail(void **state)
{
    static char16_t out[ENVBLOCK_MAX];
    struct envrules_input in = { .shims = U16S("C:\\a\";b") };
    struct err err = { 0 };
    size_t units = 0;

    (void)state;
    READ("PATH=x\0");
    envrules_apply(&env, &in);
    assert_false(envblock_write(&env, out, ENVBLOCK_MAX, &units, &err));
}

static void envrules_apply__pathext__com_and_exe_first_and_once(void **state)
{
    static const struct {
        const char16_t *from, *want;
    } rows[] = {
        { u".BAT;.CMD;.exe;.COM;.PY", u".COM;.EXE;.BAT;.CMD;.PY" },
        { u".COM;.EXE;.BAT", u".COM;.EXE;.BAT" },
        { u".EXE", u".COM;.EXE" },
        { u".PY;;", u".COM;.EXE;.PY;;" },
        { u"", u".COM;.EXE;.BAT;.CMD" },
    };
    struct envrules_input in = offline();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        READ("");
        envblock_set(&env, U16S("PathExt"), u16s_of(rows[i].from));
        envrules_apply(&env, &in);
        assert_value(u"PATHEXT", rows[i].want);
        assert_spelling(u"PathExt");
    }
}

static void envrules_apply__git_config__is_appended_once(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("GIT_CONFIG_COUNT=1\0GIT_CONFIG_KEY_0=a.b\0GIT_CONFIG_VALUE_0=c\0");
    envrules_apply(&env, &in);
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_COUNT", u"2");
    assert_value(u"GIT_CONFIG_KEY_0", u"a.b");
    assert_value(u"GIT_CONFIG_KEY_1", u"http.proxy");
    assert_value(u"GIT_CONFIG_VALUE_1", u"http://127.0.0.1:9");
    assert_value(u"GIT_CONFIG_KEY_2", NULL);
}

static void envrules_apply__later_git_proxy__is_overruled(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("GIT_CONFIG_COUNT=2\0"
         "GIT_CONFIG_KEY_0=http.proxy\0GIT_CONFIG_VALUE_0=http://127.0.0.1:9\0"
         "GIT_CONFIG_KEY_1=HTTP.Proxy\0GIT_CONFIG_VALUE_1=http://corp:8080\0");
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_COUNT", u"3");
    assert_value(u"GIT_CONFIG_VALUE_2", u"http://127.0.0.1:9");
}

static void envrules_apply__malformed_git_count__is_left_alone(void **state)
{
    static const char16_t *const bad[] = { u"x", u"-1", u"1x", u"4097",
                                           u"99999999999999999999" };
    struct envrules_input in = offline();

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        READ("");
        envblock_set(&env, U16S("GIT_CONFIG_COUNT"), u16s_of(bad[i]));
        envrules_apply(&env, &in);
        assert_value(u"GIT_CONFIG_COUNT", bad[i]);
        assert_value(u"GIT_CONFIG_KEY_0", NULL);
    }
    READ("GIT_CONFIG_COUNT=\0");
    envrules_apply(&env, &in);
    assert_value(u"GIT_CONFIG_COUNT", u"1");
}

static void envrules_apply__odd_denybin_path__is_safe_for_sh(void **state)
{
    struct envrules_input in = offline();

    (void)state;
    READ("");
    in.denybin = U16S("C:\\O'Brien\\$(calc)`x`\\denybin\\");
    envrules_apply(&env, &in);
    assert_value(u"GIT_SSH_COMMAND", u"\"C:/O'Brien/\\$(calc)\\`x\\`/denybin/ssh.exe\"");
    assert_value(u"GIT_SSH", u"C:\\O'Brien\\$(calc)`x`\\denybin\\ssh.exe");
}

static void envrules_apply__little_storage__makes_write_fail(void **state)
{
    static char16_t out[ENVBLOCK_MAX];
    struct envrules_input in = offline();
    char16_t small[400];

    (void)state;
    for (size_t cap = 1; cap < 400; cap += 13) {
        struct err err = { 0 };
        size_t units = 0;

        assert_true(envblock_read(&env, u"A=1\0", 5, u16buf_init(small, cap), &err));
        envrules_apply(&env, &in);
        assert_true(env.text.cut);
        assert_false(envblock_write(&env, out, ENVBLOCK_MAX, &units, &err));
    }
}

static void envrules_apply__path_over_the_limit__makes_write_fail(void **state)
{
    static char16_t path[ENVBLOCK_MAX], room[4 * ENVBLOCK_MAX], out[ENVBLOCK_MAX];
    struct envrules_input in = offline();
    struct err err = { 0 };
    size_t units = 0;

    (void)state;
    for (size_t i = 0; i < ENVBLOCK_MAX; i++)
        path[i] = u'p';
    assert_true(envblock_read(&env, u"", 1, U16BUF(room), &err));
    envblock_set(&env, U16S("PATH"), (struct u16s){ path, ENVBLOCK_MAX - 20 });
    envrules_apply(&env, &in);
    assert_false(envblock_write(&env, out, ENVBLOCK_MAX, &units, &err));
    assert_true(u16s_ieq(u16s_of(err.object), U16S("PATH")));
}

static void envrules_is_secret__credentials__are_secrets(void **state)
{
    static const char16_t *const names[] = {
        u"GITHUB_TOKEN",
        u"gh_token",
        u"OPENAI_API_KEY",
        u"AZURE_CLIENT_SECRET",
        u"AWS_SECRET_ACCESS_KEY",
        u"AWS_SESSION_TOKEN",
        u"DB_PASSWORD",
        u"PGPASSWORD",
        u"X_CREDENTIALS",
        u"GITLAB_PAT",
        u"SSH_AUTH_SOCK",
        u"SSH_AGENT_PID",
        u"GOOGLE_APPLICATION_CREDENTIALS",
        u"DOCKER_AUTH_CONFIG",
        u"SYSTEM_ACCESSTOKEN",
        u"npm_config__auth",
        u"npm_config__authToken",
        u"npm_config_//registry.example/:_authToken",
        u"VSCODE_GIT_IPC_HANDLE",
        u"TF_TOKEN_app_terraform_io",
        u"CARGO_REGISTRIES_X_TOKEN",
        u"NuGetPackageSourceCredentials_corp",
        u"STRIPE_SECRET_KEY",
        u"SMTP_PASSWD",
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_true(envrules_is_secret(u16s_of(names[i]), U16S("")));
}

/* What Windows, shells and builds put there. */
static void envrules_is_secret__harmless_names__are_not(void **state)
{
    static const char16_t *const names[] = {
        u"",
        u"PATH",
        u"PATHEXT",
        u"PROCESSOR_ARCHITECTURE",
        u"PROCESSOR_IDENTIFIER",
        u"NUMBER_OF_PROCESSORS",
        u"PSModulePath",
        u"ComSpec",
        u"SystemRoot",
        u"USERPROFILE",
        u"LOCALAPPDATA",
        u"SESSIONNAME",
        u"OLDPWD",
        u"PWD",
        u"INIT_CWD",
        u"TOKENIZERS_PARALLELISM",
        u"SECRET_KEY",
        u"DATABASE_URL",
        u"KUBECONFIG",
        u"npm_config_init_author_name",
        u"npm_config_user_agent",
        u"SSH_CONNECTION",
        u"VSCODE_PID",
        u"GIT_ASKPASS",
        u"CACHE_KEY",
        u"VCPKG_ROOT",
        u"INCLUDE",
        u"LIBPATH",
        u"VSCMD_ARG_TGT_ARCH",
        u"=C:",
        u"=ExitCode",
        u"WINEPREFIX",
        u"RINGFENCE_CHAIN",
        u"GIT_AUTHOR_NAME",
        u"COMPAT",
        u"MY_PATH",
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(envrules_is_secret(u16s_of(names[i]), U16S("")));
}

static unsigned next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* A block of names that the rules look at, with values they might trip over. */
static size_t random_block(unsigned *seed, char16_t *block, size_t cap)
{
    static const char16_t *const names[] = { u"PATH",
                                             u"Path",
                                             u"PATHEXT",
                                             u"GIT_CONFIG_COUNT",
                                             u"GIT_CONFIG_KEY_0",
                                             u"GIT_CONFIG_VALUE_0",
                                             u"GIT_CONFIG_KEY_1",
                                             u"GIT_CONFIG_VALUE_1",
                                             u"HTTP_PROXY",
                                             u"npm_config_offline",
                                             u"TEMP",
                                             u"X_TOKEN",
                                             u"AWS_X",
                                             u"other" };
    static const char16_t *const pieces[] = {
        u";",    u"\"",  u"\\", u"/", DENYBIN, SHIMS,         u".EXE",
        u".com", u".PY", u"0",  u"1", u"2",    u"http.proxy", u"http://127.0.0.1:9",
        u"a b",  u"{",   u"}",  u" "
    };
    struct u16buf b = u16buf_init(block, cap);

    for (unsigned n = next_random(seed, 12); n > 0; n--) {
        u16buf_addz(&b, names[next_random(seed, sizeof names / sizeof names[0])]);
        u16buf_addz(&b, u"=");
        for (unsigned k = next_random(seed, 7); k > 0; k--)
            u16buf_addz(&b, pieces[next_random(seed, sizeof pieces / sizeof pieces[0])]);
        u16buf_addc(&b, 0);
    }
    assert_false(b.cut);
    return b.len + 1;
}

static void envrules_apply__twice__is_the_same_as_once(void **state)
{
    static char16_t block[4000], once[ENVBLOCK_MAX], twice[ENVBLOCK_MAX];
    unsigned seed = 5;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct envrules_input in = offline();
        struct err err = { 0 };
        size_t n = random_block(&seed, block, 4000), units = 0, again = 0, used = 0;

        in.offline = next_random(&seed, 4) != 0;
        if (next_random(&seed, 4) == 0)
            in.denybin = U16S("");
        if (next_random(&seed, 4) == 0)
            in.shims = U16S("");
        if (next_random(&seed, 4) == 0)
            in.keep = U16S("x_*,git_*");
        read_units(block, n);
        envrules_apply(&env, &in);
        assert_true(envblock_write(&env, once, ENVBLOCK_MAX, &units, &err));
        used = env.text.len;
        envrules_apply(&env, &in);
        assert_int_equal(env.text.len, used);
        /* and again by a shim below, which reads what the first one wrote */
        read_units(once, units);
        envrules_apply(&env, &in);
        assert_int_equal(env.text.len, 0);
        assert_true(envblock_write(&env, twice, ENVBLOCK_MAX, &again, &err));
        assert_int_equal(units, again);
        assert_memory_equal(once, twice, units * sizeof once[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envrules_apply__network_on_in_a_fence__git_leaves_schannel),
        cmocka_unit_test(envrules_apply__in_a_fence__node_and_python_load_the_library),
        cmocka_unit_test(envrules_apply__options_that_are_there__stay),
        cmocka_unit_test(envrules_apply__no_fence_or_no_way_to_say_it__loads_nothing),
        cmocka_unit_test(envrules_apply__git_settings__are_kept_out_one_by_one),
        cmocka_unit_test(envrules_table__every_row__is_well_formed),
        cmocka_unit_test(envrules_apply__everything_on__sets_every_row),
        cmocka_unit_test(envrules_apply__inherited_proxy__does_not_win),
        cmocka_unit_test(envrules_apply__network_on__leaves_the_network_alone),
        cmocka_unit_test(envrules_apply__no_box_no_denybin__skips_their_rows),
        cmocka_unit_test(envrules_apply__keep__exempts_rows_and_secrets),
        cmocka_unit_test(envrules_apply__path__ours_in_front_and_the_rest_as_it_was),
        cmocka_unit_test(envrules_apply__semicolon_in_our_directory__is_quoted),
        cmocka_unit_test(envrules_apply__quote_in_our_directory__makes_write_fail),
        cmocka_unit_test(envrules_apply__pathext__com_and_exe_first_and_once),
        cmocka_unit_test(envrules_apply__git_config__is_appended_once),
        cmocka_unit_test(envrules_apply__later_git_proxy__is_overruled),
        cmocka_unit_test(envrules_apply__malformed_git_count__is_left_alone),
        cmocka_unit_test(envrules_apply__odd_denybin_path__is_safe_for_sh),
        cmocka_unit_test(envrules_apply__little_storage__makes_write_fail),
        cmocka_unit_test(envrules_apply__path_over_the_limit__makes_write_fail),
        cmocka_unit_test(envrules_is_secret__credentials__are_secrets),
        cmocka_unit_test(envrules_is_secret__harmless_names__are_not),
        cmocka_unit_test(envrules_apply__twice__is_the_same_as_once),
    };
    return cmocka_run_group_tests_name("envrules", tests, NULL, NULL);
}
