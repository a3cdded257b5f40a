#include "core/loaders.h"

#define OPTION    U16S("--require ")
#define SCRIPT    U16S("/objects/objects.js")
#define DIRECTORY U16S("\\objects\\python")
#define VARIABLES 2u

/* Where needle first is in s; s.len: nowhere. */
static size_t find(struct u16s s, struct u16s needle)
{
    for (size_t i = 0; i + needle.len <= s.len; i++)
        if (u16s_ieq(u16s_head(u16s_from(s, i), needle.len), needle))
            return i;
    return s.len;
}

static bool has(struct u16s s, struct u16s needle)
{
    return find(s, needle) < s.len;
}

/* The last option that loads such a script, its quotes included. */
static struct u16s find_node(struct u16s value)
{
    for (size_t i = value.len; i-- > 0;) {
        struct u16s from = u16s_from(value, i);
        size_t at = 0, quote = 0;

        if (!u16s_istarts(from, OPTION))
            continue;
        at = find(from, SCRIPT);
        if (at == from.len)
            continue;
        at += SCRIPT.len;
        quote = from.at[OPTION.len] == u'"';
        return quote && (at == from.len || from.at[at] != u'"')
                   ? (struct u16s){ NULL, 0 }
                   : u16s_head(from, at + quote);
    }
    return (struct u16s){ NULL, 0 };
}

static struct u16s find_python(struct u16s value)
{
    while (value.at) {
        struct u16s entry = u16s_split(&value, u';');

        if (u16s_iends(entry, DIRECTORY))
            return entry;
    }
    return (struct u16s){ NULL, 0 };
}

struct loaders loaders_find(struct u16s node_options, struct u16s python_path)
{
    return (struct loaders){ find_node(node_options), find_python(python_path) };
}

size_t loaders_block_units(const char16_t *block, size_t max)
{
    for (size_t i = 1; i < max; i++)
        if (!block[i - 1] && !block[i])
            return i + 1;
    return 0;
}

/* One of the two, while a block is written. */
struct variable {
    struct u16s name, ours;
    bool behind; /* the option goes behind what is there */
    bool done;   /* there, or nothing is to be */
};

/* The entry without its value; the `=` at its start, if any, is the name's. */
static struct u16s name_of(struct u16s entry)
{
    return u16s_head(entry, u16s_find(entry, u'=', 1));
}

static void add_entry(struct u16buf *out, struct u16s entry)
{
    u16buf_add(out, entry);
    u16buf_addc(out, 0);
}

/* The entry with ours in it; true when it was not. */
static bool add_joined(struct u16buf *out, const struct variable *v, struct u16s entry)
{
    struct u16s name = name_of(entry), value = u16s_from(entry, name.len + 1);

    if (has(value, v->ours)) {
        add_entry(out, entry);
        return false;
    }
    u16buf_add(out, name);
    u16buf_addc(out, u'=');
    if (v->behind)
        u16buf_add(out, value);
    if (v->behind && value.len)
        u16buf_addc(out, u' ');
    u16buf_add(out, v->ours);
    if (!v->behind && value.len)
        u16buf_addc(out, u';');
    add_entry(out, v->behind ? (struct u16s){ NULL, 0 } : value);
    return true;
}

/* Those that belong before the entry (all, at the end) and are nowhere in the block. */
static bool add_missing(struct u16buf *out, struct variable v[VARIABLES],
                        struct u16s next)
{
    bool added = false;

    for (size_t i = 0; i < VARIABLES; i++) {
        if (v[i].done || (next.len && u16s_icmp(name_of(next), v[i].name) < 0))
            continue;
        u16buf_add(out, v[i].name);
        u16buf_addc(out, u'=');
        add_entry(out, v[i].ours);
        v[i].done = added = true;
    }
    return added;
}

static void look_for(struct variable v[VARIABLES], const char16_t *block, size_t units)
{
    for (size_t at = 0; at + 1 < units && block[at];) {
        struct u16s entry = u16s_of(block + at);

        for (size_t i = 0; i < VARIABLES; i++)
            v[i].done |= u16s_ieq(name_of(entry), v[i].name);
        at += entry.len + 1;
    }
}

/* Writes one entry; true when it had to be changed. */
static bool keep_entry(struct u16buf *out, const struct variable v[VARIABLES],
                       struct u16s entry)
{
    for (size_t i = 0; i < VARIABLES; i++)
        if (v[i].ours.len && u16s_ieq(name_of(entry), v[i].name))
            return add_joined(out, &v[i], entry);
    add_entry(out, entry);
    return false;
}

bool loaders_keep(const struct loaders *loaders, const char16_t *block, size_t units,
                  struct u16buf *out)
{
    struct variable v[VARIABLES] = {
        { U16S("NODE_OPTIONS"), loaders->node, true, loaders->node.len == 0 },
        { U16S("PYTHONPATH"), loaders->python, false, loaders->python.len == 0 },
    };
    bool changed = false;

    look_for(v, block, units);
    for (size_t at = 0; at + 1 < units && block[at];) {
        struct u16s entry = u16s_of(block + at);

        changed |= add_missing(out, v, entry);
        changed |= keep_entry(out, v, entry);
        at += entry.len + 1;
    }
    changed |= add_missing(out, v, (struct u16s){ NULL, 0 });
    return changed && !out->cut;
}
