/* SPDX-License-Identifier: MIT
 *
 * ringfence verify-act ACT [PATH [OTHER]]: one act of the battery, done by a child of
 * `ringfence verify`.  Ends with the act's Win32 error, 0 when it was done.  Not for
 * people.
 */
#include "battery.h"
#include "cli.h"
#include "win/dll.h"
#include "win/security.h"

#include <winioctl.h>

#define SHARE_ALL    ((DWORD)(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE))
#define CMD_LIMIT_MS 10000u

typedef ULONG(NTAPI *status_to_error)(NTSTATUS);

static struct {
    char16_t path[WIN_PATH_CAP], other[WIN_PATH_CAP];
    struct security security;
    uint8_t acl[ACL_BYTES_MAX];
} doing;

static DWORD result(BOOL done)
{
    DWORD code = GetLastError();

    return done ? ERROR_SUCCESS : code ? code : ERROR_GEN_FAILURE;
}

static HANDLE open_file(const char16_t *path, DWORD access, DWORD how)
{
    HANDLE h =
        CreateFileW(path, access, SHARE_ALL, NULL, how, FILE_FLAG_BACKUP_SEMANTICS, NULL);

    return h == INVALID_HANDLE_VALUE ? NULL : h;
}

/* Opens and, unless bytes is 0, writes. */
static DWORD write_file(const char16_t *path, DWORD access, DWORD how, DWORD bytes)
{
    auto_handle HANDLE file = open_file(path, access, how);
    DWORD done = 0;

    if (!file)
        return result(FALSE);
    return bytes ? result(WriteFile(file, "changed", bytes, &done, NULL)) : ERROR_SUCCESS;
}

static DWORD read_file(void)
{
    auto_handle HANDLE file = open_file(doing.path, GENERIC_READ, OPEN_EXISTING);
    char byte = 0;
    DWORD done = 0;

    return file ? result(ReadFile(file, &byte, 1, &done, NULL)) : result(FALSE);
}

static DWORD set_times(void)
{
    auto_handle HANDLE file = open_file(doing.path, FILE_WRITE_ATTRIBUTES, OPEN_EXISTING);
    const FILETIME then = { 0, 0x01C00000 }; /* in the year 2000 */

    return file ? result(SetFileTime(file, NULL, NULL, &then)) : result(FALSE);
}

static DWORD code_of(const struct err *err)
{
    status_to_error convert = (status_to_error)(void (*)(void))dll_loaded(
        u"ntdll.dll", "RtlNtStatusToDosError");

    if (err->domain == ERR_WIN32)
        return err->code;
    return err->domain == ERR_NTSTATUS && convert ? convert((NTSTATUS)err->code)
                                                  : ERROR_GEN_FAILURE;
}

/* One entry more: Everyone may read. */
static DWORD change_dacl(void)
{
    const struct acl_entry more = { ACE_ALLOW, 0, RIGHT_FILE_GENERIC_READ,
                                    sid_everyone() };
    static uint8_t room[SECURITY_BYTES_MAX];
    struct aclplan_edit edit = { .dacl = true };
    struct secdesc *sd = &edit.sd;
    struct aclbuf b = aclbuf_init(doing.acl, sizeof doing.acl);
    auto_handle HANDLE file = NULL;
    struct ace ace = { 0 };
    struct err err = { 0 };

    if (!security_open(doing.path, &file, &err) ||
        security_read(doing.path, &doing.security, &err) != SECURITY_READ)
        return code_of(&err);
    *sd = doing.security.sd;
    aclbuf_add(&b, &more);
    while (sd->dacl.at && acl_next(&sd->dacl, &ace))
        aclbuf_add_ace(&b, &ace);
    sd->dacl = aclbuf_acl(&b);
    return security_write(file, &edit, room, &err) == SECURITY_NOT_WRITTEN
               ? code_of(&err)
               : ERROR_SUCCESS;
}

