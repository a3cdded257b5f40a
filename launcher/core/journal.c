#include "core/journal.h"

#include "core/sha256.h"

#define TAG         "RFJ"
#define TAG_LEN     3u
#define CHECK_BYTES 8u
#define CHECK_CHARS ((size_t)2 * CHECK_BYTES)
#define NUMBER_CAP  21u /* the longest number, and a terminator */

static const char *const states[JOURNAL_STATE_COUNT] = { "begun", "done", "clearing",
                                                         "cleared" };

/* A borrowed run of bytes. */
struct span {
    const uint8_t *at;
    size_t bytes;
};

/* Bytes being written, into room that was measured before. */
struct sink {
    uint8_t *at;
    size_t bytes;
};

static void put(struct sink *to, const void *data, size_t bytes)
{
    const uint8_t *from = data;

    for (size_t i = 0; i < bytes; i++)
        to->at[to->bytes++] = from[i];
}

static void put_text(struct sink *to, const char *text)
{
    size_t len = 0;

    while (text[len])
        len++;
    put(to, text, len);
}

static void put_hex(struct sink *to, const uint8_t *data, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes; i++) {
        put(to, &digits[data[i] >> 4], 1);
        put(to, &digits[data[i] & 15], 1);
    }
}

static void put_number(struct sink *to, uint64_t value)
{
    char text[NUMBER_CAP];
    size_t at = NUMBER_CAP;

    text[--at] = 0;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    put(to, " ", 1);
    put_text(to, text + at);
}

static bool is_high(char16_t c)
{
    return c >= 0xD800 && c <= 0xDBFF;
}

static bool is_low(char16_t c)
{
    return c >= 0xDC00 && c <= 0xDFFF;
}

static bool needs_escape(char16_t c)
{
    return c <= u' ' || c == u'%' || c == 0x7F || is_high(c) || is_low(c) || c == 0xFEFF;
}

static void put_path(struct sink *to, struct u16s path)
{
    for (size_t i = 0; i < path.len; i++) {
        char16_t c = path.at[i];
        uint8_t unit[2] = { (uint8_t)(c >> 8), (uint8_t)(c & 0xFF) };
        bool pair = is_high(c) && i + 1 < path.len && is_low(path.at[i + 1]);
        char utf8[4];

        if (needs_escape(c) && !pair) {
            put(to, "%", 1);
            put_hex(to, unit, 2);
            continue;
        }
        put(to, utf8,
            u16s_to_utf8((struct u16s){ path.at + i, pair ? 2 : 1 }, utf8, sizeof utf8));
        i += pair;
    }
}

/* The version's length, or 0 when it is no word. */
static size_t version_len(const char *version)
{
    size_t len = 0;

    while (len < JOURNAL_VERSION_CAP && version[len]) {
        if (version[len] <= ' ' || version[len] > '~')
            return 0;
        len++;
    }
    return len < JOURNAL_VERSION_CAP ? len : 0;
}

bool journal_format(const struct journal_record *record, struct u16s path, uint8_t *out,
                    size_t cap, size_t *bytes)
{
    uint8_t check[SHA256_BYTES];
    size_t version = version_len(record->version);
    struct sink to = { out, 0 };

    /* The size first: nothing is written that is not written whole. */
    if (version == 0 || path.len == 0 || path.len > JOURNAL_PATH_MAX ||
        record->state >= JOURNAL_STATE_COUNT || cap < JOURNAL_RECORD_BYTES(path.len))
        return false;
    put_text(&to, "\n" TAG "1 ");
    put_text(&to, states[record->state]);
    put(&to, " ", 1);
    put_hex(&to, record->root, JOURNAL_ROOT_BYTES);
    put_number(&to, record->plan);
    put_number(&to, record->time);
    put_number(&to, record->entries);
    put_number(&to, record->failed);
    put(&to, " ", 1);
    put(&to, record->version, version);
    put(&to, " ", 1);
    put_path(&to, path);
    sha256(out + 1, to.bytes - 1, check);
    put(&to, " ", 1);
    put_hex(&to, check, CHECK_BYTES);
    put(&to, "\n", 1);
    *bytes = to.bytes;
    return true;
}

