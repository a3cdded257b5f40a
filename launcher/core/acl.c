#include "core/acl.h"

#include "core/bytes.h"

#define ACE_HEAD_BYTES 4u
#define PLAIN_BYTES    8u /* header and mask; the SID follows */

/* ACE_OBJECT_TYPE_PRESENT and ACE_INHERITED_OBJECT_TYPE_PRESENT, [MS-DTYP] 2.4.4.3. */
#define HAS_OBJECT    1u
#define HAS_INHERITED 2u

bool ace_is_allow(uint8_t type)
{
    return type == ACE_ALLOW || type == ACE_ALLOW_COMPOUND || type == ACE_ALLOW_OBJECT ||
           type == ACE_ALLOW_CALLBACK || type == ACE_ALLOW_CALLBACK_OBJECT;
}

bool ace_is_deny(uint8_t type)
{
    return type == ACE_DENY || type == ACE_DENY_OBJECT || type == ACE_DENY_CALLBACK ||
           type == ACE_DENY_CALLBACK_OBJECT;
}

bool ace_has_object(uint8_t type)
{
    return (type >= ACE_ALLOW_OBJECT && type <= ACE_ALARM_OBJECT) ||
           type == ACE_ALLOW_CALLBACK_OBJECT || type == ACE_DENY_CALLBACK_OBJECT ||
           type == ACE_AUDIT_CALLBACK_OBJECT || type == ACE_ALARM_CALLBACK_OBJECT;
}

bool ace_eq(const struct ace *a, const struct ace *b)
{
    if (a->bytes != b->bytes)
        return false;
    for (size_t i = 0; i < a->bytes; i++)
        if (a->at[i] != b->at[i])
            return false;
    return true;
}

/* Where the SID starts, and what stands before it; 0 when it cannot be there. */
static size_t sid_offset(struct ace *ace)
{
    size_t at = PLAIN_BYTES;
    uint32_t has = 0;

    if (ace->type > ACE_ACCESS_FILTER || ace->type == ACE_ALLOW_COMPOUND)
        return 0;
    if (!ace_has_object(ace->type))
        return at;
    if (ace->bytes < at + 4)
        return 0;
    has = bytes_get32(ace->at + at);
    at += 4;
    if (has & HAS_OBJECT) {
        ace->object_type = ace->at + at;
        at += ACE_GUID_BYTES;
    }
    if (has & HAS_INHERITED) {
        ace->inherited_type = ace->at + at;
        at += ACE_GUID_BYTES;
    }
    return at;
}

/* Fills what is below `bytes`, all of it or nothing. */
static void take_apart(struct ace *ace)
{
    struct ace out = *ace;
    size_t at = sid_offset(&out);

    if (at == 0 || at > out.bytes || !sid_read(&out.sid, out.at + at, out.bytes - at))
        return;
    at += sid_bytes(&out.sid);
    out.mask = bytes_get32(out.at + ACE_HEAD_BYTES);
    out.data = out.at + at;
    out.data_bytes = out.bytes - at;
    out.plain = true;
    *ace = out;
}

bool acl_read(struct acl *acl, const void *data, size_t bytes)
{
    struct acl out = { .at = data };
    size_t at = ACL_HEAD_BYTES;

    if (bytes < ACL_HEAD_BYTES)
        return false;
    out.bytes = bytes_get16(out.at + 2);
    out.count = bytes_get16(out.at + 4);
    if (out.bytes < ACL_HEAD_BYTES || out.bytes > bytes)
        return false;
    for (size_t i = 0; i < out.count; i++) {
        size_t size = 0;

        if (out.bytes - at < ACE_HEAD_BYTES)
            return false;
        size = bytes_get16(out.at + at + 2);
        if (size < ACE_HEAD_BYTES || size > out.bytes - at)
            return false;
        at += size;
    }
    out.used = at;
    *acl = out;
    return true;
}

bool acl_next(const struct acl *acl, struct ace *ace)
{
    size_t index = ace->at ? ace->index + 1 : 0;
    const uint8_t *at = NULL;

    if (!acl->at || index >= acl->count)
        return false;
    at = ace->at ? ace->at + ace->bytes : acl->at + ACL_HEAD_BYTES;
    *ace = (struct ace){ .index = index,
                         .type = at[0],
                         .flags = at[1],
                         .at = at,
                         .bytes = bytes_get16(at + 2) };
    take_apart(ace);
    return true;
}

