#include "core/sid.h"

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
    for (size_t i = 0; i < out.sub_count; i++) {
        const uint8_t *s = p + 8 + 4 * i;

        out.sub[i] =
            (uint32_t)s[3] << 24 | (uint32_t)s[2] << 16 | (uint32_t)s[1] << 8 | s[0];
    }
    *sid = out;
    return true;
}
