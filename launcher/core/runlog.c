#include "core/runlog.h"

#define SECOND     10000000u    /* in FILETIME's 100 ns */
#define UNIX_EPOCH 11644473600u /* seconds from 1601 to 1970 */
#define DAY        86400u
#define TOOL_MAX   100u
#define ROOT_MAX   450u

struct date {
    uint64_t year;
    unsigned month, day, hour, minute, second;
};

static bool is_leap(uint64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of(uint64_t year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return month == 2 && is_leap(year) ? 29u : days[month - 1];
}

static struct date date_of(uint64_t time)
{
    uint64_t s = time / SECOND, days = s / DAY;
    struct date d = { .year = 1601, .month = 1 };

    for (; days >= (is_leap(d.year) ? 366u : 365u); d.year++)
        days -= is_leap(d.year) ? 366u : 365u;
    for (; days >= days_of(d.year, d.month); d.month++)
        days -= days_of(d.year, d.month);
    d.day = (unsigned)days + 1;
    d.hour = (unsigned)(s % DAY / 3600);
    d.minute = (unsigned)(s % 3600 / 60);
    d.second = (unsigned)(s % 60);
    return d;
}

static bool time_of(const struct date *d, uint64_t *time)
{
    uint64_t days = d->day - 1u;

    if (d->year < 1601 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1 ||
        d->day > days_of(d->year, d->month))
        return false;
    for (uint64_t y = 1601; y < d->year; y++)
        days += is_leap(y) ? 366u : 365u;
    for (unsigned m = 1; m < d->month; m++)
        days += days_of(d->year, m);
    *time = days * DAY * SECOND;
    return true;
}

static void add_plain(struct u16buf *b, struct u16s text, size_t max)
{
    for (size_t i = 0; i < text.len && i < max; i++)
        u16buf_addc(b, text.at[i] < u' ' || text.at[i] == 0x7F ? u'?' : text.at[i]);
}

static void add_number(struct u16buf *b, uint64_t n)
{
    u16buf_addc(b, u' ');
    u16buf_add_dec(b, n);
}

size_t runlog_format(const struct runlog_entry *e, char out[RUNLOG_LINE_BYTES])
{
    char16_t text[RUNLOG_LINE_BYTES / 3];
    struct u16buf b = U16BUF(text);

    u16buf_add_ascii(&b, "RL1");
    add_number(&b, e->time);
    u16buf_addc(&b, u' ');
    u16buf_add_ascii(&b, level_name(e->level));
    add_number(&b, !e->unproven);
    add_number(&b, e->network_on);
    add_number(&b, e->code);
    add_number(&b, e->arguments);
    u16buf_addc(&b, u'\t');
    add_plain(&b, e->tool, TOOL_MAX);
    u16buf_addc(&b, u'\t');
    add_plain(&b, e->root, ROOT_MAX);
    u16buf_addc(&b, u'\n');
    return u16s_to_utf8(u16buf_text(&b), out, RUNLOG_LINE_BYTES);
}

static bool next_number(struct u16s *rest, uint64_t max, uint64_t *n)
{
    return u16s_number(u16s_split(rest, u' '), max, n);
}

bool runlog_parse(struct runlog_entry *entry, const char *line, size_t bytes,
                  char16_t text[RUNLOG_TEXT_CAP])
{
    struct u16buf b = u16buf_init(text, RUNLOG_TEXT_CAP);
    struct runlog_entry e = { .time = 0 };
    struct u16s rest, head;
    uint64_t proven = 0, network = 0, code = 0, arguments = 0;

    if (!u16buf_add_utf8(&b, line, bytes, NULL) || b.cut)
        return false;
    rest = u16buf_text(&b);
    head = u16s_split(&rest, u'\t');
    if (!u16s_is(u16s_split(&head, u' '), "RL1") ||
        !next_number(&head, UINT64_MAX, &e.time) ||
        !level_parse(u16s_split(&head, u' '), &e.level) ||
        !next_number(&head, 1, &proven) || !next_number(&head, 1, &network) ||
        !next_number(&head, UINT32_MAX, &code) ||
        !next_number(&head, UINT32_MAX, &arguments) || head.at || !rest.at)
        return false;
    e.tool = u16s_split(&rest, u'\t');
    if (rest.len == 0 || u16s_find(rest, u'\t', 0) < rest.len)
        return false;
    e.root = rest;
    e.unproven = !proven;
    e.network_on = network;
    e.code = (uint32_t)code;
    e.arguments = (uint32_t)arguments;
    *entry = e;
    return true;
}

static bool read_date(struct u16s text, uint64_t *time)
{
    uint64_t part[3] = { 0 };
    struct date d = { .year = 0 };

    for (size_t i = 0; i < 3; i++)
        if (!u16s_number(u16s_split(&text, u'-'), 9999, &part[i]))
            return false;
    d.year = part[0];
    d.month = (unsigned)part[1];
    d.day = (unsigned)part[2];
    return !text.at && time_of(&d, time);
}

bool runlog_since(struct u16s text, uint64_t now, uint64_t *time)
{
    uint64_t n = 0, unit = 0;

    if (text.len == 0)
        return false;
    switch (text.at[text.len - 1]) {
    case u'm':
        unit = 60;
        break;
    case u'h':
        unit = 3600;
        break;
    case u'd':
        unit = DAY;
        break;
    default:
        return read_date(text, time);
    }
    if (!u16s_number(u16s_head(text, text.len - 1), 1000000, &n))
        return false;
    n *= unit * SECOND;
    *time = now > n ? now - n : 0;
    return true;
}

static void add_two(struct u16buf *b, char16_t before, unsigned n)
{
    u16buf_addc(b, before);
    if (n < 10)
        u16buf_addc(b, u'0');
    u16buf_add_dec(b, n);
}

void runlog_add_time(uint64_t time, char16_t between, struct u16buf *out)
{
    struct date d = date_of(time);

    u16buf_add_dec(out, d.year);
    add_two(out, u'-', d.month);
    add_two(out, u'-', d.day);
    add_two(out, between, d.hour);
    add_two(out, u':', d.minute);
    add_two(out, u':', d.second);
    u16buf_addc(out, u'Z');
}

void runlog_add_text(const struct runlog_entry *e, struct u16buf *out)
{
    runlog_add_time(e->time, u' ', out);
    u16buf_add_ascii(out, "  ");
    u16buf_add_ascii(out, level_name(e->level));
    u16buf_add_ascii(out, e->unproven ? ", NOT PROVEN  network " : "  network ");
    u16buf_add_ascii(out, e->network_on ? "on   exit " : "off  exit ");
    u16buf_add_dec(out, e->code);
    u16buf_add_ascii(out, "  ");
    u16buf_add(out, e->tool);
    u16buf_add_ascii(out, " (");
    u16buf_add_dec(out, e->arguments);
    u16buf_add_ascii(out, e->arguments == 1 ? " argument)  in " : " arguments)  in ");
    u16buf_add(out, e->root);
}

void runlog_add_json(const struct runlog_entry *e, struct json *json)
{
    uint64_t s = e->time / SECOND;

    json_open(json, NULL, u'{');
    json_number(json, "time", s > UNIX_EPOCH ? s - UNIX_EPOCH : 0);
    json_ascii(json, "level", level_name(e->level));
    json_bool(json, "unproven", e->unproven);
    json_ascii(json, "network", e->network_on ? "on" : "off");
    json_number(json, "code", e->code);
    json_text(json, "tool", e->tool);
    json_number(json, "arguments", e->arguments);
    json_text(json, "root", e->root);
    json_close(json, u'}');
}
