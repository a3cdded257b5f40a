/* SPDX-License-Identifier: MIT
 *
 * What a fence costs at each launch of a shim, in a small and in a large tree, in turn:
 *   fence.exe STAGE
 * STAGE has the directories small and large (see bench.sh), of which the fence is told
 * that they are ready.  All calls are made; but the token is one of fake_token's, and a
 * root's list is shown as a finished walk leaves it, because Wine keeps neither.
 */
#include "confine.h"

#include "../win/fake_token.h"
#include "core/aclplan.h"
#include "measure.h"
#include "win/file.h"
#include "win/machine.h"

#include <string.h>
#include <wchar.h>

#define ROUNDS   1000u
#define WARM_UP  20u
#define MOST     1.10 /* of the small tree's time */
#define LIST_CAP 512u

struct tree;

static void floor_of(struct tree *tree);
static void gather(struct tree *tree);
static void launch(struct tree *tree);

enum way { WAY_FLOOR, WAY_GATHER, WAY_LAUNCH, WAY_COUNT };

static const struct {
    const char *label;
    void (*run)(struct tree *tree);
} ways[WAY_COUNT] = {
    [WAY_FLOOR] = { "floor: open the root, read its list", floor_of },
    [WAY_GATHER] = { "ready? record, handle, descriptor", gather },
    [WAY_LAUNCH] = { "all: that, and what appeared in it", launch },
};

struct tree {
    const char *label;
    const char16_t *name; /* below STAGE */
    struct context context;
    char16_t data[MAX_PATH], root[MAX_PATH], temp[MAX_PATH], cache[MAX_PATH];
    uint8_t list[LIST_CAP]; /* the descriptor that the root shows */
    size_t list_bytes;
    double ms[WAY_COUNT][ROUNDS];
};

int wmain(int argc, wchar_t **argv);

static struct tree trees[] = { { .label = "1,000 files", .name = u"small" },
                               { .label = "100,000 files", .name = u"large" } };
enum { TREES = sizeof trees / sizeof trees[0] };

static const char16_t *stage;
static const struct tree *shown; /* whose list is shown; NULL: the system's own */
static unsigned opens, reads;    /* CreateFileW at or below its root, descriptors */

/* --- what is linked in place of the import table's pointers ---------------------------
 */

typedef NTSTATUS(NTAPI query_security)(HANDLE, SECURITY_INFORMATION, void *, ULONG,
                                       ULONG *);
typedef HANDLE(WINAPI create_file)(const WCHAR *, DWORD, DWORD, SECURITY_ATTRIBUTES *,
                                   DWORD, DWORD, HANDLE);
extern query_security *__real___imp_NtQuerySecurityObject,
    *__wrap___imp_NtQuerySecurityObject;
extern create_file *__real___imp_CreateFileW, *__wrap___imp_CreateFileW;

static NTSTATUS NTAPI query(HANDLE object, SECURITY_INFORMATION what, void *data,
                            ULONG bytes, ULONG *needed)
{
    NTSTATUS status =
        __real___imp_NtQuerySecurityObject(object, what, data, bytes, needed);

    if (!shown || !NT_SUCCESS(status))
        return status;
    reads++;
    memcpy(data, shown->list, shown->list_bytes);
    return status;
}
query_security *__wrap___imp_NtQuerySecurityObject = query;

static HANDLE WINAPI create(const WCHAR *name, DWORD access, DWORD share,
                            SECURITY_ATTRIBUTES *security, DWORD how, DWORD flags,
                            HANDLE template)
{
    size_t len = shown ? wcslen(shown->root) : 0;

    if (shown && !wcsncmp(name, shown->root, len) && (!name[len] || name[len] == u'\\'))
        opens++;
    return __real___imp_CreateFileW(name, access, share, security, how, flags, template);
}
create_file *__wrap___imp_CreateFileW = create;

/* --- the ways -------------------------------------------------------------------------
 */

static void floor_of(struct tree *tree)
{
    static uint8_t descriptor[SECDESC_BYTES_MAX];
    auto_handle HANDLE root = NULL;
    ULONG needed = 0;
    struct err err;

    if (!file_open(tree->root, FILE_READ_ATTRIBUTES | READ_CONTROL, &root, &err) ||
        !NT_SUCCESS(NtQuerySecurityObject(root, DACL_SECURITY_INFORMATION, descriptor,
                                          sizeof descriptor, &needed)))
        measure_die("cannot read the list", tree->root);
}

static void gather(struct tree *tree)
{
    static const struct context_wish wish = { .look_only = true };

    opens = reads = 0;
    shown = tree;
    confine_gather(&tree->context, &wish);
    shown = NULL;
    if (tree->context.evidence.confined != LEVEL_CANARY_HELD)
        measure_die("is not taken for ready", tree->root);
}

static void launch(struct tree *tree)
{
    gather(tree);
    confine_look_before(&tree->context);
    confine_look_after(&tree->context);
}

/* Every way in every tree once a round; each round begins with another, and every second
 * one goes backwards. */
