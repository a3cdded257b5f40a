#include "verify/act.h"

#include "core/pathsearch.h"
#include "win/dirscan.h"
#include "win/dll.h"
#include "win/security.h"

#include <winioctl.h>

#define SHARE_ALL    ((DWORD)(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE))
#define UNPRIVILEGED 2u /* SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE */
#define SWAPS        400u

typedef ULONG(NTAPI *status_to_error)(NTSTATUS);
typedef BOOLEAN(WINAPI *create_symbolic_link)(LPCWSTR, LPCWSTR, DWORD);

DWORD act_result(BOOL done)
{
    DWORD code = GetLastError();

    return done ? ERROR_SUCCESS : code ? code : ERROR_GEN_FAILURE;
}

static HANDLE open_file(const char16_t *path, DWORD access, DWORD how, DWORD more)
{
    HANDLE h = CreateFileW(path, access, SHARE_ALL, NULL, how,
                           FILE_FLAG_BACKUP_SEMANTICS | more, NULL);

    return h == INVALID_HANDLE_VALUE ? NULL : h;
}

/* Opens and, unless bytes is 0, writes. */
static DWORD write_file(const char16_t *path, DWORD access, DWORD how, DWORD bytes)
{
    auto_handle HANDLE file = open_file(path, access, how, 0);
    DWORD done = 0;

    if (!file)
        return act_result(FALSE);
    return bytes ? act_result(WriteFile(file, "changed", bytes, &done, NULL))
                 : ERROR_SUCCESS;
}

/* Makes a file that goes with this process, whatever becomes of it. */
static DWORD create_gone(const char16_t *path)
{
    auto_handle HANDLE file =
        open_file(path, GENERIC_WRITE | DELETE, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE);

    return act_result(file != NULL);
}

static DWORD read_file(const char16_t *path)
{
    auto_handle HANDLE file = open_file(path, GENERIC_READ, OPEN_EXISTING, 0);
    char byte = 0;
    DWORD done = 0;

    return file ? act_result(ReadFile(file, &byte, 1, &done, NULL)) : act_result(FALSE);
}

static DWORD set_times(const char16_t *path)
{
    auto_handle HANDLE file = open_file(path, FILE_WRITE_ATTRIBUTES, OPEN_EXISTING, 0);
    const FILETIME then = { 0, 0x01C00000 }; /* in the year 2000 */

    return file ? act_result(SetFileTime(file, NULL, NULL, &then)) : act_result(FALSE);
}

static DWORD code_of_status(uint32_t status)
{
    status_to_error convert = (status_to_error)(void (*)(void))dll_loaded(
        u"ntdll.dll", "RtlNtStatusToDosError");

    return status == 0 ? ERROR_SUCCESS
           : convert   ? convert((NTSTATUS)status)
                       : ERROR_GEN_FAILURE;
}

static DWORD code_of(const struct err *err)
{
    if (err->domain == ERR_WIN32)
        return err->code;
    return err->domain == ERR_NTSTATUS ? code_of_status(err->code) : ERROR_GEN_FAILURE;
}

/* MoveFile names the directory even where it stays the same, and so has FILE_ADD_FILE
 * asked for in it.  WDK: FILE_RENAME_INFORMATION, Remarks. */
static DWORD rename_bare(const char16_t *path, const char16_t *to)
{
    auto_handle HANDLE file = open_file(path, DELETE | SYNCHRONIZE, OPEN_EXISTING,
                                        FILE_FLAG_OPEN_REPARSE_POINT);

    if (!file)
        return act_result(FALSE);
    return code_of_status(
        (uint32_t)dirscan_rename(file, NULL, pathsearch_base(u16s_of(to))));
}

