#include "core/record.h"

#include "core/aclplan.h"
#include "core/bytes.h"
#include "core/sha256.h"

#define MAGIC "RFREC 2"

_Static_assert(sizeof MAGIC == sizeof((struct record *)NULL)->magic, "eight bytes");

void record_plan(const struct policy *policy, uint8_t key[RECORD_KEY_BYTES])
{
    struct {
        uint32_t version;
        uint8_t fence, git_commit, lowered, hard_links;
        uint8_t names[SHA256_BYTES]; /* chained over the names to protect */
    } told = { .version = ACLPLAN_VERSION,
               .fence = (uint8_t)policy->fence,
               .git_commit = policy->git_commit,
               .lowered = policy->lowered,
               .hard_links = policy->hard_links };
    uint8_t digest[SHA256_BYTES];

    for (size_t i = 0; i < policy->protect_count; i++) {
        sha256(policy->protect[i].at, policy->protect[i].len * sizeof(char16_t), digest);
        for (size_t n = 0; n < SHA256_BYTES; n++) /* so that order and number count */
            told.names[n] ^= digest[n];
        sha256(told.names, sizeof told.names, told.names);
    }
    sha256(&told, sizeof told, digest);
    bytes_copy(key, digest, RECORD_KEY_BYTES);
}

void record_tool_key(struct u16s path, struct u16s tool, uint8_t key[7])
{
    uint8_t both[2 * SHA256_BYTES], digest[SHA256_BYTES];

    sha256(path.at, path.len * sizeof(char16_t), both);
    sha256(tool.at, tool.len * sizeof(char16_t), both + SHA256_BYTES);
    sha256(both, sizeof both, digest);
    bytes_copy(key, digest, 7);
}

static void make_check(const struct record *record, uint8_t check[8])
{
    uint8_t digest[SHA256_BYTES];

    sha256(record, offsetof(struct record, check), digest);
    bytes_copy(check, digest, 8);
}

void record_init(struct record *record, const uint8_t *machine, const uint8_t *plan,
                 const uint8_t *root, uint64_t until)
{
    *record = (struct record){ .state = RECORD_REFUSED };
    bytes_copy(record->machine, machine, RECORD_KEY_BYTES);
    bytes_copy(record->plan, plan, RECORD_KEY_BYTES);
    bytes_copy(record->root, root, RECORD_KEY_BYTES);
    record_expire(record, until);
}

void record_expire(struct record *record, uint64_t until)
{
    for (size_t i = 0; i < sizeof record->until; i++)
        record->until[i] = (uint8_t)(until >> (8 * i));
}

void record_add_places(struct record *record, const struct record *before, size_t bytes)
{
    if (record_is_sound(before, bytes) && before->state == RECORD_READY &&
        record->state == RECORD_READY && before->fence == record->fence &&
        before->enforced == record->enforced &&
        record_is_for(before, record->machine, record->plan, record->root, 0))
        record->places |= before->places;
}

void record_seal(struct record *record)
{
    bytes_copy((uint8_t *)record->magic, (const uint8_t *)MAGIC, sizeof record->magic);
    make_check(record, record->check);
}

bool record_is_sound(const struct record *record, size_t bytes)
{
    uint8_t check[8];

    if (bytes != sizeof *record ||
        !bytes_eq((const uint8_t *)record->magic, (const uint8_t *)MAGIC,
                  sizeof record->magic))
        return false;
    make_check(record, check);
    return bytes_eq(record->check, check, sizeof check) && record->state <= RECORD_LOST &&
           record->fence <= FENCE_STRICT && record->enforced <= 1 &&
           record->tool_count <= RECORD_TOOLS && record->tool_next < RECORD_TOOLS &&
           (record->tool_next == record->tool_count ||
            record->tool_count == RECORD_TOOLS) &&
           !record->reason[RECORD_REASON_CAP - 1];
}

bool record_is_for(const struct record *record, const uint8_t *machine,
                   const uint8_t *plan, const uint8_t *root, uint64_t now)
{
    uint64_t until = 0;

    for (size_t i = sizeof record->until; i-- > 0;)
        until = until << 8 | record->until[i];
    return (until == 0 || now < until) &&
           bytes_eq(record->machine, machine, RECORD_KEY_BYTES) &&
           bytes_eq(record->plan, plan, RECORD_KEY_BYTES) &&
           bytes_eq(record->root, root, RECORD_KEY_BYTES);
}

enum record_reads record_tool_reads(const struct record *record, const uint8_t key[7])
{
    for (size_t i = 0; i < record->tool_count; i++)
        if (bytes_eq(record->tool[i].key, key, 7))
            return record->tool[i].readable ? RECORD_READS_ALL : RECORD_READS_NOT;
    return RECORD_READS_UNKNOWN;
}

void record_add_tool(struct record *record, const uint8_t key[7], bool readable)
{
    size_t at = 0;

    while (at < record->tool_count && !bytes_eq(record->tool[at].key, key, 7))
        at++;
    if (at == record->tool_count) {
        at = record->tool_next;
        record->tool_next = (uint8_t)((at + 1) % RECORD_TOOLS);
        if (record->tool_count < RECORD_TOOLS)
            record->tool_count++;
    }
    bytes_copy(record->tool[at].key, key, 7);
    record->tool[at].readable = readable;
}
