#include "core/doctor.h"
#include "core/sddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct doctor doctor;

/* A machine on which all is well, at the strict fence. */
static struct doctor_facts well(void)
{
    return (struct doctor_facts){ .policy_path = U16S("C:\\d\\policy.ini"),
                                  .complete = true,
                                  .verdict = { .level = LEVEL_CONFINED, .reason = "" },
                                  .fence = FENCE_STRICT,
                                  .has_box = true,
                                  .box = U16S("C:\\d\\box\\1"),
                                  .journal_read = true,
                                  .path = U16S("\"C:\\rf\\shims\\\";C:\\git\\cmd"),
                                  .shims = U16S("C:\\rf\\shims"),
                                  .denybin = U16S("C:\\rf\\denybin"),
                                  .granted = true,
                                  .stores_closed = 7,
                                  .has_accounts = true,
                                  .seclogon = DOCTOR_SERVICE_OK };
}

static const struct doctor_check *judged(const struct doctor_facts *f, const char *id)
{
    doctor_judge(f, &doctor);
    assert_false(doctor.room.cut);
    for (size_t i = 0; i < doctor.count; i++)
        if (!strcmp(doctor.check[i].id, id))
            return &doctor.check[i];
    return NULL;
}

/* The check comes out as state, with what it is about in its detail, and with a remedy
 * where something is to be done. */
static void expect(const struct doctor_facts *f, const char *id, enum doctor_state state,
                   const char *says)
{
    const struct doctor_check *c = judged(f, id);
    char detail[2048] = { 0 };

    assert_non_null(c);
    u16s_to_utf8(c->detail, detail, sizeof detail - 1);
    if (c->state != state || !strstr(detail, says))
        fail_msg("%s: state %d, %s", id, (int)c->state, detail);
    if (state == DOCTOR_FAIL || state == DOCTOR_WARN)
        assert_true(c->remedy.len > 0);
    if (state == DOCTOR_OK)
        assert_int_equal(c->remedy.len, 0);
}

/* What is to be typed. */
static void expect_remedy(const struct doctor_facts *f, const char *id, const char *typed)
{
    const struct doctor_check *c = judged(f, id);
    char remedy[2048] = { 0 };

    assert_non_null(c);
    u16s_to_utf8(c->remedy, remedy, sizeof remedy - 1);
    if (!strstr(remedy, typed))
        fail_msg("%s: %s", id, remedy);
}

static void judge__all_is_well__warns_of_nothing(void **state)
{
    struct doctor_facts f = well();

    (void)state;
    doctor_judge(&f, &doctor);
    assert_int_equal(doctor_count(&doctor, DOCTOR_FAIL), 0);
    assert_int_equal(doctor_count(&doctor, DOCTOR_WARN), 0);
    assert_int_equal(doctor_count(&doctor, DOCTOR_SKIP), 1); /* the network is off */
    expect(&f, "level", DOCTOR_OK, "confined (strict)");
    expect(&f, "stores", DOCTOR_OK, "7 credential stores");
    expect(&f, "policy", DOCTOR_OK, "policy.ini (not there: defaults)");
    f.has_policy = true;
    assert_true(u16s_eq(judged(&f, "policy")->detail, U16S("C:\\d\\policy.ini")));
}

static void judge__level__says_what_is_not_proven(void **state)
{
    struct doctor_facts f = well();

    (void)state;
    f.fence = FENCE_STANDARD;
    expect(&f, "level", DOCTOR_WARN, "deletes and renames outside");
    f.verdict.level = LEVEL_ADVISORY;
    f.verdict.reason = "nothing keeps SIDs";
    expect(&f, "level", DOCTOR_FAIL, "nothing keeps SIDs");
    f.verdict.refused = true;
    expect(&f, "level", DOCTOR_FAIL, "below what is required");
    f.inside = true;
    expect(&f, "level", DOCTOR_OK, "inside a fence");
    f = well();
    f.verdict.level = LEVEL_ENFORCED;
    expect(&f, "level", DOCTOR_OK, "enforced");
}

static void
judge__policy_at_fault__names_the_line_and_skips_what_hangs_on_it(void **state)
{
    struct doctor_facts f = well();

    (void)state;
    f.policy_fault = "unknown key";
    f.policy_line = 3;
    f.complete = false;
    expect(&f, "policy", DOCTOR_FAIL, "line 3 of C:\\d\\policy.ini: unknown key");
    assert_null(judged(&f, "level"));
    assert_null(judged(&f, "schannel"));
    assert_non_null(judged(&f, "path"));
}

