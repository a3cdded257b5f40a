#include "core/u16.h"

size_t u16_len(const char16_t *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

struct u16s u16s_of(const char16_t *text)
{
    return (struct u16s){ text, text ? u16_len(text) : 0 };
}

size_t u16s_find(struct u16s s, char16_t c, size_t from)
{
    while (from < s.len && s.at[from] != c)
        from++;
    return from < s.len ? from : s.len;
}

struct u16s u16s_from(struct u16s s, size_t from)
{
    if (from > s.len)
        from = s.len;
    if (from == 0)
        return s;
    return (struct u16s){ s.at + from, s.len - from };
}

struct u16s u16s_head(struct u16s s, size_t len)
{
    return (struct u16s){ s.at, len < s.len ? len : s.len };
}

static bool is_blank(char16_t c)
{
    return c == u' ' || c == u'\t';
}

struct u16s u16s_trim(struct u16s s)
{
    while (s.len && is_blank(s.at[0]))
        s = u16s_from(s, 1);
    while (s.len && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct u16s u16s_split(struct u16s *rest, char16_t sep)
{
    size_t n = u16s_find(*rest, sep, 0);
    struct u16s head = u16s_head(*rest, n);

    if (n < rest->len)
        *rest = u16s_from(*rest, n + 1);
    else
        *rest = (struct u16s){ NULL, 0 };
    return head;
}

char16_t u16_upper(char16_t c)
{
    if (c < 0x80)
        return c >= u'a' && c <= u'z' ? (char16_t)(c - 0x20) : c;
    if (c >= 0xE0 && c <= 0xFE && c != 0xF7)
        return (char16_t)(c - 0x20);
    if (c == 0xFF)
        return 0x178;
    if (c >= 0x3B1 && c <= 0x3CB && c != 0x3C2)
        return (char16_t)(c - 0x20);
    if (c >= 0x430 && c <= 0x44F)
        return (char16_t)(c - 0x20);
    if (c >= 0x450 && c <= 0x45F)
        return (char16_t)(c - 0x50);
    return c;
}

bool u16s_eq(struct u16s a, struct u16s b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.at[i] != b.at[i])
            return false;
    return true;
}

int u16s_icmp(struct u16s a, struct u16s b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int d = (int)u16_upper(a.at[i]) - (int)u16_upper(b.at[i]);

        if (d)
            return d;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool u16s_is(struct u16s s, const char *ascii)
{
    size_t n = 0;

    while (n < s.len && ascii[n] && s.at[n] == (unsigned char)ascii[n])
        n++;
    return n == s.len && !ascii[n];
}

bool u16s_ieq(struct u16s a, struct u16s b)
{
    return a.len == b.len && u16s_icmp(a, b) == 0;
}

bool u16s_istarts(struct u16s s, struct u16s head)
{
    return s.len >= head.len && u16s_ieq(u16s_head(s, head.len), head);
}

bool u16s_iends(struct u16s s, struct u16s tail)
{
    return s.len >= tail.len && u16s_ieq(u16s_from(s, s.len - tail.len), tail);
}

struct u16s u16s_without(struct u16s s, struct u16s tail)
{
    return u16s_iends(s, tail) ? u16s_head(s, s.len - tail.len) : s;
}

/* One place to come back to is enough: only the last `*` ever needs to grow. */
bool u16s_imatch(struct u16s pattern, struct u16s text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == u'*') {
            star = p++;
            resume = t;
        } else if (p < pattern.len && u16_upper(pattern.at[p]) == u16_upper(text.at[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == u'*')
        p++;
    return p == pattern.len;
}

struct u16buf u16buf_init(char16_t *at, size_t cap)
{
    at[0] = 0;
    return (struct u16buf){ .at = at, .cap = cap };
}

struct u16s u16buf_text(const struct u16buf *b)
{
    return (struct u16s){ b->at, b->len };
}

void u16buf_add(struct u16buf *b, struct u16s s)
{
    if (b->cut || s.len >= b->cap - b->len) {
        b->cut = true;
        return;
    }
    for (size_t i = 0; i < s.len; i++)
        b->at[b->len + i] = s.at[i];
    b->len += s.len;
    b->at[b->len] = 0;
}

void u16buf_addz(struct u16buf *b, const char16_t *text)
{
    u16buf_add(b, u16s_of(text));
}

void u16buf_addc(struct u16buf *b, char16_t c)
{
    u16buf_add(b, (struct u16s){ &c, 1 });
}

void u16buf_add_ascii(struct u16buf *b, const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    if (b->cut || n >= b->cap - b->len) {
        b->cut = true;
        return;
    }
    for (; *text; text++)
        u16buf_addc(b, (char16_t)(unsigned char)*text);
}

struct u16s u16s_ascii(char16_t *at, size_t cap, const char *text)
{
    size_t n = 0;

    for (; n < cap && text[n]; n++)
        at[n] = (char16_t)(unsigned char)text[n];
    return (struct u16s){ at, n };
}

void u16buf_add_dec(struct u16buf *b, uint64_t value)
{
    char16_t digits[20];
    size_t at = 20;

    do {
        digits[--at] = (char16_t)(u'0' + value % 10);
        value /= 10;
    } while (value);
    u16buf_add(b, (struct u16s){ digits + at, 20 - at });
}

void u16buf_add_hex(struct u16buf *b, uint64_t value, unsigned digits)
{
    char16_t text[16];

    if (digits > 16)
        digits = 16;
    for (unsigned i = digits; i-- > 0; value >>= 4)
        text[i] = u"0123456789abcdef"[value & 15];
    u16buf_add(b, (struct u16s){ text, digits });
}

bool u16s_number(struct u16s s, uint64_t max, uint64_t *value)
{
    uint64_t v = 0;

    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        unsigned d = (unsigned)s.at[i] - u'0';

        if (d > 9 || d > max || v > (max - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *value = v;
    return true;
}

bool u16s_hex(struct u16s s, uint64_t *value)
{
    uint64_t v = 0;

    if (s.len == 0 || s.len > 16)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        char16_t c = u16_upper(s.at[i]);

        if (c >= u'0' && c <= u'9')
            v = v << 4 | (uint64_t)(c - u'0');
        else if (c >= u'A' && c <= u'F')
            v = v << 4 | (uint64_t)(c - u'A' + 10);
        else
            return false;
    }
    *value = v;
    return true;
}

static bool is_high(char16_t c)
{
    return (c & 0xFC00) == 0xD800;
}

static bool is_low(char16_t c)
{
    return (c & 0xFC00) == 0xDC00;
}

size_t u16s_to_utf8(struct u16s s, char *out, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++) {
        uint32_t c = s.at[i];
        unsigned more = 0;

        if (is_high(s.at[i]) && i + 1 < s.len && is_low(s.at[i + 1]))
            c = 0x10000 + ((c & 0x3FF) << 10) + (s.at[++i] & 0x3FFu);
        else if (is_high(s.at[i]) || is_low(s.at[i]))
            c = 0xFFFD;
        more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        if (n + more >= cap)
            break;
        if (more == 0)
            out[n++] = (char)c;
        else
            out[n++] = (char)((0xFF80u >> more & 0xFFu) | c >> (6 * more));
        while (more-- > 0)
            out[n++] = (char)(0x80u | (c >> (6 * more) & 0x3Fu));
    }
    return n;
}

/* The bytes of the character that starts at p, or 0 when it is ill-formed (Unicode 15,
 * table 3-7: no overlong form, no surrogate, nothing above U+10FFFF). */
static size_t utf8_char(const unsigned char *p, size_t left, uint32_t *c)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    size_t more = p[0] < 0x80             ? 0
                  : (p[0] & 0xE0) == 0xC0 ? 1
                  : (p[0] & 0xF0) == 0xE0 ? 2
                  : (p[0] & 0xF8) == 0xF0 ? 3
                                          : SIZE_MAX;

    if (more >= left)
        return 0;
    *c = more ? p[0] & (0x3Fu >> more) : p[0];
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        *c = *c << 6 | (p[i] & 0x3Fu);
    }
    if (*c < least[more] || *c > 0x10FFFF || (*c & 0xFFFFF800) == 0xD800)
        return 0;
    return more + 1;
}

bool u16buf_add_utf8(struct u16buf *b, const char *text, size_t bytes, size_t *bad)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0;

    if (bytes >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF)
        at = 3;
    while (at < bytes) {
        uint32_t c = 0;
        size_t n = utf8_char(p + at, bytes - at, &c);

        if (n == 0) {
            if (bad)
                *bad = at;
            return false;
        }
        if (c >= 0x10000) {
            char16_t pair[2] = { (char16_t)(0xD800 + ((c - 0x10000) >> 10)),
                                 (char16_t)(0xDC00 + (c & 0x3FF)) };
            u16buf_add(b, (struct u16s){ pair, 2 });
        } else {
            u16buf_addc(b, (char16_t)c);
        }
        at += n;
    }
    return true;
}
