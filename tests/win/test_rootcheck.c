/* SPDX-License-Identifier: MIT
 *
 * Which directories are refused as writable roots, on real ones.  What Wine cannot have
 * (lists of its own on files, FAT, mounted volumes) is put in below, at link time.
 */
#include "grant/rootcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/sddl.h"
#include "grant/volumes.h"
#include "win/security.h"

#define BIG_ACES 1818u /* of 36 bytes: 65,456 of the 65,532 there can be */
#define DEEP     20u   /* directories of 19 characters: beyond MAX_PATH */

static char16_t base[MAX_PATH]; /* C:\...\ringfence-rootcheck */
static struct context context;
static char16_t data_text[MAX_PATH], install_text[MAX_PATH];
static struct rootcheck check;
static struct err err;

/* What the system is to say instead of the truth; all zero: nothing. */
static struct {
    const char *dacl; /* in SDDL; "none", "full"; NULL: as if it were usual */
    bool no_write_dac;
    ULONG tag; /* of every reparse point */
    bool no_id;
    ULONG fs_lacks; /* of every volume */
    const char16_t *fs_name;
    ULONG characteristics;
    bool no_final_path;     /* as on Server 2003 */
    const char16_t *rename; /* base\ws becomes this once its identity is known */
} fake;

static FARPROC real(const char *name)
{
    return GetProcAddress(GetModuleHandleW(u"ntdll.dll"), name);
}

FARPROC __real_dll_loaded(const char16_t *module, const char *name);
FARPROC __wrap_dll_loaded(const char16_t *module, const char *name);
FARPROC __wrap_dll_loaded(const char16_t *module, const char *name)
{
    if (fake.no_final_path && !strcmp(name, "GetFinalPathNameByHandleW"))
        return NULL;
    return __real_dll_loaded(module, name);
}

/* base\name */
static const char16_t *at_base(const char16_t *name)
{
    static char16_t text[4][WIN_PATH_CAP];
    static unsigned turn;
    char16_t *to = text[turn++ % 4];

    wcscpy(to, base);
    if (*name)
        wcscat(to, u"\\");
    return wcscat(to, name);
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data,
                                      ULONG bytes, FILE_INFORMATION_CLASS what)
{
    typedef NTSTATUS(NTAPI * query)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG,
                                    FILE_INFORMATION_CLASS);
    NTSTATUS status = 0;

    if (what == (FILE_INFORMATION_CLASS)59 && fake.no_id)
        return (NTSTATUS)0xC0000003; /* STATUS_INVALID_INFO_CLASS, before Windows 8 */
    status = ((query)(void (*)(void))real("NtQueryInformationFile"))(file, io, data,
                                                                     bytes, what);
    if (what == FileAttributeTagInformation && fake.tag) {
        ((FILE_ATTRIBUTE_TAG_INFORMATION *)data)->FileAttributes |=
            FILE_ATTRIBUTE_REPARSE_POINT;
        ((FILE_ATTRIBUTE_TAG_INFORMATION *)data)->ReparseTag = fake.tag;
    }
    if (what == (FILE_INFORMATION_CLASS)59 && fake.rename) {
        const char16_t *to = at_base(fake.rename);

        fake.rename = NULL;
        assert_true(MoveFileExW(at_base(u"ws"), to, 0));
        assert_true(CreateDirectoryW(at_base(u"ws"), NULL));
    }
    return status;
}

NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *data,
                                            ULONG bytes, FS_INFORMATION_CLASS what)
{
    typedef NTSTATUS(NTAPI * query)(HANDLE, IO_STATUS_BLOCK *, void *, ULONG,
                                    FS_INFORMATION_CLASS);
    NTSTATUS status = ((query)(void (*)(void))real("NtQueryVolumeInformationFile"))(
        file, io, data, bytes, what);
    ULONG *at = data;

    if ((int)what == 5 && status == 0) {
        at[0] &= ~fake.fs_lacks;
        if (fake.fs_name) {
            at[2] = (ULONG)(wcslen(fake.fs_name) * sizeof(char16_t));
            memcpy(at + 3, fake.fs_name, at[2]);
        }
    }
    if ((int)what == 4 && status == 0)
        at[1] |= fake.characteristics;
    return status;
}

