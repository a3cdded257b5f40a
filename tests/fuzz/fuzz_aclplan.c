#include "core/aclplan.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct aclplan_room one, two;

static bool same_list(const struct acl *a, const struct acl *b)
{
    if (!a->at || !b->at)
        return a->at == b->at;
    return a->bytes == b->bytes && memcmp(a->at, b->at, a->bytes) == 0;
}

/* Whatever the descriptor: again is the same, nobody's list is replaced by none or none
 * by one, and undo leads to where it leads from the original. */
static void check_plan(const struct aclplan_object *object,
                       const struct aclplan_policy *policy, const struct secdesc *old)
{
    static uint8_t after[SECDESC_BYTES_MAX];
    struct aclplan_edit edit = aclplan_apply(object, policy, old, &one), again, undone;
    struct secdesc now;
    size_t bytes = 0;

    if (!edit.sd.dacl.at != !old->dacl.at)
        __builtin_trap();
    if (!secdesc_write(&edit.sd, after, sizeof after, &bytes) ||
        !secdesc_read(&now, after, bytes))
        __builtin_trap();
    again = aclplan_apply(object, policy, &now, &one);
    if (edit.result == ACLPLAN_REFUSED ? again.result != ACLPLAN_REFUSED
                                       : again.result != ACLPLAN_SAME)
        __builtin_trap();
    again = aclplan_undo(NULL, policy->group, &now, &one);
    undone = aclplan_undo(NULL, policy->group, old, &two);
    if (again.result == ACLPLAN_REFUSED || undone.result == ACLPLAN_REFUSED)
        return; /* a list of more than ACL_BYTES_MAX */
    if (!same_list(&again.sd.dacl, &undone.sd.dacl))
        __builtin_trap();
    if (undone.sd.sacl.count && !same_list(&again.sd.sacl, &undone.sd.sacl))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aclplan_object object = { 0 };
    struct aclplan_policy policy = { .sid = sid_ours((const uint8_t *)"abcdefghijkl") };
    struct sid group = sid_short(5, 2, 21, 1010);
    struct secdesc sd;

    if (size < 2)
        return 0;
    object.kind = (enum aclplan_kind)((data[0] & 15u) % (ACLPLAN_IN_STATE + 1u));
    /* Of Ringfence's own, files are ACLPLAN_BELOW. */
    object.directory = data[0] & 8 || object.kind >= ACLPLAN_STATE;
    object.holds = data[0] & 16;
    object.reached = data[0] & 32;
    object.links = data[0] >> 6;
    policy.read = data[1] & 1;
    policy.lowered = data[1] & 2;
    policy.hard_links = data[1] & 4;
    policy.group = data[1] & 8 ? &group : NULL;
    if (secdesc_read(&sd, data + 2, size - 2))
        check_plan(&object, &policy, &sd);
    return 0;
}
