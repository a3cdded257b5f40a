#include "filters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One filter as a line: slot, layer, who, action, weight, conditions. */
static void show(const struct filters_filter *f, char *out, size_t cap)
{
    static const char *const layers[] = { "connect4", "connect6", "accept4", "accept6",
                                          "listen4",  "listen6",  "bind4",   "bind6" };
    static const char *const by[] = { "", " local-port", " remote-port" };

    snprintf(out, cap, "%02u %s %s %s %u%s%s%s", f->slot, layers[f->layer],
             f->who == FILTERS_OFFLINE ? "offline" : "anonymous",
             f->permits ? "permit" : "block", f->weight,
             f->on_loopback ? " loopback" : "", f->is_tcp_or_udp ? " tcp/udp" : "",
             by[f->by]);
}

static void assert_table(const char *policy, const char *const *want, size_t count)
{
    struct filters_filter got[FILTERS_MAX];
    struct filters_policy p;
    char16_t text[64];

    assert_true(filters_parse(&p, u16s_ascii(text, 64, policy)));
    assert_int_equal(filters_make(&p, got), count);
    for (size_t i = 0; i < count; i++) {
        char line[128];

        show(&got[i], line, sizeof line);
        assert_string_equal(line, want[i]);
    }
}

static void filters_make__loopback_none__blocks_everything(void **state)
{
    static const char *const want[] = {
        "00 connect4 offline block 0",   "02 connect6 offline block 0",
        "04 accept4 offline block 0",    "06 accept6 offline block 0",
        "08 listen4 offline block 0",    "10 listen6 offline block 0",
        "12 bind4 offline block 0",      "14 bind6 offline block 0",
        "16 connect4 anonymous block 0", "18 connect6 anonymous block 0",
        "20 accept4 anonymous block 0",  "22 accept6 anonymous block 0",
        "24 listen4 anonymous block 0",  "26 listen6 anonymous block 0",
        "28 bind4 anonymous block 0",    "30 bind6 anonymous block 0",
    };
    (void)state;
    assert_table("none", want, sizeof want / sizeof want[0]);
}

static void filters_make__loopback_all__permits_stand_in_front(void **state)
{
    static const char *const want[] = {
        "00 connect4 offline block 0",   "01 connect4 offline permit 15 loopback",
        "02 connect6 offline block 0",   "03 connect6 offline permit 15 loopback",
        "04 accept4 offline block 0",    "05 accept4 offline permit 15 loopback",
        "06 accept6 offline block 0",    "07 accept6 offline permit 15 loopback",
        "08 listen4 offline block 0",    "09 listen4 offline permit 15",
        "10 listen6 offline block 0",    "11 listen6 offline permit 15",
        "12 bind4 offline block 0",      "13 bind4 offline permit 15 tcp/udp",
        "14 bind6 offline block 0",      "15 bind6 offline permit 15 tcp/udp",
        "16 connect4 anonymous block 0", "17 connect4 anonymous permit 15 loopback",
        "18 connect6 anonymous block 0", "19 connect6 anonymous permit 15 loopback",
        "20 accept4 anonymous block 0",  "21 accept4 anonymous permit 15 loopback",
        "22 accept6 anonymous block 0",  "23 accept6 anonymous permit 15 loopback",
        "24 listen4 anonymous block 0",  "25 listen4 anonymous permit 15",
        "26 listen6 anonymous block 0",  "27 listen6 anonymous permit 15",
        "28 bind4 anonymous block 0",    "29 bind4 anonymous permit 15 tcp/udp",
        "30 bind6 anonymous block 0",    "31 bind6 anonymous permit 15 tcp/udp",
    };
    (void)state;
    assert_table("all", want, sizeof want / sizeof want[0]);
}

static void filters_make__loopback_ports__permits_name_them(void **state)
{
    static const char *const want[] = {
        "00 connect4 offline block 0",
        "01 connect4 offline permit 15 loopback remote-port",
        "02 connect6 offline block 0",
        "03 connect6 offline permit 15 loopback remote-port",
        "04 accept4 offline block 0",
        "05 accept4 offline permit 15 loopback local-port",
        "06 accept6 offline block 0",
        "07 accept6 offline permit 15 loopback local-port",
        "08 listen4 offline block 0",
        "09 listen4 offline permit 15 local-port",
        "10 listen6 offline block 0",
        "11 listen6 offline permit 15 local-port",
        "12 bind4 offline block 0",
        "13 bind4 offline permit 15 tcp/udp",
        "14 bind6 offline block 0",
        "15 bind6 offline permit 15 tcp/udp",
        "16 connect4 anonymous block 0",
        "17 connect4 anonymous permit 15 loopback remote-port",
        "18 connect6 anonymous block 0",
        "19 connect6 anonymous permit 15 loopback remote-port",
        "20 accept4 anonymous block 0",
        "21 accept4 anonymous permit 15 loopback local-port",
        "22 accept6 anonymous block 0",
        "23 accept6 anonymous permit 15 loopback local-port",
        "24 listen4 anonymous block 0",
        "25 listen4 anonymous permit 15 local-port",
        "26 listen6 anonymous block 0",
        "27 listen6 anonymous permit 15 local-port",
        "28 bind4 anonymous block 0",
        "29 bind4 anonymous permit 15 tcp/udp",
        "30 bind6 anonymous block 0",
        "31 bind6 anonymous permit 15 tcp/udp",
    };
    (void)state;
    assert_table("8080,3000", want, sizeof want / sizeof want[0]);
}

