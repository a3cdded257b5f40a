#include "core/envrules.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct envblock env;

/* Five directories and the patterns to keep, then the block. */
static const char16_t *read_input(struct envrules_input *in, struct u16s *rest)
{
    struct u16s part[6];

    for (size_t i = 0; i < 6; i++)
        part[i] = u16s_split(rest, u'\n');
    in->denybin = part[0];
    in->shims = part[1];
    in->temp = part[2];
    in->cache = part[3];
    in->keep = part[4];
    in->install = part[5];
    return rest->at;
}

/* Twice is once: on the table, and on the block as the next shim reads it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t units[4096], text[4 * ENVBLOCK_MAX], once[ENVBLOCK_MAX],
        twice[ENVBLOCK_MAX];
    struct u16s rest = { units, size / 2 };
    struct envrules_input in = { .offline = size & 1,
                                 .fenced = size & 2,
                                 .dead_port = 9 };
    const char16_t *block = NULL;
    size_t first = 0, second = 0, used = 0;
    struct err err;

    if (size > sizeof units)
        return 0;
    memcpy(units, data, size);
    block = read_input(&in, &rest);
    if (!block || !envblock_read(&env, block, rest.len, U16BUF(text), &err))
        return 0;
    envrules_apply(&env, &in);
    if (!envblock_write(&env, once, ENVBLOCK_MAX, &first, &err))
        return 0;
    used = env.text.len;
    envrules_apply(&env, &in);
    if (env.text.len != used)
        __builtin_trap();
    if (!envblock_read(&env, once, first, U16BUF(text), &err))
        __builtin_trap();
    for (size_t i = 0; i < env.count; i++)
        if (envrules_is_secret(env.var[i].name, in.keep))
            __builtin_trap();
    envrules_apply(&env, &in);
    if (!envblock_write(&env, twice, ENVBLOCK_MAX, &second, &err) || first != second ||
        memcmp(once, twice, first * sizeof once[0]) != 0)
        __builtin_trap();
    return 0;
}
