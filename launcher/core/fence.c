#include "core/fence.h"

#include "core/sha256.h"

struct sid fence_read_sid(const struct sid *user)
{
    static const char label[] = "ringfence read SID";
    uint8_t seed[sizeof label + sizeof(struct sid)] = { 0 };
    uint8_t digest[SHA256_BYTES];

    for (size_t i = 0; i < sizeof label; i++)
        seed[i] = (uint8_t)label[i];
    sid_write(user, seed + sizeof label);
    sha256(seed, sizeof label + sid_bytes(user), digest);
    return sid_ours(digest);
}

static void add(struct fence_list *list, const struct sid *sid)
{
    list->sid[list->count++] = *sid;
}

void fence_list(enum fence fence, const struct fence_parts *parts,
                struct fence_list *list)
{
    static const enum sid_known strict[] = { SID_USERS, SID_RESTRICTED,
                                             SID_ALL_APP_PACKAGES };
    struct sid sid;

    *list = (struct fence_list){ .write_restricted = fence == FENCE_STANDARD };
    for (size_t i = 0; i < parts->root_count && i < FENCE_ROOTS_MAX; i++)
        add(list, &parts->root[i]);
    add(list, &parts->run);
    if (fence == FENCE_STRICT) {
        sid = fence_read_sid(&parts->user);
        add(list, &sid);
        for (size_t i = 0; i < sizeof strict / sizeof strict[0]; i++) {
            sid = sid_well_known(strict[i]);
            add(list, &sid);
        }
    }
    if (parts->has_logon)
        add(list, &parts->logon);
    sid = sid_everyone();
    add(list, &sid);
}

/* The groups that LUA_TOKEN turns deny-only, as far as file ACLs name them: the built-in
 * ones that hold administrative rights.  MS: CreateRestrictedToken, LUA_TOKEN; How User
 * Account Control works. */
static bool is_administrative(const struct sid *sid)
{
    static const uint32_t builtin[] = { 544, 547, 548, 549, 550, 551, 552, 556, 569 };

    if (sid->sub_count != 2 || sid->authority[5] != 5 || sid->sub[0] != 32)
        return false;
    for (size_t i = 0; i < sizeof builtin / sizeof builtin[0]; i++)
        if (sid->sub[1] == builtin[i])
            return true;
    return false;
}

void fence_model(const struct accesscheck_token *user, const struct fence_list *list,
                 struct accesscheck_sid *sids, struct accesscheck_token *out)
{
    for (size_t i = 0; i < user->sid_count; i++) {
        sids[i] = user->sid[i];
        if (is_administrative(&sids[i].sid)) {
            sids[i].enabled = false;
            sids[i].deny_only = true;
        }
    }
    *out = *user;
    out->sid = sids;
    out->restricting = list->sid;
    out->restricting_count = list->count;
    out->write_restricted = list->write_restricted;
    out->privileges = 0;
    if (out->level > SID_LEVEL_MEDIUM)
        out->level = SID_LEVEL_MEDIUM;
}

const char *fence_name(enum fence fence)
{
    return fence == FENCE_STRICT ? "strict" : "standard";
}