bool acl_get(const struct acl *acl, size_t index, struct ace *ace)
{
    struct ace a = { 0 };

    while (acl_next(acl, &a)) {
        if (a.index == index) {
            *ace = a;
            return true;
        }
    }
    return false;
}

struct acl_entry acl_marker(uint8_t flags)
{
    return (struct acl_entry){ .type = ACE_DENY,
                               .flags = flags,
                               .mask = RIGHT_FILE_DELETE_CHILD,
                               .sid = sid_everyone() };
}

bool ace_is_marker(const struct ace *ace)
{
    struct sid everyone = sid_everyone();
    unsigned flags = ace->flags & ~ACE_INHERITED;

    return ace->plain && ace->type == ACE_DENY && ace->mask == RIGHT_FILE_DELETE_CHILD &&
           ace->data_bytes == 0 && (flags == 0 || flags == ACE_CONTAINER_INHERIT) &&
           sid_eq(&ace->sid, &everyone);
}

bool ace_is_ours(const struct ace *ace, const struct acl_ours *ours)
{
    struct sid lowered = sid_label(SID_LEVEL_LOWERED);

    if (!ace->plain || ace->data_bytes)
        return false;
    if (ace->type == ACE_LABEL)
        return ours->label && sid_eq(&ace->sid, &lowered);
    if (ace->type != ACE_ALLOW && ace->type != ACE_DENY)
        return false;
    if (ours->only)
        return ace->type == ours->only->type && ace->flags == ours->only->flags &&
               ace->mask == ours->only->mask && sid_eq(&ace->sid, &ours->only->sid);
    if ((ours->marker && ace_is_marker(ace)) ||
        (ours->also && sid_eq(&ace->sid, ours->also)))
        return true;
    return ours->sid ? sid_eq(&ace->sid, ours->sid) : sid_is_ours(&ace->sid);
}

/* Explicit denies 0, explicit others 1, inherited 2. */
static unsigned rank(const struct ace *ace)
{
    if (ace->flags & ACE_INHERITED)
        return 2;
    return ace_is_deny(ace->type) ? 0 : 1;
}

bool acl_is_canonical(const struct acl *acl)
{
    struct ace ace = { 0 };
    unsigned last = 0;

    while (acl_next(acl, &ace)) {
        if (rank(&ace) < last)
            return false;
        last = rank(&ace);
    }
    return true;
}

static void put_head(struct aclbuf *b)
{
    bytes_put16(b->at + 2, (uint16_t)b->bytes);
    bytes_put16(b->at + 4, (uint16_t)b->count);
}

struct aclbuf aclbuf_init(uint8_t *at, size_t cap)
{
    struct aclbuf b = { .at = at, .cap = cap < ACL_BYTES_MAX ? cap : ACL_BYTES_MAX };

    if (b.cap < ACL_HEAD_BYTES) {
        b.cut = true;
        return b;
    }
    b.bytes = ACL_HEAD_BYTES;
    for (size_t i = 0; i < ACL_HEAD_BYTES; i++)
        at[i] = 0;
    at[0] = ACL_REVISION_PLAIN;
    put_head(&b);
    return b;
}

/* Room for one more entry, counted and with its header; NULL when there is none. */
static uint8_t *append(struct aclbuf *b, uint8_t type, uint8_t flags, size_t bytes)
{
    uint8_t *at = NULL;

    if (b->cut || bytes > b->cap - b->bytes) {
        b->cut = true;
        return NULL;
    }
    at = b->at + b->bytes;
    b->bytes += bytes;
    b->count++;
    put_head(b);
    at[0] = type;
    at[1] = flags;
    bytes_put16(at + 2, (uint16_t)bytes);
    if (ace_has_object(type) && b->at[0] < ACL_REVISION_OBJECT)
        b->at[0] = ACL_REVISION_OBJECT;
    return at;
}

void aclbuf_add(struct aclbuf *b, const struct acl_entry *entry)
{
    uint8_t *at =
        append(b, entry->type, entry->flags, PLAIN_BYTES + sid_bytes(&entry->sid));

    if (!at)
        return;
    bytes_put32(at + ACE_HEAD_BYTES, entry->mask);
    sid_write(&entry->sid, at + PLAIN_BYTES);
}

void aclbuf_add_raw(struct aclbuf *b, uint8_t type, uint8_t flags, const uint8_t *body,
                    size_t body_bytes)
{
    uint8_t *at = append(b, type, flags, ACE_HEAD_BYTES + body_bytes);

    if (at)
        bytes_copy(at + ACE_HEAD_BYTES, body, body_bytes);
}

