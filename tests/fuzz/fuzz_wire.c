#include "core/wire.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(8) uint8_t payload[WIRE_PAYLOAD_MAX], again[WIRE_FRAME_MAX];

/* A frame of the kind with this payload, read, written and compared: what a reader takes,
 * its writer makes again, byte for byte (but for what stands behind a text's end). */
#define THERE_AND_BACK(name, bytes)                                                      \
    do {                                                                                 \
        struct wire_##name value;                                                        \
                                                                                         \
        if (wire_##name##_read(&value, payload, bytes) &&                                \
            (wire_##name##_write(&value, again, sizeof again) !=                         \
                 WIRE_HEAD_BYTES + (bytes) ||                                            \
             wire_##name##_read(&value, again + WIRE_HEAD_BYTES, bytes) != true))        \
            __builtin_trap();                                                            \
    } while (0)

static void check(enum wire_kind kind, size_t bytes)
{
    switch (kind) {
    case WIRE_READY:
        THERE_AND_BACK(ready, bytes);
        break;
    case WIRE_HELLO:
        THERE_AND_BACK(hello, bytes);
        break;
    case WIRE_START:
        THERE_AND_BACK(start, bytes);
        break;
    case WIRE_STARTED:
        THERE_AND_BACK(started, bytes);
        break;
    case WIRE_ERROR:
        THERE_AND_BACK(error, bytes);
        break;
    case WIRE_SIGNAL:
        THERE_AND_BACK(signal, bytes);
        break;
    case WIRE_RESIZE:
        THERE_AND_BACK(resize, bytes);
        break;
    case WIRE_OFFER:
    case WIRE_DONE:
    case WIRE_BYE:
    case WIRE_KINDS:
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum wire_kind kind;
    struct wire_note note;
    struct err err;
    size_t bytes = 0;

    if (wire_note_read(&note, (const char *)data, size)) {
        char text[WIRE_NOTE_BYTES];

        wire_note_write(&note, text);
        if (memcmp(text, data, sizeof text) != 0)
            __builtin_trap();
    }
    if (size < WIRE_HEAD_BYTES || !wire_head_read(data, &kind, &bytes, &err))
        return 0;
    if (bytes > size - WIRE_HEAD_BYTES)
        return 0;
    memcpy(payload, data + WIRE_HEAD_BYTES, bytes);
    check(kind, bytes);
    return 0;
}
