/* Claim: Node and Python are told to load the library under a proven fence only, and only
 * where what they are told to load is there.  The level, which no Wine proves, and the
 * install are the test's. */
#include "confine.h"
#include "core/envrules.h"
#include "exec.h"
#include "target.h"
#include "win/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char16_t base[MAX_PATH], text[MAX_PATH + 64];
static struct {
    enum level level;
    struct u16s install; /* where this program is, as it takes it */
    struct envrules_input said;
    struct u16s node, python; /* what the tool gets */
} fake;

bool __wrap_context_begin(struct context *c, struct err *e);
bool __wrap_context_complete(struct context *c, const struct context_wish *wish,
                             struct err *e);
enum target_result __wrap_target_find(const struct context *c,
                                      const struct target_request *request,
                                      struct target *target, struct err *e);
bool __wrap_confine_admit(struct context *c, const struct context_wish *wish,
                          struct u16s tool, struct err *e);
void __wrap_report_launch(DWORD where, const struct context *c,
                          const struct target *target, const char16_t *environment);

bool __wrap_context_begin(struct context *c, struct err *e)
{
    static char16_t units[ENVBLOCK_MAX], install[MAX_PATH], none[1];

    (void)e;
    memset(c, 0, sizeof *c);
    c->env.text = U16BUF(units);
    envblock_set(&c->env, U16S("RINGFENCE_DRYRUN"), U16S("1"));
    envblock_set(&c->env, U16S("NODE_OPTIONS"), U16S("--inspect"));
    c->install = U16BUF(install);
    u16buf_add(&c->install, fake.install);
    c->shims = c->denybin = c->root = c->temp = c->cache = U16BUF(none);
    return true;
}

bool __wrap_context_complete(struct context *c, const struct context_wish *wish,
                             struct err *e)
{
    (void)wish;
    (void)e;
    policy_init(&c->policy);
    c->verdict = (struct level_verdict){ .level = fake.level, .reason = "" };
    return true;
}

enum target_result __wrap_target_find(const struct context *c,
                                      const struct target_request *request,
                                      struct target *target, struct err *e)
{
    (void)c;
    (void)request;
    (void)target;
    (void)e;
    return TARGET_FOUND;
}

bool __wrap_confine_admit(struct context *c, const struct context_wish *wish,
                          struct u16s tool, struct err *e)
{
    (void)c;
    (void)wish;
    (void)tool;
    (void)e;
    return true;
}

void __wrap_report_launch(DWORD where, const struct context *c,
                          const struct target *target, const char16_t *environment)
{
    (void)where;
    (void)target;
    assert_non_null(environment);
    fake.node = envblock_get(&c->env, U16S("NODE_OPTIONS"));
    fake.python = envblock_get(&c->env, U16S("PYTHONPATH"));
}

static void launch(enum level level, struct u16s install)
{
    struct exec_request request = { .tool = U16S("node") };

    fake.level = level;
    fake.install = install;
    assert_int_equal(exec_run(&request), 0);
}

static struct u16s below(const char16_t *leaf)
{
    struct u16buf b = U16BUF(text);

    u16buf_addz(&b, base);
    u16buf_addz(&b, leaf);
    return u16buf_text(&b);
}

static int set_up(void **state)
{
    struct u16buf b = U16BUF(base);
    struct err err;
    HANDLE file = NULL;

    (void)state;
    b.len = GetTempPathW(MAX_PATH, base);
    u16buf_addz(&b, u"ringfence-loaders");
    below(u"\\objects");
    assert_true(file_make_dirs(text, &err));
    file = CreateFileW(below(u"\\objects\\objects.js").at, GENERIC_WRITE, 0, NULL,
                       CREATE_ALWAYS, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    CloseHandle(file);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    DeleteFileW(below(u"\\objects\\objects.js").at);
    RemoveDirectoryW(below(u"\\objects").at);
    RemoveDirectoryW(base);
    return 0;
}

static void launch__fenced__node_and_python_are_told(void **state)
{
    static const enum level levels[] = { LEVEL_CONFINED, LEVEL_ENFORCED };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        launch(levels[i], u16s_of(base));
        assert_true(u16s_istarts(fake.node, U16S("--inspect --require ")));
        assert_true(u16s_find(fake.node, u'\\', 0) == fake.node.len);
        assert_true(u16s_eq(fake.python, below(u"\\objects\\python")));
    }
}

static void launch__advisory__nothing_is_told(void **state)
{
    (void)state;
    launch(LEVEL_ADVISORY, u16s_of(base));
    assert_true(u16s_is(fake.node, "--inspect"));
    assert_null(fake.python.at);
}

/* A Node that is told to load what is not there does not start. */
static void launch__nothing_to_load__nothing_is_told(void **state)
{
    (void)state;
    launch(LEVEL_CONFINED, (struct u16s){ NULL, 0 }); /* a shim copied elsewhere */
    assert_true(u16s_is(fake.node, "--inspect"));
    assert_null(fake.python.at);
    DeleteFileW(below(u"\\objects\\objects.js").at);
    launch(LEVEL_CONFINED, u16s_of(base));
    assert_true(u16s_is(fake.node, "--inspect"));
    assert_null(fake.python.at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(launch__fenced__node_and_python_are_told),
        TEST(launch__advisory__nothing_is_told),
        TEST(launch__nothing_to_load__nothing_is_told),
    };
    return cmocka_run_group_tests_name("loaders", tests, NULL, NULL);
}
