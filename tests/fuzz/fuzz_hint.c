#include "core/hint.h"
#include <string.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any tail is read to an end, and success never earns a hint. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char16_t *const tools[] = { u"git", u"npm", u"python", u"curl" };
    char16_t tail[700];

    if (size > sizeof tail)
        return 0;
    memcpy(tail, data, size);
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        struct u16s text = { tail, size / sizeof tail[0] };

        (void)hint_follows(u16s_of(tools[i]), text, 1);
        if (hint_follows(u16s_of(tools[i]), text, 0))
            __builtin_trap();
    }
    return 0;
}