/* One entry more: Everyone may read. */
static DWORD change_dacl(const char16_t *path)
{
    const struct acl_entry more = { ACE_ALLOW, 0, RIGHT_FILE_GENERIC_READ,
                                    sid_everyone() };
    static uint8_t room[SECURITY_BYTES_MAX], list[ACL_BYTES_MAX];
    static struct security security;
    struct aclplan_edit edit = { .dacl = true };
    struct secdesc *sd = &edit.sd;
    struct aclbuf b = aclbuf_init(list, sizeof list);
    auto_handle HANDLE file = NULL;
    struct ace ace = { 0 };
    struct err err = { 0 };

    if (!security_open(path, &file, &err) ||
        security_read(path, &security, &err) != SECURITY_READ)
        return code_of(&err);
    *sd = security.sd;
    aclbuf_add(&b, &more);
    while (sd->dacl.at && acl_next(&sd->dacl, &ace))
        aclbuf_add_ace(&b, &ace);
    sd->dacl = aclbuf_acl(&b);
    return security_write(file, &edit, room, &err) == SECURITY_NOT_WRITTEN
               ? code_of(&err)
               : ERROR_SUCCESS;
}

static DWORD link_file(const struct act *w, bool write)
{
    if (!CreateHardLinkW(w->path, w->other, NULL))
        return act_result(FALSE);
    return write ? write_file(w->path, GENERIC_WRITE, OPEN_EXISTING, 7) : ERROR_SUCCESS;
}

/* REPARSE_DATA_BUFFER for a mount point, [MS-FSCC] 2.1.2.5: both names, each with a
 * terminator that its length leaves out. */
static struct {
    DWORD tag;
    WORD bytes, unused;
    WORD target_at, target_bytes, shown_at, shown_bytes;
    char16_t names[8000]; /* 16 KiB is the most that a reparse point holds */
} mount;

/* Of a directory that is there and empty. */
static DWORD set_junction(const char16_t *path, const char16_t *target)
{
    struct u16buf names = U16BUF(mount.names);
    auto_handle HANDLE file = NULL;
    DWORD done = 0;

    u16buf_addz(&names, u"\\??\\");
    u16buf_addz(&names, target);
    mount.tag = IO_REPARSE_TAG_MOUNT_POINT;
    mount.target_bytes = (WORD)(names.len * sizeof names.at[0]);
    mount.shown_at = (WORD)(mount.target_bytes + sizeof names.at[0]);
    mount.bytes = (WORD)(mount.shown_at + sizeof names.at[0] + 4 * sizeof(WORD));
    if (names.cut)
        return ERROR_BUFFER_OVERFLOW;
    file = open_file(path, GENERIC_WRITE, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT);
    if (!file)
        return act_result(FALSE);
    return act_result(DeviceIoControl(file, FSCTL_SET_REPARSE_POINT, &mount,
                                      mount.bytes + 8u, NULL, 0, &done, NULL));
}

static DWORD make_junction(const char16_t *path, const char16_t *target)
{
    return CreateDirectoryW(path, NULL) ? set_junction(path, target) : act_result(FALSE);
}

/* Of its files; a directory in it, which verify does not make there, stays and shows. */
static DWORD empty_directory(const char16_t *path)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf file = U16BUF(text);
    WIN32_FIND_DATAW found;
    HANDLE find = NULL;
    size_t len = 0;
    DWORD code = ERROR_SUCCESS;

    u16buf_addz(&file, path);
    u16buf_addc(&file, u'\\');
    len = file.len;
    u16buf_addc(&file, u'*');
    find = FindFirstFileW(text, &found);
    if (find == INVALID_HANDLE_VALUE)
        return act_result(FALSE);
    do {
        file.len = len;
        u16buf_addz(&file, found.cFileName);
        if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) && !DeleteFileW(text))
            code = act_result(FALSE);
    } while (FindNextFileW(find, &found));
    FindClose(find);
    return code;
}

static DWORD turn_into_junction(const char16_t *path, const char16_t *target)
{
    DWORD code = empty_directory(path);

    return code == ERROR_SUCCESS ? set_junction(path, target) : code;
}

