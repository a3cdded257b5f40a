/* cmd_clean over an engine that takes everything away: which ways to roots it closes. */
#include "cli.h"
#include "core/exitcode.h"
#include "grant/boxroot.h"
#include "grant/grantstate.h"
#include "grant/ledger.h"
#include "grant/sandbox.h"
#include "grant/setup_user.h"
#include "grant/walking.h"
#include "grant/ways.h"
#include "win/file.h"
#include "win/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define ROOTS 2u

static char16_t base[MAX_PATH], root[ROOTS][MAX_PATH], arguments[MAX_PATH + 16];
static struct sid group;
static struct err err;

static struct {
    bool all, dry_run, left; /* something could not be taken away */
    unsigned closed;         /* calls of ways_edit */
    bool profile, above[ROOTS];
    bool in_time; /* before the profile was looked at */
    uint8_t journal[4096];
    size_t journal_bytes;
    struct journal_record record[ROOTS];
} fake;

bool ways_edit(const struct ways *ways, const char16_t *path, struct err *e)
{
    (void)e;
    assert_false(ways->open);
    assert_int_equal(ways->count, 2);
    assert_true(sid_is_ours(ways->sid[0]));
    assert_ptr_equal(ways->sid[1], &group);
    fake.closed++;
    fake.profile = fake.profile || !ways->needed(u16s_of(base));
    for (size_t i = 0; i < ROOTS; i++) {
        size_t len = wcslen(root[i]) - 4; /* without \app */

        if (!_wcsnicmp(path, root[i], len))
            fake.above[i] = fake.above[i] || !ways->needed((struct u16s){ root[i], len });
    }
    return true;
}

/* No box knows of a root that the journal does not. */
enum boxroot boxroot_find(const char16_t *data_dir, const uint8_t *digest,
                          struct u16buf *path)
{
    (void)data_dir, (void)digest, (void)path;
    return BOXROOT_NONE;
}

bool boxroot_note(const char16_t *data_dir, const uint8_t *digest, const char16_t *path,
                  struct err *e)
{
    (void)data_dir, (void)digest, (void)path, (void)e;
    return true;
}

void boxroot_forget(const char16_t *data_dir, const uint8_t *digest)
{
    (void)data_dir, (void)digest;
}

bool grantstate_unguard(const char16_t *data_dir, bool dry_run, struct err *e)
{
    (void)data_dir, (void)dry_run, (void)e;
    return true;
}

bool walking_begin(struct walking *walking, struct err *e)
{
    (void)walking;
    (void)e;
    return true;
}

void walking_remove(struct walking *walking, const char16_t *path, const struct sid *sid)
{
    (void)walking;
    (void)path;
    assert_null(sid);
}

void walking_show(struct walking *walking)
{
    (void)walking;
}

bool walking_is_good(const struct walking *walking)
{
    (void)walking;
    return !fake.left;
}

bool walking_has_ours(const char16_t *path)
{
    (void)path;
    fake.in_time = fake.closed > 0;
    return false;
}

bool walking_is_stopped(void)
{
    return false;
}

uint32_t walking_end(struct walking *walking, bool good)
{
    (void)walking;
    return good ? EXIT_OK : EXIT_RINGFENCE;
}

void walking_add_count(struct u16buf *b, uint64_t count)
{
    u16buf_add_dec(b, count);
}

bool ledger_read(const char16_t *data_dir, struct ledger *ledger, struct err *e)
{
    (void)data_dir;
    *ledger = (struct ledger){ .journal = { .roots = fake.record, .cap = ROOTS } };
    return journal_read(&ledger->journal, fake.journal, fake.journal_bytes, e);
}

const struct journal_record *ledger_root(const struct ledger *ledger, const uint8_t *of)
{
    for (size_t i = 0; i < ledger->journal.count; i++)
        if (!memcmp(ledger->journal.roots[i].root, of, JOURNAL_ROOT_BYTES))
            return &ledger->journal.roots[i];
    return NULL;
}

bool ledger_note(const char16_t *data_dir, const struct journal_record *record,
                 const char16_t *path, struct err *e)
{
    (void)data_dir;
    (void)record;
    (void)path;
    (void)e;
    return true;
}

bool ledger_compact(const char16_t *data_dir, struct err *e)
{
    (void)data_dir;
    (void)e;
    return true;
}

bool setup_user_digest(uint8_t digest[JOURNAL_ROOT_BYTES], struct err *e)
{
    (void)e;
    memset(digest, 7, JOURNAL_ROOT_BYTES);
    return true;
}

