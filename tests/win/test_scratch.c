/* SPDX-License-Identifier: MIT
 *
 * Claim: what verify and the canary try is fenced like a workspace, and with integrity =
 * lowered it carries the label that a launch's roots do.  Wine keeps neither lists nor
 * labels: here they are kept in memory, by path.
 */
#include "verify/scratch.h"

#include "win/file.h"
#include "win/security.h"
#include "win/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEPT_MAX 64u

static struct kept {
    char16_t path[MAX_PATH];
    uint8_t dacl[1024], sacl[256];
    bool has_dacl, has_sacl, listed_first;
    uint16_t closed; /* SECDESC_DACL_PROTECTED, or 0 */
} kept[KEPT_MAX];
static size_t kept_count;
static CRITICAL_SECTION lock; /* the walk has several threads */
static struct scratch scratch;
static struct err err;

static struct kept *kept_of(const char16_t *path)
{
    for (size_t i = 0; i < kept_count; i++)
        if (!lstrcmpiW(kept[i].path, path))
            return &kept[i];
    assert_true(kept_count < KEPT_MAX);
    lstrcpynW(kept[kept_count].path, path, MAX_PATH);
    return &kept[kept_count++];
}

static struct kept *kept_at(HANDLE object)
{
    static char16_t path[WIN_PATH_CAP];
    struct u16buf at = U16BUF(path);

    assert_true(file_final_path_of(object, u"", false, &at, &err));
    return kept_of(path);
}

static void keep(const struct acl *from, uint8_t *to, size_t cap)
{
    assert_true(from->at && from->used <= cap);
    memcpy(to, from->at, from->used);
}

static NTSTATUS NTAPI set_security(HANDLE object, SECURITY_INFORMATION what, void *data)
{
    struct kept *k = NULL;
    struct secdesc sd;

    EnterCriticalSection(&lock);
    k = kept_at(object);
    assert_true(secdesc_read(&sd, data, SECURITY_BYTES_MAX));
    if (what & DACL_SECURITY_INFORMATION) {
        keep(&sd.dacl, k->dacl, sizeof k->dacl);
        k->has_dacl = true;
        k->closed = sd.control & SECDESC_DACL_PROTECTED;
    } else {
        keep(&sd.sacl, k->sacl, sizeof k->sacl);
        k->has_sacl = true;
        k->listed_first = k->has_dacl;
    }
    LeaveCriticalSection(&lock);
    return 0;
}

static NTSTATUS NTAPI query_security(HANDLE object, SECURITY_INFORMATION what, void *data,
                                     ULONG bytes, ULONG *needed)
{
    struct kept *k = NULL;
    uint8_t list[512];
    struct aclbuf b = aclbuf_init(list, sizeof list);
    struct acl_entry all = { ACE_ALLOW, 0, RIGHT_FILE_ALL, { 0 } };
    struct secdesc sd = { .control = SECDESC_DACL_PRESENT };
    bool fits = false;
    size_t size = 0;

    EnterCriticalSection(&lock);
    k = kept_at(object);
    sd.control |= k->closed;
    assert_true(token_user_sid(&all.sid, &err));
    aclbuf_add(&b, &all);
    sd.dacl = aclbuf_acl(&b);
    if (k->has_dacl)
        assert_true(acl_read(&sd.dacl, k->dacl, sizeof k->dacl));
    if (k->has_sacl && what & LABEL_SECURITY_INFORMATION) {
        sd.control |= SECDESC_SACL_PRESENT;
        assert_true(acl_read(&sd.sacl, k->sacl, sizeof k->sacl));
    }
    fits = secdesc_write(&sd, data, bytes, &size);
    LeaveCriticalSection(&lock);
    if (!fits)
        return (NTSTATUS)0xC0000023;
    *needed = (ULONG)size;
    return 0;
}

/* Linked in place of the pointers that the import table has. */
extern NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                           void *, ULONG, ULONG *);
NTSTATUS(NTAPI *__wrap___imp_NtQuerySecurityObject)
(HANDLE, SECURITY_INFORMATION, void *, ULONG, ULONG *) = query_security;
extern NTSTATUS(NTAPI *__wrap___imp_NtSetSecurityObject)(HANDLE, SECURITY_INFORMATION,
                                                         void *);
NTSTATUS(NTAPI *__wrap___imp_NtSetSecurityObject)
(HANDLE, SECURITY_INFORMATION, void *) = set_security;

static struct kept *thing(const char *below)
{
    static char16_t text[WIN_PATH_CAP], final[WIN_PATH_CAP];
    struct u16buf path = U16BUF(text), real = U16BUF(final);

    scratch_path(&scratch, below, &path);
    assert_true(file_final_path(text, false, &real, &err));
    return kept_of(final);
}

static bool is_labelled(const char *below)
{
    struct kept *k = thing(below);
    struct sid lowered = sid_label(SID_LEVEL_LOWERED);
    struct acl labels;
    struct ace label = { 0 };

    return k->has_sacl && acl_read(&labels, k->sacl, sizeof k->sacl) &&
           acl_next(&labels, &label) && sid_eq(&label.sid, &lowered);
}

static void make(bool lowered)
{
    memset(kept, 0, sizeof kept);
    kept_count = 0;
    assert_true(scratch_init(&scratch, lowered, &err));
    if (!scratch_fill(&scratch, &err))
        fail_msg("%s %u", err.call, (unsigned)err.code);
    assert_false(scratch.not_kept || scratch.refused);
}

static int end(void **state)
{
    (void)state;
    return scratch_remove(&scratch, &err) ? 0 : 1;
}

static void fill__lowered__the_workspace_is_labelled_and_nothing_else(void **state)
{
    static const char *const in[] = { "ws",           "ws\\a.txt", "ws\\src",
                                      "ws\\src\\a.c", "box",       "box\\a.txt" };
    static const char *const out[] = { "docs", "docs\\a.txt", "docs\\open",
                                       "ws\\.git\\config", "ws\\.codex" };

    (void)state;
    make(true);
    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++)
        if (!is_labelled(in[i]) || !thing(in[i])->listed_first)
            fail_msg("no label: %s", in[i]);
    for (size_t i = 0; i < sizeof out / sizeof out[0]; i++)
        if (is_labelled(out[i]))
            fail_msg("a label: %s", out[i]);
}

static void fill__medium__nothing_is_labelled(void **state)
{
    (void)state;
    make(false);
    for (size_t i = 0; i < kept_count; i++)
        assert_false(kept[i].has_sacl);
    assert_true(thing("ws")->has_dacl);
}

#define TEST(f) cmocka_unit_test_teardown(f, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fill__lowered__the_workspace_is_labelled_and_nothing_else),
        TEST(fill__medium__nothing_is_labelled),
    };
    InitializeCriticalSection(&lock);
    return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
