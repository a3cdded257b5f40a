#include "core/sddl.h"

#include "core/bytes.h"

#define NAME_CAP   3u  /* two letters and their end */
#define HEAD_BYTES 4u  /* of an entry */
#define DIGITS_MAX 12u /* of a hexadecimal identifier authority */

struct word {
    char name[NAME_CAP];
    uint32_t value;
};

/* MS: ACE Strings; TL and FL are newer than that page. */
static const struct word types[] = {
    { "A", ACE_ALLOW },
    { "D", ACE_DENY },
    { "AU", ACE_AUDIT },
    { "AL", ACE_ALARM },
    { "OA", ACE_ALLOW_OBJECT },
    { "OD", ACE_DENY_OBJECT },
    { "OU", ACE_AUDIT_OBJECT },
    { "OL", ACE_ALARM_OBJECT },
    { "XA", ACE_ALLOW_CALLBACK },
    { "XD", ACE_DENY_CALLBACK },
    { "ZA", ACE_ALLOW_CALLBACK_OBJECT },
    { "XU", ACE_AUDIT_CALLBACK },
    { "ML", ACE_LABEL },
    { "RA", ACE_RESOURCE_ATTRIBUTE },
    { "SP", ACE_SCOPED_POLICY },
    { "TL", ACE_PROCESS_TRUST },
    { "FL", ACE_ACCESS_FILTER },
};

static const struct word flag_words[] = {
    { "OI", ACE_OBJECT_INHERIT }, { "CI", ACE_CONTAINER_INHERIT },
    { "NP", ACE_NO_PROPAGATE },   { "IO", ACE_INHERIT_ONLY },
    { "ID", ACE_INHERITED },      { "CR", ACE_CRITICAL },
    { "SA", ACE_AUDIT_SUCCESS },  { "FA", ACE_AUDIT_FAILURE },
};

/* Those before LABEL_WORDS are written, if one of them is the whole mask; all are read.
 */
#define FILE_WORDS  12u
#define LABEL_WORDS 28u
static const struct word rights[] = {
    { "FA", RIGHT_FILE_ALL },
    { "FR", RIGHT_FILE_GENERIC_READ },
    { "FW", RIGHT_FILE_GENERIC_WRITE },
    { "FX", RIGHT_FILE_GENERIC_EXECUTE },
    { "GA", RIGHT_GENERIC_ALL },
    { "GR", RIGHT_GENERIC_READ },
    { "GW", RIGHT_GENERIC_WRITE },
    { "GX", RIGHT_GENERIC_EXECUTE },
    { "SD", RIGHT_DELETE },
    { "RC", RIGHT_READ_CONTROL },
    { "WD", RIGHT_WRITE_DAC },
    { "WO", RIGHT_WRITE_OWNER },
    { "CC", 0x1 }, /* a directory service's rights: numbers that mean other things here */
    { "DC", 0x2 },
    { "LC", 0x4 },
    { "SW", 0x8 },
    { "RP", 0x10 },
    { "WP", 0x20 },
    { "DT", 0x40 },
    { "LO", 0x80 },
    { "CR", 0x100 },
    { "KA", 0xF003F }, /* registry keys */
    { "KR", 0x20019 },
    { "KW", 0x20006 },
    { "KX", 0x20019 },
    { "NW", ACE_LABEL_NO_WRITE_UP },
    { "NR", ACE_LABEL_NO_READ_UP },
    { "NX", ACE_LABEL_NO_EXECUTE_UP },
};
_Static_assert(sizeof rights / sizeof rights[0] == LABEL_WORDS, "labels come last");

/* S-1-authority-first-second and so on; authority 0: the domain's SID and first.
 * [MS-DTYP] 2.5.1.1 and 2.4.2.4, MS: SID Strings. */