bool security_open(const char16_t *path, HANDLE *out, struct err *e)
{
    (void)path;
    *out = NULL;
    return !fake.no_write_dac ||
           err_set(e, ERR_WIN32, ERROR_ACCESS_DENIED, "CreateFileW(WRITE_DAC)", path);
}

enum security_read security_read(const char16_t *path, struct security *security,
                                 struct err *e)
{
    const char *dacl = fake.dacl ? fake.dacl : "D:AI(A;OICIID;FA;;;BA)(A;OICIID;FA;;;BU)";
    static uint8_t big[ACL_BYTES_MAX];
    char16_t text[256];
    struct u16buf b = U16BUF(text);

    (void)path;
    u16buf_addz(&b, u"O:BA");
    if (strchr(dacl, ':'))
        u16buf_add_ascii(&b, dacl);
    if (!sddl_parse(&security->sd, u16buf_text(&b), NULL, security->bytes,
                    sizeof security->bytes, e))
        return SECURITY_FAILED;
    if (!strcmp(dacl, "full")) {
        struct aclbuf list = aclbuf_init(big, sizeof big);
        static const uint8_t digest[32];
        struct acl_entry entry = { .mask = 1, .sid = sid_ours(digest) };

        entry.sid.sub[1] = 1; /* some domain's */
        while (list.count < BIG_ACES)
            aclbuf_add(&list, &entry);
        security->sd.dacl = aclbuf_acl(&list);
        security->sd.control |= SECDESC_DACL_PRESENT;
    }
    return SECURITY_READ;
}

static void must_be(const char16_t *path, enum rootcheck_verdict want)
{
    rootcheck(&context, path, &check, &err);
    if (check.verdict != want)
        fail_msg("%ls: %s, not %s (%ls, %s)", path, rootcheck_reason(check.verdict),
                 rootcheck_reason(want), check.whose,
                 check.verdict == ROOTCHECK_FAILED ? err.call : "");
}

/* Fine, and known under the path of base\name. */
static void must_be_fine(const char16_t *path, const char16_t *name)
{
    must_be(path, ROOTCHECK_FINE);
    if (wcscmp(check.path, at_base(name)) != 0)
        fail_msg("%ls is really %ls", path, check.path);
    assert_string_equal(rootcheck_reason(check.verdict),
                        rootcheck_reason(ROOTCHECK_FINE));
    assert_null(rootcheck_remedy(&check));
}

static void make_dir(const char16_t *name)
{
    assert_true(CreateDirectoryW(at_base(name), NULL) ||
                GetLastError() == ERROR_ALREADY_EXISTS);
}

/* Below a variable's directory; %USERPROFILE% and the like are only trusted here. */
static const char16_t *below(const char16_t *variable, const char16_t *rest)
{
    static char16_t text[WIN_PATH_CAP];
    DWORD len = GetEnvironmentVariableW(variable, text, MAX_PATH);

    assert_true(len > 0 && len < MAX_PATH);
    return wcscat(text, rest);
}

static void rootcheck__any_spelling__is_fine(void **state)
{
    char16_t short_name[MAX_PATH], upper[MAX_PATH], text[MAX_PATH];

    (void)state;
    must_be_fine(at_base(u"ws"), u"ws");
    assert_string_equal(check.whose[0] ? "somebody" : "", "");
    assert_int_equal(wcscmp(check.file_system, u"NTFS"), 0);
    must_be_fine(at_base(u"ws\\"), u"ws");
    must_be_fine(at_base(u"ws. "), u"ws");
    must_be_fine(at_base(u"ws\\.\\sub\\.."), u"ws");
    must_be_fine(at_base(u"ws/sub"), u"ws\\sub");
    _wcsupr(wcscpy(upper, at_base(u"ws")));
    must_be_fine(upper, u"ws");
    swprintf(text, MAX_PATH, u"\\\\?\\%ls", at_base(u"ws"));
    must_be_fine(text, u"ws");
    swprintf(text, MAX_PATH, u"\\\\.\\%ls", at_base(u"ws"));
    must_be_fine(text, u"ws");
    assert_true(GetShortPathNameW(at_base(u"ws"), short_name, MAX_PATH));
    must_be_fine(short_name, u"ws");
    assert_true(SetCurrentDirectoryW(at_base(u"ws")));
    must_be_fine(u".", u"ws");
    must_be_fine(u"sub", u"ws\\sub");
    must_be_fine(u"..\\ws\\sub\\", u"ws\\sub");
    assert_true(SetCurrentDirectoryW(base));
}