/* Whatever the policy: no permit at connect or accept without the loopback condition, and
 * behind every permit a block that is lighter and less narrow. */
static void filters_make__every_policy__nothing_but_loopback_gets_through(void **state)
{
    static const char *const policies[] = { "none", "all", "1", "1,65535" };

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct filters_filter f[FILTERS_MAX];
        struct filters_policy p;
        char16_t text[64];
        unsigned blocks = 0;
        size_t count = 0;

        assert_true(filters_parse(&p, u16s_ascii(text, 64, policies[i])));
        count = filters_make(&p, f);
        for (size_t k = 0; k < count; k++) {
            assert_true(k == 0 || f[k].slot > f[k - 1].slot);
            if (!f[k].permits) {
                blocks++;
                assert_false(f[k].on_loopback || f[k].is_tcp_or_udp || f[k].by);
            } else {
                assert_true(f[k].weight > f[k - 1].weight);
                assert_true(f[k].layer == f[k - 1].layer && f[k].who == f[k - 1].who);
                assert_true(f[k].on_loopback || f[k].layer >= FILTERS_LISTEN_V4);
            }
        }
        assert_int_equal(blocks, FILTERS_LAYER_COUNT * FILTERS_WHO_COUNT);
    }
}

static void filters_name__every_filter__is_unique(void **state)
{
    struct filters_filter f[FILTERS_MAX];
    struct filters_policy p = { .loopback = FILTERS_LOOPBACK_ALL };
    char16_t names[FILTERS_MAX][80];
    size_t count = filters_make(&p, f);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct u16buf b = U16BUF(names[i]);

        filters_name(&f[i], &b);
        assert_false(b.cut);
        for (size_t k = 0; k < i; k++)
            assert_false(u16s_eq(u16s_of(names[i]), u16s_of(names[k])));
    }
    assert_true(u16s_eq(u16s_of(names[0]), U16S("v4 connect: block RingfenceOffline")));
}