void aclbuf_add_ace(struct aclbuf *b, const struct ace *ace)
{
    aclbuf_add_raw(b, ace->type, ace->flags, ace->at + ACE_HEAD_BYTES,
                   ace->bytes - ACE_HEAD_BYTES);
}

struct acl aclbuf_acl(const struct aclbuf *b)
{
    return (struct acl){
        .at = b->at, .bytes = b->bytes, .used = b->bytes, .count = b->count
    };
}

static bool is_entry(const struct ace *ace, const struct acl_entry *entry)
{
    return ace->plain && ace->data_bytes == 0 && ace->type == entry->type &&
           ace->flags == entry->flags && ace->mask == entry->mask &&
           sid_eq(&ace->sid, &entry->sid);
}

/* Whether the list's entries of ours are the wanted ones, each as often, and the explicit
 * denies among them in front, where nothing can forestall them. */
static bool is_as_wanted(const struct acl *acl, const struct acl_ours *ours,
                         const struct acl_entry *want, size_t want_count)
{
    bool found[ACL_OURS_MAX] = { false };
    struct ace ace = { 0 };
    unsigned last = 0;
    size_t left = want_count;

    while (acl_next(acl, &ace)) {
        size_t i = 0;

        if (rank(&ace) > last)
            last = rank(&ace);
        if (!ace_is_ours(&ace, ours))
            continue;
        while (i < want_count && (found[i] || !is_entry(&ace, &want[i])))
            i++;
        if (i == want_count || (rank(&ace) == 0 && last > 0))
            return false;
        found[i] = true;
        left--;
    }
    return left == 0;
}

/* Adds the wanted entries that are (inherited or not) and (deny or not). */
static void add_wanted(struct aclbuf *out, const struct acl_entry *want, size_t count,
                       bool inherited, bool deny)
{
    for (size_t i = 0; i < count; i++)
        if (((want[i].flags & ACE_INHERITED) != 0) == inherited &&
            ace_is_deny(want[i].type) == deny)
            aclbuf_add(out, &want[i]);
}

/* Where the explicit part ends, and where its inherited denies: indexes.  In a list that
 * is out of order the explicit part ends behind the last explicit entry. */
static void find_places(const struct acl *acl, size_t *explicit_end, size_t *deny_end)
{
    struct ace ace = { 0 };

    *explicit_end = 0;
    while (acl_next(acl, &ace))
        if (!(ace.flags & ACE_INHERITED))
            *explicit_end = ace.index + 1;
    *deny_end = *explicit_end;
    ace = (struct ace){ 0 };
    while (acl_next(acl, &ace))
        if (ace.index == *deny_end && ace_is_deny(ace.type))
            (*deny_end)++;
}

/* The old revision, reserved bytes and slack; false when the slack does not fit. */
static bool keep_shell(struct aclbuf *out, const struct acl *acl)
{
    size_t slack = acl->bytes - acl->used;

    if (out->cut || slack > out->cap - out->bytes)
        return false;
    bytes_copy(out->at + out->bytes, acl->at + acl->used, slack);
    out->bytes += slack;
    out->at[0] = acl->at[0];
    out->at[1] = acl->at[1];
    bytes_copy(out->at + 6, acl->at + 6, 2);
    put_head(out);
    return true;
}

enum acl_result acl_edit(const struct acl *acl, const struct acl_ours *ours,
                         const struct acl_entry *want, size_t want_count,
                         struct aclbuf *out)
{
    bool same = is_as_wanted(acl, ours, want, want_count);
    size_t explicit_end = 0, deny_end = 0;
    struct aclbuf b = aclbuf_init(out->at, out->cap);
    struct ace ace = { 0 };

    find_places(acl, &explicit_end, &deny_end);
    if (!same)
        add_wanted(&b, want, want_count, false, true);
    for (size_t i = 0;; i++) {
        if (!same && i == explicit_end) {
            add_wanted(&b, want, want_count, false, false);
            add_wanted(&b, want, want_count, true, true);
        }
        if (!same && i == deny_end)
            add_wanted(&b, want, want_count, true, false);
        if (!acl_next(acl, &ace))
            break;
        if (same || !ace_is_ours(&ace, ours))
            aclbuf_add_ace(&b, &ace);
    }
    if (!keep_shell(&b, acl))
        return ACL_TOO_BIG;
    *out = b;
    return same ? ACL_SAME : ACL_CHANGED;
}