/* Splits *rest at its first blank: returns what is before it. */
static struct span take_field(struct span *rest)
{
    struct span field = { rest->at, 0 };

    while (field.bytes < rest->bytes && field.at[field.bytes] != ' ')
        field.bytes++;
    rest->at += field.bytes;
    rest->bytes -= field.bytes;
    if (rest->bytes) {
        rest->at++;
        rest->bytes--;
    }
    return field;
}

static bool span_is(struct span s, const char *text)
{
    size_t i = 0;

    while (i < s.bytes && text[i] && s.at[i] == (uint8_t)text[i])
        i++;
    return i == s.bytes && !text[i];
}

static bool take_number(struct span *rest, uint64_t max, uint64_t *value)
{
    struct span field = take_field(rest);
    char16_t text[NUMBER_CAP];

    if (field.bytes >= NUMBER_CAP)
        return false;
    for (size_t i = 0; i < field.bytes; i++)
        text[i] = field.at[i];
    return u16s_number((struct u16s){ text, field.bytes }, max, value);
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower case only: a flipped bit must not give another spelling of the same. */
static bool read_hex(struct span s, uint8_t *out, size_t bytes)
{
    if (s.bytes != 2 * bytes)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        int high = hex_digit(s.at[2 * i]), low = hex_digit(s.at[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Whether the line ends with the CHECK of what is before it; *body is that. */
static bool is_whole(struct span line, struct span *body)
{
    uint8_t is[SHA256_BYTES], said[CHECK_BYTES];
    size_t bytes = line.bytes - CHECK_CHARS - 1;

    if (line.bytes <= TAG_LEN + 1 + CHECK_CHARS || line.at[bytes] != ' ' ||
        !read_hex((struct span){ line.at + bytes + 1, CHECK_CHARS }, said, CHECK_BYTES))
        return false;
    sha256(line.at, bytes, is);
    for (size_t i = 0; i < CHECK_BYTES; i++)
        if (is[i] != said[i])
            return false;
    *body = (struct span){ line.at, bytes };
    return true;
}

static bool take_state(struct span *rest, enum journal_state *state)
{
    struct span field = take_field(rest);

    for (size_t i = 0; i < JOURNAL_STATE_COUNT; i++)
        if (span_is(field, states[i])) {
            *state = (enum journal_state)i;
            return true;
        }
    return false;
}

static bool take_version(struct span *rest, char version[JOURNAL_VERSION_CAP])
{
    struct span field = take_field(rest);

    if (field.bytes == 0 || field.bytes >= JOURNAL_VERSION_CAP)
        return false;
    for (size_t i = 0; i < field.bytes; i++)
        version[i] = (char)field.at[i];
    version[field.bytes] = 0;
    return version_len(version) == field.bytes;
}

/* The fields between the tag and CHECK. */
static bool read_fields(struct span body, struct journal_record *record)
{
    struct journal_record r = { 0 };
    uint64_t plan = 0;

    if (!take_state(&body, &r.state) ||
        !read_hex(take_field(&body), r.root, JOURNAL_ROOT_BYTES) ||
        !take_number(&body, UINT32_MAX, &plan) ||
        !take_number(&body, UINT64_MAX, &r.time) ||
        !take_number(&body, UINT64_MAX, &r.entries) ||
        !take_number(&body, UINT64_MAX, &r.failed) || !take_version(&body, r.version) ||
        take_field(&body).bytes == 0 || body.bytes != 0)
        return false;
    r.plan = (uint32_t)plan;
    *record = r;
    return true;
}

enum line_kind { LINE_RECORD, LINE_DAMAGED, LINE_OTHER_VERSION };

static enum line_kind read_line(struct span line, struct journal_record *record)
{
    struct span body, tag;

    if (!is_whole(line, &body))
        return LINE_DAMAGED;
    tag = take_field(&body);
    if (tag.bytes <= TAG_LEN || !span_is((struct span){ tag.at, TAG_LEN }, TAG))
        return LINE_DAMAGED;
    if (!span_is(tag, TAG "1"))
        return LINE_OTHER_VERSION;
    if (!read_fields(body, record))
        return LINE_DAMAGED;
    record->line = line.at;
    record->line_bytes = line.bytes;
    return LINE_RECORD;
}

static bool same_root(const struct journal_record *a, const struct journal_record *b)
{
    for (size_t i = 0; i < JOURNAL_ROOT_BYTES; i++)
        if (a->root[i] != b->root[i])
            return false;
    return true;
}

/* Puts the record in the place of its root's earlier one, else behind the last. */
static bool keep_latest(struct journal *journal, const struct journal_record *record)
{
    size_t i = 0;

    while (i < journal->count && !same_root(&journal->roots[i], record))
        i++;
    if (i == journal->cap)
        return false;
    journal->roots[i] = *record;
    if (i == journal->count)
        journal->count++;
    return true;
}

static struct span take_line(struct span *rest)
{
    struct span line = { rest->at, 0 };

    while (line.bytes < rest->bytes && line.at[line.bytes] != '\n')
        line.bytes++;
    rest->at += line.bytes;
    rest->bytes -= line.bytes;
    if (rest->bytes) {
        rest->at++;
        rest->bytes--;
    }
    return line;
}

bool journal_read(struct journal *journal, const void *data, size_t bytes,
                  struct err *err)
{
    struct journal j = { .roots = journal->roots, .cap = journal->cap };
    struct span rest = { data, bytes };

    while (rest.bytes) {
        struct span line = take_line(&rest);
        struct journal_record record;
        enum line_kind kind = LINE_DAMAGED;

        if (line.bytes == 0)
            continue;
        kind = read_line(line, &record);
        if (kind == LINE_OTHER_VERSION)
            return err_rule(err, "the journal is another version's", NULL);
        if (kind == LINE_RECORD && !keep_latest(&j, &record))
            return err_rule(err, "the journal names too many roots", NULL);
        if (kind == LINE_DAMAGED && line.at + line.bytes == (const uint8_t *)data + bytes)
            j.torn = true;
        else if (kind == LINE_DAMAGED)
            j.damaged++;
    }
    *journal = j;
    return true;
}

/* One "%XXXX", its digits at the start of s. */
static bool add_escape(struct u16buf *out, struct span s)
{
    uint8_t unit[2];

    if (s.bytes < 4 || !read_hex((struct span){ s.at, 4 }, unit, 2))
        return false;
    u16buf_addc(out, (char16_t)(unit[0] << 8 | unit[1]));
    return true;
}

bool journal_path(const struct journal_record *record, struct u16buf *out)
{
    struct span rest = { record->line, record->line_bytes };
    struct span path = { 0 };
    struct u16buf b = *out;
    bool ok = true;

    for (size_t field = 0; field < 9; field++)
        path = take_field(&rest);
    for (size_t at = 0; ok && at < path.bytes;) {
        size_t end = at;

        while (end < path.bytes && path.at[end] != '%')
            end++;
        ok = u16buf_add_utf8(&b, (const char *)path.at + at, end - at, NULL);
        at = end;
        if (ok && at < path.bytes) {
            ok = add_escape(&b, (struct span){ path.at + at + 1, path.bytes - at - 1 });
            at += 5;
        }
    }
    if (!ok || b.cut || b.len == out->len || out->cut) {
        out->at[out->len] = 0;
        return false;
    }
    *out = b;
    return true;
}

bool journal_compact(const struct journal *journal, uint8_t *out, size_t cap,
                     size_t *bytes)
{
    struct sink to = { out, 0 };
    size_t need = 0;

    for (size_t i = 0; i < journal->count; i++)
        if (journal->roots[i].state != JOURNAL_CLEARED)
            need += 2 + journal->roots[i].line_bytes;
    if (need > cap)
        return false;
    for (size_t i = 0; i < journal->count; i++) {
        if (journal->roots[i].state == JOURNAL_CLEARED)
            continue;
        put(&to, "\n", 1);
        put(&to, journal->roots[i].line, journal->roots[i].line_bytes);
        put(&to, "\n", 1);
    }
    *bytes = to.bytes;
    return true;
}
