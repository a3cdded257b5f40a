/* SPDX-License-Identifier: MIT
 *
 * What the first walk of a root costs, next to SetNamedSecurityInfoW giving a copy of the
 * tree the same entry, in turn:
 *   walk.exe STAGE
 * STAGE has the directories ours\tree and theirs\tree, alike (see bench.sh).  grant_apply
 * makes all its calls; but what was written counts as kept, which under Wine it is not.
 */
#include "grant/grant.h"

#include "win/security.h"

#include <aclapi.h>

#include "measure.h"

#include <string.h>
#include <wchar.h>

#define ROUNDS 3u /* the minimum is what noise disturbs least */

enum way { WAY_ALL, WAY_ONE, WAY_THEIRS, WAY_COUNT };

static struct {
    double ms[ROUNDS];
    uint64_t entries; /* of one round */
} seen[WAY_COUNT];

int wmain(int argc, wchar_t **argv);

static char16_t ours[MAX_PATH], theirs[MAX_PATH], probe[MAX_PATH], child[MAX_PATH];
static uint32_t workers;       /* what treewalk_run is told */
static LONG written, not_kept; /* in all */
static bool hands_down;        /* SetNamedSecurityInfoW, to what is there already */
static PACL before, list;      /* of theirs */
static const struct sid root_sid = {
    1, 5, { 0, 0, 0, 0, 0, 5 }, { 21, SID_OURS, 1, 2, 3 }
};

/* --- what grant.c is linked with ------------------------------------------------------
 */

bool __real_treewalk_run(const struct treewalk *walk, HANDLE root,
                         struct treewalk_result *result, struct err *err);
bool __wrap_treewalk_run(const struct treewalk *walk, HANDLE root,
                         struct treewalk_result *result, struct err *err);
bool __wrap_treewalk_run(const struct treewalk *walk, HANDLE root,
                         struct treewalk_result *result, struct err *err)
{
    struct treewalk told = *walk;

    told.workers = workers;
    return __real_treewalk_run(&told, root, result, err);
}

enum security_write __real_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *err);
enum security_write __wrap_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *err);
enum security_write __wrap_security_write(HANDLE file, const struct aclplan_edit *edit,
                                          uint8_t *room, struct err *err)
{
    enum security_write done = __real_security_write(file, edit, room, err);

    InterlockedIncrement(&written);
    if (done != SECURITY_NOT_KEPT)
        return done;
    InterlockedIncrement(&not_kept);
    return SECURITY_WRITTEN;
}

bool __real_security_is_kept(HANDLE file);
bool __wrap_security_is_kept(HANDLE file);
bool __wrap_security_is_kept(HANDLE file)
{
    (void)__real_security_is_kept(file);
    return true;
}

/* --- ours -----------------------------------------------------------------------------
 */

static uint64_t walk_ours(void)
{
    const struct grant_request request = { .path = ours, .sid = root_sid };
    struct grant_result result;
    struct err err;

    if (grant_apply(&request, &result, &err) != GRANT_DONE)
        measure_die(err.call, ours);
    if (result.failed || result.changed < result.entries)
        measure_die("not all of it was written", ours);
    return result.entries;
}

/* Where lists are kept the next walk would have nothing to do. */
static void undo_ours(void)
{
    const struct grant_request request = { .path = ours, .sid = root_sid };
    struct grant_result result;
    struct err err;

    if (grant_is_done(&request, &err) == GRANT_LOOK_DONE &&
        grant_undo(ours, NULL, &request, &result, &err) != GRANT_DONE)
        measure_die(err.call, ours);
}

/* --- theirs ---------------------------------------------------------------------------
 */

static void set(char16_t *path, PACL dacl)
{
    DWORD code = SetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                                       NULL, NULL, dacl, NULL);

    SetLastError(code);
    if (code)
        measure_die("SetNamedSecurityInfoW", path);
}

/* The list of an object.  Never freed: there are few. */
static PACL get(char16_t *path)
{
    PACL dacl = NULL;
    PSECURITY_DESCRIPTOR sd = NULL;
    DWORD code = GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                                       NULL, NULL, &dacl, NULL, &sd);

    SetLastError(code);
    if (code || !dacl)
        measure_die("GetNamedSecurityInfoW", path);
    return dacl;
}