static DWORD link_file(bool write)
{
    if (!CreateHardLinkW(doing.path, doing.other, NULL))
        return result(FALSE);
    return write ? write_file(doing.path, GENERIC_WRITE, OPEN_EXISTING, 7)
                 : ERROR_SUCCESS;
}

/* REPARSE_DATA_BUFFER for a mount point, [MS-FSCC] 2.1.2.5: both names, each with a
 * terminator that its length leaves out. */
static struct {
    DWORD tag;
    WORD bytes, unused;
    WORD target_at, target_bytes, shown_at, shown_bytes;
    char16_t names[8000]; /* 16 KiB is the most that a reparse point holds */
} mount;

static DWORD make_junction(void)
{
    struct u16buf names = U16BUF(mount.names);
    auto_handle HANDLE file = NULL;
    DWORD done = 0;

    u16buf_addz(&names, u"\\??\\");
    u16buf_addz(&names, doing.other);
    mount.tag = IO_REPARSE_TAG_MOUNT_POINT;
    mount.target_bytes = (WORD)(names.len * sizeof names.at[0]);
    mount.shown_at = (WORD)(mount.target_bytes + sizeof names.at[0]);
    mount.bytes = (WORD)(mount.shown_at + sizeof names.at[0] + 4 * sizeof(WORD));
    if (names.cut || !CreateDirectoryW(doing.path, NULL))
        return names.cut ? ERROR_BUFFER_OVERFLOW : result(FALSE);
    file = CreateFileW(doing.path, GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        file = NULL;
        return result(FALSE);
    }
    return result(DeviceIoControl(file, FSCTL_SET_REPARSE_POINT, &mount, mount.bytes + 8u,
                                  NULL, 0, &done, NULL));
}

static DWORD write_through_junction(void)
{
    static char16_t text[WIN_PATH_CAP];
    struct u16buf through = U16BUF(text);
    DWORD code = make_junction();

    if (code != ERROR_SUCCESS)
        return code;
    u16buf_addz(&through, doing.path);
    u16buf_addz(&through, u"\\a.txt");
    return write_file(text, GENERIC_WRITE, OPEN_EXISTING, 7);
}

static DWORD set_value(void)
{
    __typeof__(&RegOpenKeyExW) open =
        (__typeof__(&RegOpenKeyExW))(void (*)(void))dll_security("RegOpenKeyExW");
    __typeof__(&RegSetValueExW) set =
        (__typeof__(&RegSetValueExW))(void (*)(void))dll_security("RegSetValueExW");
    HKEY key = NULL;
    LSTATUS status;

    if (!open || !set)
        return ERROR_PROC_NOT_FOUND;
    status = open(HKEY_CURRENT_USER, doing.path, 0, KEY_SET_VALUE, &key);
    if (status == ERROR_SUCCESS)
        status = set(key, u"value", 0, REG_SZ, (const BYTE *)u"", 2);
    return (DWORD)status; /* the key closes with the process */
}

static DWORD open_process(DWORD access)
{
    uint64_t id = 0;
    auto_handle HANDLE process = NULL;

    if (!u16s_number(u16s_of(doing.path), UINT32_MAX, &id))
        return ERROR_INVALID_PARAMETER;
    process = OpenProcess(access, FALSE, (DWORD)id);
    return result(process != NULL);
}

static DWORD use_pipe(void)
{
    auto_handle HANDLE in = NULL;
    auto_handle HANDLE out = NULL;
    char byte = 0;
    DWORD done = 0;

    if (!CreatePipe(&in, &out, NULL, 0) || !WriteFile(out, "x", 1, &done, NULL) ||
        !ReadFile(in, &byte, 1, &done, NULL))
        return result(FALSE);
    return byte == 'x' ? ERROR_SUCCESS : ERROR_INVALID_DATA;
}

