#include "core/envblock.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct envblock env, again;

static void check_sorted(const struct envblock *e)
{
    for (size_t i = 0; i < e->count; i++) {
        struct u16s name = e->var[i].name;

        if (i && u16s_icmp(e->var[i - 1].name, name) >= 0)
            __builtin_trap();
        if (envblock_find(e, name) != &e->var[i] || name.len == 0 ||
            u16s_find(name, u'=', 1) < name.len)
            __builtin_trap();
    }
}

/* The block says what the table says, and no more. */
static void check_written(void)
{
    static char16_t out[ENVBLOCK_MAX], none[1];
    struct err err;
    size_t units = 0;

    if (!envblock_write(&env, out, ENVBLOCK_MAX, &units, &err))
        return;
    if (!envblock_read(&again, out, units, U16BUF(none), &err) ||
        again.count != env.count)
        __builtin_trap();
    for (size_t i = 0; i < env.count; i++)
        if (!u16s_eq(again.var[i].name, env.var[i].name) ||
            !u16s_eq(again.var[i].value, env.var[i].value))
            __builtin_trap();
    if (units && envblock_write(&env, out, units - 1, &units, &err))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t units[8192], text[300];
    struct u16s rest = { units, size / 2 };
    struct err err;

    if (size > sizeof units)
        return 0;
    memcpy(units, data, size);
    if (!envblock_read(&env, units, size / 2, U16BUF(text), &err))
        return 0;
    check_sorted(&env);
    check_written();
    /* every line of the input again, as work on the table */
    while (rest.at) {
        struct u16s value = u16s_split(&rest, 0), name = u16s_split(&value, u'=');

        if (value.at)
            envblock_set(&env, name, value);
        else
            envblock_unset(&env, name);
        check_sorted(&env);
    }
    check_written();
    return 0;
}
