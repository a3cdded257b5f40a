#include "nt52.h"

#include "core/accesscheck.h"
#include "win/security.h"
#include "win/token.h"

#define TOO_SMALL    ((NTSTATUS)0xC0000023) /* STATUS_BUFFER_TOO_SMALL */
#define UNSUCCESSFUL ((NTSTATUS)0xC0000001) /* STATUS_UNSUCCESSFUL */
#define VARIABLE     u"NT52_FENCE"
#define SIDS_MAX     64u
#define PATH_UNITS   4096u
#define LIST_MAX     4096u
#define ALL_BELOW    (ACE_OBJECT_INHERIT | ACE_CONTAINER_INHERIT)

/* A list, and whether it takes none from above. */
struct list {
    uint32_t bytes, is_protected;
    uint8_t acl[LIST_MAX];
};

struct made {
    HANDLE token;
    struct sid sid[SIDS_MAX];
    size_t count;
};

static struct made made[256]; /* the last ones; a handle may come again */
static size_t made_next;
static volatile LONG lock;

static void enter(void)
{
    while (InterlockedCompareExchange(&lock, 1, 0))
        Sleep(0);
}

static void leave(void)
{
    InterlockedExchange(&lock, 0);
}

static bool read_variable(const char16_t *name, char16_t *text, DWORD cap)
{
    DWORD len = GetEnvironmentVariableW(name, text, cap);

    return len > 0 && len < cap;
}

bool fence_is_on(void)
{
    char16_t text[MAX_PATH];

    return read_variable(u"NT52_LISTS", text, MAX_PATH);
}

/* Tokens. */

void fence_made(HANDLE token, DWORD count, const SID_AND_ATTRIBUTES *restricting)
{
    struct made *to = &made[made_next++ % (sizeof made / sizeof made[0])];

    to->token = token;
    to->count = 0;
    for (DWORD i = 0; i < count && i < SIDS_MAX; i++)
        if (sid_read(&to->sid[to->count], restricting[i].Sid, SECURITY_MAX_SID_SIZE))
            to->count++;
}

/* The last one of that handle. */
static const struct made *find_made(HANDLE token)
{
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        const struct made *one =
            &made[(made_next + 2 * (sizeof made / sizeof made[0]) - 1 - i) %
                  (sizeof made / sizeof made[0])];

        if (one->token == token && one->count)
            return one;
    }
    return NULL;
}

void fence_copied(HANDLE from, HANDLE to)
{
    const struct made *one = find_made(from);
    static struct made copy;

    if (!one)
        return;
    copy.token = to;
    for (copy.count = 0; copy.count < one->count; copy.count++)
        copy.sid[copy.count] = one->sid[copy.count];
    made[made_next++ % (sizeof made / sizeof made[0])] = copy;
}

static const struct made *own_fence(void)
{
    static struct made own;
    static char16_t text[SIDS_MAX * SID_TEXT_CAP];
    struct u16s rest = { text, 0 };

    if (own.token)
        return &own;
    own.token = GetCurrentProcess(); /* read */
    if (!read_variable(VARIABLE, text, sizeof text / sizeof text[0]))
        return &own;
    rest.len = u16_len(text);
    while (rest.at && own.count < SIDS_MAX)
        if (sid_parse(&own.sid[own.count], u16s_split(&rest, u',')))
            own.count++;
    return &own;
}

NTSTATUS fence_restricting(HANDLE token, void *data, ULONG bytes, ULONG *needed)
{
    const struct made *from = find_made(token);
    TOKEN_GROUPS *groups = data;
    uint8_t *at = NULL;

    if (!from)
        from = own_fence();
    *needed = (ULONG)(offsetof(TOKEN_GROUPS, Groups) +
                      from->count * (sizeof groups->Groups[0] + SECURITY_MAX_SID_SIZE));
    if (bytes < *needed)
        return TOO_SMALL;
    groups->GroupCount = (DWORD)from->count;
    at = (uint8_t *)&groups->Groups[from->count];
    for (size_t i = 0; i < from->count; i++, at += SECURITY_MAX_SID_SIZE) {
        groups->Groups[i].Sid = at;
        groups->Groups[i].Attributes = SE_GROUP_ENABLED;
        sid_write(&from->sid[i], at);
    }
    return 0;
}

