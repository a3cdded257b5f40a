/* SPDX-License-Identifier: MIT
 *
 * The plan on whole trees, with the access check as judge: random profiles with roots
 * side by side and nested, protected names at any depth, hard links, lists cut off, out
 * of order or missing, and entries of others of every kind.  Each property is a claim of
 * the README; it holds for every node, token and fence of every tree.
 */
#include "core/accesscheck.h"
#include "core/aclplan.h"
#include "core/aclstate.h"
#include "core/sddl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TREES     150u
#define NODES     56
#define SD_CAP    3072u
#define ROOTS     3 /* A, B beside it, C somewhere in A */
#define CHANGES   (ACLPLAN_DENY)
#define DATA_BITS (CHANGES & rights_write_restricted(&rights_file) & ~ACLPLAN_STAY)

/* Descriptors belong to files; nodes are names.  A hard link is a second name. */
struct file {
    uint8_t old[SD_CAP];
    uint8_t now[SD_CAP];
    size_t old_bytes;
    size_t now_bytes;
    bool directory;
    uint32_t links;
    bool odd; /* has entries that no profile has by itself */
};

struct node {
    int parent; /* -1: the profile */
    int file;
    const char16_t *name;
    enum aclplan_kind kind[ROOTS];
    enum aclplan_rule rule[ROOTS];
    bool holds[ROOTS];
    bool reached[ROOTS];
};

struct world {
    unsigned seed;
    uint32_t random;
    bool plain; /* nothing odd */
    bool commit;
    bool lowered;
    bool hard_links;
    bool sandbox;    /* the sandbox accounts' group is given the same */
    int root[ROOTS]; /* nodes; C is -1 where there is none */
    int node_count;
    int file_count;
    struct node node[NODES + 2];
    struct file file[NODES + 2];
};

static struct world world;
static struct aclplan_room room;

/* What makes a token, and which roots are active in it. */
struct fence {
    const char *name;
    unsigned roots; /* bit by bit */
    bool strict;
    bool account; /* a sandbox account's, not the user's */
};

static const struct fence fences[] = {
    { "standard, A", 1, false, false },       { "standard, B", 2, false, false },
    { "standard, A and C", 5, false, false }, { "strict, A", 1, true, false },
    { "strict, B", 2, true, false },          { "strict, A and C", 5, true, false },
};

#define FENCES (sizeof fences / sizeof fences[0])

static const struct fence accounts[] = { { "account, A", 1, false, true },
                                         { "account, B", 2, false, true },
                                         { "account, A and C", 5, false, true } };

#define ACCOUNTS (sizeof accounts / sizeof accounts[0])

static void print_sd(const char *title, const uint8_t *at, size_t bytes)
{
    char16_t text[4096];
    char utf8[4096 * 3];
    struct u16buf b = U16BUF(text);
    struct secdesc sd;

    if (!secdesc_read(&sd, at, bytes))
        return;
    sddl_format(&sd, &b);
    print_error("  %s %.*s\n", title,
                (int)u16s_to_utf8(u16buf_text(&b), utf8, sizeof utf8), utf8);
}

/* Says where, then fails. */
static void check_that(bool holds, const struct world *w, int n, const char *what)
{
    if (!holds) {
        print_error("tree %u%s%s, node %d: %s\n", w->seed, w->plain ? ", plain" : "",
                    w->lowered ? ", lowered" : "", n, what);
        for (; n >= 0; n = w->node[n].parent) {
            const struct node *node = &w->node[n];
            const struct file *f = &w->file[node->file];

            print_error(" node %d, kinds %d %d %d, rules %d %d %d, links %u\n", n,
                        (int)node->kind[0], (int)node->kind[1], (int)node->kind[2],
                        (int)node->rule[0], (int)node->rule[1], (int)node->rule[2],
                        f->links);
            print_sd("old", f->old, f->old_bytes);
            print_sd("now", f->now, f->now_bytes);
        }
    }
    assert_true(holds);
}

static void check_fence(bool holds, const struct world *w, int n, const struct fence *f,
                        const char *what)
{
    if (!holds)
        print_error("%s\n", f->name);
    check_that(holds, w, n, what);
}

#define CHECK(w, n, condition)          check_that((condition), w, n, #condition)
#define CHECK_FENCE(w, n, f, condition) check_fence((condition), w, n, f, #condition)

static uint32_t draw(struct world *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 17;
    w->random ^= w->random << 5;
    return w->random % below;
}

static bool chance(struct world *w, uint32_t percent)
{
    return draw(w, 100) < percent;
}

/* --- people ------------------------------------------------------------------------ */

static struct sid user_sid(void)
{
    static const uint32_t sub[] = { 21, 1, 2, 3, 1001 };
    struct sid sid = { .revision = 1, .sub_count = 5, .authority = { 0, 0, 0, 0, 0, 5 } };

    for (int i = 0; i < 5; i++)
        sid.sub[i] = sub[i];
    return sid;
}

static struct sid other_user(void)
{
    struct sid sid = user_sid();

    sid.sub[4] = 1002;
    return sid;
}

static struct sid logon_sid(void)
{
    struct sid sid = { .revision = 1,
                       .sub_count = 3,
                       .authority = { 0, 0, 0, 0, 0, 5 },
                       .sub = { 5, 0, 77 } };
    return sid;
}

static struct sid our_sid(char c)
{
    uint8_t digest[12];

    memset(digest, c, sizeof digest);
    return sid_ours(digest);
}

static struct sid local_sid(uint32_t rid)
{
    struct sid sid = user_sid();

    sid.sub[4] = rid;
    return sid;
}

/* The sandbox accounts' group: a local one, so none of ours by its first part. */
static const struct sid *group_sid(void)
{
    static struct sid sid;

    sid = local_sid(1010);
    return &sid;
}

/* A sandbox account as its runner is logged on. */
static struct accesscheck_token account_token(void)
{
    static struct accesscheck_sid sids[6];

    sids[0] = (struct accesscheck_sid){ local_sid(1011), true, false };
    sids[1] = (struct accesscheck_sid){ sid_everyone(), true, false };
    sids[2] = (struct accesscheck_sid){ sid_well_known(SID_USERS), true, false };
    sids[3] = (struct accesscheck_sid){ sid_well_known(SID_AUTHENTICATED), true, false };
    sids[4] = (struct accesscheck_sid){ logon_sid(), true, false };
    sids[5] = (struct accesscheck_sid){ *group_sid(), true, false };
    return (struct accesscheck_token){
        .sid = sids, .sid_count = 6, .level = SID_LEVEL_MEDIUM, .no_write_up = true
    };
}

/* The user as he is logged on: Administrators count for denies only. */
static struct accesscheck_token user_token(void)
{
    static struct accesscheck_sid sids[6];

    sids[0] = (struct accesscheck_sid){ user_sid(), true, false };
    sids[1] = (struct accesscheck_sid){ sid_everyone(), true, false };
    sids[2] = (struct accesscheck_sid){ sid_well_known(SID_USERS), true, false };
    sids[3] = (struct accesscheck_sid){ sid_well_known(SID_AUTHENTICATED), true, false };
    sids[4] = (struct accesscheck_sid){ logon_sid(), true, false };
    sids[5] = (struct accesscheck_sid){ sid_well_known(SID_ADMINISTRATORS), false, true };
    return (struct accesscheck_token){
        .sid = sids, .sid_count = 6, .level = SID_LEVEL_MEDIUM, .no_write_up = true
    };
}

