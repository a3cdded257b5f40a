#include "core/envblock.h"

/* Where name is, or where it belongs. */
static size_t lower_bound(const struct envblock *env, struct u16s name)
{
    size_t low = 0, high = env->count;

    /* Blocks come sorted: nearly every variable read belongs at the end. */
    if (high && u16s_icmp(env->var[high - 1].name, name) < 0)
        return high;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (u16s_icmp(env->var[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_at(const struct envblock *env, size_t at, struct u16s name)
{
    return at < env->count && u16s_ieq(env->var[at].name, name);
}

static void insert(struct envblock *env, size_t at, struct envblock_var var)
{
    for (size_t i = env->count++; i > at; i--)
        env->var[i] = env->var[i - 1];
    env->var[at] = var;
}

/* The entry at block[*at], moving *at behind it; false where the block ends.  A block
 * whose end is not within units is not ended: *at is then past it. */
static bool next_entry(const char16_t *block, size_t units, size_t *at,
                       struct u16s *entry)
{
    struct u16s rest = { block + *at, units - *at };
    size_t n = u16s_find(rest, 0, 0);

    if (n == rest.len)
        *at = units + 1;
    if (n == 0 || n == rest.len)
        return false;
    *entry = u16s_head(rest, n);
    *at += n + 1;
    return true;
}

/* The `=` that ends the name; the one at index 0 belongs to it. */
static bool split_entry(struct u16s entry, struct envblock_var *var)
{
    size_t n = u16s_find(entry, u'=', 1);

    if (n == entry.len)
        return false;
    *var = (struct envblock_var){ u16s_head(entry, n), u16s_from(entry, n + 1) };
    return true;
}

static bool check_block(const char16_t *block, size_t units, struct err *err)
{
    struct u16s entry = { NULL, 0 };
    struct envblock_var var;
    size_t at = 0, count = 0;

    while (next_entry(block, units, &at, &entry))
        count += split_entry(entry, &var);
    if (at > units)
        return err_rule(err, "an environment block without an end", NULL);
    if (count > ENVBLOCK_VARS_MAX)
        return err_rule(err, "too many environment variables", NULL);
    return true;
}

bool envblock_read(struct envblock *env, const char16_t *block, size_t units,
                   struct u16buf text, struct err *err)
{
    struct u16s entry = { NULL, 0 };
    size_t at = 0;

    if (!check_block(block, units, err))
        return false;
    env->count = 0;
    env->text = text;
    while (next_entry(block, units, &at, &entry)) {
        struct envblock_var var;
        size_t place = 0;

        if (!split_entry(entry, &var))
            continue;
        place = lower_bound(env, var.name);
        if (!is_at(env, place, var.name))
            insert(env, place, var);
    }
    return true;
}

const struct envblock_var *envblock_find(const struct envblock *env, struct u16s name)
{
    size_t at = lower_bound(env, name);

    return is_at(env, at, name) ? &env->var[at] : NULL;
}

struct u16s envblock_get(const struct envblock *env, struct u16s name)
{
    const struct envblock_var *var = envblock_find(env, name);

    return var ? var->value : (struct u16s){ NULL, 0 };
}

static struct u16s keep_text(struct u16buf *text, struct u16s s)
{
    size_t from = text->len;

    u16buf_add(text, s);
    return (struct u16s){ text->at + from, s.len };
}

/* Whether a block can say it and reading gives it back. */
static bool is_writable(struct u16s name, struct u16s value)
{
    return name.len > 0 && u16s_find(name, u'=', 1) == name.len &&
           u16s_find(name, 0, 0) == name.len && u16s_find(value, 0, 0) == value.len;
}

void envblock_set(struct envblock *env, struct u16s name, struct u16s value)
{
    size_t at = lower_bound(env, name);
    bool there = is_at(env, at, name);
    struct envblock_var var;

    if (there && u16s_eq(env->var[at].name, name) && u16s_eq(env->var[at].value, value))
        return;
    if ((!there && env->count == ENVBLOCK_VARS_MAX) || !is_writable(name, value))
        env->text.cut = true;
    var.name = keep_text(&env->text, name);
    var.value = keep_text(&env->text, value);
    if (env->text.cut)
        return;
    if (there)
        env->var[at] = var;
    else
        insert(env, at, var);
}

void envblock_unset(struct envblock *env, struct u16s name)
{
    size_t at = lower_bound(env, name);

    if (!is_at(env, at, name))
        return;
    env->count--;
    for (; at < env->count; at++)
        env->var[at] = env->var[at + 1];
}

/* NAME=value and its terminator. */
static size_t var_units(const struct envblock_var *var)
{
    return var->name.len + 1 + var->value.len + 1;
}

static bool too_large(const struct envblock *env, struct err *err)
{
    char16_t name[ERR_OBJECT_CAP + 1]; /* one more, so that err_set marks the cut */
    struct u16buf object = U16BUF(name);
    size_t longest = 0;

    for (size_t i = 1; i < env->count; i++)
        if (var_units(&env->var[i]) > var_units(&env->var[longest]))
            longest = i;
    if (env->count)
        u16buf_add(&object, u16s_head(env->var[longest].name, ERR_OBJECT_CAP));
    return err_rule(err, "an environment of more than 32,766 characters in all", name);
}

bool envblock_write(const struct envblock *env, char16_t *out, size_t cap, size_t *units,
                    struct err *err)
{
    /* Of an empty environment both terminators are written, as CreateProcessW wants. */
    size_t need = env->count ? 1 : 2;
    struct u16buf text;

    for (size_t i = 0; i < env->count; i++)
        need += var_units(&env->var[i]);
    if (env->text.cut || need > ENVBLOCK_MAX || need > cap)
        return too_large(env, err);
    text = u16buf_init(out, cap);
    for (size_t i = 0; i < env->count; i++) {
        u16buf_add(&text, env->var[i].name);
        u16buf_addc(&text, u'=');
        u16buf_add(&text, env->var[i].value);
        u16buf_addc(&text, 0);
    }
    out[need - 2] = 0;
    out[need - 1] = 0;
    *units = need;
    return true;
}