LPVOID fence_environment(HANDLE token, LPVOID block)
{
    static char16_t all[1u << 16];
    const struct made *from = find_made(token);
    const char16_t *old = block ? block : GetEnvironmentStringsW();
    struct u16buf b = U16BUF(all);

    if (!from)
        return block;
    u16buf_addz(&b, VARIABLE u"=");
    for (size_t i = 0; i < from->count; i++) {
        u16buf_addz(&b, i ? u"," : u"");
        sid_format(&from->sid[i], &b);
    }
    u16buf_addc(&b, 0);
    for (; *old; old += u16_len(old) + 1) {
        u16buf_addz(&b, old);
        u16buf_addc(&b, 0);
    }
    u16buf_addc(&b, 0);
    return all;
}

/* Lists. */

static bool name_stored(HANDLE file, struct u16buf *name)
{
    FILE_INTERNAL_INFORMATION index;
    FILE_STANDARD_INFORMATION standard;
    char16_t text[MAX_PATH];
    IO_STATUS_BLOCK io;

    if (!read_variable(u"NT52_LISTS", text, MAX_PATH) ||
        !NT_SUCCESS(__real___imp_NtQueryInformationFile(
            file, &io, &standard, sizeof standard, FileStandardInformation)) ||
        !NT_SUCCESS(__real___imp_NtQueryInformationFile(file, &io, &index, sizeof index,
                                                        FileInternalInformation)) ||
        index.IndexNumber.QuadPart == 0)
        return false;
    u16buf_addz(name, text);
    u16buf_addc(name, u'\\');
    u16buf_add_hex(name, (uint64_t)index.IndexNumber.QuadPart, 16);
    return true;
}

static HANDLE open_plain(const char16_t *path)
{
    HANDLE h = __real___imp_CreateFileW(
        path, READ_CONTROL | FILE_READ_ATTRIBUTES,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
        FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);

    return h == INVALID_HANDLE_VALUE ? NULL : h;
}

static bool load(HANDLE file, struct list *list)
{
    char16_t text[MAX_PATH + 32];
    struct u16buf name = U16BUF(text);
    HANDLE h = NULL;
    DWORD done = 0;

    if (!name_stored(file, &name))
        return false;
    h = __real___imp_CreateFileW(text, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                                 0, NULL);
    if (h == INVALID_HANDLE_VALUE)
        return false;
    ReadFile(h, list, sizeof *list, &done, NULL);
    CloseHandle(h);
    return done > 8 && list->bytes == done - 8;
}