/* The child's, as section 5 of the design makes it. */
static struct accesscheck_token fenced_token(const struct world *w, const struct fence *f)
{
    static struct sid list[ROOTS + 8];
    struct accesscheck_token t = f->account ? account_token() : user_token();
    size_t n = 0;

    for (int r = 0; r < ROOTS; r++)
        if (f->roots & 1u << r)
            list[n++] = our_sid((char)('A' + r));
    list[n++] = our_sid('r'); /* the run */
    if (f->strict) {
        list[n++] = our_sid('R'); /* reading */
        list[n++] = sid_well_known(SID_USERS);
        list[n++] = sid_well_known(SID_RESTRICTED);
        list[n++] = sid_well_known(SID_ALL_APP_PACKAGES);
    }
    list[n++] = logon_sid();
    list[n++] = sid_everyone();
    t.restricting = list;
    t.restricting_count = n;
    t.write_restricted = !f->strict;
    if (w->lowered)
        t.level = SID_LEVEL_LOWERED;
    return t;
}

/* --- how NTFS makes a new child's list, [MS-DTYP] 2.5.3.4 ----------------------------
 */

/* The flags a child has an entry with; -1: it has none. */
static int inherited_flags(unsigned flags, bool directory)
{
    unsigned down = flags & (ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT);
    bool stops = flags & ACE_NO_PROPAGATE;

    if (!directory)
        return flags & ACE_OBJECT_INHERIT ? (int)ACE_INHERITED : -1;
    if (flags & ACE_CONTAINER_INHERIT)
        return (int)(ACE_INHERITED | (stops ? 0 : down));
    if ((flags & ACE_OBJECT_INHERIT) && !stops)
        return (int)(ACE_INHERITED | ACE_INHERIT_ONLY | ACE_OBJECT_INHERIT);
    return -1;
}

static void inherit(const struct acl *parent, bool directory, struct aclbuf *out)
{
    struct ace ace = { 0 };
    struct sid creator = sid_well_known(SID_CREATOR_OWNER);

    while (acl_next(parent, &ace)) {
        int flags = inherited_flags(ace.flags, directory);
        struct acl_entry e = { ace.type, (uint8_t)flags, ace.mask, ace.sid };

        if (flags < 0 || !ace.plain)
            continue;
        if (sid_eq(&ace.sid, &creator)) {
            struct acl_entry own = { ace.type, ACE_INHERITED, ace.mask, user_sid() };

            if (!(e.flags & ACE_INHERIT_ONLY))
                aclbuf_add(out, &own);
            e.flags |= ACE_INHERIT_ONLY;
            if (!directory)
                continue;
        }
        aclbuf_add(out, &e);
    }
}

static struct secdesc view(const uint8_t *sd, size_t bytes)
{
    struct secdesc out;

    assert_true(secdesc_read(&out, sd, bytes));
    return out;
}

static struct secdesc old_of(const struct world *w, int node)
{
    const struct file *f = &w->file[w->node[node].file];

    return view(f->old, f->old_bytes);
}

static struct secdesc now_of(const struct world *w, int node)
{
    const struct file *f = &w->file[w->node[node].file];

    return view(f->now, f->now_bytes);
}

/* The parts of a list in the making: explicit, then what the parent hands down. */
static void write_sd(struct file *f, const struct aclbuf *dacl, const struct aclbuf *sacl,
                     unsigned control)
{
    struct secdesc sd = { .control = (uint16_t)(control | SECDESC_SELF_RELATIVE),
                          .has_owner = true,
                          .has_group = true,
                          .owner = user_sid(),
                          .group = sid_well_known(SID_USERS) };

    assert_false(dacl && dacl->cut);
    sd.control |= SECDESC_DACL_PRESENT;
    if (dacl)
        sd.dacl = aclbuf_acl(dacl);
    if (sacl->count)
        sd.sacl = aclbuf_acl(sacl);
    assert_true(secdesc_write(&sd, f->old, sizeof f->old, &f->old_bytes));
    memcpy(f->now, f->old, f->old_bytes);
    f->now_bytes = f->old_bytes;
}

/* A child as the system makes it, in a directory as it is now. */
static void make_inherited(struct file *f, const struct secdesc *parent, bool directory)
{
    uint8_t one[SD_CAP], two[SD_CAP];
    struct aclbuf dacl = aclbuf_init(one, sizeof one);
    struct aclbuf sacl = aclbuf_init(two, sizeof two);

    inherit(&parent->dacl, directory, &dacl);
    inherit(&parent->sacl, directory, &sacl);
    f->directory = directory;
    f->links = 1;
    write_sd(f, &dacl, &sacl, SECDESC_DACL_INHERITED);
}

/* --- trees ---------------------------------------------------------------------------
 */

static void add_full(struct aclbuf *b, unsigned flags, bool user)
{
    struct acl_entry e = { ACE_ALLOW, (uint8_t)flags, RIGHT_FILE_ALL,
                           sid_well_known(SID_SYSTEM) };

    aclbuf_add(b, &e);
    e.sid = sid_well_known(SID_ADMINISTRATORS);
    aclbuf_add(b, &e);
    e.sid = user_sid();
    if (user)
        aclbuf_add(b, &e);
}

/* An entry that somebody made by hand. */
static struct acl_entry odd_entry(struct world *w, uint8_t type)
{
    static const uint32_t masks[] = {
        RIGHT_FILE_ALL,
        ACLPLAN_READ,
        0x1301BFu,
        RIGHT_FILE_GENERIC_WRITE,
        RIGHT_DELETE,
        RIGHT_WRITE_DAC,
        RIGHT_FILE_DELETE_CHILD,
        RIGHT_FILE_DELETE_CHILD | RIGHT_DELETE,
        RIGHT_WRITE_OWNER,
        RIGHT_FILE_WRITE_DATA,
    };
    const struct sid sids[] = { sid_everyone(),
                                sid_well_known(SID_USERS),
                                sid_well_known(SID_AUTHENTICATED),
                                sid_well_known(SID_CREATOR_OWNER),
                                user_sid(),
                                other_user() };
    struct acl_entry e = { .type = type };

    e.mask = masks[draw(w, sizeof masks / sizeof masks[0])];
    e.sid = sids[draw(w, sizeof sids / sizeof sids[0])];
    e.flags = (uint8_t)draw(w, 16);
    if (type == ACE_DENY && e.mask == RIGHT_FILE_DELETE_CHILD)
        e.mask |= RIGHT_DELETE; /* else it might be the marker to the bit */
    return e;
}

static void add_odd(struct world *w, struct aclbuf *b, uint8_t type)
{
    while (chance(w, 40)) {
        struct acl_entry e = odd_entry(w, type);

        aclbuf_add(b, &e);
    }
}

