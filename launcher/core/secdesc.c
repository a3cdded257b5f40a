#include "core/secdesc.h"

#include "core/bytes.h"

#define OWNER_AT 4u
#define GROUP_AT 8u
#define SACL_AT  12u
#define DACL_AT  16u

/* The SID at the offset stored at `field`; none when that is 0. */
static bool read_sid(const uint8_t *data, size_t bytes, size_t field, struct sid *sid,
                     bool *has)
{
    size_t at = bytes_get32(data + field);

    *has = at != 0;
    if (at == 0)
        return true;
    return at >= SECDESC_HEAD_BYTES && at <= bytes &&
           sid_read(sid, data + at, bytes - at);
}

static bool read_acl(const uint8_t *data, size_t bytes, size_t field, struct acl *acl)
{
    size_t at = bytes_get32(data + field);

    if (at == 0)
        return true;
    return at >= SECDESC_HEAD_BYTES && at <= bytes &&
           acl_read(acl, data + at, bytes - at);
}

bool secdesc_read(struct secdesc *sd, const void *data, size_t bytes)
{
    const uint8_t *p = data;
    struct secdesc out = { 0 };

    if (bytes < SECDESC_HEAD_BYTES || p[0] != 1)
        return false;
    out.rm_control = p[1];
    out.control = bytes_get16(p + 2);
    if (!(out.control & SECDESC_SELF_RELATIVE))
        return false;
    if (!read_sid(p, bytes, OWNER_AT, &out.owner, &out.has_owner) ||
        !read_sid(p, bytes, GROUP_AT, &out.group, &out.has_group))
        return false;
    if ((out.control & SECDESC_SACL_PRESENT) && !read_acl(p, bytes, SACL_AT, &out.sacl))
        return false;
    if ((out.control & SECDESC_DACL_PRESENT) && !read_acl(p, bytes, DACL_AT, &out.dacl))
        return false;
    *sd = out;
    return true;
}

bool secdesc_write(const struct secdesc *sd, uint8_t *out, size_t cap, size_t *bytes)
{
    size_t sacl = sd->sacl.at ? sd->sacl.bytes : 0;
    size_t dacl = sd->dacl.at ? sd->dacl.bytes : 0;
    size_t owner = sd->has_owner ? sid_bytes(&sd->owner) : 0;
    size_t group = sd->has_group ? sid_bytes(&sd->group) : 0;
    size_t at = SECDESC_HEAD_BYTES;
    uint16_t control = sd->control | SECDESC_SELF_RELATIVE;

    if (cap < at + sacl + dacl + owner + group)
        return false;
    if (sacl)
        control |= SECDESC_SACL_PRESENT;
    if (dacl)
        control |= SECDESC_DACL_PRESENT;
    out[0] = 1;
    out[1] = sd->rm_control;
    bytes_put16(out + 2, control);
    bytes_put32(out + SACL_AT, sacl ? (uint32_t)at : 0);
    bytes_copy(out + at, sd->sacl.at, sacl);
    at += sacl;
    bytes_put32(out + DACL_AT, dacl ? (uint32_t)at : 0);
    bytes_copy(out + at, sd->dacl.at, dacl);
    at += dacl;
    bytes_put32(out + OWNER_AT, owner ? (uint32_t)at : 0);
    if (owner)
        sid_write(&sd->owner, out + at);
    at += owner;
    bytes_put32(out + GROUP_AT, group ? (uint32_t)at : 0);
    if (group)
        sid_write(&sd->group, out + at);
    *bytes = at + group;
    return true;
}

bool secdesc_label(const struct secdesc *sd, struct ace *label)
{
    struct ace ace = { 0 };

    while (acl_next(&sd->sacl, &ace)) {
        if (ace.type != ACE_LABEL || !ace.plain || (ace.flags & ACE_INHERIT_ONLY))
            continue;
        *label = ace;
        return true;
    }
    return false;
}