static void filters_parse__good_texts__come_back_the_same(void **state)
{
    static const struct {
        const char16_t *text, *back;
    } cases[] = {
        { u"none", u"none" },       { u"all", u"all" },
        { u"80", u"80" },           { u"8080,3000", u"3000,8080" },
        { u"1,65535", u"1,65535" }, { u"5, 5 ,4", u"4,5" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct filters_policy p;
        char16_t text[64];
        struct u16buf b = U16BUF(text);

        assert_true(filters_parse(&p, u16s_of(cases[i].text)));
        filters_format(&p, &b);
        assert_true(u16s_eq(u16buf_text(&b), u16s_of(cases[i].back)));
    }
}

static void filters_parse__bad_texts__are_refused(void **state)
{
    static const char16_t *const bad[] = {
        u"",      u"0",  u"65536", u"None",  u"any",  u"80,", u",80",
        u"80;81", u"-1", u"1,two", u"80-90", u"0x50", u" ",   u"all,none",
    };
    struct filters_policy p = { .port_count = 77 };
    char16_t many[256];
    struct u16buf b = U16BUF(many);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(filters_parse(&p, u16s_of(bad[i])));
    assert_false(filters_parse(&p, (struct u16s){ NULL, 0 }));
    for (unsigned i = 0; i <= FILTERS_PORTS_MAX; i++) {
        if (i)
            u16buf_addc(&b, u',');
        u16buf_add_dec(&b, 100 + i);
    }
    assert_false(filters_parse(&p, u16buf_text(&b)));
    assert_int_equal(p.port_count, 77);
    assert_true(filters_parse(&p, u16s_head(u16buf_text(&b), b.len - 4)));
    assert_int_equal(p.port_count, FILTERS_PORTS_MAX);
}

static void filters_rules__by_policy__block_all_or_all_but_loopback(void **state)
{
    struct filters_rule rule[FILTERS_RULES];
    struct filters_policy p = { .loopback = FILTERS_LOOPBACK_NONE };

    (void)state;
    filters_rules(&p, rule);
    assert_true(rule[0].outbound && !rule[1].outbound);
    assert_true(u16s_eq(u16s_of(rule[0].remote), U16S("*")));
    p.loopback = FILTERS_LOOPBACK_PORTS;
    filters_rules(&p, rule);
    for (size_t i = 0; i < FILTERS_RULES; i++) {
        assert_false(filters_same_addresses(u16s_of(rule[i].remote), U16S("*")));
        assert_true(filters_same_addresses(
            u16s_of(rule[i].remote),
            U16S("128.0.0.0/1,::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,::/128,"
                 "64.0.0.0-126.255.255.255,0.0.0.0/2")));
    }
}

static void filters_same_addresses__other_spelling__is_the_same(void **state)
{
    static const char16_t *const same[][2] = {
        { u"*", u"*" },
        { u"*", u"0.0.0.0-255.255.255.255,::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
        { u"10.0.0.1", u"10.0.0.1/255.255.255.255" },
        { u"10.0.0.1", u"10.0.0.1-10.0.0.1" },
        { u"10.0.0.7/8", u"10.0.0.0/255.0.0.0" },
        { u"1.2.3.4,5.6.7.8", u"5.6.7.8,1.2.3.4" },
        { u"10.0.0.0-10.0.0.9,10.0.0.10-10.0.0.20", u"10.0.0.0-10.0.0.20" },
        { u"10.0.0.0-10.0.0.15,10.0.0.3-10.0.0.4", u"10.0.0.0/28" },
        { u"::1", u"0:0:0:0:0:0:0:1" },
        { u"FE80::1/64", u"fe80::/64" },
        { u"::", u"::/128" },
        { u"1::", u"1:0::0:0" },
        { u"::2-::ffff", u"::0002-0::FFFF" },
        { u"255.255.255.255,0.0.0.0", u"0.0.0.0,255.255.255.255" },
        { u"0.0.0.0/0", u"0.0.0.0-127.255.255.255,128.0.0.0/1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_true(filters_same_addresses(u16s_of(same[i][0]), u16s_of(same[i][1])));
}

static void filters_same_addresses__less_more_or_unreadable__is_not(void **state)
{
    static const char16_t *const other[][2] = {
        { u"*", u"0.0.0.0-255.255.255.255" },
        { u"*", u"0.0.0.0-126.255.255.255,128.0.0.0-255.255.255.255,::/0" },
        { u"10.0.0.1", u"10.0.0.2" },
        { u"10.0.0.0-10.0.0.9,10.0.0.11-10.0.0.20", u"10.0.0.0-10.0.0.20" },
        { u"::1", u"::2" },
        { u"::1", u"0.0.0.1" },
        { u"LocalSubnet", u"LocalSubnet" },
        { u"", u"" },
        { u"1.2.3", u"1.2.3" },
        { u"1.2.3.4.5", u"1.2.3.4.5" },
        { u"1.2.3.256", u"1.2.3.256" },
        { u"1.2.3.4/33", u"1.2.3.4/33" },
        { u"1.2.3.4/255.0.255.0", u"1.2.3.4/255.0.255.0" },
        { u"::1/129", u"::1/129" },
        { u"::1/255.0.0.0", u"::1/255.0.0.0" },
        { u"1.2.3.4-1.2.3.3", u"1.2.3.4-1.2.3.3" },
        { u"1.2.3.4-::1", u"1.2.3.4-::1" },
        { u"1:2:3:4:5:6:7", u"1:2:3:4:5:6:7" },
        { u"1:2:3:4:5:6:7:8:9", u"1:2:3:4:5:6:7:8:9" },
        { u"1::2::3", u"1::2::3" },
        { u"1:2:3:4::5:6:7:8", u"1:2:3:4::5:6:7:8" },
        { u"12345::", u"12345::" },
        { u":1", u":1" },
        { u"1:", u"1:" },
        { u"1.2.3.4,", u"1.2.3.4," },
    };
    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_false(filters_same_addresses(u16s_of(other[i][0]), u16s_of(other[i][1])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_make__loopback_none__blocks_everything),
        cmocka_unit_test(filters_make__loopback_all__permits_stand_in_front),
        cmocka_unit_test(filters_make__loopback_ports__permits_name_them),
        cmocka_unit_test(filters_make__every_policy__nothing_but_loopback_gets_through),
        cmocka_unit_test(filters_name__every_filter__is_unique),
        cmocka_unit_test(filters_parse__good_texts__come_back_the_same),
        cmocka_unit_test(filters_parse__bad_texts__are_refused),
        cmocka_unit_test(filters_rules__by_policy__block_all_or_all_but_loopback),
        cmocka_unit_test(filters_same_addresses__other_spelling__is_the_same),
        cmocka_unit_test(filters_same_addresses__less_more_or_unreadable__is_not),
    };
    return cmocka_run_group_tests_name("filters", tests, NULL, NULL);
}