static void make_odd(struct world *w, struct file *f, const struct secdesc *parent)
{
    static const uint32_t levels[] = { SID_LEVEL_LOW, SID_LEVEL_MEDIUM, SID_LEVEL_HIGH };
    uint8_t one[SD_CAP], two[SD_CAP];
    struct aclbuf dacl = aclbuf_init(one, sizeof one);
    struct aclbuf sacl = aclbuf_init(two, sizeof two);
    struct acl_entry audit = { ACE_AUDIT, ACE_AUDIT_FAILURE, RIGHT_FILE_ALL,
                               sid_everyone() };
    struct acl_entry label = { ACE_LABEL, 0, ACE_LABEL_NO_WRITE_UP,
                               sid_label(levels[draw(w, 3)]) };
    unsigned down = f->directory ? ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT : 0;
    unsigned control = SECDESC_DACL_INHERITED;

    f->odd = true;
    add_odd(w, &dacl, ACE_DENY);
    add_odd(w, &dacl, ACE_ALLOW);
    if (chance(w, 30)) {
        control |= SECDESC_DACL_PROTECTED;
        add_full(&dacl, down, chance(w, 70));
    } else {
        inherit(&parent->dacl, f->directory, &dacl);
    }
    if (chance(w, 20)) { /* out of order, as Cygwin makes them */
        add_odd(w, &dacl, ACE_ALLOW);
        add_odd(w, &dacl, ACE_DENY);
    }
    if (chance(w, 20))
        aclbuf_add(&sacl, &audit);
    inherit(&parent->sacl, f->directory, &sacl);
    if (chance(w, 20))
        aclbuf_add(&sacl, &label);
    write_sd(f, chance(w, 4) ? NULL : &dacl, &sacl, control);
}

static int add_node(struct world *w, int parent, const char16_t *name, bool directory)
{
    struct node *n = &w->node[w->node_count];
    struct file *f = &w->file[w->file_count];
    struct secdesc up = old_of(w, parent);

    *n = (struct node){ .parent = parent, .name = name, .file = w->file_count++ };
    *f = (struct file){ .directory = directory, .links = 1 };
    make_inherited(f, &up, directory);
    if (!w->plain && chance(w, 25))
        make_odd(w, f, &up);
    return w->node_count++;
}

static void add_profile(struct world *w)
{
    uint8_t one[SD_CAP], two[SD_CAP];
    struct aclbuf dacl = aclbuf_init(one, sizeof one);
    struct aclbuf sacl = aclbuf_init(two, sizeof two);

    w->node[0] = (struct node){ .parent = -1, .name = u"me" };
    w->file[0] = (struct file){ .directory = true, .links = 1 };
    w->node_count = w->file_count = 1;
    add_full(&dacl, ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT, true);
    write_sd(&w->file[0], &dacl, &sacl, SECDESC_DACL_PROTECTED);
}

/* A second name for some file, anywhere. */
static void add_link(struct world *w, int parent, const char16_t *name)
{
    int file = w->node[draw(w, (uint32_t)w->node_count)].file;

    if (w->file[file].directory)
        return;
    w->node[w->node_count++] =
        (struct node){ .parent = parent, .name = name, .file = file };
    w->file[file].links++;
}

static void make_world(struct world *w, unsigned seed, bool plain)
{
    static const char16_t *const names[] = { u"src",    u"lib",   u"a.txt",  u".git",
                                             u".GIT",   u"hooks", u"config", u"objects",
                                             u".codex", u"x",     u".ssh",   u"main.c" };
    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->random = seed * 2654435761u + 1;
    w->plain = plain;
    w->commit = chance(w, 50);
    w->lowered = chance(w, 33);
    w->hard_links = chance(w, 33);
    w->sandbox = seed % 2;
    add_profile(w);
    (void)add_node(w, 0, u"work", true);
    (void)add_node(w, 0, u"docs", true);
    w->root[0] = add_node(w, 1, u"a", true);
    w->root[1] = add_node(w, 1, u"b", true);
    w->root[2] = chance(w, 50) ? add_node(w, w->root[0], u"c", true) : -1;
    (void)add_node(w, w->root[0], u".git", chance(w, 80));
    while (w->node_count < NODES) {
        int parent = (int)draw(w, (uint32_t)w->node_count);
        const char16_t *name = names[draw(w, sizeof names / sizeof names[0])];

        if (!w->file[w->node[parent].file].directory)
            continue;
        if (chance(w, 10))
            add_link(w, parent, name);
        else
            (void)add_node(w, parent, name, chance(w, 60));
    }
}

/* --- the walk ------------------------------------------------------------------------
 */

static enum aclplan_kind kind_of(const struct world *w, int n, int r)
{
    static const struct u16s none = { 0 };
    const struct node *node = &w->node[n];
    struct protected_names names = { .git_commit = w->commit };
    enum aclplan_kind up = ACLPLAN_OUTSIDE, kind = ACLPLAN_OUTSIDE;

    if (n == w->root[r])
        return ACLPLAN_ROOT;
    if (node->parent >= 0)
        up = w->node[node->parent].kind[r];
    kind = aclplan_kind_in(
        up, protected_name_of(&names, up == ACLPLAN_GIT, u16s_of(node->name), none),
        w->file[node->file].directory, w->commit);
    for (int other = 0; other < ROOTS; other++)
        if (kind == ACLPLAN_INSIDE && n == w->root[other])
            return ACLPLAN_NESTED;
    return kind;
}

static bool is_held(enum aclplan_kind kind)
{
    return kind != ACLPLAN_OUTSIDE && kind != ACLPLAN_INSIDE && kind != ACLPLAN_BELOW;
}

static void look(struct world *w, int r)
{
    for (int n = 0; n < w->node_count; n++) {
        struct node *node = &w->node[n];

        node->holds[r] = false;
        node->kind[r] = kind_of(w, n, r);
        node->reached[r] =
            node->kind[r] == ACLPLAN_ROOT ||
            (node->parent >= 0 && node->kind[r] != ACLPLAN_OUTSIDE &&
             w->node[node->parent].reached[r] &&
             (w->node[node->parent].kind[r] == ACLPLAN_ROOT ||
              !(old_of(w, node->parent).control & SECDESC_DACL_PROTECTED)));
        if (is_held(node->kind[r]))
            w->node[node->parent].holds[r] = true;
    }
}

static struct aclplan_policy policy_for(const struct world *w, int r)
{
    return (struct aclplan_policy){ .sid = our_sid((char)('A' + r)),
                                    .group = w->sandbox ? group_sid() : NULL,
                                    .lowered = w->lowered,
                                    .hard_links = w->hard_links };
}

static struct aclplan_object object_of(const struct world *w, int n, int r)
{
    const struct node *node = &w->node[n];

    return (struct aclplan_object){ .kind = node->kind[r],
                                    .directory = w->file[node->file].directory,
                                    .holds = node->holds[r],
                                    .reached = node->reached[r],
                                    .links = w->file[node->file].links };
}

/* Whether a walk from top on leaves the group's entries there to another root's. */
static bool is_rooted(const struct world *w, int n, int top)
{
    for (; n > 0 && n != top; n = w->node[n].parent) {
        struct secdesc now = now_of(w, n);

        if (w->file[w->node[n].file].directory &&
            aclstate_is_root_of(&now.dacl, group_sid()))
            return true;
    }
    return false;
}