static void rootcheck__drive_root__is_refused(void **state)
{
    (void)state;
    must_be(u"C:\\", ROOTCHECK_DRIVE_ROOT);
    must_be(u"c:\\windows\\..", ROOTCHECK_DRIVE_ROOT);
    must_be(u"\\\\?\\C:\\", ROOTCHECK_DRIVE_ROOT);
    must_be(u"C:\\.", ROOTCHECK_DRIVE_ROOT);
    must_be(u"\\", ROOTCHECK_DRIVE_ROOT);
    assert_int_equal(
        wcscmp(rootcheck_remedy(&check),
               u"cd to a directory in C:\\ (where activated: deactivate first, "
               u"and activate there)"),
        0);
}

static void rootcheck__places_of_the_system__are_refused_with_all_in_them(void **state)
{
    (void)state;
    must_be(u"C:\\windows", ROOTCHECK_SYSTEM);
    must_be(u"C:\\WINDOWS\\system32\\drivers", ROOTCHECK_SYSTEM);
    assert_int_equal(_wcsicmp(check.whose, u"C:\\windows"), 0);
    must_be(u"C:\\windows\\temp", ROOTCHECK_SYSTEM);
    must_be(u"\\\\?\\c:\\Program Files", ROOTCHECK_SYSTEM);
    must_be(u"C:\\Program Files\\Common Files", ROOTCHECK_SYSTEM);
    must_be(u"C:\\Program Files (x86)", ROOTCHECK_SYSTEM);
    must_be(below(u"ProgramData", u""), ROOTCHECK_SYSTEM);
    must_be(below(u"ProgramData", u"\\Microsoft"), ROOTCHECK_SYSTEM);
}

/* Whatever the environment says: it is not asked. */
static void rootcheck__lying_environment__changes_nothing(void **state)
{
    static const char16_t *const names[] = { u"SystemRoot", u"windir", u"ProgramFiles",
                                             u"ProgramData" };
    char16_t was[4][MAX_PATH];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(GetEnvironmentVariableW(names[i], was[i], MAX_PATH));
        SetEnvironmentVariableW(names[i], at_base(u"ws"));
    }
    must_be(u"C:\\windows\\system32", ROOTCHECK_SYSTEM);
    must_be(u"C:\\Program Files", ROOTCHECK_SYSTEM);
    must_be(was[3], ROOTCHECK_SYSTEM);
    must_be(at_base(u"ws"), ROOTCHECK_FINE);
    for (size_t i = 0; i < 4; i++)
        SetEnvironmentVariableW(names[i], was[i]);
}

static void rootcheck__profile__is_refused_but_not_what_is_in_it(void **state)
{
    const char16_t *start = u"\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu"
                            u"\\Programs\\StartUp";
    char16_t text[MAX_PATH];

    (void)state;
    must_be(below(u"USERPROFILE", u""), ROOTCHECK_PROFILE);
    assert_int_equal(_wcsicmp(check.whose, below(u"USERPROFILE", u"")), 0);
    must_be(below(u"USERPROFILE", u"\\.."), ROOTCHECK_PROFILE);
    must_be(below(u"USERPROFILE", u"\\..\\Public"), ROOTCHECK_PROFILE);
    must_be(below(u"USERPROFILE", u"\\AppData"), ROOTCHECK_PROFILE);
    must_be(below(u"USERPROFILE", u"\\AppData\\Local"), ROOTCHECK_PROFILE);
    must_be(below(u"USERPROFILE", u"\\AppData\\LocalLow"), ROOTCHECK_PROFILE);
    must_be(below(u"USERPROFILE", u"\\AppData\\Roaming"), ROOTCHECK_PROFILE);
    must_be(below(u"USERPROFILE", start), ROOTCHECK_PROFILE);
    must_be(below(u"USERPROFILE", u"\\AppData\\Roaming\\Microsoft\\Windows\\Start Menu"),
            ROOTCHECK_PROFILE);
    wcscpy(text, below(u"USERPROFILE", start));
    wcscat(text, u"\\ringfence-test");
    assert_true(CreateDirectoryW(text, NULL) || GetLastError() == ERROR_ALREADY_EXISTS);
    must_be(text, ROOTCHECK_PROFILE);
    RemoveDirectoryW(text);
    must_be(below(u"USERPROFILE", u"\\AppData\\Local\\Microsoft"), ROOTCHECK_FINE);
}

