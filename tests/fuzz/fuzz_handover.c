#include "core/handover.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct handover_order order;
    uint8_t back[HANDOVER_ORDER_BYTES];
    struct handover_answer answer;

    if (handover_parse_order(&order, data, size)) {
        handover_format_order(&order, back);
        if (memcmp(back, data, size) != 0)
            __builtin_trap();
    }
    if (size >= HANDOVER_HEAD_BYTES && handover_parse_answer(&answer, data)) {
        handover_format_answer(&answer, back);
        if (memcmp(back, data, HANDOVER_HEAD_BYTES) != 0)
            __builtin_trap();
    }
    return 0;
}