static enum aclplan_result apply_one(struct world *w, int n, int r)
{
    struct aclplan_policy policy = policy_for(w, r);
    struct aclplan_object object = object_of(w, n, r);
    struct file *f = &w->file[w->node[n].file];
    struct secdesc now = now_of(w, n);
    struct aclplan_edit edit;
    uint8_t out[SD_CAP];
    size_t bytes = 0;

    if (is_rooted(w, n, w->root[r]))
        policy.group = NULL;
    edit = aclplan_apply(&object, &policy, &now, &room);

    /* A walk sees the roots, and above them only what holds one. */
    if (object.kind == ACLPLAN_OUTSIDE && !object.holds)
        return ACLPLAN_SAME;
    w->node[n].rule[r] = edit.rule;
    if (edit.result == ACLPLAN_REFUSED)
        return edit.result;
    assert_true(secdesc_write(&edit.sd, out, sizeof out, &bytes));
    CHECK(w, n,
          (edit.result == ACLPLAN_SAME) ==
              (bytes == f->now_bytes && memcmp(out, f->now, bytes) == 0));
    memcpy(f->now, out, bytes);
    f->now_bytes = bytes;
    return edit.result;
}

static void apply_all(struct world *w)
{
    for (int r = 0; r < ROOTS; r++) {
        if (w->root[r] < 0)
            continue;
        look(w, r);
        for (int n = 0; n < w->node_count; n++)
            (void)apply_one(w, n, r);
    }
}

/* --- the judge -----------------------------------------------------------------------
 */

static uint32_t rights(const struct accesscheck_token *t, const struct secdesc *sd)
{
    struct accesscheck_verdict v;

    accesscheck_object(t, sd, RIGHT_MAXIMUM_ALLOWED, &rights_file, &v);
    return v.granted & RIGHT_FILE_ALL;
}

static bool may_delete(const struct accesscheck_token *t, const struct secdesc *sd,
                       const struct secdesc *parent)
{
    struct accesscheck_file_verdict v;

    accesscheck_file(t, sd, parent, RIGHT_DELETE, &v);
    return v.allowed;
}

static bool may_delete_node(const struct world *w, const struct accesscheck_token *t,
                            int n, bool old)
{
    int up = w->node[n].parent;
    struct secdesc sd = old ? old_of(w, n) : now_of(w, n), parent;

    if (up < 0)
        return may_delete(t, &sd, NULL);
    parent = old ? old_of(w, up) : now_of(w, up);
    return may_delete(t, &sd, &parent);
}

/* How a fence's roots see a file, under whichever name. */
enum part {
    CLOSED, /* protected in one of them */
    STAYS,  /* a root, or a .git of which parts are protected */
    GIVEN,
    LEFT /* outside, cut off, linked to, or labelled higher */
};

static bool is_closed(const struct world *w, int n, unsigned roots)
{
    for (int m = 0; m < w->node_count; m++)
        for (int r = 0; r < ROOTS; r++)
            if ((roots & 1u << r) && w->node[m].file == w->node[n].file &&
                (w->node[m].kind[r] == ACLPLAN_PROTECTED ||
                 w->node[m].kind[r] == ACLPLAN_BELOW))
                return true;
    return false;
}

/* What the words of the header come to for one name and one root, told once more. */
static bool gives(const struct world *w, int n, int r)
{
    const struct node *node = &w->node[n];
    const struct file *f = &w->file[node->file];
    struct secdesc old = old_of(w, n);
    struct ace label;

    if (node->kind[r] == ACLPLAN_OUTSIDE || !old.dacl.at)
        return false;
    if (w->lowered && secdesc_label(&old, &label) && label.sid.sub[0] > SID_LEVEL_LOWERED)
        return false;
    if (node->kind[r] == ACLPLAN_ROOT)
        return true;
    if (old.control & SECDESC_DACL_PROTECTED)
        return false;
    if (f->links > 1)
        return w->hard_links && !is_closed(w, n, ~0u);
    return node->reached[r];
}

static bool is_given(const struct world *w, int n, unsigned roots)
{
    for (int m = 0; m < w->node_count; m++)
        for (int r = 0; r < ROOTS; r++)
            if ((roots & 1u << r) && w->root[r] >= 0 &&
                w->node[m].file == w->node[n].file && gives(w, m, r))
                return true;
    return false;
}

static enum part part_of(const struct world *w, int n, unsigned roots)
{
    if (is_closed(w, n, roots))
        return CLOSED;
    for (int r = 0; r < ROOTS; r++)
        if ((roots & 1u << r) && w->root[r] >= 0 && is_held(w->node[n].kind[r]))
            return STAYS;
    return is_given(w, n, roots) ? GIVEN : LEFT;
}

static bool in_some_root(const struct world *w, int n)
{
    for (int m = 0; m < w->node_count; m++)
        for (int r = 0; r < ROOTS; r++)
            if (w->root[r] >= 0 && w->node[m].file == w->node[n].file &&
                w->node[m].kind[r] != ACLPLAN_OUTSIDE)
                return true;
    return false;
}

static bool holds_for(const struct world *w, int n, unsigned roots)
{
    for (int r = 0; r < ROOTS; r++)
        if ((roots & 1u << r) && w->root[r] >= 0 && w->node[n].holds[r])
            return true;
    return false;
}

static bool has_list(const struct world *w, int n)
{
    return n < 0 || old_of(w, n).dacl.at;
}

/* An entry of others that denies anything: then the two passes may differ by order. */
static bool has_foreign_deny(const struct secdesc *old)
{
    struct ace ace = { 0 };

    while (acl_next(&old->dacl, &ace))
        if (ace_is_deny(ace.type))
            return true;
    return false;
}

/* --- the properties ------------------------------------------------------------------
 */

static bool has_lowered(const struct ace *label)
{
    struct sid lowered = sid_label(SID_LEVEL_LOWERED);

    return sid_eq(&label->sid, &lowered);
}

static void check_closed(const struct world *w, int n, const struct fence *f)
{
    struct accesscheck_token t = fenced_token(w, f);
    struct secdesc sd = now_of(w, n);
    enum part part = part_of(w, n, f->roots);
    struct ace label;

    if (!has_list(w, n))
        return; /* refused and reported */
    if (part == CLOSED)
        CHECK_FENCE(w, n, f, !secdesc_label(&sd, &label) || !has_lowered(&label));
    if (part == CLOSED)
        CHECK_FENCE(w, n, f, !(rights(&t, &sd) & CHANGES & ~(f->strict ? 0 : 0x40u)));
    if (part == CLOSED && w->file[w->node[n].file].directory)
        CHECK_FENCE(w, n, f, !(rights(&t, &sd) & RIGHT_FILE_DELETE_CHILD));
    if (part == STAYS)
        CHECK_FENCE(w, n, f, !(rights(&t, &sd) & ACLPLAN_STAY));
    if (holds_for(w, n, f->roots))
        CHECK_FENCE(w, n, f,
                    !(rights(&t, &sd) & (ACLPLAN_GUARD | RIGHT_FILE_DELETE_CHILD)));
}

/* A protected file's other name may lie where its directory lets it be unlinked: what it
 * holds stays whole, so it is the protected name that must stay. */
