#include "core/doctor.h"
#include "core/runlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line of the log that is read is read again as it is written; and a git configuration
 * is whatever it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char16_t text[RUNLOG_TEXT_CAP], again_text[RUNLOG_TEXT_CAP];
    char16_t room[64];
    char line[RUNLOG_LINE_BYTES];
    struct u16buf out = U16BUF(room);
    struct runlog_entry entry, again;
    size_t bytes = 0;

    (void)doctor_git_backend((const char *)data, size, &out);
    if (!runlog_parse(&entry, (const char *)data, size, text))
        return 0;
    bytes = runlog_format(&entry, line);
    if (!runlog_parse(&again, line, bytes - 1, again_text) || again.time != entry.time ||
        again.code != entry.code || again.level != entry.level)
        __builtin_trap();
    return 0;
}
