#include "core/proof.h"

#include "core/bytes.h"

#define TAG       "RFPROOF3"
#define TAG_BYTES 8u

/* Digested as it lies in memory. */
_Static_assert(sizeof(struct proof_machine) == 5 * 4 + 16 + 16, "no padding");

void proof_key(const struct proof_machine *machine, uint8_t key[PROOF_KEY_BYTES])
{
    uint8_t digest[SHA256_BYTES];

    sha256(machine, sizeof *machine, digest);
    bytes_copy(key, digest, PROOF_KEY_BYTES);
}

void proof_key_on(bool services, struct u16s station, uint8_t key[PROOF_KEY_BYTES])
{
    struct {
        uint8_t machine[PROOF_KEY_BYTES];
        uint32_t services;
        uint8_t station[SHA256_BYTES];
    } on = { .services = services };
    uint8_t digest[SHA256_BYTES];

    if (!services && u16s_ieq(station, U16S("WinSta0")))
        return;
    if (u16s_istarts(station, U16S("Service-"))) /* and a logon's number */
        station = U16S("Service-");
    bytes_copy(on.machine, key, PROOF_KEY_BYTES);
    sha256(station.at, station.len * sizeof(char16_t), on.station);
    sha256(&on, sizeof on, digest);
    bytes_copy(key, digest, PROOF_KEY_BYTES);
}

bool proof_has_held(const struct proof *p)
{
    return p->outside_total > 0 && p->outside_denied == p->outside_total &&
           p->inside_total > 0 && p->inside_allowed == p->inside_total;
}

static bool read_slot(const uint8_t *at, struct proof *p)
{
    uint32_t end = bytes_get32(at);

    if (end >= PROOF_ENDS)
        return false;
    *p = (struct proof){ .end = (enum proof_end)end,
                         .outside_denied = bytes_get16(at + 4),
                         .outside_total = bytes_get16(at + 6),
                         .inside_allowed = bytes_get16(at + 8),
                         .inside_total = bytes_get16(at + 10),
                         .time = bytes_get32(at + 12) | (uint64_t)bytes_get32(at + 16)
                                                            << 32,
                         .net_held = bytes_get32(at + 20) };
    return p->end != PROOF_HELD || proof_has_held(p);
}

bool proof_read(const void *data, size_t bytes, const uint8_t key[PROOF_KEY_BYTES],
                struct proof_file *file)
{
    const uint8_t *at = data;
    uint8_t digest[SHA256_BYTES];
    struct proof_file f;

    if (bytes != PROOF_BYTES)
        return false;
    sha256(at, PROOF_BYTES - SHA256_BYTES, digest);
    if (!bytes_eq(at + PROOF_BYTES - SHA256_BYTES, digest, SHA256_BYTES) ||
        !bytes_eq(at, (const uint8_t *)TAG, TAG_BYTES) ||
        !bytes_eq(at + TAG_BYTES, key, PROOF_KEY_BYTES))
        return false;
    at += TAG_BYTES + PROOF_KEY_BYTES;
    for (size_t i = 0; i < PROOF_SLOTS; i++)
        if (!read_slot(at + i * PROOF_SLOT_BYTES, &f.of[i]))
            return false;
    *file = f;
    return true;
}

static void write_slot(const struct proof *p, uint8_t *at)
{
    bytes_put32(at, (uint32_t)p->end);
    bytes_put16(at + 4, p->outside_denied);
    bytes_put16(at + 6, p->outside_total);
    bytes_put16(at + 8, p->inside_allowed);
    bytes_put16(at + 10, p->inside_total);
    bytes_put32(at + 12, (uint32_t)(p->time & UINT32_MAX));
    bytes_put32(at + 16, (uint32_t)(p->time >> 32));
    bytes_put32(at + 20, p->net_held);
}

void proof_write(const struct proof_file *file, const uint8_t key[PROOF_KEY_BYTES],
                 uint8_t out[PROOF_BYTES])
{
    bytes_copy(out, (const uint8_t *)TAG, TAG_BYTES);
    bytes_copy(out + TAG_BYTES, key, PROOF_KEY_BYTES);
    for (size_t i = 0; i < PROOF_SLOTS; i++)
        write_slot(&file->of[i],
                   out + TAG_BYTES + PROOF_KEY_BYTES + i * PROOF_SLOT_BYTES);
    sha256(out, PROOF_BYTES - SHA256_BYTES, out + PROOF_BYTES - SHA256_BYTES);
}