static DWORD run_cmd(void)
{
    char16_t line[] = u"cmd /d /c exit 7";
    STARTUPINFOW si = { .cb = sizeof si };
    PROCESS_INFORMATION pi = { 0 };
    auto_handle HANDLE process = NULL;
    DWORD code = 0;

    if (!CreateProcessW(doing.path, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL,
                        &si, &pi))
        return result(FALSE);
    CloseHandle(pi.hThread);
    process = pi.hProcess;
    if (WaitForSingleObject(process, CMD_LIMIT_MS) != WAIT_OBJECT_0)
        return ERROR_TIMEOUT;
    if (!GetExitCodeProcess(process, &code))
        return result(FALSE);
    return code == 7 ? ERROR_SUCCESS : code ? code : ERROR_GEN_FAILURE;
}

static DWORD act_on_file(enum battery_act act)
{
    switch ((int)act) {
    case BATTERY_CREATE:
        return write_file(doing.path, GENERIC_WRITE, CREATE_NEW, 7);
    case BATTERY_OVERWRITE:
        return write_file(doing.path, GENERIC_WRITE, OPEN_EXISTING, 7);
    case BATTERY_APPEND:
        return write_file(doing.path, FILE_APPEND_DATA | SYNCHRONIZE, OPEN_EXISTING, 7);
    case BATTERY_TRUNCATE:
        return write_file(doing.path, GENERIC_WRITE, TRUNCATE_EXISTING, 0);
    case BATTERY_OPEN_DELETE:
        return write_file(doing.path, DELETE, OPEN_EXISTING, 0);
    case BATTERY_OWNER:
        return write_file(doing.path, WRITE_OWNER, OPEN_EXISTING, 0);
    case BATTERY_READ:
        return read_file();
    case BATTERY_DELETE:
        return result(DeleteFileW(doing.path));
    case BATTERY_RENAME:
        return result(MoveFileExW(doing.path, doing.other, 0));
    case BATTERY_REPLACE:
        return result(MoveFileExW(doing.path, doing.other, MOVEFILE_REPLACE_EXISTING));
    case BATTERY_MKDIR:
        return result(CreateDirectoryW(doing.path, NULL));
    case BATTERY_RMDIR:
        return result(RemoveDirectoryW(doing.path));
    case BATTERY_ATTRIBUTES:
        return result(SetFileAttributesW(doing.path, FILE_ATTRIBUTE_READONLY));
    case BATTERY_TIMES:
        return set_times();
    case BATTERY_DACL:
        return change_dacl();
    case BATTERY_JUNCTION_WRITE:
        return write_through_junction();
    default:
        return link_file(act == BATTERY_LINK_WRITE);
    }
}

static DWORD act_on(enum battery_act act)
{
    switch ((int)act) {
    case BATTERY_START:
        return ERROR_SUCCESS;
    case BATTERY_SET_VALUE:
        return set_value();
    case BATTERY_VM_WRITE:
        return open_process(PROCESS_VM_WRITE | PROCESS_VM_OPERATION);
    case BATTERY_VM_READ:
        return open_process(PROCESS_VM_READ);
    case BATTERY_DUP_HANDLE:
        return open_process(PROCESS_DUP_HANDLE);
    case BATTERY_TERMINATE:
        return open_process(PROCESS_TERMINATE);
    case BATTERY_THREAD:
        return open_process(PROCESS_CREATE_THREAD);
    case BATTERY_PIPE:
        return use_pipe();
    case BATTERY_CMD:
        return run_cmd();
    default:
        return act_on_file(act);
    }
}

static bool take_path(struct cli *cli, char16_t *to)
{
    struct u16buf b = u16buf_init(to, WIN_PATH_CAP);

    if (cli_next(cli))
        u16buf_add(&b, u16buf_text(&cli->word));
    return !b.cut;
}

uint32_t cmd_verify_act(struct cli *cli)
{
    enum battery_act act = BATTERY_START;

    if (!cli_next(cli) || !battery_act_read(u16buf_text(&cli->word), &act) ||
        !take_path(cli, doing.path) || !take_path(cli, doing.other))
        return ERROR_INVALID_PARAMETER;
    return act_on(act);
}
