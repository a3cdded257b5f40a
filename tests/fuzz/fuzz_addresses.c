#include "filters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two lists, split at the first NUL: same is symmetrical, and a list that can be read is
 * the same as itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t text[4096];
    struct filters_policy policy;
    struct u16s all = { text, size < 4096 ? size : 4096 }, a, b;

    for (size_t i = 0; i < all.len; i++)
        text[i] = data[i];
    b = all;
    a = u16s_split(&b, 0);
    if (filters_same_addresses(a, b) != filters_same_addresses(b, a))
        __builtin_trap();
    if (filters_same_addresses(a, b) &&
        (!filters_same_addresses(a, a) || !filters_same_addresses(b, b)))
        __builtin_trap();
    if (filters_parse(&policy, a)) {
        char16_t back[256];
        struct u16buf out = U16BUF(back);
        struct filters_policy again;

        filters_format(&policy, &out);
        if (out.cut || !filters_parse(&again, u16buf_text(&out)) ||
            again.port_count != policy.port_count || again.loopback != policy.loopback)
            __builtin_trap();
    }
    return 0;
}