/* Without admin rights a link needs a flag that Windows before 10.0.14972 refuses. */
/* Wine makes none and says that it did. */
static DWORD link_result(const char16_t *path, BOOL done)
{
    DWORD attributes = done ? GetFileAttributesW(path) : 0;

    if (done && (attributes == INVALID_FILE_ATTRIBUTES ||
                 !(attributes & FILE_ATTRIBUTE_REPARSE_POINT)))
        return ERROR_NOT_SUPPORTED;
    return act_result(done);
}

DWORD act_make_symlink(const char16_t *path, const char16_t *target, bool directory)
{
    DWORD flags = directory ? SYMBOLIC_LINK_FLAG_DIRECTORY : 0;
    create_symbolic_link create = (create_symbolic_link)(void (*)(void))dll_loaded(
        u"kernel32.dll", "CreateSymbolicLinkW");

    if (!create)
        return ERROR_PROC_NOT_FOUND;
    if (create(path, target, flags | UNPRIVILEGED))
        return link_result(path, TRUE);
    if (GetLastError() != ERROR_INVALID_PARAMETER)
        return act_result(FALSE);
    return link_result(path, create(path, target, flags));
}

/* What is looked at, through path, which leads to other. */
static DWORD write_through(const struct act *w)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf through = U16BUF(text);
    struct u16s look = u16s_of(w->look), other = u16s_of(w->other);

    if (!u16s_istarts(look, other))
        return ERROR_INVALID_PARAMETER;
    u16buf_addz(&through, w->path);
    u16buf_add(&through, u16s_from(look, other.len));
    return write_file(text, GENERIC_WRITE, OPEN_EXISTING, 7);
}

/* A directory and a junction, taking turns under one name. */
static struct {
    char16_t name[WIN_PATH_CAP], directory[WIN_PATH_CAP], junction[WIN_PATH_CAP];
    char16_t file[WIN_PATH_CAP];
    volatile LONG over;
} swap;

static void swap_in(const char16_t *what, const char16_t *away)
{
    MoveFileExW(swap.name, away, 0);
    MoveFileExW(what, swap.name, 0);
}

static DWORD WINAPI keep_swapping(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < SWAPS; i++) {
        swap_in(swap.junction, swap.directory);
        swap_in(swap.directory, swap.junction);
    }
    swap.over = 1;
    return 0;
}

/* One try through the name, whatever it leads to at the moment: outside lies a file that
 * is not empty. */
static DWORD write_swapped(void)
{
    auto_handle HANDLE file = open_file(swap.file, GENERIC_WRITE, OPEN_EXISTING, 0);
    LARGE_INTEGER end, none = { .QuadPart = 0 };
    DWORD done = 0;

    if (!file)
        return act_result(FALSE);
    if (!SetFilePointerEx(file, none, &end, FILE_END))
        return act_result(FALSE);
    if (end.QuadPart == 0)
        return ERROR_NOT_FOUND; /* the one inside */
    return act_result(WriteFile(file, "changed", 7, &done, NULL));
}

static bool name_swap(const struct act *w)
{
    struct u16buf name = U16BUF(swap.name), directory = U16BUF(swap.directory);
    struct u16buf junction = U16BUF(swap.junction), file = U16BUF(swap.file);

    u16buf_addz(&name, w->path);
    u16buf_addz(&directory, w->path);
    u16buf_addz(&directory, u".dir");
    u16buf_addz(&junction, w->path);
    u16buf_addz(&junction, u".link");
    u16buf_addz(&file, w->path);
    u16buf_addz(&file, u"\\a.txt");
    return !directory.cut && !junction.cut && !file.cut;
}