struct alias {
    char name[NAME_CAP];
    uint8_t authority;
    uint8_t count;
    uint16_t first;
    uint16_t second;
};
static const struct alias aliases[] = {
    { "WD", 1, 1, 0, 0 },      { "CO", 3, 1, 0, 0 },      { "CG", 3, 1, 1, 0 },
    { "OW", 3, 1, 4, 0 },      { "NU", 5, 1, 2, 0 },      { "IU", 5, 1, 4, 0 },
    { "SU", 5, 1, 6, 0 },      { "AN", 5, 1, 7, 0 },      { "ED", 5, 1, 9, 0 },
    { "PS", 5, 1, 10, 0 },     { "AU", 5, 1, 11, 0 },     { "RC", 5, 1, 12, 0 },
    { "SY", 5, 1, 18, 0 },     { "LS", 5, 1, 19, 0 },     { "NS", 5, 1, 20, 0 },
    { "WR", 5, 1, 33, 0 },     { "UD", 5, 6, 84, 0 },     { "BA", 5, 2, 32, 544 },
    { "BU", 5, 2, 32, 545 },   { "BG", 5, 2, 32, 546 },   { "PU", 5, 2, 32, 547 },
    { "AO", 5, 2, 32, 548 },   { "SO", 5, 2, 32, 549 },   { "PO", 5, 2, 32, 550 },
    { "BO", 5, 2, 32, 551 },   { "RE", 5, 2, 32, 552 },   { "RU", 5, 2, 32, 554 },
    { "RD", 5, 2, 32, 555 },   { "NO", 5, 2, 32, 556 },   { "MU", 5, 2, 32, 558 },
    { "LU", 5, 2, 32, 559 },   { "IS", 5, 2, 32, 568 },   { "CY", 5, 2, 32, 569 },
    { "ER", 5, 2, 32, 573 },   { "CD", 5, 2, 32, 574 },   { "RA", 5, 2, 32, 575 },
    { "ES", 5, 2, 32, 576 },   { "MS", 5, 2, 32, 577 },   { "HA", 5, 2, 32, 578 },
    { "AA", 5, 2, 32, 579 },   { "RM", 5, 2, 32, 580 },   { "AC", 15, 2, 2, 1 },
    { "LW", 16, 1, 4096, 0 },  { "ME", 16, 1, 8192, 0 },  { "MP", 16, 1, 8448, 0 },
    { "HI", 16, 1, 12288, 0 }, { "SI", 16, 1, 16384, 0 }, { "AS", 18, 1, 1, 0 },
    { "SS", 18, 1, 2, 0 },     { "RO", 0, 0, 498, 0 },    { "LA", 0, 0, 500, 0 },
    { "LG", 0, 0, 501, 0 },    { "DA", 0, 0, 512, 0 },    { "DU", 0, 0, 513, 0 },
    { "DG", 0, 0, 514, 0 },    { "DC", 0, 0, 515, 0 },    { "DD", 0, 0, 516, 0 },
    { "CA", 0, 0, 517, 0 },    { "SA", 0, 0, 518, 0 },    { "EA", 0, 0, 519, 0 },
    { "PA", 0, 0, 520, 0 },    { "CN", 0, 0, 522, 0 },    { "AP", 0, 0, 525, 0 },
    { "KA", 0, 0, 526, 0 },    { "EK", 0, 0, 527, 0 },    { "RS", 0, 0, 553, 0 },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Text being read, and where what is read goes. */
struct reader {
    struct u16s rest;
    const struct sid *domain;
    struct err *err;
};

static bool fail(struct reader *r, const char *rule)
{
    char16_t text[40];
    struct u16buf b = U16BUF(text);

    u16buf_add(&b, u16s_head(r->rest, 39));
    return err_rule(r->err, rule, text);
}

static void skip_blanks(struct reader *r)
{
    while (r->rest.len && (r->rest.at[0] == u' ' || r->rest.at[0] == u'\t' ||
                           r->rest.at[0] == u'\r' || r->rest.at[0] == u'\n'))
        r->rest = u16s_from(r->rest, 1);
}

/* Takes an ASCII text off the front. */
static bool take(struct reader *r, const char *text)
{
    size_t n = 0;

    for (; text[n]; n++)
        if (n >= r->rest.len || r->rest.at[n] != (char16_t)text[n])
            return false;
    r->rest = u16s_from(r->rest, n);
    return true;
}

/* The longest name that the text starts with: "AU" before "A". */
static const struct word *take_word(struct reader *r, const struct word *table,
                                    size_t count)
{
    const struct word *best = NULL;
    struct u16s rest = r->rest;

    for (size_t i = 0; i < count; i++) {
        struct reader after = *r;

        if (take(&after, table[i].name) && after.rest.len < rest.len) {
            best = &table[i];
            rest = after.rest;
        }
    }
    r->rest = rest;
    return best;
}

static bool is_digit(char16_t c)
{
    return c >= u'0' && c <= u'9';
}

/* The length of the S-R-I-S… text in front: a D or an S behind it starts the next part,
 * so only the identifier authority may have letters. */
static size_t sid_len(struct u16s s)
{
    size_t n = 4;

    if (u16s_istarts(u16s_from(s, n), U16S("0x")))
        n += 2 + DIGITS_MAX;
    while (n < s.len && (is_digit(s.at[n]) || s.at[n] == u'-'))
        n++;
    return n < s.len ? n : s.len;
}

static bool take_alias(struct reader *r, struct sid *sid)
{
    for (size_t i = 0; i < COUNT(aliases); i++) {
        const struct alias *a = &aliases[i];

        if (!take(r, a->name))
            continue;
        if (a->authority) {
            *sid = sid_short(a->authority, a->count, a->first, a->second);
            return true;
        }
        if (!r->domain || r->domain->sub_count >= SID_SUB_MAX)
            return fail(r, "a SID relative to a domain, and no domain");
        *sid = *r->domain;
        sid->sub[sid->sub_count++] = a->first;
        return true;
    }
    return fail(r, "neither a SID nor an alias");
}

static bool take_sid(struct reader *r, struct sid *sid)
{
    size_t n = 0;

    if (!u16s_istarts(r->rest, U16S("S-1-")))
        return take_alias(r, sid);
    n = sid_len(r->rest);
    if (!sid_parse(sid, u16s_head(r->rest, n)))
        return fail(r, "not a SID");
    r->rest = u16s_from(r->rest, n);
    return true;
}

/* Takes what stands before the next c off the front, and c. */
static bool take_field(struct reader *r, char16_t c, struct u16s *field)
{
    size_t n = u16s_find(r->rest, c, 0);

    if (n == r->rest.len)
        return fail(r, "an entry has TYPE;FLAGS;RIGHTS;GUID;GUID;SID in parentheses");
    *field = u16s_head(r->rest, n);
    r->rest = u16s_from(r->rest, n + 1);
    return true;
}

/* A field that is a row of words, or a number. */
static bool read_words(struct reader *r, struct u16s field, const struct word *table,
                       size_t count, uint32_t *value)
{
    struct reader f = { .rest = field, .err = r->err };
    uint64_t number = 0;
    uint32_t bits = 0;

    if (take(&f, "0x")) {
        if (!u16s_hex(f.rest, &number) || number > UINT32_MAX)
            return fail(&f, "not a number of 32 bits");
        *value = (uint32_t)number;
        return true;
    }
    while (f.rest.len) {
        const struct word *w = take_word(&f, table, count);

        if (!w)
            return fail(&f, "an unknown flag or right");
        bits |= w->value;
    }
    *value = bits;
    return true;
}

/* Hexadecimal text as bytes. */
static bool read_hex(struct reader *r, struct u16s text, uint8_t *out, size_t cap,
                     size_t *bytes)
{
    uint64_t v = 0;

    if (text.len % 2 || text.len / 2 > cap)
        return fail(r, "bytes are pairs of hexadecimal digits, not too many");
    for (size_t i = 0; i < text.len / 2; i++) {
        if (!u16s_hex(u16s_head(u16s_from(text, 2 * i), 2), &v))
            return fail(r, "bytes are pairs of hexadecimal digits");
        out[i] = (uint8_t)v;
    }
    *bytes = text.len / 2;
    return true;
}

/* Byte i of the text XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX is byte guid_order[i] of the
 * structure, whose first three numbers are little-endian.  [MS-DTYP] 2.3.4. */
static const uint8_t guid_order[ACE_GUID_BYTES] = { 3, 2, 1,  0,  5,  4,  7,  6,
                                                    8, 9, 10, 11, 12, 13, 14, 15 };

static bool has_dash_before(size_t i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

static bool read_guid(struct reader *r, struct u16s text, uint8_t *out)
{
    size_t at = 0, n = 0;

    for (size_t i = 0; i < ACE_GUID_BYTES; i++) {
        if (has_dash_before(i) && (at >= text.len || text.at[at++] != u'-'))
            return fail(r, "not a GUID");
        if (at + 2 > text.len ||
            !read_hex(r, u16s_head(u16s_from(text, at), 2), out + guid_order[i], 1, &n))
            return fail(r, "not a GUID");
        at += 2;
    }
    return at == text.len || fail(r, "not a GUID");
}

/* The parts of an entry, as the bytes that follow its header. */
struct body {
    uint8_t *at;
    size_t bytes;
    size_t cap;
};

static uint8_t *room(struct body *body, size_t bytes)
{
    uint8_t *at = body->at + body->bytes;

    if (bytes > body->cap - body->bytes)
        return NULL;
    body->bytes += bytes;
    return at;
}

/* ;GUID;GUID; into body.  *type loses its object form when there is neither, as
 * ConvertStringSecurityDescriptorToSecurityDescriptor does it (MS: ACE Strings). */
static bool take_guids(struct reader *r, uint8_t *type, struct body *body)
{
    struct u16s text[2] = { { NULL, 0 } };
    uint8_t *flags = NULL;

    for (size_t i = 0; i < 2; i++)
        if (!take_field(r, u';', &text[i]))
            return false;
    if (!ace_has_object(*type)) {
        if (text[0].len || text[1].len)
            return fail(r, "only object entries have GUIDs");
        return true;
    }
    if (text[0].len == 0 && text[1].len == 0) {
        *type = *type == ACE_ALLOW_CALLBACK_OBJECT
                    ? ACE_ALLOW_CALLBACK
                    : (uint8_t)(*type - ACE_ALLOW_OBJECT + ACE_ALLOW);
        return true;
    }
    flags = room(body, 4);
    if (!flags)
        return fail(r, "too long");
    bytes_put32(flags, (text[0].len ? 1u : 0u) | (text[1].len ? 2u : 0u));
    for (size_t i = 0; i < 2; i++) {
        uint8_t *guid = text[i].len ? room(body, ACE_GUID_BYTES) : NULL;

        if (text[i].len && (!guid || !read_guid(r, text[i], guid)))
            return fail(r, "not a GUID");
    }
    return true;
}

/* SID) or SID;(#HEX)) into body. */
static bool take_trustee(struct reader *r, struct body *body)
{
    struct sid sid;
    struct u16s hex = { NULL, 0 };
    size_t bytes = 0;
    uint8_t *at = NULL;

    if (!take_sid(r, &sid))
        return false;
    at = room(body, sid_bytes(&sid));
    if (!at)
        return fail(r, "too long");
    sid_write(&sid, at);
    if (take(r, ")"))
        return true;
    if (!take(r, ";(#"))
        return fail(r, "behind the SID of an entry comes ) or ;(#HEX))");
    if (!take_field(r, u')', &hex) ||
        !read_hex(r, hex, body->at + body->bytes, body->cap - body->bytes, &bytes))
        return false;
    body->bytes += bytes;
    return take(r, ")") || fail(r, "an entry ends with )");
}

/* 0xTYPE, whose FLAGS;#HEX) are all there is. */
static bool take_alien(struct reader *r, struct aclbuf *list, struct body *body)
{
    struct u16s type = { NULL, 0 }, flags = type, hex = type;
    uint64_t t = 0;
    uint32_t f = 0;

    if (!take_field(r, u';', &type) || !take_field(r, u';', &flags))
        return false;
    if (!u16s_hex(type, &t) || t > UINT8_MAX || !take(r, "#"))
        return fail(r, "an entry of a type without a name is (0xTYPE;FLAGS;#HEX)");
    if (!read_words(r, flags, flag_words, COUNT(flag_words), &f) ||
        !take_field(r, u')', &hex) ||
        !read_hex(r, hex, body->at, body->cap, &body->bytes))
        return false;
    aclbuf_add_raw(list, (uint8_t)t, (uint8_t)f, body->at, body->bytes);
    return true;
}

/* One entry; its body is made where it will end up, behind its header. */
static bool take_ace(struct reader *r, struct aclbuf *list)
{
    struct body body = { 0 };
    const struct word *word = NULL;
    struct u16s flags = { NULL, 0 }, mask = flags;
    uint32_t f = 0, m = 0;
    uint8_t type = 0;

    if (list->cap - list->bytes < HEAD_BYTES + 4)
        return fail(r, "too long");
    body.at = list->at + list->bytes + HEAD_BYTES;
    body.cap = list->cap - list->bytes - HEAD_BYTES;
    if (take(r, "0x"))
        return take_alien(r, list, &body);
    word = take_word(r, types, COUNT(types));
    if (!word || !take(r, ";"))
        return fail(r, "an unknown type of entry");
    type = (uint8_t)word->value;
    if (!take_field(r, u';', &flags) || !take_field(r, u';', &mask) ||
        !read_words(r, flags, flag_words, COUNT(flag_words), &f) ||
        !read_words(r, mask, rights, COUNT(rights), &m))
        return false;
    if (f > UINT8_MAX)
        return fail(r, "flags have 8 bits");
    bytes_put32(body.at, m);
    body.bytes = 4;
    if (!take_guids(r, &type, &body) || !take_trustee(r, &body))
        return false;
    aclbuf_add_raw(list, type, (uint8_t)f, body.at, body.bytes);
    return true;
}

/* Flags and entries of a list; acl->at stays NULL for NO_ACCESS_CONTROL.  The bits of the
 * SACL's flags stand one above the DACL's. */
static bool take_acl(struct reader *r, struct aclbuf *list, uint16_t *control,
                     struct acl *acl)
{
    for (;;) {
        if (take(r, "P"))
            *control |= SECDESC_DACL_PROTECTED;
        else if (take(r, "AR"))
            *control |= SECDESC_DACL_INHERIT_REQ;
        else if (take(r, "AI"))
            *control |= SECDESC_DACL_INHERITED;
        else
            break;
    }
    if (take(r, "NO_ACCESS_CONTROL"))
        return true;
    for (skip_blanks(r); take(r, "("); skip_blanks(r))
        if (!take_ace(r, list))
            return false;
    if (list->cut)
        return fail(r, "too long");
    *acl = aclbuf_acl(list);
    return true;
}

bool sddl_parse(struct secdesc *sd, struct u16s text, const struct sid *domain,
                uint8_t *at, size_t cap, struct err *err)
{
    struct reader r = { .rest = text, .domain = domain, .err = err };
    struct secdesc out = { .control = SECDESC_SELF_RELATIVE };
    size_t used = 0;

    for (skip_blanks(&r); r.rest.len; skip_blanks(&r)) {
        struct aclbuf list = aclbuf_init(at + used, cap - used);
        uint16_t control = 0;

        if (!out.has_owner && take(&r, "O:")) {
            if (!take_sid(&r, &out.owner))
                return false;
            out.has_owner = true;
        } else if (!out.has_group && take(&r, "G:")) {
            if (!take_sid(&r, &out.group))
                return false;
            out.has_group = true;
        } else if (!(out.control & SECDESC_DACL_PRESENT) && take(&r, "D:")) {
            if (!take_acl(&r, &list, &control, &out.dacl))
                return false;
            out.control |= control | SECDESC_DACL_PRESENT;
            used += out.dacl.bytes;
        } else if (!(out.control & SECDESC_SACL_PRESENT) && take(&r, "S:")) {
            if (!take_acl(&r, &list, &control, &out.sacl))
                return false;
            out.control |= (uint16_t)((unsigned)control << 1 | SECDESC_SACL_PRESENT);
            used += out.sacl.bytes;
        } else {
            return fail(&r, "a part is O:SID, G:SID, D:LIST or S:LIST, each once");
        }
    }
    *sd = out;
    return true;
}

void sddl_format_sid(const struct sid *sid, struct u16buf *out)
{
    for (size_t i = 0; i < COUNT(aliases) && aliases[i].authority; i++) {
        const struct alias *a = &aliases[i];
        struct sid known = sid_short(a->authority, a->count, a->first, a->second);

        if (sid_eq(sid, &known)) {
            u16buf_add_ascii(out, a->name);
            return;
        }
    }
    sid_format(sid, out);
}

/* 0x and no more digits than needed. */
static void add_number(uint32_t value, struct u16buf *out)
{
    unsigned digits = 1;

    while (digits < 8 && value >> (4 * digits))
        digits++;
    u16buf_add_ascii(out, "0x");
    u16buf_add_hex(out, value, digits);
}

void sddl_format_rights(uint32_t mask, struct u16buf *out)
{
    for (size_t i = 0; i < FILE_WORDS; i++) {
        if (rights[i].value == mask) {
            u16buf_add_ascii(out, rights[i].name);
            return;
        }
    }
    add_number(mask, out);
}

static void add_flags(uint8_t flags, struct u16buf *out)
{
    for (size_t i = 0; i < COUNT(flag_words); i++)
        if (flags & flag_words[i].value)
            u16buf_add_ascii(out, flag_words[i].name);
}

static void add_label_policy(uint32_t mask, struct u16buf *out)
{
    if (mask & ~7u) {
        add_number(mask, out);
        return;
    }
    for (size_t i = LABEL_WORDS - 3; i < LABEL_WORDS; i++)
        if (mask & rights[i].value)
            u16buf_add_ascii(out, rights[i].name);
}

static void add_hex(const uint8_t *data, size_t bytes, struct u16buf *out)
{
    for (size_t i = 0; i < bytes; i++)
        u16buf_add_hex(out, data[i], 2);
}

static void add_guid(const uint8_t *guid, struct u16buf *out)
{
    for (size_t i = 0; guid && i < ACE_GUID_BYTES; i++) {
        if (has_dash_before(i))
            u16buf_addc(out, u'-');
        u16buf_add_hex(out, guid[guid_order[i]], 2);
    }
}

/* The letters for the entry's type, NULL when its text would not be read back as it is:
 * no name, or an object entry that says anything but which of its two GUIDs it has. */
static const char *type_name(const struct ace *ace)
{
    uint32_t has = (ace->object_type ? 1u : 0u) | (ace->inherited_type ? 2u : 0u);

    if (!ace->plain)
        return NULL;
    if (ace_has_object(ace->type) && (!has || bytes_get32(ace->at + 8) != has))
        return NULL;
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].value == ace->type)
            return types[i].name;
    return NULL;
}