static bool save(HANDLE file, const struct list *list)
{
    char16_t text[MAX_PATH + 32];
    struct u16buf name = U16BUF(text);
    HANDLE h = NULL;
    DWORD done = 0;

    if (!name_stored(file, &name))
        return false;
    h = __real___imp_CreateFileW(text, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (h == INVALID_HANDLE_VALUE)
        return false;
    WriteFile(h, list, 8 + list->bytes, &done, NULL);
    CloseHandle(h);
    return done == 8 + list->bytes;
}

static void forget(HANDLE file)
{
    char16_t text[MAX_PATH + 32];
    struct u16buf name = U16BUF(text);

    if (name_stored(file, &name))
        __real___imp_DeleteFileW(text);
}

static bool take(struct list *list, const void *descriptor)
{
    struct secdesc sd;

    if (!secdesc_read(&sd, descriptor, SECDESC_BYTES_MAX) || !sd.dacl.at ||
        sd.dacl.bytes > LIST_MAX)
        return false;
    list->bytes = (uint32_t)sd.dacl.bytes;
    list->is_protected = sd.control & SECDESC_DACL_PROTECTED;
    for (size_t i = 0; i < sd.dacl.bytes; i++)
        list->acl[i] = sd.dacl.at[i];
    return true;
}

/* What is passed on to a file or a directory.  [MS-DTYP] 2.5.3.4.1, the plain cases. */
static void inherit(const struct list *from, bool directory, struct list *to)
{
    struct aclbuf b = aclbuf_init(to->acl, sizeof to->acl);
    struct ace ace = { 0 };
    struct acl acl;

    if (acl_read(&acl, from->acl, from->bytes))
        while (acl_next(&acl, &ace)) {
            uint8_t flags = ace.flags & (ALL_BELOW | ACE_NO_PROPAGATE);
            bool here = flags & (directory ? ACE_CONTAINER_INHERIT : ACE_OBJECT_INHERIT);
            struct acl_entry entry = { ace.type, ACE_INHERITED, ace.mask, ace.sid };

            if (!ace.plain || (!here && !(directory && flags & ACE_OBJECT_INHERIT)) ||
                (!here && flags & ACE_NO_PROPAGATE))
                continue;
            if (directory && !(flags & ACE_NO_PROPAGATE))
                entry.flags |= (flags & ALL_BELOW) | (here ? 0 : ACE_INHERIT_ONLY);
            aclbuf_add(&b, &entry);
        }
    to->bytes = (uint32_t)b.bytes;
    to->is_protected = 0;
}

/* A volume's root, and what everybody may read. */
static void give_default(bool system, struct list *to)
{
    struct aclbuf b = aclbuf_init(to->acl, sizeof to->acl);
    struct acl_entry entry = { ACE_ALLOW, ALL_BELOW, RIGHT_FILE_ALL, { 0 } };
    struct err unused;

    if (token_user_sid(&entry.sid, &unused))
        aclbuf_add(&b, &entry);
    entry.sid = sid_well_known(SID_SYSTEM);
    aclbuf_add(&b, &entry);
    entry.sid = sid_well_known(SID_USERS);
    entry.mask = RIGHT_FILE_GENERIC_READ | RIGHT_FILE_GENERIC_EXECUTE;
    if (system)
        aclbuf_add(&b, &entry);
    to->bytes = (uint32_t)b.bytes;
    to->is_protected = 0;
}

/* path is C:\..., and cut at len meanwhile. */
static void list_of(char16_t *path, size_t len, bool directory, struct list *to)
{
    struct u16s whole = { path, len };
    size_t up = len;
    char16_t behind = path[len];
    HANDLE file = NULL;
    bool stored = false;

    path[len] = 0;
    file = open_plain(path);
    path[len] = behind;
    stored = file && load(file, to);
    if (file)
        CloseHandle(file);
    if (stored)
        return;
    while (up > 0 && path[up - 1] != u'\\')
        up--;
    if (up <= 3) {
        give_default(u16s_istarts(whole, U16S("C:\\windows")), to);
        return;
    }
    struct list *above = HeapAlloc(GetProcessHeap(), 0, sizeof *above);

    if (!above)
        ExitProcess(ERROR_NOT_ENOUGH_MEMORY);
    list_of(path, up - 1, true, above);
    inherit(above, directory, to);
    HeapFree(GetProcessHeap(), 0, above);
}

/* The path of an open file, on the only drive that tests are on. */
static bool path_of(HANDLE file, char16_t *path, size_t *len, bool *directory)
{
    static struct {
        ULONG bytes;
        char16_t name[PATH_UNITS];
    } name;
    FILE_STANDARD_INFORMATION standard;
    IO_STATUS_BLOCK io;

    if (!NT_SUCCESS(__real___imp_NtQueryInformationFile(
            file, &io, &standard, sizeof standard, FileStandardInformation)) ||
        !NT_SUCCESS(__real___imp_NtQueryInformationFile(file, &io, &name, sizeof name,
                                                        FileNameInformation)) ||
        name.bytes < 2 || name.bytes / 2 + 3 > PATH_UNITS)
        return false;
    *directory = standard.Directory;
    path[0] = u'C';
    path[1] = u':';
    for (*len = 0; *len < name.bytes / 2; (*len)++)
        path[2 + *len] = name.name[*len];
    *len += 2;
    path[*len] = 0;
    return true;
}

static struct {
    char16_t path[PATH_UNITS], other[PATH_UNITS];
    struct list list, above;
    uint8_t descriptor[SECDESC_BYTES_MAX];
    struct security_token token;
    bool has_token;
} store;

static bool make_descriptor(SECURITY_INFORMATION what, const struct list *list,
                            size_t *bytes)
{
    struct secdesc sd = { .control = (uint16_t)list->is_protected };
    struct err unused;

    if (what & OWNER_SECURITY_INFORMATION)
        sd.has_owner = token_user_sid(&sd.owner, &unused);
    if (what & GROUP_SECURITY_INFORMATION)
        sd.has_group = token_user_sid(&sd.group, &unused);
    if (what & DACL_SECURITY_INFORMATION) {
        sd.control |= SECDESC_DACL_PRESENT;
        if (!acl_read(&sd.dacl, list->acl, list->bytes))
            return false;
    }
    return secdesc_write(&sd, store.descriptor, sizeof store.descriptor, bytes);
}

static NTSTATUS query(HANDLE file, SECURITY_INFORMATION what, void *data, ULONG bytes,
                      ULONG *needed, bool *is_file)
{
    size_t len = 0, size = 0;
    bool directory = false;

    *is_file = path_of(file, store.path, &len, &directory);
    if (!*is_file)
        return UNSUCCESSFUL;
    if (!load(file, &store.list))
        list_of(store.path, len, directory, &store.list);
    if (!make_descriptor(what, &store.list, &size))
        return UNSUCCESSFUL;
    *needed = (ULONG)size;
    if (size > bytes)
        return TOO_SMALL;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)data)[i] = store.descriptor[i];
    return 0;
}