static void judge__path__our_place_on_it(void **state)
{
    struct doctor_facts f = well();

    (void)state;
    f.path = U16S("C:\\git\\cmd;c:/x;C:\\RF\\SHIMS");
    expect(&f, "path", DOCTOR_OK, "first");
    f.shadowed = U16S("C:\\git\\cmd\\git.exe");
    expect(&f, "path", DOCTOR_FAIL, "C:\\git\\cmd\\git.exe comes before");
    expect_remedy(&f, "path", "deactivate"); /* or activate does nothing */
    f.path = U16S("C:\\git\\cmd");
    expect(&f, "path", DOCTOR_WARN, "C:\\rf\\shims is not on PATH");
    expect_remedy(&f, "path", "C:\\rf\\activate");
    f.shims = U16S("C:\\Program Files\\rf\\shims");
    expect(&f, "path", DOCTOR_WARN, "C:\\Program Files\\rf\\shims is not on PATH");
    expect_remedy(&f, "path", "\"C:\\Program Files\\rf\\activate\"");
    f.shims = f.denybin = (struct u16s){ 0 };
    expect(&f, "path", DOCTOR_FAIL, "no install");
    f = well();
    f.inside = true;
    expect(&f, "path", DOCTOR_WARN, "C:\\rf\\denybin does not come before");
    f.path = U16S("C:\\rf\\denybin;C:\\rf\\shims;C:\\x");
    expect(&f, "path", DOCTOR_OK, "first");
}

static void judge__schannel__where_a_fence_lets_onto_the_network(void **state)
{
    struct doctor_facts f = well();

    (void)state;
    f.git_backend = U16S("schannel");
    expect(&f, "schannel", DOCTOR_SKIP, "network is off");
    f.network_on = true;
    expect(&f, "schannel", DOCTOR_WARN, "SEC_E_NO_CREDENTIALS");
    f.git_backend_kept = true;
    expect(&f, "schannel", DOCTOR_FAIL, "which is schannel");
    f.git_backend = (struct u16s){ 0 }; /* then it is OpenSSL */
    expect(&f, "schannel", DOCTOR_WARN, "git uses OpenSSL");
    f.verdict.level = LEVEL_ADVISORY;
    expect(&f, "schannel", DOCTOR_SKIP, "no fence");
}

static void judge__the_rest__each_says_its_own(void **state)
{
    struct doctor_facts f = well();

    (void)state;
    f.has_box = false;
    f.aliases = U16S("python");
    f.volumes = U16S("E:\\ (FAT32)");
    f.store_open = U16S("C:\\Users\\me\\.ssh");
    f.journal_damaged = 2;
    f.seclogon = DOCTOR_SERVICE_DISABLED;
    f.unreadable = U16S("C:\\tools");
    expect(&f, "box", DOCTOR_SKIP, "the first launch");
    expect(&f, "aliases", DOCTOR_WARN, "python");
    expect(&f, "volumes", DOCTOR_WARN, "E:\\ (FAT32)");
    expect(&f, "stores", DOCTOR_FAIL, ".ssh");
    expect(&f, "journal", DOCTOR_WARN, "2 places");
    expect(&f, "accounts", DOCTOR_FAIL, "Secondary Logon");
    expect(&f, "tools", DOCTOR_WARN, "C:\\tools");
    f.journal_read = false;
    f.granted = false;
    f.seclogon = DOCTOR_SERVICE_UNKNOWN;
    expect(&f, "journal", DOCTOR_FAIL, "cannot be read");
    expect(&f, "stores", DOCTOR_SKIP, "not granted");
    expect(&f, "accounts", DOCTOR_WARN, "cannot be asked");
    f.has_accounts = false;
    expect(&f, "accounts", DOCTOR_SKIP, "no sandbox accounts");
    expect(&f, "tools", DOCTOR_SKIP, "no sandbox accounts");
}