void sddl_format_ace(const struct ace *ace, struct u16buf *out)
{
    const char *name = type_name(ace);

    u16buf_addc(out, u'(');
    if (name)
        u16buf_add_ascii(out, name);
    else
        add_number(ace->type, out);
    u16buf_addc(out, u';');
    add_flags(ace->flags, out);
    u16buf_addc(out, u';');
    if (!name) {
        u16buf_addc(out, u'#');
        add_hex(ace->at + HEAD_BYTES, ace->bytes - HEAD_BYTES, out);
        u16buf_addc(out, u')');
        return;
    }
    if (ace->type == ACE_LABEL)
        add_label_policy(ace->mask, out);
    else
        sddl_format_rights(ace->mask, out);
    u16buf_addc(out, u';');
    add_guid(ace->object_type, out);
    u16buf_addc(out, u';');
    add_guid(ace->inherited_type, out);
    u16buf_addc(out, u';');
    sddl_format_sid(&ace->sid, out);
    if (ace->data_bytes) {
        u16buf_add_ascii(out, ";(#");
        add_hex(ace->data, ace->data_bytes, out);
        u16buf_addc(out, u')');
    }
    u16buf_addc(out, u')');
}

/* control as the DACL's bits. */
static void add_acl(const struct acl *acl, unsigned control, struct u16buf *out)
{
    struct ace ace = { 0 };

    if (control & SECDESC_DACL_PROTECTED)
        u16buf_add_ascii(out, "P");
    if (control & SECDESC_DACL_INHERIT_REQ)
        u16buf_add_ascii(out, "AR");
    if (control & SECDESC_DACL_INHERITED)
        u16buf_add_ascii(out, "AI");
    if (!acl->at)
        u16buf_add_ascii(out, "NO_ACCESS_CONTROL");
    while (acl_next(acl, &ace))
        sddl_format_ace(&ace, out);
}

void sddl_format(const struct secdesc *sd, struct u16buf *out)
{
    if (sd->has_owner) {
        u16buf_add_ascii(out, "O:");
        sddl_format_sid(&sd->owner, out);
    }
    if (sd->has_group) {
        u16buf_add_ascii(out, "G:");
        sddl_format_sid(&sd->group, out);
    }
    if (sd->control & SECDESC_DACL_PRESENT) {
        u16buf_add_ascii(out, "D:");
        add_acl(&sd->dacl, sd->control, out);
    }
    if (sd->control & SECDESC_SACL_PRESENT) {
        u16buf_add_ascii(out, "S:");
        add_acl(&sd->sacl, (unsigned)sd->control >> 1, out);
    }
}