static void run_rounds(void)
{
    enum { ALL = WAY_COUNT * TREES };

    for (unsigned r = 0; r < WARM_UP + ROUNDS; r++) {
        for (unsigned i = 0; i < ALL; i++) {
            unsigned at = (r + (r % 2 ? ALL - i : i)) % ALL;
            struct tree *tree = &trees[at % TREES];
            double start = measure_now();

            ways[at / TREES].run(tree);
            if (r >= WARM_UP)
                tree->ms[at / TREES][r - WARM_UP] = measure_now() - start;
        }
    }
}

/* --- laying out -----------------------------------------------------------------------
 */

static struct u16buf below(char16_t *out, const char16_t *name, const char16_t *leaf)
{
    struct u16buf b = u16buf_init(out, MAX_PATH);

    u16buf_addz(&b, stage);
    u16buf_addc(&b, u'\\');
    u16buf_addz(&b, name);
    u16buf_addz(&b, leaf);
    if (b.cut)
        measure_die("too long", stage);
    return b;
}

/* The record that `ringfence prepare` leaves. */
static void write_record(struct tree *tree)
{
    const struct context *c = &tree->context;
    uint8_t machine[RECORD_KEY_BYTES], plan[RECORD_KEY_BYTES];
    char16_t path[MAX_PATH];
    struct u16buf b = U16BUF(path);
    struct record record;
    struct err err;
    HANDLE file = NULL;
    DWORD done = 0;

    if (!machine_key(machine))
        measure_die("RtlGetVersion", u"");
    record_plan(&c->policy, plan);
    record_init(&record, machine, plan, c->root_list[0].digest, 0);
    record.state = RECORD_READY;
    record.places = RECORD_TERMINAL | RECORD_SERVICES;
    record.fence = FENCE_STANDARD;
    record_seal(&record);
    confine_record_path(c, c->root_list[0].digest, &b);
    *wcsrchr(path, u'\\') = 0;
    if (!file_make_dirs(path, &err))
        measure_die(err.call, path);
    path[wcslen(path)] = u'\\';
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE ||
        !WriteFile(file, &record, sizeof record, &done, NULL))
        measure_die("cannot write", path);
    CloseHandle(file);
}

/* What a finished walk leaves in the root's list (core/aclplan.h). */
static void make_list(struct tree *tree)
{
    const struct sid sid = sid_ours(tree->context.root_list[0].digest);
    const struct acl_entry entries[] = {
        { ACE_DENY, 0, ACLPLAN_STAY, sid },
        { ACE_ALLOW, ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT, ACLPLAN_WRITE, sid },
        { ACE_ALLOW, ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT | ACE_INHERIT_ONLY,
          RIGHT_DELETE, sid },
    };
    uint8_t bytes[LIST_CAP];
    struct aclbuf b = aclbuf_init(bytes, sizeof bytes);
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };

    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        aclbuf_add(&b, &entries[i]);
    sd.dacl = aclbuf_acl(&b);
    if (!secdesc_write(&sd, tree->list, sizeof tree->list, &tree->list_bytes))
        measure_die("the list does not fit", tree->root);
}

static void set_up(struct tree *tree)
{
    struct context *c = &tree->context;
    struct err err;

    c->root = below(tree->root, tree->name, u"");
    c->data = below(tree->data, tree->name, u"-data");
    c->temp = below(tree->temp, tree->name, u"-data\\temp");
    c->cache = below(tree->cache, tree->name, u"-data\\cache");
    if (!file_make_dirs(tree->temp, &err) || !file_make_dirs(tree->cache, &err))
        measure_die(err.call, tree->data);
    policy_init(&c->policy);
    c->root_list[0].path = u16buf_text(&c->root);
    c->root_count = 1;
    if (!context_hash_path(tree->root, c->root_list[0].digest, &err))
        measure_die(err.call, tree->root);
    write_record(tree);
    make_list(tree);
}

/* --- what came of it ------------------------------------------------------------------
 */

int wmain(int argc, wchar_t **argv)
{
    double ratio[WAY_COUNT], median[WAY_COUNT][TREES];

    if (argc != 2)
        measure_die("usage: fence.exe STAGE", u"");
    stage = argv[1];
    fake_token.kept = LEVEL_TOKEN_RESTRICTED;
    for (unsigned i = 0; i < TREES; i++)
        set_up(&trees[i]);
    run_rounds();
    gather(&trees[TREES - 1]); /* for its counts */

    printf("%-36s %13s %13s %8s %8s\n", "the fence at a launch, us (median)",
           trees[0].label, trees[1].label, "ratio", "x floor");
    for (unsigned w = 0; w < WAY_COUNT; w++) {
        for (unsigned i = 0; i < TREES; i++)
            median[w][i] = measure_median(trees[i].ms[w], ROUNDS);
        ratio[w] = median[w][1] / median[w][0];
        printf("%-36s %13.1f %13.1f %8.2f %8.2f\n", ways[w].label, median[w][0] * 1000,
               median[w][1] * 1000, ratio[w], median[w][1] / median[WAY_FLOOR][1]);
    }
    printf("\n%-12s one handle and one descriptor read for a root: %u and %u\n",
           measure_bar(opens == 1 && reads == 1), opens, reads);
    printf("%-12s time independent of the tree, ratio <= %.2f: %.2f (all: %.2f)\n",
           measure_bar(ratio[WAY_GATHER] <= MOST && ratio[WAY_LAUNCH] <= MOST), MOST,
           ratio[WAY_GATHER], ratio[WAY_LAUNCH]);
    return 0;
}
