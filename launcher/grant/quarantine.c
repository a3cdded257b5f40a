#include "grant/quarantine.h"

#include "core/bytes.h"
#include "win/dirscan.h"
#include "win/file.h"

#define TRIES 4u /* of names: the tool may still make them as we think of them */

bool quarantine_is_root(HANDLE open, const char16_t *path, const uint8_t *digest)
{
    uint8_t now[SHA256_BYTES];
    struct err err;

    return context_hash_root(open, path, now, &err) &&
           bytes_eq(now, digest, SHA256_BYTES) &&
           (file_resolves_links() || file_is_own_directory(path));
}

NTSTATUS quarantine_move(HANDLE in, HANDLE file, struct u16buf *to)
{
    NTSTATUS status = 0;

    u16buf_addz(to, u".quarantined");
    status = dirscan_rename(file, in, u16buf_text(to));
    for (unsigned i = 1; i < TRIES && STATUS_IS(status, DIRSCAN_NAME_TAKEN); i++) {
        LARGE_INTEGER ticks;

        QueryPerformanceCounter(&ticks);
        u16buf_addc(to, u'-');
        u16buf_add_hex(to, (uint64_t)ticks.QuadPart, 8);
        status = dirscan_rename(file, in, u16buf_text(to));
    }
    return status;
}