static void rootcheck__own_places__are_refused_but_what_is_in_the_box(void **state)
{
    (void)state;
    must_be(at_base(u"install"), ROOTCHECK_OWN);
    must_be(at_base(u"install\\shims"), ROOTCHECK_OWN);
    must_be(at_base(u"up\\data"), ROOTCHECK_OWN);
    assert_int_equal(wcscmp(check.whose, at_base(u"up\\data")), 0);
    must_be(at_base(u"up\\data\\other"), ROOTCHECK_OWN);
    must_be(at_base(u"up\\data\\box"), ROOTCHECK_OWN);
    must_be(at_base(u"up"), ROOTCHECK_OWN);
    must_be(base, ROOTCHECK_OWN);
    must_be(at_base(u"up\\data\\box\\1"), ROOTCHECK_FINE);
    must_be(at_base(u"up\\data\\box\\1\\temp"), ROOTCHECK_FINE);
}

/* It is made at the first run, after this has been asked. */
static void rootcheck__own_place_not_there_yet__still_counts_above(void **state)
{
    (void)state;
    context.data = U16BUF(data_text);
    u16buf_addz(&context.data, at_base(u"ws\\not\\yet\\data"));
    must_be(at_base(u"ws"), ROOTCHECK_OWN);
    must_be(at_base(u"ws\\sub"), ROOTCHECK_FINE);
}

static void rootcheck__no_directory__is_said(void **state)
{
    HANDLE file =
        CreateFileW(at_base(u"ws\\file"), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    (void)state;
    assert_true(file != INVALID_HANDLE_VALUE);
    CloseHandle(file);
    must_be(at_base(u"ws\\file"), ROOTCHECK_NOT_DIRECTORY);
    rootcheck(&context, at_base(u"ws\\file\\x"), &check, &err);
    DeleteFileW(at_base(u"ws\\file"));
    assert_true(check.verdict == ROOTCHECK_MISSING ||
                check.verdict == ROOTCHECK_NOT_DIRECTORY);
    must_be(at_base(u"missing"), ROOTCHECK_MISSING);
    must_be(at_base(u"missing\\more"), ROOTCHECK_MISSING);
    must_be(u"Y:\\x", ROOTCHECK_MISSING);
    must_be(at_base(u"a*b"), ROOTCHECK_MISSING);
}

static void rootcheck__odd_path__is_refused_by_rule(void **state)
{
    static const char16_t *const odd[] = {
        u"\\\\.\\PhysicalDrive0",
        u"\\\\.\\pipe\\x",
        u"NUL",
        u"\\\\?\\C:",
        u"\\\\?\\C:\\windows\\..\\users",
        u"\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\x",
        u"C:\\users:x",
        u"C:\\windows::$INDEX_ALLOCATION",
    };

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        must_be(odd[i], ROOTCHECK_FAILED);
        assert_int_equal(err.domain, ERR_RULE);
    }
}

/* What a policy file may say, however odd: refused by it, or by us, or known for what it
 * is. */
static void rootcheck__roots_of_a_policy__are_known_or_refused(void **state)
{
    static const struct {
        const char *before, *after; /* of base\ws */
        bool fine;
    } rows[] = {
        { "", "", true },
        { "", "\\", true },
        { "", "/", true },
        { "", ".", true },
        { "", ". .\\sub .", true },
        { "\\\\?\\", "", true },
        { "\\\\?\\", "\\", true },
        { "\\\\?\\", ".", false },
        { "\\\\?\\", "\\..", false },
        { "\\\\?\\", "/sub", true }, /* the policy turns the slash */
        { "\\\\?\\UNC\\localhost\\", "", false },
        { "\\\\?\\GLOBALROOT\\??\\", "", false },
        { "\\\\.\\", "", true },
        { "\\\\localhost\\", "", false },
        { "", "\\..\\..", false },
        { "", ":stream", false },
        { "", "::$INDEX_ALLOCATION", false },
        { "", "\\NUL", false },
        { "", "\\con.txt", false },
        { "", "\\*", false },
        { "", "\\sub\\\\", true },
    };
    static struct policy policy;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1024];
        char16_t path[512];
        size_t line = 0;
        int bytes = snprintf(text, sizeof text, "[default]\nroot = %s%ls%s\n",
                             rows[i].before, at_base(u"ws"), rows[i].after);

        policy_init(&policy);
        if (!policy_read(&policy, text, (size_t)bytes, U16S("C:\\"), &line, &err))
            continue;
        swprintf(path, 512, u"%.*ls", (int)policy.root[0].len, policy.root[0].at);
        if ((rootcheck(&context, path, &check, &err) == ROOTCHECK_FINE) != rows[i].fine)
            fail_msg("row %zu: %ls: %s", i, path, rootcheck_reason(check.verdict));
        if (rows[i].fine && wcsncmp(check.path, at_base(u"ws"), wcslen(base) + 3) != 0)
            fail_msg("row %zu: %ls is %ls", i, path, check.path);
    }
}