static bool name_is_fast(const struct world *w, int n, unsigned roots)
{
    for (int r = 0; r < ROOTS; r++)
        if ((roots & 1u << r) && w->root[r] >= 0 &&
            w->node[n].kind[r] != ACLPLAN_OUTSIDE && w->node[n].kind[r] != ACLPLAN_INSIDE)
            return true;
    return false;
}

static void check_stays(const struct world *w, int n, const struct fence *f)
{
    struct accesscheck_token t = fenced_token(w, f);

    if (name_is_fast(w, n, f->roots) && has_list(w, n) && has_list(w, w->node[n].parent))
        CHECK_FENCE(w, n, f, !may_delete_node(w, &t, n, false));
}

/* Exactly what the user could write, in what the roots give; elsewhere nothing new. */
static void check_writes(const struct world *w, int n, const struct fence *f)
{
    struct accesscheck_token t = fenced_token(w, f), user = user_token();
    struct secdesc old = old_of(w, n), now = now_of(w, n);
    enum part part = part_of(w, n, f->roots);
    uint32_t before = rights(&user, &old), got = rights(&t, &now);
    bool deletes = may_delete_node(w, &t, n, false);

    if (!has_list(w, n))
        return;
    CHECK_FENCE(w, n, f, !(got & CHANGES & ~before));
    if (part == CLOSED)
        return;
    if (!is_given(w, n, f->roots)) {
        /* Any root's label lets every lowered token at what the lists leave open. */
        if (in_some_root(w, n))
            t.level = SID_LEVEL_MEDIUM;
        CHECK_FENCE(w, n, f, !(got & CHANGES & ~rights(&t, &old)));
        CHECK_FENCE(w, n, f, !deletes || may_delete_node(w, &t, n, true));
        return;
    }
    if (has_foreign_deny(&old))
        return;
    CHECK_FENCE(w, n, f, (got & DATA_BITS) == (before & DATA_BITS));
    if (part == GIVEN)
        CHECK_FENCE(w, n, f, (got & RIGHT_DELETE) == (before & RIGHT_DELETE));
}

/* In an ordinary profile: what is open outside the roots is these deletes and no more. */
static void check_outside(const struct world *w, int n, const struct fence *f, int *open)
{
    struct accesscheck_token t = fenced_token(w, f), user = user_token();
    struct secdesc now = now_of(w, n), up;
    int parent = w->node[n].parent;
    bool open_here = false;
    struct ace label;

    if (part_of(w, n, f->roots) != LEFT || is_given(w, n, f->roots))
        return;
    CHECK_FENCE(w, n, f, !(rights(&t, &now) & CHANGES & ~RIGHT_FILE_DELETE_CHILD));
    if (parent < 0)
        return;
    up = now_of(w, parent);
    open_here = (rights(&user, &up) & RIGHT_FILE_DELETE_CHILD) &&
                !(w->lowered && !secdesc_label(&up, &label));
    CHECK_FENCE(w, n, f, may_delete_node(w, &t, n, false) == (open_here && !f->strict));
    *open += may_delete_node(w, &t, n, false);
}

/* The user loses FILE_DELETE_CHILD where the marker is, and nothing else.  Returns
 * whether that costs him a delete: of something that does not give him DELETE itself. */
static bool check_user(const struct world *w, int n)
{
    struct accesscheck_token user = user_token();
    struct secdesc old = old_of(w, n), now = now_of(w, n), up;
    struct ace ace = { 0 };
    bool marked = false;
    uint32_t lost = rights(&user, &old) ^ rights(&user, &now);

    while (acl_next(&now.dacl, &ace))
        marked = marked || ace_is_marker(&ace);
    CHECK(w, n, !(lost & ~(marked ? RIGHT_FILE_DELETE_CHILD : 0)));
    if (may_delete_node(w, &user, n, true) == may_delete_node(w, &user, n, false))
        return false;
    CHECK(w, n, !(rights(&user, &old) & RIGHT_DELETE));
    up = now_of(w, w->node[n].parent);
    CHECK(w, n, !(rights(&user, &up) & RIGHT_FILE_DELETE_CHILD));
    return true;
}

/* In an ordinary profile a sandbox account writes in its roots what is not protected, and
 * outside nothing, nor deletes. */
static void check_account(const struct world *w, int n, const struct fence *f)
{
    struct accesscheck_token t = fenced_token(w, f);
    struct secdesc now = now_of(w, n);
    enum part part = part_of(w, n, f->roots);
    uint32_t got = rights(&t, &now);

    if (part == CLOSED) {
        CHECK_FENCE(w, n, f, !(got & CHANGES));
        return;
    }
    CHECK_FENCE(w, n, f, !(got & (ACLPLAN_GUARD | RIGHT_FILE_DELETE_CHILD)));
    if (is_given(w, n, f->roots)) {
        CHECK_FENCE(w, n, f, (got & DATA_BITS) == DATA_BITS);
        CHECK_FENCE(w, n, f, (got & ACLPLAN_READ) == ACLPLAN_READ);
        CHECK_FENCE(w, n, f, ((got & RIGHT_DELETE) != 0) == (part == GIVEN));
    } else {
        CHECK_FENCE(w, n, f, !(got & CHANGES));
        CHECK_FENCE(w, n, f, !may_delete_node(w, &t, n, false));
    }
}

static void for_every_tree(void (*check)(struct world *w, void *arg), void *arg)
{
    for (unsigned seed = 1; seed <= TREES; seed++) {
        make_world(&world, seed, seed % 3 == 0);
        apply_all(&world);
        apply_all(&world); /* hard links: what one root protects, others learn late */
        check(&world, arg);
    }
}

static void every_node(struct world *w, void *arg)
{
    void (*check)(const struct world *, int, const struct fence *) = NULL;

    memcpy(&check, arg, sizeof check);
    for (size_t f = 0; f < FENCES; f++)
        for (int n = 0; n < w->node_count; n++)
            check(w, n, &fences[f]);
}

static void aclplan__any_tree__protected_things_cannot_be_changed(void **state)
{
    void (*check)(const struct world *, int, const struct fence *) = check_closed;

    (void)state;
    for_every_tree(every_node, &check);
}

static void aclplan__any_tree__roots_and_protected_names_stay(void **state)
{
    void (*check)(const struct world *, int, const struct fence *) = check_stays;

    (void)state;
    for_every_tree(every_node, &check);
}

static void aclplan__any_tree__writes_are_the_rest_of_its_own_roots(void **state)
{
    void (*check)(const struct world *, int, const struct fence *) = check_writes;

    (void)state;
    for_every_tree(every_node, &check);
}

static void accounts_of(struct world *w, void *arg)
{
    (void)arg;
    for (size_t f = 0; w->sandbox && f < ACCOUNTS; f++)
        for (int n = 0; n < w->node_count; n++) {
            check_closed(w, n, &accounts[f]);
            check_stays(w, n, &accounts[f]);
            if (w->plain)
                check_account(w, n, &accounts[f]);
        }
}

static void aclplan__sandbox_account__writes_just_the_rest_of_its_roots(void **state)
{
    (void)state;
    for_every_tree(accounts_of, NULL);
}

struct tally {
    int open[FENCES];
    int lost;
    int changed;
};

static void outside(struct world *w, void *arg)
{
    struct tally *t = arg;

    for (size_t f = 0; w->plain && f < FENCES; f++)
        for (int n = 0; n < w->node_count; n++)
            check_outside(w, n, &fences[f], &t->open[f]);
}