static void text_and_json__of_two_checks__as_shown(void **state)
{
    static char16_t text[4096];
    char utf8[4096] = { 0 };
    struct u16buf b = U16BUF(text);
    struct json json;

    (void)state;
    doctor.count = 2;
    doctor.check[0] = (struct doctor_check){ .id = "box",
                                             .state = DOCTOR_OK,
                                             .detail = U16S("C:\\box") };
    doctor.check[1] = (struct doctor_check){ .id = "level",
                                             .state = DOCTOR_FAIL,
                                             .detail = U16S("no \"fence\""),
                                             .remedy = U16S("try") };
    doctor_text(&doctor, &b);
    u16s_to_utf8(u16buf_text(&b), utf8, sizeof utf8 - 1);
    assert_string_equal(utf8, "ok    box       C:\\box\n"
                              "fail  level     no \"fence\"\n"
                              "                fix: try\n"
                              "2 checks: 1 ok, 0 warn, 1 fail, 0 skip\n");
    b = U16BUF(text);
    json_init(&json, &b);
    json_open(&json, NULL, u'{');
    doctor_json(&doctor, &json);
    json_close(&json, u'}');
    memset(utf8, 0, sizeof utf8);
    u16s_to_utf8(u16buf_text(&b), utf8, sizeof utf8 - 1);
    assert_string_equal(
        utf8,
        "{\"ok\":1,\"warn\":0,\"fail\":1,\"skip\":0,\"checks\":["
        "{\"id\":\"box\",\"state\":\"ok\",\"detail\":\"C:\\\\box\",\"remedy\":\"\"},"
        "{\"id\":\"level\",\"state\":\"fail\",\"detail\":\"no \\\"fence\\\"\","
        "\"remedy\":\"try\"}]}");
}

static void account_reads__by_list__what_users_or_the_group_may(void **state)
{
    static const struct {
        const char16_t *sddl;
        bool reads;
    } rows[] = {
        { u"O:BAG:BAD:(A;OICI;FA;;;BA)(A;OICI;FRFX;;;BU)", true },
        { u"O:BAG:BAD:(A;OICI;FA;;;BA)(A;OICI;FRFX;;;S-1-5-21-1-2-3-1001)", false },
        { u"O:BAG:BAD:(A;OICI;FA;;;S-1-5-21-1-2-3-1001)(A;;FRFX;;;S-1-5-21-1-2-3-1010)",
          true },
        { u"O:BAG:BAD:(A;;0x100080;;;S-1-5-21-1-2-3-1010)", false },
        { u"O:BAG:BAD:(D;;FR;;;S-1-5-21-1-2-3-1010)(A;;FA;;;WD)", false },
    };
    struct sid account, group;

    (void)state;
    assert_true(sid_parse(&account, U16S("S-1-5-21-1-2-3-1011")));
    assert_true(sid_parse(&group, U16S("S-1-5-21-1-2-3-1010")));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[1024];
        struct secdesc sd;
        struct err err;

        assert_true(
            sddl_parse(&sd, u16s_of(rows[i].sddl), NULL, bytes, sizeof bytes, &err));
        if (doctor_account_reads(&account, &group, &sd) != rows[i].reads)
            fail_msg("row %zu", i);
    }
}

static void git_backend__configuration__the_last_of_section_http(void **state)
{
    static const char text[] = "[core]\r\n\tsslBackend = no\r\n[http]\r\n\tproxy = x\r\n"
                               "\tsslbackend = schannel\r\n[http \"https://x/\"]\r\n"
                               "\tsslBackend = other\r\n[HTTP]\nsslBackend=openssl";
    char16_t room[32];
    struct u16buf out = U16BUF(room);

    (void)state;
    assert_true(doctor_git_backend(text, sizeof text - 1, &out));
    assert_true(u16s_is(u16buf_text(&out), "openssl"));
    assert_true(doctor_git_backend(text, 70, &out));
    assert_true(u16s_is(u16buf_text(&out), "schannel"));
    assert_false(doctor_git_backend("[http]\n\tproxy = y\n", 18, &out));
    assert_true(u16s_is(u16buf_text(&out), "schannel"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge__all_is_well__warns_of_nothing),
        cmocka_unit_test(judge__level__says_what_is_not_proven),
        cmocka_unit_test(
            judge__policy_at_fault__names_the_line_and_skips_what_hangs_on_it),
        cmocka_unit_test(judge__path__our_place_on_it),
        cmocka_unit_test(judge__schannel__where_a_fence_lets_onto_the_network),
        cmocka_unit_test(judge__the_rest__each_says_its_own),
        cmocka_unit_test(text_and_json__of_two_checks__as_shown),
        cmocka_unit_test(account_reads__by_list__what_users_or_the_group_may),
        cmocka_unit_test(git_backend__configuration__the_last_of_section_http),
    };
    return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