static void rootcheck__network__is_refused(void **state)
{
    (void)state;
    must_be(u"\\\\server.invalid\\share\\x", ROOTCHECK_NETWORK);
    must_be(u"\\\\?\\UNC\\server.invalid\\share", ROOTCHECK_NETWORK);
    fake.characteristics = 0x10; /* FILE_REMOTE_DEVICE: a mapped drive's */
    must_be(at_base(u"ws"), ROOTCHECK_NETWORK);
}

/* Makes base\name lead to target by Unix's ln, under Wine; false elsewhere.  It may be
 * there from an earlier run. */
static bool unix_link(const char *target, const char16_t *name)
{
    typedef char *(CDECL * unix_name)(const WCHAR *);
    unix_name to_unix = (unix_name)(void (*)(void))GetProcAddress(
        GetModuleHandleW(u"kernel32.dll"), "wine_get_unix_file_name");
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    char16_t line[1024];
    char *path = to_unix ? to_unix(at_base(name)) : NULL;

    if (!path)
        return false;
    swprintf(line, 1024, L"ln -sfn %hs \"%hs\"", target, path);
    CreateProcessW(u"Z:\\bin\\ln", line, NULL, NULL, FALSE, 0, NULL, NULL, &si, &pi);
    for (unsigned i = 0; i < 100; i++) { /* there is no handle to wait for it with */
        DWORD attributes = GetFileAttributesW(at_base(name));

        if (attributes != INVALID_FILE_ATTRIBUTES &&
            attributes & FILE_ATTRIBUTE_REPARSE_POINT)
            return true;
        Sleep(20);
    }
    return false;
}

/* A link, or the test is skipped. */
static void must_link(const char *target, const char16_t *name)
{
    if (unix_link(target, name))
        return;
    print_message("SKIP link: this user or system cannot make one\n");
    skip();
}

static void rootcheck__link_on_the_way__is_refused_and_told_where_to(void **state)
{
    char16_t want[MAX_PATH];

    (void)state;
    must_link("ws", u"link");
    must_be(at_base(u"link"), ROOTCHECK_REPARSE);
    swprintf(want, MAX_PATH, u"cd to %ls", at_base(u"ws"));
    assert_int_equal(wcscmp(rootcheck_remedy(&check), want), 0);
    must_be(at_base(u"link\\sub"), ROOTCHECK_REPARSE);
    assert_int_equal(wcscmp(check.path, at_base(u"ws\\sub")), 0);
    must_be(at_base(u"ws\\..\\link\\sub\\"), ROOTCHECK_REPARSE);
    must_be(at_base(u"link\\missing"), ROOTCHECK_MISSING);
    fake.tag = 0xA0000003; /* IO_REPARSE_TAG_MOUNT_POINT: a junction */
    must_be(at_base(u"link\\sub"), ROOTCHECK_REPARSE);
    fake.tag = 0xA000000C; /* IO_REPARSE_TAG_SYMLINK */
    must_be(at_base(u"link\\sub"), ROOTCHECK_REPARSE);
}