static void aclplan__usual_profile__only_the_known_deletes_are_open(void **state)
{
    struct tally t = { 0 };

    (void)state;
    for_every_tree(outside, &t);
    for (size_t f = 0; f < FENCES; f++)
        print_message("%s: %d deletes open outside\n", fences[f].name, t.open[f]);
}

static void user_loses(struct world *w, void *arg)
{
    struct tally *t = arg;

    for (int n = 0; n < w->node_count; n++) {
        bool lost = check_user(w, n);

        CHECK(w, n, !lost || !w->plain);
        t->lost += lost;
        t->changed++;
    }
}

static void aclplan__any_tree__the_user_keeps_his_deletes(void **state)
{
    struct tally t = { 0 };

    (void)state;
    for_every_tree(user_loses, &t);
    print_message("of %d names, %d that only the directory let him delete\n", t.changed,
                  t.lost);
}

static void again(struct world *w, void *arg)
{
    (void)arg;
    for (int r = 0; r < ROOTS; r++)
        for (int n = 0; w->root[r] >= 0 && n < w->node_count; n++)
            CHECK(w, n, apply_one(w, n, r) != ACLPLAN_CHANGED);
}

static void aclplan__any_tree__twice_is_once(void **state)
{
    (void)state;
    for_every_tree(again, NULL);
}

static void undo_both(struct world *w, int n, const struct sid *sid,
                      const struct sid *group)
{
    struct file *f = &w->file[w->node[n].file];
    struct secdesc now = now_of(w, n);
    struct aclplan_edit edit = aclplan_undo(sid, group, &now, &room);

    CHECK(w, n, edit.result != ACLPLAN_REFUSED);
    assert_true(secdesc_write(&edit.sd, f->now, sizeof f->now, &f->now_bytes));
}

static void undo_one(struct world *w, int n, const struct sid *sid)
{
    undo_both(w, n, sid, NULL);
}

static void check_undone(struct world *w)
{
    for (int i = 0; i < w->file_count; i++)
        CHECK(w, i,
              w->file[i].now_bytes == w->file[i].old_bytes &&
                  memcmp(w->file[i].now, w->file[i].old, w->file[i].old_bytes) == 0);
}

static void undo_all(struct world *w, void *arg)
{
    static struct world copy;

    (void)arg;
    copy = *w;
    for (int n = 0; n < w->node_count; n++)
        undo_both(w, n, NULL, group_sid());
    check_undone(w);
    *w = copy;
    for (int i = 0; i < ROOTS + 1; i++) { /* one after the other, in any order */
        int which = (int)(w->seed / 2 + (unsigned)i) % (ROOTS + 1);
        struct sid sid = which < ROOTS ? our_sid((char)('A' + which)) : *group_sid();

        for (int n = 0; n < w->node_count; n++)
            undo_one(w, n, &sid);
    }
    check_undone(w);
}

static void aclplan_undo__any_tree__every_byte_is_back(void **state)
{
    (void)state;
    for_every_tree(undo_all, NULL);
}

/* What another root's undo leaves is still whole. */
static void undo_b_then_judge(struct world *w, void *arg)
{
    struct sid sid = our_sid('B');

    (void)arg;
    for (int n = 0; n < w->node_count; n++)
        undo_one(w, n, &sid);
    for (int n = 0; n < w->node_count; n++) {
        check_closed(w, n, &fences[0]);
        check_stays(w, n, &fences[0]);
        check_stays(w, n, &fences[5]);
        check_writes(w, n, &fences[0]);
    }
}

static void aclplan_undo__of_one_root__leaves_the_others_theirs(void **state)
{
    (void)state;
    for_every_tree(undo_b_then_judge, NULL);
}

/* New files and directories, made by whomever, in every directory, unseen by a walk. */
static void check_new(struct world *w, int up, bool directory)
{
    int n = w->node_count, open = 0;
    struct secdesc parent = now_of(w, up);

    w->node[n] = (struct node){ .parent = up, .name = u"new", .file = w->file_count };
    w->file[w->file_count] = (struct file){ 0 };
    make_inherited(&w->file[w->file_count++], &parent, directory);
    w->node_count++;
    for (int r = 0; r < ROOTS; r++) {
        w->node[n].kind[r] = w->root[r] < 0 ? ACLPLAN_OUTSIDE : kind_of(w, n, r);
        w->node[n].reached[r] =
            w->node[up].reached[r] &&
            (up == w->root[r] || !(parent.control & SECDESC_DACL_PROTECTED));
    }
    for (size_t f = 0; f < FENCES; f++) {
        check_closed(w, n, &fences[f]);
        check_stays(w, n, &fences[f]);
        if (w->plain && is_given(w, n, fences[f].roots))
            check_writes(w, n, &fences[f]);
        else if (w->plain)
            check_outside(w, n, &fences[f], &open);
    }
    for (int r = 0; r < ROOTS; r++)
        if (w->plain && w->root[r] >= 0)
            CHECK(w, n, apply_one(w, n, r) == ACLPLAN_SAME);
    w->node_count--;
    w->file_count--;
}

static void new_ones(struct world *w, void *arg)
{
    (void)arg;
    for (int n = 0; n < w->node_count; n++) {
        if (!w->file[w->node[n].file].directory || !has_list(w, n))
            continue;
        check_new(w, n, false);
        check_new(w, n, true);
    }
}

static void aclplan__new_children__are_fenced_without_a_walk(void **state)
{
    (void)state;
    for_every_tree(new_ones, NULL);
}

/* --- the read SID --------------------------------------------------------------------
 */

static enum aclplan_kind read_kind(const struct world *w, int n)
{
    int up = w->node[n].parent;

    if (up < 0)
        return ACLPLAN_ROOT;
    for (int m = up; m > 0; m = w->node[m].parent)
        if (u16s_eq(u16s_of(w->node[m].name), U16S(".ssh")))
            return ACLPLAN_BELOW;
    return u16s_eq(u16s_of(w->node[n].name), U16S(".ssh")) ? ACLPLAN_PROTECTED
                                                           : ACLPLAN_INSIDE;
}

static bool read_reaches(const struct world *w, int n)
{
    for (; n > 0; n = w->node[n].parent)
        if (old_of(w, n).control & SECDESC_DACL_PROTECTED)
            return false;
    return true;
}

static void apply_read(struct world *w, int n)
{
    struct aclplan_policy policy = { .sid = our_sid('R'),
                                     .group = w->sandbox && !is_rooted(w, n, 0)
                                                  ? group_sid()
                                                  : NULL,
                                     .read = true };
    struct file *f = &w->file[w->node[n].file];
    struct aclplan_object object = { .kind = read_kind(w, n),
                                     .directory = f->directory,
                                     .reached =
                                         n == 0 || read_reaches(w, w->node[n].parent),
                                     .links = f->links };
    struct secdesc now = now_of(w, n);
    struct aclplan_edit edit = aclplan_apply(&object, &policy, &now, &room);

    assert_true(secdesc_write(&edit.sd, f->now, sizeof f->now, &f->now_bytes));
}

