#include "core/json.h"

void json_init(struct json *json, struct u16buf *out)
{
    json->out = out;
    json->depth = 0;
    json->has_item[0] = false;
}

/* RFC 8259, 7: what must be escaped.  A lone surrogate has no UTF-8 either, so it is
 * written as an escape, which readers turn back into the same unit. */
static void add_unit(struct u16buf *out, char16_t c, bool lone)
{
    static const char16_t named[] = u"\"\"\\\\\bb\ff\nn\rr\tt";

    for (size_t i = 0; named[i]; i += 2) {
        if (named[i] == c) {
            u16buf_addc(out, u'\\');
            u16buf_addc(out, named[i + 1]);
            return;
        }
    }
    if (c < u' ' || lone) {
        u16buf_addz(out, u"\\u");
        u16buf_add_hex(out, c, 4);
        return;
    }
    u16buf_addc(out, c);
}

static bool is_high(struct u16s s, size_t i)
{
    return i < s.len && (s.at[i] & 0xFC00) == 0xD800;
}

static bool is_low(struct u16s s, size_t i)
{
    return i < s.len && (s.at[i] & 0xFC00) == 0xDC00;
}

static void add_string(struct u16buf *out, struct u16s s)
{
    u16buf_addc(out, u'"');
    for (size_t i = 0; i < s.len; i++) {
        if (is_high(s, i) && is_low(s, i + 1)) {
            u16buf_add(out, (struct u16s){ s.at + i, 2 });
            i++;
        } else {
            add_unit(out, s.at[i], is_high(s, i) || is_low(s, i));
        }
    }
    u16buf_addc(out, u'"');
}

/* What comes before every value: a comma, its key. */
static void start_value(struct json *json, const char *key)
{
    if (json->has_item[json->depth])
        u16buf_addc(json->out, u',');
    json->has_item[json->depth] = true;
    if (key) {
        u16buf_addc(json->out, u'"');
        u16buf_add_ascii(json->out, key);
        u16buf_add_ascii(json->out, "\":");
    }
}

void json_open(struct json *json, const char *key, char16_t bracket)
{
    if (json->depth == JSON_DEPTH_MAX) {
        json->out->cut = true;
        return;
    }
    start_value(json, key);
    u16buf_addc(json->out, bracket);
    json->has_item[++json->depth] = false;
}

void json_close(struct json *json, char16_t bracket)
{
    if (json->depth == 0) {
        json->out->cut = true;
        return;
    }
    json->depth--;
    u16buf_addc(json->out, bracket);
}

void json_text(struct json *json, const char *key, struct u16s value)
{
    start_value(json, key);
    add_string(json->out, value);
}

void json_ascii(struct json *json, const char *key, const char *value)
{
    start_value(json, key);
    u16buf_addc(json->out, u'"');
    for (; *value; value++)
        add_unit(json->out, (char16_t)(unsigned char)*value, false);
    u16buf_addc(json->out, u'"');
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    start_value(json, key);
    u16buf_add_dec(json->out, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    start_value(json, key);
    u16buf_add_ascii(json->out, value ? "true" : "false");
}