bool setup_user_profile(struct u16buf *out, struct err *e)
{
    (void)e;
    u16buf_addz(out, base);
    return true;
}

void setup_user_forget(const char16_t *data_dir)
{
    (void)data_dir;
}

const struct sid *sandbox_group_to_take(const char16_t *data_dir)
{
    (void)data_dir;
    return &group;
}

void sandbox_forget_group(const char16_t *data_dir)
{
    (void)data_dir;
}

bool __wrap_paths_data(struct u16buf *out, struct err *e);
bool __wrap_paths_data(struct u16buf *out, struct err *e)
{
    (void)e;
    u16buf_addz(out, base);
    u16buf_addz(out, u"\\AppData");
    return true;
}

uint32_t cli_complain(const char *text, struct u16s word)
{
    (void)word;
    fail_msg("%s", text);
    return EXIT_RINGFENCE;
}

enum cli_end cli_options(struct cli *cli, const struct cli_option *options, size_t count,
                         void *ctx)
{
    for (size_t i = 0; i < count; i++)
        if ((fake.all && u16s_is(u16s_of(options[i].name), "--all")) ||
            (fake.dry_run && u16s_is(u16s_of(options[i].name), "--dry-run")))
            assert_null(options[i].set(ctx, (struct u16s){ 0 }));
    if (cli->rest.len == 0)
        return CLI_END;
    cli->word = U16BUF(arguments);
    u16buf_add(&cli->word, cli->rest);
    cli->rest = (struct u16s){ 0 };
    return CLI_WORD;
}

/* Two roots in the profile, and what the journal says of them. */
static int set_up(void **state)
{
    char16_t temp[MAX_PATH];
    struct u16buf final = U16BUF(base);

    (void)state;
    memset(&fake, 0, sizeof fake);
    assert_true(GetTempPathW(MAX_PATH, temp));
    wcscat(temp, u"ringfence-clean");
    assert_true(file_make_dirs(temp, &err));
    assert_true(file_final_path(temp, false, &final, &err));
    swprintf(temp, MAX_PATH, L"%ls\\AppData", base);
    assert_true(file_make_dirs(temp, &err));
    for (size_t i = 0; i < ROOTS; i++) {
        struct journal_record record = { .state = JOURNAL_DONE, .version = "1" };
        uint8_t digest[SHA256_BYTES];
        size_t bytes = 0;

        swprintf(root[i], MAX_PATH, L"%ls\\%ls\\app", base, i ? L"two" : L"one");
        assert_true(file_make_dirs(root[i], &err));
        assert_true(context_hash_path(root[i], digest, &err));
        memcpy(record.root, digest, JOURNAL_ROOT_BYTES);
        assert_true(journal_format(&record, u16s_of(root[i]),
                                   fake.journal + fake.journal_bytes,
                                   sizeof fake.journal - fake.journal_bytes, &bytes));
        fake.journal_bytes += bytes;
    }
    return 0;
}

static uint32_t clean(const char16_t *path)
{
    struct cli cli = { .rest = u16s_of(path) };

    return cmd_clean(&cli);
}

/* cmd_clean is for one call a process, so each test leaves the next what it has set: the
 * order is from the least to the most. */

static void clean__one_of_two_roots__closes_what_leads_to_it_alone(void **state)
{
    (void)state;
    assert_int_equal(clean(root[0]), EXIT_OK);
    assert_true(fake.above[0]);
    assert_false(fake.above[1]);
    assert_false(fake.profile);
}

static void clean__all__closes_everything_before_the_profile_is_looked_at(void **state)
{
    (void)state;
    fake.all = true;
    assert_int_equal(clean(u""), EXIT_OK);
    assert_true(fake.above[0] && fake.above[1] && fake.profile && fake.in_time);
}

static void clean__something_is_left__leaves_the_way_to_it(void **state)
{
    (void)state;
    fake.left = fake.all = true;
    assert_int_equal(clean(u""), EXIT_RINGFENCE);
    assert_false(fake.above[0] || fake.above[1] || fake.profile);
}

static void clean__dry_run__closes_nothing(void **state)
{
    (void)state;
    fake.all = fake.dry_run = true;
    (void)clean(u"");
    assert_int_equal(fake.closed, 0);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(clean__one_of_two_roots__closes_what_leads_to_it_alone),
        TEST(clean__all__closes_everything_before_the_profile_is_looked_at),
        TEST(clean__something_is_left__leaves_the_way_to_it),
        TEST(clean__dry_run__closes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