static bool is_store(const struct world *w, int n)
{
    for (int m = 0; m < w->node_count; m++)
        if (w->node[m].file == w->node[n].file &&
            (read_kind(w, m) == ACLPLAN_PROTECTED || read_kind(w, m) == ACLPLAN_BELOW))
            return true;
    return false;
}

/* What OpenSSH asks of a private key (Win32-OpenSSH, w32-sshfileperm.c): no allow for
 * anybody that it does not know, whatever the mask and whatever is denied before. */
static bool is_allowed_to(const struct secdesc *sd, const struct sid *sid)
{
    struct ace ace = { 0 };

    while (acl_next(&sd->dacl, &ace))
        if (ace_is_allow(ace.type) && sid_eq(&ace.sid, sid))
            return true;
    return false;
}

/* A strict child of a root that has none of these: reads what is granted, no store, and
 * writes no more than before. */
static void check_read(const struct world *w, int n)
{
    static const struct fence strict = { "strict, reading", 0, true, false };
    struct accesscheck_token t = fenced_token(w, &strict), user = user_token();
    struct secdesc old = old_of(w, n), now = now_of(w, n);
    const struct sid reader = our_sid('R');
    uint32_t before = 0, got = 0;

    if (!has_list(w, n))
        return;
    CHECK(w, n, !is_store(w, n) || !is_allowed_to(&now, &reader));
    t.level = SID_LEVEL_MEDIUM; /* the lists alone */
    before = rights(&user, &old);
    got = rights(&t, &now);
    CHECK(w, n, !(got & CHANGES & ~rights(&t, &old)));
    if (is_store(w, n))
        CHECK(w, n, !(got & (RIGHT_FILE_READ_DATA | CHANGES)));
    else if (read_reaches(w, n) && !has_foreign_deny(&old))
        CHECK(w, n, (got & ACLPLAN_READ) == (before & ACLPLAN_READ));
}

/* In an ordinary profile a sandbox account reads what is granted, and no store; what a
 * root gives it is not taken back. */
static void check_account_reads(const struct world *w, int n)
{
    struct accesscheck_token t = fenced_token(w, &accounts[0]);
    struct secdesc now = now_of(w, n);
    uint32_t got = rights(&t, &now);

    if (!is_store(w, n) || w->file[w->node[n].file].links < 2)
        check_account(w, n, &accounts[0]);
    if (!is_store(w, n))
        CHECK(w, n, (got & ACLPLAN_READ) == ACLPLAN_READ);
    else if (!in_some_root(w, n))
        CHECK(w, n, !(got & RIGHT_FILE_READ_DATA) && !is_allowed_to(&now, group_sid()));
}

/* The engine walks no root whose own directory has no list. */
static bool has_walkable_roots(const struct world *w)
{
    for (int r = 0; r < ROOTS; r++)
        if (w->root[r] >= 0 && !has_list(w, w->root[r]))
            return false;
    return true;
}

static void read_over_all(struct world *w, void *arg)
{
    static struct world copy;
    struct sid sid = our_sid('R');

    if (!has_walkable_roots(w))
        return;

    (void)arg;
    copy = *w;
    for (int twice = 0; twice < 2; twice++)
        for (int n = 0; n < w->node_count; n++)
            apply_read(w, n);
    for (int n = 0; n < w->node_count; n++) {
        check_read(w, n);
        if (w->sandbox && w->plain)
            check_account_reads(w, n);
        for (size_t f = 0; f < FENCES; f++) {
            check_closed(w, n, &fences[f]);
            check_stays(w, n, &fences[f]);
        }
    }
    for (int n = 0; n < w->node_count; n++)
        undo_both(w, n, &sid, w->sandbox && !is_rooted(w, n, 0) ? group_sid() : NULL);
    for (int i = 0; i < w->file_count; i++) {
        /* The root's next walk gives it back. */
        if (w->sandbox && w->file[i].links > 1)
            continue;
        assert_int_equal(w->file[i].now_bytes, copy.file[i].now_bytes);
        assert_memory_equal(w->file[i].now, copy.file[i].now, copy.file[i].now_bytes);
    }
}

/* Ringfence's data directory and a box in it, as they are and as they come to be. */
enum { LOCAL, DATA, POLICY, BOX, HASH, RECORD, TEMP, CACHED, OURS };

static void plan(struct file *f, enum aclplan_kind kind, char sid)
{
    const struct aclplan_policy policy = { .sid = our_sid(sid), .read = sid == 'R' };
    const struct aclplan_object object = {
        .kind = kind, .directory = f->directory, .reached = true, .links = 1
    };
    struct secdesc now = view(f->now, f->now_bytes);
    struct aclplan_edit edit = aclplan_apply(&object, &policy, &now, &room);

    assert_true(secdesc_write(&edit.sd, f->now, sizeof f->now, &f->now_bytes));
}

static void take_out(struct file *f, char sid)
{
    struct secdesc now = view(f->now, f->now_bytes);
    const struct sid of = our_sid(sid);
    struct aclplan_edit edit = aclplan_undo(&of, NULL, &now, &room);

    assert_true(secdesc_write(&edit.sd, f->now, sizeof f->now, &f->now_bytes));
}

static void made_in(struct file *f, const struct file *directory, bool is_directory)
{
    struct secdesc parent = view(directory->now, directory->now_bytes);

    *f = (struct file){ 0 };
    make_inherited(f, &parent, is_directory);
}

/* The box of root A: its granting, which takes the read SID's entries out first. */
static void grant_box(struct file *temp, struct file *cached)
{
    take_out(temp, 'R');
    take_out(cached, 'R');
    plan(temp, ACLPLAN_ROOT, 'A');
    plan(cached, ACLPLAN_INSIDE, 'A');
}

static void check_own(const struct file *f, bool a_reads, bool b_reads, bool a_writes,
                      const char *what)
{
    static const struct fence of_a = { "strict, A", 1, true, false },
                              of_b = { "strict, B", 2, true, false };
    struct accesscheck_token user = user_token();
    struct secdesc sd = view(f->now, f->now_bytes);
    struct world w = { .seed = 0 };
    struct accesscheck_token t = fenced_token(&w, &of_a);
    uint32_t a = rights(&t, &sd), b = 0;

    t = fenced_token(&w, &of_b);
    b = rights(&t, &sd);
    if (!!(a & RIGHT_FILE_READ_DATA) != a_reads ||
        !!(b & RIGHT_FILE_READ_DATA) != b_reads ||
        !!(a & RIGHT_FILE_WRITE_DATA) != a_writes || b & CHANGES)
        fail_msg("%s: A 0x%x, B 0x%x", what, (unsigned)a, (unsigned)b);
    assert_int_equal(rights(&user, &sd), RIGHT_FILE_ALL);
}

