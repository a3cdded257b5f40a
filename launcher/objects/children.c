#include "objects/children.h"

#include "core/envblock.h"
#include "core/loaders.h"

/* Written once, before the first child is looked at. */
static struct loaders given_to_us;

static struct u16s variable(const char16_t *name, char16_t *text)
{
    DWORD len = GetEnvironmentVariableW(name, text, ENVBLOCK_MAX);

    return (struct u16s){ text, len < ENVBLOCK_MAX ? len : 0 };
}

void children_begin(void)
{
    static char16_t node[ENVBLOCK_MAX], python[ENVBLOCK_MAX];

    given_to_us =
        loaders_find(variable(u"NODE_OPTIONS", node), variable(u"PYTHONPATH", python));
}

static char16_t *keep(const char16_t *block)
{
    size_t units = loaders_block_units(block, ENVBLOCK_MAX);
    struct u16buf out;

    if (units == 0)
        return NULL;
    out.at = HeapAlloc(GetProcessHeap(), 0, (ENVBLOCK_MAX + 1u) * sizeof(char16_t));
    if (!out.at)
        return NULL;
    out = u16buf_init(out.at, ENVBLOCK_MAX + 1u);
    if (loaders_keep(&given_to_us, block, units, &out))
        return out.at;
    children_free(out.at);
    return NULL;
}

char16_t *children_environment(const void *given, DWORD flags)
{
    DWORD before = GetLastError();
    char16_t *own = NULL, *block = NULL;

    if (given_to_us.node.len + given_to_us.python.len == 0 ||
        (given && !(flags & CREATE_UNICODE_ENVIRONMENT)))
        return NULL;
    own = given ? NULL : GetEnvironmentStringsW();
    if (given || own)
        block = keep(given ? given : own);
    if (own)
        FreeEnvironmentStringsW(own);
    SetLastError(before);
    return block;
}

void children_free(char16_t *block)
{
    DWORD before = GetLastError();

    if (block)
        HeapFree(GetProcessHeap(), 0, block);
    SetLastError(before);
}
