#include "core/handover.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct handover_order order;
    uint8_t back[HANDOVER_ORDER_BYTES];
    uint32_t code = 0, bytes = 0;

    if (handover_parse_order(&order, data, size)) {
        handover_format_order(&order, back);
        if (memcmp(back, data, size) != 0)
            __builtin_trap();
    }
    if (size >= HANDOVER_HEAD_BYTES && handover_parse_answer(&code, &bytes, data)) {
        handover_format_answer(code, bytes, back);
        if (memcmp(back, data, HANDOVER_HEAD_BYTES) != 0)
            __builtin_trap();
    }
    return 0;
}