/* Before Windows Vista nothing says where a link leads to. */
static void rootcheck__links_not_resolved__each_on_the_way_is_refused(void **state)
{
    (void)state;
    must_link("ws", u"link");
    fake.no_final_path = true;
    must_be(at_base(u"ws"), ROOTCHECK_FINE);
    must_be(at_base(u"link"), ROOTCHECK_REPARSE);
    assert_null(rootcheck_remedy(&check)); /* it is not known where to cd to */
    must_be(at_base(u"link\\sub"), ROOTCHECK_REPARSE);
    must_be(at_base(u"ws\\..\\link\\sub\\"), ROOTCHECK_REPARSE);
}

/* Who can write beside a link that leads to one of our places can lead it elsewhere. */
static void rootcheck__link_to_a_place__counts_above_as_well(void **state)
{
    (void)state;
    must_link("../up/data", u"mnt\\lnk");
    context.data = U16BUF(data_text);
    u16buf_addz(&context.data, at_base(u"mnt\\lnk"));
    must_be(at_base(u"mnt"), ROOTCHECK_OWN);
    must_be(at_base(u"up"), ROOTCHECK_OWN);
    must_be(at_base(u"up\\data\\other"), ROOTCHECK_OWN);
    must_be(at_base(u"up\\data\\box\\1"), ROOTCHECK_FINE);
    must_be(at_base(u"mnt\\sub"), ROOTCHECK_FINE);
}

/* As a fenced child would leave it for the user to cd into. */
static void rootcheck__link_to_the_profile__is_refused(void **state)
{
    (void)state;
    must_link("/", u"out");
    must_be(at_base(u"out"), ROOTCHECK_REPARSE);
    must_be(at_base(u"out\\tmp"), ROOTCHECK_REPARSE);
}

static void rootcheck__reparse_point_that_is_no_link__is_fine(void **state)
{
    (void)state;
    must_link("ws", u"link");
    fake.tag = 0x9000001A; /* IO_REPARSE_TAG_CLOUD */
    must_be(at_base(u"link"), ROOTCHECK_FINE);
    fake.tag = 0x80000013; /* IO_REPARSE_TAG_DEDUP */
    must_be(at_base(u"link\\sub"), ROOTCHECK_FINE);
}

/* A volume without a letter, mounted in a directory: the path is the only one. */
static void rootcheck__mounted_volume__is_fine(void **state)
{
    (void)state;
    must_link("mnt", u"MNT");
    must_be(at_base(u"MNT\\sub"), ROOTCHECK_FINE);
    must_be(at_base(u"MNT"), ROOTCHECK_FINE);
}

static void define(const char16_t *drive, const char16_t *path)
{
    DefineDosDeviceW(DDD_REMOVE_DEFINITION, drive, NULL);
    if (path)
        assert_true(DefineDosDeviceW(0, drive, path));
}

static void rootcheck__subst_drive__is_what_it_stands_for(void **state)
{
    (void)state;
    define(u"Q:", at_base(u"ws"));
    must_be_fine(u"Q:\\", u"ws");
    must_be_fine(u"q:\\sub", u"ws\\sub");
    must_be_fine(u"\\\\?\\Q:\\sub", u"ws\\sub");
    define(u"R:", u"Q:\\sub");
    must_be_fine(u"R:\\", u"ws\\sub");
    define(u"Q:", u"C:\\windows");
    must_be(u"Q:\\", ROOTCHECK_SYSTEM);
    must_be(u"Q:\\system32", ROOTCHECK_SYSTEM);
    define(u"Q:", u"C:\\");
    must_be(u"Q:\\", ROOTCHECK_DRIVE_ROOT);
    define(u"Q:", u"\\\\server.invalid\\share");
    must_be(u"Q:\\x", ROOTCHECK_NETWORK);
    define(u"Q:", u"R:\\");
    define(u"R:", u"Q:\\");
    must_be(u"Q:\\", ROOTCHECK_FAILED);
}

static void rootcheck__subst_drive_behind_a_link__is_refused(void **state)
{
    (void)state;
    must_link("ws", u"link");
    define(u"Q:", at_base(u"link"));
    must_be(u"Q:\\sub", ROOTCHECK_REPARSE);
}

static void rootcheck__volume_without_acls__is_named(void **state)
{
    (void)state;
    fake.fs_lacks = FILE_PERSISTENT_ACLS;
    fake.fs_name = u"exFAT";
    must_be(at_base(u"ws"), ROOTCHECK_NO_ACLS);
    assert_int_equal(wcscmp(check.file_system, u"exFAT"), 0);
}