/* Done when one try came out, denied when none did and one was. */
static DWORD write_while_swapping(const struct act *w)
{
    auto_handle HANDLE thread = NULL;
    DWORD code = 0, worst = ERROR_NOT_FOUND;

    if (!name_swap(w) || !CreateDirectoryW(swap.name, NULL))
        return act_result(FALSE);
    code = write_file(swap.file, GENERIC_WRITE, CREATE_NEW, 0);
    if (code == ERROR_SUCCESS)
        code = make_junction(swap.junction, w->other);
    if (code != ERROR_SUCCESS)
        return code;
    thread = CreateThread(NULL, 0, keep_swapping, NULL, 0, NULL);
    if (!thread)
        return act_result(FALSE);
    while (!swap.over) {
        code = write_swapped();
        if (code == ERROR_SUCCESS)
            worst = ERROR_SUCCESS;
        else if (code == ERROR_ACCESS_DENIED && worst != ERROR_SUCCESS)
            worst = code;
    }
    WaitForSingleObject(thread, INFINITE);
    return worst;
}

static DWORD act_by_link(enum battery_act act, const struct act *w)
{
    DWORD code = ERROR_INVALID_PARAMETER;

    switch ((int)act) {
    case BATTERY_LINK:
    case BATTERY_LINK_WRITE:
        return link_file(w, act == BATTERY_LINK_WRITE);
    case BATTERY_SWAP_WRITE:
        return write_while_swapping(w);
    case BATTERY_JUNCTION_WRITE:
        code = make_junction(w->path, w->other);
        break;
    case BATTERY_TURN_WRITE:
        code = turn_into_junction(w->path, w->other);
        break;
    case BATTERY_SYMLINK_WRITE:
        code = ERROR_SUCCESS; /* the link is there */
        break;
    }
    return code == ERROR_SUCCESS ? write_through(w) : code;
}

DWORD act_on_file(enum battery_act act, const struct act *w)
{
    switch ((int)act) {
    case BATTERY_CREATE:
        return write_file(w->path, GENERIC_WRITE, CREATE_NEW, 7);
    case BATTERY_CREATE_GONE:
        return create_gone(w->path);
    case BATTERY_OVERWRITE:
        return write_file(w->path, GENERIC_WRITE, OPEN_EXISTING, 7);
    case BATTERY_OPEN_WRITE:
        return write_file(w->path, GENERIC_WRITE, OPEN_EXISTING, 0);
    case BATTERY_OPEN_READ:
        return write_file(w->path, GENERIC_READ, OPEN_EXISTING, 0);
    case BATTERY_APPEND:
        return write_file(w->path, FILE_APPEND_DATA | SYNCHRONIZE, OPEN_EXISTING, 7);
    case BATTERY_TRUNCATE:
        return write_file(w->path, GENERIC_WRITE, TRUNCATE_EXISTING, 0);
    case BATTERY_OPEN_DELETE:
        return write_file(w->path, DELETE, OPEN_EXISTING, 0);
    case BATTERY_OWNER:
        return write_file(w->path, WRITE_OWNER, OPEN_EXISTING, 0);
    case BATTERY_READ:
        return read_file(w->path);
    case BATTERY_DELETE:
        return act_result(DeleteFileW(w->path));
    case BATTERY_RENAME:
        return act_result(MoveFileExW(w->path, w->other, 0));
    case BATTERY_RENAME_BARE:
        return rename_bare(w->path, w->other);
    case BATTERY_REPLACE:
        return act_result(MoveFileExW(w->path, w->other, MOVEFILE_REPLACE_EXISTING));
    case BATTERY_MKDIR:
        return act_result(CreateDirectoryW(w->path, NULL));
    case BATTERY_RMDIR:
        return act_result(RemoveDirectoryW(w->path));
    case BATTERY_ATTRIBUTES:
        return act_result(SetFileAttributesW(w->path, FILE_ATTRIBUTE_READONLY));
    case BATTERY_TIMES:
        return set_times(w->path);
    case BATTERY_DACL:
        return change_dacl(w->path);
    default:
        return act_by_link(act, w);
    }
}