bool fence_query(HANDLE file, SECURITY_INFORMATION what, void *data, ULONG bytes,
                 ULONG *needed, NTSTATUS *status)
{
    bool is_file = false;

    if (!fence_is_on())
        return false;
    enter();
    *status = query(file, what, data, bytes, needed, &is_file);
    leave();
    return is_file;
}

bool fence_set(HANDLE file, SECURITY_INFORMATION what, void *descriptor, NTSTATUS *status)
{
    size_t len = 0;
    bool directory = false, is_file = false;

    if (!fence_is_on())
        return false;
    enter();
    is_file = path_of(file, store.path, &len, &directory);
    if (is_file)
        *status = !(what & DACL_SECURITY_INFORMATION) ||
                          (take(&store.list, descriptor) && save(file, &store.list))
                      ? 0
                      : UNSUCCESSFUL;
    leave();
    return is_file;
}

/* What a fenced program is held to. */

static bool is_fenced(void)
{
    return fence_is_on() && own_fence()->count > 0;
}

/* As C:\...; false for pipes, consoles and what is on no drive. */
static bool spell(const char16_t *path, char16_t out[PATH_UNITS])
{
    struct u16s s = u16s_of(path);
    size_t cut =
        u16s_istarts(s, U16S("\\\\?\\")) || u16s_istarts(s, U16S("\\\\.\\")) ? 4 : 0;
    DWORD len = GetFullPathNameW(path + cut, PATH_UNITS, out, NULL);

    while (len > 3 && out[len - 1] == u'\\')
        out[--len] = 0;
    return len > 3 && len < PATH_UNITS && out[1] == u':' && (out[0] | 0x20) == u'c';
}

static bool is_given(char16_t *path, size_t len, bool directory, uint32_t mask)
{
    struct accesscheck_verdict verdict;
    struct secdesc sd;
    size_t size = 0;
    struct err unused;

    if (!store.has_token)
        store.has_token = security_token(&store.token, &unused);
    list_of(path, len, directory, &store.list);
    if (!store.has_token ||
        !make_descriptor(OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                             DACL_SECURITY_INFORMATION,
                         &store.list, &size) ||
        !secdesc_read(&sd, store.descriptor, size))
        return false;
    accesscheck_object(&store.token.model, &sd, mask, &rights_file, &verdict);
    return verdict.allowed;
}

static size_t parent_len(const char16_t *path)
{
    size_t len = u16_len(path);

    while (len > 0 && path[len - 1] != u'\\')
        len--;
    return len > 3 ? len - 1 : len;
}

/* Of what is there; DELETE by the directory as well.  NTFS; [MS-FSA] 2.1.5.1.2.1. */
static bool may(char16_t *path, bool directory, uint32_t mask)
{
    mask = rights_map(mask, &rights_file);
    if (mask & RIGHT_DELETE &&
        is_given(path, parent_len(path), true, RIGHT_FILE_DELETE_CHILD))
        mask &= ~RIGHT_DELETE;
    return mask == 0 || is_given(path, u16_len(path), directory, mask);
}

static bool may_add(char16_t *path, bool directory)
{
    return is_given(path, parent_len(path), true,
                    directory ? RIGHT_FILE_ADD_SUBDIRECTORY : RIGHT_FILE_ADD_FILE);
}

static BOOL refuse(void)
{
    SetLastError(ERROR_ACCESS_DENIED);
    return FALSE;
}

/* Who renames or links to a path asks for the directory, whether the name is free or not.
 * WDK: FILE_RENAME_INFORMATION, Remarks. */
static bool passes_to(const char16_t *path, bool directory)
{
    bool good = true;

    if (!is_fenced())
        return true;
    enter();
    if (spell(path, store.other))
        good = may_add(store.other, directory) &&
               (GetFileAttributesW(store.other) == INVALID_FILE_ATTRIBUTES ||
                may(store.other, directory, RIGHT_DELETE));
    leave();
    return good;
}