static void rootcheck__list_that_cannot_take_our_entries__is_refused(void **state)
{
    (void)state;
    fake.dacl = "none";
    must_be(at_base(u"ws"), ROOTCHECK_NULL_DACL);
    assert_true(u16s_iends(u16s_of(rootcheck_remedy(&check)), U16S("\\ws\" /reset")));
    fake.dacl = "full";
    must_be(at_base(u"ws"), ROOTCHECK_FULL_DACL);
    fake.dacl = "D:P(A;OICI;FA;;;BA)"; /* inheritance blocked: its own business */
    must_be(at_base(u"ws"), ROOTCHECK_FINE);
    fake.dacl = "D:";
    must_be(at_base(u"ws"), ROOTCHECK_FINE);
}

static void rootcheck__no_write_dac__names_the_owner(void **state)
{
    (void)state;
    fake.no_write_dac = true;
    must_be(at_base(u"ws"), ROOTCHECK_NOT_OURS_TO_EDIT);
    assert_int_equal(wcscmp(check.whose, u"BUILTIN\\Administrators"), 0);
}

static void rootcheck__before_windows_8__other_identities_do(void **state)
{
    (void)state;
    fake.no_id = true;
    must_be_fine(at_base(u"ws"), u"ws");
    must_be(u"C:\\windows\\system32", ROOTCHECK_SYSTEM);
    must_be(below(u"USERPROFILE", u""), ROOTCHECK_PROFILE);
    must_be(at_base(u"up"), ROOTCHECK_OWN);
}

static void rootcheck__replaced_while_looking__is_never_fine(void **state)
{
    (void)state;
    fake.rename = u"moved";
    must_be(at_base(u"ws"), ROOTCHECK_FAILED);
    assert_string_equal(err.call, "it was replaced while it was looked at");
}

/* Whoever opens it later compares that. */
static void rootcheck__id__is_of_that_directory(void **state)
{
    HANDLE ws = NULL, sub = NULL;
    struct fileid id;

    (void)state;
    must_be(at_base(u"ws"), ROOTCHECK_FINE);
    ws = CreateFileW(at_base(u"WS"), FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING,
                     FILE_FLAG_BACKUP_SEMANTICS, NULL);
    sub = CreateFileW(at_base(u"ws\\sub"), FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING,
                      FILE_FLAG_BACKUP_SEMANTICS, NULL);
    assert_true(fileid_read(ws, &id) && fileid_same(&id, &check.id));
    assert_true(fileid_read(sub, &id) && !fileid_same(&id, &check.id));
    assert_true(fileid_is_one(ws, ws) && !fileid_is_one(ws, sub));
    CloseHandle(ws);
    CloseHandle(sub);
}

static void rootcheck__long_path__is_fine(void **state)
{
    static char16_t path[WIN_PATH_CAP];

    (void)state;
    swprintf(path, WIN_PATH_CAP, u"\\\\?\\%ls", at_base(u"ws"));
    for (unsigned i = 0; i < DEEP; i++) {
        wcscat(path, u"\\nineteen-characters");
        assert_true(CreateDirectoryW(path, NULL) ||
                    GetLastError() == ERROR_ALREADY_EXISTS);
    }
    if (rootcheck(&context, path, &check, &err) == ROOTCHECK_FAILED &&
        !strcmp(err.call, "GetFinalPathNameByHandleW"))
        print_message("SKIP long path: this system has no final path for it (Wine 8)\n");
    else if (check.verdict != ROOTCHECK_FINE || wcscmp(check.path, path + 4) != 0)
        fail_msg("%s", rootcheck_reason(check.verdict));
    for (unsigned i = 0; i < DEEP; i++) {
        RemoveDirectoryW(path);
        path[wcslen(path) - 20] = 0;
    }
}

static void volumes_without_acls__fat__is_listed_by_name(void **state)
{
    char16_t text[256];
    struct u16buf b = U16BUF(text);

    (void)state;
    volumes_without_acls(&b);
    assert_int_equal(b.len, 0);
    fake.fs_lacks = FILE_PERSISTENT_ACLS;
    fake.fs_name = u"FAT32";
    define(u"Q:", at_base(u"ws"));
    volumes_without_acls(&b);
    assert_true(u16s_istarts(u16buf_text(&b), U16S("C:\\ (FAT32)")));
    assert_int_equal(wcsstr(text, u"Q:") != NULL, 0);
}

