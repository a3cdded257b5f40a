#include "core/usersetup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as something that reads the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct usersetup setup = { .pid = 0 }, back = { .pid = 0 };
    char line[USERSETUP_BYTES_MAX];
    size_t bytes = 0;

    if (!usersetup_parse(&setup, (const char *)data, size))
        return 0;
    if (setup.state >= USERSETUP_STATE_COUNT)
        __builtin_trap();
    bytes = usersetup_format(&setup, line);
    if (bytes > sizeof line || !usersetup_parse(&back, line, bytes) ||
        back.state != setup.state || back.pid != setup.pid ||
        back.failed != setup.failed || back.entries != setup.entries)
        __builtin_trap();
    return 0;
}