/* Whether this process may do that to the path, or may make it where it is not. */
static bool passes(const char16_t *path, uint32_t mask, bool makes, bool makes_directory)
{
    DWORD attributes = 0;
    bool good = true;

    if (!is_fenced())
        return true;
    enter();
    if (spell(path, store.other)) {
        attributes = GetFileAttributesW(store.other);
        if (attributes != INVALID_FILE_ATTRIBUTES)
            good = may(store.other, attributes & FILE_ATTRIBUTE_DIRECTORY, mask);
        else if (makes)
            good = may_add(store.other, makes_directory);
    }
    leave();
    return good;
}

/* What was made has the list it was given, or the one from above. */
static void settle(HANDLE file, const SECURITY_ATTRIBUTES *security)
{
    forget(file);
    if (!security || !security->lpSecurityDescriptor)
        return;
    enter();
    if (take(&store.list, security->lpSecurityDescriptor))
        save(file, &store.list);
    leave();
}

static HANDLE WINAPI my_CreateFileW(LPCWSTR path, DWORD access, DWORD share,
                                    LPSECURITY_ATTRIBUTES security, DWORD how,
                                    DWORD flags, HANDLE template)
{
    uint32_t mask =
        access | (flags & FILE_FLAG_DELETE_ON_CLOSE ? (DWORD)DELETE : 0) |
        (how == TRUNCATE_EXISTING || how == CREATE_ALWAYS ? (DWORD)FILE_WRITE_DATA : 0);
    bool is_new = false;
    HANDLE h = NULL;

    if (!fence_is_on())
        return __real___imp_CreateFileW(path, access, share, security, how, flags,
                                        template);
    is_new = GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES;
    if (!passes(path, mask, how != OPEN_EXISTING && how != TRUNCATE_EXISTING, false)) {
        refuse();
        return INVALID_HANDLE_VALUE;
    }
    h = __real___imp_CreateFileW(path, access, share, security, how, flags, template);
    if (h != INVALID_HANDLE_VALUE && is_new) {
        DWORD code = GetLastError();

        settle(h, security);
        SetLastError(code);
    }
    return h;
}
STANDS_FOR(CreateFileW);

static BOOL WINAPI my_CreateDirectoryW(LPCWSTR path, LPSECURITY_ATTRIBUTES security)
{
    HANDLE h = NULL;

    if (!passes(path, 0, true, true))
        return refuse();
    if (!__real___imp_CreateDirectoryW(path, security))
        return FALSE;
    h = fence_is_on() ? open_plain(path) : NULL;
    if (h) {
        settle(h, security);
        CloseHandle(h);
    }
    return TRUE;
}
STANDS_FOR(CreateDirectoryW);

static BOOL WINAPI my_DeleteFileW(LPCWSTR path)
{
    return passes(path, DELETE, false, false) ? __real___imp_DeleteFileW(path) : refuse();
}
STANDS_FOR(DeleteFileW);

static BOOL WINAPI my_RemoveDirectoryW(LPCWSTR path)
{
    return passes(path, DELETE, false, false) ? __real___imp_RemoveDirectoryW(path)
                                              : refuse();
}
STANDS_FOR(RemoveDirectoryW);

static BOOL WINAPI my_MoveFileExW(LPCWSTR from, LPCWSTR to, DWORD flags)
{
    DWORD attributes = GetFileAttributesW(from);
    bool directory =
        attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;

    if (!passes(from, DELETE, false, false) || !passes_to(to, directory))
        return refuse();
    return __real___imp_MoveFileExW(from, to, flags);
}
STANDS_FOR(MoveFileExW);

static BOOL WINAPI my_SetFileAttributesW(LPCWSTR path, DWORD attributes)
{
    return passes(path, FILE_WRITE_ATTRIBUTES, false, false)
               ? __real___imp_SetFileAttributesW(path, attributes)
               : refuse();
}
STANDS_FOR(SetFileAttributesW);

static BOOL WINAPI my_CreateHardLinkW(LPCWSTR path, LPCWSTR to,
                                      LPSECURITY_ATTRIBUTES security)
{
    return passes(to, FILE_WRITE_ATTRIBUTES, false, false) && passes_to(path, false)
               ? __real___imp_CreateHardLinkW(path, to, security)
               : refuse();
}
STANDS_FOR(CreateHardLinkW);