/* What a failed test may have left behind. */
static void remove_all(const char16_t *directory)
{
    char16_t *path = malloc(WIN_PATH_CAP * sizeof *path);
    WIN32_FIND_DATAW found;
    HANDLE h = NULL;

    assert_non_null(path);
    swprintf(path, WIN_PATH_CAP, u"\\\\?\\%ls\\*", directory);
    h = FindFirstFileW(path, &found);
    while (h != INVALID_HANDLE_VALUE && FindNextFileW(h, &found)) {
        swprintf(path, WIN_PATH_CAP, u"%ls\\%ls", directory, found.cFileName);
        if (wcscmp(found.cFileName, u"..") != 0 && !DeleteFileW(path))
            remove_all(path);
    }
    FindClose(h);
    swprintf(path, WIN_PATH_CAP, u"\\\\?\\%ls", directory);
    RemoveDirectoryW(path);
    free(path);
}

static int fresh(void **state)
{
    static const char16_t *const dirs[] = {
        u"ws",
        u"ws\\sub",
        u"mnt",
        u"mnt\\sub",
        u"install",
        u"install\\shims",
        u"up",
        u"up\\data",
        u"up\\data\\other",
        u"up\\data\\box",
        u"up\\data\\box\\1",
        u"up\\data\\box\\1\\temp",
    };

    (void)state;
    memset(&fake, 0, sizeof fake);
    remove_all(at_base(u"ws"));
    remove_all(at_base(u"moved"));
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
        make_dir(dirs[i]);
    context.install = U16BUF(install_text);
    context.data = U16BUF(data_text);
    u16buf_addz(&context.install, at_base(u"install"));
    u16buf_addz(&context.data, at_base(u"up\\data"));
    return 0;
}

static int after(void **state)
{
    (void)state;
    define(u"Q:", NULL);
    define(u"R:", NULL);
    return 0;
}

static int make_base(void **state)
{
    char16_t temp[MAX_PATH];

    (void)state;
    if (!GetTempPathW(MAX_PATH, temp))
        return -1;
    swprintf(base, MAX_PATH, u"%lsringfence-rootcheck", temp);
    return CreateDirectoryW(base, NULL) || GetLastError() == ERROR_ALREADY_EXISTS ? 0
                                                                                  : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, after)
        TEST(rootcheck__any_spelling__is_fine),
        TEST(rootcheck__drive_root__is_refused),
        TEST(rootcheck__places_of_the_system__are_refused_with_all_in_them),
        TEST(rootcheck__lying_environment__changes_nothing),
        TEST(rootcheck__profile__is_refused_but_not_what_is_in_it),
        TEST(rootcheck__own_places__are_refused_but_what_is_in_the_box),
        TEST(rootcheck__own_place_not_there_yet__still_counts_above),
        TEST(rootcheck__no_directory__is_said),
        TEST(rootcheck__odd_path__is_refused_by_rule),
        TEST(rootcheck__roots_of_a_policy__are_known_or_refused),
        TEST(rootcheck__network__is_refused),
        TEST(rootcheck__link_on_the_way__is_refused_and_told_where_to),
        TEST(rootcheck__link_to_the_profile__is_refused),
        TEST(rootcheck__links_not_resolved__each_on_the_way_is_refused),
        TEST(rootcheck__link_to_a_place__counts_above_as_well),
        TEST(rootcheck__reparse_point_that_is_no_link__is_fine),
        TEST(rootcheck__mounted_volume__is_fine),
        TEST(rootcheck__subst_drive__is_what_it_stands_for),
        TEST(rootcheck__subst_drive_behind_a_link__is_refused),
        TEST(rootcheck__volume_without_acls__is_named),
        TEST(rootcheck__list_that_cannot_take_our_entries__is_refused),
        TEST(rootcheck__no_write_dac__names_the_owner),
        TEST(rootcheck__before_windows_8__other_identities_do),
        TEST(rootcheck__replaced_while_looking__is_never_fine),
        TEST(rootcheck__id__is_of_that_directory),
        TEST(rootcheck__long_path__is_fine),
        TEST(volumes_without_acls__fat__is_listed_by_name),
    };
    return cmocka_run_group_tests_name("rootcheck", tests, make_base, NULL);
}