static void aclplan__own_state__strict_opens_no_file_but_in_its_box(void **state)
{
    static const enum aclplan_kind kinds[OURS] = { ACLPLAN_INSIDE,   ACLPLAN_STATE,
                                                   ACLPLAN_BELOW,    ACLPLAN_IN_STATE,
                                                   ACLPLAN_IN_STATE, ACLPLAN_BELOW,
                                                   ACLPLAN_OUTSIDE,  ACLPLAN_OUTSIDE };
    static const int parent[OURS] = { -1, LOCAL, DATA, DATA, BOX, HASH, HASH, TEMP };
    static struct file f[OURS], made[6];

    (void)state;
    for (int granted_first = 0; granted_first < 2; granted_first++) {
        uint8_t one[SD_CAP], none[SD_CAP];
        struct aclbuf dacl = aclbuf_init(one, sizeof one);
        struct aclbuf sacl = aclbuf_init(none, sizeof none);

        add_full(&dacl, ACE_INHERITED | ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT, true);
        f[LOCAL] = (struct file){ .directory = true, .links = 1 };
        write_sd(&f[LOCAL], &dacl, &sacl, SECDESC_DACL_INHERITED);
        for (int i = DATA; i < OURS; i++)
            made_in(&f[i], &f[parent[i]], i != POLICY && i != RECORD && i != CACHED);
        for (int step = 0; step < 2; step++) {
            if (step == granted_first)
                for (int i = 0; i < OURS; i++)
                    plan(&f[i], kinds[i], 'R');
            else
                grant_box(&f[TEMP], &f[CACHED]);
        }
        check_own(&f[DATA], true, true, false, "the directory");
        check_own(&f[HASH], true, true, false, "the box");
        check_own(&f[POLICY], false, false, false, "the policy");
        check_own(&f[RECORD], false, false, false, "the record");
        check_own(&f[TEMP], true, false, true, "temp");
        check_own(&f[CACHED], true, false, true, "a file there");
        made_in(&made[0], &f[HASH], false);
        check_own(&made[0], false, false, false, "the next record");
        made_in(&made[0], &f[TEMP], false);
        check_own(&made[0], true, false, true, "a new file in temp");
        /* The next workspace's box, with a file from before it was granted. */
        made_in(&made[0], &f[BOX], true);
        made_in(&made[1], &made[0], true);
        made_in(&made[2], &made[1], false);
        made_in(&made[3], &made[0], false);
        grant_box(&made[1], &made[2]);
        made_in(&made[4], &made[1], false);
        check_own(&made[0], true, true, false, "the next box");
        check_own(&made[1], true, false, true, "its temp");
        check_own(&made[2], true, false, true, "an old file there");
        check_own(&made[3], false, false, false, "its record");
        check_own(&made[4], true, false, true, "a new file there");
    }
}

static void aclplan__read_sid__reads_all_but_the_stores(void **state)
{
    (void)state;
    for_every_tree(read_over_all, NULL);
}

/* What a token has got by the way's being open is to look at the directory. */
static void check_gain(const struct world *w, int n, const struct fence *f,
                       const struct secdesc *before)
{
    struct accesscheck_token t = fenced_token(w, f), user = user_token();
    struct secdesc now = now_of(w, n);
    uint32_t had = 0, has = 0, most = ACLPLAN_WAY;

    t.level = SID_LEVEL_MEDIUM; /* the lists alone */
    had = rights(&t, before);
    has = rights(&t, &now);
    if (!f->account) /* the read SID gives nobody what he has not got */
        most &= rights(&user, before);
    CHECK_FENCE(w, n, f, (has & ~had & ~most) == 0 && (had & ~has) == 0);
    if (!has_foreign_deny(before))
        CHECK_FENCE(w, n, f, (has & most) == most);
}

static void edit_way(struct world *w, int n, const struct sid *sid, bool open)
{
    struct file *f = &w->file[w->node[n].file];
    struct secdesc now = now_of(w, n);
    struct aclplan_edit edit = aclplan_way(sid, open, &now, &room);

    CHECK(w, n, edit.result != ACLPLAN_REFUSED);
    assert_true(secdesc_write(&edit.sd, f->now, sizeof f->now, &f->now_bytes));
}

/* Each directory above the first root, for the group and the read SID. */
static void open_ways(struct world *w, void *arg)
{
    static const struct fence strict = { "strict, A", 1, true, false };
    static struct world copy;
    const struct sid sids[] = { *group_sid(), our_sid('R') };

    (void)arg;
    copy = *w;
    for (int n = w->node[w->root[0]].parent; n >= 0; n = w->node[n].parent) {
        struct secdesc before = now_of(&copy, n), now;
        struct accesscheck_token user = user_token();

        for (int i = 0; i < 2; i++)
            edit_way(w, n, &sids[i], true);
        now = now_of(w, n);
        CHECK(w, n, rights(&user, &now) == rights(&user, &before));
        check_gain(w, n, &accounts[0], &before);
        check_gain(w, n, &strict, &before);
        check_new(w, n, true); /* nothing of it is handed down */
        for (int i = 0; i < 2; i++)
            edit_way(w, n, &sids[i], false);
    }
    for (int i = 0; i < w->file_count; i++) {
        assert_int_equal(w->file[i].now_bytes, copy.file[i].now_bytes);
        assert_memory_equal(w->file[i].now, copy.file[i].now, copy.file[i].now_bytes);
    }
}

static void aclplan_way__above_a_root__lets_look_at_it_and_nothing_else(void **state)
{
    (void)state;
    for_every_tree(open_ways, NULL);
}

/* A limit, shown so that nobody is surprised: a nested repository's own directory can be
 * renamed with all that is in it, as long as something above it is not protected. */
static void aclplan__directory_of_a_nested_repository__can_be_renamed(void **state)
{
    struct world *w = &world;
    struct accesscheck_token t;
    struct accesscheck_file_verdict v;
    struct secdesc repo, root;
    int n = 0;

    (void)state;
    make_world(w, 3, true);
    w->lowered = false;
    n = add_node(w, w->root[0], u"vendored", true);
    (void)add_node(w, n, u".git", true);
    apply_all(w);
    t = fenced_token(w, &fences[0]);
    repo = now_of(w, n);
    root = now_of(w, w->root[0]);
    accesscheck_rename(&t, &repo, &root, &root, true, &v);
    assert_true(v.allowed);
    assert_false(may_delete_node(w, &t, n + 1, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aclplan__any_tree__protected_things_cannot_be_changed),
        cmocka_unit_test(aclplan__any_tree__roots_and_protected_names_stay),
        cmocka_unit_test(aclplan__any_tree__writes_are_the_rest_of_its_own_roots),
        cmocka_unit_test(aclplan__sandbox_account__writes_just_the_rest_of_its_roots),
        cmocka_unit_test(aclplan__usual_profile__only_the_known_deletes_are_open),
        cmocka_unit_test(aclplan__any_tree__the_user_keeps_his_deletes),
        cmocka_unit_test(aclplan__any_tree__twice_is_once),
        cmocka_unit_test(aclplan_undo__any_tree__every_byte_is_back),
        cmocka_unit_test(aclplan_undo__of_one_root__leaves_the_others_theirs),
        cmocka_unit_test(aclplan__new_children__are_fenced_without_a_walk),
        cmocka_unit_test(aclplan__own_state__strict_opens_no_file_but_in_its_box),
        cmocka_unit_test(aclplan__read_sid__reads_all_but_the_stores),
        cmocka_unit_test(aclplan_way__above_a_root__lets_look_at_it_and_nothing_else),
        cmocka_unit_test(aclplan__directory_of_a_nested_repository__can_be_renamed),
    };
    return cmocka_run_group_tests_name("aclplan_tree", tests, NULL, NULL);
}