/* A copy of a list with one more entry, which is handed down. */
static PACL with_entry(PACL old, const struct sid *sid)
{
    EXPLICIT_ACCESSW entry = { .grfAccessPermissions = ACLPLAN_WRITE,
                               .grfAccessMode = GRANT_ACCESS,
                               .grfInheritance = SUB_CONTAINERS_AND_OBJECTS_INHERIT };
    PACL dacl = NULL;

    BuildTrusteeWithSidW(&entry.Trustee, sid_psid(sid));
    SetLastError(SetEntriesInAclW(1, &entry, old, &dacl));
    if (!dacl)
        measure_die("SetEntriesInAclW", u"");
    return dacl;
}

/* Sets the list of all that lies in the directory, path being room for more. */
static uint64_t set_below(char16_t *path)
{
    size_t len = wcslen(path);
    uint64_t count = 0;
    WIN32_FIND_DATAW found;
    HANDLE names = NULL;

    wcscat(path, L"\\*");
    names = FindFirstFileW(path, &found);
    if (names == INVALID_HANDLE_VALUE)
        measure_die("FindFirstFileW", path);
    do {
        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
            continue;
        wcscpy(path + len + 1, found.cFileName);
        set(path, list);
        count++;
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            count += set_below(path);
    } while (FindNextFileW(names, &found));
    FindClose(names);
    path[len] = 0;
    return count;
}

static uint64_t walk_theirs(void)
{
    char16_t path[2 * MAX_PATH];

    set(theirs, list);
    if (hands_down)
        return seen[WAY_ALL].entries; /* the trees are alike */
    wcscpy(path, theirs);
    return 1 + set_below(path);
}

/* Whether a file gets what the directory around it is given, seen with an entry that Wine
 * keeps: one for Everyone. */
static bool sees_hand_down(void)
{
    const struct sid everyone = sid_everyone();
    PACL old = get(probe), old_child = get(child), now = NULL;

    set(probe, with_entry(old, &everyone));
    now = get(probe);
    if (now->AclSize == old->AclSize && !memcmp(now, old, old->AclSize))
        measure_die("the entry for Everyone does not show", probe);
    now = get(child);
    return now->AclSize != old_child->AclSize ||
           memcmp(now, old_child, old_child->AclSize) != 0;
}

/* --- what came of it ------------------------------------------------------------------
 */

static void run_once(enum way way, unsigned round)
{
    double start = 0;

    workers = way == WAY_ONE;
    start = measure_now();
    seen[way].entries = way == WAY_THEIRS ? walk_theirs() : walk_ours();
    seen[way].ms[round] = measure_now() - start;
    if (way != WAY_THEIRS)
        undo_ours();
    else if (hands_down)
        set(theirs, before);
}

static void print_rows(void)
{
    const char *const labels[] = { "ringfence, all workers", "ringfence, one worker",
                                   hands_down ? "SetNamedSecurityInfoW, one call"
                                              : "SetNamedSecurityInfoW, on each" };
    double median[WAY_COUNT];

    printf("%-36s %8s %17s %17s\n", "the first walk", "entries", "entries/s by min",
           "x last (by median)");
    for (unsigned w = 0; w < WAY_COUNT; w++)
        median[w] = measure_median(seen[w].ms, ROUNDS);
    for (unsigned w = 0; w < WAY_COUNT; w++)
        printf("%-36s %8llu %17.0f %8.2f (%.2f)\n", labels[w],
               (unsigned long long)seen[w].entries,
               (double)seen[w].entries * 1000 / seen[w].ms[0],
               seen[w].ms[0] / seen[WAY_THEIRS].ms[0], median[w] / median[WAY_THEIRS]);
}

static void join(char16_t *out, const char16_t *stage, const char16_t *leaf)
{
    if (wcslen(stage) + wcslen(leaf) >= MAX_PATH)
        measure_die("too long", stage);
    wcscpy(out, stage);
    wcscat(out, leaf);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2)
        measure_die("usage: walk.exe STAGE", u"");
    join(ours, argv[1], u"\\ours\\tree");
    join(theirs, argv[1], u"\\theirs\\tree");
    join(probe, argv[1], u"\\probe");
    join(child, argv[1], u"\\probe\\child");
    hands_down = sees_hand_down();
    before = get(theirs);
    list = with_entry(before, &root_sid);
    for (unsigned r = 0; r < ROUNDS; r++)
        for (unsigned w = 0; w < WAY_COUNT; w++)
            run_once((r + w) % WAY_COUNT, r);
    print_rows();
    if (!hands_down)
        printf("SetNamedSecurityInfoW gives nothing here to what lies in a directory "
               "(tried), so a plain\nwalk calls it for each object: ready-made list, no "
               "reading before or after.\n");
    if (not_kept)
        printf("%ld of ringfence's %ld lists did not show when read back, and count as "
               "kept here.\n",
               not_kept, written);
    return 0;
}
