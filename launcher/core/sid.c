#include "core/sid.h"

#include "core/bytes.h"

_Static_assert(sizeof(struct sid) == 68, "must equal SECURITY_MAX_SID_SIZE");

struct sid sid_ours(const uint8_t *digest)
{
    struct sid sid = { .revision = 1,
                       .sub_count = 2 + SID_HASH,
                       .authority = { [5] = 5 } };

    sid.sub[0] = 21;
    sid.sub[1] = SID_OURS;
    for (size_t i = 0; i < SID_HASH; i++)
        sid.sub[2 + i] = (uint32_t)digest[4 * i] << 24 |
                         (uint32_t)digest[4 * i + 1] << 16 |
                         (uint32_t)digest[4 * i + 2] << 8 | digest[4 * i + 3];
    return sid;
}

struct sid sid_everyone(void)
{
    return (struct sid){ .revision = 1, .sub_count = 1, .authority = { [5] = 1 } };
}

bool sid_is_ours(const struct sid *sid)
{
    return sid->sub_count >= 2 && sid->authority[0] == 0 && sid->authority[1] == 0 &&
           sid->authority[2] == 0 && sid->authority[3] == 0 && sid->authority[4] == 0 &&
           sid->authority[5] == 5 && sid->sub[0] == 21 && sid->sub[1] == SID_OURS;
}

bool sid_eq(const struct sid *a, const struct sid *b)
{
    if (a->revision != b->revision || a->sub_count != b->sub_count)
        return false;
    for (size_t i = 0; i < sizeof a->authority; i++)
        if (a->authority[i] != b->authority[i])
            return false;
    for (size_t i = 0; i < a->sub_count; i++)
        if (a->sub[i] != b->sub[i])
            return false;
    return true;
}

size_t sid_bytes(const struct sid *sid)
{
    return 8u + 4u * (size_t)sid->sub_count;
}

bool sid_read(struct sid *sid, const void *data, size_t bytes)
{
    const uint8_t *p = data;
    struct sid out = { .revision = 1 };

    if (bytes < 8 || p[0] != 1 || p[1] > SID_SUB_MAX || bytes < 8u + 4u * p[1])
        return false;
    out.sub_count = p[1];
    for (size_t i = 0; i < sizeof out.authority; i++)
        out.authority[i] = p[2 + i];
    for (size_t i = 0; i < out.sub_count; i++)
        out.sub[i] = bytes_get32(p + 8 + 4 * i);
    *sid = out;
    return true;
}

void sid_write(const struct sid *sid, uint8_t *out)
{
    out[0] = sid->revision;
    out[1] = sid->sub_count;
    for (size_t i = 0; i < sizeof sid->authority; i++)
        out[2 + i] = sid->authority[i];
    for (size_t i = 0; i < sid->sub_count; i++)
        bytes_put32(out + 8 + 4 * i, sid->sub[i]);
}

struct sid sid_short(uint8_t authority, uint8_t count, uint32_t first, uint32_t second)
{
    return (struct sid){ .revision = 1,
                         .sub_count = count,
                         .authority = { [5] = authority },
                         .sub = { first, second } };
}

struct sid sid_well_known(enum sid_known which)
{
    static const struct {
        uint8_t authority;
        uint8_t count;
        uint16_t sub[2];
    } known[SID_KNOWN_COUNT] = {
        [SID_CREATOR_OWNER] = { 3, 1, { 0 } },
        [SID_OWNER_RIGHTS] = { 3, 1, { 4 } },
        [SID_AUTHENTICATED] = { 5, 1, { 11 } },
        [SID_RESTRICTED] = { 5, 1, { 12 } },
        [SID_SYSTEM] = { 5, 1, { 18 } },
        [SID_ADMINISTRATORS] = { 5, 2, { 32, 544 } },
        [SID_USERS] = { 5, 2, { 32, 545 } },
        [SID_ALL_APP_PACKAGES] = { 15, 2, { 2, 1 } },
        [SID_WRITE_RESTRICTED] = { 5, 1, { 33 } },
    };

    return sid_short(known[which].authority, known[which].count, known[which].sub[0],
                     known[which].sub[1]);
}

struct sid sid_label(uint32_t level)
{
    return sid_short(16, 1, level, 0);
}

bool sid_is_label(const struct sid *sid)
{
    struct sid label = sid_label(sid->sub[0]);

    return sid->sub_count == 1 && sid_eq(sid, &label);
}

/* Takes "-" and a decimal number of at most 32 bits off *rest. */
static bool take_number(struct u16s *rest, uint64_t *value)
{
    size_t end = 0;
    struct u16s digits;

    if (rest->len < 2 || rest->at[0] != u'-')
        return false;
    end = u16s_find(*rest, u'-', 1);
    digits = u16s_from(u16s_head(*rest, end), 1);
    if (digits.len > 1 && digits.at[0] == u'0')
        return false;
    *rest = u16s_from(*rest, end);
    return u16s_number(digits, UINT32_MAX, value);
}

/* Takes "-", "0x" and 12 hexadecimal digits off *rest. */
static bool take_hex_authority(struct u16s *rest, uint64_t *value)
{
    struct u16s digits = u16s_head(u16s_from(*rest, 3), 12);

    if (!u16s_istarts(*rest, U16S("-0x")) || digits.len != 12 || !u16s_hex(digits, value))
        return false;
    *rest = u16s_from(*rest, 15);
    return true;
}

bool sid_parse(struct sid *sid, struct u16s text)
{
    struct sid out = { .revision = 1 };
    struct u16s rest = u16s_from(text, 3);
    uint64_t v = 0;

    if (!u16s_istarts(text, U16S("S-1")))
        return false;
    if (!take_hex_authority(&rest, &v) && !take_number(&rest, &v))
        return false;
    for (size_t i = sizeof out.authority; i-- > 0; v >>= 8)
        out.authority[i] = (uint8_t)(v & 0xFF);
    while (rest.len) {
        if (out.sub_count == SID_SUB_MAX || !take_number(&rest, &v))
            return false;
        out.sub[out.sub_count++] = (uint32_t)v;
    }
    *sid = out;
    return true;
}

void sid_format(const struct sid *sid, struct u16buf *out)
{
    uint64_t authority = 0;

    for (size_t i = 0; i < sizeof sid->authority; i++)
        authority = authority << 8 | sid->authority[i];
    u16buf_add_ascii(out, "S-1-");
    if (authority > UINT32_MAX) {
        u16buf_add_ascii(out, "0x");
        u16buf_add_hex(out, authority, 12);
    } else {
        u16buf_add_dec(out, authority);
    }
    for (size_t i = 0; i < sid->sub_count; i++) {
        u16buf_addc(out, u'-');
        u16buf_add_dec(out, sid->sub[i]);
    }
}
