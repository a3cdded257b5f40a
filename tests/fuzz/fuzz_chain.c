#include "core/chain.h"
#include <string.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written and read again as the same chain. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char16_t in[600], text[CHAIN_TEXT_CAP];
    struct u16buf out = U16BUF(text);
    struct chain chain, again;

    if (size > sizeof in)
        return 0;
    memcpy(in, data, size);
    chain_read(&chain, (struct u16s){ in, size / sizeof in[0] });
    if (chain.count > CHAIN_IDS_MAX)
        __builtin_trap();
    chain_write(&chain, &out);
    chain_read(&again, u16buf_text(&out));
    if (out.cut || again.depth != chain.depth || again.count != chain.count)
        __builtin_trap();
    for (size_t i = 0; i < chain.count; i++)
        if (!file_id_eq(&chain.id[i], &again.id[i]) || !chain_has(&chain, &again.id[i]))
            __builtin_trap();
    return 0;
}
