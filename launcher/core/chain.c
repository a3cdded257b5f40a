#include "core/chain.h"

bool file_id_eq(const struct file_id *a, const struct file_id *b)
{
    return a->volume == b->volume && a->low == b->low && a->high == b->high;
}

/* Reads "VOLUME-HIGH-LOW". */
static bool read_id(struct u16s text, struct file_id *id)
{
    struct u16s volume = u16s_split(&text, u'-');
    struct u16s high = u16s_split(&text, u'-');

    return u16s_hex(volume, &id->volume) && u16s_hex(high, &id->high) &&
           u16s_hex(text, &id->low);
}

void chain_read(struct chain *chain, struct u16s text)
{
    uint64_t depth = 0;

    chain->depth = 0;
    chain->count = 0;
    if (!u16s_number(u16s_split(&text, u','), UINT32_MAX, &depth))
        return;
    while (text.at) {
        if (chain->count == CHAIN_IDS_MAX ||
            !read_id(u16s_split(&text, u','), &chain->id[chain->count])) {
            chain->count = 0;
            return;
        }
        chain->count++;
    }
    chain->depth = (unsigned)depth;
}

bool chain_has(const struct chain *chain, const struct file_id *id)
{
    for (size_t i = 0; i < chain->count; i++)
        if (file_id_eq(&chain->id[i], id))
            return true;
    return false;
}

void chain_push(struct chain *chain, const struct file_id *id)
{
    struct file_id newest = *id; /* id may be one of the chain's own */

    if (chain->depth < UINT32_MAX)
        chain->depth++;
    if (chain->count < CHAIN_IDS_MAX)
        chain->count++;
    for (size_t i = chain->count - 1; i > 0; i--)
        chain->id[i] = chain->id[i - 1];
    chain->id[0] = newest;
}

void chain_write(const struct chain *chain, struct u16buf *out)
{
    u16buf_add_dec(out, chain->depth);
    for (size_t i = 0; i < chain->count; i++) {
        u16buf_addc(out, u',');
        u16buf_add_hex(out, chain->id[i].volume, 16);
        u16buf_addc(out, u'-');
        u16buf_add_hex(out, chain->id[i].high, 16);
        u16buf_addc(out, u'-');
        u16buf_add_hex(out, chain->id[i].low, 16);
    }
}
