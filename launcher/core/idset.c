#include "core/idset.h"

#include "core/bytes.h"

static const uint8_t magic[8] = { 'R', 'F', 'I', 'D', 'S', 0, 0, 1 };

/* Below, at or above 0, as the bytes are. */
static int compare(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static int compare_ids(const struct idset_id *a, const struct idset_id *b)
{
    return compare(a->byte, b->byte, IDSET_ID_BYTES);
}

static void swap(struct idset_id *a, struct idset_id *b)
{
    struct idset_id c = *a;

    *a = *b;
    *b = c;
}

/* Lets the one at `at` sink in a heap of count. */
static void sink(struct idset_id *id, size_t at, size_t count)
{
    while (2 * at + 1 < count) {
        size_t child = 2 * at + 1;

        if (child + 1 < count && compare_ids(&id[child], &id[child + 1]) < 0)
            child++;
        if (compare_ids(&id[at], &id[child]) >= 0)
            return;
        swap(&id[at], &id[child]);
        at = child;
    }
}

size_t idset_sort(struct idset_id *id, size_t count)
{
    size_t left = 0;

    for (size_t i = count / 2; i-- > 0;)
        sink(id, i, count);
    for (size_t i = count; i-- > 1;) {
        swap(&id[0], &id[i]);
        sink(id, 0, i);
    }
    for (size_t i = 0; i < count; i++)
        if (left == 0 || compare_ids(&id[i], &id[left - 1]) != 0)
            id[left++] = id[i];
    return left;
}

struct idset_head idset_head(const uint8_t *root, size_t count)
{
    struct idset_head head = { .count = count };

    bytes_copy(head.magic, magic, sizeof magic);
    bytes_copy(head.root, root, sizeof head.root);
    return head;
}

bool idset_is_for(const struct idset_head *head, size_t bytes, const uint8_t *root)
{
    return bytes >= sizeof *head && bytes_eq(head->magic, magic, sizeof magic) &&
           bytes_eq(head->root, root, sizeof head->root) &&
           head->count <= IDSET_IDS_MAX &&
           bytes == sizeof *head + head->count * sizeof(struct idset_id);
}

bool idset_has(const struct idset_id *id, size_t count, const struct idset_id *one)
{
    size_t from = 0, to = count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare_ids(&id[middle], one);

        if (order == 0)
            return true;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}
