#include "core/proof.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SUMMED (PROOF_BYTES - SHA256_BYTES)

/* The input as it is, and once more with the key and the sum made right, so that what is
 * behind them is reached. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[PROOF_KEY_BYTES] = "a key";
    uint8_t bytes[PROOF_BYTES] = "RFPROOF3", back[PROOF_BYTES];
    struct proof_file file;
    size_t take = SUMMED - 8 - PROOF_KEY_BYTES;

    if (proof_read(data, size, key, &file) && size != PROOF_BYTES)
        __builtin_trap();
    memcpy(bytes + 8, key, sizeof key);
    memcpy(bytes + 8 + sizeof key, data, size < take ? size : take);
    sha256(bytes, SUMMED, bytes + SUMMED);
    if (!proof_read(bytes, sizeof bytes, key, &file))
        return 0;
    for (size_t i = 0; i < PROOF_SLOTS; i++)
        if (file.of[i].end == PROOF_HELD && !proof_has_held(&file.of[i]))
            __builtin_trap();
    proof_write(&file, key, back);
    if (memcmp(bytes, back, sizeof back) != 0)
        __builtin_trap();
    return 0;
}
